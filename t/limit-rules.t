# Rules of wxapp_limit beyond the plain bucket: windows, costs, delays, dry runs, bans, headers, configuration.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXLimit;

use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

sub DAY() { return 86400 }

# of a window of a day: its number, and how far we are in it, in seconds
sub day { my $t = now_us() / 1e6; return (int($t / DAY), $t - int($t / DAY) * DAY) }

sub set_window { my ($name, $value, @numbers) = @_; return redis_cmd('SET', key($name, $value), "@numbers", 'EX', 1000) }

# words of $wxapp_limit_status
sub words { my ($n, @request) = @_; return join ' ', map { get(@request)->{headers}{'x-limit'} // '-' } 1 .. $n }

run_tests();

__DATA__

=== TEST 1: a fixed window gives what its rate says, and no more
--- rules
a rate=3r/d algorithm=fixed_window key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 5;
is join(' ', map { $_->{status} } @r), '200 200 200 429 429', 'statuses';
is join(' ', map { left($_)->{a}{r} } @r), '2 1 0 0 0', 'left';
is $r[0]{headers}{'ratelimit-policy'}, '"a";q=3;w=86400', 'policy';
my (undef, $into) = day();
cmp_ok abs($r[3]{headers}{'retry-after'} - (DAY - $into)), '<=', 2, 'Retry-After is the end of the window';
cmp_ok abs(left($r[0])->{a}{t} - (DAY - $into)), '<=', 2, 'so is t';



=== TEST 2: a fixed window in Redis: number, spent, and nothing else
--- rules
a rate=3r/d algorithm=fixed_window key=$arg_k;
--- drive
my ($day, $into) = day();
get('/t?k=x') for 1 .. 2;
is redis_cmd('GET', key('a', 'x')), "$day 2 0", 'value';
cmp_ok abs(redis_cmd('PTTL', key('a', 'x')) / 1000 - (DAY - $into)), '<=', 2, 'till its end';



=== TEST 3: a fixed window forgets the one before
--- rules
a rate=3r/d algorithm=fixed_window key=$arg_k;
--- drive
my ($day) = day();
set_window('a', 'x', $day - 1, 3, 0);
is left(get('/t?k=x'))->{a}{r}, 2, 'fresh';
is redis_cmd('GET', key('a', 'x')), "$day 1 0", 'value';



=== TEST 4: a fixed window of a second comes again
--- rules
a rate=2r/s algorithm=fixed_window key=$arg_k;
--- drive
eventually { get('/t?k=x')->{status} == 429 } 'spent';
eventually { get('/t?k=x')->{status} == 200 } 'and fresh';



=== TEST 5: a sliding window counts of the one before the part that it covers
--- rules
a rate=100r/d algorithm=sliding_window key=$arg_k;
--- drive
my ($day, $into) = day();
for my $prev (0, 40, 90) {
    set_window('a', $prev, $day - 1, $prev, 7);
    my $left = 100 - $prev * (1 - $into / DAY) - 1;
    cmp_ok abs(left(get("/t?k=$prev"))->{a}{r} - $left), '<=', 1, "$prev before";
    is redis_cmd('GET', key('a', $prev)), "$day 1 $prev", 'value';
}



=== TEST 6: a sliding window: one that is two back does not count
--- rules
a rate=3r/d algorithm=sliding_window key=$arg_k;
--- drive
my ($day) = day();
set_window('a', 'x', $day - 2, 3, 3);
is statuses(4, '/t?k=x'), '200 200 200 429', 'three';



=== TEST 7: a sliding window: Retry-After while the window before still counts
--- rules
a rate=100r/d algorithm=sliding_window key=$arg_k;
--- drive
my ($day, $into) = day();
# all that the window before leaves is spent, and five more
my $cur = int(100 * $into / DAY) + 5;
plan skip_all => 'too near to midnight' if $cur > 95;
set_window('a', 'x', $day, $cur, 100);
my $r = get('/t?k=x');
is $r->{status}, 429, 'denied';
# spent is 100 when the part that is covered is 1 - (cur + 1) / 100
cmp_ok abs($r->{headers}{'retry-after'} - (DAY * ($cur + 1) / 100 - $into)), '<=', 2, 'Retry-After';
is redis_cmd('GET', key('a', 'x')), "$day $cur 100", 'as it was';



=== TEST 8: a sliding window: Retry-After when this window is spent
--- rules
a rate=100r/d algorithm=sliding_window key=$arg_k;
--- drive
my ($day, $into) = day();
set_window('a', 'x', $day, 100, 0);
my $r = get('/t?k=x');
is $r->{status}, 429, 'denied';
cmp_ok abs($r->{headers}{'retry-after'} - (DAY - $into + DAY / 100)), '<=', 2, 'a hundredth of the next one';



=== TEST 9: a sliding window that fits exactly
--- rules
a rate=5r/d algorithm=sliding_window key=$arg_k;
--- drive
is statuses(6, '/t?k=x'), '200 200 200 200 200 429', 'five';



=== TEST 10: a window that holds junk starts anew
--- rules
a rate=2r/d algorithm=fixed_window key=$arg_k;
b rate=9r/d algorithm=sliding_window key=$arg_k;
--- drive
redis_cmd('SET', key('a', 'x'), 'junk');
redis_cmd('RPUSH', key('b', 'x'), 'junk');
is statuses(3, '/t?k=x'), '200 200 429', 'counted';



=== TEST 11: all algorithms in one call, all or none
--- rules
a rate=1r/d burst=9 key=$arg_k;
b rate=9r/d algorithm=sliding_window key=$arg_k;
c rate=2r/d algorithm=fixed_window key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 200', 'two';
my @before = map { redis_cmd('GET', key($_, 'x')) } qw(a b c);
my $r = get('/t?k=x');
is $r->{json}{details}{policy}, 'c', 'c denies';
is_deeply [map { redis_cmd('GET', key($_, 'x')) } qw(a b c)], \@before, 'nobody gave';
is status_of('redis')->{commands}, 2, 'a call each, and none for who is known to be denied';



=== TEST 12: a request costs what the rule says
--- rules
a rate=1r/d burst=10 cost=3 key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 4;
is join(' ', map { $_->{status} } @r), '200 200 200 429', 'statuses';
is join(' ', map { left($_)->{a}{r} } @r), '7 4 1 1', 'left';
cmp_ok abs($r[3]{headers}{'retry-after'} - 2 * DAY), '<=', 2, 'two tokens are missing';



=== TEST 13: a cost of the request
--- rules
a rate=1r/d burst=10 cost=$arg_c key=$arg_k;
--- drive
is left(get('/t?k=x&c=4'))->{a}{r}, 6, 'four';
is left(get('/t?k=x'))->{a}{r}, 5, 'none is one';
is left(get('/t?k=x&c=much'))->{a}{r}, 4, 'no number is one';
is left(get('/t?k=x&c=-3'))->{a}{r}, 3, 'less than none is one';
my $r = get('/t?k=x&c=0');
is $r->{status}, 200, 'nothing';
ok !exists $r->{headers}{ratelimit}, 'is not limited';
is get('/t?k=x&c=4')->{status}, 429, 'more than there is';
is get('/t?k=x&c=3')->{status}, 200, 'what costs less may pass';



=== TEST 14: a cost beyond the bucket never passes
--- rules
a rate=1r/d burst=10 cost=$arg_c key=$arg_k;
b rate=10r/d algorithm=fixed_window cost=$arg_c key=$arg_o;
c rate=10r/d algorithm=sliding_window cost=$arg_c key=$arg_p;
--- drive
for my $k (qw(k o p)) {
    my $r = get("/t?$k=x&c=11");
    is $r->{status}, 429, "$k: eleven of ten";
    like $r->{headers}{'retry-after'}, qr/^[1-9]\d*$/, 'Retry-After';
    is get("/t?$k=x&c=999999999999")->{status}, 429, 'and many';
}
is scalar(my @b = buckets()), 0, 'nothing spent';



=== TEST 15: windows have costs, too
--- rules
a rate=10r/d algorithm=fixed_window cost=$arg_c key=$arg_k;
b rate=10r/d algorithm=sliding_window cost=$arg_c key=$arg_k;
--- drive
my $r = get('/t?k=x&c=6');
is join(' ', map { left($r)->{$_}{r} } qw(a b)), '4 4', 'left';
is get('/t?k=x&c=5')->{status}, 429, 'too much';
is get('/t?k=x&c=4')->{status}, 200, 'the rest';



=== TEST 16: delay: at the rate, not at once
--- rules
a rate=10r/s burst=3 delay key=$arg_k;
--- drive
my @h = map { begin('GET', '/t?k=x') } 1 .. 5;
my @r = map { finish($_) } @h;
is join(' ', sort map { $_->{status} } @r), '200 200 200 429 429', 'statuses';
is join(' ', sort map { $_->{headers}{'x-limit'} } @r), 'delayed delayed passed rejected rejected', 'words';
my @took = sort { $a <=> $b } map { $_->{took} } grep { $_->{status} == 200 } @r;
cmp_ok $took[1], '>=', 0.07, 'the second';
cmp_ok $took[2], '>=', 0.17, 'the third';
is_deeply [@{ status_of('limit') }{qw(passed delayed rejected)}], [1, 2, 2], 'counted';



=== TEST 17: delay: the longest of several rules
--- rules
a rate=1000r/s burst=3 delay key=$arg_k;
b rate=5r/s burst=3 delay key=$arg_k;
c rate=1r/s burst=3 nodelay key=$arg_k;
--- drive
get('/t?k=x');
my $r = get('/t?k=x');
is $r->{headers}{'x-limit'}, 'delayed', 'word';
cmp_ok $r->{took}, '>=', 0.1, 'waited for b';
cmp_ok $r->{took}, '<', 0.9, 'not for c';



=== TEST 18: delay: who goes away meanwhile is not waited for
--- rules
a rate=2r/s burst=5 delay key=$arg_k;
--- drive
get('/t?k=x');
my $h = begin('GET', '/t?k=x&n=gone');
eventually { status_of('limit')->{delayed} == 1 } 'delayed';
abandon($h);
eventually { logs(0, Test::Nginx::Util::server_root() . '/logs/access.log') =~ /n=gone HTTP\/1\.1" 499 / } 'logged as 499';



=== TEST 19: delay over HTTP/2: streams wait side by side
--- wxapp eval: "server { listen unix:$main::DIR/h2d.sock http2; location = /t { wxapp_limit a rate=10r/s burst=3 delay key=x; wxapp_ping; } }"
--- drive
my $h2 = h2_connect("$main::DIR/h2d.sock");
my @id = map { h2_post($h2, '/t', 'x') } 1 .. 4;
is join(' ', sort map { h2_reply($h2, $_)->{status} } @id), '405 405 405 429', 'statuses';
is status_of('limit')->{delayed}, 2, 'two were delayed';



=== TEST 20: dry run: nobody is refused, all is counted
--- rules
a rate=1r/d burst=2 key=$arg_k; wxapp_limit_dry_run on;
--- drive
my @r = map { get('/t?k=x') } 1 .. 4;
is join(' ', map { $_->{status} } @r), '200 200 200 200', 'statuses';
is join(' ', map { $_->{headers}{'x-limit'} } @r), 'passed passed rejected_dry_run rejected_dry_run', 'words';
is scalar(grep { exists $_->{headers}{ratelimit} || exists $_->{headers}{'retry-after'} } @r), 0, 'and nobody is told';
is_deeply [@{ status_of('limit') }{qw(passed rejected dry_run)}], [2, 0, 2], 'counted';



=== TEST 21: dry run of a delay
--- rules
a rate=1r/h burst=2 delay key=$arg_k; wxapp_limit_dry_run on;
--- drive
is words(3, '/t?k=x'), 'passed delayed_dry_run rejected_dry_run', 'words';



=== TEST 22: dry run without Redis
--- http_config eval
main::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n")
--- rules
a rate=1r/d key=$arg_k on_error=deny; wxapp_limit_dry_run on;
--- drive
my $r = get('/t?k=x');
is $r->{status}, 200, 'not refused';
is $r->{headers}{'x-limit'}, 'rejected_dry_run', 'word';
--- error_log
redis



=== TEST 23: dry run is inherited, and off further in
--- config
    wxapp_limit_dry_run on;
    wxapp_limit a rate=1r/d key=$arg_k;
    location = /dry { wxapp_ping; }
    location = /wet { wxapp_limit_dry_run off; wxapp_ping; }
--- drive
is statuses(2, '/dry?k=x'), '200 200', 'dry';
is get('/wet?k=x')->{status}, 429, 'wet';



=== TEST 24: another status
--- rules
a rate=1r/d key=$arg_k; wxapp_limit_status 503;
--- drive
my @r = map { get('/t?k=x') } 1 .. 2;
is $r[1]{status}, 503, 'status';
is $r[1]{json}{code}, 'rate_limited', 'code';
is $r[1]{json}{title}, 'Service Unavailable', 'title';
like $r[1]{headers}{'retry-after'}, qr/^(?:86400|8639\d)$/, 'Retry-After';



=== TEST 25: a status is inherited
--- config
    wxapp_limit_status 420;
    location = /t { wxapp_limit a rate=1r/d key=$arg_k; wxapp_ping; }
--- drive
is statuses(2, '/t?k=x'), '200 420', 'statuses';



=== TEST 26: headers of the older kind
--- rules
a rate=1r/d burst=9 key=$arg_k; wxapp_limit_headers legacy;
--- drive
my $r = get('/t?k=x');
is join(' ', map { $r->{headers}{"x-ratelimit-$_"} } qw(limit remaining reset)), '9 8 86400', 'values';
ok !exists $r->{headers}{$_}, "no $_" for qw(ratelimit ratelimit-policy);



=== TEST 27: headers of the older kind tell the rule that is nearest to its end
--- rules
a rate=1r/d burst=9 key=$arg_k; wxapp_limit_headers legacy;
b rate=1r/h burst=2 key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 3;
is join(' ', map { $_->{headers}{'x-ratelimit-limit'} } @r), '2 2 2', 'limit';
is join(' ', map { $_->{headers}{'x-ratelimit-remaining'} } @r), '1 0 0', 'remaining';
like $r[2]{headers}{'retry-after'}, qr/^3(?:600|59\d)$/, 'Retry-After';



=== TEST 28: all headers
--- rules
a rate=1r/d burst=9 key=$arg_k; wxapp_limit_headers all;
--- request
GET /t?k=x
--- response_headers
RateLimit: "a";r=8;t=86400
RateLimit-Policy: "a";q=9;w=777600
X-RateLimit-Limit: 9
X-RateLimit-Remaining: 8
X-RateLimit-Reset: 86400



=== TEST 29: no headers but Retry-After
--- rules
a rate=1r/d key=$arg_k; wxapp_limit_headers off;
--- drive
my @r = map { get('/t?k=x') } 1 .. 2;
is scalar(grep { my $r = $_; grep { /ratelimit/ } keys %{ $r->{headers} } } @r), 0, 'none';
like $r[1]{headers}{'retry-after'}, qr/^(?:86400|8639\d)$/, 'Retry-After';



=== TEST 30: refusals are logged where they are asked for, without the key
--- rules
a rate=1r/d key=$arg_k; wxapp_limit_log_level warn;
--- config
    location = /q { wxapp_limit a rate=1r/d key=$arg_k; wxapp_ping; }
--- drive
statuses(3, '/t?k=x');
is scalar(my @l = complaints(qr/limiting requests by "a", client/)), 2, 'two lines';
statuses(3, '/q?k=y');
is scalar(@l = complaints(qr/limiting/)), 2, 'and none of where it is not';



=== TEST 31: a delay and a dry run in the log
--- rules
a rate=1r/h burst=2 delay key=$arg_k; wxapp_limit_log_level notice; wxapp_limit_dry_run on;
--- drive
statuses(3, '/t?k=x');
my $log = logs(0, error_log());
like $log, qr/\[notice\] .*delaying requests by "a", dry run/, 'delay';
like $log, qr/\[notice\] .*limiting requests by "a", dry run/, 'refusal';



=== TEST 32: a word for each rule
--- rules
user rate=1r/d burst=2 key=$arg_k; add_header X-User "$wxapp_limit_user" always;
Day-1 rate=1r/d burst=5 key=$arg_k;
D2 rate=1r/d burst=5 key=$arg_none; add_header X-D2 "[$wxapp_limit_d2]" always; add_header X-None "[$wxapp_limit_nobody]" always;
--- drive
my @r = map { get('/t?k=x') } 1 .. 4;
is join(' ', map { $_->{headers}{'x-user'} } @r), 'passed passed rejected rejected', 'user';
is join(' ', map { $_->{headers}{'x-d2'} } @r), '[] [] [] []', 'a rule that did not apply';
is join(' ', map { $_->{headers}{'x-none'} } @r), '[] [] [] []', 'a rule that is not there';



=== TEST 33: a word for each rule, of a delay, and behind an internal redirect
--- wxapp
log_format words "$wxapp_limit_status $wxapp_limit_a $wxapp_limit_B";
--- config
    error_page 404 = /e;
    location = /t { access_log logs/words.log words; wxapp_limit a rate=20r/s burst=3 delay key=$arg_k; wxapp_limit B rate=1r/d burst=3 key=$arg_k; try_files /none =404; }
    location = /e { access_log logs/words.log words; wxapp_ping; }
--- drive
get("/t?k=x&n=$_") for 1 .. 2;
my $log = Test::Nginx::Util::server_root() . '/logs/words.log';
eventually { logs(0, $log) =~ /^d/m } 'logged';
is logs(0, $log), "passed passed passed\ndelayed delayed passed\n", 'lines';



=== TEST 34: a ban after as many refusals as the rule says
--- rules
a rate=1r/m burst=2 ban=3/1m/10m key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 7;
is join(' ', map { $_->{status} } @r), '200 200 429 429 429 429 429', 'statuses';
is join(' ', map { $_->{json}{code} // '-' } @r), '- - rate_limited rate_limited banned banned banned', 'codes';
is $r[4]{json}{details}{policy}, 'a', 'policy';
like $r[4]{headers}{'retry-after'}, qr/^(?:600|59\d)$/, 'Retry-After';
is join(' ', bans()), redis_prefix() . 'ban:a:x', 'in Redis';
like redis_cmd('GET', redis_prefix() . 'ban:a:x'), qr/^3 \d{16}$/, 'value';
cmp_ok redis_cmd('TTL', redis_prefix() . 'ban:a:x'), '>=', 595, 'for that long';
is get('/t?k=y')->{status}, 200, 'others are not banned';
is_deeply [@{ status_of('limit') }{qw(rejected banned)}], [5, 1], 'counted';
is status_of('redis')->{commands}, 4, 'two that passed, the ban, and the other key';



=== TEST 35: a ban that another node found
--- rules
a rate=1r/d burst=2 ban=3/1m/10m key=$arg_k;
--- drive
redis_cmd('SET', redis_prefix() . 'ban:a:x', sprintf('3 %.0f', now_us() + 60e6), 'PX', 60000);
my $r = get('/t?k=x');
is $r->{json}{code}, 'banned', 'code';
like $r->{headers}{'retry-after'}, qr/^(?:60|59)$/, 'Retry-After';
is scalar(my @b = buckets()), 0, 'the bucket is not touched';
is status_of('limit')->{banned}, 0, 'it is not a new one';



=== TEST 36: refusals that are over do not count for a ban
--- rules
a rate=1r/d ban=3/1m/10m key=$arg_k;
--- drive
full_in('a', 'x', 86400);
redis_cmd('SET', redis_prefix() . 'ban:a:x', sprintf('2 %.0f', now_us() - 1), 'PX', 60000);
is get('/t?k=x')->{json}{code}, 'rate_limited', 'code';
like redis_cmd('GET', redis_prefix() . 'ban:a:x'), qr/^1 /, 'counted anew';



=== TEST 37: refusals of all nodes count for a ban
--- rules
a rate=1r/d ban=3/1m/10m key=$arg_k;
--- drive
full_in('a', 'x', 86400);
redis_cmd('SET', redis_prefix() . 'ban:a:x', sprintf('2 %.0f', now_us() + 60e6), 'PX', 60000);
is get('/t?k=x')->{json}{code}, 'banned', 'the third';



=== TEST 38: a refusal by another rule is none for the ban
--- rules
a rate=1r/d burst=9 ban=2/1m/10m key=$arg_k;
b rate=1r/d burst=1 key=$arg_k;
--- drive
get('/t?k=x');
full_in('b', "y$_", 86400) for 1 .. 4;
is join(' ', map { get("/t?k=y$_")->{json}{code} } 1 .. 4), 'rate_limited ' x 3 . 'rate_limited', 'codes';
is scalar(my @b = bans()), 0, 'nothing noted';



=== TEST 39: who is only refused has no ban, and a window has one
--- rules
a rate=2r/d algorithm=sliding_window ban=2/1h/1d key=$arg_k;
--- drive
is join(' ', map { get('/t?k=x')->{json}{code} // '-' } 1 .. 5), '- - rate_limited banned banned', 'codes';



=== TEST 40: ban: the log tells its beginning
--- rules
a rate=1r/d ban=2/1m/10m key=$arg_k; wxapp_limit_log_level error;
--- drive
statuses(6, '/t?k=x');
is scalar(my @l = complaints(qr/banning a key of "a"/)), 1, 'once';



=== TEST 41: many at once: what a window gives is not given twice
--- workers: 2
--- rules
a rate=10r/d algorithm=sliding_window key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 40;
is scalar(grep { $_->{status} == 200 } @r), 10, 'passed';



=== TEST 42: an unknown algorithm
--- config
    wxapp_limit a rate=1r/s algorithm=sliding_windows key=x;
--- must_die
--- error_log
unknown algorithm "sliding_windows", did you mean "sliding_window"? in



=== TEST 43: a window has no burst
--- config
    wxapp_limit a rate=1r/s algorithm=fixed_window burst=5 key=x;
--- must_die
--- error_log
"burst" goes with "algorithm=token_bucket" only in



=== TEST 44: a window has no lease
--- config
    wxapp_limit a rate=10r/s algorithm=sliding_window lease=5 key=x;
--- must_die
--- error_log
"lease" goes with "algorithm=token_bucket" only in



=== TEST 45: a window has no delay
--- config
    wxapp_limit a rate=10r/s delay algorithm=sliding_window key=x;
--- must_die
--- error_log
"delay" goes with "algorithm=token_bucket" only in



=== TEST 46: a cost that the bucket never has
--- config
    wxapp_limit a rate=10r/s burst=4 cost=5 key=x;
--- must_die
--- error_log
"cost" must be between 1 and 4, what the limit "a" has in



=== TEST 47: a cost that is no number
--- config
    wxapp_limit a rate=10r/s burst=4 cost=much key=x;
--- must_die
--- error_log
"cost" must be between 1 and 4, what the limit "a" has in



=== TEST 48: a lease as large as the bucket
--- config
    wxapp_limit a rate=10r/s burst=4 lease=4 key=x;
--- must_die
--- error_log
"lease" must be less than "burst" in



=== TEST 49: a lease does not wait
--- config
    wxapp_limit a rate=10r/s burst=40 lease=4 delay key=x;
--- must_die
--- error_log
"lease" and "delay" do not go together in



=== TEST 50: a ban that cannot be read
--- config
    wxapp_limit a rate=10r/s ban=5/1m key=x;
--- must_die
--- error_log
invalid ban "5/1m", it must be COUNT/IN/FOR



=== TEST 51: a ban with too many parts
--- config
    wxapp_limit a rate=10r/s ban=5/1m/1m/1m key=x;
--- must_die
--- error_log
invalid ban "5/1m/1m/1m", it must be COUNT/IN/FOR



=== TEST 52: a ban for no time
--- config
    wxapp_limit a rate=10r/s ban=5/1m/0 key=x;
--- must_die
--- error_log
invalid ban "5/1m/0", it must be COUNT/IN/FOR



=== TEST 53: delay and nodelay at once
--- config
    wxapp_limit a rate=10r/s delay nodelay key=x;
--- must_die
--- error_log
invalid parameter "nodelay", it must be name=value in



=== TEST 54: a status that is no error
--- config
    wxapp_limit_status 200;
--- must_die
--- error_log
value must be between 400 and 599 in



=== TEST 55: unknown headers
--- config
    wxapp_limit_headers some;
--- must_die
--- error_log
invalid value "some" in
