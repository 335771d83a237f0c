/*
 * What a body says in JSON and no record can hold: values that are no objects,
 * numbers of any size, U+0000.  The first of them is told, with its place.
 */

#include "ngx_http_keygate_admin.h"


static const char *ngx_http_keygate_admin_beyond(const json_t *json,
    keygate_buf_t *pointer);
static const char *ngx_http_keygate_admin_beyond_in(const json_t *json,
    const char *name, keygate_buf_t *pointer);


void
ngx_http_keygate_admin_bounds(ngx_http_keygate_job_t *job, size_t len)
{
    json_t         *faults;
    const char     *reason;
    keygate_buf_t   pointer;

    faults = NULL;

    if (!json_is_object(job->body)) {
        (void) keygate_change_fault(&faults, "", "is not an object");
        ngx_http_keygate_result_faults(job, faults);
        return;
    }

    /* "[" is one byte, "/0" are two; an index has less digits than there are
       bytes before it; "~" is escaped */

    pointer.len = 0;
    pointer.size = 4 * len + 1;
    pointer.data = malloc(pointer.size);

    if (pointer.data == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    reason = ngx_http_keygate_admin_beyond(job->body, &pointer);

    if (reason) {
        pointer.data[pointer.len] = '\0';
        (void) keygate_change_fault(&faults, (char *) pointer.data, reason);
        ngx_http_keygate_result_faults(job, faults);
    }

    free(pointer.data);
}


/* Recursion is as deep as what was parsed. */

static const char *
ngx_http_keygate_admin_beyond(const json_t *json, keygate_buf_t *pointer)
{
    u_char       index[NGX_SIZE_T_LEN + 1];
    size_t       i;
    json_t      *value;
    const char  *name, *reason;

    reason = NULL;

    if (json_is_object(json)) {
        json_object_foreach((json_t *) json, name, value) {
            reason = ngx_http_keygate_admin_beyond_in(value, name, pointer);

            if (reason) {
                return reason;
            }
        }

        return NULL;
    }

    if (json_is_array(json)) {
        json_array_foreach(json, i, value) {
            *ngx_sprintf(index, "%uz", i) = '\0';
            reason = ngx_http_keygate_admin_beyond_in(value, (char *) index,
                                                      pointer);
            if (reason) {
                return reason;
            }
        }

        return NULL;
    }

    if (!json_is_string(json)) {
        return NULL;
    }

    return keygate_json_is_number(json) ? "is too large a number"
           : memchr(json_string_value(json), '\0', json_string_length(json))
           ? "has a character U+0000" : NULL;
}


/* One level down; the pointer stays there where something is found. */

static const char *
ngx_http_keygate_admin_beyond_in(const json_t *json, const char *name,
    keygate_buf_t *pointer)
{
    size_t          len;
    const char     *reason;
    keygate_str_t   c;

    len = pointer->len;
    keygate_buf_puts(pointer, "/");

    for (c.data = (const u_char *) name, c.len = 1; *c.data; c.data++) {
        keygate_buf_put(pointer, (*c.data == '~') ? KEYGATE_STR("~0")
                                 : (*c.data == '/') ? KEYGATE_STR("~1") : c);
    }

    reason = ngx_http_keygate_admin_beyond(json, pointer);

    if (reason == NULL) {
        pointer->len = len;
    }

    return reason;
}
