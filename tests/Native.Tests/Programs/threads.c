/* Four threads, 16 masks each, of one segmenter. */
#include <pthread.h>
#include "host.h"

enum { THREADS = 4, MASKS = 16 };
static lungseg_segmenter *segmenter;
static lungseg_image image;
static uint8_t *expected;
static int area, same;

static void *work(void *unused) {
    for (int i = 0; i < MASKS; i++) {
        uint8_t *mask;
        int found = segment(segmenter, &image, &mask);
        if (found == area && !memcmp(mask, expected, 1024 * 1024)) __atomic_add_fetch(&same, 1, __ATOMIC_RELAXED);
        free(mask);
    }
    return unused;
}

int main(int count, char **arguments) {
    pthread_t threads[THREADS];
    if (count != 2) return 2;
    segmenter = create(THREADS);
    image = read_image(arguments[1]);
    area = segment(segmenter, &image, &expected);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    check(lungseg_destroy(segmenter));
    printf("%d masks, %s\n", THREADS * MASKS, same == THREADS * MASKS ? "all the same" : "not all the same");
    return 0;
}
