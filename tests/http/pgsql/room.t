#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL has no connection left, or no room for what is written: callers get 503 with Retry-After,
# nothing is stored in part, and all goes on by itself when there is room.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use POSIX ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

use constant { ROOM => 12, CLIENTS => 4 };

$ENV{CERTMGR_EXTRA} = 'CertMgrDatabaseDeadline 1s';
my $i = main_instance();
my $folder = "$i->{CERTMGR_FOLDER}/demo";
my ($driver, $params) = split /\n/, read_file("$folder/database");
my $owner = getpwuid((stat "$folder/run")[4]);
my @as_server = $> ? () : ('runuser', '-u', $owner, '--');
my $csr = csr();
my $known = enroll('user1')->{certificate};
my ($httpd) = server_processes();
announce_log(qr/\[dbd:(?:error|crit)\]/, qr/\[certmgr:(?:error|warn)\].*(?:the database|database-unavailable)/i);

sub try_enroll {
    my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
    return { status => $r->{status}, json => $r->{json}, retry => scalar $r->{headers}->header('Retry-After') };
}

sub is_refused {
    my ($r, $what) = @_;
    is("$r->{status} $r->{json}{type}", '503 urn:certmgr:problem:database-unavailable', "$what: 503");
    ok($r->{retry} // $r->{headers}->header('Retry-After'), "$what: with Retry-After");
    return;
}

sub is_back {
    ok(wait_until(sub { try_enroll()->{status} == 201 }), 'it goes on by itself');
    is(as('user1', GET => '/api/v1/me')->{status}, 200, 'reads too');
    ok(wait_until(sub { nobody(GET => '/api/v1/health')->{status} == 200 }), 'health says so');
    ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'and so do the jobs');
    is((server_processes())[0], $httpd, 'the same httpd');
    return;
}

# A session that comes as soon as there is room, and stays until this one ends or kills it.
sub start_hog {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', '/dev/null' or POSIX::_exit(1);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        exec @as_server, 'sh', '-c', 'until PGAPPNAME=hog psql -X -q -d "$0" -c "SELECT pg_sleep(600)" || [ -e "$1" ]; do sleep 0.1; done',
            $params, scratch('enough') or POSIX::_exit(127);
    }
    return $pid;
}

# SQL over one session that is kept, since no other may be had.
sub start_session {
    open my $session, '|-', @as_server, 'env', 'PGAPPNAME=hog', 'psql', '-X', '-q', '-d', $params, '-o', scratch('said')
        or die "psql: $!";
    $session->autoflush;
    return $session;
}

subtest 'no connection is left' => sub {
    chmod 0755, scratch();
    write_file(scratch('said'), '');
    chmod 0666, scratch('said');
    query('ALTER SYSTEM SET max_connections TO ' . ROOM);
    is((tool('database', $_))[0], 0, "PostgreSQL: $_") for qw(stop start);
    my $session = start_session();
    my @hogs = map { start_hog() } 1 .. ROOM + 2;
    my $most = ROOM;
    # ends our connections until others have all there are
    my $left = sub {
        print {$session} "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name <> 'hog'"
            . " AND backend_type = 'client backend') ended;\n";
        return as('user1', GET => '/api/v1/me')->{status} == 503;
    };
    ok(wait_until($left), 'others have all connections');
    is_refused(try_enroll(), 'writes');
    is_refused(as('user1', GET => '/api/v1/me'), 'reads');
    my $health = nobody(GET => '/api/v1/health');
    is("$health->{status} $health->{json}{database}", '503 unreachable', 'health');
    is(nobody(GET => '/crl/issuing.crl')->{status}, 200, 'the CRL is served');
    is(nobody(GET => '/nothing')->{status}, 404, 'and what is not ours');
    write_file(scratch('enough'), '');
    print {$session} "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hog' AND pid <> pg_backend_pid();\n";
    close $session;
    waitpid $_, 0 for @hogs;
    subtest 'and back' => \&is_back;
    my @said = clients(ROOM + 4, sub { $_[1]->(try_enroll()) for 1 .. 5 });
    is_deeply([grep { $_->{status} != 201 && $_->{status} != 503 } @said], [], 'more clients than connections: each is answered');
    is_deeply([grep { $_->{status} == 503 && !$_->{retry} } @said], [], 'with Retry-After');
    are_stored(map { answered($_->{json}) } grep { $_->{status} == 201 } @said);
    subtest 'and back again' => \&is_back;
    query('ALTER SYSTEM RESET max_connections');
    is((tool('database', $_))[0], 0, "PostgreSQL: $_") for qw(stop start);
};

# What PostgreSQL says when it can't write, from where it says it: at an insert, or at COMMIT.
my $at_insert = 'CREATE TRIGGER no_room BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION no_room()';
my $at_commit = 'CREATE CONSTRAINT TRIGGER no_room AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_room()';
for my $case (
    ['certificate', $at_insert, '53100', 'could not extend file "base/16384/16385": No space left on device'],
    ['audit_event', $at_insert, '53100', 'could not extend file "base/16384/16385": No space left on device'],
    ['audit_event', $at_commit, '53100', 'could not write to file "pg_wal/xlogtemp.1": No space left on device'],
    ['audit_event', $at_insert, '53200', 'out of memory'],
    ['request', $at_insert, '53200', 'out of shared memory'],
) {
    my ($table, $trigger, $state, $text) = @$case;
    subtest "$text, at $table" => sub {
        my @tables = qw(certificate request checklist_item audit_event retry);
        ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');
        query("CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                . " 'BEGIN RAISE EXCEPTION USING ERRCODE = ''$state'', MESSAGE = ''$text''; END'");
        query(sprintf $trigger, $table);
        my %before = map { $_ => query("SELECT count(*) FROM $_") } @tables;
        is_refused($_, 'an enrollment') for clients(CLIENTS, sub { $_[1]->(try_enroll()) });
        is(as('user1', GET => '/api/v1/me')->{status}, 200, 'reads go on');
        is_deeply({ map { $_ => query("SELECT count(*) FROM $_") } @tables }, \%before, 'nothing is stored');
        query("DROP TRIGGER no_room ON $table");
        like(read_file($i->{CERTMGR_ERROR_LOG}), qr/the database can't be written.*\Q$text\E/, 'the log says why');
        subtest 'and back' => \&is_back;
    };
}
are_whole();
done();
