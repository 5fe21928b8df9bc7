#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif
#ifdef _WIN32
#include <windows.h>
#endif
#include "choice.h"
#include "levels.h"

static char error[512];

const char *level_error(void) { return error; }

void refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, sizeof error, format, arguments);
    va_end(arguments);
    error[sizeof error - 1] = 0; /* Windows' own leaves it out where the text is longer. */
}

/* What x86-64-v3 and v4 (System V psABI) ask for, and that the system saves the registers. */
static enum need processor(void) {
#ifdef __x86_64__
    enum { FMA = 1 << 12, MOVBE = 1 << 22, OSXSAVE = 1 << 27, F16C = 1 << 29, LZCNT = 1 << 5, BMI1 = 1 << 3, AVX2 = 1 << 5, BMI2 = 1 << 8 };
    const unsigned v3 = FMA | MOVBE | OSXSAVE | F16C, v3_7 = BMI1 | AVX2 | BMI2;
    const unsigned v4_7 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* F, DQ, CD, BW, VL */
    unsigned a, b, c, d, b7, extended;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & v3) != v3) return NEEDS_NOTHING;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || (b7 & v3_7) != v3_7) return NEEDS_NOTHING;
    if (!__get_cpuid(0x80000001, &a, &b, &extended, &d) || !(extended & LZCNT)) return NEEDS_NOTHING;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
#ifdef _WIN32
    a &= (unsigned)GetEnabledXStateFeatures(); /* .NET's runtime asks Windows too. */
#endif
    if ((a & 0x06) != 0x06) return NEEDS_NOTHING;
    return (b7 & v4_7) == v4_7 && (a & 0xe6) == 0xe6 ? NEEDS_V4 : NEEDS_V3;
#else
    return NEEDS_NOTHING;
#endif
}

static const char *asked(void) {
#ifdef _WIN32
    /* What the host set after this file was loaded counts too; getenv would not see it. */
    static char value[64];
    const DWORD length = GetEnvironmentVariableA("LUNGSEG_INSTRUCTIONS", value, sizeof value);
    return length < sizeof value ? value : "too long";
#else
    return getenv("LUNGSEG_INSTRUCTIONS");
#endif
}

int choose_level(void) {
    const char *wanted = asked();
    enum need has = processor();
    for (int i = 0; i < LEVELS; i++) {
        if (wanted && *wanted ? strcasecmp(wanted, table[i].name) : table[i].need > has) continue;
        if (table[i].need <= has) return i;
        return refuse("LUNGSEG_INSTRUCTIONS asks for %s, which this processor does not have", wanted), -1;
    }
    char known[128] = "";
    for (int i = 0; i < LEVELS; i++) strcat(strcat(known, i ? ", " : ""), table[i].name);
    return refuse("LUNGSEG_INSTRUCTIONS is '%s': expected one of %s", wanted, known), -1;
}
