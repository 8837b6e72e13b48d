#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Governed changes over the API: dual control, whom a change concerns, what is decided anew, races.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
chmod 0755, scratch();

# A third administrator, so that a change of one can be approved by two others.
my ($code, $admin3) = break_glass(qw(person add admin3 --role administrator));
is($code, 0, 'a third administrator') or diag($admin3);
chomp $admin3;
csr();
($code, my $pem) = break_glass(qw(issue --for), $admin3, '--csr', scratch('new.csr'));
is($code, 0, 'who can log in') or diag($pem);
write_file(scratch('admin3.pem'), read_file(scratch('key.pem')) . $pem);
my %id = map { $_ => as($_, GET => '/api/v1/me')->{json}{id} } @{ contract('people') };

sub by {
    my ($who, @call) = @_;
    return as($who, @call) unless $who eq 'admin3';
    my ($method, $path, %with) = @call;
    return call($method => $i->{CERTMGR_URL} . $path, ca => $i->{CERTMGR_CA}, cert => scratch('admin3.pem'), %with);
}

sub propose {
    my ($who, $kind, $change, %more) = @_;
    return by($who, POST => '/api/v1/change', json => { kind => $kind, change => $change, %more });
}

sub event {
    my ($who, $request, $event, %more) = @_;
    return by($who, POST => "/api/v1/change/$request->{id}/events", json => { event => $event, %more });
}

sub roles_of {
    my ($id) = @_;
    return query("SELECT role FROM role_assignment WHERE person = '$id' ORDER BY role");
}

# Proposed by admin1 and approved by admin2.
sub done_at_once {
    my ($kind, $change) = @_;
    my $request = propose('admin1', $kind, $change)->{json};
    is(event('admin2', $request, 'approve')->{json}{state}, 'completed', $kind);
    return $request;
}

subtest 'one proposes, another approves' => sub {
    my $r = propose('admin1', 'person.add', { name => 'Grace', mail => 'grace@example.test', roles => ['user'] },
        message => 'starts on Monday');
    is($r->{status}, 202, 'waits') or diag($r->{body});
    my $request = $r->{json};
    members_are($request, 'request', 'change');
    is($request->{profile}, undef, 'has no profile');
    is($request->{requester}, $id{admin1});
    is_deeply($request->{change}, { kind => 'person.add', name => 'Grace', mail => 'grace@example.test', roles => ['user'] },
        'says what would change');
    is_deeply([map { "$_->{item} $_->{state} $_->{detail}" } @{ $request->{checklist} }], ['approval open 0 of 1 by administrator']);
    is_deeply($request->{events}, ['cancel']);
    is(query("SELECT name FROM person WHERE name = 'Grace'"), '', 'nobody is there yet');
    problem_is(event('admin1', $request, 'approve'), 403, 'forbidden', rule => 'approval.own');
    problem_is(event('officer1', $request, 'approve'), 403, 'forbidden', rule => 'permission.propose');
    problem_is(event('auditor1', $request, 'approve'), 403, 'forbidden', rule => 'permission.propose');
    is_deeply(by('admin2', GET => "/api/v1/change/$request->{id}")->{json}{events}, [qw(approve decline reject)]);
    problem_is(by('user1', GET => "/api/v1/change/$request->{id}"), 404, 'not-found', name => 'not for users');
    $r = event('admin2', $request, 'approve');
    is($r->{json}{state}, 'completed') or diag($r->{body});
    is(roles_of($request->{id}), 'user', 'her id is that of the request');
    is_deeply(event('admin2', $request, 'approve')->{json}, $r->{json}, 'twice is the same as once');
    my $event = query("SELECT detail FROM audit_event WHERE action = 'request.perform' AND object = '$request->{id}'");
    unlike($event, qr/Grace|grace/, 'no name in what the tree keeps for ever');
    like(query("SELECT personal FROM audit_event WHERE action = 'request.perform' AND object = '$request->{id}'"),
        qr/grace\@example\.test/, 'but beside it');
};

subtest 'who may propose' => sub {
    for my $who (qw(user1 officer1 auditor1)) {
        problem_is(propose($who, 'role.give', { person => $id{user1}, role => 'officer' }), 403, 'forbidden', name => $who);
    }
};

subtest 'nobody decides on their own rights' => sub {
    my $request = propose('admin1', 'role.give', { person => $id{admin2}, role => 'officer' })->{json};
    problem_is(event('admin2', $request, $_, remarks => 'x'), 403, 'forbidden', rule => 'approval.concerned', name => $_)
        for qw(approve decline reject);
    is_deeply(by('admin2', GET => "/api/v1/change/$request->{id}")->{json}{events}, []);
    my ($status, $pem) = break_glass(qw(issue --for), $id{admin2}, '--csr', do { csr(); scratch('new.csr') });
    is($status, 0);
    write_file(scratch('second.pem'), read_file(scratch('key.pem')) . $pem);
    my $r = call(POST => "$i->{CERTMGR_URL}/api/v1/change/$request->{id}/events", ca => $i->{CERTMGR_CA},
        cert => scratch('second.pem'), json => { event => 'approve' });
    problem_is($r, 403, 'forbidden', rule => 'approval.concerned', name => 'not with a second log-in either');
    is(event('admin3', $request, 'approve')->{json}{state}, 'completed');
    like(roles_of($id{admin2}), qr/officer/);
    $request = propose('admin2', 'identity.tie', { person => $id{admin1}, subject => 'mallory' })->{json};
    problem_is(event('admin1', $request, 'approve'), 403, 'forbidden', rule => 'approval.concerned');
    problem_is(event('admin2', $request, 'approve'), 403, 'forbidden', rule => 'approval.own');
    is(event('admin3', $request, 'reject', remarks => 'no')->{json}{state}, 'rejected');
    is(query("SELECT person FROM identity WHERE subject = 'mallory'"), '', 'nobody is tied');
    done_at_once('role.take', { person => $id{officer3}, role => 'officer' });
    done_at_once('role.give', { person => $id{officer3}, role => 'officer' });
};

subtest 'log-ins' => sub {
    done_at_once('identity.tie', { person => $id{user1}, subject => 'ulrike', issuer => 'Staff' });
    is(query("SELECT person FROM identity WHERE subject = 'ulrike' AND issuer = 'Staff' AND method = 'user'"), $id{user1});
    problem_is(propose('admin1', 'identity.tie', { person => $id{user2}, subject => 'ulrike', issuer => 'Staff' }),
        409, 'conflict', field => '/change/subject', rule => 'identity.taken');
    problem_is(propose('admin1', 'identity.untie', { person => $id{user2}, subject => 'ulrike', issuer => 'Staff' }),
        409, 'conflict', rule => 'identity.absent');
    done_at_once('identity.untie', { person => $id{user1}, subject => 'ulrike', issuer => 'Staff' });
    is(query("SELECT person FROM identity WHERE subject = 'ulrike'"), '');
};

subtest 'groups' => sub {
    done_at_once('group.add', { group => 'web' });
    problem_is(propose('admin1', 'group.add', { group => 'web' }), 409, 'conflict', field => '/change/group', rule => 'group.there');
    problem_is(propose('admin1', 'group.seat', { group => 'nope', person => $id{user1} }), 422, 'invalid-value',
        field => '/change/group', rule => 'group.unknown');
    done_at_once('group.profile-add', { group => 'web', profile => 'server' });
    problem_is(propose('admin1', 'group.remove', { group => 'web' }), 409, 'conflict', rule => 'group.profiles');
    problem_is(propose('admin1', 'group.domain-remove', { group => 'web', domain => 'a.test' }), 409, 'conflict', rule => 'group.lacks');
    done_at_once('group.domain-add', { group => 'web', domain => 'a.test' });
    my $request = propose('admin1', 'group.seat', { group => 'web', person => $id{admin2}, role => 'officer' })->{json};
    problem_is(event('admin2', $request, 'approve'), 403, 'forbidden', rule => 'approval.concerned');
    is(event('admin3', $request, 'approve')->{json}{state}, 'completed');
    problem_is(propose('admin1', 'group.seat', { group => 'web', person => $id{admin2}, role => 'officer' }), 409, 'conflict',
        rule => 'group.has');
    # an administrator of a group governs nothing
    done_at_once('group.seat', { group => 'web', person => $id{user1}, role => 'administrator' });
    problem_is(propose('user1', 'role.give', { person => $id{user1}, role => 'officer' }), 403, 'forbidden');
    done_at_once('group.unseat', { group => 'web', person => $id{user1}, role => 'administrator' });
    done_at_once('group.profile-remove', { group => 'web', profile => 'server' });
    done_at_once('group.remove', { group => 'web' });
};

subtest 'deactivated people log in nowhere' => sub {
    done_at_once('person.deactivate', { person => $id{user2} });
    problem_is(as('user2', GET => '/api/v1/me'), 401, 'identity', rule => 'login.inactive');
    problem_is(propose('admin1', 'person.deactivate', { person => $id{user2} }), 409, 'conflict', rule => 'person.state');
    done_at_once('person.activate', { person => $id{user2} });
    is(as('user2', GET => '/api/v1/me')->{status}, 200);
};

subtest 'a profile' => sub {
    my $show = sub { my ($status, $text) = ctl(qw(profile export user)); return JSON::PP->new->utf8->decode($text) };
    my $profile = $show->();
    problem_is(propose('admin1', 'profile.store', { profile => $profile }), 409, 'conflict', rule => 'profile.same');
    $profile->{title} = 'Everybody';
    my $first = propose('admin1', 'profile.store', { profile => $profile })->{json};
    is($first->{change}{base}, 1, 'made from version 1');
    my $second = propose('admin2', 'profile.store', { profile => { %$profile, title => 'Somebody' } })->{json};
    is(event('admin2', $first, 'approve')->{json}{state}, 'completed');
    is($show->()->{title}, 'Everybody');
    my $r = event('admin1', $second, 'approve');
    is($r->{json}{state}, 'rejected', 'what was made from an older version does not undo the newer one');
    like($r->{json}{checklist}[0]{detail}, qr/version 2 is in force/, 'and says why');
    is($show->()->{title}, 'Everybody');
    problem_is(propose('admin1', 'profile.store', { profile => { %$profile, nope => 1 } }), 422, 'unknown-member',
        field => '/change/profile/nope');
    problem_is(propose('admin1', 'profile.store', { profile => $profile, base => 1 }), 409, 'conflict',
        field => '/change/base', rule => 'change.outdated');
};

subtest 'decline and resubmit' => sub {
    my $request = propose('admin1', 'role.give', { person => $id{user1}, role => 'operator' })->{json};
    is(event('admin2', $request, 'decline', remarks => 'which one?')->{json}{state}, 'declined');
    problem_is(event('admin1', $request, 'resubmit', change => { person => $id{user1}, role => 'king' }), 422,
        'invalid-value', field => '/change/role', rule => 'person.role');
    my $r = event('admin1', $request, 'resubmit', change => { person => $id{user2}, role => 'operator' });
    is($r->{json}{change}{person}, $id{user2}) or diag($r->{body});
    is(event('admin2', $request, 'approve')->{json}{state}, 'completed');
    is(roles_of($id{user1}), 'user');
    like(roles_of($id{user2}), qr/operator/);
};

subtest 'it is decided anew' => sub {
    my $one = propose('admin1', 'role.give', { person => $id{user1}, role => 'operator' })->{json};
    my $other = propose('admin1', 'role.give', { person => $id{user1}, role => 'operator' })->{json};
    is(event('admin2', $one, 'approve')->{json}{state}, 'completed');
    my $r = event('admin2', $other, 'approve');
    is($r->{json}{state}, 'rejected', 'given already');
    like($r->{json}{checklist}[0]{detail}, qr/has this role already/);
    my $orphan = propose('admin3', 'role.take', { person => $id{user1}, role => 'operator' })->{json};
    done_at_once('person.deactivate', { person => $admin3 });
    $r = event('admin2', $orphan, 'approve');
    is($r->{json}{state}, 'rejected', 'who asked is gone');
    like(roles_of($id{user1}), qr/operator/);
    done_at_once('person.activate', { person => $admin3 });
};

subtest 'two administrators are left' => sub {
    done_at_once('person.deactivate', { person => $admin3 });
    my $request = propose('admin1', 'role.take', { person => $id{admin1}, role => 'administrator' })->{json};
    my $r = event('admin2', $request, 'approve');
    is($r->{json}{state}, 'rejected') or diag($r->{body});
    like($r->{json}{checklist}[0]{detail}, qr/fewer than 2 administrators/);
    like(roles_of($id{admin1}), qr/administrator/);
    done_at_once('person.activate', { person => $admin3 });
};

subtest 'bad bodies' => sub {
    problem_is(propose('admin1', 'king.make', {}), 422, 'invalid-value', field => '/kind', rule => 'change.kind');
    problem_is(propose('admin1', 'role.give', { person => $id{user1}, role => 'officer', nope => 1 }), 422,
        'unknown-member', field => '/change/nope');
    problem_is(propose('admin1', 'role.give', { person => $id{user1} }), 422, 'invalid-value', field => '/change/role');
    problem_is(propose('admin1', 'role.give', { person => 'nope', role => 'officer' }), 422, 'invalid-value',
        field => '/change/person', rule => 'person.unknown');
    problem_is(propose('admin1', 'role.give', { person => [], role => {} }), 422, 'invalid-value');
    problem_is(propose('admin1', 'person.add', { name => 'x' x 200, mail => 'no mail', roles => ['king', 'user', 'user'] }),
        422, 'invalid-value');
    problem_is(propose('admin1', 'person.add', { name => 'X', method => 'magic', subject => 'x' }), 422, 'invalid-value',
        field => '/change/method', rule => 'person.login');
    problem_is(by('admin1', POST => '/api/v1/change', json => { kind => 'role.give', change => 'x' }), 422, 'invalid-value',
        field => '/change');
    my $r = by('admin1', POST => '/api/v1/change', body => qq({"kind":"person.add","change":{"name":"\xff\xfe"}}));
    problem_is($r, 400, 'syntax', name => 'no UTF-8');
    problem_is(by('admin1', POST => '/api/v1/enroll', json => { kind => 'role.give', change => {} }), 422, 'unknown-member');
};

# Members of all kinds with values of all kinds: a refusal that says why, never a failure.
subtest 'random bodies' => sub {
    srand 20261123;
    my @kinds = (qw(person.add person.deactivate person.activate role.give role.take identity.tie identity.untie profile.store group.add group.remove
        group.profile-add group.profile-remove group.domain-add group.domain-remove group.seat group.unseat
        authority.create authority.csr authority.import authority.revoke authority.crl authority.server-certificate key.compromised), 'x', "\0");
    my @members = qw(person name mail roles role method issuer subject profile base kind group domain authority key algorithm
        subject path_length certificate chain parent ocsp_key crl_validity csr dns ca reason invalidity_date
        validity shards delta);
    my @values = ('', 'user', $id{user1}, "\x{1F600}" x 20, "a\0b", "'; DROP TABLE person; --", '%s%n', 'x' x 3000, 0, -1, 9e15, 1.5,
        [], ['user', 'user'], [[]], {}, { name => 'user' }, undef, JSON::PP::true);
    my %seen;
    for (1 .. 300) {
        my %change = map { $members[rand @members] => $values[rand @values] } 0 .. rand 4;
        my $r = propose('admin1', $kinds[rand @kinds], \%change);
        $seen{ $r->{status} }++;
        fail("$r->{status}: " . JSON::PP->new->encode(\%change)) if $r->{status} < 200 || $r->{status} >= 500;
    }
    note(join ', ', map { "$seen{$_} x $_" } sort keys %seen);
    ok($seen{422} > 100, 'most are refused');
    is(query('SELECT COUNT(*) > 5 FROM person') =~ /^(?:1|t)$/ ? 1 : 0, 1, 'everybody is still there');
};

# Both approvals at once, with two open: the change happens once.
sub race {
    my ($request) = @_;
    my @children = map {
        my $who = $_;
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            event($who, $request, 'approve');
            POSIX::_exit(0);
        }
        $pid
    } qw(admin1 admin2 admin3);
    waitpid $_, 0 for @children;
    return;
}

subtest 'approvals that race let it happen once' => sub {
    require POSIX;
    for my $n (1 .. 10) {
        my ($status, $text) = ctl(qw(--json person add), "Racer $n", '--role', 'user');
        is($status, 0) or diag($text);
        my $request = JSON::PP->new->utf8->decode($text);
        race($request);
        my $state = wait_until(sub {
            my $state = by('admin1', GET => "/api/v1/change/$request->{id}")->{json}{state};
            return $state =~ /completed|rejected/ ? $state : undef;
        });
        is($state, 'completed', "Racer $n");
        is(query("SELECT COUNT(*) FROM person WHERE name = 'Racer $n'"), 1, 'once');
        is(query("SELECT COUNT(*) FROM audit_event WHERE action = 'request.perform' AND object = '$request->{id}'"), 1,
            'and is recorded once');
        is(query("SELECT COUNT(*) FROM approval WHERE request = '$request->{id}'"), 2, 'by two');
    }
};

subtest 'the record is whole' => sub {
    my ($status, $text) = ctl(qw(audit verify));
    is($status, 0) or diag($text);
};
done();
