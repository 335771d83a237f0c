/*
 * Options that are members of a record: they go into the request as they are.
 */

#include <stdlib.h>
#include <string.h>

#include "cli.h"


int
cli_member_put(cli_t *cli, const cli_option_t *o, json_t *value)
{
    if (value == NULL) {
        return cli_error(CLI_USAGE, "--%s: not UTF-8", o->name);
    }

    return json_object_set_new(cli->request, o->member, value) == 0
           ? CLI_OK : cli_error_nomem();
}


int
cli_member_text(cli_t *cli, const cli_option_t *o, const char *value)
{
    return cli_member_put(cli, o, json_string(value));
}


int
cli_member_null(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) value;

    return cli_member_put(cli, o, json_null());
}


int
cli_member_text_or_null(cli_t *cli, const cli_option_t *o, const char *value)
{
    return cli_member_put(cli, o, value[0] ? json_string(value) : json_null());
}


int
cli_member_none(cli_t *cli, const cli_option_t *o, const char *value)
{
    (void) value;

    return cli_member_put(cli, o, json_array());
}


/* Adds to a list, what is separated by commas one by one. */

int
cli_member_list(cli_t *cli, const cli_option_t *o, const char *value)
{
    int      rc;
    size_t   len;
    json_t  *list, *item;

    if (!json_is_array(json_object_get(cli->request, o->member))) {
        rc = cli_member_put(cli, o, json_array());

        if (rc != CLI_OK) {
            return rc;
        }
    }

    list = json_object_get(cli->request, o->member);

    for ( ;; ) {
        len = strcspn(value, ",");
        item = json_stringn(value, len);

        if (item == NULL) {
            return cli_member_put(cli, o, NULL);
        }

        if (json_array_append_new(list, item) != 0) {
            return cli_error_nomem();
        }

        if (value[len] == '\0') {
            return CLI_OK;
        }

        value += len + 1;
    }
}


/* FIELD=VALUE; FIELD alone is null. */

int
cli_member_field(cli_t *cli, const cli_option_t *o, const char *value)
{
    int      rc;
    char    *name;
    size_t   len;
    json_t  *item, *fields;

    if (json_object_get(cli->request, o->member) == NULL) {
        rc = cli_member_put(cli, o, json_object());

        if (rc != CLI_OK) {
            return rc;
        }
    }

    fields = json_object_get(cli->request, o->member);
    len = strcspn(value, "=");
    name = strndup(value, len);
    item = value[len] == '\0' ? json_null() : json_string(value + len + 1);

    if (name == NULL) {
        json_decref(item);
        return cli_error_nomem();
    }

    rc = item == NULL || json_object_set_new(fields, name, item) != 0
         ? cli_member_put(cli, o, NULL) : CLI_OK;

    free(name);

    return rc;
}
