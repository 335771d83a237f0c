/*
 * Records as such: empty, complete, freed, and back to a line.  They are read
 * in keygate_record_json.c, the short way in keygate_record_scan.c; which
 * member holds what is in keygate_record_member.c.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_json.h"
#include "keygate_record_private.h"


static const char *const  keygate_status_names[] = {
    "active", "trialing", "past_due", "canceled"
};


void
keygate_record_init(keygate_record_t *record, keygate_kind_e kind)
{
    memset(record, 0, sizeof(keygate_record_t));

    record->kind = kind;
    record->previous_until = KEYGATE_NEVER;
    record->expires_at = KEYGATE_NEVER;
    record->revoked_at = KEYGATE_NEVER;
    record->suspended_at = KEYGATE_NEVER;
    record->trial_ends_at = KEYGATE_NEVER;
}


int
keygate_record_grow(void **list, unsigned n, size_t size)
{
    void  *p;

    if (n != 0 && (n < 4 || (n & (n - 1)) != 0)) {
        return 1;
    }

    p = realloc(*list, (n == 0 ? 4 : 2 * (size_t) n) * size);

    if (p == NULL) {
        return 0;
    }

    *list = p;

    return 1;
}


void
keygate_record_free(keygate_record_t *record)
{
    free(record->scopes);
    free(record->addresses);
    free(record->meta);
    free(record->resets);
    json_decref(record->json);

    record->scopes = NULL;
    record->addresses = NULL;
    record->meta = NULL;
    record->meta_len = 0;
    record->resets = NULL;
    record->n_resets = 0;
    record->json = NULL;
}


keygate_rc_t
keygate_record_fault(keygate_fault_t *fault, const char *a, const char *b,
    const char *reason)
{
    if (a == NULL) {
        fault->pointer[0] = '\0';

    } else if (b == NULL) {
        snprintf(fault->pointer, sizeof(fault->pointer), "/%s", a);

    } else {
        snprintf(fault->pointer, sizeof(fault->pointer), "/%s/%s", a, b);
    }

    fault->reason = reason;

    return reason == keygate_reason_nomem ? KEYGATE_NOMEM : KEYGATE_INVALID;
}


int
keygate_record_plain(keygate_str_t text, size_t max)
{
    size_t                i;
    const unsigned char  *p;

    if (text.len > max) {
        return 0;
    }

    for (i = 0, p = text.data; i < text.len; i++) {

        if (p[i] < 0x20 || p[i] == 0x7f) {
            return 0;
        }

        /* U+0080 to U+009F; a C2 always leads, as the text is UTF-8 */

        if (p[i] == 0xc2 && i + 1 < text.len && p[i + 1] < 0xa0) {
            return 0;
        }
    }

    return 1;
}


int
keygate_record_id_valid(keygate_str_t id)
{
    size_t         i;
    unsigned char  c;

    if (id.len == 0 || id.len > KEYGATE_ID_MAX) {
        return 0;
    }

    for (i = 0; i < id.len; i++) {
        c = id.data[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '/'
            || c == '?' || c == '#' || c == '%')
        {
            return 0;
        }
    }

    return 1;
}


keygate_rc_t
keygate_record_complete(const keygate_record_t *record,
    keygate_fault_t *fault)
{
    if (record->id.len == 0) {
        return keygate_record_fault(fault, "id", NULL, "is missing");
    }

    if (record->deleted || record->kind == KEYGATE_ACCOUNT) {
        return KEYGATE_OK;
    }

    if (record->account.len == 0) {
        return keygate_record_fault(fault, "account", NULL, "is missing");
    }

    if (!record->has_digest) {
        return keygate_record_fault(fault, "digest", NULL, "is missing");
    }

    if (record->has_previous
        && memcmp(record->digest, record->previous, KEYGATE_DIGEST_LEN) == 0)
    {
        return keygate_record_fault(fault, "previous", "digest",
                                    "is the same as the digest");
    }

    return KEYGATE_OK;
}


char *
keygate_record_line(keygate_kind_e kind, const json_t *json, size_t *len)
{
    char    *line;
    size_t   n;
    json_t  *root;

    root = json_object();

    /* the set function takes a reference and gives it back below */

    if (root == NULL
        || json_object_set(root, kind == KEYGATE_KEY ? "key" : "account",
                           (json_t *) json)
           != 0)
    {
        json_decref(root);
        errno = ENOMEM;
        return NULL;
    }

    line = keygate_json_print(root, JSON_COMPACT|JSON_ENSURE_ASCII, &n);

    json_decref(root);

    if (line == NULL) {
        errno = ENOMEM;
        return NULL;
    }

    if (n >= KEYGATE_LINE_MAX) {
        free(line);
        errno = EMSGSIZE;
        return NULL;
    }

    line[n] = '\n';
    *len = n + 1;

    return line;
}


const char *
keygate_record_status(keygate_status_e status)
{
    return keygate_status_names[status];
}
