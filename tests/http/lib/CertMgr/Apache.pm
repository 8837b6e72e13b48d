# SPDX-License-Identifier: Apache-2.0
# Parts of a configuration of httpd that several tests add to that of their instance (CERTMGR_EXTRA).
#
#     my ($port) = free_ports(1);
#     my $auth = basic_auth(qw(ada bob));
#     $ENV{CERTMGR_EXTRA} = auth_modules() . tls_host($port, <<"END");
#         <Location "/certmgr">
#             CertMgr on
#             $auth
#             Require valid-user
#         </Location>
#     END
package CertMgr::Apache;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use IO::Socket::INET ();
use MIME::Base64 qw(encode_base64);
use CertMgr::Main;

our @EXPORT = qw(modules_folder free_ports auth_modules basic_auth basic plain_host tls_host);

sub modules_folder { return $ENV{CERTMGR_MODULES} // '/usr/lib/apache2/modules' }

# Different ones, which nobody listened on just now.
sub free_ports {
    my ($count) = @_;
    my @held = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. $count;
    return map { $_->sockport } @held;
}

sub auth_modules {
    my $modules = modules_folder();
    return "LoadModule auth_basic_module $modules/mod_auth_basic.so\nLoadModule authn_file_module $modules/mod_authn_file.so\n";
}

# What a <Location> needs to authenticate these by name; everybody's password is "secret".
sub basic_auth {
    my (@names) = @_;
    my ($failed, $hash) = command(qw(openssl passwd -apr1 secret));
    die $hash if $failed;
    write_file(scratch('passwords'), join '', map { "$_:$hash" } @names);
    chmod 0755, scratch();
    return qq(AuthType Basic\nAuthName "Intranet"\nAuthBasicProvider file\nAuthUserFile ") . scratch('passwords') . qq("\n);
}

# The header Authorization of a name.
sub basic {
    my ($name, $password) = @_;
    return 'Basic ' . encode_base64($name . ':' . ($password // 'secret'), '');
}

# A virtual host on loopback with these lines.
sub plain_host {
    my ($port, $lines) = @_;
    return "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName localhost\n$lines</VirtualHost>\n";
}

# The same with TLS, asking for our certificates. Paths are below ServerRoot, for the folder is not known yet.
sub tls_host {
    my ($port, $lines) = @_;
    return plain_host($port, <<"END");
SSLEngine on
SSLCertificateFile secrets/server.pem
SSLCertificateKeyFile secrets/server.key
SSLCACertificateFile chain.pem
SSLVerifyClient optional
SSLVerifyDepth 3
$lines
END
}

1;
