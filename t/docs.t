# The documentation and the example against the sources: every directive, parameter, variable, counter and
# error code of the C files is documented, nothing else is, and all examples pass nginx -t.

use strict;
use warnings;
use utf8;

use Cwd qw(realpath);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output todo_output);

my $TOP    = realpath(dirname(realpath(__FILE__)) . '/..');
my $NGINX  = $ENV{TEST_NGINX_BINARY} // (-x '/usr/sbin/nginx' ? '/usr/sbin/nginx' : 'nginx');
my $MODULE = (split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // "$TOP/build/ngx_http_wxapp_module.so")[-1];

sub slurp {
    my ($name) = @_;
    open my $fh, '<:utf8', "$TOP/$name" or die "$name: $!\n";
    local $/;
    return scalar <$fh>;
}

my %C = map { s{^\Q$TOP\E/}{}r => slurp(s{^\Q$TOP\E/}{}r) } "$TOP/ngx_http_wxapp_module.c", glob "$TOP/src/*/*.c";
my $C = join "\n", map { $C{$_} } sort keys %C;
my $DIRECTIVES = slurp('docs/directives.md');
my $ERRORS     = slurp('docs/errors.md');

# TYPE NAME[] = { ... }; of all files: a list of [name, body]
sub arrays {
    my ($type) = @_;
    my @found;
    push @found, [$1, $2] while $C =~ /^static\s+\Q$type\E\s+(\w+)\[\]\s*=\s*\{(.*?)^\};/msg;
    return @found;
}

# the entry of a heading, up to the next one
sub entry {
    my ($heading) = @_;
    return $DIRECTIVES =~ /^#{2,3} \Q$heading\E\n(.*?)(?=^#{1,3} |\z)/ms ? $1 : undef;
}

sub documented {
    my ($heading, $syntax) = @_;
    my $entry = entry($heading);
    ok defined $entry, "$heading: an entry" or return;
    like $entry, qr/^\| Syntax \| `\Q$syntax\E[ ;]/m, "$heading: its syntax";
    like $entry, qr/^\| $_ \| \S/m, "$heading: $_" for qw(Default Context Since);
    my ($rows, $text) = $entry =~ /^(.*\| Since \|[^\n]*\n)(.*)/s;
    like $text, qr/\w+ \w+ \w+/, "$heading: a text";
}

my (%heading, %block);

subtest 'directives' => sub {
    my @names = map { $_->[1] =~ /ngx_string\("(\w+)"\)/g } arrays('ngx_command_t');
    cmp_ok scalar @names, '>=', 15, 'the command tables were found';
    for my $name (@names) {
        like $name, qr/^wxapp_/, "$name: its prefix";
        documented($name, $name);
        $heading{$name} = 1;
    }
    like $DIRECTIVES, qr/\[\Q$_\E\]\(#\Q$_\E\)/, "$_: in the list at the top" for @names;
};

subtest 'directives of blocks' => sub {
    my @tables = arrays('ngx_http_wxapp_directive_t');
    cmp_ok scalar @tables, '>=', 5, 'the tables were found';
    for (@tables) {
        my ($array, $body) = @$_;
        my ($block) = $array =~ /^ngx_http_(wxapp_\w+)_directives$/ or fail("the block of $array");
        ok $heading{$block}, "$block is a directive";
        for my $name ($body =~ /ngx_string\("(\w+)"\)/g) {
            documented("$name in $block", $name);
            like entry("$name in $block") // '', qr/^\| Context \| `$block` \|$/m, "$name in $block: in its block";
            $heading{"$name in $block"} = 1;
        }
    }
};

subtest 'parameters' => sub {
    my @tables = arrays('ngx_http_wxapp_param_t');
    cmp_ok scalar @tables, '>=', 5, 'the tables were found';
    for (@tables) {
        my ($array, $body) = @$_;
        # ngx_http_wxapp_limit_params: of wxapp_limit; ngx_http_wxapp_mysql_pool_params: of pool in wxapp_mysql
        my ($words) = $array =~ /^ngx_http_wxapp_(\w+)_params$/;
        my @splits = map { substr($words, $_ + 1) . ' in wxapp_' . substr $words, 0, $_ } grep { substr($words, $_, 1) eq '_' } 1 .. length $words;
        my ($where) = grep { $heading{$_} } "wxapp_$words", @splits;
        $where //= $words;
        ok $heading{$where}, "$array: of $where";
        my ($syntax) = (entry($where) // '') =~ /^\| Syntax \| (.*) \|$/m;
        like $syntax // '', qr/\b$_=/, "$_= in $where" for $body =~ /ngx_string\("(\w+)"\)/g;
        my @ranges = $body =~ /NGX_HTTP_WXAPP_PARAM_NUM,\s*offsetof\([^)]*\),\s*(\d+), (\d+)/g;
        like entry($where) // '', qr/\b$_\b/, "$where: the bound $_" for @ranges;
    }
};

subtest 'types and rules of fields' => sub {
    my $entry = entry('column in wxapp_resource') // '';
    my ($types) = $C =~ /^ngx_str_t\s+ngx_wxapp_field_types\[\] = \{(.*?)^\};/ms;
    my ($rules) = map { $_->[1] } grep { $_->[0] eq 'ngx_http_wxapp_rules' } arrays('ngx_http_wxapp_rule_t');
    my @types = $types =~ /ngx_string\("(\w+)"\)/g;
    my @rules = $rules =~ /\{ ngx_string\("(\w+)"\)/g;
    cmp_ok @types + @rules, '>=', 22, 'the tables were found';
    like $entry, qr/^\| `$_` \| /m, "type $_" for @types;
    like $entry, qr/^\| [^|]*`$_[`=]/m, "rule $_" for @rules;
};

subtest 'variables' => sub {
    my %name = map { $_ => 1 } map { $_->[1] =~ /ngx_string\("(wxapp_\w+)"\)/g } arrays('ngx_http_variable_t');
    $name{$_} = 1 for $C =~ /^static ngx_str_t\s+\w+_name =\s*ngx_string\("(wxapp_\w+)"\);/mg;
    cmp_ok scalar keys %name, '>=', 10, 'the tables were found';
    for my $name (sort keys %name) {
        my $heading = $name =~ /_$/ ? "\$${name}NAME" : "\$$name";
        like entry($heading) // '', qr/\w+ \w+/, "$heading: an entry";
        $heading{$heading} = 1;
    }
};

subtest 'nothing else' => sub {
    my @headings = $DIRECTIVES =~ /^#{2,3} (\$?\w+(?: in wxapp_\w+)?)$/mg;
    my %known = (%heading, Variables => 1);
    is_deeply [grep { !$known{$_} } @headings], [], 'no entry without a directive or variable';
    my %seen;
    is_deeply [grep { $seen{$_}++ } @headings], [], 'no entry twice';
};

subtest 'wxapp_status' => sub {
    my $entry = entry('wxapp_status') // '';
    my @members;
    push @members, [$1, $2] while $C =~ /^static const char\s+\*ngx_http_wxapp_status_(\w+)\[\] = \{(.*?)\};/msg;
    my @names = map { my $group = $_->[0]; map { "$group.$_" } $_->[1] =~ /"(\w+)"/g } @members;
    my ($counters) = $C =~ /^ngx_http_wxapp_counter_t\s+\w+\[\] = \{(.*?)^\};/ms;
    push @names, "$1.$2" while $counters =~ /\{ "(\w+)", "(\w+)" \}/g;
    cmp_ok scalar @names, '>=', 30, 'the members were found';
    push @names, qw(version nginx pid workers);
    like $entry, qr/^\| `\Q$_\E` \|/m, $_ for @names;
    my %known = map { $_ => 1 } @names;
    is_deeply [grep { !$known{$_} } $entry =~ /^\| `([\w.]+)` \|/mg], [], 'no member else';
};

subtest 'error codes' => sub {
    my %word;
    $word{$_} = 1 for $C =~ /(?:\bNGX_HTTP_[A-Z_]+|\b[45]\d\d|_resource_invalid\(r),\s*"([a-z_]+|PGRST\d+)"/g;
    $word{$_} = 1 for $C =~ /\bcode = "(\w+)";/g;
    cmp_ok scalar keys %word, '>=', 40, 'the codes were found';
    like $ERRORS, qr/^\| `$_` \| (?:[45]\d\d|any other) \|/m, $_ for sort keys %word;
    my %told = map { $_ => 1 } $ERRORS =~ /^\| `(\w+)` \|/mg;
    like $C, qr/"$_"/, "$_ is sent" for sort keys %told;
    # the table of WeChat's: errcode, status, word, message, counter, seconds
    my ($login) = $C =~ /ngx_http_wxapp_wechat_problems\[\] = \{(.*?)^\};/ms;
    my $n = 0;
    while ($login =~ /\{ (-?\d+), (\d+), "(\w+)", "[^"]*",\s*\w+, (\d+),/g) {
        my ($errcode, $status, $word, $retry) = ($1, $2, $3, $4);
        next if !$errcode;
        $n++;
        my $seconds = $retry || '';
        like $ERRORS, qr/^\| `$word` \| $status \|[^|]*(?<![\d-])\Q$errcode\E\b[^|]*\| $seconds ?\|/m, "errcode $errcode";
    }
    cmp_ok $n, '>=', 10, 'the errcodes were found';
    my ($rules) = entry('wxapp_resource') =~ /`rule` is one of `([a-z_\s]+)`/;
    my %rule = map { $_ => 1 } split ' ', $rules // '';
    my $input = join "\n", map { $C{$_} } grep { /field|input|resource/ } keys %C;
    like $input, qr/"$_"/, "rule $_" for sort keys %rule;
    ok $rule{$_}, "rule $_ is documented" for $input =~ /_fault\([^;{]*?,\s*"([a-z_]+)",/g;
};

# ---- nginx -t, in the form of tools/run

my $dir = tempdir(CLEANUP => 1);

sub put {
    my ($name, $text) = @_;
    make_path(dirname("$dir/$name"));
    open my $fh, '>:utf8', "$dir/$name" or die "$name: $!\n";
    print $fh $text;
    close $fh or die "$name: $!\n";
}

make_path("$dir/$_") for qw(logs temp);
{
    my $umask = umask 077;
    put("secrets/$_", 'x' x 32 . "\n") for qw(seal.key);
    put("secrets/$_", 'x' x 48 . "\n") for qw(app.secret jwt.key jwt-old.key jwt-2026-12.key mysql.password redis.password);
    system "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out '$dir/secrets/jwt.pem'" and die "openssl\n";
    put('idp.json', '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}');
    umask $umask;
}
symlink '/etc/nginx/mime.types', "$dir/mime.types";
symlink "$TOP/conf-examples/snippets", "$dir/snippets";
put('generated/app.conf',    "appid wx0123456789abcdef;\n");
put('generated/mysql.conf',  "primary 127.0.0.1:3306;\n");
put('generated/redis.conf',  "server 127.0.0.1:6379;\n");
put('generated/wechat.conf', "proxy_pass http://127.0.0.1:8099/;\n");
put('generated/paths.conf',  <<'C');
client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
C

# nginx -t opens what it listens on: a socket of our own never collides with the port of another test
put('generated/listen.conf', "listen unix:$dir/http.sock;\n");

my $frame = "daemon off; pid nginx.pid;\n" . ($> ? '' : "user root;\n") . <<"C";
load_module $MODULE;
worker_processes 2;
error_log stderr notice;
thread_pool wxapp threads=4 max_queue=1024;
events { worker_connections 1024; }
C

sub nginx_t {
    my ($conf) = @_;
    put('nginx.conf', $frame . $conf);
    # under test-asan: nginx -t ends without freeing anything, which is no leak of anybody's
    local $ENV{ASAN_OPTIONS} = "$ENV{ASAN_OPTIONS},detect_leaks=0" if $ENV{ASAN_OPTIONS};
    open my $fh, '-|', "'$NGINX' -t -p '$dir/' -c '$dir/nginx.conf' -e stderr 2>&1" or die "$NGINX: $!\n";
    my $said = do { local $/; <$fh> };
    close $fh;
    return ($? >> 8, $said =~ s/\Q$dir\E\///gr);
}

sub passes {
    my ($conf, $name) = @_;
    my ($rc, $said) = nginx_t($conf);
    my $good = $rc == 0 && $said =~ /test is successful/ && $said !~ /\[(?:warn|error|crit|alert|emerg)\]/;
    ok $good, $name or diag $said;
}

my $shop = "include $TOP/conf-examples/shop.conf;\n";

subtest 'conf-examples/shop.conf' => sub {
    passes($shop, 'with the simulator');
    SKIP: {
        skip 'no ca-certificates', 1 if !-e '/etc/ssl/certs/ca-certificates.crt';
        put('generated/wechat.conf', "proxy_pass https://127.0.0.1/;\ninclude snippets/wechat-upstream.conf;\n");
        passes($shop, 'with the TLS of the real WeChat');
        put('generated/wechat.conf', "proxy_pass http://127.0.0.1:8099/;\n");
    }
    put('generated/redis.conf', "sever 127.0.0.1:6379;\n");
    my ($rc, $said) = nginx_t($shop);
    ok $rc != 0, 'a wrong word in an include is refused';
    like $said, qr/unknown directive "sever", did you mean "server"\? in generated\/redis\.conf:1$/m, 'with file and line';
    put('generated/redis.conf', "server 127.0.0.1:6379;\n");
};

# the services that an example needs and does not have itself
my %service = (
    wxapp_app   => 'wxapp_app { appid wx0123456789abcdef; secret_file secrets/app.secret; }',
    wxapp_token => 'wxapp_token { key 2026-11 HS256 secrets/jwt.key; refresh 30d; }',
    wxapp_mysql => 'wxapp_mysql { primary 127.0.0.1; database shop; user wxapp; }',
    wxapp_redis => 'wxapp_redis { server 127.0.0.1; }',
    wxapp_session => 'wxapp_session { key 2026-11 secrets/seal.key; }',
);

subtest 'examples of the documentation' => sub {
    my $n = 0;
    for my $file ('docs/directives.md', 'README.md') {
        my $text = slurp($file);
        while ($text =~ /^```nginx\n(.*?)^```$/msg) {
            my ($example, $line) = ($1, 1 + substr($text, 0, $-[0]) =~ tr/\n//);
            my $http = $example =~ /^# in http \{\}/;
            my $conf = join "\n", 'http {', 'include generated/paths.conf;',
                (map { $service{$_} } grep { $example !~ /^$_ .*\{/m } sort keys %service),
                $http ? $example : '', 'server {', 'include generated/listen.conf;', $http ? '' : $example, '}', '}';
            passes($conf, "$file:$line");
            $n++;
        }
    }
    cmp_ok $n, '>=', 15, 'examples were found';
};

subtest 'every directive has an example' => sub {
    my $examples = join '', "$DIRECTIVES\n" =~ /^```nginx\n(.*?)^```$/msg;
    like $examples, qr/\b\Q$_\E\b/, $_ for grep { /^wxapp_\w+$/ } sort keys %heading;
};

subtest 'the text' => sub {
    my @files = map { s{^\Q$TOP\E/}{}r } glob("$TOP/docs/*.md"), map { "$TOP/$_" } qw(README.md CHANGES.md);
    for my $file (@files) {
        my @lines = split /\n/, slurp($file);
        is_deeply [grep { length $lines[$_ - 1] > 100 && $lines[$_ - 1] !~ /^\|/ } 1 .. @lines], [],
            "$file: lines of 100 characters at most, but for tables";
        my $text = join "\n", @lines;
        my %name = map { $_ => 1 } $text =~ /^\[(\w+)\]: /mg;
        is_deeply [grep { !$name{$_} } $text =~ /(?<!!)\[(wxapp_\w+)\](?![(:])/g], [], "$file: no link without a target";
        for my $link ($text =~ /\]\(([^)]+)\)/g, $text =~ /^\[\w+\]: (\S+)$/mg) {
            next if $link =~ m{^https?://};
            my ($to, $anchor) = split /#/, $link, 2;
            my $target = $to eq '' ? $file : dirname($file) eq '.' ? $to : dirname($file) . "/$to";
            ok -e "$TOP/$target", "$file: $link" or next;
            next if !defined $anchor;
            my %anchor = map { (lc =~ s/[^\w\- ]//gr =~ tr/ /-/r) => 1 } slurp($target) =~ /^#+ (.*)$/mg;
            ok $anchor{$anchor}, "$file: $link: a heading there";
        }
    }
};

done_testing;
