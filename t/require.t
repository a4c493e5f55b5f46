# What wxapp_require demands: the expressions and their operators, paths, lists, ages; and claims as variables.
#
# Sections of this file:
#   token       arguments of make_token(): the Authorization of the request
#   raw_claims  JSON members of the token, as they stand
#   passed      200 from wxapp_ping and no challenge
#   lacking     the whole 403 of a token without what is required
#   step_up     the whole 401 of a login that is older than this many seconds

use lib 't/lib';
use WXApp;

repeat_each(1);
no_long_string();
plan 'no_plan';

sub refusal {
    my ($block, $status, $title, $code, $message, $more) = @_;
    $block->set_value(error_code => $status);
    $block->set_value(response_headers => "Content-Type: application/problem+json\n"
        . qq{WWW-Authenticate: Bearer error="$code", error_description="$message"$more});
    $block->set_value(response_body_like => qr/^\{"type":"about:blank","title":"$title","status":$status,
        "error":"$code","code":"$code","message":"\Q$message\E","trace_id":"[0-9a-f]{32}"\}$/x);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    my $token;
    if (defined(my $text = $block->token)) {
        $token = eval "package main; make_token($text)" // die $block->name . ": $@";
    } elsif (defined(my $claims = $block->raw_claims)) {
        chomp $claims;
        my $now = time;
        $token = sign_token({ alg => 'HS256', kid => '2026-11' },
            sprintf '{"iss":"shop.example.com","sub":"1","iat":%d,"exp":%d,%s}', $now, $now + 600, $claims);
    }
    $block->set_value(more_headers => "Authorization: Bearer $token") if $token;
    $block->set_value(request => 'GET /t') if !defined $block->request;

    if (defined $block->passed) {
        $block->set_value(response_body => '{"message":"pong"}');
        $block->set_value(response_headers => "!WWW-Authenticate\n" . ($block->response_headers // ''));
    } elsif (defined $block->lacking) {
        refusal($block, 403, 'Forbidden', 'insufficient_scope', 'the token lacks what is required', '');
    } elsif (defined(my $age = $block->step_up)) {
        chomp $age;
        refusal($block, 401, 'Unauthorized', 'insufficient_user_authentication', 'a more recent login is required',
            qq{, max_age="$age"});
    }
});

run_tests();

__DATA__

=== TEST 1: one directive: the first expression holds
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin vip=true; wxapp_ping; }
--- token
role => 'admin'
--- passed



=== TEST 2: one directive: the last expression holds
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin vip=true; wxapp_ping; }
--- token
role => 'user', vip => JSON::PP::true
--- passed



=== TEST 3: one directive: none holds
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin vip=true; wxapp_ping; }
--- token
role => 'user', vip => JSON::PP::false
--- lacking



=== TEST 4: several directives: all hold
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|support vip=true; wxapp_require tenant=7; wxapp_ping; }
--- token
role => 'support', tenant => 7
--- passed



=== TEST 5: several directives: one does not
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|support vip=true; wxapp_require tenant=7; wxapp_ping; }
--- token
role => 'support', tenant => 8
--- lacking



=== TEST 6: a nested claim
--- config
    location = /t { wxapp_auth on; wxapp_require realm.access.level=gold; wxapp_ping; }
--- token
realm => { access => { level => 'gold' } }
--- passed



=== TEST 7: a nested claim of another value
--- config
    location = /t { wxapp_auth on; wxapp_require realm.access.level=gold; wxapp_ping; }
--- token
realm => { access => { level => 'silver' } }
--- lacking



=== TEST 8: a nested claim that ends too early
--- config
    location = /t { wxapp_auth on; wxapp_require realm.access.level=gold; wxapp_ping; }
--- token
realm => { access => 'gold' }
--- lacking



=== TEST 9: a nested claim in an object with more of them
--- config
    location = /t { wxapp_auth on; wxapp_require a.c=1; wxapp_ping; }
--- token
a => { b => 0, c => 1, d => 2 }
--- passed



=== TEST 10: a claim with a dot in its name goes before the path
--- config
    location = /t { wxapp_auth on; wxapp_require a.b=1; wxapp_ping; }
--- token
'a.b' => 1, a => { b => 2 }
--- passed



=== TEST 11: a claim with a dot in its name that is null does not fall back to the path
--- config
    location = /t { wxapp_auth on; wxapp_require a.b=1; wxapp_ping; }
--- raw_claims
"a.b":null,"a":{"b":1}
--- lacking



=== TEST 12: a namespaced claim
--- config
    location = /t { wxapp_auth on; wxapp_require https://shop.example.com/roles=admin; wxapp_ping; }
--- token
'https://shop.example.com/roles' => ['admin']
--- passed



=== TEST 13: a path below a namespaced claim
--- config
    location = /t { wxapp_auth on; wxapp_require https://shop.example.com/app.role=admin; wxapp_ping; }
--- token
'https://shop.example.com/app' => { role => 'admin' }
--- passed



=== TEST 14: a list within an object
--- config
    location = /t { wxapp_auth on; wxapp_require realm_access.roles=admin; wxapp_ping; }
--- token
realm_access => { roles => ['user', 'admin'] }
--- passed



=== TEST 15: a list: none of it
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin|root; wxapp_ping; }
--- token
role => ['user', 'editor']
--- lacking



=== TEST 16: an empty list
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => []
--- lacking



=== TEST 17: a list of numbers
--- config
    location = /t { wxapp_auth on; wxapp_require groups=12; wxapp_ping; }
--- token
groups => [11, 12]
--- passed



=== TEST 18: a list in a list does not count
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => [['admin']]
--- lacking



=== TEST 19: an object does not count
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => { admin => 'admin' }
--- lacking



=== TEST 20: a list holds null: not the word
--- config
    location = /t { wxapp_auth on; wxapp_require role=null; wxapp_ping; }
--- token
role => [JSON::PP::null]
--- lacking



=== TEST 21: a list with a sentence: elements are not split
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => ['read write']
--- lacking



=== TEST 22: a list of scopes
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => ['write', 'read']
--- passed



=== TEST 23: scope: the only word
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => 'read'
--- passed



=== TEST 24: scope: the first word
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => 'read write'
--- passed



=== TEST 25: scope: a word in the middle
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => 'list read write'
--- passed



=== TEST 26: scope: the last word
--- config
    location = /t { wxapp_auth on; wxapp_require scope=orders:write|orders:all; wxapp_ping; }
--- token
scope => 'orders:read orders:write'
--- passed



=== TEST 27: scope: a part of a word
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => 'orders:read reader'
--- lacking



=== TEST 28: scope: more spaces than one
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => '  list   read '
--- passed



=== TEST 29: scope: empty
--- config
    location = /t { wxapp_auth on; wxapp_require scope=read; wxapp_ping; }
--- token
scope => ''
--- lacking



=== TEST 30: another claim is no list of words
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'user admin'
--- lacking



=== TEST 31: not equal: another value
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest; wxapp_ping; }
--- token
role => 'user'
--- passed



=== TEST 32: not equal: the value
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest; wxapp_ping; }
--- token
role => 'guest'
--- lacking



=== TEST 33: not equal: one of several
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest|banned; wxapp_ping; }
--- token
role => 'banned'
--- lacking



=== TEST 34: not equal: a claim that is missing is not known to be another
--- config
    location = /t { wxapp_auth on; wxapp_require status!=banned; wxapp_ping; }
--- token
sub => 7
--- lacking



=== TEST 35: not equal: null is not known to be another
--- config
    location = /t { wxapp_auth on; wxapp_require status!=banned; wxapp_ping; }
--- raw_claims
"status":null
--- lacking



=== TEST 36: not equal: an object is not known to be another
--- config
    location = /t { wxapp_auth on; wxapp_require status!=banned; wxapp_ping; }
--- token
status => { banned => 1 }
--- lacking



=== TEST 37: not equal: a list without it
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest; wxapp_ping; }
--- token
role => ['user', 'editor']
--- passed



=== TEST 38: not equal: a list with it
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest; wxapp_ping; }
--- token
role => ['user', 'guest']
--- lacking



=== TEST 39: not equal: an empty list
--- config
    location = /t { wxapp_auth on; wxapp_require role!=guest; wxapp_ping; }
--- token
role => []
--- passed



=== TEST 40: not equal: scope with the word
--- config
    location = /t { wxapp_auth on; wxapp_require scope!=write; wxapp_ping; }
--- token
scope => 'read write'
--- lacking



=== TEST 41: not equal: scope without the word
--- config
    location = /t { wxapp_auth on; wxapp_require scope!=write; wxapp_ping; }
--- token
scope => 'read writer'
--- passed



=== TEST 42: a number: 4 < 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- token
level => \4
--- passed



=== TEST 43: a number: 5 < 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- token
level => \5
--- lacking



=== TEST 44: a number: 6 < 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- token
level => \6
--- lacking



=== TEST 45: a number: 4 <= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<=5; wxapp_ping; }
--- token
level => \4
--- passed



=== TEST 46: a number: 5 <= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<=5; wxapp_ping; }
--- token
level => \5
--- passed



=== TEST 47: a number: 6 <= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level<=5; wxapp_ping; }
--- token
level => \6
--- lacking



=== TEST 48: a number: 4 > 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>5; wxapp_ping; }
--- token
level => \4
--- lacking



=== TEST 49: a number: 5 > 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>5; wxapp_ping; }
--- token
level => \5
--- lacking



=== TEST 50: a number: 6 > 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>5; wxapp_ping; }
--- token
level => \6
--- passed



=== TEST 51: a number: 4 >= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>=5; wxapp_ping; }
--- token
level => \4
--- lacking



=== TEST 52: a number: 5 >= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>=5; wxapp_ping; }
--- token
level => \5
--- passed



=== TEST 53: a number: 6 >= 5
--- config
    location = /t { wxapp_auth on; wxapp_require level>=5; wxapp_ping; }
--- token
level => \6
--- passed



=== TEST 54: a number: negative
--- config
    location = /t { wxapp_auth on; wxapp_require level>=-5; wxapp_ping; }
--- token
level => \-5
--- passed



=== TEST 55: a number: negative and less
--- config
    location = /t { wxapp_auth on; wxapp_require level>=-5; wxapp_ping; }
--- token
level => \-6
--- lacking



=== TEST 56: a number: a string of digits is none
--- config
    location = /t { wxapp_auth on; wxapp_require level>5; wxapp_ping; }
--- token
level => '7'
--- lacking



=== TEST 57: a number: a fraction is not compared
--- config
    location = /t { wxapp_auth on; wxapp_require level>5; wxapp_ping; }
--- token
level => \7.5
--- lacking



=== TEST 58: a number: true is none
--- config
    location = /t { wxapp_auth on; wxapp_require level>0; wxapp_ping; }
--- token
level => JSON::PP::true
--- lacking



=== TEST 59: a number: missing
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- token
sub => 7
--- lacking



=== TEST 60: a number: null
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- raw_claims
"level":null
--- lacking



=== TEST 61: a number: an object
--- config
    location = /t { wxapp_auth on; wxapp_require level<5; wxapp_ping; }
--- token
level => { level => 1 }
--- lacking



=== TEST 62: a number: any of a list
--- config
    location = /t { wxapp_auth on; wxapp_require levels>=5; wxapp_ping; }
--- token
levels => [1, 'x', 6]
--- passed



=== TEST 63: a number: none of a list
--- config
    location = /t { wxapp_auth on; wxapp_require levels>=5; wxapp_ping; }
--- token
levels => [1, '6', 4]
--- lacking



=== TEST 64: a number: nested
--- config
    location = /t { wxapp_auth on; wxapp_require shop.level>=5; wxapp_ping; }
--- token
shop => { level => 5 }
--- passed



=== TEST 65: a number: the largest is exact
--- config
    location = /t { wxapp_auth on; wxapp_require n>=9223372036854775807; wxapp_ping; }
--- raw_claims
"n":9223372036854775807
--- passed



=== TEST 66: a number: one below the largest is less
--- config
    location = /t { wxapp_auth on; wxapp_require n>=9223372036854775807; wxapp_ping; }
--- raw_claims
"n":9223372036854775806
--- lacking



=== TEST 67: a number: beyond 2^63 fails, and is not greater
--- config
    location = /t { wxapp_auth on; wxapp_require n>1; wxapp_ping; }
--- raw_claims
"n":9223372036854775808
--- lacking



=== TEST 68: a number: beyond 2^63 fails, and is not less
--- config
    location = /t { wxapp_auth on; wxapp_require n<1; wxapp_ping; }
--- raw_claims
"n":-9223372036854775809
--- lacking



=== TEST 69: a number: far beyond
--- config
    location = /t { wxapp_auth on; wxapp_require n>1; wxapp_ping; }
--- raw_claims
"n":1000000000000000000000000000000
--- lacking



=== TEST 70: a number: above 2^53 neighbours differ
--- config
    location = /t { wxapp_auth on; wxapp_require n>9007199254740992; wxapp_ping; }
--- raw_claims
"n":9007199254740993
--- passed



=== TEST 71: a number: an exponent is not compared
--- config
    location = /t { wxapp_auth on; wxapp_require n>1; wxapp_ping; }
--- raw_claims
"n":1e3
--- lacking



=== TEST 72: mfa_age: fresh enough
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_time => \(time - 200)
--- passed



=== TEST 73: mfa_age: too old
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_time => \(time - 400)
--- step_up: 300



=== TEST 74: mfa_age: no second factor at all
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
auth_time => \time
--- step_up: 300



=== TEST 75: mfa_age: not a number
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_time => 'now'
--- step_up: 300



=== TEST 76: mfa_age: zero is no time
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<20000d; wxapp_ping; }
--- token
mfa_time => \0
--- step_up: 1728000000



=== TEST 77: mfa_age: in the future by less than leeway
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_time => \(time + 20)
--- passed



=== TEST 78: mfa_age: far in the future, as of milliseconds
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_time => \(time . '000')
--- step_up: 300



=== TEST 79: login_age: fresh enough
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<=1h; wxapp_ping; }
--- token
auth_time => \(time - 3000)
--- passed



=== TEST 80: login_age: too old
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<=1h; wxapp_ping; }
--- token
auth_time => \(time - 4000)
--- step_up: 3600



=== TEST 81: login_age: missing
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_ping; }
--- token
sub => 7
--- step_up: 3600



=== TEST 82: both, the second missed
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
auth_time => \time
--- step_up: 300



=== TEST 83: both missed: the stricter one is told
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
sub => 7
--- step_up: 300



=== TEST 84: either: the weaker one is told
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h mfa_age<5m; wxapp_ping; }
--- token
sub => 7
--- step_up: 3600



=== TEST 85: either: one will do
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h mfa_age<5m; wxapp_ping; }
--- token
auth_time => \time
--- passed



=== TEST 86: a role or a fresh login: the login is asked for
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin login_age<1h; wxapp_ping; }
--- token
role => 'user'
--- step_up: 3600



=== TEST 87: a role or a fresh login: the role will do
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin login_age<1h; wxapp_ping; }
--- token
role => 'admin'
--- passed



=== TEST 88: a role and a fresh login: without the role a login would not help
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_require role=admin; wxapp_ping; }
--- token
role => 'user'
--- lacking



=== TEST 89: a fresh login and a role, the other way round
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_require login_age<1h; wxapp_ping; }
--- token
role => 'user'
--- lacking



=== TEST 90: a role that is there and a login that is old
--- config
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_require login_age<1h; wxapp_ping; }
--- token
role => 'admin', auth_time => \(time - 4000)
--- step_up: 3600



=== TEST 91: acr is a claim like others
--- config
    location = /t { wxapp_auth on; wxapp_require acr=urn:mfa; wxapp_ping; }
--- token
acr => 'urn:mfa'
--- passed



=== TEST 92: amr: any of them
--- config
    location = /t { wxapp_auth on; wxapp_require amr=otp; wxapp_ping; }
--- token
amr => ['pwd', 'otp']
--- passed



=== TEST 93: wxapp_auth_status does not touch it, a claim named like an age does not count
--- config
    location = /t { wxapp_auth on; wxapp_require mfa_age<5m; wxapp_ping; }
--- token
mfa_age => \1, mfa_time => \time
--- passed



=== TEST 94: configuration: no operator
--- config
    wxapp_require role;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "role", it must be claim=value|value, claim!=value|value or claim<number
nginx.conf:



=== TEST 95: configuration: one of several is wrong
--- config
    wxapp_require role=admin vip;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "vip", it must be
nginx.conf:



=== TEST 96: configuration: no claim
--- config
    wxapp_require !=admin;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "!=admin", it must be
nginx.conf:



=== TEST 97: configuration: no value
--- config
    wxapp_require level<;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "level<", it must be
nginx.conf:



=== TEST 98: configuration: no value after !=
--- config
    wxapp_require role!=;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "role!=", it must be
nginx.conf:



=== TEST 99: configuration: a lone !
--- config
    wxapp_require role!admin;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid requirement "role!admin", it must be
nginx.conf:



=== TEST 100: configuration: ==
--- config
    wxapp_require role==admin;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown operator "==" in "role==admin", it must be =, !=, <, <=, > or >=
nginx.conf:



=== TEST 101: configuration: =>
--- config
    wxapp_require level=>3;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown operator "=>" in "level=>3"
nginx.conf:



=== TEST 102: configuration: =~
--- config
    wxapp_require role=~adm;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown operator "=~" in "role=~adm"
nginx.conf:



=== TEST 103: configuration: an empty word
--- config
    wxapp_require role!=a||b;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
empty value in "a||b"
nginx.conf:



=== TEST 104: configuration: not a number
--- config
    wxapp_require level<high;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid number "high" in "level<high"
nginx.conf:



=== TEST 105: configuration: a fraction
--- config
    wxapp_require level<1.5;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid number "1.5" in "level<1.5"
nginx.conf:



=== TEST 106: configuration: a number that does not fit
--- config
    wxapp_require level<9223372036854775808;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid number "9223372036854775808"
nginx.conf:



=== TEST 107: configuration: a time for a claim that is near to an age
--- config
    wxapp_require mfa_agee<5m;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown age "mfa_agee", did you mean "mfa_age"?
nginx.conf:



=== TEST 108: configuration: a time for a claim that is not
--- config
    wxapp_require score<5m;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown age "score"
nginx.conf:



=== TEST 109: configuration: a wrong time
--- config
    wxapp_require mfa_age<soon;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid time "soon" in "mfa_age<soon"
nginx.conf:



=== TEST 110: configuration: no time at all
--- config
    wxapp_require login_age<0;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid time "0" in "login_age<0"
nginx.conf:



=== TEST 111: configuration: an age that must be more
--- config
    wxapp_require mfa_age>5m;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
"mfa_age" must be followed by < or <= in "mfa_age>5m"
nginx.conf:



=== TEST 112: configuration: an age that must be equal
--- config
    wxapp_require login_age=5m;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
"login_age" must be followed by < or <= in "login_age=5m"
nginx.conf:



=== TEST 113: configuration: a path that begins with a dot
--- config
    wxapp_require .a=1;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid path ".a" of a claim in ".a=1"
nginx.conf:



=== TEST 114: configuration: a path that ends with a dot
--- config
    wxapp_require a.=1;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid path "a." of a claim in "a.=1"
nginx.conf:



=== TEST 115: configuration: a path with nothing between two dots
--- config
    wxapp_require a..b=1;
    location = /t { wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid path "a..b" of a claim in "a..b=1"
nginx.conf:



=== TEST 116: step-up of nobody is a plain 401
--- config
    location = /t { wxapp_auth optional; wxapp_require login_age<1h; wxapp_ping; }
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer
--- response_body_like: "code":"unauthorized"



=== TEST 117: not equal is required of nobody, too
--- config
    location = /t { wxapp_auth optional; wxapp_require role!=guest; wxapp_ping; }
--- error_code: 401
--- response_body_like: "code":"unauthorized"



=== TEST 118: step-up for HEAD
--- config
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_ping; }
--- request
HEAD /t
--- token
--- error_code: 401
--- response_headers_like
WWW-Authenticate: Bearer error="insufficient_user_authentication", .*, max_age="3600"
--- response_body



=== TEST 119: step-up under satisfy any, another way lets in and no challenge stays
--- config
    location = /t { satisfy any; wxapp_auth on; wxapp_require login_age<1h; allow 127.0.0.1; deny all; wxapp_ping; }
--- token
--- passed



=== TEST 120: step-up under satisfy any, no other way: the challenge is whole
--- config
    location = /t { satisfy any; deny all; wxapp_auth on; wxapp_require login_age<1h; wxapp_ping; }
--- token
--- error_code: 401
--- response_headers
WWW-Authenticate: Bearer error="insufficient_user_authentication", error_description="a more recent login is required", max_age="3600"



=== TEST 121: expressions inherit and are replaced
--- config
    wxapp_auth on;
    wxapp_require level>5;
    location = /t { wxapp_ping; }
    location = /u { wxapp_require level>1 role=admin; wxapp_ping; }
--- request eval: ['GET /t', 'GET /u']
--- token
level => \3
--- error_code eval: [403, 200]



=== TEST 122: the audit tells a role that was denied, and whose
--- wxapp
log_format audit "[$wxapp_audit][$wxapp_audit_user][$wxapp_auth_status]";
--- config
    access_log logs/access.log audit;
    location = /t { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
--- token
sub => 42
--- lacking
--- access_log
[auth_forbidden][42][rejected]



=== TEST 123: the audit tells a step-up, and of whom
--- wxapp
log_format audit "[$wxapp_audit][$wxapp_audit_user][$wxapp_auth_status]";
--- config
    access_log logs/access.log audit;
    location = /t { wxapp_auth on; wxapp_require login_age<1h; wxapp_ping; }
--- token
sub => 42
--- step_up: 3600
--- access_log
[auth_step_up][42][rejected]



=== TEST 124: a resource's roles are those of a list, too
--- config
    location /products {
        wxapp_auth on;
        wxapp_resource products { key id; column id bigint; column name string; allow GET role=admin|support; }
    }
--- request
GET /products?limit=1
--- token
role => ['user', 'support']
--- error_code: 200
--- response_body_like: ^\[



=== TEST 125: a resource's roles: none of the list
--- config
    location /products {
        wxapp_auth on;
        wxapp_resource products { key id; column id bigint; column name string; allow GET role=admin|support; }
    }
--- request
GET /products?limit=1
--- token
role => ['user', 'editor']
--- error_code: 403



=== TEST 126: nested claims as variables
--- config
    location = /t {
        wxapp_auth on;
        add_header X-C "[$wxapp_claim_shop__level][$wxapp_claim_shop__owner__name][$wxapp_claim_shop__none][$wxapp_claim_none__level]";
        wxapp_ping;
    }
--- token
shop => { level => 3, owner => { name => "\x{738b}" } }
--- response_headers
X-C: [3][王][][]
--- passed



=== TEST 127: a claim with the separator in its name goes before the path
--- config
    location = /t { wxapp_auth on; add_header X-C "[$wxapp_claim_a__b][$wxapp_claim_a_b]"; wxapp_ping; }
--- token
a__b => 1, a => { b => 2 }, a_b => 3
--- response_headers
X-C: [1][3]
--- passed



=== TEST 128: names with underscores in a path
--- config
    location = /t { wxapp_auth on; add_header X-C "[$wxapp_claim_realm_access__max_level]"; wxapp_ping; }
--- token
realm_access => { max_level => 9 }
--- response_headers
X-C: [9]
--- passed



=== TEST 129: lists and objects as variables are JSON
--- config
    location = /t { wxapp_auth on; add_header X-C "$wxapp_claim_roles $wxapp_claim_shop $wxapp_claim_shop__tags [$wxapp_claim_none]"; wxapp_ping; }
--- token
roles => ['a"b', 1, JSON::PP::true, JSON::PP::null], shop => { tags => [] }
--- response_headers
X-C: ["a\"b",1,true,null] {"tags":[]} [] []
--- passed



=== TEST 130: a path with a dot in an if
--- config
    location = /t { if ($wxapp_claim_shop.level = 3) { return 200 "three"; } return 200 "else"; }
--- token
shop => { level => 3 }
--- response_body: three



=== TEST 131: the claims of a forged token are not told, nested or not
--- config
    location = /t { add_header X-C "[$wxapp_claim_shop__level][$wxapp_claim_shop]"; wxapp_ping; }
--- token
-key => 'another key, quite as long as it has to be', shop => { level => 3 }
--- response_headers
X-C: [][]
--- passed
