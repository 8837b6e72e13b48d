#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Roles and groups by expressions of the configuration, forged headers and hostile values among what they
# see; people who register themselves; one person with several log-ins.
#
# Claims come as variables of the request, as an authentication module sets them: here from a header in
# base64, so that they can be any bytes.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use Encode ();
use JSON::PP ();
use LWP::UserAgent ();
use MIME::Base64 qw(encode_base64);
use POSIX ();
use CertMgr::Apache;
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT break_glass_ok);

my ($port) = free_ports(1);
my $auth = basic_auth(qw(ada bob carl new1 new2 new3 odd Odd race));
my $claims = join '', map { qq(    SetEnvIfExpr "unbase64(%{HTTP:X-$_}) =~ /^([\\s\\S]+)\$/" $_=\$1\n) } qw(CLAIM NAME MAIL);
$ENV{CERTMGR_EXTRA} = auth_modules() . <<"END" . tls_host($port, <<"END");
CertMgrRole officer "%{reqenv:CLAIM} =~ /(^|,)pki-officers(,|\$)/"
CertMgrRole auditor "%{reqenv:CLAIM} == 'everything'"
CertMgrRole user "%{reqenv:CLAIM} =~ /(^|,)staff(,|\$)/"
CertMgrGroup web "%{reqenv:CLAIM} =~ /(^|,)web-team(,|\$)/"
CertMgrRole officer "%{reqenv:CLAIM} =~ /(^|,)web-officers(,|\$)/" group=web
CertMgrRegister "%{reqenv:NAME}" "%{reqenv:MAIL}" "-n %{reqenv:NAME}"
LimitRequestFieldSize 65536
END
    LimitRequestFieldSize 65536
$claims    <Location "/certmgr">
        CertMgr on
        $auth
        Require valid-user
    </Location>
    <Location "/page">
        $auth
        Require certmgr-role officer
    </Location>
END
my $i = main_instance();

# A call with a name and claims: by('ada', GET => '/api/v1/me', CLAIM => 'staff').
sub by {
    my ($name, $method, $path, %with) = @_;
    my %headers = %{ delete $with{headers} // {} };
    $headers{"X-$_"} = encode_base64(delete $with{$_}, '') for grep { exists $with{$_} } qw(CLAIM NAME MAIL);
    $headers{Authorization} = basic($name);
    return call($method => "https://localhost:$port/certmgr$path", ca => $i->{CERTMGR_CA},
        headers => \%headers, %with);
}

sub me { return by(shift, GET => '/api/v1/me', @_) }

my $ada = break_glass_ok(qw(person add Ada --mail ada@example.test --user ada));

subtest 'a role by expression' => sub {
    problem_is(me('ada'), 403, 'forbidden', rule => 'permission.see', name => 'without a claim, no role');
    my $r = me('ada', CLAIM => 'x,pki-officers');
    is($r->{status}, 200) or diag($r->{body});
    is_deeply($r->{json}{roles}, ['officer']);
    is_deeply($r->{json}{groups}, []);
    is($r->{json}{id}, $ada);
    is_deeply(me('ada', CLAIM => 'pki-officers,staff')->{json}{roles}, [qw(user officer)], 'two');
    is(me('ada', CLAIM => 'pki-officers2')->{status}, 403, 'nearly is not enough');
    is(me('ada', CLAIM => 'all')->{status}, 403);
    is(me('ada', CLAIM => 'everything')->{json}{roles}[0], 'auditor', 'anew with each request');
    problem_is(me('bob', CLAIM => 'pki-officers'), 403, 'forbidden', rule => 'login.unknown',
        name => 'a stranger has no role, whatever the claim');
};

subtest 'what a client says itself is no claim' => sub {
    for my $header (qw(CLAIM Claim REDIRECT_CLAIM OIDC_CLAIM_groups OIDC-CLAIM-groups X_CLAIM)) {
        my $r = by('ada', GET => '/api/v1/me', headers => { $header => 'pki-officers' });
        isnt($r->{status}, 200, $header);
    }
    is(by('ada', GET => '/api/v1/me?CLAIM=pki-officers')->{status}, 403, 'in the query');
    is(by('ada', GET => '/api/v1/me', headers => { Cookie => 'CLAIM=pki-officers' })->{status}, 403, 'in a cookie');
};

subtest 'Require certmgr-role knows them too' => sub {
    announce_log(qr/AH0163[01]|AH01617/);
    my $page = sub {
        my ($name, %headers) = @_;
        return call(GET => "https://localhost:$port/page", ca => $i->{CERTMGR_CA},
            headers => { Authorization => basic($name), %headers })->{status};
    };
    is($page->('ada'), 401, 'without the claim');
    is($page->('ada', 'X-CLAIM' => encode_base64('pki-officers', '')), 404, 'with it (there is no page)');
    is($page->('ada', 'X-CLAIM' => encode_base64('web-officers', '')), 401, 'a role in a group is not enough');
    is($page->('new3', 'X-CLAIM' => encode_base64('pki-officers', ''), 'X-NAME' => encode_base64('Nina', '')), 401,
        'and registers nobody');
    is(query("SELECT COUNT(*) FROM identity WHERE subject = 'new3'"), 0);
};

subtest 'a stranger becomes a person' => sub {
    problem_is(me('new1'), 403, 'forbidden', rule => 'login.unknown', name => 'not without what the line asks for');
    problem_is(me('new1', NAME => 'Newt'), 403, 'forbidden', rule => 'permission.see',
        name => 'registered, without a role');
    my $r = me('new1', NAME => "Zo\xc3\xab", CLAIM => 'staff');
    is($r->{json}{name}, 'Newt', 'the name stays as it was first said');
    is($r->{json}{mail}, undef);
    is_deeply($r->{json}{roles}, ['user']);
    $r = by('new2', POST => '/api/v1/enroll', NAME => "Zo\xc3\xab", MAIL => 'zoe@example.test', CLAIM => 'staff',
        json => { profile => 'user', csr => csr() });
    is($r->{status}, 201, 'at once') or diag($r->{body});
    is($r->{json}{certificate}{subject}, "CN=Zo\xeb");
    is_deeply($r->{json}{certificate}{san}, ['email:zoe@example.test']);
    is(me('new2', CLAIM => 'staff')->{json}{id}, $r->{json}{requester}, 'from then on known');
    is(query("SELECT COUNT(*) FROM identity WHERE subject = 'new2'"), 1);
    is(query("SELECT actor FROM audit_event WHERE action = 'person.register' AND object = '$r->{json}{requester}'"),
        $r->{json}{requester}, 'recorded');
};

subtest 'names that are not fit for a certificate' => sub {
    for my $case (['a control character', NAME => "A\nB"], ['bytes that are no text', NAME => "A\xff"],
        ['a name too long', NAME => 'x' x 5000], ['no mail address', NAME => 'Odd', MAIL => 'odd'],
        ['the address of somebody else', NAME => 'Odd', MAIL => 'Zoe@Example.test'],
        ['two addresses', NAME => 'Odd', MAIL => 'a@example.test,b@example.test'],
        ['a mail address with a line', NAME => 'Odd', MAIL => "a\@example.test\nBcc: b\@example.test"]) {
        my ($what, %claims) = @$case;
        problem_is(me('odd', %claims, CLAIM => 'staff'), 403, 'forbidden', rule => 'login.register', name => $what);
    }
    problem_is(me('Odd', NAME => 'Odd', CLAIM => 'staff'), 403, 'forbidden', rule => 'login.register',
        name => 'a directory may take this for odd');
    is(query("SELECT COUNT(*) FROM identity WHERE lower(subject) = 'odd'"), 0, 'nobody was registered');
};

# What one of the processes says that all do this at once.
sub at_once {
    my ($count, $do) = @_;
    my @pipes = map {
        my $pid = open my $from, '-|';
        defined $pid or die "fork: $!";
        if (!$pid) {
            syswrite STDOUT, $do->() . "\n";
            POSIX::_exit(0);
        }
        $from;
    } 1 .. $count;
    return map { my $pipe = $_; my $line = <$pipe> // ''; close $pipe; $line =~ s/\s+\z//r } @pipes;
}

subtest 'twenty first calls make one person' => sub {
    my @answers = at_once(20, sub {
        my $r = me('race', NAME => 'Racer', CLAIM => 'staff');
        return "$r->{status} " . ($r->{json}{id} // $r->{body});
    });
    my %ids = map { $_ => 1 } @answers;
    is(scalar keys %ids, 1, 'all are the same person') or diag(join "\n", sort keys %ids);
    like($answers[0], qr/^200 \S/);
    is(query("SELECT COUNT(*) FROM person WHERE name = 'Racer'"), 1, 'one row');
    is(query("SELECT COUNT(*) FROM audit_event e JOIN identity i ON i.person = e.object WHERE i.subject = 'race'"), 1,
        'one event');
};

subtest 'one person with several log-ins' => sub {
    my $request = as('officer1', POST => '/api/v1/enroll',
        json => { profile => 'server', csr => csr(), san => ['dns:www.example.test'] })->{json};
    is($request->{state}, 'pending', 'officer1 asks as a certificate');
    break_glass_ok(qw(person login add), $request->{requester}, qw(--user carl --realm Intranet));
    my $r = me('carl');
    is($r->{json}{id}, $request->{requester}, 'and is the same person by name');
    is($r->{json}{login}, 'user');
    problem_is(by('carl', POST => "/api/v1/enroll/$request->{id}/events", json => { event => 'approve' }),
        403, 'forbidden', rule => 'approval.own', name => 'who can not approve by the other log-in');
    is_deeply(by('carl', GET => "/api/v1/enroll/$request->{id}")->{json}{events}, ['cancel'], 'nor is it offered');
    isnt((ctl(qw(person login add), $ada, qw(--user carl --realm Intranet)))[0], 0, 'it belongs to nobody else');
    my ($code, $text) = ctl('--json', qw(person login list), $request->{requester});
    is_deeply(JSON::PP->new->decode($text)->{items},
        [{ method => 'user', issuer => 'Intranet', subject => 'carl' }]);
    break_glass_ok(qw(person login remove), $request->{requester}, qw(--user carl --realm Intranet));
    is(me('carl')->{status}, 403, 'untied, it is unknown again');
    for my $words (['--method', 'oidc'], ['--user', 'a', '--method', 'oidc', '--issuer', 'x', '--subject', 'y'],
        ['--method', 'magic', '--issuer', 'x', '--subject', 'y'], ['--method', 'oidc', '--issuer', '', '--subject', 'y'],
        ['--user', 'x' x 2000], []) {
        isnt((ctl(qw(person login add), $ada, @$words))[0], 0, substr "refused: @$words", 0, 60);
    }
};

# What the expressions of the configuration mean, said once more; httpd's $ is the very end.
sub expected {
    my ($claim) = @_;
    my @roles;
    push @roles, 'user' if $claim =~ /(^|,)staff(,|\z)/;
    push @roles, 'officer' if $claim =~ /(^|,)(?:pki|web)-officers(,|\z)/;
    push @roles, 'auditor' if $claim eq 'everything';
    return \@roles;
}

sub hostile {
    my @bits = ('pki-officers', 'staff', 'everything', 'web-officers', 'web-team', ',', "\n", "\r\n", '"', "'", '\\', '/',
        '$', '%{reqenv:CLAIM}', '%', '{', '}', '(', '|', ')', '*', '.*', ' ', "\t", "\x01", "\xff\xfe", "\xc0\x80",
        Encode::encode('UTF-8', "\x{202e}\x{fb01}\x{1f512}"), "' == ''", "') || true || ('", '; true', '=~ /./', 'x' x 40);
    my $value = join '', map { $bits[rand @bits] } 0 .. rand 8;
    $value = $bits[rand 3] if rand() < 0.1;
    $value .= 'a,' x int rand 8000 if rand() < 0.02;
    return $value;
}

subtest 'hostile values give what the expressions give, and nothing else' => sub {
    my $seed = $ENV{CERTMGR_SEED} // time;
    srand $seed;
    my $agent = LWP::UserAgent->new(timeout => 30, keep_alive => 1, ssl_opts => { SSL_ca_file => $i->{CERTMGR_CA} });
    my $rounds = $ENV{HTTP_PRELOAD} ? 500 : 5000;
    my (%statuses, @wrong);
    for (1 .. $rounds) {
        my $claim = hostile();
        my $r = $agent->get("https://localhost:$port/certmgr/api/v1/me", 'X-CLAIM' => encode_base64($claim, ''),
            Authorization => basic('ada'));
        my $roles = expected($claim);
        my $got = $r->code == 200 ? JSON::PP->new->utf8->decode($r->content)->{roles} : [];
        $statuses{ $r->code }++;
        push @wrong, $claim if "@$got" ne "@$roles" || $r->code != (@$roles ? 200 : 403);
    }
    is(scalar @wrong, 0, "$rounds values, seed $seed")
        or diag(join "\n", map { s/([^ -~])/sprintf '\\x%02x', ord $1/ger } @wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)]);
    cmp_ok($statuses{$_} // 0, '>', $rounds / 20, "$_ is among the answers") for 200, 403;
    is_deeply([sort keys %statuses], [200, 403], 'and no other status');
};

subtest 'a random expression is taken, or refused in one line' => sub {
    my $seed = $ENV{CERTMGR_SEED} // time;
    srand $seed;
    my $conf = read_file($i->{CERTMGR_CONF});
    my @bits = ('%{reqenv:A}', '%{reqenv:', '}', '=~', '!~', '==', '-eq', '-in', '{', "'a'", '/b/', 'm#c#i', 'm#', '||', '&&', '!',
        '(', ')', 'true', 'false', '-n', '-z', '-T', '-Q', 'tolower(', 'unbase64(', 'file(', 'nonsense(', '%{HTTP:X}', '%{nothing:X}',
        '%{', '$1', ',', '.', ' ', "'", '1', '<', '\\\\', "\x{e9}", '/((((((a*)*)*)*)*)*/', '/[/', '/(/', 'x' x 3000);
    my (%codes, @wrong);
    for (1 .. ($ENV{HTTP_PRELOAD} ? 10 : 80)) {
        my $text = join '', map { $bits[rand @bits] } 0 .. rand 6;
        $text = (qw(true false), "%{reqenv:A} == 'b'")[rand 3] if rand() < 0.1;
        my $line = (map { "CertMgr$_" } "Role officer \"$text\"", "Role officer \"$text\" group=web", "Group web \"$text\"",
            "Register \"$text\" \"$text\" true")[rand 4];
        my $trial = write_file(scratch('random.conf'), $conf =~ s/^CertMgrURL/Encode::encode('UTF-8', "$line\n") . 'CertMgrURL'/emr);
        my ($code, $said) = command('env', $ENV{HTTP_PRELOAD} ? "LD_PRELOAD=$ENV{HTTP_PRELOAD}" : (), '/usr/sbin/apache2', '-t', '-f', $trial);
        my @lines = grep { !/^AH00014/ } split /\n/, $said;
        $codes{$code}++;
        push @wrong, "$line: $said"
            unless @lines <= 2 && ($code ? ($lines[-1] // '') =~ /random\.conf:\d+: CertMgr/ : $said =~ /Syntax OK/);
    }
    is(scalar @wrong, 0, "seed $seed") or diag(substr join("\n", @wrong), 0, 2000);
    is_deeply([sort keys %codes], [0, 1], 'some are taken, some are not');
};
done();
