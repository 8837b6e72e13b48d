#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Profiles as an administrator works on them: export, edit, check, import, compare.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use JSON::Validator ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $codes = contract('exit_codes');
my $shipped = "$i->{CERTMGR_FOLDER}/demo/lib/profiles";    # which the server's user can read
my $json = JSON::PP->new->utf8->canonical;
chmod 0755, scratch();

sub export {
    my ($name, @more) = @_;
    my ($code, $text) = ctl(qw(profile export), $name, @more);
    is($code, 0, "profile export $name @more") or diag($text);
    return $text;
}

# A file with a profile changed by the code.
sub edited {
    my ($name, $change) = @_;
    my $profile = $json->decode(export($name));
    $change->($profile);
    my $file = write_file(scratch('edited.json'), $json->encode($profile));
    chmod 0644, $file;
    return $file;
}

sub versions { return query('SELECT COUNT(*) FROM profile') }

subtest 'what is shipped' => sub {
    for my $name (@{ contract('profiles') }) {
        my $file = "$shipped/$name.json";
        is(export($name), read_file($file), "$name is exported as it was imported");
        my ($code, $text) = ctl(qw(profile import), $file);
        is($code, 0);
        like($text, qr/version 1 is the same/, 'the same again makes no version');
        ($code, $text) = ctl(qw(profile check), $file);
        is($code, 0);
    }
    is(versions(), 3, 'nothing else was stored');
    my ($code, $text) = ctl(qw(--json profile list));
    is_deeply([map { $_->{name} } @{ $json->decode($text)->{items} }], [sort @{ contract('profiles') }], 'listed');
};

subtest 'a new version' => sub {
    my $file = edited('user', sub { $_[0]{title} = 'Changed'; $_[0]{validity}{max} = '400d'; delete $_[0]{operations}{suspend};
        delete $_[0]{operations}{reinstate} });
    my ($code, $text) = ctl(qw(profile import --dry-run), $file);
    is($code, 0);
    like($text, qr/would be version 2/, '--dry-run');
    ($code, $text) = ctl(qw(profile diff), $file);
    like($text, qr{^/title: ".*" -> "Changed"$}m, 'against the file');
    like((ctl(qw(profile diff user)))[1], qr/^$/, 'one version does not differ from itself');
    ($code, $text) = break_glass(qw(profile import), $file);
    is($code, 0);
    like($text, qr/version 2 stored/);
    is(versions(), 4, 'stored');
    like(query("SELECT detail FROM audit_event WHERE detail LIKE '%Changed%'"),
        qr{"field":"/validity/max","from":"365d","to":"400d"}, 'with what is different');
    ($code, $text) = ctl(qw(--json profile diff user 1 2));
    is_deeply([sort map { $_->{field} } @{ $json->decode($text)->{items} }],
        [qw(/operations/reinstate /operations/suspend /title /validity/max)], 'profile diff --json');
    is_deeply([ctl(qw(profile diff user))], [ctl(qw(profile diff user 1 2))], 'the two newest unless versions are given');
    is(export('user', '--version', 1), read_file("$shipped/user.json"), 'the former one');
    my $spaced = write_file(scratch('spaced.json'), JSON::PP->new->utf8->pretty->encode($json->decode(export('user'))));
    chmod 0644, $spaced;
    like((ctl(qw(profile import), $spaced))[1], qr/version 2 is the same/, 'spaces and order do not count');
    is(enroll('user1', validity => '400d')->{certificate}{profile_version}, 2, 'it is in force');
};

subtest 'a profile made from another' => sub {
    my $file = edited('server', sub { $_[0]{name} = 'printer' });
    my ($code, $text) = ctl(qw(profile import), $file);
    is($code, 0);
    like($text, qr/^request \w+ waits: approval 0 of 2 by administrator$/, 'two administrators approve it first');
    ($code, $text) = break_glass(qw(profile import), $file);
    is($code, 0);
    like($text, qr/profile printer +version 1 stored/);
    like((ctl(qw(profile show printer)))[1], qr/^version 1, stored .*"name": "printer"/s);
};

subtest 'refused' => sub {
    my %bad = (
        '/ca: .*\[profile\.ca-unknown\]' => sub { $_[0]{ca} = 'nobody' },
        '/validity/max: .*\[profile\.ca-validity\]' => sub { $_[0]{validity}{max} = '3651d' },
        '/nmae: .*\[value\.unknown\]' => sub { $_[0]{nmae} = 1 },
        '/is_ca: .*\[profile\.ca-path-length\]' => sub {
            $_[0]{$_->[0]} = $_->[1] for [is_ca => JSON::PP::true], [key_usage => ['keyCertSign']], [ext_key_usage => []],
                [path_length => 0], [san => []];
        },
    );
    for my $line (sort keys %bad) {
        my ($code, $text) = ctl(qw(profile import), edited('user', $bad{$line}));
        is($code, $codes->{refused}, $line);
        like($text, qr/^\S+edited\.json: $line$/m, 'field and rule');
    }
    my $two = edited('user', sub { $_[0]{ca} = 'root'; $_[0]{ext_key_usage} = ['clientAuth', 'timeStamping'] });
    my ($code, $text) = ctl(qw(profile check), $two, "$shipped/user.json");
    is($code, $codes->{refused});
    like($text, qr/\[\Q$_\E\]/, $_) for qw(profile.ca-ocsp profile.time-stamping);
    like($text, qr/^profile user +would be version 3/m, 'the other file is looked at too');
    is((ctl(qw(profile import), write_file(scratch('x.json'), '{')))[0], $codes->{refused}, 'no JSON');
    is((ctl(qw(profile import /nowhere.json)))[0], $codes->{refused}, 'no file');
    is((ctl(qw(profile import)))[0], $codes->{usage}, 'nothing');
    is((ctl(qw(profile export nobody)))[0], $codes->{refused}, 'no such profile');
    is((ctl(qw(profile export user --version 9)))[0], $codes->{refused}, 'no such version');
    is((ctl(qw(profile export user --version x)))[0], $codes->{refused}, 'no version at all');
    is(versions(), 5, 'nothing was stored');
};
subtest 'over the API' => sub {
    my @all = map { $_->{name} } @{ as('auditor1', GET => '/api/v1/profiles')->{json}{items} };
    is_deeply(\@all, [qw(intermediate-ca printer server user)], 'an auditor sees all');
    my $list = as('user1', GET => '/api/v1/profiles')->{json};
    is_deeply([map { $_->{name} } @{ $list->{items} }], [qw(printer server user)], 'a user those of use');
    is($list->{next}, undef);
    my $server = as('user1', GET => '/api/v1/profiles/server')->{json};
    is_deeply($server, $list->{items}[1], 'one is as in the list');
    is_deeply($server->{validity}, { default => '90d', max => '398d', choice => JSON::PP::true });
    is_deeply([map { $_->{type} } @{ $server->{subject} }, @{ $server->{san} }], [qw(CN dns ip)], 'what can be chosen');
    my %may = map { $_->{operation} => $_ } @{ $server->{operations} };
    is_deeply([sort keys %may], [qw(enroll reinstate rekey renew revoke suspend)]);
    ok($may{enroll}{allowed} && !$may{reinstate}{allowed}, 'and asked for');
    is_deeply($may{enroll}{checklist}[1], { item => 'approval', phase => 'before-issue', role => 'officer', count => 1 });
    is_deeply(as('user1', GET => '/api/v1/profiles/user')->{json}{subject}, [], 'nothing to choose');
    is(as('user1', GET => '/api/v1/profiles/intermediate-ca')->{status}, 404, 'of others');
    is(as('admin1', GET => '/api/v1/profiles/intermediate-ca')->{status}, 200, 'of its own');
    is(as('user1', GET => "/api/v1/profiles/$_")->{status}, 404, $_) for qw(nobody %00 %FF a%20b);
    is(as('user1', POST => '/api/v1/profiles', json => {})->{status}, 405, 'nothing is changed here');
};

subtest 'the common name of a server' => sub {
    my $wish = { profile => 'server', csr => csr(), san => ['dns:www.example.test', 'dns:example.test'] };
    my $r = as('user1', POST => '/api/v1/enroll', json => { %{$wish}, subject => 'CN=www.example.org' });
    is($r->{status}, 422, 'none of its names');
    is($r->{json}{rule}, 'profile.subject-san');
    $r = as('user1', POST => '/api/v1/enroll', json => $wish);
    is($r->{status}, 202) or diag($r->{body});
    $r = as('officer1', POST => "/api/v1/enroll/$r->{json}{id}/events", json => { event => 'approve', remarks => 'x' });
    is($r->{json}{certificate}{subject}, 'CN=www.example.test', 'the first of its names, not that of the CSR') or diag($r->{body});
};

subtest 'the schema' => sub {
    my $r = as('user1', GET => '/api/v1/profiles/schema.json');
    is($r->{headers}->header('Content-Type'), 'application/schema+json');
    my $schema = $json->decode($r->{body});
    # this validator knows no newer dialect; what is used of it is the same
    my $validator = JSON::Validator->new->schema({ %{$schema}, '$schema' => 'https://json-schema.org/draft/2019-09/schema' });
    for my $name (@{ contract('profiles') }, 'printer') {
        is(join('; ', $validator->validate($json->decode(export($name)))), '', "$name is valid");
    }
    my $user = $json->decode(export('user'));
    my %bad = (nmae => 1, keys => ['RSA-1024'], validity => { default => '1d' }, path_length => 17, crl => 'yes',
        subject => [{ type => 'CN', from => 'moon' }], name_constraints => { permitted => ['x400:a'] }, critical => ['keyUsage']);
    isnt(join('; ', $validator->validate({ %{$user}, $_ => $bad{$_} })), '', "$_ can be wrong") for sort keys %bad;
};
done();
