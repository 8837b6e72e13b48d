#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Other programs in the SQLite file: one that keeps the write lock stops writers only, who are told so in
# time, and all goes on when it lets go; one that reads for long stops nobody.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IPC::Open2 qw(open2);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

use constant { CLIENTS => 8, DEADLINE => 2 };

$ENV{CERTMGR_EXTRA} = 'CertMgrDatabaseDeadline ' . DEADLINE . 's';
my $i = main_instance();
my $database = "$i->{CERTMGR_FOLDER}/demo/db/certmgr.db";
my $owner = getpwuid((stat $database)[4]);
my $csr = csr();
my $known = enroll('user1')->{certificate};
my $before = issued();

# A shell that has run this, and stays in its transaction until let_go.
sub hold {
    my ($sql) = @_;
    my $pid = open2(my $out, my $in, $> ? () : ('runuser', '-u', $owner, '--'), 'sqlite3', '-cmd', '.timeout 60000', $database);
    print {$in} "$sql\n.print held\n";
    $in->flush;
    my $first = <$out>;
    my $said = $first eq "held\n" ? $first : <$out>;
    is($said, "held\n", "held: $sql");
    return { pid => $pid, in => $in, out => $out, first => $first };
}

sub let_go {
    my ($held) = @_;
    print { $held->{in} } "ROLLBACK;\n";
    close $held->{in};
    waitpid $held->{pid}, 0;
    return;
}

sub try_enroll { return as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr }) }

sub reads_go_on {
    is(as('user1', GET => $_)->{status}, 200, "GET $_") for '/api/v1/me', "/api/v1/certificates/$known->{id}", '/api/v1/certificates';
    is(nobody(GET => $_)->{status}, 200, "GET $_") for '/api/v1/health', '/crl/issuing.crl';
    return;
}

sub seals { return wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }) }

subtest 'the write lock is held' => sub {
    ok(seals(), 'all is sealed');
    announce_log(qr/\[certmgr:(?:error|warn)\].*(?:the database is too busy|writer|waiting for the database)/);
    my $held = hold('BEGIN IMMEDIATE;');
    my $beat = start_beat(scratch('beat'), sub { nobody(GET => '/nothing') });
    my $began = beats($beat);
    my $clients = start_clients(CLIENTS, sub {
        my ($number, $say) = @_;
        my $r = try_enroll();
        $say->({ status => $r->{status}, type => $r->{json}{type}, retry => scalar $r->{headers}->header('Retry-After') });
    });
    subtest 'reads go on' => \&reads_go_on;
    my @said = wait_clients($clients);
    cmp_ok(beats($beat) - $began, '<', 5 * DEADLINE, 'writers were told in time');
    stop_beat($beat);
    is_deeply([map { $_->{status} } @said], [(503) x CLIENTS], 'all of them');
    is_deeply([grep { $_->{type} ne 'urn:certmgr:problem:busy' || !$_->{retry} } @said], [], 'why, and when to come again');
    subtest 'reads go on' => \&reads_go_on;
    let_go($held);
    is(issued(), $before, 'nothing of it is there');
    ok(wait_until(sub { try_enroll()->{status} == 201 }), 'it goes on by itself');
    ok(seals(), 'and so do the jobs');
    my @lines = grep { /\[certmgr:error\].*job (?:seal|counts|strangers):/ } split /\n/, read_file($i->{CERTMGR_ERROR_LOG});
    cmp_ok(scalar @lines, '<=', 6, 'jobs said it once, not each second') or diag(@lines);
};

subtest 'somebody reads for long' => sub {
    my $held = hold('BEGIN; SELECT count(*) FROM certificate;');
    my @said = clients(CLIENTS, sub { my $r = try_enroll(); $_[1]->({ status => $r->{status}, json => $r->{json} }) });
    is_deeply([map { $_->{status} } @said], [(201) x CLIENTS], 'others write');
    is(revoke('user1', $known->{id})->{status}, 201, 'and revoke');
    ok(seals(), 'and seal');
    print { $held->{in} } "SELECT count(*) FROM certificate;\n";
    $held->{in}->flush;
    my $out = $held->{out};
    is(scalar <$out>, $held->{first}, 'the reader sees what was');
    let_go($held);
    is((query('PRAGMA wal_checkpoint(TRUNCATE)') =~ /^(\d)/)[0], 0, 'the log of writes can be put away');
    are_stored(map { answered($_->{json}) } @said);
};
are_whole();
done();
