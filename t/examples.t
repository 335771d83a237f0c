#!/usr/bin/perl

# The examples of the documents, run as they are printed by the programs that
# they are for; but for host and token, and a line that tells what came back.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;

my $t = Keygate->new(zones => [qw(coolset crewkeel)]);

$t->{conf} = join '', map { $t->shipped("$_.conf") }
    qw(coolset crewkeel handlers);

$t->account(id => 'co_1', name => 'Green Foods B.V.', zone => 'coolset');
$t->account(id => 'con_1', name => 'Deck & Co', plan => 'pro',
            zone => 'crewkeel');

my %port = (coolset => 'P8081', crewkeel => 'P8082');


sub token {
    my ($zone, $prefix, @scopes) = @_;

    return $t->key(zone => $zone, opaque => $prefix, scopes => \@scopes,
        account => $zone eq 'coolset' ? 'co_1' : 'con_1',
        credential => $prefix . Keygate::Journal::new_secret(32));
}


my $coolset = token('coolset', 'sk_live_', 'read');
my $admin = token('coolset', 'sk_live_', 'admin');
my $crewkeel = token('crewkeel', 'ck_live_', 'jobs:read');

$t->start;

delete @ENV{grep { /_proxy$/i } keys %ENV};


# What a program prints, its text being a file's, with host and token set in.

sub run {
    my ($name, $text, $token, @command) = @_;

    $text =~ s{https://[\w.-]*(coolset|crewkeel)\.com}
              {'http://127.0.0.1:' . $t->port($port{$1})}ge;
    $text =~ s/YOUR_API_TOKEN|sk_live_\w+|ck_live_\.\.\./$token/g;

    my $path = $t->write_file($name, $text);

    chomp(my $out = `@command $path 2>$t->{dir}/$name.err`);
    diag($t->read_file("$name.err")) if $? != 0;
    $t->{seen} .= $out;

    return $out;
}


sub version {
    my ($command) = @_;

    return `$command 2>&1` =~ /^v?(\d+)/ ? $1 : 0;
}


my $json = JSON::PP->new->utf8;
my $scranton = 'https://developers-scranton.coolset.com';
my $orders = '{"count":1,"next":null,"results":[{"id":"ord_5501"}]}';
my $missing = '{"detail":"Authentication credentials were not provided."}';
my $denied = '{"detail":"You do not have permission to perform this action."}';

# -- curl

my $curl = <<'E';
curl -X GET https://developers.coolset.com/api/accounts/user-config/ \
-H "Authorization: Bearer sk_live_1234567890abcdef" \
-H "Content-Type: application/json"
E

is(run('curl.sh', $curl, $coolset, 'sh'),
   '{"language":"en","timezone":"Europe/Amsterdam"}',
   'Coolset: Example Request, in curl');
is_deeply($json->decode(run('curl.sh', $curl =~ s/^-H "Auth.*\n//mr, '',
                            'sh')),
          $json->decode($missing), '401 Unauthorized: what it shows');
is_deeply($json->decode(run('curl.sh', $curl =~ s/-X GET/-X POST/r, $coolset,
                            'sh')),
          $json->decode($denied), '403 Forbidden: what it shows');

$curl = <<'E';
curl https://crewkeel.com/api/v1/me \
  -H "Authorization: Bearer ck_live_..."
E

is_deeply($json->decode(run('me.sh', $curl, $crewkeel, 'sh')),
    { contractor => { id => 'con_1', name => 'Deck & Co' },
      caller => { kind => 'api_key', scopes => ['jobs:read'] } },
    'CrewKeel: Auth, in curl');

is_deeply($json->decode(run('jobs.sh', $curl =~ s{/me}{/jobs -d title=Deck}r,
                            $crewkeel, 'sh')),
    { error => { code => 'forbidden_scope', message =>
      'This token is missing the required scope: jobs:write.' } },
    'Errors always use this shape');

# -- JavaScript

SKIP: {
    skip 'no node with fetch', 3 if version('node --version') < 18;

    my $script = <<"E";
const response = await fetch('$scranton/api/orders/', {
headers: {
'Authorization': 'Bearer YOUR_API_TOKEN',
'Content-Type': 'application/json'
}
});

const data = await response.json();
E

    my $print = "console.log(response.status, JSON.stringify(data));\n";

    is(run('fetch.mjs', $script . $print, $coolset, 'node'), "200 $orders",
       'Coolset: In JavaScript');
    is(run('fetch.mjs', $script . $print, 'sk_live_' . 'a' x 32, 'node'),
       '401 {"detail":"Invalid token."}', 'with a token that is none');
    is(run('fetch.mjs', ($script =~ s/orders/accounts\/users/r) . $print,
           $coolset, 'node'),
       "403 $denied", 'with one that may not');
}

# -- Python

SKIP: {
    my $python = '/usr/bin/python3';

    skip 'no requests for Python', 3
        if !version("$python -c 'import requests; "
                    . "print(requests.__version__)'");

    my $script = <<'E';
import requests

headers = {
'Authorization': 'Bearer YOUR_API_TOKEN',
'Content-Type': 'application/json'
}

response = requests.get(
'https://developers-scranton.coolset.com/api/orders/',
headers=headers
)

data = response.json()
E

    my $print = "import json\nprint(response.status_code, "
                . "json.dumps(data, separators=(',', ':')))\n";

    is(run('get.py', $script . $print, $coolset, $python), "200 $orders",
       'Coolset: In Python');
    is(run('get.py', ($script =~ s/headers=headers//r) . $print, '', $python),
       "401 $missing", 'without the header');
    is(run('get.py', ($script =~ s/orders/accounts\/users/r) . $print, $admin,
           $python) =~ /^(\d+)/ && $1, 200, 'with one that may do more');
}

unlink map { "$t->{dir}/$_" } qw(curl.sh me.sh jobs.sh fetch.mjs get.py);
$t->done;
