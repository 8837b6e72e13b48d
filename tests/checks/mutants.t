#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: a list of mutants that no longer fits the code, so that `make mutants` would stop half-way; a test
# named there that is gone.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../mutants";
use Test::More;
use Mutants;
use Tree;
my @mutants = mutants();
my (%tests, %texts, %seen);
for my $path (files(qr{^tests/unit/.*_test\.c$})) {
    my ($folder, $text) = ($path =~ m{^tests/unit/(\w+)/}, text($path));
    $tests{"unit-$folder"}{$1} = 1 while $text =~ /START_TEST\((\w+)\)/g;
}
ok(@mutants > 0, 'there are mutants');
for my $mutant (@mutants) {
    my ($program, $case, $test) = @{ $mutant->{test} };
    my $there = $program eq 'http' ? -f "tests/http/" . $case =~ s{^t/}{}r : $tests{$program}{ $test // '' };
    my $text = -f $mutant->{file} ? $texts{ $mutant->{file} } //= text($mutant->{file}) : '';
    my $changed = mutate($mutant, $text);
    ok(!$seen{ $mutant->{name} }++, "$mutant->{name}: its name is its own") or diag($mutant->{at});
    ok($there, "$mutant->{name}: its test exists") or diag($mutant->{at});
    ok(defined $changed && $changed ne $text, "$mutant->{name}: $mutant->{file} has the old text once")
        or diag($mutant->{at});
}
done_testing();
