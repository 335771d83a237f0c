/*
 * A route as an operation: its security, its answers, and what of it OpenAPI
 * has no word for.
 */

#include "keygate_openapi_export.h"


static void keygate_openapi_alternatives(keygate_openapi_export_t *e,
    json_t *security, json_t *scopes);
static json_t *keygate_openapi_security_of(keygate_openapi_export_t *e,
    keygate_str_t need);
static json_t *keygate_openapi_when_of(keygate_openapi_export_t *e,
    keygate_str_t method, keygate_str_t template);
static void keygate_openapi_removal(keygate_openapi_export_t *e,
    const char *path, const char *member);
static int keygate_openapi_is_rest(keygate_str_t template);


/* An alternative for each credential that needs these scopes. */

static void
keygate_openapi_alternatives(keygate_openapi_export_t *e, json_t *security,
    json_t *scopes)
{
    void        *iter;

    for (iter = json_object_iter(e->schemes); iter != NULL;
         iter = json_object_iter_next(e->schemes, iter))
    {
        e->failed |= json_array_append_new(security,
                         json_pack("{s:O}", json_object_iter_key(iter),
                                   scopes))
                     != 0;
    }

    e->failed |= scopes == NULL;
    json_decref(scopes);
}


static json_t *
keygate_openapi_security_of(keygate_openapi_export_t *e, keygate_str_t need)
{
    unsigned char  sep;
    size_t         len;
    json_t        *security, *scopes;
    keygate_str_t  name;

    security = json_array();

    if (keygate_str_eq(need, KEYGATE_STR("public"))) {
        return security;
    }

    if (keygate_str_eq(need, KEYGATE_STR("optional"))) {
        e->failed |= json_array_append_new(security, json_object()) != 0;
    }

    if (keygate_str_eq(need, KEYGATE_STR("optional"))
        || keygate_str_eq(need, KEYGATE_STR("any")))
    {
        keygate_openapi_alternatives(e, security, json_array());
        return security;
    }

    sep = need.len && memchr(need.data, '|', need.len) != NULL ? '|' : '&';
    scopes = json_array();

    for ( /* void */ ; need.len != 0; need.data += len, need.len -= len) {
        for (len = 0; len < need.len && need.data[len] != sep; len++) {
            /* void */
        }

        name = (keygate_str_t) { len, need.data };
        len += len < need.len;
        e->failed |= json_array_append_new(scopes,
                                           keygate_openapi_string(name))
                     != 0;

        if (sep == '|') {
            keygate_openapi_alternatives(e, security, scopes);
            scopes = json_array();
        }
    }

    if (sep == '|') {
        json_decref(scopes);

    } else {
        keygate_openapi_alternatives(e, security, scopes);
    }

    return security;
}


/* "when" rules of a route, {MEMBER: SCOPE}; NULL when there are none, or when
 * a member has two, which an object cannot say. */

static json_t *
keygate_openapi_when_of(keygate_openapi_export_t *e, keygate_str_t method,
    keygate_str_t template)
{
    json_t                 *when;
    keygate_str_t           member;
    const keygate_words_t  *w;

    when = json_object();

    for (w = e->block->first; w != NULL; w = w->next) {
        if (w->n != 5 || !keygate_str_eq(w->args[0], KEYGATE_STR("when"))
            || !keygate_str_eq(w->args[1], method)
            || !keygate_str_eq(w->args[2], template)
            || w->args[3].len < 6)
        {
            continue;
        }

        member = (keygate_str_t) { w->args[3].len - 5, w->args[3].data + 5 };

        if (json_object_getn(when, (const char *) member.data, member.len)
            != NULL)
        {
            json_decref(when);
            return NULL;
        }

        e->failed |= json_object_setn_new(when, (const char *) member.data,
                                          member.len,
                                          keygate_openapi_string(w->args[4]))
                     != 0;
    }

    return when;
}


const char *
keygate_openapi_member_name(keygate_str_t method)
{
    unsigned  i;

    static const char *const  names[] = {
        "GETget", "PUTput", "POSTpost", "DELETEdelete", "OPTIONSoptions",
        "HEADhead", "PATCHpatch", "TRACEtrace", NULL
    };

    for (i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == 2 * method.len
            && memcmp(names[i], method.data, method.len) == 0)
        {
            return names[i] + method.len;
        }
    }

    return NULL;
}


static void
keygate_openapi_removal(keygate_openapi_export_t *e, const char *path,
    const char *member)
{
    char    *target;

    if (strchr(path, '\'') != NULL || strchr(path, '\\') != NULL) {
        return;
    }

    target = keygate_doc_printf(e->block->doc, "$.paths['%s'].%s.security",
                                path, member);

    e->failed |= target == NULL
                 || json_array_append_new(e->removals,
                        json_pack("{s:s, s:b}", "target", target, "remove",
                                  1))
                    != 0;
}


/* A template has '*' as its last segment, or nowhere. */

static int
keygate_openapi_is_rest(keygate_str_t template)
{
    return template.len > 1
           && memcmp(template.data + template.len - 2, "/*", 2) == 0;
}


void
keygate_openapi_operation(keygate_openapi_export_t *e,
    const keygate_words_t *route, const char *path, keygate_str_t method)
{
    unsigned       i;
    size_t         len;
    json_t        *item, *op, *own, *when;
    const char    *member;

    member = keygate_openapi_member_name(method);
    item = keygate_openapi_member_of(e, e->paths, path);
    op = keygate_openapi_put(e, item, member, json_object());
    own = json_object();

    (void) keygate_openapi_put(e, op, "security",
               keygate_openapi_security_of(e, route->args[3]));

    for (i = 4; i < route->n; i++) {
        for (len = 0; len < route->args[i].len
                      && route->args[i].data[len] != '='; len++)
        {
            /* void */
        }

        e->failed |= len == route->args[i].len
                     || json_object_setn_new(own,
                            (const char *) route->args[i].data, len,
                            json_stringn((const char *) route->args[i].data
                                         + len + 1,
                                         route->args[i].len - len - 1)) != 0;
    }

    when = keygate_openapi_when_of(e, method, route->args[2]);

    if (json_object_size(when) != 0) {
        (void) keygate_openapi_put(e, own, "when", json_incref(when));
    }

    (void) keygate_openapi_put(e, op, "responses",
               keygate_openapi_answers(e->block, route->args[3],
                                       json_object_size(when) != 0));
    json_decref(when);

    if (keygate_openapi_is_rest(route->args[2])) {
        (void) keygate_openapi_put(e, own, "rest", json_true());
    }

    if (json_object_size(own) != 0) {
        (void) keygate_openapi_put(e, op, "x-keygate", json_incref(own));
    }

    json_decref(own);
    keygate_openapi_removal(e, path, member);
}
