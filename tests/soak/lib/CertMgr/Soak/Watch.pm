# SPDX-License-Identifier: Apache-2.0
# What the server uses, process by process, and whether that stays.
package CertMgr::Soak::Watch;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use List::Util qw(sum0);
use Time::HiRes qw(time);
use CertMgr::Main;

our @EXPORT = qw(take_sample judge describe_sample);

# A leak of 100 bytes a request, in whichever process, is found, and one of descriptors. Memory that is
# nobody else's (Anonymous) counts: the table of OCSP answers and the pages of libraries are shared, and
# fill by and by. Of the time in which no process ends, the first quarter is for warming up: threads that
# meet their largest answer yet, caches of SQLite that fill. Of the rest the medians of the first and the
# last fifth are compared. They may differ by half of such a leak, and by what an allocator keeps from an
# unusual moment. Fewer requests than MOST_NOISE / BYTES_EACH tell nothing: what is kept would be more.
# Descriptors: what two children have open for all connections to SQLite that they keep (DBDKeep 8, three
# files each), and some clients'; one that is lost with each change would be thousands.
use constant { BYTES_EACH => 50, MOST_NOISE => 1 << 20, DESCRIPTORS => 60, ENOUGH => 21_000 };

sub process {
    my ($pid) = @_;
    my %values = (pid => $pid);
    eval {
        my @stat = split ' ', read_file("/proc/$pid/stat") =~ s/.*\) //sr;
        $values{key} = "$pid/$stat[19]";    # with its start: numbers of processes come again
        $values{threads} = $stat[17];
        my $memory = read_file("/proc/$pid/smaps_rollup");
        $values{lc $1} = 1024 * $2 while $memory =~ /^(Rss|Pss|Anonymous): +(\d+) kB/mg;
        $values{descriptors} = () = glob "/proc/$pid/fd/*";
        1;
    } or return;
    return exists $values{anonymous} ? \%values : ();
}

# Between faults only: the database must be there.
sub take_sample {
    my ($instance, $sent) = @_;
    my ($driver, $params) = split /\n/, read_file("$instance->{CERTMGR_FOLDER}/demo/database");
    my ($sessions, $size) = on_postgres()
        ? split /\|/, query("SELECT count(*), pg_database_size('certmgr') FROM pg_stat_activity WHERE datname = 'certmgr'"
            . ' AND pid <> pg_backend_pid()')
        : (0, sum0(map { -s "$params$_" // 0 } '', '-wal'));
    my ($parent, @children) = map { process($_) } server_processes();
    return { at => time, sent => $sent, sessions => $sessions, database => $size, parent => $parent, children => \@children };
}

sub total { my ($sample, $what) = @_; return sum0(map { $_->{$what} } grep { $_ } $sample->{parent}, @{ $sample->{children} }) }

sub describe_sample {
    my ($sample) = @_;
    return sprintf '%d processes, %.1f MB of their own (Pss %.1f), %d threads, %d descriptors, %d sessions, database %.1f MB',
        1 + @{ $sample->{children} }, total($sample, 'anonymous') / 1e6, total($sample, 'pss') / 1e6,
        map({ total($sample, $_) } qw(threads descriptors)), $sample->{sessions}, $sample->{database} / 1e6;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return @sorted % 2 ? $sorted[$#sorted / 2] : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# The processes that were there all the time, each by its key.
sub lasting {
    my (@samples) = @_;
    my %seen;
    for my $sample (@samples) {
        $seen{ $_->{key} }++ for grep { $_ } $sample->{parent}, @{ $sample->{children} };
    }
    return grep { $seen{$_} == @samples } sort keys %seen;
}

sub values_of {
    my ($key, $what, @samples) = @_;
    return map { my $sample = $_; map { $_->{$what} } grep { $_->{key} eq $key } $sample->{parent}, @{ $sample->{children} } } @samples;
}

# Of the samples since no process was ended: lines to print, then what is wrong.
sub judge {
    my (@samples) = @_;
    return (['too few samples to tell about memory'], []) if @samples < 8;
    my @warm = @samples[@samples / 4 .. $#samples];
    my $fifth = int((@warm + 4) / 5);
    my @early = @warm[0 .. $fifth - 1];
    my @late = @warm[-$fifth .. -1];
    my $requests = median(map { $_->{sent} } @late) - median(map { $_->{sent} } @early);
    my $hours = (median(map { $_->{at} } @late) - median(map { $_->{at} } @early)) / 3600;
    my ($grown, $more, @lines, @wrong) = (0, 0);
    my @keys = lasting(@samples);
    for my $key (@keys) {
        my ($was, $is) = map { median(values_of($key, 'anonymous', @{$_})) } \@early, \@late;
        my ($had, $has) = map { median(values_of($key, 'descriptors', @{$_})) } \@early, \@late;
        push @lines, sprintf 'process %s: %.2f MB, then %.2f MB; descriptors %d, then %d', $key, $was / 1e6, $is / 1e6, $had, $has;
        $grown += $is - $was;
        $more += $has - $had;
    }
    my $most = MOST_NOISE + BYTES_EACH * $requests;
    push @lines, sprintf '%d requests and %.2f hours later: %+.2f MB, %+.0f MB an hour, %+.0f bytes a request; %+.2f MB would be too much',
        $requests, $hours, $grown / 1e6, $grown / $hours / 1e6, $requests ? $grown / $requests : 0, $most / 1e6;
    if ($requests < ENOUGH) {
        push @lines, 'too few requests to tell about memory: ' . ENOUGH . ' are enough';
    } elsif ($grown > $most) {
        push @wrong, sprintf 'memory grows: by %.2f MB', $grown / 1e6;
    }
    push @wrong, "descriptors: $more more" if $more > DESCRIPTORS;
    push @wrong, 'no child lived through it' if @keys < 2;
    return (\@lines, \@wrong);
}

1;
