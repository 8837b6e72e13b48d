#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: state that outlives a request, is shared by threads and survives a reload: there are no
# mutable statics or globals but the module's own entry, which httpd fills in. Types that hide their const are not used for tables.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
for my $path (files(qr{^mod_certmgr/.*\.[ch]$})) {
    my $text = plain(text($path));
    my @wrong;
    while ($text =~ /^[ \t]*(?:static|_Thread_local|__thread)\b([^;{}()=]*)([;={(])/mg) {
        my ($head, $after) = ($1, $2);
        next if $after eq '(' && substr($text, pos $text) !~ /^\s*\*/;
        next if $after eq '{';
        # what is const must be the object, not only what it points to
        my $object = $head =~ /\*/ ? ($head =~ /.*\*(.*)/s)[0] : $head;
        push @wrong, "static$head" unless $object =~ /\bconst\b/;
    }
    # objects of the file's own scope
    while ($text =~ /^(?!static|extern|typedef|struct|enum|union|return|AP_|APR_|APLOG_)[a-z]\w*(?:[ \t]+\**\w+)+(?:\[\w*\])*[ \t]*[;=]/mg) {
        my $head = $&;
        push @wrong, $head unless $head =~ /\bconst\b|AP_MODULE_DECLARE_DATA/ || $head =~ /\(/;
    }
    ok(!@wrong, $path) or diag(map { "$_\n" } @wrong);
}
done_testing();
