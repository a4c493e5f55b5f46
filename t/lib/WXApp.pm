package WXApp;

# Test::Nginx for this project: `use lib 't/lib'; use WXApp;` in place of `use Test::Nginx::Socket;`.
#
# Every block gets
#   - main_config: the thread pool `wxapp`
#   - no http_config of its own: the standard one, wxapp_http(). `--- wxapp` adds its text to the standard
#     one (also beside an http_config). An explicit `--- http_config` alone stands as it is.
#   - with the standard one also the internal location /_wx/ to the simulator, unless config has one
#   - no_error_log for crit, alert, emerg and "runtime error" (UBSan): one check a block and request;
#     a level that the block's own error_log names is allowed, and emerg where the block must_die
#
# Every file has its own port, servroot, database wxapp_PORT, Redis prefix tPORT: and appid, so that files
# run in parallel. The services are those of WXAPP_* in the environment (tools/services), or of
# build/test/services when these run.

use strict;
use warnings;

use Cwd ();
use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512 sha256_hex);
use File::Basename qw(dirname);
use HTTP::Tiny ();
use IO::Socket::UNIX ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use Time::HiRes ();

our $TOP;

BEGIN {
    $TOP = Cwd::realpath(dirname(__FILE__) . '/../..');

    # the environment first: Test::Nginx reads it while it loads
    my %default = (
        TEST_NGINX_RANDOMIZE     => 1,
        TEST_NGINX_FAST_SHUTDOWN => 1,
        TEST_NGINX_SLEEP         => 0.002,
        TEST_NGINX_LOAD_MODULES  => "$TOP/build/ngx_http_wxapp_module.so",
        TEST_NGINX_BINARY        => '/usr/sbin/nginx',
    );
    $ENV{$_} //= $default{$_} for keys %default;

    if (!$ENV{WXAPP_MYSQL_SOCKET} && open my $env, '<', "$TOP/build/test/services/env") {
        /^export (\w+)='(.*)'$/ and $ENV{$1} = $2 while <$env>;
    }

    unshift @INC, grep { -d } "$TOP/build/deps/perl/usr/share/perl5";

    # random ports below the ephemeral range, where any client socket may sit on them
    no warnings 'once';
    *Test::Nginx::Util::rand = sub (;$) {
        my $n = $_[0] // 1;
        return CORE::rand($n > 7000 ? 7000 : $n);
    };
}

# Test::Nginx stops its servers in an END of its own and loses the status of a suite that died, which would pass
# without a plan: between Test::More's END, which looks at it, and that one
our $status;
use Test::More ();
END { $? ||= $status // 0 }

use Test::Nginx::Socket ();
use Test::Nginx::Util ();

END { $status = $? }

# Speed: no fork of ps to see a zombie, and short sleeps between the looks at a dying process
{
    no warnings qw(redefine prototype);

    *Test::Nginx::Util::is_defunct = sub ($) {
        open my $stat, '<', "/proc/$_[0]/stat" or return 0;
        return (readline($stat) // '') =~ /\)\s+Z\b/ ? 1 : 0;
    };

    *Test::Nginx::Util::sleep = sub (;@) {
        my ($seconds) = @_;
        return Time::HiRes::sleep($seconds == 0.05 ? 0.005 : $seconds);
    };
}

our @EXPORT = qw(
    wxapp_http wxapp_zone wxapp_app wxapp_token wxapp_mysql wxapp_redis wxapp_upstream
    appid app_secret database redis_prefix top services
    mysql_query mysql_value redis_cmd sim sim_calls fresh_code openid_of
    make_token sign_token jwt_key
);

sub import {
    my $caller = caller;

    # its own import looks at the calling package, for the DATA and the exports
    eval "package $caller; use Test::Nginx::Socket; 1" or die $@;

    no strict 'refs';
    *{"${caller}::$_"} = \&{$_} for @EXPORT;
}

sub top { return $TOP }

sub port { return $ENV{TEST_NGINX_SERVER_PORT} // Test::Nginx::Util::server_port() }

sub env {
    my ($name) = @_;
    return $ENV{$name} // die "$name is not set: tools/services start build/test/services\n";
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!\n";
    my $text = do { local $/; <$fh> };
    $text =~ s/\n\z//;
    return $text;
}

# ---- the standard configuration

sub redis_prefix { return 't' . port() . ':' }

sub appid {
    my $appid = sprintf 'wx%016x', port();
    our $registered //= do { sim_request('/_sim/apps', { appid => $appid }); 1 };
    return $appid;
}

sub app_secret { return slurp(env('WXAPP_APP_SECRET_FILE')) }
sub jwt_key    { return slurp(env('WXAPP_JWT_KEY_FILE')) }

# this file's database, made on first use
sub database {
    my $name = 'wxapp_' . port();
    our $created //= do {
        system("$TOP/tools/database", $name, '--wide') == 0 or die "tools/database failed\n";
        1;
    };
    return $name;
}

# a piece: its block with the lines in it, and more lines for that block
sub piece {
    my ($name, $lines, $more) = @_;
    return "$name {\n$lines" . ($more // '') . "\n}\n";
}

sub wxapp_zone { return "wxapp_zone wxapp:2m;\n" }

sub wxapp_app {
    my ($appid, $secret) = (appid(), env('WXAPP_APP_SECRET_FILE'));
    return piece('wxapp_app', <<"C", @_);
    appid        $appid;
    secret_file  $secret;
    api          /_wx/;
C
}

sub wxapp_token {
    my $key = env('WXAPP_JWT_KEY_FILE');
    return piece('wxapp_token', <<"C", @_);
    key      2026-11 HS256 $key;
    issuer   shop.example.com;
    ttl      1h;
C
}

# over the unix socket; WXAPP_TEST_TCP=1 runs a suite over TCP
sub wxapp_mysql {
    my $server = $ENV{WXAPP_TEST_TCP} ? '127.0.0.1:' . env('WXAPP_MYSQL_PORT') : 'unix:' . env('WXAPP_MYSQL_SOCKET');
    my ($database, $user, $file) = (database(), env('WXAPP_MYSQL_USER'), env('WXAPP_MYSQL_PASSWORD_FILE'));
    return piece('wxapp_mysql', <<"C", @_);
    primary        $server;
    database       $database;
    user           $user;
    password_file  $file;
C
}

sub wxapp_redis {
    my $server = $ENV{WXAPP_TEST_TCP} ? '127.0.0.1:' . env('WXAPP_REDIS_PORT') : 'unix:' . env('WXAPP_REDIS_SOCKET');
    my ($user, $file, $prefix) = (env('WXAPP_REDIS_USER'), env('WXAPP_REDIS_PASSWORD_FILE'), redis_prefix());
    return piece('wxapp_redis', <<"C", @_);
    server         $server;
    user           $user;
    password_file  $file;
    prefix         $prefix;
C
}

# wxapp_http():                              all pieces
# wxapp_http(redis => undef):                without one
# wxapp_http(mysql => 'wxapp_mysql {...}'):  another one in its place
# wxapp_http('mysql+' => 'pool max=2;'):     more lines in one
# wxapp_http(extra => '...'):                text behind them
sub wxapp_http {
    my (%o) = @_;
    my %make = (
        zone  => \&wxapp_zone,  app   => \&wxapp_app, token => \&wxapp_token,
        mysql => \&wxapp_mysql, redis => \&wxapp_redis,
    );
    my $text = '';
    for my $name (qw(zone app token mysql redis)) {
        $text .= exists $o{$name} ? $o{$name} // '' : $make{$name}->($o{"$name+"});
    }
    return $text . ($o{extra} // '');
}

# the internal location that the module's WeChat calls go through
sub wxapp_upstream {
    my $port = env('WXAPP_WECHAT_PORT');
    return <<"C";
location /_wx/ {
    internal;
    access_log               off;
    proxy_pass               http://127.0.0.1:$port/;
    proxy_http_version       1.1;
    proxy_set_header         Host api.weixin.qq.com;
    proxy_set_header         Connection "";
    proxy_set_header         Accept-Encoding "";
    proxy_set_header         Content-Type \$content_type;
    proxy_pass_request_headers off;
    proxy_next_upstream      off;
    proxy_connect_timeout    1s;
    proxy_read_timeout       2s;
    proxy_buffers            8 8k;
}
C
}

# the levels that no block may log; its own error_log may name one as expected
sub refused_levels {
    my ($block) = @_;
    my $log  = $block->error_log;
    my $said = !defined $log ? '' : ref $log eq 'ARRAY' ? join "\n", @$log : "$log";
    my (@refused, $allowed);
    for my $level (qw(crit alert emerg)) {
        my $ok = index($said, $level) >= 0 || $level eq 'emerg' && defined $block->must_die;
        # a comment in the pattern: Test::Nginx warns of a level that no pattern of the block has
        $ok ? ($allowed .= "(?#[$level])") : push @refused, "\\[$level\\]";
    }
    my $pattern = join '|', @refused, 'runtime error';
    $pattern .= $allowed // '';
    return qr/$pattern/;
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value(main_config => "thread_pool wxapp threads=2 max_queue=1024;\n" . ($block->main_config // ''));

    if (defined $block->wxapp || !defined $block->http_config) {
        my $more = join "\n", grep { defined } $block->wxapp, $block->http_config;
        $block->set_value(http_config => wxapp_http(extra => $more));
        my $config = $block->config // '';
        $block->set_value(config => $config . wxapp_upstream()) if $config !~ m{location\s+/_wx/};
    }

    my $no = $block->no_error_log;
    my @no = !defined $no ? () : ref $no eq 'ARRAY' ? @$no : ref $no ? ($no) : grep { length } split /\n+/, $no;
    $block->set_value(no_error_log => [@no, refused_levels($block)]);
});

# ---- MySQL, as the admin, in this file's database

sub mysql {
    our $dbh;
    return $dbh if $dbh && $dbh->ping;
    require DBI;
    my $name = database();
    $dbh = DBI->connect(
        "DBI:MariaDB:database=$name;mariadb_socket=" . env('WXAPP_MYSQL_SOCKET'), env('WXAPP_MYSQL_ADMIN'), undef,
        { RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 },
    );
    return $dbh;
}

# the rows as a list of hashes
sub mysql_query {
    my ($sql, @bind) = @_;
    my $st = mysql()->prepare($sql);
    $st->execute(@bind);
    return $st->{NUM_OF_FIELDS} ? @{ $st->fetchall_arrayref({}) } : ();
}

# the first column of the first row
sub mysql_value {
    my ($sql, @bind) = @_;
    return scalar mysql()->selectrow_array($sql, undef, @bind);
}

# ---- Redis, as the default user, which may do everything

sub redis_reply {
    my ($fh) = @_;
    defined(my $line = <$fh>) or die "redis closed the connection\n";
    $line =~ s/\r\n\z//;
    my ($type, $rest) = (substr($line, 0, 1), substr $line, 1);
    return $rest                if $type eq '+' || $type eq ':';
    die "redis: $rest\n"        if $type eq '-';
    return undef                if $rest < 0;
    return [map { redis_reply($fh) } 1 .. $rest] if $type eq '*';
    read $fh, my $data, $rest + 2;
    return substr $data, 0, $rest;
}

sub redis_send {
    my ($fh, @args) = @_;
    print $fh join '', '*' . @args . "\r\n", map { '$' . length($_) . "\r\n$_\r\n" } @args;
    return redis_reply($fh);
}

# redis_cmd('GET', redis_prefix() . 'x'); dies on an error reply
sub redis_cmd {
    my (@args) = @_;
    our $redis;
    if (!$redis || !$redis->connected || !defined eval { redis_send($redis, 'PING') }) {
        $redis = IO::Socket::UNIX->new(Peer => env('WXAPP_REDIS_SOCKET')) or die "redis: $!\n";
        $redis->autoflush(1);
        redis_send($redis, 'AUTH', slurp(env('WXAPP_REDIS_DEFAULT_PASSWORD_FILE')));
    }
    return redis_send($redis, @args);
}

# ---- WeChat

sub sim_request {
    my ($path, $json) = @_;
    our $http //= HTTP::Tiny->new(timeout => 5);
    my $url = 'http://127.0.0.1:' . env('WXAPP_WECHAT_PORT') . $path;
    my $r = defined $json ? $http->post($url, { content => JSON::PP::encode_json($json) }) : $http->get($url);
    die "simulator: $path: $r->{status} $r->{content}\n" if !$r->{success};
    return JSON::PP::decode_json($r->{content});
}

# sim('/_sim/next', { mode => 'errcode', errcode => -1 }): a POST; sim('/_sim/log'): a GET; for this file's appid
sub sim {
    my ($path, $json) = @_;
    return sim_request($path, { appid => appid(), %$json }) if $json;
    return sim_request($path . ($path =~ /\?/ ? '&' : '?') . 'appid=' . appid());
}

# sim_calls(): the calls that the simulator saw; (code => C) or (user => U): only those
sub sim_calls {
    my (%only) = @_;
    my $query = join '&', map { "$_=$only{$_}" } keys %only;
    return @{ sim("/_sim/log?$query")->{calls} };
}

sub fresh_code {
    my ($user) = @_;
    return sim('/_sim/codes', { defined $user ? (user => $user) : () })->{codes}[0];
}

sub openid_of {
    my ($user) = @_;
    return sim('/_sim/users', { user => $user })->{openid};
}

# ---- tokens

my %HMAC = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384, HS512 => \&hmac_sha512, none => sub { '' });

# sign_token($header, $payload, $key, $alg): any two JSON texts or hashes
sub sign_token {
    my ($header, $payload, $key, $alg) = @_;
    my $json  = JSON::PP->new->canonical->utf8;
    my $input = join '.', map { encode_base64url(ref $_ ? $json->encode($_) : $_) } $header, $payload;
    return $input . '.' . encode_base64url(($HMAC{ $alg // 'HS256' } // \&hmac_sha256)->($input, $key // jwt_key()));
}

# make_token(sub => 7, role => 'admin'): a token that the standard configuration accepts.
# A claim given as undef is left out, a reference to a number stays a number (exp => \1).
# -alg -kid -key -header change the rest: -header => { crit => ['x'] }, -kid => undef, -alg => 'none', -ttl => -60
sub make_token {
    my (%claims) = @_;
    my %opt;
    /^-/ and $opt{$_} = delete $claims{$_} for keys %claims;
    my $now = time;
    my $alg = $opt{-alg} // 'HS256';
    my %header = (typ => 'JWT', alg => $alg, kid => '2026-11', %{ $opt{-header} // {} });
    $header{kid} = $opt{-kid} if exists $opt{-kid};
    my %payload = (
        iss => 'shop.example.com', sub => '1', role => 'user', iat => $now, nbf => $now,
        exp => $now + ($opt{-ttl} // 3600), jti => sha256_hex("$now $$ " . CORE::rand()), %claims,
    );
    for my $h (\%header, \%payload) {
        delete @$h{ grep { !defined $h->{$_} } keys %$h };
    }
    $_ = $$_ + 0 for grep { ref eq 'SCALAR' } values %payload;
    # numbers for the times, strings for the rest, as the module itself issues them
    $payload{$_} += 0 for grep { exists $payload{$_} && $payload{$_} =~ /^-?[0-9]+$/ } qw(iat nbf exp);
    for my $name (grep { !/^(?:iat|nbf|exp)$/ && exists $claims{$_} && !ref $claims{$_} } keys %payload) {
        $payload{$name} = "$payload{$name}";
    }
    return sign_token(\%header, \%payload, $opt{-key}, $alg);
}

# services('restart', 'redis') or ('kill9', 'mysql'): for tests of failures, in t/check only, others share them
sub services {
    my ($what, $service) = @_;
    return system("$TOP/tools/services", $what, $service, env('WXAPP_SERVICES')) == 0;
}

1;
