#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Delta CRLs and shards, as openssl and certtool take them; CRLs as files.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $directory = "$i->{CERTMGR_FOLDER}/demo/run/certmgr-crl";

sub fetch {
    my ($list, $as) = @_;
    my $r = nobody(GET => "/crl/$list.crl");
    is($r->{status}, 200, "$list.crl") or diag($r->{body});
    write_file(scratch("$as.der"), $r->{body});
    command(qw(openssl crl -inform DER -in), scratch("$as.der"), '-out', scratch("$as.pem"));
    return scratch("$as.pem");
}

sub text { return (command(qw(openssl crl -noout -text -in), fetch($_[0], 'text')))[1] }

sub lists {
    my ($list, $certificate) = @_;
    return text($list) =~ /Serial Number: 0*\Q@{[$certificate->{serial} =~ s{^0+}{}r]}\E$/im;
}

# What openssl says with these lists.
sub verify {
    my ($certificate, @lists) = @_;
    write_file(scratch('ask.pem'), $certificate->{pem});
    write_file(scratch('all.pem'), join '', map { read_file($_) } @lists);
    my ($code, $text) = command(qw(openssl verify -x509_strict -crl_check -use_deltas -CAfile), $i->{CERTMGR_CA},
        '-untrusted', $i->{CERTMGR_CHAIN}, '-CRLfile', scratch('all.pem'), scratch('ask.pem'));
    return $code == 0 ? 'good' : $text =~ /certificate revoked/ ? 'revoked' : $text;
}

sub act {
    my ($who, $operation, $certificate) = @_;
    my $r = as($who, POST => "/api/v1/$operation", json => { certificate => $certificate->{id}, remarks => 'test' });
    is($r->{status}, 201, $operation) or diag($r->{body});
    return;
}

subtest 'a delta brings an older list up to date' => sub {
    my ($certificate, $held) = map { enroll('user1')->{certificate} } 1, 2;
    ok(wait_until(sub { nobody(GET => '/crl/issuing-delta.crl')->{status} == 200 }), 'there is a delta from the start');
    my $before = fetch('issuing', 'before');
    is(revoke('user1', $certificate->{id})->{status}, 201, 'revoked');
    act('user1', suspend => $held);
    ok(wait_until(sub { lists('issuing-delta', $certificate) && lists('issuing-delta', $held) }), 'the delta lists both');
    my $delta = fetch('issuing-delta', 'delta');
    ok(wait_until(sub { lists('issuing', $held) }), 'the full list too');
    my $with_both = fetch('issuing', 'with_both');
    like(text('issuing'), qr{Freshest CRL:\s+Full Name:\s+URI:\S+/crl/issuing-delta\.crl}, 'the full list names it');
    like(text('issuing-delta'), qr/Delta CRL Indicator: critical/, 'which says what it is');
    is((command('certtool', '--crl-info', '--infile', $delta))[0], 0, 'certtool reads it');
    is(verify($certificate, $before), 'good', 'the old list alone');
    is(verify($certificate, $before, $delta), 'revoked', 'with the delta');
    is(verify($held, $before, $delta), 'revoked', 'on hold');

    act('officer1', reinstate => $held);
    ok(wait_until(sub { text('issuing-delta') =~ /Remove From CRL/i }), 'removeFromCRL');
    $delta = fetch('issuing-delta', 'delta');
    is(verify($held, $with_both), 'revoked', 'the old list alone');
    is(verify($held, $with_both, $delta), 'good', 'with the delta');
    is(verify($certificate, $with_both, $delta), 'revoked', 'the other one stays');
    is(nobody(GET => '/crl/root-delta.crl')->{status}, 404, 'the root has none');
};

sub change {
    my ($change) = @_;
    return as('admin1', POST => '/api/v1/change', json => { kind => 'authority.crl', change => $change });
}

subtest 'shards' => sub {
    my $old = enroll('user1')->{certificate};
    my $r = change({ authority => 'issuing', shards => 2 });
    is($r->{status}, 202, 'asked for') or diag($r->{body});
    is(nobody(GET => '/crl/issuing-1.crl')->{status}, 404, 'not yet');
    $r = as('admin2', POST => "/api/v1/change/$r->{json}{id}/events", json => { event => 'approve' });
    is($r->{json}{state}, 'completed', 'approved') or diag($r->{body});
    problem_is(change({ authority => 'issuing', shards => 1 }), 409, 'conflict', rule => 'crl.shards');
    problem_is(change({ authority => 'nope', shards => 1 }), 422, 'invalid-value', rule => 'authority.unknown');
    problem_is(change({ authority => 'issuing', delta => 'soon' }), 422, 'invalid-value', field => '/change/delta');

    my $new = enroll('user1')->{certificate};
    write_file(scratch('new.pem'), $new->{pem});
    my ($shard) = (command(qw(openssl x509 -noout -ext crlDistributionPoints -in), scratch('new.pem')))[1] =~ m{/crl/issuing-([12])\.crl};
    ok($shard, 'a new certificate names its shard') or return;
    my $other = 3 - $shard;
    ok(wait_until(sub { nobody(GET => "/crl/issuing-$_.crl")->{status} == 200 }), "list $_") for 1, 2;
    is(verify($new, fetch("issuing-$shard", 'mine')), 'good', 'good');
    is(revoke('user1', $_->{id})->{status}, 201, 'revoked') for $old, $new;
    ok(wait_until(sub { lists("issuing-$shard", $new) && lists('issuing', $old) }), 'each in its list');
    is(verify($new, fetch("issuing-$shard", 'mine')), 'revoked', 'so says openssl');
    is(verify($old, fetch('issuing', 'whole')), 'revoked', 'of the one before too');
    like(verify($new, fetch("issuing-$other", 'other')), qr/different CRL scope/, 'the other list is not about it');
    ok(wait_until(sub { nobody(GET => "/crl/issuing-$shard-delta.crl")->{status} == 200 }), 'a shard has its delta');
};

subtest 'names of lists' => sub {
    is(nobody(GET => "/crl/$_.crl")->{status}, 404, $_) for qw(issuing-0 issuing-01 issuing-3 issuing--1 issuing-x -delta issuing-delta-1 %2e%2e);
};

subtest 'a file that was lost is made anew' => sub {
    my $before = nobody(GET => '/crl/root.crl');
    ok(unlink("$directory/root.crl"), 'lost') or diag($!);
    my $after = nobody(GET => '/crl/root.crl');
    is($after->{body}, $before->{body}, 'the same octets');
    is($after->{headers}->header($_), $before->{headers}->header($_), $_) for qw(ETag Last-Modified Content-Length);
};
done();
