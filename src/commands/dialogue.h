/* SPDX-License-Identifier: MIT */
/* Questions to the API over one connection, each with its answer on every output. `send` is a
   dialogue of one question, `chat` one of many questions in one conversation. Each job of `batch`
   is a dialogue whose questions name their conversations.

       struct dialogue d;
       dialogue_init(&d, in);
       d.is_logged = logging_is_on(in, ...);
       outputs_open_main(&d.sinks, in, ...); sys_signals_catch(); outputs_open_others(...);
       for each message {
           struct question q;
           question_init(&q, &d);
           q.request.text = message;       valid until dialogue_conclude
           dialogue_ask(&d, &q, fail);     unless *fail is set already
           dialogue_conclude(&d, &q, fail);
           fail_release(fail);             before the next question
       }
       dialogue_close(&d, fail);

   All state that is kept from one question to the next is in struct dialogue. With --ephemeral each
   question deletes its conversation, unless request.keep is set: then the next question continues
   it, and the command calls dialogue_leave at the end. */
#ifndef COMMANDS_DIALOGUE_H
#define COMMANDS_DIALOGUE_H

#include "chat/chat.h"
#include "commands/client.h"
#include "commands/command.h"
#include "output/collect.h"

/* What is known about the contents of a conversation. Only a REJECTED one can be deleted unless it
   is ephemeral. */
enum conversation_use {
    USE_UNKNOWN, /* it may have messages */
    USE_CREATED, /* this dialogue created it, and no message was stored */
    USE_REJECTED /* the same, and the server rejected one */
};

struct dialogue {
    const struct invocation *in;
    struct sinks sinks;   /* the outputs: commands/outputs.h fills it */
    struct client client; /* usable if `ready` */
    bool opened;          /* client_open was called */
    bool ready;           /* there is a token, and `conversation` is set as -c and -C require */
    bool continued;       /* `conversation` was found by -C */
    bool is_selected;     /* dialogue_select was called: -c and -C are ignored */
    bool mode_set;        /* --mode was sent */
    char *conversation;   /* ID of the next question's, NULL: it creates one; owned */
    enum conversation_use use;      /* of `conversation` */
    struct strings portfolios;      /* IDs of the portfolios of `conversation` */
    struct portfolio_choice choice; /* the portfolios' IDs, for all questions */
    bool is_logged;                 /* each question that is posted is added to the log */
    bool is_single;                 /* only one question: dialogue_conclude closes the outputs */
    bool is_collecting;             /* `answer` has its sink */
    struct collected answer;        /* of the current question, for the log */
    /* A job of `batch`: a signal ends the answer, not the process; --mode applies to each question;
       the conversation is not stored for -C; tokens come from `delegate`. */
    bool is_job;
    const struct auth_delegate *delegate;
    /* Called as soon as it is certain that a question fails, with its hints; or NULL. */
    void (*on_failure)(void *arg, const struct fail *why);
    void *on_failure_arg;
    /* SIGINT ends the answer, not the process: dialogue_conclude clears it. */
    bool survives_interrupt;
};

/* A question and, after dialogue_ask, its result. */
struct question {
    struct dialogue *dialogue; /* borrowed */
    /* Initialized from the settings. dialogue_ask sets the conversation and the deadline. A mode
       set here overrides the settings; portfolios set here also override those of the conversation.
       After dialogue_ask the portfolios are the IDs that were sent. */
    struct chat_request request;
    struct reader reader;
    struct chat_outcome outcome;
    int64_t asked_ms; /* sys_wall_ms() when it began */
};

/* Whether the options that name the conversation and its context can be combined: FAIL_USAGE. */
int dialogue_check(const struct settings *s, struct fail *fail);
/* Opens no file and no connection. `in` is borrowed. */
void dialogue_init(struct dialogue *d, const struct invocation *in);
/* Closes the outputs and the connection. FAIL_OUTPUT if closing an output reports a write error. */
int dialogue_close(struct dialogue *d, struct fail *fail);

/* Selects the conversation of the next question by its ID (copied); NULL: a new one. */
void dialogue_select(struct dialogue *d, const char *conversation);
/* Leaves the current conversation; the next question creates a new one. Deletes it within two
   seconds if it is ephemeral, even if a signal was caught, or if it was created for messages that
   the server rejected, except after a signal: it is empty. A failure to delete it is a warning on
   standard error. */
void dialogue_leave(struct dialogue *d);

/* Initializes a question from the settings; it begins now. dialogue_conclude releases it. */
void question_init(struct question *q, struct dialogue *d);
/* Restarts its time limits, so that the time in which the message is read or edited does not
   count. */
void question_restart_clocks(struct question *q);

/* Asks the question and, unless it is ephemeral, stores its conversation for -C and uses it for the
   next question. The first call connects and obtains the token. 0, or -1 with *fail, whose hints
   depend on the options; after FAIL_DENIED and FAIL_CONFIG the next question fails in the same
   way. */
int dialogue_ask(struct dialogue *d, struct question *q, struct fail *fail);

/* Ends a question, even one that failed before it was asked: passes its summary with *fail to every
   output and adds the question to the log. A failure that occurs only here, such as a full disk, is
   recorded in *fail. -1 if *fail is set. */
int dialogue_conclude(struct dialogue *d, struct question *q, struct fail *fail);

#endif
