/*
 * The gate: its directives and its configuration.  What the directives do is
 * in ngx_http_keygate_conf.c, its place in the phases in
 * ngx_http_keygate_phases.c.
 */

#include "ngx_http_keygate_admin_module.h"
#include "ngx_http_keygate_metrics.h"
#include "ngx_http_keygate_store.h"


static ngx_int_t ngx_http_keygate_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_keygate_postconfiguration(ngx_conf_t *cf);
static void *ngx_http_keygate_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_keygate_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_keygate_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_keygate_init_process(ngx_cycle_t *cycle);
static void ngx_http_keygate_exit_process(ngx_cycle_t *cycle);


static ngx_conf_enum_t  ngx_http_keygate_log_levels[] = {
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_keygate_commands[] = {

    { ngx_string("keygate_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_keygate_zone_directive,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_keygate_store_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_api"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_keygate_conf_api_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_HTTP_LMT_CONF
                        |NGX_CONF_TAKE1,
      ngx_http_keygate_conf_api_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_keygate_loc_conf_t, api),
      NULL },

    { ngx_string("keygate_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_keygate_loc_conf_t, dry_run),
      NULL },

    { ngx_string("keygate_log_level"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_keygate_loc_conf_t, log_level),
      &ngx_http_keygate_log_levels },

    { ngx_string("keygate_recheck"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_keygate_recheck_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_errors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_keygate_conf_api_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_keygate_loc_conf_t, errors_set),
      NULL },

    { ngx_string("keygate_errors_inspect"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_keygate_loc_conf_t, inspect),
      NULL },

    { ngx_string("keygate_me"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_keygate_identity_me,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_scopes"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_keygate_identity_scopes,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_auth"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_keygate_auth_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_admin"),
      NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_keygate_admin_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_portal"),
      NGX_HTTP_LOC_CONF|NGX_CONF_2MORE,
      ngx_http_keygate_portal_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_ready"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_keygate_ready,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("keygate_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_keygate_metrics_directive,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_keygate_module_ctx = {
    ngx_http_keygate_preconfiguration,     /* preconfiguration */
    ngx_http_keygate_postconfiguration,    /* postconfiguration */

    ngx_http_keygate_create_main_conf,     /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_keygate_create_loc_conf,      /* create location configuration */
    ngx_http_keygate_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_keygate_module = {
    NGX_MODULE_V1,
    &ngx_http_keygate_module_ctx,          /* module context */
    ngx_http_keygate_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_keygate_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_keygate_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_keygate_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_http_keygate_sent_watch(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_keygate_variables_add(cf);
}


static ngx_int_t
ngx_http_keygate_postconfiguration(ngx_conf_t *cf)
{
    ngx_str_t                      name = ngx_string("remote_user");
    ngx_http_keygate_main_conf_t  *kmcf;

    ngx_http_keygate_sent_unwatch(NULL);

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);

    if (ngx_http_keygate_store_threads(cf, kmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kmcf->apis.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_http_keygate_conf_check(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    kmcf->remote_user = ngx_http_get_variable_index(cf, &name);
    if (kmcf->remote_user == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_http_keygate_users_init(kmcf);

    return ngx_http_keygate_phases_init(cf);
}


static void *
ngx_http_keygate_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_keygate_main_conf_t  *kmcf;

    kmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_main_conf_t));
    if (kmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&kmcf->zones, cf->pool, 2,
                       sizeof(ngx_http_keygate_zone_t *))
        != NGX_OK
        || ngx_array_init(&kmcf->stores, cf->pool, 1,
                          sizeof(ngx_http_keygate_store_t *))
           != NGX_OK
        || ngx_array_init(&kmcf->apis, cf->pool, 4,
                          sizeof(ngx_http_keygate_api_t *))
           != NGX_OK
        || ngx_array_init(&kmcf->watched, cf->pool, 2, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    return kmcf;
}


static void *
ngx_http_keygate_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_keygate_loc_conf_t  *klcf;

    klcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_keygate_loc_conf_t));
    if (klcf == NULL) {
        return NULL;
    }

    klcf->api = NGX_CONF_UNSET_PTR;
    klcf->errors_set = NGX_CONF_UNSET_PTR;
    klcf->inspect = NGX_CONF_UNSET_SIZE;
    klcf->dry_run = NGX_CONF_UNSET;
    klcf->log_level = NGX_CONF_UNSET_UINT;
    klcf->recheck = NGX_CONF_UNSET_MSEC;
    klcf->sent_by = NGX_HTTP_KEYGATE_SENT_UNSET;

    return klcf;
}


static char *
ngx_http_keygate_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_keygate_loc_conf_t  *prev = parent;
    ngx_http_keygate_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_keygate_main_conf_t  *kmcf;

    ngx_http_keygate_sent_merge(cf, prev, conf);

    ngx_conf_merge_ptr_value(conf->api, prev->api, NULL);

    if (conf->api == NGX_HTTP_KEYGATE_OFF) {
        conf->api = NULL;
    }

    /* unset stays unset, so that what is below can follow its own "keygate" */

    if (conf->errors_set == NGX_CONF_UNSET_PTR) {
        conf->errors_set = prev->errors_set;
    }

    ngx_conf_merge_value(conf->dry_run, prev->dry_run, 0);

    if (conf->errors_set == NGX_CONF_UNSET_PTR) {
        conf->errors = conf->dry_run ? NULL : conf->api;

    } else if (conf->errors_set == NGX_HTTP_KEYGATE_OFF) {
        conf->errors = NULL;

    } else {
        conf->errors = conf->errors_set;
    }

    kmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_keygate_module);

    kmcf->used |= (conf->api ? NGX_HTTP_KEYGATE_USED_GATE : 0)
                  | (conf->errors ? NGX_HTTP_KEYGATE_USED_ERRORS : 0);

    /* nginx's own, which is the first to be merged */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->api && clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        kmcf->used |= NGX_HTTP_KEYGATE_USED_SATISFY;
    }

    ngx_conf_merge_size_value(conf->inspect, prev->inspect, 131072);
    ngx_conf_merge_uint_value(conf->log_level, prev->log_level, NGX_LOG_ERR);
    ngx_conf_merge_msec_value(conf->recheck, prev->recheck, 0);

    if (ngx_http_keygate_conf_underscores(cf, conf->api) != NGX_OK
        || ngx_http_keygate_conf_alone(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->identity && conf->api == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"keygate_me\", \"keygate_scopes\" and "
                      "\"keygate_auth\" answer for an API, expected "
                      "\"keygate NAME\" in the same location or above it in "
                      "%V:%ui", &conf->serves_where.file,
                      conf->serves_where.line);
        return NGX_CONF_ERROR;
    }

    return conf->admin ? ngx_http_keygate_admin_merge(cf, conf) : NGX_CONF_OK;
}


static ngx_int_t
ngx_http_keygate_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_http_keygate_zone_t       **zones;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keygate_module);

    if (kmcf == NULL
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

    ngx_http_keygate_phases_find(cycle, kmcf);

    zones = kmcf->zones.elts;

    for (i = 0; i < kmcf->zones.nelts; i++) {
        if (ngx_http_keygate_zone_init_process(zones[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_http_keygate_admin_init_process(cycle, kmcf);
}


static void
ngx_http_keygate_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                      i;
    ngx_http_keygate_zone_t       **zones;
    ngx_http_keygate_main_conf_t   *kmcf;

    kmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_keygate_module);

    if (kmcf == NULL) {
        return;
    }

    zones = kmcf->zones.elts;

    for (i = 0; i < kmcf->zones.nelts; i++) {
        ngx_http_keygate_zone_exit_process(zones[i]);
    }
}
