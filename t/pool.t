# MySQL on more than one server: replicas, what they may lag and who reads from them, failover to another primary;
# and what keeps a pool well: lifetimes, KILL QUERY. The servers are this file's own: a primary and a replica, which
# has other names in its rows, so that each answer tells where it came from.

use lib 't/lib';
use WXServices '--binlog';
use WXApp;
use WXDrive;
use DBI;

repeat_each(1);
no_long_string();
workers(1);

database();
if (!WXServices::replica()) { plan skip_all => 'no replica' }
plan 'no_plan';

our $PRIMARY = "unix:$ENV{WXAPP_MYSQL_SOCKET}";
our $REPLICA = "unix:$ENV{WXAPP_MYSQL_REPLICA_SOCKET}";

my $RESOURCE = <<'C';
        wxapp_resource items {
            column id   bigint;
            column name string write;
            order  id name;
            allow  GET POST PUT DELETE;
        }
C

# /items for all, /my/items with a token; --- mysql: lines of wxapp_mysql {} with PRIMARY and REPLICA in them;
# --- primary: another one in place of PRIMARY; --- emerg: nginx refuses to start with these words
add_block_preprocessor(sub {
    my ($block) = @_;
    if (!defined $block->http_config) {
        my $lines = $block->mysql // 'pool min=1 max=4; replica REPLICA;';
        my $text  = wxapp_http(redis => undef, 'mysql+' => $lines);
        my $primary = $block->primary;
        $text =~ s/^(\s*primary\s+)\S+;/$1$primary;/m if defined $primary;
        $text =~ s/\bPRIMARY\b/$main::PRIMARY/g;
        $text =~ s/\bREPLICA\b/$main::REPLICA/g;
        my $user = $block->can('user') ? $block->user : undef;
        $text =~ s/\buser(\s+)\S+;/user$1$user;/ if defined $user;
        my $file = $block->can('password') ? $block->password : undef;
        $text =~ s/\bpassword_file(\s+)\S+;/password_file$1$file;/ if defined $file;
        $block->set_value(http_config => $text . "add_header X-Pid \$pid always;\n"
            . "set_real_ip_from 127.0.0.1; real_ip_header X-Client;\n" . ($block->more // ''));
    }
    my $config = $block->config // '';
    $block->set_value(config => $config . wxapp_upstream() . "location /items {\n$RESOURCE}\n"
        . "location /my/ {\nwxapp_auth on;\nlocation /my/items {\n$RESOURCE}\n}\n");
    if (defined $block->emerg) {
        $block->set_value($_ => '') for qw(must_die suppress_stderr);
        chomp(my $words = $block->emerg);
        $block->set_value(error_log => [qr/\[emerg\] \d+#\d+: \Q$words\E in \S+nginx\.conf:\d+$/m]);
        return;
    }
    prepare();
});

# ---- the two servers, as the admin

sub connection_to {
    my ($socket, $database) = @_;
    return DBI->connect('DBI:MariaDB:' . ($database ? "database=$database;" : '') . "mariadb_socket=$socket",
        $ENV{WXAPP_MYSQL_ADMIN}, undef, { RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 });
}

sub replica {
    our $replica;
    $replica = connection_to($ENV{WXAPP_MYSQL_REPLICA_SOCKET}, database()) if !$replica || !$replica->ping;
    return $replica;
}

sub items {
    my ($db, $name) = @_;
    $db->do('DROP TABLE IF EXISTS items');
    $db->do('CREATE TABLE items (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL DEFAULT "")'
        . ' ENGINE = InnoDB DEFAULT CHARSET = utf8mb4');
    $db->do('INSERT INTO items (id, name) VALUES ' . join ',', map { "($_, '$name $_')" } 1 .. 9);
    return;
}

# both servers as every block finds them
sub prepare {
    services('restart', $_) or die "$_ does not start\n" for WXServices::stopped();
    WXServices::environment();
    my ($primary, $replica) = (WXApp::mysql(), replica());
    $replica->do('STOP SLAVE');
    $primary->do('SET GLOBAL read_only = 0');
    $replica->do('SET GLOBAL read_only = 1');
    items($primary, 'primary');
    items($replica, 'replica');
    my ($gtid) = $primary->selectrow_array('SELECT @@gtid_binlog_pos');
    $replica->do("SET GLOBAL gtid_slave_pos = '$gtid'");
    $replica->do('CHANGE MASTER TO MASTER_DELAY = 0');
    $replica->do('START SLAVE');
    return;
}

# the service's sessions on a server: rows of the process list
sub sessions {
    my ($db) = @_;
    return grep { $_->{User} eq $ENV{WXAPP_MYSQL_USER} }
        @{ $db->selectall_arrayref('SHOW FULL PROCESSLIST', { Slice => {} }) };
}

sub on_primary { return sessions(WXApp::mysql()) }
sub on_replica { return sessions(replica()) }

sub counter {
    my ($db, $name) = @_;
    return ($db->selectrow_array("SHOW GLOBAL STATUS LIKE '$name'"))[1];
}

# no statement of the service gets past it before it is dropped
sub lock_items {
    my ($socket) = @_;
    my $db = connection_to($socket, database());
    $db->do('LOCK TABLES items WRITE');
    return $db;
}

# ---- replies

# primary or replica: who answered
sub from {
    my ($reply) = @_;
    my $row = ref $reply->{json} eq 'ARRAY' ? $reply->{json}[0] : $reply->{json};
    return "status $reply->{status}" if $reply->{status} != 200;
    return ($row->{name} // 'nobody') =~ s/ \d+\z//r;
}

sub read_item {
    my ($user, @options) = @_;
    return defined $user ? get('/my/items/' . (1 + int rand 9), headers => [bearer($user)], @options)
        : get('/items/' . (1 + int rand 9), @options);
}

sub bearer { my ($user) = @_; our %token; return 'Authorization: Bearer ' . ($token{$user} //= make_token(sub => $user)) }

# a user's write of a row that no read looks at
sub write_item {
    my ($user, @options) = @_;
    return defined $user ? post('/my/items', '{"name":"new"}', headers => [bearer($user)], @options)
        : post('/items', '{"name":"new"}', @options);
}

# the pools are up: of the primary and, if there is one, of the replica
sub at_rest { my ($up, $replicas) = @_;
    return wait_until {
        my $s = status_of();
        $s->{mysql}{up} == $up && $s->{mysql}{busy} == 0 && $s->{mysql}{connecting} == 0
            && (!defined $replicas || $s->{mysql_replica}{up} == $replicas && $s->{mysql_replica}{busy} == 0);
    };
}

# until a read that is nobody's comes from there
sub read_from { my ($where, $seconds) = @_; return wait_until { from(read_item()) eq $where } $seconds // 10 }

sub problem {
    my ($reply, $status, $word) = @_;
    is $reply->{status}, $status, "$WXDrive::in: status $status";
    is $reply->{json}{code}, $word, "$WXDrive::in: $word";
    return;
}

sub lines { my ($pattern) = @_; return grep { /$pattern/ } split /\n/, logs() }

run_tests();

__DATA__

=== TEST 1: reads go to the replica: items, lists, HEAD
--- drive
ok at_rest(1, 1), 'up';
is from(read_item()), 'replica', 'item' for 1 .. 5;
is from(get('/items?limit=3')), 'replica', 'list';
my $before = counter(WXApp::mysql(), 'Com_stmt_execute');
is http('HEAD', '/items/1')->{status}, 200, 'HEAD';
is get('/items/77')->{status}, 404, 'not there';
is counter(WXApp::mysql(), 'Com_stmt_execute') - $before, 0, 'nothing asked of the primary';



=== TEST 2: writes go to the primary, and are what a POST tells
--- drive
ok at_rest(1, 1), 'up';
my $reply = post('/items', '{"name":"new"}');
is $reply->{status}, 201, 'written';
is $reply->{json}{name}, 'new', 'told';
is mysql_value('SELECT name FROM items WHERE id = ?', $reply->{json}{id}), 'new', 'in the primary';
is http('PUT', '/items/2', '{"name":"newer"}')->{json}{name}, 'newer', 'PUT';
is http('DELETE', '/items/3')->{status}, 204, 'DELETE';
is mysql_value('SELECT GROUP_CONCAT(name ORDER BY id) FROM items WHERE id < 4'), 'primary 1,newer', 'in the primary, too';



=== TEST 3: without a replica the primary reads, and status has no replica's numbers
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(1), 'up';
is from(read_item()), 'primary', 'read';
ok !exists status_of()->{mysql_replica}, 'no numbers';



=== TEST 4: a user who wrote reads the primary, another one the replica
--- drive
ok at_rest(1, 1), 'up';
is from(read_item(7)), 'replica', 'before';
is write_item(7)->{status}, 201, 'written';
is from(read_item(7)), 'primary', 'after' for 1 .. 5;
is from(get('/my/items?limit=3', headers => [bearer(7)])), 'primary', 'lists, too';
is from(read_item($_)), 'replica', "user $_" for 8 .. 12;
is from(read_item()), 'replica', 'nobody';



=== TEST 5: an update and a deletion are writes as well
--- drive
ok at_rest(1, 1), 'up';
is http('PUT', '/my/items/9', '{"name":"primary 9"}', headers => [bearer(7)])->{status}, 200, 'PUT';
is from(read_item(7)), 'primary', 'after PUT';
is http('DELETE', '/my/items/77', undef, headers => [bearer(8)])->{status}, 404, 'DELETE of nothing';
is from(read_item(8)), 'primary', 'after DELETE';



=== TEST 6: a body that is refused is no write
--- drive
ok at_rest(1, 1), 'up';
is post('/my/items', '{"no":"such"}', headers => [bearer(7)])->{status}, 422, 'refused';
is from(read_item(7)), 'replica', 'after';



=== TEST 7: without a token it is the client's address that wrote
--- drive
ok at_rest(1, 1), 'up';
is write_item(undef, headers => ['X-Client: 192.0.2.1'])->{status}, 201, 'written';
is from(read_item(undef, headers => ['X-Client: 192.0.2.1'])), 'primary', 'the same client' for 1 .. 3;
is from(read_item(undef, headers => ["X-Client: 192.0.2.$_"])), 'replica', "client $_" for 2 .. 4;



=== TEST 8: a user is the same from another address
--- drive
ok at_rest(1, 1), 'up';
is write_item(7, headers => [bearer(7), 'X-Client: 192.0.2.1'])->{status}, 201, 'written';
is from(read_item(7, headers => [bearer(7), 'X-Client: 192.0.2.2'])), 'primary', 'from elsewhere';
is from(read_item(8, headers => [bearer(8), 'X-Client: 192.0.2.1'])), 'replica', 'another one from there';



=== TEST 9: a write in one worker is known in the other
--- workers: 2
--- drive
ok at_rest(2, 2), 'up';
my %pid;
for my $round (1 .. 40) {
    my $written = write_item(100 + $round);
    my @replies = map { read_item(100 + $round) } 1 .. 3;
    $pid{ $_->{headers}{'x-pid'} }++ for $written, @replies;
    is join(' ', map { from($_) } @replies), 'primary primary primary', "round $round";
    last if keys %pid == 2 && $round >= 10;
}
ok wait_until { $pid{ read_item(101)->{headers}{'x-pid'} }++; keys %pid == 2 }, 'both workers answered';
is from(read_item(101)), 'primary', 'still' for 1 .. 10;



=== TEST 10: after read_after_write, and what a write may take at most, the replica reads again
--- mysql: replica REPLICA; read_after_write 300ms; wait timeout=100ms; timeout query=200ms;
--- drive
ok at_rest(2, 2), 'up';
is write_item(7)->{status}, 201, 'written';
my $wrote = Time::HiRes::time();
ok +(wait_until { from(read_item(7)) eq 'replica' } 5), 'the replica again';
cmp_ok Time::HiRes::time() - $wrote, '>', 0.3, 'not before';
is from(read_item(7)), 'replica', 'and so it stays' for 1 .. 3;



=== TEST 11: read_after_write 0: reads are the replica's at once
--- mysql: replica REPLICA; read_after_write 0;
--- drive
ok at_rest(2, 2), 'up';
replica()->do('STOP SLAVE');
my $reply = write_item(7);
is $reply->{status}, 201, 'written';
is $reply->{json}{name}, 'new', 'and told, though no replica has it';
is http('PUT', '/my/items/9', '{"name":"newer"}', headers => [bearer(7)])->{json}{name}, 'newer', 'the new name';
is from(read_item(7)), 'replica', 'after' for 1 .. 3;



=== TEST 12: the time begins anew with each write
--- mysql: replica REPLICA; read_after_write 600ms; wait timeout=100ms; timeout query=200ms;
--- drive
ok at_rest(2, 2), 'up';
my $end = Time::HiRes::time() + 1.8;
while (Time::HiRes::time() < $end) {
    is write_item(7)->{status}, 201, 'written';
    my $wrote = Time::HiRes::time();
    pause(0.1);
    my $from = from(read_item(7));
    # a machine that stood still may be late
    is $from, 'primary', 'after' if Time::HiRes::time() - $wrote < 0.6;
}



=== TEST 13: a login is a write of the user's
--- config
location = /login { wxapp_login; }
--- drive
ok at_rest(1, 1), 'up';
my $reply = post('/login', { code => fresh_code('ann') });
is $reply->{status}, 200, 'in';
my @h = (headers => ["Authorization: Bearer $reply->{json}{access_token}"]);
is from(get("/my/items/$_", @h)), 'primary', 'reads the primary' for 1 .. 3;
is from(read_item(7)), 'replica', 'another one does not';



=== TEST 14: replicas take turns by their weights, evenly
--- mysql: pool min=1 max=2; replica REPLICA weight=3; replica PRIMARY;
--- drive
ok at_rest(1, 2), 'up';
my @seen = map { from(read_item()) } 1 .. 40;
my %n;
$n{$_}++ for @seen;
is_deeply \%n, { replica => 30, primary => 10 }, 'three to one';
unlike join(' ', @seen), qr/primary primary/, 'not in a row';



=== TEST 15: without weights they take turns
--- mysql: pool min=1 max=2; replica REPLICA; replica PRIMARY;
--- drive
ok at_rest(1, 2), 'up';
my %n;
$n{ from(read_item()) }++ for 1 .. 20;
is_deeply \%n, { replica => 10, primary => 10 }, 'half each';



=== TEST 16: a replica that was never there: the primary reads, one error line
--- mysql: pool min=1 max=2; replica 127.0.0.1:1;
--- drive
ok at_rest(1), 'up';
ok wait_until { lines('cannot connect') }, 'tried';
is from(read_item()), 'primary', 'read' for 1 .. 5;
ok wait_until { status_of('mysql_replica')->{failures} >= 3 }, 'tried again';
is scalar(lines('\[error\].*cannot connect')), 1, 'one line';
is status_of('mysql')->{refused}, 0, 'none is refused';



=== TEST 17: one replica of two is not there: the other has all reads
--- mysql: pool min=1 max=2; replica 127.0.0.1:1 weight=100; replica REPLICA;
--- drive
ok wait_until { lines('cannot connect') }, 'tried';
ok wait_until { status_of('mysql_replica')->{up} == 1 }, 'one is up';
is from(read_item()), 'replica', 'read' for 1 .. 10;



=== TEST 18: a replica dies: no read fails; it comes back: it reads again
--- drive
ok at_rest(1, 1), 'up';
is from(read_item()), 'replica', 'before';
services('kill9', 'replica');
is from(read_item()), 'primary', 'without it' for 1 .. 10;
ok wait_until { lines('\[error\].*cannot connect') }, 'noticed';
is from(read_item()), 'primary', 'still' for 1 .. 5;
services('restart', 'replica');
ok read_from('replica'), 'again';
is from(read_item()), 'replica', 'and so it stays' for 1 .. 5;
is scalar(lines('\[notice\].*mysql \S+replica.sock is back')), 1, 'noted once';



=== TEST 19: a replica dies while it reads: the primary answers that, too
--- mysql: replica REPLICA; pool min=1 max=2; timeout query=5s;
--- drive
ok at_rest(1, 1), 'up';
my $lock = lock_items($ENV{WXAPP_MYSQL_REPLICA_SOCKET});
my @h = map { begin('GET', "/items/$_") } 1 .. 4;
ok wait_until { 2 == grep { defined $_->{Info} && ($_->{State} // '') =~ /lock/i } on_replica() }, 'two read, two wait';
services('kill9', 'replica');
is from(finish($_)), 'primary', 'answered' for @h;



=== TEST 20: reads that hang on a replica end by the timeout, and the statement is killed there
--- mysql: replica REPLICA; pool min=1 max=2; timeout query=300ms;
--- drive
ok at_rest(1, 1), 'up';
my $lock = lock_items($ENV{WXAPP_MYSQL_REPLICA_SOCKET});
my $before = counter(replica(), 'Com_kill');
problem(read_item(), 504, 'database_timeout');
ok wait_until { counter(replica(), 'Com_kill') == $before + 1 }, 'KILL';
ok wait_until { !grep { ($_->{State} // '') =~ /lock/i } on_replica() }, 'none hangs';
is status_of('mysql_replica')->{kills}, 1, 'counted';
is status_of('mysql')->{kills}, 0, 'where it was';
undef $lock;
is from(read_item()), 'replica', 'and then';



=== TEST 21: the primary dies: the replica goes on reading, writes are refused
--- drive
ok at_rest(1, 1), 'up';
services('kill9', 'mysql');
is from(read_item()), 'replica', 'read' for 1 .. 5;
problem(write_item(7), 503, 'database_unavailable') for 1 .. 2;
is from(read_item()), 'replica', 'still';
services('restart', 'mysql');
ok wait_until { write_item(7)->{status} == 201 }, 'writes again';



=== TEST 22: primary and replica die: 503; both come back: all is well
--- drive
ok at_rest(1, 1), 'up';
services('kill9', $_) for qw(mysql replica);
ok wait_until { read_item()->{status} == 503 }, 'none';
problem(read_item(), 503, 'database_unavailable');
services('restart', $_) for qw(mysql replica);
ok read_from('replica'), 'reads';
ok wait_until { write_item()->{status} == 201 }, 'writes';



=== TEST 23: without max_lag a replica that does not replicate goes on reading
--- drive
ok at_rest(1, 1), 'up';
replica()->do('STOP SLAVE');
pause(0.5);
is from(read_item()), 'replica', 'read' for 1 .. 3;



=== TEST 24: with max_lag a replica is used when it has said that it keeps up
--- mysql: pool min=1 max=2; replica REPLICA max_lag=5s;
--- drive
ok read_from('replica', 5), 'reads';
is scalar(lines('\[notice\].*mysql replica \S+ keeps up, reads go to it')), 1, 'noted';
is from(read_item()), 'replica', 'and so it stays' for 1 .. 5;



=== TEST 25: one that stopped replicating is left out, until it replicates again
--- mysql: pool min=1 max=2; replica REPLICA max_lag=5s;
--- drive
ok read_from('replica', 5), 'reads';
replica()->do('STOP SLAVE');
ok read_from('primary', 5), 'left out';
is from(read_item()), 'primary', 'and so it stays' for 1 .. 5;
is scalar(lines('\[notice\].*mysql replica \S+ lags or does not tell')), 1, 'noted';
replica()->do('START SLAVE');
ok read_from('replica', 5), 'reads again';
is status_of('mysql_replica')->{disconnects}, 0, 'on the connection that it had';



=== TEST 26: one that is behind by more than max_lag is left out
--- mysql: pool min=1 max=2; replica REPLICA max_lag=1s;
--- drive
ok read_from('replica', 5), 'reads';
replica()->do('STOP SLAVE');
replica()->do('CHANGE MASTER TO MASTER_DELAY = 3600');
replica()->do('START SLAVE');
mysql_query('UPDATE items SET name = "primary 9" WHERE id = 9');
ok read_from('primary', 8), 'left out';
is +(replica()->selectrow_array('SELECT name FROM items WHERE id = 9'))[0], 'replica 9', 'it is behind';
replica()->do('STOP SLAVE');
replica()->do('CHANGE MASTER TO MASTER_DELAY = 0');
replica()->do('START SLAVE');
ok read_from('replica', 8), 'reads again';



=== TEST 27: one that is behind by less than max_lag reads
--- mysql: pool min=1 max=2; replica REPLICA max_lag=1h;
--- drive
replica()->do('STOP SLAVE');
replica()->do('CHANGE MASTER TO MASTER_DELAY = 3600');
replica()->do('START SLAVE');
mysql_query('UPDATE items SET name = "primary 9" WHERE id = 9');
ok read_from('replica', 5), 'reads';
pause(1);
is from(read_item()), 'replica', 'and so it stays' for 1 .. 5;



=== TEST 28: an account that may not ask for the lag has no replica, and the log says why
--- mysql: pool min=1 max=2; replica REPLICA max_lag=5s;
--- user: wxapp_late
--- drive
pause(1);
ok at_rest(1), 'up';
is from(read_item()), 'primary', 'read' for 1 .. 5;
ok at_rest(1, 1), 'it is up';
ok wait_until { lines('mysql replica \S+ lags or does not tell.*(?:SLAVE|REPLICA) MONITOR') }, 'why';
--- init
# the same password, without REPLICA MONITOR; other sessions are not looked at
my ($hash) = main::mysql_value(q{SELECT authentication_string FROM mysql.user WHERE user = 'wxapp' LIMIT 1});
for my $db (WXApp::mysql(), main::replica()) {
    $db->do('SET SESSION sql_log_bin = 0');
    $db->do("CREATE OR REPLACE USER wxapp_late\@localhost IDENTIFIED BY PASSWORD '$hash'");
    $db->do('GRANT SELECT, INSERT, UPDATE, DELETE ON `' . main::database() . '`.* TO wxapp_late@localhost');
    $db->do('SET SESSION sql_log_bin = 1');
}



=== TEST 29: each server has a pool of its own, counted apart
--- mysql: pool min=2 max=4; replica REPLICA; replica PRIMARY;
--- drive
ok at_rest(2, 4), 'two each';
is scalar(on_primary()), 4, 'at the primary, twice';
is scalar(on_replica()), 2, 'at the replica';
read_item() for 1 .. 6;
my $s = status_of();
is $s->{mysql_replica}{queries}, 6, 'queries of the replicas';
is $s->{mysql}{queries}, 0, 'of the primary';
write_item();
cmp_ok status_of('mysql')->{queries}, '>=', 1, 'and a write';



=== TEST 30: when the replica's line is full, 503, while the primary is idle
--- mysql: pool min=1 max=1; replica REPLICA; wait queue=1 timeout=5s; timeout query=5s;
--- drive
ok at_rest(1, 1), 'up';
my $lock = lock_items($ENV{WXAPP_MYSQL_REPLICA_SOCKET});
my @h = map { begin('GET', "/items/$_") } 1, 2;
ok wait_until { status_of('mysql_replica')->{waiting} == 1 }, 'one reads, one waits';
problem(get('/items/3'), 503, 'overloaded');
is write_item()->{status}, 201, 'writes go on';
undef $lock;
is from(finish($_)), 'replica', 'and then' for @h;



=== TEST 31: a reload closes the old worker's connections to the replica
--- workers: 1
--- mysql: pool min=2 max=2; replica REPLICA;
--- drive
ok at_rest(2, 2), 'up';
my %old = map { $_->{Id} => 1 } on_replica();
signal_nginx('HUP');
ok wait_until { my @s = on_replica(); @s == 2 && !grep { $old{ $_->{Id} } } @s }, 'others';
is from(read_item()), 'replica', 'read';
ok +(wait_until { scalar(worker_pids()) == 1 }), 'the old one is gone';



=== TEST 32: QUIT while reads of a replica run: they are answered, and nothing is left open
--- workers: 1
--- mysql: pool min=2 max=2; replica REPLICA; timeout query=8s; wait timeout=8s;
--- drive
ok at_rest(2, 2), 'up';
my ($worker) = worker_pids();
my $lock = lock_items($ENV{WXAPP_MYSQL_REPLICA_SOCKET});
my @h = map { begin('GET', "/items/$_") } 1 .. 4;
ok wait_until { status_of('mysql_replica')->{waiting} == 2 }, 'two read, two wait';
signal_nginx('QUIT');
ok wait_until { logs() =~ /gracefully shutting down/ }, 'told';
undef $lock;
is from(finish($_)), 'replica', 'answered' for @h;
ok wait_until { !kill 0, $worker }, 'gone';
ok wait_until { !on_replica() && !on_primary() }, 'no connection is left';
ok logs() !~ qr/open socket/, 'nothing was left open';



=== TEST 33: the first primary is not there: the second one is, for reads and writes
--- primary: 127.0.0.1:1; primary PRIMARY
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(1), 'up';
ok wait_until { lines('mysql turns to unix:') }, 'noted';
is from(read_item()), 'primary', 'read';
is write_item()->{status}, 201, 'written';



=== TEST 34: the first primary is read-only: it is not connected to
--- primary: REPLICA; primary PRIMARY
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(1), 'up';
is from(read_item()), 'primary', 'read';
is write_item()->{status}, 201, 'written';
is mysql_value('SELECT COUNT(*) FROM items'), 10, 'there';
is scalar(on_replica()), 0, 'no session';
is scalar(lines('\[error\].*cannot connect: 1290 "the server is read-only"')), 1, 'one line';



=== TEST 35: the primary turns read-only: the statement goes to the second one, and all that follow
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=2 max=2;
--- drive
ok at_rest(2), 'up';
is from(read_item()), 'primary', 'before';
replica()->do('STOP SLAVE');
mysql_query('SET GLOBAL read_only = 1');
replica()->do('SET GLOBAL read_only = 0');
is write_item()->{status}, 201, "write $_" for 1 .. 3;
is from(read_item()), 'replica', 'reads, too' for 1 .. 3;
is mysql_value('SELECT COUNT(*) FROM items'), 9, 'nothing in the old one';
is +(replica()->selectrow_array('SELECT COUNT(*) FROM items'))[0], 12, 'all in the new one';
is scalar(lines('\[notice\].*mysql turns to')), 1, 'noted once';
ok wait_until { !on_primary() }, 'the old one has no session';



=== TEST 36: many statements at once when it turns read-only: none is lost, none is done twice
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=2 max=4;
--- drive
ok at_rest(2), 'up';
replica()->do('STOP SLAVE');
my @h = map { begin('POST', '/items', qq({"name":"new $_"})) } 1 .. 12;
replica()->do('SET GLOBAL read_only = 0');
mysql_query('SET GLOBAL read_only = 1');
push @h, map { begin('POST', '/items', qq({"name":"new $_"})) } 13 .. 24;
my %seen;
$seen{ finish($_)->{status} }++ for @h;
is_deeply \%seen, { 201 => 24 }, 'all are answered';
my @names = map { @{ $_->selectcol_arrayref('SELECT name FROM items WHERE name LIKE "new %"') } } WXApp::mysql(), replica();
is join(' ', sort @names), join(' ', sort map { "new $_" } 1 .. 24), 'each is in one of them, once';



=== TEST 37: the primary dies: the second one takes over, and keeps its place when the first is back
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=2 max=2;
--- drive
ok at_rest(2), 'up';
is from(read_item()), 'primary', 'before';
replica()->do('STOP SLAVE');
replica()->do('SET GLOBAL read_only = 0');
services('kill9', 'mysql');
ok read_from('replica', 5), 'reads';
is write_item()->{status}, 201, 'writes';
services('restart', 'mysql');
is from(read_item()), 'replica', 'and so it stays' for 1 .. 5;
is scalar(lines('mysql turns to')), 1, 'noted once';



=== TEST 38: both primaries are read-only: 503; one is writable again: all is well
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(1), 'up';
mysql_query('SET GLOBAL read_only = 1');
my $reply = write_item();
is $reply->{status}, 503, 'no write';
ok wait_until { read_item()->{status} == 503 }, 'no read, either';
problem(write_item(), 503, 'database_unavailable');
mysql_query('SET GLOBAL read_only = 0');
ok wait_until { write_item()->{status} == 201 }, 'writes';
is from(read_item()), 'primary', 'reads';



=== TEST 39: with a replica reads go on while there is no primary that takes writes
--- primary: 127.0.0.1:1; primary REPLICA
--- drive
ok wait_until { status_of('mysql_replica')->{up} }, 'the replica is up';
ok wait_until { lines('the server is read-only') }, 'found out';
is from(read_item()), 'replica', 'read' for 1 .. 3;
problem(write_item(7), 503, 'database_unavailable');



=== TEST 40: with one primary a read-only one reads, and writes are refused
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(1), 'up';
mysql_query('SET GLOBAL read_only = 1');
is from(read_item()), 'primary', 'read';
problem(write_item(), 503, 'read_only');
is from(read_item()), 'primary', 'still';
is status_of('mysql')->{disconnects}, 0, 'on the same connection';



=== TEST 41: the workers fail over each by itself
--- workers: 2
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=1 max=2;
--- drive
ok at_rest(2), 'up';
replica()->do('STOP SLAVE');
replica()->do('SET GLOBAL read_only = 0');
mysql_query('SET GLOBAL read_only = 1');
my %pid;
ok wait_until { my $r = write_item(); is $r->{status}, 201, 'written'; $pid{ $r->{headers}{'x-pid'} }++; keys %pid == 2 }, 'both wrote';
is mysql_value('SELECT COUNT(*) FROM items'), 9, 'nothing in the old one';



=== TEST 42: connections are renewed after their lifetime, and no request is hurt
--- mysql: pool min=2 max=2 lifetime=1s;
--- drive
ok at_rest(2), 'up';
my %old = map { $_->{Id} => 1 } on_primary();
my $bad = 0;
ok wait_until {
    $bad++ if from(read_item()) ne 'primary';
    my @s = on_primary();
    @s == 2 && !grep { $old{ $_->{Id} } } @s;
}, 'all are new';
is $bad, 0, 'every read was answered';
is status_of('mysql')->{disconnects}, 0, 'closed by us';
is status_of('mysql')->{up}, 2, 'as many as before';



=== TEST 43: a connection with a query outlives its lifetime
--- mysql: pool min=1 max=1 lifetime=1s; timeout query=8s;
--- drive
ok at_rest(1), 'up';
my ($id) = map { $_->{Id} } on_primary();
my $lock = lock_items($ENV{WXAPP_MYSQL_SOCKET});
my $h = begin('GET', '/items/1');
ok wait_until { grep { ($_->{State} // '') =~ /lock/i } on_primary() }, 'under way';
pause(1) for 1 .. 2;
is +(on_primary())[0]{Id}, $id, 'the same connection';
undef $lock;
is from(finish($h)), 'primary', 'answered';
ok wait_until { my ($s) = on_primary(); $s && $s->{Id} != $id }, 'then it is renewed';



=== TEST 44: a lifetime that is far away renews nothing
--- mysql: pool min=2 max=2 lifetime=1h;
--- drive
ok at_rest(2), 'up';
my $ids = join ' ', sort map { $_->{Id} } on_primary();
pause(1);
pause(0.5);
is join(' ', sort map { $_->{Id} } on_primary()), $ids, 'the same connections';



=== TEST 45: a query that takes too long is killed on the server
--- mysql: pool min=2 max=2; timeout query=300ms;
--- drive
ok at_rest(2), 'up';
my $before = counter(WXApp::mysql(), 'Com_kill');
my $lock = lock_items($ENV{WXAPP_MYSQL_SOCKET});
problem(read_item(), 504, 'database_timeout');
ok wait_until { counter(WXApp::mysql(), 'Com_kill') == $before + 1 }, 'KILL';
ok +(wait_until { !grep { ($_->{State} // '') =~ /lock/i } on_primary() } 2), 'gone while the lock is there';
is status_of('mysql')->{kills}, 1, 'counted';
is status_of('mysql')->{timeouts}, 1, 'as one timeout';
undef $lock;
is from(read_item()), 'primary', 'and then';



=== TEST 46: the only connection times out: a new one kills its query
--- mysql: pool min=1 max=1; timeout query=300ms;
--- drive
ok at_rest(1), 'up';
my $before = counter(WXApp::mysql(), 'Com_kill');
my $lock = lock_items($ENV{WXAPP_MYSQL_SOCKET});
problem(read_item(), 504, 'database_timeout');
ok wait_until { counter(WXApp::mysql(), 'Com_kill') == $before + 1 }, 'KILL';
undef $lock;
ok at_rest(1), 'one connection';
is from(read_item()), 'primary', 'and then';



=== TEST 47: a write that is killed is not done
--- mysql: pool min=2 max=2; timeout query=300ms;
--- drive
ok at_rest(2), 'up';
my $lock = lock_items($ENV{WXAPP_MYSQL_SOCKET});
problem(write_item(), 504, 'database_timeout');
ok wait_until { !grep { ($_->{State} // '') =~ /lock/i } on_primary() }, 'gone while the lock is there';
undef $lock;
is mysql_value('SELECT COUNT(*) FROM items'), 9, 'no row';



=== TEST 48: a query that the client left is not killed before its time, and its connection is used again
--- mysql: pool min=1 max=1; timeout query=5s;
--- drive
ok at_rest(1), 'up';
my ($id) = map { $_->{Id} } on_primary();
my $lock = lock_items($ENV{WXAPP_MYSQL_SOCKET});
my $h = begin('GET', '/items/1');
ok wait_until { grep { ($_->{State} // '') =~ /lock/i } on_primary() }, 'under way';
abandon($h);
undef $lock;
is from(read_item()), 'primary', 'next';
is +(on_primary())[0]{Id}, $id, 'on the same connection';
is status_of('mysql')->{kills}, 0, 'nothing was killed';



=== TEST 49: an account by ed25519
--- mysql: pool min=1 max=2; replica REPLICA;
--- user: wxapp_ed
--- init
# read here, so that the password stands nowhere else
my $password = WXApp::slurp($ENV{WXAPP_MYSQL_PASSWORD_FILE});
for my $db (WXApp::mysql(), main::replica()) {
    eval { $db->do('INSTALL SONAME "auth_ed25519"') };
    $db->do('SET SESSION sql_log_bin = 0');
    $db->do("CREATE OR REPLACE USER wxapp_ed\@localhost IDENTIFIED VIA ed25519 USING PASSWORD('$password')");
    $db->do('GRANT SELECT, INSERT, UPDATE, DELETE ON `' . main::database() . '`.* TO wxapp_ed@localhost');
    $db->do('SET SESSION sql_log_bin = 1');
}
--- drive
ok at_rest(1, 1), 'up';
is from(read_item()), 'replica', 'read';
is write_item()->{status}, 201, 'written';
is mysql_value('SELECT plugin FROM mysql.user WHERE user = "wxapp_ed"'), 'ed25519', 'by it';



=== TEST 50: ed25519 with a wrong password: 503
--- mysql: pool min=1 max=2;
--- user: wxapp_ed
--- password eval: $ENV{WXAPP_JWT_KEY_FILE}
--- init
eval { WXApp::mysql()->do('INSTALL SONAME "auth_ed25519"') };
WXApp::mysql()->do(q{CREATE OR REPLACE USER wxapp_ed@localhost IDENTIFIED VIA ed25519 USING PASSWORD('another')});
--- drive
ok wait_until { lines('\[error\].*cannot connect: 1(?:045|698)') }, 'refused';
problem(read_item(), 503, 'database_unavailable');



=== TEST 51: wxapp_query: what reads goes to the replica, what writes or locks to the primary
--- config
location = /read  { wxapp_query "SELECT name FROM items WHERE id = 1" one; }
location = /with  { wxapp_query "WITH i AS (SELECT name FROM items WHERE id = 1) SELECT name FROM i" one; }
location = /lock  { wxapp_query "SELECT name FROM items WHERE id = 1 FOR UPDATE" one; }
location = /share { wxapp_query "SELECT name FROM items WHERE id = 1 LOCK IN SHARE MODE" one; }
location = /write { wxapp_query "UPDATE items SET name = 'primary 2' WHERE id = 2"; }
--- drive
ok at_rest(1, 1), 'up';
is from(get("/$_")), 'replica', $_ for qw(read with);
is from(post('/read', '{}')), 'replica', 'by POST';
is from(post("/$_", '{}', headers => ["X-Client: 192.0.2.9"])), 'primary', $_ for qw(lock share);
is from(get('/read')), 'replica', 'another client wrote';
is post('/write', '{}')->{status}, 204, 'written';
is mysql_value('SELECT name FROM items WHERE id = 2'), 'primary 2', 'in the primary';
is from(get('/read')), 'primary', 'after the write';



=== TEST 52: wxapp_transaction: one that is read_only may be on the replica, any other is on the primary
--- config
location = /read  { wxapp_transaction read_only { query "SELECT name FROM items WHERE id = 1" one as=first;
                                                  query "SELECT name FROM items WHERE id = 2" one as=second; } }
location = /write { wxapp_transaction { exec "UPDATE items SET name = 'primary 9' WHERE id = 9";
                                        query "SELECT name FROM items WHERE id = 9" one; } }
--- drive
ok at_rest(1, 1), 'up';
is_deeply get('/read')->{json}, { first => { name => 'replica 1' }, second => { name => 'replica 2' } }, 'replica';
is from(post('/write', '{}')), 'primary', 'primary';
is_deeply get('/read')->{json}, { first => { name => 'primary 1' }, second => { name => 'primary 2' } }, 'after the write';



=== TEST 53: a transaction that takes longer than all the times is a write until its end
--- mysql: replica REPLICA; read_after_write 300ms; wait timeout=100ms; timeout query=500ms;
--- config
location = /long { wxapp_transaction { exec "UPDATE items SET name = 'primary 9' WHERE id = 9";
    exec "DO SLEEP(0.4)"; exec "DO SLEEP(0.4)"; exec "DO SLEEP(0.4)"; exec "DO SLEEP(0.4)"; } }
--- drive
ok at_rest(2, 2), 'up';
is post('/long', '{}')->{status}, 204, 'done';
my $done = Time::HiRes::time();
my $from = from(read_item());
is $from, 'primary', 'and read' if Time::HiRes::time() - $done < 0.25;



=== TEST 54: a read_only transaction whose replica dies begins again on the primary
--- mysql: replica REPLICA; pool min=1 max=2; timeout query=5s;
--- config
location = /read { wxapp_transaction read_only { query "SELECT 1"; query "SELECT name FROM items WHERE id = 1" one; } }
--- drive
ok at_rest(1, 1), 'up';
my $lock = lock_items($ENV{WXAPP_MYSQL_REPLICA_SOCKET});
my $h = begin('GET', '/read');
ok wait_until { grep { ($_->{State} // '') =~ /lock/i } on_replica() }, 'under way';
services('kill9', 'replica');
is from(finish($h)), 'primary', 'answered';



=== TEST 55: a transaction when the primary turns read-only: 503 and nothing is done, then the second one has it
--- primary: PRIMARY; primary REPLICA
--- mysql: pool min=1 max=2;
--- config
location = /write { wxapp_transaction { exec "UPDATE items SET name = 'new 9' WHERE id = 9";
                                        query "SELECT name FROM items WHERE id = 9" one; } }
--- drive
ok at_rest(1), 'up';
replica()->do('STOP SLAVE');
replica()->do('SET GLOBAL read_only = 0');
mysql_query('SET GLOBAL read_only = 1');
problem(post('/write', '{}'), 503, 'read_only');
ok wait_until { from(post('/write', '{}')) eq 'new' }, 'written';
is mysql_value('SELECT name FROM items WHERE id = 9'), 'primary 9', 'not in the old one';
is +(replica()->selectrow_array('SELECT name FROM items WHERE id = 9'))[0], 'new 9', 'in the new one';



=== TEST 56: a statement of a transaction that takes too long is killed, and all is rolled back
--- mysql: pool min=2 max=2; timeout query=300ms;
--- config
location = /write { wxapp_transaction { exec "UPDATE items SET name = 'new 9' WHERE id = 9"; exec "DO SLEEP(5)"; } }
--- drive
ok at_rest(2), 'up';
problem(post('/write', '{}'), 504, 'database_timeout');
ok +(wait_until { !grep { ($_->{Info} // '') =~ /SLEEP/ } on_primary() } 3), 'gone from the server';
is status_of('mysql')->{kills}, 1, 'killed';
is mysql_value('SELECT name FROM items WHERE id = 9'), 'primary 9', 'rolled back';
ok at_rest(2), 'two connections again';



=== TEST 57: a procedure is called on the primary
--- init
WXApp::mysql()->do('CREATE OR REPLACE PROCEDURE get_item(i INT) SELECT name FROM items WHERE id = i');
--- config
location = /call { wxapp_query "CALL get_item(?)" 1 one; }
--- drive
ok at_rest(1, 1), 'up';
is from(post('/call', '{}')), 'primary', 'called';
is from(read_item()), 'primary', 'it may have written';



=== TEST 58: replica without an address
--- mysql: replica;
--- emerg: invalid number of arguments in "replica" directive



=== TEST 59: replica without a host
--- mysql: replica :3306;
--- emerg: no host in "replica :3306"



=== TEST 60: replica with a port out of range
--- mysql: replica 127.0.0.1:99999;
--- emerg: invalid port in "replica 127.0.0.1:99999"



=== TEST 61: replica that is a unix socket without a path
--- mysql: replica unix:;
--- emerg: no path in the unix domain socket in "replica unix:"



=== TEST 62: replica with a weight of 0
--- mysql: replica 127.0.0.1 weight=0;
--- emerg: "weight" must be between 1 and 1000



=== TEST 63: replica with a weight that is no number
--- mysql: replica 127.0.0.1 weight=x;
--- emerg: invalid value in "weight=x"



=== TEST 64: replica with a weight twice
--- mysql: replica 127.0.0.1 weight=1 weight=2;
--- emerg: duplicate parameter "weight"



=== TEST 65: replica with a lag that is too short
--- mysql: replica 127.0.0.1 max_lag=999ms;
--- emerg: "max_lag" must be between 1000ms and 86400000ms



=== TEST 66: replica with a lag that is no time
--- mysql: replica 127.0.0.1 max_lag=q;
--- emerg: invalid value in "max_lag=q"



=== TEST 67: replica with a parameter that is misspelt
--- mysql: replica 127.0.0.1 weigth=2;
--- emerg: unknown parameter "weigth", did you mean "weight"?



=== TEST 68: replica with a parameter without a name
--- mysql: replica 127.0.0.1 3306;
--- emerg: invalid parameter "3306", it must be name=value



=== TEST 69: replica with too many parameters
--- mysql: replica 127.0.0.1 weight=1 max_lag=1s weight=2;
--- emerg: invalid number of arguments in "replica" directive



=== TEST 70: read_after_write without a time
--- mysql: read_after_write;
--- emerg: invalid number of arguments in "read_after_write" directive



=== TEST 71: read_after_write with a word
--- mysql: read_after_write soon;
--- emerg: "read_after_write" must be a time of at most one day



=== TEST 72: read_after_write of more than a day
--- mysql: read_after_write 25h;
--- emerg: "read_after_write" must be a time of at most one day



=== TEST 73: read_after_write twice
--- mysql: read_after_write 1s; read_after_write 2s;
--- emerg: "read_after_write" directive is duplicate



=== TEST 74: a lifetime that is too short
--- mysql: pool lifetime=999ms;
--- emerg: "lifetime" must be between 1000ms and 604800000ms



=== TEST 75: a lifetime that is too long
--- mysql: pool lifetime=8d;
--- emerg: "lifetime" must be between 1000ms and 604800000ms



=== TEST 76: a lifetime that is no time
--- mysql: pool lifetime=x;
--- emerg: invalid value in "lifetime=x"



=== TEST 77: a second primary without a host
--- mysql: primary :3307;
--- emerg: no host in "primary :3307"



=== TEST 78: replica misspelt
--- mysql: replicas 127.0.0.1;
--- emerg: unknown directive "replicas", did you mean "replica"?



=== TEST 79: what is allowed: an IPv6 address, the same replica twice, the largest numbers
--- mysql: replica [::1]:1 weight=1000 max_lag=1d; replica REPLICA; replica REPLICA; read_after_write 1d; pool lifetime=7d;
--- drive
ok wait_until { status_of('mysql_replica')->{up} == 4 }, 'two of the three are up';
is from(read_item()), 'replica', 'read';
