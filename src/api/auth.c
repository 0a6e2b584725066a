/* SPDX-License-Identifier: MIT */
#include "api/auth.h"

#include "base/buf.h"
#include "base/system.h"
#include "base/xmalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_MAX = 64 * 1024 };

/* What may stand in a header without changing it: visible ASCII (RFC 6750, section 2.1, is
   stricter; servers are not). */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~')
            return false;
    return s.len > 0;
}

static int take(struct auth *auth, struct span text, const char *source, struct fail *fail)
{
    text = span_first_line(text);
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    if (!is_token(text))
        return fail_set(fail, FAIL_DENIED, "no token: %s %s", source,
                        text.len ? "holds something that cannot be one" : "is empty");
    auth->token = xmemdup(text.at, text.len);
    auth->source = xstrdup(source);
    return 0;
}

static int take_file(struct auth *auth, const char *path, struct fail *fail)
{
    struct buf text;
    buf_init(&text, TOKEN_MAX);
    int fd = sys_open(path, O_RDONLY, 0);
    int result = fd < 0 ? -1 : sys_read_all(fd, &text);
    if (result != 0)
        fail_errno(fail, FAIL_INPUT, errno, "cannot read the token file %s", path);
    else
        result = take(auth, buf_view(&text), path, fail);
    if (fd >= 0)
        close(fd);
    buf_wipe(&text);
    return result;
}

int auth_obtain(struct auth *auth, const char *token_file, struct fail *fail)
{
    *auth = (struct auth){NULL, NULL};
    if (token_file)
        return take_file(auth, token_file, fail);
    const char *token = getenv("SIGMASIGHT_TOKEN");
    if (token && *token)
        return take(auth, span_of(token), "SIGMASIGHT_TOKEN", fail);
    fail_set(fail, FAIL_DENIED, "no token");
    fail_hint(fail, "set SIGMASIGHT_TOKEN or name a file with --token-file");
    return -1;
}

void auth_release(struct auth *auth)
{
    if (auth->token)
        sys_wipe(auth->token, strlen(auth->token));
    free(auth->token);
    free(auth->source);
    *auth = (struct auth){NULL, NULL};
}
