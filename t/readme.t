#!/usr/bin/perl

# README and docs are true: what is documented is there, what is there is
# documented, links lead somewhere, and every configuration loads.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Readme;

my ($main, $http, $shop) = synopsis();

is(names(dead_links()), '', 'every link leads to a heading or a file');


# -- Directives

my @glue = map { s{^\Q$Keygate::root\E/}{}r }
           glob "$Keygate::root/src/nginx/{,*/}*.c";
my $glue = join '', map { slurp($_) } @glue;

my %command = $glue =~ /\{ ngx_string\("(keygate\w*)"\),\n\s+(NGX_[^,]+),/g;
my %word = map { $_ => 'keygate_api' }
           slurp('src/api/keygate_api_words.c') =~ /^    \{ "(\w+)", \d+,/mg;

for my $name (keys %command) {
    my %context = (MAIN => 'http', SRV => 'server', LOC => 'location',
                   LMT => 'limit_except');

    $command{$name} = join ', ', map { "`$context{$_}`" }
                      grep { $command{$name} =~ /NGX_HTTP_${_}_CONF/ }
                      qw(MAIN SRV LOC LMT);
}

$_ = "`$_`" for values %word;

for my $of ([ 'Directives', \%command ], [ 'Inside keygate_api', \%word ]) {
    my ($part, $known) = @$of;

    is(names(sections($part)),
       names(keys %$known), "$part: all of them, and no other");

    for my $name (sort keys %$known) {
        my $text = section($part, $name);

        ok($text =~ /^- Syntax: `$name\b.*;?.*`$/m
           && $text =~ /^- Default: \S/m
           && $text =~ /^- Since: 0\.\d+\.\d+$/m
           && $text =~ /^- Context: (.*)$/m && $1 eq $known->{$name},
           "$name: syntax, default, since, context $known->{$name}");
        ok(scalar(grep { $_->{name} eq $name && $_->{text} =~ /^\s*$name\b/m }
                  blocks('nginx')),
           "$name: an example");
    }
}


# -- Variables, codes, bounds, targets

is(names(section('Variables') =~ /^\| `\$(\w+)`/mg),
   names(map { s/_$/_NAME/r }
         $glue =~ /ngx_string\("(keygate_\w+)"\), NULL/g),
   'Variables: all of them, and no other');

my %code = reverse slurp('src/error/keygate_error.c')
           =~ /\{ (\d+), keygate_string\("(\w+)"\)/g;

{
    my @codes = slurp('src/error/keygate_error.c')
                =~ /\{ (\d+, keygate_string\("\w+")/g;

    is(names(section('The decision')
             =~ /^\| `(\w+` \| \d+) \|/mg),
       names(map { /(\d+).*"(\w+)"/; $2 eq 'allowed' ? () : "$2` | $1" }
             @codes),
       'The decision: every code with its status, and no other');
}

{
    my $bounds = section('Bounds');
    my $core = join '', map { slurp(s{^\Q$Keygate::root\E/}{}r) }
               glob "$Keygate::root/src/*/*.h $Keygate::root/src/*/*/*.h";

    for my $bound ([ 'KEYGATE_ID_MAX', 'id of a key or an account' ],
        [ 'KEYGATE_NAME_MAX', 'name of a scope, plan, feature' ],
        [ 'KEYGATE_CREDENTIAL_MAX', 'a whole key' ],
        [ 'KEYGATE_PREFIX_MAX', 'a whole key' ],
        [ 'KEYGATE_FORMAT_ID_MAX', 'a whole key' ],
        [ 'KEYGATE_SECRET_MAX', 'a whole key' ],
        [ 'KEYGATE_FORMATS_MAX', 'key formats, of an API' ],
        [ 'KEYGATE_CREDENTIALS_MAX', 'credentials, and' ],
        [ 'KEYGATE_SCOPES_MAX', 'scopes of an API' ],
        [ 'KEYGATE_PLANS_MAX', 'plans of an API' ],
        [ 'KEYGATE_FEATURES_MAX', 'features, profile fields' ],
        [ 'NGX_HTTP_KEYGATE_APIS_MAX', 'APIs in a zone' ],
        [ 'KEYGATE_RATE_MAX', 'a rate' ],
        [ 'KEYGATE_SEGMENTS_MAX', 'segments of a template' ],
        [ 'KEYGATE_PATH_MAX', 'a path that a route can match' ],
        [ 'KEYGATE_LINE_MAX', 'a journal line' ],
        [ 'KEYGATE_ADDRESSES_MAX', 'addresses of a key' ],
        [ 'KEYGATE_TEXT_MAX', 'name of a key or an account' ])
    {
        my ($name, $what) = @$bound;
        my ($value) = $core =~ /^#define $name\s+(\d+)/m;
        my ($row) = $bounds =~ /^(\|[^|]*\Q$what\E.*)$/m;

        $row = ($row // '') =~ s/(?<=\d),(?=\d)//gr;
        ok(defined $value && $row =~ /\b$value\b/, "Bounds: $name")
            or diag($value // 'not defined', " $row");
    }
}

{
    my %target = map { $_ => 1 } slurp('Makefile') =~ /^(\w+):/mg;
    my @named = (readme() =~ /`make (?:-\S+ \S+ )?(\w+)/g,
                 map { $_->{text} =~ /^make (?:-\S+ \S+ )?(\w+)/mg }
                 grep { $_->{lang} eq '' } blocks(''));

    is(names(grep { !$target{$_} } @named), '', 'every target is there');
}


# -- Every configuration loads

sub whole {
    my ($context, $text) = @_;

    if ($context eq 'api') {
        for my $line ('zone keys;', 'credential bearer;', 'key_format k_;',
            'scope orders:read;', 'scope orders:write;')
        {
            my ($word) = $line =~ /^(\w+(?: orders:\w+)?)/;
            my $pattern = $word =~ s/ /\\s+/r;
            $text = "$line\n$text" if $text !~ /^\s*$pattern\b/m;
        }

        $text = "keygate_api it {\n$text}\n";
    }

    $text = "location / {\n$text}\n" if $context eq 'location';
    $text = "server {\nlisten 8080;\n$text}\n"
        if $context eq 'location' || $context eq 'server';
    $text = $shop . $text if $text !~ /keygate_api\s+shop/;
    $text = "keygate_zone keys:1m journal=keys.jsonl;\n$text"
        if $text !~ /keygate_zone\s+keys:/;

    return $text;
}

my $check = gate('');

$check->write_file('etc/store.pass', "password\n");

for my $block (blocks('nginx')) {
    my $conf = $block->{is} eq 'main' ? $http
                                      : whole($block->{is}, $block->{text});
    my ($rc, $out) = $check->check_conf(localize($conf));

    ok($rc == 0 && $out !~ /\[warn\]/, "$block->{name}: nginx -t")
        or diag($conf, $out);
}

for my $block (blocks('json')) {
    my @texts = $block->{lang} eq 'json' ? $block->{text}
                                         : split /\n/, $block->{text};

    ok(!(grep { !eval { JSON::PP->new->utf8->decode($_) } } @texts),
       "$block->{name}: is JSON");
}


# -- Sizes: as the formula has them, and enough

{
    my @rows = section('Sizing a zone')
               =~ /^\| ([\d,]+) \| `(\d+)m` \| `(\d+)m` \|$/mg;

    is(scalar @rows, 12, 'the table of sizes');

    while (my ($n, @sizes) = splice @rows, 0, 3) {
        $n =~ s/,//g;

        for my $rates (1, 2) {
            my $need = $n * (168 + 142 * $rates) + $n / 10 * (138 + 100);
            my $part = $sizes[$rates - 1] * 2 ** 20 / ($need + 65536);

            ok($part > 1.04 && $part < 1.5, "$n keys, $rates rates")
                or diag($part);
        }
    }

    my $lines = '';
    my $small = gate("keygate_zone keys:4m journal=keys.jsonl;\n$shop");

    for my $i (0 .. 9999) {
        $lines .= $small->account_line(id => sprintf('biz_%08x', $i),
            name => 'Brightline Heating & Cooling', plan => 'growth',
            profile => { website => undef, slug => 'x' x 50 })
            if $i % 10 == 0;

        $lines .= ($small->make_key(id => sprintf('ck_live_%06d', $i),
            account => sprintf('biz_%08x', int $i / 10),
            scopes => [qw(orders:read orders:write)]))[0];
    }

    $small->append($lines);

    my ($rc, $out) = $small->check_conf;
    is($rc, 0, '10,000 keys, indeed') or diag($out);

    # a secret of each is too much to be looked for
    $small->{secrets} = [];
    $small->done;
}

$check->done;
