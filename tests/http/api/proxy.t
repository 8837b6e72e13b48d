#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Behind a reverse proxy, with the configuration of docs/deploy-proxy.md for both: the certificate that
# the proxy hands on logs in, and nobody else's word counts.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::INET ();
use MIME::Base64 qw(decode_base64 encode_base64);
use CertMgr::Test;
use CertMgr::Main;
use lib "$ENV{CERTMGR_TEST_TOP}/tests/docs";
use Page;

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
my $modules = $ENV{CERTMGR_MODULES} // '/usr/lib/apache2/modules';
my %page = map { /^cat > (\S+) <<[^\n]*\n(.*)^END OF PAGE$/ms ? ($1 => $2) : () }
    map { $_->{text} } steps("$ENV{CERTMGR_TEST_TOP}/docs/deploy-proxy.md");
my ($proxy, $backend) = @page{map { "/etc/apache2/$_/ca-proxy.conf" } qw(sites-available conf-available)};
ok($proxy && $backend, 'the page has a configuration for both') or BAIL_OUT('no configuration');

s/192\.0\.2\.10/127.0.0.1/g for $backend;
$ENV{CERTMGR_EXTRA} = "LoadModule remoteip_module $modules/mod_remoteip.so\n$backend";
my $i = main_instance();
my $demo = "$i->{CERTMGR_FOLDER}/demo";
my ($behind) = $i->{CERTMGR_URL} =~ m{^(https://localhost:\d+)};

# The proxy's httpd, with this in place of the addresses and folders of the page.
$proxy =~ s{\*:443}{127.0.0.1:$port};
$proxy =~ s{ca\.example\.test}{localhost}g;
$proxy =~ s{https://backend\.example\.test}{$behind};
$proxy =~ s{/etc/certmgr/}{scratch()}ge;
write_file(scratch('proxy.pem'), read_file("$demo/secrets/server.pem") . read_file("$demo/secrets/server.key"));
write_file(scratch('chain.pem'), read_file($i->{CERTMGR_CHAIN}));
write_file(scratch('root.pem'), read_file($i->{CERTMGR_CA}));
chmod 0755, scratch();
my $load = join '', map { "LoadModule ${_}_module $modules/mod_$_.so\n" }
    qw(mpm_event authn_core authz_core headers proxy proxy_http socache_shmcb ssl);
my $user = $> ? '' : "User www-data\nGroup www-data\n";
write_file(scratch('httpd.conf'), <<"END");
${load}${user}ServerRoot @{[scratch()]}
ServerName localhost
DefaultRuntimeDir @{[scratch()]}
PidFile @{[scratch('httpd.pid')]}
ErrorLog @{[scratch('error.log')]}
LogLevel warn
Listen 127.0.0.1:$port
SSLSessionCache shmcb:@{[scratch('sessions(512000)')]}
$proxy
END
my $httpd = -x '/usr/sbin/apache2' ? '/usr/sbin/apache2' : 'httpd';
write_file(scratch('error.log'), '');
watch_log(scratch('error.log'), 0);
announce_log(qr/AH02268/);    # the backend asks for a certificate, and the proxy has none
my ($failed, $text) = command($httpd, '-f', scratch('httpd.conf'), '-k', 'start');
is($failed, 0, 'the proxy starts') or diag($text);
END { local $?; command($httpd, '-f', scratch('httpd.conf'), '-k', 'stop') if -f scratch('httpd.pid') }
my $front = "https://localhost:$port/certmgr";
wait_until(sub { call(GET => "$front/api/v1/health", ca => $i->{CERTMGR_CA})->{status} == 200 });

sub through {
    my ($who, $method, $path, %with) = @_;
    $with{cert} = $who =~ m{/} ? $who : "$i->{CERTMGR_PEOPLE}/$who.pem" if $who;
    return call($method => "$front$path", ca => $i->{CERTMGR_CA}, %with);
}

sub header_of {
    my ($pem) = @_;
    my ($base64) = $pem =~ /-----BEGIN CERTIFICATE-----\n(.*?)-----END/s;
    return ':' . $base64 =~ s/\s//gr . ':';
}

# Straight to the backend, from another address of the loopback net than the proxy's; answers status and
# body.
sub from {
    my ($address, @more) = @_;
    my ($code, $answer) = command(qw(curl -sS --noproxy * --interface), $address, '--cacert', $i->{CERTMGR_CA},
        '-w', "\n%{http_code}", @more, "$i->{CERTMGR_URL}/api/v1/me");
    my ($body, $status) = $answer =~ /\A(.*)\n(\d+)\z/s;
    return ($status, $body);
}
my $officer = header_of(read_file("$i->{CERTMGR_PEOPLE}/officer1.pem"));

subtest 'the certificate that the proxy saw logs in' => sub {
    my $r = through(user1 => GET => '/api/v1/me');
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{name}, 'user1');
    is($r->{json}{login}, 'proxy');
    is_deeply($r->{json}{roles}, ['user']);
};

subtest 'without one, nobody does' => sub {
    problem_is(through(undef, GET => '/api/v1/me'), 401, 'identity', rule => 'identity.missing');
    is(through(undef, GET => '/crl/issuing.crl')->{status}, 200, 'what is public, is');
};

subtest 'what a client says itself is dropped by the proxy' => sub {
    my $r = through(user1 => GET => '/api/v1/me', headers => { 'Client-Cert' => $officer });
    is($r->{json}{name}, 'user1', 'beside a certificate of its own');
    is(through(undef, GET => '/api/v1/me', headers => { 'Client-Cert' => $officer })->{status}, 401, 'and without');
};

subtest 'from another address the header is not believed' => sub {
    my ($status, $body) = from('127.0.0.2', '-H', "Client-Cert: $officer");
    is($status, 401) or diag($body);
    ($status, $body) = from('127.0.0.2', '-H', "Client-Cert: $officer", '-H', 'X-Forwarded-For: 127.0.0.1');
    is($status, 401, 'nor with the proxy named as origin');
    ($status, $body) = from('127.0.0.2', '-H', "Client-Cert: $officer", '--cert', "$i->{CERTMGR_PEOPLE}/user2.pem");
    is($status, 200) or diag($body);
    like($body, qr/"name":\s*"user2".*"login":\s*"tls"/s, 'TLS counts there');
};

subtest 'from the address of the proxy only the header counts' => sub {
    my ($status, $body) = from('127.0.0.1', '-H', "Client-Cert: $officer");
    is($status, 200) or diag($body);
    like($body, qr/"name":\s*"officer1"/);
    ($status) = from('127.0.0.1', '-H', "Client-Cert: $officer", '-H', 'X-Forwarded-For: 203.0.113.9');
    is($status, 200, 'whatever mod_remoteip makes of it');
    ($status) = from('127.0.0.1', '--cert', "$i->{CERTMGR_PEOPLE}/user2.pem");
    is($status, 401, 'a certificate of the proxy itself is nobody');
    my ($two) = $officer =~ /^(.*)$/;
    for my $bad ($officer =~ s/^://r, "$officer;a=1", 'garbage', '::', $officer =~ s/:$/*:/r) {
        ($status, $body) = from('127.0.0.1', '-H', "Client-Cert: $bad");
        is($status, 401, substr $bad, 0, 20);
        like($body, qr/login\.client-cert/);
    }
    ($status, $body) = from('127.0.0.1', '-H', "Client-Cert: $officer", '-H', "Client-Cert: $two");
    is($status, 401, 'two headers') or diag($body);
    ($status, $body) = from('127.0.0.1', '-H', 'Client-Cert: ' . header_of(read_file($i->{CERTMGR_CA})));
    like($body, qr/login\.certificate/, 'a certificate of nobody');
};

subtest 'the main job, through the proxy' => sub {
    my $r = through(user1 => POST => '/api/v1/enroll', json => { profile => 'user', csr => csr() },
        headers => { Origin => "https://localhost:$port" });
    is($r->{status}, 201) or diag($r->{body});
    my $certificate = $r->{json}{certificate};
    write_file(scratch('new.pem'), read_file(scratch('key.pem')) . $certificate->{pem});
    is(through(scratch('new.pem'), GET => '/api/v1/me')->{status}, 200, 'it logs in');
    is(through(user1 => GET => "/api/v1/certificates/$certificate->{id}")->{status}, 200);
    write_file(scratch('issuing.pem'), read_file($i->{CERTMGR_CHAIN}) =~ s/(-----END CERTIFICATE-----\n).*/$1/sr);
    command(qw(openssl ocsp -no_nonce -issuer), scratch('issuing.pem'), '-cert', scratch('new.pem'), '-reqout', scratch('q.der'));
    my $in_path = encode_base64(read_file(scratch('q.der')), '') =~ s/([+\/=])/sprintf '%%%02X', ord $1/ger;
    is(through(undef, GET => "/ocsp/$in_path")->{status}, 200, 'OCSP by GET');
    $r = through(user1 => POST => '/api/v1/revoke',
        json => { certificate => $certificate->{id}, reason => 'superseded', remarks => 'test' });
    is($r->{status}, 201) or diag($r->{body});
    problem_is(through(scratch('new.pem'), GET => '/api/v1/me'), 401, 'identity', rule => 'login.certificate',
        name => 'revoked, it logs nobody in');
    problem_is(through(user1 => POST => '/api/v1/enroll', json => {}, headers => { Origin => 'https://evil.example' }),
        403, 'origin', name => 'another origin is told from ours');
};
done();
