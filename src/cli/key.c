/*
 * Keys are made, get a new secret, and are changed.  A secret is printed once,
 * to stdout, after its record is on disk, and is nowhere else.
 */

#include <string.h>

#include <openssl/crypto.h>

#include "actor.h"
#include "cli.h"


#define CLI_ID_TRIES  8


typedef struct {
    char     id[KEYGATE_ID_MAX + 1];
    char     credential[KEYGATE_CREDENTIAL_MAX + 1];
    char     hex[2 * KEYGATE_DIGEST_LEN + 1];
    int64_t  overlap;
    json_t  *record;                     /* as it was written */
} cli_new_t;


static int cli_new_setup(cli_t *cli);
static void cli_new_done(cli_new_t *new);
static int cli_new_credential(cli_t *cli, cli_new_t *new);
static keygate_hex_t cli_new_digest(const cli_t *cli, const cli_new_t *new);
static json_t *cli_new_record(cli_t *cli, const cli_new_t *new,
    json_t **faults);
static int cli_new_print(cli_t *cli, const cli_new_t *new, const char *what);
static int cli_create_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data);
static int cli_create_try(cli_t *cli, cli_new_t *new, const char *account);
static int cli_create_usage(cli_t *cli, cli_new_t *new);
static int cli_rotate_make(cli_t *cli, cli_find_t *find, cli_text_t *lines,
    void *data);


/* What a credential is made with. */

static int
cli_new_setup(cli_t *cli)
{
    int  rc;

    rc = cli_setup_formats(cli);

    return rc != CLI_OK ? rc : cli_setup_digester(cli);
}


static void
cli_new_done(cli_new_t *new)
{
    OPENSSL_cleanse(new->credential, sizeof(new->credential));
    json_decref(new->record);
}


/* A credential of the first format that new->id, if any, fits. */

static int
cli_new_credential(cli_t *cli, cli_new_t *new)
{
    unsigned       i;
    keygate_rc_t   rc;
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    rc = KEYGATE_INVALID;

    for (i = 0; i < cli->n_formats && rc == KEYGATE_INVALID; i++) {
        rc = keygate_credential_make(&cli->formats[i], new->id,
                                     new->credential);
    }

    if (rc == KEYGATE_INVALID) {
        return cli_error(CLI_USAGE, "%s is not of this --format", new->id);
    }

    if (rc != KEYGATE_OK) {
        return cli_error(CLI_FAILED, "there is no randomness");
    }

    if (keygate_digest(cli->digester, keygate_span(new->credential), digest)
        != KEYGATE_OK)
    {
        return cli_error_nomem();
    }

    keygate_digest_hex(digest, new->hex);

    return CLI_OK;
}


/* The text lies in "new". */

static keygate_hex_t
cli_new_digest(const cli_t *cli, const cli_new_t *new)
{
    keygate_hex_t  digest;

    digest.hex = new->hex;
    digest.hmac = cli->hmac != 0;

    return digest;
}


/* The record of a new key, as it is asked for. */

static json_t *
cli_new_record(cli_t *cli, const cli_new_t *new, json_t **faults)
{
    keygate_hex_t  digest;

    digest = cli_new_digest(cli, new);

    return keygate_change_create_key(cli->request, new->id, &digest, cli->now,
                                     NULL, faults);
}


/* The record and, this once, the credential. */

static int
cli_new_print(cli_t *cli, const cli_new_t *new, const char *what)
{
    int      rc;
    json_t  *view, *extras;

    if (cli->quiet && !cli->json) {
        printf("%s\n", new->credential);
        rc = cli_print_flush();

    } else {
        extras = json_pack("{s:s}", "secret", new->credential);
        view = extras != NULL ? keygate_change_view(new->record, extras,
                                                    cli->now)
                              : NULL;
        json_decref(extras);

        if (view == NULL) {
            rc = cli_error_nomem();

        } else {
            if (cli->json) {
                (void) cli_print_json(view);

            } else {
                cli_print_record(cli, KEYGATE_KEY, view);
            }

            json_decref(view);
            rc = cli_print_flush();
        }
    }

    if (rc != CLI_OK) {
        return cli_error(rc, "%s was %s, but its secret could not be shown: "
                         "rotate it", new->id, what);
    }

    cli_note(cli, "The secret is shown this once and kept nowhere.");

    return CLI_OK;
}


static int
cli_create_make(cli_t *cli, cli_find_t *find, cli_text_t *lines, void *data)
{
    int         rc;
    json_t     *faults;
    cli_new_t  *new;

    new = data;

    if (find->wants[0].json == NULL) {
        return cli_error(CLI_NOT_FOUND, "there is no account %s; see "
                         "\"keygate account put\"", find->wants[0].id);
    }

    if (find->wants[1].json != NULL) {
        return CLI_CONFLICT;
    }

    rc = cli_find_kind(cli, find);

    if (rc != CLI_OK) {
        return rc;
    }

    json_decref(new->record);
    new->record = cli_new_record(cli, new, &faults);
    new->record = cli_actor_sign(NULL, new->record);

    return cli_change_add(lines, KEYGATE_KEY, json_incref(new->record),
                          faults);
}


/* One id after the other, until there is one that nobody has. */

static int
cli_create_try(cli_t *cli, cli_new_t *new, const char *account)
{
    int          rc, tries, taken;
    char        *ids[2];
    cli_find_t   find;

    ids[0] = (char *) account;
    ids[1] = new->id;

    for (tries = 0; tries < CLI_ID_TRIES; tries++) {
        new->id[0] = '\0';
        rc = cli_new_credential(cli, new);

        if (rc != CLI_OK) {
            return rc;
        }

        rc = cli_find_want(&find, KEYGATE_KEY, ids, 2);

        if (rc != CLI_OK) {
            return rc;
        }

        find.wants[0].kind = KEYGATE_ACCOUNT;

        rc = cli_change(cli, &find, cli_create_make, new);
        taken = rc == CLI_CONFLICT && find.wants[1].json != NULL;

        cli_find_free(&find);

        if (!taken) {
            return rc;
        }
    }

    return cli_error(CLI_CONFLICT, "no id is left in this format; take a "
                     "longer one");
}


/* Whether a record can be made of what is asked for: that is told before any
 * journal is looked at. */

static int
cli_create_usage(cli_t *cli, cli_new_t *new)
{
    int      rc;
    json_t  *record, *faults;

    rc = cli_new_credential(cli, new);

    if (rc != CLI_OK) {
        return rc;
    }

    record = cli_new_record(cli, new, &faults);

    if (record == NULL) {
        return cli_error_faults(faults);
    }

    json_decref(record);

    return CLI_OK;
}


int
cli_key_create(cli_t *cli)
{
    int          rc;
    cli_new_t    new;
    const char  *account;

    memset(&new, 0, sizeof(cli_new_t));
    account = cli_json_text(cli->request, "account");

    if (account == NULL) {
        return cli_error(CLI_USAGE, "which account? give --account ID");
    }

    if (!keygate_record_id_valid(keygate_span(account))) {
        return cli_error(CLI_NOT_FOUND, "there is no such account: --account "
                         "is not an id; see \"keygate account list\"");
    }

    if (json_object_get(cli->request, "scopes") == NULL
        && json_object_set_new(cli->request, "scopes", json_array()) != 0)
    {
        return cli_error_nomem();
    }

    rc = cli_new_setup(cli);
    rc = rc != CLI_OK ? rc : cli_create_usage(cli, &new);
    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, 0);
    rc = rc != CLI_OK ? rc : cli_create_try(cli, &new, account);

    if (rc == CLI_OK) {
        rc = cli_new_print(cli, &new, "made");
    }

    cli_new_done(&new);

    return rc;
}


static int
cli_rotate_make(cli_t *cli, cli_find_t *find, cli_text_t *lines, void *data)
{
    int             rc;
    json_t         *faults;
    cli_new_t      *new;
    keygate_hex_t   digest;

    new = data;

    if (find->wants[0].json == NULL) {
        return cli_error(CLI_NOT_FOUND, "there is no key %s", new->id);
    }

    if (keygate_change_revoked(find->wants[0].json)) {
        return cli_error(CLI_FAILED, "%s is revoked: there is nothing to "
                         "rotate", new->id);
    }

    rc = cli_find_kind(cli, find);
    rc = rc != CLI_OK ? rc : cli_new_credential(cli, new);

    if (rc != CLI_OK) {
        return rc;
    }

    digest = cli_new_digest(cli, new);

    json_decref(new->record);
    new->record = keygate_change_rotate_key(find->wants[0].json, &digest,
                                            new->overlap, cli->now, &faults);
    new->record = cli_actor_sign(find->wants[0].json, new->record);

    return cli_change_add(lines, KEYGATE_KEY, json_incref(new->record),
                          faults);
}


int
cli_key_rotate(cli_t *cli)
{
    int          rc;
    json_t      *faults;
    cli_new_t    new;
    cli_find_t   find;

    memset(&new, 0, sizeof(cli_new_t));

    new.overlap = keygate_change_overlap(cli->request, &faults);

    if (new.overlap < 0) {
        return cli_error_faults(faults);
    }

    rc = cli_find_want(&find, KEYGATE_KEY, cli->args, 1);

    if (rc != CLI_OK) {
        return rc;
    }

    snprintf(new.id, sizeof(new.id), "%s", cli->args[0]);

    rc = cli_new_setup(cli);
    rc = rc != CLI_OK ? rc : cli_setup_journal(cli, 0);

    rc = rc != CLI_OK ? rc : cli_change(cli, &find, cli_rotate_make, &new);

    cli_find_free(&find);

    if (rc == CLI_OK) {
        rc = cli_new_print(cli, &new, "rotated");
    }

    cli_new_done(&new);

    return rc;
}
