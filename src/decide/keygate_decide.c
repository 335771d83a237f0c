/*
 * The decision, rows 1 to 10, in the order of the contract.  The first row
 * that fails answers; whoever wants a different order changes this file only.
 */

#include <string.h>

#include "keygate_decide_private.h"


#define KEYGATE_ROOM_AFTER  10           /* s: a zone does not grow at once */


static void keygate_decide_stranger(keygate_verdict_t *v, keygate_rc_t rc);
static void keygate_decide_later(keygate_verdict_t *v);
static int keygate_decide_public(const keygate_api_t *api,
    const keygate_request_t *request, keygate_verdict_t *v);
static keygate_code_e keygate_decide_unmatched(const keygate_api_t *api,
    const keygate_verdict_t *v);
static keygate_code_e keygate_decide_digest(const keygate_api_t *api,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned char *digest);
static int keygate_decide_elsewhere(const keygate_request_t *request,
    const keygate_verdict_t *v);
static void keygate_decide_rights(const keygate_api_t *api,
    keygate_table_t *table, const keygate_request_t *request, unsigned flags,
    keygate_verdict_t *v);


void
keygate_decide(const keygate_api_t *api, keygate_table_t *table,
    keygate_digester_t *digester, const keygate_request_t *request,
    unsigned flags, keygate_scratch_t *scratch, keygate_verdict_t *v)
{
    keygate_rc_t    rc;
    keygate_code_e  code;
    unsigned char   digest[KEYGATE_DIGEST_LEN];

    keygate_verdict_init(scratch, v);
    v->source = request->source;

    /* made first, so that the table is in the cache when it is needed; what
       it comes to still waits for its row */

    code = keygate_decide_digest(api, digester, request, digest);

    if (code == KEYGATE_ALLOWED) {
        keygate_table_expect(table, digest, 0);
    }

    if (!keygate_decide_path(api, request, v)) {
        v->code = KEYGATE_PATH_AMBIGUOUS;
        return;
    }

    if (code == KEYGATE_ALLOWED) {
        keygate_table_expect(table, digest, 1);
    }

    if (keygate_decide_public(api, request, v)
        || (code == KEYGATE_CREDENTIAL_MISSING
            && v->need.kind == KEYGATE_NEED_OPTIONAL))
    {
        return;
    }

    if (code != KEYGATE_ALLOWED) {
        v->code = code;
        return;
    }

    rc = keygate_table_find_with(table, digest, request->now.wall, &v->key,
                                 scratch->addresses);

    if (rc == KEYGATE_NONE && keygate_table_missed_may(table, digest)) {
        keygate_verdict_nobody(v);
        keygate_decide_later(v);
        return;
    }

    if (rc != KEYGATE_OK) {
        keygate_decide_stranger(v, rc);
        return;
    }

    keygate_decide_rights(api, table, request, flags, v);
}


void
keygate_decide_id(const keygate_api_t *api, keygate_table_t *table,
    keygate_str_t id, const keygate_request_t *request, unsigned flags,
    keygate_scratch_t *scratch, keygate_verdict_t *v)
{
    keygate_rc_t  rc;

    keygate_verdict_init(scratch, v);

    if (!keygate_decide_path(api, request, v)) {
        v->code = KEYGATE_PATH_AMBIGUOUS;
        return;
    }

    if (keygate_decide_public(api, request, v)) {
        return;
    }

    rc = keygate_table_find_id_with(table, id, &v->key, scratch->addresses);

    if (rc == KEYGATE_NONE && keygate_table_missed_id(table, KEYGATE_KEY, id)) {
        keygate_verdict_nobody(v);
        keygate_decide_later(v);
        return;
    }

    if (rc != KEYGATE_OK) {
        keygate_decide_stranger(v, rc);
        return;
    }

    keygate_decide_rights(api, table, request, flags, v);
}


/* A key that was not found; with KEYGATE_AGAIN it may well exist. */

static void
keygate_decide_stranger(keygate_verdict_t *v, keygate_rc_t rc)
{
    keygate_verdict_nobody(v);
    v->code = rc == KEYGATE_NONE ? KEYGATE_CREDENTIAL_INVALID
                                 : KEYGATE_UNAVAILABLE;
}


/* What may be let in when the zone has room. */

static void
keygate_decide_later(keygate_verdict_t *v)
{
    v->code = KEYGATE_UNAVAILABLE;
    v->retry_after = KEYGATE_ROOM_AFTER;
}


/* The route, on which row 1 depends as well, and row 2 with preflights; 1 when
 * that is the whole answer. */

static int
keygate_decide_public(const keygate_api_t *api,
    const keygate_request_t *request, keygate_verdict_t *v)
{
    keygate_str_t  rest;

    if (keygate_path_rest(v->path, api->base, &rest)) {
        v->routes = keygate_router_match(api->router, rest);
        v->route = keygate_route_method(v->routes, request->method);
    }

    /* nothing else can be read into what came without escapes */

    if (v->path.data != request->raw.data
        && !keygate_path_firm(api->router, api->base, v->path, v->routes))
    {
        v->path = KEYGATE_STR("");
        v->routes = NULL;
        v->route = NULL;
        v->code = KEYGATE_PATH_AMBIGUOUS;
        return 1;
    }

    if (v->path.data == request->decoded && keygate_path_kept(v->path)) {
        v->slash_kept = 1;
        keygate_path_restore(request->decoded, &v->path);
    }

    if (request->preflight && api->preflight != KEYGATE_PREFLIGHT_OFF) {
        v->preflight = 1;

        if (v->routes == NULL) {
            v->code = keygate_decide_unmatched(api, v);
        }

        return 1;
    }

    if (v->route == NULL) {
        v->need.kind = KEYGATE_NEED_ANY;

    } else {
        v->need = v->route->need;
    }

    if (request->has_destination
        && !keygate_decide_destination(api, request, v))
    {
        v->code = KEYGATE_PATH_AMBIGUOUS;
        return 1;
    }

    return v->need.kind == KEYGATE_NEED_PUBLIC;
}


/* A path that is too long to be matched may well have a route. */

static keygate_code_e
keygate_decide_unmatched(const keygate_api_t *api, const keygate_verdict_t *v)
{
    return api->unmatched_pass && v->path.len <= KEYGATE_PATH_MAX
           ? KEYGATE_ALLOWED : KEYGATE_ROUTE_NOT_FOUND;
}


/* Row 3, and of row 4 what can be said without the table. */

static keygate_code_e
keygate_decide_digest(const keygate_api_t *api, keygate_digester_t *digester,
    const keygate_request_t *request, unsigned char *digest)
{
    keygate_str_t  id;

    if (request->n_credentials == 0) {
        return KEYGATE_CREDENTIAL_MISSING;
    }

    if (request->n_credentials > 1) {
        return KEYGATE_CREDENTIAL_CONFLICT;
    }

    if (request->credential.len > KEYGATE_CREDENTIAL_MAX
        || (api->n_formats != 0 && !api->any_format
            && keygate_credential_parse(api->formats, api->n_formats,
                                        request->credential, &id) == -1))
    {
        return KEYGATE_CREDENTIAL_INVALID;
    }

    return (keygate_digest(digester, request->credential, digest)
            == KEYGATE_OK) ? KEYGATE_ALLOWED : KEYGATE_UNAVAILABLE;
}


/* Row 5: whether the client is where the key may not be used. */

static int
keygate_decide_elsewhere(const keygate_request_t *request,
    const keygate_verdict_t *v)
{
    return v->key.n_addresses
           && (!request->has_address
               || !keygate_cidr_has(v->scratch->addresses,
                                    v->key.n_addresses,
                                    request->address));
}


/* From row 4, the key being found, to row 10. */

static void
keygate_decide_rights(const keygate_api_t *api, keygate_table_t *table,
    const keygate_request_t *request, unsigned flags, keygate_verdict_t *v)
{
    unsigned       i;
    keygate_key_t *key;

    key = &v->key;

    /* its line, or its account's, has found no room: what it says may be
       anything but more than this */

    if (key->stale) {
        keygate_decide_later(v);
        return;
    }

    v->known = 1;
    v->paid = (flags & KEYGATE_PAID) != 0;

    for (i = 0; i < api->n_plans; i++) {
        if (api->plans[i].number == key->plan) {
            v->plan = &api->plans[i];
        }
    }

    v->code = keygate_decide_ended(key, request->now.wall);

    if (v->code != KEYGATE_ALLOWED) {
        return;
    }

    if (key->account_stale) {
        keygate_decide_later(v);
        return;
    }

    v->authenticated = 1;

    if (!(flags & KEYGATE_CHECK_ONLY)) {
        keygate_table_touch(table, key->ref, request->now.wall);
    }

    /* what a request needs that is refused by its address is not made */

    if (!keygate_decide_windows(api, table, request, flags, v)
        && (!v->lacks || !keygate_decide_elsewhere(request, v)))
    {
        v->code = KEYGATE_UNAVAILABLE;
        v->retry_after = v->lacks;
        return;
    }

    if (key->n_addresses && keygate_decide_elsewhere(request, v)) {
        v->lacks = 0;
        (void) keygate_rate_charge(v->windows, v->n_windows, 0, &request->now);
        v->code = KEYGATE_ADDRESS_NOT_ALLOWED;
        return;
    }

    if (!keygate_decide_rates(request, flags, v)) {
        return;
    }

    if (keygate_decide_lapsed(key, request->now.wall)) {
        v->code = KEYGATE_SUBSCRIPTION_LAPSED;
        return;
    }

    v->features = api->require | (v->route ? v->route->features : 0)
                  | (v->onto ? v->onto->features : 0);

    if (v->plan) {
        v->features &= ~v->plan->features;
    }

    if (v->features) {
        v->code = KEYGATE_PLAN_REQUIRED;
        return;
    }

    if (v->route == NULL) {
        v->code = v->routes ? KEYGATE_METHOD_NOT_ALLOWED
                            : keygate_decide_unmatched(api, v);

        if (v->code != KEYGATE_ALLOWED) {
            return;
        }

    } else if (!keygate_scope_need_met(&api->catalogue, &v->need,
                                       &key->scopes))
    {
        v->code = KEYGATE_INSUFFICIENT_SCOPE;
        return;
    }

    if (request->has_destination && !keygate_decide_onto(api, v)) {
        return;
    }

    v->code = KEYGATE_ALLOWED;
    v->need_body = v->route && v->route->when;
}
