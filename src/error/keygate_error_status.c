/*
 * HTTP statuses 400 to 599 as words: the reason phrase, the same as a code,
 * and a sentence for whoever meets one that no API has explained.
 */

#include "keygate_error_private.h"


typedef struct {
    unsigned     status;
    const char  *phrase;
    const char  *detail;
} keygate_status_text_t;


/* For whoever adds one: 413 is what the contract calls payload_too_large. */

static const keygate_status_text_t  keygate_statuses[] = {
    { 400, "Bad Request",
      "The request is malformed or cannot be accepted as it is." },
    { 401, "Unauthorized", "The request needs valid credentials." },
    { 402, "Payment Required", "The request needs a payment first." },
    { 403, "Forbidden", "The request is not permitted." },
    { 404, "Not Found", "There is nothing at this path." },
    { 405, "Method Not Allowed",
      "This path does not support the method of the request." },
    { 406, "Not Acceptable",
      "There is no representation that the request accepts." },
    { 407, "Proxy Authentication Required",
      "The request needs valid credentials for a proxy." },
    { 408, "Request Timeout", "The request did not arrive in time." },
    { 409, "Conflict",
      "The request conflicts with the present state of the resource." },
    { 410, "Gone", "What was at this path is gone for good." },
    { 411, "Length Required", "The request needs a Content-Length." },
    { 412, "Precondition Failed",
      "A condition in the headers of the request does not hold." },
    { 413, "Payload Too Large", "The body of the request is too large." },
    { 414, "URI Too Long", "The URI of the request is too long." },
    { 415, "Unsupported Media Type",
      "The media type of the request's body is not supported." },
    { 416, "Range Not Satisfiable",
      "The range that was asked for does not exist." },
    { 417, "Expectation Failed",
      "The Expect header of the request cannot be met." },
    { 418, "I'm a Teapot", "The request cannot be served here." },
    { 421, "Misdirected Request",
      "The request was sent to a server that does not answer for its host." },
    { 422, "Unprocessable Content",
      "The body of the request is well-formed but cannot be processed." },
    { 423, "Locked", "The resource is locked." },
    { 424, "Failed Dependency",
      "The request depends on another one that has failed." },
    { 425, "Too Early",
      "The request might be a replay: send it again after the handshake." },
    { 426, "Upgrade Required", "The request needs another protocol." },
    { 428, "Precondition Required", "The request must be conditional." },
    { 429, "Too Many Requests",
      "There were too many requests: send them more slowly." },
    { 431, "Request Header Fields Too Large",
      "The headers of the request are too large." },
    { 451, "Unavailable For Legal Reasons",
      "The resource is not available for legal reasons." },
    { 494, "Request Header Too Large",
      "The headers of the request are too large." },
    { 495, "SSL Certificate Error",
      "The client certificate was not accepted." },
    { 496, "SSL Certificate Required", "A client certificate is required." },
    { 497, "HTTP Request Sent to HTTPS Port",
      "The request was sent in plain text to a port that speaks TLS." },
    { 499, "Client Closed Request", "The client closed the connection." },
    { 500, "Internal Server Error",
      "The server met an error: try again later." },
    { 501, "Not Implemented", "The server does not support the method." },
    { 502, "Bad Gateway",
      "The service behind this API gave no valid answer: try again later." },
    { 503, "Service Unavailable",
      "The service is not available at present: try again later." },
    { 504, "Gateway Timeout",
      "The service behind this API did not answer in time: try again later." },
    { 505, "HTTP Version Not Supported",
      "The server does not support this version of HTTP." },
    { 506, "Variant Also Negotiates",
      "The server met an error: try again later." },
    { 507, "Insufficient Storage",
      "The server has no room to complete the request." },
    { 508, "Loop Detected", "The server met an error: try again later." },
    { 510, "Not Extended", "The request needs an extension." },
    { 511, "Network Authentication Required",
      "The network needs credentials first." },
    { 599, "Network Connect Timeout Error",
      "The service behind this API did not answer in time: try again later." }
};

#define KEYGATE_STATUSES  (sizeof(keygate_statuses)                           \
                           / sizeof(keygate_status_text_t))


static const keygate_status_text_t *keygate_status_find(unsigned status);


static const keygate_status_text_t *
keygate_status_find(unsigned status)
{
    size_t  i;

    for (i = 0; i < KEYGATE_STATUSES; i++) {
        if (keygate_statuses[i].status == status) {
            return &keygate_statuses[i];
        }
    }

    return NULL;
}


const char *
keygate_status_phrase(unsigned status)
{
    const keygate_status_text_t  *text;

    text = keygate_status_find(status);

    return text == NULL ? "Error" : text->phrase;
}


const char *
keygate_status_detail(unsigned status)
{
    const keygate_status_text_t  *text;

    text = keygate_status_find(status);

    if (text != NULL) {
        return text->detail;
    }

    return status < 500 ? "The request cannot be served."
                        : "The server met an error: try again later.";
}


unsigned
keygate_status_grpc(unsigned status)
{
    switch (status) {

    case 400:
        return 3;                  /* INVALID_ARGUMENT */

    case 401:
        return 16;                 /* UNAUTHENTICATED */

    case 403:
        return 7;                  /* PERMISSION_DENIED */

    case 404:
        return 12;                 /* UNIMPLEMENTED */

    case 413:
    case 429:
        return 8;                  /* RESOURCE_EXHAUSTED */

    case 502:
    case 503:
        return 14;                 /* UNAVAILABLE */

    case 504:
        return 4;                  /* DEADLINE_EXCEEDED */

    default:
        return status < 500 ? 2 : 13;      /* UNKNOWN, INTERNAL */
    }
}


void
keygate_status_code(unsigned status, keygate_buf_t *out)
{
    char         c[2];
    const char  *p;

    c[1] = '\0';

    for (p = keygate_status_phrase(status); *p != '\0'; p++) {
        c[0] = *p;

        if (c[0] == '\'') {
            continue;
        }

        if (c[0] == ' ' || c[0] == '-') {
            c[0] = '_';

        } else if (c[0] >= 'A' && c[0] <= 'Z') {
            c[0] = (char) (c[0] | 0x20);
        }

        keygate_buf_puts(out, c);
    }
}
