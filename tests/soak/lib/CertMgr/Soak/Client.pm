# SPDX-License-Identifier: Apache-2.0
# One client of the soak: random operations on certificates of its own, over connections that are kept.
# Nobody else changes these certificates, so each answer is known before. A change is sent with an
# Idempotency-Key until it is answered, and written to the journal before the next one.
package CertMgr::Soak::Client;
use strict;
use warnings FATAL => 'all';
use HTTP::Request ();
use IO::Socket::SSL ();
use JSON::PP ();
use LWP::UserAgent ();
use Time::HiRes qw(sleep time);
use CertMgr::Main qw(write_file);
use CertMgr::Soak::Ocsp;

use constant { KNOWN => 200, PATIENCE => 600 };

my $json = JSON::PP->new->utf8->canonical;

# how often each is chosen
my %weight = (enroll => 20, renew => 4, rekey => 4, revoke => 9, suspend => 5, reinstate => 4, certificate => 8, list => 6,
    search => 6, me => 5, 'ocsp-get' => 14, 'ocsp-nonce' => 8, crl => 6, audit => 3, request => 3, bad => 6);

# what a change needs, and what becomes of the certificate
my %change = (
    renew => { from => 'active', single => 1 },
    rekey => { from => 'active', single => 1 },
    revoke => { from => 'active suspended', to => 'revoked', more => { reason => 'superseded', remarks => 'soak' } },
    suspend => { from => 'active', to => 'suspended', more => { remarks => 'soak' } },
    reinstate => { from => 'suspended', to => 'active', more => { remarks => 'soak' } });

# number, instance, folder (of the journal), issuer, csrs, seed
sub new {
    my ($class, %with) = @_;
    my $self = bless { %with, known => [], counts => {}, sent => 0, keys => 0, told => 0, agents => {} }, $class;
    $self->{user} = $self->{number} % 2 ? 'user1' : 'user2';
    $self->{officer} = 'officer' . (1 + $self->{number} % 3);
    open $self->{journal}, '>>', "$self->{folder}/journal-$self->{number}" or die "journal: $!";
    return $self;
}

# Until the file `end` is there, or nobody waits for us.
sub run {
    my ($self) = @_;
    $self->{parent} = getppid;
    srand $self->{seed} + $self->{number};
    my @choice = map { ($_) x $weight{$_} } sort keys %weight;
    until (-e "$self->{folder}/end" || $self->is_orphan) {
        my $name = $choice[rand @choice];
        my $target = $self->target($name);
        $name = 'enroll' if !$target && $name !~ /^(?:list|search|me|crl|audit|bad)$/;
        $self->{count} = $self->{counts}{$name} //= { done => 0, again => 0, unanswered => 0 };
        $name eq 'enroll' || $change{$name} ? $self->change($name, $target) : $self->read($name, $target);
        $self->tell if time - $self->{told} > 2;
    }
    $self->tell;
    return;
}

sub is_orphan { my ($self) = @_; return getppid != $self->{parent} }

# The counts until now, for the conductor.
sub tell {
    my ($self) = @_;
    my $path = "$self->{folder}/counts-$self->{number}";
    write_file("$path.new", $json->encode({ sent => $self->{sent}, counts => $self->{counts} }));
    rename "$path.new", $path or die "$path: $!";
    $self->{told} = time;
    return;
}

sub note {
    my ($self, %record) = @_;
    my $line = $json->encode({ at => time, %record }) . "\n";
    length $line == syswrite $self->{journal}, $line or die "journal: $!";
    return;
}

sub wrong {
    my ($self, $what, $r) = @_;
    return $self->note(wrong => $what, status => $r->{status}, body => substr $r->{body} // '', 0, 300);
}

# A certificate of ours that this can be done with.
sub target {
    my ($self, $name) = @_;
    my $rule = $change{$name};
    my @fit = grep { !$rule || index($rule->{from}, $_->{status}) >= 0 && !($rule->{single} && $_->{replaced}) }
        @{ $self->{known} };
    return $fit[rand @fit];
}

sub agent {
    my ($self, $who) = @_;
    return $self->{agents}{$who} //= do {
        my $i = $self->{instance};
        my %tls = (SSL_verify_mode => 1, SSL_ca_file => $i->{CERTMGR_CA});
        @tls{qw(SSL_cert_file SSL_key_file)} = ("$i->{CERTMGR_PEOPLE}/$who.pem") x 2 unless $who eq 'nobody';
        LWP::UserAgent->new(timeout => 30, max_redirect => 0, keep_alive => 1, ssl_opts => \%tls);
    };
}

# Status 0: no whole answer came.
sub ask {
    my ($self, $who, $method, $path, %with) = @_;
    my $request = HTTP::Request->new($method, $self->{instance}{CERTMGR_URL} . $path);
    if (defined $with{body}) {
        $request->content($with{body});
        $request->header('Content-Type' => $with{type} // 'application/json');
    }
    $request->header(%{ $with{headers} }) if %{ $with{headers} // {} };
    $self->{sent}++;
    my $response = $self->agent($who)->request($request);
    my $body = $response->content;
    my $length = $response->header('Content-Length');
    my $is_cut = ($response->header('Client-Warning') // '') eq 'Internal response' || $response->header('Client-Aborted')
        || $response->header('X-Died') || defined $length && $method ne 'HEAD' && $length != length $body && $response->code != 304;
    my %answer = (status => $is_cut ? 0 : $response->code, body => $body, headers => $response->headers);
    $answer{json} = eval { $json->decode($body) } if ($response->header('Content-Type') // '') =~ m{^application/(?:[\w.-]+\+)?json\b};
    $self->wrong("$method $path", \%answer) if $answer{status} >= 500 && $answer{status} != 503;
    return \%answer;
}

# The same call over a connection of its own, whose answer nobody waits for: it runs beside the call that
# follows, before it or after it.
sub send_twin {
    my ($self, $who, $path, $body, $key) = @_;
    my $i = $self->{instance};
    my ($port, $mount) = $i->{CERTMGR_URL} =~ m{:(\d+)(/.*)} or die;
    my $pem = "$i->{CERTMGR_PEOPLE}/$who.pem";
    my $socket = IO::Socket::SSL->new(PeerAddr => "localhost:$port", Timeout => 5, SSL_ca_file => $i->{CERTMGR_CA},
        SSL_cert_file => $pem, SSL_key_file => $pem) or return;
    print {$socket} "POST $mount$path HTTP/1.1\r\nHost: localhost:$port\r\nContent-Type: application/json\r\n"
        . "Idempotency-Key: $key\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
    $self->{sent}++;
    return $self->{twin} = $socket;    # closed with the next one
}

# Sent with one key until there is an answer that says what happened. What it asks for is possible, so
# anything but 201 is wrong.
sub change {
    my ($self, $name, $target) = @_;
    my $rule = $change{$name} // {};
    my $who = $name eq 'reinstate' || ($rule->{to} && rand() < 0.3) ? $self->{officer} : $self->{user};
    my %body = $target && $name ne 'enroll' ? (certificate => $target->{id}, %{ $rule->{more} // {} }) : (profile => 'user');
    my $csr = int rand @{ $self->{csrs} };
    $csr = ($csr + 1) % @{ $self->{csrs} } if $name eq 'rekey' && $csr == $target->{csr};
    $body{csr} = $self->{csrs}[$csr] if $name =~ /^(?:enroll|rekey)$/;
    my $key = sprintf 'soak-%d-%d', $self->{number}, ++$self->{keys};
    my $body = $json->encode(\%body);
    my @call = ($who, POST => "/api/v1/$name", body => $body, headers => { 'Idempotency-Key' => $key });
    local $SIG{PIPE} = 'IGNORE';
    my $twin = rand() < 0.1;
    eval { $self->send_twin($who, "/api/v1/$name", $body, $key) } if $twin;
    my ($r, $until, $tries) = (undef, time + PATIENCE, 1);
    until (is_final($r = $self->ask(@call))) {
        time < $until or die "$name was not answered for " . PATIENCE . " s: $r->{status} $r->{body}";
        return if $self->is_orphan;
        $tries++;
        sleep 0.1 + rand 0.5;
    }
    $self->{count}{done}++;
    $self->{count}{again} += $tries - 1;
    if ($r->{status} != 201) {
        $self->forget($target);
        return $self->wrong("$name, try $tries" . ($twin ? ', with a twin' : ''), $r);
    }
    $self->changed($name, $target, $r->{json}, { who => $who, key => $key, csr => $csr });
    $self->check_again($r, @call) if rand() < 0.1;
    return;
}

sub is_final {
    my ($r) = @_;
    return $r->{status} && $r->{status} < 500 && $r->{status} !~ /^4(?:08|29)$/;
}

sub forget {
    my ($self, $target) = @_;
    $self->{known} = [grep { !$target || $_ != $target } @{ $self->{known} }];
    return;
}

sub changed {
    my ($self, $name, $target, $answer, $how) = @_;
    my $certificate = $answer->{certificate};
    my $is_made = $name =~ /^(?:enroll|renew|rekey)$/;
    $self->note(operation => $name, request => $answer->{id}, state => $answer->{state}, who => $how->{who}, key => $how->{key},
        made => $is_made ? 1 : 0, map { $_ => $certificate->{$_} } qw(id serial status));
    if ($is_made) {
        my $csr = $name eq 'renew' ? $target->{csr} : $how->{csr};
        $target->{replaced} = 1 if $name ne 'enroll';
        push @{ $self->{known} }, { id => $certificate->{id}, serial => $certificate->{serial}, status => 'active',
            csr => $csr, request => $answer->{id} };
        splice @{ $self->{known} }, int rand KNOWN, 1 if @{ $self->{known} } > KNOWN;
    } else {
        $target->{status} = $change{$name}{to};
        $self->wrong("$name: the status", { status => 201, body => $certificate->{status} })
            if $certificate->{status} ne $target->{status} || $certificate->{id} ne $target->{id};
    }
    return;
}

# What was answered, sent once more, is answered with the same request.
sub check_again {
    my ($self, $before, @call) = @_;
    my $r = $self->ask(@call);
    return $self->{count}{unanswered}++ unless is_final($r);
    return if $r->{status} == 201 && $r->{json}{id} eq $before->{json}{id};
    return $self->wrong("$call[2] $call[6]{'Idempotency-Key'} once more", $r);
}

my %read = (
    certificate => \&read_certificate, list => \&read_list, search => \&read_search, me => \&read_me,
    'ocsp-get' => \&ocsp_get, 'ocsp-nonce' => \&ocsp_nonce, crl => \&read_crl, audit => \&read_audit,
    request => \&read_request, bad => \&send_bad);

# Each gives the answer, and whether it is right once there is one.
sub read {
    my ($self, $name, $target) = @_;
    my ($r, $is_right) = $read{$name}->($self, $target);
    return $self->{count}{unanswered}++ if !$r->{status} || $r->{status} == 503;
    $self->{count}{done}++;
    return $is_right || $self->wrong("$name @{[$target ? $target->{serial} . ' ' . $target->{status} : '']}", $r);
}

sub read_certificate {
    my ($self, $target) = @_;
    my $r = $self->ask($self->{user}, GET => "/api/v1/certificates/$target->{id}");
    return ($r, $r->{status} == 200 && $r->{json}{status} eq $target->{status} && $r->{json}{serial} eq $target->{serial});
}

sub read_request {
    my ($self, $target) = @_;
    my $r = $self->ask($self->{user}, GET => "/api/v1/requests/$target->{request}");
    return ($r, $r->{status} == 200 && $r->{json}{certificate}{id} eq $target->{id});
}

sub read_list {
    my ($self) = @_;
    my $r = $self->ask(rand() < 0.5 ? $self->{user} : $self->{officer}, GET => '/api/v1/certificates?limit=50');
    return ($r, $r->{status} == 200 && ref $r->{json}{items} eq 'ARRAY');
}

sub read_search {
    my ($self, $target) = @_;
    my $what = $target && rand() < 0.5 ? "serial=$target->{serial}"
        : ('cn=user&match=contains', 'status=revoked&profile=user', "cn=$self->{user}", 'status=active')[rand 4];
    my $r = $self->ask($self->{user}, GET => "/api/v1/certificates?limit=20&$what");
    my $is_right = $r->{status} == 200 && ref $r->{json}{items} eq 'ARRAY';
    $is_right &&= @{ $r->{json}{items} } == 1 && $r->{json}{items}[0]{id} eq $target->{id} if $what =~ /^serial/;
    return ($r, $is_right);
}

sub read_me {
    my ($self) = @_;
    my $r = $self->ask($self->{officer}, GET => '/api/v1/me');
    return ($r, $r->{status} == 200 && $r->{json}{name} eq $self->{officer});
}

# What it says must be what we were told last: never "good" after a revocation.
sub ocsp_is_right {
    my ($self, $target, $r, $nonce) = @_;
    return 0 if $r->{status} != 200;
    my $expected = $target->{status} eq 'active' ? 'good' : 'revoked';
    my $word = ocsp_word($r->{body}, $target->{serial}, $nonce);
    $word = ocsp_verified($r->{body}, $target->{serial}, $self->{issuer}, $self->{instance}{CERTMGR_CHAIN})
        if $word eq $expected && rand() < 0.05;
    return 1 if $word eq $expected || $word eq 'later';
    $r->{body} = "$word: " . unpack 'H*', $r->{body};
    return 0;
}

sub ocsp_get {
    my ($self, $target) = @_;
    my $der = ocsp_request($self->{issuer}, $target->{serial});
    my $r = rand() < 0.8 ? $self->ask('nobody', GET => ocsp_address($der))
        : $self->ask('nobody', POST => '/ocsp', body => $der, type => 'application/ocsp-request');
    return ($r, $self->ocsp_is_right($target, $r));
}

sub ocsp_nonce {
    my ($self, $target) = @_;
    my $nonce = join '', map { chr rand 256 } 1 .. 16;
    my $r = $self->ask('nobody', POST => '/ocsp', body => ocsp_request($self->{issuer}, $target->{serial}, $nonce),
        type => 'application/ocsp-request');
    return ($r, $self->ocsp_is_right($target, $r, $nonce));
}

sub read_crl {
    my ($self) = @_;
    my $how = int rand 3;
    my %headers = $how == 1 && $self->{tag} ? ('If-None-Match' => $self->{tag}) : $how == 2 ? (Range => 'bytes=0-9') : ();
    my $r = $self->ask('nobody', GET => '/crl/issuing.crl', headers => \%headers);
    return ($r, exists $headers{'If-None-Match'}) if $r->{status} == 304;
    return ($r, exists $headers{Range} && length $r->{body} == 10) if $r->{status} == 206;
    $self->{tag} = $r->{headers}->header('ETag');
    my ($head) = $r->{body} =~ /^\x30([\x81-\x83])/ or return ($r, 0);
    my $size = (ord $head) - 128;
    my $length = hex unpack 'H*', substr $r->{body}, 2, $size;
    return ($r, $r->{status} == 200 && length $r->{body} == 2 + $size + $length);
}

sub read_audit {
    my ($self) = @_;
    my $r = $self->ask('auditor1', GET => '/api/v1/audit?limit=20');
    return ($r, 0) if $r->{status} != 200;
    my $event = $r->{json}{items}[rand @{ $r->{json}{items} }];
    $r = $self->ask('auditor1', GET => rand() < 0.5 ? "/api/v1/audit/$event->{id}" : '/api/v1/audit/head');
    return ($r, $r->{status} == 200);
}

# What must be refused, and how.
sub send_bad {
    my ($self, $target) = @_;
    my $user = $self->{user};
    my $post = sub { my ($path, $body, @more) = @_; [$user, POST => $path, body => $body, @more] };
    my $csr = $self->{csrs}[0] =~ s/([A-Za-z])(?=[^\n]*\n-----END)/$1 eq 'A' ? 'B' : 'A'/er;
    my ($status, $call) = @{ (
        [422, $post->('/api/v1/enroll', '{"profile":"user","csr":"nonsense"}')],
        [422, $post->('/api/v1/enroll', $json->encode({ profile => 'user', csr => $csr }))],
        [422, $post->('/api/v1/enroll', '{"profile":"user","csr":"x","nonsense":1}')],
        [400, $post->('/api/v1/enroll', '{"profile":')],
        [404, $post->('/api/v1/revoke', '{"certificate":"nonsense","reason":"superseded","remarks":"x"}')],
        [415, $post->('/api/v1/enroll', 'x', type => 'text/plain')],
        [413, $post->('/api/v1/enroll', 'x' x 70000)],
        [422, $post->('/api/v1/enroll', '{"profile":"user","csr":"x"}', headers => { 'Idempotency-Key' => 'x' x 256 })],
        [401, ['nobody', GET => '/api/v1/me']],
        [403, [$user, GET => '/api/v1/audit']],
        [405, [$user, DELETE => '/api/v1/me']],
        [404, [$user, GET => '/api/v1/nothing']],
    )[rand 12] };
    my $r = $self->ask(@{$call});
    $r->{body} .= " to @{$call}[1 .. 3], expected $status" if $r->{status} != $status;
    return ($r, $r->{status} == $status);
}

1;
