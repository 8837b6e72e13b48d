#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two servers on one database: what one does the other knows, and each job runs at one place, which
# another takes over from a node that died with the lease.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::INET ();
use Time::HiRes qw(sleep time);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $folder = "$i->{CERTMGR_FOLDER}/demo";
my ($port) = $i->{CERTMGR_URL} =~ /:(\d+)/;
my $second = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
my $httpd = (grep { -x } qw(/usr/sbin/apache2 /usr/sbin/httpd))[0] // 'apache2';

my $conf = read_file($i->{CERTMGR_CONF});
$conf =~ s/127\.0\.0\.1:$port/127.0.0.1:$second/g;
$conf =~ s{\bhttpd\.pid}{second/httpd.pid};
$conf =~ s{^(DefaultRuntimeDir ".*)"}{$1/second"}m;
$conf =~ s{/ssl_cache}{/second/ssl_cache};
$conf =~ s{/(error|access)\.log}{/second-$1.log}g;
as_server('mkdir', "$folder/run/second");
write_file("$folder/second.conf", $conf);
my ($code, $text) = as_server($httpd, '-f', "$folder/second.conf", '-k', 'start');
is($code, 0, 'the second server starts') or diag($text);
watch_log("$folder/log/second-error.log", 0);

sub stop_second {
    my $pid = -e "$folder/run/second/httpd.pid" ? read_file("$folder/run/second/httpd.pid") + 0 : 0;
    kill TERM => $pid if $pid;
    wait_until(sub { !kill 0 => $pid }) if $pid;
    return;
}
END { local $?; stop_second() }

sub there {
    my ($who, $method, $path, %with) = @_;
    return call($method => "https://localhost:$second/certmgr$path", ca => $i->{CERTMGR_CA},
        $who ? (cert => "$i->{CERTMGR_PEOPLE}/$who.pem") : (), %with);
}
ok(wait_until(sub { there(undef, GET => '/api/v1/health')->{status} == 200 }), 'and answers');

my $certificate = enroll('user1')->{certificate};
write_file(scratch('cert.pem'), $certificate->{pem});
my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
write_file(scratch('issuing.pem'), $issuing);

sub ocsp_there {
    my ($status, $said) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), @_, '-cert', scratch('cert.pem'),
        '-url', "https://localhost:$second/certmgr/ocsp", '-CAfile', $i->{CERTMGR_CHAIN});
    return $said =~ /cert\.pem: (\w+)/ ? $1 : $said;
}

sub listed_there {
    my ($serial) = @_;
    write_file(scratch('crl.der'), there(undef, GET => '/crl/issuing.crl')->{body});
    my ($status, $said) = command(qw(openssl crl -inform DER -noout -text -in), scratch('crl.der'));
    return $said =~ /Serial Number: 0*\Q@{[$serial =~ s{^0+}{}r]}\E$/im;
}

subtest 'what one does the other knows' => sub {
    is_deeply(there('user1', GET => "/api/v1/certificates/$certificate->{id}")->{json}, $certificate);
    is(ocsp_there(@{$_}), 'good', "OCSP @{$_}") for [], ['-no_nonce'];
    is(revoke('user1', $certificate->{id})->{status}, 201);
    my $beat = start_beat(scratch('beat'), sub { there(undef, GET => '/api/v1/health') });
    ok(within($beat, 2, sub { ocsp_there('-no_nonce') eq 'revoked' }), 'OCSP of the other within 2 s, an answer that is kept');
    is(ocsp_there(), 'revoked', 'and one that is not');
    ok(within($beat, 10, sub { listed_there($certificate->{serial}) }), 'its CRL within 10 s');
    stop_beat($beat);
};

# Another node holds the lease of this job and will not come back.
sub lost_lease {
    my ($job, $seconds) = @_;
    my $until;
    my $is_held = wait_until(sub {
        $until = time + $seconds;
        query(sprintf "INSERT INTO lease (name, holder, until) VALUES ('%s', 'lost', %d) ON CONFLICT (name) DO NOTHING", $job, $until * 1e6);
        return query("SELECT holder FROM lease WHERE name = '$job'") eq 'lost';
    });
    ok($is_held, "the lease of $job is held");
    return $until;
}

subtest 'events are sealed by the holder of the lease only' => sub {
    my $until = lost_lease('seal', 6);
    my $id = enroll('user2')->{id};
    my $waiting = "SELECT count(*) FROM audit_event WHERE object = '$id' AND leaf IS NULL";
    sleep $until - 1 - time if $until - 1 > time;
    is(query($waiting), time < $until ? 1 : query($waiting), 'nobody else seals');
    ok(wait_until(sub { query($waiting) eq '0' }), 'until the lease has run out');
};

subtest 'a CRL too' => sub {
    my $other = enroll('user1')->{certificate};
    my $number = query("SELECT max(number) FROM crl WHERE ca = 'issuing'");
    my $until = lost_lease('crl', 7);
    is(revoke('user1', $other->{id})->{status}, 201);
    sleep $until - 1 - time if $until - 1 > time;
    my $listed = listed_there($other->{serial});
    ok(time >= $until || !$listed, 'nobody else makes it');
    ok(wait_until(sub { listed_there($other->{serial}) }), 'until the lease has run out');
};

subtest 'each was made once' => sub {
    my @heads = join('', map { read_file("$folder/log/$_") } qw(error.log second-error.log)) =~ /audit head \{.*?"size":(\d+)/g;
    my %heads = map { $_ => 1 } @heads;
    cmp_ok(scalar @heads, '>', 2, 'heads');
    is(scalar @heads, keys %heads, 'no head twice');
    my ($status, $said) = ctl(qw(audit verify));
    is($status, 0, 'the audit log verifies') or diag($said);
};
stop_second();
done();
