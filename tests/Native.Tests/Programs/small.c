/* Each function once on a small image, and what each refuses; short, since valgrind runs it. */
#include <math.h>
#include "host.h"

enum { SIDE = 128 };

static void refused(lungseg_status expected, lungseg_status found) {
    if (found == expected) return;
    fprintf(stderr, "%d expected, %d found\n", (int)expected, (int)found);
    exit(1);
}

int main(void) {
    static float pixels[SIDE][SIDE];
    uint8_t mask[SIDE * SIDE];
    float probabilities[SIDE * SIDE];
    char text[256];
    lungseg_segmenter *segmenter, *none = NULL;
    lungseg_result *result;
    lungseg_statistics found = { .size = sizeof found };
    lungseg_options options = { .size = sizeof options, .abi = LUNGSEG_ABI, .network_size = SIDE, .threads = 1 };
    lungseg_image image = {
        .size = sizeof image, .format = LUNGSEG_F32, .data = pixels, .data_size = sizeof pixels, .width = SIDE, .height = SIDE,
    };

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) pixels[y][x] = (float)(x ^ y) / SIDE;
    if (lungseg_abi() != LUNGSEG_ABI || lungseg_version(text, sizeof text) < 2) return 1;

    check(lungseg_create(&options, &segmenter));
    check(lungseg_segment(segmenter, &image, &result));
    check(lungseg_measure(result, &found));
    check(lungseg_mask(result, mask, sizeof mask));
    check(lungseg_probabilities(result, probabilities, SIDE * SIDE));
    lungseg_flags(result, text, sizeof text);
    if (found.width != SIDE || !(probabilities[0] >= 0 && probabilities[0] <= 1)) return 1;

    refused(LUNGSEG_BAD_ARGUMENT, lungseg_mask(result, mask, 1));
    check(lungseg_release(result));
    refused(LUNGSEG_BAD_ARGUMENT, lungseg_release(result));
    pixels[3][3] = NAN;
    refused(LUNGSEG_BAD_ARGUMENT, lungseg_segment(segmenter, &image, &result));
    image.format = LUNGSEG_ENCODED;
    refused(LUNGSEG_BAD_IMAGE, lungseg_segment(segmenter, &image, &result));
    check(lungseg_cancel(segmenter));
    check(lungseg_destroy(segmenter));
    options.weights = pixels;
    options.weights_size = sizeof pixels;
    refused(LUNGSEG_BAD_WEIGHTS, lungseg_create(&options, &none));
    options.abi = 77;
    refused(LUNGSEG_BAD_ARGUMENT, lungseg_create(&options, &none));
    if (none || lungseg_error(text, sizeof text) < 2) return 1;
    printf("all hold\n");
    return 0;
}
