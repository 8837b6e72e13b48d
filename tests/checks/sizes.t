#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: what no one can hold in their head. A file has at most 600 lines, a function 80 lines, 5
# parameters and a complexity of 15 (1 + if, for, while, case, &&, ||, ?). There are no exceptions.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use Tree;
my %limit = (file => 600, lines => 80, parameters => 5, complexity => 15);

# From the place of an opening bracket to that of the closing one.
sub close_of {
    my ($text, $open) = @_;
    my $depth = 0;
    pos($text) = $open;
    while ($text =~ /([(){}\[\]])/g) {
        $depth += $1 =~ /[({\[]/ ? 1 : -1;
        return pos($text) - 1 if $depth == 0;
    }
    return length($text) - 1;
}

sub parameters {
    my ($list) = @_;
    1 while $list =~ s/[(\[{<][^()\[\]{}<>]*[)\]}>]//;
    return 0 if $list =~ /^\s*(?:void\s*)?$/;
    return 1 + ($list =~ tr/,//);
}

sub complexity {
    my ($body) = @_;
    my @branches = $body =~ /\b(?:if|for|while|case)\b|&&|\|\||\?(?![.?:])/g;
    return 1 + @branches;
}

# Each function: name, first line, lines, parameters, complexity. Functions within others
# (TypeScript) count on their own too.
sub functions {
    my ($text) = @_;
    my @found;
    while ($text =~ /([A-Za-z_]\w*)\s*(?=\()/g) {
        my ($name, $start, $open) = ($1, $-[1], pos $text);
        next if $name =~ /^(?:if|for|while|switch|catch|return|sizeof|__attribute__)$/;
        my $end = close_of($text, $open);
        my $rest = substr $text, $end + 1;
        next unless $rest =~ /^(?:\s*__attribute__\s*\(\(.*?\)\)|\s*:\s*[\w<>\[\]|, .]+?)?\s*(?:=>\s*)?\{/;
        my $body_open = $end + 1 + $+[0] - 1;
        my $body_end = close_of($text, $body_open);
        push @found, {
            name => $name,
            line => 1 + (substr($text, 0, $start) =~ tr/\n//),
            lines => 1 + (substr($text, $start, $body_end - $start) =~ tr/\n//),
            parameters => parameters(substr $text, $open + 1, $end - $open - 1),
            complexity => complexity(substr $text, $body_open, $body_end - $body_open),
        };
    }
    return @found;
}

# the counters themselves
my ($probe) = functions(plain(<<'PROBE'));
int probe(int a, void (*b)(int, int), char *c)
{
    /* if (no) { */
    if (a && c) {
        return '{' ? 1 : 2;
    }
    return 0;
}
PROBE
is_deeply([@$probe{qw(name lines parameters complexity)}], ['probe', 8, 3, 4], 'a function is measured');

for my $path (files(qr{\.(?:[ch]|ts|tsx|mjs|js|css|pl|pm|t|sh|def|sql|mk)$|^(?:run-tests|quickstart)$|^tests/(?:tap|variant)$})) {
    next if $path =~ m{(?:^|/)package-lock\.json$};
    my $text = text($path);
    my @wrong;
    my $count = $text =~ tr/\n//;
    push @wrong, "$count lines" if $count > $limit{file};
    if ($path =~ /\.(?:[ch]|ts|tsx|mjs|js)$/) {
        for my $function (functions(plain($text))) {
            for my $what (qw(lines parameters complexity)) {
                next if $function->{$what} <= $limit{$what};
                push @wrong, "line $function->{line}: $function->{name}: $what $function->{$what}, more than $limit{$what}";
            }
        }
    }
    ok(!@wrong, $path) or diag(join "\n", @wrong);
}
done_testing();
