#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Groups: profiles that are open to members only, roles that hold for one group, and who sees what was
# made in it. Pages of lists are compared with a model.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT break_glass_ok);

my $i = main_instance();
chmod 0755, scratch();

sub refused {
    my ($code, $text) = ctl(@_);
    is($code, 1, "refused: @_") or diag($text);
    return $text;
}

# People of this test, who log in by certificate: name => id.
my (%id, %key);

sub add_person {
    my ($name, @roles) = @_;
    my $stays = !@roles || grep { $_->[0] eq 'user' } @roles;
    $id{$name} = break_glass_ok(qw(person add), $name, '--mail', "$name\@example.test", '--role', 'user');
    csr();
    my $pem = break_glass_ok(qw(person certificate), $id{$name}, '--csr', scratch('new.csr'));
    $key{$name} = write_file(scratch("$name.pem"), read_file(scratch('key.pem')) . "$pem\n");
    break_glass_ok(qw(person role add), $id{$name}, @$_) for grep { $_->[0] ne 'user' } @roles;
    break_glass_ok(qw(person role remove), $id{$name}, 'user') unless $stays;
    return;
}

sub by {
    my ($who, $method, $path, %with) = @_;
    return as($who, $method, $path, %with) unless $key{$who};
    return call($method => "$i->{CERTMGR_URL}$path", ca => $i->{CERTMGR_CA}, cert => $key{$who}, %with);
}

sub ask {
    my ($who, %more) = @_;
    return by($who, POST => '/api/v1/enroll', json => { profile => 'server', csr => csr(), san => ['dns:www.example.test'], %more });
}

sub event {
    my ($who, $request, $event, %more) = @_;
    return by($who, POST => "/api/v1/$request->{operation}/$request->{id}/events", json => { event => $event, %more });
}

break_glass_ok(qw(group add), $_) for qw(web mail);
add_person('wendy');
add_person('marc');
add_person('both');
add_person('webofficer', ['officer', '--group', 'web']);
add_person('mailofficer', ['officer', '--group', 'mail']);
add_person('webadmin', ['administrator', '--group', 'web'], ['auditor', '--group', 'web']);
add_person('twice', ['officer', '--group', 'web'], ['officer', '--group', 'mail'], ['user']);
break_glass_ok(qw(group member add), $_->[0], $id{ $_->[1] }) for ['web', 'wendy'], ['mail', 'marc'], ['web', 'both'], ['mail', 'both'];

my $free = ask('user1')->{json};
is($free->{state}, 'pending', 'before a group lists the profile, it is open to all');
break_glass_ok(qw(group profile add web server));
break_glass_ok(qw(group profile add mail server));
break_glass_ok(qw(group domain add web example.test));

subtest 'commands say what is wrong' => sub {
    refused(qw(group add), $_) for 'web', 'a b', '', 'x' x 65;
    refused(qw(group profile add web nonsense));
    refused(qw(group profile add nowhere server));
    refused(qw(group profile add web server));
    refused(qw(group domain add web), $_) for 'Example.test', 'a b', 'example.test';
    refused(qw(group member add web nobody));
    refused(qw(group member add nowhere), $id{wendy});
    refused(qw(group member add web), $id{wendy});
    refused(qw(group member remove mail), $id{wendy});
    refused(qw(person role add), $id{wendy}, 'officr', '--group', 'web');
    refused(qw(person role add), $id{wendy}, 'officer', '--group', 'nowhere');
    like(refused(qw(group remove web)), qr/lists profiles/, 'a group with profiles stays');
    refused(qw(group show nowhere));
    my ($code, $text) = ctl(qw(--json group list));
    my $groups = JSON::PP->new->decode($text)->{items};
    is_deeply([map { [$_->{name}, $_->{profiles}, $_->{domains}] } @$groups],
        [['mail', ['server'], []], ['web', ['server'], ['example.test']]], 'group list');
    ($code, $text) = ctl(qw(--json group show web));
    my %seats = map { ("$_->{person} $_->{role}" => 1) } @{ JSON::PP->new->decode($text)->{items} };
    is_deeply(\%seats, { map { $_ => 1 } "$id{wendy} member", "$id{both} member", "$id{webofficer} officer",
        "$id{webadmin} administrator", "$id{webadmin} auditor", "$id{twice} officer" }, 'group show');
};

subtest 'me' => sub {
    is_deeply(by('wendy', GET => '/api/v1/me')->{json}{groups}, ['web']);
    is_deeply(by('both', GET => '/api/v1/me')->{json}{groups}, [qw(mail web)]);
    is_deeply(by('webofficer', GET => '/api/v1/me')->{json}{groups}, [], 'a role in a group makes no member');
    is_deeply(by('webofficer', GET => '/api/v1/me')->{json}{roles}, ['officer']);
    is_deeply(as('user1', GET => '/api/v1/me')->{json}{groups}, []);
};

my %request;
subtest 'the profile is open to members only' => sub {
    problem_is(ask('user1'), 422, 'invalid-value', rule => 'profile.unknown', field => '/profile');
    is(ask('user1')->{body}, ask('user1', profile => 'nonsense')->{body}, 'as if it were not there');
    problem_is(ask('officer1'), 422, 'refused', rule => 'profile.group', field => '/profile', name => 'whoever sees it is told why');
    for (qw(wendy marc both)) {
        my $r = ask($_);
        is($r->{status}, 202, $_) or diag($r->{body});
        $request{$_} = $r->{json};
    }
    is(query("SELECT group_name FROM request WHERE id = '$request{wendy}{id}'"), 'web');
    is(query("SELECT group_name FROM request WHERE id = '$request{marc}{id}'"), 'mail');
    is(query("SELECT group_name FROM request WHERE id = '$request{both}{id}'"), 'mail', 'the first of two');
};

subtest 'who sees it' => sub {
    my %sees = (
        wendy => [qw(wendy)], marc => [qw(marc)], both => [qw(both)], user1 => ['free'],
        webofficer => [qw(wendy)], mailofficer => [qw(marc both)], webadmin => [qw(wendy)],
        twice => [qw(wendy marc both)], map { $_ => [qw(wendy marc both free)] } qw(officer1 admin1 auditor1));
    my %all = (%request, free => $free);
    for my $who (sort keys %sees) {
        for my $of (sort keys %all) {
            my $seen = (grep { $_ eq $of } @{ $sees{$who} }) ? 200 : 404;
            is(by($who, GET => "/api/v1/$_/$all{$of}{id}")->{status}, $seen, "$who, $of: $seen") for qw(enroll requests);
        }
    }
};

subtest 'who decides' => sub {
    problem_is(event('mailofficer', $request{wendy}, 'approve'), 404, 'not-found', name => 'not the officer of another group');
    problem_is(event('webadmin', $request{wendy}, 'approve'), 403, 'forbidden', rule => 'approval.role');
    problem_is(event('webofficer', $free, 'approve'), 404, 'not-found', name => 'nor what belongs to no group');
    is_deeply(by('webofficer', GET => "/api/v1/enroll/$request{wendy}{id}")->{json}{events}, [qw(approve decline reject)]);
    my $r = event('webofficer', $request{wendy}, 'approve');
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{state}, 'completed', 'the officer of the group');
    is(event('officer1', $request{marc}, 'approve')->{json}{state}, 'completed', 'an officer of all');
    my $own = ask('twice');
    problem_is($own, 422, 'refused', rule => 'profile.group', name => 'an officer of a group is no member');
    break_glass_ok(qw(group member add web), $id{twice});
    $own = ask('twice')->{json};
    problem_is(event('twice', $own, 'approve'), 403, 'forbidden', rule => 'approval.own');
    is(event('webofficer', $own, 'approve')->{json}{state}, 'completed');
};

subtest 'its certificate' => sub {
    my $id = by('wendy', GET => "/api/v1/enroll/$request{wendy}{id}")->{json}{certificate}{id};
    for (['wendy', 200], ['webofficer', 200], ['webadmin', 200], ['mailofficer', 404], ['marc', 404], ['auditor1', 200]) {
        my ($who, $status) = @$_;
        is(by($who, GET => "/api/v1/certificates/$id$_")->{status}, $status, "$who$_") for '', '.pem', '/chain.pem';
    }
    my %revoke = (certificate => $id, reason => 'superseded', remarks => 'test');
    problem_is(by('mailofficer', POST => '/api/v1/suspend', json => { certificate => $id, remarks => 'x' }), 404, 'not-found');
    problem_is(by('webadmin', POST => '/api/v1/revoke', json => \%revoke), 403, 'forbidden', rule => 'permission.decide');
    my $r = by('webofficer', POST => '/api/v1/suspend', json => { certificate => $id, remarks => 'x' });
    is($r->{status}, 201, 'the officer of the group acts on it') or diag($r->{body});
    is(by('mailofficer', GET => "/api/v1/suspend/$r->{json}{id}")->{status}, 404, 'and nobody else sees that');
    is(by('webadmin', GET => "/api/v1/suspend/$r->{json}{id}")->{status}, 200);
    is(by('webofficer', POST => '/api/v1/reinstate', json => { certificate => $id, remarks => 'x' })->{status}, 201);
    $r = by('wendy', POST => '/api/v1/renew', json => { certificate => $id });
    is($r->{status}, 202, 'the member renews it') or diag($r->{body});
    my $next = event('webofficer', $r->{json}, 'approve')->{json}{certificate}{id};
    is(by('webadmin', GET => "/api/v1/certificates/$next")->{status}, 200, 'in the same group');
    break_glass_ok(qw(group member remove web), $id{wendy});
    problem_is(by('wendy', POST => '/api/v1/renew', json => { certificate => $next }), 422, 'refused', rule => 'profile.group',
        name => 'who left the group renews no more');
    is(by('webofficer', POST => '/api/v1/renew', json => { certificate => $next })->{status}, 202, 'the officer may');
    is(by('wendy', POST => '/api/v1/revoke', json => { %revoke, certificate => $next })->{status}, 201, 'but ends it');
    break_glass_ok(qw(group member add web), $id{wendy});
};

subtest 'a declined request is submitted again' => sub {
    my $r = ask('both')->{json};
    is(event('mailofficer', $r, 'decline', remarks => 'another name')->{json}{state}, 'declined');
    break_glass_ok(qw(group member remove mail), $id{both});
    is(event('both', $r, 'resubmit')->{status}, 200, 'by one who is in another group now');
    is(query("SELECT group_name FROM request WHERE id = '$r->{id}'"), 'web', 'where it goes on');
    is(by('mailofficer', GET => "/api/v1/enroll/$r->{id}")->{status}, 404);
    is(event('webofficer', $r, 'decline', remarks => 'no')->{json}{state}, 'declined');
    break_glass_ok(qw(group member remove web), $id{both});
    problem_is(event('both', $r, 'resubmit'), 422, 'refused', rule => 'profile.group', name => 'and by one who is in none');
};

sub walk {
    my ($who, $path, $limit) = @_;
    my ($next, @ids) = ("/api/v1/$path?limit=$limit");
    while ($next) {
        my $r = by($who, GET => $next);
        is($r->{status}, 200, $next) or return;
        cmp_ok(scalar @{ $r->{json}{items} }, '<=', $limit, 'no page is too long');
        push @ids, map { $_->{id} } @{ $r->{json}{items} };
        $next = $r->{json}{next};
        $next =~ s{^/certmgr}{} if $next;
    }
    return @ids;
}

subtest 'lists hold what is visible, page by page' => sub {
    break_glass_ok(qw(group member add), $_, $id{both}) for qw(web mail);
    for (1 .. 12) {
        my $who = (qw(wendy marc both twice user1))[rand 5];
        $who eq 'user1' ? enroll('user1') : is(ask($who)->{status}, 202, $who);
    }
    my %bound = (
        webofficer => "group_name = 'web' OR %s = '$id{webofficer}'", mailofficer => "group_name = 'mail' OR %s = '$id{mailofficer}'",
        webadmin => "group_name = 'web' OR %s = '$id{webadmin}'", wendy => "%s = '$id{wendy}'",
        twice => "group_name IN ('web', 'mail') OR %s = '$id{twice}'", auditor1 => '1 = 1');
    for my $who (sort keys %bound) {
        for my $limit (1, 3, 200) {
            subtest "$who, $limit a page" => sub {
                my $of = sub { sprintf($bound{$who} =~ /%s/ ? $bound{$who} : "$bound{$who}%s", $bound{$who} =~ /%s/ ? $_[0] : '') };
                is_deeply([walk($who, 'requests', $limit)],
                    [split /\n/, query('SELECT id FROM request WHERE ' . $of->('requester') . ' ORDER BY id DESC')], 'requests');
                is_deeply([walk($who, 'enroll', $limit)], [split /\n/,
                    query("SELECT id FROM request WHERE operation = 'enroll' AND (" . $of->('requester') . ') ORDER BY id DESC')], 'of one operation');
                is_deeply([walk($who, 'certificates', $limit)],
                    [split /\n/, query('SELECT id FROM certificate WHERE ' . $of->('owner') . ' ORDER BY id DESC')], 'certificates');
            } if $limit > 1 || $who =~ /^web/;
        }
    }
};

subtest 'an authority reaches beyond the group' => sub {
    add_person('webca', ['ca-admin', '--group', 'web']);
    break_glass_ok(qw(group profile add web intermediate-ca));
    break_glass_ok(qw(group member add web), as('admin1', GET => '/api/v1/me')->{json}{id});
    my $r = as('admin1', POST => '/api/v1/enroll', json => { profile => 'intermediate-ca',
        csr => csr(qw(-newkey ec -pkeyopt ec_paramgen_curve:P-384 -subj), '/O=Example/CN=Web CA') });
    is($r->{status}, 202) or diag($r->{body});
    is(by('webca', GET => "/api/v1/enroll/$r->{json}{id}")->{status}, 200, 'who has the role in the group sees it');
    problem_is(event('webca', $r->{json}, 'approve'), 403, 'forbidden', rule => 'approval.role', name => 'but decides nothing');
    is(event('admin2', $r->{json}, 'approve')->{json}{state}, 'completed', 'who has it everywhere does');
    break_glass_ok(qw(group profile remove web intermediate-ca));
};

subtest 'a group is removed' => sub {
    break_glass_ok(qw(group profile remove web server));
    break_glass_ok(qw(group remove web));
    is(by('webofficer', GET => '/api/v1/me')->{status}, 403, 'with the roles that held in it');
    is_deeply(by('wendy', GET => '/api/v1/me')->{json}{groups}, []);
    problem_is(ask('wendy'), 422, 'invalid-value', rule => 'profile.unknown', name => 'another group lists the profile still');
    break_glass_ok(qw(group profile remove mail server));
    is(ask('user1')->{status}, 202, 'listed by no group it is open again');
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0, 'the record is whole') or diag($text);
    is(query(qq{SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%"group":"web","kind":"group.$_"%'}), 1, "group.$_ is recorded")
        for qw(add remove);
};
done();
