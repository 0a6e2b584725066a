/* SPDX-License-Identifier: MIT */
#include "mock/backend/portfolio.h"

#include "mock/backend/ids.h"

#include <stddef.h>

struct holding {
    const char *symbol, *name, *sector;
    double quantity, cost, price, change; /* price and cost per share; change today in percent */
};

static const struct holding holdings[] = {
    {"NVDA", "NVIDIA Corporation", "Technology", 420, 96.15, 178.40, 1.84},
    {"AAPL", "Apple Inc.", "Technology", 310, 164.90, 231.10, 0.42},
    {"MSFT", "Microsoft Corporation", "Technology", 140, 318.75, 468.20, 0.67},
    {"JPM", "JPMorgan Chase & Co.", "Financials", 180, 148.20, 262.35, -0.31},
    {"XOM", "Exxon Mobil Corporation", "Energy", 390, 102.80, 117.60, -1.12},
    {"LLY", "Eli Lilly and Company", "Health Care", 45, 655.00, 812.00, 2.05},
    {"COST", "Costco Wholesale Corporation", "Consumer Staples", 32, 702.10, 958.50, 0.18},
    {"BRK.B", "Berkshire Hathaway Inc.", "Financials", 60, 355.40, 489.75, -0.09},
    {"TLT", "iShares 20+ Year Treasury Bond ETF", "Fixed Income", 280, 96.40, 91.25, -0.55},
    {"GLD", "SPDR Gold Shares", "Commodities", 70, 187.30, 246.80, 0.73},
};

enum { HOLDINGS = sizeof holdings / sizeof holdings[0], HISTORY_DAYS = 30 };

static const double cash = 19873.00;
static const int64_t day = INT64_C(24) * 60 * 60 * 1000;

static double total_value(void)
{
    double total = cash;
    for (size_t i = 0; i < HOLDINGS; i++)
        total += holdings[i].quantity * holdings[i].price;
    return total;
}

static void put_meta(struct buf *out, int64_t now, size_t rows)
{
    buf_puts(out, "{\"meta\": {\"as_of\": \"");
    put_time(out, now);
    buf_printf(out,
               "\", \"rows_returned\": %zu, \"truncated\": false, \"limits\": "
               "{\"max_positions\": 2000, \"max_days\": 180, \"max_symbols\": null}, "
               "\"retryable\": false, \"cache_hit\": false, \"schema_version\": \"1.0\"}, "
               "\"data\": ",
               rows);
}

static void put_holding(struct buf *out, const struct holding *h, double total)
{
    double value = h->quantity * h->price;
    buf_printf(out,
               "{\"symbol\": \"%s\", \"name\": \"%s\", \"sector\": \"%s\", "
               "\"investment_class\": \"PUBLIC\", \"position_type\": \"LONG\", "
               "\"quantity\": %.1f, \"last_price\": %.2f, \"market_value\": %.2f, "
               "\"weight\": %.4f, \"cost_basis\": {\"per_share\": %.2f, \"total\": %.2f}, "
               "\"unrealized_pnl\": {\"amount\": %.2f, \"percent\": %.2f}, \"tags\": []}",
               h->symbol, h->name, h->sector, h->quantity, h->price, value, value / total, h->cost,
               h->cost * h->quantity, value - h->cost * h->quantity,
               (h->price / h->cost - 1) * 100);
}

void portfolio_put_complete(struct buf *out, int64_t now)
{
    double total = total_value();
    put_meta(out, now, HOLDINGS);
    buf_printf(out,
               "{\"portfolio\": {\"id\": \"" PORTFOLIO_ID "\", \"name\": \"Demo portfolio "
               "\\u2013 balanced\", \"currency\": \"USD\", \"total_value\": %.2f, "
               "\"cash_balance\": %.2f, \"position_count\": %d}, \"positions\": [",
               total, cash, HOLDINGS);
    for (size_t i = 0; i < HOLDINGS; i++) {
        buf_puts(out, i ? ", " : "");
        put_holding(out, &holdings[i], total);
    }
    buf_printf(out, "], \"exposures\": {\"long\": %.2f, \"short\": 0.0, \"cash\": %.2f}}}",
               total - cash, cash);
}

void portfolio_put_quotes(struct buf *out, int64_t now)
{
    put_meta(out, now, HOLDINGS);
    buf_puts(out, "{\"quotes\": [");
    for (size_t i = 0; i < HOLDINGS; i++) {
        const struct holding *h = &holdings[i];
        buf_printf(out,
                   "%s{\"symbol\": \"%s\", \"last_price\": %.2f, \"bid\": %.2f, \"ask\": %.2f, "
                   "\"bid_size\": 100, \"ask_size\": 300, \"day_change_percent\": %.2f, "
                   "\"day_high\": %.2f, \"day_low\": %.2f, \"timestamp\": \"",
                   i ? ", " : "", h->symbol, h->price, h->price - 0.01, h->price + 0.01, h->change,
                   h->price * 1.006, h->price * 0.991);
        put_time(out, now);
        buf_puts(out, "\"}");
    }
    buf_puts(out, "]}}");
}

void portfolio_put_history(struct buf *out, int64_t now)
{
    /* In thousandths of the value at the end. */
    static const int path[HISTORY_DAYS] = {968, 971, 966, 969, 975, 979,  974,  970, 972, 981,
                                           985, 983, 979, 976, 982, 988,  991,  987, 984, 989,
                                           994, 997, 993, 990, 995, 1001, 1004, 998, 996, 1000};
    double total = total_value();
    put_meta(out, now, HISTORY_DAYS);
    buf_puts(out, "{\"interval\": \"1d\", \"values\": [");
    for (int i = 0; i < HISTORY_DAYS; i++) {
        buf_puts(out, i ? ", {\"date\": \"" : "{\"date\": \"");
        put_time(out, now - (HISTORY_DAYS - 1 - i) * day);
        buf_printf(out, "\", \"portfolio_value\": %.2f}", total * path[i] / 1000);
    }
    buf_puts(out, "]}}");
}

void portfolio_put_factors(struct buf *out, int64_t now)
{
    static const struct factor {
        const char *name, *etf;
        double beta, share; /* share of the variance */
    } factors[] = {
        {"Market", "SPY", 1.08, 0.71},   {"Momentum", "MTUM", 0.24, 0.08},
        {"Growth", "VUG", 0.31, 0.09},   {"Value", "VTV", -0.12, 0.02},
        {"Quality", "QUAL", 0.17, 0.04}, {"Interest rates", "TLT", 0.06, 0.03},
        {"Size", "IWM", -0.09, 0.01},    {"Low volatility", "USMV", -0.05, 0.02},
    };
    enum { FACTORS = sizeof factors / sizeof factors[0] };
    put_meta(out, now, FACTORS);
    buf_puts(out, "{\"factors\": [");
    for (size_t i = 0; i < FACTORS; i++)
        buf_printf(out,
                   "%s{\"name\": \"%s\", \"etf\": \"%s\", \"beta\": %.2f, "
                   "\"variance_share\": %.2f, \"window_days\": 150, "
                   "\"confidence\": {\"low\": %.2f, \"high\": %.2f}}",
                   i ? ", " : "", factors[i].name, factors[i].etf, factors[i].beta,
                   factors[i].share, factors[i].beta - 0.07, factors[i].beta + 0.07);
    buf_puts(out, "]}}");
}
