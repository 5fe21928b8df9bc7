/* A CUDA driver that answers every call the engine makes and computes nothing, with the signatures of NVIDIA's cuda.h. Compiled by a
   test to libcuda.so.1, so that the program loads a library and calls it as on a machine with a GPU. LUNGSEG_STUB_FAIL=NAME makes one
   entry answer CUDA_ERROR_UNKNOWN, LUNGSEG_STUB_HANG=NAME makes one never return. A launch of a kernel whose name begins with
   LUNGSEG_STUB_POISON spoils the context as an illegal access does: every later call answers 700. One that begins with LUNGSEG_STUB_STOP
   never ends. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int CUresult, CUdevice, CUjit_option, CUfunction_attribute, CUdevice_attribute, CUstreamCaptureMode;
typedef unsigned long long CUdeviceptr;
typedef struct opaque *CUcontext, *CUmodule, *CUfunction, *CUstream, *CUevent, *CUgraph, *CUgraphExec;

static int poisoned;

static int is(const char *variable, const char *name) {
    const char *value = getenv(variable);
    return value && !strcmp(value, name);
}

static int begins(const char *variable, const char *name) {
    const char *value = getenv(variable);
    return value && *value && !strncmp(value, name, strlen(value));
}

static CUresult result(const char *name) {
    while (is("LUNGSEG_STUB_HANG", name)) sleep(1);
    if (poisoned) return 700;
    return is("LUNGSEG_STUB_FAIL", name) ? 999 : 0;
}
#define HANDLE(p) (*(p) = (void *)0x1000, result(__func__))

CUresult cuInit(unsigned int flags) { return result(__func__); }
CUresult cuDriverGetVersion(int *version) { *version = 12040; return 0; }
CUresult cuGetErrorName(CUresult code, const char **name) { *name = code == 999 ? "CUDA_ERROR_UNKNOWN" : code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_OTHER"; return 0; }
CUresult cuGetErrorString(CUresult code, const char **text) { *text = "unknown error"; return 0; }
CUresult cuDeviceGetCount(int *count) { *count = 2; return result(__func__); }
CUresult cuDeviceGet(CUdevice *device, int ordinal) { *device = ordinal; return 0; }
CUresult cuDeviceGetName(char *name, int length, CUdevice device) { strncpy(name, device ? "Second stub" : "First stub", length); return 0; }
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) { *bytes = (size_t)80 << 30; return 0; }
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
    switch (attribute) {
    case 13: *value = 1980000; break;
    case 16: *value = 132; break;
    case 36: *value = 2619000; break;
    case 37: *value = 5120; break;
    case 75: *value = device ? 7 : 9; break;
    case 76: *value = device ? 5 : 0; break;
    case 81: *value = 233472; break;
    case 97: *value = 232448; break;
    default: return 1;
    }
    return 0;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) { return HANDLE(context); }
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) { return 0; }
CUresult cuCtxSetCurrent(CUcontext context) { return 0; }
CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int options, CUjit_option *names, void **values) {
    if (!strstr(image, ".entry")) return 218;
    if (result(__func__)) strcpy(values[0], "ptxas fatal: stub");
    return HANDLE(module);
}
CUresult cuModuleUnload(CUmodule module) { return 0; }
/* A function's handle is its name. */
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) { return *name ? *function = (void *)strdup(name), result(__func__) : 500; }
CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) { *value = attribute == 4 ? 96 : 0; return result(__func__); }
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) { return attribute == 8 && value <= 232448 ? 0 : 1; }
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int threads, size_t bytes) { *blocks = 2; return 0; }
CUresult cuMemGetInfo_v2(size_t *free, size_t *total) { *free = *total = (size_t)80 << 30; return 0; }
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) { *address = (CUdeviceptr)calloc(bytes, 1); return result(__func__); }
CUresult cuMemFree_v2(CUdeviceptr address) { free((void *)address); return 0; }
CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned int flags) { *memory = calloc(bytes, 1); return result(__func__); }
CUresult cuMemFreeHost(void *memory) { free(memory); return 0; }
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source, size_t bytes, CUstream stream) { memcpy((void *)target, source, bytes); return 0; }
CUresult cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source, size_t bytes, CUstream stream) { memcpy(target, (void *)source, bytes); return 0; }
CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t bytes, CUstream stream) { memset((void *)target, value, bytes); return 0; }
CUresult cuStreamCreate(CUstream *stream, unsigned int flags) { return flags == 1 ? HANDLE(stream) : 1; }
CUresult cuStreamDestroy_v2(CUstream stream) { return 0; }
CUresult cuStreamSynchronize(CUstream stream) { return result(__func__); }
CUresult cuEventCreate(CUevent *event, unsigned int flags) { return HANDLE(event); }
CUresult cuEventDestroy_v2(CUevent event) { return 0; }
CUresult cuEventRecord(CUevent event, CUstream stream) { return 0; }
CUresult cuEventSynchronize(CUevent event) { return 0; }
CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) { *milliseconds = 0.25f; return 0; }
CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) { return mode == 1 ? 0 : 1; }
CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) { return HANDLE(graph); }
CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags) { return HANDLE(executable); }
CUresult cuGraphDestroy(CUgraph graph) { return 0; }
CUresult cuGraphExecDestroy(CUgraphExec executable) { return 0; }
CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) { return result(__func__); }
CUresult cuLaunchKernel(CUfunction function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,
                        unsigned int shared, CUstream stream, void **parameters, void **extra) {
    int good = gx && gy && gy < 65536 && gz && gz < 65536 && bx && bx <= 1024 && by == 1 && bz == 1 && stream && !parameters
        && extra[0] == (void *)1 && extra[2] == (void *)2 && *(size_t *)extra[3] <= 4096 && !extra[4];
    while (begins("LUNGSEG_STUB_STOP", (const char *)function)) sleep(1);
    if (begins("LUNGSEG_STUB_POISON", (const char *)function)) poisoned = 1;
    return good ? result(__func__) : 1;
}
