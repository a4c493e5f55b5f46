# Sessions: what a login keeps in Redis, what wxapp_auth session finds there, wxapp_sessions and wxapp_logout.
#
# Sections of this file beside those of WXDrive:
#   session  lines of wxapp_session {}; ttl 1h without it
#   http     other arguments of wxapp_http(), as Perl
# Every block starts without sessions, and has /login, /me (which wants a session and tells its id), /sessions and
# /logout/this, /others and /all.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXKeys;
use Encode ();
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;
    return if !defined $block->drive;
    redis_cmd('DEL', $_) for @{ redis_cmd('KEYS', redis_prefix() . '*') };
    my $session = $block->session // 'ttl 1h;';
    my @more = $block->http ? eval $block->http : ();
    $block->set_value(http_config => wxapp_http(extra => "wxapp_session { $session }\n", @more));
    $block->set_value(config => ($block->config // '') . wxapp_upstream() . <<'C');
location = /login { wxapp_login; }
location = /ping  { wxapp_auth on; wxapp_ping; }
location = /me    { wxapp_auth session; add_header X-Sid $wxapp_claim_sid; wxapp_ping; }
location /sessions {
    wxapp_auth on;
    wxapp_sessions;
}
location /logout/ {
    wxapp_auth on;
    location = /logout/this   { wxapp_logout; }
    location = /logout/others { wxapp_logout scope=others; }
    location = /logout/all    { wxapp_logout scope=all; }
}
C
});

sub login {
    my ($user, @headers) = @_;
    my $r = post('/login', { code => fresh_code($user) }, headers => \@headers);
    is $r->{status}, 200, "$WXDrive::in: login" or diag $r->{body};
    return $r->{json};
}

sub claims_of {
    my ($json) = @_;
    return JSON::PP::decode_json(decode_base64url((split /\./, $json->{access_token})[1]));
}

sub sid_of { my ($json) = @_; return claims_of($json)->{sid} }

# a request with the token of a login, or any token
sub as {
    my ($who, $method, $path) = @_;
    my $token = ref $who ? $who->{access_token} : $who;
    return http($method, $path, undef, headers => ["Authorization: Bearer $token"]);
}

sub is_alive {
    my ($json, $what) = @_;
    my $r = as($json, 'GET', '/me');
    is $r->{status}, 200, "$WXDrive::in: alive: " . ($what // '');
    is $r->{headers}{"x-sid"}, sid_of($json), "$WXDrive::in: its id";
    return;
}

sub is_ended {
    my ($json, $what) = @_;
    my $r = as($json, 'GET', '/me');
    is $r->{status}, 403, "$WXDrive::in: ended: " . ($what // '');
    is $r->{json}{code}, 'invalid_token', "$WXDrive::in: invalid_token";
    is $r->{json}{message}, 'the session has ended', "$WXDrive::in: and why";
    return;
}

sub is_problem {
    my ($r, $status, $code, $what) = @_;
    is $r->{status}, $status, "$WXDrive::in: " . ($what // $code);
    is $r->{json}{code}, $code, "$WXDrive::in: $code";
    return;
}

sub key_of { my ($json) = @_; my $uid = ref $json ? $json->{user}{id} : $json; return redis_prefix() . "session:{$uid}" }

# wxapp_redis {} behind a proxy with faults
sub redis_behind {
    my (@fault) = @_;
    our $proxy = fault_proxy(to => $ENV{WXAPP_REDIS_SOCKET}, @fault);
    return wxapp_redis() =~ s/server\s+\K[^;]+/127.0.0.1:$proxy->{port}/r;
}

sub ids_of { my ($json) = @_; my @ids = sort @{ redis_cmd('HKEYS', key_of($json)) }; return \@ids }

# the words of the session in Redis
sub field_of {
    my ($json) = @_;
    my $value = redis_cmd('HGET', key_of($json), sid_of($json)) // return;
    my %f;
    @f{qw(expires seen until family secret grace json)} = split / /, $value, 7;
    return \%f;
}

# changes words of the session in Redis
sub change {
    my ($json, %new) = @_;
    my $f = { %{ field_of($json) }, %new };
    redis_cmd('HSET', key_of($json), sid_of($json), join ' ', @$f{qw(expires seen until family secret grace json)});
    return $f;
}

sub now_ms { my $t = redis_cmd('TIME'); return $t->[0] * 1000 + int($t->[1] / 1000) }

sub within { my ($n, $wanted, $what) = @_; ok abs($n - $wanted) < 3000, "$WXDrive::in: $what" or diag "$n, not $wanted"; return }

sub sids { my @ids = sort map { sid_of($_) } @_; return \@ids }

run_tests();

__DATA__

=== TEST 1: a login makes a session, which the token names
--- drive
my $json = login('a', 'User-Agent: Phone 7');
my $claims = claims_of($json);
like $claims->{sid}, qr/^[\w-]{22}$/;
is_deeply ids_of($json), [$claims->{sid}];
my $f = field_of($json);
within($f->{expires}, now_ms() + 3600_000, 'expires');
within($f->{seen}, now_ms(), 'seen');
is "$f->{family} $f->{secret} $f->{grace}", '- - -', 'no refresh token';
is $json->{refresh_token}, undef;
my $data = JSON::PP::decode_json($f->{json});
is $data->{openid}, openid_of('a');
is $data->{role}, 'user';
is $data->{device}, 'Phone 7';
is $data->{ip}, '127.0.0.1';
is $data->{auth_time}, $claims->{auth_time};
within($data->{created} * 1000, now_ms(), 'created');
within(redis_cmd('PTTL', key_of($json)), 3600_000, 'the key ends with it');



=== TEST 2: the session lets its token in, until it ends
--- drive
my $json = login('a');
is_alive($json);
is_alive($json, 'again');
redis_cmd('HDEL', key_of($json), sid_of($json));
is_ended($json);



=== TEST 3: each login is a session of its own
--- drive
my ($one, $two) = (login('a'), login('a'));
is_deeply ids_of($one), sids($one, $two);
redis_cmd('HDEL', key_of($one), sid_of($one));
is_ended($one);
is_alive($two);



=== TEST 4: a session that has expired is none, even while Redis still has it
--- drive
my $json = login('a');
change($json, expires => now_ms() + 1000);
is_alive($json, 'a second before');
change($json, expires => now_ms());
is_ended($json, 'at its time');



=== TEST 5: a token without a session, or of another user's session, has none
--- drive
my $json = login('a');
is_ended({ access_token => make_token(sub => $json->{user}{id}) }, 'without');
is_ended({ access_token => make_token(sub => 999999, sid => sid_of($json)) }, 'of another');
is_ended({ access_token => make_token(sub => $json->{user}{id}, sid => 'x' x 22) }, 'no such');
is_ended({ access_token => make_token(sub => undef, sid => sid_of($json)) }, 'nobody');
is as(make_token(sub => $json->{user}{id}, sid => sid_of($json)), 'GET', '/me')->{status}, 200;



=== TEST 6: of too many sessions the one not seen longest ends
--- session: ttl 1h; max 3;
--- drive
my @s = map { login('a') } 1 .. 3;
change($s[0], seen => now_ms() - 1000);
change($s[1], seen => now_ms() - 3000);
change($s[2], seen => now_ms() - 2000);
my $new = login('a');
is_deeply ids_of($new), sids(@s[0, 2], $new);
is_ended($s[1]);
is_alive($new);



=== TEST 7: those that have expired go before any that is alive
--- session: ttl 1h; max 3;
--- drive
my @s = map { login('a') } 1 .. 3;
change($s[0], seen => now_ms() - 9000);
change($s[2], expires => now_ms() - 1);
my $new = login('a');
is_deeply ids_of($new), sids(@s[0, 1], $new);



=== TEST 8: the last one wins when one is all there may be
--- session: ttl 1h; max 1;
--- drive
my ($one, $two) = (login('a'), login('a'));
is_deeply ids_of($two), sids($two);
is_ended($one);
is_alive($two);



=== TEST 9: twenty sessions are kept unless told otherwise
--- drive
my @s = map { login('a') } 1 .. 21;
is_deeply ids_of($s[0]), sids(@s[1 .. 20]);



=== TEST 10: sessions of many at once stay within the bound
--- session: ttl 1h; max 4;
--- drive
my @h = map { begin('POST', '/login', JSON::PP::encode_json({ code => fresh_code('a') })) } 1 .. 12;
my @s = map { finish($_) } @h;
is scalar(grep { $_->{status} == 200 } @s), 12;
is scalar @{ ids_of($s[0]{json}) }, 4;



=== TEST 11: the key lasts as long as the last of its sessions
--- drive
my $one = login('a');
redis_cmd('PEXPIRE', key_of($one), 7200_000);
login('a');
within(redis_cmd('PTTL', key_of($one)), 7200_000, 'not shortened');
redis_cmd('PEXPIRE', key_of($one), 60_000);
login('a');
within(redis_cmd('PTTL', key_of($one)), 3600_000, 'extended');



=== TEST 12: the device is cut to 128 bytes, not inside a character
--- drive
my $data = sub { return JSON::PP::decode_json(field_of($_[0])->{json})->{device} };
is $data->(login('a', 'User-Agent: ' . 'x' x 300)), 'x' x 128;
is $data->(login('a', 'User-Agent: ' . 'x' x 127 . "\xe4\xb8\xad")), 'x' x 127;
is $data->(login('a', 'User-Agent: ' . 'x' x 125 . "\xe4\xb8\xad\xe6\x96\x87")), 'x' x 125 . "\x{4e2d}";



=== TEST 13: a hostile device and address stay data
--- config
set_real_ip_from 127.0.0.1;
real_ip_header X-Real-IP;
--- drive
my $device = '"}, \\ 9 9 9 - - - {"role":"admin"}, "';
my $json = login('a', "User-Agent: $device", 'X-Real-IP: 2001:db8::7');
is_alive($json);
my $data = JSON::PP::decode_json(field_of($json)->{json});
is $data->{device}, $device;
is $data->{ip}, '2001:db8::7', 'of realip';
is $data->{role}, 'user';



=== TEST 14: a session that is used is seen and moves on
--- drive
my $json = login('a');
my $then = now_ms() - 120_000;
change($json, seen => $then, expires => now_ms() + 600_000);
redis_cmd('PEXPIRE', key_of($json), 600_000);
is_alive($json);
ok scalar wait_until { field_of($json)->{seen} > $then };
my $f = field_of($json);
within($f->{seen}, now_ms(), 'seen');
within($f->{expires}, now_ms() + 3600_000, 'moved on');
within(redis_cmd('PTTL', key_of($json)), 3600_000, 'the key, too');
is_alive($json);



=== TEST 15: a fixed session is seen but ends when it was to end
--- session: ttl 1h fixed;
--- drive
my $json = login('a');
my $then = now_ms() - 120_000;
my $end = now_ms() + 600_000;
change($json, seen => $then, expires => $end);
is_alive($json);
ok scalar wait_until { field_of($json)->{seen} > $then };
is field_of($json)->{expires}, $end;



=== TEST 16: a session seen within the minute is not written again
--- drive
my $json = login('a');
my $then = now_ms() - 50_000;
change($json, seen => $then);
is_alive($json) for 1 .. 3;
pause(0.1);
is field_of($json)->{seen}, $then;



=== TEST 17: a short session is seen more often
--- session: ttl 50s sliding;
--- drive
my $json = login('a');
my $then = now_ms() - 10_000;
change($json, seen => $then);
is_alive($json);
ok scalar wait_until { field_of($json)->{seen} > $then };



=== TEST 18: a session that ends while it is used does not come back
--- drive
my $json = login('a');
change($json, seen => now_ms() - 120_000);
my @h = map { begin('GET', '/me', undef, headers => ["Authorization: Bearer $json->{access_token}"]) } 1 .. 8;
is as($json, 'POST', '/logout/this')->{status}, 204;
finish($_) for @h;
pause(0.1);
is redis_cmd('EXISTS', key_of($json)), 0;



=== TEST 19: logout ends the token's own session
--- drive
my ($one, $two) = (login('a'), login('a'));
my $r = as($one, 'POST', '/logout/this');
is $r->{status}, 204;
is $r->{body}, '';
is_ended($one);
is_alive($two);
is status_of('session')->{logout}, 1;
is status_of('session')->{logout_all}, 0;



=== TEST 20: logout of the others leaves the token's own session
--- drive
my ($one, $two, $three, $other) = (login('a'), login('a'), login('a'), login('b'));
is as($two, 'POST', '/logout/others')->{status}, 204;
is_deeply ids_of($two), sids($two);
is_alive($two);
is_alive($other, 'another user');
is status_of('session')->{logout_all}, 1;



=== TEST 21: logout of all ends all of the user
--- drive
my ($one, $two, $other) = (login('a'), login('a'), login('b'));
is as($two, 'DELETE', '/logout/all')->{status}, 204;
is redis_cmd('EXISTS', key_of($one)), 0;
is_ended($_) for $one, $two;
is_alive($other, 'another user');
is status_of('session')->{logout_all}, 1;



=== TEST 22: to log out twice is no error
--- drive
my $json = login('a');
is as($json, 'POST', "/logout/$_")->{status}, 204, $_ for qw(this this others all all);



=== TEST 23: a token without a session can only end others
--- drive
my $json = login('a');
my $bare = make_token(sub => $json->{user}{id});
is_problem(as($bare, 'POST', '/logout/this'), 409, 'session_missing');
is_alive($json);
is as($bare, 'POST', '/logout/others')->{status}, 204;
is_ended($json);
my $again = login('a');
is as($bare, 'POST', '/logout/all')->{status}, 204;
is_ended($again);



=== TEST 24: nobody logs out without a token
--- config
location = /open/logout   { wxapp_logout; }
location = /open/sessions { wxapp_sessions; }
--- drive
for my $r (post('/open/logout', '{}'), get('/open/sessions'), as('x.y.z', 'POST', '/open/logout')) {
    is_problem($r, 401, 'unauthorized');
    is $r->{headers}{'www-authenticate'}, 'Bearer';
}



=== TEST 25: methods of logout and of sessions
--- drive
my $json = login('a');
for (['GET', '/logout/this', 'POST, DELETE'], ['PUT', '/logout/all', 'POST, DELETE'], ['POST', '/sessions', 'GET, HEAD'],
     ['DELETE', '/sessions', 'GET, HEAD'], ['GET', '/sessions/x', 'DELETE'])
{
    my ($method, $path, $allow) = @$_;
    my $r = as($json, $method, $path);
    is_problem($r, 405, 'method_not_allowed', "$method $path");
    is $r->{headers}{allow}, $allow;
}
is_alive($json);
is as($json, 'HEAD', '/sessions')->{status}, 200;



=== TEST 26: users see their sessions, newest first
--- drive
my ($one, $two, $other) = (login('a', 'User-Agent: Phone "7"'), login('a', 'User-Agent:'), login('b'));
my $f = field_of($one);
my $data = JSON::PP::decode_json($f->{json});
change($one, json => JSON::PP::encode_json({ %$data, created => $data->{created} - 60, app => 'shop' }),
       seen => '1763800000999', expires => '4102444800000');
my $r = as($one, 'GET', '/sessions');
is $r->{status}, 200;
is $r->{headers}{'content-type'}, 'application/json';
is $r->{headers}{'cache-control'}, 'no-store';
is scalar @{ $r->{json} }, 2;
my ($first, $second) = @{ $r->{json} };
is $first->{id}, sid_of($two);
ok !$first->{current};
is $first->{device}, undef;
is $second->{id}, sid_of($one);
ok $second->{current};
is $second->{device}, 'Phone "7"';
is $second->{ip}, '127.0.0.1';
is $second->{app}, 'shop';
is $second->{last_seen_at}, '2025-11-22T08:26:40Z';
is $second->{expires_at}, '2100-01-01T00:00:00Z';
like $second->{created_at}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
is_deeply [sort keys %$second], [qw(app created_at current device expires_at id ip last_seen_at)];
unlike $r->{body}, qr/openid|family|secret/;



=== TEST 27: sessions that have expired are not told
--- drive
my ($one, $two) = (login('a'), login('a'));
change($one, expires => now_ms() - 1);
is_deeply [map { $_->{id} } @{ as($two, 'GET', '/sessions')->{json} }], [sid_of($two)];
redis_cmd('DEL', key_of($one));
is as($two, 'GET', '/sessions')->{body}, '[]';



=== TEST 28: users end a session of their own, and of nobody else
--- drive
my ($one, $two, $other) = (login('a'), login('a'), login('b'));
is_problem(as($other, 'DELETE', '/sessions/' . sid_of($one)), 404, 'not_found', 'of another user');
is_alive($one);
is as($two, 'DELETE', '/sessions/' . sid_of($one))->{status}, 204;
is_ended($one);
is_problem(as($two, 'DELETE', '/sessions/' . sid_of($one)), 404, 'not_found', 'twice');
is as($two, 'DELETE', '/sessions/' . sid_of($two))->{status}, 204;
is_ended($two);
is status_of('session')->{logout}, 2;



=== TEST 29: paths that are no session
--- drive
my $json = login('a');
is_problem(as($json, 'DELETE', "/sessions/$_"), 404, 'not_found', $_) for 'x', 'x' x 2000, sid_of($json) . '/x', '%7b%7d';
is_problem(as($json, 'GET', '/sessionsx'), 404, 'not_found', 'beside');
is as($json, 'GET', '/sessions/')->{status}, 200;
is_alive($json);



=== TEST 30: a user id may be any text
--- drive
for my $uid ('a b', '{}', '} {x', "\xe4\xb8\xad", "a\r\nDEL x", '7:8', 'x' x 255) {
    my $sid = 'S' x 22;
    my $end = now_ms() + 60_000;
    redis_cmd('HSET', key_of($uid), $sid, "$end $end 0 - - - {}");
    my $token = make_token(sub => Encode::decode('UTF-8', my $bytes = $uid), sid => $sid);
    is as($token, 'GET', '/me')->{status}, 200, "alive: $uid";
    is scalar @{ as($token, 'GET', '/sessions')->{json} // [] }, 1, 'listed';
    is as($token, 'POST', '/logout/this')->{status}, 204, 'ended';
    is redis_cmd('EXISTS', key_of($uid)), 0;
}



=== TEST 31: a user id of more than 255 bytes has no sessions
--- drive
my $token = make_token(sub => 'x' x 256, sid => 'S' x 22);
is as($token, 'GET', '/me')->{status}, 403;
is as($token, 'GET', '/sessions')->{body}, '[]';
is as($token, 'POST', '/logout/all')->{status}, 204;



=== TEST 32: logins need Redis
--- http: redis => "wxapp_redis { server unix:/nonexistent.sock; }\n"
--- drive
wait_until { logs() =~ /redis [^\n]*: cannot connect/ };
my $r = post('/login', { code => fresh_code('a') });
is_problem($r, 503, 'session_unavailable');
is $r->{headers}{'retry-after'}, 1;
for (['POST', '/logout/this'], ['POST', '/logout/others'], ['POST', '/logout/all'], ['GET', '/sessions'], ['DELETE', '/sessions/x']) {
    my $r = as(make_token(sub => 7, sid => 'S' x 22), @$_);
    is_problem($r, 503, 'session_unavailable', "@$_");
    is $r->{headers}{'retry-after'}, 1;
}
is status_of('session')->{failed}, 5;



=== TEST 33: another thing under the key is not overwritten
--- drive
my $json = login('a');
redis_cmd('DEL', key_of($json));
redis_cmd('SET', key_of($json), 'mine');
is_problem(post('/login', { code => fresh_code('a') }), 503, 'session_unavailable');
is_problem(as($json, 'GET', '/me'), 503, 'session_unavailable');
is_problem(as($json, 'GET', '/sessions'), 503, 'session_unavailable');
is_problem(as($json, 'POST', '/logout/this'), 503, 'session_unavailable');
is redis_cmd('GET', key_of($json)), 'mine';
is as($json, 'POST', '/logout/all')->{status}, 204;
login('a');



=== TEST 34: fields that are none of ours are no sessions, and go with the next login
--- drive
my $json = login('a');
my %bad = (empty => '', word => 'x', few => '1 2 3', text => 'x y z - - - {}', negative => '-1 0 0 - - - {}');
redis_cmd('HSET', key_of($json), %bad);
is_ended({ access_token => make_token(sub => $json->{user}{id}, sid => $_) }, $_) for sort keys %bad;
is_deeply [map { $_->{id} } @{ as($json, 'GET', '/sessions')->{json} }], [sid_of($json)];
my $two = login('a');
is_deeply ids_of($json), sids($json, $two);



=== TEST 35: a session whose JSON is broken is not told as a list
--- drive
my $json = login('a');
change($json, json => '{');
is_alive($json);
is_problem(as($json, 'GET', '/sessions'), 503, 'session_unavailable');



=== TEST 36: clients that go away leave nothing behind
--- drive
my $json = login('a');
change($json, seen => now_ms() - 120_000);
for (1 .. 20) {
    abandon(begin('GET', $_ % 2 ? '/me' : '/sessions', undef, headers => ["Authorization: Bearer $json->{access_token}"]));
}
is_alive($json);
ok scalar wait_until { status_of('redis')->{pending} == 0 };



=== TEST 37: the session survives a reload
--- workers: 2
--- drive
my $json = login('a');
my @before = worker_pids();
signal_nginx('HUP');
ok scalar wait_until { my %old = map { $_ => 1 } @before; my @now = worker_pids(); @now == 2 && !grep { $old{$_} } @now };
is_alive($json);



=== TEST 38: sessions without refresh tokens live for thirty days
--- session:
--- drive
my $json = login('a');
within(field_of($json)->{expires}, now_ms() + 30 * 86400_000, 'expires');



=== TEST 39: the check and the limits of a request go out in one write
--- http: (redis => redis_behind(mode => 'word', word => qr/HGET.*session:.*EVALSHA.*limit:/s, times => 1))
--- config
location = /limited { wxapp_auth session; wxapp_limit fast rate=100r/s burst=10 key=$wxapp_uid; wxapp_ping; }
--- drive
my $json = login('a');
is as($json, 'GET', '/me')->{status}, 200, 'a check alone passes the proxy';
is as($json, 'GET', '/limited')->{status}, 503, 'both at once do not';
is as($json, 'GET', '/limited')->{status}, 200, 'the second time it lets them through';
is status_of('limit')->{passed}, 1;
fault_stop($main::proxy);



=== TEST 40: a request that its limit refuses asks for its session, too
--- config
location = /limited { wxapp_auth session; wxapp_limit slow rate=1r/m key=$wxapp_uid; wxapp_ping; }
--- drive
my $json = login('a');
is as($json, 'GET', '/limited')->{status}, 200;
is_problem(as($json, 'GET', '/limited'), 429, 'rate_limited');
redis_cmd('DEL', key_of($json));
is_problem(as($json, 'GET', '/limited'), 429, 'rate_limited', 'the limit comes first');
is_ended($json);



=== TEST 41: what a logout is sent is read away
--- drive
my $json = login('a');
my $socket = connection();
for (1 .. 3) {
    my $r = http('POST', '/logout/others', 'x' x 100_000, socket => $socket, headers => ["Authorization: Bearer $json->{access_token}"]);
    is $r->{status}, 204;
}
is get('/ready', socket => $socket)->{status}, 200;



=== TEST 42: wxapp_session needs wxapp_redis
--- http_config eval: WXApp::wxapp_http(redis => undef, extra => "wxapp_session { ttl 1h; }\n")
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_session" needs "wxapp_redis" in [^\n]+nginx\.conf:\d+/



=== TEST 43: what wxapp_session refuses
--- wxapp
wxapp_session { ttl 0; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*invalid time "0" in "ttl", it must be between 1s and 315360000s in [^\n]+:\d+/



=== TEST 44: a way to live that is neither sliding nor fixed
--- wxapp
wxapp_session { ttl 1h slidng; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*invalid value "slidng", it must be "sliding" or "fixed" in [^\n]+:\d+/



=== TEST 45: no sessions at all
--- wxapp
wxapp_session { max 0; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"max" must be between 1 and 1000 in [^\n]+:\d+/



=== TEST 46: an unknown word in wxapp_session
--- wxapp
wxapp_session { tll 1h; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"tll"[^\n]*"ttl"/



=== TEST 47: wxapp_session twice
--- wxapp
wxapp_session { }
wxapp_session { }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_session" directive is duplicate in [^\n]+:\d+/



=== TEST 48: a key that is no key
--- wxapp
wxapp_session { key a short.key; }
--- user_files
>>> ../conf/short.key
0123456789
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*the key in "short.key" must be 32 bytes, as they are, as hex or as base64 in [^\n]+:\d+/



=== TEST 49: a key whose id is not a word
--- wxapp
wxapp_session { key a.b short.key; }
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*invalid key id "a\.b", it must be of letters, digits, "-" and "_" in [^\n]+:\d+/



=== TEST 50: two keys of one id
--- wxapp
wxapp_session { key a good.key; key a good.key; }
--- user_files
>>> ../conf/good.key
000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*duplicate key "a" in [^\n]+:\d+/



=== TEST 51: a scope that there is not
--- wxapp
wxapp_session { }
--- config
location /x { wxapp_logout scope=every; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*invalid scope "every", it must be "this", "others" or "all" in [^\n]+:\d+/



=== TEST 52: wxapp_logout needs sessions
--- config
location /x { wxapp_logout; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_logout" needs "wxapp_session" in [^\n]+:\d+/



=== TEST 53: wxapp_sessions needs sessions
--- config
location /x { wxapp_sessions; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_sessions" needs "wxapp_session" in [^\n]+:\d+/



=== TEST 54: a trusted issuer that names a user and a session of ours has none of it
--- http: 'token+' => 'trust id.example.org jwks=' . jwks(jwk('ES256', key_file('ES256'), kid => 'a')) . ';'
--- drive
my $json = login('a');
my %claims = (iss => 'id.example.org', sub => "$json->{user}{id}", exp => time + 600);
my $foreign = jws('ES256', key_file('ES256'), { kid => 'a' }, { %claims, sid => sid_of($json) });
my $bare    = jws('ES256', key_file('ES256'), { kid => 'a' }, \%claims);
is as($foreign, 'GET', '/ping')->{status}, 200, 'a good token';
for my $token ($foreign, $bare) {
    is_ended($token);
    is_problem(as($token, @$_), 403, 'insufficient_scope', "@$_")
        for ['GET', '/sessions'], ['DELETE', '/sessions/' . sid_of($json)], map { ['POST', "/logout/$_"] } qw(this others all);
}
is_alive($json);



=== TEST 55: a new password ends the other sessions though its client has gone
--- config
location = /password {
    wxapp_password_set {
        user   "SELECT password_hash FROM people WHERE id = ?";
        update "UPDATE people SET password_hash = ? WHERE id = ?";
        cost   4;
    }
}
--- drive
my ($mine, $other) = (login('a'), login('a'));
my $id = $mine->{user}{id};
my $old = crypt 'correct horse battery', '$2b$04$' . 'abcdefghijklmnopqrstuu';
mysql_query('CREATE TABLE people (id INT PRIMARY KEY, password_hash VARCHAR(255)) ENGINE=InnoDB');
mysql_query('INSERT INTO people VALUES (?, ?)', $id, $old);
my $db = WXApp::mysql();
$db->begin_work;
$db->do('SELECT * FROM people FOR UPDATE');
my $h = begin('POST', '/password', '{"password":"correct horse battery","new_password":"battery staple horse"}',
    headers => ["Authorization: Bearer $mine->{access_token}"]);
ok scalar(wait_until { grep { ($_->{INFO} // $_->{Info} // '') =~ /^UPDATE people/ } mysql_query('SHOW FULL PROCESSLIST') }), 'it waits';
abandon($h);
pause(0.05);
$db->commit;
ok scalar(wait_until { mysql_value('SELECT password_hash FROM people') ne $old }), 'changed';
ok scalar(wait_until { redis_cmd('HLEN', key_of($mine)) == 1 } 2), 'the other one has ended';
is_alive($mine);
