/*
 * The words of an API's directives that tell how errors read.
 */

#include <string.h>

#include "keygate_api_private.h"


static int keygate_api_is_utf8(keygate_str_t text);


keygate_rc_t
keygate_api_parse_errors(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    int                       i;
    static const char *const  choices[] = { "problem", "detail", "envelope",
                                            NULL };

    (void) n;

    i = keygate_api_choice(args[1], choices);

    if (i == -1) {
        return keygate_api_fault(fault, args[1],
                                 "\"problem\", \"detail\" or \"envelope\"");
    }

    api->texts.format = (keygate_error_format_e) i;

    return KEYGATE_OK;
}


static int
keygate_api_is_utf8(keygate_str_t text)
{
    size_t                len;
    const unsigned char  *p, *end;

    end = text.data + text.len;

    for (p = text.data; p < end; p += len) {
        len = keygate_utf8(p, end);

        if (len == 0 || *p < 0x20 || *p == 0x7f) {
            return 0;
        }
    }

    return text.len != 0;
}


keygate_rc_t
keygate_api_parse_error(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    unsigned                  i;
    uint32_t                  number;
    keygate_str_t             value, culprit, *slot;
    keygate_text_t           *text;
    keygate_code_e            code;

    code = keygate_error_find(args[1]);

    if (code == KEYGATE_CODES || code == KEYGATE_ALLOWED) {
        return keygate_api_fault(fault, args[1],
                                 "a code of a refusal, such as "
                                 "\"insufficient_scope\"");
    }

    text = &api->texts.text[code];

    if (text->status || text->code.len || text->title.len || text->detail.len)
    {
        return keygate_api_fault(fault, args[1],
                                 "each code's texts only once");
    }

    for (i = 2; i < n; i++) {
        if (keygate_api_option(args[i], "status", &value)) {
            if (text->status || !keygate_api_number(value, 400, 599, &number)) {
                return keygate_api_fault(fault, args[i],
                                         "status=400 to status=599, once");
            }

            text->status = number;
            continue;
        }

        if (keygate_api_option(args[i], "code", &value)) {
            slot = &text->code;

        } else if (keygate_api_option(args[i], "title", &value)) {
            slot = &text->title;

        } else if (keygate_api_option(args[i], "detail", &value)) {
            slot = &text->detail;

        } else {
            slot = NULL;
        }

        if (slot == NULL || slot->len || !keygate_api_is_utf8(value)
            || keygate_api_quoted(value))
        {
            return keygate_api_fault(fault, args[i],
                                     "\"status=N\", \"code=TEXT\", "
                                     "\"title=TEXT\", \"detail=TEXT\", each "
                                     "once; quote the whole word");
        }

        if (keygate_text_check(value, &culprit) != KEYGATE_OK) {
            return keygate_api_fault(fault, culprit,
                                     "{scope}, {retry_after}, {limit}, "
                                     "{method}, {path} or {plan}");
        }

        *slot = value;
    }

    return KEYGATE_OK;
}


keygate_rc_t
keygate_api_parse_problem_types(keygate_api_t *api, const keygate_str_t *args,
    unsigned n, keygate_conf_fault_t *fault)
{
    (void) n;

    if (!keygate_api_is_utf8(args[1]) || memchr(args[1].data, ':', args[1].len)
        == NULL || memchr(args[1].data, ' ', args[1].len) != NULL)
    {
        return keygate_api_fault(fault, args[1],
                                 "a URI that codes are appended to, such as "
                                 "\"https://api.example.com/problems/\"");
    }

    api->texts.types = args[1];

    return KEYGATE_OK;
}
