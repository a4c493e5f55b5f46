# wxapp_status: who may see it, what it tells, and that its numbers move.

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

our $none = make_token() =~ s/^[^.]+/x/r;      # a token that is none

# what has been added to the group since then
sub moved {
    my ($group, $was) = @_;
    my $is = status_of($group);
    return { map { $is->{$_} != $was->{$_} ? ($_ => $is->{$_} - $was->{$_}) : () } keys %$is };
}

sub bearer { my ($token) = @_; return (headers => ["Authorization: Bearer $token"]) }

sub login { my ($code) = @_; return post('/login', { code => $code // fresh_code() })->{status} }

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: what it tells, with every service
--- config
--- drive
my $r = get('/status');
is $r->{status}, 200, 'status';
is $r->{headers}{'content-type'}, 'application/json', 'Content-Type';
is $r->{headers}{'cache-control'}, 'no-store', 'Cache-Control';
my $s = $r->{json};
is_deeply [sort keys %$s], [qw(auth data limit login mysql nginx password pid redis session sign version workers)], 'the parts';
like $s->{version}, qr/^\d+\.\d+\.\d+$/, 'version';
like $s->{nginx}, qr/^\d+\.\d+\.\d+$/, 'version of nginx';
is $s->{workers}, 1, 'workers';
is $s->{pid}, master_pid(), 'pid, of the only process';
cmp_ok scalar(grep { !/^\d+$/ } map { values %{ $s->{$_} } } qw(auth data limit login mysql password redis session sign)), '==', 0, 'numbers all of them';
is_deeply [sort keys %{ $s->{login} }], [qw(blocked failed limited ok refused timeout upstream)], 'login';
is_deeply [sort keys %{ $s->{auth} }],  [qw(bypassed dry_run ended error forbidden invalid missing passed step_up)], 'auth';
is_deeply [sort keys %{ $s->{limit} }],
    [qw(banned bypassed delayed denied dry_run error fallback inflight leased local passed rejected)], 'limit';
for (qw(up busy idle waiting timeouts)) { ok exists $s->{mysql}{$_}, "mysql $_" }
for (qw(up pending commands timeouts))  { ok exists $s->{redis}{$_}, "redis $_" }



=== TEST 2: without MySQL and Redis their parts are not there
--- http_config eval
main::wxapp_http(mysql => undef, redis => undef)
--- config
--- drive
my $s = status_of();
ok !exists $s->{mysql}, 'no mysql';
ok !exists $s->{redis}, 'no redis';
ok exists $s->{login},  'but the counters';



=== TEST 3: without any block
--- http_config
--- config
--- drive
is get('/status')->{json}{workers}, 1, 'it answers';



=== TEST 4: HEAD has no body
--- config
    location = /s { wxapp_status; }
--- request
HEAD /s
--- response_body
--- response_headers_like
Content-Type: application/json
Content-Length: \d{3,}



=== TEST 5: other methods are 405 with Allow
--- config
    location = /s { wxapp_status; }
--- request eval
['POST /s', 'PUT /s', 'DELETE /s', 'OPTIONS /s', 'BREW /s']
--- error_code eval
[(405) x 5]
--- response_headers eval
[('Allow: GET, HEAD') x 5]
--- response_body_like eval
[('"error":"method_not_allowed"') x 5]



=== TEST 6: HTTP/1.0
--- config
    location = /s { wxapp_status; }
--- request
GET /s HTTP/1.0
--- response_body_like: ^\{"version":



=== TEST 7: a client elsewhere is refused, by realip
--- config
    location = /s { wxapp_status; }
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- request
GET /s
--- more_headers
X-Real-IP: 192.0.2.1
--- error_code: 403
--- response_headers
Content-Type: application/problem+json
--- response_body_like: "error":"forbidden"



=== TEST 8: a client elsewhere is refused whatever the method
--- config
    location = /s { wxapp_status; }
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- request
POST /s
--- more_headers
X-Real-IP: 192.0.2.1
--- error_code: 403



=== TEST 9: a client elsewhere is refused with loopback said
--- config
    location = /s { wxapp_status loopback; }
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- request
GET /s
--- more_headers
X-Real-IP: 10.0.0.1
--- error_code: 403



=== TEST 10: a client elsewhere sees it where any may
--- config
    location = /s { wxapp_status any; }
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- request
GET /s
--- more_headers
X-Real-IP: 192.0.2.1
--- response_body_like: ^\{"version":



=== TEST 11: any with deny is refused by nginx
--- config
    location = /s { wxapp_status any; deny 192.0.2.1; }
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- request
GET /s
--- more_headers
X-Real-IP: 192.0.2.1
--- error_code: 403
--- error_log
access forbidden by rule



=== TEST 12: all that is loopback, and what only looks like it
--- config
    set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
--- drive
for (qw(127.0.0.1 127.0.0.2 127.255.255.254 ::1 ::ffff:127.0.0.1 ::ffff:127.1.2.3)) {
    is get('/status', headers => ["X-Real-IP: $_"])->{status}, 200, $_;
}
for (qw(126.255.255.255 128.0.0.0 1.127.0.0 ::2 ::127.0.0.1 ::ffff:126.0.0.1 ::ffff:128.0.0.1 fe80::1 2001:db8::1 1::1)) {
    is get('/status', headers => ["X-Real-IP: $_"])->{status}, 403, $_;
}



=== TEST 13: a client behind the PROXY protocol
--- wxapp
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/logs/proxy.sock proxy_protocol;
        set_real_ip_from unix:;
        real_ip_header proxy_protocol;
        location = /status { wxapp_status; }
    }
--- config
--- drive
my $ask = sub {
    my ($line) = @_;
    my $s = IO::Socket::UNIX->new(Peer => Test::Nginx::Util::server_root() . '/logs/proxy.sock') or die "$!\n";
    print $s "$line\r\nGET /status HTTP/1.0\r\n\r\n";
    return (join '', <$s>) =~ m{^HTTP/1.1 (\d+)} ? $1 : '';
};
is $ask->('PROXY TCP4 192.0.2.1 192.0.2.2 1000 80'), 403, 'elsewhere';
is $ask->('PROXY TCP6 2001:db8::1 2001:db8::2 1000 80'), 403, 'elsewhere, IPv6';
is $ask->('PROXY TCP4 127.0.0.1 127.0.0.1 1000 80'), 200, 'here';
is $ask->('PROXY TCP6 ::1 ::1 1000 80'), 200, 'here, IPv6';



=== TEST 14: a unix socket is of this machine
--- wxapp
    server { listen unix:$TEST_NGINX_SERVER_ROOT/logs/status.sock; location = /status { wxapp_status; } }
--- config
--- drive
my $s = IO::Socket::UNIX->new(Peer => Test::Nginx::Util::server_root() . '/logs/status.sock') or die "$!\n";
print $s "GET /status HTTP/1.0\r\n\r\n";
like join('', <$s>), qr{^HTTP/1.1 200 .*"workers":1}s, 'it answers';



=== TEST 15: login ok
--- config
    location = /login { wxapp_login; }
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
is login(), 200, 'login';
is login(), 200, 'login';
is_deeply moved('login', $was), { ok => 2 }, 'counted';



=== TEST 16: login refused, by us and by WeChat
--- config
    location = /login { wxapp_login; }
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
is login('a&secret=b'), 400, 'malformed';
is post('/login', {})->{status}, 400, 'missing';
is login('no' . time . 'such'), 401, 'unknown';
my $code = fresh_code();
is login($code), 200, 'first';
is login($code), 401, 'used';
is_deeply moved('login', $was), { ok => 1, refused => 4 }, 'counted';



=== TEST 17: login blocked
--- config
    location = /login { wxapp_login; }
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
sim('/_sim/next', { mode => 'errcode', errcode => 40226 });
is login(), 403, 'blocked';
is_deeply moved('login', $was), { blocked => 1 }, 'counted';



=== TEST 18: login limited
--- config
    location = /login { wxapp_login; }
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
sim('/_sim/next', { mode => 'errcode', errcode => 45011 });
is login(), 429, 'limited';
is_deeply moved('login', $was), { limited => 1 }, 'counted';



=== TEST 19: login at an upstream that is broken, busy or misconfigured
--- config
    location = /login { wxapp_login; }
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
sim('/_sim/next', { mode => 'garbage' });
is login(), 502, 'broken';
sim('/_sim/next', { mode => 'errcode', errcode => -1 });
is login(), 503, 'busy';
sim('/_sim/next', { mode => 'errcode', errcode => 40125 });
is login(), 502, 'misconfigured';
is_deeply moved('login', $was), { upstream => 3 }, 'counted';



=== TEST 20: login at an upstream that is slow
--- config eval
'location = /login { wxapp_login; } location /_wx/ { internal; proxy_read_timeout 100ms; proxy_next_upstream off;'
    . " proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/; }"
--- drive
wait_until { status_of('mysql')->{idle} && status_of('redis')->{up} } or fail 'services';
my $was = status_of('login');
sim('/_sim/next', { mode => 'slow', ms => 1000 });
is login(), 504, 'slow';
is_deeply moved('login', $was), { timeout => 1 }, 'counted';
--- error_log
upstream timed out



=== TEST 21: login without a database
--- http_config eval
main::wxapp_http(mysql => "wxapp_mysql { primary 127.0.0.1:1; database a; user b; timeout connect=500ms; }\n")
--- config eval
'location = /login { wxapp_login; }' . main::wxapp_upstream()
--- drive
my $was = status_of('login');
is login(), 503, 'no database';
is_deeply moved('login', $was), { failed => 1 }, 'counted';
my $mysql;
ok wait_until { $mysql = status_of('mysql'); $mysql->{failures} }, 'failures of connecting are counted';
is $mysql->{up}, 0, 'no connection is up';
is $mysql->{idle}, 0, 'and none idle';
--- error_log
mysql



=== TEST 22: auth by outcome
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
    location = /b { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
    location = /c { wxapp_auth optional; wxapp_ping; }
    location = /d { wxapp_ping; }
--- drive
my $was = status_of('auth');
is get('/a')->{status}, 401, 'missing';
is get('/a', bearer($main::none))->{status}, 403, 'invalid';
is get('/a', bearer(make_token()))->{status}, 200, 'passed';
is get('/a', bearer(make_token(-ttl => -100)))->{status}, 403, 'expired';
is get('/b', bearer(make_token()))->{status}, 403, 'forbidden';
is get('/b', bearer(make_token(role => 'admin')))->{status}, 200, 'passed';
is get('/c')->{status}, 200, 'optional, not counted';
is get('/c', bearer(make_token()))->{status}, 200, 'optional, passed';
is get('/d', bearer($main::none))->{status}, 200, 'off, not counted';
is_deeply moved('auth', $was), { missing => 1, invalid => 2, passed => 3, forbidden => 1 }, 'counted';



=== TEST 23: limit by outcome
--- config
    location = /a { wxapp_limit a rate=1r/h burst=2 key=$arg_k; wxapp_ping; }
--- drive
wait_until { status_of('redis')->{up} } or fail 'redis';
my $was = status_of('limit');
is get("/a?k=$$.23")->{status}, $_, "status $_" for 200, 200, 429, 429, 429;
is get('/a')->{status}, 200, 'no key, not counted';
is_deeply moved('limit', $was), { passed => 2, rejected => 3, local => 3 }, 'counted';



=== TEST 24: limit without Redis
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n")
--- config
    location = /a { wxapp_limit a rate=1r/h key=x; wxapp_ping; }
    location = /b { wxapp_limit a rate=1r/h key=x on_error=deny; wxapp_ping; }
--- drive
my $was = status_of('limit');
is get('/a')->{status}, 200, 'allowed';
is get('/b')->{status}, 503, 'denied';
is_deeply moved('limit', $was), { bypassed => 1, error => 1 }, 'counted';
is status_of('redis')->{up}, 0, 'no connection is up';
--- error_log
redis



=== TEST 25: the pool at rest has its smallest number of connections, all idle
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=3 max=5;')
--- config
--- drive
my $m;
ok wait_until { $m = status_of('mysql'); $m->{idle} == 3 }, 'three idle';
is $m->{up}, 3, 'three up';
is $m->{busy}, 0, 'none busy';
is $m->{waiting}, 0, 'nobody waits';
is $m->{connects}, 3, 'three connects';
my $user = WXApp::env('WXAPP_MYSQL_USER');
is mysql_value('SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND user = ?', $user), 3,
    'the server counts as many';



=== TEST 26: the pool at work: busy, waiting, and back
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=1 max=2;')
--- config
    location /p { wxapp_resource products { column id bigint; column stock int write; allow GET PUT; } }
--- drive
wait_until { status_of('mysql')->{idle} } or fail 'mysql';
my $was = status_of('mysql');
WXApp::mysql()->do('START TRANSACTION');
WXApp::mysql()->do('SELECT * FROM products WHERE id = 1 FOR UPDATE');
my @h = map { begin('PUT', '/p/1', '{"stock":1}') } 1 .. 4;
my $m;
ok wait_until { $m = status_of('mysql'); $m->{busy} == 2 && $m->{waiting} == 2 }, 'two busy, two waiting';
is $m->{up}, 2, 'two up';
is $m->{idle}, 0, 'none idle';
WXApp::mysql()->do('ROLLBACK');
is finish($_)->{status}, 200, 'answered' for @h;
ok wait_until { $m = status_of('mysql'); $m->{busy} == 0 && $m->{waiting} == 0 }, 'all at rest';
is $m->{idle}, $m->{up}, 'idle are all that are up';
cmp_ok $m->{queries} - $was->{queries}, '>=', 4, 'queries are counted';
is $m->{errors} - $was->{errors}, 0, 'no error';



=== TEST 27: a queue that is full is counted, and so is who waited in vain
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=1 max=1; wait queue=1 timeout=1s;')
--- config
    location /p { wxapp_resource products { column id bigint; column stock int write; allow GET PUT; } }
--- drive
wait_until { status_of('mysql')->{idle} } or fail 'mysql';
WXApp::mysql()->do('START TRANSACTION');
WXApp::mysql()->do('SELECT * FROM products WHERE id = 1 FOR UPDATE');
my $was = status_of('mysql');
my $busy = begin('PUT', '/p/1', '{"stock":1}');
ok wait_until { status_of('mysql')->{busy} == 1 }, 'one busy';
my $waits = begin('GET', '/p/1');
ok wait_until { status_of('mysql')->{waiting} == 1 }, 'one waiting';
is get('/p/1')->{status}, 503, 'refused at once';
is status_of('mysql')->{refused} - $was->{refused}, 1, 'counted';
is finish($waits)->{status}, 503, 'waited in vain';
is status_of('mysql')->{expired} - $was->{expired}, 1, 'counted';
WXApp::mysql()->do('ROLLBACK');
is finish($busy)->{status}, 200, 'answered';



=== TEST 28: commands of Redis are counted
--- config
    location = /a { wxapp_limit a rate=1000r/s burst=1000 key=x; wxapp_ping; }
--- drive
wait_until { status_of('redis')->{up} } or fail 'redis';
my $was = status_of('redis');
get('/a') for 1 .. 5;
my $is = status_of('redis');
cmp_ok $is->{commands} - $was->{commands}, '>=', 5, 'counted';
is $is->{pending}, 0, 'none pending';
is $is->{up}, 1, 'one connection';



=== TEST 29: two workers: gauges are sums, counters of both
--- workers: 2
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=2 max=4;')
--- config
    location = /a { wxapp_auth on; add_header X-Pid $pid always; wxapp_ping; }
--- drive
my $s;
ok wait_until { $s = status_of(); $s->{mysql}{idle} == 4 && $s->{redis}{up} == 2 }, 'two connections each, and one of Redis';
is $s->{workers}, 2, 'two workers';
is $s->{mysql}{up}, 4, 'four up';
is $s->{mysql}{connects}, 4, 'four connects';
my %pid = map { $_ => 1 } worker_pids();
ok $pid{ $s->{pid} }, 'pid is of the worker that answers';

my (%seen, $n);
my $was = status_of('auth');
ok wait_until { $n++; $seen{ get('/a')->{headers}{'x-pid'} }++; keys %seen == 2 }, 'both workers at work';
is_deeply moved('auth', $was), { missing => $n }, 'all are counted';



=== TEST 30: a worker that dies: its counters stay, its gauges go, the next one takes its place
--- workers: 2
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=2 max=4;')
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
my $s;
wait_until { $s = status_of(); $s->{workers} == 2 && $s->{mysql}{idle} == 4 } or fail 'start';
get('/a') for 1 .. 7;
is status_of('auth')->{missing}, 7, 'counted';
my ($one, $two) = worker_pids();
kill KILL => $one;
ok wait_until { my @p = worker_pids(); @p == 2 && !grep { $_ == $one } @p }, 'another worker';
ok wait_until { $s = status_of(); $s->{workers} == 2 && $s->{mysql}{idle} == 4 && $s->{redis}{up} == 2 }, 'gauges as before';
is $s->{mysql}{up}, 4, 'four up';
is $s->{auth}{missing}, 7, 'counters as before';
is $s->{mysql}{connects}, 6, 'six connects in all';
--- error_log
[alert]
exited on signal 9



=== TEST 31: more than a hundred requests in a row count exactly
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
my $socket = connection();
my $was = status_of('auth');
get('/a', socket => $socket) for 1 .. 150;
is_deeply moved('auth', $was), { missing => 150 }, 'counted';
