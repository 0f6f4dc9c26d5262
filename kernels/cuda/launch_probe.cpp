// Launches as a captured graph has them: asked of the driver, whose answers hold for the kernels of libraries too.
#include "kernels/launch_probe.h"

#include <vector>

#include "kernels/cuda/entry_point.h"

namespace duel {
namespace {

constexpr const char* needed_for = "way to look at a graph's kernels";

int of_device(cudaDeviceAttr attribute) {
  int device = 0, value = 0;
  CUDA_CHECK(cudaGetDevice(&device));
  CUDA_CHECK(cudaDeviceGetAttribute(&value, attribute, device));
  return value;
}

// False where the driver does not say it of this kernel.
bool look(cudaGraphNode_t node, LaunchFacts& facts) {
  static const auto parameters = entry_point<decltype(&cuGraphKernelNodeGetParams)>("cuGraphKernelNodeGetParams", needed_for);
  static const auto function_of = entry_point<decltype(&cuKernelGetFunction)>("cuKernelGetFunction", needed_for);
  static const auto attribute = entry_point<decltype(&cuFuncGetAttribute)>("cuFuncGetAttribute", needed_for);
  static const auto resident =
      entry_point<decltype(&cuOccupancyMaxActiveBlocksPerMultiprocessor)>("cuOccupancyMaxActiveBlocksPerMultiprocessor", needed_for);
  CUDA_KERNEL_NODE_PARAMS p{};
  if (parameters(node, &p) != CUDA_SUCCESS) return false;
  CUfunction function = p.func;  // or, of a kernel that belongs to no context, p.kern
  if (!function && (!p.kern || function_of(&function, p.kern) != CUDA_SUCCESS)) return false;
  int shared = 0;
  const int threads = static_cast<int>(p.blockDimX * p.blockDimY * p.blockDimZ);
  if (attribute(&facts.registers, CU_FUNC_ATTRIBUTE_NUM_REGS, function) != CUDA_SUCCESS ||
      attribute(&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, function) != CUDA_SUCCESS ||
      resident(&facts.resident_blocks, function, threads, p.sharedMemBytes) != CUDA_SUCCESS)
    return false;
  facts.grid[0] = p.gridDimX, facts.grid[1] = p.gridDimY, facts.grid[2] = p.gridDimZ;
  facts.block[0] = p.blockDimX, facts.block[1] = p.blockDimY, facts.block[2] = p.blockDimZ;
  facts.shared_bytes = static_cast<size_t>(shared) + p.sharedMemBytes;
  facts.multiprocessors = of_device(cudaDevAttrMultiProcessorCount);
  facts.most_threads = of_device(cudaDevAttrMaxThreadsPerMultiProcessor);
  return true;
}

// Of a graph that forks the driver's order need not be that of recording; a row's launches follow one another on one stream.
void end(LaunchVisitor visitor, void* user) {
  cudaGraph_t graph = nullptr;
  CUDA_CHECK(cudaStreamEndCapture(static_cast<cudaStream_t>(find_backend(Device::cuda)->stream().handle), &graph));
  struct Destroy {
    cudaGraph_t graph;
    ~Destroy() { cudaGraphDestroy(graph); }
  } destroy{graph};
  size_t count = 0;
  CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &count));
  std::vector<cudaGraphNode_t> nodes(count);
  CUDA_CHECK(cudaGraphGetNodes(graph, nodes.data(), &count));
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    CUDA_CHECK(cudaGraphNodeGetType(node, &type));
    LaunchFacts facts{};
    if (type == cudaGraphNodeTypeKernel && look(node, facts)) visitor(user, facts);
  }
}

constexpr LaunchProbe cuda_probe{
    .device = Device::cuda,
    .begin = [] { find_backend(Device::cuda)->capture_begin(); },
    .end = end,
};

const struct Register {
  Register() { duel_register_launch_probe(&cuda_probe); }
} registered;

}  // namespace
}  // namespace duel
