#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# certmgrctl: exit codes, listings, help for each command.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Load;
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my $codes = contract('exit_codes');

sub listing {
    my ($status, $text) = ctl('--json', @_);
    is($status, 0, "certmgrctl --json @_") or diag($text);
    return eval { JSON::PP->new->utf8->decode($text) } // {};
}

is((ctl())[0], $codes->{usage}, 'no command');
is((ctl('nope'))[0], $codes->{usage}, 'no such command');
is((ctl(qw(ca show nope)))[0], $codes->{refused}, 'no such authority');
is((ctl(qw(db status)))[0], 0, 'db status');
is((ctl(qw(db upgrade)))[0], 0, 'db upgrade has nothing to do');
is_deeply([sort map { $_->{name} } @{ listing(qw(ca list))->{items} }], [sort @{ contract('authorities') }], 'authorities');
is_deeply([sort map { $_->{name} } @{ listing(qw(person list))->{items} }], [sort @{ contract('people') }], 'people');
cmp_ok(scalar @{ listing(qw(routes))->{items} }, '>=', 20, 'routes');
cmp_ok(scalar @{ listing(qw(token list))->{items} }, '>=', 1, 'tokens');
cmp_ok(scalar @{ listing(qw(jobs list))->{items} }, '>=', 4, 'jobs');
like((ctl(qw(lifecycle --dot)))[1], qr/^digraph/, 'lifecycle --dot');
like((ctl(qw(crl publish issuing)))[1], qr/number [1-9]/, 'crl publish');
is((ctl(qw(jobs run seal)))[0], 0, 'jobs run seal');

subtest 'lists that several publish at once' => sub {
    my ($before) = (ctl(qw(crl publish issuing)))[1] =~ /number (\d+)/;
    my @said = clients(4, sub { my ($code, $text) = ctl(qw(crl publish issuing)); $_[1]->("$code: $text") });
    is(scalar(grep { /^0: .*number \d+/s } @said), 4, 'each is made') or diag(@said);
    my ($after) = (ctl(qw(crl publish issuing)))[1] =~ /number (\d+)/;
    cmp_ok($after, '>=', $before + 5, 'with a number of its own');
};

subtest 'nothing is made that can not be recorded' => sub {
    my ($code, $out) = ctl('--yes', 'init', '--log', '/nowhere/ceremony.log');
    is($code, $codes->{refused});
    like($out, qr/ceremony\.log can't be written.*hint: --log/s, 'why, and what to do');
    unlike($out, qr/(?:made|was there)$/m, 'before the first step');
};

subtest 'every command has help' => sub {
    my ($code, $help) = ctl('--help');
    is($code, 0);
    my @commands = $help =~ /^  ((?:[a-z]+ )?[a-z-]+(?: [a-z]+)?)(?= |$)/mg;
    cmp_ok(scalar @commands, '>=', 15, 'commands are listed') or diag($help);
};

subtest 'the token or the database is away' => sub {
    my $conf = read_file($i->{CERTMGR_CONF});
    my $nowhere = on_postgres() ? 'host=/nowhere dbname=certmgr' : '/nowhere/certmgr.db';
    write_file(scratch('no-token.conf'), $conf =~ s/pkcs11:token=certmgr/pkcs11:token=absent/gr);
    chmod 0755, scratch();
    my ($code, $out) = ctl('-f', scratch('no-token.conf'), qw(audit verify));
    is($code, $codes->{unreachable}, 'token') or diag($out);
    # the server's way to the token and that of libp11
    write_file(scratch('no-module.conf'), $conf =~ s{(CertMgrToken "?\w+"? )"?/[^" ]+\.so"?}{$1/nowhere/module.so}gr);
    for my $command (['audit', 'verify'], ['token', 'list']) {
        ($code, $out) = ctl('-f', scratch('no-module.conf'), @{$command});
        is($code, $codes->{unreachable}, "module, @{$command}") or diag($out);
        like($out, qr{/nowhere/module\.so}, 'which is named');
    }
    write_file(scratch('no-db.conf'), $conf =~ s{DBDParams ".*?"}{DBDParams "$nowhere"}r);
    ($code, $out) = ctl('-f', scratch('no-db.conf'), qw(ca list));
    is($code, $codes->{unreachable}, 'database') or diag($out);
};
done();
