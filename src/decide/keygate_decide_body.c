/*
 * Row 11: the body of a route with "when" rules.
 *
 * A body that two parsers could read differently is refused: whatever is let
 * through means the same to every one of them, also where it is not looked at
 * as JSON.
 */

#include <string.h>
#include <strings.h>

#include "keygate_decide.h"
#include "keygate_strict.h"


typedef struct {
    const keygate_api_t      *api;
    const keygate_verdict_t  *verdict;
    const keygate_when_t     *refused;   /* the first one in the API */
} keygate_judge_t;


static void keygate_body_member(void *data, const keygate_strict_name_t *name,
    int set);
static int keygate_body_media(keygate_str_t type, keygate_str_t body);
static int keygate_body_charset(keygate_str_t params);
static int keygate_word_is(keygate_str_t s, const char *word);
static keygate_str_t keygate_word_trim(keygate_str_t s);


void
keygate_decide_body(const keygate_api_t *api, keygate_str_t body,
    keygate_verdict_t *v)
{
    keygate_rc_t     rc;
    keygate_judge_t  judge;

    judge.api = api;
    judge.verdict = v;
    judge.refused = NULL;

    rc = keygate_strict_object(body, keygate_body_member, &judge);

    v->need_body = 0;

    if (rc != KEYGATE_OK) {
        v->code = (rc == KEYGATE_INVALID) ? KEYGATE_BODY_INVALID
                                          : KEYGATE_UNAVAILABLE;
        return;
    }

    if (judge.refused == NULL) {
        v->code = KEYGATE_ALLOWED;
        return;
    }

    v->code = KEYGATE_INSUFFICIENT_SCOPE;
    v->when_scope = judge.refused->scope;
    v->need.kind = KEYGATE_NEED_ALL_OF;
    v->need.n = 1;
    v->need.scopes = &v->when_scope;
}


static void
keygate_body_member(void *data, const keygate_strict_name_t *name, int set)
{
    keygate_judge_t       *judge;
    const keygate_when_t  *when;

    /* "__proto__" makes an object inherit members, once JavaScript has copied
     * them by assignment: any of them, that is */

    static const keygate_str_t  proto = keygate_string("__proto__");

    judge = data;

    if (!set) {
        return;
    }

    for (when = judge->verdict->route->when; when; when = when->next) {

        if (when == judge->refused) {
            return;
        }

        if ((keygate_strict_is(name, when->member)
             || keygate_strict_is(name, proto))
            && !keygate_scope_held(&judge->api->catalogue, when->scope,
                                   &judge->verdict->key.scopes))
        {
            judge->refused = when;
            return;
        }
    }
}


keygate_rc_t
keygate_decide_media(const keygate_media_t *media, keygate_str_t body,
    keygate_verdict_t *v)
{
    if (media->n_types > 1 || media->n_encodings > 1
        || (media->encoding.len
            && !keygate_word_is(keygate_word_trim(media->encoding),
                                "identity"))
        || !keygate_body_media(media->type, body))
    {
        v->need_body = 0;
        v->code = KEYGATE_BODY_INVALID;
        return KEYGATE_INVALID;
    }

    return KEYGATE_OK;
}


/*
 * Whether a body that is one JSON object is nothing else to a handler that
 * goes by its media type.  Forms are let through, for that is what a plain
 * "curl -d" says, unless there is something in it that begins another field.
 */

static int
keygate_body_media(keygate_str_t type, keygate_str_t body)
{
    keygate_str_t         bare, params;
    const unsigned char  *p;

    if (type.len == 0) {
        return 1;
    }

    p = memchr(type.data, ';', type.len);

    bare.data = type.data;
    bare.len = p ? (size_t) (p - type.data) : type.len;
    bare = keygate_word_trim(bare);

    params.data = type.data + type.len;
    params.len = 0;

    if (p) {
        params.data = p + 1;
        params.len = (size_t) (type.data + type.len - params.data);
    }

    if (!keygate_body_charset(params)) {
        return 0;
    }

    if (keygate_word_is(bare, "application/x-www-form-urlencoded")) {
        return memchr(body.data, '&', body.len) == NULL
               && memchr(body.data, ';', body.len) == NULL;
    }

    return keygate_word_is(bare, "text/plain")
           || keygate_error_type_of(bare) != KEYGATE_TYPE_OTHER;
}


/* Of all parameters, "charset" alone matters: UTF-8, or what is part of it. */

static int
keygate_body_charset(keygate_str_t params)
{
    keygate_str_t         param, value;
    const unsigned char  *p, *end;

    for (end = params.data + params.len; params.data < end; /* void */ ) {

        p = memchr(params.data, ';', (size_t) (end - params.data));
        p = p ? p : end;

        param.data = params.data;
        param.len = (size_t) (p - params.data);
        param = keygate_word_trim(param);
        params.data = p + (p < end);

        p = param.len ? memchr(param.data, '=', param.len) : NULL;

        if (p == NULL) {
            continue;
        }

        value.data = p + 1;
        value.len = (size_t) (param.data + param.len - value.data);
        value = keygate_word_trim(value);
        param.len = (size_t) (p - param.data);

        if (value.len > 1 && value.data[0] == '"'
            && value.data[value.len - 1] == '"')
        {
            value.data++;
            value.len -= 2;
        }

        if (keygate_word_is(keygate_word_trim(param), "charset")
            && !keygate_word_is(value, "utf-8")
            && !keygate_word_is(value, "utf8")
            && !keygate_word_is(value, "us-ascii"))
        {
            return 0;
        }
    }

    return 1;
}


static int
keygate_word_is(keygate_str_t s, const char *word)
{
    return s.len == strlen(word)
           && strncasecmp((const char *) s.data, word, s.len) == 0;
}


static keygate_str_t
keygate_word_trim(keygate_str_t s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }

    while (s.len
           && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
    {
        s.len--;
    }

    return s;
}
