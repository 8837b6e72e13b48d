#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# docs/audit.md, pasted as it stands into one shell, on an instance as ./quickstart makes it.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(abs_path(__FILE__));
use lib dirname(abs_path(__FILE__)) . '/../http/lib';
use Test::More;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Standalone;
use Page;

my $i = main_instance();
enroll('user1') for 1 .. 3;
ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');
my @steps = steps("$ENV{CERTMGR_TEST_TOP}/docs/audit.md");
is(scalar @steps, 4, 'blocks');
my $set = join '', map { "export $_='$i->{$_}'\n" } grep { defined $i->{$_} } sort keys %{$i};

$set .= "PATH=$i->{CERTMGR_FOLDER}/demo/lib:\$PATH\n";

sub follow {
    my (@script) = @_;
    write_file(scratch('script'), $set . 'cd ' . scratch() . "\n" . join '', @script);
    return command(qw(bash -eu -o pipefail), scratch('script'));
}

my ($code, $text) = follow(map { $_->{text} } @steps);
is($code, 0, 'the page, from top to bottom') or diag($text);
like($text, qr/^Verified OK$/m, 'the signature');
like($text, qr/^\d+ events sealed, \d+ not yet sealed$/m, 'the log');
like(read_file(scratch('audit.csv')), qr/\Aid,happened,.*\r\n.*,audit\.export,done,/, 'the file');

# the same steps notice what was changed in the answer
my $proof = $steps[2]{text};
for my $change ('.proof.input |= sub("done"; "refused")', '.proof.head.size += 1', '.proof.hashes[0] |= sub("^.."; "zz")',
    '.leaf += 1', '.proof.personal += " "') {
    (my $changed = $proof) =~ s{(ask "audit/\$EVENT" > event.json)}{$1; jq '$change' event.json > changed; mv changed event.json};
    ($code, $text) = follow($steps[0]{text}, $changed);
    isnt($code, 0, "not with $change") or diag($text);
}
done();
