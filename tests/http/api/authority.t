#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Authorities under dual control: asked for by one ca-admin, approved by another; requests and answers of
# parents outside, revocation, the server's certificate; keys that are made once.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use POSIX ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $codes = contract('exit_codes');
my $json = JSON::PP->new->utf8->canonical;
my $folder = "$i->{CERTMGR_FOLDER}/demo";
chmod 0755, scratch();

sub run_ok {
    my ($code, $text) = command(@_);
    die "@_: $text" if $code;
    return $text;
}

# A person with these roles and a certificate to log in with; returns the id.
sub make_person {
    my ($name, @roles) = @_;
    my ($code, $id) = break_glass(qw(person add), $name, map { ('--role', $_) } @roles);
    is($code, 0, $name) or diag($id);
    chomp $id;
    certify($name, $id);
    return $id;
}

sub certify {
    my ($name, $id) = @_;
    csr();
    my ($code, $pem) = break_glass(qw(issue --for), $id, '--csr', scratch('new.csr'));
    is($code, 0, "$name can log in") or diag($pem);
    write_file(scratch("$name.pem"), read_file(scratch('key.pem')) . $pem);
    return;
}
make_person('caadmin3', 'ca-admin');
make_person('admin3', 'administrator');
certify('second', as('admin1', GET => '/api/v1/me')->{json}{id});    # admin1 by another certificate

sub by {
    my ($who, $method, $path, %with) = @_;
    return as($who, $method, $path, %with) unless -e scratch("$who.pem");
    return call($method => $i->{CERTMGR_URL} . $path, ca => $i->{CERTMGR_CA}, cert => scratch("$who.pem"), %with);
}

sub propose {
    my ($who, $kind, $change) = @_;
    return by($who, POST => '/api/v1/change', json => { kind => $kind, change => $change });
}

sub event {
    my ($who, $id, $event, %more) = @_;
    return by($who, POST => "/api/v1/change/$id/events", json => { event => $event, %more });
}

sub asked {
    my ($who, $kind, $change) = @_;
    my $r = propose($who, $kind, $change);
    is($r->{status}, 202, "$kind is asked for") or diag($r->{body});
    return $r->{json}{id};
}

sub done_by_two {
    my ($kind, $change) = @_;
    my $r = event('admin2', asked('admin1', $kind, $change), 'approve');
    is($r->{json}{state}, 'completed', "$kind happens") or diag($r->{body});
    return $r->{json};
}

# How many private keys of this name are in the token.
sub keys_named {
    my ($name) = @_;
    my ($module) = read_file($i->{CERTMGR_CONF}) =~ /^CertMgrToken \S+ "([^"]+)"/m;
    my $pin = read_file("$folder/secrets/pin") =~ s/\s+\z//r;
    my $text = (as_server('env', "SOFTHSM2_CONF=$folder/softhsm2.conf", qw(pkcs11-tool --token-label certmgr --login --list-objects --type privkey),
        '--module', $module, '--pin', $pin))[1];
    like($text, qr/label: +issuing$/m, 'the token is read');
    return scalar(() = $text =~ /label: +\Q$name\E$/mg);
}

sub partner {
    my ($name, $key) = @_;
    return { authority => $name, key => 'pkcs11:token=certmgr;object=' . ($key // $name), subject => "CN=$name,O=Example", path_length => 0 };
}

# A root outside, which signs a request; the PEM of the answer.
run_ok(qw(openssl req -x509 -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 400 -subj), '/O=Outside/CN=Root',
    '-addext', 'keyUsage=critical,keyCertSign,cRLSign', '-keyout', scratch('root.key'), '-out', scratch('root.pem'));

sub answer {
    my ($csr) = @_;
    write_file(scratch('ask.csr'), $csr);
    write_file(scratch('ext.cnf'), "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
            . "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n");
    run_ok(qw(openssl x509 -req -days 200 -in), scratch('ask.csr'), '-CA', scratch('root.pem'), '-CAkey', scratch('root.key'),
        '-extfile', scratch('ext.cnf'), '-out', scratch('answer.pem'));
    return read_file(scratch('answer.pem'));
}

sub import_of {
    my ($name, $pem, %more) = @_;
    return { authority => $name, certificate => $pem, chain => read_file(scratch('root.pem')), %more };
}

subtest 'who may ask, and who approve' => sub {
    problem_is(propose($_, 'authority.csr', partner('p')), 403, 'forbidden', name => "$_ may not ask") for qw(user1 officer1 admin3 auditor1);
    my $id = asked('admin1', 'authority.csr', partner('partner'));
    problem_is(event('admin1', $id, 'approve'), 403, 'forbidden', rule => 'approval.own');
    problem_is(event('second', $id, 'approve'), 403, 'forbidden', rule => 'approval.own', name => 'not by another log-in either');
    problem_is(event('admin3', $id, 'approve'), 403, 'forbidden', rule => 'approval.role', name => 'not an administrator');
    problem_is(event('officer1', $id, 'approve'), 403, 'forbidden', rule => 'permission.propose');
    is(keys_named('partner'), 0, 'no key until then');
    my $r = event('caadmin3', $id, 'approve');
    is($r->{json}{state}, 'completed', 'another ca-admin') or diag($r->{body});
    is(keys_named('partner'), 1, 'a key with the approval');
    like($r->{json}{change}{csr}, qr/^-----BEGIN CERTIFICATE REQUEST/, 'the request for the parent');
    is((ctl(qw(ca csr partner)))[1], $r->{json}{change}{csr}, 'certmgrctl prints it');
    my $given = propose('admin1', 'role.give', { person => as('user1', GET => '/api/v1/me')->{json}{id}, role => 'officer' })->{json}{id};
    problem_is(event('caadmin3', $given, 'approve'), 403, 'forbidden', rule => 'approval.role', name => 'a ca-admin decides on no role');
};

subtest 'a new authority below root' => sub {
    my %change = (%{ partner('web') }, parent => 'root', validity => '3000d', ocsp_key => 'pkcs11:token=certmgr;object=web-ocsp');
    problem_is(propose('admin1', 'authority.create', { %change, parent => 'issuing' }), 422, 'refused', rule => 'authority.path-length');
    my $made = done_by_two('authority.create', \%change)->{certificate};
    write_file(scratch('web.pem'), $made->{pem});
    my ($code, $text) = command(qw(openssl verify -x509_strict -CAfile), $i->{CERTMGR_CA}, scratch('web.pem'));
    is($code, 0, 'verifies up to the root') or diag($text);
    is(nobody(GET => "/crl/web.crl")->{status}, 200, 'it has its first CRL');
    like((ctl(qw(ca list)))[1], qr/^web +root +active/m, 'and is listed');
};

subtest 'an answer' => sub {
    my $pem = answer((ctl(qw(ca csr partner)))[1]);
    problem_is(propose('admin1', 'authority.import', import_of('partner', 'hello')), 422, 'invalid-value', field => '/change/certificate');
    problem_is(propose('admin1', 'authority.import', { authority => 'partner', certificate => $pem }), 422, 'refused', rule => 'path.verify');
    problem_is(propose('admin1', 'authority.import', import_of('nobody', $pem)), 422, 'refused', field => '/change/key', rule => 'authority.request');
    my %change = %{ import_of('partner', $pem, ocsp_key => 'pkcs11:token=certmgr;object=partner-ocsp', crl_validity => '30d') };
    my $twice = asked('admin2', 'authority.import', \%change);
    done_by_two('authority.import', \%change);
    is(nobody(GET => "/ca/partner.pem")->{status}, 200, 'it is there');
    is(nobody(GET => "/crl/partner.crl")->{status}, 200, 'with its first CRL');
    isnt(query("SELECT ocsp_not_after FROM authority WHERE name = 'partner'"), '0', 'and its responder');
    my $r = event('admin1', $twice, 'approve');
    is($r->{json}{state}, 'rejected', 'approved a second time');
    like($r->{json}{checklist}[0]{detail}, qr/there is an authority of this name/, 'which is said');
    like(query("SELECT detail FROM audit_event WHERE action = 'request.perform' AND detail LIKE '%authority.import%'"),
        qr/"issuer":"CN=Root,O=Outside"/, 'recorded');
};

subtest 'an answer that is outdated when it is approved' => sub {
    my $first = answer(done_by_two('authority.csr', partner('late'))->{change}{csr});
    my $id = asked('admin1', 'authority.import', import_of('late', $first));
    done_by_two('authority.csr', partner('late', 'late-again'));
    my $r = event('admin2', $id, 'approve');
    is($r->{json}{state}, 'rejected', 'another request took the place of its own');
    like($r->{json}{checklist}[0]{detail}, qr/for another key/, 'which is said');
    is(query("SELECT COUNT(*) FROM authority WHERE name = 'late'"), 0, 'nothing is there');
    like(query("SELECT detail FROM audit_event WHERE action = 'request.fail' AND object = '$id'"), qr/"rule":"authority\.key"/, 'recorded');
};

subtest 'commands wait for two ca-admins' => sub {
    my ($code, $text) = ctl(qw(ca csr byhand --key pkcs11:token=certmgr;object=byhand --subject CN=byhand));
    is($code, 0) or diag($text);
    like($text, qr/^request \w+ waits: .*0 of 2 by ca-admin/, 'waits');
    my ($id) = $text =~ /^request (\w+)/;
    problem_is(event('admin3', $id, 'approve'), 403, 'forbidden', rule => 'approval.role');
    is(event('admin1', $id, 'approve')->{json}{state}, 'pending', 'one');
    is(event('second', $id, 'approve')->{json}{state}, 'pending', 'the same by another log-in');
    is(event('admin2', $id, 'approve')->{json}{state}, 'completed', 'two');
    is((ctl(qw(ca csr nobody)))[0], $codes->{refused}, 'none waits under this name');
    run_ok(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x -keyout), scratch('s.key'), '-out', scratch('s.csr'));
    chmod 0644, scratch('s.csr');
    ($code, $text) = ctl(qw(ca server-certificate --dns www.example.test --csr), scratch('s.csr'));
    like($text, qr/^request \w+ waits/, 'a server certificate waits') or diag($text);
    ($id) = $text =~ /^request (\w+)/;
    event($_, $id, 'approve') for qw(admin1 caadmin3);
    my $made = by('admin1', GET => "/api/v1/change/$id")->{json}{certificate};
    is_deeply([@{$made}{qw(owner profile)}], [undef, undef], "is nobody's");
    is((ctl(qw(certificate show), $made->{id}, '--pem'))[1], $made->{pem}, 'certmgrctl prints it');
    ($code, $text) = break_glass(qw(ca server-certificate --dns www.example.test --csr), scratch('s.csr'));
    like($text, qr/\A-----BEGIN CERTIFICATE-----/, 'at once behind broken glass') or diag($text);
    ($code, $text) = break_glass(qw(ca revoke), $made->{id}, qw(--reason superseded));
    is($code, 0, 'and it can be revoked') or diag($text);
    is(query("SELECT status FROM certificate WHERE id = '$made->{id}'"), 'revoked');
};

# An authority of ours below root, whose certificate admin1 had asked for.
subtest 'an authority that is revoked' => sub {
    my $csr = done_by_two('authority.csr', partner('below'))->{change}{csr};
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca', csr => $csr });
    my $made = as('admin2', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve' })->{json}{certificate};
    done_by_two('authority.import', { authority => 'below', certificate => $made->{pem}, parent => 'root',
        ocsp_key => 'pkcs11:token=certmgr;object=below-ocsp' });
    my $profile = $json->decode(read_file("$ENV{CERTMGR_TEST_TOP}/conf/profiles/user.json"));
    my $file = write_file(scratch('below.json'), $json->encode({ %{$profile}, name => 'below', ca => 'below' }));
    chmod 0644, $file;
    my ($code, $text) = break_glass(qw(profile import), $file);
    is($code, 0, 'a profile') or diag($text);
    my $leaf = enroll('user1', profile => 'below')->{certificate};
    problem_is(propose('admin1', 'authority.revoke', { authority => 'root', reason => 'superseded' }), 422, 'refused', rule => 'authority.root');
    problem_is(propose('admin1', 'authority.revoke', { authority => 'partner', reason => 'superseded' }), 422, 'refused', rule => 'authority.outside');
    problem_is(propose('admin1', 'authority.revoke', { authority => 'below', reason => 'keyCompromise' }), 422, 'refused',
        field => '/change/reason', hint => qr/cACompromise/);
    ($code, $text) = ctl(qw(ca revoke below --reason cACompromise));
    like($text, qr/^request \w+ waits/, 'ca revoke waits') or diag($text);
    my ($id) = $text =~ /^request (\w+)/;
    is(event('admin1', $id, 'approve')->{json}{state}, 'pending', 'whoever had asked for the certificate decides as others do');
    enroll('user1', profile => 'below');
    is(event('caadmin3', $id, 'approve')->{json}{state}, 'completed', 'approved');
    like((ctl(qw(ca list)))[1], qr/^below +root +revoked/m, 'ca list');
    $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'below', csr => csr() });
    problem_is($r, 422, 'refused', rule => 'issuer.ended', name => 'it issues nothing');
    is((ctl(qw(ca revoke below --reason superseded)))[0], $codes->{refused}, 'once');
    ok(wait_until(sub {
        write_file(scratch('crl.der'), nobody(GET => '/crl/root.crl')->{body});
        return run_ok(qw(openssl crl -inform DER -noout -text -in), scratch('crl.der')) =~ /Serial Number: 0*\U$made->{serial}\E\n.*?CA Compromise/s;
    }), "on its parent's CRL");
    is((ctl(qw(crl publish below)))[0], 0, 'its CRL goes on');
    write_file(scratch('below.pem'), $made->{pem});
    write_file(scratch('leaf.pem'), $leaf->{pem});
    like((command(qw(openssl ocsp -issuer), scratch('below.pem'), '-cert', scratch('leaf.pem'), '-url', "$i->{CERTMGR_URL}/ocsp",
        qw(-noverify)))[1], qr/leaf\.pem: good/, 'so does its OCSP');
    is(revoke('user1', $leaf->{id})->{status}, 201, 'and its certificates can be revoked');
    like((command(qw(openssl ocsp -issuer), scratch('below.pem'), '-cert', scratch('leaf.pem'), '-url', "$i->{CERTMGR_URL}/ocsp",
        qw(-noverify)))[1], qr/leaf\.pem: revoked/, 'which OCSP says');
    problem_is(propose('admin1', 'authority.revoke', { certificate => $leaf->{id}, reason => 'superseded' }), 422, 'refused',
        rule => 'authority.ca', name => "nobody's certificate ends this way");
};

subtest 'a subordinate authority elsewhere' => sub {
    run_ok(qw(openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=Elsewhere -keyout), scratch('e.key'), '-out', scratch('e.csr'));
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca', csr => read_file(scratch('e.csr')) });
    my $made = as('admin2', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve' })->{json}{certificate};
    my $id = asked('admin2', 'authority.revoke', { certificate => $made->{id}, reason => 'cessationOfOperation' });
    is(event('caadmin3', $id, 'approve')->{json}{state}, 'completed');
    is(query("SELECT status FROM certificate WHERE id = '$made->{id}'"), 'revoked');
};

subtest 'the token is away when a key is to be made' => sub {
    my $id = asked('admin1', 'authority.csr', partner('patient'));
    announce_log(qr/certmgr:error/);
    rename "$folder/tokens", "$folder/tokens.away" or die $!;
    my $r = event('admin2', $id, 'approve');
    is($r->{status}, 200, 'the approval counts') or diag($r->{body});
    is($r->{json}{state}, 'issuing', 'and the request stays');
    rename "$folder/tokens.away", "$folder/tokens" or die $!;
    query("UPDATE request SET claim_until = 1 WHERE id = '$id'");    # or a minute later
    ok(wait_until(sub { by('admin1', GET => "/api/v1/change/$id")->{json}{state} eq 'completed' }), 'a job takes it up');
    is(keys_named('patient'), 1, 'one key');
};

subtest 'approvals that race make one key' => sub {
    for my $n (1 .. 5) {
        my ($code, $text) = ctl('ca', 'csr', "race-$n", '--key', "pkcs11:token=certmgr;object=race-$n", '--subject', "CN=race-$n");
        my ($id) = $text =~ /^request (\w+)/ or diag($text);
        my @children = map {
            my $who = $_;
            my $pid = fork // die "fork: $!";
            if (!$pid) {
                event($who, $id, 'approve');
                POSIX::_exit(0);
            }
            $pid
        } qw(admin1 admin2 caadmin3);
        waitpid $_, 0 for @children;
        ok(wait_until(sub { by('admin1', GET => "/api/v1/change/$id")->{json}{state} eq 'completed' }), "race $n: completed");
        is(keys_named("race-$n"), 1, 'one key');
        is(query("SELECT COUNT(*) FROM audit_event WHERE action = 'request.perform' AND object = '$id'"), 1, 'recorded once');
        is(query("SELECT COUNT(*) FROM approval WHERE request = '$id'"), 2, 'by two');
    }
};

subtest 'the record is whole' => sub {
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0) or diag($text);
};
done();
