package Keygate::Prometheus;

# A real Prometheus, of Debian's package, that scrapes a gate each second, and
# what it says to the queries of the dashboard.
#
#     my $p = Keygate::Prometheus->start(dir => $dir, port => 9093,
#                                        target => '127.0.0.1:8090');
#     for my $series ($p->query('up')) { $series->{metric}; $series->{value} }
#     for (Keygate::Prometheus::panels()) { $_->{row}; $_->{title}; $_->{expr} }

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use JSON::PP ();
use POSIX ();

my $json = JSON::PP->new->utf8->canonical;
my $there = abs_path(dirname(abs_path(__FILE__))
                     . '/../../../conf.d/monitoring');


sub slurp {
    my ($path) = @_;

    open my $f, '<:raw', $path or die "$path: $!\n";
    local $/;

    return scalar <$f>;
}


sub binary {
    return (grep { -x } '/usr/bin/prometheus', '/usr/local/bin/prometheus')[0];
}


sub start {
    my ($class, %o) = @_;

    my $self = bless { port => $o{port}, owner => $$,
                       http => HTTP::Tiny->new(timeout => 5) }, $class;
    my $conf = slurp("$there/prometheus.yml")
        =~ s/127\.0\.0\.1:8090/$o{target}/r
        =~ s/^(  - job_name: keygate)$/$1\n    scrape_interval: 1s/mr
        =~ s{alerts\.yml}{$there/alerts.yml}r;
    my $path = "$o{dir}/prometheus.yml";

    open my $f, '>', $path or die "$path: $!\n";
    print $f $conf;
    close $f or die "$path: $!\n";

    $self->{pid} = fork // die "fork: $!\n";

    if ($self->{pid} == 0) {
        open STDOUT, '>>', "$o{dir}/prometheus.out";
        open STDERR, '>&', \*STDOUT;
        exec binary(), "--config.file=$path",
            "--storage.tsdb.path=$o{dir}/prometheus",
            "--web.listen-address=127.0.0.1:$o{port}"
            or POSIX::_exit(127);
    }

    return $self;
}


# The series of an answer, each with its labels and its value; none and
# {error}, what was wrong.

sub query {
    my ($self, $expr) = @_;

    # as Grafana fills them in
    $expr =~ s/\$__(?:rate_interval|range)\b/10s/g;
    $expr =~ s/ offset 1d//g;
    $expr =~ s/\$\w+/.*/g;
    $expr =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ge;

    my $r = $self->{http}->get(
        "http://127.0.0.1:$self->{port}/api/v1/query?query=$expr");
    my $answer = eval { $json->decode($r->{content}) } || {};

    $self->{error} = ($answer->{status} // '') eq 'success'
                     ? '' : $answer->{error} // 'no answer';

    return map { { metric => $_->{metric}, value => $_->{value}[1] } }
           @{$answer->{data}{result} || []};
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    kill 'TERM', $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    my ($self) = @_;

    local ($?, $!);

    $self->stop if $self->{owner} == $$;
}


# What the dashboard asks, in its order.

sub panels {
    my $row = '';

    return map {
        my $panel = $_;

        $row = $panel->{title} if $panel->{type} eq 'row';
        map { { row => $row, title => $panel->{title}, expr => $_->{expr},
                legend => $_->{legendFormat},
                unit => $panel->{fieldConfig}{defaults}{unit} } }
            @{$panel->{targets} || []};
    } @{$json->decode(slurp("$there/dashboard.json"))->{panels}};
}


1;
