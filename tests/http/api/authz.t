#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# "Require certmgr-role": roles of our people for other places of the same Apache, by certificate and by
# name.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Apache;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT break_glass_ok);

my ($port) = free_ports(1);
my $auth = basic_auth(qw(olga ulf));
my $page = write_file(scratch('page'), "for some\n");
$ENV{CERTMGR_EXTRA} = auth_modules() . "LoadModule alias_module @{[modules_folder()]}/mod_alias.so\n" . tls_host($port, <<"END");
    Alias "/tls" "$page"
    Alias "/either" "$page"
    <Location "/tls">
        Require certmgr-role officer administrator
    </Location>
    <Location "/either">
        $auth
        Require certmgr-role officer
    </Location>
    <Location "/certmgr">
        CertMgr on
        Require certmgr-role officer
    </Location>
END
my $i = main_instance();

sub ask {
    my ($path, $who, $name) = @_;
    my %with = (ca => $i->{CERTMGR_CA});
    $with{cert} = "$i->{CERTMGR_PEOPLE}/$who.pem" if $who;
    $with{headers} = { Authorization => basic($name) } if $name;
    return call(GET => "https://localhost:$port$path", %with)->{status};
}
announce_log(qr/AH0163[01]|AH01617|AH01618/);    # httpd says whom it refuses
for ([olga => 'officer'], [ulf => 'user']) {
    my ($name, $role) = @$_;
    break_glass_ok(qw(person add), $name, '--role', $role, '--user', $name);
}

is(ask('/tls', 'officer1'), 200, 'one of the roles');
is(ask('/tls', 'admin1'), 200, 'the other');
is(ask('/tls', 'user1'), 403, 'none of them');
is(ask('/tls', 'auditor1'), 403, 'not even the auditor');
is(ask('/tls'), 403, 'nobody');
is(ask('/either', 'officer1'), 200, 'by certificate where a password would do');
is(ask('/either', undef, 'olga'), 200, 'by name');
is(ask('/either', undef, 'ulf'), 401, 'a name without the role: httpd asks for another');
is(ask('/either'), 401, 'nobody is asked to log in');
is(ask('/either', 'officer1', 'ulf'), 200, 'a certificate that has it is enough, whoever else is named');
is(ask('/certmgr/api/v1/me', 'officer1'), 200, 'before our own addresses');
is(ask('/certmgr/api/v1/me', 'user1'), 403, 'too');

subtest 'a revoked certificate has no role' => sub {
    is(ask('/tls', 'officer2'), 200);
    my $r = enroll('officer2');
    write_file(scratch('o.pem'), read_file(scratch('key.pem')) . $r->{certificate}{pem});
    my $with = sub { call(GET => "https://localhost:$port/tls", ca => $i->{CERTMGR_CA}, cert => scratch('o.pem'))->{status} };
    is($with->(), 200, 'before');
    is(revoke('officer2', $r->{certificate}{id})->{status}, 201);
    is($with->(), 403, 'after');
};

subtest 'a role that is none' => sub {
    my $conf = read_file($i->{CERTMGR_CONF});
    for (['certmgr-role officr', qr/there is no role "officr"/], ['certmgr-role', qr/needs the name/]) {
        my ($line, $said) = @$_;
        write_file(scratch('bad.conf'), $conf =~ s/Require certmgr-role officer$/Require $line/mr);
        my ($code, $text) = command('env', $ENV{HTTP_PRELOAD} ? "LD_PRELOAD=$ENV{HTTP_PRELOAD}" : (),
            '/usr/sbin/apache2', '-t', '-f', scratch('bad.conf'));
        isnt($code, 0, $line);
        like($text, $said);
    }
};
done();
