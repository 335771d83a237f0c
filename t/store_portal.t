#!/usr/bin/perl

# The live keys that an account may have, over all nodes: as many as there may
# be, exactly, wherever and whenever they are made.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Admin;
use Keygate::Nodes;
use Keygate::Portal;
use Keygate::Store;

plan skip_all => 'no redis-server here' if !Keygate::Store->available;

my $store = Keygate::Store->start;
my @nodes = map { gate($_) } 'one', 'two';


sub gate {
    my ($name) = @_;

    my $conf = portal_conf(portal => 'keys=3');

    $conf =~ s/(keygate_zone [^;]*)/$1 store=main/ or die;

    my $t = Keygate->new(workers => 2, conf => <<"END" . $conf);
    keygate_store main {
        server unix:$store->{socket};
        node $name;
    }
END

    admin_token($t);

    return $t->start;
}


sub post {
    my ($t, $path, $body) = @_;

    return portal_later($t, 'POST', $path, who => 'tom', body => $body);
}


ok $nodes[0]->wait_for(sub {
    admin($nodes[0], 'PUT', '/accounts/acc_3', { name => 'A' })->{status}
        =~ /^20/
}), 'an account';
ok $nodes[1]->wait_for(sub {
    admin($nodes[1], 'GET', '/accounts/acc_3')->{status} == 200
}), 'on both';

my (@made, @resumed);

for my $round (1 .. 12) {
    my @posts = map { post($nodes[$_ % 2], '/keys',
                           { name => "k$_", scopes => [] }) } 1 .. 8;
    my @answers = map { $_->() } @posts;
    my @ids = map { $_->json->{id} } grep { $_->{status} == 201 } @answers;

    push @made, join ' ', sort map { $_->{status} } @answers;

    # what is suspended makes room, and comes back for as many as there is

    post($nodes[0], "/keys/$_/suspend", {})->() for @ids;

    my $more = post($nodes[0], '/keys', { name => 'm', scopes => [] })->();

    $nodes[1]->wait_for(sub {
        portal($nodes[1], 'GET', "/keys/@{[$more->json->{id}]}",
               who => 'tom')->{status} == 200
    });

    my $n = 0;

    push @resumed, join ' ', sort map { $_->()->{status} }
        map { post($nodes[$n++ % 2], "/keys/$_/resume", {}) } @ids;

    post($nodes[0], "/keys/$_/revoke", {})->() for @ids, $more->json->{id};
    $nodes[1]->wait_for(sub {
        portal($nodes[1], 'GET', "/keys/@{[$more->json->{id}]}",
               who => 'tom')->json->{state} eq 'revoked'
    });
}

is_deeply \@made, [ ('201 201 201 409 409 409 409 409') x 12 ],
    'as many as there may be are made, on both at once';
is_deeply \@resumed, [ ('200 200 409') x 12 ], 'or come back';

$_->done for @nodes;
