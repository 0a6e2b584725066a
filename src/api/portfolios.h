/* SPDX-License-Identifier: MIT */
/* The portfolios of the account. */
#ifndef API_PORTFOLIOS_H
#define API_PORTFOLIOS_H

#include "api/api.h"

/* Strings are owned. */
struct portfolio {
    char *id;
    char *name, *account_type, *currency; /* "" where the server does not say */
    char *value; /* total_value, else net_asset_value, else equity_balance, digits as sent */
    char *raw;   /* the server's object */
};

/* Zeroed is empty. */
struct portfolio_list {
    struct portfolio *list;
    size_t count;
};

/* GET /portfolios, or GET /data/portfolios where the first is 404. Failures as api_call;
   http_status is 404 if the server has neither. FAIL_PROTOCOL as api_unexpected. */
int portfolio_list_get(struct api *api, struct portfolio_list *list, struct fail *fail);
void portfolio_list_release(struct portfolio_list *list);

/* The portfolio that `value` means: its exact ID, else its exact name, else the unique beginning of
   either of 4 characters or more. FAIL_DATA for an unknown or ambiguous value; the message names
   the candidates. Borrowed from the list. */
const struct portfolio *portfolio_find(const struct portfolio_list *list, const char *value,
                                       struct fail *fail);

#endif
