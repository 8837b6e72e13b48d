#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a directive nobody documented, and a documented one that does not exist.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my ($list, $reference) = ('mod_certmgr/policy/settings.def', 'conf/certmgr.conf');
ok(-f $_, "$_ is there") for $list, $reference;
my %listed = map { $_ => 1 } -f $list ? text($list) =~ /"(CertMgr\w*)"/g : ();
my %written = map { $_ => 1 } -f $reference ? text($reference) =~ /^[\s#<]*(CertMgr\w*)\b/mg : ();
ok(%listed > 0, 'the list names directives');
ok($written{$_}, "$_ stands in $reference") for sort keys %listed;
# CertMgr mounts the module at a <Location>: httpd's own matter
ok($listed{$_} || $_ eq 'CertMgr', "$_ stands in $list") for sort keys %written;
done_testing();
