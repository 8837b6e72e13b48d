#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: two rows of a list with one key, of which only the first is ever found.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my @lists = files(qr{\.def$});
ok(@lists > 0, 'there are lists');
for my $path (@lists) {
    (my $text = text($path)) =~ s{/\*.*?\*/}{}gs;
    my (%seen, @twice);
    my @keys = $text =~ /^([A-Z_]+\(\s*"?[^,"()\s]+)/mg;
    push @twice, grep { $seen{$_}++ } @keys;
    ok(@keys > 0, "$path has rows");
    ok(!@twice, "$path: each key once") or diag(@twice);
}
done_testing();
