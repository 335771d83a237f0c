/*
 * What keys are used for: counted with each decision, and written into files
 * from a thread of one worker.
 *
 *   ngx_http_keygate_usage.c        writing
 *   ngx_http_keygate_usage_dir.c    "usage=", and its directory
 */

#ifndef _NGX_HTTP_KEYGATE_USAGE_H_INCLUDED_
#define _NGX_HTTP_KEYGATE_USAGE_H_INCLUDED_


#include "ngx_http_keygate.h"

#include "keygate_usage.h"


#define NGX_HTTP_KEYGATE_WANTED  256     /* bytes of what is said of it */


/* ngx_http_keygate_usage.c */

/* From worker 0: writes twice a minute.  NGX_OK, or NGX_ERROR: no memory. */
ngx_int_t ngx_http_keygate_usage_start(ngx_http_keygate_zone_t *zone);
/* The process ends: writes what is not written yet. */
void ngx_http_keygate_usage_stop(ngx_http_keygate_zone_t *zone);
/* What has been counted of a key, and is in no file yet, into usage of the
 * hours "u[0]" and "u[1]", which are set but for that.  Any thread. */
void ngx_http_keygate_usage_pending(ngx_http_keygate_zone_t *zone,
    const keygate_key_t *key, int64_t hour, keygate_usage_t u[2]);


/* ngx_http_keygate_usage_dir.c */

/* What "usage=DIR" does, for a zone of that size. */
ngx_int_t ngx_http_keygate_usage_conf(ngx_conf_t *cf,
    ngx_http_keygate_zone_t *zone, ngx_str_t *dir, size_t size);
/* The directory must be there, for the workers to write, or be possible to
 * make; a new one belongs to their user. */
ngx_int_t ngx_http_keygate_usage_prepare(ngx_http_keygate_zone_t *zone);
/* Who should own what has that path, and how, to be said after an error. */
void ngx_http_keygate_usage_wanted(ngx_http_keygate_zone_t *zone,
    const char *path, u_char *buf, size_t size);


#endif /* _NGX_HTTP_KEYGATE_USAGE_H_INCLUDED_ */
