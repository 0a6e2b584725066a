/* SPDX-License-Identifier: MIT */
#include "mock/http/request.h"

#include <string.h>
#include <strings.h>

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct span request_token(const struct request *r)
{
    static const char scheme[] = "bearer ";
    const char *value = request_header(r, "Authorization");
    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return span_of(NULL);
    value += sizeof scheme - 1;
    return span_of(value + strspn(value, " "));
}

const char *request_api_path(const struct request *r)
{
    static const char base[] = "/api/v1";
    size_t len = sizeof base - 1;
    if (strncmp(r->path, base, len) != 0 || r->path[len] != '/')
        return NULL;
    return r->path + len;
}

bool path_matches(const char *pattern, const char *path, struct span *segment)
{
    struct span first = {NULL, 0};
    while (*pattern && *path) {
        if (*pattern == '*') {
            size_t len = strcspn(path, "/");
            if (len == 0)
                return false;
            if (!first.at)
                first = span_make(path, len);
            path += len;
            pattern++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    if (*pattern || *path)
        return false;
    if (segment)
        *segment = first;
    return true;
}
