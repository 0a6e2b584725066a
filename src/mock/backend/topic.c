/* SPDX-License-Identifier: MIT */
#include "mock/backend/topic.h"

#include "mock/backend/portfolio.h"

#include <ctype.h>
#include <string.h>

static const struct tool complete = {"get_portfolio_complete",
                                     "{\"portfolio_id\": \"" PORTFOLIO_ID
                                     "\", \"include_holdings\": true}",
                                     portfolio_put_complete, 245};
static const struct tool quotes = {
    "get_current_quotes", "{\"symbols\": \"NVDA,AAPL,MSFT,JPM,XOM\", \"include_options\": false}",
    portfolio_put_quotes, 118};
static const struct tool history = {"get_prices_historical",
                                    "{\"portfolio_id\": \"" PORTFOLIO_ID
                                    "\", \"lookback_days\": 30, \"max_symbols\": 5}",
                                    portfolio_put_history, 312};
static const struct tool factors = {"get_factor_etf_prices",
                                    "{\"lookback_days\": 150, \"factors\": \"all\"}",
                                    portfolio_put_factors, 187};

/* A word matches where it stands; a blank in it is any boundary of a word. */
static const struct topic topics[] = {
    {{" concentrat", " diversif", " weight"},
     {&complete},
     "Let me look at your positions. ",
     "Your portfolio is **moderately concentrated** 🎯\n"
     "\n"
     "| Position | Weight |\n"
     "|---|---:|\n"
     "| NVDA | 16.1 % |\n"
     "| AAPL | 15.4 % |\n"
     "| MSFT | 14.1 % |\n"
     "\n"
     "The three largest positions are **45.7 %** of $464,500, and all three are large technology "
     "companies. By the Herfindahl index (0.111) your ten positions and the cash spread the risk "
     "like about **nine equal ones**.\n"
     "\n"
     "- **Single names:** none is above 20 %, but NVDA is past the usual limit of 15 %.\n"
     "- **Sector:** technology is where the real concentration lies.\n"
     "- **Ballast:** TLT, GLD and cash come to 13.5 %.\n"
     "\n"
     "Shall I work out what trimming NVDA to 10 % would change?"},
    {{" hedg", " volatil", " protect", " option", " downside"},
     {&complete, &quotes},
     NULL,
     "Most of your risk is the market itself: a **beta of 1.08** on $464,500. Three ways to take "
     "some of it off 🛡️\n"
     "\n"
     "1. **Index puts.** Three-month SPY puts 5 % below the market cost about 1.9 % of what they "
     "protect. Covering half of the portfolio is roughly $4,400.\n"
     "2. **A collar on NVDA.** Selling calls 12 % above pays for puts 10 % below: no outlay, but "
     "the gain is capped.\n"
     "3. **Rebalancing.** Moving 8 % from technology to short bonds lowers the volatility from "
     "≈ 17.2 % to ≈ 15.1 % a year — the cheapest of the three.\n"
     "\n"
     "> Options lose their whole premium when nothing happens. I would begin with the third."},
    {{" risk", " factor", " beta", " drawdown", " stress"},
     {&complete, &factors},
     "Let me check the factor exposures. ",
     "Here is where the risk comes from:\n"
     "\n"
     "| Factor | Beta | Share of variance |\n"
     "|---|---:|---:|\n"
     "| Market | 1.08 | 71 % |\n"
     "| Growth | 0.31 | 9 % |\n"
     "| Momentum | 0.24 | 8 % |\n"
     "| Quality | 0.17 | 4 % |\n"
     "\n"
     "**In words:** when the market falls by 10 %, expect about **−10.8 %**, a little more if "
     "growth shares lead the way down ⚠️. The 95 % one-day value at risk is close to $8,100 "
     "(σ ≈ 1.06 %).\n"
     "\n"
     "Bonds and gold do help, but at 9.2 % together they are too small to matter much in a "
     "sell-off."},
    {{" perform", " return", " gain", " profit", " month", " year"},
     {&history},
     NULL,
     "Over the last 30 days the portfolio has gained **+3.3 %** 📈, from $449,636 to $464,500.\n"
     "\n"
     "- **Best:** `LLY` and `NVDA`, which together made more than half of it\n"
     "- **Worst:** `XOM`, held back by the oil price, and `TLT`, by rising yields\n"
     "- **Deepest fall on the way:** −0.9 %\n"
     "\n"
     "That is ahead of a 60/40 mix (+1.9 %) and about level with the S&P 500."},
    {{" portfolio", " holding", " position", " overview", " summar", " own ", " stock"},
     {&complete},
     NULL,
     "You hold **ten positions and cash** worth **$464,500** 💼:\n"
     "\n"
     "- **Technology** — NVDA, AAPL, MSFT: 45.7 %\n"
     "- **Financials** — JPM, BRK.B: 16.5 %\n"
     "- **Energy** — XOM: 9.9 %\n"
     "- **Health care** — LLY: 7.9 %\n"
     "- **Consumer staples** — COST: 6.6 %\n"
     "- **Bonds and gold** — TLT, GLD: 9.2 %\n"
     "- **Cash** — 4.3 %\n"
     "\n"
     "Everything but TLT stands above its cost. Ask me about *risk*, *concentration* or a "
     "*hedge* for more."},
    {{" hello ", " hi ", " hey ", " thanks ", " thank "},
     {NULL},
     NULL,
     "Hello! 👋 I am SigmaSight, your portfolio analyst. Ask me for example:\n"
     "\n"
     "- How concentrated is my portfolio?\n"
     "- What are my biggest risks?\n"
     "- How could I hedge the volatility?"},
    {{NULL},
     {NULL},
     NULL,
     "I have no canned answer to that — this is a *stand-in* for the SigmaSight backend, with no "
     "model behind it 🙂. Questions about **risk**, **concentration**, **performance** or a "
     "**hedge** get a longer answer, with tool calls."},
};

/* Lower case, with a blank for every run of bytes that are no letter or digit, and around it. */
static void put_words(struct buf *out, struct span text)
{
    buf_byte(out, ' ');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool word = isalnum(c) || c >= 0x80;
        if (word || out->data[out->len - 1] != ' ')
            buf_byte(out, word ? (char)tolower(c) : ' ');
    }
    buf_byte(out, ' ');
}

static bool has_word(const struct topic *topic, const char *words)
{
    for (int i = 0; i < TOPIC_WORDS && topic->words[i]; i++)
        if (strstr(words, topic->words[i]))
            return true;
    return false;
}

const struct topic *topic_for(struct span question)
{
    struct buf words = {0};
    put_words(&words, question);
    const struct topic *topic = topics;
    while (topic->words[0] && !has_word(topic, buf_text(&words)))
        topic++;
    buf_release(&words);
    return topic;
}
