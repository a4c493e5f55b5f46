package Vulnerable;

# The positive control of t/check/sqlmap: an HTTP service over the shop's database that puts what it gets into
# its SQL, as nobody should.
#
#   my $pid = Vulnerable::start(PORT);       # a child; GET /item?id=1

use strict;
use warnings;

use DBI ();
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);

sub start {
    my ($port) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
        or die "port $port: $!\n";
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM);
    alarm 0;
    eval { serve($listen) };
    POSIX::_exit(1);
}

sub serve {
    my ($listen) = @_;
    my $dbh = DBI->connect("DBI:MariaDB:database=shop;mariadb_socket=$ENV{WXAPP_MYSQL_SOCKET}", $ENV{WXAPP_MYSQL_ADMIN},
        undef, { RaiseError => 1, PrintError => 0 });
    # sqlmap opens connections ahead
    my $select = IO::Select->new($listen);
    my %head;
    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listen) {
                my $new = $listen->accept or next;
                setsockopt $new, IPPROTO_TCP, TCP_NODELAY, 1;
                $select->add($new);
                next;
            }
            my $n = sysread $s, $head{$s}, 65536, length($head{$s} // '');
            next if $n && $head{$s} !~ /\r\n\r\n/;
            answer($s, $dbh, $head{$s}) if $n;
            delete $head{$s};
            $select->remove($s);
            close $s;
        }
    }
    return;
}

sub answer {
    my ($s, $dbh, $head) = @_;
    my ($id) = $head =~ m{\AGET /item\?id=(\S*)};
    $id = ($id // 0) =~ tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    my $rows = eval { $dbh->selectall_arrayref("SELECT id, sku FROM products WHERE id = $id") };
    my ($status, $body) = $rows ? ('200 OK', join '', map { "$_->[0] $_->[1]\n" } @$rows) : ('500 Error', $@);
    syswrite $s, "HTTP/1.1 $status\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body";
    return;
}

1;
