/*
 * Administrative changes: what becomes of a record, and every fault of a
 * request with its pointer.
 */

#include <errno.h>

#include "keygate_change.h"
#include "tap.h"


#define HEX   "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HEX2  "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
#define NOW   86400                                 /* 1970-01-02 */

#define KEY                                                                   \
    "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX "',"    \
    "'scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7}"


static const keygate_hex_t  plain = { HEX2, 0 };
static const keygate_hex_t  keyed = { HEX2, 1 };


/* JSON with ' for ", to be given back. */

static json_t *
json(const char *text)
{
    char    *copy, *p;
    json_t  *value;

    copy = strdup(text);

    for (p = copy; *p != '\0'; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    value = json_loads(copy, JSON_REJECT_DUPLICATES|JSON_DECODE_ANY, NULL);

    if (value == NULL) {
        printf("Bail out! %s\n", text);
        exit(2);
    }

    free(copy);

    return value;
}


/* Takes both; the same but for the order of members. */

static void
is_json(json_t *got, const char *want, const char *what)
{
    char    *text;
    json_t  *expected;

    expected = json(want);

    if (!tap_ok(got != NULL && json_equal(got, expected), "%s", what)) {
        text = json_dumps(got, JSON_ENCODE_ANY);
        printf("#    got %s\n#   want %s\n", text, want);
        free(text);
    }

    json_decref(expected);
    json_decref(got);
}


/* Of a change that was refused: the pointers, in order. */

static void
is_faults(json_t *record, json_t *faults, const char *want, const char *what)
{
    char    *text;
    size_t   i;
    json_t  *list;

    list = json_array();

    for (i = 0; i < json_array_size(faults); i++) {
        json_array_append(list, json_object_get(json_array_get(faults, i),
                                                "pointer"));
    }

    if (record != NULL || faults == NULL) {
        text = json_dumps(record, 0);
        tap_ok(0, "%s: taken: %s", what, text);
        free(text);
        json_decref(list);

    } else {
        is_json(list, want, what);
    }

    json_decref(record);
    json_decref(faults);
}


static int
knows_scope(void *data, keygate_str_t name)
{
    (void) data;

    return name.len == 1 && (*name.data == 'r' || *name.data == 'w');
}


static int
knows_plan(void *data, keygate_str_t name)
{
    (void) data;

    return name.len == 3 && memcmp(name.data, "pro", 3) == 0;
}


static const keygate_known_t  known = { knows_scope, knows_plan, NULL };


static void
test_create(void)
{
    json_t    *request, *record, *faults;
    unsigned   i;

    static const struct {
        const char  *request;
        const char  *pointers;
    } wrong[] = {
        { "[]", "['']" },
        { "'x'", "['']" },
        { "{}", "['/account','/name','/scopes']" },
        { "{'account':'a1','name':'','scopes':[]}", "['/name']" },
        { "{'account':'a/1','name':7,'scopes':'r'}",
          "['/account','/name','/scopes']" },
        { "{'account':'a1','name':'n','scopes':['r','x',7,'r','a b']}",
          "['/scopes/1','/scopes/2','/scopes/3','/scopes/4']" },
        { "{'account':'a1','name':'n','scopes':null}", "['/scopes']" },
        { "{'account':'a1','name':'n','scopes':[],'rates':['5','6r/m','7r/m'],"
          "'expires_at':'never','addresses':['10.0.0.1/8',1]}",
          "['/rates/0','/rates/2','/expires_at','/addresses/0',"
          "'/addresses/1']" },
        { "{'account':'a1','name':'n','scopes':[],'meta':[]}", "['/meta']" },
        { "{'account':'a1','name':'n','scopes':[],'meta':{'a':null,'B':1,"
          "'':2,'c':{},'d':'x\\ny','e':true}}",
          "['/meta/a','/meta/B','/meta/','/meta/c','/meta/d']" },
        { "{'account':'a1','name':'n','scopes':[],'id':'k','digest':'d',"
          "'a/b~c':1,'revoked_at':null,'deleted':true}",
          "['/id','/digest','/a~1b~0c','/revoked_at','/deleted']" }
    };

    request = json("{'account':'a1','name':'Zapier','scopes':['r','w'],"
                   "'rates':['600r/m'],'expires_at':'2030-01-01T00:00:00Z',"
                   "'addresses':['10.0.0.0/8'],'meta':{'team':'core',"
                   "'seats':7,'beta':true}}");
    record = keygate_change_create_key(request, "k1", &plain, NOW, &known,
                                       &faults);
    ok(faults == NULL, "no fault");
    is_json(record, "{'id':'k1','account':'a1','name':'Zapier','digest':"
            "'sha256:" HEX2 "','scopes':['r','w'],'rates':['600r/m'],"
            "'expires_at':'2030-01-01T00:00:00Z','addresses':['10.0.0.0/8'],"
            "'meta':{'team':'core','seats':7,'beta':true},"
            "'created_at':'1970-01-02T00:00:00Z'}", "a whole key");
    json_decref(request);

    request = json("{'account':'a1','name':'n','scopes':[],'rates':null,"
                   "'expires_at':null,'addresses':null,'meta':null}");
    record = keygate_change_create_key(request, "k1", &keyed, NOW, NULL,
                                       &faults);
    is_json(record, "{'id':'k1','account':'a1','name':'n','digest':"
            "'hmac-sha256:" HEX2 "','scopes':[],"
            "'created_at':'1970-01-02T00:00:00Z'}", "null means none");
    json_decref(request);

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        request = json(wrong[i].request);
        record = keygate_change_create_key(request, "k1", &plain, NOW, &known,
                                           &faults);
        is_faults(record, faults, wrong[i].pointers, wrong[i].request);
        json_decref(request);
    }

    request = json("{'account':'a1','name':'n','scopes':['anything']}");
    record = keygate_change_create_key(request, "k1", &plain, NOW, NULL,
                                       &faults);
    ok(record != NULL, "without a catalogue any scope will do");
    json_decref(record);

    record = keygate_change_create_key(request, "k 1", &plain, NOW, NULL,
                                       &faults);
    is_faults(record, faults, "['/id']", "an id of the caller's is looked at");
    json_decref(request);
}


static void
test_many(void)
{
    char     name[16];
    int      i;
    json_t  *request, *record, *faults;

    request = json_object();

    for (i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        json_object_set_new(request, name, json_null());
    }

    record = keygate_change_create_key(request, "k1", &plain, NOW, NULL,
                                       &faults);
    ok(record == NULL, "a thousand faults");
    is_num(json_array_size(faults), KEYGATE_FAULTS_MAX, "the first are told");
    json_decref(faults);
    json_decref(request);
}


static void
test_patch(void)
{
    json_t    *current, *patch, *record, *faults;
    unsigned   i;

    static const struct {
        const char  *patch;
        const char  *record;        /* or NULL, and ... */
        const char  *pointers;
    } cases[] = {
        { "{}", KEY, NULL },
        { "{'name':'Make'}",
          "{'id':'k1','account':'a1','name':'Make','digest':'sha256:" HEX
          "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
          "'rates':['5r/s']}", NULL },
        { "{'rates':null}", KEY, NULL },
        { "{'rates':null,'expires_at':null,'addresses':null}", KEY, NULL },
        { "{'scopes':[],'rates':['6r/m'],'expires_at':'2030-01-01T00:00:00Z',"
          "'addresses':['::1']}",
          "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
          "','scopes':[],'created_at':'1970-01-01T00:00:00Z','x':7,"
          "'rates':['6r/m'],'expires_at':'2030-01-01T00:00:00Z',"
          "'addresses':['::1']}", NULL },
        { "{'account':'a2','id':'k2','digest':'x','created_at':null,"
          "'previous':null,'x':8}", NULL,
          "['/account','/id','/digest','/created_at','/previous','/x']" },
        { "{'name':null,'scopes':null}", NULL, "['/name','/scopes']" },
        { "[]", NULL, "['']" },
        { "{'meta':{'a':1}}",
          "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
          "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
          "'meta':{'a':1,'b':'2'}}", NULL },
        { "{'meta':{'a':null,'c':false,'z':null}}",
          "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
          "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
          "'meta':{'b':'2','c':false}}", NULL },
        { "{'meta':{'a':null,'b':null}}", KEY, NULL },
        { "{'meta':{}}",
          "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
          "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
          "'meta':{'a':'1','b':'2'}}", NULL },
        { "{'meta':null}", KEY, NULL },
        { "{'meta':{'A':null,'b':[],'c':null}}", NULL, "['/meta/b']" },
        { "{'meta':{'a1':1,'a2':1,'a3':1,'a4':1,'a5':1,'a6':1,'a7':1,'a8':1,"
          "'a9':1,'b1':1,'b2':1,'b3':1,'b4':1,'b5':1,'b6':1}}", NULL,
          "['/meta']" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        current = json(KEY);

        if (i == 1 || i == 2) {
            json_object_set_new(current, "rates", json("['5r/s']"));
        }

        if (strstr(cases[i].patch, "'meta'") != NULL) {
            json_object_set_new(current, "meta", json("{'a':'1','b':'2'}"));
        }

        patch = json(cases[i].patch);
        record = keygate_change_patch_key(current, patch, &known, &faults);

        if (cases[i].record != NULL) {
            is_json(record, cases[i].record, cases[i].patch);

        } else {
            is_faults(record, faults, cases[i].pointers, cases[i].patch);
        }

        json_decref(patch);
        json_decref(current);
    }
}


static void
test_rotate(void)
{
    unsigned  i;
    int64_t   seconds;
    json_t   *current, *record, *faults, *request, *next;

    static const struct {
        const char  *request;
        long long    seconds;       /* -1: and ... */
        const char  *pointers;
    } overlaps[] = {
        { "{}", 0, NULL }, { "{'overlap':'24h'}", 86400, NULL },
        { "{'overlap':'0'}", 0, NULL },
        { "{'overlap':0}", -1, "['/overlap']" },
        { "{'overlap':'soon','x':1}", -1, "['/overlap','/x']" },
        { "[]", -1, "['']" }
    };

    for (i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
        request = json(overlaps[i].request);
        seconds = keygate_change_overlap(request, &faults);
        is_num(seconds, overlaps[i].seconds, "%s", overlaps[i].request);

        if (seconds == -1) {
            is_faults(NULL, faults, overlaps[i].pointers,
                      overlaps[i].request);
        }

        json_decref(request);
    }

    is_num(keygate_change_overlap(NULL, &faults), 0, "no request");

    current = json(KEY);

    record = keygate_change_rotate_key(current, &plain, 3600, NOW, &faults);
    is_json(json_incref(record),
            "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX2
            "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'previous':{'digest':'sha256:" HEX
            "','until':'1970-01-02T01:00:01Z'},"
            "'rotated_at':'1970-01-02T00:00:00Z'}", "rotated, with overlap");

    is_json(keygate_change_view(record, NULL, NOW),
            "{'id':'k1','account':'a1','name':'Zapier','scopes':['r'],"
            "'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'previous':{'until':'1970-01-02T01:00:01Z'},"
            "'rotated_at':'1970-01-02T00:00:00Z'}", "to be shown");

    request = json("{'last_used_at':null}");
    is_json(keygate_change_view(record, request, NOW + 3601),
            "{'id':'k1','account':'a1','name':'Zapier','scopes':['r'],"
            "'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'rotated_at':'1970-01-02T00:00:00Z','last_used_at':null}",
            "after the overlap, with extras");
    json_decref(request);

    next = keygate_change_rotate_key(record, &(keygate_hex_t) { HEX, 0 }, 0,
                                     NOW, &faults);
    is_json(next,
            "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
            "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'rotated_at':'1970-01-02T00:00:00Z'}",
            "rotated once more, without");
    json_decref(record);

    record = keygate_change_rotate_key(current, &keyed, 3600, NOW, &faults);
    ok(record != NULL && json_object_get(record, "previous") == NULL,
       "digests of two kinds do not overlap");
    json_decref(record);

    record = keygate_change_rotate_key(current, &plain,
                                       INT64_C(86399999913600), NOW, &faults);
    is_faults(record, faults, "['/overlap']", "no overlap without end");

    record = keygate_change_revoke_key(current, NOW, &faults);
    is_json(json_incref(record),
            "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
            "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'revoked_at':'1970-01-02T00:00:00Z'}", "revoked");
    next = keygate_change_revoke_key(record, NOW + 5, &faults);
    ok(json_equal(record, next), "once");
    json_decref(next);

    next = keygate_change_rotate_key(record, &plain, 0, NOW, &faults);
    is_faults(next, faults, "['']", "a revoked key has nothing to rotate");
    json_decref(record);

    record = keygate_change_suspend_key(current, NOW, &faults);
    is_json(json_incref(record),
            "{'id':'k1','account':'a1','name':'Zapier','digest':'sha256:" HEX
            "','scopes':['r'],'created_at':'1970-01-01T00:00:00Z','x':7,"
            "'suspended_at':'1970-01-02T00:00:00Z'}", "suspended");
    next = keygate_change_suspend_key(record, NOW + 5, &faults);
    ok(json_equal(record, next), "once");
    json_decref(next);
    is_json(keygate_change_resume_key(record, NOW + 5, &faults), KEY,
            "resumed, nothing is left of it");
    json_decref(record);

    record = keygate_change_expire_key(current, NOW, &faults);
    is_str(json_string_value(json_object_get(record, "expires_at")), 20,
           "1970-01-02T00:00:00Z", "expires");
    json_decref(record);

    is_json(current, KEY, "the current record is as it was");
    is_json(keygate_change_delete("k1"), "{'id':'k1','deleted':true}",
            "deleted");
}


#define ACCOUNT                                                               \
    "{'id':'a1','name':'B','plan':'pro','status':'active','extra':1,"         \
    "'profile':{'slug':'b','site':null}}"


static void
test_accounts(void)
{
    json_t    *current, *request, *record, *faults;
    unsigned   i;

    static const struct {
        int          put;
        const char  *request;
        const char  *record;        /* or NULL, and ... */
        const char  *pointers;
    } cases[] = {
        { 1, "{'name':'B'}",
          "{'id':'a1','name':'B','status':'active','extra':1}", NULL },
        { 1, "{'id':'a1','name':'B','plan':'pro','status':'trialing',"
          "'trial_ends_at':'2030-01-01T00:00:00Z','profile':{'slug':null}}",
          "{'id':'a1','name':'B','plan':'pro','status':'trialing',"
          "'trial_ends_at':'2030-01-01T00:00:00Z','profile':{'slug':null},"
          "'extra':1}", NULL },
        { 1, "{'name':'B','plan':null,'trial_ends_at':null,'profile':null}",
          "{'id':'a1','name':'B','status':'active','extra':1}", NULL },
        { 1, "{}", NULL, "['/name']" },
        { 1, "{'name':'','plan':'basic','status':'happy',"
          "'trial_ends_at':'x','profile':{'a':{},'b/':[],'c':1},'y':1}",
          NULL, "['/name','/plan','/status','/trial_ends_at','/profile/a',"
          "'/profile/b~1','/y']" },
        { 1, "{'id':'a2','name':'B'}", NULL, "['/id']" },
        { 1, "{'name':null,'status':null}", NULL, "['/name','/status']" },
        { 1, "{'name':'B','profile':[]}", NULL, "['/profile']" },
        { 0, "{}", ACCOUNT, NULL },
        { 0, "{'plan':null,'status':'canceled'}",
          "{'id':'a1','name':'B','status':'canceled','extra':1,"
          "'profile':{'slug':'b','site':null}}", NULL },
        { 0, "{'profile':{'slug':null,'abn':'1'}}",
          "{'id':'a1','name':'B','plan':'pro','status':'active','extra':1,"
          "'profile':{'site':null,'abn':'1'}}", NULL },
        { 0, "{'profile':null}",
          "{'id':'a1','name':'B','plan':'pro','status':'active','extra':1}",
          NULL },
        { 0, "{'id':'a1','profile':{'':'x'},'name':'\\u0007'}", NULL,
          "['/id','/profile/','/name']" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        current = json(ACCOUNT);
        request = json(cases[i].request);

        record = cases[i].put
                 ? keygate_change_put_account("a1", current, request, &known,
                                              &faults)
                 : keygate_change_patch_account(current, request, &known,
                                                &faults);
        if (cases[i].record != NULL) {
            is_json(record, cases[i].record, cases[i].request);

        } else {
            is_faults(record, faults, cases[i].pointers, cases[i].request);
        }

        is_json(current, ACCOUNT, "the current record is as it was");
        json_decref(request);
    }

    request = json("{'name':'B'}");
    record = keygate_change_put_account("a1", NULL, request, NULL, &faults);
    is_json(record, "{'id':'a1','name':'B','status':'active'}",
            "there was none");
    record = keygate_change_put_account("a/1", NULL, request, NULL, &faults);
    is_faults(record, faults, "['/id']", "an id that is none");
    json_decref(request);
}


static void
test_large(void)
{
    char    *text;
    json_t  *request, *record, *faults;

    text = malloc(KEYGATE_LINE_MAX);
    memset(text, 'x', KEYGATE_LINE_MAX);

    request = json("{'name':'B','profile':{'site':'x'}}");
    json_object_set_new(json_object_get(request, "profile"), "site",
                        json_stringn(text, KEYGATE_LINE_MAX));
    free(text);

    record = keygate_change_put_account("a1", NULL, request, NULL, &faults);
    is_faults(record, faults, "['']", "a record longer than a line may be");
    json_decref(request);
}


static unsigned  allocations, fail_at;


static void *
failing_malloc(size_t size)
{
    if (++allocations == fail_at) {
        errno = ENOMEM;
        return NULL;
    }

    return malloc(size);
}


/* Out of memory is never the caller's fault, nor half a record. */

static void
test_memory(void)
{
    int      bad;
    json_t  *current, *patch, *record, *faults, *whole;

    current = json(ACCOUNT);
    patch = json("{'name':'C','profile':{'slug':null,'abn':'1'}}");
    whole = keygate_change_patch_account(current, patch, &known, &faults);

    json_set_alloc_funcs(failing_malloc, free);

    for (bad = 0, record = NULL, fail_at = 1; record == NULL; fail_at++) {
        allocations = 0;
        record = keygate_change_patch_account(current, patch, &known,
                                              &faults);
        bad += record == NULL ? faults != NULL : !json_equal(record, whole);

        if (fail_at == 2000) {
            break;
        }
    }

    json_set_alloc_funcs(malloc, free);

    is_num(bad, 0, "each of %u allocations failing", fail_at - 2);

    json_decref(record);
    json_decref(faults);
    json_decref(whole);
    json_decref(current);
    json_decref(patch);
}


int
main(void)
{
    test_create();
    test_many();
    test_patch();
    test_rotate();
    test_accounts();
    test_large();
    test_memory();

    return tap_done();
}
