package Bench::Gateway;

# The gateways that are compared: each from its file in peers/, on a port of
# its own, before the same upstream.

use strict;
use warnings;

use IO::Socket::INET;

use Bench::Process;

my $next = 15000;


# dir: for everything; root: the project; build: where the module is; cpus:
# [for the gateway, for all else], or undef; data: a Bench::Data.

sub new {
    my ($class, %o) = @_;

    return bless { nginx => $ENV{NGINX} // '/usr/sbin/nginx', %o }, $class;
}


sub upstream {
    my ($self) = @_;

    return $self->{upstream} //= $self->nginx('upstream', 'upstream.conf',
        cpus => $self->{cpus} ? $self->{cpus}[1] : undef);
}


# -- nginx, bare and with keygate

sub bare {
    my ($self, $name, %o) = @_;

    return $self->nginx($name // 'bare', 'nginx.conf', %o);
}


# keys: how many; size: of the zone; journal: another than the usual; rates,
# routes: lines in place of Cooledge's; usage: it is kept; gate: what the
# location says instead; server: more locations; store: where one is that all
# share, and node and limits for it.

sub keygate {
    my ($self, $name, %o) = @_;

    my $keys = $o{keys} // 1000;
    my $journal = $o{journal} // $self->{data}->journal($keys);
    my $size = $o{size} // zone_size($keys);

    my $store = $o{store} ? "    keygate_store main { server $o{store}; "
                            . "node $o{node}; }\n" : '';

    $o{parameters} = ' store=main limits=' . ($o{limits} // 'cluster')
        if $store;

    return $self->nginx($name, 'nginx.conf', %o, load =>
        "load_module $self->{build}/ngx_http_keygate_module.so;",
        api => "$store    keygate_zone keys:$size journal=$journal"
               . ($o{parameters} // '')
               . ($o{usage} ? " usage=$self->{dir}/usage" : '') . ";\n\n"
               . $self->api(%o),
        gate => $o{gate} // 'keygate cooledge;');
}


# Megabytes that hold that many keys, their accounts, and changes.

sub zone_size {
    my ($keys) = @_;

    return 16 + int($keys * 600 / 1024 / 1024) . 'm';
}


# Cooledge's contract as it ships, but for the rate, which is out of reach.

sub api {
    my ($self, %o) = @_;

    my $text = Bench::Process::slurp("$self->{root}/conf.d/cooledge.conf");
    my ($api) = $text =~ /^(keygate_api cooledge \{.*?^\}\n)/ms
        or die "no keygate_api in conf.d/cooledge.conf\n";
    my $rates = $o{rates} // 'rate 1000000r/m;';

    $api =~ s/^    zone .*;$/    zone keys;/m;
    $api =~ s/^    rate .*;$/    $rates/m or die "no rate\n";
    $api =~ s/^    route .*;\n//mg if $o{routes};
    $api =~ s/^\}/$o{routes}}/m if $o{routes};
    $api =~ s/^(?=.)/    /mg;

    return $api;
}


# -- Peers

sub lua {
    my ($self, $keys) = @_;

    return $self->nginx('lua', 'lua.conf', keys => $self->{data}->lua($keys));
}


sub native {
    my ($self, $keys) = @_;

    return $self->nginx('native', 'native.conf',
        keys => $self->{data}->native($keys));
}


sub haproxy {
    my ($self, $keys) = @_;

    my %o = $self->place('haproxy',
        keys => $self->{data}->haproxy($keys));

    return Bench::Process->start(%o, workers => 0, command =>
        [ $ENV{HAPROXY} // '/usr/sbin/haproxy', '-db', '-f',
          $self->write('haproxy.cfg', \%o) ]);
}


# -- Starting

# wrap: a command that runs nginx, which then is one process.

sub nginx {
    my ($self, $name, $file, %o) = @_;

    %o = $self->place($name, %o);
    $o{workers} //= 1;

    my $wrapped = $o{wrap} ? 1 : 0;

    $o{processes} = $wrapped ? 'master_process off;'
                             : "worker_processes $o{workers};";

    my @command = ($self->{nginx}, '-p', "$o{dir}/", '-e', "$o{dir}/error.log",
                   '-c', $self->write($file, \%o));

    return Bench::Process->start(%o, workers => $wrapped ? 0 : $o{workers},
        command => [ @{$o{wrap} || []}, @command ]);
}


# "nginx -t" with a configuration of keygate's: what it logs.

sub test {
    my ($self, $name, %o) = @_;

    my $keys = $o{keys};
    my $size = $o{size} // zone_size($keys);
    my %p = $self->place($name, load =>
        "load_module $self->{build}/ngx_http_keygate_module.so;",
        api => "    keygate_zone keys:$size journal=$o{journal};\n\n"
               . $self->api(%o), gate => 'keygate cooledge;');

    $p{processes} = '';

    my $path = $self->write('nginx.conf', \%p);

    return scalar `$self->{nginx} -t -p $p{dir}/ -e stderr -c $path 2>&1`
           . Bench::Process::slurp("$p{dir}/error.log");
}


sub place {
    my ($self, $name, %o) = @_;

    my $dir = "$self->{dir}/$name";

    system('rm', '-rf', $dir);
    mkdir $dir;
    mkdir "$dir/temp";

    $o{cpus} = $self->{cpus}[0] if $self->{cpus} && !exists $o{cpus};

    return (name => $name, dir => $dir, port => free_port(), %o);
}


sub free_port {
    while ($next < 16000) {
        my $port = $next++;

        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1',
            LocalPort => $port, Listen => 1, ReuseAddr => 1);
    }

    die "no free port\n";
}


sub write {
    my ($self, $file, $o) = @_;

    my $text = Bench::Process::slurp("$self->{root}/t/bench/peers/$file");
    my %value = (
        USER => $> == 0 ? 'user root;' : '',
        UPSTREAM => $self->{upstream} ? $self->{upstream}{port} : '',
        BENCH => "$self->{root}/t/bench", LOAD => '', API => '', GATE => '',
        LISTEN => '', SERVER => '', map { uc $_ => $o->{$_} } keys %$o,
    );

    $text =~ s/%%([A-Z]+)%%/$value{$1} \/\/ die "$file: $1\n"/ge;

    my $path = "$o->{dir}/$file";

    open my $f, '>', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";

    return $path;
}


1;
