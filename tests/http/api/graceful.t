#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Graceful restarts under load drop no more enrollments than calls for a static file of the same httpd, and
# each that was answered is stored, once.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;
use CertMgr::Records;

use constant { CONNECTIONS => 16, RESTARTS => 5, TRIES => 4 };

my $site = scratch('site');
mkdir $site or die "$site: $!";
chmod 0755, scratch(), $site;
write_file("$site/file.txt", 'x' x 1000);
$ENV{CERTMGR_EXTRA} = "DocumentRoot $site\n<Directory $site>\nRequire all granted\n</Directory>";
my $i = main_instance();
my %with = (connections => CONNECTIONS, cert => "$i->{CERTMGR_PEOPLE}/user1.pem", ca => $i->{CERTMGR_CA});
my ($parent) = server_processes();

sub folder {
    my $path = scratch($_[0]);
    mkdir $path or die "$path: $!";
    return $path;
}

my $before = issued();
my %sum = map { $_ => 0 } qw(enrollments enrolled reads read);
my @answered;

# Several restarts while both streams run.
sub run_streams {
    my ($try) = @_;
    my $posted = start_stream(%with, folder => folder("posts-$try"), url => "$i->{CERTMGR_URL}/api/v1/enroll",
        body => JSON::PP->new->encode({ profile => 'user', csr => csr() }));
    my $read = start_stream(%with, folder => folder("reads-$try"), url => $i->{CERTMGR_URL} =~ s{/certmgr$}{/file.txt}r);
    for my $restart (1 .. RESTARTS) {
        my $issued = issued();
        ok(wait_until(sub { issued() > $issued + CONNECTIONS }), "restart $restart: certificates are issued before");
        my %old = map { $_ => 1 } server_processes();
        kill USR1 => $parent;
        ok(wait_until(sub { 2 <= grep { !$old{$_} } server_processes() }), 'there are new children');
    }
    my $issued = issued();
    ok(wait_until(sub { issued() > $issued + CONNECTIONS }), 'and after');
    my %now;
    @now{qw(enrollments enrolled)} = stop_stream($posted);
    @now{qw(reads read)} = stop_stream($read);
    push @answered, map { answered($_) } wait_stream($posted);
    $sum{$_} += $now{$_} for keys %now;
    note(join ', ', map { "$_ $now{$_}" } sort keys %now);
    note(read_file($_)) for map { scratch("$_-$try/stream-errors") } qw(posts reads);
    return;
}

sub dropped { return ($sum{enrollments} - $sum{enrolled}, $sum{reads} - $sum{read}) }

# httpd closes connections that wait for their next request just when it comes; that is up to chance, so
# what a few restarts say is not held against it
for my $try (1 .. TRIES) {
    subtest 'restarts under load' => sub { run_streams($try) };
    my ($posts, $reads) = dropped();
    last if $posts <= $reads;
}
my ($posts, $reads) = dropped();
cmp_ok($sum{read}, '>', CONNECTIONS, 'the file was read');
cmp_ok($posts, '<=', $reads, "$posts enrollments were dropped, no more than calls for the file, $reads");
is((server_processes())[0], $parent, 'one parent all the time');

subtest 'what was answered is there' => sub {
    is(scalar @answered, $sum{enrolled}, 'each answer is known');
    are_stored(@answered);
    is(issued() - $before, @answered, 'and nothing else: what was dropped was not done');
};
subtest 'nothing is there in part, or twice' => \&are_whole;
done();
