/*
 * What is asked of a ledger for one lease, and what its answer means.
 */

#include "ngx_http_keygate_store_lease.h"


#define NGX_HTTP_KEYGATE_LEASE_ARGS  (16 + 3 * KEYGATE_UNITS)


static ngx_int_t ngx_http_keygate_lease_send(ngx_http_keygate_exchange_t *x,
    keygate_lease_t *lease, keygate_str_t field, const char *want,
    keygate_window_t *windows, ngx_uint_t n, uint32_t count,
    int64_t reset, unsigned emptied, const keygate_now_t *now);
static const char *ngx_http_keygate_lease_units(unsigned units, char text[64]);
static ngx_int_t ngx_http_keygate_lease_answer(ngx_http_keygate_exchange_t *x,
    ngx_http_keygate_asked_t *asked, keygate_reply_t *reply);


/* What one lease needs, which is not to be looked at again if it rests. */

ngx_int_t
ngx_http_keygate_store_ask(ngx_http_keygate_exchange_t *x,
    keygate_lease_t *lease)
{
    char                       id[KEYGATE_ID_MAX + 1];
    char                       field[KEYGATE_STORE_FIELD_MAX], text[16];
    uint32_t                   ref, want, count, identity;
    uint64_t                   group;
    unsigned                   u, n, emptied;
    keygate_key_t              key;
    keygate_str_t              span;
    keygate_now_t              now;
    keygate_kind_e             kind;
    keygate_table_t           *table;
    keygate_lease_e            todo;
    keygate_window_t           windows[KEYGATE_UNITS];
    ngx_http_keygate_zone_t   *zone;

    zone = x->copy.zone;
    table = zone->table;
    now = ngx_http_keygate_clock_now(zone);

    ref = (uint32_t) (lease->holder >> 32);
    kind = (lease->holder & 1) ? (keygate_kind_e) 1 : (keygate_kind_e) 0;

    ngx_memzero(windows, sizeof(windows));

    for (n = 0, u = 0; u < KEYGATE_UNITS; u++) {
        if (lease->limits[u]) {
            windows[n].limit = lease->limits[u];
            windows[n].unit = (keygate_unit_e) u;
            windows[n].meter = keygate_table_meter(table, ref, kind);
            windows[n].ring = keygate_table_ring(table, ref, kind,
                                                 (keygate_unit_e) u);
            n++;
        }
    }

    group = 0;

    if (lease->holder & KEYGATE_HOLDER_GROUP) {
        ref = keygate_table_group_of(table, ref, &group);
    }

    span.len = ref ? keygate_table_ref_id(table, ref, id) : 0;
    span.data = (u_char *) id;

    if (span.len == 0 || n == 0) {
        keygate_lease_drop(lease, 0);
        keygate_leases_rest(zone->leases, lease);
        return NGX_OK;
    }

    emptied = 0;

    if (kind == KEYGATE_KEY
        && keygate_table_find_id(table, span, &key) == KEYGATE_OK)
    {
        emptied = keygate_table_reset_units(key.reset,
                                  (lease->holder & KEYGATE_HOLDER_GROUP) != 0,
                                  group);
    }

    span.len = (lease->holder & KEYGATE_HOLDER_GROUP)
               ? keygate_store_group_field(kind, span, group, field)
               : keygate_store_field(kind, span, field);
    span.data = (u_char *) field;

    count = keygate_rate_used(windows, n, &now);
    identity = ngx_crc32_long((u_char *) field, span.len);

    /* what was answered before its windows were emptied is over */

    if (emptied) {
        identity ^= (uint32_t) key.reset * 2654435761u;
    }

    identity |= 1;

    if (lease->identity != identity) {
        lease->identity = identity;

        /* who has just seen it open may still charge */

        if (keygate_lease_empty(lease, count)) {
            __atomic_store_n(&zone->leases->stirring, 1, __ATOMIC_SEQ_CST);
            return NGX_OK;
        }
    }

    todo = keygate_lease_look(lease, count, now.ms, x->delay, &want);

    switch (todo) {

    case KEYGATE_LEASE_ASK:
        (void) snprintf(text, sizeof(text), "%u", want);
        break;

    case KEYGATE_LEASE_RETURN:
        ngx_memcpy(text, "back", sizeof("back"));
        break;

    case KEYGATE_LEASE_REST:
        keygate_leases_rest(zone->leases, lease);
        return NGX_OK;

    default:
        __atomic_store_n(&zone->leases->stirring, 1, __ATOMIC_SEQ_CST);
        return NGX_OK;
    }

    __atomic_store_n(&zone->leases->stirring, 1, __ATOMIC_SEQ_CST);

    return ngx_http_keygate_lease_send(x, lease, span, text, windows, n, count,
                                       emptied
                                       ? keygate_table_reset_at(key.reset) : 0,
                                       emptied, &now);
}


static ngx_int_t
ngx_http_keygate_lease_send(ngx_http_keygate_exchange_t *x,
    keygate_lease_t *lease, keygate_str_t field, const char *want,
    keygate_window_t *windows, ngx_uint_t n, uint32_t count,
    int64_t reset, unsigned emptied, const keygate_now_t *now)
{
    char                       key[KEYGATE_STORE_LEDGER_MAX];
    char                       text[NGX_HTTP_KEYGATE_LEASE_ARGS][32];
    char                       units[64];
    int64_t                    ms, wall, month, left;
    unsigned                   i, a;
    keygate_str_t              args[NGX_HTTP_KEYGATE_LEASE_ARGS];
    ngx_http_keygate_copy_t   *c;
    ngx_http_keygate_asked_t  *asked;

    c = &x->copy;
    ms = c->offset + (int64_t) now->ms;
    wall = ms / 1000;
    month = keygate_calendar_month(wall);
    left = (keygate_calendar_begin(month + 1) - wall) * 1000;

    (void) keygate_store_ledger_key(&c->name, field, key);

    args[0] = KEYGATE_STR("EVALSHA");
    args[1] = keygate_span(x->sha);
    args[2] = KEYGATE_STR("1");
    args[3] = keygate_span(key);
    args[5] = keygate_span((char *) c->store->node.data);
    args[9] = keygate_span(want);

    (void) snprintf(text[4], 32, "%lld", (long long) ms);
    (void) snprintf(text[6], 32, "%x.%x", c->zone->leases->boot,
                    (unsigned) (lease->holder >> 32));
    (void) snprintf(text[7], 32, "%u", count);
    (void) snprintf(text[8], 32, "%x", (unsigned) lease->holder);
    (void) snprintf(text[10], 32, "%lu",
                    (unsigned long) c->zone->shared->store_nodes);
    (void) snprintf(text[11], 32, "%lld", (long long) month);
    (void) snprintf(text[12], 32, "%lld", (long long) left);

    args[4] = keygate_span(text[4]);
    args[6] = keygate_span(text[6]);
    args[7] = keygate_span(text[7]);
    args[8] = keygate_span(text[8]);
    args[10] = keygate_span(text[10]);
    args[11] = keygate_span(text[11]);
    args[12] = keygate_span(text[12]);

    for (a = 13, i = 0; i < n; i++, a += 3) {
        (void) snprintf(text[a + 1], 32, "%u", windows[i].limit);
        (void) snprintf(text[a + 2], 32, "%u", windows[i].remaining);

        args[a] = keygate_span(keygate_unit_name(windows[i].unit));
        args[a + 1] = keygate_span(text[a + 1]);
        args[a + 2] = keygate_span(text[a + 2]);
    }

    if (emptied) {
        args[a++] = KEYGATE_STR("reset");
        (void) snprintf(text[a], 32, "%lld", (long long) reset);
        args[a] = keygate_span(text[a]);
        a++;
        args[a++] = keygate_span(ngx_http_keygate_lease_units(emptied, units));
    }

    if (keygate_link_send(c->link, a, args) != KEYGATE_OK) {
        (void) ngx_http_keygate_copy_fail(c, keygate_link_error(c->link));
        ngx_http_keygate_link_close(c);
        return NGX_ERROR;
    }

    asked = &x->asked[x->n++];
    asked->lease = lease;
    asked->holder = lease->holder;
    asked->count = count;
    asked->sent = now->ms;

    return NGX_OK;
}


/* "day month" */

static const char *
ngx_http_keygate_lease_units(unsigned units, char text[64])
{
    char      *p;
    unsigned   u;

    for (p = text, u = 0; u < KEYGATE_UNITS; u++) {
        if (units >> u & 1) {
            p += sprintf(p, "%s ", keygate_unit_name((keygate_unit_e) u));
        }
    }

    *p = '\0';

    return text;
}


ngx_int_t
ngx_http_keygate_store_answers(ngx_http_keygate_exchange_t *x)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    keygate_reply_t  *reply;

    rc = NGX_OK;

    for (i = 0; i < x->n; i++) {

        if (ngx_http_keygate_copy_answer(&x->copy,
                keygate_link_take(x->copy.link, &reply), &reply) != NGX_OK)
        {
            rc = NGX_ERROR;

            if (x->copy.link == NULL) {
                break;
            }

            continue;
        }

        if (ngx_http_keygate_lease_answer(x, &x->asked[i], reply) != NGX_OK) {
            rc = ngx_http_keygate_copy_fail(&x->copy,
                                            "it answers what is no lease");
        }

        keygate_reply_free(reply);
    }

    x->n = 0;

    return rc;
}


static ngx_int_t
ngx_http_keygate_lease_answer(ngx_http_keygate_exchange_t *x,
    ngx_http_keygate_asked_t *asked, keygate_reply_t *reply)
{
    size_t            i;
    int64_t           n[4 + 2 * KEYGATE_UNITS];
    uint64_t          ms, exchanger;
    unsigned          u;
    keygate_grant_t   grant;
    keygate_lease_t  *lease;

    lease = asked->lease;

    /* what was granted to another holder is nothing to this one; and who was
       stopped for so long that another worker goes on does not come between */

    exchanger = __atomic_load_n(&x->copy.zone->leases->exchanger,
                                __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&lease->holder, __ATOMIC_ACQUIRE) != asked->holder
        || (pid_t) (exchanger >> 32) != ngx_pid)
    {
        return NGX_OK;
    }

    ngx_memzero(&grant, sizeof(keygate_grant_t));
    ngx_memzero(n, sizeof(n));

    if (keygate_reply_count(reply) > 4 + 2 * KEYGATE_UNITS) {
        return NGX_ERROR;
    }

    for (i = 0; i < keygate_reply_count(reply); i++) {
        n[i] = keygate_reply_number(keygate_reply_at(reply, i));

        if (n[i] < 0 || n[i] > UINT32_MAX) {
            return NGX_ERROR;
        }
    }

    for (u = 0, i = 4; u < KEYGATE_UNITS; u++) {

        if (lease->limits[u] == 0) {
            continue;
        }

        if (i + 2 > keygate_reply_count(reply)) {
            return NGX_ERROR;
        }

        grant.others[u] = (uint32_t) n[i++];
        grant.free_in[u] = (uint32_t) n[i++];
    }

    if (i != keygate_reply_count(reply) || n[1] > KEYGATE_LEASE_MOST) {
        return NGX_ERROR;
    }

    grant.ceiling = (uint32_t) n[0];
    grant.validity = (uint32_t) n[1];
    grant.denied = (uint32_t) n[2];
    grant.share = (uint32_t) n[3];

    ms = ngx_http_keygate_clock_now(x->copy.zone).ms;

    if (keygate_lease_take(lease, &grant, asked->count, asked->sent, ms)) {
        x->again = 1;
    }

    x->delay = (uint32_t) ngx_min((ms - asked->sent + 3 * x->delay) / 4, 1000);

    (void) __atomic_fetch_add(&x->copy.zone->leases->exchanges, 1,
                              __ATOMIC_RELAXED);

    return NGX_OK;
}
