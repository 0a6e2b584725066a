/* SPDX-License-Identifier: MIT */
/* whoami: the account, its limits, and the source of the token. */
#include "commands/client.h"
#include "commands/command.h"

#include "state/credentials.h"
#include "system/system.h"
#include "terminal/table.h"
#include "json/json.h"
#include "json/write.h"

/* The rows of the output. Those with a member are reported by the server. */
enum row_id {
    ROW_ACCOUNT,
    ROW_NAME,
    ROW_TIER,
    ROW_PORTFOLIOS,
    ROW_PORTFOLIOS_MAX,
    ROW_MESSAGES_MAX,
    ROW_MESSAGES_USED,
    ROW_MESSAGES_LEFT,
    ROW_URL,
    ROW_PROFILE,
    ROW_TOKEN,
    ROW_FILE,
    ROW_EXPIRES,
    ROWS
};

static const struct {
    const char *name;
    const char *member; /* of the account or of its `limits` */
} rows[ROWS] = {
    [ROW_ACCOUNT] = {"account", "email"},
    [ROW_NAME] = {"name", "full_name"},
    [ROW_TIER] = {"tier", "tier"},
    [ROW_PORTFOLIOS] = {"portfolio_count", "portfolio_count"},
    [ROW_PORTFOLIOS_MAX] = {"max_portfolios", "max_portfolios"},
    [ROW_MESSAGES_MAX] = {"max_ai_messages", "max_ai_messages"},
    [ROW_MESSAGES_USED] = {"ai_messages_used", "ai_messages_used"},
    [ROW_MESSAGES_LEFT] = {"ai_messages_remaining", "ai_messages_remaining"},
    [ROW_URL] = {"url", NULL},
    [ROW_PROFILE] = {"profile", NULL},
    [ROW_TOKEN] = {"token", NULL},
    [ROW_FILE] = {"file", NULL},
    [ROW_EXPIRES] = {"expires", NULL},
};

/* Empty values are not shown. */
struct account {
    struct buf value[ROWS];
    bool is_number[ROWS];
};

static void read_value(void *arg, const struct json_member *m)
{
    struct account *a = arg;
    bool is_number = m->value.type == JSON_NUMBER;
    if (!is_number && m->value.type != JSON_STRING)
        return;
    for (enum row_id i = 0; i < ROWS; i++) {
        if (!rows[i].member || !span_is(m->key, rows[i].member))
            continue;
        buf_clear(&a->value[i]);
        buf_span(&a->value[i], is_number ? m->value.raw : m->value.string);
        a->is_number[i] = is_number;
    }
}

static void read_account_member(void *arg, const struct json_member *m)
{
    if (m->value.type == JSON_OBJECT && span_is(m->key, "limits"))
        json_read_object(m->value.raw, read_value, arg);
    else
        read_value(arg, m);
}

static void describe_token(const struct client *c, struct account *a)
{
    struct fail ignored = FAIL_INIT;
    buf_puts(&a->value[ROW_URL], c->base);
    buf_span(&a->value[ROW_PROFILE], span_of(c->config.key.profile));
    auth_describe(&c->auth, &a->value[ROW_TOKEN]);
    if (c->auth.source == AUTH_STORED)
        store_path(CREDENTIALS_STORE, &a->value[ROW_FILE], &ignored);
    char time[SYS_UTC_TIME];
    if (c->auth.expires_at && sys_utc_time(c->auth.expires_at, time))
        buf_printf(&a->value[ROW_EXPIRES], "%sZ", time);
    fail_release(&ignored);
}

static void put_account_json(struct writer *out, const struct account *a)
{
    struct buf line = {0};
    buf_byte(&line, '{');
    for (enum row_id i = 0; i < ROWS; i++) {
        struct span value = buf_view(&a->value[i]);
        if (value.len && a->is_number[i]) {
            json_put_key(&line, rows[i].name);
            json_put_raw(&line, value);
        } else if (value.len) {
            json_put_text(&line, rows[i].name, value);
        }
    }
    buf_puts(&line, "}\n");
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

static void put_account_table(struct writer *out, const struct account *a, const char *ellipsis)
{
    struct table table = {.columns = 2, .ellipsis = ellipsis};
    for (enum row_id i = 0; i < ROWS; i++) {
        struct span value = buf_view(&a->value[i]);
        char local[SYS_LOCAL_TIME];
        if (!value.len)
            continue;
        if (i == ROW_EXPIRES && out->terminal)
            value = sys_local_time(value, local);
        table_add(&table, span_of(rows[i].name));
        table_add(&table, value);
    }
    table_put(&table, out);
    table_release(&table);
}

static void put_account(const struct invocation *in, struct writer *out, const struct account *a)
{
    if (setting_is(in->settings, OPT_JSON))
        put_account_json(out, a);
    else
        put_account_table(out, a, terminal_ellipsis(in->terminal));
}

static int run_whoami(const struct invocation *in, struct fail *fail)
{
    struct client c;
    struct http_response response;
    struct account account = {.value = {{0}}};
    struct writer out;
    sys_signals_catch();
    writer_init_standard(&out);
    http_response_init(&response);
    int result = client_prepare(&c, in, fail);
    if (result == 0)
        result = client_me(&c, &response, fail);
    client_warn(&c, in, fail);
    if (result == 0) {
        json_read_object(buf_view(&response.body), read_account_member, &account);
        describe_token(&c, &account);
        put_account(in, &out, &account);
    }
    if (writer_finish(&out, fail) != 0)
        result = -1;
    for (enum row_id i = 0; i < ROWS; i++)
        buf_release(&account.value[i]);
    http_response_release(&response);
    client_close(&c);
    return result;
}

const struct command command_whoami = {
    .name = "whoami",
    .summary = "show the account and the source of the token",
    .usage = "[OPTION]...",
    .about = "Prints the account with its tier, limits and use as the server reports them, the\n"
             "URL, and the source, file and expiry of the token, but not the token.\n",
    .examples = "  sigmasight-chat whoami\n"
                "  sigmasight-chat whoami -j | jq -r .account\n",
    .groups = GROUP_API | GROUP_JSON,
    .run = run_whoami,
};
