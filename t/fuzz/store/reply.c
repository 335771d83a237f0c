/*
 * Any bytes as what an engine answers.  The reader makes of them what a twin
 * that reads them by recursion makes of them, however they are cut; a reply is
 * bounded in bytes, elements and depth; and what is read in it, a redirection,
 * what the engine is, a record, a place, is in it.
 *
 * The first byte says in pieces of how many bytes the others come; 0: at once.
 */

#include "fuzz.h"

#include "keygate_engine.h"
#include "keygate_place.h"
#include "keygate_resp.h"
#include "keygate_slot.h"
#include "keygate_store.h"


#define DEPTH  64                        /* of a reply, at most */


enum { WHOLE, PARTIAL, WRONG, DEEP, ERRORS, MOVED, ASKED, AGAIN, MASTER,
       RECORD };

const char *const  fuzz_shapes[] = {
    "a whole reply", "a part of one", "what is none", "arrays in arrays",
    "an error", "MOVED", "ASK", "TRYAGAIN", "INFO", "a record", NULL
};


static void
test_redirect(keygate_str_t text)
{
    char            host[KEYGATE_SLOT_HOST], port[KEYGATE_SLOT_PORT];
    unsigned        slot;
    keygate_slot_e  kind;

    kind = keygate_slot_parse(text, &slot, host, port);

    if (kind == KEYGATE_SLOT_AGAIN) {
        fuzz_saw(AGAIN);

    } else if (kind != KEYGATE_SLOT_HERE) {
        must(slot < KEYGATE_SLOTS);
        must(strlen(host) < sizeof(host) && strlen(port) < sizeof(port));
        must(keygate_slot_is_port(fuzz_str(port)));
        must(text.len > strlen(host) + strlen(port));
        fuzz_saw(kind == KEYGATE_SLOT_MOVED ? MOVED : ASKED);
    }
}


static void
test_text(const keygate_reply_t *reply)
{
    char              said[100];
    size_t            i;
    uint64_t          seq;
    keygate_str_t     text, line;
    keygate_engine_t  engine;

    text = keygate_reply_text(reply);

    keygate_reply_say(reply, said, sizeof(said));
    must(strlen(said) <= text.len && strstr(said, ", with args") == NULL);

    for (i = 0; said[i] != '\0'; i++) {
        must((unsigned char) said[i] >= 0x20 && said[i] != 0x7f);
    }

    if (keygate_reply_kind(reply) == KEYGATE_REPLY_ERROR) {
        fuzz_saw(ERRORS);
        test_redirect(text);
    }

    memset(&engine, 0, sizeof(engine));
    keygate_engine_info(&engine, text);
    must(strlen(engine.policy) < sizeof(engine.policy));
    must(engine.replicas <= KEYGATE_ENGINE_COPIES);

    if (engine.policy[0] != '\0') {
        fuzz_saw(MASTER);
    }

    if (keygate_store_value(text, &seq, &line) == KEYGATE_OK) {
        must(line.data > text.data
             && line.data + line.len == text.data + text.len);
        fuzz_saw(RECORD);
    }

    if (keygate_place_seq(text, &seq) == KEYGATE_OK) {
        must(text.len < KEYGATE_MARK_MAX);
    }

    must(keygate_slot_of(text) < KEYGATE_SLOTS);
}


static void
test_reply(const keygate_reply_t *reply, unsigned depth)
{
    size_t  i, n;

    must(depth < DEPTH);

    n = keygate_reply_count(reply);
    must(n <= KEYGATE_REPLY_ELEMENTS);
    must(keygate_reply_at(reply, n) == NULL);

    if (depth == 2) {
        fuzz_saw(DEEP);
    }

    for (i = 0; i < n; i++) {
        test_reply(keygate_reply_at(reply, i), depth + 1);
    }

    must(keygate_reply_number(reply) >= -1
         || keygate_reply_kind(reply) == KEYGATE_REPLY_INTEGER);

    test_text(reply);
}


/* How many replies there are, and whether it ends well: they are written into
 * "made", if there is room. */

static unsigned
test_bytes(const uint8_t *data, size_t size, size_t piece, keygate_rc_t *end)
{
    size_t            n;
    unsigned          replies;
    keygate_rc_t      rc;
    keygate_resp_t   *resp;
    keygate_reply_t  *reply;

    resp = keygate_resp_create();
    must(resp != NULL);

    rc = KEYGATE_AGAIN;

    for (replies = 0; size != 0 && rc == KEYGATE_AGAIN; ) {
        n = piece != 0 && piece < size ? piece : size;

        must(keygate_resp_feed(resp, data, n) == KEYGATE_OK);
        data += n;
        size -= n;

        while ((rc = keygate_resp_next(resp, &reply)) == KEYGATE_OK) {
            replies++;
            test_reply(reply, 0);
            keygate_reply_free(reply);
        }

        must(reply == NULL);
        must(rc == KEYGATE_AGAIN || rc == KEYGATE_INVALID);
    }

    keygate_resp_destroy(resp);
    *end = rc;

    return replies;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned      whole, cut;
    keygate_rc_t  end, other;

    if (size == 0 || size > KEYGATE_REPLY_MAX / 2) {
        return 0;
    }

    whole = test_bytes(data + 1, size - 1, 0, &end);
    cut = test_bytes(data + 1, size - 1, (size_t) data[0] % 16, &other);

    must(whole == cut && end == other);

    if (whole != 0) {
        fuzz_saw(WHOLE);
    }

    fuzz_saw(end == KEYGATE_AGAIN ? PARTIAL : WRONG);

    return 0;
}
