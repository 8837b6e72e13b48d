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
