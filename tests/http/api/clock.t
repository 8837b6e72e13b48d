#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The clock of a running server steps two days ahead, four back and right again: certificates are issued
# under what it says, ids stay unique, a revocation is seen with the next request, no OCSP answer or CRL is
# used outside of its life, jobs go on although a lease was taken in the future, and the log verifies.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use MIME::Base64 qw(encode_base64);
use Time::Local qw(timegm);
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

my ($library) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'httpd runs under another preloaded library' if $ENV{HTTP_PRELOAD};

use constant { DAY => 86400, HOUR => 3600 };

# what the people have begins today, so the clock goes ahead first
use constant RIGHT => 3;

my $i = main_instance();
ok($library, 'libfaketime is installed');
my $stamp = scratch('clock');
chmod 0755, scratch();
my @fake = ("FAKETIME_TIMESTAMP_FILE=$stamp", 'FAKETIME_NO_CACHE=1', 'FAKETIME_DONT_RESET=1');
my $days;

sub set_clock {
    ($days) = @_;
    write_file("$stamp.new", sprintf "%+dd\n", $days);
    chmod 0644, "$stamp.new";
    rename "$stamp.new", $stamp or die "$stamp: $!";
    return;
}

# A program under the clock of the server.
sub at_its_time { return command('env', "LD_PRELOAD=$library", @fake, @_) }

sub now { return time + $days * DAY }

my %months = do { my $n = 0; map { $_ => $n++ } qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec) };

sub seconds {
    my ($text) = @_;
    my ($month, $day, $h, $m, $s, $year) = $text =~ /(\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d{4}) GMT/ or die "no time: $text";
    return timegm($s, $m, $h, $day, $months{$month}, $year);
}

my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
write_file(scratch('issuing.pem'), $issuing);

# What is answered about a certificate, if the answer holds now: good, revoked; else what openssl says.
sub ocsp {
    my ($certificate, @more) = @_;
    my @about = ('-issuer', scratch('issuing.pem'), '-cert', write_file(scratch('asked.pem'), $certificate->{pem}));
    my ($code, $text) = command(qw(openssl ocsp -reqout), scratch('req.der'), @about, @more);
    die $text if $code;
    my $r = nobody(POST => '/ocsp', body => read_file(scratch('req.der')), type => 'application/ocsp-request');
    write_file(scratch('resp.der'), $r->{body});
    # -validity_period: the answer begins and ends by the same clock, to a few seconds
    ($code, $text) = at_its_time(qw(openssl ocsp -no_nonce -validity_period 5 -respin), scratch('resp.der'), @about, '-CAfile', $i->{CERTMGR_CHAIN});
    return $text =~ /Response verify OK\s+\S*asked\.pem: (\w+)\n(?!.*WARNING)/ && $text !~ /Status times invalid/ ? $1 : "$r->{status} $text";
}

# The serials of a CRL that holds now, else undef.
sub crl {
    my $path = write_file(scratch('crl.der'), nobody(GET => '/crl/issuing.crl')->{body});
    my ($code, $text) = command(qw(openssl crl -inform DER -noout -text -CAfile), $i->{CERTMGR_CHAIN}, '-in', $path);
    return unless $text =~ /verify OK/;
    my ($last, $next) = map { seconds($_) } $text =~ /Last Update: (.*)\n\s*Next Update: (.*)\n/;
    return unless $last <= now() + 5 && now() <= $next;
    return { map { lc s/^0+//r => 1 } $text =~ /Serial Number: (\w+)/g };
}

sub seals { return wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }) }

# Another node took this lease and will not come back.
sub lose_lease {
    my ($job) = @_;
    my $until = (now() + 30) * 1_000_000;
    return wait_until(sub {
        query("INSERT INTO lease (name, holder, until) VALUES ('$job', 'lost', $until) ON CONFLICT (name) DO NOTHING");
        return query("SELECT holder FROM lease WHERE name = '$job'") eq 'lost';
    });
}

my @answered;
my $kept;

sub works {
    ok(wait_until(sub { nobody(GET => '/api/v1/health')->{status} == 200 }), 'it is well');
    is(ocsp($kept, '-no_nonce'), 'good', 'no OCSP answer of another time is used') if $kept;
    my $made = enroll('user1');
    push @answered, answered($made);
    my $certificate = $made->{certificate};
    write_file(scratch('new.pem'), $certificate->{pem});
    my $begins = seconds((command(qw(openssl x509 -noout -startdate -in), scratch('new.pem')))[1]);
    cmp_ok(abs($begins - now()), '<', HOUR, 'it begins now');
    is(ocsp($certificate, '-no_nonce'), 'good', 'its OCSP answer');
    is(revoke('user1', $certificate->{id})->{status}, 201, 'revoked');
    is(ocsp($certificate, '-no_nonce'), 'revoked', 'as the next OCSP answer says');
    is(ocsp($certificate), 'revoked', 'with a nonce too');
    my $serial = lc $certificate->{serial} =~ s/^0+//r;
    ok(wait_until(sub { my $listed = crl(); $listed && $listed->{$serial} }), 'and the CRL, which holds now');
    $kept = enroll('user2')->{certificate};
    is(ocsp($kept, '-no_nonce'), 'good', 'an answer that is kept');
    ok(seals(), 'events are sealed');
    return;
}

announce_log(qr/AH\d+.*(?:clock|time)/i);
tool('stop');
set_clock(RIGHT);
{
    local $ENV{CERTMGR_PRELOAD} = $library;
    local @ENV{map { (split /=/)[0] } @fake} = map { (split /=/, $_, 2)[1] } @fake;
    my ($code, $text) = tool('start');
    is($code, 0, 'httpd under a clock of its own') or diag($text);
}
subtest 'the right time' => \&works;
for my $step (['two days ahead', RIGHT + 2], ['four days back', RIGHT - 2], ['right again', RIGHT]) {
    my ($what, $to) = @$step;
    subtest $what => sub {
        set_clock($to);
        works();
        ok(lose_lease($_), "the lease of $_ is lost") for $to > RIGHT ? qw(seal crl search) : ();
    };
}

are_stored(@answered);
are_whole();
done();
