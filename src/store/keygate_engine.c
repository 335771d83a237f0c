/*
 * What an engine is, and how a change is made durable there.
 */

#include <stdio.h>
#include <stdlib.h>

#include "keygate_engine.h"


static int keygate_engine_line(keygate_str_t line, const char *name,
    keygate_str_t *value);
static unsigned keygate_engine_number(keygate_str_t value);


void
keygate_engine_info(keygate_engine_t *engine, keygate_str_t info)
{
    size_t               n;
    keygate_str_t        line, value;
    const unsigned char  *p, *end, *lf;

    end = info.data + info.len;

    for (p = info.data; p < end; p = lf + 1) {
        lf = memchr(p, '\n', (size_t) (end - p));
        lf = lf != NULL ? lf : end;

        line.data = p;
        line.len = (size_t) (lf - p);

        if (line.len != 0 && line.data[line.len - 1] == '\r') {
            line.len--;
        }

        if (keygate_engine_line(line, "role:", &value)) {
            engine->replica = !keygate_str_eq(value, KEYGATE_STR("master"));

        } else if (keygate_engine_line(line, "connected_slaves:", &value)) {
            engine->replicas = keygate_engine_number(value);

        } else if (keygate_engine_line(line, "aof_enabled:", &value)) {
            engine->aof = keygate_engine_number(value) == 1;

        } else if (keygate_engine_line(line, "cluster_enabled:", &value)) {
            engine->cluster = keygate_engine_number(value) == 1;

        } else if (keygate_engine_line(line, "maxmemory_policy:", &value)) {
            n = value.len < KEYGATE_ENGINE_POLICY - 1
                ? value.len : KEYGATE_ENGINE_POLICY - 1;

            memcpy(engine->policy, value.data, n);
            engine->policy[n] = '\0';
        }
    }
}


static int
keygate_engine_line(keygate_str_t line, const char *name,
    keygate_str_t *value)
{
    size_t  n;

    n = strlen(name);

    if (line.len < n || memcmp(line.data, name, n) != 0) {
        return 0;
    }

    value->data = line.data + n;
    value->len = line.len - n;

    return 1;
}


static unsigned
keygate_engine_number(keygate_str_t value)
{
    size_t    i;
    unsigned  n;

    for (n = 0, i = 0; i < value.len && n <= KEYGATE_ENGINE_COPIES; i++) {

        if (value.data[i] < '0' || value.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (unsigned) (value.data[i] - '0');
    }

    return n < KEYGATE_ENGINE_COPIES ? n : KEYGATE_ENGINE_COPIES;
}


const char *
keygate_engine_unfit(const keygate_engine_t *engine)
{
    if (engine->replica) {
        return "it is a replica: point \"server\" at the master";
    }

    if (strncmp(engine->policy, "allkeys-", 8) == 0) {
        return "it drops records when it is full: set its "
               "\"maxmemory-policy\" to \"noeviction\"";
    }

    return NULL;
}


const char *
keygate_engine_lacks(const keygate_engine_t *engine, const keygate_ack_t *ack)
{
    if (ack->how == KEYGATE_ACK_FSYNC) {

        if (!engine->waitaof && !(engine->always && ack->replicas == 0)) {
            return engine->aof && ack->replicas != 0
                   ? "it has no WAITAOF, which replicas' disks need: it came "
                     "with Redis 7.2"
                   : "it does not sync its file before it answers: set its "
                     "\"appendonly\" to \"yes\" and its \"appendfsync\" to "
                     "\"always\", and let this user ask for it (CONFIG GET)";
        }
    }

    if ((ack->how == KEYGATE_ACK_FSYNC || ack->how == KEYGATE_ACK_REPLICAS)
        && engine->replicas < ack->replicas)
    {
        return "it has fewer replicas than \"ack\" names";
    }

    return NULL;
}


int
keygate_engine_wait(const keygate_engine_t *engine, const keygate_ack_t *ack,
    unsigned ms, char words[64])
{
    int  fsync;

    fsync = ack->how == KEYGATE_ACK_FSYNC || ack->how == KEYGATE_ACK_AUTO;

    if (fsync && engine->waitaof) {
        return snprintf(words, 64, "WAITAOF 1 %u %u", ack->replicas, ms) > 0;
    }

    if (ack->how == KEYGATE_ACK_REPLICAS) {
        return snprintf(words, 64, "WAIT %u %u", ack->replicas, ms) > 0;
    }

    if (ack->how == KEYGATE_ACK_AUTO && !engine->always
        && engine->replicas != 0)
    {
        return snprintf(words, 64, "WAIT 1 %u", ms) > 0;
    }

    return 0;
}


void
keygate_engine_durable(const keygate_engine_t *engine,
    const keygate_ack_t *ack, unsigned local, unsigned copies,
    char text[KEYGATE_ENGINE_DURABLE])
{
    const char  *fsync;

    fsync = "";

    if (ack->how == KEYGATE_ACK_FSYNC || ack->how == KEYGATE_ACK_AUTO) {
        fsync = engine->always || local != 0 ? "fsync" : "";
    }

    if (ack->how == KEYGATE_ACK_ENGINE
        || (ack->how == KEYGATE_ACK_FSYNC && ack->replicas == 0))
    {
        copies = 0;
    }

    if (copies != 0) {
        snprintf(text, KEYGATE_ENGINE_DURABLE, "%s%sreplicas=%u", fsync,
                 fsync[0] != '\0' ? " " : "",
                 copies < KEYGATE_ENGINE_COPIES ? copies
                                                : KEYGATE_ENGINE_COPIES);
        return;
    }

    snprintf(text, KEYGATE_ENGINE_DURABLE, "%s",
             fsync[0] != '\0' ? fsync : "engine");
}
