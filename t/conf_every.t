#!/usr/bin/perl

# Every directive of docs/directives.md, where it does not belong, without a
# word, with too many, with a word that is none, and twice: "nginx -t" refuses
# it, with file and line.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;

use Keygate;

my $t = Keygate->new;

$t->write_file('token', '0' x 64 . "\n");

# What is right, by place.

my %right = (
    http => {
        keygate_zone => 'keys:1m journal=keys.jsonl',
    },
    api => {
        zone => 'keys', credential => 'header X-Api-Key',
        key_format => 'tk_ id=6 secret=24', base => '/api',
        account => 'business slug', scope => 'items:read "Read items"',
        plan => 'free', require => 'x', rate => '120r/m',
        rate_headers => 'draft', route => 'GET /v1/x any',
        when => 'POST /v1/x body.a items:read', errors => 'problem',
        error => 'rate_limited "title=Slow"',
        problem_types => 'https://example.com/problems/',
        preflight => 'off', encoded_slash => 'deny', unmatched => 'deny',
        pass_credential => 'off',
    },
    location => {
        keygate => 'items', keygate_dry_run => 'on',
        keygate_log_level => 'info', keygate_recheck => '5s',
        keygate_errors => 'items', keygate_errors_inspect => '16k',
    },
    handler => {
        keygate_auth => '', keygate_me => '', keygate_scopes => '',
        keygate_metrics => '', keygate_ready => '',
        keygate_admin => 'items token=token',
        keygate_portal => 'items account=$account user=$user',
    },
    store => {
        server => '127.0.0.1:6379', sentinel => 'mymaster',
        cluster => 'on', database => '0', prefix => 'kg',
        user => 'gate password=token', password => 'token', ssl => 'on',
        timeout => '1s', connect_timeout => '1s', ack => 'auto',
        node => 'one', retain => '1000',
    },
);

# What an API, and a server, have besides.

my $rest = 'zone keys; credential header X-Api-Key; '
           . 'key_format tk_ id=6 secret=24; scope items:read; '
           . 'route GET /v1/y items:read;';
my $zone = "keygate_zone keys:1m journal=keys.jsonl;\n";
my $maps = "map \$cookie_a \$account { default a; }\n"
           . "map \$cookie_b \$user { default b; }\n";

# What is no mistake.

my %fine = map { $_ => 1 } 'account, more words', 'plan, more words',
    map { "$_, no word" } qw(keygate_auth keygate_me keygate_scopes
        keygate_metrics keygate_ready);


# The lines in their place.

sub conf {
    my ($place, $name, $lines) = @_;

    my $api = $rest;

    if ($place eq 'http') {
        return "$lines\n";

    } elsif ($place eq 'api') {
        $api =~ s/\b\Q$name\E [^;]*;//;
        return "${zone}keygate_api items {\n$lines\n$api\n}\n";

    } elsif ($place eq 'store') {
        my $server = $name eq 'server' ? '' : 'server 127.0.0.1:6379;';

        return "keygate_store main {\n$lines\n$server\n}\n";
    }

    my $gate = $name =~ /_(?:auth|me|scopes)$/ ? 'keygate items;' : '';
    my ($before, $after) = $place eq 'server' ? ('', '')
                         : ("location /a/ {\n$gate\n", '}');

    return "$zone${maps}keygate_api items { $api }\n"
           . "server {\n$before$lines\n$after }\n";
}


sub refused {
    my ($what, $place, $name, $lines, $fine) = @_;

    my ($rc, $out) = $t->check_conf(conf($place, $name, $lines));

    return is($rc, 0, "$what: fine") || diag($out) if $fine;

    my ($message) = $out =~ /\[emerg\] (.*)$/m;

    ok($rc == 1 && defined $message
       && $message =~ m{ in \S+/check\.conf:\d+(?: \(.*\))?$}, $what)
        or diag("exit $rc\n$out");
}


for my $place (sort keys %right) {
    for my $name (sort keys %{$right{$place}}) {
        my $words = $right{$place}{$name};
        my $line = $name . ($words eq '' ? '' : " $words");
        my %wrong = ('no word' => "$name;", 'more words' =>
            "$line a b c d e f g;", 'a word that is none' =>
            "$name \"\x01\xff none\";", 'a block' => "$line { }");

        $wrong{twice} = "$line;\n$line;";
        refused("$name, $_", $place, $name, $wrong{$_}, $fine{"$name, $_"})
            for sort keys %wrong;

        # where it does not belong

        refused("$name in keygate_api", 'api', '', "$line;")
            if $place ne 'api';
        refused("$name in keygate_store", 'store', '', "$line;")
            if $place ne 'store';
        refused("$name in a location", 'location', '', "$line;")
            if $place =~ /http|api|store/ && $name !~ /^error$/;
        refused("$name in a server", 'server', '', "$line;")
            if $place eq 'handler';
    }
}

# each of the reference is here

my ($directives) = $t->read_file("$Keygate::root/docs/directives.md");
my %here = map { $_ => 1 } map { keys %$_ } values %right;
my @blocks = qw(keygate_api keygate_store);

is(join(' ', sort grep { !$here{$_} } $directives =~ /^### (\w+)$/mg),
   "@blocks", 'all of docs/directives.md is tried');

$t->done;
