/*
 * POST /check: what the gate would decide on a request, and why, charging
 * nothing.  A key that is bound to addresses is asked about with "address";
 * without one the question is what would be decided from an address of its
 * list.
 */

#include "ngx_http_keygate_admin.h"


#define NGX_HTTP_KEYGATE_METHOD_MAX  32


typedef struct {
    keygate_str_t  key;
    keygate_str_t  method;
    keygate_str_t  path;
    keygate_str_t  address;
} ngx_http_keygate_question_t;


static json_t *ngx_http_keygate_check_read(const json_t *body,
    ngx_http_keygate_question_t *q);
static void ngx_http_keygate_check_member(const char *name, json_t *value,
    ngx_http_keygate_question_t *q, json_t **faults);
static const char *ngx_http_keygate_check_value(keygate_str_t *slot,
    ngx_http_keygate_question_t *q);
static void ngx_http_keygate_check_address(ngx_http_keygate_job_t *job,
    ngx_http_keygate_question_t *q, keygate_request_t *request);
static json_t *ngx_http_keygate_check_answer(ngx_http_keygate_job_t *job,
    const keygate_api_t *api, const keygate_verdict_t *v);
static int ngx_http_keygate_check_rights(const keygate_api_t *api,
    const keygate_verdict_t *v, json_t *answer);
static int ngx_http_keygate_check_key(const keygate_api_t *api,
    const keygate_verdict_t *v, json_t *answer);
static json_t *ngx_http_keygate_check_allow(const keygate_verdict_t *v);


void
ngx_http_keygate_check(ngx_http_keygate_job_t *job)
{
    json_t                       *faults;
    const u_char                 *p;
    ngx_uint_t                    found;
    keygate_key_t                 key;
    keygate_request_t             request;
    keygate_verdict_t             v;
    keygate_scratch_t             scratch;
    ngx_http_keygate_api_t       *api;
    ngx_http_keygate_question_t   q;

    ngx_memzero(&q, sizeof(ngx_http_keygate_question_t));
    ngx_memzero(&request, sizeof(keygate_request_t));

    faults = ngx_http_keygate_check_read(job->body, &q);

    if (faults) {
        ngx_http_keygate_result_faults(job, faults);
        return;
    }

    api = job->admin->api;

    /* a key that is none of the caller's business is as unknown as any */

    found = keygate_table_find_id(api->zone->table, q.key, &key) == KEYGATE_OK;

    if (!found || !ngx_http_keygate_admin_sees(job, &key)) {
        if (job->admin->portal) {
            ngx_http_keygate_admin_none(job, KEYGATE_KEY);
            return;
        }

        q.key = found ? KEYGATE_STR("") : q.key;
    }

    p = q.path.len ? memchr(q.path.data, '?', q.path.len) : NULL;

    if (p) {
        q.path.len = p - q.path.data;
    }

    request.method = q.method;
    request.raw = q.path;
    request.as_received = 1;
    request.now = job->now;
    request.leases = api->zone->leases;
    request.decoded = malloc(q.path.len + 1);

    if (request.decoded == NULL) {
        ngx_http_keygate_result_faults(job, NULL);
        return;
    }

    ngx_http_keygate_check_address(job, &q, &request);

    keygate_decide_id(api->core, api->zone->table, q.key, &request,
                      KEYGATE_CHECK_ONLY, &scratch, &v);
    ngx_http_keygate_request_heard(api->zone, &v);

    ngx_http_keygate_result_answer(job, NGX_HTTP_OK,
                                   ngx_http_keygate_check_answer(job, api->core,
                                                                 &v));
    free(request.decoded);
}


static json_t *
ngx_http_keygate_check_read(const json_t *body,
    ngx_http_keygate_question_t *q)
{
    json_t      *faults, *value;
    const char  *name;
    ngx_uint_t   i;

    static const char  *const needed[] = { "key_id", "method", "path" };

    faults = NULL;

    json_object_foreach((json_t *) body, name, value) {
        ngx_http_keygate_check_member(name, value, q, &faults);
    }

    for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (json_object_get(body, needed[i]) == NULL) {
            ngx_http_keygate_check_member(needed[i], NULL, q, &faults);
        }
    }

    return faults;
}


static void
ngx_http_keygate_check_member(const char *name, json_t *value,
    ngx_http_keygate_question_t *q, json_t **faults)
{
    char           *pointer;
    const char     *reason;
    keygate_str_t  *slot;

    slot = (ngx_strcmp(name, "key_id") == 0) ? &q->key
           : (ngx_strcmp(name, "method") == 0) ? &q->method
           : (ngx_strcmp(name, "path") == 0) ? &q->path
           : (ngx_strcmp(name, "address") == 0) ? &q->address
           : NULL;

    if (slot == NULL) {
        reason = "is not known here";

    } else if (value == NULL) {
        reason = "is missing";

    } else if (!json_is_string(value)) {
        reason = "is not a string";

    } else {
        slot->data = (const u_char *) json_string_value(value);
        slot->len = json_string_length(value);
        reason = ngx_http_keygate_check_value(slot, q);
    }

    if (reason == NULL) {
        return;
    }

    pointer = keygate_change_pointer("", name);

    if (pointer) {
        (void) keygate_change_fault(faults, pointer, reason);
        free(pointer);
    }
}


static const char *
ngx_http_keygate_check_value(keygate_str_t *slot,
    ngx_http_keygate_question_t *q)
{
    keygate_cidr_t  cidr;

    if (slot == &q->key) {
        return keygate_record_id_valid(*slot) ? NULL : "is not an id";
    }

    if (slot == &q->method) {
        return (slot->len && slot->len <= NGX_HTTP_KEYGATE_METHOD_MAX)
               ? NULL : "is not a method";
    }

    if (slot == &q->path) {
        return (slot->len && slot->data[0] == '/') ? NULL
                                                   : "does not start with /";
    }

    return (keygate_cidr_parse(*slot, &cidr) == KEYGATE_OK && cidr.bits == 128)
           ? NULL : "is not an IP address";
}


static void
ngx_http_keygate_check_address(ngx_http_keygate_job_t *job,
    ngx_http_keygate_question_t *q, keygate_request_t *request)
{
    keygate_key_t   key;
    keygate_cidr_t  cidr, addresses[KEYGATE_ADDRESSES_MAX];

    if (q->address.len && keygate_cidr_parse(q->address, &cidr) == KEYGATE_OK)
    {
        ngx_memcpy(request->address, cidr.address, 16);
        request->has_address = 1;
        return;
    }

    if (keygate_table_find_id_with(job->admin->api->zone->table, q->key, &key,
                                   addresses)
        == KEYGATE_OK
        && key.n_addresses)
    {
        ngx_memcpy(request->address, addresses[0].address, 16);
        request->has_address = 1;
    }
}


static json_t *
ngx_http_keygate_check_answer(ngx_http_keygate_job_t *job,
    const keygate_api_t *api, const keygate_verdict_t *v)
{
    json_t  *answer;

    answer = json_pack("{s:o, s:i, s:b, s:o, s:o, s:o}",
                       "verdict",
                       ngx_http_keygate_admin_string(
                                               keygate_error_name(v->code)),
                       "status",
                       (v->code == KEYGATE_ALLOWED)
                       ? 200 : (int) ngx_http_keygate_refusal_status(api, v),
                       "allowed", v->code == KEYGATE_ALLOWED,
                       "route",
                       v->route ? ngx_http_keygate_admin_string(v->route->path)
                       : v->routes
                         ? ngx_http_keygate_admin_string(v->routes->path)
                         : json_null(),
                       "methods", ngx_http_keygate_check_allow(v),
                       "rates", ngx_http_keygate_admin_rates(job, v));

    if (answer
        && !(ngx_http_keygate_check_rights(api, v, answer)
             && ngx_http_keygate_check_key(api, v, answer)))
    {
        json_decref(answer);
        answer = NULL;
    }

    return answer;
}


static int
ngx_http_keygate_check_rights(const keygate_api_t *api,
    const keygate_verdict_t *v, json_t *answer)
{
    json_t         *missing, *granted;
    keygate_str_t   required[KEYGATE_SCOPES_MAX];
    keygate_str_t   names[KEYGATE_SCOPES_MAX];

    /* as long as no key is known nothing can be missing from it */

    missing = ngx_http_keygate_admin_names(names,
                  (v->known
                   && !keygate_scope_need_met(&api->catalogue, &v->need,
                                              &v->key.scopes))
                  ? keygate_verdict_missing(api, v, names) : 0);
    granted = ngx_http_keygate_admin_names(names,
                  v->known ? keygate_verdict_granted(api, v, names) : 0);

    return json_object_set_new(answer, "required_scopes",
               ngx_http_keygate_admin_names(required,
                                    keygate_verdict_required(api, v,
                                                             required)))
           == 0
           && json_object_set_new(answer, "one_of",
                     json_boolean(v->need.kind == KEYGATE_NEED_ONE_OF)) == 0
           && json_object_set_new(answer, "missing_scopes", missing) == 0
           && json_object_set_new(answer, "granted_scopes", granted) == 0
           && json_object_set_new(answer, "missing_features",
                     ngx_http_keygate_admin_features(api, v->features)) == 0
           && json_object_set_new(answer, "when",
                     ngx_http_keygate_admin_when(api, v->route,
                                         v->known ? &v->key.scopes : NULL))
              == 0;
}


static int
ngx_http_keygate_check_key(const keygate_api_t *api,
    const keygate_verdict_t *v, json_t *answer)
{
    return json_object_set_new(answer, "key_id",
                               v->known ? json_string(v->key.id) : json_null())
           == 0
           && json_object_set_new(answer, "account",
                                  (v->known && v->key.account_len)
                                  ? json_string(v->key.account) : json_null())
              == 0
           && json_object_set_new(answer, "plan",
                                  v->plan
                                  ? ngx_http_keygate_admin_string(
                                                             v->plan->name)
                                  : json_null())
              == 0
           && json_object_set_new(answer, "cost",
                                  json_integer(v->route ? v->route->cost : 1))
              == 0
           && (v->retry_after == 0
               || json_object_set_new(answer, "retry_after",
                                      json_integer(v->retry_after)) == 0);
}


/* The methods of the template, as Allow would list them. */

static json_t *
ngx_http_keygate_check_allow(const keygate_verdict_t *v)
{
    u_char         room[1024];
    json_t        *array;
    keygate_buf_t  out;
    keygate_str_t  rest, *names;
    unsigned       n;

    out.data = room;
    out.size = sizeof(room);
    out.len = 0;

    keygate_route_allow(v->routes, &out);

    rest.data = room;
    rest.len = ngx_min(out.len, sizeof(room));

    names = calloc(rest.len / 3 + 1, sizeof(keygate_str_t));
    if (names == NULL) {
        return NULL;
    }

    for (n = 0; rest.len; n++) {
        names[n].data = rest.data;

        while (rest.len && *rest.data != ',') {
            rest.data++;
            rest.len--;
        }

        names[n].len = rest.data - names[n].data;

        if (rest.len) {
            rest.data += ngx_min(2, rest.len);
            rest.len -= ngx_min(2, rest.len);
        }
    }

    array = ngx_http_keygate_admin_names(names, n);
    free(names);

    return array;
}
