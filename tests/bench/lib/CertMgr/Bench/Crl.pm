# SPDX-License-Identifier: Apache-2.0
# crl: lists of several sizes against OpenSSL, which builds and signs the same list in memory, and
# revocations among as many.
package CertMgr::Bench::Crl;
use strict;
use warnings FATAL => 'all';
use CertMgr::Bench;
use CertMgr::Bench::Requests;

use constant {
    MEBIBYTE => 1 << 20,
    MOST_REVOKED => 2000,    # a second; those to be revoked are issued first
};

# The largest list, and parts of it.
sub size { return int(option('ROWS') / $_[0]) || 1 }

# An instance with so many revoked certificates. httpd stands still, so that no job is in the way.
sub filled_instance {
    my ($database, $count) = @_;
    my $i = new_instance($database);
    stop_httpd($i);
    say_step("storing $count revoked certificates");
    server_program($i, 'bench-seed', $i->{driver}, $i->{params}, $count);
    sql($i, 'DELETE FROM certificate_queue');    # searches are not what is measured
    sql($i, 'ANALYZE');
    $i->{count} = $count;
    return $i;
}

# Seconds and peak memory of a list, made by a command, since httpd's children do other things too. All
# entries must be in it.
sub publish {
    my ($i) = @_;
    my $report = "$i->{CERTMGR_FOLDER}/demo/run/time";
    command(as_server($i, qw(/usr/bin/time -f), '%e %M', '-o', $report, "$i->{CERTMGR_FOLDER}/demo/lib/certmgrctl", '-f', $i->{CERTMGR_CONF},
        qw(--yes crl publish issuing)));
    my ($seconds, $kibibytes) = split ' ', read_file($report);
    return { seconds => $seconds, peak => $kibibytes / 1024 };
}

sub add_list {
    my ($i) = @_;
    my $count = $i->{count};
    my ($ours, $peer);
    measure("crl $count" => sub { $ours = publish($i); return $ours->{seconds} });
    # revocations add to it
    measure("crl peer $count" => sub { $peer = program('bench-crl-peer', $i->{count}); return $peer->{seconds} });
    derive("crl memory $count" => sub { return $ours->{peak} });
    derive("crl peer memory $count" => sub { return $peer->{peak} / MEBIBYTE });
    at_end(sub { prove($i) });
    my @limits = $count == size(1) ? (floor => 2, goal => 1) : ();
    row(name => "CRL of $count : OpenSSL in memory", unit => 's', ours => "crl $count", peer => "crl peer $count", less => 1, @limits);
    row(name => "CRL of $count, peak memory : OpenSSL in memory", unit => 'MiB', ours => "crl memory $count",
        peer => "crl peer memory $count", less => 1);
    return;
}

# How often full lists are made, so that what is between them are deltas.
sub set_delta {
    my ($i, $time) = @_;
    tool($i, qw(ctl ca crl issuing --delta), $time, '--break-glass', 'the benchmark needs it');
    return;
}

# A delta alone: the full list of before is young enough.
sub add_delta {
    my ($i) = @_;
    my $count = $i->{count};
    measure("crl delta $count" => sub {
        set_delta($i, '1d');
        my $seconds = publish($i)->{seconds};
        set_delta($i, '1s');
        return $seconds;
    });
    row(name => "delta CRL at $count revoked : full list", unit => 's', ours => "crl delta $count", peer => "crl $count", less => 1);
    return;
}

# Entries of the list that httpd serves.
sub listed {
    my ($i) = @_;
    my $path = work_folder() . '/crl.der';
    command('curl', qw(-fsS --noproxy * -o), $path, "$i->{plain}/certmgr/crl/issuing.crl");
    return 0 + command('sh', '-c', 'openssl crl -inform DER -noout -text -in "$0" | grep -c "^ *Serial Number: "', $path);
}

# What was revoked last is listed after a while.
sub prove {
    my ($i) = @_;
    my $entries;
    start_httpd($i);
    for (1 .. 30) {
        $entries = listed($i);
        last if $entries == $i->{count};
        sleep 1;
    }
    stop_httpd($i);
    $entries == $i->{count} or die "the list has $entries entries, not $i->{count}\n";
    note_line("listed in the CRL: $entries certificates, as many as were revoked");
    return;
}

# Revocations a second; what is revoked is issued first.
sub revoke {
    my ($i) = @_;
    my $newest = sql($i, 'SELECT max(id) FROM certificate');
    start_httpd($i);
    enroll($i, 'P-256', most => MOST_REVOKED * option('SECONDS'), seconds => 3600);
    my @ids = split /\n/, sql($i, "SELECT id FROM certificate WHERE id > '$newest' AND request IS NOT NULL");
    my $records = records('revoke', map { json()->encode({ certificate => $_, reason => 'superseded', remarks => 'bench' }) } @ids);
    my $said = load("$i->{CERTMGR_URL}/api/v1/revoke", $records, type => 'application/json', expect => 201,
        certificate => "$i->{CERTMGR_PEOPLE}/user1.pem", root => $i->{CERTMGR_CA});
    stop_httpd($i);
    $i->{count} += $said->{good};
    return $said->{rate};
}

sub add_revocations {
    my ($few, $many) = @_;
    my @counts = map { $_->{count} } $few, $many;
    measure("revoke $_->{count}" => do { my $i = $_; sub { return 1000 / revoke($i) } }) for $few, $many;
    row(name => "time of a revocation at $counts[1] revoked : at $counts[0]", unit => 'ms', ours => "revoke $counts[1]",
        peer => "revoke $counts[0]", less => 1, floor => 1.2, goal => 1.05);
    return;
}

sub prepare {
    my ($database) = databases();
    my @lists = map { filled_instance($database, size($_)) } 100, 10, 1;
    add_list($_) for @lists;
    row(name => "CRL of @{[size(1)]}, peak memory above that of @{[size(100)]}", unit => 'MiB', ours => 'crl memory ' . size(1),
        peer => 'crl memory ' . size(100), less => 1, minus => 1, floor => 64, goal => 16);
    add_delta($lists[-1]);
    add_revocations(filled_instance($database, size(1000)), $lists[-1]);
    return;
}

1;
