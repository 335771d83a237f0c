/*
 * A keygate_api block out of a configuration, as nginx reads it: comments,
 * blocks in blocks, files in files.  What else is in them is passed over.
 */

#include <string.h>

#include "keygate_block_private.h"


static unsigned keygate_block_place(const keygate_block_reader_t *r);
static keygate_rc_t keygate_block_wrong(keygate_block_reader_t *r,
    const char *reason, unsigned line);
static keygate_rc_t keygate_block_wrong_here(keygate_block_reader_t *r,
    const char *reason);
static keygate_rc_t keygate_block_bounds(keygate_block_reader_t *r,
    const char *path);
static keygate_rc_t keygate_block_file(keygate_block_reader_t *r,
    const char *path);
static keygate_rc_t keygate_block_missed(keygate_block_reader_t *r,
    keygate_str_t mask, unsigned line);
static keygate_rc_t keygate_block_include(keygate_block_reader_t *r);
static keygate_rc_t keygate_block_directive(keygate_block_reader_t *r);
static keygate_rc_t keygate_block_open(keygate_block_reader_t *r);
static keygate_rc_t keygate_block_close(keygate_block_reader_t *r);
static keygate_rc_t keygate_block_next(keygate_block_reader_t *r);
static keygate_rc_t keygate_block_whole(keygate_block_reader_t *r,
    const char *path, keygate_str_t text);


/* Where a directive stands is one number: the file's and the line's are put
 * together, as the glue does it. */

#define KEYGATE_BLOCK_LINE_BITS  20      /* of a place, as the glue has it */
#define KEYGATE_BLOCK_LINES      ((1U << KEYGATE_BLOCK_LINE_BITS) - 1)


static unsigned
keygate_block_place(const keygate_block_reader_t *r)
{
    return r->file->index << KEYGATE_BLOCK_LINE_BITS
           | (r->started < KEYGATE_BLOCK_LINES ? r->started
                                               : KEYGATE_BLOCK_LINES);
}


const char *
keygate_block_placed(const keygate_block_conf_t *conf, unsigned place,
    unsigned *line)
{
    *line = place & KEYGATE_BLOCK_LINES;

    return conf->paths[place >> KEYGATE_BLOCK_LINE_BITS];
}


static keygate_rc_t
keygate_block_wrong(keygate_block_reader_t *r, const char *reason,
    unsigned line)
{
    keygate_doc_fail(r->doc, reason, line);
    r->conf->path = r->file->path;

    return KEYGATE_INVALID;
}


static keygate_rc_t
keygate_block_wrong_here(keygate_block_reader_t *r, const char *reason)
{
    return keygate_block_wrong(r, reason, r->file->text.line);
}


/* Whether one more file is not too much; where nginx would go on for ever, or
 * until it has no more descriptors, this tells. */

static keygate_rc_t
keygate_block_bounds(keygate_block_reader_t *r, const char *path)
{
    const keygate_block_file_t  *file;

    if (r->file->nested == KEYGATE_BLOCK_NESTED) {
        return keygate_block_wrong(r, "files are included deeper than 32",
                                   r->started);
    }

    if (r->conf->n == KEYGATE_BLOCK_FILES) {
        return keygate_block_wrong(r, "more than 4095 files", r->started);
    }

    for (file = r->file; file != NULL; file = file->above) {
        if (strcmp(file->path, path) == 0) {
            return keygate_block_wrong(r, "\"include\" of a file that is "
                                       "being read", r->started);
        }
    }

    return KEYGATE_OK;
}


/* Reads an included file: KEYGATE_NONE when it cannot be read. */

static keygate_rc_t
keygate_block_file(keygate_block_reader_t *r, const char *path)
{
    unsigned               started;
    keygate_rc_t           rc;
    keygate_str_t          text;
    keygate_block_conf_t  *conf;

    conf = r->conf;
    started = r->started;
    rc = keygate_block_bounds(r, path);
    rc = rc != KEYGATE_OK ? rc : conf->read(conf->data, path, &text);

    if (rc != KEYGATE_OK) {
        return rc;
    }

    conf->size += text.len;

    if (conf->size > KEYGATE_DOC_SIZE) {
        return keygate_block_wrong(r, "more than 32 MB of configuration",
                                   started);
    }

    rc = keygate_block_whole(r, path, text);
    r->started = started;

    return rc;
}


/* A file cannot be read.  It matters where the block is in it, or may be. */

static keygate_rc_t
keygate_block_missed(keygate_block_reader_t *r, keygate_str_t mask,
    unsigned line)
{
    keygate_block_missed_t  *missed;

    missed = keygate_doc_alloc(r->doc, sizeof(keygate_block_missed_t));

    if (missed == NULL) {
        return KEYGATE_NOMEM;
    }

    missed->path = r->file->path;
    missed->line = line;
    missed->reason = keygate_doc_printf(r->doc, "include \"%.*s\": %s",
                                        (int) mask.len,
                                        (const char *) mask.data,
                                        r->doc->fault.reason);

    if (missed->reason == NULL) {
        return KEYGATE_NOMEM;
    }

    if (r->inside != 0) {
        return keygate_block_wrong(r, missed->reason, line);
    }

    *r->conf->last_missed = missed;
    r->conf->last_missed = &missed->next;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_block_include(keygate_block_reader_t *r)
{
    unsigned        i, n, line;
    const char    **paths;
    keygate_rc_t    rc;
    keygate_str_t   mask;

    line = r->started;

    if (r->n != 2) {
        return keygate_block_wrong(r, "\"include\" takes one file or mask",
                                   line);
    }

    mask = r->args[1];
    r->n = 0;
    n = 0;
    rc = r->conf->find(r->conf->data, mask, &paths, &n);

    for (i = 0; i < n && rc == KEYGATE_OK; i++) {
        rc = keygate_block_file(r, paths[i]);
        rc = rc == KEYGATE_NONE ? keygate_block_missed(r, mask, line) : rc;
    }

    return rc;
}


/* A directive has ended, by ';'. */

static keygate_rc_t
keygate_block_directive(keygate_block_reader_t *r)
{
    keygate_rc_t  rc;

    if (r->n == 0) {
        return keygate_block_wrong_here(r, "unexpected \";\"");
    }

    if (r->conf->find != NULL
        && keygate_str_eq(r->args[0], KEYGATE_STR("include")))
    {
        return keygate_block_include(r);
    }

    rc = r->inside != 0
         ? keygate_block_add(r->block, r->args, r->n,
                             keygate_block_place(r))
         : KEYGATE_OK;

    r->n = 0;

    return rc;
}


static keygate_rc_t
keygate_block_open(keygate_block_reader_t *r)
{
    r->depth++;

    if (r->inside != 0) {
        return keygate_block_wrong_here(r, "a block in \"keygate_api\"");
    }

    if (r->n == 2
        && keygate_str_eq(r->args[0], KEYGATE_STR("keygate_api"))
        && (r->wanted.len == 0 || keygate_str_eq(r->args[1], r->wanted)))
    {
        r->found++;
        r->inside = r->depth;
        r->block->name = r->args[1];
    }

    r->n = 0;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_block_close(keygate_block_reader_t *r)
{
    if (r->depth == r->file->depth || r->n != 0) {
        return keygate_block_wrong_here(r, "unexpected \"}\"");
    }

    if (r->inside == r->depth) {
        r->inside = 0;
    }

    r->depth--;

    return KEYGATE_OK;
}


static keygate_rc_t
keygate_block_next(keygate_block_reader_t *r)
{
    int                    rc;
    keygate_block_text_t  *t;

    t = &r->file->text;

    if (*t->p == ';') {
        t->p++;
        return keygate_block_directive(r);
    }

    if (*t->p == '{') {
        t->p++;
        return keygate_block_open(r);
    }

    if (*t->p == '}') {
        t->p++;
        return keygate_block_close(r);
    }

    if (*t->p == '#') {
        while (t->p < t->end && *t->p != '\n') {
            t->p++;
        }

        return KEYGATE_OK;
    }

    if (r->n == KEYGATE_BLOCK_ARGS) {
        return keygate_block_wrong_here(r, "too many words in a directive");
    }

    if (r->n == 0) {
        r->started = t->line;
    }

    rc = keygate_block_take(t, &r->args[r->n]);

    if (rc == 1) {
        r->n++;
        return KEYGATE_OK;
    }

    return rc == 0 ? keygate_block_wrong_here(r, "a quote that does not end")
                   : KEYGATE_NOMEM;
}


/* All of a text, whose blocks and directives end where it ends. */

static keygate_rc_t
keygate_block_whole(keygate_block_reader_t *r, const char *path,
    keygate_str_t text)
{
    keygate_rc_t           rc;
    keygate_block_text_t  *t;
    keygate_block_file_t   file, *above;

    above = r->file;

    file.text.p = text.data;
    file.text.end = text.data + text.len;
    file.text.line = 1;
    file.text.doc = r->doc;
    file.path = path;
    file.index = r->conf->n;
    file.nested = above != NULL ? above->nested + 1 : 0;
    file.depth = r->depth;
    file.above = above;

    r->file = &file;
    r->conf->paths[r->conf->n++] = path;
    t = &file.text;
    rc = KEYGATE_OK;

    while (rc == KEYGATE_OK && t->p < t->end) {
        if (keygate_block_blank(*t->p)) {
            t->line += *t->p == '\n';
            t->p++;
            continue;
        }

        rc = keygate_block_next(r);
    }

    if (rc == KEYGATE_OK && (r->depth != file.depth || r->n != 0)) {
        rc = keygate_block_wrong_here(r, "unexpected end of file");
    }

    r->file = above;

    return rc;
}


keygate_rc_t
keygate_block_read(keygate_block_t *block, keygate_block_conf_t *conf,
    keygate_str_t text, keygate_str_t name)
{
    keygate_rc_t             rc;
    keygate_block_reader_t  *r;

    r = keygate_doc_alloc(block->doc, sizeof(keygate_block_reader_t));
    conf->paths = keygate_doc_alloc(block->doc,
                                    KEYGATE_BLOCK_FILES * sizeof(char *));

    if (r == NULL || conf->paths == NULL) {
        return KEYGATE_NOMEM;
    }

    r->doc = block->doc;
    r->block = block;
    r->conf = conf;
    r->wanted = name;
    conf->n = 0;
    conf->size = text.len;
    conf->missed = NULL;
    conf->last_missed = &conf->missed;

    rc = keygate_block_whole(r, conf->path, text);

    return rc != KEYGATE_OK ? rc
           : r->found == 0 ? KEYGATE_NONE
           : r->found > 1 ? KEYGATE_CONFLICT : KEYGATE_OK;
}
