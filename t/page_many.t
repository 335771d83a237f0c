#!/usr/bin/perl

# The developers page of an account with 500 keys: a page after the other, and
# those that have a name.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Test::More;

use Keygate;
use Keygate::Browser;
use Keygate::Page;

plan skip_all => 'there is no Chromium' if !Keygate::Browser->there;

my $t = Keygate->new(workers => 2, conf => page_api() . page_conf(
    api => page_portal('expires=365d'), more => page_session()));

$t->account(id => 'biz_1', name => 'Brightline', plan => 'growth');
$t->key(id => sprintf('ck_live_M%05d', $_), account => 'biz_1',
    name => "Machine $_", scopes => ['customers:read']) for 1 .. 500;
$t->start;

my $b = browser($t);

sign_in($t, $b, 'mia');
$b->go('http://127.0.0.1:' . $t->port('PAGE') . '/developers/');
ok($b->sees('Manage'), 'the list is there');

# How many keys are shown, when they are so many or patience is out.

sub rows {
    my ($n) = @_;

    my $count = 'document.querySelectorAll("[data-key]").length';

    $b->wait_for(sub { $b->js($count) == $n });

    return $b->js($count);
}

my $more = '[...document.querySelectorAll("button")].some((e) =>'
    . ' e.innerText === "Show more")';

is(rows(25), 25, 'a page of them');

for my $n (map { 25 * $_ } 2 .. 20) {
    $b->press('Show more');

    my $shown = rows($n);

    if ($shown != $n) {
        is($shown, $n, 'a page more');
        last;
    }
}

is(rows(500), 500, 'all of them, page by page');
ok(!$b->js($more), 'no more are offered');
is($b->js('new Set([...document.querySelectorAll("[data-key]")].map((e) =>'
    . ' e.dataset.key)).size'), 500, 'each of them once');
like($b->focused, qr/^Manage Machine /, 'the focus is in the last page');

$b->enter('Find by name', 'machine 49');
is(rows(11), 11, 'those of a name: 49, and 490 to 499');
$b->enter('Find by name', 'machine 500');
is(rows(1), 1, 'one of them');
$b->press('Manage Machine 500');
is($b->dialog_is('Machine 500'), 'Machine 500', 'which can be managed');
$b->press('Close');
$b->dialog_is('');
$b->enter('Find by name', 'nobody');
ok($b->sees('No key has such a name.'), 'none is told in words');
$b->enter('Find by name', 'machine');
is(rows(25), 25, 'a filter that many have begins with a page');
ok($b->js($more), 'and offers more');

is(reports($t, $b), '', 'the policy was never broken');

$b->stop;
$t->done;
