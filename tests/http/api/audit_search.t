#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit log as an auditor reads it: filters against a model, pages, wrong parameters, one event with
# its proof, which code of another make follows up to a head that openssl verifies.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use Digest::SHA qw(sha256 sha256_hex);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use URI::Escape qw(uri_escape);
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
chmod 0755, scratch();

sub audit {
    my ($query, %with) = @_;
    my $who = delete $with{who} // 'auditor1';
    return as($who, GET => "/api/v1/audit$query", %with);
}

my $enrolled = enroll('user1');
my $trace = as('user1', POST => '/api/v1/enroll', json => { profile => 'user', csr => 'x' })->{headers}->header('X-Request-Id');
enroll('user2') for 1 .. 2;
is(revoke('user1', $enrolled->{certificate}{id})->{status}, 201, 'revoked');
as('user2', POST => '/api/v1/revoke', json => { certificate => $enrolled->{certificate}{id}, reason => 'superseded', remarks => 'x' });
ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');

subtest 'all events, page by page' => sub {
    my $whole = audit('?limit=200')->{json};
    members_are($whole, 'list');
    members_are($_, 'event') for @{ $whole->{items} };
    my @ids = map { $_->{id} } @{ $whole->{items} };
    my $stored = query('SELECT id FROM audit_event ORDER BY happened DESC, id DESC LIMIT 200');
    is(join("\n", @ids), $stored, 'newest first');
    my @paged;
    my $next = '/certmgr/api/v1/audit?limit=7&outcome=done&happened_before=2100-01-01T00:00:00.5Z';
    for (1 .. 100) {
        my $page = audit($next =~ s{^/certmgr/api/v1/audit}{}r)->{json};
        cmp_ok(scalar @{ $page->{items} }, '<=', 7, 'no more than were asked for');
        push @paged, map { $_->{id} } @{ $page->{items} };
        $next = $page->{next} // last;
    }
    my %done = map { $_->{id} => $_->{outcome} eq 'done' } @{ $whole->{items} };
    is_deeply(\@paged, [grep { $done{$_} } @ids], 'the pages are the same, each event once');
};

# What the database holds, as a model of the filters.
my @columns = qw(id happened action outcome actor object trace);
my @model = map { my %e; @e{@columns} = split /\|/, $_, -1; \%e }
    split /\n/, query('SELECT id, happened, action, outcome, coalesce(actor, \'\'), coalesce(object, \'\'), coalesce(trace, \'\')'
        . ' FROM audit_event ORDER BY happened DESC, id DESC');

sub rfc3339 {
    my ($time) = @_;
    my @t = gmtime int($time / 1_000_000);
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0], $time % 1_000_000;
}

subtest 'filters, alone and together' => sub {
    srand 7;
    my $user1 = as('user1', GET => '/api/v1/me')->{json}{id};
    my ($early, $late) = @{model_times()};
    my %sample = (action => 'request.submit', outcome => 'refused', actor => $user1,
        object => $enrolled->{id}, trace => $trace, happened_after => $early, happened_before => $late);
    my @sets = ({}, (map { { $_ => $sample{$_} } } sort keys %sample), { outcome => 'done' }, { action => 'request.submit', outcome => 'done' },
        { actor => $user1, outcome => 'refused' }, { actor => $user1, trace => $trace }, { object => 'nothing' },
        { object => $enrolled->{id}, outcome => 'refused' }, { happened_after => $late, happened_before => $early });
    push @sets, { map { rand() < 0.4 ? ($_ => $sample{$_}) : () } sort keys %sample } for 1 .. 12;
    for my $set (@sets) {
        my $name = join ' ', map { "$_=$set->{$_}" } sort keys %{$set};
        my $query = join '', map { "&$_=" . uri_escape($set->{$_} =~ /^\d{15,}$/ ? rfc3339($set->{$_}) : $set->{$_}) } sort keys %{$set};
        my @expected = map { $_->{id} } grep { fits($_, $set) } @model;
        my $answer = audit("?limit=200$query");
        is_deeply([map { $_->{id} } @{ $answer->{json}{items} }], \@expected, (scalar @expected) . " for $name") or diag($answer->{body});
    }
};

sub model_times { return [$model[-5]{happened}, $model[3]{happened}] }

sub fits {
    my ($event, $set) = @_;
    for my $name (keys %{$set}) {
        my $wanted = $set->{$name};
        return 0 if $name eq 'happened_after' ? $event->{happened} < $wanted
            : $name eq 'happened_before'      ? $event->{happened} >= $wanted
            :                                   $event->{$name} ne $wanted;
    }
    return 1;
}

subtest 'wrong parameters' => sub {
    my @wrong = (
        ['limit=0', 'value.limit', '/limit'], ['limit=201', 'value.limit', '/limit'], ['limit=x', 'value.type', '/limit'],
        ['limit=', 'value.type', '/limit'], ['action=nope', 'value.word', '/action'], ['outcome=maybe', 'value.word', '/outcome'],
        ['outcome=', 'value.word', '/outcome'],
        ['happened_after=yesterday', 'value.time', '/happened_after'], ['happened_before=2026-02-30T00:00:00Z', 'value.time', '/happened_before'],
        ['happened_after=2026-01-01T00:00:00%2B01:00', 'value.time', '/happened_after'],
        ['before=x', 'query.cursor', '/before'], ['before=-1-x', 'query.cursor', '/before'], ['before=99999999999999999999-x', 'query.cursor', '/before'],
        ['actor=' . 'x' x 200, 'value.limit', '/actor'], ['object=%00', 'query.encoding', ''],
        ['trace=%ff', 'query.encoding', '/trace'], ['trace=a%0ab', 'value.type', '/trace'], ['actor=a&actor=b', 'query.twice', '/actor']);
    for my $case (@wrong) {
        my ($query, $rule, $field) = @{$case};
        my $answer = audit("?$query");
        is($answer->{status}, 422, "$query is refused") or diag($answer->{body});
        is($answer->{json}{rule}, $rule, "$query: rule");
        is($answer->{json}{field}, $field, "$query: field") if $field;
    }
    problem_is(audit('?nope=1'), 422, 'unknown-member', field => '/nope');
    my $both = audit('?nope=1&limit=x&action=y')->{json};
    is(audit('?action=nope&outcome=nope')->{json}{violations}[1]{field}, '/outcome', 'all at once');
    is(audit("?$_")->{status}, 200, "$_ finds nothing or something")
        for 'object=%27%20OR%201=1', 'actor=%25', 'before=1-' . '%7e' x 10, 'object=%F0%9F%94%91', '&&', '';
};

subtest 'nobody but auditors' => sub {
    my $id = $model[0]{id};
    for my $path ('', '.csv', '/head', '/refusals', "/$id") {
        problem_is(audit($path, who => $_), 403, 'forbidden', rule => 'permission.audit', name => "$_: audit$path") for qw(user1 officer1 admin1);
        problem_is(nobody(GET => "/api/v1/audit$path"), 401, 'identity', name => "nobody: audit$path");
        problem_is(as('auditor1', POST => "/api/v1/audit$path", json => {}), 405, 'method', name => "POST audit$path");
    }
};

# RFC 9162 2.1.3.2, written down once more.
sub root_of {
    my ($leaf, $index, $size, @hashes) = @_;
    my ($fn, $sn, $r) = ($index, $size - 1, $leaf);
    for my $p (@hashes) {
        return '' if $sn == 0;
        if ($fn % 2 || $fn == $sn) {
            $r = sha256("\1$p$r");
            if (!($fn % 2)) {
                do { $fn >>= 1; $sn >>= 1 } until $fn % 2 || $fn == 0;
            }
        }
        else {
            $r = sha256("\1$r$p");
        }
        $fn >>= 1;
        $sn >>= 1;
    }
    return $sn == 0 ? $r : '';
}

sub is_signed {
    my ($head) = @_;
    write_file(scratch('spki'), decode_base64($head->{key}));
    write_file(scratch('signature'), decode_base64($head->{signature}));
    write_file(scratch('text'), "certmgr-audit-head-v1\n$head->{size}\n$head->{root}\n$head->{time}\n");
    my ($code, $pem) = command(qw(openssl pkey -pubin -inform DER -in), scratch('spki'), '-out', scratch('spki.pem'));
    ($code) = command(qw(openssl dgst -sha256 -verify), scratch('spki.pem'), '-signature', scratch('signature'), scratch('text'));
    return $code == 0;
}

subtest 'an outsider verifies one event' => sub {
    my $json = JSON::PP->new->utf8;
    for my $event (@model[0, 1, 2, 5, int(@model / 2), $#model]) {
        my $answer = audit("/$event->{id}")->{json};
        members_are($answer, 'event', 'proof');
        my $proof = $answer->{proof};
        members_are($proof, 'proof');
        members_are($proof->{head}, 'head');
        utf8::encode(my $input = $proof->{input});
        my $leaf = sha256("\0$input");
        my $root = root_of($leaf, $answer->{leaf}, $proof->{head}{size}, map { pack 'H*', $_ } @{ $proof->{hashes} });
        is(unpack('H*', $root), $proof->{head}{root}, "$answer->{action} leads to the root");
        ok(is_signed($proof->{head}), 'which is signed');
        my $said = $json->decode($input);
        utf8::encode(my $personal = $proof->{personal});
        is($said->{personal}, sha256_hex(pack('H*', $proof->{salt}), $personal), 'the personal part is the one');
        is_deeply($json->decode($personal), $answer->{personal}, 'as it is shown');
        utf8::encode(my $detail = $said->{detail});
        is_deeply($json->decode($detail), $answer->{detail}, 'and so is the detail');
        is($said->{$_}, $answer->{$_}, $_) for qw(id action outcome actor object trace);
        is($said->{time}, $event->{happened}, 'time');
        isnt(unpack('H*', root_of(sha256("\0x$input"), $answer->{leaf}, $proof->{head}{size}, map { pack 'H*', $_ } @{ $proof->{hashes} })),
            $proof->{head}{root}, 'another event does not lead there');
        ok(!is_signed({ %{ $proof->{head} }, size => $proof->{head}{size} + 1 }), 'the signature is of this head');
    }
};

subtest 'the newest head' => sub {
    my $head = audit('/head')->{json};
    members_are($head, 'head');
    ok(is_signed($head), 'signed');
    is($head->{size}, query('SELECT max(size) FROM audit_head'), 'the newest');
    write_file(scratch('head'), JSON::PP->new->encode($head) . "\n");
    chmod 0644, scratch('head');
    my ($code, $text) = ctl(qw(audit verify --head), scratch('head'), '--head', scratch('head'));
    is($code, 0, 'certmgrctl takes it as a head') or diag($text);
    is((audit('/nope'))->{status}, 404, 'no such event');
    is((audit('/%FF'))->{status}, 404, 'nor one that is no text');
};

subtest 'certmgrctl finds the same' => sub {
    my ($code, $text) = ctl(qw(--json audit list --outcome refused --limit 200 --until 2100-01-01T00:00:00Z));
    is($code, 0) or diag($text);
    is_deeply(JSON::PP->new->utf8->decode($text)->{items}, audit('?outcome=refused&limit=200')->{json}{items}, 'as JSON');
    ($code, $text) = ctl(qw(audit list --object), $enrolled->{id});
    like($text, qr/^\S+Z +request\.submit +done +\w+ +$enrolled->{id} /m, 'as text');
    ($code, $text) = ctl(qw(audit list --action nope));
    is($code, contract('exit_codes')->{refused}, 'a wrong word') or diag($text);
};

subtest 'an event that was changed behind our back' => sub {
    my $id = query('SELECT id FROM audit_event WHERE leaf = (SELECT max(leaf) - 2 FROM audit_event)');
    query("UPDATE audit_event SET detail = 'no JSON', personal = NULL WHERE id = '$id'");
    announce_log(qr/integrity: this event is not what was sealed/);
    problem_is(audit("/$id"), 500, 'integrity', hint => qr/audit verify/);
    my ($shown) = grep { $_->{id} eq $id } @{ audit('?limit=200')->{json}{items} };
    is_deeply([@{$shown}{qw(detail personal)}], [{ unreadable => 'no JSON' }, undef], 'lists show what is there');
};
done();
