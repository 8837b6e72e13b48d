#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Once a client has its answer, kill -9 of every process and a restart lose nothing.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $tool = "$ENV{CERTMGR_TEST_TOP}/tools/instance";
my $folder = "$i->{CERTMGR_FOLDER}/demo";
announce_log(qr/./);    # httpd complains of children that were killed

my @answered;
for my $round (1 .. 3) {
    my $certificate = enroll('user1')->{certificate};
    push @answered, $certificate;
    my ($pid) = read_file($i->{CERTMGR_PID}) =~ /(\d+)/;
    my ($code, $children) = command('pgrep', '-P', $pid);
    kill KILL => $pid, split ' ', $children;
    wait_until(5, sub { !kill 0 => $pid });
    unlink $i->{CERTMGR_PID};
    my ($status, $text) = command($tool, 'start', $folder);
    is($status, 0, "round $round: it starts again") or diag($text);
    for my $one (@answered) {
        my $r = as('user1', GET => "/api/v1/certificates/$one->{id}");
        is($r->{json}{pem}, $one->{pem}, "$one->{serial} is there");
    }
}
my ($code, $text) = ctl(qw(audit verify));
is($code, 0, 'the audit log verifies') or diag($text);
done();
