#!/usr/bin/perl

# "keygate setup": from nothing to a request that is answered; nothing twice,
# nothing over what is there, and nothing left of what nginx does not take.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $t = Keygate->new(conf => "include %%DIR%%/sites/*.conf;\n",
    reload_last => 1);
my $dir = $t->{dir};
my $c = Keygate::Command->new(dir => $dir);
my $user = getpwnam('www-data') ? 'www-data' : 'nobody';

# the nginx of this test, as "nginx" of the path

mkdir "$dir/$_" for qw(bin sites data);
$t->write_conf('nginx.conf');
$t->write_file('bin/nginx', <<"END");
#!/bin/sh
ASAN_OPTIONS=detect_leaks=0 exec $Keygate::Server::binary -p $dir/ \\
    -c $dir/nginx.conf -e $dir/setup.log "\$@"
END
chmod 0755, "$dir/bin/nginx";

my @at = ('--data', "$dir/data", '--etc', "$dir/etc", '--conf', "$dir/sites",
    '--listen', '127.0.0.1:' . $t->port('GATE'),
    '--listen-admin', '127.0.0.1:' . $t->port('ADMIN'));


sub setup {
    return $c->run('setup', @_, { env => { PATH => "$dir/bin:$ENV{PATH}" } });
}


sub files {
    return map { s{^\Q$dir\E/}{}r } sort glob "$dir/{data,etc,sites}/*";
}


sub mode {
    return sprintf '%04o', (stat "$dir/$_[0]")[2] & 07777;
}


for my $case (
    [ 'a name with a dot', 'a.b' ],
    [ 'with a capital letter', 'Shop' ],
    [ 'that is a path', '../shop' ],
    [ 'that is too long', 'a' x 17 ],
    [ 'no address', 'shop', '--listen', '80;}' ],
    [ 'no URL', 'shop', '--upstream', 'http://a;return 200' ],
    [ 'no URL of HTTP', 'shop', '--upstream', 'ftp://a' ],
    [ 'no path', 'shop', '--data', "$dir/a b" ],
)
{
    my ($what, @args) = @$case;
    my $r = setup(@at, @args);

    is $r->{code}, 2, "$what: 2";
    like $r->{err}, qr/^keygate: .+\n\z/, "$what: a line that tells";
}

is join(' ', files()), '', 'nothing is left of these';

$t->write_file('sites/wrong.conf', "nonsense;\n");

my $r = setup('shop', @at);

is $r->{code}, 1, 'a configuration that is wrong already';
like $r->{err}, qr/nonsense.*fails as it is.*nothing was made/s, 'is told';
is join(' ', files()), 'sites/wrong.conf', 'nothing is made';
unlink "$dir/sites/wrong.conf";

$r = setup('shop', @at, '--listen', 'nowhere.invalid:80');
is $r->{code}, 1, 'a site that nginx does not take';
like $r->{err}, qr/nowhere.*does not take .*removed again/s, 'is told';
is join(' ', files()), '', 'and is removed, with all of it';

$r = setup('shop', @at, '--data', "$dir/none");
is $r->{code}, 5, 'no directory for the journal';
like $r->{err}, qr{\Q$dir\E/none/shop\.jsonl: No such file}, 'is told';
is join(' ', files()), '', 'and nothing is left';

if ($> == 0) {
    chown((getpwnam $user)[2, 3], "$dir/data");
    chmod 0700, "$dir/data";
}

$r = setup('shop', @at);
is $r->{code}, 0, 'a gate' or diag $r->{err};
is join(' ', files()), 'data/shop.jsonl etc/shop.sha256 etc/shop.token '
                       . 'sites/keygate-shop.conf', 'its files';
like $r->{out}, qr/^made   \Q$dir\E\/\Q$_\E: /m, "$_ is told" for files();
like $r->{out}, qr/nginx does not run: start it/, 'and that nothing runs';
is mode('data/shop.jsonl'), '0600', 'nobody else reads the journal';
is mode('etc'), '0700', 'nor looks for the token';
is mode('etc/shop.token'), '0600', 'or reads it';
is mode('sites/keygate-shop.conf'), '0644', 'the site has no secrets';
is +(stat "$dir/data/shop.jsonl")[4], (stat "$dir/data")[4],
    'the journal is of the user whose directory it is in';

my ($curl) = $r->{out} =~ /^  (curl .*)\n\z/m;
my ($key) = ($curl // '') =~ /(shop_\w+)/;

ok $curl, 'the last line is a request';
unlike join('', map { $t->read_file($_) } files()), qr/\Q$key\E/,
    'its key is in no file';

$t->start;
like `$curl 2>/dev/null`, qr{^HTTP/1\.1 200 .*"account":\{"id":"first"}s,
    'it is answered with 200';
is $t->get('/', port => $t->port('GATE'))->{status}, 401,
    'one without the key with 401';
is $t->get('/', port => $t->port('GATE'), method => 'POST',
           headers => [ "X-Api-Key: $key" ])->{status}, 403,
    'a change with 403';

my $token = $t->read_file('etc/shop.token') =~ s/\n\z//r;
my @token = (headers => [ "Authorization: Bearer $token" ]);

like $t->get('/keys', port => $t->port('ADMIN'), @token)->{body},
    qr/"name":"First key"/, 'the token opens the admin API';
is $t->get('/keys', port => $t->port('ADMIN'))->{status}, 401,
    'nothing else does';

subtest 'once more' => sub {
    my %before = map { $_ => $t->read_file($_) } files();

    $r = setup('shop', @at);
    is $r->{code}, 0, 'is well';
    is scalar(() = $r->{out} =~ /^there  /mg), 4, 'all of it is there';
    unlike $r->{out}, qr/made   |curl|loaded/, 'nothing is made';
    is $t->read_file($_), $before{$_}, "$_ is as it was" for files();
};

subtest 'another one, in an nginx that runs' => sub {
    my @other = (@at, '--listen', $t->port('OTHER'),
        '--listen-admin', $t->port('OTHERADMIN'));

    $r = setup('other', @other, '--quiet');
    is $r->{code}, 0, 'is made';
    like $r->{out}, qr/\Acurl -i http:\/\/127\.0\.0\.1:\d+\/v1\/me .*\n\z/,
        'nothing is printed but the request';
    chomp(my $curl = $r->{out});
    ok $t->wait_for(sub { `$curl 2>/dev/null` =~ m{^HTTP/1\.1 200 } }),
        'which is answered as soon as nginx has loaded it';
};

subtest 'a journal that is there' => sub {
    $t->write_file('data/third.jsonl', "mine\n");
    $r = setup('third', @at, '--listen', $t->port('THIRD'),
        '--listen-admin', $t->port('THIRDADMIN'));
    is $r->{code}, 1, 'is not taken when it is none';
    is $t->read_file('data/third.jsonl'), "mine\n", 'and stays';
    ok !-e "$dir/sites/keygate-third.conf", 'the site does not';

    unlink "$dir/data/third.jsonl";
    symlink "$dir/target", "$dir/data/third.jsonl";
    $r = setup('third', @at);
    is $r->{code}, 5, 'a link to nothing is not taken either';
    ok !-e "$dir/target", 'nor written through';
    unlink "$dir/data/third.jsonl";
};

subtest 'for programs' => sub {
    my $r = $c->json('setup', 'fourth', @at, '--listen', $t->port('FOURTH'),
        '--listen-admin', $t->port('FOURTHADMIN'),
        { env => { PATH => "$dir/bin:$ENV{PATH}" } });

    is $r->{journal}, "$dir/data/fourth.jsonl", 'the journal';
    is $r->{site}, "$dir/sites/keygate-fourth.conf", 'the site';
    is $r->{token_file}, "$dir/etc/fourth.token", 'the token';
    like $r->{secret}, qr/^fourth_\w{6}_\w{24}$/, 'the key';
    ok $r->{made} && $r->{loaded}, 'made and loaded';
};

$t->allow(qr/is not the journal of keygate zone/);
$t->{seen} = '';
$t->done;
