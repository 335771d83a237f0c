/*
 * One GET, to read from a gateway's admin API.  The library carries it: over
 * TCP or TLS, through the proxy that the environment names.
 */

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "cli.h"


#define CLI_HTTP_TIMEOUT  30L            /* seconds without a byte */
#define CLI_HTTP_MAX      (64 << 20)     /* bytes of an answer */


static size_t cli_http_body(char *data, size_t size, size_t n, void *user);
static CURLcode cli_http_perform(CURL *curl, const char *url,
    const char *token, cli_text_t *body, char *error);
static int cli_http_fault(const char *url, CURLcode rc, const char *error);
static size_t cli_http_base(const char *url);


/* Takes what has come; fewer bytes than that end the transfer. */

static size_t
cli_http_body(char *data, size_t size, size_t n, void *user)
{
    cli_text_t  *body;

    body = user;
    n *= size;

    return body->len + n <= CLI_HTTP_MAX && cli_text_add(body, data, n) ? n : 0;
}


/*
 * A token goes to the host that was named, and to no proxy when that host is
 * this machine.  Authorities are those of the system, or of the file that
 * SSL_CERT_FILE names, as for other programs.
 */

static CURLcode
cli_http_perform(CURL *curl, const char *url, const char *token,
    cli_text_t *body, char *error)
{
    const char         *authorities;
    CURLcode            rc;
    struct curl_slist  *fields;

    fields = curl_slist_append(NULL, "Accept: application/json");

    if (fields == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }

    authorities = getenv("SSL_CERT_FILE");
    (void) curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);

    if (curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK
        || curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        || curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields)
        || curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER)
        || curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token)
        || curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L)
        || curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CLI_HTTP_TIMEOUT)
        || curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, CLI_HTTP_TIMEOUT)
        || curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L)
        || curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, cli_http_body)
        || curl_easy_setopt(curl, CURLOPT_WRITEDATA, body)
        || (authorities != NULL
            && curl_easy_setopt(curl, CURLOPT_CAINFO, authorities))
        || (getenv("no_proxy") == NULL && getenv("NO_PROXY") == NULL
            && curl_easy_setopt(curl, CURLOPT_NOPROXY,
                                "localhost,127.0.0.1,::1")))
    {
        rc = CURLE_OUT_OF_MEMORY;

    } else {
        rc = curl_easy_perform(curl);
    }

    curl_slist_free_all(fields);

    return rc;
}


static int
cli_http_fault(const char *url, CURLcode rc, const char *error)
{
    if (rc == CURLE_URL_MALFORMAT || rc == CURLE_UNSUPPORTED_PROTOCOL) {
        return cli_error(CLI_USAGE, "--admin: expected "
                         "http[s]://HOST[:PORT][/PATH]");
    }

    return cli_error(CLI_IO, "%s: %s", url,
                     error[0] != '\0' ? error : curl_easy_strerror(rc));
}


/* HTTP or HTTPS and a host, then perhaps a path: its length without the last
 * '/', or 0. */

static size_t
cli_http_base(const char *url)
{
    size_t       len;
    const char  *host;

    host = strstr(url, "://");

    if (host == NULL || host[3] == '\0' || host[3] == '/'
        || url[strcspn(url, " \t\r\n?#@")] != '\0')
    {
        return 0;
    }

    len = strlen(url);

    while (url[len - 1] == '/') {
        len--;
    }

    return len;
}


int
cli_http_get(const char *text, const char *path, const char *token,
    cli_text_t *body)
{
    char         error[CURL_ERROR_SIZE];
    CURL        *curl;
    long         status;
    size_t       base;
    CURLcode     rc;
    cli_text_t   url;

    base = cli_http_base(text);

    if (base == 0) {
        return cli_http_fault(text, CURLE_URL_MALFORMAT, "");
    }

    memset(&url, 0, sizeof(cli_text_t));
    curl = curl_easy_init();

    if (curl == NULL || !cli_text_add(&url, text, base)
        || !cli_text_puts(&url, path) || !cli_text_add(&url, "", 1))
    {
        curl_easy_cleanup(curl);
        cli_text_free(&url);
        return cli_error_nomem();
    }

    status = 0;
    error[0] = '\0';
    rc = cli_http_perform(curl, url.data, token, body, error);
    (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    cli_text_free(&url);

    if (rc != CURLE_OK) {
        return cli_http_fault(text, rc, error);
    }

    if (status == 200) {
        return CLI_OK;
    }

    if (status == 401) {
        return cli_error(CLI_FAILED, "%s: 401, the token is not accepted",
                         text);
    }

    return cli_error(CLI_FAILED, "%s: %ld; is it the admin API?", text,
                     status);
}
