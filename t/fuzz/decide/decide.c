/*
 * Any request, as the glue hands it over, to one of two APIs: the whole
 * decision is what a plain twin decides, row by row; whoever asks once more is
 * told the same; and nobody is let in but to a public route or with the
 * credential of a live key that holds the scopes.
 *
 * An input is lines: an API, "a" or "b", the number of credentials, and "p"
 * for a preflight; method and path; the credential, or one letter for that of
 * a key; the address; the path that nginx has made of it; Content-Type, '|',
 * Content-Encoding; and all the rest is the body.
 */

#include "fuzz.h"

#include <arpa/inet.h>

#include "body_twin.h"
#include "decide_twin.h"
#include "keygate_calendar.h"


typedef struct {
    const keygate_api_t  *api;
    keygate_request_t     request;
    keygate_media_t       media;
    keygate_str_t         body;
    unsigned char         decoded[TWIN_MAX];
} call_t;


/* The codes that the core says come first, under their own names. */

enum {
    PUBLIC = KEYGATE_BODY_TOO_LARGE, HEAD, BY_OLD, REWRITTEN, UNMATCHED,
    BODY_READ, PREFLIGHT
};

const char *const  fuzz_shapes[] = {
    "allowed", "path_ambiguous", "credential_missing", "credential_conflict",
    "credential_invalid", "key_revoked", "key_suspended",
    "key_expired", "address_not_allowed",
    "rate_limited", "quota_exceeded", "subscription_lapsed", "plan_required",
    "route_not_found", "method_not_allowed", "insufficient_scope",
    "body_invalid",

    "a public route", "HEAD", "a secret before a rotation",
    "a path that nginx has rewritten", "an unmatched path that passes",
    "a body that is let through", "a preflight", NULL
};


static void
call_address(keygate_request_t *request, keygate_str_t text)
{
    char  copy[INET6_ADDRSTRLEN];

    if (text.len >= sizeof(copy)) {
        return;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    if (inet_pton(AF_INET, copy, request->address + 12) == 1) {
        memset(request->address + 10, 0xff, 2);
        request->has_address = 1;

    } else if (inet_pton(AF_INET6, copy, request->address) == 1) {
        request->has_address = 1;
    }
}


/* 0: a path that is too long for the twin. */

static int
call_parse(call_t *c, keygate_str_t input)
{
    keygate_str_t       line;
    keygate_request_t  *r;

    memset(c, 0, offsetof(call_t, decoded));
    r = &c->request;
    r->decoded = c->decoded;
    r->now = now;

    line = fuzz_cut(&input, '\n');
    c->api = apis[line.len && line.data[0] == 'b'];
    r->preflight = line.len > 2 && line.data[2] == 'p';
    r->n_credentials = line.len > 1 ? line.data[1] % 3 : 0;

    r->raw = fuzz_cut(&input, '\n');
    r->method = fuzz_cut(&r->raw, ' ');
    r->raw = fuzz_cut(&r->raw, '?');

    r->credential = fuzz_cut(&input, '\n');

    if (r->credential.len == 1) {
        line = r->credential;

        if (line.data[0] >= 'A' && line.data[0] < 'A' + (int) PEOPLE) {
            r->credential = fuzz_str(people[line.data[0] - 'A'].credential);

        } else if (line.data[0] >= 'a' && line.data[0] < 'a' + (int) PEOPLE
                   && people[line.data[0] - 'a'].old != NULL)
        {
            r->credential = fuzz_str(people[line.data[0] - 'a'].old);
        }
    }

    call_address(r, fuzz_cut(&input, '\n'));
    r->rewritten = fuzz_cut(&input, '\n');

    c->media.encoding = fuzz_cut(&input, '\n');
    c->media.type = fuzz_cut(&c->media.encoding, '|');
    c->media.n_types = c->media.type.len != 0;
    c->media.n_encodings = c->media.encoding.len != 0;
    c->body = input;

    return r->raw.len <= TWIN_MAX && r->rewritten.len <= TWIN_MAX;
}


/* -- What a verdict must be --------------------------------------------- */

static void
check_key(const call_t *c, const expected_t *e, const keygate_verdict_t *v)
{
    char      id[2];
    unsigned  i;

    if (e->who == NULL) {
        must(!v->known && !v->authenticated && v->key.id_len == 0);
        must(v->n_windows == 0 && !v->charged);
        return;
    }

    person_id(e->who, id);
    must(v->known && v->key.id_len == 1 && v->key.id[0] == id[0]);
    must(strcmp(v->key.account, e->who->account) == 0);
    must(v->authenticated == person_live(e->who));

    if (!v->authenticated) {
        must(v->n_windows == 0 && !v->charged);
        return;
    }

    must(v->n_windows
         == (c->api == apis[0] ? 2u : 0u) + (e->who->month != 0));

    for (i = 0; i < c->api->catalogue.n; i++) {
        must(keygate_scope_held(&c->api->catalogue, i, &v->key.scopes)
             == twin_holds(c->api, e->who, i));
    }
}


static void
check_rates(const expected_t *e, const keygate_verdict_t *v, unsigned flags,
    unsigned paid)
{
    int                      refused;
    unsigned                 i;
    uint32_t                 used;
    const keygate_window_t  *w;

    refused = v->code == KEYGATE_RATE_LIMITED
              || v->code == KEYGATE_QUOTA_EXCEEDED;

    must(v->charged == (v->authenticated && !(flags & KEYGATE_CHECK_ONLY)
                        && !refused
                        && v->code != KEYGATE_ADDRESS_NOT_ALLOWED));
    must(!refused || v->never || v->retry_after >= 1);

    used = e->cost * (paid + (v->charged && !(flags & KEYGATE_PAID)));

    for (i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];
        must(w->remaining == w->limit - used);
        must(!w->refused || refused);
    }
}


/* The rate headers, window after window. */

static void
check_headers(const keygate_verdict_t *v, const keygate_buf_t *policy,
    const keygate_buf_t *limit)
{
    int                      n, m;
    char                     want[2][1024];
    unsigned                 i;
    uint32_t                 seconds;
    const char              *comma;
    const keygate_window_t  *w;

    for (n = 0, m = 0, i = 0; i < v->n_windows; i++) {
        w = &v->windows[i];
        comma = i ? ", " : "";
        seconds = w->unit == KEYGATE_MONTH ? keygate_calendar_seconds(WALL)
                                           : keygate_unit_seconds(w->unit);

        n += snprintf(want[0] + n, sizeof(want[0]) - (size_t) n,
                      "%s\"%.*s\";q=%u;w=%u", comma, (int) w->label->name.len,
                      w->label->name.data, w->limit, seconds);
        m += snprintf(want[1] + m, sizeof(want[1]) - (size_t) m,
                      "%s\"%.*s\";r=%u;t=%u", comma, (int) w->label->name.len,
                      w->label->name.data, w->remaining, w->reset);
    }

    must(keygate_str_eq(fuzz_span(policy->data, policy->len),
                        fuzz_span(want[0], (size_t) n)));
    must(keygate_verdict_policy(v, WALL).len == 0
         || keygate_str_eq(keygate_verdict_policy(v, WALL),
                           fuzz_span(want[0], (size_t) n)));
    must(keygate_str_eq(fuzz_span(limit->data, limit->len),
                        fuzz_span(want[1], (size_t) m)));
    must((size_t) (n > m ? n : m) <= keygate_verdict_left_size(v));
}


/* What a verdict says is plain text, and tells nothing of the credential. */

static void
check_said(const call_t *c, const keygate_verdict_t *v)
{
    char           text[3][2048];
    unsigned       i, k;
    keygate_buf_t  b[3];
    keygate_str_t  names[KEYGATE_SCOPES_MAX];

    must(keygate_verdict_missing(c->api, v, names)
         <= keygate_verdict_required(c->api, v, names));
    must(v->code != KEYGATE_INSUFFICIENT_SCOPE
         || keygate_verdict_missing(c->api, v, names) > 0);
    must(v->known || keygate_verdict_granted(c->api, v, names) == 0);

    for (i = 0; i < 3; i++) {
        b[i].data = (unsigned char *) text[i];
        b[i].size = sizeof(text[i]);
        b[i].len = 0;
    }

    if (v->n_windows) {
        keygate_verdict_policy_of(v, WALL, &b[0]);
        b[1].len = keygate_verdict_left(v, b[1].data);
        check_headers(v, &b[0], &b[1]);
    }

    keygate_verdict_challenge(c->api, &c->api->sources[0], v, &b[2]);

    for (i = 0; i < 3; i++) {
        must(b[i].len < b[i].size);

        for (k = 0; k < b[i].len; k++) {
            must(text[i][k] >= 0x20 && text[i][k] < 0x7f);
        }
    }
}


/* "paid": so many times before. */

static void
check(const call_t *c, const keygate_verdict_t *v, unsigned flags,
    unsigned paid)
{
    expected_t  e;

    e = twin_decide(c->api, &c->request, paid, v->code);

    must(v->code < KEYGATE_BODY_TOO_LARGE && v->code == e.code);
    must(v->code == KEYGATE_PATH_AMBIGUOUS ? v->path.len == 0
                                           : v->path.len != 0);
    must(v->route == e.route);
    check_key(c, &e, v);
    check_rates(&e, v, flags, paid);
    check_said(c, v);

    must(!v->preflight || (c->request.preflight && !v->charged));
    must(v->code != KEYGATE_ALLOWED
         || v->preflight
         || (v->route && v->route->need.kind == KEYGATE_NEED_PUBLIC)
         || (v->route && v->route->need.kind == KEYGATE_NEED_OPTIONAL
             && c->request.n_credentials == 0)
         || (e.who && person_live(e.who)));
    must(v->need_body == (v->code == KEYGATE_ALLOWED && v->route != NULL
                          && v->route->when != NULL && !v->preflight));
}


static void
check_body(const call_t *c, keygate_verdict_t *v)
{
    json_t                *json;
    const person_t        *who;
    const keygate_when_t  *when;

    if (keygate_decide_media(&c->media, c->body, v) == KEYGATE_OK) {
        keygate_decide_body(c->api, c->body, v);
    }

    must(!v->need_body);
    must(v->code == KEYGATE_ALLOWED || v->code == KEYGATE_BODY_INVALID
         || v->code == KEYGATE_INSUFFICIENT_SCOPE);
    check_said(c, v);

    if (v->code != KEYGATE_ALLOWED) {
        return;
    }

    fuzz_saw(BODY_READ);
    who = twin_person(c->api, c->request.credential);
    json = body_parse(c->body);

    for (when = v->route->when; when; when = when->next) {
        must(!body_sets(json, when->member)
             || twin_holds(c->api, who, when->scope));
    }

    json_decref(json);
}


/* -- Asking ------------------------------------------------------------- */

static void
ask(const call_t *c, unsigned flags, keygate_scratch_t *scratch,
    keygate_verdict_t *v)
{
    keygate_decide(c->api, table, digester, &c->request, flags, scratch, v);
}


/* An administrator who asks for the key by its id is told the same. */

static void
ask_by_id(const call_t *c, const keygate_verdict_t *first)
{
    keygate_str_t             id;
    static keygate_verdict_t  v;
    static keygate_scratch_t  scratch;

    id = fuzz_span(first->key.id, first->key.id_len);
    keygate_decide_id(c->api, table, id, &c->request, KEYGATE_CHECK_ONLY,
                      &scratch, &v);

    must(v.code == first->code && v.route == first->route);
    must(v.known && keygate_str_eq(fuzz_span(v.key.id, v.key.id_len), id));
}


static void
note(const call_t *c, const keygate_verdict_t *v)
{
    fuzz_saw(v->code);

    if (v->code != KEYGATE_ALLOWED) {
        return;
    }

    if (v->preflight) {
        fuzz_saw(PREFLIGHT);

    } else if (!v->known) {
        fuzz_saw(PUBLIC);
    }

    if (v->route == NULL) {
        fuzz_saw(UNMATCHED);

    } else if (keygate_str_eq(c->request.method, KEYGATE_STR("HEAD"))) {
        fuzz_saw(HEAD);
    }

    if (v->known && v->key.previous) {
        fuzz_saw(BY_OLD);
    }

    if (c->request.rewritten.len) {
        fuzz_saw(REWRITTEN);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned                  i, charged;
    static call_t             c;
    static keygate_verdict_t  v, again;
    static keygate_scratch_t  scratch[2];

    if (table == NULL) {
        people_settle_all();
    }

    if (!call_parse(&c, fuzz_span(data, size))) {
        return 0;
    }

    /* looking changes nothing, so asking comes to the same */

    ask(&c, KEYGATE_CHECK_ONLY, &scratch[0], &v);
    check(&c, &v, KEYGATE_CHECK_ONLY, 0);
    note(&c, &v);

    if (v.known) {
        ask_by_id(&c, &v);
    }

    charged = 0;

    for (i = 0; i < 3; i++) {
        ask(&c, 0, &scratch[1], &again);
        check(&c, &again, 0, charged);
        charged += again.charged;

        must(i > 0 || again.code == v.code);
        fuzz_saw(again.code);
    }

    /* paid for already, no rate refuses it */

    ask(&c, KEYGATE_PAID, &scratch[1], &again);
    must(again.code != KEYGATE_RATE_LIMITED
         && again.code != KEYGATE_QUOTA_EXCEEDED);
    must(again.code == v.code || v.code == KEYGATE_RATE_LIMITED
         || v.code == KEYGATE_QUOTA_EXCEEDED);

    if (v.need_body) {
        check_body(&c, &v);
        fuzz_saw(v.code);
    }

    if (charged) {
        people_as_before();
    }

    return 0;
}
