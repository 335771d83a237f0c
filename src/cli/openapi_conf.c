/*
 * openapi: a configuration's block, with the files that it includes.
 */

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "openapi.h"


static int cli_openapi_fault(const char *path, unsigned line,
    const char *reason);
static int cli_openapi_compiles(const keygate_block_conf_t *conf,
    const keygate_block_t *block);
static char *cli_openapi_beside(cli_openapi_t *o, keygate_str_t name);
static keygate_rc_t cli_openapi_paths(cli_openapi_t *o, const glob_t *g,
    const char ***paths);
static keygate_rc_t cli_openapi_find(void *data, keygate_str_t mask,
    const char ***paths, unsigned *n);
static keygate_rc_t cli_openapi_included(void *data, const char *path,
    keygate_str_t *text);
static void cli_openapi_missed(const cli_openapi_t *o,
    const keygate_block_conf_t *conf);
static int cli_openapi_none(const keygate_block_conf_t *conf,
    const char *name);


static int
cli_openapi_fault(const char *path, unsigned line, const char *reason)
{
    return line != 0
           ? cli_error(CLI_OPENAPI_UNUSABLE, "%s:%u: %s", path, line, reason)
           : cli_error(CLI_OPENAPI_UNUSABLE, "%s: %s", path, reason);
}


/* It is to be one that nginx takes. */

static int
cli_openapi_compiles(const keygate_block_conf_t *conf,
    const keygate_block_t *block)
{
    unsigned               line;
    const char            *path;
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    switch (keygate_block_compile(block, &api, &fault)) {

    case KEYGATE_OK:
        return CLI_OK;

    case KEYGATE_INVALID:
        path = keygate_block_placed(conf, fault.line, &line);

        return cli_error(CLI_OPENAPI_UNUSABLE, "%s:%u: invalid \"%.*s\", "
                         "expected %s", path, line, (int) fault.value.len,
                         (const char *) fault.value.data, fault.expected);

    default:
        return cli_error_nomem();
    }
}


/* A name is relative to the directory of the main file, as nginx has it. */

static char *
cli_openapi_beside(cli_openapi_t *o, keygate_str_t name)
{
    int          n;
    const char  *slash;

    slash = strrchr(o->conf, '/');
    n = slash == NULL || (name.len != 0 && name.data[0] == '/')
        ? 0 : (int) (slash + 1 - o->conf);

    return keygate_doc_printf(&o->doc, "%.*s%.*s", n, o->conf, (int) name.len,
                              (const char *) name.data);
}


static keygate_rc_t
cli_openapi_paths(cli_openapi_t *o, const glob_t *g, const char ***paths)
{
    size_t  i;

    *paths = keygate_doc_alloc(&o->doc, (g->gl_pathc + 1) * sizeof(char *));

    for (i = 0; *paths != NULL && i < g->gl_pathc; i++) {
        (*paths)[i] = keygate_doc_printf(&o->doc, "%s", g->gl_pathv[i]);

        if ((*paths)[i] == NULL) {
            return KEYGATE_NOMEM;
        }
    }

    return *paths != NULL ? KEYGATE_OK : KEYGATE_NOMEM;
}


/* A mask may have no file; a name without "*", "?" and "[" is one. */

static keygate_rc_t
cli_openapi_find(void *data, keygate_str_t mask, const char ***paths,
    unsigned *n)
{
    int             rc;
    char           *path;
    glob_t          g;
    keygate_rc_t    found;
    cli_openapi_t  *o;

    o = data;
    *n = 0;
    path = cli_openapi_beside(o, mask);

    if (path == NULL) {
        return KEYGATE_NOMEM;
    }

    memset(&g, 0, sizeof(glob_t));
    rc = glob(path, strpbrk(path, "*?[") == NULL ? GLOB_NOCHECK : 0, NULL,
              &g);

    if (rc != 0) {
        return rc == GLOB_NOSPACE ? KEYGATE_NOMEM : KEYGATE_OK;
    }

    *n = (unsigned) g.gl_pathc;
    found = cli_openapi_paths(o, &g, paths);
    globfree(&g);

    return found;
}


static keygate_rc_t
cli_openapi_included(void *data, const char *path, keygate_str_t *text)
{
    char           *reason;
    keygate_rc_t    rc;
    cli_openapi_t  *o;

    o = data;
    rc = cli_openapi_read(&o->doc, path, text);

    if (rc != KEYGATE_NONE) {
        return rc;
    }

    reason = keygate_doc_printf(&o->doc, "%s", strerror(errno));
    keygate_doc_fail(&o->doc, reason, 0);

    return reason != NULL ? KEYGATE_NONE : KEYGATE_NOMEM;
}


/* What could not be read is told where the block is found without it, too:
 * CONF may be a file that another one includes. */

static void
cli_openapi_missed(const cli_openapi_t *o, const keygate_block_conf_t *conf)
{
    const keygate_block_missed_t  *missed;

    for (missed = conf->missed; missed != NULL; missed = missed->next) {
        cli_note(o->cli, "%s:%u: %s", missed->path, missed->line,
                 missed->reason);
    }
}


static int
cli_openapi_none(const keygate_block_conf_t *conf, const char *name)
{
    if (conf->missed != NULL) {
        return cli_openapi_fault(conf->missed->path, conf->missed->line,
                                 conf->missed->reason);
    }

    return cli_error(CLI_OPENAPI_UNUSABLE, "%s: there is no \"keygate_api"
                     "%s%s\" in it", conf->path, name != NULL ? " " : "",
                     name != NULL ? name : "");
}


int
cli_openapi_block(cli_openapi_t *o, const char *path, keygate_block_t *block)
{
    const char            *name;
    keygate_rc_t           rc;
    keygate_str_t          text;
    keygate_block_conf_t   conf;

    memset(&conf, 0, sizeof(keygate_block_conf_t));
    conf.find = cli_openapi_find;
    conf.read = cli_openapi_included;
    conf.data = o;
    conf.path = path;
    o->conf = path;
    name = o->cli->openapi.name;
    rc = cli_openapi_read(&o->doc, path, &text);

    if (rc == KEYGATE_NONE) {
        return cli_openapi_fault(path, 0, strerror(errno));
    }

    rc = rc != KEYGATE_OK
         ? rc : keygate_block_read(block, &conf, text,
                                   keygate_span(name != NULL ? name : ""));

    switch (rc) {

    case KEYGATE_OK:
        cli_openapi_missed(o, &conf);
        return cli_openapi_compiles(&conf, block);

    case KEYGATE_NONE:
        return cli_openapi_none(&conf, name);

    case KEYGATE_CONFLICT:
        return cli_openapi_fault(path, 0, "there are several APIs in it; "
                                 "--name says which");

    case KEYGATE_INVALID:
        return cli_openapi_fault(conf.path, o->doc.fault.line,
                                 o->doc.fault.reason);

    default:
        return cli_error_nomem();
    }
}
