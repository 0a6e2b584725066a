/* SPDX-License-Identifier: MIT */
/* Classifies the end of a transfer by libcurl's result code and the phase that the transfer had
   reached. The phase is what this program observed itself: libcurl's texts and timing information
   differ between versions and serve for messages only. */
#ifndef API_HTTP_RESULT_H
#define API_HTTP_RESULT_H

#include "core/fail.h"

#include <curl/curl.h>
#include <stdbool.h>

/* The phase that a transfer had reached. */
enum http_phase {
    HTTP_CONNECTING, /* name, TCP, proxy, TLS: no connection was ready */
    HTTP_READY,      /* a connection was ready, and libcurl sent nothing of the request */
    HTTP_SENT, /* at least a part of the request was sent, no byte of the response was received */
    HTTP_ANSWERED, /* a part of the response was received */
    HTTP_PHASES
};

enum http_meaning {
    HTTP_UNREACHABLE,     /* no connection */
    HTTP_NAME_UNKNOWN,    /* the server's name */
    HTTP_PROXY_FAILED,    /* the proxy, or the connection through it */
    HTTP_TLS_FAILED,      /* no agreement on TLS */
    HTTP_UNTRUSTED,       /* the certificate was not verified */
    HTTP_CONNECT_TIMEOUT, /* --connect-timeout */
    HTTP_BAD_FILE,        /* a certificate or key file of the user */
    HTTP_UNSENT,          /* the connection was lost before the request was sent */
    HTTP_LOST,            /* the connection was lost */
    HTTP_INVALID,         /* the response is not HTTP, or not HTTP/1.x */
    HTTP_TOO_LARGE,       /* its headers are longer than libcurl accepts */
    HTTP_INTERNAL         /* libcurl is out of memory, or cannot be used */
};

enum http_meaning http_meaning(CURLcode code, enum http_phase phase);

/* The cause of a failure with this meaning. */
enum fail_cause http_cause(enum http_meaning meaning);

/* The facts about a transfer that failed. Strings are borrowed. */
struct http_end {
    CURLcode code;
    enum http_phase phase;
    const char *origin;      /* of the server */
    const char *url_setting; /* of the configuration */
    bool loopback;           /* no proxy is used */
    bool in_body;            /* the headers of the response were complete */
    double timeout;          /* --connect-timeout, seconds */
    const char *text;        /* libcurl's description of the error, may be empty */
    int error;               /* errno of the failed connect(2), 0 if unknown */
    int port;                /* of the last address that a connection was tried to, 0 for none */
    int proxy_status;        /* of the proxy's response to CONNECT, 0 for none */
    int alert;               /* the fatal TLS alert of the server, 0 for none */
    bool wants_cert;         /* the TLS server asked for a certificate of the client */
    bool has_cert;           /* there is one: --cert */
    bool default_cas;        /* the system's authorities are trusted: no --cacert, no variable */
    bool no_cas;             /* and there are none */
};

/* The part of the path to the server that failed. */
enum http_culprit { HTTP_BLAME_SERVER, HTTP_BLAME_TLS, HTTP_BLAME_PROXY };

/* Records the failure. Always -1. *culprit is set for a failure to connect. */
int http_result_fail(const struct http_end *end, enum http_culprit *culprit, struct fail *fail);

#endif
