# wxapp_problem: the one error shape, for nginx's own errors behind error_page and for ours.
#
# Sections of this file:
#   problem   STATUS CODE, a line for each request: the reply is a problem of exactly that shape
#   replies   the statuses on one connection, in order (with ignore_response)
#   include   the snippet of the examples stands in server {} (on by default; "no" leaves it out)

use lib 't/lib';
use WXApp;
use Test::More;

my $snippet = top() . '/conf-examples/snippets/problem.conf';
my ($res, $raw, %ids);
{
    no warnings qw(redefine prototype);
    my $parse = \&Test::Nginx::Socket::parse_response;
    *Test::Nginx::Socket::parse_response = sub ($$$) { my @r = $parse->(@_); $res = $r[0]; @r };
    my $send = \&Test::Nginx::Socket::send_request;
    *Test::Nginx::Socket::send_request = sub ($$$$@) { my @r = $send->(@_); $raw = $r[0]; @r };
}

my %TITLE = (
    400 => 'Bad Request', 401 => 'Unauthorized', 403 => 'Forbidden', 404 => 'Not Found', 405 => 'Method Not Allowed',
    408 => 'Request Timeout', 409 => 'Conflict', 411 => 'Length Required', 413 => 'Content Too Large',
    414 => 'URI Too Long', 415 => 'Unsupported Media Type', 416 => 'Range Not Satisfiable', 422 => 'Unprocessable Content',
    429 => 'Too Many Requests', 431 => 'Request Header Fields Too Large', 500 => 'Internal Server Error',
    501 => 'Not Implemented', 502 => 'Bad Gateway', 503 => 'Service Unavailable', 504 => 'Gateway Timeout',
);

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => "include $snippet;\n" . ($block->config // '')) if ($block->include // '') !~ /^no/;
    my @problems = map { [split] } split /\n/, $block->problem // return;
    my @status = map { $_->[0] } @problems;
    $block->set_value(error_code => @status > 1 ? \@status : $status[0]);
});

add_response_body_check(sub {
    my ($block, $body, $index) = @_;
    my $name    = $block->name;
    my @problem = split /\n/, $block->problem // return;
    my ($status, $code) = split ' ', $problem[$index] // '';
    return if !defined $code;

    my @id = $res->header('X-Request-Id');
    is scalar @id, 1, "$name - one X-Request-Id";
    ok !$ids{ $id[0] }++, "$name - an id of its own" if $block->request && ref $block->request;
    is $res->header('Content-Type'), 'application/problem+json', "$name - Content-Type";
    is $res->header('Cache-Control'), 'no-store', "$name - Cache-Control";

    if (($block->request // '') =~ /^HEAD/) {
        is $body, '', "$name - no body";
        cmp_ok $res->header('Content-Length'), '>', 150, "$name - but its length";
        return;
    }

    is $res->header('Content-Length'), length $body, "$name - Content-Length";
    my $json = eval { JSON::PP::decode_json($body) } // return fail("$name - not JSON: $body");
    my %has  = %$json;
    is delete $has{type},   'about:blank',          "$name - type";
    is delete $has{title},  $TITLE{$status} // '?', "$name - title";
    is delete $has{error},  $code,                  "$name - error";
    is delete $has{code},   $code,                  "$name - code";
    is delete $has{status}, $status,                "$name - status";
    is delete $has{trace_id}, $id[0],               "$name - trace_id is X-Request-Id";
    like delete $has{message}, qr/^\w.{8,}$/,       "$name - message";
    delete $has{details} if $block->details;
    is_deeply \%has, {}, "$name - and nothing else";
    like $body, qr/"status":\d+[,}]/, "$name - status is a number";
});

Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    my $replies = $block->replies // return;
    chomp $replies;
    is join(' ', $raw =~ m{HTTP/1\.1 (\d+)}g), $replies, $block->name . ' - the replies';
});

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: 400, two Host headers
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
--- problem: 400 bad_request



=== TEST 2: 400, no Host header
--- config
--- raw_request eval
"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
--- problem: 400 bad_request



=== TEST 3: 400, a request line that is none
--- config
--- raw_request eval
"\"nonsense\r\n\r\n"
--- problem: 400 bad_request



=== TEST 4: 400, a Content-Length that is no number
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nConnection: close\r\n\r\n"
--- problem: 400 bad_request



=== TEST 5: 400, Content-Length and Transfer-Encoding together
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
--- problem: 400 bad_request



=== TEST 6: 400, a percent sign in the path that escapes nothing
--- config
--- raw_request eval
"GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- problem: 400 bad_request



=== TEST 7: 401 of auth_basic keeps its challenge
--- config
    location /a { auth_basic "shop"; auth_basic_user_file /dev/null; }
--- request
GET /a
--- problem: 401 unauthorized
--- response_headers
WWW-Authenticate: Basic realm="shop"



=== TEST 8: 403 of deny
--- config
    location /a { deny all; }
--- request
GET /a
--- problem: 403 forbidden
--- error_log
access forbidden by rule



=== TEST 9: 404 of a file that is not there
--- config
--- request
GET /nothing
--- problem: 404 not_found



=== TEST 10: 404 for HEAD, headers without a body
--- config
--- request
HEAD /nothing
--- problem: 404 not_found



=== TEST 11: 404 for HTTP/1.0
--- config
--- request
GET /nothing HTTP/1.0
--- problem: 404 not_found
--- raw_response_headers_like: ^HTTP/1.1 404 Not Found\r\n



=== TEST 12: 404 for a browser is JSON too
--- config
--- request
GET /nothing
--- more_headers
Accept: text/html
--- problem: 404 not_found



=== TEST 13: 405 of a static file
--- config
--- request
POST /
x=1
--- problem: 405 method_not_allowed



=== TEST 14: 405 of TRACE
--- config
--- request
TRACE /
--- problem: 405 method_not_allowed



=== TEST 15: 411
--- config
    location /a { return 411; }
--- request
GET /a
--- problem: 411 length_required



=== TEST 16: 413 by Content-Length
--- config
    location /a { client_max_body_size 10; proxy_pass http://127.0.0.1:1; }
--- request
POST /a
12345678901
--- problem: 413 body_too_large
--- error_log
client intended to send too large body: 11 bytes



=== TEST 17: 413 by chunks
--- config
    location /a { client_max_body_size 10; proxy_pass http://127.0.0.1:1; }
--- more_headers
Transfer-Encoding: chunked
--- request eval
"POST /a\nb\r\n12345678901\r\n0\r\n\r\n"
--- problem: 413 body_too_large
--- error_log
client intended to send too large chunked body



=== TEST 18: 414
--- config
--- request eval
'GET /' . 'a' x 9000
--- problem: 414 uri_too_long
--- error_log
client sent too long URI



=== TEST 19: 415
--- config
    location /a { return 415; }
--- request
GET /a
--- problem: 415 unsupported_media_type



=== TEST 20: 416 of a range outside
--- config
--- user_files
>>> f.txt
0123456789
--- request
GET /f.txt
--- more_headers
Range: bytes=100-
--- problem: 416 range_not_satisfiable



=== TEST 21: 429 of limit_req
--- wxapp
    limit_req_zone $server_name zone=one:1m rate=1r/m;
--- config
    limit_req_status 429;
    location /b { limit_req zone=one; root html; }
--- request eval
['GET /b', 'GET /b']
--- problem
404 not_found
429 rate_limited



=== TEST 22: headers that are too large are 431
--- config
--- request
GET /
--- more_headers eval
'X-A: ' . 'a' x 9000
--- problem: 431 headers_too_large
--- error_log
client sent too long header line



=== TEST 23: 500
--- config
    location /a { return 500; }
--- request
GET /a
--- problem: 500 internal_error



=== TEST 24: 501 of a transfer encoding that is not known
--- config
--- raw_request eval
"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n"
--- problem: 501 not_implemented



=== TEST 25: 502 of an upstream that is not there
--- config
    location /a { proxy_pass http://127.0.0.1:1; }
--- request
GET /a
--- problem: 502 bad_gateway
--- error_log
connect() failed



=== TEST 26: 503
--- config
    location /a { return 503; }
--- request
GET /a
--- problem: 503 unavailable



=== TEST 27: 504 of an upstream that is slow
--- config eval
'location /a { proxy_read_timeout 50ms; rewrite ^ /sns/jscode2session break;'
    . " proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}; }"
--- request eval
do {
    main::sim('/_sim/next', { mode => 'slow', ms => 2000 });
    'GET /a?appid=' . main::appid() . '&secret=wrong&grant_type=authorization_code&js_code=none';
}
--- problem: 504 gateway_timeout
--- error_log
upstream timed out



=== TEST 28: an error of an upstream that is intercepted
--- config eval
"location /a { proxy_intercept_errors on; proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/_sim/log?appid=none; }"
--- request
GET /a
--- problem: 404 not_found



=== TEST 29: an error of an upstream that is not intercepted stays what it is
--- config eval
"location /a { proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/_sim/log?appid=none; }"
--- request
GET /a
--- error_code: 404
--- response_body_like: ^\{"error":"no such appid"\}$



=== TEST 30: nginx's own numbers beside 400 are 400
--- config
    error_page 495 496 497 /_problem;
    location /a { return 495; }
    location /b { return 496; }
    location /c { return 497; }
--- request eval
['GET /a', 'GET /b', 'GET /c']
--- problem
400 bad_request
400 bad_request
400 bad_request



=== TEST 31: a status without a word of its own has the general one
--- config
    error_page 409 /_problem;
    location /a { return 409; }
--- request
GET /a
--- problem: 409 error



=== TEST 32: the body of a POST is gone, the status is kept
--- config
--- request
POST /nothing/at/all
hello
--- problem: 404 not_found



=== TEST 33: PUT, DELETE and OPTIONS of a static place
--- config
--- request eval
['PUT /x', 'DELETE /x', 'OPTIONS /x']
--- problem
405 method_not_allowed
405 method_not_allowed
405 method_not_allowed



=== TEST 34: the connection lives on behind a problem
--- config
    location = /ping { wxapp_ping; }
--- raw_request eval
"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\nHEAD /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
    . "DELETE /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 404 404 405 200



=== TEST 35: behind a named location
--- include: no
--- config
    error_page 404 @problem;
    location @problem { wxapp_problem; }
--- request
GET /nothing
--- problem: 404 not_found



=== TEST 36: error_page of a location
--- include: no
--- config
    location = /_p { internal; wxapp_problem; }
    location /a { error_page 404 /_p; root html; }
--- request
GET /a
--- problem: 404 not_found



=== TEST 37: without error_page nginx's own page stays
--- include: no
--- config
    location = /ping { wxapp_ping; }
--- request
GET /nothing
--- error_code: 404
--- response_body_like: <html>
--- response_headers
Content-Type: text/html



=== TEST 38: called directly it is not found
--- include: no
--- config
    location = /p { wxapp_problem; }
--- request
GET /p
--- problem: 404 not_found



=== TEST 39: the snippet's own location is not for clients
--- config
--- request
GET /_problem
--- problem: 404 not_found



=== TEST 40: a problem of ours does not pass error_page again
--- config
    location = /ping { wxapp_ping; }
--- request
POST /ping
x
--- problem: 405 method_not_allowed
--- response_headers
Allow: GET, HEAD



=== TEST 41: 401 of wxapp_auth
--- config
    location = /ping { wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- problem: 401 unauthorized
--- response_body_like: an access token is required
--- response_headers
WWW-Authenticate: Bearer



=== TEST 42: 403 of wxapp_auth
--- config
    location = /ping { wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- more_headers
Authorization: Bearer x.y.z
--- problem: 403 invalid_token



=== TEST 43: 503 of a database that is not there tells when to try again
--- http_config eval
main::wxapp_http(mysql => "wxapp_mysql { primary 127.0.0.1:1; database a; user b; wait timeout=100ms; }\n")
--- config
    location /p { wxapp_resource products { column id bigint; allow GET; } }
--- request
GET /p
--- problem: 503 database_unavailable
--- response_headers_like
Retry-After: [1-9]\d*
--- error_log
mysql



=== TEST 44: satisfy any, nothing else lets in: the problem of wxapp_auth is told, with its challenge
--- config
    location = /ping { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- problem: 401 unauthorized
--- response_body_like: an access token is required
--- response_headers
WWW-Authenticate: Bearer



=== TEST 45: satisfy any with a bad token, nothing else lets in
--- config
    location = /ping { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- more_headers
Authorization: Bearer x.y.z
--- problem: 403 invalid_token
--- response_headers_like
WWW-Authenticate: Bearer error="invalid_token", .*



=== TEST 46: satisfy any, something else lets in: neither problem nor challenge
--- config
    location = /ping { satisfy any; allow all; wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- more_headers
Authorization: Bearer x.y.z
--- response_body chomp
{"message":"pong"}
--- response_headers
!WWW-Authenticate



=== TEST 47: satisfy any, let in by address, then nginx's own 403 is its own
--- config
    location /dir/ { satisfy any; allow all; wxapp_auth on; root html; }
--- user_files
>>> dir/file
x
--- request
GET /dir/
--- more_headers
Authorization: Bearer x.y.z
--- problem: 403 forbidden
--- error_log
is forbidden



=== TEST 48: satisfy any, let in by address, then an upstream's 403 is its own
--- config eval
'location /a { satisfy any; allow all; wxapp_auth on; proxy_intercept_errors on;'
    . ' proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/b; } location /b { deny all; }'
--- request
GET /a
--- more_headers
Authorization: Bearer x.y.z
--- problem: 403 forbidden
--- error_log
access forbidden by rule



=== TEST 49: satisfy any without error_page is nginx's own page with the status
--- include: no
--- config
    location = /ping { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- request
GET /ping
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
--- response_body_like: <html>



=== TEST 50: satisfy all with deny: the problem of nginx
--- config
    location = /ping { deny all; wxapp_auth on; wxapp_ping; }
--- request eval
'GET /ping'
--- more_headers eval
'Authorization: Bearer ' . main::make_token()
--- problem: 403 forbidden
--- error_log
access forbidden by rule



=== TEST 51: a traceparent of the client is in the problem of nginx
--- config
--- request
GET /nothing
--- more_headers
traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
--- problem: 404 not_found
--- response_body_like: "trace_id":"0af7651916cd43dd8448eb211c80319c"



=== TEST 52: with wxapp_trace off the problem has its trace_id still
--- config
    wxapp_trace off;
--- request
GET /nothing
--- error_code: 404
--- response_headers
!X-Request-Id
!traceparent
--- response_body_like: "trace_id":"[0-9a-f]{32}"



=== TEST 53: two requests have two ids
--- config
--- request eval
['GET /nothing', 'GET /nothing']
--- problem
404 not_found
404 not_found
