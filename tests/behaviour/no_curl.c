/* SPDX-License-Identifier: MIT */
/* To be preloaded: libcurl cannot be initialised. */
int curl_global_init(long flags);

int curl_global_init(long flags)
{
    (void)flags;
    return 2; /* CURLE_FAILED_INIT */
}
