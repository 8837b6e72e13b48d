#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Eight clients enroll and revoke at once: every call is answered, every record is there, and the
# bounds of the contract hold meanwhile.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

use constant { CLIENTS => 8, ROUNDS => 6 };

my $i = main_instance();
my %csr = (user1 => csr(), user2 => csr()); # nobody has another's key certified

sub work {
    my ($number, $say) = @_;
    my $who = $number % 2 ? 'user1' : 'user2';
    for my $round (1 .. ROUNDS) {
        my $r = as($who, POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr{$who} });
        my $certificate = ref $r->{json} eq 'HASH' ? $r->{json}{certificate} : undef;
        $say->({ what => 'enroll', status => $r->{status}, id => $certificate->{id}, pem => $certificate->{pem},
            serial => $certificate->{serial} });
        next if $round % 2 || !$certificate;
        $r = revoke($who, $certificate->{id});
        $say->({ what => 'revoke', status => $r->{status}, id => $certificate->{id}, serial => $certificate->{serial} });
    }
    return;
}

# those of the set-up waited for the server
my $unsealed = 'SELECT count(*) FROM audit_event WHERE leaf IS NULL';
ok(wait_until(sub { query($unsealed) eq '0' }), 'the server seals');

# how many beats one event was the oldest that was not sealed
my $beat = start_beat(scratch('beat'), sub { query('SELECT count(*) FROM audit_head') });
my ($oldest, $event, $since) = (0, '', 0);
sub watch {
    my $now = query('SELECT min(happened) FROM audit_event WHERE leaf IS NULL') || '';
    my $beats = beats($beat);
    ($event, $since) = ($now, $beats) if $now ne $event;
    $oldest = $beats - $since if $event && $beats - $since > $oldest;
    return $event;
}
my @said = clients(CLIENTS, \&work, \&watch);
my $ended = beats($beat);
select undef, undef, undef, 0.2 while watch() && $oldest < 5;
my @enrolled = grep { $_->{what} eq 'enroll' } @said;
my @revoked = grep { $_->{what} eq 'revoke' } @said;
is(scalar @enrolled, CLIENTS * ROUNDS, 'every client did its work');
is_deeply([grep { $_->{status} != 201 } @said], [], 'every call was answered with 201');
cmp_ok($oldest, '<', 5, "the oldest event that was not sealed waited for $oldest beats of a second");

subtest 'no record is lost and none is there twice' => sub {
    my %serials = map { $_->{serial} => 1 } @enrolled;
    is(scalar keys %serials, @enrolled, 'serials are unique');
    my $ids = join ',', map { "'$_->{id}'" } @enrolled;
    is(query("SELECT count(*) FROM certificate WHERE id IN ($ids)"), @enrolled, 'certificates');
    is(query("SELECT count(*) FROM certificate WHERE id IN ($ids) AND status = 'revoked'"), @revoked, 'revoked ones');
    is(query("SELECT count(DISTINCT r.id) FROM request r WHERE r.operation = 'enroll' AND r.certificate IN ($ids)"),
        @enrolled, 'a request for each');
    is(query("SELECT count(*) FROM audit_event e JOIN request r ON r.id = e.object WHERE r.certificate IN ($ids)"
            . " AND e.action = 'request.submit' AND e.outcome = 'done'"), @said, 'and an event for each');
    my $count = @revoked;
    is(query("SELECT min(sequence), max(sequence), count(*), count(DISTINCT sequence) FROM revocation WHERE ca = 'issuing'"),
        "1|$count|$count|$count", 'revocations are numbered without a gap');
};

subtest 'the CRL has all of them within 10 s' => sub {
    my $missing = sub {
        write_file(scratch('crl.der'), nobody(GET => '/crl/issuing.crl')->{body});
        my ($code, $text) = command(qw(openssl crl -inform DER -noout -text -in), scratch('crl.der'));
        my %listed = map { lc s/^0+//r => 1 } $text =~ /Serial Number: (\w+)/g;
        return grep { !$listed{ $_->{serial} =~ s/^0+//r } } @revoked;
    };
    my @missing;
    select undef, undef, undef, 0.2 while (@missing = $missing->()) && beats($beat) - $ended < 10;
    is_deeply(\@missing, [], 'listed');
};

cmp_ok(beats($beat), '>', $ended, 'the beat went on');
stop_beat($beat);

subtest 'one certificate, revoked by eight at once' => sub {
    my $id = enroll('user1')->{certificate}{id};
    my @race = clients(CLIENTS, sub { $_[1]->(revoke('user1', $id)->{status}) });
    is_deeply([sort @race], [201, (409) x (CLIENTS - 1)], 'one does it, the others are told');
    is(query("SELECT count(*) FROM revocation WHERE certificate = '$id'"), 1, 'once');
};

my ($code, $text) = ctl(qw(audit verify));
is($code, 0, 'the audit log verifies') or diag($text);
done();
