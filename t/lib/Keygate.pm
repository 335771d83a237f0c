package Keygate;

# The harness of the black-box tests: a real nginx with keygate in a directory
# of its own, on ports of its own, so that any number of tests run at once.
#
#     my $t = Keygate->new(conf => $http_level_configuration);
#     my $key = $t->key(id => 'tk_AAAAAA', scopes => ['items:read']);
#     $t->start;
#     is $t->get('/v1/items', key => $key)->{status}, 200, 'what it means';
#     $t->done;
#
# In a configuration, %%NAME%% is a free port, the same one for the same name;
# %%DIR%% is the directory; "http2" of a listen becomes "http2 on;" where nginx
# has that.  done() also fails on alerts, on reports of a
# sanitizer, and on credentials and digests in any log, body or header.
#
# TEST_NGINX_BINARY: the nginx, by default the system's; TEST_NGINX_MODULE:
# the module, empty when it is built in; TEST_NGINX_MEMCHECK: nginx runs under
# valgrind, and each server is reloaded that often.

use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(:flock O_CREAT O_RDWR);
use File::Basename qw(dirname);
use File::Path ();
use File::Spec ();
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

use Keygate::Client;
use Keygate::Journal;
use Keygate::Server;

our @ISA = qw(Keygate::Journal Keygate::Server);

our $root = abs_path(dirname(abs_path(__FILE__)) . '/../..');

our $module = $ENV{TEST_NGINX_MODULE}
              // "$root/build/ngx_http_keygate_module.so";

my @running;
my %locks;


# conf: what goes into http {}; main: what goes before it; workers; reply: see
# Keygate::Upstream; origin: a quick upstream instead (Keygate::Origin); zones:
# names of zones, each with a journal NAME.jsonl; env: variables of nginx; user:
# of the workers; daemon: nginx puts itself into the background; reload_last:
# the test counts reloads, see TEST_NGINX_MEMCHECK; prompt: its disk answers at
# once, however much others write, where there is a file system in memory.

sub new {
    my ($class, %o) = @_;

    my $dir = tempdir('keygate-XXXXXXXX', $o{prompt} && -w '/dev/shm'
        ? (DIR => '/dev/shm') : (TMPDIR => 1));
    chmod 0755, $dir;

    my $self = bless {
        dir => $dir, workers => 1, conf => '', main => '', ports => {},
        seen => '', secrets => [], allowed => [], env => {},
        user => 'root', daemon => 0, %o,
    }, $class;

    mkdir "$dir/temp";
    $self->journal_create;

    push @running, $self;

    return $self;
}


# -- Ports and configuration

sub port {
    my ($self, $name) = @_;

    return $self->{ports}{$name // 'PORT'} //= free_port();
}


# A port that is free, and stays this process's until it ends.

sub free_port {
    for (1 .. 2000) {
        my $port = 18000 + int rand 1000;

        return $port if take_port($port);
    }

    die "no free port\n";
}


sub take_port {
    my ($port) = @_;

    return 0 if $locks{$port};

    sysopen my $lock, File::Spec->tmpdir . "/keygate-port-$port",
        O_CREAT | O_RDWR, 0666 or return 0;
    flock $lock, LOCK_EX | LOCK_NB or return 0;

    IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
        Listen => 1, ReuseAddr => 1) or return 0;

    $locks{$port} = $lock;

    return 1;
}


# All ports of a demo that is moved so far, as those that listen on more than
# one of them need: a port that is taken in the middle fails them all.

sub take_demo {
    my ($shift, $nodes) = @_;

    return !grep { !take_port($_ + $shift) }
        map { (8080 + 100 * $_) .. (8095 + 100 * $_) } 0 .. ($nodes // 1) - 1;
}


sub expand {
    my ($self, $text) = @_;

    $text =~ s/%%DIR%%/$self->{dir}/g;
    $text =~ s/%%([A-Z][A-Z0-9_]*)%%/$self->port($1)/ge;
    $text =~ s/^(\s*listen\s[^;\n]*) http2;/$1; http2 on;/mg
        if $self->version >= 1.025001;

    return $text;
}


sub write_file {
    my ($self, $name, $text) = @_;

    $name = "$self->{dir}/$name" if $name !~ m{^/};

    open my $f, '>', $name or die "$name: $!\n";
    binmode $f;
    print $f $text;
    close $f or die "$name: $!\n";

    return $name;
}


sub read_file {
    my ($self, $name) = @_;

    $name = "$self->{dir}/$name" if $name !~ m{^/};

    open my $f, '<', $name or return '';
    binmode $f;
    local $/;

    return <$f> // '';
}


# A file of conf.d, as it is shipped but for its ports, and with journal and
# logs in the test's own directory.

sub shipped {
    my ($self, $name) = @_;

    my $text = $self->read_file("$root/conf.d/$name");

    $text =~ s/\b127\.0\.0\.1:(\d+)\b/'127.0.0.1:' . $self->port("P$1")/ge;
    $text =~ s{(?:/var/lib/keygate|/var/log/nginx)/(?=\w)}{}g;
    $self->write_file($name, $text);

    return "include $name;\n";
}


# Writes nginx.conf, or another name: the whole of what nginx reads.

sub write_conf {
    my ($self, $name, $log) = @_;

    $log //= 'error.log';

    my $load = $module eq '' ? '' : "load_module $module;\n";
    my $user = $> == 0 ? "user $self->{user};\n" : '';
    my $daemon = $self->{daemon} ? 'on' : 'off';
    my $text = $self->expand(<<"END" . $self->{conf} . "}\n");
${load}daemon $daemon;
${user}worker_processes $self->{workers};
error_log %%DIR%%/$log info;
pid %%DIR%%/nginx.pid;
$self->{main}
events { worker_connections 1024; }
http {
    access_log %%DIR%%/access.log;
    client_body_temp_path %%DIR%%/temp/body;
    proxy_temp_path %%DIR%%/temp/proxy;
    fastcgi_temp_path %%DIR%%/temp/fastcgi;
    uwsgi_temp_path %%DIR%%/temp/uwsgi;
    scgi_temp_path %%DIR%%/temp/scgi;
#line 1
END

    # the first line of the test's own part, for the table of mistakes
    my ($head) = $text =~ /^(.*?)#line 1\n/s;
    $self->{first_line} = 2 + ($head =~ tr/\n//);

    return $self->write_file($name // 'nginx.conf', $text);
}


# -- Requests

sub client {
    my ($self, $port) = @_;

    return Keygate::Client->new($port // $self->port, \$self->{seen});
}


# Exactly these bytes; the one response to them, or undef.  nginx logs a
# request before it closes the connection: whoever then reads a log finds it.

sub raw {
    my ($self, $bytes, %o) = @_;

    my $client = $self->client($o{port});
    my $r = $client->send($bytes)->response($o{method});

    $client->at_end(2) if $r && $bytes =~ /^Connection: close\r$/mi;

    return $r;
}


# method, key (in X-Api-Key), bearer, headers (lines), body, version, keep.

sub request_bytes {
    my ($self, $path, %o) = @_;

    my @lines = (sprintf('%s %s HTTP/%s', $o{method} // 'GET', $path,
        $o{version} // '1.1'), 'Host: localhost');

    push @lines, "X-Api-Key: $o{key}" if defined $o{key};
    push @lines, "Authorization: Bearer $o{bearer}" if defined $o{bearer};
    push @lines, @{$o{headers} || []};
    push @lines, 'Connection: close' if !$o{keep};
    push @lines, 'Content-Length: ' . length $o{body}
        if defined $o{body} && !grep { /^transfer-encoding/i } @lines;

    return join("\r\n", @lines, '', '') . ($o{body} // '');
}


sub get {
    my ($self, $path, %o) = @_;

    return $self->raw($self->request_bytes($path, %o), %o);
}


sub status {
    my ($self, @request) = @_;

    my $r = $self->get(@request);

    return $r ? $r->{status} : 'closed';
}


# How many requests have reached the upstream since the last time.

sub hits {
    my ($self) = @_;

    my $n = () = $self->{upstream}->requests;
    my $new = $n - ($self->{hits} // 0);

    $self->{hits} = $n;

    return $new;
}


sub last_hit {
    my ($self) = @_;

    return ($self->{upstream}->requests)[-1];
}


# -- The end

# Lets pass what a test provokes in the error log.

sub allow {
    my ($self, @patterns) = @_;

    push @{$self->{allowed}}, @patterns;
}


sub faults {
    my ($self) = @_;

    my @bad;

    for my $line (split /\n/, $self->read_file('error.log')) {
        next if $line !~ /\[(?:alert|emerg)\]|exited on signal
                          |AddressSanitizer|runtime[ ]error/x;
        next if grep { $line =~ $_ } @{$self->{allowed}};
        push @bad, $line;
    }

    for my $path (grep { -s } glob "$self->{dir}/sanitizer*") {
        push @bad, substr $self->read_file($path), 0, 4000;
    }

    push @bad, 'nginx did not stop when it was told' if $self->{stuck};

    return @bad;
}


# Where a credential or a digest is seen that should not be.

sub leaks {
    my ($self) = @_;

    my %text = ('what clients received' => $self->{seen});

    for my $path (glob "$self->{dir}/*.log $self->{dir}/upstream.jsonl") {
        $text{$path} = $self->read_file($path);
    }

    my @found;

    for my $where (sort keys %text) {
        for my $secret (@{$self->{secrets}}) {
            push @found, "$secret->[0] in $where"
                if index(lc $text{$where}, lc $secret->[1]) >= 0;
        }
    }

    return @found;
}


sub done {
    my ($self) = @_;

    $self->stop;

    is(join("\n", $self->faults), '',
        'no alert, no crash, no sanitizer report');
    is(join("\n", $self->leaks), '',
        'no credential or digest in a log, an answer or upstream');

    $self->{finished} = 1;

    done_testing() if !grep { !$_->{finished} } @running;
}


END {
    my $status = $?;

    for my $self (@running) {
        $self->stop;

        if (Test::More->builder->is_passing && $self->{finished}
            && !$ENV{TEST_LEAVE})
        {
            File::Path::remove_tree($self->{dir});

        } else {
            diag("left in $self->{dir}");
        }
    }

    $? = $status;
}


1;
