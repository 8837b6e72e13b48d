#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# However often and by however many a call is sent again with its Idempotency-Key, at the same moment, after
# an answer that was lost, or after the server was killed: it is done once, and everybody is told the same.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::SSL ();
use JSON::PP ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

use constant { CLIENTS => 8, LOST => 6 };

my $i = main_instance();
my ($port) = $i->{CERTMGR_URL} =~ /:(\d+)/;
my $csr = csr();
my $json = JSON::PP->new->utf8->canonical;    # as CertMgr::Test, or it were another call

sub key { return (headers => { 'Idempotency-Key' => $_[0] }) }

sub enroll_with {
    my ($key) = @_;
    return as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr }, key($key));
}

# What several clients at once are told: a list of [status, id of the request, serial].
sub told {
    my ($work) = @_;
    return clients(CLIENTS, sub {
        my ($number, $say) = @_;
        my $r = $work->();
        $say->([$r->{status}, $r->{json}{id}, $r->{json}{certificate}{serial}]);
    });
}

sub done_once {
    my ($request, $action) = @_;
    is(query("SELECT count(*) FROM audit_event WHERE object = '$request' AND action = '$action' AND outcome = 'done'"), 1, 'one event');
    return;
}

my $before = issued();
my @answered;
for my $round (1 .. 3) {
    subtest "one enrollment, sent by several at once: $round" => sub {
        my @told = told(sub { enroll_with("race-$round") });
        is_deeply([map { $_->[0] } @told], [(201) x CLIENTS], 'everybody is told that it is done');
        is_deeply(\@told, [($told[0]) x CLIENTS], 'and the same');
        done_once($told[0][1], 'request.submit');
        push @answered, answered(enroll_with("race-$round")->{json});
        is($answered[-1]{request}, $told[0][1], 'later too');
    };
}

subtest 'one revocation' => sub {
    my $call = { certificate => enroll_with('race-1')->{json}{certificate}{id}, reason => 'superseded', remarks => 'test' };
    my @told = told(sub { as('user1', POST => '/api/v1/revoke', json => $call, key('revoke')) });
    is_deeply(\@told, [($told[0]) x CLIENTS], 'everybody is told the same');
    is($told[0][0], 201, 'that it is done');
    done_once($told[0][1], 'request.submit');
    is(query("SELECT count(*) FROM revocation WHERE certificate = '$call->{certificate}'"), 1, 'once');
};

subtest 'one event of a request' => sub {
    my ($code, $text) = command(qw(openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=retry.example.test
        -addext subjectAltName=DNS:retry.example.test -keyout), scratch('server.key'), '-out', scratch('server.csr'));
    my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'server', csr => read_file(scratch('server.csr')) });
    is($r->{status}, 202, 'it waits') or diag($r->{body});
    my $id = $r->{json}{id};
    my @told = told(sub { as('officer1', POST => "/api/v1/enroll/$id/events", json => { event => 'decline', remarks => 'no' }, key('decline')) });
    is_deeply(\@told, [($told[0]) x CLIENTS], 'everybody is told the same') or diag($r->{body});
    is($told[0][0], 200, 'that it is done');
    done_once($id, 'request.decline');
};

# The whole call on a connection that ends before the answer comes.
sub send_only {
    my ($key) = @_;
    my $body = $json->encode({ profile => 'user', csr => $csr });
    my $pem = "$i->{CERTMGR_PEOPLE}/user1.pem";
    my $socket = IO::Socket::SSL->new(PeerHost => 'localhost', PeerPort => $port, SSL_ca_file => $i->{CERTMGR_CA}, SSL_cert_file => $pem,
        SSL_key_file => $pem) or die "no connection: $IO::Socket::SSL::SSL_ERROR";
    print {$socket} "POST /certmgr/api/v1/enroll HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/json\r\n"
        . "Idempotency-Key: $key\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    close $socket;
    return;
}

sub is_one {
    my ($what, $answer) = @_;
    is($answer->{status}, 201, "$what: the certificate is there") or diag($answer->{body});
    push @answered, answered($answer->{json});
    done_once($answer->{json}{id}, 'request.submit');
    return;
}

subtest 'the answer was lost' => sub {
    send_only("lost-$_") for 1 .. LOST;
    is_one("call $_", enroll_with("lost-$_")) for 1 .. LOST;
};

subtest 'the server was killed' => sub {
    announce_log(qr/./);    # httpd complains of children that were killed
    my $calls = start_clients(LOST, sub { enroll_with("killed-$_[0]") });
    select undef, undef, undef, rand 0.3;
    my ($pid) = server_processes();
    kill_between_logins(\&server_processes);
    wait_clients($calls);
    wait_until(sub { !kill 0 => $pid });
    unlink $i->{CERTMGR_PID};
    my ($code, $text) = tool('start');
    is($code, 0, 'it starts again') or diag($text);
    is_one("call $_", enroll_with("killed-$_")) for 1 .. LOST;
};

are_stored(@answered);
is(issued() - $before, @answered, 'each key made one certificate');
are_whole();
done();
