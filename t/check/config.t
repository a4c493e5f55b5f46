# make check-config: the shop passes, a shop with faults does not, and the figures say how many.
use strict;
use warnings;
use Cwd qw(realpath);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = dirname(realpath(__FILE__)) . '/../..';
my $dir = tempdir(CLEANUP => 1);

sub check {
    my ($example) = @_;
    local $ENV{EXAMPLE} = $example;
    my @said = `"$top/tools/run" check 2>&1`;
    my $status = $? >> 8;
    my ($n, $errors, $warnings) = ($said[-1] // '') =~ /^expectations=(\d+) errors=(\d+) warnings=(\d+)$/ or diag @said;
    is $errors, scalar(grep { /\[emerg\]/ } @said), 'errors are counted';
    is $warnings, scalar(grep { /\[warn\]/ } @said), 'warnings are counted';
    return ($status, $n, $errors);
}

sub shop {
    my ($from, $to) = @_;
    open my $in, '<', "$top/conf-examples/shop.conf" or die "shop.conf: $!\n";
    my $text = do { local $/; <$in> };
    $text =~ s/$from/$to/ or die "shop.conf has no $from\n";
    open my $out, '>', "$dir/shop.conf" or die "shop.conf: $!\n";
    print $out $text;
    close $out or die "shop.conf: $!\n";
    return "$dir/shop.conf";
}

subtest 'the shop' => sub {
    my ($status, $n, $errors) = check("$top/conf-examples/shop.conf");
    is $status, 0, 'passes';
    is $errors, 0, 'without errors';
    cmp_ok $n, '>=', 40, 'with all that it expects';
};

subtest 'a column that is not there' => sub {
    my ($status, $n, $errors) = check(shop(qr/column       sku /, 'column       skew '));
    is $status, 1, 'fails';
    is $errors, 1, 'with one error';
};

subtest 'a configuration that is wrong before it can be compared' => sub {
    my ($status, $n, $errors) = check(shop(qr/wxapp_mysql \{/, 'wxapp_mysq {'));
    is $status, 1, 'fails';
    is $errors, 1, 'with one error';
    is $n, 0, 'and nothing was compared';
};

done_testing;
