# SPDX-License-Identifier: Apache-2.0
# scale: start-up, searching and issuing with many certificates in the database.
package CertMgr::Bench::Scale;
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET ();
use Time::HiRes qw(time sleep);
use CertMgr::Bench;
use CertMgr::Bench::Requests;

use constant START_SECONDS => 60;    # at most

# What bench-search stores when nothing is there.
sub fill {
    my ($i) = @_;
    say_step('storing ' . option('ROWS') . " certificates in $i->{database}");
    stop_httpd($i);
    search($i);
    start_httpd($i);
    return;
}

# The worst 95th percentile of searches for a part, and of all others; milliseconds.
sub search {
    my ($i) = @_;
    my %worst = (contains => 0, indexed => 0);
    for my $line (split /\n/, server_text($i, 'bench-search', $i->{driver}, $i->{params}, option('ROWS'))) {
        my ($match, $p95) = $line =~ /^\w+ +(\w+) .* p95 +([\d.]+) ms/ or next;
        my $kind = $match eq 'contains' ? 'contains' : 'indexed';
        $worst{$kind} = $p95 if $p95 > $worst{$kind};
    }
    return \%worst;
}

# An answer to GET over plain HTTP: 1 or 0.
sub is_healthy {
    my ($i) = @_;
    my ($address) = $i->{plain} =~ m{//(.*)};
    my $socket = IO::Socket::INET->new(PeerAddr => $address) or return 0;
    print {$socket} "GET /certmgr/api/v1/health HTTP/1.0\r\nHost: localhost\r\n\r\n";
    return (<$socket> // '') =~ / 200 /;
}

# From the start of httpd to its first good answer; milliseconds.
sub start_up {
    my ($i) = @_;
    stop_httpd($i);
    my $start = time;
    command(as_server($i, '/usr/sbin/apache2', '-f', $i->{CERTMGR_CONF}, '-k', 'start'));
    until (is_healthy($i)) {
        time < $start + START_SECONDS or die "httpd does not answer\n";
        sleep 0.002;
    }
    return 1000 * (time - $start);
}

sub add_database {
    my ($none, $many) = @_;
    my ($name, $rows) = ($many->{database}, option('ROWS'));
    my $found;
    measure("start $name none" => sub { return start_up($none) });
    measure("start $name many" => sub { return start_up($many) });
    measure("search $name indexed" => sub { $found = search($many); return $found->{indexed} });
    derive("search $name contains" => sub { return $found->{contains} });
    measure("issue $name none" => sub { return enroll($none, 'P-256')->{rate} });
    measure("issue $name many" => sub { return enroll($many, 'P-256')->{rate} });
    row(name => "start-up, $name, $rows certificates : none", unit => 'ms', ours => "start $name many",
        peer => "start $name none", less => 1, floor => 1.2, goal => 1.05);
    row(name => "search, $name, $rows: worst p95, equals and begins-with", unit => 'ms', ours => "search $name indexed",
        less => 1, floor => 20, goal => 5);
    row(name => "search, $name, $rows: worst p95, contains", unit => 'ms', ours => "search $name contains",
        less => 1, floor => 100, goal => 30);
    row(name => "issue P-256, $name, $rows certificates : none", unit => '/s', ours => "issue $name many",
        peer => "issue $name none");
    return;
}

sub prepare {
    for my $database (databases()) {
        my ($none, $many) = map { new_instance($database) } 1, 2;
        fill($many);
        add_database($none, $many);
    }
    return;
}

1;
