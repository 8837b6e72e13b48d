#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a layer that leans on one to its right, so that it can't be read, tested or reused alone;
# and httpd leaking into the core.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my $may = layers();
my @sources = files(qr{^mod_certmgr/.*\.[ch]$});
ok(@sources > 0, 'there are sources');
for my $path (@sources) {
    my ($layer) = $path =~ m{^mod_certmgr/([^/]+)/};
    my @wrong;
    push @wrong, "$layer is no layer" unless $may->{$layer};
    for my $include (text($path) =~ m{^\s*#\s*include\s*([<"][^>"]+)}mg) {
        my ($kind, $name) = $include =~ /^(.)(.*)/;
        if ($kind eq '"') {
            my ($folder) = $name =~ m{^([^/]+)/};
            push @wrong, "\"$name\" is not named folder/file.h" unless $folder || $name eq 'config.h';
            push @wrong, "includes $name" if $folder && !$may->{$layer}{$folder};
        } elsif ($layer ne 'httpd' && $name =~ m{^(?:httpd|ap_|http_|mod_|util_(?!time)|scoreboard|mpm_|heartbeat)}) {
            push @wrong, "includes <$name> of httpd";
        }
    }
    ok(!@wrong, $path) or diag(@wrong);
}
done_testing();
