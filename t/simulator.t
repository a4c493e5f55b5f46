# The tools that the other tests stand on: simulator, databases, Redis, tokens.

use lib 't/lib';
use WXApp;
use HTTP::Tiny;
use Test::More;

my $http = HTTP::Tiny->new(timeout => 3);

sub url {
    my (%q) = @_;
    %q = (appid => appid(), secret => app_secret(), grant_type => 'authorization_code', %q);
    my $query = join '&', map { "$_=$q{$_}" } grep { defined $q{$_} } sort keys %q;
    return "http://127.0.0.1:$ENV{WXAPP_WECHAT_PORT}/sns/jscode2session?$query";
}

sub call { return $http->get(url(@_)) }

# curl's exit code; HTTP::Tiny would try a second time by itself
sub trouble { return system('curl', '-s', '-o', '/dev/null', url(@_)) >> 8 }

sub answer { return JSON::PP::decode_json(call(@_)->{content}) }

subtest 'parameters' => sub {
    is answer(appid => undef)->{errcode},      41002, 'no appid';
    is answer(secret => undef)->{errcode},     41004, 'no secret';
    is answer()->{errcode},                    41008, 'no code';
    is answer(js_code => 'x', grant_type => 'a')->{errcode}, 40002, 'grant_type';
    is answer(js_code => 'x', appid => 'wx0')->{errcode},    40013, 'appid';
    is answer(js_code => 'x', secret => 'no')->{errcode},    40125, 'secret';
    is answer(js_code => 'x')->{errcode},      40029, 'unknown code';
    like answer(js_code => 'x')->{errmsg}, qr/ rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}$/, 'rid';
    is call(js_code => 'x')->{headers}{'content-type'}, 'text/plain', 'labelled as text';
};

subtest 'codes' => sub {
    my $code = fresh_code('alice');
    like $code, qr/^[0-9A-Za-z]{32}$/, 'shape';
    my $first = answer(js_code => $code);
    is $first->{openid}, openid_of('alice'), 'openid';
    like $first->{session_key}, qr{^[A-Za-z0-9+/]{22}==$}, 'session_key';
    ok !exists $first->{unionid}, 'no unionid';
    is answer(js_code => $code)->{errcode}, 40163, 'used once';
    is answer(js_code => sim('/_sim/codes', { age => 301 })->{codes}[0])->{errcode}, 40029, 'expired';
    sim('/_sim/users', { user => 'alice', unionid => 'oU' });
    is answer(js_code => fresh_code('alice'))->{unionid}, 'oU', 'bound';
    sim('/_sim/users', { user => 'eve', risk => 1 });
    is answer(js_code => fresh_code('eve'))->{errcode}, 40226, 'risk';
    is answer(js_code => 'okalicex1')->{openid}, openid_of('alice'), 'magic code';
    is answer(js_code => 'okalicex1')->{errcode}, 40163, 'magic code, used';
};

subtest 'bad days' => sub {
    is answer(js_code => 'em1x1')->{errcode}, -1, 'errcode';
    is trouble(js_code => 'resetx1'), 56, 'reset';
    is trouble(js_code => 'midx1'),   18, 'cut in the body';
    is trouble(js_code => 'dropx1'),  52, 'no reply';
    is answer(js_code => 'dropx1')->{errcode}, 40163, 'drop uses the code up';
    is call(js_code => 'http500x1')->{status}, 500, 'http500';
    is call(js_code => 'emptyx1')->{content}, '', 'empty';
    is ref answer(js_code => 'arrayx1'), 'ARRAY', 'array';
    ok !eval { answer(js_code => 'garbagex1'); 1 }, 'garbage';
    cmp_ok length call(js_code => 'hugex1')->{content}, '>', 1 << 20, 'huge';
    ok answer(js_code => "${_}x1")->{openid}, $_ for qw(nolen chunked slow5);
    sim('/_sim/next', { mode => 'errcode', errcode => 45011 });
    is answer(js_code => fresh_code())->{errcode}, 45011, 'next';
    ok answer(js_code => fresh_code())->{openid}, 'only the next';
};

subtest 'log' => sub {
    my @calls = sim_calls(code => 'okalicex1');
    is_deeply [map { $_->{outcome} } @calls], ['ok', 40163], 'calls of a code';
    my $text = JSON::PP::encode_json(sim('/_sim/log'));
    unlike $text, qr/okalicex1/, 'no code in it';
    is index($text, app_secret()), -1, 'no secret in it';
};

subtest 'stores' => sub {
    is mysql_value('SELECT COUNT(*) FROM products'), 20, 'seeded';
    is mysql_value('SELECT role FROM users WHERE id = ?', 1), 'admin', 'admin';
    is redis_cmd('SET', redis_prefix() . 'a', 1), 'OK', 'redis';
    my @part = split /\./, make_token(sub => 7);
    is scalar @part, 3, 'token';
};

done_testing;
