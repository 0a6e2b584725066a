/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: libcurl cannot be initialized. */
int curl_global_init(long flags);

int curl_global_init(long flags)
{
    (void)flags;
    return 2; /* CURLE_FAILED_INIT */
}
