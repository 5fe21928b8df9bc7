/* The levels on Windows, which loads libraries from files alone: the level of PATH.dll is PATH-LEVEL.dll beside it. The first that the
 * processor has is loaded, and stays to the end of the process. */
#include <stdio.h>
#include <windows.h>
#include "choice.h"
#include "levels.h"
#include "weights.h"

enum { LONGEST_PATH = 32768, LONGEST_ENDING = 32 };
static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static HMODULE library;

static BOOL CALLBACK load(INIT_ONCE *unused, void *none, void **nothing) {
    static wchar_t path[LONGEST_PATH];
    HMODULE own;
    (void)unused, (void)none, (void)nothing;
    const int level = choose_level();
    if (level < 0) return TRUE;
    const DWORD pinned = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    DWORD length = GetModuleHandleExW(pinned, (const wchar_t *)load, &own) ? GetModuleFileNameW(own, path, LONGEST_PATH) : 0;
    while (length && path[length - 1] != L'.') length--;
    if (!length || length + LONGEST_ENDING > LONGEST_PATH) return refuse("this file does not find the path that it was loaded from"), TRUE;
    swprintf(path + length - 1, LONGEST_ENDING, L"-%hs.dll", table[level].name);
    /* What the level needs is Windows' own, and is looked for nowhere else. */
    library = LoadLibraryExW(path, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (!library) {
        char name[3 * MAX_PATH];
        const unsigned long reason = GetLastError();
        if (!WideCharToMultiByte(CP_UTF8, 0, path, -1, name, sizeof name, NULL, NULL)) *name = 0;
        return refuse("the code for this processor cannot be loaded from '%s' (Windows' error %lu)", name, reason), TRUE;
    }
    build_in_weights((builder)(void (*)(void))GetProcAddress(library, "lungseg_build_in"));
    return TRUE;
}

void *level_function(const char *name) {
    InitOnceExecuteOnce(&once, load, NULL, NULL);
    return library ? (void *)GetProcAddress(library, name) : NULL;
}
