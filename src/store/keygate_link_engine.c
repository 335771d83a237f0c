/*
 * An engine is asked what it is.  A user that may not ask for all of it learns
 * what it may; what is not known counts as not there.
 */

#include "keygate_link_private.h"


static keygate_rc_t keygate_link_role(keygate_link_t *link,
    keygate_engine_t *engine);


keygate_rc_t
keygate_link_engine(keygate_link_t *link, keygate_engine_t *engine)
{
    keygate_rc_t      rc;
    keygate_str_t     value;
    keygate_reply_t  *reply;

    memset(engine, 0, sizeof(keygate_engine_t));

    rc = keygate_link_words(link, "INFO", &reply);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR) {
        keygate_reply_free(reply);
        return keygate_link_role(link, engine);
    }

    keygate_engine_info(engine, keygate_reply_text(reply));
    keygate_reply_free(reply);

    if (!engine->aof || engine->replica) {
        return KEYGATE_OK;
    }

    rc = keygate_link_words(link, "WAITAOF 0 0 1", &reply);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    engine->waitaof = keygate_reply_kind(reply) == KEYGATE_REPLY_ARRAY;
    keygate_reply_free(reply);

    if (engine->waitaof) {
        return KEYGATE_OK;
    }

    rc = keygate_link_words(link, "CONFIG GET appendfsync", &reply);

    if (rc == KEYGATE_OK) {
        value = keygate_reply_text(keygate_reply_at(reply, 1));
        engine->always = keygate_str_eq(value, KEYGATE_STR("always"));
        keygate_reply_free(reply);
    }

    return rc;
}


static keygate_rc_t
keygate_link_role(keygate_link_t *link, keygate_engine_t *engine)
{
    keygate_rc_t      rc;
    keygate_str_t     role;
    keygate_reply_t  *reply;

    rc = keygate_link_words(link, "ROLE", &reply);

    if (rc == KEYGATE_OK) {
        role = keygate_reply_text(keygate_reply_at(reply, 0));
        engine->replica = keygate_str_eq(role, KEYGATE_STR("slave"));
        engine->replicas =
            (unsigned) keygate_reply_count(keygate_reply_at(reply, 2));
        keygate_reply_free(reply);
    }

    return rc;
}


keygate_rc_t
keygate_link_durable(keygate_link_t *link, const keygate_engine_t *engine,
    const keygate_ack_t *ack, char text[KEYGATE_ENGINE_DURABLE])
{
    char              words[64];
    int64_t           local, copies;
    unsigned          ms;
    keygate_rc_t      rc;
    keygate_reply_t  *reply;

    local = 0;
    copies = 0;
    rc = KEYGATE_OK;
    ms = link->conf->wire.timeout;

    if (keygate_engine_wait(engine, ack, ms, words)) {
        keygate_link_patience(link, ms);
        rc = keygate_link_words(link, words, &reply);
        keygate_link_patience(link, 0);

        if (rc == KEYGATE_OK) {

            if (keygate_reply_kind(reply) == KEYGATE_REPLY_INTEGER) {
                copies = keygate_reply_number(reply);

            } else {
                local = keygate_reply_number(keygate_reply_at(reply, 0));
                copies = keygate_reply_number(keygate_reply_at(reply, 1));
            }

            keygate_reply_free(reply);
        }
    }

    keygate_engine_durable(engine, ack, local > 0, copies > 0
                           ? (unsigned) copies : 0, text);

    return rc;
}
