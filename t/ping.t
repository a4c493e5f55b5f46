# wxapp_ping: methods, protocol versions, connections.
#
#   replies   the statuses on one connection, in order (with ignore_response)

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

my $raw;
{
    no warnings qw(redefine prototype);
    my $send = \&Test::Nginx::Socket::send_request;
    *Test::Nginx::Socket::send_request = sub ($$$$@) { my @r = $send->(@_); $raw = $r[0]; @r };
}

Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    my $replies = $block->replies // return;
    chomp $replies;
    is join(' ', $raw =~ m{HTTP/1\.1 (\d+)}g), $replies, $block->name . ' - the replies';
});

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(http_config => $block->http_config // '');
    $block->set_value(config => "location = /ping { wxapp_ping; }\n") if !defined $block->config;
});

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: GET says pong
--- request
GET /ping
--- response_body chomp
{"message":"pong"}
--- response_headers
Content-Type: application/json
Content-Length: 18
Cache-Control: no-store



=== TEST 2: HEAD has the headers and no body
--- request
HEAD /ping
--- response_body
--- response_headers
Content-Type: application/json
Content-Length: 18
Cache-Control: no-store



=== TEST 3: arguments do not matter
--- request
GET /ping?message=other&x=%00
--- response_body chomp
{"message":"pong"}



=== TEST 4: other methods are 405 with Allow
--- request eval
['POST /ping', 'PUT /ping', 'DELETE /ping', 'OPTIONS /ping', 'PATCH /ping', 'PROPFIND /ping', 'LOCK /ping']
--- error_code eval
[(405) x 7]
--- response_headers eval
['Allow: GET, HEAD', 'Allow: GET, HEAD', 'Allow: GET, HEAD', 'Allow: GET, HEAD', 'Allow: GET, HEAD', 'Allow: GET, HEAD', 'Allow: GET, HEAD']
--- response_body_like eval
[('"status":405,"error":"method_not_allowed"') x 7]



=== TEST 5: a method that nobody knows is 405 too
--- request
BREW /ping
--- error_code: 405
--- response_headers
Allow: GET, HEAD
Content-Type: application/problem+json



=== TEST 6: TRACE is refused before any location
--- request
TRACE /ping
--- error_code: 405
--- response_body_unlike: pong



=== TEST 7: HTTP/1.0 is answered and closed
--- request
GET /ping HTTP/1.0
--- response_headers
Connection: close
Content-Length: 18
--- response_body chomp
{"message":"pong"}



=== TEST 8: HTTP/1.0 without any header
--- raw_request eval
"GET /ping HTTP/1.0\r\n\r\n"
--- response_headers
Connection: close
--- response_body chomp
{"message":"pong"}



=== TEST 9: HTTP/1.0 with keep-alive
--- raw_request eval
"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" . "GET /ping HTTP/1.0\r\n\r\n"
--- ignore_response
--- replies: 200 200



=== TEST 10: HTTP/0.9 gets the body alone
--- raw_request eval
"GET /ping\r\n"
--- http09
--- response_body chomp
{"message":"pong"}



=== TEST 11: HTTP/2.0 in a request line is nginx's to refuse
--- raw_request eval
"GET /ping HTTP/2.0\r\nHost: a\r\n\r\n"
--- error_code: 505



=== TEST 12: pipelined requests are answered in order
--- pipelined_requests eval
['GET /ping', 'HEAD /ping', 'POST /ping', 'GET /ping']
--- ignore_response
--- replies: 200 200 405 200



=== TEST 13: fifty pipelined requests
--- raw_request eval
("GET /ping HTTP/1.1\r\nHost: a\r\n\r\n" x 49) . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies eval: CORE::join ' ', (200) x 50



=== TEST 14: a refused POST leaves the connection in order, its body is dropped
--- raw_request eval
"POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 29\r\n\r\nGET /not/a/request HTTP/1.1\r\n"
    . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 405 200



=== TEST 15: a refused chunked POST too
--- raw_request eval
"POST /ping HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 405 200



=== TEST 16: GET with a body too
--- raw_request eval
"GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 200 200



=== TEST 17: a body that comes later than its headers is dropped as well
--- raw_request eval
["POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc", "def"
    . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- ignore_response
--- replies: 405 200



=== TEST 18: a body of a megabyte is dropped
--- raw_request eval
"POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" . 'x' x 1_000_000
    . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 405 200



=== TEST 19: a body that is too large for the location is 405 all the same
--- config
    location = /ping { client_max_body_size 2; wxapp_ping; }
--- raw_request eval
"POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
--- error_code: 413
--- error_log
client intended to send too large body



=== TEST 20: Expect: 100-continue with a method that is refused is answered at once
--- config
    location = /ping { lingering_timeout 50ms; wxapp_ping; }
--- raw_request eval
"POST /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
--- error_code: 405
--- raw_response_headers_unlike: 100 Continue



=== TEST 21: a range is not for it
--- request
GET /ping
--- more_headers
Range: bytes=0-3
--- response_body chomp
{"message":"pong"}
--- response_headers
!Content-Range



=== TEST 22: a condition is not for it
--- request
GET /ping
--- more_headers
If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT
If-None-Match: *
--- response_body chomp
{"message":"pong"}



=== TEST 23: an If-Unmodified-Since of long ago does not make a refusal another one
--- request
DELETE /ping
--- more_headers
If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT
--- error_code: 405



=== TEST 24: in a location by prefix
--- config
    location /p { wxapp_ping; }
--- request
GET /p/a/b
--- response_body chomp
{"message":"pong"}



=== TEST 25: in a location by regular expression
--- config
    location ~ ^/v\d+/ping$ { wxapp_ping; }
--- request
GET /v12/ping
--- response_body chomp
{"message":"pong"}



=== TEST 26: in a named location
--- config
    location @ping { wxapp_ping; }
    location = /x { try_files /none @ping; }
--- request
GET /x
--- response_body chomp
{"message":"pong"}



=== TEST 27: by a rewrite
--- config
    location = /ping { wxapp_ping; }
    location /old { rewrite ^ /ping last; }
--- request
GET /old
--- response_body chomp
{"message":"pong"}



=== TEST 28: add_header works as for any other reply
--- config
    location = /ping { add_header X-Node 7; wxapp_ping; }
--- request
GET /ping
--- response_headers
X-Node: 7



=== TEST 29: gzip works as for any other reply
--- config
    location = /ping { gzip on; gzip_types application/json; gzip_min_length 1; wxapp_ping; }
--- request
GET /ping
--- more_headers
Accept-Encoding: gzip
--- response_headers
Content-Encoding: gzip
!Content-Length
--- response_body_like: ^\x1f\x8b



=== TEST 30: it may be inside a subrequest
--- config
    location = /ping { wxapp_ping; }
    location = /x { auth_request /ping; return 200 "let in\n"; }
    location = /y { auth_request /ping; root html; }
--- user_files
>>> y
let in
--- request
GET /y
--- response_body
let in



=== TEST 31: a subrequest that it answers is part of the reply
--- config
    location = /ping { wxapp_ping; }
    location = /page.html { root html; add_after_body /ping; }
--- user_files
>>> page.html
page
--- request
GET /page.html
--- response_body chomp
page
{"message":"pong"}



=== TEST 32: over HTTP/2, GET and HEAD and POST on one connection
--- http_config
    server { listen unix:$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; location = /ping { wxapp_ping; } }
--- drive
my $socket = Test::Nginx::Util::server_root() . '/logs/h2.sock';
my @curl = (qw(curl -s --http2-prior-knowledge --unix-socket), $socket);
my $out = sub { open my $fh, '-|', @curl, @_ or die "curl: $!\n"; local $/; scalar <$fh> };
is $out->('http://a/ping'), '{"message":"pong"}', 'GET';
is $out->('-I', '-o', '/dev/null', '-w', '%{http_version} %{http_code} %{size_download}', 'http://a/ping'), '2 200 0', 'HEAD';
# curl 7.88 takes nginx's RST_STREAM with NO_ERROR behind an early answer for a failure
my $h2 = h2_connect($socket);
for my $time (1 .. 2) {
    my $reply = h2_reply($h2, h2_post($h2, '/ping', 'x' x 100));
    is $reply->{status}, 405, "POST $time";
    like $reply->{body}, qr/"error":"method_not_allowed"/, 'the problem';
}
