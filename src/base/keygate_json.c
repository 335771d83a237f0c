/*
 * JSON: objects, arrays, and what stands between their members.
 */

#include <stdlib.h>

#include "keygate_json_private.h"


static int keygate_json_char(keygate_json_t *j, unsigned char c);
static int keygate_json_member(keygate_json_t *j, json_t *object);
static int keygate_json_element(keygate_json_t *j, json_t *array);
static json_t *keygate_json_list(keygate_json_t *j, json_t *list,
    unsigned char close, int (*one)(keygate_json_t *j, json_t *list));
static json_t *keygate_json_text(keygate_json_t *j);
static json_t *keygate_json_value(keygate_json_t *j);
static json_t *keygate_json_whole(keygate_json_t *j);
static void keygate_json_where(const keygate_json_t *j, keygate_str_t text,
    keygate_json_error_t *error);


/* Takes a character off the text, and the space before it; 1 or 0. */

static int
keygate_json_char(keygate_json_t *j, unsigned char c)
{
    keygate_lex_space(&j->lex);

    return keygate_lex_char(&j->lex, c);
}


/* A name and its value. */

static int
keygate_json_member(keygate_json_t *j, json_t *object)
{
    size_t   len;
    json_t  *value;

    keygate_lex_space(&j->lex);

    if (j->lex.p == j->lex.end || *j->lex.p != '"') {
        return keygate_json_fault(j, "the name of a member is expected");
    }

    if (keygate_json_string(j, 0, &len) == -1) {
        return -1;
    }

    if (json_object_get(object, j->decoded + j->top) != NULL) {
        return keygate_json_fault(j, "a member is there twice");
    }

    if (!keygate_json_char(j, ':')) {
        return keygate_json_fault(j, "\":\" is expected");
    }

    j->top += len + 1;
    value = keygate_json_value(j);
    j->top -= len + 1;

    if (value == NULL) {
        return -1;
    }

    return json_object_set_new_nocheck(object, j->decoded + j->top, value);
}


static int
keygate_json_element(keygate_json_t *j, json_t *array)
{
    json_t  *value;

    value = keygate_json_value(j);

    return value == NULL ? -1 : json_array_append_new(array, value);
}


/* All that is between the brackets. */

static json_t *
keygate_json_list(keygate_json_t *j, json_t *list, unsigned char close,
    int (*one)(keygate_json_t *j, json_t *list))
{
    int  rc;

    rc = ++j->depth > KEYGATE_JSON_DEPTH
         ? keygate_json_fault(j, "it is too deep") : 0;

    if (list != NULL && rc == 0 && keygate_json_char(j, close)) {
        j->depth--;
        return list;
    }

    while (list != NULL && rc == 0) {
        rc = one(j, list);

        if (rc == 0 && keygate_json_char(j, close)) {
            j->depth--;
            return list;
        }

        if (rc == 0 && !keygate_json_char(j, ',')) {
            rc = keygate_json_fault(j, close == '}'
                                       ? "\",\" or \"}\" is expected"
                                       : "\",\" or \"]\" is expected");
        }
    }

    json_decref(list);

    return NULL;
}


static json_t *
keygate_json_text(keygate_json_t *j)
{
    size_t  len;

    if (keygate_json_string(j, j->nul, &len) == -1) {
        return NULL;
    }

    return json_stringn_nocheck(j->decoded + j->top, len);
}


static json_t *
keygate_json_value(keygate_json_t *j)
{
    keygate_lex_space(&j->lex);

    switch (j->lex.p < j->lex.end ? *j->lex.p : '\0') {

    case '{':
        j->lex.p++;
        return keygate_json_list(j, json_object(), '}', keygate_json_member);

    case '[':
        j->lex.p++;
        return keygate_json_list(j, json_array(), ']', keygate_json_element);

    case '"':
        return keygate_json_text(j);

    default:
        break;
    }

    if (keygate_lex_word(&j->lex, "true")) {
        return json_true();
    }

    if (keygate_lex_word(&j->lex, "false")) {
        return json_false();
    }

    if (keygate_lex_word(&j->lex, "null")) {
        return json_null();
    }

    return keygate_json_number(j);
}


static json_t *
keygate_json_whole(keygate_json_t *j)
{
    json_t  *value;

    keygate_lex_space(&j->lex);

    if (!j->any
        && (j->lex.p == j->lex.end
            || (*j->lex.p != '{' && *j->lex.p != '[')))
    {
        (void) keygate_json_fault(j, "an object or an array is expected");
        return NULL;
    }

    value = keygate_json_value(j);

    if (value == NULL) {
        return NULL;
    }

    keygate_lex_space(&j->lex);

    if (j->lex.p == j->lex.end) {
        return value;
    }

    (void) keygate_json_fault(j, "the end is expected");
    json_decref(value);

    return NULL;
}


static void
keygate_json_where(const keygate_json_t *j, keygate_str_t text,
    keygate_json_error_t *error)
{
    const unsigned char  *p, *line;

    error->reason = j->reason;
    error->nomem = j->reason == NULL;
    error->line = 1;

    for (p = line = text.data; p < j->lex.p; p++) {
        if (*p == '\n') {
            error->line++;
            line = p + 1;
        }
    }

    error->column = (unsigned) (p - line) + 1;
}


json_t *
keygate_json_parse(keygate_str_t text, unsigned flags,
    keygate_json_error_t *error)
{
    json_t          *value;
    keygate_json_t   j;

    memset(&j, 0, sizeof(keygate_json_t));

    j.lex.p = text.data;
    j.lex.end = text.data + text.len;
    j.nul = (flags & KEYGATE_JSON_NUL) != 0;
    j.wide = (flags & KEYGATE_JSON_WIDE) != 0;
    j.any = (flags & KEYGATE_JSON_ANY) != 0;
    j.decoded = malloc(text.len + 1);

    value = j.decoded == NULL ? NULL : keygate_json_whole(&j);

    free(j.decoded);

    if (value == NULL && error != NULL) {
        keygate_json_where(&j, text, error);
    }

    return value;
}
