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
    my $above = delete $o{above} // '';

    return items_api(%o) . <<"END";
    map \$cookie_who \$account { a acc_1; }
    map \$cookie_who \$user { a ann; }
    server {
        listen 127.0.0.1:%%PORT%%;
        $above
        $where { keygate_portal items $parameters; $more }
    }
END
}

for ('account=$account user=$user', 'user=${user} account=${account}',
    'account=all user=$user', 'account=$ssl_client_s_dn user=$user',
    'account=$account user=$user can=read,create scopes=items:read',
    'account=$account user=$user can= scopes=',
    'account=$account user=$user can=$account scopes=${user}',
    'account=$account user=$user keys=1 expires=1y')
{
    my ($code, $text) = $t->check_conf(conf($_));

    is($code, 0, $_) or diag($text);
    unlike($text, qr/\[warn\]/, 'and nothing to say') if !/can= /;
}

# nginx has $remote_user from who asks, whether or not a password was looked at

my $basic = 'auth_basic portal; auth_basic_user_file users;';

my $told = qr{is\ a\ variable\ that\ clients\ set,\ expected\ "auth_basic"
    \ without\ "satisfy\ any".*\ in\ \S+check\.conf:\d+}x;

for my $p ('account=$account user=$remote_user',
    'account=$remote_user user=$user',
    'account=$account user=$user can=$remote_user',
    'account=$account user=$user scopes=${Remote_User}')
{
    for my $more ('', 'auth_basic off;', "$basic satisfy any; allow all;") {
        my ($code, $text) = $t->check_conf(conf($p, more => $more));

        ok($code, "$p $more");
        like($text, qr/"\$remote_user" in "keygate_portal" $told/i, 'why');
    }

    for my $o ({ more => $basic }, { above => $basic }) {
        my ($code, $text) = $t->check_conf(conf($p, %$o));

        is($code, 0, "$p behind auth_basic") or diag($text);
    }
}

# what is in a certificate that nobody has looked at

$t->write_certificate;

for my $verify ('on', 'optional', 'optional_no_ca') {
    my ($code, $text) = $t->check_conf(conf(
        'account=$account user=$ssl_client_s_dn', above => <<"END"));
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate cert.pem; ssl_certificate_key key.pem;
        ssl_client_certificate cert.pem; ssl_verify_client $verify;
END

    is($code, $verify eq 'optional_no_ca' ? 1 : 0, "ssl_verify_client $verify")
        or diag($text);
    like($text, qr/"\$ssl_client_s_dn" .*variable that clients set, expected/,
        'why') if $code;
}

my $forged = 'is a variable that clients set, expected one that the';

for my $variable (qw($http_x_account $HTTP_X_account $arg_account
    $cookie_account $args $query_string $request $request_uri $request_body
    $request_id $uri $document_uri $host $1 $9 ${http_x} ${arg_a}
    $content_type $proxy_add_x_forwarded_for $ssl_server_name
    $fastcgi_path_info $fastcgi_script_name $uid_got $secure_link_expires
    $server_protocol $slice_range $ssl_alpn_protocol $ssl_ciphers $ssl_curves
    $proxy_protocol_addr $proxy_protocol_port $proxy_protocol_tlv_authority
    $ssl_preread_server_name))
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

# Named captures, wherever they are, and whatever else sets them.

sub captured {
    my ($before, $parameters, $after) = @_;

    return items_api() . <<"END";
    map \$cookie_who \$account { a acc_1; }
    map \$cookie_who \$user { a ann; }
    server {
        listen 127.0.0.1:%%PORT%%;
        $before
        location /api/ { keygate_portal items $parameters; }
        ${\ ($after // '')}
    }
END
}

for (['server_name ~^(?<tenant>.+)\.example$;'],
    ['if ($args ~ "a=(?<tenant>\w+)") { return 404; }'],
    ['', 'location ~ ^/(?P<tenant>\w+)/x { return 404; }'],
    ['server_name ~^(?<tenant>.+)\.example$; set $tenant acc_1;'],
    ['set $tenant acc_1;', 'location ~ ^/(?<TENANT>\w+)/x { return 404; }'])
{
    my ($before, $after) = @$_;

    for my $name (qw(account user can scopes)) {
        my %p = (account => '$account', user => '$user', $name => '$tenant');
        my ($code, $text) = $t->check_conf(captured($before,
            join(' ', map { "$_=$p{$_}" } sort keys %p), $after));

        ok($code, "$name= of a capture: $before" . ($after // ''));
        like($text, qr/\[emerg\] .*"\$tenant" in "keygate_portal" is a named /,
            'what');
        like($text, qr/expected a variable that .* in \S+check\.conf:\d+/,
            'why');
    }
}

{
    my ($code, $text) = $t->check_conf(captured(
        'server_name ~^(?<other>.+)\.example$; set $tenant acc_1;',
        'account=$tenant user=$user'));

    is($code, 0, 'captures of other names are nobody\'s business')
        or diag($text);
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
