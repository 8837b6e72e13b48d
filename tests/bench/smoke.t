#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a benchmark that no longer runs, prints only some of its rows, or measures what was not stored.
# All of it, as small as it goes; figures are not looked at.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use JSON::PP ();
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my $build = $ENV{CERTMGR_BUILD} // "$top/build";

my @rows = (
    (map { my $keys = $_; map { "issue $keys, $_ : cfssl with PostgreSQL" } qw(SQLite PostgreSQL) } qw(P-256 RSA-2048)),
    (map { "issue P-256, $_ : sum of the parts" } qw(SQLite PostgreSQL)),
    (map { "part: $_, CPU" } 'static file', 'client', 'verify', 'token', 'rows on sqlite3', 'rows on pgsql'),
    (map { ("OCSP GET, $_ : static file of N bytes", "OCSP POST with nonce, $_ : signatures of the token") }
        qw(sqlite3 pgsql)),
    (map { ("CRL of $_ : OpenSSL in memory", "CRL of $_, peak memory : OpenSSL in memory") } 10, 100, 1000),
    'CRL of 1000, peak memory above that of 10',
    'delta CRL at 1000 revoked : full list',
    'time of a revocation at 1000 revoked : at 1',
    (map { ("start-up, $_, 1000 certificates : none", "search, $_, 1000: worst p95, equals and begins-with",
        "search, $_, 1000: worst p95, contains", "issue P-256, $_, 1000 certificates : none") } qw(sqlite3 pgsql)));

my $text = `make -s -C '$build' bench BENCH_ROUNDS=1 BENCH_SECONDS=1 BENCH_ROWS=1000 2>&1`;
is($?, 0, 'make bench') or diag($text);
my $results = eval {
    open my $file, '<:raw', "$top/bench/results.json" or die $!;
    local $/ = undef;
    JSON::PP->new->utf8->decode(scalar <$file>);
} // [];
my @names = map { $_->{name} =~ s/of \d+ bytes/of N bytes/r } @{$results};
is_deeply([sort @names], [sort @rows], 'every row is there') or diag($@);
for my $r (@{$results}) {
    like($text, qr/^\Q$r->{name}\E +\d/m, "printed: $r->{name}");
    my @missing = grep { !exists $r->{$_} } qw(name ours peer ratio limit ok spread);
    is("@missing", '', 'with all members');
    cmp_ok($r->{ours}, '>', 0, 'it was measured') unless $r->{unit} eq 's';
}
my ($sqlite, $pgsql) = map { $text =~ /^stored on $_: (\d+) answers, as many certificates, requests and audit events$/m } qw(SQLite PostgreSQL);
ok($sqlite && $pgsql, 'all that was answered was stored');
like($text, qr/^stored by cfssl: [1-9]\d* answers, as many certificates$/m, 'by the peer too');
is(() = $text =~ /^listed in the CRL: \d+ certificates, as many as were revoked$/mg, 3, 'and all that was revoked was listed');
done_testing();
