#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# HTTP to the letter (RFC 9110, 9111, 9112): HEAD, OPTIONS, conditional requests, caching, HTTP/1.0,
# and problem documents for what httpd itself refuses.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use HTTP::Date qw(str2time time2str);
use IO::Socket::INET ();
use IO::Socket::SSL ();
use MIME::Base64 qw(encode_base64);
use CertMgr::Test;
use CertMgr::Main;

# A second place, where httpd refuses things of its own.
my $other = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
$ENV{CERTMGR_EXTRA} = <<"END";
Listen 127.0.0.1:$other
<VirtualHost 127.0.0.1:$other>
    ServerName localhost
    <Location "/pki">
        CertMgr on
        Require all granted
    </Location>
    <Location "/pki/api/v1/health">
        Require all denied
    </Location>
    <Location "/pki/ocsp">
        LimitRequestBody 100
    </Location>
</VirtualHost>
END
my $i = main_instance();
my ($host, $port) = $i->{CERTMGR_URL} =~ m{//([^:/]+):(\d+)};

# What is sent as it is, on one connection, and everything that comes back.
sub raw {
    my (@sent) = @_;
    my $socket = IO::Socket::SSL->new(PeerAddr => $host, PeerPort => $port, SSL_ca_file => $i->{CERTMGR_CA},
        SSL_verifycn_name => 'localhost', Timeout => 10) or die "no connection: $IO::Socket::SSL::SSL_ERROR";
    print {$socket} @sent;
    local $/ = undef;
    return scalar <$socket>;
}

# "Nov 22 17:35:03 2026 GMT" in seconds
sub openssl_date {
    return str2time($_[0] =~ s{^(\w+) +(\d+) ([\d:]+) (\d+)}{$2 $1 $4 $3}r);
}

sub head_and_body {
    my ($head, $body) = split /\r\n\r\n/, $_[0], 2;
    return ($head, $body);
}

my @public = ('/crl/issuing.crl', '/ca/issuing.cer', '/ca/root.pem', '/ca/issuing.p7b', '/api/v1/openapi.json', '/api/v1/health');
subtest 'HEAD is GET without the body' => sub {
    for my $path (@public, '/nope') {
        my ($get, $head) = map { nobody($_ => $path) } qw(GET HEAD);
        is($head->{status}, $get->{status}, $path);
        is($head->{body}, '', 'no body');
        for my $name (qw(Content-Type Content-Length ETag Last-Modified Cache-Control)) {
            is($head->{headers}->header($name), $get->{headers}->header($name), $name);
        }
        is($get->{headers}->header('Content-Length'), length $get->{body}, 'the length of the body');
    }
};

subtest 'OPTIONS' => sub {
    for my $path (@public) {
        my $r = nobody(OPTIONS => $path);
        is($r->{status}, 204, $path);
        is($r->{headers}->header('Allow'), 'GET, HEAD, OPTIONS');
        is($r->{headers}->header('Content-Length'), undef, 'RFC 9110 8.6: no length with 204');
    }
    is(nobody(OPTIONS => '/ocsp')->{headers}->header('Allow'), 'POST, OPTIONS');
};

subtest 'conditional requests' => sub {
    my $crl = nobody(GET => '/crl/issuing.crl');
    my $tag = $crl->{headers}->header('ETag');
    my $modified = $crl->{headers}->header('Last-Modified');
    my $later = time2str(time);    # httpd takes no date of the future
    my $before = time2str(str2time($modified) - 1);
    my @cases = (
        ['the tag', 304, 'If-None-Match' => $tag],
        ['its weak form: the comparison is weak', 304, 'If-None-Match' => "W/$tag"],
        ['a list with it', 304, 'If-None-Match' => "\"x\", $tag"],
        ['any', 304, 'If-None-Match' => '*'],
        ['another tag', 200, 'If-None-Match' => '"x"'],
        ['a tag that begins like it', 200, 'If-None-Match' => substr($tag, 0, 9) . '"'],
        ['the same date', 304, 'If-Modified-Since' => $modified],
        ['a later date', 304, 'If-Modified-Since' => $later],
        ['an earlier date', 200, 'If-Modified-Since' => $before],
        ['no date at all', 200, 'If-Modified-Since' => 'yesterday'],
        ['another tag wins over the date', 200, 'If-None-Match' => '"x"', 'If-Modified-Since' => $modified],
    );
    for my $case (@cases) {
        my ($what, $status, %headers) = @{$case};
        for my $method (qw(GET HEAD)) {
            my $r = nobody($method => '/crl/issuing.crl', headers => \%headers);
            is($r->{status}, $status, "$method: $what");
            next unless $status == 304;
            is($r->{body}, '', 'without a body');
            is($r->{headers}->header('ETag'), $tag, 'with its tag');
            is($r->{headers}->header('Cache-Control'), 'public, no-cache', 'and how to cache it');
        }
    }
    my $part = nobody(GET => '/crl/issuing.crl', headers => { Range => 'bytes=0-9', 'If-Range' => $tag });
    ok($part->{status} == 206 && $part->{body} eq substr($crl->{body}, 0, 10), 'a range');
    is($part->{headers}->header('Content-Range'), 'bytes 0-9/' . length $crl->{body}, 'of the whole');
    $part = nobody(GET => '/crl/issuing.crl', headers => { Range => 'bytes=0-9', 'If-Range' => '"other"' });
    ok($part->{status} == 200 && $part->{body} eq $crl->{body}, 'all of it to who has another version');
    is($crl->{headers}->header('Accept-Ranges'), 'bytes');
};

subtest 'OCSP by GET is cached (RFC 5019 6)' => sub {
    my ($issuing) = read_file($i->{CERTMGR_CHAIN}) =~ /(-----BEGIN.*?END CERTIFICATE-----\n)/s;
    write_file(scratch('issuing.pem'), $issuing);
    for my $nonce ('-no_nonce', '-nonce') {
        my ($code, $text) = command(qw(openssl ocsp -issuer), scratch('issuing.pem'), '-cert', "$i->{CERTMGR_PEOPLE}/user1.pem",
            $nonce, '-reqout', scratch('req.der'));
        my $base64 = encode_base64(read_file(scratch('req.der')), '');
        my $r = nobody(GET => '/ocsp/' . $base64 =~ s{([/+=])}{sprintf '%%%02X', ord $1}gre);
        is($r->{status}, 200);
        is($r->{headers}->header('Content-Type'), 'application/ocsp-response');
        if ($nonce eq '-nonce') {
            is($r->{headers}->header('Cache-Control'), 'no-store', 'never with a nonce');
            next;
        }
        my ($age) = $r->{headers}->header('Cache-Control') =~ /^max-age=(\d+), public, no-transform, must-revalidate$/;
        write_file(scratch('answer.der'), $r->{body});
        ($code, $text) = command(qw(openssl ocsp -noverify -resp_text -respin), scratch('answer.der'));
        my ($this, $next) = map { openssl_date($text =~ /$_ Update: (.*)/) } qw(This Next);
        my $expires = $r->{headers}->header('Expires');
        is(str2time($expires), $next, 'Expires is nextUpdate');
        is(str2time($r->{headers}->header('Last-Modified')), $this, 'Last-Modified is thisUpdate');
        ok($age > 0 && time + $age <= $next + 1, 'max-age ends no later');
        ok(length(nobody(GET => "/ocsp/$base64")->{body}) > 100, q(slashes, plus and equals signs as they are));
    }
};

subtest 'HTTP/1.0' => sub {
    my $der = read_file(scratch('req.der'));
    my %sent = (
        'GET' => "GET /certmgr/crl/issuing.crl HTTP/1.0\r\nHost: localhost\r\n\r\n",
        'POST, as openssl ocsp' => "POST /certmgr/ocsp HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\nContent-Length: "
            . length($der) . "\r\n\r\n$der",
        'an error' => "GET /certmgr/nope HTTP/1.0\r\nHost: localhost\r\n\r\n",
    );
    for my $what (sort keys %sent) {
        my ($head, $body) = head_and_body(raw($sent{$what}));
        my ($length) = $head =~ /^Content-Length: (\d+)/mi;
        like($head, $what eq 'an error' ? qr/^HTTP\S+ 404/ : qr/^HTTP\S+ 200/, 'status');
        is(length $body, $length // -1, "$what: the length is told");
        unlike($head, qr/^Transfer-Encoding/mi, 'no chunks');
    }
    my ($chunked) = head_and_body(raw("POST /certmgr/ocsp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        . "Content-Type: application/ocsp-request\r\nTransfer-Encoding: chunked\r\n\r\n"
        . sprintf("%x\r\n%s\r\n0\r\n\r\n", length $der, $der)));
    like($chunked, qr/^HTTP\/1\.1 200.*application\/ocsp-response/s, 'a chunked body');
};

subtest 'a refused body leaves the connection usable' => sub {
    my $request = "POST /certmgr/api/v1/nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
    my $both = raw($request, "GET /certmgr/api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    is_deeply([$both =~ /HTTP\/1\.1 (\d+)/g], [404, 200]);
};

subtest 'what httpd itself refuses is a problem document too' => sub {
    announce_log(qr/client denied by server configuration|AH00026|AH01587|AH01588/);
    my $pki = "http://localhost:$other/pki";
    is(call(GET => "$pki/crl/issuing.crl")->{status}, 200, 'the second place answers');
    my $denied = call(GET => "$pki/api/v1/health");
    problem_is($denied, 403, 'forbidden', name => 'Require');
    is($denied->{headers}->header('Cache-Control'), 'no-store', 'not to be cached');
    is($denied->{headers}->header('Content-Length'), length $denied->{body}, 'its length');
    my $head = call(HEAD => "$pki/api/v1/health");
    is($head->{status}, 403, 'HEAD');
    is($head->{body}, '', 'without a body');
    problem_is(call(GET => "$pki/api/v1/%00"), 404, 'not-found', name => 'an encoded NUL');
    problem_is(call(GET => "$pki/api/v1%2Fhealth"), 404, 'not-found', name => 'an encoded slash');
    problem_is(call(POST => "$pki/ocsp", body => 'x' x 101, type => 'application/ocsp-request'), 413, 'too-large',
        name => 'LimitRequestBody');
    my $outside = call(GET => "http://localhost:$other/elsewhere");
    like($outside->{headers}->header('Content-Type'), qr{^text/html}, 'other places keep theirs');
};

subtest 'Location and Vary' => sub {
    my $r = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => csr() });
    is($r->{headers}->header('Location'), "/certmgr/api/v1/enroll/$r->{json}{id}", 'a path that is there');
    my $path = "/api/v1/certificates/$r->{json}{certificate}{id}";
    is(as('user1', GET => $path, headers => { Accept => $_ })->{headers}->header('Vary'), 'Accept', "Vary for $_")
        for qw(application/json application/pkix-cert image/png);
    my %choice = ('*/*' => 'application/json', 'application/*;q=0.5, application/pkix-cert' => 'application/pkix-cert',
        'application/json;q=0, */*' => 'application/pkix-cert', 'text/html, application/x-pem-file;q=0.1' => 'application/x-pem-file');
    is(as('user1', GET => $path, headers => { Accept => $_ })->{headers}->header('Content-Type'), $choice{$_}, "Accept: $_")
        for sort keys %choice;
};
done();
