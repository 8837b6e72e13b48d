#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Somebody who wants in, or wants it down: what a user may not do to others, names that are not ours,
# bodies that cost more than they should, and malformed calls to every route (CERTMGR_HOSTILE=5000 for
# more of them). None is answered with 5xx, no process dies, nothing is logged at warn or worse.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::SSL;
use JSON::PP ();
use Time::HiRes qw(time);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my ($authority) = $i->{CERTMGR_URL} =~ m{//([^/]+)};
my ($port) = $authority =~ /:(\d+)/;
my $mine = enroll('user1');
my $certificate = $mine->{certificate}{id};

sub dial {
    my ($who, $name) = @_;
    my $pem = "$i->{CERTMGR_PEOPLE}/$who.pem";
    return IO::Socket::SSL->new(PeerHost => '127.0.0.1', PeerPort => $port, SSL_hostname => $name // 'localhost',
        SSL_verifycn_name => 'localhost', SSL_ca_file => $i->{CERTMGR_CA}, SSL_cert_file => $pem,
        SSL_key_file => $pem, Timeout => 10) || die "no connection: $SSL_ERROR";
}

# The status lines of everything the server says to these bytes until it closes.
sub raw {
    my ($who, $bytes) = @_;
    my $socket = dial($who);
    my ($answer, $chunk) = ('');
    local $SIG{PIPE} = 'IGNORE';
    print {$socket} $bytes;
    $socket->stop_SSL(SSL_no_shutdown => 1), return 0 unless $socket->opened;
    while (sysread $socket, $chunk, 65536) {
        $answer .= $chunk;
        last if $answer =~ /\r\n\r\n/ && $answer =~ m{^HTTP/1\.1 4}i && length $answer > 65536;
    }
    close $socket;
    return $answer;
}

subtest 'who sees all may not revoke all' => sub {
    problem_is(revoke('admin1', $certificate), 403, 'forbidden', rule => 'permission.decide');
    is(as('user1', GET => "/api/v1/certificates/$certificate")->{json}{status}, 'active');
};

subtest 'a foreign name has no origin' => sub {
    my %evil = (Host => 'evil.example', Origin => 'https://evil.example');
    problem_is(as('user1', GET => '/api/v1/me', headers => \%evil), 403, 'origin', rule => 'origin.host');
    problem_is(as('user1', GET => '/api/v1/me', headers => { Host => 'evil.example', 'Sec-Fetch-Site' => 'same-origin' }),
        403, 'origin');
    is(as('user1', GET => '/api/v1/me', headers => { Origin => "https://$authority" })->{status}, 200, 'our own name');
    for my $origin ('null', "http://$authority", 'https://localhost', "https://$authority.evil.example",
        "https://evil.example\@$authority", "https://$authority/", "https://localhost:1") {
        problem_is(as('user1', GET => '/api/v1/me', headers => { Origin => $origin }), 403, 'origin', name => $origin);
    }
};

subtest 'a body of mistakes is cheap' => sub {
    my $body = '{' . join(',', map { qq("$_":1) } 1 .. 6000) . '}';
    my $beat = start_beat(scratch('beat'), sub { nobody(GET => '/api/v1/health') });
    my $r = as('user1', POST => '/api/v1/enroll', body => $body);
    problem_is($r, 422, 'unknown-member');
    cmp_ok(length $r->{body}, '<', 20000, 'a short answer');
    cmp_ok(beats($beat), '<', 5, 'at once');
    stop_beat($beat);
    $r = as('user1', GET => '/api/v1/requests?' . join('&', map { "a$_" } 1 .. 1000));
    is($r->{status}, 422);
    cmp_ok(length $r->{body}, '<', 20000, 'for parameters too');
    is(as('user1', POST => '/api/v1/enroll', body => '[' x 60000)->{status}, 400, 'depth');
    is(as('user1', POST => '/api/v1/enroll', body => '{"profile":' . '9' x 60000 . '}')->{status}, 400, 'digits');
    is(as('user1', POST => '/api/v1/enroll', body => '{"profile":1e999999}')->{status}, 400, 'exponent');
};

subtest 'other ways to write a path' => sub {
    for my $path ('/api/v1//me', '/api/v1/me/', '/api/v1/me;x', '/API/v1/me', '/api/v1%2fme', '/api/v1/me%00',
        '/api/v1/me%20', '/api/v1/./me/x', '/ocsp/../../etc/passwd', '/api/v1/certificates/%ff', '/crl/%c0%ae.crl',
        '/ca/..%2fissuing.cer', '/crl/../ca/%2e%2e/issuing.cer%00') {
        my $status = nobody(GET => $path)->{status};
        ok($status == 401 || $status == 404 || $status == 400 || $status == 403, "$path: $status");
    }
    problem_is(as('user1', GET => '/api/v1/certificates/%ff'), 404, 'not-found');
};

my @routes = map { [split ' ', $_] } split /\n/, <<"END";
GET /api/v1/me
GET /api/v1/health
GET /api/v1/openapi.json
POST /api/v1/enroll
GET /api/v1/enroll
GET /api/v1/enroll/$mine->{id}
POST /api/v1/enroll/$mine->{id}/events
POST /api/v1/revoke
GET /api/v1/revoke
POST /api/v1/change
GET /api/v1/change
POST /api/v1/change/$mine->{id}/events
GET /api/v1/requests
GET /api/v1/requests/$mine->{id}
GET /api/v1/certificates
GET /api/v1/certificates/$certificate
GET /api/v1/certificates/$certificate.p7b
GET /api/v1/certificates/$certificate/chain.pem
GET /crl/issuing.crl
GET /ca/issuing.p7b
POST /ocsp
GET /ocsp/MEUwQzBBMD8wPTAJBgUrDgMCGgUABBT
END

srand 20261122;
my @junk = ("\0", "\xff", "\xc2\x9b", '%', '%00', '%ff', '%2f', '..', '//', '?', '&', '=', '#', '"', "'", '{', ']', '\\',
    '\\u0000', '\\ud800', ';', "\t", '<', 'A' x 300, '-1', '9' x 40, '1e9', 'null', "\x{7f}", '%n%s%p');

sub pick { return $_[int rand @_] }

sub mangle {
    my ($text) = @_;
    for (0 .. rand 3) {
        my $at = int rand(1 + length $text);
        my $kind = rand;
        if ($kind < 0.5) { substr($text, $at, 0) = pick(@junk) }
        elsif ($kind < 0.8) { substr($text, $at, 1 + rand 4) = '' if $at < length $text }
        else { $text = substr($text, 0, $at) }
    }
    return $text;
}

my @bodies = (
    JSON::PP->new->utf8->encode({ profile => 'user', csr => csr(), message => 'm', san => ['dns:a.test'], validity => '1d' }),
    qq({"certificate":"$certificate","reason":"superseded","remarks":"x","invalidity_date":"2026-01-01T00:00:00Z"}),
    '{"event":"cancel","remarks":"x"}', "\x30\x45\x30\x43\x30\x41\x30\x3f\x30\x3d\x30\x09", '', '[]', 'null');

sub one_call {
    my ($method, $path) = @{ pick(@routes) };
    $method = pick(qw(GET POST PUT DELETE PATCH HEAD OPTIONS TRACE BREW)) if rand() < 0.15;
    $path = mangle($path) if rand() < 0.3;
    $path .= '?' . mangle('limit=2&before=zzz') if rand() < 0.3;
    $path =~ tr/ \t\r\n\0#//d;
    my $body = rand() < 0.8 ? mangle(pick(@bodies)) : pick(@bodies);
    my %headers = (Host => $authority, Connection => 'close');
    $headers{'Content-Type'} = pick('application/json', 'application/ocsp-request', 'text/plain', mangle('application/json'))
        if rand() < 0.9;
    $headers{'Content-Type'} = $method eq 'POST' && $path =~ m{^/api} ? 'application/json' : 'application/ocsp-request'
        if rand() < 0.6;
    $headers{ pick(qw(Accept Origin If-None-Match If-Modified-Since Range Content-Encoding Sec-Fetch-Site User-Agent Expect)) } =
        mangle(pick('application/json;q=0.5, */*', "https://$authority", '"x"', 'Sun, 22 Nov 2026 16:03:46 GMT', 'bytes=0-1'))
        if rand() < 0.3;
    my $framed = $body;
    if (rand() < 0.3) {
        $headers{'Transfer-Encoding'} = 'chunked';
        $framed = sprintf("%x\r\n%s\r\n0\r\n\r\n", length $body, $body);
        $framed = mangle($framed) . "\r\n0\r\n\r\n" if rand() < 0.3;    # an end that is always found
    }
    elsif ($body ne '') {
        $headers{'Content-Length'} = length($body) + (rand() < 0.1 ? -1 : 0);
    }
    my $head = join '', map { my $v = $headers{$_}; $v =~ tr/\r\n\0//d; "$_: $v\r\n" } sort keys %headers;
    return "$method /certmgr$path HTTP/1.1\r\n$head\r\n$framed";
}

subtest 'malformed calls' => sub {
    announce_log(qr/\[(?:authz_)?(?:core|ssl|http|reqtimeout):/);    # httpd's own words about malformed calls
    my (%seen, @bad);
    my $rounds = $ENV{CERTMGR_HOSTILE} // 400;
    for (1 .. $rounds) {
        my $bytes = one_call();
        my $answer = eval {
            local $SIG{ALRM} = sub { die "no answer in time\n" };
            alarm 25;
            my $text = raw(pick(qw(user1 officer1 auditor1)), $bytes);
            alarm 0;
            $text;
        };
        alarm 0;
        my ($status) = ($answer // '') =~ m{^HTTP/1\.[01] (\d+)};
        $seen{ $status // 'none' }++;
        push @bad, $bytes if !defined $status || $status =~ /^5/;
    }
    note(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
    is(scalar @bad, 0, 'each is answered, none with 5xx') or diag($bad[0]);
};

unlike(read_file($i->{CERTMGR_ERROR_LOG}), qr/exit signal/, 'no process died');
is(as('user1', GET => '/api/v1/me')->{status}, 200, 'still served');
my ($code, $text) = ctl('audit', 'verify');
is($code, 0, 'the audit log verifies') or diag($text);

done();
