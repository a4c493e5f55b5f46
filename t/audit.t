# The audit: what became of the caller's identity, as a counter and in the JSON log, with the user and no secret.
# event($reply, WORD, UID) looks at the line of a reply. At the end each word that is documented must have been seen.

use lib 't/lib';
use WXApp;
use WXDrive;
use Digest::SHA qw(hmac_sha1 hmac_sha256 hmac_sha256_hex sha256_hex);
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

use vars qw($SID $TOTP);

our $SNIPPETS = WXApp::top() . '/conf-examples/snippets';
our (%seen, @secrets, @codes, @users);
$SID  = 'Zm9vYmFyYmF6cXV4MTIzNA';
$TOTP = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

sub write_key {
    my $file = "$Test::Nginx::Util::ConfDir/seal.key";
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh 'a5' x 32;
    close $fh or die;
    chmod 0600, $file;
}

sub audited {
    my (%o) = @_;
    return wxapp_http(
        'token+' => 'refresh 1h grace=1s;', %o,
        extra => "wxapp_session { key k1 seal.key; }\ninclude $SNIPPETS/json-log.conf;\n"
            . 'access_log ' . server_root() . "/logs/json.log wxapp;\n",
    );
}

# no Redis behind the module; there is one for the test
our %AWAY = (redis => "wxapp_redis { server 127.0.0.1:1; }\n");

add_block_preprocessor(sub {
    my ($block) = @_;
    @secrets = @codes = @users = ();
    users();
    $block->set_value(post_setup_server_root => 'main::write_key()');
    $block->set_value(http_config => audited()) if !defined $block->http_config;
    $block->set_value(config => ($block->config // '') . wxapp_upstream() . <<'C');
location = /login   { wxapp_login; }
location = /refresh { wxapp_refresh; }
location = /me      { wxapp_auth session; wxapp_ping; }
location = /me/allow { wxapp_auth session on_error=allow; wxapp_ping; }
location = /admin   { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
location = /fresh   { wxapp_auth on; wxapp_require login_age<5m; wxapp_ping; }
location = /dry     { wxapp_auth on; wxapp_auth_dry_run on; wxapp_ping; }
location = /sign    { wxapp_sign on; wxapp_ping; }
location = /password {
    wxapp_password_login {
        user "SELECT id, username, password_hash, role, totp_secret FROM staff WHERE username = ?";
        cost 4;
        lockout account=2/1m address=1000/1m;
    }
}
location = /set {
    wxapp_auth on;
    wxapp_password_set {
        user "SELECT password_hash FROM staff WHERE id = ?";
        update "UPDATE staff SET password_hash = ? WHERE id = ?";
        cost 4;
    }
}
location = /unlock { wxapp_auth on; wxapp_password_unlock; }
location /logout/ {
    wxapp_auth on;
    location = /logout/this { wxapp_logout; }
    location = /logout/all  { wxapp_logout scope=all; }
}
location /row { wxapp_resource staff { column id int; allow GET role=admin; } }
C
});

sub users {
    our $made //= do {
        mysql_query('CREATE TABLE staff (id INT PRIMARY KEY, username VARCHAR(32) UNIQUE, password_hash VARCHAR(255),
            role VARCHAR(32), totp_secret VARCHAR(255))');
        1;
    };
    mysql_query('DELETE FROM staff');
    my $hash = crypt 'correct horse battery', '$2b$04$' . 'abcdefghijklmnopqrstuu';
    mysql_query('INSERT INTO staff VALUES (7, "ada", ?, "admin", NULL), (8, "otto", ?, "admin", ?)', $hash, $hash, $TOTP);
    my @keys = map { @{ redis_cmd('KEYS', redis_prefix() . "$_*") } } 'password:', 'session:';
    redis_cmd('DEL', @keys) if @keys;
    return;
}

# the line of the request in the JSON log
sub line_of {
    my ($reply) = @_;
    my $id = $reply->{headers}{'x-request-id'};
    my $line = wait_until { (grep { /"trace_id":"$id"/ } split /\n/, logs(0, server_root() . '/logs/json.log'))[0] };
    return JSON::PP->new->utf8->decode($line);
}

# the word and its user in the log; and the counter
sub event {
    my ($reply, $word, $uid) = @_;
    my $line = line_of($reply);
    is $line->{audit}, $word, "$WXDrive::in: $word" or diag $reply->{body};
    is $line->{audit_user}, $uid // '', "$WXDrive::in: $word: user";
    my ($group, $name) = split /_/, $word, 2;
    cmp_ok status_of($group)->{$name} // 0, '>', 0, "$WXDrive::in: $word: counted";
    $seen{$word}++;
    return;
}

sub no_event {
    my ($reply, $what) = @_;
    my $line = line_of($reply);
    is $line->{audit}, '', "$WXDrive::in: $what: no event";
    is $line->{audit_user}, '', "$WXDrive::in: $what: no user";
    return;
}

sub code_of { my ($user) = @_; push @users, $user; push @codes, my $code = fresh_code($user); return $code }

sub login {
    my ($user) = @_;
    my $reply = post('/login', { code => code_of($user) });
    my $json = $reply->{json};
    push @secrets, grep { defined } @$json{qw(refresh_token sign_key)};
    return $reply;
}

sub fails { my ($errcode) = @_; sim('/_sim/next', { mode => 'errcode', errcode => $errcode }); return login('u_fails') }

sub bearer { my ($token) = @_; return (headers => ["Authorization: Bearer $token"]) }
sub as { my ($path, %claims) = @_; return get($path, bearer(make_token(sub => 41, sid => $SID, %claims))) }
sub refresh { my ($token) = @_; push @secrets, $token; my $r = post('/refresh', { grant_type => 'refresh_token', refresh_token => $token });
              push @secrets, $r->{json}{refresh_token} // (); return $r }
sub password { my ($name, $password, %more) = @_; return post('/password', { username => $name, password => $password, %more }) }

sub signed {
    my (%o) = @_;
    my ($time, $nonce) = (time, $o{nonce} // substr sha256_hex(rand() . Time::HiRes::time()), 0, 20);
    my $key = hmac_sha256("sign $SID", pack 'H*', 'a5' x 32);
    my $mac = $o{mac} // hmac_sha256_hex(join("\n", 'GET', '/sign', $time, $nonce, sha256_hex('')), $key);
    push @secrets, unpack 'H*', $key;
    my $token = make_token(sub => 41, sid => $SID);
    return get('/sign', headers => ["X-WX-Timestamp: $time", "X-WX-Nonce: $nonce", "X-WX-Signature: $mac", "Authorization: Bearer $token"]);
}

sub otp {
    my ($step) = @_;
    my $digest = hmac_sha1(pack('Q>', $step), '12345678901234567890');
    return sprintf '%06d', (unpack('N', substr $digest, ord(substr $digest, -1) & 15, 4) & 0x7fffffff) % 1_000_000;
}

# nothing secret in any log; runs after the block's drive
Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, undef, $req_idx) = @_;
    return if !defined $block->drive || $req_idx;
    my $logs = logs();
    like $logs, qr/\[debug\]/, $block->name . ': at debug level';
    my @keys = map { sim('/_sim/users', { user => $_ })->{session_key} // () } @users;
    my %secret = (
        (map { $_ => 'a code' } @codes), (map { $_ => 'a session_key' } @keys), (map { $_ => 'a token' } @secrets),
        'correct horse battery' => 'a password', 'wrong horse battery' => 'a wrong password', 'a new long password' => 'a new password',
        $TOTP => 'a TOTP secret', app_secret() => 'the AppSecret', jwt_key() => 'the key of tokens', 'a5' x 32 => 'the seal key',
    );
    is join(', ', sort map { $secret{$_} } grep { index($logs, $_) >= 0 } keys %secret), '', $block->name . ': no secret in the logs';
});

run_tests();

# what the documentation says there is
{
    open my $fh, '<', WXApp::top() . '/docs/directives.md' or die $!;
    my $text = do { local $/; <$fh> };
    my @words = map { s/\./_/r } $text =~ /^\| `((?:login|auth|password|session|sign)\.\w+)` \|/mg;
    cmp_ok scalar @words, '>', 30, 'words are documented';
    my %quiet = map { $_ => 1 } qw(auth_passed sign_passed);
    is_deeply [grep { !$seen{$_} && !$quiet{$_} } @words], [], 'each was seen in the log';
    my %known = map { $_ => 1 } @words;
    is_deeply [grep { !$known{$_} } sort keys %seen], [], 'and no other';
}

__DATA__

=== TEST 1: a login
--- drive
my $reply = login('u1');
event($reply, 'login_ok', $reply->{json}{user}{id});
my $line = line_of($reply);
is $line->{app}, appid(), 'its app';
is $line->{user_id}, '', 'the token came later';



=== TEST 2: logins that WeChat refuses
--- drive
event(fails(40029), 'login_refused');
event(fails(40226), 'login_blocked');
event(fails(45011), 'login_limited');
event(fails(-1), 'login_upstream');
event(fails(40013), 'login_upstream');



=== TEST 3: logins with codes that are none
--- drive
event(post('/login', '{}'), 'login_refused');
event(post('/login', '{"code":"a b"}'), 'login_refused');



=== TEST 4: a disabled user is named
--- drive
my $id = login('u4')->{json}{user}{id};
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $id);
event(login('u4'), 'login_blocked', $id);



=== TEST 5: WeChat does not answer
--- config eval
my $up = main::wxapp_upstream();
$up =~ s{/_wx/}{/_slow/};
$up =~ s{proxy_read_timeout +2s}{proxy_read_timeout 200ms};
$up
--- http_config eval: my $h = main::audited(); $h =~ s{api +/_wx/}{api /_slow/}; $h
--- drive
sim('/_sim/next', { mode => 'slow', ms => 600 });
event(login('u5'), 'login_timeout');



=== TEST 6: Redis is away: logins, sessions, refreshes, signatures and passwords
--- http_config eval: main::audited(%main::AWAY)
--- drive
ok wait_until { logs() =~ /redis 127\.0\.0\.1:1/ }, 'not there';
event(login('u6'), 'login_failed');
event(as('/me'), 'auth_error', 41);
event(as('/me/allow'), 'auth_bypassed', 41);
event(signed(), 'sign_error', 41);
event(refresh('41.' . 'a' x 86), 'session_failed');
event(password('ada', 'correct horse battery'), 'password_failed', 7);



=== TEST 7: access that is refused
--- drive
event(get('/admin'), 'auth_missing');
event(get('/admin', bearer(make_token(sub => 41, -ttl => -100))), 'auth_invalid');
event(as('/admin', role => 'user'), 'auth_forbidden', 41);
event(as('/fresh', auth_time => \(time - 1000)), 'auth_step_up', 41);
event(as('/me'), 'auth_ended', 41);
event(get('/dry'), 'auth_dry_run');



=== TEST 8: access that is let in is no event
--- drive
no_event(as('/admin', role => 'admin'), 'a role');
no_event(get('/none'), 'an error');
cmp_ok status_of('auth')->{passed}, '>', 0, 'counted all the same';



=== TEST 9: a role that a resource does not let in
--- drive
event(as('/row?limit=1', role => 'user'), 'auth_forbidden', 41);



=== TEST 10: a user that is any text is told as JSON
--- drive
my $uid = qq{a"b\\c\n\x{7f}};
event(as('/admin', sub => $uid, role => 'user'), 'auth_forbidden', $uid);



=== TEST 11: passwords
--- drive
event(password('ada', 'correct horse battery'), 'password_ok', 7);
event(password('nobody', 'wrong horse battery'), 'password_refused');
event(password('ada', 'wrong horse battery'), 'password_refused', 7);
event(password('ada', 'wrong horse battery'), 'password_refused', 7);
event(password('ada', 'correct horse battery'), 'password_locked', 7);
event(post('/unlock', { username => 'ada' }, bearer(make_token(sub => 41))), 'password_unlocked', 41);
event(password('ada', 'correct horse battery'), 'password_ok', 7);



=== TEST 12: one-time passwords
--- drive
my $step = int(time / 30);
push @main::secrets, my $code = otp($step);
event(password('otto', 'correct horse battery', otp => otp($step - 1000)), 'password_otp', 8);
event(password('otto', 'correct horse battery', otp => $code), 'password_ok', 8);



=== TEST 13: a new password
--- drive
my $json = { password => 'correct horse battery', new_password => 'a new long password' };
event(post('/set', $json, bearer(make_token(sub => 7))), 'password_changed', 7);



=== TEST 14: refresh tokens: used, wrong, used again
--- drive
my $reply = login('u14');
my ($id, $token) = ($reply->{json}{user}{id}, $reply->{json}{refresh_token});
$reply = refresh($token);
event($reply, 'session_refreshed', $id);
event(refresh("$id." . 'a' x 86), 'session_refused');
$reply = refresh($reply->{json}{refresh_token});
event($reply, 'session_refreshed', $id);
pause(1.1);
event(refresh($token), 'session_reused', $id);



=== TEST 15: the end of sessions
--- drive
my ($one, $two) = map { login('u15')->{json} } 1 .. 2;
my $id = $one->{user}{id};
event(http('POST', '/logout/this', undef, bearer($one->{access_token})), 'session_logout', $id);
event(http('POST', '/logout/all', undef, bearer($two->{access_token})), 'session_logout_all', $id);



=== TEST 16: signatures
--- drive
no_event(signed(nonce => 'n' x 16 . $$), 'a good one');
event(signed(nonce => 'n' x 16 . $$), 'sign_replayed', 41);
event(signed(mac => '0' x 64), 'sign_refused', 41);
event(get('/sign'), 'sign_refused');
