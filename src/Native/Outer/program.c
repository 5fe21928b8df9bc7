/* The native program: its code for this processor, run. */
#include <stdio.h>
#include "levels.h"

static int run(int count, char **arguments) {
    int (*level_main)(int, char **) = (int (*)(int, char **))level_function("lungseg_main");
    if (level_main) return level_main(count, arguments);
    fprintf(stderr, "lungseg: %s\n", level_error());
    return 2;
}

#ifdef _WIN32
#include <stdlib.h>
#include <windows.h>

/* Arguments as Windows has them are UTF-16, the level's are UTF-8. */
int wmain(int count, wchar_t **wide) {
    char **arguments = calloc((size_t)count + 1, sizeof *arguments);
    for (int i = 0; arguments && i < count; i++) {
        const int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        arguments[i] = malloc((size_t)size);
        if (!arguments[i]) arguments = NULL;
        else WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, arguments[i], size, NULL, NULL);
    }
    if (arguments) return run(count, arguments);
    fputs("lungseg: not enough memory\n", stderr);
    return 2;
}
#else
int main(int count, char **arguments) { return run(count, arguments); }
#endif
