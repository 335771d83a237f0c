/*
 * What can be known of a portal only when all of the configuration has been
 * read: whether a client can set a variable that tells who asks.
 */

#include "ngx_http_keygate_portal.h"


ngx_int_t
ngx_http_keygate_portal_check(ngx_conf_t *cf, ngx_http_keygate_admin_t *admin)
{
    ngx_str_t                   name;
    ngx_uint_t                  i;
    const char                 *what;
    ngx_http_variable_t        *v;
    ngx_http_keygate_portal_t  *portal;
    ngx_http_core_main_conf_t  *cmcf;

    portal = admin->portal;

    ngx_int_t                   all[] = {
        portal->account, portal->user,
        portal->can.given ? portal->can.index : NGX_ERROR,
        portal->scopes.given ? portal->scopes.index : NGX_ERROR
    };

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {

        if (all[i] == NGX_ERROR) {
            continue;
        }

        v = cmcf->variables.elts;
        name = v[all[i]].name;

        what = ngx_http_keygate_portal_basic(cf, &name);
        what = what ? what : ngx_http_keygate_portal_certificate(cf, &name);

        if (ngx_http_keygate_portal_capture(cf, &name, &what) != NGX_OK) {
            return NGX_ERROR;
        }

        if (what) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"$%V\" in \"keygate_portal\" is %s a variable that "
                          "the application sets, such as by "
                          "\"auth_request_set\" in %V:%ui",
                          &name, what, &admin->where.file, admin->where.line);
            return NGX_ERROR;
        }
    }

    ngx_http_keygate_portal_advise(cf, admin);

    return NGX_OK;
}
