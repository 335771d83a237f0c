/*
 * The credential of a row: it gives the key an id, where that is in it, and a
 * digest, and goes no further.
 */

#include <string.h>

#include <openssl/crypto.h>

#include "import.h"


static keygate_rc_t cli_credential_take(json_t *key, json_t **value,
    cli_row_t *row);
static void cli_credential_cleanse(json_t *value);
static keygate_rc_t cli_credential_new_id(const keygate_format_t *f,
    char id[KEYGATE_ID_MAX + 1]);
static int cli_credential_sendable(keygate_str_t credential);
static keygate_rc_t cli_credential_id(cli_t *cli, json_t *key,
    keygate_str_t credential, cli_row_t *row);
static keygate_rc_t cli_credential_digest(cli_t *cli, json_t *key,
    json_t *value, cli_row_t *row);


/* Takes the credential out of a key: *value is a new reference, or NULL. */

static keygate_rc_t
cli_credential_take(json_t *key, json_t **value, cli_row_t *row)
{
    json_t  *credential, *secret;

    credential = json_object_get(key, "credential");
    secret = json_object_get(key, "secret");

    *value = json_incref(credential != NULL ? credential : secret);

    if (credential != NULL && secret != NULL) {
        return cli_import_refuse(row, "has both \"credential\" and "
                                         "\"secret\"");
    }

    (void) json_object_del(key, "credential");
    (void) json_object_del(key, "secret");

    if (*value == NULL) {
        return KEYGATE_OK;
    }

    if (json_object_get(key, "digest") != NULL) {
        return cli_import_refuse(row, "has both a credential and a digest");
    }

    return json_is_string(*value)
           ? KEYGATE_OK : cli_import_refuse(row, "has a credential that is "
                                                    "not a string");
}


static void
cli_credential_cleanse(json_t *value)
{
    if (json_is_string(value)) {
        OPENSSL_cleanse((char *) json_string_value(value),
                        json_string_length(value));
    }

    json_decref(value);
}


/* An id for an opaque key; the credential that is made with it is unused. */

static keygate_rc_t
cli_credential_new_id(const keygate_format_t *f, char id[KEYGATE_ID_MAX + 1])
{
    char          credential[KEYGATE_CREDENTIAL_MAX + 1];
    keygate_rc_t  rc;

    id[0] = '\0';
    rc = keygate_credential_make(f, id, credential);
    OPENSSL_cleanse(credential, sizeof(credential));

    return rc;
}


/* Whether a header line can carry it, and nobody would guess it at once: all
 * that is known of a key of no format. */

static int
cli_credential_sendable(keygate_str_t credential)
{
    size_t  i;

    for (i = 0; i < credential.len; i++) {
        if (credential.data[i] <= ' ' || credential.data[i] >= 0x7f) {
            return 0;
        }
    }

    return credential.len >= KEYGATE_SECRET_MIN
           && credential.len <= KEYGATE_CREDENTIAL_MAX;
}


static keygate_rc_t
cli_credential_id(cli_t *cli, json_t *key, keygate_str_t credential,
    cli_row_t *row)
{
    int                      i;
    char                     made[KEYGATE_ID_MAX + 1];
    json_t                  *given;
    keygate_str_t            id;
    const keygate_format_t  *f;

    static const keygate_format_t  any = {
        keygate_string("key_"), 0, KEYGATE_FORMAT_SECRET_LEN
    };

    given = json_object_get(key, "id");

    i = keygate_credential_parse(cli->formats, cli->n_formats, credential,
                                 &id);
    f = i != -1 ? &cli->formats[i] : &any;

    if (i == -1 && cli->n_formats != 0 && !cli->any_format) {
        return cli_import_refuse(row, "has a credential that is of no "
                                 "--format");
    }

    if (i == -1 && !cli_credential_sendable(credential)) {
        return cli_import_refuse(row, "has a credential that is not 8 to 256 "
                                         "characters of ASCII without spaces");
    }

    if (i == -1 || id.len == 0) {
        if (given != NULL) {
            return KEYGATE_OK;
        }

        if (cli_credential_new_id(f, made) != KEYGATE_OK) {
            return cli_import_refuse(row, "got no id: there is no "
                                             "randomness");
        }

        id = keygate_span(made);
    }

    if (given != NULL) {
        return json_is_string(given) && keygate_str_eq(cli_json_span(given),
                                                       id)
               ? KEYGATE_OK
               : cli_import_refuse(row, "has an id that is not the one in "
                                           "its credential");
    }

    return json_object_set_new(key, "id", json_stringn((char *) id.data,
                                                       id.len)) == 0
           ? KEYGATE_OK : KEYGATE_NOMEM;
}


static keygate_rc_t
cli_credential_digest(cli_t *cli, json_t *key, json_t *value, cli_row_t *row)
{
    char           hex[2 * KEYGATE_DIGEST_LEN + 1];
    char           text[sizeof("hmac-sha256:") + 2 * KEYGATE_DIGEST_LEN];
    keygate_rc_t   rc;
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    rc = cli_credential_id(cli, key, cli_json_span(value), row);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (keygate_digest(cli->digester, cli_json_span(value), digest)
        != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    keygate_digest_hex(digest, hex);
    snprintf(text, sizeof(text), "%s:%s",
             cli->hmac ? "hmac-sha256" : "sha256", hex);

    return json_object_set_new(key, "digest", json_string(text)) == 0
           ? KEYGATE_OK : KEYGATE_NOMEM;
}


keygate_rc_t
cli_import_digest(cli_t *cli, json_t *key, cli_row_t *row)
{
    json_t        *value;
    keygate_rc_t   rc;

    value = NULL;

    rc = cli_credential_take(key, &value, row);

    if (rc == KEYGATE_OK && value != NULL) {
        rc = cli_credential_digest(cli, key, value, row);
    }

    cli_credential_cleanse(value);

    return rc;
}
