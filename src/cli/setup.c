/*
 * What commands work with: formats of keys, the digester and its pepper, the
 * journal's handle.  Formats are read by the same words that read key_format
 * in nginx's configuration.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "remote.h"


#define CLI_PEPPER_MIN  32
#define CLI_PEPPER_MAX  4096
#define CLI_WORDS_MAX   8


/* What formats are made of lives as long as the command. */

typedef struct cli_block_s  cli_block_t;

struct cli_block_s {
    cli_block_t  *next;
    uint64_t      align;
};


static void *cli_pool_alloc(void *pool, size_t size);
static int cli_add_format(cli_t *cli, keygate_api_t *api, char *text);
static int cli_read_pepper(const char *path, unsigned char *pepper,
    size_t *len);


static void *
cli_pool_alloc(void *pool, size_t size)
{
    cli_t        *cli;
    cli_block_t  *block;

    cli = pool;
    block = calloc(1, sizeof(cli_block_t) + size);

    if (block == NULL) {
        return NULL;
    }

    block->next = cli->blocks;
    cli->blocks = block;

    return block + 1;
}


static int
cli_add_format(cli_t *cli, keygate_api_t *api, char *text)
{
    char                  *word, *rest;
    unsigned               n;
    keygate_rc_t           rc;
    keygate_str_t          args[CLI_WORDS_MAX];
    keygate_conf_fault_t   fault;

    args[0] = KEYGATE_STR("key_format");
    n = 1;

    for (word = strtok_r(text, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest))
    {
        if (n == CLI_WORDS_MAX) {
            break;
        }

        args[n++] = keygate_span(word);
    }

    if (n == 1) {
        return CLI_OK;
    }

    rc = keygate_api_directive(api, args, n, 0, &fault);

    if (rc == KEYGATE_NOMEM) {
        return cli_error_nomem();
    }

    if (rc != KEYGATE_OK) {
        return cli_error(CLI_USAGE, "--format: \"%.*s\": expected %s",
                         (int) fault.value.len,
                         (const char *) fault.value.data, fault.expected);
    }

    if (api->any_format) {
        cli->any_format = 1;
        return CLI_OK;
    }

    if (cli->n_formats == KEYGATE_FORMATS_MAX) {
        return cli_error(CLI_USAGE, "--format: too many of them");
    }

    cli->formats[cli->n_formats++] = api->formats[api->n_formats - 1];

    return CLI_OK;
}


int
cli_setup_add_formats(cli_t *cli, const char *text)
{
    int              rc;
    char            *copy, *one, *rest;
    size_t           size;
    keygate_api_t   *api;
    keygate_pool_t   pool;

    pool.alloc = cli_pool_alloc;
    pool.pool = cli;

    api = keygate_api_create(KEYGATE_STR("cli"), &pool);
    size = strlen(text) + 1;
    copy = cli_pool_alloc(cli, size);

    if (api == NULL || copy == NULL) {
        return cli_error_nomem();
    }

    memcpy(copy, text, size);

    rc = CLI_OK;

    for (one = strtok_r(copy, ";", &rest); one != NULL && rc == CLI_OK;
         one = strtok_r(NULL, ";", &rest))
    {
        rc = cli_add_format(cli, api, one);
    }

    return rc;
}


int
cli_setup_read_formats(cli_t *cli)
{
    const char  *text;

    text = getenv("KEYGATE_FORMAT");

    return cli->n_formats == 0 && !cli->any_format && text != NULL
           ? cli_setup_add_formats(cli, text) : CLI_OK;
}


int
cli_setup_formats(cli_t *cli)
{
    int  rc;

    rc = cli_setup_read_formats(cli);

    if (rc == CLI_OK && cli->n_formats == 0) {
        return cli_error(CLI_USAGE, "what do keys look like? give --format, "
                         "or KEYGATE_FORMAT, as in key_format: \"ck_live_ "
                         "id=6 secret=24\"");
    }

    return rc;
}


static int
cli_read_pepper(const char *path, unsigned char *pepper, size_t *len)
{
    FILE  *f;

    f = fopen(path, "rb");

    if (f == NULL) {
        return cli_error(CLI_IO, "%s: %s", path, strerror(errno));
    }

    setvbuf(f, NULL, _IONBF, 0);
    *len = fread(pepper, 1, CLI_PEPPER_MAX + 1, f);

    if (ferror(f)) {
        fclose(f);
        return cli_error(CLI_IO, "%s: %s", path, strerror(errno));
    }

    fclose(f);

    if (*len < CLI_PEPPER_MIN || *len > CLI_PEPPER_MAX) {
        return cli_error(CLI_USAGE, "%s: a pepper has %d to %d bytes", path,
                         CLI_PEPPER_MIN, CLI_PEPPER_MAX);
    }

    return CLI_OK;
}


int
cli_setup_digester(cli_t *cli)
{
    int            rc;
    size_t         len;
    keygate_str_t  span;
    unsigned char  pepper[CLI_PEPPER_MAX + 1];

    len = 0;

    if (cli->pepper_path == NULL) {
        cli->pepper_path = getenv("KEYGATE_PEPPER");
    }

    if (cli->pepper_path != NULL && cli->pepper_path[0] != '\0') {
        rc = cli_read_pepper(cli->pepper_path, pepper, &len);

        if (rc != CLI_OK) {
            OPENSSL_cleanse(pepper, sizeof(pepper));
            return rc;
        }

        cli->hmac = 1;
    }

    span.data = pepper;
    span.len = len;

    cli->digester = keygate_digester_create(span);
    OPENSSL_cleanse(pepper, sizeof(pepper));

    return cli->digester != NULL ? CLI_OK : cli_error_nomem();
}


int
cli_setup_file(cli_t *cli, int create)
{
    struct stat             st;
    keygate_journal_conf_t  conf;

    if (cli->journal_path == NULL) {
        cli->journal_path = getenv("KEYGATE_JOURNAL");
    }

    if (cli->journal_path == NULL || cli->journal_path[0] == '\0') {
        return cli_error(CLI_USAGE, "which journal? give --journal PATH, or "
                         "KEYGATE_JOURNAL");
    }

    if (stat(cli->journal_path, &st) == -1) {

        if (errno != ENOENT || !create) {
            return cli_error(CLI_IO, "%s: %s", cli->journal_path,
                             strerror(errno));
        }

        cli_note(cli, "%s: a new journal; see that nginx's workers can read "
                 "and write it, and its directory", cli->journal_path);
    }

    memset(&conf, 0, sizeof(keygate_journal_conf_t));
    conf.must_exist = !create;

    cli->journal = keygate_journal_create(cli->journal_path, &conf);

    return cli->journal != NULL ? CLI_OK : cli_error_nomem();
}


/*
 * A store, or a journal.  "create": there need not be anything yet; who knew
 * of a history that an emptied store has lost does not follow the new one.
 */

int
cli_setup_journal(cli_t *cli, int create)
{
    int              rc;
    keygate_place_t  place;

    if (!cli_remote_wanted(cli)) {
        return cli_setup_file(cli, create);
    }

    if (cli->store_url != NULL && cli->journal_path != NULL) {
        return cli_error(CLI_USAGE, "--store or --journal, not both");
    }

    if (!create) {
        return cli_remote_filled(cli);
    }

    rc = cli_remote_open(cli);
    rc = rc != CLI_OK ? rc : cli_remote_place(cli);

    if (rc != CLI_OK || !cli->remote->empty) {
        return rc;
    }

    memset(&place, 0, sizeof(keygate_place_t));
    rc = cli_remote_epoch(place.epoch);

    if (rc != CLI_OK) {
        return rc;
    }

    memcpy(place.chain, place.epoch, sizeof(place.epoch));
    cli_note(cli, "%s: was empty, and begins now", cli->remote->shown);

    return cli_remote_begin(cli, &place, "");
}


int
cli_setup_records(cli_t *cli, int create)
{
    int  rc;

    rc = cli_setup_journal(cli, create);

    if (rc == CLI_OK && cli->remote != NULL) {
        cli->journal_path = cli->remote->shown;
        rc = cli_view_journal(cli);
    }

    return rc;
}


void
cli_setup_cleanup(cli_t *cli)
{
    cli_block_t  *block;

    keygate_journal_destroy(cli->journal);
    cli_remote_close(cli);
    keygate_digester_destroy(cli->digester);
    json_decref(cli->request);

    while (cli->blocks != NULL) {
        block = cli->blocks;
        cli->blocks = block->next;
        free(block);
    }
}
