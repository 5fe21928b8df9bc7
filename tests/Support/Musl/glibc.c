/* What Debian's libgcc and libstdc++ take from glibc and musl does not have. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
char __libc_single_threaded = 0;

size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time, locale_t locale) {
    return strftime_l(text, size, format, time, locale);
}

uint32_t arc4random(void) {
    uint32_t value = 0;
    if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
    return value;
}

/* Destructors of a thread's variables, the last first. */
struct ending {
    void (*run)(void *);
    void *object;
    struct ending *next;
};

static pthread_key_t endings;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void end(void *list) {
    for (struct ending *one = list, *next; one; one = next) {
        next = one->next;
        one->run(one->object);
        free(one);
    }
}

static void make_key(void) {
    if (pthread_key_create(&endings, end)) abort();
}

int __cxa_thread_atexit_impl(void (*run)(void *), void *object, void *library) {
    struct ending *one = malloc(sizeof *one);
    (void)library;
    if (!one || pthread_once(&once, make_key)) return -1;
    *one = (struct ending) { run, object, pthread_getspecific(endings) };
    return pthread_setspecific(endings, one);
}

/* Where an address has its unwinding table: glibc looks it up, musl lists all tables. */
struct search {
    ElfW(Addr) address;
    struct dl_find_object *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *argument) {
    struct search *search = argument;
    void *table = NULL, *start = NULL, *end = NULL;
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        ElfW(Addr) at = object->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_GNU_EH_FRAME) table = (void *)at;
        if (part->p_type == PT_LOAD && search->address >= at && search->address - at < part->p_memsz) {
            start = (void *)at;
            end = (void *)(at + part->p_memsz);
        }
    }
    if (!start || !table) return 0;
    *search->found = (struct dl_find_object) { .dlfo_map_start = start, .dlfo_map_end = end, .dlfo_eh_frame = table };
    return 1;
}

int _dl_find_object(void *address, struct dl_find_object *found) {
    struct search search = { (ElfW(Addr))address, found };
    return dl_iterate_phdr(look, &search) ? 0 : -1;
}
