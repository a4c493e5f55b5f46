use lib 't/lib';
use WXApp;

repeat_each(1);
no_long_string();
plan tests => repeat_each() * (blocks() * 4 - 1);
run_tests();

__DATA__

=== TEST 1: the module answers
--- config
    location = /ping { wxapp_ping; }
--- request
GET /ping
--- response_body chomp
{"message":"pong"}
--- response_headers
Content-Type: application/json



=== TEST 2: a code becomes a token
--- config
    location = /login { wxapp_login; }
--- request eval
"POST /login\n" . '{"code":"' . main::fresh_code('alice') . '"}'
--- response_body_like: "access_token":"eyJ
