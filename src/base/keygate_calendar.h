/*
 * Calendar months in UTC, counted from the beginning of year 0: month 12 * y
 * is January of the year y.
 */

#ifndef KEYGATE_CALENDAR_H
#define KEYGATE_CALENDAR_H

#include <stdint.h>


#define KEYGATE_DAY_SECONDS  86400


/* The month that a Unix time is in, and the Unix time when one begins. */
int64_t keygate_calendar_month(int64_t wall);
int64_t keygate_calendar_begin(int64_t month);

/* The length of the month that a Unix time is in. */
uint32_t keygate_calendar_seconds(int64_t wall);


#endif /* KEYGATE_CALENDAR_H */
