#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The audit log as a file: CSV by the API, CSV and JSON lines by certmgrctl. All that the filters let
# through, in memory that does not grow; harmless in a spreadsheet; broken off visibly; an event itself.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use CertMgr::Test;
use CertMgr::Main;

use constant { ROWS => 10_000, WIDTH => 1000 };

my $i = main_instance();
my $json = JSON::PP->new->utf8;

# RFC 4180, the grammar of section 2.
sub parse_csv {
    my ($text) = @_;
    my @rows;
    while ((pos($text) // 0) < length $text) {
        my @row;
        while (1) {
            push @row, $text =~ /\G"((?:[^"]|"")*)"/gc ? $1 =~ s/""/"/gr : $text =~ /\G([^",\r\n]*)/gc ? $1 : die;
            next if $text =~ /\G,/gc;
            $text =~ /\G\r\n/gc or die 'no line end at ' . pos $text;
            last;
        }
        push @rows, \@row;
    }
    return @rows;
}

sub export {
    my ($query, %with) = @_;
    my $who = delete $with{who} // 'auditor1';
    return as($who, ($with{method} // 'GET') => "/api/v1/audit.csv$query", %with);
}

sub exports { return query("SELECT count(*) FROM audit_event WHERE action = 'audit.export'") }

enroll('user1') for 1 .. 2;
ok(wait_until(sub { query('SELECT count(*) FROM audit_event WHERE leaf IS NULL') eq '0' }), 'all is sealed');
my @names = qw(id happened action outcome actor object trace leaf detail personal);

subtest 'a file' => sub {
    my $answer = export('');
    is($answer->{status}, 200);
    is($answer->{headers}->header('Content-Type'), 'text/csv; charset=utf-8', 'media type');
    like($answer->{headers}->header('Content-Disposition'), qr/^attachment; filename="audit\.csv"$/, 'to be saved');
    is($answer->{headers}->header('Cache-Control'), 'no-store', 'not to be kept');
    my ($head, @rows) = parse_csv($answer->{body});
    is_deeply($head, \@names, 'the first line names the columns');
    is(scalar @rows, query('SELECT count(*) FROM audit_event'), 'all events, this export among them');
    is($rows[0][2], 'audit.export', 'newest first');
    my %row;
    @row{@names} = @{ $rows[-1] };
    is($row{id}, query('SELECT id FROM audit_event ORDER BY happened, id LIMIT 1'), 'to the oldest');
    my $same = as('auditor1', GET => "/api/v1/audit/$row{id}")->{json};
    is_deeply([map { $json->decode($row{$_}) } qw(detail personal)], [@{$same}{qw(detail personal)}], 'parts are JSON');
    is($row{$_}, $same->{$_} // '', $_) for qw(happened action outcome actor object trace leaf);
};

subtest 'an export is an event' => sub {
    my $before = exports();
    my ($code, $me) = (200, as('auditor1', GET => '/api/v1/me')->{json}{id});
    is(export('?outcome=done&happened_after=2020-01-01T00:00:00Z')->{status}, 200);
    my ($actor, $detail) = split /\|/, query("SELECT actor, detail FROM audit_event WHERE action = 'audit.export' ORDER BY id DESC LIMIT 1"), 2;
    is($actor, $me, 'of the auditor');
    is_deeply($json->decode($detail), { format => 'csv', login => 'tls', outcome => 'done', happened_after => '2020-01-01T00:00:00Z' }, 'says what was taken');
    is(exports(), $before + 1, 'one event');
    is(export('', method => 'HEAD')->{status}, 200, 'HEAD');
    problem_is(export('?limit=1'), 422, 'unknown-member', field => '/limit');
    problem_is(export('?action=nope'), 422, 'invalid-value', field => '/action');
    problem_is(export('', who => $_), 403, 'forbidden', name => $_) for qw(user1 officer1 admin1);
    is(exports(), $before + 1, 'what was not exported is none');
};

subtest 'no cell is a formula' => sub {
    my $tab = on_postgres() ? 'chr(9)' : 'char(9)';
    my @begin = ("'=2+3'", "'+1'", "'-1'", "'\@SUM'", "$tab || 'x'", "'a=\"b\",c'", "'=\"x\",1'");
    for my $n (0 .. $#begin) {
        query("INSERT INTO audit_event (id, happened, action, outcome, object, trace, leaf) VALUES ('f$n', 5, 'request.submit', 'done', 'formula', $begin[$n], " . (500_000 + $n) . ')');
    }
    my (undef, @rows) = parse_csv(export('?object=formula')->{body});
    is_deeply([map { $_->[6] } reverse @rows], ["'=2+3", "'+1", "'-1", "'\@SUM", "'\tx", 'a="b",c', "'=\"x\",1"], 'marked where it must be');
    my ($code, $text) = ctl(qw(audit export --jsonl --object formula));
    is($code, 0) or diag($text);
    is_deeply([map { $json->decode($_)->{trace} } reverse split /\n/, $text], ['=2+3', '+1', '-1', '@SUM', "\tx", 'a="b",c', '="x",1'], 'JSON lines are as they are');
};

query("INSERT INTO audit_event (id, happened, action, outcome, actor, object, detail, personal, leaf) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
        . ' SELECT i + 1 FROM n WHERE i < ' . ROWS . ") SELECT 'many' || (100000 + i), 1000 + i / 3, 'request.submit', 'done', 'busy', 'many',"
        . " '{\"n\":' || i || '}', '" . $json->encode({ remarks => 'x' x WIDTH }) . "', 600000 + i FROM n");

# The most memory that any process of httpd has had, in KiB.
sub peak {
    my ($parent) = read_file($i->{CERTMGR_PID}) =~ /(\d+)/;
    my @peaks = sort { $b <=> $a } map { read_file("/proc/$_/status") =~ /^VmHWM:\s*(\d+)/m } split ' ', (command('pgrep', '-P', $parent))[1];
    return $peaks[0];
}

subtest 'more than fits a page' => sub {
    export('?object=many&happened_before=1970-01-01T00:00:00.0012Z') for 1 .. 12;    # some pages, in each process
    my $before = peak();
    my $answer = export('?object=many');
    my $grown = peak() - $before;
    my $size = length($answer->{body}) / 1024;
    cmp_ok($size, '>', ROWS * WIDTH / 1024, "a file of $size KiB");
    cmp_ok($grown, '<', $size / 2, "memory has grown by $grown KiB") unless $ENV{HTTP_PRELOAD};
    my (undef, @rows) = parse_csv($answer->{body});
    is(scalar @rows, ROWS, 'all of it');
    my %seen = map { $_->[0] => 1 } @rows;
    is(scalar keys %seen, ROWS, 'each event once');
    ok(!(grep { $rows[$_ - 1][1] lt $rows[$_][1] } 1 .. $#rows), 'in order');
};

subtest 'one event behind many others of the same actor' => sub {
    query("INSERT INTO audit_event (id, happened, action, outcome, actor, object, leaf) VALUES ('rare', 900, 'request.cancel', 'done', 'busy', 'one', 700000)");
    my $page = as('auditor1', GET => '/api/v1/audit?actor=busy&action=request.cancel')->{json};
    is_deeply($page->{items}, [], 'a page may be empty');
    $page = as('auditor1', GET => $page->{next} =~ s{^/certmgr}{}r)->{json};
    is_deeply([map { $_->{id} } @{ $page->{items} }], ['rare'], 'and the next may hold it');
    is($page->{next}, undef, 'as the last');
    my (undef, @rows) = parse_csv(export('?actor=busy&action=request.cancel')->{body});
    is_deeply([map { $_->[0] } @rows], ['rare'], 'a file holds it');
    my @rare = qw(--actor busy --action request.cancel);
    is(scalar(() = (ctl(qw(audit export --jsonl), @rare))[1] =~ /"id":"rare"/g), 1, 'of any kind');
    like((ctl(qw(audit list), @rare))[1], qr/ rare *$/m, 'and a list of certmgrctl');
};

subtest 'by certmgrctl' => sub {
    my ($code, $csv) = ctl(qw(audit export --object many));
    is($code, 0);
    is($csv, export('?object=many')->{body}, 'the same file');
    ($code, my $lines) = ctl(qw(audit export --jsonl --object many));
    is($code, 0);
    my @events = split /\n/, $lines;
    is(scalar @events, ROWS, 'as JSON lines');
    is_deeply($json->decode($events[3]), as('auditor1', GET => '/api/v1/audit?limit=5&object=many')->{json}{items}[3], 'each as over the API');
    is((ctl(qw(audit export --jsonl --csv)))[0], contract('exit_codes')->{refused}, 'not both');
    is((ctl(qw(audit export --limit 3)))[0], contract('exit_codes')->{usage}, 'the whole selection only');
    like(query("SELECT personal FROM audit_event WHERE action = 'audit.export' ORDER BY id DESC LIMIT 1"), qr/"address":"local:/, 'and who typed it is recorded');
    my ($status) = (command('sh', '-c', "'$ENV{CERTMGR_TEST_TOP}/tools/instance' ctl '$i->{CERTMGR_FOLDER}/demo' audit export --object many >/dev/full"))[0];
    is($status, contract('exit_codes')->{refused}, 'a full disk is noticed');
};

# HTTP/1.0 knows no chunks, and httpd uses none where it closes the connection early.
my @curl = ('curl', '-sSN', '--no-alpn', '--noproxy', '*', '--cacert', $i->{CERTMGR_CA}, '--cert', "$i->{CERTMGR_PEOPLE}/auditor1.pem");
my $url = "$i->{CERTMGR_URL}/api/v1/audit.csv?object=many";
write_file(scratch('long'), 'x' x 100_000);

sub curl_headers {
    my ($code, $text) = command(@curl, '-D', scratch('headers'), '-o', scratch('body'), @_);
    is($code, 0, "curl @_") or diag($text);
    return read_file(scratch('headers'));
}

subtest 'where there are no chunks the length is told' => sub {
    my $whole = export('?object=many')->{body};
    for my $way (['--http1.0'], ['-X', 'GET', '--data-binary', '@' . scratch('long')]) {
        my $headers = curl_headers(@{$way}, $url);
        like($headers, qr/^Content-Length: @{[length $whole]}\r$/m, 'length');
        unlike($headers, qr/^Transfer-Encoding:/m, 'and no chunks');
        ok(read_file(scratch('body')) eq $whole, 'the same file');
    }
    unlike(curl_headers($url), qr/^Content-Length:/m, 'else it is sent as it is made');
};

# An event that can't be read stands among the last of a view in place of the table.
sub with_broken_view {
    my ($work) = @_;
    my @columns = qw(id happened action outcome actor object trace detail personal salt);
    my $fault = on_postgres() ? '1 / (happened - happened)' : 'abs(-9223372036854775807 - 1)';
    query('ALTER TABLE audit_event RENAME TO kept');
    query('CREATE VIEW audit_event AS SELECT ' . join(', ', @columns) . ", CASE WHEN id = 'many100005' THEN $fault ELSE leaf END AS leaf FROM kept");
    query('CREATE TRIGGER into_kept INSTEAD OF INSERT ON audit_event BEGIN INSERT INTO kept (' . join(', ', @columns) . ') VALUES ('
            . join(', ', map { "NEW.$_" } @columns) . '); END') unless on_postgres();
    $work->();
    query('DROP VIEW audit_event');
    query('ALTER TABLE kept RENAME TO audit_event');
    return;
}

subtest 'a file that breaks off is seen to' => sub {
    announce_log(qr/certmgr:error/);
    with_broken_view(sub {
        my ($code) = command(@curl, '-o', scratch('body'), $url);
        is($code, 18, 'curl: the file is not whole');
        like(curl_headers('--http1.0', $url), qr{^HTTP/1\.1 500 .*^Content-Type: application/problem\+json\r$}ms, 'without chunks: nothing of it');
    });
    my $pid = open(my $from, '-|', @curl, $url) or die;
    read $from, my $start, 100_000;
    # the rest waits for us to read; meanwhile the table goes
    query('ALTER TABLE audit_event RENAME TO away');
    my $rest = do { local $/ = undef; <$from> };
    close $from;
    is($? >> 8, 18, 'curl: the file is not whole');
    cmp_ok(length($start) + length($rest), '<', ROWS * WIDTH, 'it is not');
    query('ALTER TABLE away RENAME TO audit_event');
    ok(wait_until(sub { export('?object=formula')->{status} == 200 }), 'later again');
};
done();
