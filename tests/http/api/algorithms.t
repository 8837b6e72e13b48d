#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Authorities with keys of other kinds than the default ones (certmgrctl init --plan): what they sign
# verifies. And the certificate of the OCSP responder, which renews itself.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use Time::Piece ();
use CertMgr::Test;
use CertMgr::Main;

$ENV{CERTMGR_EXTRA} = 'CertMgrOCSPCertificateValidity 2h';
my $i = main_instance();
my $codes = contract('exit_codes');
my $json = JSON::PP->new->utf8->canonical;
my %algorithms = (rsa => ['RSA-2048', 'RSA-2048'], p384 => ['P-384', 'P-384'], p521 => ['RSA-3072', 'P-521'],
    p256 => ['P-384', 'P-256']);
# what their profiles ask for, and what openssl calls it
my %hashes = (rsa => ['SHA-384', 'sha384WithRSAEncryption'], p384 => ['SHA-512', 'ecdsa-with-SHA512'],
    p521 => [undef, 'ecdsa-with-SHA512'], p256 => ['SHA-384', 'ecdsa-with-SHA384']);

sub uri { return "pkcs11:token=certmgr;object=$_[0]" }

sub authorities {
    my ($name) = @_;
    my ($root, $issuing) = @{ $algorithms{$name} };
    return (
        { name => "$name-root", key => uri("$name-root"), algorithm => $root, subject => "CN=$name root,O=Test",
            validity => '3650d', crl_validity => '30d', pathlen => 1 },
        { name => $name, parent => "$name-root", key => uri($name), algorithm => $issuing, subject => "CN=$name,O=Test",
            validity => '1825d', pathlen => 0, ocsp_key => uri("$name-ocsp") });
}

sub init {
    my ($plan) = @_;
    write_file(scratch('plan.json'), $plan);
    return break_glass('init', '--plan', scratch('plan.json'), '--log',
        "$i->{CERTMGR_FOLDER}/demo/log/ceremony-algorithms.log");
}

chmod 0755, scratch();
mkdir scratch('profiles');
my $profile = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/user.json"));
for my $name (sort keys %algorithms) {
    write_file(scratch("profiles/$name.json"), $json->encode({ %{$profile}, name => $name, ca => $name,
        $hashes{$name}[0] ? (signature_hash => $hashes{$name}[0]) : () }));
}
my ($code, $text) = init($json->encode({ authorities => [map { authorities($_) } sort keys %algorithms] }));
is($code, 0, 'certmgrctl init --plan') or diag($text);
($code, $text) = break_glass(qw(profile import), map { scratch("profiles/$_.json") } sort keys %algorithms);
is($code, 0, 'profiles for them') or diag($text);
write_file(scratch('profiles/weak.json'), $json->encode({ %{$profile}, name => 'weak', ca => 'p521', signature_hash => 'SHA-384' }));
($code, $text) = ctl(qw(profile import), scratch('profiles/weak.json'));
is($code, $codes->{refused}, 'a hash that is weaker than the key');
like($text, qr{/signature_hash: .*\[profile\.ca-signature-hash\]});
isnt((init('{'))[0], 0, 'no JSON');
is((init('{"authorities":[{"name":"x"}]}'))[0], $codes->{refused}, 'members are missing');

sub pem_of {
    my ($name) = @_;
    return write_file(scratch("$name.pem"), nobody(GET => "/ca/$name.pem")->{body});
}

sub crl_of {
    my ($name) = @_;
    write_file(scratch('crl.der'), nobody(GET => "/crl/$name.crl")->{body});
    my ($status, $said) = command(qw(openssl crl -inform DER -in), scratch('crl.der'));
    return $said;
}

sub ocsp {
    my ($ca, $file, @more) = @_;
    return (command(qw(openssl ocsp -issuer), scratch("$ca.pem"), '-cert', $file, '-url', "$i->{CERTMGR_URL}/ocsp",
        '-CAfile', scratch("$ca-root.pem"), @more))[1];
}

for my $name (sort keys %algorithms) {
    subtest "@{$algorithms{$name}}" => sub {
        my $ca = pem_of($name);
        pem_of("$name-root");
        ok(wait_until(sub { nobody(GET => "/crl/$_.crl")->{status} == 200 }), "CRL of $_") for $name, "$name-root";
        my $certificate = enroll('user1', profile => $name)->{certificate};
        my $file = write_file(scratch('cert.pem'), $certificate->{pem});
        like(scalar((command(qw(openssl x509 -noout -text -in), $file))[1]), qr/Signature Algorithm: $hashes{$name}[1]$/m, 'the hash');
        my $verify = sub {
            write_file(scratch('crls.pem'), crl_of($name) . crl_of("$name-root"));
            return command(qw(openssl verify -x509_strict -crl_check_all -CAfile), scratch("$name-root.pem"), '-untrusted', $ca,
                '-CRLfile', scratch('crls.pem'), $file);
        };
        my ($status, $said) = $verify->();
        is($status, 0, 'openssl verify -crl_check_all') or diag($said);
        ($status, $said) = command('certtool', '--verify', '--load-ca-certificate', scratch("$name-root.pem"),
            '--infile', write_file(scratch('chain.pem'), $certificate->{pem} . read_file($ca)));
        is($status, 0, 'certtool --verify') or diag($said);
        like(ocsp($name, $file), qr/Response verify OK.*: good/s, 'OCSP');
        is(revoke('user1', $certificate->{id}, 'keyCompromise')->{status}, 201);
        like(ocsp($name, $file), qr/Response verify OK.*: revoked/s, 'OCSP says so');
        ok(wait_until(sub { ($verify->())[1] =~ /certificate revoked/ }), 'and the CRL');
    };
}

subtest 'the responder renews itself' => sub {
    my $file = write_file(scratch('cert.pem'), enroll('user1')->{certificate}{pem});
    pem_of($_) for contract('authorities')->@*;
    rename scratch('root.pem'), scratch('issuing-root.pem');
    my $responder = sub {
        my $said = ocsp('issuing', $file, '-resp_text');
        like($said, qr/Response verify OK/, 'the answer verifies');
        my ($serial) = $said =~ /Certificate:.*?Serial Number:\s*([0-9a-f:]+)/s;
        my ($end) = $said =~ /Certificate:.*?Not After : (.*?) GMT/s;
        return ($serial, Time::Piece->strptime($end, '%b %d %H:%M:%S %Y')->epoch - time);
    };
    my ($serial, $left) = $responder->();
    cmp_ok($left, '<=', 7200, 'CertMgrOCSPCertificateValidity is its life');
    is((ctl(qw(jobs run ocsp)))[0], 0);
    is(($responder->())[0], $serial, 'more than half of it is left: it stays');
    my $conf = read_file($i->{CERTMGR_CONF});
    # of a longer life more than half has passed
    write_file($i->{CERTMGR_CONF}, $conf =~ s/(CertMgrOCSPCertificateValidity) 2h/$1 10d/r);
    is((ctl(qw(jobs run ocsp)))[0], 0);
    my ($next, $longer) = $responder->();
    isnt($next, $serial, 'a new one is served at once');
    cmp_ok($longer, '>', 9 * 86400, 'with the new life');
};

subtest 'codes of certmgrctl' => sub {
    is((ctl(qw(ca show)))[0], $codes->{usage}, 'an argument is missing');
    is((ctl(qw(ca show issuing --nope)))[0], $codes->{usage}, 'an unknown option');
    is((ctl(qw(person add X --role)))[0], $codes->{usage}, 'an option without its value');
    is((ctl(qw(ca list more)))[0], $codes->{usage}, 'an argument too many');
    is((ctl(qw(person certificate nope --csr /dev/null)))[0], $codes->{refused}, 'nobody has this id');
    is((ctl(qw(jobs run nope)))[0], $codes->{refused}, 'no such job');
    is((ctl(qw(audit verify --head /nowhere)))[0], $codes->{refused}, 'no such file');
};
done();
