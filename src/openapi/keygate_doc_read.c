/*
 * A text becomes a tree: JSON, which begins with "{", or YAML.
 */

#include "keygate_doc_private.h"


keygate_doc_node_t *
keygate_doc_read(keygate_doc_t *doc, keygate_str_t text)
{
    size_t  i;

    doc->fault.reason = NULL;
    doc->fault.line = 0;

    if (text.len > KEYGATE_DOC_SIZE) {
        return keygate_doc_fail(doc, "more than 32 megabytes", 0);
    }

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text.data += 3;
        text.len -= 3;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] != ' ' && text.data[i] != '\t'
            && text.data[i] != '\r' && text.data[i] != '\n')
        {
            break;
        }
    }

    return i < text.len && text.data[i] == '{' ? keygate_doc_json(doc, text)
                                               : keygate_doc_yaml(doc, text);
}
