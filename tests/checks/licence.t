#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a file of unclear licence; a longer notice than one line.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
for my $path (files(qr{\.(?:[ch]|def|mk|am|ac|pm|pl|t|sh|ts|sql|css)$|(?:^|/)(?:run|run-tests|quickstart|tap|variant|start)$})) {
    my @head = (split /\n/, text($path))[0 .. 2];
    ok((grep { defined && /SPDX-License-Identifier: Apache-2\.0/ } @head) == 1, $path);
}
ok(-s 'LICENSE', 'LICENSE is there');
done_testing();
