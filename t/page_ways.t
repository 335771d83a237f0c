#!/usr/bin/perl

# The developers page in other ways than a mouse on a wide screen: by keyboard
# alone, on a telephone, in the dark, with many keys and hostile names, and
# while somebody else changes the same key.

use strict;
use warnings;
use utf8;

use FindBin qw($Bin);
use lib "$Bin/lib";

use Test::More;

use Keygate;
use Keygate::Browser;
use Keygate::Page;

plan skip_all => 'two minutes, for KEYGATE_LONG=1' if !$ENV{KEYGATE_LONG};
plan skip_all => 'there is no Chromium' if !Keygate::Browser->there;

my $t = Keygate->new(workers => 2, conf => page_api() . page_conf(
    api => page_portal('expires=365d'), more => page_session()));
my $long = 'x' x 255;
my @hostile = ('"><img src=x onerror=alert(1)>', "\x{202E}detnirp", $long);

$t->account(id => 'biz_1', name => 'Brightline', plan => 'growth');
$t->key(id => sprintf('ck_live_MANY%02d', $_), account => 'biz_1',
    name => "Key $_", scopes => []) for 1 .. 57;
$t->key(id => "ck_live_HOST0$_", account => 'biz_1', name => $hostile[$_],
    scopes => ['customers:read']) for 0 .. 2;
$t->start;

my $b = browser($t);
my $page = 'http://127.0.0.1:' . $t->port('PAGE') . '/developers/';

sign_in($t, $b, 'mia');
$b->go($page);

# -- Names that are not kind

ok($b->sees($hostile[0]), 'markup in a name is text');
ok($b->sees($long), 'a name of 255 bytes is all there');
ok($b->sees("\x{FFFD}detnirp"), 'what turns text round is taken out');

# -- Many of them

sub rows {
    my ($n) = @_;

    my $count = 'document.querySelectorAll("[data-key]").length';

    $b->wait_for(sub { $b->js($count) == $n });

    return $b->js($count);
}

is(rows(25), 25, 'a page of them');
$b->press('Show more');
is(rows(50), 50, 'another one');
like($b->focused, qr/^Manage /, 'whose first key has the focus');
$b->press('Show more');
is(rows(60), 60, 'all of them');
ok(!$b->js('[...document.querySelectorAll("button")].some((e) =>'
    . ' e.innerText === "Show more")'), 'and no more are offered');

# -- By keyboard alone

$b->go($page);
$b->sees('Manage');
ok($b->tab_to('Create key'), 'Tab comes to the button');
$b->type(Keygate::Browser::ENTER);
is($b->dialog_is('Create key'), 'Create key', 'Enter opens the form');
$b->type('Robot');
$b->type(Keygate::Browser::TAB) for 1 .. 3;
is($b->focused, 'None', 'Tab goes on to the first scope');
$b->type(Keygate::Browser::RIGHT);
ok($b->sees('Robot will be able to read customers until'), 'arrows choose');
$b->type(Keygate::Browser::ENTER);
is($b->dialog_is('Copy your key now'), 'Copy your key now',
    'Enter makes the key');

my $secret = $b->js('document.querySelector("dialog input[readonly]").value');

$b->type(Keygate::Browser::SPACE);
ok($b->sees('Copied'), 'Space copies it');
$b->type(Keygate::Browser::ESC);
is($b->dialog_is(''), '', 'Esc ends it');
is($b->focused, 'Create key', 'and the focus is where it was');
is($t->status('/api/v1/customers', key => $secret), 200, 'the key is good');
$b->go($page);
$b->sees('Manage');
ok($b->tab_to('Find by name'), 'Tab comes to the field that finds');
$b->type('Robot');
is(rows(1), 1, 'one of them');
ok($b->tab_to('Manage Robot'), 'Tab comes to the new key');
$b->type(Keygate::Browser::ENTER);
$b->dialog_is('Robot');
$b->sees('Suspend');
ok($b->tab_to('Suspend'), 'to what can be done');
$b->type(Keygate::Browser::ENTER);
$b->dialog_is('Suspend Robot?');
ok($b->tab_to('Suspend'), 'to the button that does it');
$b->type(Keygate::Browser::ENTER);
$b->dialog_is('Robot');
ok($b->sees('Suspended'), 'it is suspended');
is($t->status('/api/v1/customers', key => $secret), 401, 'and refused');
$b->sees('Resume');
ok($b->tab_to('Resume'), 'to resume it');
$b->type(Keygate::Browser::ENTER);
ok($b->sees('Robot works again.'), 'as is said');
is($t->status('/api/v1/customers', key => $secret), 200, 'it works');

# -- Somebody else changes it meanwhile

$b->press('Edit');
is($b->dialog_is('Edit Robot'), 'Edit Robot', 'a form of what it is');
is($b->js(<<'JS'), 200, 'another window changes the key');
return fetch("api/keys?name=Robot").then((r) => r.json()).then((all) =>
    fetch("api/keys/" + all.data[0].id, { method: "PATCH",
        headers: { "Content-Type": "application/json" },
        body: '{"name":"Theirs"}' })).then((r) => r.status);
JS
$b->enter('Name', 'Ours');
$b->press_last('Save');
ok($b->sees('Choose what is to stay.'), 'that is told');
like($b->js('[...document.querySelectorAll(".kg-problem tbody tr")]'
    . '.map((e) => e.innerText).join("|")'), qr/name\s+Theirs\s+Ours/,
    'both versions, side by side');
$b->shot('conflict');
$b->press('Save yours');
is($b->dialog_is('Ours'), 'Ours', 'the user decides');

# -- At every size, and in each light

# What is wider than the window, or sticks out of a dialog.

sub spills {
    return $b->js(<<'JS');
const root = document.documentElement;
const out = [...document.querySelectorAll("dialog[open]")].filter((e) =>
    e.scrollWidth > e.clientWidth
    || e.getBoundingClientRect().right > innerWidth + 1);
return [...root.scrollWidth > innerWidth ? ["page"] : [],
    ...out.map((e) => e.querySelector("h2").innerText)].join(" ");
JS
}

my @states = ([list => '', sub { $b->go($page); $b->sees('Manage') }],
    [key => 'Ours', sub { $b->enter('Find by name', 'Ours');
        rows(1); $b->press('Manage Ours') }],
    [rotate => 'Rotate the secret of Ours?',
        sub { $b->press('Rotate secret') }],
    [secret => 'Copy your key now', sub { $b->press_last('Rotate secret') }],
    [revoke => 'Revoke Ours?', sub { $b->press('Copy'); $b->sees('Copied');
        $b->press('Done'); $b->dialog_is('Ours'); $b->press('Revoke') }],
    [create => 'Create key', sub { $b->press('Cancel');
        $b->dialog_is('Ours'); $b->press('Close'); $b->dialog_is('');
        $b->press('Create key') }]);

for (['320', 320, 640], ['768', 768, 1024], ['1280', 1280, 900],
    ['320-dark', 320, 640, 'prefers-color-scheme' => 'dark'],
    ['1280-dark', 1280, 900, 'prefers-color-scheme' => 'dark'],
    ['768-forced', 768, 1024, 'forced-colors' => 'active'])
{
    my ($name, $width, $height, @media) = @$_;

    $b->size($width, $height);
    $b->media(@media);

    for my $state (@states) {
        my ($what, $title, $go) = @$state;

        $go->();
        is($b->dialog_is($title), $title, "$name: $what");
        is(spills(), '', 'nothing sticks out');
        $b->shot("$what-$name");
        is($_, '', 'axe finds nothing') for grep { defined } axe($b);
    }
}

is(reports($t, $b), '', 'the policy was never broken');

$b->stop;
$t->exposed($secret);
$t->done;
