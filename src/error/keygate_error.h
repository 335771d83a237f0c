/*
 * Verdict -> status, texts and body, in one of three formats.
 */

#ifndef KEYGATE_ERROR_H
#define KEYGATE_ERROR_H

#include "keygate_core.h"


typedef enum {
    KEYGATE_ALLOWED = 0,
    KEYGATE_PATH_AMBIGUOUS,
    KEYGATE_CREDENTIAL_MISSING,
    KEYGATE_CREDENTIAL_CONFLICT,
    KEYGATE_CREDENTIAL_INVALID,
    KEYGATE_KEY_REVOKED,
    KEYGATE_KEY_SUSPENDED,
    KEYGATE_KEY_EXPIRED,
    KEYGATE_ADDRESS_NOT_ALLOWED,
    KEYGATE_RATE_LIMITED,
    KEYGATE_QUOTA_EXCEEDED,
    KEYGATE_SUBSCRIPTION_LAPSED,
    KEYGATE_PLAN_REQUIRED,
    KEYGATE_ROUTE_NOT_FOUND,
    KEYGATE_METHOD_NOT_ALLOWED,
    KEYGATE_INSUFFICIENT_SCOPE,
    KEYGATE_BODY_INVALID,
    KEYGATE_BODY_TOO_LARGE,
    KEYGATE_UNAVAILABLE,          /* the gate itself failed: 500; or it
                                     cannot know yet: 503 */
    KEYGATE_CODES
} keygate_code_e;


typedef enum {
    KEYGATE_PROBLEM = 0,
    KEYGATE_DETAIL,
    KEYGATE_ENVELOPE,
    KEYGATE_GRPC                  /* of no API: of the requests of gRPC */
} keygate_error_format_e;


/* What an API says in place of the defaults; empty or 0: the default. */

typedef struct {
    unsigned       status;
    keygate_str_t  code;
    keygate_str_t  title;
    keygate_str_t  detail;
} keygate_text_t;


typedef struct {
    keygate_error_format_e  format;
    keygate_str_t           types;                /* problem_types, or empty */
    keygate_text_t          text[KEYGATE_CODES];
} keygate_texts_t;


/* One error, whoever made it.  Empty spans and zeroes are left out. */

typedef struct {
    keygate_code_e        code;          /* KEYGATE_ALLOWED: not the gate's;
                                            go by status */
    unsigned              status;        /* where it is not the gate's */
    keygate_str_t         instance;      /* the path, as received, no query */
    keygate_str_t         request_id;

    keygate_str_t         method;        /* {method} */
    keygate_str_t         path;          /* {path}: decoded path */
    keygate_str_t         plan;          /* {plan} */
    uint32_t              limit;         /* {limit}: of the rate that is
                                            waited for; 0: none */
    uint32_t              retry_after;
    const keygate_str_t  *required;      /* required_scopes: of the NEED */
    unsigned              n_required;
    unsigned              one_of:1;      /* one of these would do */
    const keygate_str_t  *missing;       /* {scope}: of those, the missing */
    unsigned              n_missing;
    const keygate_str_t  *granted;       /* granted_scopes */
    unsigned              n_granted;
    unsigned              scoped:1;      /* show both lists, even when empty */
    const keygate_str_t  *violated;      /* violated-policies */
    unsigned              n_violated;

    /* from an upstream's body, when it had a known shape; for the gate's own
       codes: what is said in place of the default, but not of an override */
    keygate_str_t         detail;        /* its message, UTF-8, unescaped */
    keygate_str_t         errors;        /* its list(s): JSON, as is */
    keygate_str_t         own_code;      /* its code, UTF-8, unescaped */
    keygate_str_t         members;       /* its others: JSON, each behind a
                                            comma */
    size_t                skip;          /* of a body that passes: the bytes
                                            of its byte order mark */
    unsigned              problem:1;     /* it passes, for it is a problem
                                            under another media type */
} keygate_error_t;


/* "credential_missing", ...; "allowed" for KEYGATE_ALLOWED. */
keygate_str_t keygate_error_name(keygate_code_e code);

/* The code with that name, or KEYGATE_CODES. */
keygate_code_e keygate_error_find(keygate_str_t name);

/* The status of a gate's code in this API: the default's or "status=N". */
unsigned keygate_error_status(const keygate_texts_t *texts,
    keygate_code_e code);

/* The reason phrase of a status (RFC 9110; 431, 451, 494 and 599 too), "Error"
 * for others; and the same as a code: "bad_gateway", "payload_too_large". */
const char *keygate_status_phrase(unsigned status);
void keygate_status_code(unsigned status, keygate_buf_t *out);

/* What gRPC calls a status of HTTP. */
unsigned keygate_status_grpc(unsigned status);

/*
 * Whether "detail" text has only the placeholders that exist: {scope}
 * {retry_after} {limit} {method} {path} {plan}.  Returns KEYGATE_OK, or
 * KEYGATE_INVALID with *culprit the one that does not.
 */
keygate_rc_t keygate_text_check(keygate_str_t text, keygate_str_t *culprit);

/* Fills in the placeholders of "text"; raw, not escaped. */
void keygate_text_fill(keygate_str_t text, const keygate_error_t *e,
    keygate_buf_t *out);

/*
 * Writes the body: JSON without an LF at its end.  RFC 9457 for problem: type,
 * title, status, detail, instance, code, request_id, then required_scopes,
 * granted_scopes, retry_after, violated-policies, errors as the case has
 * them, and what an upstream has said beside.  All strings are escaped by
 * keygate_buf_json(), and instance is a URI reference.  For KEYGATE_GRPC it is
 * the value of grpc-message.
 */
void keygate_error_body(const keygate_texts_t *texts, const keygate_error_t *e,
    keygate_buf_t *out);

/* "application/problem+json" or "application/json". */
keygate_str_t keygate_error_media_type(keygate_error_format_e format);


/* What there is to be known of a body from its media type alone. */

typedef enum {
    KEYGATE_TYPE_PROBLEM = 0,     /* application/problem+json */
    KEYGATE_TYPE_JSON,            /* any other JSON, or not said */
    KEYGATE_TYPE_TEXT,            /* text/plain */
    KEYGATE_TYPE_OTHER
} keygate_type_e;

keygate_type_e keygate_error_type_of(keygate_str_t type);

/*
 * Whether what has come of a body so far, of a 4xx that says that it is no
 * JSON, may still come to anything: 0 once it cannot.
 */
int keygate_error_hope(keygate_type_e type, keygate_str_t body);

/*
 * Looks at a body that an upstream made (whole, already decompressed), as
 * section 4 of the contract has it.  A byte order mark is passed over.
 *
 * Returns KEYGATE_OK when it is in the API's format and is to pass unchanged
 * (but for e->problem and e->skip); KEYGATE_AGAIN when it has another known
 * shape: e->detail, e->errors, e->own_code and e->members are set, in memory
 * from "pool"; KEYGATE_NONE when it is anything else; KEYGATE_NOMEM.  For
 * status 500 and above only OK or NONE.  "type" is the media type, parameters
 * included.
 */
keygate_rc_t keygate_error_inspect(keygate_error_format_e format,
    unsigned status, keygate_str_t type, keygate_str_t body,
    const keygate_pool_t *pool, keygate_error_t *e);


#endif /* KEYGATE_ERROR_H */
