/*
 * The table in shared memory: made or taken over when a configuration is
 * read, filled from the journal, and kept up with it by one worker.
 *
 * This is the only file that takes the zone's lock, the slab pool's mutex:
 * it is the one lock that the master forces open when a worker dies with it.
 *
 *   zone: +-----------------+--------------------------+-----------------+
 *         | ngx_slab_pool_t | ngx_http_keygate_shared_t | keygate_table_t |
 *         +-----------------+--------------------------+-----------------+
 *          mutex, data ----->                           the rest
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_LAYOUT        1
#define NGX_HTTP_KEYGATE_POLL          200   /* ms between looks at the file */
#define NGX_HTTP_KEYGATE_SLICE         256   /* lines, about a millisecond */
#define NGX_HTTP_KEYGATE_PAUSE         1     /* ms between slices */
#define NGX_HTTP_KEYGATE_REPORTS       20    /* bad lines logged one by one */


static ngx_int_t ngx_http_keygate_zone_take_over(ngx_http_keygate_zone_t *zone,
    ngx_http_keygate_zone_t *old);
static ngx_int_t ngx_http_keygate_zone_create(ngx_http_keygate_zone_t *zone);
static ngx_int_t ngx_http_keygate_zone_bind(ngx_http_keygate_zone_t *zone);
static ngx_http_keygate_counters_t *ngx_http_keygate_zone_counters(
    ngx_http_keygate_shared_t *shared, ngx_str_t *name);
static ngx_int_t ngx_http_keygate_zone_journal(ngx_http_keygate_zone_t *zone);
static ngx_int_t ngx_http_keygate_zone_load(ngx_http_keygate_zone_t *zone);
static void ngx_http_keygate_zone_reject(void *data, uint64_t line,
    const keygate_fault_t *fault);
static void ngx_http_keygate_zone_follow(ngx_event_t *ev);


ngx_int_t
ngx_http_keygate_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_keygate_zone_t  *old = data;

    ngx_http_keygate_zone_t  *zone;

    zone = shm_zone->data;
    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (old) {
        if (ngx_http_keygate_zone_take_over(zone, old) != NGX_OK
            || ngx_http_keygate_zone_bind(zone) != NGX_OK)
        {
            return NGX_ERROR;
        }

        (void) ngx_atomic_fetch_add(&zone->shared->loads, 1);

        return ngx_http_keygate_zone_journal(zone);
    }

    if (ngx_http_keygate_zone_journal(zone) != NGX_OK
        || ngx_http_keygate_zone_create(zone) != NGX_OK
        || ngx_http_keygate_zone_bind(zone) != NGX_OK)
    {
        return NGX_ERROR;
    }

    zone->shared->loads = 1;

    return ngx_http_keygate_zone_load(zone);
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
    u_char            seed[16];
    size_t            size;
    void             *mem;
    ngx_slab_pool_t  *shpool;

    shpool = zone->shpool;
    shpool->log_nomem = 0;

    zone->shared = ngx_slab_calloc(shpool, sizeof(ngx_http_keygate_shared_t));
    if (zone->shared == NULL) {
        goto failed;
    }

    size = shpool->pfree * ngx_pagesize;

    mem = ngx_slab_alloc(shpool, size);
    if (mem == NULL) {
        goto failed;
    }

    if (RAND_bytes(seed, sizeof(seed)) != 1) {
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
    zone->shared->epoch = ngx_current_msec;

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
    now = ngx_http_keygate_now(zone);

    for (i = 0; i < zone->main->apis.nelts; i++) {
        if (apis[i]->zone != zone) {
            continue;
        }

        ngx_http_keygate_zone_lock(zone);

        apis[i]->counters = ngx_http_keygate_zone_counters(zone->shared,
                                                           &apis[i]->name);
        rc = keygate_api_bind(apis[i]->core, zone->table, &now);

        ngx_http_keygate_zone_unlock(zone);

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
                            : "it knows 256 names of scopes or plans already",
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


/*
 * The journal must be there, or be possible to make; it belongs to the user
 * of the workers, who follow it and write to it.
 */

static ngx_int_t
ngx_http_keygate_zone_journal(ngx_http_keygate_zone_t *zone)
{
    ngx_fd_t          fd;
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    fd = ngx_open_file(zone->journal.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE && ngx_errno == NGX_ENOENT) {
        fd = ngx_open_file(zone->journal.data, NGX_FILE_RDWR,
                           NGX_FILE_CREATE_OR_OPEN, 0600);
    }

    if (fd == NGX_INVALID_FILE || ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, zone->log, ngx_errno,
                      "cannot open the journal \"%V\" of keygate zone \"%V\", "
                      "expected a file, or a directory to make it in, that "
                      "nginx may write, in %V:%ui",
                      &zone->journal, &zone->name, &zone->where.file,
                      zone->where.line);

        if (fd != NGX_INVALID_FILE) {
            (void) ngx_close_file(fd);
        }

        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(zone->cycle->conf_ctx,
                                           ngx_core_module);

    if (!ngx_test_config && geteuid() == 0
        && ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT
        && fi.st_uid != ccf->user
        && fchown(fd, ccf->user, (gid_t) -1) == -1)
    {
        ngx_log_error(NGX_LOG_WARN, zone->log, ngx_errno,
                      "cannot give the journal \"%V\" to the user of the "
                      "workers", &zone->journal);
    }

    (void) ngx_close_file(fd);

    return NGX_OK;
}


static ngx_int_t
ngx_http_keygate_zone_load(ngx_http_keygate_zone_t *zone)
{
    uint64_t                full;
    ngx_msec_t              start;
    keygate_rc_t            rc;
    keygate_now_t           now;
    keygate_journal_t      *j;
    keygate_position_t     *position;
    keygate_table_stats_t   stats;

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    j = ngx_http_keygate_zone_follower(zone);
    if (j == NULL) {
        return NGX_ERROR;
    }

    ngx_time_update();
    start = ngx_current_msec;
    now = ngx_http_keygate_now(zone);
    full = 0;

    for ( ;; ) {
        ngx_http_keygate_zone_lock(zone);
        rc = keygate_journal_follow(j, zone->table, 0, &now);
        ngx_http_keygate_zone_unlock(zone);

        if (rc == KEYGATE_FULL) {
            full++;
            continue;
        }

        if (rc != KEYGATE_AGAIN) {
            break;
        }

        /* somebody is writing; there is no event loop here to wait in */
        ngx_msleep(1);
    }

    if (rc != KEYGATE_OK && rc != KEYGATE_NONE) {
        ngx_log_error(NGX_LOG_EMERG, zone->log,
                      (rc == KEYGATE_IO) ? ngx_errno : 0,
                      "cannot read the journal \"%V\" of keygate zone \"%V\" "
                      "in %V:%ui", &zone->journal, &zone->name,
                      &zone->where.file, zone->where.line);
        keygate_journal_destroy(j);
        return NGX_ERROR;
    }

    keygate_journal_destroy(j);

    position = keygate_table_position(zone->table);
    keygate_table_stats(zone->table, &stats);
    ngx_time_update();

    if (full) {
        ngx_log_error(NGX_LOG_EMERG, zone->log, 0,
                      "keygate zone \"%V\" of %uz bytes is too small for its "
                      "journal \"%V\": %uL keys fit, %uL lines did not; "
                      "expected at least %uLk in %V:%ui",
                      &zone->name, zone->shm_zone->shm.size, &zone->journal,
                      stats.keys, full,
                      (zone->shm_zone->shm.size + full * 400) / 1024 + 64,
                      &zone->where.file, zone->where.line);
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_NOTICE, zone->log, 0,
                  "keygate zone \"%V\": %uL keys and %uL accounts loaded from "
                  "\"%V\" in %M ms, %uL lines rejected, %uL of %uL bytes used",
                  &zone->name, stats.keys, stats.accounts, &zone->journal,
                  ngx_current_msec - start, position->rejected, stats.used,
                  stats.size);

    return NGX_OK;
}


keygate_journal_t *
ngx_http_keygate_zone_follower(ngx_http_keygate_zone_t *zone)
{
    keygate_journal_conf_t  conf;

    ngx_memzero(&conf, sizeof(keygate_journal_conf_t));

    conf.hmac = (zone->pepper.len != 0);
    conf.reject = ngx_http_keygate_zone_reject;
    conf.data = zone;

    return keygate_journal_create((char *) zone->journal.data, &conf);
}


static void
ngx_http_keygate_zone_reject(void *data, uint64_t line,
    const keygate_fault_t *fault)
{
    ngx_http_keygate_zone_t *zone = data;

    if (++zone->reported > NGX_HTTP_KEYGATE_REPORTS) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, zone->log, 0,
                  "keygate zone \"%V\": line %uL of \"%V\" is skipped, %s%s%s; "
                  "correct it and append it again%s",
                  &zone->name, line, &zone->journal,
                  fault->pointer[0] ? fault->pointer : "it",
                  fault->reason[0] ? " " : "", fault->reason,
                  (zone->reported == NGX_HTTP_KEYGATE_REPORTS)
                  ? " (further lines are counted only; \"keygate check\" "
                    "lists them all)"
                  : "");
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

    if (zone->journal.len == 0) {
        return NGX_OK;
    }

    zone->follower = ngx_http_keygate_zone_follower(zone);
    if (zone->follower == NULL) {
        return NGX_ERROR;
    }

    if (ngx_worker != 0) {
        return NGX_OK;
    }

    zone->timer.handler = ngx_http_keygate_zone_follow;
    zone->timer.data = zone;
    zone->timer.log = cycle->log;
    zone->timer.cancelable = 1;

    ngx_add_timer(&zone->timer, NGX_HTTP_KEYGATE_PAUSE);

    return NGX_OK;
}


void
ngx_http_keygate_zone_exit_process(ngx_http_keygate_zone_t *zone)
{
    if (zone->timer.timer_set) {
        ngx_del_timer(&zone->timer);
    }

    if (zone->follower) {
        keygate_journal_destroy(zone->follower);
        zone->follower = NULL;
    }

    if (zone->digester) {
        keygate_digester_destroy(zone->digester);
        zone->digester = NULL;
    }
}


static void
ngx_http_keygate_zone_follow(ngx_event_t *ev)
{
    ngx_err_t                 err;
    ngx_msec_t                delay;
    keygate_rc_t              rc;
    keygate_now_t             now;
    ngx_http_keygate_zone_t  *zone;

    zone = ev->data;
    delay = NGX_HTTP_KEYGATE_POLL;

    if (!keygate_journal_changed(zone->follower,
                                 keygate_table_position(zone->table)))
    {
        zone->reported = 0;
        goto done;
    }

    delay = NGX_HTTP_KEYGATE_PAUSE;

    if (!ngx_shmtx_trylock(&zone->shpool->mutex)) {
        goto done;
    }

    now = ngx_http_keygate_now(zone);

    keygate_table_recover(zone->table);
    rc = keygate_journal_follow(zone->follower, zone->table,
                                NGX_HTTP_KEYGATE_SLICE, &now);
    err = ngx_errno;

    ngx_http_keygate_zone_unlock(zone);

    switch (rc) {

    case KEYGATE_OK:
        delay = NGX_HTTP_KEYGATE_POLL;
        break;

    case KEYGATE_FULL:
        ngx_http_keygate_zone_full(zone);
        break;

    case KEYGATE_AGAIN:
        break;

    default:
        delay = NGX_HTTP_KEYGATE_POLL;

        if (zone->failed != err) {
            zone->failed = err;
            ngx_log_error(NGX_LOG_ALERT, zone->log,
                          (rc == KEYGATE_IO) ? err : 0,
                          "keygate zone \"%V\" cannot follow \"%V\": the keys "
                          "stay as they are until the user of the workers may "
                          "read it", &zone->name, &zone->journal);
        }

        goto done;
    }

    zone->failed = 0;

done:

    ngx_add_timer(ev, delay);
}


void
ngx_http_keygate_zone_full(ngx_http_keygate_zone_t *zone)
{
    if (!ngx_atomic_cmp_set(&zone->shared->full, 0, 1)) {
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, zone->log, 0,
                  "keygate zone \"%V\" is full: new keys are not accepted; "
                  "raise its size in %V:%ui and reload",
                  &zone->name, &zone->where.file, zone->where.line);
}


keygate_now_t
ngx_http_keygate_now(ngx_http_keygate_zone_t *zone)
{
    return keygate_now(ngx_current_msec - zone->shared->epoch, ngx_time());
}


void
ngx_http_keygate_zone_lock(ngx_http_keygate_zone_t *zone)
{
    ngx_shmtx_lock(&zone->shpool->mutex);
    keygate_table_recover(zone->table);
}


void
ngx_http_keygate_zone_unlock(ngx_http_keygate_zone_t *zone)
{
    ngx_shmtx_unlock(&zone->shpool->mutex);
}
