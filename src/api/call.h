/* SPDX-License-Identifier: MIT */
/* What the files that implement api/api.h share. */
#ifndef API_CALL_H
#define API_CALL_H

#include "api/api.h"

/* The base URL with `path`, owned by the caller. */
char *api_url(const struct api *api, const char *path);

/* A call whose answer is short and collected in *response. The URL is taken. 0 for a status of
   2xx, else as http_run and api_refused with `what`. */
int api_call(struct api *api, const char *method, char *url, struct span body,
             struct http_response *response, const char *what, struct fail *fail);

#endif
