#!/usr/bin/perl

# docs/openapi.md is true: its document becomes its block, with what it tells;
# and its x-keygate is taken.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;
use Keygate::OpenAPI qw(command routes nginx_takes done);
use Keygate::Readme;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $yaml = block('yaml', 'openapi');

command->write('shop.yaml', $yaml);

my $r = command->run('openapi', 'shop.yaml');

is $r->{out} =~ s/^#.*\n+//mgr, block('nginx', 'openapi'), 'the very block';
is $r->{err}, block('log', 'openapi'), 'the very messages';
nginx_takes($r, 'nginx takes it');

command->write('more.yaml', $yaml . block('yaml', 'x-keygate'));
$r = command->run('openapi', 'more.yaml');
like $r->{out}, qr/^ +$_;$/m, $_ for 'rate +120r\/m',
    'rate +5000r\/d per=account', 'account +business slug', 'plan +starter',
    'plan +growth api_access', 'require +api_access', 'errors +envelope';
nginx_takes($r, 'nginx takes them');

done();
