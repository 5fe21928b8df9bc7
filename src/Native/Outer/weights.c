#include "embed.h"
#include "weights.h"

#ifdef BUILT_IN
EMBED(weights, "weights.bin");
EMBED(manifest, "manifest.json");
#endif

void build_in_weights(builder build_in) {
#ifdef BUILT_IN
    build_in(BUILT_IN, weights_begin, weights_end - weights_begin);
    build_in("manifest.json", manifest_begin, manifest_end - manifest_begin);
#else
    (void)build_in;
#endif
}
