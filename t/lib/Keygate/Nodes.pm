package Keygate::Nodes;

# Gateways with the admin API that share an engine:
#
#     my $store = Keygate::Store->start;
#     my $one = node($store, 'one');
#     ok becomes($one, $key, 401), 'it is refused there, too';

use strict;
use warnings;

use Exporter qw(import);

use Keygate;
use Keygate::Admin;

our @EXPORT = qw(node node_create becomes says made);


# store: what the block has beside its node; server: its "server", the socket
# by default; zone: parameters of the zone; ready: directives of the admin's
# server; what else Keygate->new() takes.

sub node_create {
    my ($engine, $name, %o) = @_;

    my $server = delete $o{server} // "unix:$engine->{socket}";
    my $block = delete $o{store} // '';
    my $zone = delete $o{zone} // '';
    my $conf = admin_conf(server => delete $o{ready});

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main $zone/ or die;

    my $t = Keygate->new(workers => 2, conf => <<"END" . $conf, %o);
    keygate_store main {
        server $server;
        node $name;
        $block
    }
END

    admin_token($t);

    return $t;
}


sub node {
    return node_create(@_)->start;
}


# Whether a key is soon answered so.

sub becomes {
    my ($t, $key, $status) = @_;

    return $t->wait_for(sub {
        $t->status('/v1/items', key => $key) == $status
    });
}


# Whether the log soon has that.

sub says {
    my ($t, $pattern) = @_;

    return $t->wait_for(sub { $t->read_file('error.log') =~ $pattern });
}


# A key that is made on a node, of the account "acc": (id, key).

sub made {
    my ($t, $name, %more) = @_;

    my $answer;

    $t->wait_for(sub {
        admin($t, 'PUT', '/accounts/acc', { name => 'A' })->{status} =~ /^20/
    }) or die "no account can be made\n";

    $t->wait_for(sub {
        $answer = admin($t, 'POST', '/keys', { account => 'acc',
            name => $name, scopes => ['items:read'], %more });
        $answer->{status} == 201
    }) or die "no key can be made: $answer->{body}\n";

    return @{$answer->json}{qw(id secret)};
}


1;
