#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Searches: every criterion with every way to match, on random records, against a model in Perl; who
# sees what; pages; what is refused; certmgrctl.
use strict;
use warnings FATAL => 'all';
use utf8;
use Apache::Test qw(-withtestmore);
use JSON::PP ();
use POSIX ();
use CertMgr::Test;
use CertMgr::Main;

my $i = main_instance();
my %id = map { $_ => as($_, GET => '/api/v1/me')->{json}{id} } qw(user1 user2 officer1);
my $real = enroll('user1')->{certificate};
srand 4711;

sub encode {
    my ($text) = @_;
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9.~-])/sprintf '%%%02X', ord $1/ger;
}

sub search {
    my ($who, %words) = @_;
    return as($who, GET => '/api/v1/certificates?' . join '&', map { encode($_) . '=' . encode($words{$_}) } sort keys %words);
}

# All pages.
sub search_all {
    my ($who, %words) = @_;
    my $r = search($who, %words);
    my @found;
    for (1 .. 200) {
        if ($r->{status} != 200) {
            diag("$r->{status} $r->{body}");
            return ['no answer'];
        }
        push @found, map { $_->{id} } @{ $r->{json}{items} };
        return \@found unless $r->{json}{next};
        $r = as($who, GET => $r->{json}{next} =~ s{^/certmgr}{}r);
    }
    return ['no end'];
}

sub stamp { return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $_[0]) }

# Records as a busy year would leave them; the bytes are those of the real one.
my @words = ('Web', 'mail-01', 'MAIL-02', 'a%b', 'a_bc', "o'hara", 'Zoë', 'x!yz', 'host.example.test', '日本語');
my @status = (('active') x 3, qw(suspended revoked));
my (@records, @sql);
for my $n (1 .. 120) {
    my $word = $words[ rand @words ];
    my %record = (
        id => sprintf('00%024d', $n), serial => sprintf('%02x%06x', rand 256, $n),
        sha256 => join('', map { sprintf '%08x', rand 0xffffffff } 1 .. 8),
        cn => $word . int(rand 4), owner => $id{ (qw(user1 user2 officer1))[ rand 3 ] },
        profile => (qw(user server serving))[ rand 3 ], ca => (qw(root issuing issuing))[ rand 3 ],
        status => $status[ rand @status ], not_after => time + int(rand 2_000_000) - 1_000_000,
        san => [map { (qw(dns email uri))[ rand 3 ] . ':' . lc($words[ rand @words ]) . ($_ ? '.test' : '') } 0 .. rand 3]);
    push @records, \%record;
    my $quote = sub { "'" . $_[0] =~ s/'/''/gr . "'" };
    my $fold = sub { $quote->($_[0] =~ tr/A-Z/a-z/r) };
    push @sql, 'INSERT INTO certificate (id, ca, serial, subject, issuer, cn, cn_key, san, not_before, not_after,'
        . ' sha256, spki_sha256, der, owner, profile, profile_version, request, status, reason, revoked_at, created)'
        . " SELECT '$record{id}', '$record{ca}', '$record{serial}', subject, issuer, " . $quote->($record{cn}) . ', '
        . $fold->($record{cn}) . ', ' . $quote->(JSON::PP->new->encode($record{san}))
        . ", not_before, $record{not_after}000000, '$record{sha256}', spki_sha256, der, '$record{owner}', '$record{profile}',"
        . " 1, request, '$record{status}', " . ($record{status} eq 'active' ? '0, NULL' : '4, not_before')
        . ", created FROM certificate WHERE id = '$real->{id}'";
    for my $place (0 .. $#{ $record{san} }) {
        my $name = $record{san}[$place];
        push @sql, "INSERT INTO certificate_name (certificate, place, name, name_key) VALUES ('$record{id}', $place, "
            . $quote->($name) . ', ' . $fold->($name =~ s/^\w+://r) . ')';
    }
}
my $text = join ";\n", 'BEGIN', @sql, 'COMMIT';
utf8::encode($text);
query($text);

sub fits {
    my ($have, $wanted, $match) = @_;
    tr/A-Z/a-z/ for $have, $wanted;
    return $match eq 'equal' ? $have eq $wanted : $match eq 'begins' ? index($have, $wanted) == 0 : index($have, $wanted) >= 0;
}

sub status_of {
    my ($record) = @_;
    return $record->{status} ne 'revoked' && $record->{not_after} < time ? 'expired' : $record->{status};
}

my $dn = $real->{issuer};
my $root_dn = (command(qw(openssl x509 -noout -subject -nameopt RFC2253 -in), $i->{CERTMGR_CA}))[1] =~ s/^subject=|\s+$//gr;
sub wanted {
    my ($record, %words) = @_;
    my $match = $words{match} // 'equal';
    for my $name (qw(serial cn sha256 profile)) {
        return 0 if defined $words{$name} && !fits($record->{$name}, $words{$name}, $match);
    }
    return 0 if defined $words{subscriber} && !fits($record->{owner}, $words{subscriber}, $match);
    my @issuer = ($record->{ca}, $record->{ca} eq 'root' ? $root_dn : $dn);
    return 0 if defined $words{issuer} && !grep { fits($_, $words{issuer}, $match) } @issuer;
    if (defined $words{san}) {
        my ($kind, $name) = $words{san} =~ /^(?:(dns|email|ip|uri):)?(.*)$/s;
        return 0 unless grep { my ($k, $n) = split /:/, $_, 2; (!$kind || $kind eq $k) && fits($n, $name, $match) } @{ $record->{san} };
    }
    return 0 if $words{status} && status_of($record) ne $words{status};
    return 0 if $words{expires_before} && stamp($record->{not_after}) ge $words{expires_before};
    return 0 if $words{expires_after} && stamp($record->{not_after}) le $words{expires_after};
    return 1;
}

sub expected {
    my ($who, %words) = @_;
    return [map { $_->{id} } reverse grep { wanted($_, %words) && ($who eq 'officer1' || $_->{owner} eq $id{$who}) } @records];
}

# What a person types who looks for this record.
my %value = (
    serial => sub { $_[0]{serial} }, cn => sub { $_[0]{cn} }, sha256 => sub { $_[0]{sha256} },
    issuer => sub { rand 2 < 1 ? $_[0]{ca} : $_[0]{ca} eq 'root' ? $root_dn : $dn }, subscriber => sub { $_[0]{owner} },
    san => sub { my $name = $_[0]{san}[0]; rand 2 < 1 ? $name : $name =~ s/^\w+://r }, profile => sub { $_[0]{profile} });

sub typed {
    my ($name, $match, $record) = @_;
    my $whole = $value{$name}->($record);
    return rand 2 < 1 && $name ne 'subscriber' && $name ne 'profile' ? $whole =~ tr/a-z/A-Z/r =~ s/^(DNS|EMAIL|URI):/\L$1:/r : $whole
        if $match eq 'equal';
    my ($kind, $rest) = $name eq 'san' ? $whole =~ /^((?:dns:|email:|uri:)?)(.*)$/ : ('', $whole);
    my $from = $match eq 'begins' ? 0 : rand(length($rest) > 4 ? 2 : 1);
    my $part = $kind . substr $rest, $from, $match eq 'begins' ? 1 + rand 4 : 4;
    return $match eq 'begins' || substr($rest, $from, 4) =~ /[^\x00-\x7f]{3}|[A-Za-z0-9]{3}/ ? $part : undef;
}

# The real certificate and those of the people stand above those of the model.
sub same {
    my ($who, $name, %words) = @_;
    my @found = grep { /^00/ } @{ search_all($who, %words) };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is("@found", "@{ expected($who, %words) }", $name) || diag(JSON::PP->new->canonical->encode(\%words));
}

for my $round (0, 1) {
    wait_until(sub { query('SELECT COUNT(*) FROM certificate_queue') eq '0' }) or fail('the index is filled') if $round;
    for my $match (qw(equal begins contains)) {
        subtest "each criterion: $match" . ($round ? ', by the index' : '') => sub {
            for my $name (sort keys %value) {
                for my $who (qw(officer1 user1)) {
                    my $word = typed($name, $match, $records[ rand @records ]) // next;
                    same($who, "$who: $name", match => $match, $name => $word, limit => 1 + int rand 20);
                }
            }
        };
    }
}

subtest 'status and time' => sub {
    for my $who (qw(officer1 user2 auditor1)) {
        for my $status (qw(active suspended revoked expired)) {
            my @all = @{ search_all($who, status => $status, limit => 7) };
            my @ours = grep { /^00/ } @all;
            is("@ours", "@{ expected($who eq 'auditor1' ? 'officer1' : $who, status => $status) }", "$who: $status");
        }
    }
    my ($from, $to) = (stamp(time - 400_000), stamp(time + 300_000));
    same('officer1', 'before', expires_before => $to, limit => 11);
    same('officer1', 'after', expires_after => $from, limit => 11);
    same('officer1', 'between', expires_after => $from, expires_before => $to, status => 'active');
};

subtest 'criteria together' => sub {
    my $found = 0;
    for (1 .. 40) {
        my $record = $records[ rand @records ];
        my $match = (qw(equal begins contains))[ rand 3 ];
        my %words = (match => $match, limit => 1 + int rand 9);
        for my $name (sort keys %value) {
            my $word = rand 3 < 1 ? typed($name, $match, $record) : undef;
            $words{$name} = $word if defined $word;
        }
        $words{status} = status_of($record) if rand 2 < 1;
        $words{expires_before} = stamp($record->{not_after} + 1000) if rand 3 < 1;
        my $who = rand 2 < 1 ? 'officer1' : 'user1';
        same($who, 'together', %words);
        $found += @{ expected($who, %words) };
    }
    cmp_ok($found, '>', 20, "they found something ($found)");
};

subtest 'what is new is found at once' => sub {
    my $new = enroll('user2')->{certificate};
    is_deeply(search_all('user2', serial => $new->{serial}), [$new->{id}], 'by its serial number');
    is_deeply(search_all('officer1', sha256 => $new->{sha256} =~ s/(..)(?=.)/$1:/gr =~ tr/a-f/A-F/r), [$new->{id}], 'as openssl writes it');
    is_deeply(search_all('officer1', sha256 => substr($new->{sha256}, 10, 12), match => 'contains'), [$new->{id}], 'by a part');
    is_deeply(search_all('user1', serial => $new->{serial}), [], 'not by others');
    my $mail = $new->{san}[0] // '';
    is(search_all('user2', san => $mail)->[0], $new->{id}, "by $mail") if $mail;
};

subtest 'wildcards are letters' => sub {
    same('officer1', "begins $_", cn => $_, match => 'begins') for 'a%', 'a_', '%', '_', '*', '?', '[', '\\', '!', "'";
    same('officer1', "contains $_", cn => $_, match => 'contains') for 'A%bcd', '_bc0', 'x!yz1', 'x%yz1', '日本語';
};

subtest 'a page says where the next one begins' => sub {
    my $r = search('officer1', match => 'begins', cn => 'mail', status => 'active', limit => 2);
    like($r->{json}{next}, qr{^/certmgr/api/v1/certificates\?limit=2&before=[^&]+&match=begins&cn=mail&status=active$});
    my $before = $r->{json}{items}[1]{id};
    query("UPDATE certificate SET created = created WHERE id = '$before'");
    my $next = as('officer1', GET => $r->{json}{next} =~ s{^/certmgr}{}r)->{json}{items}[0]{id};
    cmp_ok($next, 'lt', $before, 'older');
};

subtest 'refused' => sub {
    problem_is(search('user1', match => 'like'), 422, 'invalid-value', field => '/match', rule => 'search.match');
    problem_is(search('user1', status => 'gone'), 422, 'invalid-value', field => '/status', rule => 'search.status');
    problem_is(search('user1', $_ => ''), 422, 'invalid-value', field => "/$_", rule => 'search.empty') for qw(cn san issuer profile subscriber serial);
    problem_is(search('user1', serial => 'xyz'), 422, 'invalid-value', field => '/serial', rule => 'search.hex');
    problem_is(search('user1', sha256 => 'abcd'), 422, 'invalid-value', field => '/sha256', rule => 'search.length');
    problem_is(search('user1', cn => $_, match => 'contains'), 422, 'invalid-value', field => '/cn', rule => 'search.part') for 'ab', 'a.b', '--..--', '日本';
    problem_is(search('user1', san => 'dns:ab', match => 'contains'), 422, 'invalid-value', field => '/san', rule => 'search.part');
    problem_is(search('user1', $_ => 'soon'), 422, 'invalid-value', field => "/$_", rule => 'search.time') for qw(expires_before expires_after);
    problem_is(search('user1', expires_after => '2030-01-01T00:00:00Z', expires_before => '2029-01-01T00:00:00Z'), 422, 'invalid-value', rule => 'search.window');
    problem_is(search('user1', before => '~.c.x.6162'), 422, 'invalid-value', field => '/before', rule => 'value.cursor');
    problem_is(search('user1', cn => "a\nb"), 422, 'invalid-value', field => '/cn');
    problem_is(as('user1', GET => '/api/v1/certificates?cn=%FF'), 422, 'invalid-value', field => '/cn', rule => 'query.encoding');
    problem_is(as('user1', GET => '/api/v1/certificates?cn=a&cn=b'), 422, 'invalid-value', field => '/cn', rule => 'query.twice');
    problem_is(search('user1', nope => 1), 422, 'unknown-member', field => '/nope');
    problem_is(search('user1', cn => 'x' x 600), 422, 'invalid-value', field => '/cn');
    my $many = search('user1', match => 'like', serial => 'g', status => 'gone', limit => 0, nope => 1);
    my %rules = map { ($_->{field} // '') => 1 } @{ $many->{json}{violations} // [] };
    is_deeply([sort keys %rules], [qw(/limit /match /nope /serial /status)], 'all at once') or diag($many->{body});
};

subtest 'requests' => sub {
    my $pending = as('user1', POST => '/api/v1/enroll', json => { profile => 'server', csr => csr(), san => ['dns:www.example.test'] });
    is($pending->{status}, 202) or diag($pending->{body});
    my $ids = sub { my ($who, $path) = @_; return [map { $_->{id} } @{ as($who, GET => "/api/v1/$path")->{json}{items} }] };
    is_deeply($ids->('officer1', 'requests?state=pending'), [$pending->{json}{id}], 'the queue of an officer');
    is_deeply($ids->('user1', 'enroll?state=pending&profile=server'), [$pending->{json}{id}]);
    is_deeply($ids->('user2', 'requests?state=pending'), [], 'not of others');
    is_deeply($ids->('officer1', 'renew?state=pending'), [], 'of one operation');
    is_deeply($ids->('officer1', "requests?state=pending&requester=$id{user2}"), []);
    my $all = $ids->('officer1', "requests?requester=$id{user1}&limit=200");
    cmp_ok(scalar @{$all}, '>=', 2);
    my $r = as('officer1', GET => "/api/v1/requests?requester=$id{user1}&limit=1")->{json};
    is($r->{items}[0]{id}, $all->[0]);
    like($r->{next}, qr/requester=$id{user1}/);
    is(as('officer1', GET => $r->{next} =~ s{^/certmgr}{}r)->{json}{items}[0]{id}, $all->[1]);
    problem_is(as('user1', GET => '/api/v1/requests?state=open'), 422, 'invalid-value', field => '/state', rule => 'search.state');
    problem_is(as('user1', GET => '/api/v1/enroll?profile='), 422, 'invalid-value', field => '/profile', rule => 'search.empty');
};

subtest 'certmgrctl' => sub {
    my ($code, $text) = ctl(qw(--json certificate list --match begins --cn mail --status active));
    is($code, 0) or diag($text);
    my @found = map { $_->{id} } @{ JSON::PP::decode_json($text)->{items} };
    is_deeply(\@found, expected('officer1', match => 'begins', cn => 'mail', status => 'active'));
    ($code, $text) = ctl(qw(certificate list --limit 2));
    like($text, qr/^ID +SERIAL.*\n.*\n.*\nthere are more/m, 'a table, and that it is cut') or diag($text);
    ($code, $text) = ctl(qw(certificate list --status gone));
    is($code, 1);
    like($text, qr/active, suspended, revoked or expired/);
    for my $name ($real->{id}, $real->{serial}) {
        ($code, $text) = ctl(qw(certificate show), $name);
        like($text, qr/^serial +$real->{serial}$/m);
        unlike($text, qr/BEGIN/);
    }
    ($code, $text) = ctl(qw(certificate show --pem), $real->{id});
    is($text, $real->{pem});
    ($code, $text) = ctl(qw(certificate show nope));
    is($code, 1);
    like($text, qr/no such certificate/);
};

is_deeply(contract('search'), [sort grep { !/^(limit|before)$/ } map { $_->{name} }
    @{ nobody(GET => '/api/v1/openapi.json')->{json}{paths}{'/api/v1/certificates'}{get}{parameters} }], 'criteria of the contract');
query("DELETE FROM certificate_name WHERE certificate LIKE '00%'; DELETE FROM certificate WHERE id LIKE '00%'");
done();
