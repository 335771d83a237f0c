#!/usr/bin/perl

# "keygate openapi --check" and "--export": a configuration is what its files
# say together, as nginx includes them.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(document convert command done);

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $dir = command->{dir};
my %document = (security => [ { key => ['read'] } ],
    paths => { '/items' => { get => {} }, '/more' => { get => {} } });
my $head = 'zone keys; credential header X-Api-Key; scope read;';
my $routes = "route GET /items read;\nroute GET /more read;\n";
my $block = "keygate_api shop {\n$head\n$routes}\n";

mkdir "$dir/$_" for qw(apis apis/deep);


sub check {
    my ($main, %files) = @_;

    command->write($_, $files{$_}) for keys %files;

    my $r = convert(document(%document), '--check',
        command->write('main.conf', $main));

    unlink "$dir/$_" for keys %files;

    return $r;
}


for my $case (
    [ 'by its name', 'http { include apis/shop.conf; }',
      'apis/shop.conf' => $block ],
    [ 'by its whole path', "include $dir/apis/shop.conf;",
      'apis/shop.conf' => $block ],
    [ 'by a mask', 'http { include apis/*.conf; }',
      'apis/shop.conf' => $block, 'apis/other.txt' => '}' ],
    [ 'a mask that nothing matches', "include none/*.conf;\n$block" ],
    [ 'from where the main file is, not where the file is',
      'include apis/shop.conf;',
      'apis/shop.conf' => 'include apis/deep/shop.conf;',
      'apis/deep/shop.conf' => $block ],
    [ 'within the block',
      "keygate_api shop {\n$head\ninclude apis/*.routes;\n}",
      'apis/1.routes' => "route GET /items read;\n",
      'apis/2.routes' => "route GET /more read;\n" ],
    [ 'one file twice',
      "server { include apis/log; }\n$block\nserver { include apis/log; }",
      'apis/log' => 'access_log off;' ],
    [ '32 deep', 'include apis/1.conf;',
      'apis/32.conf' => $block,
      map { ("apis/$_.conf" => 'include apis/' . ($_ + 1) . '.conf;') }
        1 .. 31 ],
) {
    my ($name, $main, %files) = @$case;
    my $r = check($main, %files);

    is $r->{code}, 0, "$name: followed" or diag $r->{out}, $r->{err};
    is $r->{out}, '', "$name: the same";
    unlike $r->{err}, qr/include/, "$name: nothing is told of it";
}

for my $case (
    [ 'a file that includes itself', "\ninclude main.conf;", {},
      qr{^keygate: \S*main\.conf:2: "include" of a file that is being read} ],
    [ 'two in a circle', 'include apis/a;',
      { 'apis/a' => "include apis/b;\n", 'apis/b' => "\n\ninclude apis/a;" },
      qr{apis/b:3: "include" of a file that is being read} ],
    [ 'too deep', 'include apis/1.conf;',
      { map { ("apis/$_.conf" => 'include apis/' . ($_ + 1) . '.conf;') }
        1 .. 40 },
      qr{apis/32\.conf:1: files are included deeper than 32} ],
    [ 'too many', "include apis/e;\n" x 5000, { 'apis/e' => '' },
      qr{main\.conf:4096: more than 4095 files} ],
    [ 'ever more', 'include apis/1.conf;',
      { 'apis/20.conf' => '', map { ("apis/$_.conf" =>
          "include apis/@{[ $_ + 1 ]}.conf;\n" x 2) } 1 .. 19 },
      qr{\.conf:[12]: more than 4095 files} ],
    [ 'too much', "include apis/e;\n" x 40,
      { 'apis/e' => ' ' x 1000000 },
      qr{main\.conf:\d+: more than 32 MB of configuration} ],
    [ 'half a block', "http {\ninclude apis/shop.conf;\n}",
      { 'apis/shop.conf' => "$block\nserver {\n" },
      qr{apis/shop\.conf:\d+: unexpected end of file} ],
    [ 'the end of one', "http {\ninclude apis/shop.conf;\n}",
      { 'apis/shop.conf' => "$block}\n" },
      qr{apis/shop\.conf:6: unexpected "\}"} ],
    [ 'a mistake in the block', 'include apis/shop.conf;',
      { 'apis/shop.conf' => "keygate_api shop {\nzone x; include apis/more;}",
        'apis/more' => "\n\nzone y;" },
      qr{apis/more:3: invalid "zone", expected} ],
    [ 'what the block lacks', "keygate_api shop {\ninclude apis/more;\n}", {},
      qr{main\.conf:2: include "apis/more": No such file or directory} ],
    [ 'what may have had it', "http {\ninclude apis/more;\n}", {},
      qr{main\.conf:2: include "apis/more": No such file or directory} ],
    [ 'a folder', 'include apis/deep;', {},
      qr{main\.conf:1: include "apis/deep": Is a directory} ],
    [ 'two of them', 'include apis/*.conf;',
      { 'apis/a.conf' => $block, 'apis/b.conf' => $block =~ s/shop/b/r },
      qr{main\.conf: there are several APIs in it; --name says which} ],
    [ 'include what?', 'include a b;', {},
      qr{main\.conf:1: "include" takes one file or mask} ],
) {
    my ($name, $main, $files, $told) = @$case;
    my $r = check($main, %$files);

    is $r->{code}, 2, "$name: is not usable";
    like $r->{err}, $told, "$name: and why, and where";
}

# -- conf.d/shop.conf is no main file, and may include what is elsewhere

my $r = check("$block\nserver {\ninclude snippets/tls;\n}");

is $r->{code}, 0, 'what another block lacks is no matter' or diag $r->{err};
like $r->{err}, qr{main\.conf:8: include "snippets/tls": No such file},
    'but is told';

# -- the way back

command->write('apis/shop.conf', $block);
$r = command->run('openapi', '--export',
    command->write('main.conf', 'http { include apis/*.conf; }'));
is $r->{code}, 0, 'what is exported is followed, too' or diag $r->{err};
like $r->{out}, qr{"/items"}, 'and found';

done();
