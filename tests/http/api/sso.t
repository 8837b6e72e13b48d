#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Log-in by OIDC, bearer token and SAML, with the configuration of docs/deploy-portal.md, the modules of
# Debian and identity providers on loopback (tests/idp): who somebody is, and roles, groups and people from
# claims.
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use Digest::SHA qw(hmac_sha256);
use IO::Socket::INET ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use LWP::UserAgent ();
use CertMgr::Test;
use CertMgr::Main qw(:DEFAULT break_glass_ok);
use lib "$ENV{CERTMGR_TEST_TOP}/tests/docs";
use Page;

# Under the sanitizers SAML stays away: lasso takes half a minute for its metadata there, and leaks.
my @kinds = $ENV{HTTP_PRELOAD} ? 'oidc' : qw(oidc saml);
my $modules = $ENV{CERTMGR_MODULES} // '/usr/lib/apache2/modules';
my @held = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. 4;
my %port;
@port{qw(oidc saml oidc-idp saml-idp)} = map { $_->sockport } @held;
close $_ for @held;
chmod 0755, scratch();

# The providers' packages, installed once for this build.
my $idp = "$ENV{CERTMGR_TEST_BUILD}/idp";
my $lock = read_file("$ENV{CERTMGR_TEST_TOP}/tests/idp/package-lock.json");
mkdir $idp;
for my $file (qw(package.json package-lock.json oidc.mjs saml.cjs)) {
    write_file("$idp/$file", read_file("$ENV{CERTMGR_TEST_TOP}/tests/idp/$file"));
}
if (!-f "$idp/installed" || read_file("$idp/installed") ne $lock) {
    my ($code, $text) = command('npm', '--prefix', $idp, 'ci', '--no-audit', '--no-fund');
    is($code, 0, 'npm ci') or BAIL_OUT($text);
    write_file("$idp/installed", $lock);
}

my @providers;

sub provider {
    my ($script, @arguments) = @_;
    my $pid = open my $out, '-|';
    defined $pid or die "fork: $!";
    if (!$pid) {
        open STDERR, '>', scratch("$script.log") or die;
        exec 'node', "$idp/$script", @arguments or die "node: $!";
    }
    push @providers, $pid, $out;
    like(scalar(<$out>) // '', qr/ready/, "$script is ready") or diag(read_file(scratch("$script.log")));
    return;
}
END {
    local $?;
    kill TERM => grep { !ref } @providers;
    waitpid $_, 0 for grep { !ref } @providers;
}

sub portal { return "https://localhost:$port{ $_[0] }" }

# A configuration of the page, with these in place of its addresses and folders.
sub page_of {
    my ($kind, $text) = @_;
    $text =~ s{\*:443}{127.0.0.1:$port{$kind}};
    $text =~ s{https://portal\.example\.test}{portal($kind)}ge;
    $text =~ s{portal\.example\.test}{localhost}g;
    $text =~ s{https://login\.example\.test}{http://localhost:$port{'oidc-idp'}};
    $text =~ s{a-secret-of-the-provider}{a-secret-for-tests-only};
    $text =~ s{/etc/certmgr/}{scratch()}ge;
    return "Listen 127.0.0.1:$port{$kind}\n$text";
}

my %page = map { /^cat > (\S+) <<[^\n]*\n(.*)^END OF PAGE$/ms ? ($1 => $2) : () }
    map { $_->{text} } steps("$ENV{CERTMGR_TEST_TOP}/docs/deploy-portal.md");

write_file(scratch('oidc-passphrase'), "a passphrase for tests only\n");
provider('oidc.mjs', $port{'oidc-idp'}, portal('oidc') . '/oidc/callback');
for my $name (qw(idp saml)) {
    command(qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout), scratch("$name.key"),
        '-out', scratch("$name.cert"));
    chmod 0644, scratch("$name.key");
}
provider('saml.cjs', $port{'saml-idp'}, portal('saml') . '/mellon/postResponse', scratch('idp.key'), scratch('idp.cert'));
write_file(scratch('saml-idp.xml'), call(GET => "http://localhost:$port{'saml-idp'}/metadata")->{body});
my ($base64) = read_file(scratch('saml.cert')) =~ /-----BEGIN CERTIFICATE-----\n(.*?)-----END/s;
write_file(scratch('saml.xml'), <<"END");
<EntityDescriptor entityID="@{[portal('saml')]}/certmgr" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
  <SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>$base64</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    <AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="@{[portal('saml')]}/mellon/postResponse"/>
  </SPSSODescriptor>
</EntityDescriptor>
END
# the server's own files are below its ServerRoot: only then is their folder known
my %conf = map { $_ => page_of($_, $page{"/etc/apache2/sites-available/portal-$_.conf"} // die "no page of $_\n") }
    @kinds;
s{\S+portal\.pem}{secrets/server.pem\n    SSLCertificateKeyFile secrets/server.key} for values %conf;
# programs come with tokens of the same provider
$conf{oidc} =~ s{</VirtualHost>}{    OIDCOAuthVerifySharedKeys plain##a-secret-for-tokens-only
    <Location "/program">
        CertMgr on
        AuthType oauth20
        Require valid-user
    </Location>
</VirtualHost>};
# mod_auth_mellon as it comes numbers several values, and the first goes under the plain name
$conf{saml} and $conf{saml} =~ s{</VirtualHost>}{    <Location "/numbered">
        CertMgr on
        AuthType Mellon
        MellonEnable auth
        MellonMergeEnvVars Off
        Require valid-user
    </Location>
</VirtualHost>};
my $roles = $page{'/etc/apache2/conf-available/certmgr-roles.conf'} // die "no page of roles\n";
$ENV{CERTMGR_EXTRA} = "LoadModule auth_openidc_module $modules/mod_auth_openidc.so\n"
    . ($conf{saml} ? "LoadModule auth_mellon_module $modules/mod_auth_mellon.so\n" : '') . $roles . join('', values %conf);
my $i = main_instance();

sub browser {
    my $agent = LWP::UserAgent->new(timeout => 30, max_redirect => 20,
        ssl_opts => { SSL_ca_file => $i->{CERTMGR_CA} });
    $agent->default_header(Accept => 'text/html,*/*');
    # cookies as a browser keeps them: HTTP::Cookies goes by RFC 2965 where it sees a Version
    my %jar;
    $agent->add_handler(response_header => sub {
        my ($response) = @_;
        my $place = $jar{ $response->request->uri->host_port } //= {};
        /^([^=]+)=([^;]*)/ and $place->{$1} = $2 for $response->header('Set-Cookie');
        return;
    });
    $agent->add_handler(request_prepare => sub {
        my ($request) = @_;
        my $place = $jar{ $request->uri->host_port } // {};
        $request->header(Cookie => join '; ', map { "$_=$place->{$_}" } sort keys %$place) if %$place;
        return;
    });
    push @{ $agent->requests_redirectable }, 'POST';
    return $agent;
}

sub plain { return $_[0] =~ s/&quot;/"/gr =~ s/&#x3D;/=/gr =~ s/&amp;/&/gr }

# Sends the form of a page, with these values beside those in it.
sub send_form {
    my ($agent, $page, %more) = @_;
    my $html = $page->decoded_content;
    my ($action) = $html =~ /<form[^>]*action="([^"]*)"/ or return $page;
    my %fields = map { plain($_) } $html =~ /<input type="hidden" name="([^"]*)" value="([^"]*)"/g;
    return $agent->post(URI->new_abs(plain($action), $page->base), { %fields, %more });
}

# Through the forms of the provider to the page that was asked for.
sub log_in {
    my ($kind, $name) = @_;
    my $agent = browser();
    my $page = $agent->get(portal($kind) . '/certmgr/api/v1/me');
    if ($kind eq 'oidc') {
        $page = send_form($agent, $page, login => $name, password => 'any');
        $page = send_form($agent, $page, prompt => 'consent');
    } else {
        $page = send_form($agent, $page, user => $name);
        $page = send_form($agent, $page);
    }
    return ($agent, $page);
}

sub post {
    my ($agent, $kind, @headers) = @_;
    return $agent->post(portal($kind) . '/certmgr/api/v1/enroll', 'Content-Type' => 'application/json', @headers,
        Content => JSON::PP->new->encode({ profile => 'user', csr => csr() }));
}

# Who vouches, as log-ins name it.
my %issuer = (oidc => "http://localhost:$port{'oidc-idp'}", saml => "http://localhost:$port{'saml-idp'}/idp");

sub me_of {
    my ($kind, $name) = @_;
    my ($agent, $page) = log_in($kind, $name);
    my $me = eval { JSON::PP->new->utf8->decode($page->content) } // {};
    return ($me, $page, $agent);
}
my $id = break_glass_ok(qw(person add Alice --mail alice@example.test --role user --method oidc --subject alice --issuer), $issuer{oidc});
break_glass_ok(qw(person login add), $id, qw(--method saml --subject alice --issuer), $issuer{saml});
# names that Apache's own realms know are none of a provider
my $bob = break_glass_ok(qw(person add Bob --role user --user bob));
my (%olga, %known);

for my $kind (@kinds) {
    subtest $kind => sub {
        my $r = call(GET => portal($kind) . '/certmgr/api/v1/me', ca => $i->{CERTMGR_CA},
            headers => { Accept => 'text/html' });
        like($r->{status}, qr/^30[23]$/, 'a stranger is sent to the provider');
        my ($me, $page, $agent) = me_of($kind, 'alice');
        is($page->code, 200, 'logged in') or diag($page->base, $page->decoded_content);
        is($me->{id}, $id, 'as this person');
        is($me->{login}, $kind);
        is_deeply($me->{roles}, ['user']);
        is(post($agent, $kind)->code, 403, 'a change must tell its origin');
        is(post($agent, $kind, Origin => 'https://evil.example')->code, 403, 'which must be this host');
        my $answer = post($agent, $kind, Origin => portal($kind));
        is($answer->code, 201, 'then it happens') or diag($answer->decoded_content);
        like($answer->decoded_content, qr/"subject":\s*"CN=Alice"/);
        for my $name (qw(mallory bob)) {
            (undef, $page) = log_in($kind, $name);
            is($page->code, 403, "$name, whom only the provider knows");
            like($page->decoded_content, qr/login\.unknown/);
        }
        break_glass_ok(qw(person login add), $bob, qw(--user bob --realm), $issuer{$kind});
        ($me) = me_of($kind, 'bob');
        is($me->{id}, $bob, 'a name that is said to be of this provider is known');
    };
    subtest "$kind: claims" => sub {
        for my $name (sort keys %known) {
            (undef, my $refused) = log_in($kind, $name);
            is($refused->code, 403, "$name, whose mail address is known, is not made a second person");
            like($refused->decoded_content, qr/login\.register/);
            break_glass_ok(qw(person login add), $known{$name}, '--method', $kind, '--subject', $name, '--issuer', $issuer{$kind});
        }
        my ($me, $page) = me_of($kind, 'nina');
        is($page->code, 200, 'one of the staff is registered') or diag($page->decoded_content);
        is($me->{name}, 'Nina');
        is($me->{mail}, 'nina@example.test');
        is_deeply($me->{roles}, ['user'], 'with a role');
        is_deeply($me->{groups}, ['web'], 'and a group');
        $known{nina} = $me->{id};
        ($me) = me_of($kind, 'olga');
        is_deeply($me->{roles}, [qw(user officer)], 'two roles');
        is_deeply($me->{groups}, []);
        is((me_of($kind, 'olga'))[0]{id}, $me->{id}, 'the same person once more');
        $known{olga} = $olga{$kind} = $me->{id};
        (undef, $page) = log_in($kind, 'odd');
        is($page->code, 403, 'a name that is not fit for a certificate');
        like($page->decoded_content, qr/login\.register/);
        announce_log(qr/scrubbed suspicious request header/);
        my ($agent) = log_in($kind, 'alice');
        my $forged = $agent->get(portal($kind) . '/certmgr/api/v1/me', map { ($_ => 'staff,pki-officers') }
            qw(OIDC_CLAIM_groups OIDC-CLAIM-groups MELLON_groups MELLON-groups));
        is_deeply(JSON::PP->new->decode($forged->decoded_content)->{roles}, ['user'], 'headers are no claims');
    };
}

@kinds > 1 and subtest 'an attribute that names another provider' => sub {
    break_glass_ok(qw(person add Liar --role user --method saml --subject liar --issuer https://idp.example/other));
    my ($agent, $page) = log_in('saml', 'liar');
    is($page->code, 403) or diag($page->decoded_content);
    like($page->decoded_content, qr/login\.unknown/, 'both together are nobody');
    $page = $agent->get(portal('saml') . '/numbered/api/v1/me');
    is($page->code, 403) or diag($page->decoded_content);
    like($page->decoded_content, qr/login\.issuer/, 'of two none is believed');
    is((log_in('saml', 'alice'))[0]->get(portal('saml') . '/numbered/api/v1/me')->code, 200, 'who tells one only is let in');
};

@kinds > 1 and subtest 'two log-ins of one person' => sub {
    is($olga{oidc}, $olga{saml});
    is(query("SELECT COUNT(*) FROM identity WHERE subject = 'olga'"), 2);
};

sub token {
    my (%claims) = @_;
    my $encode = sub { encode_base64url(JSON::PP->new->canonical->encode($_[0])) };
    my $text = join '.', $encode->({ alg => 'HS256', typ => 'JWT' }), $encode->({ exp => time + 300, iat => time, %claims });
    return "$text." . encode_base64url(hmac_sha256($text, 'a-secret-for-tokens-only'));
}

sub program {
    my ($token, $method, $path, %with) = @_;
    return call($method => portal('oidc') . "/program/api/v1/$path", ca => $i->{CERTMGR_CA},
        headers => { Authorization => "Bearer $token" }, %with);
}

subtest 'a bearer token' => sub {
    my $r = program(token(iss => $issuer{oidc}, sub => 'alice'), GET => 'me');
    is($r->{status}, 200) or diag($r->{body});
    is($r->{json}{id}, $id, 'is the person whom the browser logs in');
    is($r->{json}{login}, 'bearer');
    is_deeply($r->{json}{roles}, ['user']);
    is(program(token(iss => $issuer{oidc}, sub => 'alice'), POST => 'enroll', json => { profile => 'user', csr => csr() })->{status},
        201, 'and needs no origin');
    is_deeply(program(token(iss => $issuer{oidc}, sub => 'alice', groups => ['pki-officers']), GET => 'me')->{json}{roles},
        [qw(user officer)], 'its claims count');
    problem_is(program(token(iss => 'https://evil.example', sub => 'alice'), GET => 'me'), 403, 'forbidden',
        rule => 'login.unknown', name => 'another issuer is another person');
    problem_is(program(token(sub => 'alice'), GET => 'me'), 403, 'forbidden', rule => 'login.issuer',
        name => 'no issuer is nobody');
    announce_log(qr/auth_openidc:error/);
    is(program(token(iss => $issuer{oidc}, sub => 'alice') . 'x', GET => 'me')->{status}, 401, 'a wrong signature');
};
is(nobody(GET => '/crl/issuing.crl')->{status}, 200, 'the other host gives its CRL to all');
done();
