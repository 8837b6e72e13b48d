#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# CSRs of others (OpenSSL, GnuTLS, Java's keytool, NSS) are enrolled over the API; what comes back is
# for the right key, and each of them accepts it.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__)) . '/../http/lib';
use Test::More;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT run_ok);
use CertMgr::Standalone;

my $i = main_instance();
write_file(scratch('issuing.pem'), (read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s)[0]);

# Enrolls a CSR and looks at the certificate with openssl and certtool; returns its PEM.
sub enrolls {
    my ($what, $csr, $key) = @_;
    my $pem;
    subtest $what => sub {
        my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
        is($r->{status}, 201, 'enrolled') or diag($r->{body});
        $pem = $r->{json}{certificate}{pem} or return;
        my $file = write_file(scratch('cert.pem'), $pem);
        is(run_ok(qw(openssl x509 -noout -pubkey -in), $file), $key, 'for the key of the request') if $key;
        my ($code, $text) = command(qw(openssl verify -x509_strict -purpose sslclient -CAfile), $i->{CERTMGR_CA},
            '-untrusted', $i->{CERTMGR_CHAIN}, $file);
        is($code, 0, 'openssl verify -x509_strict') or diag($text);
        write_file(scratch('all.pem'), $pem . read_file($i->{CERTMGR_CHAIN}));
        ($code, $text) = command(qw(certtool --verify --verify-profile=medium --load-ca-certificate), $i->{CERTMGR_CA},
            '--infile', scratch('all.pem'));
        is($code, 0, 'certtool --verify') or diag($text);
        run_ok(qw(openssl x509 -outform DER -in), $file, '-out', scratch('cert.der'));
        is(run_ok(qw(certtool --inder --outder --certificate-info --infile), scratch('cert.der'), '--outfile',
            scratch('again.der')), '', 'certtool reads it');
        is(read_file(scratch('again.der')), read_file(scratch('cert.der')), 'and writes the same octets');
    };
    return $pem;
}

sub openssl_csr {
    my ($config, @more) = @_;
    write_file(scratch('req.cnf'), "[req]\ndistinguished_name=dn\nprompt=no\n$config");
    run_ok(qw(openssl req -new -nodes -config), scratch('req.cnf'), @more, '-keyout', scratch('k.pem'),
        '-out', scratch('x.csr'));
    return (read_file(scratch('x.csr')), run_ok(qw(openssl pkey -pubout -in), scratch('k.pem')));
}

my $names = "[dn]\nCN=somebody\nO=Example\n";
for my $bits (2048, 3072, 4096) {
    enrolls("openssl RSA-$bits", openssl_csr($names, '-newkey', "rsa:$bits"));
}
for my $curve (qw(P-256 P-384 P-521)) {
    enrolls("openssl $curve", openssl_csr($names, '-newkey', 'ec', '-pkeyopt', "ec_paramgen_curve:$curve"));
}
my @ec = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256');
enrolls('SHA-384 over P-256', openssl_csr($names, @ec, '-sha384'));
enrolls('a challenge password and an unstructured name',
    openssl_csr("attributes=a\n$names\[a]\nchallengePassword=secret123\nunstructuredName=x\n", @ec));
enrolls('wishes for extensions', openssl_csr("req_extensions=e\n$names\[e]\nkeyUsage=critical,digitalSignature\n"
    . "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:www.example.test,email:a\@example.test\n"
    . "basicConstraints=CA:FALSE\n", @ec));
my ($csr, $key) = openssl_csr("$names", @ec, '-text');
like($csr, qr/^Certificate Request:/, 'openssl put a text before the PEM');
enrolls('a text before the PEM', $csr, $key);
($csr, $key) = openssl_csr("$names", @ec);
enrolls('CRLF', $csr =~ s/\n/\r\n/gr, $key);
enrolls('no line end at the end', $csr =~ s/\n\z//r, $key);
enrolls('NEW CERTIFICATE REQUEST', $csr =~ s/CERTIFICATE REQUEST/NEW CERTIFICATE REQUEST/gr, $key);
enrolls('bare base64', $csr =~ s/-----[^\n]*\n//gr, $key);
enrolls('an empty subject', openssl_csr("[dn]\n", @ec, '-subj', '/'));
enrolls('a UTF-8 subject', openssl_csr("$names", @ec, '-utf8', '-subj', "/CN=J\xc3\xbcrgen"));

for my $type (['rsa', '--bits', 2048], ['ecdsa', '--curve', 'secp256r1'], ['ecdsa', '--curve', 'secp384r1']) {
    my ($kind, @more) = @{$type};
    run_ok(qw(certtool --generate-privkey --key-type), $kind, @more, '--outfile', scratch('g.key'));
    write_file(scratch('template'), "cn = gnutls\nemail = g\@example.test\nchallenge_password = 123456\n");
    my $text = run_ok(qw(certtool --generate-request --load-privkey), scratch('g.key'), '--template',
        scratch('template'), '--outfile', scratch('g.csr'));
    enrolls("certtool $kind @more", read_file(scratch('g.csr')), run_ok(qw(openssl pkey -pubout -in), scratch('g.key')));
}

for my $type (['EC', '-groupname', 'secp256r1'], ['EC', '-groupname', 'secp521r1'], ['RSA', '-keysize', 2048]) {
    my @store = ('-keystore', scratch('java.p12'), qw(-storetype PKCS12 -storepass secret -alias a));
    unlink scratch('java.p12');
    run_ok('keytool', '-genkeypair', @store, '-dname', 'CN=java, O="Example, Inc."', '-keyalg', @{$type});
    run_ok('keytool', '-certreq', @store, '-ext', 'san=dns:www.example.test', '-file', scratch('java.csr'));
    my $pem = enrolls("keytool @{$type}", read_file(scratch('java.csr'))) or next;
    write_file(scratch('reply.pem'), $pem . read_file($i->{CERTMGR_CHAIN}));
    my ($code, $text) = command('keytool', '-importcert', '-noprompt', @store, '-file', scratch('reply.pem'));
    is($code, 0, 'keytool takes the answer for its key') or diag($text);
}

subtest 'NSS' => sub {
    my $db = scratch('nss');
    mkdir $db;
    run_ok(qw(certutil -N --empty-password -d), "sql:$db");
    run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'root', '-t', 'CT,C,C', '-a', '-i', $i->{CERTMGR_CA});
    run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'issuing', '-t', ',,', '-a', '-i', scratch('issuing.pem'));
    my $noise = write_file(scratch('noise'), join '', map { chr(33 + $_ * 7 % 90) } 1 .. 64);
    run_ok('certutil', '-R', '-d', "sql:$db", qw(-s CN=nss -k ec -q nistp256 -a -z), $noise, '-o', scratch('nss.csr'));
    my $pem = enrolls('certutil', read_file(scratch('nss.csr')));
    run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'mine', '-t', ',,', '-a', '-i', write_file(scratch('n.pem'), $pem));
    my ($code, $text) = command('certutil', '-V', '-d', "sql:$db", '-n', 'mine', '-u', 'C', '-e');
    is($code, 0, 'certutil -V: a client certificate') or diag($text);
    ($code, $text) = command('certutil', '-V', '-d', "sql:$db", '-n', 'issuing', '-u', 'L', '-e');
    is($code, 0, 'certutil -V: the authority') or diag($text);
    ($code, $text) = command(qw(certutil -K -d), "sql:$db");
    like($text, qr/mine/, 'the key has found its certificate');
};

subtest 'PKCS #7' => sub {
    my $id = enroll('user2')->{certificate}{id};
    write_file(scratch('all.p7b'), as('user2', GET => "/api/v1/certificates/$id.p7b")->{body});
    like(run_ok(qw(certtool --p7-info --inder --infile), scratch('all.p7b')), qr/Number of certificates: 3/, 'certtool');
    is(() = run_ok(qw(openssl pkcs7 -inform DER -print_certs -in), scratch('all.p7b')) =~ /^-----BEGIN/mg, 3, 'openssl');
    is(() = run_ok(qw(keytool -printcert -file), scratch('all.p7b')) =~ /^Serial number/mg, 3, 'keytool');
};

done();
