/*
 * setup: a first gate, from nothing to a request that is answered.  It makes
 * a journal with an account and a key, a token for the admin API, and a site;
 * has nginx test it all; and loads it.
 *
 * A file that is there is left as it is, so that it can be run again.  When
 * nginx does not take what was made, all of it is removed again: it shall not
 * be what keeps nginx from starting.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "actor.h"
#include "gate.h"


#define CLI_GATE_ACCOUNT  "first"
#define CLI_GATE_TOKEN    32             /* bytes */


static const char *cli_gate_default(const char *value, const char *otherwise);
static int cli_gate_open(cli_t *cli, cli_gate_t *gate);
static int cli_gate_key(cli_t *cli, cli_gate_t *gate,
    char hex[2 * KEYGATE_DIGEST_LEN + 1]);
static int cli_gate_records(cli_t *cli, cli_gate_t *gate, cli_text_t *lines);
static int cli_gate_begin(cli_t *cli, cli_gate_t *gate,
    const cli_text_t *lines);
static int cli_gate_journal(cli_t *cli, cli_gate_t *gate);
static int cli_gate_token(cli_t *cli, cli_gate_t *gate);
static int cli_gate_configure(cli_gate_t *gate);
static int cli_gate_make(cli_t *cli, cli_gate_t *gate);
static void cli_gate_done_all(cli_gate_t *gate, int stays);


static const char *
cli_gate_default(const char *value, const char *otherwise)
{
    return value != NULL ? value : otherwise;
}


static int
cli_gate_open(cli_t *cli, cli_gate_t *gate)
{
    int          rc;
    const char  *data, *etc, *conf;

    gate->name = cli->args[0];
    gate->listen = cli_gate_default(cli->listen, "127.0.0.1:8080");
    gate->admin = cli_gate_default(cli->listen_admin, "127.0.0.1:8090");
    gate->upstream = cli_gate_default(cli->upstream, "http://127.0.0.1:3000");

    data = cli->data_dir = cli_gate_default(cli->data_dir, "/var/lib/keygate");
    etc = cli->etc_dir = cli_gate_default(cli->etc_dir, "/etc/keygate");
    conf = cli->conf_dir = cli_gate_default(cli->conf_dir,
                                            "/etc/nginx/conf.d");

    rc = cli_gate_path(&gate->journal, data, "", gate->name, ".jsonl");
    rc = rc != CLI_OK ? rc : cli_gate_path(&gate->token, etc, "", gate->name,
                                           ".token");
    rc = rc != CLI_OK ? rc : cli_gate_path(&gate->digest, etc, "", gate->name,
                                           ".sha256");
    rc = rc != CLI_OK ? rc : cli_gate_path(&gate->site, conf, "keygate-",
                                           gate->name, ".conf");

    rc = rc != CLI_OK ? rc : cli_gate_words(gate);

    rc = rc != CLI_OK ? rc : cli_gate_local(gate);

    return rc != CLI_OK ? rc : cli_gate_apart(gate);
}


/* The key's credential, and its digest in hex. */

static int
cli_gate_key(cli_t *cli, cli_gate_t *gate,
    char hex[2 * KEYGATE_DIGEST_LEN + 1])
{
    char           format[128];
    unsigned char  digest[KEYGATE_DIGEST_LEN];

    if (!cli_gate_format(gate, format, sizeof(format))
        || cli_setup_add_formats(cli, format) != CLI_OK)
    {
        return CLI_FAILED;
    }

    if (keygate_credential_make(&cli->formats[cli->n_formats - 1], gate->id,
                                gate->credential)
        != KEYGATE_OK)
    {
        return cli_error(CLI_FAILED, "there is no randomness");
    }

    cli->digester = keygate_digester_create(KEYGATE_STR(""));

    if (cli->digester == NULL
        || keygate_digest(cli->digester, keygate_span(gate->credential),
                          digest)
           != KEYGATE_OK)
    {
        return cli_error_nomem();
    }

    keygate_digest_hex(digest, hex);

    return CLI_OK;
}


static int
cli_gate_records(cli_t *cli, cli_gate_t *gate, cli_text_t *lines)
{
    int             rc;
    char            hex[2 * KEYGATE_DIGEST_LEN + 1];
    json_t         *request, *record, *faults;
    keygate_hex_t   digest;

    rc = cli_gate_key(cli, gate, hex);

    if (rc != CLI_OK) {
        return rc;
    }

    digest.hex = hex;
    digest.hmac = 0;

    request = json_pack("{s:s}", "name", "First account");
    record = request == NULL
             ? NULL : keygate_change_put_account(CLI_GATE_ACCOUNT, NULL,
                                                 request, NULL, &faults);
    record = cli_actor_sign(NULL, record);
    json_decref(request);

    rc = request == NULL ? cli_error_nomem()
                         : cli_change_add(lines, KEYGATE_ACCOUNT, record,
                                          faults);
    if (rc != CLI_OK) {
        return rc;
    }

    request = json_pack("{s:s, s:s, s:o}", "account", CLI_GATE_ACCOUNT,
                        "name", "First key", "scopes", cli_gate_scopes(gate));
    record = request == NULL
             ? NULL : keygate_change_create_key(request, gate->id, &digest,
                                                cli->now, NULL, &faults);
    record = cli_actor_sign(NULL, record);
    json_decref(request);

    return request == NULL ? cli_error_nomem()
                           : cli_change_add(lines, KEYGATE_KEY, record,
                                            faults);
}


/* An empty journal is where a gate begins: its owner and mode stay. */

static int
cli_gate_begin(cli_t *cli, cli_gate_t *gate, const cli_text_t *lines)
{
    int            rc;
    uint64_t       at, end;
    keygate_rc_t   krc;
    keygate_str_t  span;

    cli->journal_path = gate->journal.path;
    rc = cli_setup_file(cli, 0);

    if (rc != CLI_OK) {
        return rc;
    }

    krc = keygate_journal_begin(cli->journal);

    if (krc != KEYGATE_OK) {
        return cli_error_journal(cli, krc);
    }

    if (cli_gate_empty(&gate->journal)) {
        span.data = (unsigned char *) lines->data;
        span.len = lines->len;
        krc = keygate_journal_append(cli->journal, span, &at, &end);
        rc = cli_error_journal(cli, krc);

    } else {
        rc = cli_error(CLI_CONFLICT, "%s: somebody else has begun it: run "
                       "this again", gate->journal.path);
    }

    keygate_journal_end(cli->journal);

    return rc;
}


static int
cli_gate_journal(cli_t *cli, cli_gate_t *gate)
{
    int         rc;
    cli_text_t  lines;

    memset(&lines, 0, sizeof(cli_text_t));

    rc = cli_gate_records(cli, gate, &lines);

    if (rc == CLI_OK) {
        rc = cli_gate_there(&gate->journal)
             ? cli_gate_begin(cli, gate, &lines)
             : cli_gate_write(&gate->journal, lines.data, lines.len, 0600, 1);
        gate->keyed = rc == CLI_OK;
    }

    cli_text_free(&lines);

    return rc;
}


/* The token for people, its digest for nginx: both, or none. */

static int
cli_gate_token(cli_t *cli, cli_gate_t *gate)
{
    int                  rc;
    char                 token[2 * CLI_GATE_TOKEN + 1];
    char                 hex[2 * KEYGATE_DIGEST_LEN + 1];
    unsigned char        bytes[CLI_GATE_TOKEN], digest[KEYGATE_DIGEST_LEN];
    keygate_digester_t  *digester;

    if (mkdir(cli->etc_dir, 0700) != 0 && errno != EEXIST) {
        return cli_error(CLI_IO, "%s: %s", cli->etc_dir, strerror(errno));
    }

    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return cli_error(CLI_FAILED, "there is no randomness");
    }

    keygate_digest_hex(bytes, token);

    digester = keygate_digester_create(KEYGATE_STR(""));
    rc = digester != NULL
         && keygate_digest(digester, keygate_span(token), digest)
            == KEYGATE_OK
         ? CLI_OK : cli_error_nomem();
    keygate_digester_destroy(digester);

    if (rc == CLI_OK) {
        keygate_digest_hex(digest, hex);

        token[2 * CLI_GATE_TOKEN] = '\n';
        hex[2 * KEYGATE_DIGEST_LEN] = '\n';

        rc = cli_gate_write(&gate->token, token, sizeof(token), 0600, 0);
        rc = rc != CLI_OK ? rc : cli_gate_write(&gate->digest, hex,
                                                sizeof(hex), 0600, 0);
    }

    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(token, sizeof(token));

    return rc;
}


static int
cli_gate_configure(cli_gate_t *gate)
{
    int         rc;
    cli_text_t  text;

    memset(&text, 0, sizeof(cli_text_t));

    rc = cli_gate_site(gate, &text);

    if (rc == CLI_OK) {
        rc = cli_gate_write(&gate->site, text.data, text.len, 0644, 0);
    }

    cli_text_free(&text);

    if (rc == CLI_OK && cli_gate_nginx("-t", "-q") != 0) {
        return cli_error(CLI_FAILED, "\"nginx -t\" does not take %s: all that "
                         "was made is removed again", gate->site.path);
    }

    if (rc == CLI_OK && !cli_gate_included(&gate->site)) {
        return cli_error(CLI_FAILED, "nginx does not read %s: all that was "
                         "made is removed again; --conf is for a directory "
                         "whose files nginx.conf includes at \"http\" level",
                         gate->site.path);
    }

    return rc;
}


static int
cli_gate_make(cli_t *cli, cli_gate_t *gate)
{
    int  rc, site;

    site = cli_gate_there(&gate->site);
    rc = CLI_OK;

    if (!site && cli_gate_nginx("-t", "-q") != 0) {
        return cli_error(CLI_FAILED, "\"nginx -t\" fails as it is: mend that "
                         "first; nothing was made");
    }

    if (!site && cli_gate_free(gate) != CLI_OK) {
        return CLI_FAILED;
    }

    if (!cli_gate_there(&gate->journal)) {
        rc = cli_gate_journal(cli, gate);

    } else if (access(gate->journal.path, F_OK) != 0) {
        rc = cli_error(CLI_IO, "%s: a link: %s", gate->journal.path,
                       strerror(errno));
    }

    if (rc == CLI_OK && !cli_gate_there(&gate->token)
        && !cli_gate_there(&gate->digest))
    {
        rc = cli_gate_token(cli, gate);
    }

    if (rc == CLI_OK && !site) {
        rc = cli_gate_configure(gate);
    }

    /* last, for it cannot be taken back; and of a gate that is there it might
     * be all that its nginx then has */

    if (rc == CLI_OK && !site && cli_gate_empty(&gate->journal)) {
        rc = cli_gate_journal(cli, gate);
    }

    return rc;
}


static void
cli_gate_done_all(cli_gate_t *gate, int stays)
{
    cli_gate_done(&gate->site, stays);
    cli_gate_done(&gate->digest, stays);
    cli_gate_done(&gate->token, stays);
    cli_gate_done(&gate->journal, stays);
}


int
cli_gate(cli_t *cli)
{
    int         rc;
    cli_gate_t  gate;

    memset(&gate, 0, sizeof(cli_gate_t));

    rc = cli_gate_open(cli, &gate);
    rc = rc != CLI_OK ? rc : cli_gate_document(cli, &gate);

    if (rc == CLI_OK) {
        rc = cli_gate_make(cli, &gate);
        cli_gate_done_all(&gate, rc == CLI_OK);
    }

    if (rc == CLI_OK) {
        gate.told = (gate.site.made || gate.digest.made)
                    && cli_gate_nginx("-s", "reload") == 0;
        gate.loaded = gate.told
                      && (!gate.site.made || cli_gate_listens(&gate));
        rc = cli_gate_tell(cli, &gate);
        rc = rc != CLI_OK ? rc : cli_gate_document_same(&gate);
    }

    cli_gate_document_free(&gate);
    OPENSSL_cleanse(gate.credential, sizeof(gate.credential));

    return rc;
}
