#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Kills: an installation that misses a file, takes an administrator's configuration away, or leaves
# something behind; a manual page with a placeholder in it.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find ();
use File::Temp ();
use FindBin;
use Test::More;

my $build = $ENV{CERTMGR_BUILD} // abs_path("$FindBin::Bin/../..") . '/build';
my $room = File::Temp->newdir('/tmp/certmgr-install-XXXXXX');

sub make {
    my ($target) = @_;
    my $text = `make -s -C '$build' $target DESTDIR='$room' 2>&1`;
    is($?, 0, "make $target") or diag($text);
    return;
}

sub installed {
    my @found;
    File::Find::find(sub { push @found, $File::Find::name =~ s/^\Q$room\E//r if -f || -l }, "$room");
    return @found;
}

sub read_file {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

make('install');
my @found = installed();
for my $pattern (qr{/modules/mod_certmgr\.so}, qr{/mods-available/certmgr\.(?:load|conf)},
    qr{/bin/certmgrctl}, qr{/man1/certmgrctl\.1}, qr{/man5/mod_certmgr\.5}, qr{/man5/certmgr-profile\.5},
    qr{/mod_certmgr/(?:certmgr\.conf|profiles/[\w-]+\.json)})
{
    ok((grep { /$pattern$/ } @found), "installed: $pattern");
    @found = grep { !/$pattern$/ } @found;
}
is("@found", '', 'and nothing else');
for my $page (grep { m{/man\d/} } installed()) {
    my $text = read_file("$room$page");
    is(join(' ', $text =~ /\@\w+\@/g), '', "$page has no placeholder");
    is(`man --warnings -l '$room$page' 2>&1 >/dev/null`, '', "man reads $page") if -x '/usr/bin/man';
}

my ($conf) = grep { m{/mods-available/certmgr\.conf$} } installed();
open my $file, '>>', "$room$conf" or die $!;
print {$file} "# mine\n";
close $file;
make('install');
like(read_file("$room$conf"), qr/^# mine$/m, 'a changed configuration survives an upgrade');
make('uninstall');
is(join(' ', installed()), $conf, 'and is all that uninstalling leaves');
unlink "$room$conf";
make('install');
make('uninstall');
is(join(' ', installed()), '', 'an unchanged one goes as well');
done_testing();
