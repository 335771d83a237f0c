/*
 * Any text as JSON: it is the value that jansson makes of it, or a fault where
 * that has one, with a place in the text; and where an allocation fails,
 * nothing.  The first byte tells which one fails, and whether U+0000 may be
 * there.
 */

#include "fuzz.h"

#include "keygate_json.h"


enum { VALUE, FAULT, WITH_NUL, NOMEM };

const char *const  fuzz_shapes[] = {
    "a value", "a fault", "a text with U+0000", "no memory", NULL
};


static unsigned  fuzz_fail_at;


static void *
fuzz_malloc(size_t size)
{
    if (fuzz_fail_at != 0 && --fuzz_fail_at == 0) {
        return NULL;
    }

    return malloc(size);
}


static int
fuzz_has_nul(const json_t *json)
{
    size_t   i;
    json_t  *value;

    for (i = 0; i < json_array_size(json); i++) {
        value = json_array_get(json, i);

        if (json_is_string(value)
            && strlen(json_string_value(value)) != json_string_length(value))
        {
            return 1;
        }
    }

    return 0;
}


/* Short of memory, it is the same or it is nothing. */

static void
test_memory(keygate_str_t text, int nul, unsigned at, const json_t *value)
{
    json_t                *json;
    keygate_json_error_t   error;

    fuzz_fail_at = at;
    json = keygate_json_parse(text, nul, &error);

    if (json == NULL) {
        must(error.nomem == (error.reason == NULL));
        must(error.nomem || value == NULL);

        if (error.nomem) {
            fuzz_saw(NOMEM);
        }

    } else {
        must(value != NULL && json_equal(json, (json_t *) value));
    }

    fuzz_fail_at = 0;
    json_decref(json);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                    nul;
    json_t                *json, *twin;
    unsigned               at;
    keygate_str_t          text;
    keygate_json_error_t   error;

    if (size == 0) {
        return 0;
    }

    json_set_alloc_funcs(fuzz_malloc, free);

    nul = data[0] & 1;
    at = data[0] >> 1 & 31;
    text = fuzz_span(data + 1, size - 1);

    json = keygate_json_parse(text, nul, &error);
    twin = json_loadb((const char *) text.data, text.len,
                      JSON_REJECT_DUPLICATES | (nul ? JSON_ALLOW_NUL : 0),
                      NULL);

    /* jansson overlooks a NUL behind a number */

    must(memchr(text.data, '\0', text.len) != NULL
         ? json == NULL : (json == NULL) == (twin == NULL));

    if (json == NULL) {
        must(error.reason != NULL && !error.nomem);
        must(error.line >= 1 && error.line <= size && error.column >= 1
             && error.column <= size);
        fuzz_saw(FAULT);

    } else {
        must(json_equal(json, twin));
        fuzz_saw(fuzz_has_nul(json) ? WITH_NUL : VALUE);
    }

    if (at != 0) {
        test_memory(text, nul, at, json);
    }

    json_decref(json);
    json_decref(twin);

    return 0;
}
