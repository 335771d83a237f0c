/*
 * Slots of a cluster.
 */

#define _GNU_SOURCE                      /* memmem() */

#include "keygate_slot.h"


static keygate_str_t keygate_slot_word(keygate_str_t *rest);
static int keygate_slot_is(keygate_str_t word, const char *list);


/* CRC-16 as of XMODEM. */

unsigned
keygate_slot_of(keygate_str_t key)
{
    size_t                i;
    unsigned              crc, bit;
    const unsigned char  *open, *close;

    open = key.len != 0 ? memchr(key.data, '{', key.len) : NULL;

    if (open != NULL) {
        open++;
        close = memchr(open, '}', key.len - (size_t) (open - key.data));

        if (close != NULL && close != open) {
            key.data = open;
            key.len = (size_t) (close - open);
        }
    }

    for (crc = 0, i = 0; i < key.len; i++) {
        crc ^= (unsigned) key.data[i] << 8;

        for (bit = 0; bit < 8; bit++) {
            crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
        }
    }

    return crc & (KEYGATE_SLOTS - 1);
}


static int
keygate_slot_is(keygate_str_t word, const char *list)
{
    size_t  len;

    for ( /* void */ ; *list != '\0'; list += len + (list[len] == ' ')) {
        len = strcspn(list, " ");

        if (word.len == len && memcmp(word.data, list, len) == 0) {
            return 1;
        }
    }

    return 0;
}


unsigned
keygate_slot_command(unsigned n, const keygate_str_t *args)
{
    unsigned  i;

    if (n < 2
        || keygate_slot_is(args[0], "AUTH CLUSTER CONFIG INFO PING ROLE "
                           "SCRIPT SELECT SENTINEL TIME WAIT WAITAOF"))
    {
        return KEYGATE_SLOTS;
    }

    if (keygate_slot_is(args[0], "EVAL EVALSHA")) {
        return n > 3 && !keygate_str_eq(args[2], KEYGATE_STR("0"))
               ? keygate_slot_of(args[3]) : KEYGATE_SLOTS;
    }

    for (i = 1; keygate_slot_is(args[0], "XREAD") && i + 1 < n; i++) {
        if (keygate_str_eq(args[i], KEYGATE_STR("STREAMS"))) {
            return keygate_slot_of(args[i + 1]);
        }
    }

    return keygate_slot_of(args[1]);
}


int
keygate_slot_is_port(keygate_str_t port)
{
    size_t    i;
    unsigned  n;

    if (port.len == 0 || port.len >= KEYGATE_SLOT_PORT
        || port.data[0] == '0')
    {
        return 0;
    }

    for (n = 0, i = 0; i < port.len; i++) {

        if (port.data[i] < '0' || port.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (unsigned) (port.data[i] - '0');
    }

    return n <= 65535;
}


static keygate_str_t
keygate_slot_word(keygate_str_t *rest)
{
    size_t         i;
    keygate_str_t  word;

    for (i = 0; i < rest->len && rest->data[i] != ' '; i++) { /* void */ }

    word.data = rest->data;
    word.len = i;

    i += i < rest->len;
    rest->data += i;
    rest->len -= i;

    return word;
}


keygate_slot_e
keygate_slot_parse(keygate_str_t error, unsigned *slot,
    char host[KEYGATE_SLOT_HOST], char port[KEYGATE_SLOT_PORT])
{
    size_t          i;
    keygate_str_t   word, number, name, rest;
    keygate_slot_e  kind;

    static const char  left[] = "attempted to access a non local key";

    *slot = KEYGATE_SLOTS;
    rest = error;
    word = keygate_slot_word(&rest);

    /* a script has met a key that has left already */

    if (keygate_str_eq(word, KEYGATE_STR("TRYAGAIN"))
        || (error.len != 0
            && memmem(error.data, error.len, left, sizeof(left) - 1) != NULL))
    {
        return KEYGATE_SLOT_AGAIN;
    }

    kind = keygate_str_eq(word, KEYGATE_STR("MOVED"))
           ? KEYGATE_SLOT_MOVED
           : keygate_str_eq(word, KEYGATE_STR("ASK")) ? KEYGATE_SLOT_ASK
                                                      : KEYGATE_SLOT_HERE;
    number = keygate_slot_word(&rest);
    name = keygate_slot_word(&rest);

    for (*slot = 0, i = 0; i < number.len && i < 5; i++) {

        if (number.data[i] < '0' || number.data[i] > '9') {
            return KEYGATE_SLOT_HERE;
        }

        *slot = *slot * 10 + (unsigned) (number.data[i] - '0');
    }

    for (i = name.len; i > 0 && name.data[i - 1] != ':'; i--) { /* void */ }

    if (kind == KEYGATE_SLOT_HERE || number.len == 0 || number.len > 5
        || *slot >= KEYGATE_SLOTS || i == 0 || i > KEYGATE_SLOT_HOST)
    {
        return KEYGATE_SLOT_HERE;
    }

    number.data = name.data + i;
    number.len = name.len - i;

    if (!keygate_slot_is_port(number)
        || memchr(name.data, '\0', name.len) != NULL)
    {
        return KEYGATE_SLOT_HERE;
    }

    /* an address of IPv6 is without brackets here */

    memcpy(host, name.data, i - 1);
    host[i - 1] = '\0';
    memcpy(port, number.data, number.len);
    port[number.len] = '\0';

    return kind;
}
