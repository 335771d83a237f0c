/*
 * Places and marks.  A mark is written by keygate only, so it is read as it
 * is written: members in this order, no space, no escapes.
 */

#include <stdio.h>

#include <openssl/evp.h>

#include "keygate_place.h"
#include "keygate_record.h"


#define KEYGATE_SHA1_LEN  20


static int keygate_place_take(keygate_str_t *s, const char *literal);
static int keygate_place_word(keygate_str_t *s, char *word, size_t max);
static int keygate_place_digits(keygate_str_t *s, uint64_t *seq);


keygate_rc_t
keygate_place_next(keygate_place_t *place, keygate_str_t line)
{
    int             n;
    char            text[KEYGATE_CHAIN_MAX + 32];
    unsigned        len;
    EVP_MD_CTX     *ctx;
    unsigned char   md[EVP_MAX_MD_SIZE];

    n = snprintf(text, sizeof(text), "%s %llu ", place->chain,
                 (unsigned long long) place->seq + 1);

    ctx = EVP_MD_CTX_new();

    if (ctx == NULL
        || EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) != 1
        || EVP_DigestUpdate(ctx, text, (size_t) n) != 1
        || EVP_DigestUpdate(ctx, line.data, line.len) != 1
        || EVP_DigestFinal_ex(ctx, md, &len) != 1)
    {
        EVP_MD_CTX_free(ctx);
        return KEYGATE_NOMEM;
    }

    EVP_MD_CTX_free(ctx);

    keygate_hex_text(md, KEYGATE_SHA1_LEN, place->chain);

    place->seq++;

    return KEYGATE_OK;
}


int
keygate_place_eq(const keygate_place_t *a, const keygate_place_t *b)
{
    return a->seq == b->seq && strcmp(a->chain, b->chain) == 0
           && strcmp(a->epoch, b->epoch) == 0;
}


int
keygate_place_hex(keygate_str_t text)
{
    size_t  i;

    if (text.len > KEYGATE_CHAIN_MAX) {
        return 0;
    }

    for (i = 0; i < text.len; i++) {
        if (keygate_hex_value(text.data[i]) < 0) {
            return 0;
        }
    }

    return 1;
}


size_t
keygate_place_line(const keygate_place_t *place, int64_t wall,
    char line[KEYGATE_MARK_MAX])
{
    char  time[21];

    keygate_time_format(wall, time);

    return (size_t) snprintf(line, KEYGATE_MARK_MAX,
                             "{\"at\":{\"epoch\":\"%s\",\"seq\":%llu,"
                             "\"chain\":\"%s\",\"time\":\"%s\"}}\n",
                             place->epoch, (unsigned long long) place->seq,
                             place->chain, time);
}


static int
keygate_place_take(keygate_str_t *s, const char *literal)
{
    size_t  len;

    len = strlen(literal);

    if (s->len < len || memcmp(s->data, literal, len) != 0) {
        return 0;
    }

    s->data += len;
    s->len -= len;

    return 1;
}


/* What is before the next quote. */

static int
keygate_place_word(keygate_str_t *s, char *word, size_t max)
{
    size_t  len;

    for (len = 0; len < s->len && s->data[len] != '"'; len++) {
        /* void */
    }

    if (len == s->len || len > max) {
        return 0;
    }

    memcpy(word, s->data, len);
    word[len] = '\0';

    s->data += len;
    s->len -= len;

    return 1;
}


static int
keygate_place_digits(keygate_str_t *s, uint64_t *seq)
{
    unsigned  digits;

    for (*seq = 0, digits = 0; s->len != 0 && digits < 18; digits++) {

        if (*s->data < '0' || *s->data > '9') {
            break;
        }

        *seq = *seq * 10 + (uint64_t) (*s->data - '0');
        s->data++;
        s->len--;
    }

    return digits != 0;
}


keygate_rc_t
keygate_place_parse(keygate_str_t line, keygate_place_t *place, int64_t *wall)
{
    char  time[21];

    memset(place, 0, sizeof(keygate_place_t));

    if (!keygate_place_take(&line, "{\"at\":{")) {
        return KEYGATE_NONE;
    }

    if (!keygate_place_take(&line, "\"epoch\":\"")
        || !keygate_place_word(&line, place->epoch, KEYGATE_EPOCH_MAX)
        || !keygate_place_take(&line, "\",\"seq\":"))
    {
        return KEYGATE_INVALID;
    }

    if (!keygate_place_digits(&line, &place->seq)
        || !keygate_place_take(&line, ",\"chain\":\"")
        || !keygate_place_word(&line, place->chain, KEYGATE_CHAIN_MAX)
        || !keygate_place_take(&line, "\",\"time\":\"")
        || !keygate_place_word(&line, time, sizeof(time) - 1)
        || !keygate_place_take(&line, "\"}}")
        || line.len != 0
        || place->epoch[0] == '\0'
        || !keygate_place_hex(keygate_span(place->epoch))
        || !keygate_place_hex(keygate_span(place->chain))
        || keygate_time_parse(keygate_span(time), wall) != KEYGATE_OK)
    {
        return KEYGATE_INVALID;
    }

    return KEYGATE_OK;
}


size_t
keygate_place_number(uint64_t seq, char line[KEYGATE_MARK_MAX])
{
    return (size_t) snprintf(line, KEYGATE_MARK_MAX,
                             "{\"at\":{\"seq\":%llu}}\n",
                             (unsigned long long) seq);
}


keygate_rc_t
keygate_place_seq(keygate_str_t line, uint64_t *seq)
{
    int64_t          wall;
    keygate_place_t  place;

    if (keygate_place_parse(line, &place, &wall) == KEYGATE_OK) {
        *seq = place.seq;
        return KEYGATE_OK;
    }

    return keygate_place_take(&line, "{\"at\":{\"seq\":")
           && keygate_place_digits(&line, seq)
           && keygate_place_take(&line, "}}") && line.len == 0
           ? KEYGATE_OK : KEYGATE_NONE;
}
