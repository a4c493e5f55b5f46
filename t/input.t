# wxapp_input: what clients give, as JSON, form or query, checked against typed fields before the content.
#
# Sections of this file:
#   fields   the lines of a wxapp_input block, params the words before it, in other lines of its location: this is
#            /in, and its content a proxy to /echo, which says NAME=[VALUE] of all fields in order
#   tries    lines HOW WHAT => REPLY, driven by tries():
#              HOW    JSON, FORM: a POST with that body; QUERY: a GET; METHOD:JSON, METHOD:FORM, METHOD:QUERY
#              WHAT   body or query; \xNN is a byte
#              REPLY  what /echo says; 422 FIELD:RULE ... in the order of the details; STATUS CODE of other problems;
#                     after HOW!: the messages of a 422, joined by "; "
#   emerg    nginx refuses to start with this message; at: the text of the line that it names
# In a config $ECHO(a b) is the content as above with these fields, $NOTES the resource /notes.

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

WXApp::mysql()->do('CREATE TABLE notes (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, text MEDIUMTEXT NULL,'
    . ' bin VARBINARY(300) NULL, n BIGINT NULL, d DECIMAL(20,2) NULL) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4');

our $NOTES = 'wxapp_resource notes { column id bigint as=string; column text text write; column bin binary write max=300;'
    . ' column n bigint write as=string enum=1|2|9007199254740993; column d decimal write default=1.50; allow GET POST PUT; }';

# the content that tells what came in
sub content {
    my $in = join ' ', map { "$_=[\$wxapp_in_$_]" } @_;
    return <<"C";
proxy_pass        http://127.0.0.1:\$TEST_NGINX_SERVER_PORT/echo;
proxy_set_header  X-In "$in";
C
}

our $block;

add_block_preprocessor(sub {
    ($block) = @_;

    if (defined $block->fields) {
        my @names = $block->fields =~ /^\s*(\w+) +\w/mg;
        my $params = $block->params // '';
        chomp $params;
        my $text = "location = /in {\nwxapp_input $params {\n" . $block->fields . "}\n" . ($block->in // '') . content(@names) . "}\n";
        $block->set_value(config => $text . ($block->config // ''));
    }

    my $config = $block->config // '';
    $config =~ s/\$ECHO\(([\w ]*)\)/content(split ' ', $1)/ge;
    $config =~ s/\$NOTES/$NOTES/g;
    $block->set_value(config => "$config\nlocation = /echo { return 200 \"\$http_x_in\\n\"; }\n");

    if (defined $block->emerg) {
        $block->set_value(must_die => '');
        $block->set_value(suppress_stderr => '');
        $block->set_value(error_log => '[emerg]');
    }
});

# the message and the line
Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    my $emerg = $block->emerg // return;
    my $name  = $block->name;
    chomp $emerg;

    open my $fh, '<', $Test::Nginx::Util::ErrLogFile or return fail("$name - $!");
    my @emerg = map { /\[emerg\] \d+#\d+: (.*)/ ? $1 : () } <$fh>;
    is scalar @emerg, 1, "$name - one message" or return;
    my ($message, $file, $line) = ($emerg[0] // '') =~ /^(.*?) in (\S+):(\d+)$/ or return fail("$name - $emerg[0]");
    if ($emerg =~ m{^/(.*)/$}) { like $message, qr/^$1$/, "$name - the message" }
    else                       { is $message, $emerg, "$name - the message" }

    my $at = $block->at // return;
    open my $conf, '<', $file or return fail("$name - $file: $!");
    my $text = (<$conf>)[$line - 1] // '';
    s/^\s+|\s+$//g for $text, $at;
    is $text, $at, "$name - the line";
});

my %TYPE = (JSON => 'application/json', FORM => 'application/x-www-form-urlencoded');

# a request with a body of that type, or of none
sub ask {
    my ($method, $path, $type, $body, @headers) = @_;
    push @headers, "Content-Type: $type"              if defined $type;
    push @headers, 'Content-Length: ' . length $body  if defined $body;
    my $h = begin($method, $path, undef, headers => \@headers);
    syswrite $h->{socket}, $body if defined $body;
    return finish($h);
}

sub reply {
    my ($r, $messages) = @_;
    my ($status, $json) = ($r->{status}, $r->{json});
    return $r->{body} =~ s/\n\z//r if $status == 200;
    return $status if !$json;
    return join '; ', map { $_->{message} } @{ $json->{details} // [] } if $messages;
    return join ' ', 422, map { "$_->{field}:$_->{rule}" } @{ $json->{details} } if $status == 422 && $json->{details};
    return "$status $json->{code}";
}

sub tries {
    my $n = 0;
    for (split /\n/, $block->tries) {
        my ($method, $kind, $messages, $what, $expected) = /^(?:([A-Z]+):)?(JSON|FORM|QUERY)(!?) (.*?) ?=> ?(.*)$/ or die "tries: $_\n";
        s/\\x([0-9a-f]{2})/chr hex $1/gie for $what, $expected;
        $n++;
        my $r = $kind eq 'QUERY' ? ask($method // 'GET', "/in?$what") : ask($method // 'POST', '/in', $TYPE{$kind}, $what);
        is reply($r, $messages), $expected, $_;
    }
    die "no tries\n" if !$n;
    return;
}

# text that tells where a piece is missing or double
sub text { my ($n) = @_; return substr join(' ', 1 .. $n), 0, $n }

sub chunked {
    my ($text, $size) = @_;
    my $out = '';
    while (length $text) {
        my $part = substr $text, 0, $size, '';
        $out .= sprintf "%x\r\n%s\r\n", length $part, $part;
    }
    return $out . "0\r\n\r\n";
}

# what the content's proxy_pass to unix:.../up.sock finds
sub upstream { return IO::Socket::UNIX->new(Local => Test::Nginx::Util::server_root() . '/logs/up.sock', Listen => 5) // die "$!\n" }

sub raw {
    my (@parts) = @_;
    my $s = connection();
    local $SIG{PIPE} = 'IGNORE';
    for (@parts) { pause(0.02); syswrite $s, $_ }
    my $got = '';
    1 while sysread $s, $got, 65536, length $got;
    return $got;
}

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: int as JSON
--- fields
a int;
--- tries
JSON {"a":7} => a=[7]
JSON {"a":0} => a=[0]
JSON {"a":-0} => a=[0]
JSON {"a":2147483647} => a=[2147483647]
JSON {"a":-2147483648} => a=[-2147483648]
JSON {"a":2147483648} => 422 a:type
JSON {"a":-2147483649} => 422 a:type
JSON {"a":7.0} => 422 a:type
JSON {"a":7e0} => 422 a:type
JSON {"a":"7"} => 422 a:type
JSON {"a":true} => 422 a:type
JSON {"a":[7]} => 422 a:type
JSON {"a":{}} => 422 a:type
JSON! {"a":"x"} => must be an integer of 32 bits
--- drive: tries



=== TEST 2: int in the query
--- fields
a int;
--- tries
QUERY a=7 => a=[7]
QUERY a=-7 => a=[-7]
QUERY a=%37 => a=[7]
QUERY a=2147483648 => 422 a:type
QUERY a= => 422 a:type
QUERY a => 422 a:type
QUERY a=7.0 => 422 a:type
QUERY a=+7 => 422 a:type
QUERY a=0x7 => 422 a:type
QUERY a=7%00 => 422 a:type
QUERY a=7%20 => 422 a:type
QUERY a=- => 422 a:type
QUERY a=%D9%A1 => 422 a:type
--- drive: tries



=== TEST 3: int in a form
--- fields
a int;
--- tries
FORM a=7 => a=[7]
FORM a=x => 422 a:type
FORM  => a=[]
--- drive: tries



=== TEST 4: bigint
--- fields
a bigint;
--- tries
JSON {"a":9223372036854775807} => a=[9223372036854775807]
JSON {"a":-9223372036854775808} => a=[-9223372036854775808]
JSON {"a":9223372036854775808} => 422 a:type
JSON {"a":99999999999999999999999999} => 422 a:type
JSON {"a":1e3} => 422 a:type
JSON {"a":"1"} => 422 a:type
QUERY a=9007199254740993 => a=[9007199254740993]
QUERY a=-9223372036854775809 => 422 a:type
FORM a=9223372036854775807 => a=[9223372036854775807]
JSON! {"a":1.5} => must be an integer of 64 bits
--- drive: tries



=== TEST 5: bigint with as=string takes both in JSON
--- fields
a bigint as=string;
b int as=string;
--- tries
JSON {"a":"9007199254740993","b":"5"} => a=[9007199254740993] b=[5]
JSON {"a":9007199254740993,"b":5} => a=[9007199254740993] b=[5]
JSON {"a":"x"} => 422 a:type
JSON {"a":""} => 422 a:type
JSON {"a":"1 "} => 422 a:type
JSON {"b":"2147483648"} => 422 b:type
JSON {"a":true} => 422 a:type
QUERY a=5&b=6 => a=[5] b=[6]
--- drive: tries



=== TEST 6: decimal keeps its digits
--- fields
a decimal;
--- tries
JSON {"a":12.50} => a=[12.50]
JSON {"a":"12.50"} => a=[12.50]
JSON {"a":-0.0} => a=[-0.0]
JSON {"a":123456789012345678901234567890.123456789} => a=[123456789012345678901234567890.123456789]
JSON {"a":1e2} => 422 a:type
JSON {"a":"1e2"} => 422 a:type
JSON {"a":".5"} => 422 a:type
JSON {"a":"5."} => 422 a:type
JSON {"a":"01"} => 422 a:type
JSON {"a":"NaN"} => 422 a:type
JSON {"a":true} => 422 a:type
QUERY a=12.50 => a=[12.50]
QUERY a=1,5 => 422 a:type
FORM a=-12.50 => a=[-12.50]
JSON! {"a":[]} => must be a decimal number
--- drive: tries



=== TEST 7: decimal with 65 digits, and with one more
--- fields
a decimal;
--- drive
for ([65, 200], [66, 200], [67, 200], [68, 422]) {
    my ($n, $status) = @$_;
    is ask('POST', '/in', 'application/json', '{"a":' . '9' x $n . '}')->{status}, $status, "$n of it";
}



=== TEST 8: string as JSON
--- fields
a string;
--- tries
JSON {"a":"tea"} => a=[tea]
JSON {"a":""} => a=[]
JSON {"a":"\u8336"} => a=[\xe8\x8c\xb6]
JSON {"a":"\ud83c\udf6c"} => a=[\xf0\x9f\x8d\xac]
JSON {"a":"a\"b\\c"} => a=[a"b\c]
JSON {"a":7} => 422 a:type
JSON {"a":false} => 422 a:type
JSON {"a":["x"]} => 422 a:type
JSON {"a":"\u0000"} => 422 a:encoding
JSON! {"a":7} => must be a string
JSON! {"a":"x\u0000"} => must be UTF-8 without NUL
--- drive: tries



=== TEST 9: string in the query
--- fields
a string;
--- tries
QUERY a=green+tea => a=[green tea]
QUERY a=green%20tea => a=[green tea]
QUERY a=a%2Bb => a=[a+b]
QUERY a=%E8%8C%B6 => a=[\xe8\x8c\xb6]
QUERY a=\xe8\x8c\xb6 => a=[\xe8\x8c\xb6]
QUERY a=x=y=z => a=[x=y=z]
QUERY a=a%26b => a=[a&b]
QUERY a=%00 => 422 a:encoding
QUERY a=%FF => 422 a:encoding
QUERY a=%C0%80 => 422 a:encoding
QUERY a=%ED%A0%80 => 422 a:encoding
QUERY a=%F4%90%80%80 => 422 a:encoding
--- drive: tries



=== TEST 10: string in a form
--- fields
a string;
--- tries
FORM a=green+tea => a=[green tea]
FORM a=%e8%8c%b6%E8%8C%B6 => a=[\xe8\x8c\xb6\xe8\x8c\xb6]
FORM a=\xff => 422 a:encoding
FORM a=\x00 => 422 a:encoding
FORM a => a=[]
FORM a= => a=[]
--- drive: tries



=== TEST 11: a percent that is no escape
--- fields
a string;
b string[];
--- tries
QUERY a=100% => 422 a:encoding
QUERY a=100%2 => 422 a:encoding
QUERY a=100%zz => 422 a:encoding
QUERY a=%%34 => 422 a:encoding
QUERY a=%-1 => 422 a:encoding
FORM a=%u8336 => 422 a:encoding
QUERY b=x&b=%z => 422 b:encoding
QUERY b=%z&b=x => 422 b:encoding
QUERY c%=1 => 422 c%:unknown
QUERY a%=1 => 422 a%:unknown
QUERY %61=x => a=[x] b=[]
QUERY! a=100% => must be percent-encoded
--- drive: tries



=== TEST 12: string has 255 characters at most, unless max= tells otherwise
--- fields
a string;
b string max=300;
--- drive
for (['a', 'x' x 255, 200], ['a', "\xe8\x8c\xb6" x 255, 200], ['a', 'x' x 256, 422], ['b', 'x' x 300, 200], ['b', 'x' x 301, 422]) {
    my ($name, $text, $status) = @$_;
    my $r = ask('POST', '/in', 'application/json', qq({"$name":"$text"}));
    is $r->{status}, $status, "$name " . length $text;
    is reply($r), "422 $name:max", 'the rule' if $status == 422;
}



=== TEST 13: text has 65535 bytes at most
--- fields
a text;
--- config
large_client_header_buffers 4 128k;
--- drive
for ([65535, 200], [65536, 422]) {
    my ($n, $status) = @$_;
    my $r = ask('POST', '/in', 'application/json', '{"a":"' . 'x' x $n . '"}');
    is $r->{status}, $status, "$n of it";
    is $r->{body}, 'a=[' . 'x' x $n . "]\n", 'the text' if $status == 200;
    is reply($r), '422 a:max', 'the rule' if $status == 422;
}



=== TEST 14: bool
--- fields
a bool;
--- tries
JSON {"a":true} => a=[true]
JSON {"a":false} => a=[false]
JSON {"a":1} => 422 a:type
JSON {"a":"true"} => 422 a:type
QUERY a=true => a=[true]
QUERY a=false => a=[false]
QUERY a=1 => 422 a:type
QUERY a=TRUE => 422 a:type
QUERY a= => 422 a:type
FORM a=true => a=[true]
JSON! {"a":0} => must be true or false
--- drive: tries



=== TEST 15: datetime becomes UTC
--- fields
a datetime;
--- tries
JSON {"a":"2026-11-21T08:30:00Z"} => a=[2026-11-21T08:30:00Z]
JSON {"a":"2026-11-21T08:30:00+08:00"} => a=[2026-11-21T00:30:00Z]
JSON {"a":"2026-11-21 08:30:00"} => a=[2026-11-21T08:30:00Z]
JSON {"a":"2026-11-21T08:30:00.125-00:30"} => a=[2026-11-21T09:00:00.125Z]
JSON {"a":"2026-02-29T00:00:00Z"} => 422 a:type
JSON {"a":"2026-11-21"} => 422 a:type
JSON {"a":1763713800} => 422 a:type
QUERY a=2026-11-21T08:30:00%2B08:00 => a=[2026-11-21T00:30:00Z]
QUERY a=2026-11-21T08:30:00+08:00 => 422 a:type
QUERY a=2026-11-21T08:30:00Z => a=[2026-11-21T08:30:00Z]
FORM a=2026-11-21+08%3A30%3A00 => a=[2026-11-21T08:30:00Z]
JSON! {"a":""} => must be a time like 2026-11-21T08:30:00Z
--- drive: tries



=== TEST 16: date
--- fields
a date;
--- tries
JSON {"a":"2024-02-29"} => a=[2024-02-29]
JSON {"a":"2026-02-29"} => 422 a:type
JSON {"a":"2026-11-21T00:00:00Z"} => 422 a:type
JSON {"a":20261121} => 422 a:type
QUERY a=2026-11-21 => a=[2026-11-21]
QUERY a=2026-11-31 => 422 a:type
JSON! {"a":"x"} => must be a date like 2026-11-21
--- drive: tries



=== TEST 17: json
--- fields
a json;
--- tries
JSON {"a":{"b":[1,2.50,null]}} => a=[{"b":[1,2.50,null]}]
JSON {"a":[]} => a=[[]]
JSON {"a":"text"} => a=["text"]
JSON {"a":7} => a=[7]
JSON {"a":true} => a=[true]
QUERY a=%7B%22b%22%3A1%7D => a=[{"b":1}]
QUERY a=[1, => 422 a:type
QUERY a= => 422 a:type
QUERY a=text => 422 a:type
QUERY a=%22text%22 => a=["text"]
FORM a={"b":[true]} => a=[{"b":[true]}]
FORM a={"b":1}x => 422 a:type
FORM a=\xff => 422 a:type
FORM! a={ => must be JSON
--- drive: tries



=== TEST 18: json in the query is as deep as in a body
--- fields
a json;
--- drive
for ([32, 200], [33, 422]) {
    my ($n, $status) = @$_;
    is ask('GET', '/in?a=' . '[' x $n . ']' x $n)->{status}, $status, "$n of it";
}



=== TEST 19: binary is base64 with padding
--- fields
a binary;
--- tries
JSON {"a":"aGVsbG8="} => a=[aGVsbG8=]
JSON {"a":""} => a=[]
JSON {"a":"AP/+"} => a=[AP/+]
JSON {"a":"AA=="} => a=[AA==]
JSON {"a":"aGVsbG8"} => 422 a:type
JSON {"a":"aGVsbG8=="} => 422 a:type
JSON {"a":"aGVs=bG8"} => 422 a:type
JSON {"a":"aG=="aGVs"} => 400 invalid_json
JSON {"a":"aG==aGVs"} => 422 a:type
JSON {"a":"===="} => 422 a:type
JSON {"a":"="} => 422 a:type
JSON {"a":"a==="} => 422 a:type
JSON {"a":"AP_-"} => 422 a:type
JSON {"a":"aGVs\nbG8="} => 422 a:type
JSON {"a":"aGVsbG8\u0000"} => 422 a:type
JSON {"a":7} => 422 a:type
QUERY a=aGVsbG8%3D => a=[aGVsbG8=]
QUERY a=aGVsbG8= => a=[aGVsbG8=]
FORM a=AP/%2B => a=[AP/+]
JSON! {"a":"x"} => must be base64
--- drive: tries



=== TEST 20: binary of 65535 bytes and of one more
--- fields
a binary;
--- config
large_client_header_buffers 4 128k;
--- drive
use MIME::Base64;
for ([65535, 200], [65536, 422]) {
    my ($n, $status) = @$_;
    my $base64 = encode_base64("\xff" x $n, '');
    my $r = ask('POST', '/in', 'application/json', qq({"a":"$base64"}));
    is $r->{status}, $status, "$n of it";
    is $r->{body}, "a=[$base64]\n", 'the bytes' if $status == 200;
}



=== TEST 21: required
--- fields
a string required;
b int;
--- tries
JSON {"a":"x"} => a=[x] b=[]
JSON {"a":""} => a=[] b=[]
JSON {} => 422 a:required
JSON {"a":null} => 422 a:required
JSON {"b":1} => 422 a:required
QUERY b=1 => 422 a:required
QUERY a= => a=[] b=[]
QUERY a => a=[] b=[]
FORM  => 422 a:required
JSON! {} => is required
JSON! {"a":null} => must not be null
--- drive: tries



=== TEST 22: null where a value is not required
--- fields
a int;
b string[];
c json;
--- tries
JSON {"a":null,"b":null,"c":null} => a=[] b=[] c=[]
QUERY c=null => a=[] b=[] c=[null]
--- drive: tries



=== TEST 23: default of each type
--- fields
i int default=5;
d decimal default=0.50;
s string default=tea;
t text "default=green tea";
b bool default=true;
dt datetime default=2026-11-21T08:30:00+08:00;
da date default=2026-11-21;
j json "default={\"a\":1}";
bin binary default=aGVsbG8=;
e string default=;
--- tries
JSON {} => i=[5] d=[0.50] s=[tea] t=[green tea] b=[true] dt=[2026-11-21T00:30:00Z] da=[2026-11-21] j=[{"a":1}] bin=[aGVsbG8=] e=[]
QUERY i=6 => i=[6] d=[0.50] s=[tea] t=[green tea] b=[true] dt=[2026-11-21T00:30:00Z] da=[2026-11-21] j=[{"a":1}] bin=[aGVsbG8=] e=[]
FORM s= => i=[5] d=[0.50] s=[] t=[green tea] b=[true] dt=[2026-11-21T00:30:00Z] da=[2026-11-21] j=[{"a":1}] bin=[aGVsbG8=] e=[]
--- drive: tries



=== TEST 24: null is not replaced by the default
--- fields
a int default=5;
--- tries
JSON {"a":null} => a=[]
JSON {"a":"x"} => 422 a:type
--- drive: tries



=== TEST 25: default of an array
--- fields
a int[] default=[1,2];
b string[] default=[];
--- tries
JSON {} => a=[[1,2]] b=[[]]
QUERY a=7 => a=[[7]] b=[[]]
JSON {"a":[]} => a=[[]] b=[[]]
--- drive: tries



=== TEST 26: min and max of an int
--- fields
a int min=-5 max=10;
--- tries
JSON {"a":-5} => a=[-5]
JSON {"a":10} => a=[10]
JSON {"a":-6} => 422 a:min
JSON {"a":11} => 422 a:max
QUERY a=11 => 422 a:max
FORM a=-6 => 422 a:min
JSON! {"a":-6} => must be at least -5
JSON! {"a":11} => must be at most 10
--- drive: tries



=== TEST 27: min and max of a bigint at the ends of 64 bits
--- fields
a bigint min=-9223372036854775808 max=9223372036854775806;
--- tries
JSON {"a":-9223372036854775808} => a=[-9223372036854775808]
JSON {"a":9223372036854775807} => 422 a:max
--- drive: tries



=== TEST 28: min and max of a decimal
--- fields
a decimal min=0.01 max=99.99;
--- tries
JSON {"a":0.01} => a=[0.01]
JSON {"a":0.010} => a=[0.010]
JSON {"a":99.990} => a=[99.990]
JSON {"a":0.009999999999999999999999} => 422 a:min
JSON {"a":99.9900000000000000000001} => 422 a:max
JSON {"a":-99} => 422 a:min
QUERY a=100 => 422 a:max
--- drive: tries



=== TEST 29: min and max of a string count characters
--- fields
a string min=2 max=3;
--- tries
JSON {"a":"\u8336\u8336"} => a=[\xe8\x8c\xb6\xe8\x8c\xb6]
JSON {"a":"\u8336"} => 422 a:min
JSON {"a":"\u8336\u8336\u8336\u8336"} => 422 a:max
QUERY a=%E8%8C%B6 => 422 a:min
FORM a=abc => a=[abc]
JSON! {"a":""} => must have at least 2 characters
JSON! {"a":"abcd"} => must have at most 3 characters
--- drive: tries



=== TEST 30: min and max of binary count bytes
--- fields
a binary min=2 max=3;
--- tries
JSON {"a":"AAA="} => a=[AAA=]
JSON {"a":"AAAA"} => a=[AAAA]
JSON {"a":"AA=="} => 422 a:min
JSON {"a":"AAAAAA=="} => 422 a:max
JSON! {"a":"AA=="} => must have at least 2 bytes
--- drive: tries



=== TEST 31: length
--- fields
a string length=3;
b binary length=2;
c text length=1;
--- tries
JSON {"a":"abc","b":"AAA=","c":"\u8336"} => a=[abc] b=[AAA=] c=[\xe8\x8c\xb6]
JSON {"a":"ab"} => 422 a:length
JSON {"a":"abcd"} => 422 a:length
JSON {"b":"AAAA"} => 422 b:length
JSON {"c":""} => 422 c:length
JSON! {"a":"ab"} => must have exactly 3 characters
JSON! {"b":"AA=="} => must have exactly 2 bytes
--- drive: tries



=== TEST 32: enum of strings
--- fields
a string enum=red|green|blue;
--- tries
JSON {"a":"red"} => a=[red]
JSON {"a":"blue"} => a=[blue]
JSON {"a":"Red"} => 422 a:enum
JSON {"a":"re"} => 422 a:enum
JSON {"a":"redgreen"} => 422 a:enum
JSON {"a":"red|green"} => 422 a:enum
JSON {"a":""} => 422 a:enum
QUERY a=green => a=[green]
QUERY a=black => 422 a:enum
JSON! {"a":"x"} => must be one of red, green, blue
--- drive: tries



=== TEST 33: enum of numbers compares numbers
--- fields
a int enum=1|2|3;
b decimal enum=0.5|1;
--- tries
JSON {"a":2,"b":0.50} => a=[2] b=[0.50]
JSON {"a":4} => 422 a:enum
JSON {"b":1.0} => a=[] b=[1.0]
JSON {"b":0.51} => 422 b:enum
QUERY a=03 => a=[3] b=[]
QUERY a=33 => 422 a:enum
--- drive: tries



=== TEST 34: enum with characters outside of ASCII
--- fields
a string enum=茶|咖啡;
--- tries
JSON {"a":"\u8336"} => a=[\xe8\x8c\xb6]
JSON {"a":"\u8335"} => 422 a:enum
--- drive: tries



=== TEST 35: regex
--- fields
a string "regex=^[a-z]{2,8}$";
--- tries
JSON {"a":"tea"} => a=[tea]
JSON {"a":"t"} => 422 a:regex
JSON {"a":"Tea"} => 422 a:regex
JSON {"a":"tea\n"} => 422 a:regex
JSON {"a":"tea\nx"} => 422 a:regex
JSON {"a":""} => 422 a:regex
QUERY a=tea => a=[tea]
QUERY a=tea%0A => 422 a:regex
JSON! {"a":"T"} => must match the pattern
--- drive: tries



=== TEST 36: regex without anchors matches anywhere
--- fields
a string regex=ea;
--- tries
JSON {"a":"tea"} => a=[tea]
JSON {"a":"two"} => 422 a:regex
--- drive: tries



=== TEST 37: regex counts characters, not bytes
--- fields
a string "regex=^.{2}$";
b string "regex=^\p{Han}+$";
--- tries
JSON {"a":"\u8336\u8336"} => a=[\xe8\x8c\xb6\xe8\x8c\xb6] b=[]
JSON {"a":"\u8336"} => 422 a:regex
JSON {"b":"\u8336"} => a=[] b=[\xe8\x8c\xb6]
JSON {"b":"x"} => 422 b:regex
--- drive: tries



=== TEST 38: regex with options, groups, alternatives and an escaped dollar
--- fields
a string "regex=(?i)^tea|coffee$";
b string "regex=^(\d+)-\1$";
c string "regex=^\d+\$";
--- tries
JSON {"a":"TEA"} => a=[TEA] b=[] c=[]
JSON {"b":"12-12"} => a=[] b=[12-12] c=[]
JSON {"b":"12-13"} => 422 b:regex
JSON {"c":"12$"} => a=[] b=[] c=[12$]
JSON {"c":"12"} => 422 c:regex
--- drive: tries



=== TEST 39: a regex that takes too many steps does not match, and nginx goes on
--- fields
a string max=100 "regex=^(a+)+$";
--- drive
my $r = ask('POST', '/in', 'application/json', '{"a":"' . 'a' x 60 . 'b"}');
is reply($r), '422 a:regex', 'no match';
is reply(ask('POST', '/in', 'application/json', '{"a":"aaa"}')), 'a=[aaa]', 'a match';



=== TEST 40: bounds come before the regex
--- fields
a string max=5 "regex=^[a-z]+$";
--- tries
JSON {"a":"ABCDEF"} => 422 a:max
JSON {"a":"ABCDE"} => 422 a:regex
--- drive: tries



=== TEST 41: email
--- fields
a string email;
--- tries
JSON {"a":"alice@example.com"} => a=[alice@example.com]
JSON {"a":"a.b+c@mail.example.co.uk"} => a=[a.b+c@mail.example.co.uk]
JSON {"a":"x@xn--fiqs8s.xn--fiqs8s"} => a=[x@xn--fiqs8s.xn--fiqs8s]
JSON {"a":"alice"} => 422 a:email
JSON {"a":"alice@"} => 422 a:email
JSON {"a":"@example.com"} => 422 a:email
JSON {"a":"alice@example"} => 422 a:email
JSON {"a":"alice@example..com"} => 422 a:email
JSON {"a":"alice@-example.com"} => 422 a:email
JSON {"a":"alice@example-.com"} => 422 a:email
JSON {"a":"a b@example.com"} => 422 a:email
JSON {"a":"alice@example.com\n"} => 422 a:email
JSON {"a":"alice@example.com, bob@example.com"} => 422 a:email
JSON {"a":"alice@@example.com"} => 422 a:email
JSON {"a":"\u8336@example.com"} => 422 a:email
JSON! {"a":"x"} => must be an e-mail address
--- drive: tries



=== TEST 42: phone
--- fields
a string phone;
--- tries
JSON {"a":"13800138000"} => a=[13800138000]
JSON {"a":"19912345678"} => a=[19912345678]
JSON {"a":"12800138000"} => 422 a:phone
JSON {"a":"1380013800"} => 422 a:phone
JSON {"a":"138001380000"} => 422 a:phone
JSON {"a":"+8613800138000"} => 422 a:phone
JSON {"a":"13800138000\n"} => 422 a:phone
JSON {"a":"138 0013 8000"} => 422 a:phone
JSON {"a":"1380013800\u0660"} => 422 a:phone
QUERY a=13800138000 => a=[13800138000]
JSON! {"a":"x"} => must be a mobile number of mainland China
--- drive: tries



=== TEST 43: an array of int as JSON
--- fields
a int[];
--- tries
JSON {"a":[1,2,3]} => a=[[1,2,3]]
JSON {"a":[]} => a=[[]]
JSON {"a":[ 1 , -2 ]} => a=[[1,-2]]
JSON {"a":1} => 422 a:type
JSON {"a":"1"} => 422 a:type
JSON {"a":{"0":1}} => 422 a:type
JSON {"a":[1,"2"]} => 422 a:type
JSON {"a":[1,null]} => 422 a:type
JSON {"a":[[1]]} => 422 a:type
JSON {"a":[1,2147483648]} => 422 a:type
JSON! {"a":7} => must be an array
JSON! {"a":[1,2,"x","y"]} => item 3 must be an integer of 32 bits
--- drive: tries



=== TEST 44: an array in the query is a repeated name
--- fields
a int[];
b string;
--- tries
QUERY a=1 => a=[[1]] b=[]
QUERY a=1&a=2&a=3 => a=[[1,2,3]] b=[]
QUERY a=1&b=x&a=2 => a=[[1,2]] b=[x]
QUERY a=1&%61=2 => a=[[1,2]] b=[]
QUERY a=1&a=x => 422 a:type
QUERY a= => 422 a:type
QUERY a=1,2 => 422 a:type
QUERY a[]=1 => 422 a[]:unknown
QUERY! a=1&a=x => item 2 must be an integer of 32 bits
--- drive: tries



=== TEST 45: an array in a form
--- fields
a string[];
--- tries
FORM a=x&a=y => a=[["x","y"]]
FORM a=%22&a=%5C => a=[["\"","\\"]]
FORM a=&a => a=[["",""]]
FORM a=x&a=%ff => 422 a:encoding
--- drive: tries



=== TEST 46: a scalar given twice
--- fields
a int;
b string;
--- tries
QUERY a=1&a=1 => 422 a:duplicate
QUERY a=1&b=x&a=2&b=y => 422 a:duplicate b:duplicate
FORM a=1&%61=2 => 422 a:duplicate
JSON {"a":1,"a":1} => 422 a:duplicate
JSON {"a":1,"\u0061":2} => 422 a:duplicate
JSON! {"a":1,"a":2} => must be given once
--- drive: tries



=== TEST 47: an array given twice in JSON
--- fields
a int[];
--- tries
JSON {"a":[1],"a":[2]} => 422 a:duplicate
--- drive: tries



=== TEST 48: arrays of all scalar types
--- fields
bi bigint[] as=string;
de decimal[];
te text[];
bo bool[];
dt datetime[];
da date[];
bin binary[];
--- tries
JSON {"bi":["9007199254740993",1],"de":[1.50,"2.0"]} => bi=[["9007199254740993","1"]] de=[[1.50,2.0]] te=[] bo=[] dt=[] da=[] bin=[]
JSON {"te":["a","\u8336"],"bo":[true,false]} => bi=[] de=[] te=[["a","\xe8\x8c\xb6"]] bo=[[true,false]] dt=[] da=[] bin=[]
JSON {"dt":["2026-11-21T08:30:00+08:00"],"da":["2026-11-21"],"bin":["AA=="]} => bi=[] de=[] te=[] bo=[] dt=[["2026-11-21T00:30:00Z"]] da=[["2026-11-21"]] bin=[["AA=="]]
QUERY bo=true&bo=false&de=1 => bi=[] de=[[1]] te=[] bo=[[true,false]] dt=[] da=[] bin=[]
JSON {"bo":[1],"dt":["x"],"da":[1],"bin":["x"]} => 422 bo:type dt:type da:type bin:type
--- drive: tries



=== TEST 49: rules of an array's items
--- fields
a string[] min=2 max=3;
b int[] min=1 enum=1|2;
c string[] "regex=^[a-z]+$";
d string[] length=2;
--- tries
JSON {"a":["ab","abc"],"b":[1,2],"c":["x"],"d":["ab"]} => a=[["ab","abc"]] b=[[1,2]] c=[["x"]] d=[["ab"]]
JSON {"a":["ab","a"]} => 422 a:min
JSON {"b":[1,3]} => 422 b:enum
JSON {"b":[0]} => 422 b:min
JSON {"c":["x","X"]} => 422 c:regex
JSON {"d":["abc"]} => 422 d:length
JSON! {"a":["ab","abcd"]} => item 2 must have at most 3 characters
JSON! {"b":[1,1,3]} => item 3 must be one of 1, 2
--- drive: tries



=== TEST 50: min_items and max_items
--- fields
a int[] min_items=2 max_items=3;
--- tries
JSON {"a":[1,2]} => a=[[1,2]]
JSON {"a":[1,2,3]} => a=[[1,2,3]]
JSON {"a":[1]} => 422 a:min_items
JSON {"a":[]} => 422 a:min_items
JSON {"a":[1,2,3,4]} => 422 a:max_items
JSON {} => a=[]
QUERY a=1 => 422 a:min_items
QUERY a=1&a=2&a=3&a=4 => 422 a:max_items
JSON! {"a":[1]} => must have at least 2 items
JSON! {"a":["x","x","x","x"]} => must have at most 3 items
--- drive: tries



=== TEST 51: a hundred items at most, unless max_items= tells otherwise
--- fields
a int[];
b int[] max_items=1000;
--- drive
for (['a', 100, '200'], ['a', 101, '422 a:max_items'], ['b', 1000, '200'], ['b', 1001, '422 b:max_items']) {
    my ($name, $n, $expected) = @$_;
    my $r = ask('POST', '/in', 'application/json', qq({"$name":[) . join(',', 1 .. $n) . ']}');
    is $r->{status} == 200 ? 200 : reply($r), $expected, "$name, $n as JSON";
    $r = ask('POST', '/in', 'application/x-www-form-urlencoded', join '&', map { "$name=$_" } 1 .. $n);
    is $r->{status} == 200 ? 200 : reply($r), $expected, "$name, $n in a form";
}



=== TEST 52: required arrays
--- fields
a int[] required;
b int[] required min_items=1;
--- tries
JSON {"a":[],"b":[1]} => a=[[]] b=[[1]]
JSON {} => 422 a:required b:required
JSON {"a":null,"b":[]} => 422 a:required b:min_items
QUERY a=1 => 422 b:required
--- drive: tries



=== TEST 53: all faults are told in one reply, in the order of the body, what is missing last
--- fields
a int max=5;
b string required;
c bool;
d string required length=2;
--- tries
JSON {"c":1,"x":1,"a":9,"b":null} => 422 c:type x:unknown a:max b:required d:required
FORM d=x&a=9&a=9 => 422 d:length a:max a:duplicate b:required
--- drive: tries



=== TEST 54: the problem in full
--- fields
a int max=5;
b string required;
--- request
POST /in
{"a":9}
--- more_headers
Content-Type: application/json
--- error_code: 422
--- response_headers
Content-Type: application/problem+json
Cache-Control: no-store
--- response_body_like chomp
^\{"type":"about:blank","title":"Unprocessable Content","status":422,"error":"validation_failed","code":"validation_failed","message":"\\"a\\" must be at most 5","details":\[\{"field":"a","rule":"max","message":"must be at most 5"\},\{"field":"b","rule":"required","message":"is required"\}\],"trace_id":"[0-9a-f]{32}"\}$



=== TEST 55: a hundred faults are enough
--- fields
a int required;
b int required;
--- drive
for my $n (97, 98, 99, 100, 101, 1000) {
    my $told = $n + 2 > 100 ? 100 : $n + 2;
    my $r = ask('POST', '/in', 'application/json', '{' . join(',', map { qq("x$_":1) } 1 .. $n) . '}');
    is scalar @{ $r->{json}{details} }, $told, "$n in JSON";
    $r = ask('POST', '/in', 'application/x-www-form-urlencoded', join '&', map { "x$_=1" } 1 .. $n);
    is scalar @{ $r->{json}{details} }, $told, "$n in a form";
}



=== TEST 56: unknown names of any bytes are told as JSON
--- fields
a int;
--- tries
JSON {"":1} => 422 :unknown
JSON {"A":1} => 422 A:unknown
JSON {"a ":1} => 422 a :unknown
JSON {"a\"]}":1} => 422 a"]}:unknown
JSON {"constructor":1,"__proto__":2} => 422 constructor:unknown __proto__:unknown
FORM =1 => 422 :unknown
FORM = => 422 :unknown
FORM %22%3Cscript%3E=1 => 422 "<script>:unknown
JSON! {"x":1} => is not a field here
--- drive: tries



=== TEST 57: names that are not UTF-8 or have a NUL
--- fields
a int;
--- drive
for my $name ("%FF%FE", "\xff", "a%00", "%0D%0A", "%F0%9F%8D", "\x01\x7f") {
    my $r = ask('POST', '/in', 'application/x-www-form-urlencoded', "$name=1");
    is $r->{status}, 422, 'status';
    is $r->{json}{details}[0]{rule}, 'unknown', 'rule';
    is $r->{json}{details}[0]{message}, 'is not a field here', 'and it is JSON';
}



=== TEST 58: a very long name and a very long value
--- fields
a int;
--- drive
my $r = ask('POST', '/in', 'application/json', '{"' . 'n' x 200_000 . '":1}');
is $r->{json}{details}[0]{rule}, 'unknown', 'name in JSON';
$r = ask('POST', '/in', 'application/x-www-form-urlencoded', 'a=' . '9' x 200_000);
is reply($r), '422 a:type', 'value in a form';
$r = ask('POST', '/in', 'application/json', '{"a":' . '9' x 200_000 . '}');
is reply($r), '422 a:type', 'value in JSON';



=== TEST 59: nothing between two ampersands is nothing
--- fields
a int;
b int;
--- tries
QUERY &&a=1&&&b=2& => a=[1] b=[2]
QUERY & => a=[] b=[]
FORM &a=1& => a=[1] b=[]
QUERY  => a=[] b=[]
--- drive: tries



=== TEST 60: a semicolon separates nothing
--- fields
a string;
--- tries
QUERY a=1;b=2 => a=[1;b=2]
--- drive: tries



=== TEST 61: more values in a form than are looked at
--- fields
a int[] max_items=10000;
--- drive
my $form = sub { join '&', map { 'a=1' } 1 .. $_[0] };
is ask('POST', '/in', 'application/x-www-form-urlencoded', $form->(9999))->{status}, 200, '9999 pairs';
is ask('POST', '/in', 'application/x-www-form-urlencoded', $form->(10000))->{status}, 200, '10000 pairs';
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', $form->(10001))), '422 a:max_items', '10001 pairs';
is ask('POST', '/in', 'application/x-www-form-urlencoded', '&' x 500_000)->{status}, 200, 'half a million of nothing';
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', 'a&' x 300_000)), '422 a:max_items', 'and of something';
--- config
large_client_header_buffers 4 128k;



=== TEST 62: the same with unknown ones ignored
--- params: extra=ignore
--- fields
a int;
--- drive
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', join '&', 'a=1', map { "x$_" } 1 .. 9999)), 'a=[1]', '10000 pairs';
is ask('POST', '/in', 'application/x-www-form-urlencoded', join '&', 'a=1', map { "x$_" } 1 .. 10000)->{status}, 422, '10001 pairs';



=== TEST 63: extra=ignore
--- params: extra=ignore
--- fields
a int;
--- tries
JSON {"a":1,"b":2} => a=[1]
JSON {"b":{"c":[1]}} => a=[]
QUERY a=1&b=2&b=3 => a=[1]
FORM b%=2 => a=[]
JSON {"a":"x","b":2} => 422 a:type
JSON {"a":1,"a":1,"b":1,"b":1} => 422 a:duplicate
--- drive: tries



=== TEST 64: an input without fields takes nothing
--- fields
--- config
location = /none { wxapp_input { } $ECHO() }
--- drive
is reply(ask('POST', '/none', 'application/json', '{}')), '', 'nothing';
is reply(ask('POST', '/none', 'application/json', '{"a":1}')), '422 a:unknown', 'something';
is reply(ask('GET', '/none?a')), '422 a:unknown', 'in the query';



=== TEST 65: where the values are, by the method
--- fields
a int;
--- tries
GET:QUERY a=1 => a=[1]
DELETE:QUERY a=1 => a=[1]
DELETE:QUERY b=1 => 422 b:unknown
OPTIONS:QUERY b=1 => 422 b:unknown
POST:JSON {"a":1} => a=[1]
PUT:JSON {"a":1} => a=[1]
PATCH:JSON {"a":1} => a=[1]
PATCH:FORM a=1 => a=[1]
PUT:JSON {"b":1} => 422 b:unknown
--- drive: tries



=== TEST 66: HEAD is checked as GET
--- fields
a int required;
--- drive
is ask('HEAD', '/in?a=1')->{status}, 200, 'good';
my $r = ask('HEAD', '/in?a=x');
is $r->{status}, 422, 'wrong';
is $r->{body}, '', 'and has no body';



=== TEST 67: the query of a POST and the body of a GET are not looked at
--- fields
a int;
--- drive
is reply(ask('POST', '/in?a=x&b=1', 'application/json', '{"a":1}')), 'a=[1]', 'POST';
is reply(ask('GET', '/in?a=2', 'application/json', '{"a":1}')), 'a=[2]', 'GET';
is reply(ask('DELETE', '/in?a=2', 'text/plain', 'x')), 'a=[2]', 'DELETE';



=== TEST 68: source=query for all methods
--- params: source=query
--- fields
a int;
--- drive
is reply(ask('POST', '/in?a=1', 'application/json', '{"a":2,"b":3}')), 'a=[1]', 'POST';
is reply(ask('POST', '/in?b=1', 'application/json', '{"a":2}')), '422 b:unknown', 'unknown';
is reply(ask('POST', '/in?a=1', 'text/plain', 'x')), 'a=[1]', 'the type of the body does not matter';
is reply(ask('PUT', '/in')), 'a=[]', 'PUT without anything';



=== TEST 69: source=body for all methods
--- params: source=body extra=ignore
--- fields
a int;
--- drive
is reply(ask('GET', '/in?a=2', 'application/json', '{"a":1}')), 'a=[1]', 'GET';
is reply(ask('DELETE', '/in?a=2', 'application/x-www-form-urlencoded', 'a=1&b=2')), 'a=[1]', 'DELETE';
is reply(ask('GET', '/in?a=2')), 'a=[]', 'GET without a body';



=== TEST 70: no body is no field
--- fields
a int;
b int default=2;
--- drive
is reply(ask('POST', '/in')), 'a=[] b=[2]', 'none';
is reply(ask('POST', '/in', 'application/json', '')), 'a=[] b=[2]', 'empty';
is reply(ask('POST', '/in', 'text/plain', '')), 'a=[] b=[2]', 'empty of another type';
like raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    qr/^HTTP\/1.1 200 .*b=\[2\]/s, 'empty in chunks';



=== TEST 71: bodies that are no JSON object
--- fields
a int;
--- tries
JSON { => 400 invalid_json
JSON [1] => 400 invalid_json
JSON "a" => 400 invalid_json
JSON null => 400 invalid_json
JSON   => 400 invalid_json
JSON a=1 => 400 invalid_json
JSON {"a":1}{"a":1} => 400 invalid_json
JSON {'a':1} => 400 invalid_json
JSON {"a":1,} => 400 invalid_json
JSON {"a":\xff} => 400 invalid_json
JSON {"a":"\xff"} => 400 invalid_json
JSON {"a":"\xed\xa0\x80"} => 400 invalid_json
JSON {"a":"\ud800"} => 400 invalid_json
JSON \xef\xbb\xbf{"a":1} => 400 invalid_json
JSON {"a":NaN} => 400 invalid_json
--- drive: tries



=== TEST 72: JSON of 32 levels, of 33, and of 65536 values and more
--- fields
a json;
--- drive
is ask('POST', '/in', 'application/json', '{"a":' . '[' x 31 . ']' x 31 . '}')->{status}, 200, '32 levels';
is reply(ask('POST', '/in', 'application/json', '{"a":' . '[' x 32 . ']' x 32 . '}')), '400 invalid_json', '33 levels';
is ask('POST', '/in', 'application/json', '{"a":[' . join(',', (1) x 65534) . ']}')->{status}, 200, '65536 values';
is reply(ask('POST', '/in', 'application/json', '{"a":[' . join(',', (1) x 65535) . ']}')), '400 invalid_json', 'one more';
--- config
large_client_header_buffers 4 256k;



=== TEST 73: any bytes as a body are answered, not a crash
--- fields
a json;
b string[];
c binary;
--- drive
srand 7;
my %seen;
for my $type ('application/json', 'application/x-www-form-urlencoded') {
    for (1 .. 150) {
        my @words = ('{"a":', '}', '[', ']', '"', '\\u', 'a=', '&', 'b=', '%', '%0', 'c=', '==', "\0", "\xff", 'null', ',', '1', "\n", 'b":');
        my $body = CORE::join '', map { $words[CORE::rand @words] } 1 .. 1 + CORE::rand 20;
        my $r = ask('POST', '/in', $type, $body);
        $seen{ $r->{status} }++;
        like $r->{status}, qr/^(?:200|400|422)$/, 'status' or diag unpack 'H*', $body;
    }
}
ok $seen{200} && $seen{400} && $seen{422}, 'of all kinds';
--- config
ignore_invalid_headers off;



=== TEST 74: Content-Type: JSON by its names
--- fields
a int;
--- drive
is reply(ask('POST', '/in', $_, '{"a":1}')), 'a=[1]', $_ // 'none'
    for 'application/json', 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON', 'application/json ',
        'application/merge-patch+json', 'application/vnd.api+json; v=1', undef, '';



=== TEST 75: Content-Type: forms by their name
--- fields
a int;
--- drive
is reply(ask('POST', '/in', $_, 'a=1')), 'a=[1]', $_
    for 'application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=UTF-8', 'Application/X-WWW-Form-Urlencoded';
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', '{"a":1}')), '422 {"a":1}:unknown', 'JSON is no form';



=== TEST 76: other types are 415
--- fields
a int;
--- drive
for ('text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/octet-stream', 'application/jsonx', 'json',
     'application/json5', 'application/json/x', 'text/json', 'x', 'application/x-www-form-urlencodedx', 'application/x-www-form-urlencode')
{
    my $r = ask('POST', '/in', $_, '{"a":1}');
    is reply($r), '415 unsupported_media_type', $_;
    is $r->{headers}{'content-type'}, 'application/problem+json', 'a problem';
}
is reply(ask('POST', '/in', 'application/json', '{"a":1}', "Content-Type: $_")), '415 unsupported_media_type', "and two of them: $_"
    for 'application/json', 'text/plain', '';



=== TEST 77: 415 comes without reading the body, and without 100
--- fields
a int;
--- drive
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n");
like $got, qr{^HTTP/1\.1 415 }, 'at once';
unlike $got, qr{100 Continue}, 'no 100';
--- config
lingering_timeout 50ms;



=== TEST 78: Expect: 100-continue is answered, then the body is read
--- fields
a int;
--- drive
my $s = connection();
my $body = '{"a":1}';
syswrite $s, "POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: " . length($body) . "\r\n\r\n";
sysread $s, my $got, 4096;
is $got, "HTTP/1.1 100 Continue\r\n\r\n", 'the 100';
syswrite $s, $body;
$got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1\.1 200 .*a=\[1\]}s, 'the 200';



=== TEST 79: a body in many packets
--- fields
a string;
--- drive
my $body = '{"a":"hello"}';
my $all = "POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
my $s = connection();
while (length $all) { syswrite $s, substr $all, 0, 9, ''; pause(0.001) }
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1\.1 200 .*a=\[hello\]}s, 'taken';



=== TEST 80: faults of a body that comes later
--- fields
a int;
--- drive
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n", '{"a":', '"x"}');
like $got, qr{^HTTP/1\.1 422 .*"field":"a","rule":"type"}s, 'told';



=== TEST 81: a body in chunks, in a temporary file, always in a file
--- fields
a text;
--- config
large_client_header_buffers 4 128k;
client_body_buffer_size 1k;
location = /file { wxapp_input { a text; } client_body_in_file_only clean; $ECHO(a) }
--- drive
my $text = text(30000);
is reply(ask('POST', '/in', 'application/json', qq({"a":"$text"}))), "a=[$text]", 'a temporary file';
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', "a=$text" =~ s/ /+/gr)), "a=[$text]", 'of a form';
is reply(ask('POST', '/file', 'application/json', '{"a":"x"}')), 'a=[x]', 'always a file';
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked(qq({"a":"$text"}), 777));
like $got, qr/a=\[\Q$text\E\]/, 'chunks';
$got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked(qq({"b":"$text"}), 777));
like $got, qr/"rule":"unknown"/, 'chunks with a fault';
ok wait_until { my @files = glob Test::Nginx::Util::server_root() . '/client_body_temp/*'; !@files }, 'no file is left';



=== TEST 82: pipelined requests are kept apart
--- fields
a int;
--- drive
my $post = sub { my ($body, @more) = @_; CORE::join "\r\n", 'POST /in HTTP/1.1', 'Host: a', @more, 'Content-Length: ' . length $body, '', $body };
my $got = raw(CORE::join '', map({ $post->(qq({"a":$_})) } 1, 2), $post->('{"a":"x"}'), $post->('{'), $post->('{"a":3}', 'Connection: close'));
is CORE::join(' ', $got =~ m{HTTP/1\.1 (\d+)}g), '200 200 422 400 200', 'statuses';
is CORE::join(' ', $got =~ m{a=\[(\d)\]}g), '1 2 3', 'values';



=== TEST 83: the connection lives on after a 422, a 415 and a 413
--- fields
a int;
--- in
client_max_body_size 0;
--- drive
my $s = connection();
for (['{"a":"x"}', 'application/json', 422], ['x' x 5000, 'text/plain', 415], ['{"a":1}' . ' ' x 1_100_000, 'application/json', 413],
     ['{"a":1}', 'application/json', 200])
{
    my ($body, $type, $status) = @$_;
    my $h = begin('POST', '/in', undef, socket => $s, headers => ["Content-Type: $type", 'Content-Length: ' . length $body]);
    my $rest = $body;
    while (length $rest) { my $n = syswrite($s, $rest) // last; substr $rest, 0, $n, '' }
    my $r = finish($h);
    is $r->{status}, $status, "the $status";
}



=== TEST 84: a body over 1 MB
--- fields
a json;
--- in
client_max_body_size 0;
--- drive
is reply(ask('POST', '/in', 'application/json', '{"a":1}' . ' ' x (1048577 - 7))), '413 body_too_large', 'JSON';
is reply(ask('POST', '/in', 'application/x-www-form-urlencoded', 'a=' . '1' x 1048575)), '413 body_too_large', 'a form';
is reply(ask('POST', '/in', 'application/json', '{"a":1}' . ' ' x (1048576 - 7))), 'a=[1]', 'exactly 1 MB';



=== TEST 85: a body over client_max_body_size is nginx's 413
--- fields
a json;
--- in
client_max_body_size 1k;
--- drive
is ask('POST', '/in', 'application/json', '{"a":"' . 'x' x 2000 . '"}')->{status}, 413, 'by its length';
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked('{"a":"' . 'x' x 2000 . '"}', 100));
like $got, qr{^HTTP/1\.1 413 }, 'in chunks';
--- error_log
client intended to send too large



=== TEST 86: an upload that is broken off leaves nothing behind
--- fields
a text;
--- in
client_body_buffer_size 1k;
--- drive
for my $part ('', '{"a":', '{"a":"' . 'x' x 5000) {
    my $s = connection();
    syswrite $s, "POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n$part";
    pause(0.02);
    close $s;
}
ok wait_until { my $n = () = logs(0) =~ /client prematurely closed connection/g; $n >= 3 }, 'all were noticed';
ok wait_until { my @files = glob Test::Nginx::Util::server_root() . '/client_body_temp/*'; !@files }, 'no file is left';
is reply(ask('POST', '/in', 'application/json', '{"a":"after"}')), 'a=[after]', 'nginx goes on';



=== TEST 87: an upload that stops is timed out
--- fields
a text;
--- in
client_body_timeout 100ms;
--- drive
is raw("POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"), '', 'closed';
is reply(ask('POST', '/in', 'application/json', '{"a":"after"}')), 'a=[after]', 'nginx goes on';



=== TEST 88: a client that goes away while the content works
--- fields
a int;
--- config
location = /slow { wxapp_input { a int; } proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/logs/up.sock:/; }
--- drive
my $listen = upstream();
my $h = begin('POST', '/slow', '{"a":1}');
my $peer = $listen->accept;
sysread $peer, my $got, 4096;
like $got, qr/\{"a":1\}\z/, 'the body came through';
abandon($h);
is sysread($peer, $got, 1), 0, 'the content was told';
is reply(ask('POST', '/in', 'application/json', '{"a":1}')), 'a=[1]', 'nginx goes on';



=== TEST 89: the content behind it gets the body: in memory, in a file, in chunks, as a form
--- config
client_body_buffer_size 1k;
location = /in {
    wxapp_input extra=ignore { a string; }
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/body;
    proxy_buffer_size 256k;
    proxy_buffers 4 256k;
}
location = /body {
    client_body_buffer_size 256k;
    client_body_in_single_buffer on;
    add_header X-Body $request_body;
    add_header X-Type $content_type;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
}
--- drive
my $text = text(40000);
for ('{"a":"small"}', qq({"a":"x","b":"$text"})) {
    my $r = ask('POST', '/in', 'application/json', $_);
    is $r->{status}, 200, 'status';
    is $r->{headers}{'x-body'}, $_, 'body of ' . length;
    is $r->{headers}{'x-type'}, 'application/json', 'type';
}
my $form = 'a=1&b=' . 'y' x 5000;
is ask('PUT', '/in', 'application/x-www-form-urlencoded', $form)->{headers}{'x-body'}, $form, 'a form';
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" . chunked(qq({"b":"$text"}), 777));
like $got, qr/X-Body: \{"b":"\Q$text\E"\}\r\n/, 'chunks';



=== TEST 90: proxy_request_buffering off behind it
--- config
location = /in {
    wxapp_input { a string; }
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/body;
}
location = /body {
    client_body_in_single_buffer on;
    add_header X-Body $request_body;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
}
--- drive
my $got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 13\r\n\r\n", '{"a":"', 'hello"}');
like $got, qr/X-Body: \{"a":"hello"\}\r\n/, 'with its length';
$got = raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n", chunked('{"a":"hello"}', 3));
like $got, qr/X-Body: \{"a":"hello"\}\r\n/, 'chunked';
like raw("POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 7\r\n\r\n", '{"a":', '1}'), qr/^HTTP\/1.1 422 /, 'a fault';



=== TEST 91: the body goes to the second upstream when the first fails
--- wxapp
upstream two { server 127.0.0.1:1; server 127.0.0.1:$TEST_NGINX_SERVER_PORT; }
--- config
location = /in {
    wxapp_input { a string; }
    proxy_next_upstream error non_idempotent;
    proxy_pass http://two/body;
}
location = /body {
    client_body_in_single_buffer on;
    add_header X-Body $request_body;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo;
}
--- drive
is ask('POST', '/in', 'application/json', qq({"a":"$_"}))->{headers}{'x-body'}, qq({"a":"$_"}), "body $_" for 1 .. 4;



=== TEST 92: a resource behind it reads the body again
--- config
location /notes { wxapp_input { text text required max=20; n bigint as=string; } client_body_buffer_size 1k; $NOTES }
--- drive
my $r = ask('POST', '/notes', 'application/json', '{"text":"hello"}');
is $r->{status}, 201, 'made';
is $r->{json}{text}, 'hello', 'the text';
is reply(ask('POST', '/notes', 'application/json', '{"text":"' . 'x' x 30 . '"}')), '422 text:max', 'the input refuses';
is reply(ask('POST', '/notes', 'application/json', '{"text":"a","bin":"AA=="}')), '422 bin:unknown', 'a column that is no input';
is reply(ask('POST', '/notes', 'application/json', '{"text":"a","n":"7"}')), '422 n:enum', 'the resource refuses';



=== TEST 93: columns with the new types and rules
--- config
location /notes { $NOTES }
--- drive
use MIME::Base64;
my $bytes = CORE::join '', map { chr } 0 .. 255;
my $base64 = encode_base64($bytes, '');
my $r = ask('POST', '/notes', 'application/json', qq({"bin":"$base64","n":"9007199254740993"}));
is $r->{status}, 201, 'made';
like $r->{body}, qr/^\{"id":"(\d+)","text":null,"bin":"\Q$base64\E","n":"9007199254740993","d":1\.50\}$/, 'base64, strings for numbers, the default';
my $row = (mysql_query('SELECT HEX(bin) AS bin, n, d FROM notes ORDER BY id DESC LIMIT 1'))[0];
is $row->{bin}, uc unpack('H*', $bytes), 'the bytes in the table';
is $row->{n}, '9007199254740993', 'the number';
is $row->{d}, '1.50', 'the default';
is reply(ask('POST', '/notes', 'application/json', '{"bin":"x","n":3,"d":"y"}')), '422 bin:type n:enum d:type', 'faults';
is ask('POST', '/notes', 'application/json', '{"n":1,"d":7}')->{json}{d}, 7, 'a number as well';
my $id = $r->{json}{id};
is ask('GET', "/notes/$id")->{json}{bin}, $base64, 'read again';



=== TEST 94: wxapp_login behind it
--- config
location = /login { wxapp_input { code string required; } wxapp_login; }
--- drive
is reply(ask('POST', '/login', 'application/json', '{}')), '422 code:required', 'refused';
like ask('POST', '/login', 'application/json', '{"code":"' . fresh_code('input') . '"}')->{body}, qr/"access_token"/, 'logged in';



=== TEST 95: static files and other contents behind it
--- config
location = /ping { wxapp_input { a int; } wxapp_ping; }
location = /gif { wxapp_input { a int; } empty_gif; }
location = /f.txt { wxapp_input { a int; } add_header X-A $wxapp_in_a; }
--- user_files
>>> f.txt
text
--- drive
for (qw(/ping /gif /f.txt)) {
    is ask('GET', "$_?a=1")->{status}, 200, "$_ good";
    is reply(ask('GET', "$_?a=x")), '422 a:type', "$_ wrong";
}
is ask('GET', '/f.txt?a=1')->{headers}{'x-a'}, '1', 'the variable';
is ask('POST', '/ping', 'application/json', '{"a":1}')->{status}, 405, 'the method is the content\'s';



=== TEST 96: return and rewrite come before it
--- config
location = /r { wxapp_input { a int required; } return 200 "[$wxapp_in_a]"; }
location = /w { wxapp_input { a int required; } rewrite ^ /to; }
location = /to { $ECHO(a) }
--- drive
is ask('GET', '/r?a=1')->{body}, '[]', 'return';
is reply(ask('GET', '/w')), 'a=[]', 'rewrite';



=== TEST 97: a location inside inherits the input, or has its own
--- config
location /a {
    wxapp_input { a int required; }
    $ECHO(a)
    location /a/in { $ECHO(a) }
    location /a/own { wxapp_input { b int required; } $ECHO(a b) }
    location /a/own/deep { wxapp_input extra=ignore { } $ECHO(a b) }
}
--- drive
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'outside';
is reply(ask('GET', '/a/in?a=1')), 'a=[1]', 'inside';
is reply(ask('GET', '/a/in')), '422 a:required', 'inside, required';
is reply(ask('GET', '/a/own?b=2')), 'a=[] b=[2]', 'its own';
is reply(ask('GET', '/a/own?a=2')), '422 a:unknown b:required', 'and not the one around';
is reply(ask('GET', '/a/own/deep?a=2')), 'a=[] b=[]', 'nothing';



=== TEST 98: an input that follows the location inside it is inherited too
--- config
location /a {
    location /a/in { $ECHO(a) }
    wxapp_input { a int required; }
    $ECHO(a)
}
--- drive
is reply(ask('GET', '/a/in')), '422 a:required', 'inherited';
is reply(ask('GET', '/a/in?a=1')), 'a=[1]', 'taken';



=== TEST 99: requests that pass through if and limit_except
--- wxapp
server { listen unix:$TEST_NGINX_SERVER_ROOT/logs/if.sock; return 200 "if $http_x_in\n"; }
--- config
location = /if { wxapp_input { a int; } if ($arg_a) { set $x 1; } $ECHO(a) }
location = /ifp { wxapp_input { a int; } $ECHO(a) if ($arg_a) { proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/logs/if.sock; } }
location = /lim { wxapp_input { a int; } limit_except GET { allow all; } $ECHO(a) }
--- drive
is reply(ask('GET', '/if?a=x')), '422 a:type', 'if';
is reply(ask('GET', '/ifp?a=x')), '422 a:type', 'if with a content';
is reply(ask('GET', '/ifp?a=1')), 'if a=[1]', 'if, the value';
is reply(ask('POST', '/lim', 'application/json', '{"a":"x"}')), '422 a:type', 'limit_except';
is reply(ask('POST', '/lim', 'application/json', '{"a":1}')), 'a=[1]', 'limit_except, the value';



=== TEST 100: one location may have an input and the next none
--- config
location = /a { wxapp_input { a int; } $ECHO(a) }
location = /b { $ECHO(a) }
--- drive
is reply(ask('GET', '/b?a=1')), 'a=[]', 'none';
is reply(ask('POST', '/b', 'text/plain', 'x')), 'a=[]', 'anything goes';
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'one';



=== TEST 101: a named location keeps the values
--- config eval
my $echo = main::content('a') =~ s{/echo;}{;}r;
"location = /a { wxapp_input { a int; } try_files /none \@b; } location \@b { rewrite ^ /echo break; $echo }"
--- drive
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'by GET';
is reply(ask('POST', '/a', 'application/json', '{"a":2}')), 'a=[2]', 'by POST';
is reply(ask('POST', '/a', 'application/json', '{"a":"x"}')), '422 a:type', 'a fault';



=== TEST 102: an internal redirect keeps the values and does not check again
--- config
location /a {
    wxapp_input { a int; }
    try_files /none /a/next?a=x;
    location = /a/next { $ECHO(a) }
}
--- drive
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'by GET';
is reply(ask('POST', '/a', 'application/json', '{"a":2}')), 'a=[2]', 'by POST';



=== TEST 103: an internal redirect to a location with another input is checked by that
--- config
location = /a { wxapp_input { a int; } try_files /none /b?b=7; }
location = /b { wxapp_input { b int max=5; } $ECHO(a b) }
location = /c { wxapp_input { a int; } try_files /none /d; }
location = /d { wxapp_input extra=ignore { a int max=5; b int; } $ECHO(a b) }
--- drive
is reply(ask('GET', '/a?a=1')), '422 b:max', 'the query of the redirect';
is reply(ask('POST', '/c', 'application/json', '{"a":2}')), 'a=[2] b=[]', 'the same body';
is reply(ask('POST', '/c', 'application/json', '{"a":9}')), '422 a:max', 'and its faults';



=== TEST 104: X-Accel-Redirect
--- config
location = /a { wxapp_input { a int; } proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/accel; }
location = /accel { add_header X-Accel-Redirect /b; return 200; }
location = /b { internal; $ECHO(a) }
--- drive
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'the value is still there';
is reply(ask('POST', '/a', 'application/json', '{"a":1}')), 'a=[1]', 'of a body too';



=== TEST 105: error_page behind a content that fails
--- config
location = /a { wxapp_input { a int; } error_page 502 /oops; proxy_pass http://127.0.0.1:1; }
location = /oops { $ECHO(a) }
location = /b { wxapp_input { a int; } error_page 502 @oops; proxy_pass http://127.0.0.1:1; }
location @oops { add_header X-A "[$wxapp_in_a]" always; return 503; }
--- drive
is ask('POST', '/a', 'application/json', '{"a":1}')->{body}, "a=[1]\n", 'a location';
is ask('POST', '/b', 'application/json', '{"a":1}')->{headers}{'x-a'}, '[1]', 'a named one';
is reply(ask('POST', '/b', 'application/json', '{"a":"x"}')), '422 a:type', 'error_page is not for our problems';
--- error_log
Connection refused



=== TEST 106: subrequests are not checked
--- config
location = /sub { wxapp_input { b int required; } return 204; }
location = /auth { wxapp_input { b int required; } $ECHO(a) }
location = /a { wxapp_input { a int; } auth_request /auth; $ECHO(a) }
location = /m { wxapp_input { a int; } mirror /mirrored; $ECHO(a) }
location = /mirrored { wxapp_input { c int required; } internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/echo; }
--- drive
is reply(ask('GET', '/a?a=1')), 'a=[1]', 'auth_request';
is reply(ask('POST', '/a', 'application/json', '{"a":1}')), 'a=[1]', 'auth_request and a body';
is reply(ask('POST', '/m', 'application/json', '{"a":1}')), 'a=[1]', 'mirror';
is reply(ask('POST', '/m', 'application/json', '{"a":"x"}')), '422 a:type', 'mirror of a fault';



=== TEST 107: a mirror sees what passed, with the body
--- config
location = /m { wxapp_input { a int; } mirror /mirrored; $ECHO(a) }
location = /mirrored { internal; proxy_pass http://unix:$TEST_NGINX_SERVER_ROOT/logs/up.sock:/; }
--- drive
my $listen = upstream();
is reply(ask('POST', '/m', 'application/json', '{"a":"x"}')), '422 a:type', 'a fault';
is reply(ask('POST', '/m', 'application/json', '{"a":5}')), 'a=[5]', 'no fault';
my $peer = $listen->accept;
sysread $peer, my $got, 4096;
like $got, qr/\{"a":5\}\z/, 'the first that is mirrored is the second';
syswrite $peer, "HTTP/1.0 204 No Content\r\n\r\n";
close $peer;



=== TEST 108: the token and the limit come first, and then the body is not read
--- config
location = /auth { wxapp_auth on; wxapp_input { a int; } $ECHO(a) }
location = /limit { wxapp_limit once rate=1r/m key=$arg_k; wxapp_input { a int; } $ECHO(a) }
lingering_timeout 50ms;
--- drive
is reply(ask('POST', '/auth', 'application/json', '{"a":"x"}')), '401 unauthorized', 'no token';
my $token = 'Authorization: Bearer ' . make_token(sub => 7);
is reply(ask('POST', '/auth', 'application/json', '{"a":"x"}', $token)), '422 a:type', 'with a token';
is reply(ask('POST', '/auth', 'application/json', '{"a":1}', $token)), 'a=[1]', 'and a value';
like raw("POST /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"), qr{^HTTP/1\.1 401 }, 'no 100';
is reply(ask('POST', '/limit?k=1', 'application/json', '{"a":"x"}')), '422 a:type', 'the first';
is reply(ask('POST', '/limit?k=1', 'application/json', '{"a":"x"}')), '429 rate_limited', 'the second';



=== TEST 109: variables have no control characters
--- fields
a string;
b text[];
c json;
--- tries
JSON {"a":"x\r\nSet-Cookie: y"} => a=[x  Set-Cookie: y] b=[] c=[]
JSON {"a":"\u0001\t\u001f\u007f"} => a=[   \x7f] b=[] c=[]
QUERY a=x%0d%0ay%0bz => a=[x  y z] b=[] c=[]
JSON {"b":["\r\n"],"c":"\r\n"} => a=[] b=[["\r\n"]] c=["\r\n"]
--- drive: tries



=== TEST 110: a header made of a variable stays one header
--- config
location = /h { wxapp_input { a string; } add_header X-A "[$wxapp_in_a]"; wxapp_ping; }
--- drive
my $r = ask('GET', '/h?a=x%0d%0aX-B:%20evil%0d%0a%0d%0abody');
is $r->{headers}{'x-a'}, '[x  X-B: evil    body]', 'one line';
is $r->{headers}{'x-b'}, undef, 'and no other';



=== TEST 111: variables before the check, without a field, without a name
--- config
set $before "[$wxapp_in_a]";
location = /v { wxapp_input { a int; } add_header X-V "$before [$wxapp_in_a] [$wxapp_in_z] [${wxapp_in_}]"; wxapp_ping; }
--- drive
is ask('GET', '/v?a=1')->{headers}{'x-v'}, '[] [1] [] []', 'only afterwards';



=== TEST 112: names with capitals: exactly as they are in the input, in any case as a variable
--- config
location = /v { wxapp_input { userId int; } add_header X-V "$wxapp_in_userId $wxapp_in_userid $wxapp_in_USERID"; wxapp_ping; }
--- drive
is ask('GET', '/v?userId=1')->{headers}{'x-v'}, '1 1 1', 'the variable';
is reply(ask('GET', '/v?userid=1')), '422 userid:unknown', 'another name';
is reply(ask('GET', '/v?userId=1&userid=2')), '422 userid:unknown', 'beside it';



=== TEST 113: the variable in the access log, a map and a limit's key
--- wxapp
log_format in "in=$wxapp_in_a m=$mapped";
map $wxapp_in_a $mapped { default other; 7 seven; }
--- config
location = /l { wxapp_input { a int; } access_log logs/in.log in; wxapp_ping; }
--- drive
ask('GET', '/l?a=7');
ask('GET', '/l?a=8');
ask('GET', '/l?a=x');
ok wait_until { logs(0, Test::Nginx::Util::server_root() . '/logs/in.log') eq "in=7 m=seven\nin=8 m=other\nin=- m=other\n" }, 'three lines';



=== TEST 114: the word of the problem is in $wxapp_error
--- fields
a int;
--- wxapp
log_format err "$status $wxapp_error";
--- config
access_log logs/err.log err;
--- drive
ask('POST', '/in', 'application/json', $_) for '{"a":"x"}', '{', '{"a":1}';
ask('POST', '/in', 'text/plain', 'x');
ok wait_until { logs(0, Test::Nginx::Util::server_root() . '/logs/err.log') =~ /^422 validation_failed\n400 invalid_json\n200 -\n200 -\n415 unsupported_media_type\n/m }, 'the words';



=== TEST 115: over HTTP/2
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; client_body_buffer_size 1k; client_max_body_size 2m;
location = /in { wxapp_input { a text; } " . main::content('a') . " } }"
--- config
large_client_header_buffers 4 128k;
--- drive
my $h2 = h2_connect(Test::Nginx::Util::server_root() . '/logs/h2.sock');
my %id = map { $_ => h2_post($h2, '/in', qq({"a":"note $_"})) } 1 .. 10;
my $wrong = h2_post($h2, '/in', '{"a":7}');
my $broken = h2_post($h2, '/in', '{');
for my $n (sort keys %id) {
    my $r = h2_reply($h2, $id{$n});
    is $r->{status}, 200, "status $n";
    is $r->{body}, "a=[note $n]\n", "text $n";
}
my $r = h2_reply($h2, $wrong);
is $r->{status}, 422, 'a fault';
like $r->{body}, qr/"field":"a","rule":"type"/, 'which';
is h2_reply($h2, $broken)->{status}, 400, 'no JSON';
for (1 .. 10) {
    my $id = h2_post($h2, '/in', '{"a":"gone"}');
    h2_reset($h2, $id);
}
is h2_reply($h2, h2_post($h2, '/in', '{"a":"stays"}'))->{body}, "a=[stays]\n", 'after resets';



=== TEST 116: over HTTP/2: through a file, without a length, an empty body
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; client_body_buffer_size 1k; client_max_body_size 2m;
location = /in { wxapp_input { a text; } " . main::content('a') . " } }"
--- config
large_client_header_buffers 4 128k;
--- drive
my $root = Test::Nginx::Util::server_root();
my $curl = sub {
    my ($body, @more) = @_;
    open my $fh, '>:raw', "$root/logs/body" or die "$!\n";
    print $fh $body;
    close $fh;
    open my $out, '-|', qw(curl -s -m 5 --http2-prior-knowledge --unix-socket), "$root/logs/h2.sock", '-w', '%{http_code}',
        '--data-binary', "\@$root/logs/body", @more ? @more : ('-H', 'Content-Type: application/json'), 'http://a/in' or die "curl: $!\n";
    local $/;
    return scalar <$out>;
};
my $text = text(30000);
is $curl->(qq({"a":"$text"})), "a=[$text]\n200", 'a file';
is $curl->('{"a":"x"}', '-H', 'Content-Length:', '-H', 'Content-Type: application/json'), "a=[x]\n200", 'without a length';
is $curl->(''), "a=[]\n200", 'empty';
like $curl->('{"a":"x"}' . ' ' x 1_100_000), qr/"code":"body_too_large".*413\z/, 'too large';



=== TEST 117: HTTP/1.0, and a keep-alive after GET with a body that nobody reads
--- fields
a int;
--- drive
like raw("POST /in HTTP/1.0\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), qr/a=\[1\]/, 'HTTP/1.0';
my $got = raw("GET /in?a=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyzGET /in?a=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is CORE::join(' ', $got =~ m{a=\[(\d)\]}g), '1 2', 'both';



=== TEST 118: several workers, a reload in between
--- workers: 2
--- fields
a int default=5;
--- drive
is reply(ask('GET', '/in')), 'a=[5]', 'before';
my $s = connection();
syswrite $s, "POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 7\r\n\r\n{\"a";
pause(0.05);
my @old = worker_pids();
signal_nginx('HUP');
ok wait_until { my %old = map { $_ => 1 } @old; grep { !$old{$_} } worker_pids() }, 'new workers';
syswrite $s, '":7}';
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr/a=\[7\]/, 'an upload that began before';
is reply(ask('GET', '/in')), 'a=[5]', 'after';



=== TEST 119: lists of sixty-four fields
--- config eval
"location = /in { wxapp_input {\n" . CORE::join('', map { "f$_ int;\n" } 1 .. 64) . '} $ECHO(f1 f64) }'
--- drive
is reply(ask('GET', '/in?f1=1&f64=64')), 'f1=[1] f64=[64]', 'first and last';



=== TEST 120: fields from a file
--- user_files
>>> fields.conf
a int max=5;
b string;
--- config
location = /in { wxapp_input { include ../html/fields.conf; c bool; } $ECHO(a b c) }
--- drive
is reply(ask('GET', '/in?a=1&b=x&c=true')), 'a=[1] b=[x] c=[true]', 'all';
is reply(ask('GET', '/in?a=6')), '422 a:max', 'its rule';



=== TEST 121: an unknown type
--- config
    location = /a {
        wxapp_input {
            good int;
            a strng;
        }
    }
--- emerg: unknown type "strng", did you mean "string"?
--- at: a strng;



=== TEST 122: an unknown type that is near nothing
--- config
    location = /a {
        wxapp_input {
            good int;
            a varchar;
        }
    }
--- emerg: unknown type "varchar"
--- at: a varchar;



=== TEST 123: an unknown type of an array
--- config
    location = /a {
        wxapp_input {
            good int;
            a strng[];
        }
    }
--- emerg: unknown type "strng", did you mean "string"?
--- at: a strng[];



=== TEST 124: a type in upper case
--- config
    location = /a {
        wxapp_input {
            good int;
            a INT;
        }
    }
--- emerg: unknown type "INT"
--- at: a INT;



=== TEST 125: an array of arrays
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[][];
        }
    }
--- emerg: unknown type "int[]", did you mean "int"?
--- at: a int[][];



=== TEST 126: an array of json
--- config
    location = /a {
        wxapp_input {
            good int;
            a json[];
        }
    }
--- emerg: there is no type "json[]", "json" takes arrays
--- at: a json[];



=== TEST 127: brackets alone
--- config
    location = /a {
        wxapp_input {
            good int;
            a [];
        }
    }
--- emerg: unknown type "[]"
--- at: a [];



=== TEST 128: a field without a type
--- config
    location = /a {
        wxapp_input {
            good int;
            a;
        }
    }
--- emerg: field "a" has no type
--- at: a;



=== TEST 129: a field twice
--- config
    location = /a {
        wxapp_input {
            good int;
            good string;
        }
    }
--- emerg: duplicate field "good"
--- at: good string;



=== TEST 130: a field twice, in another case
--- config
    location = /a {
        wxapp_input {
            good int;
            Good string;
        }
    }
--- emerg: duplicate field "Good"
--- at: Good string;



=== TEST 131: a name with a dash
--- config
    location = /a {
        wxapp_input {
            good int;
            a-b int;
        }
    }
--- emerg: invalid name "a-b": letters, digits and underscores, 64 at most
--- at: a-b int;



=== TEST 132: an empty name
--- config
    location = /a {
        wxapp_input {
            good int;
            "" int;
        }
    }
--- emerg: invalid name "": letters, digits and underscores, 64 at most
--- at: "" int;



=== TEST 133: a name outside of ASCII
--- config
    location = /a {
        wxapp_input {
            good int;
            茶 int;
        }
    }
--- emerg: invalid name "茶": letters, digits and underscores, 64 at most
--- at: 茶 int;



=== TEST 134: an unknown rule
--- config
    location = /a {
        wxapp_input {
            good int;
            a int maxx=5;
        }
    }
--- emerg: unknown parameter "maxx", did you mean "max"?
--- at: a int maxx=5;



=== TEST 135: an unknown word
--- config
    location = /a {
        wxapp_input {
            good int;
            a int requird;
        }
    }
--- emerg: unknown parameter "requird", did you mean "required"?
--- at: a int requird;



=== TEST 136: a word of resources
--- config
    location = /a {
        wxapp_input {
            good int;
            a int write;
        }
    }
--- emerg: unknown parameter "write"
--- at: a int write;



=== TEST 137: a rule that is near nothing
--- config
    location = /a {
        wxapp_input {
            good int;
            a int zzzzzzzz=1;
        }
    }
--- emerg: unknown parameter "zzzzzzzz"
--- at: a int zzzzzzzz=1;



=== TEST 138: a rule twice
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max=5 max=6;
        }
    }
--- emerg: duplicate parameter "max"
--- at: a int max=5 max=6;



=== TEST 139: a word twice
--- config
    location = /a {
        wxapp_input {
            good int;
            a int required required;
        }
    }
--- emerg: duplicate parameter "required"
--- at: a int required required;



=== TEST 140: a rule without its value
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max;
        }
    }
--- emerg: "max" needs a value: "max="
--- at: a int max;



=== TEST 141: a word with a value
--- config
    location = /a {
        wxapp_input {
            good int;
            a int required=yes;
        }
    }
--- emerg: "required" takes no value
--- at: a int required=yes;



=== TEST 142: a rule with an empty value
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max=;
        }
    }
--- emerg: invalid value in "max="
--- at: a int max=;



=== TEST 143: a bound that is no number
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max=many;
        }
    }
--- emerg: invalid bound of field "a" for type "int"
--- at: a int max=many;



=== TEST 144: a bound that is a fraction of an int
--- config
    location = /a {
        wxapp_input {
            good int;
            a int min=0.5;
        }
    }
--- emerg: invalid bound of field "a" for type "int"
--- at: a int min=0.5;



=== TEST 145: a bound of a bool
--- config
    location = /a {
        wxapp_input {
            good int;
            a bool min=1;
        }
    }
--- emerg: invalid bound of field "a" for type "bool"
--- at: a bool min=1;



=== TEST 146: a bound of a date
--- config
    location = /a {
        wxapp_input {
            good int;
            a date max=2026-11-21;
        }
    }
--- emerg: invalid bound of field "a" for type "date"
--- at: a date max=2026-11-21;



=== TEST 147: a bound of json
--- config
    location = /a {
        wxapp_input {
            good int;
            a json max=5;
        }
    }
--- emerg: invalid bound of field "a" for type "json"
--- at: a json max=5;



=== TEST 148: a negative length
--- config
    location = /a {
        wxapp_input {
            good int;
            a string min=-1;
        }
    }
--- emerg: invalid bound of field "a" for type "string"
--- at: a string min=-1;



=== TEST 149: min above max
--- config
    location = /a {
        wxapp_input {
            good int;
            a int min=5 max=4;
        }
    }
--- emerg: field "a" has min=5 above max=4
--- at: a int min=5 max=4;



=== TEST 150: min above max of a decimal
--- config
    location = /a {
        wxapp_input {
            good int;
            a decimal min=0.3 max=0.25;
        }
    }
--- emerg: field "a" has min=0.3 above max=0.25
--- at: a decimal min=0.3 max=0.25;



=== TEST 151: length that is no number
--- config
    location = /a {
        wxapp_input {
            good int;
            a string length=x;
        }
    }
--- emerg: invalid bound of field "a" for type "string"
--- at: a string length=x;



=== TEST 152: length and max
--- config
    location = /a {
        wxapp_input {
            good int;
            a string length=5 max=9;
        }
    }
--- emerg: "length" and "min" or "max" exclude each other
--- at: a string length=5 max=9;



=== TEST 153: min and length
--- config
    location = /a {
        wxapp_input {
            good int;
            a string min=5 length=9;
        }
    }
--- emerg: "length" and "min" or "max" exclude each other
--- at: a string min=5 length=9;



=== TEST 154: length of an int
--- config
    location = /a {
        wxapp_input {
            good int;
            a int length=5;
        }
    }
--- emerg: "length" of field "a" does not apply to type "int"
--- at: a int length=5;



=== TEST 155: enum of a bool
--- config
    location = /a {
        wxapp_input {
            good int;
            a bool enum=true|false;
        }
    }
--- emerg: "enum" of field "a" does not apply to type "bool"
--- at: a bool enum=true|false;



=== TEST 156: enum with an empty word
--- config
    location = /a {
        wxapp_input {
            good int;
            a string enum=a||b;
        }
    }
--- emerg: empty value in "a||b"
--- at: a string enum=a||b;



=== TEST 157: enum that ends with a bar
--- config
    location = /a {
        wxapp_input {
            good int;
            a string enum=a|;
        }
    }
--- emerg: empty value in "a|"
--- at: a string enum=a|;



=== TEST 158: enum of int with another value
--- config
    location = /a {
        wxapp_input {
            good int;
            a int enum=1|two;
        }
    }
--- emerg: invalid "enum" of field "a": "two" must be an integer of 32 bits
--- at: a int enum=1|two;



=== TEST 159: enum outside of the bounds
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max=5 enum=1|6;
        }
    }
--- emerg: invalid "enum" of field "a": "6" must be at most 5
--- at: a int max=5 enum=1|6;



=== TEST 160: regex of an int
--- config
    location = /a {
        wxapp_input {
            good int;
            a int regex=x;
        }
    }
--- emerg: "regex" of field "a" does not apply to type "int"
--- at: a int regex=x;



=== TEST 161: regex of a bool array
--- config
    location = /a {
        wxapp_input {
            good int;
            a bool[] regex=x;
        }
    }
--- emerg: "regex" of field "a" does not apply to type "bool[]"
--- at: a bool[] regex=x;



=== TEST 162: an empty regex
--- config
    location = /a {
        wxapp_input {
            good int;
            a string regex=;
        }
    }
--- emerg: invalid value in "regex="
--- at: a string regex=;



=== TEST 163: email of an int
--- config
    location = /a {
        wxapp_input {
            good int;
            a int email;
        }
    }
--- emerg: "email" of field "a" does not apply to type "int"
--- at: a int email;



=== TEST 164: email and phone
--- config
    location = /a {
        wxapp_input {
            good int;
            a string email phone;
        }
    }
--- emerg: "email" and "phone" exclude each other
--- at: a string email phone;



=== TEST 165: regex and email
--- config
    location = /a {
        wxapp_input {
            good int;
            a string regex=x email;
        }
    }
--- emerg: "regex" and "email" exclude each other
--- at: a string regex=x email;



=== TEST 166: max_items without an array
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max_items=5;
        }
    }
--- emerg: "max_items" of field "a" does not apply to type "int"
--- at: a int max_items=5;



=== TEST 167: max_items that is no number
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] max_items=many;
        }
    }
--- emerg: invalid number of items "many", it must be between 1 and 10000
--- at: a int[] max_items=many;



=== TEST 168: max_items of zero
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] max_items=0;
        }
    }
--- emerg: invalid number of items "0", it must be between 1 and 10000
--- at: a int[] max_items=0;



=== TEST 169: max_items that is too large
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] max_items=10001;
        }
    }
--- emerg: invalid number of items "10001", it must be between 1 and 10000
--- at: a int[] max_items=10001;



=== TEST 170: min_items above max_items
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] min_items=5 max_items=4;
        }
    }
--- emerg: field "a" has min_items=5 above max_items=4
--- at: a int[] min_items=5 max_items=4;



=== TEST 171: min_items above the standard of max_items
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] min_items=101;
        }
    }
--- emerg: field "a" has min_items=101 above max_items=100
--- at: a int[] min_items=101;



=== TEST 172: as of a string
--- config
    location = /a {
        wxapp_input {
            good int;
            a string as=string;
        }
    }
--- emerg: "as" of field "a" does not apply to type "string"
--- at: a string as=string;



=== TEST 173: as something else
--- config
    location = /a {
        wxapp_input {
            good int;
            a int as=text;
        }
    }
--- emerg: invalid value in "as=text", it must be "string"
--- at: a int as=text;



=== TEST 174: a default of another type
--- config
    location = /a {
        wxapp_input {
            good int;
            a int default=x;
        }
    }
--- emerg: invalid "default" of field "a": "x" must be an integer of 32 bits
--- at: a int default=x;



=== TEST 175: an empty default of an int
--- config
    location = /a {
        wxapp_input {
            good int;
            a int default=;
        }
    }
--- emerg: invalid "default" of field "a": "" must be an integer of 32 bits
--- at: a int default=;



=== TEST 176: a default above the max
--- config
    location = /a {
        wxapp_input {
            good int;
            a int max=5 default=6;
        }
    }
--- emerg: invalid "default" of field "a": "6" must be at most 5
--- at: a int max=5 default=6;



=== TEST 177: a default that is not in the enum
--- config
    location = /a {
        wxapp_input {
            good int;
            a string enum=x|y default=z;
        }
    }
--- emerg: invalid "default" of field "a": "z" must be one of x, y
--- at: a string enum=x|y default=z;



=== TEST 178: a default that does not match
--- config
    location = /a {
        wxapp_input {
            good int;
            a string phone default=123;
        }
    }
--- emerg: invalid "default" of field "a": "123" must be a mobile number of mainland China
--- at: a string phone default=123;



=== TEST 179: a default of json that is none
--- config
    location = /a {
        wxapp_input {
            good int;
            a json "default={";
        }
    }
--- emerg: invalid "default" of field "a": "{" must be JSON
--- at: a json "default={";



=== TEST 180: a default of an array that is none
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] default=1,2;
        }
    }
--- emerg: invalid "default" of field "a": "1,2" must be an array in JSON
--- at: a int[] default=1,2;



=== TEST 181: a default of an array that is another
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] default=1;
        }
    }
--- emerg: invalid "default" of field "a": "1" must be an array
--- at: a int[] default=1;



=== TEST 182: a default of an array with a wrong item
--- config
    location = /a {
        wxapp_input {
            good int;
            a int[] default=[1,"x"];
        }
    }
--- emerg: invalid "default" of field "a": "[1,"x"]" item 2 must be an integer of 32 bits
--- at: a int[] default=[1,"x"];



=== TEST 183: a default of what is required
--- config
    location = /a {
        wxapp_input {
            good int;
            a int required default=5;
        }
    }
--- emerg: field "a" is "required" and has a "default"
--- at: a int required default=5;



=== TEST 184: a block inside
--- config
    location = /a {
        wxapp_input {
            good int;
            a int { }
        }
    }
--- emerg: unexpected "{"
--- at: a int { }



=== TEST 185: a regex that is none
--- config
    location = /a {
        wxapp_input {
            a string "regex=^(a";
        }
    }
--- emerg: /pcre2?_compile\(\) failed: .*/
--- at: a string "regex=^(a";



=== TEST 186: sixty-five fields
--- config eval
"location /a { wxapp_input {\n" . CORE::join('', map { "f$_ int;\n" } 1 .. 65) . "} }\n"
--- emerg: more than 64 fields
--- at: f65 int;



=== TEST 187: a name of sixty-five characters
--- config eval
'location /a { wxapp_input { ' . 'a' x 65 . ' int; } }'
--- emerg eval
'invalid name "' . 'a' x 65 . '": letters, digits and underscores, 64 at most'



=== TEST 188: twice in a location
--- config
    location = /a {
        wxapp_input { a int; }
        wxapp_input { b int; }
    }
--- emerg: "wxapp_input" directive is duplicate
--- at: wxapp_input { b int; }



=== TEST 189: in a server
--- config
    wxapp_input { a int; }
--- emerg: "wxapp_input" directive is not allowed here
--- at: wxapp_input { a int; }



=== TEST 190: in an if
--- config
    location = /a {
        if ($arg_a) {
            wxapp_input { a int; }
        }
    }
--- emerg: "wxapp_input" directive is not allowed here
--- at: wxapp_input { a int; }



=== TEST 191: without a block
--- config
    location = /a {
        wxapp_input;
    }
--- emerg: directive "wxapp_input" has no opening "{"
--- at: wxapp_input;



=== TEST 192: an unknown parameter
--- config
    location = /a {
        wxapp_input sourse=body { }
    }
--- emerg: unknown parameter "sourse", did you mean "source"?
--- at: wxapp_input sourse=body { }



=== TEST 193: a parameter without a value
--- config
    location = /a {
        wxapp_input body { }
    }
--- emerg: invalid parameter "body", it must be name=value
--- at: wxapp_input body { }



=== TEST 194: an unknown source
--- config
    location = /a {
        wxapp_input source=cookie { }
    }
--- emerg: invalid value in "source=cookie", it must be "body" or "query"
--- at: wxapp_input source=cookie { }



=== TEST 195: an unknown extra
--- config
    location = /a {
        wxapp_input extra=allow { }
    }
--- emerg: invalid value in "extra=allow", it must be "ignore"
--- at: wxapp_input extra=allow { }



=== TEST 196: a parameter twice
--- config
    location = /a {
        wxapp_input source=body source=query { }
    }
--- emerg: duplicate parameter "source"
--- at: wxapp_input source=body source=query { }



=== TEST 197: a column that is an array
--- config
    location /a {
        wxapp_resource notes {
            column id int[];
        }
    }
--- emerg: column "id" cannot be an array
--- at: column id int[];



=== TEST 198: a column with a rule of another type
--- config
    location /a {
        wxapp_resource notes {
            column id int regex=x;
        }
    }
--- emerg: "regex" of column "id" does not apply to type "int"
--- at: column id int regex=x;



=== TEST 199: a column with a bad default
--- config
    location /a {
        wxapp_resource notes {
            column n int write max=5 default=6;
        }
    }
--- emerg: invalid "default" of column "n": "6" must be at most 5
--- at: column n int write max=5 default=6;
