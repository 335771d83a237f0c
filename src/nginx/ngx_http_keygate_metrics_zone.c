/*
 * The numbers that a zone is known by: its table, its journal, and what was
 * written there.  Read without its lock: each is right, though perhaps not of
 * the same moment.
 */

#include "ngx_http_keygate_metrics.h"

#include <sys/stat.h>


static uint64_t ngx_http_keygate_metric_size(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_used(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_full(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_keys(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_accounts(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_journal(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_up(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_position(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_lag(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_applied(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_rejected(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_writes(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_written(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_errors(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_reloads(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_loaded(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_applied_at(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_exchanges(
    ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_waits(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_outage(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_early(ngx_http_keygate_zone_t *zone);
static uint64_t ngx_http_keygate_metric_unwritten(
    ngx_http_keygate_zone_t *zone);


const ngx_http_keygate_metric_t  ngx_http_keygate_metrics[] = {

    { "keygate_zone_size_bytes", "Size of the key table.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_size },
    { "keygate_zone_used_bytes", "Of these, not to be had for new records.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_used },
    { "keygate_zone_full", "Whether records have found no room.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_full },
    { "keygate_keys", "Keys in the table, revoked and expired ones included.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_keys },
    { "keygate_accounts", "Accounts in the table.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_accounts },
    { "keygate_journal_up", "Whether the journal can be read and has records: "
      "0 while keys stay as they are for want of it.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_up },
    { "keygate_journal_size_bytes", "Size of the journal.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_journal },
    { "keygate_journal_position_bytes", "How far the journal is applied.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_position },
    { "keygate_journal_lag_bytes", "What of the journal is not yet applied.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_lag },
    { "keygate_journal_applied_lines", "Lines applied to the table.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_applied },
    { "keygate_journal_rejected_lines", "Lines skipped as not valid.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_rejected },
    { "keygate_journal_writes", "Batches of changes written and synced.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_writes },
    { "keygate_journal_written_lines", "Changes in these batches.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_written },
    { "keygate_journal_write_errors", "Batches that could not be written.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_errors },
    { "keygate_reloads", "Configurations that have taken the table over.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_reloads },
    { "keygate_reload_timestamp_seconds", "When the last one has, Unix time.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_loaded },
    { "keygate_journal_applied_timestamp_seconds", "When a line was last "
      "applied, Unix time.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_applied_at },
    { "keygate_lease_exchanges", "Exchanges with the ledgers of limits.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_exchanges },
    { "keygate_limit_waits", "Requests that have waited for a lease.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_waits },
    { "keygate_limit_outage", "Whether nodes cannot share their limits.",
      NGX_HTTP_KEYGATE_GAUGE, ngx_http_keygate_metric_outage },
    { "keygate_limit_early", "Requests that a limit has refused while units of "
      "it were left to other nodes.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_early },
    { "keygate_usage_write_errors", "Times that usage could not be written.",
      NGX_HTTP_KEYGATE_COUNTER, ngx_http_keygate_metric_unwritten },

    { NULL, NULL, NGX_HTTP_KEYGATE_GAUGE, NULL }
};


static uint64_t
ngx_http_keygate_metric_size(ngx_http_keygate_zone_t *zone)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(zone->table, &stats);

    return stats.size;
}


static uint64_t
ngx_http_keygate_metric_used(ngx_http_keygate_zone_t *zone)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(zone->table, &stats);

    return stats.used;
}


static uint64_t
ngx_http_keygate_metric_full(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->full != 0;
}


static uint64_t
ngx_http_keygate_metric_keys(ngx_http_keygate_zone_t *zone)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(zone->table, &stats);

    return stats.keys;
}


static uint64_t
ngx_http_keygate_metric_accounts(ngx_http_keygate_zone_t *zone)
{
    keygate_table_stats_t  stats;

    keygate_table_stats(zone->table, &stats);

    return stats.accounts;
}


static uint64_t
ngx_http_keygate_metric_journal(ngx_http_keygate_zone_t *zone)
{
    struct stat  st;

    if (zone->journal.len == 0
        || stat((char *) zone->journal.data, &st) == -1)
    {
        return 0;
    }

    return st.st_size;
}


/* A zone without a journal lacks none. */

static uint64_t
ngx_http_keygate_metric_up(ngx_http_keygate_zone_t *zone)
{
    return zone->journal.len == 0 || zone->shared->up;
}


static uint64_t
ngx_http_keygate_metric_position(ngx_http_keygate_zone_t *zone)
{
    return keygate_table_position(zone->table)->offset;
}


/* All of a file that has taken another's place is still to be read. */

static uint64_t
ngx_http_keygate_metric_lag(ngx_http_keygate_zone_t *zone)
{
    struct stat          st;
    keygate_position_t  *position;

    if (zone->journal.len == 0
        || stat((char *) zone->journal.data, &st) == -1)
    {
        return 0;
    }

    position = keygate_table_position(zone->table);

    if (position->ino != st.st_ino || position->dev != st.st_dev
        || position->offset > (uint64_t) st.st_size)
    {
        return st.st_size;
    }

    return st.st_size - position->offset;
}


static uint64_t
ngx_http_keygate_metric_applied(ngx_http_keygate_zone_t *zone)
{
    return keygate_table_position(zone->table)->applied;
}


static uint64_t
ngx_http_keygate_metric_rejected(ngx_http_keygate_zone_t *zone)
{
    return keygate_table_position(zone->table)->rejected;
}


static uint64_t
ngx_http_keygate_metric_writes(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->writes;
}


static uint64_t
ngx_http_keygate_metric_written(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->written;
}


static uint64_t
ngx_http_keygate_metric_errors(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->write_errors;
}


static uint64_t
ngx_http_keygate_metric_reloads(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->loads - 1;
}


static uint64_t
ngx_http_keygate_metric_loaded(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->loaded;
}


static uint64_t
ngx_http_keygate_metric_applied_at(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->applied_at;
}


static uint64_t
ngx_http_keygate_metric_exchanges(ngx_http_keygate_zone_t *zone)
{
    return zone->leases ? zone->leases->exchanges : 0;
}


static uint64_t
ngx_http_keygate_metric_waits(ngx_http_keygate_zone_t *zone)
{
    return zone->leases ? zone->leases->admitted + zone->leases->refused : 0;
}


static uint64_t
ngx_http_keygate_metric_outage(ngx_http_keygate_zone_t *zone)
{
    return zone->leases
           && keygate_leases_down(zone->leases,
                                  ngx_http_keygate_clock_now(zone).ms);
}


static uint64_t
ngx_http_keygate_metric_early(ngx_http_keygate_zone_t *zone)
{
    return zone->leases ? zone->leases->early : 0;
}


static uint64_t
ngx_http_keygate_metric_unwritten(ngx_http_keygate_zone_t *zone)
{
    return zone->shared->usage_errors;
}
