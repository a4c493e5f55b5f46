# Reloads with a master and workers: what survives, what changes, what a bad configuration does.

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

# changes the configuration file
sub edit {
    my ($from, $to) = @_;
    my $file = $Test::Nginx::Util::ConfFile;
    my $text = WXApp::slurp($file);
    my $n = ref $from ? $text =~ s/$from/$to/ : $text =~ s/\Q$from\E/$to/;
    ok $n, 'the configuration has what is changed';
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
}

# a file beside it, for nobody else to read
sub conf_file {
    my ($name, $text) = @_;
    my $file = "$Test::Nginx::Util::ConfDir/$name";
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
    chmod 0600, $file;
}

# HUP, and the new workers are there; with "keep" the old ones may live on
sub reload {
    my (%o) = @_;
    my %old = map { $_ => 1 } worker_pids();
    my $n = $o{workers} // keys %old;
    signal_nginx('HUP');
    return wait_until {
        my @now = worker_pids();
        my @new = grep { !$old{$_} } @now;
        @new >= $n && ($o{keep} || @new == @now)
    };
}

sub ready {
    my ($workers, $idle) = @_;
    return wait_until {
        my $s = status_of();
        ($s->{workers} // 0) == $workers && $s->{mysql}{idle} == $idle && $s->{redis}{up} == $workers
    };
}

# a failed reload has said so, behind the byte
sub refused {
    my ($from, $pattern) = @_;
    return wait_until { logs($from, $Test::Nginx::Util::ErrLogFile) =~ $pattern };
}

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: counters survive a reload
--- workers: 2
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a') for 1 .. 9;
is status_of('auth')->{missing}, 9, 'before';
ok reload(), 'reloaded';
is status_of('auth')->{missing}, 9, 'after';
get('/a') for 1 .. 3;
is status_of('auth')->{missing}, 12, 'and they go on';



=== TEST 2: counters survive many reloads, gauges are those of the workers alive
--- workers: 2
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=2 max=4;')
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
ok ready(2, 4), 'ready';
for my $n (1 .. 5) {
    get('/a');
    ok reload(), "reloaded, $n";
}
ok ready(2, 4), 'ready again';
my $s = status_of();
is $s->{auth}{missing}, 5, 'counters';
is $s->{workers}, 2, 'workers';
is $s->{mysql}{up}, 4, 'connections of MySQL';
is $s->{redis}{up}, 2, 'connections of Redis';
cmp_ok $s->{mysql}{connects}, '>=', 8, 'connects of all that ever were';
my $user = WXApp::env('WXAPP_MYSQL_USER');
ok wait_until {
    mysql_value('SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND user = ?', $user) == 4
}, 'the server has those connections only';



=== TEST 3: a login that is under way is answered by the old worker
--- workers: 2
--- config eval
'location = /login { wxapp_login; }' . main::wxapp_upstream()
--- drive
wait_until { my $s = status_of(); $s->{mysql}{idle} >= 2 && $s->{redis}{up} == 2 } or fail 'services';
sim('/_sim/next', { mode => 'slow', ms => 700 });
my $code = fresh_code('reload');
my $h = begin('POST', '/login', qq({"code":"$code"}));
ok wait_until { sim_calls(code => $code) == 1 }, 'WeChat is asked';
ok reload(keep => 1), 'reloaded';
my $r = finish($h);
is $r->{status}, 200, 'answered';
ok $r->{json}{access_token}, 'with a token';
ok wait_until { worker_pids() == 2 }, 'then the old worker goes';
is status_of('login')->{ok}, 1, 'counted';



=== TEST 4: the same code at the old and at the new workers goes to WeChat once
--- workers: 2
--- config eval
'location = /login { wxapp_login; }' . main::wxapp_upstream()
--- drive
wait_until { my $s = status_of(); $s->{mysql}{idle} >= 2 && $s->{redis}{up} == 2 } or fail 'services';
sim('/_sim/next', { mode => 'slow', ms => 1200 });
my $code = fresh_code('twice');
my $one = begin('POST', '/login', qq({"code":"$code"}));
ok wait_until { sim_calls(code => $code) == 1 }, 'WeChat is asked';
ok reload(keep => 1), 'reloaded';
wait_until { my $s = status_of(); $s->{workers} == 3 && $s->{mysql}{idle} >= 2 };
my $two = begin('POST', '/login', qq({"code":"$code"}));
my ($r, $s) = (finish($one), finish($two));
is $r->{status}, 200, 'answered by the old worker';
is $s->{status}, 200, 'answered by a new one';
is $r->{json}{user}{id}, $s->{json}{user}{id}, 'the same user';
is scalar(sim_calls(code => $code)), 1, 'one call';



=== TEST 5: a query that is under way is answered by the old worker
--- workers: 1
--- config
    location /p { wxapp_resource products { column id bigint; column stock int write; allow GET PUT; } }
--- drive
wait_until { status_of('mysql')->{idle} } or fail 'mysql';
WXApp::mysql()->do('START TRANSACTION');
WXApp::mysql()->do('SELECT * FROM products WHERE id = 2 FOR UPDATE');
my $h = begin('PUT', '/p/2', '{"stock":77}');
ok wait_until { status_of('mysql')->{busy} == 1 }, 'it waits';
ok reload(keep => 1), 'reloaded';
WXApp::mysql()->do('ROLLBACK');
my $r = finish($h);
is $r->{status}, 200, 'answered';
is $r->{json}{stock}, 77, 'with the new value';
ok wait_until { worker_pids() == 1 }, 'then the old worker goes';
is status_of('mysql')->{busy}, 0, 'nothing is busy';



=== TEST 6: requests without a pause through ten reloads all succeed
--- workers: 2
--- config
    location = /a { wxapp_limit a rate=100000r/s burst=100000 key=x; wxapp_ping; }
    location /p { wxapp_resource products { column id bigint; column name string; allow GET; } }
--- drive
wait_until { my $s = status_of(); $s->{mysql}{idle} >= 2 && $s->{redis}{up} == 2 } or fail 'services';
my (%status, $done);
for (1 .. 10) {
    my %old = map { $_ => 1 } worker_pids();
    signal_nginx('HUP');
    for (1 .. 1000) {
        $status{ get($_ % 2 ? '/a' : '/p/1')->{status} }++;
        my @now = worker_pids();
        last if $done = @now == 2 && !grep { $old{$_} } @now;
    }
    last if !$done;
}
ok $done, 'all reloads came to their end';
is_deeply [keys %status], [200], 'nothing but 200';



=== TEST 7: an idle connection ends, the next one is of a new worker
--- workers: 2
--- config
    location = /pid { return 200 $pid; }
--- drive
my $socket = connection();
my $was = get('/pid', socket => $socket)->{body};
ok reload(), 'reloaded';
is get('/pid', socket => $socket)->{status}, 0, 'the old connection is closed';
isnt get('/pid')->{body}, $was, 'another worker';



=== TEST 8: the new configuration holds: a location, a pool, the number of workers
--- workers: 2
--- http_config eval
main::wxapp_http('mysql+' => 'pool min=1 max=4;')
--- config
    location = /ping { return 404; }
--- drive
ok ready(2, 2), 'ready';
is get('/ping')->{status}, 404, 'before';
edit('location = /ping { return 404; }', 'location = /ping { wxapp_ping; }');
edit('pool min=1', 'pool min=3');
edit(qr/worker_processes\s+2/, 'worker_processes 3');
ok reload(workers => 3), 'reloaded';
is get('/ping')->{body}, '{"message":"pong"}', 'after';
ok ready(3, 9), 'three workers with three connections each';



=== TEST 9: a key that is replaced: tokens of the old one are refused, of both while both are there
--- workers: 1
--- http_config eval
main::wxapp_http(redis => undef, token => 'wxapp_token { key 2026-11 HS256 ' . WXApp::env('WXAPP_JWT_KEY_FILE') . "; }\n")
--- post_setup_server_root
main::conf_file('new.key', 'n' x 32)
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
my $old = make_token();
my $new = make_token(-kid => 'new', -key => 'n' x 32);
my $ask = sub { CORE::join ' ', map { get('/a', headers => ["Authorization: Bearer $_"])->{status} } $old, $new };
is $ask->(), '200 403', 'the old key';
edit('key 2026-11', 'key new HS256 new.key; key 2026-11');
ok reload(), 'reloaded';
is $ask->(), '200 200', 'both keys';
edit(qr/key 2026-11 HS256 \S+;/, '');
ok reload(), 'reloaded';
is $ask->(), '403 200', 'the new key';



=== TEST 10: a key file that has changed is read again
--- workers: 1
--- http_config eval
main::wxapp_http(redis => undef, token => "wxapp_token { key 1 HS256 one.key; }\n")
--- post_setup_server_root
main::conf_file('one.key', 'm' x 32)
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
my $ask = sub { CORE::join ' ', map { get('/a', headers => ["Authorization: Bearer $_"])->{status} }
    map { make_token(-kid => '1', -key => $_ x 32) } 'm', 'n' };
is $ask->(), '200 403', 'before';
conf_file('one.key', 'n' x 32);
is $ask->(), '200 403', 'not by itself';
ok reload(), 'reloaded';
is $ask->(), '403 200', 'after';



=== TEST 11: a configuration that is wrong keeps the old one, its workers and its counters
--- workers: 2
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a') for 1 .. 4;
my @was = worker_pids();
my $from = log_size();
edit('wxapp_auth on;', 'wxapp_auth yes;');
signal_nginx('HUP');
ok refused($from, qr{\[emerg\] .*unknown mode "yes" in \S+nginx.conf:\d+}), 'it is said';
is_deeply [worker_pids()], \@was, 'the same workers';
is get('/a')->{status}, 401, 'they go on';
is status_of('auth')->{missing}, 5, 'and count on';
edit('wxapp_auth yes;', 'wxapp_auth off;');
ok reload(), 'reloaded';
is get('/a')->{status}, 200, 'the next good one holds';
is status_of('auth')->{missing}, 5, 'with the counters';
--- error_log
[emerg]



=== TEST 12: a secret file that is gone keeps the old configuration
--- workers: 1
--- http_config eval
main::wxapp_http(app => "wxapp_app { appid wx1; secret_file app.secret; }\n")
--- post_setup_server_root
main::conf_file('app.secret', 'abc')
--- config
    location = /ping { wxapp_ping; }
--- drive
my @was = worker_pids();
my $from = log_size();
unlink "$Test::Nginx::Util::ConfDir/app.secret" or fail 'unlink';
signal_nginx('HUP');
ok refused($from, qr{\[emerg\] .*open\(\) "\S+/app\.secret" failed \(2: No such file or directory\) in \S+nginx.conf:\d+}), 'it is said';
is_deeply [worker_pids()], \@was, 'the same worker';
is get('/ping')->{status}, 200, 'it goes on';
--- error_log
[emerg]



=== TEST 13: what is missing keeps the old configuration
--- workers: 1
--- config
    location = /login { wxapp_login; }
    location = /ping { wxapp_ping; }
--- drive
my @was = worker_pids();
my $from = log_size();
edit(qr/wxapp_token \{[^}]*\}/, '');
signal_nginx('HUP');
ok refused($from, qr{\[emerg\] .*"wxapp_login" needs "wxapp_token" in \S+nginx.conf:\d+}), 'it is said';
is_deeply [worker_pids()], \@was, 'the same worker';
is get('/ping')->{status}, 200, 'it goes on';
wait_until { my $s = status_of(); $s->{mysql}{idle} && $s->{redis}{up} } or fail 'services';
is post('/login', { code => 'unknown' . time })->{status}, 401, 'login too';
--- error_log
[emerg]



=== TEST 14: a zone of another size begins anew
--- workers: 1
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a') for 1 .. 4;
is status_of('auth')->{missing}, 4, 'before';
edit('wxapp_zone wxapp:2m', 'wxapp_zone wxapp:4m');
ok reload(), 'reloaded';
is status_of('auth')->{missing}, 0, 'after';
get('/a');
is status_of('auth')->{missing}, 1, 'and it counts';
is status_of()->{workers}, 1, 'one worker';



=== TEST 15: a zone of another name begins anew
--- workers: 1
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a') for 1 .. 4;
edit('wxapp_zone wxapp:2m', 'wxapp_zone other:2m');
ok reload(), 'reloaded';
is status_of('auth')->{missing}, 0, 'after';
is status_of()->{workers}, 1, 'one worker';



=== TEST 16: a zone whose name another module takes over
--- workers: 1
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a') for 1 .. 4;
edit('wxapp_zone wxapp:2m;', 'wxapp_zone new:2m; limit_req_zone $remote_addr zone=wxapp:2m rate=1r/s;');
ok reload(), 'reloaded';
is status_of('auth')->{missing}, 0, 'ours begins anew';
is get('/a')->{status}, 401, 'it answers';
edit('wxapp_zone new:2m; limit_req_zone $remote_addr zone=wxapp:2m rate=1r/s;', 'wxapp_zone wxapp:2m;');
ok reload(), 'reloaded';
is get('/a')->{status}, 401, 'and back';
is status_of('auth')->{missing}, 1, 'it counts';



=== TEST 17: out of use and back again
--- workers: 2
--- http_config
    # begin
    wxapp_zone wxapp:2m;
    # end
--- config
    location = /ping { wxapp_ping; }
    location = /plain { return 200 plain; }
--- drive
is get('/plain')->{headers}{'x-request-id'} ? 1 : 0, 1, 'in use';
my $conf = WXApp::slurp($Test::Nginx::Util::ConfFile);
edit(qr/# begin.*?# end/s, '');
edit('location = /ping { wxapp_ping; }', '');
edit('location = /status { wxapp_status; }', '');
ok reload(), 'reloaded without it';
my $r = get('/plain');
is $r->{body}, 'plain', 'nginx goes on';
ok !$r->{headers}{'x-request-id'}, 'as if it were not there';
conf_file('nginx.conf', $conf);
ok reload(), 'reloaded with it';
is get('/ping')->{status}, 200, 'in use again';
is status_of()->{workers}, 2, 'two workers';



=== TEST 18: buckets are in Redis and stay as they are
--- workers: 2
--- config
    location = /a { wxapp_limit a rate=1r/h burst=2 key=$arg_k; wxapp_ping; }
--- drive
wait_until { status_of('redis')->{up} == 2 } or fail 'redis';
is get("/a?k=18.$$")->{status}, $_, "status $_" for 200, 200, 429;
ok reload(), 'reloaded';
wait_until { status_of('redis')->{up} == 2 } or fail 'redis';
is get("/a?k=18.$$")->{status}, 429, 'no new bucket';



=== TEST 19: QUIT answers what is under way and then ends
--- workers: 2
--- config eval
'location = /login { wxapp_login; }' . main::wxapp_upstream()
--- drive
wait_until { my $s = status_of(); $s->{mysql}{idle} >= 2 && $s->{redis}{up} == 2 } or fail 'services';
sim('/_sim/next', { mode => 'slow', ms => 500 });
my $code = fresh_code('quit');
my $h = begin('POST', '/login', qq({"code":"$code"}));
ok wait_until { sim_calls(code => $code) == 1 }, 'WeChat is asked';
my $master = master_pid();
signal_nginx('QUIT');
is finish($h)->{status}, 200, 'answered';
ok wait_until { !kill 0 => $master }, 'nginx is gone';
ok wait_until {
    !mysql_value('SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND user = ?',
        WXApp::env('WXAPP_MYSQL_USER'))
}, 'and so are its connections';



=== TEST 20: USR1 opens the logs again and changes nothing else
--- workers: 1
--- config
    location = /a { wxapp_auth on; wxapp_ping; }
--- drive
get('/a');
my @was = worker_pids();
signal_nginx('USR1');
pause(0.05);
get('/a');
is_deeply [worker_pids()], \@was, 'the same worker';
is status_of('auth')->{missing}, 2, 'and its counters';
