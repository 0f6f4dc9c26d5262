// A producing and a consuming warpgroup that share registers unevenly: out[t] = a[t] + 1.
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Passed {
  float value[128];
  MBarrier full;
};
__global__ void __launch_bounds__(256, 1) uneven_registers(int, const float* a, const float*, float* out) {
  Passed& shared = shared_storage<Passed>();
  if (threadIdx.x == 0) mbarrier_init(shared.full, 128);
  __syncthreads();
  if (threadIdx.x >= 128) {
    setmaxnreg_dec<40>();
    shared.value[threadIdx.x - 128] = a[threadIdx.x - 128];
    mbarrier_arrive(shared.full);
  } else {
    setmaxnreg_inc<240>();
    mbarrier_wait(shared.full, 0);
    out[threadIdx.x] = shared.value[threadIdx.x] + 1;
  }
}
HOPPER_PROBE(uneven_registers, Passed, float, float);

}  // namespace
}  // namespace duel
