/*
 * Keys as a running gateway's admin API lists them, page by page: with when
 * they were last used, which only the gateway knows.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "openapi.h"


#define CLI_TOKEN_MAX  1024
#define CLI_PATH_MAX   2048


static void cli_read_line(FILE *f, char line[CLI_TOKEN_MAX]);
static int cli_read_token(cli_t *cli, char token[CLI_TOKEN_MAX]);
static int cli_put_query(char *p, size_t size, const char *name,
    const char *value);
static int cli_admin_page(cli_t *cli, const char *token,
    char cursor[CLI_PATH_MAX], int (*key)(void *data, const json_t *key),
    void *data);
static json_t *cli_admin_answer(cli_t *cli, const char *path,
    const char *token);


static void
cli_read_line(FILE *f, char line[CLI_TOKEN_MAX])
{
    setvbuf(f, NULL, _IONBF, 0);

    if (fgets(line, CLI_TOKEN_MAX, f) == NULL) {
        line[0] = '\0';
    }
}


/* The first line of the file; printable ASCII without spaces, since it goes
 * into a header. */

static int
cli_read_token(cli_t *cli, char token[CLI_TOKEN_MAX])
{
    FILE        *f;
    size_t       len;
    const char  *path;

    path = cli->token_path;

    if (path == NULL) {
        return cli_error(CLI_USAGE, "--admin needs --token-file");
    }

    if (strcmp(path, "-") == 0) {
        cli_read_line(stdin, token);

    } else {
        f = fopen(path, "r");

        if (f == NULL) {
            return cli_error(CLI_IO, "%s: %s", path, strerror(errno));
        }

        cli_read_line(f, token);
        fclose(f);
    }

    len = strcspn(token, "\r\n");
    token[len] = '\0';

    if (len == 0 || len == CLI_TOKEN_MAX - 1) {
        return cli_error(CLI_USAGE, "%s: there is no token in it", path);
    }

    while (len != 0) {
        if (!isgraph((unsigned char) token[--len])) {
            return cli_error(CLI_USAGE, "%s: not a token", path);
        }
    }

    return CLI_OK;
}


static int
cli_put_query(char *p, size_t size, const char *name, const char *value)
{
    int  n;

    n = snprintf(p, size, "&%s=", name);

    if (n < 0 || (size_t) n >= size) {
        return 0;
    }

    for (p += n, size -= (size_t) n; *value != '\0'; value++) {

        if (size < 4) {
            return 0;
        }

        if (isalnum((unsigned char) *value) || strchr("-._~", *value)) {
            *p++ = *value;
            size--;
            continue;
        }

        snprintf(p, 4, "%%%02X", (unsigned char) *value);
        p += 3;
        size -= 3;
    }

    *p = '\0';

    return 1;
}


/* One page; *cursor is the next one's, or empty.  Of what is asked for the
 * account alone is the gateway's affair: all else is looked at here. */

static int
cli_admin_page(cli_t *cli, const char *token, char cursor[CLI_PATH_MAX],
    int (*key)(void *data, const json_t *key), void *data)
{
    int             rc;
    char            path[2 * CLI_PATH_MAX];
    size_t          i, len;
    json_t         *page, *item;
    cli_text_t      body;
    const char     *account, *next;
    keygate_str_t   span;

    account = (const char *) cli->filter.account.data;
    len = (size_t) sprintf(path, "/keys?limit=100");

    if ((account != NULL
         && !cli_put_query(path + len, CLI_PATH_MAX, "account", account))
        || (cursor[0] != '\0'
            && !cli_put_query(path + strlen(path),
                              sizeof(path) - strlen(path), "cursor", cursor)))
    {
        return cli_error(CLI_FAILED, "%s: a cursor is too long", cli->admin);
    }

    memset(&body, 0, sizeof(cli_text_t));
    rc = cli_http_get(cli->admin, path, token, &body);

    if (rc != CLI_OK) {
        cli_text_free(&body);
        return rc;
    }

    span.data = (const unsigned char *) body.data;
    span.len = body.len;
    page = keygate_json_parse(span, 0, NULL);
    cli_text_free(&body);

    if (!json_is_array(json_object_get(page, "data"))) {
        json_decref(page);
        return cli_error(CLI_FAILED, "%s: its answer is not a list of keys",
                         cli->admin);
    }

    json_array_foreach(json_object_get(page, "data"), i, item) {

        if (!keygate_record_id_valid(
                cli_json_span(json_object_get(item, "id"))))
        {
            rc = cli_error(CLI_FAILED, "%s: its answer is not a list of keys",
                           cli->admin);
        }

        rc = rc != CLI_OK ? rc : key(data, item);

        if (rc != CLI_OK) {
            break;
        }
    }

    next = cli_json_text(page, "next_cursor");
    snprintf(cursor, CLI_PATH_MAX, "%s", next != NULL ? next : "");
    json_decref(page);

    return rc;
}


static json_t *
cli_admin_answer(cli_t *cli, const char *path, const char *token)
{
    json_t         *answer;
    cli_text_t      body;
    keygate_str_t   span;

    answer = NULL;
    memset(&body, 0, sizeof(cli_text_t));

    if (cli_http_get(cli->admin, path, token, &body) == CLI_OK) {
        span.data = (const unsigned char *) body.data;
        span.len = body.len;
        answer = keygate_json_parse(span, 0, NULL);

        if (answer == NULL) {
            (void) cli_error(CLI_FAILED, "%s: its answer is not JSON",
                             cli->admin);
        }
    }

    cli_text_free(&body);

    return answer;
}


int
cli_admin_get(cli_t *cli, const char *first, const char *second,
    json_t *answers[2])
{
    int   rc;
    char  token[CLI_TOKEN_MAX];

    answers[0] = answers[1] = NULL;
    rc = cli_read_token(cli, token);

    if (rc == CLI_OK) {
        answers[0] = cli_admin_answer(cli, first, token);
        answers[1] = answers[0] == NULL
                     ? NULL : cli_admin_answer(cli, second, token);
    }

    OPENSSL_cleanse(token, sizeof(token));

    if (rc == CLI_OK && answers[1] == NULL) {
        json_decref(answers[0]);
        rc = CLI_FAILED;
    }

    return rc;
}


int
cli_admin_keys(cli_t *cli, int (*key)(void *data, const json_t *key),
    void *data)
{
    int    rc;
    char   token[CLI_TOKEN_MAX], *cursor;

    cursor = calloc(1, CLI_PATH_MAX);

    if (cursor == NULL) {
        return cli_error_nomem();
    }

    rc = cli_read_token(cli, token);

    if (rc == CLI_OK) {
        do {
            rc = cli_admin_page(cli, token, cursor, key, data);
        } while (rc == CLI_OK && cursor[0] != '\0');
    }

    OPENSSL_cleanse(token, sizeof(token));
    free(cursor);

    return rc;
}
