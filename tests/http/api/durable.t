#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Once a client has its answer, kill -9 of every process and a restart lose nothing: also amid a stream
# of enrollments, at any moment. What was cut is there as a whole or not at all.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

# CERTMGR_KILLS: how often
use constant { CONNECTIONS => 64, KILLS => $ENV{CERTMGR_KILLS} // 4 };

my $i = main_instance();
announce_log(qr/./);    # httpd complains of children that were killed
my $call = JSON::PP->new->encode({ profile => 'user', csr => csr() });

sub kill_all {
    my ($pid) = server_processes();
    kill_between_logins(\&server_processes);
    tool(qw(database kill)) if on_postgres();
    wait_until(sub { !kill 0 => $pid });
    unlink $i->{CERTMGR_PID};
    return;
}

my $before = issued();
my @answered;
for my $round (1 .. KILLS) {
    my $issued = issued();
    my $stream = start_stream(folder => scratch(), connections => CONNECTIONS, body => $call,
        url => "$i->{CERTMGR_URL}/api/v1/enroll", cert => "$i->{CERTMGR_PEOPLE}/user1.pem", ca => $i->{CERTMGR_CA});
    # each connection has one request under way, so at least one is answered
    wait_until(sub { issued() > $issued + CONNECTIONS });
    my $moment = rand 0.7;
    select undef, undef, undef, $moment;
    kill_all();
    my @said = wait_stream($stream);
    ok(@said + 0, sprintf 'kill %d, %.2f s into the stream: %d answers', $round, $moment, scalar @said);
    push @answered, map { answered($_) } @said;
    my ($status, $text) = tool('start');
    is($status, 0, 'it starts again') or diag($text);
}

subtest 'what was answered is there' => sub { are_stored(@answered) };

subtest 'nothing is there in part, or twice' => sub {
    my $made = issued() - $before;
    cmp_ok($made, '>=', @answered, 'nothing is missing');
    cmp_ok($made, '<=', @answered + CONNECTIONS * KILLS, 'and no more than was on its way');
    are_whole();
};
done();
