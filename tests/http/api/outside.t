#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# An authority below a parent outside: certmgrctl ca csr and ca import, with OpenSSL as the parent. What it
# issues verifies up to that root, CRL and OCSP answer, and answers that do not fit are refused.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT run_ok);

my $i = main_instance();
my $codes = contract('exit_codes');
my $json = JSON::PP->new->utf8->canonical;
chmod 0755, scratch();

# The root outside, an authority below it, and another root of the same name.
sub make_root {
    my ($name, @more) = @_;
    run_ok(qw(openssl req -x509 -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384 -days 400 -subj), '/O=Outside/CN=Outside Root',
        '-addext', 'keyUsage=critical,keyCertSign,cRLSign', @more, '-keyout', scratch("$name.key"), '-out', scratch("$name.pem"));
    return;
}
make_root('root');
make_root('other');

# OpenSSL signs a request as the authority $ca; returns the file.
sub sign {
    my ($ca, $csr, $name, %ext) = @_;
    my %wanted = (basicConstraints => 'critical,CA:TRUE,pathlen:0', keyUsage => 'critical,keyCertSign,cRLSign',
        subjectKeyIdentifier => 'hash', authorityKeyIdentifier => 'keyid:always', %ext);
    my $days = delete $wanted{days} // 200;
    write_file(scratch('ext.cnf'), join '', map { defined $wanted{$_} ? "$_=$wanted{$_}\n" : () } sort keys %wanted);
    run_ok(qw(openssl x509 -req -in), $csr, '-CA', scratch("$ca.pem"), '-CAkey', scratch("$ca.key"), '-days', $days,
        '-extfile', scratch('ext.cnf'), '-out', scratch("$name.pem"));
    chmod 0644, scratch("$name.pem");
    return scratch("$name.pem");
}
run_ok(qw(openssl req -new -nodes -newkey rsa:2048 -subj), '/O=Outside/CN=Outside Policy CA', '-keyout', scratch('policy.key'), '-out', scratch('policy.csr'));
sign('root', scratch('policy.csr'), 'policy', basicConstraints => 'critical,CA:TRUE,pathlen:1',
    nameConstraints => 'critical,excluded;DNS:forbidden.test');
chmod 0644, scratch('root.pem'), scratch('other.pem');
my $chain = write_file(scratch('chain.pem'), read_file(scratch('root.pem')) . read_file(scratch('policy.pem')));
chmod 0644, $chain;

my @request = ('--key', 'pkcs11:token=certmgr;object=partner', '--subject', 'CN=Partner CA,O=Example', '--path-length', 0);
my ($code, $csr) = break_glass(qw(ca csr partner), @request);
is($code, 0, 'ca csr') or diag($csr);
write_file(scratch('partner.csr'), $csr);
subtest 'the request' => sub {
    my $text = run_ok(qw(openssl req -noout -text -verify -in), scratch('partner.csr'));
    like($text, qr/Subject: O = Example, CN = Partner CA/, 'subject');
    like($text, qr/Basic Constraints: critical\s+CA:TRUE, pathlen:0/, 'an authority');
    like($text, qr/Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign/, 'key usage');
    like($text, qr/verify OK|self-signature OK/i, 'signed by its key');
    like(run_ok(qw(certtool --crq-info --infile), scratch('partner.csr')), qr/Certificate Authority \(CA\): TRUE/, 'certtool');
    my ($again, $second) = break_glass(qw(ca csr partner), @request);
    is($again, 0, 'again, with the same key');
    write_file(scratch('second.csr'), $second);
    is(run_ok(qw(openssl req -noout -pubkey -in), scratch('second.csr')), run_ok(qw(openssl req -noout -pubkey -in), scratch('partner.csr')));
    is((break_glass(qw(ca csr issuing), @request))[0], $codes->{refused}, 'an authority that is there');
    is((break_glass(qw(ca csr Partner), @request))[0], $codes->{refused}, 'no such name');
    is((break_glass(qw(ca csr x)))[0], $codes->{refused}, 'no key and no subject');
    is((break_glass(qw(ca csr x --path-length -1), @request))[0], $codes->{refused}, 'no such path length');
    is((break_glass(qw(ca csr x --key pkcs11:token=nowhere;object=x --subject CN=x)))[0], $codes->{refused}, 'no such token');
};

subtest 'answers that are refused' => sub {
    run_ok(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x -keyout), scratch('x.key'), '-out', scratch('x.csr'));
    my $partner = scratch('partner.csr');
    my @chain = ('--chain', $chain);
    my %bad = (
        'authority.key' => [sign('policy', scratch('x.csr'), 'a'), @chain],
        'authority.ca' => [sign('policy', $partner, 'b', basicConstraints => 'critical,CA:FALSE', keyUsage => 'critical,digitalSignature'), @chain],
        'authority.key-usage' => [sign('policy', $partner, 'c', keyUsage => 'critical,keyCertSign'), @chain],
        'authority.key-id' => [sign('policy', $partner, 'd', subjectKeyIdentifier => 'none'), @chain],
        'path.verify' => [sign('policy', $partner, 'e', basicConstraints => 'CA:TRUE'), @chain],
        'path.verify ' => [sign('policy', $partner, 'f'), '--chain', scratch('root.pem')],
        'path.verify  ' => [sign('policy', $partner, 'f')],
        'path.verify   ' => [sign('other', $partner, 'g'), '--chain', scratch('root.pem')],
        'authority.parent' => [sign('policy', $partner, 'h'), '--parent', 'root'],
    );
    for my $rule (sort keys %bad) {
        my ($file, @more) = @{ $bad{$rule} };
        my ($status, $text) = break_glass(qw(ca import partner --certificate), $file, @more);
        is($status, $codes->{refused}, "$rule refused");
        like($text, qr/@{[$rule =~ s{\s}{}gr]}/, 'and named') or diag($text);
    }
    is((break_glass(qw(ca import nobody --certificate), scratch('f.pem'), @chain))[0], $codes->{refused}, 'nobody asked');
    is((break_glass(qw(ca import partner --certificate), scratch('partner.csr'), @chain))[0], $codes->{refused}, 'no certificate');
    is((break_glass(qw(ca import partner)))[0], $codes->{refused}, 'no file');
    is(query("SELECT COUNT(*) FROM authority WHERE name = 'partner'"), 0, 'nothing was stored');
};

my $answer = sign('policy', scratch('partner.csr'), 'partner');
($code, my $text) = break_glass(qw(ca import partner --certificate), $answer, '--chain', $chain,
    '--ocsp-key', 'pkcs11:token=certmgr;object=partner-ocsp', '--crl-validity', '30d');
is($code, 0, 'ca import') or diag($text);
is((break_glass(qw(ca import partner --certificate), $answer, '--chain', $chain))[0], $codes->{refused}, 'once');
like(query("SELECT detail FROM audit_event WHERE action = 'request.break-glass' AND outcome = 'done' AND detail LIKE '%authority.import%'"),
    qr/Outside Policy CA/, 'recorded');
is(query('SELECT COUNT(*) FROM authority_request'), 0, 'no request waits any more');

my $profile = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/user.json"));
my $file = write_file(scratch('partner.json'), $json->encode({ %{$profile}, name => 'partner', ca => 'partner' }));
chmod 0644, $file;
($code, $text) = ctl(qw(profile import), $file);
is($code, $codes->{refused}, 'a profile that lets live longer than the authority does');
like($text, qr/profile\.ca-validity/);
write_file($file, $json->encode({ %{$profile}, name => 'partner', ca => 'partner', validity => { default => '90d', max => '90d' } }));
($code, $text) = break_glass(qw(profile import), $file);
is($code, 0, 'a profile') or diag($text);

subtest 'what it issues' => sub {
    my $certificate = enroll('user1', profile => 'partner')->{certificate};
    my $leaf = write_file(scratch('leaf.pem'), $certificate->{pem});
    my $above = write_file(scratch('above.pem'), as('user1', GET => "/api/v1/certificates/$certificate->{id}/chain.pem")->{body});
    is(() = read_file($above) =~ /^-----BEGIN/mg, 4, 'chain.pem goes up to the root outside');
    my ($status, $said) = command(qw(openssl verify -x509_strict -purpose sslclient -CAfile), scratch('root.pem'), '-untrusted', $above, $leaf);
    is($status, 0, 'openssl verify -x509_strict') or diag($said);
    ($status, $said) = command(qw(certtool --verify --verify-profile=medium --load-ca-certificate), scratch('root.pem'), '--infile', $above);
    is($status, 0, 'certtool --verify') or diag($said);
    write_file(scratch('ca.p7b'), nobody(GET => '/ca/partner.p7b')->{body});
    is(() = run_ok(qw(openssl pkcs7 -inform DER -print_certs -in), scratch('ca.p7b')) =~ /^subject=/mg, 3, 'so does ca/partner.p7b');
    is(run_ok(qw(openssl x509 -in), write_file(scratch('ca.pem'), nobody(GET => '/ca/partner.pem')->{body})), read_file($answer) =~ s/.*?(?=-----BEGIN)//sr,
        'ca/partner.pem is what was imported');
    write_file(scratch('crl.der'), nobody(GET => '/crl/partner.crl')->{body});
    write_file(scratch('crl.pem'), run_ok(qw(openssl crl -inform DER -in), scratch('crl.der')));
    my @check = (qw(openssl verify -x509_strict -crl_check -CAfile), scratch('root.pem'), '-untrusted', $above, '-CRLfile');
    is((command(@check, scratch('crl.pem'), $leaf))[0], 0, 'by its CRL');
    my @ocsp = (qw(openssl ocsp -issuer), scratch('ca.pem'), '-cert', $leaf, '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', scratch('root.pem'),
        '-verify_other', $above);
    like((command(@ocsp))[1], qr/leaf\.pem: good/, 'OCSP');
    is(revoke('user1', $certificate->{id})->{status}, 201, 'revoked');
    like((command(@ocsp))[1], qr/leaf\.pem: revoked/, 'OCSP');
    ok(wait_until(sub {
        write_file(scratch('crl.der'), nobody(GET => '/crl/partner.crl')->{body});
        write_file(scratch('crl.pem'), run_ok(qw(openssl crl -inform DER -in), scratch('crl.der')));
        return (command(@check, scratch('crl.pem'), $leaf))[1] =~ /certificate revoked/;
    }), 'by its CRL');
    my ($serial) = run_ok(qw(openssl x509 -noout -serial -in), $answer) =~ /=(\w+)/;
    like((command(qw(openssl ocsp -issuer), scratch('ca.pem'), '-serial', "0x$serial", '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile',
        scratch('root.pem'), '-verify_other', $above))[1], qr/: unknown/, 'of its own certificate it knows nothing: the parent does');
};

# The name constraints stand two steps above what is issued, in a certificate that is not ours.
subtest 'constraints above the issuer' => sub {
    my $server = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/server.json"));
    $server->{$_->[0]} = $_->[1] for [name => 'partner-server'], [ca => 'partner'], [validity => { default => '90d', max => '90d' }];
    $server->{operations}{enroll}{checklist} = [{ item => 'csr' }];
    my $path = write_file(scratch('server.json'), $json->encode($server));
    chmod 0644, $path;
    my ($status, $said) = break_glass(qw(profile import), $path);
    is($status, 0, 'a profile') or diag($said);
    my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'partner-server', csr => csr(), san => ['dns:www.example.test'] });
    is($r->{status}, 201, 'a name that is free') or diag($r->{body});
    $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'partner-server', csr => csr(), san => ['dns:www.forbidden.test'] });
    is($r->{status}, 422, 'a name that is excluded');
    is($r->{json}{rule}, 'lint.issuer-constraints');
    $server->{san} = [{ type => 'dns', from => 'fixed', value => 'a.forbidden.test', required => JSON::PP::true }];
    write_file($path, $json->encode($server));
    ($status, $said) = ctl(qw(profile check), $path);
    is($status, $codes->{refused}, 'a profile that can issue nothing');
    like($said, qr{/san/0/value: .*\[profile\.san-constrained\]});
};

# A subordinate authority that the root here has certified, with a key in our own token.
subtest 'a parent of ours' => sub {
    my ($status, $asked) = break_glass(qw(ca csr below --key pkcs11:token=certmgr;object=below --subject CN=Below));
    is($status, 0, 'ca csr') or diag($asked);
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca', csr => $asked });
    is($r->{status}, 202, 'asked for') or diag($r->{body});
    $r = as('admin2', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve', remarks => 'test' });
    is($r->{json}{state}, 'completed', 'approved by another') or diag($r->{body});
    my $pem = write_file(scratch('below.pem'), $r->{json}{certificate}{pem});
    chmod 0644, $pem;
    is((break_glass(qw(ca import below --parent issuing --certificate), $pem))[0], $codes->{refused}, 'another parent');
    ($status, $asked) = break_glass(qw(ca import below --parent root --certificate), $pem);
    is($status, 0, 'ca import --parent') or diag($asked);
    write_file(scratch('ca.p7b'), nobody(GET => '/ca/below.p7b')->{body});
    is(() = run_ok(qw(openssl pkcs7 -inform DER -print_certs -in), scratch('ca.p7b')) =~ /^subject=/mg, 2, 'its chain');
    like((ctl(qw(ca list)))[1], qr/^below +root +active/m, 'listed');
};

# All that is issued below it needs one of its policies: under profiles, and under none.
subtest 'an authority that asks for policies' => sub {
    my $import = sub {
        my ($new) = @_;
        my $path = write_file(scratch("$new->{name}.json"), $json->encode($new));
        chmod 0644, $path;
        return break_glass(qw(profile import), $path);
    };
    my $above = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/intermediate-ca.json"));
    my ($status, $said) = $import->({ %{$above}, name => 'governed-ca', policies => [{ oid => '1.2.3.4' }], inhibit_any_policy => 0,
        policy_constraints => { require_explicit => 0 } });
    is($status, 0, 'its profile') or diag($said);
    my ($code, $asked) = ctl(qw(ca csr governed --path-length 0 --key pkcs11:token=certmgr;object=governed --subject CN=Governed));
    is($code, 0, 'ca csr') or diag($asked);
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'governed-ca', csr => $asked });
    $r = as('admin2', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve', remarks => 'test' });
    is($r->{json}{state}, 'completed', 'issued') or diag($r->{body});
    my $pem = write_file(scratch('governed.pem'), $r->{json}{certificate}{pem});
    chmod 0644, $pem;
    ($status, $said) = break_glass(qw(ca import governed --parent root --ocsp-key pkcs11:token=certmgr;object=governed-ocsp --certificate), $pem);
    is($status, 0, 'ca import') or diag($said);
    my %user = (%{$profile}, name => 'governed', ca => 'governed');
    for my $policies ([], [{ oid => '1.2.3.5' }]) {
        ($status, $said) = $import->({ %user, policies => $policies });
        is($status, $codes->{refused}, 'a profile that lacks it');
        like($said, qr{/policies: .*\[profile\.ca-policies\]});
    }
    ($status, $said) = $import->({ %user, policies => [{ oid => '1.2.3.4' }] });
    is($status, 0, 'one that has it') or diag($said);
    my $leaf = write_file(scratch('leaf.pem'), enroll('user1', profile => 'governed')->{certificate}{pem});
    my $root = write_file(scratch('ours.pem'), nobody(GET => '/ca/root.pem')->{body});
    my $verify = sub {
        return command(qw(openssl verify -x509_strict -policy_check -explicit_policy -policy 1.2.3.4 -CAfile), $root, '-untrusted', $pem, $_[0]);
    };
    ($status, $said) = $verify->($leaf);
    is($status, 0, 'openssl verify -explicit_policy') or diag($said);
    my $ocsp = (command(qw(openssl ocsp -resp_text -issuer), $pem, '-cert', $leaf, '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', $root,
        '-verify_other', $pem))[1];
    like($ocsp, qr/Response verify OK.*leaf\.pem: good/s, 'OCSP');
    my ($responder) = $ocsp =~ /(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n)/s;
    ($status, $said) = $verify->(write_file(scratch('responder.pem'), $responder));
    is($status, 0, 'the certificate of its responder as well') or diag($said);
};
done();
