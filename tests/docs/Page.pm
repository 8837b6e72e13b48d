# SPDX-License-Identifier: Apache-2.0
# The examples of a page in the order of reading: commands (```sh) as they stand, and configuration
# (```apache) that goes to the file which the line before it names ("In `/path`:").
package Page;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(steps);

# A list of {name, text}: what to call the example, and a shell script that does what a reader would.
sub steps {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    my $page = do { local $/ = undef; <$file> };
    my @steps;
    while ($page =~ /(?:In `([^`\n]+)`[^\n]*\n\n)?^```(sh|apache)\n(.*?)^```$/msg) {
        my ($target, $kind, $text) = ($1, $2, $3);
        if ($kind eq 'sh') {
            push @steps, { name => (split /\n/, $text)[0], text => $text };
            next;
        }
        die "$path: an example of configuration does not say its file\n" unless $target;
        push @steps, { name => $target, text => "cat > $target <<'END OF PAGE'\n${text}END OF PAGE\n" };
    }
    return @steps;
}

1;
