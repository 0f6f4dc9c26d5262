// Bulk copies, and copies of boxes of tensors.
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Bytes {
  alignas(1024) float in[2048];
  alignas(1024) float out[2048];
  MBarrier full;
};

__device__ void make_barrier(MBarrier& barrier) {
  if (threadIdx.x == 0) {
    mbarrier_init(barrier, 1);
    fence_proxy_async();
  }
  __syncthreads();
}

// out[i] = a[i] + 1 for two tiles of 1024 floats, each brought as two copies that one phase waits for, and taken away as one.
__global__ void bulk_round_trip(int, const float* a, const float*, float* out) {
  Bytes& shared = shared_storage<Bytes>();
  make_barrier(shared.full);
  for (int tile = 0; tile < 2; ++tile) {
    if (threadIdx.x == 0) {
      mbarrier_arrive_expect(shared.full, 4096);
      bulk_load(shared.in, a + 1024 * tile, 1024, shared.full);
      bulk_load(shared.in + 256, a + 1024 * tile + 256, 3072, shared.full);
    }
    mbarrier_wait(shared.full, tile);
    for (unsigned i = threadIdx.x; i < 1024; i += blockDim.x) shared.out[1024 * tile + i] = shared.in[i] + 1;
    fence_proxy_async();
    __syncthreads();
    if (threadIdx.x == 0) {
      bulk_store(out + 1024 * tile, shared.out + 1024 * tile, 4096);
      bulk_commit();
    }
  }
  if (threadIdx.x == 0) bulk_wait_read<0>();
}
HOPPER_PROBE(bulk_round_trip, Bytes, float, float);

template <bool load>
__global__ void box_copy(const __grid_constant__ TensorMap map, BoxCase c, int bytes, const uint32_t* in, uint32_t* out) {
  Bytes& shared = shared_storage<Bytes>();
  uint32_t* words = reinterpret_cast<uint32_t*>(shared.in);
  make_barrier(shared.full);
  if (!load) {
    for (int i = static_cast<int>(threadIdx.x); i < bytes / 4; i += static_cast<int>(blockDim.x)) words[i] = in[i];
    fence_proxy_async();
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    if (load) mbarrier_arrive_expect(shared.full, bytes);
    const auto copy = [&]<int rank>(const int(&at)[rank]) {
      if constexpr (load) tensor_load(shared.in, map, shared.full, at);
      else tensor_store(map, shared.in, at);
    };
    if (c.rank == 1) copy({c.at[0]});
    else if (c.rank == 2) copy({c.at[0], c.at[1]});
    else if (c.rank == 3) copy({c.at[0], c.at[1], c.at[2]});
    else if (c.rank == 4) copy({c.at[0], c.at[1], c.at[2], c.at[3]});
    else copy({c.at[0], c.at[1], c.at[2], c.at[3], c.at[4]});
    if (!load) {
      bulk_commit();
      bulk_wait<0>();
    }
  }
  if (!load) return;
  mbarrier_wait(shared.full, 0);
  for (int i = static_cast<int>(threadIdx.x); i < bytes / 4; i += static_cast<int>(blockDim.x)) out[i] = words[i];
}
// tensor_box: out = shared memory, where the box of the tensor at a has come. tensor_box_back: the box in shared memory is a; it goes to
// the tensor at out.
template <bool load>
void run_box(const HopperProbe::Problem& p, const HopperProbe::Args& a, Scratch, Stream stream) {
  const BoxCase& c = box_cases[p.number];
  const BoxedTensor tensor = tensor_of(c, load ? a.a : a.out);
  launch({.grid = 1, .block = p.threads, .shared_bytes = sizeof(Bytes)}, stream, box_copy<load>, make_tensor_map(tensor), c,
         static_cast<int>(box_bytes(tensor)), static_cast<const uint32_t*>(a.a), static_cast<uint32_t*>(a.out));
}
constexpr auto run_box_in = run_box<true>, run_box_back = run_box<false>;
KERNEL_VARIANT(HopperProbe, tensor_box, 1, has_hopper, no_scratch, run_box_in);
KERNEL_VARIANT(HopperProbe, tensor_box_back, 1, has_hopper, no_scratch, run_box_back);

}  // namespace
}  // namespace duel
