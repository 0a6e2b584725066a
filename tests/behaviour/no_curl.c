/* SPDX-License-Identifier: MIT */
/* To be preloaded: cannot initialize libcurl. */
int curl_global_init(long flags);

int curl_global_init(long flags)
{
    (void)flags;
    return 2; /* CURLE_FAILED_INIT */
}
