# wxapp_sign: requests signed with the key of their session, once and in time.
# What is signed is made here by another hand than the module's: signed().

use lib 't/lib';
use WXApp;
use WXDrive;
use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

our @KEYS = ('11' x 32, '22' x 32, '33' x 32);      # hex, as in their files
our $SID  = 'Zm9vYmFyYmF6cXV4MTIzNA';
our $last;                                          # the headers of the last signed()

sub write_keys {
    for my $i (0 .. $#KEYS) {
        my $file = "$Test::Nginx::Util::ConfDir/seal$i.key";
        open my $fh, '>', $file or die "$file: $!\n";
        print $fh "$KEYS[$i]\n";
        close $fh or die;
        chmod 0600, $file;
    }
}

# the standard pieces, and sessions with a key to seal
sub sessions {
    my (@keys) = @_;
    @keys = (0) if !@keys;
    return "wxapp_session {\n" . join('', map { "    key k$_ seal$_.key;\n" } @keys) . "}\n";
}

# what is behind: it logs the bodies that it gets, and tells what it was asked; and in front of it /t, signed
sub behind {
    my $root = server_root();
    return <<"C";
log_format body escape=none '\$request_method \$request_uri[\$request_body]';
server {
    listen unix:$root/up.sock;
    client_body_buffer_size 2m;
    client_max_body_size 2m;
    access_log logs/body.txt body;
    location / { proxy_pass http://unix:$root/echo.sock; }
}
server {
    listen unix:$root/echo.sock;
    client_max_body_size 2m;
    access_log off;
    location / { return 200 "\$request_method \$request_uri \$http_x_wx_nonce"; }
}
C
}

sub up { return 'proxy_pass http://unix:' . server_root() . '/up.sock;' }

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => ($block->config // '') . 'location /t { wxapp_sign on; ' . up() . " }\n")
        if ($block->config // '') !~ m{location /t } && !defined $block->must_die;
    $block->set_value(post_setup_server_root => 'main::write_keys()');
    $block->set_value(suppress_stderr => '') if defined $block->must_die;
    if (!defined $block->http_config) {
        my $session = defined $block->session ? $block->session : sessions();
        $session = '' if $session =~ /^none/;
        $block->set_value(wxapp => $session . behind() . ($block->wxapp // ''));
    }
});

sub token { return make_token(sub => 7, sid => $SID, @_) }

sub nonce { return substr sha256_hex(rand() . Time::HiRes::time()), 0, 24 }

# the headers of a request: signed('POST', '/t', $body, time => T, nonce => N, key => hex, sid => S, token => T,
# over => [METHOD, TARGET, BODY] when it is to be signed for another request
sub signed {
    my ($method, $target, $body, %o) = @_;
    my $time  = $o{time}  // time;
    my $nonce = $o{nonce} // nonce();
    my @over  = @{ $o{over} // [$method, $target, $body // ''] };
    my $key   = $o{sign_key} // hmac_sha256('sign ' . ($o{sid} // $SID), pack 'H*', $o{key} // $KEYS[0]);
    my $text  = join "\n", $over[0], $over[1], $time, $nonce, sha256_hex($over[2]);
    my $mac   = $o{mac} // hmac_sha256_hex($text, $key);
    my %h = ('X-WX-Timestamp' => $time, 'X-WX-Nonce' => $nonce, 'X-WX-Signature' => $mac);
    delete @h{ @{ $o{without} // [] } };
    my $token = exists $o{token} ? $o{token} : token(exists $o{sid} ? (sid => $o{sid}) : ());
    return $last = [(map { "$_: $h{$_}" } sort keys %h), defined $token ? "Authorization: Bearer $token" : ()];
}

# one signed request
sub ask {
    my ($method, $target, $body, %o) = @_;
    my %http = map { $_ => delete $o{$_} } grep { exists $o{$_} } qw(socket port);
    return http($method, $target, $body, headers => signed($method, $target, $body, %o), %http);
}

# a POST to /t?h=2 on a connection of HTTP/2: literal headers, lengths in the integers of RFC 7541 section 5.1
sub h2_signed {
    my ($h2, $body, $headers) = @_;
    my $string = sub { my $n = length $_[0]; return ($n < 127 ? chr $n : "\x7f" . h2_rest($n - 127)) . $_[0] };
    my $head = "\x83\x86\x04" . $string->('/t?h=2') . "\x01" . $string->('h');
    for (@$headers) {
        my ($name, $value) = split /: /, $_, 2;
        $head .= "\0" . $string->(lc $name) . $string->($value);
    }
    $head .= "\x0f\x0d" . $string->(length $body);
    my $id = $h2->{last} += 2;
    WXDrive::h2_frame($h2, 1, 4, $id, $head);
    WXDrive::h2_frame($h2, 0, 1, $id, $body);
    return $id;
}

sub h2_rest { my ($n) = @_; return $n < 128 ? chr $n : chr($n % 128 + 128) . h2_rest(int $n / 128) }

sub is_refused {
    my ($reply, $status, $word, $what) = @_;
    $what //= $word;
    is $reply->{status}, $status, "$WXDrive::in: $what: status";
    is $reply->{json}{code}, $word, "$WXDrive::in: $what: word";
    is $reply->{headers}{'content-type'}, 'application/problem+json', "$WXDrive::in: $what: problem";
    is defined $reply->{headers}{'www-authenticate'} ? 1 : 0, $status == 401 ? 1 : 0, "$WXDrive::in: $what: challenge";
    return;
}

# whether that request was made of what is behind
sub handed_on {
    my ($line, $what) = @_;
    ok scalar(wait_until { index(logs(0, server_root() . "/logs/body.txt"), "$line\n") >= 0 } 3), "$WXDrive::in: $what";
    return;
}

sub is_passed {
    my ($reply, $what) = @_;
    is $reply->{status}, 200, ($what // $WXDrive::in) . ': let in';
    return;
}

# counters are passed refused replayed error, in the order of the words
sub counted {
    my (%n) = @_;
    my $sign = status_of('sign');
    is_deeply { map { $_ => $sign->{$_} } qw(passed refused replayed error) },
              { passed => 0, refused => 0, replayed => 0, error => 0, %n }, "$WXDrive::in: counted";
    return;
}

# neither a key nor a signature in a log
Test::Nginx::Socket::add_response_body_check(sub {
    my ($block) = @_;
    return if !defined $block->drive;
    my $logs = logs();
    my @found;
    for my $key (@KEYS) {
        my $sign = unpack 'H*', hmac_sha256("sign $SID", pack 'H*', $key);
        push @found, 'seal key' if index($logs, $key) >= 0;
        push @found, 'sign key' if index($logs, $sign) >= 0;
    }
    is "@found", '', $block->name . ': the logs hold no key';
});

run_tests();

__DATA__

=== TEST 1: a signed GET without a body is let in
--- drive
my $reply = ask('GET', '/t');
is_passed($reply);
like $reply->{body}, qr{^GET /t }, 'the content';
counted(passed => 1);



=== TEST 2: the body is signed, and the content gets it whole
--- drive
for my $n (1, 2, 1000, 20_000, 300_000) {
    my $body = join '', map { chr(97 + $_ % 26) } 1 .. $n;
    my $reply = ask('POST', "/t?n=$n", $body);
    is_passed($reply, "$n bytes");
    handed_on("POST /t?n=$n\[$body]", "$n bytes: handed on");
}
counted(passed => 5);



=== TEST 3: an empty body is signed as no body
--- drive
is_passed(ask('POST', '/t', ''));
is_passed(ask('DELETE', '/t'));
counted(passed => 2);



=== TEST 4: without the headers it is 401 signature_missing, whichever is missing
--- drive
my @names = qw(X-WX-Timestamp X-WX-Nonce X-WX-Signature);
is_refused(ask('GET', '/t', undef, without => [$_]), 401, 'signature_missing', $_) for @names;
is_refused(get('/t'), 401, 'signature_missing', 'all of them');
counted(refused => 4);



=== TEST 5: headers that are malformed are 400 signature_malformed
--- drive
my %bad = (
    'a time with letters'     => { time => '17x' },
    'a negative time'         => { time => -5 },
    'a time with a fraction'  => { time => time . '.5' },
    'a time too long'         => { time => '1' x 13 },
    'a time of nothing'       => { time => '' },
    'a nonce too short'       => { nonce => 'a' x 15 },
    'a nonce too long'        => { nonce => 'a' x 65 },
    'a nonce with a colon'    => { nonce => 'a' x 16 . ':' },
    'a nonce with a space'    => { nonce => 'a' x 8 . ' ' . 'a' x 8 },
    'a nonce of nothing'      => { nonce => '' },
    'a signature too short'   => { mac => 'a' x 63 },
    'a signature too long'    => { mac => 'a' x 65 },
    'a signature of nothing'  => { mac => '' },
);
is_refused(ask('GET', '/t', undef, %{ $bad{$_} }), 400, 'signature_malformed', $_) for sort keys %bad;
counted(refused => scalar keys %bad);



=== TEST 6: a header that is there twice is malformed
--- drive
for my $n (0 .. 2) {
    my $h = signed('GET', '/t');
    is_refused(get('/t', headers => [@$h, $h->[$n]]), 400, 'signature_malformed', $h->[$n] =~ s/:.*//r);
}
counted(refused => 3);



=== TEST 7: nonces of 16 and of 64 characters of all kinds are good
--- drive
my $all = join '', 'a' .. 'z', 'A' .. 'Z', 0 .. 9, '-', '_';
is length $all, 64, 'all of them';
is_passed(ask('GET', '/t', undef, nonce => $all));
is_passed(ask('GET', '/t', undef, nonce => substr $all, 48));
counted(passed => 2);



=== TEST 8: a signature in capitals is as good
--- drive
my $h = signed('GET', '/t');
s/^(X-WX-Signature: )(.*)/$1 . uc $2/e for @$h;
is_passed(get('/t', headers => $h));



=== TEST 9: a signature that is wrong in the first or last digit is 401 signature_invalid
--- drive
my ($mac) = map { /^X-WX-Signature: (.*)/ } @{ signed('GET', '/t', undef, time => time, nonce => 'n' x 16) };
for my $at (0, 31, 63) {
    my $bad = $mac;
    substr($bad, $at, 1) =~ tr/0-9a-f/1-9a-f0/;
    is_refused(ask('GET', '/t', undef, nonce => 'n' x 16, mac => $bad), 401, 'signature_invalid', "digit $at");
}
is_refused(ask('GET', '/t', undef, mac => 'z' x 64), 401, 'signature_invalid', 'no digits at all');
counted(refused => 4);



=== TEST 10: method, path, arguments, body, time and nonce are all signed
--- drive
my $time = time;
my %other = (
    'method'             => ['GET', '/t/a?b=c', ''],
    'path'               => ['POST', '/t/b?b=c', 'x'],
    'arguments'          => ['POST', '/t/a?b=d', 'x'],
    'absent arguments'   => ['POST', '/t/a', 'x'],
    'escapes'            => ['POST', '/t/%61?b=c', 'x'],
    'body'               => ['POST', '/t/a?b=c', 'y'],
    'absent body'        => ['POST', '/t/a?b=c', ''],
);
for my $what (sort keys %other) {
    is_refused(ask('POST', '/t/a?b=c', 'x', over => $other{$what}), 401, 'signature_invalid', $what);
}
my $h = signed('POST', '/t/a?b=c', 'x', time => $time);
s/^X-WX-Timestamp: .*/'X-WX-Timestamp: ' . ($time - 1)/e for @$h;
is_refused(http('POST', '/t/a?b=c', 'x', headers => $h), 401, 'signature_invalid', 'time');
$h = signed('POST', '/t/a?b=c', 'x', nonce => 'a' x 16);
s/^X-WX-Nonce: .*/'X-WX-Nonce: ' . 'b' x 16/e for @$h;
is_refused(http('POST', '/t/a?b=c', 'x', headers => $h), 401, 'signature_invalid', 'nonce');
is_passed(ask('POST', '/t/a?b=c', 'x'), 'and the request itself');
counted(passed => 1, refused => 9);



=== TEST 11: the target is signed as it is sent, not as it is understood
--- drive
is_passed(ask('GET', '/t/%61/../x//y?a=%20&&b'));
is_refused(ask('GET', '/t/%61/../x//y?a=%20', undef, over => ['GET', '/t/x/y?a=%20', '']), 401, 'signature_invalid');



=== TEST 12: X-HTTP-Method-Override changes nothing of what is signed
--- drive
my $h = signed('POST', '/t', 'x');
is_passed(http('POST', '/t', 'x', headers => [@$h, 'X-HTTP-Method-Override: DELETE']));
$h = signed('DELETE', '/t', 'x');
is_refused(http('POST', '/t', 'x', headers => [@$h, 'X-HTTP-Method-Override: DELETE']), 401, 'signature_invalid');



=== TEST 13: too old, or of the future: 401 signature_expired
--- config eval
'location /t { wxapp_sign on window=60s; ' . main::up() . ' } location /d { wxapp_sign on; ' . main::up() . ' }'
--- drive
is_passed(ask('GET', '/t', undef, time => time - 50), 'old enough');
is_passed(ask('GET', '/t', undef, time => time + 50), 'ahead');
is_refused(ask('GET', '/t', undef, time => time - 70), 401, 'signature_expired', 'old');
is_refused(ask('GET', '/t', undef, time => time + 70), 401, 'signature_expired', 'of the future');
is_refused(ask('GET', '/t', undef, time => 0), 401, 'signature_expired', 'of long ago');
is_refused(ask('GET', '/t', undef, time => '9' x 12), 401, 'signature_expired', 'of milliseconds');
is_passed(ask('GET', '/d', undef, time => time - 290), 'within 5 minutes');
is_refused(ask('GET', '/d', undef, time => time - 310), 401, 'signature_expired', 'and not');
counted(passed => 3, refused => 5);



=== TEST 14: the same request again is 401 signature_replayed
--- drive
my $h = signed('POST', '/t', 'x');
is_passed(http('POST', '/t', 'x', headers => $h));
is_refused(http('POST', '/t', 'x', headers => $h), 401, 'signature_replayed') for 1 .. 2;
counted(passed => 1, replayed => 2);



=== TEST 15: a nonce is used up by another request, but not by another session
--- drive
my $nonce = nonce();
is_passed(ask('GET', '/t/a', undef, nonce => $nonce));
is_refused(ask('GET', '/t/b', undef, nonce => $nonce), 401, 'signature_replayed', 'another request');
is_passed(ask('GET', '/t/b', undef, nonce => $nonce, sid => 'b3RoZXJvdGhlcm90aGVyb3'), 'another session');
counted(passed => 2, replayed => 1);



=== TEST 16: the nonce of a refused request is not used up
--- drive
my $nonce = nonce();
is_refused(ask('GET', '/t', undef, nonce => $nonce, mac => '0' x 64), 401, 'signature_invalid');
is_passed(ask('GET', '/t', undef, nonce => $nonce));



=== TEST 17: ten of the same at once: one is let in
--- workers: 2
--- drive
my $h = signed('POST', '/t', 'x');
my @replies = map { finish($_) } map { begin('POST', '/t', 'x', headers => $h) } 1 .. 10;
my %n;
$n{ $_->{status} == 200 ? 'in' : $_->{json}{code} }++ for @replies;
is_deeply \%n, { in => 1, signature_replayed => 9 }, 'once';
counted(passed => 1, replayed => 9);



=== TEST 18: Redis remembers the nonce until no node takes its time any more
--- config eval: 'location /t { wxapp_sign on window=60s; ' . main::up() . ' }'
--- drive
for my $at (-50, 0, 50) {
    my $nonce = nonce();
    is_passed(ask('GET', '/t', undef, nonce => $nonce, time => time + $at));
    my $ttl = redis_cmd('TTL', redis_prefix() . "sign:$main::SID:$nonce");
    ok $ttl > 120 + $at - 5 && $ttl <= 120 + $at, "at $at: $ttl s";
}



=== TEST 19: the key of the token's session is asked for, not of another
--- drive
is_refused(ask('GET', '/t', undef, sid => 'b3RoZXJvdGhlcm90aGVyb3', token => token()), 401, 'signature_invalid');



=== TEST 20: a token without a session is 401 invalid_token
--- drive
is_refused(ask('GET', '/t', undef, token => make_token(sub => 7)), 401, 'invalid_token');
is_refused(ask('GET', '/t', undef, token => make_token(sub => 7, sid => '')), 401, 'invalid_token', 'empty');
counted(refused => 2);



=== TEST 21: no token, or one that is bad: 401
--- drive
is_refused(ask('GET', '/t', undef, token => undef), 401, 'unauthorized', 'none');
is_refused(ask('GET', '/t', undef, token => token(-ttl => -100)), 401, 'invalid_token', 'expired');
is_refused(ask('GET', '/t', undef, token => token(-key => 'x' x 32)), 401, 'invalid_token', 'forged');
counted(refused => 3);



=== TEST 22: all seal keys are tried
--- session eval: main::sessions(0, 1)
--- drive
is_passed(ask('GET', '/t', undef, key => '11' x 32), 'the first');
is_passed(ask('GET', '/t', undef, key => '22' x 32), 'the second');
is_refused(ask('GET', '/t', undef, key => '33' x 32), 401, 'signature_invalid', 'one that is none');
counted(passed => 2, refused => 1);



=== TEST 23: the body in a file is hashed like any other
--- config eval
'location /t { client_body_in_file_only on; wxapp_sign on; ' . main::up() . ' }
location /small { client_body_buffer_size 1k; wxapp_sign on; ' . main::up() . ' }'
--- drive
my $body = join ',', 1 .. 20_000;
for my $path (qw(/t /small)) {
    is_passed(ask('PUT', $path, $body), $path);
    handed_on("PUT $path\[$body]", "$path: handed on");
    is_refused(ask('PUT', $path, $body, over => ['PUT', $path, "$body "]), 401, 'signature_invalid', $path);
}



=== TEST 24: a body over 1 MB is 413, also when nginx would take it
--- config eval: 'location /t { client_max_body_size 3m; wxapp_sign on; ' . main::up() . ' }'
--- drive
is_passed(ask('POST', '/t', 'x' x 1048576), '1 MB');
is_refused(ask('POST', '/t', 'x' x 1048577), 413, 'body_too_large');
counted(passed => 1, refused => 1);



=== TEST 25: a chunked body is hashed without its frame
--- drive
my $body = '{"a":1}' . 'y' x 5000;
my $h = signed('POST', '/t', $body);
my $chunks = join '', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack '(a700)*', $body;
my $reply = http('POST', '/t', undef, headers => [@$h, "Transfer-Encoding: chunked\r\n\r\n${chunks}0"]);
is_passed($reply);
handed_on("POST /t[$body]", 'handed on');



=== TEST 26: a body that comes late is waited for
--- drive
my $body = 'a' x 100;
my $h = signed('POST', '/t', $body);
my $socket = connection();
syswrite $socket, join "\r\n", 'POST /t HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 100', @$h, '', '';
pause(0.05);
syswrite $socket, substr $body, 0, 50;
pause(0.05);
syswrite $socket, substr $body, 50;
my $reply = finish({ socket => $socket, buffer => '', at => 0 });
is_passed($reply);



=== TEST 27: a client that goes away within its body leaves nothing behind
--- drive
my $h = signed('POST', '/t', 'a' x 100);
my $socket = connection();
syswrite $socket, join "\r\n", 'POST /t HTTP/1.1', 'Host: x', 'Content-Length: 100', @$h, '', 'aaa';
pause(0.05);
close $socket;
is_passed(ask('GET', '/t'));
counted(passed => 1);



=== TEST 28: requests follow each other on one connection, whatever became of them
--- drive
my $socket = connection();
is_passed(ask('POST', '/t', 'one', socket => $socket), 'first');
is_refused(ask('POST', '/t', 'two', socket => $socket, mac => '0' x 64), 401, 'signature_invalid');
is_refused(http('POST', '/t', 'x' x 5000, socket => $socket, headers => []), 401, 'signature_missing', 'unread body');
is_passed(ask('GET', '/t', undef, socket => $socket), 'and more');
close_connection($socket);



=== TEST 29: by HTTP/2, with a body and without
--- wxapp eval
'server { listen unix:' . main::server_root() . '/h2.sock http2; location /t { wxapp_sign on; ' . main::up() . ' } }'
--- drive
my $h2 = h2_connect(server_root() . '/h2.sock');
my $one = sub { return h2_reply($h2, h2_signed($h2, @_)) };
my $h = signed('POST', '/t?h=2', 'two');
is $one->('two', $h)->{status}, 200, 'let in';
like $one->('two', $h)->{body}, qr/signature_replayed/, 'not twice';
like $one->('two', signed('POST', '/t?h=2', 'three'))->{body}, qr/signature_invalid/, 'another body';
handed_on("POST /t?h=2[two]", 'handed on');



=== TEST 30: HEAD is signed as HEAD
--- drive
is_passed(ask('HEAD', '/t'));
my $reply = ask('HEAD', '/t', undef, over => ['GET', '/t', '']);
is $reply->{status}, 401, 'not as GET';
is $reply->{body}, '', 'no body';



=== TEST 31: a redirect inside does not check twice
--- config eval
'location /t { wxapp_sign on; error_page 502 = @other; proxy_pass http://127.0.0.1:1; }
location @other { wxapp_sign on; ' . main::up() . ' }
location /try { wxapp_sign on; try_files /none @other; }
location /sub { wxapp_sign off; rewrite ^ /t/x last; }'
--- drive
is_passed(ask('POST', '/t', 'x'), 'error_page');
is_passed(ask('POST', '/try', 'x'), 'try_files');
is_passed(ask('POST', '/sub', 'x'), 'rewrite');
counted(passed => 3);
--- error_log
Connection refused



=== TEST 32: a redirect from where nothing is signed is checked, by what was sent
--- config eval
'location /t { error_page 404 = /in; return 404; }
location /in { internal; wxapp_sign on; ' . main::up() . ' }'
--- drive
is_passed(ask('POST', '/t?a', 'x'));
is_refused(ask('POST', '/t?a', 'x', over => ['GET', '/in', '']), 401, 'signature_invalid', 'what it became');
is_refused(get('/t'), 401, 'signature_missing', 'unsigned');



=== TEST 33: an error page of a signed request is not asked for a signature
--- config eval
'location /t { wxapp_sign on; error_page 502 /page; proxy_pass http://127.0.0.1:1; }
location /page { wxapp_sign on; internal; alias ' . main::server_root() . '/html/page.txt; }'
--- user_files
>>> page.txt
sorry
--- drive
my $reply = ask('GET', '/t');
is $reply->{status}, 502, 'status';
is $reply->{body}, "sorry\n", 'page';
counted(passed => 1);
--- error_log
Connection refused



=== TEST 34: subrequests are not asked for signatures
--- config eval
'location /t { wxapp_sign on; auth_request /ask; ' . main::up() . ' }
location /ask { wxapp_sign on; proxy_pass_request_body off; proxy_set_header Content-Length ""; ' . main::up() . ' }'
--- drive
is_passed(ask('POST', '/t', 'x'));
counted(passed => 1);
is_refused(get('/ask'), 401, 'signature_missing', 'by itself');



=== TEST 35: nothing is mirrored, tried or checked before the signature
--- config eval
'location /t { wxapp_sign on; mirror /mirror; wxapp_input { n int; } ' . main::up() . ' }
location /mirror { internal; access_log off; proxy_pass http://unix:' . main::server_root() . '/up.sock:/mirrored; }
location /try { wxapp_sign on; try_files /none =404; }'
--- drive
is_refused(ask('POST', '/t', '{"n":"no"}', mac => '0' x 64), 401, 'signature_invalid', 'before the input');
is_refused(ask('POST', '/try', 'x', mac => '0' x 64), 401, 'signature_invalid', 'before the files');
my $reply = ask('POST', '/t', '{"n":"no"}');
is $reply->{json}{code}, 'validation_failed', 'then the input';
unlike logs(0, server_root() . '/logs/body.txt'), qr/mirrored/, 'nothing mirrored';
is_passed(ask('POST', '/t', '{"n":1}'));
ok wait_until { logs(0, server_root() . '/logs/body.txt') =~ m{POST /mirrored\[\{"n":1\}\]} }, 'mirrored now';



=== TEST 36: with wxapp_auth and wxapp_limit in one location
--- config eval
'location /t { wxapp_auth on; wxapp_limit s rate=1r/m burst=3 key=$wxapp_uid; wxapp_sign on; ' . main::up() . ' }'
--- drive
my $uid = time . $$;
my $token = token(sub => $uid);
is_refused(ask('GET', '/t', undef, token => undef), 401, 'unauthorized', 'no token');
is_passed(ask('POST', '/t', 'x', token => $token));
is_refused(ask('POST', '/t', 'x', token => $token, mac => '0' x 64), 401, 'signature_invalid', 'bad');
is ask('POST', '/t', 'x', token => $token)->{status}, $_, "status $_" for 200, 429;



=== TEST 37: in front of content of ours
--- config
    location /t { wxapp_sign on; wxapp_input { n int required; } wxapp_query "SELECT ? + 1 AS n" $wxapp_in_n one; }
--- drive
my $reply = ask('POST', '/t', '{"n":41}');
is_passed($reply);
is $reply->{json}{n}, 42, 'the content';



=== TEST 38: proxy_request_buffering off is no way around
--- config eval
'location /t { wxapp_sign on; proxy_request_buffering off; proxy_http_version 1.1; ' . main::up() . ' }'
--- drive
my $body = 'z' x 30_000;
is_passed(ask('POST', '/t', $body));
handed_on("POST /t[$body]", 'handed on');
is_refused(ask('POST', '/t', $body, over => ['POST', '/t', 'y']), 401, 'signature_invalid');



=== TEST 39: a dry run lets in what would be refused, and tells so
--- config eval
'wxapp_sign_dry_run on; add_header X-Sign $wxapp_sign_status always;
location /t { wxapp_sign on; client_max_body_size 3m; ' . main::up() . ' }'
--- drive
my $h = signed('POST', '/t', 'x');
for my $case (
    [rejected_dry_run => http('POST', '/t', 'x')],
    [rejected_dry_run => ask('POST', '/t', 'x', nonce => 'short')],
    [rejected_dry_run => ask('POST', '/t', 'x', token => undef)],
    [rejected_dry_run => ask('POST', '/t', 'x', time => 5)],
    [rejected_dry_run => ask('POST', '/t', 'x', mac => '0' x 64)],
    [rejected_dry_run => ask('POST', '/t', 'x' x 1048577)],
    [passed           => http('POST', '/t', 'x', headers => $h)],
    [rejected_dry_run => http('POST', '/t', 'x', headers => $h)],
) {
    my ($word, $reply) = @$case;
    is_passed($reply, $word);
    is $reply->{headers}{'x-sign'}, $word, 'status';
}
counted(passed => 1, refused => 6, replayed => 1);



=== TEST 40: $wxapp_sign_status is one of its words, or not there
--- config eval
'add_header X-Sign $wxapp_sign_status always;
location /t { wxapp_sign on; ' . main::up() . ' } location /off { ' . main::up() . ' }'
--- drive
is ask('GET', '/t')->{headers}{'x-sign'}, 'passed', 'passed';
is ask('GET', '/t', undef, mac => '0' x 64)->{headers}{'x-sign'}, 'rejected', 'rejected';
is get('/t')->{headers}{'x-sign'}, 'rejected', 'rejected without headers';
is get('/off')->{headers}{'x-sign'}, undef, 'not asked for';



=== TEST 41: Redis is away: 503 signature_unavailable, and the dry run goes on
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n", extra => main::sessions() . main::behind())
--- config eval
'add_header X-Sign $wxapp_sign_status always;
location /t { wxapp_sign on; ' . main::up() . ' } location /dry { wxapp_sign on; wxapp_sign_dry_run on; ' . main::up() . ' }'
--- drive
ok wait_until { logs() =~ /redis 127\.0\.0\.1:1/ }, 'not there';
my $reply = ask('POST', '/t', 'x');
is_refused($reply, 503, 'signature_unavailable');
is $reply->{headers}{'retry-after'}, 1, 'Retry-After';
is $reply->{headers}{'x-sign'}, 'error', 'status';
is_refused(ask('POST', '/t', 'x', mac => '0' x 64), 401, 'signature_invalid', 'what is wrong anyway');
$reply = ask('POST', '/dry', 'x');
is_passed($reply);
is $reply->{headers}{'x-sign'}, 'error', 'status of the dry run';
counted(error => 2, refused => 1);



=== TEST 42: it is inherited, and switched off below
--- config eval
'location /t { wxapp_sign on window=60s; location /t/in { ' . main::up() . ' } location /t/off { wxapp_sign off; ' . main::up() . ' } }'
--- drive
is_passed(ask('GET', '/t/in'));
is_refused(ask('GET', '/t/in', undef, time => time - 70), 401, 'signature_expired', 'with its window');
is get('/t/off')->{status}, 200, 'off';



=== TEST 43: the refusal is in the log, and nothing of the signature
--- drive
my $h = signed('POST', '/t', 'x');
s/^(X-WX-Nonce: ).*/$1bbbbbbbbbbbbbbbb/ for @$h;
http('POST', '/t', 'x', headers => $h);
ok wait_until { logs() =~ /\[info\][^\n]*request signature refused: signature_invalid/ }, 'logged';



=== TEST 44: wxapp_sign without wxapp_session
--- session: none
--- config
    location /t { wxapp_sign on; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"wxapp_sign" needs "key" of "wxapp_session" in .*nginx\.conf:\d+/



=== TEST 45: wxapp_sign with a wxapp_session that has no key
--- session: wxapp_session { max 3; }
--- config
    location /t { wxapp_sign on; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"wxapp_sign" needs "key" of "wxapp_session" in .*nginx\.conf:\d+/



=== TEST 46: wxapp_sign without wxapp_token
--- http_config eval: main::wxapp_http(token => undef)
--- config
    location /t { wxapp_sign on; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"wxapp_sign" needs "wxapp_token" in .*nginx\.conf:\d+/



=== TEST 47: words that wxapp_sign does not know
--- config
    location /t { wxapp_sign maybe; }
--- must_die
--- error_log eval
qr/\[emerg\] .*invalid value "maybe" in "wxapp_sign" directive, it must be "on" or "off" in .*nginx\.conf:\d+/



=== TEST 48: a parameter misspelled, with the right name
--- config
    location /t { wxapp_sign on windw=5m; }
--- must_die
--- error_log eval
qr/\[emerg\] .*unknown parameter "windw", did you mean "window"\? in .*nginx\.conf:\d+/



=== TEST 49: a window that is too long
--- config
    location /t { wxapp_sign on window=2h; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"window" must be between 1000ms and 3600000ms in .*nginx\.conf:\d+/



=== TEST 50: wxapp_sign twice in one place
--- config
    location /t { wxapp_sign on; wxapp_sign off; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"wxapp_sign" directive is duplicate in .*nginx\.conf:\d+/



=== TEST 51: the sign_key of a login and of a refresh signs, until the session ends
--- http_config eval
main::wxapp_http('token+' => 'refresh 1h;', extra => main::sessions() . main::behind())
--- config eval
'location = /login { wxapp_login; } location = /refresh { wxapp_refresh; } location = /logout { wxapp_auth on; wxapp_logout; }
location /t { wxapp_auth session; wxapp_sign on; ' . main::up() . ' }' . main::wxapp_upstream()
--- drive
my $json = post('/login', { code => fresh_code('signer') })->{json};
my $by = sub { my ($j) = @_; return (token => $j->{access_token}, sign_key => decode_base64url($j->{sign_key} // '')) };
is_passed(ask('POST', '/t', 'x', $by->($json)), 'after the login');
my $next = post('/refresh', { grant_type => 'refresh_token', refresh_token => $json->{refresh_token} })->{json};
is $next->{sign_key}, $json->{sign_key}, 'the key stays with the session';
is_passed(ask('POST', '/t', 'x', $by->($next)), 'after the refresh');
my $other = post('/login', { code => fresh_code('signer') })->{json};
isnt $other->{sign_key}, $json->{sign_key}, 'another session has another';
is_refused(ask('POST', '/t', 'x', $by->($other), token => $json->{access_token}), 401, 'signature_invalid', 'which is not for this one');
is http('POST', '/logout', undef, headers => ["Authorization: Bearer $next->{access_token}"])->{status}, 204, 'logout';
is ask('POST', '/t', 'x', $by->($next))->{json}{message}, 'the session has ended', 'over';



=== TEST 52: beside wxapp_identity_headers the headers of the signature stay
--- config eval: 'location /t { wxapp_identity_headers on; wxapp_sign on; ' . main::up() . ' }'
--- drive
my $nonce = nonce();
my $reply = ask('GET', '/t', undef, nonce => $nonce);
is_passed($reply);
is $reply->{body}, "GET /t $nonce", 'handed on';



=== TEST 53: what a dry run let in is not let in where it is redirected to
--- config eval
'location /t { wxapp_sign on; wxapp_sign_dry_run on; try_files /none @in; }
location @in { wxapp_sign on; ' . main::up() . ' }
location /d { wxapp_sign on; wxapp_sign_dry_run on; try_files /none @dry; }
location @dry { wxapp_sign on; wxapp_sign_dry_run on; ' . main::up() . ' }'
--- drive
my $h = signed('POST', '/t', 'x');
is_passed(http('POST', '/t', 'x', headers => $h), 'a good one, looked at once');
is_refused(http('POST', '/t', 'x', headers => $h), 401, 'signature_replayed');
is_refused(ask('POST', '/t', 'x', mac => '0' x 64), 401, 'signature_invalid');
is_refused(http('POST', '/t', 'x'), 401, 'signature_missing');
counted(passed => 1, replayed => 2, refused => 4);
is_passed(http('POST', '/d', 'x'), 'a dry run twice');
counted(passed => 1, replayed => 2, refused => 5);



=== TEST 54: the time holds for the end of the body, too
--- config eval
'location /t { wxapp_sign on window=1s; ' . main::up() . ' }'
--- drive
my $h = signed('POST', '/t', 'aaa', time => time - 1);
my $socket = connection();
syswrite $socket, join "\r\n", 'POST /t HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 3', @$h, '', 'aa';
pause(1);
syswrite $socket, 'a';
is_refused(finish({ socket => $socket, buffer => '', at => 0 }), 401, 'signature_expired');
