package WXRest;

# A small language for blocks that speak JSON with the server: `use WXRest;` after `use WXApp;`.
#
# In the section `rest`; the nginx of the block serves it:
#   METHOD PATH [BODY]       sends a request, all after the path is the body
#   > Name: value            ... with this header line
#   @ROLE SUB                ... with a token of that role and subject
#   STATUS [JSON | WORD]     the reply: the exact body, or the problem's code; `204` and `STATUS -`: no look at it
#   STATUS empty             ... without a body
#   | FIELD RULE MESSAGE     ... these and only these entries in the problem's details, in this order;
#                            details that are a text are one entry
#   = MESSAGE                ... the problem's message
#   < Name: value            ... has this header; `< Name:` has not
#   sql STATEMENT            runs as the admin in this file's database
#   = ROW ; ROW            ... gives these rows, columns joined by a comma
# Every reply with a body is parsed by JSON::PP, every problem has the whole shape of one.
#
# `--- tables: a b` makes these tables new and empty for the block, `--- perl` runs Perl in package main before
# the rest, which may use
#   call(METHOD, PATH, BODY, HEADERS...)    one request: { status, body, head => { name => value } }
#   steps(TEXT)                             the language
#   parsed(WHAT, BODY) problem(WHAT, REPLY, CODE)   the JSON, checked; named(WHAT)   the name of a test
# $main::port is another port to call, for a while.
#
# rest(config => TEXT, tables => { NAME => COLUMNS }) says what a block without a config has, and the tables.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More;
use Test::Nginx::Socket ();
use Test::Nginx::Util ();

use Exporter qw(import);

our @EXPORT = qw(rest call steps parsed problem named);

my (%standard, $now);

sub rest { %standard = @_; return }

Test::Nginx::Util::add_block_preprocessor(sub {
    my ($block) = @_;
    $block->set_value(config => $standard{config}) if !defined $block->config;
    return if !defined $block->rest && !defined $block->perl;
    $block->set_value(config => $block->config . "location = /ready { access_log off; return 200; }\n");
    $block->set_value(request => "GET /ready\n");
});

Test::Nginx::Socket::add_response_body_check(sub {
    my ($block, $body, $i, undef, $dry_run) = @_;
    return if $dry_run;
    $now = $block->name =~ s/.*?(TEST \d+).*/$1/sr;
    for my $table (split ' ', $block->tables // '') {
        WXApp::mysql_query('SET foreign_key_checks = 0');
        WXApp::mysql_query("CREATE OR REPLACE TABLE `$table` ($standard{tables}{$table}) DEFAULT CHARSET utf8mb4");
    }
    for my $text (defined $block->perl ? $block->perl : ()) {
        eval "package main; use strict; use warnings;\n#line 1 \"$now perl\"\n$text\n; 1" or fail "$now - perl: $@";
    }
    steps($block->rest) if defined $block->rest;
    parsed("reply $i", $body, 'json') if !defined $block->rest && !defined $block->perl && length $body;
});

sub named {
    my ($what) = @_;
    utf8::encode($what) if utf8::is_utf8($what);
    return "$now - " . ($what =~ s/[\0-\x1f]/ /gr =~ s/\A(.{90}).*/$1/sr);
}

# the JSON of a body; a failed test if it is none
sub parsed {
    my ($what, $body) = @_;
    my $json = eval { JSON::PP->new->utf8->allow_nonref(0)->decode($body) };
    ok defined $json, named("$what: the body is JSON") or diag substr $body, 0, 2000;
    return $json;
}

# one request, { status, body, head => { name => value } }
sub call {
    my ($method, $path, $body, @headers) = @_;
    no warnings 'once';
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $main::port // WXApp::port(), Timeout => 3) or return { status => 0 };
    my $length = defined $body ? 'Content-Length: ' . length($body) . "\r\n" : '';
    local $SIG{PIPE} = 'IGNORE';
    print $socket "$method $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n$length", (map { "$_\r\n" } @headers), "\r\n", $body // '';
    $socket->flush;
    my ($text, $select) = ('', IO::Select->new($socket));
    while ($select->can_read(10)) {
        sysread $socket, $text, 1 << 20, length $text or last;
    }
    my ($status, $head, $content) = $text =~ m{\AHTTP/1\.1 (\d+)[^\r\n]*\r\n(.*?)\r\n\r\n(.*)\z}s or return { status => 0, body => $text, head => {} };
    my %head = map { /^([^:]+): *(.*)$/ ? (lc $1 => $2) : () } split /\r\n/, $head;
    return { status => $status, head => \%head, body => $content };
}

sub problem {
    my ($what, $r, $word) = @_;
    my $json = parsed($what, $r->{body});
    return {} if ref $json ne "HASH";
    is $r->{head}{'content-type'}, 'application/problem+json', named("$what: problem+json");
    is_deeply [ sort grep { $_ ne 'details' } keys %$json ], [ qw(code error message status title trace_id type) ], named("$what: members");
    is "$json->{type} $json->{status} $json->{error} $json->{code}", "about:blank $r->{status} $word $word", named("$what: $word");
    ok length $json->{title} && length $json->{message}, named("$what: texts");
    is $json->{trace_id}, $r->{head}{'x-request-id'}, named("$what: trace");
    unlike $r->{body}, qr/select|insert into|update |delete from|mysql|maria|`/i, named("$what: tells no SQL") if $r->{status} >= 500;
    return $json;
}

sub steps {
    my ($text) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    my (%req, $r, $json, $what, @details, $rows);

    my $details = sub {
        my $told = ref $json eq 'HASH' ? $json->{details} : undef;
        my @told = map { my $line = ref $_ ? "$$_{field} $$_{rule} $$_{message}" : $_; utf8::encode($line); $line }
            ref $told eq 'ARRAY' ? @$told : defined $told ? $told : ();
        is_deeply \@told, \@details, named("$what: details") if $told || @details;
        @details = ();
    };
    my $answered = 1;

    for my $line (grep { /\S/ } split /\n/, $text) {
        if ($line =~ /^([A-Z]+) (\/\S*)(?: (.+))?$/s) {
            $details->();
            fail named("$what: no expectation") if !$answered;
            %req = (method => $1, path => $2, body => $3, headers => []);
            ($what, $answered, $json) = ("$1 $2" . (defined $3 ? " $3" : ''), 0, undef);
        } elsif ($line =~ /^> (.+)$/) {
            push @{ $req{headers} }, $1;
        } elsif ($line =~ /^\@(\S*) (\S*)$/) {
            push @{ $req{headers} }, 'Authorization: Bearer ' . WXApp::make_token(role => (length $1 ? $1 : undef), sub => $2);
        } elsif ($line =~ /^(\d{3})(?: (.+))?$/s) {
            my ($status, $expect) = ($1, $2);
            $r = call(@req{qw(method path body)}, @{ $req{headers} });
            $answered = 1;
            is $r->{status}, $status, named("$what: status") or diag substr $r->{body} // '', 0, 600;
            if (defined $expect && $expect eq '-') {
                next;
            } elsif (($expect // '') eq 'empty') {
                is $r->{body}, '', named("$what: no body");
            } elsif ($req{method} eq 'HEAD' || $status == 204) {
                is $r->{body}, '', named("$what: no body");
                is $r->{head}{'content-type'}, undef, named("$what: no type") if $status == 204;
                is $r->{head}{'content-length'}, undef, named("$what: no length") if $status == 204;
            } elsif ($status >= 400) {
                $json = problem($what, $r, $expect);
            } else {
                $json = parsed($what, $r->{body});
                is $r->{head}{'content-type'}, 'application/json', named("$what: type");
                is $r->{body}, $expect, named("$what: body") if defined $expect;
            }
        } elsif ($line =~ /^\| (.+)$/) {
            push @details, $1;
        } elsif ($line =~ /^< ([^:]+): ?(.*)$/) {
            is $r->{head}{ lc $1 }, (length $2 ? $2 : undef), named("$what: $1");
        } elsif ($line =~ /^sql (.+)$/) {
            $details->();
            undef $json;
            my $sql = $1;
            utf8::decode($sql);
            my $st = WXApp::mysql()->prepare($sql);
            $st->execute;
            $rows = $st->{NUM_OF_FIELDS} ? join " ; ", map { join ',', map { $_ // 'NULL' } @$_ } @{ $st->fetchall_arrayref } : undef;
            utf8::encode($rows) if defined $rows;
            $what = "sql $sql";
        } elsif ($line =~ /^= (.*)$/) {
            my $value = $1;
            if ($what =~ /^sql/) { is $rows, $value, named($what) } else { is $json->{message}, $value, named("$what: message") }
        } else {
            fail named("not understood: $line");
        }
    }
    $details->();
    fail named("$what: no expectation") if !$answered;
}

1;
