/* SPDX-License-Identifier: MIT */
/* Which portfolios a conversation is about: the IDs of the names that the user gave, or the choice
   of the program where the server requires a portfolio and the user named none. */
#ifndef CHAT_PORTFOLIO_H
#define CHAT_PORTFOLIO_H

#include "api/portfolios.h"
#include "core/strings.h"

/* Zeroed is empty; may serve any number of questions to the same account, and asks the server for
   its portfolios at most once. Release with portfolio_choice_release. */
struct portfolio_choice {
    struct portfolio_list list;
    bool is_listed;      /* `list` is what the server said */
    bool is_unsupported; /* the server has no call for portfolios */
    bool is_implied;     /* portfolio_choose has chosen: the choice for all new conversations that
                            name none */
    struct strings ids;  /* the result of the last call */
    bool ids_are_implied;
};

void portfolio_choice_release(struct portfolio_choice *c);

/* Finds the IDs of `wanted`, to `ids`. UUIDs, and all values where the server has no call for
   portfolios, are taken as they are. Without `wanted` there are none, or with `is_new` those that
   portfolio_choose chose before. Failures as portfolio_list_get and portfolio_find. */
int portfolio_resolve(struct portfolio_choice *c, struct api *api, struct api_portfolios wanted,
                      bool is_new, struct fail *fail);

/* What was found or chosen, borrowed until the next call. */
struct api_portfolios portfolio_ids(const struct portfolio_choice *c);

/* Whether a conversation may not have been created for want of a portfolio. */
bool portfolio_is_missing(const struct fail *why);

/* Chooses after that failure: all portfolios of the account. 0 if there are any: *why is released,
   and *note (owned by the caller) tells the user. -1 otherwise, with the failure in *why: the same
   where the server does not tell, FAIL_DATA where the account has no portfolio. */
int portfolio_choose(struct portfolio_choice *c, struct api *api, char **note, struct fail *why);

#endif
