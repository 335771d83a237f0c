/*
 * The calendar: when months begin.  All that is known of leap years is here.
 */

#include "keygate_calendar.h"


int64_t
keygate_calendar_begin(int64_t month)
{
    int64_t  year, days;

    /* years that begin in March have their odd day at the end; 400 of them,
     * of 146097 days, are put before the year 0, so that none is negative */

    month += 4800 - 2;
    year = month / 12;
    month %= 12;

    days = year * 365 + year / 4 - year / 100 + year / 400
           + (month * 153 + 2) / 5;

    return (days - 146097 - 719468) * KEYGATE_DAY_SECONDS;
}


int64_t
keygate_calendar_month(int64_t wall)
{
    int64_t  month;

    /* 400 years have 4800 months and 146097 days */

    month = 1970 * 12 + wall / KEYGATE_DAY_SECONDS * 4800 / 146097;

    while (keygate_calendar_begin(month) > wall) {
        month--;
    }

    while (keygate_calendar_begin(month + 1) <= wall) {
        month++;
    }

    return month;
}


uint32_t
keygate_calendar_seconds(int64_t wall)
{
    int64_t  month;

    month = keygate_calendar_month(wall);

    return (uint32_t) (keygate_calendar_begin(month + 1)
                       - keygate_calendar_begin(month));
}
