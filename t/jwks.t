# Keys: every algorithm, what is published of them, and issuers that are trusted.
#
# Sections of this file, as in token.t:
#   keys      lines of wxapp_token {}, Perl in a string
#   token     Perl: the whole token of GET /t
#   refused   403 invalid_token with exactly this reason
#   accepted  200, and $wxapp_uid is this
#   then      Perl, run after the response; $_[0] is its body

use lib 't/lib';
use WXApp;
use WXDrive;
use WXKeys;

use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

our @ALL = qw(HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA);
our @PUBLIC = grep { !/^HS/ } @ALL;

# the keys of one type are shared, as making RSA ones takes its time
sub file {
    my ($alg, $name) = @_;
    return key_file($alg =~ /^[RP]S/ ? 'RS256' : $alg, $name);
}

sub key    { my ($alg, $name) = @_; return "key " . ($name // $alg) . " $alg " . file(@_) . ";\n" }
sub public { my ($alg, $name) = @_; return "key " . ($name // $alg) . " $alg " . public_file(file(@_)) . ";\n" }

sub claims { return { iss => 'shop.example.com', sub => '1', exp => time + 600, @_ } }
sub signed { my ($alg, %claims) = @_; return jws($alg, file($alg), { kid => $alg }, claims(%claims)) }

sub foreign {
    my ($alg, $header, %claims) = @_;
    return jws($alg, file($alg, 'theirs'), $header, claims(iss => 'id.example.org', %claims));
}

# a set of their keys, each with its algorithm as kid
sub theirs { return jwks(map { jwk($_, file($_, 'theirs'), kid => $_) } @_) }

sub http_with { my ($lines) = @_; return wxapp_http(token => "wxapp_token {\n$lines\n}\n") }

sub port { return $ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port() }

sub outcome {
    my ($token) = @_;
    my $r = HTTP::Tiny->new(timeout => 5)->get('http://127.0.0.1:' . port() . '/t',
        { headers => { Authorization => "Bearer $token" } });
    return "$r->{status} " . ($r->{headers}{'x-uid'} // '');
}

# ---- what nginx -t says

sub verdict {
    my ($http) = @_;
    my $root = "$Test::Nginx::Util::ServRoot.keys";
    system 'mkdir', '-p', "$root/conf", "$root/logs";
    open my $fh, '>', "$root/conf/nginx.conf" or die "$root: $!\n";
    print $fh "load_module $ENV{TEST_NGINX_LOAD_MODULES};\nerror_log $root/logs/error.log;\npid $root/logs/nginx.pid;\n",
        "events {}\nhttp {\naccess_log off;\n", (map { "${_}_temp_path $root/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi)),
        $http, "\n}\n";
    close $fh;
    my $out = `$ENV{TEST_NGINX_BINARY} -t -e stderr -p $root/ -c conf/nginx.conf 2>&1`;
    system 'rm', '-rf', $root;
    return $out =~ /test is successful/ ? $out =~ /(\[warn\][^\n]*)/ ? $1 : 'ok'
        : $out =~ /\[emerg\] (?:\d+#\d+: )?(.*?) in \S+:\d+$/m ? $1 : $out;
}

sub refuses {
    my ($lines, $message, $name, @more) = @_;
    my $server = @more ? $more[0] : '';
    is verdict("wxapp_zone z:1m;\nwxapp_token {\n$lines\n}\n$server"), $message, $name;
}

subtest 'keys that nginx -t refuses' => sub {
    my ($rsa, $ec) = (file('RS256'), file('ES256'));
    refuses(key('RS256'), 'ok', 'a private key');
    refuses(public('RS256'), 'ok', 'only a public one');
    refuses("key k HS384 " . write_key('short', 'x' x 47) . ';',
        qq(the key in "${\write_key('short', 'x' x 47)}" has 47 bytes, HS384 needs 48 at least), 'a short secret');
    refuses("key k HS256 $rsa;", qq(the key in "$rsa" is in PEM, which is no secret for HMAC, for HS256), 'RSA as a secret');
    refuses('key k HS256 ' . public_file($rsa) . ';',
        qq(the key in "${\public_file($rsa)}" is in PEM, which is no secret for HMAC, for HS256), 'a public key as a secret');
    refuses("key k ES256 $rsa;", qq(the key in "$rsa" is of another type, for ES256), 'RSA for ES256');
    refuses("key k ES384 $ec;", qq(the key in "$ec" is on another curve, for ES384), 'P-256 for ES384');
    my $small = key_file('RS256', 'small', 1024);
    refuses("key k RS256 $small;", qq(the key in "$small" must have 2048 to 8192 bits, for RS256), 'RSA of 1024 bits');
    my $secret = file('HS256');
    refuses("key k RS256 $secret;", qq(the key in "$secret" is not in PEM, for RS256), 'a secret for RS256');
    my $locked = write_key('locked', WXKeys::openssl('', 'pkey', '-in', $ec, '-aes128', '-passout', 'pass:x'));
    refuses("key k ES256 $locked;", qq(the key in "$locked" is encrypted, for ES256), 'one with a password');
    refuses("key k RS257 $rsa;", 'unknown algorithm "RS257", did you mean "RS256"?', 'an unknown algorithm');
    refuses("key k none $secret;", 'unknown algorithm "none"', 'none');
    refuses(key('ES256', 'k') . key('HS256', 'k'), 'duplicate key "k"', 'a kid twice');
    chmod 0644, public_file($rsa);
    refuses(public('RS256'), 'ok', 'a public key may be read by everybody');
    my $open = write_key('open', WXKeys::slurp($ec));
    chmod 0644, $open;
    like verdict("wxapp_zone z:1m;\nwxapp_token { key k ES256 $open; }"), qr/\Qsecret file "$open" can be read by everyone/,
        'a private one is warned about';
};

subtest 'issuers that nginx -t refuses' => sub {
    my $set = theirs('ES256');
    refuses("trust a jwks=$set;", 'ok', 'no key of our own');
    refuses("trust a jwks=$set audience=x; trust b jwks=$set; issuer c;" . key('HS256'), 'ok', 'beside our own');
    refuses('issuer c;', '"wxapp_token" needs a "key"', 'nothing');
    refuses(key('HS256') . "trust a jwks=$set;", '"trust" needs an "issuer" of the keys', 'our own without a name');
    refuses(key('HS256') . "trust a jwks=$set; issuer a;", '"trust" of "a", which is the "issuer" itself', 'our own issuer');
    refuses("trust a jwks=$set; trust a jwks=$set;", 'duplicate issuer "a"', 'an issuer twice');
    refuses("trust a;", 'invalid number of arguments in "trust" directive', 'no set');
    refuses("trust a audience=x;", '"trust" needs an issuer and "jwks"', 'only an audience');
    refuses("trust '' jwks=$set;", '"trust" needs an issuer and "jwks"', 'an empty issuer');
    refuses("trust a jwk=$set;", 'unknown parameter "jwk", did you mean "jwks"?', 'a wrong word');
    my $none = jwks();
    refuses("trust a jwks=$none;", qq(invalid JWKS in "$none": no key that verifies signatures), 'an empty set');
    my $list = write_key('list', '[]');
    refuses("trust a jwks=$list;", qq(invalid JWKS in "$list": no array "keys"), 'no set at all');
    my $oct = jwks(jwk('ES256', file('ES256'), kid => 'a'), { kty => 'oct', k => 'AAAA' });
    refuses("trust a jwks=$oct;", qq(key 2 in "$oct" is a secret one), 'a secret in it');
    my $private = jwks(jwk('ES256', file('ES256'), d => 'AAAA'));
    refuses("trust a jwks=$private;", qq(key 1 in "$private" is a secret one), 'a private key in it');
    my $twice = jwks((jwk('ES256', file('ES256'), kid => 'a')) x 2);
    refuses("trust a jwks=$twice;", qq(key 2 in "$twice" has the "kid" of another), 'a kid twice');
    my $small = jwks(jwk('RS256', key_file('RS256', 'small', 1024)));
    refuses("trust a jwks=$small;", qq(key 1 in "$small" must have 2048 to 8192 bits), 'RSA of 1024 bits');
    my $broken = jwks(jwk('ES256', file('ES256'), y => 'AAAA'));
    refuses("trust a jwks=$broken;", qq(key 1 in "$broken" is damaged), 'half a point');
    my $encrypts = jwks(jwk('RS256', file('RS256'), use => 'enc'));
    refuses("trust a jwks=$encrypts;", qq(invalid JWKS in "$encrypts": no key that verifies signatures), 'only one that encrypts');
};

subtest 'refresh and wxapp_jwks in nginx -t' => sub {
    refuses(key('HS256') . 'refresh 30d;', '"refresh" needs "wxapp_redis"', 'refresh without Redis');
    is verdict(http_with(key('HS256') . 'refresh 30d;')), 'ok', 'with it';
    is verdict(http_with(key('HS256') . 'refresh 30d grace=0;')), 'ok', 'no grace';
    is verdict(http_with(public('RS256') . 'refresh 30d;')), '"refresh" needs a "key" that signs', 'nothing that signs';
    my $words = 'it must be between';
    is verdict(http_with(key('HS256') . 'refresh 59s;')), qq(invalid time "59s" in "refresh", $words 60s and 315360000s), 'too short';
    is verdict(http_with(key('HS256') . 'refresh 1h grace=601s;')), qq(invalid time "601s" in "refresh", $words 0s and 600s), 'a long grace';
    is verdict(http_with(key('HS256') . 'refresh 1h grace=;')), 'invalid value in "grace="', 'an empty grace';
    is verdict(http_with(key('HS256') . 'refresh 1h grac=1s;')), 'unknown parameter "grac", did you mean "grace"?', 'a wrong word';
    my $login = 'server { location / { wxapp_login; } }';
    is verdict(http_with(key('RS256')) . $login), 'ok', 'a login with a key that signs';
    is verdict(http_with(public('RS256')) . $login), '"wxapp_login" needs "key" that signs in "wxapp_token"', 'and without one';
    is verdict("wxapp_zone z:1m;\nserver { location / { wxapp_jwks; } }\n"), '"wxapp_jwks" needs "wxapp_token"', 'wxapp_jwks alone';
};

our $LOCATION = <<'C';
    location = /t {
        wxapp_auth on;
        add_header X-Uid "[$wxapp_uid]" always;
        wxapp_ping;
    }
    location = /jwks { wxapp_jwks; }
C

add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined(my $code = $block->keys)) {
        my $lines = eval "package main; $code";
        die $block->name . ": $@" if $@;
        $block->set_value(http_config => http_with($lines));
    }

    if (defined(my $code = $block->token)) {
        my $token = eval "package main; $code";
        die $block->name . ": $@" if $@;
        $block->set_value(more_headers => "Authorization: Bearer $token");
    }

    $block->set_value(config => $LOCATION . ($block->config // ''));
    $block->set_value(config => $block->config . wxapp_upstream()) if $block->config =~ /wxapp_login/;
    $block->set_value(request => defined $block->drive ? 'GET /ready' : 'GET /t') if !defined $block->request;

    if (defined(my $reason = $block->refused)) {
        chomp $reason;
        $block->set_value(error_code => 403);
        $block->set_value(response_headers => join "\n", 'X-Uid: []',
            qq{WWW-Authenticate: Bearer error="invalid_token", error_description="$reason"});
        $block->set_value(response_body_like => qr/"code":"invalid_token","message":"\Q$reason\E",/);
    }

    if (defined(my $uid = $block->accepted)) {
        chomp $uid;
        $block->set_value(response_headers => "X-Uid: [$uid]\n!WWW-Authenticate");
        $block->set_value(response_body => '{"message":"pong"}');
    }
});

add_response_body_check(sub {
    my ($block, $body) = @_;
    my $code = $block->then // return;
    my $sub = eval "package main; sub { $code }" or die $@;
    subtest $block->name . ' - then' => sub { $sub->($body); done_testing };
});

run_tests();

__DATA__

=== TEST 1: a token of each algorithm is accepted beside the others
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: signed('HS256')
--- accepted: 1
--- then
is outcome(signed($_, sub => "of $_")), "200 [of $_]", $_ for @main::ALL;



=== TEST 2: a public key verifies what its private one signed
--- keys: "issuer shop.example.com;\n" . join '', map { public($_) } @main::PUBLIC
--- token: signed('RS256')
--- accepted: 1
--- then
is outcome(signed($_, sub => "of $_")), "200 [of $_]", $_ for @main::PUBLIC;



=== TEST 3: no token of a key is one of another algorithm
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: jws('RS256', file('RS256'), { kid => 'PS256' }, claims())
--- refused: the algorithm is not accepted
--- then
for my $kid (@main::ALL) {
    my @good = grep { outcome(jws($_, file($_), { kid => $kid }, claims())) =~ /^200/ } @main::ALL;
    is "@good", $kid, "by the key $kid";
}



=== TEST 4: an algorithm in the header alone changes nothing
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: jws('RS256', file('RS256'), { kid => 'RS256', alg => 'RS384' }, claims())
--- refused: the algorithm is not accepted
--- then
is outcome(jws('RS256', file('RS256'), { kid => 'PS256', alg => 'PS256' }, claims())), '403 []', 'RS256 as PS256';
is outcome(jws('PS256', file('RS256'), { kid => 'RS256', alg => 'RS256' }, claims())), '403 []', 'PS256 as RS256';
is outcome(jws('RS384', file('RS256'), { kid => 'RS256', alg => 'RS256' }, claims())), '403 []', 'RS384 as RS256';
is outcome(jws('ES256', file('ES256'), { kid => 'ES384', alg => 'ES384' }, claims())), '403 []', 'ES256 as ES384';
is outcome(jws('HS512', file('HS256'), { kid => 'HS256', alg => 'HS256' }, claims())), '403 []', 'HS512 as HS256';



=== TEST 5: the public key is no secret of an HMAC
--- keys: "issuer shop.example.com;\n" . key('RS256', 'k')
--- token: jws('HS256', public_file(file('RS256', 'k')), { kid => 'k' }, claims())
--- refused: the algorithm is not accepted
--- then
my $pem = WXKeys::slurp(public_file(file('RS256', 'k')));
for my $text ($pem, $pem =~ s/\n\z//r, $pem =~ s/\n//gr, '') {
    for my $alg (qw(HS256 HS384 HS512)) {
        my $file = write_key('confused', $text);
        is outcome(jws($alg, $file, { kid => 'k' }, claims())), '403 []', "$alg by " . length($text) . ' bytes';
        is outcome(jws($alg, $file, { kid => 'k', alg => 'RS256' }, claims())), '403 []', "$alg that calls itself RS256";
    }
}



=== TEST 6: none is refused by every key
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: jws('HS256', file('HS256'), { kid => 'RS256', alg => 'none' }, claims())
--- refused: the algorithm is not accepted
--- then
for my $kid (@main::ALL) {
    my $token = jws('HS256', file('HS256'), { kid => $kid, alg => 'none' }, claims());
    is outcome($token), '403 []', "$kid with a signature";
    is outcome($token =~ s/[^.]*$//r), '403 []', "$kid without one";
}



=== TEST 7: the signature of another key of the same algorithm is refused
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: jws('RS256', file('RS256', 'theirs'), { kid => 'RS256' }, claims())
--- refused: the signature is invalid
--- then
is outcome(jws($_, file($_, 'theirs'), { kid => $_ }, claims())), '403 []', $_ for @main::ALL;



=== TEST 8: signatures of other lengths are refused
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- token: signed('ES256') =~ s/..$//r
--- refused: the signature is invalid
--- then
for my $alg (@main::ALL) {
    my $token = signed($alg);
    my ($in, $sig) = $token =~ /(.*)\.(.*)/;
    my %wrong = (one => 'A', two => 'AA', half => substr($sig, 0, length($sig) / 2), double => "$sig$sig",
        zeros => 'A' x length $sig, more => "${sig}AAAA");
    is outcome("$in.$wrong{$_}"), '403 []', "$alg $_" for sort keys %wrong;
}



=== TEST 9: a signature of ECDSA in DER is refused
--- keys: "issuer shop.example.com;\n" . key('ES256')
--- token
my ($in) = signed('ES256') =~ /(.*)\./;
"$in." . MIME::Base64::encode_base64url(WXKeys::openssl($in, 'dgst', '-sha256', '-sign', file('ES256')));
--- refused: the signature is invalid



=== TEST 10: keys that a header brings or points to are not looked at
--- keys: "issuer shop.example.com;\n" . key('ES256')
--- token: jws('ES256', file('ES256', 'theirs'), { kid => 'ES256', jwk => jwk('ES256', file('ES256', 'theirs')) }, claims())
--- refused: the signature is invalid
--- then
my $set = theirs('ES256');
for my $header ({ jku => "file://$set" }, { jku => 'http://127.0.0.1:' . port() . '/jwks' }, { x5u => "file://$set" },
    { x5c => ['AAAA'] }, { x5t => 'AAAA' }) {
    my ($name) = keys %$header;
    is outcome(jws('ES256', file('ES256', 'theirs'), { kid => 'ES256', %$header }, claims())), '403 []', "$name with their key";
    is outcome(jws('ES256', file('ES256'), { kid => 'ES256', %$header }, claims())), '200 [1]', "$name with ours";
    is outcome(jws('ES256', file('ES256', 'theirs'), { %$header }, claims())), '403 []', "$name without kid";
}



=== TEST 11: typ may be missing, JWT, or at+jwt, and nothing else
--- keys: "issuer shop.example.com;\n" . key('HS256')
--- token: jws('HS256', file('HS256'), { kid => 'HS256', typ => 'JOSE' }, claims())
--- refused: the token is of another type
--- then
my $of = sub { outcome(jws('HS256', file('HS256'), { kid => 'HS256', @_ }, claims())) };
is $of->(), '200 [1]', 'missing';
is $of->(typ => $_), '200 [1]', $_ for qw(JWT jwt at+jwt AT+JWT application/at+jwt);
is $of->(typ => $_), '403 []', 'typ ' . ($_ // 'null')
    for '', 'J', 'JWTS', 'at', 'at+jwtx', 'rt+jwt', 'dpop+jwt', 'logout+jwt', 'secevent+jwt', 'application/', 'text/at+jwt', undef, 7, ['JWT'];



=== TEST 12: critical headers and unencoded payloads are refused
--- keys: "issuer shop.example.com;\n" . key('HS256')
--- token: jws('HS256', file('HS256'), { kid => 'HS256', crit => ['b64'], b64 => JSON::PP::false }, claims())
--- refused: the token has critical headers
--- then
my $of = sub { outcome(jws('HS256', file('HS256'), { kid => 'HS256', @_ }, claims())) };
is $of->(crit => []), '403 []', 'crit of nothing';
is $of->(crit => ['exp'], exp => 1), '403 []', 'crit of exp';
is $of->(crit => 'b64'), '403 []', 'crit as a string';
is $of->(b64 => JSON::PP::false), '403 []', 'b64 without crit';



=== TEST 13: a name twice is refused, at any depth
--- keys: "issuer shop.example.com;\n" . key('HS256')
--- token: jws('HS256', file('HS256'), { kid => 'HS256' }, '{"iss":"shop.example.com","exp":9999999999,"sub":"1","a":{"b":[{"role":1,"role":2}]}}')
--- refused: the token is malformed
--- then
my $of = sub { outcome(jws('HS256', file('HS256'), $_[0], $_[1])) };
my $good = '{"iss":"shop.example.com","exp":9999999999,"sub":"1","a":{"b":[{"role":1},{"role":2}]},"b":{"sub":1}}';
my $header = '{"alg":"HS256","kid":"HS256"}';
is $of->($header, $good), '200 [1]', 'the same name in two objects';
is $of->($header, $good =~ s/"sub":"1"/"sub":"1","sub":"1"/r), '403 []', 'sub';
is $of->($header, $good =~ s/"iss"/"iss":"id.example.org","iss"/r), '403 []', 'iss';
is $of->($header, $good =~ s/"sub":"1"/"sub":"1","su\\u0062":"2"/r), '403 []', 'written otherwise';
is $of->('{"alg":"HS256","alg":"HS256","kid":"HS256"}', $good), '403 []', 'alg';
is $of->('{"alg":"HS256","kid":"HS256","x":{"a":1,"a":2}}', $good), '403 []', 'in the header';



=== TEST 14: the first key that can sign signs
--- keys: "issuer shop.example.com;\n" . public('RS256') . key('ES256') . key('HS256')
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('jwks-a') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
my $token = JSON::PP::decode_json($_[0])->{access_token};
my $header = JSON::PP::decode_json(MIME::Base64::decode_base64url($token =~ s/\..*//r));
is_deeply $header, { alg => 'ES256', typ => 'at+jwt', kid => 'ES256' }, 'its header';
like outcome($token), qr/^200 \[\d+\]$/, 'accepted';



=== TEST 15: RS256, PS256 and EdDSA sign what openssl finds good
--- keys: "issuer shop.example.com;\n" . key('RS256')
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('jwks-b') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
my $token = JSON::PP::decode_json($_[0])->{access_token};
my ($in, $sig) = $token =~ /(.*)\.(.*)/;
my $file = write_key('signature', MIME::Base64::decode_base64url($sig));
like WXKeys::openssl($in, 'dgst', '-sha256', '-verify', public_file(file('RS256')), '-signature', $file), qr/Verified OK/, 'verified';



=== TEST 16: the public keys are published, in the order of the configuration
--- keys: "issuer shop.example.com;\n" . join '', map { key($_) } @main::ALL
--- request: GET /jwks
--- response_headers
Content-Type: application/json
Cache-Control: public, max-age=300
--- then
my $set = JSON::PP::decode_json($_[0]);
is_deeply [keys %$set], ['keys'], 'only keys';
is_deeply $set->{keys}, [map { jwk($_, file($_), kid => $_) } @main::PUBLIC], 'all that are no secret';
for my $secret (grep { /^HS/ } @main::ALL) { unlike $_[0], qr/\Q@{[WXKeys::slurp(file($secret))]}\E/, "not $secret" }
unlike $_[0], qr/oct|"d"|"k"|"p"/, 'no member of a secret';



=== TEST 17: a public key is published as well
--- keys: "issuer shop.example.com;\n" . public('ES256')
--- request: GET /jwks
--- then
is_deeply JSON::PP::decode_json($_[0]), { keys => [jwk('ES256', file('ES256'), kid => 'ES256')] }, 'it';



=== TEST 18: with secrets alone the set is empty
--- request: GET /jwks
--- response_headers
Cache-Control: public, max-age=300
--- response_body: {"keys":[]}



=== TEST 19: the keys of others are not published
--- keys: "issuer shop.example.com;\n" . key('EdDSA') . 'trust id.example.org jwks=' . theirs('ES256') . ";\n"
--- request: GET /jwks
--- then
is_deeply [map { $_->{kid} } @{ JSON::PP::decode_json($_[0])->{keys} }], ['EdDSA'], 'only ours';



=== TEST 20: HEAD has the headers only
--- request: HEAD /jwks
--- response_headers
Cache-Control: public, max-age=300
Content-Length: 11
--- response_body:



=== TEST 21: other methods are refused
--- request: POST /jwks
--- error_code: 405
--- response_headers
Allow: GET, HEAD
--- response_body_like: "code":"method_not_allowed"



=== TEST 22: a token of a trusted issuer is verified by its keys
--- keys: "issuer shop.example.com;\n" . key('HS256') . 'trust id.example.org jwks=' . theirs(@main::PUBLIC) . ";\n"
--- token: foreign('RS256', { kid => 'RS256' }, sub => 'theirs')
--- accepted: theirs
--- then
is outcome(foreign($_, { kid => $_ }, sub => "of $_")), "200 [of $_]", $_ for @main::PUBLIC;
my $known = foreign('ES256', { kid => 'ES256' });
is outcome($known), '200 [1]', 'a known one as well' for 1 .. 3;



=== TEST 23: our key does not vouch for their name
--- keys: "issuer shop.example.com;\n" . key('ES256') . 'trust id.example.org jwks=' . theirs('RS256') . ";\n"
--- token: signed('ES256', iss => 'id.example.org')
--- refused: the key is unknown



=== TEST 24: nor with the same kid
--- keys: "issuer shop.example.com;\n" . key('ES256') . 'trust id.example.org jwks=' . theirs('ES256') . ";\n"
--- token: signed('ES256', iss => 'id.example.org')
--- refused: the signature is invalid



=== TEST 25: their key does not vouch for our name
--- keys: "issuer shop.example.com;\n" . key('ES256') . 'trust id.example.org jwks=' . theirs('ES256', 'RS256') . ";\n"
--- token: foreign('ES256', { kid => 'ES256' }, iss => 'shop.example.com')
--- refused: the signature is invalid
--- then
is outcome(foreign('RS256', { kid => 'RS256' }, iss => 'shop.example.com')), '403 []', 'nor with a kid of theirs alone';
is outcome(foreign('ES256', {}, iss => 'shop.example.com')), '403 []', 'nor without one';



=== TEST 26: their key does not vouch for a third name, or none
--- keys: "issuer shop.example.com;\n" . key('ES256') . 'trust id.example.org jwks=' . theirs('RS256') . ";\n"
--- token: foreign('RS256', { kid => 'RS256' }, iss => 'other.example.org')
--- refused: the key is unknown
--- then
is outcome(foreign('RS256', { kid => 'RS256' }, iss => $_)), '403 []', $_ // 'null'
    for undef, '', 'id.example.or', 'id.example.org.', 'ID.example.org', ['id.example.org'], { iss => 'id.example.org' };



=== TEST 27: two trusted issuers have nothing of each other
--- keys
"trust id.example.org jwks=" . theirs('ES256') . ";\ntrust sso.example.net jwks=" . jwks(jwk('ES256', file('ES256'), kid => 'ES256')) . ";\n"
--- token: foreign('ES256', { kid => 'ES256' })
--- accepted: 1
--- then
is outcome(foreign('ES256', { kid => 'ES256' }, iss => 'sso.example.net')), '403 []', 'the key of the first for the second';
is outcome(signed('ES256', iss => 'sso.example.net')), '200 [1]', 'its own';
is outcome(signed('ES256', iss => 'id.example.org')), '403 []', 'the key of the second for the first';



=== TEST 28: a kid may be missing where there is one key of the algorithm
--- keys: 'trust id.example.org jwks=' . theirs('ES256', 'RS256') . ";\n"
--- token: foreign('ES256', {})
--- accepted: 1
--- then
is outcome(foreign('RS256', {})), '200 [1]', 'of each algorithm';
is outcome(foreign('PS256', {})), '403 []', 'but of no other';
is outcome(foreign('ES256', { kid => $_ })), '403 []', "and not $_" for '', 'es256', 'RS256', 'ES2567';
is outcome(foreign('ES256', { kid => undef })), '403 []', 'null is not missing';



=== TEST 29: with two keys of the algorithm it may not
--- keys
'trust id.example.org jwks=' . jwks(jwk('ES256', file('ES256', 'theirs'), kid => 'a'), jwk('ES256', file('ES256'), kid => 'b'),
    jwk('EdDSA', file('EdDSA', 'theirs'), kid => 'c')) . ";\n"
--- token: foreign('ES256', {})
--- refused: the key is unknown
--- then
is outcome(foreign('ES256', { kid => 'a' })), '200 [1]', 'with it';
is outcome(foreign('EdDSA', {})), '200 [1]', 'the only one of another';



=== TEST 30: our own tokens need a kid, also with one key
--- keys: "issuer shop.example.com;\n" . key('ES256')
--- token: jws('ES256', file('ES256'), {}, claims())
--- refused: the key is unknown



=== TEST 31: a key of theirs without a kid is for tokens without one
--- keys: 'trust id.example.org jwks=' . jwks(jwk('ES256', file('ES256', 'theirs'))) . ";\n"
--- token: foreign('ES256', {})
--- accepted: 1
--- then
is outcome(foreign('ES256', { kid => 'a' })), '403 []', 'not for others';



=== TEST 32: what is not for signatures, or of no known kind, is left out
--- keys
'trust id.example.org jwks=' . jwks({ kty => 'EC', crv => 'secp256k1', x => 'AA', y => 'AA' }, { kty => 'PQ' },
    jwk('ES256', file('ES256'), kid => 'enc', use => 'enc'), jwk('ES256', file('ES256', 'theirs'), kid => 'a', alg => undef, use => undef)) . ";\n"
--- token: foreign('ES256', { kid => 'a' })
--- accepted: 1
--- then
is outcome(jws('ES256', file('ES256'), { kid => 'enc' }, claims(iss => 'id.example.org'))), '403 []', 'the one that encrypts';



=== TEST 33: a key without alg is for RS256 if it is RSA
--- keys: 'trust id.example.org jwks=' . jwks(jwk('RS256', file('RS256', 'theirs'), kid => 'a', alg => undef)) . ";\n"
--- token: foreign('RS256', { kid => 'a' })
--- accepted: 1
--- then
is outcome(foreign($_, { kid => 'a' })), '403 []', $_ for qw(RS384 RS512 PS256);



=== TEST 34: the times of a trusted issuer's token are checked
--- keys: 'trust id.example.org jwks=' . theirs('ES256') . ";\n"
--- token: foreign('ES256', {}, exp => time - 60)
--- refused: the token has expired
--- then
is outcome(foreign('ES256', {}, nbf => time + 60)), '403 []', 'nbf';
is outcome(foreign('ES256', {}, iat => time + 60)), '403 []', 'iat';



=== TEST 35: an audience of its own
--- keys: "audience shop;\ntrust id.example.org jwks=" . theirs('ES256') . " audience=client-7;\n"
--- token: foreign('ES256', {}, aud => 'client-7')
--- accepted: 1
--- then
is outcome(foreign('ES256', {}, aud => ['x', 'client-7'])), '200 [1]', 'among others';
is outcome(foreign('ES256', {}, aud => 'shop')), '403 []', 'not that of the block';
is outcome(foreign('ES256', {})), '403 []', 'not without one';



=== TEST 36: or that of the block, also when it stands behind
--- keys: "trust id.example.org jwks=" . theirs('ES256') . ";\naudience shop;\n"
--- token: foreign('ES256', {}, aud => 'shop')
--- accepted: 1
--- then
is outcome(foreign('ES256', {}, aud => 'client-7')), '403 []', 'another';



=== TEST 37: without any audience a token for somebody is refused
--- keys: "trust id.example.org jwks=" . theirs('ES256') . ";\n"
--- token: foreign('ES256', {}, aud => 'client-7')
--- refused: the token is for another audience



=== TEST 38: a token from the cache is refused once it has expired
--- keys: "issuer shop.example.com;\nleeway 0;\n" . key('ES256')
--- request: GET /jwks
--- then
my $token = signed('ES256', exp => time + 2);
is outcome($token), '200 [1]', 'good';
is outcome($token), '200 [1]', 'again';
my $until = time + 4;
my $r = '';
while (time < $until && ($r = outcome($token)) =~ /^200/) { Time::HiRes::sleep(0.05) }
is $r, '403 []', 'then no more';



=== TEST 39: a bad signature leaves nothing behind for TLS
--- keys: "issuer shop.example.com;\n" . key('RS256') . key('ES256') . key('EdDSA')
--- config eval
my $certificate = WXKeys::write_key('certificate', WXKeys::openssl('', qw(req -x509 -days 2 -subj /CN=localhost -key), main::file('RS256')));
"listen unix:$Test::Nginx::Util::HtmlDir/tls.sock ssl;\nssl_certificate $certificate;\nssl_certificate_key " . main::file('RS256') . ";\n"
--- token: jws('RS256', file('RS256', 'theirs'), { kid => 'RS256' }, claims())
--- refused: the signature is invalid
--- then
my $socket = $Test::Nginx::Util::HtmlDir . '/tls.sock';
for my $alg (qw(RS256 ES256 EdDSA)) {
    my ($in) = signed($alg) =~ /(.*)\./;
    is outcome("$in." . ('A' x 86)), '403 []', "$alg";
    is outcome(jws($alg, file($alg, 'theirs'), { kid => $alg }, claims())), '403 []', "$alg of another";
    like `curl -sk --unix-socket $socket https://localhost/jwks`, qr/"keys"/, 'a TLS connection of the same worker';
}



=== TEST 40: a reload that takes a key out ends its tokens, also those that every worker knew
--- workers: 2
--- keys: "issuer shop.example.com;\ninclude " . write_key('included', key('ES256')) . ";\n" . key('HS256')
--- drive
my ($token, $other) = (signed('ES256'), signed('HS256'));
is outcome($token), '200 [1]', 'good' for 1 .. 20;
is outcome($other), '200 [1]', 'the other, too';
my %old = map { $_ => 1 } worker_pids();
write_key('included', "# nothing\n");
signal_nginx('HUP');
ok wait_until { my @now = worker_pids(); @now == 2 && !grep { $old{$_} } @now }, 'new workers';
is outcome($token), '403 []', 'no more' for 1 .. 20;
is outcome($other), '200 [1]', 'the other stays';
write_key('included', key('ES256'));
%old = map { $_ => 1 } worker_pids();
signal_nginx('HUP');
ok wait_until { my @now = worker_pids(); @now == 2 && !grep { $old{$_} } @now }, 'new workers again';
is outcome($token), '200 [1]', 'a key that is back makes it good again';



=== TEST 41: a key with new bytes under its old id refuses the old tokens after the reload
--- workers: 2
--- keys: "issuer shop.example.com;\nkey k ES256 " . write_key('changing', WXKeys::slurp(file('ES256'))) . ";\n"
--- drive
my $token = jws('ES256', file('ES256'), { kid => 'k' }, claims());
my $new = jws('ES256', file('ES256', 'theirs'), { kid => 'k' }, claims());
is outcome($token), '200 [1]', 'good' for 1 .. 20;
is outcome($new), '403 []', 'not yet';
my %old = map { $_ => 1 } worker_pids();
write_key('changing', WXKeys::slurp(file('ES256', 'theirs')));
signal_nginx('HUP');
ok wait_until { my @now = worker_pids(); @now == 2 && !grep { $old{$_} } @now }, 'new workers';
is outcome($token), '403 []', 'no more' for 1 .. 20;
is outcome($new), '200 [1]', 'but the new one';
