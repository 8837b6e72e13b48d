# SPDX-License-Identifier: Apache-2.0
# ocsp: answers over plain HTTP. GET without nonce against a static file of the same size from the same
# Apache; POST with nonces against what the token signs. The GETs are those of wrk: beside answers as
# quick as these libcurl would take the larger part of the machine.
package CertMgr::Bench::Ocsp;
use strict;
use warnings FATAL => 'all';
use MIME::Base64 qw(encode_base64);
use CertMgr::Bench;
use CertMgr::Bench::Requests;

use constant {
    CERTIFICATES => 100,
    MOST_A_SECOND => 12_000,    # requests with nonces
    NONCE => 16,                # bytes; the last ones of the request
};

sub serials {
    my ($i) = @_;
    enroll($i, 'P-256', most => CERTIFICATES, seconds => 60);
    return split /\n/, sql($i, "SELECT serial FROM certificate WHERE request IS NOT NULL ORDER BY id DESC LIMIT " . CERTIFICATES);
}

# DER of a request for one certificate.
sub request {
    my ($i, $serial, @more) = @_;
    my $path = work_folder() . '/request.der';
    command('openssl', qw(ocsp -issuer), $i->{CERTMGR_CHAIN}, '-serial', "0x$serial", @more, '-reqout', $path);
    return read_file($path);
}

sub with_nonces {
    my ($count, @requests) = @_;
    open my $random, '<:raw', '/dev/urandom' or die $!;
    my @all;
    for my $n (0 .. $count - 1) {
        my $request = $requests[$n % @requests];
        read($random, my $nonce, NONCE) == NONCE or die "no random bytes\n";
        substr($request, -NONCE()) = $nonce;
        push @all, $request;
    }
    return @all;
}

# The answer, which must be a signed "good".
sub fetch {
    my ($i, @more) = @_;
    my $path = work_folder() . '/answer.der';
    command('curl', qw(-fsS --noproxy * -o), $path, @more);
    my $text = command('openssl', qw(ocsp -noverify -resp_text -respin), $path);
    $text =~ /Cert Status: good/ or die "no good answer:\n$text";
    return read_file($path);
}

# GETs of these paths in turns, a second.
sub get_rate {
    my ($i, @paths) = @_;
    my $script = write_file(work_folder() . '/get.lua', <<'LUA' . 'paths = {' . join(', ', map { "'$_'" } @paths) . "}\n");
local at = 0
function init()
    for i, path in ipairs(paths) do paths[i] = wrk.format('GET', path) end
end
function request()
    at = at % #paths + 1
    return paths[at]
end
LUA
    my $text = command('wrk', '-t', 1, '-c', 16, '-d', option('SECONDS') . 's', '-s', $script, $i->{plain});
    my ($rate) = $text =~ /^Requests\/sec: +([\d.]+)/m;
    die "wrk failed:\n$text" if !$rate || $text =~ /Non-2xx|Socket errors/;
    return $rate;
}

sub prepare {
    add_instance(new_instance($_)) for databases();
    return;
}

sub add_instance {
    my ($i) = @_;
    my $name = $i->{database};
    my @serials = serials($i);
    my $address = "$i->{plain}/certmgr/ocsp";
    my @gets = map { encode_base64(request($i, $_, '-no_nonce'), '') =~ s{([+/=])}{sprintf '%%%02X', ord $1}ger } @serials;
    my @paths = map { "/certmgr/ocsp/$_" } @gets;
    my $size = length fetch($i, "$i->{plain}$paths[0]");
    write_file(work_folder() . "/static/answer-$name", 'x' x $size);
    my @nonces = map { request($i, $_) } @serials;
    my $most = MOST_A_SECOND * option('SECONDS');
    my $posts = records("$name-ocsp-post", with_nonces($most * option('ROUNDS'), @nonces));
    my $key = sql($i, "SELECT ocsp_key FROM authority WHERE name = 'issuing'");
    my $sent = 0;
    get_rate($i, @paths);    # caches are warm
    measure("ocsp get $name" => sub { return get_rate($i, @paths) });
    measure("ocsp static $name" => sub { return get_rate($i, "/answer-$name") });
    measure("ocsp post $name" => sub {
        my $said = load($address, $posts, type => 'application/ocsp-request', first => $sent, most => $most);
        $sent += $said->{sent};
        return $said->{rate};
    });
    measure("ocsp token $name" => sub { return token_speed($i, $key, cores())->{rate} });
    row(name => "OCSP GET, $name : static file of $size bytes", unit => '/s', ours => "ocsp get $name",
        peer => "ocsp static $name", floor => 0.9, goal => 1.1);
    row(name => "OCSP POST with nonce, $name : signatures of the token", unit => '/s', ours => "ocsp post $name",
        peer => "ocsp token $name");
    return;
}

1;
