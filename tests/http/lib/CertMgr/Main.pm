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
use CertMgr::Test qw(:DEFAULT read_file write_file);

our @EXPORT = qw(main_instance as nobody csr enroll revoke contract members_are scratch ctl break_glass
    write_file read_file command wait_until tool query on_postgres as_server database_is_whole
    keep_records restore_records server_processes kill_between_logins);
our @EXPORT_OK = qw(run_ok break_glass_ok);

my ($instance, $contract, $token_size);
my $scratch = File::Temp->newdir('/tmp/certmgr-test-XXXXXX');

sub scratch { return "$scratch/" . ($_[0] // '') }

sub contract {
    $contract //= JSON::PP->new->utf8->decode(read_file("$ENV{CERTMGR_TEST_TOP}/tests/contract.json"));
    return $contract->{ $_[0] };
}

sub main_instance {
    $instance = instance("$ENV{CERTMGR_TEST_TOP}/tests/http/instance.sh", @_);
    $token_size = -s token_file();
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

# What it printed; a failure ends the test.
sub run_ok {
    my ($code, $text) = command(@_);
    die "@_: $text" if $code;
    return $text;
}

# tools/instance ACTION for the instance: (exit code, text).
sub tool {
    my ($action, @more) = @_;
    return command("$ENV{CERTMGR_TEST_TOP}/tools/instance", $action, "$instance->{CERTMGR_FOLDER}/demo", @more);
}

# The server's parent, then its children.
sub server_processes {
    my ($parent) = read_file($instance->{CERTMGR_PID}) =~ /(\d+)/;
    return ($parent, split ' ', (command('pgrep', '-P', $parent))[1]);
}

sub token_file { return (glob "$instance->{CERTMGR_FOLDER}/demo/tokens/*/token.object")[0] }

# Kills what `list` lists. SoftHSM writes the file of a token anew at each log-in, in place: a kill just
# then would lose the token, which no server can help.
sub kill_between_logins {
    my ($list) = @_;
    my @all;
    for (1 .. 100) {
        # twice: the first may have started another one meanwhile
        kill STOP => $list->() for 1, 2;
        @all = $list->();
        last if -s token_file() == $token_size;
        kill CONT => @all;
        select undef, undef, undef, 0.01;
    }
    kill KILL => @all;
    return;
}

# certmgrctl as the user of the server.
sub ctl { return tool('ctl', @_) }

# The same for what two administrators would have to approve: (exit code, text without the notice).
sub break_glass {
    my ($code, $text) = ctl(@_, '--break-glass', 'the test needs it');
    return ($code, $text =~ s/^notice: .*break-glass.*\n//mgr);
}

# What it printed, without the last line end.
sub break_glass_ok {
    my ($code, $text) = break_glass(@_);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($code, 0, "@_") or diag($text);
    chomp $text;
    return $text;
}

# A command as the user of the server, who owns the instance.
sub as_server {
    my (@words) = @_;
    my $owner = getpwuid((stat "$instance->{CERTMGR_FOLDER}/demo/run")[4]);
    return command($> ? () : ('runuser', '-u', $owner, '--'), @words);
}

sub on_postgres { return ($ENV{CERTMGR_DATABASE} // '') eq 'pgsql' }

# SQL that both databases know, past the module. The rows as text, columns separated by |.
sub query {
    my ($code, $text) = tool('sql', @_);
    die $text if $code;
    chomp $text;
    return $text;
}

# 'ok' when tables and indexes are whole.
sub database_is_whole {
    return query('PRAGMA integrity_check') unless on_postgres();
    query('CREATE EXTENSION IF NOT EXISTS amcheck');
    query("SELECT bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            . " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam"
            . " WHERE a.amname = 'btree' AND n.nspname = 'public' AND i.indisvalid");
    return 'ok';
}

# A copy of all records, and the way back to it. httpd must be stopped.
sub keep_records {
    return copy_postgres('certmgr', 'copy') if on_postgres();
    query(".backup $instance->{CERTMGR_FOLDER}/demo/db/copy.db");
    return;
}

sub restore_records {
    return copy_postgres('copy', 'certmgr') if on_postgres();
    query(".restore $instance->{CERTMGR_FOLDER}/demo/db/copy.db");
    return;
}

sub copy_postgres {
    my ($from, $to) = @_;
    my ($driver, $params) = split /\n/, read_file("$instance->{CERTMGR_FOLDER}/demo/database");
    $params =~ s/dbname=\w+/dbname=postgres/;
    for my $sql ("DROP DATABASE IF EXISTS $to", "CREATE DATABASE $to TEMPLATE $from") {
        my ($code, $text) = as_server(qw(psql -X -q -d), $params, '-c', $sql);
        die $text if $code;
    }
    return;
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

# Asks again every 0.2 s until it is so. Two minutes are never, on however busy a machine: how long
# something may take is asked in beats (CertMgr::Load).
sub wait_until {
    my $question = pop;
    my $end = time + 120;
    while (1) {
        my $answer = $question->();
        return $answer if $answer || time > $end;
        select undef, undef, undef, 0.2;
    }
    return;
}

1;
