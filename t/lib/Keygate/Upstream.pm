package Keygate::Upstream;

# A small upstream that writes down every request before it answers: what it
# has not written down has not reached it.  One process, one client at a time
# per event; a callback may answer with any bytes at all.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();

my $json = JSON::PP->new->latin1->canonical;


# reply: sub (request) returning the whole answer as bytes, or a list of
# pieces; undef among them closes the connection.

sub start {
    my ($class, %o) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $o{port}, Listen => 511, ReuseAddr => 1)
        or die "cannot listen on port $o{port}: $!\n";

    open my $log, '>>', $o{log} or die "$o{log}: $!\n";
    $log->autoflush(1);

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{TERM} = sub { POSIX::_exit(0) };
        $SIG{INT} = $SIG{PIPE} = 'IGNORE';
        eval { serve($listen, $log, $o{reply} || \&hello) };
        print $log $json->encode({ failed => "$@" }), "\n";
        POSIX::_exit(1);
    }

    close $listen;

    return bless { pid => $pid, log => $o{log} }, $class;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'TERM', $pid;
    waitpid $pid, 0;
}


# What has arrived so far, oldest first.

sub requests {
    my ($self) = @_;

    open my $log, '<', $self->{log} or return;
    seek $log, $self->{read} // 0, 0;

    while (my $line = <$log>) {
        last if $line !~ /\n\z/;

        my $request = $json->decode($line);

        die "the upstream failed: $request->{failed}\n" if $request->{failed};

        push @{$self->{all}}, $request;
        $self->{read} = tell $log;
    }

    return @{$self->{all} || []};
}


sub hello {
    my ($request) = @_;

    return answer(200, $json->encode({ ok => JSON::PP::true(),
        path => $request->{uri} }));
}


sub answer {
    my ($status, $body, @headers) = @_;

    push @headers, 'Content-Type: application/json'
        if !grep { /^content-type:/i } @headers;

    return join "\r\n", "HTTP/1.1 $status Status", @headers,
        'Content-Length: ' . length $body, '', $body;
}


sub serve {
    my ($listen, $log, $reply) = @_;

    my $select = IO::Select->new($listen);
    my %in;

    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listen) {
                my $client = $listen->accept or next;
                $select->add($client);
                $in{$client} = '';
                next;
            }

            my $n = sysread $s, $in{$s}, 1 << 16, length $in{$s};
            my $keep = $n;

            while ($keep && (my $request = take_request(\$in{$s}))) {
                print $log $json->encode($request), "\n";
                $keep = respond($s, $request, $reply);
            }

            if (!$keep) {
                $select->remove($s);
                delete $in{$s};
                close $s;
            }
        }
    }
}


sub take_request {
    my ($in) = @_;

    my $end = index $$in, "\r\n\r\n";
    return undef if $end < 0;

    my ($line, @lines) = split /\r\n/, substr $$in, 0, $end;
    my ($method, $uri, $version) = split / /, $line, 3;
    my @headers = map { [ split /:[ \t]*/, $_, 2 ] } @lines;
    my ($length) = map { $_->[1] }
                   grep { lc $_->[0] eq 'content-length' } @headers;

    my $all = $end + 4 + ($length // 0);
    return undef if length $$in < $all;

    my $body = substr $$in, $end + 4, $length // 0;
    substr $$in, 0, $all, '';
    $body = digest($body) if length $body > 1 << 16;

    return { method => $method, uri => $uri, version => $version // '',
             headers => \@headers, body => $body };
}


# What stands for a body that is too large to be written down.

sub digest {
    my ($body) = @_;

    return length($body) . ' bytes: ' . sha256_hex($body);
}


sub respond {
    my ($s, $request, $reply) = @_;

    my @pieces = $reply->($request);

    for my $piece (@pieces) {
        return 0 if !defined $piece;

        # the headers of a HEAD go alone
        $piece =~ s/\r\n\r\n\K.*//s if $request->{method} eq 'HEAD';

        my $at = 0;

        while ($at < length $piece) {
            my $n = syswrite $s, $piece, length($piece) - $at, $at;
            return 0 if !defined $n;
            $at += $n;
        }
    }

    my ($connection) = map { lc $_->[1] }
        grep { lc $_->[0] eq 'connection' } @{$request->{headers}};

    return ($connection // '') ne 'close' && $request->{version} ne 'HTTP/1.0';
}


1;
