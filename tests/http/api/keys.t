#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Keys that the records know: somebody else's, and compromised ones.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main;

main_instance();
chmod 0755, scratch();

sub try_csr {
    my ($who, $csr) = @_;
    return as($who, POST => '/api/v1/enroll', json => { profile => 'user', csr => $csr });
}

sub refused {
    my ($who, $csr, $rule) = @_;
    my $answer = try_csr($who, $csr);
    problem_is($answer, 422, 'refused', field => '/csr', rule => $rule);
    ok($answer->{json}{hint}, "$rule comes with a hint");
    return $answer;
}

my $csr = csr();
my $mine = try_csr('user1', $csr);
is($mine->{status}, 201, 'user1 enrolls');
is(try_csr('user1', $csr)->{status}, 201, 'and does so again with the same key');
my $answer = refused('user2', $csr, 'key.taken');
unlike($answer->{body}, qr/user1|$mine->{json}{certificate}{id}/, 'whose key it is stays untold');

is(revoke('user1', $mine->{json}{certificate}{id}, 'keyCompromise')->{status}, 201, 'revoked for keyCompromise');
refused('user1', $csr, 'key.compromised');

# reported by command: a certificate, then the request of the same key
my $other = csr();
my $made = try_csr('user1', $other)->{json}{certificate};
my @report = (qw(key compromised), readable('other.pem', $made->{pem}));
my ($code, $text) = ctl(@report);
is($code, 0, 'certmgrctl key compromised') or diag($text);
like($text, qr/^request \w+ waits: .*0 of 2 by ca-admin/, 'waits for two ca-admins');
my ($waiting) = $text =~ /^request (\w+)/;
is(try_csr('user1', $other)->{status}, 201, 'until then it is a key like others');
is(as($_, POST => "/api/v1/change/$waiting/events", json => { event => 'approve' })->{status}, 200, "$_ approves") for qw(admin1 admin2);
refused('user1', $other, 'key.compromised');
($code, $text) = ctl(qw(key compromised), readable('other.csr', $other));
is($code, contract('exit_codes')->{refused}, 'reported again, by the request');
like($text, qr/was reported before/, 'which is said');
my $third = csr();
my $still = try_csr('user1', $third)->{json}{certificate}{id};
($code, $text) = break_glass('--json', qw(key compromised), readable('third.csr', $third));
is($code, 0, 'behind broken glass') or diag($text);
is_deeply((eval { JSON::PP->new->utf8->decode($text) } // {})->{certificates}, [$still], 'the certificate that still stands is named');
refused('user1', $third, 'key.compromised');
is((ctl(qw(key compromised), readable('none.pem', "hello\n")))[0], contract('exit_codes')->{refused}, 'no key');
is(as('user1', GET => "/api/v1/certificates/$made->{id}")->{json}{status}, 'active', 'a report revokes nothing');

done();

# A file that the server's user can read.
sub readable {
    my ($name, $content) = @_;
    my $path = scratch($name);
    write_file($path, $content);
    chmod 0644, $path;
    return $path;
}
