# The trace of a request: traceparent in and out, X-Request-Id, the variables, the JSON access log.
#
#   trace   what becomes of the request's traceparent: "new", or the id and flags that are kept

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

our $snippets = top() . '/conf-examples/snippets';
our $ID = '0af7651916cd43dd8448eb211c80319c';
our $SPAN = 'b7ad6b7169203331';

my $res;
{
    no warnings qw(redefine prototype);
    my $parse = \&Test::Nginx::Socket::parse_response;
    *Test::Nginx::Socket::parse_response = sub ($$$) { my @r = $parse->(@_); $res = $r[0]; @r };
}

add_block_preprocessor(sub {
    my ($block) = @_;
    return if defined $block->drive || !defined $block->trace;
    $block->set_value(http_config => "wxapp_trace on;\n") if !defined $block->http_config;
    $block->set_value(config => 'location = /t { return 200 "$wxapp_trace_id $wxapp_traceparent"; }') if !defined $block->config;
    $block->set_value(request => 'GET /t') if !defined $block->request && !defined $block->raw_request;
});

add_response_body_check(sub {
    my ($block, $body) = @_;
    my $trace = $block->trace // return;
    chomp $trace;
    my $name = $block->name;
    my @id   = $res->header('X-Request-Id');
    my @tp   = $res->header('traceparent');
    is scalar @id, 1, "$name - one X-Request-Id";
    is scalar @tp, 1, "$name - one traceparent";
    my ($version, $id, $span, $flags) = $tp[0] =~ /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
        or return fail("$name - traceparent is valid: $tp[0]");
    is $version, '00', "$name - the version is ours";
    is $id[0], $id, "$name - X-Request-Id is the trace id";
    isnt $span, $SPAN, "$name - the span is new";
    isnt $id,   0 x 32, "$name - the id is not zero";
    isnt $span, 0 x 16, "$name - the span is not zero";
    if ($trace eq 'new') {
        isnt lc $id, $ID, "$name - the id is new";
        is $flags, '01', "$name - sampled";
    } else {
        my ($want, $kept) = split ' ', $trace;
        is $id, $want, "$name - the id is kept";
        is $flags, $kept, "$name - the flags";
    }
    is $body, "$id $tp[0]", "$name - the variables" if $body =~ /^[0-9a-f]{32} /;
});

# the lines of the JSON access log, once there are as many; those of /status are not counted
sub json_log {
    my ($n) = @_;
    my $file = Test::Nginx::Util::server_root() . '/logs/json.log';
    my @lines;
    wait_until { @lines = -e $file ? grep { !m{"route":"/status"} } split /\n/, logs(0, $file) : (); @lines >= $n } 5;
    is scalar @lines, $n, "$n lines in the log";
    return map { my $line = $_; eval { JSON::PP->new->utf8->decode($line) } // (fail("not JSON: $line"), {})[1] } @lines;
}

our $LOG = "include $snippets/json-log.conf;\naccess_log \$TEST_NGINX_SERVER_ROOT/logs/json.log wxapp;\n";
our $PROBLEM = "include $snippets/problem.conf;\n";

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: no traceparent
--- trace: new



=== TEST 2: a valid one
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 3: one that is not sampled stays so
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00
--- trace: 0af7651916cd43dd8448eb211c80319c 00



=== TEST 4: a header name in other letters
--- more_headers
TraceParent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 5: the random bit of level 2 is kept
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
--- trace: 0af7651916cd43dd8448eb211c80319c 03



=== TEST 6: flags that nobody knows are not passed on
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff
--- trace: 0af7651916cd43dd8448eb211c80319c 03



=== TEST 7: of unknown flags alone nothing is left
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-f8
--- trace: 0af7651916cd43dd8448eb211c80319c 00



=== TEST 8: an empty one
--- more_headers
traceparent:
--- trace: new



=== TEST 9: version ff
--- more_headers
traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: new



=== TEST 10: an id of zeros
--- more_headers
traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01
--- trace: new



=== TEST 11: a span of zeros
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01
--- trace: new



=== TEST 12: an id in upper case
--- more_headers
traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01
--- trace: new



=== TEST 13: a span in upper case
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01
--- trace: new



=== TEST 14: flags in upper case
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A
--- trace: new



=== TEST 15: a version that is not hexadecimal
--- more_headers
traceparent: 0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: new



=== TEST 16: an id that is not hexadecimal
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01
--- trace: new



=== TEST 17: a span that is not hexadecimal
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01
--- trace: new



=== TEST 18: flags that are not hexadecimal
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x
--- trace: new



=== TEST 19: an id that is too short
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01
--- trace: new



=== TEST 20: an id that is too long
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01
--- trace: new



=== TEST 21: a span that is too short, an id that is too long
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c0-b7ad6b716920333-01
--- trace: new



=== TEST 22: no flags
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331
--- trace: new



=== TEST 23: flags of one digit
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1
--- trace: new



=== TEST 24: flags of three digits
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-010
--- trace: new



=== TEST 25: version 00 with something behind
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what
--- trace: new



=== TEST 26: version 00 with a dash behind
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-
--- trace: new



=== TEST 27: a later version of the same length
--- more_headers
traceparent: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 28: a later version with something behind
--- more_headers
traceparent: 01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-will-be-like
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 29: a later version with a dash behind
--- more_headers
traceparent: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 30: a later version with something behind but no dash
--- more_headers
traceparent: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what
--- trace: new



=== TEST 31: a later version that is too short
--- more_headers
traceparent: cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331
--- trace: new



=== TEST 32: other separators
--- more_headers
traceparent: 00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01
--- trace: new



=== TEST 33: each separator another
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331.01
--- trace: new



=== TEST 34: a dash too early
--- more_headers
traceparent: 0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: new



=== TEST 35: words
--- more_headers
traceparent: the quick brown fox jumps over the lazy dog, and so does no cat
--- trace: new



=== TEST 36: eight kilobytes
--- more_headers eval
'traceparent: 00-' . '0af7651916cd43dd8448eb211c80319c' x 240
--- trace: new



=== TEST 37: characters beyond ASCII
--- more_headers eval
"traceparent: 00-0af7651916cd43dd8448eb211c80\xc3\xa4\xc3\xa4-b7ad6b7169203331-01"
--- trace: new



=== TEST 38: spaces around it are none of it
--- raw_request eval
"GET /t HTTP/1.0\r\ntraceparent:    00-$main::ID-$main::SPAN-01   \r\n\r\n"
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 39: tabs around it are none of it
--- raw_request eval
"GET /t HTTP/1.0\r\ntraceparent:\t00-$main::ID-$main::SPAN-01\t\r\n\r\n"
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 40: two of them are none
--- raw_request eval
"GET /t HTTP/1.0\r\ntraceparent: 00-$main::ID-$main::SPAN-01\r\ntraceparent: 00-" . ('1' x 32) . "-$main::SPAN-01\r\n\r\n"
--- trace: new
--- response_body_unlike: 1{32}



=== TEST 41: with X-Request-Id of the client: it is not taken over
--- more_headers
X-Request-Id: 11111111111111111111111111111111
--- trace: new
--- response_body_unlike: 1{32}



=== TEST 42: on a file
--- config
--- user_files
>>> f.txt
hello
--- request
GET /f.txt
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 43: on a part of a file
--- config
--- user_files
>>> f.txt
hello
--- request
GET /f.txt
--- more_headers
Range: bytes=0-1
--- error_code: 206
--- trace: new



=== TEST 44: on a range outside of the file, once each
--- config
--- user_files
>>> f.txt
hello
--- request
GET /f.txt
--- more_headers
Range: bytes=100-
--- error_code: 416
--- trace: new



=== TEST 45: on a condition that fails, once each
--- config
--- user_files
>>> f.txt
hello
--- request
GET /f.txt
--- more_headers
If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT
--- error_code: 412
--- trace: new



=== TEST 46: on not modified
--- config
--- user_files
>>> f.txt 201001010000.00
hello
--- request
GET /f.txt
--- more_headers
If-Modified-Since: Fri, 01 Jan 2010 00:00:00 GMT
--- error_code: 304
--- trace: new



=== TEST 47: on a redirect
--- config
    location /r { return 302 /x; }
--- request
GET /r
--- error_code: 302
--- trace: new



=== TEST 48: on nginx's own 404
--- config
--- request
GET /nothing
--- error_code: 404
--- trace: new



=== TEST 49: on nginx's own 400
--- config
--- raw_request eval
"GET / HTTP/1.1\r\n\r\n"
--- error_code: 400
--- trace: new



=== TEST 50: on a request line that is none
--- config
--- raw_request eval
"nonsense\r\n\r\n"
--- error_code: 400
--- trace: new



=== TEST 51: on a reply without a body
--- config
    location /n { return 204; }
--- request
GET /n
--- error_code: 204
--- trace: new



=== TEST 52: on HEAD
--- config
    location = /ping { wxapp_ping; }
--- request
HEAD /ping
--- trace: new



=== TEST 53: on a reply of ours
--- config
    location = /ping { wxapp_ping; }
--- request
GET /ping
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 54: on a problem of ours
--- config
    location = /ping { wxapp_ping; }
--- request
DELETE /ping
--- error_code: 405
--- trace: new



=== TEST 55: on what an upstream says, whose own ids do not come beside ours
--- http_config
    wxapp_trace on;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        wxapp_trace off;
        add_header X-Request-Id upstream;
        add_header traceparent 00-22222222222222222222222222222222-2222222222222222-01;
        return 200 up;
    }
--- config
    location /u { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /u
--- response_body chomp
up
--- trace: new



=== TEST 56: to an upstream that continues it
--- http_config
    wxapp_trace on;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        return 200 $wxapp_trace_id;
    }
--- config
    location /u {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_set_header traceparent $wxapp_traceparent;
    }
--- request
GET /u
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- response_body chomp
0af7651916cd43dd8448eb211c80319c
--- trace: 0af7651916cd43dd8448eb211c80319c 01



=== TEST 57: off in a location
--- http_config
    wxapp_trace on;
--- config
    location = /t { wxapp_trace off; return 200 "$wxapp_trace_id"; }
--- request
GET /t
--- response_headers
!X-Request-Id
!traceparent
--- response_body_like: ^[0-9a-f]{32}$



=== TEST 58: off in http {}, on in a location
--- http_config
    wxapp_trace off;
--- config
    location = /t { wxapp_trace on; return 200 "$wxapp_trace_id $wxapp_traceparent"; }
--- trace: new



=== TEST 59: off leaves an upstream's headers alone
--- http_config
    wxapp_zone wxapp:2m;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        wxapp_trace off;
        add_header X-Request-Id upstream;
        return 200 up;
    }
--- config
    wxapp_trace off;
    location /u { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- request
GET /u
--- response_headers
X-Request-Id: upstream
!traceparent



=== TEST 60: one id through rewrite and try_files
--- config
    location = /a { set $id $wxapp_trace_id; rewrite ^ /b last; }
    location = /b { try_files /none @c; }
    location @c { return 200 "$wxapp_trace_id $wxapp_traceparent"; }
--- request
GET /a
--- trace: new



=== TEST 61: one id through error_page
--- config
    add_header X-First $id always;
    set $id $wxapp_trace_id;
    error_page 404 /e;
    location = /e { internal; return 200 "$wxapp_trace_id $wxapp_traceparent"; }
--- request
GET /nothing
--- error_code: 404
--- trace: new



=== TEST 62: the id from before an internal redirect is the one after it
--- config
    location = /a { set $id $wxapp_traceparent; rewrite ^ /b last; }
    location = /b { add_header X-First $id; error_page 418 = /c; return 418; }
    location = /c { add_header X-First $id; return 200 "$wxapp_trace_id $wxapp_traceparent"; }
--- drive
my $r = get('/a');
is $r->{status}, 200, 'status';
ok $r->{headers}{'x-first'}, 'seen before';
is $r->{headers}{'x-first'}, $r->{headers}{traceparent}, 'the same after';
is $r->{body}, "$r->{headers}{'x-request-id'} $r->{headers}{traceparent}", 'and inside';



=== TEST 63: a subrequest is of the same trace
--- config
    location = /a { auth_request /check; auth_request_set $sub $upstream_http_x_got; add_header X-Sub $sub; root html; }
    location = /check {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/upstream;
        proxy_set_header X-Trace $wxapp_trace_id;
    }
    location = /upstream { add_header X-Got $http_x_trace; return 204; }
--- user_files
>>> a
hello
--- drive
my $r = get('/a');
is $r->{status}, 200, 'status';
ok $r->{headers}{'x-sub'}, 'sent by the subrequest';
is $r->{headers}{'x-sub'}, $r->{headers}{'x-request-id'}, 'the same id';



=== TEST 64: ids are new with every request of a connection
--- config
--- drive
my $socket = connection();
my (%id, %span);
for (1 .. 100) {
    my $h = get('/ready', socket => $socket)->{headers};
    $id{ $h->{'x-request-id'} }++;
    $span{ (split /-/, $h->{traceparent})[2] }++;
}
is scalar keys %id,   100, 'a hundred ids';
is scalar keys %span, 100, 'a hundred spans';
my $h = get('/ready', socket => $socket, headers => ["traceparent: 00-$main::ID-$main::SPAN-01"])->{headers};
is $h->{'x-request-id'}, $main::ID, 'one that is given';
isnt get('/ready', socket => $socket)->{headers}{'x-request-id'}, $main::ID, 'is not the next one\'s';



=== TEST 65: ids of two workers differ
--- workers: 2
--- config
    location = /t { return 200 $pid; }
--- drive
my (%pid, %id, $n);
wait_until { $n++; my $r = get('/t'); $pid{ $r->{body} }++; $id{ $r->{headers}{'x-request-id'} }++; keys %pid == 2 && $n > 50 };
is scalar keys %pid, 2, 'two workers';
is scalar keys %id, $n, 'all ids differ';



=== TEST 66: the call to WeChat is of the same trace, with a span of its own
--- config eval
'location = /login { wxapp_login; }'
    . "location /_wx/ { internal; include $main::snippets/wechat-call.conf; proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/; }"
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $code = fresh_code();
my $r = post('/login', { code => $code }, headers => ["traceparent: 00-$main::ID-$main::SPAN-01"]);
is $r->{status}, 200, 'status';
is $r->{headers}{'x-request-id'}, $main::ID, 'X-Request-Id';
my @calls = sim_calls(code => $code);
is scalar @calls, 1, 'one call';
like $calls[0]{traceparent}, qr/^00-$main::ID-[0-9a-f]{16}-01$/, 'traceparent';
unlike $calls[0]{traceparent}, qr/$main::SPAN/, 'not the span of the client';



=== TEST 67: the call to WeChat carries nothing else of the client
--- config eval
'location = /login { wxapp_login; }'
    . "location /_wx/ { internal; include $main::snippets/wechat-call.conf; proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/; }"
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $code = fresh_code();
my $r = post('/login', { code => $code },
    headers => ['Cookie: a=b', 'Authorization: Bearer x', 'X-Forwarded-For: 192.0.2.1', 'User-Agent: tests']);
is $r->{status}, 200, 'status';
my ($call) = sim_calls(code => $code);
is_deeply [grep { !/^(?:host|traceparent|connection)$/ } @{ $call->{headers} }], [], 'no other header';



=== TEST 68: the JSON log: a reply of ours
--- wxapp eval: $main::LOG
--- config
    location = /ping { wxapp_ping; }
--- drive
my $r = get('/ping', headers => ["traceparent: 00-$main::ID-$main::SPAN-01"]);
my ($l) = json_log(1);
is $l->{trace_id}, $main::ID, 'trace_id';
is $l->{level}, 'info', 'level';
is $l->{service}, 'wxapp', 'service';
is $l->{message}, 'request', 'message';
is $l->{method}, 'GET', 'method';
is $l->{route}, '/ping', 'route';
is $l->{status}, 200, 'status';
is $l->{bytes}, 18, 'bytes';
cmp_ok $l->{duration}, '>=', 0, 'duration';
like $l->{timestamp}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/, 'timestamp';
is $l->{client}, '127.0.0.1', 'client';
is $l->{$_}, '', "no $_" for qw(redis_duration mysql_duration wechat_duration user_id limit error_code);



=== TEST 69: the JSON log: numbers are numbers
--- wxapp eval: $main::LOG
--- config
    location = /ping { wxapp_ping; }
--- drive
get('/ping');
my ($l) = json_log(1);
my $text = logs(0, Test::Nginx::Util::server_root() . '/logs/json.log');
like $text, qr/"status":200,/, 'status';
like $text, qr/"bytes":18,/, 'bytes';
like $text, qr/"duration":\d+\.\d{3},/, 'duration';



=== TEST 70: the JSON log: a login has all durations
--- wxapp eval: $main::LOG
--- config eval
'location = /login { wxapp_limit l rate=100r/s burst=100 key=$remote_addr; wxapp_login; }'
    . "location /_wx/ { internal; include $main::snippets/wechat-call.conf; proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/; }"
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
sim('/_sim/next', { mode => 'slow', ms => 120 });
my $code = fresh_code();
my $r = post('/login', { code => $code });
is $r->{status}, 200, 'status';
my ($l) = json_log(1);
like $l->{"${_}_duration"}, qr/^\d+\.\d{3}$/, "$_ duration" for qw(redis mysql wechat);
cmp_ok $l->{wechat_duration}, '>=', 0.1, 'the time that WeChat took';
cmp_ok $l->{wechat_duration}, '<=', $l->{duration} + 0.02, 'is part of the whole';
cmp_ok $l->{mysql_duration}, '<', 0.1, 'and not of the others';
is $l->{trace_id}, $r->{headers}{'x-request-id'}, 'trace_id';
is $l->{limit}, 'passed', 'limit';
is $l->{error_code}, '', 'no error';
is index(logs(0, Test::Nginx::Util::server_root() . '/logs/json.log'), $code), -1, 'no code in it';



=== TEST 71: the JSON log: a resource with a user
--- wxapp eval: $main::LOG
--- config
    location /p { wxapp_auth on; wxapp_resource products { column id bigint; column name string; allow GET; } }
--- drive
wait_until { status_of('mysql')->{idle} } or fail 'mysql';
my $token = make_token(sub => 42);
is get('/p/1', headers => ["Authorization: Bearer $token"])->{status}, 200, 'item';
is get('/p/99999', headers => ["Authorization: Bearer $token"])->{status}, 404, 'none';
is get('/p/1')->{status}, 401, 'nobody';
my ($item, $none, $nobody) = json_log(3);
is $item->{user_id}, 42, 'user_id';
like $item->{mysql_duration}, qr/^\d+\.\d{3}$/, 'mysql_duration';
is $item->{redis_duration}, '', 'no redis_duration';
is $item->{route}, '/p', 'route, not the path';
is $none->{error_code}, 'not_found', 'error_code';
is $none->{status}, 404, 'status';
is $nobody->{error_code}, 'unauthorized', 'error_code';
is $nobody->{user_id}, '', 'no user_id';
is index(logs(0, Test::Nginx::Util::server_root() . '/logs/json.log'), substr $token, 0, 20), -1, 'no token in it';



=== TEST 72: the JSON log: a limit
--- wxapp eval: $main::LOG
--- config
    location = /a { wxapp_limit one rate=1r/h key=$arg_k; wxapp_ping; }
--- drive
wait_until { status_of('redis')->{up} } or fail 'redis';
is get("/a?k=72.$$")->{status}, $_, "status $_" for 200, 429;
my ($first, $second) = json_log(2);
is $first->{limit}, 'passed', 'passed';
is $second->{limit}, 'rejected', 'rejected';
is $second->{error_code}, 'rate_limited', 'error_code';
like $first->{redis_duration}, qr/^\d+\.\d{3}$/, 'redis_duration';
is $first->{mysql_duration}, '', 'no mysql_duration';



=== TEST 73: the JSON log: nginx's own errors behind error_page
--- wxapp eval: $main::LOG
--- config eval
$main::PROBLEM . 'location /a/ { deny all; }'
--- drive
my $r = get('/nothing');
my $d = get('/a/b?c=d');
my ($l, $m) = json_log(2);
is $l->{error_code}, 'not_found', 'error_code';
is $l->{trace_id}, $r->{headers}{'x-request-id'}, 'trace_id';
is $l->{trace_id}, $r->{json}{trace_id}, 'trace_id of the problem';
is $l->{status}, 404, 'status';
is $l->{route}, '/', 'route: where the request went, not where the problem is told';
is $m->{error_code}, 'forbidden', 'error_code';
is $m->{route}, '/a/', 'route';
--- error_log
access forbidden by rule



=== TEST 74: the JSON log: nginx's own errors without error_page
--- wxapp eval: $main::LOG
--- config
--- drive
my $r = get('/nothing');
my ($l) = json_log(1);
is $l->{status}, 404, 'status';
is $l->{error_code}, '', 'nothing of ours';
is $l->{trace_id}, $r->{headers}{'x-request-id'}, 'trace_id';



=== TEST 75: the JSON log: what satisfy any made good is no error
--- wxapp eval: $main::LOG
--- config
    location = /ping { satisfy any; allow all; wxapp_auth on; wxapp_ping; }
--- drive
is get('/ping', headers => ['Authorization: Bearer x.y.z'])->{status}, 200, 'let in';
my ($l) = json_log(1);
is $l->{error_code}, '', 'no error_code';



=== TEST 76: the JSON log: hostile requests are JSON still
--- wxapp eval: $main::LOG
--- config
    location = /ping { wxapp_ping; }
--- drive
my $raw = sub {
    my ($text) = @_;
    my $s = connection();
    syswrite $s, $text;
    my $got = '';
    1 while sysread $s, $got, 4096, length $got;
    return $got;
};
$raw->("nonsense \"\\\r\n\r\n");
$raw->("GET /\"%22\x01\xff\\ HTTP/1.0\r\n\r\n");
$raw->("GET /ping HTTP/1.0\r\nUser-Agent: \"\\\xff\r\ntraceparent: \"},{\r\n\r\n");
$raw->("GET /ping\r\n");
$raw->("BR\"EW /ping HTTP/1.0\r\n\r\n");
my @l = json_log(5);
is $l[$_]{status}, (400, 400, 200, 200, 400)[$_], "status $_" for 0, 2, 3, 4;
is $l[2]{route}, '/ping', 'route';



=== TEST 77: the JSON log: a client that goes away
--- wxapp eval: $main::LOG
--- config
    location = /slow { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
--- tcp_listen: $TEST_NGINX_RAND_PORT_1
--- tcp_no_close
--- tcp_reply_delay: 2s
--- tcp_reply: x
--- drive
my $h = begin('GET', '/slow');
pause(0.1);
abandon($h);
my ($l) = json_log(1);
is $l->{status}, 499, 'status';
like $l->{trace_id}, qr/^[0-9a-f]{32}$/, 'trace_id';



=== TEST 78: the variables of a request that used nothing are empty
--- config
    location = /v { return 200 "[$wxapp_redis_time|$wxapp_mysql_time|$wxapp_wechat_time|$wxapp_error|$wxapp_uid|$wxapp_limit_status]"; }
--- request
GET /v
--- response_body chomp
[|||||]



=== TEST 79: the route is what the configuration calls the place
--- config
    location = /exact { return 200 $wxapp_route; }
    location /prefix { return 200 $wxapp_route; }
    location ^~ /early/ { return 200 $wxapp_route; }
    location ~ ^/re/(\d+)$ { return 200 $wxapp_route; }
    location /named { try_files /none @named; }
    location @named { return 200 $wxapp_route; }
--- request eval
['GET /exact?x=1', 'GET /prefix/secret/7', 'GET /early/x', 'GET /re/12345', 'GET /named/x']
--- response_body eval
['/exact', '/prefix', '/early/', '^/re/(\d+)$', '@named']
