package Keygate::Mix;

# The traffic of the tests of faults: keys of every kind, what each request
# must be answered, and, with "changes", administrators who make and revoke
# keys meanwhile.  An acknowledged change is in force from the next request on
# (or, with "grace", that many seconds later).
#
#     my $mix = Keygate::Mix->new($t);
#     $t->start;
#     my $load = Keygate::Load->new(next => $mix->next);

use strict;
use warnings;

use Time::HiRes qw(time);

use Keygate::Admin qw(admin_post);

our $limit = 40;


sub new {
    my ($class, $t, %o) = @_;

    my $self = bless { t => $t, grace => 0, live => [], dead => [],
        counted => 0, admitted => 0, made => 0, revoked => 0, %o }, $class;

    my %read = (scopes => ['items:read']);
    my $past = '2026-01-01T00:00:00Z';

    $t->account(id => 'acc_1', name => 'One');
    $t->account(id => 'acc_off', name => 'Off', status => 'canceled');

    $self->{keys} = {
        live => $t->key(%read),
        counted => $t->key(%read, rates => ['1000000r/h']),
        limited => $t->key(%read, rates => ["${limit}r/h"]),
        scopeless => $t->key(scopes => []),
        revoked => $t->key(%read, revoked_at => $past),
        expired => $t->key(%read, expires_at => $past),
        lapsed => $t->key(%read, account => 'acc_off'),
        wrong => ($t->make_key(%read))[1],
    };

    return $self;
}


sub next {
    my ($self) = @_;

    my $turn = 0;
    my @plain = (
        [ live => 200 ], [ counted => 200 ], [ wrong => 401 ],
        [ limited => 429 ], [ scopeless => 403 ], [ live => 200 ],
        [ revoked => 401 ], [ none => 401 ], [ counted => 200 ],
        [ expired => 401 ], [ lapsed => 403 ],
    );

    return sub {
        $turn++;

        return $self->change if $self->{changes} && $turn % 8 == 0;
        return $self->changed if $self->{changes} && $turn % 2 == 0;

        return $self->plain(@{$plain[$turn % @plain]});
    };
}


# Two of three requests leave their connection open for another one.  What may
# have been charged without an answer is not sent again, and so has one for
# itself.

sub get {
    my ($self, $key, $tag, $want) = @_;

    my $again = $tag !~ /^(?:counted|limited)$/;

    return {
        port => $self->{t}->port, again => $again, want => $want,
        bytes => $self->{t}->request_bytes('/v1/items', key => $key,
            keep => $again && rand() > 0.33, headers => ["X-Load: $tag"]),
    };
}


sub plain {
    my ($self, $name, $status) = @_;

    return $self->get($self->{keys}{$name}, $name, sub {
        my ($got) = @_;

        $self->{counted}++ if $name eq 'counted' && $got == 200;

        if ($name eq 'limited' && $got == 200) {
            return ++$self->{admitted} <= $limit ? ''
                   : "number $self->{admitted} of $limit is admitted";
        }

        return $got == $status ? '' : "$got instead of $status ($name)";
    });
}


# A key that was made or revoked meanwhile.

sub changed {
    my ($self) = @_;

    my @some = grep { @{$self->{$_}} } qw(live dead);
    return $self->plain(live => 200) if !@some;

    my $of = $self->{$some[rand @some]};
    my $key = $of->[rand @$of];
    my $state = $key->{state};

    return $self->get($key->{secret}, $state, sub {
        my ($got, $head, $body, $sent) = @_;

        return '' if $key->{state} ne $state
            || $sent < $key->{since} + $self->{grace};

        my $want = $state eq 'live' ? 200 : 401;

        return $got == $want ? '' : "$got instead of $want ($state key)";
    });
}


# One key more or, of more than so many, one less.

sub change {
    my ($self) = @_;

    my $live = $self->{live};

    return $self->revoke(splice @$live, rand @$live, 1) if @$live > 20;

    return $self->admin('/keys', '{"account":"acc_1","name":"m",'
        . '"scopes":["items:read"]}', sub {
            my ($status, $head, $body) = @_;

            return "$status instead of 201" if $status != 201;

            my ($id) = $body =~ /"id":"(\w+)"/;
            my ($secret) = $body =~ /"secret":"(\w+)"/;

            $self->{t}->secret("the credential of $id", $secret);
            push @$live, { id => $id, secret => $secret, state => 'live',
                           since => time };
            $self->{made}++;

            return '';
        });
}


sub revoke {
    my ($self, $key) = @_;

    $key->{state} = 'dying';

    return $self->admin("/keys/$key->{id}/revoke", '', sub {
        my ($status) = @_;

        return "$status instead of 200" if $status != 200;

        @{$key}{qw(state since)} = ('dead', time);
        push @{$self->{dead}}, $key;
        shift @{$self->{dead}} if @{$self->{dead}} > 50;
        $self->{revoked}++;

        return '';
    });
}


sub admin {
    my ($self, $path, $body, $want) = @_;

    return { want => $want, admin_post($self->{t}, $path, $body) };
}


# What has reached the upstream that should not have.

sub leaked {
    my ($self) = @_;

    my $up = $self->{t}{upstream};
    my @bad = grep { $up->count($_) }
              qw(wrong none scopeless revoked expired lapsed);

    push @bad, 'limited' if $up->count('limited') > $limit;

    return "@bad";
}


# How many units of the counted key are charged.

sub charged {
    my ($self) = @_;

    my $r = $self->{t}->get('/v1/items', key => $self->{keys}{counted});
    my ($left) = ($r->header('RateLimit') // '') =~ /r=(\d+)/;

    return 1000000 - $left - 1;
}


1;
