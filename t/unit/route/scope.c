/*
 * keygate_scope: sets, names, implications, NEED; then random catalogues
 * against a search through the implications, edge by edge.
 */

#include "keygate_scope.h"
#include "arena.h"
#include "random.h"
#include "tap.h"


#define N(array)  (sizeof(array) / sizeof((array)[0]))


static arena_t  arena;


static keygate_str_t
span(const char *s)
{
    keygate_str_t  str;

    str.data = (const unsigned char *) s;
    str.len = strlen(s);

    return str;
}


static void
test_sets(void)
{
    unsigned       i, k, bad;
    keygate_set_t  a, b;

    bad = 0;

    for (i = 0; i < KEYGATE_SCOPES_MAX; i++) {
        memset(&a, 0, sizeof(a));
        keygate_scope_add(&a, i);

        for (k = 0; k < KEYGATE_SCOPES_MAX; k++) {
            memset(&b, 0, sizeof(b));
            keygate_scope_add(&b, k);

            bad += keygate_scope_has(&a, k) != (i == k);
            bad += keygate_scope_meets(&a, &b) != (i == k);
        }
    }

    is_num(bad, 0, "every bit is its own");

    memset(&a, 0, sizeof(a));
    memset(&b, 0xff, sizeof(b));
    keygate_scope_add(&a, KEYGATE_SCOPES_MAX);
    keygate_scope_add(&a, (unsigned) -1);
    ok(!keygate_scope_meets(&a, &b), "a bit beyond the last is not added");
    ok(!keygate_scope_has(&b, KEYGATE_SCOPES_MAX), "and not there");
    ok(!keygate_scope_has(&b, (unsigned) -1), "nor is -1");
}


static void
test_names(void)
{
    unsigned       i, good, bad;
    unsigned char  c;
    keygate_str_t  one;

    static const char  *yes[] = {
        "a", "customers:read", "https://x.example/scope?a=1", "anyone",
        "publi", "Public", "!#$%'()*+-./:;<=>?@[]^_`{}~",
        "123456789012345678901234567890123456789012345678901234567890123"
    };

    static const char  *no[] = {
        "", "any", "public", "optional", "a b", "a,b", "a&b", "a|b", "a\"",
        "a\\", "a\t", "caf\xc3\xa9", "a\x7f",
        "1234567890123456789012345678901234567890123456789012345678901234"
    };

    for (i = 0; i < N(yes); i++) {
        ok(keygate_scope_name_valid(span(yes[i])), "%s", yes[i]);
    }

    for (i = 0; i < N(no); i++) {
        ok(!keygate_scope_name_valid(span(no[i])), "not a name: %u", i);
    }

    good = 0;
    one.data = &c;
    one.len = 1;

    for (i = 0; i < 256; i++) {
        c = (unsigned char) i;
        good += keygate_scope_name_valid(one) != 0;
    }

    bad = 256 - good;
    is_num(bad, 256 - 94 + 5, "94 characters, less \" \\ & | and the comma");
}


/* read < write < admin, and one apart; bits as the table may give them. */

static void
catalogue(keygate_catalogue_t *c, keygate_scope_t *scopes)
{
    unsigned  i;

    static uint16_t     of_write[] = { 0 }, of_admin[] = { 1 };
    static const char  *names[] = { "read", "write", "admin", "hooks" };

    memset(scopes, 0, 4 * sizeof(keygate_scope_t));

    for (i = 0; i < 4; i++) {
        scopes[i].name = span(names[i]);
        scopes[i].bit = 200 - 64 * i;
    }

    scopes[1].implies = of_write;
    scopes[1].n_implies = 1;
    scopes[2].implies = of_admin;
    scopes[2].n_implies = 1;

    c->scopes = scopes;
    c->n = 4;
}


static void
test_implied(void)
{
    unsigned             i, k, culprit;
    uint16_t             cycle[] = { 2 };
    keygate_set_t        grant;
    keygate_scope_t      scopes[4];
    keygate_catalogue_t  c;

    static const char  *held[] = { "1000", "1100", "1110", "0001" };

    catalogue(&c, scopes);
    is_num(keygate_scope_close(&c, &culprit), KEYGATE_OK, "no cycle");
    keygate_scope_bind(&c);

    for (i = 0; i < 4; i++) {
        memset(&grant, 0, sizeof(grant));
        keygate_scope_add(&grant, scopes[i].bit);

        for (k = 0; k < 4; k++) {
            is_num(keygate_scope_held(&c, k, &grant) != 0, held[i][k] == '1',
                   "a grant of %u, scope %u", i, k);
        }
    }

    memset(&grant, 0xff, sizeof(grant));
    ok(!keygate_scope_held(&c, 4, &grant), "beyond the catalogue: not held");

    scopes[0].implies = cycle;
    scopes[0].n_implies = 1;
    is_num(keygate_scope_close(&c, &culprit), KEYGATE_CONFLICT, "a cycle");
    ok(culprit < 3, "and who is in it");

    cycle[0] = 0;
    is_num(keygate_scope_close(&c, &culprit), KEYGATE_CONFLICT,
           "a scope that implies itself");
    is_num(culprit, 0, "is the culprit");
}


static void
test_need(void)
{
    unsigned             i, culprit;
    keygate_rc_t         rc;
    keygate_set_t        grant;
    keygate_str_t        who;
    keygate_need_t       need;
    keygate_pool_t       pool;
    keygate_scope_t      scopes[4];
    keygate_catalogue_t  c;

    static const struct {
        const char    *text;
        keygate_rc_t   rc;
        const char    *who;
        unsigned       n;
        const char    *met;     /* by nothing, read, write, admin, hooks */
    } cases[] = {
        { "public", KEYGATE_OK, NULL, 0, "11111" },
        { "optional", KEYGATE_OK, NULL, 0, "11111" },
        { "read|optional", KEYGATE_NONE, "optional", 0, "00000" },
        { "any", KEYGATE_OK, NULL, 0, "11111" },
        { "read", KEYGATE_OK, NULL, 1, "01110" },
        { "write", KEYGATE_OK, NULL, 1, "00110" },
        { "hooks", KEYGATE_OK, NULL, 1, "00001" },
        { "read|hooks", KEYGATE_OK, NULL, 2, "01111" },
        { "read&write", KEYGATE_OK, NULL, 2, "00110" },
        { "hooks&read", KEYGATE_OK, NULL, 2, "00000" },
        { "hooks|admin|write", KEYGATE_OK, NULL, 3, "00111" },
        { "", KEYGATE_INVALID, "", 0, "00000" },
        { "&", KEYGATE_INVALID, "", 0, "00000" },
        { "read&", KEYGATE_INVALID, "", 0, "00000" },
        { "|read", KEYGATE_INVALID, "", 0, "00000" },
        { "read||write", KEYGATE_INVALID, "", 0, "00000" },
        { "read&write|hooks", KEYGATE_INVALID, "read&write|hooks", 0,
          "00000" },
        { "read&nope", KEYGATE_NONE, "nope", 0, "00000" },
        { "Read", KEYGATE_NONE, "Read", 0, "00000" },
        { "any&read", KEYGATE_NONE, "any", 0, "00000" },
        { "read|public", KEYGATE_NONE, "public", 0, "00000" },
        { "read&write&read", KEYGATE_CONFLICT, "read", 0, "00000" },
    };

    catalogue(&c, scopes);
    (void) keygate_scope_close(&c, &culprit);
    keygate_scope_bind(&c);
    pool = arena_pool(&arena);

    for (i = 0; i < N(cases); i++) {
        rc = keygate_scope_need_compile(&c, span(cases[i].text), &pool, &need,
                                        &who);
        is_num(rc, cases[i].rc, "need '%s'", cases[i].text);
        is_num(need.n, cases[i].n, "need '%s': scopes", cases[i].text);

        if (cases[i].who != NULL) {
            is_str(who.data, who.len, cases[i].who, "need '%s': culprit",
                   cases[i].text);
        }

        for (culprit = 0; culprit < 5; culprit++) {
            memset(&grant, 0, sizeof(grant));

            if (culprit != 0) {
                keygate_scope_add(&grant, scopes[culprit - 1].bit);
            }

            ok((keygate_scope_need_met(&c, &need, &grant) != 0)
               == (cases[i].met[culprit] == '1'),
               "need '%s', grant %u", cases[i].text, culprit);
        }
    }

    arena.calls = 0;
    arena.fail_at = 1;
    memset(&grant, 0xff, sizeof(grant));
    is_num(keygate_scope_need_compile(&c, span("read"), &pool, &need, &who),
           KEYGATE_NOMEM, "no memory");
    ok(!keygate_scope_need_met(&c, &need, &grant), "is never met");

    need.kind = (keygate_need_kind_e) 77;
    ok(!keygate_scope_need_met(&c, &need, &grant),
       "nor is a kind that is none");

    arena_free(&arena);
}


/* Whether "from" leads to "to", by "steps" implications at most. */

static int
naive_implies(const keygate_catalogue_t *c, unsigned from, unsigned to,
    unsigned steps)
{
    unsigned  i;

    if (steps == 0) {
        return 0;
    }

    for (i = 0; i < c->scopes[from].n_implies; i++) {
        if (c->scopes[from].implies[i] == to
            || naive_implies(c, c->scopes[from].implies[i], to, steps - 1))
        {
            return 1;
        }
    }

    return 0;
}


static void
random_catalogue(keygate_catalogue_t *c, keygate_scope_t *scopes,
    uint16_t implies[][3])
{
    unsigned  i, k;

    c->scopes = scopes;
    c->n = 1 + random_below(7);
    memset(scopes, 0, c->n * sizeof(keygate_scope_t));

    for (i = 0; i < c->n; i++) {
        scopes[i].bit = (i * 37 + 11) % KEYGATE_SCOPES_MAX;
        scopes[i].implies = implies[i];
        scopes[i].n_implies = (uint16_t) (random_below(5) / 2);

        for (k = 0; k < scopes[i].n_implies; k++) {
            implies[i][k] = (uint16_t) random_below(c->n);
        }
    }
}


static void
test_random(void)
{
    unsigned             round, i, k, grant_of, culprit, bad, cyclic;
    uint16_t             implies[8][3];
    keygate_set_t        grant;
    keygate_scope_t      scopes[8];
    keygate_catalogue_t  c;

    bad = 0;
    cyclic = 0;
    printf("# seed %llu\n", (unsigned long long) random_state);

    for (round = 0; round < 20000; round++) {
        random_catalogue(&c, scopes, implies);

        for (i = 0; i < c.n && !naive_implies(&c, i, i, c.n); i++) {
            /* void */
        }

        if (keygate_scope_close(&c, &culprit) != KEYGATE_OK) {
            cyclic++;
            bad += i == c.n || !naive_implies(&c, culprit, culprit, c.n);
            continue;
        }

        bad += i != c.n;
        keygate_scope_bind(&c);
        grant_of = random_below(1u << c.n);
        memset(&grant, 0, sizeof(grant));

        for (i = 0; i < c.n; i++) {
            if (grant_of >> i & 1) {
                keygate_scope_add(&grant, scopes[i].bit);
            }
        }

        for (i = 0; i < c.n; i++) {
            for (k = 0; k < c.n; k++) {
                if ((grant_of >> k & 1)
                    && (k == i || naive_implies(&c, k, i, c.n)))
                {
                    break;
                }
            }

            bad += (keygate_scope_held(&c, i, &grant) != 0) != (k < c.n);
        }
    }

    is_num(bad, 0, "20000 random catalogues, as a naive search has them");
    ok(cyclic > 1000 && cyclic < 19000, "%u of them cyclic", cyclic);
}


static void
test_full(void)
{
    unsigned             i, culprit;
    keygate_rc_t         rc;
    uint16_t             implies[KEYGATE_SCOPES_MAX];
    keygate_set_t        grant;
    keygate_catalogue_t  c;

    static keygate_scope_t  scopes[KEYGATE_SCOPES_MAX];

    c.scopes = scopes;
    c.n = KEYGATE_SCOPES_MAX;

    for (i = 0; i < c.n; i++) {
        implies[i] = (uint16_t) (i + 1);
        scopes[i].bit = c.n - 1 - i;
        scopes[i].implies = &implies[i];
        scopes[i].n_implies = i + 1 < c.n;
    }

    rc = keygate_scope_close(&c, &culprit);
    is_num(rc, KEYGATE_OK, "a chain of as many scopes as there may be");
    keygate_scope_bind(&c);

    memset(&grant, 0, sizeof(grant));
    keygate_scope_add(&grant, scopes[100].bit);
    ok(keygate_scope_held(&c, 255, &grant), "its middle implies its end");
    ok(!keygate_scope_held(&c, 99, &grant), "but not its start");
}


int
main(void)
{
    test_sets();
    test_names();
    test_implied();
    test_need();
    test_random();
    test_full();

    return tap_done();
}
