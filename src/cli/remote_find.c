/*
 * Records in a store are found.
 */

#include <stdlib.h>
#include <string.h>

#include "remote.h"


int
cli_remote_want(cli_want_t *want, cli_find_t *find, keygate_str_t value)
{
    uint64_t           seq;
    keygate_str_t      line;
    keygate_fault_t    fault;
    keygate_record_t   record;

    json_decref(want->json);
    want->json = NULL;
    want->version = 0;

    if (value.len == 0) {
        return CLI_OK;
    }

    if (keygate_store_value(value, &seq, &line) != KEYGATE_OK) {
        return cli_error(CLI_CONFLICT, "the store's record %s is damaged; "
                         "try \"keygate store check\"", want->id);
    }

    switch (keygate_record_parse(line, &record, &fault)) {

    case KEYGATE_OK:
        break;

    case KEYGATE_NOMEM:
        return cli_error_nomem();

    default:
        return cli_error(CLI_CONFLICT, "the store's record %s is damaged: "
                         "%s %s", want->id, fault.pointer, fault.reason);
    }

    want->version = seq;
    want->json = record.deleted ? NULL : json_incref(record.json);

    if (record.kind == KEYGATE_KEY && record.has_digest) {
        find->digests = 1;
        find->hmac = record.hmac;
    }

    keygate_record_free(&record);

    return CLI_OK;
}


int
cli_remote_find(cli_t *cli, cli_find_t *find)
{
    int               rc;
    char              key[CLI_KEY], field[KEYGATE_STORE_FIELD_MAX];
    unsigned          i;
    cli_want_t       *want;
    keygate_str_t     args[3];
    keygate_reply_t  *reply;

    rc = cli_remote_filled(cli);

    find->digests = cli->remote->digest[0] != '\0';
    find->hmac = strcmp(cli->remote->digest, "hmac-sha256") == 0;

    for (i = 0; i < find->n && rc == CLI_OK; i++) {
        want = &find->wants[i];

        args[0] = KEYGATE_STR("HGET");
        args[2].len = keygate_store_field(want->kind, keygate_span(want->id),
                                          field);
        args[2].data = (unsigned char *) field;
        args[1].len = keygate_store_bucket_key(&cli->remote->name,
                                               keygate_store_bucket(args[2]),
                                               key);
        args[1].data = (unsigned char *) key;

        rc = cli_remote_ask(cli, 3, args, &reply);

        if (rc == CLI_OK) {
            rc = cli_remote_want(want, find, keygate_reply_text(reply));
            keygate_reply_free(reply);
        }
    }

    return rc;
}
