# SPDX-License-Identifier: Apache-2.0
# What the checks share: the files of the project, and C text without comments and literals.
package Tree;
use strict;
use warnings;
use Cwd ();
use File::Basename ();
use Exporter 'import';
our @EXPORT = qw(files text plain top layers);

my $top = Cwd::abs_path(File::Basename::dirname(__FILE__) . '/../..');
chdir $top or die "$top: $!";

sub top { return $top }

# Paths that match, known to git or new but not ignored.
sub files {
    my ($pattern) = @_;
    my @all = `git ls-files --cached --others --exclude-standard`;
    die "git ls-files failed\n" if $?;
    chomp @all;
    return grep { -f $_ && !-l $_ && $_ =~ $pattern } sort @all;
}

sub text {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

# Comments, strings and characters are blanked and preprocessor lines dropped; line numbers stay.
sub plain {
    my ($text) = @_;
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}{
        my $gone = $1;
        my $lines = $gone =~ tr/\n//;
        ($gone =~ m{^["']} ? '0' : ' ') . "\n" x $lines
    }gse;
    $text =~ s{^[ \t]*#(?:\\\n|[^\n])*}{"\n" x ($& =~ tr/\n//)}gme;
    return $text;
}

# Each folder and the folders it may include.
sub layers {
    my @order = qw(base model pki keys policy store net flow proto);
    my %may;
    for my $i (0 .. $#order) {
        $may{$order[$i]} = { map { $_ => 1 } @order[0 .. $i] };
    }
    $may{$_} = { (map { $_ => 1 } @order), $_ => 1 } for qw(httpd ctl);
    $may{card} = { map { $_ => 1 } qw(base pki keys net card) };
    return \%may;
}

1;
