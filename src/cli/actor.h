/*
 * Who changes a record by the command.
 */

#ifndef KEYGATE_CLI_ACTOR_H
#define KEYGATE_CLI_ACTOR_H

#include <jansson.h>


/*
 * A record that is written, with who has changed it in "changed_by"; as it is
 * when it says the same as "before", which is NULL for a new one, or deletes.
 * Takes and gives back the reference; NULL when out of memory, or when it was
 * NULL.
 */
json_t *cli_actor_sign(const json_t *before, json_t *after);


#endif /* KEYGATE_CLI_ACTOR_H */
