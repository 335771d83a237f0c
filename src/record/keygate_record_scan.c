/*
 * The short way from a line to a key's record: most lines of a journal are
 * plain, and a million of them are to be read in a few seconds.  Whatever is
 * not plain, and whatever is wrong, goes the long way (keygate_record_json.c),
 * which alone decides what is valid and names the fault: what is accepted
 * here must be accepted there, with the same result.
 */

#include <string.h>

#include "keygate_lex.h"
#include "keygate_record_private.h"


#define KEYGATE_UNKNOWN_MAX  8


typedef struct {
    keygate_lex_t         lex;
    unsigned              seen;          /* known members, by their bit */
    unsigned              n_unknown;
    keygate_str_t         unknown[KEYGATE_UNKNOWN_MAX];
} keygate_scan_t;


static int keygate_scan_char(keygate_scan_t *s, unsigned char c);
static int keygate_scan_text(keygate_scan_t *s, keygate_str_t *text);
static int keygate_scan_list(keygate_scan_t *s, keygate_record_t *record,
    const keygate_member_t *member);
static int keygate_scan_previous(keygate_scan_t *s, keygate_record_t *record);
static int keygate_scan_unknown(keygate_scan_t *s, keygate_str_t name);
static int keygate_scan_member(keygate_scan_t *s, keygate_record_t *record);
static int keygate_scan_key(keygate_scan_t *s, keygate_record_t *record);


/* Takes one character of punctuation and the space around it. */

static int
keygate_scan_char(keygate_scan_t *s, unsigned char c)
{
    keygate_lex_space(&s->lex);

    if (!keygate_lex_char(&s->lex, c)) {
        return 0;
    }

    keygate_lex_space(&s->lex);

    return 1;
}


/* A string that is in the line as it is: no escapes, well-formed UTF-8. */

static int
keygate_scan_text(keygate_scan_t *s, keygate_str_t *text)
{
    size_t                n;
    const unsigned char  *p;

    if (s->lex.p == s->lex.end || *s->lex.p != '"') {
        return 0;
    }

    p = s->lex.p + 1;
    text->data = p;

    while (p < s->lex.end && *p != '"') {

        if (*p < 0x20 || *p == '\\') {
            return 0;
        }

        if (*p < 0x80) {
            p++;
            continue;
        }

        n = keygate_utf8(p, s->lex.end);

        if (n == 0) {
            return 0;
        }

        p += n;
    }

    if (p == s->lex.end) {
        return 0;
    }

    text->len = (size_t) (p - text->data);
    s->lex.p = p + 1;

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
           || keygate_lex_word(&s->lex, "null")
           || keygate_lex_word(&s->lex, "true")
           || keygate_lex_word(&s->lex, "false");
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

        if (keygate_lex_word(&s->lex, "null")) {
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
           && s->lex.p == s->lex.end
           && keygate_record_complete(record, &fault) == KEYGATE_OK;
}


keygate_rc_t
keygate_record_scan(keygate_str_t line, keygate_record_t *record,
    keygate_fault_t *fault)
{
    keygate_scan_t  s;

    if (line.len <= KEYGATE_LINE_MAX) {
        s.lex.p = line.data;
        s.lex.end = line.data + line.len;
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
