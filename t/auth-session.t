# wxapp_auth session: the guard of a location by a session, with and without Redis, beside limits and other guards,
# and wxapp_auth_dry_run. What is in the sessions themselves is in t/session.t.
#
# Sections of this file beside those of WXDrive:
#   redis      another server for wxapp_redis {}: away (nobody listens), stalled (never answers), frozen (answers
#              until the file $FLAG is there)
#   bare       Perl: the whole of http {}
# Every block has /login, and one line of log for each request: [$wxapp_auth_status][$wxapp_audit][$wxapp_audit_user]

use lib 't/lib';
use WXApp;
use WXDrive;

use File::Temp ();
use Test::More;

repeat_each(1);
no_long_string();
plan 'no_plan';

our $DIR = File::Temp->newdir('wxapp-session-XXXXXX', TMPDIR => 1);
chmod 0755, $DIR;
our $FLAG = "$DIR/flag";
our $PROXY;

my $PARENT = $$;
END { local $?; fault_stop($PROXY) if $PROXY && $$ == $PARENT }

our $ENDED = qr/"error":"invalid_token","code":"invalid_token","message":"the session has ended"/;
our $LOST  = qr/"status":503,"error":"session_unavailable","code":"session_unavailable",/;

add_block_preprocessor(sub {
    my ($block) = @_;

    our %sent = ();
    unlink $FLAG;
    if ($PROXY) {
        fault_stop($PROXY);
        $PROXY = undef;
    }

    my $redis = $block->redis // '';
    chomp $redis;
    my %o;
    if ($redis eq 'away') {
        $o{redis} = "wxapp_redis { server unix:$DIR/none; prefix " . redis_prefix() . "; }\n";
    } elsif ($redis) {
        $PROXY = fault_proxy(to => WXApp::env('WXAPP_REDIS_SOCKET'), flag => $FLAG,
            mode => $redis eq 'stalled' ? 'stall' : 'freeze');
        $o{redis} = wxapp_redis("timeout command=100ms;\n") =~ s/server\s+\S+;/server 127.0.0.1:$PROXY->{port};/r;
    }
    my $bare = $block->bare;
    $block->set_value(http_config => ($bare ? eval $bare : wxapp_http(%o, extra => "wxapp_session { ttl 1h; }\n")) . <<"C");
log_format audit "\$uri [\$wxapp_auth_status][\$wxapp_audit][\$wxapp_audit_user]";
C
    $block->set_value(config => "access_log logs/access.log audit;\n" . ($block->config // '') . wxapp_upstream()
        . "location = /login { wxapp_login; }\n");
});

sub login {
    my $r = post('/login', { code => fresh_code($_[0] // 'session-a') });
    is $r->{status}, 200, "$WXDrive::in: login" or diag $r->{body};
    our $UID = $r->{json}{user}{id};
    return $r->{json}{access_token};
}

our %sent;

sub as {
    my ($token, $path, $method) = @_;
    $sent{ $path =~ s/\?.*//r }++;
    return http($method // 'GET', $path, undef, headers => $token ? ["Authorization: Bearer $token"] : []);
}

sub end_all { redis_cmd('DEL', $_) for @{ redis_cmd('KEYS', redis_prefix() . 'session:*') }; return }

# the log of the last of the requests for this path
sub logged {
    my ($path) = @_;
    my @lines;
    wait_until {
        open my $in, '<', Test::Nginx::Util::server_root() . '/logs/access.log' or return 0;
        @lines = grep { s/^\Q$path\E // } <$in>;
        @lines >= ($sent{$path} // 1);
    };
    my $last = $lines[-1] // '';
    chomp $last;
    return $last;
}

sub auth { return status_of('auth') }
sub commands { return (status_of('redis') // {})->{commands} }

run_tests();

__DATA__

=== TEST 1: a session that is alive lets its token in, one that has ended does not
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
my $r = as($token, '/t');
is $r->{status}, 200, 'alive';
is logged('/t'), '[passed][-][-]', 'ordinary requests are no events';
end_all();
$r = as($token, '/t');
is $r->{status}, 403, 'ended';
like $r->{body}, $main::ENDED, 'and why';
is $r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token", error_description="the session has ended"', 'challenge';
is logged('/t'), "[rejected][auth_ended][$main::UID]", 'an event of that user';



=== TEST 2: a token without a session has none
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $before = commands();
my $r = as(make_token(sub => 7), '/t');
is $r->{status}, 403, 'refused';
like $r->{body}, $main::ENDED, 'as ended';
is commands() - $before, 0, 'Redis was not asked';



=== TEST 3: wxapp_auth_status invalid=401 holds for ended sessions
--- config
    location = /t { wxapp_auth session; wxapp_auth_status invalid=401; wxapp_ping; }
--- drive
my $r = as(make_token(sub => 7, sid => 'A' x 22), '/t');
is $r->{status}, 401, 'the number';
like $r->{body}, $main::ENDED, 'the rest as it is';



=== TEST 4: without a good token Redis is not asked
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $before = commands();
my $r = as(undef, '/t');
is $r->{status}, 401, 'no token';
is logged('/t'), '[rejected][auth_missing][-]', 'logged';
$r = as(make_token(-key => 'another key, quite as long as it has to be', sid => 'A' x 22), '/t');
is $r->{status}, 403, 'forged';
is logged('/t'), '[rejected][auth_invalid][-]', 'logged without the name it claims';
is as(make_token(-ttl => -100, sid => 'A' x 22), '/t')->{status}, 403, 'expired';
is commands() - $before, 0, 'no command';



=== TEST 5: what is required is required of a live session, too
--- config
    location = /t { wxapp_auth session; wxapp_require role=admin; wxapp_ping; }
--- drive
my $r = as(login(), '/t');
is $r->{status}, 403, 'refused';
is $r->{json}{code}, 'insufficient_scope', 'by its role';



=== TEST 6: an ended session is told before a role that lacks
--- config
    location = /t { wxapp_auth session; wxapp_require role=admin; wxapp_ping; }
--- drive
like as(make_token(sub => 7, sid => 'A' x 22), '/t')->{body}, $main::ENDED, 'ended';



=== TEST 7: methods: HEAD and OPTIONS are asked for their session
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
is as($token, '/t', 'HEAD')->{status}, 200, 'HEAD, alive';
is as($token, '/t', 'OPTIONS')->{status}, 405, 'OPTIONS, alive: by the content';
end_all();
my $r = as($token, '/t', 'HEAD');
is $r->{status}, 403, 'HEAD, ended';
is $r->{body}, '', 'no body';
is as($token, '/t', 'OPTIONS')->{status}, 403, 'OPTIONS, ended';



=== TEST 8: a POST with a body waits for the session, then has its body
--- config
    location = /t { wxapp_auth session; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { return 200 "length $content_length"; }
--- drive
my $token = login();
my $r = http('POST', '/t', 'x' x 100_000, headers => ["Authorization: Bearer $token"]);
is $r->{status}, 200, 'passed';
is $r->{body}, 'length 100000', 'whole';
end_all();
$r = http('POST', '/t', 'x' x 100_000, headers => ["Authorization: Bearer $token"]);
is $r->{status}, 403, 'refused';



=== TEST 9: the limit and the session leave in one write
--- config
    location = /t { wxapp_auth session; wxapp_limit a rate=100r/s burst=1000 key=$wxapp_uid; wxapp_ping; }
    location = /s { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
# a warm script, so that it is one command
is as($token, '/t')->{status}, 200, 'warm';
for (['/t', 2], ['/s', 1]) {
    my ($path, $n) = @$_;
    my $commands = commands();
    my $from = log_size();
    is as($token, $path)->{status}, 200, "$path: passed";
    my @sends = logs($from) =~ /(\bsend: fd:\d+ \d+ of \d+)/g;
    is scalar @sends, 1, "$path: one write" or diag "@sends";
    is commands() - $commands, $n, "$path: commands";
}



=== TEST 10: a request over the limit is told so, whatever its session
--- config
    location = /t { wxapp_auth session; wxapp_limit b rate=1r/d burst=1 key=$arg_k; wxapp_ping; }
--- drive
my $token = login();
redis_cmd('DEL', map { redis_prefix() . "limit:b:$_" } 'x', 'y');
is as($token, '/t?k=x')->{status}, 200, 'the first';
is as($token, '/t?k=x')->{status}, 429, 'the second';
end_all();
is as($token, '/t?k=x')->{status}, 429, 'the session is not told before';
is as($token, '/t?k=y')->{status}, 403, 'ended, within the limit';



=== TEST 11: Redis is away: denied unless told otherwise
--- redis: away
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $r = as(make_token(sub => 42, sid => 'A' x 22), '/t');
is $r->{status}, 503, 'status';
like $r->{body}, $main::LOST, 'code';
is $r->{headers}{'retry-after'}, 1, 'Retry-After';
ok !exists $r->{headers}{'www-authenticate'}, 'no challenge';
is logged('/t'), '[error][auth_error][42]', 'an event';
is auth()->{error}, 1, 'counted';



=== TEST 12: Redis is away: on_error=deny says the same
--- redis: away
--- config
    location = /t { wxapp_auth session on_error=deny; wxapp_ping; }
--- drive
is as(make_token(sub => 42, sid => 'A' x 22), '/t')->{status}, 503, 'denied';



=== TEST 13: Redis is away: on_error=allow lets good tokens in, and no others
--- redis: away
--- config
    location = /t { wxapp_auth session on_error=allow; wxapp_ping; }
--- drive
is as(make_token(sub => 42, sid => 'A' x 22), '/t')->{status}, 200, 'allowed';
is logged('/t'), '[bypassed][auth_bypassed][42]', 'an event';
like as(make_token(sub => 42), '/t')->{body}, $main::ENDED, 'without a session it is not';
is as(undef, '/t')->{status}, 401, 'nor without a token';
my $auth = auth();
is $auth->{bypassed}, 1, 'counted';
is $auth->{passed}, 0, 'and not as passed';



=== TEST 14: Redis is away: what is required is required all the same
--- redis: away
--- config
    location = /t { wxapp_auth session on_error=allow; wxapp_require role=admin; wxapp_ping; }
--- drive
is as(make_token(sid => 'A' x 22, role => 'user'), '/t')->{status}, 403, 'lacking';
is as(make_token(sid => 'A' x 22, role => 'admin'), '/t')->{status}, 200, 'allowed';



=== TEST 15: on_error goes with the mode where both inherit, and not beyond it
--- redis: away
--- config
    wxapp_auth session on_error=allow;
    location = /t { wxapp_ping; }
    location = /u { wxapp_auth session; wxapp_ping; }
--- drive
my $token = make_token(sid => 'A' x 22);
is as($token, '/t')->{status}, 200, 'inherited';
is as($token, '/u')->{status}, 503, 'stated anew';



=== TEST 16: on_error=allow does not open an ended session while Redis answers
--- config
    location = /t { wxapp_auth session on_error=allow; wxapp_ping; }
--- drive
like as(make_token(sub => 42, sid => 'A' x 22), '/t')->{body}, $main::ENDED, 'ended';



=== TEST 17: Redis does not answer: denied in time
--- redis: stalled
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $r = as(make_token(sub => 42, sid => 'A' x 22), '/t');
is $r->{status}, 503, 'status';
like $r->{body}, $main::LOST, 'code';



=== TEST 18: Redis stops to answer, and answers again
--- redis: frozen
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
is as($token, '/t')->{status}, 200, 'alive';
open my $flag, '>', $main::FLAG or die; close $flag;
is as($token, '/t')->{status}, 503, 'not known';
unlink $main::FLAG;
ok wait_until(sub { as($token, '/t')->{status} == 200 }), 'alive again';



=== TEST 19: a client that goes away while it waits leaves nothing behind
--- redis: frozen
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
open my $flag, '>', $main::FLAG or die; close $flag;
my @h = map { begin('GET', '/t', undef, headers => ["Authorization: Bearer $token"]) } 1 .. 5;
pause(0.02);
abandon($_) for @h;
pause(0.15);
unlink $main::FLAG;
ok wait_until(sub { as($token, '/t')->{status} == 200 }), 'the next one is served';



=== TEST 20: satisfy any: an address that is allowed needs no session
--- config
    location = /t { satisfy any; allow 127.0.0.1; deny all; wxapp_auth session; wxapp_ping; }
--- drive
my $r = as(make_token(sub => 42, sid => 'A' x 22), '/t');
is $r->{status}, 200, 'let in';
ok !exists $r->{headers}{'www-authenticate'}, 'no challenge';



=== TEST 21: satisfy any: a session lets in where the address does not
--- config
    location = /t { satisfy any; deny all; wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
is as($token, '/t')->{status}, 200, 'alive';
end_all();
my $r = as($token, '/t');
is $r->{status}, 403, 'ended';
is $r->{headers}{'www-authenticate'}, 'Bearer error="invalid_token", error_description="the session has ended"', 'challenge';



=== TEST 22: satisfy any beside auth_basic: neither lets in, both challenge
--- config
    location = /t { satisfy any; auth_basic shop; auth_basic_user_file ../html/users; wxapp_auth session; wxapp_ping; }
--- user_files
>>> users
u:{PLAIN}p
--- drive
my $r = as(make_token(sub => 42, sid => 'A' x 22), '/t');
is $r->{status}, 401, 'neither';
like $r->{headers}{'www-authenticate'}, qr/invalid_token/, 'ours is there';



=== TEST 23: satisfy any behind error_page tells our shape
--- config
    error_page 401 403 /problem;
    location = /problem { internal; wxapp_problem; }
    location = /t { satisfy any; deny all; wxapp_auth session; wxapp_ping; }
--- drive
my $r = as(make_token(sub => 42, sid => 'A' x 22), '/t');
is $r->{status}, 403, 'ended';
like $r->{body}, $main::ENDED, 'and why';
is logged('/problem'), '[rejected][auth_ended][42]', 'the log keeps how it ended';



=== TEST 24: an internal redirect into a location with a session asks once
--- config
    location = /t { wxapp_auth session; try_files /none /u; }
    location = /u { wxapp_auth session; wxapp_ping; }
    location = /open { try_files /none /u; }
--- drive
my $token = login();
my $before = commands();
is as($token, '/t')->{status}, 200, 'passed twice';
is commands() - $before, 1, 'asked once';
is as($token, '/open')->{status}, 200, 'from an open location';
end_all();
is as($token, '/open')->{status}, 403, 'and ended there';



=== TEST 25: error_page into a named location with a session
--- config
    location = /t { error_page 404 = @u; return 404; }
    location @u { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
is as($token, '/t')->{status}, 200, 'alive';
end_all();
is as($token, '/t')->{status}, 403, 'ended';



=== TEST 26: subrequests are not asked for a session themselves
--- config
    location = /t { auth_request /check; wxapp_ping; }
    location = /check { internal; wxapp_auth session; return 204; }
--- drive
my $before = commands();
is as(make_token(sid => 'A' x 22), '/t')->{status}, 200, 'passed';
is commands() - $before, 0, 'Redis was not asked';



=== TEST 27: auth_request and a session in one location: both must agree
--- config
    location = /t { auth_request /check; wxapp_auth session; wxapp_ping; }
    location = /no { auth_request /deny; wxapp_auth session; wxapp_ping; }
    location = /check { internal; return 204; }
    location = /deny { internal; return 403; }
--- drive
my $token = login();
is as($token, '/t')->{status}, 200, 'both';
is as($token, '/no')->{status}, 403, 'the other one not';
end_all();
is as($token, '/t')->{status}, 403, 'the session not';



=== TEST 28: many at once on one connection to Redis
--- config
    location = /t { wxapp_auth session; add_header X-Uid $wxapp_uid; wxapp_ping; }
--- drive
my @tokens = map { login("session-$_") } 1 .. 3;
my $gone = make_token(sub => 99, sid => 'A' x 22);
my @h = map { my $t = $_; map { begin('GET', '/t', undef, headers => ["Authorization: Bearer $t"]) } 1 .. 5 } @tokens, $gone;
is join(' ', map { finish($_)->{status} } @h), join(' ', (200) x 15, (403) x 5), 'each by its own session';



=== TEST 29: identity headers: only of a session that is known to be alive
--- config
    location = /t { wxapp_auth session; wxapp_identity_headers on; proxy_set_header X-Copy "$http_x_wx_openid"; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /any { satisfy any; allow 127.0.0.1; deny all; wxapp_auth session; wxapp_identity_headers on; proxy_set_header X-Copy "$http_x_wx_openid"; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /dry { wxapp_auth session; wxapp_auth_dry_run on; wxapp_identity_headers on; proxy_set_header X-Copy "$http_x_wx_openid"; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { return 200 "[$http_x_copy]"; }
--- drive
my $token = login();
my $openid = openid_of('session-a');
is as($token, '/t')->{body}, "[$openid]", 'alive';
is as($token, '/dry')->{body}, "[$openid]", 'alive, dry run';
is as($token, '/any')->{body}, '[]', 'let in by the address, before the answer';
end_all();
is as($token, '/any')->{body}, '[]', 'let in by the address, ended';
is as($token, '/dry')->{body}, '[]', 'ended, dry run';



=== TEST 30: identity headers: Redis is away
--- redis: away
--- config
    location = /t { wxapp_auth session on_error=allow; wxapp_identity_headers on; proxy_set_header X-Copy "$http_x_wx_openid"; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /dry { wxapp_auth session; wxapp_auth_dry_run on; wxapp_identity_headers on; proxy_set_header X-Copy "$http_x_wx_openid"; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/up; }
    location = /up { return 200 "[$http_x_copy]"; }
--- drive
my $token = make_token(openid => 'oX', sid => 'A' x 22);
is as($token, '/t')->{body}, '[oX]', 'allowed';
is as($token, '/dry')->{body}, '[]', 'would be denied';



=== TEST 31: dry run: what would be refused passes, and is told
--- config
    wxapp_auth_dry_run on;
    location = /on { wxapp_auth on; wxapp_ping; }
    location = /role { wxapp_auth on; wxapp_require role=admin; wxapp_ping; }
    location = /age { wxapp_auth on; wxapp_require login_age<1h; wxapp_ping; }
    location = /session { wxapp_auth session; wxapp_ping; }
--- drive
my $bad = make_token(-ttl => -100);
my $good = make_token(sub => 42, sid => 'A' x 22);
for (['/on', undef, '-'], ['/on', $bad, '-'], ['/role', $good, 42], ['/age', $good, 42], ['/session', $good, 42], ['/session', undef, '-']) {
    my ($path, $token, $uid) = @$_;
    my $r = as($token, $path);
    is $r->{status}, 200, "$path: passes";
    ok !exists $r->{headers}{'www-authenticate'}, "$path: no challenge";
    is logged($path), "[rejected_dry_run][auth_dry_run][$uid]", "$path: logged";
}
my $auth = auth();
is_deeply { map { $_ => $auth->{$_} } grep { $auth->{$_} } keys %$auth }, { dry_run => 6 }, 'counted';
is as(make_token(role => 'admin'), '/role')->{status}, 200, 'who has it';
is logged('/role'), '[passed][-][-]', 'just passes';
like scalar(logs(0)), qr/\[info\].* access would be refused: the token lacks what is required,/, 'why is in the log';



=== TEST 32: dry run: Redis is away
--- redis: away
--- config
    location = /t { wxapp_auth session; wxapp_auth_dry_run on; wxapp_ping; }
--- drive
is as(make_token(sub => 42, sid => 'A' x 22), '/t')->{status}, 200, 'passes';
is logged('/t'), '[rejected_dry_run][auth_dry_run][42]', 'logged';



=== TEST 33: dry run lets nobody in where another guard would not
--- config
    location = /any { satisfy any; deny all; wxapp_auth on; wxapp_auth_dry_run on; wxapp_ping; }
    location = /all { deny all; wxapp_auth on; wxapp_auth_dry_run on; wxapp_ping; }
--- drive
is as(undef, '/any')->{status}, 403, 'satisfy any';
is as(undef, '/all')->{status}, 403, 'satisfy all';
is as(make_token(), '/any')->{status}, 200, 'a good token is still a way in';



=== TEST 34: dry run is taken back further in
--- config
    wxapp_auth_dry_run on;
    location = /t { wxapp_auth on; wxapp_auth_dry_run off; wxapp_ping; }
    location = /u { wxapp_auth on; wxapp_ping; }
--- drive
is as(undef, '/t')->{status}, 401, 'off';
is as(undef, '/u')->{status}, 200, 'inherited';



=== TEST 35: the status: where there is no auth there is none
--- config
    location = /t { wxapp_ping; }
    location = /optional { wxapp_auth optional; wxapp_ping; }
--- drive
as(make_token(), '/t');
is logged('/t'), '[-][-][-]', 'no auth';
as(undef, '/optional');
is logged('/optional'), '[passed][-][-]', 'optional';



=== TEST 36: the status outlives an error page
--- config
    location = /t { wxapp_auth on; error_page 404 /u; root nowhere; }
    location = /u { wxapp_ping; }
--- drive
is as(make_token(), '/t')->{status}, 404, 'not found';
is logged('/u'), '[passed][-][-]', 'it had passed';



=== TEST 37: configuration: a mode that is near to one
--- config
    location = /t { wxapp_auth sesion; wxapp_ping; }
--- must_die
--- error_log
[emerg]
unknown mode "sesion", did you mean "session"?
nginx.conf:



=== TEST 38: configuration: on_error without session
--- config
    location = /t { wxapp_auth on on_error=deny; wxapp_ping; }
--- must_die
--- error_log
[emerg]
"on_error=deny" goes with "session" only
nginx.conf:



=== TEST 39: configuration: on_error with another word
--- config
    location = /t { wxapp_auth session on_error=pass; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid value "on_error=pass", it must be "on_error=deny" or "on_error=allow"
nginx.conf:



=== TEST 40: configuration: another parameter
--- config
    location = /t { wxapp_auth session onerror=deny; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid value "onerror=deny", it must be "on_error=deny" or "on_error=allow"
nginx.conf:



=== TEST 41: configuration: wxapp_auth twice
--- config
    location = /t { wxapp_auth session; wxapp_auth on; wxapp_ping; }
--- must_die
--- error_log
[emerg]
"wxapp_auth" directive is duplicate
nginx.conf:



=== TEST 42: configuration: wxapp_auth_dry_run with another word
--- config
    location = /t { wxapp_auth_dry_run yes; wxapp_ping; }
--- must_die
--- error_log
[emerg]
invalid value "yes" in "wxapp_auth_dry_run" directive
nginx.conf:



=== TEST 43: configuration: without sessions
--- bare: wxapp_http()
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- must_die
--- error_log
[emerg]
"wxapp_auth session" needs "wxapp_session" in
nginx.conf:



=== TEST 44: configuration: refresh tokens make sessions, too
--- bare: wxapp_http('token+' => 'refresh 30d;')
--- config
    location = /t { wxapp_auth session; wxapp_ping; }
--- drive
my $token = login();
is as($token, '/t')->{status}, 200, 'alive';
end_all();
is as($token, '/t')->{status}, 403, 'ended';



=== TEST 45: a client that goes away is noticed when its limit was answered before its session
--- redis: frozen
--- bare: wxapp_http(redis => wxapp_redis("timeout command=3s;\nqueue 1;\n") =~ s/server\s+\S+;/server 127.0.0.1:$PROXY->{port};/r, extra => "wxapp_session { ttl 1h; }\n")
--- config
    location = /t { wxapp_auth session; wxapp_limit a rate=100r/s burst=1000 key=$wxapp_uid; wxapp_ping; }
--- drive
my $token = login();
open my $flag, '>', $main::FLAG or die; close $flag;
my $h = begin('GET', '/t', undef, headers => ["Authorization: Bearer $token"]);
pause(0.1);
abandon($h);
my $from = Time::HiRes::time();
is logged('/t'), '[-][-][-]', 'over';
cmp_ok Time::HiRes::time() - $from, '<', 1, 'at once';
unlink $main::FLAG;
