#!/usr/bin/perl

# The developers page by keyboard alone: the secret of a key is rotated, and
# the key is revoked.

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

my $old = $t->key(id => 'ck_live_ZAPIER', account => 'biz_1',
    name => 'Zapier', scopes => ['customers:read']);

$t->start;

my $b = browser($t);

sign_in($t, $b, 'mia');
$b->go('http://127.0.0.1:' . $t->port('PAGE') . '/developers/');
$b->sees('Manage');

sub status {
    return $t->status('/api/v1/customers', key => $_[0]);
}


# Tab to what has this name, and Enter.

sub enter {
    my ($name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok($b->tab_to($name), "Tab comes to: $name");
    $b->type(Keygate::Browser::ENTER);
}

# -- Rotate

enter('Manage Zapier');
is($b->dialog_is('Zapier'), 'Zapier', 'Enter opens the key');
$b->sees('Rotate secret');
enter('Rotate secret');
is($b->dialog_is('Rotate the secret of Zapier?'),
    'Rotate the secret of Zapier?', 'a question');
is($b->focused, '24 hours', 'begins at what is chosen');
$b->type(Keygate::Browser::LEFT);
is($b->focused, '1 hour', 'arrows choose how long the old one works');
$b->type(Keygate::Browser::LEFT);
ok($b->sees('What still uses it is refused at once.'), 'what that means');
enter('Rotate secret');
is($b->dialog_is('Copy your key now'), 'Copy your key now', 'a new secret');
is($b->focused, 'Copy', 'Copy has the focus');

my $new = $b->js('document.querySelector("dialog input[readonly]").value');

is(status($old), 401, 'the old secret is refused');
is(status($new), 200, 'the new one works');
$b->type(Keygate::Browser::ENTER);
ok($b->sees('Copied'), 'Enter copies it');
enter('Done');
is($b->dialog_is('Zapier'), 'Zapier', 'back to the key');
is($b->focused, 'Copy id', 'whose first button has the focus');

# -- Revoke

enter('Revoke');
is($b->dialog_is('Revoke Zapier?'), 'Revoke Zapier?', 'a question');
is($b->focused, 'Cancel', 'whose focus is on Cancel');
$b->type(Keygate::Browser::ESC);
is($b->dialog_is('Zapier'), 'Zapier', 'Esc leaves it');
is(status($new), 200, 'and the key as it is');
enter('Revoke');
$b->dialog_is('Revoke Zapier?');
enter('Revoke Zapier');
is($b->dialog_is('Zapier'), 'Zapier', 'it is revoked');
ok($b->sees(qr/Revoked (?:now|\d+ sec)/), 'as is told');
is(status($new), 401, 'and refused at once');
$b->type(Keygate::Browser::ESC);
is($b->dialog_is(''), '', 'Esc closes the key');
is($b->focused, 'API keys', 'the key is gone: the heading has the focus');

is(reports($t, $b), '', 'the policy was never broken');

$b->stop;
$t->exposed($_) for $old, $new;
$t->done;
