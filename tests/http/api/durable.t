#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Once a client has its answer, kill -9 of every process and a restart lose nothing: also amid a stream
# of enrollments, at any moment. What was cut is there as a whole or not at all.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

use constant { CLIENTS => 4, ROUNDS => 4, EACH => 200 };

my $i = main_instance();
announce_log(qr/./);    # httpd complains of children that were killed

# Enrolls until nobody answers any more.
my $csr = csr();
sub work {
    my ($number, $say) = @_;
    for (1 .. EACH) {
        my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
        $say->({ status => $r->{status}, map { $_ => $r->{json}{certificate}{$_} } qw(id serial pem) })
            if $r->{status};
        return if $r->{status} != 201;
    }
    return;
}

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
for my $round (1 .. ROUNDS) {
    my $issued = issued();
    my $clients = start_clients(CLIENTS, \&work);
    # each client has one request under way, so at least one is answered
    wait_until(sub { issued() > $issued + CLIENTS });
    my $moment = rand 0.7;
    select undef, undef, undef, $moment;
    kill_all();
    my @said = wait_clients($clients);
    is_deeply([grep { $_->{status} != 201 } @said], [], sprintf 'round %d: all good until the end, %.2f s into the stream', $round, $moment);
    push @answered, @said;
    my ($status, $text) = tool('start');
    is($status, 0, 'it starts again') or diag($text);
}
cmp_ok(scalar @answered, '>=', ROUNDS, 'there was a stream: ' . @answered . ' answers');

subtest 'what was answered is there' => sub {
    my %stored = map { split /\|/ } split /\n/, query("SELECT id || '|' || serial FROM certificate");
    is_deeply([grep { ($stored{ $_->{id} } // '') ne $_->{serial} } @answered], [], 'every certificate');
    my $last = $answered[-1];
    is(as('user1', GET => "/api/v1/certificates/$last->{id}")->{json}{pem}, $last->{pem}, 'as it was answered');
};

subtest 'nothing is there in part, or twice' => sub {
    my $made = issued() - $before;
    cmp_ok($made, '>=', @answered, 'nothing is missing');
    cmp_ok($made, '<=', @answered + CLIENTS * ROUNDS, 'and no more than was on its way');
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
