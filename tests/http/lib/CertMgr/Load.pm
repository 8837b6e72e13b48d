# SPDX-License-Identifier: Apache-2.0
# Several clients at once: each is a process that tells its parent what it was answered.
#
#     use CertMgr::Load;
#     my @said = clients(8, sub { my ($number, $say) = @_; ...; $say->({ status => 201 }) });
package CertMgr::Load;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep);

our @EXPORT = qw(clients start_clients wait_clients start_stream wait_stream stop_stream start_beat beats within stop_beat);

my $json = JSON::PP->new->utf8->allow_nonref;

# They tell it in files: a pipe would hold them up as soon as it is full.
sub start_clients {
    my ($count, $work) = @_;
    my @clients;
    for my $number (1 .. $count) {
        open my $said, '+>', undef or die "a nameless file: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            srand $$;
            my $say = sub { syswrite $said, $json->encode($_[0]) . "\n" };
            my $done = eval { $work->($number, $say); 1 };
            $say->({ died => "$@" }) unless $done;
            POSIX::_exit(0);    # what the parent cleans up is not ours
        }
        push @clients, { pid => $pid, said => $said };
    }
    return \@clients;
}

# Until all have ended: `meanwhile` is called some five times a second. Returns all they said.
sub wait_clients {
    my ($clients, $meanwhile) = @_;
    my @said;
    for my $client (@{$clients}) {
        while (waitpid($client->{pid}, POSIX::WNOHANG()) == 0) {
            sleep 0.2;
            $meanwhile->() if $meanwhile;
        }
        seek $client->{said}, 0, 0;
        push @said, map { $json->decode($_) } readline $client->{said};
    }
    return @said;
}

sub clients {
    my ($count, $work, $meanwhile) = @_;
    return wait_clients(start_clients($count, $work), $meanwhile);
}

# One request again and again over as many connections, each with one under way at any moment, by one quick
# program (tests/bench/load.c); until the server is gone or stop_stream. With `body` it is posted; else the
# address is read.
sub start_stream {
    my (%with) = @_;
    my ($records, $answers, $report) = map { "$with{folder}/stream-$_" } qw(records answers report);
    open my $file, '>:raw', $records or die "$records: $!";
    print {$file} pack('N/a*', $with{body} // '') x (defined $with{body} ? 20000 : 1);
    close $file or die "$records: $!";
    my @how = defined $with{body} ? ('-t', 'application/json', '-e', 201, '-o', $answers) : ();
    push @how, '-k', $with{cert} if $with{cert};
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', $report or die;
        open STDERR, '>', "$with{folder}/stream-errors" or die;    # "connection refused", at last
        exec "$ENV{CERTMGR_TEST_BUILD}/bench-load", '-c', $with{connections}, '-s', 600, @how, '-a', $with{ca}, $with{url}, $records
            or POSIX::_exit(127);
    }
    return { pid => $pid, answers => $answers, report => $report };
}

# The answers to what was posted, when it has ended.
sub wait_stream {
    my ($stream) = @_;
    waitpid $stream->{pid}, 0;
    open my $file, '<:raw', $stream->{answers} or die "$stream->{answers}: $!";
    local $/ = undef;
    return map { $json->decode($_) } unpack '(N/a*)*', <$file>;
}

# Ends it when what is under way was answered: how many were sent, and how many well answered.
sub stop_stream {
    my ($stream) = @_;
    kill TERM => $stream->{pid};
    waitpid $stream->{pid}, 0;
    open my $file, '<', $stream->{report} or die "$stream->{report}: $!";
    my $report = $json->decode(scalar <$file>);
    return @{$report}{qw(sent good)};
}

# A clock that goes as fast as the machine lets others go: a process that sleeps for a second, does `work`
# and counts. Bounds in beats hold on a busy machine as well, where those in seconds would not.
sub start_beat {
    my ($path, $work) = @_;
    my $parent = $$;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open my $file, '>', $path or POSIX::_exit(1);
        while (getppid == $parent) {
            sleep 1;
            $work->();
            syswrite $file, '.';
        }
        POSIX::_exit(0);
    }
    return { pid => $pid, path => $path };
}

sub beats {
    my ($beat) = @_;
    return -s $beat->{path} // 0;
}

# Whether it is so before that many beats are over.
sub within {
    my ($beat, $count, $question) = @_;
    my $start = beats($beat);
    until ($question->()) {
        return 0 if beats($beat) - $start > $count;
        select undef, undef, undef, 0.2;
    }
    return 1;
}

sub stop_beat {
    my ($beat) = @_;
    kill KILL => $beat->{pid};
    waitpid $beat->{pid}, 0;
    return;
}

1;
