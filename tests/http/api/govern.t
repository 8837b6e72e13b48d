#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Commands under dual control: before two administrators can log in they act at once, then they wait for
# two of them, or break the glass. Requests in the name of people.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $codes = contract('exit_codes');
chmod 0755, scratch();
my %id = map { $_ => as($_, GET => '/api/v1/me')->{json}{id} } @{ contract('people') };

sub event {
    my ($who, $operation, $id, $event, %more) = @_;
    return as($who, POST => "/api/v1/$operation/$id/events", json => { event => $event, %more });
}

# The request that a command has made and that waits.
sub waits {
    my ($for, @command) = @_;
    my ($code, $text) = ctl(@command);
    is($code, 0, "@command") or diag($text);
    like($text, qr/^request \w+ waits: .*\Q$for\E$/, 'waits');
    my ($request) = $text =~ /^request (\w+)/;
    return $request;
}

sub state_of { my ($id) = @_; return query("SELECT state FROM request WHERE id = '$id'") }

subtest 'a command needs two administrators' => sub {
    my $request = waits('0 of 2 by administrator', qw(person add Grace --mail grace@example.test --role user));
    is(query("SELECT COUNT(*) FROM person WHERE name = 'Grace'"), 0, 'nothing has happened');
    my $r = as('admin1', GET => "/api/v1/change/$request");
    is($r->{json}{requester}, undef, 'nobody asked');
    like($r->{json}{message}, qr/^by command: certmgrctl, local:/, 'but a command did');
    is_deeply($r->{json}{events}, [qw(approve decline reject)]);
    is((as('admin1', GET => '/api/v1/change'))->{json}{items}[0]{id}, $request, 'it is in the list');
    is(event('admin1', change => $request, 'approve')->{json}{state}, 'pending', 'one is not enough');
    is(event('admin1', change => $request, 'approve')->{json}{state}, 'pending', 'nor twice the same');
    is(event('admin2', change => $request, 'approve')->{json}{state}, 'completed', 'two are');
    is(query("SELECT name FROM person WHERE id = '$request'"), 'Grace');
    is(query("SELECT COUNT(*) FROM audit_event WHERE object = '$request' AND action = 'request.submit' AND actor IS NULL"), 1,
        'nobody is the actor');
    my ($code, $text) = ctl(qw(--json person role add), $request, 'officer');
    is($code, 0);
    my $object = JSON::PP->new->utf8->decode($text);
    is($object->{state}, 'pending', '--json');
    is_deeply($object->{change}, { kind => 'role.give', person => $request, role => 'officer' });
    is(event('admin1', change => $object->{id}, 'reject', remarks => 'no')->{json}{state}, 'rejected');
    ($code, $text) = ctl(qw(--json request show), $object->{id});
    is(JSON::PP->new->utf8->decode($text)->{state}, 'rejected', 'request show');
    ($code, $text) = ctl(qw(--json request list --operation change --state completed));
    is_deeply([map { $_->{id} } grep { $_->{id} eq $request } @{ JSON::PP->new->utf8->decode($text)->{items} }], [$request],
        'request list');
    is((ctl(qw(request show nope)))[0], $codes->{refused});
    is((ctl(qw(request list --state nope)))[0], $codes->{refused});
};

subtest 'what can not be is refused at once' => sub {
    my ($code, $text) = ctl(qw(person role add), $id{user1}, 'king');
    is($code, $codes->{refused});
    like($text, qr/there is no such role/);
    is((ctl(qw(person role remove), $id{user1}, 'officer'))[0], $codes->{refused}, 'a role that the person does not have');
    is((ctl(qw(person deactivate nope)))[0], $codes->{refused}, 'nobody');
    is((ctl(qw(person login add), $id{user1}))[0], $codes->{refused}, 'no log-in');
};

subtest 'break-glass' => sub {
    is((ctl(qw(person deactivate), $id{user2}, '--break-glass'))[0], $codes->{usage}, 'without a reason');
    is((ctl(qw(person deactivate), $id{user2}, '--break-glass', ' '))[0], $codes->{refused}, 'nor with an empty one');
    is(query("SELECT state FROM person WHERE id = '$id{user2}'"), 'active');
    my ($code, $text) = ctl(qw(person deactivate), $id{user2}, '--break-glass', "left in anger\nand took the keys");
    is($code, 0) or diag($text);
    like($text, qr/^notice: \w+ break-glass of request \w+ by local:\S+: left in anger\\x0aand took the keys$/m,
        'said on the terminal, on one line');
    is(query("SELECT state FROM person WHERE id = '$id{user2}'"), 'inactive', 'happened');
    my $request = as('admin2', GET => '/api/v1/change')->{json}{items}[0];
    is($request->{state}, 'completed', 'shown to every administrator');
    is($request->{message}, "break-glass: left in anger\nand took the keys");
    is($request->{checklist}[0]{detail}, 'passed over by break-glass');
    is(query("SELECT COUNT(*) FROM audit_event WHERE action = 'request.break-glass' AND object = '$request->{id}'"), 1,
        'an event of its own');
    my $personal = query("SELECT personal FROM audit_event WHERE action = 'request.break-glass' AND object = '$request->{id}'");
    like($personal, qr/"address":"local:\w.*"reason":"left in anger/, 'with local user and reason');
    ok(wait_until(sub { read_file($i->{CERTMGR_ERROR_LOG}) =~ /certmgr:notice.*break-glass: request $request->{id}/ }),
        "and said in the server's log");
    is((break_glass(qw(person activate), $id{user2}))[0], 0);
};

subtest 'identities' => sub {
    my $request = waits('0 of 2 by administrator', qw(person login add), $id{user1}, qw(--user ulrike --realm Staff));
    event($_, change => $request, 'approve') for qw(admin1 admin2);
    is(query("SELECT person FROM identity WHERE subject = 'ulrike' AND issuer = 'Staff'"), $id{user1});
    is((break_glass(qw(person login remove), $id{user1}, qw(--user ulrike --realm Staff)))[0], 0);
    is(query("SELECT COUNT(*) FROM identity"), 0);
};

subtest 'issue in the name of a person' => sub {
    csr();
    my ($code, $pem) = ctl(qw(issue --for), $id{user1}, qw(--profile user --csr), scratch('new.csr'));
    is($code, 0) or diag($pem);
    like($pem, qr/\A-----BEGIN CERTIFICATE-----\n.*-----END CERTIFICATE-----\n\z/s, 'the checklist is complete');
    my $made = as('user1', GET => '/api/v1/certificates')->{json}{items}[0];
    is($made->{pem}, $pem, 'is theirs');
    is(query("SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%\"for\":\"$id{user1}\"%' AND actor IS NULL"), 2,
        'recorded as a command for the person, as the first one was, not as the person');
    csr();
    my $request = waits('0 of 1 by officer', qw(issue --for), $id{user1}, qw(--profile server --csr), scratch('new.csr'),
        qw(--san dns:www.example.test));
    is(event('officer1', enroll => $request, 'approve')->{json}{certificate}{owner}, $id{user1}, 'under the checklist');
    csr();
    ($code, $pem) = break_glass(qw(issue --for), $id{user1}, qw(--profile server --csr), scratch('new.csr'),
        qw(--san dns:shop.example.test));
    like($pem, qr/BEGIN CERTIFICATE/, 'approvals are passed over') or diag($pem);
    is((ctl(qw(issue --for), $id{user1}, qw(--profile intermediate-ca --csr), scratch('new.csr')))[0], $codes->{refused},
        'what the profile refuses to the person');
    is((break_glass(qw(issue --for), $id{user1}, qw(--profile intermediate-ca --csr), scratch('new.csr')))[0], $codes->{refused},
        'is refused behind broken glass too');
    is((ctl(qw(issue --for nobody --csr), scratch('new.csr')))[0], $codes->{refused}, 'nobody');
    is((ctl(qw(issue --csr), scratch('new.csr')))[0], $codes->{refused}, 'for nobody');
};

# A log-in as somebody who decides would let one person with a shell decide alone.
subtest 'a certificate of somebody who may approve' => sub {
    csr();
    my $request = waits('0 of 2 by administrator', qw(person certificate), $id{officer1}, '--csr', scratch('new.csr'));
    event($_, enroll => $request, 'approve') for qw(admin1 admin2);
    is(state_of($request), 'completed');
    csr();
    $request = waits('0 of 2 by administrator', qw(issue --for), $id{admin2}, '--csr', scratch('new.csr'));
    problem_is(event('admin2', enroll => $request, 'approve'), 403, 'forbidden', rule => 'approval.own');
    is(event('admin1', enroll => $request, 'approve')->{json}{state}, 'pending');
};

subtest 'revoke in the name of the owner' => sub {
    my $certificate = enroll('user1')->{certificate}{id};
    my @reason = (qw(--reason superseded --remarks), 'lost it');
    is((ctl('revoke', $certificate, qw(--reason superseded)))[0], $codes->{refused}, 'without remarks');
    is((ctl('revoke', $certificate, qw(--reason magic --remarks x)))[0], $codes->{refused}, 'not a reason');
    my ($code, $text) = ctl('revoke', $certificate, @reason);
    is($code, 0);
    like($text, qr/^certificate $certificate is revoked$/);
    is(as('user1', GET => "/api/v1/certificates/$certificate")->{json}{status}, 'revoked');
    is((ctl('revoke', $certificate, @reason))[0], $codes->{refused}, 'twice');
    is((ctl('revoke', 'nope', @reason))[0], $codes->{refused}, 'none');
    my $own = query("SELECT id FROM certificate WHERE owner IS NULL ORDER BY id LIMIT 1");
    ($code, $text) = ctl('revoke', $own, @reason);
    is($code, $codes->{refused}, "an authority's");
    like($text, qr/nobody's/);
};

subtest 'a second ceremony' => sub {
    my $profile = JSON::PP->new->utf8->decode((ctl(qw(profile export user)))[1]);
    mkdir scratch('profiles');
    write_file(scratch('profiles/user.json'), JSON::PP->new->utf8->encode({ %$profile, title => 'Smuggled' }));
    write_file(scratch('plan.json'), JSON::PP->new->utf8->encode({ authorities => [{ name => 'third', parent => 'root',
        key => 'pkcs11:token=certmgr;object=third', algorithm => 'P-256', subject => 'CN=Third', validity => '30d', pathlen => 0 }] }));
    my $n = 0;
    my @init = ('init', '--profiles', scratch('profiles'), '--log');
    my $log = sub { return "$i->{CERTMGR_FOLDER}/demo/log/ceremony-" . ++$n . '.log' };
    my ($code, $text) = ctl(@init, $log->());
    is($code, 0, 'finds everything there') or diag($text);
    unlike((ctl(qw(profile export user)))[1], qr/Smuggled/, 'and stores no profile past the administrators');
    ($code, $text) = ctl(@init, $log->(), '--plan', scratch('plan.json'));
    is($code, 0, 'nor makes an authority') or diag($text);
    like($text, qr/^request \w+ waits: .*0 of 2 by ca-admin/m, 'but asks for it');
    my ($request) = $text =~ /^request (\w+)/m;
    is((ctl(qw(ca show third)))[0], $codes->{refused}, 'none is there');
    ($code, $text) = break_glass(@init, $log->(), '--plan', scratch('plan.json'));
    is($code, 0, 'but behind broken glass') or diag($text);
    is((ctl(qw(ca show third)))[0], 0);
    like(query("SELECT detail FROM audit_event WHERE action = 'request.break-glass' AND detail LIKE '%authority.create%'"),
        qr/"authority":"third"/, 'which is recorded');
    event('admin1', change => $request, 'approve');
    is(event('admin2', change => $request, 'approve')->{json}{state}, 'rejected', 'what was asked for is there by now');
};

subtest 'the record is whole' => sub {
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0) or diag($text);
};
done();
