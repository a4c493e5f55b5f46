# wxapp_query: one statement as the content of a location, over the wire against MariaDB.
#
# Every block begins with the table `item` of five rows, an empty `log`, and the procedures below. Sections of
# this file:
#   drive     see WXDrive; is_reply, is_problem and rows_of are below
#   mysql     more lines for wxapp_mysql {}, and more text in http {} beside it: more
#   refused   nginx does not start, and says this

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

no_long_string();
no_shuffle();
plan 'no_plan';

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(http_config => wxapp_http(app => undef, redis => undef, 'mysql+' => $block->mysql, extra => scalar $block->more))
        if defined $block->mysql;
    if (defined $block->refused) {
        $block->set_value(must_die => '');
        $block->set_value(suppress_stderr => '');
        $block->set_value(error_log => "[emerg]\n" . $block->refused);
        return;
    }
    prepare();
});

sub prepare {
    our $made //= do {
        mysql_query($_) for
            q{CREATE TABLE item (
                id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, n INT NULL,
                price DECIMAL(10,2) NOT NULL DEFAULT 1.50, stock INT UNSIGNED NOT NULL DEFAULT 10,
                parent BIGINT NULL, made DATETIME NOT NULL DEFAULT '2026-01-02 03:04:05', data JSON NULL, tiny TINYINT NULL,
                FOREIGN KEY (parent) REFERENCES item (id), CONSTRAINT n_range CHECK (n <> 13)
            ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4},
            q{CREATE TABLE log (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) NULL) DEFAULT CHARSET utf8mb4},
            q{CREATE PROCEDURE two (IN a INT) BEGIN
                SELECT id, name FROM item WHERE id <= a ORDER BY id; SELECT a AS given, 'x' AS x; END},
            q{CREATE PROCEDURE empties () BEGIN
                SELECT id FROM item WHERE id < 0; SELECT 1 AS one; SELECT id FROM item WHERE id < 0; END},
            q{CREATE PROCEDURE silent (IN a VARCHAR(20)) BEGIN INSERT INTO log (what) VALUES (a); END},
            q{CREATE PROCEDURE refuse (IN a VARCHAR(200)) BEGIN
                INSERT INTO log (what) VALUES ('before'); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = a; END},
            q{CREATE PROCEDURE fails_late () BEGIN SELECT 1 AS one; SELECT nosuch FROM item; END},
            q{CREATE PROCEDURE leaves () BEGIN START TRANSACTION; INSERT INTO log (what) VALUES ('left'); SELECT 1 AS one; END};
        1;
    };
    mysql_query('SET foreign_key_checks = 0');
    mysql_query("TRUNCATE $_") for qw(item log);
    mysql_query('SET foreign_key_checks = 1');
    mysql_query(q{INSERT INTO item (id, name, n, price, data) VALUES
        (1, 'one', 1, 1.50, '{"a": [1, 2.50]}'), (2, 'two', 2, 20, NULL), (3, 'three', NULL, 0.1, NULL),
        (4, 'four', 4, 12345678.90, NULL), (5, 'five', 5, 5, '"text"')});
    return;
}

sub rows_of { return scalar mysql_value("SELECT COUNT(*) FROM $_[0]") }

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

database();
run_tests();

__DATA__

=== TEST 1: the default shape is a list of objects, keys are the column names
--- config
location = /q { wxapp_query "SELECT id, name AS title, n FROM item WHERE id <= 3 ORDER BY id"; }
--- drive
my $r = get('/q');
is_reply($r, 200, '[{"id":1,"title":"one","n":1},{"id":2,"title":"two","n":2},{"id":3,"title":"three","n":null}]');
is $r->{headers}{'cache-control'}, 'no-store', 'not to be stored';



=== TEST 2: a list without rows is empty
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id < 0" list; }
--- drive
is_reply(get('/q'), 200, '[]');



=== TEST 3: one is the first row alone, without a row 404
--- config
location = /q { wxapp_query "SELECT id, name FROM item WHERE id >= ? ORDER BY id" $arg_id one; }
--- drive
is_reply(get('/q?id=2'), 200, '{"id":2,"name":"two"}');
is_problem(get('/q?id=6'), 404, 'not_found', 'there is no such row');



=== TEST 4: value is the first column of the first row, bare
--- config
location = /count { wxapp_query "SELECT COUNT(*), 7 FROM item" value; }
location = /name  { wxapp_query "SELECT name, id FROM item WHERE id = ?" $arg_id value; }
location = /n     { wxapp_query "SELECT n FROM item WHERE id = ?" $arg_id value; }
location = /data  { wxapp_query "SELECT data FROM item WHERE id = ?" $arg_id value; }
location = /all   { wxapp_query "SELECT id FROM item ORDER BY id" value; }
--- drive
is_reply(get('/count'), 200, '5');
is_reply(get('/name?id=3'), 200, '"three"');
is_reply(get('/n?id=3'), 200, 'null');
is_reply(get('/data?id=1'), 200, '{"a": [1, 2.50]}');
is_reply(get('/all'), 200, '1');
is_problem(get('/name?id=9'), 404, 'not_found');



=== TEST 5: none is 204, whatever was read
--- config
location = /q { wxapp_query "SELECT id FROM item" none; }
--- drive
my $r = get('/q');
is_reply($r, 204, '');
is $r->{headers}{'content-length'}, undef, 'no length';



=== TEST 6: status= changes the success status, with a body and without
--- config
location = /read { wxapp_query "SELECT 1 AS a" one status=203; }
location = /made { wxapp_query "INSERT INTO log (what) VALUES ('x')" status=201; }
location = /late { wxapp_query "INSERT INTO log (what) VALUES ('y')" status=202; }
location = /nil  { wxapp_query "SELECT 1 AS a" status=204; }
--- drive
is_reply(get('/read'), 203, '{"a":1}');
is_reply(post('/made'), 201, '');
is_reply(post('/late'), 202, '');
is_reply(get('/nil'), 204, '');
is rows_of('log'), 2, 'both were done';



=== TEST 7: HEAD is GET without a body
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id = 1"; }
--- drive
my $r = http('HEAD', '/q');
is_reply($r, 200);
is $r->{headers}{'content-length'}, 10, 'its length';
is $r->{headers}{'content-type'}, 'application/json', 'its type';
is $r->{body}, '', 'no body';



=== TEST 8: a reading statement answers GET, HEAD and POST
--- config
location = /q { wxapp_query "SELECT 1 AS a" one; }
--- drive
is_reply(get('/q'), 200, '{"a":1}');
is_reply(post('/q'), 200, '{"a":1}');
for my $method (qw(PUT PATCH DELETE)) {
    my $r = http($method, '/q');
    is_problem($r, 405, 'method_not_allowed');
    is $r->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', "$method: Allow";
}



=== TEST 9: a writing statement answers POST, PUT, PATCH and DELETE, and says nothing
--- config
location = /q { wxapp_query "INSERT INTO log (what) VALUES (?)" $request_method; }
--- drive
for my $method (qw(POST PUT PATCH DELETE)) {
    is_reply(http($method, '/q'), 204, '');
    is mysql_value('SELECT what FROM log ORDER BY id DESC LIMIT 1'), $method, $method;
}
for my $method (qw(GET HEAD)) {
    my $r = http($method, '/q');
    is $r->{status}, 405, "$method: not allowed";
    is $r->{headers}{allow}, 'POST, PUT, PATCH, DELETE, OPTIONS', "$method: Allow";
}
is rows_of('log'), 4, 'and did nothing';



=== TEST 10: OPTIONS is 204 with Allow, and runs nothing
--- config
location = /r { wxapp_query "SELECT 1"; }
location = /w { wxapp_query "INSERT INTO log (what) VALUES ('x')"; }
--- drive
my $r = http('OPTIONS', '/r');
is_reply($r, 204, '');
is $r->{headers}{allow}, 'GET, HEAD, POST, OPTIONS', 'Allow';
$r = http('OPTIONS', '/w');
is_reply($r, 204, '');
is $r->{headers}{allow}, 'POST, PUT, PATCH, DELETE, OPTIONS', 'Allow';
is rows_of('log'), 0, 'nothing';



=== TEST 11: a body that nobody wants is taken and dropped, also a large one
--- config
location = /r { wxapp_query "SELECT 1 AS a" one; }
location = /w { wxapp_query "INSERT INTO log (what) VALUES ('x')"; }
--- drive
is_reply(post('/r', '{"x":1}'), 200, '{"a":1}');
is_reply(post('/w', 'no JSON'), 204, '');
my $socket = connection();
is_reply(post('/w', 'x' x 300_000, socket => $socket), 204, '');
is_reply(get('/r', socket => $socket), 200, '{"a":1}');
close_connection($socket);
is rows_of('log'), 2, 'written';



=== TEST 12: a keep-alive connection answers one query after the other
--- config
location = /q { wxapp_query "SELECT ? AS a" $arg_a value; }
--- drive
my $socket = connection();
is_reply(get("/q?a=$_", socket => $socket), 200, "\"$_\"") for 1 .. 4;
close_connection($socket);



=== TEST 13: SELECT ... FOR UPDATE counts as writing, and still tells its rows
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id = 1 FOR UPDATE"; }
location = /s { wxapp_query "SELECT id FROM item WHERE id = 1 LOCK IN SHARE MODE" one; }
--- drive
is_reply(post('/q'), 200, '[{"id":1}]');
is_reply(post('/s'), 200, '{"id":1}');
is get('/q')->{status}, 405, 'not by GET';
is get('/s')->{status}, 405, 'not by GET';



=== TEST 14: WITH, VALUES, SHOW, UNION and parentheses read
--- config
location = /with   { wxapp_query "WITH a AS (SELECT 1 AS x) SELECT x FROM a" value; }
location = /values { wxapp_query "VALUES (7), (8)" value; }
location = /show   { wxapp_query "SHOW COLUMNS FROM log"; }
location = /union  { wxapp_query "(SELECT 1 AS x) UNION (SELECT 2) ORDER BY x"; }
--- drive
is_reply(get('/with'), 200, '1');
is_reply(get('/values'), 200, '7');
is get('/show')->{json}[0]{Field}, 'id', 'SHOW';
is_reply(get('/union'), 200, '[{"x":1},{"x":2}]');



=== TEST 15: UPDATE, DELETE and REPLACE do what they say
--- config
location = /update  { wxapp_query "UPDATE item SET n = n + 10 WHERE id = ?" $arg_id; }
location = /delete  { wxapp_query "DELETE FROM item WHERE id = ?" $arg_id; }
location = /replace { wxapp_query "REPLACE INTO log (id, what) VALUES (?, ?)" $arg_id $arg_v; }
--- drive
is_reply(post('/update?id=1'), 204, '');
is_reply(post('/update?id=99'), 204, '');
is_reply(http('DELETE', '/delete?id=5'), 204, '');
is_reply(http('PUT', "/replace?id=3&v=$_"), 204, '') for qw(a b);
is mysql_value('SELECT n FROM item WHERE id = 1'), 11, 'UPDATE';
is rows_of('item'), 4, 'DELETE';
is mysql_value('SELECT what FROM log WHERE id = 3'), 'b', 'REPLACE';



=== TEST 16: INSERT ... RETURNING tells its rows when a shape is given
--- config
location = /one  { wxapp_query "INSERT INTO log (what) VALUES (?) RETURNING id, what" $arg_a one status=201; }
location = /list { wxapp_query "INSERT INTO log (what) VALUES (?), ('z') RETURNING what" $arg_a list; }
location = /nil  { wxapp_query "INSERT INTO log (what) VALUES (?) RETURNING id" $arg_a; }
--- drive
is_reply(post('/one?a=x'), 201, '{"id":1,"what":"x"}');
is_reply(post('/list?a=y'), 200, '[{"what":"y"},{"what":"z"}]');
is_reply(post('/nil?a=n'), 204, '');
is rows_of('log'), 4, 'written';



=== TEST 17: a variable binds as a value, never as SQL
--- config
location ~ ^/q/(?<name>.*) { wxapp_query "SELECT id FROM item WHERE name = ?" $name; }
location ~ ^/i/(.*)        { wxapp_query "INSERT INTO log (what) VALUES (?)" $1; }
--- drive
is_reply(get('/q/two'), 200, '[{"id":2}]');
is_reply(get("/q/x'%20OR%20'1'='1"), 200, '[]');
is_reply(get('/q/x%22%20OR%201=1%20--%20'), 200, '[]');
is_reply(get('/q/%5C'), 200, '[]');
is_reply(post("/i/a');DELETE%20FROM%20item;--"), 204, '');
is mysql_value('SELECT what FROM log'), "a');DELETE FROM item;--", 'as it came';
is rows_of('item'), 5, 'nothing else';



=== TEST 18: a variable that is not found binds NULL, an empty one an empty string
--- config
location = /q { wxapp_query "SELECT ? IS NULL AS a, ? = '' AS b" $arg_x $arg_x; }
--- drive
is_reply(get('/q'), 200, '[{"a":1,"b":null}]');
is_reply(get('/q?x='), 200, '[{"a":0,"b":1}]');
is_reply(get('/q?x=y'), 200, '[{"a":0,"b":0}]');



=== TEST 19: values may be composed of text and variables
--- config
location = /q { wxapp_query "SELECT ? AS a, ? AS b, ? AS c, ? AS d" "%$arg_x%" "${arg_x}y" plain ${arg_x} one; }
--- drive
is_reply(get('/q?x=1'), 200, '{"a":"%1%","b":"1y","c":"plain","d":"1"}');
is_reply(get('/q'), 200, '{"a":"%%","b":"y","c":"plain","d":null}');



=== TEST 20: placeholders in strings, names and comments are no placeholders
--- config
location = /q {
    wxapp_query "SELECT '?' AS a, ? AS `b?`, \"?\" AS c -- ? it's
                 /* ? */ # ?
                 , 'it''s ?' AS d, 'x\\'?' AS e" $arg_x one;
}
--- drive
is_reply(get('/q?x=1'), 200, '{"a":"?","b?":"1","c":"?","d":"it\'s ?","e":"x\'?"}');



=== TEST 21: an array of rows keeps the order and the number of the statement
--- config
location = /q { wxapp_query "SELECT id FROM item ORDER BY id DESC LIMIT 2 OFFSET 1"; }
location = /l { wxapp_query "SELECT id FROM item ORDER BY id LIMIT ?" $arg_n; }
--- drive
is_reply(get('/q'), 200, '[{"id":4},{"id":3}]');
is_reply(get('/l?n=2'), 200, '[{"id":1},{"id":2}]');



=== TEST 22: integers and booleans by the metadata of the server
--- config
location = /q { wxapp_query "SELECT * FROM types_int ORDER BY id"; }
--- drive
mysql_query('CREATE OR REPLACE TABLE types_int (id INT PRIMARY KEY, b BOOLEAN, t1 TINYINT(1), t4 TINYINT, tu TINYINT UNSIGNED,'
    . ' s SMALLINT, m MEDIUMINT, i INT, iu INT UNSIGNED, bi BIGINT, bu BIGINT UNSIGNED, y YEAR, b1 BIT(1))');
mysql_query("INSERT INTO types_int VALUES (1, TRUE, 0, -128, 255, -32768, -8388608, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615, 2026, b'1'),"
    . " (2, FALSE, 5, 127, 0, 32767, 8388607, 2147483647, 0, 9223372036854775807, 0, 1901, b'0'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)");
is_reply(get('/q'), 200, '[{"id":1,"b":true,"t1":false,"t4":-128,"tu":255,"s":-32768,"m":-8388608,"i":-2147483648,"iu":4294967295,"bi":-9223372036854775808,"bu":18446744073709551615,"y":2026,"b1":true}'
    . ',{"id":2,"b":false,"t1":true,"t4":127,"tu":0,"s":32767,"m":8388607,"i":2147483647,"iu":0,"bi":9223372036854775807,"bu":0,"y":1901,"b1":false}'
    . ',{"id":3,"b":null,"t1":null,"t4":null,"tu":null,"s":null,"m":null,"i":null,"iu":null,"bi":null,"bu":null,"y":null,"b1":null}]');



=== TEST 23: decimals keep all digits
--- config
location = /q { wxapp_query "SELECT a, b, -a AS c, a * 2 AS d, 1.50 AS e, SUM(b) AS f FROM types_dec" one; }
--- drive
mysql_query('CREATE OR REPLACE TABLE types_dec (a DECIMAL(65,30), b DECIMAL(10,2))');
mysql_query('INSERT INTO types_dec VALUES (12345678901234567890123456789012345.123456789012345678901234567890, 10)');
is_reply(get('/q'), 200, '{"a":12345678901234567890123456789012345.123456789012345678901234567890,"b":10.00,'
    . '"c":-12345678901234567890123456789012345.123456789012345678901234567890,'
    . '"d":24691357802469135780246913578024690.246913578024691357802469135780,"e":1.50,"f":10.00}');



=== TEST 24: FLOAT and DOUBLE are JSON numbers, with an exponent too
--- config
location = /q { wxapp_query "SELECT f, d FROM types_float ORDER BY id"; }
--- drive
mysql_query('CREATE OR REPLACE TABLE types_float (id INT PRIMARY KEY, f FLOAT, d DOUBLE)');
mysql_query('INSERT INTO types_float VALUES (1, 1.5, 0.1), (2, -0.25, -1.7976931348623157e308), (3, 3.4e38, 1e30), (4, 0, 1e-20), (5, NULL, NULL)');
is_reply(get('/q'), 200, '[{"f":1.5,"d":0.1},{"f":-0.25,"d":-1.7976931348623157e308},{"f":3.4e38,"d":1e30},{"f":0,"d":1e-20},{"f":null,"d":null}]');



=== TEST 25: times are RFC 3339 in UTC, zero dates null
--- config
location = /q { wxapp_query "SELECT * FROM types_time ORDER BY id"; }
--- drive
mysql_query('CREATE OR REPLACE TABLE types_time (id INT PRIMARY KEY, da DATE, dt DATETIME, d6 DATETIME(6), ts TIMESTAMP NULL, t3 TIMESTAMP(3) NULL, tm TIME, tm3 TIME(3))');
mysql_query("INSERT INTO types_time VALUES (1, '2026-11-21', '2026-11-21 08:30:00', '2026-11-21 08:30:00.123456', '2026-11-21 08:30:00', '2026-11-21 08:30:00.5', '-12:34:56', '838:59:59'),"
    . " (2, '0001-01-01', '9999-12-31 23:59:59', NULL, NULL, NULL, NULL, NULL)");
mysql_query("SET sql_mode = ''");
mysql_query("INSERT INTO types_time (id, da, dt) VALUES (3, '0000-00-00', '0000-00-00')");
mysql_query('SET sql_mode = DEFAULT');
is_reply(get('/q'), 200, '[{"id":1,"da":"2026-11-21","dt":"2026-11-21T08:30:00Z","d6":"2026-11-21T08:30:00.123456Z","ts":"2026-11-21T08:30:00Z","t3":"2026-11-21T08:30:00.500Z","tm":"-12:34:56","tm3":"838:59:59.000"}'
    . ',{"id":2,"da":"0001-01-01","dt":"9999-12-31T23:59:59Z","d6":null,"ts":null,"t3":null,"tm":null,"tm3":null}'
    . ',{"id":3,"da":null,"dt":null,"d6":null,"ts":null,"t3":null,"tm":null,"tm3":null}]');



=== TEST 26: strings of all kinds, escaped as JSON wants it
--- config
location = /q { wxapp_query "SELECT * FROM types_str" one; }
--- drive
mysql_query("CREATE OR REPLACE TABLE types_str (c CHAR(5), v VARCHAR(40), tt TINYTEXT, t TEXT, mt MEDIUMTEXT, lt LONGTEXT, e ENUM('a','b'), s SET('x','y','z'), l VARCHAR(5) CHARACTER SET latin1) DEFAULT CHARSET utf8mb4");
mysql_query(q{INSERT INTO types_str VALUES ('ab', CONCAT('q"\\\\', CHAR(10, 9, 1), X'E4BDA0F09F9880'), 'tt', 't', 'mt', 'lt', 'b', 'x,z', X'E9')});
is_reply(get('/q'), 200, qq({"c":"ab","v":"q\\"\\\\\\n\\t\\u0001\xE4\xBD\xA0\xF0\x9F\x98\x80","tt":"tt","t":"t","mt":"mt","lt":"lt","e":"b","s":"x,z","l":"\xC3\xA9"}));



=== TEST 27: binary columns are base64
--- config
location = /q { wxapp_query "SELECT * FROM types_bin" one; }
--- drive
mysql_query('CREATE OR REPLACE TABLE types_bin (b BINARY(4), v VARBINARY(10), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB, b9 BIT(9), e VARBINARY(4), n BLOB)');
mysql_query("INSERT INTO types_bin VALUES ('ab', X'00FF10', 'x', X'DEADBEEF', 'yy', 'zzz', b'100000001', '', NULL)");
is_reply(get('/q'), 200, '{"b":"YWIAAA==","v":"AP8Q","tb":"eA==","bl":"3q2+7w==","mb":"eXk=","lb":"enp6","b9":"AQE=","e":"","n":null}');



=== TEST 28: JSON columns and functions are inlined
--- config
location = /q { wxapp_query "SELECT data, JSON_OBJECT('a', id) AS o, JSON_ARRAY(1, 'x', NULL) AS a, JSON_ARRAYAGG(id) AS g FROM item WHERE id = ?" $arg_id one; }
--- drive
is_reply(get('/q?id=1'), 200, '{"data":{"a": [1, 2.50]},"o":{"a": 1},"a":[1, "x", null],"g":[1]}');
is_reply(get('/q?id=5'), 200, '{"data":"text","o":{"a": 5},"a":[1, "x", null],"g":[5]}');
is_reply(get('/q?id=2'), 200, '{"data":null,"o":{"a": 2},"a":[1, "x", null],"g":[2]}');



=== TEST 29: expressions have the types that the server gives them
--- config
location = /q { wxapp_query "SELECT COUNT(*) AS a, SUM(id) AS b, AVG(id) AS c, MAX(made) AS d, NULL AS e, 1 + 1 AS f, 7 / 2 AS g, CONCAT(1, 2) AS h, DATE(MAX(made)) AS i, UNIX_TIMESTAMP(MAX(made)) AS j FROM item" one; }
--- drive
is_reply(get('/q'), 200, '{"a":5,"b":15,"c":3.0000,"d":"2026-01-02T03:04:05Z","e":null,"f":2,"g":3.5000,"h":"12","i":"2026-01-02","j":1767323045}');



=== TEST 30: labels are escaped, whatever a column is called
--- config
location = /q { wxapp_query "SELECT 1 `a b`, 2 `q\"x`, 3 `back\\slash`, 4 `名`, 5, ''" one; }
--- drive
is_reply(get('/q'), 200, qq({"a b":1,"q\\"x":2,"back\\\\slash":3,"\xE5\x90\x8D":4,"5":5,"":""}));



=== TEST 31: many columns and long values
--- config
location = /q { wxapp_query "SELECT REPEAT('a', 70000) AS a, REPEAT('b', 5000) AS b, 1 AS c" one; }
location = /w { wxapp_query "SELECT i1.*, i2.*, i3.*, i4.* FROM item i1, item i2, item i3, item i4 WHERE i1.id = 1 AND i2.id = 2 AND i3.id = 3 AND i4.id = 4" one; }
--- drive
is_reply(get('/q'), 200, '{"a":"' . 'a' x 70000 . '","b":"' . 'b' x 5000 . '","c":1}');
my $body = get('/w')->{body};
is scalar(() = $body =~ /"name":/g), 4, 'all columns, also of one name';



=== TEST 32: a list of many rows
--- config
location = /q { wxapp_query "SELECT seq, CONCAT('row ', seq) AS name FROM seq_1_to_5000"; }
--- drive
my $r = get('/q');
is $r->{status}, 200, 'status';
is scalar @{ $r->{json} }, 5000, 'all rows';
is_deeply $r->{json}[4999], { seq => 5000, name => 'row 5000' }, 'the last';
is scalar(grep { $r->{json}[$_]{seq} != $_ + 1 } 0 .. 4999), 0, 'in order';



=== TEST 33: a result over 16 MB is refused, the connection goes on
--- config
location = /big  { wxapp_query "SELECT REPEAT('a', 1000000) AS a FROM seq_1_to_20"; }
location = /near { wxapp_query "SELECT REPEAT('a', 1000000) AS a FROM seq_1_to_15"; }
location = /q    { wxapp_query "SELECT 1" value; }
--- drive
is_problem(get('/big'), 500, 'result_too_large');
is_reply(get('/q'), 200, '1');
my $near = HTTP::Tiny->new->get('http://127.0.0.1:' . WXApp::port() . '/near');
is length $near->{content}, 15 * 1000009 - 1 + 2, 'a little less is told';
like logs(), qr/\[error\][^\n]*take more than 16777216 bytes/, 'logged';



=== TEST 34: a procedure: its first result set is the list
--- config
location = /list  { wxapp_query "CALL two(?)" 2 list; }
location = /one   { wxapp_query "CALL two(?)" 2 one; }
location = /value { wxapp_query "CALL two(?)" 2 value; }
location = /nil   { wxapp_query "CALL two(?)" 2; }
--- drive
is_reply(post('/list'), 200, '[{"id":1,"name":"one"},{"id":2,"name":"two"}]');
is_reply(post('/one'), 200, '{"id":1,"name":"one"}');
is_reply(post('/value'), 200, '1');
is_reply(post('/nil'), 204, '');
is get('/list')->{status}, 405, 'a procedure may write';



=== TEST 35: sets tells all result sets, each with its own columns
--- config
location = /q { wxapp_query "CALL two(?)" 2 sets; }
location = /e { wxapp_query "CALL empties()" sets; }
location = /n { wxapp_query "CALL silent('x')" sets; }
location = /s { wxapp_query "SELECT id FROM item WHERE id = 1" sets; }
location = /0 { wxapp_query "SELECT id FROM item WHERE id = 0" sets; }
--- drive
is_reply(post('/q'), 200, '[[{"id":1,"name":"one"},{"id":2,"name":"two"}],[{"given":2,"x":"x"}]]');
is_reply(post('/e'), 200, '[[],[{"one":1}],[]]');
is_reply(post('/n'), 200, '[]');
is_reply(get('/s'), 200, '[[{"id":1}]]');
is_reply(get('/0'), 200, '[[]]');
is rows_of('log'), 1, 'done';



=== TEST 36: a procedure whose first set is empty, in the other shapes
--- config
location = /list { wxapp_query "CALL empties()" list; }
location = /one  { wxapp_query "CALL empties()" one; }
--- drive
is_reply(post('/list'), 200, '[]');
is_problem(post('/one'), 404, 'not_found');



=== TEST 37: a procedure without a result set, then other statements on its connection
--- mysql: pool min=1 max=1;
--- config
location = /s { wxapp_query "CALL silent(?)" $arg_x; }
location = /t { wxapp_query "CALL two(?)" 1 sets; }
location = /q { wxapp_query "SELECT id FROM item WHERE id = ?" $arg_x value; }
--- drive
for (1 .. 3) {
    is_reply(post("/s?x=$_"), 204, '');
    is_reply(get("/q?x=$_"), 200, $_);
    is_reply(post('/t'), 200, '[[{"id":1,"name":"one"}],[{"given":1,"x":"x"}]]');
}
is rows_of('log'), 3, 'all were done';



=== TEST 38: a procedure that fails after its first set: an error, and the connection goes on
--- config
location = /f { wxapp_query "CALL fails_late()" list; }
location = /q { wxapp_query "SELECT 1" value; }
--- drive
is_problem(post('/f'), 500, 'internal_error');
is_reply(get('/q'), 200, '1');
like logs(), qr/\[error\][^\n]*mysql error 1054/, 'logged';



=== TEST 39: the words of SIGNAL SQLSTATE 45000 are told: 409 conflict
--- config
location = /r { wxapp_query "CALL refuse(?)" $http_x_text; }
--- drive
is_problem(post('/r', undef, headers => ['X-Text: only "two" a day']), 409, 'conflict', 'only "two" a day');
is_problem(post('/r', undef, headers => ["X-Text: \xE4\xBB\x8A\xE5\xA4\xA9"]), 409, 'conflict', "\x{4ECA}\x{5929}");



=== TEST 40: a procedure that leaves a transaction open: an error, never the next one's problem
--- config
location = /l { wxapp_query "CALL leaves()" list; }
location = /w { wxapp_query "INSERT INTO log (what) VALUES ('next')"; }
--- drive
is_problem(post('/l'), 500, 'internal_error');
is_reply(post('/w'), 204, '');
is mysql_value('SELECT GROUP_CONCAT(what) FROM log'), 'next', 'what was left is rolled back';



=== TEST 41: rows= on a reading statement counts its rows
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id <= ?" $arg_n rows=2 else=409:not_two; }
location = /m { wxapp_query "SELECT id FROM item WHERE id <= ?" $arg_n rows=2+; }
location = /z { wxapp_query "SELECT id FROM item WHERE id <= ?" $arg_n rows=0 else=403; }
--- drive
is_problem(get('/q?n=1'), 409, 'not_two');
is_reply(get('/q?n=2'), 200, '[{"id":1},{"id":2}]');
is_problem(get('/q?n=3'), 409, 'not_two');
is_problem(get('/m?n=1'), 409, 'conflict');
is_reply(get('/m?n=3'), 200, '[{"id":1},{"id":2},{"id":3}]');
is_reply(get('/z?n=0'), 200, '[]');
is_problem(get('/z?n=1'), 403, 'forbidden');



=== TEST 42: rows= on a writing statement rolls back what it should not have done
--- config
location = /d { wxapp_query "DELETE FROM item WHERE id >= ?" $arg_id rows=1 else=422:too_many; }
location = /u { wxapp_query "UPDATE item SET n = 7 WHERE id = ?" $arg_id rows=1 else=404; }
location = /p { wxapp_query "UPDATE item SET n = 8 WHERE id <= ?" $arg_id rows=1+; }
--- drive
is_problem(post('/d?id=4'), 422, 'too_many');
is rows_of('item'), 5, 'nothing is gone';
is_reply(post('/d?id=5'), 204, '');
is rows_of('item'), 4, 'one is gone';
is_problem(post('/u?id=99'), 404, 'not_found');
is_reply(post('/u?id=1'), 204, '');
is_reply(post('/p?id=3'), 204, '');
is_problem(post('/p?id=0'), 409, 'conflict');
is mysql_value('SELECT SUM(n = 8) FROM item'), 3, 'three';



=== TEST 43: rows are those matched: an update that changes nothing counts
--- config
location = /u { wxapp_query "UPDATE item SET n = ? WHERE id = 1" $arg_n rows=1; }
--- drive
is_reply(post('/u?n=1'), 204, '');
is_reply(post('/u?n=1'), 204, '');



=== TEST 44: one and value have their own else
--- config
location = /o { wxapp_query "SELECT id FROM item WHERE id = ?" $arg_id one else=410; }
location = /v { wxapp_query "SELECT n FROM item WHERE id = ?" $arg_id value else=404:no_such_thing; }
location = /r { wxapp_query "SELECT id FROM item WHERE id <= ?" $arg_id one rows=1 else=409:many; }
--- drive
is_problem(get('/o?id=9'), 410, 'gone');
is_reply(get('/o?id=1'), 200, '{"id":1}');
is_problem(get('/v?id=9'), 404, 'no_such_thing');
is_reply(get('/v?id=3'), 200, 'null');
is_problem(get('/r?id=2'), 409, 'many');
is_problem(get('/r?id=0'), 409, 'many');



=== TEST 45: else: a status that has no name takes a code, and 5xx says when to come again
--- config
location = /a { wxapp_query "SELECT 1 FROM item WHERE id = 0" rows=1 else=402:top_up; }
location = /b { wxapp_query "SELECT 1 FROM item WHERE id = 0" rows=1 else=503:closed_today; }
location = /c { wxapp_query "SELECT 1 FROM item WHERE id = 0" rows=1 else=422; }
--- drive
is_problem(get('/a'), 402, 'top_up');
is_problem(get('/b'), 503, 'closed_today');
is_problem(get('/c'), 422, 'unprocessable_content');



=== TEST 46: $wxapp_insert_id and $wxapp_row_ can be logged and sent
--- wxapp
log_format ids "[ids $wxapp_insert_id $wxapp_row_id $wxapp_row_NAME $wxapp_row_n $wxapp_row_nosuch]";
--- config
location = /i {
    access_log logs/ids.log ids;
    add_header Location /items/$wxapp_insert_id;
    wxapp_query "INSERT INTO item (name) VALUES (?)" $arg_name status=201;
}
location = /q {
    access_log logs/ids.log ids;
    add_header X-Name $wxapp_row_name;
    wxapp_query "SELECT id, Name, n FROM item WHERE id >= ? ORDER BY id" $arg_id;
}
location = /ping { access_log logs/ids.log ids; wxapp_ping; }
--- drive
is post('/i?name=six')->{headers}{location}, '/items/6', 'the id';
is get('/q?id=2')->{headers}{'x-name'}, 'two', 'a column';
is get('/q?id=9')->{headers}{'x-name'}, undef, 'no row';
get('/q?id=3');
get('/ping');
my @lines;
wait_until { (@lines = logs(0, Test::Nginx::Util::server_root() . '/logs/ids.log') =~ /\[ids (.*)\]/g) == 5 };
is_deeply \@lines, ['6 - - - -', '- 2 two 2 -', '- - - - -', '- 3 three - -', '- - - - -'], 'in the log';



=== TEST 47: errors of the table: a duplicate, in both kinds of unique keys
--- config
location = /i { wxapp_query "INSERT INTO item (id, name) VALUES (?, ?)" $arg_id $arg_name; }
--- drive
is_problem(post('/i?name=one'), 409, 'duplicate');
is_problem(post('/i?id=1&name=new'), 409, 'duplicate');
is_reply(post('/i?name=new'), 204, '');



=== TEST 48: errors of the table: foreign keys, both ways
--- config
location = /i { wxapp_query "INSERT INTO item (name, parent) VALUES (?, ?)" $arg_name $arg_parent; }
location = /d { wxapp_query "DELETE FROM item WHERE id = ?" $arg_id; }
--- drive
is_problem(post('/i?name=x&parent=99'), 409, 'reference_missing');
is_reply(post('/i?name=y&parent=1'), 204, '');
is_problem(post('/d?id=1'), 409, 'referenced');



=== TEST 49: errors of the table: a value that does not fit
--- config
location = /name  { wxapp_query "INSERT INTO item (name) VALUES (?)" $arg_v; }
location = /n     { wxapp_query "UPDATE item SET n = ? WHERE id = 1" $arg_v; }
location = /tiny  { wxapp_query "UPDATE item SET tiny = ? WHERE id = 1" $arg_v; }
location = /price { wxapp_query "UPDATE item SET price = ? WHERE id = 1" $arg_v; }
location = /made  { wxapp_query "UPDATE item SET made = ? WHERE id = 1" $arg_v; }
location = /data  { wxapp_query "UPDATE item SET data = ? WHERE id = 1" $arg_v; }
location ~ ^/utf8/(?<v>.*) { wxapp_query "INSERT INTO item (name) VALUES (?)" $v; }
--- drive
is_problem(post('/name?v=' . 'x' x 21), 422, 'invalid_value', 'a value is too long for its column');
is_problem(post('/name'), 422, 'invalid_value', 'a column must not be null');
is_problem(post('/n?v=abc'), 422, 'invalid_value', 'a value does not fit its column');
is_problem(post('/n?v=13'), 422, 'invalid_value', 'a value breaks a rule of the table');
is_problem(post('/tiny?v=128'), 422, 'invalid_value', 'a value is out of the range of its column');
is_problem(post('/price?v=999999999'), 422, 'invalid_value', 'a value is out of the range of its column');
is_problem(post('/made?v=yesterday'), 422, 'invalid_value');
is_problem(post('/data?v=nojson'), 422, 'invalid_value', 'a value breaks a rule of the table');
is_problem(post('/utf8/a%FFb'), 422, 'invalid_value');



=== TEST 50: errors of arithmetic: below zero in an UNSIGNED column, a division by zero
--- config
location = /take { wxapp_query "UPDATE item SET stock = stock - ? WHERE id = 1" $arg_n; }
location = /div  { wxapp_query "UPDATE item SET n = 1 / ? WHERE id = 1" $arg_n; }
--- drive
is_problem(post('/take?n=11'), 422, 'invalid_value');
is_problem(post('/div?n=0'), 422, 'invalid_value', 'a value divides by zero');
is mysql_value('SELECT stock FROM item WHERE id = 1'), 10, 'nothing taken';



=== TEST 51: a column without a default and without a value
--- config
location = /i { wxapp_query "INSERT INTO item (n) VALUES (5)"; }
--- drive
is_problem(post('/i'), 422, 'invalid_value', 'a column without a default got no value');



=== TEST 52: faults of the configuration's SQL are 500, told to the log only
--- config
location = /syntax { wxapp_query "SELECT FROM WHERE"; }
location = /table  { wxapp_query "SELECT * FROM no_such_table"; }
location = /column { wxapp_query "SELECT no_such_column FROM item"; }
location = /proc   { wxapp_query "CALL no_such_procedure()"; }
location = /grant  { wxapp_query "SELECT * FROM mysql.user"; }
--- drive
is_problem(get("/$_"), 500, 'internal_error', 'the server failed') for qw(syntax table column grant);
is_problem(post('/proc'), 500, 'internal_error', 'the server failed');
like logs(), qr/\[error\][^\n]*mysql error $_/, "$_ is logged" for 1064, 1146, 1054, 1305, 1142;



=== TEST 53: a statement that the server stops for its time is 504
--- config
location = /q { wxapp_query "SET STATEMENT max_statement_time = 0.05 FOR SELECT SLEEP(2)"; }
location = /r { wxapp_query "SELECT 1"; }
--- refused
the SQL begins with "SET"



=== TEST 54: max_statement_time of the session: 504 database_timeout
--- mysql: timeout query=100ms;
--- config
location = /q { wxapp_query "SELECT SLEEP(3)"; }
location = /r { wxapp_query "SELECT 1" value; }
--- drive
my $r = get('/q');
is_problem($r, 504, 'database_timeout');
cmp_ok $r->{took}, '<', 2, 'in time';
is_reply(get('/r'), 200, '1');



=== TEST 55: a lock that is not had at once: NOWAIT is 503 busy
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id = 1 FOR UPDATE NOWAIT"; }
--- drive
my $db = WXApp::mysql();
$db->do('START TRANSACTION');
$db->do('UPDATE item SET n = 9 WHERE id = 1');
is_problem(post('/q'), 503, 'busy');
$db->do('ROLLBACK');
is_reply(post('/q'), 200, '[{"id":1}]');



=== TEST 56: the database is not there: 503 with Retry-After
--- http_config eval: WXApp::wxapp_http(mysql => 'wxapp_mysql { primary unix:/nonexistent/mysql.sock; database x; user x; }')
--- config
location = /q { wxapp_query "SELECT 1"; }
location = /w { wxapp_query "INSERT INTO log (what) VALUES ('x')"; }
--- drive
is_problem(get('/q'), 503, 'database_unavailable');
is_problem(post('/w'), 503, 'database_unavailable');



=== TEST 57: more requests than connections wait in the line
--- mysql: pool min=1 max=1;
--- config
location = /q { wxapp_query "SELECT ? + SLEEP(0.01)" $arg_n value; }
--- drive
my @h = map { begin('GET', "/q?n=$_") } 1 .. 10;
is_reply(finish($h[$_ - 1]), 200, $_) for 1 .. 10;



=== TEST 58: a client that goes away while its query waits: the line goes on
--- mysql: pool min=1 max=1;
--- config
location = /slow { wxapp_query "SELECT SLEEP(0.2)" value; }
location = /w    { wxapp_query "INSERT INTO log (what) VALUES (?)" $arg_n; }
--- drive
my $slow = begin('GET', '/slow');
ok wait_until { status_of('mysql')->{busy} == 1 }, 'the connection is busy';
my $gone = begin('POST', '/w?n=gone');
ok wait_until { status_of('mysql')->{waiting} == 1 }, 'the second one waits';
abandon($gone);
ok wait_until { status_of('mysql')->{waiting} == 0 }, 'and left';
is_reply(post('/w?n=next'), 204, '');
is_reply(finish($slow), 200, '0');
is mysql_value('SELECT GROUP_CONCAT(what) FROM log'), 'next', 'only the one that stayed';



=== TEST 59: a subrequest may be a query
--- config
location = /auth  { internal; wxapp_query "SELECT id FROM item WHERE name = ?" $http_x_name one else=403; }
location = /guard { auth_request /auth; wxapp_ping; }
--- drive
is get('/guard', headers => ['X-Name: two'])->{status}, 200, 'let in';
is get('/guard', headers => ['X-Name: ten'])->{status}, 403, 'not let in';



=== TEST 60: behind a named location and a rewrite
--- config
location = /a { error_page 404 = @b; return 404; }
location @b   { wxapp_query "SELECT 'named' AS a" value; }
location = /c { rewrite ^ /d last; }
location /d   { wxapp_query "SELECT ? AS a" $uri value; }
--- drive
is_reply(get('/a'), 200, '"named"');
is_reply(get('/c'), 200, '"/d"');



=== TEST 61: requests through an if of the location still get the answer
--- config
location = /q {
    set $x no;
    if ($arg_a) { set $x yes; }
    wxapp_query "SELECT ? AS a" $x value;
}
--- drive
is_reply(get('/q?a=1'), 200, '"yes"');
is_reply(get('/q'), 200, '"no"');



=== TEST 62: with a token its claims are values
--- config
location = /q { wxapp_auth on; wxapp_query "SELECT ? AS uid, ? AS role" $wxapp_uid $wxapp_role one; }
--- drive
is_reply(get('/q', headers => ['Authorization: Bearer ' . make_token(sub => 7, role => 'admin')]), 200, '{"uid":"7","role":"admin"}');
is get('/q')->{status}, 401, 'not without';



=== TEST 63: a replaced table is seen with its new columns
--- config
location = /q { wxapp_query "SELECT * FROM changing" one; }
--- drive
mysql_query('CREATE OR REPLACE TABLE changing (a INT)');
mysql_query('INSERT INTO changing VALUES (1)');
is_reply(get('/q'), 200, '{"a":1}') for 1 .. 2;
mysql_query("ALTER TABLE changing ADD b VARCHAR(10) DEFAULT 'x' FIRST");
is_reply(get('/q'), 200, '{"b":"x","a":1}');
mysql_query('ALTER TABLE changing DROP a');
is_reply(get('/q'), 200, '{"b":"x"}');



=== TEST 64: with two statements of a worker each keeps its own
--- mysql: pool min=1 max=1; statements 2;
--- config
location = /a { wxapp_query "SELECT ? + 1 AS a" $arg_n value; }
location = /b { wxapp_query "SELECT ? + 2 AS b, 5" $arg_n one; }
location = /c { wxapp_query "SELECT id FROM item WHERE id < ?" $arg_n; }
location = /d { wxapp_query "INSERT INTO log (what) VALUES (?)" $arg_n; }
--- drive
for (1 .. 3) {
    is_reply(get('/a?n=1'), 200, '2');
    is_reply(get('/b?n=1'), 200, '{"b":3,"5":5}');
    is_reply(get('/c?n=2'), 200, '[{"id":1}]');
    is_reply(post("/d?n=$_"), 204, '');
}



=== TEST 65: refused: a number of values that is not that of the placeholders
--- config
location = /q { wxapp_query "SELECT ?, ?" $arg_a; }
--- refused
the statement has 2 "?", but 1 value is behind it



=== TEST 66: refused: values without a placeholder
--- config
location = /q { wxapp_query "SELECT '?'" $arg_a $arg_b one; }
--- refused
the statement has 0 "?", but 2 values are behind it



=== TEST 67: refused: a misspelled shape is a value too many
--- config
location = /q { wxapp_query "SELECT 1" onne; }
--- refused
the statement has 0 "?", but 1 value is behind it



=== TEST 68: refused: a variable in the SQL
--- config
location = /q { wxapp_query "SELECT * FROM item WHERE id = $arg_id"; }
--- refused
has a variable in it: write "?" and give the variable as a value in 



=== TEST 69: refused: an open quote
--- config
location = /q { wxapp_query "SELECT 'x"; }
--- refused
the SQL "SELECT 'x" has an open quote in 



=== TEST 70: refused: an open comment
--- config
location = /q { wxapp_query "SELECT 1 /* x"; }
--- refused
has an open comment



=== TEST 71: refused: no statement at all
--- config
location = /q { wxapp_query " "; }
--- refused
has no statement



=== TEST 72: refused: two statements
--- config
location = /q { wxapp_query "SELECT 1; SELECT 2"; }
--- refused
has more than one statement



=== TEST 73: refused: what ends a transaction or changes the session
--- config
location = /q { wxapp_query "COMMIT"; }
--- refused
the SQL begins with "COMMIT", it must be SELECT, WITH, VALUES, SHOW, INSERT, UPDATE, DELETE, REPLACE, CALL or DO in 



=== TEST 74: refused: changes of the schema
--- config
location = /q { wxapp_query "DROP TABLE item"; }
--- refused
the SQL begins with "DROP"



=== TEST 75: refused: an unknown parameter, with the nearest right one
--- config
location = /q { wxapp_query "SELECT 1" one row=1; }
--- refused
unknown parameter "row", did you mean "rows"?



=== TEST 76: refused: a parameter twice
--- config
location = /q { wxapp_query "SELECT 1" rows=1 rows=2; }
--- refused
duplicate parameter "rows"



=== TEST 77: refused: rows= that is no number
--- config
location = /q { wxapp_query "SELECT 1" rows=+; }
--- refused
invalid "rows=+", it must be a number, or one and a "+" for that many and more



=== TEST 78: refused: rows=0 where a row is told
--- config
location = /q { wxapp_query "SELECT 1" one rows=0; }
--- refused
"rows=0" has no row to be told



=== TEST 79: refused: else without rows
--- config
location = /q { wxapp_query "SELECT 1" else=404; }
--- refused
"else" needs "rows"



=== TEST 80: refused: else with a status that is no error
--- config
location = /q { wxapp_query "SELECT 1" rows=1 else=200:fine; }
--- refused
invalid "else=200:fine", it must be a status from 400 to 599, and a code of a-z, 0-9 and _



=== TEST 81: refused: else with a word that is no code
--- config
location = /q { wxapp_query "SELECT 1" rows=1 else=409:Sold-Out; }
--- refused
invalid "else=409:Sold-Out"



=== TEST 82: refused: else with an empty code, or a status alone that has no name
--- config
location = /q { wxapp_query "SELECT 1" rows=1 else=409:; }
--- refused
invalid "else=409:"



=== TEST 83: refused: a status without a name needs a code
--- config
location = /q { wxapp_query "SELECT 1" rows=1 else=451; }
--- refused
"else=451" needs a code, like "else=451:sold_out"



=== TEST 84: refused: status= that is no success
--- config
location = /q { wxapp_query "SELECT 1" status=404; }
--- refused
"status" must be between 200 and 299



=== TEST 85: refused: a row or an id that nothing makes
--- config
location = /q { wxapp_query "SELECT ?" $wxapp_row_id; }
--- refused
"$wxapp_row_id" is used before any "query" makes it



=== TEST 86: refused: the same inside a text
--- config
location = /q { wxapp_query "SELECT ?" "x${wxapp_insert_id}y"; }
--- refused
"$wxapp_insert_id" is used before any "exec" makes it



=== TEST 87: refused: an unknown variable
--- config
location = /q { wxapp_query "SELECT ?" $nosuchvariable; }
--- refused
unknown "nosuchvariable" variable



=== TEST 88: refused: without wxapp_mysql
--- http_config eval: WXApp::wxapp_http(mysql => undef)
--- config
location = /q { wxapp_query "SELECT 1"; }
--- refused
"wxapp_query" needs "wxapp_mysql" in 



=== TEST 89: refused: twice in a location, or beside another content
--- config
location = /q { wxapp_query "SELECT 1"; wxapp_query "SELECT 2"; }
--- refused
the location has its content from "wxapp_query" already



=== TEST 90: refused: beside proxy_pass
--- config
location = /q { wxapp_query "SELECT 1"; proxy_pass http://127.0.0.1:1; }
--- refused
another content handler follows "wxapp_query"



=== TEST 91: refused: outside of a location
--- config
wxapp_query "SELECT 1";
--- refused
"wxapp_query" directive is not allowed here



=== TEST 92: refused: inside an if
--- config
location /q { if ($arg_a) { wxapp_query "SELECT 1"; } }
--- refused
"wxapp_query" directive is not allowed here



=== TEST 93: the schema check refuses a statement that the server cannot prepare, with its line
--- mysql: pool min=1 max=1;
--- more: wxapp_schema_check on;
--- config
location = /q { wxapp_query "SELECT no_such_column FROM products"; }
--- refused
no_such_column



=== TEST 94: the schema check passes what is right, lists and procedures too
--- mysql: pool min=1 max=1;
--- more: wxapp_schema_check on;
--- suppress_stderr
--- config
location = /q { wxapp_query "SELECT id FROM item WHERE id IN (?)" $arg_id; }
location = /w { wxapp_query "CALL silent(?)" $arg_x; }
--- drive
is_reply(get('/q?id=1'), 200, '[{"id":1}]');
is_reply(post('/w?x=1'), 204, '');



=== TEST 95: input binds with its types: a LIMIT, exact arithmetic, a boolean, a time
--- config
location = /q {
    wxapp_input source=query { limit int min=1 max=50 default=2; }
    wxapp_query "SELECT id FROM item ORDER BY id LIMIT ?" $wxapp_in_limit;
}
location = /sum {
    wxapp_input { n bigint; d decimal; b bool; t datetime; s string; }
    wxapp_query "SELECT ? + 1 AS n, ? + 0.00000000000000000001 AS d, ? + 1 AS b, ? AS t, CONCAT(?, 'x') AS s"
                $wxapp_in_n $wxapp_in_d $wxapp_in_b $wxapp_in_t $wxapp_in_s one;
}
--- drive
is_reply(get('/q'), 200, '[{"id":1},{"id":2}]');
is_reply(get('/q?limit=1'), 200, '[{"id":1}]');
is_problem(get('/q?limit=x'), 422, 'validation_failed');
is_reply(post('/sum', '{"n":9007199254740993,"d":"12345678901234567890.5","b":true,"t":"2026-11-21T08:30:00+08:00","s":"3"}'), 200,
    '{"n":9007199254740994,"d":12345678901234567890.50000000000000000001,"b":2,"t":"2026-11-21 00:30:00","s":"3x"}');
is_reply(post('/sum', '{}'), 200, '{"n":null,"d":null,"b":null,"t":null,"s":null}');



=== TEST 96: input is not text: no DOUBLE in arithmetic with a column
--- config
location = /t {
    wxapp_input { n bigint; d decimal; }
    wxapp_query "INSERT INTO item (id, name, n, price) SELECT 90, 'sum', 0, price + ? FROM item WHERE id = 4 AND ? - 1 = 9007199254740992" $wxapp_in_d $wxapp_in_n rows=1;
}
--- drive
is_reply(post('/t', '{"n":9007199254740993,"d":0.01}'), 204, '');
is mysql_value('SELECT price FROM item WHERE id = 90'), '12345678.91', 'exact';



=== TEST 97: an array in IN (?): each length up to its cap, an empty one finds nothing
--- config
location = /q {
    wxapp_input source=query { ids int[] max_items=9; }
    wxapp_query "SELECT id FROM item WHERE id IN (?) ORDER BY id" $wxapp_in_ids;
}
location = /p {
    wxapp_input { ids int[]; names string[]; n int; }
    wxapp_query "SELECT id FROM item WHERE n > ? AND (id IN (?) OR name IN ( ? )) ORDER BY id" $wxapp_in_n $wxapp_in_ids $wxapp_in_names;
}
--- drive
is_reply(get('/q?' . join '&', map { "ids=$_" } 1 .. $_), 200, '[' . join(',', map { "{\"id\":$_}" } grep { $_ <= 5 } 1 .. $_) . ']') for 1 .. 9;
is_reply(get('/q'), 200, '[]');
is_reply(post('/p', '{"ids":[],"names":[],"n":0}'), 200, '[]');
is_reply(post('/p', '{"ids":[1,4,4],"names":["five","x\' OR 1=1"],"n":1}'), 200, '[{"id":4},{"id":5}]');
is_reply(post('/p', '{"ids":[5],"n":0}'), 200, '[{"id":5}]');



=== TEST 98: an array elsewhere is its JSON text, in a text too
--- config
location = /q {
    wxapp_input { ids int[]; }
    wxapp_query "SELECT ? AS a, ? AS b, (SELECT SUM(x) FROM JSON_TABLE(?, '$[*]' COLUMNS (x INT PATH '$')) t) AS c"
                $wxapp_in_ids "<$wxapp_in_ids>" $wxapp_in_ids one;
}
--- drive
is_reply(post('/q', '{"ids":[1,2,30]}'), 200, '{"a":"[1,2,30]","b":"<[1,2,30]>","c":33}');



=== TEST 99: input declared after the query, and in the location around
--- config
location /a {
    wxapp_input source=query { given int default=7; otherName string; }
    location = /a/b { wxapp_query "SELECT ? AS a, ? AS b" $wxapp_in_given $wxapp_in_otherName one; }
    location = /a/c { wxapp_query "SELECT ? AS a" $wxapp_in_x value; wxapp_input source=query { x int; } }
}
--- drive
is_reply(get('/a/b?otherName=n'), 200, '{"a":7,"b":"n"}');
is_reply(get('/a/c?x=5'), 200, '5');



=== TEST 100: refused: an input that is not declared, with the nearest and the line
--- config
location = /q {
    wxapp_input { quantity int; price decimal; }
    wxapp_query "SELECT ?" "x$wxapp_in_quantiy";
}
--- refused
unknown input "quantiy" in "$wxapp_in_quantiy", did you mean "quantity"? in 



=== TEST 101: refused: an input without wxapp_input
--- config
location = /q { wxapp_query "SELECT ?" $wxapp_in_x; }
--- refused
"$wxapp_in_x" needs "wxapp_input" in 



=== TEST 102: faults of the input are told before any statement runs
--- config
location = /q {
    wxapp_input { name string required max=20; }
    wxapp_query "INSERT INTO log (what) VALUES (?)" $wxapp_in_name;
}
--- drive
is_problem(post('/q', '{}'), 422, 'validation_failed');
is_problem(post('/q', '{"name":"x","other":1}'), 422, 'validation_failed');
is_reply(post('/q', '{"name":"x"}'), 204, '');
is rows_of('log'), 1, 'once';
