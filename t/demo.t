#!/usr/bin/perl

# "make run" does what it prints: every curl line of it, as a newcomer pastes
# it.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Path ();
use File::Temp qw(tempdir);
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Prometheus;

my $dir = tempdir('keygate-XXXXXXXX', TMPDIR => 1);
my ($shift) = grep { Keygate::take_demo($_) }
              map { 11000 + 120 * $_ } 0 .. 5;

$ENV{TEST_NGINX_MODULE} = $Keygate::module;
$ENV{ASAN_OPTIONS} = "detect_leaks=0:log_path=$dir/sanitizer";

my $pid = open my $out, '-|';

die "fork: $!\n" if !defined $pid;

if ($pid == 0) {
    POSIX::setpgid(0, 0);
    open STDERR, '>', "$dir/stderr";
    exec $^X, "-I$Bin/lib", "$Bin/../tools/demo.pl", $dir, $shift
        or POSIX::_exit(127);
}

my $text = '';

while (my $line = <$out>) {
    $text .= $line;
    last if $line =~ /Ctrl-C/;
}

my $port = 8080 + $shift;

like($text, qr/Cooledge on 127\.0\.0\.1:$port/, 'it says where');

for (1 .. 500) {
    last if IO::Socket::INET->new("127.0.0.1:$port");
    select undef, undef, undef, 0.02;
}

# a command is what is indented by four, up to the next empty line; a loop and
# continuation lines are one

my @blocks = $text =~ /^ {4}((?:curl|for) .*(?:\n {4,}.*)*)$/mg;

is(scalar @blocks, 11, 'eleven things to paste');

my @status;
my @body;

for my $command (@blocks) {
    my $answer = `( $command ) 2>/dev/null`;

    push @status, $answer =~ m{^HTTP/\S+ (\d+)} ? $1 : $answer;
    push @body, $answer =~ s/.*?\r\n\r\n//sr;
}

is($status[0], 200, 'the identity');
like($body[0], qr/Brightline/, 'with the business');
is($status[1], 200, "the handler's JSON");
like($body[1], qr/"data"/, 'a list');
is($status[2], 401, 'no key');
is($status[3], 403, 'a scope is missing');
like($body[3], qr/invoices:read/, 'which is named');
like($status[4], qr/^(?:200 ){115,120}(?:429 ){5,10}\n$/, 'too many');
is($status[5], 200, 'Coolset');
is($status[6], 201, 'CrewKeel');
is($status[7], 403, 'CrewKeel: sending takes another scope');

is($status[8], 200, 'the admin API');
like($body[8], qr/"name":"Demo"/, 'lists the key of the demo');
unlike($body[8], qr/digest/, 'not its digest');
is($status[9], 201, 'a new key');

my ($key) = $body[9] =~ /"secret":"([^"]+)"/;
my $url = "http://127.0.0.1:$port/api/v1/jobs";

like(`curl -s -i $url -H "X-Api-Key: $key"`, qr{^HTTP/\S+ 200 },
     'which works at once');

# the page for developers, whose address is not to be pasted into a shell

my ($site) = $text =~ m{^ {4}(http://127\.0\.0\.1:\d+)/$}m;
my $session = "$site/settings/developers/api/session";

like(`curl -s -i $site/settings/developers/`,
     qr{^HTTP/\S+ 200 .*trusted-types 'none'.*<keygate-keys api="api/">}s,
     'the page for developers');
like(`curl -s $session -b sample=mia`, qr/"name":"Brightline Heating/,
     'knows the account of a sample user');
like(`curl -s -i $session`, qr{^HTTP/\S+ 401 }, 'and serves nobody else');
like(`curl -s $site/operators/api/accounts -b sample=olga`,
     qr/"id":"biz_8f2a1c9e"/, 'an operator sees all accounts');
like(`curl -s -i $site/operators/api/accounts -b sample=mia`,
     qr{^HTTP/\S+ 401 }, 'which a customer does not');
is($status[10], 200, 'the metrics');
like($body[10], qr/api="crewkeel"/, 'of all of them');

SKIP: {
    skip 'prometheus is not installed', 4 if !Keygate::Prometheus::binary();

    my $table = '';
    my $client = fork // die "fork: $!\n";

    # until Prometheus has looked twice
    if ($client == 0) {
        while (getppid != 1) {
            system("( $blocks[2]; $blocks[5] ) >/dev/null 2>&1");
        }

        POSIX::_exit(0);
    }

    while (my $line = <$out>) {
        $table .= $line;
        last if $line =~ /^ +Running /;
    }

    kill 'KILL', $client;
    waitpid $client, 0;

    like($table, qr/^What the dashboard shows, by Prometheus on http/m,
         'the dashboard, as a table');
    like($table, qr/^Traffic\n +Decisions +cool\w+ +[\d.]+ reqps$/m,
         'of the requests that were made');
    like($table, qr/^Refusals\n +Refusals by reason +\w+ +[\d.]+ /m,
         'those that were refused');
    like($table, qr/^ +Running +keygate [\d.]+, nginx [\d.]+ +1 /m,
         'and what runs');
}

kill 'INT', $pid;
waitpid $pid, 0;
is($?, 0, 'Ctrl-C stops it');

open my $f, '<', "$dir/stderr";
my @errors = grep { /\[(?:alert|emerg|crit|error)\]/ && !/ keygate: refused / }
             <$f>;
push @errors, glob "$dir/sanitizer*";
is("@errors", '', 'nothing went wrong');

File::Path::remove_tree($dir) if Test::More->builder->is_passing;

done_testing();
