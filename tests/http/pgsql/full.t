#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# PostgreSQL has no room on its disk for what is written: callers get 503 with Retry-After, nothing is stored
# in part, and all goes on by itself when there is room.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

use constant { CLIENTS => 4 };

$ENV{CERTMGR_EXTRA} = 'CertMgrDatabaseDeadline 1s';
my $i = main_instance();
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
    is("$r->{status} " . ($r->{json}{type} // $r->{json}{state} // 'no answer'), '503 urn:certmgr:problem:database-unavailable', "$what: 503");
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

# What PostgreSQL says when it can't write, from where it says it: at an insert, or at COMMIT.
my $at_insert = 'CREATE TRIGGER no_room BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION no_room()';
my $at_commit = 'CREATE CONSTRAINT TRIGGER no_room AFTER INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_room()';
for my $case (
    ['certificate', $at_insert, '53100', 'could not extend file "base/16384/16385": No space left on device'],
    ['audit_event', $at_insert, '53100', 'could not extend file "base/16384/16385": No space left on device'],
    ['audit_event', $at_commit, '53100', 'could not write to file "pg_wal/xlogtemp.1": No space left on device'],
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
