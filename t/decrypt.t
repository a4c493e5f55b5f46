# wxapp_decrypt, wxapp_signature: what WeChat encrypts and signs with a session_key.
# After every block the logs, at debug level, are searched for session keys and plain texts.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXData;
use MIME::Base64 qw(decode_base64 encode_base64);

repeat_each(1);
no_long_string();
plan 'no_plan';

our $KEY  = 'EBESExQVFhcYGRobHB0eHw==';
our $NEXT = 'ICEiIyQlJicoKSorLC0uLw==';
our $LAST = 'MDEyMzQ1Njc4OTo7PD0+Pw==';

# what WXBizDataCrypt comes with
our $OFFICIAL_KEY = 'tiihtNczf5v6AKRyjwEUhQ==';
our $OFFICIAL     = {
    iv            => 'r7BXXKkLb8qrSNn05n0qiA==',
    encryptedData => join '', split ' ', <<'E',
CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz
6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz
/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1p
JAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO
0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==
E
};

# a second app with the appid of those data, beside this file's own
sub official_app {
    my $secret = WXApp::env('WXAPP_APP_SECRET_FILE');
    return "wxapp_app official { appid wx4f4bc4dec97d474b; secret_file $secret; api /_wx/; }\n";
}

# 400 data_malformed of what a client gives, and Redis is not asked
sub malformed {
    my ($path, $json, $what) = @_;
    my $before = status_of('redis')->{commands};
    is_problem(ask($path, make_token(sub => 7), $json), 400, 'data_malformed', $what);
    is status_of('redis')->{commands}, $before, "$WXDrive::in: $what: Redis was not asked";
    return;
}

sub expired {
    my ($reply, $what) = @_;
    $what //= 'expired';
    is_problem($reply, 401, 'session_key_expired', $what);
    is $reply->{headers}{'www-authenticate'}, 'Bearer', "$WXDrive::in: $what: challenge";
    delete @{ $reply->{json} }{qw(trace_id)};
    return join ',', map { "$_=$reply->{json}{$_}" } sort keys %{ $reply->{json} };
}

run_tests();

__DATA__

=== TEST 1: data of the user's session_key are decrypted, the watermark with them
--- drive
my $token = login_as('ann', $::KEY);
my $plain = watermark(0, phoneNumber => secret('13580006666'), name => "\x{4f60}");
utf8::encode($plain);
my $reply = ask('/decrypt', $token, encrypted($::KEY, $plain));
is $reply->{status}, 200, 'status';
is $reply->{body}, $plain, 'the plain text as it was';
is $reply->{headers}{'content-type'}, 'application/json', 'JSON';
is $reply->{headers}{'cache-control'}, 'no-store', 'not to be kept';
is status_of('data')->{ok}, 1, 'counted';



=== TEST 2: the data that WXBizDataCrypt comes with, of any age and of the app that the location names
--- wxapp eval: main::official_app()
--- config
location = /official { wxapp_decrypt app=official max_age=off; }
location = /own { wxapp_decrypt max_age=off; }
location = /fresh { wxapp_decrypt app=official; }
--- drive
my $token = login_as('ann', $::OFFICIAL_KEY, headers => ['Referer: https://servicewechat.com/' . appid() . '/1/page-frame.html']);
my $reply = ask('/official', $token, $::OFFICIAL);
is $reply->{status}, 200, 'status';
is $reply->{json}{openId}, 'oGZUI0egBJY1zhBYw2KhdUfwVJJE', 'openId';
is $reply->{json}{unionId}, 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA', 'unionId';
is $reply->{json}{watermark}{timestamp}, 1477314187, 'watermark';
secret('oGZUI0egBJY1zhBYw2KhdUfwVJJE');
is_problem(ask('/own', $token, $::OFFICIAL), 403, 'watermark_mismatch', 'of the own app');
is_problem(ask('/fresh', $token, $::OFFICIAL), 403, 'data_expired', 'five minutes');
is status_of('data')->{refused}, 2, 'counted';



=== TEST 3: without app= the app is that of the token
--- wxapp eval: main::official_app()
--- drive
login_as('ann', $::OFFICIAL_KEY, headers => ['Referer: https://servicewechat.com/' . appid() . '/1/page-frame.html']);
my $uid = uid('ann');
is ask('/old', make_token(sub => $uid, app => 'official'), $::OFFICIAL)->{status}, 200, 'of its app';
is_problem(ask('/old', make_token(sub => $uid, app => appid()), $::OFFICIAL), 403, 'watermark_mismatch', 'of another');
is_problem(ask('/old', make_token(sub => $uid), $::OFFICIAL), 403, 'watermark_mismatch', 'of none: the first');
is_problem(ask('/old', make_token(sub => $uid, app => 'gone'), $::OFFICIAL), 400, 'unknown_app', 'of one that is not here');



=== TEST 4: data that were made before the last login are decrypted by the session_key before
--- drive
my $token = login_as('ann', $::KEY);
my $data = encrypted($::KEY, watermark(0));
my $again = login_as('ann', $::NEXT);
is ask('/decrypt', $token, $data)->{status}, 200, 'by the key before';
is ask('/decrypt', $again, $data)->{status}, 200, 'with the new token, too';
is ask('/decrypt', $again, encrypted($::NEXT, watermark(0)))->{status}, 200, 'by the newest';



=== TEST 5: a login that brings the same session_key does not push out the one before
--- drive
login_as('ann', $::KEY);
my $data = encrypted($::KEY, watermark(0));
my $token = login_as('ann', $::NEXT);
login_as('ann', $::NEXT) for 1 .. 3;
is ask('/decrypt', $token, $data)->{status}, 200, 'status';



=== TEST 6: a session_key before the one before is gone: log in again
--- drive
login_as('ann', $::KEY);
my $data = encrypted($::KEY, watermark(0));
login_as('ann', $::NEXT);
my $token = login_as('ann', $::LAST);
expired(ask('/decrypt', $token, $data));
is status_of('data')->{refused}, 1, 'counted';



=== TEST 7: all that an old key can cause is one answer, which tells nothing of the plain text
--- drive
my $token = login_as('ann', $::KEY);
my $plain = watermark(0);
my $pad = 16 - length($plain) % 16;
my %wrong = (
    'another key'            => encrypted($::NEXT, $plain),
    'padding of zero'        => encrypted($::KEY, $plain, "\0" x $pad),
    'padding of 17'          => encrypted($::KEY, $plain, "\x11" x ($pad + 16)),
    'padding not all equal'  => encrypted($::KEY, $plain . ' ' x ($pad + 11), "\1\2\3\4\5"),
    'no padding'             => encrypted($::KEY, $plain . ' ' x $pad, ''),
    'no JSON'                => encrypted($::KEY, 'x' . $plain),
    'a list'                 => encrypted($::KEY, "[$plain]"),
    'a string'               => encrypted($::KEY, '"x"'),
    'nothing but padding'    => encrypted($::KEY, ''),
    'cut short'              => encrypted($::KEY, substr $plain, 0, 40),
    'two texts'              => encrypted($::KEY, $plain . $plain),
    'no UTF-8'               => encrypted($::KEY, "{\"a\":\"\xff\"}"),
    'a NUL'                  => encrypted($::KEY, "{\"a\":\"\0\"}"),
    'changed on the way'     => do {
        my $e = encrypted($::KEY, $plain);
        my $bytes = decode_base64($e->{encryptedData});
        substr $bytes, 20, 1, chr(ord(substr $bytes, 20, 1) ^ 1);
        +{ %$e, encryptedData => encode_base64($bytes, '') };
    },
);
my %answers = map { expired(ask('/decrypt', $token, $wrong{$_}), $_) => 1 } sort keys %wrong;
is scalar(keys %answers), 1, 'the same answer to all';



=== TEST 8: a user without a session_key gets that answer
--- drive
expired(ask('/decrypt', make_token(sub => 999), encrypted($::KEY, watermark(0))), 'decrypt');
expired(ask('/signature', make_token(sub => 999), { rawData => '{}', signature => '0' x 40 }), 'signature');



=== TEST 9: another user's session_key does not decrypt
--- drive
login_as('ann', $::KEY);
my $token = login_as('bob', $::NEXT);
expired(ask('/decrypt', $token, encrypted($::KEY, watermark(0))));



=== TEST 10: data of another app: watermark_mismatch; without a watermark, too
--- drive
my $token = login_as('ann', $::KEY);
my $n = 0;
for my $plain (watermark(0, appid => 'wx4f4bc4dec97d474b'), watermark(0, appid => ''), watermark(0, appid => appid() . '0'),
    '{}', '{"watermark":{}}', '{"watermark":null}', '{"watermark":{"appid":"' . appid() . '"}}',
    '{"watermark":{"appid":"' . appid() . '","timestamp":"now"}}', '{"appid":"' . appid() . '","timestamp":' . time . '}') {
    is_problem(ask('/decrypt', $token, encrypted($::KEY, $plain)), 403, 'watermark_mismatch', $n++);
}



=== TEST 11: data older than five minutes are refused, those of a clock that is ahead as much are not
--- drive
my $token = login_as('ann', $::KEY);
is ask('/decrypt', $token, encrypted($::KEY, watermark(270)))->{status}, 200, 'nearly five minutes';
is ask('/decrypt', $token, encrypted($::KEY, watermark(-270)))->{status}, 200, 'of the future';
is_problem(ask('/decrypt', $token, encrypted($::KEY, watermark(330))), 403, 'data_expired', 'more than that');
is_problem(ask('/decrypt', $token, encrypted($::KEY, watermark(-330))), 403, 'data_expired', 'far ahead');
is_problem(ask('/decrypt', $token, encrypted($::KEY, watermark(time + 5))), 403, 'data_expired', 'before 1970');
is ask('/old', $token, encrypted($::KEY, watermark(time)))->{status}, 200, 'max_age=off: of any age';



=== TEST 12: max_age says what is too old
--- config
location = /minute { wxapp_decrypt max_age=1m; }
location = /day { wxapp_decrypt max_age=1d; }
location = /zero { wxapp_decrypt max_age=0; }
--- drive
my $token = login_as('ann', $::KEY);
is ask('/minute', $token, encrypted($::KEY, watermark(40)))->{status}, 200, 'within a minute';
is_problem(ask('/minute', $token, encrypted($::KEY, watermark(80))), 403, 'data_expired', 'over a minute');
is ask('/day', $token, encrypted($::KEY, watermark(86000)))->{status}, 200, 'within a day';
is_problem(ask('/day', $token, encrypted($::KEY, watermark(86500))), 403, 'data_expired', 'over a day');
is ask('/zero', $token, encrypted($::KEY, watermark(86500)))->{status}, 200, '0 is off';



=== TEST 13: a "+" that became a space is malformed, as is any other base64 that is not what an encoder writes
--- drive
my $good = encrypted($::KEY, watermark(0));
malformed('/decrypt', { %$::OFFICIAL, encryptedData => $::OFFICIAL->{encryptedData} =~ tr/+/ /r }, 'a space');
malformed('/decrypt', { %$good, encryptedData => "$good->{encryptedData}\n" }, 'a line end');
malformed('/decrypt', { %$good, encryptedData => $good->{encryptedData} . 'A' x 4 }, 'more of it');
malformed('/decrypt', { %$good, encryptedData => '-_' . substr $good->{encryptedData}, 2 }, 'base64url');
malformed('/decrypt', { %$good, encryptedData => substr $good->{encryptedData}, 0, -1 }, 'cut short');
malformed('/decrypt', { %$good, iv => $good->{iv} =~ s/=+$//r }, 'iv without padding');
malformed('/decrypt', { %$good, iv => $good->{iv} =~ s/.==$/h==/r }, 'iv with bits that are of no byte');



=== TEST 14: lengths that AES does not have, and members that are missing or no strings
--- drive
my $good = encrypted($::KEY, watermark(0));
malformed('/decrypt', { %$good, encryptedData => '' }, 'no data');
malformed('/decrypt', { %$good, encryptedData => encode_base64('x' x 15, '') }, '15 bytes');
malformed('/decrypt', { %$good, encryptedData => encode_base64('x' x 33, '') }, '33 bytes');
malformed('/decrypt', { %$good, iv => '' }, 'no iv');
malformed('/decrypt', { %$good, iv => encode_base64('x' x 15, '') }, 'iv of 15 bytes');
malformed('/decrypt', { %$good, iv => encode_base64('x' x 17, '') }, 'iv of 17 bytes');
malformed('/decrypt', { iv => $good->{iv} }, 'data missing');
malformed('/decrypt', { encryptedData => $good->{encryptedData} }, 'iv missing');
malformed('/decrypt', { %$good, iv => undef }, 'iv null');
malformed('/decrypt', { %$good, encryptedData => [$good->{encryptedData}] }, 'data a list');
malformed('/decrypt', { %$good, encryptedData => 12345678 }, 'data a number');
malformed('/decrypt', '{}', 'nothing');
is status_of('data')->{refused}, 12, 'counted';



=== TEST 15: a body that is no JSON object, and other methods
--- drive
my $token = make_token(sub => 7);
for my $path (qw(/decrypt /signature)) {
    is_problem(ask($path, $token, ''), 400, 'body_missing', "$path empty");
    is_problem(ask($path, $token, 'iv=1'), 400, 'invalid_json', "$path a form");
    is_problem(ask($path, $token, '[]'), 400, 'invalid_json', "$path a list");
    my $reply = get($path, headers => ["Authorization: Bearer $token"]);
    is_problem($reply, 405, 'method_not_allowed', "$path GET");
    is $reply->{headers}{allow}, 'POST', "$path Allow";
}



=== TEST 16: without a valid token: 401, wherever wxapp_auth stands or not
--- config
location = /guarded { wxapp_auth on; wxapp_decrypt; }
--- drive
my $data = encrypted($::KEY, watermark(0));
for my $path (qw(/decrypt /guarded)) {
    is_problem(ask($path, undef, $data), 401, 'unauthorized', "$path none");
}
is_problem(ask('/decrypt', 'x.y.z', $data), 401, 'unauthorized', 'a bad one');
is_problem(ask('/decrypt', make_token(-ttl => -3600), $data), 401, 'unauthorized', 'an old one');
is_problem(ask('/signature', undef, { rawData => '{}', signature => '0' x 40 }), 401, 'unauthorized', 'signature');
login_as('ann', $::KEY);
my $uid = uid('ann');
is ask('/guarded', make_token(sub => $uid), $data)->{status}, 200, 'a good one';



=== TEST 17: the session_key lies in Redis sealed, under the name of its key
--- drive
login_as('ann', $::KEY);
my $uid = uid('ann');
my $kept = redis_cmd('GET', redis_prefix() . "session_key:$uid");
like $kept, qr/^[0-9a-f]{16}:v1\.k1\.[\w-]+$/, 'one';
is index($kept, substr $::KEY, 0, 8), -1, 'not plain';
my $ttl = redis_cmd('TTL', redis_prefix() . "session_key:$uid");
ok $ttl > 2591000 && $ttl <= 2592000, 'for 30 days';
login_as('ann', $::NEXT);
like redis_cmd('GET', redis_prefix() . "session_key:$uid"), qr/^\S+:v1\.k1\.\S+ \Q$kept\E$/, 'and the one before behind it';
login_as('ann', $::LAST);
unlike redis_cmd('GET', redis_prefix() . "session_key:$uid"), qr/\Q$kept\E/, 'never three';



=== TEST 18: a sealed session_key that is moved to another user is not opened, and the log says so
--- drive
my $token = login_as('ann', $::KEY);
my $uid = uid('ann');
my $name = redis_prefix() . 'session_key:';
redis_cmd('SET', "${name}4711", redis_cmd('GET', "$name$uid"));
expired(ask('/decrypt', make_token(sub => 4711), encrypted($::KEY, watermark(0))), 'moved');
is ask('/decrypt', $token, encrypted($::KEY, watermark(0)))->{status}, 200, 'its own';
--- error_log
a kept session key cannot be opened



=== TEST 19: what is in Redis and is none of ours is no key, and a login puts it right
--- drive
my $token = login_as('ann', $::KEY);
my $uid = uid('ann');
my $name = redis_prefix() . "session_key:$uid";
my $kept = redis_cmd('GET', $name);
my $data = encrypted($::KEY, watermark(0));
for my $value ($::KEY, '', ' ', ':', '0:v1.k1.', 'x:y z', '  ', "$::KEY $::KEY", substr($kept, 0, -2)) {
    redis_cmd('SET', $name, $value);
    expired(ask('/decrypt', $token, $data), "\"$value\"");
}
redis_cmd('SET', $name, $::KEY);
login_as('ann', $::KEY);
like redis_cmd('GET', $name), qr/^\S+:v1\.\S+$/, 'a plain key of an older version is gone';
is ask('/decrypt', $token, $data)->{status}, 200, 'decrypted';



=== TEST 20: one good key beside one that does not open is enough
--- drive
my $token = login_as('ann', $::KEY);
my $uid = uid('ann');
my $name = redis_prefix() . "session_key:$uid";
my $kept = redis_cmd('GET', $name);
my $data = encrypted($::KEY, watermark(0));
redis_cmd('SET', $name, "0123456789abcdef:v1.k1.AAAA $kept");
is ask('/decrypt', $token, $data)->{status}, 200, 'the second';
redis_cmd('SET', $name, "$kept 0123456789abcdef:v1.k9.AAAA");
is ask('/decrypt', $token, $data)->{status}, 200, 'the first';



=== TEST 21: Redis does not answer: 503, the client tries again
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n", extra => "wxapp_session { key k1 k1.key; }\n")
--- drive
for (['/decrypt', encrypted($::KEY, watermark(0))], ['/signature', { rawData => '{}', signature => '0' x 40 }]) {
    my ($path, $json) = @$_;
    my $reply = ask($path, make_token(sub => 7), $json);
    is_problem($reply, 503, 'session_unavailable', $path);
    is $reply->{headers}{'retry-after'}, 1, "$path: Retry-After";
}
is status_of('data')->{failed}, 2, 'counted';



=== TEST 22: rawData with its signature is told as JSON, byte by byte
--- drive
my $token = login_as('ann', $::KEY);
my $raw = '{"nickName":"Band", "city":"Gu\u00e9","n":[1,2]}';
my $reply = ask('/signature', $token, { rawData => $raw, signature => raw_signature($::KEY, $raw) });
is $reply->{status}, 200, 'status';
is $reply->{body}, $raw, 'as it was';
is $reply->{headers}{'content-type'}, 'application/json', 'JSON';
is status_of('data')->{ok}, 1, 'counted';



=== TEST 23: the signature that WeChat's manual shows
--- drive
my $key = 'HyVFkGl5F5OQWJZZaNzBBg==';
my $token = login_as('ann', $key);
my $raw = '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
    . '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpu'
    . 'jxyzYsrztuuICqIM5ibXQ/0"}';
my $given = { rawData => $raw, signature => '75e81ceda165f4ffa64f4068af58c64b8f54b88c' };
is ask('/signature', $token, $given)->{status}, 200, 'good';
$given->{rawData} =~ s/Band/band/;
is_problem(ask('/signature', $token, $given), 403, 'signature_invalid', 'one letter less');



=== TEST 24: a signature of the session_key before is good, one of another key is not
--- drive
login_as('ann', $::KEY);
my $token = login_as('ann', $::NEXT);
my $raw = '{"a":1}';
is ask('/signature', $token, { rawData => $raw, signature => raw_signature($_, $raw) })->{status}, 200, $_ for $::NEXT, $::KEY;
is_problem(ask('/signature', $token, { rawData => $raw, signature => raw_signature($::LAST, $raw) }), 403, 'signature_invalid');
is_problem(ask('/signature', $token, { rawData => $raw, signature => uc raw_signature($::KEY, $raw) }), 403, 'signature_invalid');
is status_of('data')->{refused}, 2, 'counted';



=== TEST 25: a signature of other bytes of the same JSON is none
--- drive
my $token = login_as('ann', $::KEY);
for my $raw ('{"a": 1}', '{"a":1} ', '{"a":1.0}') {
    is_problem(ask('/signature', $token, { rawData => $raw, signature => raw_signature($::KEY, '{"a":1}') }), 403,
        'signature_invalid', $raw);
}



=== TEST 26: rawData that is no JSON, and signatures that are none
--- drive
my $sig = '0' x 40;
malformed('/signature', { rawData => 'x', signature => $sig }, 'no JSON');
malformed('/signature', { rawData => '', signature => $sig }, 'empty');
malformed('/signature', { rawData => {}, signature => $sig }, 'an object');
malformed('/signature', { signature => $sig }, 'no rawData');
malformed('/signature', { rawData => '{}' }, 'no signature');
malformed('/signature', { rawData => '{}', signature => '0' x 39 }, '39 digits');
malformed('/signature', { rawData => '{}', signature => '0' x 41 }, '41 digits');
malformed('/signature', { rawData => '{}', signature => 0 }, 'a number');



=== TEST 27: data of half a megabyte are decrypted
--- config
location = /decrypt { client_max_body_size 1m; wxapp_decrypt; }
--- drive
my $token = login_as('ann', $::KEY);
my $plain = watermark(0, pad => 'x' x 500000);
my $reply = ask('/decrypt', $token, encrypted($::KEY, $plain));
is $reply->{status}, 200, 'status';
ok $reply->{body} eq $plain, 'as it was';



=== TEST 28: a new sealing key comes first, what the old one sealed is still opened
--- seal: k2 k1
--- drive
my $token = login_as('ann', $::KEY);
my $uid = uid('ann');
like redis_cmd('GET', redis_prefix() . "session_key:$uid"), qr/^\S+:v1\.k2\./, 'sealed by the first';
is ask('/decrypt', $token, encrypted($::KEY, watermark(0)))->{status}, 200, 'opened';



=== TEST 29: keys that are in use are changed by a reload, and no key is lost
--- workers: 1
--- drive
my $token = login_as('ann', $::KEY);
my $uid = uid('ann');
my $file = "$Test::Nginx::Util::ConfDir/nginx.conf";
my $text = WXApp::slurp($file);
my $data = encrypted($::KEY, watermark(0));
my $reload = sub {
    my ($keys) = @_;
    (my $new = $text) =~ s/key k1 k1.key;/join ' ', map { "key $_ $_.key;" } split ' ', $keys/e or die;
    open my $fh, '>', $file or die;
    print $fh $new;
    close $fh;
    my %old = map { $_ => 1 } worker_pids();
    signal_nginx('HUP');
    wait_until { my @now = worker_pids(); @now && !grep { $old{$_} } @now };
};
$reload->('k2 k1');
is ask('/decrypt', $token, $data)->{status}, 200, 'sealed by the old key';
login_as('ann', $::KEY);
like redis_cmd('GET', redis_prefix() . "session_key:$uid"), qr/^\S+:v1\.k2\.\S+$/, 'the same key, sealed by the new one';
$reload->('k2');
is ask('/decrypt', $token, $data)->{status}, 200, 'the old one is retired';
login_as('bob', $::KEY);
$reload->('k1');
expired(ask('/decrypt', $token, $data), 'a key that is gone');
--- error_log
a kept session key cannot be opened



=== TEST 30: app= that no wxapp_app has
--- config
location = /decrypt { wxapp_decrypt app=nobody; }
--- must_die
--- wxapp: wxapp_session { key k1 k1.key; }
--- error_log eval
qr/\[emerg\].* unknown app "nobody" in .*nginx\.conf:\d+/



=== TEST 31: max_age that is no time
--- config
location = /decrypt { wxapp_decrypt max_age=young; }
--- must_die
--- error_log eval
qr/\[emerg\].* invalid time "young" in "max_age", it must be a time or "off" in .*nginx\.conf:\d+/



=== TEST 32: an unknown parameter, and the one that was meant
--- config
location = /decrypt { wxapp_decrypt maxage=1m; }
--- must_die
--- error_log eval
qr/\[emerg\].* unknown parameter "maxage", did you mean "max_age"\? in .*nginx\.conf:\d+/



=== TEST 33: without a key in wxapp_session no session_key is kept
--- config
location = /decrypt { wxapp_decrypt; }
--- wxapp: wxapp_session { }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_decrypt" needs "key" of "wxapp_session" in .*nginx\.conf:\d+/



=== TEST 34: nor without a wxapp_session
--- config
location = /signature { wxapp_signature; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_signature" needs "key" of "wxapp_session" in .*nginx\.conf:\d+/



=== TEST 35: nor without Redis
--- http_config eval
main::wxapp_http(redis => undef)
--- config
location = /decrypt { wxapp_decrypt; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_decrypt" needs "wxapp_redis" in .*nginx\.conf:\d+/



=== TEST 36: nor without tokens
--- http_config eval
main::wxapp_http(token => undef)
--- config
location = /decrypt { wxapp_decrypt; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_decrypt" needs "wxapp_token" in .*nginx\.conf:\d+/



=== TEST 37: nor without an app
--- http_config eval
main::wxapp_http(app => undef)
--- config
location = /decrypt { wxapp_decrypt; }
--- must_die
--- error_log eval
qr/\[emerg\].* "wxapp_decrypt" needs "wxapp_app" in .*nginx\.conf:\d+/
