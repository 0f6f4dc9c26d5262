// Copies of one tap of many windows of a convolution.
#include "kernels/ptx/im2col_copy.h"
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Column {
  alignas(1024) uint32_t words[2048];
  MBarrier full;
};

// out = shared memory, where the case's column has come.
__global__ void column_copy(const __grid_constant__ TensorMap map, ColumnCase c, int bytes, uint32_t* out) {
  Column& shared = shared_storage<Column>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1);
    fence_proxy_async();
    mbarrier_arrive_expect(shared.full, bytes);
    tensor_load_im2col(shared.words, map, shared.full,
                       {c.channel, c.lower[0] + c.at[2] * c.step[0], c.lower[1] + c.at[1] * c.step[1], c.at[0]}, {c.tap[0], c.tap[1]});
  }
  __syncthreads();
  mbarrier_wait(shared.full, 0);
  for (int i = static_cast<int>(threadIdx.x); i < bytes / 4; i += static_cast<int>(blockDim.x)) out[i] = shared.words[i];
}
void run_column(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  const ColumnCase& c = column_cases[p.number];
  const Im2colTensor tensor = tensor_of(c, a.a);
  launch({.grid = 1, .block = p.threads, .shared_bytes = sizeof(Column)}, stream, column_copy, make_tensor_map(tensor), c,
         static_cast<int>(column_bytes(tensor)), static_cast<uint32_t*>(a.out));
}
KERNEL_VARIANT(HopperProbe, im2col, 1, has_hopper, no_scratch, run_column);

}  // namespace
}  // namespace duel
