# SPDX-License-Identifier: Apache-2.0
# The lists of mutants, *.mutants beside this file. One mutant:
#
#     name a-wrong-pin-is-remembered
#     file mod_certmgr/keys/token.c
#     test unit-keys login a_wrong_pin_is_sent_once
#     -        token->refused = rv;
#     +        (void)rv;
#
# The text behind "-" stands exactly once in the file, and the text behind "+" takes its place; the test
# must fail then. A test is a Check program with case and function, or "http" and a file below tests/http.
package Mutants;
use strict;
use warnings;
use Cwd ();
use File::Basename ();
use Exporter 'import';
our @EXPORT = qw(mutants mutate slurp);

my $here = Cwd::abs_path(File::Basename::dirname(__FILE__));

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

sub read_list {
    my ($path) = @_;
    my (@list, $line);
    for (split /\n/, slurp($path)) {
        $line++;
        next if /^#/ || /^$/;
        if (/^name ([\w-]+)$/) {
            push @list, { name => $1, at => "$path:$line", old => [], new => [] };
        } elsif (@list && /^(file|test) (\S.*)$/) {
            die "$path:$line: $1 twice\n" if $list[-1]{$1};
            $list[-1]{$1} = $2;
        } elsif (@list && /^([-+])(.*)$/) {
            push @{ $list[-1]{$1 eq '-' ? 'old' : 'new'} }, $2;
        } else {
            die "$path:$line: not understood: $_\n";
        }
    }
    return @list;
}

# All mutants: name, at, file, test (words), old, new (texts).
sub mutants {
    my @all = map { read_list($_) } sort glob "$here/*.mutants";
    for my $mutant (@all) {
        die "$mutant->{at}: file, test and old text are needed\n"
            unless $mutant->{file} && $mutant->{test} && @{ $mutant->{old} };
        $mutant->{$_} = join "\n", @{ $mutant->{$_} } for qw(old new);
        $mutant->{test} = [split ' ', $mutant->{test}];
    }
    return @all;
}

# The text of the file with the mutant in it; undef unless the old text is there exactly once.
sub mutate {
    my ($mutant, $text) = @_;
    my $at = index $text, $mutant->{old};
    return undef if $at < 0 || index($text, $mutant->{old}, $at + 1) >= 0;
    substr $text, $at, length $mutant->{old}, $mutant->{new};
    return $text;
}

1;
