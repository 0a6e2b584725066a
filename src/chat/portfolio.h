/* SPDX-License-Identifier: MIT */
/* The portfolios of a conversation: the IDs for the names given by the user, or the program's
   choice if the server requires a portfolio and the user gave none. */
#ifndef CHAT_PORTFOLIO_H
#define CHAT_PORTFOLIO_H

#include "api/portfolios.h"
#include "core/strings.h"

/* Zeroed is empty. Can be used for any number of questions to the same account; the list of
   portfolios is requested at most once. Release with portfolio_choice_release. */
struct portfolio_choice {
    struct portfolio_list list;
    bool is_listed;      /* `list` was received from the server */
    bool is_unsupported; /* the server cannot list portfolios */
    bool is_implied;     /* portfolio_choose has chosen: its choice applies to all new conversations
                            without a portfolio */
    bool has_tried;      /* portfolio_choose was tried since the last portfolio_resolve */
    struct strings ids;  /* the result of the last portfolio_resolve or portfolio_choose */
    bool ids_are_implied;
};

void portfolio_choice_release(struct portfolio_choice *c);

/* Stores the IDs of the portfolios `wanted` in `ids`. UUIDs, and all values if the server cannot
   list portfolios, are used unchanged. If `wanted` is empty the result is empty, or for a new
   conversation (`is_new`) what portfolio_choose has chosen before. Fails as portfolio_list_get and
   portfolio_find; then the result is empty. */
int portfolio_resolve(struct portfolio_choice *c, struct api *api, struct api_portfolios wanted,
                      bool is_new, struct fail *fail);

/* The result of the last call, borrowed until the next one. */
struct api_portfolios portfolio_ids(const struct portfolio_choice *c);

/* The server requires a portfolio for a new conversation if the account has several. Call after the
   creation of a conversation has failed with *why: if that may be the reason, chooses all
   portfolios of the account, once after each portfolio_resolve. 0 if the conversation should be
   created with them: *why is released, and *note (owned by the caller) is the message for the user.
   Otherwise -1 with the failure in *why: FAIL_DATA if the account has no portfolio, FAIL_SIGNAL, or
   unchanged. */
int portfolio_choose(struct portfolio_choice *c, struct api *api, char **note, struct fail *why);

#endif
