/*
 * Calendar months in UTC, counted from the beginning of year 0.
 */

#ifndef KEYGATE_CALENDAR_H
#define KEYGATE_CALENDAR_H

#include <stdint.h>


/* The month that a Unix time is in, and the Unix time when one begins. */
int64_t keygate_month_of(int64_t wall);
int64_t keygate_month_begin(int64_t month);


#endif /* KEYGATE_CALENDAR_H */
