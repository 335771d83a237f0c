#!/usr/bin/perl

# The developers page at 400 %, which leaves a window of 320 by 256: nothing is
# cut off, and nobody has to scroll to the side.

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
$t->key(id => 'ck_live_ZAPIER', account => 'biz_1',
    name => 'Zapier for the customers of Brightline Heating',
    scopes => [qw(customers:read customers:write jobs:read)],
    addresses => ['2001:db8:1234:5678:9abc:def0:1234:0/112']);
$t->key(id => 'ck_live_LONGNM', account => 'biz_1', name => 'x' x 255,
    scopes => []);
$t->start;

my $b = browser($t);

sign_in($t, $b, 'mia');
$b->go('http://127.0.0.1:' . $t->port('PAGE') . '/developers/');
$b->size(320, 256);
$b->sees('Manage');

# What sticks out to the side of the window, or of whatever cuts it off; what
# is taken out of sight on purpose, and the sample that scrolls by itself, are
# no matter.

sub cut {
    return $b->js(<<'JS');
const root = document.scrollingElement;
const top = [...document.querySelectorAll("dialog[open]")].at(-1);
const seen = (e) => e.checkVisibility({ opacityProperty: true })
    && !e.closest("pre, svg, datalist");
const out = [...(top || document.body).querySelectorAll("*")].filter(seen)
    .filter((e) => {
        const box = e.getBoundingClientRect();

        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)
            || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
                && getComputedStyle(e).overflowX !== "visible"
                && !/INPUT|TEXTAREA|SELECT/.test(e.tagName);
    }).map((e) => e.tagName + "." + e.className + " "
        + e.textContent.slice(0, 30));

root.scrollLeft = 1000;

return [root.scrollWidth > innerWidth || root.scrollLeft ? "page" : "",
    ...top && top.scrollWidth > top.clientWidth ? ["dialog"] : [], ...out]
    .filter(Boolean).join("\n");
JS
}


# Whether it can be scrolled to, and is then what is met there.

sub reached {
    my ($name) = @_;

    return $b->js(<<'JS', $name);
const top = [...document.querySelectorAll("dialog[open]")].at(-1);
const all = [...(top || document.body).querySelectorAll("button, summary")]
    .filter((e) => e.innerText === arguments[0]);
const e = all.at(-1);

if (!e) { return "is not there"; }

e.scrollIntoView({ block: "center" });

const box = e.getBoundingClientRect();
const met = document.elementFromPoint(box.left + box.width / 2,
    box.top + box.height / 2);

return e.contains(met) ? "" : "is below " + (met && met.outerHTML);
JS
}

my $key = 'Zapier for the customers of Brightline Heating';

for (
    [ '', sub { }, 'Create key', 'Manage' ],
    [ $key, sub { $b->press("Manage $key"); $b->sees('Suspend') },
      'Edit', 'Rotate secret', 'Suspend', 'Revoke', 'Check', 'Close' ],
    [ "Edit $key", sub { $b->press('Edit') }, 'Nothing', '90 days',
      'Addresses', 'Cancel', 'Save' ],
    [ "Rotate the secret of $key?", sub { $b->press('Cancel');
        $b->dialog_is($key); $b->press('Rotate secret') },
      'Cancel', 'Rotate secret' ],
    [ 'Copy your key now', sub { $b->press_last('Rotate secret') },
      'Copy', 'Done' ],
    [ "Revoke $key?", sub { $b->press('Copy'); $b->sees('Copied');
        $b->press('Done'); $b->dialog_is($key); $b->sees('Suspend');
        $b->press('Revoke') }, 'Cancel', "Revoke $key" ],
    [ 'Create key', sub { $b->press('Cancel'); $b->dialog_is($key);
        $b->press('Close'); $b->dialog_is(''); $b->press('Create key') },
      'Read everything', '30 days', 'Addresses', 'Cancel', 'Create key' ],
) {
    my ($title, $go, @buttons) = @$_;
    my $what = $title eq '' ? 'the list' : $title;

    $go->();
    is($b->dialog_is($title), $title, $what);
    is(cut(), '', 'nothing is cut off or sticks out');
    is(reached($_), '', "can be reached: $_") for @buttons;
    $b->shot('zoom-' . lc($what =~ s/ .*//r));
}

is(reports($t, $b), '', 'the policy was never broken');

$b->stop;
$t->done;
