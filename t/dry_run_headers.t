#!/usr/bin/perl

# In a dry run the upstream sees what it would see without the gate, but for a
# key: other schemes, other people's tokens, and lines that would change the
# method stay.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;

use Keygate;
use Keygate::Items;

my %source = (
    header => 'credential header X-Api-Key;',
    bearer => 'credential bearer;',
    scheme => 'credential scheme Token param=token;',
    user => 'credential basic user;',
    socket => 'credential websocket kg.;',
    any => 'credential header X-Api-Key; credential bearer; key_format any;',
);

my ($apis, $places) = ('', '');

for my $name (sort keys %source) {
    $apis .= items_api(name => $name, credential => $source{$name},
        zone => $apis eq '' ? undef : '', $name eq 'any' ? () : ());
    $places .= <<"END";
        location /$name/ {
            keygate $name;
            keygate_dry_run on;
            proxy_pass http://127.0.0.1:%%UPSTREAM%%;
            proxy_set_header Upgrade \$http_upgrade;
        }
END
}

# the format comes last
$apis =~ s/(key_format any;)(.*?)(key_format tk_[^;]*;)/$3$2$1/s;

my $t = Keygate->new(conf => $apis . <<"E");
    server {
        listen 127.0.0.1:%%PORT%%;
        $places
        location / { proxy_pass http://127.0.0.1:%%UPSTREAM%%; }
    }
E

my $key = $t->key(scopes => ['items:read']);
my $old = '0b1f9a52-77aa-4f04-9c3e-0f7f2a4cb1ee';

$t->key(id => 'old_1', scopes => ['items:read'], credential => $old);
$t->start;


# What the upstream is sent of these.

sub sent {
    my ($name, @lines) = @_;

    is($t->status("/$name/v1/items", headers => \@lines), 200,
       "$name: let through");

    return join "\n", map { "$_->[0]: $_->[1]" }
        grep { $_->[0] =~ /^(?:Authorization|X-|Sec-WebSocket)/i }
        @{$t->last_hit->{headers}};
}

sub basic { return encode_base64("$_[0]:$_[1]", '') }

my @foreign = (
    'Authorization: Basic ' . basic('u', 'p'),
    'Authorization: Bearer eyJhbGciOiJub25lIn0.e30.',
    'Authorization: Digest username="u"',
    'Authorization: Token foo', 'Authorization: Token token=foo',
    'Authorization: tk_', 'Authorization: Bearer',
    'X-Api-Key: of-another-system', 'Sec-WebSocket-Protocol: kg.foo, chat',
    'X-HTTP-Method-Override: DELETE', 'X-Original-URL: /v1/admin/keys',
);

for my $name ('none', sort keys %source) {
    is(sent($name, $_), $_, "$name: $_ stays") for @foreign;
}

for my $case (
    [ header => "X-Api-Key: $key" ],
    [ bearer => "Authorization: Bearer $key" ],
    [ bearer => qq(Authorization: Bearer "$key") ],
    [ bearer => "Authorization: $key" ],
    [ scheme => "Authorization: Token token=\"$key\", x=1" ],
    [ user => 'Authorization: Basic ' . basic($key, 'x') ],
    [ any => "Authorization: Bearer $key" ],
    [ any => "Authorization: Bearer $old" ],
    [ any => "X-Api-Key: $old" ],
) {
    my ($name, $line) = @$case;

    is(sent($name, $line, 'X-Other: 1'), 'X-Other: 1', "$name: a key goes");
}

is(sent('socket', "Sec-WebSocket-Protocol: kg.$key, chat"),
   'Sec-WebSocket-Protocol: chat', 'one among subprotocols');
$t->done;
