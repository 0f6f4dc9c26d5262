// What kernels/cuda/launch_probe.cpp makes of a recorded graph, without a GPU: the few calls of the runtime and the driver that it takes
// are played here, and the probe is built into this program, so that it finds these and not the toolkit's.
#include <doctest/doctest.h>

#include "tests/support.h"

#ifdef DUEL_TEST_LAUNCH_PROBE
#include <cuda.h>
#include <cuda_runtime.h>

#include <cstring>
#include <vector>

#include "kernels/device.h"
#include "kernels/launch_probe.h"

namespace {

// Nodes 1 to 4: a kernel; a fill; a kernel that belongs to no context; a kernel of which the driver says nothing.
cudaGraphNode_t node(size_t number) { return reinterpret_cast<cudaGraphNode_t>(number); }
const auto first = reinterpret_cast<CUfunction>(0x10), second = reinterpret_cast<CUfunction>(0x20);
int destroyed = 0;

CUresult parameters(CUgraphNode of, CUDA_KERNEL_NODE_PARAMS* p) {
  if (of == node(4)) return CUDA_ERROR_INVALID_HANDLE;
  *p = {};
  p->gridDimX = of == node(1) ? 64 : 7, p->gridDimY = 3, p->gridDimZ = 1;
  p->blockDimX = 32, p->blockDimY = 4, p->blockDimZ = 1;
  p->sharedMemBytes = 1000;
  if (of == node(1)) p->func = first;
  else p->kern = reinterpret_cast<CUkernel>(0x30);
  return CUDA_SUCCESS;
}
CUresult function_of(CUfunction* function, CUkernel) { return *function = second, CUDA_SUCCESS; }
CUresult attribute(int* value, CUfunction_attribute which, CUfunction of) {
  *value = which == CU_FUNC_ATTRIBUTE_NUM_REGS ? (of == first ? 168 : 32) : which == CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES ? 24 : -1;
  return CUDA_SUCCESS;
}
CUresult resident(int* blocks, CUfunction of, int threads, size_t shared) {
  *blocks = threads == 128 && shared == 1000 ? (of == first ? 2 : 8) : -1;
  return CUDA_SUCCESS;
}

}  // namespace

extern "C" {
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) { return *graph = reinterpret_cast<cudaGraph_t>(0x40), cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t) { return ++destroyed, cudaSuccess; }
cudaError_t cudaGraphGetNodes(cudaGraph_t, cudaGraphNode_t* nodes, size_t* count) {
  for (size_t i = 0; nodes && i < *count; ++i) nodes[i] = node(i + 1);
  return *count = 4, cudaSuccess;
}
cudaError_t cudaGraphNodeGetType(cudaGraphNode_t of, cudaGraphNodeType* type) {
  return *type = of == node(2) ? cudaGraphNodeTypeMemset : cudaGraphNodeTypeKernel, cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) { return *device = 0, cudaSuccess; }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  if (which == cudaDevAttrMultiProcessorCount) return *value = 132, cudaSuccess;
  if (which == cudaDevAttrMaxThreadsPerMultiProcessor) return *value = 2048, cudaSuccess;
  return cudaErrorNoDevice;
}
cudaError_t entry(const char* name, void** function, cudaDriverEntryPointQueryResult* result) {
  *function = !std::strcmp(name, "cuGraphKernelNodeGetParams")                    ? reinterpret_cast<void*>(parameters)
              : !std::strcmp(name, "cuKernelGetFunction")                         ? reinterpret_cast<void*>(function_of)
              : !std::strcmp(name, "cuFuncGetAttribute")                          ? reinterpret_cast<void*>(attribute)
              : !std::strcmp(name, "cuOccupancyMaxActiveBlocksPerMultiprocessor") ? reinterpret_cast<void*>(resident)
                                                                                  : nullptr;
  return *result = cudaDriverEntryPointSuccess, cudaSuccess;
}
#if CUDART_VERSION >= 12050
cudaError_t cudaGetDriverEntryPointByVersion(const char* name, void** function, unsigned, unsigned long long,
                                             cudaDriverEntryPointQueryResult* result) {
  return entry(name, function, result);
}
#else
cudaError_t cudaGetDriverEntryPoint(const char* name, void** function, unsigned long long, cudaDriverEntryPointQueryResult* result) {
  return entry(name, function, result);
}
#endif
}

using namespace duel;

TEST_CASE("the kernels of a recorded graph are visited, with registers and blocks, and what the driver does not say is left out") {
  static DeviceBackend gpu = *find_backend(Device::cpu);
  static int begun = 0;
  gpu.device = Device::cuda, gpu.capture_begin = [] { ++begun; };
  const DeviceBackend* real = find_backend(Device::cuda);
  duel_register_backend(&gpu);
  const LaunchProbe* probe = find_launch_probe(Device::cuda);
  REQUIRE(probe);
  std::vector<LaunchFacts> seen;
  probe->begin();
  probe->end([](void* to, const LaunchFacts& facts) { static_cast<std::vector<LaunchFacts>*>(to)->push_back(facts); }, &seen);
  if (real) duel_register_backend(real);
  CHECK(begun == 1);
  CHECK(destroyed == 1);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].grid[0] == 64);
  CHECK(seen[0].grid[1] == 3);
  CHECK(seen[0].block[1] == 4);
  CHECK(seen[0].registers == 168);
  CHECK(seen[0].resident_blocks == 2);
  CHECK(seen[0].shared_bytes == 1024);  // asked for, and the kernel's own
  CHECK(seen[0].multiprocessors == 132);
  CHECK(seen[0].most_threads == 2048);
  CHECK(seen[1].grid[0] == 7);
  CHECK(seen[1].registers == 32);
  CHECK(seen[1].resident_blocks == 8);
}

#else

TEST_CASE("the kernels of a recorded graph are visited") { duel::test::skip("built without CUDA"); }

#endif
