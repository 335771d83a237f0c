/*
 * The block "keygate_store": what it is as a whole.  Its directives are in
 * ngx_http_keygate_store_lines.c.  nginx -t checks all of it and connects to
 * nothing.
 */

#include "ngx_http_keygate_store.h"


/* Of a zone, in a worker: following, leases, changes, receipts. */
#define NGX_HTTP_KEYGATE_STORE_TASKS  4


static ngx_int_t ngx_http_keygate_store_init(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store);
static char *ngx_http_keygate_store_check(ngx_conf_t *cf,
    ngx_http_keygate_store_t *store);
static const char *ngx_http_keygate_store_contradiction(
    ngx_http_keygate_store_t *store);


ngx_http_keygate_store_t *
ngx_http_keygate_store_get(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                      i;
    ngx_http_keygate_store_t      **stores;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);
    stores = kmcf->stores.elts;

    for (i = 0; i < kmcf->stores.nelts; i++) {
        if (stores[i]->name.len == name->len
            && ngx_strncmp(stores[i]->name.data, name->data, name->len) == 0)
        {
            return stores[i];
        }
    }

    return NULL;
}


/* An engine that hangs keeps all of its own threads, and nobody else's. */

ngx_int_t
ngx_http_keygate_store_threads(ngx_conf_t *cf,
    ngx_http_keygate_main_conf_t *kmcf)
{
    ngx_uint_t                  i, k, n;
    ngx_http_keygate_zone_t   **zones;
    ngx_http_keygate_store_t  **stores;

    zones = kmcf->zones.elts;
    stores = kmcf->stores.elts;

    for (i = 0; i < kmcf->stores.nelts; i++) {

        for (k = 0, n = 0; k < kmcf->zones.nelts; k++) {
            n += (zones[k]->store == stores[i]);
        }

        if (ngx_http_keygate_threads_own(cf, &stores[i]->pool,
                               ngx_max(n, 1) * NGX_HTTP_KEYGATE_STORE_TASKS)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void *
ngx_http_keygate_store_pool(ngx_http_keygate_zone_t *zone)
{
    return zone->store->threads;
}


char *
ngx_http_keygate_store_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_keygate_main_conf_t *kmcf = conf;

    char                       *rv;
    ngx_str_t                  *value;
    ngx_conf_t                  save;
    ngx_http_keygate_store_t   *store, **slot;

    value = cf->args->elts;

    if (ngx_http_keygate_store_get(cf, &value[1]) != NULL) {
        return "is duplicate";
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_store_t));
    slot = ngx_array_push(&kmcf->stores);

    if (store == NULL || slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = store;
    store->name = value[1];

    if (ngx_http_keygate_store_init(cf, store) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_keygate_store_line;
    cf->handler_conf = (char *) store;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return (rv == NGX_CONF_OK) ? ngx_http_keygate_store_check(cf, store) : rv;
}


static ngx_int_t
ngx_http_keygate_store_init(ngx_conf_t *cf, ngx_http_keygate_store_t *store)
{
    if (ngx_array_init(&store->servers, cf->pool, 1,
                       sizeof(keygate_wire_server_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    store->where.file = cf->conf_file->file.name;
    store->where.line = cf->conf_file->line;
    store->retain = 100000;
    store->link.wire.timeout = 1000;
    store->link.wire.connect_timeout = 1000;
    ngx_str_set(&store->prefix, "kg");

    store->node.len = cf->cycle->hostname.len;
    store->node.data = ngx_pcalloc(cf->pool, store->node.len + 1);
    store->pool.len = sizeof("keygate_store ") - 1 + store->name.len;
    store->pool.data = ngx_pnalloc(cf->pool, store->pool.len);

    if (store->node.data == NULL || store->pool.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_sprintf(store->pool.data, "keygate_store %V", &store->name);
    store->threads = ngx_http_keygate_threads(cf, &store->pool);

    if (store->threads == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(store->node.data, cf->cycle->hostname.data, store->node.len);

    return NGX_OK;
}


static char *
ngx_http_keygate_store_check(ngx_conf_t *cf, ngx_http_keygate_store_t *store)
{
    const char  *wrong;

    store->link.servers = store->servers.elts;
    store->link.n = store->servers.nelts;

    if (store->link.n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "keygate_store \"%V\" has no server, expected "
                           "\"server HOST:PORT;\" or \"server unix:PATH;\"",
                           &store->name);
        return NGX_CONF_ERROR;
    }

    if (store->node.data[0] == '\0') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "keygate_store \"%V\" has no name for this node, "
                           "which has none itself, expected \"node NAME;\"",
                           &store->name);
        return NGX_CONF_ERROR;
    }

    wrong = ngx_http_keygate_store_contradiction(store);

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "keygate_store \"%V\" has %s",
                           &store->name, wrong);
        return NGX_CONF_ERROR;
    }

    return ngx_http_keygate_store_tls(cf, store);
}


static const char *
ngx_http_keygate_store_contradiction(ngx_http_keygate_store_t *store)
{
    ngx_uint_t            i;
    keygate_wire_conf_t  *wire;

    wire = &store->link.wire;

    if (store->link.sentinel && store->link.cluster) {
        return "\"sentinel\" and \"cluster on\", expected one of them";
    }

    if (store->link.cluster && wire->database) {
        return "\"cluster on\" and a database, expected none: a cluster has "
               "only database 0";
    }

    if (store->user && store->password) {
        return "\"user\" and \"password\", expected one of them";
    }

    if (!wire->tls) {
        return store->tls ? "directives of TLS and no TLS, expected \"ssl "
                            "on;\" or none of \"ssl_...\"" : NULL;
    }

    if ((wire->certificate == NULL) != (wire->key == NULL)) {
        return "one of \"ssl_certificate\" and \"ssl_certificate_key\", "
               "expected both or none";
    }

    if (wire->unverified && wire->ca) {
        return "\"ssl_verify off\" and \"ssl_trusted_certificate\", expected "
               "one of them";
    }

    for (i = 0; i < store->link.n; i++) {
        if (store->link.servers[i].path && !wire->unverified && !wire->name) {
            return "TLS on a socket and no name to verify, expected "
                   "\"ssl_name NAME;\"";
        }
    }

    return NULL;
}
