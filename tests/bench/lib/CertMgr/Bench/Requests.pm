# SPDX-License-Identifier: Apache-2.0
# Certification requests for all rounds, made once for a build and kept there; each is sent once to each
# server.
package CertMgr::Bench::Requests;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use CertMgr::Bench;

our @EXPORT = qw(pem_records body_records a_round enroll);

# More than any server here takes: a round that has sent them all ends early.
use constant MOST_A_SECOND => 4000;

sub a_round { return option('SECONDS') * MOST_A_SECOND }

# One round more than are measured, to warm up.
sub wanted { return a_round() * (option('ROUNDS') + 1) }

# The file of PEM records for keys of this algorithm.
sub pem_records {
    my ($algorithm) = @_;
    my $path = "$ENV{CERTMGR_TEST_BUILD}/bench/$algorithm-" . wanted() . '.pem-records';
    return $path if -f $path;
    say_step('making ' . wanted() . " requests with $algorithm keys");
    my $count = wanted();
    system('/bin/sh', '-c', '"$0" "$1" "$2" >"$3.new" && mv "$3.new" "$3"',
        "$ENV{CERTMGR_TEST_BUILD}/bench-csrs", $algorithm, $count, $path) == 0
        or die "bench-csrs failed\n";
    return $path;
}

my %bodies;

# The same as JSON: 'ours' or 'cfssl'.
sub body_records {
    my ($algorithm, $kind) = @_;
    return $bodies{"$algorithm-$kind"} //= make_bodies($algorithm, $kind);
}

sub make_bodies {
    my ($algorithm, $kind) = @_;
    my $path = work_folder() . "/$algorithm-$kind";
    my ($head, $tail) = $kind eq 'ours' ? ('{"profile":"user","csr":"', '"}') : ('{"certificate_request":"', '"}');
    open my $from, '<:raw', pem_records($algorithm) or die $!;
    open my $to, '>:raw', $path or die "$path: $!";
    while (read($from, my $len, 4) == 4) {
        read $from, my $pem, unpack 'N', $len;
        print {$to} pack 'N/a*', $head . $pem =~ s/\n/\\n/gr . $tail;
    }
    close $to or die "$path: $!";
    return $path;
}

# Enrolls over HTTPS as user1, with what no request before has sent to this instance; what bench-load
# prints.
sub enroll {
    my ($i, $algorithm, %with) = @_;
    my $sent = \$i->{sent}{$algorithm};
    my $said = load("$i->{CERTMGR_URL}/api/v1/enroll", body_records($algorithm, 'ours'),
        type => 'application/json', expect => 201, certificate => "$i->{CERTMGR_PEOPLE}/user1.pem",
        root => $i->{CERTMGR_CA}, first => $$sent // 0, most => a_round(), %with);
    $$sent += $said->{sent};
    $i->{enrolled} += $said->{good};
    return $said;
}

1;
