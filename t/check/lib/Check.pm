package Check;

# What the commands in t/check and bench share: services and an nginx of their own below build/check/NAME,
# looks into /proc, tokens, and an end that stops everything, also after a failure or an interrupt.
#
#   use lib ...; use Check;
#   my $c = Check->new('soak', limit => 600);      # lock, deps, build, folder; dies after limit seconds
#   $c->services;                                  # MariaDB, Redis, WeChat simulator
#   my $n = $c->nginx(conf => $text);              # a master with workers, stopped at the end
#   my $n = $c->shop;                              # the same with conf-examples/shop.conf
#   $c->finish($ok, logins => 5, ...);             # the one line of figures, and the exit status
#
# SHORT=1 makes it quick. TEST_NGINX_BINARY and TEST_NGINX_LOAD_MODULES choose another nginx and module, as
# `make test` and `make test-asan` do; without them the module is built first.

use strict;
use warnings;

use Cwd ();
use Digest::SHA qw(hmac_sha256);
use Fcntl qw(LOCK_EX LOCK_NB);
use File::Basename qw(dirname);
use File::Copy ();
use File::Path qw(make_path remove_tree);
use HTTP::Tiny ();
use IO::Socket::INET ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use POSIX ();
use Time::HiRes qw(sleep time);

our $TOP = Cwd::realpath(dirname(__FILE__) . '/../../..');
$ENV{PATH} .= ':/usr/sbin:/sbin';

my $open;           # the one check of this process, for END
my $owner = $$;

sub short { return $ENV{SHORT} ? 1 : 0 }
sub asan  { return $ENV{WXAPP_SANITIZER_LOG} ? 1 : 0 }
sub pick  { return short() ? $_[0] : $_[1] }

sub say_ { my $t = sprintf '%7.1fs', time - ($open ? $open->{began} : $^T); print "$t  @_\n" }

sub new {
    my ($class, $name, %o) = @_;
    STDOUT->autoflush(1);
    my $dir = "$TOP/build/check/$name";
    make_path($dir);
    open my $lock, '>', "$dir.lock" or die "$dir.lock: $!\n";
    flock $lock, LOCK_EX | LOCK_NB or die "$name: runs already\n";

    my $self = bless { name => $name, dir => $dir, lock => $lock, began => time, nginx => [], children => [] }, $class;
    $open = $self;
    my $died = sub { my ($why) = @_; return sub { die "$name: $why\n" } };
    @SIG{qw(INT TERM HUP)} = map { $died->("ended by $_") } qw(INT TERM HUP);
    $SIG{ALRM} = $died->('took too long');
    $SIG{PIPE} = 'IGNORE';
    alarm($o{limit} // 600);

    $self->build if !$o{no_build};
    return $self;
}

sub build {
    my ($self) = @_;
    if (!$ENV{TEST_NGINX_LOAD_MODULES}) {
        run("$TOP/tools/deps", 'build', 'test');
        run("$TOP/tools/build");
    }
    # a copy: a build that runs beside us replaces the file, and a reload would load the new one
    $self->{so} = "$self->{dir}/ngx_http_wxapp_module.so";
    my $from = (split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // "$TOP/build/ngx_http_wxapp_module.so")[0];
    unlink $self->{so};
    File::Copy::copy($from, $self->{so}) or die "$from: $!\n";
    $self->{binary} = $ENV{TEST_NGINX_BINARY} // '/usr/sbin/nginx';
}

sub run {
    my (@cmd) = @_;
    my $rc = system @cmd;
    die "@cmd: failed\n" if $rc != 0;
    return;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<:raw', $file or die "$file: $!\n";
    local $/;
    return scalar <$fh> // '';
}

sub spew {
    my ($file, $text) = @_;
    open my $fh, '>:raw', $file or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";
    return $file;
}

sub secret { my $text = slurp($_[0]); $text =~ s/\n\z//; return $text }

# below the ephemeral range, where any client socket may sit
sub free_port {
    for (1 .. 500) {
        my $port = 20000 + int rand 12000;
        my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1) or next;
        return $port;
    }
    die "no free port\n";
}

# ---- services

# services('--binlog')
sub services {
    my ($self, @options) = @_;
    my $dir = "$self->{dir}/services";
    $self->{services} = $dir;
    run("$TOP/tools/services", 'start', $dir, @options);
    $self->read_env;
    run("$TOP/tools/database", 'shop');
    return $self;
}

sub read_env {
    my ($self) = @_;
    for (split /\n/, slurp("$self->{services}/env")) {
        $ENV{$1} = $2 if /^export (\w+)='(.*)'$/;
    }
    return;
}

# service('kill9', 'mysql')
sub service {
    my ($self, $what, $service) = @_;
    run("$TOP/tools/services", $what, $service, $self->{services});
    $self->read_env;
    return;
}

# the admin's connection, to the replica with its socket
sub dbh {
    my ($self, $socket) = @_;
    require DBI;
    $socket //= $ENV{WXAPP_MYSQL_SOCKET};
    return DBI->connect("DBI:MariaDB:database=shop;mariadb_socket=$socket", $ENV{WXAPP_MYSQL_ADMIN}, undef,
        { RaiseError => 1, PrintError => 0, AutoInactiveDestroy => 1 });
}

sub mysql {
    my ($self, $sql, @bind) = @_;
    my $dbh = $self->dbh;
    my $st = $dbh->prepare($sql);
    $st->execute(@bind);
    my @rows = $st->{NUM_OF_FIELDS} ? @{ $st->fetchall_arrayref } : ();
    $dbh->disconnect;
    return @rows;
}

sub get {
    my ($self, $url, $json) = @_;
    my $r = HTTP::Tiny->new(timeout => 10)->request(defined $json ? 'POST' : 'GET', $url,
        defined $json ? { content => JSON::PP::encode_json($json) } : ());
    die "$url: $r->{status} $r->{content}\n" if !$r->{success};
    return JSON::PP::decode_json($r->{content});
}

sub sim { my ($self, $path, $json) = @_; return $self->get("http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}$path", $json) }

# a token that the configuration of shop_conf() accepts
sub token {
    my (%claims) = @_;
    my $now  = time;
    my $json = JSON::PP->new->canonical;
    my $text = join '.', map { encode_base64url($json->encode($_)) }
        { alg => 'HS256', kid => '2026-11', typ => 'JWT' },
        { iss => 'shop.example.com', sub => '1', role => 'user', iat => int $now, exp => int($now) + 3600, %claims };
    return $text . '.' . encode_base64url(hmac_sha256($text, secret($ENV{WXAPP_JWT_KEY_FILE})));
}

# ---- nginx

sub http_pieces {
    my ($self, %o) = @_;
    my $unix  = $o{unix};
    my $mysql = $unix ? "unix:$ENV{WXAPP_MYSQL_SOCKET}" : "127.0.0.1:$ENV{WXAPP_MYSQL_PORT}";
    my $redis = $unix ? "unix:$ENV{WXAPP_REDIS_SOCKET}" : "127.0.0.1:$ENV{WXAPP_REDIS_PORT}";
    my $pool    = $o{pool}    // 'min=5 max=20 idle=10m';
    my $wait    = $o{wait}    // 'queue=1024 timeout=3s';
    my $timeout = $o{timeout} // 'connect=3s query=5s';
    my $command = $o{redis_timeout} // 'connect=1s command=200ms';
    return <<"C";
wxapp_zone  wxapp:8m;
wxapp_app   { appid $ENV{WXAPP_APPID}; secret_file $ENV{WXAPP_APP_SECRET_FILE}; api /_wx/; }
wxapp_token { key 2026-11 HS256 $ENV{WXAPP_JWT_KEY_FILE}; issuer shop.example.com; ttl 1h; refresh 30d; }
wxapp_session { key 2026-11 $ENV{WXAPP_SEAL_KEY_FILE}; }
wxapp_mysql {
    primary        $mysql;
    database       shop;
    user           $ENV{WXAPP_MYSQL_USER};
    password_file  $ENV{WXAPP_MYSQL_PASSWORD_FILE};
    pool           $pool;
    wait           $wait;
    timeout        $timeout;
}
wxapp_redis {
    server         $redis;
    user           $ENV{WXAPP_REDIS_USER};
    password_file  $ENV{WXAPP_REDIS_PASSWORD_FILE};
    timeout        $command;
    prefix         check:;
}
C
}

# the locations of the shop, with limits that nobody reaches; login => more lines for /api/login
sub shop_locations {
    my ($self, %o) = @_;
    my $rate = $o{rate} // 'rate=1000000r/s burst=1000000';
    my $login_rate = $o{login_rate} // $rate;
    return <<"C";
include  $TOP/conf-examples/snippets/problem.conf;
location /_wx/ {
    internal;
    include  $TOP/conf-examples/snippets/wechat-call.conf;
    proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/;
}
location = /ping        { wxapp_ping; }
location = /api/status  { wxapp_status; }
location = /api/login {
    wxapp_limit  login $login_rate key=\$binary_remote_addr;
    wxapp_login;
}
location /api/ {
    wxapp_auth   on;
    wxapp_limit  user $rate key=\$wxapp_uid;
    location /api/products {
        wxapp_resource products {
            key          id;
            column       id            bigint;
            column       sku           string   write required max=32;
            column       name          string   write required max=100;
            column       description   text     write;
            column       price         decimal  write required min=0;
            column       stock         int      write required min=0;
            column       created_at    datetime;
            order        id name price created_at;
            page         default=20 max=100;
            allow        GET;
            allow        POST PUT DELETE role=admin;
            soft_delete  deleted_at;
        }
    }
    location /api/orders {
        wxapp_resource orders {
            column       id          bigint;
            column       user_id     bigint;
            column       product_id  bigint  write required min=1;
            column       quantity    int     write required min=1 max=99;
            column       remark      string  write max=255;
            owner        user_id=\$wxapp_uid;
            order        id;
            allow        GET POST DELETE;
            soft_delete  deleted_at;
        }
    }
    return 404;
}
C
}

# nginx(http => TEXT, server => TEXT, main => TEXT, workers => 2, level => 'notice', wrap => [COMMAND...])
# or nginx(conf => TEXT) with __DIR__ and __PORT__ in it. The folder is a new one for each name, and
# prepare => sub { my ($dir, $port) = @_; ... } may put files there.
sub nginx {
    my ($self, %o) = @_;
    my $name = $o{name} // 'nginx';
    my $dir  = "$self->{dir}/$name";
    remove_tree($dir);
    make_path("$dir/logs", "$dir/temp");
    my $port    = free_port();
    $o{prepare}->($dir, $port) if $o{prepare};
    my $workers = $o{workers} // 2;
    my $level   = $o{level} // 'notice';
    my $user    = $> == 0 ? 'user root;' : '';
    my $access  = $o{access} // 'off';
    my $conf = $o{conf} // <<"C";
load_module $self->{so};
$user
worker_processes $workers;
pid $dir/nginx.pid;
daemon off;
error_log $dir/logs/error.log $level;
thread_pool wxapp threads=4 max_queue=1024;
@{[ $o{main} // '' ]}
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
    include $TOP/conf-examples/snippets/json-log.conf;
    access_log $access;
    client_body_temp_path $dir/temp/body; proxy_temp_path $dir/temp/proxy; fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi; scgi_temp_path $dir/temp/scgi;
    keepalive_requests 1000000;
    keepalive_timeout 65s;
    @{[ $o{http} // '' ]}
    server {
        listen 127.0.0.1:$port backlog=1024;
        @{[ $o{server} // '' ]}
    }
}
C
    $conf =~ s/__DIR__/$dir/g;
    $conf =~ s/__PORT__/$port/g;
    spew("$dir/nginx.conf", $conf);

    my @cmd = ($self->{binary}, '-p', "$dir/", '-c', "$dir/nginx.conf", '-e', "$dir/logs/error.log");
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        setpgrp;
        open STDOUT, '>>', "$dir/logs/stdout" or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT;
        open STDIN,  '<', '/dev/null';
        { no warnings 'exec'; exec @{ $o{wrap} // [] }, @cmd; }
        POSIX::_exit(127);
    }
    my $n = { dir => $dir, port => $port, url => "http://127.0.0.1:$port", child => $pid, log => "$dir/logs/error.log",
        cmd => \@cmd };
    push @{ $self->{nginx} }, $n;
    my $end = time + 20;
    until (IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 1) && -s "$dir/nginx.pid") {
        if (waitpid($pid, POSIX::WNOHANG()) == $pid || time > $end) {
            die "nginx does not start:\n" . slurp("$dir/logs/stdout") . (-e $n->{log} ? slurp($n->{log}) : '');
        }
        sleep 0.05;
    }
    ($n->{master}) = slurp("$dir/nginx.pid") =~ /(\d+)/;
    sleep 0.05 until @{ [workers($n)] } || time > $end;
    return $n;
}

# conf-examples/shop.conf with limits that nobody reaches, two workers:
#   name, level      as above          mysql => TEXT    the primary, and more lines of wxapp_mysql
#   limits => 1      its own limits    edit => sub { }  changes the text in $_
#   sessions => 1    wants sessions alive; without, a token() is as good as one of a login
#   wechat => TEXT   what is in /_wx/  FILE => PATH     another file as secrets/FILE
sub shop {
    my ($self, %o) = @_;
    local $_ = slurp("$TOP/conf-examples/shop.conf");
    s/rate=\S+\s+burst=\d+/rate=1000000r\/s burst=1000000/g if !$o{limits};
    s/(wxapp_auth\s+)session/$1on/g if !$o{sessions};
    $o{edit}->() if $o{edit};
    my $text  = $_;
    my $user  = $> == 0 ? 'user root;' : '';
    my $level = $o{level} // 'notice';
    return $self->nginx(
        name => $o{name} // 'shop',
        prepare => sub {
            my ($d, $port) = @_;
            make_path("$d/generated", "$d/secrets");
            symlink '/etc/nginx/mime.types', "$d/mime.types";
            symlink "$TOP/conf-examples/snippets", "$d/snippets";
            my %file = ('app.secret' => 'APP_SECRET', 'jwt.key' => 'JWT_KEY', 'jwt.pem' => 'JWT_PEM',
                'seal.key' => 'SEAL_KEY', 'mysql.password' => 'MYSQL_PASSWORD', 'redis.password' => 'REDIS_PASSWORD');
            symlink $o{$_} // $ENV{"WXAPP_$file{$_}_FILE"}, "$d/secrets/$_" for keys %file;
            spew("$d/shop.conf", $text);
            my %piece = (
                listen => "listen 127.0.0.1:$port backlog=1024;",
                app    => "appid $ENV{WXAPP_APPID};",
                mysql  => $o{mysql} // "primary 127.0.0.1:$ENV{WXAPP_MYSQL_PORT};",
                redis  => "server 127.0.0.1:$ENV{WXAPP_REDIS_PORT};",
                wechat => $o{wechat} // "proxy_pass http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/;",
                paths  => join("\n", map { "${_}_temp_path temp/$_;" } qw(client_body proxy fastcgi uwsgi scgi)),
            );
            spew("$d/generated/$_.conf", "$piece{$_}\n") for keys %piece;
        },
        conf => <<"C",
daemon off; pid __DIR__/nginx.pid; $user
load_module $self->{so};
worker_processes 2;
error_log logs/error.log $level;
thread_pool wxapp threads=4 max_queue=1024;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
include shop.conf;
C
    );
}

sub stop_nginx {
    my ($self, $n) = @_;
    return if !$n->{child};
    kill 'QUIT', $n->{master} // $n->{child};
    my $end = time + 8;
    my $gone = 0;
    until ($gone = waitpid($n->{child}, POSIX::WNOHANG()) != 0) {
        last if time > $end;
        sleep 0.02;
    }
    if (!$gone) {
        kill 'TERM', $n->{master} // $n->{child};
        sleep 1;
        kill 'KILL', -$n->{child};
        waitpid $n->{child}, 0;
    }
    $n->{status} = $?;
    delete $n->{child};
    @{ $self->{nginx} } = grep { $_ != $n } @{ $self->{nginx} };
    return $gone;
}

# ---- /proc

sub stat_of {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/stat" or return;
    my ($state, $ppid, @rest) = split ' ', (readline($fh) // return) =~ s/^.*\) //sr;
    return ($state, $ppid, @rest);
}

sub children {
    my ($pid) = @_;
    my @out;
    for my $f (glob '/proc/[0-9]*') {
        my ($p) = $f =~ /(\d+)$/;
        my ($state, $ppid) = stat_of($p) or next;
        push @out, $p if $ppid == $pid && $state ne 'Z';
    }
    return sort { $a <=> $b } @out;
}

sub title { my ($pid) = @_; return eval { slurp("/proc/$pid/cmdline") =~ tr/\0/ /r } // '' }

# those that work, not those that are shutting down
sub workers {
    my ($n) = @_;
    return grep { my $t = title($_); $t =~ /worker process/ && $t !~ /shutting down/ } children($n->{master});
}

# KiB of RssAnon, and RssFile and RssShmem with it
sub rss {
    my ($pid) = @_;
    my $s = eval { slurp("/proc/$pid/status") } // return 0;
    return $s =~ /^VmRSS:\s*(\d+)/m ? $1 : 0;
}

sub sockets {
    my ($pid) = @_;
    return scalar grep { (readlink($_) // '') =~ /^socket:/ } glob "/proc/$pid/fd/*";
}

# nanoseconds of CPU of all threads of these processes
sub cpu_ns {
    my $sum = 0;
    for my $pid (@_) {
        for my $f (glob "/proc/$pid/task/*/schedstat") {
            my $t = eval { slurp($f) } // next;
            $sum += $1 if $t =~ /^(\d+)/;
        }
    }
    return $sum;
}

# utime + stime in microseconds, by 10 ms ticks
sub cpu_ticks {
    my $sum = 0;
    for my $pid (@_) {
        my @s = stat_of($pid) or next;
        $sum += $s[11] + $s[12];
    }
    return $sum * 1e6 / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub grep_log {
    my ($n, $pattern) = @_;
    return grep { /$pattern/ } split /\n/, slurp($n->{log});
}

# ---- the end

# a child of ours that the end kills when it still runs
sub child {
    my ($self, $pid) = @_;
    push @{ $self->{children} }, $pid;
    return $pid;
}

sub cleanup {
    my ($self) = @_;
    alarm 0;
    local @SIG{qw(INT TERM HUP ALRM)} = ('IGNORE') x 4;
    kill 'KILL', $_ for @{ $self->{children} };
    $self->stop_nginx($_) for @{ [@{ $self->{nginx} }] };
    $_->() for @{ $self->{at_end} // [] };
    if ($self->{services}) { system "$TOP/tools/services", 'stop', $self->{services} }
    undef $open;
    return;
}

sub finish {
    my ($self, $ok, @figures) = @_;
    $self->cleanup;
    my @text;
    while (my ($k, $v) = splice @figures, 0, 2) { push @text, "$k=$v" }
    print join(' ', @text), "\n";
    exit($ok ? 0 : 1);
}

END {
    my $rc = $?;
    if ($open && $$ == $owner) {
        eval { $open->cleanup; 1 } or warn $@;
    }
    $? = $rc;
}

1;
