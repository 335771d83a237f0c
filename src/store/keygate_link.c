/*
 * Asking over a link, and running scripts.  How it is made:
 * keygate_link_open.c.
 */

#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "keygate_link_private.h"


#define KEYGATE_LINK_WORDS  16


static keygate_rc_t keygate_link_of_wire(keygate_link_t *link,
    keygate_rc_t rc);


static keygate_rc_t
keygate_link_of_wire(keygate_link_t *link, keygate_rc_t rc)
{
    return rc == KEYGATE_OK
           ? rc : keygate_link_fail(link, rc, keygate_wire_error(link->wire));
}


keygate_rc_t
keygate_link_send(keygate_link_t *link, unsigned n, const keygate_str_t *args)
{
    char          *text;
    size_t         len;
    keygate_rc_t   rc;

    if (link->failed) {
        return KEYGATE_IO;
    }

    if (link->cluster != NULL) {
        return keygate_link_cluster_send(link, n, args);
    }

    text = keygate_resp_command(n, args, &len);

    if (text == NULL) {
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    rc = keygate_wire_send(link->wire, text, len);

    OPENSSL_cleanse(text, len);
    free(text);

    return keygate_link_of_wire(link, rc);
}


keygate_rc_t
keygate_link_take(keygate_link_t *link, keygate_reply_t **reply)
{
    *reply = NULL;

    if (link->failed) {
        return KEYGATE_IO;
    }

    if (link->cluster != NULL) {
        return keygate_link_cluster_take(link, reply);
    }

    return keygate_link_of_wire(link, keygate_wire_take(link->wire,
                                                        link->patience,
                                                        reply));
}


keygate_rc_t
keygate_link_ask(keygate_link_t *link, unsigned n, const keygate_str_t *args,
    keygate_reply_t **reply)
{
    keygate_rc_t  rc;

    *reply = NULL;

    rc = keygate_link_send(link, n, args);

    return rc == KEYGATE_OK ? keygate_link_take(link, reply) : rc;
}


keygate_rc_t
keygate_link_words(keygate_link_t *link, const char *words,
    keygate_reply_t **reply)
{
    unsigned       n;
    keygate_str_t  args[KEYGATE_LINK_WORDS];

    for (n = 0; *words != '\0' && n < KEYGATE_LINK_WORDS; n++) {
        args[n].data = (const unsigned char *) words;
        args[n].len = strcspn(words, " ");

        words += args[n].len + (words[args[n].len] == ' ');
    }

    return keygate_link_ask(link, n, args, reply);
}


keygate_rc_t
keygate_link_script(keygate_link_t *link, keygate_lua_e script, unsigned keys,
    unsigned n, const keygate_str_t *args, keygate_reply_t **reply)
{
    char            count[16], sha[KEYGATE_LUA_SHA + 1];
    keygate_rc_t    rc;
    keygate_str_t  *all;

    *reply = NULL;
    all = malloc((n + 3) * sizeof(keygate_str_t));

    if (all == NULL || keygate_lua_sha(script, sha) != KEYGATE_OK) {
        free(all);
        return keygate_link_fail(link, KEYGATE_NOMEM, "out of memory");
    }

    snprintf(count, sizeof(count), "%u", keys);

    all[0] = KEYGATE_STR("EVALSHA");
    all[1] = keygate_span(sha);
    all[2] = keygate_span(count);
    memcpy(all + 3, args, n * sizeof(keygate_str_t));

    rc = keygate_link_ask(link, n + 3, all, reply);

    if (rc == KEYGATE_OK && keygate_reply_failed(*reply, "NOSCRIPT")) {
        keygate_reply_free(*reply);

        all[0] = KEYGATE_STR("EVAL");
        all[1] = keygate_lua_text(script);

        rc = keygate_link_ask(link, n + 3, all, reply);
    }

    free(all);

    return rc;
}


keygate_rc_t
keygate_link_load(keygate_link_t *link, keygate_lua_e script,
    keygate_reply_t **reply)
{
    keygate_rc_t   rc;
    keygate_str_t  args[3];

    *reply = NULL;

    if (link->cluster != NULL) {
        rc = keygate_link_node_script(link, script);

        if (rc != KEYGATE_OK) {
            return rc;
        }
    }

    args[0] = KEYGATE_STR("SCRIPT");
    args[1] = KEYGATE_STR("LOAD");
    args[2] = keygate_lua_text(script);

    return keygate_link_ask(link, 3, args, reply);
}


void
keygate_link_patience(keygate_link_t *link, unsigned ms)
{
    link->patience = ms;
}
