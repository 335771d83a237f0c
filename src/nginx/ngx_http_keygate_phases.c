/*
 * The gate's place in the phases of nginx: which of its handlers is called
 * where, and whether before or after those of other modules.  Those that no
 * location has a use for are called nowhere.
 */

#include "ngx_http_keygate.h"


typedef struct {
    ngx_http_phases                phase;
    ngx_http_handler_pt            handler;
    ngx_uint_t                     front;   /* of the array */
    ngx_uint_t                     users;   /* any of what is used */
} ngx_http_keygate_place_t;


/* nginx calls the handlers of a phase from the last one in the array to the
 * first, but for those that log: who stands at the front is the last one to
 * look at access, and the first one to log. */

static ngx_http_keygate_place_t  ngx_http_keygate_places[] = {
    { NGX_HTTP_SERVER_REWRITE_PHASE, ngx_http_keygate_strip_give_back, 0,
      NGX_HTTP_KEYGATE_USED_GATE },
    { NGX_HTTP_REWRITE_PHASE, ngx_http_keygate_strip_give_back, 0,
      NGX_HTTP_KEYGATE_USED_GATE },
    { NGX_HTTP_PREACCESS_PHASE, ngx_http_keygate_access_preaccess, 0,
      NGX_HTTP_KEYGATE_USED_GATE },
    { NGX_HTTP_ACCESS_PHASE, ngx_http_keygate_access_handler, 0,
      NGX_HTTP_KEYGATE_USED_GATE | NGX_HTTP_KEYGATE_USED_BASIC },
    { NGX_HTTP_ACCESS_PHASE, ngx_http_keygate_access_satisfy, 1,
      NGX_HTTP_KEYGATE_USED_SATISFY },
    { NGX_HTTP_PRECONTENT_PHASE, ngx_http_keygate_strip_handler, 0,
      NGX_HTTP_KEYGATE_USED_GATE },
    { NGX_HTTP_LOG_PHASE, ngx_http_keygate_user_hide, 1,
      NGX_HTTP_KEYGATE_USED_BASIC }
};


ngx_int_t
ngx_http_keygate_phases_init(ngx_conf_t *cf)
{
    ngx_uint_t                     i;
    ngx_array_t                   *handlers;
    ngx_http_handler_pt           *h;
    ngx_http_keygate_place_t      *place;
    ngx_http_core_main_conf_t     *cmcf;
    ngx_http_keygate_main_conf_t  *kmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);

    for (i = 0; i < sizeof(ngx_http_keygate_places)
                    / sizeof(ngx_http_keygate_places[0]);
         i++)
    {
        place = &ngx_http_keygate_places[i];

        if (!(place->users & kmcf->used)) {
            continue;
        }

        handlers = &cmcf->phases[place->phase].handlers;

        h = ngx_array_push(handlers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        if (place->front) {
            h = handlers->elts;
            ngx_memmove(&h[1], h,
                        (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));
        }

        *h = place->handler;
    }

    return NGX_OK;
}


void
ngx_http_keygate_phases_find(ngx_cycle_t *cycle,
    ngx_http_keygate_main_conf_t *kmcf)
{
    ngx_int_t                   i;
    ngx_http_phase_handler_t   *ph;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    ph = cmcf->phase_engine.handlers;
    kmcf->preaccess = NGX_MAX_INT_T_VALUE;

    for (i = 0; ph && ph[i].checker; i++) {
        if (ph[i].handler == ngx_http_keygate_access_preaccess) {
            kmcf->preaccess = i;
            break;
        }
    }
}
