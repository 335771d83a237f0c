/*
 * The short way from a line to a key's record: most lines of a journal are
 * plain, and a million of them are to be read in a few seconds.  Whatever is
 * not plain, and whatever is wrong, goes the long way (keygate_record_json.c),
 * which alone decides what is valid and names the fault: what is accepted
 * here must be accepted there, with the same result.
 */

#include <string.h>

#include "keygate_record_private.h"


#define KEYGATE_UNKNOWN_MAX  8


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              seen;          /* known members, by their bit */
    unsigned              n_unknown;
    keygate_str_t         unknown[KEYGATE_UNKNOWN_MAX];
} keygate_scan_t;


static void
keygate_scan_space(keygate_scan_t *s)
{
    while (s->p < s->end
           && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r'
               || *s->p == '\n'))
    {
        s->p++;
    }
}


/* Takes one character of punctuation and the space around it. */

static int
keygate_scan_char(keygate_scan_t *s, unsigned char c)
{
    keygate_scan_space(s);

    if (s->p == s->end || *s->p != c) {
        return 0;
    }

    s->p++;
    keygate_scan_space(s);

    return 1;
}


static int
keygate_scan_word(keygate_scan_t *s, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (s->end - s->p) < len || memcmp(s->p, word, len) != 0) {
        return 0;
    }

    s->p += len;

    return 1;
}


/* A string that is in the line as it is: no escapes, well-formed UTF-8. */

static int
keygate_scan_text(keygate_scan_t *s, keygate_str_t *text)
{
    size_t                n;
    const unsigned char  *p;

    if (s->p == s->end || *s->p != '"') {
        return 0;
    }

    p = s->p + 1;
    text->data = p;

    while (p < s->end && *p != '"') {

        if (*p < 0x20 || *p == '\\') {
            return 0;
        }

        if (*p < 0x80) {
            p++;
            continue;
        }

        n = keygate_utf8(p, s->end);

        if (n == 0) {
            return 0;
        }

        p += n;
    }

    if (p == s->end) {
        return 0;
    }

    text->len = (size_t) (p - text->data);
    s->p = p + 1;

    return 1;
}


static int
keygate_scan_list(keygate_scan_t *s, keygate_record_t *record,
    const keygate_member_t *member)
{
    keygate_str_t  text;

    if (!keygate_scan_char(s, '[')) {
        return 0;
    }

    if (keygate_scan_char(s, ']')) {
        return member->shape == KEYGATE_MEMBER_LIST;
    }

    do {
        if (!keygate_scan_text(s, &text)
            || member->set(record, text) != NULL)
        {
            return 0;
        }

    } while (keygate_scan_char(s, ','));

    return keygate_scan_char(s, ']');
}


static int
keygate_scan_previous(keygate_scan_t *s, keygate_record_t *record)
{
    unsigned                 n;
    keygate_str_t            name, text;
    const keygate_member_t  *member;

    if (!keygate_scan_char(s, '{')) {
        return 0;
    }

    for (n = 0; n < 2; n++) {

        if (n != 0 && !keygate_scan_char(s, ',')) {
            return 0;
        }

        if (!keygate_scan_text(s, &name)
            || !keygate_scan_char(s, ':')
            || !keygate_scan_text(s, &text))
        {
            return 0;
        }

        member = keygate_member_find_previous(name);

        if (member == NULL || member->set(record, text) != NULL) {
            return 0;
        }
    }

    return record->has_previous && record->previous_until != KEYGATE_NEVER
           && keygate_scan_char(s, '}');
}


/* A member that is not known: its name only matters if it comes twice. */

static int
keygate_scan_unknown(keygate_scan_t *s, keygate_str_t name)
{
    unsigned       i;
    keygate_str_t  text;

    if (s->n_unknown == KEYGATE_UNKNOWN_MAX) {
        return 0;
    }

    for (i = 0; i < s->n_unknown; i++) {
        if (keygate_str_eq(s->unknown[i], name)) {
            return 0;
        }
    }

    s->unknown[s->n_unknown++] = name;

    return keygate_scan_text(s, &text)
           || keygate_scan_word(s, "null")
           || keygate_scan_word(s, "true")
           || keygate_scan_word(s, "false");
}


static int
keygate_scan_member(keygate_scan_t *s, keygate_record_t *record)
{
    unsigned                 bit;
    keygate_str_t            name, text;
    const keygate_member_t  *member;

    if (!keygate_scan_text(s, &name) || !keygate_scan_char(s, ':')) {
        return 0;
    }

    member = keygate_member_find(KEYGATE_KEY, name);

    if (member == NULL) {
        return keygate_scan_unknown(s, name);
    }

    bit = 1u << keygate_member_bit(KEYGATE_KEY, member);

    if (s->seen & bit) {
        return 0;
    }

    s->seen |= bit;

    switch (member->shape) {

    case KEYGATE_MEMBER_TEXT_OR_NULL:

        if (keygate_scan_word(s, "null")) {
            return 1;
        }

        /* fall through */

    case KEYGATE_MEMBER_TEXT:
        return keygate_scan_text(s, &text)
               && member->set(record, text) == NULL;

    case KEYGATE_MEMBER_LIST:
    case KEYGATE_MEMBER_LIST_OR_NULL:
        return keygate_scan_list(s, record, member);

    case KEYGATE_MEMBER_PREVIOUS:
        return keygate_scan_previous(s, record);

    default:
        return 0;
    }
}


static int
keygate_scan_key(keygate_scan_t *s, keygate_record_t *record)
{
    keygate_str_t    name;
    keygate_fault_t  fault;

    if (!keygate_scan_char(s, '{')
        || !keygate_scan_text(s, &name)
        || !keygate_str_eq(name, KEYGATE_STR("key"))
        || !keygate_scan_char(s, ':')
        || !keygate_scan_char(s, '{'))
    {
        return 0;
    }

    do {
        if (!keygate_scan_member(s, record)) {
            return 0;
        }

    } while (keygate_scan_char(s, ','));

    return keygate_scan_char(s, '}')
           && keygate_scan_char(s, '}')
           && s->p == s->end
           && keygate_record_complete(record, &fault) == KEYGATE_OK;
}


keygate_rc_t
keygate_record_scan(keygate_str_t line, keygate_record_t *record,
    keygate_fault_t *fault)
{
    keygate_scan_t  s;

    if (line.len <= KEYGATE_LINE_MAX) {
        s.p = line.data;
        s.end = line.data + line.len;
        s.seen = 0;
        s.n_unknown = 0;

        keygate_record_init(record, KEYGATE_KEY);

        if (keygate_scan_key(&s, record)) {
            return KEYGATE_OK;
        }

        keygate_record_free(record);
    }

    return keygate_record_parse(line, record, fault);
}
