#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# renew, rekey, suspend, reinstate: what the API, OCSP, the CRL and the log-in say of it.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
write_file(scratch('issuing.pem'), nobody(GET => '/ca/issuing.pem')->{body});

sub ask {
    my ($who, $operation, $certificate, %more) = @_;
    return as($who, POST => "/api/v1/$operation", json => { certificate => $certificate->{id}, %more });
}

sub certificate {
    my ($id) = @_;
    return as('officer1', GET => "/api/v1/certificates/$id")->{json};
}

sub ocsp {
    my ($certificate) = @_;
    write_file(scratch('ask.pem'), $certificate->{pem});
    return (command(qw(openssl ocsp -issuer), scratch('issuing.pem'), '-cert', scratch('ask.pem'), '-url',
        "$i->{CERTMGR_URL}/ocsp", '-CAfile', $i->{CERTMGR_CHAIN}))[1];
}

# What openssl says of the certificate with the CRL of now.
sub crl_check {
    my ($certificate) = @_;
    write_file(scratch('ask.pem'), $certificate->{pem});
    write_file(scratch('crl.der'), nobody(GET => '/crl/issuing.crl')->{body});
    command(qw(openssl crl -inform DER -in), scratch('crl.der'), '-out', scratch('crl.pem'));
    return (command(qw(openssl verify -x509_strict -crl_check -CAfile), $i->{CERTMGR_CA}, '-untrusted',
        $i->{CERTMGR_CHAIN}, '-CRLfile', scratch('crl.pem'), scratch('ask.pem')))[1];
}

sub spki {
    my ($certificate) = @_;
    write_file(scratch('ask.pem'), $certificate->{pem});
    return (command(qw(openssl x509 -noout -pubkey -in), scratch('ask.pem')))[1];
}

subtest 'renew' => sub {
    my $old = enroll('user1')->{certificate};
    problem_is(ask('user2', renew => $old), 404, 'not-found', field => '/certificate');
    problem_is(ask('admin1', renew => $old), 403, 'forbidden', rule => 'permission.submit-for-others');
    my $r = ask('user1', renew => $old);
    is($r->{status}, 201) or diag($r->{body});
    members_are($r->{json}, 'request');
    my $new = $r->{json}{certificate};
    is($new->{replaces}, $old->{id});
    is(certificate($old->{id})->{replaced_by}, $new->{id});
    is(spki($new), spki($old), 'the same key');
    is_deeply([@$new{qw(subject san owner ca)}], [@$old{qw(subject san owner ca)}], 'the same names');
    isnt($new->{serial}, $old->{serial});
    like(ocsp($_), qr/: good/) for $old, $new;
    problem_is(ask('user1', renew => $old), 409, 'conflict', rule => 'certificate.replaced');
    problem_is(as('user1', POST => '/api/v1/renew', json => { certificate => $new->{id}, csr => csr() }), 422,
        'unknown-member', field => '/csr');
};

subtest 'rekey' => sub {
    my $old = enroll('user1')->{certificate};
    my $same = read_file(scratch('new.csr'));
    problem_is(ask('user1', rekey => $old, csr => $same), 422, 'refused', field => '/csr', rule => 'rekey.key');
    my $r = ask('user1', rekey => $old, csr => csr());
    is($r->{status}, 201) or diag($r->{body});
    my $new = $r->{json}{certificate};
    isnt(spki($new), spki($old), 'another key');
    is_deeply([@$new{qw(subject san not_after)}], [@$old{qw(subject san not_after)}], 'same names and expiry');
    is($new->{replaces}, $old->{id});
};

subtest 'suspend and reinstate' => sub {
    my $certificate = enroll('user1')->{certificate};
    write_file(scratch('login.pem'), read_file(scratch('key.pem')) . $certificate->{pem});
    my $log_in = sub {
        call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => scratch('login.pem'));
    };
    is($log_in->()->{status}, 200, 'logs in');
    problem_is(ask('user1', suspend => $certificate, remarks => ''), 422, 'refused', field => '/remarks');
    problem_is(ask('officer1', reinstate => $certificate, remarks => 'x'), 409, 'conflict', rule => 'certificate.active');
    my $r = ask('user1', suspend => $certificate, remarks => 'left in a taxi');
    is($r->{status}, 201) or diag($r->{body});
    is($r->{json}{certificate}{status}, 'suspended');
    is($r->{json}{certificate}{revocation}{reason}, 'certificateHold');
    members_are($r->{json}{certificate}{revocation}, 'revocation');
    problem_is($log_in->(), 401, 'identity', name => 'logs nobody in');
    like(ocsp($certificate), qr/: revoked.*certificateHold/s, 'OCSP');
    problem_is(ask('user1', suspend => $certificate, remarks => 'x'), 409, 'conflict', rule => 'certificate.suspended');
    problem_is(ask('user1', renew => $certificate), 409, 'conflict', rule => 'certificate.suspended');
    ok(wait_until(sub { crl_check($certificate) =~ /certificate revoked/ }), 'the CRL');
    like((command(qw(openssl crl -noout -text -in), scratch('crl.pem')))[1], qr/Certificate Hold/);
    problem_is(ask('user1', reinstate => $certificate, remarks => 'x'), 422, 'refused', rule => 'profile.operation');
    $r = ask('officer1', reinstate => $certificate, remarks => 'found');
    is($r->{status}, 201) or diag($r->{body});
    is($r->{json}{certificate}{status}, 'active');
    is($r->{json}{certificate}{revocation}, undef);
    like(ocsp($certificate), qr/: good/, 'OCSP');
    is($log_in->()->{status}, 200, 'logs in again');
    ok(wait_until(sub { crl_check($certificate) =~ /: OK$/ }), 'gone from the CRL');
    is(revoke('officer1', $certificate->{id})->{status}, 201);
    problem_is(ask('officer1', reinstate => $certificate, remarks => 'x'), 409, 'conflict', rule => 'certificate.revoked');
};

subtest 'officers act for others, administrators do not' => sub {
    my $certificate = enroll('user1')->{certificate};
    problem_is(ask('admin1', suspend => $certificate, remarks => 'x'), 403, 'forbidden', rule => 'permission.decide');
    problem_is(revoke('admin1', $certificate->{id}), 403, 'forbidden', rule => 'permission.decide');
    problem_is(ask('auditor1', suspend => $certificate, remarks => 'x'), 403, 'forbidden');
    problem_is(ask('officer1', rekey => $certificate, csr => csr()), 403, 'forbidden', rule => 'certificate.holder',
        name => "nobody gets a key into somebody else's log-in");
    is(ask('officer1', suspend => $certificate, remarks => 'x')->{status}, 201);
    is(revoke('officer1', $certificate->{id})->{status}, 201, 'a hold becomes a revocation');
    is(certificate($certificate->{id})->{status}, 'revoked');
};
done();
