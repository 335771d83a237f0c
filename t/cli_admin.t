#!/usr/bin/perl

# keygate list --admin: keys and when they were last used, from the gateway;
# and a server that is not one.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;

use Keygate;
use Keygate::Command;

plan skip_all => 'no keygate command is built'
    if !-x $Keygate::Command::binary;

my $json = JSON::PP->new->utf8->canonical;
my $c = Keygate::Command->new;

$c->write('token', "secret-token\n");


sub ago {
    return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_[0] * 86400));
}


sub key {
    my ($id, %o) = @_;

    return { id => $id, account => 'acc', name => "Key $id", scopes => ['a'],
             created_at => ago(100), last_used_at => undef, %o };
}

my @keys = (
    key('never'), key('young', created_at => ago(1)),
    key('today', last_used_at => ago(0)), key('old', last_used_at => ago(40)),
    key('revoked', revoked_at => ago(2)), key('expired', expires_at => ago(1)),
    map { key("more$_", last_used_at => ago(1)) } 1 .. 250,
);

my %answers = (
    '/none'  => "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
    '/short' => "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"data\":[",
    '/text'  => "HTTP/1.1 200 OK\r\n\r\nhello",
    '/other' => "HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"id\":\"a\\u001bb\"}]}",
    '/empty' => '',
);


sub answer {
    my ($head) = @_;

    my ($path, $query) = $head =~ m{^GET ([^? ]*)/keys\?(\S*) HTTP/1\.1\r\n}
        or return "HTTP/1.1 400 Bad Request\r\n\r\n";

    return $answers{$path} if exists $answers{$path};
    return "HTTP/1.1 401 Unauthorized\r\n\r\n"
        if $head !~ /^Authorization: Bearer secret-token\r$/m;

    my %q = map { /^(.*?)=(.*)/ } split /&/, $query;
    my ($from) = ($q{cursor} // '') =~ /^c%2F(\d+)$/;
    my @page = @keys[($from // 0) .. $#keys];

    splice @page, 100;

    my $next = ($from // 0) + @page;
    my $body = $json->encode({ data => ($q{account} // 'acc') eq 'acc'
                                       ? \@page : [],
        next_cursor => $next < @keys ? "c/$next" : undef });

    return "HTTP/1.1 200 OK\r\nContent-Length: " . length($body)
           . "\r\n\r\n$body";
}

my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 8,
    LocalPort => Keygate::free_port(), ReuseAddr => 1) or die;
my $url = 'http://127.0.0.1:' . $listen->sockport;
my $server = fork // die;

if ($server == 0) {
    while (my $s = $listen->accept) {
        my $head = '';

        while ($head !~ /\r\n\r\n/) {
            sysread($s, $head, 4096, length $head) or last;
        }

        print $s answer($head);
        close $s;
    }

    POSIX::_exit(0);
}

my @admin = ('--admin', $url, '--token-file', 'token');

my $r = $c->run('list', @admin);
is($r->{code}, 0, 'keys of a gateway');
like($r->{out}, qr/^ID +ACCOUNT +STATE +CREATED +EXPIRES +LAST USED/,
     'with when they were used');
is(() = $r->{out} =~ /\n/g, 1 + @keys, 'all pages of them');
is_deeply([ map { $_->{id} } @{$c->json(qw(list --unused-for 30d), @admin)} ],
          [qw(never old)], 'not used for 30 days');
is(scalar @{$c->json(qw(list --older-than 30d --live), @admin)}, 253,
   'older than 30 days');
is(scalar @{$c->json(qw(list --account other), @admin)}, 0, 'of an account');
is(scalar @{$c->json(qw(list --account a:b.c@d), @admin)}, 0,
   'of any account');
is($c->run(qw(list --account), 'a&b=c d', @admin)->{code}, 2,
   'not of what is none');
is($c->run('list', '--admin', "$url/", '--token-file', '-',
           { stdin => 'secret-token' })->{code}, 0, 'the token from stdin');
is($c->run('list', @admin, { env => { KEYGATE_JOURNAL => undef } })->{code},
   0, 'without a journal');

$c->write('wrong', 'other');
$c->write('nothing', "\n");
$c->write('words', "a b\n");

for my $case (
    [ 'a wrong token', 1, '', 'wrong' ], [ 'no token', 2, '', 'nothing' ],
    [ 'not a token', 2, '', 'words' ], [ 'no token file', 5, '', 'absent' ],
    [ 'not the admin API', 1, '/none' ], [ 'half an answer', 5, '/short' ],
    [ 'not JSON', 1, '/text' ], [ 'not keys', 1, '/other' ],
    [ 'no answer', 5, '/empty' ],
) {
    $r = $c->run('list', '--admin', $url . $case->[2], '--token-file',
                 $case->[3] // 'token');
    is($r->{code}, $case->[1], $case->[0]);
    like($r->{err}, qr/^keygate: \S/, "$case->[0]: is told");
    unlike($r->{out} . $r->{err}, qr/secret-token|\x1b/, "$case->[0]: no more");
}

is($c->run('list', '--admin', $_, '--token-file', 'token')->{code}, 2,
   "not a URL: $_")
    for 'ftp://127.0.0.1/', '127.0.0.1:80', 'http://', 'http:///a',
        'http://a@127.0.0.1/', 'http://a:b/',
        "$url/?x", "$url/ x", 'http://[::1';

kill 'TERM', $server;
waitpid $server, 0;
close $listen;
is($c->run('list', @admin)->{code}, 5, 'nobody listens');

# -- a real one

my $done;

SKIP: {
    skip 'no module is built', 1
        if $Keygate::module ne '' && !-e $Keygate::module;

    require Keygate::Items;

    my $t = Keygate->new(conf => Keygate::Items::items_conf() . <<'END');
    server {
        listen 127.0.0.1:%%ADMIN%%;
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate cert.pem;
        ssl_certificate_key key.pem;
        location /a/ { keygate_admin items token=admin.sha256; }
    }
END
    my $g = Keygate::Command->new(dir => $t->{dir});

    $t->write_file('admin.token', "the-token-of-this-test\n");
    $t->write_file('admin.sha256', $g->run(qw(hash --bare),
        { stdin => "the-token-of-this-test\n" })->{out});

    $t->write_certificate;

    my ($code, $text) = $t->check_conf;

    if ($code != 0) {
        $t->{finished} = 1;
        skip "nginx has no admin API yet: $text", 1
            if $text =~ /unknown directive/;
        fail("the admin API: $text");
        last SKIP;
    }

    $g->run(qw(account put acc --name A));

    my @made = map {
        $g->json(qw(create --account acc --scope items:read --name), "K$_")
    } 1 .. 120;

    $t->secret('a credential', $_->{secret}) for @made;
    $t->start;

    my @real = ('--admin', 'http://127.0.0.1:' . $t->port('ADMIN') . '/a',
                '--token-file', 'admin.token');

    is(scalar @{$g->json('list', @real)}, 120, 'the keys of a real one');
    is($t->status('/v1/items', key => $made[7]{secret}), 200, 'one is used');
    is_deeply([ map { $_->{id} } grep { $_->{last_used_at} }
                @{$g->json('list', @real)} ], [ $made[7]{id} ],
              'which it knows');

    # over TLS, and never to a proxy for what is on this machine

    my @tls = ('--admin', 'https://127.0.0.1:' . $t->port('TLS') . '/a',
               @real[2, 3]);
    my $untrusted = $g->run('list', @tls);

    is($untrusted->{code}, 5, 'no authority knows it');
    like($untrusted->{err}, qr{^keygate: https://\S+: .*certificate}i,
         'and that is told');
    is(scalar @{$g->json('list', @tls,
                         { env => { SSL_CERT_FILE => "$t->{dir}/cert.pem",
                                    https_proxy => 'http://127.0.0.1:1' } })},
       120, 'over TLS');

    $t->done;
    $done = 1;
}

done_testing() if !$done;
