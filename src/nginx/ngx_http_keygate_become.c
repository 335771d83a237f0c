/*
 * What the master does with a journal it does as the workers' user: it can
 * then do there what the workers can, whether a capability lets root do more
 * or, as in many containers, none lets it do as much, and no link leads it to
 * what is root's alone.
 *
 * Only the effective ids change, of a process that has no other thread yet.
 */

#include "ngx_http_keygate.h"

#include <grp.h>


static ngx_int_t ngx_http_keygate_become_groups(ngx_http_keygate_become_t *was);


ngx_uid_t
ngx_http_keygate_become_user(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* one process that is all of nginx stays who it is */

    if (!ccf->master || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        return geteuid();
    }

    return ccf->user;
}


/* Where it may not become another user, nor will the workers: they will tell,
 * and here all goes on as it is.  Whoever may, and cannot note whose groups it
 * has, does nothing as root in place of it. */

ngx_int_t
ngx_http_keygate_become_worker(ngx_cycle_t *cycle,
    ngx_http_keygate_become_t *was)
{
    ngx_uid_t         user;
    ngx_core_conf_t  *ccf;

    ngx_memzero(was, sizeof(ngx_http_keygate_become_t));

    user = ngx_http_keygate_become_user(cycle);

    if (geteuid() != 0 || user == 0) {
        return NGX_OK;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (ngx_http_keygate_become_groups(was) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "keygate cannot note the groups of the master");
        return NGX_ERROR;
    }

#if (NGX_HAVE_PR_SET_DUMPABLE)
    was->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
#endif

    was->changed = 1;

    if (initgroups(ccf->username, ccf->group) == -1
        || setegid(ccf->group) == -1 || seteuid(user) == -1)
    {
        ngx_http_keygate_become_master(cycle, was);
    }

    return NGX_OK;
}


/* As many as there are: a directory service may give root thousands. */

static ngx_int_t
ngx_http_keygate_become_groups(ngx_http_keygate_become_t *was)
{
    was->gid = getegid();
    was->n = getgroups(0, NULL);

    if (was->n == -1) {
        return NGX_ERROR;
    }

    was->groups = malloc((was->n + 1) * sizeof(gid_t));

    if (was->groups == NULL) {
        return NGX_ERROR;
    }

    was->n = getgroups(was->n, was->groups);

    if (was->n == -1) {
        free(was->groups);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A master that is not root any more could do nothing of what it is for. */

void
ngx_http_keygate_become_master(ngx_cycle_t *cycle,
    ngx_http_keygate_become_t *was)
{
    ngx_err_t  err;

    if (!was->changed) {
        return;
    }

    was->changed = 0;
    err = ngx_errno;

    if (seteuid(0) == -1 || setegid(was->gid) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "keygate cannot become root again");
        exit(2);
    }

    (void) setgroups(was->n, was->groups);
    free(was->groups);

#if (NGX_HAVE_PR_SET_DUMPABLE)
    if (was->dumpable == 1) {
        (void) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    }
#endif

    ngx_set_errno(err);
}
