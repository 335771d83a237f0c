package Keygate::Browser;

# A real Chromium, where there is one: it opens a page, whose script tells what
# it has seen by asking the page's own server for /told, with JSON as the body.
#
#     plan skip_all => 'no Chromium' if !Keygate::Browser->there;

use strict;
use warnings;

use POSIX ();

my ($binary) = grep { -x } map { ("$_/chromium", "$_/chromium-browser",
                                  "$_/google-chrome") }
               split /:/, $ENV{PATH};


sub there { return defined $binary }


# Opens the page until "told" returns true, at most so many seconds; t is the
# harness.  What it returned, or ''.

sub visit {
    my ($class, $t, $url, $told, $seconds) = @_;

    my $log = "$t->{dir}/browser.txt";
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        open STDOUT, '>', $log or POSIX::_exit(1);
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);

        # /dev/shm is small in containers, and root needs no sandbox
        exec $binary, qw(--headless=new --no-sandbox --disable-gpu
            --disable-dev-shm-usage --no-first-run --disable-extensions
            --disable-background-networking --disable-component-update
            --remote-debugging-port=0), "--user-data-dir=$t->{dir}/browser",
            $url or POSIX::_exit(127);
    }

    my $value = $t->wait_for($told, $seconds // 60);

    kill 'KILL', -$pid;
    waitpid $pid, 0;

    return $value;
}


1;
