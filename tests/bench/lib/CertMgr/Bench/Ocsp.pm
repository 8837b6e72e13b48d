# SPDX-License-Identifier: Apache-2.0
# ocsp: answers over plain HTTP. GET without nonce against a static file of the same size from the same
# Apache; POST with nonces against what the token signs.
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
    my $query = "SELECT serial FROM certificate WHERE ca = 'issuing' AND request IS NOT NULL ORDER BY id DESC LIMIT " . CERTIFICATES;
    my @serials = split /\n/, sql($i, $query);
    return @serials if @serials == CERTIFICATES;
    enroll($i, 'P-256', most => CERTIFICATES, seconds => 60);
    return split /\n/, sql($i, $query);
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

sub prepare {
    my ($databases) = @_;
    my @instances = map { $databases->($_) } databases();
    add_instance($_) for @instances;
    return;
}

sub add_instance {
    my ($i) = @_;
    my $name = $i->{database};
    my @serials = serials($i);
    my $address = "$i->{plain}/certmgr/ocsp";
    my @gets = map { encode_base64(request($i, $_, '-no_nonce'), '') =~ s{([+/=])}{sprintf '%%%02X', ord $1}ger } @serials;
    my $gets = records("$name-ocsp-get", @gets);
    my $size = length fetch($i, "$address/$gets[0]");
    my $static = records("$name-ocsp-static", "answer-$name");
    write_file(work_folder() . "/static/answer-$name", 'x' x $size);
    my @nonces = map { request($i, $_) } @serials;
    my $most = MOST_A_SECOND * option('SECONDS');
    my $posts = records("$name-ocsp-post", with_nonces($most * option('ROUNDS'), @nonces));
    my $key = sql($i, "SELECT ocsp_key FROM authority WHERE name = 'issuing'");
    my $sent = 0;
    load("$address/", $gets, seconds => 1);
    measure("ocsp get $name" => sub { return load("$address/", $gets)->{rate} });
    measure("ocsp static $name" => sub { return load("$i->{plain}/", $static)->{rate} });
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
