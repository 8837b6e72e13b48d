#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What is broken takes down our addresses only, with 503, and they come back by themselves: another site
# of the same httpd serves on through a reload with a wrong configuration, a token that is away or
# refuses the PIN, and a database that is away, at the start and later.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::INET;
use CertMgr::Test;
use CertMgr::Main;

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
chmod 0755, scratch();
write_file(scratch('site.txt'), "another site\n");
$ENV{CERTMGR_EXTRA} = "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nDocumentRoot " . scratch()
    . "\n<Directory " . scratch() . ">\nRequire all granted\n</Directory>\n</VirtualHost>";
my $i = main_instance();
my $folder = "$i->{CERTMGR_FOLDER}/demo";
my @as_server = $< ? () : qw(runuser -u www-data --);
my ($httpd) = grep { -x } '/usr/sbin/apache2', '/usr/sbin/httpd';
my $csr = csr();
announce_log(qr/certmgr:(?:error|warn)|dbd:error|AH006\d\d/);

sub pid { return (read_file($i->{CERTMGR_PID}) =~ /(\d+)/)[0] }

sub stop {
    my $pid = pid();
    kill TERM => $pid;
    ok(wait_until(sub { !kill 0 => $pid }), 'stopped');
    return;
}

sub start {
    my ($code, $text) = command(@as_server, $httpd, '-f', $i->{CERTMGR_CONF}, '-k', 'start');
    is($code, 0, 'httpd starts') or diag($text);
    ok(wait_until(sub { other()->{status} }), 'and listens');
    return;
}

sub other { return call(GET => "http://127.0.0.1:$port/site.txt") }

sub try_enroll {
    return as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
}

sub is_away {
    my ($code, $what) = @_;
    my $answer;
    wait_until(sub { ($answer = try_enroll())->{status} == 503 });
    problem_is($answer, 503, $code, name => "$what: 503");
    like($answer->{headers}->header('Retry-After') // '', qr/^\d+$/, 'Retry-After');
    is(other()->{body}, "another site\n", 'the other site serves on');
    return;
}

sub is_back {
    my ($what) = @_;
    my $answer;
    ok(wait_until(sub { ($answer = try_enroll())->{status} == 201 }), "$what: enrolls again")
        or diag($answer->{body});
    return;
}

sub health { return nobody(GET => '/api/v1/health') }

# The configuration with a change, from the next reload on.
my $right = read_file($i->{CERTMGR_CONF});

sub reload {
    my ($change) = @_;
    local $_ = $right;
    $change->() if $change;
    write_file($i->{CERTMGR_CONF}, $_);
    kill USR1 => pid();
    return;
}

is_back('before');
for my $wrong (
    ['a value that is none', sub { s/^CertMgrURL .*/CertMgrURL nonsense/m }],
    ['an expression that can not be read', sub { s/^CertMgrURL/CertMgrRole officer "%{reqenv:A =~ \/b\/"\n$&/m }],
    ['an expression that ends the scanner', sub { s/^CertMgrURL/CertMgrRole officer "'a\\\\"\n$&/m }],
    ['a directive is missing', sub { s/^CertMgrAuditKey .*//m }],
    ['a PIN that can not be read', sub { s{secrets/pin}{secrets/no-pin} }],
    ['no database', sub { s/^DBDriver .*\nDBDParams .*//m }]
) {
    my ($name, $change) = @$wrong;
    subtest "reload: $name" => sub {
        reload($change);
        is_away('misconfigured', $name);
        reload();
        is_back($name);
    };
}

subtest 'the token is away at the start' => sub {
    stop();
    rename "$folder/tokens", "$folder/tokens.away" or die $!;
    start();
    is_away('token-unavailable', 'no token');
    is(health()->{json}{status}, 'degraded', 'health: degraded');
    is(nobody(GET => '/crl/issuing.crl')->{status}, 200, 'the CRL is served');
    rename "$folder/tokens.away", "$folder/tokens" or die $!;
    is_back('the token is back');
};

subtest 'a wrong PIN' => sub {
    my $pin = read_file("$folder/secrets/pin");
    stop();
    write_file("$folder/secrets/pin", "99999999\n");
    start();
    is_away('token-unavailable', 'wrong PIN');
    write_file("$folder/secrets/pin", $pin);
    reload();
    is_back('a reload with the right PIN');
};

subtest 'the database is away at the start' => sub {
    stop();
    ok(on_postgres() ? !(tool(qw(database stop)))[0] : rename("$folder/db", "$folder/db.away"), 'taken away');
    start();
    is_away('database-unavailable', 'no database');
    is(health()->{status}, 503, 'health: 503');
    is(health()->{json}{status}, 'down', 'health: down');
    ok(on_postgres() ? !(tool(qw(database start)))[0] : rename("$folder/db.away", "$folder/db"), 'brought back');
    is_back('the database is back');
};

subtest 'configtest tells a mistake in one line' => sub {
    for my $case (
        [sub { s/^CertMgrURL .*//m }, qr/CertMgrURL: the directive is missing/],
        [sub { s/^CertMgrToken .*//m }, qr/CertMgrToken: the directive is missing/],
        [sub { s/"file:[^"]*pin"/1234/ }, qr/:\d+: CertMgrToken: the PIN is expected as/],
        [sub { s/"pkcs11:token=certmgr"/"pkcs11:token=%zz"/ }, qr/:\d+: CertMgrToken: .*PKCS#11 URI/],
        [sub { s/;object=audit"/;object=a;object=b"/ }, qr/:\d+: CertMgrAuditKey: .*PKCS#11 URI/],
        [sub { s/^DBDriver .*//m }, qr/DBDriver is missing/],
        [sub { s/^DBDParams .*//m }, qr/DBDParams is missing/],
        [sub { s/^LoadModule dbd_module.*//m; s/^DBD.*//mg }, qr/DBDriver is missing/],
        [sub { s/^CertMgrURL/CertMgrRole officer "%{reqenv:A} =~"\n$&/m }, qr/:\d+: CertMgrRole: the expression .* can't be read: /],
        [sub { s/^CertMgrURL/CertMgrRole officer "nonsense(%{reqenv:A})"\n$&/m }, qr/:\d+: CertMgrRole: the expression .* can't be read: /],
        [sub { s/^CertMgrURL/CertMgrRole officr true\n$&/m }, qr/:\d+: CertMgrRole: "officr" is not accepted: the name of a role/],
        [sub { s/^CertMgrURL/CertMgrRole officer "'a\\\\"\n$&/m }, qr/:\d+: CertMgrRole: .* it breaks off/],
        [sub { s/^CertMgrURL/CertMgrGroup web "-Q"\n$&/m }, qr/:\d+: CertMgrGroup: the expression .* can't be read: /],
        [sub { s/^CertMgrURL/CertMgrRegister "%{reqenv:A" ""\n$&/m }, qr/:\d+: CertMgrRegister: the expression .* can't be read: /],
        [sub { s/^CertMgrURL/CertMgr on\nCertMgrURL/m }, qr/CertMgr not allowed here/],
        [sub { s/<(\/?)Location\b/<$1LocationMatch/g }, qr/CertMgr stands in a <Location/]
    ) {
        my ($change, $expected) = @$case;
        local $_ = $right;
        $change->();
        my $conf = write_file(scratch('try.conf'), $_);
        my ($code, $text) = command(@as_server, $httpd, '-f', $conf, '-t');
        my @lines = grep { !/^AH00014/ } split /\n/, $text;
        isnt($code, 0, 'refused');
        like($lines[-1] // '', $expected, "$expected");
        cmp_ok(scalar @lines, '<=', 2, 'and no more') or diag($text);
    }
};
done();
