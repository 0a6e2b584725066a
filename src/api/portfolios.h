/* SPDX-License-Identifier: MIT */
/* The portfolios of the account. */
#ifndef API_PORTFOLIOS_H
#define API_PORTFOLIOS_H

#include "api/api.h"

/* Strings are owned. */
struct portfolio {
    char *id;
    char *name, *account_type, *currency; /* "" if absent */
    char *value; /* total_value, else net_asset_value, else equity_balance, digits as sent */
    char *raw;   /* the server's object */
};

/* Zeroed is empty. */
struct portfolio_list {
    struct portfolio *list;
    size_t count;
};

/* GET /portfolios, or GET /data/portfolios if the first fails with 404. Fails as api_call and
   api_unexpected; http_status is 404 if the server has neither. */
int portfolio_list_get(struct api *api, struct portfolio_list *list, struct fail *fail);
void portfolio_list_release(struct portfolio_list *list);

/* The portfolio that `value` selects: by its ID, else by its name, else by a unique prefix of
   either of at least 4 characters. FAIL_DATA for an unknown or ambiguous value; the message lists
   the candidates. Borrowed from the list. */
const struct portfolio *portfolio_find(const struct portfolio_list *list, const struct api *api,
                                       const char *value, struct fail *fail);

#endif
