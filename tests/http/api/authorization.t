#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every route with every role, and objects of somebody else's, against the matrix of the contract.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main;

my @roles = qw(user operator officer administrator ca-admin auditor client);

# By hand, from the contract. Reading is open to each role; what it reads is limited below.
my %may = (
    own => [qw(user operator officer administrator ca-admin client)],
    see => [@roles],
    'see others' => [qw(operator officer administrator ca-admin auditor)],
    'revoke for others' => [qw(officer)],
    propose => [qw(administrator ca-admin)],
    audit => [qw(auditor)],
);
my %needs = map { $_ => 'propose' } 'POST /api/v1/change', 'POST /api/v1/change/{id}/events';
my %open = map { $_ => 1 } 'GET /api/v1/health', 'GET /api/v1/openapi.json', 'POST /ocsp', 'POST /ocsp/', 'GET /ocsp/*',
    'GET /crl/{name}.crl', 'GET /ca/{name}.cer', 'GET /ca/{name}.pem', 'GET /ca/{name}.p7b';

sub may {
    my ($role, $what) = @_;
    return scalar grep { $_ eq $role } @{ $may{$what} };
}

my $i = main_instance();
chmod 0755, scratch();

# A person with this role and no other, logged in by certificate; returns the file of key and certificate.
sub make_person {
    my ($role) = @_;
    my $first = $role eq 'client' ? 'user' : $role;    # clients have no profile of their own yet
    my ($code, $id) = break_glass(qw(person add), "Test $role", '--mail', "$role\@example.test", '--role', $first);
    die $id if $code;
    chomp $id;
    csr();
    ($code, my $pem) = break_glass(qw(person certificate), $id, '--csr', scratch('new.csr'));
    die $pem if $code;
    if ($role ne $first) {
        is((break_glass(qw(person role add), $id, $role))[0], 0);
        is((break_glass(qw(person role remove), $id, $first))[0], 0);
    }
    return write_file(scratch("$role.pem"), read_file(scratch('key.pem')) . $pem);
}
my %person = map { $_ => make_person($_) } @roles;

sub by {
    my ($role, $method, $path, %with) = @_;
    $with{cert} = $person{$role} if $role;
    return call($method => $i->{CERTMGR_URL} . $path, ca => $i->{CERTMGR_CA}, %with)->{status};
}

my ($code, $text) = ctl(qw(--json routes));
my @routes = @{ JSON::PP->new->utf8->decode($text)->{items} };
is_deeply([sort grep { $open{$_} } map { "$_->{method} $_->{path}" } @routes], [sort keys %open], 'what is open to all is there');

for my $route (@routes) {
    my $name = "$route->{method} $route->{path}";
    my $what = $needs{$name}
        // ($route->{path} =~ m{^/api/v1/audit\b} ? 'audit' : $route->{method} eq 'POST' ? 'own' : 'see');
    my $path = $route->{path} =~ s/\{(\w+)\}/nope/gr =~ s/\*/MAA=/r;
    my %body = $route->{method} eq 'POST' ? (body => '{}', type => 'application/json') : ();
    subtest $name => sub {
        my $stranger = by(undef, $route->{method}, $path, %body);
        $open{$name} ? ok($stranger != 401 && $stranger != 403, "nobody: $stranger") : is($stranger, 401, 'nobody');
        for my $role (@roles) {
            my $status = by($role, $route->{method}, $path, %body);
            my $allowed = $open{$name} || may($role, $what);
            $allowed ? ok($status != 401 && $status != 403, "$role: $status") : is($status, 403, $role);
        }
    };
}

my $request = enroll('user1');
for my $role (@roles) {
    subtest "$role and what belongs to user1" => sub {
        my $seen = may($role, 'see others') ? 200 : 404;
        is(by($role, GET => "/api/v1/certificates/$request->{certificate}{id}$_"), $seen, "certificate$_")
            for '', '.cer', '.pem', '.p7b', '/chain.pem';
        is(by($role, GET => "/api/v1/$_/$request->{id}"), $seen, $_) for qw(enroll requests);
        is(by($role, GET => "/api/v1/revoke/$request->{id}"), 404, 'not under another operation');
        my $act = by($role, POST => "/api/v1/enroll/$request->{id}/events", json => { event => 'cancel' });
        is($act, !may($role, 'own') ? 403 : may($role, 'see others') ? 409 : 404, 'cancel');
        my $other = enroll('user1')->{certificate};
        my $revoked = by($role, POST => '/api/v1/revoke',
            json => { certificate => $other->{id}, reason => 'superseded', remarks => 'test' });
        is($revoked, may($role, 'revoke for others') ? 201 : !may($role, 'own') ? 403 : may($role, 'see others') ? 403 : 404,
            'revoke');
        my $list = as('user1', GET => "/api/v1/certificates/$other->{id}")->{json}{status};
        is($list, may($role, 'revoke for others') ? 'revoked' : 'active', "it is $list");
    };
}

# A role that holds for a group only opens the routes, and nothing that does not belong to the group.
is((break_glass(qw(group add elsewhere)))[0], 0);
for my $role (@roles) {
    subtest "$role of another group and what belongs to user1" => sub {
        my ($id) = map { $_->{json}{id} } call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => $person{$role});
        is((break_glass(qw(person role add), $id, $role, '--group', 'elsewhere'))[0], 0);
        is((break_glass(qw(person role remove), $id, $role))[0], 0);
        is(by($role, GET => '/api/v1/me'), 200, 'me');
        is(by($role, GET => "/api/v1/certificates/$request->{certificate}{id}$_"), 404, "certificate$_")
            for '', '.cer', '.pem', '.p7b', '/chain.pem';
        is(by($role, GET => "/api/v1/$_/$request->{id}"), 404, $_) for qw(enroll requests);
        my $refused = may($role, 'own') ? 404 : 403;
        is(by($role, POST => "/api/v1/enroll/$request->{id}/events", json => { event => 'cancel' }), $refused, 'cancel');
        is(by($role, POST => '/api/v1/revoke', json => { certificate => $request->{certificate}{id}, reason => 'superseded', remarks => 'x' }),
            $refused, 'revoke');
        is(by($role, POST => '/api/v1/enroll', json => { profile => 'user', csr => csr() }), may($role, 'own') ? 422 : 403,
            'no role of one group opens a profile of none');
        for my $route (grep { $_->{path} =~ m{^/api/v1/audit\b} } @routes) {
            is(by($role, $route->{method}, $route->{path} =~ s/\{\w+\}/nope/gr), 403, "$route->{path} is of all");
        }
    };
}
done();
