/* The native program: its code for this processor, run. */
#include <stdio.h>
#include "levels.h"

int main(int count, char **arguments) {
    int (*run)(int, char **) = (int (*)(int, char **))level_function("lungseg_main");
    if (run) return run(count, arguments);
    fprintf(stderr, "lungseg: %s\n", level_error());
    return 2;
}
