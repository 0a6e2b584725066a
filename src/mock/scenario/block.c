/* SPDX-License-Identifier: MIT */
#include "mock/scenario/block.h"

#include <stdlib.h>

static void release_block(struct block *b)
{
    free(b->reason);
    headers_release(&b->add);
    headers_release(&b->drop);
    for (size_t i = 0; i < b->count; i++)
        text_release(&b->steps[i].text);
    free(b->steps);
}

void block_lists_release(struct block_lists *lists)
{
    for (size_t i = 0; i < lists->count; i++) {
        struct block_list *list = &lists->list[i];
        for (size_t j = 0; j < list->count; j++)
            release_block(&list->blocks[j]);
        free(list->blocks);
        free(list->method);
        free(list->path);
    }
    free(lists->list);
    *lists = (struct block_lists){.list = NULL};
}
