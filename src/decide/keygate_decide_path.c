/*
 * Row 1 of the decision: what the paths of a request mean, that of its line
 * and, with COPY and MOVE, that of its "Destination" (RFC 4918, 10.3), to
 * which a handler writes.  In which order they are looked at is left to
 * keygate_decide.c.
 */

#include "keygate_decide_private.h"


static int keygate_rewritten_ambiguous(keygate_str_t path);


int
keygate_decide_path(const keygate_api_t *api, const keygate_request_t *request,
    keygate_verdict_t *v)
{
    keygate_rc_t  rc;

    rc = (api->slash_keep && request->as_received)
         ? keygate_path_keep(request->raw, request->decoded, &v->path)
         : keygate_path_check(request->raw, request->decoded, &v->path);

    if (rc != KEYGATE_OK) {
        v->path = KEYGATE_STR("");
        return 0;
    }

    if (request->rewritten.len) {
        if (keygate_rewritten_ambiguous(request->rewritten)) {
            v->path = KEYGATE_STR("");
            return 0;
        }

        v->path = request->rewritten;
    }

    return 1;
}


/* The route of the destination has its say where it asks for more than that
 * of the request line does. */

int
keygate_decide_destination(const keygate_api_t *api,
    const keygate_request_t *request, keygate_verdict_t *v)
{
    keygate_rc_t      rc;
    keygate_str_t     path, rest;
    keygate_route_t  *routes;

    rc = api->slash_keep
         ? keygate_path_keep(request->destination, request->onto_decoded,
                             &path)
         : keygate_path_check(request->destination, request->onto_decoded,
                              &path);

    /* one that is too long to be matched may well have a route */

    if (rc != KEYGATE_OK || path.len > KEYGATE_PATH_MAX) {
        return 0;
    }

    routes = NULL;

    if (keygate_path_rest(path, api->base, &rest)) {
        routes = keygate_router_match(api->router, rest);
    }

    if (!keygate_path_firm(api->router, api->base, path, routes)) {
        return 0;
    }

    v->onto_routes = routes;
    v->onto = keygate_route_method(routes, request->method);

    if (v->need.kind == KEYGATE_NEED_PUBLIC
        || v->need.kind == KEYGATE_NEED_OPTIONAL)
    {
        if (v->onto == NULL) {
            v->need.kind = KEYGATE_NEED_ANY;

        } else if (v->onto->need.kind != KEYGATE_NEED_PUBLIC) {
            v->need = v->onto->need;
        }
    }

    return 1;
}


/* Rows 9 and 10 for the destination. */

int
keygate_decide_onto(const keygate_api_t *api, keygate_verdict_t *v)
{
    if (v->onto == NULL && (v->onto_routes || !api->unmatched_pass)) {
        v->routes = v->onto_routes;
        v->route = NULL;
        v->code = v->routes ? KEYGATE_METHOD_NOT_ALLOWED
                            : KEYGATE_ROUTE_NOT_FOUND;
        return 0;
    }

    if (v->onto
        && !keygate_scope_need_met(&api->catalogue, &v->onto->need,
                                   &v->key.scopes))
    {
        v->need = v->onto->need;
        v->code = KEYGATE_INSUFFICIENT_SCOPE;
        return 0;
    }

    return 1;
}


/*
 * A path that nginx has rewritten goes upstream with '%', '?', '#', controls
 * and what is not ASCII escaped, all else as it is.
 */

static int
keygate_rewritten_ambiguous(keygate_str_t path)
{
    size_t                len;
    const unsigned char  *p, *end, *segment;

    end = path.data + path.len;
    segment = path.data;

    if (*segment++ != '/') {
        return 1;
    }

    for (p = segment; p < end; p += len) {
        len = keygate_utf8(p, end);

        if (len == 0 || *p < 0x20 || *p == 0x7f || *p == ';' || *p == '\\') {
            return 1;
        }

        if (*p == '/') {
            if (p == segment
                || (p - segment == 1 && segment[0] == '.')
                || (p - segment == 2 && segment[0] == '.'
                    && segment[1] == '.'))
            {
                return 1;
            }

            segment = p + 1;
        }
    }

    return (end - segment == 1 && segment[0] == '.')
           || (end - segment == 2 && segment[0] == '.' && segment[1] == '.');
}
