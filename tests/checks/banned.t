#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: unbounded copies, shared static results, ignored number errors and shells, by a function
# that slipped out of base/banned.h. Each is really called, and the compiler must refuse.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my $text = text('mod_certmgr/base/banned.h');
my @words = (map { split } $text =~ /^#pragma GCC poison (.*)$/mg);
push @words, $text =~ /(\w+)\([^()]*\) __attribute__\(\(error/g;
my %call = (
    sprintf => '(b, "x")', vsprintf => '(b, "x", a)', strtok => '(b, "x")', gmtime => '(&t)', localtime => '(&t)',
    asctime => '(gmtime_r(&t, &m))', strerror => '(1)', atoi => '(b)', atol => '(b)', atof => '(b)', rand => '()',
    srand => '(1)', ctime => '(&t)', system => '(b)', popen => '(b, "r")', strcpy => '(b, "x")', strcat => '(b, "x")',
    strncpy => '(b, "x", 1)', strncat => '(b, "x", 1)');
sub compiles {
    my ($statement) = @_;
    open my $gcc, '|-', 'gcc -x c -std=gnu11 -D_GNU_SOURCE -Imod_certmgr -include base/banned.h -S -o /dev/null - 2>/dev/null'
        or die "gcc: $!";
    print $gcc "#include <stdarg.h>\nvoid probe(char *b, time_t t, struct tm m, va_list a);\nvoid probe(char *b, time_t t, struct tm m, va_list a) { $statement; }\n";
    return close $gcc;
}
ok(compiles('snprintf(b, 2, "%d", (int)t + m.tm_sec); va_end(a)'), 'a file without them compiles');
for my $word (sort @words) {
    ok($call{$word}, "$word has a probe here") or next;
    ok(!compiles("(void)$word$call{$word}"), "$word is refused");
}
for my $word (sort keys %call) {
    ok((grep { $_ eq $word } @words) > 0, "$word is banned");
}
done_testing();
