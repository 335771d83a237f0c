/*
 * What the words of all directives have in common: options, numbers, names,
 * lists, and what is said of a wrong one.
 */

#include <string.h>

#include "keygate_api_private.h"


static int keygate_api_token_char(unsigned char c);


keygate_rc_t
keygate_api_fault(keygate_conf_fault_t *fault, keygate_str_t value,
    const char *expected)
{
    fault->value = value;
    fault->expected = expected;

    return KEYGATE_INVALID;
}


keygate_rc_t
keygate_api_expected(keygate_api_t *api, keygate_conf_fault_t *fault,
    keygate_str_t value, const char *before, keygate_str_t name,
    const char *after)
{
    keygate_buf_t  b;

    b.size = strlen(before) + name.len + strlen(after) + 16;
    b.len = 0;
    b.data = api->pool->alloc(api->pool->pool, b.size);

    if (b.data == NULL) {
        return KEYGATE_NOMEM;
    }

    keygate_buf_puts(&b, before);
    keygate_buf_put(&b, name);
    keygate_buf_puts(&b, after);

    keygate_buf_put(&b, (keygate_str_t) { 1, (const unsigned char *) "" });

    return keygate_api_fault(fault, value, (const char *) b.data);
}


int
keygate_api_option(keygate_str_t arg, const char *name, keygate_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (arg.len <= len || memcmp(arg.data, name, len) != 0
        || arg.data[len] != '=')
    {
        return 0;
    }

    value->len = arg.len - len - 1;
    value->data = arg.data + len + 1;

    return 1;
}


int
keygate_api_quoted(keygate_str_t value)
{
    return value.len > 1 && (value.data[0] == '"' || value.data[0] == '\'')
           && value.data[value.len - 1] == value.data[0];
}


int
keygate_api_number(keygate_str_t text, uint32_t min, uint32_t max,
    uint32_t *number)
{
    size_t    i;
    uint64_t  n;

    if (text.len == 0 || text.len > 10) {
        return 0;
    }

    n = 0;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (text.data[i] - '0');
    }

    *number = (uint32_t) n;

    return n >= min && n <= max;
}


int
keygate_api_split(keygate_str_t *rest, unsigned char sep,
    keygate_str_t *piece)
{
    const unsigned char  *p;

    if (rest->data == NULL) {
        return 0;
    }

    piece->data = rest->data;

    p = rest->len ? memchr(rest->data, sep, rest->len) : NULL;

    if (p == NULL) {
        piece->len = rest->len;
        rest->data = NULL;
        rest->len = 0;
        return 1;
    }

    piece->len = p - rest->data;
    rest->len -= piece->len + 1;
    rest->data = p + 1;

    return 1;
}


int
keygate_api_name_valid(keygate_str_t name)
{
    size_t         i;
    unsigned char  c;

    if (name.len == 0 || name.len > KEYGATE_NAME_MAX) {
        return 0;
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == ','
            || c == ';')
        {
            return 0;
        }
    }

    return 1;
}


int
keygate_api_token(keygate_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (!keygate_api_token_char(text.data[i])) {
            return 0;
        }
    }

    return text.len != 0;
}


static int
keygate_api_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


int
keygate_api_choice(keygate_str_t word, const char *const *choices)
{
    int  i;

    for (i = 0; choices[i]; i++) {
        if (word.len == strlen(choices[i])
            && memcmp(word.data, choices[i], word.len) == 0)
        {
            return i;
        }
    }

    return -1;
}


keygate_rc_t
keygate_api_defer(keygate_api_t *api, keygate_parse_pt resolve, unsigned rank,
    const keygate_str_t *args, unsigned n, unsigned line)
{
    keygate_pending_t  *p;

    p = api->pool->alloc(api->pool->pool, sizeof(keygate_pending_t));
    if (p == NULL) {
        return KEYGATE_NOMEM;
    }

    p->args = api->pool->alloc(api->pool->pool, n * sizeof(keygate_str_t));
    if (p->args == NULL) {
        return KEYGATE_NOMEM;
    }

    memcpy(p->args, args, n * sizeof(keygate_str_t));
    p->n = n;
    p->resolve = resolve;
    p->rank = rank;
    p->line = line;

    if (api->pending_last) {
        api->pending_last->next = p;

    } else {
        api->pending = p;
    }

    api->pending_last = p;

    return KEYGATE_OK;
}
