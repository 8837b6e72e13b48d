#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: warnings that are silenced bit by bit. Each is counted and printed, and explains itself by a
# comment on its line or the one before.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my $marks = qr/#\s*pragma GCC diagnostic ignored|NOLINT|clang-format off|LCOV_EXCL|GCOVR_EXCL|__GNUC_ANALYZER__|no_sanitize|-Wno-(?!portability)|-Wanalyzer|leak:/;
my $count = 0;
for my $path (files(qr{\.(?:[ch]|def|mk|ac|am|supp)$})) {
    my @lines = split /\n/, text($path);
    for my $i (0 .. $#lines) {
        next unless $lines[$i] =~ $marks;
        $count++ unless $lines[$i] =~ /clang-format off/;
        next if $lines[$i] =~ /clang-format off/;
        note("$path:", $i + 1, ": $lines[$i]");
        ok(($i && $lines[$i - 1] =~ m{/\*|//|\*/|^\s*#}) || $lines[$i] =~ m{/\*|//}, "$path:" . ($i + 1) . ' is explained');
    }
}
print "# note: $count suppressions\n";
ok(1, 'suppressions are counted');
done_testing();
