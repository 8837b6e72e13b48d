# SPDX-License-Identifier: Apache-2.0
# OCSP requests and answers as bytes (RFC 6960): thousands are asked in a soak, too many for a program each.
#
#     my $issuer = ocsp_issuer($pem_file);
#     my $der = ocsp_request($issuer, $serial, $nonce);     # the nonce may be missing
#     my ($word) = ocsp_word($answer, $serial, $nonce);     # good, revoked, later; or what is wrong with it
package CertMgr::Soak::Ocsp;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use CertMgr::Main;

our @EXPORT = qw(ocsp_issuer ocsp_request ocsp_address ocsp_word ocsp_verified);

my %status = (1 => 'malformedRequest', 2 => 'internalError', 3 => 'later', 5 => 'sigRequired', 6 => 'unauthorized');

# The hashes of name and key that openssl asks with.
sub ocsp_issuer {
    my ($pem_file) = @_;
    my $out = scratch('issuer.der');
    my ($code, $text) = command(qw(openssl ocsp -no_nonce -issuer), $pem_file, qw(-serial 1 -reqout), $out);
    die $text if $code;
    my ($name, $key) = read_file($out) =~ /\x04\x14(.{20})\x04\x14(.{20})/s or die 'no CertID';
    return { name => $name, key => $key, file => $pem_file };
}

sub der {
    my ($tag, $content) = @_;
    my $length = length $content;
    return pack('CC', $tag, $length) . $content if $length < 128;
    return pack('CCn', $tag, 0x82, $length) . $content;
}

sub ocsp_request {
    my ($issuer, $serial, $nonce) = @_;
    my $number = pack 'H*', $serial;
    $number = "\0$number" if ord $number > 127;
    my $sha1 = der(0x30, "\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00");
    my $id = der(0x30, $sha1 . der(0x04, $issuer->{name}) . der(0x04, $issuer->{key}) . der(0x02, $number));
    my $list = der(0x30, der(0x30, $id));
    my $more = defined $nonce
        ? der(0xa2, der(0x30, der(0x30, "\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02" . der(0x04, der(0x04, $nonce))))) : '';
    return der(0x30, der(0x30, $list . $more));
}

sub ocsp_address { return '/ocsp/' . (encode_base64($_[0], '') =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger) }

sub ocsp_word {
    my ($answer, $serial, $nonce) = @_;
    my ($code) = $answer =~ /^\x30(?:[\x00-\x7f]|\x81.|\x82..)\x0a\x01(.)/s or return 'no OCSP answer';
    return $status{ ord $code } // 'unknown status' if ord $code;
    return 'another nonce' if defined $nonce && index($answer, $nonce) < 0;
    my ($word) = $answer =~ /\Q@{[pack 'H*', $serial]}\E(\x80\x00|\xa1|\x82\x00)/ or return 'another certificate';
    return { "\x80\x00" => 'good', "\xa1" => 'revoked', "\x82\x00" => 'unknown' }->{$word};
}

# The word once more, with the signature verified by openssl.
sub ocsp_verified {
    my ($answer, $serial, $issuer, $chain) = @_;
    my $file = scratch("answer-$$.der");
    write_file($file, $answer);
    my ($code, $text) = command(qw(openssl ocsp -no_nonce -issuer), $issuer->{file}, '-serial', "0x$serial", '-respin', $file,
        '-CAfile', $chain);
    return $text =~ /Response verify OK.*?: (\w+)/s ? $1 : $text;
}

1;
