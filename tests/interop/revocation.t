#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What others make of a revocation, by the addresses that the certificates carry, over plain HTTP:
# OpenSSL, GnuTLS, Java's CertPathValidator and NSS.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__)) . '/../http/lib';
use IO::Socket::INET ();
use Test::More;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT run_ok);
use CertMgr::Standalone;

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
my $public = "http://localhost:$port/certmgr";
$ENV{CERTMGR_EXTRA} = <<"END";
CertMgrPublicURL $public
CertMgrCRLGather 1s
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    ServerName localhost
    AllowEncodedSlashes NoDecode
    <Location "/certmgr">
        CertMgr on
        Require all granted
    </Location>
</VirtualHost>
END
my $i = main_instance();
my $java = dirname(abs_path(__FILE__)) . '/java/Validate.java';
my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
write_file(scratch('issuing.pem'), $issuing);

sub make {
    my ($name) = @_;
    my $certificate = enroll('user1')->{certificate};
    write_file(scratch("$name.key"), read_file(scratch('key.pem')));
    write_file(scratch("$name.pem"), $certificate->{pem});
    write_file(scratch("$name.chain"), $certificate->{pem} . read_file($i->{CERTMGR_CHAIN}));
    return $certificate;
}

sub fetch_crl {
    my ($ca) = @_;
    my $r = call(GET => "$public/crl/$ca.crl");
    is($r->{status}, 200, "$ca.crl over plain HTTP");
    write_file(scratch("$ca.crl"), $r->{body});
    run_ok(qw(openssl crl -inform DER -in), scratch("$ca.crl"), '-out', scratch("$ca.crl.pem"));
    return;
}

sub crls { return write_file(scratch('crls.pem'), join '', map { read_file(scratch("$_.crl.pem")) } qw(root issuing)) }

sub openssl_crl {
    my ($code, $text) = command(qw(openssl verify -x509_strict -crl_check_all -CAfile), $i->{CERTMGR_CA}, '-untrusted',
        $i->{CERTMGR_CHAIN}, '-CRLfile', crls(), scratch("$_[0].pem"));
    return $code == 0 ? 'good' : $text =~ /certificate revoked/ ? 'revoked' : $text;
}

# openssl fetches from the address in the certificate itself
sub openssl_download {
    my ($code, $text) = command(qw(openssl verify -crl_check -crl_download -CAfile), $i->{CERTMGR_CA}, '-untrusted',
        $i->{CERTMGR_CHAIN}, scratch("$_[0].pem"));
    return $code == 0 ? 'good' : $text =~ /certificate revoked/ ? 'revoked' : $text;
}

sub certtool_crl {
    my ($code, $text) = command(qw(certtool --verify --verify-profile=medium --load-ca-certificate), $i->{CERTMGR_CA},
        '--load-crl', crls(), '--infile', scratch("$_[0].chain"));
    return $code == 0 ? 'good' : $text =~ /revoked/ ? 'revoked' : $text;
}

sub ocsptool_ask {
    my ($code, $text) = command('ocsptool', '--ask', '--nonce', '--load-cert', scratch("$_[0].pem"), '--load-issuer',
        scratch('issuing.pem'), '--load-trust', $i->{CERTMGR_CHAIN});
    like($text, qr/Verifying OCSP Response: Success/, 'ocsptool: the answer verifies') or diag($text);
    return $text =~ /Certificate Status: (\w+)/ ? $1 : $text;
}

sub openssl_ocsp {
    my ($name, @more) = @_;
    my ($uri) = run_ok(qw(openssl x509 -noout -ocsp_uri -in), scratch("$name.pem")) =~ /(\S+)/;
    my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), @more, '-cert', scratch("$name.pem"),
        '-url', $uri, '-CAfile', $i->{CERTMGR_CA}, '-verify_other', scratch('issuing.pem'));
    like($text, qr/Response verify OK/, 'openssl ocsp: the answer verifies');
    return $text =~ /\.pem: (\w+)/ ? $1 : $text;
}

sub java {
    my ($name, $how) = @_;
    my ($code, $text) = command('java', $java, $i->{CERTMGR_CA}, scratch("$name.chain"), $how);
    chomp $text;
    return $text;
}

my $db = scratch('nss');
mkdir $db;
run_ok(qw(certutil -N --empty-password -d), "sql:$db");
run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'root', '-t', 'CT,C,C', '-a', '-i', $i->{CERTMGR_CA});
run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'issuing', '-t', ',,', '-a', '-i', scratch('issuing.pem'));

# OCSP only: NSS knows no IssuingDistributionPoint, which is critical (RFC 5280 5.2.5), and takes all
# certificates for revoked when it meets such a CRL.
sub vfychain {
    my ($name, $how) = @_;
    my ($code, $text) = command('vfychain', '-d', "sql:$db", '-u', 0, '-pp', '-g', 'leaf', '-h', 'testLocalInfoFirst',
        '-m', $how, '-s', 'failIfNoInfo', '-a', scratch("$name.pem"), '-a', scratch('issuing.pem'));
    return $text =~ /Chain is good/ ? 'good' : $text =~ /revoked/i ? 'revoked' : $text;
}

my %asked = (
    'openssl ocsp, SHA-1' => [\&openssl_ocsp],
    'openssl ocsp, SHA-256' => [\&openssl_ocsp, '-sha256'],
    'openssl verify -crl_check_all' => [\&openssl_crl],
    'openssl verify -crl_download' => [\&openssl_download],
    'ocsptool --ask' => [\&ocsptool_ask],
    'certtool --verify --load-crl' => [\&certtool_crl],
    'Java, OCSP' => [\&java, 'ocsp'],
    'Java, CRLs' => [\&java, 'crl'],
    'NSS, OCSP' => [\&vfychain, 'ocsp'],
);

sub all_say {
    my ($name, $expected) = @_;
    fetch_crl($_) for qw(root issuing);
    for my $who (sort keys %asked) {
        my ($ask, @more) = @{ $asked{$who} };
        like($ask->($name, @more), $expected, "$who: $name");
    }
    return;
}

my $revoked = make('revoked');
my $alive = make('alive');
subtest 'addresses' => sub {
    my $text = run_ok(qw(openssl x509 -noout -ext), 'crlDistributionPoints,authorityInfoAccess', '-in', scratch('alive.pem'));
    like($text, qr{\Q$_\E}, $_) for "$public/crl/issuing.crl", "$public/ocsp", "$public/ca/issuing.cer";
    unlike($text, qr/https:/, 'none over https');
    is(call(GET => "$public/ca/issuing.cer")->{status}, 200, 'the issuer');
};
subtest 'before' => sub { all_say('revoked', qr/^good$/i) };
is(revoke('user1', $revoked->{id}, 'keyCompromise')->{status}, 201, 'revoked');
like(openssl_ocsp('revoked'), qr/^revoked$/, 'OCSP says so at once');
ok(wait_until(sub {
    write_file(scratch('new.crl'), call(GET => "$public/crl/issuing.crl")->{body});
    return run_ok(qw(openssl crl -inform DER -noout -text -in), scratch('new.crl')) =~ /\Q$revoked->{serial}\E/i;
}), 'the CRL lists it');
subtest 'after' => sub { all_say('revoked', qr/^revoked/i) };
subtest 'another' => sub { all_say('alive', qr/^good$/i) };
like(java('revoked', 'ocsp'), qr/KEY_COMPROMISE/, 'the reason by OCSP');
like(java('revoked', 'crl'), qr/KEY_COMPROMISE/, 'the reason by CRL');

subtest 'the CRL to the letter' => sub {
    my $text = run_ok(qw(openssl crl -inform DER -noout -text -in), scratch('issuing.crl'));
    like($text, qr/Version 2/, 'v2');
    like($text, qr/X509v3 CRL Number/, 'CRL number');
    like($text, qr/X509v3 Authority Key Identifier/, 'AKI');
    like($text, qr/Issuing Distribution Point: critical\s+Full Name:\s+URI:\Q$public\E\/crl\/issuing\.crl\s+URI:https:/,
        'IDP, with the address of before too');
    like($text, qr/CRL Reason Code:\s+Key Compromise/i, 'reason');
    run_ok(qw(certtool --crl-info --inder --infile), scratch('issuing.crl'));
    my $again = scratch('again.crl');
    run_ok(qw(certtool --crl-info --inder --outder --infile), scratch('issuing.crl'), '--outfile', $again);
    is(read_file($again), read_file(scratch('issuing.crl')), 'certtool writes the same octets');
};

subtest 'gnutls-cli' => sub {
    my ($https) = $i->{CERTMGR_URL} =~ m{localhost:(\d+)};
    my ($code, $text) = command('sh', '-c', 'gnutls-cli --ocsp --verify-hostname localhost --x509cafile "$0" -p "$1" localhost </dev/null',
        $i->{CERTMGR_CA}, $https);
    is($code, 0, 'a connection, with OCSP for the certificate of the server') or diag($text);
    like($text, qr/OCSP server flags certificate not revoked/i, 'which was asked for') or diag($text);
};
done();
