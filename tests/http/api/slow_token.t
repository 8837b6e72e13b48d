#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A token that takes its time to sign holds up those who wait for its signatures and nobody else: neither
# readers nor writers, and when no session is left, callers are told so. When it is quick again, whoever
# waited has the certificate.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;
use CertMgr::Token;
use MIME::Base64 qw(encode_base64);

use constant { WAITING => 6, SESSIONS => 12, EVER => 1_000_000 };

# one process, so that all share the sessions
$ENV{CERTMGR_EXTRA} = "ServerLimit 1\nStartServers 1\nThreadsPerChild 64\nMaxRequestWorkers 64\nMinSpareThreads 1\n"
    . "MaxSpareThreads 64\nCertMgrTokenSessions @{[SESSIONS]}\nCertMgrTokenDeadline 1s";
my $i = main_instance();
faulty_token($i);
my $csr = csr();
my $known = enroll('user1')->{certificate};

sub ocsp_address {
    my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
    my ($code, $text) = command(qw(openssl ocsp -no_nonce -issuer), write_file(scratch('issuing.pem'), $issuing),
        '-cert', write_file(scratch('known.pem'), $known->{pem}), '-reqout', scratch('req.der'));
    die $text if $code;
    return '/ocsp/' . (encode_base64(read_file(scratch('req.der')), '') =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger);
}
my $ocsp = ocsp_address();
is(nobody(GET => $ocsp)->{status}, 200, 'an OCSP answer is kept');

# As many clients enroll, each once.
sub start_enrolling {
    my ($count) = @_;
    return start_clients($count, sub {
        my ($number, $say) = @_;
        my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr }, timeout => 3600);
        $say->({ status => $r->{status}, json => $r->{json}, retry => scalar $r->{headers}->header('Retry-After') });
    });
}

sub answers { return scalar grep { -s $_->{said} } @{ $_[0] } }

sub reads_go_on {
    my ($when) = @_;
    is(as('user1', GET => $_)->{status}, 200, "$when: GET $_") for '/api/v1/me', '/api/v1/profiles',
        "/api/v1/certificates/$known->{id}", '/api/v1/certificates';
    is(nobody(GET => $_)->{status}, 200, "$when: GET " . substr $_, 0, 20) for '/api/v1/health', '/crl/issuing.crl', $ocsp;
    is(nobody(GET => '/nothing')->{status}, 404, "$when: what is not there");
    return;
}

set_fault(slow_ms => EVER);
my $waiting = start_enrolling(WAITING);
ok(wait_until(sub { fault('inside') >= WAITING }), 'as many signatures are being made at the same time')
    or set_fault(slow_ms => 0);
reads_go_on('signatures are waited for');
is(nobody(GET => '/api/v1/health')->{json}{status}, 'ok', 'the token is well');
is(as('auditor1', GET => '/api/v1/audit')->{status}, 200, 'the audit log');
is(revoke('user1', $known->{id})->{status}, 201, 'a revocation is written');
is(answers($waiting), 0, 'none of those who enroll was answered meanwhile');

subtest 'no session is left' => sub {
    announce_log(qr/\[certmgr:(?:error|warn)\].*(?:waiting for a session|token-unavailable|try later)/i);
    my $more = start_enrolling(2 * SESSIONS);
    ok(wait_until(sub { answers($more) >= SESSIONS }), 'callers are told so') or set_fault(slow_ms => 0);
    is(as('user1', GET => '/api/v1/me')->{status}, 200, 'reads go on');
    is(nobody(GET => '/crl/issuing.crl')->{status}, 200, 'a CRL is served');
    is(nobody(GET => '/api/v1/health')->{json}{status}, 'degraded', 'health says so');
    is(answers($waiting), 0, 'whoever came in time waits');
    set_fault(slow_ms => 0);
    my @said = wait_clients($more);
    my @refused = grep { $_->{status} == 503 } @said;
    cmp_ok(scalar @refused, '>=', SESSIONS, 'refused');
    is_deeply([grep { ($_->{json}{type} // '') !~ /:token-unavailable$/ || !$_->{retry} } @refused], [], 'with Retry-After');
    is_deeply([grep { $_->{status} != 503 && $_->{status} != 201 } @said], [], 'the others enrolled');
    are_stored(map { answered($_->{json}) } grep { $_->{status} == 201 } @said);
};

my @said = wait_clients($waiting);
is_deeply([map { $_->{status} } @said], [(201) x WAITING], 'all who waited have it');
are_stored(map { answered($_->{json}) } @said);
is(enroll('user1')->{state}, 'completed', 'and so has the next one');
are_whole();
done();
