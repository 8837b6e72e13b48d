#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: work that was put off where nobody looks for it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my $words = join '|', map { join '', @$_ } ['TO', 'DO'], ['FIX', 'ME'], ['XX', 'X'], ['HA', 'CK'];
for my $path (files(qr{\.(?:[ch]|def|mk|ac|am|pm|pl|t|sh|ts|tsx|sql|css|md|conf)$|^(?:run-tests|quickstart)$})) {
    my @found = grep { /\b(?:$words)\b/ } split /\n/, text($path);
    ok(!@found, $path) or diag(map { "$_\n" } @found);
}
done_testing();
