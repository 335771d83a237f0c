#!/usr/bin/perl

# The developers page in a real Chromium, on nginx as it is: a key from its
# making to its end, as a user sees it.

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
    api => page_portal('keys=9 expires=365d'), more => page_session()));

$t->account(id => 'biz_1', name => 'Brightline <b>Heating</b> & Cooling',
    plan => 'growth');
$t->account(id => 'biz_2', name => 'Other', plan => 'growth');

my $zapier = $t->key(id => 'ck_live_ZAPIER', account => 'biz_1',
    name => 'Zapier', scopes => ['customers:read', 'jobs:read']);
$t->key(id => 'ck_live_THEIRS', account => 'biz_2', name => 'Theirs');
$t->start;

my $b = browser($t);
my $page = 'http://127.0.0.1:' . $t->port('PAGE') . '/developers/';

sub status {
    return $t->status('/api/v1/customers', key => $_[0]);
}

# -- What there is to serve

is(join(' ', map { s{.*/}{}r } sort glob "$Bin/../src/portal/*"),
    'index.html keygate.css keygate.js',
    'a page, a style sheet and one module');

# -- Signed in or not

$b->go($page);
ok($b->sees('Your session has ended'), 'who is not signed in is told so');
$b->shot('signed-out');
sign_in($t, $b, 'mia');
$b->go($page);
ok($b->sees('Zapier'), 'the keys of the account');
ok($b->sees('Brightline <b>Heating</b> & Cooling'), 'its name, as text');
ok($b->sees('mia@brightline.example'), 'the user');
unlike($b->text('body'), qr/Theirs/, 'nothing of other accounts');
$b->shot('list');

# -- Create

$b->press('Create key');
is($b->dialog_is('Create key'), 'Create key', 'a dialog');
is($b->focused, 'Name', 'begins at the name');
$b->press_last('Create key');
ok($b->sees('This is empty.'), 'a name is needed');
$b->shot('create-wrong');
$b->enter('Name', 'Make <img src=x onerror=alert(1)>');
$b->choose('Customers', 'Read');
ok($b->sees('will be able to read customers until'), 'a sentence sums up');
$b->shot('create');
$b->press_last('Create key');
is($b->dialog_is('Copy your key now'), 'Copy your key now', 'the secret');
is($b->focused, 'Copy', 'Copy has the focus');
$b->shot('secret');

my $secret = $b->js('document.querySelector("dialog input[readonly]").value');

like($secret, qr/^ck_live_\w{6}_\w{24}$/, 'a whole key');
is(status($secret), 200, 'opens the API at once');
$b->press('Done');
ok($b->sees('You have not copied the key'), 'Done asks again');
$b->press('Copy');
ok($b->sees('Copied'), 'it is copied');
is($b->js('return navigator.clipboard.readText();'), $secret,
    'the whole of it');
$b->press('Close without copying');
is($b->dialog_is(''), '', 'the dialog is gone');
ok($b->sees('Make <img src=x onerror=alert(1)>'),
    'a hostile name is text in the list');

# Where a text is still found in the page.

sub nowhere {
    my ($text, $what) = @_;

    is($b->js(<<'E', $text), '', "the secret is nowhere $what");
const text = arguments[0];
const places = { html: document.documentElement.outerHTML,
    url: location.href, title: document.title, cookie: document.cookie,
    stored: JSON.stringify([{ ...localStorage }, { ...sessionStorage },
        history.state]),
    value: [...document.querySelectorAll("input, textarea")].map((e) =>
        e.value).join(" ") };
return Object.keys(places).filter((where) =>
    places[where].includes(text)).join(" ");
E
}

nowhere($secret, 'afterwards');
$b->go('about:blank');
$b->in(POST => '/back');
ok($b->sees('Zapier'), 'and back');
nowhere($secret, 'after the way back');

# -- Rotate

$b->press('Manage Zapier');
is($b->dialog_is('Zapier'), 'Zapier', 'all about a key');
$b->shot('key');
$b->press('Rotate secret');
$b->dialog_is('Rotate the secret of Zapier?');
$b->shot('rotate');
$b->press_last('Rotate secret');
is($b->dialog_is('Copy your key now'), 'Copy your key now', 'a new secret');

my $new = $b->js('document.querySelector("dialog input[readonly]").value');

like($new, qr/^ck_live_ZAPIER_/, 'of the same id');
is(status($_), 200, 'both work') for $zapier, $new;
$b->press('Copy');
$b->sees('Copied');
$b->press('Done');
ok($b->sees('Old secret until'), 'the list tells until when');

# -- Why was I refused?

$b->dialog_is('Zapier');
$b->enter('Path', '/api/v1/customers');
$b->press('Check');
ok($b->sees('200 It is let in.'), 'what would be let in');
$b->enter('Path', '/api/v1/invoices');
$b->press('Check');
ok($b->sees('403 The key lacks invoices:read.'), 'what would not, and why');
$b->shot('why');

# -- What it was used for

status($_) for ($zapier) x 3, ($new) x 2;
$t->get('/api/v1/invoices', key => $new);
$b->press('Close');
$b->dialog_is('');
$b->go($page);
ok($b->sees(qr/\d+ requests\s*1 refused/), 'a picture for each key');
$b->press('Manage Zapier');
$b->dialog_is('Zapier');
ok($b->sees('By day'), 'and a larger one');

my $bars = $b->js(<<'E');
return [...document.querySelectorAll("dialog .kg-bars rect")].map((bar) =>
    bar.getAttribute("class")).join(" ");
E

like($bars, qr/^(?:kg-allowed ?){1,2}kg-refused$/, 'with a bar for today');
$b->press('By day');

my ($cells) = $b->js(<<'E');
return [...document.querySelectorAll("dialog details table tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent).join("|")).join("\n");
E

like($cells, qr/^Day\|Allowed\|Refused\n.* 20\d\d\|\d+\|1 insufficient_scope/,
    'and a table that says the same');
$b->shot('usage');

# -- Revoke

$b->press('Revoke');
is($b->dialog_is('Revoke Zapier?'), 'Revoke Zapier?', 'a question');
is($b->focused, 'Cancel', 'whose focus is on Cancel');
ok($b->sees('It was last used'), 'that says what is at stake');
ok($b->sees(qr/Requests in the last 7 days: \d+/), 'and how much of it');
$b->shot('revoke');
$b->type(Keygate::Browser::ENTER);
is($b->dialog_is('Zapier'), 'Zapier', 'Enter has done no harm');
$b->press('Revoke');
$b->press('Revoke Zapier');
is($b->dialog_is('Zapier'), 'Zapier', 'it is revoked');
is(status($new), 401, 'and refused at once');
$b->press('Close');
$b->dialog_is('');
$b->press('Revoked and expired keys');
ok($b->sees(qr/Revoked (?:now|\d+ sec)/), 'folded away');

# -- The session ends meanwhile

sign_in($t, $b, 'nobody');
$b->press('Create key');
$b->enter('Name', 'Late');
$b->press_last('Create key');
ok($b->sees('Your session has ended. Nothing was changed.'), 'a 401 in words');

# -- What else is to be seen of it

is(reports($t, $b), '', 'the policy was never broken');

SKIP: {
    sign_in($t, $b, 'mia');
    $b->go($page);
    $b->sees('Manage');

    my $found = axe($b) // skip 'there is no axe-core', 1;

    is($found, '', 'axe finds nothing');
}

$b->stop;
$t->exposed($_) for $secret, $new, $zapier;
$t->done;
