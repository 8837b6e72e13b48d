#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The main job, and the names of the contract: health, me, enroll, certificates, revoke, lists.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use MIME::Base64 qw(decode_base64);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
ok(-e $i->{$_} || $_ eq 'CERTMGR_URL', "$_ is there") for @{ contract('environment') };

subtest 'health needs no log-in' => sub {
    my $r = nobody(GET => '/api/v1/health');
    is($r->{status}, 200);
    members_are($r->{json}, 'health');
    is($r->{json}{status}, 'ok');
};

subtest 'me' => sub {
    for my $who (@{ contract('people') }) {
        my $r = as($who, GET => '/api/v1/me');
        is($r->{status}, 200, $who);
        members_are($r->{json}, 'me');
        is($r->{json}{name}, $who);
        is($r->{json}{login}, 'tls');
        is_deeply([sort @{ $r->{json}{roles} }], [sort @{ contract('roles')->{$who} }], 'roles');
        like($r->{headers}->header('Cache-Control'), qr/no-store/, 'personal data are not stored');
    }
    problem_is(nobody(GET => '/api/v1/me'), 401, 'identity');
};

my $request = enroll('user1', message => "for my laptop");
my $certificate = $request->{certificate};
subtest 'a request' => sub {
    members_are($request, 'request');
    is($request->{operation}, 'enroll');
    is($request->{state}, 'completed');
    is($request->{message}, 'for my laptop');
    is_deeply($request->{events}, []);
    is(scalar @{ $request->{checklist} }, 1);
    members_are($request->{checklist}[0], 'item');
    is($request->{checklist}[0]{item}, 'csr');
    is($request->{checklist}[0]{phase}, 'before-issue');
    is($request->{checklist}[0]{state}, 'done');
    like($request->{created}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    my $again = as('user1', GET => "/api/v1/enroll/$request->{id}");
    is($again->{status}, 200);
    is_deeply($again->{json}, $request, 'reads as it was answered');
    is_deeply(as('user1', GET => "/api/v1/requests/$request->{id}")->{json}, $request);
    problem_is(as('user1', GET => "/api/v1/revoke/$request->{id}"), 404, 'not-found');
    problem_is(as('user2', GET => "/api/v1/enroll/$request->{id}"), 404, 'not-found');
    problem_is(as('user1', GET => '/api/v1/enroll/nope'), 404, 'not-found');
    is(as('officer1', GET => "/api/v1/enroll/$request->{id}")->{status}, 200, 'officers see it');
    is(as('auditor1', GET => "/api/v1/enroll/$request->{id}")->{status}, 200, 'auditors see it');
};

subtest 'a certificate' => sub {
    members_are($certificate, 'certificate');
    like($certificate->{serial}, qr/^[0-9a-f]+$/);
    is($certificate->{ca}, 'issuing');
    is($certificate->{status}, 'active');
    is($certificate->{subject}, 'CN=user1', 'the name of the log-in, not of the CSR');
    is($certificate->{revocation}, undef);
    is($certificate->{profile}, 'user');
    write_file(scratch('cert.pem'), $certificate->{pem});
    my ($code, $text) = command(qw(openssl verify -x509_strict -CAfile), $i->{CERTMGR_CA}, '-untrusted',
        $i->{CERTMGR_CHAIN}, scratch('cert.pem'));
    is($code, 0, 'verifies') or diag($text);
    my $r = as('user1', GET => "/api/v1/certificates/$certificate->{id}");
    is_deeply($r->{json}, $certificate);
    problem_is(as('user2', GET => "/api/v1/certificates/$certificate->{id}"), 404, 'not-found');
    problem_is(nobody(GET => "/api/v1/certificates/$certificate->{id}"), 401, 'identity');
};

subtest 'its forms' => sub {
    my $path = "/api/v1/certificates/$certificate->{id}";
    my $types = contract('suffixes');
    my %form = map { $_ => as('user1', GET => "$path$_") } sort keys %{$types};
    for my $suffix (sort keys %form) {
        is($form{$suffix}{status}, 200, $suffix);
        is(scalar $form{$suffix}{headers}->header('Content-Type') =~ s/;.*//r, $types->{$suffix}, 'media type');
        my $accepted = as('user1', GET => $path, headers => { Accept => $types->{$suffix} });
        is($accepted->{body}, $form{$suffix}{body}, 'the same by Accept');
    }
    is($form{'.pem'}{body}, $certificate->{pem});
    my ($base64) = $certificate->{pem} =~ /-----\n(.*)-----END/s;
    is($form{'.cer'}{body}, decode_base64($base64), 'DER');
    write_file(scratch('cert.p7b'), $form{'.p7b'}{body});
    my ($code, $text) = command(qw(openssl pkcs7 -inform DER -print_certs -in), scratch('cert.p7b'));
    is($code, 0) or diag($text);
    like($text, qr/CN ?= ?user1/);
    my $chain = as('user1', GET => "$path/chain.pem");
    is($chain->{status}, 200, 'chain');
    is(() = $chain->{body} =~ /BEGIN CERTIFICATE/g, 3, 'certificate, issuing CA, root');
    is(as('user1', GET => $path, headers => { Accept => 'image/png' })->{status}, 406);
};

subtest 'lists are paged, newest first' => sub {
    enroll('user2') for 1 .. 3;
    my $r = as('user2', GET => '/api/v1/enroll?limit=2');
    is($r->{status}, 200);
    members_are($r->{json}, 'list');
    is(scalar @{ $r->{json}{items} }, 2);
    ok($r->{json}{items}[0]{id} gt $r->{json}{items}[1]{id}, 'newest first');
    my $next = $r->{json}{next};
    $next =~ s{^https?://[^/]+}{};
    $next =~ s{^/certmgr}{};
    my $rest = as('user2', GET => $next);
    is(scalar @{ $rest->{json}{items} }, 2, 'the first of all is the one from the set-up');
    is($rest->{json}{next}, undef, 'the end');
    is(scalar(grep { $_->{requester} ne $request->{requester} } @{ as('user1', GET => '/api/v1/requests')->{json}{items} }),
        0, 'only the own ones');
    cmp_ok(scalar @{ as('officer1', GET => '/api/v1/certificates?limit=200')->{json}{items} }, '>=', 4, 'officers see all');
    for my $bad ('limit=0', 'limit=201', 'limit=x', 'limit=1&limit=2', 'nope=1') {
        my $answer = as('user1', GET => "/api/v1/requests?$bad");
        ok($answer->{status} == 422 || $answer->{status} == 400, "$bad is refused");
    }
};

subtest 'revocation' => sub {
    problem_is(revoke('user2', $certificate->{id}), 404, 'not-found', field => '/certificate');
    problem_is(revoke('auditor1', $certificate->{id}), 403, 'forbidden');
    problem_is(revoke('admin1', $certificate->{id}), 403, 'forbidden', rule => 'permission.decide',
        name => 'who sees a certificate of others may not revoke it for that');
    my $own = enroll('admin1')->{certificate};
    is(revoke('admin1', $own->{id})->{status}, 201, 'but the own one');
    problem_is(revoke('user1', $certificate->{id}, 'certificateHold'), 422, 'refused', field => '/reason');
    my $r = revoke('user1', $certificate->{id}, 'keyCompromise');
    is($r->{status}, 201) or diag($r->{body});
    is($r->{json}{operation}, 'revoke');
    is($r->{json}{certificate}{status}, 'revoked');
    members_are($r->{json}{certificate}{revocation}, 'revocation');
    is($r->{json}{certificate}{revocation}{reason}, 'keyCompromise');
    like($r->{headers}->header('Location'), qr{/api/v1/revoke/$r->{json}{id}$});
    problem_is(revoke('user1', $certificate->{id}), 409, 'conflict');
    my $other = enroll('user2')->{certificate};
    is(revoke('officer1', $other->{id})->{status}, 201, 'an officer revokes for others');
};

subtest 'events' => sub {
    my $path = "/api/v1/enroll/$request->{id}/events";
    problem_is(as('user1', POST => $path, json => { event => 'cancel' }), 409, 'conflict');
    problem_is(as('user2', POST => $path, json => { event => 'cancel' }), 404, 'not-found');
    problem_is(as('user1', POST => $path, json => {}), 422, 'invalid-value', field => '/event');
};

subtest 'what anybody may fetch' => sub {
    for my $ca (@{ contract('authorities') }) {
        for my $suffix ('.cer', '.pem', '.p7b') {
            is(nobody(GET => "/ca/$ca$suffix")->{status}, 200, "$ca$suffix");
        }
        my $crl = nobody(GET => "/crl/$ca.crl");
        is($crl->{status}, 200, "$ca.crl");
        my $tag = $crl->{headers}->header('ETag');
        ok($tag, 'has an ETag');
        is(nobody(GET => "/crl/$ca.crl", headers => { 'If-None-Match' => $tag })->{status}, 304);
    }
    is(nobody(GET => '/crl/nope.crl')->{status}, 404);
    is(nobody(GET => '/ca/nope.cer')->{status}, 404);
};

done();
