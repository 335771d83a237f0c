#!/usr/bin/perl

# Limits: exact with many workers, several at once, headers and Retry-After
# that tell the truth.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Keygate;
use Keygate::Items;

my @limits = (
    ten => 'rate 10r/h;',
    second => 'rate 3r/s;',
    both => 'rate 3r/m; rate 5r/h;',
    legacy => 'rate 5r/m; rate_headers legacy;',
    none => 'rate 5r/m; rate_headers off;',
    named => 'rate 2r/m name=burst; rate 100r/d name=daily;',
    month => 'rate 2r/month;',
    account => 'rate 4r/h per=account;',
    mixed => 'rate 100r/h per=key; rate 4r/h name=shared per=account;',
    cost => 'rate 10r/h; route GET /v1/dear items:read cost=4;',
    quick => 'rate 1r/s;',
    quicker => 'rate 1r/s; rate_headers legacy;',
    unlimited => '',
);

my ($zones, $apis, $servers) = ('', '', '');
my %limits = @limits;

for my $name (sort keys %limits) {
    $apis .= items_api(name => $name, rate => $limits{$name}, zone =>
        "keygate_zone $name:1m journal=$name.jsonl;\n")
        =~ s/zone       keys/zone $name/r;
    $servers .= "location /$name/ { keygate $name; rewrite ^/$name(/.*) \$1
        break; proxy_pass http://127.0.0.1:%%UPSTREAM%%; }\n";
}

my $t = Keygate->new(workers => 2, zones => [ sort keys %limits ],
    conf => "$apis server { listen 127.0.0.1:%%PORT%%; $servers }");

sub key {
    my ($zone, %o) = @_;

    return $t->key(zone => $zone, scopes => ['items:read'], %o);
}

my %key = map { $_ => key($_) } keys %limits;
my $exact = key('ten');
my $own = key('ten', rates => ['12r/h']);
my $second = key('ten', rates => ['1r/m']);
my $small = key('cost', rates => ['3r/s', '100r/m']);
my $small_month = key('cost', rates => ['2r/month']);
my ($mate, $stranger) = (key('account'), key('account', account => 'acc_2'));
my ($mixed_mate) = key('mixed');
my $scopeless = key('ten', scopes => []);

$t->start;

sub get {
    my ($name, $path, %o) = @_;

    return $t->get("/$name" . ($path // '/v1/items'), key => $key{$name}, %o);
}

sub statuses {
    my ($n, @request) = @_;

    return join ' ', map { get(@request)->{status} } 1 .. $n;
}

# -- 200 at once on a limit of 10, two workers

my @clients = map { $t->client } 1 .. 200;
my $bytes = $t->request_bytes('/ten/v1/items', key => $exact);

$_->send($bytes) for @clients;

my %n;
$n{$_->response->{status}}++ for @clients;

is_deeply(\%n, { 200 => 10, 429 => 190 }, '200 at once: 10 admitted');
is($t->hits, 10, 'and 10 have reached the upstream');

# -- draft headers

my $r = get('ten');

is($r->header('RateLimit-Policy'), '"hour";q=10;w=3600', 'RateLimit-Policy');
like($r->header('RateLimit'), qr/^"hour";r=9;t=(\d+)$/, 'RateLimit');
my ($reset) = $r->header('RateLimit') =~ /t=(\d+)/;
ok($reset >= 3600 && $reset <= 3600 * 33 / 32 + 1,
   't is when the first unit comes back');

get('ten') for 1 .. 9;
$r = get('ten');

is($r->{status}, 429, 'one more');
is($r->json->{code}, 'rate_limited', 'its code');
is($r->json->{type},
   'https://iana.org/assignments/http-problem-types#quota-exceeded',
   'its type');
is_deeply($r->json->{'violated-policies'}, ['hour'], 'what was violated');
like($r->header('RateLimit'), qr/^"hour";r=0;t=\d+$/, 'r=0');
cmp_ok($r->header('Retry-After'), '>=', 3500, 'Retry-After');
is($r->header('RateLimit') =~ s/.*t=//r, $r->header('Retry-After'),
   'and "t" is the same');
cmp_ok($r->header('Retry-After'), '<=', 3600 * 33 / 32 + 1, 'and not too late');
is($r->json->{retry_after}, $r->header('Retry-After'), 'the same in the body');
is($r->header('Cache-Control'), 'no-store', 'not to be stored');

# -- every authenticated answer has them, no other

for my $case ([ '/v1/admin/keys', 403 ], [ '/nowhere', 404 ]) {
    my $r = $t->get("/ten$case->[0]", key => $own);
    is($r->{status}, $case->[1], "a $case->[1]");
    like($r->header('RateLimit'), qr/r=\d+/, 'with RateLimit: it was charged');
}

$r = $t->get('/ten/v1/items', key => $own);
is($r->header('RateLimit-Policy'), '"hour";q=12;w=3600', "a key's own rate");
like($r->header('RateLimit'), qr/r=9;/, 'refused for other reasons: charged');

$r = $t->get('/ten/v1/items', key => $second);
like($r->header('RateLimit-Policy'), qr/"hour";q=10;w=3600/,
     "a key's rate of another unit leaves the API's");
like($r->header('RateLimit-Policy'), qr/"minute";q=1;w=60/, 'and adds its own');
is($t->status('/ten/v1/items', key => $second), 429, 'which holds');

$r = $t->get('/ten/v1/items', key => 'tk_ZZZZZZ_' . 'a' x 24);
ok(!defined $r->header('RateLimit'), 'none for an unknown key');
ok(!defined $t->get('/ten/v1/items')->header('RateLimit'), 'nor without one');
ok(!defined get('unlimited')->header('RateLimit'), 'nor without a rate');
ok(!defined get('none')->header('RateLimit'), 'nor when they are off');

# -- several: all or nothing

is(statuses(4, 'both'), '200 200 200 429', 'the nearer of two limits');
$r = get('both');
is_deeply($r->json->{'violated-policies'}, ['minute'], 'is the one named');
like($r->header('RateLimit'), qr/"minute";r=0;t=\d+, "hour";r=2;t=\d+/,
     'the other was not charged for what was refused');
is($r->header('RateLimit-Policy'), '"minute";q=3;w=60, "hour";q=5;w=3600',
   'both policies');

$r = get('named');
is($r->header('RateLimit-Policy'), '"burst";q=2;w=60, "daily";q=100;w=86400',
   'names of its own');
get('named');
is_deeply(get('named')->json->{'violated-policies'}, ['burst'],
          'are what is violated');

# -- legacy headers

$r = get('legacy');
is($r->header('X-RateLimit-Limit'), 5, 'X-RateLimit-Limit');
is($r->header('X-RateLimit-Remaining'), 4, 'X-RateLimit-Remaining');
cmp_ok(abs($r->header('X-RateLimit-Reset') - time - 61), '<=', 4,
       'X-RateLimit-Reset, in Unix time');
ok(!defined $r->header('RateLimit'), 'not both kinds');
get('legacy') for 1 .. 4;
$r = get('legacy');
is("$r->{status} " . $r->header('X-RateLimit-Remaining'), '429 0',
   'a refusal, legacy');
ok($r->header('Retry-After') >= 1, 'with Retry-After');
cmp_ok(abs($r->header('X-RateLimit-Reset') - time
           - $r->header('Retry-After')), '<=', 2,
       'X-RateLimit-Reset says the same');

# -- a month

is(statuses(2, 'month'), '200 200', 'a monthly quota');
$r = get('month');
is("$r->{status} " . $r->json->{code}, '429 quota_exceeded', 'is exceeded');
like($r->header('RateLimit-Policy'), qr/^"month";q=2;w=(2419200|2[56]\d{5})$/,
     'w: the seconds of this month');

# -- per account

is(statuses(2, 'account'), '200 200', 'two with one key of an account');
is($t->status('/account/v1/items', key => $mate), 200, 'a third with another');
is($t->status('/account/v1/items', key => $mate), 200, 'a fourth');
is($t->status('/account/v1/items', key => $mate), 429, 'not a fifth');
is(get('account')->{status}, 429, 'with neither');
is($t->status('/account/v1/items', key => $stranger), 200,
   'another account has its own');

is(statuses(3, 'mixed'), '200 200 200', 'per key and per account');
is($t->status('/mixed/v1/items', key => $mixed_mate), 200, 'the fourth');
$r = get('mixed');
is_deeply($r->json->{'violated-policies'}, ['shared'], 'the account is full');
like($r->header('RateLimit'), qr/"hour";r=97/,
     'the key was not charged for it');

# -- cost

$r = get('cost', '/v1/dear');
like($r->header('RateLimit'), qr/r=6;/, 'cost=4');
get('cost', '/v1/dear');
is(get('cost', '/v1/dear')->{status}, 429, 'no room for a third');
is(get('cost')->{status}, 200, 'but for a cheap one');

# -- a key's own rate that a route costs more than: it is never admitted, and
#    nobody is told to wait

for my $case ([ $small, 'rate_limited', '3 requests per second',
                [ 'second' ] ],
              [ $small_month, 'quota_exceeded', '2 requests per month',
                [ 'month' ] ])
{
    my ($its, $code, $said, $violated) = @$case;
    my $no = $t->get('/cost/v1/dear', key => $its);
    my $json = $no->json;

    is("$no->{status} $json->{code}", "429 $code", "$said, a cost of 4");
    is($no->header('Retry-After'), undef, '... without Retry-After');
    ok(!exists $json->{retry_after}, '... in the body neither');
    is($json->{detail}, 'This request counts as 4, which is always over the '
       . "limit of $said: no waiting helps.", '... which says why');
    is_deeply($json->{'violated-policies'}, $violated, '... by which rate');
}

my $why = 'refused rate_limited: what the route costs is more than a rate of '
          . 'the key ever admits: raise "rates" of the key; api: "cost"';

like($t->read_file('error.log'), qr/\Q$why\E/, '... and so does the log');
is($t->get('/cost/v1/items', key => $small)->{status}, 200,
   'other routes admit the key');

# -- Retry-After tells the truth

for my $round (1 .. 2) {
    my $r;

    for (1 .. 20) {
        $r = get('second');
        last if $r->{status} == 429;
    }

    is($r->{status}, 429, 'too many in a second');
    like($r->header('Retry-After'), qr/^[12]$/, 'Retry-After');
    sleep $r->header('Retry-After');
    is(get('second')->{status}, 200, 'who waits that long is let in');
}

# -- "t" is true, to the unit's thirty-second part

for my $field ('RateLimit', 'X-RateLimit-Reset') {
    my $name = $field eq 'RateLimit' ? 'quick' : 'quicker';
    my $r = get($name);
    my ($wait) = $r->header($field) =~ /(?:t=)?(\d+)$/;

    is(get($name)->{status}, 429, 'one a second, and a second one');
    sleep($field eq 'RateLimit' ? $wait : $wait - time);
    is(get($name)->{status}, 200, "who waits as long as $field says gets in");
}

# -- never more than 3 in any second, measured from outside; and nobody is
# refused where three have not been admitted just before, however few requests
# a busy machine lets through

my (@admitted, @refused);
my $end = time + 3;

while (time < $end) {
    my $before = time;
    my $status = get('second')->{status};

    push @{$status == 200 ? \@admitted : \@refused}, [ $before, time ];
    sleep 0.02;
}

my $burst = grep { $_ + 3 <= $#admitted
    && $admitted[$_ + 3][1] - $admitted[$_][0] < 0.98 } 0 .. $#admitted;

is($burst, 0, 'no four within a second');

my $early = grep {
    my ($from, $to) = ($_->[0] - 33 / 32 - 0.01, $_->[1]);

    3 > grep { $_->[1] > $from && $_->[0] < $to } @admitted;
} @refused;

is($early, 0, 'and not fewer than may be');

# -- what is refused before the limit is looked at costs nothing

for (1 .. 30) {
    $t->status('/ten/v1/items', key => substr($own, 0, -1));
    $t->status('/ten/v1/%2e%2e', key => $own);
}

like($t->get('/ten/v1/items', key => $own)->header('RateLimit'), qr/r=8;/,
     'wrong keys and paths charge nobody');

$t->done;
