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
use JSON::PP ();
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
    fault_proxy fault_stop
);

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined $block->workers) {
        Test::Nginx::Util::master_on();
        Test::Nginx::Util::workers($block->workers);

    } elsif (($ENV{TEST_NGINX_MASTER_PROCESS} // '') ne 'on') {
        Test::Nginx::Util::master_off();
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
    return sort { $a <=> $b } @found;
}

sub worker_pids { return children_of(master_pid()) }

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

# ---- a proxy with faults, one process: fault_proxy(to => port or path, mode => ...) gives its port and pid
#   pass      forwards
#   stall     accepts and says nothing
#   cut       forwards, and closes both sides when the file `flag` is there
#   freeze    forwards, and stops forwarding when the file `flag` is there, until it is gone

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
    my %early;
    my $parent = getppid;
    my $s = IO::Select->new($listen);
    $SIG{PIPE} = 'IGNORE';
    my $flag = sub { defined $o{flag} && -e $o{flag} };
    my $drop = sub {
        for my $h (@_) {
            my $other = delete $peer{$h} // next;
            delete $peer{$other};
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
                $s->add($client, $server);
                next;
            }
            next if !$peer{$h};
            my $n = sysread $h, my $data, 65536;
            if (!$n) { $drop->($h); next }
            syswrite $peer{$h}, $data;
        }
    }
}

sub fault_stop { my ($proxy) = @_; kill KILL => $proxy->{pid}; waitpid $proxy->{pid}, 0; return }

1;
