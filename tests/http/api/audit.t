#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit log against somebody who writes to the database behind our back.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $codes = contract('exit_codes');

sub verify { return ctl(qw(audit verify), @_) }

enroll('user1') for 1 .. 3;

subtest 'events are sealed' => sub {
    ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'nothing waits');
    my ($code, $text) = verify();
    is($code, $codes->{done}) or diag($text);
    like($text, qr/^(\d+) events sealed, 0 not yet sealed$/m);
    ok(-s "$i->{CERTMGR_FOLDER}/demo/db/audit-heads.log", 'heads stand outside the database too');
};

my ($code, $head) = ctl(qw(audit head));
is($code, 0, 'audit head');
write_file(scratch('head'), $head);
chmod 0644, scratch('head');
chmod 0755, scratch();
($code, my $text) = verify('--head', scratch('head'));
is($code, 0, 'the exported head fits') or diag($text);

# Each attack on the same good copy.
sub attack {
    my ($name, $how, $expected) = @_;
    subtest $name => sub {
        my $id = query('SELECT id FROM audit_event WHERE leaf = (SELECT max(leaf) - 1 FROM audit_event)');
        my $position = query("SELECT leaf FROM audit_event WHERE id = '$id'");
        query($how =~ s/ID/'$id'/gr =~ s/POSITION/$position/gr);
        my ($status, $report) = verify('--head', scratch('head'));
        is($status, $codes->{broken}, 'exit code');
        my $line = $expected =~ s/ID/$id/r;
        like($report, qr/^\Q$line\E$/m, $line);
        restore_records();
    };
    return;
}
# nothing may seal meanwhile
tool('stop');
tool('database', 'start') if on_postgres();
keep_records();
attack('changed', "UPDATE audit_event SET outcome = 'x' WHERE id = ID", 'event ID changed');
attack('personal part changed', "UPDATE audit_event SET personal = '{}' WHERE id = ID", 'event ID changed');
attack('deleted', 'DELETE FROM audit_event WHERE id = ID', 'event ID missing');
attack('inserted', "INSERT INTO audit_event (id, happened, action, outcome, leaf) SELECT '0forged', happened, action, outcome, (SELECT max(leaf) + 1 FROM audit_event) FROM audit_event WHERE id = ID",
    'event 0forged inserted');
attack('a cut-off tail', 'DELETE FROM audit_event WHERE leaf >= POSITION; DELETE FROM audit_leaf WHERE leaf >= POSITION; DELETE FROM audit_head WHERE size > POSITION',
    'event position ' . query('SELECT max(leaf) FROM audit_event') . ' missing');
($code, $text) = verify();
is($code, 0, 'the good copy verifies') or diag($text);
done();
