/* What the programs of the tests share: a segmenter, and the mask of a file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <lungseg.h>

static inline void check(lungseg_status status) {
    char text[512];
    if (status == LUNGSEG_OK) return;
    lungseg_error(text, sizeof text);
    fprintf(stderr, "%d: %s\n", (int)status, text);
    exit(1);
}

static inline lungseg_segmenter *create(int images) {
    lungseg_options options = { .size = sizeof options, .abi = LUNGSEG_ABI, .images = images };
    lungseg_segmenter *segmenter;
    check(lungseg_create(&options, &segmenter));
    return segmenter;
}

static inline lungseg_image read_image(const char *path) {
    lungseg_image image = { .size = sizeof image };
    FILE *file = fopen(path, "rb");
    if (!file) exit(1);
    fseek(file, 0, SEEK_END);
    image.data_size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(image.data_size);
    if (fread(bytes, 1, image.data_size, file) != image.data_size) exit(1);
    fclose(file);
    image.data = bytes;
    return image;
}

/* The number of lung pixels; mask, if not NULL, gets a copy that the caller frees. */
static inline int segment(lungseg_segmenter *segmenter, const lungseg_image *image, uint8_t **mask) {
    lungseg_result *result;
    lungseg_statistics found = { .size = sizeof found };
    check(lungseg_segment(segmenter, image, &result));
    check(lungseg_measure(result, &found));
    if (mask) {
        size_t size = (size_t)found.width * found.height;
        *mask = malloc(size);
        check(lungseg_mask(result, *mask, size));
    }
    check(lungseg_release(result));
    return found.area;
}
