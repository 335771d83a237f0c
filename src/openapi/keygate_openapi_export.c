/*
 * A block as an overlay: security schemes for its credentials, security and
 * answers for its routes, and its other directives in x-keygate, word by word.
 */

#include "keygate_openapi_export.h"


static int keygate_openapi_single(keygate_openapi_export_t *e,
    const char *name, const keygate_words_t *words);
static void keygate_openapi_extra(keygate_openapi_export_t *e,
    const keygate_words_t *words);
static void keygate_openapi_credential_of(keygate_openapi_export_t *e,
    const keygate_words_t *words);
static int keygate_openapi_route_of(keygate_openapi_export_t *e,
    const keygate_words_t *route);
static int keygate_openapi_when_there(keygate_openapi_export_t *e,
    const keygate_words_t *w);
static void keygate_openapi_directive_of(keygate_openapi_export_t *e,
    const keygate_words_t *words);
static json_t *keygate_openapi_overlay_of(keygate_openapi_export_t *e,
    json_t *update);
static json_t *keygate_openapi_update_of(keygate_openapi_export_t *e,
    int fragment);


/* A directive of one word, which comes once, is that word. */

static int
keygate_openapi_single(keygate_openapi_export_t *e, const char *name,
    const keygate_words_t *words)
{
    size_t    k;
    unsigned  i;

    static const char *const  single[] = {
        "zone", "base", "rate_headers", "errors", "problem_types",
        "encoded_slash", "unmatched", "pass_credential", NULL
    };

    for (i = 0; single[i] != NULL && strcmp(single[i], name) != 0; i++) {
        /* void */
    }

    for (k = 0; words->n == 2 && k < words->args[1].len; k++) {
        if (strchr(" \t\r\n\"'\\;{}#$", words->args[1].data[k]) != NULL) {
            return 0;
        }
    }

    if (words->n != 2 || single[i] == NULL) {
        return 0;
    }

    (void) keygate_openapi_put(e, e->extension, name,
                               keygate_openapi_string(words->args[1]));

    return 1;
}


/* A directive, in a list of its name; its words without the name. */

static void
keygate_openapi_extra(keygate_openapi_export_t *e,
    const keygate_words_t *words)
{
    char       name[64];
    json_t    *list, *item;
    unsigned   i;

    snprintf(name, sizeof(name), "%.*s", (int) words->args[0].len,
             (const char *) words->args[0].data);

    if (keygate_openapi_single(e, name, words)) {
        return;
    }

    list = json_object_get(e->extension, name);
    list = list != NULL ? list
           : keygate_openapi_put(e, e->extension, name, json_array());
    item = json_array();

    for (i = 1; i < words->n; i++) {
        e->failed |= json_array_append_new(item,
                         keygate_openapi_string(words->args[i]))
                     != 0;
    }

    if (json_object_get(e->extension, name) == list
        && (strcmp(name, "account") == 0 || strcmp(name, "require") == 0
            || strcmp(name, "preflight") == 0))
    {
        e->failed |= json_object_set_new(e->extension, name, item) != 0;
        return;
    }

    e->failed |= json_array_append_new(list, item) != 0;
}


static void
keygate_openapi_credential_of(keygate_openapi_export_t *e,
    const keygate_words_t *words)
{
    char           name[32];
    json_t        *scheme;
    keygate_str_t  kind, value;

    kind = words->args[1];
    value = words->n > 2 ? words->args[2] : KEYGATE_STR("");

    if (keygate_str_eq(kind, KEYGATE_STR("header"))) {
        scheme = json_pack("{s:s, s:s, s:o}", "type", "apiKey", "in",
                           "header", "name", keygate_openapi_string(value));

    } else if (keygate_str_eq(kind, KEYGATE_STR("websocket"))) {
        scheme = json_pack("{s:s, s:s, s:s}", "type", "apiKey", "in",
                           "header", "name", "Sec-WebSocket-Protocol");

    } else {
        scheme = json_pack("{s:s, s:o}", "type", "http", "scheme",
                           keygate_openapi_string(
                               keygate_str_eq(kind, KEYGATE_STR("scheme"))
                               ? value : kind));
    }

    e->n_schemes++;

    if (e->n_schemes == 1) {
        strcpy(name, "keygate");

    } else {
        snprintf(name, sizeof(name), "keygate_%u", e->n_schemes);
    }

    (void) keygate_openapi_put(e, e->schemes, name, scheme);
}


/* A route of methods that a document can have, or of none that a request has;
 * 0: it is for x-keygate, as it is. */

static int
keygate_openapi_route_of(keygate_openapi_export_t *e,
    const keygate_words_t *route)
{
    int             written;
    size_t          len;
    json_t         *item;
    const char     *path;
    keygate_str_t   rest, method;

    if (route->n < 4) {
        return 0;
    }

    path = keygate_openapi_path_of(e->block->doc, route->args[2]);

    if (path == NULL) {
        return 0;
    }

    if (keygate_str_eq(route->args[1], KEYGATE_STR(KEYGATE_METHOD_NONE))
        && json_object_get(e->paths, path) == NULL)
    {
        item = keygate_openapi_member_of(e, e->paths, path);
        (void) keygate_openapi_put(e, item, "x-keygate",
                                   json_pack("{s:b}", "skip", 1));
        return 1;
    }

    for (written = 0; written <= 1; written++) {

        for (rest = route->args[1]; rest.len != 0; rest.data += len,
             rest.len -= len)
        {
            for (len = 0; len < rest.len && rest.data[len] != '|'; len++) {
                /* void */
            }

            method = (keygate_str_t) { len, rest.data };
            len += len < rest.len;

            if (written) {
                keygate_openapi_operation(e, route, path, method);

            } else if (keygate_openapi_member_name(method) == NULL) {
                return 0;
            }
        }
    }

    return 1;
}


/* "when" of an operation is there already. */

static int
keygate_openapi_when_there(keygate_openapi_export_t *e,
    const keygate_words_t *w)
{
    const char  *path, *member;

    path = w->n == 5 ? keygate_openapi_path_of(e->block->doc, w->args[2])
                     : NULL;
    member = w->n == 5 ? keygate_openapi_member_name(w->args[1]) : NULL;

    return path != NULL && member != NULL
           && json_object_get(json_object_get(json_object_get(
                  json_object_get(e->paths, path), member), "x-keygate"),
                  "when") != NULL;
}


static void
keygate_openapi_directive_of(keygate_openapi_export_t *e,
    const keygate_words_t *words)
{
    if (keygate_str_eq(words->args[0], KEYGATE_STR("route"))) {
        if (!keygate_openapi_route_of(e, words)) {
            keygate_openapi_extra(e, words);
        }

        return;
    }

    if (!keygate_str_eq(words->args[0], KEYGATE_STR("when"))
        || !keygate_openapi_when_there(e, words))
    {
        keygate_openapi_extra(e, words);
    }
}


/* The update of "$", and what was there before it. */

static json_t *
keygate_openapi_overlay_of(keygate_openapi_export_t *e, json_t *update)
{
    char     title[KEYGATE_NAME_MAX + 32];
    json_t  *actions;

    snprintf(title, sizeof(title), "What keygate asks for at %.*s",
             (int) e->block->name.len < KEYGATE_NAME_MAX
             ? (int) e->block->name.len : KEYGATE_NAME_MAX,
             (const char *) e->block->name.data);

    actions = json_array();

    if (json_array_extend(actions, e->removals) != 0
        || json_array_append_new(actions,
               json_pack("{s:s, s:O}", "target", "$", "update", update)) != 0)
    {
        json_decref(actions);
        return NULL;
    }

    return json_pack("{s:s, s:{s:s, s:s}, s:o}", "overlay", "1.0.0", "info",
                     "title", title, "version", "1", "actions", actions);
}


static json_t *
keygate_openapi_update_of(keygate_openapi_export_t *e, int fragment)
{
    json_t  *update, *components;

    update = json_object();
    components = json_object();

    if (fragment) {
        (void) keygate_openapi_put(e, update, "openapi", json_string("3.1.0"));
        (void) keygate_openapi_put(e, update, "info",
                   json_pack("{s:o, s:s}", "title",
                             keygate_openapi_string(e->block->name),
                             "version", "1"));
    }

    (void) keygate_openapi_put(e, components, "securitySchemes",
                               json_incref(e->schemes));
    e->failed |= !keygate_openapi_components(e->block, components);
    (void) keygate_openapi_put(e, update, "components", components);
    (void) keygate_openapi_put(e, update, "x-keygate",
                               json_incref(e->extension));
    (void) keygate_openapi_put(e, update, "paths", json_incref(e->paths));

    return update;
}


json_t *
keygate_openapi_export(const keygate_block_t *block, int fragment)
{
    json_t                    *update, *all;
    const keygate_words_t     *w;
    keygate_openapi_export_t   e;

    memset(&e, 0, sizeof(keygate_openapi_export_t));
    e.block = block;
    e.schemes = json_object();
    e.extension = json_object();
    e.paths = json_object();
    e.removals = json_array();

    (void) keygate_openapi_put(&e, e.extension, "name",
                               keygate_openapi_string(block->name));

    for (w = block->first; w != NULL; w = w->next) {
        if (w->n > 1
            && keygate_str_eq(w->args[0], KEYGATE_STR("credential")))
        {
            keygate_openapi_credential_of(&e, w);
        }
    }

    for (w = block->first; w != NULL; w = w->next) {
        keygate_openapi_directive_of(&e, w);
    }

    update = keygate_openapi_update_of(&e, fragment);
    all = fragment ? json_incref(update)
                   : keygate_openapi_overlay_of(&e, update);

    json_decref(update);
    json_decref(e.schemes);
    json_decref(e.extension);
    json_decref(e.paths);
    json_decref(e.removals);

    if (e.failed) {
        json_decref(all);
        return NULL;
    }

    return all;
}
