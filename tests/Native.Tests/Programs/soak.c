/* Many calls by 16 threads, many segmenters, many damaged files: soak CALLS CREATIONS DAMAGED IMAGE WEIGHTS FILE... Each FILE is a good
 * one; WEIGHTS are of a network so small that most of the time goes to reading files. Each phase ends with a line; the first wrong result
 * ends the program. */
#include <pthread.h>
#include <unistd.h>
#include "host.h"

enum { THREADS = 16, IMAGES = 4, SIDE = 128, SMALL_SIDE = 32, EDITS = 4, MOST_ADDED = 100, EDGE = 200, PARTS = 10, GROWTH_MIB = 32 };
static lungseg_segmenter *segmenter;
static lungseg_image image, *files;
static uint8_t *expected;
static size_t expected_size;
static int file_count;
static long next, end, found_readable;

static void fail(const char *what, long number) {
    char text[512];
    lungseg_error(text, sizeof text);
    fprintf(stderr, "%s %ld: %s\n", what, number, text);
    exit(1);
}

static long resident_mib(void) {
    long pages, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2) exit(1);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE) >> 20;
}

static lungseg_segmenter *create_with(int images, int side, const char *weights) {
    lungseg_options options = {
        .size = sizeof options, .abi = LUNGSEG_ABI, .threads = 1, .images = images, .network_size = side, .weights_file = weights,
    };
    lungseg_segmenter *created;
    check(lungseg_create(&options, &created));
    return created;
}

static void check_same(lungseg_segmenter *by, long number) {
    uint8_t *mask;
    segment(by, &image, &mask);
    if (memcmp(mask, expected, expected_size)) fail("another mask in call", number);
    free(mask);
}

static void *call(void *unused) {
    for (long number; (number = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < end;) check_same(segmenter, number);
    return unused;
}

/* SplitMix64. */
static uint64_t draw(uint64_t *state, uint64_t below) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (z ^ z >> 31) % below;
}

/* As tests/Support/Fuzzing/Damage.cs, for a program without .NET: cuts every other file, and changes the others in one to four places,
 * two thirds of them near the file's ends. */
static size_t damage(uint8_t *bytes, size_t length, long number) {
    uint64_t random = (uint64_t)number;
    if (number % 2) return draw(&random, length);
    for (uint64_t edits = 1 + draw(&random, EDITS); edits > 0 && length > 9; edits--) {
        size_t edge = length < EDGE ? length : EDGE, where = draw(&random, 3), some = 1 + draw(&random, MOST_ADDED);
        size_t at = where == 0 ? draw(&random, edge) : where == 1 ? length - 1 - draw(&random, edge) : draw(&random, length);
        if (some > length - at) some = length - at;
        switch (draw(&random, 6)) {
        case 0: bytes[at] ^= (uint8_t)(1 << draw(&random, 8)); break;
        case 1: bytes[at] = (uint8_t)draw(&random, 256); break;
        case 2: bytes[at] = 0xFF; break;
        case 3: bytes[at] = 0; break;
        case 4: memmove(bytes + at, bytes + at + some, length - at - some); length -= some; break;
        default: memmove(bytes + at + some, bytes + at, length - at); length += some; break;
        }
    }
    return length;
}

static void *read_damaged(void *unused) {
    for (long number; (number = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < end;) {
        const lungseg_image *good = &files[number / 2 % file_count];
        uint8_t *bytes = malloc(good->data_size + EDITS * MOST_ADDED);
        lungseg_image bad = { .size = sizeof bad, .data = bytes };
        lungseg_result *result;
        char text[4096];
        memcpy(bytes, good->data, good->data_size);
        bad.data_size = damage(bytes, good->data_size, number);
        lungseg_status status = lungseg_segment(segmenter, &bad, &result);
        if (status == LUNGSEG_OK) {
            check(lungseg_release(result));
            __atomic_add_fetch(&found_readable, 1, __ATOMIC_RELAXED);
        } else if (status != LUNGSEG_BAD_IMAGE && !(status == LUNGSEG_BAD_ARGUMENT && bad.data_size == 0)) {
            fail("a status that is not the image's for damaged file", number);
        } else if (lungseg_error(text, sizeof text) < 2 || strchr(text, '\n')) {
            fail("not one line for damaged file", number);
        }
        free(bytes);
    }
    return unused;
}

/* Shares COUNT cases among the threads, in ten parts, each by threads of its own. What is resident after each is printed; it goes up and
 * down with the collector, so that the least of the last three may not be far above the most of the first three. */
static void shared(void *(*work)(void *), long count, const char *what) {
    long resident[PARTS];
    for (int part = 0; part < PARTS; part++) {
        pthread_t threads[THREADS];
        next = count * part / PARTS;
        end = count * (part + 1) / PARTS;
        for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, NULL);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        resident[part] = resident_mib();
    }
    printf("%ld %s by %d threads: resident after each tenth, MiB:", count, what, THREADS);
    long first = 0, last = resident[PARTS - 1];
    for (int part = 0; part < PARTS; part++) {
        printf(" %ld", resident[part]);
        if (part < 3 && resident[part] > first) first = resident[part];
        if (part >= PARTS - 3 && resident[part] < last) last = resident[part];
    }
    printf("\n");
    if (last - first > GROWTH_MIB) fail("memory grows", last - first);
}

int main(int count, char **arguments) {
    if (count < 7) return 2;
    long calls = atol(arguments[1]), creations = atol(arguments[2]), damaged = atol(arguments[3]), before = 0;
    lungseg_result *result;
    lungseg_statistics found = { .size = sizeof found };
    image = read_image(arguments[4]);
    file_count = count - 6;
    files = malloc(sizeof *files * (size_t)file_count);
    for (int i = 0; i < file_count; i++) files[i] = read_image(arguments[6 + i]);

    segmenter = create_with(IMAGES, SIDE, NULL);
    check(lungseg_segment(segmenter, &image, &result));
    check(lungseg_measure(result, &found));
    expected_size = (size_t)found.width * found.height;
    expected = malloc(expected_size);
    check(lungseg_mask(result, expected, expected_size));
    check(lungseg_release(result));
    shared(call, calls, "calls");
    check(lungseg_destroy(segmenter));

    for (long i = 1; i <= creations; i++) {
        lungseg_segmenter *one = create_with(1, SIDE, NULL);
        check_same(one, i);
        check(lungseg_destroy(one));
        if (i == creations / PARTS) before = resident_mib();
    }
    printf("%ld times created and destroyed: resident %ld MiB after a tenth, %ld MiB in the end\n", creations, before, resident_mib());
    if (resident_mib() - before > GROWTH_MIB) fail("memory grows", resident_mib() - before);

    segmenter = create_with(IMAGES, SMALL_SIDE, arguments[5]);
    shared(read_damaged, damaged, "damaged and cut files");
    check(lungseg_destroy(segmenter));
    printf("%ld of them could still be read\n", found_readable);
    return found_readable > damaged / 50 && found_readable < damaged / 2 ? 0 : 1;
}
