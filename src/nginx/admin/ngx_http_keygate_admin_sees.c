/*
 * Whose business a key is.
 */

#include "ngx_http_keygate_admin.h"


ngx_uint_t
ngx_http_keygate_admin_sees(ngx_http_keygate_job_t *job,
    const keygate_key_t *key)
{
    int                        opaque, foreign;
    keygate_api_t             *api;
    keygate_str_t              id;
    ngx_http_keygate_admin_t  *admin;

    admin = job->admin;
    api = admin->api->core;

    id.data = (const u_char *) key->id;
    id.len = key->id_len;

    if (job->caller.account[0]
        && ngx_strcmp(job->caller.account, key->account) != 0)
    {
        return 0;
    }

    if (keygate_credential_id_of(api->formats, api->n_formats, id, &opaque)) {
        return 1;
    }

    /* an id that is not in its key may be of any shape but that of another
       API's */

    return (opaque || api->any_format)
           && !keygate_credential_id_of(admin->foreign, admin->n_foreign, id,
                                        &foreign);
}
