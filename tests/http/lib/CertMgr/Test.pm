# SPDX-License-Identifier: Apache-2.0
# What HTTP tests share: an instance, JSON calls with client certificates, problem documents, and the
# watch over the error log.
#
#     use Test::More;
#     use CertMgr::Test;
#     my $i = instance("$top/tests/http/instance.sh");   # variables that the script exports
#     my $r = call(POST => "$i->{CERTMGR_URL}/api/v1/enroll", json => {...}, cert => $pem, ca => $ca);
#     is($r->{status}, 201);
#     problem_is($r, 422, 'refused', field => '/csr', rule => 'csr.signature');
#     announce_log(qr/wrong PIN/);                       # before what causes it
#     done();
package CertMgr::Test;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Temp ();
use HTTP::Request ();
use JSON::PP ();
use LWP::UserAgent ();
use POSIX ();
use Test::More;

our @EXPORT = qw(instance call problem_is announce_log watch_log done base_url);
our @EXPORT_OK = qw(read_file write_file);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @logs;
# of a connection that was about to be closed when httpd's child stopped, by mpm_event
my @announced = (qr/Bad file descriptor: AH03092: process_lingering_close/);

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

# Where Apache::Test's own server listens.
sub base_url {
    require Apache::TestRequest;
    return 'http://127.0.0.1:' . Apache::Test::vars('port');
}

# Lines that are added to this error log from now on, or from an offset on, are watched.
sub watch_log {
    my ($path, $from) = @_;
    push @logs, { path => $path, from => $from // -s $path // 0 };
    return;
}

# Runs a shell script, which makes its instance in $CERTMGR_TEST_FOLDER/demo and exports absolute values;
# returns its CERTMGR_* variables. The error log it names in CERTMGR_ERROR_LOG is watched from then on;
# CERTMGR_PID's httpd is stopped by done(), and the folder goes with all that runs in it when this
# process ends, however it ends; but it stays when the test failed (or with CERTMGR_TEST_KEEP=1).
my (@started, @keepers);

# A process of its own session, which waits for ours to end.
sub keep {
    my ($folder) = @_;
    pipe my $from, my $to or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        POSIX::setsid();
        open STDIN, '<&', $from or POSIX::_exit(1);
        open STDOUT, '>', '/dev/null' or POSIX::_exit(1);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        close $to;
        exec 'sh', '-c', 'keep=$(cat); cd /; "$0" stop "$1/demo"; [ -n "${CERTMGR_TEST_KEEP:-}$keep" ] || rm -rf "$1"',
            "$ENV{CERTMGR_TEST_TOP}/tools/instance", $folder or POSIX::_exit(1);
    }
    push @keepers, { pid => $pid, until => $to };
    return;
}

sub instance {
    my ($script, @arguments) = @_;
    local $ENV{CERTMGR_TEST_FOLDER} = File::Temp::tempdir('/tmp/certmgr-instance-XXXXXX');
    chmod 0755, $ENV{CERTMGR_TEST_FOLDER} or die;
    keep($ENV{CERTMGR_TEST_FOLDER});
    my $quoted = join ' ', map { "'" . s/'/'\\''/gr . "'" } $script, @arguments;
    my @lines = split /\0/, `sh -c 'set -a; . "\$0" >&2 && env -0' $quoted`;
    die "$script ended with status $?\n" if $?;
    my %variables = map { /^(CERTMGR_\w+)=(.*)$/s ? ($1 => $2) : () } @lines;
    push @started, $variables{CERTMGR_PID} if $variables{CERTMGR_PID};
    watch_log($variables{CERTMGR_ERROR_LOG}) if $variables{CERTMGR_ERROR_LOG};
    return \%variables;
}

# call(METHOD => URL, json => DATA | body => BYTES, type => MEDIA TYPE, cert => PEM OF KEY AND
# CERTIFICATE, ca => PEM OF THE ROOT, headers => {...}, timeout => SECONDS) gives {status, headers, body, json}; json is
# undef unless the answer is JSON. A new connection for each call. Status 0: no answer at all.
sub call {
    my ($method, $url, %with) = @_;
    my %tls = (SSL_verify_mode => 1);
    $tls{SSL_ca_file} = $with{ca} if $with{ca};
    @tls{qw(SSL_cert_file SSL_key_file)} = ($with{cert}, $with{cert}) if $with{cert};
    my $agent = LWP::UserAgent->new(timeout => $with{timeout} // 30, max_redirect => 0, ssl_opts => \%tls);
    my $request = HTTP::Request->new($method, $url);
    my $body = exists $with{json} ? $json->encode($with{json}) : $with{body};
    if (defined $body) {
        $request->content($body);
        $request->header('Content-Type' => $with{type} // 'application/json');
    }
    $request->header(%{ $with{headers} }) if $with{headers};
    my $response = $agent->request($request);
    my $internal = ($response->header('Client-Warning') // '') eq 'Internal response';
    my %answer = (
        status => $internal ? 0 : $response->code,
        headers => $response->headers,
        body => $response->content);
    my $type = $response->header('Content-Type') // '';
    $answer{json} = eval { $json->decode($answer{body}) }
        if $type =~ m{^application/(?:[\w.-]+\+)?json\b};
    return \%answer;
}

# An RFC 9457 problem document with this status and code; every further member given must be equal, or
# match when it is a qr//.
sub problem_is {
    my ($answer, $status, $code, %members) = @_;
    my $what = delete $members{name} // "problem $code";
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest $what => sub {
        is($answer->{status}, $status, 'status of the answer');
        like($answer->{headers}->header('Content-Type') // '', qr{^application/problem\+json\b}, 'media type');
        my $problem = ref $answer->{json} eq 'HASH' ? $answer->{json} : {};
        is($problem->{type}, "urn:certmgr:problem:$code", 'type');
        is($problem->{status}, $status, 'status in the document');
        ok(length($problem->{title} // ''), 'title');
        for my $name (sort keys %members) {
            my $expected = $members{$name};
            ref $expected eq 'Regexp' ? like($problem->{$name}, $expected, $name)
                                      : is($problem->{$name}, $expected, $name);
        }
        note($answer->{body}) unless $answer->{json};
    };
}

# From now on a line of the error log may match this.
sub announce_log {
    push @announced, @_;
    return;
}

# Lines of level warn or worse, and of children that crashed, that are new in the watched logs and were
# not announced.
sub unannounced {
    my @found;
    for my $log (@logs) {
        open my $file, '<', $log->{path} or next;
        seek $file, $log->{from}, 0;
        while (my $line = <$file>) {
            next unless $line =~ /\[(?:[\w-]+:)?(?:warn|error|crit|alert|emerg)\]
                |AddressSanitizer|runtime\ error:|exit\ signal\ (?!Killed|Terminated)/x;
            push @found, $line unless grep { $line =~ $_ } @announced;
        }
    }
    return @found;
}

sub stop_started {
    for my $path (splice @started) {
        open my $file, '<', $path or next;
        my ($pid) = (<$file> // '') =~ /^(\d+)/ or next;
        kill TERM => $pid;
        for (1 .. 100) {
            last unless kill 0 => $pid;
            select undef, undef, undef, 0.1;
        }
    }
    return;
}

# The last call of each test file.
sub done {
    stop_started();
    my @found = unannounced();
    is(scalar @found, 0, 'no unannounced line in the error log') or diag(@found);
    done_testing();
    return;
}

END {
    my $failed = $?;
    local $?;
    stop_started();
    for my $keeper (splice @keepers) {
        syswrite $keeper->{until}, 'keep' if $failed || !Test::More->builder->is_passing;
        close $keeper->{until};
        waitpid $keeper->{pid}, 0;
    }
}

1;
