package Load;

# A load driver on EV: HTTP/1.1 over a fixed number of connections, one request at a time on each.
#
#   my $r = Load::run(port => P, connections => 64, next => sub { \%request or undef }, done => sub { ... });
#
# next gets the connection's number, from 1 on, and gives { m => 'GET', p => '/path', t => TOKEN, b => BODY,
# close => 1 } and whatever else the caller wants back; undef ends the connection's work. done gets ($request,
# $reply): $reply->{status} is 0 when the request failed, with the reason in $reply->{why}; {ms} is how long
# it took, {body} and {head} what came.
#
# A server may close a connection that rests, and a request may cross that: it is sent once more on a new
# connection, but only when it went out on a connection that had served before and not one byte came back.
# Everything else counts as a failure, and with once => 1 this, too.

use strict;
use warnings;

use EV ();
use Errno qw(EAGAIN EINTR);
use IO::Socket::INET ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(time);

sub run {
    my (%o) = @_;
    my $s = { %o, retried => 0, failed => 0, sent => 0, live => 0, timeout => $o{timeout} // 20 };
    my @slots = map { { n => $_, state => $s } } 1 .. $o{connections};
    $s->{live} = @slots;
    EV::now_update();           # else timers count from the last run
    start($_) for @slots;
    # a die in a callback, or in the handler of a signal there, would only be a warning
    my $died;
    local $EV::DIED = sub { $died //= $@; EV::break(EV::BREAK_ALL) };
    EV::run() if $s->{live};
    die $died if defined $died;
    die "the load stopped by itself\n" if $s->{live};
    drop($_), delete $_->{rest} for @slots;
    delete @$s{qw(next done)};
    return $s;
}

sub drop {
    my ($c) = @_;
    delete @$c{qw(io timer fh)};
    $c->{served} = 0;
    return;
}

sub connect_ {
    my ($c) = @_;
    $c->{fh} = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $c->{state}{port}) or return 0;
    setsockopt $c->{fh}, IPPROTO_TCP, TCP_NODELAY, 1;
    $c->{fh}->blocking(0);
    $c->{served} = 0;
    $c->{io} = EV::io($c->{fh}, EV::READ, sub { readable($c) });
    return 1;
}

sub start {
    my ($c) = @_;
    my $s = $c->{state};
    my $q = $s->{next}->($c->{n});
    if (!$q) {
        drop($c);
        EV::break() if --$s->{live} == 0;
        return;
    }
    my $body = $q->{b} // '';
    $c->{q}    = $q;
    $c->{out}  = "$q->{m} $q->{p} HTTP/1.1\r\nHost: shop\r\n"
        . (defined $q->{t} ? "Authorization: Bearer $q->{t}\r\n" : '')
        . (defined $q->{b} ? "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n" : '')
        . ($q->{close} ? "Connection: close\r\n" : '') . "\r\n$body";
    $c->{began} = time;
    $c->{tries} = 0;
    $s->{sent}++;
    send_($c);
    return;
}

sub send_ {
    my ($c) = @_;
    my $s = $c->{state};
    $c->{in} = '';
    delete @$c{qw(head length chunked got)};
    $c->{tries}++;
    if (!$c->{fh} && !connect_($c)) { return ended($c, 0, "connect: $!") }
    $c->{reused} = $c->{served};
    $c->{timer} = EV::timer($s->{timeout}, 0, sub { drop($c); ended($c, 0, 'timeout') });
    my $n = syswrite $c->{fh}, $c->{out};
    if (!defined $n || $n < length $c->{out}) { return lost($c, 'write: ' . (defined $n ? 'short' : $!)) }
    return;
}

sub lost {
    my ($c, $why) = @_;
    my $again = !$c->{state}{once} && $c->{reused} && !$c->{got} && $c->{in} eq '' && $c->{tries} < 5;
    drop($c);
    if ($again) { $c->{state}{retried}++; return send_($c) }
    return ended($c, 0, $why);
}

sub readable {
    my ($c) = @_;
    my $n = sysread $c->{fh}, $c->{in}, 65536, length $c->{in};
    if (!defined $n) {
        return if $! == EAGAIN || $! == EINTR;
        return $c->{q} ? lost($c, "read: $!") : drop($c);
    }
    if ($n == 0) {
        return $c->{q} ? lost($c, 'closed' . ($c->{in} eq '' ? '' : ' in the reply')) : drop($c);
    }
    return drop($c) if !$c->{q};
    if (!$c->{head}) {
        my $at = index $c->{in}, "\r\n\r\n";
        return if $at < 0;
        $c->{head} = substr $c->{in}, 0, $at + 2, '';
        substr $c->{in}, 0, 2, '';
        ($c->{status}) = $c->{head} =~ m{\AHTTP/1\.1 (\d+)} or do { drop($c); return ended($c, 0, 'no HTTP') };
        $c->{length} = $c->{q}{m} eq 'HEAD' || $c->{status} == 204 || $c->{status} == 304 ? 0
                     : $c->{head} =~ /^Content-Length: *(\d+)/mi ? $1 : undef;
        $c->{chunked} = !defined $c->{length} && $c->{head} =~ /^Transfer-Encoding: *chunked/mi;
        $c->{got} = 1;
    }
    if (defined $c->{length}) { return if length $c->{in} < $c->{length} }
    elsif ($c->{chunked}) { return if $c->{in} !~ /(?:\A|\r\n)0\r\n\r\n\z/ }
    else { drop($c); return ended($c, 0, 'no length') }
    my ($status, $head, $body) = @$c{qw(status head in)};
    if ($head =~ /^Connection: *close/mi) { drop($c) } else { $c->{served} = 1; delete $c->{timer} }
    return ended($c, $status, undef, $head, $body);
}

sub ended {
    my ($c, $status, $why, $head, $body) = @_;
    my $s = $c->{state};
    my $q = delete $c->{q};
    my $now = time;
    $s->{failed}++ if !$status;
    delete $c->{timer};
    $s->{done}->($q, { status => $status, why => $why, head => $head, body => $body, at => $now,
        ms => ($now - $c->{began}) * 1000 });
    my $think = $s->{think} // 0;
    # never deeper: the next one starts from the loop
    $c->{rest} = EV::timer($think * (0.5 + rand), 0, sub { start($c) });
    return;
}

1;
