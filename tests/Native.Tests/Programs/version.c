/* Prints the library's version; exits with the status of lungseg_create where it cannot be loaded. */
#include <stdio.h>
#include <lungseg.h>

int main(void) {
    char text[512];
    lungseg_options options = { .size = sizeof options, .abi = LUNGSEG_ABI };
    lungseg_segmenter *segmenter = NULL;
    lungseg_status status = lungseg_create(&options, &segmenter);
    if (status != LUNGSEG_OK) {
        lungseg_error(text, sizeof text);
        fprintf(stderr, "%s\n", text);
        return (int)status;
    }
    lungseg_destroy(segmenter);
    lungseg_version(text, sizeof text);
    printf("%s\n", text);
    return 0;
}
