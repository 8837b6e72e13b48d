# SPDX-License-Identifier: Apache-2.0
# The token of an instance with the faults of the unit tests (tests/unit/keys/faulty_module.c).
#
#     use CertMgr::Token;
#     faulty_token($i);                 # after main_instance(); starts httpd anew
#     set_fault(slow_ms => 100);
#     fault('inside');                  # a counter
package CertMgr::Token;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Copy ();
use Test::More;
use CertMgr::Main;

our @EXPORT = qw(faulty_token set_fault fault);

my (%members, $path, $size);

# name => [offset, format], from the C structure
sub read_members {
    my $at = 0;
    for my $line (split /\n/, read_file("$ENV{CERTMGR_TEST_TOP}/tests/unit/keys/faults.h")) {
        my ($type, $name) = $line =~ /^\s*atomic_(ulong|int) (\w+);/ or next;
        my ($len, $format) = $type eq 'ulong' ? (8, 'Q') : (4, 'l');
        $at += -$at % $len;
        $members{$name} = [$at, $format];
        $at += $len;
    }
    return $at + -$at % 8;
}

sub faulty_token {
    my ($i) = @_;
    my $folder = "$i->{CERTMGR_FOLDER}/demo";
    $size = read_members();
    $path = write_file("$folder/run/faults", "\0" x $size);
    chmod 0666, $path or die "$path: $!";
    File::Copy::copy("$ENV{CERTMGR_TEST_BUILD}/.libs/faulty_pkcs11.so", "$folder/lib/faulty_pkcs11.so") or die "faulty_pkcs11.so: $!";
    my $conf = read_file($i->{CERTMGR_CONF});
    $conf =~ s{^CertMgrToken main "([^"]+)"(.*)}{CertMgrToken main "$folder/lib/faulty_pkcs11.so"$2
CertMgrTokenEnvironment CERTMGR_TEST_MODULE "$1"
CertMgrTokenEnvironment CERTMGR_TEST_FAULTS "$path"}m or die 'no token';
    write_file($i->{CERTMGR_CONF}, $conf);
    my ($code, $text) = tool('start');
    is($code, 0, 'httpd with the faulty token') or diag($text);
    return;
}

sub set_fault {
    my ($name, $value) = @_;
    my ($at, $format) = @{ $members{$name} };
    open my $file, '+<:raw', $path or die "$path: $!";
    seek $file, $at, 0;
    print {$file} pack $format, $value;
    close $file or die "$path: $!";
    return;
}

sub fault {
    my ($name) = @_;
    my ($at, $format) = @{ $members{$name} };
    return unpack $format, substr read_file($path), $at, 8;
}

1;
