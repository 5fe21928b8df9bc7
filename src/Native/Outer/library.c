/* The C library: each function of include/lungseg.h passes on to the code for this processor. */
#include <stdio.h>
#include <string.h>
#include "../../../include/lungseg.h"
#include "levels.h"

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

/* A function that returns a status, or a number of bytes; what it returns where there is no code for this processor. */
#define PASS_ON(type, none, name, parameters, arguments)                                   \
    EXPORTED type name parameters {                                                        \
        static type (*function) parameters;                                                \
        type(*known) parameters = __atomic_load_n(&function, __ATOMIC_ACQUIRE);            \
        if (!known) {                                                                      \
            known = (type(*) parameters)level_function(#name);                             \
            __atomic_store_n(&function, known, __ATOMIC_RELEASE);                          \
        }                                                                                  \
        return known ? known arguments : none;                                             \
    }

static size_t tell(char *text, size_t size) {
    const char *error = level_error();
    if (text && size) {
        snprintf(text, size, "%s", error);
        text[size - 1] = 0;
    }
    return strlen(error) + 1;
}

PASS_ON(uint32_t, LUNGSEG_ABI, lungseg_abi, (void), ())
PASS_ON(size_t, tell(text, size), lungseg_version, (char *text, size_t size), (text, size))
PASS_ON(size_t, tell(text, size), lungseg_error, (char *text, size_t size), (text, size))
PASS_ON(size_t, 0, lungseg_flags, (const lungseg_result *result, char *text, size_t size), (result, text, size))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_create, (const lungseg_options *options, lungseg_segmenter **segmenter),
        (options, segmenter))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_segment,
        (lungseg_segmenter *segmenter, const lungseg_image *image, lungseg_result **result),
        (segmenter, image, result))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_measure, (const lungseg_result *result, lungseg_statistics *statistics),
        (result, statistics))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_mask, (const lungseg_result *result, uint8_t *mask, size_t size), (result, mask, size))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_probabilities, (const lungseg_result *result, float *probabilities, size_t count),
        (result, probabilities, count))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_cancel, (lungseg_segmenter *segmenter), (segmenter))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_release, (lungseg_result *result), (result))
PASS_ON(lungseg_status, LUNGSEG_DEVICE, lungseg_destroy, (lungseg_segmenter *segmenter), (segmenter))
