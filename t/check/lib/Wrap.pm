package Wrap;

# One check as one test: `use Wrap 'soak';` runs t/check/soak with SHORT=1. It passes when the command exits
# with 0; its last line, the figures, is shown. Status 77 is a skip, and that line its reason. A second word
# `plain` leaves the check out of a sanitized run.

use strict;
use warnings;

use Cwd qw(realpath);
use File::Basename qw(dirname);
use Test::More;

sub import {
    my (undef, $command, $where) = @_;
    my $dir = realpath(dirname(__FILE__) . '/..');
    my $name = $command =~ s,.*/,,r;

    if (($where // '') eq 'plain' && $ENV{WXAPP_SANITIZER_LOG}) {
        plan(skip_all => 'not under a sanitizer');
    }

    local $ENV{SHORT} = 1;
    local $ENV{PERL5OPT} = '';
    my (@lines, $pid);
    local @SIG{qw(INT TERM)} = (sub { kill 'TERM', $pid if $pid; die "ended\n" }) x 2;
    $pid = open my $out, '-|', 'sh', '-c', 'exec "$0" 2>&1', "$dir/$command" or die "$command: $!\n";
    while (<$out>) { push @lines, $_; shift @lines if @lines > 200 }
    close $out;
    my $rc = $?;
    my $last = @lines ? $lines[-1] =~ s/\n\z//r : '';

    plan(skip_all => $last =~ s,^skipped: ,,r) if $rc == 77 << 8;
    plan(tests => 1);
    if (!ok($rc == 0, $name)) { diag($_) for map { s/\n\z//r } @lines }
    elsif (@lines) { diag("$name: $last") }
    return;
}

1;
