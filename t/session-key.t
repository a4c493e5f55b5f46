# wxapp_session_key: is the session_key that is kept still WeChat's, and a new one in its place.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXData;

repeat_each(1);
no_long_string();
plan 'no_plan';

our $KEY  = 'EBESExQVFhcYGRobHB0eHw==';
our $NEXT = 'ICEiIyQlJicoKSorLC0uLw==';

add_block_preprocessor(sub {
    my ($block) = @_;
    sim('/_sim/reset', {}) if defined $block->drive;
});

sub kept { my ($user) = @_; return redis_cmd('GET', redis_prefix() . 'session_key:' . uid($user)) }

sub trouble { my ($path, $mode, %o) = @_; return sim('/_sim/next', { path => $path, mode => $mode, %o }) }

run_tests();

__DATA__

=== TEST 1: a session_key that is WeChat's is valid
--- drive
my $reply = ask('/check', login_as('ann', $::KEY));
is $reply->{status}, 200, 'status';
is $reply->{body}, '{"valid":true}', 'body';
is $reply->{headers}{'content-type'}, 'application/json', 'JSON';
my ($call) = sim_calls(path => 'checksession');
is $call->{method}, 'GET', 'a GET';
is_deeply [sort keys %{ $call->{params} }], [qw(access_token openid sig_method signature)], 'what it tells';
is $call->{length}, undef, 'no body';
is status_of('data')->{ok}, 1, 'counted';



=== TEST 2: one that WeChat has rotated is not
--- drive
my $token = login_as('ann', $::KEY);
session_key('ann', $::NEXT);
is ask('/check', $token)->{body}, '{"valid":false}', 'body';
is ask('/check', login_as('ann'))->{body}, '{"valid":true}', 'after a login';



=== TEST 3: nor one that WeChat has let expire, nor one that is not kept here
--- drive
my $token = login_as('ann', $::KEY);
sim_user('ann', session_key => undef);
is ask('/check', $token)->{body}, '{"valid":false}', 'expired';
redis_cmd('DEL', redis_prefix() . 'session_key:' . uid('ann'));
my $n = sim_calls(path => 'checksession');
is ask('/check', $token)->{body}, '{"valid":false}', 'not kept';
is scalar(sim_calls(path => 'checksession')), $n, 'WeChat was not asked';



=== TEST 4: a reset makes WeChat give out a new session_key, which is kept before the old one
--- drive
my $token = login_as('ann', $::KEY);
my $old = kept('ann');
my $data = encrypted($::KEY, watermark(0));
my $reply = ask('/reset', $token);
is $reply->{status}, 204, 'status';
is $reply->{body}, '', 'no body';
my $new = session_key('ann');
isnt $new, $::KEY, 'a new one';
like kept('ann'), qr/^\S+:v1\.k1\.\S+ \Q$old\E$/, 'kept, the old one behind it';
is ask('/decrypt', $token, encrypted($new, watermark(0)))->{status}, 200, 'which decrypts';
is ask('/decrypt', $token, $data)->{status}, 200, 'as does the old one';
is ask('/check', $token)->{body}, '{"valid":true}', 'and is valid';
is ask('/reset', $token)->{status}, 204, 'and once more';



=== TEST 5: a reset by a session_key that is old or not there: log in again
--- drive
my $token = login_as('ann', $::KEY);
my $old = kept('ann');
session_key('ann', $::NEXT);
is_problem(ask('/reset', $token), 401, 'session_key_expired', 'rotated');
sim_user('ann', session_key => undef);
is_problem(ask('/reset', $token), 401, 'session_key_expired', 'expired');
is kept('ann'), $old, 'nothing changed';
redis_cmd('DEL', redis_prefix() . 'session_key:' . uid('ann'));
is_problem(ask('/reset', $token), 401, 'session_key_expired', 'not kept');
is status_of('data')->{refused}, 3, 'counted';



=== TEST 6: a new session_key that is none: 502, and the old one stays
--- drive
for my $mode (qw(garbage array http500)) {
    my $token = login_as('ann', $::KEY);
    my $old = kept('ann');
    trouble('resetusersessionkey', $mode);
    is_problem(ask('/reset', $token), 502, 'wechat_failed', $mode);
    is kept('ann'), $old, "$mode: kept";
}



=== TEST 7: errcodes of WeChat's
--- drive
my $token = login_as('ann', $::KEY);
for my $path (qw(check reset)) {
    my $api = $path eq 'check' ? 'checksession' : 'resetusersessionkey';
    my %expected = (-1 => [503, 'wechat_busy'], 45011 => [429, 'wechat_limited'], 40097 => [502, 'wechat_refused'],
        87008 => [502, 'wechat_refused']);
    for my $errcode (sort keys %expected) {
        trouble($api, 'errcode', errcode => $errcode);
        is_problem(ask("/$path", $token), @{ $expected{$errcode} }, "$path $errcode");
        like logs(), qr/session key failed: \w+, errcode $errcode, rid/, "$path $errcode: logged";
    }
    trouble($api, 'errcode', errcode => 42001);
    like ask("/$path", $token)->{status}, qr/^20[04]$/, "$path: an expired token is not seen";
}



=== TEST 8: a user that WeChat does not know by this openid: refused, the key is not told invalid
--- drive
login_as('ann', $::KEY);
is_problem(ask('/check', make_token(sub => uid('ann'), openid => 'o&signature=x y')), 502, 'wechat_refused');
my ($call) = sim_calls(path => 'checksession');
is_deeply [sort keys %{ $call->{params} }], [qw(access_token openid sig_method signature)], 'the openid is escaped';



=== TEST 9: without a token, with one of no user of WeChat's, and other methods
--- drive
for my $path (qw(/check /reset)) {
    is_problem(ask($path, undef), 401, 'unauthorized', "$path none");
    is_problem(ask($path, make_token(sub => 7)), 403, 'insufficient_scope', "$path without openid");
    my $reply = get($path);
    is_problem($reply, 405, 'method_not_allowed', "$path GET");
    is $reply->{headers}{allow}, 'POST', "$path Allow";
}
is scalar(sim_calls()), 0, 'WeChat was not asked';



=== TEST 10: no body is needed
--- drive
is http('POST', '/check', undef, headers => ['Authorization: Bearer ' . login_as('ann', $::KEY)])->{body}, '{"valid":true}';



=== TEST 11: Redis does not answer: 503, and WeChat is not asked
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n", extra => "wxapp_session { key k1 k1.key; }\n")
--- drive
my $token = make_token(sub => 7, openid => openid('ann'));
is_problem(ask("/$_", $token), 503, 'session_unavailable', $_) for qw(check reset);
is scalar(sim_calls()), 0, 'not asked';
is status_of('data')->{failed}, 2, 'counted';



=== TEST 12: neither check nor reset
--- config
location = /key { wxapp_session_key renew; }
--- must_die
--- error_log eval
qr/\[emerg\].* invalid value "renew", it must be "check" or "reset" in .*nginx\.conf:\d+/



=== TEST 13: it needs a key in wxapp_session
--- config
location = /key { wxapp_session_key check; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_session_key" needs "key" of "wxapp_session" in .*nginx\.conf:\d+/
