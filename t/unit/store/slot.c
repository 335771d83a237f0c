/*
 * Slots of a cluster: which one a key and a command are in, and which errors
 * name another node.
 */

#include "keygate_slot.h"
#include "tap.h"


static unsigned
command(const char *words)
{
    unsigned       n;
    keygate_str_t  args[16];

    for (n = 0; *words != '\0' && n < 16; n++) {
        args[n].data = (const unsigned char *) words;
        args[n].len = strcspn(words, " ");

        words += args[n].len + (words[args[n].len] == ' ');
    }

    return keygate_slot_command(n, args);
}


static int
says(const char *error, keygate_slot_e kind, unsigned slot, const char *host,
    const char *port)
{
    char      h[KEYGATE_SLOT_HOST], p[KEYGATE_SLOT_PORT];
    unsigned  s;

    return keygate_slot_parse(keygate_span(error), &s, h, p) == kind
           && s == slot && strcmp(h, host) == 0 && strcmp(p, port) == 0;
}


static int
names_none(const char *error)
{
    char      h[KEYGATE_SLOT_HOST], p[KEYGATE_SLOT_PORT];
    unsigned  s;

    return keygate_slot_parse(keygate_span(error), &s, h, p)
           == KEYGATE_SLOT_HERE;
}


static int
is_again(const char *error)
{
    char      h[KEYGATE_SLOT_HOST], p[KEYGATE_SLOT_PORT];
    unsigned  s;

    return keygate_slot_parse(keygate_span(error), &s, h, p)
           == KEYGATE_SLOT_AGAIN;
}


int
main(void)
{
    char      error[600];
    unsigned  keys;

    /* as CLUSTER KEYSLOT of Redis 7.0.15 has them */

    keys = keygate_slot_of(keygate_span("kg:{keys}:meta"));

    ok(keygate_slot_of(keygate_span("123456789")) == 12739, "the slot of a "
       "name");
    ok(keygate_slot_of(keygate_span("foo{}{bar}")) == 8363, "nothing between "
       "braces is no tag");
    ok(keygate_slot_of(keygate_span("foo{{bar}}zap")) == 4015, "from the "
       "first to the next");
    ok(keygate_slot_of(keygate_span("")) == 0, "no name at all");
    ok(keygate_slot_of(keygate_span("kg:{keys}:rec:ff")) == keys
       && keygate_slot_of(keygate_span("keys")) == keys, "a zone is in one "
       "slot");
    ok(keygate_slot_of(keygate_span("kg:{keys.5f}:h:x")) != keys, "ledgers "
       "are in others");

    ok(command("HGET kg:{keys}:meta epoch") == keys, "a command");
    ok(command("EVALSHA sha 2 kg:{keys}:acks kg:{keys}:nodes") == keys
       && command("EVAL text 1 kg:{keys}:acks x") == keys, "a script");
    ok(command("XREAD COUNT 1 BLOCK 9 STREAMS kg:{keys}:log 5-0") == keys,
       "XREAD");
    ok(command("EVAL text 0") == KEYGATE_SLOTS
       && command("INFO replication") == KEYGATE_SLOTS
       && command("WAITAOF 1 0 9") == KEYGATE_SLOTS
       && command("PING") == KEYGATE_SLOTS
       && command("SCRIPT LOAD {keys}") == KEYGATE_SLOTS, "what has no key");

    ok(says("MOVED 3999 127.0.0.1:6381", KEYGATE_SLOT_MOVED, 3999,
            "127.0.0.1", "6381"), "MOVED");
    ok(says("ASK 16383 redis-2.internal:6381", KEYGATE_SLOT_ASK, 16383,
            "redis-2.internal", "6381"), "ASK");
    ok(says("MOVED 0 ::1:7000", KEYGATE_SLOT_MOVED, 0, "::1", "7000"),
       "IPv6");
    ok(says("MOVED 0 :7000", KEYGATE_SLOT_MOVED, 0, "", "7000"),
       "the same host");

    ok(names_none("ERR no such key") && names_none("MOVED")
       && names_none("MOVED 1") && names_none("MOVED 1 ")
       && names_none("MOVED 16384 a:1") && names_none("MOVED -1 a:1")
       && names_none("MOVED 1 a") && names_none("MOVED 1 a:")
       && names_none("MOVED 1 a:0") && names_none("MOVED 1 a:65536")
       && names_none("MOVED 1 a:1x") && names_none("MOVED  1 a:1")
       && names_none("MOVED 000001 a:1") && names_none("moved 1 a:1")
       && names_none("") && names_none("CLUSTERDOWN Hash slot not served"),
       "what names no node");

    memset(error, 'a', sizeof(error));
    memcpy(error, "MOVED 1 ", 8);
    memcpy(error + 8 + KEYGATE_SLOT_HOST - 1, ":7000", 6);
    ok(!names_none(error), "the longest host");
    memcpy(error + 8 + KEYGATE_SLOT_HOST - 1, "a:7000", 7);
    ok(names_none(error), "one that is longer");

    ok(is_again("TRYAGAIN Multiple keys request during rehashing of slot")
       && is_again("ERR Script attempted to access a non local key in a "
                   "cluster node script: f_1, on @user_script:24."),
       "some keys are here, some are there");

    return tap_done();
}
