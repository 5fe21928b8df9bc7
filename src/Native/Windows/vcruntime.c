/* What .NET's runtime for Windows asks of the start-up code that Microsoft's compiler links into every library (vcruntime, libcmt), for
 * those who link without it: tools/native.sh links each level with this and LLVM's lld-link. All else that it asks for is in Windows'
 * own libraries. The names are Microsoft's; "/GS", "CRT sections" and "thread-local storage" of its documentation tell what each is for.
 * clang compiles this for x86_64-windows-msvc, without headers. */
typedef unsigned int DWORD;
typedef unsigned long long SIZE;
typedef void (*initializer)(void);
typedef void (*tls_callback)(void *module, DWORD reason, void *reserved);

enum { PROCESS_ATTACH = 1, THREAD_ATTACH, CONTINUE_SEARCH = 1 };

void *malloc(SIZE size);
void free(void *memory);
int DllMain(void *module, DWORD reason, void *reserved);
int _DllMainCRTStartup(void *module, DWORD reason, void *reserved);

/* Names that the compiler's own code asks for: floating point is used; vectors beyond SSE2 are not to be. */
int _fltused = 0x9875, __isa_available;

/* new and delete that throw nothing. */
void *new_one(SIZE size, const void *nothrow) __asm__("??2@YAPEAX_KAEBUnothrow_t@std@@@Z");
void *new_many(SIZE size, const void *nothrow) __asm__("??_U@YAPEAX_KAEBUnothrow_t@std@@@Z");
void delete_one(void *memory, SIZE size) __asm__("??3@YAXPEAX_K@Z");
void delete_many(void *memory) __asm__("??_V@YAXPEAX@Z");
extern const char nothrow __asm__("?nothrow@std@@3Unothrow_t@1@B");

const char nothrow;

void *new_one(SIZE size, const void *unused) {
    (void)unused;
    return malloc(size ? size : 1);
}

void *new_many(SIZE size, const void *unused) { return new_one(size, unused); }

void delete_one(void *memory, SIZE size) {
    (void)size;
    free(memory);
}

void delete_many(void *memory) { free(memory); }

/* The runtime stays to the end of the process, which frees all. */
int atexit(initializer unused) {
    (void)unused;
    return 0;
}

/* Functions with buffers on the stack keep a number behind them (/GS): another one found there, or an index outside of an array, ends
 * the process at once (int 0x29, __fastfail). An exception on its way through such a function is none of its business. */
SIZE __security_cookie = 0x00002B992DDFA232;

int __GSHandlerCheck(void *exception, void *frame, void *context, void *dispatcher) {
    (void)exception, (void)frame, (void)context, (void)dispatcher;
    return CONTINUE_SEARCH;
}

void __report_rangecheckfailure(void) { __asm__ volatile("movl $8, %ecx\n\tint $0x29"); }

/* These three may change none of the caller's registers.
 * __chkstk: rax bytes of the stack will be used; touches each page, so that the system makes it.
 * __guard_dispatch_icall_fptr: where a checked call goes; the address is in rax. */
__asm__(".text\n"
        ".globl __security_check_cookie\n"
        "__security_check_cookie:\n"
        "    cmpq __security_cookie(%rip), %rcx\n"
        "    jne 1f\n"
        "    ret\n"
        "1:  movl $2, %ecx\n"
        "    int $0x29\n"
        ".globl __chkstk\n"
        "__chkstk:\n"
        "    pushq %rcx\n"
        "    pushq %rax\n"
        "    leaq 24(%rsp), %rcx\n"
        "1:  cmpq $0x1000, %rax\n"
        "    jb 2f\n"
        "    subq $0x1000, %rcx\n"
        "    testb %cl, (%rcx)\n"
        "    subq $0x1000, %rax\n"
        "    jmp 1b\n"
        "2:  subq %rax, %rcx\n"
        "    testb %cl, (%rcx)\n"
        "    popq %rax\n"
        "    popq %rcx\n"
        "    ret\n"
        "call_unchecked:\n"
        "    jmpq *%rax\n"
        ".section .rdata,\"dr\"\n"
        ".balign 8\n"
        ".globl __guard_dispatch_icall_fptr\n"
        "__guard_dispatch_icall_fptr:\n"
        "    .quad call_unchecked\n"
        ".text\n");

/* Tables that the linker puts together from all objects in the order of their sections' names: initializers in C and in C++, those of each
 * thread, and what Windows calls for each thread. */
#define IN(where) __attribute__((section(where), used))
IN(".CRT$XIA") static const initializer c_first = 0;
IN(".CRT$XIZ") static const initializer c_last = 0;
IN(".CRT$XCA") static const initializer cpp_first = 0;
IN(".CRT$XCZ") static const initializer cpp_last = 0;
IN(".CRT$XDA") static const initializer thread_first = 0;
IN(".CRT$XDZ") static const initializer thread_last = 0;

static void call_all(const initializer *first, const initializer *last) {
    while (++first < last)
        if (*first) (*first)();
}

/* Variables of which each thread has its own. */
DWORD _tls_index;
IN(".tls") static char tls_begin = 0;
IN(".tls$ZZZ") static char tls_end = 0;
__declspec(thread) char __tls_guard = 0;

void __dyn_tls_init(void *module, DWORD reason, void *reserved) {
    (void)module, (void)reserved;
    if (reason != THREAD_ATTACH || __tls_guard) return;
    __tls_guard = 1;
    call_all(&thread_first, &thread_last);
}

/* A thread that was there before the library was loaded. */
void __dyn_tls_on_demand_init(void) { __dyn_tls_init(0, THREAD_ATTACH, 0); }

IN(".CRT$XLA") static const tls_callback tls_first = 0;
IN(".CRT$XLC") static const tls_callback tls_init = __dyn_tls_init;
IN(".CRT$XLZ") static const tls_callback tls_last = 0;

/* IMAGE_TLS_DIRECTORY64. */
const struct {
    void *begin, *end;
    DWORD *index;
    const tls_callback *callbacks;
    DWORD zeros, characteristics;
} _tls_used = { &tls_begin, &tls_end, &_tls_index, &tls_first + 1, 0, 0 };

/* What Windows calls first. */
int _DllMainCRTStartup(void *module, DWORD reason, void *reserved) {
    if (reason == PROCESS_ATTACH) {
        /* Its upper bits are zero, so that no text can run over it. */
        __security_cookie = (__builtin_ia32_rdtsc() ^ (SIZE)&reason) & 0x0000FFFFFFFFFFFF;
        call_all(&c_first, &c_last);
        __dyn_tls_init(module, THREAD_ATTACH, 0);
        call_all(&cpp_first, &cpp_last);
    }
    return DllMain(module, reason, reserved);
}
