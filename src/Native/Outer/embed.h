/* EMBED(name, "file"): the bytes of a file, from name_begin to name_end. */
#ifndef EMBED_H
#define EMBED_H

#include <stdint.h>

#ifdef _WIN32
#define EMBEDDED ".section .rdata,\"dr\"\n"
#define INSIDE
#define BACK ".text\n"
#else
#define EMBEDDED ".section .rodata.embedded,\"a\"\n"
#define INSIDE __attribute__((visibility("hidden")))
#define BACK ".previous\n"
#endif

#define EMBED(name, file)                                                                                             \
    __asm__(EMBEDDED ".balign 64\n" #name "_begin:\n.incbin \"" file "\"\n" #name "_end:\n.byte 0\n" BACK);           \
    extern const uint8_t name##_begin[] INSIDE;                                                                       \
    extern const uint8_t name##_end[] INSIDE

#endif
