package WXDrive;

# Blocks that do more than one request: `use WXDrive;` after `use WXApp;`.
#
#   --- drive      Perl, run in package main while the block's nginx runs; its own assertions count, and the
#                  error log is checked after it. The block needs no request of its own.
#   --- workers: 2 a master and that many workers (standard: one process)
#
# A block with a drive section has also
#   location = /ready { return 200; }       location = /status { wxapp_status; }
#
# Requests: http(...) waits for the reply; begin(...) and finish($h) let more than one be under way;
# abandon($h) closes without reading. A reply is { status, headers, body, json }, status 0 without one.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use IO::Socket::UNIX ();
use HTTP::Tiny ();
use JSON::PP ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::Builder ();
use Test::More ();
use Time::HiRes ();

use Test::Nginx::Socket ();
use Test::Nginx::Util ();

use base 'Exporter';
our @EXPORT = qw(
    http get post begin finish abandon connection close_connection
    wait_until pause status_of
    master_pid worker_pids children_of signal_nginx logs log_size
    h2_connect h2_post h2_reset h2_reply
    fault_proxy fault_stop
);

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined $block->workers) {
        Test::Nginx::Util::master_on();
        Test::Nginx::Util::workers($block->workers);

    } else {
        Test::Nginx::Util::master_process_enabled(($ENV{TEST_NGINX_MASTER_PROCESS} // '') eq 'on');
        Test::Nginx::Util::workers(1);
    }

    return if !defined $block->drive;

    my $config = $block->config // '';
    $block->set_value(config => $config . <<'C');
location = /ready { access_log off; return 200; }
location = /status { wxapp_status; }
C
    $block->set_value(request => "GET /ready\n") if !defined $block->request && !defined $block->raw_request;
});

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, undef, $req_idx, undef, $dry_run) = @_;

    return if !defined $block->drive || $dry_run || $req_idx;

    # its failures name the block
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    (my $name = $block->name) =~ s/.*?(TEST \d+).*/$1/s;
    our $in = $name;
    my $ok = eval "package main; use strict; use warnings;\n#line 1 \"$name drive\"\n" . $block->drive . "\n; 1";
    Test::More::fail("$name: $@") if !$ok;
});

# HTTP::Tiny sends head and body apart; without this every POST to the simulator waits 40 ms for an ACK
{
    no warnings 'redefine';
    my $connect = \&HTTP::Tiny::Handle::connect;
    *HTTP::Tiny::Handle::connect = sub {
        my $handle = $connect->(@_);
        setsockopt $handle->{fh}, IPPROTO_TCP, TCP_NODELAY, 1;
        return $handle;
    };
}

# ---- requests

sub connection {
    my (%o) = @_;
    return $o{socket} if $o{socket};
    my $port = $o{port} // $ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port();
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 3);
}

sub close_connection { my ($socket) = @_; close $socket if $socket; return }

# begin('POST', '/login', '{"code":"x"}', headers => ['X-A: b'], socket => S, port => N)
# with a socket the connection stays open for the next request
sub begin {
    my ($method, $path, $body, %o) = @_;
    my $socket = connection(%o) or return { dead => 1, buffer => '' };
    my @head = ("$method $path HTTP/1.1", 'Host: localhost');
    push @head, 'Connection: close'                if !$o{socket};
    push @head, 'Content-Length: ' . length $body  if defined $body;
    push @head, 'Content-Type: application/json'   if defined $body;
    push @head, @{ $o{headers} // [] };
    local $SIG{PIPE} = 'IGNORE';
    syswrite $socket, join("\r\n", @head, '', '') . ($body // '');
    return { socket => $socket, buffer => '', keep => !!$o{socket}, head => $method eq 'HEAD', at => Time::HiRes::time() };
}

# whether a whole reply is in the buffer
sub complete {
    my ($h) = @_;
    return 0 if $h->{buffer} !~ /\A(.*?)\r\n\r\n(.*)\z/s;
    my ($head, $rest) = ($1, $2);
    return 1 if $h->{head} || $head =~ m{\AHTTP/1\.. (?:204|304)};
    return length $rest >= $1 if $head =~ /^Content-Length: *(\d+)/im;
    return $rest =~ /(?:\A|\r\n)0\r\n\r\n\z/ if $head =~ /^Transfer-Encoding: *chunked/im;
    return 0;
}

sub finish {
    my ($h, $timeout) = @_;
    my $none = { status => 0, headers => {}, body => '', json => undef };
    return $none if $h->{dead};
    my $end = Time::HiRes::time() + ($timeout // 15);
    my $s = IO::Select->new($h->{socket});
    while (!complete($h)) {
        my $left = $end - Time::HiRes::time();
        last if $left <= 0 || !$s->can_read($left);
        sysread($h->{socket}, $h->{buffer}, 65536, length $h->{buffer}) or last;
    }
    my $took = Time::HiRes::time() - $h->{at};
    close $h->{socket} if !$h->{keep};
    $h->{buffer} =~ m{\AHTTP/1\.\d (\d+)[^\r\n]*\r\n(.*?)\r\n\r\n(.*)\z}s
        or $h->{buffer} =~ m{\AHTTP/1\.\d (\d+)[^\r\n]*()\r\n\r\n(.*)\z}s or return { %$none, took => $took };
    my ($status, $head, $body) = ($1, $2, $3);
    my %headers;
    for (split /\r\n/, $head) {
        my ($name, $value) = /^([^:]+):\s*(.*)$/ or next;
        $name = lc $name;
        $headers{$name} = exists $headers{$name} ? "$headers{$name}, $value" : $value;
    }
    if (($headers{'transfer-encoding'} // '') eq 'chunked') {
        my $text = '';
        while ($body =~ s/\A([0-9a-f]+)\r\n//i && (my $n = hex $1)) {
            $text .= substr $body, 0, $n, '';
            $body =~ s/\A\r\n//;
        }
        $body = $text;
    }
    my $json = $body =~ /\A[\{\[]/ ? eval { JSON::PP->new->utf8->decode($body) } : undef;
    return { status => $status, headers => \%headers, body => $body, json => $json, took => $took };
}

sub http { my @args = @_; return finish(begin(@args)) }
sub get  { my ($path, @more) = @_; return http('GET', $path, undef, @more) }
sub post { my ($path, $json, @more) = @_; return http('POST', $path, ref $json ? JSON::PP::encode_json($json) : $json, @more) }

sub abandon { my ($h) = @_; close $h->{socket} if $h->{socket}; return }

# ---- waiting

sub pause { my ($seconds) = @_; return Time::HiRes::sleep($seconds) }

# the true value of CODE, looked at again and again; false after the time, 10 s if not given
sub wait_until (&;$) {
    my ($code, $seconds) = @_;
    my $end = Time::HiRes::time() + ($seconds // 10);
    for (;;) {
        my $value = $code->();
        return $value if $value;
        return 0 if Time::HiRes::time() > $end;
        Time::HiRes::sleep(0.01);
    }
}

# status_of('mysql') or status_of(): a part of wxapp_status
sub status_of {
    my ($part) = @_;
    my $json = get('/status')->{json} // {};
    return defined $part ? $json->{$part} // {} : $json;
}

# ---- nginx

sub master_pid {
    open my $fh, '<', Test::Nginx::Util::server_root() . '/logs/nginx.pid' or return 0;
    chomp(my $pid = <$fh> // 0);
    return $pid;
}

sub children_of {
    my ($parent) = @_;
    my @found;
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $fh, '<', $file or next;
        my $line = readline($fh) // next;
        $line =~ /^(\d+) \(.*\) (\S) (\d+)/s or next;
        push @found, $1 if $3 == $parent && $2 ne 'Z';
    }
    @found = sort { $a <=> $b } @found;
    return @found;
}

sub worker_pids { my @found = children_of(master_pid()); return @found }

sub signal_nginx { my ($signal) = @_; return kill $signal => master_pid() }

# everything that the block's nginx logged, from the byte on
sub logs {
    my ($from, @files) = @_;
    @files = glob Test::Nginx::Util::server_root() . '/logs/*.log' if !@files;
    my $text = '';
    for my $file (@files) {
        open my $fh, '<:raw', $file or next;
        seek $fh, $from, 0 if $from;
        local $/;
        $text .= <$fh> // '';
    }
    return $text;
}

sub log_size { return -s (Test::Nginx::Util::server_root() . '/logs/error.log') || 0 }

# ---- HTTP/2 with prior knowledge, as little as a test needs
#   my $h2 = h2_connect($unix_socket); my $id = h2_post($h2, '/login', $json); h2_reset($h2, $id);
#   my $reply = h2_reply($h2, $id): { status, body }; status 0 when the stream or the connection ended without one

sub h2_frame {
    my ($h2, $type, $flags, $id, $data) = @_;
    local $SIG{PIPE} = 'IGNORE';
    syswrite $h2->{socket}, substr(pack('N', length $data), 1) . pack('CCN', $type, $flags, $id) . $data;
    return;
}

sub h2_connect {
    my ($path) = @_;
    my $h2 = { socket => IO::Socket::UNIX->new(Peer => $path), last => -1, in => '', streams => {} };
    die "$path: $!\n" if !$h2->{socket};
    syswrite $h2->{socket}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    h2_frame($h2, 4, 0, 0, '');
    return $h2;
}

sub h2_post {
    my ($h2, $path, $body) = @_;
    my $id = $h2->{last} += 2;
    # POST, http, :path, :authority, content-length: indexed names, plain values
    my $length = length $body;
    my $head = "\x83\x86\x04" . chr(length $path) . $path . "\x01\x01h" . "\x0f\x0d" . chr(length $length) . $length;
    h2_frame($h2, 1, 4, $id, $head);
    h2_frame($h2, 0, 1, $id, $body);
    return $id;
}

sub h2_reset { my ($h2, $id) = @_; h2_frame($h2, 3, 0, $id, pack 'N', 8); return }

sub h2_reply {
    my ($h2, $id, $timeout) = @_;
    my $end = Time::HiRes::time() + ($timeout // 10);
    my $s = IO::Select->new($h2->{socket});
    while (!$h2->{streams}{$id}{done}) {
        while (length $h2->{in} >= 9) {
            my $size = unpack 'N', "\0" . substr $h2->{in}, 0, 3;
            last if length $h2->{in} < 9 + $size;
            my ($type, $flags, $stream) = unpack 'CCN', substr $h2->{in}, 3, 6;
            my $data = substr $h2->{in}, 9, $size;
            substr $h2->{in}, 0, 9 + $size, '';
            my $t = $h2->{streams}{$stream} //= { status => 0, body => '' };
            # nginx begins with :status, indexed, or named by index and plain
            if ($type == 1) {
                my $c = ord $data;
                $t->{status} = $c >= 0x88 && $c <= 0x8e ? (200, 204, 206, 304, 400, 404, 500)[$c - 0x88]
                    : $data =~ /\A[\x08\x48]\x03(\d{3})/ ? $1 : $data =~ /\A[\x08\x48]\x82(..)/s ? h2_number($1) : -1;
            }
            $t->{body} .= $data if $type == 0;
            $t->{done} = 1      if $type == 3 || $type <= 1 && $flags & 1;
            h2_frame($h2, 4, 1, 0, '')    if $type == 4 && !($flags & 1);
            h2_frame($h2, 6, 1, 0, $data) if $type == 6 && !($flags & 1);
        }
        last if $h2->{streams}{$id}{done};
        my $left = $end - Time::HiRes::time();
        last if $left <= 0 || !$s->can_read($left) || !sysread $h2->{socket}, $h2->{in}, 65536, length $h2->{in};
    }
    return $h2->{streams}{$id} // { status => 0, body => '' };
}

# three digits in Huffman's code: 0 1 2 have five bits (the digits' own numbers), 3 to 9 six (0x19 and on)
sub h2_number {
    my ($bits) = (unpack 'B16', $_[0]);
    my $text = '';
    while (length $text < 3) {
        if (substr($bits, 0, 5) lt '00011') { $text .= oct '0b' . substr $bits, 0, 5, '' }
        else { $text .= oct('0b' . substr $bits, 0, 6, '') - 0x19 + 3 }
    }
    return $text;
}

# ---- a proxy with faults, one process: fault_proxy(to => port or path, mode => ...) gives its port and pid
#   pass      forwards
#   stall     accepts and says nothing
#   cut       forwards, and closes both sides when the file `flag` is there
#   freeze    forwards, and stops forwarding when the file `flag` is there, until it is gone
#   word      forwards, and closes both sides when the client sends what matches `word`, the first `times` times
#             (always, if not given); with `late` after it has forwarded that

sub fault_proxy {
    my (%o) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64, ReuseAddr => 1) or die "$!\n";
    my $port = $listen->sockport;
    my $pid = fork // die "fork: $!\n";
    return { port => $port, pid => $pid } if $pid;

    $Test::Nginx::Util::InSubprocess = 1;
    eval { fault_loop($listen, %o) };
    require POSIX;
    POSIX::_exit(0);
}

sub fault_loop {
    my ($listen, %o) = @_;
    my %peer;                                     # handle => the other side
    my (%early, %client);
    my $times = $o{times} // 9e9;
    my $parent = getppid;
    my $s = IO::Select->new($listen);
    $SIG{PIPE} = 'IGNORE';
    my $flag = sub { defined $o{flag} && -e $o{flag} };
    my $drop = sub {
        for my $h (@_) {
            my $other = delete $peer{$h} // next;
            delete $peer{$other};
            delete @client{$h, $other};
            $s->remove($h, $other);
            close $_ for $h, $other;
        }
    };
    while (getppid == $parent) {
        if ($o{mode} eq 'cut' && $flag->()) {
            $drop->(grep { $peer{$_} } $s->handles);
        }
        if ($o{mode} eq 'freeze' && $flag->()) { Time::HiRes::sleep(0.01); next }
        for my $h ($s->can_read(0.02)) {
            if ($h == $listen) {
                my $client = $listen->accept or next;
                if ($o{mode} eq 'stall') { $early{$client} = $client; next }
                my $server = $o{to} =~ m{/} ? IO::Socket::UNIX->new(Peer => $o{to})
                    : IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $o{to});
                if (!$server) { close $client; next }
                $peer{$client} = $server;
                $peer{$server} = $client;
                $client{$client} = 1;
                $s->add($client, $server);
                next;
            }
            next if !$peer{$h};
            my $n = sysread $h, my $data, 65536;
            if (!$n) { $drop->($h); next }
            my $hit = $o{mode} eq 'word' && $client{$h} && $data =~ $o{word} && $times-- > 0;
            syswrite $peer{$h}, $data if !$hit || $o{late};
            $drop->($h) if $hit;
        }
    }
}

sub fault_stop { my ($proxy) = @_; kill KILL => $proxy->{pid}; waitpid $proxy->{pid}, 0; return }

1;
