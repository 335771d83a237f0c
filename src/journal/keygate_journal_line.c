/*
 * What a line is: blank, a mark, or a record of this journal's kind.
 */

#include <string.h>

#include "keygate_journal_private.h"
#include "keygate_place.h"


keygate_rc_t
keygate_journal_parse(keygate_journal_t *j, keygate_str_t text,
    keygate_record_t *record, keygate_fault_t *fault)
{
    keygate_rc_t  rc;

    rc = keygate_record_scan(text, record, fault);

    if (rc != KEYGATE_OK || !record->has_digest
        || record->hmac == j->conf.hmac)
    {
        return rc;
    }

    keygate_record_free(record);

    strcpy(fault->pointer, "/digest");
    fault->reason = j->conf.hmac
                    ? "is no HMAC, but the zone has a pepper"
                    : "is an HMAC, but the zone has no pepper";

    return KEYGATE_INVALID;
}


int
keygate_line_passed(const keygate_position_t *position,
    const keygate_line_t *line)
{
    return keygate_line_blank(line->text)
           || keygate_line_mark(line->text)
           || (line->at < position->void_to
               && line->next > position->void_from);
}


int
keygate_line_blank(keygate_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t'
            && text.data[i] != '\r')
        {
            return 0;
        }
    }

    return 1;
}


int
keygate_line_mark(keygate_str_t text)
{
    uint64_t  seq;

    return text.len > 6 && memcmp(text.data, "{\"at\":", 6) == 0
           && keygate_place_seq(text, &seq) == KEYGATE_OK;
}
