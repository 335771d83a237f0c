#!/usr/bin/perl

# Mistakes around keygate_portal are found by nginx -t: above all an account
# that a client could choose for itself.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use Keygate;
use Keygate::Items;

my $t = Keygate->new;


# Parameters of one portal.

sub conf {
    my ($parameters, %o) = @_;

    my ($more, $where) = ($o{more} // '', $o{where} // 'location /api/');

    return items_api(%o) . <<"END";
    map \$cookie_who \$account { a acc_1; }
    map \$cookie_who \$user { a ann; }
    server {
        listen 127.0.0.1:%%PORT%%;
        $where { keygate_portal items $parameters; $more }
    }
END
}

for ('account=$account user=$user', 'user=${user} account=${account}',
    'account=all user=$user', 'account=$ssl_client_s_dn user=$remote_user',
    'account=$account user=$user can=read,create scopes=items:read',
    'account=$account user=$user can= scopes=',
    'account=$account user=$user can=$account scopes=${user}',
    'account=$account user=$user keys=1 expires=1y')
{
    my ($code, $text) = $t->check_conf(conf($_));

    is($code, 0, $_) or diag($text);
    unlike($text, qr/\[warn\]/, 'and nothing to say') if !/can= /;
}

my $forged = 'is a variable that clients set, expected one that the';

for my $variable (qw($http_x_account $HTTP_X_account $arg_account
    $cookie_account $args $query_string $request $request_uri $request_body
    $request_id $uri $document_uri $host $1 $9 ${http_x} ${arg_a}
    $content_type $proxy_add_x_forwarded_for $ssl_server_name))
{
    for my $name ('account',
        $variable =~ /^\$(?:http|cook|1)/ ? qw(user can scopes) : ())
    {
        my %p = (account => '$account', user => '$user', $name => $variable);
        my ($code, $text) = $t->check_conf(conf(join ' ',
            map { "$_=$p{$_}" } sort keys %p));
        my $quoted = quotemeta "$name=$variable";

        ok($code, "$name=$variable");
        like($text, qr/"$quoted" $forged.* in \S+check\.conf:\d+/, 'why');
    }
}

for (['', qr/invalid number of arguments/],
    ['account=$account', qr/no "user=" in "keygate_portal", expected "acc/],
    ['user=$user', qr/no "account=" in "keygate_portal", expected "account=/],
    ['account=$account user=mia', qr/"user=mia", expected one variable/],
    ['account=acc_1 user=$user', qr/"account=acc_1", expected one variable/],
    ['account=x$account user=$user', qr/"account=x\$account", expected one/],
    ['account=$account$user user=$user', qr/expected one variable after the/],
    ['account= user=$user', qr/"account=", expected one variable/],
    ['account=$ user=$user', qr/"account=\$", expected one variable/],
    ['account=$account user=all', qr/"user=all", expected one variable/],
    ['account=$account account=all user=$user',
        qr/"account=all" comes after another "account="/],
    ['account=$account user=$user can=read can=read',
        qr/"can=read" comes after another/],
    ['account=$account user=$user can=read,$user',
        qr/"can=read,\$user", expected one variable/],
    (map { ["account=\$account user=\$user keys=$_",
        qr/"keys=$_", expected a number/] }
        '', '0', '-1', 'many'),
    ['account=$account user=$user keys=2 keys=3', qr/"keys=3", .* once/],
    (map { ["account=\$account user=\$user expires=$_",
        qr/"expires=$_", expected the longest life/] } '', '0', 'never'),
    ['account=$account user=$user token=x', qr/"token=x", expected one of/],
    ['account=$account user=$user all', qr/"all", expected one of/])
{
    my ($parameters, $want) = @$_;
    my ($code, $text) = $t->check_conf(conf($parameters));

    ok($code, $parameters);
    like($text, $want, 'why');
    like($text, qr/check\.conf:\d+/, 'and where');
}

my $good = 'account=$account user=$user';

for (['in a location that is gated', conf($good, more => 'keygate items;'),
        qr/"keygate_portal" where "keygate items" holds, expected/],
    ['beside another handler', conf($good, more => 'return 200; '
        . 'keygate_metrics;'), qr/keygate_metrics/],
    ['twice', conf($good, more => "keygate_portal items $good;"),
        qr/is duplicate/],
    ['in a location of one path', conf($good, where => 'location = /api'),
        qr/"keygate_portal" in location .* expected a prefix/],
    ['of an API that there is none of', conf($good, name => 'others'),
        qr/unknown API "items"/],
    ['of a variable that there is none of',
        conf('account=$nothing user=$user'), qr/unknown "nothing" variable/],
    ['without a journal', conf($good, zone => 'keygate_zone keys:1m;'),
        qr/no journal to write changes to, expected .*"keygate_portal"/])
{
    my ($name, $conf, $want) = @$_;
    my ($code, $text) = $t->check_conf($conf);

    ok($code, $name);
    like($text, $want, 'why');
}

for (['can=read,delete', qr/\[warn\].*"delete" in "can=".*allows nothing/],
    ['scopes=items:reed', qr/\[warn\].*"items:reed" in "scopes=".*a scope of/])
{
    my ($parameter, $want) = @$_;
    my ($code, $text) = $t->check_conf(conf("$good $parameter"));

    is($code, 0, "$parameter is no mistake");
    like($text, $want, 'but is told');
}

$t->done;
