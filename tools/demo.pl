#!/usr/bin/perl

# "make run": nginx with the configurations of conf.d, in the foreground, with
# keys that were made a moment ago.  The arguments are the build directory and,
# for the test of this, what to add to all ports.

use strict;
use warnings;

use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use POSIX ();

use Keygate::Demo;
use Keygate::Prometheus;

my $build = abs_path($ARGV[0] // "$demo_root/build");
my $shift = $ARGV[1] // demo_port();
my $dir = "$build/run" . ($shift || '');
my @apis = qw(cooledge coolset crewkeel);
my @conf = (@apis, qw(handlers admin portal));

umask 0077;
mkdir $dir;
system('rm', '-rf', glob("$dir/*.jsonl $dir/prometheus"));

my $journal = demo_journal($dir, @apis);

demo_account($journal, $_) for @apis;

my $cooledge = demo_key($journal, 'cooledge', 'ck_live_',
                        qw(customers:read jobs:read));
my $coolset = demo_key($journal, 'coolset', 'sk_live_', 'read');
my $crewkeel = demo_key($journal, 'crewkeel', 'ck_live_',
                        qw(jobs:read documents:write));
my $admin = demo_token();

demo_taken($shift, $shift + 8080, @conf);

unlink "$dir/portal";
symlink "$demo_root/src/portal", "$dir/portal" or die "$dir/portal: $!\n";

demo_file("$dir/admin.sha256", sha256_hex($admin) . "\n");

my @command = demo_nginx($dir, $build, demo_conf($dir, $shift, \@conf));

$| = 1;
print demo_ports(<<"END", $shift);

Cooledge on 127.0.0.1:8080, with a key that may read customers and jobs

  200, the caller's identity:
    curl -i http://127.0.0.1:8080/api/v1/me -H "X-Api-Key: $cooledge"

  200, the handler's JSON:
    curl -i http://127.0.0.1:8080/api/v1/customers -H "X-Api-Key: $cooledge"

  401, no key:
    curl -i http://127.0.0.1:8080/api/v1/customers

  403, a scope is missing:
    curl -i http://127.0.0.1:8080/api/v1/invoices -H "X-Api-Key: $cooledge"

  429, after 120 requests within a minute:
    for i in `seq 125`; do curl -s -o /dev/null -w '%{http_code} ' \\
      http://127.0.0.1:8080/api/v1/jobs -H "X-Api-Key: $cooledge"; done; echo

Coolset on 127.0.0.1:8081, with a token that may read

    curl -i http://127.0.0.1:8081/api/orders/ \\
      -H "Authorization: Bearer $coolset"

CrewKeel on 127.0.0.1:8082: 201, then 403, for sending takes another scope

    curl -i http://127.0.0.1:8082/api/v1/estimates -d '{"job":"J-1042"}' \\
      -H "Authorization: Bearer $crewkeel"

    curl -i http://127.0.0.1:8082/api/v1/estimates \\
      -d '{"job":"J-1042","send":true}' -H "Authorization: Bearer $crewkeel"

The admin API on 127.0.0.1:8090: the keys, a new one, which is shown this once

    curl -i http://127.0.0.1:8090/cooledge/keys \\
      -H "Authorization: Bearer $admin"

    curl -i http://127.0.0.1:8090/cooledge/keys \\
      -H "Authorization: Bearer $admin" \\
      -H "Content-Type: application/json" \\
      -d '{"account":"biz_8f2a1c9e","name":"Zapier","scopes":["jobs:read"]}'

  and what is counted:
    curl -i http://127.0.0.1:8090/metrics

The page at which customers make their keys, for a browser

    http://127.0.0.1:8091/

The journals and logs are in $dir.  Ctrl-C stops it all.

END

# the dashboard, as a table, where there is a Prometheus

if (Keygate::Prometheus::binary()) {
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        exec $^X, (map { "-I$_" } @INC), "$demo_root/tools/dashboard.pl", $dir,
            8093 + $shift, '127.0.0.1:' . (8090 + $shift)
            or POSIX::_exit(127);
    }

} else {
    print "With the package prometheus, what the dashboard shows is printed "
          . "here\nafter the first requests.\n\n";
}

exec @command or die "$demo_nginx: $!\n";
