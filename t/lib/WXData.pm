package WXData;

# What WeChat encrypts and signs for clients: `use WXData;` after `use WXApp;` and `use WXDrive;`.
#
# Blocks with a drive section have a wxapp_session with a key, and the locations of %LOCATIONS that their
# config does not have. Users are the block's own. After each of them the logs, at debug level, are searched for what must not be there:
# session keys, access tokens, phone codes, and all that was given to secret().

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex sha1_hex);
use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More ();

use Test::Nginx::Socket ();

use base 'Exporter';
our @EXPORT = qw(write_key session_key login_as ask is_problem encrypt encrypted watermark raw_signature secret
    phone_code sim_user openid uid);

# one key, or two of which the second is older: `--- seal: k2 k1`
my %KEYS = (k1 => 'a5' x 32, k2 => '5a' x 32);

my %LOCATIONS = (
    login     => 'wxapp_login;',
    decrypt   => 'wxapp_decrypt;',
    old       => 'wxapp_decrypt max_age=off;',
    signature => 'wxapp_signature;',
    phone     => 'wxapp_phone;',
    check     => 'wxapp_session_key check;',
    reset     => 'wxapp_session_key reset;',
);

our @secrets;

sub write_key {
    for my $name (keys %KEYS) {
        my $file = "$Test::Nginx::Util::ConfDir/$name.key";
        open my $fh, '>', $file or die "$file: $!\n";
        print $fh $KEYS{$name};
        close $fh or die;
        chmod 0600, $file;
    }
}

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    @secrets = values %KEYS;
    $block->set_value(post_setup_server_root => 'WXData::write_key()');
    return if !defined $block->drive;
    my $seal = join ' ', map { "key $_ $_.key;" } split ' ', $block->seal // 'k1';
    my $more = "wxapp_session { $seal }\n" . ($block->wxapp // '');
    $block->set_value(wxapp => $more) if !defined $block->http_config;
    my $config = $block->config // '';
    for my $name (sort keys %LOCATIONS) {
        $config .= "location = /$name { $LOCATIONS{$name} }\n" if $config !~ m{/$name\b};
    }
    $config .= WXApp::wxapp_upstream() if $config !~ m{location\s+/_wx/};
    $block->set_value(config => $config);
});

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, undef, $req_idx, undef, $dry_run) = @_;
    return if !defined $block->drive || $dry_run || $req_idx;
    my $logs = WXDrive::logs();
    my @tokens = @{ WXApp::sim('/_sim/token')->{tokens} };
    my @escaped = map { s/([^\w.~-])/sprintf '%%%02X', ord $1/ger } @tokens;
    my @found = grep { length > 7 && index($logs, $_) >= 0 } @secrets, WXApp::app_secret(), @tokens, @escaped;
    Test::More::is(scalar @found, 0, "$WXDrive::in: no secret in a log") or Test::More::diag(map { "$_\n" } @found);
});

sub secret { push @secrets, @_; return @_ }

# what the simulator knows the block's user by
sub user { my ($user) = @_; return $user . '_' . ($WXDrive::in =~ s/\W+//gr) }

sub sim_user { my ($user, %is) = @_; return WXApp::sim('/_sim/users', { user => user($user), %is }) }

# the user's session_key at WeChat, or made to be this one
sub session_key {
    my ($user, $key) = @_;
    my $got = sim_user($user, $key ? (session_key => $key) : ())->{session_key};
    secret(grep { defined } $got);
    return $got;
}

# the token of the user after a login, with that session_key if given
sub login_as {
    my ($user, $key, @more) = @_;
    session_key($user, $key) if $key;
    my $code = WXApp::fresh_code(user($user));
    my $reply = WXDrive::post('/login', { code => $code }, @more);
    Test::More::is($reply->{status}, 200, "$WXDrive::in: login of $user");
    session_key($user);
    return $reply->{json}{access_token};
}

# a POST with the token
sub ask {
    my ($path, $token, $json, %o) = @_;
    my @headers = (@{ $o{headers} // [] }, defined $token ? "Authorization: Bearer $token" : ());
    return WXDrive::post($path, $json // '{}', %o, headers => \@headers);
}

sub is_problem {
    my ($reply, $status, $word, $what) = @_;
    $what = $what ? "$WXDrive::in: $what" : $WXDrive::in;
    Test::More::is($reply->{status}, $status, "$what: status $status");
    Test::More::is($reply->{json}{code}, $word, "$what: $word");
    Test::More::is($reply->{headers}{'content-type'}, 'application/problem+json', "$what: problem");
    return;
}

# ---- AES-128-CBC as WeChat does it; the padding is another one if given

sub encrypt {
    my ($key, $iv, $plain, $pad) = @_;
    my $n = 16 - length($plain) % 16;
    $plain .= $pad // chr($n) x $n;
    my ($k, $i) = map { unpack 'H*', MIME::Base64::decode_base64($_) } $key, $iv;
    # by a file: two pipes could wait for each other
    my ($in, $file) = File::Temp::tempfile(UNLINK => 1);
    binmode $in;
    print $in $plain;
    close $in;
    open my $out, '-|', qw(openssl enc -aes-128-cbc -nopad -K), $k, '-iv', $i, '-in', $file or die "openssl: $!\n";
    my $data = do { local $/; <$out> };
    close $out;
    unlink $file;
    return encode_base64($data, '');
}

our $IV = encode_base64('0123456789abcdef', '');

# the JSON text of data with a watermark of this file's app, made now
sub watermark {
    my ($age, %more) = @_;
    my $appid = delete $more{appid} // WXApp::appid();
    return JSON::PP->new->canonical->encode({ %more, watermark => { appid => $appid, timestamp => time - $age } });
}

# what a client hands on
sub encrypted {
    my ($key, $plain, $pad) = @_;
    return { encryptedData => encrypt($key, $IV, $plain, $pad), iv => $IV };
}

sub raw_signature {
    my ($key, $raw) = @_;
    return sha1_hex($raw . $key);
}

sub phone_code {
    my ($user, %o) = @_;
    my ($code) = @{ WXApp::sim('/_sim/codes', { user => user($user), phone => 1, %o })->{codes} };
    secret($code);
    return $code;
}

sub openid { return sim_user(@_)->{openid} }

# the id of the user's row
sub uid { return WXApp::mysql_value('SELECT id FROM users WHERE openid = ?', openid(@_)) }

1;
