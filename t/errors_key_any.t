#!/usr/bin/perl

# Keys of any shape in the path: the request's own, whatever it is, and those
# that the zone knows, are repeated in no body and no log line of the gate.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new(conf => "access_log off;\n"
    . items_conf(extra => 'key_format any;'
        . ' error route_not_found "detail=nothing at {path}";'));

my $uuid = '6f1c2b1e-93d4-4c0b-8c55-0123456789ab';
my $odd = 'a+b=c/d.e:f~ghij';
my $other = '0123456789abcdef0123456789abcdef01234567';
my $wrong = 'no-key-of-anybody';

$t->key(id => "old_$_->[0]", credential => $_->[1], scopes => ['items:read'])
    for [1, $uuid], [2, $odd], [3, $other];

$t->start;

sub encoded {
    my ($text) = @_;

    return join '', map { sprintf '%%%02x', ord } split //, $text;
}


sub hidden {
    my ($path, $named, $key, @with) = @_;

    my $r = $t->get($path, @with);
    my $body = $r->{body};

    ok(!exists $r->json->{instance}, "$path, $named: no instance");
    1 while $body =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    is(index($body, $key), -1, '... and no key in the body');
}


for my $path ("/v1/$uuid", "/$uuid/x", "/v1/$uuid.json", '/v1/'
              . encoded($uuid), '/v1/' . encoded($uuid) =~ s/%/%25/gr)
{
    hidden($path, 'its own', $uuid, key => $uuid);
    hidden($path, "another's", $uuid, key => $other);
    hidden($path, 'without one', $uuid);
}

hidden("/v1/$odd", 'its own', $odd, key => $odd);
hidden('/v1/' . encoded($odd), 'one segment', $odd, key => $other);
hidden("/v1/x$wrong", 'what is none, but was sent', $wrong, key => $wrong);
hidden('/v1/abc', 'however short', 'abc', key => 'abc');
hidden('/longer-x' x 33, 'more than are looked at', $uuid);

is($t->get('/longer-x' x 32)->json->{instance}, '/longer-x' x 32,
   'as many as are looked at');
is($t->get('/v1/' . substr($uuid, 1), key => $other)->json->{instance},
   '/v1/' . substr($uuid, 1), 'what is none is shown');
is($t->get("/v1/$wrong", key => $other)->json->{instance}, "/v1/$wrong",
   'what nobody has sent, too');

my $log = $t->read_file('error.log');

1 while $log =~ s/(?:%|\\x)([0-9a-fA-F]{2})/chr hex $1/ge;
is(index($log, $_), -1, "$_ is not in the error log") for $uuid, $odd, $other;
like($log, qr/\(holds a key\)/, 'which says that there was one');

$t->done;
