#!/usr/bin/perl

# "keygate setup": from nothing to a request that is answered; nothing twice,
# nothing over what is there, and nothing left of what nginx does not take.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use List::Util qw(first);
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


# Those of JOURNAL.usage are made, and for a moment, by workers.

sub files {
    return grep { !/\.usage\b/ } map { s{^\Q$dir\E/}{}r } sort
        glob "$dir/{data,etc,sites}/*";
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
    [ 'an address without its port', 'shop', '--listen', '127.0.0.1:' ],
    [ 'several ports', 'shop', '--listen', '8085-8087' ],
    [ 'several of an address', 'shop', '--listen', '127.0.0.1:8085-8087' ],
    [ 'several for the admin API', 'shop', '--listen-admin', '8085-8087' ],
    [ 'no URL', 'shop', '--upstream', 'http://a;return 200' ],
    [ 'no URL of HTTP', 'shop', '--upstream', 'ftp://a' ],
    [ 'one place for both', 'shop', '--listen', '127.0.0.1:81',
      '--listen-admin', '127.0.0.1:81' ],
    [ 'a port of all addresses for both', 'shop', '--listen', '81',
      '--listen-admin', '81' ],
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

# what somebody has is not taken by nginx, whose test and reload do not tell

{
    my $port = first { 3 == grep { Keygate::take_port($_) } $_ .. $_ + 2 }
               map { 17000 + 10 * $_ } 0 .. 49;
    my $other = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
        LocalPort => $port, ReuseAddr => 1) or die;

    for ([ '--listen', "127.0.0.1:$port", qr/127\.0\.0\.1:\d+/ ],
        [ '--listen', $port, qr/\d+/ ],
        [ '--listen', "*:$port", qr/\*:\d+/ ],
        [ '--listen-admin', "127.0.0.1:$port", qr/127\.0\.0\.1:\d+/ ],
        [ '--listen-admin', $port, qr/127\.0\.0\.1:\d+/ ])
    {
        my ($option, $where, $instead) = @$_;

        $r = setup('shop', @at, $option, $where);
        is $r->{code}, 1, "$option $where, which another program has";
        like $r->{err}, qr/^keygate:\ $option:\ a\ program,\ or\ an\ nginx
            .*\b$port:\ nothing\ was\ made;\ "$option\ $instead"
            \ is\ free\n\z/x, 'is told, with another port';
        unlike $r->{err}, qr/$option \S*$port"/, 'which is another one';
        is join(' ', files()), '', 'and nothing is made';
    }

    my ($free) = $r->{err} =~ /"--listen-admin (\S+)" is free/;

    $r = setup('shop', @at, '--listen', "127.0.0.1:$port",
        '--listen-admin', $free);
    my ($gate) = $r->{err} =~ /"--listen (\S+)" is free/;

    isnt $gate, $free, 'nor is it that of the admin API';

    $r = setup('shop', @at, '--listen', $gate, '--listen-admin', $free);
    is $r->{code}, 0, 'what is told to be free is' or diag $r->{err};

    $r = setup('second', @at, '--listen', $gate, '--listen-admin', $free);
    is $r->{code}, 1, 'a site has its places where nginx does not run, too';
    like $r->{err},
        qr/^keygate: $_: a site of nginx .* \"$_ \S+\" is free$/m, "$_ is told"
        for '--listen', '--listen-admin';
    unlike join(' ', files()), qr/second/, 'and nothing is made';

    $other->close;
    unlink glob "$dir/{data,etc,sites}/*";
    rmdir "$dir/etc";
}

mkdir "$dir/elsewhere";
$r = setup('shop', @at, '--conf', "$dir/elsewhere");
is $r->{code}, 1, 'a directory that nginx does not read';
like $r->{err}, qr{does not read \Q$dir\E/elsewhere/.*--conf is for}s,
    'is told';
is join(' ', files(), glob "$dir/elsewhere/*"), '', 'and nothing is left';

symlink "$dir/sites", "$dir/linked";
$r = setup('linked', @at, '--conf', "$dir/linked");
is $r->{code}, 0, 'one that it reads by another name' or diag $r->{err};
unlink glob "$dir/{data,etc,sites}/*";

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

subtest 'without its token' => sub {
    my $digest = $t->read_file('etc/shop.sha256');

    unlink "$dir/etc/shop.token";
    $r = setup('shop', @at);
    is $r->{code}, 0, 'the gate is well';
    like $r->{out}, qr{^gone   \Q$dir\E/etc/shop\.token: }m, 'which is told';
    like $r->{err}, qr{remove \Q$dir\E/etc/shop\.sha256, and run this again},
        'and how there is another one';
    is $t->read_file('etc/shop.sha256'), $digest, 'its digest stays';
    ok !-e "$dir/etc/shop.token", 'nothing is made';

    unlink "$dir/etc/shop.sha256";
    $r = setup('shop', @at);
    is $r->{code}, 0, 'without both';
    is join(' ', $r->{out} =~ m{^made   \Q$dir\E/(\S+): }mg),
        'etc/shop.token etc/shop.sha256', 'both are made';
    like $r->{out}, qr/^nginx has loaded it\.$/m, 'and loaded';

    my $new = $t->read_file('etc/shop.token') =~ s/\n\z//r;

    ok $t->wait_for(sub {
        $t->get('/keys', port => $t->port('ADMIN'),
            headers => [ "Authorization: Bearer $new" ])->{status} == 200
    }), 'the new one opens the admin API';

    unlink "$dir/etc/shop.sha256";
    $r = setup('shop', @at);
    is $r->{code}, 1, 'without the digest nginx does not start';
    like $r->{out}, qr{^gone   \Q$dir\E/etc/shop\.sha256: }m, 'which is told';
    like $r->{err}, qr{remove \Q$dir\E/etc/shop\.token, and run this again},
        'and how there is another one';
    is $t->read_file('etc/shop.token'), "$new\n", 'the token stays';
    unlink "$dir/etc/shop.token";
    is setup('shop', @at)->{code}, 0, 'and there it is';
};

subtest 'another one, in an nginx that runs' => sub {
    $r = setup('other', @at);
    is $r->{code}, 1, 'not where the first one is';
    like $r->{err}, qr/^keygate: --listen: .*\nkeygate: --listen-admin: .*\n\z/,
        'which is told of both places';
    unlike join(' ', files()), qr/other/, 'nothing is made';

    my @other = (@at, '--listen', $t->port('OTHER'),
        '--listen-admin', $t->port('OTHERADMIN'));

    $r = setup('other', @other, '--quiet');
    is $r->{code}, 0, 'is made' or diag $r->{err};
    like $r->{out}, qr/\Acurl -i http:\/\/127\.0\.0\.1:\d+\/v1\/me .*\n\z/,
        'nothing is printed but the request';
    chomp(my $curl = $r->{out});
    like `$curl 2>/dev/null`, qr{^HTTP/1\.1 200 },
        'which is answered: nginx has loaded it';

    my $site = $t->read_file('sites/keygate-other.conf');
    my ($gate, $admin) = map { $t->port($_) } qw(OTHER OTHERADMIN);

    like $site, qr/^    listen   $gate;$/m, 'a port is one of all addresses';
    like $site, qr/^    listen  127\.0\.0\.1:$admin;$/m,
        'but for the admin API, which is on this machine only';
};

# its master is stopped, so that it does not take the signal

subtest 'an nginx that does not load it' => sub {
    kill 'STOP', $t->{master};
    $r = setup('slow', @at, '--listen', $t->port('SLOW'), '--listen-admin',
        $t->port('SLOWADMIN'));
    is $r->{code}, 1, 'which is waited for';
    like $r->{err}, qr/does not listen on \d+ yet: its error log says why\n\z/,
        'is told';
    like $r->{out}, qr/^nginx was told to load it\.$/m, 'of what was made';

    my ($curl) = $r->{out} =~ /^  (curl .*)\n\z/m;

    kill 'CONT', $t->{master};
    ok $t->wait_for(sub { `$curl 2>/dev/null` =~ m{^HTTP/1\.1 200 } }),
        'what was made stays, and is loaded in the end';
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
    $r = setup('third', @at, '--listen', $t->port('THIRD'),
        '--listen-admin', $t->port('THIRDADMIN'));
    is $r->{code}, 5, 'a link to nothing is not taken either';
    ok !-e "$dir/target", 'nor written through';
    unlink "$dir/data/third.jsonl";
};

subtest 'an empty journal' => sub {
    my @empty = (@at, '--listen', $t->port('EMPTY'), '--listen-admin',
        $t->port('EMPTYADMIN'));
    my $journal = "$dir/data/empty.jsonl";

    $t->write_file('data/empty.jsonl', '');
    chown((getpwnam $user)[2, 3], $journal) if $> == 0;
    chmod 0640, $journal;

    my @before = (stat $journal)[1, 2, 4, 5];

    $r = setup('empty', @empty, '--conf', "$dir/elsewhere");
    is $r->{code}, 1, 'a site that is not read';
    ok -z $journal, 'it stays empty';

    $r = setup('empty', @empty);
    is $r->{code}, 0, 'is where a gate begins' or diag $r->{err};
    is join(' ', (stat $journal)[1, 2, 4, 5]), "@before",
        'it is the same file, of the same owner and mode';

    my ($curl) = $r->{out} =~ /^  (curl .*)\n\z/m;

    ok $curl, 'a request is told';
    ok $t->wait_for(sub { `$curl 2>/dev/null` =~ m{^HTTP/1\.1 200 } }),
        'which is answered';

    $r = setup('empty', @empty);
    like $r->{out}, qr/A key of that journal opens it/, 'once';
    is $t->read_file('data/empty.jsonl') =~ tr/\n//, 2, 'nothing is added';
    $t->write_file('data/hollow.jsonl', '');
    $t->write_file('sites/keygate-hollow.conf', "# mine\n");
    $r = setup('hollow', @at);
    is $r->{code}, 0, 'one of a gate that is there';
    ok -z "$dir/data/hollow.jsonl", 'stays empty';
    unlike $r->{out}, qr/A key of that/, 'nothing is said of its keys';

    my @commands = $r->{out} =~ /^  keygate (.*)$/mg;

    is scalar @commands, 2, 'but two commands';
    is $c->run(map { s/^'|'$//gr } /'[^']*'|\S+/g)->{code}, 0, "$_: 0"
        for @commands;
    is_deeply((JSON::PP->new->decode((split /\n/,
        $t->read_file('data/hollow.jsonl'))[1])->{key}{scopes}),
        [ 'read' ], 'which make a key that may read');
    unlink "$dir/sites/keygate-hollow.conf";
};

subtest 'a key that cannot be shown' => sub {
    for my $as ([], ['--json'], ['--quiet']) {
        my $name = 'full' . join '', map { s/-//gr } @$as;

        open my $full, '>', '/dev/full' or die;
        $r = $c->run('setup', $name, @at, '--listen', $t->port("F$name"),
            '--listen-admin', $t->port("A$name"), @$as,
            { stdout => $full, env => { PATH => "$dir/bin:$ENV{PATH}" } });
        is $r->{code}, 5, "@$as: 5";
        like $r->{err}, qr/^keygate: (${name}_\w{6}) was made, but its secret/m,
            'which one it is';

        my ($command) = $r->{err} =~ /"keygate (rotate [^"]*)"/;

        is $c->run(map { s/^'|'$//gr } ($command // '') =~ /'[^']*'|\S+/g)
            ->{code}, 0, 'and how there is another secret';
    }
};

subtest 'places that are relative' => sub {
    my $r = $c->json('setup', 'near', '--data', 'data', '--etc', 'etc/',
        '--conf', './sites', '--listen', $t->port('NEAR'),
        '--listen-admin', $t->port('NEARADMIN'),
        { env => { PATH => "$dir/bin:$ENV{PATH}" } });

    is $r->{journal}, "$dir/data/near.jsonl", 'are of where one is';
    is $r->{token_file}, "$dir/etc//near.token", 'each of them';
    is $r->{site}, "$dir/./sites/keygate-near.conf", 'the site, too';

    my $site = $t->read_file('sites/keygate-near.conf');

    like $site, qr{ journal=\Q$dir\E/data/near\.jsonl;},
        'and so they are to nginx: the journal';
    like $site, qr{ token=\Q$dir\E/etc//near\.sha256;}, 'the token';
    ok $t->wait_for(sub { `$r->{request} 2>/dev/null` =~ m{^HTTP/1\.1 200 } }),
        'a key of it is answered';
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
