#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Log-in by what Apache itself authenticates (r->user), and certificates of the right CA that are not in
# our records.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Apache;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT break_glass_ok);

my ($port, $named) = free_ports(2);
my $auth = basic_auth(qw(ada bob));
$ENV{CERTMGR_EXTRA} = auth_modules() . tls_host($port, <<"END") . tls_host($named, <<'END');
    <Location "/certmgr">
        CertMgr on
        $auth
        Require valid-user
    </Location>
END
    SSLUserName SSL_CLIENT_S_DN_CN
    <Location "/certmgr">
        CertMgr on
    </Location>
END
my $i = main_instance();

# A call to the host with passwords.
sub by_name {
    my ($name, $password, $method, $path, %with) = @_;
    my %headers = (%{ delete $with{headers} // {} },
        Authorization => basic($name, $password));
    return call($method => "https://localhost:$port/certmgr$path", ca => $i->{CERTMGR_CA},
        headers => \%headers, %with);
}

sub me { return by_name($_[0], $_[1] // 'secret', GET => '/api/v1/me') }

sub add { return break_glass_ok(qw(person add), @_) }

problem_is(me('ada'), 403, 'forbidden', rule => 'login.unknown', name => 'a name that nobody registered');
my $id = add(qw(Ada --mail ada@example.test --role user --user ada));

subtest 'a registered name' => sub {
    my $r = me('ada');
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{id}, $id, 'is this person');
    is($r->{json}{login}, 'user');
    is_deeply($r->{json}{roles}, ['user']);
    announce_log(qr/auth_basic:error.*Password Mismatch/);
    is(me('ada', 'wrong')->{status}, 401, 'the password is for Apache to check');
    is(call(GET => "https://localhost:$port/certmgr/api/v1/me", ca => $i->{CERTMGR_CA})->{status}, 401,
        'so is its absence');
};

subtest 'enrolls in its own name' => sub {
    my $r = by_name('ada', 'secret', POST => '/api/v1/enroll', json => { profile => 'user', csr => csr() });
    is($r->{status}, 201) or diag($r->{body});
    is($r->{json}{certificate}{subject}, 'CN=Ada');
    is($r->{json}{certificate}{owner}, $id);
    write_file(scratch('ada.pem'), read_file(scratch('key.pem')) . $r->{json}{certificate}{pem});
    my $by_tls = call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => scratch('ada.pem'));
    is($by_tls->{json}{id}, $id, 'and the certificate logs in the same person');
    is($by_tls->{json}{login}, 'tls');
};

subtest 'the name counts where both are there' => sub {
    my $r = by_name('ada', 'secret', GET => '/api/v1/me', cert => "$i->{CERTMGR_PEOPLE}/officer1.pem");
    is($r->{json}{id}, $id);
    is_deeply($r->{json}{roles}, ['user'], 'with no role of the certificate');
};

subtest 'a name that belongs to a realm' => sub {
    is((ctl(qw(person add Bob --realm Elsewhere)))[0], contract('exit_codes')->{refused}, 'a realm of nobody');
    add(qw(Bob --role user --user bob --realm Elsewhere));
    problem_is(me('bob'), 403, 'forbidden', rule => 'login.unknown', name => 'counts nowhere else');
    my $here = add(qw(Robert --role user --user bob --realm Intranet));
    is(me('bob')->{json}{id}, $here, 'but there');
    isnt((ctl(qw(person add Twice --user bob --realm Intranet)))[0], 0, 'and is one person there');
};

# SSLUserName: words of a certificate must not pass for somebody's log-in name
subtest 'a name that nothing has authenticated' => sub {
    add(qw(Eve --role officer --user user1));
    my $r = call(GET => "https://localhost:$named/certmgr/api/v1/me", ca => $i->{CERTMGR_CA},
        cert => "$i->{CERTMGR_PEOPLE}/user1.pem");
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{login}, 'tls', 'is no log-in: the certificate is');
    is($r->{json}{name}, 'user1', 'of whom our records say');
};

sub log_in {
    return call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => $_[0]);
}

subtest 'certificates of the right CA that are not of our people' => sub {
    my $certificate = enroll('user2')->{certificate};
    write_file(scratch('lost.pem'), read_file(scratch('key.pem')) . $certificate->{pem});
    is(log_in(scratch('lost.pem'))->{status}, 200, 'while it is in the records');
    query("DELETE FROM certificate_name WHERE certificate = '$certificate->{id}';"
            . " DELETE FROM certificate WHERE id = '$certificate->{id}'");
    problem_is(log_in(scratch('lost.pem')), 401, 'identity', rule => 'login.certificate',
        detail => qr/was not issued here/, name => 'one that our records do not know');
    my $secrets = "$i->{CERTMGR_FOLDER}/demo/secrets";
    write_file(scratch('server.pem'), read_file("$secrets/server.key") . read_file("$secrets/server.pem"));
    isnt(log_in(scratch('server.pem'))->{status}, 200, 'one of a server');
    announce_log(qr/Certificate Verification: Error/);
    command(qw(openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=user1 -keyout), scratch('f.key'), '-out', scratch('f.crt'));
    write_file(scratch('foreign.pem'), read_file(scratch('f.key')) . read_file(scratch('f.crt')));
    isnt(log_in(scratch('foreign.pem'))->{status}, 200, 'one that signs itself');
};
done();
