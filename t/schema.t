# wxapp_schema_check: what is told of a configuration and its database.
#
# Sections of this file:
#   schema      SQL, run before nginx starts: tables, procedures; all but %BASE are gone for the next block
#   grants      SQL in place of the standard rights of the account; USER and DB stand for their names
#   resource    TABLE and lines for wxapp_resource; "allow GET;" if they have no allow, "column id bigint;" if no column id
#   check       the argument of wxapp_schema_check, "on" otherwise; "none" leaves it out
#   mysql       more lines for wxapp_mysql {}
#   says        what is told, all of it, in order: LEVEL DIRECTIVE: MESSAGE; the file and line of the message must
#               be that of the DIRECTIVE. Nothing is told in a block without it. With an emerg nginx must not start.
#   query       the arguments of a wxapp_query
#   matrix      a type: a resource over %BASE{types} with all its columns of that type
#   fit, poor   the columns that this type fits, or hardly fits; no other one

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

my %BASE = (
    thing => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, price DECIMAL(10,2) NULL,
        note TEXT NULL, owner_id BIGINT NULL, deleted_at DATETIME NULL},
    users => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, openid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
        unionid VARCHAR(64) NULL, nickname VARCHAR(64) NOT NULL DEFAULT '', avatar_url VARCHAR(512) NOT NULL DEFAULT '',
        role VARCHAR(32) NOT NULL DEFAULT 'user', last_login_at DATETIME NULL, deleted_at DATETIME NULL},
    types => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, tiny TINYINT, flag TINYINT(1), bit1 BIT(1), bit8 BIT(8), small SMALLINT,
        medium MEDIUMINT, num INT, unum INT UNSIGNED, big BIGINT, ubig BIGINT UNSIGNED, yr YEAR, price DECIMAL(10,2),
        single FLOAT, dbl DOUBLE, ch CHAR(10), vc VARCHAR(10), ttxt TINYTEXT, txt TEXT, mtxt MEDIUMTEXT, ltxt LONGTEXT,
        en ENUM('a','b'), se SET('a','b'), tim TIME, moment DATETIME(6), stamp TIMESTAMP NULL, dat DATE, doc JSON,
        bin BINARY(4), vbin VARBINARY(10), tblb TINYBLOB, blb BLOB, pt POINT},
);

# ---- the account and the tables of a block

sub user { return 's' . WXApp::port() }

my %changed = (users => 1);     # of %BASE, by the block before, or by tools/database

sub prepare {
    my ($block) = @_;
    my ($user, $db) = (user(), database());
    my %there = map { $_->{t} => $_->{k} }
        mysql_query('SELECT TABLE_NAME AS t, TABLE_TYPE AS k FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?', $db);

    mysql_query('SET SESSION foreign_key_checks = 0');
    for my $name (grep { !$BASE{$_} || $changed{$_} } keys %there) {
        mysql_query('DROP ' . ((delete $there{$name}) eq 'VIEW' ? 'VIEW' : 'TABLE') . " `$name`");
    }
    for my $name (grep { !$there{$_} } keys %BASE) {
        mysql_query("CREATE TABLE `$name` ($BASE{$name}) DEFAULT CHARSET = utf8mb4");
    }
    mysql_query("DROP PROCEDURE `$_->{n}`")
        for mysql_query('SELECT ROUTINE_NAME AS n FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ?', $db);
    %changed = map { $_ => 1 } ($block->schema // '') =~ /(?:ALTER|RENAME) TABLE (\w+)/g;
    mysql_query($_) for statements($block->schema);

    mysql_query("DROP ROLE IF EXISTS ${user}r");
    mysql_query("DROP USER IF EXISTS $user");
    mysql_query("CREATE USER $user IDENTIFIED BY '" . WXApp::slurp(WXApp::env('WXAPP_MYSQL_PASSWORD_FILE')) . "'");
    mysql_query($_) for statements($block->grants // 'GRANT SELECT, INSERT, UPDATE ON DB.* TO USER;');
    return;
}

sub statements {
    my ($text) = @_;
    my ($user, $db) = (user(), database());
    return map { s/\bUSER/$user/gr =~ s/\bDB\./`$db`./gr } grep { /\S/ } split /;\s*$/m, $text // '';
}

my $owner = $$;
END {
    if ($$ == $owner && $WXApp::dbh) {
        my $status = $?;
        mysql_query("DROP USER IF EXISTS ${\user()}");
        mysql_query("DROP ROLE IF EXISTS ${\user()}r");
        WXApp::mysql()->disconnect;
        undef $WXApp::dbh;
        $? = $status;
    }
}

# ---- the configuration of a block

sub resource {
    my ($table, $lines) = split ' ', $_[0], 2;
    $lines //= '';
    $lines = "column id bigint;\n$lines" if $lines !~ /^\s*column\s+id\s/m;
    $lines .= "\nallow GET;" if $lines !~ /^\s*allow\s/m;
    return "location /$table {\nwxapp_resource $table {\n$lines\n}\n}\n";
}

sub matrix {
    my ($type) = @_;
    my @columns = grep { $_ ne 'id' } map { /^\s*(\w+)/ } split /,(?![^(]*\))/, $BASE{types};
    return resource(join "\n", 'types', map { "column $_ $type;" } @columns);
}

sub http_text {
    my ($block) = @_;
    my $check = $block->check // 'on';
    my $mysql = WXApp::wxapp_mysql(scalar $block->mysql);
    my $user = user();
    $mysql =~ s/\buser(\s+)\S+;/user$1$user;/;
    for my $set (['server', 'primary'], ['database', 'database'], ['password', 'password_file']) {
        my ($section, $directive) = @$set;
        my $value = $block->can($section) ? $block->$section : undef;
        $mysql =~ s/\b$directive(\s+)\S+;/$directive$1$value;/ if defined $value;
    }
    return wxapp_http(redis => undef, mysql => $mysql,
        extra => ($check =~ /none/ ? '' : "wxapp_schema_check $check;\n") . ($block->more // ''));
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    prepare($block);

    $block->set_value(http_config => http_text($block)) if !defined $block->http_config;
    my $config = ($block->config // '') . "location = /ping { wxapp_ping; }\n";
    $config .= resource($block->resource) if defined $block->resource;
    $config .= "location = /query {\nwxapp_query " . ($block->query =~ s/\n+\z//r) . ";\n}\n" if defined $block->query;
    $config .= matrix($block->matrix =~ s/\s//gr) if defined $block->matrix;
    $block->set_value(config => $config);

    $block->set_value(suppress_stderr => '');
    if (($block->says // '') =~ /^emerg /m || defined $block->matrix) {
        $block->set_value(must_die => '');
        $block->set_value(error_log => '[emerg]');
    } elsif (!defined $block->drive) {
        $block->set_value(request => 'GET /ping');
        $block->set_value(response_body_like => '^\{"message":"pong"\}$');
    }
});

sub primary {
    return $ENV{WXAPP_TEST_TCP} ? '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT') : 'unix:' . WXApp::env('WXAPP_MYSQL_SOCKET');
}

# a server that accepts and says nothing
sub stall { our $stall //= fault_proxy(mode => 'stall'); return "127.0.0.1:$stall->{port}" }

# ---- what nginx said

# [level, message, directive], and the figures of the summary
sub told {
    my ($text) = @_;
    my ($root, $user, $db) = ($Test::Nginx::Util::ServRoot, user(), database());
    my (@told, @figures);
    for (split /\n/, $text) {
        @figures = ($1, $2, $3) if /wxapp_schema_check: (\d+) expectations, (\d+) errors, (\d+) warnings/;
        my ($level, $message) = /\[(emerg|warn)\] \d+#\d+: (.*)/ or next;
        my $directive = '';
        if ($message =~ s/ in (\S+):(\d+)$//) {
            my ($file, $line) = ($1, $2);
            $directive = (split ' ', (split /\n/, WXApp::slurp($file))[$line - 1] // '')[0] // '';
        }
        $message =~ s/\Q$root\E/PREFIX/g;
        $message =~ s/'$user'\@'[^']+'|\b$user(?:\@[\w.%]+)?/USER/g;
        $message =~ s/"wxapp\@[\w.]+"/"wxapp"/;
        $message =~ s/\b$db\b|\b\Q${\($db =~ s,_,\\_,gr)}\E\b/DB/g;
        push @told, [$level, $message, $directive];
    }
    return (\@told, \@figures);
}

Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    return if defined $block->drive;
    my $name = $block->name;
    my ($told, $figures) = told(WXApp::slurp($Test::Nginx::Util::ErrLogFile));

    if (defined $block->matrix) {
        my %columns = map { $_ => '' } grep { $_ ne 'id' } map { /^\s*(\w+)/ } split /,(?![^(]*\))/, $BASE{types};
        for (@$told) {
            $columns{$2} = $1 eq 'hardly fits' ? 'poor' : 'unfit' if $_->[1] =~ /^type "\w+" (.*) column "(\w+)"/;
        }
        for my $want (['fit', ''], ['poor', 'poor']) {
            my ($section, $value) = @$want;
            is join(' ', grep { $columns{$_} eq $value } sort keys %columns), join(' ', sort split ' ', $block->$section // ''),
                "$name - the columns that $section";
        }
        return;
    }

    my @want = split /\n/, $block->says // '';
    s/\s+$// for @want;
    is join("\n", map { "$_->[0] $_->[2]: $_->[1]" } @$told), join("\n", @want), "$name - what is told";

    return if ($block->check // 'on') ne 'on' || grep { /^emerg \w*: "/ } @want;
    ok @$figures, "$name - a summary" or return;
    is $figures->[1], scalar(grep { /^emerg/ } @want), "$name - errors";
    is $figures->[2], scalar(grep { /^warn/ } @want), "$name - warnings";
});

# changes the configuration file
sub edit {
    my ($from, $to) = @_;
    my $file = $Test::Nginx::Util::ConfFile;
    my $text = WXApp::slurp($file);
    ok $text =~ s/\Q$from\E/$to/, 'the configuration has what is changed';
    open my $fh, '>', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
}

sub reload {
    my %old = map { $_ => 1 } worker_pids();
    signal_nginx('HUP');
    return wait_until { my @now = worker_pids(); @now == keys %old && !grep { $old{$_} } @now };
}

sub sessions {
    return mysql_value('SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = ?', user());
}

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: all is as expected: nothing is told
--- resource
thing
    column name  string  write required max=40;
    column price decimal write;
    column note  text    write;
    order  id name;
    allow  GET POST PUT DELETE;
    soft_delete deleted_at;



=== TEST 2: off by default: what is wrong does not matter
--- check: none
--- resource: nothing



=== TEST 3: off in so many words
--- check: off
--- resource: nothing



=== TEST 4: off, nobody asks the server
--- check: off
--- server: 127.0.0.1:1
--- mysql: pool min=0;
--- resource: nothing



=== TEST 5: an argument that is neither
--- check: yes
--- says
emerg wxapp_schema_check: invalid value "yes" in "wxapp_schema_check" directive, it must be "on" or "off"



=== TEST 6: twice
--- more: wxapp_schema_check off;
--- says
emerg wxapp_schema_check: "wxapp_schema_check" directive is duplicate



=== TEST 7: in a server
--- check: none
--- config
wxapp_schema_check on;
--- says
emerg wxapp_schema_check: "wxapp_schema_check" directive is not allowed here



=== TEST 8: without a database
--- http_config
wxapp_schema_check on;
--- says
emerg wxapp_schema_check: "wxapp_schema_check" needs "wxapp_mysql"



=== TEST 9: before the database and the resources
--- http_config eval
"wxapp_schema_check on;\n" . main::wxapp_http()
--- resource: thing
--- says
warn wxapp_schema_check: account "wxapp" has the right to DELETE where nothing here does: thing



=== TEST 10: nothing is expected, the account is looked at all the same
--- grants
GRANT SELECT, DROP ON DB.* TO USER;
--- says
warn wxapp_schema_check: account "USER" has rights on `DB`.* that nothing here needs: DROP



=== TEST 11: a server that refuses connections
--- server: 127.0.0.1:1
--- says
emerg wxapp_schema_check: "wxapp_schema_check" cannot ask mysql 127.0.0.1:1: 2002 Can't connect to server on '127.0.0.1' (115)



=== TEST 12: a socket that is not there
--- server: unix:/nonexistent/mysql.sock
--- says
emerg wxapp_schema_check: "wxapp_schema_check" cannot ask mysql unix:/nonexistent/mysql.sock: 2002 Can't connect to local server through socket '/nonexistent/mysql.sock' (2)



=== TEST 13: a server that says nothing: no longer than the connect timeout
--- server eval: main::stall()
--- mysql: timeout connect=500ms;
--- says eval
"emerg wxapp_schema_check: \"wxapp_schema_check\" cannot ask mysql ${\main::stall()}: 2013 "
    . "Lost connection to server at 'handshake: reading initial communication packet', system error: 110"



=== TEST 14: a wrong password
--- password eval: $ENV{WXAPP_JWT_KEY_FILE}
--- says eval
my $server = main::primary();
"emerg wxapp_schema_check: \"wxapp_schema_check\" cannot ask mysql $server: 1045 Access denied for user USER (using password: YES)"



=== TEST 15: an unknown database
--- grants
GRANT SELECT ON *.* TO USER;
--- database: wxapp_nosuch
--- says eval
my $server = main::primary();
"emerg wxapp_schema_check: \"wxapp_schema_check\" cannot ask mysql $server: 1049 Unknown database 'wxapp_nosuch'"



=== TEST 16: over TCP
--- server eval: '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT')
--- resource: thing



=== TEST 17: over TLS
--- server eval: '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT')
--- mysql eval: 'tls verify ca=' . WXApp::env('WXAPP_MYSQL_CA') . ';'
--- resource: thing



=== TEST 18: TLS that cannot be verified
--- server eval: '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT')
--- mysql: tls verify;
--- says eval
my $server = '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT');
"emerg wxapp_schema_check: \"wxapp_schema_check\" cannot ask mysql $server: 2026 "
    . 'TLS/SSL error: unable to get local issuer certificate'



=== TEST 19: a table that is missing, and the nearest
--- resource: thin
--- says
emerg wxapp_resource: table "thin" does not exist, did you mean "thing"?



=== TEST 20: a table that is missing, and none is near
--- resource: warehouse
--- says
emerg wxapp_resource: table "warehouse" does not exist



=== TEST 21: nothing more is told of a table that is missing
--- resource
thin
    column name string write;
    column last datetime;
    order  name last;
    owner  last=$wxapp_uid;
    allow  GET POST;
    soft_delete gone_at;
--- says
emerg wxapp_resource: table "thin" does not exist, did you mean "thing"?



=== TEST 22: all faults are told, not the first one alone
--- config
location /a { wxapp_resource thin  { column id bigint; allow GET; } }
location /b { wxapp_resource thing { column id bigint; column nam string; column pric decimal; allow GET; } }
location /c { wxapp_resource typ   { column id bigint; allow GET; } }
--- says
emerg location: table "thin" does not exist, did you mean "thing"?
emerg location: table "thing" has no column "nam", did you mean "name"?
emerg location: table "thing" has no column "pric", did you mean "price"?
emerg location: table "typ" does not exist, did you mean "types"?



=== TEST 23: the same table at two places is told for both
--- config
location /a { wxapp_resource thin { column id bigint; allow GET; } }
location /b {
    wxapp_resource thin { column id bigint; allow GET; }
}
--- says
emerg location: table "thin" does not exist, did you mean "thing"?
emerg wxapp_resource: table "thin" does not exist, did you mean "thing"?



=== TEST 24: names of tables are compared with case, as the server does
--- resource: Thing
--- says
emerg wxapp_resource: table "Thing" does not exist, did you mean "thing"?



=== TEST 25: an account without any right on the table sees the same as if it were missing
--- grants
GRANT SELECT ON DB.types TO USER;
--- resource: thing
--- says
emerg wxapp_resource: table "thing" does not exist, or the account has no right to it



=== TEST 26: an account without any right on the database cannot connect
--- grants
GRANT USAGE ON *.* TO USER;
--- resource: thing
--- says eval
my $server = main::primary();
"emerg wxapp_schema_check: \"wxapp_schema_check\" cannot ask mysql $server: 1044 Access denied for user USER to database 'DB'"



=== TEST 27: a column that is missing, and the nearest
--- resource
thing
    column nmae string;
--- says
emerg wxapp_resource: table "thing" has no column "nmae", did you mean "name"?



=== TEST 28: a column that is missing, and none is near
--- resource
thing
    column weight decimal;
--- says
emerg wxapp_resource: table "thing" has no column "weight"



=== TEST 29: names of columns are compared without case, as the server does
--- resource
thing
    column NAME  string;
    column Price decimal;
    order  NAME;



=== TEST 30: the column of soft_delete is missing
--- resource
thing
    soft_delete delete_at;
--- says
emerg wxapp_resource: table "thing" has no column "delete_at", did you mean "deleted_at"?



=== TEST 31: the key is missing
--- resource
thing
    column nr bigint;
    key    nr;
--- says
emerg wxapp_resource: table "thing" has no column "nr"



=== TEST 32: a table and columns with names that SQL knows as words
--- schema
CREATE TABLE `order` (`key` BIGINT AUTO_INCREMENT PRIMARY KEY, `select` VARCHAR(20) NOT NULL DEFAULT '');
--- resource
order
    column key bigint;
    column select string;
    column desc int;
    key    key;
--- says
emerg wxapp_resource: table "order" has no column "id"
emerg wxapp_resource: table "order" has no column "desc"



=== TEST 33: a view has no indexes to ask for
--- schema
CREATE VIEW seen AS SELECT id, name, price FROM thing;
--- resource
seen
    column name  string write;
    column price decimal;
    order  price;
    allow  GET POST;



=== TEST 34: a column of a view is missing
--- schema
CREATE VIEW seen AS SELECT id, name FROM thing;
--- resource
seen
    column names string;
--- says
emerg wxapp_resource: table "seen" has no column "names", did you mean "name"?



=== TEST 35: a view that rows cannot be deleted from
--- schema
CREATE VIEW seen AS SELECT id, COUNT(*) AS n FROM thing GROUP BY id;
--- grants
GRANT SELECT, DELETE ON DB.* TO USER;
--- resource
seen
    allow DELETE;
--- says
emerg wxapp_resource: nothing can be deleted from table "seen": 1288 The target table seen of the DELETE is not updatable



=== TEST 36: int
--- matrix: int
--- fit:  tiny flag small medium num yr
--- poor: unum big ubig



=== TEST 37: bigint
--- matrix: bigint
--- fit:  tiny flag small medium num yr unum big ubig
--- poor:



=== TEST 38: decimal
--- matrix: decimal
--- fit:  tiny flag small medium num yr unum big ubig price
--- poor: single dbl



=== TEST 39: string
--- matrix: string
--- fit:  ch vc ttxt txt mtxt ltxt en se tim moment stamp dat doc
--- poor:



=== TEST 40: text
--- matrix: text
--- fit:  ch vc ttxt txt mtxt ltxt en se tim moment stamp dat doc
--- poor:



=== TEST 41: bool
--- matrix: bool
--- fit:  flag bit1
--- poor: tiny small medium num yr unum big ubig



=== TEST 42: datetime
--- matrix: datetime
--- fit:  moment stamp
--- poor:



=== TEST 43: date
--- matrix: date
--- fit:  dat
--- poor:



=== TEST 44: json
--- matrix: json
--- fit:  doc
--- poor: ch vc ttxt txt mtxt ltxt en se



=== TEST 45: what is told of a type that does not fit
--- resource
types
    column price int;
    column vc    bigint;
    column num   datetime;
    column flag  string;
    column dat   datetime;
    column dbl   int;
    column tim   date;
    column doc   int;
    column blb   text;
    column pt    string;
--- says
emerg wxapp_resource: type "int" does not fit column "price" of table "types", which is decimal(10,2), use "decimal"
emerg wxapp_resource: type "bigint" does not fit column "vc" of table "types", which is varchar(10), use "string"
emerg wxapp_resource: type "datetime" does not fit column "num" of table "types", which is int(11), use "int"
emerg wxapp_resource: type "string" does not fit column "flag" of table "types", which is tinyint(1), use "bool"
emerg wxapp_resource: type "datetime" does not fit column "dat" of table "types", which is date, use "date"
emerg wxapp_resource: type "int" does not fit column "dbl" of table "types", which is double, use "decimal"
emerg wxapp_resource: type "date" does not fit column "tim" of table "types", which is time, use "string"
emerg wxapp_resource: type "int" does not fit column "doc" of table "types", which is longtext, use "json"
emerg wxapp_resource: type "text" does not fit column "blb" of table "types", which is blob, use "binary"
emerg wxapp_resource: type "string" does not fit column "pt" of table "types", which is point



=== TEST 46: what is told of a type that hardly fits
--- resource
types
    column unum int;
    column ubig int;
    column dbl  decimal;
    column tiny bool;
    column txt  json;
--- says
warn wxapp_resource: type "int" hardly fits column "unum" of table "types", which is int(10) unsigned: it holds larger numbers, use "bigint"
warn wxapp_resource: type "int" hardly fits column "ubig" of table "types", which is bigint(20) unsigned: it holds larger numbers, use "bigint"
warn wxapp_resource: type "decimal" hardly fits column "dbl" of table "types", which is double: it is not exact
warn wxapp_resource: type "bool" hardly fits column "tiny" of table "types", which is tinyint(4): it holds more than true and false
warn wxapp_resource: type "json" hardly fits column "txt" of table "types", which is text: it is not checked to be JSON



=== TEST 47: an unsigned number below 32 bits is an int
--- schema
CREATE TABLE n (id BIGINT PRIMARY KEY, a TINYINT UNSIGNED, b SMALLINT UNSIGNED, c MEDIUMINT UNSIGNED);
--- resource
n
    column a int;
    column b int;
    column c int;



=== TEST 48: the words of a long type are cut
--- schema eval
"CREATE TABLE w (id BIGINT PRIMARY KEY, e ENUM(" . CORE::join(',', CORE::map { "'word$_'" } 10 .. 99) . "));\n"
--- resource
w
    column e int;
--- says
emerg wxapp_resource: type "int" does not fit column "e" of table "w", which is enum('word10','word11','word12','word13','word14','word15','word, use "string"



=== TEST 49: a text that is checked to be JSON is json, whatever else the check says
--- schema
CREATE TABLE j (id BIGINT PRIMARY KEY, a TEXT CHECK (json_valid(`a`) AND length(a) < 100), b TEXT CHECK (length(b) < 100), json JSON);
--- resource
j
    column a    json;
    column b    json;
    column json json;
--- says
warn wxapp_resource: type "json" hardly fits column "b" of table "j", which is text: it is not checked to be JSON



=== TEST 50: json by the columns of a view, and for an account that may read the column alone
--- schema
CREATE VIEW seen AS SELECT id, doc FROM types;
--- grants
GRANT SELECT ON DB.seen TO USER;
GRANT SELECT (id, doc) ON DB.types TO USER;
--- config
location /a { wxapp_resource seen  { column id bigint; column doc json; allow GET; } }
location /b { wxapp_resource types { column id bigint; column doc json; allow GET; } }



=== TEST 51: max= above the length of the column
--- resource
types
    column vc  string max=11;
    column ch  string max=10;
    column txt text   max=65536;
    column en  string length=5;
    column vbin binary max=11;
    column bin  binary max=4;
--- says
warn wxapp_resource: max=11 is above what column "vc" of table "types" holds, which is varchar(10)
warn wxapp_resource: max=65536 is above what column "txt" of table "types" holds, which is text
warn wxapp_resource: max=5 is above what column "en" of table "types" holds, which is enum('a','b')
warn wxapp_resource: max=11 is above what column "vbin" of table "types" holds, which is varbinary(10)



=== TEST 52: max= of a number is not a length
--- resource
types
    column num   int     max=1000000;
    column price decimal max=99999999.99;



=== TEST 53: a column of utf8mb3 that clients write
--- schema
CREATE TABLE u (id BIGINT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(10) CHARACTER SET utf8mb3, b TEXT CHARACTER SET utf8mb3,
    c VARCHAR(10) CHARACTER SET utf8mb4, d VARCHAR(10) CHARACTER SET ascii) DEFAULT CHARSET = utf8mb4;
--- resource
u
    column a string write;
    column b text   write;
    column c string write;
    column d string write;
    allow  GET POST;
--- says
warn wxapp_resource: column "a" of table "u" is of utf8mb3: it refuses characters of 4 bytes, as emoji are
warn wxapp_resource: column "b" of table "u" is of utf8mb3: it refuses characters of 4 bytes, as emoji are



=== TEST 54: a column of utf8mb3 that is only read
--- schema
CREATE TABLE u (id BIGINT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(10) CHARACTER SET utf8mb3);
--- resource
u
    column a string;



=== TEST 55: a column that POST needs and nobody writes
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL, b INT NOT NULL DEFAULT 0, c INT NULL,
    d TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, e INT AS (a + 1), f INT AS (a + 2) STORED);
--- resource
need
    column c int write;
    allow  GET POST;
--- says
warn wxapp_resource: column "a" of table "need" has no default and is not "write": every POST fails



=== TEST 56: a column that POST needs and clients may leave out
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL);
--- resource
need
    column a int write;
    allow  GET POST;
--- says
warn wxapp_resource: column "a" of table "need" has no default and is not "required": a POST without it fails



=== TEST 57: a column that POST needs and clients must give
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL);
--- resource
need
    column A int write required;
    allow  GET POST;



=== TEST 58: a column that POST needs and is the owner
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a BIGINT NOT NULL, KEY (a));
--- resource
need
    column a bigint;
    owner  a=$wxapp_uid;
    allow  GET POST;



=== TEST 59: a column without a default, and no POST
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL);
--- resource
need
    column a int write;
    allow  GET PUT;



=== TEST 60: a key that is not AUTO_INCREMENT and nobody writes
--- schema
CREATE TABLE need (id BIGINT PRIMARY KEY);
--- resource
need
    allow  GET POST;
--- says
warn wxapp_resource: column "id" of table "need" has no default and is not "write": every POST fails



=== TEST 61: a key that is not unique
--- resource
types
    column num int;
    key    num;
--- says
emerg wxapp_resource: no unique key of table "types" is over exactly (num)



=== TEST 62: a key that is unique together with another column only
--- schema
CREATE TABLE pair (a BIGINT, b BIGINT, id BIGINT NOT NULL UNIQUE, PRIMARY KEY (a, b));
--- resource
pair
    column a bigint;
    key    a;
--- says
emerg wxapp_resource: no unique key of table "pair" is over exactly (a)



=== TEST 63: a key of which only the beginning is unique
--- schema
CREATE TABLE begins (id BIGINT PRIMARY KEY, a VARCHAR(100) NOT NULL, UNIQUE (a(10)));
--- resource
begins
    column a string;
    key    a;
--- says
emerg wxapp_resource: no unique key of table "begins" is over exactly (a)



=== TEST 64: a key that may be NULL
--- schema
CREATE TABLE maybe (id BIGINT PRIMARY KEY, a BIGINT NULL UNIQUE);
--- resource
maybe
    column a bigint;
    key    a;
--- says
warn wxapp_resource: column "a" of table "maybe" may be NULL, which no unique key counts



=== TEST 65: an order without an index
--- resource
thing
    column name  string;
    column price decimal;
    order  id name price;
--- says
warn wxapp_resource: no index of table "thing" begins with (price): a filter or order by it reads all rows



=== TEST 66: an order by the second column of an index
--- schema
CREATE TABLE k (id BIGINT PRIMARY KEY, a INT, b INT, KEY (a, b));
--- resource
k
    column a int;
    column b int;
    order  a b;
--- says
warn wxapp_resource: no index of table "k" begins with (b): a filter or order by it reads all rows



=== TEST 67: a FULLTEXT index is none to order by
--- schema
CREATE TABLE k (id BIGINT PRIMARY KEY, a VARCHAR(100), FULLTEXT (a));
--- resource
k
    column a string;
    order  a;
--- says
warn wxapp_resource: no index of table "k" begins with (a): a filter or order by it reads all rows



=== TEST 68: an owner without an index; the orders of one owner need none
--- resource
thing
    column owner_id bigint;
    column price    decimal;
    owner  owner_id=$wxapp_uid;
    order  price;
--- says
warn wxapp_resource: no index of table "thing" begins with (owner_id): a filter or order by it reads all rows



=== TEST 69: each right that is missing on the table
--- grants
GRANT SELECT ON DB.* TO USER;
--- resource
thing
    column name string write required;
    allow  GET POST PUT DELETE;
--- says
emerg wxapp_resource: account "USER" has no right to INSERT on table "thing"
emerg wxapp_resource: account "USER" has no right to UPDATE on table "thing"
emerg wxapp_resource: account "USER" has no right to DELETE on table "thing"



=== TEST 70: soft_delete needs UPDATE, not DELETE
--- grants
GRANT SELECT, UPDATE ON DB.thing TO USER;
--- resource
thing
    allow  GET DELETE;
    soft_delete deleted_at;



=== TEST 71: no right to read
--- grants
GRANT INSERT ON DB.* TO USER;
--- resource: thing
--- says
emerg wxapp_resource: account "USER" has no right to SELECT on table "thing"



=== TEST 72: rights on columns, enough of them
--- grants
GRANT SELECT (id, name), INSERT (name), UPDATE (name) ON DB.thing TO USER;
--- resource
thing
    column name string write required;
    allow  GET POST PUT;



=== TEST 73: rights on columns, too few
--- grants
GRANT SELECT (id, name, price), INSERT (name), UPDATE (name) ON DB.thing TO USER;
--- resource
thing
    column name  string  write required;
    column price decimal write;
    allow  GET POST PUT;
--- says
emerg wxapp_resource: account "USER" has no right to INSERT column "price" of table "thing"
emerg wxapp_resource: account "USER" has no right to UPDATE column "price" of table "thing"



=== TEST 74: a column that the account has no right to looks as if it were missing
--- grants
GRANT SELECT (id, name) ON DB.thing TO USER;
--- resource
thing
    column name  string;
    column price decimal;
--- says
emerg wxapp_resource: table "thing" has no column "price", or the account no right to it



=== TEST 75: rights by a role that is active
--- grants
CREATE ROLE USERr;
GRANT SELECT, INSERT, UPDATE, DELETE ON DB.* TO USERr;
GRANT USERr TO USER;
SET DEFAULT ROLE USERr FOR USER;
--- resource
thing
    column name string write required;
    allow  GET POST PUT DELETE;



=== TEST 76: rights by a database name with wildcards
--- grants eval
(my $db = main::database()) =~ s/^wxapp/wxap_/;
"GRANT SELECT, INSERT ON `$db`.* TO USER;"
--- resource
thing
    column name string write required;
    allow  GET POST;



=== TEST 77: rights on all databases are enough, and too many
--- grants
GRANT SELECT, INSERT ON *.* TO USER;
--- resource
thing
    column name string write required;
    allow  GET POST;
--- says
warn wxapp_schema_check: account "USER" has rights on *.* that nothing here needs: SELECT, INSERT



=== TEST 78: rights that nothing needs
--- grants
GRANT SELECT, CREATE, DROP, ALTER, INDEX ON DB.* TO USER;
GRANT FILE, SUPER, PROCESS ON *.* TO USER;
--- resource: thing
--- says
warn wxapp_schema_check: account "USER" has rights on *.* that nothing here needs: PROCESS, FILE, SUPER
warn wxapp_schema_check: account "USER" has rights on `DB`.* that nothing here needs: CREATE, DROP, INDEX, ALTER



=== TEST 79: all rights, and the right to give them
--- grants
GRANT ALL ON DB.* TO USER WITH GRANT OPTION;
--- resource
thing
    allow GET DELETE;
--- says
warn wxapp_schema_check: account "USER" has rights on `DB`.* that nothing here needs: ALL PRIVILEGES, GRANT OPTION



=== TEST 80: rights on one table and in columns named like words of a grant
--- schema
CREATE TABLE t (id BIGINT PRIMARY KEY, `a ON b` INT, `a, DROP` INT);
--- grants
GRANT SELECT (id, `a ON b`, `a, DROP`), REFERENCES ON DB.t TO USER;
--- resource: t
--- says
warn wxapp_schema_check: account "USER" has rights on `DB`.`t` that nothing here needs: REFERENCES



=== TEST 81: what replicas and procedures need is not too much
--- schema
CREATE PROCEDURE p() SELECT 1;
--- grants
GRANT SELECT, EXECUTE, SHOW VIEW, CREATE TEMPORARY TABLES ON DB.* TO USER;
GRANT SLAVE MONITOR, BINLOG MONITOR ON *.* TO USER;
GRANT EXECUTE ON PROCEDURE DB.p TO USER;
--- resource: thing



=== TEST 82: DELETE where nothing deletes
--- grants
GRANT SELECT, UPDATE, DELETE ON DB.* TO USER;
--- config
location /a { wxapp_resource thing { column id bigint; allow GET DELETE; soft_delete deleted_at; } }
location /b { wxapp_resource types { column id bigint; allow GET; } }
--- says
warn wxapp_schema_check: account "USER" has the right to DELETE where nothing here does: thing, types



=== TEST 83: DELETE where something deletes, tables that nothing uses are not looked at
--- grants
GRANT SELECT, UPDATE, DELETE ON DB.* TO USER;
--- config
location /a { wxapp_resource thing { column id bigint; allow GET; } }
location /b { wxapp_resource thing { column id bigint; allow DELETE; } }



=== TEST 84: the statements of the login
--- config
location = /login { wxapp_login; }



=== TEST 85: the login without its table
--- schema
RENAME TABLE users TO user;
--- config
location = /login { wxapp_login; }
--- says
emerg location: the server refuses the statement: 1146 Table 'DB.users' doesn't exist, did you mean "user"?
emerg location: table "users" does not exist, did you mean "user"?



=== TEST 86: the login's table lacks a column
--- schema
ALTER TABLE users CHANGE nickname nick VARCHAR(64) NOT NULL DEFAULT '';
--- config
location = /login { wxapp_login; }
--- says
emerg location: the server refuses the statement: 1054 Unknown column 'nickname' in 'SELECT'



=== TEST 87: the login's table lacks a column, and one is near
--- schema
ALTER TABLE users CHANGE openid openids VARCHAR(64) NOT NULL;
--- config
location = /login { wxapp_login; }
--- says
emerg location: the server refuses the statement: 1054 Unknown column 'openid' in 'INSERT INTO', did you mean "openids"?
emerg location: the server refuses the statement: 1054 Unknown column 'openid' in 'SELECT', did you mean "openids"?
emerg location: table "users" has no column "openid", did you mean "openids"?



=== TEST 88: the login's openid is not unique
--- schema
ALTER TABLE users DROP INDEX openid;
--- config
location = /login { wxapp_login; }
--- says
emerg location: no unique key of table "users" is over exactly (openid)



=== TEST 89: the login may not update users
--- grants
GRANT SELECT, INSERT ON DB.users TO USER;
--- config
location = /login { wxapp_login; }
--- says
emerg location: the server refuses the statement: 1142 UPDATE command denied to user USER for table `DB`.`users`



=== TEST 90: the login in two places
--- schema
RENAME TABLE users TO user;
--- config
location = /a { wxapp_login; }
location = /b {
    wxapp_login;
}
--- says
emerg location: the server refuses the statement: 1146 Table 'DB.users' doesn't exist, did you mean "user"?
emerg location: table "users" does not exist, did you mean "user"?
emerg wxapp_login;: the server refuses the statement: 1146 Table 'DB.users' doesn't exist, did you mean "user"?
emerg wxapp_login;: table "users" does not exist, did you mean "user"?



=== TEST 91: more connections than the server takes
--- mysql: pool max=501;
--- says
warn wxapp_schema_check: the pools may have 1002 connections at a reload, and max_connections is 1000
warn wxapp_schema_check: the pools may have 64128 statements at a reload, and max_prepared_stmt_count is 16382



=== TEST 92: as many connections as the server takes
--- mysql: pool max=500; statements 1;



=== TEST 93: more statements than the server keeps
--- mysql: pool max=16; statements 512;
--- says
warn wxapp_schema_check: the pools may have 16384 statements at a reload, and max_prepared_stmt_count is 16382



=== TEST 94: the workers count
--- workers: 3
--- mysql: pool max=200; statements 1;
--- resource: thing
--- says
warn wxapp_schema_check: the pools may have 1200 connections at a reload, and max_connections is 1000



=== TEST 95: no secret is told
--- grants
GRANT SELECT, DROP ON DB.* TO USER;
GRANT FILE ON *.* TO USER WITH GRANT OPTION;
--- resource: thing
--- workers: 1
--- drive
my $said = logs();
like $said, qr/has rights on \*\.\* that nothing here needs: FILE, GRANT OPTION in /, 'what is too much';
is index($said, WXApp::slurp(WXApp::env('WXAPP_MYSQL_PASSWORD_FILE'))), -1, 'without the password';
my $hash = mysql_value('SELECT JSON_VALUE(Priv, "$.authentication_string") FROM mysql.global_priv WHERE User = ?', user());
like $hash, qr/^\*[0-9A-F]{40}$/, 'the server has a hash';
is index($said, $hash), -1, 'and it is not told';



=== TEST 96: a start leaves no session behind, and the workers have theirs
--- workers: 2
--- mysql: pool min=1 max=2;
--- resource
thing
    column name string write required;
    allow  GET POST;
--- drive
ok wait_until { status_of('mysql')->{idle} == 2 }, 'the pools are up';
is sessions(), 2, 'these sessions, and no other';
is post('/thing', { name => 'one' })->{status}, 201, 'the workers write';
is get('/thing')->{status}, 200, 'and read';
ok((grep { -S "/proc/${\master_pid()}/fd/$_" } map { m{/(\d+)$} } glob "/proc/${\master_pid()}/fd/*") <= 8, 'sockets of the master');



=== TEST 97: twenty reloads
--- workers: 2
--- mysql: pool min=1 max=2;
--- resource
thing
    column name string write required;
    allow  GET POST;
--- drive
ok wait_until { status_of('mysql')->{idle} == 2 }, 'the pools are up';
my $fds = sub { scalar(() = glob "/proc/${\master_pid()}/fd/*") };
my $rss = sub { (WXApp::slurp("/proc/${\master_pid()}/status") =~ /VmRSS:\s+(\d+)/)[0] };
ok reload(), 'reloaded' for 1 .. 5;
my ($n, $kb) = ($fds->(), $rss->());
ok reload(), 'reloaded' for 6 .. 20;
ok wait_until { $fds->() <= $n }, 'no more files of the master than before';
cmp_ok $rss->(), '<', $kb + 2048, 'and no more memory' if !$ENV{WXAPP_SANITIZER_LOG};
ok wait_until { sessions() == 2 }, 'the sessions of two workers';
is get('/thing')->{status}, 200, 'which answer';
is scalar(() = logs() =~ /wxapp_schema_check: \d+ expectations, 0 errors, 0 warnings/g), 21, 'checked each time';



=== TEST 98: a reload with a fault keeps the old configuration
--- workers: 2
--- mysql: pool min=1 max=2;
--- resource
thing
    column name string;
--- drive
my @was = worker_pids();
edit('column name string;', 'column nam string;');
signal_nginx('HUP');
ok wait_until { logs() =~ /\[emerg\] \S+ table "thing" has no column "nam", did you mean "name"\? in \S+nginx\.conf:\d+/ }, 'it is said';
is_deeply [worker_pids()], \@was, 'the same workers';
is get('/thing')->{status}, 200, 'they go on';
edit('column nam string;', 'column name string;');
ok reload(), 'the next good one holds';
is get('/thing')->{status}, 200, 'and answers';
--- error_log
[emerg]



=== TEST 99: a reload without a server keeps the old configuration
--- workers: 1
--- mysql: pool min=1 max=2;
--- resource
thing
    column name string;
--- drive
ok wait_until { status_of('mysql')->{idle} == 1 }, 'the pool is up';
my @was = worker_pids();
edit(primary(), '127.0.0.1:1');
signal_nginx('HUP');
ok wait_until { logs() =~ /\[emerg\] .*"wxapp_schema_check" cannot ask mysql 127\.0\.0\.1:1: 2002/ }, 'it is said';
is_deeply [worker_pids()], \@was, 'the same worker';
is get('/thing')->{status}, 200, 'it goes on';
--- error_log
[emerg]



=== TEST 100: nginx -s needs no server, nginx -t does
--- workers: 1
--- mysql: pool min=1 max=2;
--- resource
thing
    column name string;
--- drive
edit(primary(), '127.0.0.1:1');
my $nginx = "$ENV{TEST_NGINX_BINARY} -p $Test::Nginx::Util::ServRoot/ -c $Test::Nginx::Util::ConfFile -e stderr";
my $said = `$nginx -t 2>&1`;
is $? >> 8, 1, 'nginx -t';
like $said, qr/cannot ask mysql 127\.0\.0\.1:1/, 'and why';
my $master = master_pid();
$said = `$nginx -s quit 2>&1`;
is $? >> 8, 0, 'nginx -s' or diag $said;
ok wait_until { !kill 0 => $master }, 'is heard';



=== TEST 101: a statement that the server can prepare
--- query
"SELECT id, name FROM thing WHERE price > ? AND name LIKE ? LIMIT ?" $arg_a $arg_b 10



=== TEST 102: a step of a transaction
--- config
location = /a {
    wxapp_transaction {
        exec  "UPDATE thing SET price = ? WHERE id = ?" 1 $arg_id;
        query "SELECT nam FROM thing WHERE id = ?" $arg_id;
    }
}
--- says
emerg query: the server refuses the statement: 1054 Unknown column 'nam' in 'SELECT', did you mean "name"?



=== TEST 103: a "?" in quotes is no parameter
--- query
"SELECT 'who?' AS `what?`, id FROM thing WHERE id = ?" $arg_a



=== TEST 104: a statement with a column that is missing, the nearest of its tables
--- query
"SELECT t.id, t.nam, y.num FROM thing t JOIN types y ON y.id = t.id"
--- says
emerg wxapp_query: the server refuses the statement: 1054 Unknown column 't.nam' in 'SELECT', did you mean "name"?



=== TEST 105: a statement with a column that is near to one of another table only
--- query
"SELECT momen FROM thing"
--- says
emerg wxapp_query: the server refuses the statement: 1054 Unknown column 'momen' in 'SELECT'



=== TEST 106: a statement with a table that is missing
--- query
"UPDATE thimg SET price = ?" 1
--- says
emerg wxapp_query: the server refuses the statement: 1146 Table 'DB.thimg' doesn't exist, did you mean "thing"?



=== TEST 107: a statement that is not SQL
--- query
"SELECT FROM"
--- says
emerg wxapp_query: the server refuses the statement: 1064 You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'FROM' at line 1



=== TEST 108: a list of values is one parameter
--- query
"SELECT id FROM thing WHERE id IN (?) AND price > ?" $arg_a $arg_b



=== TEST 109: a statement is prepared, not executed
--- query
"DELETE FROM users WHERE id = ?" 1
--- grants
GRANT SELECT, DELETE ON DB.users TO USER;
--- schema
INSERT INTO users (openid) VALUES ('x') ON DUPLICATE KEY UPDATE id = id;
--- drive
is mysql_value("SELECT COUNT(*) FROM users WHERE openid = 'x'"), 1, 'the row is there';



=== TEST 110: a procedure that is there
--- schema
CREATE PROCEDURE `place order`(n INT) SELECT n;
CREATE PROCEDURE totals(n INT) SELECT n;
--- grants
GRANT EXECUTE ON DB.* TO USER;
--- config
location = /a { wxapp_query "CALL totals(?)" $arg_n; }
location = /b { wxapp_query "call  Totals (?)" $arg_n; }
location = /c { wxapp_query "CALL `totals`(1)"; }
location = /d { wxapp_query "
    CALL
    totals(?);" $arg_n; }



=== TEST 111: a procedure that is missing
--- schema
CREATE PROCEDURE totals(n INT) SELECT n;
--- grants
GRANT EXECUTE ON DB.* TO USER;
--- query
"CALL total(?)" $arg_n
--- says
emerg wxapp_query: procedure "total" does not exist, or account "USER" has no right to it, did you mean "totals"?



=== TEST 112: a procedure that the account may not execute
--- schema
CREATE PROCEDURE totals(n INT) SELECT n;
--- query
"CALL totals(?)" $arg_n
--- says
emerg wxapp_query: procedure "totals" does not exist, or account "USER" has no right to it



=== TEST 113: a procedure of another database is that one's matter; callers of functions are no CALL
--- config
location = /a { wxapp_query "CALL other.totals(?)" $arg_n; }
location = /b { wxapp_query "CALL `other` . `totals`(?)" $arg_n; }
location = /c { wxapp_query "SELECT UPPER(?)" $arg_n; }



=== TEST 114: a function is not a procedure
--- schema
CREATE PROCEDURE p() SELECT 1;
--- query
"CALL upper(?)" $arg_n
--- grants
GRANT EXECUTE ON DB.* TO USER;
--- says
emerg wxapp_query: procedure "upper" does not exist, or account "USER" has no right to it



=== TEST 115: a statement that deletes needs DELETE, one that names the table does not
--- grants
GRANT SELECT, DELETE ON DB.* TO USER;
--- config
location = /a { wxapp_query "DELETE FROM thing WHERE id = ?" $arg_n; }
location = /b { wxapp_query "SELECT id FROM types -- DELETED" ; }
--- says
warn wxapp_schema_check: account "USER" has the right to DELETE where nothing here does: types



=== TEST 116: REPLACE deletes, too
--- grants
GRANT SELECT, INSERT, DELETE ON DB.* TO USER;
--- query
"REPLACE INTO thing (name) VALUES (?)" $arg_n



=== TEST 117: with TLS, which the workers start anew
--- workers: 2
--- server eval: '127.0.0.1:' . WXApp::env('WXAPP_MYSQL_PORT')
--- mysql eval: 'pool min=1 max=2; tls verify ca=' . WXApp::env('WXAPP_MYSQL_CA') . ';'
--- resource
thing
    column name string;
--- drive
for (1 .. 3) {
    ok wait_until { status_of('mysql')->{idle} == 2 }, 'the pools are up';
    is get('/thing')->{status}, 200, 'the workers answer';
    ok reload(), 'reloaded';
}



=== TEST 118: more values than the server finds parameters
--- query
"SELECT id FROM thing WHERE price > ? /*!999999 AND id > ? */" $arg_a $arg_b
--- says
emerg wxapp_query: the statement gets 2 values and has 1 parameters



=== TEST 119: binary
--- matrix: binary
--- fit:  bin vbin tblb blb
--- poor:



=== TEST 120: a column that POST needs and that has a default here
--- schema
CREATE TABLE need (id BIGINT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL);
--- resource
need
    column a int write default=3;
    allow  GET POST;



=== TEST 121: a search without a FULLTEXT index over exactly its columns
--- schema
CREATE TABLE f (id BIGINT PRIMARY KEY, a TEXT, b TEXT, c TEXT, FULLTEXT (a, b), FULLTEXT (c));
--- resource
f
    column a text;
    column b text;
    search a;
--- says
emerg wxapp_resource: no FULLTEXT index of table "f" is over exactly (a)



=== TEST 122: a search with a FULLTEXT index, in any order of its columns
--- schema
CREATE TABLE f (id BIGINT PRIMARY KEY, a TEXT, b TEXT, FULLTEXT (a, b));
--- resource
f
    column a text;
    column b text;
    search b a;



=== TEST 123: an upsert without its unique key
--- resource
thing
    column name  string  write required;
    column price decimal write;
    upsert name;
    upsert name price;
    allow  GET POST;
--- says
emerg wxapp_resource: no unique key of table "thing" is over exactly (name, price)



=== TEST 124: a composite key
--- schema
CREATE TABLE pair (a BIGINT, id BIGINT, PRIMARY KEY (id, a));
--- resource
pair
    column a bigint;
    key    a id;



=== TEST 125: a composite key of which one column alone is unique
--- schema
CREATE TABLE pair (a BIGINT NOT NULL, id BIGINT PRIMARY KEY);
--- resource
pair
    column a bigint;
    key    a id;
--- says
emerg wxapp_resource: no unique key of table "pair" is over exactly (a, id)



=== TEST 126: a filter without an index
--- resource
thing
    column price decimal;
    filter price;
--- says
warn wxapp_resource: no index of table "thing" begins with (price): a filter or order by it reads all rows
