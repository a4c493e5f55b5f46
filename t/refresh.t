# wxapp_refresh: one refresh token for the next, and what happens to those who show an old one.
# After every block the logs, at debug level, are searched for the refresh tokens.

use lib 't/lib';
use WXApp;
use WXDrive;
use Encode ();
use Digest::SHA qw(sha256 hmac_sha256);
use MIME::Base64 qw(decode_base64url encode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

our @tokens;        # of the block

add_block_preprocessor(sub {
    my ($block) = @_;
    return if !defined $block->drive;
    @tokens = ();
    redis_cmd('DEL', $_) for @{ redis_cmd('KEYS', redis_prefix() . '*') };
    my $token = wxapp_token('refresh 30d ' . ($block->grace // '') . ';');
    my %http  = (token => $token, $block->http ? eval $block->http : ());
    $block->set_value(http_config => wxapp_http(%http)) if !defined $block->http_config;
    my $config = $block->config // '';
    $config .= wxapp_upstream();
    $config .= "location = /login { wxapp_login; }\n"     if $config !~ m{/login\b};
    $config .= "location = /refresh { wxapp_refresh; }\n" if $config !~ m{/refresh\b};
    $block->set_value(config => $config);
});

sub login {
    my ($user) = @_;
    my $r = post('/login', { code => fresh_code($user) });
    is $r->{status}, 200, "$WXDrive::in: login" or diag $r->{body};
    push @tokens, $r->{json}{refresh_token};
    return $r->{json};
}

sub refresh {
    my ($token, %o) = @_;
    my $r = post($o{path} // '/refresh', { grant_type => 'refresh_token', refresh_token => $token }, %o);
    push @tokens, $r->{json}{refresh_token} if $r->{json}{refresh_token};
    return $r;
}

# a body of any type: begin() says that its body is JSON
sub typed {
    my ($type, $body) = @_;
    my $socket = connection();
    my @type = defined $type ? "Content-Type: $type" : ();
    syswrite $socket, join "\r\n", 'POST /refresh HTTP/1.1', 'Host: localhost', 'Connection: close', @type,
        'Content-Length: ' . length $body, '', $body;
    my $r = finish({ socket => $socket, buffer => '', at => time });
    push @tokens, $r->{json}{refresh_token} if $r->{json}{refresh_token};
    return $r;
}

sub form { my ($body) = @_; return typed('application/x-www-form-urlencoded', $body) }

sub refreshed {
    my ($token, $what, %o) = @_;
    my $r = refresh($token, %o);
    is $r->{status}, 200, "$WXDrive::in: " . ($what // 'refreshed') or diag $r->{body};
    return $r->{json};
}

sub refused {
    my ($r, $what, $status, $word) = @_;
    ($status, $word) = ($status // 400, $word // 'invalid_grant');
    is $r->{status}, $status, "$WXDrive::in: $what";
    is $r->{headers}{'content-type'}, 'application/problem+json', "$WXDrive::in: $what: problem";
    is $r->{json}{$_}, $word, "$WXDrive::in: $what: $_" for qw(error code);
    like $r->{json}{error_description}, qr/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, "$WXDrive::in: $what: described";
    is $r->{headers}{'cache-control'}, 'no-store', "$WXDrive::in: $what: not stored";
    is $r->{headers}{pragma}, 'no-cache', "$WXDrive::in: $what: not cached";
    unlike $r->{body}, qr/access_token|"token"/, "$WXDrive::in: $what: no token";
    return;
}

sub claims_of {
    my ($json) = @_;
    return JSON::PP::decode_json(decode_base64url((split /\./, $json->{access_token})[1]));
}

sub key_of { my ($json) = @_; return redis_prefix() . "session:{$json->{user}{id}}" }

# the words of the session in Redis
sub field_of {
    my ($json, $id) = @_;
    my $value = redis_cmd('HGET', key_of($json), $id // claims_of($json)->{sid});
    return if !defined $value;
    my %f;
    @f{qw(expires seen until family secret grace json)} = split / /, $value, 7;
    return \%f;
}

# changes words of the session in Redis
sub change {
    my ($json, %new) = @_;
    my $f = { %{ field_of($json) }, %new };
    redis_cmd('HSET', key_of($json), claims_of($json)->{sid}, join ' ', @$f{qw(expires seen until family secret grace json)});
    return;
}

# the bytes of a refresh token: SID, FAMILY, SECRET
sub bytes_of { my ($token) = @_; return unpack 'a16 a16 a32', decode_base64url((split /\./, $token)[1]) }

sub logged {
    my ($pattern) = @_;
    ok scalar(wait_until { logs() =~ $pattern } 2), "$WXDrive::in: logged $pattern";
    return;
}

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    return if !defined $block->drive;
    my $logs = logs();
    my @found = grep { index($logs, (split /\./, $_)[1]) >= 0 } @tokens;
    is scalar @found, 0, $block->name . ' - no refresh token in the logs';
});

# a session as a login would have made it, of a user id that is any text; its refresh token
sub make_session {
    my ($uid, %o) = @_;
    my $sid = 'S' x 16;
    my ($family, $secret) = ('F' x 16, $o{bytes} // 'T' x 32);
    my $now = now_ms();
    my $value = join ' ', $o{expires} // $now + 60_000, $now, $o{until} // $now + 60_000,
        encode_base64url(sha256($family)), encode_base64url(sha256($secret)), '-', $o{json} // '{"role":"was"}';
    redis_cmd('HSET', redis_prefix() . "session:{$uid}", encode_base64url($sid), $value);
    my $token = ($uid =~ /^[\w-]+$/a ? $uid : '~' . encode_base64url($uid)) . '.' . encode_base64url("$sid$family$secret");
    push @tokens, $token;
    return $token;
}

# wxapp_redis {} behind a proxy with faults
sub redis_behind {
    my (@fault) = @_;
    our $proxy = fault_proxy(to => $ENV{WXAPP_REDIS_SOCKET}, @fault);
    return wxapp_redis() =~ s/server\s+\K[^;]+/127.0.0.1:$proxy->{port}/r;
}

sub now_ms { my $t = redis_cmd('TIME'); return $t->[0] * 1000 + int($t->[1] / 1000) }

sub within { my ($n, $wanted, $what) = @_; ok abs($n - $wanted) < 3000, "$WXDrive::in: $what" or diag "$n, not $wanted"; return }

run_tests();

__DATA__

=== TEST 1: a login gives a refresh token, of which Redis has only hashes
--- drive
my $json = login('a');
like $json->{refresh_token}, qr/^$json->{user}{id}\.[\w-]{86}$/;
is $json->{refresh_expires_in}, 30 * 86400;
my ($sid, $family, $secret) = bytes_of($json->{refresh_token});
is encode_base64url($sid), claims_of($json)->{sid}, 'its session';
my $f = field_of($json);
is $f->{family}, encode_base64url(sha256($family));
is $f->{secret}, encode_base64url(sha256($secret));
is $f->{grace}, '-';



=== TEST 2: a refresh gives new tokens of the same session
--- drive
my $json = login('a');
my $old = claims_of($json);
my $r = refresh($json->{refresh_token});
is $r->{status}, 200 or diag $r->{body};
is $r->{headers}{'cache-control'}, 'no-store';
is $r->{headers}{pragma}, 'no-cache';
my $new = claims_of($r->{json});
isnt $new->{jti}, $old->{jti}, 'another access token';
is_deeply $new->{$_}, $old->{$_}, $_ for qw(sub openid role sid auth_time amr);
is $r->{json}{token_type}, 'Bearer';
is $r->{json}{expires_in}, 3600;
isnt $r->{json}{refresh_token}, $json->{refresh_token};
is $r->{json}{user}, undef;
my ($sid, $family, $secret) = bytes_of($json->{refresh_token});
my ($sid2, $family2, $secret2) = bytes_of($r->{json}{refresh_token});
is $sid2, $sid;
is $family2, $family;
isnt $secret2, $secret;
is field_of($json)->{secret}, encode_base64url(sha256($secret2)), 'the new hash';
is status_of('session')->{refreshed}, 1;



=== TEST 3: the same token within the grace gives the same next one
--- drive
my $json = login('a');
my $next = refreshed($json->{refresh_token})->{refresh_token};
is refreshed($json->{refresh_token}, "try $_")->{refresh_token}, $next for 1 .. 3;
my ($sid, $family, $secret) = bytes_of($json->{refresh_token});
my ($hash, $nonce, $until) = split /:/, field_of($json)->{grace};
is encode_base64url(sha256($secret)), $hash;
is encode_base64url(hmac_sha256($nonce, $secret)), encode_base64url((bytes_of($next))[2]), 'made of the old and the nonce';



=== TEST 4: ten at once get one next token
--- drive
my $json = login('a');
my $body = JSON::PP::encode_json({ grant_type => 'refresh_token', refresh_token => $json->{refresh_token} });
my @h = map { begin('POST', '/refresh', $body) } 1 .. 10;
my %next = map { my $r = finish($_); $r->{status} == 200 ? ($r->{json}{refresh_token} => 1) : ($r->{body} => 1) } @h;
is scalar keys %next, 1 or diag join "\n", keys %next;
refreshed(keys %next);



=== TEST 5: reuse after the grace ends the session
--- grace: grace=0
--- drive
my $json = login('a');
my $next = refreshed($json->{refresh_token});
refused(refresh($json->{refresh_token}), 'the old one');
is redis_cmd('EXISTS', key_of($json)), 0, 'the session is gone';
refused(refresh($next->{refresh_token}), 'the newest one');
is status_of('session')->{reused}, 1;
is status_of('session')->{refused}, 1;
logged(qr/\[warn\][^\n]*an old refresh token of user "$json->{user}{id}" was used again, the session has ended/);



=== TEST 6: each token of a chain within the grace gives the one after it
--- drive
my $json = login('a');
my @chain = ($json->{refresh_token});
push @chain, refreshed($chain[-1])->{refresh_token} for 1 .. 5;
is refreshed($chain[$_])->{refresh_token}, $chain[$_ + 1], "the one after $_" for 0 .. 4;
is scalar(split /,/, field_of($json)->{grace}), 5, 'no exchange more';
is status_of('session')->{reused}, 0;



=== TEST 7: eight exchanges are remembered, the ninth last one is reuse
--- drive
my $json = login('a');
my @chain = ($json->{refresh_token});
push @chain, refreshed($chain[-1])->{refresh_token} for 1 .. 9;
is refreshed($chain[1])->{refresh_token}, $chain[2], 'the eighth last';
is scalar(split /,/, field_of($json)->{grace}), 8;
refused(refresh($chain[0]), 'the ninth last');
is field_of($json), undef;



=== TEST 8: the grace ends
--- grace: grace=1s
--- drive
my $json = login('a');
my $next = refreshed($json->{refresh_token})->{refresh_token};
my ($hash, $nonce, $until) = split /:/, field_of($json)->{grace};
within($until, now_ms() + 1000, 'in a second');
is refreshed($json->{refresh_token})->{refresh_token}, $next;
change($json, grace => "$hash:$nonce:" . now_ms());
refused(refresh($json->{refresh_token}), 'at its end');
is field_of($json), undef;



=== TEST 9: what was exchanged before the grace is forgotten with the next exchange
--- drive
my $json = login('a');
my $next = refreshed($json->{refresh_token})->{refresh_token};
my ($hash, $nonce) = split /:/, field_of($json)->{grace};
change($json, grace => "$hash:$nonce:" . (now_ms() - 1));
refreshed($next);
is scalar(split /,/, field_of($json)->{grace}), 1;
unlike field_of($json)->{grace}, qr/\Q$hash\E/;



=== TEST 10: who does not know the family cannot end the session
--- drive
my $json = login('a');
my ($sid, $family, $secret) = bytes_of($json->{refresh_token});
my $uid = $json->{user}{id};
my $forged = sub { return refresh("$uid." . encode_base64url(join '', @_)) };
refused($forged->($sid, 'x' x 16, $secret), 'another family');
refused($forged->($sid, 'x' x 16, 'x' x 32), 'guessed');
refused($forged->('x' x 16, $family, $secret), 'another session');
refused(refresh('999999.' . encode_base64url("$sid$family$secret")), 'another user');
is status_of('session')->{refused}, 4;
is status_of('session')->{reused}, 0;
refreshed($json->{refresh_token}, 'the real one');
refused($forged->($sid, $family, 'x' x 32), 'the family, but no secret of it');
is field_of($json), undef, 'ends it';



=== TEST 11: sessions of a user do not touch each other
--- grace: grace=0
--- drive
my ($one, $two) = (login('a'), login('a'));
refreshed($one->{refresh_token});
refused(refresh($one->{refresh_token}), 'reused');
is field_of($one), undef;
refreshed($two->{refresh_token});



=== TEST 12: a form, as RFC 6749 has it
--- drive
my $json = login('a');
my $r = form("grant_type=refresh_token&refresh_token=$json->{refresh_token}");
is $r->{status}, 200 or diag $r->{body};
$r = form("scope=x&refresh%5Ftoken=$r->{json}{refresh_token}&&grant_type=refresh%5ftoken&client_id=7");
is $r->{status}, 200, 'escaped, in another order, and with others';
is typed('application/x-www-form-urlencoded; charset=UTF-8', "grant_type=refresh_token&refresh_token=$r->{json}{refresh_token}")->{status}, 200;



=== TEST 13: JSON, also without a type
--- drive
my $json = login('a');
my $body = JSON::PP::encode_json({ refresh_token => $json->{refresh_token}, grant_type => 'refresh_token', scope => 'x' });
is typed($_, $body)->{status}, 200, $_ // 'none' for 'application/json', 'application/json; charset=utf-8', undef;



=== TEST 14: requests that are none
--- drive
my $json = login('a');
my $t = $json->{refresh_token};
my $bad = sub { my ($r, $what, $word) = @_; refused($r, $what, 400, $word // 'invalid_request') };
$bad->(form("refresh_token=$t"), 'no grant_type');
$bad->(form("grant_type=&refresh_token=$t"), 'an empty grant_type');
$bad->(form('grant_type=refresh_token'), 'no token');
$bad->(form('grant_type=refresh_token&refresh_token='), 'an empty token');
$bad->(form("grant_type=refresh_token&refresh_token=$t&refresh_token=$t"), 'two tokens');
$bad->(form("grant_type=refresh_token&refresh_token=$t&grant_type=password"), 'two grant_types');
$bad->(form("grant_type=refresh_token&refresh_token=%zz$t"), 'a broken escape');
$bad->(form(''), 'nothing');
$bad->(form("grant_type=$_&refresh_token=$t"), $_, 'unsupported_grant_type') for qw(password authorization_code refresh_tokens Refresh_Token);
$bad->(typed('application/json', $_), $_) for '', '{', '[]', '"x"', '{"grant_type":7}', qq({"grant_type":["refresh_token"],"refresh_token":"$t"}),
    qq({"grant_type":"refresh_token","refresh_token":"$t","refresh_token":"$t"}), qq({"grant_type":"refresh_token","refresh_token":null});
$bad->(typed('text/plain', "grant_type=refresh_token&refresh_token=$t"), 'another type');
refused(post("/refresh?grant_type=refresh_token&refresh_token=x", '{}'), 'in the query', 400, 'invalid_request');
is status_of('session')->{refreshed}, 0;
refreshed($t, 'and then a good one');



=== TEST 15: other methods
--- drive
for my $method (qw(GET PUT DELETE)) {
    my $r = http($method, '/refresh');
    refused($r, $method, 405, 'method_not_allowed');
    is $r->{headers}{allow}, 'POST';
}



=== TEST 16: a body that is too large
--- drive
refused(form('refresh_token=' . 'x' x 2_000_000), 'two megabytes', 413, 'body_too_large');



=== TEST 17: hostile tokens are no tokens
--- drive
my $json = login('a');
my ($uid, $text) = split /\./, $json->{refresh_token};
my $zero = "\0" x 64;
for ('x', '.', "$uid.", ".$text", $text, "$uid.$text.", "$uid..$text", "$uid.${text}x", "$uid." . substr($text, 1), "$uid." . ' ' x 86,
     "$uid." . '=' x 86, "$uid." . '+' x 86, "$uid.\x00" . substr($text, 1), "$uid\x00.$text", "~.$text", "~~.$text", "~x.$text", "~$uid=.$text",
     "$uid .$text", "$uid}.$text", "\xc3\xa9.$text", "$uid\r\nDEL x.$text", '9' x 300 . ".$text", 'x' x 100_000, '~' . 'A' x 412 . ".$text",
     '~' . 'A' x 424 . ".$text")
{
    refused(refresh(Encode::decode('latin1', $_)), substr $_, 0, 40);
}
is status_of('session')->{failed}, 0;
refreshed($json->{refresh_token}, 'the real one');



=== TEST 18: a user id that is any text is in the token as base64url
--- http: (app => undef, mysql => undef)
--- config
location = /login { return 404; }
--- drive
for my $uid ('a b', '{}', '~x', 'a.b', "\xe4\xb8\xad", "\r\nx", 'x' x 255, 'user-7_x') {
    my $token = make_session($uid);
    my $next = refreshed($token, $uid);
    is claims_of($next)->{sub}, Encode::decode('UTF-8', my $bytes = $uid);
    is claims_of($next)->{role}, 'was', 'without MySQL the role of the session';
    is((split /\./, $next->{refresh_token})[0], (split /\./, $token)[0]);
    refreshed($next->{refresh_token});
}



=== TEST 19: who was disabled is logged out
--- drive
my ($one, $two) = (login('gone'), login('gone'));
mysql_query('UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = ?', $one->{user}{id});
refused(refresh($one->{refresh_token}), 'disabled');
is field_of($one), undef, 'the session has ended';
isnt field_of($two), undef, 'the other one when it is used';
mysql_query('UPDATE users SET deleted_at = NULL WHERE id = ?', $one->{user}{id});
refused(refresh($one->{refresh_token}), 'and stays so');
is status_of('session')->{refused}, 2;



=== TEST 20: who is gone is logged out
--- drive
my $token = make_session('999999');
refused(refresh($token), 'gone');
is redis_cmd('EXISTS', redis_prefix() . 'session:{999999}'), 0;



=== TEST 21: a role that was changed is in the next token and in the session
--- drive
my $json = login('promoted');
mysql_query("UPDATE users SET role = 'admin' WHERE id = ?", $json->{user}{id});
my $next = refreshed($json->{refresh_token});
is claims_of($next)->{role}, 'admin';
is JSON::PP::decode_json(field_of($json)->{json})->{role}, 'admin';



=== TEST 22: a statement of one's own
--- config
location = /refresh/own  { wxapp_refresh "SELECT CONCAT('r', id) FROM users WHERE id = ?"; }
location = /refresh/null { wxapp_refresh "SELECT NULL, NULL FROM users WHERE id = ?"; }
location = /refresh/off  { wxapp_refresh "SELECT role, 'yes' FROM users WHERE id = ?"; }
--- drive
my $json = login('a');
my $own = refreshed($json->{refresh_token}, 'own', path => '/refresh/own');
is claims_of($own)->{role}, 'r' . $json->{user}{id};
my $null = refreshed($own->{refresh_token}, 'null', path => '/refresh/null');
ok !exists claims_of($null)->{role};
refused(refresh($null->{refresh_token}, path => '/refresh/off'), 'off');
is field_of($json), undef;



=== TEST 23: what a session knows is in its tokens for good
--- drive
my $json = login('a');
my $data = { %{ JSON::PP::decode_json(field_of($json)->{json}) }, unionid => 'U', app => 'shop', amr => 'pwd otp', auth_time => 1700000000,
    mfa_time => 1700000001, claims => '{"scope":"a b","level":3,"list":[1,{"x":null}],"sub":"0","exp":1,"sid":"x","iss":"y","":1}' };
change($json, json => JSON::PP::encode_json($data));
my $next = refreshed($json->{refresh_token});
$next = refreshed($next->{refresh_token});
my $claims = claims_of($next);
is $claims->{unionid}, 'U';
is $claims->{app}, 'shop';
is_deeply $claims->{amr}, ['pwd', 'otp'];
is $claims->{auth_time}, 1700000000;
is $claims->{mfa_time}, 1700000001;
is $claims->{scope}, 'a b';
is $claims->{level}, 3;
is_deeply $claims->{list}, [1, { x => undef }];
is $claims->{sub}, $json->{user}{id};
is $claims->{iss}, 'shop.example.com';
is $claims->{sid}, claims_of($json)->{sid};
ok $claims->{exp} > time;
is_deeply JSON::PP::decode_json(field_of($json)->{json}), $data;



=== TEST 24: a refresh moves a sliding session on
--- http: (extra => "wxapp_session { ttl 40d; }\n")
--- drive
my $json = login('a');
is $json->{refresh_expires_in}, 30 * 86400, 'no longer than the token';
change($json, expires => now_ms() + 60_000, until => now_ms() + 60_000);
redis_cmd('PEXPIRE', key_of($json), 60_000);
my $next = refreshed($json->{refresh_token});
is $next->{refresh_expires_in}, 30 * 86400;
within(field_of($json)->{expires}, now_ms() + 40 * 86400_000, 'the session');
within(field_of($json)->{until}, now_ms() + 30 * 86400_000, 'the token');
within(redis_cmd('PTTL', key_of($json)), 40 * 86400_000, 'the key');



=== TEST 25: a fixed session ends when it was to end
--- http: (extra => "wxapp_session { ttl 10d fixed; }\n")
--- drive
my $json = login('a');
is $json->{refresh_expires_in}, 10 * 86400, 'no longer than the session';
my $end = now_ms() + 60_000;
change($json, expires => $end);
my $next = refreshed($json->{refresh_token});
within($next->{refresh_expires_in} * 1000, 60_000, 'the rest');
is field_of($json)->{expires}, $end;
change($json, expires => now_ms());
refused(refresh($next->{refresh_token}), 'at its end');
is status_of('session')->{reused}, 0;



=== TEST 26: a refresh token that was not used in time
--- drive
my $json = login('a');
change($json, until => now_ms());
refused(refresh($json->{refresh_token}), 'expired');
isnt field_of($json), undef, 'the session lives';
change($json, until => now_ms() + 2000);
refreshed($json->{refresh_token}, 'just before');



=== TEST 27: a session that was ended, or pushed out, refreshes no more
--- http: (extra => "wxapp_session { max 1; }\n")
--- config
location = /logout { wxapp_logout; }
--- drive
my $one = login('a');
my $two = login('a');
refused(refresh($one->{refresh_token}), 'pushed out');
my $next = refreshed($two->{refresh_token});
is http('POST', '/logout', undef, headers => ["Authorization: Bearer $next->{access_token}"])->{status}, 204;
refused(refresh($next->{refresh_token}), 'logged out');
refused(refresh($two->{refresh_token}), 'within the grace, too');



=== TEST 28: without MySQL the token is not spent
--- http: (app => undef, mysql => "wxapp_mysql { primary unix:/nonexistent.sock; database x; user x; timeout connect=100ms; }\n")
--- config
location = /login { return 404; }
--- drive
my $token = make_session('7');
my $before = redis_cmd('HGETALL', redis_prefix() . 'session:{7}');
my $r = refresh($token);
refused($r, 'MySQL is away', 503, 'database_unavailable');
is $r->{headers}{'retry-after'}, 1;
is_deeply redis_cmd('HGETALL', redis_prefix() . 'session:{7}'), $before;
is status_of('session')->{failed}, 1;



=== TEST 29: nobody makes MySQL work with a token that is not of a session
--- http: (app => undef, mysql => "wxapp_mysql { primary unix:/nonexistent.sock; database x; user x; timeout connect=100ms; }\n")
--- config
location = /login { return 404; }
--- drive
my ($uid, $text) = split /\./, make_session('7');
refused(refresh("8.$text"), 'another user');
refused(refresh("7." . encode_base64url('S' x 16 . 'x' x 48)), 'another family');



=== TEST 30: without Redis
--- http: (app => undef, mysql => undef, redis => "wxapp_redis { server unix:/nonexistent.sock; }\n")
--- config
location = /login { return 404; }
--- drive
my $r = refresh('7.' . 'A' x 86);
refused($r, 'Redis is away', 503, 'session_unavailable');
is $r->{headers}{'retry-after'}, 1;
is status_of('session')->{failed}, 1;



=== TEST 31: an answer that was lost is given again
--- http: (app => undef, mysql => undef, redis => redis_behind(mode => 'word', word => qr/EVAL.*lose me/s, late => 1, times => 1))
--- config
location = /login { return 404; }
--- drive
refreshed(make_session('6'), 'the scripts are there');
my $token = make_session('7', json => '{"role":"lose me"}');
refused(refresh($token), 'no answer', 503, 'session_unavailable');
my ($hash, $nonce) = split /:/, (split / /, redis_cmd('HGET', redis_prefix() . 'session:{7}', encode_base64url('S' x 16)))[5];
my $next = refreshed($token, 'again')->{refresh_token};
is encode_base64url((bytes_of($next))[2]), encode_base64url(hmac_sha256($nonce, 'T' x 32)), 'what had been exchanged';
refreshed($next);
fault_stop($main::proxy);



=== TEST 32: another thing under the key
--- drive
my $json = login('a');
redis_cmd('DEL', key_of($json));
redis_cmd('SET', key_of($json), 'mine');
refused(refresh($json->{refresh_token}), 'a string', 503, 'session_unavailable');
is redis_cmd('GET', key_of($json)), 'mine';



=== TEST 33: a field that is none of ours
--- drive
my $json = login('a');
for ('', 'x', '1 2 3 4', field_of($json)->{expires} . ' x') {
    redis_cmd('HSET', key_of($json), claims_of($json)->{sid}, $_);
    refused(refresh($json->{refresh_token}), "\"$_\"");
}



=== TEST 34: Redis forgot the scripts
--- drive
my $json = login('a');
my $next = refreshed($json->{refresh_token});
redis_cmd('SCRIPT', 'FLUSH');
$next = refreshed($next->{refresh_token});
redis_cmd('SCRIPT', 'FLUSH');
login('a');
refreshed($next->{refresh_token});



=== TEST 35: a client that goes away loses nothing
--- drive
my $json = login('a');
my $body = JSON::PP::encode_json({ grant_type => 'refresh_token', refresh_token => $json->{refresh_token} });
abandon(begin('POST', '/refresh', $body)) for 1 .. 10;
my $next = refreshed($json->{refresh_token});
is refreshed($json->{refresh_token})->{refresh_token}, $next->{refresh_token};
ok scalar wait_until { status_of('redis')->{pending} == 0 };



=== TEST 36: ten at once by two workers get one next token
--- workers: 2
--- drive
my $json = login('a');
for my $round (1 .. 5) {
    my $body = JSON::PP::encode_json({ grant_type => 'refresh_token', refresh_token => $json->{refresh_token} });
    my @r = map { finish($_) } map { begin('POST', '/refresh', $body) } 1 .. 10;
    is scalar(grep { $_->{status} == 200 } @r), 10, "round $round";
    my %next = map { ($_->{json}{refresh_token} // '') => 1 } @r;
    is scalar keys %next, 1, 'one next token';
    push @main::tokens, keys %next;
    $json = { %$json, refresh_token => keys %next };
}
is status_of('session')->{refreshed}, 50;



=== TEST 37: the order of a refresh and a logout is that of Redis
--- config
location = /logout { wxapp_logout; }
--- drive
my $json = login('a');
my $body = JSON::PP::encode_json({ grant_type => 'refresh_token', refresh_token => $json->{refresh_token} });
my @h = map { begin('POST', '/refresh', $body) } 1 .. 5;
is http('POST', '/logout', undef, headers => ["Authorization: Bearer $json->{access_token}"])->{status}, 204;
finish($_) for @h;
is field_of($json), undef, 'what ended does not come back';



=== TEST 38: a session made before there were refresh tokens has none
--- drive
my $json = login('a');
change($json, family => '-', secret => '-', until => 0);
refused(refresh($json->{refresh_token}), 'none');
isnt field_of($json), undef;



=== TEST 39: a refresh asks for no access token, and minds no bad one
--- drive
my $json = login('a');
refreshed($json->{refresh_token}, 'with a bad one', headers => ['Authorization: Bearer x.y.z']);



=== TEST 40: wxapp_refresh needs refresh tokens
--- config
location /x { wxapp_refresh; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_refresh" needs "refresh in wxapp_token" in [^\n]+:\d+/



=== TEST 41: a statement needs MySQL
--- http_config eval: WXApp::wxapp_http(app => undef, mysql => undef, token => WXApp::wxapp_token('refresh 1d;'))
--- config
location /x { wxapp_refresh "SELECT 1 WHERE 1 = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"wxapp_refresh" needs "wxapp_mysql" in [^\n]+:\d+/



=== TEST 42: a statement has one parameter
--- config
location /x { wxapp_refresh "SELECT role FROM users"; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"SELECT role FROM users" must read by one "\?", the user's id in [^\n]+:\d+/



=== TEST 43: a statement only reads
--- config
location /x { wxapp_refresh "UPDATE users SET role = 'x' WHERE id = ?"; }
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*must read by one "\?", the user's id in [^\n]+:\d+/



=== TEST 44: refresh tokens need Redis
--- http_config eval: WXApp::wxapp_http(redis => undef, token => WXApp::wxapp_token('refresh 1d;'))
--- config
--- must_die
--- error_log eval
qr/\[emerg\][^\n]*"refresh"[^\n]*needs "wxapp_redis"/
