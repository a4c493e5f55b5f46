# What a node decides without Redis: denied keys, leased tokens, buckets of its own, requests in flight, listed keys.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXLimit;

use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

sub tokens_taken { my ($name, $value) = @_; return (until_full($name, $value) // 0) / 86400 }

# a PUT that waits for its body
sub open_put { my ($uri) = @_; return begin('PUT', $uri, undef, headers => ['Content-Length: 3']) }

# so many of a key that one more is refused; who has just been answered may still count for a moment
sub fill {
    my ($n, $key) = @_;
    my @h;
    eventually {
        abandon($_) for splice @h;
        @h = map { open_put("/put/a$_?k=$key") } 1 .. $n;
        wait_until { http('PUT', "/put/b?k=$key", 'abc')->{status} == 429 } 1;
    } 'full';
    return @h;
}

sub end_put { my ($h) = @_; syswrite $h->{socket}, 'abc'; return finish($h) }

add_block_preprocessor(sub {
    my ($block) = @_;

    # FILE => TEXT in the test's folder
    if (defined(my $list = $block->list)) {
        open my $out, '>', "$main::DIR/list" or die $!;
        print $out eval "qq\x01$list\x01";
        close $out;
    }

    if (defined(my $put = $block->put)) {
        $block->set_value(config => <<"C" . ($block->config // ''));
    location /put/ {
        $put
        add_header X-Limit "\$wxapp_limit_status" always;
        dav_methods PUT; create_full_put_path on; root html;
    }
C
    }
});

run_tests();

__DATA__

=== TEST 1: a key that was denied is not asked for again until its time
--- fake
return greeting($args) // answer(1, 5_000_000, 0, 5_000_000)
--- redis
timeout command=3s;
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 30;
is scalar(grep { $_->{status} == 429 } @r), 30, 'denied';
is scalar(my @a = asked()), 1, 'asked once';
is scalar(grep { $_->{headers}{'x-limit'} eq 'rejected' } @r), 30, 'words';
is scalar(grep { $_->{headers}{'retry-after'} =~ /^[45]$/ } @r), 30, 'Retry-After';
is scalar(grep { left($_)->{a}{r} == 0 && left($_)->{a}{t} <= 5 } @r), 30, 'RateLimit';
is $r[29]{json}{details}{policy}, 'a', 'policy';
is_deeply [@{ status_of('limit') }{qw(rejected local)}], [30, 29], 'counted';



=== TEST 2: and at its time it is
--- fake
return greeting($args) // ($n > 2 ? answer(0, 0, 2, 1) : answer(1, 200_000, 0, 1))
--- redis
timeout command=3s;
--- rules
a rate=1r/m burst=3 key=$arg_k;
--- drive
is get('/t?k=x')->{status}, 429, 'denied';
my $at = Time::HiRes::time();
eventually { get('/t?k=x')->{status} == 200 } 'passed';
cmp_ok Time::HiRes::time() - $at, '>=', 0.15, 'then';
cmp_ok Time::HiRes::time() - $at, '<', 1, 'not much later';
is scalar(my @a = asked()), 2, 'asked twice';



=== TEST 3: other keys and other rules are asked for
--- fake
return greeting($args) // ($args->[3] =~ /:a:x$/ ? answer(1, 5_000_000, 0, 1) : answer(0, 0, 1, 1))
--- redis
timeout command=3s;
--- config
    location = /a { wxapp_limit a rate=1r/m burst=3 key=$arg_k; wxapp_ping; }
    location = /A { wxapp_limit a rate=1r/m burst=4 key=$arg_k; wxapp_ping; }
    location = /b { wxapp_limit b rate=1r/m burst=3 key=$arg_k; wxapp_ping; }
--- drive
is statuses(2, '/a?k=x'), '429 429', 'denied';
is statuses(2, '/a?k=y'), '200 200', 'another key';
is statuses(2, '/b?k=x'), '200 200', 'another rule';
is scalar(my @a = asked()), 5, 'asked';
is get('/A?k=x')->{status}, 429, 'the same rule with another burst';
is scalar(@a = asked()), 6, 'is another';



=== TEST 4: what costs less than what was denied is asked for
--- fake
return greeting($args) // ($args->[7] == 5 ? answer(1, 5_000_000, 4, 1) : answer(0, 0, 3, 1))
--- redis
timeout command=3s;
--- rules
a rate=1r/m burst=9 cost=$arg_c key=$arg_k;
--- drive
is get('/t?k=x&c=5')->{status}, 429, 'five';
is get('/t?k=x&c=6')->{status}, 429, 'six';
is scalar(my @a = asked()), 1, 'not asked for';
is get('/t?k=x&c=4')->{status}, 200, 'four';



=== TEST 5: workers share what they know
--- workers: 2
--- rules
a rate=1r/d key=$arg_k;
--- drive
is statuses(2, '/t?k=x'), '200 429', 'denied';
my $before = status_of('redis')->{commands};
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 20;
is scalar(grep { $_->{status} == 429 } @r), 20, 'by all';
is status_of('redis')->{commands}, $before, 'who ask nobody';



=== TEST 6: a flood on a denied key costs Redis nothing
--- rules
a rate=1r/m burst=3 key=$arg_k; keepalive_requests 5000;
--- drive
statuses(3, '/t?k=x');
my $before = status_of('redis')->{commands};
my $s = connection();
my $text = '';
for my $round (1 .. 10) {
    syswrite $s, "GET /t?k=x HTTP/1.1\r\nHost: x\r\n\r\n" x 50;
    while ((() = $text =~ /"trace_id":"[0-9a-f]*"\}/g) < $round * 50) {
        sysread $s, $text, 65536, length $text or last;
    }
}
is scalar(() = $text =~ m{HTTP/1\.1 429 }g), 500, 'denied';
cmp_ok status_of('redis')->{commands} - $before, '<=', 2, 'commands';



=== TEST 7: a lease: a hot key costs a fraction of the round trips, and not one token is lost
--- rules
a rate=1r/d burst=200 lease=20 key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 201;
is scalar(grep { $_->{status} == 200 } @r), 200, 'passed';
is $r[200]{status}, 429, 'and not one more';
is join(' ', map { left($_)->{a}{r} } @r[0 .. 199]), join(' ', reverse 0 .. 199), 'each token once';
is scalar(grep { left($_)->{a}{t} > 0 } @r), 201, 't';
cmp_ok status_of('redis')->{commands}, '<', 30, 'commands';
is_deeply [@{ status_of('limit') }{qw(passed rejected)}], [200, 1], 'counted';
cmp_ok status_of('limit')->{leased}, '>', 170, 'most were leased';



=== TEST 8: a lease is not for a key that comes once
--- rules
a rate=1r/d burst=200 lease=20 key=$arg_k;
--- drive
get("/t?k=$_") for 1 .. 5;
is join(' ', map { tokens_taken('a', $_) } 1 .. 5), '1 1 1 1 1', 'one token each';



=== TEST 9: a lease grows with the demand, and is never more than was asked for
--- fake
return greeting($args) // answer(0, 0, 50, 1, $args->[8] || ())
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 lease=10 key=$arg_k;
--- drive
get('/t?k=x') for 1 .. 30;
is join(' ', map { $_->[8] } asked()), '0 1 3 7 10 9', 'leases, the last one before the one before is used up';



=== TEST 10: what was not used goes back with the next question
--- rules
a rate=1r/d burst=200 lease=50 key=$arg_k;
--- drive
get('/t?k=x') for 1 .. 20;
cmp_ok tokens_taken('a', 'x'), '>', 20, 'some are kept here';
pause(1);
wait_until { my $c = status_of('limit')->{leased}; get('/t?k=x'); status_of('limit')->{leased} == $c };
my $r = get('/t?k=x');
is left($r)->{a}{r} + status_of('limit')->{passed}, 200, 'nothing is lost';



=== TEST 11: tokens that were leased are not used for longer than a second
--- fake
return greeting($args) // answer(0, 0, 50, 1, $args->[8] || ())
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 lease=50 key=$arg_k;
--- drive
get('/t?k=x') for 1 .. 12;
my $asked = () = asked();
my $held = 0;
pause(1);
eventually { get('/t?k=x'); asked() > $asked } 'asked again';
cmp_ok +(asked())[-1][7], '<', 1, 'with what was left given back';



=== TEST 12: a lease and a rule without one
--- rules
a rate=1r/d burst=200 lease=20 key=$arg_k;
b rate=1r/d burst=15 key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 20;
is scalar(grep { $_->{status} == 200 } @r), 15, 'passed';
is $r[15]{json}{details}{policy}, 'b', 'b denies';
is join(' ', map { left($_)->{a}{r} } @r[0 .. 14]), join(' ', reverse 185 .. 199), 'a gives each token once';
eventually { left(get('/t?k=x&'))->{b}{r} == 0 } 'b has none';
cmp_ok 200 - tokens_taken('a', 'x'), '<=', 185, 'nothing more than what was taken';



=== TEST 13: workers share a lease
--- workers: 2
--- rules
a rate=1r/d burst=100 lease=20 key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 130;
my $passed = grep { $_->{status} == 200 } @r;
cmp_ok $passed, '<=', 100, 'not more than there are';
cmp_ok $passed, '>=', 80, 'but for a lease not fewer';



=== TEST 14: leased tokens go on while Redis is gone, and then on_error decides
--- private
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 lease=50 on_error=deny key=$arg_k;
--- drive
get('/t?k=x') for 1 .. 20;
my $taken = (private_cmd('GET', key('a', 'x')) - now_us()) / 86400e6;
stop_private();
my $n = 0;
$n++ while get('/t?k=x')->{status} == 200;
is $n, sprintf('%.0f', $taken) - 20, 'as many as were leased';
is get('/t?k=x')->{headers}{'x-limit'}, 'error', 'then not';



=== TEST 15: Redis is down and on_error is local: a bucket of the node's own
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=3 on_error=local key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 5;
is join(' ', map { $_->{status} } @r), '200 200 200 429 429', 'statuses';
is join(' ', map { $_->{headers}{'x-limit'} } @r), 'passed passed passed rejected rejected', 'words';
is join(' ', map { left($_)->{a}{r} } @r), '2 1 0 0 0', 'left';
like $r[3]{headers}{'retry-after'}, qr/^(?:86400|8639\d)$/, 'Retry-After';
is get('/t?k=y')->{status}, 200, 'another key';
is_deeply [@{ status_of('limit') }{qw(passed rejected fallback bypassed)}], [4, 2, 6, 0], 'counted';



=== TEST 16: Redis is down: tokens of the node's own bucket grow
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=10r/s burst=2 on_error=local key=$arg_k;
--- drive
eventually { get('/t?k=x')->{status} == 429 } 'empty';
eventually { get('/t?k=x')->{status} == 200 } 'and again';



=== TEST 17: Redis is down: windows and costs
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=6r/d algorithm=sliding_window cost=2 on_error=local key=$arg_k;
b rate=9r/d algorithm=fixed_window on_error=local key=$arg_k;
--- drive
my @r = map { get('/t?k=x') } 1 .. 4;
is join(' ', map { $_->{status} } @r), '200 200 200 429', 'statuses';
is $r[3]{json}{details}{policy}, 'a', 'policy';
is left($r[3])->{b}{r}, 6, 'all or none';



=== TEST 18: Redis is down: a rule that allows beside one that counts here
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=1 on_error=local key=$arg_k;
b rate=1r/d burst=1 key=$arg_k;
--- drive
is join(' ', map { get('/t?k=x')->{headers}{'x-limit'} } 1 .. 2), 'bypassed rejected', 'words';



=== TEST 19: Redis is down: a rule that denies beside one that counts here
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=9 on_error=local key=$arg_k;
b rate=1r/d burst=9 on_error=deny key=$arg_k;
--- drive
is join(' ', map { get('/t?k=x')->{headers}{'x-limit'} } 1 .. 2), 'error error', 'words';



=== TEST 20: Redis comes back, and its buckets with it
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=2 on_error=local key=$arg_k;
--- drive
is statuses(3, '/t?k=x'), '200 200 429', 'the own bucket';
start_private();
eventually { get('/t?k=' . rand)->{headers}{'x-limit'} eq 'passed' && private_cmd('DBSIZE') > 0 } 'back';
is statuses(3, '/t?k=x'), '200 200 429', 'that of Redis';
is private_cmd('EXISTS', key('a', 'x')), 1, 'is there';



=== TEST 21: Redis hangs: the wait is bounded, then the own bucket decides
--- fake
return greeting($args) // undef
--- redis
timeout command=50ms;
--- rules
a rate=1r/d burst=2 on_error=local key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 4;
is join(' ', sort map { $_->{status} } @r), '200 200 429 429', 'statuses';



=== TEST 22: workers share the own bucket
--- workers: 2
--- private
down
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=10 on_error=local key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 30;
is scalar(grep { $_->{status} == 200 } @r), 10, 'passed';



=== TEST 23: requests in flight: as many as may be
--- put
wxapp_limit_inflight f max=2 key=$arg_k;
--- drive
my @h = fill(2, 'x');
my $r = http('PUT', '/put/b?k=x', 'abc');
is $r->{status}, 429, 'the third is refused';
is $r->{json}{code}, 'too_many_in_flight', 'code';
is $r->{json}{details}{policy}, 'f', 'policy';
is $r->{headers}{'retry-after'}, 1, 'Retry-After';
is $r->{headers}{'x-limit'}, 'rejected', 'word';
is http('PUT', '/put/c?k=y', 'abc')->{status}, 201, 'another key';
is http('PUT', '/put/d', 'abc')->{status}, 201, 'no key';
is end_put($h[0])->{status}, 201, 'one ends';
is http('PUT', '/put/e?k=x', 'abc')->{status}, 201, 'then there is place';
is http('PUT', '/put/f?k=x', 'abc')->{status}, 201, 'and again';
is end_put($h[1])->{status}, 201, 'the other one';



=== TEST 24: requests in flight: who goes away is none
--- put
wxapp_limit_inflight f max=2 key=$arg_k;
--- drive
for (1 .. 3) {
    my @h = fill(2, 'x');
    abandon($_) for @h;
    eventually { http('PUT', '/put/b?k=x', 'abc')->{status} =~ /^20/ } 'free';
}



=== TEST 25: requests in flight: those of a killed worker are none
--- workers: 2
--- put
wxapp_limit_inflight f max=2 key=$arg_k;
--- drive
my @held = fill(2, 'x');
my @old = worker_pids();
kill KILL => @old;
eventually { my @w = worker_pids(); @w == 2 && !grep { my $p = $_; grep { $_ == $p } @old } @w } 'new workers';
eventually { http('PUT', '/put/b?k=x', 'abc')->{status} =~ /^20/ } 'free';
end_put($_) for fill(2, 'x');
--- error_log
[alert]
exited on signal 9



=== TEST 26: requests in flight: workers count together
--- workers: 2
--- put
wxapp_limit_inflight f max=5 key=$arg_k;
--- drive
my @h = map { open_put("/put/a$_?k=x") } 1 .. 20;
eventually { status_of('limit')->{inflight} == 15 } 'fifteen refused';
is join(' ', map { end_put($_)->{status} } @h) =~ tr/2/2/, 5 * 1 + 15, 'five let in' or diag join ' ', map { $_->{status} // '' } @h;
is http('PUT', '/put/b?k=x', 'abc')->{status}, 201, 'and all are gone';



=== TEST 27: requests in flight: a reload forgets none
--- workers: 1
--- put
wxapp_limit_inflight f max=1 key=$arg_k;
--- drive
my ($h) = fill(1, 'x');
my ($old) = worker_pids();
signal_nginx('HUP');
eventually { my @w = grep { $_ != $old } worker_pids(); scalar @w } 'reloaded';
pause(0.1);
is http('PUT', '/put/b?k=x', 'abc')->{status}, 429, 'still full';
is end_put($h)->{status}, 201, 'the old worker serves it';
eventually { http('PUT', '/put/b?k=x', 'abc')->{status} =~ /^20/ } 'free';



=== TEST 28: requests in flight: several limits, each by its key
--- put
wxapp_limit_inflight f max=1 key=$arg_k; wxapp_limit_inflight g max=2 key=all;
--- drive
my @h = (open_put('/put/a?k=x'));
eventually { http('PUT', '/put/b?k=x', 'abc')->{json}{details}{policy} eq 'f' } 'f';
push @h, open_put('/put/a?k=y');
eventually { (http('PUT', '/put/b?k=z', 'abc')->{json} // { details => { policy => '' } })->{details}{policy} eq 'g' } 'g';
end_put($_) for @h;
is http('PUT', '/put/b?k=x', 'abc')->{status}, 201, 'a refusal by one holds no place of the other';



=== TEST 29: requests in flight: an internal redirect is no second request
--- config
    location = /r { wxapp_limit_inflight f max=1 key=x; error_page 404 = /e; try_files /none =404; }
    location = /e { wxapp_limit_inflight f max=1 key=x; wxapp_ping; }
--- drive
is get('/r')->{status}, 200, 'passed';
is get('/r')->{status}, 200, 'and again';



=== TEST 30: requests in flight: dry run, another status, no Redis needed
--- http_config eval
main::wxapp_http(redis => '')
--- put
wxapp_limit_inflight f max=1 key=$arg_k;
--- config
    location = /dry { wxapp_limit_inflight f max=1 key=$arg_k; wxapp_limit_dry_run on; add_header X-Limit "$wxapp_limit_status $wxapp_limit_f"; wxapp_ping; }
    location = /503 { wxapp_limit_inflight f max=1 key=$arg_k; wxapp_limit_status 503; wxapp_ping; }
--- drive
my $h = open_put('/put/a?k=x');
my $r;
eventually { $r = get('/dry?k=x'); ($r->{headers}{'x-limit'} // '') eq 'rejected_dry_run rejected_dry_run' } 'would be refused';
is $r->{status}, 200, 'is not';
is get('/503?k=x')->{status}, 503, 'status';
end_put($h);



=== TEST 31: requests in flight: those that wait for Redis are
--- fake
return greeting($args) // do { Time::HiRes::sleep(0.2); answer(0, 0, 7, 1) }
--- redis
timeout command=2s;
--- rules
a rate=1r/d burst=9 key=$arg_k; wxapp_limit_inflight f max=2 key=$arg_k;
--- drive
my @r = map { finish($_) } map { begin('GET', '/t?k=x') } 1 .. 5;
is join(' ', sort map { $_->{status} } @r), '200 200 429 429 429', 'statuses';
is get('/t?k=x')->{status}, 200, 'and then none';



=== TEST 32: listed keys are denied
--- list
# bad ones
x\n\n  y \t\r\n#z\nlast
--- config eval
"location = /t { wxapp_limit_deny $main::DIR/list key=\$arg_k; add_header X-Limit \$wxapp_limit_status always; wxapp_ping; }"
--- drive
is join(' ', map { get("/t?k=$_")->{status} } 'x', 'y', 'z', 'last', '%23z', 'la', 'lastt', 'X'), '403 403 200 403 200 200 200 200', 'statuses';
my $r = get('/t?k=x');
is $r->{json}{code}, 'denied', 'code';
is $r->{headers}{'x-limit'}, 'rejected', 'word';
is get('/t')->{status}, 200, 'no key';
is status_of('limit')->{denied}, 4, 'counted';



=== TEST 33: ten thousand listed keys
--- list
@{[CORE::join "\n", map { "key-$_" } 1 .. 10000]}
--- config eval
"location = /t { wxapp_limit_deny $main::DIR/list key=\$arg_k; wxapp_ping; }"
--- drive
is scalar(grep { get("/t?k=key-$_")->{status} == 403 } map { $_ * 100 } 1 .. 100), 100, 'those';
is scalar(grep { get("/t?k=key-$_")->{status} == 200 } map { 10000 + $_ } 1 .. 100), 100, 'and no others';



=== TEST 34: an empty list
--- list
# nobody
--- config eval
"location = /t { wxapp_limit_deny $main::DIR/list key=\$arg_k; wxapp_ping; }"
--- drive
is get('/t?k=x')->{status}, 200, 'passed';



=== TEST 35: listed keys: dry run, and off further in
--- list
x
--- config eval
"wxapp_limit_deny $main::DIR/list key=\$arg_k;
location = /dry { wxapp_limit_dry_run on; add_header X-Limit \$wxapp_limit_status always; wxapp_ping; }
location = /off { wxapp_limit_deny off; wxapp_ping; }
location = /on { wxapp_ping; }"
--- drive
is get('/dry?k=x')->{status}, 200, 'dry';
is get('/dry?k=x')->{headers}{'x-limit'}, 'rejected_dry_run', 'word';
is get('/off?k=x')->{status}, 200, 'off';
is get('/on?k=x')->{status}, 403, 'on';



=== TEST 36: a list is read again by a reload
--- workers: 1
--- list
x
--- config eval
"location = /t { wxapp_limit_deny $main::DIR/list key=\$arg_k; wxapp_ping; }"
--- drive
is join(' ', map { get("/t?k=$_")->{status} } qw(x y)), '403 200', 'before';
open my $out, '>', "$main::DIR/list"; print $out "y\n"; close $out;
signal_nginx('HUP');
eventually { join(' ', map { get("/t?k=$_")->{status} } qw(x y)) eq '200 403' } 'after';



=== TEST 37: a list that is not there
--- config
    wxapp_limit_deny none.txt key=x;
--- must_die
--- error_log
[emerg]
none.txt" failed (2: No such file or directory) in



=== TEST 38: a list without a key
--- config
    wxapp_limit_deny none.txt;
--- must_die
--- error_log
"wxapp_limit_deny" needs "key" in



=== TEST 39: in flight without max
--- config
    wxapp_limit_inflight f key=x other=1;
--- must_die
--- error_log
unknown parameter "other"



=== TEST 40: in flight, none
--- config
    wxapp_limit_inflight f max=0 key=x;
--- must_die
--- error_log
"max" must be between 1 and 65535 in



=== TEST 41: in flight twice by a name
--- config
    wxapp_limit_inflight f max=1 key=x;
    wxapp_limit_inflight f max=2 key=y;
--- must_die
--- error_log
duplicate limit "f" in



=== TEST 42: replies of any wrong shape to a question for a lease
--- fake
my @bad = (answer(0, 0, 7, 1), answer(0, 0, 7, 1, 1, 1), answer(1, 1, 7, 1, 1), answer(2, 1, 7, 1, 1), "*5\r\n:0\r\n:0\r\n:7\r\n:1\r\n+1\r\n");
return greeting($args) // ($args->[8] ? $bad[($args->[3] =~ /(\d)$/)[0]] : answer(0, 0, 7, 1))
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 lease=10 key=$arg_k;
--- drive
is join(' ', map { get("/t?k=$_")->{headers}{'x-limit'} } 0 .. 4), 'passed ' x 4 . 'passed', 'no lease';
is join(' ', map { get("/t?k=$_")->{headers}{'x-limit'} } 0 .. 4), 'bypassed ' x 4 . 'bypassed', 'wrong';



=== TEST 43: a lease of more than was asked for, or of less than none
--- fake
return greeting($args) // answer(0, 0, 7, 1, !$args->[8] ? () : $args->[3] =~ /more/ ? '9223372036854775807' : -5)
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 lease=2 key=$arg_k;
--- drive
is join(' ', map { get('/t?k=more')->{headers}{'x-limit'} } 1 .. 9), 'passed ' x 8 . 'passed', 'more';
is scalar(grep { $_->[3] =~ /more/ } asked()), 4, 'is what was asked for';
is join(' ', map { get('/t?k=less')->{headers}{'x-limit'} } 1 .. 9), 'passed ' x 8 . 'passed', 'less';
is scalar(grep { $_->[3] =~ /less/ } asked()), 9, 'is none';



=== TEST 44: wrong replies to a rule with a ban
--- fake
my @bad = (answer(0, 0, 7, 1), answer(3, 1, 7, 1, 7, 1), answer(0, 0, 7, 1, 7));
return greeting($args) // $bad[($args->[3] =~ /(\d)$/)[0]]
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=200 ban=3/1m/1m key=$arg_k;
--- drive
is join(' ', map { get("/t?k=$_")->{headers}{'x-limit'} } 0 .. 2), 'bypassed bypassed bypassed', 'words';



=== TEST 45: the largest and slowest bucket, here and there
--- private
--- redis
timeout command=3s;
--- rules
a rate=1r/d burst=1000000 cost=$arg_c on_error=local key=$arg_k;
--- drive
is get('/t?k=x&c=999999')->{status}, 200, 'nearly all of it';
is get('/t?k=x&c=2')->{status}, 429, 'and no more';
stop_private();
is get('/t?k=y&c=1000000')->{status}, 200, 'all of it';
my $r = get('/t?k=y&c=1');
is $r->{status}, 429, 'and no more';
like $r->{headers}{'retry-after'}, qr/^(?:86400|8639\d)$/, 'Retry-After';
