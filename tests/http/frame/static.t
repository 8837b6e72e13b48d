#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The frame itself: httpd serves on loopback, calls give what was sent, and a warning in the error log
# that nobody announced is noticed.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;

my $log = Apache::Test::vars('t_logs') . '/error_log';
watch_log($log, 0);

my $answer = call(GET => base_url() . '/plain.txt');
is($answer->{status}, 200, 'status');
is($answer->{body}, "served as it is\n", 'body');
is($answer->{json}, undef, 'text is not JSON');
is(call(GET => base_url() . '/absent')->{status}, 404, 'an absent file');
is(call(GET => 'http://127.0.0.1:1/')->{status}, 0, 'no server, no status');

my $config = Apache::Test::vars('t_conf') . '/httpd.conf';
open my $file, '<', $config or die "$config: $!";
my @listen = grep { /^\s*Listen\b/ } <$file>;
is(scalar(grep { !/127\.0\.0\.1:/ } @listen), 0, 'loopback only') or diag(@listen);

my $module = "$ENV{CERTMGR_TEST_BUILD}/.libs/mod_certmgr.so";
ok(-f $module, 'the module is built') or diag("$module is not there");
ok(Apache::Test::have_module('certmgr'), 'and loaded');

open my $write, '>>', $log or die "$log: $!";
print $write "[Thu Jan 01 00:00:00 2026] [certmgr:warn] [pid 1] planted\n";
close $write;
is(scalar(CertMgr::Test::unannounced()), 1, 'an unannounced warning is seen');
announce_log(qr/\bplanted$/);
done();
