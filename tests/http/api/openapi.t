#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The OpenAPI document against the routes and the real answers: each route is in it, each answer of a
# walk through all routes, good and bad, is of the described status, media type and schema; each body
# that is accepted is of the described schema.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use POSIX ();
use JSON::Validator ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $api = nobody(GET => '/api/v1/openapi.json')->{json};
like($api->{openapi}, qr/^3\.1\./, 'OpenAPI 3.1');
is($api->{servers}[0]{url}, '/certmgr', 'where it is served');

sub walk {
    my ($node, $at, $visit) = @_;
    $visit->($node, $at);
    walk($node->{$_}, "$at/" . s/~/~0/gr =~ s{/}{~1}gr, $visit) for ref $node eq 'HASH' ? sort keys %{$node} : ();
    walk($node->[$_], "$at/$_", $visit) for ref $node eq 'ARRAY' ? 0 .. $#{$node} : ();
    return;
}

sub resolve {
    my ($pointer) = @_;
    my $node = $api;
    $node = ref $node eq 'HASH' ? $node->{ s/~1/\//gr =~ s/~0/~/gr } : undef for split m{/}, $pointer =~ s{^#/}{}r;
    return $node;
}

subtest 'the document' => sub {
    my (%ids, %used);
    walk($api, '#', sub {
        my ($node, $at) = @_;
        return unless ref $node eq 'HASH';
        if (exists $node->{'$ref'}) {
            ok(resolve($node->{'$ref'}), "$at: $node->{'$ref'}");
            $used{ $node->{'$ref'} } = 1;
        }
        ok(length($node->{summary} // '') && $node->{responses}{default}, "$at: summary, and what problems look like")
            and ok(!$ids{ $node->{operationId} }++, "$at: $node->{operationId} is one of its kind")
            if $node->{operationId};
    });
    ok($used{"#/components/schemas/$_"}, "$_ is used") for sort keys %{ $api->{components}{schemas} };
    for my $path (sort keys %{ $api->{paths} }) {
        for my $method (sort keys %{ $api->{paths}{$path} }) {
            my $operation = $api->{paths}{$path}{$method};
            my @declared = sort map { $_->{in} eq 'path' ? $_->{name} : () } @{ $operation->{parameters} };
            is_deeply(\@declared, [sort $path =~ /\{(\w+)\}/g], "$method $path: parameters of the path");
            ok($operation->{security}, "$method $path: says whether it needs a log-in");
            for my $security (map { keys %{$_} } @{ $operation->{security} // [] }) {
                ok($api->{components}{securitySchemes}{$security}, "$method $path: security");
            }
        }
    }
};

subtest 'every route is in it, and no other' => sub {
    my ($code, $text) = ctl(qw(--json routes));
    is($code, 0);
    my %routes = map { lc($_->{method}) . ' ' . $_->{path} =~ s/\*/{rest}/r => 1 } @{ JSON::PP::decode_json($text)->{items} };
    my %documented;
    for my $path (keys %{ $api->{paths} }) {
        $documented{"$_ $path"} = 1 for keys %{ $api->{paths}{$path} };
    }
    is_deeply([sort keys %documented], [sort keys %routes]);
};

# A schema of the document as one that stands alone.
my %validators;
sub violations {
    my ($schema, $data) = @_;
    my $key = JSON::PP->new->canonical->encode($schema);
    $validators{$key} //= JSON::Validator->new->schema(
        { '$schema' => 'https://json-schema.org/draft/2019-09/schema', %{$schema}, components => $api->{components} });
    return join '; ', map { "$_" } $validators{$key}->validate($data);
}

subtest 'the schemas can say no' => sub {
    my $me = { '$ref' => '#/components/schemas/Me' };
    my $good = as('user1', GET => '/api/v1/me')->{json};
    is(violations($me, $good), '', 'as answered');
    isnt(violations($me, { %{$good}, more => 1 }), '', 'a member too many');
    isnt(violations($me, { map { $_ => $good->{$_} } grep { $_ ne 'id' } keys %{$good} }), '', 'one too few');
    isnt(violations($me, { %{$good}, login => 'magic' }), '', 'a word that is none');
    isnt(violations($me, { %{$good}, roles => 'user' }), '', 'of another type');
};

# A call on a documented route; the answer must be as described. Values of {names} come first.
my %walked;
sub answers {
    my ($who, $method, $pattern, $values, %with) = @_;
    my $path = $pattern =~ s/\{(\w+)\}/$values->{$1}/gr . ($with{query} // '');
    my $operation = $api->{paths}{$pattern}{ lc $method };
    my $expected = delete $with{is};
    delete $with{query};
    my $r = $who ? as($who, $method, $path, %with) : nobody($method, $path, %with);
    my $described = $operation->{responses}{ $r->{status} } // $operation->{responses}{default};
    my $type = ($r->{headers}->header('Content-Type') // '') =~ s/;.*//r;
    my $schema = $described->{content}{$type}{schema};
    subtest "$method $path: $expected" => sub {
        is($r->{status}, $expected, 'status') or diag($r->{body});
        ok($described->{content}{$type}, "media type $type");
        ok($r->{status} >= 400 || $operation->{responses}{ $r->{status} }, 'a status of its own');
        is(violations($schema, $r->{json}), '', 'of the schema') if $schema;
        ok(length($r->{headers}->header($_) // ''), "header $_") for sort keys %{ $described->{headers} // {} };
        ok(defined $r->{json} && $schema, 'JSON has a schema') if $type =~ /json$/ && $pattern !~ /openapi|schema/;
        is(violations($operation->{requestBody}{content}{'application/json'}{schema}, $with{json}), '', 'body')
            if $with{json} && $r->{status} < 300;
    };
    $walked{ lc($method) . " $pattern" }{ $r->{status} < 400 ? 'good' : 'bad' } = 1;
    return $r->{json};
}

my $v1 = '/api/v1';
answers(undef, GET => "$v1/health", {}, is => 200);
answers(undef, GET => "$v1/openapi.json", {}, is => 200);
answers('user1', GET => "$v1/me", {}, is => 200);
answers(undef, GET => "$v1/me", {}, is => 401);
answers('user1', GET => "$v1/profiles", {}, is => 200);
answers('user1', GET => "$v1/profiles/schema.json", {}, is => 200);
answers('user1', GET => "$v1/profiles/{name}", { name => 'server' }, is => 200);
answers('user1', GET => "$v1/profiles/{name}", { name => 'intermediate-ca' }, is => 404);
my $enrolled = answers('user1', POST => "$v1/enroll", {}, json => { profile => 'user', csr => csr(), message => "two\nlines" }, is => 201);
my $certificate = $enrolled->{certificate}{id};
answers('user1', POST => "$v1/enroll", {}, json => { profile => 'user', csr => 'x', nope => 1, 'a/b~c' => 2 }, is => 422);
answers('user1', POST => "$v1/enroll", {}, json => { profile => 'user' }, is => 422);
answers('auditor1', POST => "$v1/enroll", {}, json => { profile => 'user', csr => csr() }, is => 403);
answers('user1', POST => "$v1/enroll", {}, body => '{', is => 400);
answers('user1', POST => "$v1/enroll", {}, body => '{}', type => 'text/plain', is => 415);
answers('user1', POST => "$v1/enroll", {}, body => '"' . 'x' x 100_000 . '"', is => 413);
for my $form ('.cer', '.pem', '.p7b', '/chain.pem', '') {
    answers('user1', GET => "$v1/certificates/{id}$form", { id => $certificate }, is => 200);
    answers('user2', GET => "$v1/certificates/{id}$form", { id => $certificate }, is => 404);
}
answers('user1', GET => "$v1/certificates/{id}", { id => $certificate }, headers => { Accept => $_ }, is => 200)
    for qw(application/pkix-cert application/x-pem-file application/pkcs7-mime application/pem-certificate-chain);
answers('user1', GET => "$v1/certificates/{id}", { id => $certificate }, headers => { Accept => 'image/png' }, is => 406);
my ($second, $third) = map { enroll('user1')->{certificate}{id} } 1 .. 2;
my %id = (
    renew => answers('user1', POST => "$v1/renew", {}, json => { certificate => $second }, is => 201)->{id},
    rekey => answers('user1', POST => "$v1/rekey", {}, json => { certificate => $third, csr => csr() }, is => 201)->{id},
    suspend => answers('officer1', POST => "$v1/suspend", {}, json => { certificate => $certificate, remarks => 'x' }, is => 201)->{id},
    reinstate => answers('officer1', POST => "$v1/reinstate", {}, json => { certificate => $certificate, remarks => 'x' }, is => 201)->{id});
my $revoked = answers('user1', POST => "$v1/revoke", {}, json => { certificate => $certificate, reason => 'superseded',
    remarks => 'test', invalidity_date => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime) }, is => 201);
answers('user1', POST => "$v1/revoke", {}, json => { certificate => $certificate, reason => 'superseded', remarks => 'x' }, is => 409);
answers('user1', GET => "$v1/certificates/{id}", { id => $certificate }, is => 200);
my $change = { kind => 'person.add', change => { name => 'Grace', mail => 'grace@example.test', roles => ['user'] } };
$id{change} = answers('admin1', POST => "$v1/change", {}, json => $change, is => 202)->{id};
answers('admin1', POST => "$v1/change", {}, json => { %{$change}, nope => 1 }, is => 422);
answers('user1', POST => "$v1/change", {}, json => $change, is => 403);
answers('admin2', POST => "$v1/change/{id}/events", { id => $id{change} },
    json => { event => 'decline', remarks => 'who is this?' }, is => 200);
answers('admin1', POST => "$v1/change/{id}/events", { id => $id{change} },
    json => { event => 'resubmit', change => { name => 'Grace Hopper' } }, is => 200);
answers('admin2', POST => "$v1/change/{id}/events", { id => $id{change} }, json => { event => 'approve' }, is => 200);

# A sample of each kind of governed change: the body, and the request that it makes.
my ($other, $gone) = map { (break_glass(qw(person add), $_, qw(--role user)))[1] =~ s/\s+\z//r } 'Other', 'Gone';
break_glass(@{$_}) for [qw(person deactivate), $gone], [qw(person login add), $other, qw(--user ulrike)], map { [split / /] }
    'group add web', 'group add empty', 'group profile add web intermediate-ca', 'group domain add web a.test', "group member add web $other";
my $profile = JSON::PP->new->utf8->decode((ctl(qw(profile export user)))[1]);
my %outside = (subj => '/CN=Outside', key => scratch('outside.key'), pem => scratch('outside.pem'));
command(qw(openssl req -x509 -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 30 -subj), $outside{subj}, '-addext',
    'keyUsage=critical,keyCertSign,cRLSign', '-keyout', $outside{key}, '-out', $outside{pem});
my %asked = (authority => 'partner', key => 'pkcs11:token=certmgr;object=partner', subject => 'CN=Partner', path_length => 0);
my $waiting = answers('admin1', POST => "$v1/change", {}, json => { kind => 'authority.csr', change => \%asked }, is => 202);
my $made = answers('admin2', POST => "$v1/change/{id}/events", { id => $waiting->{id} }, json => { event => 'approve' }, is => 200);
write_file(scratch('ask.csr'), $made->{change}{csr} // '');
write_file(scratch('ext.cnf'), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
        . "authorityKeyIdentifier=keyid:always\n");
command(qw(openssl x509 -req -days 20 -in), scratch('ask.csr'), '-CA', $outside{pem}, '-CAkey', $outside{key}, '-extfile', scratch('ext.cnf'),
    '-out', scratch('partner.pem'));
my %samples = (
    'person.add' => { name => 'Ada', method => 'oidc', issuer => 'https://idp.test', subject => 'ada' },
    'person.deactivate' => { person => $other },
    'person.activate' => { person => $gone },
    'role.give' => { person => $other, role => 'officer' },
    'role.take' => { person => $other, role => 'user' },
    'identity.tie' => { person => $other, subject => 'uta', issuer => 'Staff' },
    'identity.untie' => { person => $other, subject => 'ulrike' },
    'profile.store' => { profile => { %{$profile}, title => 'Everybody' } },
    'group.add' => { group => 'new' },
    'group.remove' => { group => 'empty' },
    'group.profile-add' => { group => 'web', profile => 'server' },
    'group.profile-remove' => { group => 'web', profile => 'intermediate-ca' },
    'group.domain-add' => { group => 'web', domain => 'b.test' },
    'group.domain-remove' => { group => 'web', domain => 'a.test' },
    'group.seat' => { group => 'web', person => $other, role => 'officer' },
    'group.unseat' => { group => 'web', person => $other },
    'authority.create' => { %asked, authority => 'third', parent => 'root', validity => '90d', ocsp_key => 'pkcs11:token=certmgr;object=third-ocsp' },
    'authority.csr' => { %asked, algorithm => 'P-384', authority => 'second' },
    'authority.import' => { authority => 'partner', certificate => read_file(scratch('partner.pem')), chain => read_file($outside{pem}),
        ocsp_key => 'pkcs11:token=certmgr;object=partner-ocsp', crl_validity => '30d' },
    'authority.revoke' => { authority => 'issuing', reason => 'superseded' },
    'authority.crl' => { authority => 'issuing', shards => 2, delta => '1h' },
    'authority.server-certificate' => { csr => csr(), dns => ['www.example.test'] },
    'key.compromised' => { key => csr() },
);
my $schemas = $api->{components}{schemas};
is_deeply([sort keys %{ $schemas->{Change}{discriminator}{mapping} }], [sort keys %samples], 'a sample of each kind of change');
for my $kind (sort keys %samples) {
    my $body = { kind => $kind, change => $samples{$kind}, message => 'a sample' };
    my $request = answers('admin1', POST => "$v1/change", {}, json => $body, is => 202);
    is($request->{change}{kind}, $kind, "$kind is shown");
    answers('admin2', POST => "$v1/change/{id}/events", { id => $request->{id} }, json => { event => 'decline', remarks => 'x' }, is => 200);
    answers('admin1', POST => "$v1/change/{id}/events", { id => $request->{id} }, json => { event => 'resubmit', change => $samples{$kind} }, is => 200);
    isnt(violations({ '$ref' => '#/components/schemas/ChangeSubmission' }, { %{$body}, change => { %{ $samples{$kind} }, nope => 1 } }), '',
        "$kind: a member too many");
    isnt(violations({ '$ref' => '#/components/schemas/Change' }, { %{ $request->{change} }, kind => 'king.make' }), '', 'a kind that is none');
}
%id = (%id, enroll => $enrolled->{id}, revoke => $revoked->{id}, requests => $enrolled->{id});
my %asker = (change => 'admin1', map { $_ => 'officer1' } qw(suspend reinstate));
my @operations = qw(enroll renew rekey revoke suspend reinstate change);
for my $list (@operations, qw(requests certificates)) {
    answers('officer1', GET => "$v1/$list", {}, query => '?limit=1', is => 200);
    answers('officer1', GET => "$v1/$list", {}, query => '?limit=0', is => 422);
    answers('officer1', GET => "$v1/$list", {}, query => '?limit=x&nope=1', is => 422);
    answers(undef, GET => "$v1/$list", {}, is => 401);
}
for my $collection (sort keys %id) {
    answers($asker{$collection} // 'user1', GET => "$v1/$collection/{id}", { id => $id{$collection} }, is => 200);
    answers('user2', GET => "$v1/$collection/{id}", { id => $id{$collection} }, is => 404);
}
answers($asker{$_} // 'user1', POST => "$v1/$_/{id}/events", { id => $id{$_} }, json => { event => 'cancel' }, is => 409) for @operations;
for my $suffix (qw(.cer .pem .p7b)) {
    answers(undef, GET => "/ca/{name}$suffix", { name => 'issuing' }, is => 200);
    answers(undef, GET => "/ca/{name}$suffix", { name => 'nope' }, is => 404);
}
answers(undef, GET => '/crl/{name}.crl', { name => 'root' }, is => 200);
answers(undef, GET => '/crl/{name}.crl', { name => 'nope' }, is => 404);
ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');
answers('auditor1', GET => "$v1/audit", {}, query => '?limit=200&happened_after=2020-01-01T00:00:00Z', is => 200);
answers('auditor1', GET => "$v1/audit", {}, query => "?$_", is => 422) for 'limit=0', 'nope=1', 'action=nope', 'happened_after=x';
answers('auditor1', GET => "$v1/audit.csv", {}, query => '?outcome=done', is => 200);
answers('auditor1', GET => "$v1/audit.csv", {}, query => '?limit=1', is => 422);
answers('auditor1', GET => "$v1/audit/head", {}, is => 200);
ok(wait_until(sub { query('SELECT count(*) FROM stranger') ne '0' }), 'strangers are counted');
answers('auditor1', GET => "$v1/audit/refusals", {}, is => 200);
answers('auditor1', GET => "$v1/audit/refusals", {}, query => '?before=x', is => 422);
my $sealed = query('SELECT id FROM audit_event WHERE leaf = 1');
answers('auditor1', GET => "$v1/audit/{id}", { id => $sealed }, is => 200);
answers('auditor1', GET => "$v1/audit/{id}", { id => 'nope' }, is => 404);
for my $route ('audit', 'audit.csv', 'audit/head', 'audit/refusals', 'audit/{id}') {
    answers('officer1', GET => "$v1/$route", { id => $sealed }, is => 403);
    answers(undef, GET => "$v1/$route", { id => $sealed }, is => 401);
}
my @ocsp = (type => 'application/ocsp-request');
answers(undef, POST => $_, {}, @ocsp, body => 'garbage', is => 200) for '/ocsp', '/ocsp/';
answers(undef, POST => $_, {}, body => 'garbage', is => 415) for '/ocsp', '/ocsp/';
answers(undef, GET => '/ocsp/{rest}', { rest => 'AAAA' }, is => 200);

subtest 'no route was left out' => sub {
    my %cannot = map { $_ => 1 } map { "post $v1/$_/{id}/events" } grep { $_ ne 'change' } @operations;    # no event is open in these profiles
    for my $path (sort keys %{ $api->{paths} }) {
        for my $method (sort keys %{ $api->{paths}{$path} }) {
            my $done = $walked{"$method $path"} // {};
            ok($done->{ $cannot{"$method $path"} ? 'bad' : 'good' }, "$method $path");
        }
    }
};
done();
