#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a header that compiles only after another one, so that the order of includes matters.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my @headers = files(qr{^mod_certmgr/.*\.h$});
my $core = `pkg-config --cflags apr-1 apr-util-1 libcrypto jansson p11-kit-1 libp11`;
my $httpd = '-I' . `apxs -q INCLUDEDIR`;
chomp($core, $httpd);
ok(@headers > 0, 'there are headers');
for my $path (@headers) {
    my $flags = $path =~ m{^mod_certmgr/httpd/} ? "$core $httpd" : $core;
    (my $name = $path) =~ s{^mod_certmgr/}{};
    my $banned = $name eq 'base/banned.h' ? '' : '-include base/banned.h';
    my $output = `echo '#include "$name"' | gcc -fsyntax-only -x c -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -Imod_certmgr $banned $flags - 2>&1`;
    ok($? == 0, "$name compiles alone") or diag($output);
    (my $guard = uc $name) =~ s/[^A-Z0-9]/_/g;
    ok(text($path) =~ /^#ifndef CERTMGR_$guard\n#define CERTMGR_$guard\n/m, "$name is guarded by CERTMGR_$guard");
}
done_testing();
