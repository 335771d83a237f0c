/*
 * The credentials of the block: those of the schemes that operations name, and
 * what is to be told of these.
 */

#include "keygate_openapi_private.h"


static keygate_rc_t keygate_openapi_put_credential(keygate_openapi_work_t *w,
    const char *words);
static keygate_rc_t keygate_openapi_scheme_notes(keygate_openapi_work_t *w,
    const keygate_openapi_scheme_t *s, int given);


static keygate_rc_t
keygate_openapi_put_credential(keygate_openapi_work_t *w, const char *words)
{
    int               n;
    keygate_str_t     args[5];
    keygate_words_t  *other;

    args[0] = KEYGATE_STR("credential");
    n = keygate_block_split(w->doc, keygate_span(words), args + 1, 4);

    if (n < 1) {
        return n == -2 ? KEYGATE_NOMEM : KEYGATE_OK;
    }

    for (other = w->result->block.first; other != NULL; other = other->next) {
        if (keygate_str_eq(other->args[0], args[0])
            && other->n == (unsigned) n + 1
            && keygate_str_eq(other->args[1], args[1])
            && (n == 1 || keygate_str_eq(other->args[2], args[2])))
        {
            return KEYGATE_OK;
        }
    }

    return keygate_block_add(&w->result->block, args, (unsigned) n + 1, 0);
}


/* Of a scheme: what the document leaves open, and what is not enforced. */

static keygate_rc_t
keygate_openapi_scheme_notes(keygate_openapi_work_t *w,
    const keygate_openapi_scheme_t *s, int given)
{
    if (!s->listed) {
        return keygate_openapi_warn(w, s->pointer, s->line,
                   "declared, but not enforced: no operation names the "
                   "scheme \"%s\"",
                   (const char *) keygate_openapi_line(w, s->name, 200).data);
    }

    w->result->vague |= s->used && s->advice != NULL && !given;

    return s->used && s->advice != NULL && !given
           ? keygate_openapi_warn(w, s->pointer, s->line, "%s", s->advice)
           : KEYGATE_OK;
}


keygate_rc_t
keygate_openapi_credentials(keygate_openapi_work_t *w)
{
    unsigned      i, n, written;
    keygate_rc_t  rc;

    rc = keygate_openapi_directives(w, "credential", &n);

    for (written = n, i = 0; i < w->n_schemes && rc == KEYGATE_OK; i++) {
        rc = keygate_openapi_scheme_notes(w, &w->schemes[i], n != 0);

        if (rc == KEYGATE_OK && n == 0 && w->schemes[i].used
            && w->schemes[i].credential != NULL
            && w->schemes[i].credential[0] != '\0')
        {
            rc = keygate_openapi_put_credential(w, w->schemes[i].credential);
            written++;
        }
    }

    if (rc != KEYGATE_OK || written != 0) {
        return rc;
    }

    if (w->options->credential != NULL) {
        return keygate_openapi_put_credential(w, w->options->credential);
    }

    w->result->vague = 1;
    rc = keygate_openapi_warn(w, "", 0, "it names no place for a key that can "
                              "be written: \"credential bearer\"; "
                              "--credential says another");

    return rc != KEYGATE_OK ? rc : keygate_openapi_put_credential(w, "bearer");
}
