# SPDX-License-Identifier: Apache-2.0
# The faults of a soak: one at a time, and after each the server must be well again by itself.
package CertMgr::Soak::Faults;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use IO::Socket::INET ();
use IO::Socket::SSL ();
use Time::HiRes qw(sleep time);
use CertMgr::Main;

our @EXPORT = qw(faults_for is_well cause);

# ends: processes of httpd end, so that none grows old
my @faults = (
    { name => 'reload', ends => 1, run => \&reload },
    { name => 'kill a child', ends => 1, run => \&kill_child },
    { name => 'kill the server', ends => 1, run => \&kill_server },
    { name => 'database stopped', pgsql => 1, run => sub { database_away('stop', @_) } },
    { name => 'database killed', pgsql => 1, run => sub { database_away('kill', @_) } },
    { name => 'token away', ends => 1, run => \&token_away },
    { name => 'token out of reach', run => sub { token_out_of_reach($_[0]) } },
    { name => 'table locked', run => \&lock_table },
    { name => 'a child stands still', run => \&stand_still },
    { name => 'malformed calls', run => \&malformed });

sub faults_for {
    my ($ends) = @_;
    return grep { ($ends || !$_->{ends}) && (on_postgres() || !$_->{pgsql}) } @faults;
}

sub is_well {
    my $r = nobody(GET => '/api/v1/health');
    return $r->{status} == 200 && $r->{json}{status} eq 'ok';
}

# Runs it and waits until all is well: {name, took, killed: ids of processes, wrong: text or undef}.
sub cause {
    my ($fault, $instance) = @_;
    my $done = { name => $fault->{name}, at => time, killed => [] };
    $done->{wrong} = eval { $fault->{run}->($instance, $done); undef } // ($@ ? "$@" : undef);
    $done->{wrong} //= wait_until(\&is_well) ? undef : 'not well after two minutes';
    $done->{took} = time - $done->{at};
    return $done;
}

sub tool_ok {
    my (@words) = @_;
    my ($code, $text) = tool(@words);
    die "tools/instance @words: $text" if $code;
    return;
}

sub reload {
    my ($i) = @_;
    kill USR1 => (server_processes())[0];
    sleep 1;
    return;
}

sub kill_child {
    my ($i, $done) = @_;
    my ($parent, @children) = server_processes();
    my $child = $children[rand @children] // die 'there is no child';
    $done->{killed} = [$child];
    kill_between_logins(sub { kill(0 => $child) ? ($child) : () });
    sleep 0.5;
    return;
}

sub kill_server {
    my ($i, $done) = @_;
    my ($parent) = server_processes();
    $done->{killed} = [server_processes()];
    kill_between_logins(\&server_processes);
    tool_ok(qw(database kill)) if on_postgres() && rand() < 0.5;
    wait_until(sub { !kill 0 => $parent }) or die 'it survives';
    unlink $i->{CERTMGR_PID};
    tool_ok('start');
    return;
}

sub database_away {
    my ($how) = @_;
    tool_ok(database => $how);
    sleep rand 4;
    tool_ok(qw(database start));
    return;
}

# SoftHSM holds in memory what it has opened: processes that start meanwhile have no token.
sub token_away {
    my ($i) = @_;
    return token_out_of_reach($i, (server_processes())[0]);
}

sub token_out_of_reach {
    my ($i, $parent) = @_;
    my $tokens = "$i->{CERTMGR_FOLDER}/demo/tokens";
    rename $tokens, "$tokens.away" or die "$tokens: $!";
    kill USR1 => $parent if $parent;
    sleep 1 + rand 4;
    rename "$tokens.away", $tokens or die "$tokens: $!";
    return;
}

# Another program writes, and takes its time. Longer than writers wait, now and then.
sub lock_table {
    my ($i) = @_;
    my $seconds = 1 + int rand 6;
    if (on_postgres()) {
        query("BEGIN; LOCK TABLE certificate IN EXCLUSIVE MODE; SELECT pg_sleep($seconds); COMMIT");
        return;
    }
    my ($driver, $params) = split /\n/, read_file("$i->{CERTMGR_FOLDER}/demo/database");
    my ($code, $text) = as_server('sqlite3', '-cmd', '.timeout 20000', '-cmd', 'BEGIN IMMEDIATE', $params, ".shell sleep $seconds");
    die $text if $code;
    return;
}

# As on a machine that swaps, or a virtual one that is moved: leases may run out meanwhile.
sub stand_still {
    my ($i) = @_;
    my ($parent, @children) = server_processes();
    my $child = $children[rand @children] // die 'there is no child';
    kill STOP => $child;
    sleep 1 + rand 5;
    kill CONT => $child;
    return;
}

# What no client sends: not TLS, not HTTP, not finished, too much.
sub malformed {
    my ($i) = @_;
    my ($port) = $i->{CERTMGR_URL} =~ /:(\d+)/;
    local $SIG{PIPE} = 'IGNORE';
    my @open;
    for my $number (1 .. 60) {
        my $tls = $number % 3;
        my %to = (PeerAddr => "127.0.0.1:$port", Timeout => 2);
        my $socket = $tls ? IO::Socket::SSL->new(%to, SSL_verify_mode => 0) : IO::Socket::INET->new(%to);
        next unless $socket;
        my $noise = join '', map { chr rand 256 } 1 .. 1 + int rand 2000;
        my $head = "Host: localhost\r\n";
        print {$socket} (
            $noise,
            "GET /certmgr/api/v1/$noise HTTP/1.1\r\n$head\r\n",
            "POST /certmgr/api/v1/enroll HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n{\"a\":",
            "POST /certmgr/ocsp HTTP/1.1\r\n${head}Content-Type: application/ocsp-request\r\nContent-Length: 2000\r\n\r\n$noise",
            "GET /certmgr/crl/issuing.crl HTTP/1.1\r\n${head}X: " . 'x' x 9000 . "\r\n\r\n",
            "GET /certmgr/ocsp/" . unpack('H*', $noise) . " HTTP/1.1\r\n$head\r\n",
        )[rand 6];
        push @open, $socket;    # all at once
    }
    sleep rand 2;
    return;
}

1;
