package Keygate::Origin;

# An upstream that is quick: a plain nginx that answers everything with 200 and
# writes down the X-Load header, by which a test knows what has reached it.

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep);


sub start {
    my ($class, %o) = @_;

    my $dir = "$o{dir}/origin";
    my $user = $> == 0 ? 'user root;' : '';

    mkdir $dir;
    open my $f, '>', "$dir/nginx.conf" or die "$dir: $!\n";
    print $f <<"END";
daemon off;
$user
error_log $dir/error.log;
pid $dir/nginx.pid;
events { worker_connections 1024; }
http {
    log_format load '\$http_x_load \$request';
    access_log $dir/access.log load;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    server {
        listen 127.0.0.1:$o{port} backlog=511;
        default_type application/json;
        location / { return 200 '{"ok":true}'; }
    }
}
END
    close $f;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>>', "$dir/stderr";
        exec $o{binary}, '-p', "$dir/", '-c', "$dir/nginx.conf",
            '-e', "$dir/error.log" or POSIX::_exit(127);
    }

    for (1 .. 500) {
        last if -s "$dir/nginx.pid";
        sleep 0.02;
    }

    return bless { pid => $pid, log => "$dir/access.log" }, $class;
}


# How many requests with that X-Load have arrived.

sub count {
    my ($self, $load) = @_;

    open my $f, '<', $self->{log} or return 0;

    return scalar grep { index($_, "$load ") == 0 } <$f>;
}


# For hits(): one a request.

sub requests {
    my ($self) = @_;

    open my $f, '<', $self->{log} or return;

    return <$f>;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'TERM', $pid;
    waitpid $pid, 0;
}


1;
