package WXKeys;

# Keys and signatures of every algorithm, by the openssl command: `use WXKeys;`.
#
#   key_file('ES256')            a PEM private key, made on first use; key_file('ES256', 'other') another one;
#                                key_file('HS256') a secret. Of RS256 also bits: key_file('RS256', 'x', 1024)
#   public_file($file)           its public key
#   signature($alg, $file, $in)  bytes
#   jws($alg, $file, \%header, \%claims)   a token; alg stands in the header unless that has one
#   jwk($alg, $file, %more)      the public key as a hash; a member given as undef is left out
#   jwks(@keys)                  a file with the set

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512);
use File::Temp ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);

use base 'Exporter';
our @EXPORT = qw(key_file public_file signature jws jwk jwks write_key);

my $dir = File::Temp->newdir('wxapp-keys-XXXXXX', TMPDIR => 1);
my %file;
my $sets = 0;

my %GROUP = (ES256 => 'P-256', ES384 => 'P-384', ES512 => 'P-521');
my %SIZE  = (ES256 => 32, ES384 => 48, ES512 => 66);

sub write_key {
    my ($name, $bytes) = @_;
    my $path = "$dir/$name";
    open my $fh, '>:raw', $path or die "$path: $!\n";
    chmod 0600, $path;
    print $fh $bytes;
    close $fh or die "$path: $!\n";
    return $path;
}

sub openssl {
    my ($in, @args) = @_;
    my $pid = open2(my $out, my $to, 'openssl', @args);
    binmode $_ for $out, $to;
    print $to $in;
    close $to;
    my $bytes = do { local $/; <$out> } // '';
    waitpid $pid, 0;
    die "openssl @args failed\n" if $?;
    return $bytes;
}

sub key_file {
    my ($alg, $name, $bits) = @_;
    my $id = "$alg-" . ($name // 'key');
    return $file{$id} //= write_key("$id.pem",
        $alg =~ /^HS(\d+)/ ? join '', map { chr 33 + int rand 90 } 1 .. $1 / 8
        : openssl('', 'genpkey', '-quiet', $alg =~ /^[RP]S/ ? ('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:' . ($bits // 2048))
            : $alg =~ /^ES/ ? ('-algorithm', 'EC', '-pkeyopt', "ec_paramgen_curve:$GROUP{$alg}")
            : ('-algorithm', 'ED25519')));
}

sub public_file {
    my ($private) = @_;
    return $file{"$private.pub"} //= write_key($private =~ s,.*/,,r . '.pub', openssl('', 'pkey', '-in', $private, '-pubout'));
}

sub slurp { my ($path) = @_; open my $fh, '<:raw', $path or die "$path: $!\n"; local $/; return scalar <$fh> }

# two integers of DER side by side
sub raw {
    my ($der, $size) = @_;
    my $n = ord substr $der, 1, 1;
    my $at = $n & 0x80 ? 3 : 2;
    my $out = '';
    for (1 .. 2) {
        my $len = ord substr $der, $at + 1, 1;
        my $number = substr($der, $at + 2, $len) =~ s/^\0+//r;
        $out .= "\0" x ($size - length $number) . $number;
        $at += 2 + $len;
    }
    return $out;
}

sub signature {
    my ($alg, $file, $in) = @_;
    if ($alg =~ /^HS(\d+)/) {
        my %mac = (256 => \&hmac_sha256, 384 => \&hmac_sha384, 512 => \&hmac_sha512);
        return $mac{$1}->($in, slurp($file));
    }
    if ($alg eq 'EdDSA') {
        my $path = write_key("input-$$", $in);
        return openssl('', 'pkeyutl', '-sign', '-rawin', '-inkey', $file, '-in', $path);
    }
    my ($hash) = $alg =~ /(\d+)/;
    my @pss = $alg =~ /^PS/ ? ('-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1') : ();
    my $bytes = openssl($in, 'dgst', "-sha$hash", '-sign', $file, @pss);
    return $alg =~ /^ES/ ? raw($bytes, $SIZE{$alg}) : $bytes;
}

sub jws {
    my ($alg, $file, $header, $claims) = @_;
    my $json = JSON::PP->new->canonical->utf8;
    my $in = join '.', map { encode_base64url(ref $_ ? $json->encode($_) : $_) } ref $header ? { alg => $alg, %$header } : $header, $claims;
    return $in . '.' . encode_base64url(signature($alg, $file, $in));
}

sub jwk {
    my ($alg, $file, %more) = @_;
    my %jwk = (alg => $alg, use => 'sig');
    my $der = openssl('', 'pkey', '-in', $file, '-pubout', '-outform', 'DER');
    if ($alg =~ /^[RP]S/) {
        my ($n) = openssl('', 'rsa', '-in', $file, '-noout', '-modulus') =~ /=([0-9A-F]+)/;
        %jwk = (%jwk, kty => 'RSA', n => encode_base64url(pack 'H*', $n), e => 'AQAB');
    } elsif ($alg =~ /^ES/) {
        my $size = $SIZE{$alg};
        my ($x, $y) = map { encode_base64url($_) } unpack "a$size a$size", substr $der, -2 * $size;
        %jwk = (%jwk, kty => 'EC', crv => $GROUP{$alg}, x => $x, y => $y);
    } else {
        %jwk = (%jwk, kty => 'OKP', crv => 'Ed25519', x => encode_base64url(substr $der, -32));
    }
    %jwk = (%jwk, %more);
    delete @jwk{ grep { !defined $jwk{$_} } keys %jwk };
    return \%jwk;
}

sub jwks {
    my (@keys) = @_;
    my $path = write_key('set-' . ++$sets . '.json', JSON::PP->new->canonical->encode({ keys => \@keys }));
    chmod 0644, $path;
    return $path;
}

1;
