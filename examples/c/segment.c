/* Segments an image file and writes its mask as a PGM: segment IMAGE MASK.pgm
 * cc segment.c -I ../../include -L LIBRARY -llungseg -o segment */
#include <stdio.h>
#include <stdlib.h>
#include <lungseg.h>

static void check(lungseg_status status) {
    char text[512];
    if (status == LUNGSEG_OK) return;
    lungseg_error(text, sizeof text);
    fprintf(stderr, "segment: %s\n", text);
    exit(2);
}

static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(2); }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size);
    if (!bytes || fread(bytes, 1, *size, file) != *size) { perror(path); exit(2); }
    fclose(file);
    return bytes;
}

int main(int count, char **arguments) {
    if (count != 3) { fprintf(stderr, "usage: segment IMAGE MASK.pgm\n"); return 2; }
    lungseg_options options = { .size = sizeof options, .abi = LUNGSEG_ABI };
    lungseg_image image = { .size = sizeof image, .format = LUNGSEG_ENCODED };
    lungseg_statistics found = { .size = sizeof found };
    lungseg_segmenter *segmenter;
    lungseg_result *result;

    check(lungseg_create(&options, &segmenter));
    image.data = read_file(arguments[1], &image.data_size);
    check(lungseg_segment(segmenter, &image, &result));
    free((void *)image.data);
    check(lungseg_measure(result, &found));

    size_t size = (size_t)found.width * found.height;
    uint8_t *mask = malloc(size);
    check(lungseg_mask(result, mask, size));
    FILE *file = fopen(arguments[2], "wb");
    if (!file) { perror(arguments[2]); return 2; }
    fprintf(file, "P5\n%d %d\n255\n", found.width, found.height);
    fwrite(mask, 1, size, file);
    fclose(file);
    free(mask);

    printf("%d of %d x %d pixels are lung; right %d, left %d; network %.0f ms\n",
        found.area, found.width, found.height, found.right.area, found.left.area, found.network_ms);
    lungseg_release(result);
    lungseg_destroy(segmenter);
    return 0;
}
