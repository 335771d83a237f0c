/*
 * What went wrong with a link, which asks nothing any more then.
 */

#include <stdio.h>

#include "keygate_link_private.h"


keygate_rc_t
keygate_link_fail(keygate_link_t *link, keygate_rc_t rc, const char *what)
{
    link->failed = 1;
    snprintf(link->error, sizeof(link->error), "%s", what);

    return rc;
}


const char *
keygate_link_error(const keygate_link_t *link)
{
    return link->error;
}
