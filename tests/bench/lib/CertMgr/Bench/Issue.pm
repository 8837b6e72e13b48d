# SPDX-License-Identifier: Apache-2.0
# issue: enrollments over HTTPS against `cfssl serve`, and against the sum of their parts, which is measured
# in the same rounds.
package CertMgr::Bench::Issue;
use strict;
use warnings FATAL => 'all';
use CertMgr::Bench;
use CertMgr::Bench::Cfssl;
use CertMgr::Bench::Requests;

my @algorithms = ('P-256', 'RSA-2048');
my %title = (sqlite3 => 'SQLite', pgsql => 'PostgreSQL');
my %limits = (
    'pgsql P-256' => [floor => 2.5, goal => 4],
    'sqlite3 P-256' => [floor => 2, goal => 3.5]);
my @tables = (
    [certificates => 'SELECT count(*) FROM certificate'],
    [requests => "SELECT count(*) FROM request WHERE operation = 'enroll' AND state = 'completed'"],
    ['audit events' => "SELECT count(*) FROM audit_event WHERE action = 'request.submit' AND outcome = 'done'"]);

sub counts { return [map { sql($_[0], $_->[1]) } @tables] }

# What was answered is what was stored, on both sides.
sub prove {
    my ($i) = @_;
    my $now = counts($i);
    for my $n (0 .. $#tables) {
        my $more = $now->[$n] - $i->{before}[$n];
        $more == $i->{enrolled} or die "$i->{enrolled} were enrolled on $i->{database}, but there are $more $tables[$n][0]\n";
    }
    note_line("stored on $title{$i->{database}}: $i->{enrolled} answers, as many certificates, requests and audit events");
    return;
}

sub prove_cfssl {
    my ($cfssl) = @_;
    my $stored = cfssl_stored($cfssl);
    $stored == $cfssl->{signed} or die "cfssl signed $cfssl->{signed}, but stored $stored\n";
    note_line("stored by cfssl: $stored answers, as many certificates");
    return;
}

# A copy of the database as it is now, into which the bare loop puts what comes later.
sub make_bare {
    my ($i) = @_;
    if ($i->{driver} eq 'sqlite3') {
        my $copy = "$i->{CERTMGR_FOLDER}/demo/db/bare.db";
        sql($i, ".backup $copy");
        $i->{bare} = $copy;
        return;
    }
    $i->{bare} = $i->{params} =~ s/dbname=\w+/dbname=bare/r;
    my $dump = "$i->{CERTMGR_FOLDER}/demo/run/dump.sql";
    command(as_server($i, 'pg_dump', '-f', $dump, '-d', $i->{params}));
    sql($i, 'CREATE DATABASE bare');
    command(as_server($i, qw(psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -f), $dump, '-d', $i->{bare}));
    return;
}

# CPU seconds of a request for a static file over TLS: server and client.
sub static_cpu {
    my ($i) = @_;
    my $root = 0 + read_file($i->{CERTMGR_PID});
    my $before = tree_cpu($root);
    my $said = load("$i->{host}/", $i->{static}, certificate => "$i->{CERTMGR_PEOPLE}/user1.pem", root => $i->{CERTMGR_CA});
    return ((tree_cpu($root) - $before) / $said->{sent}, $said->{cpu});
}

sub add_parts {
    my ($i) = @_;
    my $pem = pem_records('P-256');
    my $client;
    write_file(work_folder() . '/static/file', 'x' x 1500);
    $i->{static} = records('static-file', 'file');
    measure('part: static file, us' => sub { (my $server, $client) = map { 1e6 * $_ } static_cpu($i); return $server });
    derive('part: client, us' => sub { return $client });
    measure('part: verify, us' => sub { return 1e6 * program('bench-crypto', 'verify', option('SECONDS'), $pem)->{cpu} });
    measure('part: token, us' => sub {
        return 1e6 * token_speed($i, 'pkcs11:token=certmgr;object=issuing', 1)->{cpu};
    });
    return;
}

sub add_bare {
    my ($i) = @_;
    my $name = $i->{database};
    make_bare($i);
    $i->{after} = sql($i, "SELECT coalesce(max(id), '') FROM request");
    measure("part: rows on $name, us" => sub {
        my $said = server_program($i, 'bench-rows', $i->{driver}, $i->{params}, $i->{bare}, option('SECONDS'), $i->{after});
        $i->{after} = $said->{last};
        return 1e6 * $said->{cpu};
    });
    derive("limit on $name" => sub {
        my $sum = 0;
        $sum += value("part: $_, us") for 'static file', 'client', 'verify', 'token', "rows on $name";
        return 1e6 * cores() / $sum;
    });
    return;
}

sub add_instance {
    my ($i) = @_;
    enroll($i, 'P-256', seconds => 1);    # caches, connections, prepared statements
    $i->{enrolled} = 0;
    $i->{before} = counts($i);
    body_records($_, 'ours') for @algorithms;
    for my $algorithm (@algorithms) {
        measure("issue $i->{database} $algorithm" => sub { return enroll($i, $algorithm)->{rate} });
    }
    at_end(sub { prove($i) });
    return;
}

sub add_cfssl {
    my ($i) = @_;
    my $cfssl = start_cfssl($i);
    body_records($_, 'cfssl') for @algorithms;
    cfssl_sign($cfssl, 'P-256', seconds => 1);
    for my $algorithm (@algorithms) {
        measure("cfssl $algorithm" => sub { return cfssl_sign($cfssl, $algorithm)->{rate} });
    }
    at_end(sub { prove_cfssl($cfssl); stop_cfssl() });
    return;
}

sub add_rows {
    my (@instances) = @_;
    for my $algorithm (@algorithms) {
        for my $i (@instances) {
            my $name = "$i->{database} $algorithm";
            row(name => "issue $algorithm, $title{$i->{database}} : cfssl with PostgreSQL", unit => '/s',
                ours => "issue $name", peer => "cfssl $algorithm", @{ $limits{$name} // [] });
        }
    }
    for my $i (@instances) {
        row(name => "issue P-256, $title{$i->{database}} : sum of the parts", unit => '/s',
            ours => "issue $i->{database} P-256", peer => "limit on $i->{database}", floor => 0.5, goal => 0.75);
    }
    row(name => "part: $_, CPU", unit => 'us', ours => "part: $_, us")
        for 'static file', 'client', 'verify', 'token', map { "rows on $_->{database}" } @instances;
    return;
}

# The peer needs a PostgreSQL, whichever databases ours are measured on.
sub prepare {
    my @instances = map { new_instance($_) } databases();
    my ($postgres) = grep { $_->{database} eq 'pgsql' } @instances;
    $postgres //= new_instance('pgsql');
    add_instance($_) for @instances;
    add_cfssl($postgres);
    add_parts($instances[0]);
    add_bare($_) for @instances;
    add_rows(@instances);
    return;
}

1;
