# Request bodies: how they arrive, how large they may be, what is JSON and what is not.
# The resource /notes gives back what it stored, so that a reply proves the body.

use lib 't/lib';
use WXApp;
use WXDrive;
use Test::More;

WXApp::mysql()->do('CREATE TABLE notes (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,'
    . ' text MEDIUMTEXT NULL, doc LONGTEXT NULL) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4');

our $NOTES = 'wxapp_resource notes { column id bigint; column text text write; column doc json write; allow GET POST PUT; }';
our $SNIPPET = 'include ' . top() . "/conf-examples/snippets/problem.conf;\n";

my $raw;
{
    no warnings qw(redefine prototype);
    my $send = \&Test::Nginx::Socket::send_request;
    *Test::Nginx::Socket::send_request = sub ($$$$@) { my @r = $send->(@_); $raw = $r[0]; @r };
}

#   replies   the statuses on one connection, in order (with ignore_response)
#   rows      how many rows the block adds
my $rows;
sub rows { return mysql_value('SELECT COUNT(*) FROM notes') }

add_block_preprocessor(sub {
    my ($block) = @_;
    my $config = $block->config // "location /notes { $NOTES }\nlocation = /ping { wxapp_ping; }\n";
    $block->set_value(config => $config =~ s/\$NOTES/$NOTES/r =~ s/\$SNIPPET/$SNIPPET/r);
    $rows = rows();
});

Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    is rows() - $rows, $block->rows + 0, $block->name . ' - rows' if defined $block->rows;
    my $replies = $block->replies // return;
    chomp $replies;
    is join(' ', $raw =~ m{HTTP/1\.1 (\d+)}g), $replies, $block->name . ' - the replies';
});

# a request as it goes over the wire
sub wire {
    my ($body, @headers) = @_;
    my $length = grep({ /^(?:content-length|transfer-encoding)/i } @headers) ? '' : 'Content-Length: ' . length($body) . "\r\n";
    return "POST /notes HTTP/1.1\r\nHost: a\r\n$length" . join('', map { "$_\r\n" } @headers) . "\r\n$body";
}

sub last_wire { return wire(@_, 'Connection: close') }

sub chunked {
    my ($text, $size, $trailer) = @_;
    my $out = '';
    while (length $text) {
        my $part = substr $text, 0, $size, '';
        $out .= sprintf "%x\r\n%s\r\n", length $part, $part;
    }
    return $out . "0\r\n" . ($trailer // '') . "\r\n";
}

# text that tells where a piece is missing or double
sub text { my ($n) = @_; return substr join(' ', 1 .. $n), 0, $n }

# what a POST of the text to /notes says: STATUS CODE of a problem, or STATUS alone
sub said {
    my ($body, %o) = @_;
    my $r = post('/notes', $body, %o);
    return $r->{status} . ($r->{status} >= 400 ? ' ' . ($r->{json}{code} // '?') : '');
}

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: a small body in one piece
--- request
POST /notes
{"text":"hello"}
--- error_code: 201
--- response_headers_like
Location: /notes/\d+
--- response_body_like: ^\{"id":\d+,"text":"hello","doc":null\}$
--- rows: 1



=== TEST 2: a body larger than the buffer goes through a temporary file
--- config
    location /notes { client_body_buffer_size 1k; $NOTES }
--- request eval
"POST /notes\n" . '{"text":"' . main::text(50000) . '"}'
--- error_code: 201
--- response_body_like eval
'^\{"id":\d+,"text":"' . main::text(50000) . '","doc":null\}$'
--- error_log
a client request body is buffered to a temporary file
--- rows: 1



=== TEST 3: a body of exactly the buffer's size, one more, one less
--- config
    location /notes { client_body_buffer_size 1k; $NOTES }
--- drive
for my $size (1023, 1024, 1025) {
    my $text = text($size - length '{"text":""}');
    my $r = post('/notes', qq({"text":"$text"}));
    is $r->{status}, 201, "status, $size";
    is $r->{json}{text}, $text, "text, $size";
}
--- rows: 3



=== TEST 4: a body that is always in a file
--- config
    location /notes { client_body_in_file_only clean; $NOTES }
--- request
POST /notes
{"text":"hello"}
--- error_code: 201
--- response_body_like: "text":"hello"
--- rows: 1



=== TEST 5: a body that is always in a single buffer
--- config
    location /notes { client_body_in_single_buffer on; client_body_buffer_size 128k; $NOTES }
--- raw_request eval
[substr(main::last_wire('{"text":"' . main::text(30000) . '"}'), 0, 9000),
 substr(main::last_wire('{"text":"' . main::text(30000) . '"}'), 9000)]
--- raw_request_middle_delay: 0.02
--- error_code: 201
--- response_body_like eval
'"text":"' . main::text(30000) . '"'
--- rows: 1



=== TEST 6: chunked, in one chunk
--- raw_request eval
main::last_wire(main::chunked('{"text":"hello"}', 1000), 'Transfer-Encoding: chunked')
--- error_code: 201
--- response_body_like: "text":"hello"
--- rows: 1



=== TEST 7: chunked, a byte a chunk
--- raw_request eval
main::last_wire(main::chunked('{"text":"' . main::text(2000) . '"}', 1), 'Transfer-Encoding: chunked')
--- error_code: 201
--- response_body_like eval
'"text":"' . main::text(2000) . '"'
--- rows: 1



=== TEST 8: chunked, through a temporary file
--- config
    location /notes { client_body_buffer_size 1k; $NOTES }
--- raw_request eval
main::last_wire(main::chunked('{"text":"' . main::text(40000) . '"}', 777), 'Transfer-Encoding: chunked')
--- error_code: 201
--- response_body_like eval
'"text":"' . main::text(40000) . '"'
--- rows: 1



=== TEST 9: chunked, with chunk extensions
--- raw_request eval
main::last_wire("5;a=b\r\n{\"tex\r\nb;c=\"d\"\r\nt\":\"hello\"}\r\n0\r\n\r\n", 'Transfer-Encoding: chunked')
--- error_code: 201
--- response_body_like: "text":"hello"



=== TEST 10: chunked, with a trailer, and the next request behind it
--- raw_request eval
main::wire(main::chunked('{"text":"hello"}', 5, "X-Trailer: a\r\n"), 'Transfer-Encoding: chunked')
    . main::last_wire('{"text":"again"}')
--- ignore_response
--- replies: 201 201
--- rows: 2



=== TEST 11: chunked, in many packets, cut in the middle of sizes and line ends
--- drive
my $s = connection();
my $head = wire('', 'Transfer-Encoding: chunked', 'Connection: close');
my $text = text(100);
my $all = $head . chunked(qq({"text":"$text"}), 7);
while (length $all) {
    syswrite $s, substr $all, 0, 3, '';
    pause(0.001);
}
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1.1 201 .*"text":"\Q$text\E"}s, 'the text';
--- rows: 1



=== TEST 12: headers and body in many packets
--- drive
my $s = connection();
my $all = last_wire('{"text":"hello"}');
while (length $all) {
    syswrite $s, substr $all, 0, 5, '';
    pause(0.001);
}
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1.1 201 .*"text":"hello"}s, 'the text';
--- rows: 1



=== TEST 13: a body that follows its headers later
--- drive
my $s = connection();
my $body = '{"text":"hello"}';
syswrite $s, last_wire('', 'Content-Length: ' . length $body);
pause(0.1);
syswrite $s, $body;
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1.1 201 .*"text":"hello"}s, 'the text';
--- rows: 1



=== TEST 14: no body at all
--- raw_request eval
"POST /notes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- error_code: 400
--- response_body_like: "error":"body_missing","code":"body_missing"
--- rows: 0



=== TEST 15: Content-Length 0
--- raw_request eval
main::last_wire('', 'Content-Length: 0')
--- error_code: 400
--- response_body_like: "code":"body_missing"
--- rows: 0



=== TEST 16: chunked and empty
--- raw_request eval
main::last_wire("0\r\n\r\n", 'Transfer-Encoding: chunked')
--- error_code: 400
--- response_body_like: "code":"body_missing"
--- rows: 0



=== TEST 17: nothing but white space
--- drive
is said($_), '400 invalid_json', JSON::PP->new->allow_nonref->encode($_) for ' ', "\n", "\t\r\n ", ' ' x 100_000;
--- rows: 0



=== TEST 18: white space around is allowed
--- drive
is said(" \r\n\t{ \"text\" :\n\"a\" }\n\n"), '201', 'accepted';
is said(' ' x 60_000 . '{"text":"a"}' . ' ' x 60_000), '201', 'a lot of it';
--- rows: 2



=== TEST 19: more than client_max_body_size, by Content-Length, nothing of it is read
--- config
    $SNIPPET
    lingering_timeout 50ms;
    location /notes { client_max_body_size 1k; $NOTES }
--- raw_request eval
main::last_wire('', 'Content-Length: 1025')
--- error_code: 413
--- response_headers
Content-Type: application/problem+json
--- response_body_like: "status":413,"error":"body_too_large"
--- error_log
client intended to send too large body: 1025 bytes
--- rows: 0



=== TEST 20: exactly client_max_body_size
--- config
    location /notes { client_max_body_size 1k; $NOTES }
--- request eval
"POST /notes\n" . '{"text":"' . main::text(1013) . '"}'
--- error_code: 201
--- rows: 1



=== TEST 21: more than client_max_body_size, in chunks
--- config
    $SNIPPET
    location /notes { client_max_body_size 1k; $NOTES }
--- raw_request eval
main::last_wire(main::chunked('{"text":"' . main::text(1014) . '"}', 100), 'Transfer-Encoding: chunked')
--- error_code: 413
--- response_headers
Content-Type: application/problem+json
--- response_body_like: "status":413,"error":"body_too_large"
--- error_log
client intended to send too large chunked body
--- rows: 0



=== TEST 22: more than client_max_body_size, in chunks that come slowly
--- config
    $SNIPPET
    location /notes { client_max_body_size 1k; $NOTES }
--- drive
my $s = connection();
syswrite $s, wire('', 'Transfer-Encoding: chunked', 'Connection: close');
local $SIG{PIPE} = 'IGNORE';
for (1 .. 12) {
    pause(0.005);
    syswrite $s, sprintf "%x\r\n%s\r\n", 100, 'x' x 100;
}
my $got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1.1 413 .*"error":"body_too_large"}s, 'refused';
--- error_log
client intended to send too large chunked body
--- rows: 0



=== TEST 23: without client_max_body_size our own bound holds: exactly 1 MB, and one more
--- config
    location /notes { client_max_body_size 0; $NOTES }
--- drive
my $json = '{"text":"a"}';
is said($json . ' ' x (1048576 - length $json)), '201', '1 MB';
is said($json . ' ' x (1048577 - length $json)), '413 body_too_large', 'one more';
--- error_log
a client request body is buffered to a temporary file
--- rows: 1



=== TEST 24: our own bound in memory
--- config
    location /notes { client_max_body_size 0; client_body_buffer_size 2m; $NOTES }
--- drive
my $json = '{"text":"a"}';
is said($json . ' ' x (1048576 - length $json)), '201', '1 MB';
is said($json . ' ' x (1048577 - length $json)), '413 body_too_large', 'one more';
--- no_error_log
a client request body is buffered to a temporary file
--- rows: 1



=== TEST 25: our own bound in chunks
--- config
    location /notes { client_max_body_size 0; $NOTES }
--- drive
my $json = '{"text":"a"}';
for ([1048576, 201], [1048577, 413]) {
    my ($size, $status) = @$_;
    my $s = connection();
    print $s last_wire(chunked($json . ' ' x ($size - length $json), 10000), 'Transfer-Encoding: chunked');
    $s->flush;
    my $got = '';
    1 while sysread $s, $got, 4096, length $got;
    like $got, qr{^HTTP/1.1 $status }, "$size is $status";
}
--- rows: 1



=== TEST 26: ten megabytes are refused with a problem, and the connection lives on
--- config
    location /notes { client_max_body_size 0; $NOTES }
    location = /ping { wxapp_ping; }
--- raw_request eval
main::wire('{"text":"' . 'x' x 10_485_760 . '"}') . "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
--- ignore_response
--- replies: 413 200
--- rows: 0
--- timeout: 10



=== TEST 27: ten megabytes against nginx's usual bound
--- config
    location /notes { client_max_body_size 1m; $NOTES }
--- drive
my $r = post('/notes', '{"text":"' . 'x' x 10_485_760 . '"}');
ok $r->{status} == 413 || $r->{status} == 0, "refused, or cut off while sending: $r->{status}";
is get('/ready')->{status}, 200, 'and nginx lives';
--- error_log
client intended to send too large body
--- rows: 0



=== TEST 28: Expect: 100-continue is answered before the body is sent
--- drive
my $s = connection();
my $body = '{"text":"hello"}';
syswrite $s, last_wire('', 'Content-Length: ' . length $body, 'Expect: 100-continue');
my $got = '';
my $select = IO::Select->new($s);
while ($got !~ /\r\n\r\n/ && $select->can_read(3)) { sysread $s, $got, 4096, length $got or last }
is $got, "HTTP/1.1 100 Continue\r\n\r\n", 'go on';
syswrite $s, $body;
$got = '';
1 while sysread $s, $got, 4096, length $got;
like $got, qr{^HTTP/1.1 201 .*"text":"hello"}s, 'the text';
--- rows: 1



=== TEST 29: Expect: 100-continue with a body that is too large gets no 100
--- config
    $SNIPPET
    lingering_timeout 50ms;
    location /notes { client_max_body_size 10; $NOTES }
--- raw_request eval
main::last_wire('', 'Content-Length: 11', 'Expect: 100-continue')
--- error_code: 413
--- raw_response_headers_unlike: 100 Continue
--- error_log
too large body
--- rows: 0



=== TEST 30: Expect: 100-continue without a token gets no 100
--- config
    location /notes { wxapp_auth on; lingering_timeout 50ms; $NOTES }
--- raw_request eval
main::last_wire('', 'Content-Length: 11', 'Expect: 100-continue')
--- error_code: 401
--- raw_response_headers_unlike: 100 Continue
--- rows: 0



=== TEST 31: Expect: 100-continue from HTTP/1.0 is not answered
--- raw_request eval
(main::wire('{"text":"hello"}', 'Expect: 100-continue') =~ s{HTTP/1.1}{HTTP/1.0}r)
--- error_code: 201
--- raw_response_headers_unlike: 100 Continue
--- rows: 1



=== TEST 32: HTTP/1.0 with a body
--- raw_request eval
(main::wire('{"text":"hello"}') =~ s{HTTP/1.1}{HTTP/1.0}r)
--- error_code: 201
--- response_body_like: "text":"hello"
--- response_headers
Connection: close
--- rows: 1



=== TEST 33: HTTP/1.0 in chunks is nothing that exists
--- raw_request eval
(main::wire(main::chunked('{"text":"hello"}', 10), 'Transfer-Encoding: chunked') =~ s{HTTP/1.1}{HTTP/1.0}r)
--- error_code: 400
--- rows: 0



=== TEST 34: Content-Length and Transfer-Encoding together are refused
--- raw_request eval
main::last_wire(main::chunked('{"text":"hello"}', 10), 'Transfer-Encoding: chunked', 'Content-Length: 5')
--- error_code: 400
--- rows: 0



=== TEST 35: two Content-Length headers are refused
--- raw_request eval
main::last_wire('{"text":"hello"}', 'Content-Length: 16', 'Content-Length: 17')
--- error_code: 400
--- rows: 0



=== TEST 36: a chunk size that is none
--- config
    $SNIPPET
    location /notes { $NOTES }
--- raw_request eval
main::last_wire("zz\r\n{\"text\":\"hello\"}\r\n0\r\n\r\n", 'Transfer-Encoding: chunked')
--- error_code: 400
--- response_body_like: "code":"bad_request"
--- error_log
client sent invalid chunked body
--- rows: 0



=== TEST 37: a chunk size that comes later and is none
--- config
    $SNIPPET
    location /notes { $NOTES }
--- raw_request eval
[main::last_wire("5\r\n{\"tex\r\n", 'Transfer-Encoding: chunked'), "-1\r\nt\":\"hello\"}\r\n0\r\n\r\n"]
--- raw_request_middle_delay: 0.05
--- error_code: 400
--- response_body_like: "code":"bad_request"
--- error_log
client sent invalid chunked body
--- rows: 0



=== TEST 38: a chunk size that overflows
--- raw_request eval
main::last_wire("ffffffffffffffffff\r\n{\"text\":\"hello\"}\r\n0\r\n\r\n", 'Transfer-Encoding: chunked')
--- error_code: 400
--- error_log
client sent invalid chunked body
--- rows: 0



=== TEST 39: pipelined POSTs are kept apart
--- raw_request eval
CORE::join('', map { main::wire(qq({"text":"note $_"})) } 1 .. 9) . main::last_wire('{"text":"note 10"}')
--- ignore_response
--- replies eval: CORE::join ' ', (201) x 10
--- rows: 10



=== TEST 40: pipelined POSTs of all kinds, with errors in between
--- raw_request eval
main::wire('{"text":"one"}') . main::wire('{"text":') . main::wire(main::chunked('{"text":"two"}', 3), 'Transfer-Encoding: chunked')
    . main::wire('') . "DELETE /notes HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nPOST" . main::wire('{"no":1}')
    . "GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" . main::last_wire('{"text":"three"}')
--- ignore_response
--- replies: 201 400 201 400 405 422 200 201
--- rows: 3



=== TEST 41: pipelined behind a body in a temporary file
--- config
    location /notes { client_body_buffer_size 1k; $NOTES }
--- raw_request eval
main::wire('{"text":"' . main::text(20000) . '"}') . main::last_wire('{"text":"next"}')
--- ignore_response
--- replies: 201 201
--- rows: 2



=== TEST 42: an upload that is broken off leaves nothing behind
--- drive
for my $part ('', '{"text":"he', '{"text":"hello"') {
    my $s = connection();
    syswrite $s, wire($part, 'Content-Length: 16');
    pause(0.02);
    close $s;
}
my $s = connection();
syswrite $s, wire("5\r\n{\"tex\r\n", 'Transfer-Encoding: chunked');
pause(0.02);
close $s;
is said('{"text":"after"}'), '201', 'nginx goes on';
ok wait_until { my $n = () = logs(0) =~ /client prematurely closed connection/g; $n >= 4 }, 'all were noticed';
--- rows: 1



=== TEST 43: an upload that is broken off in a temporary file
--- config
    location /notes { client_body_buffer_size 1k; $NOTES }
--- drive
my $s = connection();
syswrite $s, wire('{"text":"' . 'x' x 20000, 'Content-Length: 30000');
pause(0.02);
close $s;
is said('{"text":"after"}'), '201', 'nginx goes on';
ok wait_until { logs(0) =~ /client prematurely closed connection/ }, 'it was noticed';
ok wait_until { my @files = glob Test::Nginx::Util::server_root() . '/client_body_temp/*'; !@files }, 'no file is left';
--- rows: 1



=== TEST 44: an upload that stops is timed out
--- config
    location /notes { client_body_timeout 100ms; $NOTES }
--- drive
my $s = connection();
syswrite $s, wire('{"text":"he', 'Content-Length: 16');
my $got = '';
1 while sysread $s, $got, 4096, length $got;
is $got, '', 'closed without a reply, as nginx does';
is get('/ready')->{status}, 200, 'nginx goes on';
--- rows: 0



=== TEST 45: over HTTP/2: small, large through a file, none, too large, broken
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; client_max_body_size 2m;\n"
    . "$main::SNIPPET location /notes { $main::NOTES } location /small { client_max_body_size 1k; $main::NOTES } }"
--- drive
my $root = Test::Nginx::Util::server_root();
my $curl = sub {
    my ($path, $body, @more) = @_;
    my $file = "$root/logs/body";
    open my $fh, '>:raw', $file or die "$file: $!\n";
    print $fh $body;
    close $fh;
    open my $out, '-|', qw(curl -s --http2-prior-knowledge --unix-socket), "$root/logs/h2.sock", '-w', ' %{http_code} %{http_version}',
        '-H', 'Content-Type: application/json', '--data-binary', "\@$file", @more, "http://a$path" or die "curl: $!\n";
    local $/;
    return scalar <$out>;
};
like $curl->('/notes', '{"text":"hello"}'), qr/"text":"hello".* 201 2$/, 'small';
my $text = text(60000);
like $curl->('/notes', qq({"text":"$text"})), qr/"text":"\Q$text\E".* 201 2$/, 'large';
like $curl->('/notes', '{"text":"a"}' . ' ' x 1_000_000), qr/"text":"a".* 201 2$/, 'nearly 1 MB';
like $curl->('/notes', '{"text":"a"}' . ' ' x 1_100_000), qr/"code":"body_too_large".* 413 2$/, 'over our bound';
like $curl->('/notes', ''), qr/"code":"body_missing".* 400 2$/, 'none';
like $curl->('/notes', '{'), qr/"code":"invalid_json".* 400 2$/, 'broken';
like $curl->('/notes', '{"text":"len"}', '-H', 'Content-Length:'), qr/"text":"len".* 201 2$/, 'without Content-Length';
--- rows: 4



=== TEST 46: over HTTP/2: larger than client_max_body_size
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2;\n"
    . "$main::SNIPPET location /notes { client_max_body_size 100; $main::NOTES } }"
--- drive
my $h2 = h2_connect(Test::Nginx::Util::server_root() . '/logs/h2.sock');
my $r = h2_reply($h2, h2_post($h2, '/notes', '{"text":"' . 'x' x 200 . '"}'));
is $r->{status}, 413, 'status';
like $r->{body}, qr/"code":"body_too_large"/, 'problem';
$r = h2_reply($h2, h2_post($h2, '/notes', '{"text":"small"}'));
is $r->{status}, 201, 'the connection lives on';
--- error_log
client intended to send too large body
--- rows: 1



=== TEST 47: over HTTP/2: many at once are kept apart
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; location /notes { $main::NOTES } }"
--- drive
my $h2 = h2_connect(Test::Nginx::Util::server_root() . '/logs/h2.sock');
my %id = map { $_ => h2_post($h2, '/notes', qq({"text":"note $_"})) } 1 .. 20;
for my $n (sort keys %id) {
    my $r = h2_reply($h2, $id{$n});
    is $r->{status}, 201, "status $n";
    like $r->{body}, qr/"text":"note $n"/, "text $n";
}
--- rows: 20



=== TEST 48: over HTTP/2: a stream that is reset while it is at work
--- wxapp eval
"server { listen unix:\$TEST_NGINX_SERVER_ROOT/logs/h2.sock http2; location /notes { $main::NOTES } }"
--- drive
my $h2 = h2_connect(Test::Nginx::Util::server_root() . '/logs/h2.sock');
for (1 .. 20) {
    my $id = h2_post($h2, '/notes', '{"text":"gone"}');
    h2_reset($h2, $id);
}
my $r = h2_reply($h2, h2_post($h2, '/notes', '{"text":"stays"}'));
is $r->{status}, 201, 'the connection lives on';
ok wait_until { my $m = status_of('mysql'); $m->{busy} == 0 && $m->{waiting} == 0 }, 'no connection is lost';
my $m = status_of('mysql');
is $m->{idle}, $m->{up}, 'all are idle';



=== TEST 49: broken JSON
--- drive
my @bad = (
    '{', '}', '{}}', '{"text"}', '{"text":}', '{"text":"a"', '{"text":"a}', '{"text":"a",}', '{,}', '{"text":"a" "doc":1}',
    "{'text':'a'}", '{text:"a"}', '{"text":a}', '{"text":nul}', '{"text":True}', '{"text":01}', '{"text":+1}', '{"text":.5}',
    '{"text":1.}', '{"text":1e}', '{"text":0x1}', '{"text":NaN}', '{"text":Infinity}', '{"text":-}', '{"text":"\\x"}',
    '{"text":"\\u12"}', '{"text":"\\u12g4"}', '{"text":"\\"}', '{"text":"a"}x', '{"text":"a"}{"text":"b"}', '{"text":"a"} []',
    '{"text":"a"},', '// c' . "\n" . '{"text":"a"}', '{"text":"a"/* c */}', '{"text":"a";}', '{"doc":[1,]}', '{"doc":[1 2]}',
    '{"doc":[}', '{"doc":[1}', '{"doc":]}', 'text=a', '<a/>', 'nul', '"', '[', '-', "{\"text\":\"a\nb\"}", "{\"text\":\"a\tb\"}",
    "{\"text\":\"a\x01b\"}", "{\"text\":\"a\x1fb\"}",
);
is said($_), '400 invalid_json', 'JSON ' . JSON::PP->new->allow_nonref->encode($_) for @bad;
--- rows: 0



=== TEST 50: JSON that is no object and no array of objects
--- drive
is said($_), '400 invalid_json', "JSON $_"
    for '[1,2]', '[{"text":"a"},1]', '[[]]', '"text"', '""', '1', '0', '-1.5e3', 'true', 'false', 'null';
--- rows: 0



=== TEST 51: JSON that looks odd and is none the less
--- drive
is said('{"text":"\\u0061\\u00e4\\u4e2d\\ud83c\\udf6c\\/\\b\\f\\n\\r\\t\\"\\\\"}'), '201', 'escapes';
is mysql_value('SELECT text FROM notes ORDER BY id DESC LIMIT 1'), "a\x{e4}\x{4e2d}\x{1f36c}/\b\f\n\r\t\"\\", 'are what they mean';
is said('{"doc":[-0,1E5,1e-5,0.10,12345678901234567890123456789]}'), '201', 'numbers';
is mysql_value('SELECT doc FROM notes ORDER BY id DESC LIMIT 1'), '[-0,1E5,1e-5,0.10,12345678901234567890123456789]', 'as they were';
is said('{"te\\u0078t":"name"}'), '201', 'an escape in a name';
is mysql_value('SELECT text FROM notes ORDER BY id DESC LIMIT 1'), 'name', 'means the name';
is said("{\"text\":\"a\x7fb\"}"), '201', 'DEL';
is said('{"text":"\\u2028"}'), '201', 'a line separator';
is said('{"text":""}'), '201', 'an empty string';
--- rows: 6



=== TEST 52: nesting of 31, 32 and 33 levels, arrays
--- drive
# the object is the first level
is said('{"doc":' . '[' x ($_ - 1) . ']' x ($_ - 1) . '}'), '201', "$_ levels" for 2, 31, 32;
my $r = post('/notes', '{"doc":' . '[' x 32 . ']' x 32 . '}');
is $r->{status}, 400, '33 levels';
is $r->{json}{code}, 'invalid_json', 'code';
like $r->{json}{message}, qr/nested too deeply/, 'message';
--- rows: 3



=== TEST 53: nesting of 31, 32 and 33 levels, objects
--- drive
is said('{"doc":' . '{"a":' x ($_ - 1) . '1' . '}' x ($_ - 1) . '}'), '201', "$_ levels" for 2, 31, 32;
is said('{"doc":' . '{"a":' x 32 . '1' . '}' x 32 . '}'), '400 invalid_json', '33 levels';
--- rows: 3



=== TEST 54: nesting of a hundred thousand levels
--- drive
is said('{"doc":' . '[' x 100_000), '400 invalid_json', 'arrays without an end';
is said('{"doc":' . '[' x 100_000 . ']' x 100_000 . '}'), '400 invalid_json', 'arrays';
is said('{"a":' x 100_000), '400 invalid_json', 'objects without an end';
is said('[' x 100_000), '400 invalid_json', 'nothing but arrays';
--- rows: 0



=== TEST 55: 65536 values and one more
--- drive
# the object and the array are values too
is said('{"doc":[' . '1,' x 65533 . '1]}'), '201', '65536 values';
my $r = post('/notes', '{"doc":[' . '1,' x 65534 . '1]}');
is $r->{status}, 400, '65537 values';
is $r->{json}{code}, 'invalid_json', 'code';
like $r->{json}{message}, qr/too many values/, 'message';
--- rows: 1



=== TEST 56: NUL, as it is and escaped
--- drive
is said("{\"text\":\"a\0b\"}"), '400 invalid_json', 'in a string';
is said("{\"text\":\"a\"}\0"), '400 invalid_json', 'behind';
is said("\0{\"text\":\"a\"}"), '400 invalid_json', 'before';
is said("{\0\"text\":\"a\"}"), '400 invalid_json', 'inside';
is said('{"text":"a\\u0000b"}'), '422 validation_failed', 'escaped in a value';
is said('{"text\\u0000":"a"}'), '422 validation_failed', 'escaped in a name';
is said('{"\\u0000":"a"}'), '422 validation_failed', 'escaped, alone as a name';
--- rows: 0



=== TEST 57: NUL escaped inside a document is either refused or kept
--- drive
my $said = said('{"doc":{"a":"b\\u0000c"}}');
like $said, qr/^(?:201|422 validation_failed)$/, "status $said";
if ($said eq '201') {
    is mysql_value('SELECT doc FROM notes ORDER BY id DESC LIMIT 1'), '{"a":"b\\u0000c"}', 'kept';
}



=== TEST 58: bytes that are not UTF-8
--- drive
my %bad = (
    'a byte that never is'      => "\xff",
    'a continuation alone'      => "\x80",
    'cut short'                 => "\xe4\xb8",
    'cut short before a quote'  => "\xc3",
    'too long for a slash'      => "\xc0\xaf",
    'too long for NUL'          => "\xc0\x80",
    'too long, three bytes'     => "\xe0\x80\xaf",
    'too long, four bytes'      => "\xf0\x80\x80\xaf",
    'a surrogate'               => "\xed\xa0\x80",
    'two surrogates (CESU-8)'   => "\xed\xa0\xbd\xed\xb8\x80",
    'beyond U+10FFFF'           => "\xf4\x90\x80\x80",
    'five bytes'                => "\xf8\x88\x80\x80\x80",
    'Latin-1'                   => "caf\xe9",
    'GBK'                       => "\xd6\xd0\xce\xc4",
);
for my $what (sort keys %bad) {
    like said("{\"text\":\"a$bad{$what}\"}"), qr/^(?:400 invalid_json|422 validation_failed)$/, "$what, in a value";
    like said("{\"$bad{$what}\":\"a\"}"), qr/^(?:400 invalid_json|422 validation_failed)$/, "$what, in a name";
    like said("{\"doc\":[\"$bad{$what}\"]}"), qr/^(?:400 invalid_json|422 validation_failed)$/, "$what, in a document";
}
is said("{\"text\":\"\xe4\xb8\xad\xf0\x9f\x8d\xac\"}"), '201', 'UTF-8';
--- rows: 1



=== TEST 59: a byte order mark, and UTF-16
--- drive
is said("\xef\xbb\xbf{\"text\":\"a\"}"), '400 invalid_json', 'UTF-8 with a mark';
is said("\xff\xfe{\0\"\0t\0"), '400 invalid_json', 'UTF-16';
--- rows: 0



=== TEST 60: escapes of half a pair
--- drive
like said(qq({"text":"$_"})), qr/^(?:400 invalid_json|422 validation_failed)$/, $_
    for '\\ud83c', '\\udf6c', '\\ud83cx', '\\ud83c\\u0041', '\\udf6c\\ud83c', '\\ud83c\\ud83c', '\\ud83c\\n';
is said('{"text":"\\\\ud83c"}'), '201', 'a backslash that is escaped is none';
--- rows: 1



=== TEST 61: a name twice
--- drive
is said('{"text":"a","text":"b"}'), '422 validation_failed', 'twice';
is said('{"text":"a","te\\u0078t":"b"}'), '422 validation_failed', 'twice, once with an escape';
my $r = post('/notes', '{"text":"a","doc":1,"text":"b"}');
is_deeply [map { $_->{field} } @{ $r->{json}{details} }], ['text'], 'the field is named';
--- rows: 0



=== TEST 62: names that are not there
--- drive
is said('{"text":"a","Text":"b"}'), '422 validation_failed', 'in other letters';
is said('{"":"a"}'), '422 validation_failed', 'empty';
is said('{"' . 'x' x 100_000 . '":1}'), '422 validation_failed', 'long';
is said('{"__proto__":1,"constructor":2}'), '422 validation_failed', 'JavaScript\'s';
is said('{' . CORE::join(',', map { qq("f$_":1) } 1 .. 5000) . '}'), '422 validation_failed', 'many';
--- rows: 0



=== TEST 63: the Content-Type does not matter
--- drive
for my $type ('text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8', 'nonsense') {
    my $s = connection();
    syswrite $s, last_wire('{"text":"typed"}', "Content-Type: $type");
    my $got = '';
    1 while sysread $s, $got, 4096, length $got;
    like $got, qr{^HTTP/1.1 201 }, $type;
}
--- rows: 4



=== TEST 64: wxapp_login reads its body the same ways
--- config eval
'location /login { client_body_buffer_size 128; client_max_body_size 2m; wxapp_login; }' . main::wxapp_upstream()
--- drive
my $send = sub {
    my ($body, @headers) = @_;
    my $s = connection();
    syswrite $s, last_wire($body, @headers) =~ s{/notes}{/login}r;
    my $got = '';
    1 while sysread $s, $got, 4096, length $got;
    return $got =~ m{^HTTP/1.1 (\d+) .*?\r\n\r\n(.*)}s ? "$1 $2" : $got;
};
my $body = sub { JSON::PP::encode_json({ code => fresh_code('body') }) };
like $send->($body->()), qr/^200 .*"access_token"/, 'one piece';
like $send->($body->() . ' ' x 5000), qr/^200 .*"access_token"/, 'a temporary file';
like $send->(chunked($body->(), 1), 'Transfer-Encoding: chunked'), qr/^200 .*"access_token"/, 'chunked';
like $send->(chunked($body->() . ' ' x 5000, 99), 'Transfer-Encoding: chunked'), qr/^200 .*"access_token"/, 'chunked, a temporary file';
like $send->(''), qr/^400 .*"body_missing"/, 'none';
like $send->('{'), qr/^400 .*"invalid_json"/, 'broken';
like $send->('[]'), qr/^400 .*"invalid_json"/, 'an array';
like $send->('{}'), qr/^400 .*"code_missing"/, 'no code';
like $send->('{"code":""}'), qr/^400 .*"code_m/, 'an empty code';
like $send->('{"code":null}'), qr/^400 .*"code_missing"/, 'null';
like $send->('{"code":123}'), qr/^400 .*"code_malformed"/, 'a number';
like $send->('{"code":["a"]}'), qr/^400 .*"code_malformed"/, 'an array as the code';
like $send->('{"code":"a\\u0000b"}'), qr/^400 .*"code_malformed"/, 'NUL';
like $send->('{"code":"a&secret=b"}'), qr/^400 .*"code_malformed"/, 'more than a code';
like $send->('{"code":"' . 'a' x 129 . '"}'), qr/^400 .*"code_malformed"/, 'a long code';
--- error_log
a client request body is buffered to a temporary file



=== TEST 65: wxapp_login with a code twice asks WeChat once at most
--- config eval
'location /login { wxapp_login; }' . main::wxapp_upstream()
--- drive
my ($one, $two) = (fresh_code('twice'), fresh_code('twice'));
my $r = post('/login', qq({"code":"$one","code":"$two"}));
ok $r->{status} == 200 || $r->{status} == 400, "status $r->{status}";
cmp_ok sim_calls(code => $one) + sim_calls(code => $two), '<=', 1, 'calls';



=== TEST 66: PUT reads its body the same ways
--- drive
my $id = post('/notes', '{"text":"before"}')->{json}{id};
my $s = connection();
my $text = text(50000);
print $s last_wire(chunked(qq({"text":"$text"}), 1000), 'Transfer-Encoding: chunked') =~ s{POST /notes}{PUT /notes/$id}r;
$s->flush;
my $got = '';
1 while sysread $s, $got, 65536, length $got;
like $got, qr{^HTTP/1.1 200 .*"text":"\Q$text\E"}s, 'the text';
is http('PUT', "/notes/$id", '')->{json}{code}, 'body_missing', 'none';
is http('PUT', "/notes/$id", '[]')->{json}{code}, 'invalid_json', 'an array';
--- rows: 1



=== TEST 67: a body for GET and DELETE is dropped
--- config
    location /notes { wxapp_resource notes { column id bigint; column text text write; allow GET POST DELETE; } }
--- drive
my $id = post('/notes', '{"text":"x"}')->{json}{id};
my $socket = connection();
is http('GET', "/notes/$id", '{"text":"y"}', socket => $socket)->{json}{text}, 'x', 'GET';
is http('DELETE', "/notes/$id", 'x' x 5000, socket => $socket)->{status}, 204, 'DELETE';
is http('GET', "/notes/$id", undef, socket => $socket)->{status}, 404, 'on the same connection';
--- rows: 0
