#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the world sees of a revocation: openssl ocsp, GnuTLS ocsptool, openssl verify -crl_check, log-in;
# and OCSP by its RFCs (6960, 9654, 5019).
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use MIME::Base64 qw(encode_base64);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
write_file(scratch('issuing.pem'), $issuing);

# The word that openssl ocsp prints for a certificate, over POST, the answer verified.
sub openssl_ocsp {
    my ($file, @more) = @_;
    my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), @more, '-cert', $file,
        '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', $i->{CERTMGR_CHAIN});
    like($text, qr/Response verify OK/, 'the answer verifies');
    unlike($text, qr/no nonce/, 'and repeats the nonce');
    return $text =~ /\Q$file\E: (\w+)/ ? $1 : "nothing: $text";
}

# An OCSP request made by openssl, DER.
sub ocsp_request {
    my (@words) = @_;
    my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), @words, '-reqout', scratch('req.der'));
    die $text if $code;
    return read_file(scratch('req.der'));
}

my $certificate = enroll('user1')->{certificate};
my $file = write_file(scratch('cert.pem'), $certificate->{pem});
# the key that belongs to it, for the log-in
write_file(scratch('login.pem'), read_file(scratch('key.pem')) . $certificate->{pem});

sub crl_check {
    my $crl = nobody(GET => '/crl/issuing.crl');
    write_file(scratch('crl.der'), $crl->{body});
    command(qw(openssl crl -inform DER -in), scratch('crl.der'), '-out', scratch('crl.pem'));
    return command(qw(openssl verify -x509_strict -crl_check -CAfile), $i->{CERTMGR_CA}, '-untrusted', $i->{CERTMGR_CHAIN},
        '-CRLfile', scratch('crl.pem'), $file);
}

sub log_in {
    return call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => scratch('login.pem'));
}

subtest 'before' => sub {
    is(openssl_ocsp($file), 'good', 'openssl ocsp, SHA-1');
    is(openssl_ocsp($file, '-sha256'), 'good', 'SHA-256');
    my ($code, $text) = crl_check();
    is($code, 0, 'openssl verify -crl_check') or diag($text);
    is(log_in()->{status}, 200, 'logs in');
};

is(revoke('user1', $certificate->{id}, 'keyCompromise')->{status}, 201, 'revoked');
my $revoked_at = time;
is(openssl_ocsp($file), 'revoked', 'OCSP says so with the next request');
problem_is(log_in(), 401, 'identity', name => 'a revoked certificate logs nobody in');

subtest 'GnuTLS' => sub {
    write_file(scratch('req.der'), ocsp_request('-cert', $file));
    my ($code, $text) = command('ocsptool', '--generate-request', '--load-issuer', scratch('issuing.pem'),
        '--load-cert', $file, '--nonce', '--outfile', scratch('gnutls.der'));
    is($code, 0, 'ocsptool makes a request') or diag($text);
    my $r = nobody(POST => '/ocsp', body => read_file(scratch('gnutls.der')), type => 'application/ocsp-request');
    is($r->{status}, 200);
    is($r->{headers}->header('Content-Type'), 'application/ocsp-response');
    write_file(scratch('answer.der'), $r->{body});
    ($code, $text) = command('ocsptool', '--verify-response', '--load-trust', $i->{CERTMGR_CHAIN},
        '--load-response', scratch('answer.der'));
    is($code, 0, 'and verifies the answer') or diag($text);
    ($code, $text) = command('ocsptool', '--response-info', '--infile', scratch('answer.der'), '--inder');
    like($text, qr/Certificate Status: revoked/i);
};

subtest 'CRL within 10 s' => sub {
    ok(wait_until(sub { (crl_check())[1] =~ /certificate revoked/ }), 'openssl verify -crl_check');
    note(sprintf '%d s after the revocation', time - $revoked_at);
    my ($code, $text) = command(qw(openssl crl -noout -text -in), scratch('crl.pem'));
    like($text, qr/Serial Number: 0*$certificate->{serial}/i, 'listed');
    like($text, qr/Key Compromise/, 'with its reason');
    like($text, qr/X509v3 CRL Number/, 'a number');
    like($text, qr/X509v3 Authority Key Identifier/, 'AKI');
    like($text, qr/X509v3 Issuing Distribution Point: critical/i, 'IDP');
    ($code, $text) = command('certtool', '--crl-info', '--infile', scratch('crl.pem'));
    is($code, 0, 'certtool reads it');
};

subtest 'GET' => sub {
    my $base64 = encode_base64(ocsp_request('-no_nonce', '-cert', $file), '');
    my $r = nobody(GET => '/ocsp/' . ($base64 =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger));
    is($r->{status}, 200);
    is($r->{headers}->header('Content-Type'), 'application/ocsp-response');
    like($r->{headers}->header('Cache-Control') // '', qr/max-age=\d+/, 'RFC 5019 6.2');
    ok($r->{headers}->header($_), $_) for qw(ETag Last-Modified Expires);
    is(nobody(GET => "/ocsp/$base64")->{status}, 200, 'unescaped');
    write_file(scratch('answer.der'), $r->{body});
    my ($code, $text) = command(qw(openssl ocsp -respin), scratch('answer.der'), '-issuer', scratch('issuing.pem'),
        '-cert', $file, '-CAfile', $i->{CERTMGR_CHAIN});
    like($text, qr/: revoked/);
};

subtest 'several in one request, and one never issued' => sub {
    my $other = write_file(scratch('other.pem'), enroll('user2')->{certificate}{pem});
    my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), '-cert', $file, '-cert', $other,
        '-serial', '0x4711', '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', $i->{CERTMGR_CHAIN});
    like($text, qr/\Q$file\E: revoked/);
    like($text, qr/\Q$other\E: good/);
    like($text, qr/0x4711: unknown/);
};

subtest 'the responder' => sub {
    my $r = nobody(POST => '/ocsp', body => ocsp_request('-cert', $file), type => 'application/ocsp-request');
    write_file(scratch('answer.der'), $r->{body});
    my ($code, $text) = command(qw(openssl ocsp -noverify -resp_text -respin), scratch('answer.der'));
    like($text, qr/OCSP Signing/, 'delegated');
    like($text, qr/OCSP No Check/i, 'id-pkix-ocsp-nocheck');
    is(nobody(POST => '/ocsp', body => 'garbage', type => 'application/ocsp-request')->{body},
        "\x30\x03\x0a\x01\x01", 'malformedRequest');
    is(nobody(POST => '/ocsp', body => 'x' x 20_000, type => 'application/ocsp-request')->{status}, 413);
    is(nobody(POST => '/ocsp', body => 'x', type => 'text/plain')->{status}, 415);
    ($code) = command(qw(openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=foreign -keyout), scratch('f.key'), '-out', scratch('f.pem'));
    ($code, $text) = command(qw(openssl ocsp -issuer), scratch('f.pem'), '-cert', scratch('f.pem'), '-reqout', scratch('f.der'));
    is(nobody(POST => '/ocsp', body => read_file(scratch('f.der')), type => 'application/ocsp-request')->{body},
        "\x30\x03\x0a\x01\x06", 'unauthorized for foreign issuers');
};

subtest 'the root is needed for ceremonies only' => sub {
    my ($code, $text) = command(qw(openssl x509 -noout -text -in), scratch('issuing.pem'));
    like($text, qr{/crl/root\.crl}, 'the issuing CA points at the CRL of the root');
    unlike($text, qr{OCSP - URI}, 'and at no responder, for the root has none');
    ($code, $text) = command(qw(openssl ocsp -issuer), $i->{CERTMGR_CA}, '-cert', scratch('issuing.pem'),
        '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', $i->{CERTMGR_CHAIN});
    like($text, qr/unauthorized/, 'which says so');
    write_file(scratch('root.der'), nobody(GET => '/crl/root.crl')->{body});
    command(qw(openssl crl -inform DER -in), scratch('root.der'), '-out', scratch('root.crl'));
    write_file(scratch('all.crl'), read_file(scratch('root.crl')) . read_file(scratch('crl.pem')));
    my $other = write_file(scratch('other.pem'), enroll('user2')->{certificate}{pem});
    ($code, $text) = command(qw(openssl verify -x509_strict -crl_check_all -CAfile), $i->{CERTMGR_CA},
        '-untrusted', $i->{CERTMGR_CHAIN}, '-CRLfile', scratch('all.crl'), $other);
    is($code, 0, 'openssl verify -crl_check_all') or diag($text);
};
done();
