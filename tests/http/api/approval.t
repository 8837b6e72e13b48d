#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Requests that wait for people: server by one officer, intermediate-ca by another ca-admin; decline,
# resubmit, reject; Idempotency-Key.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $names = ['dns:www.example.test', 'ip:192.0.2.7'];

sub ask {
    my ($who, %more) = @_;
    return as($who, POST => '/api/v1/enroll', json => { profile => 'server', csr => csr(), san => $names, %more });
}

sub event {
    my ($who, $request, $event, %more) = @_;
    return as($who, POST => "/api/v1/$request->{operation}/$request->{id}/events",
        json => { event => $event, %more });
}

sub view {
    my ($who, $request) = @_;
    return as($who, GET => "/api/v1/enroll/$request->{id}");
}

sub verify {
    my ($certificate, @more) = @_;
    write_file(scratch('cert.pem'), $certificate->{pem});
    return command(qw(openssl verify -x509_strict -CAfile), $i->{CERTMGR_CA}, @more, scratch('cert.pem'));
}

subtest 'every profile is there' => sub {
    problem_is(as('admin1', POST => '/api/v1/enroll', json => { profile => $_, csr => 'x' }), 422, 'invalid-value',
        field => '/csr', name => $_)
        for @{ contract('profiles') };
};

subtest 'every operation has its collection' => sub {
    is(as('user1', GET => "/api/v1/$_")->{status}, 200, $_) for @{ contract('operations') };
};

my $issued;
subtest 'one officer approves a server' => sub {
    my $r = ask('user1', message => 'the web shop');
    is($r->{status}, 202, 'waits') or diag($r->{body});
    my $request = $r->{json};
    members_are($request, 'request');
    is($r->{headers}->header('Location'), "/certmgr/api/v1/enroll/$request->{id}");
    is($request->{state}, 'pending');
    is($request->{certificate}, undef, 'nothing is issued');
    is_deeply([map { "$_->{item} $_->{state}" } @{ $request->{checklist} }], ['csr done', 'approval open']);
    is($request->{checklist}[1]{detail}, '0 of 1 by officer');
    like($request->{checklist}[0]{detail}, qr/dns:www\.example\.test ip:192\.0\.2\.7/, 'what is asked for');
    is_deeply($request->{events}, ['cancel'], 'the requester can withdraw it');
    problem_is(event('user1', $request, 'approve'), 403, 'forbidden', rule => 'permission.approve');
    problem_is(view('user2', $request), 404, 'not-found');
    problem_is(event('user2', $request, 'approve'), 404, 'not-found');
    problem_is(event('admin1', $request, 'approve'), 403, 'forbidden', rule => 'approval.role');
    problem_is(event('auditor1', $request, 'approve'), 403, 'forbidden');
    is_deeply(view('officer1', $request)->{json}{events}, [qw(approve decline reject)]);
    is_deeply(view('auditor1', $request)->{json}{events}, []);
    $r = event('officer1', $request, 'approve');
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{state}, 'completed');
    is($r->{json}{checklist}[1]{detail}, '1 of 1 by officer');
    is($r->{json}{checklist}[1]{who}, as('officer1', GET => '/api/v1/me')->{json}{id});
    $issued = $r->{json}{certificate};
    is_deeply([sort @{ $issued->{san} }], [sort @$names]);
    is($issued->{owner}, $request->{requester}, "the requester's");
    my ($code, $text) = verify($issued, qw(-purpose sslserver -verify_hostname www.example.test -untrusted),
        $i->{CERTMGR_CHAIN});
    is($code, 0, 'verifies') or diag($text);
    is_deeply(event('officer1', $request, 'approve')->{json}, $r->{json}, 'twice is the same as once');
    problem_is(event('officer2', $request, 'approve'), 409, 'conflict', rule => 'request.event');
};

subtest 'nobody approves their own' => sub {
    my $request = ask('officer1')->{json};
    is_deeply($request->{events}, ['cancel']);
    problem_is(event('officer1', $request, 'approve'), 403, 'forbidden', rule => 'approval.own');
    # the same person with another certificate
    write_file(scratch('second.pem'), do {
        my $pem = enroll('officer1')->{certificate}{pem};
        read_file(scratch('key.pem')) . $pem;
    });
    my $r = call(POST => "$i->{CERTMGR_URL}/api/v1/enroll/$request->{id}/events", ca => $i->{CERTMGR_CA},
        cert => scratch('second.pem'), json => { event => 'approve' });
    problem_is($r, 403, 'forbidden', rule => 'approval.own');
    is(event('officer2', $request, 'approve')->{json}{state}, 'completed');
};

subtest 'nor what somebody else asks for, when it is about theirs' => sub {
    my $request = ask('officer1')->{json};
    my $certificate = event('officer2', $request, 'approve')->{json}{certificate};
    my $r = as('officer2', POST => '/api/v1/renew', json => { certificate => $certificate->{id} });
    is($r->{status}, 202) or diag($r->{body});
    problem_is(event('officer1', $r->{json}, $_, remarks => 'mine'), 403, 'forbidden', rule => 'approval.own', name => $_)
        for qw(approve decline reject);
    is_deeply(as('officer1', GET => "/api/v1/renew/$r->{json}{id}")->{json}{events}, [], 'nothing is offered');
    $r = event('officer3', $r->{json}, 'approve');
    is($r->{json}{state}, 'completed') or diag($r->{body});
};

subtest 'who waits too long is not served' => sub {
    my $request = ask('user1')->{json};
    my $declined = ask('user1')->{json};
    my $young = ask('user1')->{json};
    event('officer1', $declined, 'decline', remarks => 'no');
    query("UPDATE request SET updated = updated - 31 * 86400 * 1000000.0 WHERE id IN ('$request->{id}', '$declined->{id}')");
    is((ctl(qw(jobs run expire)))[0], 0, 'the job runs');
    for my $old ($request, $declined) {
        my $r = view('user1', $old);
        is($r->{json}{state}, 'expired') or diag($r->{body});
        is_deeply($r->{json}{events}, [], 'for good');
        is(query("SELECT count(*) FROM audit_event WHERE action = 'request.expire' AND object = '$old->{id}'"), 1,
            'it is recorded');
    }
    problem_is(event('officer1', $request, 'approve'), 409, 'conflict', rule => 'request.event');
    problem_is(event('user1', $declined, 'resubmit'), 409, 'conflict', rule => 'request.event');
    is(view('user1', $young)->{json}{state}, 'pending', 'others wait on');
};

subtest 'decline, resubmit, reject' => sub {
    my $request = ask('user1')->{json};
    problem_is(event('officer1', $request, 'decline'), 422, 'refused', field => '/remarks', rule => 'request.remarks');
    my $r = event('officer1', $request, 'decline', remarks => 'the name is wrong');
    is($r->{json}{state}, 'declined');
    is_deeply($r->{json}{events}, []);
    $r = view('user1', $request);
    is($r->{json}{checklist}[1]{state}, 'refused');
    is($r->{json}{checklist}[1]{detail}, 'the name is wrong', 'the requester reads why');
    is_deeply([sort @{ $r->{json}{events} }], [qw(cancel resubmit)]);
    problem_is(event('user1', $request, 'resubmit', san => ['dns:no good']), 422, 'invalid-value', field => '/san/0');
    problem_is(event('officer1', $request, 'resubmit'), 409, 'conflict');
    $r = event('user1', $request, 'resubmit', san => ['dns:shop.example.test']);
    is($r->{json}{state}, 'pending') or diag($r->{body});
    like($r->{json}{checklist}[0]{detail}, qr/dns:shop\.example\.test$/);
    $r = event('officer2', $request, 'reject', remarks => 'no shops');
    is($r->{json}{state}, 'rejected');
    problem_is(event('user1', $request, 'resubmit'), 409, 'conflict');
    problem_is(event('officer1', $request, 'approve'), 409, 'conflict');
    $request = ask('user1')->{json};
    is(event('user1', $request, 'cancel')->{json}{state}, 'cancelled');
    is(event('user1', $request, 'cancel')->{status}, 200, 'again');
};

subtest 'an approval is for what was read' => sub {
    my $request = ask('user1')->{json};
    my $page = view('officer1', $request)->{json};
    event('officer2', $request, 'decline', remarks => 'the name is wrong');
    problem_is(event('officer1', $request, 'approve', updated => $page->{updated}), 409, 'conflict', rule => 'request.changed');
    my $r = event('user1', $request, 'resubmit', san => ['dns:bank.example.test']);
    isnt($r->{json}{updated}, $page->{updated}, 'each event can be told from the one before');
    problem_is(event('officer1', $request, $_, updated => $page->{updated}, remarks => 'x'), 409, 'conflict',
        rule => 'request.changed', name => "a page of before: $_") for qw(approve decline reject);
    is(view('user1', $request)->{json}{checklist}[1]{detail}, '0 of 1 by officer', 'nothing happened');
    problem_is(event('officer1', $request, 'approve', updated => 'yesterday'), 422, 'invalid-value', field => '/updated');
    $page = view('officer1', $request)->{json};
    $r = event('officer1', $request, 'approve', updated => $page->{updated});
    is($r->{json}{state}, 'completed') or diag($r->{body});
};

subtest 'an authority is asked for by one ca-admin and approved by another' => sub {
    my $pem = csr(qw(-newkey ec -pkeyopt ec_paramgen_curve:P-384 -subj), '/O=Example/CN=Branch office CA');
    problem_is(as('officer1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca', csr => $pem }),
        422, 'refused', rule => 'profile.operation');
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca', csr => $pem });
    is($r->{status}, 202) or diag($r->{body});
    problem_is(event('admin1', $r->{json}, 'approve'), 403, 'forbidden', rule => 'approval.own');
    problem_is(event('officer1', $r->{json}, 'approve'), 403, 'forbidden', rule => 'approval.role');
    $r = event('admin2', $r->{json}, 'approve');
    is($r->{json}{state}, 'completed') or diag($r->{body});
    is($r->{json}{certificate}{ca}, 'root');
    my $branch = write_file(scratch('branch.pem'), $r->{json}{certificate}{pem});
    my $key = write_file(scratch('branch.key'), read_file(scratch('key.pem')));
    my $sign = sub {
        my ($ca, $ca_key, $name, $extensions) = @_;
        write_file(scratch('sign.csr'), csr(qw(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj), "/CN=$name"));
        write_file(scratch('sign.ext'), "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n$extensions\n");
        my ($code, $text) = command(qw(openssl x509 -req -days 30 -in), scratch('sign.csr'), '-CA', $ca,
            '-CAkey', $ca_key, '-extfile', scratch('sign.ext'), '-out', scratch("$name.pem"));
        is($code, 0, "$name is signed") or diag($text);
        return write_file(scratch("$name.key"), read_file(scratch('key.pem')));
    };
    $sign->($branch, $key, 'leaf', "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature");
    my ($code, $text) = command(qw(openssl verify -x509_strict -CAfile), $i->{CERTMGR_CA}, '-untrusted', $branch,
        scratch('leaf.pem'));
    is($code, 0, 'what it issues verifies') or diag($text);
    my $deep = $sign->($branch, $key, 'deep', "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign");
    $sign->(scratch('deep.pem'), $deep, 'deeper', "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature");
    write_file(scratch('path.pem'), read_file($branch) . read_file(scratch('deep.pem')));
    ($code, $text) = command(qw(openssl verify -x509_strict -CAfile), $i->{CERTMGR_CA}, '-untrusted', scratch('path.pem'),
        scratch('deeper.pem'));
    isnt($code, 0, 'its path length holds');
    like($text, qr/path length constraint exceeded/);
};

subtest 'Idempotency-Key' => sub {
    my $body = { profile => 'user', csr => csr() };
    my @key = (headers => { 'Idempotency-Key' => 'a-1' });
    my $first = as('user1', POST => '/api/v1/enroll', json => $body, @key);
    my $again = as('user1', POST => '/api/v1/enroll', json => $body, @key);
    is($first->{status}, 201);
    is($again->{status}, 201, 'the same answer');
    is_deeply($again->{json}, $first->{json}, 'the same request');
    is($again->{headers}->header('Location'), $first->{headers}->header('Location'));
    problem_is(as('user1', POST => '/api/v1/enroll', json => { %$body, message => 'x' }, @key), 422, 'refused',
        rule => 'idempotency.body');
    my $revoke = { certificate => $first->{json}{certificate}{id}, reason => 'superseded', remarks => 'test' };
    problem_is(as('user1', POST => '/api/v1/revoke', json => $revoke, @key), 422, 'refused', rule => 'idempotency.body');
    @key = (headers => { 'Idempotency-Key' => 'a-2' });
    is(as('user1', POST => '/api/v1/revoke', json => $revoke, @key)->{status}, 201);
    is(as('user1', POST => '/api/v1/revoke', json => $revoke, @key)->{status}, 201, 'no conflict');
    isnt(as('user2', POST => '/api/v1/enroll', json => $body, @key)->{json}{id}, $first->{json}{id}, 'keys of others');
    problem_is(as('user1', POST => '/api/v1/enroll', json => $body, headers => { 'Idempotency-Key' => 'x' x 256 }),
        422, 'invalid-value', rule => 'idempotency.key');
};

subtest 'the record is whole' => sub {
    my ($code, $text) = ctl('audit', 'verify');
    is($code, 0) or diag($text);
};
done();
