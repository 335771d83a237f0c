#!/usr/bin/perl

# conf.d/homes: nginx as a container has it, as another user, on a file system
# that is read-only, without a capability; with what systemd leaves to it; and
# what is said to Kubernetes.

use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use File::Copy ();
use JSON::PP ();
use POSIX ();
use Test::More;

use Keygate;
use Keygate::Items;

plan skip_all => 'only root can become another user' if $> != 0;

for my $command ('unshare -m true', 'setpriv --version') {
    plan skip_all => "here is no $command"
        if system("$command >/dev/null 2>&1") != 0;
}

my $root = $Keygate::root;
my $t = Keygate->new;
my $dir = $t->{dir};
my $nginx = $Keygate::Server::binary;
my $uid = 33;


sub home {
    my ($name) = @_;

    return $t->read_file("$root/conf.d/homes/$name");
}


# Paths and ports of a container, to those of this test.

sub here {
    my ($text) = @_;

    $text =~ s{/tmp/}{$dir/tmp/}g;
    $text =~ s{/var/lib/keygate/}{$dir/keys/}g;
    $text =~ s{/etc/keygate/}{$dir/etc/}g;
    $text =~ s{(listen +)(\d+);}{${1}127.0.0.1:%%P$2%%;}g;
    $text =~ s{127\.0\.0\.1:3000}{127.0.0.1:%%SERVICE%%};

    return $t->expand($text);
}


# What the kernel says of a process.

sub kernel {
    my ($pid, $name) = @_;

    return ($t->read_file("/proc/$pid/status") =~ /^$name:\s*(.*)$/m)[0];
}


# -- The container's nginx, with the gate of the ConfigMap

my ($gate) = home('kubernetes.yaml')
             =~ /^  gate\.conf: \|\n((?: {4}.*\n|\n)+)/m;
my $module = '';

if ($Keygate::module ne '') {
    File::Copy::copy($Keygate::module, "$dir/module.so") or die "$!\n";
    $module = "load_module $dir/module.so;";
}

mkdir "$dir/$_" for qw(tmp keys etc etc/conf.d);
chown $uid, $uid, map { "$dir/$_" } qw(tmp keys);
$t->write_file('etc/conf.d/gate.conf', here($gate =~ s/^    //mgr));
$t->write_file('etc/nginx.conf', here(home('nginx.conf'))
    =~ s{^include +/etc/nginx/modules-enabled.*}{$module}mr);

# pipes are what a container has there; a file of everybody is the same
chmod 0666, map { $t->write_file($_, '') } qw(out.log err.log);

my $service = Keygate::Upstream->start(port => $t->port('SERVICE'),
                                       log => "$dir/upstream.jsonl");

my ($user) = home('Dockerfile') =~ /^USER (\d+):\d+$/m;

is($user, $uid, 'the image says which user');

my @entry = @{JSON::PP->new->decode(
    (home('Dockerfile') =~ /^ENTRYPOINT (.*)$/m)[0])};
my @command = @{JSON::PP->new->decode(
    (home('Dockerfile') =~ /^CMD (.*)$/m)[0])};

s{^/etc/keygate/}{$dir/etc/} for @entry;
$entry[0] = $nginx;

my $pid = fork // die "fork: $!\n";

END {
    my $status = $?;

    kill 'TERM', $pid if $pid && kill 0, $pid;
    $service->stop if $service;
    $? = $status;
}

if ($pid == 0) {
    open STDOUT, '>>', "$dir/out.log";
    open STDERR, '>>', "$dir/err.log";
    $t->environment(0);

    exec 'unshare', '-m', 'sh', '-ec', <<'END', 'sh', $dir, $uid, @entry,
mount --make-rprivate /
mount --bind $1/tmp $1/tmp
mount --bind $1/keys $1/keys
mount -o remount,bind,ro /
user=$2
shift 2
exec setpriv --reuid=$user --regid=$user --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all "$@"
END
        @command or POSIX::_exit(127);
}

my $port = $t->port('P8080');

ok($t->wait_for(sub {
    (eval { $t->status('/v1/me', port => $port) } // '') eq 401
}, 20),
   'it starts, and nobody gets in without a key')
    or diag($t->read_file('err.log'));

is(kernel($pid, 'Uid'), join("\t", ($uid) x 4), 'as that user');
is(join(' ', map { kernel($pid, $_) =~ s/^0+$/0/r }
        qw(CapPrm CapEff CapBnd CapInh)), '0 0 0 0', 'without a capability');
is(kernel($pid, 'NoNewPrivs'), 1, 'and without a way to one');
like($t->read_file("/proc/$pid/mountinfo"), qr{^\S+ \S+ \S+ / / ro[ ,]}m,
    'on a file system that is read-only');
is((stat "$dir/keys/keys.jsonl")[4], $uid, 'the journal is there');

SKIP: {
    my $binary = $ENV{TEST_KEYGATE} // "$root/build/keygate";

    skip 'no keygate command is built', 7 if !-x $binary;

    my $journal = "--journal $dir/keys/keys.jsonl";
    my $said = `setpriv --reuid=$uid --regid=$uid --clear-groups sh -ec '
        $binary account put acc_1 --name One $journal --quiet
        $binary create --account acc_1 --name Key --scope read $journal \\
            --quiet --format "shop_ id=6 secret=24"' 2>&1`;
    my ($key) = $said =~ /^(shop_\w+)$/m;

    ok($key, 'the command makes a key there') or diag($said);
    $t->secret('the key', $key // 'none');

    ok($t->wait_for(sub {
        $t->status('/v1/me', key => $key, port => $port) eq 200
    }, 5), 'which is in force');
    is($t->status('/v1/orders', key => $key, port => $port), 200,
       'the service is asked');
    is($t->status('/v1/orders', key => $key, port => $port, method => 'POST',
                  body => '{}'), 403, 'but not for what takes more');

    my $r = $t->get('/auth', port => $t->port('P8086'), headers => [
        "X-Api-Key: $key", 'X-Forwarded-Method: GET',
        'X-Forwarded-Uri: /v1/orders' ]);

    is($r->{status}, 204, 'an ingress that asks is answered');
    is($r->header('X-Keygate-Account'), 'acc_1', 'with whose key it is');

    kill 'HUP', $pid;
    ok($t->wait_for(sub {
        $t->get('/metrics', port => $t->port('P8090'))->{body}
            =~ /^keygate_reloads_total\{zone="keys"\} 1$/m
    }, 20), 'it reads its configuration again');
    is($t->status('/v1/me', key => $key, port => $port), 200, 'and knows it');
}

is($t->get('/healthz', port => $t->port('P8090'))->{body}, "ok\n",
   'it is healthy');

kill 'QUIT', $pid;
waitpid $pid, 0;
is($?, 0, 'and ends in peace') or diag($t->read_file('err.log'));
undef $pid;
$service->stop;

my @bad = grep { !eval { JSON::PP->new->latin1->decode($_) } }
          split /\n/, $t->read_file('out.log');

is("@bad", '', 'its log is JSON');
unlike($t->read_file('err.log'), qr/\[(?:emerg|alert|crit)\]/,
    'and nothing was amiss') or diag($t->read_file('err.log'));


# -- What the image and the documents say

for my $copied (home('Dockerfile') =~ /^COPY (?!--)(\S+)/mg) {
    ok(-e "$root/$copied", "Dockerfile: $copied is there");
}

SKIP: {
    my $python = 'python3 -c "import json, sys, yaml; '
                 . 'json.dump(list(yaml.safe_load_all(sys.stdin)), '
                 . 'sys.stdout)"';
    my $text = `$python <'$root/conf.d/homes/kubernetes.yaml' 2>/dev/null`;

    skip 'no YAML for Python', 3 if $? != 0;

    my @documents = @{JSON::PP->new->utf8->decode($text)};

    is(join(' ', map { $_->{kind} } @documents),
        'ConfigMap PersistentVolumeClaim Service Deployment', 'Kubernetes');

    my $pod = $documents[-1]{spec}{template}{spec};
    my $container = $pod->{containers}[0];

    is_deeply([ map { $_ && $_ ne 'false' ? 1 : 0 }
                $pod->{securityContext}{runAsNonRoot},
                $container->{securityContext}{readOnlyRootFilesystem},
                $container->{securityContext}{allowPrivilegeEscalation} ],
              [ 1, 1, 0 ], 'no root, and nothing to write to');
    is(join(' ', $pod->{securityContext}{runAsUser},
            @{$container->{securityContext}{capabilities}{drop}}),
        "$uid ALL", 'and no capability');
}


# -- systemd: the capabilities that it leaves

my @left = map { lc s/^CAP_//r }
           map { split ' ' } home('systemd.conf')
           =~ /^CapabilityBoundingSet=(.*)$/mg;

my $set = join ',', '-all', map { "+$_" } @left;

local $Keygate::Server::binary = $t->write_file('nginx.sh', <<"END");
#!/bin/sh
exec setpriv --no-new-privs --bounding-set=$set --inh-caps=-all $nginx "\$@"
END
chmod 0755, "$dir/nginx.sh";

my $s = Keygate->new(conf => items_conf(), user => 'www-data');

mkdir "$s->{dir}/j";
chown $uid, $uid, "$s->{dir}/j";
chmod 0700, "$s->{dir}/j";
$s->{conf} =~ s{journal=keys}{journal=j/keys}
    or die 'the journal is elsewhere';
$s->{zones} = ['j/keys'];
$s->start;
is($s->status('/v1/items'), 401, 'with the capabilities that systemd leaves');
ok($s->reload, 'a reload, too');
is($s->status('/v1/items'), 401, 'is answered');

SKIP: {
    skip 'no systemd-analyze', 1
        if system('systemd-analyze --version >/dev/null 2>&1') != 0
           || !-e '/lib/systemd/system/nginx.service';

    mkdir "$dir/$_" for qw(units units/nginx.service.d);
    File::Copy::copy('/lib/systemd/system/nginx.service', "$dir/units")
        or die "$!\n";
    $t->write_file('units/nginx.service.d/keygate.conf', home('systemd.conf'));

    local $ENV{SYSTEMD_UNIT_PATH} = "$dir/units:";

    is(`systemd-analyze verify nginx.service 2>&1`
       =~ s/^(?!.*keygate\.conf).*\n//mgr, '', 'systemd knows all of it');
}

$_->done for $s, $t;
