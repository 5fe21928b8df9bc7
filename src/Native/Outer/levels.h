/* The code that was compiled for this processor: chosen, unpacked and loaded at the first call. */
#ifndef LEVELS_H
#define LEVELS_H

/* A function of the level's code; NULL where it cannot be loaded, and then level_error says why in one line. */
void *level_function(const char *name);

/* Why there is no code; "" where there is. */
const char *level_error(void);

#endif
