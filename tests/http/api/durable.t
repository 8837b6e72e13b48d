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

sub issued { return query("SELECT count(*) FROM certificate WHERE profile = 'user'") }

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
    push @answered, map { { certificate => $_->{certificate}, request => $_->{id} } } @said;
    my ($status, $text) = tool('start');
    is($status, 0, 'it starts again') or diag($text);
}

subtest 'what was answered is there' => sub {
    my %stored = map { split /\|/, $_, 2 } split /\n/, query("SELECT c.id, c.serial || '|' || r.id || '|' || count(e.id) FROM certificate c"
            . ' LEFT JOIN request r ON r.certificate = c.id LEFT JOIN audit_event e ON e.object = r.id'
            . " AND e.action = 'request.submit' AND e.outcome = 'done' GROUP BY c.id, c.serial, r.id");
    my @lost = grep { ($stored{ $_->{certificate}{id} } // '') ne "$_->{certificate}{serial}|$_->{request}|1" } @answered;
    is(scalar @lost, 0, 'every certificate, its request and one event') or diag($lost[0]{certificate}{id});
    my %serials = map { $_->{certificate}{serial} => 1 } @answered;
    is(scalar keys %serials, @answered, 'no certificate was answered twice');
    my $last = $answered[-1]{certificate};
    is(as('user1', GET => "/api/v1/certificates/$last->{id}")->{json}{pem}, $last->{pem}, 'as it was answered');
};

subtest 'nothing is there in part, or twice' => sub {
    my $made = issued() - $before;
    cmp_ok($made, '>=', @answered, 'nothing is missing');
    cmp_ok($made, '<=', @answered + CONNECTIONS * KILLS, 'and no more than was on its way');
    is(query('SELECT count(*) - count(DISTINCT serial) FROM certificate'), 0, 'serials');
    is(query("SELECT count(*) FROM certificate c WHERE c.profile = 'user' AND 1 <> (SELECT count(*) FROM request r"
            . " WHERE r.certificate = c.id AND r.operation = 'enroll' AND r.state = 'completed')"), 0, 'a request for each');
    is(query("SELECT count(*) FROM request r WHERE r.operation = 'enroll' AND (1 <> (SELECT count(*) FROM audit_event e"
            . " WHERE e.object = r.id AND e.action = 'request.submit' AND e.outcome = 'done')"
            . " OR 1 <> (SELECT count(*) FROM checklist_item t WHERE t.request = r.id))"), 0, 'an event and a checklist for each');
    is(query("SELECT count(*) FROM audit_event e WHERE e.action = 'request.submit' AND e.outcome = 'done' AND NOT EXISTS"
            . ' (SELECT 1 FROM request r WHERE r.id = e.object)'), 0, 'and no event of nothing');
    is(database_is_whole(), 'ok', 'the database is whole');
};

my ($code, $text) = ctl(qw(audit verify));
is($code, 0, 'the audit log verifies') or diag($text);
done();
