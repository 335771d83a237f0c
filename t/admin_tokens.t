#!/usr/bin/perl

# Administrators with names: what each role may do, until when, and files of
# tokens that are changed while nginx runs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Admin;
use Keygate::Items;

my $t = Keygate->new(workers => 2, conf => admin_conf(
    tokens => 'tokens=tokens'));
my %token = map { $_ => "tok_${_}_0123456789abcdefghij" }
    qw(reader writer root past soon late other);

for my $name (sort keys %token) {
    $t->secret("the token of $name", $token{$name});
    $t->secret("the digest of $name", sha256_hex($token{$name}));
}


# Replaces the file by such lines; a name stands for its token.

sub tokens {
    my (@lines) = @_;

    s/sha256:(\w+)/'sha256:' . sha256_hex($token{$1})/e for @lines;
    $t->write_file('tokens.new', join '', map { "$_\n" } @lines);
    rename "$t->{dir}/tokens.new", "$t->{dir}/tokens" or die;
}

sub ask {
    my ($name, $method, $path, $body) = @_;

    return admin($t, $method, $path, $body,
        "Authorization: Bearer $token{$name}");
}

sub answer {
    my $r = ask(@_);

    return $r->{status} >= 400 ? problem_is($r) : $r->{status};
}

# Waits until a condition holds; the contract gives it two seconds.

sub comes {
    my ($what, $check) = @_;
    my $until = time + 15;
    my $came;

    sleep 0.1 while !($came = $check->()) && time < $until;
    ok($came, $what);
}


my @first = ('# who may do what', '', 'reader read sha256:reader  # may look',
    "writer\tkeys sha256:writer 2099-01-01T00:00:00Z", 'root admin sha256:root',
    'past admin sha256:past 2020-01-01T00:00:00Z');

tokens(@first);
$t->account(id => 'acc_1', name => 'One', plan => 'pro');
$t->key(id => 'tk_AAAAAA', account => 'acc_1', scopes => ['items:read']);
$t->start;

my %key = (account => 'acc_1', name => 'k', scopes => []);
my %check = (key_id => 'tk_AAAAAA', method => 'GET', path => '/v1/items');

for (['GET', '/keys', undef, 200, 200, 200],
    ['GET', '/keys/tk_AAAAAA', undef, 200, 200, 200],
    ['GET', '/accounts', undef, 200, 200, 200],
    ['GET', '/scopes', undef, 200, 200, 200],
    ['POST', '/check', \%check, 200, 200, 200],
    ['POST', '/keys', \%key, 403, 201, 201],
    ['PATCH', '/keys/tk_AAAAAA', { name => 'x' }, 403, 200, 200],
    ['POST', '/keys/tk_AAAAAA/rotate', {}, 403, 200, 200],
    ['PUT', '/accounts/acc_2', { name => 'Two' }, 403, 403, 201],
    ['PATCH', '/accounts/acc_1', { name => 'Eins' }, 403, 403, 200],
    ['DELETE', '/accounts/acc_2', undef, 403, 403, 204],
    ['POST', '/keys/tk_AAAAAA/revoke', {}, 403, 200, 200],
    ['DELETE', '/keys/tk_AAAAAA', undef, 403, 204, 404])
{
    my ($method, $path, $body, @want) = @$_;

    for my $name (qw(reader writer root)) {
        my $want = shift @want;
        my $got = answer($name, $method, $path, $body);

        is($got, $want == 403 ? '403 not_permitted'
                 : $want == 404 ? '404 not_found' : $want,
            "$name: $method $path");
    }
}

is(answer('past', 'GET', '/keys'), '401 unauthorized',
    'a token that has ended is none');
is(answer('other', 'GET', '/keys'), '401 unauthorized', 'nor is any other');

my $id = ask('writer', 'POST', '/keys', \%key)->json->{id};

is(ask('reader', 'GET', "/keys/$id")->json->{changed_by}, 'writer',
    'a record tells who made it');
is(ask('root', 'PATCH', "/keys/$id", { name => 'y' })->json->{changed_by},
    'root', 'and who has changed it');
is(ask('writer', 'PATCH', "/keys/$id", { name => 'y' })->json->{changed_by},
    'root', 'what changes nothing changes nobody');
like(problem_is(ask('root', 'PATCH', "/keys/$id", { changed_by => 'me' })),
    qr{^422 \S+ /changed_by is not known here;}, 'nobody can say it');

tokens(grep { !/^root/ } @first, 'other admin sha256:other');
comes('a token that was added works in all workers', sub {
    !grep { answer('other', 'GET', '/keys') ne '200' } 1 .. 24
});
comes('and one that was taken away does not', sub {
    !grep { answer('root', 'GET', '/keys') ne '401 unauthorized' } 1 .. 24
});

# a bad line: the tokens from before stay, and the log tells

my $bad = qr/invalid word 2 "boss" in line 2 of the token file .*a role/;

tokens('root admin sha256:root', 'late boss sha256:late');
comes('a file with a bad line is kept out, with a line in the log', sub {
    $t->read_file('error.log') =~ /$bad.*; the tokens from before go on/
});
is(answer('other', 'GET', '/keys'), '200', 'the tokens from before it go on');
is(answer('late', 'GET', '/keys'), '401 unauthorized', 'and no others');

unlink "$t->{dir}/tokens";
comes('a file that is gone is told, too', sub {
    $t->read_file('error.log') =~ /cannot read the token file .*go on/
});
is(answer('other', 'GET', '/keys'), '200', 'the tokens go on');

tokens('late keys sha256:late');
comes('one that is right again holds', sub {
    answer('late', 'GET', '/keys') eq '200'
});
comes('alone', sub { answer('other', 'GET', '/keys') eq '401 unauthorized' });

# at the time, without any change of the file

my ($s, $m, $h, $d, $mo, $y) = gmtime time + 4;
my $soon = sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $y + 1900, $mo + 1, $d, $h,
    $m, $s;

tokens("soon read sha256:soon $soon", 'late keys sha256:late');
comes('a token ends by itself', sub {
    answer('soon', 'GET', '/keys') eq '401 unauthorized' && time > $^T + 4
});

my $seen = () = $t->read_file('error.log') =~ /$bad/g;
cmp_ok($seen, '<=', 2, 'each worker tells a bad file once');

my $named = $t;


# -- token=: a file of one, which the workers read again where they can

$t = Keygate->new(workers => 2, conf => admin_conf);

sub one {
    my ($text) = @_;

    $t->write_file('new', $text);
    rename "$t->{dir}/new", "$t->{dir}/admin.token" or die;
}

$t->secret("the token of $_", $token{$_}) for qw(root other);
one(sha256_hex($token{root}) . "  -\n");
$t->start;
is(answer('root', 'GET', '/keys'), '200', 'one token');

one(sha256_hex($token{other}) . "\n");
comes('another one holds in all workers', sub {
    !grep { answer('other', 'GET', '/keys') ne '200' } 1 .. 24
});
is(answer('root', 'GET', '/keys'), '401 unauthorized', '... alone');

one(sha256_hex($token{root}) . "\n" . sha256_hex($token{past}) . "\n");
comes('a second line is kept out, with a line in the log', sub {
    $t->read_file('error.log')
        =~ /a second line in the token file .*; the tokens from before go on/
});
is(answer('other', 'GET', '/keys'), '200', '... and the token goes on');

$_->done for $named, $t;
