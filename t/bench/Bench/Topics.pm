package Bench::Topics;

# What is measured: a function a topic, each of which returns its table.

use strict;
use warnings;

use Bench::Data;
use Bench::Gateway;
use Bench::Instructions;
use Bench::Store;
use Bench::Tail;
use Bench::Table;

my @all = qw(load peers refusals keys routes rates protocols workers errors
             tail store instructions);
my @quick = qw(load peers refusals keys instructions);

my $base = <<'END' =~ s/\n\z//r;
The first row is the base; ratios are taken within a round, the median
(least-most) of all rounds is shown; "least" is the ratio of the least CPU in
any round.  "busy" is the share of one processor that the gateway used.
END


# quick, dir, root, data, load, gateways, rounds, most (keys), processors.

sub new {
    my ($class, %o) = @_;

    return bless { %o, mix => "$o{root}/t/bench/mix.txt" }, $class;
}


sub names {
    my ($self) = @_;

    return $self->{quick} ? @quick : @all;
}


sub run {
    my ($self, $name) = @_;

    my $code = $self->can("topic_$name") or die "no topic $name: @all\n";

    $self->{gateways}->upstream;

    return $self->$code;
}


# What the topics that were run have come to, by title and row.

sub figures {
    my ($self) = @_;

    return $self->{figures} // {};
}


sub variant {
    my ($self, $name, $gateway, $keys, %o) = @_;

    return { name => $name, gateway => $gateway, mix => $self->{mix},
             keys => $keys, %o };
}


# Runs the rounds and stops what was running for them.

sub compare {
    my ($self, $title, $note, @variants) = @_;

    my $results = $self->{rounds}->run(@variants);
    my @rows = $self->{rounds}->rows($results, @variants);

    @{$self->{figures}{"$title: $_->{name}"}}{qw(median least)} =
        $self->{rounds}->ratio($results, $_, $variants[0]) for @variants;

    my %gateways = map { $_->{gateway} => $_->{gateway} } @variants;
    $_->stop for values %gateways;

    return Bench::Table::render($title, "$note$base", @rows);
}


# -- Loading: time, and bytes of zone

sub topic_load {
    my ($self) = @_;

    my @rows = ([ 'keys', 'accounts', 'ms', 'us a key', 'bytes of zone a key',
                  'bytes of journal a key' ]);

    for my $case ($self->sizes, [ 1_000_000, 1000 ]) {
        my ($n, $accounts) = ref $case ? @$case : $case;

        my $journal = $self->{data}->journal($n, accounts => $accounts);
        my $log = $self->{gateways}->test('load', keys => $n,
                                          journal => $journal);
        my ($keys, $had, $ms, $used) = $log =~ /(\d+)[ ]keys[ ]and[ ](\d+)[ ]
            accounts[ ]loaded .* in[ ](\d+)[ ]ms, .* [ ](\d+)[ ]of[ ]/x
            or die "not loaded:\n$log\n";

        push @rows, [ $keys, $had, $ms, sprintf('%.2f', $ms * 1000 / $keys),
            sprintf('%.0f', $used / $keys),
            sprintf('%.0f', (-s $journal) / $keys) ];
    }

    return Bench::Table::render('Loading a journal at start', '', @rows);
}


sub sizes {
    my ($self) = @_;

    return grep { $_ <= $self->{most} }
           1000, 10_000, 100_000, 1_000_000, 10_000_000;
}


# -- Beside bare nginx and others

sub topic_peers {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $n = 100_000;
    my $keys = $d->keys($n);
    my $bare = $g->bare;

    return $self->compare("Admitted requests, $n keys",
        "\"again\" is bare nginx once more: what two equal things differ by.\n",
        $self->variant('bare nginx', $bare, $keys),
        $self->variant('bare nginx, again', $g->bare('again'), $keys),
        $self->variant('keygate', $g->keygate('keygate', keys => $n), $keys),
        $self->variant('map, limit_req, auth_request', $g->native($n), $keys),
        $self->variant('HAProxy', $g->haproxy($n), $keys),
        $self->variant('Lua', $g->lua($n), $keys));
}


sub topic_refusals {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $n = 100_000;
    my $keys = $d->keys($n);
    my %gate = (keygate => $g->keygate('keygate', keys => $n));

    %gate = (%gate, native => $g->native($n), HAProxy => $g->haproxy($n),
             Lua => $g->lua($n)) if !$self->{quick};

    my @variants = $self->variant('bare nginx, admitted', $g->bare, $keys);

    for my $name (grep { $gate{$_} } qw(keygate native HAProxy Lua)) {
        push @variants, $self->variant("$name, admitted", $gate{$name}, $keys);

        for my $kind ([ 401, 'unknown' ], [ 403, 'powerless' ],
                      [ 429, 'limited' ])
        {
            push @variants, $self->variant("$name, $kind->[0]", $gate{$name},
                $d->refused($kind->[1]), refused => 1,
                mix => $self->no_me);
        }
    }

    return $self->compare("Refusals, $n keys",
        "native: map, limit_req, auth_request.\n", @variants);
}


# The mix without what any key may ask for.

sub no_me {
    my ($self) = @_;

    return $self->{data}->make('mix-refused.txt', sub {
        my ($f) = @_;

        print $f grep { !m{/v1/me} }
                 map { "$_\n" } split /\n/, Bench::Process::slurp($self->{mix});
    });
}


# -- How it grows

sub topic_keys {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my @variants = $self->variant('bare nginx', $g->bare,
                                  $d->keys(1_000_000));

    for my $n ($self->sizes) {
        next if $self->{quick} && $n == 10_000;
        push @variants, $self->variant("$n keys",
            $g->keygate("keys$n", keys => $n), $d->keys($n));
    }

    return $self->compare('Keys', '', @variants);
}


sub topic_routes {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $keys = $d->keys(1000);
    my $bare = $g->bare;
    my @variants = $self->variant('bare nginx', $bare, $keys);

    for my $n (10, 100, 1000, 5000) {
        my (@lines, @mix);

        for my $i (1 .. $n) {
            my $path = $i % 2 ? "/v1/resource$i" : "/v1/resource$i/:id";
            my ($scope, $method) = $i % 3 ? ('customers:read', 'GET')
                                          : ('jobs:write', 'DELETE');

            push @lines, "    route $method $path $scope;\n";
            push @mix, "$method /api$path\n" =~ s/:id/res_4b7d21/r;
        }

        my $mix = $d->make("mix-$n.txt", sub { print {$_[0]} @mix });

        push @variants,
            $self->variant("$n routes, bare", $bare, $keys, mix => $mix),
            $self->variant("$n routes", $g->keygate("routes$n",
                routes => join('', @lines)), $keys, mix => $mix);
    }

    return $self->compare('Routes', '', @variants);
}


sub topic_rates {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $keys = $d->keys(100_000);
    my @rates = map { "rate 1000000000r/$_;" } qw(m h d month);
    my @variants = $self->variant('bare nginx', $g->bare, $keys);

    for my $n (1 .. @rates) {
        my $lines = join "\n    ", @rates[0 .. $n - 1];

        push @variants, $self->variant($n == 1 ? '1 rate' : "$n rates",
            $g->keygate("rates$n", keys => 100_000, rates => $lines), $keys);
    }

    push @variants, $self->variant('1 rate, no headers', $g->keygate('off',
        keys => 100_000, rates => "$rates[0] rate_headers off;"), $keys);

    return $self->compare('Rates', '', @variants);
}


sub topic_protocols {
    my ($self) = @_;

    my ($g, $d, $load) = @$self{qw(gateways data load)};
    my ($text, $path) = ('', '/api/v1/customers/cus_4b7d21');
    my $key = (Bench::Data::credential(7))[1];

    for my $case ([ 'HTTP/1.1', 1, '' ], [ 'HTTP/2', 0, ' http2' ]) {
        my ($name, $h1, $listen) = @$case;
        my $bare = $g->bare('bare', listen => $listen);
        my $gate = $g->keygate('keygate', keys => 100_000, listen => $listen,
            rates => 'rate 1000000000r/m;');

        $text .= $self->compare($name,
            "h2load: one key and one path.\n",
            map { my ($name, $gateway) = @$_; {
                name => $name, gateway => $gateway, ask => sub {
                    $load->h2load($gateway, $key, $path, h1 => $h1)
                } } } [ 'bare nginx', $bare ], [ 'keygate', $gate ]);
    }

    return $text;
}


sub topic_workers {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $keys = $d->keys(100_000);
    my $pinned = $g->{cpus};
    my @variants;

    # two workers are not to share a processor
    local $g->{cpus} = undef;

    for my $n (1, 2) {
        push @variants,
            $self->variant("bare nginx, $n", $g->bare("bare$n", workers => $n),
                           $keys),
            $self->variant("keygate, $n", $g->keygate("keygate$n",
                keys => 100_000, workers => $n), $keys);
    }

    return $self->compare('Workers: one and two',
        "Here the gateway is not kept to a processor of its own"
        . ($self->{processors} < 4 ? "; with $self->{processors}\nin all, two "
           . "workers compete with clients and upstream" : '') . ".\n",
        @variants);
}


# -- The error filter on a 200

sub topic_errors {
    my ($self) = @_;

    my ($g, $d) = @$self{qw(gateways data)};
    my $keys = $d->keys(1000);

    return $self->compare('keygate_errors on a 200: see also instructions',
        '', $self->variant('bare nginx', $g->bare, $keys),
        $self->variant('bare nginx, again', $g->bare('again'), $keys),
        $self->variant('module loaded, off', $g->keygate('off',
            gate => 'keygate off;'), $keys),
        $self->variant('keygate_errors', $g->keygate('errors',
            gate => 'keygate_errors cooledge;'), $keys),
        $self->variant('keygate', $g->keygate('gate',
            gate => 'keygate cooledge; keygate_errors off;'), $keys),
        $self->variant('keygate and keygate_errors', $g->keygate('both',
            gate => 'keygate cooledge; keygate_errors cooledge;'), $keys));
}


sub topic_tail {
    my ($self) = @_;

    return Bench::Tail::run($self);
}


sub topic_store {
    my ($self) = @_;

    return Bench::Store::run($self);
}


sub topic_instructions {
    my ($self) = @_;

    return Bench::Instructions::run($self);
}


1;
