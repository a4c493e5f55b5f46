# wxapp_password_login, _set and _unlock: names, passwords, lockout, one-time passwords, captcha.
#
# Sections of this file beside those of WXDrive:
#   login, set     lines in the blocks of the locations /login and /set, in place of the standard ones of the
#                  same name
# Every block starts with the users of fresh_users() and without counts. After every block the logs, at debug
# level, are searched for all passwords and codes.

use lib 't/lib';
use WXApp;
use WXDrive;

use Digest::SHA qw(hmac_sha1 sha256_hex);
use File::Temp ();
use MIME::Base64 qw(decode_base64url);

repeat_each(1);
no_long_string();
plan 'no_plan';

# imported, so that the drive sections see them
use vars qw(%PASSWORD $SECRET $SEALED $CODE $WRONG);

# $SECRET under the key 00...01 named k1, for the user with the id 7
$SEALED = 'v1.k1.AAECAwQFBgcICQoL4m8GyUG2G933NfHRZIKudS5m2-3WJOzaNtYIC6EfvHmPapwBc4SHCXezIMoKDcWT';

our $DIR = File::Temp->newdir('wxapp-password-XXXXXX', TMPDIR => 1);
chmod 0755, $DIR;
{
    open my $key, '>', "$DIR/k1.key" or die $!;
    chmod 0600, "$DIR/k1.key";
    print $key '0' x 62, '01';
}

%PASSWORD = (
    ada     => 'correct horse battery',
    bob     => 'bob has 12 characters',
    carol   => 'carol is disabled now',
    '张三'  => '密码很长很长很长很长很长很长',
);
$SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';      # base32 of 12345678901234567890
$CODE   = 'k7dq-2mxa-98hs';
$WRONG  = 'wrong horse battery';

# ---- users

sub bcrypt {
    my ($password, $cost, $prefix) = @_;
    utf8::encode($password) if utf8::is_utf8($password);
    return crypt $password, sprintf '$%s$%02d$%s', $prefix // '2b', $cost // 4, join '', map { ('a' .. 'z')[rand 26] } 1 .. 21, 'u';
}

sub fresh_users {
    our $made //= do {
        mysql_query('CREATE TABLE admins (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, username VARCHAR(64) NOT NULL UNIQUE,
            password_hash VARCHAR(255), role VARCHAR(32), totp_secret VARCHAR(255), disabled BOOLEAN NOT NULL DEFAULT 0,
            nickname VARCHAR(64), age INT) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci');
        mysql_query('CREATE TABLE codes (admin_id INT UNSIGNED NOT NULL, code_hash CHAR(64) NOT NULL)');
        1;
    };
    mysql_query('TRUNCATE admins');
    mysql_query('DELETE FROM codes');
    my %id = (ada => 7, bob => 8, carol => 9, '张三' => 10, dave => 11);
    for my $name (keys %id) {
        utf8::decode(my $text = $name);
        mysql_query('INSERT INTO admins (id, username, password_hash, role, disabled, nickname, age) VALUES (?, ?, ?, ?, ?, ?, ?)',
            $id{$name}, $text, exists $PASSWORD{$name} ? bcrypt($PASSWORD{$name}) : undef, $name eq 'ada' ? 'admin' : 'editor',
            $name eq 'carol' ? 1 : 0, $name eq 'ada' ? 'Ada "L"' : undef, $name eq 'ada' ? 36 : undef);
    }
    my @keys = map { @{ redis_cmd('KEYS', redis_prefix() . "$_*") } } 'password:', 'session:';
    redis_cmd('DEL', @keys) if @keys;
    return;
}

sub column { my ($name, $column) = @_; return scalar mysql_value("SELECT $column FROM admins WHERE username = ?", $name) }
sub change { my ($name, %to) = @_; mysql_query("UPDATE admins SET $_ = ? WHERE username = ?", $to{$_}, $name) for keys %to; return }

# ---- requests

sub body_of {
    my ($name, $password, %more) = @_;
    return { username => $name, password => $password // $PASSWORD{$name}, %more };
}

# names and passwords are bytes here
sub json { my ($object) = @_; return JSON::PP->new->latin1->encode($object) }

sub login { my ($name, $password, %more) = @_; return post('/login', json(body_of($name, $password, %more))) }
sub begin_login { my ($name, $password, %more) = @_; return begin('POST', '/login', json(body_of($name, $password, %more))) }

# several at once
sub logins { my (@bodies) = @_; return map { finish($_) } map { begin_login(@$_) } @bodies }

sub statuses { return join ' ', sort map { $_->{status} } @_ }

sub claims_of { my ($reply) = @_; return JSON::PP::decode_json(decode_base64url((split /\./, $reply->{json}{access_token})[1])) }

sub bearer { return (headers => ['Authorization: Bearer ' . make_token(@_)]) }

sub set_password {
    my ($id, $old, $new, @more) = @_;
    @more = bearer(sub => $id) if !@more;
    return post('/set', json({ password => $old, new_password => $new }), @more);
}

sub unlock { my ($name, @claims) = @_; return post('/unlock', json({ username => $name }), bearer(sub => 1, role => 'admin', @claims)) }

sub is_problem {
    my ($reply, $status, $code, $name) = @_;
    is "$reply->{status} " . ($reply->{json}{code} // ''), "$status $code", "$WXDrive::in: " . ($name // $code);
}

# ---- counts

sub account_key { my ($name) = @_; return redis_prefix() . 'password:account:' . sha256_hex(lc $name) }
sub address_key { return redis_prefix() . 'password:address:7f000001' }

sub count_of   { my ($name) = @_; return redis_cmd('GET', account_key($name)) // 0 }
sub address_of { return redis_cmd('GET', address_key()) // 0 }

# what nobody waited for is there in a moment
sub counts {
    my ($name, $account, $address) = @_;
    wait_until { count_of($name) == $account && address_of() == $address } 2;
    is count_of($name) . ' ' . address_of(), "$account $address", "$WXDrive::in: failures of the account and the address";
}

# ---- one-time passwords

sub code_at {
    my ($step) = @_;
    my $digest = hmac_sha1(pack('Q>', $step), '12345678901234567890');
    return sprintf '%06d', (unpack('N', substr $digest, ord(substr $digest, -1) & 15, 4) & 0x7fffffff) % 1_000_000;
}

# the step of now, with at least two seconds left of it
sub step {
    my $left = 30 - time % 30;
    pause($left + 0.05) if $left < 2;
    return int(time / 30);
}

# none of the codes that are good now
sub wrong_code {
    my $step = int(time / 30);
    my %good = map { code_at($step + $_) => 1 } -2 .. 2;
    my ($code) = grep { !$good{$_} } '000000' .. '000009';
    return $code;
}

sub with_totp { change($_[0], totp_secret => $SECRET); return }
sub with_code { mysql_query('INSERT INTO codes VALUES (?, ?)', $_[0], sha256_hex(lc $CODE =~ tr/-//dr)); return }

# ---- blocks

my %STANDARD = (
    login => {
        user     => '"SELECT id, username, password_hash, role, totp_secret, disabled, nickname, age FROM admins WHERE username = ?"',
        update   => '"UPDATE admins SET password_hash = ? WHERE id = ? AND password_hash = ?"',
        recovery => '"DELETE FROM codes WHERE admin_id = ? AND code_hash = ?"',
        cost     => 4,
    },
    set => {
        user   => '"SELECT username, password_hash FROM admins WHERE id = ?"',
        update => '"UPDATE admins SET password_hash = ? WHERE id = ? AND password_hash = ?"',
        cost   => 4,
    },
);

sub lines_of {
    my ($what, $lines) = @_;
    my %lines = (%{ $STANDARD{$what} }, map { /^\s*(\w+)\s*(.*?)\s*$/ ? ($1 => $2) : () } split /\n/, $lines // '');
    return join '', map { length $lines{$_} ? "$_ $lines{$_};\n" : '' } sort keys %lines;
}

sub error_log_file { return Test::Nginx::Util::server_root() . '/logs/error.log' }

add_block_preprocessor(sub {
    my ($block) = @_;
    fresh_users();
    return if !defined $block->drive;
    my ($login, $set) = (lines_of(login => $block->login), lines_of(set => $block->set));
    $block->set_value(config => ($block->config // '') . <<"C");
location = /login { wxapp_password_login { $login } }
location = /set { wxapp_auth on; wxapp_password_set { $set } }
location = /unlock { wxapp_auth on; wxapp_require role=admin; wxapp_password_unlock; }
C
});

# no password, no code in any log
add_response_body_check(sub {
    my ($block, undef, $req_idx, undef, $dry_run) = @_;
    return if $dry_run || $req_idx || !defined $block->drive;
    my $logs = logs(0);
    cmp_ok length $logs, '>', 1000, $block->name . ': there are logs';
    my $step = int(time / 30);
    my @secrets = (values %PASSWORD, $WRONG, $CODE, $CODE =~ tr/-//dr, $SECRET, $SEALED, 'brand new password', map { code_at($step + $_) } -1 .. 1);
    is_deeply [grep { index($logs, $_) >= 0 } @secrets], [], $block->name . ': no secret in the logs';
});

log_level('debug');
worker_connections(256);

run_tests();

__DATA__

=== TEST 1: a login gives a token and the user
--- drive
my $r = login('ada');
is $r->{status}, 200, 'status';
is $r->{headers}{'cache-control'}, 'no-store', 'not stored';
my %user = %{ $r->{json}{user} };
is_deeply \%user, { id => 7, username => 'ada', role => 'admin', nickname => 'Ada "L"', age => 36 }, 'the user, no secret';
my $c = claims_of($r);
is_deeply [@$c{qw(sub role username nickname age amr)}], [7, 'admin', 'ada', 'Ada "L"', '36', ['pwd']], 'claims';
cmp_ok abs(time - $c->{auth_time}), '<', 5, 'auth_time';
ok !exists $c->{$_}, "no claim $_" for qw(id password_hash totp_secret disabled mfa_time openid);
counts('ada', 0, 0);
is status_of('password')->{ok}, 1, 'counted';



=== TEST 2: other columns are no claims when they are null
--- drive
my $r = login('bob');
is_deeply $r->{json}{user}, { id => 8, username => 'bob', role => 'editor', nickname => undef, age => undef }, 'the user';
my $c = claims_of($r);
is join(' ', map { exists $c->{$_} ? 1 : 0 } qw(nickname age)), '0 0', 'no claims';



=== TEST 3: names and passwords in UTF-8
--- drive
is login('张三')->{status}, 200, 'status';



=== TEST 4: a wrong password, an unknown user, a disabled one and one without a password get the same answer
--- drive
my @r = (login('ada', $WRONG), login('nobody', $WRONG), login('carol'), login('dave', $WRONG));
my %seen;
for my $r (@r) {
    is_problem($r, 401, 'invalid_credentials');
    delete $r->{json}{trace_id};
    delete $r->{headers}{$_} for qw(x-request-id traceparent date);
    $seen{ JSON::PP->new->canonical->encode([@$r{qw(status headers json)}]) }++;
}
is scalar keys %seen, 1, 'not one byte differs' or diag(keys %seen);
is $r[0]{headers}{'www-authenticate'}, 'Bearer', 'a challenge';
is status_of('password')->{refused}, 4, 'counted';



=== TEST 5: whose hash has the configured cost or a lower one, an unknown, a disabled user take the same time
--- login
cost 10
lockout account=1000/1m address=1000/1m
--- drive
change($_, password_hash => bcrypt($PASSWORD{$_}, 10)) for qw(ada carol);
change('bob', password_hash => bcrypt($PASSWORD{bob}, 8));
my %took;
for (1 .. 9) {
    for my $name (qw(ada bob carol dave nobody)) {
        push @{ $took{$name} }, login($name, $WRONG)->{took};
    }
}
my %median = map { $_ => (sort { $a <=> $b } @{ $took{$_} })[4] } keys %took;
cmp_ok $median{ada}, '>', 0.02, 'work was done';
cmp_ok $median{$_} / $median{ada}, '<', 1.6, "$_: not slower" for qw(bob carol dave nobody);
cmp_ok $median{$_} / $median{ada}, '>', 0.6, "$_: not faster" for qw(bob carol dave nobody);



=== TEST 6: what is given must be strings
--- drive
my $details = sub { join ' ', map { "$_->{field}:$_->{rule}" } @{ $_[0]{json}{details} } };
my $r = post('/login', '{}');
is_problem($r, 422, 'validation_failed', 'nothing');
is $details->($r), 'username:required password:required', 'both';
is $details->(post('/login', '{"username":"","password":""}')), 'username:min password:min', 'empty';
is $details->(post('/login', '{"username":1,"password":["x"]}')), 'username:type password:type', 'no strings';
like $details->(post('/login', json({ username => 'x' x 256, password => 'x' }))), qr/^username:max/, 'a long name';
is post('/login', '{"username":"a\u0000","password":"x\u0000y"}')->{status}, 422, 'NUL';
is_problem(post('/login', '[]'), 400, 'invalid_json');
is_problem(post('/login', ''), 400, 'body_missing');
is_problem(get('/login'), 405, 'method_not_allowed');
counts('', 0, 0);



=== TEST 7: members that are not known, and null for those not needed, do not matter
--- drive
is login('ada', undef, more => 1, otp => undef, recovery_code => undef, ticket => undef)->{status}, 200, 'status';



=== TEST 8: a password over 72 bytes is refused, not cut short
--- drive
my $long = 'x' x 72;
change('ada', password_hash => bcrypt($long));
is login('ada', $long)->{status}, 200, '72 bytes';
is_problem(login('ada', $long . 'y'), 400, 'password_too_long');
is_problem(login('ada', 'x' x 1000), 400, 'password_too_long', 'far over');
is_problem(login('ada', '密' x 25), 400, 'password_too_long', '75 bytes in 25 characters');
counts('ada', 0, 0);



=== TEST 9: hashes of other makers
--- drive
for my $prefix (qw(2a 2b 2y)) {
    change('ada', password_hash => bcrypt($PASSWORD{ada}, 4, $prefix));
    is login('ada')->{status}, 200, "\$$prefix\$";
    is login('ada', $WRONG)->{status}, 401, "\$$prefix\$ and a wrong one";
}



=== TEST 10: a hash that is none lets nobody in, and says so in the log
--- drive
my $n = 0;
for my $hash ('*', '$6$salt$x', bcrypt($PASSWORD{ada}) =~ s/^\$2b/\$2x/r, bcrypt($PASSWORD{ada}) =~ s/^\$2b\$04/\$2b\$31/r, $PASSWORD{ada}) {
    redis_cmd('DEL', account_key('ada'));
    change('ada', password_hash => $hash);
    is_problem(login('ada'), 401, 'invalid_credentials');
    $n++;
}
my @lines = grep { /no bcrypt of cost 4 to 16/ } split /\n/, logs(0, error_log_file());
is scalar @lines, $n, 'lines';
like $lines[0], qr/\[error\].* user "7"/, 'whose it is';



=== TEST 11: the case of a name and spaces behind it are as the database has it
--- drive
is login('ADA', $PASSWORD{ada})->{status}, 200, 'in capitals';
is login('ada  ', $PASSWORD{ada})->{status}, 200, 'with spaces';



=== TEST 12: a fresh hash when the cost has risen
--- login
cost 5
--- drive
my $old = column('ada', 'password_hash');
is login('ada')->{status}, 200, 'a login';
my $new = column('ada', 'password_hash');
like $new, qr/^\$2b\$05\$/, 'the new cost';
is crypt($PASSWORD{ada}, $new), $new, 'of the password';
is login('ada')->{status}, 200, 'logs in with it';
is column('ada', 'password_hash'), $new, 'not again';



=== TEST 13: no fresh hash when the cost has fallen, nor after a wrong password
--- login
cost 5
--- drive
my $old = column('ada', 'password_hash');
login('ada', $WRONG);
is column('ada', 'password_hash'), $old, 'a wrong password';
change('ada', password_hash => my $six = bcrypt($PASSWORD{ada}, 6));
is login('ada')->{status}, 200, 'a login';
is column('ada', 'password_hash'), $six, 'a higher cost';



=== TEST 14: without "update" there is no fresh hash
--- login
cost 5
update
--- drive
my $old = column('ada', 'password_hash');
is login('ada')->{status}, 200, 'a login';
is column('ada', 'password_hash'), $old, 'the same hash';



=== TEST 15: a login goes on when the fresh hash cannot be written
--- login
cost 5
update "UPDATE admins SET no_such_column = ? WHERE id = ?"
--- drive
is login('ada')->{status}, 200, 'a login';
--- error_log
the password of user "7" was not hashed anew



=== TEST 16: five failures lock an account, with the right password, too
--- drive
is statuses(map { login('ada', $WRONG) } 1 .. 5), '401 401 401 401 401', 'five tries';
my $r = login('ada');
is_problem($r, 429, 'account_locked');
cmp_ok $r->{headers}{'retry-after'}, '>', 890, 'Retry-After';
cmp_ok $r->{headers}{'retry-after'}, '<=', 900, 'of fifteen minutes';
is login('bob')->{status}, 200, 'others log in';
counts('ada', 5, 6);
is_deeply [@{ status_of('password') }{qw(ok refused locked)}], [1, 5, 1], 'counted';



=== TEST 17: an unknown name, a disabled user lock in the same way
--- drive
for my $name (qw(nobody carol dave)) {
    is statuses(map { login($name, $WRONG) } 1 .. 7), '401 401 401 401 401 429 429', $name;
    is count_of($name), 5, "$name: not counted further";
}



=== TEST 18: all writings of a name are one account
--- drive
login($_, $WRONG) for 'ada', 'ADA', 'Ada ', 'áda', 'ádá';
is_problem(login('ada'), 429, 'account_locked');
is_problem(login('ADA ', $PASSWORD{ada}), 429, 'account_locked', 'in any case');
is_problem(login('ÁDA', $PASSWORD{ada}), 401, 'invalid_credentials', 'in any writing');
is_problem(login('NOBODY ', $WRONG), 401, 'invalid_credentials', 'of another');
is count_of('nobody'), 1, 'also of an unknown one';



=== TEST 19: a lock does not tell whether two writings are one name: whether there is such a user
--- drive
my %seen = map {
    my ($name, $other) = @$_;
    my @r = ((map { login($name, $WRONG) } 1 .. 6), (map { login($other, $WRONG) } 1 .. 6));
    ($name => join ' ', map { $_->{status} } @r);
} ['ada', 'áda'], ['nobody', 'nóbody'];
is $seen{ada}, '401 401 401 401 401 429 401 401 401 401 401 429', 'of one';
is $seen{nobody}, $seen{ada}, 'of none';
is_problem(unlock('ada'), 204, '', 'unlocked');
is login('ada')->{status}, 200, 'a login';
is login('áda', $PASSWORD{ada})->{status}, 429, 'the other writing is unlocked by itself';



=== TEST 20: another writing of the name logs in, and forgets the failures of both
--- drive
login($_, $WRONG) for qw(ada ada ada áda);
is count_of('ada') . ' ' . count_of('áda'), '4 1', 'counted';
is login('áda', $PASSWORD{ada})->{status}, 200, 'a login';
ok +(wait_until { !count_of('ada') && !count_of('áda') } 2), 'forgotten';



=== TEST 21: without the column "username" the id is counted
--- login
user "SELECT id, password_hash FROM admins WHERE username = ?"
--- set
user "SELECT password_hash FROM admins WHERE id = ?"
--- drive
is statuses(map { login($_, $WRONG) } qw(ada áda adá àda adà)), '401 401 401 401 401', 'five writings';
is_problem(login('ada'), 401, 'invalid_credentials', 'locked');
is_problem(set_password(7, $PASSWORD{ada}, 'brand new password'), 429, 'account_locked', 'for a new password, too');
is login('bob')->{status}, 200, 'another';



=== TEST 22: a user whose name is the id of another
--- set
user "SELECT password_hash FROM admins WHERE id = ?"
--- drive
mysql_query("UPDATE admins SET username = '8' WHERE id = 7");
login('8', $WRONG) for 1 .. 4;
is set_password(8, $PASSWORD{bob}, 'brand new password')->{status}, 204, 'a success of the other';
counts('8', 4, 4);



=== TEST 23: of 64 tries at once as many as are left are made
--- login
lockout account=5/15m address=1000/15m
--- drive
my @r = logins(map { ['ada', $WRONG] } 1 .. 64);
is statuses(@r), join(' ', ('401') x 5, ('429') x 59), 'statuses';
is scalar(grep { $_->{status} == 429 && ($_->{headers}{'retry-after'} // 0) > 800 } @r), 59, 'Retry-After';
is count_of('ada'), 5, 'counted';



=== TEST 24: the same over two workers, with an unknown name
--- workers: 2
--- login
lockout account=5/15m address=1000/15m
--- drive
is statuses(logins(map { ['nobody', $WRONG] } 1 .. 64)), join(' ', ('401') x 5, ('429') x 59), 'statuses';



=== TEST 25: a success forgets the failures of the account, not those of the address
--- drive
login('ada', $WRONG) for 1 .. 4;
counts('ada', 4, 4);
is login('ada')->{status}, 200, 'the right password';
counts('ada', 0, 4);
is statuses(map { login('ada', $WRONG) } 1 .. 5), '401 401 401 401 401', 'five more';



=== TEST 26: an address is locked for all accounts, and does not lock them
--- login
lockout address=3/15m
--- drive
login($_, $WRONG) for qw(bob nobody x);
is_problem(login('ada'), 429, 'account_locked');
is_problem(login('ada'), 429, 'account_locked');
counts('ada', 0, 3);



=== TEST 27: failures are forgotten after the time
--- login
lockout account=1/1s
--- drive
login('ada', $WRONG);
my $r = login('ada');
is_problem($r, 429, 'account_locked');
is $r->{headers}{'retry-after'}, 1, 'Retry-After';
ok +(wait_until { !redis_cmd('EXISTS', account_key('ada')) } 3), 'gone';
is login('ada')->{status}, 200, 'a login';



=== TEST 28: the time begins anew with the failure that locks
--- drive
login('ada', $WRONG) for 1 .. 4;
redis_cmd('EXPIRE', account_key('ada'), 100);
login('ada', $WRONG);
cmp_ok redis_cmd('TTL', account_key('ada')), '>', 890, 'fifteen minutes from then';
login('ada', $WRONG);
redis_cmd('EXPIRE', account_key('ada'), 100);
login('ada', $WRONG);
cmp_ok redis_cmd('TTL', account_key('ada')), '<', 101, 'tries on a locked account do not move it on';



=== TEST 29: behind IPv6 a network is an address
--- config
set_real_ip_from 127.0.0.1;
real_ip_header X-Real-IP;
--- login
lockout address=2/15m
--- drive
my $from = sub { post('/login', json(body_of('nobody' . rand, $WRONG)), headers => ["X-Real-IP: $_[0]"])->{status} };
is join(' ', map { $from->("2001:db8:1:2::$_") } 1 .. 3), '401 401 429', 'of one network';
is $from->('2001:db8:1:3::1'), 401, 'of another';
is $from->('::ffff:10.0.0.1'), 401, 'IPv4 in IPv6';
is join(' ', map { $from->('10.0.0.1') } 1 .. 2), '401 429', 'is IPv4';



=== TEST 30: an administrator unlocks
--- drive
login('ada', $WRONG) for 1 .. 5;
is_problem(login('ada'), 429, 'account_locked');
my $r = unlock('ADA ');
is $r->{status}, 204, 'unlocked';
is login('ada')->{status}, 200, 'a login';
is_problem(unlock('ada', role => 'user'), 403, 'insufficient_scope', 'not for everyone');
is unlock('never seen')->{status}, 204, 'one that was not locked';
is_problem(post('/unlock', '{}', bearer(role => 'admin')), 422, 'validation_failed');
is status_of('password')->{unlocked}, 2, 'counted';



=== TEST 31: a one-time password is asked for after the password
--- drive
with_totp('ada');
is_problem(login('ada', $WRONG), 401, 'invalid_credentials', 'not before');
counts('ada', 1, 1);
is_problem(login('ada'), 401, 'otp_required');
counts('ada', 1, 1);
my $step = step();
my $r = login('ada', undef, otp => code_at($step));
is $r->{status}, 200, 'with it';
my $c = claims_of($r);
is_deeply $c->{amr}, ['pwd', 'otp'], 'amr';
cmp_ok abs(time - $c->{mfa_time}), '<', 5, 'mfa_time';
counts('ada', 0, 1);



=== TEST 32: a one-time password is good once
--- drive
with_totp($_) for qw(ada bob);
my $code = code_at(step());
is login('ada', undef, otp => $code)->{status}, 200, 'once';
is_problem(login('ada', undef, otp => $code), 401, 'otp_invalid', 'not twice');
counts('ada', 1, 1);
is login('bob', undef, otp => $code)->{status}, 200, 'of another user';
is status_of('password')->{otp}, 1, 'counted';



=== TEST 33: also when it comes twice at once
--- workers: 2
--- drive
with_totp('ada');
my $code = code_at(step());
is statuses(logins(map { ['ada', undef, otp => $code] } 1 .. 4)), '200 401 401 401', 'one of them';



=== TEST 34: one step of skew, no more
--- drive
with_totp('ada');
my $step = step();
is_problem(login('ada', undef, otp => code_at($step - 2)), 401, 'otp_invalid', 'two steps ago');
is_problem(login('ada', undef, otp => code_at($step + 2)), 401, 'otp_invalid', 'in two steps');
is login('ada', undef, otp => code_at($step - 1))->{status}, 200, 'one ago';
is login('ada', undef, otp => code_at($step + 1))->{status}, 200, 'the next one';
is login('ada', undef, otp => code_at($step))->{status}, 200, 'this one';



=== TEST 35: no skew
--- login
totp optional skew=0
--- drive
with_totp('ada');
my $step = step();
is_problem(login('ada', undef, otp => code_at($step - 1)), 401, 'otp_invalid', 'one ago');
is login('ada', undef, otp => code_at($step))->{status}, 200, 'this one';



=== TEST 36: wrong one-time passwords lock the account
--- drive
with_totp('ada');
is_problem(login('ada', undef, otp => $_), 401, 'otp_invalid') for wrong_code(), '12345', 'abcdef', '1234567', ' ';
is_problem(login('ada', undef, otp => code_at(step())), 429, 'account_locked');



=== TEST 37: totp off
--- login
totp off
--- drive
with_totp('ada');
my $r = login('ada', undef, otp => '000000');
is $r->{status}, 200, 'not asked for';
is_deeply claims_of($r)->{amr}, ['pwd'], 'nor claimed';



=== TEST 38: totp required: who has no secret does not get in
--- login
totp required
--- drive
is_problem(login('ada'), 401, 'otp_required');
is_problem(login('ada', undef, otp => '000000'), 401, 'otp_required', 'nothing to compare it with');
with_totp('bob');
is_problem(login('bob'), 401, 'otp_required');
is login('bob', undef, otp => code_at(step()))->{status}, 200, 'with a secret';



=== TEST 39: a recovery code is good once, however it is written
--- drive
with_totp('ada');
with_code(7);
is_problem(login('ada', undef, recovery_code => 'k7dq-2mxa-98ht'), 401, 'otp_invalid', 'a wrong one');
my $r = login('ada', undef, recovery_code => ' ' . uc($CODE) =~ s/-/ /gr);
is $r->{status}, 200, 'the right one';
is_deeply claims_of($r)->{amr}, ['pwd', 'otp'], 'amr';
is mysql_value('SELECT COUNT(*) FROM codes'), 0, 'used up';
is_problem(login('ada', undef, recovery_code => $CODE), 401, 'otp_invalid', 'not twice');



=== TEST 40: a recovery code of another user
--- drive
with_totp($_) for qw(ada bob);
with_code(8);
is_problem(login('ada', undef, recovery_code => $CODE), 401, 'otp_invalid');
is mysql_value('SELECT COUNT(*) FROM codes'), 1, 'still there';
is login('bob', undef, recovery_code => $CODE)->{status}, 200, 'its own';



=== TEST 41: no recovery codes without "recovery"
--- login
recovery
--- drive
with_totp('ada');
with_code(7);
is_problem(login('ada', undef, recovery_code => $CODE), 401, 'otp_invalid');



=== TEST 42: a one-time password goes before a recovery code
--- drive
with_totp('ada');
with_code(7);
is login('ada', undef, otp => code_at(step()), recovery_code => $CODE)->{status}, 200, 'both';
is mysql_value('SELECT COUNT(*) FROM codes'), 1, 'the code is left';



=== TEST 43: a secret that is none is a fault of ours
--- drive
change('ada', totp_secret => 'not base32!');
is_problem(login('ada', undef, otp => '123456'), 500, 'internal_error');
counts('ada', 0, 0);
--- error_log
the TOTP secret of user "7" is of no use



=== TEST 44: a captcha that passes
--- config
location = /captcha {
    internal;
    if ($http_x_wxapp_ticket = good) { return 204; }
    if ($http_x_wxapp_ticket = broken) { return 502; }
    if ($http_x_wxapp_ticket = unknown) { return 401; }
    return 403;
}
--- login
captcha /captcha
--- drive
is login('ada', undef, ticket => 'good')->{status}, 200, 'a good ticket';
is_problem(login('ada', undef, ticket => 'bad'), 403, 'captcha_failed', '403');
is_problem(login('ada', undef, ticket => 'unknown'), 403, 'captcha_failed', '401');
is_problem(login('ada'), 403, 'captcha_failed', 'none');
is_problem(login('ada', undef, ticket => "good\r\nX-A: b"), 403, 'captcha_failed', 'not for a header');
is_problem(login('ada', undef, ticket => 'x' x 1025), 422, 'validation_failed', 'too long');
is_problem(login('ada', undef, ticket => 'x' x 1024), 403, 'captcha_failed', 'not too long');
my $r = login('ada', undef, ticket => 'broken');
is_problem($r, 503, 'captcha_unavailable');
is $r->{headers}{'retry-after'}, 1, 'Retry-After';
is_problem(login('ada', $WRONG, ticket => 'bad'), 403, 'captcha_failed', 'before the password');
counts('ada', 0, 0);
is login('ada', $WRONG, ticket => 'good')->{status}, 401, 'and the password after it';



=== TEST 45: what the captcha's location gets
--- config
location = /captcha {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/verify?t=$http_x_wxapp_ticket;
    proxy_set_header X-Real-IP $remote_addr;
}
location = /verify {
    if ($request_method != GET) { return 500; }
    if ($http_authorization) { return 500; }
    if ($http_content_length) { return 500; }
    if ($http_x_real_ip != 127.0.0.1) { return 500; }
    if ($arg_t != 'a/b+c=') { return 403; }
    return 200 '{"a long": "body"}';
}
--- login
captcha /captcha
--- drive
my $r = post('/login', json(body_of('ada', undef, ticket => 'a/b+c=')), headers => ['Authorization: Basic eA==', 'X-Wxapp-Ticket: mine']);
is $r->{status}, 200, 'status';
is $r->{json}{user}{id}, 7, 'the reply of the login';
is_problem(post('/login', json(body_of('ada', undef, ticket => 'x')), headers => ['X-Wxapp-Ticket: a/b+c=']), 403, 'captcha_failed',
    'a header of the client is not the ticket');



=== TEST 46: a captcha that is away, or nowhere
--- config
location = /captcha { internal; proxy_pass http://127.0.0.1:1; }
location = /login2 { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username = ?"; captcha /nowhere; } }
--- login
captcha /captcha
--- drive
is_problem(login('ada', undef, ticket => 'x'), 503, 'captcha_unavailable', '502');
is_problem(post('/login2', json(body_of('ada', undef, ticket => 'x'))), 503, 'captcha_unavailable', '404');



=== TEST 47: a new password
--- drive
my $r = set_password(7, $PASSWORD{ada}, 'brand new password');
is "$r->{status} [$r->{body}]", '204 []', 'set';
is_problem(login('ada'), 401, 'invalid_credentials', 'the old one');
is login('ada', 'brand new password')->{status}, 200, 'the new one';
like column('ada', 'password_hash'), qr/^\$2b\$04\$/, 'its hash';
is status_of('password')->{changed}, 1, 'counted';



=== TEST 48: with a wrong old password, which counts as a failure
--- drive
is_problem(set_password(7, $WRONG, 'brand new password'), 403, 'password_wrong');
counts('ada', 1, 1);
set_password(7, $WRONG, 'brand new password') for 1 .. 4;
is_problem(set_password(7, $PASSWORD{ada}, 'brand new password'), 429, 'account_locked');
is_problem(login('ada'), 429, 'account_locked', 'and nobody logs in');
is_problem(set_password(99, $WRONG, 'brand new password'), 403, 'password_wrong', 'of nobody');



=== TEST 49: only with a token
--- config
location = /set2 { wxapp_password_set { user "SELECT password_hash FROM admins WHERE id = ?"; update "UPDATE admins SET password_hash = ? WHERE id = ?"; } }
--- drive
my $body = json({ password => $PASSWORD{ada}, new_password => 'brand new password' });
is_problem(post('/set', $body), 401, 'unauthorized');
is_problem(post('/set2', $body), 401, 'unauthorized', 'also without wxapp_auth');
is_problem(post('/set2', $body, headers => ['Authorization: Bearer x.y.z']), 401, 'unauthorized', 'a good one');
is_problem(get('/set', bearer(sub => 7)), 405, 'method_not_allowed');



=== TEST 50: the policy: length, the old one, the name
--- drive
my $rule = sub { my $r = set_password(7, $PASSWORD{ada}, $_[0]); return "$r->{status} $r->{json}{code} $r->{json}{details}{rule}" };
is $rule->('elevenchars'), '422 password_weak min', 'too short';
is $rule->('密' x 11), '422 password_weak min', 'characters, not bytes';
is $rule->($PASSWORD{ada}), '422 password_weak same', 'the old one';
is set_password(7, $PASSWORD{ada}, 'x')->{json}{details}{min}, 12, 'how long it must be';
mysql_query("UPDATE admins SET username = 'ada.lovelace.admin' WHERE id = 7");
is $rule->('Ada.Lovelace.ADMIN'), '422 password_weak username', 'the name';
is_problem(set_password(7, $PASSWORD{ada}, 'x' x 73), 400, 'password_too_long');
is_problem(set_password(7, 'x' x 73, 'brand new password'), 400, 'password_too_long', 'the old one');
is_problem(set_password(7, '', 'brand new password'), 422, 'validation_failed');
is set_password(7, $PASSWORD{ada}, '密' x 12)->{status}, 204, 'twelve characters';



=== TEST 51: the policy does not tell about the old password
--- drive
is set_password(7, $WRONG, 'short')->{json}{code}, 'password_weak', 'first the new one';
counts('ada', 0, 0);



=== TEST 52: a deny list, in any case
--- user_files
>>> denied.txt
password1234
Correct-Horse
qwertyuiopas

zxcvbnm,./<>
--- set
policy min=8 deny_list=../html/denied.txt
--- drive
my $status = sub { return set_password(7, $PASSWORD{ada}, $_[0])->{status} };
is $status->($_), 422, $_ for 'password1234', 'PassWord1234', 'correct-horse', 'qwertyuiopas', 'zxcvbnm,./<>';
is set_password(7, $PASSWORD{ada}, 'Password1234')->{json}{details}{rule}, 'deny_list', 'the rule';
is $status->('password12345'), 204, 'one that is not there';



=== TEST 53: a deny list of another system: a byte order mark, CRLF, no end of line
--- user_files eval
">>> denied.txt\n\xef\xbb\xbfpassword1234\r\nqwertyuiopas\r\nlast-of-them-all"
--- set
policy deny_list=../html/denied.txt
--- drive
is set_password(7, $PASSWORD{ada}, $_)->{json}{details}{rule}, 'deny_list', $_ for 'password1234', 'qwertyuiopas', 'last-of-them-all';



=== TEST 54: a password that was changed meanwhile is not overwritten
--- set
update "UPDATE admins SET password_hash = ? WHERE id = ? AND password_hash <> ?"
--- drive
my $old = column('ada', 'password_hash');
is_problem(set_password(7, $PASSWORD{ada}, 'brand new password'), 409, 'conflict');
is column('ada', 'password_hash'), $old, 'as it was';



=== TEST 55: other sessions end with the old password, this one stays
--- http_config eval
WXApp::wxapp_http('token+' => 'refresh 30d;')
--- drive
my @token = map { login('ada')->{json}{access_token} } 1 .. 3;
my $key = redis_prefix() . 'session:{7}';
is redis_cmd('HLEN', $key), 3, 'three sessions';
my $mine = claims_of({ json => { access_token => $token[1] } })->{sid};
my $r = set_password(7, $PASSWORD{ada}, 'brand new password', headers => ["Authorization: Bearer $token[1]"]);
is $r->{status}, 204, 'set';
is_deeply redis_cmd('HKEYS', $key), [$mine], 'its own is left';
is set_password(7, 'brand new password', $PASSWORD{ada})->{status}, 204, 'by a token without a session';
is redis_cmd('EXISTS', $key), 0, 'all are gone';



=== TEST 56: a session of a login
--- http_config eval
WXApp::wxapp_http('token+' => 'refresh 30d;')
--- drive
with_totp('ada');
my $r = login('ada', undef, otp => code_at(step()));
is $r->{status}, 200, 'status';
like $r->{json}{refresh_token}, qr/^7\.\S+$/, 'a refresh token';
my ($value) = @{ redis_cmd('HVALS', redis_prefix() . 'session:{7}') };
like $value, qr/"amr":"pwd otp"/, 'how it was made';
unlike $value, qr/password_hash|totp_secret/, 'no secret in it';



=== TEST 57: a TOTP secret sealed by the key of the sessions, for its user
--- http_config eval
WXApp::wxapp_http(extra => "wxapp_session { key k1 $main::DIR/k1.key; }\n")
--- drive
change($_, totp_secret => $SEALED) for qw(ada bob);
my $step = step();
is login('ada', undef, otp => code_at($step))->{status}, 200, 'its own';
is_problem(login('bob', undef, otp => code_at($step)), 500, 'internal_error', 'put into the row of another');
change('ada', totp_secret => $SEALED =~ s/k1/k2/r);
is_problem(login('ada', undef, otp => code_at($step + 1)), 500, 'internal_error', 'of a key that is gone');
counts('ada', 0, 0);
--- error_log
the TOTP secret of user "8" is of no use
the TOTP secret of user "7" is of no use



=== TEST 58: a sealed TOTP secret without a key
--- drive
change('ada', totp_secret => $SEALED);
is_problem(login('ada', undef, otp => '123456'), 500, 'internal_error');
--- error_log
the TOTP secret of user "7" is of no use



=== TEST 59: without Redis nobody logs in, sets or unlocks
--- http_config eval
WXApp::wxapp_http(redis => "wxapp_redis { server 127.0.0.1:1; }\n")
--- drive
for my $r (login('ada'), set_password(7, $PASSWORD{ada}, 'brand new password'), unlock('ada')) {
    is_problem($r, 503, 'lockout_unavailable');
    is $r->{headers}{'retry-after'}, 1, 'Retry-After';
}
is status_of('password')->{failed}, 3, 'counted';



=== TEST 60: Redis that answers no more: also while a password is hashed
--- http_config eval
our $frozen = WXDrive::fault_proxy(to => $ENV{WXAPP_REDIS_PORT}, mode => 'freeze', flag => main::server_root() . '/freeze');
WXApp::wxapp_http(redis => "wxapp_redis {
    server 127.0.0.1:$frozen->{port}; user wxapp; password_file $ENV{WXAPP_REDIS_PASSWORD_FILE};
    timeout connect=1s command=200ms; prefix " . main::redis_prefix() . "; }\n")
--- login
cost 12
--- drive
with_totp('ada');
change('ada', password_hash => bcrypt($PASSWORD{ada}, 12));
ok +(wait_until { login('bob')->{status} == 200 } 3), 'before';
my $flag = server_root() . '/freeze';
my $h = begin_login('ada', undef, otp => code_at(step()));
wait_until { count_of('ada') == 1 } 2;
open my $fh, '>', $flag;
is_problem(finish($h), 503, 'lockout_unavailable', 'no one-time password is used');
is_problem(login('ada'), 503, 'lockout_unavailable', 'no password is tried');
unlink $flag;
ok +(wait_until { login('bob')->{status} == 200 } 3), 'and then again';



=== TEST 61: without MySQL
--- http_config eval
WXApp::wxapp_http(mysql => "wxapp_mysql { primary 127.0.0.1:1; database x; user x; }\n")
--- drive
is_problem(login('ada'), 503, 'database_unavailable');
is status_of('password')->{failed}, 1, 'counted';
counts('ada', 0, 0);



=== TEST 62: a row without an id, a row too many
--- config
location = /l1 { wxapp_password_login { user "SELECT password_hash FROM admins WHERE username = ?"; cost 4; } }
location = /l2 { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username <> ?"; cost 4; } }
location = /l3 { wxapp_password_login { user "SELECT no_such_column FROM admins WHERE username = ?"; cost 4; } }
--- drive
is_problem(post("/l$_", json(body_of('ada'))), 500, 'internal_error', "/l$_") for 1 .. 3;
--- error_log
gives no column "id"
gives more than one row



=== TEST 63: a queue that is full
--- main_config
thread_pool small threads=1 max_queue=1;
--- login
threads small
cost 10
lockout account=1000/1m address=1000/1m
--- drive
my @r = logins(map { ['ada', $WRONG] } 1 .. 16);
my @busy = grep { $_->{status} == 503 } @r;
cmp_ok scalar @busy, '>=', 8, 'most are refused';
is_problem($busy[0], 503, 'overloaded');
is $busy[0]{headers}{'retry-after'}, 1, 'Retry-After';
is scalar(@busy) + grep({ $_->{status} == 401 } @r), 16, 'the others were tried';
counts('ada', 16 - @busy, 16 - @busy);
is login('ada', $WRONG)->{status}, 401, 'and then it goes on';
--- error_log
thread pool "small" queue overflow



=== TEST 64: a client that goes away while its password is hashed
--- login
cost 10
lockout account=1000/1m address=1000/1m
--- drive
my @gone = map { begin_login('ada') } 1 .. 40;
pause(0.1);
abandon($_) for @gone;
my $r = login('ada');
is $r->{status}, 200, 'the next one';
cmp_ok $r->{took}, '<', 0.5, 'does not wait for what nobody wants';
ok +(wait_until { count_of('ada') == 0 } 3), 'no failure is left';
pause(0.2);
is get('/ready')->{status}, 200, 'alive';
like status_of('redis')->{pending}, qr/^[01]$/, 'nothing is left over';



=== TEST 65: clients that go away at any moment
--- http_config eval
WXApp::wxapp_http('token+' => 'refresh 30d;')
--- config
location = /captcha { internal; proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/ready; }
--- login
captcha /captcha
cost 6
lockout account=1000/1m address=1000/1m
--- drive
with_totp('ada');
my $set = json({ password => $PASSWORD{bob}, new_password => $PASSWORD{bob} . 'x' });
for my $n (0 .. 59) {
    with_code(7) if $n % 4 == 0;
    my @h = (begin_login('ada', undef, ticket => 'x', $n % 2 ? (recovery_code => $CODE) : (otp => code_at(int(time / 30)))),
        begin_login('nobody', $WRONG, ticket => 'x'), begin('POST', '/set', $set, bearer(sub => 8)));
    pause($n * 0.0003);
    abandon($_) for @h;
}
pause(0.1);
is login('carol', $WRONG, ticket => 'x')->{status}, 401, 'alive';
like status_of('redis')->{pending}, qr/^[01]$/, 'nothing is left over';
cmp_ok address_of(), '>', 1, 'what was not answered counts';



=== TEST 66: the worker answers while it hashes
--- main_config
thread_pool small threads=1 max_queue=100;
--- login
threads small
cost 12
lockout account=1000/1m address=1000/1m
--- drive
my @h = map { begin_login('ada', $WRONG) } 1 .. 2;
pause(0.05);
my $took = (sort { $a <=> $b } map { get('/ready')->{took} } 1 .. 11)[5];
my @r = map { finish($_) } @h;
is statuses(@r), '401 401', 'logins';
cmp_ok $took, '<', $r[1]{took} / 2, 'in between';



=== TEST 67: a reload lets logins end on the old worker
--- workers: 1
--- login
cost 10
lockout account=1000/1m address=1000/1m
--- drive
my ($old) = worker_pids();
my @h = map { begin_login('ada') } 1 .. 8;
pause(0.1);
signal_nginx('HUP');
ok +(wait_until { my @now = worker_pids(); grep { $_ != $old } @now } 5), 'a new worker';
is statuses(map { finish($_) } @h), join(' ', ('200') x 8), 'all of them';
ok +(wait_until { !grep { $_ == $old } worker_pids() } 5), 'the old one has gone';



=== TEST 68: worker_shutdown_timeout ends them, and does not hash what is queued
--- workers: 1
--- main_config
thread_pool small threads=1 max_queue=100;
worker_shutdown_timeout 200ms;
--- login
threads small
cost 10
lockout account=1000/1m address=1000/1m
--- drive
my ($old) = worker_pids();
my @h = map { begin_login('ada', $WRONG) } 1 .. 60;
pause(0.1);
signal_nginx('HUP');
ok +(wait_until { !grep { $_ == $old } worker_pids() } 2.5), 'the old one has gone, without the seconds that they would take';
cmp_ok scalar(grep { finish($_)->{status} == 0 } @h), '>', 30, 'without an answer';
is get('/ready')->{status}, 200, 'the new one';



=== TEST 69: a worker told to exit at once does not hash what is queued
--- workers: 1
--- main_config
thread_pool small threads=1 max_queue=100;
--- login
threads small
cost 11
lockout account=1000/1m address=1000/1m
--- drive
my ($old) = worker_pids();
my @h = map { begin_login('ada') } 1 .. 60;
pause(0.2);
my $began = Time::HiRes::time();
kill TERM => $old;
ok +(wait_until { !grep { $_ == $old } worker_pids() } 6), 'gone';
my $took = Time::HiRes::time() - $began;
cmp_ok $took, '<', 4, 'without the seconds that they would take';
abandon($_) for @h;
ok +(wait_until { get('/ready')->{status} == 200 } 5), 'another worker took its place';



=== TEST 70: nginx -t: blocks without what they need
--- config
location = /l { wxapp_password_login { cost 4; } }
--- must_die
--- error_log
"wxapp_password_login" needs "user" in



=== TEST 71: nginx -t: wxapp_password_set needs update
--- config
location = /l { wxapp_password_set { user "SELECT password_hash FROM admins WHERE id = ?"; } }
--- must_die
--- error_log
"wxapp_password_set" needs "update" in



=== TEST 72: nginx -t: the placeholders are counted
--- config
location = /l { wxapp_password_login { user "SELECT 1"; } }
--- must_die
--- error_log
"user" has 0 "?", it must have 1



=== TEST 73: nginx -t: of "update", too
--- config
location = /l { wxapp_password_login { update "UPDATE admins SET password_hash = ?"; } }
--- must_die
--- error_log
"update" has 1 "?", it must have 2 or 3



=== TEST 74: nginx -t: of "recovery", too
--- config
location = /l { wxapp_password_login { recovery "DELETE FROM codes WHERE admin_id = ? AND code_hash = ? AND x = ?"; } }
--- must_die
--- error_log
"recovery" has 3 "?", it must have 2



=== TEST 75: nginx -t: "user" reads
--- config
location = /l { wxapp_password_login { user "DELETE FROM admins WHERE username = ?"; } }
--- must_die
--- error_log
"user" must only read



=== TEST 76: nginx -t: "update" writes
--- config
location = /l { wxapp_password_login { update "SELECT ? + ?"; } }
--- must_die
--- error_log
"update" must write



=== TEST 77: nginx -t: a wrong word in totp
--- config
location = /l { wxapp_password_login { totp requird; } }
--- must_die
--- error_log
unknown word "requird", did you mean "required"?



=== TEST 78: nginx -t: a wrong skew
--- config
location = /l { wxapp_password_login { totp optional skew=2; } }
--- must_die
--- error_log
"skew" must be between 0 and 1



=== TEST 79: nginx -t: a wrong lockout
--- config
location = /l { wxapp_password_login { lockout account=5; } }
--- must_die
--- error_log
"account=5" must be a number of failures from 1 to 1000000 and a time from 1s to 1d, like "5/15m"



=== TEST 80: nginx -t: a lockout of nothing
--- config
location = /l { wxapp_password_login { lockout address=0/15m; } }
--- must_die
--- error_log
"address=0/15m" must be



=== TEST 81: nginx -t: a wrong cost
--- config
location = /l { wxapp_password_login { cost 17; } }
--- must_die
--- error_log
"cost" must be between 4 and 16



=== TEST 82: nginx -t: a captcha that is no URI
--- config
location = /l { wxapp_password_login { captcha http://x; } }
--- must_die
--- error_log
"captcha" must be a URI that begins with "/"



=== TEST 83: nginx -t: threads that there are none of
--- config
location = /l { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username = ?"; threads nowhere; } }
--- must_die
--- error_log
unknown thread pool "nowhere"



=== TEST 84: nginx -t: a deny list that is not there
--- config
location = /l { wxapp_password_set { policy deny_list=nowhere.txt; } }
--- must_die
--- error_log
nowhere.txt" failed (2: No such file or directory) in



=== TEST 85: nginx -t: a deny list that is a directory
--- config
location = /l { wxapp_password_set { policy deny_list=../logs; } }
--- must_die
--- error_log
is not a regular file of at most 64m



=== TEST 86: nginx -t: a minimum that no password has
--- config
location = /l { wxapp_password_set { policy min=73; } }
--- must_die
--- error_log
"min" must be between 1 and 72



=== TEST 87: nginx -t: unknown words
--- config
location = /l { wxapp_password_login { polcy min=8; } }
--- must_die
--- error_log
unknown directive "polcy"



=== TEST 88: nginx -t: logins need wxapp_redis
--- http_config eval
WXApp::wxapp_http(redis => undef)
--- config
location = /l { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username = ?"; } }
--- must_die
--- error_log
"wxapp_password_login" needs "wxapp_redis" in



=== TEST 89: nginx -t: and wxapp_mysql
--- http_config eval
WXApp::wxapp_http(mysql => undef)
--- config
location = /l { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username = ?"; } }
--- must_die
--- error_log
"wxapp_password_login" needs "wxapp_mysql" in



=== TEST 90: nginx -t: and wxapp_token
--- http_config eval
WXApp::wxapp_http(token => undef)
--- config
location = /l { wxapp_password_login { user "SELECT id, password_hash FROM admins WHERE username = ?"; } }
--- must_die
--- error_log
"wxapp_password_login" needs "wxapp_token" in



=== TEST 91: nginx -t: unlocking needs wxapp_redis alone
--- http_config eval
WXApp::wxapp_http(redis => undef, mysql => undef, token => undef)
--- config
location = /l { wxapp_password_unlock; }
--- must_die
--- error_log
"wxapp_password_unlock" needs "wxapp_redis" in



=== TEST 92: nginx -t: one content a location
--- config
location = /l { wxapp_password_unlock; wxapp_ping; }
--- must_die
--- error_log
the location has its content from "wxapp_password_unlock" already



=== TEST 93: a thread pool of its name does the hashing
--- main_config
thread_pool wxapp_password threads=1 max_queue=100;
--- log_level: debug
--- login
lockout account=1000/1m address=1000/1m
--- drive
is login('ada')->{status}, 200, 'logged in';
--- error_log
added to thread pool "wxapp_password"
--- no_error_log
[crit]



=== TEST 94: without it they hash in the pool that connects to MySQL
--- log_level: debug
--- login
lockout account=1000/1m address=1000/1m
--- drive
is login('ada')->{status}, 200, 'logged in';
--- error_log
added to thread pool "wxapp"
--- no_error_log
added to thread pool "wxapp_password"
