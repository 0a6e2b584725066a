/* SPDX-License-Identifier: MIT */
#include "api/context.h"

#include "core/utf8.h"
#include "json/json.h"
#include "json/write.h"

#include <ctype.h>
#include <string.h>

/* Keys with this prefix are members of the object `selection`. */
static const struct span selection = SPAN("selection.");

static struct span key_of(const char *pair)
{
    return span_make(pair, strcspn(pair, "="));
}

static bool is_identifier(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != '_' && !isalpha((unsigned char)s.at[i]) &&
            (i == 0 || !isdigit((unsigned char)s.at[i])))
            return false;
    return s.len > 0;
}

int context_check(const char *pair, struct fail *fail)
{
    struct span key = key_of(pair), name = key;
    if (span_starts(key, selection))
        name = span_make(key.at + selection.len, key.len - selection.len);
    if (pair[key.len] != '=' || !is_identifier(name))
        return fail_set(fail, FAIL_USAGE,
                        "invalid value '%s' for --context: expected KEY=VALUE or "
                        "selection.KEY=VALUE",
                        pair);
    if (!utf8_valid(span_of(pair)))
        return fail_set(fail, FAIL_USAGE, "invalid value for --context: it is not UTF-8");
    if (span_is(key, "portfolio_id") || span_is(key, "portfolio_ids"))
        return fail_set_hint(fail, FAIL_USAGE, "use --portfolio", "--context cannot set %.*s",
                             (int)key.len, key.at);
    if (span_is(key, "selection"))
        return fail_set_hint(fail, FAIL_USAGE, "use selection.KEY=VALUE",
                             "--context cannot set selection itself");
    return 0;
}

int context_check_all(struct api_context context, struct fail *fail)
{
    for (size_t i = 0; i < context.count; i++)
        if (context_check(context.pairs[i], fail) != 0)
            return -1;
    return 0;
}

static bool is_last_of_key(struct api_context context, size_t index)
{
    for (size_t i = index + 1; i < context.count; i++)
        if (span_equal(key_of(context.pairs[i]), key_of(context.pairs[index])))
            return false;
    return true;
}

/* Appends the pairs whose key begins with `prefix`, without it. */
static void put_members(struct buf *body, struct api_context context, struct span prefix)
{
    for (size_t i = 0; i < context.count; i++) {
        struct span key = key_of(context.pairs[i]);
        bool selected = span_starts(key, selection);
        if (selected != (prefix.len > 0) || !is_last_of_key(context, i))
            continue;
        struct buf name = {0};
        buf_append(&name, key.at + prefix.len, key.len - prefix.len);
        json_put_text(body, buf_text(&name), span_of(key.at + key.len + 1));
        buf_release(&name);
    }
}

static bool has_selection(struct api_context context)
{
    for (size_t i = 0; i < context.count; i++)
        if (span_starts(key_of(context.pairs[i]), selection))
            return true;
    return false;
}

void context_put(struct buf *body, struct api_context context)
{
    put_members(body, context, span_make("", 0));
    if (!has_selection(context))
        return;
    json_put_key(body, "selection");
    buf_byte(body, '{');
    put_members(body, context, selection);
    buf_byte(body, '}');
}

void context_put_creation(struct buf *body, struct api_context context)
{
    for (size_t i = 0; i < context.count; i++) {
        struct span key = key_of(context.pairs[i]);
        const char *name = span_is(key, "page_hint") ? "page_hint"
                           : span_is(key, "route")   ? "route"
                                                     : NULL;
        if (name && is_last_of_key(context, i))
            json_put_text(body, name, span_of(key.at + key.len + 1));
    }
}
