# wxapp_transaction on a real MariaDB, whose rows these blocks lock, whose settings they change and whose
# connections they cut: this file starts its own.
#
# Every block begins with five rows in `item`, one in `gate`, and empty `log` and `ledger`. Sections:
#   drive     see WXDrive; is_reply, is_problem, rows_of, told, close_gate, at_gate and open_gate are below
#   mysql     more lines for wxapp_mysql {}       server    another primary
#   global    NAME=VALUE: a setting of the server while the block runs
#   more      more text in http {}                refused   nginx does not start, and says this

use lib 't/lib';
use WXServices;
use WXApp;
use WXDrive;
use DBI;
use Test::More;

no_long_string();
no_shuffle();
plan 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    if (!defined $block->http_config) {
        my $text = wxapp_http(app => undef, redis => undef, 'mysql+' => $block->mysql // 'pool min=2 max=8;', extra => scalar $block->more);
        my $server = $block->server;
        $text =~ s/\bprimary(\s+)\S+;/primary$1$server;/ if defined $server;
        $block->set_value(http_config => $text);
    }
    if (defined $block->refused) {
        $block->set_value(must_die => '');
        $block->set_value(suppress_stderr => '');
        $block->set_value(error_log => "[emerg]\n" . $block->refused);
        return;
    }
    prepare();
    for (split ' ', $block->global // '') {
        my ($name, $value) = split /=/;
        our %changed;
        $changed{$name} //= mysql_value("SELECT \@\@GLOBAL.$name");
        mysql_query("SET GLOBAL $name = $value");
    }
});

sub prepare {
    our (%changed, $gate, $made);
    open_gate() if $gate;
    mysql_query("SET GLOBAL $_ = $changed{$_}") for keys %changed;
    %changed = ();
    $made //= do {
        mysql_query($_) for
            q{CREATE TABLE item (id BIGINT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, n BIGINT NULL, price DECIMAL(40,20) NOT NULL,
                stock INT NOT NULL, made DATETIME(6) NOT NULL, raw VARBINARY(10) NULL, data JSON NULL, big BIGINT UNSIGNED NULL,
                CHECK (stock >= 0)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4},
            q{CREATE TABLE log (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) NULL, item BIGINT NULL,
                FOREIGN KEY (item) REFERENCES item (id)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4},
            q{CREATE TABLE ledger (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, amount DECIMAL(40,20) NULL, n BIGINT NULL, big BIGINT UNSIGNED NULL,
                made DATETIME(6) NULL, raw VARBINARY(10) NULL, data JSON NULL, name VARCHAR(20) NULL) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4},
            q{CREATE TABLE gate (id INT PRIMARY KEY) ENGINE = InnoDB},
            q{CREATE PROCEDURE silent (IN a VARCHAR(20)) BEGIN INSERT INTO log (what) VALUES (a); END},
            q{CREATE PROCEDURE two (IN a INT) BEGIN INSERT INTO log (what) VALUES ('two'); SELECT id, name FROM item WHERE id <= a; SELECT a AS given; END},
            q{CREATE PROCEDURE refuse () BEGIN INSERT INTO log (what) VALUES ('before'); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'; END};
        1;
    };
    mysql_query("DELETE FROM $_") for qw(log ledger item gate);
    mysql_query("ALTER TABLE $_ AUTO_INCREMENT = 1") for qw(log ledger);
    mysql_query('INSERT INTO gate VALUES (1)');
    mysql_query(q{INSERT INTO item VALUES
        (1, 'one', 9007199254740993, 12345678901234567890.12345678901234567890, 10, '2026-01-02 03:04:05.678901', X'00FF61', '{"a": 1}', 18446744073709551615),
        (2, 'two', 2, 0.1, 10, '2026-01-02 03:04:05', NULL, NULL, NULL), (3, 'three', NULL, 3, 1, '2026-01-02 03:04:05', NULL, NULL, NULL),
        (4, 'four', 4, 4, 0, '2026-01-02 03:04:05', NULL, NULL, NULL), (5, 'five', 5, 5, 5, '2026-01-02 03:04:05', NULL, NULL, NULL)});
    return;
}

# another session of the admin's
sub admin {
    return DBI->connect('DBI:MariaDB:database=' . database() . ";mariadb_socket=$ENV{WXAPP_MYSQL_SOCKET}",
                        $ENV{WXAPP_MYSQL_ADMIN}, undef, { RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 });
}

# a step that reads the row of `gate` with a lock waits there until the gate is opened
sub close_gate { our $gate = admin(); $gate->begin_work; $gate->do('SELECT * FROM gate FOR UPDATE'); return }
sub open_gate  { our $gate; $gate->rollback; $gate->disconnect; undef $gate; return }

# the transactions of InnoDB as text (information_schema.innodb_trx is only fresh for who rarely looks)
sub transactions {
    my $text = (mysql_query('SHOW ENGINE INNODB STATUS'))[0]{Status};
    return grep { /^\S+, ACTIVE/ } split /^---TRANSACTION /m, $text;
}

# whether so many of them wait for the lock of a row
sub at_gate { my ($n) = @_; return wait_until { scalar(grep { /^LOCK WAIT/m } transactions()) == $n } }

sub rows_of { return scalar mysql_value("SELECT COUNT(*) FROM $_[0]") }

# what the log has
sub told { return scalar mysql_value('SELECT GROUP_CONCAT(what ORDER BY id) FROM log') // '' }

sub again { return scalar(() = logs() =~ /the transaction starts again/g) }

sub is_reply {
    my ($reply, $status, $body) = @_;
    is $reply->{status}, $status, "$WXDrive::in: status $status" or diag $reply->{body};
    return if !defined $body;
    is $reply->{body}, $body, "$WXDrive::in: body " . substr $body =~ s/[^ -~]/?/gr, 0, 60;
    is $reply->{headers}{'content-type'}, (length $body ? 'application/json' : undef), "$WXDrive::in: its type";
    return;
}

sub is_problem {
    my ($reply, $status, $word, $message) = @_;
    is $reply->{status}, $status, "$WXDrive::in: status $status" or diag $reply->{body};
    is $reply->{json}{code}, $word, "$WXDrive::in: $word";
    is $reply->{headers}{'content-type'}, 'application/problem+json', "$WXDrive::in: a problem";
    is $reply->{json}{message}, $message, "$WXDrive::in: its message" if defined $message;
    like $reply->{headers}{'retry-after'} // '', qr/^[1-9]\d*$/, "$WXDrive::in: Retry-After" if $status > 501;
    unlike $reply->{body}, qr/item|SELECT|INSERT|wxapp_\d|mysql|maria/, "$WXDrive::in: tells nothing of the database";
    return;
}

# all connections are back, none with a transaction open
sub at_rest {
    my $what = "$WXDrive::in: all connections are back";
    ok wait_until { my $m = status_of('mysql'); $m->{busy} == 0 && $m->{waiting} == 0 }, $what;
    ok wait_until { transactions() == 0 }, "$what, no transaction is open";
    return;
}

database();
run_tests();

__DATA__

=== TEST 1: an order: take from the stock, write it down, tell it
--- config
location = /order {
    wxapp_transaction {
        exec  "UPDATE item SET stock = stock - 1 WHERE id = ? AND stock >= 1" $arg_id rows=1 else=409:out_of_stock;
        exec  "INSERT INTO log (what, item) VALUES ('order', ?)" $arg_id;
        query "SELECT id, what, item FROM log WHERE id = LAST_INSERT_ID()" one;
        status 201;
    }
}
--- drive
is_reply(post('/order?id=3'), 201, '{"id":1,"what":"order","item":3}');
is_problem(post('/order?id=3'), 409, 'out_of_stock');
is_problem(post('/order?id=99'), 409, 'out_of_stock');
is mysql_value('SELECT stock FROM item WHERE id = 3'), 0, 'taken once';
is told(), 'order', 'written once';
at_rest();



=== TEST 2: a missed guard undoes the steps before it
--- config
location = /t {
    wxapp_transaction {
        exec "INSERT INTO log (what) VALUES ('first')";
        exec "UPDATE item SET n = 7 WHERE id = 2";
        exec "DELETE FROM item WHERE id = ?" $arg_id rows=1;
        exec "INSERT INTO log (what) VALUES ('last')";
    }
}
--- drive
is_problem(post('/t?id=9'), 409, 'conflict', 'the rows are not as this needs them');
is told(), '', 'nothing is written';
is mysql_value('SELECT n FROM item WHERE id = 2'), 2, 'nothing is changed';
is_reply(post('/t?id=5'), 204, '');
is told(), 'first,last', 'now it is';
is mysql_value('SELECT n FROM item WHERE id = 2'), 7, 'all of it';
at_rest();



=== TEST 3: an error undoes the steps before it, too
--- config
location = /t {
    wxapp_transaction {
        exec "INSERT INTO log (what) VALUES ('first')";
        exec "UPDATE item SET name = 'one' WHERE id = ?" $arg_id;
    }
}
--- drive
is_problem(post('/t?id=2'), 409, 'duplicate');
is told(), '', 'nothing is written';
is_reply(post('/t?id=1'), 204, '');
is told(), 'first', 'now it is';
at_rest();



=== TEST 4: without a query the answer is 204, status changes it
--- config
location = /a { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('a')"; } }
location = /b { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('b')"; status 202; } }
--- drive
is_reply(post('/a'), 204, '');
is_reply(post('/b'), 202, '');
is told(), 'a,b', 'done';



=== TEST 5: the answer is the result of the last query
--- config
location = /list {
    wxapp_transaction {
        query "SELECT id FROM item WHERE id = 1" one;
        query "SELECT id FROM item WHERE id <= 2 ORDER BY id";
        exec  "INSERT INTO log (what) VALUES ('x')";
    }
}
location = /value { wxapp_transaction { query "SELECT 1 AS a"; query "SELECT COUNT(*) FROM item" value; } }
location = /none  { wxapp_transaction { query "SELECT 1 AS a"; query "SELECT COUNT(*) FROM item" none; } }
location = /sets  { wxapp_transaction { query "CALL two(1)" sets; } }
--- drive
is_reply(post('/list'), 200, '[{"id":1},{"id":2}]');
is_reply(post('/value'), 200, '5');
is_reply(post('/none'), 204, '');
is_reply(post('/sets'), 200, '[[{"id":1,"name":"one"}],[{"given":1}]]');
is told(), 'x,two', 'done';



=== TEST 6: queries with as= make an object of their results
--- config
location = /t {
    wxapp_transaction {
        query "SELECT id, name FROM item WHERE id = 1" one as=item;
        query "SELECT id FROM item WHERE id > 3 ORDER BY id" list as=others;
        query "SELECT COUNT(*) FROM item" value as=count;
        query "SELECT id FROM log" as=empty;
        query "SELECT 'not told'";
        query "CALL two(1)" sets as=sets;
        exec  "INSERT INTO log (what) VALUES ('x')";
        query "SELECT NULL" value as=nil;
    }
}
--- drive
is_reply(post('/t'), 200, '{"item":{"id":1,"name":"one"},"others":[{"id":4},{"id":5}],"count":5,"empty":[],'
    . '"sets":[[{"id":1,"name":"one"}],[{"given":1}]],"nil":null}');
is told(), 'two,x', 'done';



=== TEST 7: the names of as= may be any word
--- config
location = /t {
    wxapp_transaction {
        query "SELECT 1" value as=a-b.c;
        query "SELECT 2" value "as=with \"quotes\"";
    }
}
--- drive
is_reply(post('/t'), 200, '{"a-b.c":1,"with \"quotes\"":2}');



=== TEST 8: one and value without a row are 404, and nothing is done
--- config
location = /one   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; query "SELECT id FROM item WHERE id = ?" $arg_id one; } }
location = /value { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; query "SELECT n FROM item WHERE id = ?" $arg_id value; } }
location = /first { wxapp_transaction { query "SELECT n FROM item WHERE id = ?" $arg_id one else=410; exec "INSERT INTO log (what) VALUES ('x')"; } }
--- drive
is_problem(post("/$_?id=9"), 404, 'not_found', 'there is no such row') for qw(one value);
is_problem(post('/first?id=9'), 410, 'gone');
is told(), '', 'nothing';
is_reply(post('/one?id=1'), 200, '{"id":1}');
is_reply(post('/value?id=3'), 200, 'null');
is_reply(post('/first?id=2'), 200, '{"n":2}');
is told(), 'x,x,x', 'done';
at_rest();



=== TEST 9: guards of exec: a number exactly, or at least
--- config
location = /exact { wxapp_transaction { exec "UPDATE item SET n = 0 WHERE id <= ?" $arg_id rows=2; } }
location = /more  { wxapp_transaction { exec "UPDATE item SET n = 1 WHERE id <= ?" $arg_id rows=2+ else=400:too_few; } }
location = /zero  { wxapp_transaction { exec "UPDATE item SET n = 2 WHERE id <= ?" $arg_id rows=0 else=403; } }
--- drive
is_problem(post("/exact?id=$_"), 409, 'conflict') for 1, 3;
is_reply(post('/exact?id=2'), 204, '');
is_problem(post('/more?id=1'), 400, 'too_few');
is_reply(post("/more?id=$_"), 204, '') for 2, 3;
is_problem(post('/zero?id=1'), 403, 'forbidden');
is_reply(post('/zero?id=0'), 204, '');
is mysql_value('SELECT GROUP_CONCAT(n ORDER BY id) FROM item'), '1,1,1,4,5', 'what was done';



=== TEST 10: guards of queries, and of exec with a result set
--- config
location = /query { wxapp_transaction { query "SELECT id FROM item WHERE id <= ?" $arg_id rows=2; exec "INSERT INTO log (what) VALUES ('q')"; } }
location = /exec  { wxapp_transaction { exec "SELECT id FROM item WHERE id <= ? FOR UPDATE" $arg_id rows=2; exec "INSERT INTO log (what) VALUES ('e')"; } }
location = /ret   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('r'), ('s') RETURNING id" rows=2; } }
location = /call  { wxapp_transaction { query "CALL two(?)" $arg_id none rows=2; } }
--- drive
is_problem(post("/$_?id=1"), 409, 'conflict') for qw(query exec call);
is_reply(post('/query?id=2'), 200, '[{"id":1},{"id":2}]');
is_reply(post('/exec?id=2'), 204, '');
is_reply(post('/ret'), 204, '');
is_reply(post('/call?id=2'), 204, '');
is told(), 'q,e,r,s,two', 'what was done';
at_rest();



=== TEST 11: rows of exec are those matched, changed or not
--- config
location = /t { wxapp_transaction { exec "UPDATE item SET n = 2 WHERE id = 2" rows=1; } }
--- drive
is_reply(post('/t'), 204, '') for 1 .. 2;



=== TEST 12: $wxapp_insert_id is the id of the latest insert
--- config
location = /t {
    add_header X-Id $wxapp_insert_id;
    wxapp_transaction {
        exec  "INSERT INTO log (what) VALUES ('a')";
        exec  "UPDATE item SET n = ? WHERE id = 2" $wxapp_insert_id;
        exec  "INSERT INTO ledger (n, name) VALUES (?, ?)" $wxapp_insert_id "id $wxapp_insert_id";
        query "SELECT ? AS id, ? + 1 AS next, n, name FROM ledger WHERE id = ?" $wxapp_insert_id $wxapp_insert_id $wxapp_insert_id one;
    }
}
--- drive
mysql_query('ALTER TABLE log AUTO_INCREMENT = 41');
my $r = post('/t');
is_reply($r, 200, '{"id":1,"next":2,"n":41,"name":"id 41"}');
is $r->{headers}{'x-id'}, 1, 'in a header';
is mysql_value('SELECT n FROM item WHERE id = 2'), 41, 'in the step after';



=== TEST 13: $wxapp_insert_id above 2^63 keeps all digits
--- config
location = /t {
    wxapp_transaction {
        exec  "INSERT INTO ledger (id) VALUES (NULL)";
        exec  "INSERT INTO ledger (id, big) VALUES (7, ?)" $wxapp_insert_id;
        query "SELECT big FROM ledger WHERE id = 7" value;
    }
}
--- drive
mysql_query('ALTER TABLE ledger AUTO_INCREMENT = 18446744073709551610');
is_reply(post('/t'), 200, '18446744073709551610');



=== TEST 14: $wxapp_insert_id is NULL as long as none was made
--- config
location = /t {
    wxapp_transaction {
        exec  "UPDATE item SET n = 1 WHERE id = 2";
        query "SELECT ? IS NULL AS a" $wxapp_insert_id value;
    }
}
--- drive
is_reply(post('/t'), 200, '1');



=== TEST 15: a row keeps its types: integers beyond 2^53 and decimals stay exact in arithmetic
--- config
location = /t {
    wxapp_transaction {
        query "SELECT n, price FROM item WHERE id = 1" one;
        exec  "INSERT INTO ledger (amount, n) VALUES (? - 0.00000000000000000001, ? - 2)" $wxapp_row_price $wxapp_row_n;
        query "SELECT amount, n FROM ledger" one;
    }
}
--- drive
is_reply(post('/t'), 200, '{"amount":12345678901234567890.12345678901234567889,"n":9007199254740991}');



=== TEST 16: a row keeps its types: BIGINT UNSIGNED, times, binary, JSON, strings, NULL
--- config
location = /t {
    wxapp_transaction {
        query "SELECT * FROM item WHERE id = ?" $arg_id one;
        exec  "INSERT INTO ledger (big, made, raw, data, name, n) VALUES (?, ?, ?, ?, ?, ?)"
              $wxapp_row_big $wxapp_row_made $wxapp_row_raw $wxapp_row_data $wxapp_row_name $wxapp_row_nosuch;
        query "SELECT big, made, HEX(raw) AS raw, data, name, n FROM ledger ORDER BY id DESC LIMIT 1" one;
        query "SELECT i.id FROM item i, ledger l WHERE i.made = ? AND i.raw = ? AND i.big = ?" $wxapp_row_made $wxapp_row_raw $wxapp_row_big list as=x;
    }
}
--- drive
is_reply(post('/t?id=1'), 200, '{"x":[]}');
is_deeply [mysql_query('SELECT big, made, HEX(raw) AS raw, data, name, n FROM ledger')], [{ big => '18446744073709551615',
    made => '2026-01-02 03:04:05.678901', raw => '00FF61', data => '{"a": 1}', name => 'one', n => undef }], 'the same values';
is_reply(post('/t?id=2'), 200, '{"x":[]}');
is_deeply [mysql_query('SELECT big, raw, data, name FROM ledger WHERE name = "two"')], [{ big => undef, raw => undef, data => undef, name => 'two' }], 'and NULL';



=== TEST 17: a row finds its row again by its values
--- config
location = /t {
    wxapp_transaction {
        query "SELECT made, raw, big, price FROM item WHERE id = 1" one;
        query "SELECT id FROM item WHERE made = ? AND raw = ? AND big = ? AND price = ?" $wxapp_row_made $wxapp_row_raw $wxapp_row_big $wxapp_row_price value;
    }
}
--- drive
is_reply(post('/t'), 200, '1');



=== TEST 18: a row is the first one of the latest query, in any case of its names
--- config
location = /t {
    add_header X-Row "$wxapp_row_id $wxapp_row_Title";
    wxapp_transaction {
        query "SELECT id, name FROM item WHERE id >= 2 ORDER BY id";
        exec  "INSERT INTO log (what) VALUES (?)" "$wxapp_row_id-$wxapp_row_name";
        query "SELECT id, name AS TITLE FROM item WHERE id >= ? ORDER BY id" $arg_id;
        exec  "INSERT INTO log (what) VALUES (?)" "$wxapp_row_ID-${wxapp_row_title}-$wxapp_row_name";
    }
}
--- drive
my $r = post('/t?id=4');
is_reply($r, 200, '[{"id":4,"TITLE":"four"},{"id":5,"TITLE":"five"}]');
is $r->{headers}{'x-row'}, '4 four', 'in a header';
is told(), '2-two,4-four-', 'one after the other';



=== TEST 19: a query without rows has no row
--- config
location = /t {
    wxapp_transaction {
        query "SELECT id FROM item WHERE id = 1";
        query "SELECT id FROM item WHERE id = 99";
        exec  "INSERT INTO log (what, item) VALUES (?, ?)" "<$wxapp_row_id>" $wxapp_row_id;
    }
}
--- drive
is_reply(post('/t'), 200, '[]');
is told(), '<>', 'empty in a text';
is mysql_value('SELECT item FROM log'), undef, 'NULL alone';



=== TEST 20: the row of a procedure is the first of its first set
--- config
location = /t {
    wxapp_transaction {
        query "CALL two(2)" none;
        query "SELECT ? AS id, ? AS given" $wxapp_row_id $wxapp_row_given one;
    }
}
--- drive
is_reply(post('/t'), 200, '{"id":1,"given":null}');



=== TEST 21: writing transactions answer POST, PUT, PATCH, DELETE; those that only read too, unless read_only
--- config
location = /w { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $request_method; } }
location = /r { wxapp_transaction { query "SELECT 1" value; } }
--- drive
for my $path ('/w', '/r') {
    for my $method (qw(GET HEAD)) {
        my $r = http($method, $path);
        is $r->{status}, 405, "$method $path: not allowed";
        is $r->{headers}{allow}, 'POST, PUT, PATCH, DELETE, OPTIONS', 'Allow';
    }
}
is_reply(http($_, '/w'), 204, '') for qw(POST PUT PATCH DELETE);
is_reply(http($_, '/r'), 200, '1') for qw(POST PUT PATCH DELETE);
is told(), 'POST,PUT,PATCH,DELETE', 'done';
my $r = http('OPTIONS', '/w');
is_reply($r, 204, '');
is $r->{headers}{allow}, 'POST, PUT, PATCH, DELETE, OPTIONS', 'OPTIONS';



=== TEST 22: read_only answers GET, HEAD and POST with one view of the tables
--- config
location = /r {
    wxapp_transaction read_only {
        query "SELECT COUNT(*) FROM item" value as=a;
        query "SELECT COUNT(*) FROM log" value as=b;
    }
}
--- drive
is_reply(get('/r'), 200, '{"a":5,"b":0}');
is_reply(post('/r'), 200, '{"a":5,"b":0}');
is http('HEAD', '/r')->{headers}{'content-length'}, 13, 'HEAD';
my $r = http('DELETE', '/r');
is_problem($r, 405, 'method_not_allowed');
is $r->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'Allow';
at_rest();



=== TEST 23: read_only is kept by the server: a procedure that writes is refused
--- config
location = /r { wxapp_transaction read_only { query "CALL silent('x')" none; } }
location = /w { wxapp_transaction { query "CALL silent('y')" none; } }
--- drive
is_problem(get('/r'), 503, 'read_only');
is_reply(post('/w'), 204, '');
is told(), 'y', 'only the other one';
at_rest();



=== TEST 24: a body that nobody wants is dropped
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
--- drive
my $socket = connection();
is_reply(post('/t', 'y' x 100_000, socket => $socket), 204, '');
is_reply(post('/t', '{}', socket => $socket), 204, '');
close_connection($socket);
is told(), 'x,x', 'done';



=== TEST 25: procedures among other steps
--- config
location = /t {
    wxapp_transaction {
        exec  "CALL silent('a')";
        query "CALL two(2)" list as=two;
        exec  "CALL silent(?)" $arg_x;
        query "SELECT COUNT(*) FROM log" value as=n;
    }
}
--- drive
is_reply(post("/t?x=$_"), 200, '{"two":[{"id":1,"name":"one"},{"id":2,"name":"two"}],"n":' . 3 * $_ . '}') for 1 .. 2;
is told(), 'a,two,1,a,two,2', 'in order';
at_rest();



=== TEST 26: SIGNAL in a procedure undoes all and is told
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "CALL refuse()"; } }
--- drive
is_problem(post('/t'), 409, 'conflict', 'not today');
is told(), '', 'nothing';
at_rest();



=== TEST 27: the errors of the tables, each with everything undone
--- config
location = /dup   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "INSERT INTO item SELECT * FROM item"; } }
location = /ref   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "INSERT INTO log (item) VALUES (99)"; } }
location = /child { wxapp_transaction { exec "INSERT INTO log (item) VALUES (1)"; exec "DELETE FROM item WHERE id = 1"; } }
location = /long  { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "UPDATE item SET name = REPEAT('x', 21)"; } }
location = /check { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "UPDATE item SET stock = stock - 6"; } }
location = /bad   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "UPDATE no_such SET a = 1"; } }
--- drive
is_problem(post('/dup'), 409, 'duplicate');
is_problem(post('/ref'), 409, 'reference_missing');
is_problem(post('/child'), 409, 'referenced');
is_problem(post('/long'), 422, 'invalid_value');
is_problem(post('/check'), 422, 'invalid_value', 'a value breaks a rule of the table');
is_problem(post('/bad'), 500, 'internal_error');
is rows_of('log'), 0, 'nothing';
is mysql_value('SELECT SUM(stock) FROM item'), 26, 'nothing';
at_rest();



=== TEST 28: a value over max_allowed_packet is 413, and nothing is done
--- global: max_allowed_packet=16384
--- config eval
my $text = 'x' x 3000;
"set \$big $text;
location = /t { wxapp_transaction { exec \"INSERT INTO log (what) VALUES ('x')\"; exec \"INSERT INTO log (what) VALUES (LEFT(?, 3))\" \"\$arg_x\$arg_y\"; } }
location = /b { wxapp_transaction { exec \"INSERT INTO log (what) VALUES ('x')\"; exec \"INSERT INTO log (what) VALUES (LEFT(?, 3))\" \"\$big\$big\$big\$big\$big\$big\"; } }"
--- drive
is_problem(post('/b'), 413, 'body_too_large');
is told(), '', 'nothing';
is_reply(post('/t?x=abcd'), 204, '');
is told(), 'x,abc', 'the next one works';
at_rest();



=== TEST 29: a result over 16 MB is refused and undone
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; query "SELECT REPEAT('a', 1000000) AS a FROM seq_1_to_20"; } }
location = /u { wxapp_transaction { query "SELECT REPEAT('a', 1000000) AS a FROM seq_1_to_20"; query "SELECT 1" value; } }
--- drive
is_problem(post('/t'), 500, 'result_too_large');
is told(), '', 'nothing';
is_reply(post('/u'), 200, '1');
at_rest();



=== TEST 30: a deadlock: the victim starts again, both succeed
--- config
location = /t {
    wxapp_transaction {
        exec "UPDATE item SET n = n + 1 WHERE id = ?" $arg_a;
        exec "SELECT id FROM gate LOCK IN SHARE MODE";
        exec "UPDATE item SET n = n + 1 WHERE id = ?" $arg_b;
        exec "INSERT INTO log (what) VALUES (?)" "$arg_a$arg_b";
    }
}
--- drive
close_gate();
my @h = (begin('POST', '/t?a=2&b=4'), begin('POST', '/t?a=4&b=2'));
ok at_gate(2), 'both hold one row';
open_gate();
is_reply(finish($_), 204, '') for @h;
is again(), 1, 'one started again';
is join(',', sort split /,/, told()), '24,42', 'both are written, once';
is mysql_value('SELECT GROUP_CONCAT(n ORDER BY id) FROM item WHERE id IN (2, 4)'), '4,6', 'both were added';
at_rest();



=== TEST 31: the results of a try that failed are dropped
--- config
location = /t {
    wxapp_transaction {
        exec  "INSERT INTO log (what) VALUES ('x')";
        query "SELECT COUNT(*) FROM log" value as=n;
        query "SELECT n FROM item WHERE id = ? FOR UPDATE" $arg_a one as=a;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
        query "SELECT id FROM item WHERE id = ? FOR UPDATE" $arg_b one as=b;
        exec  "UPDATE item SET n = ? + 1 WHERE id = ?" $wxapp_row_id $arg_b;
    }
}
--- drive
close_gate();
my @h = (begin('POST', '/t?a=2&b=4'), begin('POST', '/t?a=4&b=2'));
ok at_gate(2), 'both hold one row';
open_gate();
my @r = map { finish($_) } @h;
like $r[0]{body}, qr/^\{"n":[12],"a":\{"n":[23]\},"b":\{"id":4\}\}$/, 'one of each';
like $r[1]{body}, qr/^\{"n":[12],"a":\{"n":[45]\},"b":\{"id":2\}\}$/, 'one of each';
is again(), 1, 'one started again';



=== TEST 32: a deadlock with retry=0 is 503 busy
--- config
location = /t {
    wxapp_transaction retry=0 {
        exec "UPDATE item SET n = n + 1 WHERE id = ?" $arg_a;
        exec "SELECT id FROM gate LOCK IN SHARE MODE";
        exec "UPDATE item SET n = n + 1 WHERE id = ?" $arg_b;
    }
}
--- drive
close_gate();
my @h = (begin('POST', '/t?a=2&b=4'), begin('POST', '/t?a=4&b=2'));
ok at_gate(2), 'both hold one row';
open_gate();
my @r = sort { $a->{status} <=> $b->{status} } map { finish($_) } @h;
is_reply($r[0], 204, '');
is_problem($r[1], 503, 'busy');
is again(), 0, 'none started again';
is mysql_value('SELECT SUM(n) FROM item WHERE id IN (2, 4)'), 8, 'one of them';
at_rest();



=== TEST 33: a lock that is never had: retry= times again, then 503 busy
--- global: innodb_lock_wait_timeout=0
--- config
location = /three { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate FOR UPDATE"; } }
location = /one   { wxapp_transaction retry=1 { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate FOR UPDATE"; } }
--- drive
close_gate();
is_problem(post('/three'), 503, 'busy');
is again(), 3, 'three times again';
is_problem(post('/one'), 503, 'busy');
is again(), 4, 'once again';
open_gate();
is told(), '', 'nothing is written';
is_reply(post('/three'), 204, '');
is told(), 'x', 'now it is';
at_rest();



=== TEST 34: a lock that is had in the second try
--- global: innodb_lock_wait_timeout=1
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate FOR UPDATE"; } }
--- drive
close_gate();
my $h = begin('POST', '/t');
ok wait_until { again() == 1 }, 'it waited for nothing';
open_gate();
is_reply(finish($h), 204, '');
is told(), 'x', 'written once';
at_rest();



=== TEST 35: wxapp_query with rows= is retried, without it it is not
--- global: innodb_lock_wait_timeout=0
--- config
location = /g { wxapp_query "UPDATE gate SET id = 1" rows=1; }
location = /q { wxapp_query "UPDATE gate SET id = 1"; }
--- drive
close_gate();
is_problem(post('/q'), 503, 'busy');
is again(), 0, 'not again';
is_problem(post('/g'), 503, 'busy');
is again(), 3, 'three times again';
open_gate();
at_rest();



=== TEST 36: isolation=read-committed sees what others committed meanwhile
--- config
location = /t {
    wxapp_transaction isolation=read-committed {
        query "SELECT n FROM item WHERE id = 2" value as=before;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
        query "SELECT n FROM item WHERE id = 2" value as=after;
    }
}
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'between the two';
mysql_query('UPDATE item SET n = 77 WHERE id = 2');
open_gate();
is_reply(finish($h), 200, '{"before":2,"after":77}');



=== TEST 37: isolation=repeatable-read and the server's default see one state
--- config
location = /r {
    wxapp_transaction isolation=repeatable-read {
        query "SELECT n FROM item WHERE id = 2" value as=before;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
        query "SELECT n FROM item WHERE id = 2" value as=after;
    }
}
location = /d {
    wxapp_transaction {
        query "SELECT n FROM item WHERE id = 2" value as=before;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
        query "SELECT n FROM item WHERE id = 2" value as=after;
    }
}
--- drive
close_gate();
my @h = map { begin('POST', $_) } '/r', '/d';
ok at_gate(2), 'between the two';
mysql_query('UPDATE item SET n = 77 WHERE id = 2');
open_gate();
is_reply(finish($_), 200, '{"before":2,"after":2}') for @h;



=== TEST 38: isolation=read-uncommitted sees what others have not committed
--- config
location = /t { wxapp_transaction isolation=read-uncommitted { query "SELECT n FROM item WHERE id = 2" value; } }
location = /c { wxapp_transaction { query "SELECT n FROM item WHERE id = 2" value; } }
--- drive
my $db = admin();
$db->begin_work;
$db->do('UPDATE item SET n = 77 WHERE id = 2');
is_reply(post('/t'), 200, '77');
is_reply(post('/c'), 200, '2');
$db->rollback;
is_reply(post('/t'), 200, '2');



=== TEST 39: isolation=serializable locks what it reads
--- config
location = /t {
    wxapp_transaction isolation=serializable {
        query "SELECT n FROM item WHERE id = 2" value;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
    }
}
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'it has read';
my $db = admin();
$db->do('SET innodb_lock_wait_timeout = 0');
ok !eval { $db->do('UPDATE item SET n = 77 WHERE id = 2'); 1 }, 'nobody else can write';
open_gate();
is_reply(finish($h), 200, '2');
ok eval { $db->do('UPDATE item SET n = 77 WHERE id = 2'); 1 }, 'now they can';



=== TEST 40: the isolation of one transaction is not that of the next on its connection
--- mysql: pool min=1 max=1;
--- config
location = /u { wxapp_transaction isolation=read-uncommitted { query "SELECT n FROM item WHERE id = 2" value; } }
location = /d { wxapp_transaction { query "SELECT n FROM item WHERE id = 2" value; } }
--- drive
my $db = admin();
$db->begin_work;
$db->do('UPDATE item SET n = 77 WHERE id = 2');
is_reply(post('/u'), 200, '77');
is_reply(post('/d'), 200, '2');
$db->rollback;



=== TEST 41: a client that goes away before COMMIT: nothing is done
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate LOCK IN SHARE MODE"; exec "INSERT INTO log (what) VALUES ('y')"; } }
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'in the middle';
abandon($h);
pause(0.1);
open_gate();
at_rest();
is told(), '', 'nothing';



=== TEST 42: a client that goes away while its transaction waits in the line
--- mysql: pool min=1 max=1;
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; exec "SELECT id FROM gate LOCK IN SHARE MODE"; } }
--- drive
close_gate();
my $first = begin('POST', '/t?x=first');
ok at_gate(1), 'the connection is busy';
my $gone = begin('POST', '/t?x=gone');
ok wait_until { status_of('mysql')->{waiting} == 1 }, 'the second one waits';
abandon($gone);
ok wait_until { status_of('mysql')->{waiting} == 0 }, 'and left';
my $next = begin('POST', '/t?x=next');
open_gate();
is_reply(finish($_), 204, '') for $first, $next;
is told(), 'first,next', 'those that stayed';
at_rest();



=== TEST 43: a connection killed in the middle: the transaction starts again
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate LOCK IN SHARE MODE"; query "SELECT COUNT(*) FROM log" value; } }
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'in the middle';
my ($id) = map { /^LOCK WAIT/m && /thread id (\d+)/ } transactions();
mysql_query("KILL $id");
ok wait_until { again() == 1 }, 'again';
open_gate();
is_reply(finish($h), 200, '1');
is told(), 'x', 'once';
at_rest();



=== TEST 44: a connection cut when a step is sent: the transaction starts again on another one
--- server eval
my $proxy = WXDrive::fault_proxy(mode => 'word', word => qr/UPDATE item/, times => 2, to => $ENV{WXAPP_MYSQL_SOCKET});
"127.0.0.1:$proxy->{port}"
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "UPDATE item SET n = 9 WHERE id = 2"; } }
--- drive
is_reply(post('/t'), 204, '');
is again(), 2, 'twice';
is told(), 'x', 'once';



=== TEST 45: connections that are always cut: retry= times, then 503
--- server eval
my $proxy = WXDrive::fault_proxy(mode => 'word', word => qr/UPDATE item/, to => $ENV{WXAPP_MYSQL_SOCKET});
"127.0.0.1:$proxy->{port}"
--- config
location = /t { wxapp_transaction retry=2 { exec "INSERT INTO log (what) VALUES ('x')"; exec "UPDATE item SET n = 9 WHERE id = 2"; } }
--- drive
is_problem(post('/t'), 503, 'database_unavailable');
is again(), 2, 'twice';
is told(), '', 'nothing';



=== TEST 46: a connection cut after COMMIT was sent: 503 outcome_unknown, it is done and not done again
--- server eval
my $proxy = WXDrive::fault_proxy(mode => 'word', word => qr/COMMIT/, late => 1, to => $ENV{WXAPP_MYSQL_SOCKET});
"127.0.0.1:$proxy->{port}"
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
--- drive
is_problem(post('/t'), 503, 'outcome_unknown', 'it may have been done or not, look before trying again');
ok wait_until { told() eq 'x' }, 'it was done';
pause(0.1);
is told(), 'x', 'and not again';
is again(), 0, 'not tried again';



=== TEST 47: a connection cut before COMMIT arrives: the same answer, and it is not done
--- server eval
my $proxy = WXDrive::fault_proxy(mode => 'word', word => qr/COMMIT/, to => $ENV{WXAPP_MYSQL_SOCKET});
"127.0.0.1:$proxy->{port}"
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
--- drive
is_problem(post('/t'), 503, 'outcome_unknown');
pause(0.1);
is told(), '', 'it was not';
is again(), 0, 'not tried again';



=== TEST 48: a read_only transaction whose COMMIT is lost starts again
--- server eval
my $proxy = WXDrive::fault_proxy(mode => 'word', word => qr/COMMIT/, times => 1, to => $ENV{WXAPP_MYSQL_SOCKET});
"127.0.0.1:$proxy->{port}"
--- config
location = /t { wxapp_transaction read_only { query "SELECT COUNT(*) FROM item" value; } }
--- drive
is_reply(get('/t'), 200, '5');
is again(), 1, 'once';



=== TEST 49: a COMMIT that is not answered in time: 503 outcome_unknown
--- mysql: pool min=1 max=2; timeout query=300ms;
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; exec "SELECT id FROM gate LOCK IN SHARE MODE"; } }
location = /q { wxapp_query "SELECT 1" value; }
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'before COMMIT';
my $db = admin();
$db->do('FLUSH TABLES WITH READ LOCK');
open_gate();
is_problem(finish($h), 503, 'outcome_unknown');
$db->do('UNLOCK TABLES');
is_reply(get('/q'), 200, '1');
at_rest();



=== TEST 50: a step that takes too long: 504, the statement is stopped and all undone
--- mysql: pool min=1 max=2; timeout query=200ms;
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; query "SELECT SLEEP(5)" value; } }
--- drive
my $r = post('/t');
is_problem($r, 504, 'database_timeout');
cmp_ok $r->{took}, '<', 2, 'in time';
at_rest();
is told(), '', 'nothing';
is again(), 0, 'not tried again';



=== TEST 51: the server is away: 503 with Retry-After
--- http_config eval: WXApp::wxapp_http(redis => undef, app => undef, mysql => 'wxapp_mysql { primary unix:/nonexistent/mysql.sock; database x; user x; }')
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
location = /r { wxapp_transaction read_only isolation=serializable { query "SELECT 1"; } }
--- drive
is_problem(post('/t'), 503, 'database_unavailable');
is_problem(get('/r'), 503, 'database_unavailable');
is again(), 0, 'not tried again';



=== TEST 52: the server takes no changes: 503 read_only
--- global: read_only=1
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
location = /r { wxapp_transaction read_only { query "SELECT COUNT(*) FROM log" value; } }
--- drive
is_problem(post('/t'), 503, 'read_only');
is_reply(get('/r'), 200, '0');
mysql_query('SET GLOBAL read_only = 0');
is_reply(post('/t'), 204, '');
is_reply(get('/r'), 200, '1');
at_rest();



=== TEST 53: the line is full: 503 overloaded
--- mysql: pool min=1 max=1; wait queue=1 timeout=3s;
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; exec "SELECT id FROM gate LOCK IN SHARE MODE"; } }
--- drive
close_gate();
my @h = begin('POST', '/t?x=a');
ok at_gate(1), 'one works';
push @h, begin('POST', '/t?x=b');
ok wait_until { status_of('mysql')->{waiting} == 1 }, 'one waits';
is_problem(post('/t?x=c'), 503, 'overloaded');
open_gate();
is_reply(finish($_), 204, '') for @h;
is told(), 'a,b', 'both';
at_rest();



=== TEST 54: one connection and 20 transactions at once: none is lost, none takes what is not there
--- mysql: pool min=1 max=1; wait queue=100 timeout=10s;
--- config
location = /order {
    wxapp_transaction {
        exec  "UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock >= 1" rows=1 else=409:out_of_stock;
        exec  "INSERT INTO log (what, item) VALUES (?, 1)" $arg_x;
        query "SELECT stock FROM item WHERE id = 1" value;
        status 201;
    }
}
--- drive
my @h = map { begin('POST', "/order?x=$_") } 1 .. 20;
my %status;
$status{ finish($_)->{status} }++ for @h;
is_deeply \%status, { 201 => 10, 409 => 10 }, 'ten and ten';
is mysql_value('SELECT stock FROM item WHERE id = 1'), 0, 'all are sold';
is rows_of('log'), 10, 'to ten buyers';
at_rest();



=== TEST 55: two workers, several connections, the same
--- workers: 2
--- mysql: pool min=1 max=3; wait queue=100 timeout=10s;
--- config
location = /order {
    wxapp_transaction {
        query "SELECT stock FROM item WHERE id = 1 FOR UPDATE" one;
        exec  "UPDATE item SET stock = ? - 1 WHERE id = 1 AND stock >= 1" $wxapp_row_stock rows=1 else=409:out_of_stock;
        exec  "INSERT INTO log (what, item) VALUES (?, 1)" $wxapp_row_stock;
    }
}
--- drive
my @h = map { begin('POST', '/order') } 1 .. 30;
my %status;
$status{ finish($_)->{status} }++ for @h;
is_deeply \%status, { 200 => 10, 409 => 20 }, 'ten of thirty';
is mysql_value('SELECT stock FROM item WHERE id = 1'), 0, 'all are sold';
is mysql_value('SELECT COUNT(DISTINCT what) FROM log'), 10, 'each of them once';
at_rest();



=== TEST 56: a reload while a transaction runs: it ends well
--- workers: 1
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; exec "SELECT id FROM gate LOCK IN SHARE MODE"; query "SELECT 1" value; } }
--- drive
close_gate();
my $h = begin('POST', '/t?x=old');
ok at_gate(1), 'in the middle';
my ($old) = worker_pids();
signal_nginx('HUP');
ok wait_until { grep { $_ != $old } worker_pids() }, 'a new worker';
open_gate();
is_reply(finish($h), 200, '1');
is_reply(post('/t?x=new'), 200, '1');
is told(), 'old,new', 'both';
ok wait_until { !grep { $_ == $old } worker_pids() }, 'the old worker went';



=== TEST 57: a worker that is killed while a transaction runs: nothing is done
--- workers: 1
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; exec "SELECT id FROM gate LOCK IN SHARE MODE"; } }
--- error_log
exited on signal 9
[alert]
--- drive
close_gate();
my $h = begin('POST', '/t?x=killed');
ok at_gate(1), 'in the middle';
my ($old) = worker_pids();
kill KILL => $old;
ok wait_until { grep { $_ != $old } worker_pids() }, 'a new worker';
is finish($h)->{status}, 0, 'no answer';
open_gate();
ok wait_until { transactions() == 0 }, 'it is rolled back';
is told(), '', 'nothing';
is_reply(post('/t?x=next'), 204, '');
is told(), 'next', 'the next one';



=== TEST 58: one transaction after the other on a kept connection of the client
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; exec "DELETE FROM item WHERE id = ?" $arg_x rows=1; } }
--- drive
my $socket = connection();
is post("/t?x=$_", undef, socket => $socket)->{status}, ($_ == 9 ? 409 : 204), "row $_" for 2, 9, 4, 5;
close_connection($socket);
is told(), '2,4,5', 'three of them';



=== TEST 59: a pipeline of transactions is answered in order
--- config
location = /t { wxapp_transaction { exec "INSERT INTO log (what) VALUES (?)" $arg_x; query "SELECT COUNT(*) FROM log" value; } }
--- drive
my $socket = connection();
syswrite $socket, join '', map { "POST /t?x=$_ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" . ($_ == 3 ? "Connection: close\r\n" : '') . "\r\n" } 1 .. 3;
my $text = do { local $/; <$socket> };
is_deeply [$text =~ /\r\n\r\n(\d+)/g], [1, 2, 3], 'in order';
is told(), '1,2,3', 'all';



=== TEST 60: the time spent, and the error, in the log
--- more
log_format tx "[tx $status $wxapp_error $wxapp_mysql_time]";
--- config
location = /t { access_log logs/tx.log tx; wxapp_transaction { query "SELECT SLEEP(0.05)" none; exec "UPDATE item SET n = 1 WHERE id = ?" $arg_id rows=1 else=409:gone_away; } }
--- drive
post('/t?id=1');
post('/t?id=9');
my @lines;
wait_until { (@lines = logs(0, Test::Nginx::Util::server_root() . '/logs/tx.log') =~ /\[tx (.*)\]/g) == 2 };
like $lines[0], qr/^204 - 0\.(0[4-9]|[1-9])/, 'done';
like $lines[1], qr/^409 gone_away 0\.(0[4-9]|[1-9])/, 'refused';



=== TEST 61: arrays of many lengths are few statements
--- mysql: pool min=1 max=1; statements 100;
--- config
location = /q { wxapp_input { ids bigint[] max_items=100; } wxapp_query "SELECT COUNT(*) FROM item WHERE id IN (?)" $wxapp_in_ids value; }
--- drive
my $prepared = sub { (mysql_query("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'"))[0]{Value} };
my $before = $prepared->();
is_reply(post('/q', '{"ids":[' . join(',', 1 .. $_) . ']}'), 200, $_ < 5 ? $_ : 5) for 0 .. 40, 100, 1 .. 8;
is $prepared->() - $before, 8, 'for 1, 2, 4, ... 128 items';



=== TEST 62: input in a transaction keeps its type in every step
--- config
location = /order {
    wxapp_input { id bigint required; quantity int min=1 max=99 default=1; discount decimal; }
    wxapp_transaction {
        query "SELECT price, stock FROM item WHERE id = ? FOR UPDATE" $wxapp_in_id one else=404:no_such_product;
        exec  "UPDATE item SET stock = stock - ? WHERE id = ? AND stock >= ?" $wxapp_in_quantity $wxapp_in_id $wxapp_in_quantity
              rows=1 else=409:out_of_stock;
        exec  "INSERT INTO ledger (amount, n) VALUES (? * ? - COALESCE(?, 0), ?)"
              $wxapp_row_price $wxapp_in_quantity $wxapp_in_discount $wxapp_row_stock;
        query "SELECT amount, n FROM ledger WHERE id = ?" $wxapp_insert_id one;
        status 201;
    }
}
--- drive
is_reply(post('/order', '{"id":1,"quantity":3,"discount":"0.00000000000000000001"}'), 201, '{"amount":37037036703703703670.37037036703703703669,"n":10}');
is_reply(post('/order', '{"id":2}'), 201, '{"amount":0.10000000000000000000,"n":10}');
is_problem(post('/order', '{"id":99}'), 404, 'no_such_product');
is_problem(post('/order', '{"id":2,"quantity":50}'), 409, 'out_of_stock');
is_problem(post('/order', '{"quantity":5}'), 422, 'validation_failed');
is mysql_value('SELECT stock FROM item WHERE id = 1'), 7, 'three taken';



=== TEST 63: an array in a step, tried again with the same items
--- config
location = /t {
    wxapp_input { ids bigint[] required; gate int; }
    wxapp_transaction {
        exec "UPDATE item SET n = n + 1 WHERE id IN (?)" $wxapp_in_ids rows=2;
        exec "SELECT id FROM gate LOCK IN SHARE MODE";
        exec "UPDATE item SET n = n + 1 WHERE id = ?" $wxapp_in_gate;
    }
}
--- drive
close_gate();
my @h = (begin('POST', '/t', '{"ids":[1,2],"gate":4}'), begin('POST', '/t', '{"ids":[4,5],"gate":1}'));
ok at_gate(2), 'both hold two rows';
open_gate();
is_reply(finish($_), 204, '') for @h;
is again(), 1, 'one started again';
is mysql_value('SELECT GROUP_CONCAT(n ORDER BY id) FROM item'), '9007199254740995,3,6,6', 'all were added once';



=== TEST 64: refused: an empty transaction
--- config
location = /t { wxapp_transaction { status 201; } }
--- refused
the transaction needs "exec" or "query"



=== TEST 65: refused: an unknown directive in it
--- config
location = /t { wxapp_transaction { exce "SELECT 1"; } }
--- refused
unknown directive "exce", did you mean "exec"?



=== TEST 66: refused: an unknown isolation level
--- config
location = /t { wxapp_transaction isolation=read-comitted { exec "SELECT 1"; } }
--- refused
unknown isolation level "read-comitted", did you mean "read-committed"?



=== TEST 67: refused: an unknown parameter, and a wrong word
--- config
location = /t { wxapp_transaction retries=5 { exec "SELECT 1"; } }
--- refused
unknown parameter "retries", did you mean "retry"?



=== TEST 68: refused: readonly in another spelling
--- config
location = /t { wxapp_transaction readonly { query "SELECT 1"; } }
--- refused
invalid parameter "readonly"



=== TEST 69: refused: retry out of bounds
--- config
location = /t { wxapp_transaction retry=11 { exec "SELECT 1"; } }
--- refused
"retry" must be between 0 and 10



=== TEST 70: refused: exec in a read_only transaction
--- config
location = /t { wxapp_transaction read_only { exec "INSERT INTO log (what) VALUES ('x')"; } }
--- refused
"exec" is not allowed in a "read_only" transaction



=== TEST 71: refused: a query that writes in a read_only transaction
--- config
location = /t { wxapp_transaction read_only { query "SELECT id FROM item FOR UPDATE"; } }
--- refused
"query" writes in a "read_only" transaction



=== TEST 72: refused: a row before any query, in a transaction
--- config
location = /t { wxapp_transaction { exec "UPDATE item SET n = ?" $wxapp_row_n; query "SELECT n FROM item"; } }
--- refused
"$wxapp_row_n" is used before any "query" makes it



=== TEST 73: refused: a row in the query itself
--- config
location = /t { wxapp_transaction { query "SELECT n FROM item WHERE n = ?" $wxapp_row_n; } }
--- refused
"$wxapp_row_n" is used before any "query" makes it



=== TEST 74: refused: an id before any exec
--- config
location = /t { wxapp_transaction { query "SELECT 1"; query "SELECT ?" "x$wxapp_insert_id"; exec "INSERT INTO log (what) VALUES ('x')"; } }
--- refused
"$wxapp_insert_id" is used before any "exec" makes it



=== TEST 75: refused: a shape of exec
--- config
location = /t { wxapp_transaction { exec "UPDATE item SET n = 1" one; } }
--- refused
"exec" has no result to be "one"



=== TEST 76: refused: as= of exec
--- config
location = /t { wxapp_transaction { exec "UPDATE item SET n = 1" rows=1 as=x; } }
--- refused
unknown parameter "as"



=== TEST 77: refused: as= twice
--- config
location = /t { wxapp_transaction { query "SELECT 1" as=a; query "SELECT 2" as=a; } }
--- refused
duplicate "as=a"



=== TEST 78: refused: as= without a result
--- config
location = /t { wxapp_transaction { query "SELECT 1" none as=a; } }
--- refused
"as=a" has no result to name



=== TEST 79: refused: status out of bounds, or twice
--- config
location = /t { wxapp_transaction { exec "DO 1"; status 404; } }
--- refused
"status" must be between 200 and 299



=== TEST 80: refused: COMMIT among the steps
--- config
location = /t { wxapp_transaction { exec "COMMIT"; } }
--- refused
the SQL begins with "COMMIT"



=== TEST 81: refused: placeholders and values, with the line of the step
--- config
location = /t {
    wxapp_transaction {
        exec "UPDATE item SET n = ?";
    }
}
--- refused
the statement has 1 "?", but 0 values are behind it in 



=== TEST 82: refused: without wxapp_mysql
--- http_config eval: WXApp::wxapp_http(mysql => undef)
--- config
location = /t { wxapp_transaction { exec "DO 1"; } }
--- refused
"wxapp_transaction" needs "wxapp_mysql" in 



=== TEST 83: refused: beside another content
--- config
location = /t { wxapp_ping; wxapp_transaction { exec "DO 1"; } }
--- refused
the location has its content from "wxapp_ping" already



=== TEST 84: refused: outside of a location
--- config
wxapp_transaction { exec "DO 1"; }
--- refused
"wxapp_transaction" directive is not allowed here



=== TEST 85: refused: an input that is not declared, with the line of the step
--- config
location = /t {
    wxapp_input { product bigint; }
    wxapp_transaction {
        exec "DO ?" $wxapp_in_product;
        exec "DO ?" $wxapp_in_prodct;
    }
}
--- refused
unknown input "prodct" in "$wxapp_in_prodct", did you mean "product"? in 



=== TEST 86: a row that changed behind the snapshot (1020): the transaction starts again with the new one
--- global: innodb_snapshot_isolation=1
--- config
location = /t {
    wxapp_transaction {
        query "SELECT n FROM item WHERE id = 2" value as=n;
        exec  "SELECT id FROM gate LOCK IN SHARE MODE";
        exec  "UPDATE item SET n = ? + 1 WHERE id = 2" $wxapp_row_n;
    }
}
--- drive
close_gate();
my $h = begin('POST', '/t');
ok at_gate(1), 'it has read';
mysql_query('UPDATE item SET n = 77 WHERE id = 2');
open_gate();
is_reply(finish($h), 200, '{"n":77}');
is again(), 1, 'once';
is mysql_value('SELECT n FROM item WHERE id = 2'), 78, 'nothing is lost';



=== TEST 87: what only reads goes to a replica, the rest to the primary
--- mysql eval: "pool min=1 max=2; read_after_write 0; replica 127.0.0.1:$ENV{WXAPP_MYSQL_PORT};"
--- config
location = /read  { wxapp_query "SELECT SUBSTRING_INDEX(USER(), '@', -1)" value; }
location = /lock  { wxapp_query "SELECT SUBSTRING_INDEX(USER(), '@', -1) FROM gate FOR UPDATE" value; }
location = /only  { wxapp_transaction read_only { query "SELECT SUBSTRING_INDEX(USER(), '@', -1)" value; } }
location = /tx    { wxapp_transaction { query "SELECT SUBSTRING_INDEX(USER(), '@', -1)" value; } }
location = /guard { wxapp_query "SELECT SUBSTRING_INDEX(USER(), '@', -1) FROM gate" one rows=1; }
location = /write { wxapp_query "INSERT INTO log (what) VALUES (SUBSTRING_INDEX(USER(), '@', -1)) RETURNING what" value rows=1; }
--- drive
ok wait_until { status_of('mysql_replica')->{up} }, 'the replica is there';
is_reply(get('/read'), 200, '"127.0.0.1"');
is_reply(get('/only'), 200, '"127.0.0.1"');
is get('/guard')->{json} && (values %{ get('/guard')->{json} })[0], '127.0.0.1', 'a guard that reads';
is_reply(post($_), 200, '"localhost"') for qw(/lock /tx /write);



=== TEST 88: who wrote reads the primary, others the replica
--- mysql eval: "pool min=1 max=2; replica 127.0.0.1:$ENV{WXAPP_MYSQL_PORT};"
--- config
location = /read { wxapp_query "SELECT SUBSTRING_INDEX(USER(), '@', -1)" value; }
location = /only { wxapp_transaction read_only { query "SELECT SUBSTRING_INDEX(USER(), '@', -1)" value; } }
location = /tx   { wxapp_transaction { exec "INSERT INTO log (what) VALUES ('x')"; } }
--- drive
ok wait_until { status_of('mysql_replica')->{up} }, 'the replica is there';
my ($a, $b) = map { { headers => ['Authorization: Bearer ' . make_token(sub => $_)] } } 7, 8;
is_reply(get($_, %$a), 200, '"127.0.0.1"') for qw(/read /only);
is_reply(post('/tx', undef, %$a), 204, '');
is_reply(get($_, %$a), 200, '"localhost"') for qw(/read /only);
is_reply(get($_, %$b), 200, '"127.0.0.1"') for qw(/read /only);
