# src/base alone: C tests linked with nginx's own strings and pools, under ASan and UBSan (t/unit/run).

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use Test::More;

my $unit = Cwd::realpath(dirname(__FILE__) . '/unit');

sub run {
    my ($command) = @_;
    open my $pipe, '-|', "$command 2>&1" or die "$command: $!\n";
    my @lines = <$pipe>;
    close $pipe;
    return ($? >> 8 || $? & 127, @lines);
}

my ($status, @out) = run("'$unit/run' --build");
plan skip_all => 'neither gcc nor clang' if $status == 77;
is $status, 0, 'the unit tests compile' or diag @out;

my @programs = $status ? () : map { chomp; $_ } grep { m{^/} } @out;
cmp_ok scalar @programs, '>=', 6, 'all of them';

$ENV{ASAN_OPTIONS}  = 'detect_leaks=1';
$ENV{UBSAN_OPTIONS} = 'print_stacktrace=1';
delete $ENV{LSAN_OPTIONS};

for my $program (@programs) {
    my ($name) = $program =~ m{([^/]+)$};
    my ($rc, @tap) = run($program);
    my ($plan, $seen) = (-1, 0);
    my @more;
    for my $line (@tap) {
        if ($line =~ /^(not )?ok \d+ - (.*)/) {
            ok !$1, "$name: $2";
            $seen++;
        } elsif ($line =~ /^1\.\.(\d+)/) {
            $plan = $1;
        } else {
            push @more, $line;
        }
    }
    is $seen, $plan, "$name: ran to its end";
    is $rc, 0, "$name: exit status" or diag @more;
    ok !(grep { /runtime error|Sanitizer/ } @tap), "$name: no report of a sanitizer" or diag @more;
}

done_testing;
