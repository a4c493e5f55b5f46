use lib 't/lib';
use WXApp;
use File::Temp ();

# TLS to MySQL. The account "tls_only" of this file's database may connect with TLS alone, so that a
# reply proves it.

our $user = 'tls' . ($ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port());
our $port = $ENV{WXAPP_MYSQL_PORT};
our $ca = $ENV{WXAPP_MYSQL_CA};

# a CA that signed nothing here
my $dir = File::Temp->newdir;
our $other = "$dir/other.pem";
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other "
       . "-keyout $dir/other.key -out $other 2>/dev/null") == 0 or die 'openssl';
chmod 0755, "$dir";

my $password = do { open my $f, '<', $ENV{WXAPP_MYSQL_PASSWORD_FILE} or die; local $/; <$f> };
$password =~ s/\n\z//;

mysql_query("CREATE USER IF NOT EXISTS '$user'\@'127.0.0.1' IDENTIFIED BY '$password' REQUIRE SSL");
mysql_query("GRANT SELECT ON " . database() . ".* TO '$user'\@'127.0.0.1'");

our $config = q{
    location /products {
        wxapp_resource products { column id bigint; column sku string; allow GET; }
    }
    location = /tls { return 200; }
};

# primary, user and tls of our own
sub http {
    my ($lines) = @_;
    my $file = $ENV{WXAPP_MYSQL_PASSWORD_FILE};
    my $database = database();
    return wxapp_http(mysql => "wxapp_mysql {
        database $database; user $user; password_file $file; pool min=1 max=2; $lines }\n");
}

add_cleanup_handler(sub { mysql_query("DROP USER IF EXISTS '$user'\@'127.0.0.1'") });

repeat_each(1);
no_long_string();
plan 'no_plan';
run_tests();

__DATA__

=== TEST 1: without TLS the server refuses the account
--- http_config eval: main::http("primary 127.0.0.1:$main::port;")
--- config eval: $main::config
--- request
GET /products/1
--- error_code: 503
--- response_body_like: "code":"database_unavailable"
--- response_headers_like
Retry-After: \d+
--- error_log
cannot connect: 1045



=== TEST 2: tls on encrypts
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls on;")
--- config eval: $main::config
--- request
GET /products/1
--- response_body_like: "id":1,
--- no_error_log
[error]



=== TEST 3: tls verify accepts the certificate of the CA
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls verify ca=$main::ca;")
--- config eval: $main::config
--- request eval
["GET /products/1", "GET /products/2", "GET /products?limit=2"]
--- response_body_like eval
[qr/"id":1,/, qr/"id":2,/, qr/^\[\{"id":1,.*\{"id":2,/]



=== TEST 4: tls verify refuses a certificate of another CA
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls verify ca=$main::other;")
--- config eval: $main::config
--- request
GET /products/1
--- error_code: 503
--- error_log
cannot connect: 20



=== TEST 5: tls verify with the system's CAs refuses it, too
--- skip_eval: 3: WXApp::mysql_value("SELECT VERSION()") !~ /^10\./ && "a newer server proves its certificate by the password"
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls verify;")
--- config eval: $main::config
--- request
GET /products/1
--- error_code: 503
--- error_log
cannot connect: 20



=== TEST 6: an unknown word is refused
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls maybe;")
--- config
--- must_die
--- error_log eval
qr/invalid value "maybe" of "tls", it must be "off", "on" or "verify" in \S+:\d+/



=== TEST 7: ca without verify is refused
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls on ca=$main::ca;")
--- config
--- must_die
--- error_log
"ca" is of use in "tls verify" only



=== TEST 8: a missing ca file is refused
--- http_config eval: main::http("primary 127.0.0.1:$main::port; tls verify ca=missing.pem;")
--- config
--- must_die
--- error_log
missing.pem" failed (2: No such file or directory)
