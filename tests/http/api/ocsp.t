#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# OCSP answers that are kept ready: for how long and for whom, what a change, a reload, a death, and a
# database that is away do to them; conditional GET by curl; and that nobody is told "good" after
# somebody was told "revoked".
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::INET ();
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(sleep time);
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
my $modules = $ENV{CERTMGR_MODULES} // '/usr/lib/apache2/modules';
$ENV{CERTMGR_EXTRA} = <<"END";
LoadModule status_module $modules/mod_status.so
CertMgrOCSPAnswers 100
Listen 127.0.0.1:$port
<VirtualHost 127.0.0.1:$port>
    <Location "/status">
        SetHandler server-status
        Require all granted
    </Location>
</VirtualHost>
END
my $i = main_instance();
my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
write_file(scratch('issuing.pem'), $issuing);

# An OCSP request of openssl, DER.
sub request_for {
    my ($pem, @more) = @_;
    write_file(scratch('asked.pem'), $pem);
    my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), @more, '-cert', scratch('asked.pem'),
        '-reqout', scratch('req.der'));
    die $text if $code;
    return read_file(scratch('req.der'));
}

sub address_of {
    my ($pem, @more) = @_;
    my $base64 = encode_base64(request_for($pem, '-no_nonce', @more), '');
    return '/ocsp/' . ($base64 =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger);
}

# The word for the one certificate in an answer, verified by openssl.
sub word_in {
    my ($answer, $pem) = @_;
    write_file(scratch('answer.der'), $answer);
    write_file(scratch('asked.pem'), $pem);
    my ($code, $text) = command(qw(openssl ocsp -respin), scratch('answer.der'), '-issuer', scratch('issuing.pem'),
        '-cert', scratch('asked.pem'), '-CAfile', $i->{CERTMGR_CHAIN});
    return $text =~ /Response verify OK.*asked\.pem: (\w+)/s ? $1 : $text;
}

sub server_status {
    my $text = call(GET => "http://127.0.0.1:$port/status?auto")->{body};
    return { $text =~ /^CertMgrOCSP(\w+): (\d+)$/mg };
}

my $certificate = enroll('user1')->{certificate};
my $other = enroll('user2')->{certificate};
my $address = address_of($certificate->{pem});

# Every signature is another, so the same answer was signed once. After a change something may be made
# twice until it is known that no other followed.
sub is_same {
    my ($name, $one, $two) = @_;
    return ok(wait_until(sub { $one->()->{body} eq $two->()->{body} }), $name);
}

sub is_kept {
    my ($where, $name) = @_;
    my $get = sub { nobody(GET => $where) };
    return is_same($name, $get, $get);
}
is_kept($address, 'one signature for all');

subtest 'GET and POST, by any client' => sub {
    my $r = nobody(GET => $address);
    is(word_in($r->{body}, $certificate->{pem}), 'good', 'openssl verifies it');
    my $request = request_for($certificate->{pem}, '-no_nonce');
    is_same('POST gives the same', sub { nobody(GET => $address) },
        sub { nobody(POST => '/ocsp', body => $request, type => 'application/ocsp-request') });
    ok(nobody(GET => address_of($certificate->{pem}, '-sha256'))->{body} ne $r->{body}, 'another CertID is answered by itself');
    ok(nobody(GET => address_of($other->{pem}))->{body} ne $r->{body}, 'and so is another certificate');
    write_file(scratch('answer.der'), $r->{body});
    my ($code, $text) = command('ocsptool', '--verify-response', '--load-trust', $i->{CERTMGR_CHAIN},
        '--load-response', scratch('answer.der'));
    is($code, 0, 'GnuTLS verifies it') or diag($text);
};

subtest 'a nonce is signed anew and cached by nobody' => sub {
    my $request = request_for($certificate->{pem});
    my ($one, $two) = map { nobody(POST => '/ocsp', body => $request, type => 'application/ocsp-request') } 1, 2;
    ok($one->{body} ne $two->{body}, 'two signatures');
    is($one->{headers}->header('Cache-Control'), 'no-store');
    my $by_get = nobody(GET => '/ocsp/' . (encode_base64($request, '') =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger));
    is($by_get->{headers}->header('Cache-Control'), 'no-store', 'by GET too');
    ok($by_get->{body} ne nobody(GET => $address)->{body}, 'nor is it what is kept');
};

subtest 'RFC 5019: for caches' => sub {
    my ($one, $two);
    ok(wait_until(sub {
        ($one, $two) = (nobody(GET => $address), do { sleep 1.1; nobody(GET => $address) });
        $one->{body} eq $two->{body};
    }), 'the same answer twice');
    my ($age, $later) = map { $_->{headers}->header('Cache-Control') =~ /^max-age=(\d+), public, no-transform, must-revalidate$/ } $one, $two;
    ok($age <= 3600 && $later < $age, "max-age ends with the answer ($age, $later)");
    is($two->{headers}->header($_), $one->{headers}->header($_), "$_ stays") for qw(Last-Modified Expires ETag);
    my @curl = (qw(curl -sS -D - -o /dev/null --cacert), $i->{CERTMGR_CA}, "$i->{CERTMGR_URL}$address");
    for my $header ("If-None-Match: @{[$one->{headers}->header('ETag')]}",
        "If-Modified-Since: @{[$one->{headers}->header('Last-Modified')]}") {
        my ($code, $text) = command(@curl, '-H', $header);
        like($text, qr{^HTTP/\S+ 304 }, "304: $header");
        like($text, qr/^Cache-Control: max-age=\d+/mi, 'which says for how long again');
        unlike($text, qr/^Content-Type:/mi);
    }
    my ($code, $text) = command(@curl, '-H', 'If-None-Match: "another"');
    like($text, qr{^HTTP/\S+ 200 }, 'another version is no 304');
    ($code, $text) = command(@curl, '-I', '-X', 'HEAD');
    like($text, qr{^HTTP/\S+ 200 .*^Content-Length: \d+}ms, 'HEAD');
};

subtest 'what was never issued takes no room' => sub {
    my $before = server_status();
    is($before->{Places}, 104, 'whole sets');
    for my $serial (1 .. 20) {
        my ($code, $text) = command(qw(openssl ocsp -no_nonce -issuer), scratch('issuing.pem'), '-serial', $serial,
            '-url', "$i->{CERTMGR_URL}/ocsp", '-CAfile', $i->{CERTMGR_CHAIN});
        like($text, qr/^$serial: unknown/m, 'unknown') if $serial == 1;
    }
    is(server_status()->{Made}, $before->{Made}, 'nothing was kept');
    cmp_ok($before->{Given}, '>', 3, 'and answers were given');
    like(call(GET => "http://127.0.0.1:$port/status")->{body}, qr/OCSP answers kept ready.*room for: 104/s, 'for people too');
};

subtest 'suspended, reinstated, revoked' => sub {
    is(as('user1', POST => '/api/v1/suspend', json => { certificate => $certificate->{id}, remarks => 'lost' })->{status}, 201);
    my $r = nobody(GET => $address);
    is(word_in($r->{body}, $certificate->{pem}), 'revoked', 'with the next request');
    is(as('officer1', POST => '/api/v1/reinstate', json => { certificate => $certificate->{id}, remarks => 'found' })->{status}, 201);
    is(word_in(nobody(GET => $address)->{body}, $certificate->{pem}), 'good');
    is(revoke('user1', $certificate->{id})->{status}, 201);
    is(word_in(nobody(GET => $address)->{body}, $certificate->{pem}), 'revoked');
    is_kept($address, 'and that is kept');
};

# Clients ask without end while the certificate is revoked: with and without a nonce, in all processes.
sub race {
    my $mine = enroll('user1')->{certificate};
    my $target = address_of($mine->{pem});
    my $with_nonce = request_for($mine->{pem});
    my $stop = scratch("stop-$mine->{serial}");
    my $ask = sub {
        my ($number, $say) = @_;
        for (my $is_over = 0; !$is_over;) {
            $is_over = -e $stop;
            my $began = time;
            my $r = $number % 2 ? nobody(GET => $target)
                : nobody(POST => '/ocsp', body => $with_nonce, type => 'application/ocsp-request');
            # the CertStatus: [0] or [1] behind the serial of the CertID
            my $is_good = $r->{body} =~ /\Q@{[pack 'H*', $mine->{serial}]}\E\x80\x00/;
            my $is_revoked = $r->{body} =~ /\Q@{[pack 'H*', $mine->{serial}]}\E\xa1/;
            $say->({ began => $began, ended => time, word => $is_good ? 'good' : $is_revoked ? 'revoked' : 'nothing' });
            write_file("$stop-$number", '');
        }
        return;
    };
    my @said = clients(5, sub {
        my ($number, $say) = @_;
        return $ask->($number, $say) if $number > 1;
        wait_until(sub { 4 == grep { -e "$stop-$_" } 2 .. 5 });
        my $r = revoke('user1', $mine->{id});
        $say->({ began => 0, ended => time, word => $r->{status} == 201 ? 'revoked' : 'nothing' });
        write_file($stop, '');
        return;
    }, sub { });
    my ($first) = sort { $a <=> $b } map { $_->{ended} } grep { $_->{word} eq 'revoked' } @said;
    my @late = grep { $_->{word} eq 'good' && $_->{began} > $first } @said;
    return { asked => scalar @said, late => scalar @late, nothing => scalar(grep { $_->{word} eq 'nothing' } @said),
        good => scalar(grep { $_->{word} eq 'good' } @said) };
}

subtest 'nobody is told "good" after "revoked"' => sub {
    for my $round (1 .. 5) {
        my $seen = race();
        is($seen->{nothing}, 0, 'every call was answered');
        cmp_ok($seen->{good}, '>', 0, "of $seen->{asked} calls, $seen->{good} were told \"good\"");
        is($seen->{late}, 0, 'none of them late');
    }
};

my $kept_address = address_of($other->{pem});

sub pids { my ($parent, @children) = server_processes(); return @children }

subtest 'a reload keeps them' => sub {
    my %before = map { $_ => 1 } pids();
    my $given = server_status()->{Given};
    kill USR1 => read_file($i->{CERTMGR_PID}) + 0;
    ok(wait_until(sub { my @now = pids(); @now && !grep { $before{$_} } @now }), 'all processes are new');
    cmp_ok(server_status()->{Given}, '>=', $given, 'the table is the same');
    is_kept($kept_address, 'answers are kept');
};

subtest 'a death too' => sub {
    my $given = server_status()->{Given};
    announce_log(qr/AH00052|AH00051|AH10392|exit signal/);
    for my $round (1 .. 3) {
        kill_between_logins(\&pids);
        ok(wait_until(sub { word_in(nobody(GET => $kept_address)->{body} // '', $other->{pem}) eq 'good' }), 'others take over');
        is_kept($kept_address, 'answers are kept');
    }
    cmp_ok(server_status()->{Given}, '>=', $given, 'the table is the same');
    ok(wait_until(sub { !server_status()->{Broken} }), 'the lock is not lost');
};

subtest 'another table at a reload' => sub {
    my $conf = read_file($i->{CERTMGR_CONF});
    for my $size (200, 0) {
        write_file($i->{CERTMGR_CONF}, $conf =~ s/(CertMgrOCSPAnswers) 100/$1 $size/r);
        kill USR1 => read_file($i->{CERTMGR_PID}) + 0;
        ok(wait_until(sub { (server_status()->{Places} // 0) == $size }), "room for $size");
        is(word_in(nobody(GET => $kept_address)->{body}, $other->{pem}), 'good', 'answers');
    }
    ok(nobody(GET => $kept_address)->{body} ne nobody(GET => $kept_address)->{body}, 'none are kept');
    write_file($i->{CERTMGR_CONF}, $conf);
};
done();
