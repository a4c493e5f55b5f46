# The token itself: what is refused, what is accepted, the keys, and what login issues.
#
# Sections of this file:
#   token     arguments of make_token(), or `raw:` and an expression for the whole token
#   refused   403 invalid_token with exactly this reason, in header and body
#   accepted  200, and $wxapp_uid is this
#   then      Perl, run after the response; $_[0] is its body

use lib 't/lib';
use WXApp;

use File::Temp ();
use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

my $dir = File::Temp->newdir('wxapp-token-XXXXXX', TMPDIR => 1);

# a key file of these bytes
sub key_file {
    my ($bytes) = @_;
    our $files;
    my $name = "$dir/" . ++$files . '.key';
    open my $fh, '>:raw', $name or die "$name: $!\n";
    chmod 0600, $name;
    print $fh $bytes;
    close $fh;
    return $name;
}

our $OTHER = 'another key, quite as long as it has to be';

# wxapp_token {} with these keys in place of the standard one
sub keys_of {
    my (@kid_and_bytes) = @_;
    my $lines = "issuer shop.example.com;\n";
    while (my ($kid, $bytes) = splice @kid_and_bytes, 0, 2) {
        $lines .= "key \"$kid\" HS256 " . key_file($bytes) . ";\n";
    }
    return wxapp_http(token => "wxapp_token {\n$lines}\n");
}

sub b64 { return MIME::Base64::encode_base64url($_[0]) }

sub claims {
    my (%more) = @_;
    return { iss => 'shop.example.com', sub => '1', exp => time + 600, %more };
}

sub header { return { alg => 'HS256', kid => '2026-11', @_ } }

# signed by the right key, the header and payload being these texts
sub signed { return sign_token($_[0] // main::header(), $_[1] // claims()) }

# the JSON of the claims with this text put in first
sub with {
    my ($text) = @_;
    return JSON::PP::encode_json(claims()) =~ s/^\{/{$text,/r;
}

# a good token with its parts changed by the code, which gets them in @_
sub changed {
    my ($code) = @_;
    my @part = split /\./, make_token();
    $code->(@part);
    return join '.', @part;
}

# a good token of this length
sub of_length {
    my ($length) = @_;
    for my $name (0 .. 3) {
        for my $bytes ($length / 2 .. $length) {
            my $token = signed(header('n' x $name => ''), claims(pad => 'p' x $bytes, exp => time + 600));
            return $token if length $token == $length;
            last if length $token > $length;
        }
    }
    die "no token of $length\n";
}

sub part { return JSON::PP::decode_json(MIME::Base64::decode_base64url((split /\./, $_[0])[$_[1]])) }

sub port { return $ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port() }

sub get {
    my ($token) = @_;
    return HTTP::Tiny->new(timeout => 5)->get('http://127.0.0.1:' . port() . '/t',
        { headers => { Authorization => "Bearer $token" } });
}

sub login {
    my ($code) = @_;
    my $r = HTTP::Tiny->new(timeout => 5)->post('http://127.0.0.1:' . port() . '/login',
        { content => JSON::PP::encode_json({ code => $code }) });
    return JSON::PP::decode_json($r->{content});
}

our $LOCATION = <<'C';
    location = /t {
        wxapp_auth on;
        add_header X-Uid "[$wxapp_uid]" always;
        wxapp_ping;
    }
C

add_block_preprocessor(sub {
    my ($block) = @_;

    if (defined(my $text = $block->token)) {
        my $token = $text =~ s/^raw:// ? eval "package main; $text" : eval "package main; make_token($text)";
        die $block->name . ": $@" if $@;
        $block->set_value(more_headers => "Authorization: Bearer $token");
    }

    # beside a http_config of its own
    if (defined $block->http_config && ($block->config // '') =~ /wxapp_login/) {
        $block->set_value(config => $block->config . wxapp_upstream());
    }

    $block->set_value(request => 'GET /t') if !defined $block->request;
    $block->set_value(config => $LOCATION . ($block->config // '')) if ($block->config // '') !~ m{location = /t };

    if (defined(my $reason = $block->refused)) {
        chomp $reason;
        $block->set_value(error_code => 403);
        $block->set_value(response_headers => join "\n", 'Content-Type: application/problem+json', 'X-Uid: []',
            qq{WWW-Authenticate: Bearer error="invalid_token", error_description="$reason"});
        $block->set_value(response_body_like =>
            qr/"status":403,"error":"invalid_token","code":"invalid_token","message":"\Q$reason\E",/);
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

=== TEST 1: a good token is accepted
--- token
sub => 7
--- accepted: 7



=== TEST 2: alg none with an empty signature is malformed
--- token
raw: sign_token({ alg => 'none', kid => '2026-11' }, claims(), '', 'none')
--- refused: the token is malformed



=== TEST 3: alg none with some signature is refused
--- token
raw: sign_token({ alg => 'none', kid => '2026-11' }, claims())
--- refused: the algorithm is not accepted



=== TEST 4: alg None is refused
--- token
raw: signed(header(alg => 'None'))
--- refused: the algorithm is not accepted



=== TEST 5: alg nOnE is refused
--- token
raw: signed(header(alg => 'nOnE'))
--- refused: the algorithm is not accepted



=== TEST 6: alg NONE without any signature is malformed
--- token
raw: sign_token({ alg => 'NONE', kid => '2026-11' }, claims(), '', 'none')
--- refused: the token is malformed



=== TEST 7: an empty alg is refused
--- token
raw: signed(header(alg => ''))
--- refused: the algorithm is not accepted



=== TEST 8: a missing alg is refused
--- token
raw: signed({ kid => '2026-11' })
--- refused: the algorithm is not accepted



=== TEST 9: alg null is refused
--- token
raw: signed(header(alg => undef))
--- refused: the algorithm is not accepted



=== TEST 10: alg as a list is refused
--- token
raw: signed(header(alg => ['HS256']))
--- refused: the algorithm is not accepted



=== TEST 11: alg in lower case is refused
--- token
raw: signed(header(alg => 'hs256'))
--- refused: the algorithm is not accepted



=== TEST 12: alg with a NUL behind it is refused
--- token
raw: signed(header(alg => "HS256\0"))
--- refused: the token is malformed



=== TEST 13: HS384 with the right key is refused
--- token
-alg => 'HS384'
--- refused: the algorithm is not accepted



=== TEST 14: HS512 with the right key is refused
--- token
-alg => 'HS512'
--- refused: the algorithm is not accepted



=== TEST 15: HS512 that calls itself HS256 is refused
--- token
raw: sign_token(header(), claims(), jwt_key(), 'HS512')
--- refused: the signature is invalid



=== TEST 16: RS256 in the header is refused
--- token
raw: signed(header(alg => 'RS256'))
--- refused: the algorithm is not accepted



=== TEST 17: ES256 in the header is refused
--- token
raw: signed(header(alg => 'ES256'))
--- refused: the algorithm is not accepted



=== TEST 18: another key with our kid is refused
--- token
-key => $main::OTHER
--- refused: the signature is invalid



=== TEST 19: an empty key is refused
--- token
-key => ''
--- refused: the signature is invalid



=== TEST 20: the key with a newline behind it is another key
--- token
-key => jwt_key() . "\n"
--- refused: the signature is invalid



=== TEST 21: the kid as key is refused
--- token
-key => '2026-11'
--- refused: the signature is invalid



=== TEST 22: an unknown kid is refused
--- token
-kid => '2027-01'
--- refused: the key is unknown



=== TEST 23: a missing kid is refused
--- token
-kid => undef
--- refused: the key is unknown



=== TEST 24: an empty kid is refused
--- token
-kid => ''
--- refused: the key is unknown



=== TEST 25: the beginning of a kid is refused
--- token
-kid => '2026-1'
--- refused: the key is unknown



=== TEST 26: a kid with a NUL behind it is refused
--- token
-kid => "2026-11\0"
--- refused: the token is malformed



=== TEST 27: a kid that is a path is refused
--- token
-kid => '../../../dev/null'
--- refused: the key is unknown



=== TEST 28: a kid of the wrong type is refused: number
--- token
raw: signed(header(kid => 2026))
--- refused: the key is unknown



=== TEST 29: a kid of the wrong type is refused: null
--- token
raw: signed({ alg => 'HS256', kid => undef })
--- refused: the key is unknown



=== TEST 30: a kid of the wrong type is refused: list
--- token
raw: signed(header(kid => ['2026-11']))
--- refused: the key is unknown



=== TEST 31: a kid of the wrong type is refused: object
--- token
raw: signed(header(kid => { kid => '2026-11' }))
--- refused: the key is unknown



=== TEST 32: an expired token is refused
--- token
-ttl => -60
--- refused: the token has expired



=== TEST 33: a token is good within the leeway after exp
--- token
-ttl => -15
--- accepted: 1



=== TEST 34: at the end of the leeway it has expired
--- token
-ttl => -30
--- refused: the token has expired



=== TEST 35: a leeway of 0 ends with exp itself
--- http_config eval: main::wxapp_http('token+' => "leeway 0;\n")
--- token
-ttl => 0
--- refused: the token has expired



=== TEST 36: a leeway of 0 leaves the rest of the life
--- http_config eval: main::wxapp_http('token+' => "leeway 0;\n")
--- token
-ttl => 10
--- accepted: 1



=== TEST 37: a long leeway is honoured for exp
--- http_config eval: main::wxapp_http('token+' => "leeway 5m;\n")
--- token
-ttl => -250
--- accepted: 1



=== TEST 38: a long leeway ends too
--- http_config eval: main::wxapp_http('token+' => "leeway 5m;\n")
--- token
-ttl => -300
--- refused: the token has expired



=== TEST 39: a token without exp is refused
--- token
raw: signed(undef, { iss => 'shop.example.com', sub => '1' })
--- refused: the token has a claim of the wrong type



=== TEST 40: exp as a string is refused
--- token
raw: signed(undef, with('"iat":1') =~ s/"exp":(\d+)/"exp":"$1"/r)
--- refused: the token has a claim of the wrong type



=== TEST 41: exp null is refused
--- token
raw: signed(undef, claims(exp => undef))
--- refused: the token has a claim of the wrong type



=== TEST 42: exp true is refused
--- token
raw: signed(undef, claims(exp => JSON::PP::true))
--- refused: the token has a claim of the wrong type



=== TEST 43: exp as a list is refused
--- token
raw: signed(undef, claims(exp => [time + 600]))
--- refused: the token has a claim of the wrong type



=== TEST 44: exp with a point in it is refused
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":(\d+)/"exp":$1.5/r)
--- refused: the token has a claim of the wrong type



=== TEST 45: exp with an exponent is refused
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":9e18/r)
--- refused: the token has a claim of the wrong type



=== TEST 46: exp too large for a double is refused
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":1e400/r)
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 47: exp of 2^63 is refused
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":9223372036854775808/r)
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 48: exp of 2^64 and a bit does not wrap
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":18446744079999999999/r)
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 49: exp of 2^63-1 is far away
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":9223372036854775807/r)
--- accepted: 1



=== TEST 50: exp 0 has expired
--- token
raw: signed(undef, claims(exp => 0))
--- refused: the token has expired



=== TEST 51: exp -1 has expired
--- token
raw: signed(undef, claims(exp => -1))
--- refused: the token has expired



=== TEST 52: exp of -2^63 has expired
--- token
raw: signed(undef, with('"a":1') =~ s/"exp":\d+/"exp":-9223372036854775808/r)
--- refused: the token has expired



=== TEST 53: nbf in the future is refused
--- token
nbf => time + 60
--- refused: the token is not valid yet



=== TEST 54: nbf within the leeway is accepted
--- token
nbf => time + 30
--- accepted: 1



=== TEST 55: nbf without a leeway is exact
--- http_config eval: main::wxapp_http('token+' => "leeway 0;\n")
--- token
nbf => time + 10
--- refused: the token is not valid yet



=== TEST 56: a long leeway is honoured for nbf
--- http_config eval: main::wxapp_http('token+' => "leeway 5m;\n")
--- token
nbf => time + 300
--- accepted: 1



=== TEST 57: nbf of 2^63-1 is not valid yet
--- token
raw: signed(undef, with('"nbf":9223372036854775807'))
--- refused: the token is not valid yet



=== TEST 58: nbf as a string is refused
--- token
raw: signed(undef, with('"nbf":"1"'))
--- refused: the token has a claim of the wrong type



=== TEST 59: nbf null is refused
--- token
raw: signed(undef, with('"nbf":null'))
--- refused: the token has a claim of the wrong type



=== TEST 60: nbf may be missing
--- token
nbf => undef
--- accepted: 1



=== TEST 61: nbf may lie before the epoch
--- token
raw: signed(undef, with('"nbf":-1'))
--- accepted: 1



=== TEST 62: iat in the future is refused
--- token
iat => time + 60
--- refused: the token was issued in the future



=== TEST 63: iat within the leeway is accepted
--- token
iat => time + 30
--- accepted: 1



=== TEST 64: iat as a string is refused
--- token
raw: signed(undef, with('"iat":"1"'))
--- refused: the token has a claim of the wrong type



=== TEST 65: iat may be missing
--- token
iat => undef
--- accepted: 1



=== TEST 66: a missing issuer is refused
--- token
iss => undef
--- refused: the token has another issuer



=== TEST 67: another issuer is refused
--- token
iss => 'evil.example.com'
--- refused: the token has another issuer



=== TEST 68: the beginning of the issuer is refused
--- token
iss => 'shop.example.co'
--- refused: the token has another issuer



=== TEST 69: the issuer in capitals is another
--- token
iss => 'SHOP.example.com'
--- refused: the token has another issuer



=== TEST 70: an issuer that is a list is refused
--- token
raw: signed(undef, claims(iss => ['shop.example.com']))
--- refused: the token has another issuer



=== TEST 71: an issuer that is a number is refused
--- token
raw: signed(undef, claims(iss => 1))
--- refused: the token has another issuer



=== TEST 72: without a configured issuer any will do
--- http_config eval
main::wxapp_http(token => "wxapp_token { key 2026-11 HS256 $ENV{WXAPP_JWT_KEY_FILE}; }\n")
--- token
iss => undef, sub => 3
--- accepted: 3



=== TEST 73: the audience as a string
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
aud => 'shop-app'
--- accepted: 1



=== TEST 74: the audience among others in a list
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
raw: signed(undef, claims(aud => ['a', 1, 'shop-app']))
--- accepted: 1



=== TEST 75: another audience is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
aud => 'shop-ap'
--- refused: the token is for another audience



=== TEST 76: a list without the audience is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
raw: signed(undef, claims(aud => ['shop', 'app', 1, undef]))
--- refused: the token is for another audience



=== TEST 77: an empty list of audiences is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
raw: signed(undef, claims(aud => []))
--- refused: the token is for another audience



=== TEST 78: the audience in a list in a list is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
raw: signed(undef, claims(aud => [['shop-app']]))
--- refused: the token is for another audience



=== TEST 79: an audience that is an object is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
raw: signed(undef, claims(aud => { aud => 'shop-app' }))
--- refused: the token is for another audience



=== TEST 80: a missing audience is refused
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- token
--- refused: the token is for another audience



=== TEST 81: a token of exactly 4096 bytes is accepted
--- token
raw: of_length(4096)
--- accepted: 1



=== TEST 82: a token of 4097 bytes is too long
--- token
raw: of_length(4097)
--- refused: the token is too long



=== TEST 83: a token of 8 kB is too long
--- token
raw: of_length(8100)
--- refused: the token is too long



=== TEST 84: 8 kB of junk is too long
--- token
raw: 'x' x 8100
--- refused: the token is too long



=== TEST 85: a header over nginx's own limit is nginx's error
--- token
raw: 'x' x 9000
--- error_code: 400
--- response_body_like: Request Header Or Cookie Too Large



=== TEST 86: one part is malformed
--- token
raw: 'abc'
--- refused: the token is malformed



=== TEST 87: two parts are malformed
--- token
raw: make_token() =~ s/\.[^.]*$//r
--- refused: the token is malformed



=== TEST 88: four parts are malformed
--- token
raw: make_token() . '.AAAA'
--- refused: the token is malformed



=== TEST 89: five parts are malformed
--- token
raw: make_token() . '.AAAA.AAAA'
--- refused: the token is malformed



=== TEST 90: a dot behind the token is malformed
--- token
raw: make_token() . '.'
--- refused: the token is malformed



=== TEST 91: a dot before the token is malformed
--- token
raw: '.' . make_token()
--- refused: the token is malformed



=== TEST 92: an empty header part is malformed
--- token
raw: changed(sub { $_[0] = '' })
--- refused: the token is malformed



=== TEST 93: an empty payload part is malformed
--- token
raw: changed(sub { $_[1] = '' })
--- refused: the token is malformed



=== TEST 94: an empty signature part is malformed
--- token
raw: make_token() =~ s/[^.]*$//r
--- refused: the token is malformed



=== TEST 95: only dots are malformed
--- token
raw: '..'
--- refused: the token is malformed



=== TEST 96: padding of the signature is malformed
--- token
raw: make_token() . '='
--- refused: the token is malformed



=== TEST 97: padding of the header is malformed
--- token
raw: changed(sub { $_[0] .= '=' })
--- refused: the token is malformed



=== TEST 98: plus is no base64url
--- token
raw: changed(sub { substr($_[2], 5, 1) = '+' })
--- refused: the token is malformed



=== TEST 99: slash is no base64url
--- token
raw: changed(sub { substr($_[1], 5, 1) = '/' })
--- refused: the token is malformed



=== TEST 100: a space in the token is malformed
--- token
raw: changed(sub { substr($_[1], 5, 1) = ' ' })
--- refused: the token is malformed



=== TEST 101: a percent sign is malformed
--- token
raw: make_token() . '%00'
--- refused: the token is malformed



=== TEST 102: a byte over 127 is malformed
--- token
raw: make_token() . "\xff"
--- refused: the token is malformed



=== TEST 103: quotes around the token are malformed
--- token
raw: '"' . make_token() . '"'
--- refused: the token is malformed



=== TEST 104: two tokens with a comma are malformed
--- token
raw: make_token() . ', Bearer ' . make_token()
--- refused: the token is malformed



=== TEST 105: a parameter behind the token is malformed
--- token
raw: make_token() . ' realm=x'
--- refused: the token is malformed



=== TEST 106: a header part of an impossible length is malformed
--- token
raw: changed(sub { $_[0] = 'eyJhb' })
--- refused: the token is malformed



=== TEST 107: a truncated signature is invalid
--- token
raw: substr(make_token(), 0, -1)
--- refused: the signature is invalid



=== TEST 108: half a signature is invalid
--- token
raw: substr(make_token(), 0, -22)
--- refused: the signature is invalid



=== TEST 109: a signature of one character is invalid
--- token
raw: changed(sub { $_[2] = 'A' })
--- refused: the signature is invalid



=== TEST 110: a longer signature is invalid
--- token
raw: make_token() . 'AAAA'
--- refused: the signature is invalid



=== TEST 111: a flipped bit in the first byte of the signature is noticed
--- token
raw: changed(sub { my $s = MIME::Base64::decode_base64url($_[2]); substr($s, 0, 1) ^= "\x80"; $_[2] = b64($s) })
--- refused: the signature is invalid



=== TEST 112: a flipped bit in the last byte of the signature is noticed
--- token
raw: changed(sub { my $s = MIME::Base64::decode_base64url($_[2]); substr($s, -1, 1) ^= "\x01"; $_[2] = b64($s) })
--- refused: the signature is invalid



=== TEST 113: other unused bits at the end of the signature are noticed
--- token
raw: changed(sub { my $c = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'; substr($_[2], -1, 1) =~ s/(.)/substr $c, index($c, $1) ^ 1, 1/e })
--- refused: the signature is invalid



=== TEST 114: the signature of another token is invalid
--- token
raw: changed(sub { $_[2] = (split /\./, make_token(sub => 99))[2] })
--- refused: the signature is invalid



=== TEST 115: a payload changed after signing is noticed
--- token
raw: changed(sub { $_[1] = b64(JSON::PP::encode_json(claims(role => 'admin'))) })
--- refused: the signature is invalid



=== TEST 116: a header changed after signing is noticed
--- token
raw: changed(sub { $_[0] = b64('{"alg":"HS256","kid":"2026-11"}') })
--- refused: the signature is invalid



=== TEST 117: a header that is no JSON is malformed
--- token
raw: signed('alg=HS256')
--- refused: the token is malformed



=== TEST 118: a header that is a list is malformed
--- token
raw: signed('["HS256"]')
--- refused: the token is malformed



=== TEST 119: a header that is a string is malformed
--- token
raw: signed('"HS256"')
--- refused: the token is malformed



=== TEST 120: junk behind the header's JSON is malformed
--- token
raw: signed('{"alg":"HS256","kid":"2026-11"}{}')
--- refused: the token is malformed



=== TEST 121: a header cut short is malformed
--- token
raw: signed('{"alg":"HS256","kid":"2026-11"')
--- refused: the token is malformed



=== TEST 122: a header that is nested too deeply is malformed
--- token
raw: signed('{"alg":"HS256","kid":"2026-11","x":' . '[' x 200 . ']' x 200 . '}')
--- refused: the token is malformed



=== TEST 123: a payload that is no JSON is refused
--- token
raw: signed(undef, 'sub=1')
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 124: a payload that is a list is refused
--- token
raw: signed(undef, '[1]')
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 125: a payload that is a number is refused
--- token
raw: signed(undef, '1')
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 126: a payload that is null is refused
--- token
raw: signed(undef, 'null')
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 127: an empty object as payload is refused
--- token
raw: signed(undef, '{}')
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 128: junk behind the payload's JSON is refused
--- token
raw: signed(undef, JSON::PP::encode_json(claims()) . 'x')
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 129: a second object behind the payload's is refused
--- token
raw: signed(undef, JSON::PP::encode_json(claims()) . '{}')
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 130: a payload of many levels is refused
--- token
raw: signed(undef, with('"x":' . '[' x 500 . ']' x 500))
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 131: a payload of a few levels is accepted
--- token
raw: signed(undef, with('"x":' . '[' x 10 . ']' x 10))
--- accepted: 1



=== TEST 132: a comment in the payload is refused
--- token
raw: signed(undef, with('/* x */ "x":1'))
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 133: invalid UTF-8 in the payload is refused
--- token
raw: signed(undef, with(qq{"x":"\xff\xfe"}))
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 134: an escaped NUL in the payload is refused
--- token
raw: signed(undef, claims(sub => "1\0" . '2'))
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 135: a repeated claim is refused
--- token
raw: signed(undef, with('"sub":"2"'))
--- error_code: 403
--- response_headers
X-Uid: []
--- response_body_like: "code":"invalid_token"



=== TEST 136: a repeated claim is refused in whatever spelling
--- token
raw: signed(undef, with('"\u0065xp":1'))
--- error_code: 403
--- response_body_like: "code":"invalid_token"



=== TEST 137: a repeated alg in the header is refused
--- token
raw: signed('{"alg":"none","alg":"HS256","kid":"2026-11"}')
--- refused: the token is malformed



=== TEST 138: a repeated alg in the header is refused the other way round
--- token
raw: signed('{"alg":"HS256","kid":"2026-11","alg":"none"}')
--- refused: the token is malformed



=== TEST 139: a repeated alg in another spelling is refused
--- token
raw: signed('{"alg":"HS256","kid":"2026-11","\u0061lg":"HS256"}')
--- refused: the token is malformed



=== TEST 140: a repeated kid in the header is refused
--- token
raw: signed('{"alg":"HS256","kid":"2026-11","kid":"2026-11"}')
--- refused: the token is malformed



=== TEST 141: critical headers are refused
--- token
-header => { crit => ['exp'] }
--- refused: the token has critical headers



=== TEST 142: an empty list of critical headers is refused
--- token
-header => { crit => [] }
--- refused: the token has critical headers



=== TEST 143: critical headers of the wrong type are refused
--- token
raw: signed(header(crit => undef))
--- refused: the token has critical headers



=== TEST 144: jku, x5u, jwk and x5c in the header are not followed
--- token
-header => { jku => 'http://127.0.0.1:1/', x5u => 'http://127.0.0.1:1/', jwk => { kty => 'oct', k => 'AA' }, x5c => ['x'] }
--- accepted: 1
--- no_error_log: connect() failed



=== TEST 145: the key in a token's own header is not used
--- token
-key => $main::OTHER, -header => { jwk => { kty => 'oct', alg => 'HS256', kid => '2026-11', k => b64($main::OTHER) } }
--- refused: the signature is invalid



=== TEST 146: typ may be missing
--- token
-header => { typ => undef }
--- accepted: 1



=== TEST 147: the order of the header's names does not matter
--- token
raw: signed('{"kid":"2026-11","typ":"JWT","alg":"HS256"}')
--- accepted: 1



=== TEST 148: spaces in the JSON do not matter
--- token
raw: signed(qq({ "alg" :\n"HS256" ,"kid":\t"2026-11" }))
--- accepted: 1



=== TEST 149: a kid with an escape in it is the same kid
--- token
raw: signed('{"alg":"HS256","kid":"2026\u002d11"}')
--- accepted: 1



=== TEST 150: bearer in lower case is accepted
--- more_headers eval: 'Authorization: bearer ' . main::make_token()
--- accepted: 1



=== TEST 151: BEARER in upper case is accepted
--- more_headers eval: 'Authorization: BEARER ' . main::make_token()
--- accepted: 1



=== TEST 152: several spaces before the token are accepted
--- more_headers eval: 'Authorization: Bearer    ' . main::make_token()
--- accepted: 1



=== TEST 153: a tab before the token is no token
--- more_headers eval: "Authorization: Bearer\t" . main::make_token()
--- error_code_like: ^40[13]$
--- response_headers
X-Uid: []
--- response_body_like: "code":"(?:unauthorized|invalid_token)"



=== TEST 154: spaces behind the token are none of it
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization:   Bearer " . main::make_token() . "   \r\n\r\n"
--- accepted: 1



=== TEST 155: the scheme without a token counts as missing
--- more_headers
Authorization: Bearer
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
X-Uid: []
--- response_body_like: "status":401,"error":"unauthorized","code":"unauthorized"



=== TEST 156: the scheme and only spaces count as missing
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer    \r\n\r\n"
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 157: an empty Authorization counts as missing
--- raw_request eval
"GET /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization:\r\n\r\n"
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 158: a short Authorization counts as missing
--- more_headers
Authorization: B
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 159: the scheme glued to the token counts as missing
--- more_headers eval: 'Authorization: Bearer' . main::make_token()
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
X-Uid: []



=== TEST 160: another scheme counts as missing
--- more_headers eval: 'Authorization: Basic ' . main::make_token()
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
X-Uid: []



=== TEST 161: a token without a scheme counts as missing
--- more_headers eval: 'Authorization: ' . main::make_token()
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 162: a token in another header counts as missing
--- more_headers eval: 'X-Authorization: Bearer ' . main::make_token()
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 163: a token in the query is not looked at
--- request eval: 'GET /t?access_token=' . main::make_token()
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer



=== TEST 164: the same token in two headers is a bad request, to nginx or to us
--- more_headers eval: my $t = main::make_token(); "Authorization: Bearer $t\nAuthorization: Bearer $t"
--- error_code: 400
--- response_body_like: 400 Bad Request|"code":"invalid_request"



=== TEST 165: different tokens in two headers are a bad request
--- more_headers eval: 'Authorization: Bearer ' . main::make_token() . "\nauthorization: Bearer " . main::make_token(sub => 2)
--- error_code: 400
--- response_body_like: 400 Bad Request|"code":"invalid_request"



=== TEST 166: a token beside another scheme is a bad request
--- more_headers eval: "Authorization: Basic YTpi\nAuthorization: Bearer " . main::make_token()
--- error_code: 400
--- response_body_like: 400 Bad Request|"code":"invalid_request"



=== TEST 167: two headers are counted also behind twenty others
--- more_headers eval: 'Authorization: Bearer ' . main::make_token() . "\n" . CORE::join('', map { "X-$_: $_\n" } 1 .. 40) . 'Authorization: Bearer ' . main::make_token()
--- error_code: 400
--- response_body_like: 400 Bad Request|"code":"invalid_request"



=== TEST 168: the token behind forty other headers is found
--- more_headers eval: CORE::join('', map { "X-$_: $_\n" } 1 .. 40) . 'Authorization: Bearer ' . main::make_token(sub => 5)
--- accepted: 5



=== TEST 169: two keys: the first verifies
--- http_config eval: main::keys_of(b => $main::OTHER, a => main::jwt_key())
--- token
-kid => 'b', -key => $main::OTHER
--- accepted: 1



=== TEST 170: two keys: the second verifies too
--- http_config eval: main::keys_of(b => $main::OTHER, a => main::jwt_key())
--- token
-kid => 'a'
--- accepted: 1



=== TEST 171: two keys: each only under its own kid
--- http_config eval: main::keys_of(b => $main::OTHER, a => main::jwt_key())
--- token
-kid => 'a', -key => $main::OTHER
--- refused: the signature is invalid



=== TEST 172: two keys: without a kid none is tried
--- http_config eval: main::keys_of(b => $main::OTHER, a => main::jwt_key())
--- token
-kid => undef
--- refused: the key is unknown



=== TEST 173: a retired key is refused
--- http_config eval: main::keys_of(b => $main::OTHER)
--- token
-kid => 'a'
--- refused: the key is unknown



=== TEST 174: a key that was replaced under its kid is refused
--- http_config eval: main::keys_of('2026-11' => $main::OTHER)
--- token
--- refused: the signature is invalid



=== TEST 175: two keys: login signs with the first, and the token is good
--- http_config eval: main::keys_of(b => $main::OTHER, a => main::jwt_key())
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-r') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
my $token = JSON::PP::decode_json($_[0])->{access_token};
is part($token, 0)->{kid}, 'b', 'kid';
is get($token)->{status}, 200, 'accepted';
my ($h, $p, $s) = split /\./, $token;
is $s, b64(Digest::SHA::hmac_sha256("$h.$p", $main::OTHER)), 'signed by the first key';



=== TEST 176: a token of login has the claims of the configuration and of the user
--- http_config eval: main::wxapp_http('token+' => "audience shop-app;\n")
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-c') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
my $body = JSON::PP::decode_json($_[0]);
my $token = $body->{access_token};
like $token, qr/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/, 'compact, without padding';
is_deeply part($token, 0), { alg => 'HS256', typ => 'at+jwt', kid => '2026-11' }, 'header';
my $c = part($token, 1);
is_deeply [grep { !/^(?:amr|app|auth_time)$/ } sort keys %$c], [qw(aud exp iat iss jti nbf openid role sub)], 'nothing else in it';
is $c->{iss}, 'shop.example.com', 'iss';
is $c->{aud}, 'shop-app', 'aud';
is $c->{openid}, openid_of('user-c'), 'openid';
is $c->{role}, 'user', 'role';
is $c->{sub}, mysql_value('SELECT id FROM users WHERE openid = ?', openid_of('user-c')), 'sub is the id of the row';
like MIME::Base64::decode_base64url((split /\./, $token)[1]), qr/"sub":"\d+"/, 'sub is a string';
is $c->{nbf}, $c->{iat}, 'nbf';
is $c->{exp} - $c->{iat}, 3600, 'exp';
is $body->{expires_in}, 3600, 'expires_in';
cmp_ok abs($c->{iat} - time), '<=', 5, 'iat is now';
like $c->{jti}, qr/^[0-9a-f]{32}$/, 'jti';
my ($h, $p, $s) = split /\./, $token;
is $s, b64(Digest::SHA::hmac_sha256("$h.$p", jwt_key())), 'signature';
my $r = get($token);
is $r->{status}, 200, 'accepted';
is $r->{headers}{'x-uid'}, "[$c->{sub}]", 'uid';



=== TEST 177: two logins of one user have different jti, and both tokens are good
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-d') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
my $one = JSON::PP::decode_json($_[0])->{access_token};
my $two = login(fresh_code('user-d'))->{access_token};
isnt part($one, 1)->{jti}, part($two, 1)->{jti}, 'jti';
is part($one, 1)->{sub}, part($two, 1)->{sub}, 'sub';
is get($_)->{status}, 200, 'accepted' for $one, $two;



=== TEST 178: the role in a token is the one of the row at login
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-e') . '"}'
--- response_body_like: "access_token":"eyJ
--- then
is part(JSON::PP::decode_json($_[0])->{access_token}, 1)->{role}, 'user', 'first';
mysql_query('UPDATE users SET role = ? WHERE openid = ?', 'admin', openid_of('user-e'));
is part(login(fresh_code('user-e'))->{access_token}, 1)->{role}, 'admin', 'then';



=== TEST 179: ttl is honoured by login
--- http_config eval
main::wxapp_http(token => "wxapp_token { key 2026-11 HS256 $ENV{WXAPP_JWT_KEY_FILE}; ttl 90s; }\n")
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-f') . '"}'
--- response_body_like: "expires_in":90\b
--- then
my $c = part(JSON::PP::decode_json($_[0])->{access_token}, 1);
is $c->{exp} - $c->{iat}, 90, 'exp';
ok !exists $c->{iss}, 'no issuer, no iss';
ok !exists $c->{aud}, 'no audience, no aud';



=== TEST 180: a newline behind the secret is none of it
--- http_config eval: main::keys_of(k => "$main::OTHER\n")
--- token
-kid => 'k', -key => $main::OTHER
--- accepted: 1



=== TEST 181: CR and LF behind the secret are none of it
--- http_config eval: main::keys_of(k => "$main::OTHER\r\n")
--- token
-kid => 'k', -key => $main::OTHER
--- accepted: 1



=== TEST 182: a newline inside the secret is part of it
--- http_config eval: main::keys_of(k => "$main::OTHER\n$main::OTHER")
--- token
-kid => 'k', -key => "$main::OTHER\n$main::OTHER"
--- accepted: 1



=== TEST 183: a space behind the secret is part of it
--- http_config eval: main::keys_of(k => "$main::OTHER ")
--- token
-kid => 'k', -key => "$main::OTHER "
--- accepted: 1



=== TEST 184: a secret may be binary
--- http_config eval: main::keys_of(k => CORE::join '', "\0", map { chr } 255, 128 .. 200, 0)
--- token
-kid => 'k', -key => CORE::join '', "\0", map { chr } 255, 128 .. 200, 0
--- accepted: 1



=== TEST 185: a binary secret counts behind its NUL
--- http_config eval: main::keys_of(k => CORE::join '', "\0", map { chr } 255, 128 .. 200, 0)
--- token
-kid => 'k', -key => "\0" . 'x' x 40
--- refused: the signature is invalid



=== TEST 186: a kid of other characters works
--- http_config eval: main::keys_of('k/\u00e9 ü' =~ s/\\u00e9/"\xc3\xa9"/er, $main::OTHER)
--- token
raw: sign_token('{"alg":"HS256","kid":"k/' . "\xc3\xa9 " . 'ü"}', claims(), $main::OTHER)
--- accepted: 1



=== TEST 187: a refused token says why in the log and never itself
--- log_level: info
--- token
raw: our $SEEN = make_token(-key => $main::OTHER, jti => 'thisverytoken')
--- refused: the signature is invalid
--- error_log: access token refused: the signature is invalid
--- no_error_log eval: qr/eyJ[A-Za-z0-9_-]{8}/



=== TEST 188: a token is checked once for many readers
--- config
    location = /t {
        wxapp_auth on;
        wxapp_require role=user;
        set $a "$wxapp_uid$wxapp_role";
        add_header X-Uid "[$wxapp_uid]" always;
        wxapp_ping;
    }
--- token
-key => $main::OTHER
--- refused: the signature is invalid
--- grep_error_log: access token refused
--- grep_error_log_out
access token refused



=== TEST 189: a leeway larger than a time can be is refused
--- http_config eval: main::wxapp_http('token+' => "leeway 9223372036854775807;\n")
--- must_die
--- error_log eval: qr/\[emerg\].*leeway.*nginx\.conf:\d+/



=== TEST 190: a ttl larger than a time can be is refused
--- http_config eval
main::wxapp_http(token => "wxapp_token { key 2026-11 HS256 $ENV{WXAPP_JWT_KEY_FILE}; ttl 9223372036854775807s; }\n")
--- must_die
--- error_log eval: qr/\[emerg\].*ttl.*nginx\.conf:\d+/



=== TEST 191: ten years of ttl are fine
--- http_config eval
main::wxapp_http(token => "wxapp_token { key 2026-11 HS256 $ENV{WXAPP_JWT_KEY_FILE}; ttl 3650d; }\n")
--- config
    location = /login { wxapp_login; }
--- request eval: "POST /login\n" . '{"code":"' . main::fresh_code('user-g') . '"}'
--- response_body_like: "expires_in":315360000\b
--- then
my $c = part(JSON::PP::decode_json($_[0])->{access_token}, 1);
is $c->{exp} - $c->{iat}, 315360000, 'exp';
