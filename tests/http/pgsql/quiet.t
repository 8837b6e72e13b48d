#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A database that is away for a while does not fill the error log with what the jobs say: each says it
# once, then once a minute, and once when all is well again.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

use constant { AWAY => 12, QUIET => 60 };

my $i = main_instance();
announce_log(qr/\[dbd:(?:error|crit)\]/, qr/\[certmgr:error\].*(?:the database|database-unavailable)/i);
is(enroll('user1')->{state}, 'completed', 'enrolls');
is((tool(qw(database stop)))[0], 0, 'PostgreSQL stops');
is(nobody(GET => '/api/v1/me')->{status}, 401, 'a stranger is told so all the same');
my ($beat, $since) = (start_beat(scratch('beat'), sub { nobody(GET => '/') }), time);
sleep 1 while beats($beat) < AWAY;
stop_beat($beat);
is((tool(qw(database start)))[0], 0, 'PostgreSQL starts');

sub lines {
    my ($pattern) = @_;
    return scalar grep { /$pattern/ } split /\n/, read_file($i->{CERTMGR_ERROR_LOG});
}

ok(wait_until(sub { lines(qr/job seal: works again, after \d+ failed runs/) }), 'it works again');
like(read_file($i->{CERTMGR_ERROR_LOG}), qr/\[certmgr:notice\].*job seal: works again, after (?:[3-9]|\d\d)/, 'it had tried more than twice');
my $most = 2 + int((time - $since) / QUIET);
cmp_ok(lines(qr/\[certmgr:error\].*job seal:/), '<=', $most, 'and said so once, or once for each kind of error');
cmp_ok(lines(qr/\[certmgr:error\].*job crl:/), '<=', $most, 'and so did another job');
is(lines(qr/job seal: works again/), 1, 'once again');
ok(wait_until(sub { query("SELECT count(*) FROM stranger WHERE rule = 'identity.missing'") > 0 }), 'the stranger was counted');
done();
