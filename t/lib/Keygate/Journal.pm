package Keygate::Journal;

# Journals as a test or the demo writes them: keys and accounts, their digests,
# whole lines under flock(2).

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex sha256_hex);
use Fcntl qw(:flock);
use JSON::PP ();

my $json = JSON::PP->new->utf8->canonical;
my $next = 0;


sub journal_create {
    my ($self) = @_;

    for my $zone (@{$self->{zones} || ['keys']}) {
        $self->append('', $zone);
    }
}


sub journal_path {
    my ($self, $zone) = @_;

    return "$self->{dir}/" . ($zone // ($self->{zones} || ['keys'])->[0])
           . '.jsonl';
}


# Appends bytes as they are.

sub append {
    my ($self, $bytes, $zone) = @_;

    my $path = $self->journal_path($zone);

    open my $f, '>>', $path or die "$path: $!\n";
    flock $f, LOCK_EX or die "$path: $!\n";
    syswrite $f, $bytes;
    close $f or die "$path: $!\n";
}


# Replaces the file by another one, as compaction does.

sub replace {
    my ($self, $bytes, $zone) = @_;

    my $path = $self->journal_path($zone);

    open my $f, '>', "$path.new" or die "$path.new: $!\n";
    syswrite $f, $bytes;
    close $f or die "$path.new: $!\n";

    rename "$path.new", $path or die "$path: $!\n";
}


sub random_text {
    my ($n, @alphabet) = @_;

    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!\n";

    my $text = '';

    while (length $text < $n) {
        sysread $random, my $byte, 1;
        next if ord $byte >= 256 - 256 % @alphabet;
        $text .= $alphabet[ord($byte) % @alphabet];
    }

    return $text;
}


sub new_secret {
    return random_text($_[0] // 24, 'A' .. 'Z', 'a' .. 'z', 0 .. 9);
}


sub digest {
    my ($self, $credential) = @_;

    return defined $self->{pepper}
        ? 'hmac-sha256:' . hmac_sha256_hex($credential, $self->{pepper})
        : 'sha256:' . sha256_hex($credential);
}


sub key_line {
    my ($self, %key) = @_;

    return $json->encode({ key => \%key }) . "\n";
}


sub account_line {
    my ($self, %account) = @_;

    return $json->encode({ account => \%account }) . "\n";
}


# Writes an account's line.

sub account {
    my ($self, %account) = @_;

    my $zone = delete $account{zone};

    $self->{accounts}{$zone // ''}{$account{id}} = 1;
    $self->append($self->account_line(%account), $zone);
}


# Writes a key's line and returns its credential.  id and credential are made
# up unless given; the id is the front of the credential unless "opaque" holds
# another one.  Its account is written, too, once, unless "alone" is set.

sub key {
    my ($self, %key) = @_;

    my $zone = delete $key{zone};
    my $alone = delete $key{alone};
    my $account = $key{account} // 'acc_1';

    if (!$alone && !$self->{accounts}{$zone // ''}{$account}) {
        $self->account(id => $account, name => "Account $account",
                       zone => $zone);
    }

    my ($line, $credential) = $self->make_key(%key);

    $self->append($line, $zone);

    return $credential;
}


# The same without writing: (line, credential).

sub make_key {
    my ($self, %key) = @_;

    my $opaque = delete $key{opaque};
    my $credential = delete $key{credential};
    my $prefix = delete $key{prefix} // 'tk_';

    $key{id} //= defined $opaque ? sprintf 'key_%012d', ++$next
                                 : sprintf '%s%06d', $prefix, ++$next;

    $credential //= defined $opaque ? $opaque . new_secret(24)
                                    : "$key{id}_" . new_secret(24);

    $key{account} //= 'acc_1';
    $key{name} //= "Key $key{id}";
    $key{scopes} //= [];
    $key{digest} //= $self->digest($credential);
    $key{created_at} //= '2026-11-01T09:00:00Z';

    $self->secret("the credential of $key{id}", $credential);
    $self->secret("the digest of $key{id}", $key{digest} =~ s/^.*://r);

    return ($self->key_line(%key), $credential);
}


# What must be seen nowhere.

sub secret {
    my ($self, $name, $text) = @_;

    push @{$self->{secrets}}, [ $name, $text ];
}


# Except for this one: nginx itself logs header lines that it refuses, and the
# test's own log the query.

sub exposed {
    my ($self, $text) = @_;

    @{$self->{secrets}} = grep { $_->[1] ne $text } @{$self->{secrets}};
}


1;
