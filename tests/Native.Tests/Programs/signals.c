/* A host that handles its own faults: handlers set before the library is loaded, and set again after, get each of them, and the library
 * works on. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>
#include "host.h"

static sigjmp_buf back;
static volatile sig_atomic_t caught;
static volatile int zero;

static void handle(int number, siginfo_t *info, void *context) {
    (void)number, (void)info, (void)context;
    caught++;
    siglongjmp(back, 1);
}

static void install(void) {
    struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    const int numbers[] = { SIGSEGV, SIGFPE, SIGBUS, SIGILL };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

/* Each fault comes to the host's handler. */
static int faults(void) {
    caught = 0;
    if (!sigsetjmp(back, 1)) *(volatile int *)0 = 1;
#ifdef __x86_64__
    if (!sigsetjmp(back, 1)) zero = 7 / zero;
#else
    if (!sigsetjmp(back, 1)) raise(SIGFPE);
#endif
    if (!sigsetjmp(back, 1)) raise(SIGBUS);
    if (!sigsetjmp(back, 1)) __builtin_trap();
    return caught;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    install();
    lungseg_segmenter *segmenter = create(1);
    lungseg_image image = read_image(arguments[1]);
    int area = segment(segmenter, &image, NULL), before = faults();
    if (segment(segmenter, &image, NULL) != area) return 1;
    install();
    int after = faults();
    if (segment(segmenter, &image, NULL) != area) return 1;
    check(lungseg_destroy(segmenter));
    printf("before %d, after %d\n", before, after);
    return 0;
}
