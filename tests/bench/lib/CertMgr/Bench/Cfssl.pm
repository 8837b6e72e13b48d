# SPDX-License-Identifier: Apache-2.0
# The peer: `cfssl serve` over plain HTTP with a software key on P-256, storing into a database of its own
# in the PostgreSQL of one of our instances.
package CertMgr::Bench::Cfssl;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use CertMgr::Bench;
use CertMgr::Bench::Requests;

our @EXPORT = qw(start_cfssl stop_cfssl cfssl_sign cfssl_stored);

# Its two tables, with the types and keys that its own migrations give them.
my @tables = (<<'CERTIFICATES', <<'RESPONSES');
CREATE TABLE certificates (
    serial_number bytea NOT NULL, authority_key_identifier bytea NOT NULL, ca_label bytea,
    status bytea NOT NULL, reason int, expiry timestamptz, revoked_at timestamptz, pem bytea NOT NULL,
    PRIMARY KEY (serial_number, authority_key_identifier))
CERTIFICATES
CREATE TABLE ocsp_responses (
    serial_number bytea NOT NULL, authority_key_identifier bytea NOT NULL, body bytea NOT NULL,
    expiry timestamptz, PRIMARY KEY (serial_number, authority_key_identifier),
    FOREIGN KEY (serial_number, authority_key_identifier)
        REFERENCES certificates (serial_number, authority_key_identifier))
RESPONSES

my @pids;

sub psql {
    my ($server, $database, $sql) = @_;
    my $params = $server->{params} =~ s/dbname=\w+/dbname=$database/r;
    chomp(my $answer = command(as_server($server, qw(psql -X -q -A -t -v ON_ERROR_STOP=1 -d), $params, '-c', $sql)));
    return $answer;
}

sub make_files {
    my ($folder, $params) = @_;
    mkdir $folder or die "$folder: $!";
    command('openssl', qw(ecparam -name prime256v1 -genkey -noout -out), "$folder/key.pem");
    command('openssl', qw(req -x509 -new -days 30 -subj /CN=Bench -addext), 'keyUsage=critical,keyCertSign,cRLSign',
        '-key', "$folder/key.pem", '-out', "$folder/ca.pem");
    chmod 0644, "$folder/key.pem";
    write_file("$folder/config.json", json()->encode({ signing => { default => {
        usages => ['digital signature', 'client auth', 'email protection'], expiry => '8760h' } } }));
    write_file("$folder/db.json", json()->encode({ driver => 'postgres', data_source => $params }));
    return;
}

# On the PostgreSQL of this instance.
sub start_cfssl {
    my ($server) = @_;
    my $folder = work_folder() . '/cfssl';
    my $params = $server->{params} =~ s/dbname=\w+/dbname=cfssl sslmode=disable/r;
    psql($server, 'postgres', 'CREATE DATABASE cfssl');
    psql($server, 'cfssl', $_) for @tables;
    make_files($folder, $params);
    chomp(my $port = command("$ENV{CERTMGR_TEST_TOP}/tests/http/free-port"));
    my $owner = getpwuid((stat "$server->{CERTMGR_FOLDER}/demo/run")[4]);
    my @words = ('setpriv', $> ? () : ('--reuid', $owner, '--regid', $owner, '--init-groups'),
        qw(--pdeathsig TERM cfssl serve -loglevel 4 -address 127.0.0.1 -port), $port,
        '-ca', "$folder/ca.pem", '-ca-key', "$folder/key.pem", '-config', "$folder/config.json",
        '-db-config', "$folder/db.json");    # without runuser, which would outlive us
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', '/dev/null' or POSIX::_exit(1);
        open STDOUT, '>', "$folder/log" or POSIX::_exit(1);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        chdir '/';
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    push @pids, $pid;
    my $cfssl = { server => $server, url => "http://127.0.0.1:$port/api/v1/cfssl/sign", log => "$folder/log" };
    wait_for($cfssl, $port);
    return $cfssl;
}

sub wait_for {
    my ($cfssl, $port) = @_;
    require IO::Socket::INET;
    for (1 .. 200) {
        return if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
        select undef, undef, undef, 0.1;
    }
    die "cfssl does not start:\n" . read_file($cfssl->{log});
}

# Signs what no request before has sent; what bench-load prints.
sub cfssl_sign {
    my ($cfssl, $algorithm, %with) = @_;
    my $sent = \$cfssl->{sent}{$algorithm};
    my $said = load($cfssl->{url}, body_records($algorithm, 'cfssl'), type => 'application/json',
        first => $$sent // 0, most => a_round(), %with);
    $$sent += $said->{sent};
    $cfssl->{signed} += $said->{good};
    return $said;
}

sub cfssl_stored { return psql($_[0]{server}, 'cfssl', 'SELECT count(*) FROM certificates') }

sub stop_cfssl {
    for my $pid (splice @pids) {
        kill TERM => $pid;
        waitpid $pid, 0;
    }
    return;
}

END {
    my $status = $?;
    stop_cfssl();
    $? = $status;
}

1;
