#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The disk of the SQLite file is full, or has become read-only, amid a stream of enrollments, or may not be
# written when httpd starts: writers get 503 and the log says why, reads go on, nothing that was answered is
# lost, and all goes on by itself when the disk is well.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use Errno ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

plan skip_all => 'httpd runs under another preloaded library' if $ENV{HTTP_PRELOAD};

use constant { CLIENTS => 4, SOME => 10 };

my $i = main_instance();
my $folder = "$i->{CERTMGR_FOLDER}/demo";
my $flag = scratch('disk');
chmod 0755, scratch();
tool('stop');
$ENV{CERTMGR_PRELOAD} = "$folder/lib/full_disk.so";
command('cp', "$ENV{CERTMGR_TEST_BUILD}/.libs/full_disk.so", $ENV{CERTMGR_PRELOAD});
@ENV{qw(CERTMGR_TEST_FULL CERTMGR_TEST_DISK)} = ($flag, "$folder/db/");
is((tool('start'))[0], 0, 'httpd with a disk that can be full');
my $csr = csr();
my $known = enroll('user1')->{certificate};
my $httpd = (server_processes())[0];

sub try_enroll {
    my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
    return { status => $r->{status}, json => $r->{json}, retry => scalar $r->{headers}->header('Retry-After') };
}

sub work {
    my ($number, $say) = @_;
    until (-e scratch('end')) {
        my $r = try_enroll();
        $say->($r);
        select undef, undef, undef, 0.2 if $r->{status} == 503;
    }
    return;
}

sub lines { return grep { /$_[0]/ } split /\n/, read_file($i->{CERTMGR_ERROR_LOG}) }

sub is_refused {
    my ($r, $what) = @_;
    is("$r->{status} $r->{json}{type}", '503 urn:certmgr:problem:database-unavailable', "$what: 503");
    ok($r->{retry}, "$what: with Retry-After");
    return;
}

sub reads_go_on {
    is(as('user1', GET => $_)->{status}, 200, "GET $_") for '/api/v1/me', "/api/v1/certificates/$known->{id}", '/api/v1/certificates';
    is(nobody(GET => $_)->{status}, 200, "GET $_") for '/crl/issuing.crl';
    return;
}

sub is_back {
    ok(wait_until(sub { try_enroll()->{status} == 201 }), 'it goes on by itself');
    is_deeply([map { $_->{status} } clients(CLIENTS, sub { $_[1]->(try_enroll()) for 1 .. SOME })], [(201) x (CLIENTS * SOME)],
        'for good, over each connection');
    is((server_processes())[0], $httpd, 'the same httpd');
    return;
}

announce_log(qr/\[certmgr:(?:error|warn)\].*(?:the database|database-unavailable|writers' lock|audit-heads)/);
for my $case (['full', Errno::ENOSPC, qr/database or disk is full|No space left/], ['read-only', Errno::EROFS, qr/disk I\/O error|readonly/]) {
    my ($what, $errno, $log) = @$case;
    subtest "the disk becomes $what" => sub {
        my $before = issued();
        unlink scratch('end');
        my $clients = start_clients(CLIENTS, \&work);
        ok(wait_until(sub { issued() > $before + SOME }), 'amid a stream');
        write_file("$flag.new", "$errno\n");
        chmod 0644, "$flag.new";
        rename "$flag.new", $flag or die "$flag: $!";
        my $refused;
        ok(wait_until(sub { ($refused = try_enroll())->{status} == 503 }), 'enrolling is refused');
        is_refused($refused, $what);
        subtest 'reads go on' => \&reads_go_on;
        is_refused(try_enroll(), 'still') for 1 .. 3;
        ok(scalar lines(qr/\[certmgr:error\].*the database can't be written.*$log/), 'the log says why') or diag(lines(qr/certmgr:error/));
        unlink $flag or die "$flag: $!";
        subtest 'and back' => \&is_back;
        my $issued = issued();
        ok(wait_until(sub { issued() > $issued + SOME }), 'the stream too');
        write_file(scratch('end'), '');
        my @said = wait_clients($clients);
        my @good = grep { $_->{status} == 201 } @said;
        is_deeply([grep { $_->{status} != 201 && $_->{status} != 503 } @said], [], 'every call was answered, 201 or 503');
        is_deeply([grep { $_->{status} == 503 && !$_->{retry} } @said], [], 'with Retry-After');
        are_stored(map { answered($_->{json}) } @good);
        ok(seals(), 'jobs go on');
        cmp_ok(scalar lines(qr/\[certmgr:error\].*job seal:/), '<=', 4, 'a job does not say the same each second');
        subtest 'whole' => \&are_whole;
    };
}

sub seals { return wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }) }

sub modes {
    my ($file, $directory) = @_;
    chmod $file, glob "$folder/db/certmgr.db*";
    chmod $directory, "$folder/db";
    return;
}

subtest 'the file may not be written when httpd starts' => sub {
    is((tool('stop'))[0], 0, 'stopped');
    modes(0444, 0555);
    my ($program) = grep { -x } qw(/usr/sbin/apache2 /usr/sbin/httpd);
    is((as_server($program, '-f', $i->{CERTMGR_CONF}, '-k', 'start'))[0], 0, 'httpd starts');
    ok(wait_until(sub { nobody(GET => '/api/v1/health')->{status} }), 'and answers');
    $httpd = (server_processes())[0];
    for (1 .. 3) {
        my $r = try_enroll();
        is_refused($r, 'to write');
    }
    modes(0600, 0700);
    subtest 'and back' => \&is_back;
    are_whole();
};
done();
