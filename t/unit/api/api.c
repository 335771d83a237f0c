/*
 * Every mistake in an API's block is told with the value found, its line and
 * what was expected.
 */

#include "tap.h"

#include "api_text.h"


#define BASE  "zone keys;\ncredential header X-Api-Key;\n"


static unsigned  contradicts;


static void
mistake(const char *text, const char *value, unsigned line,
    const char *expected)
{
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    api = api_text(text, strlen(text), &fault);

    ok(api == NULL, "refused: %s", value);

    if (api == NULL) {
        is_str(fault.value.data, fault.value.len, value, "the value");
        is_num(fault.line, line, "the line");
        contradicts = fault.other;
        ok(strstr(fault.expected, expected) != NULL, "expected %s",
           fault.expected);
    }

    api_text_free();
}


static void
mistakes(void)
{
    mistake(BASE "nosuch x;", "nosuch", 3, "a directive of");
    mistake(BASE "zone other;", "zone", 3, "only once");
    mistake(BASE "zone;", "zone", 3, "zone NAME");
    mistake("credential bearer;\nbase /v1;", "test", 0, "zone NAME");
    mistake("zone keys;\nbase /v1;      ", "test", 0, "credential");
    mistake(BASE "credential cookie;", "cookie", 3, "header FIELD");
    mistake(BASE "credential header x-api-key;", "x-api-key", 3, "once");
    mistake(BASE "credential header a:b;", "a:b", 3, "header field");
    mistake(BASE "credential header Authorization;", "Authorization", 3,
            "other than");
    mistake(BASE "key_format ck_ id=40;", "id=40", 3, "id=0 to id=32");
    mistake(BASE "key_format ck_ secret=4;", "secret=4", 3, "secret=8");
    mistake(BASE "key_format ck_ length=4;", "length=4", 3, "each once");
    mistake(BASE "key_format ck_; key_format ck_ id=6;", "ck_", 3, "once");
    mistake(BASE "base api;", "api", 3, "begins with");
    mistake(BASE "base /:x;", "/:x", 3, "fixed path");
    mistake(BASE "account b slug slug;", "slug", 3, "only once");
    mistake(BASE "account b id;", "id", 3, "other than");
    mistake(BASE "account caller slug;", "caller", 3, "other than");
    mistake(BASE "scope a|b;", "a|b", 3, "a scope name");
    mistake(BASE "scope any;", "any", 3, "not \"any\"");
    mistake(BASE "scope a; scope a;", "a", 3, "only once");
    mistake(BASE "scope a implies=b;", "b", 3, "a scope of this API");
    mistake(BASE "scope a implies=b;\nscope b implies=a;", "a", 3, "cycle");
    mistake(BASE "scope a implies=a;", "a", 3, "cycle");
    mistake(BASE "plan p; plan p;", "p", 3, "only once");
    mistake(BASE "plan p f f;", "f", 3, "only once");
    mistake(BASE "plan p f;\nrequire g;", "g", 4, "a plan has");
    mistake(BASE "rate 0r/m;", "0r/m", 3, "1 to 1000000000");
    mistake(BASE "rate 1000000001r/m;", "1000000001r/m", 3, "1 to");
    mistake(BASE "rate 5r/w;", "5r/w", 3, "\"month\"");
    mistake(BASE "rate 5r/m per=user;", "per=user", 3, "per=key");
    mistake(BASE "rate 5r/m; rate 6r/m name=x;", "6r/m", 3, "one rate");
    mistake(BASE "rate 5r/m name=x; rate 6r/h name=x;", "x", 3, "name=");
    mistake(BASE "rate 5r/m plan=;", "plan=", 3, "plan=PLAN");
    mistake(BASE "rate 5r/m plan=a,,b;", "plan=a,,b", 3, "plan=PLAN");
    mistake(BASE "plan a; rate 5r/m plan=a,a;", "plan=a,a", 3, "twice");
    mistake(BASE "plan a; rate 5r/m plan=a plan=a;", "plan=a", 3, "once");
    mistake(BASE "rate 1r/s;\nrate 5r/m plan=a;", "a", 4, "plan of this API");
    mistake(BASE "plan a; plan b; rate 5r/m plan=a; rate 6r/m plan=b,a;",
            "6r/m", 3, "each plan");
    mistake(BASE "plan a; rate 5r/m plan=a name=x; rate 6r/h name=x;", "x", 3,
            "name=");
    mistake(BASE "rate 5r/m group=;", "group=", 3, "group=GROUP");
    mistake(BASE "rate 5r/m group=a,b;", "group=a,b", 3, "group=GROUP");
    mistake(BASE "rate 1r/s;\nrate 5r/m group=g;", "g", 4, "\"route\" is in");
    mistake(BASE "rate 5r/m group=g; rate 6r/m group=g name=x;", "6r/m", 3,
            "in each group");
    mistake(BASE "rate 5r/h name=g-minute; rate 6r/m group=g;", "g-minute", 3,
            "name=");
    mistake(BASE "route GET /a any group=g;", "g", 3, "\"rate\" is for");
    mistake(BASE "rate 5r/m group=g; route GET /a any group=g group=g;",
            "group=g", 3, "each once");
    mistake(BASE "rate 5r/m group=g; route GET /a any group=g;\n"
            "route GET /b public group=g;", "group=g", 4, "no group");
    mistake(BASE "rate 5r/m group=g; route GET /a any group=g cost=6;", "/a",
            3, "the rate \"g-minute\" has room for");
    mistake(BASE "plan p; rate 5r/m plan=p name=x; route GET /a any cost=6;",
            "/a", 3, "the rate \"x\" has room for");
    mistake(BASE "rate_headers new;", "new", 3, "legacy");
    mistake(BASE "route GET v1 any;", "v1", 3, "/");
    mistake(BASE "route GET /a nosuch;", "nosuch", 3, "scope of this API");
    mistake(BASE "scope a; scope b; scope c;\nroute GET /a a|b&c;", "a|b&c",
            4, "not both");
    mistake(BASE "scope a;\nroute GET /a a&a;", "a", 4, "only once");
    mistake(BASE "route get /a any;", "get", 3, "upper case");
    mistake(BASE "route None /a any;", "None", 3, "or \"none\"");
    mistake(BASE "route GET| /a any;", "GET|", 3, "upper case");
    mistake(BASE "route GET|GET /a any;", "/a", 3, "told apart");
    mistake(BASE "route GET /a/:x any;\nroute GET /a/:y any;", "/a/:y", 4,
            "\"/a/:x\"");
    is_num(contradicts, 3, "the line of the other");
    mistake(BASE "route GET /a any cost=x;", "cost=x", 3, "cost=N");
    mistake(BASE "route GET /a any feature=x;", "x", 3, "a plan has");
    mistake(BASE "route GET /a any cost=11; rate 10r/m;", "/a", 3,
            "the rate \"minute\" has room for");
    mistake(BASE "plan x rate=5r/s;", "rate=5r/s", 3, "plan=NAME");
    mistake(BASE "plan x=y;", "x=y", 3, "without");
    mistake(BASE "plan x y; require y=z;", "y=z", 3, "without");
    mistake(BASE "route GET /a public cost=2;", "cost=2", 3, "public");
    mistake(BASE "scope a; when POST /a body.x a;", "/a", 3, "of a route");
    mistake(BASE "scope a; route POST /a a; when POST /a x a;", "x", 3,
            "body.MEMBER");
    mistake(BASE "scope a; route POST /a a; when POST /a body.x b;", "b", 3,
            "scope of this API");
    mistake(BASE "errors html;", "html", 3, "envelope");
    mistake(BASE "error nosuch detail=x;", "nosuch", 3, "a code");
    mistake(BASE "error key_revoked status=200;", "status=200", 3, "400");
    mistake(BASE "error key_revoked text=x;", "text=x", 3, "detail=TEXT");
    mistake(BASE "error key_revoked detail={nosuch};", "{nosuch}", 3,
            "{scope}");
    mistake(BASE "error key_revoked code=\"\";", "code=\"\"", 3,
            "quote the whole word");
    mistake(BASE "error key_revoked title=\"a\";", "title=\"a\"", 3,
            "quote the whole word");
    mistake(BASE "error key_revoked detail='a';", "detail='a'", 3,
            "quote the whole word");
    mistake(BASE "error key_revoked detail=;", "detail=", 3, "quote");
    mistake(BASE "rate 5r/m name='x';", "name='x'", 3, "name=NAME");
    mistake(BASE "rate 5r/m group='x';", "group='x'", 3, "group=GROUP");
    mistake(BASE "credential scheme Token param='t';", "param='t'", 3,
            "param=NAME");
    mistake(BASE "key_format any id=6;", "id=6", 3, "another name");
    mistake(BASE "problem_types nothing;", "nothing", 3, "a URI");
    mistake(BASE "unmatched maybe;", "maybe", 3, "deny");
    mistake(BASE "pass_credential yes;", "yes", 3, "on");
}


static void
defaults(void)
{
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    api = api_text(BASE, sizeof(BASE) - 1, &fault);

    ok(api != NULL, "the least there can be");
    is_str(api->account.data, api->account.len, "account", "account");
    is_num(api->texts.format, KEYGATE_PROBLEM, "errors");
    is_num(api->rate_headers, KEYGATE_HEADERS_DRAFT, "rate_headers");
    is_num(api->unmatched_pass, 0, "unmatched");
    is_num(api->pass_credential, 0, "pass_credential");
    api_text_free();
}


static void
advice(void)
{
    unsigned               i;
    keygate_api_t         *api;
    keygate_conf_fault_t   fault;

    static const char      text[] =
        BASE
        "key_format ck_ secret=8;\n"
        "plan p used idle; require used;\n"
        "route GET /a any;\n";

    api = api_text(text, sizeof(text) - 1, &fault);
    ok(api != NULL, "doubtful, but allowed");

    i = 0;
    is_num(keygate_api_advice(api, &i, &fault), KEYGATE_OK, "first");
    is_str(fault.value.data, fault.value.len, "idle", "an idle feature");
    is_num(fault.line, 4, "its line");
    is_num(keygate_api_advice(api, &i, &fault), KEYGATE_OK, "second");
    is_str(fault.value.data, fault.value.len, "ck_", "a short secret");
    is_num(keygate_api_advice(api, &i, &fault), KEYGATE_NONE, "no more");

    api_text_free();
}


int
main(void)
{
    mistakes();
    defaults();
    advice();

    return tap_done();
}
