/*
 * A line of usage.  Those that were written here are read as they are; any
 * other text goes through the parser of JSON.
 */

#include <string.h>

#include "keygate_json.h"
#include "keygate_record.h"
#include "keygate_usage.h"


static int keygate_line_sound(const keygate_usage_t *u);
static int keygate_own_skip(keygate_str_t *s, const char *text);
static int keygate_own_string(keygate_str_t *s, const char *before,
    keygate_str_t *value);
static int keygate_own_number(keygate_str_t *s, const char *before,
    uint64_t *value);
static int keygate_line_own(keygate_str_t line, keygate_usage_t *u);
static int keygate_any_string(const json_t *usage, const char *name,
    char **room, keygate_str_t *value);
static int keygate_any_number(const json_t *json, uint64_t *value);
static int keygate_line_any(const json_t *usage, char *room,
    keygate_usage_t *u);
static void keygate_print_number(keygate_buf_t *b, const char *before,
    uint64_t n);


keygate_rc_t
keygate_usage_parse(keygate_str_t line, char *room, keygate_usage_t *u)
{
    int      ok;
    json_t  *json;

    if (line.len >= KEYGATE_USAGE_LINE) {
        return KEYGATE_INVALID;
    }

    memset(u, 0, sizeof(keygate_usage_t));

    if (keygate_line_own(line, u)) {
        return keygate_line_sound(u) ? KEYGATE_OK : KEYGATE_INVALID;
    }

    memset(u, 0, sizeof(keygate_usage_t));

    json = keygate_json_parse(line, 0, NULL);
    ok = keygate_line_any(json_object_get(json, "usage"), room, u)
         && keygate_line_sound(u);

    json_decref(json);

    return ok ? KEYGATE_OK : KEYGATE_INVALID;
}


static int
keygate_line_sound(const keygate_usage_t *u)
{
    return u->hour >= 0 && u->hour % 3600 == 0
           && u->node.len <= KEYGATE_USAGE_NODE
           && keygate_record_id_valid(u->key)
           && (u->account.len == 0 || keygate_record_id_valid(u->account))
           && u->api.len <= KEYGATE_NAME_MAX;
}


/* -- As print() writes it: strings without anything escaped */

static int
keygate_own_skip(keygate_str_t *s, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (s->len < len || memcmp(s->data, text, len) != 0) {
        return 0;
    }

    s->data += len;
    s->len -= len;

    return 1;
}


static int
keygate_own_string(keygate_str_t *s, const char *before, keygate_str_t *value)
{
    size_t  i;

    if (!keygate_own_skip(s, before)) {
        return 0;
    }

    for (i = 0; i < s->len && s->data[i] != '"'; i++) {
        if (s->data[i] < 0x20 || s->data[i] >= 0x7f || s->data[i] == '\\') {
            return 0;
        }
    }

    value->data = s->data;
    value->len = i;
    s->data += i;
    s->len -= i;

    return s->len != 0;
}


static int
keygate_own_number(keygate_str_t *s, const char *before, uint64_t *value)
{
    size_t  i;

    if (!keygate_own_skip(s, before)) {
        return 0;
    }

    *value = 0;

    for (i = 0; i < s->len && s->data[i] >= '0' && s->data[i] <= '9'; i++) {
        *value = *value * 10 + (s->data[i] - '0');

        if (*value > KEYGATE_USAGE_MAX || (i != 0 && s->data[0] == '0')) {
            return 0;
        }
    }

    s->data += i;
    s->len -= i;

    return i != 0;
}


static int
keygate_line_own(keygate_str_t line, keygate_usage_t *u)
{
    uint64_t        n;
    keygate_str_t   hour, name;
    keygate_code_e  code;

    if (!keygate_own_string(&line, "{\"usage\":{\"node\":\"", &u->node)
        || !keygate_own_string(&line, "\",\"key\":\"", &u->key)
        || !keygate_own_string(&line, "\",\"account\":\"", &u->account)
        || !keygate_own_string(&line, "\",\"api\":\"", &u->api)
        || !keygate_own_string(&line, "\",\"hour\":\"", &hour)
        || keygate_time_parse(hour, &u->hour) != KEYGATE_OK
        || !keygate_own_number(&line, "\",\"allowed\":", &u->allowed)
        || !keygate_own_skip(&line, ",\"refused\":{"))
    {
        return 0;
    }

    while (line.len && line.data[0] == '"') {
        if (!keygate_own_string(&line, "\"", &name)
            || !keygate_own_number(&line, "\":", &n))
        {
            return 0;
        }

        code = keygate_error_find(name);

        if (code >= KEYGATE_KEY_REVOKED && code < KEYGATE_CODES) {
            u->refused[KEYGATE_REASON(code)] = n;
        }

        if (!keygate_own_skip(&line, ",\"") ) {
            break;
        }

        line.data--;
        line.len++;
    }

    return keygate_own_number(&line, "},\"cost\":", &u->cost)
           && line.len == 2 && memcmp(line.data, "}}", 2) == 0;
}


/* -- Any other */

static int
keygate_any_string(const json_t *usage, const char *name, char **room,
    keygate_str_t *value)
{
    const json_t  *json;

    json = json_object_get(usage, name);

    if (!json_is_string(json)) {
        return 0;
    }

    /* all of them are shorter than the line */

    value->len = json_string_length(json);
    value->data = (unsigned char *) *room;
    memcpy(*room, json_string_value(json), value->len);
    *room += value->len;

    return 1;
}


static int
keygate_any_number(const json_t *json, uint64_t *value)
{
    json_int_t  n;

    n = json_integer_value(json);
    *value = (uint64_t) n;

    return json_is_integer(json) && n >= 0
           && (uint64_t) n <= KEYGATE_USAGE_MAX;
}


static int
keygate_line_any(const json_t *usage, char *room, keygate_usage_t *u)
{
    json_t         *refused, *value;
    uint64_t        n;
    const char     *name;
    keygate_str_t   hour;
    keygate_code_e  code;

    refused = json_object_get(usage, "refused");

    if (!keygate_any_string(usage, "node", &room, &u->node)
        || !keygate_any_string(usage, "key", &room, &u->key)
        || !keygate_any_string(usage, "account", &room, &u->account)
        || !keygate_any_string(usage, "api", &room, &u->api)
        || !keygate_any_string(usage, "hour", &room, &hour)
        || keygate_time_parse(hour, &u->hour) != KEYGATE_OK
        || !keygate_any_number(json_object_get(usage, "allowed"), &u->allowed)
        || !keygate_any_number(json_object_get(usage, "cost"), &u->cost)
        || !json_is_object(refused))
    {
        return 0;
    }

    json_object_foreach(refused, name, value) {
        code = keygate_error_find(keygate_span(name));

        if (!keygate_any_number(value, &n)) {
            return 0;
        }

        if (code >= KEYGATE_KEY_REVOKED && code < KEYGATE_CODES) {
            u->refused[KEYGATE_REASON(code)] = n;
        }
    }

    return 1;
}


/* -- Writing */

/* What was taken before it was given is not there yet. */

static void
keygate_print_number(keygate_buf_t *b, const char *before, uint64_t n)
{
    keygate_buf_puts(b, before);
    keygate_buf_num(b, (int64_t) n < 0 ? 0 : (int64_t) n);
}


void
keygate_usage_refused(keygate_buf_t *b, const keygate_usage_t *u)
{
    int       comma;
    unsigned  i;

    keygate_buf_puts(b, "{");
    comma = 0;

    for (i = 0; i < KEYGATE_REASONS; i++) {
        if (u->refused[i] == 0) {
            continue;
        }

        keygate_buf_puts(b, comma ? "," : "");
        keygate_buf_json(b, keygate_error_name(KEYGATE_REASON_CODE(i)));
        keygate_print_number(b, ":", u->refused[i]);
        comma = 1;
    }

    keygate_buf_puts(b, "}");
}


void
keygate_usage_print(keygate_buf_t *b, const keygate_usage_t *u)
{
    char  hour[21];

    keygate_time_format(u->hour, hour);

    keygate_buf_puts(b, "{\"usage\":{\"node\":");
    keygate_buf_json(b, u->node);
    keygate_buf_puts(b, ",\"key\":");
    keygate_buf_json(b, u->key);
    keygate_buf_puts(b, ",\"account\":");
    keygate_buf_json(b, u->account);
    keygate_buf_puts(b, ",\"api\":");
    keygate_buf_json(b, u->api);
    keygate_buf_puts(b, ",\"hour\":\"");
    keygate_buf_puts(b, hour);
    keygate_print_number(b, "\",\"allowed\":", u->allowed);
    keygate_buf_puts(b, ",\"refused\":");
    keygate_usage_refused(b, u);
    keygate_print_number(b, ",\"cost\":", u->cost);
    keygate_buf_puts(b, "}}\n");
}


void
keygate_usage_add(keygate_usage_t *u, const keygate_usage_t *more)
{
    unsigned  i;

    u->allowed += more->allowed;
    u->cost += more->cost;

    for (i = 0; i < KEYGATE_REASONS; i++) {
        u->refused[i] += more->refused[i];
    }
}
