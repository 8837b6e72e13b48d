#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Bad input: a problem document that names field and rule, status 4xx, and nothing stored but the
# refused attempt.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use MIME::Base64 qw(encode_base64);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $before = @{ as('user1', GET => '/api/v1/requests?limit=200')->{json}{items} };
my $good = csr();
my ($der) = command(qw(openssl req -outform DER -in), scratch('new.csr'), '-out', scratch('new.der'));
$der = read_file(scratch('new.der'));

sub pem {
    return "-----BEGIN CERTIFICATE REQUEST-----\n" . encode_base64($_[0]) . "-----END CERTIFICATE REQUEST-----\n";
}

my $certificates = query('SELECT count(*) FROM certificate');
my $refused = query("SELECT count(*) FROM audit_event WHERE outcome = 'refused'");

sub submit {
    my ($body) = @_;
    $refused++;
    return as('user1', POST => '/api/v1/enroll', json => $body);
}

sub openssl_csr {
    my ($config, @more) = @_;
    write_file(scratch('req.cnf'), "[req]\ndistinguished_name=dn\nprompt=no\n$config");
    my ($code, $text) = command(qw(openssl req -new -nodes -config), scratch('req.cnf'), @more,
        '-keyout', scratch('k.pem'), '-out', scratch('x.csr'));
    die $text if $code;
    return read_file(scratch('x.csr'));
}

my @ec = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
my $flipped = $der;
substr($flipped, -1) ^= "\x01";
my $long = $der;
substr($long, 1, 1) = "\x84";    # a length of four octets that says nonsense
my $indefinite = "\x30\x80" . substr($der, 2 + (ord(substr $der, 1, 1) > 0x80 ? ord(substr $der, 1, 1) - 0x80 : 0)) . "\0\0";

my %csrs = (
    'no base64' => 'garbage!',
    'PEM of another kind' => $good =~ s/CERTIFICATE REQUEST/PUBLIC KEY/gr,
    'two blocks' => $good . $good,
    'truncated' => pem(substr $der, 0, length($der) - 5),
    'trailing bytes' => pem("$der\0"),
    'a wrong signature' => pem($flipped),
    'a wrong length' => pem($long),
    'BER with an indefinite length' => pem($indefinite),
    'empty' => '',
    'nothing but an empty sequence' => pem("\x30\0"),
    'RSA with 1024 bits' => openssl_csr("[dn]\nCN=x\n", '-newkey', 'rsa:1024'),
    'a curve that is not accepted' => openssl_csr("[dn]\nCN=x\n", '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'),
    'an Ed25519 key' => openssl_csr("[dn]\nCN=x\n", '-newkey', 'ed25519'),
    'a SHA-1 signature' => openssl_csr("[dn]\nCN=x\n", @ec, '-sha1'),
    'a wish to be a CA' => openssl_csr("req_extensions=e\n[dn]\nCN=x\n[e]\nbasicConstraints=critical,CA:TRUE\n", @ec),
);
for my $what (sort keys %csrs) {
    my $r = submit({ profile => 'user', csr => $csrs{$what} });
    subtest $what => sub {
        ok($r->{status} >= 400 && $r->{status} < 500, "status $r->{status}") or diag($r->{body});
        is($r->{json}{field}, '/csr', 'field');
        like($r->{json}{rule} // '', qr/^[a-z0-9]+(?:[.-][a-z0-9-]+)+$/, 'rule');
        ok(length($r->{json}{detail} // ''), 'detail') and note($r->{json}{detail}, " [$r->{json}{rule}]");
    };
}

problem_is(submit({ csr => $good }), 422, 'invalid-value', field => '/profile', rule => 'value.missing');
problem_is(submit({ profile => 'user' }), 422, 'invalid-value', field => '/csr', rule => 'value.missing');
problem_is(submit({ profile => 'user', csr => $good, nope => 1 }), 422, 'unknown-member', field => '/nope');
problem_is(submit({ profile => 7, csr => $good }), 422, 'invalid-value', field => '/profile', rule => 'value.type');
problem_is(submit({ profile => 'nope', csr => $good }), 422, 'invalid-value', field => '/profile');
problem_is(submit({ profile => 'user', csr => $good, validity => '9000d' }), 422, 'refused', field => '/validity');
problem_is(submit([]), 422, 'invalid-value');

sub raw {
    my ($body, %with) = @_;
    $refused++;
    return as('user1', POST => '/api/v1/enroll', body => $body, %with);
}
# RFC 8259 2: any value is a JSON text
problem_is(raw($_), 422, 'invalid-value', rule => 'value.type', name => "no object: $_") for '"x"', '7', 'null';
problem_is(raw('{'), 400, 'syntax', name => 'broken JSON');
problem_is(raw(''), 400, 'syntax', name => 'no JSON at all');
problem_is(raw("{\"profile\":\"\xff\"}"), 400, 'syntax', name => 'bad UTF-8');
problem_is(raw('{"profile":"a","profile":"b"}'), 400, 'syntax', name => 'a member twice');
problem_is(raw('{}', type => 'text/plain'), 415, 'media-type');
problem_is(raw('a=b', type => 'application/x-www-form-urlencoded'), 415, 'media-type', name => 'a form');
problem_is(raw('{"profile":"' . 'x' x 400_000 . '"}'), 413, 'too-large');
problem_is(as('user1', PUT => '/api/v1/enroll', json => {}), 405, 'method');
is(as('user1', DELETE => '/api/v1/me')->{headers}->header('Allow'), 'GET, HEAD, OPTIONS', 'Allow');
problem_is(as('user1', GET => '/api/v1/nope'), 404, 'not-found');
problem_is(nobody(POST => '/api/v1/enroll', json => { profile => 'user', csr => $good }), 401, 'identity');
$refused++;
problem_is(as('auditor1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $good }), 403, 'forbidden');

subtest 'calls from another site are refused' => sub {
    for my $headers ({ Origin => 'https://evil.example' }, { 'Sec-Fetch-Site' => 'cross-site' },
        { 'Sec-Fetch-Site' => 'same-site' }, { Origin => 'null' }) {
        problem_is(as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $good },
            headers => $headers), 403, 'origin');
    }
    my ($origin) = $i->{CERTMGR_URL} =~ m{^(https://[^/]+)};
    is(as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $good },
        headers => { Origin => $origin, 'Sec-Fetch-Site' => 'same-origin' })->{status}, 201, 'the own site is not');
};

subtest 'events that are not possible' => sub {
    my $done = as('user1', GET => '/api/v1/enroll')->{json}{items}[0]{id};
    problem_is(as('user1', POST => "/api/v1/enroll/$done/events", json => { event => $_ }), 409, 'conflict', field => '/event')
        for 'cancel', 'nope', 'approve';
    problem_is(as('user1', POST => '/api/v1/enroll/nope/events', json => { event => 'cancel' }), 404, 'not-found');
    $refused += 4;
};

subtest 'nothing is stored but the attempts' => sub {
    my $list = as('user1', GET => '/api/v1/requests?limit=200');
    is(scalar @{ $list->{json}{items} }, $before + 1, 'one request: the good one');
    is(query('SELECT count(*) FROM certificate'), $certificates + 1, 'and one certificate');
    is(query("SELECT count(*) FROM audit_event WHERE outcome = 'refused'"), $refused, 'an event for each attempt to change');
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0, 'the log verifies') or diag($text);
};

is(nobody(GET => '/api/v1/health')->{json}{status}, 'ok', 'alive and well');
done();
