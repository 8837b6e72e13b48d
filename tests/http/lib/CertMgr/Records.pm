# SPDX-License-Identifier: Apache-2.0
# What clients were told about certificates, against what is stored.
#
#     my @answered = map { answered($_) } @bodies;    # of 201 to an enrollment
#     are_stored(@answered);
#     are_whole();
package CertMgr::Records;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use Test::More;
use CertMgr::Main;

our @EXPORT = qw(answered issued are_stored are_whole);

sub answered {
    my ($body) = @_;
    return { certificate => $body->{certificate}, request => $body->{id} };
}

sub issued { return query("SELECT count(*) FROM certificate WHERE profile = 'user'") }

# Every one is there as it was answered, with its request and one event, and no two are the same.
sub are_stored {
    my (@answered) = @_;
    my %stored = map { split /\|/, $_, 2 } split /\n/, query("SELECT c.id, c.serial || '|' || r.id || '|' || count(e.id) FROM certificate c"
            . " LEFT JOIN request r ON r.certificate = c.id AND r.operation = 'enroll' LEFT JOIN audit_event e ON e.object = r.id"
            . " AND e.action = 'request.submit' AND e.outcome = 'done' GROUP BY c.id, c.serial, r.id");
    my @lost = grep { ($stored{ $_->{certificate}{id} } // '') ne "$_->{certificate}{serial}|$_->{request}|1" } @answered;
    is(scalar @lost, 0, @answered . ' answered: every certificate, its request and one event') or diag($lost[0]{certificate}{id});
    my %serials = map { $_->{certificate}{serial} => 1 } @answered;
    is(scalar keys %serials, @answered, 'no certificate was answered twice');
    my $last = $answered[-1]{certificate};
    is(as('user1', GET => "/api/v1/certificates/$last->{id}")->{json}{pem}, $last->{pem}, 'as it was answered');
    return;
}

# Nothing is there in part, or twice, and the log verifies.
sub are_whole {
    is(query('SELECT count(*) - count(DISTINCT serial) FROM certificate'), 0, 'serials');
    is(query("SELECT count(*) FROM certificate c WHERE c.profile = 'user' AND 1 <> (SELECT count(*) FROM request r"
            . " WHERE r.certificate = c.id AND r.operation = 'enroll' AND r.state = 'completed')"), 0, 'a request for each');
    is(query("SELECT count(*) FROM request r WHERE r.profile = 'user' AND r.operation = 'enroll' AND (1 <> (SELECT count(*) FROM audit_event e"
            . " WHERE e.object = r.id AND e.action = 'request.submit' AND e.outcome = 'done')"
            . " OR 1 <> (SELECT count(*) FROM checklist_item t WHERE t.request = r.id))"), 0, 'an event and a checklist for each');
    is(query("SELECT count(*) FROM audit_event e WHERE e.action = 'request.submit' AND e.outcome = 'done' AND NOT EXISTS"
            . ' (SELECT 1 FROM request r WHERE r.id = e.object)'), 0, 'and no event of nothing');
    is(database_is_whole(), 'ok', 'the database is whole');
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0, 'the audit log verifies') or diag($text);
    return;
}

1;
