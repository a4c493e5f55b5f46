# wxapp_resource over the wire: paths, lists, items, writes, owners, roles, types. The blocks' language is
# that of t/lib/WXRest.pm.

use strict;
use warnings;
use lib 't/lib';
use WXApp;
use WXRest;
use Test::More;
use IO::Select;
use IO::Socket::INET;

my %TABLE = (
    thing => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
        price DECIMAL(10,2) NOT NULL DEFAULT 9.99, stock INT NOT NULL DEFAULT 5 CHECK (stock <> 13),
        note TEXT NULL, parent BIGINT UNSIGNED NULL REFERENCES thing (id), made DATETIME NOT NULL DEFAULT '2026-01-02 03:04:05',
        deleted_at DATETIME NULL},
    mine => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, name VARCHAR(40) NOT NULL DEFAULT '',
        team VARCHAR(20) NOT NULL DEFAULT '', deleted_at DATETIME NULL},
    country => q{
        code VARCHAR(60) COLLATE utf8mb4_bin PRIMARY KEY, name VARCHAR(40) NULL},
    order => q{
        `key` BIGINT AUTO_INCREMENT PRIMARY KEY, `select` VARCHAR(20) NOT NULL DEFAULT '', `group` INT NULL,
        `where` DATETIME NULL, `desc` INT NOT NULL DEFAULT 7},
    types => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, i INT NULL, b BIGINT NULL, u BIGINT UNSIGNED NULL,
        d DECIMAL(65,30) NULL, p DECIMAL(8,3) NULL, s VARCHAR(10) NULL, t MEDIUMTEXT NULL, f BOOLEAN NULL, m DATETIME NULL,
        m6 DATETIME(6) NULL, ts TIMESTAMP NULL, day DATE NULL, j JSON NULL, e ENUM('red','green') NULL},
    odd => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(100) NULL},
    dated => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, m DATETIME NULL, day DATE NULL, x DOUBLE NULL, bit1 BIT(1) NULL, bin VARBINARY(20) NULL,
        z INT(8) ZEROFILL NULL, tm TIME NULL, y YEAR NULL},
);

my $THING = q{
    column  id     bigint;
    column  name   string  write required min=1 max=40;
    column  price  decimal write min=0.01 max=99999999.99;
    column  stock  int     write min=-10 max=1000;
    column  note   text    write;
    column  parent bigint  write;
    column  made   datetime;
};

my $STANDARD = qq{
location /products {
    wxapp_resource products {
        column  id     bigint;
        column  sku    string;
        column  price  decimal;
        column  stock  int;
        order   price sku;
        page    default=3 max=7;
        allow   GET;
    }
}
location /api/thing  { wxapp_resource thing { $THING order name price stock; allow GET POST PUT DELETE; } }
location /soft       { wxapp_resource thing { $THING allow GET POST PUT DELETE; soft_delete deleted_at; } }
location /mine {
    wxapp_auth on;
    wxapp_resource mine {
        column  id      bigint;
        column  user_id bigint;
        column  name    string write;
        owner   user_id=\$wxapp_uid;
        allow   GET POST PUT DELETE;
        soft_delete deleted_at;
    }
}
location /team {
    wxapp_resource mine {
        column  id      bigint;
        column  team    string;
        column  user_id bigint write;
        owner   team=\$http_x_team;
        allow   GET POST PUT DELETE;
    }
}
location /shared {
    wxapp_resource thing {
        $THING
        allow  GET;
        allow  POST PUT role=admin|editor;
        allow  DELETE role=admin;
    }
}
location /country {
    wxapp_resource country {
        key     code;
        column  code string write required;
        column  name string write;
        allow   GET POST PUT DELETE;
    }
}
location /order {
    wxapp_resource order {
        key     key;
        column  key    bigint;
        column  select string write;
        column  group  int    write;
        column  desc   int;
        order   select group desc;
        soft_delete where;
        allow   GET POST PUT DELETE;
    }
}
location /types {
    wxapp_resource types {
        column  id   bigint;
        column  i    int      write;
        column  b    bigint   write;
        column  u    bigint   write;
        column  d    decimal  write;
        column  p    decimal  write min=-99.5 max=1000.250;
        column  s    string   write;
        column  t    text     write;
        column  f    bool     write;
        column  m    datetime write;
        column  m6   datetime write;
        column  ts   datetime write;
        column  day  date     write;
        column  j    json     write;
        column  e    string   write;
        allow   GET POST PUT;
    }
}
};

# /one/COLUMN is the table types with that column alone: short replies
$STANDARD .= "location /one/$$_[0] { wxapp_resource types { column id bigint; column $$_[0] $$_[1] write; allow GET POST; } }\n"
    for [ qw(i int) ], [ qw(b bigint) ], [ qw(u bigint) ], [ qw(d decimal) ], [ qw(s string) ], [ qw(t text) ], [ qw(f bool) ],
        [ qw(m datetime) ], [ qw(m6 datetime) ], [ qw(ts datetime) ], [ qw(day date) ], [ qw(j json) ], [ qw(e string) ];

rest(config => $STANDARD, tables => \%TABLE);
database();
no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a list without arguments has the default page, by key
--- rest
GET /products
200 [{"id":1,"sku":"TEA-001","price":168.00,"stock":50},{"id":2,"sku":"TEA-002","price":98.00,"stock":120},{"id":3,"sku":"TEA-003","price":128.50,"stock":80}]
< Content-Range: 0-2/*
< Cache-Control: no-store



=== TEST 2: limit is taken, and more than the maximum is the maximum
--- rest
GET /products?limit=1
200 [{"id":1,"sku":"TEA-001","price":168.00,"stock":50}]
< Content-Range: 0-0/*
GET /products?limit=7
200
< Content-Range: 0-6/*
GET /products?limit=8
200
< Content-Range: 0-6/*
GET /products?limit=2147483647
200
< Content-Range: 0-6/*



=== TEST 3: limit=0 is an empty list
--- rest
GET /products?limit=0
200 []
< Content-Range: */*
GET /products?limit=0&page=9
200 []



=== TEST 4: offset skips rows, behind the last row the list is empty
--- rest
GET /products?offset=18
200 [{"id":19,"sku":"ACC-001","price":158.00,"stock":27},{"id":20,"sku":"ACC-002","price":0.00,"stock":1}]
< Content-Range: 18-19/*
GET /products?offset=20
200 []
< Content-Range: */*
GET /products?offset=10000&limit=7
200 []
GET /products?offset=10001&limit=7
400 offset_too_large
GET /products?offset=2147483647&limit=7
400 offset_too_large



=== TEST 5: page counts from 1 in steps of the limit
--- rest
GET /products?page=1&limit=1
200 [{"id":1,"sku":"TEA-001","price":168.00,"stock":50}]
GET /products?page=2&limit=1
200 [{"id":2,"sku":"TEA-002","price":98.00,"stock":120}]
GET /products?limit=1&page=3
200 [{"id":3,"sku":"TEA-003","price":128.50,"stock":80}]
< Content-Range: 2-2/*
GET /products?page=7
200
< Content-Range: 18-19/*
GET /products?page=2147483647
400 offset_too_large
GET /products?page=2&limit=1000
200
< Content-Range: 7-13/*



=== TEST 6: page and offset exclude each other
--- rest
GET /products?page=2&offset=5
400 invalid_parameter
= page and offset exclude each other
GET /products?offset=5&page=1
400 invalid_parameter



=== TEST 7: limit, offset and page refuse what is no whole number in range
--- rest
GET /products?limit=-1
400 invalid_parameter
GET /products?limit=abc
400 invalid_parameter
GET /products?limit=1.5
400 invalid_parameter
GET /products?limit=1e2
400 invalid_parameter
GET /products?limit=0x10
400 invalid_parameter
GET /products?limit=2147483648
400 invalid_parameter
GET /products?limit=4294967297
400 invalid_parameter
GET /products?limit=18446744073709551617
400 invalid_parameter
GET /products?limit=
400 invalid_parameter
GET /products?limit
400 invalid_parameter
GET /products?offset=-1
400 invalid_parameter
GET /products?offset=9223372036854775807
400 invalid_parameter
GET /products?page=0
400 invalid_parameter
GET /products?page=-1
400 invalid_parameter
GET /products?page=99999999999999999999
400 invalid_parameter
GET /products?page=1%202
400 invalid_parameter



=== TEST 8: encoded arguments are decoded once, a plus is a plus, a NUL is no number
--- rest
GET /products?limit=%31&offset=%31%39
200 [{"id":20,"sku":"ACC-002","price":0.00,"stock":1}]
GET /products?limit=+1
400 invalid_parameter
GET /products?limit=1+
400 invalid_parameter
GET /products?limit=1%00
400 invalid_parameter
GET /products?limit=%2531
400 invalid_parameter
GET /products?limit=%EF%BC%91
400 invalid_parameter



=== TEST 9: an argument twice is refused, empty parts are not arguments
--- rest
GET /products?limit=1&limit=1
400 duplicate_parameter
GET /products?order=price&limit=1&order=sku
400 duplicate_parameter
GET /products?&limit=1&&
200 [{"id":1,"sku":"TEA-001","price":168.00,"stock":50}]
GET /products?
200



=== TEST 10: an unknown argument is refused, by its whole name
--- rest
GET /products?lim=1
400 unknown_parameter
GET /products?limits=1
400 unknown_parameter
GET /products?Limit=1
400 unknown_parameter
GET /products?limit=1&idd=1
400 unknown_parameter
GET /products?=1
400 invalid_parameter
GET /products?limit=1;offset=2
400 invalid_parameter
GET /products/1?limit=1
400 unknown_parameter
GET /products/1?x
400 invalid_parameter



=== TEST 11: order sorts ascending, descending and by several columns
--- rest
GET /products?order=price&limit=2
200 [{"id":20,"sku":"ACC-002","price":0.00,"stock":1},{"id":13,"sku":"SNK-003","price":15.50,"stock":400}]
GET /products?order=price.asc&limit=1
200 [{"id":20,"sku":"ACC-002","price":0.00,"stock":1}]
GET /products?order=price.desc&limit=2
200 [{"id":8,"sku":"CUP-003","price":680.00,"stock":8},{"id":17,"sku":"BOX-002","price":388.00,"stock":66}]
GET /products?order=sku.desc,price&limit=1
200 [{"id":5,"sku":"TEA-005","price":119.00,"stock":0}]



=== TEST 12: the key may always be ordered by
--- rest
GET /products?order=id.desc&limit=2
200 [{"id":20,"sku":"ACC-002","price":0.00,"stock":1},{"id":19,"sku":"ACC-001","price":158.00,"stock":27}]
GET /products?order=id.desc,price&limit=1
200 [{"id":20,"sku":"ACC-002","price":0.00,"stock":1}]
GET /products?order=sku%2Cid%2Edesc&limit=1
200 [{"id":19,"sku":"ACC-001","price":158.00,"stock":27}]



=== TEST 13: rows equal in the order come by key, so that pages do not overlap
--- tables: thing
--- rest
sql INSERT INTO thing (name, price) VALUES ('e', 2), ('d', 1), ('c', 2), ('b', 1), ('a', 2)
GET /api/thing?order=price.desc&limit=2&page=1
200 [{"id":5,"name":"a","price":2.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"},{"id":3,"name":"c","price":2.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}]
GET /api/thing?order=price.desc&limit=2&page=2
200 [{"id":1,"name":"e","price":2.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"},{"id":4,"name":"b","price":1.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}]



=== TEST 14: order refuses what it cannot order by
--- rest
GET /products?order=stock
400 invalid_parameter
= "order" must name columns that can be ordered by, each with .asc or .desc
GET /products?order=name
400 invalid_parameter
GET /products?order=
400 invalid_parameter
GET /products?order=price,
400 invalid_parameter
GET /products?order=,price
400 invalid_parameter
GET /products?order=price.up
400 invalid_parameter
GET /products?order=price.
400 invalid_parameter
GET /products?order=price.DESC
400 invalid_parameter
GET /products?order=price.desc.nulls
400 invalid_parameter
GET /products?order=.desc
400 invalid_parameter
GET /products?order=price,price.desc
400 invalid_parameter
GET /products?order=PRICE
400 invalid_parameter
GET /products?order=price%20desc
400 invalid_parameter
GET /products?order=price,sku,id,price,sku
400 invalid_parameter



=== TEST 15: an empty table is an empty list
--- tables: thing
--- rest
GET /api/thing
200 []
< Content-Range: */*
GET /api/thing?order=price.desc&page=2
200 []



=== TEST 16: an item is found by its key
--- rest
GET /products/7
200 {"id":7,"sku":"CUP-002","price":139.00,"stock":35}
< Content-Range:
< Cache-Control: no-store
GET /products/20
200 {"id":20,"sku":"ACC-002","price":0.00,"stock":1}



=== TEST 17: an item that is not there
--- rest
GET /products/21
404 not_found
= there is no such row
GET /products/0
404 not_found
GET /products/-1
404 not_found
GET /products/9223372036854775807
404 not_found
GET /products/-9223372036854775808
404 not_found



=== TEST 18: a key that no key can be
--- rest
GET /products/abc
400 invalid_key
GET /products/1%20OR%201=1
400 invalid_key
GET /products/1;DROP%20TABLE%20products
400 invalid_key
GET /products/1'--
400 invalid_key
GET /products/9223372036854775808
400 invalid_key
GET /products/18446744073709551616
400 invalid_key
GET /products/18446744073709551617
400 invalid_key
GET /products/-9223372036854775809
400 invalid_key
GET /products/1.0
400 invalid_key
GET /products/1e0
400 invalid_key
GET /products/+1
400 invalid_key
GET /products/-
400 invalid_key
GET /products/%20
400 invalid_key
GET /products/1%20
400 invalid_key
GET /products/%ff
400 invalid_key
GET /products/1%0d%0aX-Injected:%201
400 invalid_key
< X-Injected:



=== TEST 19: the path is the location, a slash and one segment
--- rest
GET /products/
200
< Content-Range: 0-2/*
GET /products/1/2
404 not_found
= there is nothing here
GET /products/1/
404 not_found
GET /products/1%2F2
404 not_found
GET /products/%2F
200 -
GET /productsfoo
404 not_found
= there is nothing here
GET /productsfoo/1
404 not_found
GET //products//7
200 {"id":7,"sku":"CUP-002","price":139.00,"stock":35}
GET /products/./8/../7
200 {"id":7,"sku":"CUP-002","price":139.00,"stock":35}
GET /%70roducts/%37
200 {"id":7,"sku":"CUP-002","price":139.00,"stock":35}
GET /products/1%00
400 -



=== TEST 20: POST makes a row and answers with it, its defaults and its place
--- tables: thing
--- rest
POST /api/thing {"name":"cup","price":12.5,"stock":3,"note":"n"}
201 {"id":1,"name":"cup","price":12.50,"stock":3,"note":"n","parent":null,"made":"2026-01-02T03:04:05Z"}
< Location: /api/thing/1
POST /api/thing {"name":"pot"}
201 {"id":2,"name":"pot","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
< Location: /api/thing/2
POST /api/thing/ {"name":"lid","note":null,"parent":1}
201 {"id":3,"name":"lid","price":9.99,"stock":5,"note":null,"parent":1,"made":"2026-01-02T03:04:05Z"}
< Location: /api/thing/3
GET /api/thing/2
200 {"id":2,"name":"pot","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
sql SELECT COUNT(*) FROM thing
= 3



=== TEST 21: a body that is no JSON object or array of them makes no row
--- tables: thing
--- perl
for my $space ("\x0b", "\x0c", "\0", "\xef\xbb\xbf") {
    for my $body ("$space\{\"name\":\"a\"}", "{\"name\":\"a\"}$space", "{$space\"name\":\"a\"}") {
        my $r = call('POST', '/api/thing', $body);
        is $r->{status}, 400, named('not JSON: ' . unpack 'H*', $body);
        problem('white space', $r, 'invalid_json');
    }
}
--- rest
POST /api/thing
400 body_missing
POST /api/thing []
201 []
POST /api/thing [1]
400 invalid_json
POST /api/thing "name"
400 invalid_json
POST /api/thing null
400 invalid_json
POST /api/thing {"name":"a"
400 invalid_json
POST /api/thing {"name":"a"}}
400 invalid_json
POST /api/thing {"name":"a"}"
400 invalid_json
POST /api/thing {"name":"a"}"junk
400 invalid_json
POST /api/thing {"name":"a"}{"name":"b"}
400 invalid_json
POST /api/thing {'name':'a'}
400 invalid_json
POST /api/thing {"name":"a",}
400 invalid_json
POST /api/thing {"name":"a","stock":01}
400 invalid_json
POST /api/thing {"name":"a","stock":NaN}
400 invalid_json
POST /api/thing {"name":"a"/**/}
400 invalid_json
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 22: required fields
--- tables: thing
--- rest
POST /api/thing {}
422 validation_failed
| name required is required
= "name" is required
POST /api/thing {"name":null}
422 validation_failed
| name required must not be null
POST /api/thing {"Name":"x"}
422 validation_failed
| Name unknown is not a field here
| name required is required



=== TEST 23: unknown, read-only and repeated fields
--- tables: thing
--- rest
POST /api/thing {"name":"x","colour":"red"}
422 validation_failed
| colour unknown is not a field here
= "colour" is not a field here
POST /api/thing {"name":"x","deleted_at":null}
422 validation_failed
| deleted_at unknown is not a field here
POST /api/thing {"name":"x","id":7}
422 validation_failed
| id read_only cannot be written
POST /api/thing {"name":"x","made":"2026-01-01T00:00:00Z"}
422 validation_failed
| made read_only cannot be written
POST /api/thing {"name":"x","name":"y"}
422 validation_failed
| name duplicate must be given once
POST /api/thing {"name":"x","":1}
422 validation_failed
|  unknown is not a field here
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 24: wrong types of every kind
--- tables: types
--- rest
POST /types {"i":"1","b":"2","d":true,"s":5,"t":[],"f":1,"m":1732178400,"day":{},"j":1}
422 validation_failed
| i type must be an integer of 32 bits
| b type must be an integer of 64 bits
| d type must be a decimal number
| s type must be a string
| t type must be a string
| f type must be true or false
| m type must be a time like 2026-11-21T08:30:00Z
| day type must be a date like 2026-11-21
= "i" must be an integer of 32 bits
POST /types {"i":1.0,"b":1e3,"f":"true","s":null,"t":false}
422 validation_failed
| i type must be an integer of 32 bits
| b type must be an integer of 64 bits
| f type must be true or false
| t type must be a string
sql SELECT COUNT(*) FROM types
= 0



=== TEST 25: min and max of numbers, and the message says which
--- tables: thing
--- rest
POST /api/thing {"name":"x","price":0.009}
422 validation_failed
| price min must be at least 0.01
= "price" must be at least 0.01
POST /api/thing {"name":"x","price":0}
422 validation_failed
| price min must be at least 0.01
POST /api/thing {"name":"x","price":-5}
422 validation_failed
| price min must be at least 0.01
POST /api/thing {"name":"x","price":100000000}
422 validation_failed
| price max must be at most 99999999.99
POST /api/thing {"name":"x","price":99999999.991}
422 validation_failed
| price max must be at most 99999999.99
POST /api/thing {"name":"x","stock":-11}
422 validation_failed
| stock min must be at least -10
POST /api/thing {"name":"x","stock":1001}
422 validation_failed
| stock max must be at most 1000
POST /api/thing {"name":"a","price":0.01,"stock":-10}
201
POST /api/thing {"name":"b","price":99999999.99,"stock":1000}
201
POST /api/thing {"name":"c","price":0.0100000}
201
sql SELECT price, stock FROM thing ORDER BY id
= 0.01,-10 ; 99999999.99,1000 ; 0.01,5



=== TEST 26: min and max of strings count characters
--- tables: thing
--- rest
POST /api/thing {"name":""}
422 validation_failed
| name min must have at least 1 characters
POST /api/thing {"name":"12345678901234567890123456789012345678901"}
422 validation_failed
| name max must have at most 40 characters
POST /api/thing {"name":"茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶"}
422 validation_failed
| name max must have at most 40 characters
POST /api/thing {"name":"茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶茶🍵"}
201
sql SELECT CHAR_LENGTH(name) FROM thing
= 40



=== TEST 27: all faults come in one reply, in the order of the body
--- tables: thing
--- rest
POST /api/thing {"stock":"x","price":-1,"colour":1,"id":1,"note":7,"note":8}
422 validation_failed
| stock type must be an integer of 32 bits
| price min must be at least 0.01
| colour unknown is not a field here
| id read_only cannot be written
| note type must be a string
| note duplicate must be given once
| name required is required
= "stock" must be an integer of 32 bits
PUT /api/thing/1 {"stock":"x","price":-1}
422 validation_failed
| stock type must be an integer of 32 bits
| price min must be at least 0.01
| name required is required



=== TEST 28: of very many faults the first hundred are told
--- tables: thing
--- perl
my $r = call('POST', '/api/thing', '{' . join(',', map { qq("x$_":$_) } 1 .. 500) . '}');
is $r->{status}, 422, named('status');
my $json = problem('faults', $r, 'validation_failed');
is scalar @{ $json->{details} }, 100, named('one hundred');
is $json->{details}[99]{field}, 'x100', named('the first ones');



=== TEST 29: NUL and invalid UTF-8 are refused as text
--- tables: thing
--- perl
for my $bad ('a\u0000b', '\u0000') {
    steps(qq(POST /api/thing {"name":"$bad"}\n422 validation_failed\n| name encoding must be UTF-8 without NUL));
}
for my $raw ("\xff", "\xc0\x80", "\xe4\xbd", "a\x80", "\xf4\x90\x80\x80") {
    my $r = call('POST', '/api/thing', qq({"name":"$raw"}));
    like $r->{status}, qr/^4(00|22)$/, named('raw ' . unpack 'H*', $raw);
    parsed('raw', $r->{body});
}
my $r = call('POST', '/api/thing', qq({"name":"\xed\xa0\x80"}));
like $r->{status}, qr/^4(00|22)$/, named('a surrogate in UTF-8');
parsed('surrogate', $r->{body});
is mysql_value('SELECT COUNT(*) FROM thing'), 0, named('no row');



=== TEST 30: half of a surrogate pair is not silently changed into something else
--- tables: thing
--- perl
for my $bad ('\udc00', '\udfffx', '\ud83d', 'a\ud83d', '\ud83dx', '\ud83d\u0041', '\ud83d\ud83d') {
    my $r = call('POST', '/api/thing', qq({"name":"$bad"}));
    like $r->{status}, qr/^4(00|22)$/, named($bad);
    parsed($bad, $r->{body});
}
is mysql_value('SELECT COUNT(*) FROM thing'), 0, named('no row');



=== TEST 31: a field with a strange name is named in valid JSON
--- tables: thing
--- perl
for my $name ('a\"b\\\\c\n\u0001茶🍬', '\u0000', '`; DROP', '</a>', 'x' x 5000) {
    my $r = call('POST', '/api/thing', qq({"name":"x","$name":1}));
    is $r->{status}, 422, named("$name: status");
    my $json = problem($name, $r, 'validation_failed');
    is $json->{details}[0]{field}, JSON::PP->new->utf8->decode(qq(["$name"]))->[0], named("$name: named");
}



=== TEST 32: a duplicate of a unique value is a conflict
--- tables: thing
--- rest
POST /api/thing {"name":"cup"}
201
POST /api/thing {"name":"cup"}
409 duplicate
POST /api/thing {"name":"CUP"}
409 duplicate
POST /api/thing {"name":"pot"}
201
PUT /api/thing/3 {"name":"cup"}
404 not_found
sql SELECT id FROM thing WHERE name = 'pot'
= 4
PUT /api/thing/4 {"name":"cup"}
409 duplicate
sql SELECT GROUP_CONCAT(name ORDER BY id) FROM thing
= cup,pot
--- error_log
mysql error 1062



=== TEST 33: foreign keys: a missing parent and a parent still referred to are conflicts
--- tables: thing
--- rest
POST /api/thing {"name":"child","parent":99}
409 reference_missing
POST /api/thing {"name":"parent"}
201
POST /api/thing {"name":"child","parent":2}
201
PUT /api/thing/3 {"name":"child","parent":98}
409 reference_missing
DELETE /api/thing/2
409 referenced
DELETE /api/thing/3
204
DELETE /api/thing/2
204
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 34: a CHECK of the table
--- tables: thing
--- rest
POST /api/thing {"name":"x","stock":13}
422 invalid_value
= a value breaks a rule of the table
POST /api/thing {"name":"x","stock":12}
201
PUT /api/thing/1 {"name":"x","stock":13}
422 invalid_value
sql SELECT stock FROM thing
= 12
--- error_log
mysql error 4025



=== TEST 35: what the column cannot hold
--- tables: types
--- rest
POST /one/s {"s":"12345678901"}
422 invalid_value
= a value is too long for its column
POST /one/s {"s":"茶茶茶茶茶茶茶茶茶🍵"}
201 {"id":1,"s":"茶茶茶茶茶茶茶茶茶🍵"}
POST /one/u {"u":-1}
422 invalid_value
= a value is out of the range of its column
POST /types {"p":1000.25}
201
sql SELECT COUNT(*) FROM types
= 2



=== TEST 36: a word that an ENUM does not have
--- tables: types
--- rest
POST /one/e {"e":"green"}
201 {"id":1,"e":"green"}
POST /one/e {"e":"blue"}
422 invalid_value
sql SELECT COUNT(*) FROM types
= 1



=== TEST 37: null for a column that must not be null
--- tables: thing
--- rest
POST /api/thing {"name":"x","price":null}
422 invalid_value
= a column must not be null
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 38: a column without a default that got no value
--- tables: thing
--- config
location /bare { wxapp_resource thing { column id bigint; column stock int write; allow POST PUT; } }
--- rest
POST /bare {"stock":1}
422 invalid_value
= a column without a default got no value
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 39: a trigger that refuses a row is told in its words
--- tables: odd
--- config
location /odd { wxapp_resource odd { column id bigint; column v string write; allow GET POST; } }
--- rest
sql CREATE OR REPLACE TRIGGER odd_no BEFORE INSERT ON odd FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not on a `Sunday`'
POST /odd {"v":"x"}
409 conflict
= not on a `Sunday`
GET /odd
200 []



=== TEST 40: a row that a referenced table in another schema refuses
--- tables: odd
--- config
location /far { wxapp_resource far { column id bigint; column near bigint write; allow GET POST DELETE; } }
--- perl
my $other = database() . '_far';
mysql_query("DROP TABLE IF EXISTS far");
mysql_query("CREATE OR REPLACE DATABASE $other");
mysql_query("CREATE TABLE $other.near (id BIGINT PRIMARY KEY)");
mysql_query("CREATE TABLE far (id BIGINT AUTO_INCREMENT PRIMARY KEY, near BIGINT NULL, FOREIGN KEY (near) REFERENCES $other.near (id))");
steps("POST /far {\"near\":5}\n409 reference_missing\nPOST /far {\"near\":null}\n201");
mysql_query("DROP TABLE far");
mysql_query("DROP DATABASE $other");



=== TEST 41: PUT replaces the whole row, what is not given gets its default
--- tables: thing
--- rest
POST /api/thing {"name":"cup","price":1.00,"stock":1,"note":"n"}
201
PUT /api/thing/1 {"name":"mug","price":2}
200 {"id":1,"name":"mug","price":2.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
< Location:
PUT /api/thing/1 {"name":"mug"}
200 {"id":1,"name":"mug","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
PUT /api/thing/1 {"name":"mug","note":null,"stock":7}
200 {"id":1,"name":"mug","price":9.99,"stock":7,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
sql SELECT COUNT(*) FROM thing
= 1



=== TEST 42: PUT of equal values is no 404
--- tables: thing
--- rest
POST /api/thing {"name":"cup","price":1.00}
201
PUT /api/thing/1 {"name":"cup","price":1.00}
200 {"id":1,"name":"cup","price":1.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
PUT /api/thing/1 {"name":"cup","price":1.00}
200 {"id":1,"name":"cup","price":1.00,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}



=== TEST 43: PUT makes no row
--- tables: thing
--- rest
PUT /api/thing/5 {"name":"cup"}
404 not_found
= there is no such row
PUT /api/thing/x {"name":"cup"}
400 invalid_key
PUT /api/thing/5 {"name":
400 invalid_json
PUT /api/thing/5
400 body_missing
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 44: DELETE removes the row, once
--- tables: thing
--- rest
POST /api/thing {"name":"cup"}
201
POST /api/thing {"name":"pot"}
201
DELETE /api/thing/1
204
GET /api/thing/1
404 not_found
DELETE /api/thing/1
404 not_found
DELETE /api/thing/x
400 invalid_key
GET /api/thing/2
200
sql SELECT id FROM thing
= 2



=== TEST 45: a body with DELETE is thrown away
--- tables: thing
--- rest
POST /api/thing {"name":"cup"}
201
DELETE /api/thing/1 {"name":"x"}
204
GET /api/thing {"ignored":1}
200 []



=== TEST 46: soft delete hides the row everywhere and keeps it
--- tables: thing
--- rest
POST /soft {"name":"cup"}
201
< Location: /soft/1
POST /soft {"name":"pot"}
201
DELETE /soft/1
204
GET /soft/1
404 not_found
PUT /soft/1 {"name":"new"}
404 not_found
DELETE /soft/1
404 not_found
GET /soft
200 [{"id":2,"name":"pot","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}]
sql SELECT id, name, deleted_at IS NULL, ABS(TIMESTAMPDIFF(SECOND, deleted_at, UTC_TIMESTAMP())) < 60 FROM thing
= 1,cup,0,1 ; 2,pot,1,NULL



=== TEST 47: an owner sees and changes rows of his own only
--- tables: mine
--- rest
sql INSERT INTO mine (user_id, name) VALUES (7, 'a'), (8, 'b'), (7, 'c')
GET /mine
@user 7
200 [{"id":1,"user_id":7,"name":"a"},{"id":3,"user_id":7,"name":"c"}]
GET /mine?limit=1&page=2
@user 7
200 [{"id":3,"user_id":7,"name":"c"}]
GET /mine
@admin 9
200 []
GET /mine/1
@user 7
200 {"id":1,"user_id":7,"name":"a"}
GET /mine/2
@user 7
404 not_found
= there is no such row
PUT /mine/2 {"name":"stolen"}
@user 7
404 not_found
DELETE /mine/2
@user 7
404 not_found
sql SELECT name, deleted_at FROM mine WHERE id = 2
= b,NULL
PUT /mine/3 {"name":"mine"}
@user 7
200 {"id":3,"user_id":7,"name":"mine"}
DELETE /mine/3
@user 7
204
GET /mine/3
@user 7
404 not_found



=== TEST 48: an inserted row belongs to its owner, whatever the body says
--- tables: mine
--- rest
POST /mine {"name":"x"}
@user 7
201 {"id":1,"user_id":7,"name":"x"}
< Location: /mine/1
POST /mine {"name":"x","user_id":8}
@user 7
422 validation_failed
| user_id read_only cannot be written
POST /mine {}
@user 8
201 {"id":2,"user_id":8,"name":""}
PUT /mine/1 {"name":"x","user_id":8}
@user 7
422 validation_failed
| user_id read_only cannot be written
sql SELECT GROUP_CONCAT(user_id ORDER BY id) FROM mine
= 7,8



=== TEST 49: without a token there is no owner
--- tables: mine
--- rest
sql INSERT INTO mine (user_id, name) VALUES (7, 'a')
GET /mine
401 unauthorized
< WWW-Authenticate: Bearer
GET /mine/1
401 unauthorized
POST /mine {}
401 unauthorized
DELETE /mine/1
401 unauthorized
sql SELECT COUNT(*) FROM mine WHERE deleted_at IS NULL
= 1



=== TEST 50: an owner of another type owns nothing
--- tables: mine
--- rest
sql INSERT INTO mine (user_id, name) VALUES (0, 'zero'), (7, 'a')
GET /mine
@user alice
403 insufficient_scope
GET /mine/1
@user 7%20OR%201=1
403 insufficient_scope
GET /mine
@user 7e0
403 insufficient_scope
GET /mine
@user 99999999999999999999
403 insufficient_scope
POST /mine {}
@user x
403 insufficient_scope
sql SELECT COUNT(*) FROM mine
= 2



=== TEST 51: an empty owner value is 401, never all rows
--- tables: mine
--- rest
sql INSERT INTO mine (user_id, team) VALUES (1, 'red'), (2, 'blue'), (3, '')
GET /team
401 unauthorized
GET /team
> X-Team:
401 unauthorized
GET /team/3
401 unauthorized
PUT /team/1 {"user_id":9}
401 unauthorized
DELETE /team/3
401 unauthorized
POST /team {"user_id":9}
401 unauthorized
sql SELECT COUNT(*) FROM mine
= 3



=== TEST 52: a text owner binds as a value
--- tables: mine
--- rest
sql INSERT INTO mine (user_id, team) VALUES (1, 'red'), (2, 'blue'), (3, 'x'' OR ''1''=''1')
GET /team
> X-Team: blue
200 [{"id":2,"team":"blue","user_id":2}]
GET /team
> X-Team: ' OR '1'='1
200 []
GET /team
> X-Team: x' OR '1'='1
200 [{"id":3,"team":"x' OR '1'='1","user_id":3}]
POST /team {"user_id":9}
> X-Team: green
201 {"id":4,"team":"green","user_id":9}
DELETE /team/1
> X-Team: ' OR 1=1 -- 
404 not_found
sql SELECT COUNT(*) FROM mine
= 4



=== TEST 53: roles by method
--- tables: thing
--- rest
GET /shared
200 []
POST /shared {"name":"x"}
401 unauthorized
< WWW-Authenticate: Bearer
POST /shared {"name":"x"}
@user 1
403 insufficient_scope
POST /shared {"name":"x"}
@editor 1
201
POST /shared {"name":"y"}
@admin 1
201
PUT /shared/1 {"name":"z"}
@editor 1
200
PUT /shared/1 {"name":"z"}
@user 1
403 insufficient_scope
DELETE /shared/1
@editor 1
403 insufficient_scope
DELETE /shared/1
401 unauthorized
DELETE /shared/1
@admin 1
204
sql SELECT GROUP_CONCAT(name) FROM thing
= y



=== TEST 54: a role is compared whole
--- tables: thing
--- rest
POST /shared {"name":"x"}
@adm 1
403 insufficient_scope
POST /shared {"name":"x"}
@administrator 1
403 insufficient_scope
POST /shared {"name":"x"}
@admin|editor 1
403 insufficient_scope
POST /shared {"name":"x"}
@ADMIN 1
403 insufficient_scope
POST /shared {"name":"x"}
@ 1
403 insufficient_scope
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 55: a bad token is 403 invalid_token where a role is asked for
--- tables: thing
--- rest
POST /shared {"name":"x"}
> Authorization: Bearer x.y.z
403 invalid_token
GET /shared
> Authorization: Bearer x.y.z
200 []
sql SELECT COUNT(*) FROM thing
= 0



=== TEST 56: an expired token is 403 invalid_token where a role is asked for
--- tables: thing
--- perl
steps("DELETE /shared/1\n> Authorization: Bearer " . make_token(role => 'admin', -ttl => -60) . "\n403 invalid_token\n");



=== TEST 57: the role is looked at before the key and the body
--- tables: thing
--- rest
POST /shared {
401 unauthorized
DELETE /shared/abc
401 unauthorized
DELETE /shared/abc
@user 1
403 insufficient_scope
DELETE /shared/abc
@admin 1
400 invalid_key



=== TEST 58: 405 names the methods of this kind of path
--- rest
PUT /api/thing {"name":"x"}
405 method_not_allowed
< Allow: GET, HEAD, POST, DELETE, OPTIONS
DELETE /api/thing
400 filter_required
DELETE /api/thing/
400 filter_required
POST /api/thing/1 {"name":"x"}
405 method_not_allowed
< Allow: GET, HEAD, PUT, DELETE, OPTIONS
PATCH /api/thing/1 {"name":"x"}
405 method_not_allowed
< Allow: GET, HEAD, PUT, DELETE, OPTIONS
MKCOL /api/thing
405 method_not_allowed
BREW /api/thing/1
405 method_not_allowed
< Allow: GET, HEAD, PUT, DELETE, OPTIONS
POST /products {"sku":"x"}
405 method_not_allowed
< Allow: GET, HEAD, OPTIONS
PUT /products/1 {"sku":"x"}
405 method_not_allowed
< Allow: GET, HEAD, OPTIONS
PUT /productsfoo {"sku":"x"}
404 not_found



=== TEST 59: without GET there is no HEAD
--- config
location /in { wxapp_resource thing { column id bigint; column name string write; allow POST; } }
--- rest
GET /in
405 method_not_allowed
< Allow: POST, OPTIONS
HEAD /in
405 -
< Allow: POST, OPTIONS
GET /in/1
405 method_not_allowed
< Allow: OPTIONS



=== TEST 60: OPTIONS is answered with 204 and Allow
--- rest
OPTIONS /api/thing
204
< Allow: GET, HEAD, POST, DELETE, OPTIONS
OPTIONS /api/thing/1
204
< Allow: GET, HEAD, PUT, DELETE, OPTIONS
OPTIONS /products/1
204
< Allow: GET, HEAD, OPTIONS
OPTIONS /shared/abc
204
< Allow: GET, HEAD, PUT, DELETE, OPTIONS
OPTIONS /mine
401 unauthorized
OPTIONS /products/1/2
404 not_found



=== TEST 61: HEAD is GET without the body
--- perl
for my $path ('/products', '/products?limit=7&order=price.desc', '/products/7', '/products/99', '/products?limit=x', '/products/x', '/products/1/2') {
    my $get  = call('GET', $path);
    my $head = call('HEAD', $path);
    is $head->{status}, $get->{status}, named("$path: status");
    is $head->{body}, '', named("$path: no body");
    for my $name ('content-length', 'content-type', 'content-range') {
        is $head->{head}{$name}, $get->{head}{$name}, named("$path: $name");
    }
    is $get->{head}{'content-length'}, length $get->{body}, named("$path: length");
}



=== TEST 62: the values of an insert are no SQL
--- tables: thing
--- rest
POST /api/thing {"name":"'); DROP TABLE thing; --","note":"x', 1, 2) ON DUPLICATE KEY UPDATE name='"}
201 {"id":1,"name":"'); DROP TABLE thing; --","price":9.99,"stock":5,"note":"x', 1, 2) ON DUPLICATE KEY UPDATE name='","parent":null,"made":"2026-01-02T03:04:05Z"}
POST /api/thing {"name":"\\'; DELETE FROM thing; #"}
201
PUT /api/thing/1 {"name":"a' WHERE 1=1 --","note":"\" OR \"\"=\""}
200
POST /api/thing {"name":"x","price":"1; DROP TABLE thing"}
422 validation_failed
| price type must be a decimal number
POST /api/thing {"name":"x","price":"1) --"}
422 validation_failed
| price type must be a decimal number
sql SELECT id, name FROM thing ORDER BY id
= 1,a' WHERE 1=1 -- ; 2,\'; DELETE FROM thing; #



=== TEST 63: names in a body, an order or a path are no SQL
--- tables: thing
--- rest
sql INSERT INTO thing (name) VALUES ('a'), ('b')
POST /api/thing {"name":"x","stock`) VALUES (1); --":1}
422 validation_failed
| stock`) VALUES (1); -- unknown is not a field here
POST /api/thing {"name":"x","stock=99, price":1}
422 validation_failed
| stock=99, price unknown is not a field here
PUT /api/thing/1 {"name":"x","stock`=99,`price":1}
422 validation_failed
| stock`=99,`price unknown is not a field here
GET /api/thing?order=id%60%20DESC;%20DROP%20TABLE%20thing;--
400 invalid_parameter
GET /api/thing?order=(SELECT%20SLEEP(5))
400 invalid_parameter
GET /api/thing?order=price,(CASE%20WHEN%201=1%20THEN%20id%20END)
400 invalid_parameter
GET /api/thing?limit=1;DELETE%20FROM%20thing
400 invalid_parameter
GET /api/thing?offset=0%20UNION%20SELECT%201
400 invalid_parameter
GET /api/thing/1%27%20OR%20%271%27=%271
400 invalid_key
DELETE /api/thing/1%20OR%201=1
400 invalid_key
DELETE /api/thing/1/../../thing
400 filter_required
sql SELECT GROUP_CONCAT(name) FROM thing
= a,b



=== TEST 64: a text key is no SQL
--- tables: country
--- rest
sql INSERT INTO country VALUES ('a', 'A'), ('b', 'B')
GET /country/a'%20OR%20'1'='1
404 not_found
DELETE /country/'%20OR%201=1%20--%20
404 not_found
DELETE /country/%25
404 not_found
GET /country/a%5C
404 not_found
GET /country/%60a%60
404 not_found
PUT /country/x'%20OR%20''=' {"code":"x' OR ''='","name":"no"}
404 not_found
sql SELECT GROUP_CONCAT(code, name) FROM country
= aA,bB



=== TEST 65: a text key in a path and in Location
--- tables: country
--- rest
POST /country {"code":"a b&c?d#e%f+g\"h","name":"odd"}
201 {"code":"a b&c?d#e%f+g\"h","name":"odd"}
< Location: /country/a%20b%26c%3Fd%23e%25f%2Bg%22h
GET /country/a%20b%26c%3Fd%23e%25f%2Bg%22h
200 {"code":"a b&c?d#e%f+g\"h","name":"odd"}
POST /country {"code":"中国🍵ç"}
201 {"code":"中国🍵ç","name":null}
< Location: /country/%E4%B8%AD%E5%9B%BD%F0%9F%8D%B5%C3%A7
GET /country/%E4%B8%AD%E5%9B%BD%F0%9F%8D%B5%C3%A7
200 {"code":"中国🍵ç","name":null}
GET /country/中国🍵ç
200 {"code":"中国🍵ç","name":null}
GET /country/%E4%B8%AD%E5%9B%BD%F0%9F%8D%AC%C3%A7
404 not_found
POST /country {"code":"中国🍵ç"}
409 duplicate
POST /country {"code":"x\r\nX-Injected: 1"}
201
< Location: /country/x%0D%0AX-Injected%3A%201
< X-Injected:
GET /country?order=code.desc&limit=1
200 [{"code":"中国🍵ç","name":null}]



=== TEST 66: every Location leads to its row
--- tables: country
--- perl
for my $code ('a/b', '/', '..', '.', '%2F', 'a//b', '?', 'x;y', '1', ' ', '-0') {
    my $r = call('POST', '/country', JSON::PP->new->encode({ code => $code }));
    next if $r->{status} == 422 && problem($code, $r, 'validation_failed');   # a key that no path can name may be refused
    is $r->{status}, 201, named("$code: made");
    my $row = call('GET', $r->{head}{location});
    is $row->{status}, 200, named("$code: found at $r->{head}{location}");
    is $row->{body}, $r->{body}, named("$code: the same row");
}



=== TEST 67: an empty text key has no path of its own
--- tables: country
--- perl
my $r = call('POST', '/country', '{"code":"","name":"none"}');
if ($r->{status} == 422) {
    problem('empty', $r, 'validation_failed');
} else {
    is $r->{status}, 201, named('made');
    my $row = call('GET', $r->{head}{location});
    is $row->{body}, $r->{body}, named('found where Location says');
}



=== TEST 68: a key in the path that is no text
--- tables: country
--- rest
GET /country/%FF
400 invalid_key
GET /country/%C0%80
400 invalid_key
GET /country/%ED%A0%80
400 invalid_key
GET /country/a%2Fb
404 not_found
DELETE /country/%E4%BD
400 invalid_key



=== TEST 69: PUT with another key in the body does not pretend
--- tables: country
--- perl
mysql_query(q{INSERT INTO country VALUES ('a', 'A')});
steps("PUT /country/a {\"code\":\"a\",\"name\":\"B\"}\n200 {\"code\":\"a\",\"name\":\"B\"}\n");
my $r = call('PUT', '/country/a', '{"code":"z","name":"C"}');
like $r->{status}, qr/^4(00|09|22)$/, named('a key that differs is refused');
is mysql_value('SELECT GROUP_CONCAT(code, name) FROM country'), 'aB', named('nothing changed');



=== TEST 70: an integer key that is given
--- tables: odd
--- config
location /odd { wxapp_resource odd { column id bigint write; column v string write; allow GET POST PUT; } }
--- rest
POST /odd {"id":77,"v":"x"}
201 {"id":77,"v":"x"}
< Location: /odd/77
POST /odd {"id":-5}
201 {"id":-5,"v":null}
< Location: /odd/-5
POST /odd {"id":null,"v":"y"}
201 {"id":78,"v":"y"}
< Location: /odd/78
POST /odd {"v":"z"}
201 {"id":79,"v":"z"}
POST /odd {"id":77}
409 duplicate



=== TEST 71: a key above 2^63 is listed exactly
--- tables: thing
--- rest
sql INSERT INTO thing (id, name) VALUES (18446744073709551615, 'last'), (9223372036854775807, 'big')
GET /api/thing
200 [{"id":9223372036854775807,"name":"big","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"},{"id":18446744073709551615,"name":"last","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}]
GET /api/thing/9223372036854775807
200 {"id":9223372036854775807,"name":"big","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}



=== TEST 72: a row whose generated key is above 2^63 has its row and place in the reply
--- tables: thing
--- rest
sql INSERT INTO thing (id, name) VALUES (9223372036854775807, 'big')
POST /api/thing {"name":"next"}
201 {"id":9223372036854775808,"name":"next","price":9.99,"stock":5,"note":null,"parent":null,"made":"2026-01-02T03:04:05Z"}
< Location: /api/thing/9223372036854775808



=== TEST 73: a key that the table makes and the reply cannot know
--- tables: odd
--- config
location /made { wxapp_resource made { key code; column code string; column v string write; allow GET POST; } }
--- perl
mysql_query(q{CREATE OR REPLACE TABLE made (code VARCHAR(40) PRIMARY KEY DEFAULT (UUID()), v VARCHAR(10) NOT NULL)});
mysql_query(q{INSERT INTO made VALUES ('alpha', 'secret'), ('beta', 'secret')});
my $r = call('POST', '/made', '{"v":"new"}');
is $r->{status}, 201, named('status');
unlike $r->{body}, qr/secret/, named('no row of others');
if (length $r->{body}) {
    my $row = parsed('row', $r->{body});
    is $row->{v}, 'new', named('the new row') if ref $row eq 'HASH';
}
mysql_query('DROP TABLE made');



=== TEST 74: AUTO_INCREMENT of another column is not the key
--- tables: odd
--- config
location /made { wxapp_resource made { key code; column code string; column v string write; allow GET POST; } }
--- perl
mysql_query(q{CREATE OR REPLACE TABLE made (seq BIGINT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(40) NOT NULL UNIQUE DEFAULT (UUID()), v VARCHAR(10) NOT NULL)});
mysql_query(q{INSERT INTO made (code, v) VALUES ('2nd', 'secret')});
my $r = call('POST', '/made', '{"v":"new"}');
is $r->{status}, 201, named('status');
unlike $r->{body}, qr/secret/, named('no row of others');
isnt $r->{head}{location}, '/made/2', named('no place that is not its own');
mysql_query('DROP TABLE made');



=== TEST 75: a key that is not unique still gives one JSON object
--- tables: odd
--- config
location /by { wxapp_resource odd { key v; column v string; column id bigint; allow GET; } }
--- rest
sql INSERT INTO odd (v) VALUES ('same'), ('same'), ('other')
GET /by/other
200 {"v":"other","id":3}
GET /by/same
200



=== TEST 76: reserved words as names of table and columns
--- tables: order
--- rest
POST /order {"select":"a","group":2}
201 {"key":1,"select":"a","group":2,"desc":7}
< Location: /order/1
POST /order {"select":"b"}
201 {"key":2,"select":"b","group":null,"desc":7}
PUT /order/1 {"group":3}
200 {"key":1,"select":"","group":3,"desc":7}
GET /order?order=group.desc,select,desc.asc
200 [{"key":1,"select":"","group":3,"desc":7},{"key":2,"select":"b","group":null,"desc":7}]
GET /order?order=desc.desc,key.desc
200 [{"key":2,"select":"b","group":null,"desc":7},{"key":1,"select":"","group":3,"desc":7}]
GET /order/2
200 {"key":2,"select":"b","group":null,"desc":7}
DELETE /order/2
204
GET /order
200 [{"key":1,"select":"","group":3,"desc":7}]



=== TEST 77: NULL in every column
--- tables: types
--- rest
POST /types {}
201 {"id":1,"i":null,"b":null,"u":null,"d":null,"p":null,"s":null,"t":null,"f":null,"m":null,"m6":null,"ts":null,"day":null,"j":null,"e":null}
POST /types {"i":null,"b":null,"u":null,"d":null,"p":null,"s":null,"t":null,"f":null,"m":null,"m6":null,"ts":null,"day":null,"j":null,"e":null}
201 {"id":2,"i":null,"b":null,"u":null,"d":null,"p":null,"s":null,"t":null,"f":null,"m":null,"m6":null,"ts":null,"day":null,"j":null,"e":null}
GET /types
200 [{"id":1,"i":null,"b":null,"u":null,"d":null,"p":null,"s":null,"t":null,"f":null,"m":null,"m6":null,"ts":null,"day":null,"j":null,"e":null},{"id":2,"i":null,"b":null,"u":null,"d":null,"p":null,"s":null,"t":null,"f":null,"m":null,"m6":null,"ts":null,"day":null,"j":null,"e":null}]
sql SELECT COUNT(*) FROM types WHERE j IS NULL AND s IS NULL AND d IS NULL
= 2



=== TEST 78: one row with every type
--- tables: types
--- rest
POST /types {"i":-1,"b":9007199254740993,"u":5,"d":"1.5","p":-99.5,"s":"s","t":"t","f":true,"m":"2026-11-21T08:30:00Z","m6":"2026-11-21T08:30:00.123456Z","ts":"2026-11-21T08:30:00+08:00","day":"2026-11-21","j":{"a":[1]},"e":"red"}
201 {"id":1,"i":-1,"b":9007199254740993,"u":5,"d":1.500000000000000000000000000000,"p":-99.500,"s":"s","t":"t","f":true,"m":"2026-11-21T08:30:00Z","m6":"2026-11-21T08:30:00.123456Z","ts":"2026-11-21T00:30:00Z","day":"2026-11-21","j":{"a":[1]},"e":"red"}
GET /types/1
200 {"id":1,"i":-1,"b":9007199254740993,"u":5,"d":1.500000000000000000000000000000,"p":-99.500,"s":"s","t":"t","f":true,"m":"2026-11-21T08:30:00Z","m6":"2026-11-21T08:30:00.123456Z","ts":"2026-11-21T00:30:00Z","day":"2026-11-21","j":{"a":[1]},"e":"red"}
sql SELECT i, b, u, d, p, s, t, f, m, m6, day, j FROM types
= -1,9007199254740993,5,1.500000000000000000000000000000,-99.500,s,t,1,2026-11-21 08:30:00,2026-11-21 08:30:00.123456,2026-11-21,{"a":[1]}



=== TEST 79: the bounds of int
--- tables: types
--- rest
POST /one/i {"i":2147483647}
201 {"id":1,"i":2147483647}
POST /one/i {"i":-2147483648}
201 {"id":2,"i":-2147483648}
POST /one/i {"i":-0}
201 {"id":3,"i":0}
POST /one/i {"i":2147483648}
422 validation_failed
| i type must be an integer of 32 bits
POST /one/i {"i":-2147483649}
422 validation_failed
| i type must be an integer of 32 bits
POST /one/i {"i":4294967296}
422 validation_failed
| i type must be an integer of 32 bits
POST /one/i {"i":18446744073709551616}
422 validation_failed
| i type must be an integer of 32 bits
POST /one/i {"i":1.5}
422 validation_failed
| i type must be an integer of 32 bits
sql SELECT COUNT(*) FROM types
= 3



=== TEST 80: the bounds of bigint
--- tables: types
--- rest
POST /one/b {"b":9223372036854775807}
201 {"id":1,"b":9223372036854775807}
POST /one/b {"b":-9223372036854775808}
201 {"id":2,"b":-9223372036854775808}
POST /one/b {"b":9223372036854775808}
422 validation_failed
| b type must be an integer of 64 bits
POST /one/b {"b":-9223372036854775809}
422 validation_failed
| b type must be an integer of 64 bits
POST /one/b {"b":18446744073709551617}
422 validation_failed
| b type must be an integer of 64 bits
POST /one/b {"b":100000000000000000000000000000000000000000000000000000000000000000000000000000000000}
422 validation_failed
| b type must be an integer of 64 bits
sql INSERT INTO types (u) VALUES (18446744073709551615)
GET /one/u?limit=1&offset=2
200 [{"id":3,"u":18446744073709551615}]



=== TEST 81: decimals keep their digits
--- tables: types
--- rest
POST /one/d {"d":0.1}
201 {"id":1,"d":0.100000000000000000000000000000}
POST /one/d {"d":"0.100000000000000000000000000001"}
201 {"id":2,"d":0.100000000000000000000000000001}
POST /one/d {"d":99999999999999999999999999999999999.999999999999999999999999999999}
201 {"id":3,"d":99999999999999999999999999999999999.999999999999999999999999999999}
POST /one/d {"d":-99999999999999999999999999999999999.999999999999999999999999999999}
201 {"id":4,"d":-99999999999999999999999999999999999.999999999999999999999999999999}
POST /one/d {"d":9007199254740993}
201 {"id":5,"d":9007199254740993.000000000000000000000000000000}
POST /one/d {"d":-0}
201 {"id":6,"d":0.000000000000000000000000000000}
POST /one/d {"d":-0.00}
201 {"id":7,"d":0.000000000000000000000000000000}
POST /one/d {"d":100000000000000000000000000000000000}
422 invalid_value
= a value is out of the range of its column
sql SELECT COUNT(*) FROM types
= 7



=== TEST 82: what is no decimal
--- tables: types
--- perl
for my $bad ('1e2', '1E2', '1.5e-3', '"1e2"', '""', '"."', '".5"', '"5."', '"+1"', '"01"', '"1,5"', '" 1"', '"1 "', '"0x1"', '"--1"', '"-"',
    '"1.2.3"', '"NaN"', '"Infinity"', '"\u0661"', 'true', '[]', '"' . '9' x 68 . '"', '1' x 200) {
    steps("POST /one/d {\"d\":$bad}\n422 validation_failed\n| d type must be a decimal number");
}
is mysql_value('SELECT COUNT(*) FROM types'), 0, named('no row');



=== TEST 83: bounds of a decimal are compared as numbers
--- tables: types
--- perl
my %ok = (1 => ['-99.5', '-99.50', '0', '-0', '1000.250', '1000.25', '1000.2', '999', '"1000.2500000000"', '-99.49999', '9', '0.001'],
          0 => ['-99.501', '-100', '-99.5000000000001', '-1000']);
for my $v (@{ $ok{1} }) { is call('POST', '/types', "{\"p\":$v}")->{status}, 201, named("$v fits") }
steps("POST /types {\"p\":$_}\n422 validation_failed\n| p min must be at least -99.5") for @{ $ok{0} };
steps("POST /types {\"p\":$_}\n422 validation_failed\n| p max must be at most 1000.250")
    for '1000.251', '1000.2500000001', '1001', '2000', '10000', '99999999999999999999';



=== TEST 84: bool in and out
--- tables: types
--- rest
POST /one/f {"f":true}
201 {"id":1,"f":true}
POST /one/f {"f":false}
201 {"id":2,"f":false}
sql INSERT INTO types (f) VALUES (2), (-1), (NULL)
GET /one/f?limit=3&offset=2
200 [{"id":3,"f":true},{"id":4,"f":true},{"id":5,"f":null}]
POST /one/f {"f":0}
422 validation_failed
| f type must be true or false
POST /one/f {"f":"false"}
422 validation_failed
| f type must be true or false
sql SELECT f FROM types ORDER BY id LIMIT 2
= 1 ; 0



=== TEST 85: datetime takes RFC 3339 and gives UTC
--- tables: types
--- rest
POST /one/m {"m":"2026-11-21T08:30:00Z"}
201 {"id":1,"m":"2026-11-21T08:30:00Z"}
POST /one/m {"m":"2026-11-21T08:30:00+08:00"}
201 {"id":2,"m":"2026-11-21T00:30:00Z"}
POST /one/m {"m":"2026-12-31T23:30:00-01:30"}
201 {"id":3,"m":"2027-01-01T01:00:00Z"}
POST /one/m {"m":"2024-02-29T23:59:59-00:01"}
201 {"id":4,"m":"2024-03-01T00:00:59Z"}
POST /one/m {"m":"2000-02-29t12:00:00z"}
201 {"id":5,"m":"2000-02-29T12:00:00Z"}
POST /one/m {"m":"2026-11-21 08:30:00"}
201 {"id":6,"m":"2026-11-21T08:30:00Z"}
POST /one/m {"m":"9999-12-31T23:59:59Z"}
201 {"id":7,"m":"9999-12-31T23:59:59Z"}
POST /one/m {"m":"1970-01-01T00:00:00Z"}
201 {"id":8,"m":"1970-01-01T00:00:00Z"}
POST /one/m {"m":"2100-03-01T00:00:00+23:59"}
201 {"id":9,"m":"2100-02-28T00:01:00Z"}
sql SELECT m FROM types WHERE id IN (2, 4) ORDER BY id
= 2026-11-21 00:30:00 ; 2024-03-01 00:00:59



=== TEST 86: a datetime before 1970 is a datetime
--- tables: types
--- rest
POST /one/m {"m":"1969-12-31T23:59:59Z"}
201 {"id":1,"m":"1969-12-31T23:59:59Z"}
POST /one/m {"m":"1949-10-01T07:00:00+08:00"}
201 {"id":2,"m":"1949-09-30T23:00:00Z"}
sql INSERT INTO types (m) VALUES ('1900-01-01 00:00:00')
GET /one/m/3
200 {"id":3,"m":"1900-01-01T00:00:00Z"}



=== TEST 87: fractions of a second
--- tables: types
--- rest
POST /one/m6 {"m6":"2026-11-21T08:30:00.123456Z"}
201 {"id":1,"m6":"2026-11-21T08:30:00.123456Z"}
POST /one/m6 {"m6":"2026-11-21T08:30:00.5+00:00"}
201 {"id":2,"m6":"2026-11-21T08:30:00.500000Z"}
POST /one/m6 {"m6":"2026-11-21T08:30:00.123Z"}
201 {"id":3,"m6":"2026-11-21T08:30:00.123000Z"}
POST /one/m6 {"m6":"2026-11-21T08:30:00"}
201 {"id":4,"m6":"2026-11-21T08:30:00.000000Z"}
POST /one/m6 {"m6":"2026-11-21T08:30:00.1234567Z"}
422 validation_failed
| m6 type must be a time like 2026-11-21T08:30:00Z
POST /one/m6 {"m6":"2026-11-21T08:30:00.Z"}
422 validation_failed
| m6 type must be a time like 2026-11-21T08:30:00Z



=== TEST 88: what is no datetime
--- tables: types
--- perl
for my $bad ('2026-02-29T00:00:00Z', '2100-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T23:60:00Z', '2026-01-01T23:59:61Z', '2026-01-01', '2026-01-01T', '2026-01-01T08:30Z',
    '2026-01-01T08:30:00+8:00', '2026-01-01T08:30:00+0800', '2026-01-01T08:30:00+08', '2026-01-01T08:30:00+24:00', '2026-01-01T08:30:00ZZ',
    '2026-01-01T08:30:00Z ', ' 2026-01-01T08:30:00Z', '2026-01-01_08:30:00Z', '26-01-01T08:30:00Z', '2026-1-1T08:30:00Z', '0000-00-00T00:00:00Z',
    '0000-01-01T00:00:00Z', '+026-01-01T08:30:00Z', '2026-01-01T-8:30:00Z', 'now', '', 'T', '1732178400', '2026-01-01T08:30:00Z\u0000',
    '10000-01-01T00:00:00Z', '9999-12-31T23:59:59-01:00', '0001-01-01T00:00:00+00:01', '2026-W01-1T08:30:00Z') {
    steps("POST /one/m {\"m\":\"$bad\"}\n422 validation_failed\n| m type must be a time like 2026-11-21T08:30:00Z");
}
is mysql_value('SELECT COUNT(*) FROM types'), 0, named('no row');



=== TEST 89: a time that a TIMESTAMP cannot hold
--- tables: types
--- rest
POST /one/ts {"ts":"2037-01-01T00:00:00Z"}
201 {"id":1,"ts":"2037-01-01T00:00:00Z"}
POST /one/ts {"ts":"2200-01-01T00:00:00Z"}
422 invalid_value



=== TEST 90: date
--- tables: types
--- perl
steps(<<'E');
POST /one/day {"day":"2024-02-29"}
201 {"id":1,"day":"2024-02-29"}
POST /one/day {"day":"0001-01-01"}
201 {"id":2,"day":"0001-01-01"}
POST /one/day {"day":"9999-12-31"}
201 {"id":3,"day":"9999-12-31"}
POST /one/day {"day":"1949-10-01"}
201 {"id":4,"day":"1949-10-01"}
E
for my $bad ('2026-02-29', '1900-02-29', '2026-06-31', '2026-13-01', '2026-00-10', '2026-10-00', '0000-01-01', '2026-1-1', '20260101', '2026/01/01',
    '2026-01-01T00:00:00Z', '2026-01-01 ', ' 2026-01-01', '', 'today') {
    steps("POST /one/day {\"day\":\"$bad\"}\n422 validation_failed\n| day type must be a date like 2026-11-21");
}
is mysql_value('SELECT COUNT(*) FROM types'), 4, named('rows');



=== TEST 91: json of every kind comes back as it was
--- tables: types
--- rest
POST /one/j {"j":{"a":[1,2.50,-0.1,1e5,true,false,null,"x\"y\\z\n"],"b":{"c":{}},"d":[]}}
201 {"id":1,"j":{"a":[1,2.50,-0.1,1e5,true,false,null,"x\"y\\z\n"],"b":{"c":{}},"d":[]}}
POST /one/j {"j":"text"}
201 {"id":2,"j":"text"}
POST /one/j {"j":12345678901234567890.5}
201 {"id":3,"j":12345678901234567890.5}
POST /one/j {"j":[]}
201 {"id":4,"j":[]}
POST /one/j {"j":false}
201 {"id":5,"j":false}
POST /one/j {"j":"茶🍬 \u8336 \ud83c\udf6c"}
201 {"id":6,"j":"茶🍬 茶 🍬"}
POST /one/j {"j":{"茶":"'; DROP TABLE types; --"}}
201 {"id":7,"j":{"茶":"'; DROP TABLE types; --"}}
POST /one/j { "j" : [ 1 , 2 ] }
201 {"id":8,"j":[1,2]}
POST /one/j {"j":null}
201 {"id":9,"j":null}
sql SELECT COUNT(*) FROM types WHERE j IS NULL
= 1



=== TEST 92: json nested as deep as allowed, and deeper
--- tables: types
--- perl
my $in = sub { '{"j":' . '[' x $_[0] . ']' x $_[0] . '}' };
steps('POST /one/j ' . $in->(30) . "\n201\nPOST /one/j " . $in->(31) . "\n201\nPOST /one/j " . $in->(32) . "\n400 invalid_json\n"
    . 'POST /one/j {"j":' . '[' x 20000 . "\n400 invalid_json\n" . 'POST /one/j ' . '{"j":' x 5000 . "\n400 invalid_json\n");



=== TEST 93: text with quotes, control characters and four-byte characters
--- tables: types
--- rest
POST /one/t {"t":"\"q\" \\ / \b\f\n\r\t \u0001\u001f \u00e9 \u4e2d \ud83c\udf6c end"}
201 {"id":1,"t":"\"q\" \\ / \u0008\u000c\n\r\t \u0001\u001f é 中 🍬 end"}
POST /one/t {"t":"</script>\u2028\u2029"}
201
POST /one/t {"t":""}
201 {"id":3,"t":""}
POST /one/s {"s":"🍬🍬🍬🍬🍬🍬🍬🍬🍬🍬"}
201 {"id":4,"s":"🍬🍬🍬🍬🍬🍬🍬🍬🍬🍬"}
sql SELECT HEX(t) FROM types WHERE id = 1
= 227122205C202F20080C0A0D0920011F20C3A920E4B8AD20F09F8DAC20656E64



=== TEST 94: a string without a bound has at most 255 characters, a text 65535 bytes
--- tables: types
--- perl
steps('POST /one/s {"s":"' . 'x' x 256 . "\"}\n422 validation_failed\n| s max must have at most 255 characters\n");
steps('POST /one/s {"s":"' . 'x' x 255 . "\"}\n422 invalid_value\n= a value is too long for its column\n");
steps('POST /one/t {"t":"' . 'x' x 65535 . "\"}\n201\n");
steps('POST /one/t {"t":"' . 'x' x 65536 . "\"}\n422 validation_failed\n| t max must have at most 65535 bytes\n");
steps('POST /one/t {"t":"' . "\xe8\x8c\xb6" x 21845 . "\"}\n201\n");
is mysql_value('SELECT GROUP_CONCAT(LENGTH(t)) FROM types'), '65535,65535', named('stored whole');



=== TEST 95: columns longer than the buffer come whole, whatever row they are in
--- tables: types
--- perl
my @len = (0, 1, 4094, 4095, 4096, 4097, 5000, 8192, 60000, 65535, 3, 200000);
mysql_query('INSERT INTO types (s, t) VALUES (?, ?)', "r$_", 'y' x ($_ ? $_ - 1 : 0) . ($_ ? 'z' : '')) for @len;
my $r = call('GET', '/types?limit=100');
is $r->{status}, 200, named('status');
my $rows = parsed('list', $r->{body});
is_deeply [ map { length $_->{t} } @$rows ], \@len, named('lengths');
is_deeply [ grep { $_->{t} !~ /\Ay*z\z/ } grep { length $_->{t} } @$rows ], [], named('the text');
is_deeply [ map { $_->{s} } @$rows ], [ map { "r$_" } @len ], named('the columns beside');
is length call('GET', "/types/9")->{body}, length(JSON::PP->new->canonical->encode($rows->[8])), named('one of them');



=== TEST 96: a page of 100 large rows
--- tables: types
--- perl
mysql_query('INSERT INTO types (s, t) VALUES ' . join ',', map { "('$_', REPEAT('" . chr(97 + $_ % 26) . "', 6000))" } 1 .. 110);
my $r = call('GET', '/types?limit=100');
my $rows = parsed('list', $r->{body});
is scalar @$rows, 100, named('rows');
is $r->{head}{'content-range'}, '0-99/*', named('range');
is $r->{head}{'content-length'}, length $r->{body}, named('length');
is_deeply [ grep { $_->{t} ne chr(97 + $_->{s} % 26) x 6000 } @$rows ], [], named('text');
is scalar @{ parsed('rest', call('GET', '/types?limit=100&page=2')->{body}) }, 10, named('second page');



=== TEST 97: four-byte text all the way, also as the unique key that is looked for
--- tables: country thing
--- rest
POST /country {"code":"🍬","name":"糖🍬"}
201 {"code":"🍬","name":"糖🍬"}
< Location: /country/%F0%9F%8D%AC
GET /country/%F0%9F%8D%AC
200 {"code":"🍬","name":"糖🍬"}
GET /country/%F0%9F%8D%B5
404 not_found
PUT /country/🍬 {"code":"🍬","name":"𠀀"}
200 {"code":"🍬","name":"𠀀"}
DELETE /country/%F0%9F%8D%AC
204
sql SELECT COUNT(*) FROM country
= 0



=== TEST 98: columns that are not of the declared type still give JSON
--- tables: odd
--- config eval
my $all = '';
$all .= "location /$_ { wxapp_resource odd { column id bigint; column v $_; page default=100; allow GET; } }\n"
    for qw(int bigint decimal string text bool datetime date json);
$all
--- perl
my @values = ('', '0', '-', '-0', '007', '12', '-12.50', '1e5', '.5', '5.', 'abc', '{broken', '[1', '"', '{"a":1}', 'null', 'NaN', ':', '{', '[1,2]x',
    'true', 'truex', "tab\there", "nul\0", '2026-11-21 08:30:00', '2026-11-21', "not a date but of that size", "\x{8336}" x 9, '0000-00-00 00:00:00',
    '9' x 80, "\x{1f36c}", ',', '{"a":1},{"b":2}', '1 2', "line\nbreak", undef);
mysql_query('INSERT INTO odd (v) VALUES (?)', $_) for @values;
for my $type (qw(int bigint decimal string text bool datetime date json)) {
    my $r = call('GET', "/$type?limit=100");
    is $r->{status}, 200, named("$type: status");
    my $rows = parsed("$type: list", $r->{body});
    is scalar @{ $rows // [] }, scalar @values, named("$type: rows");
    for my $i (1 .. @values) {
        my $item = call('GET', "/$type/$i");
        is $item->{status}, 200, named("$type: $i: status");
        my $row = eval { JSON::PP->new->utf8->decode($item->{body}) };
        ok ref $row eq 'HASH' && keys %$row == 2 && $row->{id} == $i, named("$type: " . ($values[$i - 1] // 'NULL') . ': the item is JSON') or diag $item->{body};
    }
}



=== TEST 99: a real JSON column next to the edge of the buffer
--- tables: types
--- perl
my $long = '{"a":"' . 'x' x 4085 . '"}';
mysql_query('INSERT INTO types (j) VALUES (?)', $_) for $long, '{"b":"' . 'x' x 4094 . '"}', '{"c":"' . 'x' x 9000 . '"}';
for (1 .. 3) {
    my $row = parsed("row $_", call('GET', "/one/j/$_")->{body});
    is length((values %{ $row->{j} })[0]), [ 4085, 4094, 9000 ]->[$_ - 1], named("row $_");
}



=== TEST 100: zero dates, doubles, BIT, bytes, ZEROFILL, TIME and YEAR come out as JSON
--- tables: dated
--- config
location /dated {
    wxapp_resource dated {
        column id bigint; column m datetime; column day date; column x decimal; column bin text; column z int; column tm string; column y int;
        allow GET;
    }
}
--- perl
mysql_query(q{SET SESSION sql_mode = ''});
mysql_query(q{INSERT INTO dated VALUES (1, '0000-00-00 00:00:00', '0000-00-00', 0.1, NULL, x'00ff41c3', 42, '-838:59:59', 2026)});
mysql_query(q{INSERT INTO dated VALUES (2, '2026-11-21 08:30:00', '2026-11-21', 1e300, NULL, 'ok', 12345678, '08:30:00', 0)});
mysql_query(q{INSERT INTO dated VALUES (3, NULL, NULL, -1.5e-7, NULL, '', NULL, NULL, NULL)});
mysql_query(q{SET SESSION sql_mode = DEFAULT});
my $rows = parsed('list', call('GET', '/dated')->{body});
is $rows->[0]{m}, undef, named('a zero datetime is null');
is $rows->[0]{day}, undef, named('a zero date is null');
cmp_ok $rows->[0]{x}, '==', 0.1, named('a double');
cmp_ok $rows->[1]{x}, '==', 1e300, named('a large double');
cmp_ok $rows->[2]{x}, '==', -1.5e-7, named('a small double');
is $rows->[1]{day}, '2026-11-21', named('a date');
cmp_ok $rows->[0]{z}, '==', 42, named('ZEROFILL');
is $rows->[0]{tm}, '-838:59:59', named('TIME');



=== TEST 101: a BIT(1) column is a bool
--- tables: dated
--- config
location /dated { wxapp_resource dated { column id bigint; column bit1 bool write; allow GET POST; } }
--- rest
POST /dated {"bit1":true}
201 {"id":1,"bit1":true}
POST /dated {"bit1":false}
201 {"id":2,"bit1":false}
sql SELECT bit1 + 0 FROM dated ORDER BY id
= 1 ; 0



=== TEST 102: a table that is not there
--- config
location /gone { wxapp_resource gone { column id bigint; column v string write; allow GET POST DELETE; } }
--- rest
GET /gone
500 internal_error
GET /gone/1
500 internal_error
POST /gone {"v":"x"}
500 internal_error
DELETE /gone/1
500 internal_error
--- error_log
mysql error 1146



=== TEST 103: a column that is not there
--- tables: odd
--- config
location /odd { wxapp_resource odd { column id bigint; column colour string write; allow GET POST PUT; } }
--- rest
GET /odd
500 internal_error
POST /odd {"colour":"x"}
500 internal_error
PUT /odd/1 {"colour":"x"}
500 internal_error
--- error_log
mysql error 1054



=== TEST 104: a right that is not there
--- config
location /secret { wxapp_resource secret { column id string; allow GET; } }
--- perl
mysql_query(q{CREATE OR REPLACE SQL SECURITY INVOKER VIEW secret AS SELECT host AS id FROM mysql.global_priv});
steps("GET /secret\n500 internal_error\nGET /secret/1\n500 internal_error\n");
mysql_query('DROP VIEW secret');
--- error_log
mysql error



=== TEST 105: a table that changes between two requests of one connection
--- tables: odd
--- http_config
--- wxapp
--- config
location /odd { wxapp_resource odd { column id bigint; column v text write; allow GET POST; } }
--- perl
steps("POST /odd {\"v\":\"x\"}\n201 {\"id\":1,\"v\":\"x\"}\nGET /odd/1\n200 {\"id\":1,\"v\":\"x\"}\n") for 1;
mysql_query('ALTER TABLE odd MODIFY v LONGTEXT, ADD COLUMN w INT NULL FIRST');
mysql_query('UPDATE odd SET v = REPEAT("y", 20000)');
my $r = call('GET', '/odd/1');
is length(parsed('after', $r->{body})->{v}), 20000, named('the longer column');
mysql_query('ALTER TABLE odd MODIFY v INT NULL') if mysql_query('UPDATE odd SET v = "12"') || 1;
steps("GET /odd/1\n200 {\"id\":1,\"v\":\"12\"}\n") for 1 .. 3;
mysql_query('DROP TABLE odd');
steps("GET /odd/1\n500 internal_error\n");



=== TEST 106: a location below another one
--- config
location /v1 {
    location /v1/shop/ {
        location /v1/shop/products { wxapp_resource products { column id bigint; allow GET; } }
    }
}
--- rest
GET /v1/shop/products/7
200 {"id":7}
GET /v1/shop/products?limit=1
200 [{"id":1}]
GET /v1/shop/productsx
404 not_found
GET /v1/shop/other
404 -



=== TEST 107: a location with a slash at its end
--- tables: thing
--- config
location /t/ { wxapp_resource thing { column id bigint; column name string write; allow GET POST; } }
--- rest
POST /t/ {"name":"x"}
201 {"id":1,"name":"x"}
< Location: /t/1
GET /t/1
200 {"id":1,"name":"x"}
GET /t/
200 [{"id":1,"name":"x"}]
GET /t/1/2
404 not_found



=== TEST 108: the whole server as a resource
--- tables: thing
--- wxapp eval
"server { listen 127.0.0.1:" . (WXApp::port() + 1) . "; access_log off;
    location / { wxapp_resource thing { column id bigint; column name string write; allow GET POST; } } }"
--- perl
local our $port = WXApp::port() + 1;
steps(<<'E');
POST / {"name":"x"}
201 {"id":1,"name":"x"}
< Location: /1
GET /1
200 {"id":1,"name":"x"}
GET /
200 [{"id":1,"name":"x"}]
GET /1/1
404 not_found
E



=== TEST 109: an exact location has the collection alone
--- tables: thing
--- config
location = /list { wxapp_resource thing { column id bigint; column name string write; allow GET POST; } }
location = /slash/ { wxapp_resource thing { column id bigint; column name string write; allow GET; } }
--- rest
POST /list {"name":"x"}
201 {"id":1,"name":"x"}
GET /list
200 [{"id":1,"name":"x"}]
GET /list/1
404 -
GET /slash/
200 [{"id":1,"name":"x"}]



=== TEST 110: a ^~ location
--- config
location ^~ /p { wxapp_resource products { column id bigint; allow GET; } }
location ~ ^/p { return 418; }
--- rest
GET /p/7
200 {"id":7}
GET /p?limit=1
200 [{"id":1}]



=== TEST 111: `if` inside the location leaves the resource as it is
--- config
location /p {
    set $seen 0;
    if ($http_x_go) { set $seen 1; }
    if ($http_x_no) { return 404; }
    add_header X-Seen $seen;
    wxapp_resource products { column id bigint; allow GET; }
}
--- rest
GET /p/7
200 {"id":7}
< X-Seen: 0
GET /p/7
> X-Go: 1
200 {"id":7}
< X-Seen: 1
GET /p?limit=1
> X-Go: 1
200 [{"id":1}]
GET /p/7
> X-No: 1
404 -



=== TEST 112: limit_except in the location leaves the resource as it is
--- tables: thing
--- config
location /t {
    wxapp_resource thing { column id bigint; column name string write; allow GET POST; }
    limit_except GET { deny all; }
}
location /all {
    wxapp_resource thing { column id bigint; column name string write; allow GET POST; }
    limit_except GET { allow all; }
}
--- rest
GET /t
200 []
POST /t {"name":"x"}
403 -
POST /all {"name":"y"}
201 {"id":1,"name":"y"}
< Location: /all/1
GET /t/1
200 {"id":1,"name":"y"}
--- error_log
access forbidden by rule



=== TEST 113: rewritten requests find the resource
--- config
location /p { wxapp_resource products { column id bigint; allow GET; } }
location /old { rewrite ^/old/(.*)$ /p/$1 last; }
location /named { try_files /nothing @named; }
location @named { rewrite ^/named/(.*)$ /p/$1 last; }
error_page 404 = @fallback;
location @fallback { return 404 none; }
--- rest
GET /old/7
200 {"id":7}
GET /named/8
200 {"id":8}
GET /old/7?limit=1
400 unknown_parameter
GET /p/99
404 not_found



=== TEST 114: a location whose path needs escapes still has a valid Location
--- tables: thing
--- config
location "/a b" { wxapp_resource thing { column id bigint; column name string write; allow GET POST; } }
--- rest
POST /a%20b {"name":"x"}
201 {"id":1,"name":"x"}
< Location: /a%20b/1
GET /a%20b/1
200 {"id":1,"name":"x"}



=== TEST 115: a location given by a regular expression is refused
--- config
location ~ ^/p { wxapp_resource products { column id bigint; allow GET; } }
--- must_die
--- error_log
cannot be in a location given by a regular expression



=== TEST 116: a named location is refused
--- config
location @p { wxapp_resource products { column id bigint; allow GET; } }
--- must_die
--- error_log
must be in a location with a path



=== TEST 117: a resource inside `if` is refused
--- config
location /p { if ($http_x) { wxapp_resource products { column id bigint; allow GET; } } }
--- must_die
--- error_log
"wxapp_resource" directive is not allowed here



=== TEST 118: a resource outside a location is refused
--- config
wxapp_resource products { column id bigint; allow GET; }
--- must_die
--- error_log
"wxapp_resource" directive is not allowed here



=== TEST 119: two contents in one location are refused
--- config
location /p {
    wxapp_resource products { column id bigint; allow GET; }
    wxapp_resource orders { column id bigint; allow GET; }
}
--- must_die
--- error_log
wxapp_resource



=== TEST 120: an unknown type names the nearest one
--- config
location /p { wxapp_resource products { column id bigit; allow GET; } }
--- must_die
--- error_log
unknown type "bigit", did you mean "bigint"?



=== TEST 121: a column twice is refused
--- config
location /p { wxapp_resource products { column id bigint; column id int; allow GET; } }
--- must_die
--- error_log
duplicate column "id"



=== TEST 122: a name that could leave its quotes is refused
--- config
location /p { wxapp_resource products { column id bigint; column "a`b" int; allow GET; } }
--- must_die
--- error_log
invalid name "a`b"



=== TEST 123: a table name that could leave its quotes is refused
--- config
location /p { wxapp_resource "products; DROP TABLE users" { column id bigint; allow GET; } }
--- must_die
--- error_log
invalid name "products; DROP TABLE users"



=== TEST 124: a soft_delete name that could leave its quotes is refused
--- config
location /p { wxapp_resource products { column id bigint; soft_delete "x` OR 1=1"; allow GET; } }
--- must_die
--- error_log
invalid name "x` OR 1=1"



=== TEST 125: a key that is no column is refused
--- config
location /p { wxapp_resource products { column ids bigint; allow GET; } }
--- must_die
--- error_log
unknown column "id" in "key" of resource "products", did you mean "ids"?



=== TEST 126: an order that is no column is refused
--- config
location /p { wxapp_resource products { column id bigint; column price decimal; order prise; allow GET; } }
--- must_die
--- error_log
unknown column "prise" in "order" of resource "products", did you mean "price"?



=== TEST 127: an owner that is no column is refused
--- config
location /p { wxapp_resource orders { column id bigint; owner user_id=$wxapp_uid; allow GET; } }
--- must_die
--- error_log
unknown column "user_id" in "owner" of resource "orders"



=== TEST 128: an owner that a client may write is refused
--- config
location /p { wxapp_resource orders { column id bigint; column user_id bigint write; owner user_id=$wxapp_uid; allow GET; } }
--- must_die
--- error_log
the owner column "user_id" must not be "write"



=== TEST 129: an owner without a value is refused
--- config
location /p { wxapp_resource orders { column id bigint; column user_id bigint; owner user_id; allow GET; } }
--- must_die
--- error_log
invalid owner "user_id", it must be column=$variable



=== TEST 130: a bound that is none of the type is refused
--- config
location /p { wxapp_resource products { column id bigint; column price decimal write min=1e3; allow GET; } }
--- must_die
--- error_log
invalid bound of column "price" for type "decimal"



=== TEST 131: a bound on a type that has none is refused
--- config
location /p { wxapp_resource products { column id bigint; column on_sale bool write min=0; allow GET; } }
--- must_die
--- error_log
invalid bound of column "on_sale" for type "bool"



=== TEST 132: a min above the max is refused
--- config
location /p { wxapp_resource products { column id bigint; column stock int write min=10 max=9; allow GET PUT; } }
--- must_die
--- error_log
stock



=== TEST 133: required without write is refused
--- config
location /p { wxapp_resource products { column id bigint; column stock int required; allow GET; } }
--- must_die
--- error_log
column "stock" is required but not "write"



=== TEST 134: a resource that allows nothing is refused
--- config
location /p { wxapp_resource products { column id bigint; } }
--- must_die
--- error_log
resource "products" allows nothing, it needs "allow"



=== TEST 135: an unknown method is refused
--- config
location /p { wxapp_resource products { column id bigint; allow GET MERGE; } }
--- must_die
--- error_log
unknown method "MERGE", it must be GET, POST, PATCH, PUT or DELETE



=== TEST 136: a method twice is refused
--- config
location /p { wxapp_resource products { column id bigint; allow GET; allow GET role=admin; } }
--- must_die
--- error_log
method GET is allowed already



=== TEST 137: an empty role is refused
--- config
location /p { wxapp_resource products { column id bigint; allow GET role=admin|; } }
--- must_die
--- error_log
empty value in "admin|"



=== TEST 138: PUT without a column to write is refused
--- config
location /p { wxapp_resource products { column id bigint write; allow PUT; } }
--- must_die
--- error_log
resource "products" allows PUT but has no column to write



=== TEST 139: a default page above the maximum is refused
--- config
location /p { wxapp_resource products { column id bigint; page default=20 max=10; allow GET; } }
--- must_die
--- error_log
"page" has default=20 above max=10



=== TEST 140: a page size of 0 is refused
--- config
location /p { wxapp_resource products { column id bigint; page default=0; allow GET; } }
--- must_die
--- error_log
"default" must be between 1 and 10000



=== TEST 141: a directive that the block does not have names the nearest one
--- config
location /p { wxapp_resource products { colunm id bigint; allow GET; } }
--- must_die
--- error_log
unknown directive "colunm", did you mean "column"?



=== TEST 142: a resource needs a database
--- http_config eval
main::wxapp_http(mysql => undef)
--- config
location /p { wxapp_resource products { column id bigint; allow GET; } }
--- must_die
--- error_log
"wxapp_resource" needs "wxapp_mysql"



=== TEST 143: HTTP/1.0 gets a length and a closed connection
--- config
location /p { wxapp_resource products { column id bigint; allow GET; } }
--- raw_request eval
"GET /p/7 HTTP/1.0\r\n\r\n"
--- response_headers
Content-Length: 8
Connection: close
Content-Type: application/json
--- response_body chomp
{"id":7}



=== TEST 144: HTTP/1.0 without a row
--- config
location /p { wxapp_resource products { column id bigint; allow GET; } }
--- raw_request eval
"GET /p/99 HTTP/1.0\r\n\r\n"
--- error_code: 404
--- response_headers
Content-Type: application/problem+json
Connection: close
--- response_body_like: "code":"not_found"



=== TEST 145: pipelined requests of all kinds are answered in their order
--- tables: thing
--- perl
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => WXApp::port(), Timeout => 3);
my $body = sub { "Content-Length: " . length($_[0]) . "\r\n\r\n$_[0]" };
my @requests = (
    "POST /api/thing HTTP/1.1\r\nHost: x\r\n" . $body->('{"name":"one"}'),
    "GET /api/thing/1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "HEAD /api/thing/1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "PUT /api/thing/1 HTTP/1.1\r\nHost: x\r\n" . $body->('{"name":"two"}'),
    "POST /api/thing HTTP/1.1\r\nHost: x\r\n" . $body->('{"name":""}'),
    "DELETE /api/thing/1 HTTP/1.1\r\nHost: x\r\n" . $body->('ignored'),
    "GET /api/thing/1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "OPTIONS /api/thing HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /api/thing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
);
print $socket join '', @requests;
$socket->flush;
my $text = '';
my $select = IO::Select->new($socket);
while ($select->can_read(10)) { sysread $socket, $text, 65536, length $text or last }
is join(' ', $text =~ m{HTTP/1\.1 (\d+) }g), '201 200 200 200 422 204 404 204 200', named('statuses');
is scalar(() = $text =~ /"name":"one"/g), 2, named('the made row twice, HEAD without');
is scalar(() = $text =~ /"name":"two"/g), 1, named('the changed row once');
like $text, qr/\r\n\r\n\[\]\z/, named('the last one is the empty list');



=== TEST 146: bodies in chunks
--- tables: thing
--- perl
my $send = sub {
    my ($method, $path, @chunks) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => WXApp::port(), Timeout => 3);
    print $socket "$method $path HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
        (map { sprintf "%x\r\n%s\r\n", length $_, $_ } @chunks), "0\r\n\r\n";
    $socket->flush;
    local $/;
    return scalar <$socket>;
};
like $send->('POST', '/api/thing', '{"na', 'me":"', "\xe8", "\x8c\xb6", '"}'), qr/\AHTTP\S+ 201 .*"name":"\xe8\x8c\xb6"/s, named('POST');
like $send->('PUT', '/api/thing/1', split //, '{"name":"tea"}'), qr/\AHTTP\S+ 200 .*"name":"tea"/s, named('PUT');
like $send->('POST', '/api/thing'), qr/\AHTTP\S+ 400 .*body_missing/s, named('no chunk');
is mysql_value('SELECT GROUP_CONCAT(name) FROM thing'), 'tea', named('rows');



=== TEST 147: HTTP/2
--- tables: thing
--- config
--- wxapp eval
"server { listen 127.0.0.1:" . (WXApp::port() + 1) . " http2; access_log off;
    location /t { wxapp_resource thing { column id bigint; column name string write required; allow GET POST PUT DELETE; } } }"
--- perl
my $url = 'http://127.0.0.1:' . (WXApp::port() + 1);
my $curl = sub { my @c = ('curl', '-s', '-m', '5', '--http2-prior-knowledge', '-i', @_); open my $p, '-|', @c or die; local $/; my $t = <$p>; close $p; return $t };
like $curl->('-d', '{"name":"x"}', "$url/t"), qr{\AHTTP/2 201 .*^location: /t/1\r.*\r\n\r\n\{"id":1,"name":"x"\}\z}ms, named('POST');
like $curl->("$url/t/1"), qr{\AHTTP/2 200 .*^content-type: application/json\r.*\r\n\r\n\{"id":1,"name":"x"\}\z}ms, named('GET');
like $curl->("$url/t"), qr{\AHTTP/2 200 .*^content-range: 0-0/\*\r.*\[\{"id":1,"name":"x"\}\]\z}ms, named('list');
like $curl->('-I', "$url/t/1"), qr{\AHTTP/2 200 .*^content-length: 19\r}ms, named('HEAD');
like $curl->('-X', 'PUT', '-d', '{"name":"' . 'y' x 30 . '"}', "$url/t/1"), qr{\AHTTP/2 200 .*y{30}}ms, named('PUT');
like $curl->('-X', 'PUT', '-d', '{}', "$url/t/1"), qr{\AHTTP/2 422 .*^content-type: application/problem\+json\r.*"rule":"required"}ms, named('PUT 422');
like $curl->('-X', 'DELETE', "$url/t/1"), qr{\AHTTP/2 204 }, named('DELETE');
like $curl->("$url/t/1"), qr{\AHTTP/2 404 .*"code":"not_found"}ms, named('gone');
like $curl->('-X', 'PATCH', "$url/t/1"), qr{\AHTTP/2 405 .*^allow: GET, HEAD, PUT, DELETE, OPTIONS\r}ms, named('405');



=== TEST 148: a client that leaves in the middle of a query leaves no trace on the connection
--- tables: thing
--- http_config eval
main::wxapp_http('mysql+' => "pool min=1 max=1;\n")
--- config
location /slow  { wxapp_resource slow { column id bigint; column s int; allow GET; } }
location /thing { wxapp_resource thing { column id bigint; column name string write; allow GET POST DELETE; } }
--- perl
mysql_query('CREATE OR REPLACE VIEW slow AS SELECT id, SLEEP(0.3) AS s FROM products');
steps("POST /thing {\"name\":\"a\"}\n201 {\"id\":1,\"name\":\"a\"}\n");
for my $request ("GET /slow/1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /slow/2 HTTP/1.1\r\nHost: x\r\n\r\nGET /slow/3 HTTP/1.1\r\nHost: x\r\n\r\n") {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => WXApp::port(), Timeout => 3);
    print $socket $request;
    $socket->flush;
    select undef, undef, undef, 0.12;
    close $socket;
    steps("GET /thing/1\n200 {\"id\":1,\"name\":\"a\"}\nGET /slow/9\n200 {\"id\":9,\"s\":0}\n");
}
mysql_query('DROP VIEW slow');



=== TEST 149: a write whose client leaves is done once or not at all
--- tables: odd
--- http_config eval
main::wxapp_http('mysql+' => "pool min=1 max=1;\n")
--- config
location /odd { wxapp_resource odd { column id bigint; column v string write; allow GET POST; } }
--- perl
mysql_query('CREATE OR REPLACE TRIGGER odd_slow BEFORE INSERT ON odd FOR EACH ROW SET @x = SLEEP(0.2)');
my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => WXApp::port(), Timeout => 3);
print $socket "POST /odd HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"v\":\"a\"}";
$socket->flush;
select undef, undef, undef, 0.1;
close $socket;
steps("POST /odd {\"v\":\"b\"}\n201\nGET /odd\n200\n");
like mysql_value('SELECT GROUP_CONCAT(v ORDER BY id) FROM odd'), qr/\A(a,)?b\z/, named('rows');
mysql_query('DROP TRIGGER odd_slow');



=== TEST 150: JSON of a list as every client reads it
--- tables: types
--- perl
mysql_query(q{INSERT INTO types (s, t, j, d, f, m) VALUES ('"', '\\\\', '{"a":"b"}', 1.5, 1, '2026-01-01'), ('</a>', CHAR(1, 2, 31, 127), '[]', 0, 0, NULL)});
my $rows = parsed('list', call('GET', '/types')->{body});
is $rows->[0]{s}, '"', named('a quote');
is $rows->[0]{t}, '\\', named('a backslash');
is_deeply $rows->[0]{j}, { a => 'b' }, named('nested');
is $rows->[1]{t}, "\x01\x02\x1f\x7f", named('control characters');
ok $rows->[0]{f} && !$rows->[1]{f}, named('bools');
