/*
 * Security schemes: how each of them is written as a credential, or why it is
 * not.  Where a key is sent is not what it may do: all credentials of an API
 * are as good as one another.
 */

#include <strings.h>

#include "keygate_openapi_private.h"


#define KEYGATE_OPENAPI_SCHEMES  1000


static keygate_str_t keygate_openapi_text(const keygate_doc_node_t *map,
    const char *name);
static int keygate_openapi_same(keygate_str_t s, const char *word);
static int keygate_openapi_credential(keygate_openapi_work_t *w,
    const char *words);
static void keygate_openapi_header(keygate_openapi_work_t *w,
    keygate_openapi_scheme_t *s, keygate_str_t name);
static void keygate_openapi_http(keygate_openapi_work_t *w,
    keygate_openapi_scheme_t *s, keygate_str_t scheme);
static void keygate_openapi_type(keygate_openapi_work_t *w,
    keygate_openapi_scheme_t *s, const keygate_doc_node_t *node);
static keygate_rc_t keygate_openapi_flows(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *scheme);
static keygate_rc_t keygate_openapi_add_scheme(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_scheme_t *s);
static void keygate_openapi_undeclared(keygate_openapi_work_t *w);


/* Schemes in which no key is sent as it is. */

static const char *const  keygate_openapi_answers[] = {
    "digest", "dpop", "gnap", "hoba", "hmac", "mutual", "negotiate", "ntlm",
    "oauth", "scram-sha-1", "scram-sha-256", "signature", "vapid", NULL
};


static keygate_str_t
keygate_openapi_text(const keygate_doc_node_t *map, const char *name)
{
    keygate_doc_node_t  *node;

    node = keygate_doc_get(map, keygate_span(name));

    return keygate_doc_is_scalar(node) ? node->text : KEYGATE_STR("");
}


static int
keygate_openapi_same(keygate_str_t s, const char *word)
{
    return s.len == strlen(word)
           && strncasecmp((const char *) s.data, word, s.len) == 0;
}


/* Whether the words are those of a credential, by whoever knows. */

static int
keygate_openapi_credential(keygate_openapi_work_t *w, const char *words)
{
    int                    n;
    keygate_api_t         *api;
    keygate_str_t          args[5];
    keygate_conf_fault_t   fault;

    args[0] = KEYGATE_STR("credential");
    n = keygate_block_split(w->doc, keygate_span(words), args + 1, 4);
    api = n < 1 ? NULL : keygate_api_create(KEYGATE_STR("x"), &w->doc->pool);

    return api != NULL
           && keygate_api_directive(api, args, (unsigned) n + 1, 0, &fault)
              == KEYGATE_OK;
}


static void
keygate_openapi_header(keygate_openapi_work_t *w,
    keygate_openapi_scheme_t *s, keygate_str_t name)
{
    if (keygate_openapi_same(name, "authorization")) {
        s->credential = "bearer";
        s->advice = "it does not say how a key looks in \"Authorization\": "
                    "written as \"credential bearer\"; --credential says "
                    "another, as \"scheme Token param=token\"";
        return;
    }

    if (memchr(name.data, '_', name.len) != NULL) {
        s->credential = "";
        s->advice = "nginx drops header fields with \"_\", unless "
                    "\"underscores_in_headers\" is on: no credential of this "
                    "API; where it is on, --credential \"header NAME\" says "
                    "so";
        return;
    }

    s->credential = keygate_doc_printf(w->doc, "header %.*s", (int) name.len,
                                       (const char *) name.data);

    if (s->credential != NULL
        && !keygate_openapi_credential(w, s->credential))
    {
        s->credential = NULL;
        s->reason = "its header field is not one for keys";
    }
}


static void
keygate_openapi_http(keygate_openapi_work_t *w, keygate_openapi_scheme_t *s,
    keygate_str_t scheme)
{
    unsigned  i;

    if (keygate_openapi_same(scheme, "bearer")) {
        s->credential = "bearer";
        return;
    }

    if (keygate_openapi_same(scheme, "basic")) {
        s->credential = "basic password";
        s->advice = "it does not say which half of Basic is the key: written "
                    "as \"credential basic password\"; --credential \"basic "
                    "user\" says the other";
        return;
    }

    for (i = 0; keygate_openapi_answers[i] != NULL; i++) {
        if (keygate_openapi_same(scheme, keygate_openapi_answers[i])) {
            s->reason = "it sends an answer to a challenge or a signature, "
                        "not a key";
            return;
        }
    }

    s->credential = keygate_doc_printf(w->doc, "scheme %.*s",
                                       (int) scheme.len,
                                       (const char *) scheme.data);

    if (s->credential != NULL
        && !keygate_openapi_credential(w, s->credential))
    {
        s->credential = NULL;
        s->reason = "its \"scheme\" is no authentication scheme";
    }
}


static void
keygate_openapi_type(keygate_openapi_work_t *w, keygate_openapi_scheme_t *s,
    const keygate_doc_node_t *node)
{
    keygate_str_t  type, in;

    type = keygate_openapi_text(node, "type");
    in = keygate_openapi_text(node, "in");
    s->reason = "its type is not known here";

    if (keygate_openapi_same(type, "mutualTLS")) {
        s->reason = "a client's certificate is checked by nginx itself: "
                    "ssl_verify_client";
        return;
    }

    if (w->options->credential != NULL) {
        s->credential = w->options->credential;

    } else if (keygate_openapi_same(type, "apiKey")
               && keygate_openapi_same(in, "header"))
    {
        keygate_openapi_header(w, s, keygate_openapi_text(node, "name"));

    } else if (keygate_openapi_same(type, "apiKey")) {
        s->reason = keygate_openapi_same(in, "cookie")
                    ? "a key in a cookie is sent by browsers to who did not "
                      "ask for it; --credential says where it is sent here"
                    : keygate_openapi_same(in, "query")
                    ? "a key in the query ends up in logs; --credential says "
                      "where it is sent here"
                    : "its \"in\" is none of \"header\", \"query\" and "
                      "\"cookie\"; --credential says where it is sent here";

    } else if (keygate_openapi_same(type, "http")) {
        keygate_openapi_http(w, s, keygate_openapi_text(node, "scheme"));

    } else if (keygate_openapi_same(type, "basic")) {
        keygate_openapi_http(w, s, type);

    } else if (keygate_openapi_same(type, "oauth2")
               || keygate_openapi_same(type, "openIdConnect"))
    {
        s->credential = "bearer";
    }

    /* where x-keygate has the credentials, schemes have none of their own;
     * what --export calls "keygate" is one of those */

    if (keygate_doc_get(w->extension, KEYGATE_STR("credential")) != NULL
        && (s->credential != NULL
            || (s->name.len >= 7 && memcmp(s->name.data, "keygate", 7) == 0)))
    {
        s->credential = "";
        s->advice = NULL;
    }
}


/* "scopes" of each flow; in Swagger 2.0 there is one flow. */

static keygate_rc_t
keygate_openapi_flows(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *scheme)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  flows, flow, scopes;

    rc = keygate_openapi_member(w, scheme, "scopes", &scopes);

    if (rc == KEYGATE_OK && scopes.node != NULL) {
        rc = keygate_openapi_declare(w, &scopes);
    }

    rc = rc != KEYGATE_OK
         ? rc : keygate_openapi_member(w, scheme, "flows", &flows);

    if (rc != KEYGATE_OK || flows.node == NULL
        || flows.node->kind != KEYGATE_DOC_MAP)
    {
        return rc;
    }

    flow = flows;

    for (flow.node = flows.node->first; flow.node != NULL && rc == KEYGATE_OK;
         flow.node = flow.node->next)
    {
        flow.pointer = keygate_openapi_pointer(w, flows.pointer,
                                               flow.node->name);
        rc = flow.pointer == NULL
             ? KEYGATE_NOMEM
             : keygate_openapi_member(w, &flow, "scopes", &scopes);

        if (rc == KEYGATE_OK && scopes.node != NULL) {
            rc = keygate_openapi_declare(w, &scopes);
        }
    }

    return rc;
}


static keygate_rc_t
keygate_openapi_add_scheme(keygate_openapi_work_t *w,
    const keygate_openapi_at_t *at, keygate_openapi_scheme_t *s)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  found;

    s->name = at->node->name;
    s->pointer = at->pointer;
    s->line = at->node->line;

    rc = keygate_openapi_follow(w, at, &found);

    if (rc != KEYGATE_OK || found.node == NULL) {
        s->reason = "it refers to what is not there";
        return rc;
    }

    keygate_openapi_type(w, s, found.node);

    s->oauth = keygate_openapi_same(keygate_openapi_text(found.node, "type"),
                                    "oauth2");

    if (w->options->scheme != NULL
        && !keygate_str_eq(s->name, keygate_span(w->options->scheme)))
    {
        s->credential = NULL;
        s->reason = "it is not the one that --scheme names";
    }

    return s->oauth ? keygate_openapi_flows(w, &found) : KEYGATE_OK;
}


/* One that --scheme names and nothing declares. */

static void
keygate_openapi_undeclared(keygate_openapi_work_t *w)
{
    keygate_openapi_scheme_t  *s;

    if (w->options->scheme == NULL
        || keygate_openapi_scheme(w, keygate_span(w->options->scheme))
           != NULL)
    {
        return;
    }

    s = &w->schemes[w->n_schemes++];
    s->name = keygate_span(w->options->scheme);
    s->pointer = "";
    s->credential = w->options->credential;

    if (s->credential == NULL) {
        s->credential = "bearer";
        s->advice = "it is not declared: written as \"credential bearer\"; "
                    "--credential says another";
    }
}


keygate_rc_t
keygate_openapi_schemes(keygate_openapi_work_t *w)
{
    keygate_rc_t          rc;
    keygate_openapi_at_t  at, list;

    memset(&at, 0, sizeof(keygate_openapi_at_t));
    at.node = w->root;
    at.pointer = w->pointer;

    if (w->swagger) {
        rc = keygate_openapi_member(w, &at, "securityDefinitions", &list);

    } else {
        rc = keygate_openapi_member(w, &at, "components", &list);
        rc = rc != KEYGATE_OK
             ? rc : keygate_openapi_member(w, &list, "securitySchemes", &list);
    }

    if (rc != KEYGATE_OK) {
        return rc;
    }

    if (w->options->credential != NULL
        && !keygate_openapi_credential(w, w->options->credential))
    {
        return keygate_openapi_fail(w, "", 0, "--credential: \"%s\" is none; "
                                    "it is as \"header X-Api-Key\", "
                                    "\"bearer\", \"basic user\"",
                                    w->options->credential);
    }

    if (list.node == NULL || list.node->kind != KEYGATE_DOC_MAP
        || list.node->n > KEYGATE_OPENAPI_SCHEMES)
    {
        list.node = NULL;
    }

    w->schemes = keygate_doc_alloc(w->doc,
                     ((list.node != NULL ? list.node->n : 0) + 1)
                     * sizeof(keygate_openapi_scheme_t));
    if (w->schemes == NULL) {
        return KEYGATE_NOMEM;
    }

    at = list;

    for (at.node = list.node != NULL ? list.node->first : NULL;
         at.node != NULL && rc == KEYGATE_OK; at.node = at.node->next)
    {
        at.pointer = keygate_openapi_pointer(w, list.pointer, at.node->name);
        rc = at.pointer == NULL
             ? KEYGATE_NOMEM
             : keygate_openapi_add_scheme(w, &at, &w->schemes[w->n_schemes++]);
    }

    keygate_openapi_undeclared(w);

    return rc;
}


keygate_openapi_scheme_t *
keygate_openapi_scheme(keygate_openapi_work_t *w, keygate_str_t name)
{
    unsigned  i;

    for (i = 0; i < w->n_schemes; i++) {
        if (keygate_str_eq(w->schemes[i].name, name)) {
            return &w->schemes[i];
        }
    }

    return NULL;
}
