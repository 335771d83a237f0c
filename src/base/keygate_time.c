/*
 * Times and durations as text: RFC 3339 to Unix time and back.  Calendar
 * arithmetic only; what time it is, is the caller's affair.
 */

#include <string.h>

#include "keygate_calendar.h"
#include "keygate_time.h"


/* Of 0000-01-01T00:00:00Z and of 9999-12-31T23:59:59Z. */

#define KEYGATE_TIME_FIRST   INT64_C(-62167219200)
#define KEYGATE_TIME_LAST    INT64_C(253402300799)


typedef struct {
    int  year;
    int  month;                          /* 1 to 12 */
    int  day;
    int  hour;
    int  minute;
    int  second;
    int  offset;                         /* minutes east of UTC */
} keygate_civil_t;


static int64_t keygate_civil_month(const keygate_civil_t *c, int next);
static int64_t keygate_civil_seconds(const keygate_civil_t *c);
static int keygate_digits(const unsigned char *p, unsigned n);
static int keygate_time_zone(const unsigned char *p, const unsigned char *end,
    int *offset);
static int keygate_civil_valid(const keygate_civil_t *c);
static void keygate_civil(int64_t seconds, keygate_civil_t *c);
static int keygate_leap_second(int64_t after);
static char *keygate_put_digits(char *p, int value, unsigned n);


/* The Unix time when its month begins, or "next" ones later. */

static int64_t
keygate_civil_month(const keygate_civil_t *c, int next)
{
    return keygate_calendar_begin(c->year * 12 + c->month - 1 + next);
}


static int64_t
keygate_civil_seconds(const keygate_civil_t *c)
{
    return keygate_civil_month(c, 0)
           + (c->day - 1) * KEYGATE_DAY_SECONDS
           + ((c->hour * 60 + c->minute) - c->offset) * INT64_C(60)
           + c->second;
}


/* "n" digits at "p", or -1. */

static int
keygate_digits(const unsigned char *p, unsigned n)
{
    int  value;

    for (value = 0; n > 0; n--, p++) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        value = value * 10 + (*p - '0');
    }

    return value;
}


/* What follows the seconds: a fraction, and 'Z' or an offset. */

static int
keygate_time_zone(const unsigned char *p, const unsigned char *end,
    int *offset)
{
    int  hours, minutes;

    if (p < end && *p == '.') {
        p++;

        if (p == end || *p < '0' || *p > '9') {
            return 0;
        }

        while (p < end && *p >= '0' && *p <= '9') {
            p++;
        }
    }

    if (end - p == 1 && (*p == 'Z' || *p == 'z')) {
        *offset = 0;
        return 1;
    }

    if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':') {
        return 0;
    }

    hours = keygate_digits(p + 1, 2);
    minutes = keygate_digits(p + 4, 2);

    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return 0;
    }

    *offset = hours * 60 + minutes;

    if (*p == '-') {
        *offset = -*offset;
    }

    return 1;
}


static int
keygate_civil_valid(const keygate_civil_t *c)
{
    int64_t  length;

    if (c->year < 0 || c->month < 1 || c->month > 12) {
        return 0;
    }

    length = keygate_civil_month(c, 1) - keygate_civil_month(c, 0);

    return c->day >= 1 && c->day <= length / KEYGATE_DAY_SECONDS
           && c->hour >= 0 && c->hour <= 23
           && c->minute >= 0 && c->minute <= 59
           && c->second >= 0 && c->second <= 60;
}


static void
keygate_civil(int64_t seconds, keygate_civil_t *c)
{
    int64_t  month, rest;

    month = keygate_calendar_month(seconds);

    c->year = (int) (month / 12);
    c->month = (int) (month % 12) + 1;
    c->offset = 0;

    rest = seconds - keygate_calendar_begin(month);

    c->day = (int) (rest / KEYGATE_DAY_SECONDS) + 1;
    rest %= KEYGATE_DAY_SECONDS;

    c->hour = (int) (rest / 3600);
    c->minute = (int) (rest / 60 % 60);
    c->second = (int) (rest % 60);
}


/* A leap second is the last one of a month, in UTC. */

static int
keygate_leap_second(int64_t after)
{
    keygate_civil_t  c;

    keygate_civil(after, &c);

    return c.day == 1 && c.hour == 0 && c.minute == 0 && c.second == 0;
}


keygate_rc_t
keygate_time_parse(keygate_str_t text, int64_t *seconds)
{
    int64_t               t;
    keygate_civil_t       c;
    const unsigned char  *p;

    p = text.data;

    if (text.len < 20 || p[4] != '-' || p[7] != '-'
        || (p[10] != 'T' && p[10] != 't') || p[13] != ':' || p[16] != ':')
    {
        return KEYGATE_INVALID;
    }

    c.year = keygate_digits(p, 4);
    c.month = keygate_digits(p + 5, 2);
    c.day = keygate_digits(p + 8, 2);
    c.hour = keygate_digits(p + 11, 2);
    c.minute = keygate_digits(p + 14, 2);
    c.second = keygate_digits(p + 17, 2);

    if (!keygate_civil_valid(&c)
        || !keygate_time_zone(p + 19, p + text.len, &c.offset))
    {
        return KEYGATE_INVALID;
    }

    t = keygate_civil_seconds(&c);

    if (t < KEYGATE_TIME_FIRST || t > KEYGATE_TIME_LAST) {
        return KEYGATE_INVALID;
    }

    if (c.second == 60) {
        if (!keygate_leap_second(t)) {
            return KEYGATE_INVALID;
        }

        t--;
    }

    *seconds = t;

    return KEYGATE_OK;
}


static char *
keygate_put_digits(char *p, int value, unsigned n)
{
    unsigned  i;

    for (i = n; i > 0; i--) {
        p[i - 1] = (char) ('0' + value % 10);
        value /= 10;
    }

    return p + n;
}


void
keygate_time_format(int64_t seconds, char text[21])
{
    char             *p;
    keygate_civil_t   c;

    if (seconds < KEYGATE_TIME_FIRST) {
        seconds = KEYGATE_TIME_FIRST;
    }

    if (seconds > KEYGATE_TIME_LAST) {
        seconds = KEYGATE_TIME_LAST;
    }

    keygate_civil(seconds, &c);

    p = keygate_put_digits(text, c.year, 4);
    *p++ = '-';
    p = keygate_put_digits(p, c.month, 2);
    *p++ = '-';
    p = keygate_put_digits(p, c.day, 2);
    *p++ = 'T';
    p = keygate_put_digits(p, c.hour, 2);
    *p++ = ':';
    p = keygate_put_digits(p, c.minute, 2);
    *p++ = ':';
    p = keygate_put_digits(p, c.second, 2);
    *p++ = 'Z';
    *p = '\0';
}


keygate_rc_t
keygate_time_duration(keygate_str_t text, int64_t *seconds)
{
    int      value;
    int64_t  unit;

    if (text.len == 1 && text.data[0] == '0') {
        *seconds = 0;
        return KEYGATE_OK;
    }

    if (text.len < 2 || text.len > 10) {
        return KEYGATE_INVALID;
    }

    switch (text.data[text.len - 1]) {

    case 's':
        unit = 1;
        break;

    case 'm':
        unit = 60;
        break;

    case 'h':
        unit = 3600;
        break;

    case 'd':
        unit = KEYGATE_DAY_SECONDS;
        break;

    default:
        return KEYGATE_INVALID;
    }

    value = keygate_digits(text.data, (unsigned) text.len - 1);

    if (value < 0) {
        return KEYGATE_INVALID;
    }

    *seconds = value * unit;

    return KEYGATE_OK;
}
