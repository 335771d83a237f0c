/*
 * Rows out of a file: CSV or JSON Lines, whichever its first character tells.
 * What a row means is not decided here.
 */

#include "import.h"


static keygate_rc_t cli_json_row(cli_source_t *s, json_t **row);


int
cli_file_open(cli_source_t *s, const char *path)
{
    int  rc;

    rc = cli_source_open(s, path);

    if (rc != CLI_OK) {
        return rc;
    }

    s->csv = cli_source_peek(s) != '{' && cli_source_peek(s) != EOF;

    if (!s->csv) {
        return CLI_OK;
    }

    s->columns = json_array();

    return s->columns != NULL ? cli_csv_names(s) : cli_error_nomem();
}


static keygate_rc_t
cli_json_row(cli_source_t *s, json_t **row)
{
    keygate_rc_t           rc;
    keygate_str_t          span;
    keygate_json_error_t   error;

    rc = cli_source_line(s);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    span.data = (const unsigned char *) s->text.data;
    span.len = s->text.len;
    *row = keygate_json_parse(span, 0, &error);

    if (*row == NULL && error.nomem) {
        return KEYGATE_NOMEM;
    }

    if (!json_is_object(*row)) {
        json_decref(*row);
        return cli_source_refuse(s, "is not a JSON object without duplicate "
                                    "members");
    }

    return KEYGATE_OK;
}


keygate_rc_t
cli_file_next(cli_source_t *s, json_t **row)
{
    keygate_rc_t  rc;

    if (!s->csv) {
        return cli_json_row(s, row);
    }

    rc = cli_source_begin(s);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    *row = json_object();

    if (*row == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = cli_csv_row(s, *row);

    if (rc != KEYGATE_OK) {
        json_decref(*row);
    }

    return rc;
}
