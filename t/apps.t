# Several wxapp_app: which one a login is for, and what its token says of it.

use lib 't/lib';
use WXApp;
use WXDrive;
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

# three apps: the standard one under the name "shop", "courier", and one without a name
my %appid;

sub appid_of {
    my ($name) = @_;
    return $appid{$name} //= do {
        my $appid = $name eq 'shop' ? appid() : sprintf 'wx%s%012x', { courier => 'c0', third => 'c1' }->{$name}, WXApp::port();
        WXApp::sim_request('/_sim/apps', { appid => $appid });
        $appid;
    };
}

sub apps {
    my $secret = $ENV{WXAPP_APP_SECRET_FILE} // WXApp::env('WXAPP_APP_SECRET_FILE');
    return "wxapp_app shop { appid @{[appid_of('shop')]}; secret_file $secret; }\n"
        . "wxapp_app courier { appid @{[appid_of('courier')]}; secret_file $secret; }\n"
        . "wxapp_app { appid @{[appid_of('third')]}; secret_file $secret; }\n";
}

add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(suppress_stderr => '') if defined $block->must_die;
    return if defined $block->http_config;
    $block->set_value(http_config => wxapp_http(app => $block->app // apps(), extra => $block->more // ''));
    my $config = $block->config // '';
    $config .= "location = /login { wxapp_login; }\n" if $config !~ m{/login\b} && !defined $block->must_die;
    $block->set_value(config => $config . wxapp_upstream());
});

sub code_of {
    my ($app, $user) = @_;
    return WXApp::sim_request('/_sim/codes', { appid => appid_of($app), user => $user })->{codes}[0];
}

sub calls_of {
    my ($app, $code) = @_;
    return scalar @{ WXApp::sim_request("/_sim/log?appid=@{[appid_of($app)]}&code=$code")->{calls} };
}

sub referer { my ($app, %o) = @_; return 'Referer: https://servicewechat.com/' . appid_of($app) . '/' . ($o{version} // 7) . '/page-frame.html' }

sub claims_of {
    my ($reply) = @_;
    return JSON::PP::decode_json(decode_base64url((split /\./, $reply->{json}{access_token})[1]));
}

sub login { my ($path, $code, @headers) = @_; return post($path, { code => $code }, headers => \@headers) }

sub is_login {
    my ($reply, $app, $what) = @_;
    is $reply->{status}, 200, ($what // $WXDrive::in) . ': login' or return;
    is claims_of($reply)->{app}, $app, ($what // $WXDrive::in) . ': app';
    return $reply->{json}{user}{id};
}

sub is_unknown {
    my ($reply, $what) = @_;
    is $reply->{status}, 400, ($what // $WXDrive::in) . ': status';
    is $reply->{json}{code}, 'unknown_app', ($what // $WXDrive::in) . ': word';
    return;
}

run_tests();

__DATA__

=== TEST 1: the Referer of WeChat picks the app
--- drive
is_login(login('/login', code_of('shop', 'u1'), referer('shop')), 'shop');
is_login(login('/login', code_of('courier', 'u1'), referer('courier')), 'courier');
is_login(login('/login', code_of('third', 'u1'), referer('third')), appid_of('third'), 'without a name the appid is it');



=== TEST 2: all versions that WeChat tells are taken
--- drive
is_login(login('/login', code_of('courier', 'u2'), referer('courier', version => $_)), 'courier', "version $_")
    for 0, 1, 123456, 'devtools';



=== TEST 3: a Referer that is not to the letter is of no app, and the code is not spent
--- drive
my $id = appid_of('courier');
my $code = code_of('courier', 'u3');
my %bad = (
    'http'             => "http://servicewechat.com/$id/7/page-frame.html",
    'another host'     => "https://servicewechat.com.example.com/$id/7/page-frame.html",
    'a host before it' => "https://example.com/https://servicewechat.com/$id/7/page-frame.html",
    'a port'           => "https://servicewechat.com:443/$id/7/page-frame.html",
    'a user'           => "https://x\@servicewechat.com/$id/7/page-frame.html",
    'capitals'         => "https://ServiceWeChat.com/$id/7/page-frame.html",
    'no version'       => "https://servicewechat.com/$id/page-frame.html",
    'empty version'    => "https://servicewechat.com/$id//page-frame.html",
    'a wrong version'  => "https://servicewechat.com/$id/7%2f/page-frame.html",
    'more segments'    => "https://servicewechat.com/$id/7/8/page-frame.html",
    'another page'     => "https://servicewechat.com/$id/7/page.html",
    'arguments'        => "https://servicewechat.com/$id/7/page-frame.html?x",
    'more behind it'   => "https://servicewechat.com/$id/7/page-frame.html/",
    'no page'          => "https://servicewechat.com/$id/7/",
    'the appid alone'  => "https://servicewechat.com/$id",
    'no appid'         => 'https://servicewechat.com//7/page-frame.html',
    'a foreign appid'  => 'https://servicewechat.com/wx00000000000000ff/7/page-frame.html',
    'a longer appid'   => "https://servicewechat.com/${id}0/7/page-frame.html",
    'a shorter appid'  => 'https://servicewechat.com/' . substr($id, 0, -1) . '/7/page-frame.html',
    'the name'         => 'https://servicewechat.com/courier/7/page-frame.html',
    'nothing'          => '',
);
is_unknown(login('/login', $code, "Referer: $bad{$_}"), $_) for sort keys %bad;
is_unknown(login('/login', $code), 'none');
is_unknown(login('/login', $code, referer('courier'), referer('shop')), 'two');
is calls_of('courier', $code), 0, 'WeChat was not asked';
is status_of('login')->{refused}, 2 + keys %bad, 'counted';
is_login(login('/login', $code, referer('courier')), 'courier', 'and then');



=== TEST 4: app=NAME is the app, whatever the Referer says
--- config
    location = /login { wxapp_login app=courier; }
    location = /shop  { wxapp_login app=shop; }
--- drive
is_login(login('/login', code_of('courier', 'u4')), 'courier');
is_login(login('/login', code_of('courier', 'u4'), referer('shop')), 'courier', 'another Referer');
is_login(login('/shop', code_of('shop', 'u4'), referer('courier')), 'shop', 'another location');



=== TEST 5: app= is an appid where the app has no other name
--- config eval: 'location = /login { wxapp_login app=' . main::appid_of('third') . '; }'
--- drive
is_login(login('/login', code_of('third', 'u5')), appid_of('third'));



=== TEST 6: app=$variable picks at each request
--- more
    map $http_x_app $wx_app { default $http_x_app; rider courier; }
--- config
    location = /login { wxapp_login app=$wx_app; }
--- drive
is_login(login('/login', code_of('shop', 'u6'), 'X-App: shop'), 'shop');
is_login(login('/login', code_of('courier', 'u6'), 'X-App: rider'), 'courier');
my $code = code_of('shop', 'u6');
is_unknown(login('/login', $code, 'X-App: shops'), 'no such name');
is_unknown(login('/login', $code, referer('shop')), 'empty, and the Referer does not count');
is calls_of('shop', $code), 0, 'WeChat was not asked';
is status_of('login')->{refused}, 2, 'counted';



=== TEST 7: a regular expression of a location picks
--- config
    location ~ ^/login/(?<name>\w+)$ { wxapp_login app=$name; }
--- drive
is_login(login('/login/courier', code_of('courier', 'u7')), 'courier');
is_unknown(login('/login/nobody', code_of('courier', 'u7')));



=== TEST 8: with one app the Referer does not matter
--- app eval
main::wxapp_app()
--- drive
is_login(login('/login', code_of('shop', 'u8')), appid(), 'none');
is_login(login('/login', code_of('shop', 'u8'), 'Referer: https://servicewechat.com/wx00000000000000ff/7/page-frame.html'), appid(), 'another');



=== TEST 9: a code of one app is no code of another
--- drive
my $reply = login('/login', code_of('shop', 'u9'), referer('courier'));
is $reply->{status}, 401, 'status';
is $reply->{json}{code}, 'code_invalid', 'as WeChat says';



=== TEST 10: one person is another user in each app, joined by the unionid
--- drive
WXApp::sim_request('/_sim/users', { appid => appid_of($_), user => 'u10', unionid => 'oUnion_u10' }) for qw(shop courier);
my @replies = map { login('/login', code_of($_, 'u10'), referer($_)) } qw(shop courier);
my @claims  = map { claims_of($_) } @replies;
isnt $claims[0]{sub}, $claims[1]{sub}, 'two rows';
isnt $claims[0]{openid}, $claims[1]{openid}, 'two openids';
is $_->{unionid}, 'oUnion_u10', 'one unionid' for @claims;
is mysql_value('SELECT COUNT(*) FROM users WHERE unionid = "oUnion_u10"'), 2, 'in the table';



=== TEST 11: equal codes of two apps do not join each other
--- config
    location = /login { wxapp_login; }
    location = /courier { wxapp_login app=courier; }
--- drive
my $code = code_of('shop', 'u11');
WXApp::sim_request('/_sim/next', { appid => appid_of('shop'), mode => 'slow', ms => 300 });
my $h = begin('POST', '/login', qq({"code":"$code"}), headers => [referer('shop')]);
ok wait_until { calls_of('shop', $code) }, 'under way';
my $other = login('/courier', $code);
is $other->{json}{code}, 'code_invalid', 'asked by itself';
is calls_of('courier', $code), 1, 'of its own app';
is_login(finish($h), 'shop');
is login('/login', $code, referer('shop'))->{json}{code}, 'code_used', 'the first is known to be used';



=== TEST 12: each app is called at its own api
--- app eval
my $secret = $ENV{WXAPP_APP_SECRET_FILE};
"wxapp_app shop { appid " . main::appid_of('shop') . "; secret_file $secret; }
wxapp_app courier { appid " . main::appid_of('courier') . "; secret_file $secret; api /_courier/; }"
--- config eval
my $up = main::wxapp_upstream();
$up =~ s{/_wx/}{/_courier/};
$up =~ s{proxy_next_upstream}{proxy_set_header X-Own courier; proxy_next_upstream};
"location = /login { wxapp_login; }\n$up"
--- drive
is_login(login('/login', code_of('courier', 'u12'), referer('courier')), 'courier');
my ($call) = @{ WXApp::sim_request('/_sim/log?appid=' . appid_of('courier'))->{calls} }[-1];
ok scalar(grep { $_ eq 'x-own' } @{ $call->{headers} }), 'by its location';
is_login(login('/login', code_of('shop', 'u12'), referer('shop')), 'shop');



=== TEST 13: $wxapp_app is the app of the login, refused ones too, and then the token's
--- more
    log_format app '$uri $status [$wxapp_app]';
--- config
    access_log logs/app.txt app;
    location = /login { wxapp_login; }
    location = /me { return 200 "[$wxapp_app]"; }
--- drive
my $reply = login('/login', code_of('courier', 'u13'), referer('courier'));
is get('/me', headers => ["Authorization: Bearer $reply->{json}{access_token}"])->{body}, '[courier]', 'of the token';
is get('/me')->{body}, '[]', 'none';
is get('/me', headers => ['Authorization: Bearer ' . make_token(sub => 1)])->{body}, '[]', 'a token without one';
login('/login', '0nosuchcode0nosuch', referer('shop'));
login('/login', '0nosuchcode0nosuch');
my $log = sub { logs(0, server_root() . '/logs/app.txt') };
ok wait_until { $log->() =~ m{^/login 400 \[-\]$}m }, 'of no app';
like $log->(), qr{^/login 200 \[courier\]$}m, 'of the login';
like $log->(), qr{^/login 401 \[shop\]$}m, 'of a login that failed';



=== TEST 14: wxapp_require looks at the app of the token
--- config
    location = /login { wxapp_login; }
    location /courier { wxapp_auth on; wxapp_require app=courier; root html; }
--- drive
my %token = map { $_ => login('/login', code_of($_, 'u14'), referer($_))->{json}{access_token} } qw(shop courier);
is get('/courier', headers => ["Authorization: Bearer $token{courier}"])->{status}, 404, 'let in';
is get('/courier', headers => ["Authorization: Bearer $token{shop}"])->{json}{code}, 'insufficient_scope', 'not';
--- error_log
No such file



=== TEST 15: two apps of one name
--- app
wxapp_app a { appid wx1; secret_file s; }
wxapp_app a { appid wx2; secret_file s; }
--- user_files
>>> ../conf/s
x
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate "wxapp_app" "a" in .*nginx\.conf:\d+/



=== TEST 16: two apps of one appid
--- app
wxapp_app a { appid wx1; secret_file s; }
wxapp_app b { appid wx1; secret_file s; }
--- user_files
>>> ../conf/s
x
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate "wxapp_app" "wx1" in .*nginx\.conf:\d+/



=== TEST 17: a name that is the appid of an app without a name
--- app
wxapp_app { appid wx1; secret_file s; }
wxapp_app wx1 { appid wx2; secret_file s; }
--- user_files
>>> ../conf/s
x
--- must_die
--- error_log eval
qr/\[emerg\] .*duplicate "wxapp_app" "wx1" in .*nginx\.conf:\d+/



=== TEST 18: a name of nothing
--- app
wxapp_app "" { appid wx1; secret_file s; }
--- must_die
--- error_log eval
qr/\[emerg\] .*"wxapp_app" directive has an empty name in .*nginx\.conf:\d+/



=== TEST 19: app= of an app that is not there
--- config
    location = /login { wxapp_login app=shp; }
--- must_die
--- error_log eval
qr/\[emerg\] .*there is no "wxapp_app" "shp" for "app=" in .*nginx\.conf:\d+/



=== TEST 20: app= that is empty, or another parameter
--- config
    location = /login { wxapp_login ap=shop; }
--- must_die
--- error_log eval
qr/\[emerg\] .*unknown parameter "ap", did you mean "app"\? in .*nginx\.conf:\d+/



=== TEST 21: the second of two locations is looked at, too
--- config
    location = /login { wxapp_login app=shop; }
    location = /other { wxapp_login app=courer; }
--- must_die
--- error_log eval
qr/\[emerg\] .*there is no "wxapp_app" "courer" for "app=" in .*nginx\.conf:\d+/
