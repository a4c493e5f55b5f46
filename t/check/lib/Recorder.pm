package Recorder;

# A TCP relay that keeps what went through it: it shows which codes and session keys existed, in a place
# that is no log. Resets are passed on as resets.
#
#   my $pid = Recorder::start(FROM_PORT, TO_PORT, FILE);     # a child; TERM ends it, FILE is then written

use strict;
use warnings;

use EV ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(SOL_SOCKET SO_LINGER);

sub start {
    my ($from, $to, $file) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $from, Listen => 512, ReuseAddr => 1)
        or die "port $from: $!\n";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT HUP ALRM);
    POSIX::setsid();
    alarm 0;
    EV::default_loop->loop_fork;
    relay($listen, $to, $file);
    POSIX::_exit(0);
}

sub relay {
    my ($listen, $to, $file) = @_;
    open my $out, '>>:raw', $file or POSIX::_exit(1);
    my %live;
    my $serial = 0;
    my $end = sub {
        my ($pair, $reset) = @_;
        delete $live{ $pair->{n} } or return;
        delete @$pair{qw(wa wb)};
        for my $fh (@$pair{qw(a b)}) {
            setsockopt $fh, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $reset;
            close $fh;
        }
        # a chunk's head may stand in the middle of a value
        for my $text (@$pair{qw(up down)}) { $text =~ s/\r\n[0-9a-f]{1,6}\r\n//g; syswrite $out, "$text\n" }
    };
    my $pump = sub {
        my ($pair, $from, $into, $text) = @_;
        my $n = sysread $from, my $data, 65536;
        if (!defined $n) { return $end->($pair, $!{ECONNRESET}) if !$!{EAGAIN} && !$!{EINTR}; return }
        return $end->($pair) if $n == 0;
        $pair->{$text} .= $data;
        $into->blocking(1);
        my $at = 0;
        while ($at < $n) { my $w = syswrite $into, $data, $n - $at, $at; return $end->($pair, 1) if !$w; $at += $w }
        $into->blocking(0);
    };
    local $SIG{PIPE} = 'IGNORE';
    my $accept = EV::io($listen, EV::READ, sub {
        my $a = $listen->accept or return;
        my $b = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $to);
        if (!$b) { close $a; return }
        $_->blocking(0) for $a, $b;
        my $pair = { n => ++$serial, a => $a, b => $b, up => '', down => '' };
        $live{$serial} = $pair;
        $pair->{wa} = EV::io($a, EV::READ, sub { $pump->($pair, $a, $b, 'up') });
        $pair->{wb} = EV::io($b, EV::READ, sub { $pump->($pair, $b, $a, 'down') });
    });
    my $term = EV::signal('TERM', sub { $end->($_) for values %live; EV::break() });
    EV::run();
    close $out;
    return;
}

1;
