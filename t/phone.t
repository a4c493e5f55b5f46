# wxapp_phone: from the code of the phone button to the number; and the access token that it is asked with.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXData;

repeat_each(1);
no_long_string();
plan 'no_plan';

run_tests();

__DATA__

=== TEST 1: a code becomes a phone number
--- drive
my $token = login_as('ann');
sim('/_sim/users', { user => 'ann', phone => '13580006666' });
my $reply = ask('/phone', $token, { code => phone_code('ann') });
is $reply->{status}, 200, 'status';
is $reply->{body}, '{"phone_number":"+8613580006666","pure_phone_number":"13580006666","country_code":"86"}', 'body';
is status_of('data')->{ok}, 1, 'counted';
my ($fetch) = sim_calls(path => 'stable_token');
is $fetch->{outcome}, 'ok', 'token';
my ($call) = sim_calls(path => 'getuserphonenumber');
is $call->{type}, 'application/json', 'JSON';
ok $call->{length} > 0, 'length';
