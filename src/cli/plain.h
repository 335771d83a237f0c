/*
 * Text that somebody else has written, on a terminal: characters that nobody
 * sees and that change what is seen beside them are shown as question marks.
 */

#ifndef KEYGATE_CLI_PLAIN_H
#define KEYGATE_CLI_PLAIN_H

#include <stdio.h>


/* In place; it does not become longer. */
void cli_plain(char *text);

void cli_plain_print(FILE *f, const char *text);

/* Members that the core has looked at are printed bare; any others as JSON,
 * which holds no control characters. */
int cli_plain_member(const char *name);


#endif /* KEYGATE_CLI_PLAIN_H */
