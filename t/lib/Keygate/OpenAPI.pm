package Keygate::OpenAPI;

# Documents for "keygate openapi", and what it makes of them.
#
#     my $r = convert(document(security => [ { key => ['read'] } ],
#         paths => { '/items' => { get => {} } }), '--name', 'shop');
#     is routes($r)->{'GET /items'}, 'read';
#     nginx_takes($r, 'nginx takes it');

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use Test::More;

use Keygate;
use Keygate::Command;

our @EXPORT_OK = qw(document convert routes warned nginx_takes command
    done);

my $command;


sub command {
    return $command ||= Keygate::Command->new;
}


# A document of 3.1, in JSON, a member a line; "schemes" are its security
# schemes, else there is one of name "key".

sub document {
    my (%o) = @_;

    my $schemes = delete $o{schemes}
        // { key => { type => 'apiKey', in => 'header', name => 'X-Api-Key' } };

    return {
        openapi => '3.1.0', info => { title => 'Shop', version => '1' },
        components => { securitySchemes => $schemes }, paths => {}, %o,
    };
}


# What the command makes of a document, or of the text of one.

sub convert {
    my ($document, @options) = @_;

    my $text = ref $document
        ? JSON::PP->new->utf8->pretty->canonical->encode($document)
        : $document;

    return command->run('openapi',
        command->write('openapi.json', $text), @options);
}


# { 'GET /items' => 'read' }; options come after the need.

sub routes {
    my ($r) = @_;

    my %route;

    while ($r->{out} =~ /^ +route +(\S+) +(\S+) +(.*);$/mg) {
        my ($methods, $template, $need) = ($1, $2, $3);

        $route{"$_ $template"} = $need for split /\|/, $methods;
    }

    return \%route;
}


# Something that matches is told of the place, with a line.

sub warned {
    my ($r, $pointer, $what) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my @told = $r->{err} =~ /^[^\n]*?:[1-9]\d*: \Q$pointer\E: (.*)$/mg;

    ok((scalar grep { $_ =~ $what } @told), "$pointer is told: $what")
        or diag $r->{err};
}


my $gate;

sub nginx_takes {
    my ($r, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($api) = $r->{out} =~ /^keygate_api (\S+) \{$/m;

    $gate ||= Keygate->new;

    my ($code, $told) = $gate->check_conf(<<"END");
keygate_zone keys:8m;
$r->{out}
server {
    listen 127.0.0.1:%%PORT%%;
    location / { keygate @{[ $api // 'none' ]}; }
}
END

    is $code == 0 ? '' : $told, '', $name;
}


# With the gates that a test has of its own: the last one ends it.

sub done {
    my (@gates) = @_;

    $_->done for @gates;

    return $gate ? $gate->done : @gates ? 1 : done_testing();
}

1;
