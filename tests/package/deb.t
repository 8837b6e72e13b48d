#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The Debian package: built from the tarball, installed, used as docs/deploy-existing-apache.md says,
# removed and purged. All of it in a Debian of its own below a scratch folder, with processes, network
# and mounts of its own: this machine's Apache and packages are left alone. That Debian comes from the
# machine's own package sources and is kept in build/package.
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../docs";
use Page;
use Test::More;

my $top = abs_path("$FindBin::Bin/../..");
my $build = "$top/build";
my @packages = qw(apache2 curl jq libaprutil1-dbd-sqlite3 libjansson4 libp11-3 libp11-kit0 openssl softhsm2);

sub run {
    my (@words) = @_;
    my $text = '';
    my $pid = open my $out, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or die;
        open STDIN, '<', '/dev/null' or die;
        exec { $words[0] } @words or die "$words[0]: $!";
    }
    $text .= $_ while <$out>;
    close $out;
    return ($?, $text);
}

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
my ($status, $text) = run('make', '-s', '-C', $build, 'deb');
is($status, 0, 'make deb') or diag(substr $text, -3000);
my ($deb) = grep { !/dbgsym/ } glob "$build/deb/libapache2-mod-certmgr_*.deb";
ok($deb, 'the package is there') or BAIL_OUT('no package');
(undef, my $fields) = run('dpkg-deb', '-f', $deb);
like($fields, qr/^Depends:.*\b\Q$_\E/m, "depends on $_")
    for qw(apache2-api- libaprutil1-dbd-sqlite3 libjansson4 libp11-3 libp11-kit0 libssl3);
unlike($fields, qr/^Depends:.*\bapache2[ ,]/m, 'and on the interface of Apache, not on its package');
(undef, my $conffiles) = run('dpkg-deb', '-I', $deb, 'conffiles');
is($conffiles, join('', map { "/etc/apache2/mods-available/certmgr.$_\n" } qw(conf load)), 'conffiles');

if ($> != 0 || (run(qw(unshare --mount --net --pid --fork true)))[0]) {
    SKIP: { skip 'only root can make a Debian of its own', 1 }
    done_testing();
    exit;
}

mkdir "$build/package";
my $tar = "$build/package/debian-" . substr(sha256_hex("@packages"), 0, 12) . '.tar';
if (!-s $tar) {
    my @sources = grep { -f } '/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list';
    ($status, $text) = run('mmdebstrap', '--mode=root', '--variant=apt', '--include=' . join(',', @packages),
        'bookworm', "$build/package/new.tar", $sources[0]);
    is($status, 0, 'a Debian to install into') or BAIL_OUT($text);
    rename "$build/package/new.tar", $tar or die $!;
}
my $room = File::Temp->newdir('/tmp/certmgr-package-XXXXXX');
my $root = "$room/root";
mkdir $root;
(run('tar', '-xf', $tar, '-C', $root))[0] == 0 or die "$tar can't be unpacked\n";
mkdir "$root/root/deb";
copy($deb, "$root/root/deb/") or die $!;

# One shell runs all steps, each in a shell of its own, and prints "step STATUS NAME" after its output.
my $script = <<'END';
mount -t proc proc /proc
echo 127.0.0.1 localhost ca.example.test > /etc/hosts
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /root
everything() {
    find /etc /usr /var /lib /opt -xdev \( -path /var/cache -o -path /var/log -o -path /var/lib/dpkg \
        -o -path /var/lib/apt -o -path /var/lib/apache2 \) -prune -o -printf '%p %y %m %u %g %l\n' | sort
}
site() { curl -sSf --retry 120 --retry-connrefused --retry-delay 1 -o /dev/null http://localhost/; }
api() { curl -sS --cacert /etc/certmgr/root.pem -o "${2:-/dev/null}" -w '%{http_code}' https://ca.example.test/certmgr/api/v1/$1; }
until_is() { for i in $(seq 600); do [ "$(api health)" = "$1" ] && return; sleep 0.2; done; echo "health: $(api health)"; return 1; }
END
my $count = 0;

sub step {
    my ($name, $commands) = @_;
    $count++;
    $script .= "(\nset -eu -o pipefail\n$commands\n) </dev/null 2>&1\nprintf '\\nstep %s %s\\n' \$? '" . $name =~ s/'/'\\''/gr . "'\n";
    return;
}

step('the server runs before', 'apachectl start; sleep 1; site; everything > /before');
step('install', 'dpkg -i deb/libapache2-mod-certmgr_*.deb');
step('nothing is enabled', '! ls /etc/apache2/mods-enabled | grep certmgr; ! apachectl -M | grep certmgr; site');
step('folders for the server alone', '[ "$(stat -c "%a %U %G" /etc/certmgr /var/lib/certmgr | xargs)" = "750 root www-data 770 root www-data" ]');
step('manuals', 'test -s /usr/share/man/man1/certmgrctl.1.gz -a -s /usr/share/man/man5/mod_certmgr.5.gz; certmgrctl --help >/dev/null');
step('purge', 'apt-get -q purge -y libapache2-mod-certmgr; site');
step('nothing is left', 'everything > /after; diff /before /after');
step("page: $_->{name}", $_->{text}) for steps("$top/docs/deploy-existing-apache.md");
step('it answers', 'until_is 200; api health out; grep "\"ok\"" out');
step('the log-in is known', <<'END');
curl -sS --cacert /etc/certmgr/root.pem --cert alice.pem https://ca.example.test/certmgr/api/v1/me |
    jq -e '.name == "Alice" and .login == "tls" and (.roles | sort) == ["officer", "user"]'
END
step('without a certificate there is none', '[ "$(api me)" = 401 ]');
step('the site before serves on', 'site');
step('enroll, verify', <<'END');
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout k.pem -out r.pem
jq -n --rawfile csr r.pem '{profile: "user", csr: $csr}' |
    curl -sS --fail-with-body --cacert /etc/certmgr/root.pem --cert alice.pem --data-binary @- \
        -H 'Content-Type: application/json' https://ca.example.test/certmgr/api/v1/enroll | jq -r .certificate.pem > c.pem
openssl verify -CAfile /etc/certmgr/root.pem -untrusted /etc/certmgr/chain.pem c.pem
END
step('a mistake is named by configtest', <<'END');
cp /etc/apache2/sites-available/ca.conf good
sed -i 's|^CertMgrURL .*|CertMgrURL nonsense|' /etc/apache2/sites-available/ca.conf
! apachectl configtest > out 2>&1
cat out
grep -q 'ca.conf:4: CertMgrURL' out
END
step('after a reload with it only ours answers 503', <<'END');
kill -USR1 "$(cat /run/apache2/apache2.pid)"
until_is 503
site
END
step('mended, it answers again', 'cp good /etc/apache2/sites-available/ca.conf; apachectl graceful; until_is 200');
step('remove', 'apt-get -q remove -y libapache2-mod-certmgr; apachectl configtest; apachectl graceful; sleep 1; site');
step('nothing of it is enabled', '! ls /etc/apache2/mods-enabled | grep certmgr; ! apachectl -M | grep certmgr');
step('installed again, it has its keys and records', <<'END');
dpkg -i deb/libapache2-mod-certmgr_*.deb
a2enmod certmgr
apachectl configtest
apachectl restart
until_is 200
curl -sS --fail-with-body --cacert /etc/certmgr/root.pem --cert alice.pem https://ca.example.test/certmgr/api/v1/me
END
step('purge leaves keys and records to their owner', <<'END');
apt-get -q purge -y libapache2-mod-certmgr
apachectl graceful
site
test -s /etc/certmgr/pin -a -s /var/lib/certmgr/certmgr.db -a ! -e /etc/apache2/mods-available/certmgr.conf
END

open my $file, '>', "$root/root/steps" or die $!;
print {$file} $script;
close $file;
($status, $text) = run(qw(unshare --mount --net --pid --ipc --fork --kill-child sh -c),
    'ip link set lo up && exec chroot "$1" /bin/bash /root/steps', 'sh', $root);
my $before = '';
my $seen = 0;
for my $line (split /^/, $text) {
    if ($line =~ /^step (\d+) (.*)/) {
        is($1, 0, $2) or diag($before);
        $before = '';
        $seen++;
    } else {
        $before .= $line;
    }
}
is($seen, $count, 'every step was tried') or diag($before);
done_testing();
