package Bench::Store;

# What it costs to be one of many nodes: a request's instructions, how long a
# revocation takes to the last node, what a new node reads, how many exchanges
# of leases an engine carries, and how long clients wait meanwhile.

use strict;
use warnings;

use Compress::Zlib qw(crc32);
use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

use Bench::Data;
use Bench::Instructions;
use Bench::Process;
use Bench::Table;
use Bench::Tail;

my $redis = $ENV{REDIS_SERVER} // '/usr/bin/redis-server';
my $token = 'bench';


sub run {
    my ($topics) = @_;

    return "There is no $redis: no figures of a store.\n\n" if !-x $redis;

    return instructions($topics) . lag($topics) . sync($topics)
           . exchanges($topics) . loads($topics) . tail($topics);
}


# -- The engine

sub engine {
    my ($topics) = @_;

    my $dir = "$topics->{dir}/run/engine";
    my $port = Bench::Gateway::free_port();

    system('rm', '-rf', $dir);
    mkdir $dir;

    return Bench::Process->start(name => 'redis-server', dir => $dir,
        port => $port, workers => 0, command => [ $redis, '--port', $port,
            '--bind', '127.0.0.1', '--unixsocket', "$dir/socket", '--dir', $dir,
            '--save', '', '--appendonly', 'yes' ]);
}


# Commands in one write; the first words of their answers.

sub ask {
    my ($engine, @commands) = @_;

    my $link = $engine->{link} //= IO::Socket::UNIX->new(
        Peer => "$engine->{dir}/socket") or die "no engine: $!\n";

    print $link map {
        '*' . @$_ . "\r\n" . join '', map { '$' . length . "\r\n$_\r\n" } @$_
    } @commands;

    return map { answer($link) } @commands;
}


sub answer {
    my ($link) = @_;

    my $line = readline $link // die "the engine has closed the connection\n";
    my ($kind, $text) = $line =~ /^(.)(.*)\r\n\z/s;

    die "the engine: $text\n" if $kind eq '-';
    return [ map { answer($link) } 1 .. $text ] if $kind eq '*';
    return $text if $kind ne '$' || $text < 0;

    read $link, my $bytes, $text + 2;

    return substr $bytes, 0, $text;
}


sub info {
    my ($engine, $name) = @_;

    my ($text) = ask($engine, [ 'INFO', 'all' ]);

    return ($text =~ /^$name:([\d.]+)/m)[0];
}


sub command {
    my ($topics, $engine, @words) = @_;

    my $out = `$topics->{gateways}{build}/keygate @words \\
        --store unix:$engine->{dir}/socket --quiet 2>&1`;

    die "keygate @words: $out\n" if $?;

    return $out;
}


sub push_keys {
    my ($topics, $engine, $keys) = @_;

    command($topics, $engine, 'store push --journal',
            $topics->{data}->journal($keys));
}


# A gateway that shares the engine.  limits: cluster or node.

sub node {
    my ($topics, $engine, $name, %o) = @_;

    my $path = "$topics->{dir}/run/$name.jsonl";
    my $sha = "$topics->{dir}/run/bench.sha256";

    unlink $path;
    open my $f, '>', $sha or die "$sha: $!\n";
    print $f sha256_hex($token), "\n";
    close $f;

    return $topics->{gateways}->keygate($name, journal => $path,
        store => "unix:$engine->{dir}/socket", node => $name,
        rates => 'rate 1000000r/m;', server => <<"END", %o);
        location /admin/ { keygate_admin cooledge token=$sha; }
        location = /ready { keygate_ready; }
END
}


sub ready {
    my ($node) = @_;

    $node->wait_for(sub { get($node, '/ready') =~ / 200 / })
        or die "$node->{name} never has all records\n";

    return $node;
}


# The head of an answer, over a connection that is kept.

sub get {
    my ($node, $path, @lines) = @_;

    my $s = $node->{socket} //= Bench::Instructions::connect_to($node->{port});
    my ($method, $target) = $path =~ /^(?:(\w+) )?(.*)/;

    print $s join "\r\n", ($method // 'GET') . " $target HTTP/1.1",
        'Host: bench', @lines, 'Content-Length: 0', '', '';

    my $head = '';

    while (my $line = readline $s) {
        $head .= $line;
        last if $line eq "\r\n";
    }

    read $s, my $body, $1 if $head =~ /^content-length: (\d+)/im;
    delete $node->{socket} if $head !~ /keep-alive/i;

    return $head;
}


# -- What a request costs

sub instructions {
    my ($topics) = @_;

    my $keys = 1000;
    my $n = $topics->{quick} ? 1000 : 4000;

    # few are used: each has to have its lease
    my $requests = Bench::Instructions::requests($topics->{data}->keys(10),
                                                 $topics->{mix});
    my @rows = ([ '', 'instructions/request', 'adds', 'code lines',
                  'data lines' ]);
    my $base;

    for my $case ([ 'without a store' ], [ 'limits=node', 'node' ],
                  [ 'limits=cluster', 'cluster' ])
    {
        my ($name, $limits) = @$case;
        my $engine = $limits ? engine($topics) : undef;
        my %o = (keys => $keys, rates => 'rate 1000000r/m;');

        if ($engine) {
            push_keys($topics, $engine, $keys);
            %o = (%o, store => "unix:$engine->{dir}/socket", node => 'one',
                  journal => "$topics->{dir}/run/callgrind.jsonl",
                  limits => $limits);
            system('cp', $topics->{data}->journal($keys), $o{journal});
        }

        my ($count) = Bench::Instructions::count($topics, 'keygate', \%o,
                                                 $requests, $n);

        $base //= $count->{Ir};
        $engine->stop if $engine;
        push @rows, [ $name, sprintf('%.0f', $count->{Ir}),
            sprintf('%+.0f', $count->{Ir} - $base),
            map { sprintf '%.0f', $_ } $count->{I1mr},
                $count->{D1mr} + $count->{D1mw} ];
    }

    return Bench::Table::render('An admitted request, with a store',
        "What the link does beside the requests is in it: callgrind makes "
        . "them fifty times\nslower, and leases are exchanged by the clock.",
        @rows);
}


# -- How long a revocation takes

sub lag {
    my ($topics) = @_;

    my $changes = $topics->{quick} ? 20 : 100;
    my @rows = ([ 'nodes', 'answered, ms', 'p99', 'to the last node, ms', 'p99',
                  'answered with all, ms', 'p99' ]);

    for my $n (2, 4, 8) {
        my $engine = engine($topics);

        push_keys($topics, $engine, 1000);

        my @nodes = map { ready(node($topics, $engine, "node$_")) } 1 .. $n;
        my (@answered, @last, @all);

        for my $i (0 .. 2 * $changes - 1) {
            my ($id, $key) = Bench::Data::credential($i);
            my $start = time;
            my $all = $i % 2;

            get($nodes[0], "POST /admin/keys/$id/revoke"
                           . ($all ? '?wait=5s' : '?wait=0'),
                "Authorization: Bearer $token") =~ / 200 / or die "no change\n";

            my $then = time;

            if ($all) {
                push @all, 1000 * ($then - $start);
                next;
            }

            for my $node (@nodes) {
                1 while get($node, '/api/v1/me', "X-Api-Key: $key") !~ / 401 /;
            }

            push @answered, 1000 * ($then - $start);
            push @last, 1000 * (time - $then);
        }

        push @rows, [ $n, map { my $times = $_; map {
            sprintf '%.1f', Bench::Table::quantile($_, @$times) } 0.5, 0.99
        } \@answered, \@last, \@all ];
        $_->stop for @nodes, $engine;
    }

    return Bench::Table::render('A revocation',
        "All nodes, the engine and the client share this machine.  The last "
        . "column but one is\nthe answer with a receipt of all nodes.", @rows);
}


# -- What a new node reads

sub sync {
    my ($topics) = @_;

    my @rows = ([ 'keys', 'pushed, s', 'read by a new node, s', 'MB read',
                  'MB of the engine' ]);

    for my $n ($topics->{quick} ? 100_000 : (100_000, 1_000_000)) {
        my $engine = engine($topics);
        my $start = time;

        push_keys($topics, $engine, $n);

        my $pushed = time - $start;
        my $bytes = info($engine, 'total_net_output_bytes');

        $start = time;

        my $node = ready(node($topics, $engine, 'node1',
            size => Bench::Gateway::zone_size($n)));

        push @rows, [ $n, sprintf('%.1f', $pushed),
            sprintf('%.1f', time - $start),
            map { sprintf '%.0f', $_ / 1e6 }
                info($engine, 'total_net_output_bytes') - $bytes,
                info($engine, 'used_memory') ];
        $_->stop for $node, $engine;
    }

    return Bench::Table::render('A full sync', '', @rows);
}


# -- What an engine carries

sub exchanges {
    my ($topics) = @_;

    my $engine = engine($topics);
    my ($sha) = ask($engine, [ 'SCRIPT', 'LOAD', Bench::Process::slurp(
        "$topics->{root}/src/store/lua/lease.lua") ]);
    my $n = $topics->{quick} ? 10_000 : 100_000;
    my @rows = ([ 'rates', 'us of the engine', 'a second at one core' ]);

    for my $rates ([ 'minute', 1000, 0 ],
                   [ 'minute', 1000, 0, 'day', 100_000, 0 ])
    {
        my $used = info($engine, 'used_cpu_user_main_thread');

        for (my $i = 0; $i < $n; $i += 64) {
            ask($engine, map {
                my $holder = $_ % 1000;

                [ 'EVALSHA', $sha, 1, "kg:{keys.00}:h:key:$holder",
                  int(time * 1000), 'node' . $_ % 8, 'life',
                  int($_ / 1000), 'set', 1, 8, 1, 1_000_000_000, @$rates ]
            } $i .. $i + 63);
        }

        my $us = 1e6 * (info($engine, 'used_cpu_user_main_thread') - $used)
                 / $n;

        push @rows, [ @$rates / 3, sprintf('%.1f', $us),
                      sprintf('%.0f', 1e6 / $us) ];
    }

    $engine->stop;

    return Bench::Table::render('Exchanges of leases',
        '1,000 keys, eight nodes.', @rows);
}


# -- What of a limit is used, and how many wait, for each load

sub loads {
    my ($topics) = @_;

    my $test = "$topics->{root}/build/unit/rate/lease";
    my @rows = ([ 'nodes, limit, load', 'arrived', 'admitted',
                  'of what one limiter admits', 'waited',
                  'exchanges a second' ]);

    return "There is no $test: no figures of loads.\n\n" if !-x $test;

    for (`$test`) {
        push @rows, [ $1, $2, $3, "$4%", sprintf('%.1f%%', 100 * $5 / $2), $6 ]
            if /^\#\ (.*):\ .*?\ (\d+)\ arrived,\ (\d+)\ admitted,
                \ ([\d.]+)%\ .*?\ (\d+)\ waited,\ ([\d.]+)\ /x;
    }

    return Bench::Table::render('Leases, for each load',
        "Simulated, with the functions that a node has and an exact log.  A: "
        . "evenly, B: one\nnode, C: moving on, D: one who knows, E: skewed, G: "
        . "bursts.", @rows);
}


# -- How long clients wait

sub tail {
    my ($topics) = @_;

    my $seconds = $topics->{quick} ? 5 : 15;
    my $keys = 100_000;
    my $engine = engine($topics);

    push_keys($topics, $engine, $keys);

    my $requests = Bench::Instructions::requests($topics->{data}->keys($keys),
                                                 $topics->{mix});
    my $bare = $topics->{gateways}->bare;
    my $node = ready(node($topics, $engine, 'node1', keys => $keys));
    my @rows = ([ '', 'p50 us', 'p99 us', 'p99.9 us', 'worst us',
                  'refused early' ]);

    for my $case (
        [ 'bare nginx', $bare ],
        [ 'a store', $node ],
        [ 'a store, 1,000 changes a second', $node,
          sub { changes($topics, $engine) } ],
        [ 'a store, while all is read anew', $node,
          sub { command($topics, $engine, 'store epoch --new') } ],
        [ 'a store that hangs', $node, sub { kill 'STOP', $engine->{pid} } ],
    ) {
        my ($name, $gateway, $beside) = @$case;
        my $refused = 0;
        my @us = Bench::Tail::under($topics, $gateway, $requests, $seconds,
                                    $beside, \$refused);

        push @rows, [ $name, map({ sprintf '%.0f',
            Bench::Table::quantile($_, @us) } 0.5, 0.99, 0.999, 1), $refused ];
    }

    kill 'CONT', $engine->{pid};
    $_->stop for $bare, $node, $engine;

    return Bench::Table::render('Latency with a store',
        "See \"tail\".  Until a node has seen that the engine hangs, for a "
        . "second, requests\nthat lack a lease wait for it.", @rows);
}


# A thousand changes a second, ten at a time, by the script of all writers.

sub changes {
    my ($topics, $engine) = @_;

    # the connection is the parent's
    delete $engine->{link};

    my ($sha) = ask($engine, [ 'SCRIPT', 'LOAD', Bench::Process::slurp(
        "$topics->{root}/src/store/lua/write.lua") ]);
    my $due = time;

    while (1) {
        my ($meta) = ask($engine, [ 'HMGET', 'kg:{keys}:meta', 'epoch', 'seq',
                                    'chain' ]);
        my (@names, @records);

        for (1 .. 10) {
            my $i = int rand 100_000;
            my $account = sprintf 'biz_%08x', $i / 10;
            my $field = 'key:' . (Bench::Data::credential($i))[0];

            push @names, bucket($field), bucket("account:$account");
            push @records, $field, '*', Bench::Data::key_line($i, $account,
                [ qw(customers:read customers:write jobs:read jobs:write
                     quotes:read invoices:read) ]) =~ s/\n//r,
                "account:$account";
        }

        ask($engine, [ 'EVALSHA', $sha, 2 + @names, 'kg:{keys}:meta',
                       'kg:{keys}:log', @names, @$meta, 100_000, 0,
                       @records ]);

        $due += 0.01;
        sleep $due - time if $due > time;
    }
}


sub bucket {
    return sprintf 'kg:{keys}:rec:%02x', crc32($_[0]) % 256;
}


1;
