/*
 * A zone's journal: a handle of it, which reports the lines that it skips;
 * whether it is this configuration's journal that the table holds; and whether
 * it has only become longer.
 */

#include "ngx_http_keygate.h"


#define NGX_HTTP_KEYGATE_REPORTS       1000  /* bad lines logged one by one */


void
ngx_http_keygate_journal_own(ngx_http_keygate_zone_t *zone)
{
    zone->shared->journal = ngx_crc32_long(zone->journal.data,
                                           zone->journal.len);
    zone->shared->loaded = zone->loaded;
}


ngx_uint_t
ngx_http_keygate_journal_owns(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->journal
           == ngx_crc32_long(zone->journal.data, zone->journal.len);
}


keygate_journal_t *
ngx_http_keygate_journal_follower(ngx_http_keygate_zone_t *zone)
{
    keygate_journal_conf_t  conf;

    ngx_http_keygate_journal_reads(zone, &conf);

    return keygate_journal_create((char *) zone->journal.data, &conf);
}


void
ngx_http_keygate_journal_reads(ngx_http_keygate_zone_t *zone,
    keygate_journal_conf_t *conf)
{
    ngx_memzero(conf, sizeof(keygate_journal_conf_t));

    conf->hmac = (zone->pepper.len != 0);
    conf->must_exist = 1;
    conf->reject = ngx_http_keygate_journal_reject;
    conf->told = ngx_http_keygate_journal_audit;
    conf->by = "cli:";
    conf->data = zone;
}


void
ngx_http_keygate_journal_reject(void *data, uint64_t line,
    const keygate_fault_t *fault)
{
    ngx_http_keygate_zone_t *zone = data;

    if (++zone->reported > NGX_HTTP_KEYGATE_REPORTS) {
        return;
    }

    ngx_log_error(NGX_LOG_WARN, zone->log, 0,
                  "keygate zone \"%V\": line %uL of \"%V\" is %s, %s%s%s; %s%s",
                  &zone->name, line, &zone->journal,
                  fault->late ? "put off" : "skipped",
                  fault->pointer[0] ? fault->pointer : "it",
                  fault->reason[0] ? " " : "", fault->reason,
                  fault->late ? "what it names opens nothing until there is"
                              : "correct it and append it again",
                  (zone->reported == NGX_HTTP_KEYGATE_REPORTS)
                  ? " (further lines are counted only; \"keygate check\" "
                    "lists them all)"
                  : "");
}


ngx_uint_t
ngx_http_keygate_journal_grown(ngx_http_keygate_zone_t *zone)
{
    ngx_file_info_t      fi;
    keygate_position_t  *position;

    position = keygate_table_position(zone->table);

    return zone->store && position->ino
           && ngx_file_info(zone->journal.data, &fi) != NGX_FILE_ERROR
           && position->dev == fi.st_dev && position->ino == fi.st_ino
           && position->offset <= (uint64_t) ngx_file_size(&fi);
}
