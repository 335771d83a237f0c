/*
 * Sentinels, which are asked where the master is.  They are asked without a
 * password, and with the master's when they want one.
 */

#include <stdio.h>

#include "keygate_link_private.h"


static keygate_rc_t keygate_link_sentinel(keygate_wire_t *wire,
    const char *name, keygate_reply_t **reply);
static keygate_rc_t keygate_link_address(const keygate_reply_t *reply,
    const char *name, char host[KEYGATE_SLOT_HOST],
    char port[KEYGATE_SLOT_PORT], char error[KEYGATE_LINK_ERROR]);


keygate_rc_t
keygate_link_master(const keygate_link_conf_t *conf,
    const keygate_wire_server_t *sentinel, char host[KEYGATE_SLOT_HOST],
    char port[KEYGATE_SLOT_PORT], char error[KEYGATE_LINK_ERROR])
{
    keygate_rc_t      rc;
    keygate_wire_t   *wire;
    keygate_reply_t  *reply;

    wire = keygate_wire_open(sentinel, &conf->wire, error);

    if (wire == NULL) {
        return KEYGATE_IO;
    }

    rc = keygate_link_sentinel(wire, conf->sentinel, &reply);

    if (rc != KEYGATE_OK) {
        snprintf(error, KEYGATE_LINK_ERROR, "%s", keygate_wire_error(wire));

    } else {
        rc = keygate_link_address(reply, conf->sentinel, host, port, error);
        keygate_reply_free(reply);
    }

    keygate_wire_close(wire);

    return rc;
}


static keygate_rc_t
keygate_link_sentinel(keygate_wire_t *wire, const char *name,
    keygate_reply_t **reply)
{
    keygate_rc_t   rc;
    keygate_str_t  args[3];

    args[0] = KEYGATE_STR("SENTINEL");
    args[1] = KEYGATE_STR("get-master-addr-by-name");
    args[2] = keygate_span(name);

    rc = keygate_wire_ask(wire, 3, args, reply);

    if (rc != KEYGATE_OK || !keygate_reply_failed(*reply, "NOAUTH")) {
        return rc;
    }

    keygate_reply_free(*reply);
    *reply = NULL;

    rc = keygate_wire_auth(wire);

    return rc == KEYGATE_OK ? keygate_wire_ask(wire, 3, args, reply) : rc;
}


static keygate_rc_t
keygate_link_address(const keygate_reply_t *reply, const char *name,
    char host[KEYGATE_SLOT_HOST], char port[KEYGATE_SLOT_PORT],
    char error[KEYGATE_LINK_ERROR])
{
    char           said[160];
    keygate_str_t  text, number;

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR) {
        keygate_reply_say(reply, said, sizeof(said));
        snprintf(error, KEYGATE_LINK_ERROR, "this Sentinel was asked for the "
                 "master, and says: %s", said);
        return KEYGATE_IO;
    }

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_NIL) {
        snprintf(error, KEYGATE_LINK_ERROR, "this Sentinel knows no master "
                 "\"%.100s\"", name);
        return KEYGATE_IO;
    }

    text = keygate_reply_text(keygate_reply_at(reply, 0));
    number = keygate_reply_text(keygate_reply_at(reply, 1));

    if (text.len == 0 || text.len >= KEYGATE_SLOT_HOST
        || memchr(text.data, '\0', text.len) != NULL
        || !keygate_slot_is_port(number))
    {
        snprintf(error, KEYGATE_LINK_ERROR, "what it says is no address of a "
                 "master");
        return KEYGATE_INVALID;
    }

    memcpy(host, text.data, text.len);
    host[text.len] = '\0';
    memcpy(port, number.data, number.len);
    port[number.len] = '\0';

    return KEYGATE_OK;
}


/* One of them only: those that are away must not hold up who asks. */

int
keygate_link_left(const keygate_link_t *link, unsigned turn)
{
    char                        host[KEYGATE_SLOT_HOST];
    char                        port[KEYGATE_SLOT_PORT];
    char                        error[KEYGATE_LINK_ERROR];
    const keygate_link_conf_t  *conf;

    conf = link->conf;

    if (conf->sentinel == NULL
        || keygate_link_master(conf, &conf->servers[turn % conf->n], host,
                               port, error)
           != KEYGATE_OK)
    {
        return 0;
    }

    return strcmp(host, link->host) != 0 || strcmp(port, link->port) != 0;
}
