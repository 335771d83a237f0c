/*
 * Lists of errors in the bodies of frameworks, as one array: a list stays as
 * it is; of objects with lists of texts by field, each text becomes an entry
 * with a JSON pointer (RFC 6901) into the body of the request.
 */

#include <string.h>

#include "keygate_error_private.h"
#include "keygate_json.h"


#define KEYGATE_LISTS_DEPTH  4     /* objects within objects */


/* Where the walk is: a name or, without one, an index. */

typedef struct keygate_step_s  keygate_step_t;

struct keygate_step_s {
    const keygate_step_t  *up;
    const char            *name;
    size_t                 index;
};


typedef struct {
    keygate_buf_t  *out;           /* NULL: only whether it is that */
    unsigned        n;             /* texts so far */
    unsigned        single:1;      /* one text counts as a list of one */
} keygate_lists_t;


static void keygate_lists_pointer(keygate_buf_t *out,
    const keygate_step_t *step);
static void keygate_lists_text(keygate_lists_t *w, const json_t *text,
    const keygate_step_t *step);
static int keygate_lists_array(keygate_lists_t *w, json_t *array,
    const keygate_step_t *up, unsigned depth);
static int keygate_lists_object(keygate_lists_t *w, json_t *object,
    const keygate_step_t *up, unsigned depth);
static int keygate_lists_write(json_t *value, unsigned single,
    keygate_buf_t *out);


static void
keygate_lists_pointer(keygate_buf_t *out, const keygate_step_t *step)
{
    keygate_str_t  run;

    if (step == NULL) {
        return;
    }

    keygate_lists_pointer(out, step->up);
    keygate_buf_puts(out, "/");

    if (step->name == NULL) {
        keygate_buf_num(out, (int64_t) step->index);
        return;
    }

    for (run = keygate_span(step->name); run.len; /* void */ ) {
        keygate_str_t  part;

        part.data = run.data;
        part.len = strcspn((const char *) run.data, "~/");

        keygate_buf_json_part(out, part);

        run.data += part.len;
        run.len -= part.len;

        if (run.len) {
            keygate_buf_puts(out, *run.data == '~' ? "~0" : "~1");
            run.data++;
            run.len--;
        }
    }
}


static void
keygate_lists_text(keygate_lists_t *w, const json_t *text,
    const keygate_step_t *step)
{
    if (w->out != NULL) {
        keygate_buf_puts(w->out, w->n ? ",{\"pointer\":\"" : "{\"pointer\":\"");
        keygate_lists_pointer(w->out, step);
        keygate_buf_puts(w->out, "\",\"detail\":");
        keygate_json_put(w->out, text);
        keygate_buf_puts(w->out, "}");
    }

    w->n++;
}


/* The elements of a list: texts about what the list is of, or objects, each
 * about an element of the request's. */

static int
keygate_lists_array(keygate_lists_t *w, json_t *array,
    const keygate_step_t *up, unsigned depth)
{
    json_t          *value;
    keygate_step_t   step;

    step.up = up;
    step.name = NULL;
    step.index = 0;

    json_array_foreach(array, step.index, value) {

        if (keygate_json_is_string(value)) {
            keygate_lists_text(w, value, up);

        } else if (!json_is_object(value)
                   || !keygate_lists_object(w, value, &step, depth))
        {
            return 0;
        }
    }

    return 1;
}


/* Whether an object has nothing but lists of texts, at any of its leaves. */

static int
keygate_lists_object(keygate_lists_t *w, json_t *object,
    const keygate_step_t *up, unsigned depth)
{
    int              fits;
    json_t          *value;
    keygate_step_t   step;

    if (depth == KEYGATE_LISTS_DEPTH) {
        return 0;
    }

    step.up = up;
    step.name = NULL;
    step.index = 0;

    json_object_foreach(object, step.name, value) {

        if (json_is_array(value)) {
            fits = keygate_lists_array(w, value, &step, depth + 1);

        } else if (json_is_object(value)) {
            fits = keygate_lists_object(w, value, &step, depth + 1);

        } else if (w->single && keygate_json_is_string(value)) {
            keygate_lists_text(w, value, &step);
            fits = 1;

        } else {
            fits = 0;
        }

        if (!fits) {
            return 0;
        }
    }

    return 1;
}


/* Whether there was anything to write. */

static int
keygate_lists_write(json_t *value, unsigned single, keygate_buf_t *out)
{
    keygate_lists_t  w;

    if (json_array_size(value)) {
        keygate_json_put(out, value);
        return 1;
    }

    if (!json_is_object(value)) {
        return 0;
    }

    w.out = NULL;
    w.n = 0;
    w.single = single;

    if (!keygate_lists_object(&w, value, NULL, 0) || w.n == 0) {
        return 0;
    }

    w.out = out;
    w.n = 0;

    keygate_buf_puts(out, "[");
    (void) keygate_lists_object(&w, value, NULL, 0);
    keygate_buf_puts(out, "]");

    return 1;
}


void
keygate_error_read_lists(json_t *body, keygate_buf_t *out)
{
    size_t              i;
    json_t             *error, *errors;

    static const char  *names[] = { "errors", "field_errors", "detail",
                                    "message" };

    errors = json_object_get(body, "errors");

    /* Phoenix: one text that is about the whole */

    if (json_object_size(errors) == 1
        && keygate_json_is_string(json_object_get(errors, "detail")))
    {
        return;
    }

    for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
        if (keygate_lists_write(json_object_get(body, names[i]), i < 2, out)) {
            return;
        }
    }

    error = json_object_get(body, "error");

    if (json_is_object(error)) {
        for (i = 0; i < sizeof(names) / sizeof(char *); i++) {
            if (keygate_lists_write(json_object_get(error, names[i]), i < 2,
                                    out))
            {
                return;
            }
        }
    }

    (void) keygate_lists_write(body, 0, out);
}
