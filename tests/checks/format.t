#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: noise in diffs and reviews about form.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
for my $path (files(qr{^(?:mod_certmgr|tests)/.*\.[ch]$})) {
    my $output = `clang-format --dry-run -Werror '$path' 2>&1`;
    ok($? == 0, $path) or diag($output);
}
done_testing();
