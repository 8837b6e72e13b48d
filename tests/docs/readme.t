<<<<<<< HEAD
#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The examples of README.md, pasted as they stand into a shell after ./quickstart.
use strict;
use warnings;
use File::Temp ();
use FindBin;
use IO::Socket::INET;
use Test::More;

my $top = "$FindBin::Bin/../..";
my $room = File::Temp->newdir('/tmp/certmgr-docs-XXXXXX');
chmod 0755, $room;
$ENV{CERTMGR_DEMO} = "$room/demo";
{
    my $free = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
    $ENV{CERTMGR_PORT} = $free->sockport;
}

sub shell {
    my ($script) = @_;
    open my $file, '>', "$room/script" or die $!;
    print {$file} $script;
    close $file;
    my $text = `cd '$top' && bash -eu -o pipefail '$room/script' 2>&1 </dev/null`;
    return ($? >> 8, $text);
}

my ($code, $text) = shell('./quickstart');
is($code, 0, './quickstart') or diag($text);
($code, $text) = shell('./quickstart');
is($code, 0, './quickstart a second time') or diag($text);
is((shell('./quickstart status'))[0], 0, 'running');

open my $readme, '<', "$top/README.md" or die $!;
my $content = do { local $/ = undef; <$readme> };
my @blocks = $content =~ /^```sh\n(.*?)^```/msg;
my $count = 0;
for my $block (@blocks) {
    next if $block =~ m{^\./(?:quickstart|run-tests)}m;    # run above, or running this
    my $begin = $block;
    $begin =~ s{\bdemo/env}{$room/demo/env}g;
    ($code, $text) = shell("cd '$top'\n. '$room/demo/env'\ncd '$room'\nln -sfn '$top/build' build\n$begin");
    is($code, 0, 'pasted: ' . (split /\n/, $block)[0]) or diag($block, $text);
    $count++;
}
cmp_ok($count, '>=', 1, 'there are examples');
is((shell('./quickstart stop'))[0], 0, 'stop');
is((shell('./quickstart status'))[0], 3, 'stopped');
is((shell('./quickstart reset --yes'))[0], 0, 'reset');
ok(!-e "$room/demo", 'nothing is left');
done_testing();
=======
#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kills: an example in the README that does not work. Each block marked ```sh is pasted into a shell of
# its own, in the order of the text, against a fresh instance made by ./quickstart.
top=$(cd "$(dirname "$0")/../.." && pwd)
room=$(mktemp -d /tmp/certmgr-readme-XXXXXX)
chmod 755 "$room"
export CERTMGR_DEMO=$room/demo
CERTMGR_PORT=$(perl -MIO::Socket::INET -e \
    'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
export CERTMGR_PORT

clean_up() {
    "$top/quickstart" stop >/dev/null 2>&1
    rm -rf "$room"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# The n-th block, with the instance of this test in place of demo/
block() {
    awk -v n="$1" '/^```sh$/ { on = ++count == n; next } /^```$/ { on = 0 } on' "$top/README.md" |
        sed "s|\\. demo/env|. $CERTMGR_DEMO/env|"
}

# NUMBER NAME LOG COMMAND...
result() {
    local number=$1 name=$2 log=$3
    shift 3
    if "$@" >"$log" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$log"
    fi
}

paste_block() { (cd "$room" && set -o pipefail && block "$1" | bash -eu -o pipefail); }

blocks=$(grep -c '^```sh$' "$top/README.md")
echo "1..$((blocks + 4))"
result 1 "quickstart" "$room/log" "$top/quickstart"
for n in $(seq "$blocks"); do
    result $((n + 1)) "block $n of the README" "$room/log" paste_block "$n"
done
result $((blocks + 2)) "quickstart a second time" "$room/log" "$top/quickstart"
result $((blocks + 3)) "quickstart status" "$room/log" "$top/quickstart" status
stopped() { "$top/quickstart" stop && { "$top/quickstart" status; [ $? = 3 ]; }; }
result $((blocks + 4)) "quickstart stop, then status 3" "$room/log" stopped
>>>>>>> ctl
