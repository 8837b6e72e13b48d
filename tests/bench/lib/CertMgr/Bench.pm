# SPDX-License-Identifier: Apache-2.0
# What the parts of the benchmark share: instances, programs, what is measured in each round, and the
# table that comes of it.
#
#     measure('issue pgsql' => sub { return load(...)->{rate} });      # once a round, in this order
#     row(name => 'issue', unit => '/s', ours => 'issue pgsql', peer => 'cfssl', floor => 2.5, goal => 4);
package CertMgr::Bench;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Temp ();
use IO::Handle ();
use JSON::PP ();
use POSIX ();
use CertMgr::Test qw(instance read_file write_file);

our @EXPORT = qw(option databases cores work_folder say_step read_file write_file json records new_instance stop_httpd
    start_httpd tool sql program server_text server_program token_speed as_server command load tree_cpu measure value derive at_end
    row note_line run_rounds print_results);

my $json = JSON::PP->new->utf8->canonical;
my $work = File::Temp->newdir('/tmp/certmgr-bench-XXXXXX');
chmod 0755, $work or die;
my ($load_before) = split ' ', read_file('/proc/loadavg');
my (@instances, @measures, @derived, @ends, @rows, @notes, %values);

sub option { return $ENV{"BENCH_$_[0]"} // die "BENCH_$_[0] is not set\n" }
sub databases { return split ' ', option('DATABASES') }
sub cores { return 0 + `nproc` }
sub work_folder { return "$work" }
sub json { return $json }

sub say_step {
    STDERR->print("# $_[0]\n");
    return;
}

# A file of records, as tests/bench/bench.h says.
sub records {
    my ($name, @records) = @_;
    return write_file("$work/$name", join '', map { pack 'N/a*', $_ } @records);
}

# What a program prints; it must end with 0.
sub command {
    my (@words) = @_;
    my $pid = open my $out, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    local $/ = undef;
    my $text = <$out> // '';
    close $out or die "@words[0 .. ($#words < 3 ? $#words : 3)]: ended with status " . ($? >> 8) . "\n$text";
    return $text;
}

sub owner { return scalar getpwuid((stat "$_[0]{CERTMGR_FOLDER}/demo/run")[4]) }

# The words of a command that runs as the user of the server.
sub as_server {
    my ($i, @words) = @_;
    return @words if $>;
    return ('runuser', '-u', owner($i), '--', @words);
}

# A program of ours; what it prints, as data.
sub program {
    my ($name, @arguments) = @_;
    return $json->decode(command("$ENV{CERTMGR_TEST_BUILD}/$name", @arguments));
}

# The text that it prints as the user of the server, with its token. It is copied to where that user can go.
sub server_text {
    my ($i, $name, @arguments) = @_;
    my $folder = "$i->{CERTMGR_FOLDER}/demo";
    command('install', '-m', '755', "$ENV{CERTMGR_TEST_BUILD}/$name", "$folder/lib/$name") unless $i->{copied}{$name}++;
    return command(as_server($i, 'env', "SOFTHSM2_CONF=$folder/softhsm2.conf", "$folder/lib/$name", @arguments));
}

sub server_program { return $json->decode(server_text(@_)) }

# Signatures of a key in the token of an instance, by so many threads: {rate, cpu}.
sub token_speed {
    my ($i, $uri, $threads) = @_;
    my ($module) = read_file($i->{CERTMGR_CONF}) =~ /^CertMgrToken main "([^"]+)"/m or die;
    return server_program($i, 'bench-crypto', 'sign', option('SECONDS'), $module,
        "$i->{CERTMGR_FOLDER}/demo/secrets/pin", $uri, $threads);
}

sub tool {
    my ($i, @words) = @_;
    return command("$ENV{CERTMGR_TEST_TOP}/tools/instance", $words[0], "$i->{CERTMGR_FOLDER}/demo", @words[1 .. $#words]);
}

# An instance with a folder of static files and an address without TLS; connections are kept for as long
# as clients like, as those of the peer are.
sub new_instance {
    my ($database) = @_;
    say_step("an instance on $database");
    my $static = "$work/static";
    -d $static or mkdir $static or die "$static: $!";
    chomp(my $port = command("$ENV{CERTMGR_TEST_TOP}/tests/http/free-port"));
    local $ENV{CERTMGR_DATABASE} = $database;
    local $ENV{CERTMGR_EXTRA} = <<"END";
MaxKeepAliveRequests 0
Listen 127.0.0.1:$port
DocumentRoot "$static"
<Directory "$static">
    Require all granted
</Directory>
<VirtualHost 127.0.0.1:$port>
    <Location "/certmgr">
        CertMgr on
        Require all granted
    </Location>
</VirtualHost>
END
    my $i = instance("$ENV{CERTMGR_TEST_TOP}/tests/http/instance.sh");
    $i->{database} = $database;
    $i->{plain} = "http://127.0.0.1:$port";
    ($i->{driver}, $i->{params}) = split /\n/, read_file("$i->{CERTMGR_FOLDER}/demo/database");
    my ($host) = $i->{CERTMGR_URL} =~ m{^(https://[^/]+)} or die;
    $i->{host} = $host;
    push @instances, $i;
    return $i;
}

sub sql {
    my ($i, $text) = @_;
    chomp(my $answer = tool($i, sql => $text));
    return $answer;
}

sub httpd_pid { return 0 + read_file($_[0]{CERTMGR_PID}) }

sub stop_httpd {
    my ($i) = @_;
    my $pid = httpd_pid($i);
    kill TERM => $pid;
    select undef, undef, undef, 0.05 while kill 0 => $pid;
    return;
}

sub start_httpd {
    tool($_[0], 'start');
    return;
}

# CPU seconds of a process and all below it, those that have ended among them.
sub tree_cpu {
    my ($root) = @_;
    my (%above, %used);
    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my ($pid, $rest) = (<$file> // '') =~ /^(\d+) \(.*\) (.*)/s or next;
        my @fields = split ' ', $rest;
        $above{$pid} = $fields[1];
        $used{$pid} = $fields[11] + $fields[12] + $fields[13] + $fields[14];
    }
    my $sum = 0;
    for my $pid (keys %used) {
        my $up = $pid;
        $up = $above{$up} while $up && $up != $root && defined $above{$up};
        $sum += $used{$pid} if $up && $up == $root;
    }
    return $sum / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# What bench-load prints: requests to an address with records, as its options say.
sub load {
    my ($address, $records, %with) = @_;
    my %letter = (connections => '-c', seconds => '-s', most => '-n', first => '-f', type => '-t',
        expect => '-e', certificate => '-k', root => '-a');
    my @options = map { $letter{$_} => $with{$_} } sort keys %with;
    return program('bench-load', '-s', option('SECONDS'), @options, $address, $records);
}

sub measure {
    my ($name, $work_of) = @_;
    push @measures, [$name, $work_of];
    return;
}

# Computed at the end of each round from its values.
sub derive {
    my ($name, $how) = @_;
    push @derived, [$name, $how];
    return;
}

# Called after the last round of the part: proofs, which die when they fail.
sub at_end {
    push @ends, $_[0];
    return;
}

# The value of this round.
sub value {
    my ($name) = @_;
    return $values{$name}[-1] // die "nothing was measured as $name\n";
}

# name, unit, ours, peer (names of values; peer may be missing), less (true: less is better), minus (true:
# what counts is the difference, not the ratio), floor and goal (may be missing: then it is for
# comparison only).
sub row {
    push @rows, {@_};
    return;
}

sub note_line {
    push @notes, $_[0];
    return;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    my $half = int(@sorted / 2);
    return @sorted % 2 ? $sorted[$half] : ($sorted[$half - 1] + $sorted[$half]) / 2;
}

sub figure_of {
    my ($row, $ours, $peer) = @_;
    return $ours unless defined $peer;
    return $ours - $peer if $row->{minus};
    return $peer ? $ours / $peer : 0;
}

sub meets {
    my ($row, $figure, $limit) = @_;
    return 1 unless defined $limit;
    return $row->{less} ? $figure <= $limit : $figure >= $limit;
}

# The ratio is taken in each round: what slows the machine down for a while slows both sides.
sub result_of {
    my ($row) = @_;
    my @ours = @{ $values{ $row->{ours} } // die "nothing was measured as $row->{ours}\n" };
    my @peer = $row->{peer} ? @{ $values{ $row->{peer} } // die "nothing was measured as $row->{peer}\n" } : ();
    my @figures = map { figure_of($row, $ours[$_], $peer[$_]) } 0 .. $#ours;
    my $figure = median(@figures);
    my ($least, $most) = (sort { $a <=> $b } @figures)[0, -1];
    return {
        name => $row->{name},
        unit => $row->{unit},
        ours => median(@ours),
        peer => @peer ? median(@peer) : undef,
        ratio => $figure,
        limit => $row->{floor},
        goal => $row->{goal},
        ok => meets($row, $figure, $row->{floor}) ? JSON::PP::true : JSON::PP::false,
        reached => !defined $row->{floor} ? '-'
            : meets($row, $figure, $row->{goal}) ? 'goal'
            : meets($row, $figure, $row->{floor}) ? 'floor' : 'no',
        spread => $figure ? ($most - $least) / abs $figure : 0,
    };
}

sub short {
    my ($number) = @_;
    return '-' unless defined $number;
    my $digits = abs $number >= 100 ? 0 : abs $number >= 10 ? 1 : abs $number >= 1 ? 2 : 3;
    return sprintf "%.${digits}f", $number;
}

sub print_table {
    my (@results) = @_;
    my $form = "%-58s %10s %10s %-5s %8s %7s %7s %7s  %s\n";
    printf $form, '', 'ours', 'peer', '', 'ratio', 'spread', 'floor', 'goal', 'reached';
    for my $r (@results) {
        printf $form, $r->{name}, short($r->{ours}), short($r->{peer}), $r->{unit}, short($r->{ratio}),
            sprintf('%.0f %%', 100 * $r->{spread}), short($r->{limit}), short($r->{goal}), $r->{reached};
    }
    print "$_\n" for @notes;
    return;
}

sub run_round {
    my ($round, $rounds) = @_;
    for my $measure (@measures) {
        my ($name, $work_of) = @{$measure};
        my $value = $work_of->();
        push @{ $values{$name} }, $value;
        say_step(sprintf 'round %d of %d: %-40s %s', $round, $rounds, $name, short($value));
    }
    push @{ $values{ $_->[0] } }, $_->[1]->() for @derived;
    return;
}

# All rounds of what the part has prepared. What it started is stopped, so that the next one has the machine.
sub run_rounds {
    my $rounds = option('ROUNDS');
    run_round($_, $rounds) for 1 .. $rounds;
    $_->() for @ends;
    tool($_, 'stop') for @instances;
    @$_ = () for \(@instances, @measures, @derived, @ends);
    return;
}

sub version { return (command(@_[1 .. $#_]) =~ $_[0])[0] // '?' }

# On what it ran; and whether others used it too.
sub about_machine {
    my ($model) = read_file('/proc/cpuinfo') =~ /^model name\s*: (.*)/m;
    my @versions = (
        'Apache ' . version(qr{Apache/([\d.]+)}, '/usr/sbin/apache2', '-v'),
        version(qr/^(OpenSSL [\d.]+)/, 'openssl', 'version'),
        'PostgreSQL ' . version(qr/([\d.]+)/, 'psql', '--version'),
        'SQLite ' . version(qr/^([\d.]+)/, 'sqlite3', '-version'),
        'cfssl ' . version(qr/Version: ([\d.]+)/, 'cfssl', 'version'));
    return sprintf '%d cores, %s; %s', cores(), $model // 'unknown', join ', ', @versions;
}

# The table, and the same as a file.
sub print_results {
    my ($path) = @_;
    print about_machine() . "\n";
    print "@{[option('ROUNDS')]} rounds, @{[option('SECONDS')]} s each; load average before $load_before\n";
    my @results = map { result_of($_) } @rows;
    print_table(@results);
    write_file("$path.new", $json->pretty->encode(\@results));
    rename "$path.new", $path or die "$path: $!";
    return;
}

1;
