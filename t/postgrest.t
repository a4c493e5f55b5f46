# The query dialect of wxapp_resource, which is PostgREST's, and what goes with it: select, filters, order,
# ranges, counts, Prefer, Accept, bulk and filtered writes, upsert, relations, cursors, preconditions, composite
# keys. The blocks' language is that of t/lib/WXRest.pm.
#
# The table `fruit` has the rows below and nobody writes it; the other tables are made new by `--- tables:`.

use strict;
use warnings;
use utf8;
use lib 't/lib';
use WXApp;
use WXRest;
use Test::More;
use POSIX ();

my %TABLE = (
    item => q{
        id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL UNIQUE,
        grp VARCHAR(20) NULL DEFAULT 'g', n INT NULL DEFAULT 5 CHECK (n <> 13), price DECIMAL(10,2) NOT NULL DEFAULT 9.99,
        hidden VARCHAR(20) NOT NULL DEFAULT 'h', deleted_at DATETIME NULL},
    doc => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(40) NOT NULL, ver INT NOT NULL DEFAULT 1},
    own => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL UNIQUE,
        n INT NULL, deleted_at DATETIME NULL},
    pair => q{
        a INT NOT NULL, b VARCHAR(60) COLLATE utf8mb4_bin NOT NULL, v INT NULL, PRIMARY KEY (a, b)},
    log => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, k INT NULL, user_id BIGINT NOT NULL DEFAULT 1, deleted_at DATETIME NULL},
    parent => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, boss BIGINT NULL},
    child => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, parent_id BIGINT NULL, user_id BIGINT NOT NULL DEFAULT 1, v INT NOT NULL DEFAULT 0,
        secret VARCHAR(20) NOT NULL DEFAULT 'psst', deleted_at DATETIME NULL, KEY (parent_id)},
    rules => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, color VARCHAR(20) NULL, code VARCHAR(20) NULL, pin VARCHAR(20) NULL,
        mail VARCHAR(80) NULL, phone VARCHAR(20) NULL, cost INT NULL, level INT NOT NULL DEFAULT 0},
    note => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(80) NOT NULL, body TEXT NOT NULL, user_id BIGINT NOT NULL DEFAULT 1,
        deleted_at DATETIME NULL, FULLTEXT KEY (title, body)},
    words => q{
        id BIGINT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(300) COLLATE utf8mb4_bin NULL},
);

my $FRUIT = <<'C';
    column  id     bigint;
    column  name   string;
    column  color  string;
    column  price  decimal;
    column  stock  int;
    column  ripe   bool;
    column  born   date;
    column  seen   datetime;
    column  note   text;
    filter  name color price stock ripe born seen;
    order   name price stock born;
    page    default=10 max=20 offset=1000;
    allow   GET;
    soft_delete deleted_at;
C

my $ITEM = <<'C';
    column  id     bigint;
    column  name   string  write required max=40;
    column  grp    string  write max=20;
    column  n      int     write max=1000;
    filter  name grp n;
    order   name n;
    bulk    max=4;
    upsert  name;
    max_affected 3;
    increment n;
    allow   GET POST PUT PATCH DELETE;
C

my $DOC = <<'C';
    column  id     bigint;
    column  title  string  write required;
    column  ver    int;
    filter  title;
    version ver;
    allow   GET POST PUT PATCH DELETE;
C

my $OWN = <<'C';
    column  id      bigint;
    column  user_id bigint;
    column  name    string write required;
    column  n       int    write;
    filter  name n user_id;
    order   name n;
    upsert  name;
    cursor  on;
    allow   GET POST PUT PATCH DELETE;
    soft_delete deleted_at;
C

my $CHILD = <<'C';
    column  id        bigint;
    column  parent_id bigint write;
    column  v         int    write;
    filter  v parent_id;
    soft_delete deleted_at;
C

my $STANDARD = <<"C";
location /fruit { wxapp_resource fruit { $FRUIT } }
location /item  { wxapp_resource item { $ITEM } }
location /soft  { wxapp_resource soft { table item; $ITEM soft_delete deleted_at; } }
location /doc   { wxapp_resource doc { $DOC } }
location /strict { wxapp_resource strict { table doc; $DOC require_if_match on; } }
location /hash  { wxapp_resource hash { table item; $ITEM etag on; } }
location /own   { wxapp_auth on; wxapp_resource own { $OWN owner user_id=\$wxapp_uid; } }
location /pair  {
    wxapp_resource pair {
        key     a b;
        column  a int    write required;
        column  b string write required max=60;
        column  v int    write;
        filter  v;
        order   v;
        upsert  a b;
        increment v;
        cursor  on;
        page    default=2;
        allow   GET POST PUT PATCH DELETE;
    }
}
location /log   {
    wxapp_resource log {
        column  id bigint;
        column  k  int;
        filter  k;
        order   k;
        cursor  on;
        page    default=2 max=5;
        allow   GET;
        soft_delete deleted_at;
    }
}
location /mylog {
    wxapp_auth on;
    wxapp_resource mylog {
        table   log;
        column  id bigint;
        column  k  int;
        column  user_id bigint;
        filter  k;
        order   k;
        cursor  on;
        page    default=2 max=5;
        allow   GET;
        owner   user_id=\$wxapp_uid;
    }
}
location /rules {
    wxapp_resource rules {
        column  id    bigint;
        column  color string write enum=red|green;
        column  code  string write "regex=^[A-Z]{2}-[0-9]+\$";
        column  pin   string write length=4;
        column  mail  string write email;
        column  phone string write phone;
        column  cost  int    write read=admin|boss;
        column  level int    write=admin;
        filter  color cost level;
        order   cost level;
        allow   GET POST PATCH;
    }
}
location /note  {
    wxapp_resource note {
        column  id    bigint;
        column  title string;
        column  body  text;
        search  title body;
        filter  title;
        allow   GET;
        soft_delete deleted_at;
    }
}
location /words  {
    wxapp_resource words {
        column  id bigint;
        column  s  string write max=300;
        filter  s;
        allow   GET POST;
    }
}
location /big   { wxapp_resource big { table item; column id bigint as=string; column name string write required; allow GET POST; } }
C

# a folder with relations: the children's resource has an owner in /a, a role in /b, neither in /r
our $RELATION = <<"C";
location /r/parent {
    wxapp_resource parent {
        column   id   bigint;
        column   name string write required;
        column   boss bigint write;
        filter   name boss;
        order    name;
        relation children child.parent_id=parent.id max=3;
        allow    GET POST PATCH DELETE;
    }
}
location /r/child {
    wxapp_resource child { $CHILD relation parent parent.id=child.parent_id; allow GET POST PATCH; }
}
C

sub fruit {
    my @row = (
        [ 1, 'apple',   'red',    '1.50',  10,    1, '2026-01-01', '2026-01-01 08:00:00', undef ],
        [ 2, 'Apple',   'green',  '2.00',  undef, 1, undef,        '2026-02-01 08:00:00', 'crisp' ],
        [ 3, 'banana',  'yellow', '0.25',  5,     0, '2026-03-01', undef,                 'long 100%' ],
        [ 4, 'cherry',  'red',    '12.00', 0,     1, '2026-04-01', '2026-04-01 08:00:00', 'a_b' ],
        [ 5, '梨',      'green',  '3.50',  -7,    0, '2025-12-31', '2025-12-31 23:59:59', '一 🍐' ],
        [ 6, 'a,b (c)', undef,    '5.00',  10,    1, undef,        undef,                 q{"q" 's' \\b} ],
        [ 7, 'gone',    'red',    '1.00',  1,     1, undef,        undef,                 undef ],
    );
    mysql_query(q{CREATE OR REPLACE TABLE fruit (
        id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL, color VARCHAR(20) NULL,
        price DECIMAL(8,2) NOT NULL, stock INT NULL, ripe BOOLEAN NOT NULL, born DATE NULL, seen DATETIME NULL, note TEXT NULL,
        deleted_at DATETIME NULL) DEFAULT CHARSET utf8mb4});
    mysql_query('INSERT INTO fruit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)', @$_) for @row;
    mysql_query('UPDATE fruit SET deleted_at = UTC_TIMESTAMP() WHERE id = 7');
}

# the ids of a list: ids('/fruit?price=gt.1') is '1,2,4', and anything but a list of rows its status
sub ids {
    my ($path, @headers) = @_;
    my $r = call('GET', $path, undef, @headers);
    return $r->{status} if $r->{status} !~ /^20[06]$/;
    return join ',', map { $_->{id} } @{ parsed($path, $r->{body}) };
}

sub user { return 'Authorization: Bearer ' . make_token(sub => $_[0], role => $_[1] // 'user') }

# the path in a Link rel="next"
sub next_of {
    my ($r) = @_;
    my ($path) = ($r->{head}{link} // '') =~ m{<([^>]*)>; rel="next"};
    return $path;
}

rest(config => $STANDARD, tables => \%TABLE);
database();
fruit();
no_long_string();
no_shuffle();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: select names the columns and their order
--- rest
GET /fruit?select=name,id&limit=2
200 [{"name":"apple","id":1},{"name":"Apple","id":2}]
GET /fruit?select=id&limit=2
200 [{"id":1},{"id":2}]



=== TEST 2: without select, and with *, all columns come in the order of the configuration
--- rest
GET /fruit?id=eq.1
200 [{"id":1,"name":"apple","color":"red","price":1.50,"stock":10,"ripe":true,"born":"2026-01-01","seen":"2026-01-01T08:00:00Z","note":null}]
GET /fruit?id=eq.1&select=*
200 [{"id":1,"name":"apple","color":"red","price":1.50,"stock":10,"ripe":true,"born":"2026-01-01","seen":"2026-01-01T08:00:00Z","note":null}]



=== TEST 3: select renames
--- rest
GET /fruit?select=no:id,what:name&id=eq.5
200 [{"no":5,"what":"梨"}]
GET /fruit?select=name:id,id:name&id=eq.4
200 [{"name":4,"id":"cherry"}]



=== TEST 4: a column may come twice under two names, and beside *
--- rest
GET /fruit?select=id,again:id&id=eq.1
200 [{"id":1,"again":1}]
GET /fruit?select=*,title:name&id=eq.1
200 [{"id":1,"name":"apple","color":"red","price":1.50,"stock":10,"ripe":true,"born":"2026-01-01","seen":"2026-01-01T08:00:00Z","note":null,"title":"apple"}]
GET /fruit?select=*,id&id=eq.1
200 [{"id":1,"name":"apple","color":"red","price":1.50,"stock":10,"ripe":true,"born":"2026-01-01","seen":"2026-01-01T08:00:00Z","note":null}]



=== TEST 5: two members of one name are refused
--- rest
GET /fruit?select=id,id
400 invalid_select
GET /fruit?select=a:id,a:name
400 invalid_select
GET /fruit?select=*,name:id
400 invalid_select
GET /fruit?select=name:id,name
400 invalid_select
GET /fruit?select=*,*
400 invalid_select



=== TEST 6: names may be quoted in select
--- rest
GET /fruit?select=%22id%22,%22name%22&id=eq.1
200 [{"id":1,"name":"apple"}]
GET /fruit?select="no":"id"&id=eq.1
200 [{"no":1}]



=== TEST 7: select of what is no declared column is refused
--- rest
GET /fruit?select=nope
400 invalid_select
GET /fruit?select=id,deleted_at
400 invalid_select
GET /fruit?select=ID
400 invalid_select
GET /fruit?select=a:nope
400 invalid_select
GET /item?select=hidden
400 invalid_select



=== TEST 8: select with a broken form is refused
--- perl
for my $select ('id,', ',id', 'id,,name', ':id', 'a:', 'a:b:id', 'id:', ',', '(', ')', 'id)', '(id)', 'id(', '"id', 'id"', '""', '"":id', 'id name', 'id.name',
    '**', '*id', 'id*', 'a:*', '-id', '!id') {
    steps("GET /fruit?select=" . ($select =~ s/([^\w.:,*()!-])/sprintf '%%%02X', ord $1/ger) . "\n400 invalid_select\n");
}



=== TEST 9: what PostgreSQL alone has in select is refused
--- perl
for my $select (qw(price::text id::int a:price::text note->a note->>a price.sum() count() total:count() price.avg() ...r(id) r!inner(id) r!fk(id)
    r!left(id))) {
    steps("GET /fruit?select=$select\n400 invalid_select\n");
}



=== TEST 10: a name in select is never SQL
--- perl
for my $name (q{id`}, q{`id`}, q{id'}, q{id--}, q{id/**/}, q{id;}, q{(select 1)}, q{sleep(1)}, q{id as x}, q{fruit.id}, q{id,(1)}, "\x{e9}",
    q{1}, q{@@version}, q{id%}, q{\\}) {
    my $text = $name;
    utf8::encode($text);
    steps("GET /fruit?select=" . ($text =~ s/(\W)/sprintf '%%%02X', ord $1/ger) . "\n400 invalid_select\n");
}



=== TEST 11: a name given by a rename stays a JSON string
--- perl
for my $name ('a b', 'a"b', "a'b", 'a\\b', '</script>', "\x{4e00}\x{1f350}", 'a.b', "a`b", "a\nb", "a\0b", "\xff") {
    my $text = $name;
    utf8::encode($text) if $name ne "\xff";
    my $r = call('GET', '/fruit?id=eq.1&select=%22' . ($text =~ s/(["\\])/\\$1/gr =~ s/(\W)/sprintf '%%%02X', ord $1/ger) . '%22:id');
    if ($r->{status} == 200) {
        is_deeply parsed($name, $r->{body}), [ { $name => 1 } ], named("$name: the member");
        unlike $name, qr/[\0\xff]/, named('no NUL, only UTF-8');
    } else {
        problem($name, $r, $name =~ /[\0\xff]/ ? 'invalid_parameter' : 'invalid_select');
    }
}



=== TEST 12: select takes as many columns as there may be, not more
--- perl
steps('GET /fruit?limit=0&select=' . join(',', map { "a$_:id" } 1 .. 64) . "\n200 []\n");
steps('GET /fruit?limit=0&select=' . join(',', map { "a$_:id" } 1 .. 65) . "\n400 invalid_select\n");
steps('GET /fruit?limit=0&select=' . join(',', map { "a$_:id" } 1 .. 500) . "\n400 invalid_select\n");



=== TEST 13: blanks in select are skipped
--- rest
GET /fruit?select=id,+name&id=eq.1
200 [{"id":1,"name":"apple"}]
GET /fruit?select=%20id%20,%20no:id%20&id=eq.1
200 [{"id":1,"no":1}]



=== TEST 14: eq by every type
--- perl
my %found = (
    'id=eq.3' => '3', 'name=eq.apple' => '1', 'name=eq.%E6%A2%A8' => '5', 'color=eq.red' => '1,4', 'price=eq.1.50' => '1', 'price=eq.1.5' => '1',
    'price=eq.12' => '4', 'stock=eq.-7' => '5', 'stock=eq.0' => '4', 'stock=eq.10' => '1,6', 'ripe=eq.true' => '1,2,4,6', 'ripe=eq.false' => '3,5',
    'born=eq.2026-01-01' => '1', 'seen=eq.2026-01-01T08:00:00Z' => '1', 'seen=eq.2026-01-01T16:00:00%2B08:00' => '1', 'seen=eq.2026-01-01%2008:00:00' => '1',
    'seen=eq.2026-01-01T08:00:00' => '1', 'name=eq.' => '', 'name=eq.none' => '', 'id=eq.999' => '', 'id=eq.7' => '',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 15: neq, gt, gte, lt, lte
--- perl
my %found = (
    'id=neq.3' => '1,2,4,5,6', 'name=neq.apple' => '2,3,4,5,6', 'ripe=neq.true' => '3,5', 'price=gt.3.50' => '4,6', 'price=gte.3.50' => '4,5,6',
    'price=lt.1.5' => '3', 'price=lte.1.5' => '1,3', 'stock=gt.0' => '1,3,6', 'stock=lt.0' => '5', 'stock=gte.-7' => '1,3,4,5,6',
    'born=gt.2026-01-01' => '3,4', 'born=lte.2025-12-31' => '5', 'seen=gte.2026-02-01T00:00:00Z' => '2,4', 'seen=lt.2026-01-01T00:00:00Z' => '5',
    'id=gt.4' => '5,6', 'name=gt.b' => '3,4,5', 'name=lt.a' => '2',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 16: no comparison finds NULL
--- perl
my %found = (
    'stock=neq.10' => '3,4,5', 'stock=gt.-100' => '1,3,4,5,6', 'color=neq.red' => '2,3,5', 'color=not.eq.red' => '2,3,5', 'born=not.gt.2000-01-01' => '',
    'color=eq.null' => '', 'color=in.(null)' => '', 'color=not.in.(red)' => '2,3,5', 'color=not.like.r*' => '2,3,5',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 17: filters of one column and of several hold together
--- perl
my %found = (
    'price=gte.1&price=lte.4' => '1,2,5', 'price=gte.1&price=lte.4&ripe=is.true' => '1,2', 'id=eq.1&id=eq.2' => '', 'id=eq.1&id=eq.1' => '1',
    'color=eq.red&name=neq.apple' => '4',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 18: like has two wildcards and minds the case, ilike does not
--- perl
my %found = (
    'name=like.a*' => '1,6', 'name=like.a%25' => '1,6', 'name=like.*an*' => '3', 'name=like._pple' => '1,2', 'name=like.apple' => '1', 'name=like.APPLE' => '',
    'name=ilike.a*' => '1,2,6', 'name=ilike.APPLE' => '1,2', 'name=ilike._PP*' => '1,2', 'name=like.*' => '1,2,3,4,5,6', 'name=like.' => '',
    'color=like.R*' => '', 'color=ilike.R*' => '1,4', 'color=like.r_d' => '1,4', 'name=like.%E6%A2%A8*' => '5',
    'name=not.like.a*' => '2,3,4,5', 'name=not.ilike.a*' => '3,4,5', 'name=like.*,*' => '6', 'name=like.*(c)' => '6',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 19: a backslash in a pattern makes the next character plain
--- tables: words
--- perl
mysql_query('INSERT INTO words (s) VALUES (?)', $_) for '100%', '100x', 'a_b', 'axb', 'c\\d';
my %found = ('s=like.100%5C%25' => '1', 's=like.100%25' => '1,2', 's=like.a%5C_b' => '3', 's=like.a_b' => '3,4', 's=like.c%5C%5Cd' => '5');
is ids("/words?$_"), $found{$_}, named($_) for sort keys %found;
like ids('/words?s=like.c%5C'), qr/^(400)?$/, named('one at the end');



=== TEST 20: like is for texts
--- rest
GET /fruit?id=like.1*
400 invalid_filter
GET /fruit?price=ilike.1*
400 invalid_filter
GET /fruit?ripe=like.t*
400 invalid_filter
GET /fruit?born=like.2026*
400 invalid_filter
GET /fruit?seen=not.like.2026*
400 invalid_filter



=== TEST 21: in lists values, quoted or not
--- perl
my %found = (
    'id=in.(1,3,5)' => '1,3,5', 'id=in.(3)' => '3', 'id=in.(999)' => '', 'id=in.(1,1,1)' => '1', 'id=not.in.(1,2,3)' => '4,5,6', 'id=in.("1","2")' => '1,2',
    'name=in.(apple,cherry)' => '1,4', 'name=in.("apple","cherry")' => '1,4', 'name=in.("a,b%20(c)")' => '6', 'name=in.(apple,"a,b+(c)",%E6%A2%A8)' => '1,5,6',
    'price=in.(1.5,12.00)' => '1,4', 'ripe=in.(false)' => '3,5', 'born=in.(2026-01-01,2025-12-31)' => '1,5', 'stock=in.(-7,0)' => '4,5',
    'name=in.(apple,)' => '1', 'name=in.("")' => '', 'name=in.(%22apple%22,%22cherry%22)' => '1,4',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 22: in with nothing is nothing
--- rest
GET /fruit?id=in.()&select=id
200 []
GET /fruit?name=in.()&select=id
200 []
GET /fruit?id=not.in.()&select=id
200 [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5},{"id":6}]



=== TEST 23: quotes within in and within trees take backslashes, bare values take quotes
--- tables: words
--- perl
my @text = ('a"b', 'a\\b', '"', '\\', "'", 'a,"b', 'x"', '()', ' a ', '{}');
mysql_query('INSERT INTO words (s) VALUES (?)', $_) for @text;
for my $i (0 .. $#text) {
    my $quoted = '"' . ($text[$i] =~ s/(["\\])/\\$1/gr) . '"';
    my $url = $quoted =~ s/(\W)/sprintf '%%%02X', ord $1/ger;
    is ids("/words?s=in.(none,$url)"), $i + 1, named("in $quoted");
    is ids("/words?or=(s.eq.$url,id.eq.0)"), $i + 1, named("or $quoted");
    my $plain = $text[$i] =~ s/(\W)/sprintf '%%%02X', ord $1/ger;
    is ids("/words?s=eq.$plain"), $i + 1, named("eq $text[$i]");
}
# what postgrest-js sends for ['x"y'] and for an unquoted backslash
is ids('/words?s=in.(none,a%22b)'), 1, named('a quote within a bare value');
is ids('/words?s=in.(none,a%5Cb)'), 2, named('a backslash within a bare value');



=== TEST 24: in with a broken list is refused
--- perl
for my $list ('', '(', ')', '1,2', '(1,2', '1,2)', '(1,2))', '((1,2))', '(1,2)x', 'x(1,2)', '("1)', '("1"2)', '(1,a)', '(1;2)', '(1 2)', '(,)', '(1,,2)', '[1,2]', '{1,2}') {
    steps('GET /fruit?id=in.' . ($list =~ s/ /%20/gr) . "\n400 invalid_filter\n");
}



=== TEST 25: in takes as many values as there may be, not more
--- perl
is ids('/fruit?id=in.(' . join(',', 1 .. 200) . ')'), '1,2,3,4,5,6', named('200');
steps('GET /fruit?id=in.(' . join(',', 1 .. 201) . ")\n400 invalid_filter\n");
steps('GET /fruit?id=in.(' . join(',', 1 .. 1500) . ")\n400 invalid_filter\n");



=== TEST 26: is finds NULL, true and false
--- perl
my %found = (
    'color=is.null' => '6', 'color=not.is.null' => '1,2,3,4,5', 'stock=is.null' => '2', 'born=is.null' => '2,6', 'seen=is.null' => '3,6', 'id=is.null' => '',
    'ripe=is.true' => '1,2,4,6', 'ripe=is.false' => '3,5', 'ripe=not.is.true' => '3,5', 'ripe=is.null' => '', 'color=is.NULL' => '6', 'color=is.not_null' => '1,2,3,4,5', 'color=not.is.not_null' => '6', 'ripe=is.True' => '1,2,4,6',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 27: is takes nothing else, and true and false only for bool
--- rest
GET /fruit?color=is.red
400 invalid_filter
GET /fruit?color=is.
400 invalid_filter
GET /fruit?ripe=is.1
400 invalid_filter
GET /fruit?stock=is.true
400 invalid_filter
GET /fruit?color=is.false
400 invalid_filter
GET /fruit?color=is.nul
400 invalid_filter
GET /fruit?color=is.null1
400 invalid_filter
GET /fruit?color=is.(null)
400 invalid_filter



=== TEST 28: not turns every operator around, once
--- perl
my %found = (
    'id=not.eq.1' => '2,3,4,5,6', 'id=not.neq.1' => '1', 'id=not.gt.2' => '1,2', 'id=not.gte.2' => '1', 'id=not.lt.5' => '5,6', 'id=not.lte.5' => '6',
    'name=not.like.*e*' => '3,5,6', 'id=not.in.(1,2,3,4)' => '5,6', 'stock=not.is.null' => '1,3,4,5,6',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;
steps("GET /fruit?id=$_\n400 invalid_filter\n") for qw(not.not.eq.1 not. not not.1 not.eq eq.not.1 not.and.1 noteq.1);



=== TEST 29: an unknown operator is refused
--- perl
no warnings 'qw';
for my $value (qw(equals.1 EQ.1 Eq.1 eq1 eq,1 =.1 .1 . .eq.1 eq eqq.1 e.1 e q.1 ne.1 ge.1 le.1 between.1 fts.a plfts.a phfts.a wfts.a fts(english).a cs.{a} cd.{a} ov.{a}
    sl.(1,2) sr.(1,2) nxr.(1,2) nxl.(1,2) adj.(1,2) match.a imatch.a isdistinct.1 like(all).{a} like(any).{a} eq(any).{1} and.(1) or.(1) in in. 1 -1 null true
    $eq.1 regexp.a)) {
    steps("GET /fruit?id=$value\n400 invalid_filter\n");
}
steps("GET /fruit?name=fts.a\n400 invalid_filter\nGET /fruit?id=\n400 invalid_filter\nGET /fruit?id\n400 -\nGET /fruit?id=+eq.1\n400 invalid_filter\n");



=== TEST 30: a value that is none of the column's type is refused
--- perl
no warnings 'qw';
for my $filter (qw(id=eq.abc id=eq. id=eq.1.5 id=eq.0x10 id=eq.1e2 id=eq.1%20OR%201=1 id=eq.99999999999999999999 id=gt.-99999999999999999999 id=eq.%EF%BC%91
    id=eq.1, id=eq.(1) id=eq.'1' id=eq.null stock=eq.2147483648 stock=lt.-2147483649 stock=eq.ten price=eq.abc price=eq.1.2.3 price=eq.1e5 price=gt. price=eq.- price=eq.1,5
    ripe=eq.yes ripe=eq.2 ripe=eq.TRUE ripe=eq. born=eq.soon born=eq.2026-02-30 born=eq.2026-13-01 born=gt.20260101 born=eq. seen=eq.now seen=eq.2026-01-01T25:00:00Z
    seen=lt.2026-01-01T00:00:00%2B99:00 id=in.(1,x) born=in.(2026-01-01,soon) ripe=in.(true,maybe))) {
    steps("GET /fruit?$filter\n400 invalid_filter\n");
}



=== TEST 31: a query is UTF-8 without NUL
--- perl
for my $value ('a%00b', '%00', 'apple%00', '%FF', '%C3', '%C0%80', '%ED%A0%80', '%F4%90%80%80', '%E6%A2') {
    for my $query ("name=eq.$value", "name=like.$value*", "name=in.(a,$value)", "or=(name.eq.$value,id.eq.1)", "id=eq.1$value", "select=id$value", "$value=eq.1",
        "name$value=eq.apple", "order=id$value", "limit=1$value") {
        steps("GET /fruit?$query\n400 invalid_parameter\n");
    }
}



=== TEST 32: a plus in the query is a blank, an escape is decoded once
--- perl
my %found = (
    'name=eq.a,b+(c)' => '6', 'name=eq.a,b%20(c)' => '6', 'name=eq.a%2Cb%2B(c)' => '', 'name=eq.a,b%2520(c)' => '', 'n%61me=eq.apple' => '1', 'name=e%71.apple' => '1',
    'id=in%2E%281%2C2%29' => '1,2', '%6Fr=(id.eq.1,id.eq.2)' => '1,2', 'name=like.a,b+*' => '6',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 33: escapes that are none are refused
--- perl
for my $query ('name=eq.%', 'name=eq.%z', 'name=eq.%zz', 'name=eq.%4', '%=eq.1', '%zz=eq.1', 'name=eq.%%%', 'select=%', 'or=%', 'order=%zz') {
    steps("GET /fruit?$query\n400 invalid_parameter\n");
}



=== TEST 34: a value is never SQL
--- perl
my @evil = ("' OR '1'='1", "' OR 1=1 -- ", "') OR ('1'='1", "\\' OR 1=1 -- ", '" OR ""="', '`', "'; DROP TABLE fruit; -- ", "' UNION SELECT 1,2 -- ", "'||'", "/*", "*/", "#",
    "' AND SLEEP(2) AND '1'='1", "\\", "%' OR '1'='1", "?", "? OR 1=1", "{fn now()}", "\@\@version", "0x61", "NULL", "\x{2019}", "\x{ff07} OR 1=1");
my $began = time;
for my $text (@evil) {
    my $bytes = $text;
    utf8::encode($bytes);
    my $url = $bytes =~ s/(\W)/sprintf '%%%02X', ord $1/ger;
    is ids("/fruit?name=eq.$url"), '', named("eq $text");
    is ids("/fruit?name=like.$url"), '', named("like $text") if $text !~ /\\$/;
    like ids("/fruit?name=in.($url)"), qr/^(400)?$/, named("in $text");
    like ids("/fruit?or=(name.eq.$url,name.eq.none)"), qr/^(400)?$/, named("or $text");
    is ids("/fruit?id=eq.$url"), '400', named("id $text");
    is ids("/fruit?$url=eq.1"), '400', named("name $text");
    is ids("/fruit?order=$url"), '400', named("order $text");
    is ids("/fruit?limit=$url"), '400', named("limit $text");
}
cmp_ok time - $began, '<', 2 + @evil / 4, named('nothing slept');
is ids('/fruit?id=gt.0'), '1,2,3,4,5,6', named('the table is there');



=== TEST 35: the log of queries shows values bound, never within the statement
--- http_config eval
main::wxapp_http('mysql+' => "pool min=1 max=1;\n")
--- rest
sql SET GLOBAL log_output = 'TABLE'
sql SET GLOBAL general_log = 1
GET /fruit?name=eq.needle&or=(color.eq.needle,color.in.(needle,x))&order=price.desc&limit=3&select=id
200 []
sql SET GLOBAL general_log = 0
sql SELECT COUNT(*) > 0, SUM(command_type = 'Prepare' AND argument LIKE '%needle%') FROM mysql.general_log WHERE argument LIKE '%needle%' AND argument NOT LIKE '%general_log%'
= 1,0



=== TEST 36: a parameter that is no column is unknown
--- rest
GET /fruit?nope=eq.1
400 unknown_parameter
GET /fruit?nope=1
400 unknown_parameter
GET /fruit?NAME=eq.apple
400 unknown_parameter
GET /fruit?deleted_at=is.null
400 unknown_parameter
GET /item?hidden=eq.h
400 unknown_parameter



=== TEST 37: parameters of a relation are refused
--- rest
GET /fruit?fruit.name=eq.apple
400 invalid_parameter
GET /fruit?r.name=eq.apple
400 invalid_parameter
GET /fruit?r.order=id
400 invalid_parameter
GET /fruit?r.limit=1
400 invalid_parameter
GET /fruit?r.or=(id.eq.1)
400 invalid_parameter



=== TEST 38: a column without a filter refuses one, the key has one always
--- tables: doc
--- rest
GET /fruit?note=eq.crisp
400 invalid_filter
GET /fruit?or=(note.eq.crisp,id.eq.1)
400 invalid_filter
GET /doc?id=gt.0&select=id
200
GET /doc?ver=eq.1
400 invalid_filter



=== TEST 39: reserved words come once
--- perl
my %value = (select => 'id', order => 'id', limit => 1, offset => 1, page => 1, after => 'x', search => 'x', deleted => 'with', columns => 'id', on_conflict => 'id');
for my $name (sort keys %value) {
    steps("GET /fruit?$name=$value{$name}&$name=$value{$name}\n400 duplicate_parameter\n");
}
steps("GET /fruit?limit=1&lim%69t=2\n400 duplicate_parameter\n");



=== TEST 40: empty parts of a query count for nothing
--- rest
GET /fruit?&&id=eq.1&&select=id&
200 [{"id":1}]
GET /fruit?=
400 -
GET /fruit?=eq.1
400 -



=== TEST 41: a request takes as many comparisons as there may be, not more
--- perl
is ids('/fruit?' . join '&', map { "id=neq.$_" } 101 .. 132), '1,2,3,4,5,6', named('32');
steps('GET /fruit?' . join('&', map { "id=neq.$_" } 101 .. 133) . "\n400 invalid_filter\n");
is ids('/fruit?or=(' . join(',', map { "id.eq.$_" } 1 .. 32) . ')'), '1,2,3,4,5,6', named('32 in a tree');
steps('GET /fruit?or=(' . join(',', map { "id.eq.$_" } 1 .. 33) . ")\n400 invalid_filter\n");
steps('GET /fruit?id=eq.1&or=(' . join(',', map { "id.eq.$_" } 1 .. 32) . ")\n400 invalid_filter\n");



=== TEST 42: or and and, nested, with not anywhere
--- perl
my %found = (
    'or=(id.eq.1,id.eq.3)' => '1,3', 'and=(id.gt.1,id.lt.4)' => '2,3', 'or=(id.eq.1)' => '1', 'and=(id.eq.1)' => '1', 'or=(id.eq.1,and(id.gt.2,id.lt.5))' => '1,3,4',
    'and=(or(id.eq.1,id.eq.2),or(id.eq.2,id.eq.3))' => '2', 'or=(and(id.gt.1,id.lt.3),and(id.gt.3,id.lt.5),id.eq.6)' => '2,4,6', 'not.or=(id.eq.1,id.eq.2)' => '3,4,5,6',
    'not.and=(id.gt.1,id.lt.6)' => '1,6', 'or=(id.not.gt.1,id.not.lt.6)' => '1,6', 'or=(id.eq.1,not.and(id.gt.1,id.lt.6))' => '1,6',
    'and=(not.or(id.eq.1,id.eq.2),id.lt.5)' => '3,4', 'or=(not.or(id.lt.3,id.gt.4),id.eq.1)' => '1,3,4', 'or=(color.is.null,color.eq.yellow)' => '3,6',
    'or=(color.not.is.null,id.eq.6)' => '1,2,3,4,5,6', 'or=(id.in.(1,2),name.in.("a,b%20(c)",banana))' => '1,2,3,6', 'or=(id.not.in.(1,2,3),id.eq.1)' => '1,4,5,6',
    'or=(name.like.a*,name.ilike.CH*)' => '1,4,6', 'or=(ripe.is.false,id.eq.1)' => '1,3,5', 'or=(name.eq."a,b%20(c)",id.eq.1)' => '1,6',
    'or=(price.eq.0.25,price.gt.5.00)' => '3,4', 'or=(seen.eq.2026-01-01T08:00:00Z,id.eq.3)' => '1,3', 'and=(color.eq.red,or(and(id.eq.1,ripe.is.true),not.or(id.lt.4)))' => '1,4',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 43: several trees and filters hold together
--- perl
my %found = (
    'or=(id.eq.1,id.eq.2)&or=(id.eq.2,id.eq.3)' => '2', 'and=(id.gt.1,id.lt.5)&and=(id.gt.2)' => '3,4', 'or=(id.eq.1,id.eq.2)&id=eq.2' => '2',
    'or=(id.eq.1,id.eq.2)&not.or=(id.eq.2)' => '1', 'color=eq.red&or=(id.eq.1,id.eq.3)' => '1', 'and=(id.gt.1)&or=(id.eq.1,id.eq.2)&not.and=(id.eq.9)' => '2',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 44: blanks around the punctuation of a tree are skipped, those within a value stay
--- perl
my %found = (
    'or=(id.eq.1,+id.eq.2)' => '1,2', 'or=(+id.eq.1,id.eq.2)' => '1,2', 'or=(id.eq.1,%20and(id.gt.2,%20id.lt.4))' => '1,3', 'or=(name.eq.a%20b,id.eq.1)' => '1',
    'or=(name.eq.%22a,b+(c)%22,id.eq.1)' => '1,6', 'or=(name.eq.%22a,id.eq.1)' => '1', 'or=(name.eq.%22a%22b,id.eq.1)' => '1',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 45: a broken tree is refused
--- perl
for my $tree ('', '(', ')', '()', '(id.eq.1', 'id.eq.1)', 'id.eq.1', '(id.eq.1))', '((id.eq.1)', '((id.eq.1))', '(id.eq.1,)', '(,id.eq.1)', '(id.eq.1,,id.eq.2)', '(id)', '(id.eq)', '(.eq.1)',
    '(eq.1)', '(id.eq.1)x', 'x(id.eq.1)', '(xor(id.eq.1,id.eq.2))', '(and())', '(or(),id.eq.1)', '(and(id.eq.1)', '(and(id.eq.1),', '(and(id.eq.1)id.eq.2)', '(not(id.eq.1))',
    '(not.id.eq.1)', '(not.not.and(id.eq.1))', '(id.eq.1;id.eq.2)', '(id=eq.1)', '(id.in.(1,2)', '(id.in.1,2)', '(id.in.(1,2)x)', '(id.not.not.eq.1)',
    '(AND(id.eq.1))', '(id.eq.1,and)', '(and.(id.eq.1))', '(or=(id.eq.1))', '(nope.eq.1)', '(id.equals.1)', '(id.eq.x)', '(deleted_at.is.null)', '(fruit.id.eq.1)', '(id.eq.1)(id.eq.2)',
    '(id.is.nil)', '(select.eq.1)') {
    steps("GET /fruit?or=$tree\n400 invalid_filter\n");
}
steps("GET /fruit?and=(id.eq.1\n400 invalid_filter\nGET /fruit?not.or=()\n400 invalid_filter\nGET /fruit?not.and=id.eq.1\n400 invalid_filter\n");
steps("GET /fruit?not.not.or=(id.eq.1)\n400 -\nGET /fruit?or\n400 -\nGET /fruit?not=(id.eq.1)\n400 -\n");



=== TEST 46: a tree may be as deep as there may be, not deeper
--- perl
my $deep = sub { my ($n) = @_; return '/fruit?or=(' . 'and(' x ($n - 1) . 'id.eq.1' . ')' x $n };
is ids($deep->(8)), '1', named('8 levels');
steps("GET " . $deep->(9) . "\n400 invalid_filter\n");
steps("GET " . $deep->(500) . "\n400 invalid_filter\n");
steps("GET /fruit?or=" . '(' x 3000 . "\n400 invalid_filter\n");
steps("GET /fruit?or=(" . 'not.and(' x 500 . "\n400 invalid_filter\n");
is ids('/fruit?id=eq.1'), '1', named('alive');



=== TEST 47: a long value is a value, a very long line is refused
--- tables: words
--- perl
mysql_query('INSERT INTO words (s) VALUES (?)', 'x' x 300);
is ids('/words?s=eq.' . 'x' x 300), '1', named('300');
like ids('/words?s=eq.' . 'x' x 301), qr/^(400)?$/, named('longer than the column');
like ids('/words?s=like.*' . 'x' x 290 . '*'), qr/^1$/, named('a long pattern');
like ids('/words?s=like.' . '*x' x 200), qr/^(1|400)$/, named('many wildcards');
like ids('/fruit?name=eq.' . 'x' x 7000), qr/^(400)?$/, named('7000 characters');
steps('GET /fruit?name=eq.' . 'x' x 40000 . "\n414 -\n");



=== TEST 48: order sorts ascending and descending, the key last and in the same direction
--- perl
my %found = (
    'order=price' => '3,1,2,5,6,4', 'order=price.asc' => '3,1,2,5,6,4', 'order=price.desc' => '4,6,5,2,1,3', 'order=id.desc' => '6,5,4,3,2,1', 'order=name' => '2,6,1,3,4,5',
    'order=price.desc,id' => '4,6,5,2,1,3', 'stock=eq.10&order=stock,price.desc' => '6,1', 'stock=eq.10&order=stock,id.desc' => '6,1', 'stock=eq.10&order=stock.desc' => '6,1',
    'order=%22price%22.desc' => '4,6,5,2,1,3', 'order=price.desc,+id' => '4,6,5,2,1,3',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 49: NULL sorts first or last as asked, else as MySQL does it
--- perl
my %found = (
    'order=stock' => '2,5,4,3,1,6', 'order=stock.desc' => '6,1,3,4,5,2', 'order=stock.nullslast' => '5,4,3,1,6,2', 'order=stock.asc.nullslast' => '5,4,3,1,6,2',
    'order=stock.asc.nullsfirst' => '2,5,4,3,1,6', 'order=stock.desc.nullsfirst' => '2,6,1,3,4,5', 'order=stock.desc.nullslast' => '6,1,3,4,5,2',
    'order=born.nullsfirst,price.desc' => '6,2,5,1,3,4', 'order=born.desc.nullslast,price' => '4,3,1,5,2,6',
);
is ids("/fruit?$_"), $found{$_}, named($_) for sort keys %found;



=== TEST 50: a wrong order is refused
--- perl
for my $order ('', 'nope', 'note', 'deleted_at', 'ID', 'id.up', 'id.DESC', 'id.asc.desc', 'id.nulls', 'id.nullsfirst.asc', 'id.asc.nullsfirst.x', 'id,id', 'id.desc,price,id', 'id,', ',id', 'id;', 'id%20desc',
    '1', 'id%60', 'id--', 'id(x)', 'r(id)', 'note->a', '(id)', 'price%2B1', 'rand()', 'id.', '.desc', '*', '%22id') {
    steps("GET /fruit?order=$order\n400 invalid_parameter\n");
}
steps("GET /fruit?order=" . join(',', map { "c$_" } 1 .. 9) . "\n400 invalid_parameter\n");



=== TEST 51: limit and offset cut, Content-Range says what is there
--- rest
GET /fruit?select=id
200 [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5},{"id":6}]
< Content-Range: 0-5/*
GET /fruit?select=id&limit=2
200 [{"id":1},{"id":2}]
< Content-Range: 0-1/*
GET /fruit?select=id&limit=2&offset=3
200 [{"id":4},{"id":5}]
< Content-Range: 3-4/*
GET /fruit?select=id&offset=5
200 [{"id":6}]
< Content-Range: 5-5/*
GET /fruit?select=id&offset=6
200 []
< Content-Range: */*
GET /fruit?select=id&limit=0
200 []
< Content-Range: */*
GET /fruit?select=id&page=2&limit=4
200 [{"id":5},{"id":6}]
< Content-Range: 4-5/*
GET /fruit?select=id&limit=1000
200
< Content-Range: 0-5/*
GET /fruit?select=id&id=eq.99
200 []
< Content-Range: */*



=== TEST 52: limit is cut to the page's maximum, with filters too
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; page default=2 max=3; allow GET; } }
--- rest
sql INSERT INTO item (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')
GET /item
200 [{"id":1},{"id":2}]
GET /item?limit=4
200 [{"id":1},{"id":2},{"id":3}]
GET /item?id=gt.1&limit=100
200 [{"id":2},{"id":3},{"id":4}]
GET /item?id=gt.1&limit=100
> Prefer: count=exact
206 [{"id":2},{"id":3},{"id":4}]
< Content-Range: 0-2/4



=== TEST 53: an offset above the cap is refused, also by page and Range
--- rest
GET /fruit?offset=1000
200 []
GET /fruit?offset=1001
400 offset_too_large
GET /fruit?offset=2147483647
400 offset_too_large
GET /fruit?page=101&limit=10
200 []
GET /fruit?page=102&limit=10
400 offset_too_large
GET /fruit?page=2147483647
400 offset_too_large
GET /fruit
> Range: 1001-1010
400 offset_too_large



=== TEST 54: the cap of offsets is 10000 unless the resource says otherwise
--- tables: doc
--- rest
GET /doc?offset=10000
200
GET /doc?offset=10001
400 offset_too_large



=== TEST 55: page and offset exclude each other, limit and offset are whole numbers
--- rest
GET /fruit?page=1&offset=0
400 invalid_parameter
GET /fruit?limit=-1
400 invalid_parameter
GET /fruit?limit=1.5
400 invalid_parameter
GET /fruit?offset=x
400 invalid_parameter
GET /fruit?page=0
400 invalid_parameter
GET /fruit?limit=eq.1
400 invalid_parameter
GET /fruit?limit=2147483648
400 invalid_parameter
GET /fruit?limit=+1
400 invalid_parameter



=== TEST 56: count=exact tells the total, 206 for a part of it
--- rest
GET /fruit?select=id
> Prefer: count=exact
200 [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5},{"id":6}]
< Content-Range: 0-5/6
< Preference-Applied: count=exact
GET /fruit?select=id&limit=2
> Prefer: count=exact
206 [{"id":1},{"id":2}]
< Content-Range: 0-1/6
GET /fruit?select=id&offset=4
> Prefer: count=exact
206 [{"id":5},{"id":6}]
< Content-Range: 4-5/6
GET /fruit?select=id&color=eq.red
> Prefer: count=exact
200 [{"id":1},{"id":4}]
< Content-Range: 0-1/2
GET /fruit?select=id&or=(color.is.null,stock.lt.0)&limit=1
> Prefer: count=exact
206 [{"id":5}]
< Content-Range: 0-0/2
GET /fruit?select=id&id=eq.99
> Prefer: count=exact
200 []
< Content-Range: */0
GET /fruit?select=id&limit=0
> Prefer: count=exact
206 []
< Content-Range: */6
GET /fruit?select=id&offset=6
> Prefer: count=exact
206 []
< Content-Range: */6



=== TEST 57: an offset behind the total is 416 when the total is asked for
--- rest
GET /fruit?select=id&offset=7
> Prefer: count=exact
416 range_not_satisfiable
< Content-Range: */6
GET /fruit?select=id&offset=7
200 []
< Content-Range: */*



=== TEST 58: HEAD tells the same as GET, without the rows
--- rest
HEAD /fruit?select=id
> Prefer: count=exact
200 -
< Content-Range: 0-5/6
< Preference-Applied: count=exact
HEAD /fruit?limit=2
> Prefer: count=exact
206 -
< Content-Range: 0-1/6
HEAD /fruit?limit=2
200 -
< Content-Range: 0-1/*
HEAD /fruit?nope=eq.1
400 -



=== TEST 59: the length that HEAD tells is the length of GET
--- perl
for my $path ('/fruit', '/fruit?select=id', '/fruit?id=eq.99', '/fruit?limit=1&order=price.desc') {
    for my $prefer ([], ['Prefer: count=exact']) {
        my ($get, $head) = map { call($_, $path, undef, @$prefer) } 'GET', 'HEAD';
        is $head->{body}, '', named("$path: no body");
        is $head->{status}, $get->{status}, named("$path: status");
        is $head->{head}{$_}, $get->{head}{$_}, named("$path: $_") for qw(content-length content-type content-range);
    }
}



=== TEST 60: count=planned and count=estimated tell a number
--- perl
for my $mode ('planned', 'estimated') {
    for my $path ('/fruit?select=id', '/fruit?select=id&limit=2', '/fruit?color=eq.red', '/fruit?or=(id.eq.1,color.in.(red,green))&order=price.desc') {
        my $r = call('GET', $path, undef, "Prefer: count=$mode");
        like $r->{status}, qr/^20[06]$/, named("$mode $path: status");
        my ($total) = $r->{head}{'content-range'} =~ m{^(?:\d+-\d+|\*)/(\d+)$};
        ok defined $total && $total <= 100, named("$mode $path: $r->{head}{'content-range'}");
        is $r->{head}{'preference-applied'}, "count=$mode", named("$mode $path: applied");
        my $rows = parsed($path, $r->{body});
        cmp_ok $total // -1, '>=', @$rows, named("$mode $path: no less than is there");
    }
}



=== TEST 61: Range asks for rows by their place
--- rest
GET /fruit?select=id
> Range-Unit: items
> Range: 1-2
200 [{"id":2},{"id":3}]
< Content-Range: 1-2/*
GET /fruit?select=id
> Range-Unit: items
> Range: 1-2
> Prefer: count=exact
206 [{"id":2},{"id":3}]
< Content-Range: 1-2/6
GET /fruit?select=id
> Range: 4-
> Prefer: count=exact
206 [{"id":5},{"id":6}]
< Content-Range: 4-5/6
GET /fruit?select=id
> Range: 0-5
> Prefer: count=exact
200 [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5},{"id":6}]
< Content-Range: 0-5/6
GET /fruit?select=id
> Range: 5-500
> Prefer: count=exact
206 [{"id":6}]
< Content-Range: 5-5/6
GET /fruit?select=id&color=eq.red&order=price.desc
> Range: 1-1
> Prefer: count=exact
206 [{"id":1}]
< Content-Range: 1-1/2
HEAD /fruit
> Range: 0-0
> Prefer: count=exact
206 -
< Content-Range: 0-0/6



=== TEST 62: a range that cannot be is 416
--- rest
GET /fruit
> Range: 3-2
416 range_not_satisfiable
GET /fruit
> Range: 7-9
> Prefer: count=exact
416 range_not_satisfiable
< Content-Range: */6



=== TEST 63: what is no range of items is ignored
--- perl
for my $range ('bytes=0-1', '-5', 'a-b', '1', '0-1,3-4', '', '0 - 1', '-', '99999999999999999999-') {
    my $r = call('GET', '/fruit?select=id', undef, "Range: $range");
    is "$r->{status} $r->{head}{'content-range'}", '200 0-5/*', named("'$range'");
}
my $r = call('GET', '/fruit?select=id', undef, 'Range-Unit: bytes', 'Range: 0-1');
is "$r->{status} $r->{head}{'content-range'}", '200 0-5/*', named('another unit');
$r = call('GET', '/fruit?select=id&limit=3', undef, 'Range: 0-99999999999');
is "$r->{status} $r->{head}{'content-range'}", '200 0-2/*', named('more than there is');



=== TEST 64: Range does not reach beyond the page
--- tables: log
--- rest
sql INSERT INTO log (k) VALUES (1), (2), (3), (4), (5), (6), (7)
GET /log?select=id
> Range: 0-6
200 [{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]
< Content-Range: 0-4/*
GET /log?select=id
> Range: 1-2
200 [{"id":2},{"id":3}]
< Content-Range: 1-2/*



=== TEST 65: Accept for one object gets the row itself
--- rest
GET /fruit?id=eq.4&select=id,name
> Accept: application/vnd.pgrst.object+json
200 {"id":4,"name":"cherry"}
GET /fruit?select=id&order=price.desc&limit=1
> Accept: application/vnd.pgrst.object+json
200 {"id":4}
GET /fruit?id=eq.4&select=id
> Accept: application/vnd.pgrst.object+json; charset=utf-8
200 {"id":4}
GET /fruit?id=eq.4&select=id
> Accept: application/json, application/vnd.pgrst.object+json;q=0.5
200 [{"id":4}]



=== TEST 66: Accept for one object refuses none and many
--- rest
GET /fruit?id=eq.99
> Accept: application/vnd.pgrst.object+json
406 PGRST116
| The result contains 0 rows
= JSON object requested, multiple (or no) rows returned
GET /fruit?id=lt.4
> Accept: application/vnd.pgrst.object+json
406 PGRST116
| The result contains 3 rows
GET /fruit
> Accept: application/vnd.pgrst.object+json
> Prefer: count=exact
406 PGRST116
| The result contains 6 rows
HEAD /fruit?id=eq.99
> Accept: application/vnd.pgrst.object+json
406 -



=== TEST 67: what cannot be had is 406
--- perl
for my $accept ('text/csv', 'application/geo+json', 'text/html', 'application/vnd.pgrst.plan+text; for="application/json"; options=;', 'application/vnd.pgrst.plan+json',
    'application/vnd.pgrst.array+json;nulls=stripped', 'application/vnd.pgrst.object+json;nulls=stripped', 'application/openapi+json', 'application/octet-stream', 'text/xml, text/csv;q=0.5') {
    steps("GET /fruit?id=eq.1\n> Accept: $accept\n406 not_acceptable\n");
    steps("GET /fruit/1\n> Accept: $accept\n406 not_acceptable\n");
}



=== TEST 68: what JSON satisfies gets JSON
--- perl
for my $accept ('*/*', 'application/*', 'application/json', 'application/json; charset=utf-8', 'text/html, application/json;q=0.9', 'text/csv, */*;q=0.1', 'APPLICATION/JSON', 'text/html,*/*',
    'application/vnd.pgrst.array+json', '') {
    steps("GET /fruit?id=eq.1&select=id\n" . (length $accept ? "> Accept: $accept\n" : '') . qq(200 [{"id":1}]\n));
}



=== TEST 69: nothing is written when the reply would not be acceptable
--- tables: item
--- rest
POST /item {"name":"a"}
> Accept: text/csv
406 not_acceptable
sql INSERT INTO item (name) VALUES ('b')
PATCH /item?name=eq.b {"n":1}
> Accept: text/csv
406 not_acceptable
DELETE /item?name=eq.b
> Accept: text/html
406 not_acceptable
sql SELECT name, n FROM item
= b,5



=== TEST 70: unknown preferences are ignored, and refused when strict
--- rest
GET /fruit?id=eq.1&select=id
> Prefer: respond-async, wait=10, foo, tx=commit
200 [{"id":1}]
< Preference-Applied:
GET /fruit?id=eq.1&select=id
> Prefer: handling=lenient, foo=bar
200 [{"id":1}]
GET /fruit?id=eq.1&select=id
> Prefer: handling=strict, foo=bar
400 unsupported_preference
GET /fruit?id=eq.1&select=id
> Prefer: foo, handling=strict
400 unsupported_preference
GET /fruit?id=eq.1&select=id
> Prefer: handling=strict
> Prefer: count=many
400 unsupported_preference
GET /fruit?id=eq.1&select=id
> Prefer: count=many
200 [{"id":1}]
< Content-Range: 0-0/*
GET /fruit?id=eq.1&select=id
> Prefer: handling=strict, count=exact
200 [{"id":1}]
< Content-Range: 0-0/1



=== TEST 71: preferences come in one line or several, with blanks or without
--- rest
GET /fruit?id=eq.1&select=id
> Prefer: count=exact,handling=strict
200 [{"id":1}]
< Content-Range: 0-0/1
GET /fruit?id=eq.1&select=id
> Prefer: foo
> Prefer:   count=exact  ,  bar
200 [{"id":1}]
< Content-Range: 0-0/1
GET /fruit?id=eq.1&select=id
> Prefer: ,, count=exact ,
200 [{"id":1}]
< Content-Range: 0-0/1



=== TEST 72: a rollback that is asked for is refused, not ignored
--- tables: item
--- rest
POST /item {"name":"a"}
> Prefer: tx=rollback
400 unsupported_preference
POST /item {"name":"a"}
> Prefer: return=minimal, tx=rollback
400 unsupported_preference
sql SELECT COUNT(*) FROM item
= 0
GET /item
> Prefer: tx=commit
200 []



=== TEST 73: a strict request that is refused writes nothing
--- tables: item
--- rest
POST /item {"name":"a"}
> Prefer: handling=strict, foo
400 unsupported_preference
sql SELECT COUNT(*) FROM item
= 0
POST /item {"name":"a"}
> Prefer: foo
201
sql SELECT COUNT(*) FROM item
= 1



=== TEST 74: soft-deleted rows are in no list, count, tree or range
--- rest
GET /fruit?id=eq.7
200 []
GET /fruit?or=(id.eq.7,id.eq.1)&select=id
> Prefer: count=exact
200 [{"id":1}]
< Content-Range: 0-0/1
GET /fruit?not.and=(id.neq.7)
200 []
GET /fruit?id=in.(7)
> Accept: application/vnd.pgrst.object+json
406 PGRST116
| The result contains 0 rows
GET /fruit?name=like.go*
> Prefer: count=exact
200 []
< Content-Range: */0



=== TEST 75: an item is not filtered
--- rest
GET /fruit/1?id=eq.1
400 unknown_parameter
GET /fruit/1?limit=1
400 unknown_parameter
GET /fruit/1?or=(id.eq.1)
400 unknown_parameter



=== TEST 76: POST of an object answers with the row, unless told otherwise
--- tables: item
--- rest
POST /item {"name":"a"}
201 {"id":1,"name":"a","grp":"g","n":5}
< Location: /item/1
POST /item {"name":"b","n":null}
> Prefer: return=representation
201 [{"id":2,"name":"b","grp":"g","n":null}]
< Preference-Applied: return=representation
POST /item {"name":"c"}
> Prefer: return=representation
> Accept: application/vnd.pgrst.object+json
201 {"id":3,"name":"c","grp":"g","n":5}
POST /item {"name":"d"}
> Prefer: return=minimal
201 empty
< Preference-Applied: return=minimal
POST /item {"name":"e"}
> Prefer: return=headers-only
201 empty
< Location: /item/5
< Preference-Applied: return=headers-only
sql SELECT GROUP_CONCAT(name ORDER BY id) FROM item
= a,b,c,d,e



=== TEST 77: POST of an array answers with the rows, in their order
--- tables: item
--- rest
POST /item [{"name":"b"},{"name":"a","n":1},{"name":"c","grp":null}]
201 [{"id":1,"name":"b","grp":"g","n":5},{"id":2,"name":"a","grp":"g","n":1},{"id":3,"name":"c","grp":null,"n":5}]
< Location:
POST /item [{"name":"d"}]
201 [{"id":4,"name":"d","grp":"g","n":5}]
POST /item [{"name":"e"},{"name":"f"}]
> Prefer: return=minimal
201 empty
POST /item [{"name":"g"},{"name":"h"}]
> Prefer: return=headers-only
201 empty
POST /item [{"name":"i"},{"name":"j"}]
> Prefer: return=representation
201 [{"id":9,"name":"i","grp":"g","n":5},{"id":10,"name":"j","grp":"g","n":5}]
sql SELECT GROUP_CONCAT(name ORDER BY id) FROM item
= b,a,c,d,e,f,g,h,i,j



=== TEST 78: POST takes a select for its reply
--- tables: item
--- rest
POST /item?select=no:id {"name":"a"}
201 {"no":1}
POST /item?select=name,id {"name":"b"}
> Prefer: return=representation
201 [{"name":"b","id":2}]
POST /item?select=nope {"name":"c"}
> Prefer: return=representation
400 invalid_select
sql SELECT COUNT(*) FROM item
= 2



=== TEST 79: POST with a count tells how many rows were made
--- tables: item
--- rest
POST /item [{"name":"a"},{"name":"b"}]
> Prefer: count=exact, return=minimal
201 empty
< Content-Range: */2
< Preference-Applied: return=minimal, count=exact
POST /item {"name":"c"}
> Prefer: count=exact
201
< Content-Range: */1



=== TEST 80: POST of an empty array makes nothing
--- tables: item
--- rest
POST /item []
201 []
POST /item []
> Prefer: return=representation, count=exact
201 []
< Content-Range: */0
POST /item []
> Prefer: return=minimal
201 empty
sql SELECT COUNT(*) FROM item
= 0



=== TEST 81: POST refuses an array of other things
--- tables: item
--- perl
for my $body ('[1]', '["a"]', '[null]', '[true]', '[[]]', '[[{"name":"a"}]]', '[{"name":"a"},1]', '[{"name":"a"},null]') {
    my $r = call('POST', '/item', $body);
    like $r->{status}, qr/^4(00|22)$/, named("$body: status");
    problem($body, $r, parsed($body, $r->{body})->{code});
}
for my $body ('1', '"a"', 'null', 'true', '') {
    my $r = call('POST', '/item', $body);
    is $r->{status}, 400, named("'$body': status");
}
is mysql_value('SELECT COUNT(*) FROM item'), 0, named('nothing');



=== TEST 82: a bulk has a cap
--- tables: item
--- rest
POST /item [{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}]
201
POST /item [{"name":"e"},{"name":"f"},{"name":"g"},{"name":"h"},{"name":"i"}]
400 too_many_rows
sql SELECT COUNT(*) FROM item
= 4



=== TEST 83: the cap of a bulk is 100 unless the resource says otherwise
--- tables: doc
--- perl
my $rows = sub { '[' . join(',', map { qq({"title":"t$_"}) } 1 .. $_[0]) . ']' };
steps('POST /doc ' . $rows->(101) . "\n400 too_many_rows\n");
steps('POST /doc ' . $rows->(100) . "\n> Prefer: return=minimal\n201 empty\nsql SELECT COUNT(*) FROM doc\n= 100\n");



=== TEST 84: all faults of all rows are told, and nothing is written
--- tables: item
--- perl
my $r = call('POST', '/item', '[{"name":"a"},{"n":"x"},{"name":"b","nope":1}]');
is $r->{status}, 422, named('status');
my $json = problem('faults', $r, 'validation_failed');
is scalar @{ $json->{details} }, 3, named('three');
is join(',', sort map { $_->{rule} } @{ $json->{details} }), 'required,type,unknown', named('rules');
is join(',', map { "$_->{row} $_->{field}" } @{ $json->{details} }), '1 n,1 name,2 nope', named('rows, from 0, and columns');
is mysql_value('SELECT COUNT(*) FROM item'), 0, named('nothing');



=== TEST 85: a bulk is all or nothing
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('b')
POST /item [{"name":"a"},{"name":"b"},{"name":"c"}]
409 duplicate
POST /item [{"name":"a"},{"name":"a"}]
409 duplicate
POST /item [{"name":"a"},{"name":"c","n":13}]
422 invalid_value
sql SELECT GROUP_CONCAT(name) FROM item
= b
POST /item [{"name":"a"}]
201 -
sql SELECT COUNT(*) FROM item
= 2



=== TEST 86: rows of a bulk may give different columns
--- tables: item
--- rest
POST /item?select=name,grp,n [{"name":"a","grp":"x"},{"name":"b","n":1},{"name":"c"}]
201 [{"name":"a","grp":"x","n":5},{"name":"b","grp":"g","n":1},{"name":"c","grp":"g","n":5}]



=== TEST 87: columns says what is written: what lacks is NULL
--- tables: item
--- rest
POST /item?columns=name,grp&select=name,grp,n [{"name":"a","grp":"x"},{"name":"b"}]
201 [{"name":"a","grp":"x","n":5},{"name":"b","grp":null,"n":5}]
POST /item?columns=%22name%22,%22n%22&select=name,grp,n [{"name":"c","n":1},{"name":"d"}]
201 [{"name":"c","grp":"g","n":1},{"name":"d","grp":"g","n":null}]



=== TEST 88: with missing=default what lacks is the table's default
--- tables: item
--- rest
POST /item?columns=name,grp,n&select=name,grp,n [{"name":"a","grp":"x"},{"name":"b"}]
> Prefer: missing=default
201 [{"name":"a","grp":"x","n":5},{"name":"b","grp":"g","n":5}]
< Preference-Applied: missing=default



=== TEST 89: what is not among the columns is left out
--- tables: item
--- rest
POST /item?columns=name&select=name,grp,n [{"name":"a","grp":"x","n":1}]
201 [{"name":"a","grp":"g","n":5}]
POST /item?columns=name&select=name,grp,n {"name":"b","nope":1,"id":7}
201 {"name":"b","grp":"g","n":5}



=== TEST 90: columns names columns that can be written
--- tables: item
--- rest
POST /item?columns=nope {"name":"a"}
400 invalid_parameter
POST /item?columns=name,id {"name":"a"}
400 invalid_parameter
POST /item?columns=name,hidden {"name":"a"}
400 invalid_parameter
POST /item?columns= {"name":"a"}
400 invalid_parameter
POST /item?columns=name,name {"name":"a"}
400 invalid_parameter
POST /item?columns=name&columns=name {"name":"a"}
400 duplicate_parameter
POST /item?columns=grp {"grp":"a"}
422 validation_failed
| name required is required
sql SELECT COUNT(*) FROM item
= 0



=== TEST 91: POST takes no filters and no page
--- tables: item
--- rest
POST /item?name=eq.a {"name":"a"}
400 -
POST /item?limit=1 {"name":"a"}
400 -
POST /item?or=(name.eq.a) {"name":"a"}
400 -
POST /item?nope=1 {"name":"a"}
400 unknown_parameter
sql SELECT COUNT(*) FROM item
= 0



=== TEST 92: a row beside what the client may give
--- tables: item
--- rest
POST /item {"name":"a","id":7}
422 validation_failed
| id read_only cannot be written
POST /item [{"name":"a"},{"name":"b","hidden":"x"}]
422 -
sql SELECT COUNT(*) FROM item
= 0



=== TEST 93: PATCH of an item changes only what is given
--- tables: item
--- rest
sql INSERT INTO item (name, grp, n) VALUES ('a', 'x', 1), ('b', 'y', 2)
PATCH /item/1 {"n":7}
200 {"id":1,"name":"a","grp":"x","n":7}
PATCH /item/1 {"grp":null}
200 {"id":1,"name":"a","grp":null,"n":7}
PATCH /item/1 {}
200 {"id":1,"name":"a","grp":null,"n":7}
PATCH /item/9 {"n":1}
404 not_found
PATCH /item/x {"n":1}
400 invalid_key
PATCH /item/1 {"nope":1,"id":2,"n":"x"}
422 -
PATCH /item/1 {"name":null}
422 validation_failed
| name required must not be null
PATCH /item/1 {"name":"b"}
409 duplicate
PATCH /item/1 [{"n":1}]
400 -
sql SELECT name, grp, n FROM item
= a,NULL,7 ; b,y,2



=== TEST 94: PATCH that changes nothing finds the row
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
PATCH /item/1 {"n":1}
200 {"id":1,"name":"a","grp":"g","n":1}
PATCH /item?id=eq.1 {"n":1}
> Prefer: count=exact
204
< Content-Range: 0-0/1



=== TEST 95: PUT replaces an item as before
--- tables: item
--- rest
sql INSERT INTO item (name, grp, n) VALUES ('a', 'x', 1)
PUT /item/1 {"name":"b"}
200 {"id":1,"name":"b","grp":"g","n":5}
PUT /item/9 {"name":"c"}
404 not_found
PUT /item {"name":"c"}
405 method_not_allowed



=== TEST 96: replies of items are asked for by return, too
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('a')
PATCH /item/1 {"n":1}
> Prefer: return=representation
200 -
PATCH /item/1 {"n":2}
> Prefer: return=minimal
204
PUT /item/1 {"name":"b"}
> Prefer: return=minimal
204
DELETE /item/1
204



=== TEST 97: POST can stand for PATCH, PUT and DELETE
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('a'), ('b'), ('c')
POST /item/1 {"n":7}
> X-HTTP-Method-Override: PATCH
200 {"id":1,"name":"a","grp":"g","n":7}
POST /item/1 {"name":"x"}
> X-HTTP-Method-Override: PUT
200 {"id":1,"name":"x","grp":"g","n":5}
POST /item/1
> X-HTTP-Method-Override: DELETE
204
POST /item?name=in.(b,c) {"n":8}
> X-HTTP-Method-Override: PATCH
204
POST /item?name=eq.b
> X-HTTP-Method-Override: DELETE
> Prefer: return=representation
200 [{"id":2,"name":"b","grp":"g","n":8}]
sql SELECT name, n FROM item
= c,8



=== TEST 98: only POST is overridden, and only to these
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('a')
GET /item/1
> X-HTTP-Method-Override: DELETE
200
PUT /item/1 {"name":"b"}
> X-HTTP-Method-Override: DELETE
200
sql SELECT COUNT(*) FROM item
= 1
POST /item {"name":"c"}
> X-HTTP-Method-Override: GET
405 method_not_allowed
POST /item {"name":"c"}
> X-HTTP-Method-Override: TRACE
405 method_not_allowed
POST /item {"name":"c"}
> X-HTTP-Method-Override: PATCH, DELETE
405 method_not_allowed
sql SELECT COUNT(*) FROM item
= 1



=== TEST 99: an override needs the rights of what it stands for
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; column name string write; allow GET POST; allow PATCH DELETE role=admin; } }
location /none { wxapp_resource item { column id bigint; column name string write; allow GET POST; } }
--- rest
sql INSERT INTO item (name) VALUES ('a')
POST /item/1 {"name":"b"}
> X-HTTP-Method-Override: PATCH
401 unauthorized
POST /item/1
> X-HTTP-Method-Override: DELETE
@user 1
403 insufficient_scope
POST /none/1 {"name":"b"}
> X-HTTP-Method-Override: PATCH
405 method_not_allowed
sql SELECT name FROM item
= a
POST /item/1 {"name":"b"}
> X-HTTP-Method-Override: PATCH
@admin 1
200 {"id":1,"name":"b"}



=== TEST 100: Allow tells PATCH
--- rest
OPTIONS /item
204
< Allow: GET, HEAD, POST, PATCH, DELETE, OPTIONS
OPTIONS /item/1
204
< Allow: GET, HEAD, PUT, PATCH, DELETE, OPTIONS
POST /item/1 {"name":"a"}
405 method_not_allowed
OPTIONS /fruit
204
< Allow: GET, HEAD, OPTIONS
PATCH /fruit?id=eq.1 {}
405 method_not_allowed



=== TEST 101: a filtered PATCH changes the rows that it finds
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4)
PATCH /item?n=lt.3 {"grp":"x"}
204
PATCH /item?or=(name.eq.c,name.eq.d) {"n":9}
> Prefer: return=representation
200 [{"id":3,"name":"c","grp":"g","n":9},{"id":4,"name":"d","grp":"g","n":9}]
< Preference-Applied: return=representation
PATCH /item?id=in.(1,4)&select=name {"n":8}
> Prefer: return=representation, count=exact
200 [{"name":"a"},{"name":"d"}]
< Content-Range: 0-1/2
PATCH /item?n=eq.8 {"n":7}
> Prefer: return=minimal, count=exact
204
< Content-Range: 0-1/2
< Preference-Applied: return=minimal, count=exact
sql SELECT name, grp, n FROM item
= a,x,7 ; b,x,2 ; c,g,9 ; d,g,7



=== TEST 102: a filtered PATCH answers with the rows that it changed, also when they no longer fit the filter
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1), ('c', 2)
PATCH /item?n=eq.1&select=id,n {"n":2}
> Prefer: return=representation
200 [{"id":1,"n":2},{"id":2,"n":2}]



=== TEST 103: a filtered PATCH that finds nothing
--- tables: item
--- rest
PATCH /item?n=eq.99 {"n":1}
204
PATCH /item?n=eq.99 {"n":1}
> Prefer: return=representation
200 []
PATCH /item?n=eq.99 {"n":1}
> Prefer: count=exact
204
< Content-Range: */0



=== TEST 104: PATCH and DELETE of a collection need a filter
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('a')
PATCH /item {"n":1}
400 filter_required
DELETE /item
400 filter_required
PATCH /item?select=id {"n":1}
400 filter_required
DELETE /item?select=id
> Prefer: return=representation
400 filter_required
PATCH /item?columns=n {"n":1}
400 invalid_parameter
DELETE /item?&&
400 filter_required
POST /item
> X-HTTP-Method-Override: DELETE
400 filter_required
PATCH /item {"n":1}
> Prefer: max-affected=100
400 filter_required
sql SELECT name, n FROM item
= a,5



=== TEST 105: PATCH and DELETE of a collection take no order and no page
--- tables: item
--- rest
sql INSERT INTO item (name) VALUES ('a')
DELETE /item?name=eq.a&limit=1
400 -
DELETE /item?name=eq.a&offset=0
400 -
PATCH /item?name=eq.a&order=id {"n":1}
400 -
DELETE /item?name=eq.a&page=1
400 -
DELETE /item?name=eq.a&nope=eq.1
400 unknown_parameter
DELETE /item?name=equals.a
400 invalid_filter
sql SELECT name, n FROM item
= a,5



=== TEST 106: more rows than max_affected are refused and nothing is done
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1), ('c', 1), ('d', 1)
PATCH /item?n=eq.1 {"n":2}
400 too_many_rows
PATCH /item?n=eq.1 {"n":2}
> Prefer: return=representation
400 too_many_rows
DELETE /item?n=eq.1
400 too_many_rows
DELETE /item?n=eq.1
> Prefer: max-affected=100
400 too_many_rows
sql SELECT COUNT(*), MIN(n), MAX(n) FROM item
= 4,1,1
PATCH /item?n=eq.1&name=neq.a {"n":2}
204
DELETE /item?n=eq.2
204
sql SELECT name, n FROM item
= a,1



=== TEST 107: max-affected of the request narrows that of the resource
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1), ('c', 1)
PATCH /item?n=eq.1 {"n":2}
> Prefer: handling=strict, max-affected=2
400 too_many_rows
DELETE /item?n=eq.1
> Prefer: handling=strict, max-affected=0
400 too_many_rows
sql SELECT COUNT(*) FROM item WHERE n = 1
= 3
PATCH /item?n=eq.1 {"n":2}
> Prefer: handling=strict, max-affected=3
204
< Preference-Applied: handling=strict, max-affected=3
DELETE /item?n=eq.9
> Prefer: handling=strict, max-affected=0
204
DELETE /item?n=eq.2
> Prefer: handling=strict, max-affected=x
400 unsupported_preference
DELETE /item?n=eq.2
> Prefer: handling=strict, max-affected=-1
400 unsupported_preference
sql SELECT COUNT(*) FROM item WHERE n = 2
= 3



=== TEST 108: a filtered PATCH is checked as any write
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1)
PATCH /item?n=eq.1 {"name":"x"}
409 duplicate
PATCH /item?n=eq.1 {"n":13}
422 invalid_value
PATCH /item?n=eq.1 {"n":1001}
422 validation_failed
| n max must be at most 1000
PATCH /item?n=eq.1 {"nope":1}
422 -
PATCH /item?n=eq.1 [{"n":2}]
400 -
PATCH /item?n=eq.1
400 body_missing
sql SELECT name, n FROM item
= a,1 ; b,1



=== TEST 109: a filtered PATCH of nothing is nothing
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
PATCH /item?n=eq.1 {}
204
PATCH /item?n=eq.1 {}
> Prefer: return=representation
200 [{"id":1,"name":"a","grp":"g","n":1}]



=== TEST 110: a filtered DELETE removes the rows that it finds
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5)
DELETE /item?n=eq.1
204
DELETE /item?n=in.(2,3)
> Prefer: return=representation
200 [{"id":2,"name":"b","grp":"g","n":2},{"id":3,"name":"c","grp":"g","n":3}]
DELETE /item?n=eq.4
> Prefer: count=exact
204
< Content-Range: */1
DELETE /item?n=eq.4
> Prefer: count=exact
204
< Content-Range: */0
DELETE /item?n=eq.4
> Prefer: return=representation
200 []
sql SELECT name FROM item
= e



=== TEST 111: a filtered DELETE of a resource that keeps its rows marks them
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1), ('c', 2)
DELETE /soft?n=eq.1
> Prefer: return=representation
200 [{"id":1,"name":"a","grp":"g","n":1},{"id":2,"name":"b","grp":"g","n":1}]
DELETE /soft?n=eq.1
> Prefer: count=exact
204
< Content-Range: */0
PATCH /soft?n=eq.1 {"n":3}
> Prefer: count=exact
204
< Content-Range: */0
GET /soft?select=name
200 [{"name":"c"}]
sql SELECT name, n, deleted_at IS NULL FROM item
= a,1,0 ; b,1,0 ; c,2,1



=== TEST 112: one object of a write that finds none or many is refused and nothing is done
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1), ('b', 1), ('c', 2)
PATCH /item?n=eq.1 {"n":7}
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
406 PGRST116
| The result contains 2 rows
DELETE /item?n=eq.1
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
406 PGRST116
| The result contains 2 rows
DELETE /item?n=eq.9
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
406 PGRST116
| The result contains 0 rows
POST /item [{"name":"d"},{"name":"e"}]
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
406 PGRST116
| The result contains 2 rows
sql SELECT name, n FROM item
= a,1 ; b,1 ; c,2
PATCH /item?n=eq.2&select=n {"n":7}
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
200 {"n":7}
DELETE /item?n=eq.7&select=name
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
200 {"name":"c"}
POST /item?select=name [{"name":"f"}]
> Accept: application/vnd.pgrst.object+json
> Prefer: return=representation
201 {"name":"f"}



=== TEST 113: a filter of a write cannot reach what a read cannot
--- tables: item
--- rest
sql INSERT INTO item (name, deleted_at) VALUES ('a', '2026-01-01'), ('b', NULL)
DELETE /soft?or=(id.eq.1,id.eq.99)
204
PATCH /soft?not.and=(id.eq.99) {"n":1}
204
DELETE /soft?hidden=eq.h
400 unknown_parameter
sql SELECT name, n, deleted_at FROM item
= a,5,2026-01-01 00:00:00 ; b,1,NULL



=== TEST 114: a filtered write without the right to it
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; column name string write; filter name; allow GET; allow PATCH DELETE role=admin; } }
--- rest
sql INSERT INTO item (name) VALUES ('a')
PATCH /item?name=eq.a {"name":"b"}
401 unauthorized
DELETE /item?name=eq.a
@user 1
403 insufficient_scope
sql SELECT name FROM item
= a



=== TEST 115: increment adds and takes
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 10), ('b', 1)
PATCH /item/1 {"n+":5}
200 {"id":1,"name":"a","grp":"g","n":15}
PATCH /item/1 {"n-":20}
200 {"id":1,"name":"a","grp":"g","n":-5}
PATCH /item/1 {"n+":-1,"grp":"x"}
200 {"id":1,"name":"a","grp":"x","n":-6}
PATCH /item/1 {"n+":0}
200 {"id":1,"name":"a","grp":"x","n":-6}
PATCH /item?name=eq.b {"n+":2}
204
PATCH /item?name=eq.b&select=n {"n+":2}
> Prefer: return=representation
200 [{"n":5}]
sql SELECT name, n FROM item
= a,-6 ; b,5



=== TEST 116: increment is for PATCH, for columns declared so, by whole numbers, once
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 10)
PATCH /item/1 {"grp+":1}
422 -
PATCH /item/1 {"nope+":1}
422 -
PATCH /item/1 {"n+":"x"}
422 -
PATCH /item/1 {"n+":1.5}
422 -
PATCH /item/1 {"n+":null}
422 -
PATCH /item/1 {"n+":1,"n":2}
422 -
PATCH /item/1 {"n+":1,"n-":1}
422 -
PATCH /item/1 {"n+":99999999999999999999}
422 -
PATCH /item/1 {"n*":2}
422 -
PATCH /item/1 {"n++":2}
422 -
PATCH /item/1 {"+":2}
422 -
PUT /item/1 {"name":"a","n+":1}
422 -
POST /item {"name":"b","n+":1}
422 -
sql SELECT name, n FROM item
= a,10



=== TEST 117: increment is atomic and stays within what the table allows
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 12), ('b', NULL)
PATCH /item/1 {"n+":1}
422 invalid_value
PATCH /item/1 {"n+":2147483647}
422 -
PATCH /item/2 {"n+":1}
422 -
sql SELECT n FROM item
= 12 ; NULL



=== TEST 118: increment keeps to the bounds of its column
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 998), ('b', 990)
PATCH /item/1 {"n+":2}
200 {"id":1,"name":"a","grp":"g","n":1000}
PATCH /item/1 {"n+":1}
422 validation_failed
| n max would pass its bounds
PATCH /item?id=in.(1,2) {"n+":1}
422 validation_failed
| n max would pass its bounds
PATCH /item/9 {"n+":1}
404 not_found
PATCH /item?id=eq.9 {"n+":1}
204
PATCH /item?id=in.(1,2) {"n-":5}
204
sql SELECT n FROM item
= 995 ; 985



=== TEST 119: upsert merges what is there and makes what is not
--- tables: item
--- rest
sql INSERT INTO item (name, grp, n) VALUES ('a', 'x', 1)
POST /item?on_conflict=name&select=name,grp,n [{"name":"a","n":2},{"name":"b","n":3}]
> Prefer: resolution=merge-duplicates, return=representation
201 [{"name":"a","grp":"x","n":2},{"name":"b","grp":"g","n":3}]
< Preference-Applied: resolution=merge-duplicates, return=representation
POST /item?on_conflict=name&select=name,grp,n {"name":"b","grp":"y"}
> Prefer: resolution=merge-duplicates
201 {"name":"b","grp":"y","n":3}
POST /item?on_conflict=name {"name":"b","n":4}
> Prefer: resolution=merge-duplicates, return=minimal
201 empty
sql SELECT name, grp, n FROM item ORDER BY name
= a,x,2 ; b,y,4



=== TEST 120: upsert of equal values finds the row
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
POST /item?on_conflict=name&select=id,n {"name":"a","n":1}
> Prefer: resolution=merge-duplicates, return=representation
201 [{"id":1,"n":1}]



=== TEST 121: upsert that ignores leaves what is there
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
POST /item?on_conflict=name&select=name,n [{"name":"a","n":2},{"name":"b","n":3}]
> Prefer: resolution=ignore-duplicates, return=representation
201 [{"name":"b","n":3}]
< Preference-Applied: resolution=ignore-duplicates, return=representation
POST /item?on_conflict=name [{"name":"a","n":2}]
> Prefer: resolution=ignore-duplicates, return=representation
200 []
POST /item?on_conflict=name [{"name":"a","n":2}]
> Prefer: resolution=ignore-duplicates, return=minimal
200 empty
sql SELECT name, n FROM item
= a,1 ; b,3



=== TEST 122: ignoring duplicates hides no other fault
--- tables: item
--- rest
POST /item?on_conflict=name {"name":"a","n":13}
> Prefer: resolution=ignore-duplicates
422 invalid_value
POST /item?on_conflict=name [{"name":"b"},{"n":1}]
> Prefer: resolution=ignore-duplicates
422 -
sql SELECT COUNT(*) FROM item
= 0



=== TEST 123: upsert needs a key that is declared for it
--- tables: item doc
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
POST /item?on_conflict=grp {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /item?on_conflict=nope {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /item?on_conflict=name,grp {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /item?on_conflict= {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /item?on_conflict=id {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /item {"name":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /doc?on_conflict=title {"title":"a"}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
sql SELECT COUNT(*) FROM item
= 1



=== TEST 124: on_conflict without a resolution is an ordinary insert
--- tables: item
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
POST /item?on_conflict=name {"name":"a","n":2}
409 duplicate
sql SELECT n FROM item
= 1



=== TEST 125: upsert by a composite key, in any order of its columns
--- tables: pair
--- rest
sql INSERT INTO pair VALUES (1, 'x', 1)
POST /pair?on_conflict=a,b {"a":1,"b":"x","v":2}
> Prefer: resolution=merge-duplicates
201 {"a":1,"b":"x","v":2}
POST /pair?on_conflict=b,a [{"a":1,"b":"x","v":3},{"a":1,"b":"y","v":4}]
> Prefer: resolution=merge-duplicates, return=representation
201 [{"a":1,"b":"x","v":3},{"a":1,"b":"y","v":4}]
POST /pair {"a":1,"b":"y","v":5}
> Prefer: resolution=merge-duplicates
201 {"a":1,"b":"y","v":5}
POST /pair?on_conflict=a {"a":1,"b":"y","v":6}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
sql SELECT * FROM pair
= 1,x,3 ; 1,y,5



=== TEST 126: upsert with columns merges only those
--- tables: item
--- rest
sql INSERT INTO item (name, grp, n) VALUES ('a', 'x', 1)
POST /item?on_conflict=name&columns=name,n [{"name":"a","grp":"y","n":2}]
> Prefer: resolution=merge-duplicates, return=minimal
201 empty
sql SELECT name, grp, n FROM item
= a,x,2



=== TEST 127: upsert merges no row that is deleted, and does not show it
--- tables: item
--- rest
sql INSERT INTO item (name, n, deleted_at) VALUES ('a', 1, '2026-01-01')
POST /soft?on_conflict=name {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
409 duplicate
POST /soft?on_conflict=name [{"name":"b","n":1},{"name":"a","n":2}]
> Prefer: resolution=merge-duplicates, return=representation
409 duplicate
POST /soft?on_conflict=name [{"name":"a","n":2}]
> Prefer: resolution=ignore-duplicates, return=representation
200 []
sql SELECT name, n, deleted_at FROM item
= a,1,2026-01-01 00:00:00



=== TEST 128: upsert merges no row of another owner, and does not show it
--- tables: own
--- rest
sql INSERT INTO own (user_id, name, n) VALUES (1, 'a', 1), (2, 'b', 2)
POST /own?on_conflict=name {"name":"b","n":9}
> Prefer: resolution=merge-duplicates
@user 1
409 duplicate
POST /own?on_conflict=name [{"name":"a","n":9},{"name":"b","n":9}]
> Prefer: resolution=merge-duplicates, return=representation
@user 1
409 duplicate
POST /own?on_conflict=name [{"name":"b","n":9}]
> Prefer: resolution=ignore-duplicates, return=representation
@user 1
200 []
sql SELECT user_id, name, n FROM own
= 1,a,1 ; 2,b,2
POST /own?on_conflict=name {"name":"a","n":9}
> Prefer: resolution=merge-duplicates
@user 1
201 {"id":1,"user_id":1,"name":"a","n":9}
sql SELECT user_id, name, n FROM own
= 1,a,9 ; 2,b,2



=== TEST 129: an owner sees only what is theirs, whatever the filter
--- tables: own
--- rest
sql INSERT INTO own (user_id, name, n) VALUES (1, 'a', 1), (2, 'b', 2), (1, 'c', 3), (2, 'd', 4)
GET /own?select=id
@user 1
200 [{"id":1},{"id":3}]
GET /own?select=id&or=(id.gt.0,user_id.eq.2)
@user 1
200 [{"id":1},{"id":3}]
GET /own?select=id&user_id=eq.2
@user 1
200 []
GET /own?select=id&not.and=(user_id.eq.1)
@user 1
200 []
GET /own?select=id&or=(user_id.neq.1,and(id.eq.2,id.eq.2),name.in.(b,d))
@user 1
200 []
GET /own?select=id&name=eq.b
> Prefer: count=exact
@user 1
200 []
< Content-Range: */0
GET /own?select=id&order=n.desc&limit=1
> Prefer: count=exact
@user 2
206 [{"id":4}]
< Content-Range: 0-0/2
GET /own?name=eq.b
> Accept: application/vnd.pgrst.object+json
@user 1
406 PGRST116
| The result contains 0 rows
GET /own?select=id
401 unauthorized



=== TEST 130: a count is of the owner's rows
--- tables: own
--- perl
mysql_query('INSERT INTO own (user_id, name) VALUES ' . join ',', map { "(2, 'x$_')" } 1 .. 300);
mysql_query("INSERT INTO own (user_id, name) VALUES (1, 'mine')");
my $r = call('GET', '/own?select=id', undef, 'Prefer: count=exact', user(1));
is $r->{head}{'content-range'}, '0-0/1', named('exact');



=== TEST 131: an owner writes only what is theirs, whatever the filter
--- tables: own
--- rest
sql INSERT INTO own (user_id, name, n) VALUES (1, 'a', 1), (2, 'b', 2)
PATCH /own?or=(id.gt.0,user_id.eq.2) {"n":9}
> Prefer: return=representation
@user 1
200 [{"id":1,"user_id":1,"name":"a","n":9}]
DELETE /own?user_id=eq.2
> Prefer: count=exact
@user 1
204
< Content-Range: */0
DELETE /own?not.or=(user_id.eq.1,id.eq.99)
> Prefer: return=representation
@user 1
200 []
PATCH /own?name=eq.b {"n":9}
> Prefer: count=exact
@user 1
204
< Content-Range: */0
PATCH /own/2 {"n":9}
@user 1
404 not_found
sql SELECT user_id, n, deleted_at IS NULL FROM own
= 1,9,1 ; 2,2,1



=== TEST 132: every row of a bulk has the owner, who cannot be given
--- tables: own
--- rest
POST /own?select=user_id,name [{"name":"a"},{"name":"b"}]
@user 7
201 [{"user_id":7,"name":"a"},{"user_id":7,"name":"b"}]
POST /own [{"name":"c"},{"name":"d","user_id":1}]
@user 7
422 -
POST /own?columns=name,user_id [{"name":"e","user_id":1}]
@user 7
400 invalid_parameter
PATCH /own?name=eq.a {"user_id":1}
@user 7
422 validation_failed
| user_id read_only cannot be written
sql SELECT DISTINCT user_id FROM own
= 7



=== TEST 133: a duplicate tells nothing of the other's row
--- tables: own
--- perl
mysql_query("INSERT INTO own (user_id, name, n) VALUES (2, 'b', 4711)");
for my $request ([ '/own', '{"name":"b"}' ], [ '/own', '[{"name":"b"}]' ], [ '/own?on_conflict=name', '{"name":"b"}', 'Prefer: resolution=merge-duplicates' ]) {
    my ($path, $body, @headers) = @$request;
    my $r = call('POST', $path, $body, @headers, user(1));
    is $r->{status}, 409, named("$path $body");
    problem($path, $r, 'duplicate');
    unlike $r->{body} =~ s/"trace_id":"\w+"//r, qr/4711/, named('no value');
}



=== TEST 134: an item of a composite key has a segment for each column
--- tables: pair
--- rest
POST /pair {"a":1,"b":"x","v":10}
201 {"a":1,"b":"x","v":10}
< Location: /pair/1/x
GET /pair/1/x
200 {"a":1,"b":"x","v":10}
GET /pair/1/y
404 not_found
GET /pair/2/x
404 not_found
GET /pair/1
404 not_found
GET /pair/1/x/2
404 not_found
GET /pair/1/
404 not_found
GET /pair/z/x
400 invalid_key
PATCH /pair/1/x {"v":11}
200 {"a":1,"b":"x","v":11}
PATCH /pair/1/x {"v+":1}
200 {"a":1,"b":"x","v":12}
PUT /pair/1/x {"a":1,"b":"x"}
200 {"a":1,"b":"x","v":null}
DELETE /pair/1/y
404 not_found
DELETE /pair/1/x
204
sql SELECT COUNT(*) FROM pair
= 0



=== TEST 135: segments of a composite key are decoded
--- tables: pair
--- perl
for my $b ('a b', "\x{4e00}", 'x.y', '%41', '+', "it's", '"', '-', '?', '#') {
    my $text = $b;
    utf8::encode($text);
    my $r = call('POST', '/pair', JSON::PP->new->utf8->encode({ a => 1, b => $b }));
    is $r->{status}, 201, named("$text: made");
    my $row = call('GET', $r->{head}{location});
    is $row->{body}, $r->{body}, named("$text: found at $r->{head}{location}");
}



=== TEST 136: a composite key is filtered, ordered and listed by its columns
--- tables: pair
--- rest
sql INSERT INTO pair VALUES (2, 'x', 1), (1, 'z', 2), (1, 'y', 3)
GET /pair
200 [{"a":1,"b":"y","v":3},{"a":1,"b":"z","v":2}]
GET /pair?a=eq.1&b=eq.z
200 [{"a":1,"b":"z","v":2}]
GET /pair?order=b.desc&limit=5
200 [{"a":1,"b":"z","v":2},{"a":1,"b":"y","v":3},{"a":2,"b":"x","v":1}]
GET /pair?or=(a.eq.2,b.eq.y)
200 [{"a":1,"b":"y","v":3},{"a":2,"b":"x","v":1}]
POST /pair [{"a":3,"b":"q"},{"a":3,"b":"r"}]
201 [{"a":3,"b":"q","v":null},{"a":3,"b":"r","v":null}]
DELETE /pair?a=eq.3
> Prefer: return=representation
200 [{"a":3,"b":"q","v":null},{"a":3,"b":"r","v":null}]
PATCH /pair?a=eq.1 {"v":0}
> Prefer: return=representation
200 [{"a":1,"b":"y","v":0},{"a":1,"b":"z","v":0}]
POST /pair {"a":1,"b":"y"}
409 duplicate



=== TEST 137: the key in the body must be that of the path, all of it
--- tables: pair
--- rest
sql INSERT INTO pair VALUES (1, 'x', 1), (1, 'y', 2)
PUT /pair/1/x {"a":1,"b":"y","v":3}
422 -
PUT /pair/1/x {"a":2,"b":"x","v":3}
422 -
PATCH /pair/1/x {"b":"z"}
422 -
sql SELECT * FROM pair
= 1,x,1 ; 1,y,2



=== TEST 138: a page that is not the last has a link to the next
--- tables: log
--- rest
sql INSERT INTO log (k) VALUES (1), (2)
GET /log?select=id
200 [{"id":1},{"id":2}]
< Link:
sql INSERT INTO log (k) VALUES (3)
GET /log?select=id&limit=3
200 [{"id":1},{"id":2},{"id":3}]
< Link:
GET /log?select=id&limit=5
200 [{"id":1},{"id":2},{"id":3}]
< Link:
GET /log?id=eq.99
200 []
< Link:



=== TEST 139: the links lead through all rows once
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 5, 3, undef, 3, 1, 5, undef, 2, 3;
for my $query ('order=id', '', 'order=id.desc', 'order=k', 'order=k.desc', 'order=k,id.desc', 'order=k.desc,id', 'order=k&limit=1', 'order=k&limit=4',
    'select=id&order=k.desc&limit=3', 'k=gt.1&order=k', 'or=(k.is.null,k.eq.3)&order=k.desc', 'select=no:id&order=k') {
    my $key = $query =~ /no:id/ ? 'no' : 'id';
    my $all;
    $all = join ',', map { $_->{$key} } map { @{ parsed($query, call('GET', "/log?$query&limit=5&offset=$_")->{body}) } } 0, 5 if $query !~ /limit/;
    my ($path, @walked) = ("/log?$query");
    for my $page (1 .. 12) {
        my $r = call('GET', $path);
        is $r->{status}, 200, named("$query: page $page") or last;
        push @walked, map { $_->{$key} } @{ parsed($path, $r->{body}) };
        $path = next_of($r) or last;
        like $path, qr{^/log\?}, named("$query: where to");
    }
    is join(',', @walked), $all, named("$query: in order") if defined $all;
    my %seen;
    $seen{$_}++ for @walked;
    is_deeply [ grep { $seen{$_} > 1 } sort keys %seen ], [], named("$query: none twice");
    is scalar @walked, ($query =~ /k=gt/ ? 6 : $query =~ /or=/ ? 5 : 9), named("$query: all of them");
}



=== TEST 140: an order with NULL where MySQL has it not goes by offset alone
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 5, 3, undef, 4;
for my $order ('k.nullslast', 'k.desc.nullsfirst') {
    my $r = call('GET', "/log?order=$order");
    is $r->{status}, 200, named($order);
    is $r->{head}{link}, undef, named("$order: no link");
}
my ($after) = next_of(call('GET', '/log?order=k')) =~ /[?&]after=([^&]+)/;
steps("GET /log?order=k.nullslast&after=$after\n400 invalid_parameter\n");



=== TEST 141: a cursor is not moved by rows that come and go before it
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', 10 * $_) for 1 .. 6;
my $r = call('GET', '/log?select=k&order=k');
is $r->{body}, '[{"k":10},{"k":20}]', named('first');
mysql_query('INSERT INTO log (k) VALUES (5), (15), (20), (35)');
mysql_query('DELETE FROM log WHERE k = 10');
$r = call('GET', next_of($r));
is $r->{body}, '[{"k":20},{"k":30}]', named('what was put behind it is there');
mysql_query('DELETE FROM log WHERE k = 30');
$r = call('GET', next_of($r));
is $r->{body}, '[{"k":35},{"k":40}]', named('its own row may be gone');



=== TEST 142: a cursor goes with the request it was made for
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 1 .. 6;
my $path = next_of(call('GET', '/log?select=id&order=k'));
my ($after) = $path =~ /[?&]after=([^&]+)/;
ok length $after, named('a cursor') or return;
steps("GET /log?order=k.desc&after=$after\n400 invalid_parameter\n");
steps("GET /log?after=$after\n400 invalid_parameter\n");
steps("GET /log?order=k&offset=1&after=$after\n400 invalid_parameter\n");
steps("GET /log?order=k&page=2&after=$after\n400 invalid_parameter\n");
steps("GET /pair?after=$after\n400 invalid_parameter\n");
steps("GET /fruit?after=$after\n400 -\n");
steps("GET /log?order=k&select=id&limit=1&after=$after\n200 [{\"id\":3}]\n");
steps("GET /log?order=k&select=id&limit=5&after=$after\n> Prefer: count=exact\n206 -\n");



=== TEST 143: a cursor that was touched is refused
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 1 .. 6;
my ($after) = next_of(call('GET', '/log?select=id&order=k')) =~ /[?&]after=([^&]+)/;
my @bad = ('', 'x', '1', '%00', '%FF', 'a' x 500, "$after$after", substr($after, 1), substr($after, 0, -1), "${after}A", "A$after", '1,1', 'eyJhIjoxfQ', "' OR 1=1", '..', '%2E');
for my $i (0, 1, 5, 10, int(length($after) / 2), length($after) - 2) {
    my $copy = $after;
    substr($copy, $i, 1) = substr($copy, $i, 1) eq 'A' ? 'B' : 'A';
    push @bad, $copy;
}
for my $bad (@bad) {
    steps("GET /log?order=k&after=" . ($bad =~ s/([ '])/sprintf '%%%02X', ord $1/ger) . "\n400 invalid_parameter\n");
}



=== TEST 144: a cursor does not tell what is in it
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 123456789, 223456789, 323456789;
my $r = call('GET', '/log?select=id&order=k');
unlike $r->{head}{link}, qr/[^\x21-\x7e ]/, named('plain characters');
my ($after) = $r->{head}{link} =~ /[?&]after=([^&>]+)/;
like $after, qr/^[A-Za-z0-9_.~-]+$/, named('safe in a URL');



=== TEST 145: a cursor of one owner shows another nothing
--- tables: log
--- perl
mysql_query('INSERT INTO log (k, user_id) VALUES (?, ?)', $_, 1 + $_ % 2) for 1 .. 10;
my $r = call('GET', '/mylog?select=id,user_id&order=k', undef, user(1));
is $r->{body}, '[{"id":2,"user_id":1},{"id":4,"user_id":1}]', named('mine');
my $path = next_of($r);
$r = call('GET', $path, undef, user(1));
is $r->{body}, '[{"id":6,"user_id":1},{"id":8,"user_id":1}]', named('mine, more');
$r = call('GET', $path, undef, user(2));
unlike $r->{body}, qr/"user_id":1/, named('nothing of the other');
like $r->{status}, qr/^(200|400)$/, named('status');



=== TEST 146: a cursor by a composite key
--- tables: pair
--- perl
mysql_query('INSERT INTO pair VALUES (?, ?, ?)', @$_) for [1, 'a', 1], [1, 'b', 1], [2, 'a', 1], [2, 'b', undef], [3, 'a', 2];
for my $query ('', 'order=v', 'order=v.desc', 'order=b', 'order=b.desc,a.desc') {
    my ($path, @walked) = ("/pair?$query");
    while ($path && @walked < 20) {
        my $r = call('GET', $path);
        push @walked, map { "$_->{a}$_->{b}" } @{ parsed($path, $r->{body}) };
        $path = next_of($r);
    }
    my $all = parsed($query, call('GET', "/pair?$query&limit=100")->{body});
    is join(',', @walked), join(',', map { "$_->{a}$_->{b}" } @$all), named("'$query'");
    is scalar @walked, 5, named("'$query': all");
}



=== TEST 147: after needs a cursor
--- rest
GET /fruit?after=x
400 -
GET /item?after=x
400 -



=== TEST 148: a version is an ETag, and each change counts it up
--- tables: doc
--- rest
sql INSERT INTO doc (title) VALUES ('a')
GET /doc/1
200 {"id":1,"title":"a","ver":1}
< ETag: "1"
HEAD /doc/1
200 -
< ETag: "1"
PATCH /doc/1 {"title":"b"}
200 {"id":1,"title":"b","ver":2}
< ETag: "2"
PUT /doc/1 {"title":"c"}
200 {"id":1,"title":"c","ver":3}
< ETag: "3"
PATCH /doc/1 {"title":"c"}
200 {"id":1,"title":"c","ver":4}
POST /doc {"title":"new"}
201 {"id":2,"title":"new","ver":1}



=== TEST 149: a filtered PATCH counts the versions up, too
--- tables: doc
--- rest
sql INSERT INTO doc (title, ver) VALUES ('a', 1), ('b', 7), ('c', 1)
PATCH /doc?title=in.(a,b) {"title":"x"}
> Prefer: return=representation
200 [{"id":1,"title":"x","ver":2},{"id":2,"title":"x","ver":8}]
sql SELECT ver FROM doc
= 2 ; 8 ; 1



=== TEST 150: nobody sets a version
--- tables: doc
--- rest
sql INSERT INTO doc (title) VALUES ('a')
PATCH /doc/1 {"ver":7}
422 validation_failed
| ver read_only cannot be written
POST /doc {"title":"b","ver":7}
422 -
sql SELECT COUNT(*), MAX(ver) FROM doc
= 1,1



=== TEST 151: If-None-Match with the version is 304
--- tables: doc
--- rest
sql INSERT INTO doc (title, ver) VALUES ('a', 7)
GET /doc/1
> If-None-Match: "7"
304 empty
< ETag: "7"
GET /doc/1
> If-None-Match: W/"7"
304 empty
GET /doc/1
> If-None-Match: "1", "7"
304 empty
GET /doc/1
> If-None-Match: *
304 empty
GET /doc/1
> If-None-Match: "8"
200
< ETag: "7"
GET /doc/1
> If-None-Match: 7
200
GET /doc/1
> If-None-Match: "77"
200
HEAD /doc/1
> If-None-Match: "7"
304 -
GET /doc/9
> If-None-Match: "7"
404 not_found



=== TEST 152: If-Match with another version is 412 and nothing is done
--- tables: doc
--- rest
sql INSERT INTO doc (title, ver) VALUES ('a', 7)
PATCH /doc/1 {"title":"b"}
> If-Match: "6"
412 precondition_failed
PUT /doc/1 {"title":"b"}
> If-Match: "8"
412 precondition_failed
DELETE /doc/1
> If-Match: "6"
412 precondition_failed
PATCH /doc/1 {"title":"b"}
> If-Match: W/"7"
412 precondition_failed
PATCH /doc/1 {"title":"b"}
> If-Match: 7
412 precondition_failed
PATCH /doc/1 {"title":"b"}
> If-Match: "7x"
412 precondition_failed
PATCH /doc/1 {"title":"b"}
> If-Match: "7' OR '1'='1"
412 precondition_failed
PATCH /doc/1 {"title":"b"}
> If-Match: "99999999999999999999"
412 precondition_failed
sql SELECT title, ver FROM doc
= a,7



=== TEST 153: If-Match with the version changes the row
--- tables: doc
--- rest
sql INSERT INTO doc (title, ver) VALUES ('a', 7)
PATCH /doc/1 {"title":"b"}
> If-Match: "7"
200 {"id":1,"title":"b","ver":8}
< ETag: "8"
PUT /doc/1 {"title":"c"}
> If-Match: "1", "8"
200 {"id":1,"title":"c","ver":9}
PATCH /doc/1 {"title":"d"}
> If-Match: *
200 {"id":1,"title":"d","ver":10}
DELETE /doc/1
> If-Match: "10"
204
sql SELECT COUNT(*) FROM doc
= 0



=== TEST 154: If-Match of a row that is not there
--- tables: doc
--- perl
for my $method ('PATCH', 'PUT', 'DELETE') {
    for my $match ('"1"', '*') {
        my $r = call($method, '/doc/1', $method eq 'DELETE' ? undef : '{"title":"a"}', "If-Match: $match");
        like $r->{status}, qr/^(404|412)$/, named("$method $match");
    }
}
is mysql_value('SELECT COUNT(*) FROM doc'), 0, named('nothing made');



=== TEST 155: If-Match works by an override, too
--- tables: doc
--- rest
sql INSERT INTO doc (title) VALUES ('a')
POST /doc/1 {"title":"b"}
> X-HTTP-Method-Override: PATCH
> If-Match: "2"
412 precondition_failed
POST /doc/1 {"title":"b"}
> X-HTTP-Method-Override: PATCH
> If-Match: "1"
200 {"id":1,"title":"b","ver":2}



=== TEST 156: where If-Match is required, its lack is 428
--- tables: doc
--- rest
sql INSERT INTO doc (title) VALUES ('a')
PATCH /strict/1 {"title":"b"}
428 precondition_required
PUT /strict/1 {"title":"b"}
428 precondition_required
DELETE /strict/1
428 precondition_required
POST /strict/1
> X-HTTP-Method-Override: DELETE
428 precondition_required
sql SELECT title, ver FROM doc
= a,1
GET /strict/1
200
PATCH /strict/1 {"title":"b"}
> If-Match: "1"
200 {"id":1,"title":"b","ver":2}
POST /strict {"title":"c"}
201 {"id":2,"title":"c","ver":1}
DELETE /strict/2
> If-Match: *
204
PATCH /strict/1 {"title":"x"}
> If-Match: "1"
412 precondition_failed



=== TEST 157: an ETag of the reply changes with it
--- tables: item
--- perl
mysql_query("INSERT INTO item (name) VALUES ('a'), ('b')");
for my $path ('/hash', '/hash/1', '/hash?select=name&id=eq.1') {
    my $r = call('GET', $path);
    my $etag = $r->{head}{etag};
    like $etag // '', qr/^(W\/)?"[^"]{4,}"$/, named("$path: an ETag");
    is call('GET', $path)->{head}{etag}, $etag, named("$path: the same");
    is call('HEAD', $path)->{head}{etag}, $etag, named("$path: that of HEAD");
    my $again = call('GET', $path, undef, "If-None-Match: $etag");
    is "$again->{status} $again->{body} $again->{head}{etag}", "304  $etag", named("$path: 304");
    is call('GET', $path, undef, 'If-None-Match: "other"')->{status}, 200, named("$path: another");
    mysql_query("UPDATE item SET name = CONCAT(name, 'x') WHERE id = 1");
    my $new = call('GET', $path, undef, "If-None-Match: $etag");
    is $new->{status}, 200, named("$path: changed");
    isnt $new->{head}{etag}, $etag, named("$path: another ETag");
}
isnt call('GET', '/hash?select=id')->{head}{etag}, call('GET', '/hash?select=name')->{head}{etag}, named('another select');



=== TEST 158: an ETag of the reply guards a write
--- tables: item
--- perl
mysql_query("INSERT INTO item (name) VALUES ('a')");
my $etag = call('GET', '/hash/1')->{head}{etag} // '';
mysql_query('UPDATE item SET n = 6');
my $r = call('PATCH', '/hash/1', '{"n":7}', "If-Match: $etag");
is $r->{status}, 412, named('stale');
is mysql_value('SELECT n FROM item'), 6, named('not done');



=== TEST 159: a reply without an ETag ignores If-None-Match
--- rest
GET /fruit/1
> If-None-Match: "1"
200
< ETag:
GET /fruit?id=eq.1
> If-None-Match: "1"
200



=== TEST 160: search finds rows by words
--- tables: note
--- rest
sql INSERT INTO note (title, body) VALUES ('green tea', 'a drink from leaves'), ('black coffee', 'a drink from beans'), ('stones', 'nothing to drink'), ('gone tea', 'deleted')
sql UPDATE note SET deleted_at = NOW() WHERE id = 4
GET /note?search=tea&select=id
200 [{"id":1}]
GET /note?search=beans&select=id
200 [{"id":2}]
GET /note?search=green+coffee&select=id&order=id
200 [{"id":1},{"id":2}]
GET /note?search=nowhere
200 []
GET /note?search=drink&title=like.*coffee&select=id
> Prefer: count=exact
200 [{"id":2}]
< Content-Range: 0-0/1



=== TEST 161: words of a search are words
--- tables: note
--- perl
mysql_query("INSERT INTO note (title, body) VALUES ('green tea', 'leaves'), ('\x{7eff}\x{8336}', 'x')");
for my $words ("'", '"', '\\', '")', "') OR 1=1 -- ", '+tea -green', 'te*', '@', '()', '%', '"tea', "tea\n", '\\"', '<>~') {
    like ids('/note?select=id&search=' . ($words =~ s/(\W)/sprintf '%%%02X', ord $1/ger)), qr/^1?$/, named($words);
}
steps("GET /note?search=*\n400 invalid_parameter\nGET /note?search=%00\n400 invalid_parameter\nGET /note?search=%FF\n400 invalid_parameter\nGET /note?search=\n400 invalid_parameter\nGET /fruit?search=apple\n400 -\n");



=== TEST 162: deleted rows are for a role that may see them
--- tables: item
--- config
location /soft {
    wxapp_resource item {
        column  id bigint;
        column  name string write;
        filter  name;
        allow   GET DELETE;
        soft_delete deleted_at role=admin|auditor;
    }
}
--- rest
sql INSERT INTO item (name, deleted_at) VALUES ('a', NULL), ('b', '2026-01-01'), ('c', NULL)
GET /soft
@admin 1
200 [{"id":1,"name":"a"},{"id":3,"name":"c"}]
GET /soft?deleted=only
@admin 1
200 [{"id":2,"name":"b"}]
GET /soft?deleted=with
> Prefer: count=exact
@auditor 1
200 [{"id":1,"name":"a"},{"id":2,"name":"b"},{"id":3,"name":"c"}]
< Content-Range: 0-2/3
GET /soft?deleted=with&name=eq.b
@admin 1
200 [{"id":2,"name":"b"}]
GET /soft?deleted=all
@admin 1
400 invalid_parameter
GET /soft?deleted=
@admin 1
400 invalid_parameter



=== TEST 163: deleted rows are for nobody else
--- tables: item
--- config
location /soft { wxapp_resource item { column id bigint; allow GET; soft_delete deleted_at role=admin; } }
location /bare { wxapp_resource item { column id bigint; allow GET; soft_delete deleted_at; } }
location /none { wxapp_resource item { column id bigint; allow GET; } }
--- rest
sql INSERT INTO item (name, deleted_at) VALUES ('a', '2026-01-01')
GET /soft?deleted=only
401 unauthorized
GET /soft?deleted=with
@user 1
403 insufficient_scope
GET /bare?deleted=only
@admin 1
400 -
GET /none?deleted=only
400 -
GET /soft/1
@admin 1
404 not_found



=== TEST 164: a relation to many embeds an array, in the order of the children's key
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p'), ('q'), ('r')
sql INSERT INTO child (parent_id, v) VALUES (2, 1), (1, 2), (1, 3), (NULL, 4)
GET /r/parent?select=name,children(v)
200 [{"name":"p","children":[{"v":2},{"v":3}]},{"name":"q","children":[{"v":1}]},{"name":"r","children":[]}]
GET /r/parent?select=children(*),id&id=eq.2
200 [{"id":2,"children":[{"id":1,"parent_id":2,"v":1}]}]
GET /r/parent?select=*,kids:children(no:id)&name=eq.p
200 [{"id":1,"name":"p","boss":null,"kids":[{"no":2},{"no":3}]}]
GET /r/parent?select=children(v)&id=eq.1
> Accept: application/vnd.pgrst.object+json
200 {"children":[{"v":2},{"v":3}]}



=== TEST 165: a relation to one embeds an object, or null
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p'), ('q')
sql INSERT INTO child (parent_id, v) VALUES (2, 1), (1, 2), (NULL, 3), (99, 4)
GET /r/child?select=v,parent(name)
200 [{"v":1,"parent":{"name":"q"}},{"v":2,"parent":{"name":"p"}},{"v":3,"parent":null},{"v":4,"parent":null}]
GET /r/child?select=of:parent(*),v&v=eq.2
200 [{"v":2,"of":{"id":1,"name":"p","boss":null}}]



=== TEST 166: a relation works with filters, order, pages and counts of the rows themselves
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p'), ('q'), ('r')
sql INSERT INTO child (parent_id, v) VALUES (1, 1), (2, 2), (3, 3)
GET /r/parent?select=name,children(v)&order=name.desc&limit=2
> Prefer: count=exact
206 [{"name":"r","children":[{"v":3}]},{"name":"q","children":[{"v":2}]}]
< Content-Range: 0-1/3
GET /r/parent?select=children(v)&name=eq.none
200 []
GET /r/parent?select=children(v)&limit=0
200 []



=== TEST 167: the column that joins need not be selected
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p')
sql INSERT INTO child (parent_id, v) VALUES (1, 1)
GET /r/parent?select=children(v)
200 [{"children":[{"v":1}]}]
GET /r/child?select=parent(name)
200 [{"parent":{"name":"p"}}]



=== TEST 168: a relation has a cap for each row
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p'), ('q')
sql INSERT INTO child (parent_id, v) VALUES (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 6)
GET /r/parent?select=id,children(v)
200 [{"id":1,"children":[{"v":1},{"v":2},{"v":3}]},{"id":2,"children":[{"v":6}]}]



=== TEST 169: embedded rows keep the columns, the deletion and the names of their own resource
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p')
sql INSERT INTO child (parent_id, v, deleted_at) VALUES (1, 1, NULL), (1, 2, '2026-01-01')
GET /r/parent?select=children(v)
200 [{"children":[{"v":1}]}]
GET /r/parent?select=children(secret)
400 invalid_select
GET /r/parent?select=children(deleted_at)
400 invalid_select
GET /r/parent?select=children(user_id)
400 invalid_select



=== TEST 170: a row that is deleted is embedded as null
--- tables: parent child
--- config
location /p { wxapp_resource child { column id bigint; column v int; soft_delete deleted_at; allow GET; } }
location /c { wxapp_resource parent { column id bigint; column boss bigint; allow GET; relation chief child.id=parent.boss; } }
--- rest
sql INSERT INTO child (v, deleted_at) VALUES (1, NULL), (2, '2026-01-01')
sql INSERT INTO parent (name, boss) VALUES ('a', 1), ('b', 2), ('c', NULL)
GET /c?select=id,chief(v)
200 [{"id":1,"chief":{"v":1}},{"id":2,"chief":null},{"id":3,"chief":null}]



=== TEST 171: embedded rows keep their owner
--- tables: parent child
--- config
location /parent { wxapp_resource parent { column id bigint; allow GET; relation children child.parent_id=parent.id; } }
location /child  { wxapp_auth on; wxapp_resource child { column id bigint; column parent_id bigint; column v int; column user_id bigint; owner user_id=$wxapp_uid; allow GET; } }
--- rest
sql INSERT INTO parent (name) VALUES ('p'), ('q')
sql INSERT INTO child (parent_id, user_id, v) VALUES (1, 1, 11), (1, 2, 12), (2, 2, 22)
GET /parent?select=id,children(v)
@user 1
200 [{"id":1,"children":[{"v":11}]},{"id":2,"children":[]}]
GET /parent?select=id,children(v)
@user 2
200 [{"id":1,"children":[{"v":12}]},{"id":2,"children":[{"v":22}]}]
GET /parent?select=id,children(v)
401 unauthorized
GET /parent?select=id
200 [{"id":1},{"id":2}]



=== TEST 172: embedded rows keep the role that reading them needs
--- tables: parent child
--- config
location /parent { wxapp_resource parent { column id bigint; allow GET; relation children child.parent_id=parent.id; } }
location /child  { wxapp_resource child { column id bigint; column parent_id bigint; column v int; allow GET role=admin; } }
--- rest
sql INSERT INTO parent (name) VALUES ('p')
sql INSERT INTO child (parent_id, v) VALUES (1, 11)
GET /parent?select=id,children(v)
@admin 1
200 [{"id":1,"children":[{"v":11}]}]
GET /parent?select=id,children(v)
@user 1
403 insufficient_scope
GET /parent?select=id,children(v)
401 unauthorized
GET /parent
200 [{"id":1}]



=== TEST 173: a relation is not part of * and is no column
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p')
GET /r/parent
200 [{"id":1,"name":"p","boss":null}]
GET /r/parent?select=*
200 [{"id":1,"name":"p","boss":null}]
GET /r/parent?select=children
400 invalid_select
GET /r/parent?select=name(id)
400 invalid_select
GET /r/parent?children=eq.1
400 unknown_parameter
GET /r/parent?order=children
400 invalid_parameter



=== TEST 174: a relation in a broken or unserved form is refused
--- config eval
$main::RELATION
--- perl
for my $select ('nope(id)', 'children()', 'children(', 'children)', 'children(id', 'children(id))', 'children(id,)', 'children(id)x', 'children(nope)', 'children(id,id)', 'children(v),children(v)',
    'children(v),children:id', 'children(*,parent(id))', 'children(parent(id))', 'children!inner(v)', 'children!child_parent_id(v)', '...children(v)', 'children(v.sum())', 'children(count)', 'child(v)',
    'children(v::text)', 'CHILDREN(v)') {
    steps("GET /r/parent?select=$select\n400 invalid_select\n");
}



=== TEST 175: one relation may come twice under two names
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p')
sql INSERT INTO child (parent_id, v) VALUES (1, 7)
GET /r/parent?select=a:children(v),b:children(id)
200 [{"a":[{"v":7}],"b":[{"id":1}]}]



=== TEST 176: relations are for GET: a write that asks for one is refused and not done
--- tables: parent child
--- config eval
$main::RELATION
--- rest
sql INSERT INTO parent (name) VALUES ('p')
POST /r/child?select=v,parent(name) {"parent_id":1,"v":5}
400 invalid_select
PATCH /r/parent?name=eq.p&select=name,children(v) {"name":"x"}
> Prefer: return=representation
400 invalid_select
DELETE /r/parent?name=eq.p&select=name,children(v)
> Prefer: return=representation
400 invalid_select
sql SELECT (SELECT GROUP_CONCAT(name) FROM parent), (SELECT COUNT(*) FROM child)
= p,0



=== TEST 177: embedding takes one query more, however many rows
--- tables: parent child
--- config eval
"$main::RELATION location = /status { wxapp_status; }"
--- perl
mysql_query('INSERT INTO parent (name) VALUES ' . join ',', map { "('p$_')" } 1 .. 15);
mysql_query('INSERT INTO child (parent_id, v) VALUES ' . join ',', map { "($_, 1), ($_, 2)" } 1 .. 15);
my $queries = sub { parsed('status', call('GET', '/status')->{body})->{mysql}{queries} };
my $before = $queries->();
my $rows = parsed('rows', call('GET', '/r/parent?select=id,children(v)&limit=15')->{body});
is scalar(map { @{ $_->{children} } } @$rows), 30, named('the rows');
cmp_ok $queries->() - $before, '<=', 2, named('queries');



=== TEST 178: a value that joins is bound, whatever it is
--- tables: words
--- config
location /words { wxapp_resource words { column id bigint; column s string; allow GET; relation same words.s=words.s; } }
--- perl
my @text = ("'", "' OR '1'='1", '\\', '"', "\x{1f350}", '', 'a,b', '%');
mysql_query('INSERT INTO words (s) VALUES (?)', $_) for @text, undef;
my $rows = parsed('rows', call('GET', '/words?select=id,same(id)')->{body});
is_deeply [ map { scalar @{ $_->{same} } } @$rows ], [ (1) x @text, 0 ], named('each finds itself, NULL nothing');



=== TEST 179: a relation's fault in the configuration is told
--- config
location /p { wxapp_resource parent { column id bigint; allow GET; relation children child.parent_id=parent.id; } }
--- must_die
--- error_log
"child"



=== TEST 180: columns by role are not there for others
--- tables: rules
--- rest
sql INSERT INTO rules (color, cost, level) VALUES ('red', 5, 1)
GET /rules?select=color,cost
@admin 1
200 [{"color":"red","cost":5}]
GET /rules?select=color,cost
@boss 1
200 [{"color":"red","cost":5}]
GET /rules
@user 1
200 [{"id":1,"color":"red","code":null,"pin":null,"mail":null,"phone":null,"level":1}]
GET /rules/1
200 {"id":1,"color":"red","code":null,"pin":null,"mail":null,"phone":null,"level":1}
GET /rules/1
@admin 1
200 {"id":1,"color":"red","code":null,"pin":null,"mail":null,"phone":null,"cost":5,"level":1}



=== TEST 181: columns by role tell others nothing, by no way
--- tables: rules
--- perl
mysql_query("INSERT INTO rules (color, cost) VALUES ('red', 4711), ('green', 4712)");
for my $query ('select=cost', 'select=a:cost', 'cost=eq.4711', 'cost=gt.0', 'cost=is.null', 'or=(cost.eq.4711,id.eq.99)', 'order=cost', 'order=cost.desc', 'not.and=(cost.lt.4712)') {
    for my $headers ([], [ user(1) ], [ user(1, 'adm') ], [ user(1, 'admin|boss') ], [ user(1, '') ]) {
        my $r = call('GET', "/rules?$query", undef, @$headers);
        like $r->{status}, qr/^40[013]$/, named("$query: refused");
        unlike $r->{body} =~ s/"trace_id":"\w+"//r, qr/471[12]/, named("$query: not told");
    }
    is call('GET', "/rules?$query", undef, user(1, 'admin'))->{status}, 200, named("$query: for its role");
}
my $r = call('POST', '/rules', '{"cost":7}', user(1));
unlike $r->{body}, qr/"cost":7/, named('not in the reply to a write');
$r = call('PATCH', '/rules?id=eq.1', '{"color":"green"}', user(1), 'Prefer: return=representation');
unlike $r->{body}, qr/471/, named('nor of a PATCH');



=== TEST 182: columns that a role alone may write are read-only for others
--- tables: rules
--- rest
sql INSERT INTO rules (color, level) VALUES ('red', 1)
PATCH /rules/1 {"level":2}
@user 1
422 validation_failed
| level read_only cannot be written
PATCH /rules?color=eq.red {"level":2}
422 -
POST /rules {"level":2}
@user 1
422 -
POST /rules?columns=level {"level":2}
@user 1
400 -
sql SELECT COUNT(*), MAX(level) FROM rules
= 1,1
PATCH /rules/1 {"level":2}
@admin 1
200
POST /rules {"level":3}
@admin 1
201
sql SELECT level FROM rules
= 2 ; 3



=== TEST 183: columns take the rules of fields
--- tables: rules
--- rest
POST /rules?select=id {"color":"red","code":"AB-12","pin":"1234","mail":"a.b@example.com","phone":"13800138000"}
201 {"id":1}
POST /rules {"color":"blue"}
422 -
POST /rules {"code":"ab-12"}
422 -
POST /rules {"code":"AB-12x"}
422 -
POST /rules {"pin":"123"}
422 -
POST /rules {"pin":"12345"}
422 -
POST /rules {"pin":"茶茶茶茶"}
201 -
POST /rules {"mail":"a.example.com"}
422 -
POST /rules {"phone":"12345"}
422 -
PATCH /rules/1 {"color":"black","mail":"x"}
422 -
PATCH /rules/1 {"color":null,"mail":null}
200 -
sql SELECT id, color, pin, mail FROM rules
= 1,NULL,1234,NULL ; 2,NULL,茶茶茶茶,NULL



=== TEST 184: the rule that failed is told by its name
--- tables: rules
--- perl
my %rule = ('{"color":"blue"}' => 'color enum', '{"code":"x"}' => 'code regex', '{"pin":"1"}' => 'pin length', '{"mail":"x"}' => 'mail email', '{"phone":"x"}' => 'phone phone');
for my $body (sort keys %rule) {
    my $r = call('POST', '/rules', $body);
    my $json = problem($body, $r, 'validation_failed');
    is join(';', map { "$_->{field} $_->{rule}" } @{ $json->{details} }), $rule{$body}, named($body);
}



=== TEST 185: a filter's value need not satisfy the rules of what may be written
--- tables: rules
--- rest
sql INSERT INTO rules (color) VALUES ('red')
GET /rules?color=eq.blue
200 []
GET /rules?color=like.r*&select=color
200 [{"color":"red"}]



=== TEST 186: as=string sends a number as a text, and finds it by either
--- tables: item
--- rest
POST /big {"name":"a"}
201 {"id":"1","name":"a"}
< Location: /big/1
GET /big/1
200 {"id":"1","name":"a"}
sql INSERT INTO item (id, name) VALUES (9007199254740993, 'b')
GET /big?id=eq.9007199254740993
200 [{"id":"9007199254740993","name":"b"}]
GET /big?id=in.(1,9007199254740993)&select=no:id
200 [{"no":"1"},{"no":"9007199254740993"}]



=== TEST 187: a resource may have another name than its table
--- tables: item
--- config
location /thing { wxapp_resource things { table item; column id bigint; column name string write; allow GET POST; } }
--- rest
POST /thing {"name":"a"}
201 {"id":1,"name":"a"}
< Location: /thing/1
GET /thing
200 [{"id":1,"name":"a"}]
sql SELECT name FROM item
= a



=== TEST 188: preset read_all_modify_own
--- tables: own
--- config
location /own {
    wxapp_auth on;
    wxapp_resource own { column id bigint; column user_id bigint; column name string write; column n int write; filter user_id n; owner user_id=$wxapp_uid; preset read_all_modify_own admin=boss; }
}
--- rest
sql INSERT INTO own (user_id, name, n) VALUES (1, 'a', 1), (2, 'b', 2)
GET /own?select=id
@user 1
200 [{"id":1},{"id":2}]
GET /own/2
@user 1
200 {"id":2,"user_id":2,"name":"b","n":2}
PATCH /own/1 {"n":9}
@user 1
200 {"id":1,"user_id":1,"name":"a","n":9}
PATCH /own/2 {"n":9}
@user 1
404 not_found
DELETE /own/2
@user 1
404 not_found
PATCH /own?n=gt.0&select=id {"n":8}
> Prefer: return=representation
@user 1
200 [{"id":1}]
DELETE /own?user_id=eq.2
> Prefer: count=exact
@user 1
204
< Content-Range: */0
POST /own?select=user_id {"name":"c"}
@user 1
201 {"user_id":1}
PATCH /own/2 {"n":7}
@admin 9
404 not_found
PATCH /own/2 {"n":7}
@boss 9
200 {"id":2,"user_id":2,"name":"b","n":7}
sql SELECT user_id, name, n FROM own
= 1,a,8 ; 2,b,7 ; 1,c,NULL



=== TEST 189: preset read_all_modify_admin
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; column name string write; filter name; preset read_all_modify_admin; } }
--- rest
sql INSERT INTO item (name) VALUES ('a')
GET /item
200 [{"id":1,"name":"a"}]
GET /item/1
@user 1
200 {"id":1,"name":"a"}
POST /item {"name":"b"}
@user 1
403 insufficient_scope
POST /item {"name":"b"}
401 unauthorized
PATCH /item/1 {"name":"b"}
@user 1
403 insufficient_scope
DELETE /item?name=eq.a
@user 1
403 insufficient_scope
PUT /item/1 {"name":"b"}
@user 1
403 insufficient_scope
PATCH /item/1 {"name":"b"}
@admin 1
200 {"id":1,"name":"b"}
POST /item {"name":"c"}
@admin 1
201 {"id":2,"name":"c"}
DELETE /item/1
@admin 1
204
sql SELECT name FROM item
= c



=== TEST 190: preset private
--- tables: own
--- config
location /own {
    wxapp_auth on;
    wxapp_resource own { column id bigint; column name string write; column n int write; filter name; owner user_id=$wxapp_uid; column user_id bigint; preset private admin=boss; }
}
--- rest
sql INSERT INTO own (user_id, name) VALUES (1, 'a'), (2, 'b')
GET /own?select=id
@user 1
200 [{"id":1}]
GET /own/2
@user 1
404 not_found
GET /own?select=id&name=eq.b
@user 1
200 []
PATCH /own/2 {"n":1}
@user 1
404 not_found
PATCH /own/1 {"n":1}
@user 1
200 -
GET /own?select=id
@admin 1
200 [{"id":1}]
GET /own?select=id
@boss 9
200 [{"id":1},{"id":2}]
PATCH /own/2 {"n":2}
@boss 9
200 -
GET /own
401 unauthorized
sql SELECT n FROM own
= 1 ; 2



=== TEST 191: preset admin_only
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; column name string write; preset admin_only; } }
--- rest
sql INSERT INTO item (name) VALUES ('a')
GET /item
401 unauthorized
GET /item/1
@user 1
403 insufficient_scope
POST /item {"name":"b"}
@user 1
403 insufficient_scope
HEAD /item
@user 1
403 -
GET /item
@admin 1
200 [{"id":1,"name":"a"}]
DELETE /item/1
@admin 1
204
sql SELECT COUNT(*) FROM item
= 0



=== TEST 192: an unknown preset names the nearest one
--- config
location /item { wxapp_resource item { column id bigint; preset admin_onl; } }
--- must_die
--- error_log
did you mean "admin_only"?



=== TEST 193: a preset of owners needs an owner
--- config
location /item { wxapp_resource item { column id bigint; preset private; } }
--- must_die
--- error_log
owner



=== TEST 194: filter names a declared column
--- config
location /item { wxapp_resource item { column id bigint; column name string; filter nmae; allow GET; } }
--- must_die
--- error_log
"nmae"



=== TEST 195: upsert names declared columns
--- config
location /item { wxapp_resource item { column id bigint; column name string write; upsert nope; allow GET POST; } }
--- must_die
--- error_log
"nope"



=== TEST 196: version is a whole number
--- config
location /item { wxapp_resource item { column id bigint; column name string; version name; allow GET; } }
--- must_die
--- error_log
version



=== TEST 197: version names a declared column
--- config
location /item { wxapp_resource item { column id bigint; version nope; allow GET; } }
--- must_die
--- error_log
"nope"



=== TEST 198: increment is for numbers
--- config
location /item { wxapp_resource item { column id bigint; column name string write; increment name; allow GET PATCH; } }
--- must_die
--- error_log
"name"



=== TEST 199: key names declared columns, each once
--- config
location /pair { wxapp_resource pair { key a nope; column a int; allow GET; } }
--- must_die
--- error_log
"nope"



=== TEST 200: a cap is a number
--- config
location /item { wxapp_resource item { column id bigint; column name string write; bulk max=0; allow GET POST; } }
--- must_die
--- error_log
max



=== TEST 201: max_affected is a number
--- config
location /item { wxapp_resource item { column id bigint; max_affected many; allow GET; } }
--- must_die
--- error_log
max_affected



=== TEST 202: an item takes a select
--- rest
GET /fruit/1?select=id,what:name
200 {"id":1,"what":"apple"}
GET /fruit/1?select=nope
400 invalid_select
GET /fruit/7?select=id
404 not_found



=== TEST 203: JSON is not compared
--- config
location /p { wxapp_resource products { column id bigint; column attributes json; filter attributes; allow GET; } }
--- rest
GET /p?attributes=eq.{}
400 invalid_filter
GET /p?attributes=like.*a*
400 invalid_filter
GET /p?attributes=in.(1)
400 invalid_filter
GET /p?attributes=is.null&select=id
200 [{"id":13}]



=== TEST 204: the links lead through decimals, times and texts of a collation that ignores the case
--- tables: item
--- config
location /item {
    wxapp_resource item {
        column id bigint; column grp string; column price decimal; column deleted_at datetime;
        order  grp price deleted_at; cursor on; page default=2; allow GET;
    }
}
--- perl
my @row = ([ 'a', '1.50', '2026-01-01 00:00:00' ], [ 'A', '1.50', undef ], [ 'b', '0.10', '2026-01-01 00:00:00' ], [ undef, '10.00', undef ], [ 'B', '9.99', '2025-12-31 23:59:59' ],
    [ 'a', '-0.00', '2026-01-01 00:00:00' ], [ undef, '1.50', '2027-01-01 12:00:00' ], [ '', '2.00', undef ]);
mysql_query('INSERT INTO item (name, grp, price, deleted_at) VALUES (?, ?, ?, ?)', "n$_", @{ $row[$_] }) for 0 .. $#row;
for my $order ('grp', 'grp.desc', 'price', 'price.desc', 'deleted_at', 'deleted_at.desc', 'grp,price.desc', 'grp.desc,deleted_at,price', 'deleted_at.desc,grp,id.desc') {
    my ($path, @walked) = ("/item?select=id&order=$order");
    while ($path && @walked < 20) {
        my $r = call('GET', $path);
        push @walked, map { $_->{id} } @{ parsed($path, $r->{body}) };
        $path = next_of($r);
    }
    is join(',', @walked), ids("/item?select=id&order=$order&limit=100"), named($order);
    is scalar @walked, 8, named("$order: all");
}



=== TEST 205: a link keeps what was asked
--- tables: log
--- perl
mysql_query('INSERT INTO log (k) VALUES (?)', $_) for 1 .. 9;
my $r = call('GET', '/log?select=no:k&k=gt.2&or=(k.lt.8,k.eq.9)&order=k.desc&limit=2&&');
is $r->{body}, '[{"no":9},{"no":7}]', named('first');
$r = call('GET', next_of($r), undef, 'Prefer: count=exact');
is $r->{body}, '[{"no":6},{"no":5}]', named('second');
is $r->{head}{'content-range'}, '*/6', named('the total is that of all, the place is not known');
$r = call('GET', '/log?select=k&order=k&offset=3&limit=2');
$r = call('GET', next_of($r));
is $r->{body}, '[{"k":6},{"k":7}]', named('a cursor goes on where an offset was');
$r = call('GET', '/log?select=k&page=2&limit=3');
$r = call('GET', next_of($r));
is $r->{body}, '[{"k":7},{"k":8},{"k":9}]', named('and where a page was');



=== TEST 206: a relation joins texts by their bytes
--- tables: parent child
--- config
location /parent { wxapp_resource parent { column id bigint; column name string; allow GET; relation same words.s=parent.name; relation chief parent.id=parent.boss; column boss bigint; } }
location /words  { wxapp_resource words { column id bigint; column s string; allow GET; } }
--- perl
mysql_query('CREATE OR REPLACE TABLE words (id BIGINT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(40) NULL) DEFAULT CHARSET utf8mb4');
mysql_query("INSERT INTO parent (name, boss) VALUES ('tea', 2), ('Tea', NULL), ('none', 1)");
mysql_query("INSERT INTO words (s) VALUES ('TEA'), ('tea'), ('milk')");
my $rows = parsed('rows', call('GET', '/parent?select=id,same(id)')->{body});
is_deeply $rows, [ { id => 1, same => [ { id => 2 } ] }, { id => 2, same => [] }, { id => 3, same => [] } ], named('the case counts, whatever the collation');
steps('GET /parent?select=id,chief(name)' . "\n" . '200 [{"id":1,"chief":{"name":"Tea"}},{"id":2,"chief":null},{"id":3,"chief":{"name":"tea"}}]');



=== TEST 207: a relation joins columns of one type
--- config
location /parent { wxapp_resource parent { column id bigint; allow GET; relation things item.price=parent.id; } }
location /item   { wxapp_resource item { column id bigint; column price decimal; allow GET; } }
--- must_die
--- error_log
relation "things" needs columns of one type, and not decimal or json



=== TEST 208: search does not look into what not everyone may read
--- config
location /note {
    wxapp_resource note { column id bigint; column title string; column body text read=admin; search title body; allow GET; }
}
--- must_die
--- error_log
column "body" cannot be searched: not everyone may read it



=== TEST 209: a duplicate of another key is no duplicate to ignore or merge
--- tables: own
--- config
location /own {
    wxapp_resource own { column id bigint; column name string write; column n int write; upsert name; upsert n; allow GET POST PATCH; }
}
--- perl
mysql_query('ALTER TABLE own ADD UNIQUE KEY (n), MODIFY user_id BIGINT NOT NULL DEFAULT 0');
mysql_query("INSERT INTO own (name, n) VALUES ('a', 1), ('b', 2)");
for my $resolution ('ignore-duplicates', 'merge-duplicates') {
    steps(qq(POST /own?on_conflict=name {"name":"c","n":2}\n> Prefer: resolution=$resolution\n409 duplicate\n));
    steps(qq(POST /own?on_conflict=name [{"name":"d","n":4},{"name":"c","n":2}]\n> Prefer: resolution=$resolution\n409 duplicate\n));
}
is mysql_value("SELECT GROUP_CONCAT(name, n ORDER BY id) FROM own"), 'a1,b2', named('nothing');
steps(qq(POST /own?on_conflict=n&select=name,n {"name":"c","n":2}\n> Prefer: resolution=merge-duplicates\n201 {"name":"c","n":2}\n));
is mysql_value("SELECT GROUP_CONCAT(name, n ORDER BY id) FROM own"), 'a1,c2', named('by the other');



=== TEST 210: to merge one must be allowed to change rows
--- tables: item
--- config
location /post { wxapp_resource a { table item; column id bigint; column name string write; column n int write; upsert name; allow GET POST; } }
location /role {
    wxapp_resource b { table item; column id bigint; column name string write; column n int write; upsert name; allow GET POST; allow PATCH role=admin; }
}
location /match {
    wxapp_resource c { table item; column id bigint; column name string write; column n int write; upsert name; etag on; require_if_match on; allow GET POST PATCH; }
}
--- rest
sql INSERT INTO item (name, n) VALUES ('a', 1)
POST /post?on_conflict=name {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /match?on_conflict=name {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
400 invalid_parameter
POST /role?on_conflict=name {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
@user 1
403 insufficient_scope
POST /role?on_conflict=name {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
401 unauthorized
sql SELECT name, n FROM item
= a,1
POST /post?on_conflict=name&select=name [{"name":"a","n":2},{"name":"b","n":2}]
> Prefer: resolution=ignore-duplicates, return=representation
201 [{"name":"b"}]
POST /role?on_conflict=name&select=name,n {"name":"a","n":2}
> Prefer: resolution=merge-duplicates
@admin 1
201 {"name":"a","n":2}



=== TEST 211: an upsert that has one key twice
--- tables: item
--- perl
my $r = call('POST', '/item?on_conflict=name', '[{"name":"a","n":1},{"name":"a","n":2}]', 'Prefer: resolution=merge-duplicates');
like $r->{status}, qr/^(201|409)$/, named('status');
my $rows = mysql_value('SELECT COUNT(*) FROM item');
is $rows, $r->{status} == 201 ? 1 : 0, named('rows');
steps(qq(POST /item?on_conflict=name&select=n [{"name":"b","n":1},{"name":"b","n":2}]\n> Prefer: resolution=ignore-duplicates, return=representation\n201 [{"n":1}]\n));



=== TEST 212: each row to merge changes what it has itself, or what columns says
--- tables: item
--- rest
sql INSERT INTO item (name, grp, n) VALUES ('a', 'x', 7)
POST /item?on_conflict=name&select=name,grp,n [{"name":"a"},{"name":"b","n":3}]
> Prefer: resolution=merge-duplicates
201 [{"name":"a","grp":"x","n":7},{"name":"b","grp":"g","n":3}]
POST /item?on_conflict=name [{"n":8,"name":"a"},{"name":"b","grp":null}]
> Prefer: resolution=merge-duplicates, return=minimal
201 empty
sql SELECT name, grp, n FROM item ORDER BY name
= a,x,8 ; b,NULL,3
POST /item?on_conflict=name&columns=name,n [{"name":"a"},{"name":"b","n":4}]
> Prefer: resolution=merge-duplicates, return=minimal
201 empty
sql SELECT name, grp, n FROM item ORDER BY name
= a,x,NULL ; b,NULL,4



=== TEST 213: increment takes decimals
--- tables: item
--- config
location /item { wxapp_resource item { column id bigint; column price decimal write min=0; increment price; allow GET PATCH; } }
--- rest
sql INSERT INTO item (name, price) VALUES ('a', 9.99)
PATCH /item/1 {"price+":0.05}
200 {"id":1,"price":10.04}
PATCH /item/1 {"price-":"1.04"}
200 {"id":1,"price":9.00}
PATCH /item/1 {"price+":1e2}
422 -



=== TEST 214: many increments at once lose none
--- tables: item
--- perl
mysql_query("INSERT INTO item (name, n) VALUES ('a', 100)");
my @pid;
for my $child (1 .. 4) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $bad = grep { call('PATCH', $child % 2 ? '/item/1' : '/item?name=eq.a', '{"n+":1}')->{status} !~ /^20[04]$/ } 1 .. 25;
        POSIX::_exit($bad ? 1 : 0);
    }
    push @pid, $pid;
}
for (@pid) { waitpid $_, 0; is $?, 0, named('all were answered') }
is mysql_value('SELECT n FROM item'), 200, named('all were counted');



=== TEST 215: an If-Match holds against changes at the same time
--- tables: doc
--- perl
mysql_query("INSERT INTO doc (title) VALUES ('a')");
my @pid;
for my $child (1 .. 4) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my $won = 0;
        for my $try (1 .. 15) {
            my $etag = call('GET', '/doc/1')->{head}{etag};
            my $r = call('PATCH', '/doc/1', qq({"title":"$child-$try"}), "If-Match: $etag");
            $r->{status} == 200 ? $won++ : $r->{status} == 412 ? 0 : POSIX::_exit(255);
        }
        POSIX::_exit($won);
    }
    push @pid, $pid;
}
my $won = 0;
for (@pid) { waitpid $_, 0; isnt $? >> 8, 255, named('each was done or refused'); $won += $? >> 8 }
is mysql_value('SELECT ver FROM doc'), 1 + $won, named("$won changes, each counted");



=== TEST 216: an ETag of the reply is that of the whole row, whatever a GET selects
--- tables: item
--- perl
mysql_query("INSERT INTO item (name) VALUES ('a')");
my $r = call('GET', '/hash/1');
$r = call('PATCH', '/hash/1', '{"n":6}', "If-Match: $r->{head}{etag}");
is $r->{status}, 200, named('of the row');
$r = call('GET', '/hash/1');
$r = call('PATCH', '/hash/1?select=n', '{"n":7}', "If-Match: $r->{head}{etag}");
is "$r->{status} $r->{body}", '200 {"n":7}', named('the reply may be another');



=== TEST 217: a list that did not change is 304 with a count, too
--- tables: item
--- perl
mysql_query("INSERT INTO item (name) VALUES ('a'), ('b')");
my @count = ('Prefer: count=exact');
my $r = call('GET', '/hash?select=id', undef, @count);
is call('GET', '/hash?select=id', undef, @count, "If-None-Match: $r->{head}{etag}")->{status}, 304, named('all');
