#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Refusals of strangers: counted by hour and rule, without a write for each; none is lost when httpd ends
# in order; when the hour is over they are one event of the audit log. And the file of heads, made by root
# first.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Apache;
use CertMgr::Test;
use CertMgr::Main;

my ($port) = free_ports(1);
my $auth = basic_auth('ada');
$ENV{CERTMGR_EXTRA} = auth_modules() . plain_host($port, <<"END");
    <Location "/certmgr">
        CertMgr on
        $auth
        Require valid-user
    </Location>
END
my $i = main_instance();
announce_log(qr/AH01617|AH01618|AH01797/);    # wrong passwords, as Apache tells them

sub by_name {
    my ($name, $password) = @_;
    return call(GET => "http://localhost:$port/certmgr/api/v1/me", headers => { Authorization => basic($name, $password) })->{status};
}

sub counts { return query('SELECT rule, sum(refused) FROM stranger GROUP BY rule ORDER BY rule') }
sub events { return query('SELECT count(*) FROM audit_event') }

my $certificate = enroll('user2')->{certificate};
write_file(scratch('gone.pem'), read_file(scratch('key.pem')) . $certificate->{pem});
is(revoke('user2', $certificate->{id})->{status}, 201, 'revoked');
ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');
my $before = events();
my $after_that = counts();
is($after_that, '', 'nobody was refused yet');

subtest 'strangers are counted' => sub {
    is(nobody(GET => '/api/v1/me')->{status}, 401, 'nobody') for 1 .. 7;
    is(nobody(POST => '/api/v1/enroll', json => {}, headers => { Origin => 'https://evil.example' })->{status}, 403, 'from elsewhere') for 1 .. 3;
    is(call(GET => "$i->{CERTMGR_URL}/api/v1/me", ca => $i->{CERTMGR_CA}, cert => scratch('gone.pem'))->{status}, 401, 'revoked') for 1 .. 2;
    is(by_name(ada => 'secret'), 403, 'a name that is not registered') for 1 .. 4;
    is(by_name(ada => 'wrong'), 401, 'a wrong password') for 1 .. 5;
    is(nobody(GET => $_)->{status}, 404, 'what is not there is no refusal') for '/api/v1/nothing';
    is(as('user1', GET => '/api/v1/audit')->{status}, 403, 'nor is that of somebody we know');
    my $expected = join "\n", 'httpd.authentication|5', 'identity.missing|7', 'login.certificate|2', 'login.unknown|4', 'origin.foreign|3';
    ok(wait_until(sub { counts() eq $expected }), 'each by its rule') or diag(counts());
    is(events(), $before, 'and no event is stored for any');
    cmp_ok(query('SELECT count(*) FROM stranger'), '<=', 5 * 16, 'a row for each rule and process');
};

subtest 'auditors see them' => sub {
    my $list = as('auditor1', GET => '/api/v1/audit/refusals')->{json};
    members_are($list, 'list');
    my %count;
    $count{ $_->{rule} } += $_->{count} for @{ $list->{items} };
    is_deeply(\%count, { 'httpd.authentication' => 5, 'identity.missing' => 7, 'login.certificate' => 2, 'login.unknown' => 4, 'origin.foreign' => 3 });
    like($list->{items}[0]{hour}, qr/^\d{4}-\d\d-\d\dT\d\d:00:00Z$/, 'by the hour');
    my ($code, $text) = ctl(qw(--json audit refusals));
    is_deeply(JSON::PP->new->utf8->decode($text)->{items}, $list->{items}, 'certmgrctl too');
    my ($next, @paged) = ('/certmgr/api/v1/audit/refusals?limit=2');
    for (1 .. 20) {
        my $page = as('auditor1', GET => $next =~ s{^/certmgr}{}r)->{json};
        push @paged, @{ $page->{items} };
        $next = $page->{next} // last;
    }
    is_deeply(\@paged, $list->{items}, 'and page by page');
};

sub total { return query('SELECT coalesce(sum(refused), 0) FROM stranger') }

subtest 'none is lost when httpd ends in order' => sub {
    my $had = total();
    is(nobody(GET => '/api/v1/me')->{status}, 401) for 1 .. 9;
    kill TERM => my $pid = (read_file($i->{CERTMGR_PID}) =~ /(\d+)/)[0];
    ok(wait_until(sub { !kill 0 => $pid }), 'stopped');
    is(total(), $had + 9, 'what was counted last is there');
    is((tool('start'))[0], 0, 'started again');
};

subtest 'kill -9 loses no more than a few seconds' => sub {
    my $had = total();
    is(nobody(GET => '/api/v1/me')->{status}, 401) for 1 .. 3;
    ok(wait_until(sub { total() == $had + 3 }), 'written');
    my ($parent) = server_processes();
    kill_between_logins(\&server_processes);
    ok(wait_until(sub { !kill 0 => $parent }), 'killed');
    is((tool('start'))[0], 0, 'started again');
    is(total(), $had + 3, 'what was written stays');
    is(nobody(GET => '/api/v1/me')->{status}, 401);
    ok(wait_until(sub { total() == $had + 4 }), 'and goes on');
};

subtest 'an hour that is over is an event' => sub {
    my $sum = total();
    query("UPDATE stranger SET hour = hour - 7200000000");
    my ($code, $text) = ctl(qw(jobs run strangers));
    is($code, 0, 'the job runs') or diag($text);
    my @found = @{ as('auditor1', GET => '/api/v1/audit?action=stranger.refuse&outcome=refused')->{json}{items} };
    my %count;
    for my $event (@found) {
        is($event->{actor}, undef, 'by nobody');
        like($event->{detail}{hour}, qr/:00:00Z$/, 'which hour');
        $count{$_} += $event->{detail}{refusals}{$_} for keys %{ $event->{detail}{refusals} };
    }
    is($count{'origin.foreign'}, 3, 'how many, by rule');
    my $told = 0;
    $told += $_ for values %count;
    is($told, $sum, 'all of them');
    is(query("SELECT count(*) FROM stranger WHERE holder <> '' AND hour < (SELECT max(hour) FROM stranger) - 3600000000"), 0, 'processes are forgotten');
    ok(wait_until(sub { as('auditor1', GET => "/api/v1/audit/$found[0]{id}")->{json}{proof} }), 'and it is sealed');
    is((ctl(qw(audit verify)))[0], 0, 'the log verifies');
};

sub check_heads_of_root {
    my $heads = "$i->{CERTMGR_FOLDER}/demo/db/audit-heads.log";
    unlink $heads or die $!;
    enroll('user1');
    my ($code, $text) = command('env', "SOFTHSM2_CONF=$i->{CERTMGR_FOLDER}/demo/softhsm2.conf",
        "$i->{CERTMGR_FOLDER}/demo/lib/certmgrctl", '-f', $i->{CERTMGR_CONF}, qw(jobs run seal));
    is($code, 0, 'root seals') or diag($text);
    enroll('user1');
    ok(wait_until(sub { -e $heads && query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'so does the server');
    is((stat $heads)[4], scalar getpwnam('www-data'), 'whose file it is');
    my $newest = query('SELECT max(size) FROM audit_head');
    ok(wait_until(sub { read_file($heads) =~ /"size":$newest,/ }), 'and who appended to it');
    return;
}

# PostgreSQL lets the user of the server in, and nobody else
subtest 'heads that root wrote first' => \&check_heads_of_root if !$> && !on_postgres();
done();
