#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The section "Install it" of README.md, followed to the letter in a folder that stands for /: its
# commands are run and its directives written as they are printed, beside a site that is there already.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp ();
use FindBin;
use IO::Socket::INET;
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my $room = File::Temp->newdir('/tmp/certmgr-byhand-XXXXXX');
chmod 0755, $room;
my $user = $< ? getpwuid $< : 'www-data';
my $modules = '/usr/lib/apache2/modules';
my ($httpd) = grep { -x } '/usr/sbin/apache2', '/usr/sbin/httpd';

sub free_port { return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport }
my ($port, $other) = (free_port(), free_port());

sub read_file {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

sub write_file {
    my ($path, $content) = @_;
    open my $file, '>', $path or die "$path: $!";
    print {$file} $content;
    close $file or die "$path: $!";
    return;
}

# What the README says of / holds in the room; the user and the address are those of this test.
sub moved {
    my ($text) = @_;
    $text =~ s{(?<![\w/])/(etc|var/lib)/(?=certmgr)}{$room/$1/}g;
    $text =~ s{ca\.example\.test}{localhost:$port}g;
    $text =~ s{www-data}{$user}g;
    return $text;
}

sub run {
    my ($what, $script) = @_;
    write_file("$room/script", $script);
    my $text = `cd '$room' && PATH='$room/bin':\$PATH bash -eu -o pipefail '$room/script' 2>&1 </dev/null`;
    return $text if is($?, 0, $what);
    diag($script, $text);    # what follows rests on it
    done_testing();
    exit 1;
}

sub program {
    my ($name, $line) = @_;
    write_file("$room/bin/$name", "#!/bin/sh\n$line\n");
    chmod 0755, "$room/bin/$name";
    return;
}

my ($section) = read_file("$top/README.md") =~ /^## Install it\n(.*?)^## /ms;
my @commands = map { moved($_) } $section =~ /^```sh install\n(.*?)^```/msg;
my ($directives, $host) = map { moved($_) } $section =~ /^```apache\n(.*?)^```/msg;
is(scalar @commands, 3, 'three blocks of commands');
ok($directives && $host, 'two of directives');

# A machine with an Apache: the programs that the README calls, and a site.
mkdir "$room/$_" for qw(bin var var/lib etc log);
run('make install', "make -s -C '$top/build' install DESTDIR='$room'");
my ($available) = glob "$room/etc/apache2/mods-available";
my ($ctl) = grep { -x } glob "$room/usr/{,local/}bin/certmgrctl";
my ($profiles) = grep { -d } glob "$room/usr/{,local/}share/mod_certmgr/profiles";
program('certmgrctl', qq{command=\$1; shift; [ "\$command" != init ] || set -- --profiles '$profiles' "\$@"\n}
    . qq{exec '$ctl' -f '$room/apache2.conf' --yes "\$command" "\$@"});
program('runuser', $< ? 'shift 3; exec "$@"' : "shift 3; exec /usr/sbin/runuser -u $user -- env PATH=\"\$PATH\" \"\$@\"");
program('a2enmod', 'exit 0');
program('apachectl', qq{case \$1 in\nconfigtest) exec $httpd -f '$room/apache2.conf' -t ;;\n}
    . qq{*) $httpd -f '$room/apache2.conf' -k start ;;\nesac});

my @loaded = qw(mpm_event authz_core dbd dir ssl socache_shmcb);
my $base = join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" } @loaded;
my $load = read_file("$available/certmgr.load") =~ s{ /usr/}{ $room/usr/}r;
write_file("$available/certmgr.load", $load);
my $site = "<VirtualHost 127.0.0.1:$other>\n    DocumentRoot $room/site\n    <Directory $room/site>\n"
    . "        Require all granted\n    </Directory>\n</VirtualHost>\n";
mkdir "$room/site";
write_file("$room/site/index.html", "another site\n");
my $tls = "    SSLEngine on\n    SSLCertificateFile $room/server.pem\n    SSLCertificateKeyFile $room/server.key\n";

sub configure {
    my ($with_host) = @_;
    write_file("$room/apache2.conf", $base . ($< ? '' : "User $user\nGroup $user\n")
        . "SSLSessionCache shmcb:$room/log/sessions(512000)\nServerRoot $room\nServerName localhost\nPidFile $room/httpd.pid\nErrorLog $room/log/error.log\n"
        . "DefaultRuntimeDir $room/log\nListen 127.0.0.1:$port\nListen 127.0.0.1:$other\n"
        . "IncludeOptional $room/etc/apache2/mods-available/certmgr.*\n$site"
        . ($with_host ? "<VirtualHost 127.0.0.1:$port>\n$tls$host</VirtualHost>\n" : ''));
    return;
}

configure(0);
run('1. folder and PIN', $commands[0]);
write_file("$available/certmgr.conf", read_file("$available/certmgr.conf") . $directives);
run('3. authorities', $commands[1]);
run('its own certificate', "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
    . "-subj /CN=any -keyout server.key -out server.csr\nrunuser -u $user -- certmgrctl ca "
    . "server-certificate --csr - --dns localhost <server.csr >server.pem\n"
    . "cat '$room/etc/certmgr/chain.pem' >>server.pem");
configure(1);
run('5. start, and a person', $commands[2]);

my $curl = "curl -sS --max-time 20 --noproxy '*' --cacert '$room/etc/certmgr/chain.pem'";
my $me = run('log in', "$curl --retry 20 --retry-connrefused --retry-delay 1 --cert jane.pem --key jane.key "
    . "https://localhost:$port/certmgr/api/v1/me");
like($me, qr/"name":"Jane Doe".*"roles":\["officer"\].*"login":"tls"/, 'as Jane Doe');
like(run('health', "$curl https://localhost:$port/certmgr/api/v1/health"), qr/"status":"ok"/, 'healthy');
is(run('the other site', "$curl http://localhost:$other/"), "another site\n", 'serves on');
unlike(read_file("$room/log/error.log"), qr/:(?:warn|error|crit|alert|emerg)\]/, 'a quiet error log');
run('stop', "kill \$(cat httpd.pid)\nwhile [ -e httpd.pid ]; do sleep 0.1; done");
done_testing();

END {
    my $status = $?;
    if ($room && -s "$room/httpd.pid") {
        kill TERM => read_file("$room/httpd.pid") =~ /(\d+)/;
    }
    $? = $status;
}
