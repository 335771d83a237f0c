/*
 * What the command prints, and how it says what is wrong; texts and JSON that
 * it does so with.  cli.h includes this.
 */

#ifndef KEYGATE_CLI_PRINT_H
#define KEYGATE_CLI_PRINT_H


/* -- error.c */

/* "keygate: ..." and a line's end on stderr; returns "code". */
int cli_error(int code, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void cli_note(const cli_t *cli, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Says why the journal could not be read or written, by result code and
 * errno. */
int cli_error_journal(const cli_t *cli, keygate_rc_t rc);

/* Says every fault of a request in terms of options; gives "faults" back. */
int cli_error_faults(json_t *faults);

int cli_error_nomem(void);


/* -- print.c */

/* A JSON value, and a line's end; or in compact form, without. 0 when out of
 * memory. */
int cli_print_json(const json_t *json);
int cli_print_compact(const json_t *json);

/* A record for people: a line a member. */
void cli_print_record(const cli_t *cli, keygate_kind_e kind,
    const json_t *view);

/* Whether all that was printed has got out, a JSON value too: exit codes. */
int cli_print_flush(void);
int cli_print_whole(const json_t *json);


/* -- text.c */

/* 0 when out of memory. */
int cli_text_add(cli_text_t *t, const void *data, size_t len);
int cli_text_puts(cli_text_t *t, const char *s);
void cli_text_free(cli_text_t *t);       /* cleansed */


/* -- json.c */

keygate_str_t cli_json_span(const json_t *json);

/* A member of the request or of a record that is a string, or NULL. */
const char *cli_json_text(const json_t *json, const char *name);

/* A member that is a time, or "none". */
int64_t cli_json_time(const json_t *record, const char *name, int64_t none);

/* As keygate_change_view(), in place, for who has a million of them. */
void cli_json_hide(keygate_record_t *record, int64_t now);


#endif /* KEYGATE_CLI_PRINT_H */
