/*
 * Members of the overlay: none is lost for want of memory without a word.
 */

#include "keygate_openapi_export.h"


json_t *
keygate_openapi_put(keygate_openapi_export_t *e, json_t *object,
    const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        e->failed = 1;
        return NULL;
    }

    return value;
}


json_t *
keygate_openapi_string(keygate_str_t s)
{
    return json_stringn((const char *) s.data, s.len);
}


json_t *
keygate_openapi_member_of(keygate_openapi_export_t *e, json_t *object,
    const char *name)
{
    json_t  *value;

    value = json_object_get(object, name);

    return value != NULL ? value
                         : keygate_openapi_put(e, object, name, json_object());
}
