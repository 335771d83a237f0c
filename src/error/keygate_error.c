/*
 * What the gate's refusals are called and say, and the body of any error in
 * one of three formats.  Which error it is, and its headers, others know.
 */

#include <string.h>

#include "keygate_error_private.h"
#include "keygate_uri.h"


#define KEYGATE_QUOTA_TYPE                                                    \
    "https://iana.org/assignments/http-problem-types#quota-exceeded"
#define KEYGATE_QUOTA_TITLE                                                   \
    "Request cannot be satisfied as assigned quota has been exceeded"


typedef struct {
    unsigned       status;
    keygate_str_t  name;
    const char    *title;
    const char    *detail;
} keygate_default_t;


static const keygate_default_t  keygate_defaults[KEYGATE_CODES] = {
    { 200, keygate_string("allowed"), "Allowed", "" },

    { 400, keygate_string("path_ambiguous"), "Ambiguous path",
      "The path can be read in more than one way: send it without encoded "
      "slashes, dot segments, empty segments, ';', '#' and '\\', encoded once "
      "and in UTF-8." },

    { 401, keygate_string("credential_missing"), "Credential missing",
      "No API key was sent with the request." },

    { 400, keygate_string("credential_conflict"), "More than one credential",
      "More than one API key was sent with the request: send exactly one." },

    { 401, keygate_string("credential_invalid"), "Credential not valid",
      "The API key is not valid: check that it was copied whole." },

    { 401, keygate_string("key_revoked"), "Key revoked",
      "This API key has been revoked: use another one." },

    { 401, keygate_string("key_suspended"), "Key suspended",
      "This API key is suspended: ask whoever manages it to resume it." },

    { 401, keygate_string("key_expired"), "Key expired",
      "This API key has expired: use another one." },

    { 403, keygate_string("address_not_allowed"), "Address not allowed",
      "This API key may not be used from this address." },

    { 429, keygate_string("rate_limited"), "Rate limited",
      "Over the limit of {limit} requests; try again in {retry_after} "
      "seconds." },

    { 429, keygate_string("quota_exceeded"), "Quota exceeded",
      "Over the quota of {limit} requests; try again in {retry_after} "
      "seconds." },

    { 403, keygate_string("subscription_lapsed"), "Subscription lapsed",
      "The account has no active subscription: renew it to use this API." },

    { 403, keygate_string("plan_required"), "Other plan required",
      "The plan of the account does not include this: change to one that "
      "does." },

    { 404, keygate_string("route_not_found"), "Route not found",
      "This API has nothing at this path." },

    { 405, keygate_string("method_not_allowed"), "Method not allowed",
      "This path does not support the method of the request: see the Allow "
      "header for those that it does." },

    { 403, keygate_string("insufficient_scope"), "Insufficient scope",
      "This key is missing the required scope: {scope}." },

    { 400, keygate_string("body_invalid"), "Body not valid",
      "The body of the request must be one JSON object in UTF-8, without "
      "duplicate members." },

    { 413, keygate_string("body_too_large"), "Body too large",
      "The body of the request is larger than this API accepts." },

    { 500, keygate_string("unavailable"), "Gate unavailable",
      "The request could not be checked: try again later." }
};


/* What the body is made of, once defaults and overrides are settled. */

typedef struct {
    unsigned        status;
    keygate_str_t   code;
    keygate_str_t   type;          /* the code that the type URI ends in */
    keygate_str_t   title;
    keygate_str_t   detail;
    unsigned        fill:1;        /* there may be placeholders in detail */
    unsigned char   name[64];      /* of a status */
} keygate_said_t;


static void keygate_error_say_status(const keygate_error_t *e,
    keygate_said_t *said);
static void keygate_error_say(const keygate_texts_t *texts,
    const keygate_error_t *e, keygate_said_t *said);
static void keygate_error_names(keygate_buf_t *out, const char *member,
    const keygate_str_t *names, unsigned n);
static void keygate_error_type(keygate_buf_t *out, keygate_str_t prefix,
    const keygate_said_t *said);
static void keygate_error_detail(keygate_buf_t *out,
    const keygate_said_t *said, const keygate_error_t *e);
static void keygate_error_problem(const keygate_texts_t *texts,
    const keygate_said_t *said, const keygate_error_t *e, keygate_buf_t *out);


keygate_str_t
keygate_error_name(keygate_code_e code)
{
    return keygate_defaults[code].name;
}


keygate_code_e
keygate_error_find(keygate_str_t name)
{
    unsigned  i;

    for (i = 0; i < KEYGATE_CODES; i++) {
        if (keygate_str_eq(keygate_defaults[i].name, name)) {
            break;
        }
    }

    return (keygate_code_e) i;
}


unsigned
keygate_error_status(const keygate_texts_t *texts, keygate_code_e code)
{
    return texts->text[code].status ? texts->text[code].status
                                    : keygate_defaults[code].status;
}


keygate_str_t
keygate_error_media_type(keygate_error_format_e format)
{
    if (format == KEYGATE_PROBLEM) {
        return KEYGATE_STR("application/problem+json");
    }

    return KEYGATE_STR("application/json");
}


static void
keygate_error_say_status(const keygate_error_t *e, keygate_said_t *said)
{
    keygate_buf_t  name;

    name.data = said->name;
    name.size = sizeof(said->name);
    name.len = 0;

    keygate_status_code(e->status, &name);

    said->status = e->status;
    said->code.data = said->name;
    said->code.len = name.len;
    said->type = said->code;

    if (e->own_code.len) {
        said->code = e->own_code;

        if (keygate_text_plain(said->code)) {
            said->type = said->code;
        }
    }

    said->title = keygate_span(keygate_status_phrase(e->status));

    said->detail = e->detail.len
                   ? e->detail
                   : keygate_span(keygate_status_detail(e->status));
}


static void
keygate_error_say(const keygate_texts_t *texts, const keygate_error_t *e,
    keygate_said_t *said)
{
    const keygate_text_t     *text;
    const keygate_default_t  *usual;

    memset(said, 0, sizeof(keygate_said_t));

    text = &texts->text[e->code];
    usual = &keygate_defaults[e->code];

    if (e->code == KEYGATE_ALLOWED) {
        keygate_error_say_status(e, said);

    } else {
        said->status = e->status == 407      /* to a proxy of tunnels */
                       || (e->status == 503 && e->code == KEYGATE_UNAVAILABLE)
                       ? e->status : keygate_error_status(texts, e->code);
        said->code = text->code.len ? text->code : usual->name;
        said->type = said->code;
        said->title = keygate_span(texts->types.len ? usual->title
                                   : keygate_status_phrase(said->status));

        if (text->detail.len || e->detail.len == 0) {
            said->fill = 1;
            said->detail = text->detail.len ? text->detail
                                            : keygate_span(usual->detail);

        } else {
            said->detail = e->detail;
        }
    }

    if (said->status == 429 && texts->types.len == 0) {
        said->title = keygate_span(KEYGATE_QUOTA_TITLE);
    }

    if (text->title.len) {
        said->title = text->title;
    }
}


static void
keygate_error_names(keygate_buf_t *out, const char *member,
    const keygate_str_t *names, unsigned n)
{
    unsigned  i;

    keygate_buf_puts(out, ",\"");
    keygate_buf_puts(out, member);
    keygate_buf_puts(out, "\":[");

    for (i = 0; i < n; i++) {
        keygate_buf_puts(out, i ? "," : "");
        keygate_buf_json(out, names[i]);
    }

    keygate_buf_puts(out, "]");
}


static void
keygate_error_type(keygate_buf_t *out, keygate_str_t prefix,
    const keygate_said_t *said)
{
    size_t         i, start;
    keygate_str_t  part;

    if (prefix.len == 0) {
        keygate_buf_puts(out, said->status == 429 ? KEYGATE_QUOTA_TYPE
                                                  : "about:blank");
        return;
    }

    keygate_buf_json_part(out, prefix);

    for (start = 0, i = 0; i <= said->type.len; i++) {
        if (i < said->type.len && said->type.data[i] != '_') {
            continue;
        }

        part.data = said->type.data + start;
        part.len = i - start;
        start = i + 1;

        keygate_buf_json_part(out, part);
        keygate_buf_puts(out, i < said->type.len ? "-" : "");
    }
}


static void
keygate_error_detail(keygate_buf_t *out, const keygate_said_t *said,
    const keygate_error_t *e)
{
    if (!said->fill) {
        keygate_buf_json(out, said->detail);
        return;
    }

    keygate_buf_puts(out, "\"");
    keygate_text_fill_json(said->detail, e, out);
    keygate_buf_puts(out, "\"");
}


static void
keygate_error_problem(const keygate_texts_t *texts, const keygate_said_t *said,
    const keygate_error_t *e, keygate_buf_t *out)
{
    keygate_buf_puts(out, "{\"type\":\"");
    keygate_error_type(out, texts->types, said);
    keygate_buf_puts(out, "\",\"title\":\"");
    keygate_text_fill_json(said->title, e, out);
    keygate_buf_puts(out, "\",\"status\":");
    keygate_buf_num(out, said->status);
    keygate_buf_puts(out, ",\"detail\":");
    keygate_error_detail(out, said, e);

    if (e->instance.len) {
        keygate_buf_puts(out, ",\"instance\":\"");
        keygate_uri_path(out, e->instance);
        keygate_buf_puts(out, "\"");
    }

    keygate_buf_puts(out, ",\"code\":");
    keygate_buf_json(out, said->code);

    if (e->request_id.len) {
        keygate_buf_puts(out, ",\"request_id\":");
        keygate_buf_json(out, e->request_id);
    }

    if (e->scoped) {
        keygate_error_names(out, "required_scopes", e->required,
                            e->n_required);
        keygate_error_names(out, "granted_scopes", e->granted, e->n_granted);
    }

    if (e->retry_after) {
        keygate_buf_puts(out, ",\"retry_after\":");
        keygate_buf_num(out, e->retry_after);
    }

    if (e->n_violated) {
        keygate_error_names(out, "violated-policies", e->violated,
                            e->n_violated);
    }
}


void
keygate_error_body(const keygate_texts_t *texts, const keygate_error_t *e,
    keygate_buf_t *out)
{
    keygate_said_t  said;

    keygate_error_say(texts, e, &said);

    switch (texts->format) {

    case KEYGATE_GRPC:
        if (said.fill) {
            keygate_text_fill_grpc(said.detail, e, out);

        } else {
            keygate_uri_grpc(out, said.detail);
        }

        return;

    case KEYGATE_PROBLEM:
        keygate_error_problem(texts, &said, e, out);
        break;

    case KEYGATE_DETAIL:
        keygate_buf_puts(out, "{\"detail\":");
        keygate_error_detail(out, &said, e);
        break;

    case KEYGATE_ENVELOPE:
        keygate_buf_puts(out, "{\"error\":{\"code\":");
        keygate_buf_json(out, said.code);
        keygate_buf_puts(out, ",\"message\":");
        keygate_error_detail(out, &said, e);
        break;
    }

    if (e->errors.len) {
        keygate_buf_puts(out, ",\"errors\":");
        keygate_buf_put(out, e->errors);
    }

    if (texts->format == KEYGATE_PROBLEM) {
        keygate_buf_put(out, e->members);
    }

    keygate_buf_puts(out, texts->format == KEYGATE_ENVELOPE ? "}}" : "}");
}
