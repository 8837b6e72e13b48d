# SPDX-License-Identifier: Apache-2.0
# The journals of the clients against the database, the CRL, OCSP, the audit log and the error log. Every
# call was answered in the end, so nothing may be missing, and nothing may be there that is in no journal.
package CertMgr::Soak::Compare;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use LWP::UserAgent ();
use HTTP::Request ();
use CertMgr::Main;
use CertMgr::Soak::Ocsp;

our @EXPORT = qw(compare);

my $failed;

# Prints one line of the comparison.
sub holds {
    my ($what, @wrong) = @_;
    $failed++ if @wrong;
    printf "%-6s %s%s\n", @wrong ? 'WRONG' : 'ok', $what, @wrong ? ': ' . @wrong . ', such as ' . substr($wrong[0], 0, 600) : '';
    return;
}

sub rows { return map { [split /\|/, $_, -1] } split /\n/, query($_[0]) }

# What is in one list and not as often in the other.
sub differs {
    my ($stored, $said) = @_;
    my (%count, %there);
    $count{$_}++ for @{$said};
    $there{$_}++ for @{$stored};
    my %all = (%count, %there);
    return map { sprintf '%s (%d stored, %d answered)', $_, $there{$_} // 0, $count{$_} // 0 }
        grep { ($count{$_} // 0) != ($there{$_} // 0) } sort keys %all;
}

# instance, issuer, answers (records of the journals), wrong (those too), before (highest counts before the
# clients began), killed (ids of processes)
sub compare {
    my (%with) = @_;
    $failed = 0;
    my @answers = @{ $with{answers} };
    my %status = certificates(\%with, @answers);
    requests(\%with, @answers);
    revocations(@answers);
    lists($with{issuer}, %status);
    asked($with{instance}, $with{issuer}, %status);
    my ($code, $text) = ctl(qw(audit verify));
    holds('the audit log verifies', $code ? $text : ());
    my $whole = database_is_whole();
    holds('the database is whole', $whole eq 'ok' ? () : $whole);
    holds('no process died but those that were killed', deaths($with{instance}, @{ $with{killed} }));
    return $failed;
}

sub certificates {
    my ($with, @answers) = @_;
    my @made = grep { $_->{made} } @answers;
    my @stored = rows("SELECT id, serial, request, status FROM certificate WHERE profile = 'user' AND id NOT IN ($with->{before})");
    holds(@made . ' certificates, once each, with serial and request', differs([map { join ' ', @{$_}[0 .. 2] } @stored],
        [map { "$_->{id} $_->{serial} $_->{request}" } @made]));
    my %status;
    for my $answer (@answers) {
        $status{ $answer->{serial} } = { revoke => 'revoked', suspend => 'suspended' }->{ $answer->{operation} } // 'active';
    }
    holds('their status, as answered last', differs([map { "$_->[1] $_->[3]" } @stored], [map { "$_ $status{$_}" } keys %status]));
    holds('serials are unique', query('SELECT count(*) - count(DISTINCT serial) FROM certificate') || ());
    holds('no certificate without a request', map { $_->[0] } rows("SELECT c.id FROM certificate c WHERE c.profile = 'user' AND 1 <>"
        . " (SELECT count(*) FROM request r WHERE r.certificate = c.id AND r.id = c.request AND r.state = 'completed')"));
    return %status;
}

sub requests {
    my ($with, @answers) = @_;
    my $ours = "operation <> 'change' AND id NOT IN (SELECT request FROM certificate WHERE request IS NOT NULL AND id IN ($with->{before}))";
    holds(@answers . ' requests, once each', differs(
        [map { join ' ', @{$_} } rows("SELECT id, operation, state, certificate FROM request WHERE $ours")],
        [map { "$_->{request} $_->{operation} completed $_->{id}" } @answers]));
    holds('a key for each', differs([map { join ' ', @{$_} } rows("SELECT name, request FROM retry WHERE name LIKE 'soak-%'")],
        [map { "$_->{key} $_->{request}" } @answers]));
    holds('an event for each', differs([map { $_->[0] } rows("SELECT object FROM audit_event WHERE action = 'request.submit' AND outcome = 'done'"
        . " AND object IN (SELECT id FROM request WHERE $ours)")], [map { $_->{request} } @answers]));
    holds('no event of nothing', map { $_->[0] } rows("SELECT e.id FROM audit_event e WHERE e.action IN ('request.submit', 'request.perform')"
        . " AND e.outcome = 'done' AND NOT EXISTS (SELECT 1 FROM request r WHERE r.id = e.object)"));
    holds('a checklist for each', map { $_->[0] } rows("SELECT r.id FROM request r WHERE r.operation = 'enroll' AND 1 <>"
        . ' (SELECT count(*) FROM checklist_item t WHERE t.request = r.id)'));
    return;
}

sub revocations {
    my (@answers) = @_;
    my @changes = grep { !$_->{made} } @answers;
    my $count = @changes;
    my $numbers = query("SELECT COALESCE(max(sequence), 0), count(*), count(DISTINCT sequence) FROM revocation WHERE ca = 'issuing'");
    holds("$count changes of a status, numbered without a gap", $numbers eq "$count|$count|$count" ? () : $numbers);
    $numbers = query("SELECT revocations FROM authority WHERE name = 'issuing'");
    holds('and counted', $numbers eq $count ? () : $numbers);
    holds('each once', differs([map { join ' ', @{$_} } rows("SELECT serial, status FROM revocation WHERE ca = 'issuing'")],
        [map { "$_->{serial} $_->{status}" } @changes]));
    return;
}

sub bare { return lc $_[0] =~ s/^0+//r }

# The CRL has them, and no others, when the job has come by.
sub lists {
    my ($issuer, %status) = @_;
    my @ended = map { bare($_) } grep { $status{$_} ne 'active' } keys %status;
    my @wrong;
    wait_until(sub {
        write_file(scratch('crl.der'), nobody(GET => '/crl/issuing.crl')->{body});
        my ($code, $text) = command(qw(openssl crl -inform DER -noout -text -CAfile), $issuer->{file}, '-in', scratch('crl.der'));
        @wrong = differs([map { bare($_) } $text =~ /Serial Number: (\w+)/g], \@ended);
        push @wrong, 'openssl does not verify it' if $text !~ /^verify OK/m;
        return !@wrong;
    });
    holds('the CRL has all ' . @ended . ' that are revoked or on hold, and no others', @wrong);
    return;
}

# All that have ended, and as many others.
sub asked {
    my ($i, $issuer, %status) = @_;
    my @ended = grep { $status{$_} ne 'active' } keys %status;
    my @good = grep { $status{$_} eq 'active' } keys %status;
    splice @good, scalar @ended if @good > @ended;
    my $agent = LWP::UserAgent->new(timeout => 30, keep_alive => 1, ssl_opts => { SSL_verify_mode => 1, SSL_ca_file => $i->{CERTMGR_CA} });
    my @wrong;
    for my $serial (@ended, @good) {
        my $r = $agent->request(HTTP::Request->new(GET => $i->{CERTMGR_URL} . ocsp_address(ocsp_request($issuer, $serial))));
        my $word = $r->code == 200 ? ocsp_word($r->content, $serial) : $r->status_line;
        push @wrong, "$serial: $word" if $word ne ($status{$serial} eq 'active' ? 'good' : 'revoked');
    }
    holds('OCSP says so of each, and "good" of ' . @good . ' others', @wrong);
    return;
}

sub deaths {
    my ($i, @killed) = @_;
    my %ours = map { $_ => 1 } @killed;
    my @wrong;
    open my $log, '<', $i->{CERTMGR_ERROR_LOG} or die "$i->{CERTMGR_ERROR_LOG}: $!";
    while (my $line = <$log>) {
        next unless $line =~ /exit signal|AddressSanitizer|runtime error:|[Ss]egmentation|seg fault|core dump/;
        next if $line =~ /child pid (\d+) exit signal Killed/ && $ours{$1};
        push @wrong, $line;
    }
    return @wrong;
}

1;
