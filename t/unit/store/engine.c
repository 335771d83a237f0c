/*
 * What engines say of themselves, and what may be asked of them then.
 */

#include "keygate_engine.h"
#include "tap.h"


#define INFO                                                                 \
    "# Memory\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\n"           \
    "aof_enabled:1\r\n# Replication\r\nrole:master\r\nconnected_slaves:2"


static keygate_engine_t
engine(const char *info)
{
    keygate_engine_t  e;

    memset(&e, 0, sizeof(e));
    keygate_engine_info(&e, keygate_span(info));

    return e;
}


static int
waits(const keygate_engine_t *e, keygate_ack_e how, unsigned n,
    const char *words)
{
    char           text[64];
    keygate_ack_t  ack = { how, n };

    return keygate_engine_wait(e, &ack, 9, text) ? strcmp(text, words) == 0
                                                 : words[0] == '\0';
}


static int
is(const keygate_engine_t *e, keygate_ack_e how, unsigned n, unsigned local,
    unsigned copies, const char *durable)
{
    char           text[KEYGATE_ENGINE_DURABLE];
    keygate_ack_t  ack = { how, n };

    keygate_engine_durable(e, &ack, local, copies, text);

    return strcmp(text, durable) == 0;
}


static int
lacks(const keygate_engine_t *e, keygate_ack_e how, unsigned n)
{
    keygate_ack_t  ack = { how, n };

    return keygate_engine_lacks(e, &ack) != NULL;
}


int
main(void)
{
    keygate_engine_t  e;

    e = engine(INFO);
    ok(!e.replica && e.aof && e.replicas == 2
       && strcmp(e.policy, "noeviction") == 0, "a master");
    ok(keygate_engine_unfit(&e) == NULL, "records may be kept there");

    e = engine("role:slave\r\n");
    ok(e.replica && keygate_engine_unfit(&e) != NULL, "not in a replica");

    e = engine("maxmemory_policy:allkeys-lru");
    ok(keygate_engine_unfit(&e) != NULL, "nor where they are evicted");

    e = engine("maxmemory_policy:volatile-lru\n");
    ok(keygate_engine_unfit(&e) == NULL, "counters may be");

    e = engine("maxmemory_policy:a-policy-of-a-name-that-has-no-end-at-all");
    ok(strlen(e.policy) == KEYGATE_ENGINE_POLICY - 1, "a long name is cut");

    e = engine("connected_slaves:99999999999999999999\nrole:master\nrole");
    ok(e.replicas == KEYGATE_ENGINE_COPIES, "a number has an end");

    e = engine("connected_slaves:-1");
    ok(e.replicas == 0, "and is one");

    /* Redis 7.0 without a file, and with one that is synced in its time */

    e = engine("role:master\r\naof_enabled:0\r\nconnected_slaves:0\r\n");
    ok(lacks(&e, KEYGATE_ACK_FSYNC, 0), "no fsync");
    ok(lacks(&e, KEYGATE_ACK_REPLICAS, 1), "no replicas");
    ok(!lacks(&e, KEYGATE_ACK_AUTO, 0) && waits(&e, KEYGATE_ACK_AUTO, 0, "")
       && is(&e, KEYGATE_ACK_AUTO, 0, 0, 0, "engine"), "auto is the engine's");
    ok(waits(&e, KEYGATE_ACK_ENGINE, 0, ""), "which needs nothing");

    e = engine(INFO);
    ok(lacks(&e, KEYGATE_ACK_FSYNC, 0), "a file that is synced later");
    ok(!lacks(&e, KEYGATE_ACK_REPLICAS, 2)
       && waits(&e, KEYGATE_ACK_REPLICAS, 2, "WAIT 2 9")
       && is(&e, KEYGATE_ACK_REPLICAS, 2, 0, 2, "replicas=2"), "two replicas");
    ok(is(&e, KEYGATE_ACK_REPLICAS, 2, 0, 1, "replicas=1"), "one in time");
    ok(is(&e, KEYGATE_ACK_REPLICAS, 2, 0, 0, "engine"), "none in time");
    ok(lacks(&e, KEYGATE_ACK_REPLICAS, 3), "there are no three");
    ok(waits(&e, KEYGATE_ACK_AUTO, 0, "WAIT 1 9")
       && is(&e, KEYGATE_ACK_AUTO, 0, 0, 1, "replicas=1"), "auto asks one");

    /* one that syncs each change */

    e.always = 1;
    ok(!lacks(&e, KEYGATE_ACK_FSYNC, 0) && waits(&e, KEYGATE_ACK_FSYNC, 0, "")
       && is(&e, KEYGATE_ACK_FSYNC, 0, 0, 0, "fsync"), "fsync");
    ok(lacks(&e, KEYGATE_ACK_FSYNC, 1), "but not of replicas");
    ok(waits(&e, KEYGATE_ACK_AUTO, 0, "")
       && is(&e, KEYGATE_ACK_AUTO, 0, 0, 0, "fsync"), "auto is that");
    ok(is(&e, KEYGATE_ACK_ENGINE, 0, 0, 0, "engine"), "what was asked for");

    /* Redis 7.2 */

    e.always = 0;
    e.waitaof = 1;
    ok(!lacks(&e, KEYGATE_ACK_FSYNC, 2)
       && waits(&e, KEYGATE_ACK_FSYNC, 2, "WAITAOF 1 2 9")
       && is(&e, KEYGATE_ACK_FSYNC, 2, 1, 2, "fsync replicas=2"), "WAITAOF");
    ok(lacks(&e, KEYGATE_ACK_FSYNC, 3), "of three");
    ok(waits(&e, KEYGATE_ACK_AUTO, 0, "WAITAOF 1 0 9")
       && is(&e, KEYGATE_ACK_AUTO, 0, 1, 0, "fsync")
       && is(&e, KEYGATE_ACK_AUTO, 0, 0, 0, "engine"), "auto");

    return tap_done();
}
