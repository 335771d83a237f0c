/*
 * How large a zone must be for its journal, which is too large for it: tried
 * out in memory of this process, which is about to say so and to give up.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_NEED_TRIES  1000    /* for the journal's lock */


static keygate_rc_t ngx_http_keygate_need_fill(ngx_http_keygate_zone_t *zone,
    void *mem, size_t size, size_t *need);
static keygate_rc_t ngx_http_keygate_need_read(keygate_journal_t *j,
    keygate_table_t *table, keygate_now_t *now);


size_t
ngx_http_keygate_need_room(ngx_http_keygate_zone_t *zone)
{
    void          *mem;
    size_t         size, table, need;
    keygate_rc_t   rc;

    table = zone->shm_zone->shm.addr + zone->shm_zone->shm.size
            - (u_char *) zone->table;
    size = table;

    do {
        size *= 2;
        mem = malloc(size);

        if (mem == NULL) {
            break;
        }

        rc = ngx_http_keygate_need_fill(zone, mem, size, &need);
        free(mem);

        if (rc == KEYGATE_OK) {

            /* something to grow by, and what the slab pool has of each page */

            need += need / 16;

            return zone->shm_zone->shm.size - table + need
                   + need / ngx_pagesize * sizeof(ngx_slab_page_t)
                   + 4 * ngx_pagesize;
        }

    } while (rc == KEYGATE_FULL && size < NGX_MAX_SIZE_T_VALUE / 4);

    return size;
}


static keygate_rc_t
ngx_http_keygate_need_fill(ngx_http_keygate_zone_t *zone, void *mem,
    size_t size, size_t *need)
{
    ngx_uint_t                i;
    keygate_rc_t              rc;
    keygate_now_t             now;
    keygate_table_t          *table;
    keygate_journal_t        *j;
    keygate_journal_conf_t    conf;
    ngx_http_keygate_api_t  **apis;
    static u_char             seed[16];

    table = keygate_table_init(mem, size, seed);
    if (table == NULL) {
        return KEYGATE_FULL;
    }

    now = ngx_http_keygate_clock_now(zone);
    apis = zone->main->apis.elts;

    /* no request will ever be decided on by these numbers of names */

    for (i = 0; i < zone->main->apis.nelts; i++) {
        if (apis[i]->zone == zone) {
            rc = keygate_api_bind(apis[i]->core, table, &now);

            if (rc != KEYGATE_OK) {
                return rc;
            }
        }
    }

    ngx_memzero(&conf, sizeof(keygate_journal_conf_t));

    conf.hmac = (zone->pepper.len != 0);
    conf.must_exist = 1;
    conf.last = 1;

    j = keygate_journal_create((char *) zone->journal.data, &conf);
    if (j == NULL) {
        return KEYGATE_NOMEM;
    }

    rc = ngx_http_keygate_need_read(j, table, &now);
    keygate_journal_destroy(j);

    if (rc == KEYGATE_OK) {
        *need = keygate_table_needs(table);
    }

    return rc;
}


static keygate_rc_t
ngx_http_keygate_need_read(keygate_journal_t *j, keygate_table_t *table,
    keygate_now_t *now)
{
    ngx_uint_t    tries;
    keygate_rc_t  rc;

    for (tries = 0; tries < NGX_HTTP_KEYGATE_NEED_TRIES; tries++) {
        rc = keygate_journal_follow(j, table, 0, now);

        if (rc != KEYGATE_AGAIN) {
            return rc;
        }

        ngx_msleep(1);
    }

    return KEYGATE_AGAIN;
}
