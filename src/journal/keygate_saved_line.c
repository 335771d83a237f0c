/*
 * A line of JOURNAL.usage, as text and as what it says; and lines for what is
 * to be put in.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keygate_json.h"
#include "keygate_meter.h"
#include "keygate_saved_private.h"


#define KEYGATE_SAVED_LINE  2048         /* bytes, at most */


static int keygate_saved_text(const json_t *object, const char *name,
    char *to, size_t size);
static int keygate_saved_count(const json_t *object, const char *name,
    uint32_t *to);
static int keygate_saved_hex(const json_t *object, const char *name,
    size_t digits, uint64_t *to);
static int keygate_saved_usage(const json_t *usage, keygate_saved_line_t *l);
static void keygate_saved_member(keygate_buf_t *out, const char *name,
    uint32_t n);


keygate_rc_t
keygate_saved_parse(keygate_str_t text, keygate_saved_line_t *line)
{
    int                    ok;
    json_t                *root;
    const json_t          *usage;
    keygate_json_error_t   error;

    root = keygate_json_parse(text, 0, &error);

    if (root == NULL) {
        return error.nomem ? KEYGATE_NOMEM : KEYGATE_INVALID;
    }

    memset(line, 0, sizeof(keygate_saved_line_t));

    usage = json_object_get(root, "usage");
    ok = json_is_object(usage) && keygate_saved_usage(usage, line);

    json_decref(root);

    return ok ? KEYGATE_OK : KEYGATE_INVALID;
}


static int
keygate_saved_usage(const json_t *usage, keygate_saved_line_t *l)
{
    size_t         i;
    uint64_t       life;
    const char    *name;
    const json_t  *day, *at;

    if (!keygate_saved_text(usage, "zone", l->zone, sizeof(l->zone))
        || !keygate_saved_hex(usage, "by", 8, &life))
    {
        return 0;
    }

    l->life = (uint32_t) life;

    if (json_object_get(usage, "begun") != NULL) {
        return 1;
    }

    l->kind = json_object_get(usage, "account") != NULL ? KEYGATE_ACCOUNT
                                                        : KEYGATE_KEY;
    name = l->kind == KEYGATE_KEY ? "key" : "account";
    at = json_object_get(usage, "at");

    if (!keygate_saved_text(usage, name, l->id, sizeof(l->id))
        || !keygate_saved_count(usage, "count", &l->count)
        || !json_is_integer(at))
    {
        return 0;
    }

    l->at = (int64_t) json_integer_value(at);
    l->reset = (int64_t) json_integer_value(json_object_get(usage, "reset"));
    l->fresh = json_is_true(json_object_get(usage, "new"));
    l->grouped = json_object_get(usage, "group") != NULL;
    l->has_from = json_object_get(usage, "from") != NULL;
    day = json_object_get(usage, "day");
    l->whole = day != NULL;

    if ((l->grouped && !keygate_saved_hex(usage, "group", 16, &l->group))
        || (l->has_from && !keygate_saved_count(usage, "from", &l->from))
        || (json_object_get(usage, "ahead") != NULL
            && !keygate_saved_count(usage, "ahead", &l->ahead)))
    {
        return 0;
    }

    if (!l->whole) {
        return 1;
    }

    if (!json_is_array(day) || json_array_size(day) > KEYGATE_BUCKETS
        || !keygate_saved_count(usage, "month", &l->month))
    {
        return 0;
    }

    for (i = 0; i < json_array_size(day); i++) {
        at = json_array_get(day, i);

        if (!json_is_integer(at) || json_integer_value(at) < 0
            || json_integer_value(at) > KEYGATE_RATE_MAX)
        {
            return 0;
        }

        l->day[i] = (uint32_t) json_integer_value(at);
    }

    return 1;
}


static int
keygate_saved_text(const json_t *object, const char *name, char *to,
    size_t size)
{
    size_t         len;
    const json_t  *value;

    value = json_object_get(object, name);
    len = json_is_string(value) ? json_string_length(value) : 0;

    if (len == 0 || len >= size) {
        return 0;
    }

    memcpy(to, json_string_value(value), len);
    to[len] = '\0';

    return 1;
}


static int
keygate_saved_count(const json_t *object, const char *name, uint32_t *to)
{
    const json_t  *value;

    value = json_object_get(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0
        || json_integer_value(value) > KEYGATE_COUNTS)
    {
        return 0;
    }

    *to = (uint32_t) json_integer_value(value);

    return 1;
}


static int
keygate_saved_hex(const json_t *object, const char *name, size_t digits,
    uint64_t *to)
{
    int          digit;
    char         text[17];
    const char  *p;

    if (!keygate_saved_text(object, name, text, sizeof(text))
        || strlen(text) != digits)
    {
        return 0;
    }

    for (*to = 0, p = text; *p != '\0'; p++) {
        digit = keygate_hex_value((unsigned char) *p);

        if (digit == -1) {
            return 0;
        }

        *to = *to << 4 | (unsigned) digit;
    }

    return 1;
}


static void
keygate_saved_member(keygate_buf_t *out, const char *name, uint32_t n)
{
    keygate_buf_puts(out, ",\"");
    keygate_buf_puts(out, name);
    keygate_buf_puts(out, "\":");
    keygate_buf_num(out, n);
}


void
keygate_saved_print(keygate_buf_t *out, const keygate_saved_line_t *l)
{
    char      text[40];
    unsigned  i, n;

    keygate_buf_puts(out, "{\"usage\":{\"zone\":");
    keygate_buf_json(out, keygate_span(l->zone));

    if (l->id[0] != '\0') {
        keygate_buf_puts(out, l->kind == KEYGATE_KEY ? ",\"key\":"
                                                     : ",\"account\":");
        keygate_buf_json(out, keygate_span(l->id));
    }

    if (l->grouped) {
        (void) snprintf(text, sizeof(text), ",\"group\":\"%016llx\"",
                        (unsigned long long) l->group);
        keygate_buf_puts(out, text);
    }

    (void) snprintf(text, sizeof(text), ",\"by\":\"%08x\",\"%s\":",
                    (unsigned) l->life, l->id[0] == '\0' ? "begun" : "at");
    keygate_buf_puts(out, text);
    keygate_buf_num(out, l->at);

    if (l->id[0] != '\0') {
        if (l->fresh) {
            keygate_buf_puts(out, ",\"new\":true");
        }

        if (l->reset != 0) {
            keygate_buf_puts(out, ",\"reset\":");
            keygate_buf_num(out, l->reset);
        }

        if (l->has_from) {
            keygate_saved_member(out, "from", l->from);
        }

        keygate_saved_member(out, "count", l->count);
        keygate_saved_member(out, "ahead", l->ahead);
    }

    if (l->whole) {
        for (n = KEYGATE_BUCKETS; n > 0 && l->day[n - 1] == 0; n--) {
            /* void */
        }

        keygate_buf_puts(out, ",\"day\":[");

        for (i = 0; i < n; i++) {
            keygate_buf_puts(out, i == 0 ? "" : ",");
            keygate_buf_num(out, l->day[i]);
        }

        keygate_buf_puts(out, "]");
        keygate_saved_member(out, "month", l->month);
    }

    keygate_buf_puts(out, "}}\n");
}


int
keygate_saved_name(const keygate_saved_t *s, const keygate_table_t *table,
    uint32_t ref, unsigned kind, unsigned grouped, keygate_saved_line_t *line)
{
    memset(line, 0, sizeof(keygate_saved_line_t));

    (void) snprintf(line->zone, sizeof(line->zone), "%s", s->zone);
    line->life = s->life;
    line->kind = kind;
    line->grouped = grouped & 1;

    if (grouped) {
        ref = keygate_table_group_of(table, ref, &line->group);
    }

    return ref != 0 && keygate_table_ref_id(table, ref, line->id) != 0;
}


unsigned
keygate_saved_kind(const keygate_table_t *table, uint32_t ref,
    const keygate_saved_line_t *line)
{
    uint64_t       group;
    keygate_key_t  key;

    return keygate_table_find_id(table, keygate_span(line->id), &key)
           == KEYGATE_OK
           && keygate_table_group_of(table, ref, &group) == key.ref
           ? KEYGATE_KEY : KEYGATE_ACCOUNT;
}


void
keygate_saved_reset(const keygate_table_t *table, keygate_saved_line_t *line)
{
    keygate_key_t  key;

    if (line->kind == KEYGATE_KEY
        && keygate_table_find_id(table, keygate_span(line->id), &key)
           == KEYGATE_OK)
    {
        line->reset = keygate_table_reset_at(key.reset);
    }
}


/* A meter that is new to the file, or was emptied, tells all that it has.  Of
 * one that earlier lives have used, units that no file had to cover, as with a
 * plan that has no quota, are told as far as they are in its windows. */

keygate_rc_t
keygate_saved_add(keygate_saved_t *s, const keygate_table_t *table,
    const keygate_quota_t *quota, uint64_t said, uint32_t count,
    uint32_t ceiling, const keygate_now_t *now)
{
    size_t                 size;
    uint32_t               i, sum, n;
    unsigned char         *data;
    keygate_meter_t       *meter;
    keygate_saved_line_t   line;

    if (!keygate_saved_name(s, table, quota->ref, quota->kind,
                            quota->grouped, &line))
    {
        return KEYGATE_NONE;
    }

    if (s->batch.size - s->batch.len < KEYGATE_SAVED_LINE) {
        size = s->batch.size * 2 + 4 * KEYGATE_SAVED_LINE;
        data = realloc(s->batch.data, size);

        if (data == NULL) {
            return KEYGATE_NOMEM;
        }

        s->batch.data = data;
        s->batch.size = size;
    }

    line.at = now->wall;
    line.count = count;
    line.ahead = (ceiling - count) & KEYGATE_COUNTS;

    if (!keygate_quota_open(said) && !keygate_quota_restored(said)) {
        line.fresh = 1;
        line.whole = 1;
        keygate_saved_reset(table, &line);
        keygate_quota_tell(keygate_table_meter(table, quota->ref,
                                               (keygate_kind_e) quota->kind),
                           count, line.day, &line.month, now);

    } else if (!keygate_quota_open(said)) {
        meter = keygate_table_meter(table, quota->ref,
                                    (keygate_kind_e) quota->kind);
        keygate_quota_tell(meter, count, line.day, &line.month, now);

        for (sum = 0, i = 0; i < KEYGATE_BUCKETS; i++) {
            sum += line.day[i];
        }

        sum = sum > line.month ? sum : line.month;
        n = (count - keygate_quota_covered(said)) & KEYGATE_COUNTS;
        n = n > KEYGATE_COUNTS / 2 ? 0 : n > sum ? sum : n;

        line.has_from = 1;
        line.from = (count - n) & KEYGATE_COUNTS;
    }

    keygate_saved_print(&s->batch, &line);

    return KEYGATE_OK;
}
