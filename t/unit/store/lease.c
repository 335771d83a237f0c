/*
 * The script that grants leases, in a real engine, against the ledger as C has
 * it: any sequence of exchanges has the same answers.  t/store_lease.t starts
 * the engine, and passes its socket.
 */

#include "keygate_link.h"

#include "ledger.h"
#include "random.h"
#include "tap.h"


#define NODES  4
#define STEPS  3000


typedef struct {
    uint32_t  life;
    uint32_t  count;
    uint32_t  ceiling;                   /* the largest */
    uint32_t  own[KEYGATE_UNITS];
} node_t;


static ledger_t  ledger;
static node_t    nodes[NODES];


static unsigned
ask_engine(keygate_link_t *link, const char *key, uint64_t now,
    const ledger_ask_t *ask, keygate_grant_t *g)
{
    char              text[11 + 3 * KEYGATE_UNITS][24];
    unsigned          n, u, i;
    keygate_str_t     args[11 + 3 * KEYGATE_UNITS];
    keygate_reply_t  *reply;

    memset(g, 0, sizeof(keygate_grant_t));

    snprintf(text[1], 24, "%llu", (unsigned long long) now);
    snprintf(text[2], 24, "node-%u", ask->node);
    snprintf(text[3], 24, "%u", ask->life);
    snprintf(text[4], 24, "%u", ask->count);
    snprintf(text[5], 24, "%x", ask->set);
    snprintf(text[6], 24, "%u", ask->want);
    snprintf(text[7], 24, "%u", ask->nodes);
    snprintf(text[8], 24, "%llu", (unsigned long long) ask->month);
    snprintf(text[9], 24, "%llu", (unsigned long long) ask->month_ms);

    if (ask->back) {
        strcpy(text[6], "back");
    }

    args[0] = keygate_span(key);

    for (n = 10, u = 0; u < KEYGATE_UNITS; u++) {
        if (ask->limits[u] != 0) {
            strcpy(text[n], keygate_unit_name((keygate_unit_e) u));
            snprintf(text[n + 1], 24, "%u", ask->limits[u]);
            snprintf(text[n + 2], 24, "%u", ask->own[u]);
            n += 3;
        }
    }

    for (i = 1; i < n; i++) {
        args[i] = keygate_span(text[i]);
    }

    if (keygate_link_script(link, KEYGATE_LUA_LEASE, 1, n, args, &reply)
        != KEYGATE_OK)
    {
        printf("# %s\n", keygate_link_error(link));
        return 0;
    }

    if (keygate_reply_kind(reply) != KEYGATE_REPLY_ARRAY) {
        printf("# %.*s\n", (int) keygate_reply_text(reply).len,
               keygate_reply_text(reply).data);
        keygate_reply_free(reply);
        return 0;
    }

    g->ceiling = (uint32_t) keygate_reply_number(keygate_reply_at(reply, 0));
    g->validity = (uint32_t) keygate_reply_number(keygate_reply_at(reply, 1));
    g->denied = (uint32_t) keygate_reply_number(keygate_reply_at(reply, 2));
    g->share = (uint32_t) keygate_reply_number(keygate_reply_at(reply, 3));

    for (i = 4, u = 0; u < KEYGATE_UNITS; u++) {
        if (ask->limits[u] != 0) {
            g->others[u] = (uint32_t) keygate_reply_number(
                               keygate_reply_at(reply, i++));
            g->free_in[u] = (uint32_t) keygate_reply_number(
                                keygate_reply_at(reply, i++));
        }
    }

    n = (unsigned) keygate_reply_count(reply);
    keygate_reply_free(reply);

    return n == i;
}


static unsigned
same(const keygate_grant_t *a, const keygate_grant_t *b, unsigned step)
{
    unsigned  u;

    if (memcmp(a, b, sizeof(keygate_grant_t)) == 0) {
        return 1;
    }

    printf("# exchange %u: ceiling %u %u, validity %u %u, denied %u %u, share "
           "%u %u\n", step, a->ceiling, b->ceiling, a->validity, b->validity,
           a->denied, b->denied, a->share, b->share);

    for (u = 0; u < KEYGATE_UNITS; u++) {
        printf("#   unit %u: others %u %u, free in %u %u\n", u, a->others[u],
               b->others[u], a->free_in[u], b->free_in[u]);
    }

    return 0;
}


static void
sequence(keygate_link_t *link, const char *key, const uint32_t *limits,
    uint64_t longest)
{
    unsigned          i, u, k, like;
    uint32_t          n;
    uint64_t          now, at, jump;
    node_t           *node;
    ledger_ask_t      ask;
    keygate_grant_t   want, got;

    memset(&ledger, 0, sizeof(ledger));
    memset(nodes, 0, sizeof(nodes));

    now = 1790000000123ull;
    jump = 0;

    for (like = 1, i = 0; like && i < STEPS; i++) {
        now += random_below((uint32_t) longest);
        now -= random_below(20) == 0 ? random_below(500) : 0;

        /* the engine's clock jumps, and who has not seen it is late */

        if (random_below(50) == 0) {
            jump = random_below(40000);
            now += random_below(3) == 0 ? jump : -jump;
        }

        at = random_below(20) == 0 ? now + jump : now;

        k = random_below(NODES);
        node = &nodes[k];

        if (random_below(100) == 0) {
            node->life++;
            node->count = random_below(1000);
            node->ceiling = node->count;
            memset(node->own, 0, sizeof(node->own));

        } else {
            n = (node->ceiling - node->count) & 0x7fffffff;
            n = n == 0 ? random_below(20) == 0 : random_below(n + 1);
            node->count = (node->count + n) & 0x7fffffff;

            for (u = 0; u < KEYGATE_UNITS; u++) {
                node->own[u] += n;
                node->own[u] -= random_below(node->own[u] + 1);
            }
        }

        memset(&ask, 0, sizeof(ask));
        ask.node = k;
        ask.life = node->life;
        ask.count = node->count;
        ask.set = random_below(4) == 0;
        ask.back = random_below(10) == 0;
        ask.want = ask.back ? 0 : random_below(12);
        ask.nodes = 1 + random_below(NODES);
        ask.month = 24320 + (at - 1790000000123ull) / 2592000000ull;
        ask.month_ms = random_below(1000000) + 1;
        memcpy(ask.limits, limits, sizeof(ask.limits));

        for (u = 0; ask.set && u < KEYGATE_UNITS; u++) {
            ask.limits[u] *= 3;
        }

        memcpy(ask.own, node->own, sizeof(ask.own));

        ledger_exchange(&ledger, at, &ask, &want);

        if (!ask_engine(link, key, at, &ask, &got)) {
            like = 0;
            break;
        }

        like = same(&want, &got, i);
        node->ceiling = got.ceiling;

        if (random_below(10) == 0 && like) {
            ledger_exchange(&ledger, at, &ask, &want);
            like = ask_engine(link, key, at, &ask, &got)
                   && same(&want, &got, i);
            node->ceiling = got.ceiling;
        }
    }

    ok(like, "%s: %u exchanges", key, i);
}


int
main(int argc, char **argv)
{
    char                    error[KEYGATE_LINK_ERROR];
    keygate_link_t         *link;
    keygate_link_conf_t     conf;
    keygate_wire_server_t  server;
    static const uint32_t  minute[] = { 0, 120, 0, 0, 0 };
    static const uint32_t  two[] = { 10, 0, 2000, 0, 0 };
    static const uint32_t  all[] = { 20, 100, 1000, 4000, 9000 };
    static const uint32_t  month[] = { 0, 0, 0, 0, 50 };

    if (argc < 2) {
        puts("1..0 # skip t/store_lease.t runs it, with an engine");
        return 0;
    }

    memset(&conf, 0, sizeof(conf));
    memset(&server, 0, sizeof(server));
    server.path = argv[1];
    conf.servers = &server;
    conf.n = 1;
    conf.wire.timeout = 20000;
    conf.wire.connect_timeout = 20000;

    link = keygate_link_open(&conf, NULL, NULL, error);
    ok(link != NULL, "connected");

    if (link == NULL) {
        printf("# %s\n", error);
        return tap_done();
    }

    sequence(link, "minute", minute, 400);
    sequence(link, "second and hour", two, 2000);
    sequence(link, "all units", all, 100000);
    sequence(link, "month", month, 20000000);

    keygate_link_close(link);

    return tap_done();
}
