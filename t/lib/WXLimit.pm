package WXLimit;

# What the files on wxapp_limit share: `use WXLimit;` after `use WXDrive;`. All of it is in package main, where
# the blocks' drive sections run.
#
# Sections beside those of WXDrive:
#   private    a Redis of the block's own: lines of its configuration; `down` as first word: not started yet
#   fake       a Redis that is a script: a sub's body that gets ($args, $n, $client), the words of a command,
#              its number since the start, and the socket; it returns the bytes of the answer, undef for none
#   unprefixed without the prefix in its wxapp_redis {}
#   redis      more lines in wxapp_redis {}
#   rules      the wxapp_limit lines of a location /t, which tells $wxapp_limit_status in X-Limit
# Every block starts without buckets and bans.

package main;

use strict;
use warnings;

use WXApp;
use WXDrive;

use Digest::SHA ();
use File::Temp ();
use IO::Socket::UNIX ();
use POSIX ();
use Test::More;

our $DIR = File::Temp->newdir('wxapp-limit-XXXXXX', TMPDIR => 1);
chmod 0755, $DIR;

my $PARENT = $$;
our ($SOCKET, $PRIVATE, $FAKE, $OPTIONS, $N);

# ok when the code becomes true within some seconds
sub eventually(&$) { my ($code, $name) = @_; return ok scalar(&wait_until($code, 8)), $name }

# ---- buckets

sub key { my ($name, $value) = @_; return redis_prefix() . "limit:$name:$value" }

sub now_us { my $t = redis_cmd('TIME'); return $t->[0] * 1_000_000 + $t->[1] }

# the bucket will be full again in this many seconds
sub full_in {
    my ($name, $value, $seconds) = @_;
    return redis_cmd('SET', key($name, $value), sprintf('%.0f', now_us() + $seconds * 1e6), 'EX', 1000);
}

# seconds until it is full, whole
sub until_full {
    my ($name, $value) = @_;
    my $at = redis_cmd('GET', key($name, $value)) // return undef;
    return POSIX::ceil(($at - now_us()) / 1e6);
}

sub buckets { return sort @{ redis_cmd('KEYS', redis_prefix() . 'limit:*') } }

sub bans { return sort @{ redis_cmd('KEYS', redis_prefix() . 'ban:*') } }

sub forget { redis_cmd('DEL', $_) for buckets(), bans(); return }

# RateLimit as { name => { r, t } } and RateLimit-Policy as { name => { q, w } }; dies on what is no list of
# items with parameters (RFC 9651)
sub items {
    my ($text) = @_;
    my %item;
    for my $item (split /, /, $text // die "no header\n", -1) {
        my ($name, $parameters) = $item =~ /^"([A-Za-z0-9_-]+)"((?:;[a-z]=\d{1,15})+)$/ or die "not an item: $item\n";
        $item{$name} = { $parameters =~ /;([a-z])=(\d+)/g };
    }
    return \%item;
}

sub left   { return items($_[0]{headers}{ratelimit}) }
sub policy { return items($_[0]{headers}{'ratelimit-policy'}) }

sub statuses { my ($n, @request) = @_; return join ' ', map { get(@request)->{status} } 1 .. $n }

sub bearer { return ('headers', ['Authorization: Bearer ' . make_token(@_)]) }

# ---- a Redis of our own

sub start_private {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        $Test::Nginx::Util::InSubprocess = 1;
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec 'redis-server', "$SOCKET.conf" or POSIX::_exit(1);
    }
    $PRIVATE = $pid;
    wait_until { IO::Socket::UNIX->new(Peer => $SOCKET) } or die "redis-server does not start\n";
    return;
}

sub stop_private {
    my ($signal) = @_;
    return if !$PRIVATE;
    kill $signal // 'KILL', $PRIVATE;
    waitpid $PRIVATE, 0;
    $PRIVATE = undef;
    return;
}

sub private_cmd {
    my (@words) = @_;
    my $s = IO::Socket::UNIX->new(Peer => $SOCKET) or die "$SOCKET: $!\n";
    $s->autoflush(1);
    return WXApp::redis_send($s, @words);
}

# ---- a script for a Redis

# the words of the next command
sub command {
    my ($client) = @_;
    my $head = <$client> // return;
    my ($n) = $head =~ /^\*(\d+)\r\n\z/ or return;
    my @words;
    for (1 .. $n) {
        my ($length) = (<$client> // return) =~ /^\$(\d+)/ or return;
        read $client, my $word, $length + 2;
        push @words, substr $word, 0, $length;
    }
    return \@words;
}

sub start_fake {
    my ($code) = @_;
    my $answer = eval "package main; sub { my (\$args, \$n, \$client) = \@_; $code }" or die $@;
    my $listen = IO::Socket::UNIX->new(Local => $SOCKET, Listen => 16) or die "$SOCKET: $!\n";
    $FAKE = fork // die "fork: $!\n";
    return if $FAKE;

    $Test::Nginx::Util::InSubprocess = 1;
    $SIG{PIPE} = 'IGNORE';
    my $n = 0;
    while (getppid == $PARENT) {
        my $client = $listen->accept or next;
        $client->autoflush(1);
        note_down('accepted');
        while (my $words = command($client)) {
            note_down(@$words);
            my $bytes = eval { $answer->($words, ++$n, $client) };
            last if $@;
            print $client $bytes if defined $bytes;
        }
        close $client;
    }
    POSIX::_exit(0);
}

# what a usual Redis says to a greeting; nothing special
sub greeting { return $_[0][0] =~ /^(?:AUTH|SELECT|PING)$/ ? ($_[0][0] eq 'PING' ? "+PONG\r\n" : "+OK\r\n") : undef }

# an answer of the script: the rule that denies, its wait, and for each rule tokens and time to full
sub answer { return '*' . @_ . "\r\n" . join '', map { ":$_\r\n" } @_ }

sub note_down {
    open my $out, '>>', "$SOCKET.seen" or return;
    syswrite $out, JSON::PP->new->latin1->encode([@_]) . "\n";
    return;
}

# what the script was asked so far
sub seen {
    open my $in, '<', "$SOCKET.seen" or return;
    return map { JSON::PP->new->latin1->decode($_) } <$in>;
}

sub asked { return grep { $_->[0] =~ /^EVAL/ } seen() }

sub stop_all {
    stop_private();
    if ($FAKE) {
        kill KILL => $FAKE;
        waitpid $FAKE, 0;
        $FAKE = undef;
    }
    return;
}

END { local $?; stop_all() if $$ == $PARENT }

# lines of error.log of this level and worse that match
sub complaints {
    my ($pattern) = @_;
    return grep { /\[(?:warn|error|crit|alert|emerg)\]/ && /$pattern/ } split /\n/, logs(0, error_log());
}

sub error_log { return Test::Nginx::Util::server_root() . '/logs/error.log' }

add_block_preprocessor(sub {
    my ($block) = @_;

    stop_all();
    forget();

    if (defined(my $rules = $block->rules)) {
        $rules =~ s/^/        wxapp_limit /mg;
        $block->set_value(config => <<"C" . ($block->config // ''));
    location = /t {
$rules
        add_header X-Limit "\$wxapp_limit_status" always;
        wxapp_ping;
    }
C
    }

    $SOCKET = "$DIR/" . ++$N . '.sock';
    my $own = defined $block->private || defined $block->fake;

    if (defined(my $lines = $block->private)) {
        my $down = $lines =~ s/^down\b\s*//;
        open my $conf, '>', "$SOCKET.conf" or die $!;
        print $conf "port 0\nunixsocket $SOCKET\nunixsocketperm 777\nsave \"\"\nappendonly no\ndir $DIR\n$lines\n";
        close $conf;
        start_private() if !$down;
    }

    start_fake($block->fake) if defined $block->fake;

    if ($own || defined $block->redis) {
        my $more = $block->redis // '';
        my $prefix = defined $block->unprefixed ? '' : 'prefix ' . redis_prefix() . ";\n";
        my $lines = $own ? "server unix:$SOCKET;\n$prefix$more" : undef;
        $block->set_value(http_config => ($lines ? wxapp_http(redis => "wxapp_redis {\n$lines}\n") : wxapp_http('redis+' => $more))
            . ($block->wxapp // ''));
        $block->set_value(wxapp => undef);
    }
});

1;
