/*
 * Times and durations as text.
 */

#ifndef KEYGATE_TIME_H
#define KEYGATE_TIME_H

#include "keygate_core.h"


#define KEYGATE_NEVER  INT64_MAX


/*
 * RFC 3339 to Unix time, rounded down to the second, and back ("Z", 20
 * characters and a NUL).  A time must be whole and real: 2026-02-30 and
 * 24:00:00 are not; a leap second counts as the second before it.
 */
keygate_rc_t keygate_time_parse(keygate_str_t text, int64_t *seconds);
void keygate_time_format(int64_t seconds, char text[21]);

/* "90d", "24h", "15m", "30s", or plain "0", to seconds. */
keygate_rc_t keygate_time_duration(keygate_str_t text, int64_t *seconds);


#endif /* KEYGATE_TIME_H */
