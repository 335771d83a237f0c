/*
 * Media types, paths as URI references, texts of gRPC, trees of JSON.
 */

#include <string.h>

#include "keygate_json.h"
#include "keygate_media.h"
#include "keygate_uri.h"
#include "tap.h"


static unsigned char  room[4096];


static void
test_media(void)
{
    unsigned       i;
    keygate_str_t  type;

    static const struct {
        const char  *type;
        const char  *bare;
        int          json, grpc;
    } table[] = {
        { "", "", 0, 0 },
        { ";", "", 0, 0 },
        { " application/json;x=y", "application/json", 1, 0 },
        { "Application/JSON", "Application/JSON", 1, 0 },
        { "text/json \t; a", "text/json", 1, 0 },
        { "application/ld+json", "application/ld+json", 1, 0 },
        { "application/jsonp", "application/jsonp", 0, 0 },
        { "json", "json", 0, 0 },
        { "application/x;a=/json", "application/x", 0, 0 },
        { "application/grpc", "application/grpc", 0, 1 },
        { "Application/gRPC+proto;a", "Application/gRPC+proto", 0, 1 },
        { "application/grpc+json", "application/grpc+json", 1, 1 },
        { "application/grpc-web", "application/grpc-web", 0, 0 },
        { "application/grp", "application/grp", 0, 0 }
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        type = keygate_span(table[i].type);

        is_str(keygate_media_bare(type).data, keygate_media_bare(type).len,
               table[i].bare, "bare: %s", table[i].type);
        is_num(keygate_media_is_json(type), table[i].json, "JSON: %s",
               table[i].type);
        is_num(keygate_media_is_grpc(type), table[i].grpc, "gRPC: %s",
               table[i].type);
    }

    ok(keygate_media_is(keygate_span("TEXT/plain;a"), "text/plain"), "is");
    ok(!keygate_media_is(keygate_span("text/plainer"), "text/plain"), "is not");
    ok(!keygate_media_is(keygate_span("xtext/plain"), "text/plain"), "nor");
}


/* Every byte: what is not encoded is one that RFC 3986 has in a path. */

static void
test_uri(void)
{
    int             c;
    keygate_buf_t   out;
    keygate_str_t   path;
    unsigned char   text[2];

    static const char  plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/";

    text[0] = '/';
    path.data = text;
    path.len = 2;

    for (c = 0; c < 256; c++) {
        text[1] = (unsigned char) c;
        out.data = room;
        out.size = sizeof(room);
        out.len = 0;

        keygate_uri_path(&out, path);

        if (c == '/') {
            is_str(room, out.len, "/.//", "no host");

        } else if (c != 0 && strchr(plain, c) != NULL) {
            ok(out.len == 2 && room[1] == c, "%c stays", c);

        } else {
            ok(out.len == 4 && keygate_uri_escape(room + 1) == c,
               "%02x is encoded", c);
        }
    }

    is_num(keygate_uri_escape((const unsigned char *) "%7f"), 0x7f, "%%7f");
    is_num(keygate_uri_escape((const unsigned char *) "%7g"), -1, "%%7g");
    is_num(keygate_uri_escape((const unsigned char *) "77f"), -1, "77f");

    out.size = 3;
    out.len = 0;
    keygate_uri_path(&out, keygate_span("/a b"));
    is_num(out.len, 6, "what does not fit is counted");
}


static void
test_tree(void)
{
    unsigned       i;
    json_t        *json;
    keygate_buf_t  out;

    static const char  *table[] = {
        "{}", "[]", "{\"a\":[1,-2.5,true,false,null,{\"\\u003c\":\"\\\"\"}]}",
        "[9223372036854775807,-9223372036854775808]"
    };

    for (i = 0; i < sizeof(table) / sizeof(char *); i++) {
        json = keygate_json_parse(keygate_span(table[i]), 1, NULL);
        out.data = room;
        out.size = sizeof(room);
        out.len = 0;

        ok(json != NULL, "it is JSON");
        keygate_json_put(&out, json);
        is_str(room, out.len, table[i], "written as it was read");
        json_decref(json);
    }

    out.len = 0;
    keygate_buf_json_part(&out, keygate_span("a\"b"));
    is_str(room, out.len, "a\\\"b", "a part of a string");
}


int
main(void)
{
    test_media();
    test_uri();
    test_tree();

    return tap_done();
}
