/* The default network's weights, where this file has them inside. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

/* The level's lungseg_build_in: takes a file's name and where its bytes are. */
typedef void (*builder)(const char *name, const uint8_t *bytes, ptrdiff_t count);

/* Gives the weights and their manifest to a level that was loaded. */
void build_in_weights(builder build_in);

#endif
