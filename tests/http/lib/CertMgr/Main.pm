# SPDX-License-Identifier: Apache-2.0
# What the tests of the main job share: an instance as ./quickstart makes it, calls as one of its
# people, requests made by openssl, and the names of tests/contract.json.
#
#     use CertMgr::Main;
#     my $i = main_instance();
#     my $r = as(user1 => POST => '/api/v1/enroll', json => { profile => 'user', csr => csr() });
package CertMgr::Main;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Temp ();
use JSON::PP ();
use Test::More;
use CertMgr::Test;

our @EXPORT = qw(main_instance as nobody csr enroll revoke contract members_are scratch ctl
    write_file read_file command wait_until);

my ($instance, $contract);
my $scratch = File::Temp->newdir('/tmp/certmgr-test-XXXXXX');

sub scratch { return "$scratch/" . ($_[0] // '') }

sub read_file {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

sub write_file {
    my ($path, $content) = @_;
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} $content;
    close $file or die "$path: $!";
    return $path;
}

sub contract {
    $contract //= JSON::PP->new->utf8->decode(read_file("$ENV{CERTMGR_TEST_TOP}/tests/contract.json"));
    return $contract->{ $_[0] };
}

sub main_instance {
    $instance = instance("$ENV{CERTMGR_TEST_TOP}/tests/http/instance.sh", @_);
    return $instance;
}

# A call as one of the people; the path is below CERTMGR_URL.
sub as {
    my ($who, $method, $path, %with) = @_;
    return call($method => $instance->{CERTMGR_URL} . $path,
        ca => $instance->{CERTMGR_CA},
        cert => "$instance->{CERTMGR_PEOPLE}/$who.pem", %with);
}

sub nobody {
    my ($method, $path, %with) = @_;
    return call($method => $instance->{CERTMGR_URL} . $path, ca => $instance->{CERTMGR_CA}, %with);
}

# Runs a program; returns its exit code and what it printed, both streams together.
sub command {
    my (@words) = @_;
    my $pid = open my $out, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or die;
        exec { $words[0] } @words or die "$words[0]: $!";
    }
    local $/ = undef;
    my $text = <$out> // '';
    close $out;
    return ($? >> 8, $text);
}

# certmgrctl as the user of the server.
sub ctl {
    return command("$ENV{CERTMGR_TEST_TOP}/tools/instance", 'ctl', "$instance->{CERTMGR_FOLDER}/demo", @_);
}

# PEM of a new request; the key stays in scratch('key.pem').
sub csr {
    my (@more) = @_;
    @more = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256') unless @more;
    my ($code, $text) = command(qw(openssl req -new -nodes -subj /CN=ignored), @more,
        '-keyout', scratch('key.pem'), '-out', scratch('new.csr'));
    die $text if $code;
    return read_file(scratch('new.csr'));
}

sub enroll {
    my ($who, %more) = @_;
    my $answer = as($who, POST => '/api/v1/enroll', json => { profile => 'user', csr => csr(), %more });
    is($answer->{status}, 201, "$who enrolls") or diag($answer->{body});
    return $answer->{json};
}

sub revoke {
    my ($who, $certificate, $reason) = @_;
    return as($who, POST => '/api/v1/revoke',
        json => { certificate => $certificate, reason => $reason // 'superseded', remarks => 'test' });
}

# The object has these members and no others.
sub members_are {
    my ($object, $which, @optional) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %optional = map { $_ => 1 } @optional;
    is_deeply([sort grep { !$optional{$_} } keys %{ $object // {} }], [sort @{ contract($which) }],
        "members of $which");
    return;
}

# Asks again every 0.2 s, at most `seconds`.
sub wait_until {
    my ($seconds, $question) = @_;
    my $end = time + $seconds;
    while (1) {
        my $answer = $question->();
        return $answer if $answer || time > $end;
        select undef, undef, undef, 0.2;
    }
    return;
}

1;
