/*
 * Where a store is: its servers.
 */

#include "ngx_http_keygate_store.h"

#include <sys/un.h>


static char *ngx_http_keygate_store_host(ngx_conf_t *cf, ngx_str_t *value,
    u_char *host, keygate_wire_server_t *server);
static ngx_uint_t ngx_http_keygate_store_has(ngx_http_keygate_store_t *store,
    const keygate_wire_server_t *server);


char *
ngx_http_keygate_store_server(ngx_conf_t *cf, ngx_http_keygate_store_t *store,
    ngx_str_t *value)
{
    char                   *rv;
    u_char                 *text;
    keygate_wire_server_t   server, *slot;

    ngx_memzero(&server, sizeof(keygate_wire_server_t));

    text = ngx_pnalloc(cf->pool, value[1].len + 1);
    if (text == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_cpystrn(text, value[1].data, value[1].len + 1);

    rv = ngx_http_keygate_store_host(cf, value, text, &server);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (ngx_http_keygate_store_has(store, &server)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate server \"%V\" in keygate_store, "
                           "expected each one only once", &value[1]);
        return NGX_CONF_ERROR;
    }

    slot = ngx_array_push(&store->servers);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = server;

    return NGX_CONF_OK;
}


/* "host" is a copy of the value, which is taken apart. */

static char *
ngx_http_keygate_store_host(ngx_conf_t *cf, ngx_str_t *value, u_char *host,
    keygate_wire_server_t *server)
{
    u_char     *colon;
    ngx_int_t   port;

    if (ngx_strncmp(host, "unix:/", 6) == 0) {
        server->path = (char *) host + 5;

        return (ngx_strlen(server->path)
                < sizeof(((struct sockaddr_un *) NULL)->sun_path))
               ? NGX_CONF_OK
               : ngx_http_keygate_store_bad(cf, value, "a shorter path");
    }

    colon = (u_char *) strrchr((char *) host, ':');
    port = colon ? ngx_atoi(colon + 1, ngx_strlen(colon + 1)) : NGX_ERROR;

    if (port < 1 || port > 65535 || colon == host
        || colon - host >= KEYGATE_WIRE_HOST
        || ngx_strlen(colon + 1) >= KEYGATE_WIRE_PORT)
    {
        return ngx_http_keygate_store_bad(cf, value,
                                          "HOST:PORT or unix:PATH");
    }

    if (host[0] == '[' && colon[-1] == ']') {
        host++;
        colon[-1] = '\0';
    }

    *colon = '\0';

    server->host = (char *) host;
    server->port = (char *) colon + 1;

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_keygate_store_has(ngx_http_keygate_store_t *store,
    const keygate_wire_server_t *server)
{
    ngx_uint_t              i;
    keygate_wire_server_t  *servers;

    servers = store->servers.elts;

    for (i = 0; i < store->servers.nelts; i++) {
        if (servers[i].path && server->path
            && strcmp(servers[i].path, server->path) == 0)
        {
            return 1;
        }

        if (servers[i].host && server->host
            && strcmp(servers[i].host, server->host) == 0
            && strcmp(servers[i].port, server->port) == 0)
        {
            return 1;
        }
    }

    return 0;
}
