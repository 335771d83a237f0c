/*
 * --help, from the tables of commands and options, so that it cannot tell of
 * what is not there.
 */

#include <string.h>

#include "cli.h"


static void cli_help_option(const cli_option_t *o, FILE *out);


void
cli_help(FILE *out)
{
    int                   n;
    const cli_command_t  *c;

    fputs("keygate keeps the keys of an API gateway, in the journal that the "
          "gateway follows.\n\nusage: keygate COMMAND [OPTIONS]\n\n", out);

    for (c = cli_commands; c->name != NULL; c++) {
        n = fprintf(out, "  %s%s%s%s%s", c->group ? c->group : "",
                    c->group ? " " : "", c->name, c->args[0] ? " " : "",
                    c->args);
        fprintf(out, "%*s%s\n", n < 24 ? 24 - n : 1, "", c->summary);
    }

    fputs("\n\"keygate COMMAND --help\" tells more. Exit codes: 0 done, "
          "1 refused or failed,\n2 wrong usage, 3 not found, 4 in conflict "
          "with what is there, or not healthy,\n5 input or output failed.\n",
          out);
}


static void
cli_help_option(const cli_option_t *o, FILE *out)
{
    int          n, width;
    const char  *p;

    n = fprintf(out, "  --%s%s%s", o->name, o->value ? " " : "",
                o->value ? o->value : "");

    width = 30;

    if (n < width) {
        fprintf(out, "%*s", width - n, "");

    } else {
        fprintf(out, "\n%*s", width, "");
    }

    for (n = width, p = o->text; *p != '\0'; /* void */ ) {
        size_t  len;

        len = strcspn(p, " ");

        if (p != o->text && n + (int) len > 77) {
            n = fprintf(out, "\n%*s", width, "") - 1;

        } else if (p != o->text) {
            n += fprintf(out, " ");
        }

        n += fprintf(out, "%.*s", (int) len, p);
        p += len + (p[len] == ' ');
    }

    fputc('\n', out);
}


void
cli_help_command(const cli_command_t *c, FILE *out)
{
    const char  *letter;

    fprintf(out, "usage: keygate %s%s%s [OPTIONS]%s%s\n\n"
            "%c%s.\n\n", c->group ? c->group : "", c->group ? " " : "",
            c->name, c->args[0] ? " " : "", c->args,
            c->summary[0] - 'a' + 'A', c->summary + 1);

    for (letter = c->options; *letter != '\0'; letter++) {
        cli_help_option(cli_options_find(*letter), out);
    }

    if (c->text[0] != '\0') {
        fprintf(out, "\n%s", c->text);
    }
}
