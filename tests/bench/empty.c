/* SPDX-License-Identifier: MIT */
/* Does nothing, with the libraries of sigmasight-chat: what starting costs by itself. */
#include <curl/curl.h>
#include <yajl/yajl_version.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc < 0) {
        curl_global_cleanup();
        return yajl_version();
    }
    return 0;
}
