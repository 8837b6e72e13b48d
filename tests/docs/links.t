#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a manual that points to a file or heading that is gone, or names a make target or script that
# does not exist, or a function, type or source file that the code no longer has.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../checks";
use File::Basename qw(dirname);
use Test::More;
use Tree;

my $makefile = join '', map { text($_) } files(qr{(?:\.mk|Makefile\.am)$});
my $code = join '', map { text($_) } files(qr{^mod_certmgr/.*\.[ch]$});
my %symbols = map { $_ => 1 } $code =~ /\b(cm_\w+)\b/g;
my %sources = map { s{.*/}{}r => 1 } files(qr{^(?:mod_certmgr|tests)/});
for my $path (files(qr{\.md$})) {
    my $text = text($path);
    my @wrong;
    (my $prose = $text) =~ s/^```.*?^```//gms;
    for my $link ($prose =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ /^(?:https?|mailto):/;
        my ($file, $heading) = $link =~ /^([^#]*)(?:#(.*))?$/;
        my $target = length $file ? dirname($path) . "/$file" : $path;
        push @wrong, "$link: no such file" unless -e $target;
        next unless defined $heading && -f $target;
        my %headings = map { lc(s/[^\w\- ]//gr =~ s/ /-/gr) => 1 } text($target) =~ /^#+\s+(.*?)\s*$/mg;
        push @wrong, "$link: no such heading" unless $headings{$heading};
    }
    for my $script ($text =~ m{(?<![\w/.])\./([\w-]+)\b(?!/)}g) {
        push @wrong, "./$script: no such script" unless -e $script || $script eq 'configure';
    }
    for my $target ($text =~ /`make ([a-z][\w-]*)/g) {
        push @wrong, "make $target: no such target"
            unless $makefile =~ /^\Q$target\E\s*:/m || $target =~ /^(?:all|check|clean|dist|distcheck|(?:un)?install)$/;
    }
    for my $symbol ($text =~ /`[^`\n]*?\b(cm_\w+)/g) {
        push @wrong, "$symbol: not in the code" unless $symbols{$symbol};
    }
    for my $word ($text =~ m{`((?:[a-z]+/)*[a-z]\w*\.(?:[ch]|def))`}g) {
        my $there = $word =~ m{/} ? -e $word || -e "mod_certmgr/$word" : $sources{$word};
        push @wrong, "$word: no such source" unless $there;
    }
    ok(!@wrong, $path) or diag(map { "$_\n" } @wrong);
}
done_testing();
