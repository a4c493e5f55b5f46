package WXServices;

# Services of its own for a file whose blocks stop, kill, lock and misconfigure them: `use WXServices;`, before
# `use WXApp;`, with options of tools/services start, as in `use WXServices '--binlog';`. They end with the file.

use strict;
use warnings;

use Cwd ();
use File::Basename qw(dirname);
use File::Temp ();

my ($dir, $tools, $owner);

sub import {
    my (undef, @options) = @_;
    $tools = Cwd::realpath(dirname(__FILE__) . '/../../tools');
    $dir   = File::Temp::tempdir(TMPDIR => 1);
    $owner = $$;
    chmod 0755, $dir;
    $SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
    system("$tools/services", 'start', $dir, @options) == 0 or die "tools/services failed\n";
    environment();
    return;
}

sub environment {
    open my $env, '<', "$dir/env" or die "$dir/env: $!\n";
    /^export (\w+)='(.*)'$/ and $ENV{$1} = $2 while <$env>;
    return;
}

# a second MariaDB that replicates from the first; false if it does not start
sub replica {
    my ($seconds) = @_;
    return 0 if system("$tools/services", 'replica', $dir, $seconds // 0) != 0;
    environment();
    return 1;
}

# the services that do not run
sub stopped { return map { /^(\w+): stopped/ } `$tools/services status $dir` }

sub pid_of {
    my ($what) = @_;
    open my $fh, '<', "$dir/run/$what.pid" or return 0;
    chomp(my $pid = <$fh> // 0);
    return $pid;
}

END {
    if ($dir && $$ == $owner) {
        local $?;
        system("$tools/services", 'stop', $dir);
        system('rm', '-rf', $dir);
    }
}

1;
