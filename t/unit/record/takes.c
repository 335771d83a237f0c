/*
 * Which changes take a right away.
 */

#include "keygate_change.h"
#include "tap.h"


static json_t *
json(const char *text)
{
    char    *copy, *p;
    json_t  *value;

    copy = strdup(text);

    for (p = copy; *p != '\0'; p++) {
        *p = *p == '\'' ? '"' : *p;
    }

    value = json_loads(copy, 0, NULL);
    free(copy);

    return value;
}


static void
takes(int want, const char *before, const char *after, const char *what)
{
    json_t  *old, *new;

    old = before != NULL ? json(before) : NULL;
    new = after != NULL ? json(after) : NULL;

    ok(keygate_change_takes(old, new) == want, what);

    json_decref(old);
    json_decref(new);
}


int
main(void)
{
    takes(0, NULL, "{'id':'k'}", "a new record");
    takes(1, "{'id':'k'}", NULL, "one that is deleted");
    takes(0, "{'name':'a'}", "{'name':'b'}", "a name");

    takes(1, "{'id':'k'}", "{'revoked_at':'2026-01-01T00:00:00Z'}", "revoked");
    takes(1, "{'id':'k'}", "{'suspended_at':'2026-01-01T00:00:00Z'}",
          "suspended");
    takes(0, "{'suspended_at':'2026-01-01T00:00:00Z'}", "{'id':'k'}",
          "resumed");
    takes(0, "{'expires_at':null}", "{'expires_at':null}", "no end");
    takes(1, "{'expires_at':null}", "{'expires_at':'2026-01-01T00:00:00Z'}",
          "an end");
    takes(1, "{'expires_at':'2026-01-02T00:00:00Z'}",
          "{'expires_at':'2026-01-01T00:00:00Z'}", "an earlier one");
    takes(0, "{'expires_at':'2026-01-01T00:00:00Z'}",
          "{'expires_at':'2026-01-02T00:00:00Z'}", "a later one");
    takes(0, "{'expires_at':'2026-01-01T00:00:00Z'}", "{'id':'k'}",
          "none any more");

    takes(0, "{'scopes':['a']}", "{'scopes':['b','a']}", "one scope more");
    takes(1, "{'scopes':['a','b']}", "{'scopes':['b','c']}", "another one");
    takes(1, "{'id':'k'}", "{'addresses':['10.0.0.0/8']}", "addresses");
    takes(0, "{'addresses':['10.0.0.0/8']}", "{'id':'k'}", "from anywhere");
    takes(1, "{'rates':['9r/m']}", "{'rates':['8r/m']}", "rates");

    takes(1, "{'digest':'a'}", "{'digest':'b'}", "a new secret at once");
    takes(0, "{'digest':'a'}", "{'digest':'b','previous':{'digest':'a'}}",
          "a new secret beside the old one");
    takes(1, "{'digest':'b','previous':{'digest':'a'}}",
          "{'digest':'c','previous':{'digest':'b'}}",
          "in place of one that was beside another");

    takes(1, "{'status':'active'}", "{'status':'past_due'}", "past due");
    takes(0, "{'status':'past_due'}", "{'status':'active'}", "active");
    takes(1, "{'plan':'a'}", "{'plan':'b'}", "a plan");

    return tap_done();
}
