/*
 * The members of a record: what each may hold, and where it goes.  How they
 * are found in a line is the readers' affair (keygate_record.c,
 * keygate_record_scan.c); whether scopes and plans exist is nobody's here.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_digest.h"
#include "keygate_record_private.h"
#include "keygate_scope.h"


static const char *keygate_set_id(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_account(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_name(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_digest_text(keygate_record_t *record,
    keygate_str_t text, unsigned char *digest);
static const char *keygate_set_digest(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_previous_digest(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_previous_until(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_scope(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_rate(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_address(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_created(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_expires(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_revoked(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_suspended(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_changed_by(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_plan(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_status(keygate_record_t *record,
    keygate_str_t text);
static const char *keygate_set_trial(keygate_record_t *record,
    keygate_str_t text);
static const keygate_member_t *keygate_members_find(
    const keygate_member_t *members, keygate_str_t name);


const char  keygate_reason_nomem[] = "out of memory";

static const char  keygate_reason_id[] = "is not an id";
static const char  keygate_reason_time[] = "is not an RFC 3339 time";
static const char  keygate_reason_digest[]
    = "is not \"sha256:\" or \"hmac-sha256:\" and 64 hex digits";
static const char  keygate_reason_kind[]
    = "is not of the same kind as the other digest";


static const char *
keygate_set_id(keygate_record_t *record, keygate_str_t text)
{
    record->id = text;

    return keygate_record_id_valid(text) ? NULL : keygate_reason_id;
}


static const char *
keygate_set_account(keygate_record_t *record, keygate_str_t text)
{
    record->account = text;

    return keygate_record_id_valid(text) ? NULL : keygate_reason_id;
}


static const char *
keygate_set_name(keygate_record_t *record, keygate_str_t text)
{
    record->name = text;

    return keygate_record_plain(text, KEYGATE_TEXT_MAX)
           ? NULL : "is longer than 255 bytes or holds control characters";
}


static const char *
keygate_digest_text(keygate_record_t *record, keygate_str_t text,
    unsigned char *digest)
{
    unsigned  hmac;

    if (keygate_digest_parse(text, digest, &hmac) != KEYGATE_OK) {
        return keygate_reason_digest;
    }

    if ((record->has_digest || record->has_previous) && record->hmac != hmac)
    {
        return keygate_reason_kind;
    }

    record->hmac = hmac;

    return NULL;
}


static const char *
keygate_set_digest(keygate_record_t *record, keygate_str_t text)
{
    const char  *reason;

    reason = keygate_digest_text(record, text, record->digest);
    record->has_digest = 1;

    return reason;
}


static const char *
keygate_set_previous_digest(keygate_record_t *record, keygate_str_t text)
{
    const char  *reason;

    reason = keygate_digest_text(record, text, record->previous);
    record->has_previous = 1;

    return reason;
}


static const char *
keygate_set_previous_until(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->previous_until) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


static const char *
keygate_set_scope(keygate_record_t *record, keygate_str_t text)
{
    if (!keygate_scope_name_valid(text)) {
        return "is not a scope";
    }

    /* as many as a line holds: a name that no API has stops nothing */

    if (!keygate_record_grow((void **) &record->scopes, record->n_scopes,
                           sizeof(keygate_str_t)))
    {
        return keygate_reason_nomem;
    }

    record->scopes[record->n_scopes++] = text;

    return NULL;
}


static const char *
keygate_set_rate(keygate_record_t *record, keygate_str_t text)
{
    uint32_t        limit;
    keygate_unit_e  unit;

    if (keygate_rate_parse(text, &limit, &unit) != KEYGATE_OK) {
        return "is not a rate such as \"600r/m\"";
    }

    if (record->limits[unit] != 0) {
        return "is a second rate of the same unit";
    }

    record->limits[unit] = limit;

    return NULL;
}


static const char *
keygate_set_address(keygate_record_t *record, keygate_str_t text)
{
    keygate_cidr_t  cidr;

    if (keygate_cidr_parse(text, &cidr) != KEYGATE_OK) {
        return "is not an address or a CIDR block without host bits";
    }

    if (record->n_addresses == KEYGATE_ADDRESSES_MAX) {
        return "is one address too many";
    }

    if (!keygate_record_grow((void **) &record->addresses, record->n_addresses,
                           sizeof(keygate_cidr_t)))
    {
        return keygate_reason_nomem;
    }

    record->addresses[record->n_addresses++] = cidr;

    return NULL;
}


static const char *
keygate_set_created(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->created_at) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


static const char *
keygate_set_expires(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->expires_at) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


static const char *
keygate_set_revoked(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->revoked_at) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


static const char *
keygate_set_suspended(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->suspended_at) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


static const char *
keygate_set_changed_by(keygate_record_t *record, keygate_str_t text)
{
    record->changed_by = text;

    return keygate_record_plain(text, KEYGATE_TEXT_MAX)
           ? NULL : "is longer than 255 bytes or holds control characters";
}


static const char *
keygate_set_plan(keygate_record_t *record, keygate_str_t text)
{
    record->plan = text;

    return text.len != 0 && keygate_record_plain(text, KEYGATE_NAME_MAX)
           ? NULL : "is not the name of a plan";
}


static const char *
keygate_set_status(keygate_record_t *record, keygate_str_t text)
{
    unsigned       i;
    keygate_str_t  name;

    for (i = 0; i <= KEYGATE_CANCELED; i++) {
        name = keygate_span(keygate_record_status((keygate_status_e) i));

        if (keygate_str_eq(text, name)) {
            record->status = (keygate_status_e) i;
            return NULL;
        }
    }

    return "is none of \"active\", \"trialing\", \"past_due\", \"canceled\"";
}


static const char *
keygate_set_trial(keygate_record_t *record, keygate_str_t text)
{
    return keygate_time_parse(text, &record->trial_ends_at) == KEYGATE_OK
           ? NULL : keygate_reason_time;
}


/* The members of a key, of an account, and of "previous". */

static const keygate_member_t  keygate_key_members[] = {

    { keygate_string("id"), KEYGATE_MEMBER_TEXT, keygate_set_id },
    { keygate_string("account"), KEYGATE_MEMBER_TEXT, keygate_set_account },
    { keygate_string("name"), KEYGATE_MEMBER_TEXT, keygate_set_name },
    { keygate_string("digest"), KEYGATE_MEMBER_TEXT, keygate_set_digest },
    { keygate_string("scopes"), KEYGATE_MEMBER_LIST, keygate_set_scope },
    { keygate_string("created_at"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_created },
    { keygate_string("expires_at"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_expires },
    { keygate_string("revoked_at"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_revoked },
    { keygate_string("suspended_at"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_suspended },
    { keygate_string("changed_by"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_changed_by },
    { keygate_string("meta"), KEYGATE_MEMBER_META, NULL },
    { keygate_string("resets"), KEYGATE_MEMBER_RESETS, NULL },
    { keygate_string("rates"), KEYGATE_MEMBER_LIST_OR_NULL,
      keygate_set_rate },
    { keygate_string("addresses"), KEYGATE_MEMBER_LIST_OR_NULL,
      keygate_set_address },
    { keygate_string("previous"), KEYGATE_MEMBER_PREVIOUS, NULL },
    { keygate_string("deleted"), KEYGATE_MEMBER_DELETED, NULL },
    { { 0, NULL }, KEYGATE_MEMBER_TEXT, NULL }
};


static const keygate_member_t  keygate_account_members[] = {

    { keygate_string("id"), KEYGATE_MEMBER_TEXT, keygate_set_id },
    { keygate_string("name"), KEYGATE_MEMBER_TEXT, keygate_set_name },
    { keygate_string("plan"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_plan },
    { keygate_string("status"), KEYGATE_MEMBER_TEXT, keygate_set_status },
    { keygate_string("trial_ends_at"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_trial },
    { keygate_string("profile"), KEYGATE_MEMBER_PROFILE, NULL },
    { keygate_string("changed_by"), KEYGATE_MEMBER_TEXT_OR_NULL,
      keygate_set_changed_by },
    { keygate_string("deleted"), KEYGATE_MEMBER_DELETED, NULL },
    { { 0, NULL }, KEYGATE_MEMBER_TEXT, NULL }
};


static const keygate_member_t  keygate_previous_members[] = {

    { keygate_string("digest"), KEYGATE_MEMBER_TEXT,
      keygate_set_previous_digest },
    { keygate_string("until"), KEYGATE_MEMBER_TEXT,
      keygate_set_previous_until },
    { { 0, NULL }, KEYGATE_MEMBER_TEXT, NULL }
};


static const keygate_member_t *
keygate_members_find(const keygate_member_t *members, keygate_str_t name)
{
    const keygate_member_t  *m;

    for (m = members; m->name.len != 0; m++) {
        if (m->name.len == name.len
            && memcmp(m->name.data, name.data, name.len) == 0)
        {
            return m;
        }
    }

    return NULL;
}


const keygate_member_t *
keygate_member_find(keygate_kind_e kind, keygate_str_t name)
{
    return keygate_members_find(kind == KEYGATE_KEY ? keygate_key_members
                                                    : keygate_account_members,
                                name);
}


const keygate_member_t *
keygate_member_find_previous(keygate_str_t name)
{
    return keygate_members_find(keygate_previous_members, name);
}


unsigned
keygate_member_bit(keygate_kind_e kind, const keygate_member_t *member)
{
    return (unsigned) (member - (kind == KEYGATE_KEY
                                 ? keygate_key_members
                                 : keygate_account_members));
}
