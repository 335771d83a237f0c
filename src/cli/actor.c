/*
 * Who changes a record by the command: "cli:" and the name of the user who
 * runs it, or who has become root by sudo.  It is told, and proves nothing:
 * who may write the journal may write any name there.
 */

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"


#define CLI_USER_MAX   64
#define CLI_ENTRY_MAX  4096              /* of the users' database */


static void cli_user(char name[CLI_USER_MAX + 1]);
static json_t *cli_actor(void);


static void
cli_user(char name[CLI_USER_MAX + 1])
{
    char            entry[CLI_ENTRY_MAX];
    uid_t           uid;
    const char     *sudo;
    struct passwd   user, *found;

    uid = getuid();
    sudo = uid == 0 ? getenv("SUDO_USER") : NULL;

    if (sudo != NULL && sudo[0] != '\0') {
        snprintf(name, CLI_USER_MAX + 1, "%s", sudo);

    } else if (getpwuid_r(uid, &user, entry, sizeof(entry), &found) == 0
               && found != NULL && user.pw_name[0] != '\0')
    {
        snprintf(name, CLI_USER_MAX + 1, "%s", user.pw_name);

    } else {
        snprintf(name, CLI_USER_MAX + 1, "%llu", (unsigned long long) uid);
    }
}


/* An environment may hold anything: of a name nothing is taken that is not a
 * visible character of ASCII. */

static json_t *
cli_actor(void)
{
    char  *p, name[CLI_USER_MAX + 1];

    cli_user(name);

    for (p = name; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~') {
            *p = '?';
        }
    }

    return json_sprintf("cli:%s", name);
}


json_t *
cli_actor_sign(const json_t *before, json_t *after)
{
    if (after == NULL || json_object_get(after, "deleted") != NULL
        || (before != NULL && json_equal(before, after)))
    {
        return after;
    }

    if (json_object_set_new(after, "changed_by", cli_actor()) == 0) {
        return after;
    }

    json_decref(after);

    return NULL;
}
