/*
 * Any upstream body, of any media type: what is kept of it must come out as
 * one JSON document.  The first byte chooses format, status and type.
 */

#include "fuzz.h"

#include <jansson.h>

#include "../unit/arena.h"

#include "keygate_error.h"


enum { UNCHANGED, KEPT, LISTS, REPLACED, FAILED };

const char *const  fuzz_shapes[] = {
    "a body that is left alone", "a message that is kept", "lists",
    "a body that is replaced", "a server error", NULL
};


static const char  *types[] = {
    "application/problem+json", "application/json;charset=utf-8",
    "text/html", ""
};


static void
check_body(const keygate_texts_t *texts, const keygate_error_t *error)
{
    size_t          len;
    json_t         *json;
    json_error_t    fault;
    keygate_buf_t   out;

    memset(&out, 0, sizeof(out));
    keygate_error_body(texts, error, &out);
    len = out.len;

    out.data = malloc(len);
    out.size = len;
    out.len = 0;

    must(out.data != NULL);

    keygate_error_body(texts, error, &out);

    json = json_loadb((char *) out.data, out.len,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, &fault);

    /* lists go one or two levels deeper than they were, and numbers that are
     * too large for a parser stay */

    must(out.len == len);
    must(json_is_object(json) || error->errors.len >= 1024
         || json_error_code(&fault) == json_error_numeric_overflow);

    json_decref(json);
    free(out.data);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char       *type;
    arena_t           arena;
    unsigned          status;
    keygate_rc_t      rc;
    keygate_str_t     span, body;
    keygate_pool_t    pool;
    keygate_texts_t   texts;
    keygate_error_t   error;

    if (size == 0) {
        return 0;
    }

    memset(&arena, 0, sizeof(arena));
    memset(&texts, 0, sizeof(texts));
    memset(&error, 0, sizeof(error));

    pool = arena_pool(&arena);
    texts.format = (keygate_error_format_e) (data[0] % 3);
    status = data[0] & 0x40 ? 500 : 400;
    type = types[(data[0] >> 4) & 3];

    span.data = (const unsigned char *) type;
    span.len = strlen(type);
    body.data = data + 1;
    body.len = size - 1;

    rc = keygate_error_inspect(texts.format, status, span, body, &pool,
                               &error);

    must(rc == KEYGATE_OK || rc == KEYGATE_AGAIN || rc == KEYGATE_NONE);
    must(status < 500 || rc != KEYGATE_AGAIN);

    fuzz_saw(rc == KEYGATE_OK ? UNCHANGED
             : rc == KEYGATE_NONE ? REPLACED
             : error.errors.len ? LISTS : KEPT);

    if (status >= 500) {
        fuzz_saw(FAILED);
    }

    if (rc == KEYGATE_AGAIN || rc == KEYGATE_NONE) {
        error.status = status;
        error.instance = body;
        check_body(&texts, &error);

        error.code = KEYGATE_RATE_LIMITED;
        texts.text[error.code].detail = body;
        texts.text[error.code].title = body;
        texts.types = body;
        error.path = body;
        check_body(&texts, &error);
    }

    arena_free(&arena);

    return 0;
}
