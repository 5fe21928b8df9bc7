/* Which level of the processor's instructions is taken, and why none is. */
#ifndef CHOICE_H
#define CHOICE_H

#include <stddef.h>

enum need { NEEDS_NOTHING, NEEDS_V3, NEEDS_V4 };

/* The widest first. tools/native.sh makes levels.inc. */
static const struct level { const char *name; enum need need; size_t size; } table[] = {
#include "levels.inc"
};
enum { LEVELS = sizeof table / sizeof *table };

/* The first level that the processor has, or the one that LUNGSEG_INSTRUCTIONS names; -1 where the processor lacks that. */
int choose_level(void);

/* Keeps what level_error says. */
void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
