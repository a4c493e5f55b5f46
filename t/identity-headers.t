# Identity headers: what clients send under X-WX-* is gone before anyone sees it, upstreams are told who the caller is.
#
# Sections of this file:
#   token   arguments of make_token(): the Authorization of the request
#   sent    headers of the request
#   seen    the header lines that the upstream got, but for Host, Connection and Authorization, in their order
# The upstream echoes the lines of its request: HTTP at $ECHO, FastCGI at $FCGI.

use lib 't/lib';
use WXApp;
use WXDrive;

use File::Temp ();
use IO::Socket::UNIX ();
use POSIX ();
use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

our $DIR = File::Temp->newdir('wxapp-headers-XXXXXX', TMPDIR => 1);
chmod 0755, $DIR;
our ($ECHO, $FCGI) = ("$DIR/echo", "$DIR/fcgi");

my $PARENT = $$;
our @UPSTREAMS = (upstream($ECHO, \&echo), upstream($FCGI, \&fcgi));

END {
    local $?;
    if ($$ == $PARENT) {
        kill KILL => $_ for @UPSTREAMS;
        waitpid $_, 0 for @UPSTREAMS;
    }
}

# one connection after the other
sub upstream {
    my ($path, $answer) = @_;
    my $listen = IO::Socket::UNIX->new(Local => $path, Listen => 64) or die "$path: $!\n";
    chmod 0777, $path;
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $Test::Nginx::Util::InSubprocess = 1;
    $SIG{PIPE} = 'IGNORE';
    while (getppid == $PARENT) {
        my $client = $listen->accept or next;
        eval { local $SIG{ALRM} = sub { die }; alarm 3; $answer->($client); alarm 0 };
        close $client;
    }
    POSIX::_exit(0);
}

sub reply {
    my ($body, @headers) = @_;
    return join("\r\n", @headers, 'Content-Type: text/plain', 'Content-Length: ' . length $body, '', '') . $body;
}

# /accel/PATH sends on to PATH, /missing is 404
sub echo {
    my ($client) = @_;
    my $uri = (split ' ', <$client>)[1];
    my @lines;
    while (my $line = <$client>) {
        $line =~ s/\r\n\z//;
        last if $line eq '';
        push @lines, $line if $line !~ /^(?:Host|Connection|Authorization):/;
    }
    my $status = $uri =~ /missing/ ? '404 Not Found' : '200 OK';
    my @more = $uri =~ m{^/accel(/.*)} ? "X-Accel-Redirect: $1" : ();
    open my $out, '>>', "$ECHO.seen" or die;
    print $out map { "$uri $_\n" } @lines;
    close $out;
    print $client reply(join('', map { "$_\n" } @lines), "HTTP/1.0 $status", @more);
    return;
}

# the parameters whose name has a word of the cloud's in it
sub fcgi {
    my ($client) = @_;
    my ($params, @found) = ('');
    while (1) {
        read($client, my $head, 8) == 8 or return;
        my (undef, $type, $id, $length, $padding) = unpack 'CCnnC', $head;
        my $data = '';
        read $client, $data, $length + $padding;
        $params .= substr $data, 0, $length if $type == 4;
        last if $type == 5 && !$length;
    }
    while (length $params) {
        my @length = map {
            my $n = unpack 'C', $params;
            $n & 0x80 ? (unpack('N', substr $params, 0, 4, '') & 0x7fffffff) : do { substr $params, 0, 1, ''; $n };
        } 1, 2;
        my ($name, $value) = map { substr $params, 0, $_, '' } @length;
        push @found, "$name=$value\n" if $name =~ /WX|OPENID/i;
    }
    my $text = reply(join('', sort @found), 'Status: 200 OK');
    print $client pack('CCnnCC', 1, 6, 1, length $text, 0, 0), $text, pack('CCnnCCNN', 1, 3, 1, 8, 0, 0, 0, 0);
    return;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    unlink "$ECHO.seen";

    if (defined(my $text = $block->token)) {
        my $token = eval "package main; make_token($text)" // die $block->name . ": $@";
        $block->set_value(more_headers => "Authorization: Bearer $token\n" . ($block->sent // ''));
    } elsif (defined $block->sent) {
        $block->set_value(more_headers => $block->sent);
    }
    $block->set_value(request => 'GET /t') if !defined $block->request && !defined $block->drive;
    for my $name (qw(config wxapp)) {
        my $text = $block->$name // next;
        $block->set_value($name => $text =~ s/\$(ECHO|FCGI)\b/no strict 'refs'; "unix:${$1}"/ger);
    }
    $block->set_value(response_body => $block->seen) if defined $block->seen;
});

run_tests();

__DATA__

=== TEST 1: a client's own identity does not reach an upstream
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-OPENID: victim
X-Other: 1
--- seen
X-Other: 1



=== TEST 2: nothing to take: all headers pass as they were
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
A: 1
B: 2
X-W: 3
X-WXAPP: 4
XX-WX-OPENID: 5
X-WXOPENID: 6
--- seen
A: 1
B: 2
X-W: 3
X-WXAPP: 4
XX-WX-OPENID: 5
X-WXOPENID: 6



=== TEST 3: case does not matter
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
x-wx-openid: 1
X-Wx-Openid: 2
x-Wx-APPID: 3
A: 1
--- seen
A: 1



=== TEST 4: the first, the last, and one between
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-OPENID: 1
A: 1
X-WX-APPID: 2
B: 2
X-WX-UNIONID: 3
--- seen
A: 1
B: 2



=== TEST 5: several side by side
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
A: 1
X-WX-OPENID: 1
X-WX-OPENID: 2
X-WX-FROM-OPENID: 3
B: 2
--- seen
A: 1
B: 2



=== TEST 6: any name of theirs, also one that is not known today
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-: 1
X-WX-ANYTHING: 2
X-WX-Env: 3
A: 1
--- seen
A: 1



=== TEST 7: the headers of signed requests stay
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-Signature: s
X-WX-OPENID: 1
X-WX-Timestamp: t
x-wx-nonce: n
--- seen
X-WX-Signature: s
X-WX-Timestamp: t
x-wx-nonce: n



=== TEST 8: names that only begin like those of signed requests go
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-SignatureX: s
X-WX-Signatur: s
A: 1
--- seen
A: 1



=== TEST 9: names with underscores, where nginx takes them
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- wxapp
underscores_in_headers on;
--- sent
X_WX_OPENID: 1
X-WX_OPENID: 2
X_WX-OPENID: 3
X_WX_Signature: 4
A_B: 1
--- seen
A_B: 1



=== TEST 10: names with other characters, where nginx takes them
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- wxapp
ignore_invalid_headers off;
--- sent
X.WX.OPENID: 1
X-WX.OPENID: 2
X!WX-OPENID: 3
A.B: 1
--- seen
A.B: 1



=== TEST 11: many headers: some of the first
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-H1: 1
X-WX-H2: 2
X-WX-H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
H27: 27
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
H63: 63
H64: 64
H65: 65
--- seen
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
H27: 27
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
H63: 63
H64: 64
H65: 65



=== TEST 12: many headers: some of the middle, over the end of a part of the list
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
X-WX-H25: 25
X-WX-H26: 26
X-WX-H27: 27
X-WX-H28: 28
X-WX-H29: 29
X-WX-H30: 30
X-WX-H31: 31
X-WX-H32: 32
X-WX-H33: 33
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
H63: 63
H64: 64
H65: 65
--- seen
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
H63: 63
H64: 64
H65: 65



=== TEST 13: many headers: the last
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
H27: 27
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
X-WX-H60: 60
X-WX-H61: 61
X-WX-H62: 62
X-WX-H63: 63
X-WX-H64: 64
X-WX-H65: 65
--- seen
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
H27: 27
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59



=== TEST 14: many headers: every ninth
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
X-WX-H9: 9
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
X-WX-H18: 18
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
X-WX-H27: 27
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
X-WX-H36: 36
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
X-WX-H45: 45
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
X-WX-H54: 54
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
X-WX-H63: 63
H64: 64
H65: 65
--- seen
H1: 1
H2: 2
H3: 3
H4: 4
H5: 5
H6: 6
H7: 7
H8: 8
H10: 10
H11: 11
H12: 12
H13: 13
H14: 14
H15: 15
H16: 16
H17: 17
H19: 19
H20: 20
H21: 21
H22: 22
H23: 23
H24: 24
H25: 25
H26: 26
H28: 28
H29: 29
H30: 30
H31: 31
H32: 32
H33: 33
H34: 34
H35: 35
H37: 37
H38: 38
H39: 39
H40: 40
H41: 41
H42: 42
H43: 43
H44: 44
H46: 46
H47: 47
H48: 48
H49: 49
H50: 50
H51: 51
H52: 52
H53: 53
H55: 55
H56: 56
H57: 57
H58: 58
H59: 59
H60: 60
H61: 61
H62: 62
H64: 64
H65: 65



=== TEST 15: many headers: all but two, parts of the list are empty
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
H1: 1
X-WX-H2: 2
X-WX-H3: 3
X-WX-H4: 4
X-WX-H5: 5
X-WX-H6: 6
X-WX-H7: 7
X-WX-H8: 8
X-WX-H9: 9
X-WX-H10: 10
X-WX-H11: 11
X-WX-H12: 12
X-WX-H13: 13
X-WX-H14: 14
X-WX-H15: 15
X-WX-H16: 16
X-WX-H17: 17
X-WX-H18: 18
X-WX-H19: 19
X-WX-H20: 20
X-WX-H21: 21
X-WX-H22: 22
X-WX-H23: 23
X-WX-H24: 24
X-WX-H25: 25
X-WX-H26: 26
X-WX-H27: 27
X-WX-H28: 28
X-WX-H29: 29
X-WX-H30: 30
X-WX-H31: 31
X-WX-H32: 32
X-WX-H33: 33
X-WX-H34: 34
X-WX-H35: 35
X-WX-H36: 36
X-WX-H37: 37
X-WX-H38: 38
X-WX-H39: 39
X-WX-H40: 40
X-WX-H41: 41
X-WX-H42: 42
X-WX-H43: 43
X-WX-H44: 44
X-WX-H45: 45
X-WX-H46: 46
X-WX-H47: 47
X-WX-H48: 48
X-WX-H49: 49
X-WX-H50: 50
X-WX-H51: 51
X-WX-H52: 52
X-WX-H53: 53
X-WX-H54: 54
X-WX-H55: 55
X-WX-H56: 56
X-WX-H57: 57
X-WX-H58: 58
X-WX-H59: 59
X-WX-H60: 60
X-WX-H61: 61
X-WX-H62: 62
X-WX-H63: 63
X-WX-H64: 64
H65: 65
--- seen
H1: 1
H65: 65



=== TEST 16: every length of the list, every place of the one that goes
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- drive
my $bad = '';
for my $n (1 .. 3, 16 .. 22, 36 .. 42) {
    my @all = map { "H$_: $_" } 1 .. $n;
    for my $at (grep { $_ <= $n } 1, 2, 15 .. 21, $n - 1, $n) {
        next if $at < 1;
        my @sent = @all;
        $sent[$at - 1] = 'X-WX-OPENID: victim';
        my $r = get('/t', headers => \@sent);
        my $wanted = join '', map { "$_\n" } grep { !/WX/ } @sent;
        $bad .= "$at of $n: $r->{status} $r->{body}\n" if $r->{status} != 200 || $r->{body} !~ /\Q$wanted\E\z/;
    }
}
is $bad, '', 'each time the others, in their order';



=== TEST 17: every length of the list, and what is added after one goes
--- config
    location = /t { wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- drive
my $bad = '';
my $token = make_token(openid => 'oX');
for my $n (1 .. 22, 36 .. 42) {
    my @all = map { "H$_: $_" } 1 .. $n;
    for my $at (1, int(($n + 1) / 2), $n) {
        my @sent = @all;
        $sent[$at - 1] = 'X-WX-OPENID: victim';
        my $r = get('/t', headers => ["Authorization: Bearer $token", @sent]);
        my $wanted = join '', (map { "$_\n" } grep { !/WX/ } @sent), "X-WX-OPENID: oX\nX-WX-APPID: " . appid() . "\nX-WX-SOURCE: wx_client\n";
        $bad .= "$at of $n: $r->{status} $r->{body}\n" if $r->{status} != 200 || $r->{body} !~ /\Q$wanted\E\z/;
    }
}
is $bad, '', 'each time the others in their order, and ours behind them';



=== TEST 18: the variables of the headers are empty: in a map, an if, and a reply
--- wxapp
map $http_x_wx_openid $mapped { default "some"; "" "none"; }
--- config
    set $early "[$http_x_wx_openid]";
    location = /t {
        if ($http_x_wx_openid) { return 200 "some"; }
        return 200 "$early[$http_x_wx_openid][$mapped]";
    }
--- sent
X-WX-OPENID: victim
--- response_body: [][][none]



=== TEST 19: the headers of a signed request are still read by their variables
--- config
    location = /t { return 200 "$http_x_wx_signature $http_x_wx_nonce"; }
--- sent
X-WX-OPENID: victim
X-WX-Signature: s
X-WX-Nonce: n
--- response_body: s n



=== TEST 20: known headers stay known after one before them has gone
--- config
    location = /t { return 200 "$http_host $http_user_agent $http_cookie $content_length $http_x_forwarded_for"; }
--- request
POST /t
body
--- sent
X-WX-OPENID: victim
User-Agent: phone
X-WX-APPID: a
Cookie: c=1
X-WX-UNIONID: u
X-Forwarded-For: 192.0.2.1
--- response_body chop
localhost phone c=1 4 192.0.2.1



=== TEST 21: FastCGI: a client's own identity does not get there
--- config
    location = /t { fastcgi_pass $FCGI; fastcgi_param REQUEST_METHOD $request_method; }
--- wxapp
underscores_in_headers on;
--- sent
X-WX-OPENID: victim
X_WX_OPENID: victim
X-Wxb: 1
--- seen
HTTP_X_WXB=1



=== TEST 22: FastCGI: the caller is told
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; fastcgi_pass $FCGI; }
--- token
openid => 'oX', unionid => 'uX', app => undef
--- sent
X-WX-OPENID: victim
--- response_body eval
"HTTP_X_WX_APPID=" . main::appid() . "\nHTTP_X_WX_OPENID=oX\nHTTP_X_WX_SOURCE=wx_client\nHTTP_X_WX_UNIONID=uX\n"



=== TEST 23: the caller is told to an upstream
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 24: with a union id
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX', unionid => 'uX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-UNIONID: uX\nX-WX-SOURCE: wx_client\n}



=== TEST 25: off: nobody is told
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers off; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 26: off by default
--- config
    location = /t { wxapp_auth on;  proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 27: without wxapp_auth a valid token is who it is
--- config
    location = /t {  wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 28: optional: nobody
--- config
    location = /t { wxapp_auth optional; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 29: a forged token is nobody
--- config
    location = /t {  wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
-key => 'another key, quite as long as it has to be', openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 30: an expired token is nobody
--- config
    location = /t {  wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
-ttl => -100, openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 31: who did not log in by WeChat is not told as one who did
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
sub => 7
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 32: the app of the token
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX', app => main::appid()
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 33: an app that is not one of ours is not told
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX', app => 'gone'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-SOURCE: wx_client\n}



=== TEST 34: a claim that would begin another line is not told
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => "oX\r\nX-Admin: 1"
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 35: proxy_set_header has the last word
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_set_header X-WX-SOURCE other; proxy_set_header X-WX-APPID ""; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-SOURCE: other\nX-WX-OPENID: oX\n}



=== TEST 36: the variables of the headers are those that were told
--- config
    location = /t { wxapp_auth on; wxapp_identity_headers on; proxy_set_header X-Copy $http_x_wx_openid; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-Copy: oX\nX-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 37: it inherits
--- config
    wxapp_identity_headers on; location /t { location = /t { proxy_pass http://$ECHO:/; } }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 38: it is taken back further in
--- config
    wxapp_identity_headers on; location /t { location = /t { wxapp_identity_headers off; proxy_pass http://$ECHO:/; } }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 39: an internal redirect into a location without it
--- config
    location = /t { wxapp_identity_headers on; proxy_pass http://$ECHO:/accel/u; } location = /u { proxy_pass http://$ECHO:/u; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 40: an internal redirect into a location with it: told once
--- config
    wxapp_identity_headers on; location = /t { proxy_pass http://$ECHO:/accel/u; } location = /u { proxy_pass http://$ECHO:/u; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 41: a named location without it
--- config
    location = /t { wxapp_identity_headers on; error_page 404 = @u; proxy_intercept_errors on; proxy_pass http://$ECHO:/missing; } location @u { proxy_pass http://$ECHO; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{}



=== TEST 42: a named location with it: told once
--- config
    wxapp_identity_headers on; location = /t { error_page 404 = @u; proxy_intercept_errors on; proxy_pass http://$ECHO:/missing; } location @u { proxy_pass http://$ECHO; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 43: try_files: told once
--- config
    wxapp_identity_headers on; location = /t { try_files /none @u; } location @u { proxy_pass http://$ECHO; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 44: an if block has what its location has
--- config
    location = /t { wxapp_identity_headers on; if ($arg_x) { set $y 1; } proxy_pass http://$ECHO; }
--- request
GET /t?x=1
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 45: dry run: a valid token is who it is, whatever it lacks
--- config
    location = /t { wxapp_auth on; wxapp_auth_dry_run on; wxapp_require role=admin; wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- token
openid => 'oX'
--- sent
X-WX-OPENID: victim
--- response_body eval
qq{X-WX-OPENID: oX\nX-WX-APPID: @{[main::appid()]}\nX-WX-SOURCE: wx_client\n}



=== TEST 46: a request that nginx finds malformed, told by an upstream page
--- config
    error_page 400 /bad;
    location = /bad { proxy_pass http://$ECHO:/bad; }
    location = /t { return 200; }
--- drive
my $s = connection();
print $s "GET /t HTTP/1.1\r\nX-WX-OPENID: victim\r\nA: 1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n";
my $text = do { local $/; <$s> };
like $text, qr{^HTTP/1\.1 400 }, 'refused';
like $text, qr{^A: 1}m, 'by the upstream';
unlike $text, qr{victim}, 'which does not see it';



=== TEST 47: a request that nginx finds malformed, told by a named location
--- config
    error_page 400 @bad;
    location @bad { proxy_pass http://$ECHO; }
    location = /t { return 200; }
--- drive
my $s = connection();
print $s "GET /t HTTP/1.1\r\nX-WX-OPENID: victim\r\nA: 1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n";
my $text = do { local $/; <$s> };
like $text, qr{^HTTP/1\.1 400 }, 'refused';
like $text, qr{^A: 1}m, 'by the upstream';
unlike $text, qr{victim}, 'which does not see it';



=== TEST 48: a mirror and an auth_request carry what the request carries by then
--- config
    location = /t { wxapp_identity_headers on; auth_request /check; mirror /m; proxy_pass http://$ECHO:/main; }
    location = /check { internal; proxy_pass http://$ECHO:/check; }
    location = /m { internal; proxy_pass http://$ECHO:/mirror; }
--- drive
my $token = make_token(openid => 'oX');
is get('/t', headers => ["Authorization: Bearer $token", 'X-WX-OPENID: victim', 'A: 1'])->{status}, 200, 'passed';
my $lines = sub { open my $in, '<', "$main::ECHO.seen" or return ''; local $/; return <$in> // '' };
wait_until { $lines->() =~ m{^/mirror X-WX-SOURCE}m };
my $all = $lines->();
unlike $all, qr/victim/, 'nobody sees the client\'s';
for my $who (qw(main mirror)) {
    is join(' ', $all =~ m{^/$who (X-WX-OPENID: .*|A: .*)$}mg), 'A: 1 X-WX-OPENID: oX', "$who: once";
}
is join(' ', $all =~ m{^/check (X-WX-.*|A: .*)$}mg), 'A: 1', 'the check comes before';



=== TEST 49: HTTP/2
--- wxapp eval
"server { listen unix:$main::DIR/h2 http2; location = /t { wxapp_identity_headers on; proxy_pass http://unix:$main::ECHO:/; } }"
--- config
    location = /x { return 200; }
--- drive
my $token = make_token(openid => 'oX');
my $text = `curl -s -m 3 --http2-prior-knowledge --unix-socket $main::DIR/h2 -H 'X-WX-OPENID: victim' -H 'A: 1' -H 'Authorization: Bearer $token' http://localhost/t`;
is join(' ', $text =~ /^((?:x-wx-openid|a): .*)$/mig), 'a: 1 X-WX-OPENID: oX', 'the caller, and the others';



=== TEST 50: without any directive of ours nothing is touched
--- http_config
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-OPENID: cloud
A: 1
--- seen
X-WX-OPENID: cloud
A: 1



=== TEST 51: configuration: it needs wxapp_token
--- http_config eval: main::wxapp_http(token => undef)
--- config
    location = /t { wxapp_identity_headers on; proxy_pass http://$ECHO:/; }
--- must_die
--- error_log
[emerg]
"wxapp_identity_headers" needs "wxapp_token" in
nginx.conf:



=== TEST 52: configuration: off needs nothing, and is enough to take what clients send
--- http_config
wxapp_identity_headers off;
--- config
    location = /t { proxy_pass http://$ECHO:/; }
--- sent
X-WX-OPENID: victim
A: 1
--- seen
A: 1
