#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL goes while calls run, by a crash, a kill -9 and an end in order: callers get 503 with
# Retry-After, and all is well again when it is back, without a restart of httpd. What was answered is
# there, what was not is there as a whole or not at all.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use Time::HiRes qw(sleep time);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

use constant CLIENTS => 4;

$ENV{CERTMGR_EXTRA} = 'CertMgrDatabaseDeadline 1s';
my $i = main_instance();
my ($httpd) = read_file($i->{CERTMGR_PID}) =~ /(\d+)/;
my $children = (command('pgrep', '-P', $httpd))[1];
my $csr = csr();
announce_log(qr/\[dbd:(?:error|crit)\]/, qr/\[certmgr:(?:error|warn)\].*(?:the database|database-unavailable|try later)/i);

sub answer {
    my ($began, $r) = @_;
    my $certificate = ref $r->{json} eq 'HASH' ? $r->{json}{certificate} : undef;
    my $retry = $r->{status} ? $r->{headers}->header('Retry-After') : undef;
    return { status => $r->{status}, began => $began, retry => $retry, body => $r->{status} == 201 ? undef : $r->{body},
        map { $_ => $certificate->{$_} } qw(id serial pem) };
}

# Enrolls until the file `end` is there.
sub work {
    my ($number, $say) = @_;
    until (-e scratch('end')) {
        $say->(answer(time, as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr })));
    }
    return;
}

sub is_well { return nobody(GET => '/api/v1/health')->{status} == 200 }

# A server that answers before the record is on disk: the module must not let it.
query('ALTER DATABASE certmgr SET synchronous_commit TO off');
tool('database', $_) for qw(stop start);
ok(wait_until(\&is_well), 'with another default');

my $before = query("SELECT count(*) FROM certificate WHERE profile = 'user'");
my (@answered, $on_the_way);
for my $how ('kill', 'stop') {
    subtest "database $how amid a stream" => sub {
        unlink scratch('end');
        my $clients = start_clients(CLIENTS, \&work);
        sleep 1 + rand 0.5;
        my ($code, $text) = tool('database', $how);
        is($code, 0, $how) or diag($text);
        my $health = nobody(GET => '/api/v1/health');
        is($health->{status}, 503, 'health');
        ok($health->{headers}->header('Retry-After'), 'says when to come again');
        is($health->{json}{database}, 'unreachable', 'and what is wrong');
        my $refused = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
        problem_is($refused, 503, 'database-unavailable');
        ok($refused->{headers}->header('Retry-After'), 'with Retry-After');
        sleep 2;
        ($code, $text) = tool(qw(database start));
        is($code, 0, 'it is back') or diag($text);
        ok(wait_until(\&is_well), 'health says so');
        my $back = time;
        sleep 2;
        write_file(scratch('end'), '');
        my @said = wait_clients($clients);
        my @good = grep { $_->{status} == 201 } @said;
        my @refused = grep { $_->{status} == 503 } @said;
        is_deeply([grep { $_->{status} != 201 && $_->{status} != 503 } @said], [], 'every call was answered, 201 or 503');
        note(@good . ' good, ' . @refused . ' refused');
        is_deeply([grep { !$_->{retry} } @refused], [], 'with Retry-After');
        is_deeply([grep { $_->{began} > $back } @refused], [], 'none of them after it was back');
        ok((grep { $_->{began} > $back } @good), 'when there were calls');
        push @answered, @good;
        $on_the_way += @refused;
    };
}

subtest 'the same httpd serves' => sub {
    is((read_file($i->{CERTMGR_PID}) =~ /(\d+)/)[0], $httpd, 'its parent');
    my %now = map { $_ => 1 } split ' ', (command('pgrep', '-P', $httpd))[1];
    is_deeply([grep { !$now{$_} } split ' ', $children], [], 'its children: none crashed');
    is(revoke('user1', $answered[-1]{id})->{status}, 201, 'revokes');
    ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'jobs run');
};

subtest 'no answered certificate is lost, none is there in part' => sub {
    my %stored = map { split /\|/ } split /\n/, query("SELECT id, serial FROM certificate");
    is_deeply([grep { ($stored{ $_->{id} } // '') ne $_->{serial} } @answered], [], @answered . ' were answered');
    my $made = query("SELECT count(*) FROM certificate WHERE profile = 'user'") - $before;
    cmp_ok($made, '<=', @answered + $on_the_way, 'no call made two');
    is(query("SELECT count(*) FROM certificate c WHERE c.profile = 'user' AND 1 <> (SELECT count(*) FROM request r"
            . " WHERE r.certificate = c.id AND r.operation = 'enroll' AND r.state = 'completed')"), 0, 'a request for each');
    is(query("SELECT count(*) FROM request r WHERE r.operation = 'enroll' AND 1 <> (SELECT count(*) FROM audit_event e"
            . " WHERE e.object = r.id AND e.action = 'request.submit' AND e.outcome = 'done')"), 0, 'an event for each');
    is(database_is_whole(), 'ok', 'tables and indexes');
    my ($code, $text) = ctl(qw(audit verify));
    is($code, 0, 'the audit log verifies') or diag($text);
};

subtest 'away when httpd starts' => sub {
    tool('stop');
    my $conf = $i->{CERTMGR_CONF};
    my ($code, $text) = as_server((grep { -x } qw(/usr/sbin/apache2 /usr/sbin/httpd))[0], '-f', $conf, '-k', 'start');
    is($code, 0, 'httpd starts') or diag($text);
    ok(wait_until(sub { nobody(GET => '/api/v1/health')->{status} }), 'and answers');
    my $r = as('user1', GET => '/api/v1/me');
    problem_is($r, 503, 'database-unavailable');
    ok($r->{headers}->header('Retry-After'), 'with Retry-After');
    is(nobody(GET => '/')->{status}, 404, 'what is not ours is served as before');
    is((ctl(qw(ca list)))[0], contract('exit_codes')->{unreachable}, 'certmgrctl says so too');
    tool(qw(database start));
    ok(wait_until(\&is_well), 'health says when it is there');
    is(enroll('user1')->{state}, 'completed');
};
done();
