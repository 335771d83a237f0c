/*
 * The table in shared memory: made or taken over when a configuration is
 * read, and what each worker needs to use it.  What the journal has to do
 * with it is in ngx_http_keygate_journal.c.
 *
 *   zone: +-----------------+--------------------------+-----------------+
 *         | ngx_slab_pool_t | ngx_http_keygate_shared_t | keygate_table_t |
 *         +-----------------+--------------------------+-----------------+
 *          mutex, data ----->                           the rest
 */

#include "ngx_http_keygate.h"
#include "ngx_http_keygate_store.h"
#include "ngx_http_keygate_usage.h"


#define NGX_HTTP_KEYGATE_LAYOUT  15


static ngx_int_t ngx_http_keygate_zone_take_over(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_zone_t *old);
static ngx_int_t ngx_http_keygate_zone_create(ngx_http_keygate_zone_t *zone);
static ngx_int_t ngx_http_keygate_zone_bind(ngx_http_keygate_zone_t *zone);
static ngx_http_keygate_counters_t *ngx_http_keygate_zone_counters(
    ngx_http_keygate_shared_t *shared, ngx_str_t *name);


ngx_int_t
ngx_http_keygate_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_keygate_zone_t  *old = data;

    ngx_int_t                   rc;
    ngx_http_keygate_zone_t    *zone;
    ngx_http_keygate_become_t   was;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    zone->loaded = ngx_time();

    if (old) {
        if (ngx_http_keygate_zone_take_over(zone, old) != NGX_OK
            || ngx_http_keygate_zone_bind(zone) != NGX_OK)
        {
            return NGX_ERROR;
        }

        (void) ngx_atomic_fetch_add(&zone->shared->loads, 1);

        if (ngx_http_keygate_journal_prepare(zone) != NGX_OK
            || ngx_http_keygate_usage_prepare(zone) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_http_keygate_become_worker(zone->cycle, &was) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_keygate_journal_catch_up(zone);
        ngx_http_keygate_become_master(zone->cycle, &was);

        return NGX_OK;
    }

    if (ngx_http_keygate_journal_prepare(zone) != NGX_OK
        || ngx_http_keygate_usage_prepare(zone) != NGX_OK
        || ngx_http_keygate_zone_create(zone) != NGX_OK
        || ngx_http_keygate_zone_bind(zone) != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->shared->loads = 1;

    if (ngx_http_keygate_become_worker(zone->cycle, &was) != NGX_OK) {
        return NGX_ERROR;
    }

    if (zone->store) {
        ngx_http_keygate_store_loaded(zone);
    }

    rc = ngx_http_keygate_journal_load(zone, 0);

    if (rc == NGX_DECLINED) {
        keygate_table_restart(zone->table);

        rc = ngx_http_keygate_zone_bind(zone);

        if (rc == NGX_OK) {
            rc = ngx_http_keygate_journal_load(zone, 1);
        }
    }

    if (rc == NGX_OK && zone->quotas) {
        rc = ngx_http_keygate_quota_load(zone, &was);
    }

    ngx_http_keygate_become_master(zone->cycle, &was);

    return rc;
}


static ngx_int_t
ngx_http_keygate_zone_take_over(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_zone_t *old)
{
    size_t  size;

    zone->shared = zone->shpool->data;
    zone->table = old->table;

    size = zone->shm_zone->shm.addr + zone->shm_zone->shm.size
           - (u_char *) zone->table;

    if (zone->shared->layout != NGX_HTTP_KEYGATE_LAYOUT
        || !keygate_table_valid(zone->table, size))
    {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "keygate zone \"%V\" was made by another version of the "
                      "module, restart nginx instead of reloading it, in "
                      "%V:%ui",
                      &zone->name, &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_zone_create(ngx_http_keygate_zone_t *zone)
{
    u_char            seed[16 + sizeof(uint64_t)];
    size_t            size;
    void             *mem;
    uint32_t          boot;
    ngx_slab_pool_t  *shpool;

    shpool = zone->shpool;
    shpool->log_nomem = 0;

#ifdef MADV_HUGEPAGE

    /* a wish, before memory is first touched: keys lie anywhere in it, and
     * each in another small page costs a walk through tables of pages */

    (void) madvise(zone->shm_zone->shm.addr, zone->shm_zone->shm.size,
                   MADV_HUGEPAGE);

#endif

    zone->shared = ngx_slab_calloc(shpool, sizeof(ngx_http_keygate_shared_t));
    if (zone->shared == NULL) {
        goto failed;
    }

    size = shpool->pfree * ngx_pagesize;

    mem = ngx_slab_alloc(shpool, size);
    if (mem == NULL) {
        goto failed;
    }

    if (RAND_bytes(seed, sizeof(seed)) != 1
        || RAND_bytes((u_char *) &boot, sizeof(boot)) != 1)
    {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "no randomness for keygate zone \"%V\"", &zone->name);
        return NGX_ERROR;
    }

    zone->table = keygate_table_init(mem, size, seed);
    if (zone->table == NULL) {
        goto failed;
    }

    shpool->data = zone->shared;
    zone->shared->layout = NGX_HTTP_KEYGATE_LAYOUT;
    zone->shared->epoch = ngx_http_keygate_clock_epoch();
    ngx_memcpy(&zone->shared->lists, seed + 16, sizeof(uint64_t));
    zone->shared->store_boot = boot;

    return NGX_OK;

failed:

    ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                  "keygate zone \"%V\" is too small in %V:%ui",
                  &zone->name, &zone->where.file, zone->where.line);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_keygate_zone_bind(ngx_http_keygate_zone_t *zone)
{
    ngx_uint_t                i;
    keygate_rc_t              rc;
    keygate_now_t             now;
    ngx_http_keygate_api_t  **apis;

    apis = zone->main->apis.elts;
    now = ngx_http_keygate_clock_now(zone);

    for (i = 0; i < zone->main->apis.nelts; i++) {
        if (apis[i]->zone != zone) {
            continue;
        }

        ngx_http_keygate_lock(zone);

        apis[i]->counters = ngx_http_keygate_zone_counters(zone->shared,
                                                           &apis[i]->name);
        apis[i]->number = apis[i]->counters - zone->shared->api;
        rc = keygate_api_bind(apis[i]->core, zone->table, &now);

        ngx_http_keygate_lock_release(zone);

        if (apis[i]->counters == NULL || rc != KEYGATE_OK) {
            ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                          "keygate zone \"%V\" cannot hold the API \"%V\": "
                          "%s, in %V:%ui",
                          &zone->name, &apis[i]->name,
                          (apis[i]->counters == NULL)
                          ? "more than 32 APIs have used it since nginx was "
                            "started"
                          : (rc == KEYGATE_FULL)
                            ? "it is too small"
                            : "APIs have named 256 scopes or plans in it "
                              "since nginx was started",
                          &zone->where.file, zone->where.line);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_http_keygate_counters_t *
ngx_http_keygate_zone_counters(ngx_http_keygate_shared_t *shared,
    ngx_str_t *name)
{
    ngx_uint_t                    i;
    ngx_http_keygate_counters_t  *c;

    for (i = 0; i < shared->n_apis; i++) {
        c = &shared->api[i];

        if (ngx_strncmp(c->name, name->data, name->len) == 0
            && c->name[name->len] == '\0')
        {
            return c;
        }
    }

    if (i == NGX_HTTP_KEYGATE_APIS_MAX) {
        return NULL;
    }

    c = &shared->api[i];
    ngx_memcpy(c->name, name->data, name->len);
    shared->n_apis = i + 1;

    return c;
}


ngx_int_t
ngx_http_keygate_zone_init_process(ngx_http_keygate_zone_t *zone,
    ngx_cycle_t *cycle)
{
    keygate_str_t  pepper;

    pepper.len = zone->pepper.len;
    pepper.data = zone->pepper.data;

    zone->log = cycle->log;
    zone->digester = keygate_digester_create(pepper);

    if (zone->digester == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "cannot fetch SHA-256 from OpenSSL for keygate zone "
                      "\"%V\"", &zone->name);
        return NGX_ERROR;
    }

    if (ngx_worker == 0) {
        ngx_http_keygate_journal_own(zone);

        if (zone->refusals && ngx_http_keygate_usage_start(zone) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    if (zone->quotas && ngx_http_keygate_quota_start(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    zone->follower = ngx_http_keygate_journal_follower(zone);
    if (zone->follower == NULL) {
        return NGX_ERROR;
    }

    /* a master that is told to go on beside a newer one starts workers without
     * reading its configuration again: its table is as old as its last ones */

    ngx_http_keygate_journal_catch_up(zone);

    if (ngx_worker != 0) {
        return NGX_OK;
    }

    zone->timer.handler = ngx_http_keygate_follow;
    zone->timer.data = zone;
    zone->timer.log = cycle->log;
    zone->timer.cancelable = 1;

    ngx_add_timer(&zone->timer, 1);

    if (zone->leases && ngx_http_keygate_lease_start(zone) != NGX_OK) {
        return NGX_ERROR;
    }

    return zone->store ? ngx_http_keygate_store_start(zone) : NGX_OK;
}


void
ngx_http_keygate_zone_exit_process(ngx_http_keygate_zone_t *zone)
{
    if (zone->timer.timer_set) {
        ngx_del_timer(&zone->timer);
    }

    ngx_http_keygate_quota_stop(zone);
    ngx_http_keygate_usage_stop(zone);
    ngx_http_keygate_lease_stop(zone);
    ngx_http_keygate_store_stop(zone);

    if (zone->follower) {
        keygate_journal_destroy(zone->follower);
        zone->follower = NULL;
    }

    if (zone->digester) {
        keygate_digester_destroy(zone->digester);
        zone->digester = NULL;
    }
}
