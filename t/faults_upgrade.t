#!/usr/bin/perl

# Another binary under load (USR2, WINCH, QUIT), and back to the old one: no
# failed request, and a key that is made or revoked in either is so in both.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);

use Keygate;
use Keygate::Admin;
use Keygate::Faults;
use Keygate::Load;
use Keygate::Mix;

my $t = Keygate->new(workers => 2, origin => 1, daemon => 1,
    main => "env ASAN_OPTIONS;\nenv LSAN_OPTIONS;\nenv UBSAN_OPTIONS;\n",
    conf => admin_conf(rate => 'rate 1000000r/h;',
        zone => "keygate_zone keys:4m journal=keys.jsonl;\n"));

admin_token($t);

# two masters have a table each: what one of them has acknowledged is in force
# in the other within a second (and what a busy machine adds to that), and each
# of the three counts for itself

my $mix = Keygate::Mix->new($t, changes => 1, grace => 2);

$Keygate::Mix::limit *= 3;

$t->start;

my $old = $t->{master};
my $new;


# -- The load goes on while the steps are made, each of them when what the one
# before it is to lead to has come about, and some time after that.

sub pid {
    my ($name) = @_;

    return 0 + ($t->read_file($name) || 0);
}

my (@made, $victim);

# A change, made while only one of the two is there to see it.

sub change {
    my ($name) = @_;

    my $r = admin($t, 'POST', '/keys', { account => 'acc_1', name => $name,
        scopes => ['items:read'] });

    push @made, $r->json;
    $t->secret('a credential', $made[-1]{secret});
    $victim ||= $made[-1];
}

sub both {
    my ($name) = @_;

    my %s;
    $s{$t->status('/v1/items', key => $_->{secret})}++
        for map { ($_) x 20 } grep { !$_->{revoked} } @made;

    is(join(' ', sort keys %s), '200', "$name: every key is known");
}

my @steps = (
    sub { change('before'); both('before') },
    sub { kill 'USR2', $old },
    sub {
        $new = pid('nginx.pid');
        return $new && $new != $old && -e "$t->{dir}/nginx.pid.oldbin"
               && $t->workers($new) == 2;
    },
    sub { change('beside each other') },
    sub { both('beside each other') },
    sub { kill 'WINCH', $old },
    sub { $t->workers($old) == 0 },
    sub { change('only the new one'); both('only the new one') },
    sub {
        my $r = admin($t, 'POST', "/keys/$victim->{id}/revoke");

        $victim->{revoked} = $r->{status} == 200;
    },

    # back: the old one's new workers have not seen any of it
    sub {
        my (%s, $from);

        kill 'HUP', $old;

        while (!$from || time < $from + 0.3) {
            $s{$t->status('/v1/items', key => $victim->{secret})}++;
            $from ||= time if $t->workers($old) == 2;
        }

        is(join(' ', sort keys %s), '401',
            'the old one comes back: what was revoked is dead at once');
        both('and what was made is alive at once');
    },
    sub { kill 'QUIT', $new },
    sub { !kill 0, $new },
    sub { change('only the old one'); both('only the old one') },

    # and for good
    sub { pid('nginx.pid') == $old },
    sub { kill 'USR2', $old },
    sub {
        $new = pid('nginx.pid');
        return $new && $new != $old && $t->workers($new) == 2;
    },
    sub { kill 'WINCH', $old },
    sub { $t->workers($old) == 0 },
    sub { kill 'QUIT', $old },
    sub { !kill 0, $old },
    sub { $t->{master} = $new; change('at last'); both('at last') },
);

my ($next, $step, $deadline) = (time + 0.5, 0, time + 30);
my $load;

$load = Keygate::Load->new(n => 16, rate => 200, next => $mix->next,
    tick => sub {
        return if time < $next;

        if ($step == @steps || time > $deadline) {
            $load->{over} = 1;

        } elsif ($steps[$step]->()) {
            $step++;
            $deadline = time + 30;
            $next = time + 0.5;

        } else {
            $next = time + 0.02;
        }
    });

$load->run(150);

is($step, scalar @steps, 'all steps are made');
$t->{master} = $new if $new && kill 0, $new;

figure('there, back, and there again', $load->summary,
    "$mix->{made} keys made", "$mix->{revoked} revoked");

is($load->faults, '', 'no request has failed, none was decided wrongly');
is($load->{failed} + $load->{wrong} + $load->{cut}, 0, $load->summary);
cmp_ok($mix->{made}, '>', 20, "$mix->{made} keys were made meanwhile");

is(join(' ', grep { $t->status('/v1/items', key => $_->{secret}) != 200 }
    @{$mix->{live}}), '', 'they are all there');
is(join(' ', grep { $t->status('/v1/items', key => $_->{secret}) != 401 }
    @{$mix->{dead}}), '', 'and the revoked ones are dead');

$t->{seen} = '';
$t->done;
