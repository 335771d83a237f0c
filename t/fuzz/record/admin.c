/*
 * Any body of an administrative request, and any record that it is to change.
 * What comes of it is either a record that the journal takes, that is what the
 * request says and otherwise as it was, and that can be shown without its
 * digest; or faults, each of which points at what is wrong.
 *
 * An input is a line with a letter for what is to be done, in upper case where
 * any scope and plan will do, and the current record, none for a plain one;
 * and then the body.
 */

#include "fuzz.h"

#include "keygate_change.h"
#include "keygate_json.h"
#include "keygate_table.h"


#define NOW      1780000000              /* 2026-05-28T20:26:40Z */
#define ONES     "0101010101010101"
#define TWOS     "0202020202020202"
#define OLD_HEX  ONES ONES ONES ONES
#define NEW_HEX  TWOS TWOS TWOS TWOS

#define KEY                                                                   \
    "{\"key\":{\"id\":\"k1\",\"account\":\"a1\",\"name\":\"Zapier\","         \
    "\"digest\":\"sha256:" OLD_HEX "\",\"scopes\":[\"r\"],"                   \
    "\"created_at\":\"2026-01-01T00:00:00Z\",\"x\":7}}"
#define ACCOUNT                                                               \
    "{\"account\":{\"id\":\"a1\",\"name\":\"B\",\"plan\":\"pro\","            \
    "\"status\":\"active\",\"x\":{\"y\":[]},"                                 \
    "\"profile\":{\"slug\":\"b\",\"site\":null}}}"

enum {
    CREATED, PATCHED, ROTATED, OVERLAPPED, REVOKED, EXPIRED, PUT, MERGED,
    FAULTS, NOT_JSON, TOO_LONG
};

const char *const  fuzz_shapes[] = {
    "a key that is created", "a key that is changed",
    "a key that is rotated", "an overlap", "a key that is revoked",
    "a key that expires", "an account that is put",
    "an account that is changed", "faults", "a body that is no object",
    "a record that is too long", NULL
};


typedef struct {
    char                    what;
    keygate_kind_e          kind;
    const keygate_known_t  *known;
    json_t                 *body;
    keygate_record_t        current;
    int64_t                 overlap;
} change_t;


static const keygate_hex_t  new_digest = { NEW_HEX, 0 };


static int
knows_scope(void *data, keygate_str_t name)
{
    (void) data;

    return name.len == 1 && (*name.data == 'r' || *name.data == 'w');
}


static int
knows_plan(void *data, keygate_str_t name)
{
    (void) data;

    return keygate_str_eq(name, KEYGATE_STR("pro"));
}


static const keygate_known_t  catalogue = { knows_scope, knows_plan, NULL };


/* A profile's "*" stands for a text that is too long for a record. */

static void
change_stretch(json_t *body)
{
    char    *text;
    json_t  *profile;

    profile = json_object_get(body, "profile");

    if (!json_is_string(json_object_get(profile, "*"))) {
        return;
    }

    text = malloc(KEYGATE_LINE_MAX);
    must(text != NULL);
    memset(text, 'x', KEYGATE_LINE_MAX);
    must(json_object_set_new(profile, "*",
                             json_stringn(text, KEYGATE_LINE_MAX))
         == 0);
    free(text);
}


/* 0: not an input. */

static int
change_parse(change_t *c, keygate_str_t input)
{
    keygate_str_t    line;
    keygate_fault_t  fault;

    line = fuzz_cut(&input, '\n');

    if (line.len == 0 || strchr("cprvexua", line.data[0] | 0x20) == NULL) {
        return 0;
    }

    memset(c, 0, sizeof(change_t));
    c->what = (char) (line.data[0] | 0x20);
    c->kind = c->what == 'u' || c->what == 'a' ? KEYGATE_ACCOUNT
                                               : KEYGATE_KEY;
    c->known = line.data[0] & 0x20 ? &catalogue : NULL;

    line.data++;
    line.len--;

    if (line.len == 0) {
        line = fuzz_str(c->kind == KEYGATE_KEY ? KEY : ACCOUNT);
    }

    if (keygate_record_parse(line, &c->current, &fault) != KEYGATE_OK) {
        return 0;
    }

    if (c->current.kind != c->kind || c->current.deleted) {
        keygate_record_free(&c->current);
        return 0;
    }

    /* as the admin API takes a body */

    c->body = keygate_json_parse(input, 0, NULL);

    if (!json_is_object(c->body)) {
        json_decref(c->body);
        c->body = NULL;
        fuzz_saw(NOT_JSON);
    }

    change_stretch(c->body);

    return 1;
}


static json_t *
change_make(change_t *c, const json_t *current, json_t **faults)
{
    *faults = NULL;

    switch (c->what) {

    case 'c':
        return keygate_change_create_key(c->body, "k1", &new_digest, NOW,
                                         c->known, faults);

    case 'p':
        return keygate_change_patch_key(current, c->body, c->known, faults);

    case 'r':
        c->overlap = keygate_change_overlap(c->body, faults);

        return c->overlap < 0 ? NULL
               : keygate_change_rotate_key(current, &new_digest, c->overlap,
                                           NOW, faults);

    case 'v':
        return keygate_change_revoke_key(current, NOW, faults);

    case 'u':
        return keygate_change_put_account("a1", current, c->body, c->known,
                                          faults);

    case 'a':
        return keygate_change_patch_account(current, c->body, c->known,
                                            faults);

    default:
        return keygate_change_expire_key(current, NOW, faults);
    }
}


/* -- Faults ------------------------------------------------------------- */

/* What a pointer (RFC 6901) leads to, or NULL. */

static const json_t *
pointed(const json_t *value, const char *pointer)
{
    char    *name, *p;
    size_t   len;

    while (value != NULL && *pointer == '/') {
        len = strcspn(++pointer, "/");
        name = malloc(len + 1);
        must(name != NULL);

        for (p = name; len > 0; len--, pointer++) {
            *p = *pointer;

            if (*pointer == '~') {
                must(pointer[1] == '0' || pointer[1] == '1');
                *p = *++pointer == '0' ? '~' : '/';
                len--;
            }

            p++;
        }

        *p = '\0';
        value = json_is_array(value)
                ? json_array_get(value, strtoul(name, NULL, 10))
                : json_object_get(value, name);
        free(name);
    }

    must(*pointer == '\0' || value == NULL);

    return value;
}


static void
check_faults(const change_t *c, const json_t *faults)
{
    size_t         i;
    const char    *pointer, *reason;
    const json_t  *fault;

    must(json_is_array(faults) && json_array_size(faults) > 0
         && json_array_size(faults) <= KEYGATE_FAULTS_MAX);

    for (i = 0; i < json_array_size(faults); i++) {
        fault = json_array_get(faults, i);
        pointer = json_string_value(json_object_get(fault, "pointer"));
        reason = json_string_value(json_object_get(fault, "detail"));

        must(json_object_size(fault) == 2 && pointer && reason && *reason);

        if (strcmp(reason, "is missing") == 0) {
            must(pointed(c->body, pointer) == NULL);

        } else if (strncmp(reason, "makes a record longer", 21) == 0) {
            must(*pointer == '\0');
            fuzz_saw(TOO_LONG);

        } else if (*pointer != '\0') {
            must(pointed(c->body, pointer) != NULL);
        }
    }

    fuzz_saw(FAULTS);
}


/* -- Records ------------------------------------------------------------ */

/* The journal takes it, the table too, and it comes back as it is. */

static void
check_line(const change_t *c, const json_t *after)
{
    char              *text;
    size_t             len;
    keygate_now_t      now;
    keygate_key_t      key;
    keygate_fault_t    fault;
    keygate_table_t   *t;
    keygate_record_t   record;

    static uint64_t             mem[128 * 1024 / 8];
    static const unsigned char  seed[16];

    text = keygate_record_line(c->kind, after, &len);
    must(text != NULL && len <= KEYGATE_LINE_MAX + 1);
    must(memchr(text, '\n', len) == text + len - 1);
    must(keygate_record_parse(fuzz_span(text, len - 1), &record, &fault)
         == KEYGATE_OK);
    must(json_equal(record.json, after));
    must(keygate_str_eq(record.id, c->what == 'c' ? KEYGATE_STR("k1")
                                   : c->what == 'u' ? KEYGATE_STR("a1")
                                   : c->current.id));

    now = keygate_rate_now(1000, NOW);
    memset(mem, 0, sizeof(mem));
    t = keygate_table_init(mem, sizeof(mem), seed);
    must(t != NULL);

    /* hundreds of scopes or a huge profile may be too much for a small one */

    if (keygate_table_apply(t, &record, 0, &now) == KEYGATE_OK
        && c->kind == KEYGATE_KEY)
    {
        must(keygate_table_find(t, record.digest, NOW, &key) == KEYGATE_OK);
        must(!record.has_previous || record.previous_until <= NOW
             || keygate_table_find(t, record.previous, NOW, &key)
                == KEYGATE_OK);
    }

    keygate_record_free(&record);
    free(text);
}


static void
check_view(const json_t *after)
{
    json_t  *view, *previous, *until, *extras;

    extras = json_pack("{s:n}", "last_used_at");
    view = keygate_change_view(after, extras, NOW);
    must(view != NULL && json_object_get(view, "digest") == NULL);

    previous = json_object_get(view, "previous");
    until = json_object_get(previous, "until");
    must(previous == NULL
         || (json_object_size(previous) == 1 && json_is_string(until)));

    json_decref(view);
    json_decref(extras);
}


/* Every member that a change may not touch is as it was. */

static void
check_kept(const json_t *before, const json_t *after, const char *may)
{
    char         word[64];
    json_t      *value;
    const char  *name;

    json_object_foreach((json_t *) before, name, value) {
        snprintf(word, sizeof(word), " %.60s ", name);

        must(strstr(may, word) != NULL
             || json_equal(json_object_get(after, name), value));
    }

    json_object_foreach((json_t *) after, name, value) {
        snprintf(word, sizeof(word), " %.60s ", name);

        must(strstr(may, word) != NULL
             || json_object_get(before, name) != NULL);
    }
}


/* What a body says is what the record says; null is to have none. */

static void
check_said(const change_t *c, const json_t *after)
{
    size_t       i, k;
    json_t      *value, *list;
    const char  *name;

    json_object_foreach(c->body, name, value) {
        if (json_is_null(value)) {
            must(json_object_get(after, name) == NULL);

        } else if (c->what != 'a' || strcmp(name, "profile") != 0) {
            must(json_equal(json_object_get(after, name), value));
        }
    }

    list = json_object_get(c->body, "scopes");

    for (i = 0; i < json_array_size(list); i++) {
        value = json_array_get(list, i);
        must(json_is_string(value));
        must(c->known == NULL
             || knows_scope(NULL, fuzz_span(json_string_value(value),
                                            json_string_length(value))));

        for (k = 0; k < i; k++) {
            must(!json_equal(json_array_get(list, k), value));
        }
    }

    value = json_object_get(c->body, "plan");
    must(c->known == NULL || !json_is_string(value)
         || strcmp(json_string_value(value), "pro") == 0);
}


/* RFC 7396, member by member. */

static void
check_profile(const change_t *c, const json_t *after)
{
    json_t      *patch, *was, *is, *value;
    const char  *name;

    patch = json_object_get(c->body, "profile");
    was = json_object_get(c->current.json, "profile");
    is = json_object_get(after, "profile");

    if (!json_is_object(patch)) {
        must(json_is_null(patch) ? is == NULL
                                 : was == is || json_equal(was, is));
        return;
    }

    json_object_foreach(patch, name, value) {
        must(json_is_null(value)
             ? json_object_get(is, name) == NULL
             : json_equal(json_object_get(is, name), value));
    }

    json_object_foreach(was, name, value) {
        must(json_object_get(patch, name) != NULL
             || json_equal(json_object_get(is, name), value));
    }
}


static void
check_rotated(const change_t *c, const json_t *after)
{
    char         until[21];
    json_t      *previous;
    const char  *digest, *was;

    was = json_string_value(json_object_get(c->current.json, "digest"));
    digest = json_string_value(json_object_get(after, "digest"));
    previous = json_object_get(after, "previous");

    must(digest && strcmp(digest, "sha256:" NEW_HEX) == 0);
    must(c->current.revoked_at == KEYGATE_NEVER);

    if (c->overlap == 0 || c->current.hmac) {
        must(previous == NULL);
        fuzz_saw(ROTATED);
        return;
    }

    keygate_time_format(NOW + 1 + c->overlap, until);
    must(strcmp(json_string_value(json_object_get(previous, "digest")), was)
         == 0);
    must(strcmp(json_string_value(json_object_get(previous, "until")), until)
         == 0);
    fuzz_saw(OVERLAPPED);
}


static void
check_change(change_t *c, const json_t *after)
{
    const json_t  *before, *value;

    before = c->current.json;

    switch (c->what) {

    case 'c':
        check_said(c, after);
        must(strcmp(json_string_value(json_object_get(after, "digest")),
                    "sha256:" NEW_HEX) == 0);
        fuzz_saw(CREATED);
        return;

    case 'p':
        check_said(c, after);
        check_kept(before, after,
                   " name scopes rates expires_at addresses ");
        fuzz_saw(PATCHED);
        return;

    case 'r':
        check_rotated(c, after);
        check_kept(before, after, " digest previous rotated_at ");
        return;

    case 'v':
        check_kept(before, after, " revoked_at ");
        value = json_object_get(before, "revoked_at");
        must(json_is_string(value)
             ? json_equal((json_t *) value,
                          json_object_get(after, "revoked_at"))
             : json_is_string(json_object_get(after, "revoked_at")));
        fuzz_saw(REVOKED);
        return;

    case 'u':
        check_said(c, after);
        value = json_object_get(before, "x");
        must(value ? json_equal((json_t *) value, json_object_get(after, "x"))
                   : json_object_get(after, "x") == NULL);
        fuzz_saw(PUT);
        return;

    case 'a':
        check_said(c, after);
        check_profile(c, after);
        check_kept(before, after,
                   " name plan status trial_ends_at profile ");
        fuzz_saw(MERGED);
        return;

    default:
        check_kept(before, after, " expires_at ");
        fuzz_saw(EXPIRED);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t    *before, *body, *after, *again, *faults, *more;
    change_t   c;

    if (!change_parse(&c, fuzz_span(data, size))) {
        return 0;
    }

    before = json_deep_copy(c.current.json);
    body = json_deep_copy(c.body);

    /* a body that is none goes no further, but where none is needed */

    if (c.body != NULL || strchr("rvex", c.what) != NULL) {
        after = change_make(&c, c.current.json, &faults);

        must((after == NULL) != (faults == NULL));
        must(json_equal(before, c.current.json));
        must(body == NULL || json_equal(body, c.body));

        if (after != NULL) {
            check_change(&c, after);
            check_line(&c, after);
            check_view(after);

            /* once more makes no difference, but that of a rotation */

            again = change_make(&c, after, &more);
            must(c.what == 'r' || (again && json_equal(again, after)));
            json_decref(again);
            json_decref(more);

        } else {
            check_faults(&c, faults);
        }

        json_decref(after);
        json_decref(faults);
    }

    json_decref(before);
    json_decref(body);
    json_decref(c.body);
    keygate_record_free(&c.current);

    return 0;
}
