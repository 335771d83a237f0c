package Bench::Instructions;

# Instructions in user space per request, counted by callgrind: they hardly
# vary, so a change of one percent shows on any machine.  So do the lines of
# code that are not in a first-level cache of 32 KB when they are needed: nginx
# alone fills it twice a request, and waiting for them may cost more than
# executing them; and so do the lines of data, with 48 KB.  What the kernel does
# is in none of them, nor what timers do: callgrind makes requests fifty times
# slower, so that what happens ten times a second would count fifty times.  That
# is so in rows with a rate per day or month: a thread saves what is used.
# Valgrind's processor has no SHA extensions: a digest counts some 2,000 more
# than it takes elsewhere.

use strict;
use warnings;

use Bench::Client;
use Bench::Data;
use Bench::Process;
use Bench::Table;

my $warm = 400;
my $shown = 25;
my @how = ('--cache-sim=yes', '--I1=32768,8,64', '--D1=49152,12,64',
           '--toggle-collect=ngx_event_expire_timers', '--collect-atstart=yes');


# topics: a Bench::Topics, for what it knows of files and gateways.

sub run {
    my ($topics) = @_;

    my $n = $topics->{quick} ? 1000 : 4000;
    my $g = $topics->{gateways};
    my $keys = 10_000;
    my $mine = $topics->{data}->keys($keys);
    my $posts = $topics->{data}->make('mix-post.txt', sub {
        print {$_[0]} qq(POST /api/v1/customers {"name":"Olsen","vip":1}\n);
    });
    my $route = '    route POST /v1/customers customers:write';
    my %http2 = (http2 => 1, listen => ' http2');
    my @many = map { "rate 1000000000r/$_;" } qw(m h d month);

    my @cases = (
        [ 'bare nginx', 'bare', {}, $mine ],
        [ 'bare nginx, again', 'bare', {}, $mine ],
        [ 'module loaded, off', 'keygate', { gate => 'keygate off;' }, $mine ],
        [ 'keygate_errors alone', 'keygate',
          { gate => 'keygate_errors cooledge;' }, $mine ],
        [ 'keygate', 'keygate', {}, $mine, 'profile' ],
        [ 'keygate, usage kept', 'keygate', { usage => 1 }, $mine ],
        [ 'keygate, no rate', 'keygate', { rates => ' ' }, $mine ],
        [ 'keygate, no rate headers', 'keygate',
          { rates => 'rate 1000000r/m; rate_headers off;' }, $mine ],
        map({ [ "keygate, $_ rates", 'keygate',
                { rates => join "\n", @many[0 .. $_ - 1] }, $mine ] } 2 .. 4),
        map({ [ "keygate, $_->[0]", 'keygate', {},
                $topics->{data}->refused($_->[1]), undef, $topics->no_me ] }
            [ 401, 'unknown' ], [ 403, 'powerless' ], [ 429, 'limited' ]),
        [ 'bare nginx, a body', 'bare', {}, $mine, undef, $posts ],
        [ 'keygate, a body', 'keygate', { routes => "$route;\n" }, $mine,
          undef, $posts ],
        [ 'keygate, a body and "when"', 'keygate',
          { routes => "$route;\n    when POST /v1/customers body.vip "
                     . "jobs:write;\n" }, $mine, undef, $posts ],
        [ 'bare nginx, HTTP/2', 'bare', \%http2, $mine ],
        [ 'keygate, HTTP/2', 'keygate', \%http2, $mine ],
    );

    @cases = grep { $_->[0] !~ /again|no rate|rates/ } @cases
        if $topics->{quick};

    my @rows = ([ '', 'instructions/request', 'to bare', 'adds',
                  'code lines', 'adds', 'data lines', 'adds' ]);
    my ($bare, $profile);

    for my $case (@cases) {
        my ($name, $kind, $o, $file, $wanted, $mix) = @$case;
        my ($count, $dump) = count($topics, $kind, { %$o, keys => $keys },
            requests($file, $mix // $topics->{mix}), $n);

        $profile = functions($dump, $n) if $wanted;

        my %v = (Ir => $count->{Ir}, code => $count->{I1mr},
                 data => $count->{D1mr} + $count->{D1mw});

        $bare = \%v if $kind eq 'bare' && $name !~ /again/;
        $topics->{figures}{"Instructions: $name"} = \%v;

        push @rows, [ $name, sprintf('%.0f', $v{Ir}),
            sprintf('%.4f', $v{Ir} / $bare->{Ir}),
            sprintf('%+.0f', $v{Ir} - $bare->{Ir}),
            map { (sprintf('%.0f', $v{$_}),
                   sprintf('%+.0f', $v{$_} - $bare->{$_})) } qw(code data) ];
    }

    return Bench::Table::render('Instructions in user space, by callgrind',
        "$n requests each, one at a time, beside the bare nginx above them.\n"
        . 'A digest counts more here than where the processor has SHA.', @rows)
        . $profile;
}


# What callgrind counts, by its names, per request, and the file that tells
# where.

sub count {
    my ($topics, $kind, $o, $requests, $n) = @_;

    my $dump = "$topics->{dir}/run/callgrind.out";

    # the keys of an earlier row have used much, which a thread would save

    unlink glob("$dump*"), $topics->{data}->journal($o->{keys}) . '.usage';

    my $gateway = $topics->{gateways}->$kind("callgrind", %$o, wrap =>
        [ 'valgrind', '-q', '--tool=callgrind', "--callgrind-out-file=$dump",
          '--separate-threads=no', @how ]);
    my $pid = $gateway->{pid};
    my $client = Bench::Client->connect($gateway->{port}, $o->{http2});

    $client->ask($requests->($_)) for 1 .. $warm;
    control('-z', $pid);
    $client->ask($requests->($_)) for 1 .. $n;
    control('-d', $pid);
    $client->close;

    my ($file) = grep { -s } glob "$dump.*";

    $gateway->stop;

    my $text = Bench::Process::slurp($file // die "no dump by callgrind\n");
    my ($events) = $text =~ /^events: (.+)/m;
    my ($totals) = $text =~ /^totals: (.+)/m or die "$file has no total\n";
    my %count;

    @count{split ' ', $events} = map { $_ / $n } split ' ', $totals;

    return (\%count, $file);
}


sub control {
    my ($what, $pid) = @_;

    my $text = `callgrind_control $what $pid 2>&1`;

    die "callgrind_control $what: $text\n" if $? || $text !~ /OK/;
}


# The mix, in turn, with keys by a fixed sequence: the same for all cases.

sub requests {
    my ($file, $path) = @_;

    my @keys = split /\n/, Bench::Process::slurp($file);
    my @mix = map { [ split / /, $_, 3 ] }
              split /\n/, Bench::Process::slurp($path);

    return sub {
        my ($i) = @_;

        return (@{$mix[$i % @mix]}[0, 1], $keys[$i * 7919 % @keys],
                $mix[$i % @mix][2]);
    };
}


# What the largest functions of the gate and of what it calls cost.

sub functions {
    my ($file, $n) = @_;

    my %self;

    my $annotate = 'callgrind_annotate --threshold=100 --show=Ir';

    # the source files' names, or "???", stand before a colon
    for (`$annotate --inclusive=no $file 2>/dev/null`) {
        my ($count, $name) = /^\s*([\d,]+) \([\s\d.]+%\)\s+\S*?:(\S+)/ or next;

        $count =~ tr/,//d;
        $self{$name =~ s/'\d+$//r} += $count / $n;
    }

    my %inclusive;

    for (`$annotate --inclusive=yes $file 2>/dev/null`) {
        my ($count, $name) = /^\s*([\d,]+) \([\s\d.]+%\)\s+\S*?:(\S+)/ or next;

        $count =~ tr/,//d;
        $inclusive{$name} //= $count / $n;
    }

    my @gate = sort { $inclusive{$b} <=> $inclusive{$a} }
               grep { /^(?:ngx_http_)?keygate_/ } keys %inclusive;

    my @rows = ([ 'function of the gate', 'with what it calls', 'itself' ]);

    for my $name (@gate) {
        last if @rows > $shown;
        push @rows, [ $name, sprintf('%.0f', $inclusive{$name}),
                      sprintf('%.0f', $self{$name} // 0) ];
    }

    return Bench::Table::render('Where: instructions per admitted request', '',
                                @rows);
}


1;
