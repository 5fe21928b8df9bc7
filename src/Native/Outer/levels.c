/* One file that holds the same .NET code compiled for several levels of the processor, because the compiler that works ahead of
 * time knows one level only. Each level's file is cut into parts; the first parts of all levels are one Brotli stream, the widest level
 * first, so that each costs only what differs from those before it, and so on. Threads unpack the parts of the first level that the
 * processor has into a file in memory (memfd_create), which is loaded as a shared library.
 * tools/native.sh makes levels.inc (the table) and the files that are embedded here. LUNGSEG_INSTRUCTIONS names another level. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "choice.h"
#include "embed.h"
#include "levels.h"
#include "weights.h"

/* The decoder that .NET's own packages bring, without its header. */
typedef struct BrotliDecoderState BrotliDecoderState;
enum { BROTLI_NEEDS_MORE_OUTPUT = 3, BROTLI_NO_REALLOCATION = 0, BROTLI_LARGE_WINDOW = 1 };
BrotliDecoderState *BrotliDecoderCreateInstance(void *(*)(void *, size_t), void (*)(void *, void *), void *);
int BrotliDecoderSetParameter(BrotliDecoderState *, int, uint32_t);
int BrotliDecoderDecompressStream(BrotliDecoderState *, size_t *, const uint8_t **, size_t *, uint8_t **, size_t *);
void BrotliDecoderDestroyInstance(BrotliDecoderState *);

EMBED(levels, "levels.br");

enum { PARTS = 4, BLOCK = 1 << 18 }; /* As in tools/compress.cs. */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *library;

/* A file that nobody else sees: in memory, or where the system has no such, one without a name. path becomes what dlopen takes. */
static int unnamed(char *path, size_t size) {
    const char *folder = getenv("TMPDIR");
    int file = (int)syscall(SYS_memfd_create, "lungseg", 1 /* MFD_CLOEXEC */);
    if (file >= 0) {
        snprintf(path, size, "/proc/self/fd/%d", file);
        if (!access(path, F_OK)) return file;
        close(file); /* /proc is not there. */
    }
    snprintf(path, size, "%s/lungseg-XXXXXX", folder && *folder ? folder : "/tmp");
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0) refuse("the code for this processor finds no place: neither /proc nor '%.256s' can be used (%s)", path, strerror(errno));
    return file;
}

static int write_all(int file, const uint8_t *bytes, size_t count, size_t at) {
    while (count) {
        ssize_t written = pwrite(file, bytes, count, (off_t)at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return 0;
        bytes += written;
        at += (size_t)written;
        count -= (size_t)written;
    }
    return 1;
}

/* What the decoder looks back on, in pages as large as the system has: it takes longer to ask for small ones than to fill them. */
static void *allocate(void *none, size_t size) {
    enum { LARGE = 1 << 21 };
    (void)none;
    void *memory = NULL;
    if (size < LARGE) return malloc(size);
    if (posix_memalign(&memory, LARGE, size)) return NULL;
    madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

static void release(void *none, void *memory) {
    (void)none;
    free(memory);
}

/* In x64 code, tools/compress.cs made places of the distances of calls and jumps. */
static void restore(uint8_t *block, size_t count, size_t at) {
#ifdef __x86_64__
    for (size_t i = 0; i + 5 <= count; i++) {
        if ((block[i] & 0xfe) != 0xe8) continue;
        uint8_t *bytes = block + i + 1;
        i += 4;
        if (bytes[3] != 0 && bytes[3] != 0xff) continue;
        uint32_t place;
        memcpy(&place, bytes, sizeof place);
        const int32_t distance = (int32_t)((place - (uint32_t)(at + i - 4)) << 7) >> 7;
        memcpy(bytes, &distance, sizeof distance);
    }
#else
    (void)block, (void)count, (void)at;
#endif
}

struct part { pthread_t thread; const uint8_t *in; size_t left; int level, index, file, started; const char *error; int number; };

static size_t part_begin(int level, int index) { return table[level].size * (size_t)index / PARTS; }

/* Writes the level's part to the file. */
static void *unpack_part(void *argument) {
    struct part *part = argument;
    const size_t first = part_begin(part->level, part->index), size = part_begin(part->level, part->index + 1) - first;
    size_t before = 0, at = 0;
    for (int i = 0; i < part->level; i++) before += part_begin(i, part->index + 1) - part_begin(i, part->index);
    uint8_t *block = malloc(BLOCK);
    BrotliDecoderState *decoder = BrotliDecoderCreateInstance(allocate, release, NULL);
    part->error = "not enough memory to unpack the code for this processor";
    if (block && decoder && BrotliDecoderSetParameter(decoder, BROTLI_LARGE_WINDOW, 1)
        && BrotliDecoderSetParameter(decoder, BROTLI_NO_REALLOCATION, 1)) {
        part->error = NULL;
        while (at < before + size && !part->error) {
            /* Blocks are counted from where the part begins. */
            const size_t to = at < before ? before : before + size, count = to - at < BLOCK ? to - at : BLOCK;
            uint8_t *out = block;
            size_t room = count;
            BrotliDecoderDecompressStream(decoder, &part->left, &part->in, &room, &out, NULL);
            if (room) part->error = "this file is damaged: its code cannot be unpacked";
            else if (at >= before) {
                restore(block, count, first + at - before);
                if (!write_all(part->file, block, count, first + at - before)) {
                    part->error = "the code for this processor cannot be written";
                    part->number = errno;
                }
            }
            at += count;
        }
    }
    if (decoder) BrotliDecoderDestroyInstance(decoder);
    free(block);
    return NULL;
}

/* Writes the level to the file: a thread for each part where the system gives one. */
static int unpack(int level, int file) {
    struct part parts[PARTS];
    const uint8_t *in = levels_begin + sizeof(uint32_t[PARTS][LEVELS]);
    for (int i = 0; i < PARTS; i++) {
        uint32_t lengths[LEVELS];
        memcpy(lengths, levels_begin + (size_t)i * sizeof lengths, sizeof lengths);
        /* The decoder goes on for as long as it has input, and what comes behind the level is not needed. */
        parts[i] = (struct part){ .in = in, .level = level, .index = i, .file = file };
        for (int j = 0; j < LEVELS; j++) {
            if (j <= level) parts[i].left += lengths[j];
            in += lengths[j];
        }
        parts[i].started = i + 1 < PARTS && !pthread_create(&parts[i].thread, NULL, unpack_part, &parts[i]);
    }
    for (int i = PARTS - 1; i >= 0; i--) {
        if (parts[i].started) pthread_join(parts[i].thread, NULL);
        else unpack_part(&parts[i]);
        if (parts[i].error) refuse(parts[i].number ? "%s: %s" : "%s", parts[i].error, strerror(parts[i].number));
    }
    return !*level_error();
}

/* Pages of this file that were read once, and are not needed again, count no longer as the process's memory. */
static void forget(const uint8_t *begin, const uint8_t *end) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)begin + page - 1) & -page, to = (uintptr_t)end & -page;
    if (from < to) madvise((void *)from, to - from, MADV_DONTNEED);
}

static void load(void) {
    char path[320];
    const int level = choose_level();
    if (level < 0) return;
    const int file = unnamed(path, sizeof path);
    if (file < 0) return;
    if (unpack(level, file)) {
        /* The .NET runtime cannot be unloaded. */
        library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
        if (!library) refuse("the code for this processor cannot be loaded: %s", dlerror());
    }
    if (strncmp(path, "/proc/", 6)) unlink(path);
    close(file);
    forget(levels_begin, levels_end);
    if (!library) return;
    builder build_in;
    *(void **)&build_in = dlsym(library, "lungseg_build_in");
    build_in_weights(build_in);
}

void *level_function(const char *name) {
    pthread_once(&once, load);
    return library ? dlsym(library, name) : NULL;
}
