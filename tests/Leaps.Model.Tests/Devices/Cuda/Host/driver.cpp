// A stand-in for libcuda.so.1 that runs the kernels, compiled for the host, on the host: for tests alone. A stream's
// work is put off until somebody waits for it, so that what forgets to wait fails here too. Device memory is
// surrounded by guards, so that a write beyond it is found when it is freed. Tests may make any function fail
// (fake_fail) and choose what the machine looks like (fake_set).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fibers.h"

namespace
{
using Work = std::function<void()>;

constexpr int INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500, LAUNCH_FAILED = 719;
constexpr size_t GUARD = 64;

struct Stream
{
    std::vector<Work> queue;
    std::vector<Work> *capture = nullptr;
};

struct Failure { int code, after; };

std::recursive_mutex lock;
std::map<std::string, Failure> failures;
std::map<std::string, int64_t> machine = {{"devices", 2}, {"version", 12040}, {"free", 1 << 30}, {"total", 1 << 30},
    {"major", 8}, {"minor", 0}, {"minor_step", 0}, {"by_bus", 0}, {"contexts", 0}, {"graphs", 0}, {"launches", 0},
    {"syncs", 0}};
std::map<void *, size_t> allocations;
std::string last_failure;
int sticky = 0;

int enter(const char *function)
{
    auto found = failures.find(function);
    if (found == failures.end() || found->second.after-- > 0)
        return sticky;
    int code = found->second.code;
    failures.erase(found);
    return code;
}

void put(Stream *stream, Work work)
{
    if (stream->capture)
        stream->capture->push_back(std::move(work));
    else
        stream->queue.push_back(std::move(work));
}

void drain(Stream *stream)
{
    std::vector<Work> queue;
    queue.swap(stream->queue);
    for (auto &work : queue)
        work();
}

// What was made in a context goes with it.
void expect_context()
{
    if (machine["contexts"] > 0)
        return;
    fprintf(stderr, "Something was destroyed after its context.\n");
    abort();
}
}

#define API extern "C" __attribute__((visibility("default"))) int
#define ENTER(function) \
    std::lock_guard<std::recursive_mutex> guard(lock); \
    if (int code = enter(function)) return code

extern "C" __attribute__((visibility("default"))) void fake_fail(const char *function, int code, int after)
{
    std::lock_guard<std::recursive_mutex> guard(lock);
    failures[function] = {code, after};
}
extern "C" __attribute__((visibility("default"))) void fake_set(const char *name, int64_t value)
{
    std::lock_guard<std::recursive_mutex> guard(lock);
    machine[name] = value;
}
extern "C" __attribute__((visibility("default"))) int64_t fake_get(const char *name)
{
    std::lock_guard<std::recursive_mutex> guard(lock);
    return !strcmp(name, "allocations") ? (int64_t)allocations.size() : machine[name];
}

// A kernel of this library, not of another copy of it.
void *find(const std::string &name)
{
    Dl_info here;
    dladdr((void *)fake_set, &here);
    void *self = dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    return self ? dlsym(self, name.c_str()) : nullptr;
}

API cuInit(unsigned)
{
    ENTER("cuInit");
    const char *order = getenv("CUDA_DEVICE_ORDER");
    machine["by_bus"] = order && !strcmp(order, "PCI_BUS_ID");
    return 0;
}
API cuDriverGetVersion(int *version) { ENTER("cuDriverGetVersion"); *version = (int)machine["version"]; return 0; }
API cuDeviceGetCount(int *count) { ENTER("cuDeviceGetCount"); *count = (int)machine["devices"]; return 0; }
API cuDeviceGet(int *device, int ordinal) { ENTER("cuDeviceGet"); *device = ordinal; return 0; }
API cuDeviceGetName(char *name, int size, int device)
{
    ENTER("cuDeviceGetName");
    snprintf(name, size, "Emulated device %d", device);
    return 0;
}
API cuDeviceGetAttribute(int *value, int attribute, int device)
{
    ENTER("cuDeviceGetAttribute");
    *value = attribute == 75 ? (int)machine["major"]
        : attribute == 76 ? (int)(machine["minor"] + device * machine["minor_step"])
        : attribute == 13 ? 1000000 : attribute == 16 ? 2 : attribute == 97 ? 160 * 1024 : 0;
    return 0;
}
API cuDevicePrimaryCtxRetain(void **context, int device)
{
    ENTER("cuDevicePrimaryCtxRetain");
    *context = (void *)(intptr_t)(device + 1);
    machine["contexts"]++;
    return 0;
}
API cuDevicePrimaryCtxRelease_v2(int)
{
    ENTER("cuDevicePrimaryCtxRelease_v2");
    machine["contexts"]--;
    return 0;
}
API cuCtxSetCurrent(void *) { ENTER("cuCtxSetCurrent"); return 0; }
API cuMemGetInfo_v2(size_t *free, size_t *total)
{
    ENTER("cuMemGetInfo_v2");
    *free = (size_t)machine["free"];
    *total = (size_t)machine["total"];
    return 0;
}

API cuModuleLoadDataEx(void **module, const void *image, unsigned, int *, void **)
{
    ENTER("cuModuleLoadDataEx");
    if (!strstr((const char *)image, ".target sm_80"))
        return 218;
    *module = (void *)image;
    return 0;
}
API cuModuleUnload(void *) { ENTER("cuModuleUnload"); return 0; }
API cuModuleGetFunction(void **function, void *, const char *name)
{
    ENTER("cuModuleGetFunction");
    *function = find(name);
    return *function ? 0 : NOT_FOUND;
}
API cuFuncSetAttribute(void *, int, int) { ENTER("cuFuncSetAttribute"); return 0; }

API cuMemAlloc_v2(void **memory, size_t bytes)
{
    ENTER("cuMemAlloc_v2");
    if (bytes == 0)
        return INVALID_VALUE;
    if (bytes > (size_t)machine["free"])
        return OUT_OF_MEMORY;
    auto *block = (unsigned char *)aligned_alloc(256, (bytes + 256 + GUARD + 255) / 256 * 256);
    memset(block, 0xab, 256);
    memset(block + 256, 0xff, bytes);           // unwritten memory reads as NaN
    memset(block + 256 + bytes, 0xab, GUARD);
    *memory = block + 256;
    allocations[*memory] = bytes;
    machine["free"] -= (int64_t)bytes;
    return 0;
}
API cuMemFree_v2(void *memory)
{
    ENTER("cuMemFree_v2");
    auto found = allocations.find(memory);
    if (found == allocations.end())
        return INVALID_VALUE;
    auto *block = (unsigned char *)memory - 256;
    for (size_t n = 0; n < GUARD; n++)
        if (block[255 - n] != 0xab || block[256 + found->second + n] != 0xab)
        {
            fprintf(stderr, "A kernel wrote outside of %zu bytes of device memory.\n", found->second);
            abort();
        }
    machine["free"] += (int64_t)found->second;
    allocations.erase(found);
    free(block);
    return 0;
}
API cuMemAllocHost_v2(void **memory, size_t bytes) { ENTER("cuMemAllocHost_v2"); *memory = malloc(bytes); return 0; }
API cuMemFreeHost(void *memory) { ENTER("cuMemFreeHost"); free(memory); return 0; }

API cuStreamCreate(Stream **stream, unsigned) { ENTER("cuStreamCreate"); *stream = new Stream; return 0; }
API cuStreamDestroy_v2(Stream *stream)
{
    ENTER("cuStreamDestroy_v2");
    expect_context();
    delete stream;
    return 0;
}
API cuStreamSynchronize(Stream *stream)
{
    ENTER("cuStreamSynchronize");
    machine["syncs"]++;
    drain(stream);
    return sticky;
}

API cuMemcpyHtoDAsync_v2(void *to, const void *from, size_t bytes, Stream *stream)
{
    ENTER("cuMemcpyHtoDAsync_v2");
    put(stream, [=] { memcpy(to, from, bytes); });
    return 0;
}
API cuMemcpyDtoHAsync_v2(void *to, const void *from, size_t bytes, Stream *stream)
{
    ENTER("cuMemcpyDtoHAsync_v2");
    put(stream, [=] { memcpy(to, from, bytes); });
    return 0;
}
API cuMemcpyDtoDAsync_v2(void *to, const void *from, size_t bytes, Stream *stream)
{
    ENTER("cuMemcpyDtoDAsync_v2");
    put(stream, [=] { memmove(to, from, bytes); });
    return 0;
}
API cuMemsetD8Async(void *to, unsigned char value, size_t bytes, Stream *stream)
{
    ENTER("cuMemsetD8Async");
    put(stream, [=] { memset(to, value, bytes); });
    return 0;
}

API cuEventCreate(void **event, unsigned) { ENTER("cuEventCreate"); *event = malloc(1); return 0; }
API cuEventDestroy_v2(void *event) { ENTER("cuEventDestroy_v2"); expect_context(); free(event); return 0; }
API cuEventRecord(void *, Stream *) { ENTER("cuEventRecord"); return 0; }
API cuEventSynchronize(void *) { ENTER("cuEventSynchronize"); return 0; }
API cuEventElapsedTime(float *milliseconds, void *, void *)
{
    ENTER("cuEventElapsedTime");
    *milliseconds = 1;
    return 0;
}

API cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z, unsigned block, unsigned block_y,
    unsigned block_z, unsigned shared, Stream *stream, void **parameters, void **)
{
    ENTER("cuLaunchKernel");
    Dl_info info;
    dladdr(function, &info);
    std::string name = info.dli_sname;
    int threads = *(int *)find(name + "_threads"), size = *(int *)find(name + "_size");
    if (x == 0 || y == 0 || z != 1 || block == 0 || (int)block > threads || block_y != 1 || block_z != 1 || y > 65535)
        return INVALID_VALUE;
    auto *bytes = (const char *)parameters[0];
    std::vector<char> arguments(bytes, bytes + size);
    machine["launches"]++;
    put(stream, [=] {
        Launch launch = {(void (*)(const void *))function, arguments.data(), (int)x, (int)y, (int)block, (int)shared};
        if (const char *failure = run_launch(launch))
        {
            fprintf(stderr, "%s: %s\n", name.c_str(), failure);
            sticky = LAUNCH_FAILED;
        }
    });
    return 0;
}

API cuStreamBeginCapture_v2(Stream *stream, int)
{
    ENTER("cuStreamBeginCapture_v2");
    stream->capture = new std::vector<Work>;
    return 0;
}
API cuStreamEndCapture(Stream *stream, void **graph)
{
    ENTER("cuStreamEndCapture");
    *graph = stream->capture;
    stream->capture = nullptr;
    machine["graphs"]++;
    return 0;
}
API cuGraphInstantiateWithFlags(void **executable, void *graph, uint64_t)
{
    ENTER("cuGraphInstantiateWithFlags");
    *executable = new std::vector<Work>(*(std::vector<Work> *)graph);
    return 0;
}
API cuGraphLaunch(void *executable, Stream *stream)
{
    ENTER("cuGraphLaunch");
    for (auto &work : *(std::vector<Work> *)executable)
        put(stream, work);
    return 0;
}
API cuGraphExecDestroy(void *executable)
{
    ENTER("cuGraphExecDestroy");
    expect_context();
    delete (std::vector<Work> *)executable;
    return 0;
}
API cuGraphDestroy(void *graph)
{
    ENTER("cuGraphDestroy");
    delete (std::vector<Work> *)graph;
    machine["graphs"]--;
    return 0;
}

API cuGetErrorName(int code, const char **name)
{
    *name = code == 1 ? "CUDA_ERROR_INVALID_VALUE" : code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY"
        : code == 100 ? "CUDA_ERROR_NO_DEVICE" : code == 218 ? "CUDA_ERROR_INVALID_PTX"
        : code == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : code == 500 ? "CUDA_ERROR_NOT_FOUND"
        : code == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : code == 719 ? "CUDA_ERROR_LAUNCH_FAILED"
        : code == 999 ? "CUDA_ERROR_UNKNOWN" : nullptr;
    return *name ? 0 : INVALID_VALUE;
}
