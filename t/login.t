# wxapp_login: from the code of wx.login() to the token, and all that can go wrong on the way.
# After every block the logs, at debug level, are searched for the AppSecret, the codes and the session keys.

use lib 't/lib';
use WXApp;
use WXDrive;
use Digest::SHA qw(hmac_sha256_hex);
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

our (@codes, @users);       # of the block

# sessions with a key to seal session_keys with: `--- sealed`, or in an http_config
sub sealed { return "wxapp_session { key k1 seal.key; }\n" }

sub write_key {
    my $file = "$Test::Nginx::Util::ConfDir/seal.key";
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh 'a5' x 32;
    close $fh or die;
    chmod 0600, $file;
}

add_block_preprocessor(sub {
    my ($block) = @_;
    @codes = @users = ();
    return if !defined $block->drive;
    $block->set_value(post_setup_server_root => 'main::write_key()');
    $block->set_value(wxapp => sealed() . ($block->wxapp // '')) if defined $block->sealed;
    my $config = $block->config // '';
    $block->set_value(config => "$config\nlocation = /login { wxapp_login; }\n") if $config !~ m{/login\b};
});

# a fresh code of the user
sub code_of {
    my ($user) = @_;
    my $code = fresh_code($user);
    push @codes, $code;
    push @users, $user;
    return $code;
}

sub login {
    my ($code, @more) = @_;
    push @codes, $code;
    return post('/login', { code => $code }, @more);
}

sub begin_login {
    my ($code, %o) = @_;
    push @codes, $code;
    return begin('POST', $o{path} // '/login', qq({"code":"$code"}), %o);
}

sub row_of {
    my ($user) = @_;
    my ($row) = mysql_query('SELECT *, TIMESTAMPDIFF(SECOND, last_login_at, UTC_TIMESTAMP()) AS age FROM users'
                            . ' WHERE openid = ?', openid_of($user));
    return $row;
}

# what is kept of the user's keys, "PRINT:SEALED" each, the newest first
sub session_keys_of { my ($id) = @_; return split / /, redis_cmd('GET', redis_prefix() . "session_key:$id") // '' }

# whether the newest kept is this key, and sealed
sub is_kept {
    my ($id, $key, $what) = @_;
    my ($kept) = session_keys_of($id);
    my $print = substr hmac_sha256_hex("session_key:$id", $key), 0, 16;
    like $kept // '', qr/^$print:v1\.k1\.[\w-]{40,}$/, "$WXDrive::in: $what";
    return;
}

sub claims_of {
    my ($reply) = @_;
    return JSON::PP::decode_json(decode_base64url((split /\./, $reply->{json}{access_token})[1]));
}

sub is_problem {
    my ($reply, $status, $word, $retry) = @_;
    is $reply->{status}, $status, "$WXDrive::in: status $status";
    is $reply->{headers}{'content-type'}, 'application/problem+json', "$WXDrive::in: problem";
    is $reply->{json}{$_}, $word, "$WXDrive::in: $_ $word" for qw(code error);
    is $reply->{json}{status}, $status, "$WXDrive::in: status in the body";
    is $reply->{json}{error_description}, $reply->{json}{message}, "$WXDrive::in: for readers of RFC 6749"
        if $word ne 'method_not_allowed';
    is $reply->{headers}{'retry-after'}, $retry, "$WXDrive::in: Retry-After";
    unlike $reply->{body}, qr/access_token|openid|session_key/, "$WXDrive::in: nothing of a login";
    return;
}

sub is_login {
    my ($reply, $what) = @_;
    is $reply->{status}, 200, $what // "$WXDrive::in: login";
    like $reply->{json}{access_token} // '', qr/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, ($what // $WXDrive::in) . ': token';
    return $reply->{json}{user}{id};
}

# whether the logs have a line like it; a failure shows the lines of logins only
sub logged {
    my ($pattern) = @_;
    ok scalar(wait_until { logs() =~ $pattern } 2), "$WXDrive::in: logged"
        or diag grep { /login failed|calling WeChat/ } map { "$_\n" } split /\n/, logs();
    return;
}

# the next exchange of a fresh code meets errcode
sub errcode_is {
    my ($errcode, $status, $word, $retry, $counter, $level) = @_;
    my $user = "err$errcode";
    my $code = code_of($user);
    sim('/_sim/next', { mode => 'errcode', errcode => $errcode });
    is_problem(login($code), $status, $word, $retry);
    is row_of($user), undef, "$WXDrive::in: no user";
    my $counters = status_of('login');
    is $counters->{$counter}, 1, "$WXDrive::in: counted as $counter";
    is eval { my $n = 0; $n += $_ for values %$counters; $n }, 1, "$WXDrive::in: counted once";
    logged(qr/\[$level\][^\n]*login failed: $word, errcode $errcode, rid "[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}"/);
    is_login(login(code_of($user)), "$WXDrive::in: and then a good one");
    return;
}

# the next exchange meets a mode that gives no usable answer
sub mode_is {
    my ($mode, $status, $word, $counter, %o) = @_;
    my $user = "mode_$mode";
    my $code = code_of($user);
    my ($worker) = status_of()->{pid};
    sim('/_sim/next', { mode => $mode, %o });
    is_problem(login($code), $status, $word, 1);
    is scalar(sim_calls(code => $code)), 1, "$WXDrive::in: one call";
    is row_of($user), undef, "$WXDrive::in: no user";
    is status_of('login')->{$counter}, 1, "$WXDrive::in: counted as $counter";
    logged(qr/\[error\][^\n]*login failed: $word/);
    my $id = is_login(login(code_of($user)), "$WXDrive::in: and then a good one");
    is row_of($user)->{id}, $id, "$WXDrive::in: whose user is there";
    is status_of()->{pid}, $worker, "$WXDrive::in: by the same worker";
    return;
}

sub refused_code {
    my ($json, $word, $total) = @_;
    $total = sim('/_sim/log')->{total};
    is_problem(post('/login', $json), 400, $word);
    is sim('/_sim/log')->{total}, $total, "$WXDrive::in: WeChat was not asked";
    is status_of('login')->{refused}, 1, "$WXDrive::in: counted";
    return;
}

# one connection to each worker, and the worker's pid for it; needs /pid
sub connection_by_worker {
    my %found;
    for (1 .. 400) {
        my $socket = connection() or next;
        my $pid = get('/pid', socket => $socket)->{body};
        $found{$pid} //= $socket;
        last if keys %found == 2;
    }
    return %found;
}

# nothing secret in any log; runs after the block's drive
Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    my $logs = logs();
    my %seen;
    my @keys = map { sim('/_sim/users', { user => $_ })->{session_key} // () } grep { !$seen{$_}++ } @users;
    my @found;
    push @found, 'AppSecret' if index($logs, app_secret()) >= 0;
    for my $code (grep { length > 7 && !$seen{"c $_"}++ } @codes) {
        push @found, 'code' if index($logs, $code) >= 0;
    }
    for my $key (@keys) {
        (my $escaped = $key) =~ s{/}{\\/}g;
        push @found, 'session_key' if index($logs, $key) >= 0 || index($logs, $escaped) >= 0;
    }
    push @found, 'js_code=' if $logs =~ /js_code=|secret=/;
    is "@found", '', $block->name . ': the logs hold no secret';
});

run_tests();

__DATA__

=== TEST 1: a good login is answered as RFC 6749 says, with the user
--- drive
my $code  = code_of('t1');
my $reply = login($code);
my $id    = is_login($reply);
is $reply->{headers}{'content-type'}, 'application/json', 'type';
is $reply->{headers}{'cache-control'}, 'no-store', 'not to be stored';
is $reply->{headers}{pragma}, 'no-cache', 'nor by old caches';
my $json = $reply->{json};
is_deeply [sort keys %$json], [qw(access_token expires_in token token_type user)], 'members';
is $json->{token}, $json->{access_token}, 'the same under both names';
is $json->{token_type}, 'Bearer', 'type';
is $json->{expires_in}, 3600, 'lifetime';
is_deeply $json->{user}, { id => $id, role => 'user', nickname => '', avatar_url => '' }, 'user';
like $reply->{body}, qr/"id":\d+[,}]/, 'the id is a number';
is status_of('login')->{ok}, 1, 'counted';



=== TEST 2: the token says who it is and how long
--- drive
my $reply = login(code_of('t2'));
my $claim = claims_of($reply);
is $claim->{sub}, $reply->{json}{user}{id}, 'sub';
is $claim->{openid}, openid_of('t2'), 'openid';
is $claim->{role}, 'user', 'role';
is $claim->{iss}, 'shop.example.com', 'iss';
is $claim->{exp} - $claim->{iat}, 3600, 'exp';
cmp_ok abs(time - $claim->{iat}), '<=', 3, 'iat';
unlike JSON::PP::encode_json($claim), qr/session/, 'no session_key';



=== TEST 3: the token opens a location with wxapp_auth
--- config
    location = /me { wxapp_auth on; return 200 "$wxapp_uid $wxapp_role $wxapp_openid"; }
--- drive
my $reply = login(code_of('t3'));
my $me = get('/me', headers => ["Authorization: Bearer $reply->{json}{access_token}"]);
is $me->{body}, "$reply->{json}{user}{id} user " . openid_of('t3'), 'known';



=== TEST 4: the first login makes a row of the user
--- drive
is row_of('t4'), undef, 'not there before';
my $id  = is_login(login(code_of('t4')));
my $row = row_of('t4');
is $row->{id}, $id, 'id';
is $row->{openid}, openid_of('t4'), 'openid as it came';
is $row->{unionid}, undef, 'no unionid';
is $row->{role}, 'user', 'role';
is $row->{deleted_at}, undef, 'alive';
ok defined $row->{age} && abs $row->{age} <= 3, 'last_login_at is now, in UTC';



=== TEST 5: the session_key is in Redis only, sealed, for a month
--- sealed
--- drive
my $reply = login(code_of('t5'));
my $id    = is_login($reply);
my $key   = sim('/_sim/users', { user => 't5' })->{session_key};
is_kept($id, $key, 'kept');
ok index("@{[session_keys_of($id)]}", $key) < 0, 'not as it came';
my $ttl = redis_cmd('TTL', redis_prefix() . "session_key:$id");
ok $ttl > 2592000 - 10 && $ttl <= 2592000, 'with an end';
ok index($reply->{body}, $key) < 0, 'not in the reply';
unlike join(' ', %{ $reply->{headers} }), qr/\Q$key/, 'nor in its headers';
unlike join(' ', map { $_ // '' } %{ row_of('t5') }), qr/\Q$key/, 'nor in the row';



=== TEST 6: a new session_key comes before the old one
--- sealed
--- drive
my $key = sub { sim('/_sim/users', { user => 't6' })->{session_key} };
my $id  = is_login(login(code_of('t6')));
my $old = $key->();
is_kept($id, $old, 'the first');
is_login(login(code_of('t6')));
is scalar(session_keys_of($id)), 1, 'once';
sim('/_sim/knobs', { rotate => 1 });
is_login(login(code_of('t6')));
sim('/_sim/knobs', { rotate => 0 });
isnt $key->(), $old, 'another';
is_kept($id, $key->(), 'the last one');
is scalar(session_keys_of($id)), 2, 'and the one before';
ok index(logs(), $old) < 0, 'the old one is in no log either';



=== TEST 7: the second login is the same user
--- drive
my $id = is_login(login(code_of('t7')));
mysql_query('UPDATE users SET last_login_at = "2020-01-01" WHERE id = ?', $id);
is is_login(login(code_of('t7'))), $id, 'the same id';
ok abs(row_of('t7')->{age}) <= 3, 'last_login_at moved on';
is mysql_value('SELECT COUNT(*) FROM users WHERE openid = ?', openid_of('t7')), 1, 'one row';
is is_login(login(code_of('t7'))), $id, 'the same id when nothing changes in the row';



=== TEST 8: role, nickname and avatar come from the row
--- drive
my $id = is_login(login(code_of('t8')));
my $nickname = "\x{5e97}\x{957f} \x{1f36c} \"q\" \\";
mysql_query('UPDATE users SET role = "editor", nickname = ?, avatar_url = "https://a/b" WHERE id = ?', $nickname, $id);
my $reply = login(code_of('t8'));
is_deeply $reply->{json}{user}, { id => $id, role => 'editor', nickname => $nickname, avatar_url => 'https://a/b' }, 'user';
is claims_of($reply)->{role}, 'editor', 'role in the token';



=== TEST 9: a unionid that appears later is kept, and its absence does not remove it
--- drive
my $id = is_login(login(code_of('t9')));
is row_of('t9')->{unionid}, undef, 'none';
sim('/_sim/users', { user => 't9', unionid => 'oUnion_t9' });
is is_login(login(code_of('t9'))), $id, 'same user';
is row_of('t9')->{unionid}, 'oUnion_t9', 'there';
sim('/_sim/users', { user => 't9', unionid => undef });
is is_login(login(code_of('t9'))), $id, 'same user';
is row_of('t9')->{unionid}, 'oUnion_t9', 'still there';



=== TEST 10: a unionid that changes is taken over
--- drive
sim('/_sim/users', { user => 't10', unionid => 'oUnion_a' });
is_login(login(code_of('t10')));
is row_of('t10')->{unionid}, 'oUnion_a', 'first';
sim('/_sim/users', { user => 't10', unionid => 'oUnion_A' });
is_login(login(code_of('t10')));
is row_of('t10')->{unionid}, 'oUnion_A', 'second, with its case';



=== TEST 11: openids that differ only by case are two users
--- drive
sim('/_sim/users', { user => 't11a', openid => 'oCaseAbCdEf' });
sim('/_sim/users', { user => 't11b', openid => 'oCaseaBcDeF' });
my $a = is_login(login(code_of('t11a')));
my $b = is_login(login(code_of('t11b')));
isnt $a, $b, 'two';
is is_login(login(code_of('t11a'))), $a, 'the first again';
is is_login(login(code_of('t11b'))), $b, 'the second again';



=== TEST 12: a deleted user gets 403, no token and no session
--- sealed
--- drive
my $id = is_login(login(code_of('t12')));
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $id);
redis_cmd('DEL', redis_prefix() . "session_key:$id");
is_problem(login(code_of('t12')), 403, 'account_disabled');
is scalar(session_keys_of($id)), 0, 'no session_key';
is status_of('login')->{blocked}, 1, 'counted';
isnt row_of('t12')->{deleted_at}, undef, 'still deleted';



=== TEST 13: a deleted user who is restored can log in again
--- drive
my $id = is_login(login(code_of('t13')));
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $id);
is_problem(login(code_of('t13')), 403, 'account_disabled');
mysql_query('UPDATE users SET deleted_at = NULL WHERE id = ?', $id);
is is_login(login(code_of('t13'))), $id, 'back';



=== TEST 14: the spent code of a deleted user does not go upstream again
--- drive
my $id = is_login(login(code_of('t14')));
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $id);
my $code = code_of('t14');
is_problem(login($code), 403, 'account_disabled');
my $again = login($code);
cmp_ok $again->{status}, '>=', 400, 'no login';
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 15: errcode -1, a busy WeChat, is 503 wechat_busy
--- drive
errcode_is(-1, 503, 'wechat_busy', 1, 'upstream', 'warn');



=== TEST 16: errcode 40029, an invalid code, is 401 code_invalid
--- drive
errcode_is(40029, 401, 'code_invalid', undef, 'refused', 'info');



=== TEST 17: errcode 42003, an expired code, is 401 code_invalid
--- drive
errcode_is(42003, 401, 'code_invalid', undef, 'refused', 'info');



=== TEST 18: errcode 40163, a used code, is 401 code_used
--- drive
errcode_is(40163, 401, 'code_used', undef, 'refused', 'info');



=== TEST 19: errcode 41008, a missing code, is 400 code_missing
--- drive
errcode_is(41008, 400, 'code_missing', undef, 'refused', 'info');



=== TEST 20: errcode 40226, a blocked user, is 403 user_blocked
--- drive
errcode_is(40226, 403, 'user_blocked', undef, 'blocked', 'info');



=== TEST 21: errcode 45011, too often in a minute, is 429 wechat_limited
--- drive
errcode_is(45011, 429, 'wechat_limited', 60, 'limited', 'warn');



=== TEST 22: errcode 44990, too often in a minute, is 429 wechat_limited
--- drive
errcode_is(44990, 429, 'wechat_limited', 60, 'limited', 'warn');



=== TEST 23: errcode 44991, too often in a minute, is 429 wechat_limited
--- drive
errcode_is(44991, 429, 'wechat_limited', 60, 'limited', 'warn');



=== TEST 24: errcode 45009, a spent quota, is 503 wechat_quota
--- drive
errcode_is(45009, 503, 'wechat_quota', 3600, 'limited', 'error');



=== TEST 25: errcode 44993, a spent quota, is 503 wechat_quota
--- drive
errcode_is(44993, 503, 'wechat_quota', 3600, 'limited', 'error');



=== TEST 26: errcode 45029, a spent quota, is 503 wechat_quota
--- drive
errcode_is(45029, 503, 'wechat_quota', 3600, 'limited', 'error');



=== TEST 27: errcode 48006, a spent quota, is 503 wechat_quota
--- drive
errcode_is(48006, 503, 'wechat_quota', 3600, 'limited', 'error');



=== TEST 28: errcode 40013, a wrong appid, is 502 wechat_refused
--- drive
errcode_is(40013, 502, 'wechat_refused', 60, 'upstream', 'error');



=== TEST 29: errcode 40125, a wrong secret, is 502 wechat_refused
--- drive
errcode_is(40125, 502, 'wechat_refused', 60, 'upstream', 'error');



=== TEST 30: errcode 40164, an address that is not on the list, is 502 wechat_refused
--- drive
errcode_is(40164, 502, 'wechat_refused', 60, 'upstream', 'error');



=== TEST 31: errcode 99999, an errcode that nobody knows, is 502 wechat_refused
--- drive
errcode_is(99999, 502, 'wechat_refused', 60, 'upstream', 'error');



=== TEST 32: errcode -2, a negative one that nobody knows, is 502 wechat_refused
--- drive
errcode_is(-2, 502, 'wechat_refused', 60, 'upstream', 'error');



=== TEST 33: an errcode as large as those that the module uses for itself is unknown
--- drive
for my $errcode (1000001 .. 1000003, 4294967295, -4294967297, 9007199254740993) {
    sim('/_sim/next', { mode => 'errcode', errcode => $errcode });
    is_problem(login(code_of('t_large')), 502, 'wechat_refused', 60);
}
is status_of('login')->{upstream}, 6, 'counted';



=== TEST 34: an errcode that is no number makes the reply a broken one
--- wxapp
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/wechat.sock;
        access_log off;
        error_log  logs/wechat.err crit;
        return 200 '{"errcode":"40029","errmsg":"x"}';
    }
--- config
    location /_wx/ { internal; access_log off; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/wechat.sock:/; }
--- drive
is_problem(login(code_of('t_text')), 502, 'wechat_failed', 1);



=== TEST 35: errcode 0 beside the openid is a success
--- wxapp
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/wechat.sock;
        access_log off;
        error_log  logs/wechat.err crit;
        return 200 '{"errcode":0,"errmsg":"ok","openid":"oZero","session_key":"AAAAAAAAAAAAAAAAAAAAAA==","unionid":null}';
    }
--- config
    location /_wx/ { internal; access_log off; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/wechat.sock:/; }
--- drive
is is_login(login('0fakecode0fakecode')), mysql_value('SELECT id FROM users WHERE openid = "oZero"'), 'user';



=== TEST 36: an openid or unionid that is not what WeChat gives: 502
--- wxapp
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/wechat.sock;
        access_log off;
        error_log  logs/wechat.err crit;
        location / {
            if ($arg_js_code = aaaaaaaa) { return 200 '{"openid":"","session_key":"AAAAAAAAAAAAAAAAAAAAAA=="}'; }
            if ($arg_js_code = bbbbbbbb) { return 200 '{"openid":"o a","session_key":"AAAAAAAAAAAAAAAAAAAAAA=="}'; }
            if ($arg_js_code = cccccccc) { return 200 '{"openid":"ooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo","session_key":"AA=="}'; }
            if ($arg_js_code = dddddddd) { return 200 '{"openid":"oD\\u00e9","session_key":"AAAAAAAAAAAAAAAAAAAAAA=="}'; }
            if ($arg_js_code = eeeeeeee) { return 200 '{"openid":"oE","session_key":"AAAAAAAAAAAAAAAAAAAAAA==","unionid":7}'; }
            return 200 '{"openid":"oGood","session_key":"AAAAAAAAAAAAAAAAAAAAAA=="}';
        }
    }
--- config
    location /_wx/ { internal; access_log off; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/wechat.sock:/; }
--- drive
for my $letter ('a' .. 'e') {
    is_problem(login($letter x 8), 502, 'wechat_failed', 1);
}
is mysql_value('SELECT COUNT(*) FROM users WHERE openid IN ("", "o a", "oE") OR openid LIKE "ooo%"'), 0, 'no users';
is_login(login('f' x 8));



=== TEST 37: the AppSecret is what WeChat gets
--- wxapp eval
'server {
    listen unix:' . main::server_root() . '/wechat.sock;
    access_log off;
    error_log  logs/wechat.err crit;
    if ($arg_secret = ' . main::app_secret() . ') { return 200 \'{"openid":"oSecret","session_key":"AA=="}\'; }
    return 200 \'{"errcode":40125}\';
}'
--- config
    location /_wx/ { internal; access_log off; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/wechat.sock:/; }
--- drive
is_login(login('0fakecode0fakecode'));



=== TEST 38: a reply in many pieces without a length that is too long: 502
--- wxapp
    server {
        listen unix:$TEST_NGINX_SERVER_ROOT/wechat.sock;
        access_log off;
        error_log  logs/wechat.err crit;
        location / { ssi on; ssi_types *; root html; try_files /big.txt =404; }
    }
--- config
    location /_wx/ { internal; access_log off; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/wechat.sock:/; }
--- user_files eval
">>> big.txt\n" . '{"openid":"oBig","session_key":"AAAAAAAAAAAAAAAAAAAAAA==","pad":"' . 'x' x 100000 . '"}'
--- drive
my $reply = login('0fakecode0fakecode');
is_problem($reply, 502, 'wechat_failed', 1);



=== TEST 39: an expired code is invalid
--- drive
my ($code) = @{ sim('/_sim/codes', { age => 301, user => 't_old' })->{codes} };
is_problem(login($code), 401, 'code_invalid');



=== TEST 40: a user at risk is blocked, and no user is made
--- drive
sim('/_sim/users', { user => 't_risk', risk => 1 });
is_problem(login(code_of('t_risk')), 403, 'user_blocked');
is row_of('t_risk'), undef, 'no user';



=== TEST 41: the connection is reset: 502, nothing half done
--- drive
mode_is('reset', 502, 'wechat_failed', 'upstream');



=== TEST 42: the reply is cut in the middle: 502, nothing half done
--- drive
mode_is('reset_mid', 502, 'wechat_failed', 'upstream');



=== TEST 43: the code is used and the connection dropped: 502, nothing half done
--- drive
mode_is('consume_drop', 502, 'wechat_failed', 'upstream');



=== TEST 44: the reply is HTML: 502, nothing half done
--- drive
mode_is('garbage', 502, 'wechat_failed', 'upstream');



=== TEST 45: the reply is an array: 502, nothing half done
--- drive
mode_is('array', 502, 'wechat_failed', 'upstream');



=== TEST 46: the reply is empty: 502, nothing half done
--- drive
mode_is('empty', 502, 'wechat_failed', 'upstream');



=== TEST 47: WeChat answers 500: 502, nothing half done
--- drive
mode_is('http500', 502, 'wechat_failed', 'upstream');



=== TEST 48: the reply is a megabyte: 502, nothing half done
--- drive
mode_is('huge', 502, 'wechat_failed', 'upstream');



=== TEST 49: there is no session_key: 502, nothing half done
--- drive
mode_is('nokey', 502, 'wechat_failed', 'upstream');



=== TEST 50: the openid is a number: 502, nothing half done
--- drive
mode_is('wrongtype', 502, 'wechat_failed', 'upstream');



=== TEST 51: the session_key is no key: 502, nothing half done
--- drive
mode_is('badkey', 502, 'wechat_failed', 'upstream');



=== TEST 52: a reply framed by the end of the connection is good
--- drive
my $code = code_of('t_nolen');
sim('/_sim/next', { mode => 'no_length' });
is_login(login($code));



=== TEST 53: a chunked reply is good
--- drive
my $code = code_of('t_chunked');
sim('/_sim/next', { mode => 'chunked' });
is_login(login($code));



=== TEST 54: a slow reply in time is good, and its time is logged
--- wxapp
    log_format times '$uri wechat=$wxapp_wechat_time';
--- config
    access_log logs/times.log times;
--- drive
my $code = code_of('t_slow');
sim('/_sim/next', { mode => 'slow', ms => 300 });
is_login(login($code));
ok wait_until { logs(0, server_root() . '/logs/times.log') =~ m{^/login wechat=0\.[3-9]\d\d$}m }, 'time';



=== TEST 55: a reply that takes too long: 504, nothing half done
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_read_timeout.*/proxy_read_timeout 200ms;/;
$up
--- drive
mode_is('slow', 504, 'wechat_timeout', 'timeout', ms => 1000);
pause(1);
is mysql_value('SELECT COUNT(*) FROM users WHERE openid = ?', openid_of('mode_slow')), 1, 'one login';
is status_of('login')->{ok}, 1, 'one login counted';



=== TEST 56: the code of an exchange that timed out is spent
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_read_timeout.*/proxy_read_timeout 200ms;/;
$up
--- drive
my $code = code_of('t_spent');
sim('/_sim/next', { mode => 'slow', ms => 500 });
is_problem(login($code), 504, 'wechat_timeout', 1);
wait_until { (sim_calls(code => $code))[0] };
is_problem(login($code), 401, 'code_used');
is row_of('t_spent'), undef, 'no user';



=== TEST 57: a larger subrequest_output_buffer_size takes a larger reply
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/\}/subrequest_output_buffer_size 2m;\n}/;
$up
--- drive
my $code = code_of('t_huge');
sim('/_sim/next', { mode => 'huge' });
is_login(login($code));



=== TEST 58: the location of the API may have proxy_buffering off
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/\}/proxy_buffering off;\n}/;
$up
--- drive
is_login(login(code_of('t_unbuffered')));
my $code = code_of('t_unbuffered');
sim('/_sim/next', { mode => 'reset_mid' });
is_problem(login($code), 502, 'wechat_failed', 1);



=== TEST 59: the location of the API may use keepalive connections
--- wxapp eval
"upstream wechat { server 127.0.0.1:$ENV{WXAPP_WECHAT_PORT}; keepalive 4; }"
--- config eval
my $up = main::wxapp_upstream();
$up =~ s{http://[^/]*/}{http://wechat/};
$up
--- drive
is_login(login(code_of('t_keep'))) for 1 .. 4;
my $code = code_of('t_keep');
sim('/_sim/next', { mode => 'reset' });
is_problem(login($code), 502, 'wechat_failed', 1);
is_login(login(code_of('t_keep')));



=== TEST 60: nobody listens where WeChat should be: 502
--- config
    location /_wx/ { internal; proxy_pass http://127.0.0.1:1/; }
--- drive
is_problem(login(code_of('t_refused')), 502, 'wechat_failed', 1);
is_problem(login(code_of('t_refused')), 502, 'wechat_failed', 1);
is row_of('t_refused'), undef, 'no user';
--- error_log
Connection refused



=== TEST 61: the location of the API is missing: 502
--- config
    location /_wx/elsewhere { internal; }
--- drive
is_problem(login(code_of('t_missing')), 502, 'wechat_failed', 1);



=== TEST 62: the location of the API answers 403: 502
--- config
    location /_wx/ { internal; return 403; }
--- drive
is_problem(login(code_of('t_forbidden')), 502, 'wechat_failed', 1);



=== TEST 63: the location of the API answers by itself: 502
--- config
    location /_wx/ { internal; return 200 '{"openid":"oFake","session_key":"AAAAAAAAAAAAAAAAAAAAAA=="}'; }
--- drive
is_problem(login(code_of('t_fake')), 502, 'wechat_failed', 1);
is mysql_value('SELECT COUNT(*) FROM users WHERE openid = "oFake"'), 0, 'no user';



=== TEST 64: the location of the API redirects: 502
--- config
    location /_wx/ { internal; return 302 /elsewhere; }
--- drive
is_problem(login(code_of('t_redirect')), 502, 'wechat_failed', 1);



=== TEST 65: error_page with wxapp_problem changes neither the failure nor the success
--- config
    error_page 400 401 403 404 405 413 429 500 502 503 504 /_problem;
    location = /_problem { internal; wxapp_problem; }
--- drive
sim('/_sim/next', { mode => 'reset' });
is_problem(login(code_of('t_page')), 502, 'wechat_failed', 1);
sim('/_sim/next', { mode => 'http500' });
is_problem(login(code_of('t_page')), 502, 'wechat_failed', 1);
is_login(login(code_of('t_page')));
is_problem(post('/login', '{}'), 400, 'code_missing');



=== TEST 66: proxy_intercept_errors in the location of the API: still 502
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/\}/proxy_intercept_errors on;\n}/;
"error_page 500 502 504 /_problem; location = /_problem { internal; wxapp_problem; }\n$up"
--- drive
sim('/_sim/next', { mode => 'http500' });
is_problem(login(code_of('t_icept')), 502, 'wechat_failed', 1);
sim('/_sim/next', { mode => 'reset' });
is_problem(login(code_of('t_icept')), 502, 'wechat_failed', 1);
is_login(login(code_of('t_icept')));



=== TEST 67: no code: 400
--- drive
refused_code('{}', 'code_missing');



=== TEST 68: another name: 400
--- drive
refused_code('{"Code":"0abc"}', 'code_missing');



=== TEST 69: null: 400
--- drive
refused_code('{"code":null}', 'code_missing');



=== TEST 70: a number: 400
--- drive
refused_code('{"code":12345}', 'code_malformed');



=== TEST 71: true: 400
--- drive
refused_code('{"code":true}', 'code_malformed');



=== TEST 72: an array: 400
--- drive
refused_code('{"code":["0abc"]}', 'code_malformed');



=== TEST 73: an object: 400
--- drive
refused_code('{"code":{"a":"0abc"}}', 'code_malformed');



=== TEST 74: an empty code: 400
--- drive
refused_code('{"code":""}', 'code_malformed');



=== TEST 75: a code with an argument in it: 400
--- drive
refused_code('{"code":"0abc&secret=x"}', 'code_malformed');



=== TEST 76: a code with a percent sign: 400
--- drive
refused_code('{"code":"0abc%26"}', 'code_malformed');



=== TEST 77: a code with a space: 400
--- drive
refused_code('{"code":"0abc def"}', 'code_malformed');



=== TEST 78: a code with a line end: 400
--- drive
refused_code('{"code":"0abc\r\nX: y"}', 'code_malformed');



=== TEST 79: a code with a slash: 400
--- drive
refused_code('{"code":"../token"}', 'code_malformed');



=== TEST 80: a code of Chinese letters: 400
--- drive
refused_code('{"code":"\u767b\u5f55"}', 'code_malformed');



=== TEST 81: a code with NUL: 400
--- drive
refused_code('{"code":"0abc\u0000"}', 'code_malformed');



=== TEST 82: a code that is NUL alone: 400
--- drive
refused_code('{"code":"\u0000"}', 'code_malformed');



=== TEST 83: a code with DEL: 400
--- drive
refused_code('{"code":"0abc\u007f"}', 'code_malformed');



=== TEST 84: a code of 129 characters: 400
--- drive
refused_code('{"code":"' . 'a' x 129 . '"}', 'code_malformed');



=== TEST 85: a code of 128 characters is for WeChat to judge
--- drive
my $code = 'A1_-' x 32;
is_problem(login($code), 401, 'code_invalid');
is scalar(sim_calls(code => $code)), 1, 'asked';



=== TEST 86: a code written with escapes is the code
--- drive
my $code = code_of('t_esc');
(my $escaped = $code) =~ s/(.)/sprintf '\\u%04x', ord $1/e;
is_login(post('/login', qq({"code":"$escaped","nickname":"x"})));
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 87: no body instead of an object: 400
--- drive
is_problem(post('/login', ''), 400, 'body_missing');



=== TEST 88: broken JSON instead of an object: 400
--- drive
is_problem(post('/login', '{"code":'), 400, 'invalid_json');



=== TEST 89: an array instead of an object: 400
--- drive
is_problem(post('/login', '["0abc"]'), 400, 'invalid_json');



=== TEST 90: a string instead of an object: 400
--- drive
is_problem(post('/login', '"0abc"'), 400, 'invalid_json');



=== TEST 91: GET is not allowed: 405 with Allow
--- drive
my $reply = http('GET', '/login');
is_problem($reply, 405, 'method_not_allowed');
is $reply->{headers}{allow}, 'POST', 'Allow';



=== TEST 92: PUT is not allowed: 405 with Allow
--- drive
my $reply = http('PUT', '/login');
is_problem($reply, 405, 'method_not_allowed');
is $reply->{headers}{allow}, 'POST', 'Allow';



=== TEST 93: DELETE is not allowed: 405 with Allow
--- drive
my $reply = http('DELETE', '/login');
is_problem($reply, 405, 'method_not_allowed');
is $reply->{headers}{allow}, 'POST', 'Allow';



=== TEST 94: OPTIONS is not allowed: 405 with Allow
--- drive
my $reply = http('OPTIONS', '/login');
is_problem($reply, 405, 'method_not_allowed');
is $reply->{headers}{allow}, 'POST', 'Allow';



=== TEST 95: PATCH is not allowed: 405 with Allow
--- drive
my $reply = http('PATCH', '/login');
is_problem($reply, 405, 'method_not_allowed');
is $reply->{headers}{allow}, 'POST', 'Allow';



=== TEST 96: HEAD is not allowed, and has no body
--- drive
my $reply = http('HEAD', '/login');
is $reply->{status}, 405, 'status';
is $reply->{headers}{allow}, 'POST', 'Allow';
is $reply->{body}, '', 'no body';



=== TEST 97: GET with a body spends no code
--- drive
my $code = code_of('t_get');
is http('GET', '/login', qq({"code":"$code"}))->{status}, 405, 'refused';
is scalar(sim_calls(code => $code)), 0, 'WeChat was not asked';
is_login(login($code));



=== TEST 98: two equal codes in flight: one call, one user, two tokens
--- drive
my $code = code_of('t_twice');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my @h = map { begin_login($code) } 1 .. 2;
my @ids = map { is_login($_) } map { finish($_) } @h;
is $ids[1], $ids[0], 'the same user';
is $ids[0], row_of('t_twice')->{id}, 'the row';
is scalar(sim_calls(code => $code)), 1, 'one call';
is status_of('login')->{ok}, 2, 'both counted';



=== TEST 99: the token of a joined login is as good
--- sealed
--- drive
my $code = code_of('t_joined');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my @h = map { begin_login($code) } 1 .. 3;
my @replies = map { finish($_) } @h;
is claims_of($_)->{openid}, openid_of('t_joined'), 'openid' for @replies;
is $_->{json}{user}{role}, 'user', 'user' for @replies;
my $id = $replies[0]{json}{user}{id};
is_kept($id, sim('/_sim/users', { user => 't_joined' })->{session_key}, 'session_key');
is keys %{ { map { claims_of($_)->{sid} => 1 } @replies } }, 3, 'a session each';



=== TEST 100: equal codes at two workers: one call
--- workers: 2
--- config
    location = /pid { return 200 $pid; }
--- drive
my %at = connection_by_worker();
is scalar(keys %at), 2, 'a connection to each worker';
my $code = code_of('t_workers');
sim('/_sim/next', { mode => 'slow', ms => 400 });
my @h = map { begin_login($code, socket => $_) } values %at;
my @ids = map { is_login($_) } map { finish($_) } @h;
is $ids[1], $ids[0], 'the same user';
is scalar(sim_calls(code => $code)), 1, 'one call';
is status_of('login')->{ok}, 2, 'both counted';
is status_of()->{workers}, 2, 'two workers';



=== TEST 101: twenty equal codes at two workers: one call
--- workers: 2
--- drive
my $code = code_of('t_twenty');
sim('/_sim/next', { mode => 'slow', ms => 400 });
my @h = map { begin_login($code) } 1 .. 20;
my %ids;
$ids{ finish($_)->{json}{user}{id} // 'none' }++ for @h;
is_deeply \%ids, { row_of('t_twenty')->{id} => 20 }, 'twenty times the same user';
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 102: a reload during the exchange: the old worker answers, and the new one joins it
--- workers: 1
--- drive
my ($old) = worker_pids();
my $code = code_of('t_reload');
sim('/_sim/next', { mode => 'slow', ms => 1200 });
my $first = begin_login($code);
ok wait_until { scalar sim_calls(code => $code) }, 'under way';
signal_nginx('HUP');
ok wait_until { (status_of()->{pid} // $old) != $old }, 'a new worker';
my $second = begin_login($code);
my @ids = map { is_login(finish($_)) } $first, $second;
is $ids[0], $ids[1], 'the same user';
is scalar(sim_calls(code => $code)), 1, 'one call';
ok wait_until { !kill 0, $old }, 'the old worker is gone';



=== TEST 103: different codes in flight do not join
--- drive
my ($a, $b) = (code_of('t_diff_a'), code_of('t_diff_b'));
sim('/_sim/next', { mode => 'slow', ms => 300, count => 2 });
my @h = (begin_login($a), begin_login($b));
my @ids = map { is_login(finish($_)) } @h;
is $ids[0], row_of('t_diff_a')->{id}, 'the first';
is $ids[1], row_of('t_diff_b')->{id}, 'the second';



=== TEST 104: a late duplicate is told so without another call
--- drive
my $code = code_of('t_late');
is_login(login($code));
is_problem(login($code), 401, 'code_used');
is scalar(sim_calls(code => $code)), 1, 'one call';
is_deeply [@{ status_of('login') }{qw(ok refused)}], [1, 1], 'counted';



=== TEST 105: a late duplicate at the other worker is told so, too
--- workers: 2
--- config
    location = /pid { return 200 $pid; }
--- drive
my %at = connection_by_worker();
my ($one, $two) = values %at;
my $code = code_of('t_late2');
is_login(login($code, socket => $one));
is_problem(login($code, socket => $two), 401, 'code_used');
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 106: a late duplicate of a refused code does not go upstream again
--- drive
my $code = '0unknowncode0000000000000000000x';
is_problem(login($code), 401, 'code_invalid');
is login($code)->{status}, 401, 'refused again';
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 107: equal codes that fail, fail alike
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_read_timeout.*/proxy_read_timeout 400ms;/;
$up
--- drive
my $code = code_of('t_failing');
sim('/_sim/next', { mode => 'slow', ms => 1500 });
my @h = map { begin_login($code) } 1 .. 3;
is_problem(finish($_), 504, 'wechat_timeout', 1) for @h;
is status_of('login')->{timeout}, 3, 'counted';



=== TEST 108: equal codes that are refused get the same answer
--- workers: 2
--- drive
my $code = code_of('t_joined_err');
sim('/_sim/next', { mode => 'slow', ms => 700 });
sim('/_sim/users', { user => 't_joined_err', risk => 1 });
my @h = map { begin_login($code) } 1 .. 4;
is_problem(finish($_), 403, 'user_blocked') for @h;
is scalar(sim_calls(code => $code)), 1, 'one call';
is status_of('login')->{blocked}, 4, 'counted';



=== TEST 109: equal codes of a deleted user are all refused
--- drive
my $id = is_login(login(code_of('t_joined_del')));
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $id);
my $code = code_of('t_joined_del');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my @h = map { begin_login($code) } 1 .. 3;
is_problem(finish($_), 403, 'account_disabled') for @h;



=== TEST 110: the one who flies goes away: the others are told to try again, soon
--- drive
my $code = code_of('t_leader');
sim('/_sim/next', { mode => 'slow', ms => 1500 });
my $leader = begin_login($code);
pause(0.15);
my @h = map { begin_login($code) } 1 .. 2;
pause(0.15);
abandon($leader);
for my $h (@h) {
    my $reply = finish($h);
    is_problem($reply, 503, 'login_interrupted', 1);
    cmp_ok $reply->{took}, '<', 1.2, 'soon';
}
is scalar(grep { $_->{outcome} } sim_calls(code => $code)), 1, 'one call';
is_login(login(code_of('t_leader')));



=== TEST 111: one who waits goes away: the one who flies is not disturbed
--- drive
my $code = code_of('t_follower');
sim('/_sim/next', { mode => 'slow', ms => 400 });
my $leader = begin_login($code);
pause(0.1);
my $gone = begin_login($code);
my $stays = begin_login($code);
pause(0.1);
abandon($gone);
my @ids = map { is_login(finish($_)) } $leader, $stays;
is $ids[0], $ids[1], 'the same user';
ok wait_until { logs() =~ /"POST \/login HTTP\/1\.1" 499/ }, 'the other one is logged as gone';



=== TEST 112: a client that goes away during the exchange leaves nothing behind
--- drive
my $code = code_of('t_abort');
sim('/_sim/next', { mode => 'slow', ms => 500 });
my $h = begin_login($code);
ok wait_until { scalar sim_calls(code => $code) }, 'the call is under way';
abandon($h);
ok wait_until { logs() =~ /"POST \/login HTTP\/1\.1" 499/ }, 'logged as gone';
pause(0.6);
is row_of('t_abort'), undef, 'no user';
is_login(login(code_of('t_abort')));



=== TEST 113: a client that goes away with proxy_ignore_client_abort is no harm
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/\}/proxy_ignore_client_abort on;\n}/;
$up
--- drive
my $code = code_of('t_ignore');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my $h = begin_login($code);
ok wait_until { scalar sim_calls(code => $code) }, 'the call is under way';
abandon($h);
pause(0.5);
is_login(login(code_of('t_ignore')));
is status_of('mysql')->{busy}, 0, 'no connection is held';



=== TEST 114: a client that goes away while MySQL works hands the connection back clean
--- http_config eval: main::wxapp_http('mysql+' => 'pool min=1 max=1;')
--- config eval: main::wxapp_upstream()
--- drive
my $id = is_login(login(code_of('t_dbabort')));
my $db = WXApp::mysql();
$db->begin_work;
$db->do('SELECT id FROM users WHERE id = ? FOR UPDATE', undef, $id);
my $h = begin_login(code_of('t_dbabort'));
ok wait_until { status_of('mysql')->{busy} }, 'in the query';
abandon($h);
ok wait_until { logs() =~ /"POST \/login HTTP\/1\.1" 499/ }, 'logged as gone';
$db->commit;
ok wait_until { !status_of('mysql')->{busy} }, 'at rest again';
my $other = is_login(login(code_of('t_dbabort2')));
is $other, row_of('t_dbabort2')->{id}, 'the next one gets its own';
isnt $other, $id, 'and not that of the one before';



=== TEST 115: the keepalive connection goes on after errors
--- drive
my $socket = connection();
is_problem(post('/login', '{', socket => $socket), 400, 'invalid_json');
is_problem(login('0nosuchcode', socket => $socket), 401, 'code_invalid');
sim('/_sim/next', { mode => 'reset' });
is_problem(login(code_of('t_alive'), socket => $socket), 502, 'wechat_failed', 1);
is_problem(http('GET', '/login', undef, socket => $socket), 405, 'method_not_allowed');
my $id = is_login(login(code_of('t_alive'), socket => $socket));
is $id, row_of('t_alive')->{id}, 'the user';
is get('/ready', socket => $socket)->{status}, 200, 'and other requests';
close_connection($socket);



=== TEST 116: pipelined logins are answered in order
--- drive
my @pair = (code_of('t_pipe_a'), code_of('t_pipe_b'));
my $socket = connection();
syswrite $socket, join '', map {
    my $body = qq({"code":"$_"});
    "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: " . length($body) . "\r\n\r\n$body"
} @pair;
my $text = '';
wait_until {
    IO::Select->new($socket)->can_read(0.1) && sysread $socket, $text, 65536, length $text;
    2 == (() = $text =~ /"access_token"/g);
};
my @ids = $text =~ /"user":\{"id":(\d+)/g;
is_deeply \@ids, [map { row_of($_)->{id} } qw(t_pipe_a t_pipe_b)], 'both, in order';



=== TEST 117: Redis is down: 503 before the code is spent
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n", extra => "wxapp_session { }\n")
--- config eval: main::wxapp_upstream()
--- drive
ok wait_until { logs() =~ /redis 127\.0\.0\.1:1/ }, 'not there';
my $code = code_of('t_noredis');
is_problem(login($code), 503, 'session_unavailable', 1);
is scalar(sim_calls(code => $code)), 0, 'WeChat was not asked';
is row_of('t_noredis'), undef, 'no user';
is status_of('login')->{failed}, 1, 'counted';



=== TEST 118: MySQL is down: 503 before the code is spent
--- http_config eval
main::wxapp_http(mysql => "wxapp_mysql { primary 127.0.0.1:1; database a; user a; }\n")
--- config eval: main::wxapp_upstream()
--- drive
ok wait_until { logs() =~ /mysql 127\.0\.0\.1:1: cannot connect/ }, 'not there';
my $code = code_of('t_nomysql');
is_problem(login($code), 503, 'database_unavailable', 1);
is scalar(sim_calls(code => $code)), 0, 'WeChat was not asked';
is status_of('login')->{failed}, 1, 'counted';



=== TEST 119: without wxapp_redis a login works
--- http_config eval: main::wxapp_http(redis => undef)
--- config eval: main::wxapp_upstream()
--- drive
my $id = is_login(login(code_of('t_without')));
is scalar(session_keys_of($id)), 0, 'no session_key anywhere';



=== TEST 120: Redis answers no more after the exchange: 503, and no token
--- http_config eval
our $frozen = WXDrive::fault_proxy(to => $ENV{WXAPP_REDIS_PORT}, mode => 'freeze',
                                   flag => main::server_root() . '/freeze');
main::wxapp_http(extra => main::sealed(), redis => "wxapp_redis {
    server 127.0.0.1:$frozen->{port}; user wxapp; password_file $ENV{WXAPP_REDIS_PASSWORD_FILE};
    timeout connect=1s command=200ms; prefix " . main::redis_prefix() . "; }\n")
--- config eval: main::wxapp_upstream()
--- drive
my $id = is_login(login(code_of('t_frozen')));
redis_cmd('DEL', redis_prefix() . "session_key:$id");
my $flag = server_root() . '/freeze';
open my $fh, '>', $flag or die $!;
pause(0.1);
is_problem(login(code_of('t_frozen')), 503, 'session_unavailable', 1);
is status_of('login')->{failed}, 1, 'counted';
unlink $flag;
ok wait_until { my $r = login(code_of('t_frozen')); $r->{status} == 200 }, 'and then again';
is_kept($id, sim('/_sim/users', { user => 't_frozen' })->{session_key}, 'session_key');



=== TEST 121: the users table is locked: 504, no token, and equal codes end too
--- http_config eval: main::wxapp_http('mysql+' => 'timeout query=300ms;')
--- config eval: main::wxapp_upstream()
--- drive
is_login(login(code_of('t_locked')));
my $db = WXApp::mysql();
$db->do('LOCK TABLES users WRITE');
my $code = code_of('t_locked');
my $first = begin_login($code);
pause(0.1);
my $second = begin_login($code);
is_problem(finish($first), 504, 'database_timeout', 1);
is_problem(finish($second), 503, 'database_unavailable', 1);
$db->do('UNLOCK TABLES');
is scalar(sim_calls(code => $code)), 1, 'one call';
ok wait_until { login(code_of('t_locked'))->{status} == 200 }, 'and then again';



=== TEST 122: login by HTTP/2
--- wxapp eval
'server { listen unix:' . main::server_root() . '/h2.sock http2; location = /login { wxapp_login; }' . main::wxapp_upstream() . '}'
--- drive
my $code = code_of('t_h2');
my $h2 = h2_connect(server_root() . '/h2.sock');
my $one = sub { return h2_reply($h2, h2_post($h2, '/login', qq({"code":"$_[0]"}))) };
my $reply = $one->($code);
is $reply->{status}, 200, 'answered';
like $reply->{body}, qr/"access_token":"eyJ/, 'token';
like $one->($code)->{body}, qr/"status":401,.*"code":"code_used"/, 'a late duplicate';
sim('/_sim/next', { mode => 'reset' });
like $one->(code_of('t_h2'))->{body}, qr/"status":502,.*"code":"wechat_failed"/, 'a broken exchange';
sim('/_sim/next', { mode => 'garbage' });
$reply = $one->(code_of('t_h2'));
is $reply->{status}, 502, 'and another';
is $one->(code_of('t_h2'))->{status}, 200, 'and a good one, all on one connection';



=== TEST 123: equal codes in flight on one HTTP/2 connection
--- wxapp eval
'server { listen unix:' . main::server_root() . '/h2.sock http2; location = /login { wxapp_login; }' . main::wxapp_upstream() . '}'
--- drive
my $code = code_of('t_h2two');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my $h2 = h2_connect(server_root() . '/h2.sock');
my @streams = map { h2_post($h2, '/login', qq({"code":"$code"})) } 1 .. 3;
my @replies = map { h2_reply($h2, $_) } @streams;
my $id = row_of('t_h2two')->{id};
for my $reply (@replies) {
    is $reply->{status}, 200, 'login';
    like $reply->{body}, qr/"user":\{"id":$id,/, 'the user';
}
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 124: a stream of HTTP/2 that is reset during the exchange, beside others
--- wxapp eval
'server { listen unix:' . main::server_root() . '/h2.sock http2; location = /login { wxapp_login; }' . main::wxapp_upstream() . '}'
--- drive
my $code = code_of('t_h2gone');
sim('/_sim/next', { mode => 'slow', ms => 700, count => 2 });
my $h2 = h2_connect(server_root() . '/h2.sock');
my $gone = h2_post($h2, '/login', qq({"code":"$code"}));
ok wait_until { scalar sim_calls(code => $code) }, 'the call is under way';
my $joined = h2_post($h2, '/login', qq({"code":"$code"}));
my $other  = h2_post($h2, '/login', '{"code":"' . code_of('t_h2other') . '"}');
pause(0.1);
h2_reset($h2, $gone);
ok wait_until { logs() =~ m{"POST /login HTTP/2\.0" 499} }, 'logged as gone';
is h2_reply($h2, $joined)->{status}, 503, 'the one that joined it';
like h2_reply($h2, $joined)->{body}, qr/"login_interrupted"/, 'why';
like h2_reply($h2, $other)->{body}, qr/"access_token"/, 'the other one';
is row_of('t_h2gone'), undef, 'no user';



=== TEST 125: login in a named location
--- config
    location = /login  { wxapp_login; }
    location = /named  { error_page 418 = @login; return 418; }
    location @login    { wxapp_login; }
    location = /tried  { try_files /none @login; }
    location = /sent   { rewrite ^ /login last; }
--- drive
my $n = 0;
for my $path (qw(/named /tried /sent)) {
    my $code = code_of('t_named' . ++$n);
    my $reply = post($path, { code => $code });
    is is_login($reply, $path), row_of("t_named$n")->{id}, "$path: user";
    is_problem(post($path, { code => $code }), 401, 'code_used');
}
sim('/_sim/next', { mode => 'reset' });
is_problem(post('/named', { code => code_of('t_named1') }), 502, 'wechat_failed', 1);



=== TEST 126: login behind a proxy that failed
--- config
    location = /login    { wxapp_login; }
    location = /fallback { proxy_pass http://127.0.0.1:1; error_page 502 = @login; }
    location @login      { wxapp_login; }
--- drive
is_login(post('/fallback', { code => code_of('t_fallback') }));
sim('/_sim/next', { mode => 'reset' });
is_problem(post('/fallback', { code => code_of('t_fallback') }), 502, 'wechat_failed', 1);
--- error_log
Connection refused



=== TEST 127: the trace of the request goes on to WeChat
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_pass_request_headers off;/proxy_set_header traceparent \$wxapp_traceparent;/;
$up
--- drive
my $code = code_of('t_trace');
my $id = '4bf92f3577b34da6a3ce929d0e0e4736';
my $reply = login($code, headers => ["traceparent: 00-$id-00f067aa0ba902b7-01"]);
is_login($reply);
is $reply->{headers}{'x-request-id'}, $id, 'X-Request-Id';
my ($call) = sim_calls(code => $code);
like $call->{traceparent}, qr/^00-$id-[0-9a-f]{16}-01$/, 'traceparent at WeChat';
unlike $call->{traceparent}, qr/00f067aa0ba902b7/, 'of a span of ours';



=== TEST 128: without a trace WeChat gets the one that is made
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_pass_request_headers off;/proxy_set_header traceparent \$wxapp_traceparent;/;
$up
--- drive
my $code = code_of('t_trace2');
my $reply = login($code);
my ($call) = sim_calls(code => $code);
my $id = $reply->{headers}{'x-request-id'};
like $id, qr/^[0-9a-f]{32}$/, 'made';
like $call->{traceparent}, qr/^00-$id-[0-9a-f]{16}-[0-9a-f]{2}$/, 'the same at WeChat';



=== TEST 129: nothing of the client goes to WeChat
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/proxy_pass_request_headers off;/proxy_set_header traceparent \$wxapp_traceparent;/;
$up
--- drive
my $code = code_of('t_headers');
my $reply = login($code, headers => [
    'Cookie: a=b', 'Authorization: Basic eDp5', 'User-Agent: mini', 'X-Forwarded-For: 192.0.2.1', 'Referer: http://r/',
    'Accept-Language: zh', 'Range: bytes=0-1', 'If-None-Match: "x"', 'X-Own: 1',
]);
my ($call) = sim_calls(code => $code);
is $call->{method}, 'GET', 'method';
is_deeply $call->{headers}, [qw(host traceparent)], 'headers';
is $call->{host}, 'api.weixin.qq.com', 'host';
is_deeply [sort keys %{ $call->{params} }], [qw(appid grant_type js_code secret)], 'parameters';
is $call->{params}{appid}, appid(), 'appid';



=== TEST 130: arguments of the login location do not go to WeChat
--- drive
my $code = code_of('t_args');
my $reply = post('/login?x=1&appid=wx1', { code => $code });
is_login($reply);
my ($call) = sim_calls(code => $code);
is $call->{params}{appid}, appid(), 'appid';



=== TEST 131: an upstream error line tells the trace and not the URI
--- drive
my $id = '0af7651916cd43dd8448eb211c80319c';
sim('/_sim/next', { mode => 'consume_drop' });
my $reply = login(code_of('t_line'), headers => ["traceparent: 00-$id-b7ad6b7169203331-01"]);
is_problem($reply, 502, 'wechat_failed', 1);
my ($line) = logs() =~ /\[error\]([^\n]*upstream prematurely closed[^\n]*)/;
like $line, qr/, calling WeChat, trace: $id/, 'trace';
unlike $line, qr/jscode2session|upstream: /, 'no URI';



=== TEST 132: the request's own log lines are back after the exchange
--- drive
my $socket = connection();
sim('/_sim/next', { mode => 'reset' });
login(code_of('t_back'), socket => $socket);
my $from = log_size();
is get('/nosuchfile', socket => $socket)->{status}, 404, 'another request of the connection';
my $log = logs($from, server_root() . '/logs/error.log');
like $log, qr{open\(\)[^\n]*nosuchfile[^\n]*, request: "GET /nosuchfile}, 'its error line is nginx\'s';
like $log, qr/\[debug\]/, 'debug level is back';
close_connection($socket);



=== TEST 133: rewrite_log in the location of the API shows no secret
--- config eval
my $port = $ENV{WXAPP_WECHAT_PORT};
"location /_wx/ { internal; rewrite_log on; rewrite ^/_wx/(.*) /\$1 break;
                  proxy_pass http://127.0.0.1:$port; proxy_set_header Host h; }"
--- drive
is_login(login(code_of('t_rewrite')));



=== TEST 134: log_subrequest in the location of the API shows no secret
--- wxapp
    log_format all '$uri $args $query_string $request_uri $arg_js_code $arg_secret $upstream_addr $upstream_status';
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/access_log.*/log_subrequest on; access_log logs\/sub.log all;/;
$up
--- drive
is_login(login(code_of('t_sub')));
ok wait_until { logs(0, server_root() . '/logs/sub.log') =~ m{^/_wx/sns/jscode2session }m }, 'logged';



=== TEST 135: an error_log of the location's own shows no secret
--- config eval
my $up = main::wxapp_upstream();
$up =~ s/\}/error_log logs\/wx.log debug;\n}/;
"location = /login { error_log logs/login.log debug; wxapp_login; }\n$up"
--- drive
is_login(login(code_of('t_ownlog')));
sim('/_sim/next', { mode => 'reset_mid' });
is_problem(login(code_of('t_ownlog')), 502, 'wechat_failed', 1);
cmp_ok -s server_root() . '/logs/login.log', '>', 1000, 'a log of its own';



=== TEST 136: the secret is not in what nginx -T shows
--- drive
my $root = server_root();
my $bin = $ENV{TEST_NGINX_BINARY} || "nginx";
local $ENV{ASAN_OPTIONS} = "detect_leaks=0,detect_odr_violation=0";     # nginx -T frees nothing
my $text = `$bin -p $root/ -c $root/conf/nginx.conf -T 2>&1`;
like $text, qr/wxapp_app \{/, 'shown';
ok index($text, app_secret()) < 0, 'without the secret';



=== TEST 137: many logins leave nothing open
--- workers: 2
--- drive
my %bad;
for my $round (1 .. 5) {
    my @h = map { begin_login(code_of("t_many$_")) } 1 .. 20;
    my @s = map { finish($_)->{status} } @h;
    $bad{$_}++ for grep { $_ != 200 } @s;
}
is_deeply \%bad, {}, 'all are good';
is mysql_value("SELECT COUNT(*) FROM users WHERE openid IN (" . join(',', ('?') x 20) . ")", map { openid_of("t_many$_") } 1 .. 20), 20, 'twenty users';
my $mysql = wait_until { my $m = status_of('mysql'); $m->{busy} == 0 && $m->{waiting} == 0 && $m };
ok $mysql, 'all at rest';
is $mysql->{up}, $mysql->{idle}, 'gauges agree';
is $mysql->{disconnects}, 0, 'no connection was lost';
is status_of('redis')->{pending}, 0, 'no command is left';



=== TEST 138: without a key to seal it with the session_key is not kept, and a Redis that is away does no harm
--- http_config eval: main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n")
--- config eval: main::wxapp_upstream()
--- drive
ok wait_until { logs() =~ /redis 127\.0\.0\.1:1/ }, 'not there';
is_login(login(code_of('t_unkept')));



=== TEST 139: without sessions a login is answered with a token alone, and nothing is in Redis
--- drive
my $reply = login(code_of('t_alone'));
my $id = is_login($reply);
is_deeply [sort keys %{ $reply->{json} }], [qw(access_token expires_in token token_type user)], 'members';
my $claims = claims_of($reply);
is_deeply [sort keys %$claims], [qw(amr app auth_time exp iat iss jti nbf openid role sub)], 'claims';
is_deeply $claims->{amr}, ['wx'], 'amr';
is $claims->{app}, appid(), 'app';
ok abs(time - $claims->{auth_time}) <= 3, 'auth_time';
is redis_cmd('EXISTS', map { redis_prefix() . $_ } "session:{$id}", "session_key:$id"), 0, 'nothing is kept';



=== TEST 140: with wxapp_session the login makes a session and tells its sign_key
--- sealed
--- drive
my $reply = login(code_of('t_session'));
my $id = is_login($reply);
is_deeply [sort keys %{ $reply->{json} }], [qw(access_token expires_in sign_key token token_type user)], 'members';
my $sid = claims_of($reply)->{sid};
like $sid, qr/^[\w-]{22}$/, 'sid';
is redis_cmd('HEXISTS', redis_prefix() . "session:{$id}", $sid), 1, 'in Redis';
is unpack('H*', decode_base64url($reply->{json}{sign_key})),
   hmac_sha256_hex("sign $sid", pack 'H*', 'a5' x 32), 'sign_key';



=== TEST 141: the unionid is a claim as soon as it is known, also of a login that joined another
--- drive
sim('/_sim/users', { user => 't_union', unionid => 'oUnion_claim' });
my $code = code_of('t_union');
sim('/_sim/next', { mode => 'slow', ms => 300 });
my @replies = map { finish($_) } map { begin_login($code) } 1 .. 2;
is claims_of($_)->{unionid}, 'oUnion_claim', 'there' for @replies;
sim('/_sim/users', { user => 't_union', unionid => undef });
is claims_of(login(code_of('t_union')))->{unionid}, 'oUnion_claim', 'when WeChat does not tell it any more';



=== TEST 142: a wxapp_session that Redis cannot keep: 503, and the code is spent
--- http_config eval
our $frozen = WXDrive::fault_proxy(to => $ENV{WXAPP_REDIS_PORT}, mode => 'freeze',
                                   flag => main::server_root() . '/freeze');
main::wxapp_http(extra => "wxapp_session { }\n", redis => "wxapp_redis {
    server 127.0.0.1:$frozen->{port}; user wxapp; password_file $ENV{WXAPP_REDIS_PASSWORD_FILE};
    timeout connect=1s command=200ms; prefix " . main::redis_prefix() . "; }\n")
--- config eval: main::wxapp_upstream()
--- drive
is_login(login(code_of('t_nosession')));
my $flag = server_root() . '/freeze';
open my $fh, '>', $flag or die $!;
pause(0.1);
my $code = code_of('t_nosession');
is_problem(login($code), 503, 'session_unavailable', 1);
unlink $flag;
ok wait_until { login(code_of('t_nosession'))->{status} == 200 }, 'and then again';
is login($code)->{json}{code}, 'code_used', 'the code is gone';



=== TEST 143: wxapp_login needs a key that signs
--- http_config eval
main::wxapp_http(token => "wxapp_token { key 2026-11 ES256 ec.pub; }\n")
--- config
    location = /login { wxapp_login; }
--- user_files
>>> ../conf/ec.pub
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
--- must_die
--- suppress_stderr
--- error_log eval
qr/\[emerg\] .*"wxapp_login" needs "key" that signs in "wxapp_token" in .*nginx\.conf:\d+/



=== TEST 144: a refusal that comes at once interrupts nobody
--- workers: 2
--- drive
sim('/_sim/users', { user => 't_at_once', risk => 1 });
my %codes;
for (1 .. 25) {
    my $code = code_of('t_at_once');
    my @h = map { begin_login($code) } 1 .. 4;
    $codes{ finish($_)->{json}{code} }++ for @h;
}
is join(' ', sort keys %codes), 'user_blocked', 'each was told the outcome';
