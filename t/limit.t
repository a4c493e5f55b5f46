# Token buckets in Redis: counting, headers, keys, inheritance, and every way in which Redis can fail.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXLimit;

use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

run_tests();

__DATA__

=== TEST 1: the first request of a bucket
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
X-Limit: passed
RateLimit-Policy: "a";q=3;w=259200
RateLimit: "a";r=2;t=86400
!Retry-After
--- response_body chop
{"message":"pong"}



=== TEST 2: a bucket is emptied one by one, and then it denies
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
my @replies = map { get('/t?k=x') } 1 .. 5;
is join(' ', map { $_->{status} } @replies), '200 200 200 429 429', 'statuses';
is join(' ', map { left($_)->{a}{r} } @replies), '2 1 0 0 0', 'tokens left';
is join(' ', map { $_->{headers}{'x-limit'} } @replies), 'passed passed passed rejected rejected', 'words';
is join(' ', map { exists $_->{headers}{'retry-after'} ? 1 : 0 } @replies), '0 0 0 1 1', 'Retry-After';
is scalar(grep { $_->{headers}{'ratelimit-policy'} eq '"a";q=3;w=259200' } @replies), 5, 'policy on all';



=== TEST 3: burst is 1 if nothing is said
--- rules
a rate=1r/d key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'one';
is policy(get('/t?k=x'))->{a}{q}, 1, 'policy';



=== TEST 4: the whole refusal
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
get('/t?k=x', headers => ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']);
my $r = get('/t?k=x', headers => ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']);
is $r->{status}, 429, 'status';
is $r->{body}, '{"type":"about:blank","title":"Too Many Requests","status":429,"error":"rate_limited","code":"rate_limited",'
    . '"message":"too many requests, try again later","details":{"policy":"a"},"trace_id":"0af7651916cd43dd8448eb211c80319c"}', 'body';
is $r->{headers}{'content-type'}, 'application/problem+json', 'type';
is $r->{headers}{'content-length'}, length $r->{body}, 'length';
is $r->{headers}{'cache-control'}, 'no-store', 'not to be stored';
like $r->{headers}{'retry-after'}, qr/^(?:86400|8639\d)$/, 'Retry-After';
is $r->{headers}{'ratelimit-policy'}, '"a";q=1;w=86400', 'RateLimit-Policy';
like $r->{headers}{ratelimit}, qr/^"a";r=0;t=(?:86400|8639\d)$/, 'RateLimit';
ok !exists $r->{headers}{'www-authenticate'}, 'no challenge';



=== TEST 5: tokens grow with the time: what a bucket holds when
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
for ([180, 429, 60], [150, 429, 30], [122, 429, 2], [119, 200, 0], [90, 200, 0], [59, 200, 1], [30, 200, 1], [0, 200, 2], [-5000, 200, 2]) {
    my ($full, $status, $value) = @$_;
    full_in('a', "x$full", $full);
    my $r = get("/t?k=x$full");
    is $r->{status}, $status, "full in $full: status";
    if ($status == 200) {
        is left($r)->{a}{r}, $value, "full in $full: left";
        cmp_ok abs(left($r)->{a}{t} - ($full > 0 ? $full + 60 : 60)), '<=', 1, "full in $full: time to full";
    } else {
        cmp_ok abs($r->{headers}{'retry-after'} - $value), '<=', 1, "full in $full: Retry-After";
        is left($r)->{a}{r}, 0, "full in $full: nothing left";
    }
}



=== TEST 6: a bucket beyond its window denies
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
for my $full (181, 200, 500, 5000) {
    full_in('a', "x$full", $full);
    my $r = get("/t?k=x$full");
    is $r->{status}, 429, "full in $full";
    ok eval { left($r)->{a}{r} == 0 }, 'nothing left';
    cmp_ok $r->{headers}{'retry-after'} // 0, '>=', 60, 'not before a token can be there';
    cmp_ok $r->{headers}{'retry-after'} // 0, '<=', $full - 119, 'and not much later';
}



=== TEST 7: a denied request costs nothing
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
full_in('a', 'x', 170);
my $before = redis_cmd('GET', key('a', 'x'));
is statuses(5, '/t?k=x'), '429 429 429 429 429', 'denied';
is redis_cmd('GET', key('a', 'x')), $before, 'as it was';



=== TEST 8: Retry-After is the truth: by then a token is there
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
full_in('a', 'x', 180);
my $wait = get('/t?k=x')->{headers}{'retry-after'};
full_in('a', 'y', 180 - $wait);
is get('/t?k=y')->{status}, 200, 'after it';
full_in('a', 'z', 180 - $wait + 3);
is get('/t?k=z')->{status}, 429, 'not long before it';



=== TEST 9: a rate by the second
--- rules
a rate=20r/s burst=40 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=40;w=2
RateLimit: "a";r=39;t=1



=== TEST 10: a rate by the minute
--- rules
a rate=30r/m burst=10 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=10;w=20
RateLimit: "a";r=9;t=2



=== TEST 11: a rate by the hour
--- rules
a rate=1r/h burst=2 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=2;w=7200
RateLimit: "a";r=1;t=3600



=== TEST 12: a rate by the day
--- rules
a rate=2r/d burst=1000000 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=1000000;w=43200000000
RateLimit: "a";r=999999;t=43200



=== TEST 13: a rate that does not divide the second
--- rules
a rate=3r/s burst=3 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=3;w=1
RateLimit: "a";r=2;t=1



=== TEST 14: the fastest rate
--- rules
a rate=1000000r/s burst=1000000 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=1000000;w=1
RateLimit: "a";r=999999;t=1



=== TEST 15: a fast rate keeps its number: 700000 a second fill a million in more than one second
--- rules
a rate=700000r/s burst=1000000 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=1000000;w=2



=== TEST 16: the largest bucket still counts single tokens
--- rules
a rate=1r/d burst=1000000 key=$arg_k;
--- drive
is join(' ', map { left(get('/t?k=x'))->{a}{r} } 1 .. 4), '999999 999998 999997 999996', 'left';



=== TEST 17: a thousand requests of a bucket of a thousand, and one more
--- rules
a rate=1r/d burst=1000 key=$arg_k; keepalive_requests 5000;
--- drive
my $s = connection();
my $one = "GET /t?k=x HTTP/1.1\r\nHost: x\r\n\r\n";
my $text = '';
for my $round (1 .. 20) {
    syswrite $s, $one x 51;
    while ((() = $text =~ /"message":"[^"]*"\}|"trace_id":"[0-9a-f]*"\}/g) < $round * 51) {
        sysread $s, $text, 65536, length $text or last;
    }
}
my @left = $text =~ /^RateLimit: "a";r=(\d+);/mg;
my @status = $text =~ m{HTTP/1\.1 (\d+) }g;
is scalar @status, 1020, 'all answered';
is scalar(grep { $_ == 200 } @status), 1000, 'passed';
is scalar(grep { $_ == 429 } @status), 20, 'denied';
is "@left[0 .. 999]", join(' ', reverse 0 .. 999), 'each took one';
is until_full('a', 'x') > 999 * 86400, 1, 'empty';



=== TEST 18: many at once get as many tokens as there are
--- rules
a rate=1r/d burst=10 key=$arg_k;
--- drive
my @h = map { begin('GET', '/t?k=x') } 1 .. 40;
my @replies = map { finish($_) } @h;
is scalar(grep { $_->{status} == 200 } @replies), 10, 'passed';
is scalar(grep { $_->{status} == 429 } @replies), 30, 'denied';
is join(' ', sort { $a <=> $b } map { left($_)->{a}{r} } grep { $_->{status} == 200 } @replies), join(' ', 0 .. 9), 'each token once';



=== TEST 19: two workers share a bucket
--- workers: 2
--- rules
a rate=1r/d burst=10 key=$arg_k;
--- drive
my @replies = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 30;
is scalar(grep { $_->{status} == 200 } @replies), 10, 'passed';



=== TEST 20: a reload keeps the buckets
--- workers: 1
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 200', 'before';
my ($old) = worker_pids();
signal_nginx('HUP');
eventually { my @w = worker_pids(); @w && !grep { $_ == $old } @w } 'reloaded';
is statuses(2, '/t?k=x'), '200 429', 'after';



=== TEST 21: several rules: one item each, in their order
--- rules
a rate=1r/d burst=3 key=$arg_k;
b rate=1r/h burst=5 key=$arg_k;
c rate=1r/m burst=7 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
RateLimit-Policy: "a";q=3;w=259200, "b";q=5;w=18000, "c";q=7;w=420
RateLimit: "a";r=2;t=86400, "b";r=4;t=3600, "c";r=6;t=60



=== TEST 22: several rules: all or none gives its token
--- rules
a rate=1r/d burst=5 key=$arg_k;
b rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=x')->{status}, 200, 'both give';
my $a = redis_cmd('GET', key('a', 'x'));
for (1 .. 3) {
    my $r = get('/t?k=x');
    is $r->{status}, 429, 'b denies';
    is $r->{json}{details}{policy}, 'b', 'and is named';
    is left($r)->{a}, undef, 'a was not asked';
    is left($r)->{b}{r}, 0, 'b has none';
}
is redis_cmd('GET', key('a', 'x')), $a, 'bucket of a';



=== TEST 23: several rules: the first denies, the others keep their tokens
--- rules
a rate=1r/d burst=1 key=$arg_k;
b rate=1r/d burst=5 key=$arg_k;
--- drive
get('/t?k=x');
my $r = get('/t?k=x');
is $r->{json}{details}{policy}, 'a', 'named';
is until_full('b', 'x'), 86400, 'b keeps its tokens';



=== TEST 24: several rules deny: the longest wait counts
--- rules
a rate=1r/m burst=1 key=$arg_k;
b rate=1r/m burst=1 key=$arg_k;
c rate=1r/m burst=1 key=$arg_k;
--- drive
full_in('a', 'x', 10);
full_in('b', 'x', 50);
full_in('c', 'x', 20);
my $r = get('/t?k=x');
is $r->{status}, 429, 'denied';
is $r->{json}{details}{policy}, 'b', 'named';
like $r->{headers}{'retry-after'}, qr/^(?:50|49)$/, 'Retry-After';



=== TEST 25: several rules: an empty key leaves out its rule alone
--- rules
a rate=1r/d burst=3 key=$arg_k;
b rate=1r/d burst=3 key=$arg_other;
--- drive
my $r = get('/t?k=x');
is $r->{headers}{'ratelimit-policy'}, '"a";q=3;w=259200', 'policy';
is $r->{headers}{ratelimit}, '"a";r=2;t=86400', 'state';
is join(' ', buckets()), key('a', 'x'), 'buckets';



=== TEST 26: eight rules at once
--- rules eval
CORE::join '', map { "r$_ rate=1r/d burst=$_ key=\$arg_k;\n" } 1 .. 8
--- drive
my $r = get('/t?k=x');
is $r->{status}, 200, 'passed';
is join(' ', map { left($r)->{"r$_"}{r} } 1 .. 8), '0 1 2 3 4 5 6 7', 'left';
is scalar(my @k = buckets()), 8, 'buckets';
$r = get('/t?k=x');
is $r->{json}{details}{policy}, 'r1', 'the small one denies';



=== TEST 27: an empty key is not limited
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
for (1 .. 3) {
    my $r = get('/t');
    is $r->{status}, 200, 'passed';
    ok !exists $r->{headers}{$_}, "no $_" for qw(ratelimit ratelimit-policy retry-after x-limit);
}
is scalar(my @k = buckets()), 0, 'no bucket';



=== TEST 28: different keys have different buckets
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'x';
is statuses(2, '/t?k=y'), '200 429', 'y';
is statuses(2, '/t?k=X'), '200 429', 'X';



=== TEST 29: different names have different buckets
--- config
    location = /a { wxapp_limit a rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
    location = /b { wxapp_limit b rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
--- drive
is statuses(2, '/a?k=x'), '200 429', 'a';
is statuses(2, '/b?k=x'), '200 429', 'b';



=== TEST 30: the same name in two locations is the same bucket
--- config
    location = /a { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
    location = /b { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is get('/a?k=x')->{status}, 200, 'first';
is get('/b?k=x')->{status}, 200, 'second';
is get('/a?k=x')->{status}, 429, 'third';
is get('/b?k=x')->{status}, 429, 'fourth';



=== TEST 31: a key of text and variables
--- rules
a rate=1r/d burst=1 key=$arg_k:$request_method;
--- drive
is get('/t?k=x')->{status}, 200, 'GET';
is http('HEAD', '/t?k=x')->{status}, 200, 'HEAD has its own';
is join(' ', buckets()), join(' ', key('a', 'x:GET'), key('a', 'x:HEAD')), 'buckets';



=== TEST 32: a key of text only is one bucket for all
--- rules
a rate=1r/d burst=1 key=all;
--- drive
is get('/t?k=x')->{status}, 200, 'x';
is get('/t?k=y')->{status}, 429, 'y';



=== TEST 33: a binary key
--- rules
a rate=1r/d burst=1 key=$binary_remote_addr;
--- drive
is statuses(2, '/t'), '200 429', 'counted';
is join(' ', buckets()), key('a', "\x7f\0\0\x01"), 'as it is';



=== TEST 34: a key of 128 bytes is used as it is
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=' . 'k' x 128), '200 429', 'counted';
is join(' ', buckets()), key('a', 'k' x 128), 'bucket';



=== TEST 35: a longer key is hashed
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=' . 'k' x 129), '200 429', 'counted';
is join(' ', buckets()), key('a', Digest::SHA::sha256('k' x 129)), 'bucket';



=== TEST 36: long keys that differ at their end differ
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=' . 'k' x 2000 . 'a')->{status}, 200, 'a';
is get('/t?k=' . 'k' x 2000 . 'b')->{status}, 200, 'b';
is get('/t?k=' . 'k' x 2000 . 'a')->{status}, 429, 'a again';



=== TEST 37: a key cannot reach another rule's bucket
--- config
    location = /a   { wxapp_limit a rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
    location = /a-b { wxapp_limit a-b rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
--- drive
is get('/a?k=x')->{status}, 200, 'a';
is get('/a-b?k=x')->{status}, 200, 'a-b';
is get('/a?k=b:x')->{status}, 200, 'a with a colon';
is get('/a?k=*')->{status}, 200, 'a with a star';
is get("/a?k=x%00")->{status}, 200, 'a with a percent sign';



=== TEST 38: a user has his own bucket, wherever he comes from
--- rules
user rate=1r/d burst=2 key=$wxapp_uid;
--- drive
is statuses(3, '/t', bearer(sub => 7)), '200 200 429', 'seven';
is statuses(3, '/t', bearer(sub => 8)), '200 200 429', 'eight';
is join(' ', buckets()), join(' ', key('user', 7), key('user', 8)), 'buckets';



=== TEST 39: nobody and a forger are not limited by the user
--- rules
user rate=1r/d burst=1 key=$wxapp_uid;
--- drive
is statuses(3, '/t'), '200 200 200', 'nobody';
is statuses(3, '/t', bearer(sub => 7, -key => 'another key, quite as long as it has to be')), '200 200 200', 'forger';
is scalar(my @k = buckets()), 0, 'no bucket';



=== TEST 40: the limit comes before the guard
--- config
    location = /t { wxapp_auth on; wxapp_limit a rate=1r/d burst=1 key=$remote_addr; wxapp_ping; }
--- drive
my $r = get('/t');
is $r->{status}, 401, 'first';
is left($r)->{a}{r}, 0, 'charged';
is get('/t')->{status}, 429, 'second';
is get('/t', bearer())->{status}, 429, 'with a token too';



=== TEST 41: the limit comes before the address lists
--- config
    location = /t { deny all; wxapp_limit a rate=1r/d burst=1 key=$remote_addr; wxapp_ping; }
--- drive
is statuses(2, '/t'), '403 429', 'statuses';



=== TEST 42: a bucket has the prefix of the configuration
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
get('/t?k=x');
is redis_cmd('EXISTS', redis_prefix() . 'limit:a:x'), 1, 'key';



=== TEST 43: another prefix is another bucket
--- private
--- redis
database 0;
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
get('/t?k=x');
is join(' ', @{ private_cmd('KEYS', '*') }), redis_prefix() . 'limit:a:x', 'in the Redis of the configuration';
is scalar(my @k = buckets()), 0, 'and in no other';



=== TEST 44: without a prefix it is wxapp:
--- private
--- unprefixed
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
get('/t?k=x');
is join(' ', @{ private_cmd('KEYS', '*') }), 'wxapp:limit:a:x', 'key';



=== TEST 45: a bucket goes when it is full again
--- rules
a rate=1r/h burst=5 key=$arg_k;
--- drive
for my $n (1 .. 3) {
    get('/t?k=x');
    my $ms = redis_cmd('PTTL', key('a', 'x'));
    cmp_ok $ms, '<=', $n * 3600_000 + 2, "after $n, not longer";
    cmp_ok $ms, '>', $n * 3600_000 - 5000, "after $n, not shorter";
}



=== TEST 46: a bucket that was full goes at once: nothing is left behind
--- rules
a rate=1000r/s burst=5 key=$arg_k;
--- drive
is get('/t?k=x')->{status}, 200, 'passed';
eventually { !buckets() } 'gone';



=== TEST 47: a denied request makes no bucket of the other rules
--- rules
a rate=1r/m burst=1 key=$arg_k;
b rate=1r/m burst=1 key=$arg_k;
--- drive
full_in('a', 'x', 50);
is get('/t?k=x')->{status}, 429, 'denied';
is join(' ', buckets()), key('a', 'x'), 'only a';



=== TEST 48: a key of another type in Redis is overwritten
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
redis_cmd('RPUSH', key('a', 'x'), 1);
is statuses(2, '/t?k=x'), '200 429', 'counted';



=== TEST 49: a bucket that holds no number does not stay broken
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
redis_cmd('SET', key('a', 'x'), 'junk', 'EX', 100);
get('/t?k=x');
redis_cmd('DEL', key('a', 'x')) if redis_cmd('GET', key('a', 'x')) eq 'junk';
is join(' ', map { get('/t?k=x')->{headers}{'x-limit'} } 1 .. 3), 'passed rejected rejected', 'counted' or diag redis_cmd('GET', key('a', 'x'));



=== TEST 50: a bucket emptied under a larger burst still denies under a smaller one
--- config
    location = /old { wxapp_limit a rate=1r/m burst=100 key=$arg_k; wxapp_ping; }
    location = /new { wxapp_limit a rate=1r/m burst=10 key=$arg_k; add_header X-Limit $wxapp_limit_status always; wxapp_ping; }
--- drive
is statuses(40, '/old?k=x'), join(' ', (200) x 40), 'forty of a hundred';
my $r = get('/new?k=x');
is $r->{status}, 429, 'more than ten are gone';
is $r->{headers}{'x-limit'}, 'rejected', 'word';
ok eval { left($r)->{a}{r} == 0 && policy($r)->{a}{q} == 10 }, 'told as such';
cmp_ok $r->{headers}{'retry-after'} // 0, '>=', 59, 'not before there is one of ten';



=== TEST 51: a rule in http holds everywhere
--- wxapp
wxapp_limit a rate=1r/d burst=1 key=$arg_k;
--- config
    location = /t { wxapp_ping; }
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';



=== TEST 52: a rule in server holds in its locations
--- config
    wxapp_limit a rate=1r/d burst=1 key=$arg_k;
    location /t { location = /t/u { wxapp_ping; } }
--- drive
is statuses(2, '/t/u?k=x'), '200 429', 'counted';



=== TEST 53: off in a location
--- config
    wxapp_limit a rate=1r/d burst=1 key=$arg_k;
    location = /t { wxapp_limit off; wxapp_ping; }
--- drive
my @r = map { get('/t?k=x') } 1 .. 2;
is join(' ', map { $_->{status} } @r), '200 200', 'not counted';
ok !exists $r[0]{headers}{ratelimit}, 'no headers';
is scalar(my @k = buckets()), 0, 'no bucket';



=== TEST 54: off holds in nested locations
--- config
    wxapp_limit a rate=1r/d burst=1 key=$arg_k;
    location /t { wxapp_limit off; location = /t/u { wxapp_ping; } }
--- drive
is statuses(2, '/t/u?k=x'), '200 200', 'not counted';



=== TEST 55: off above and a rule further in
--- wxapp
wxapp_limit off;
--- config
    location = /t { wxapp_limit a rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';



=== TEST 56: a rule further in replaces the outer ones
--- config
    location /t {
        wxapp_limit a rate=1r/d burst=1 key=$arg_k;
        wxapp_limit b rate=1r/d burst=1 key=$arg_k;
        location = /t/u { wxapp_limit c rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
    }
--- drive
is statuses(3, '/t/u?k=x'), '200 200 429', 'counted by c';
is join(' ', buckets()), key('c', 'x'), 'only there';



=== TEST 57: an if block keeps the rules of its location
--- rules
a rate=1r/d burst=1 key=$arg_k; if ($arg_k) { set $y 1; }
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';



=== TEST 58: wxapp_limit in an if block is refused by the configuration
--- config
    location = /t { if ($arg_k) { wxapp_limit a rate=1r/d key=x; } wxapp_ping; }
--- must_die
--- error_log
[emerg]
"wxapp_limit" directive is not allowed here



=== TEST 59: error_page into a location with the same rule is one charge
--- config
    error_page 404 = /t;
    location = /a { wxapp_limit a rate=1r/d burst=2 key=$arg_k; try_files /none =404; }
    location = /t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is join(' ', map { $_->{body} } map { get('/a?k=x') } 1 .. 2), '{"message":"pong"} {"message":"pong"}', 'two';
is get('/a?k=x')->{status}, 429, 'the third';



=== TEST 60: try_files into a location with the same rule is one charge
--- config
    location = /a { wxapp_limit a rate=1r/d burst=2 key=$arg_k; try_files /none /t?k=$arg_k; }
    location = /t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is statuses(3, '/a?k=x'), '200 200 429', 'counted once each';



=== TEST 61: try_files into a named location with the same rule is one charge
--- config
    location = /a { wxapp_limit a rate=1r/d burst=2 key=$arg_k; try_files /none @t; }
    location @t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is statuses(3, '/a?k=x'), '200 200 429', 'counted once each';



=== TEST 62: an index is one charge
--- config
    location /f { wxapp_limit a rate=1r/d burst=2 key=$arg_k; index a.txt; }
--- user_files
>>> f/a.txt
text
--- drive
is statuses(3, '/f/?k=x'), '200 200 429', 'counted once each';



=== TEST 63: a rewrite is one charge, by the last location
--- config
    location = /a { wxapp_limit a rate=1r/d burst=1 key=$arg_k; rewrite ^ /t last; }
    location = /t { wxapp_limit b rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is statuses(3, '/a?k=x'), '200 200 429', 'counted by b';
is join(' ', buckets()), key('b', 'x'), 'only there';



=== TEST 64: a location without rules that leads into one with rules
--- config
    location = /a { try_files /none /t?k=$arg_k; }
    location = /t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; wxapp_ping; }
--- drive
is statuses(3, '/a?k=x'), '200 200 429', 'counted';



=== TEST 65: error_page that keeps its number: status line and body of our refusal agree
--- config
    error_page 404 /t;
    location = /a { return 404; }
    location = /t { wxapp_limit a rate=1r/d burst=1 key=$remote_addr; wxapp_ping; }
--- drive
is get('/a')->{status}, 404, 'first, with the error';
my $r = get('/a');
is $r->{json}{status}, 429, 'denied';
is $r->{status}, 429, 'in the status line too';



=== TEST 66: our refusal keeps its shape where error_page has a page for its number
--- rules
a rate=1r/d burst=1 key=$arg_k; error_page 429 503 /sorry;
--- config
    location = /sorry { return 200 "sorry"; }
--- drive
get('/t?k=x');
my $r = get('/t?k=x');
is $r->{status}, 429, 'status';
is $r->{json}{code}, 'rate_limited', 'body';



=== TEST 67: a subrequest of auth_request is not charged
--- config
    location = /t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; auth_request /check; wxapp_ping; }
    location = /check { internal; wxapp_limit a rate=1r/d burst=2 key=$arg_k; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/ready; }
--- drive
is statuses(3, '/t?k=x'), '200 200 429', 'counted once each';



=== TEST 68: a subrequest of an unlimited request is not charged either
--- config
    location = /t { auth_request /check; wxapp_ping; }
    location = /check { internal; wxapp_limit a rate=1r/d burst=1 key=x; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/ready; }
--- drive
is statuses(3, '/t'), '200 200 200', 'passed';
is scalar(my @k = buckets()), 0, 'no bucket';



=== TEST 69: a mirror is not charged
--- config
    location = /t { wxapp_limit a rate=1r/d burst=2 key=$arg_k; mirror /m; wxapp_ping; }
    location = /m { internal; wxapp_limit a rate=1r/d burst=2 key=$arg_k; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/ready; }
--- drive
is statuses(3, '/t?k=x'), '200 200 429', 'counted once each';



=== TEST 70: a denied request is neither mirrored nor passed on
--- config
    location = /t { wxapp_limit a rate=1r/d burst=1 key=$arg_k; mirror /m; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /m { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { access_log logs/up.log; return 204; }
--- drive
is statuses(4, '/t?k=x'), '204 429 429 429', 'denied';
pause(0.05);
is scalar(() = logs(0, Test::Nginx::Util::server_root() . '/logs/up.log') =~ /\n/g), 2, 'one and its mirror';



=== TEST 71: the words of $wxapp_limit_status in the access log
--- wxapp
log_format limit "$arg_n limit=[$wxapp_limit_status] code=[$wxapp_error]";
--- config
    location = /t { access_log logs/limit.log limit; wxapp_limit a rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
    location = /o { access_log logs/limit.log limit; wxapp_ping; }
--- drive
get($_) for '/t?k=x&n=1', '/t?k=x&n=2', '/t?n=3', '/o?n=4';
my $log = Test::Nginx::Util::server_root() . '/logs/limit.log';
eventually { logs(0, $log) =~ /^4/m } 'logged';
is logs(0, $log), "1 limit=[passed] code=[-]\n2 limit=[rejected] code=[rate_limited]\n3 limit=[-] code=[-]\n4 limit=[-] code=[-]\n", 'lines';



=== TEST 72: the counters of wxapp_status tell the outcomes apart
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
statuses(5, '/t?k=x');
get('/t');
my $c = status_of('limit');
is_deeply [@$c{qw(passed rejected)}], [2, 3], 'passed and rejected' or diag explain status_of();
is $c->{bypassed} // 0, 0, 'bypassed';
is $c->{error} // 0, 0, 'error';



=== TEST 73: HEAD is charged, and its refusal has no body
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is http('HEAD', '/t?k=x')->{status}, 200, 'first';
my $r = http('HEAD', '/t?k=x');
is $r->{status}, 429, 'second';
is $r->{body}, '', 'no body';
cmp_ok $r->{headers}{'content-length'}, '>', 100, 'its length';



=== TEST 74: HTTP/1.0
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- request eval: ["GET /t?k=x HTTP/1.0\n", "GET /t?k=x HTTP/1.0\n"]
--- error_code eval: [200, 429]
--- response_body_like eval: ['pong', '"code":"rate_limited"']



=== TEST 75: pipelined requests wait for their turn
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- pipelined_requests eval: ['GET /t?k=x', 'GET /t?k=y', 'GET /t?k=x', 'GET /t?k=x', 'GET /t?k=y', 'GET /t']
--- error_code eval: [200, 200, 200, 429, 200, 200]
--- response_headers eval: ['RateLimit: "a";r=1;t=86400', 'RateLimit: "a";r=1;t=86400', 'X-Limit: passed', 'X-Limit: rejected', 'X-Limit: passed', '!X-Limit']



=== TEST 76: denied requests with a body leave the connection usable
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- pipelined_requests eval: ['GET /t?k=x', "POST /t?k=x\n" . 'b' x 3000, "POST /t?k=x\nGET /t HTTP/1.1", 'GET /t?k=y']
--- error_code eval: [200, 429, 429, 200]



=== TEST 77: a large body behind a limit arrives whole
--- config
    location /put/ {
        wxapp_limit a rate=1r/d burst=3 key=$arg_k;
        client_max_body_size 4m; client_body_buffer_size 16k; dav_methods PUT; create_full_put_path on; root html;
    }
--- drive
for my $n (100, 20_000, 3_000_000) {
    my $body = join '', map { chr(65 + $_ % 57) } 1 .. $n;
    my $h = begin('PUT', "/put/$n?k=$n", undef, headers => ["Content-Length: $n"]);
    my $at = 0;
    $h->{socket}->blocking(1);
    while ($at < $n) { $at += syswrite($h->{socket}, $body, 65536, $at) // last }
    is finish($h)->{status}, 201, "$n bytes";
    open my $in, '<', Test::Nginx::Util::server_root() . "/html/put/$n";
    is Digest::SHA::sha256_hex(do { local $/; <$in> }), Digest::SHA::sha256_hex($body), 'content';
}



=== TEST 78: the body of a limited request reaches an upstream unbuffered
--- config
    location = /t {
        wxapp_limit a rate=1r/d burst=3 key=$arg_k;
        proxy_request_buffering off; proxy_http_version 1.1;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/put/u;
        proxy_method PUT;
    }
    location /put/ { dav_methods PUT; create_full_put_path on; root html; }
--- drive
my $body = join '', map { chr(65 + $_ % 57) } 1 .. 200_000;
is http('POST', '/t?k=x', $body)->{status}, 201, 'stored';
open my $in, '<', Test::Nginx::Util::server_root() . '/html/put/u';
is Digest::SHA::sha256_hex(do { local $/; <$in> }), Digest::SHA::sha256_hex($body), 'content';



=== TEST 79: HTTP/2
--- wxapp eval: "server { listen unix:$main::DIR/h2.sock http2; location = /t { wxapp_limit a rate=1r/d burst=2 key=\$arg_k; add_header X-Limit \$wxapp_limit_status always; wxapp_ping; } }"
--- drive
my @r = map { scalar `curl -s -i -m 3 --http2-prior-knowledge --unix-socket $main::DIR/h2.sock http://x/t?k=x` } 1 .. 3;
s/\r//g for @r;
like $r[0], qr{^HTTP/2 200 \n.*^ratelimit-policy: "a";q=2;w=172800\nratelimit: "a";r=1;t=86400\n.*^x-limit: passed\n}ms, 'first';
like $r[1], qr{^HTTP/2 200 \n}, 'second';
like $r[2], qr{^HTTP/2 429 \n.*^retry-after: 8\d\d\d\d\n.*^x-limit: rejected\n.*"code":"rate_limited"}ms, 'third';



=== TEST 80: HTTP/2: streams of one connection wait side by side
--- wxapp eval: "server { listen unix:$main::DIR/h2.sock http2; location = /t { wxapp_limit a rate=1r/d burst=2 key=x; wxapp_ping; } }"
--- drive
my $h2 = h2_connect("$main::DIR/h2.sock");
my @id = map { h2_post($h2, '/t', 'x') } 1 .. 5;
my @got = map { h2_reply($h2, $_) } @id;
is join(' ', sort map { $_->{status} } @got), '405 405 429 429 429', 'as many as there are tokens';



=== TEST 81: over TCP
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:$ENV{WXAPP_REDIS_PORT}; user $ENV{WXAPP_REDIS_USER}; password_file $ENV{WXAPP_REDIS_PASSWORD_FILE}; prefix " . main::redis_prefix() . "; }\n")
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
is statuses(3, '/t?k=x'), '200 200 429', 'counted';
is join(' ', buckets()), key('a', 'x'), 'in Redis';



=== TEST 82: over a unix socket
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server unix:$ENV{WXAPP_REDIS_SOCKET}; user $ENV{WXAPP_REDIS_USER}; password_file $ENV{WXAPP_REDIS_PASSWORD_FILE}; prefix " . main::redis_prefix() . "; }\n")
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
is statuses(3, '/t?k=x'), '200 200 429', 'counted';



=== TEST 83: the password of the default user alone
--- private
requirepass the-right-password
--- redis eval
open my $f, '>', "$main::DIR/password" or die; print $f "the-right-password\n"; close $f; chmod 0600, "$main::DIR/password"; "password_file $main::DIR/password;\n"
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';
is logs(0, error_log()) =~ /the-right-password/, '', 'the password is in no log line';



=== TEST 84: a wrong password: refused, told once, never written
--- private
requirepass the-right-password
--- redis eval
open my $f, '>', "$main::DIR/wrong" or die; print $f "the-wrong-password\n"; close $f; chmod 0600, "$main::DIR/wrong"; "password_file $main::DIR/wrong;\n"
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 200', 'not counted';
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';
pause(0.3);
my @lines = complaints(qr/WRONGPASS/);
is scalar @lines, 1, 'told once' or diag join "\n", @lines;
is logs(0, error_log()) =~ /the-wrong-password/, '', 'the password is in no log line';



=== TEST 85: no password where one is asked for
--- private
requirepass the-right-password
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';
is scalar(my @lines = complaints(qr/NOAUTH/)), 1, 'told once';



=== TEST 86: a password where none is asked for
--- private
--- redis eval
open my $f, '>', "$main::DIR/needless" or die; print $f "needless\n"; close $f; chmod 0600, "$main::DIR/needless"; "password_file $main::DIR/needless;\n"
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';
is scalar(my @lines = complaints(qr/refuses us/)), 1, 'told once';



=== TEST 87: a user with a password
--- private
user shop on >shop-password ~* +@all
user default off
--- redis eval
open my $f, '>', "$main::DIR/shop" or die; print $f "shop-password\n"; close $f; chmod 0600, "$main::DIR/shop"; "user shop; password_file $main::DIR/shop;\n"
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';



=== TEST 88: a user that may not run scripts
--- private
user shop on >shop-password ~* +@all -@scripting
--- redis eval
open my $f, '>', "$main::DIR/shop" or die; print $f "shop-password\n"; close $f; chmod 0600, "$main::DIR/shop"; "user shop; password_file $main::DIR/shop;\n"
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';
ok scalar(my @lines = complaints(qr/NOPERM/)), 'told';



=== TEST 89: another database
--- private
--- redis
database 3;
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'counted';
is_deeply private_cmd('KEYS', '*'), [], 'not in the first';
like private_cmd('INFO', 'keyspace'), qr/^db3:keys=1/m, 'in the third';



=== TEST 90: a database that is not there
--- private
databases 4
--- redis
database 4;
--- rules
a rate=1r/d burst=1 key=$arg_k on_error=deny;
--- drive
my $r = get('/t?k=x');
is $r->{status}, 503, 'denied';
is $r->{json}{code}, 'limit_unavailable', 'code';
is scalar(my @lines = complaints(qr/refuses us.*DB index/)), 1, 'told once';
is private_cmd('DBSIZE'), 0, 'nothing was written to another one';



=== TEST 91: the greeting: AUTH, SELECT and PING, and nothing else before them
--- fake
return greeting($args) // answer(0, 0, 2, 1000000)
--- redis eval
open my $f, '>', "$main::DIR/greet" or die; print $f "pw"; close $f; chmod 0600, "$main::DIR/greet"; "user u; password_file $main::DIR/greet; database 5;\n"
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'passed', 'word';
is_deeply [(seen())[0 .. 3]], [['accepted'], [qw(AUTH u pw)], [qw(SELECT 5)], ['PING']], 'in this order';
is scalar(my @a = asked()), 1, 'one call';



=== TEST 92: the greeting without user, password and database
--- fake
return greeting($args) // answer(0, 0, 2, 1000000)
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
get('/t?k=x');
is_deeply [(seen())[0 .. 1]], [['accepted'], ['PING']], 'only PING';



=== TEST 93: the call: keys, then what a rule is and what the request wants of it, all in one
--- fake
return greeting($args) // answer(0, 0, 2, 1000000, 3, 1000000)
--- rules
a rate=1r/d burst=3 key=$arg_k;
b rate=50r/s burst=4 key=all;
--- drive
get('/t?k=x');
my ($call, @more) = asked();
is scalar @more, 0, 'one call';
is $call->[0], 'EVALSHA', 'by its name';
is_deeply [@$call[2 .. $#$call]],
    [2, key('a', 'x'), key('b', 'all'), 'bucket', 86400000000, 3, 1, 0, 'bucket', 20000, 4, 1, 0], 'arguments';



=== TEST 94: a script that Redis does not know is sent whole, and known by the same name
--- fake
return greeting($args) // ($args->[0] eq 'EVALSHA' ? "-NOSCRIPT No matching script. Please use EVAL.\r\n" : answer(0, 0, 2, 1000000))
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'passed', 'word';
my ($by_name, $whole, @more) = asked();
is scalar @more, 0, 'two calls';
is $whole->[0], 'EVAL', 'whole';
is $by_name->[1], Digest::SHA::sha1_hex($whole->[1]), 'the name is the SHA-1';
is_deeply [@$whole[2 .. $#$whole]], [@$by_name[2 .. $#$by_name]], 'the same arguments';
is scalar(my @lines = complaints(qr/NOSCRIPT/)), 0, 'not worth a line in the log';



=== TEST 95: a script that Redis never accepts ends as an error
--- fake
return greeting($args) // "-NOSCRIPT No matching script. Please use EVAL.\r\n"
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';
is scalar(my @a = asked()), 2, 'two calls, not more';



=== TEST 96: what is answered is told: passed
--- fake
return greeting($args) // answer(0, 0, 41, 1, 0, 0)
--- rules
a rate=1r/m burst=42 key=x;
b rate=1r/m burst=1 key=x;
--- request
GET /t
--- response_headers
X-Limit: passed
RateLimit: "a";r=41;t=1, "b";r=0;t=0
!Retry-After



=== TEST 97: what is answered is told: denied by the second
--- fake
return greeting($args) // answer(2, 1500001, 41, 1, 0, 2500000)
--- rules
a rate=1r/m burst=42 key=x;
b rate=1r/m burst=1 key=x;
--- request
GET /t
--- error_code: 429
--- response_headers
X-Limit: rejected
RateLimit: "a";r=41;t=1, "b";r=0;t=3
Retry-After: 2
--- response_body_like: "details":\{"policy":"b"\}



=== TEST 98: what is answered is told: a wait of less than a second is one
--- fake
return greeting($args) // answer(1, 1, 0, 1)
--- rules
a rate=1r/s burst=1 key=x;
--- request
GET /t
--- error_code: 429
--- response_headers
Retry-After: 1



=== TEST 99: what is answered is told: no wait at all is still one second
--- fake
return greeting($args) // answer(1, 0, 0, 0)
--- rules
a rate=1r/s burst=1 key=x;
--- request
GET /t
--- error_code: 429
--- response_headers
Retry-After: 1



=== TEST 100: what is answered is told: numbers out of all reason never make headers that cannot be read
--- fake
my @far = (answer(0, 0, '9223372036854775807', '9223372036854775807'), answer(1, '9223372036854775807', 0, 1), answer(0, 0, '-9223372036854775808', '-9223372036854775808'), answer(1, -5000000, -3, -1), answer(1, 1, 5, 5e15));
return greeting($args) // $far[$n - 2]
--- rules
a rate=1r/s burst=1 key=x;
--- drive
for my $n (1 .. 5) {
    my $r = get('/t');
    ok scalar(grep { $r->{status} == $_ } 200, 429), "answered, $n";
    if (exists $r->{headers}{ratelimit}) {
        ok eval { left($r); policy($r) }, "readable, $n" or diag $r->{headers}{ratelimit};
    }
    like $r->{headers}{'retry-after'} // 1, qr/^\d{1,10}$/, "Retry-After, $n";
}



=== TEST 101: Redis is down at the start: requests pass at once
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
for (1 .. 3) {
    my $r = get('/t?k=x');
    is $r->{status}, 200, 'status';
    is $r->{headers}{'x-limit'}, 'bypassed', 'word';
    ok !exists $r->{headers}{ratelimit}, 'no state';
    cmp_ok $r->{took}, '<', 0.15, 'not waited for';
}
is status_of('limit')->{bypassed}, 3, 'counted';



=== TEST 102: Redis is down at the start, and then comes
--- private
down
--- rules
a rate=1r/d burst=3 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'before';
start_private();
eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' } 'by itself';
is statuses(4, '/t?k=y'), '200 200 200 429', 'and counts';
is scalar(my @l = complaints(qr/cannot connect/)), 1, 'one line when it went';
is scalar(() = logs(0, error_log()) =~ /\[notice\].*is back/g), 1, 'one line when it was back';



=== TEST 103: Redis is down and on_error is deny
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k on_error=deny;
--- drive
my $r = get('/t?k=x');
is $r->{status}, 503, 'status';
is $r->{headers}{'x-limit'}, 'error', 'word';
is $r->{headers}{'content-type'}, 'application/problem+json', 'type';
like $r->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'Retry-After';
like $r->{body}, qr/^\{"type":"about:blank","title":"Service Unavailable","status":503,"error":"limit_unavailable","code":"limit_unavailable",/, 'body';
ok !exists $r->{headers}{ratelimit}, 'no state';
is status_of('limit')->{error}, 1, 'counted';



=== TEST 104: Redis is down and on_error is allow
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k on_error=allow;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';



=== TEST 105: Redis is down: one rule that denies is enough
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k on_error=allow;
b rate=1r/d burst=1 key=$arg_k on_error=deny;
c rate=1r/d burst=1 key=$arg_k;
--- drive
is get('/t?k=x')->{status}, 503, 'status';



=== TEST 106: Redis is down: a rule that does not apply does not deny
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k;
b rate=1r/d burst=1 key=$arg_other on_error=deny;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'word';



=== TEST 107: Redis is down: a request that no rule applies to is not touched
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k on_error=deny;
--- drive
is get('/t')->{status}, 200, 'status';



=== TEST 108: Redis is down: the log has a line, not one of each request
--- private
down
--- rules
a rate=1r/d burst=1 key=$arg_k;
--- drive
statuses(30, '/t?k=x');
pause(0.5);
my @lines = complaints(qr/./);
cmp_ok scalar @lines, '<=', 2, 'lines' or diag join "\n", @lines;



=== TEST 109: Redis is killed: the next requests pass in bounded time, and it is found again
--- private
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'passed', 'before';
stop_private();
for (1 .. 5) {
    my $r = get('/t?k=x');
    is $r->{headers}{'x-limit'}, 'bypassed', 'while it is gone';
    cmp_ok $r->{took}, '<', 0.6, 'in time';
}
start_private();
eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' } 'after';
is statuses(3, '/t?k=x'), '200 200 429', 'with new buckets';
my @lines = complaints(qr/redis/i);
cmp_ok scalar @lines, '<=', 3, 'a line when it went' or diag join "\n", @lines;
is scalar(() = logs(0, error_log()) =~ /\[notice\].*is back/g), 1, 'a line when it was back';



=== TEST 110: Redis is stopped in order, and comes back
--- private
--- rules
a rate=1r/d burst=2 key=$arg_k;
--- drive
get('/t?k=x');
stop_private('TERM');
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'gone';
start_private();
eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' } 'back';



=== TEST 111: Redis closes a connection that was good for a while: nobody notices
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k on_error=deny;
--- drive
is left(get('/t?k=x'))->{a}{r}, 8, 'before';
pause(2.2);
private_cmd('CLIENT', 'KILL', 'TYPE', 'normal');
eventually { status_of('redis')->{disconnects} == 1 } 'closed';
is left(get('/t?k=x'))->{a}{r}, 7, 'the next request';



=== TEST 112: Redis closes a young connection: found again by itself
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
for my $n (1 .. 3) {
    eventually { (get('/t?k=' . rand)->{headers}{'x-limit'} // '') eq 'passed' } "there, $n";
    is left(get('/t?k=x'))->{a}{r}, 9 - $n, "and counts on, $n";
    private_cmd('CLIENT', 'KILL', 'TYPE', 'normal');
    eventually { status_of('redis')->{disconnects} == $n } "closed, $n";
}



=== TEST 113: Redis is killed again and again
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
for my $round (1 .. 3) {
    eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' } "there, $round";
    stop_private();
    is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', "gone, $round";
    start_private();
}
eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' } 'there';



=== TEST 114: Redis stands still: the wait is bounded by the command timeout
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
get('/t?k=x');
kill STOP => $main::PRIVATE;
my $r = get('/t?k=x');
kill CONT => $main::PRIVATE;
is $r->{headers}{'x-limit'}, 'bypassed', 'word';
cmp_ok $r->{took}, '>=', 0.15, 'waited';
cmp_ok $r->{took}, '<', 0.7, 'not for long';
my $next = get('/t?k=y');
is $next->{headers}{'x-limit'}, 'passed', 'the next is answered';
is left($next)->{a}{r}, 8, 'and not by the late answer';
is status_of('redis')->{timeouts}, 1, 'counted';



=== TEST 115: Redis stands still and on_error is deny
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k on_error=deny;
--- drive
get('/t?k=x');
kill STOP => $main::PRIVATE;
my $r = get('/t?k=x');
kill CONT => $main::PRIVATE;
is $r->{status}, 503, 'status';
is $r->{json}{code}, 'limit_unavailable', 'code';
cmp_ok $r->{took}, '<', 0.7, 'not for long';



=== TEST 116: the command timeout is the configured one
--- fake
return greeting($args) // undef
--- redis
timeout command=50ms;
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'bypassed', 'word';
cmp_ok $r->{took}, '>=', 0.03, 'waited';
cmp_ok $r->{took}, '<', 0.18, 'not for the standard 200 ms';



=== TEST 117: many requests wait side by side, not one after the other
--- fake
return greeting($args) // undef
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
get('/t?k=warm');
my $at = Time::HiRes::time();
my @r = map { finish($_) } map { begin('GET', "/t?k=$_") } 1 .. 40;
is scalar(grep { ($_->{headers}{'x-limit'} // '') eq 'bypassed' } @r), 40, 'all pass';
cmp_ok Time::HiRes::time() - $at, '<', 1.5, 'together';



=== TEST 118: a server that connects and never greets: bounded too
--- fake
undef
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'bypassed', 'word';
cmp_ok $r->{took}, '<', 0.6, 'in time';



=== TEST 119: a server that never greets is given up, told once, and tried again
--- fake
return $n > 1 ? greeting($args) // answer(0, 0, 1, 1) : undef
--- redis
timeout connect=100ms;
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'the second time';
is scalar(my @l = complaints(qr/connecting timed out/)), 1, 'told once';



=== TEST 120: a late answer is not taken for the next request's
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.3) if $args->[3] =~ /:slow$/; $args->[3] =~ /:slow$/ ? answer(1, 5000000, 0, 0) : answer(0, 0, 7, 1) }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is get('/t?k=slow')->{headers}{'x-limit'}, 'bypassed', 'the slow one';
my $r = get('/t?k=fast');
is $r->{status}, 200, 'the fast one';
is left($r)->{a}{r}, 7, 'has its own answer';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 1, 'on the same connection';



=== TEST 121: a connection that answers nothing any more is closed, and a new one serves
--- fake
our $connection += $args->[0] eq 'PING'; return greeting($args) // ($connection == 1 ? undef : answer(0, 0, 7, 1))
--- redis
timeout command=30ms;
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'served';
is scalar(my @l = complaints(qr/no answer/)), 1, 'told';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 2, 'a second connection';



=== TEST 122: the queue is bounded: what does not fit is not waited for
--- fake
return greeting($args) // undef
--- redis
queue 2;
timeout command=400ms;
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
eventually { status_of('redis')->{up} } 'connected';
my @h = map { begin('GET', "/t?k=$_") } 1 .. 6;
my @r = map { finish($_) } @h;
is scalar(grep { ($_->{headers}{'x-limit'} // '') eq 'bypassed' } @r), 6, 'all pass';
my $c = status_of('redis');
is $c->{refused}, 4, 'four were refused a place';
is $c->{timeouts}, 2, 'two waited';



=== TEST 123: a client that goes away while we wait
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.1); answer(0, 0, 7, 1) }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $h = begin('GET', '/t?k=gone');
wait_until { asked() >= 1 };
abandon($h);
pause(0.2);
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'passed', 'the next one is served';
is left($r)->{a}{r}, 7, 'by its own answer';
like logs(0, Test::Nginx::Util::server_root() . '/logs/access.log'), qr/k=gone HTTP\/1\.1" 499 /, 'logged as 499';



=== TEST 124: many clients go away while we wait
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.01); answer(0, 0, 7, 1) }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
abandon($_) for map { begin('GET', "/t?k=$_") } 1 .. 30;
my @r = map { finish($_) } map { begin('GET', "/t?k=stay$_") } 1 .. 5;
is scalar(grep { $_->{status} == 200 } @r), 5, 'the others are served';
eventually { status_of('redis')->{pending} == 0 } 'nothing pends';



=== TEST 125: HTTP/2: a stream that is reset while we wait
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.1); answer(0, 0, 7, 1) }
--- wxapp eval: "server { listen unix:$main::DIR/h2.sock http2; location = /t { wxapp_limit a rate=1r/d burst=2 key=x; wxapp_ping; } }"
--- drive
my $h2 = h2_connect("$main::DIR/h2.sock");
my $one = h2_post($h2, '/t', 'x');
my $two = h2_post($h2, '/t', 'x');
wait_until { asked() >= 1 };
h2_reset($h2, $one);
is h2_reply($h2, $two)->{status}, 405, 'the other stream is served';
pause(0.1);



=== TEST 126: HTTP/2: a connection that is closed while its streams wait
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.05); answer(0, 0, 7, 1) }
--- wxapp eval: "server { listen unix:$main::DIR/h2.sock http2; location = /t { wxapp_limit a rate=1r/d burst=2 key=x; wxapp_ping; } }"
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $h2 = h2_connect("$main::DIR/h2.sock");
h2_post($h2, '/t', 'x') for 1 .. 4;
wait_until { asked() >= 1 };
close $h2->{socket};
eventually { status_of('redis')->{pending} == 0 } 'nothing pends';
is get('/t?k=x')->{status}, 200, 'the server lives';



=== TEST 127: bytes of the next request while we wait disturb nothing
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.1); answer(0, 0, 7, 1) }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $s = connection();
syswrite $s, "GET /t?k=1 HTTP/1.1\r\nHost: x\r\n\r\n";
wait_until { asked() >= 1 };
syswrite $s, "GET /t?k=2 HTTP/1.1\r\nHo";
pause(0.05);
syswrite $s, "st: x\r\nConnection: close\r\n\r\n";
my $text = '';
1 while sysread $s, $text, 65536, length $text;
is scalar(() = $text =~ m{HTTP/1\.1 200 }g), 2, 'both served';
is scalar(my @a = asked()), 2, 'each asked for once';



=== TEST 128: the body that comes while we wait is there afterwards
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.1); answer(0, 0, 7, 1) }
--- config
    location /put/ { wxapp_limit a rate=1r/d burst=3 key=x; dav_methods PUT; create_full_put_path on; root html; }
--- drive
my $s = connection();
syswrite $s, "PUT /put/w HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\nabc";
wait_until { asked() >= 1 };
syswrite $s, 'defghij';
my $text = '';
1 while sysread $s, $text, 65536, length $text;
like $text, qr{^HTTP/1\.1 201 }, 'stored';
open my $in, '<', Test::Nginx::Util::server_root() . '/html/put/w';
is scalar <$in>, 'abcdefghij', 'content';



=== TEST 129: a worker that shall end answers who waits first
--- workers: 1
--- fake
return greeting($args) // undef
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $h = begin('GET', '/t?k=x');
wait_until { asked() >= 1 };
my ($old) = worker_pids();
signal_nginx('HUP');
my $r = finish($h);
is $r->{status}, 200, 'answered';
is $r->{headers}{'x-limit'}, 'bypassed', 'when the time was over';
eventually { !grep { $_ == $old } worker_pids() } 'and the worker is gone';
unlike logs(0, error_log()), qr/open socket/, 'nothing left open';



=== TEST 130: a script that was flushed is loaded again, and no token is lost
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is left(get('/t?k=x'))->{a}{r}, 8, 'before';
private_cmd('SCRIPT', 'FLUSH');
is left(get('/t?k=x'))->{a}{r}, 7, 'after';
for (1 .. 3) {
    private_cmd('SCRIPT', 'FLUSH');
    is get('/t?k=x')->{status}, 200, 'again';
}
is left(get('/t?k=x'))->{a}{r}, 3, 'each counted once';
is scalar(my @l = complaints(qr/./)), 0, 'nothing in the log';



=== TEST 131: many at once find the script flushed
--- private
--- rules
a rate=1r/d burst=10 key=$arg_k;
--- drive
get('/t?k=warm');
private_cmd('SCRIPT', 'FLUSH');
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 30;
is scalar(grep { $_->{status} == 200 } @r), 10, 'passed';
is scalar(grep { $_->{status} == 429 } @r), 20, 'denied';



=== TEST 132: Redis without memory: the error is on_error's
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
private_cmd('CONFIG', 'SET', 'maxmemory', 1);
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'full';
private_cmd('CONFIG', 'SET', 'maxmemory', 0);
is get('/t?k=x')->{headers}{'x-limit'}, 'passed', 'better';



=== TEST 133: Redis is a replica that may not write: told, but not by each request
--- private
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
private_cmd('REPLICAOF', '127.0.0.1', 1);
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'bypassed';
statuses(30, '/t?k=x');
my @lines = complaints(qr/./);
ok scalar(grep { /READONLY/ } @lines), 'told';
cmp_ok scalar @lines, '<=', 5, 'not thirty times' or diag scalar(@lines) . ' lines: ' . join "\n", @lines[0 .. 3];
private_cmd('REPLICAOF', 'NO', 'ONE');
is get('/t?k=x')->{headers}{'x-limit'}, 'passed', 'master again';



=== TEST 134: an error reply leaves the connection as it is
--- fake
return greeting($args) // ($args->[3] =~ /:bad$/ ? "-ERR no\r\n" : answer(0, 0, 7, 1))
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is get('/t?k=bad')->{headers}{'x-limit'}, 'bypassed', 'error';
is get('/t?k=good')->{headers}{'x-limit'}, 'passed', 'next';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 1, 'on the same connection';



=== TEST 135: replies of any wrong shape count as lost Redis, and the next is served
--- fake
my %bad = (
    status => "+OK\r\n", number => ":1\r\n", nil => "\$-1\r\n", nilarray => "*-1\r\n", empty => "*0\r\n",
    short => answer(0, 0), long => answer(0, 0, 1, 1, 1, 1), strings => "*4\r\n\$1\r\n0\r\n\$1\r\n0\r\n\$1\r\n1\r\n\$1\r\n1\r\n",
    nested => "*4\r\n*0\r\n:0\r\n:1\r\n:1\r\n", nils => "*4\r\n\$-1\r\n\$-1\r\n\$-1\r\n\$-1\r\n", rule => answer(2, 1, 1, 1),
    negative => answer(-1, 1, 1, 1), far => answer('9223372036854775807', 1, 1, 1), text => "\$5\r\nhello\r\n",
    huge => '$307200' . "\r\n" . 'x' x 307200 . "\r\n", error => "-WRONGTYPE x\r\n", emptyerror => "-\r\n",
);
my ($k) = ($args->[3] // '') =~ /:(\w+)$/;
return greeting($args) // ($k && $bad{$k} ? $bad{$k} : answer(0, 0, 7, 1))
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
for my $k (qw(status number nil nilarray empty short long strings nested nils rule negative far text huge error emptyerror)) {
    my $r = get("/t?k=$k");
    is $r->{headers}{'x-limit'}, 'bypassed', "$k: bypassed";
    ok !exists $r->{headers}{ratelimit}, "$k: no state";
    is get('/t?k=GOOD')->{headers}{'x-limit'}, 'passed', "$k: the next is served";
}



=== TEST 136: replies of any wrong shape under on_error=deny
--- fake
return greeting($args) // "*4\r\n\$1\r\n0\r\n:0\r\n:1\r\n:1\r\n"
--- rules
a rate=1r/d burst=9 key=$arg_k on_error=deny;
--- request
GET /t?k=x
--- error_code: 503
--- response_headers
X-Limit: error
--- response_body_like: "code":"limit_unavailable"



=== TEST 137: garbage in place of a reply: closed, and the next is served
--- fake
our $i = 0; return greeting($args) // ($args->[3] =~ /:bad/ ? ("HTTP/1.1 400 Bad Request\r\n\r\n", "%1\r\n+a\r\n+b\r\n", "*x\r\n", "\0\0\0\0", "*4\r\n:0\r\n?\r\n")[$i++] : answer(0, 0, 7, 1))
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
for my $n (1 .. 5) {
    is get("/t?k=bad$n")->{headers}{'x-limit'}, 'bypassed', "garbage $n";
    eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } "served after $n";
}



=== TEST 138: garbage in place of a greeting
--- fake
return $n < 3 ? "HTTP/1.1 400 Bad Request\r\n\r\n" : greeting($args) // answer(0, 0, 7, 1)
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'served in the end';
my @lines = complaints(qr/redis unix/);
is scalar @lines, 1, 'told once' or diag join "\n", @lines;



=== TEST 139: a server that is loading its data is not ready yet
--- fake
return $n < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : greeting($args) // answer(0, 0, 7, 1)
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is get('/t?k=x')->{headers}{'x-limit'}, 'bypassed', 'loading';
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'loaded';



=== TEST 140: a reply more than was asked for: the connection is not used again
--- fake
return greeting($args) // answer(0, 0, 7, 1) . ($args->[3] =~ /:two$/ ? answer(1, 1000000, 0, 0) : '')
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is get('/t?k=two')->{headers}{'x-limit'}, 'passed', 'its own';
eventually { status_of('redis')->{disconnects} == 1 } 'closed';
my $r;
eventually { $r = get('/t?k=x'); $r->{headers}{'x-limit'} ne 'bypassed' } 'asked again';
is $r->{status}, 200, 'the next';
is left($r)->{a}{r}, 7, 'not by the extra one';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 2, 'a new connection';



=== TEST 141: a reply that nobody asked for at all
--- fake
return greeting($args) . "+surprise\r\n" if $n == 1; return greeting($args) // answer(0, 0, 7, 1)
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'served';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 2, 'by a new connection';



=== TEST 142: a reply byte by byte
--- fake
return greeting($args) // do { for (split //, answer(0, 0, 7, 1)) { syswrite $client, $_; Time::HiRes::sleep(0.001) } undef }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- request
GET /t?k=x
--- response_headers
X-Limit: passed
RateLimit: "a";r=7;t=1



=== TEST 143: half a reply, and the connection is closed
--- fake
return greeting($args) // do { die if $n > 4; syswrite $client, substr answer(0, 0, 7, 1), 0, 9; die }
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'bypassed', 'word';
cmp_ok $r->{took}, '<', 0.18, 'not waited for';



=== TEST 144: half a reply, and then nothing
--- fake
return greeting($args) // substr answer(0, 0, 7, 1), 0, 9
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'bypassed', 'word';
cmp_ok $r->{took}, '<', 0.6, 'in time';



=== TEST 145: the connection is closed in place of a reply
--- fake
return greeting($args) // ($args->[3] =~ /:bad$/ ? die : answer(0, 0, 7, 1))
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
is get('/t?k=bad')->{headers}{'x-limit'}, 'bypassed', 'lost';
eventually { (get('/t?k=x')->{headers}{'x-limit'} // '') eq 'passed' } 'the next is served';
is status_of('redis')->{disconnects}, 1, 'counted';



=== TEST 146: many wait when the connection is closed: each is answered once
--- fake
our $count += $args->[0] ne 'PING'; die if $count == 20; return greeting($args) // undef
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
get('/ready');
my @r = map { finish($_) } map { begin('GET', "/t?k=$_") } 1 .. 20;
is scalar(grep { ($_->{headers}{'x-limit'} // '') eq 'bypassed' } @r), 20, 'all pass';
is scalar(grep { $_->{body} eq '{"message":"pong"}' } @r), 20, 'with one body each';
is status_of('limit')->{bypassed}, 20, 'counted once each';
is status_of('redis')->{pending}, 0, 'nothing pends';



=== TEST 147: 32 replies of 300 kB pass through, none is taken apart
--- fake
return greeting($args) // '$307200' . "\r\n" . 'x' x 307200 . "\r\n"
--- redis
timeout command=5s;
--- rules
a rate=1r/d burst=9 key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', "/t?k=$_") } 1 .. 32;
is scalar(grep { ($_->{headers}{'x-limit'} // '') eq 'bypassed' } @r), 32, 'all pass';
is scalar(grep { $_->[0] eq 'accepted' } seen()), 1, 'on one connection';



=== TEST 148: login behind a limit
--- private
--- config eval
'location = /t { wxapp_limit login rate=1r/d burst=2 key=$remote_addr; wxapp_login; }' . main::wxapp_upstream()
--- drive
my @r = map { post('/t', { code => fresh_code('user-i') }) } 1 .. 3;
is join(' ', map { $_->{status} } @r), '200 200 429', 'statuses';
like $r[0]{json}{access_token}, qr/^eyJ/, 'token';
is scalar(my @c = sim_calls(user => 'user-i')), 2, 'the third did not reach WeChat';
