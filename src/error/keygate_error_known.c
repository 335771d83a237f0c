/*
 * Error bodies of known shapes: the message, the code and the other members
 * of an object, whichever framework has made it.
 */

#include <string.h>
#include <strings.h>

#include "keygate_error_private.h"
#include "keygate_json.h"


/* What is taken from an object; NULL: it has none. */

typedef struct {
    json_t  *body;
    json_t  *error;             /* "error" of it, when that is an object */
    json_t  *message;
    json_t  *code;
} keygate_body_t;


typedef void (*keygate_body_write_pt)(const keygate_body_t *b,
    keygate_buf_t *out);


static json_t *keygate_body_string(json_t *object, const char *name);
static json_t *keygate_body_first(json_t *object, const char **names);
static json_t *keygate_body_message(const keygate_body_t *b);
static json_t *keygate_body_code(const keygate_body_t *b);
static int keygate_body_reserved(const char *name);
static int keygate_body_inside(const char *name);
static void keygate_body_write_members(const keygate_body_t *b, json_t *object,
    keygate_buf_t *out);
static void keygate_body_members(const keygate_body_t *b, keygate_buf_t *out);
static void keygate_body_all_lists(const keygate_body_t *b,
    keygate_buf_t *out);
static keygate_rc_t keygate_body_keep(const keygate_body_t *b,
    keygate_body_write_pt write, const keygate_pool_t *pool,
    keygate_str_t *text);
static keygate_rc_t keygate_body_copy(const json_t *value,
    const keygate_pool_t *pool, keygate_str_t *text);


static json_t *
keygate_body_string(json_t *object, const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    return keygate_json_is_string(value) && json_string_length(value)
           ? value : NULL;
}


int
keygate_error_is_problem(const json_t *body, unsigned status)
{
    json_t  *value;

    value = json_object_get(body, "status");

    if (!json_is_number(value) || json_number_value(value) != status) {
        return 0;
    }

    return keygate_json_is_string(json_object_get(body, "title"))
           || keygate_json_is_string(json_object_get(body, "detail"));
}


static json_t *
keygate_body_first(json_t *object, const char **names)
{
    json_t  *value;

    for ( /* void */ ; *names != NULL; names++) {
        value = keygate_body_string(object, *names);

        if (value != NULL) {
            return value;
        }
    }

    return NULL;
}


static json_t *
keygate_body_message(const keygate_body_t *b)
{
    json_t             *value;

    static const char  *early[] = { "detail", "message", "error_description",
                                    NULL };
    static const char  *late[] = { "error", "title", NULL };

    value = keygate_body_first(b->body, early);

    if (value == NULL) {
        value = keygate_body_string(b->error, "message");
    }

    if (value == NULL) {
        value = keygate_body_first(b->body, late);
    }

    /* Phoenix: {"errors":{"detail":"Not Found"}} */

    if (value == NULL) {
        value = keygate_body_string(json_object_get(b->body, "errors"),
                                    "detail");
    }

    return value;
}


static json_t *
keygate_body_code(const keygate_body_t *b)
{
    json_t             *value;

    static const char  *names[] = { "code", "status", "type", NULL };

    value = keygate_body_string(b->body, "code");

    if (value == NULL) {
        value = keygate_body_first(b->error, names);
    }

    if (value == NULL && keygate_body_string(b->body, "error_description")) {
        value = keygate_body_string(b->body, "error");
    }

    return value;
}


/* Whether a member is one of a problem that this gate writes. */

static int
keygate_body_reserved(const char *name)
{
    size_t              i;

    static const char  *names[] = { "type", "title", "status", "detail",
        "instance", "code", "request_id", "errors" };

    for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
        if (strcmp(name, names[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


/* What a framework in debug mode tells of its own inside. */

static int
keygate_body_inside(const char *name)
{
    size_t              i;

    static const char  *names[] = { "trace", "stack", "stacktrace",
                                    "stack_trace", "exception", "traceback" };

    for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static void
keygate_body_write_members(const keygate_body_t *b, json_t *object,
    keygate_buf_t *out)
{
    int          debug;
    json_t      *value;
    const char  *name;

    debug = 0;

    json_object_foreach(object, name, value) {
        debug |= keygate_body_inside(name);
    }

    json_object_foreach(object, name, value) {

        if (value == b->message || value == b->code
            || keygate_body_reserved(name) || keygate_body_inside(name)
            || (!keygate_json_is_string(value)
                && !keygate_json_is_number(value) && !json_is_boolean(value)))
        {
            continue;
        }

        if (debug && (strcmp(name, "file") == 0 || strcmp(name, "line") == 0))
        {
            continue;
        }

        /* a name in both counts where it stands first */

        if (object != b->body && json_object_get(b->body, name) != NULL) {
            continue;
        }

        keygate_buf_puts(out, ",");
        keygate_buf_json(out, keygate_span(name));
        keygate_buf_puts(out, ":");
        keygate_json_put(out, value);
    }
}


static void
keygate_body_members(const keygate_body_t *b, keygate_buf_t *out)
{
    keygate_body_write_members(b, b->body, out);

    if (b->error != NULL) {
        keygate_body_write_members(b, b->error, out);
    }
}


static void
keygate_body_all_lists(const keygate_body_t *b, keygate_buf_t *out)
{
    keygate_error_read_lists(b->body, out);
}


/* Writes twice: for the length, and for good. */

static keygate_rc_t
keygate_body_keep(const keygate_body_t *b, keygate_body_write_pt write,
    const keygate_pool_t *pool, keygate_str_t *text)
{
    keygate_buf_t  out;

    memset(&out, 0, sizeof(keygate_buf_t));
    write(b, &out);

    if (out.len == 0) {
        return KEYGATE_OK;
    }

    out.size = out.len;
    out.len = 0;
    out.data = pool->alloc(pool->pool, out.size);

    if (out.data == NULL) {
        return KEYGATE_NOMEM;
    }

    write(b, &out);
    text->data = out.data;
    text->len = out.size;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_body_copy(const json_t *value, const keygate_pool_t *pool,
    keygate_str_t *text)
{
    size_t          len;
    unsigned char  *copy;

    if (value == NULL) {
        return KEYGATE_OK;
    }

    len = json_string_length(value);
    copy = pool->alloc(pool->pool, len);

    if (copy == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(copy, json_string_value(value), len);
    text->data = copy;
    text->len = len;

    return KEYGATE_OK;
}


keygate_rc_t
keygate_error_take(keygate_error_format_e format, json_t *body,
    const keygate_pool_t *pool, keygate_error_t *e)
{
    keygate_body_t  b;

    b.body = body;
    b.error = json_object_get(body, "error");

    if (!json_is_object(b.error)) {
        b.error = NULL;
    }

    b.message = keygate_body_message(&b);
    b.code = keygate_body_code(&b);

    if (keygate_body_keep(&b, keygate_body_all_lists, pool, &e->errors)
        != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    if (b.message == NULL && b.code == NULL && e->errors.len == 0) {
        return KEYGATE_NONE;
    }

    if (keygate_body_copy(b.message, pool, &e->detail) != KEYGATE_OK
        || keygate_body_copy(b.code, pool, &e->own_code) != KEYGATE_OK)
    {
        return KEYGATE_NOMEM;
    }

    if (format != KEYGATE_PROBLEM) {
        return KEYGATE_AGAIN;
    }

    return keygate_body_keep(&b, keygate_body_members, pool, &e->members)
           == KEYGATE_OK ? KEYGATE_AGAIN : KEYGATE_NOMEM;
}
