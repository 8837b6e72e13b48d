#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/postgresql.md, pasted as it stands, with a PostgreSQL that was there before the instance; only
# the folder of its socket and the names of files are other ones.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp ();
use Test::More;

my $top = abs_path(dirname(abs_path(__FILE__)) . '/../..');
my $room = File::Temp->newdir('/tmp/certmgr-docs-XXXXXX');
chmod 0777, $room;
my $tool = "$top/tools/instance";
my $demo = "$room/demo";
chomp($ENV{CERTMGR_PORT} = `'$top/tests/http/free-port'`);

sub shell {
    my ($script) = @_;
    open my $file, '>', "$room/script" or die $!;
    print {$file} $script;
    close $file;
    my $text = `cd '$room' && bash -eu -o pipefail '$room/script' 2>&1 </dev/null`;
    return ($? >> 8, $text);
}

sub done_by {
    my ($name, $script) = @_;
    my ($code, $text) = shell($script);
    is($code, 0, $name) or diag($script, $text);
    return $text;
}

# A server of the test's own, which refuses nobody on its socket.
chomp(my $server = `sh '$top/tests/unit/store/postgres.sh' start`);
die "no PostgreSQL\n" unless -d $server;
END {
    local $?;
    system($tool, 'stop', $demo) if $demo && -e $demo;
    system('sh', "$top/tests/unit/store/postgres.sh", 'stop', $server) if $server;
}
$SIG{$_} = sub { exit 130 } for qw(INT TERM HUP);
$ENV{PGHOST} = $server;
$ENV{PGUSER} = 'postgres';

open my $page, '<', "$top/docs/postgresql.md" or die $!;
my $text = do { local $/ = undef; <$page> };
my @blocks = $text =~ /^```(?:sh|apache)\n(.*?)^```/msg;
is(scalar @blocks, 6, 'blocks');
my ($create, $apache, $upgrade, $backup, $restore, $verify) = @blocks;
s/runuser -u postgres -- //g for $create, $backup, $restore;    # PGUSER says who

done_by('role and database', $create);
$apache =~ s{/var/run/postgresql}{$server};
my %set = $apache =~ /^(\w+) "?(.*?)"?$/mg;
is($set{DBDriver}, 'pgsql', 'DBDriver');
{
    local @ENV{qw(CERTMGR_DRIVER CERTMGR_PARAMS)} = @set{qw(DBDriver DBDParams)};
    done_by('certmgrctl init and the first people', "'$tool' make '$demo'");
}
open my $conf, '<', "$demo/httpd.conf" or die $!;
my $lines = do { local $/ = undef; <$conf> };
$lines =~ s/^(DBD\w+) .*\n//mg;
open $conf, '>', "$demo/httpd.conf" or die $!;
print {$conf} $lines =~ s/^(?=CertMgrURL)/$apache/mr;
close $conf;
done_by('Apache starts with these lines', "'$tool' start '$demo'");

my $user = getpwuid((stat "$demo/run")[4]);
my $become = $> ? '' : "runuser -u $user -- ";
my $ctl = "certmgrctl() { $become'$demo/lib/certmgrctl' -f '$demo/httpd.conf' \"\$@\"; }\n";
my $status = done_by('db upgrade, db status', $ctl . $upgrade);
like($status, qr/driver\s+pgsql/, 'it is PostgreSQL');
like($status, qr/usable\s+yes/, 'and serves');
done_by('backup', $ctl . $backup);
done_by('restore', $restore);
open $conf, '+<', "$demo/httpd.conf" or die $!;
my $now = do { local $/ = undef; <$conf> };
seek $conf, 0, 0;
truncate $conf, 0;
print {$conf} $now =~ s/dbname=certmgr\b/dbname=certmgr2/r;
close $conf;
like(done_by('verify', $ctl . $verify), qr/^\d+ events sealed/m, 'the restored records verify');
is((shell("psql -q -d certmgr2 -c \"UPDATE audit_event SET outcome = 'x' WHERE leaf = 0\""))[0], 0);
is((shell($ctl . $verify))[0], 4, 'and a changed one does not');
done_testing();
