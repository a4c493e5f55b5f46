# wxapp_phone: from the code of the phone button to the number; and the access token that WeChat is asked with.
# After every block the logs, at debug level, are searched for codes, session keys and the AppSecret.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXData;

repeat_each(1);
no_long_string();
plan 'no_plan';

# each block begins without a token: nginx is started anew
sub fetches { return sim_calls(path => 'stable_token') }
sub asked   { return sim_calls(path => 'getuserphonenumber') }

# a token of a user who logged in, without a login
sub token_of { my ($user) = @_; return make_token(sub => 7, openid => openid($user)) }

sub phone { my ($user, %o) = @_; return ask('/phone', token_of($user), { code => phone_code($user) }, %o) }

sub trouble { my ($path, $mode, %o) = @_; return sim('/_sim/next', { path => $path, mode => $mode, %o }) }

# the call meets errcode
sub errcode_is {
    my ($errcode, $status, $word, $retry, $level) = @_;
    trouble('getuserphonenumber', 'errcode', errcode => $errcode);
    my $reply = phone('ann');
    is_problem($reply, $status, $word, $errcode);
    is $reply->{headers}{'retry-after'}, $retry, "$WXDrive::in: $errcode: Retry-After";
    like logs(), qr/\[$level\][^\n]*phone failed: $word, errcode $errcode, rid "[0-9a-f]{8}-/, "$WXDrive::in: $errcode: logged";
    return;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    sim('/_sim/reset', {}) if defined $block->drive;
});

run_tests();

__DATA__

=== TEST 1: a code becomes a phone number
--- drive
sim_user('ann', phone => secret('13580006666'));
my $reply = phone('ann');
is $reply->{status}, 200, 'status';
is $reply->{body}, '{"phone_number":"+8613580006666","pure_phone_number":"13580006666","country_code":"86"}', 'body';
is $reply->{headers}{'content-type'}, 'application/json', 'JSON';
is $reply->{headers}{'cache-control'}, 'no-store', 'not to be kept';
is status_of('data')->{ok}, 1, 'counted';
my ($call) = asked();
is $call->{method}, 'POST', 'a POST';
is $call->{type}, 'application/json', 'of JSON';
ok $call->{length} > 0, 'with a length';
is_deeply [sort keys %{ $call->{params} }], [qw(access_token code openid)], 'what it tells';
is_deeply [grep { !/^(?:host|content-length|content-type|connection|traceparent)$/ } @{ $call->{headers} }], [], 'no other header';



=== TEST 2: a number of another country, its code as a number, too
--- drive
sim_user('ann', phone => '61234567', country => '852');
my $expected = '{"phone_number":"+85261234567","pure_phone_number":"61234567","country_code":"852"}';
is phone('ann')->{body}, $expected, 'a string';
sim('/_sim/knobs', { country_number => 1 });
is phone('ann')->{body}, $expected, 'a number';



=== TEST 3: the number is stored for the user
--- config
location = /phone { wxapp_phone "store=UPDATE users SET nickname = ? WHERE id = ?"; }
--- drive
my $token = login_as('ann');
sim_user('ann', phone => '13580006666');
my $reply = ask('/phone', $token, { code => phone_code('ann') });
is $reply->{status}, 200, 'status';
is mysql_value('SELECT nickname FROM users WHERE id = ?', uid('ann')), '+8613580006666', 'E.164';
is ask('/phone', $token, { code => phone_code('ann') })->{status}, 200, 'the same again';



=== TEST 4: a user whose row is gone: 404; a value that the table refuses: its problem
--- config
location = /phone { wxapp_phone "store=UPDATE users SET nickname = ? WHERE id = ?"; }
location = /taken { wxapp_phone "store=UPDATE users SET openid = 'taken', nickname = ? WHERE id = ?"; }
--- drive
mysql_query("INSERT IGNORE INTO users (openid) VALUES ('taken')");
my $token = login_as('ann');
my $gone = make_token(sub => 999999999, openid => openid('ann'));
is_problem(ask('/phone', $gone, { code => phone_code('ann') }), 404, 'not_found');
is_problem(ask('/taken', $token, { code => phone_code('ann') }), 409, 'duplicate');
is status_of('data')->{refused}, 1, 'counted';
is status_of('data')->{failed}, 1, 'counted';



=== TEST 5: a database that is away: 503, and the code is not spent
--- http_config eval
main::wxapp_http(mysql => "wxapp_mysql { primary 127.0.0.1:1; database x; user x; }\n",
    extra => "wxapp_session { key k1 k1.key; }\n")
--- config
location = /phone { wxapp_phone "store=UPDATE users SET nickname = ? WHERE id = ?"; }
location = /plain { wxapp_phone; }
--- drive
my $code = phone_code('ann');
ok wait_until { ask('/phone', token_of('ann'), { code => $code })->{status} == 503 } 3;
is_problem(ask('/phone', token_of('ann'), { code => $code }), 503, 'database_unavailable');
is scalar(asked()), 0, 'WeChat was not asked';
is ask('/plain', token_of('ann'), { code => $code })->{status}, 200, 'still good';



=== TEST 6: a code works once, for its user and its app, five minutes long
--- drive
my $code = phone_code('ann');
is ask('/phone', token_of('ann'), { code => $code })->{status}, 200, 'once';
is_problem(ask('/phone', token_of('ann'), { code => $code }), 401, 'code_invalid', 'twice');
is_problem(ask('/phone', token_of('bob'), { code => phone_code('ann') }), 401, 'code_invalid', 'of another user');
is_problem(ask('/phone', token_of('ann'), { code => phone_code('ann', age => 301) }), 401, 'code_invalid', 'old');
is_problem(ask('/phone', token_of('ann'), { code => 'unknown' }), 401, 'code_invalid', 'unknown');
is_problem(ask('/phone', token_of('ann'), { code => fresh_code('ann') }), 401, 'code_invalid', 'of wx.login()');
sim('/_sim/apps', { appid => 'wxother' . $$ });
is_problem(ask('/phone', token_of('ann'), { code => phone_code('ann', appid => 'wxother' . $$) }), 401, 'code_invalid',
    'of another app');
is status_of('data')->{refused}, 6, 'counted';
is scalar(fetches()), 1, 'one token for all';



=== TEST 7: a body without a code, and other methods
--- drive
my $token = token_of('ann');
is_problem(ask('/phone', $token, $_), 400, 'code_malformed', 'a body')
    for {}, { code => '' }, { code => 7 }, { code => undef }, { code => ['x'] }, { code => 'x' x 513 };
is_problem(ask('/phone', $token, 'x'), 400, 'invalid_json');
is_problem(get('/phone'), 405, 'method_not_allowed');
is scalar(asked()), 0, 'WeChat was not asked';



=== TEST 8: without a token, or one of no user of WeChat's
--- drive
my $code = phone_code('ann');
is_problem(ask('/phone', undef, { code => $code }), 401, 'unauthorized', 'none');
is_problem(ask('/phone', make_token(sub => 7), { code => $code }), 403, 'insufficient_scope', 'without openid');
is_problem(ask('/phone', make_token(sub => 7, openid => openid('ann'), app => 'gone'), { code => $code }), 400,
    'unknown_app', 'of an app that is not here');
is scalar(asked()), 0, 'WeChat was not asked';



=== TEST 9: what WeChat's errcodes mean is what they mean for logins
--- drive
errcode_is(-1,    503, 'wechat_busy',    1,     'warn');
errcode_is(40029, 401, 'code_invalid',   undef, 'info');
errcode_is(40163, 401, 'code_used',      undef, 'info');
errcode_is(45011, 429, 'wechat_limited', 60,    'warn');
errcode_is(45009, 503, 'wechat_quota',   3600,  'error');
errcode_is(48001, 502, 'wechat_refused', 60,    'error');
errcode_is(40164, 502, 'wechat_refused', 60,    'error');
errcode_is(99999, 502, 'wechat_refused', 60,    'error');
is phone('ann')->{status}, 200, 'and then a good one';
is scalar(fetches()), 1, 'none of them is about the token';
is status_of('data')->{failed}, 5, 'on our side';
is status_of('data')->{refused}, 3, 'refused';



=== TEST 10: replies that make no sense: 502; none in time: 504
--- drive
for my $mode (qw(garbage array empty http500 reset_mid consume_drop reset)) {
    trouble('getuserphonenumber', $mode);
    is_problem(phone('ann'), 502, 'wechat_failed', $mode);
}
trouble('getuserphonenumber', 'slow', ms => 2500);
is_problem(phone('ann'), 504, 'wechat_timeout', 'slow');
is phone('ann')->{status}, 200, 'and then a good one';



=== TEST 11: numbers that are none, and a watermark of another app: 502
--- drive
for my $phone ('', '+8613580006666', '1358000666x', '1' x 21) {
    sim_user('ann', phone => $phone);
    is_problem(phone('ann'), 502, 'wechat_failed', "\"$phone\"");
}
sim_user('ann', phone => '13580006666', watermark => 'wx4f4bc4dec97d474b');
is_problem(phone('ann'), 502, 'wechat_failed', 'watermark');



=== TEST 12: stable_token gets the appid and the secret as JSON with a length, and nothing in the URI
--- drive
is phone('ann')->{status}, 200, 'status';
my ($fetch) = fetches();
is $fetch->{method}, 'POST', 'POST';
is $fetch->{type}, 'application/json', 'JSON';
ok $fetch->{length} > 0, 'length';
is_deeply [sort keys %{ $fetch->{params} }], [qw(appid force_refresh grant_type secret)], 'what it tells';
ok !$fetch->{params}{force_refresh}, 'not forced';



=== TEST 13: one token serves all requests of all workers, fetched once
--- workers: 2
--- drive
my @running = map { begin('POST', '/phone', JSON::PP::encode_json({ code => phone_code('ann') }),
    headers => ['Authorization: Bearer ' . token_of('ann')]) } 1 .. 20;
is scalar(grep { finish($_)->{status} == 200 } @running), 20, 'all succeed';
is scalar(fetches()), 1, 'one fetch';
is phone('ann')->{status}, 200, 'and a later one';
is scalar(fetches()), 1, 'without a fetch';



=== TEST 14: the token outlives a reload
--- workers: 1
--- drive
is phone('ann')->{status}, 200, 'before';
my %old = map { $_ => 1 } worker_pids();
signal_nginx('HUP');
ok wait_until { my @now = worker_pids(); @now && !grep { $old{$_} } @now };
is phone('ann')->{status}, 200, 'after';
is scalar(fetches()), 1, 'one fetch';



=== TEST 15: a token that WeChat refuses is fetched anew, and the call done again, unseen by the client
--- drive
my @states = ([revoked => 40001], [expired => 42001]);
is phone('ann')->{status}, 200, 'before';
for (@states) {
    my ($state, $errcode) = @$_;
    my $n = fetches();
    sim('/_sim/token', { state => $state });
    is phone('ann')->{status}, 200, $state;
    is scalar(fetches()) - $n, 1, "$state: one fetch";
    like logs(), qr/\[warn\][^\n]*WeChat refused the access token of the app "\w+": errcode $errcode/, "$state: logged";
}
trouble('getuserphonenumber', 'errcode', errcode => 40014);
is phone('ann')->{status}, 200, 'errcode 40014';
is status_of('data')->{ok}, 4, 'counted';



=== TEST 16: WeChat gives out the same dead token: it is forced to make another, once
--- drive
is phone('ann')->{status}, 200, 'before';
sim('/_sim/token', { state => 'dead' });
is phone('ann')->{status}, 200, 'dead';
is join(' ', map { $_->{outcome} } fetches()), 'ok ok forced', 'asked, then forced';
sim('/_sim/token', { state => 'dead' });
is_problem(phone('ann'), 502, 'wechat_refused', 'dead again');
is join(' ', map { $_->{outcome} } fetches()), 'ok ok forced ok', 'not forced again so soon';



=== TEST 17: a token that is refused again and again: one more call, never a loop
--- drive
trouble('getuserphonenumber', 'errcode', errcode => 40001, count => 50);
is_problem(phone('ann'), 502, 'wechat_refused');
is scalar(asked()), 2, 'two calls';
is scalar(fetches()), 3, 'three of stable_token: the first, anew, forced';



=== TEST 18: a reply that makes no sense does not bear the errcode of the one before
--- drive
trouble('getuserphonenumber', 'errcode', errcode => 40014);
trouble('getuserphonenumber', 'garbage');
is_problem(phone('ann'), 502, 'wechat_failed');
like logs(), qr/phone failed: wechat_failed, errcode 0, rid ""/, 'logged';



=== TEST 19: ten requests with the same dead token: one fetches, all succeed
--- workers: 2
--- drive
is phone('ann')->{status}, 200, 'before';
sim('/_sim/token', { state => 'revoked' });
my @running = map { begin('POST', '/phone', JSON::PP::encode_json({ code => phone_code('ann') }),
    headers => ['Authorization: Bearer ' . token_of('ann')]) } 1 .. 10;
is scalar(grep { finish($_)->{status} == 200 } @running), 10, 'all succeed';
is scalar(fetches()), 2, 'one more fetch';



=== TEST 20: a token that stable_token refuses: 502, and the next second tells the same without asking
--- drive
trouble('stable_token', 'errcode', errcode => 40125);
is_problem(phone('ann'), 502, 'wechat_refused', 'first');
is_problem(phone('ann'), 502, 'wechat_refused', 'second');
is scalar(fetches()), 1, 'asked once';
is scalar(asked()), 0, 'and nothing else';
like logs(), qr/\[error\][^\n]*no access token for the app "\w+": errcode 40125, rid "[0-9a-f]{8}-/, 'logged';
is status_of('data')->{failed}, 2, 'counted';
pause(1.1);
is phone('ann')->{status}, 200, 'then it is asked again';



=== TEST 21: WeChat is busy, or the appid of the token is wrong, which is no fault of the code
--- drive
trouble('stable_token', 'errcode', errcode => -1);
my $reply = phone('ann');
is_problem($reply, 503, 'wechat_busy');
is $reply->{headers}{'retry-after'}, 1, 'Retry-After';
pause(1.1);
trouble('stable_token', 'errcode', errcode => 40013);
is_problem(phone('ann'), 502, 'wechat_refused');



=== TEST 22: a token that makes no sense: 502
--- drive
trouble('stable_token', 'nokey');
is_problem(phone('ann'), 502, 'wechat_failed', 'no token');
pause(1.1);
trouble('stable_token', 'garbage');
is_problem(phone('ann'), 502, 'wechat_failed', 'no JSON');



=== TEST 23: a life of none, or of more than a day, is no life
--- drive
sim('/_sim/knobs', { expires_in => 0 });
is_problem(phone('ann'), 502, 'wechat_failed', 'none');
pause(1.1);
sim('/_sim/knobs', { expires_in => 99999999 });
is_problem(phone('ann'), 502, 'wechat_failed', 'too long');
is scalar(asked()), 0, 'not used';



=== TEST 24: a token is fetched anew before it expires, and the old one used if that fails
--- drive
sim('/_sim/knobs', { expires_in => 4 });
is phone('ann')->{status}, 200, 'first';
trouble('stable_token', 'errcode', errcode => -1);
my $bad = 0;
ok wait_until { $bad++ if phone('ann')->{status} != 200; fetches() == 2 } 4;
is $bad, 0, 'the fetch failed, and the old one is still good';
is phone('ann')->{status}, 200, 'and once more';
is scalar(fetches()), 2, 'not tried again so soon';



=== TEST 25: long tokens, with signs that have a meaning in a URI
--- drive
sim('/_sim/knobs', { token_length => 1000 });
is phone('ann')->{status}, 200, 'a thousand bytes';
is phone('ann')->{status}, 200, 'from memory, too';



=== TEST 26: who waits for the token goes on when the one who fetches it goes away
--- drive
trouble('stable_token', 'slow', ms => 400);
my @head = (headers => ['Authorization: Bearer ' . token_of('ann')]);
my $first = begin('POST', '/phone', JSON::PP::encode_json({ code => phone_code('ann') }), @head);
wait_until { fetches() == 1 } 2;
my $second = begin('POST', '/phone', JSON::PP::encode_json({ code => phone_code('ann') }), @head);
pause(0.1);
abandon($first);
is finish($second)->{status}, 200, 'the second';
is scalar(fetches()), 2, 'which fetched it';



=== TEST 27: each app has a token of its own
--- wxapp eval: my $s = WXApp::env('WXAPP_APP_SECRET_FILE'); my $id = WXApp::appid() . 'b'; "wxapp_app other { appid $id; secret_file $s; api /_wx/; }\n"
--- drive
my $other = appid() . 'b';
sim('/_sim/apps', { appid => $other });
is phone('ann')->{status}, 200, 'the first';
my $openid = WXApp::sim_request('/_sim/users', { appid => $other, user => 'x' })->{openid};
my $code = phone_code('x', appid => $other, user => 'x');
is ask('/phone', make_token(sub => 7, openid => $openid, app => 'other'), { code => $code })->{status}, 200, 'the other';
is scalar(fetches()), 1, 'a fetch';
is scalar(@{ WXApp::sim_request("/_sim/log?appid=$other&path=stable_token")->{calls} }), 1, 'and one';



=== TEST 28: an app does not wait for the token of another
--- wxapp eval: my $s = WXApp::env('WXAPP_APP_SECRET_FILE'); my $id = WXApp::appid() . 'b'; "wxapp_app other { appid $id; secret_file $s; api /_wx/; }\n"
--- drive
my $other = appid() . 'b';
sim('/_sim/apps', { appid => $other });
my $openid = WXApp::sim_request('/_sim/users', { appid => $other, user => 'x' })->{openid};
my $code = phone_code('x', appid => $other, user => 'x');
trouble('stable_token', 'slow', ms => 1500);
my $slow = begin('POST', '/phone', JSON::PP::encode_json({ code => phone_code('ann') }), headers => ['Authorization: Bearer ' . token_of('ann')]);
wait_until { fetches() == 1 } 2;
my $reply = ask('/phone', make_token(sub => 7, openid => $openid, app => 'other'), { code => $code });
is $reply->{status}, 200, 'the other';
cmp_ok $reply->{took}, '<', 1, 'at once';
is finish($slow)->{status}, 200, 'the slow one';



=== TEST 29: a location that does not pass bodies: the log says so
--- config eval
my $text = <<'C';
location /_wx/ {
    internal;
    proxy_pass http://127.0.0.1:$WXAPP_WECHAT_PORT/;
    proxy_pass_request_body off;
    proxy_read_timeout 300ms;
}
C
$text =~ s/\$WXAPP_WECHAT_PORT/WXApp::env('WXAPP_WECHAT_PORT')/er
--- drive
my $reply = phone('ann');
ok $reply->{status} == 504 || $reply->{status} == 502, "status $reply->{status}";
--- error_log
WeChat got no body: "proxy_pass_request_body" is off in the location of "api" in "wxapp_app"



=== TEST 30: store= with other than two placeholders
--- config
location = /phone { wxapp_phone "store=UPDATE users SET phone = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\].* the SQL "UPDATE users SET phone = \?" must have two "\?", the phone number and the user's id in .*nginx\.conf:\d+/



=== TEST 31: store= that does not write
--- config
location = /phone { wxapp_phone "store=SELECT ? FROM users WHERE id = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\].* the SQL "SELECT .*" must be UPDATE or INSERT in .*nginx\.conf:\d+/



=== TEST 32: store= that is no statement
--- config
location = /phone { wxapp_phone "store=UPDATE users SET nickname = '? WHERE id = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\].* the SQL "UPDATE .*" \w+.* in .*nginx\.conf:\d+/



=== TEST 33: store= needs a database
--- http_config eval
main::wxapp_http(mysql => undef)
--- config
location = /phone { wxapp_phone "store=UPDATE users SET nickname = ? WHERE id = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_phone" needs "wxapp_mysql" in .*nginx\.conf:\d+/



=== TEST 34: without an app there is nobody to ask
--- http_config eval
main::wxapp_http(app => undef)
--- config
location = /phone { wxapp_phone; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_phone" needs "wxapp_app" in .*nginx\.conf:\d+/



=== TEST 35: a phone number needs neither Redis nor keys
--- http_config eval
main::wxapp_http(redis => undef, mysql => undef)
--- config
location = /phone { wxapp_phone; }
location = /login { return 200; }
location = /decrypt { return 200; }
location = /old { return 200; }
location = /signature { return 200; }
location = /check { return 200; }
location = /reset { return 200; }
--- drive
is phone('ann')->{status}, 200, 'status';



=== TEST 36: an unknown parameter
--- config
location = /phone { wxapp_phone strore=x; }
--- must_die
--- error_log eval
qr/\[emerg\].* unknown parameter "strore", did you mean "store"\? in .*nginx\.conf:\d+/
