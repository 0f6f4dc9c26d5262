// The GPU as a device: one stream, memory from the driver's stream-ordered pool, graphs.
#include <cuda_runtime.h>

#include <nvtx3/nvToolsExt.h>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "kernels/capability.h"
#include "kernels/cooperative_launch.h"

namespace duel {
namespace {

// ---- is there a GPU that can run these kernels? ----

// Machine code for 9.0 runs on 9.x with x ≥ 0; for 90a on 9.0 alone; for 100f on the 10.x of its family.
// CUDA C++ Programming Guide, "Binary compatibility" and "Feature set compiler targets".
bool runs_on(const char* architecture, int major, int minor) {
  char* suffix = nullptr;
  const int number = static_cast<int>(std::strtol(architecture, &suffix, 10));
  if (number / 10 != major) return false;
  return *suffix == 'a' ? number % 10 == minor : minor >= number % 10;
}

bool compiled_for(int major, int minor) {
  const std::string all = DUEL_CUDA_ARCHS;  // "80,90a"
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find_first_of(",; ", at), all.size());
    if (end > at && runs_on(all.substr(at, end - at).c_str(), major, minor)) return true;
    at = end + 1;
  }
  return false;
}

struct Found {
  std::string problem, description;
};

Found look() {
  int count = 0;  // stays as it is when there is no driver
  const cudaError_t error = cudaGetDeviceCount(&count);
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const auto version = [](int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); };
  if (error == cudaErrorInsufficientDriver && driver != 0)
    return {"the NVIDIA driver supports CUDA " + version(driver) + ", but this build needs " + version(runtime) +
                ": update the driver, or use --device cpu",
            ""};
  if (error == cudaErrorInsufficientDriver || error == cudaErrorNoDevice || (error == cudaSuccess && count == 0)) {
    const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
    return {"no NVIDIA GPU or driver was found" + (visible ? " (CUDA_VISIBLE_DEVICES=" + std::string(visible) + ")" : std::string()) +
                ": use --device cpu, or --device sim for the same kernels on the host",
            ""};
  }
  if (error != cudaSuccess) {
    cudaGetLastError();
    return {std::string("the GPU cannot be used: ") + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + "); use --device cpu",
            ""};
  }
  cudaDeviceProp p{};
  if (const cudaError_t e = cudaGetDeviceProperties(&p, 0); e != cudaSuccess)
    return {std::string("the GPU does not answer: ") + cudaGetErrorString(e) + "; use --device cpu", ""};
  const std::string capability = std::to_string(p.major) + "." + std::to_string(p.minor);
  if (!compiled_for(p.major, p.minor)) {
    const std::string flag = std::to_string(p.major) + std::to_string(p.minor) + (p.major == 9 ? "a" : "");
    return {std::string("the ") + p.name + " has compute capability " + capability + ", but the kernels were compiled for " +
                DUEL_CUDA_ARCHS + ": configure with -DDUEL_CUDA_ARCHITECTURES=" + flag,
            ""};
  }
  int pools = 0;
  cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, 0);
  if (!pools) return {std::string("the ") + p.name + " as configured here has no stream-ordered memory pools: use --device cpu", ""};
  return {"", std::string(p.name) + ", compute capability " + capability + ", driver " + version(driver)};
}

int capability() {
  int major = 9, minor = 0;
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) != cudaSuccess ||
      cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0) != cudaSuccess) {
    cudaGetLastError();
    return 90;
  }
  return 10 * major + minor;
}

const Found& found() {
  static const Found once = look();
  return once;
}

// ---- memory and the stream ----

cudaStream_t stream() {
  static cudaStream_t made = nullptr;
  static std::once_flag flag;
  std::call_once(flag, [] {
    CUDA_CHECK(cudaSetDevice(0));
    cudaMemPool_t pool = nullptr;
    CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
    uint64_t keep = UINT64_MAX;  // the pool gives nothing back to the driver at a synchronisation: what a step freed, the next step uses
    CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep));
    CUDA_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  });
  return made;
}

void* allocate(size_t bytes) {
  void* data = nullptr;
  CUDA_CHECK(cudaMallocAsync(&data, bytes ? bytes : 1, stream()));
  return data;
}

// Called from destructors, so it must not throw: a failed launch makes every later call fail, and throwing here would end the program
// before the first error is told. The error stays with the device and the next checked call reports it.
void release(void* data, size_t) { (void)cudaFreeAsync(data, stream()); }

void transfer(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, kind, stream()));
  if (kind != cudaMemcpyDeviceToDevice) CUDA_CHECK(cudaStreamSynchronize(stream()));
}

size_t free_memory() {
  stream();
  size_t free = 0, total = 0;
  CUDA_CHECK(cudaMemGetInfo(&free, &total));
  cudaMemPool_t pool = nullptr;
  CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
  uint64_t reserved = 0, used = 0;  // what the pool holds unused is free to us
  CUDA_CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved));
  CUDA_CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
  return free + (reserved - used);
}

// ---- graphs ----

void capture_begin() {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  CUDA_CHECK(cudaStreamIsCapturing(stream(), &status));
  if (status != cudaStreamCaptureStatusNone) {  // an exception ended an earlier recording half-way
    cudaGraph_t left = nullptr;
    cudaStreamEndCapture(stream(), &left);
    if (left) cudaGraphDestroy(left);
    cudaGetLastError();
  }
  CUDA_CHECK(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
}

void* capture_end() {
  cudaGraph_t graph = nullptr;
  CUDA_CHECK(cudaStreamEndCapture(stream(), &graph));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t error = cudaGraphInstantiateWithFlags(&executable, graph, 0);
  cudaGraphDestroy(graph);
  if (error != cudaSuccess) fail_cuda(error, "cudaGraphInstantiateWithFlags(&executable, graph, 0)", __FILE__, __LINE__);
  return executable;
}

// ---- ranges for profilers ----

// nullptr when no tool is attached, and then a row costs nothing extra.
nvtxDomainHandle_t ranges() {
  static const nvtxDomainHandle_t domain = nvtxDomainCreateA("duel");
  return domain;
}

void range_push(const char* op, const char* variant) {
  if (!ranges()) return;
  char name[96];
  std::snprintf(name, sizeof name, "%s:%s", op, variant);
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  nvtxDomainRangePushEx(ranges(), &event);
}
void range_pop() {
  if (ranges()) nvtxDomainRangePop(ranges());
}

// ---- time ----

void* mark() {
  cudaEvent_t event = nullptr;
  CUDA_CHECK(cudaEventCreate(&event));
  CUDA_CHECK(cudaEventRecord(event, stream()));
  return event;
}
double seconds_between(void* from, void* to) {
  const auto begin = static_cast<cudaEvent_t>(from), end = static_cast<cudaEvent_t>(to);
  float milliseconds = 0;
  CUDA_CHECK(cudaEventSynchronize(end));
  CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
  cudaEventDestroy(begin), cudaEventDestroy(end);
  return milliseconds * 1e-3;
}

constexpr DeviceBackend cuda_backend{
    .device = Device::cuda,
    .problem = []() -> const char* { return found().problem.empty() ? nullptr : found().problem.c_str(); },
    .description = []() -> const char* { return found().description.c_str(); },
    .allocate = allocate,
    .release = release,
    .copy_in = [](void* device, const void* host, size_t bytes) { transfer(device, host, bytes, cudaMemcpyHostToDevice); },
    .copy_out = [](void* host, const void* device, size_t bytes) { transfer(host, device, bytes, cudaMemcpyDeviceToHost); },
    .copy = [](void* to, const void* from, size_t bytes) { transfer(to, from, bytes, cudaMemcpyDeviceToDevice); },
    .fill = [](void* device, int byte, size_t bytes) { CUDA_CHECK(cudaMemsetAsync(device, byte, bytes, stream())); },
    .synchronise = [] { CUDA_CHECK(cudaStreamSynchronize(stream())); },
    .stream = [] { return Stream{stream()}; },
    .free_memory = free_memory,
    .capture_begin = capture_begin,
    .capture_end = capture_end,
    .replay = [](void* graph) { CUDA_CHECK(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream())); },
    .destroy_graph = [](void* graph) { cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)); },
    .range_push = range_push,
    .range_pop = range_pop,
    .mark = mark,
    .seconds_between = seconds_between,
};

const struct Register {
  Register() {
    duel_register_backend(&cuda_backend);
    duel_register_capability(Device::cuda, capability);
  }
} registered;

// Of an H100 and an H200. CUDA C++ Programming Guide, technical specifications of compute capability 9.0.
int resident_blocks_unasked(unsigned threads, size_t shared_bytes) {
  const size_t by_threads = 2048 / ((threads + 31) / 32 * 32), by_shared = (228 << 10) / (shared_bytes + 1024);
  return 132 * static_cast<int>(std::min({size_t{32}, by_threads, by_shared}));
}

}  // namespace

int resident_blocks_of(const void* kernel, unsigned threads, size_t shared_bytes) {
  if (threads == 0) fail(Failure::device, "[cuda] resident_blocks() is asked for blocks of 0 threads; a block has at least one");
  if (!found().problem.empty()) return resident_blocks_unasked(threads, shared_bytes);
  int device = 0, multiprocessors = 0, most_shared = 0, of_one = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  CUDA_CHECK(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
  CUDA_CHECK(cudaDeviceGetAttribute(&most_shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  if (shared_bytes > static_cast<size_t>(most_shared)) return 0;
  const int bytes = static_cast<int>(shared_bytes);
  if (shared_bytes > 48 * 1024) CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  CUDA_CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&of_one, kernel, static_cast<int>(threads), shared_bytes));
  return multiprocessors * of_one;
}

int compute_capability() {
  static const int once = capability();
  const int pretended = duel_pretended_capability();
  return pretended ? pretended : once;
}
bool has_warpgroup_matrices() {
  static const bool compiled = std::string(DUEL_CUDA_ARCHS).find("90a") != std::string::npos;
  return compute_capability() == 90 && (compiled || duel_pretended_capability());
}

}  // namespace duel
