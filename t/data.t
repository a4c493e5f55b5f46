# The data layer against hostile use: what a review found, kept.
#
# Sections of this file:
#   drive     see WXDrive
#   tables    SQL before nginx starts, made anew; a line of ";" between two statements
#   server    its servers, in place of the standard one
#   mysql     more lines for wxapp_mysql {}, and more text in http {} beside it: more

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

    if (defined $block->server) {
        my ($db, $lines) = (database(), $block->mysql // '');
        $block->set_value(http_config => wxapp_http(app => undef, redis => undef, mysql => 'wxapp_mysql {' . $block->server
            . "database $db; user $ENV{WXAPP_MYSQL_USER}; password_file $ENV{WXAPP_MYSQL_PASSWORD_FILE}; $lines }"));
    }

    for my $sql (split /^;\n?/m, $block->tables // '') {
        mysql_query("DROP TABLE IF EXISTS $1") if $sql =~ /CREATE TABLE (\w+)/;
        mysql_query("DROP PROCEDURE IF EXISTS $1") if $sql =~ /CREATE PROCEDURE (\w+)/;
        mysql_query($sql) if $sql =~ /\S/;
    }
});

sub send_json { my ($method, $path, $body, @headers) = @_; return http($method, $path, $body, headers => [@headers]) }

database();
run_tests();

__DATA__

=== TEST 1: two result sets with the same columns each have their own rows
--- tables
CREATE PROCEDURE same () BEGIN SELECT 1 AS a, 'x' AS b; SELECT 2 AS a, 'y' AS b; SELECT 3 AS a, 'z' AS b; END
--- config
location = /q { wxapp_query "CALL same()" sets; }
--- drive
for (1 .. 3) {
    is post('/q', '')->{body}, '[[{"a":1,"b":"x"}],[{"a":2,"b":"y"}],[{"a":3,"b":"z"}]]', "call $_";
}



=== TEST 2: a column that not everyone may read cannot be searched by
--- tables
CREATE TABLE notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(100) NOT NULL, secret TEXT NOT NULL, FULLTEXT (title, secret)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
--- config
location /n {
    wxapp_resource notes {
        column id bigint;
        column title string;
        column secret text read=admin;
        search title secret;
        allow GET;
    }
}
--- must_die
--- suppress_stderr
--- error_log
[emerg]
column "secret" cannot be searched



=== TEST 3: an upsert that meets another unique key of another row is no success
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, sku, name) VALUES (1, 'a', 'A'), (2, 'b', 'B')
--- config
location /g {
    wxapp_resource goods {
        column id bigint write;
        column sku string write;
        column name string write;
        upsert sku;
        allow GET POST PATCH;
    }
}
--- drive
my $r = send_json('POST', '/g?on_conflict=sku', '{"id":1,"sku":"b","name":"new"}', 'Prefer: resolution=merge-duplicates');
is $r->{status}, 409, 'told' or diag $r->{body};
is mysql_value('SELECT GROUP_CONCAT(id, sku, name ORDER BY id) FROM goods'), '1aA,2bB', 'nothing was done';



=== TEST 4: rows made with given keys are told
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
--- config
location /g {
    wxapp_resource goods {
        column id bigint write;
        column sku string write;
        allow GET POST;
    }
}
--- drive
my $r = send_json('POST', '/g', '[{"id":11,"sku":"b"},{"id":12,"sku":"c"}]', 'Prefer: return=representation');
is $r->{status}, 201, 'made';
is $r->{body}, '[{"id":11,"sku":"b"},{"id":12,"sku":"c"}]', 'and told';



=== TEST 5: an upsert needs the right to change rows, not only to make them
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, sku, name) VALUES (1, 'a', 'A')
--- config
location /g {
    wxapp_resource goods {
        column id bigint;
        column sku string write;
        column name string write;
        upsert sku;
        allow GET POST;
        allow PATCH PUT role=admin;
    }
}
--- drive
my $r = send_json('POST', '/g?on_conflict=sku', '{"sku":"a","name":"hacked"}', 'Prefer: resolution=merge-duplicates');
is $r->{status}, 401, 'refused' or diag $r->{body};
is mysql_value('SELECT name FROM goods'), 'A', 'nothing was done';



=== TEST 6: Location of a merged row is its own
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, sku, name) VALUES (7, 'a', 'A')
--- config
location /g { wxapp_resource goods { column id bigint; column sku string write; column name string write; upsert sku; allow GET POST PATCH; } }
--- drive
my $r = send_json('POST', '/g?on_conflict=sku', '{"sku":"a","name":"new"}', 'Prefer: resolution=merge-duplicates');
ok !defined $r->{headers}{location} || $r->{headers}{location} eq '/g/7', 'Location' or diag $r->{headers}{location};
$r = send_json('POST', '/g?on_conflict=sku', '{"sku":"new","name":"new"}', 'Prefer: resolution=merge-duplicates');
ok !defined $r->{headers}{location} || $r->{headers}{location} =~ m{^/g/\d+$}, 'Location of a new one' or diag $r->{headers}{location};
$r = send_json('POST', '/g?on_conflict=sku', '{"sku":"new2","name":"new"}', 'Prefer: resolution=ignore-duplicates');
ok !defined $r->{headers}{location} || $r->{headers}{location} =~ m{^/g/\d+$}, 'Location of a new one' or diag $r->{headers}{location};
$r = send_json('POST', '/g?on_conflict=sku', '{"sku":"new2","name":"new"}', 'Prefer: resolution=ignore-duplicates, return=headers-only');
ok !defined $r->{headers}{location}, 'no Location of none' or diag $r->{headers}{location};



=== TEST 7: an increment keeps the rules of its column
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, stock INT NOT NULL DEFAULT 5) DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, stock) VALUES (7, 5)
--- config
location /g { wxapp_resource goods { column id bigint; column stock int write min=0 max=10; increment stock; allow GET POST PATCH; } }
--- drive
my $r = send_json('PATCH', '/g/7', '{"stock-":100}');
isnt $r->{status}, 200, 'below min' or diag $r->{body};
$r = send_json('PATCH', '/g/7', '{"stock-":-100}');
isnt $r->{status}, 200, 'above max' or diag $r->{body};



=== TEST 8: a write that was done is not told as 412 by nginx's own conditions
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, stock INT NOT NULL DEFAULT 5, ver INT NOT NULL DEFAULT 1) DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, stock) VALUES (7, 5)
--- config
location /g { wxapp_resource goods { column id bigint; column stock int write; column ver int; version ver; allow GET POST PATCH PUT DELETE; } }
location /q { wxapp_query "UPDATE goods SET stock = stock + 1" none; }
location /p { wxapp_query "CALL p()" one; }
location /t { wxapp_transaction { exec "UPDATE goods SET stock = stock + 1"; query "SELECT stock FROM goods" one; } }
--- drive
my $r = send_json('PATCH', '/g/7', '{"stock":1}', 'If-Match: "1"');
is $r->{status}, 200, 'If-Match';
$r = send_json('PATCH', '/g/7', '{"stock":2}', 'If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT');
ok $r->{status} == 200 && mysql_value('SELECT stock FROM goods') == 2 || $r->{status} == 412 && mysql_value('SELECT stock FROM goods') == 1, 'If-Unmodified-Since' or diag "$r->{status}";
$r = send_json('POST', '/g', '{"stock":3}', 'If-Match: "1"', 'If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT');
is $r->{status}, 201, 'POST';
$r = send_json('POST', '/t', '', 'If-Match: "1"');
is $r->{status}, 200, 'transaction' or diag $r->{body};
$r = send_json('POST', '/t', '', 'If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT');
is $r->{status}, 200, 'transaction' or diag $r->{body};



=== TEST 9: an order that the text of a value does not tell has no cursor
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, state ENUM('red','green','blue') NULL, f FLOAT NULL, d DECIMAL(8,2) NULL) DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (state, f, d) VALUES ('red', 0.1, 0.1), ('green', 0.2, 0.2), ('blue', 0.3, 0.3), (NULL, NULL, NULL), ('red', 0.1, 0.1), ('green', NULL, NULL)
--- config
location /g { wxapp_resource goods { column id bigint; column state string; column f decimal; column d decimal; order state f d; cursor on; allow GET; } }
--- drive
for my $order (qw(state state.desc f f.desc)) {
    is get("/g?order=$order&limit=2")->{headers}{link}, undef, "order=$order";
}
for my $order (qw(d d.desc id.desc)) {
    my ($path, @ids) = ("/g?order=$order&limit=2");
    for (1 .. 5) {
        my $r = get($path);
        push @ids, map { $_->{id} } @{ $r->{json} };
        ($path) = ($r->{headers}{link} // '') =~ /<([^>]*)>/ or last;
    }
    is join(',', sort @ids), '1,2,3,4,5,6', "order=$order";
}



=== TEST 10: a procedure that fails in its own transaction leaves no connection in it
--- tables
CREATE TABLE log2 (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) NULL) DEFAULT CHARSET utf8mb4
;
CREATE PROCEDURE opens () BEGIN START TRANSACTION; INSERT INTO log2 (what) VALUES ('left'); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END
--- mysql
    pool min=1 max=1;
--- config
location /a { wxapp_query "  CALL opens()"; }
location /c { wxapp_query "/* x */ CALL opens()"; }
location /b { wxapp_query "INSERT INTO log2 (what) VALUES ('b')"; }
--- drive
for my $p (qw(/a /c)) {
    is post($p, '')->{status}, 409, $p;
    is post('/b', '')->{status}, 204, "the next after $p";
}
is mysql_value('SELECT COUNT(*) FROM log2'), 2, 'rows';



=== TEST 11: conditions in a location with a resource do not crash
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, sku, name) VALUES (7, 'a', 'A')
--- config
location /g { wxapp_resource goods { column id bigint; allow GET; } if ($arg_x) { set $y 1; } limit_except GET { deny all; } }
location /q { wxapp_query "SELECT 1 AS a"; if ($http_x_x) { set $y 1; } }
location /i { wxapp_input { a int; } wxapp_query "SELECT ? AS a" $wxapp_in_a; if ($http_x_x) { set $y 1; } location /i/n { wxapp_query "SELECT ? AS b" $wxapp_in_a; } }
--- drive
is get('/g')->{status}, 200;
is send_json('GET', '/q', undef, 'X-X: 1')->{status}, 200, 'if';
is send_json('GET', '/i?a=1', undef, 'X-X: 1')->{body}, '[{"a":1}]', 'if';
is send_json('GET', '/i?a=x', undef, 'X-X: 1')->{status}, 422, 'if';
is get('/i/n?a=1')->{body}, '[{"b":1}]', 'nested';



=== TEST 12: a write that returns rows is done once, though its table got another column
--- tables
CREATE TABLE log3 (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(200) NULL) DEFAULT CHARSET utf8mb4
--- mysql
    pool min=1 max=1;
--- config
location /a { wxapp_query "INSERT INTO log3 (what) VALUES ('a') RETURNING *" one; }
location /t { wxapp_transaction { query "INSERT INTO log3 (what) VALUES ('a') RETURNING *" one; } }
--- drive
is post('/a', '')->{status}, 200, 'before';
mysql_query('ALTER TABLE log3 ADD COLUMN more INT NULL');
my $r = post('/a', '');
is mysql_value('SELECT COUNT(*) FROM log3'), $r->{status} == 200 ? 2 : 1, 'once' or diag "$r->{status} $r->{body}";
mysql_query('DELETE FROM log3');
post('/t', '');
mysql_query('ALTER TABLE log3 ADD COLUMN still INT NULL');
$r = post('/t', '');
is mysql_value('SELECT COUNT(*) FROM log3'), $r->{status} == 200 ? 2 : 1, 'once in a transaction' or diag "$r->{status} $r->{body}";



=== TEST 13: the isolation level of a transaction whose client left is not the next one's
--- server eval
our $freeze = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_SOCKET}, mode => 'freeze', flag => main::server_root() . '/freeze');
"primary 127.0.0.1:$freeze->{port};"
--- mysql
    pool min=1 max=1;
--- tables
CREATE TABLE item2 (id BIGINT AUTO_INCREMENT PRIMARY KEY, n INT NULL) DEFAULT CHARSET utf8mb4
;
INSERT INTO item2 (n) VALUES (1)
--- config
location /t { wxapp_transaction isolation=read-uncommitted { query "SELECT n FROM item2" value; } }
location /q { wxapp_query "SELECT n FROM item2" value; }
--- drive
my $flag = server_root() . '/freeze';
is get('/q')->{body}, '1', 'before';
open my $fh, '>', $flag; close $fh;
pause(0.1);
my $h = begin('POST', '/t', '');
pause(0.15);
abandon($h);
pause(0.1);
my $dbh = WXApp::mysql();
$dbh->do('START TRANSACTION'); $dbh->do('UPDATE item2 SET n = 66');
unlink $flag;
pause(0.2);
is get('/q')->{body}, '1', 'nothing that was not committed is read';
$dbh->do('ROLLBACK');



=== TEST 14: a statement is killed on the server where it runs, not on the one that took over
--- server eval
our $a14 = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_SOCKET}, mode => 'pass');
our $b14 = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_SOCKET}, mode => 'word', word => qr/KILL QUERY/);
"primary 127.0.0.1:$a14->{port}; primary 127.0.0.1:$b14->{port};"
--- mysql
    pool min=2 max=4; timeout query=700ms;
--- tables
CREATE TABLE flag (n INT) DEFAULT CHARSET utf8mb4
;
INSERT INTO flag VALUES (0)
;
CREATE PROCEDURE ro () BEGIN IF (SELECT n FROM flag) = 0 THEN UPDATE flag SET n = 1; SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1290, MESSAGE_TEXT = 'x'; END IF; END
--- config
location /slow { wxapp_query "SELECT SLEEP(3)" value; }
location /ro { wxapp_query "CALL ro()"; }
--- drive
pause(0.2);
my $from = log_size();
my $h = begin('GET', '/slow', undef);
pause(0.1);
is post('/ro', '')->{status}, 503, 'a procedure may be half done, it is not run again';
is post('/ro', '')->{status}, 204, 'the other primary took over';
is finish($h)->{status}, 504, 'timeout';
pause(0.3);
my $port = $Test::Base::Filter::b14->{port};
is scalar(() = logs($from) =~ /\Q127.0.0.1:$port\E: connection closed in a query/g), 0, 'no KILL there';



=== TEST 15: a unique key with the owner in it can be the key of an upsert
--- tables
CREATE TABLE cart (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, sku VARCHAR(20) NOT NULL, n INT NOT NULL DEFAULT 1, UNIQUE (user_id, sku)) DEFAULT CHARSET=utf8mb4
--- config
location /c { wxapp_resource cart { column id bigint; column user_id bigint; column sku string write; column n int write; owner user_id=$http_x_user; upsert user_id sku; allow GET POST PATCH; } }
--- drive
my $r;
$r = send_json('POST', '/c?on_conflict=user_id,sku', qq({"sku":"a","n":$_}), 'X-User: 5', 'Prefer: resolution=merge-duplicates') for 3, 4;
is $r->{status} =~ /^20[01]/, 1, 'done' or diag "$r->{status} $r->{body}";
is mysql_value('SELECT GROUP_CONCAT(user_id, sku, n) FROM cart'), '5a4', 'once';



=== TEST 16: an upsert whose key is NULL tells its own row and no other
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NULL UNIQUE, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (sku, name) VALUES (NULL, 'A'), (NULL, 'B'), (NULL, 'C')
--- config
location /g { wxapp_resource goods { column id bigint; column sku string write; column name string write; upsert sku; allow GET POST PATCH; } }
--- drive
my $r = send_json('POST', '/g?on_conflict=sku', '{"sku":null,"name":"D"}', 'Prefer: resolution=merge-duplicates');
ok $r->{status} >= 400 || $r->{json}, 'JSON' or diag "$r->{status} $r->{body}";
$r = send_json('POST', '/g?on_conflict=sku', '[{"sku":null,"name":"E"}]', 'Prefer: resolution=merge-duplicates, return=representation');
ok $r->{status} >= 400 || @{ $r->{json} } == 1, 'one row' or diag "$r->{status} $r->{body}";



=== TEST 17: a long message of SIGNAL stays UTF-8
--- tables
CREATE PROCEDURE speaks () BEGIN DECLARE m VARCHAR(128) CHARSET utf8mb4 DEFAULT CONCAT('xx', REPEAT(CONVERT(0xE5BA93 USING utf8mb4), 120)); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = m; END
--- config
location /s { wxapp_query "CALL speaks()"; }
--- drive
my $r = post('/s', '');
is $r->{status}, 409, 'refused';
ok utf8::decode(my $b = $r->{body}), 'UTF-8' or diag $r->{body};



=== TEST 18: a default= is for new rows, a merge leaves what was not given
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, n INT NOT NULL, name VARCHAR(20) NOT NULL DEFAULT '') DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (sku, n, name) VALUES ('a', 77, 'A')
--- config
location /g { wxapp_resource goods { column id bigint; column sku string write; column n int write default=1; column name string write; upsert sku; allow GET POST PATCH; } }
--- drive
my $r = send_json('POST', '/g?on_conflict=sku', '{"sku":"a","name":"new"}', 'Prefer: resolution=merge-duplicates');
is $r->{status}, 201, 'merged' or diag $r->{body};
is mysql_value('SELECT CONCAT(n, name) FROM goods'), '77new', 'n stays';



=== TEST 19: many increments in one body are refused in no time
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, stock INT NOT NULL DEFAULT 5) DEFAULT CHARSET=utf8mb4
;
INSERT INTO goods (id, stock) VALUES (7, 5)
--- config
location /g { wxapp_resource goods { column id bigint; column stock int write; increment stock; allow GET POST PATCH; } }
--- drive
my $r = send_json('PATCH', '/g/7', '{' . join(',', ('"stock+":1') x 30000) . '}');
is $r->{status}, 422, 'refused' or diag $r->{body};
cmp_ok $r->{took}, '<', 3, 'soon';



=== TEST 20: a write that was sent when its connection was lost has an unknown outcome
--- server eval
our $p20 = WXDrive::fault_proxy(mode => 'word', word => qr/lateword/, late => 1, to => $ENV{WXAPP_MYSQL_SOCKET});
"primary 127.0.0.1:$p20->{port};"
--- tables
CREATE TABLE goods (id BIGINT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20)) DEFAULT CHARSET=utf8mb4
--- config
location /g { wxapp_resource goods { column id bigint; column sku string write; allow GET POST PATCH; } }
location /q { wxapp_query "INSERT INTO goods (sku) VALUES (?)" $arg_sku; }
--- drive
my $r = send_json('POST', '/g', '{"sku":"lateword"}');
is $r->{status}, 503, 'resource';
is $r->{json}{code}, 'outcome_unknown', 'resource' or diag $r->{body};
$r = post('/q?sku=lateword', '');
is $r->{status}, 503, 'query';
is $r->{json}{code}, 'outcome_unknown', 'query' or diag $r->{body};
wait_until { mysql_value('SELECT COUNT(*) FROM goods') };
cmp_ok mysql_value('SELECT COUNT(*) FROM goods'), '>', 0, 'it was done';



=== TEST 21: when the primary dies, who waits is answered by the other one
--- server eval
our $a21 = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_SOCKET}, mode => 'pass');
our $b21 = WXDrive::fault_proxy(to => $ENV{WXAPP_MYSQL_SOCKET}, mode => 'pass');
"primary 127.0.0.1:$a21->{port}; primary 127.0.0.1:$b21->{port};"
--- mysql
    pool min=3 max=4;
--- config
location /q { wxapp_query "SELECT 1" value; }
--- drive
ok +(wait_until { (status_of('mysql')->{connections}{idle} // status_of('mysql')->{idle} // 3) == 3 }), 'up';
fault_stop($Test::Base::Filter::a21);
my @h = map { begin('GET', '/q', undef) } 1 .. 6;
is join(' ', map { finish($_)->{status} } @h), '200 200 200 200 200 200', 'all';



=== TEST 22: an included location takes nothing that its own rules refuse
--- config
ssi on;
default_type text/html;
location /outer { wxapp_input { id int; } root html; }
location = /inner { wxapp_input { id int max=5; } wxapp_query "SELECT ? AS id" $wxapp_in_id; }
--- user_files
>>> outer/index.html
<!--# include virtual="/inner?id=7" -->
--- drive
is get('/inner?id=7')->{status}, 422, 'by itself';
unlike get('/outer/index.html?id=7')->{body}, qr/"id":7/, 'included' ;
