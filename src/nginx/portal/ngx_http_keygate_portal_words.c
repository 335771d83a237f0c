/*
 * What a user can do, and which scopes it may grant: lists of words, from the
 * configuration or from the application.  A word that is none of them grants
 * nothing.
 */

#include "ngx_http_keygate_portal.h"


static ngx_str_t ngx_http_keygate_portal_text(ngx_http_request_t *r,
    ngx_http_keygate_words_t *words);
static ngx_uint_t ngx_http_keygate_portal_word(ngx_str_t *rest,
    ngx_str_t *word);
static ngx_uint_t ngx_http_keygate_portal_bit(ngx_str_t *word);


static const struct {
    const char  *name;
    ngx_uint_t   bit;
} ngx_http_keygate_can[] = {

    { "read", NGX_HTTP_KEYGATE_CAN_READ },
    { "create", NGX_HTTP_KEYGATE_CAN_CREATE },
    { "change", NGX_HTTP_KEYGATE_CAN_CHANGE },
    { "rotate", NGX_HTTP_KEYGATE_CAN_ROTATE },
    { "revoke", NGX_HTTP_KEYGATE_CAN_REVOKE },
    { "check", NGX_HTTP_KEYGATE_CAN_CHECK },
    { "usage", NGX_HTTP_KEYGATE_CAN_USAGE },

    { NULL, 0 }
};


void
ngx_http_keygate_portal_rights(ngx_http_request_t *r,
    ngx_http_keygate_admin_t *admin, ngx_http_keygate_caller_t *caller)
{
    int                         i;
    unsigned                    n;
    ngx_str_t                   rest, word;
    keygate_str_t               name;
    keygate_catalogue_t        *c;
    ngx_http_keygate_portal_t  *portal;

    portal = admin->portal;
    c = &admin->api->core->catalogue;

    rest = ngx_http_keygate_portal_text(r, &portal->can);

    while (ngx_http_keygate_portal_word(&rest, &word)) {
        caller->can |= ngx_http_keygate_portal_bit(&word);
    }

    for (i = 0; !portal->can.given && ngx_http_keygate_can[i].name; i++) {
        caller->can |= ngx_http_keygate_can[i].bit;
    }

    rest = ngx_http_keygate_portal_text(r, &portal->scopes);

    while (ngx_http_keygate_portal_word(&rest, &word)) {
        name.data = word.data;
        name.len = word.len;
        i = keygate_scope_find(c, name);

        if (i >= 0) {
            keygate_scope_add(&caller->offered, i);
        }
    }

    for (n = 0; !portal->scopes.given && n < c->n; n++) {
        keygate_scope_add(&caller->offered, n);
    }
}


static ngx_str_t
ngx_http_keygate_portal_text(ngx_http_request_t *r,
    ngx_http_keygate_words_t *words)
{
    ngx_str_t                   text;
    ngx_http_variable_value_t  *v;

    if (!words->given || words->index == NGX_ERROR) {
        return words->text;
    }

    ngx_str_null(&text);

    v = ngx_http_get_flushed_variable(r, words->index);

    if (v && !v->not_found) {
        text.len = v->len;
        text.data = v->data;
    }

    return text;
}


/* The next word of a list with commas; spaces around it do not count. */

static ngx_uint_t
ngx_http_keygate_portal_word(ngx_str_t *rest, ngx_str_t *word)
{
    size_t  len;

    if (rest->len == 0) {
        return 0;
    }

    for (len = 0; len < rest->len && rest->data[len] != ','; len++) {
        /* void */
    }

    word->data = rest->data;
    word->len = len;

    len = ngx_min(len + 1, rest->len);
    rest->data += len;
    rest->len -= len;

    while (word->len && word->data[0] == ' ') {
        word->data++;
        word->len--;
    }

    while (word->len && word->data[word->len - 1] == ' ') {
        word->len--;
    }

    return 1;
}


static ngx_uint_t
ngx_http_keygate_portal_bit(ngx_str_t *word)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_keygate_can[i].name; i++) {
        if (ngx_strlen(ngx_http_keygate_can[i].name) == word->len
            && ngx_strncmp(ngx_http_keygate_can[i].name, word->data, word->len)
               == 0)
        {
            return ngx_http_keygate_can[i].bit;
        }
    }

    return 0;
}


json_t *
ngx_http_keygate_portal_can(ngx_uint_t mask)
{
    json_t      *array;
    ngx_uint_t   i;

    array = json_array();

    for (i = 0; array && ngx_http_keygate_can[i].name; i++) {
        if ((mask & ngx_http_keygate_can[i].bit)
            && json_array_append_new(array,
                                     json_string(ngx_http_keygate_can[i].name))
               == -1)
        {
            json_decref(array);
            array = NULL;
        }
    }

    return array;
}


void
ngx_http_keygate_portal_advise(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin)
{
    ngx_str_t                   rest, word;
    keygate_str_t               name;
    ngx_http_keygate_portal_t  *portal;

    portal = admin->portal;

    if (portal->can.given && portal->can.index == NGX_ERROR) {
        rest = portal->can.text;

        while (ngx_http_keygate_portal_word(&rest, &word)) {
            if (ngx_http_keygate_portal_bit(&word) == 0) {
                ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                              "\"%V\" in \"can=\" of keygate_portal allows "
                              "nothing, expected one of read, create, change, "
                              "rotate, revoke, check and usage in %V:%ui",
                              &word, &admin->where.file, admin->where.line);
            }
        }
    }

    if (portal->scopes.given && portal->scopes.index == NGX_ERROR) {
        rest = portal->scopes.text;

        while (ngx_http_keygate_portal_word(&rest, &word)) {
            name.data = word.data;
            name.len = word.len;

            if (keygate_scope_find(&admin->api->core->catalogue, name) < 0) {
                ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                              "\"%V\" in \"scopes=\" of keygate_portal offers "
                              "nothing, expected a scope of keygate_api "
                              "\"%V\" in %V:%ui", &word, &admin->api->name,
                              &admin->where.file, admin->where.line);
            }
        }
    }
}
