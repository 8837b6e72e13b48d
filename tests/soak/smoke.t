#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a soak that no longer runs, or that finds nothing. Half a minute on each database with a few
# faults; what is doubled, lost or changed behind its back must be told. Figures are not looked at.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my $build = $ENV{CERTMGR_BUILD} // "$top/build";

my @held = (
    (map { qr/^ok +\d+ $_$/m } 'certificates, once each, with serial and request', 'requests, once each',
        'changes of a status, numbered without a gap'),
    (map { qr/^ok +$_/m } 'their status, as answered last', 'a key for each', 'an event for each', 'the CRL has all \d+ ',
        'OCSP says so of each', 'the audit log verifies', 'the database is whole', 'no process died'),
    qr/^enroll +[1-9]\d* /m, qr/^revoke +[1-9]\d* /m, qr/^fault +times/m, qr/^(?:process \d|too few samples)/m, qr/^all holds$/m);

sub soak {
    my ($database, $seconds, %more) = @_;
    my $options = join ' ', map { "SOAK_$_='$more{$_}'" } sort keys %more;
    return scalar `make -s -C '$build' soak SOAK_DATABASE=$database SOAK_SECONDS=$seconds SOAK_PAUSE=4 SOAK_CLIENTS=3 $options 2>&1`;
}

for my $database (qw(sqlite3 pgsql)) {
    my $text = soak($database, 25);
    is($?, 0, "make soak, $database") or diag($text);
    like($text, $_) for @held;
}

# Each of these, done behind its back before it compares, is noticed.
my %wrongs = (
    "UPDATE certificate SET serial = '7' || serial WHERE id = (SELECT max(id) FROM certificate)" => qr/^WRONG +\d+ certificates, once each/m,
    "DELETE FROM request WHERE id = (SELECT max(id) FROM request WHERE operation = 'enroll')" => qr/^WRONG +\d+ requests, once each/m,
    "INSERT INTO retry SELECT person, name || '-x', digest, request, created FROM retry WHERE name LIKE 'soak-1-%'" => qr/^WRONG +a key for each/m,
    "UPDATE audit_event SET object = 'x' WHERE id = (SELECT max(id) FROM audit_event WHERE action = 'request.submit')"
        => qr/^WRONG +an event for each/m);
my $text = soak('sqlite3', 8, PLANT => join('; ', sort keys %wrongs) =~ s/'/'\\''/gr);
isnt($?, 0, 'what is wrong is told');
like($text, $_) for values %wrongs, qr/^FAILED: /m;
done_testing();
