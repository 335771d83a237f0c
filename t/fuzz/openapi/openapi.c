/*
 * Any text as a document: it is refused with a reason, or becomes a block that
 * nginx takes; which is read again as it was printed; and which, exported and
 * imported, is the same block.
 *
 * An input is a line of letters for options, and then the document.
 */

#include "fuzz.h"

#include "keygate_json.h"
#include "keygate_openapi.h"
#include "keygate_openapi_export.h"


enum { REFUSED, JSON, YAML, ROUTES, LEFT, OPEN, BACK, LOADED };

const char *const  fuzz_shapes[] = {
    "a refusal", "a document in JSON", "one in YAML", "routes",
    "an operation left out", "one that is public", "a way back",
    "another file", NULL
};


static const char  fuzz_file[] =
    "get: {security: [{key: [a]}]}\nput: {$ref: 'x.yaml#/get'}\n";


static keygate_rc_t
fuzz_load(void *data, const char *path, keygate_str_t *text)
{
    (void) data;

    must(path[0] != '/' && strncmp(path, "../", 3) != 0
         && strstr(path, "/../") == NULL && strcmp(path, "..") != 0);
    fuzz_saw(LOADED);
    *text = fuzz_str(fuzz_file);

    return strcmp(path, "x.yaml") == 0 ? KEYGATE_OK : KEYGATE_NONE;
}


static keygate_str_t
fuzz_print(const keygate_block_t *block)
{
    keygate_buf_t  b;

    memset(&b, 0, sizeof(keygate_buf_t));
    keygate_block_print(block, &b);

    b.size = b.len;
    b.data = keygate_doc_alloc(block->doc, b.size + 1);
    must(b.data != NULL);
    b.len = 0;
    keygate_block_print(block, &b);
    must(b.len == b.size);

    return fuzz_span(b.data, b.len);
}


/* As a configuration has it, and as an overlay. */

static void
fuzz_back(keygate_openapi_t *r)
{
    char                       *text;
    size_t                      len;
    json_t                     *json;
    keygate_str_t               printed, again;
    keygate_block_t             block;
    keygate_block_conf_t        conf;
    keygate_openapi_t           back;
    keygate_openapi_options_t   options;

    printed = fuzz_print(&r->block);

    memset(&block, 0, sizeof(keygate_block_t));
    block.doc = r->block.doc;
    memset(&conf, 0, sizeof(keygate_block_conf_t));
    must(keygate_block_read(&block, &conf, printed, r->block.name)
         == KEYGATE_OK);
    must(keygate_str_eq(fuzz_print(&block), printed));

    json = keygate_openapi_export(&r->block, r->n_routes % 2);
    must(json != NULL);
    text = keygate_json_print(json, 0, &len);
    must(text != NULL);
    json_decref(json);

    memset(&options, 0, sizeof(keygate_openapi_options_t));
    must(keygate_openapi_import(r->block.doc, fuzz_span(text, len), &options,
                                &back)
         == KEYGATE_OK);

    again = fuzz_print(&back.block);
    must(keygate_str_eq(again, printed));
    free(text);
    fuzz_saw(BACK);
}


static void
fuzz_options(keygate_str_t letters, keygate_openapi_options_t *options)
{
    size_t  i;

    memset(options, 0, sizeof(keygate_openapi_options_t));
    options->load = fuzz_load;

    for (i = 0; i < letters.len; i++) {
        switch (letters.data[i]) {

        case 'p':
            options->open = KEYGATE_OPENAPI_PUBLIC;
            break;

        case 'a':
            options->open = KEYGATE_OPENAPI_ANY;
            break;

        case 'o':
            options->scopes_any = 1;
            break;

        case 'k':
            options->scheme = "key";
            break;

        case 'c':
            options->credential = "scheme Token param=token";
            break;

        case 'f':
            options->scopes_from = "x-scopes";
            break;

        case 's':
            options->server = "2";
            break;

        case 'r':
            options->renames[0] = "public=all";
            options->n_renames = 1;
            break;

        default:
            break;
        }
    }
}


/* Routes that the document adds are not where they were. */

static int
fuzz_given(keygate_str_t text)
{
    size_t  i;

    for (i = 0; i + 5 <= text.len; i++) {
        if (memcmp(text.data + i, "route", 5) == 0
            || memcmp(text.data + i, "when", 4) == 0)
        {
            return 1;
        }
    }

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    keygate_rc_t                rc;
    keygate_str_t               text;
    keygate_doc_t               doc;
    keygate_openapi_t           result;
    keygate_openapi_options_t   options;

    text = fuzz_span(data, size);
    fuzz_options(fuzz_cut(&text, '\n'), &options);
    keygate_doc_init(&doc);

    rc = keygate_openapi_import(&doc, text, &options, &result);

    if (rc == KEYGATE_INVALID) {
        must(result.error != NULL && result.pointer != NULL);
        fuzz_saw(REFUSED);

    } else {
        must(rc == KEYGATE_OK);
        must(result.api != NULL);
        must(result.api->n_routes >= result.n_public);
        fuzz_saw(text.data[0] == '{' ? JSON : YAML);

        if (result.n_routes != 0) {
            fuzz_saw(ROUTES);
        }

        if (result.n_left != 0) {
            fuzz_saw(LEFT);
        }

        if (result.n_public != 0) {
            fuzz_saw(OPEN);
        }

        if (!fuzz_given(text)) {
            fuzz_back(&result);
        }
    }

    keygate_doc_free(&doc);

    return 0;
}
