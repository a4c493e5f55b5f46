# The configuration: what nginx refuses, with which words and at which line, and what it accepts.
#
# Sections of this file:
#   zone app token mysql redis   the text in place of the standard piece; "none" leaves it out
#   more                         more text in http {}
#   files                        NAME MODE CONTENT lines: files in conf/; CONTENT may be a*31, or \n and \r in it
#   emerg                        nginx refuses to start with exactly this message; PREFIX is the server's folder
#   at                           the text of the line that the message names

use lib 't/lib';
use WXApp;
use Test::More;

my $secret = 'a' x 32;
my %files;

sub write_files {
    for my $name (sort keys %files) {
        my ($mode, $content) = @{ $files{$name} };
        my $path = "$Test::Nginx::Util::ConfDir/$name";
        if ($mode eq 'dir') { mkdir $path or die "$path: $!\n"; next }
        open my $fh, '>:raw', $path or die "$path: $!\n";
        print $fh $content;
        close $fh or die "$path: $!\n";
        chmod oct $mode, $path or die "$path: $!\n";
    }
}

add_block_preprocessor(sub {
    my ($block) = @_;

    %files = ('app.secret' => ['600', 'secret0'], 'jwt.key' => ['600', $secret], 'password' => ['600', 'pw0']);
    for (split /\n/, $block->files // '') {
        my ($name, $mode, $content) = split ' ', $_, 3;
        $content //= '';
        $content =~ s/(\S)\*(\d+)/$1 x $2/ge;
        $content =~ s/\\n/\n/g;
        $content =~ s/\\r/\r/g;
        $files{$name} = [$mode, $content];
    }
    $block->set_value(post_setup_server_root => 'main::write_files()');

    my %piece;
    for my $name (qw(zone app token mysql redis)) {
        my $text = $block->$name // next;
        $piece{$name} = $text =~ /^none\s*$/ ? undef : $text;
    }
    $block->set_value(http_config => wxapp_http(%piece, extra => scalar $block->more)) if !defined $block->http_config;
    $block->set_value(config => "location = /ping { wxapp_ping; }\n") if !defined $block->config;

    if (defined $block->emerg) {
        $block->set_value(must_die => '');
        $block->set_value(suppress_stderr => '');
        $block->set_value(error_log => '[emerg]');
    } else {
        $block->set_value(request => 'GET /ping') if !defined $block->request;
        $block->set_value(response_body_like => '^\{"message":"pong"\}$')
            if $block->request eq 'GET /ping' && !defined $block->response_body;
    }
});

# the message and the line
Test::Nginx::Util::add_test_cleanup_handler(sub {
    my ($block) = @_;
    my $emerg = $block->emerg // return;
    my $name  = $block->name;
    my ($root, $log) = ($Test::Nginx::Util::ServRoot, $Test::Nginx::Util::ErrLogFile);

    open my $fh, '<', $log or return fail("$name - $log: $!");
    my @emerg = map { /\[emerg\] \d+#\d+: (.*)/ ? $1 : () } <$fh>;
    is scalar @emerg, 1, "$name - one message" or return;

    my ($message, $file, $line) = ($emerg[0] // '') =~ /^(.*?)(?: in (\S+):(\d+))?$/;
    $message =~ s/\Q$root\E/PREFIX/g;
    chomp $emerg;
    if ($emerg =~ m{^/(.*)/$}) { like $message, qr/^$1$/, "$name - the message" }
    else                       { is $message, $emerg, "$name - the message" }

    my $at = $block->at // return;
    chomp $at;
    return fail("$name - no file and line in \"$emerg[0]\"") if !defined $file;
    open my $conf, '<', $file or return fail("$name - $file: $!");
    my @lines = <$conf>;
    my $text = $lines[$line - 1] // '';
    s/^\s+|\s+$//g for $text, $at;
    is $text, $at, "$name - the line";
});

# nginx -t or -T of http {}'s text: exit status and all that it says
sub nginx {
    my ($option, $http) = @_;
    my $root = "$Test::Nginx::Util::ServRoot.check";
    system 'mkdir', '-p', "$root/conf", "$root/logs";
    open my $fh, '>', "$root/conf/nginx.conf" or die "$root: $!\n";
    print $fh "load_module $ENV{TEST_NGINX_LOAD_MODULES};\nerror_log $root/logs/error.log;\npid $root/logs/nginx.pid;\n",
        "events {}\nhttp {\naccess_log off;\n", (map { "${_}_temp_path $root/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi)),
        $http, "\n}\n";
    close $fh;
    my $out = `$ENV{TEST_NGINX_BINARY} $option -e stderr -p $root/ -c conf/nginx.conf 2>&1`;
    my $status = $? >> 8;
    system 'rm', '-rf', $root;
    return ($status, $out);
}

subtest 'nginx -T shows the configuration and none of the secrets' => sub {
    my ($status, $out) = nginx('-T', wxapp_http());
    is $status, 0, 'accepted';
    like $out, qr/secret_file\s+\S+;/, 'the directives are there';
    for my $name (qw(APP_SECRET JWT_KEY MYSQL_PASSWORD REDIS_PASSWORD)) {
        my $value = WXApp::slurp(WXApp::env("WXAPP_${name}_FILE"));
        cmp_ok length $value, '>=', 8, "$name is one";
        is index($out, $value), -1, "$name is not in it";
    }
};

subtest 'nginx -t with errors shows none of the secrets' => sub {
    my ($status, $out) = nginx('-t', wxapp_http('app+' => "nonsense;\n"));
    is $status, 1, 'refused';
    is index($out, app_secret()), -1, 'the secret is not in it';
    ($status, $out) = nginx('-t', wxapp_http('token+' => 'key 2 HS256 ' . WXApp::env('WXAPP_APP_SECRET_FILE') . '0;'));
    is $status, 1, 'refused';
    is index($out, jwt_key()), -1, 'the key is not in it';
};

subtest 'the size that the refusal of a small zone names is enough' => sub {
    my ($status, $out) = nginx('-t', "wxapp_zone z:32k;\n");
    is $status, 1, 'refused';
    my ($k) = $out =~ /zone "z:32k" is too small, it needs (\d+)k/;
    ok $k, 'with a number' or return;
    ($status, $out) = nginx('-t', "wxapp_zone z:${k}k;\n");
    is $status, 0, 'accepted' or diag $out;
    ($status, $out) = nginx('-t', 'wxapp_zone z:' . ($k - 8) . "k;\n");
    is $status, 1, 'and not much more than what it needs' or diag $out;
};

no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: nginx with the module and no directive of it answers as without it
--- http_config
--- config
    location = /plain { return 200 "plain\n"; }
--- request
GET /plain
--- response_body
plain
--- response_headers
!X-Request-Id
!traceparent



=== TEST 2: the variables are there without any directive
--- http_config
--- config
    location = /plain { return 200 "$wxapp_trace_id|$wxapp_uid|$wxapp_error|$wxapp_redis_time|$wxapp_limit_status"; }
--- request
GET /plain
--- response_body_like: ^[0-9a-f]{32}\|\|\|\|$



=== TEST 3: one directive in one location is enough, the zone and the rest have defaults
--- http_config
--- config
    location = /ping { wxapp_ping; }
--- response_headers_like
X-Request-Id: [0-9a-f]{32}



=== TEST 4: wxapp_trace on by itself turns the headers on
--- http_config
    wxapp_trace on;
--- config
    location = /plain { return 200 "plain\n"; }
--- request
GET /plain
--- response_body
plain
--- response_headers_like
X-Request-Id: [0-9a-f]{32}



=== TEST 5: wxapp_zone without an argument
--- zone
wxapp_zone;
--- emerg: invalid number of arguments in "wxapp_zone" directive
--- at: wxapp_zone;



=== TEST 6: wxapp_zone with two arguments
--- zone
wxapp_zone a:2m b:2m;
--- emerg: invalid number of arguments in "wxapp_zone" directive
--- at: wxapp_zone a:2m b:2m;



=== TEST 7: wxapp_zone without a size
--- zone
wxapp_zone wxapp;
--- emerg: invalid zone "wxapp", it must be name:size
--- at: wxapp_zone wxapp;



=== TEST 8: wxapp_zone without a name
--- zone
wxapp_zone :2m;
--- emerg: invalid zone ":2m", it must be name:size
--- at: wxapp_zone :2m;



=== TEST 9: wxapp_zone with an empty size
--- zone
wxapp_zone wxapp:;
--- emerg: invalid zone size "wxapp:"
--- at: wxapp_zone wxapp:;



=== TEST 10: wxapp_zone with a size that is none
--- zone
wxapp_zone wxapp:2x;
--- emerg: invalid zone size "wxapp:2x"
--- at: wxapp_zone wxapp:2x;



=== TEST 11: wxapp_zone with a negative size
--- zone
wxapp_zone wxapp:-2m;
--- emerg: invalid zone size "wxapp:-2m"
--- at: wxapp_zone wxapp:-2m;



=== TEST 12: wxapp_zone that is too small
--- zone
wxapp_zone wxapp:64k;
--- emerg: /zone "wxapp:64k" is too small, it needs \d+k/
--- at: wxapp_zone wxapp:64k;



=== TEST 13: wxapp_zone of zero bytes
--- zone
wxapp_zone wxapp:0;
--- emerg: /zone "wxapp:0" is too small, it needs \d+k/
--- at: wxapp_zone wxapp:0;



=== TEST 14: wxapp_zone twice
--- zone
wxapp_zone wxapp:2m;
wxapp_zone other:2m;
--- emerg: "wxapp_zone" directive is duplicate
--- at: wxapp_zone other:2m;



=== TEST 15: wxapp_zone with the name of another module's zone
--- zone
limit_req_zone $remote_addr zone=wxapp:2m rate=1r/s;
wxapp_zone wxapp:2m;
--- emerg: the shared memory zone "wxapp" is already declared for a different use
--- at: wxapp_zone wxapp:2m;



=== TEST 16: wxapp_zone in a server
--- zone: none
--- config
wxapp_zone wxapp:2m;
--- emerg: "wxapp_zone" directive is not allowed here
--- at: wxapp_zone wxapp:2m;



=== TEST 17: wxapp_app with two names
--- app
wxapp_app one two {
    appid wx1;
    secret_file app.secret;
}
--- emerg: invalid number of arguments in "wxapp_app" directive
--- at: wxapp_app one two {



=== TEST 18: wxapp_app without a block
--- app
wxapp_app;
--- emerg: directive "wxapp_app" has no opening "{"
--- at: wxapp_app;



=== TEST 19: wxapp_app that is empty
--- app
wxapp_app {
}
--- emerg: "wxapp_app" needs "appid" and "secret_file"
--- at: }



=== TEST 20: wxapp_app without appid
--- app
wxapp_app {
    secret_file app.secret;
} # the end
--- emerg: "wxapp_app" needs "appid" and "secret_file"
--- at: } # the end



=== TEST 21: wxapp_app without secret_file
--- app
wxapp_app {
    appid wx1;
} # the end
--- emerg: "wxapp_app" needs "appid" and "secret_file"
--- at: } # the end



=== TEST 22: wxapp_app twice with one appid
--- app
wxapp_app one { appid wx1; secret_file app.secret; }
wxapp_app two { appid wx1; secret_file app.secret; } # again
--- emerg: duplicate "wxapp_app" "wx1"
--- at: wxapp_app two { appid wx1; secret_file app.secret; } # again



=== TEST 23: wxapp_app in a server
--- app: none
--- config
wxapp_app { appid wx1; secret_file app.secret; }
--- emerg: "wxapp_app" directive is not allowed here
--- at: wxapp_app { appid wx1; secret_file app.secret; }



=== TEST 24: an unknown directive in wxapp_app, with the nearest name
--- app
wxapp_app {
    appid wx1;
    secret app.secret;
    apid wx1;
}
--- emerg: unknown directive "secret"
--- at: secret app.secret;



=== TEST 25: a directive misspelled in wxapp_app, with the right name
--- app
wxapp_app {
    apid wx1;
}
--- emerg: unknown directive "apid", did you mean "appid"?
--- at: apid wx1;



=== TEST 26: a secret_file misspelled
--- app
wxapp_app {
    secrets_file app.secret;
}
--- emerg: unknown directive "secrets_file", did you mean "secret_file"?
--- at: secrets_file app.secret;



=== TEST 27: an unknown directive that resembles none
--- app
wxapp_app {
    colour green;
}
--- emerg: unknown directive "colour"
--- at: colour green;



=== TEST 28: an unknown directive of 5000 characters
--- app eval
"wxapp_app {\n" . 'x' x 3000 . " 1;\n}\n"
--- emerg eval: '/unknown directive "x{1000,}.*/'



=== TEST 29: a directive of http in wxapp_app
--- app
wxapp_app {
    proxy_pass http://127.0.0.1;
}
--- emerg: unknown directive "proxy_pass"
--- at: proxy_pass http://127.0.0.1;



=== TEST 30: appid without an argument
--- app
wxapp_app {
    appid;
}
--- emerg: invalid number of arguments in "appid" directive
--- at: appid;



=== TEST 31: appid with two arguments
--- app
wxapp_app {
    appid wx1 wx2;
}
--- emerg: invalid number of arguments in "appid" directive
--- at: appid wx1 wx2;



=== TEST 32: appid twice
--- app
wxapp_app {
    appid wx1;
    appid wx2;
}
--- emerg: "appid" directive is duplicate
--- at: appid wx2;



=== TEST 33: appid that is empty
--- app
wxapp_app {
    appid "";
}
--- emerg: "appid" must not be empty
--- at: appid "";



=== TEST 34: appid that would reach into the URI
--- app
wxapp_app {
    appid wx1&secret=x;
    secret_file app.secret;
}
--- emerg: "appid" holds characters other than letters and digits
--- at: }



=== TEST 35: a secret that would reach into the URI, which is not shown
--- app
wxapp_app {
    appid wx1;
    secret_file bad.secret;
}
--- files
bad.secret 600 abc&js_code=x
--- emerg: the file of "secret_file" holds characters other than letters and digits
--- at: }



=== TEST 36: a secret of two lines
--- app
wxapp_app {
    appid wx1;
    secret_file bad.secret;
}
--- files
bad.secret 600 abc\nabc\n
--- emerg: the file of "secret_file" holds characters other than letters and digits
--- at: }



=== TEST 37: secret_file without an argument
--- app
wxapp_app {
    appid wx1;
    secret_file;
}
--- emerg: invalid number of arguments in "secret_file" directive
--- at: secret_file;



=== TEST 38: secret_file twice
--- app
wxapp_app {
    secret_file app.secret;
    secret_file app.secret;
}
--- emerg: "secret_file" directive is duplicate
--- at: secret_file app.secret;



=== TEST 39: a secret file that is missing
--- app
wxapp_app {
    appid wx1;
    secret_file no.secret;
}
--- emerg: open() "PREFIX/conf/no.secret" failed (2: No such file or directory)
--- at: secret_file no.secret;



=== TEST 40: a secret file that is a folder
--- app
wxapp_app {
    appid wx1;
    secret_file folder;
}
--- files
folder dir
--- emerg: secret file "PREFIX/conf/folder" is not a regular file
--- at: secret_file folder;



=== TEST 41: a secret file that is a device
--- app
wxapp_app {
    appid wx1;
    secret_file /dev/null;
}
--- emerg: secret file "/dev/null" is not a regular file
--- at: secret_file /dev/null;



=== TEST 42: a secret file that is empty
--- app
wxapp_app {
    appid wx1;
    secret_file empty;
}
--- files
empty 600
--- emerg: secret file "PREFIX/conf/empty" is empty
--- at: secret_file empty;



=== TEST 43: a secret file with nothing but line ends
--- app
wxapp_app {
    appid wx1;
    secret_file empty;
}
--- files
empty 600 \r\n\r\n
--- emerg: secret file "PREFIX/conf/empty" is empty
--- at: secret_file empty;



=== TEST 44: a secret file that is too large
--- app
wxapp_app {
    appid wx1;
    secret_file large;
}
--- files
large 600 a*65537
--- emerg: secret file "PREFIX/conf/large" is larger than 64k
--- at: secret_file large;



=== TEST 45: a secret file as large as may be
--- app
wxapp_app {
    appid wx1;
    secret_file large;
}
--- files
large 600 a*65536



=== TEST 46: a secret file that everybody can read is warned about, with its line
--- app
wxapp_app {
    appid wx1;
    secret_file open.secret;
}
--- files
open.secret 644 abc
--- error_log eval
qr{\[warn\] .*: secret file "\S+/conf/open.secret" can be read by everyone, use chmod o-r in \S+/nginx.conf:\d+}



=== TEST 47: a secret file that the group can read is not warned about
--- app
wxapp_app {
    appid wx1;
    secret_file group.secret;
}
--- files
group.secret 640 abc
--- no_error_log
[warn]



=== TEST 48: a password file that everybody can read is warned about
--- redis
wxapp_redis {
    server 127.0.0.1:1;
    password_file open;
}
--- files
open 604 abc
--- error_log eval
qr{\[warn\] .*: secret file "\S+/conf/open" can be read by everyone, use chmod o-r in \S+/nginx.conf:\d+}



=== TEST 49: line ends behind a secret are no part of it
--- app eval
"wxapp_app {\n appid " . main::appid() . ";\n secret_file crlf.secret;\n}\n"
--- files eval
'crlf.secret 600 ' . main::app_secret() . '\r\n'
--- config eval
'location = /login { wxapp_login; }' . main::wxapp_upstream()
--- request eval
"POST /login\n" . '{"code":"' . main::fresh_code('crlf') . '"}'
--- response_body_like: "access_token":"eyJ



=== TEST 50: api that does not end in a slash
--- app
wxapp_app {
    appid wx1;
    secret_file app.secret;
    api /_wx;
}
--- emerg: "api" must be the prefix of a location like "/_wx/", not "/_wx"
--- at: }



=== TEST 51: api that does not begin with a slash
--- app
wxapp_app {
    appid wx1;
    secret_file app.secret;
    api _wx/;
}
--- emerg: "api" must be the prefix of a location like "/_wx/", not "_wx/"
--- at: }



=== TEST 52: api that is a URL
--- app
wxapp_app {
    appid wx1;
    secret_file app.secret;
    api https://api.weixin.qq.com/;
}
--- emerg: "api" must be the prefix of a location like "/_wx/", not "https://api.weixin.qq.com/"
--- at: }



=== TEST 53: api twice
--- app
wxapp_app {
    api /_wx/;
    api /_wy/;
}
--- emerg: "api" directive is duplicate
--- at: api /_wy/;



=== TEST 54: a block inside wxapp_app
--- app
wxapp_app {
    appid wx1 { }
}
--- emerg: unexpected "{"
--- at: appid wx1 { }



=== TEST 55: wxapp_app without its end
--- http_config
wxapp_app {
    appid wx1;
--- config
--- emerg: unexpected "{"
--- at: server {



=== TEST 56: a directive in wxapp_app without its semicolon
--- app
wxapp_app {
    appid wx1
}
--- emerg: unexpected "}"
--- at: }



=== TEST 57: a directive in wxapp_app that swallows the next
--- app
wxapp_app {
    appid wx1
    secret_file app.secret;
}
--- emerg: invalid number of arguments in "appid" directive
--- at: secret_file app.secret;



=== TEST 58: include works inside a block
--- app
wxapp_app {
    include piece.conf;
    secret_file app.secret;
}
--- files
piece.conf 644 appid wx1;



=== TEST 59: include with a mask works inside a block
--- app
wxapp_app {
    include piece*.conf;
}
--- files
piece1.conf 644 appid wx1;
piece2.conf 644 secret_file app.secret;



=== TEST 60: an error in an included piece names its own file and line
--- app
wxapp_app {
    include piece.conf;
    secret_file app.secret;
}
--- files
piece.conf 644 # first\n\nappid wx1;\napy /_wx/;\n
--- emerg: unknown directive "apy", did you mean "api"?
--- at: apy /_wx/;



=== TEST 61: a directive twice, once in an included piece
--- app
wxapp_app {
    appid wx1;
    include piece.conf;
}
--- files
piece.conf 644 appid wx2;\n
--- emerg: "appid" directive is duplicate
--- at: appid wx2;



=== TEST 62: an included piece that is missing
--- app
wxapp_app {
    include no.conf;
}
--- emerg: open() "PREFIX/conf/no.conf" failed (2: No such file or directory)
--- at: include no.conf;



=== TEST 63: include without an argument inside a block
--- app
wxapp_app {
    appid piece.conf;
    include;
}
--- files
piece.conf 644 secret_file app.secret;
--- emerg: invalid number of arguments in "include" directive
--- at: include;



=== TEST 64: include with two arguments inside a block
--- app
wxapp_app {
    include piece.conf other.conf;
    secret_file app.secret;
}
--- files
piece.conf 644 appid wx1;
--- emerg: invalid number of arguments in "include" directive
--- at: include piece.conf other.conf;



=== TEST 65: include works in every block
--- token
wxapp_token { include token.conf; }
--- mysql
wxapp_mysql { include mysql.conf; }
--- redis
wxapp_redis { include redis.conf; }
--- config
    location = /ping { wxapp_ping; }
    location /r { wxapp_resource products { include resource.conf; } }
--- files
token.conf 644 key 1 HS256 jwt.key;
mysql.conf 644 primary 127.0.0.1:1; database a; user b;
redis.conf 644 server 127.0.0.1:1;
resource.conf 644 column id bigint; allow GET;



=== TEST 66: wxapp_trace with a wrong value
--- more
wxapp_trace maybe;
--- emerg: invalid value "maybe" in "wxapp_trace" directive, it must be "on" or "off"
--- at: wxapp_trace maybe;



=== TEST 67: wxapp_trace without a value
--- more
wxapp_trace;
--- emerg: invalid number of arguments in "wxapp_trace" directive
--- at: wxapp_trace;



=== TEST 68: wxapp_trace twice
--- more
wxapp_trace on;
wxapp_trace off;
--- emerg: "wxapp_trace" directive is duplicate
--- at: wxapp_trace off;



=== TEST 69: wxapp_token with an argument
--- token
wxapp_token a { key 1 HS256 jwt.key; }
--- emerg: invalid number of arguments in "wxapp_token" directive
--- at: wxapp_token a { key 1 HS256 jwt.key; }



=== TEST 70: wxapp_token without a key
--- token
wxapp_token {
    issuer a;
} # the end
--- emerg: "wxapp_token" needs a "key"
--- at: } # the end



=== TEST 71: wxapp_token twice
--- token
wxapp_token { key 1 HS256 jwt.key; }
wxapp_token { key 2 HS256 jwt.key; }
--- emerg: "wxapp_token" directive is duplicate
--- at: wxapp_token { key 2 HS256 jwt.key; }



=== TEST 72: an unknown directive in wxapp_token
--- token
wxapp_token {
    isuer a;
}
--- emerg: unknown directive "isuer", did you mean "issuer"?
--- at: isuer a;



=== TEST 73: key with two arguments
--- token
wxapp_token {
    key 1 HS256;
}
--- emerg: invalid number of arguments in "key" directive
--- at: key 1 HS256;



=== TEST 74: key with four arguments
--- token
wxapp_token {
    key 1 HS256 jwt.key more;
}
--- emerg: invalid number of arguments in "key" directive
--- at: key 1 HS256 jwt.key more;



=== TEST 75: an algorithm that is not supported
--- token
wxapp_token {
    key 1 RS265 jwt.key;
}
--- emerg: unknown algorithm "RS265", did you mean "RS256"?
--- at: key 1 RS265 jwt.key;



=== TEST 76: an algorithm in lower case
--- token
wxapp_token {
    key 1 hs256 jwt.key;
}
--- emerg: unknown algorithm "hs256", did you mean "HS256"?
--- at: key 1 hs256 jwt.key;



=== TEST 77: the algorithm none
--- token
wxapp_token {
    key 1 none jwt.key;
}
--- emerg: unknown algorithm "none"
--- at: key 1 none jwt.key;



=== TEST 78: a key id that is empty
--- token
wxapp_token {
    key "" HS256 jwt.key;
}
--- emerg: invalid key id ""
--- at: key "" HS256 jwt.key;



=== TEST 79: a key id that is not UTF-8
--- token eval
"wxapp_token {\n    key a\xff HS256 jwt.key;\n}\n"
--- emerg: /invalid key id "a.+"/



=== TEST 80: a key id twice
--- token
wxapp_token {
    key 1 HS256 jwt.key;
    key 1 HS256 other.key;
}
--- files
other.key 600 b*32
--- emerg: duplicate key "1"
--- at: key 1 HS256 other.key;



=== TEST 81: a key of 31 bytes
--- token
wxapp_token {
    key 1 HS256 short.key;
}
--- files
short.key 600 b*31
--- emerg: the key in "short.key" has 31 bytes, HS256 needs 32 at least
--- at: key 1 HS256 short.key;



=== TEST 82: a key of 31 bytes and a line end
--- token
wxapp_token {
    key 1 HS256 short.key;
}
--- files
short.key 600 b*31\n
--- emerg: the key in "short.key" has 31 bytes, HS256 needs 32 at least
--- at: key 1 HS256 short.key;



=== TEST 83: a key of 32 bytes
--- token
wxapp_token {
    key 1 HS256 jwt.key;
}



=== TEST 84: a key file that is missing
--- token
wxapp_token {
    key 1 HS256 no.key;
}
--- emerg: open() "PREFIX/conf/no.key" failed (2: No such file or directory)
--- at: key 1 HS256 no.key;



=== TEST 85: a key file that everybody can read is warned about
--- token
wxapp_token {
    key 1 HS256 open.key;
}
--- files
open.key 644 b*32
--- error_log eval
qr{\[warn\] .*: secret file "\S+/conf/open.key" can be read by everyone, use chmod o-r in \S+/nginx.conf:\d+}



=== TEST 86: ttl of zero
--- token
wxapp_token {
    ttl 0;
}
--- emerg: /invalid time "0" in "ttl".*/
--- at: ttl 0;



=== TEST 87: ttl that is no time
--- token
wxapp_token {
    ttl soon;
}
--- emerg: /invalid time "soon" in "ttl".*/
--- at: ttl soon;



=== TEST 88: ttl that is negative
--- token
wxapp_token {
    ttl -1h;
}
--- emerg: /invalid time "-1h" in "ttl".*/
--- at: ttl -1h;



=== TEST 89: ttl that overflows
--- token
wxapp_token {
    ttl 99999999999999999999d;
}
--- emerg: /invalid time "99999999999999999999d" in "ttl".*/
--- at: ttl 99999999999999999999d;



=== TEST 90: ttl in milliseconds
--- token
wxapp_token {
    ttl 500ms;
}
--- emerg: /invalid time "500ms" in "ttl".*/
--- at: ttl 500ms;



=== TEST 91: ttl without a value
--- token
wxapp_token {
    ttl;
}
--- emerg: invalid number of arguments in "ttl" directive
--- at: ttl;



=== TEST 92: ttl twice
--- token
wxapp_token {
    key 1 HS256 jwt.key;
    ttl 1h;
    ttl 2h;
}
--- emerg: "ttl" directive is duplicate
--- at: ttl 2h;



=== TEST 93: leeway that is no time
--- token
wxapp_token {
    leeway 1x;
}
--- emerg: /invalid time "1x" in "leeway".*/
--- at: leeway 1x;



=== TEST 94: leeway of zero
--- token
wxapp_token {
    key 1 HS256 jwt.key;
    leeway 0;
}



=== TEST 95: issuer that is empty
--- token
wxapp_token {
    issuer "";
}
--- emerg: "issuer" must not be empty
--- at: issuer "";



=== TEST 96: issuer twice
--- token
wxapp_token {
    issuer a;
    issuer b;
}
--- emerg: "issuer" directive is duplicate
--- at: issuer b;



=== TEST 97: audience twice
--- token
wxapp_token {
    audience a;
    audience b;
}
--- emerg: "audience" directive is duplicate
--- at: audience b;



=== TEST 98: wxapp_mysql with an argument
--- mysql
wxapp_mysql main { primary 127.0.0.1:1; }
--- emerg: invalid number of arguments in "wxapp_mysql" directive
--- at: wxapp_mysql main { primary 127.0.0.1:1; }



=== TEST 99: wxapp_mysql without primary
--- mysql
wxapp_mysql {
    database a;
    user b;
} # the end
--- emerg: "wxapp_mysql" needs "primary", "database" and "user"
--- at: } # the end



=== TEST 100: wxapp_mysql without database
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    user b;
} # the end
--- emerg: "wxapp_mysql" needs "primary", "database" and "user"
--- at: } # the end



=== TEST 101: wxapp_mysql without user
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    database a;
} # the end
--- emerg: "wxapp_mysql" needs "primary", "database" and "user"
--- at: } # the end



=== TEST 102: wxapp_mysql twice
--- mysql
wxapp_mysql { primary 127.0.0.1:1; database a; user b; }
wxapp_mysql { primary 127.0.0.1:2; database a; user b; }
--- emerg: "wxapp_mysql" directive is duplicate
--- at: wxapp_mysql { primary 127.0.0.1:2; database a; user b; }



=== TEST 103: an unknown directive in wxapp_mysql
--- mysql
wxapp_mysql {
    pasword_file password;
}
--- emerg: unknown directive "pasword_file", did you mean "password_file"?
--- at: pasword_file password;



=== TEST 104: primary with a port out of range
--- mysql
wxapp_mysql {
    primary 127.0.0.1:65536;
}
--- emerg: invalid port in "primary 127.0.0.1:65536"
--- at: primary 127.0.0.1:65536;



=== TEST 105: primary with a port that is no number
--- mysql
wxapp_mysql {
    primary 127.0.0.1:mysql;
}
--- emerg: invalid port in "primary 127.0.0.1:mysql"
--- at: primary 127.0.0.1:mysql;



=== TEST 106: primary without a host
--- mysql
wxapp_mysql {
    primary :3306;
}
--- emerg: no host in "primary :3306"
--- at: primary :3306;



=== TEST 107: primary that is a unix socket without a path
--- mysql
wxapp_mysql {
    primary unix:;
}
--- emerg: no path in the unix domain socket in "primary unix:"
--- at: primary unix:;



=== TEST 108: wait twice
--- mysql
wxapp_mysql {
    wait queue=1;
    wait queue=2;
}
--- emerg: "wait" directive is duplicate
--- at: wait queue=2;



=== TEST 109: primary without an argument
--- mysql
wxapp_mysql {
    primary;
}
--- emerg: invalid number of arguments in "primary" directive
--- at: primary;



=== TEST 110: database twice
--- mysql
wxapp_mysql {
    database a;
    database b;
}
--- emerg: "database" directive is duplicate
--- at: database b;



=== TEST 111: user that is empty
--- mysql
wxapp_mysql {
    user "";
}
--- emerg: "user" must not be empty
--- at: user "";



=== TEST 112: a password file that is missing
--- mysql
wxapp_mysql {
    password_file no.password;
}
--- emerg: open() "PREFIX/conf/no.password" failed (2: No such file or directory)
--- at: password_file no.password;



=== TEST 113: pool without parameters
--- mysql
wxapp_mysql {
    pool;
}
--- emerg: invalid number of arguments in "pool" directive
--- at: pool;



=== TEST 114: pool with a plain number
--- mysql
wxapp_mysql {
    pool 5;
}
--- emerg: invalid parameter "5", it must be name=value
--- at: pool 5;



=== TEST 115: pool with a parameter misspelled
--- mysql
wxapp_mysql {
    pool mx=5;
}
--- emerg: unknown parameter "mx", did you mean "max"?
--- at: pool mx=5;



=== TEST 116: pool with a parameter that resembles none
--- mysql
wxapp_mysql {
    pool colour=5;
}
--- emerg: unknown parameter "colour"
--- at: pool colour=5;



=== TEST 117: pool with a parameter without a name
--- mysql
wxapp_mysql {
    pool =5;
}
--- emerg: unknown parameter ""
--- at: pool =5;



=== TEST 118: pool with a value that is no number
--- mysql
wxapp_mysql {
    pool min=few;
}
--- emerg: invalid value in "min=few"
--- at: pool min=few;



=== TEST 119: pool with an empty value
--- mysql
wxapp_mysql {
    pool min=;
}
--- emerg: invalid value in "min="
--- at: pool min=;



=== TEST 120: pool with a negative value
--- mysql
wxapp_mysql {
    pool min=-1;
}
--- emerg: invalid value in "min=-1"
--- at: pool min=-1;



=== TEST 121: pool with a number that overflows
--- mysql
wxapp_mysql {
    pool min=99999999999999999999;
}
--- emerg: invalid value in "min=99999999999999999999"
--- at: pool min=99999999999999999999;



=== TEST 122: pool with max=0
--- mysql
wxapp_mysql {
    pool max=0;
}
--- emerg: "max" must be between 1 and 1000
--- at: pool max=0;



=== TEST 123: pool with too large a max
--- mysql
wxapp_mysql {
    pool max=1001;
}
--- emerg: "max" must be between 1 and 1000
--- at: pool max=1001;



=== TEST 124: pool with min above max
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    database a;
    user b;
    pool min=5 max=4;
} # the end
--- emerg: "pool" has min=5 above max=4
--- at: } # the end



=== TEST 125: pool with min above the default of max
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    database a;
    user b;
    pool min=17;
} # the end
--- emerg: "pool" has min=17 above max=16
--- at: } # the end



=== TEST 126: pool with min as large as max
--- mysql eval
main::wxapp_mysql("pool min=1 max=1;")



=== TEST 127: pool with an idle time that is too short
--- mysql
wxapp_mysql {
    pool idle=999ms;
}
--- emerg: "idle" must be between 1000ms and 86400000ms
--- at: pool idle=999ms;



=== TEST 128: pool with an idle time that is none
--- mysql
wxapp_mysql {
    pool idle=10q;
}
--- emerg: invalid value in "idle=10q"
--- at: pool idle=10q;



=== TEST 129: pool with five parameters
--- mysql
wxapp_mysql {
    pool min=1 max=2 idle=1m lifetime=1m max=3;
}
--- emerg: invalid number of arguments in "pool" directive
--- at: pool min=1 max=2 idle=1m lifetime=1m max=3;



=== TEST 130: pool with a parameter twice
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    database a;
    user b;
    pool max=2 max=3;
}
--- emerg: duplicate parameter "max"
--- at: pool max=2 max=3;



=== TEST 131: pool twice
--- mysql
wxapp_mysql {
    primary 127.0.0.1:1;
    database a;
    user b;
    pool max=2;
    pool max=3;
}
--- emerg: "pool" directive is duplicate
--- at: pool max=3;



=== TEST 132: wait with a negative queue
--- mysql
wxapp_mysql {
    wait queue=-1;
}
--- emerg: invalid value in "queue=-1"
--- at: wait queue=-1;



=== TEST 133: wait with too large a queue
--- mysql
wxapp_mysql {
    wait queue=1000001;
}
--- emerg: "queue" must be between 0 and 1000000
--- at: wait queue=1000001;



=== TEST 134: wait with a timeout of zero
--- mysql
wxapp_mysql {
    wait timeout=0;
}
--- emerg: "timeout" must be between 1ms and 3600000ms
--- at: wait timeout=0;



=== TEST 135: wait with a parameter misspelled
--- mysql
wxapp_mysql {
    wait time=1s;
}
--- emerg: unknown parameter "time"
--- at: wait time=1s;



=== TEST 136: timeout with connect=0
--- mysql
wxapp_mysql {
    timeout connect=0;
}
--- emerg: "connect" must be between 1ms and 60000ms
--- at: timeout connect=0;



=== TEST 137: timeout with a query time that is none
--- mysql
wxapp_mysql {
    timeout connect=1s query=long;
}
--- emerg: invalid value in "query=long"
--- at: timeout connect=1s query=long;



=== TEST 138: timeout with a parameter of Redis
--- mysql
wxapp_mysql {
    timeout command=1s;
}
--- emerg: /unknown parameter "command"(?:, did you mean "connect"\?)?/
--- at: timeout command=1s;



=== TEST 139: statements of zero
--- mysql
wxapp_mysql {
    statements 0;
}
--- emerg: "statements" must be between 1 and 10000
--- at: statements 0;



=== TEST 140: statements that are too many
--- mysql
wxapp_mysql {
    statements 10001;
}
--- emerg: "statements" must be between 1 and 10000
--- at: statements 10001;



=== TEST 141: statements that are no number
--- mysql
wxapp_mysql {
    statements many;
}
--- emerg: "statements" must be between 1 and 10000
--- at: statements many;



=== TEST 142: wxapp_redis without server
--- redis
wxapp_redis {
    prefix a:;
} # the end
--- emerg: "wxapp_redis" needs "server"
--- at: } # the end



=== TEST 143: wxapp_redis twice
--- redis
wxapp_redis { server 127.0.0.1:1; }
wxapp_redis { server 127.0.0.1:2; }
--- emerg: "wxapp_redis" directive is duplicate
--- at: wxapp_redis { server 127.0.0.1:2; }



=== TEST 144: wxapp_redis with an argument
--- redis
wxapp_redis main { server 127.0.0.1:1; }
--- emerg: invalid number of arguments in "wxapp_redis" directive
--- at: wxapp_redis main { server 127.0.0.1:1; }



=== TEST 145: an unknown directive in wxapp_redis
--- redis
wxapp_redis {
    servers 127.0.0.1:1;
}
--- emerg: unknown directive "servers", did you mean "server"?
--- at: servers 127.0.0.1:1;



=== TEST 146: server with a port that is none
--- redis
wxapp_redis {
    server 127.0.0.1:redis;
}
--- emerg: invalid port in "server 127.0.0.1:redis"
--- at: server 127.0.0.1:redis;



=== TEST 147: server twice
--- redis
wxapp_redis {
    server 127.0.0.1:1;
    server 127.0.0.1:2;
}
--- emerg: "server" directive is duplicate
--- at: server 127.0.0.1:2;



=== TEST 148: user of Redis without password_file
--- redis
wxapp_redis {
    server 127.0.0.1:1;
    user a;
} # the end
--- emerg: "user" in "wxapp_redis" needs "password_file"
--- at: } # the end



=== TEST 149: a Redis database that is no number
--- redis
wxapp_redis {
    database shop;
}
--- emerg: invalid number "shop" of a Redis database
--- at: database shop;



=== TEST 150: a Redis database that is negative
--- redis
wxapp_redis {
    database -1;
}
--- emerg: invalid number "-1" of a Redis database
--- at: database -1;



=== TEST 151: a Redis database that is too large
--- redis
wxapp_redis {
    database 65536;
}
--- emerg: invalid number "65536" of a Redis database
--- at: database 65536;



=== TEST 152: a Redis database twice
--- redis
wxapp_redis {
    server 127.0.0.1:1;
    database 1;
    database 2;
}
--- emerg: "database" directive is duplicate
--- at: database 2;



=== TEST 153: timeout of Redis with a parameter misspelled
--- redis
wxapp_redis {
    timeout comand=1s;
}
--- emerg: unknown parameter "comand", did you mean "command"?
--- at: timeout comand=1s;



=== TEST 154: timeout of Redis out of range
--- redis
wxapp_redis {
    timeout command=61s;
}
--- emerg: "command" must be between 1ms and 60000ms
--- at: timeout command=61s;



=== TEST 155: queue of Redis of zero
--- redis
wxapp_redis {
    queue 0;
}
--- emerg: "queue" must be between 1 and 1000000
--- at: queue 0;



=== TEST 156: prefix that is empty
--- redis
wxapp_redis {
    prefix "";
}
--- emerg: "prefix" must not be empty
--- at: prefix "";



=== TEST 157: wxapp_auth with a wrong value
--- config
    location /a { wxapp_auth yes; }
--- emerg: unknown mode "yes"
--- at: location /a { wxapp_auth yes; }



=== TEST 158: wxapp_auth twice
--- config
    wxapp_auth on;
    wxapp_auth off;
--- emerg: "wxapp_auth" directive is duplicate
--- at: wxapp_auth off;



=== TEST 159: wxapp_auth without wxapp_token
--- token: none
--- config
    location /a {
        wxapp_auth on;
    }
--- emerg: "wxapp_auth" needs "wxapp_token"
--- at: wxapp_auth on;



=== TEST 160: wxapp_auth optional without wxapp_token
--- token: none
--- config
    location /a {
        wxapp_auth optional;
    }
--- emerg: "wxapp_auth" needs "wxapp_token"
--- at: wxapp_auth optional;



=== TEST 161: wxapp_auth of http {} without wxapp_token
--- token: none
--- more
wxapp_auth on;
--- emerg: "wxapp_auth" needs "wxapp_token"
--- at: wxapp_auth on;



=== TEST 162: wxapp_auth off needs nothing
--- token: none
--- config
    wxapp_auth off;
    location = /ping { wxapp_ping; }



=== TEST 163: wxapp_token may stand behind what needs it
--- http_config eval
"wxapp_auth on;\n" . main::wxapp_http()
--- config
    location = /ping { wxapp_auth off; wxapp_ping; }



=== TEST 164: wxapp_auth_status with another number
--- config
    wxapp_auth_status invalid=402;
--- emerg: invalid value "invalid=402", it must be "invalid=401" or "invalid=403"
--- at: wxapp_auth_status invalid=402;



=== TEST 165: wxapp_auth_status twice
--- config
    wxapp_auth_status invalid=401;
    wxapp_auth_status invalid=403;
--- emerg: "wxapp_auth_status" directive is duplicate
--- at: wxapp_auth_status invalid=403;



=== TEST 166: wxapp_require by itself asks for a token
--- config
    location = /a {
        wxapp_require role=admin;
        wxapp_ping;
    }
--- request
GET /a
--- error_code: 401
--- response_body_like: "code":"unauthorized"



=== TEST 167: wxapp_require beside wxapp_auth off
--- config
    location /a {
        wxapp_auth off;
        wxapp_require role=admin;
    }
--- emerg: "wxapp_require" needs "wxapp_auth on"
--- at: wxapp_require role=admin;



=== TEST 168: wxapp_require without wxapp_token
--- token: none
--- config
    location /a {
        wxapp_require role=admin;
    }
--- emerg: /"wxapp_(?:auth|require)" needs "wxapp_token"/
--- at: wxapp_require role=admin;



=== TEST 169: leeway out of range
--- token
wxapp_token {
    leeway 2d;
}
--- emerg: /invalid time "2d" in "leeway".*/
--- at: leeway 2d;



=== TEST 170: audience that is empty
--- token
wxapp_token {
    audience "";
}
--- emerg: "audience" must not be empty
--- at: audience "";



=== TEST 171: a column's parameter twice
--- config
    location /a {
        wxapp_resource products {
            column id int write min=1 min=2;
        }
    }
--- emerg: duplicate parameter "min"
--- at: column id int write min=1 min=2;



=== TEST 172: wait and timeout twice
--- mysql
wxapp_mysql {
    wait queue=1;
    wait timeout=1s;
}
--- emerg: "wait" directive is duplicate
--- at: wait timeout=1s;



=== TEST 173: wxapp_require with wxapp_auth of the server
--- config
    wxapp_auth on;
    location /a { wxapp_require role=admin; wxapp_ping; }
    location = /ping { wxapp_auth off; wxapp_ping; }



=== TEST 174: wxapp_require without a value
--- config
    wxapp_require role;
--- emerg: invalid requirement "role", it must be claim=value|value, claim!=value|value or claim<number
--- at: wxapp_require role;



=== TEST 175: wxapp_require with an empty value
--- config
    wxapp_require role=;
--- emerg: invalid requirement "role=", it must be claim=value|value, claim!=value|value or claim<number
--- at: wxapp_require role=;



=== TEST 176: wxapp_require without a claim
--- config
    wxapp_require =admin;
--- emerg: invalid requirement "=admin", it must be claim=value|value, claim!=value|value or claim<number
--- at: wxapp_require =admin;



=== TEST 177: wxapp_require with an empty value among others
--- config
    wxapp_require role=admin||editor;
--- emerg: /empty value in ".*admin\|\|editor"/
--- at: wxapp_require role=admin||editor;



=== TEST 178: wxapp_require with an empty value at the end
--- config
    wxapp_require role=admin|;
--- emerg: /empty value in ".*admin\|"/
--- at: wxapp_require role=admin|;



=== TEST 179: wxapp_require without arguments
--- config
    wxapp_require;
--- emerg: invalid number of arguments in "wxapp_require" directive
--- at: wxapp_require;



=== TEST 180: wxapp_limit without an argument
--- config
    wxapp_limit;
--- emerg: invalid number of arguments in "wxapp_limit" directive
--- at: wxapp_limit;



=== TEST 181: wxapp_limit without rate
--- config
    wxapp_limit a key=$remote_addr;
--- emerg: limit "a" needs "rate" and "key"
--- at: wxapp_limit a key=$remote_addr;



=== TEST 182: wxapp_limit without key
--- config
    wxapp_limit a rate=1r/s;
--- emerg: limit "a" needs "rate" and "key"
--- at: wxapp_limit a rate=1r/s;



=== TEST 183: wxapp_limit without a name
--- config
    wxapp_limit rate=1r/s key=$remote_addr;
--- emerg: invalid name "rate=1r/s" of a limit
--- at: wxapp_limit rate=1r/s key=$remote_addr;



=== TEST 184: wxapp_limit with an empty name
--- config
    wxapp_limit "" rate=1r/s key=$remote_addr;
--- emerg: invalid name "" of a limit
--- at: wxapp_limit "" rate=1r/s key=$remote_addr;



=== TEST 185: wxapp_limit with a name that would break a header
--- config
    wxapp_limit a"b rate=1r/s key=$remote_addr;
--- emerg: invalid name "a"b" of a limit
--- at: wxapp_limit a"b rate=1r/s key=$remote_addr;



=== TEST 186: wxapp_limit with rate=0
--- config
    wxapp_limit a rate=0r/s key=$remote_addr;
--- emerg: invalid rate "0r/s", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=0r/s key=$remote_addr;



=== TEST 187: wxapp_limit with a bare rate=0
--- config
    wxapp_limit a rate=0 key=$remote_addr;
--- emerg: invalid rate "0", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=0 key=$remote_addr;



=== TEST 188: wxapp_limit with a rate without a unit
--- config
    wxapp_limit a rate=5 key=$remote_addr;
--- emerg: invalid rate "5", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=5 key=$remote_addr;



=== TEST 189: wxapp_limit with a rate of another unit
--- config
    wxapp_limit a rate=5r/w key=$remote_addr;
--- emerg: invalid rate "5r/w", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=5r/w key=$remote_addr;



=== TEST 190: wxapp_limit with a rate without a number
--- config
    wxapp_limit a rate=r/s key=$remote_addr;
--- emerg: invalid rate "r/s", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=r/s key=$remote_addr;



=== TEST 191: wxapp_limit with a negative rate
--- config
    wxapp_limit a rate=-5r/s key=$remote_addr;
--- emerg: invalid rate "-5r/s", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=-5r/s key=$remote_addr;



=== TEST 192: wxapp_limit with a fraction of a rate
--- config
    wxapp_limit a rate=1.5r/s key=$remote_addr;
--- emerg: invalid rate "1.5r/s", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=1.5r/s key=$remote_addr;



=== TEST 193: wxapp_limit with a rate beyond the clock
--- config
    wxapp_limit a rate=1000001r/s key=$remote_addr;
--- emerg: invalid rate "1000001r/s", it must be a number from 1 to 1000000 and "r/s", "r/m", "r/h" or "r/d"
--- at: wxapp_limit a rate=1000001r/s key=$remote_addr;



=== TEST 194: wxapp_limit with an empty rate
--- config
    wxapp_limit a rate= key=$remote_addr;
--- emerg: invalid value in "rate="
--- at: wxapp_limit a rate= key=$remote_addr;



=== TEST 195: wxapp_limit with an empty key
--- config
    wxapp_limit a rate=1r/s key=;
--- emerg: invalid value in "key="
--- at: wxapp_limit a rate=1r/s key=;



=== TEST 196: wxapp_limit with burst=0
--- config
    wxapp_limit a rate=1r/s burst=0 key=$remote_addr;
--- emerg: "burst" must be between 1 and 1000000
--- at: wxapp_limit a rate=1r/s burst=0 key=$remote_addr;



=== TEST 197: wxapp_limit with a burst that is no number
--- config
    wxapp_limit a rate=1r/s burst=5r key=$remote_addr;
--- emerg: invalid value in "burst=5r"
--- at: wxapp_limit a rate=1r/s burst=5r key=$remote_addr;



=== TEST 198: wxapp_limit with a parameter misspelled
--- config
    wxapp_limit a rate=1r/s brust=5 key=$remote_addr;
--- emerg: unknown parameter "brust", did you mean "burst"?
--- at: wxapp_limit a rate=1r/s brust=5 key=$remote_addr;



=== TEST 199: wxapp_limit with a word where a parameter belongs
--- config
    wxapp_limit a rate=1r/s key=$remote_addr later;
--- emerg: invalid parameter "later", it must be name=value
--- at: wxapp_limit a rate=1r/s key=$remote_addr later;



=== TEST 200: wxapp_limit with another on_error
--- config
    wxapp_limit a rate=1r/s key=$remote_addr on_error=maybe;
--- emerg: invalid value "maybe" of "on_error", it must be "allow", "deny" or "local"
--- at: wxapp_limit a rate=1r/s key=$remote_addr on_error=maybe;



=== TEST 201: wxapp_limit with a parameter twice
--- config
    wxapp_limit a rate=1r/s rate=2r/s key=$remote_addr;
--- emerg: duplicate parameter "rate"
--- at: wxapp_limit a rate=1r/s rate=2r/s key=$remote_addr;



=== TEST 202: a name of a limit twice in one place
--- config
    wxapp_limit a rate=1r/s key=$remote_addr;
    wxapp_limit a rate=2r/s key=$remote_addr;
--- emerg: duplicate limit "a"
--- at: wxapp_limit a rate=2r/s key=$remote_addr;



=== TEST 203: eight limits in one place
--- config eval
CORE::join('', map { "wxapp_limit a$_ rate=1r/s key=\$remote_addr;\n" } 1 .. 8)
    . "location = /ping { wxapp_limit off; wxapp_ping; }\n"



=== TEST 204: nine limits in one place
--- config eval
CORE::join '', map { "wxapp_limit a$_ rate=1r/s key=\$remote_addr;\n" } 1 .. 9
--- emerg: more than 8 limits in one place
--- at: wxapp_limit a9 rate=1r/s key=$remote_addr;



=== TEST 205: wxapp_limit off before a limit
--- config
    wxapp_limit off;
    wxapp_limit a rate=1r/s key=$remote_addr;
--- emerg: "wxapp_limit" directive is off and on in the same place
--- at: wxapp_limit a rate=1r/s key=$remote_addr;



=== TEST 206: wxapp_limit off behind a limit
--- config
    wxapp_limit a rate=1r/s key=$remote_addr;
    wxapp_limit off;
--- emerg: /"wxapp_limit" directive is (?:duplicate|off and on in the same place)/
--- at: wxapp_limit off;



=== TEST 207: wxapp_limit without wxapp_redis
--- redis: none
--- config
    location /a {
        wxapp_limit a rate=1r/s key=$remote_addr;
    }
--- emerg: "wxapp_limit" needs "wxapp_redis"
--- at: wxapp_limit a rate=1r/s key=$remote_addr;



=== TEST 208: wxapp_limit of http {} without wxapp_redis
--- redis: none
--- more
wxapp_limit a rate=1r/s key=$remote_addr;
--- emerg: "wxapp_limit" needs "wxapp_redis"
--- at: wxapp_limit a rate=1r/s key=$remote_addr;



=== TEST 209: wxapp_limit off needs nothing
--- redis: none
--- config
    location = /ping { wxapp_limit off; wxapp_ping; }



=== TEST 210: wxapp_limit with an unknown variable
--- config
    wxapp_limit a rate=1r/s key=$wxapp_nobody;
--- emerg: unknown "wxapp_nobody" variable



=== TEST 211: wxapp_login with an argument that is no parameter
--- config
    location /a { wxapp_login on; }
--- emerg: invalid parameter "on", it must be name=value
--- at: location /a { wxapp_login on; }



=== TEST 212: wxapp_login in a server
--- config
    wxapp_login;
--- emerg: "wxapp_login" directive is not allowed here
--- at: wxapp_login;



=== TEST 213: wxapp_login in an if
--- config
    location /a {
        if ($arg_a) { wxapp_login; }
    }
--- emerg: "wxapp_login" directive is not allowed here
--- at: if ($arg_a) { wxapp_login; }



=== TEST 214: wxapp_login without wxapp_app
--- app: none
--- config
    location /a {
        wxapp_login;
    }
--- emerg: "wxapp_login" needs "wxapp_app"
--- at: wxapp_login;



=== TEST 215: wxapp_login without wxapp_mysql
--- mysql: none
--- config
    location /a {
        wxapp_login;
    }
--- emerg: "wxapp_login" needs "wxapp_mysql"
--- at: wxapp_login;



=== TEST 216: wxapp_login without wxapp_token
--- token: none
--- config
    location /a {
        wxapp_login;
    }
--- emerg: "wxapp_login" needs "wxapp_token"
--- at: wxapp_login;



=== TEST 217: wxapp_login without any of them
--- http_config
--- config
    location /a {
        wxapp_login;
    }
--- emerg: "wxapp_login" needs "wxapp_app"
--- at: wxapp_login;



=== TEST 218: wxapp_login with blocks that come later
--- http_config eval
"server { listen 127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}; server_name early; location = /ping { wxapp_ping; } location = /a { wxapp_login; } }\n"
    . main::wxapp_http()



=== TEST 219: wxapp_login does without wxapp_redis
--- redis: none
--- config
    location = /ping { wxapp_ping; }
    location = /login { wxapp_login; }



=== TEST 220: wxapp_resource without a table
--- config
    location /a {
        wxapp_resource { }
    }
--- emerg: invalid number of arguments in "wxapp_resource" directive
--- at: wxapp_resource { }



=== TEST 221: wxapp_resource with two tables
--- config
    location /a {
        wxapp_resource a b { }
    }
--- emerg: invalid number of arguments in "wxapp_resource" directive
--- at: wxapp_resource a b { }



=== TEST 222: wxapp_resource with a table name that is SQL
--- config
    location /a {
        wxapp_resource "a` WHERE 1" { column id int; allow GET; }
    }
--- emerg: invalid name "a` WHERE 1": letters, digits and underscores, 64 at most
--- at: wxapp_resource "a` WHERE 1" { column id int; allow GET; }



=== TEST 223: wxapp_resource with a table name of 65 characters
--- config eval
'location /a { wxapp_resource ' . 'a' x 65 . ' { column id int; allow GET; } }'
--- emerg eval: 'invalid name "' . 'a' x 65 . '": letters, digits and underscores, 64 at most'



=== TEST 224: wxapp_resource with a table name that is empty
--- config
    location /a {
        wxapp_resource "" { column id int; allow GET; }
    }
--- emerg: invalid name "": letters, digits and underscores, 64 at most
--- at: wxapp_resource "" { column id int; allow GET; }



=== TEST 225: wxapp_resource without wxapp_mysql
--- mysql: none
--- config
    location /a {
        wxapp_resource products { column id int; allow GET; }
    }
--- emerg: "wxapp_resource" needs "wxapp_mysql"
--- at: wxapp_resource products { column id int; allow GET; }



=== TEST 226: wxapp_resource in a location of a regular expression
--- config
    location ~ ^/a {
        wxapp_resource products { column id int; allow GET; }
    }
--- emerg: "wxapp_resource" directive cannot be in a location given by a regular expression
--- at: wxapp_resource products { column id int; allow GET; }



=== TEST 227: wxapp_resource in a named location
--- config
    location @a {
        wxapp_resource products { column id int; allow GET; }
    }
--- emerg: "wxapp_resource" directive must be in a location with a path
--- at: wxapp_resource products { column id int; allow GET; }



=== TEST 228: wxapp_resource in a server
--- config
    wxapp_resource products { column id int; allow GET; }
--- emerg: "wxapp_resource" directive is not allowed here
--- at: wxapp_resource products { column id int; allow GET; }



=== TEST 229: wxapp_resource twice in one location
--- config
    location /a {
        wxapp_resource products { column id int; allow GET; }
        wxapp_resource orders { column id int; allow GET; }
    }
--- emerg: the location has its content from "wxapp_resource" already
--- at: wxapp_resource orders { column id int; allow GET; }



=== TEST 230: an unknown directive in wxapp_resource
--- config
    location /a {
        wxapp_resource products {
            colum id int;
        }
    }
--- emerg: unknown directive "colum", did you mean "column"?
--- at: colum id int;



=== TEST 231: an unknown column type
--- config
    location /a {
        wxapp_resource products {
            column id strng;
        }
    }
--- emerg: unknown type "strng", did you mean "string"?
--- at: column id strng;



=== TEST 232: a column type in upper case
--- config
    location /a {
        wxapp_resource products {
            column id INT;
        }
    }
--- emerg: unknown type "INT"
--- at: column id INT;



=== TEST 233: a column type of MySQL
--- config
    location /a {
        wxapp_resource products {
            column id varchar;
        }
    }
--- emerg: unknown type "varchar"
--- at: column id varchar;



=== TEST 234: a column without a type
--- config
    location /a {
        wxapp_resource products {
            column id;
        }
    }
--- emerg: invalid number of arguments in "column" directive
--- at: column id;



=== TEST 235: a column name that is SQL
--- config
    location /a {
        wxapp_resource products {
            column "id`" int;
        }
    }
--- emerg: invalid name "id`": letters, digits and underscores, 64 at most
--- at: column "id`" int;



=== TEST 236: a column twice
--- config
    location /a {
        wxapp_resource products {
            column id int;
            column id string;
        }
    }
--- emerg: duplicate column "id"
--- at: column id string;



=== TEST 237: a column with an unknown word
--- config
    location /a {
        wxapp_resource products {
            column id int writ;
        }
    }
--- emerg: unknown parameter "writ", did you mean "write"?
--- at: column id int writ;



=== TEST 238: a column with an unknown parameter
--- config
    location /a {
        wxapp_resource products {
            column id int write mx=5;
        }
    }
--- emerg: unknown parameter "mx", did you mean "max"?
--- at: column id int write mx=5;



=== TEST 239: a column with a bound that its type has not
--- config
    location /a {
        wxapp_resource products {
            column on_sale bool write min=0;
        }
    }
--- emerg: invalid bound of column "on_sale" for type "bool"
--- at: column on_sale bool write min=0;



=== TEST 240: a column with a bound that is no number
--- config
    location /a {
        wxapp_resource products {
            column stock int write max=many;
        }
    }
--- emerg: invalid bound of column "stock" for type "int"
--- at: column stock int write max=many;



=== TEST 241: a string with a negative length
--- config
    location /a {
        wxapp_resource products {
            column name string write max=-1;
        }
    }
--- emerg: invalid bound of column "name" for type "string"
--- at: column name string write max=-1;



=== TEST 242: a column with an empty bound
--- config
    location /a {
        wxapp_resource products {
            column stock int write max=;
        }
    }
--- emerg: invalid value in "max="
--- at: column stock int write max=;



=== TEST 243: a column with min above max
--- config
    location /a {
        wxapp_resource products {
            column id int;
            column stock int write min=5 max=4;
            allow GET POST;
        }
    }
--- emerg: column "stock" has min=5 above max=4
--- at: column stock int write min=5 max=4;



=== TEST 244: a column that is required but cannot be written
--- config
    location /a {
        wxapp_resource products {
            column name string required;
        }
    }
--- emerg: column "name" is required but not "write"
--- at: column name string required;



=== TEST 245: sixty-five columns
--- config eval
"location /a { wxapp_resource products {\n" . CORE::join('', map { "column c$_ int;\n" } 1 .. 65) . "allow GET; } }\n"
--- emerg: more than 64 columns
--- at: column c65 int;



=== TEST 246: sixty-four columns
--- config eval
"location = /ping { wxapp_ping; } location /a { wxapp_resource products {\n"
    . CORE::join('', map { "column c$_ int;\n" } 1 .. 64) . "key c1; allow GET; } }\n"



=== TEST 247: a resource without the column of its key
--- config
    location /a {
        wxapp_resource products {
            column name string;
            allow GET;
        } # the end
    }
--- emerg: unknown column "id" in "key" of resource "products"
--- at: } # the end



=== TEST 248: a key misspelled
--- config
    location /a {
        wxapp_resource products {
            key nme;
            column name string;
            allow GET;
        } # the end
    }
--- emerg: unknown column "nme" in "key" of resource "products", did you mean "name"?
--- at: } # the end



=== TEST 249: key twice
--- config
    location /a {
        wxapp_resource products {
            key id;
            key name;
        }
    }
--- emerg: "key" directive is duplicate
--- at: key name;



=== TEST 250: order by a column that is not declared
--- config
    location /a {
        wxapp_resource products {
            column id int;
            column price decimal;
            order id prise;
            allow GET;
        } # the end
    }
--- emerg: unknown column "prise" in "order" of resource "products", did you mean "price"?
--- at: } # the end



=== TEST 251: an owner that is not declared
--- config
    location /a {
        wxapp_resource orders {
            column id int;
            owner user_id=$wxapp_uid;
            allow GET;
        } # the end
    }
--- emerg: unknown column "user_id" in "owner" of resource "orders"
--- at: } # the end



=== TEST 252: an owner that the client may write
--- config
    location /a {
        wxapp_resource orders {
            column id int;
            column user_id int write;
            owner user_id=$wxapp_uid;
            allow GET;
        } # the end
    }
--- emerg: the owner column "user_id" must not be "write"
--- at: } # the end



=== TEST 253: an owner without a value
--- config
    location /a {
        wxapp_resource orders {
            owner user_id;
        }
    }
--- emerg: invalid owner "user_id", it must be column=$variable
--- at: owner user_id;



=== TEST 254: an owner with an empty value
--- config
    location /a {
        wxapp_resource orders {
            owner user_id=;
        }
    }
--- emerg: invalid owner "user_id=", it must be column=$variable
--- at: owner user_id=;



=== TEST 255: an owner without a column
--- config
    location /a {
        wxapp_resource orders {
            owner =$wxapp_uid;
        }
    }
--- emerg: invalid owner "=$wxapp_uid", it must be column=$variable
--- at: owner =$wxapp_uid;



=== TEST 256: owner twice
--- config
    location /a {
        wxapp_resource orders {
            owner user_id=$wxapp_uid;
            owner id=$wxapp_uid;
        }
    }
--- emerg: "owner" directive is duplicate
--- at: owner id=$wxapp_uid;



=== TEST 257: page with default above max
--- config
    location /a {
        wxapp_resource products {
            page default=50 max=20;
        }
    }
--- emerg: "page" has default=50 above max=20
--- at: page default=50 max=20;



=== TEST 258: page with a default of zero
--- config
    location /a {
        wxapp_resource products {
            page default=0;
        }
    }
--- emerg: "default" must be between 1 and 10000
--- at: page default=0;



=== TEST 259: page with a max that is too large
--- config
    location /a {
        wxapp_resource products {
            page max=10001;
        }
    }
--- emerg: "max" must be between 1 and 10000
--- at: page max=10001;



=== TEST 260: page with a plain number
--- config
    location /a {
        wxapp_resource products {
            page 20;
        }
    }
--- emerg: invalid parameter "20", it must be name=value
--- at: page 20;



=== TEST 261: page twice
--- config
    location /a {
        wxapp_resource products {
            column id int;
            page max=20;
            page max=30;
            allow GET;
        }
    }
--- emerg: "page" directive is duplicate
--- at: page max=30;



=== TEST 262: allow with an unknown method
--- config
    location /a {
        wxapp_resource products {
            allow GET FETCH;
        }
    }
--- emerg: unknown method "FETCH", it must be GET, POST, PATCH, PUT or DELETE
--- at: allow GET FETCH;



=== TEST 263: allow with a method in lower case
--- config
    location /a {
        wxapp_resource products {
            allow get;
        }
    }
--- emerg: unknown method "get", it must be GET, POST, PATCH, PUT or DELETE
--- at: allow get;



=== TEST 264: allow with a role and no method
--- config
    location /a {
        wxapp_resource products {
            allow role=admin;
        }
    }
--- emerg: "allow" names no method
--- at: allow role=admin;



=== TEST 265: allow with an empty role
--- config
    location /a {
        wxapp_resource products {
            allow GET role=;
        }
    }
--- emerg: /empty (?:value|role) in ".*"/
--- at: allow GET role=;



=== TEST 266: allow with an empty role among others
--- config
    location /a {
        wxapp_resource products {
            allow GET role=admin||editor;
        }
    }
--- emerg: /empty (?:value|role) in ".*"/
--- at: allow GET role=admin||editor;



=== TEST 267: a method allowed twice
--- config
    location /a {
        wxapp_resource products {
            allow GET;
            allow GET role=admin;
        }
    }
--- emerg: method GET is allowed already
--- at: allow GET role=admin;



=== TEST 268: a resource that allows nothing
--- config
    location /a {
        wxapp_resource products {
            column id int;
        } # the end
    }
--- emerg: resource "products" allows nothing, it needs "allow"
--- at: } # the end



=== TEST 269: PUT where nothing can be written
--- config
    location /a {
        wxapp_resource products {
            column id int;
            allow PUT;
        } # the end
    }
--- emerg: resource "products" allows PUT but has no column to write
--- at: } # the end



=== TEST 270: soft_delete with a name that is SQL
--- config
    location /a {
        wxapp_resource products {
            column id int;
            soft_delete "a b";
            allow GET;
        } # the end
    }
--- emerg: invalid name "a b": letters, digits and underscores, 64 at most
--- at: soft_delete "a b";



=== TEST 271: soft_delete twice
--- config
    location /a {
        wxapp_resource products {
            soft_delete a;
            soft_delete b;
        }
    }
--- emerg: "soft_delete" directive is duplicate
--- at: soft_delete b;



=== TEST 272: wxapp_status with another value
--- config
    location /a {
        wxapp_status all;
    }
--- emerg: invalid value "all", it must be "loopback" or "any"
--- at: wxapp_status all;



=== TEST 273: wxapp_status with two values
--- config
    location /a {
        wxapp_status any loopback;
    }
--- emerg: invalid number of arguments in "wxapp_status" directive
--- at: wxapp_status any loopback;



=== TEST 274: wxapp_ping with an argument
--- config
    location /a {
        wxapp_ping on;
    }
--- emerg: invalid number of arguments in "wxapp_ping" directive
--- at: wxapp_ping on;



=== TEST 275: wxapp_problem with an argument
--- config
    location /a {
        wxapp_problem on;
    }
--- emerg: invalid number of arguments in "wxapp_problem" directive
--- at: wxapp_problem on;



=== TEST 276: two content handlers of ours in one location
--- config
    location /a {
        wxapp_ping;
        wxapp_login;
    }
--- emerg: the location has its content from "wxapp_ping" already
--- at: wxapp_login;



=== TEST 277: the same content handler twice in one location
--- config
    location /a {
        wxapp_login;
        wxapp_login;
    }
--- emerg: the location has its content from "wxapp_login" already
--- at: wxapp_login;



=== TEST 278: wxapp_status and wxapp_problem in one location
--- config
    location /a {
        wxapp_status;
        wxapp_problem;
    }
--- emerg: the location has its content from "wxapp_status" already
--- at: wxapp_problem;



=== TEST 279: proxy_pass before a handler of ours
--- config
    location /a {
        proxy_pass http://127.0.0.1:1;
        wxapp_ping;
    }
--- emerg: "wxapp_ping" directive conflicts with another content handler of the location
--- at: wxapp_ping;



=== TEST 280: proxy_pass behind a handler of ours
--- config
    location /a {
        wxapp_ping;
        proxy_pass http://127.0.0.1:1;
    }
--- emerg: another content handler follows "wxapp_ping"
--- at: wxapp_ping;



=== TEST 281: proxy_pass before wxapp_login
--- config
    location /a {
        proxy_pass http://127.0.0.1:1;
        wxapp_login;
    }
--- emerg: "wxapp_login" directive conflicts with another content handler of the location
--- at: wxapp_login;



=== TEST 282: proxy_pass behind wxapp_resource
--- config
    location /a {
        wxapp_resource products { column id int; allow GET; }
        proxy_pass http://127.0.0.1:1;
    }
--- emerg: another content handler follows "wxapp_resource"
--- at: wxapp_resource products { column id int; allow GET; }



=== TEST 283: stub_status before a handler of ours
--- config
    location /a {
        stub_status;
        wxapp_status;
    }
--- emerg: "wxapp_status" directive conflicts with another content handler of the location
--- at: wxapp_status;



=== TEST 284: stub_status behind a handler of ours
--- config
    location /a {
        wxapp_status;
        stub_status;
    }
--- emerg: another content handler follows "wxapp_status"
--- at: wxapp_status;



=== TEST 285: a location inside another has its own handler
--- config
    location /a {
        wxapp_login;
        location /a/b { proxy_pass http://127.0.0.1:1; }
    }
    location /p {
        wxapp_status;
        location = /ping { wxapp_ping; }
    }



=== TEST 286: the handler stays inside an if
--- config
    location = /ping {
        wxapp_ping;
        if ($arg_a) { set $a 1; }
    }
--- request
GET /ping?a=1
--- response_body chomp
{"message":"pong"}



=== TEST 287: an if with a proxy of its own takes the place of the handler
--- more
server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1; return 200 "proxied\n"; }
--- config
    location = /ping {
        wxapp_ping;
        if ($arg_a) { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    }
--- request
GET /ping?a=1
--- response_body
proxied



=== TEST 288: the handler stays inside limit_except
--- config
    location = /ping {
        wxapp_ping;
        limit_except GET { allow all; }
    }
--- request
DELETE /ping
--- response_body_like: "code":"method_not_allowed"
--- error_code: 405



=== TEST 289: a directive of ours outside http {}
--- main_config
wxapp_zone wxapp:2m;
--- emerg: "wxapp_zone" directive is not allowed here
--- at: wxapp_zone wxapp:2m;


=== TEST 290: tls of MySQL with another value
--- mysql
wxapp_mysql {
    tls maybe;
}
--- emerg: invalid value "maybe" of "tls", it must be "off", "on" or "verify"
--- at: tls maybe;



=== TEST 291: tls of MySQL with a ca that nobody looks at
--- mysql
wxapp_mysql {
    tls on ca=ca.pem;
}
--- emerg: "ca" is of use in "tls verify" only
--- at: tls on ca=ca.pem;



=== TEST 292: tls of MySQL with a ca that is missing
--- mysql
wxapp_mysql {
    tls verify ca=no.pem;
}
--- emerg: open() "PREFIX/conf/no.pem" failed (2: No such file or directory)
--- at: tls verify ca=no.pem;



=== TEST 293: tls of MySQL with a parameter misspelled
--- mysql
wxapp_mysql {
    tls verify cu=ca.pem;
}
--- emerg: /unknown parameter "cu"(?:, did you mean "ca"\?)?/
--- at: tls verify cu=ca.pem;



=== TEST 294: tls of MySQL without a value
--- mysql
wxapp_mysql {
    tls;
}
--- emerg: invalid number of arguments in "tls" directive
--- at: tls;



=== TEST 295: tls of MySQL twice
--- mysql
wxapp_mysql {
    tls off;
    tls on;
}
--- emerg: "tls" directive is duplicate
--- at: tls on;



=== TEST 296: timeout of MySQL twice
--- mysql
wxapp_mysql {
    timeout connect=1s;
    timeout query=1s;
}
--- emerg: "timeout" directive is duplicate
--- at: timeout query=1s;



=== TEST 297: queue of Redis twice
--- redis
wxapp_redis {
    queue 10;
    queue 20;
}
--- emerg: "queue" directive is duplicate
--- at: queue 20;



=== TEST 298: key, column, order and allow may stand more than once
--- token
wxapp_token { key 1 HS256 jwt.key; key 2 HS256 jwt.key; }
--- config
    location = /ping { wxapp_ping; }
    location /a {
        wxapp_resource products {
            column id int;
            column price decimal;
            order id;
            order price;
            allow GET;
            allow DELETE role=admin;
        }
    }



=== TEST 299: a block that nobody needs is checked all the same
--- config
--- redis
wxapp_redis {
    server 127.0.0.1:99999;
}
--- emerg: invalid port in "server 127.0.0.1:99999"
--- at: server 127.0.0.1:99999;
