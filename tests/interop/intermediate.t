#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A subordinate authority under intermediate-ca, run by OpenSSL: what it issues verifies with OpenSSL, GnuTLS,
# Java and NSS; a second level below path length 0, and names outside of the name constraints, do not.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__)) . '/../http/lib';
use JSON::PP ();
use Test::More;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT run_ok);
use CertMgr::Standalone;

my $i = main_instance();
my $json = JSON::PP->new->utf8->canonical;
my $java = dirname(abs_path(__FILE__)) . '/java/Validate.java';
my $root = write_file(scratch('root.pem'), read_file($i->{CERTMGR_CA}));
chmod 0755, scratch();

# Asked for by one ca-admin, approved by another; returns the file of the certificate.
sub subordinate {
    my ($name, $profile, @dn) = @_;
    run_ok(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj), $dn[0] // "/O=Example/CN=$name",
        '-keyout', scratch("$name.key"), '-out', scratch("$name.csr"));
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => $profile, csr => read_file(scratch("$name.csr")) });
    is($r->{status}, 202, "$name: asked for") or diag($r->{body});
    my $own = as('admin1', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve', remarks => 'own' });
    ok($own->{status} >= 400, "$name: not approved by who asked");
    $r = as('admin2', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve', remarks => 'other' });
    is($r->{json}{state}, 'completed', "$name: approved by another") or diag($r->{body});
    return write_file(scratch("$name.pem"), $r->{json}{certificate}{pem});
}

# OpenSSL issues below $ca; returns the files of the certificate and of its chain.
sub issue {
    my ($ca, $name, $subject, @ext) = @_;
    run_ok(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj), $subject, '-keyout', scratch("$name.key"),
        '-out', scratch("$name.csr"));
    write_file(scratch('ext.cnf'), join "\n", 'subjectKeyIdentifier=hash', 'authorityKeyIdentifier=keyid:always', @ext, '');
    run_ok(qw(openssl x509 -req -days 30 -in), scratch("$name.csr"), '-CA', scratch("$ca.pem"), '-CAkey', scratch("$ca.key"),
        '-extfile', scratch('ext.cnf'), '-out', scratch("$name.pem"));
    return;
}

sub server { return ('basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth', "subjectAltName=$_[0]") }

# Where the alternative names begin.
sub strparse {
    my ($pem) = @_;
    my ($at) = run_ok(qw(openssl asn1parse -in), $pem) =~ /X509v3 Subject Alternative Name\n\s*(?:\d+:.*BOOLEAN.*\n\s*)?(\d+):/;
    return $at;
}

# What each says of the path: certificate first.
my %verify = (
    openssl => sub {
        my @path = @_;
        write_file(scratch('above.pem'), join '', map { read_file(scratch("$_.pem")) } @path[1 .. $#path]);
        my ($code, $text) = command(qw(openssl verify -x509_strict -policy_check -policy anyPolicy -purpose sslserver -CAfile), $root, '-untrusted', scratch('above.pem'),
            scratch("$path[0].pem"));
        return ($code, $text);
    },
    certtool => sub {
        write_file(scratch('path.pem'), join '', map({ read_file(scratch("$_.pem")) } @_), read_file($root));
        return command(qw(certtool --verify --verify-profile=medium --load-ca-certificate), $root, '--infile', scratch('path.pem'));
    },
    java => sub {
        write_file(scratch('path.pem'), join '', map { read_file(scratch("$_.pem")) } @_);
        my ($code, $text) = command('java', $java, $root, scratch('path.pem'));
        return ($text =~ /^good$/m ? 0 : 1, $text);
    },
    nss => sub {
        my @path = @_;
        my $db = scratch("nss-$path[0]");
        mkdir $db;
        run_ok(qw(certutil -N --empty-password -d), "sql:$db") if !-e "$db/cert9.db";
        run_ok('certutil', '-A', '-d', "sql:$db", '-n', 'root', '-t', 'CT,C,C', '-a', '-i', $root);
        run_ok('certutil', '-A', '-d', "sql:$db", '-n', $_, '-t', ',,', '-a', '-i', scratch("$_.pem")) for @path;
        return command('certutil', '-V', '-d', "sql:$db", '-n', $path[0], '-u', 'V', '-e');
    },
);

sub all_say {
    my ($what, $good, @path) = @_;
    subtest $what => sub {
        # GnuTLS 3.7 does not look at constraints of directory names; policy constraints, which are always
        # critical, are known to neither it nor NSS
        for my $who (grep { ($what !~ /organisation/ || $_ ne 'certtool') && ($what !~ /policy/ || /openssl|java/) } sort keys %verify) {
            my ($code, $text) = $verify{$who}->(@path);
            $good ? is($code, 0, "$who: good") : isnt($code, 0, "$who: refused");
            diag("$who: $text") if $good ? $code : !$code;
        }
    };
    return;
}

subordinate('sub', 'intermediate-ca');
like(run_ok(qw(openssl x509 -noout -ext), 'basicConstraints,keyUsage', '-in', scratch('sub.pem')),
    qr/CA:TRUE, pathlen:0.*Certificate Sign, CRL Sign/s, 'path length 0');
issue('sub', 'leaf', '/CN=www.example.test', server('DNS:www.example.test'));
all_say('what it issues verifies', 1, qw(leaf sub));
issue('sub', 'second', '/O=Example/CN=Second', 'basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign');
issue('second', 'deep', '/CN=deep.example.test', server('DNS:deep.example.test'));
all_say('a second level below path length 0 does not', 0, qw(deep second sub));

my $profile = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/intermediate-ca.json"));
$profile->{name} = 'partner-ca';
$profile->{name_constraints} = {
    permitted => ['dns:example.test', 'email:example.test', 'ip:192.0.2.0/24', 'dirname:O=Example', 'dirname:CN=www.example.test'],
    excluded => ['dns:secret.example.test', 'ip:2001:db8::/32'],
};
my $file = write_file(scratch('partner.json'), $json->encode($profile));
chmod 0644, $file;
my ($code, $text) = break_glass(qw(profile import), $file);
is($code, 0, 'a profile with name constraints') or diag($text);
subordinate('bound', 'partner-ca');
$text = run_ok(qw(openssl x509 -noout -ext nameConstraints -in), scratch('bound.pem'));
like($text, qr/Name Constraints: critical\s+Permitted:\s+DNS:example\.test\s+email:example\.test\s+IP:192\.0\.2\.0\/255\.255\.255\.0\s+DirName:O = Example\s+DirName:CN = www\.example\.test\s+Excluded:\s+DNS:secret\.example\.test\s+IP:2001:DB8:/,
    'as openssl reads them');
issue('bound', 'inside', '/O=Example/CN=www.example.test', server('DNS:www.example.test,IP:192.0.2.7'));
all_say('names inside of the constraints verify', 1, qw(inside bound));
my %outside = (
    'another domain' => ['/O=Example/CN=a', 'DNS:www.example.org'],
    'an excluded domain' => ['/O=Example/CN=a', 'DNS:a.secret.example.test'],
    'another address' => ['/O=Example/CN=a', 'DNS:www.example.test,IP:192.0.3.7'],
    'another organisation' => ['/O=Other/CN=a', 'DNS:www.example.test'],
);
for my $what (sort keys %outside) {
    my ($subject, $san) = @{ $outside{$what} };
    issue('bound', 'outside', $subject, server($san));
    unlink glob scratch('nss-outside/*');
    all_say("$what does not", 0, qw(outside bound));
}

# Policies: each path below needs one, and no mapping and no anyPolicy makes one.
sub stored {
    my ($new) = @_;
    my $name = $new->{name};
    my $path = write_file(scratch("$name.json"), $json->encode($new));
    chmod 0644, $path;
    my ($status, $said) = break_glass(qw(profile import), $path);
    is($status, 0, "profile $name") or diag($said);
    ($status, $said) = ctl(qw(profile export), $name);
    is_deeply($json->decode($said), $new, 'is exported as it was imported');
    return;
}
$profile->{name} = 'governed-ca';
delete $profile->{name_constraints};
$profile->{path_length} = 0;
$profile->{policies} = [{ oid => '1.2.3.4' }, { oid => '1.2.3.5' }];
$profile->{policy_constraints} = { require_explicit => 0, inhibit_mapping => 0 };
$profile->{inhibit_any_policy} = 0;
stored($profile);
$profile->{policy_constraints}{require_explicit} = 2;
write_file(scratch('changed.json'), $json->encode($profile));
chmod 0644, scratch('changed.json');
is((ctl(qw(profile diff), scratch('changed.json')))[1], "/policy_constraints/require_explicit: 0 -> 2\n", 'a change of it is shown');
subordinate('governed', 'governed-ca');
like(run_ok(qw(openssl x509 -noout -ext), 'policyConstraints,inhibitAnyPolicy', '-in', scratch('governed.pem')),
    qr/Policy Constraints: critical\s+Require Explicit Policy:0, Inhibit Policy Mapping:0\s+X509v3 Inhibit Any Policy: critical\s+0$/m,
    'as openssl reads them');
like(run_ok(qw(certtool -i --infile), scratch('governed.pem')), qr/Inhibit anyPolicy skip certs: 0 \(critical\)/, 'and certtool');
issue('governed', 'ruled', '/O=Example/CN=ruled', server('DNS:www.example.test'), 'certificatePolicies=1.2.3.5');
all_say('with a policy of them it verifies', 1, qw(ruled governed));
issue('governed', 'lawless', '/O=Example/CN=lawless', server('DNS:www.example.test'));
all_say('without a policy it does not', 0, qw(lawless governed));
issue('governed', 'foreign', '/O=Example/CN=foreign', server('DNS:www.example.test'), 'certificatePolicies=1.2.3.6');
all_say('nor with another policy', 0, qw(foreign governed));
issue('governed', 'vague', '/O=Example/CN=vague', server('DNS:www.example.test'), 'certificatePolicies=2.5.29.32.0');
all_say('nor with any policy', 0, qw(vague governed));

# Names of other types, and a hash of choice.
my $user = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/user.json"));
my @types = ('othername;1.3.6.1.5.5.7.8.7;ia5', 'othername;1.3.6.1.4.1.99999.7;utf8', 'othername;1.3.6.1.4.1.99999.8;printable');
stored({ %{$user}, name => 'named', signature_hash => 'SHA-384', ext_key_usage => ['serverAuth'],
    san => [{ type => 'dns', from => 'csr', required => JSON::PP::true }, (map { { type => $_, from => 'csr' } } @types[0, 1]),
        { type => $types[2], from => 'fixed', value => 'A-1' }] });
my $named = enroll('user1', profile => 'named', san => ['dns:www.example.test', "$types[0]:_ldap.example.test", "$types[1]:Zo\x{eb}: x"]);
is_deeply($named->{certificate}{san}, ['dns:www.example.test', "$types[0]:_ldap.example.test", "$types[1]:Zo\x{eb}: x", "$types[2]:A-1"], 'as asked for');
write_file(scratch('named.pem'), $named->{certificate}{pem});
write_file(scratch('issuing.pem'), nobody(GET => '/ca/issuing.pem')->{body});
like($text = run_ok(qw(openssl x509 -noout -text -nameopt utf8 -in), scratch('named.pem')), qr/Signature Algorithm: ecdsa-with-SHA384/, 'the hash');
like($text, qr/othername: ?SRVName: ?:?_ldap\.example\.test/, 'openssl reads a service name');
like(run_ok(qw(openssl asn1parse -strparse), strparse(scratch('named.pem')), '-in', scratch('named.pem')),
    qr/IA5STRING +:_ldap\.example\.test.*UTF8STRING +:Zo\xc3\xab: x.*PRINTABLESTRING +:A-1/s, 'each is the string it should be');
like(run_ok(qw(certtool -i --infile), scratch('named.pem')), qr/otherName OID: 1\.3\.6\.1\.4\.1\.99999\.8/, 'certtool reads them');
all_say('and it verifies', 1, qw(named issuing));
done();
