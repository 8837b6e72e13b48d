#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a manual that points to a file or heading that is gone, or names a make target or script that
# does not exist.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../checks";
use File::Basename qw(dirname);
use Test::More;
use Tree;

my $makefile = join '', map { text($_) } files(qr{(?:\.mk|Makefile\.am)$});
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
    ok(!@wrong, $path) or diag(map { "$_\n" } @wrong);
}
done_testing();
