# The pool of MySQL connections on a real MariaDB, which these blocks stop, kill, lock and misconfigure: this file
# starts its own, with t/lib's help a proxy with faults before it.

BEGIN {
    use Cwd ();
    use File::Basename ();
    use File::Temp ();

    our $services = File::Temp::tempdir(TMPDIR => 1);
    our $tools    = File::Basename::dirname(Cwd::realpath(__FILE__)) . '/../tools';
    our $owner    = $$;
    chmod 0755, $services;
    $SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);
    system("$tools/services", 'start', $services) == 0 or die "tools/services failed\n";
    open my $env, '<', "$services/env" or die "$services/env: $!\n";
    /^export (\w+)='(.*)'$/ and $ENV{$1} = $2 while <$env>;
}

END {
    our ($services, $tools, $owner);
    if ($$ == $owner) {
        local $?;
        kill CONT => mysql_pid() if defined &mysql_pid;
        system("$tools/services", 'stop', $services);
        system('rm', '-rf', $services);
    }
}

use lib 't/lib';
use WXApp;
use WXDrive;
use DBI;

repeat_each(1);
no_long_string();
plan 'no_plan';

my $ITEMS = <<'C';
    location /items {
        wxapp_resource items {
            column id   bigint;
            column name string write;
            column n    int write;
            column data text write;
            column at   datetime;
            order  id n name;
            page   default=20 max=100;
            allow  GET POST PUT DELETE;
        }
    }
C

# --- mysql: more lines for wxapp_mysql {}; --- server: another primary; --- user, --- password, --- database, too
add_block_preprocessor(sub {
    my ($block) = @_;
    if (!defined $block->http_config) {
        my $text = wxapp_http(app => undef, token => undef, redis => undef, 'mysql+' => $block->mysql // 'pool min=1 max=4;');
        for my $set (['server', 'primary'], ['user', 'user'], ['database', 'database'], ['password', 'password_file']) {
            my ($section, $directive) = @$set;
            my $value = $block->can($section) ? $block->$section : undef;
            $text =~ s/\b$directive(\s+)\S+;/$directive$1$value;/ if defined $value;
        }
        $block->set_value(http_config => $text);
    }
    my $config = $block->config // '';
    $block->set_value(config => "$config$ITEMS") if $config !~ /wxapp_resource items/;
    prepare();
});

sub items_sql {
    return 'CREATE TABLE items (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL DEFAULT "",'
        . ' n INT NULL, data TEXT NULL, at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, UNIQUE KEY (n))'
        . ' ENGINE = InnoDB DEFAULT CHARSET = utf8mb4';
}

# the table as every block finds it, and no setting of the block before
sub prepare {
    if (system("$main::tools/services status $main::services >/dev/null 2>&1") != 0) {
        services('restart', 'mysql') or die "mysql does not start\n";
    }
    our %changed;
    for my $name (keys %changed) {
        mysql_query("SET GLOBAL $name = " . literal($changed{$name}));
    }
    %changed = ();
    mysql_query('DROP TABLE IF EXISTS items');
    mysql_query(items_sql());
    mysql_query('INSERT INTO items (id, name, n) VALUES ' . join ',', map { "($_, 'item $_', $_)" } 1 .. 9);
    return;
}

sub literal { my ($value) = @_; return $value =~ /^-?\d+\z/ ? $value : "'$value'" }

sub set_global {
    my ($name, $value) = @_;
    our %changed;
    $changed{$name} //= mysql_value("SELECT \@\@GLOBAL.$name");
    mysql_query("SET GLOBAL $name = " . literal($value));
    return;
}

# another session of the admin's
sub admin {
    return DBI->connect("DBI:MariaDB:database=" . database() . ";mariadb_socket=$ENV{WXAPP_MYSQL_SOCKET}",
                        $ENV{WXAPP_MYSQL_ADMIN}, undef, { RaiseError => 1, PrintError => 0 });
}

# no statement of the service gets past it before unlock()
sub lock_items { my $db = admin(); $db->do('LOCK TABLES items WRITE'); return $db }
sub unlock     { my ($db) = @_; $db->do('UNLOCK TABLES'); $db->disconnect; return }

# the service's sessions: rows of the process list
sub sessions {
    return grep { $_->{User} eq $ENV{WXAPP_MYSQL_USER} } mysql_query('SHOW FULL PROCESSLIST');
}

sub session_ids { return map { $_->{Id} } sort { $a->{Id} <=> $b->{Id} } sessions() }

# the service's sessions that wait for a lock
sub stuck { return grep { ($_->{State} // '') =~ /lock/i && defined $_->{Info} } sessions() }

sub mysql_pid {
    open my $fh, '<', "$main::services/run/mysql.pid" or return 0;
    chomp(my $pid = <$fh> // 0);
    return $pid;
}

sub at_rest {
    my ($up) = @_;
    return wait_until {
        my $m = status_of('mysql');
        $m->{busy} == 0 && $m->{waiting} == 0 && $m->{connecting} == 0 && (!defined $up || $m->{up} == $up) && $m;
    };
}

sub is_problem {
    my ($reply, $status, $word) = @_;
    is $reply->{status}, $status, "$WXDrive::in: status $status";
    is $reply->{json}{code}, $word, "$WXDrive::in: $word";
    is $reply->{headers}{'content-type'}, 'application/problem+json', "$WXDrive::in: problem";
    like $reply->{headers}{'retry-after'} // '', qr/^[1-9]\d*$/, "$WXDrive::in: Retry-After" if $status >= 502;
    unlike $reply->{body}, qr/items|SELECT|INSERT|wxapp_|sock/, "$WXDrive::in: tells nothing of the database";
    return;
}

sub is_item {
    my ($reply, $id, $what) = @_;
    $what //= $WXDrive::in;
    is $reply->{status}, 200, "$what: item";
    is $reply->{json}{id}, $id, "$what: its id";
    is $reply->{json}{name}, "item $id", "$what: its name";
    return;
}

sub error_lines { my ($pattern) = @_; return grep { /\[error\]/ && /$pattern/ } split /\n/, logs() }

run_tests();

__DATA__

=== TEST 1: over the unix socket
--- drive
is_item(get('/items/1'), 1);
like +(sessions())[0]{Host}, qr/^localhost$/, 'a socket';



=== TEST 2: over TCP
--- server eval: "127.0.0.1:$ENV{WXAPP_MYSQL_PORT}"
--- drive
is_item(get('/items/1'), 1);
like +(sessions())[0]{Host}, qr/^127\.0\.0\.1:\d+$/, 'TCP';



=== TEST 3: localhost with a port is a host name, not the socket of the library
--- server eval: "localhost:$ENV{WXAPP_MYSQL_PORT}"
--- drive
is_item(get('/items/1'), 1);
like +(sessions())[0]{Host}, qr/^127\.0\.0\.1:\d+$/, 'TCP';



=== TEST 4: a wrong password: 503, one error line, however often it is tried
--- password eval: $ENV{WXAPP_JWT_KEY_FILE}
--- drive
ok wait_until { error_lines('cannot connect') }, 'tried';
is_problem(get('/items/1'), 503, 'database_unavailable') for 1 .. 3;
ok wait_until { status_of('mysql')->{failures} >= 3 }, 'tried again';
is scalar(error_lines('cannot connect: 1045')), 1, 'one line';
ok index(logs(), jwt_key()) < 0, 'without the password';
is status_of('mysql')->{up}, 0, 'none is up';



=== TEST 5: an unknown database: 503, one error line
--- database: wxapp_nosuch
--- drive
ok wait_until { error_lines('cannot connect') }, 'tried';
is_problem(get('/items/1'), 503, 'database_unavailable');
ok wait_until { status_of('mysql')->{failures} >= 2 }, 'tried again';
is scalar(error_lines('cannot connect: 10(44|49)')), 1, 'one line';



=== TEST 6: an unknown user: 503
--- user: nosuchuser
--- drive
ok wait_until { error_lines('cannot connect: 1045|cannot connect: 1698') }, 'tried';
is_problem(get('/items/1'), 503, 'database_unavailable');



=== TEST 7: no server at the socket: 503, one error line
--- server: unix:/nonexistent/mysql.sock
--- drive
ok wait_until { error_lines('cannot connect: 2002') }, 'tried';
is_problem(get('/items/1'), 503, 'database_unavailable');
is_problem(post('/items', '{"name":"x"}'), 503, 'database_unavailable');
ok wait_until { status_of('mysql')->{failures} >= 3 }, 'tried again';
is scalar(error_lines('cannot connect')), 1, 'one line';
cmp_ok status_of('mysql')->{refused}, '>=', 2, 'counted';



=== TEST 8: no server at the port: 503
--- server: 127.0.0.1:1
--- drive
ok wait_until { error_lines('cannot connect: 200') }, 'tried';
is_problem(get('/items/1'), 503, 'database_unavailable');



=== TEST 9: a host name that nobody knows: 503, and the worker goes on
--- server: nosuchhost.invalid:3306
--- mysql: pool min=1 max=2; wait timeout=500ms;
--- drive
my $reply = get('/ready');
is $reply->{status}, 200, 'not blocked';
cmp_ok $reply->{took}, '<', 0.5, 'at once';
is_problem(get('/items/1'), 503, get('/items/1')->{json}{code});



=== TEST 10: a server that comes back is used again, and it says so once
--- user: wxapp_late
--- drive
ok wait_until { error_lines('cannot connect') }, 'refused';
my ($hash) = mysql_value(q{SELECT authentication_string FROM mysql.user WHERE user = 'wxapp' LIMIT 1});
mysql_query("CREATE USER wxapp_late\@localhost IDENTIFIED BY PASSWORD '$hash'");
mysql_query('GRANT ALL ON ' . database() . '.* TO wxapp_late@localhost');
ok wait_until { get('/items/1')->{status} == 200 }, 'back by itself';
is scalar(() = logs() =~ /\[notice\][^\n]*mysql [^\n]* is back/g), 1, 'noted once';
mysql_query('DROP USER wxapp_late@localhost');



=== TEST 11: a server that accepts and says nothing: 503 after the connect timeout, nothing blocks meanwhile
--- server eval
our $stall = WXDrive::fault_proxy(mode => 'stall');
"127.0.0.1:$stall->{port}"
--- mysql: pool min=1 max=2; timeout connect=1s; wait timeout=10s;
--- drive
my $h = begin('GET', '/items/1');
my $worst = 0;
for (1 .. 5) { my $r = get('/ready'); $worst = $r->{took} if $r->{took} > $worst }
cmp_ok $worst, '<', 0.5, 'others are answered at once';
my $reply = finish($h);
is_problem($reply, 503, 'database_unavailable');
cmp_ok $reply->{took}, '<', 4, 'bounded';



=== TEST 12: min connections are opened at start
--- mysql: pool min=3 max=5;
--- drive
my $m = at_rest(3);
ok $m, 'three';
is_deeply [@$m{qw(up idle busy connecting waiting)}], [3, 3, 0, 0, 0], 'gauges';
is $m->{connects}, 3, 'counted';
is scalar(sessions()), 3, 'the server sees three';



=== TEST 13: min=0 opens none until one is wanted
--- mysql: pool min=0 max=2;
--- drive
pause(0.2);
is status_of('mysql')->{up}, 0, 'none';
is scalar(sessions()), 0, 'none at the server';
is_item(get('/items/1'), 1);
is status_of('mysql')->{up}, 1, 'one';



=== TEST 14: each worker has its own
--- workers: 2
--- mysql: pool min=2 max=2;
--- drive
my $m = at_rest(4);
ok $m, 'four';
is scalar(sessions()), 4, 'the server sees four';



=== TEST 15: the pool grows to max and not beyond
--- mysql: pool min=1 max=3;
--- drive
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 6;
my $m = wait_until { my $m = status_of('mysql'); $m->{busy} == 3 && $m->{waiting} == 3 && $m };
ok $m, 'three work, three wait';
is scalar(sessions()), 3, 'the server sees three';
unlock($db);
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 6;
$m = at_rest();
is $m->{idle}, 3, 'at rest';
is $m->{queries}, 6, 'counted';



=== TEST 16: what is above min is closed when it was idle long enough
--- mysql: pool min=1 max=3 idle=1s;
--- drive
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 3;
ok wait_until { status_of('mysql')->{busy} == 3 }, 'three';
unlock($db);
finish($_) for @h;
ok at_rest(1), 'one again';
is scalar(sessions()), 1, 'the server sees one';
is_item(get('/items/2'), 2);



=== TEST 17: a single connection serves many in turn, each its own
--- mysql: pool min=1 max=1;
--- drive
my @h = map { begin('GET', '/items/' . (1 + $_ % 9)) } 1 .. 40;
my @wrong = grep { my $r = finish($h[$_ - 1]); ($r->{json}{id} // 0) != 1 + $_ % 9 } 1 .. 40;
is "@wrong", '', 'all right';
is scalar(sessions()), 1, 'one connection';
is status_of('mysql')->{connects}, 1, 'and never another';



=== TEST 18: without a line the next one gets 503 at once
--- mysql: pool min=1 max=1; wait queue=0;
--- drive
at_rest(1);
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'busy';
my $reply = get('/items/2');
is_problem($reply, 503, 'overloaded');
cmp_ok $reply->{took}, '<', 1, 'at once';
unlock($db);
is_item(finish($h), 1);



=== TEST 19: a full line: 503 at once, and those in it are served
--- mysql: pool min=1 max=1; wait queue=2 timeout=10s;
--- drive
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 3;
ok wait_until { status_of('mysql')->{waiting} == 2 }, 'full';
my $reply = get('/items/4');
is_problem($reply, 503, 'overloaded');
cmp_ok $reply->{took}, '<', 1, 'at once';
is status_of('mysql')->{refused}, 1, 'counted';
unlock($db);
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 3;



=== TEST 20: the wait in the line has an end: 503
--- mysql: pool min=1 max=1; wait timeout=300ms; timeout query=5s;
--- drive
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'busy';
my @w = map { begin('GET', "/items/$_") } 2, 3;
for my $w (@w) {
    my $reply = finish($w);
    is_problem($reply, 503, 'overloaded');
    cmp_ok $reply->{took}, '>=', 0.25, 'not before';
    cmp_ok $reply->{took}, '<', 2, 'not much after';
}
is status_of('mysql')->{expired}, 2, 'counted';
is status_of('mysql')->{waiting}, 0, 'none waits';
unlock($db);
is_item(finish($h), 1);
is_item(get('/items/4'), 4);



=== TEST 21: the gauge of those who wait follows a connection that goes from one to the next
--- mysql: pool min=1 max=1; wait timeout=10s;
--- drive
my @row = map { my $db = admin(); $db->begin_work; $db->do("SELECT id FROM items WHERE id = $_ FOR UPDATE"); $db } 1, 2;
my @h = map { begin('DELETE', "/items/$_") } 1, 2;
ok wait_until { status_of('mysql')->{waiting} == 1 }, 'one waits';
$row[0]->commit;
cmp_ok finish($h[0])->{status}, '<', 205, 'the first';
ok wait_until { my ($s) = sessions(); ($s->{Info} // '') =~ /DELETE/ }, 'the second is sent';
is status_of('mysql')->{busy}, 1, 'it is at work';
is status_of('mysql')->{waiting}, 0, 'and nobody waits';
$row[1]->commit;
cmp_ok finish($h[1])->{status}, '<', 205, 'the second';
is mysql_value('SELECT COUNT(*) FROM items'), 7, 'both are done';



=== TEST 22: those who went away leave their places in the line
--- mysql: pool min=1 max=1; wait queue=2 timeout=10s;
--- drive
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'busy';
my @gone = map { begin('GET', "/items/$_") } 2, 3;
ok wait_until { status_of('mysql')->{waiting} == 2 }, 'full';
abandon($_) for @gone;
ok wait_until { 2 == (() = logs() =~ m{"GET /items/[23] HTTP/1\.1" 499}g) }, 'gone';
my $next = begin('GET', '/items/4');
pause(0.2);
unlock($db);
is_item(finish($h), 1);
is_item(finish($next), 4);



=== TEST 23: a statement of one who went away in the line is never sent
--- mysql: pool min=1 max=1; wait timeout=10s;
--- drive
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'busy';
my $gone = begin('POST', '/items', '{"name":"never","n":77}');
ok wait_until { status_of('mysql')->{waiting} }, 'waits';
abandon($gone);
ok wait_until { logs() =~ m{"POST /items HTTP/1\.1" 499} }, 'gone';
unlock($db);
is_item(finish($h), 1);
is_item(get('/items/2'), 2);
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 77'), 0, 'no row';



=== TEST 24: a statement that takes too long: 504, and its connection is not used again
--- mysql: pool min=1 max=1; timeout query=300ms;
--- drive
at_rest(1);
my ($id) = session_ids();
my $db = lock_items();
my $reply = get('/items/1');
is_problem($reply, 504, 'database_timeout');
cmp_ok $reply->{took}, '>=', 0.25, 'not before';
cmp_ok $reply->{took}, '<', 2, 'not much after';
unlock($db);
ok wait_until { get('/items/2')->{status} == 200 }, 'the next one';
ok !(grep { $_ == $id } session_ids()), 'on another connection';
my $m = status_of('mysql');
is_deeply [@$m{qw(timeouts disconnects up busy)}], [1, 1, 1, 0], 'counted';
is scalar(error_lines('connection closed on timeout in a query')), 1, 'logged';



=== TEST 25: the server itself gives up a statement soon after
--- mysql: pool min=1 max=1; timeout query=300ms;
--- drive
at_rest(1);
my $db = lock_items();
is_problem(post('/items', '{"name":"late","n":88}'), 504, 'database_timeout');
wait_until { !stuck() } 3;
ok !stuck(), 'no statement is left at the server while the lock is held';
unlock($db);
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 88'), 0, 'and nothing is written afterwards';



=== TEST 26: after many timeouts the pool is whole
--- mysql: pool min=2 max=4; timeout query=200ms;
--- drive
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 4;
is_problem(finish($_), 504, 'database_timeout') for @h;
unlock($db);
ok wait_until { get('/items/1')->{status} == 200 }, 'works';
my $m = at_rest();
ok $m && $m->{up} >= 2, 'min is back';
ok +(wait_until { scalar(sessions()) == status_of('mysql')->{up} }), 'the server agrees';



=== TEST 27: a server that is stopped: 504 in time, and all is well when it goes on
--- mysql: pool min=1 max=2; timeout connect=1s query=300ms; wait timeout=500ms;
--- drive
at_rest(1);
kill STOP => mysql_pid();
my $reply = get('/items/1');
is_problem($reply, 504, 'database_timeout');
my $second = get('/items/1');
is_problem($second, 503, $second->{json}{code});
cmp_ok $second->{took}, '<', 3, 'bounded, too';
is get('/ready')->{status}, 200, 'the worker is not blocked';
kill CONT => mysql_pid();
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';



=== TEST 28: a server that goes on in time is only slow
--- mysql: pool min=1 max=1; timeout query=5s;
--- drive
at_rest(1);
kill STOP => mysql_pid();
my @h = map { begin('GET', "/items/$_") } 1 .. 3;
pause(0.3);
kill CONT => mysql_pid();
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 3;
is status_of('mysql')->{disconnects}, 0, 'no connection is lost';



=== TEST 29: a client that goes away in a query: the connection is kept, the next one gets its own rows
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my ($id) = session_ids();
my $db = lock_items();
my $gone = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'under way';
abandon($gone);
ok wait_until { logs() =~ m{"GET /items/1 HTTP/1\.1" 499} }, 'gone';
my $h = begin('GET', '/items/2');
ok wait_until { status_of('mysql')->{waiting} }, 'waits for the connection';
unlock($db);
is_item(finish($h), 2);
is_deeply [session_ids()], [$id], 'on the same connection';



=== TEST 30: twenty clients that go away in queries of all kinds leave a clean pool
--- mysql: pool min=2 max=4; wait timeout=10s;
--- drive
my $db = lock_items();
my @gone;
for my $n (1 .. 5) {
    push @gone, begin('GET', "/items/$n"), begin('GET', '/items'), begin('POST', '/items', qq({"name":"gone $n"})),
        begin('PUT', "/items/$n", qq({"name":"item $n"}));
}
ok wait_until { status_of('mysql')->{busy} == 4 }, 'busy';
abandon($_) for @gone;
ok wait_until { 20 == (() = logs() =~ m{HTTP/1\.1" 499}g) }, 'all gone';
unlock($db);
ok at_rest(), 'at rest';
is_item(get("/items/$_"), $_, "item $_") for 1 .. 9;
is status_of('mysql')->{disconnects}, 0, 'no connection is lost';



=== TEST 31: a client that goes away before its query times out
--- mysql: pool min=1 max=1; timeout query=300ms;
--- drive
at_rest(1);
my $db = lock_items();
my $gone = begin('GET', '/items/1');
ok wait_until { status_of('mysql')->{busy} }, 'under way';
abandon($gone);
ok wait_until { status_of('mysql')->{timeouts} }, 'timed out without it';
unlock($db);
ok +(wait_until { get('/items/2')->{status} == 200 }), 'and the pool is well';



=== TEST 32: an idle connection that the server kills is replaced unseen
--- mysql: pool min=2 max=2;
--- drive
for my $round (1 .. 5) {
    at_rest(2);
    mysql_query("KILL $_") for session_ids();
    is_item(get("/items/$round"), $round, "round $round");
}
cmp_ok status_of('mysql')->{disconnects}, '>=', 6, 'counted';
is scalar(error_lines('mysql')), 0, 'no error';



=== TEST 33: a write after the server killed the idle connection
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} }, 'noticed';
is post('/items', '{"name":"x","n":55}')->{status}, 201, 'written';
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 55'), 1, 'once';



=== TEST 34: a read whose connection is killed under way is tried again
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { scalar stuck() }, 'under way';
my ($id) = session_ids();
mysql_query("KILL $id");
ok wait_until { grep { $_->{Id} != $id } stuck() }, 'on another connection';
unlock($db);
is_item(finish($h), 1);



=== TEST 35: a read that is killed twice: 503
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my $db = lock_items();
my $h = begin('GET', '/items/1');
my $last = 0;
for (1, 2) {
    ok wait_until { grep { $_->{Id} != $last } stuck() }, 'under way';
    ($last) = map { $_->{Id} } grep { $_->{Id} != $last } stuck();
    mysql_query("KILL $last");
}
is_problem(finish($h), 503, 'database_unavailable');
unlock($db);
ok +(wait_until { get('/items/1')->{status} == 200 }), 'and then again';



=== TEST 36: a write whose connection is killed under way is not tried again
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my $db = lock_items();
my $h = begin('POST', '/items', '{"name":"x","n":66}');
ok wait_until { scalar stuck() }, 'under way';
mysql_query("KILL $_") for session_ids();
my $reply = finish($h);
is_problem($reply, 503, 'outcome_unknown');
unlock($db);
pause(0.1);
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 66'), 0, 'no row';
is scalar(error_lines('connection closed in a query')), 1, 'one line';
is post('/items', '{"name":"x","n":66}')->{status}, 201, 'and then again';



=== TEST 37: a statement that is killed: 504, and the connection goes on with the next
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my ($id) = session_ids();
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { scalar stuck() }, 'under way';
mysql_query("KILL QUERY $id");
is_problem(finish($h), 504, 'database_timeout');
unlock($db);
is_item(get('/items/2'), 2);
is_item(get('/items/1'), 1);
is_deeply [session_ids()], [$id], 'the same connection';



=== TEST 38: the server closes what was idle too long for it
--- mysql: pool min=2 max=2;
--- drive
at_rest(2);
set_global('wait_timeout', 1);
mysql_query("KILL $_") for session_ids();
ok wait_until { scalar(sessions()) == 2 }, 'two with the new limit';
ok wait_until { status_of('mysql')->{disconnects} >= 4 }, 'closed';
is_item(get('/items/1'), 1);
is post('/items', '{"name":"x"}')->{status}, 201, 'a write, too';



=== TEST 39: kill -9 at rest: 503 at once, and recovery by itself
--- mysql: pool min=2 max=4;
--- drive
at_rest(2);
services('kill9', 'mysql');
ok wait_until { status_of('mysql')->{up} == 0 }, 'noticed';
my $reply = get('/items/1');
is_problem($reply, 503, 'database_unavailable');
cmp_ok $reply->{took}, '<', 1, 'at once';
is_problem(post('/items', '{"name":"x"}'), 503, 'database_unavailable');
cmp_ok scalar(error_lines('cannot connect')), '<=', 1, 'no flood of lines';
ok services('restart', 'mysql'), 'started';
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';
ok at_rest(2), 'whole';
is post('/items', '{"name":"x"}')->{status}, 201, 'a write, too';



=== TEST 40: kill -9 while queries run and wait: all are answered
--- mysql: pool min=2 max=2; wait timeout=3s;
--- drive
at_rest(2);
my $db = lock_items();
my @h = ((map { begin('GET', "/items/$_") } 1 .. 4), begin('POST', '/items', '{"name":"x"}'));
ok wait_until { my $m = status_of('mysql'); $m->{busy} == 2 && $m->{waiting} == 3 }, 'two work, three wait';
services('kill9', 'mysql');
for my $h (@h) {
    my $reply = finish($h);
    is_problem($reply, 503, $reply->{json}{code} // 'none');
    cmp_ok $reply->{took}, '<', 6, 'bounded';
}
ok services('restart', 'mysql'), 'started';
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';
ok at_rest(2), 'whole';



=== TEST 41: an orderly restart
--- mysql: pool min=1 max=2;
--- drive
at_rest(1);
is_item(get('/items/1'), 1);
ok services('restart', 'mysql'), 'restarted';
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';
is_item(get('/items/2'), 2);



=== TEST 42: the proxy before the server cuts all connections while queries run
--- server eval
our $cut = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_PORT}, mode => 'cut', flag => main::server_root() . '/cut');
"127.0.0.1:$cut->{port}"
--- mysql: pool min=2 max=2;
--- drive
at_rest(2);
my $db = lock_items();
my $write = begin('POST', '/items', '{"name":"x","n":44}');
ok wait_until { scalar stuck() }, 'under way';
my $flag = server_root() . '/cut';
open my $fh, '>', $flag or die $!;
is_problem(finish($write), 503, 'outcome_unknown');
unlink $flag;
unlock($db);
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';
ok at_rest(2), 'whole';



=== TEST 43: the network between stops carrying anything: 504, then the connections are replaced
--- server eval
our $freeze = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_PORT}, mode => 'freeze', flag => main::server_root() . '/freeze');
"127.0.0.1:$freeze->{port}"
--- mysql: pool min=1 max=2; timeout connect=1s query=300ms; wait timeout=1s;
--- drive
at_rest(1);
my $flag = server_root() . '/freeze';
open my $fh, '>', $flag or die $!;
pause(0.05);
is_problem(get('/items/1'), 504, 'database_timeout');
is get('/ready')->{status}, 200, 'the worker goes on';
unlink $flag;
ok +(wait_until { get('/items/2')->{status} == 200 }), 'again';
is_item(get('/items/3'), 3);



=== TEST 44: the server has no more connections: those that are up serve all
--- mysql: pool min=1 max=3; wait timeout=8s; timeout query=8s;
--- drive
at_rest(1);
my @others = map { DBI->connect("DBI:MariaDB:database=" . database() . ";mariadb_socket=$ENV{WXAPP_MYSQL_SOCKET}",
    'wxapp', WXApp::slurp($ENV{WXAPP_MYSQL_PASSWORD_FILE}), { RaiseError => 1, PrintError => 0 }) } 1 .. 12;
my $db = lock_items();
set_global('max_connections', 10);
my @h = map { begin('GET', "/items/$_") } 1 .. 3;
ok wait_until { error_lines('cannot connect: 1040') }, 'refused by the server';
unlock($db);
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 3;
is status_of('mysql')->{up}, 1, 'by one connection';
set_global('max_connections', 1000);
$_->disconnect for @others;
$db = lock_items();
@h = map { begin('GET', "/items/$_") } 1 .. 3;
ok wait_until { status_of('mysql')->{busy} == 3 }, 'it grows again';
unlock($db);
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 3;



=== TEST 45: the account has no connection left: 503, then recovery
--- mysql: pool min=2 max=3;
--- drive
at_rest(2);
mysql_query("GRANT USAGE ON *.* TO wxapp\@localhost WITH MAX_USER_CONNECTIONS 1");
mysql_query("KILL $_") for session_ids();
ok wait_until { error_lines('cannot connect: 1226') }, 'refused by the server';
ok +(wait_until { get('/items/1')->{status} == 200 }), 'one is enough';
mysql_query("GRANT USAGE ON *.* TO wxapp\@localhost WITH MAX_USER_CONNECTIONS 0");
ok at_rest(2), 'two again';



=== TEST 46: min=0: a connection that could not be opened once does not shut the pool for good
--- mysql: pool min=0 max=2; wait timeout=500ms; timeout query=5s;
--- drive
mysql_query("GRANT USAGE ON *.* TO wxapp\@localhost WITH MAX_USER_CONNECTIONS 1");
is_item(get('/items/1'), 1);
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1, 2;
ok wait_until { error_lines('cannot connect: 1226') }, 'the second is refused';
is finish($h[1])->{status}, 503, 'and its query waits in vain';
unlock($db);
is_item(finish($h[0]), 1);
mysql_query("GRANT USAGE ON *.* TO wxapp\@localhost WITH MAX_USER_CONNECTIONS 0");
pause(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{up} == 0 }, 'none is left';
ok +(wait_until { get('/items/1')->{status} == 200 } 5), 'a new one is opened';



=== TEST 47: min=0: kill -9, restart, recovery
--- mysql: pool min=0 max=2;
--- drive
is_item(get('/items/1'), 1);
services('kill9', 'mysql');
ok +(wait_until { get('/items/1')->{status} == 503 }), 'down';
ok services('restart', 'mysql'), 'started';
ok +(wait_until { get('/items/1')->{status} == 200 }), 'again';



=== TEST 48: a column is added under prepared statements
--- mysql: pool min=2 max=2;
--- drive
my $all = sub {
    is_item(get("/items/$_"), $_, "$_[0]: item $_") for 1 .. 3;
    is scalar(@{ get('/items?limit=5')->{json} // [] }), 5, "$_[0]: list";
    is http('PUT', '/items/4', '{"name":"item 4"}')->{status}, 200, "$_[0]: put";
    is post('/items', '{"name":"x"}')->{status}, 201, "$_[0]: post";
};
$all->('before');
mysql_query('ALTER TABLE items ADD COLUMN more INT NOT NULL DEFAULT 5 FIRST');
$all->('after');
is status_of('mysql')->{errors}, 0, 'no error';



=== TEST 49: a column changes its type and place under prepared statements
--- mysql: pool min=1 max=1;
--- drive
is_item(get('/items/1'), 1, 'before') for 1 .. 2;
mysql_query('ALTER TABLE items MODIFY name TEXT NOT NULL AFTER at, MODIFY n BIGINT NULL');
is_item(get('/items/2'), 2, 'after');
mysql_query('UPDATE items SET n = 9223372036854775 WHERE id = 3');
mysql_query('UPDATE items SET name = REPEAT("y", 9000) WHERE id = 3');
my $reply = get('/items/3');
is length($reply->{json}{name} // ''), 9000, 'a longer text';
like $reply->{body}, qr/"n":9223372036854775\b/, 'a larger number';



=== TEST 50: a table is dropped and made again under prepared statements
--- mysql: pool min=1 max=1;
--- drive
is_item(get('/items/1'), 1, 'before') for 1 .. 2;
mysql_query('RENAME TABLE items TO items_old');
my $reply = get('/items/1');
is $reply->{status}, 500, 'gone';
is $reply->{json}{code}, 'internal_error', 'what';
unlike $reply->{body}, qr/items_old|doesn't exist/, 'and no more';
is scalar(error_lines('mysql error 1146')), 1, 'the log knows more';
mysql_query('RENAME TABLE items_old TO items');
is_item(get('/items/1'), 1, 'back');
mysql_query('DROP TABLE items');
mysql_query(items_sql());
is get('/items/1')->{status}, 404, 'empty';
is post('/items', '{"name":"item 1"}')->{status}, 201, 'written';
is_item(get('/items/1'), 1, 'new');



=== TEST 51: a column that the location names is dropped: 500, and it works when it is back
--- mysql: pool min=1 max=1;
--- drive
is_item(get('/items/1'), 1, 'before') for 1 .. 2;
mysql_query('ALTER TABLE items DROP COLUMN data');
is get('/items/1')->{status}, 500, 'without it' for 1 .. 3;
mysql_query('ALTER TABLE items ADD COLUMN data TEXT NULL');
is_item(get('/items/1'), 1, 'with it');
is status_of('mysql')->{disconnects}, 0, 'on the same connection';



=== TEST 52: FLUSH TABLES and TRUNCATE under prepared statements
--- mysql: pool min=1 max=1;
--- drive
is_item(get('/items/1'), 1, 'before') for 1 .. 2;
mysql_query('FLUSH TABLES');
is_item(get('/items/1'), 1, 'flushed');
mysql_query('TRUNCATE items');
is get('/items/1')->{status}, 404, 'empty';



=== TEST 53: with statements 1, more kinds of them take turns
--- mysql: pool min=1 max=1; statements 1;
--- drive
my $made = 100;
for my $round (1 .. 6) {
    is_item(get("/items/$round"), $round, "round $round");
    is get('/items?order=id&limit=2')->{json}[0]{id}, 1, 'by id';
    is get('/items?order=name')->{json}[1]{id}, 2, 'by name';
    $made++;
    is post('/items', qq({"name":"x","n":$made}))->{status}, 201, 'post';
    is http('PUT', "/items/$round", qq({"name":"item $round"}))->{status}, 200, 'put';
    my ($count) = map { $_->{Value} } mysql_query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    cmp_ok $count, '<=', 1, 'no more are kept';
}
is status_of('mysql')->{disconnects}, 0, 'on one connection';
is status_of('mysql')->{errors}, 0, 'without an error';



=== TEST 54: with statements 2, more kinds of them take turns
--- mysql: pool min=1 max=1; statements 2;
--- drive
my $made = 100;
for my $round (1 .. 6) {
    is_item(get("/items/$round"), $round, "round $round");
    is get('/items?order=id&limit=2')->{json}[0]{id}, 1, 'by id';
    is get('/items?order=name')->{json}[1]{id}, 2, 'by name';
    $made++;
    is post('/items', qq({"name":"x","n":$made}))->{status}, 201, 'post';
    is http('PUT', "/items/$round", qq({"name":"item $round"}))->{status}, 200, 'put';
    my ($count) = map { $_->{Value} } mysql_query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    cmp_ok $count, '<=', 2, 'no more are kept';
}
is status_of('mysql')->{disconnects}, 0, 'on one connection';
is status_of('mysql')->{errors}, 0, 'without an error';



=== TEST 55: with statements 3, more kinds of them take turns
--- mysql: pool min=1 max=1; statements 3;
--- drive
my $made = 100;
for my $round (1 .. 6) {
    is_item(get("/items/$round"), $round, "round $round");
    is get('/items?order=id&limit=2')->{json}[0]{id}, 1, 'by id';
    is get('/items?order=name')->{json}[1]{id}, 2, 'by name';
    $made++;
    is post('/items', qq({"name":"x","n":$made}))->{status}, 201, 'post';
    is http('PUT', "/items/$round", qq({"name":"item $round"}))->{status}, 200, 'put';
    my ($count) = map { $_->{Value} } mysql_query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    cmp_ok $count, '<=', 3, 'no more are kept';
}
is status_of('mysql')->{disconnects}, 0, 'on one connection';
is status_of('mysql')->{errors}, 0, 'without an error';



=== TEST 56: statements are kept prepared
--- mysql: pool min=1 max=1;
--- drive
my $prepared = sub { my ($row) = mysql_query("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'"); $row->{Value} };
get('/items/1');
my $before = $prepared->();
is_item(get("/items/$_"), $_, "item $_") for 1 .. 9;
is $prepared->() - $before, 0, 'none is prepared again';



=== TEST 57: the server has no room for another statement: 503, and nothing is lost
--- mysql: pool min=1 max=1;
--- drive
is_item(get('/items/1'), 1);
set_global('max_prepared_stmt_count', 1);
is_item(get('/items/2'), 2, 'the one that it has');
my $reply = get('/items?limit=2');
is_problem($reply, 503, $reply->{json}{code}) if $reply->{status} != 200;
is_item(get('/items/3'), 3, 'the one that it has, still');
set_global('max_prepared_stmt_count', 16382);
is get('/items?limit=2')->{status}, 200, 'room again';
is status_of('mysql')->{disconnects}, 0, 'on the same connection';



=== TEST 58: text of all planes goes and comes unchanged
--- drive
my @texts = ("\x{1f36c}\x{1f468}\x{200d}\x{1f469}", "\x{5e97}\x{957f}", "caf\x{e9}", "'; DROP TABLE items; --", 'a\\b"c`d', "tab\tline\nend", '', ' x ', '%s%n', "\x{10ffff}");
for my $text (@texts) {
    my $made = post('/items', JSON::PP->new->utf8->encode({ name => $text }));
    is $made->{status}, 201, 'written';
    is $made->{json}{name}, $text, 'told';
    my $id = $made->{json}{id};
    is get("/items/$id")->{json}{name}, $text, 'read';
    utf8::encode(my $bytes = $text);
    is mysql_value('SELECT HEX(name) FROM items WHERE id = ?', $id), uc unpack('H*', $bytes), 'in the table';
}



=== TEST 59: text is utf8mb4 also when the server's standard is another
--- mysql: pool min=1 max=1;
--- drive
set_global('character_set_server', 'latin1');
at_rest(1);
mysql_query("KILL $_") for session_ids();
my $made = post('/items', JSON::PP->new->utf8->encode({ name => "\x{1f36c}" }));
$made = post('/items', JSON::PP->new->utf8->encode({ name => "\x{1f36c}" })) if $made->{status} == 503;
is $made->{json}{name}, "\x{1f36c}", 'told';
is mysql_value('SELECT HEX(name) FROM items WHERE id = ?', $made->{json}{id}), 'F09F8DAC', 'in the table';



=== TEST 60: long text is read whole
--- drive
for my $n (31, 32, 33, 4095, 4096, 4097, 60000) {
    my $made = post('/items', qq({"name":"x","data":"@{[ 'd' x $n ]}"}));
    is $made->{status}, 201, "$n written";
    is length(get("/items/$made->{json}{id}")->{json}{data} // ''), $n, "$n read";
}
my $made = post('/items', '{"name":"x","data":"' . "\xe5\xba\x97" x 20000 . '"}');
is length($made->{json}{data}), 20000, 'Chinese, too';
mysql_query('UPDATE items SET data = REPEAT("z", 65000)');
my $list = get('/items?limit=9')->{json};
is scalar(grep { $_->{data} eq 'z' x 65000 } @$list), 9, 'and in lists';



=== TEST 61: times are UTC whatever the server's own
--- mysql: pool min=1 max=1;
--- drive
set_global('time_zone', '+09:00');
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} }, 'renewed';
my $made = post('/items', '{"name":"x"}');
my $age = mysql_value('SELECT TIMESTAMPDIFF(SECOND, at, UTC_TIMESTAMP()) FROM items WHERE id = ?', $made->{json}{id});
cmp_ok abs $age, '<=', 3, 'UTC';



=== TEST 62: values are strict whatever the server's mode
--- mysql: pool min=1 max=1;
--- drive
set_global('sql_mode', 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES');
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} }, 'renewed';
my $reply = post('/items', '{"name":"' . 'x' x 101 . '"}');
is $reply->{status}, 422, 'too long is refused, not cut';
is mysql_value('SELECT COUNT(*) FROM items WHERE name LIKE "xx%"'), 0, 'no row';
is post('/items', '{"name":"a\\\\b"}')->{json}{name}, 'a\\b', 'backslash';
is_item(get('/items/1'), 1);



=== TEST 63: a write is kept also when the server does not commit by itself
--- mysql: pool min=1 max=1;
--- drive
set_global('autocommit', 0);
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} }, 'renewed';
my $reply = post('/items', '{"name":"kept","n":123}');
is $reply->{status}, 201, 'written';
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 123'), 1, 'and there';
is_item(get('/items/1'), 1);
is scalar(error_lines('left its connection')), 0, 'no transaction is left open';



=== TEST 64: a server that takes no changes: 503 for writes, reads go on
--- mysql: pool min=1 max=1;
--- drive
set_global('read_only', 1);
is_item(get('/items/1'), 1);
is_problem(post('/items', '{"name":"x"}'), 503, 'read_only');
is_item(get('/items/2'), 2);
set_global('read_only', 0);
is post('/items', '{"name":"x"}')->{status}, 201, 'again';



=== TEST 65: a row that another session holds: 503 busy after the server's lock timeout
--- mysql: pool min=1 max=1; timeout query=5s;
--- drive
set_global('innodb_lock_wait_timeout', 1);
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} }, 'renewed';
my $db = admin();
$db->begin_work;
$db->do('SELECT id FROM items WHERE id = 1 FOR UPDATE');
is_problem(http('PUT', '/items/1', '{"name":"new"}'), 503, 'busy');
$db->commit;
is http('PUT', '/items/1', '{"name":"item 1"}')->{status}, 200, 'and then';
is status_of('mysql')->{errors}, 1, 'counted';



=== TEST 66: an error reply leaves the connection in use
--- mysql: pool min=1 max=1;
--- drive
at_rest(1);
my ($id) = session_ids();
for (1 .. 3) {
    my $reply = post('/items', '{"name":"x","n":1}');
    is $reply->{status}, 409, 'duplicate';
    is $reply->{json}{code}, 'duplicate', 'what';
    is_item(get('/items/1'), 1);
}
is_deeply [session_ids()], [$id], 'the same connection';
is status_of('mysql')->{errors}, 3, 'counted';
is scalar(error_lines('mysql')), 0, 'no error of ours';



=== TEST 67: a value longer than the server takes: an error, and the next one is not hurt
--- mysql: pool min=1 max=1;
--- drive
set_global('max_allowed_packet', 16384);
at_rest(1);
mysql_query("KILL $_") for session_ids();
ok wait_until { status_of('mysql')->{disconnects} == 1 && status_of('mysql')->{up} == 1 }, 'renewed';
my $body = '{"name":"x","data":"' . 'd' x 40000 . '"}';
my @h = (begin('POST', '/items', $body), begin('GET', '/items/1'), begin('POST', '/items', '{"name":"y","n":999}'));
my @replies = map { finish($_) } @h;
cmp_ok $replies[0]{status}, '>=', 400, 'refused';
is_item($replies[1], 1, 'the read behind it');
is $replies[2]{status}, 201, 'the write behind it';
is mysql_value('SELECT COUNT(*) FROM items WHERE n = 999'), 1, 'written once';



=== TEST 68: a reload while a query runs: the old worker answers, then goes
--- workers: 1
--- mysql: pool min=1 max=1; timeout query=8s;
--- drive
at_rest(1);
my ($old) = worker_pids();
my $db = lock_items();
my $h = begin('GET', '/items/1');
ok wait_until { scalar stuck() }, 'under way';
signal_nginx('HUP');
ok wait_until { grep { $_ != $old } worker_pids() }, 'a new worker';
ok +(grep { $_ == $old } worker_pids()), 'the old one is still there';
unlock($db);
is_item(finish($h), 1);
ok wait_until { !grep { $_ == $old } worker_pids() }, 'now it is gone';
is_item(get('/items/2'), 2);
ok wait_until { scalar(sessions()) == 1 }, 'its connection is closed';



=== TEST 69: reloads under load lose no request
--- workers: 2
--- mysql: pool min=1 max=3;
--- drive
my %seen;
for my $round (1 .. 5) {
    my @h = map { begin('GET', '/items/' . (1 + $_ % 9)) } 1 .. 20;
    signal_nginx('HUP');
    push @h, map { begin('GET', '/items/' . (1 + $_ % 9)) } 1 .. 20;
    $seen{ finish($_)->{status} }++ for @h;
}
is_deeply \%seen, { 200 => 200 }, 'all are answered';
ok +(wait_until { worker_pids() == 2 }), 'two workers';
my $m = wait_until { my $m = status_of('mysql'); $m->{connecting} == 0 && $m->{busy} == 0 && $m->{up} == scalar(sessions()) && $m };
ok $m, 'gauges and server agree';



=== TEST 70: QUIT while queries run and wait: all are answered, then the worker goes
--- workers: 1
--- mysql: pool min=2 max=2; wait timeout=8s; timeout query=8s;
--- drive
at_rest(2);
my ($worker) = worker_pids();
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 5;
ok wait_until { status_of('mysql')->{waiting} == 3 }, 'two work, three wait';
signal_nginx('QUIT');
ok wait_until { logs() =~ /gracefully shutting down/ }, 'told';
pause(0.2);
ok kill(0, $worker), 'it stays for them';
unlock($db);
is_item(finish($h[$_ - 1]), $_, "item $_") for 1 .. 5;
ok wait_until { !kill 0, $worker }, 'gone';
ok wait_until { !sessions() }, 'no connection is left';



=== TEST 71: QUIT at rest: the worker goes at once and closes its connections
--- workers: 1
--- mysql: pool min=3 max=3;
--- drive
at_rest(3);
my ($worker) = worker_pids();
signal_nginx('QUIT');
ok +(wait_until { !kill 0, $worker } 2), 'gone';
ok wait_until { !sessions() }, 'no connection is left';
ok logs() !~ qr/open socket|\[alert\]/, 'nothing was left open';



=== TEST 72: QUIT while a query without its client runs: the worker goes when it ends
--- workers: 1
--- mysql: pool min=1 max=1; timeout query=8s;
--- drive
at_rest(1);
my ($worker) = worker_pids();
my $db = lock_items();
my $h = begin('POST', '/items', '{"name":"x","n":321}');
ok wait_until { scalar stuck() }, 'under way';
abandon($h);
ok wait_until { logs() =~ m{"POST /items HTTP/1\.1" 499} }, 'gone';
signal_nginx('QUIT');
pause(0.2);
unlock($db);
ok wait_until { !kill 0, $worker }, 'the worker is gone';
ok wait_until { !sessions() }, 'no connection is left';



=== TEST 73: TERM while queries run: the worker goes at once
--- workers: 1
--- mysql: pool min=2 max=2; timeout query=8s;
--- drive
at_rest(2);
my ($worker) = worker_pids();
my $db = lock_items();
my @h = map { begin('GET', "/items/$_") } 1 .. 4;
ok wait_until { status_of('mysql')->{waiting} == 2 }, 'two work, two wait';
signal_nginx('TERM');
ok +(wait_until { !kill 0, $worker } 3), 'gone';
unlock($db);
is finish($_)->{status}, 0, 'no answer' for @h;



=== TEST 74: QUIT while connecting: the worker goes after the connect timeout at the latest
--- workers: 1
--- server eval
our $stall2 = WXDrive::fault_proxy(mode => 'stall');
"127.0.0.1:$stall2->{port}"
--- mysql: pool min=2 max=2; timeout connect=1s;
--- drive
my ($worker) = worker_pids();
pause(0.1);
signal_nginx('QUIT');
ok +(wait_until { !kill 0, $worker } 5), 'gone';
ok logs() !~ /exited on signal/, 'by itself';



=== TEST 75: a worker that is killed: the next one has its own connections
--- workers: 1
--- mysql: pool min=2 max=2;
--- drive
at_rest(2);
my ($worker) = worker_pids();
kill KILL => $worker;
ok wait_until { my ($w) = worker_pids(); $w && $w != $worker }, 'a new worker';
ok at_rest(2), 'two connections';
ok wait_until { scalar(sessions()) == 2 }, 'at the server, too';
is_item(get('/items/1'), 1);
--- error_log
exited on signal 9
[alert]



=== TEST 76: a mixed load of all methods leaves nothing open
--- workers: 2
--- mysql: pool min=1 max=3;
--- drive
my %seen;
for my $round (1 .. 5) {
    my @h = map { (begin('GET', "/items/$_"), begin('GET', '/items?limit=3'), begin('POST', '/items', '{"name":"x"}'),
                   begin('PUT', "/items/$_", qq({"name":"item $_"})), begin('GET', '/items/4711')) } 1 .. 8;
    $seen{ finish($_)->{status} }++ for @h;
}
is_deeply \%seen, { 200 => 120, 201 => 40, 404 => 40 }, 'all are answered';
is mysql_value('SELECT COUNT(*) FROM items'), 49, 'all are written';
my $m = at_rest();
ok $m, 'at rest';
is $m->{up}, scalar(sessions()), 'gauges and server agree';
is $m->{disconnects}, 0, 'no connection was lost';
