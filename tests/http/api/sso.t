#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Log-in by OIDC and SAML, with the configuration of docs/deploy-portal.md, the modules of Debian and
# identity providers on loopback (tests/idp).
use strict;
use warnings FATAL => 'all';
use Apache::Test qw(-withtestmore);
use IO::Socket::INET ();
use LWP::UserAgent ();
use CertMgr::Test;
use CertMgr::Main;
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
$ENV{CERTMGR_EXTRA} = "LoadModule auth_openidc_module $modules/mod_auth_openidc.so\n"
    . ($conf{saml} ? "LoadModule auth_mellon_module $modules/mod_auth_mellon.so\n" : '') . join('', values %conf);
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

my ($code, $id) = at_once(qw(person add Alice --mail alice@example.test --role user --user alice));
is($code, 0, 'Alice is registered') or diag($id);
chomp $id;

for my $kind (@kinds) {
    subtest $kind => sub {
        my $r = call(GET => portal($kind) . '/certmgr/api/v1/me', ca => $i->{CERTMGR_CA},
            headers => { Accept => 'text/html' });
        like($r->{status}, qr/^30[23]$/, 'a stranger is sent to the provider');
        my ($agent, $page) = log_in($kind, 'alice');
        is($page->code, 200, 'logged in') or diag($page->base, $page->decoded_content);
        my $me = eval { JSON::PP->new->decode($page->decoded_content) } // {};
        is($me->{id}, $id, 'as this person');
        is($me->{login}, $kind);
        is_deeply($me->{roles}, ['user']);
        is(post($agent, $kind)->code, 403, 'a change must tell its origin');
        is(post($agent, $kind, Origin => 'https://evil.example')->code, 403, 'which must be this host');
        my $answer = post($agent, $kind, Origin => portal($kind));
        is($answer->code, 201, 'then it happens') or diag($answer->decoded_content);
        like($answer->decoded_content, qr/"subject":\s*"CN=Alice"/);
        (undef, $page) = log_in($kind, 'mallory');
        is($page->code, 403, 'one whom only the provider knows');
        like($page->decoded_content, qr/login\.unknown/);
    };
}
is(nobody(GET => '/crl/issuing.crl')->{status}, 200, 'the other host gives its CRL to all');
done();
