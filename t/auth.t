# Guarding locations: modes, refusals, required claims, the variables, and nginx's own ways around a location.
#
# Sections of this file:
#   token      arguments of make_token(): the Authorization of the request
#   missing    the whole 401 of a request without a token
#   refused    the whole 403 of a token that is invalid for this reason
#   lacking    the whole 403 of a token without what is required
#   passed     200 with this body and no challenge
#   over_h2    the content of an HTTP/2 server beside the usual one, for h2()
#   then       Perl, run after the last response; $_[0] is its body

use lib 't/lib';
use WXApp;
use WXDrive;

use File::Temp ();
use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

our $DIR = File::Temp->newdir('wxapp-auth-XXXXXX', TMPDIR => 1);
chmod 0755, $DIR;

our $BAD = 'x.y.z';
our $OTHER_KEY = 'another key, quite as long as it has to be';

sub bearer { return 'Authorization: Bearer ' . make_token(@_) }
sub forged { return bearer(-key => $OTHER_KEY, @_) }
sub basic  { return 'Authorization: Basic ' . MIME::Base64::encode_base64($_[0], '') }

sub port { return $ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port() }

# the HTTP/2 server's answer: status and headers in lower case, body
sub h2 {
    my ($path, @headers) = @_;
    our $H2;
    open my $curl, '-|', 'curl', '-s', '-i', '-m', 3, '--http2-prior-knowledge', '--unix-socket', $H2,
        (map { ('-H', $_) } @headers), "http://localhost$path" or die "curl: $!\n";
    my $text = do { local $/; <$curl> };
    $text =~ s/\r//g;
    return $text;
}

# the whole of one connection, as it comes
sub talk {
    my (@parts) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => port(), Timeout => 3) or die "connect: $!\n";
    local $SIG{PIPE} = 'IGNORE';
    for my $part (@parts) {
        print $s $part;
        $s->flush;
        Time::HiRes::sleep(0.01) if @parts > 1;
    }
    my $text = '';
    local $SIG{ALRM} = sub { die "talk: no end\n" };
    alarm 5;
    eval { 1 while sysread $s, $text, 65536, length $text };
    alarm 0;
    return $text;
}

sub refusal {
    my ($block, $status, $code, $message, $challenge) = @_;
    $block->set_value(error_code => $status);
    $block->set_value(response_headers => "Content-Type: application/problem+json\nCache-Control: no-store\n"
        . "WWW-Authenticate: $challenge\n" . ($block->response_headers // ''));
    my %title = (401 => 'Unauthorized', 403 => 'Forbidden');
    $block->set_value(response_body_like => qr/^\{"type":"about:blank","title":"$title{$status}","status":$status,
        "error":"$code","code":"$code","message":"\Q$message\E","trace_id":"[0-9a-f]{32}"\}$/x);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined(my $text = $block->token)) {
        my $header = eval "package main; bearer($text)" // die $block->name . ": $@";
        $block->set_value(more_headers => $header . "\n" . ($block->more_headers // ''));
    }

    if (defined(my $server = $block->over_h2)) {
        our $H2 = "$DIR/" . ++our $sockets . '.h2';
        $block->set_value(wxapp => "server { listen unix:$H2 http2; $server }\n");
    }

    $block->set_value(request => 'GET /t') if !defined $block->request && !defined $block->pipelined_requests
        && !defined $block->raw_request;

    my $lacking = 'the token lacks what is required';
    if (defined $block->missing) {
        refusal($block, 401, 'unauthorized', 'an access token is required', 'Bearer');
    } elsif (defined $block->lacking) {
        refusal($block, 403, 'insufficient_scope', $lacking,
            qq{Bearer error="insufficient_scope", error_description="$lacking"});
    } elsif (defined(my $reason = $block->refused)) {
        chomp $reason;
        refusal($block, 403, 'invalid_token', $reason, qq{Bearer error="invalid_token", error_description="$reason"});
    } elsif (defined(my $body = $block->passed)) {
        chomp $body;
        $block->set_value(response_body => $body);
        $block->set_value(response_headers => "!WWW-Authenticate\n" . ($block->response_headers // ''));
    }
});

add_response_body_check(sub {
    my ($block, $body, $index) = @_;
    my $code = $block->then // return;
    my $requests = $block->pipelined_requests // $block->request;
    return if ref $requests && $index < $#$requests;
    my $sub = eval "package main; sub { $code }" or die $@;
    subtest $block->name . ' - then' => sub { $sub->($body); done_testing };
});

run_tests();

__DATA__

=== TEST 1: on: a good token passes
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- token
--- passed: {"message":"pong"}



=== TEST 2: on: no token is 401 with a bare challenge
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- missing



=== TEST 3: on: a forged token is 403
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- token
-key => $main::OTHER_KEY
--- refused: the signature is invalid



=== TEST 4: on: an expired token is 403
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- token
-ttl => -100
--- refused: the token has expired



=== TEST 5: off: nothing is asked
--- config
    location = /t { wxapp_auth off; wxapp_ping; }
--- passed: {"message":"pong"}



=== TEST 6: off: a forged token does not matter, and is nobody's
--- config
    location = /t { wxapp_auth off; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- more_headers eval: main::forged(sub => 7)
--- response_headers
X-Uid: []
--- passed: {"message":"pong"}



=== TEST 7: without a directive nothing is asked
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}



=== TEST 8: off: who shows a good token is known all the same
--- config
    location = /t { wxapp_auth off; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- token
sub => 7
--- response_headers
X-Uid: [7]
--- passed: {"message":"pong"}



=== TEST 9: optional: no token passes as nobody
--- config
    location = /t { wxapp_auth optional; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- response_headers
X-Uid: []
--- passed: {"message":"pong"}



=== TEST 10: optional: a good token passes as somebody
--- config
    location = /t { wxapp_auth optional; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- token
sub => 7
--- response_headers
X-Uid: [7]
--- passed: {"message":"pong"}



=== TEST 11: optional: a bad token is still refused
--- config
    location = /t { wxapp_auth optional; wxapp_ping; }
--- token
-key => $main::OTHER_KEY
--- refused: the signature is invalid



=== TEST 12: optional: another scheme is nobody
--- config
    location = /t { wxapp_auth optional; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- more_headers
Authorization: Basic YTpi
--- response_headers
X-Uid: []
--- passed: {"message":"pong"}



=== TEST 13: optional: what is required is required of nobody too
--- config
    location = /t { wxapp_auth optional; wxapp_require role=admin; wxapp_ping; }
--- missing



=== TEST 14: optional: what is required and lacking is 403
--- config
    location = /t { wxapp_auth optional; wxapp_require role=admin; wxapp_ping; }
--- token
--- lacking



=== TEST 15: wxapp_auth_status invalid=401 changes the number alone
--- config
    location = /t { wxapp_auth on; wxapp_auth_status invalid=401; wxapp_ping; }
--- token
-ttl => -100
--- error_code: 401
--- response_headers
Content-Type: application/problem+json
WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired"
--- response_body_like: "title":"Unauthorized","status":401,"error":"invalid_token","code":"invalid_token","message":"the token has expired"



=== TEST 16: wxapp_auth_status invalid=403 is the default
--- config
    location = /t { wxapp_auth on; wxapp_auth_status invalid=403; wxapp_ping; }
--- token
-ttl => -100
--- refused: the token has expired



=== TEST 17: wxapp_auth_status does not touch a missing role
--- config
    location = /t { wxapp_auth on; wxapp_auth_status invalid=401; wxapp_require role=admin; wxapp_ping; }
--- token
--- lacking



=== TEST 18: wxapp_auth_status inherits
--- config
    wxapp_auth_status invalid=401;
    location /t { wxapp_auth on; location /t/u { wxapp_ping; } }
--- request
GET /t/u
--- token
-ttl => -100
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired"



=== TEST 19: wxapp_auth_status is taken back further in
--- config
    wxapp_auth_status invalid=401;
    location /t { wxapp_auth on; wxapp_auth_status invalid=403; wxapp_ping; }
--- token
-ttl => -100
--- refused: the token has expired



=== TEST 20: on in http holds everywhere
--- wxapp
wxapp_auth on;
--- config
    location = /t { wxapp_ping; }
--- missing



=== TEST 21: on in server holds in its locations
--- config
    wxapp_auth on;
    location = /t { wxapp_ping; }
--- missing



=== TEST 22: on in a location holds in nested ones
--- config
    location /t { wxapp_auth on; location /t/u { location = /t/u/v { wxapp_ping; } } }
--- request
GET /t/u/v
--- missing



=== TEST 23: off in a nested location opens it
--- config
    location /t { wxapp_auth on; location = /t/u { wxapp_auth off; wxapp_ping; } }
--- request
GET /t/u
--- passed: {"message":"pong"}



=== TEST 24: off in http and on in a location
--- wxapp
wxapp_auth off;
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- missing



=== TEST 25: a location opened in a closed server
--- wxapp
wxapp_auth on;
--- config
    location = /t { wxapp_auth off; wxapp_ping; }
--- passed: {"message":"pong"}



=== TEST 26: login works in a server that is closed but for it
--- wxapp
wxapp_auth on;
--- config
    location = /t { wxapp_auth off; wxapp_login; }
--- request eval: "POST /t\n" . '{"code":"' . main::fresh_code('user-h') . '"}'
--- response_body_like: "access_token":"eyJ



=== TEST 27: an if block keeps the guard of its location
--- config
    location = /t { wxapp_auth on; if ($arg_x) { set $y 1; } wxapp_ping; }
--- request
GET /t?x=1
--- missing



=== TEST 28: an if block keeps the guard for static files
--- config
    location /f { wxapp_auth on; wxapp_require role=admin; if ($arg_x) { add_header X-If 1; } }
--- request
GET /f/a.txt?x=1
--- token
--- user_files
>>> f/a.txt
text
--- lacking



=== TEST 29: wxapp_auth in an if block is refused by the configuration
--- config
    location = /t { if ($arg_x) { wxapp_auth on; } wxapp_ping; }
--- must_die
--- error_log
[emerg]
"wxapp_auth" directive is not allowed here



=== TEST 30: a required value that is there
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'admin'
--- passed: {"message":"pong"}



=== TEST 31: a required value that is another
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'user'
--- lacking



=== TEST 32: a required value is compared whole: shorter
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'admi'
--- lacking



=== TEST 33: a required value is compared whole: longer
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'admin2'
--- lacking



=== TEST 34: a required value is compared by case
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'Admin'
--- lacking



=== TEST 35: a required claim that is missing
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => undef
--- lacking



=== TEST 36: a required claim that is empty
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => ''
--- lacking



=== TEST 37: a required claim that is null
--- config
    location = /t { wxapp_auth on; wxapp_require role=null; wxapp_ping; }
--- more_headers eval
'Authorization: Bearer ' . main::sign_token({ alg => 'HS256', kid => '2026-11' },
    '{"iss":"shop.example.com","sub":"1","role":null,"exp":' . (time + 600) . '}')
--- lacking



=== TEST 38: a required claim that is a list: one of it will do
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => ['user', 'admin']
--- passed: {"message":"pong"}



=== TEST 39: one of several values: the first
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor|support; wxapp_ping; }
--- token
role => 'admin'
--- passed: {"message":"pong"}



=== TEST 40: one of several values: the last
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor|support; wxapp_ping; }
--- token
role => 'support'
--- passed: {"message":"pong"}



=== TEST 41: one of several values: none
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor|support; wxapp_ping; }
--- token
role => 'user'
--- lacking



=== TEST 42: one of several values: not the list as written
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor; wxapp_ping; }
--- token
role => 'admin|editor'
--- lacking



=== TEST 43: several directives: all hold
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor; wxapp_require sub=7; wxapp_ping; }
--- token
role => 'editor', sub => 7
--- passed: {"message":"pong"}



=== TEST 44: several directives: the first fails
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor; wxapp_require sub=7; wxapp_ping; }
--- token
role => 'user', sub => 7
--- lacking



=== TEST 45: several directives: the last fails
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|editor; wxapp_require sub=7; wxapp_ping; }
--- token
role => 'editor', sub => 8
--- lacking



=== TEST 46: a numeric claim is compared by its digits
--- config
    location = /t { wxapp_auth on; wxapp_require level=3; wxapp_ping; }
--- token
level => \3
--- passed: {"message":"pong"}



=== TEST 47: a numeric claim of another value
--- config
    location = /t { wxapp_auth on; wxapp_require level=3; wxapp_ping; }
--- token
level => \30
--- lacking



=== TEST 48: a boolean claim is true or false
--- config
    location = /t { wxapp_auth on; wxapp_require vip=true; wxapp_ping; }
--- token
vip => JSON::PP::true
--- passed: {"message":"pong"}



=== TEST 49: a boolean claim that is false is not true
--- config
    location = /t { wxapp_auth on; wxapp_require vip=true; wxapp_ping; }
--- token
vip => JSON::PP::false
--- lacking



=== TEST 50: a value may hold an equals sign
--- config
    location = /t { wxapp_auth on; wxapp_require "tag=a=b"; wxapp_ping; }
--- token
tag => 'a=b'
--- passed: {"message":"pong"}



=== TEST 51: the name of a claim is compared by case
--- config
    location = /t { wxapp_auth on; wxapp_require Role=admin; wxapp_ping; }
--- token
role => 'admin'
--- lacking



=== TEST 52: requirements inherit
--- config
    wxapp_auth on;
    wxapp_require role=admin;
    location /t { location = /t/u { wxapp_ping; } }
--- request
GET /t/u
--- token
--- lacking



=== TEST 53: requirements of a nested location replace the outer ones
--- config
    location /t {
        wxapp_auth on;
        wxapp_require role=admin;
        location = /t/u { wxapp_require sub=7; wxapp_ping; }
    }
--- request
GET /t/u
--- token
sub => 7
--- passed: {"message":"pong"}



=== TEST 54: requirements of a location without auth ask nothing
--- config
    location /t {
        wxapp_auth on;
        wxapp_require role=admin;
        location = /t/u { wxapp_auth off; wxapp_ping; }
    }
--- request
GET /t/u
--- passed: {"message":"pong"}



=== TEST 55: the claims of a token as variables
--- config
    location = /t {
        wxapp_auth on;
        add_header X-Who "$wxapp_uid $wxapp_openid $wxapp_role $wxapp_claim_jti $wxapp_claim_shop_id";
        wxapp_ping;
    }
--- token
sub => 7, openid => 'oAB_c-1', role => 'editor', jti => 'j', shop_id => \42
--- response_headers
X-Who: 7 oAB_c-1 editor j 42
--- passed: {"message":"pong"}



=== TEST 56: claims that are missing or null are empty, and so is who is no single value
--- config
    location = /t {
        wxapp_auth on;
        add_header X-Who "[$wxapp_uid][$wxapp_openid][$wxapp_role][$wxapp_claim_a][$wxapp_claim_b]";
        wxapp_ping;
    }
--- token
sub => [7], openid => { e => 1 }, role => ['admin'], a => undef, b => JSON::PP::null
--- response_headers
X-Who: [][][][][]
--- passed: {"message":"pong"}



=== TEST 57: claims that are booleans and numbers are written as in JSON
--- config
    location = /t {
        wxapp_auth on;
        add_header X-Who "[$wxapp_claim_a][$wxapp_claim_b][$wxapp_claim_c][$wxapp_claim_d]";
        wxapp_ping;
    }
--- token
a => JSON::PP::true, b => JSON::PP::false, c => \-12, d => \0
--- response_headers
X-Who: [true][false][-12][0]
--- passed: {"message":"pong"}



=== TEST 58: a numeric sub is a uid too
--- config
    location = /t { wxapp_auth on; add_header X-Who "[$wxapp_uid]"; wxapp_ping; }
--- token
sub => \7
--- response_headers
X-Who: [7]
--- passed: {"message":"pong"}



=== TEST 59: all variables are empty for a forged token, in the reply that refuses it too
--- config
    location = /t {
        wxapp_auth on;
        add_header X-Who "[$wxapp_uid][$wxapp_openid][$wxapp_role][$wxapp_claim_iss]" always;
        wxapp_ping;
    }
--- more_headers eval: main::forged(openid => 'o')
--- response_headers
X-Who: [][][][]
--- refused: the signature is invalid



=== TEST 60: all variables are empty for an expired token
--- config
    location = /t {
        add_header X-Who "[$wxapp_uid][$wxapp_openid][$wxapp_role][$wxapp_claim_iss]";
        wxapp_ping;
    }
--- token
-ttl => -100, openid => 'o'
--- response_headers
X-Who: [][][][]
--- passed: {"message":"pong"}



=== TEST 61: the variables of a server without wxapp_token are empty
--- http_config eval: main::wxapp_http(token => undef)
--- config
    location = /t { add_header X-Who "[$wxapp_uid][$wxapp_claim_iss]"; wxapp_ping; }
--- token
--- response_headers
X-Who: [][]
--- passed: {"message":"pong"}



=== TEST 62: the variables work in the rewrite phase
--- config
    location = /t {
        set $who "$wxapp_uid/$wxapp_role";
        if ($wxapp_role = admin) { return 200 "admin $who"; }
        return 200 "else $who";
    }
--- token
sub => 7, role => 'admin'
--- passed: admin 7/admin



=== TEST 63: a forged role does not work in the rewrite phase
--- config
    location = /t {
        if ($wxapp_role = admin) { return 200 "admin"; }
        return 200 "else [$wxapp_uid]";
    }
--- more_headers eval: main::forged(role => 'admin')
--- passed: else []



=== TEST 64: the variables work in a map
--- wxapp
map $wxapp_role $rank { default 0; user 1; admin 2; }
--- config
    location = /t { wxapp_auth on; add_header X-Rank $rank; wxapp_ping; }
--- token
role => 'admin'
--- response_headers
X-Rank: 2
--- passed: {"message":"pong"}



=== TEST 65: the variables work in preaccess: nginx's own limit counts by user
--- wxapp
limit_req_zone $wxapp_uid zone=byuser:1m rate=1r/m;
--- config
    location = /t { wxapp_auth on; limit_req zone=byuser; wxapp_ping; }
--- request eval: ['GET /t', 'GET /t', 'GET /t']
--- more_headers eval: [main::bearer(sub => 7), main::bearer(sub => 8), main::bearer(sub => 7)]
--- error_code eval: [200, 200, 503]



=== TEST 66: the variables work in the access log
--- wxapp
log_format who "who=[$wxapp_uid][$wxapp_openid][$wxapp_role][$wxapp_claim_iss][$wxapp_error]";
--- config
    access_log logs/access.log who;
    location = /t { wxapp_auth on; wxapp_ping; }
--- token
sub => 7, openid => 'oX', role => 'admin'
--- passed: {"message":"pong"}
--- access_log
who=[7][oX][admin][shop.example.com][-]



=== TEST 67: the access log of a forged token knows nobody and the error
--- wxapp
log_format who "who=[$wxapp_uid][$wxapp_openid][$wxapp_role][$wxapp_claim_iss][$wxapp_error]";
--- config
    access_log logs/access.log who;
    location = /t { wxapp_auth on; wxapp_ping; }
--- more_headers eval: main::forged(sub => 7, openid => 'oX')
--- refused: the signature is invalid
--- access_log
who=[-][-][-][-][invalid_token]



=== TEST 68: the access log of a request without a token
--- wxapp
log_format who "who=[$wxapp_uid][$wxapp_error]";
--- config
    access_log logs/access.log who;
    location = /t { wxapp_auth on; wxapp_ping; }
--- missing
--- access_log
who=[-][unauthorized]



=== TEST 69: the access log of a request that lacks a role knows who it was
--- wxapp
log_format who "who=[$wxapp_uid][$wxapp_error]";
--- config
    access_log logs/access.log who;
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
sub => 7
--- lacking
--- access_log
who=[7][insufficient_scope]



=== TEST 70: an upstream gets the claims
--- config
    location = /t {
        wxapp_auth on;
        proxy_set_header X-Uid $wxapp_uid;
        proxy_set_header X-Role $wxapp_role;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
    }
    location = /up { return 200 "uid=$http_x_uid role=$http_x_role"; }
--- token
sub => 7, role => 'admin'
--- passed: uid=7 role=admin



=== TEST 71: a client's own X-Uid does not reach the upstream
--- config
    location = /t {
        wxapp_auth optional;
        proxy_set_header X-Uid $wxapp_uid;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
    }
    location = /up { return 200 "uid=[$http_x_uid]"; }
--- more_headers
X-Uid: 1
--- passed: uid=[]



=== TEST 72: an upstream is not asked without a token
--- config
    location = /t {
        wxapp_auth on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
    }
    location = /up { access_log logs/access.log; return 200 "up"; }
--- missing
--- no_access_log
/up



=== TEST 73: a static file with a token
--- config
    location /f { wxapp_auth on; }
--- request
GET /f/a.txt
--- token
--- user_files
>>> f/a.txt
text
--- response_body
text
--- response_headers
!WWW-Authenticate



=== TEST 74: a static file without one
--- config
    location /f { wxapp_auth on; }
--- request
GET /f/a.txt
--- user_files
>>> f/a.txt
text
--- missing



=== TEST 75: a missing static file without a token tells nothing about it
--- config
    location /f { wxapp_auth on; }
--- request
GET /f/none.txt
--- missing



=== TEST 76: a directory index behind auth is one request for the guard
--- config
    location /f { wxapp_auth on; index a.txt; }
--- request
GET /f/
--- token
--- user_files
>>> f/a.txt
text
--- response_body
text



=== TEST 77: a directory index behind auth without a token
--- config
    location /f { wxapp_auth on; index a.txt; }
--- request
GET /f/
--- user_files
>>> f/a.txt
text
--- missing



=== TEST 78: satisfy any, the address is allowed: without a token, and no challenge stays
--- config
    location = /t { satisfy any; allow 127.0.0.1; deny all; wxapp_auth on; wxapp_ping; }
--- passed: {"message":"pong"}



=== TEST 79: satisfy any, the address is allowed: with a good token
--- config
    location = /t {
        satisfy any; allow 127.0.0.1; deny all; wxapp_auth on;
        add_header X-Uid "[$wxapp_uid]"; wxapp_ping;
    }
--- token
sub => 7
--- response_headers
X-Uid: [7]
--- passed: {"message":"pong"}



=== TEST 80: satisfy any, the address is allowed: with a bad token it is nobody
--- config
    location = /t {
        satisfy any; allow 127.0.0.1; deny all; wxapp_auth on;
        add_header X-Uid "[$wxapp_uid]"; wxapp_ping;
    }
--- token
-key => $main::OTHER_KEY
--- response_headers
X-Uid: []
--- passed: {"message":"pong"}



=== TEST 81: satisfy any, the address is denied: a good token passes
--- config
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- token
--- passed: {"message":"pong"}



=== TEST 82: satisfy any, the address is denied: without a token it is 401
--- config
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 83: satisfy any, the address is denied: with a bad token it is 403
--- config
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- token
-ttl => -100
--- error_code: 403
--- response_headers
WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired"



=== TEST 84: satisfy any, the address is denied: optional lets nobody in
--- config
    location = /t { satisfy any; deny all; wxapp_auth optional; wxapp_ping; }
--- error_code: 403
--- response_headers
!WWW-Authenticate



=== TEST 85: satisfy any, the address is denied: a lacking role is 403
--- config
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
--- error_code: 403
--- response_headers
WWW-Authenticate: Bearer error="insufficient_scope", error_description="the token lacks what is required"



=== TEST 86: satisfy any behind error_page tells our shape: no token
--- config
    error_page 401 403 /problem;
    location = /problem { internal; wxapp_problem; }
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- missing



=== TEST 87: satisfy any behind error_page tells our shape: bad token
--- config
    error_page 401 403 /problem;
    location = /problem { internal; wxapp_problem; }
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_ping; }
--- token
-ttl => -100
--- refused: the token has expired



=== TEST 88: satisfy any behind error_page tells our shape: lacking role
--- config
    error_page 401 403 /problem;
    location = /problem { internal; wxapp_problem; }
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
--- lacking



=== TEST 89: satisfy any: the log of a request let in by its address has no error
--- wxapp
log_format who "who=[$wxapp_error]";
--- config
    access_log logs/access.log who;
    location = /t { satisfy any; wxapp_auth on; allow 127.0.0.1; deny all; wxapp_ping; }
--- token
-key => $main::OTHER_KEY
--- passed: {"message":"pong"}
--- access_log
who=[-]



=== TEST 90: satisfy any beside auth_basic: the password lets in, and no challenge stays
--- config
    location = /t {
        satisfy any; auth_basic shop; auth_basic_user_file ../html/users;
        wxapp_auth on; wxapp_ping;
    }
--- user_files
>>> users
u:{PLAIN}p
--- more_headers eval: main::basic('u:p')
--- passed: {"message":"pong"}



=== TEST 91: satisfy any beside auth_basic: the token lets in, and no challenge stays
--- config
    location = /t {
        satisfy any; auth_basic shop; auth_basic_user_file ../html/users;
        wxapp_auth on; wxapp_ping;
    }
--- user_files
>>> users
u:{PLAIN}p
--- token
--- passed: {"message":"pong"}



=== TEST 92: satisfy any beside auth_basic: neither gives 401 and both challenges
--- config
    location = /t {
        satisfy any; auth_basic shop; auth_basic_user_file ../html/users;
        wxapp_auth on; wxapp_ping;
    }
--- user_files
>>> users
u:{PLAIN}p
--- error_code: 401
--- raw_response_headers_like eval: qr/WWW-Authenticate: Basic realm="shop"\r\nWWW-Authenticate: Bearer\r\n/



=== TEST 93: satisfy all: a denied address is 403 before the token is asked for
--- config
    location = /t { deny all; wxapp_auth on; wxapp_ping; }
--- error_code: 403
--- response_headers
!WWW-Authenticate



=== TEST 94: satisfy all: a denied address is 403 with a good token too
--- config
    location = /t { deny all; wxapp_auth on; wxapp_ping; }
--- token
--- error_code: 403
--- response_headers
!WWW-Authenticate



=== TEST 95: satisfy all: an allowed address still needs a token
--- config
    location = /t { allow 127.0.0.1; deny all; wxapp_auth on; wxapp_ping; }
--- missing



=== TEST 96: satisfy all: an allowed address with a token passes
--- config
    location = /t { allow 127.0.0.1; deny all; wxapp_auth on; wxapp_ping; }
--- token
--- passed: {"message":"pong"}



=== TEST 97: satisfy all beside auth_basic: both are asked, the password first
--- config
    location = /t {
        auth_basic shop; auth_basic_user_file ../html/users;
        wxapp_auth on; wxapp_ping;
    }
--- user_files
>>> users
u:{PLAIN}p
--- token
--- error_code: 401
--- response_headers
WWW-Authenticate: Basic realm="shop"



=== TEST 98: satisfy all beside auth_basic: the password alone is not enough
--- config
    location = /t {
        auth_basic shop; auth_basic_user_file ../html/users;
        wxapp_auth on; wxapp_ping;
    }
--- user_files
>>> users
u:{PLAIN}p
--- more_headers eval: main::basic('u:p')
--- missing



=== TEST 99: beside auth_request: its refusal comes first
--- config
    location = /t { auth_request /check; wxapp_auth on; wxapp_ping; }
    location = /check { internal; return 403; }
--- error_code: 403
--- response_headers
!WWW-Authenticate



=== TEST 100: beside auth_request: its consent is not ours
--- config
    location = /t { auth_request /check; wxapp_auth on; wxapp_ping; }
    location = /check { internal; return 204; }
--- missing



=== TEST 101: beside auth_request: both agree
--- config
    location = /t { auth_request /check; wxapp_auth on; wxapp_ping; }
    location = /check { internal; return 204; }
--- token
--- passed: {"message":"pong"}



=== TEST 102: the subrequest of auth_request is not asked for a token itself
--- config
    location = /t { auth_request /check; wxapp_ping; }
    location = /check { internal; wxapp_auth on; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { return 204; }
--- passed: {"message":"pong"}



=== TEST 103: the subrequest of auth_request knows who asks
--- config
    location = /t { auth_request /check; wxapp_ping; }
    location = /check {
        internal;
        if ($wxapp_role != admin) { return 403; }
        return 204;
    }
--- request eval: ['GET /t', 'GET /t', 'GET /t']
--- more_headers eval: [main::bearer(role => 'admin'), main::bearer(role => 'user'), main::forged(role => 'admin')]
--- error_code eval: [200, 403, 403]



=== TEST 104: a mirror of a guarded location is not asked again
--- wxapp
log_format who "uri=$uri uid=[$http_x_uid]";
--- config
    location = /t { wxapp_auth on; mirror /m; wxapp_ping; }
    location = /m {
        internal; wxapp_auth on;
        proxy_set_header X-Uid $wxapp_uid;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up;
    }
    location = /up { access_log logs/access.log who; return 204; }
--- token
sub => 7
--- passed: {"message":"pong"}
--- wait: 0.05
--- access_log
uri=/up uid=[7]



=== TEST 105: a refused request is not mirrored
--- config
    location = /t { wxapp_auth on; mirror /m; wxapp_ping; }
    location = /m { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { access_log logs/access.log; return 204; }
--- missing
--- wait: 0.05
--- no_access_log
/up



=== TEST 106: error_page of an open location leads into a guarded one
--- config
    error_page 404 = /t;
    location = /a { return 404; }
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /a
--- missing



=== TEST 107: error_page that keeps its number: status line and body of our refusal agree
--- config
    error_page 404 /t;
    location = /a { return 404; }
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /a
--- missing



=== TEST 108: error_page that keeps its number, with a good token
--- config
    error_page 404 /t;
    location = /a { return 404; }
    location = /t { wxapp_auth on; add_header X-Uid "[$wxapp_uid]" always; wxapp_ping; }
--- request
GET /a
--- token
sub => 7
--- error_code: 404
--- response_headers
X-Uid: [7]
--- response_body chop
{"message":"pong"}



=== TEST 109: error_page into a named location keeps who it is
--- config
    location = /t { wxapp_auth on; error_page 404 = @gone; proxy_intercept_errors on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { return 404; }
    location @gone { add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- token
sub => 7
--- response_headers
X-Uid: [7]
--- passed: {"message":"pong"}



=== TEST 110: our refusal keeps its shape where error_page has a page for its number
--- config
    error_page 401 403 /sorry;
    location = /sorry { return 200 "sorry"; }
    location = /t { wxapp_auth on; wxapp_ping; }
--- missing



=== TEST 111: try_files into a guarded location
--- config
    location /a { try_files /none /t; }
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /a
--- missing



=== TEST 112: try_files into a guarded location with a token
--- config
    location /a { try_files /none /t; }
    location = /t { wxapp_auth on; add_header X-Uid "[$wxapp_uid]"; wxapp_ping; }
--- request
GET /a
--- token
sub => 7
--- response_headers
X-Uid: [7]
--- passed: {"message":"pong"}



=== TEST 113: try_files into a guarded named location
--- config
    location /a { try_files /none @t; }
    location @t { wxapp_auth on; wxapp_ping; }
--- request
GET /a
--- missing



=== TEST 114: try_files out of a guarded location asks first
--- config
    location = /t { wxapp_auth on; try_files /none /open; }
    location = /open { wxapp_ping; }
--- missing



=== TEST 115: rewrite into a guarded location
--- config
    location = /a { rewrite ^ /t last; }
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /a
--- missing



=== TEST 116: rewrite out of a guarded location is nginx's: only the last location asks
--- config
    location = /t { wxapp_auth on; rewrite ^ /open last; }
    location = /open { wxapp_ping; }
--- passed: {"message":"pong"}



=== TEST 117: X-Accel-Redirect into a guarded location
--- config
    location = /a { proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { add_header X-Accel-Redirect /t; return 200; }
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- request
GET /a
--- token
--- lacking



=== TEST 118: HEAD without a token: the headers of GET and no body
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
HEAD /t
--- error_code: 401
--- response_headers_like
WWW-Authenticate: Bearer
Content-Type: application/problem\+json
Content-Length: [1-9]\d+
--- response_body



=== TEST 119: HEAD with a bad token
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
HEAD /t
--- token
-ttl => -100
--- error_code: 403
--- response_headers
WWW-Authenticate: Bearer error="invalid_token", error_description="the token has expired"
--- response_body



=== TEST 120: HEAD with a good token
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
HEAD /t
--- token
--- response_headers
Content-Length: 18
--- response_body



=== TEST 121: OPTIONS without a token
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
OPTIONS /t
--- missing



=== TEST 122: OPTIONS with a token reaches the content
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
OPTIONS /t
--- token
--- error_code: 405
--- response_headers
Allow: GET, HEAD
!WWW-Authenticate



=== TEST 123: HTTP/1.0 without a token
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /t HTTP/1.0
--- missing



=== TEST 124: HTTP/1.0 with a token
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /t HTTP/1.0
--- token
--- passed: {"message":"pong"}



=== TEST 125: a refused POST leaves its connection usable
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
    location = /open { wxapp_ping; }
--- pipelined_requests eval
["POST /t\nGET /open HTTP/1.1", "GET /t", "POST /t\n" . 'x' x 3000, 'GET /open']
--- error_code eval: [401, 401, 401, 200]
--- response_body_like eval: ['unauthorized', 'unauthorized', 'unauthorized', 'pong']



=== TEST 126: a refused chunked POST leaves its connection usable
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
    location = /open { wxapp_ping; }
--- request
GET /open
--- passed: {"message":"pong"}
--- then
my $text = talk("POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "cde\r\n0\r\n\r\n",
    "GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
like $text, qr{^HTTP/1\.1 401 .*HTTP/1\.1 200 .*pong}s, 'both answers';



=== TEST 127: a refused large POST leaves its connection usable
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
    location = /open { wxapp_ping; }
--- request
GET /open
--- passed: {"message":"pong"}
--- then
my $text = talk("POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" . 'x' x 100000, 'x' x 200000,
    "GET /open HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
like $text, qr{^HTTP/1\.1 401 .*HTTP/1\.1 200 .*pong}s, 'both answers';



=== TEST 128: a refused POST that expects 100-continue is not told to continue
--- config
    location = /t { wxapp_auth on; wxapp_ping; }
--- request
GET /t
--- missing
--- then
my $text = talk("POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
like $text, qr{^HTTP/1\.1 401 }, 'refused';
like $text, qr{"unauthorized"}, 'in our shape';



=== TEST 129: good and bad tokens alternate on one connection
--- config
    location = /t { wxapp_auth on; add_header X-Uid "[$wxapp_uid]" always; wxapp_ping; }
--- pipelined_requests eval: ['GET /t', 'GET /t', 'GET /t', 'GET /t']
--- more_headers eval: [main::bearer(sub => 7), '', main::forged(sub => 9), main::bearer(sub => 8)]
--- error_code eval: [200, 401, 403, 200]
--- response_headers eval: ['X-Uid: [7]', 'X-Uid: []', 'X-Uid: []', 'X-Uid: [8]']



=== TEST 130: HTTP/2 with a token
--- over_h2: location = /t { wxapp_auth on; add_header X-Uid "[$wxapp_uid]" always; wxapp_ping; }
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}
--- then
my $text = h2('/t', bearer(sub => 7));
like $text, qr{^HTTP/2 200 .*^x-uid: \[7\]\n(?:.*\n)?\n\{"message":"pong"\}$}ms, 'passed';
unlike $text, qr{www-authenticate}i, 'no challenge';



=== TEST 131: HTTP/2 without a token
--- over_h2: location = /t { wxapp_auth on; wxapp_ping; }
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}
--- then
like h2('/t'), qr{^HTTP/2 401 .*^www-authenticate: Bearer\n.*^\{"type":"about:blank".*"code":"unauthorized"}ms, 'refused';



=== TEST 132: HTTP/2 with a bad token
--- over_h2: location = /t { wxapp_auth on; wxapp_ping; }
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}
--- then
like h2('/t', bearer(-ttl => -100)), qr{^HTTP/2 403 .*^www-authenticate: Bearer error="invalid_token", error_description="the token has expired"\n.*"code":"invalid_token"}ms, 'refused';



=== TEST 133: HTTP/2 with two tokens
--- over_h2: location = /t { wxapp_auth on; wxapp_ping; }
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}
--- then
like h2('/t', bearer(), bearer(sub => 2)), qr{^HTTP/2 400 }, 'refused, by nginx or by us';



=== TEST 134: HTTP/2: a refused POST with a body, and the next stream
--- over_h2: location = /t { wxapp_auth on; wxapp_ping; } location = /open { wxapp_ping; }
--- config
    location = /t { wxapp_ping; }
--- passed: {"message":"pong"}
--- then
our $H2;
my $h2 = h2_connect($H2);
for my $n (1 .. 3) {
    my $r = h2_reply($h2, h2_post($h2, '/t', 'x' x 1000));
    is $r->{status}, 401, "refused, $n";
    like $r->{body}, qr/"code":"unauthorized"/, "in our shape, $n";
}
is h2_reply($h2, h2_post($h2, '/open', 'x' x 1000))->{status}, 405, 'an open location answers for itself';



=== TEST 135: a requirement in server waits for the locations that have auth
--- config
    wxapp_require role=admin;
    location = /t { wxapp_auth on; wxapp_ping; }
--- token
--- lacking



=== TEST 136: the counters of wxapp_status tell the outcomes apart
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
    location = /status { wxapp_status; }
--- request eval: [('GET /t') x 5, 'GET /status']
--- more_headers eval: [main::bearer(role => 'admin'), main::bearer(role => 'admin'), '', main::forged(), main::bearer(), '']
--- error_code eval: [200, 200, 401, 403, 403, 200]
--- then
my $auth = JSON::PP::decode_json($_[0])->{auth} // JSON::PP::decode_json($_[0])->{counters}{auth};
is_deeply $auth, { passed => 2, missing => 1, invalid => 1, forbidden => 1,
    map { $_ => 0 } qw(step_up ended bypassed error dry_run) }, 'counters' or diag $_[0];
