# wxapp_decrypt, wxapp_signature: what WeChat encrypts and signs with a session_key.

use lib 't/lib';
use WXApp;
use WXDrive;
use WXData;

repeat_each(1);
no_long_string();
plan 'no_plan';

our $KEY  = 'EBESExQVFhcYGRobHB0eHw==';
our $NEXT = 'ICEiIyQlJicoKSorLC0uLw==';

run_tests();

__DATA__

=== TEST 1: data of the user's session_key are decrypted, the watermark with them
--- drive
my $token = login_as('ann', $::KEY);
my $plain = watermark(0, phoneNumber => '13580006666', name => "\x{4f60}");
utf8::encode($plain);
my $reply = ask('/decrypt', $token, encrypted($::KEY, $plain));
is $reply->{status}, 200, 'status';
is $reply->{body}, $plain, 'the plain text as it was';
is $reply->{headers}{'content-type'}, 'application/json', 'JSON';
is $reply->{headers}{'cache-control'}, 'no-store', 'not to be kept';
is status_of('data')->{ok}, 1, 'counted';
WXData::secret('13580006666');
