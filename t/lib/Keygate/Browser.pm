package Keygate::Browser;

# A real Chromium, driven by what the W3C calls WebDriver: what is clicked,
# typed and seen is clicked, typed and seen by a person's means.
#
#     plan skip_all => 'no Chromium' if !Keygate::Browser->there;
#     my $b = Keygate::Browser->new;
#     $b->go("http://127.0.0.1:$port/developers/");
#     $b->press('Create key');
#     $b->type('Zapier', Keygate::Browser::ENTER);

use strict;
use warnings;

use File::Path ();
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use POSIX ();
use Time::HiRes qw(sleep time);

use Keygate;

use constant {
    TAB => "\x{E004}", ENTER => "\x{E007}", ESC => "\x{E00C}",
    SPACE => ' ', SHIFT => "\x{E008}", CONTROL => "\x{E009}",
    LEFT => "\x{E012}", RIGHT => "\x{E014}", UP => "\x{E013}",
    DOWN => "\x{E015}",
};

our $patience = 20;

my $json = JSON::PP->new->utf8->allow_nonref->convert_blessed;
my $element = 'element-6066-11e4-a52e-4f735466cecf';
my $shots = "$Keygate::root/build/shots";


# Whether there is one.

sub there {
    return path('chromedriver') && path('chromium');
}


# args: more of Chromium's own.

sub new {
    my ($class, %o) = @_;

    my ($driver, $chromium) = map { path($_) } qw(chromedriver chromium);
    my $port = Keygate::free_port();

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        exec $driver, "--port=$port" or POSIX::_exit(127);
    }

    my $self = bless { pid => $pid, root => "http://127.0.0.1:$port",
        http => HTTP::Tiny->new(timeout => 120, proxy => undef,
            http_proxy => undef) }, $class;

    $self->wait_for(sub {
        ($self->{http}->get("$self->{root}/status")->{content} // '')
            =~ /"ready":true/
    }) or die "chromedriver does not start\n";

    my $session = $self->ask(POST => '/session', { capabilities => {
        alwaysMatch => {
            browserName => 'chrome',
            'goog:loggingPrefs' => { browser => 'ALL' },
            'goog:chromeOptions' => { binary => $chromium, args => [
                qw(--headless=new --disable-gpu --hide-scrollbars
                   --disable-dev-shm-usage --lang=en-AU --no-first-run
                   --no-sandbox), @{$o{args} || []} ] },
        } } });

    $self->{session} = "/session/$session->{sessionId}";
    $self->size(1280, 900);

    return $self;
}


sub path {
    my ($name) = @_;

    my ($found) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};

    return $found;
}


sub stop {
    my ($self) = @_;

    my $pid = delete $self->{pid} or return;

    eval { $self->ask(DELETE => delete $self->{session}) };
    kill 'TERM', $pid;
    waitpid $pid, 0;
}


sub DESTROY {
    local ($?, $@);

    $_[0]->stop;
}


sub ask {
    my ($self, $method, $path, $body) = @_;

    my $r = $self->{http}->request($method, $self->{root} . $path, {
        headers => { 'Content-Type' => 'application/json' },
        $method eq 'POST' ? (content => $json->encode($body || {})) : () });
    my $value = eval { $json->decode($r->{content})->{value} };

    die "$method $path: ", (ref $value ? $value->{message} : $r->{content}),
        "\n" if !$r->{success};

    return $value;
}


# Opens a page until "told" returns true, at most so many seconds; t is the
# harness.  What it returned, or ''.

sub visit {
    my ($class, $t, $url, $told, $seconds) = @_;

    my $self = $class->new;

    $self->go($url);

    my $value = $t->wait_for($told, $seconds // 60);

    $self->stop;

    return $value;
}


sub in {
    my ($self, $method, $path, $body) = @_;

    return $self->ask($method, $self->{session} . $path, $body);
}


sub wait_for {
    my ($self, $sub) = @_;

    my $deadline = time + $patience;

    while (1) {
        my $value = $sub->();

        return $value if $value || time > $deadline;

        sleep 0.02;
    }
}


# -- Where it is, and how large

sub go {
    my ($self, $url) = @_;

    $self->in(POST => '/url', { url => $url });
}


sub cdp {
    my ($self, $command, %parameters) = @_;

    return $self->in(POST => '/goog/cdp/execute',
                     { cmd => $command, params => \%parameters });
}


sub size {
    my ($self, $width, $height) = @_;

    $self->cdp('Emulation.setDeviceMetricsOverride', width => $width,
        height => $height, deviceScaleFactor => 1,
        mobile => JSON::PP::false());
}


# prefers-color-scheme => 'dark', forced-colors => 'active', ...

sub media {
    my ($self, %media) = @_;

    $self->cdp('Emulation.setEmulatedMedia', features => [
        map { { name => $_, value => $media{$_} } } sort keys %media ]);
}


# The picture of a state, in build/shots; the whole of a long page, too.

sub shot {
    my ($self, $name, %o) = @_;

    # what moves has come to rest
    $self->js('document.activeElement.style.caretColor = "transparent"');

    my $picture = $self->cdp('Page.captureScreenshot',
        captureBeyondViewport => $o{whole} ? JSON::PP::true()
                                           : JSON::PP::false());

    File::Path::make_path($shots);
    open my $f, '>:raw', "$shots/$name.png" or die "$name.png: $!\n";
    print $f decode_base64($picture->{data});
    close $f;
}


# What the console says, but for the icon that there is none.

sub console {
    my ($self) = @_;

    return grep { !/favicon\.ico/ } map { $_->{message} }
           @{$self->in(POST => '/se/log', { type => 'browser' })};
}


# -- Looking

# The value of an expression, or of what a body of statements returns.

sub js {
    my ($self, $script, @args) = @_;

    $script = "return ($script)" if $script !~ /;|\breturn\b/;

    return $self->in(POST => '/execute/sync',
                     { script => $script, args => \@args });
}


sub all {
    my ($self, $css) = @_;

    return @{$self->in(POST => '/elements',
                       { using => 'css selector', value => $css })};
}


sub text {
    my ($self, $css) = @_;

    return $self->js('[...document.querySelectorAll(arguments[0])]'
        . '.map((e) => e.innerText).join("\n")', $css);
}


# Waits until a text is seen somewhere: true, or false when that never is.

sub sees {
    my ($self, $text, $css) = @_;

    $css //= 'body';

    return $self->wait_for(sub {
        my $all = $self->text($css) // '';

        ref $text ? $all =~ $text : index($all, $text) >= 0;
    });
}


# The front dialog's title, or ''; "changed" from one waits for another.

sub dialog {
    my ($self) = @_;

    return $self->js('[...document.querySelectorAll("dialog[open] h2")]'
        . '.map((e) => e.innerText).at(-1) || ""');
}


sub dialog_is {
    my ($self, $title) = @_;

    $self->wait_for(sub { $self->dialog eq $title });

    return $self->dialog;
}


# What has the focus, as a screen reader calls it.

sub focused {
    my ($self) = @_;

    my $e = $self->in(GET => '/element/active');

    return $self->in(GET => "/element/$e->{$element}/computedlabel");
}


# -- Acting

# The button, link or summary of this name in front; undef when there is none.

sub named {
    my ($self, $name) = @_;

    return $self->wait_for(sub { $self->js(<<'E', $name) });
const front = [...document.querySelectorAll("dialog[open]")].at(-1)
              || document;
return [...front.querySelectorAll("button, a, summary, label")].find((e) =>
    [e.ariaLabel, e.innerText].includes(arguments[0])
    && e.checkVisibility()) || null;
E
}


sub press {
    my ($self, $name) = @_;

    my $e = $self->named($name) or die "there is no \"$name\"\n";

    $self->in(POST => "/element/$e->{$element}/click");
}


# The last one of this name in front: the one that ends a dialog.

sub press_last {
    my ($self, $name) = @_;

    my $e = $self->wait_for(sub { $self->js(<<'E', $name) });
return [...document.querySelectorAll("dialog[open] button")].filter((e) =>
    e.innerText === arguments[0]).at(-1) || null;
E
    die "there is no \"$name\" in a dialog\n" if !$e;

    $self->in(POST => "/element/$e->{$element}/click");
}


# One of several in the group whose legend begins so.

sub choose {
    my ($self, $group, $label) = @_;

    my $e = $self->wait_for(sub { $self->js(<<'E', $group, $label) });
const group = [...document.querySelectorAll("fieldset")].find((e) =>
    e.querySelector(":scope > legend")?.innerText.startsWith(arguments[0]));
return [...group?.querySelectorAll("label") || []].find((e) =>
    e.innerText === arguments[1]) || null;
E
    die "there is no \"$label\" in \"$group\"\n" if !$e;

    $self->in(POST => "/element/$e->{$element}/click");
}


# Into the field with this label, in place of what is there.

sub enter {
    my ($self, $label, $text) = @_;

    my $e = $self->wait_for(sub { $self->js(<<'E', $label) });
const front = [...document.querySelectorAll("dialog[open]")].at(-1)
              || document;
const label = [...front.querySelectorAll("label")].find((e) =>
    e.innerText.trim() === arguments[0]);
return label ? label.control : null;
E
    die "there is no field \"$label\"\n" if !$e;

    $self->in(POST => "/element/$e->{$element}/clear");
    $self->in(POST => "/element/$e->{$element}/value", { text => $text });
}


# Keys to whatever has the focus, one after the other.

sub type {
    my ($self, @keys) = @_;

    $self->in(POST => '/actions', { actions => [ { type => 'key',
        id => 'keyboard', actions => [ map { (
            { type => 'keyDown', value => $_ },
            { type => 'keyUp', value => $_ } ) } map { split // } @keys ],
    } ] });
}


# Keys that are held down while the last one is pressed.

sub chord {
    my ($self, @keys) = @_;

    $self->in(POST => '/actions', { actions => [ { type => 'key',
        id => 'keyboard', actions => [
            (map { { type => 'keyDown', value => $_ } } @keys),
            (map { { type => 'keyUp', value => $_ } } reverse @keys) ],
    } ] });
}


# Goes by Tab to what has this name; false when it does not come there.

sub tab_to {
    my ($self, $name) = @_;

    for (0 .. 80) {
        return 1 if $self->focused eq $name;
        $self->type(TAB);
    }

    return 0;
}


1;
