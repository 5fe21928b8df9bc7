/* LungSeg finds the lungs in frontal chest X-rays. For research use only: not a medical device.
 *
 * Every structure begins with its size, so that later versions may add members: start from {0}, set size (and abi), then what you need.
 * Zero is the default of every member. Text is UTF-8. Rows go from top to bottom, channels are interleaved, bright means dense.
 * Functions return LUNGSEG_OK or the kind of error; lungseg_error has the words. All functions may be called from any thread at any time,
 * lungseg_destroy included: calls that have begun end first. docs/native.md tells of signals, fork and processor levels. */
#ifndef LUNGSEG_H
#define LUNGSEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LUNGSEG_ABI 1

typedef struct lungseg_segmenter lungseg_segmenter; /* a network with its weights, ready to run */
typedef struct lungseg_result lungseg_result; /* what was found in one image */

typedef enum lungseg_status {
    LUNGSEG_OK, LUNGSEG_BAD_ARGUMENT, LUNGSEG_BAD_IMAGE, LUNGSEG_BAD_WEIGHTS,
    LUNGSEG_DEVICE,    /* the device is not there, cannot do what was asked, or the memory limit is too low */
    LUNGSEG_NO_MEMORY, LUNGSEG_CANCELLED, LUNGSEG_INTERNAL
} lungseg_status;

typedef struct lungseg_options {
    uint32_t size, abi;                      /* sizeof(lungseg_options), LUNGSEG_ABI */
    const char *network;                     /* such as "pan"; NULL: what the weights are of, or pan */
    const char *weights_file;                /* NULL: the network's file in LUNGSEG_WEIGHTS, or the one that is built in */
    const void *weights; size_t weights_size;/* or a weights file in memory, not needed any more after lungseg_create */
    const char *device, *precision;          /* "cpu", "cuda" or "cuda:1"; "fp32", "int8" (CPU), "tf32", "fp16" (GPU) */
    int64_t memory_limit;                    /* the most bytes of weights and working memory (CPU) */
    int32_t threads, images;                 /* threads of one image (all processors), images side by side (1) */
    int32_t network_size, study_mode;        /* side that the network sees; 1: the study's own steps, mask of 512 x 512 */
    float threshold;                         /* above it a pixel is lung; 0 stands for 0.5 */
    int32_t keep_contrast;                   /* 1: leave images alone that use a sliver of their range */
} lungseg_options;

typedef enum lungseg_format { LUNGSEG_ENCODED, LUNGSEG_U8, LUNGSEG_U16, LUNGSEG_F32 } lungseg_format;

typedef struct lungseg_image {
    uint32_t size, format;                   /* sizeof(lungseg_image), lungseg_format */
    const void *data; size_t data_size;      /* a file's bytes (PNG, DICOM, JPEG and so on), or pixels; bytes of them */
    int32_t width, height, channels, bits;   /* pixels: channels 1 (also 0) or 3; bits of a U16 sample, 0 for 16; F32 is 0 to 1 */
    size_t stride;                           /* pixels: bytes from row to row; 0 without gaps */
} lungseg_image;

typedef struct lungseg_lung {                /* of the patient's side; all zero where none was found */
    int32_t parts, area, left, top, right, bottom; /* pixels; right and bottom exclusive */
    double center_x, center_y;
} lungseg_lung;

typedef struct lungseg_statistics {
    uint32_t size;
    int32_t width, height, area;             /* of the mask; its lung pixels */
    int32_t probability_width, probability_height;
    lungseg_lung right, left;
    double row_mm, column_mm;                /* distance between the mask's pixels; 0 where the image does not say */
    double read_ms, preprocess_ms, network_ms, postprocess_ms;
    int32_t flags;                           /* how many questions lungseg_flags asks */
} lungseg_statistics;

uint32_t lungseg_abi(void);                                                /* LUNGSEG_ABI of the library */
size_t lungseg_version(char *text, size_t size);                           /* version and vectors; these three return the bytes needed, */
size_t lungseg_error(char *text, size_t size);                             /* with the final zero; the last error of this thread; */
size_t lungseg_flags(const lungseg_result *result, char *text, size_t size); /* what a person should look at, a line each */
lungseg_status lungseg_create(const lungseg_options *options, lungseg_segmenter **segmenter);
lungseg_status lungseg_segment(lungseg_segmenter *segmenter, const lungseg_image *image, lungseg_result **result);
lungseg_status lungseg_measure(const lungseg_result *result, lungseg_statistics *statistics);
lungseg_status lungseg_mask(const lungseg_result *result, uint8_t *mask, size_t size);                   /* 255 lung, 0 else */
lungseg_status lungseg_probabilities(const lungseg_result *result, float *probabilities, size_t count);  /* before threshold, clean-up */
lungseg_status lungseg_cancel(lungseg_segmenter *segmenter);   /* calls of lungseg_segment in progress end with LUNGSEG_CANCELLED */
lungseg_status lungseg_release(lungseg_result *result);
lungseg_status lungseg_destroy(lungseg_segmenter *segmenter);

#ifdef __cplusplus
}
#endif
#endif
