/*
 * Which requests a portal knows.  There is no DELETE: what was done with a
 * key can still be looked up when it is revoked.
 */

#include "ngx_http_keygate_portal.h"


const ngx_http_keygate_action_t  ngx_http_keygate_portal_actions[] = {

    { "GET", "/accounts", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_admin_account_list, NULL,
      NGX_HTTP_KEYGATE_CAN_READ, 1, 0 },

    { "GET", "/session", NGX_HTTP_KEYGATE_AT_ONCE, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_portal_session, NULL, 0, 0, 0 },

    { "GET", "/keys", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_admin_key_list, NULL, NGX_HTTP_KEYGATE_CAN_READ, 1, 0 },
    { "POST", "/keys", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_portal_create, "key.create",
      NGX_HTTP_KEYGATE_CAN_CREATE, 0, 0 },
    { "GET", "/keys/:id", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_admin_key_get, NULL, NGX_HTTP_KEYGATE_CAN_READ, 0, 0 },
    { "PATCH", "/keys/:id", NGX_HTTP_KEYGATE_WRITE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_portal_patch, "key.change",
      NGX_HTTP_KEYGATE_CAN_CHANGE, 0, 0 },
    { "POST", "/keys/:id/rotate", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_BODY_OPTIONAL, ngx_http_keygate_admin_key_rotate,
      "key.rotate", NGX_HTTP_KEYGATE_CAN_ROTATE, 0, 0 },
    { "POST", "/keys/:id/revoke", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_BODY_OPTIONAL, ngx_http_keygate_admin_key_revoke,
      "key.revoke", NGX_HTTP_KEYGATE_CAN_REVOKE, 0, 0 },
    { "POST", "/keys/:id/suspend", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_BODY_OPTIONAL, ngx_http_keygate_admin_key_suspend,
      "key.suspend", NGX_HTTP_KEYGATE_CAN_CHANGE, 0, 0 },
    { "POST", "/keys/:id/resume", NGX_HTTP_KEYGATE_WRITE,
      NGX_HTTP_KEYGATE_BODY_OPTIONAL, ngx_http_keygate_admin_key_resume,
      "key.resume", NGX_HTTP_KEYGATE_CAN_CHANGE, 0, 0 },
    { "GET", "/keys/:id/usage", NGX_HTTP_KEYGATE_READ,
      NGX_HTTP_KEYGATE_NO_BODY, ngx_http_keygate_admin_key_usage, NULL,
      NGX_HTTP_KEYGATE_CAN_USAGE, 1, 0 },
    { "GET", "/usage", NGX_HTTP_KEYGATE_READ, NGX_HTTP_KEYGATE_NO_BODY,
      ngx_http_keygate_admin_own_usage, NULL,
      NGX_HTTP_KEYGATE_CAN_USAGE, 1, 0 },

    { "POST", "/check", NGX_HTTP_KEYGATE_AT_ONCE, NGX_HTTP_KEYGATE_BODY,
      ngx_http_keygate_check, NULL, NGX_HTTP_KEYGATE_CAN_CHECK, 0, 0 },

    { NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0 }
};
