/* SPDX-License-Identifier: MIT */
/* Questions to the API over one connection, each with its answer on every output. `send` is a
   dialogue of one question, `chat` of many in one conversation, each job of `batch` of many that
   name their conversations themselves.

       struct dialogue d;
       dialogue_init(&d, in);
       d.is_logged = logging_is_on(in, ...);
       outputs_open_main(&d.sinks, in, ...); sys_signals_catch(); outputs_open_others(...);
       for each message {
           struct question q;
           question_init(&q, &d);
           q.request.text = message;       valid until dialogue_conclude
           dialogue_ask(&d, &q, fail);     not if something failed before: *fail is in the summary
           dialogue_conclude(&d, &q, fail);
           fail_release(fail);             before the next question
       }
       dialogue_close(&d, fail);

   Everything that a question leaves behind is in struct dialogue. With --ephemeral each question
   deletes its conversation, unless request.keep is set: then it is that of the next one, too, and
   the command calls dialogue_discard in the end. */
#ifndef COMMANDS_DIALOGUE_H
#define COMMANDS_DIALOGUE_H

#include "chat/chat.h"
#include "commands/client.h"
#include "commands/command.h"
#include "output/collect.h"

struct dialogue {
    const struct invocation *in;
    struct sinks sinks;             /* the outputs: commands/outputs.h fills it */
    struct client client;           /* usable if `ready` */
    bool opened;                    /* client_open was called */
    bool ready;                     /* there is a token, and `conversation` is what -c and -C say */
    bool continued;                 /* `conversation` is what -C found */
    bool turned;                    /* dialogue_turn_to was called: -c and -C do not count */
    bool mode_set;                  /* --mode has reached the conversation */
    char *conversation;             /* ID of the next question's, NULL: it creates one; owned */
    struct strings portfolios;      /* IDs that `conversation` is about */
    struct portfolio_choice choice; /* of the portfolios of a question */
    bool is_logged;                 /* each question that is posted is added to the log */
    bool is_single;          /* one question: the outputs are closed when that is concluded */
    bool is_collecting;      /* `answer` has its sink */
    struct collected answer; /* of the present question, for the log */
    /* A job of `batch`: a signal ends the answer, not the process; --mode is for each question; the
       conversation is not remembered for -C; tokens come from `delegate`. */
    bool is_job;
    const struct auth_delegate *delegate;
    /* SIGINT ends the answer, not the process: dialogue_conclude forgets it. */
    bool survives_interrupt;
};

/* A question and, after dialogue_ask, what became of it. */
struct question {
    /* Preset from the settings. The conversation and the deadline are set by dialogue_ask; a mode
       that is set here overrides that of the settings, and portfolios also those of the
       conversation. After dialogue_ask the portfolios are the IDs that were sent. */
    struct chat_request request;
    struct reader reader;
    struct chat_outcome outcome;
    int64_t asked_ms; /* sys_wall_ms() when it began */
};

/* Whether the options that name the conversation and its context can be combined: FAIL_USAGE. */
int dialogue_check(const struct settings *s, struct fail *fail);
/* Opens nothing. `in` is borrowed. */
void dialogue_init(struct dialogue *d, const struct invocation *in);
/* Closes the outputs and the connection. -1 with FAIL_OUTPUT when closing an output shows that
   something was not written. */
int dialogue_close(struct dialogue *d, struct fail *fail);

/* The next question goes to the conversation with this ID (copied); NULL: to a new one. */
void dialogue_turn_to(struct dialogue *d, const char *conversation);
/* Deletes the present conversation within two seconds, even if a signal was caught; the next
   question creates one. A failure is a warning on standard error. */
void dialogue_discard(struct dialogue *d);

/* A question as the settings want it, begun now. dialogue_conclude releases it. */
void question_init(struct question *q, struct dialogue *d);

/* Asks the question and, unless it is ephemeral, remembers its conversation for -C and for the next
   question. The first call connects and obtains the token. 0, or -1 with *fail, which has the hints
   that the options call for; after FAIL_DENIED and FAIL_CONFIG the next question fails likewise. */
int dialogue_ask(struct dialogue *d, struct question *q, struct fail *fail);

/* The end of a question, also of one that failed before it was asked: every output gets the summary
   of it and of *fail, and the question is added to the log. A failure that only shows here (a full
   disk) becomes *fail. -1 when *fail is set. */
int dialogue_conclude(struct dialogue *d, struct question *q, struct fail *fail);

#endif
