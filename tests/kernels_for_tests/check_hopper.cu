// As check_probe.cu, for instructions of compute capability 9.0: each kernel has one fault, on the line that a comment marks with its name.
#include "kernels/ptx/im2col_copy.h"
#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

struct Guarded {
  float value[256];
  MBarrier barrier[2];
};

// ---- mbarriers ----

__global__ void write_after_mbarrier(const float* x, float* y, long long) {
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32);
  __syncthreads();
  if (threadIdx.x < 32) {
    shared.value[threadIdx.x] = x[threadIdx.x];
    mbarrier_arrive(shared.barrier[0]);
    shared.value[threadIdx.x] = 0;  // write_after_mbarrier, other
  } else {
    mbarrier_wait(shared.barrier[0], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 32];  // write_after_mbarrier
  }
}
PROBE(write_after_mbarrier);
__global__ void other_mbarrier(const float* x, float* y, long long) {  // the reader waits at a barrier that another warp completes
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32), mbarrier_init(shared.barrier[1], 32);
  __syncthreads();
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) shared.value[threadIdx.x] = x[threadIdx.x];  // other_mbarrier, other
  if (warp < 2) mbarrier_arrive(shared.barrier[warp]);
  if (warp == 2) {
    mbarrier_wait(shared.barrier[1], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 64];  // other_mbarrier
  }
}
PROBE(other_mbarrier);
__global__ void mbarrier_without_barrier(const float*, float* y,
                                         long long) {  // made by one thread, used by others that did not wait for it
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 64);  // mbarrier_without_barrier, other
  __shfl_sync(0xffffffffu, 1, 0);                              // keeps this block's lanes together, but orders nothing
  mbarrier_arrive(shared.barrier[0]);                          // mbarrier_without_barrier
  y[threadIdx.x] = 0;
}
PROBE(mbarrier_without_barrier);
__global__ void skipped_phase(const float* x, float* y, long long) {  // the reader waits for the phase before the one that it needs
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32);
  __syncthreads();
  if (threadIdx.x < 32) {
    mbarrier_arrive(shared.barrier[0]);
    mbarrier_wait(shared.barrier[0], 0);
    shared.value[threadIdx.x] = x[threadIdx.x];  // skipped_phase   skipped_phase, other
    mbarrier_arrive(shared.barrier[0]);
  } else {
    mbarrier_wait(shared.barrier[0], 0);
    shared.value[threadIdx.x - 32] = 0;  // skipped_phase   skipped_phase, other
  }
  y[threadIdx.x] = 0;
}
PROBE(skipped_phase);
__global__ void mbarrier_chain(const float* x, float* y, long long) {  // no fault: warp 0 to 1, then 1 to 2
  Guarded& shared = shared_storage<Guarded>();
  if (threadIdx.x == 0) mbarrier_init(shared.barrier[0], 32), mbarrier_init(shared.barrier[1], 32);
  __syncthreads();
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) {
    shared.value[threadIdx.x] = x[threadIdx.x];
    mbarrier_arrive(shared.barrier[0]);
  } else if (warp == 1) {
    mbarrier_wait(shared.barrier[0], 0);
    mbarrier_arrive(shared.barrier[1]);
  } else {
    mbarrier_wait(shared.barrier[1], 0);
    y[threadIdx.x] = shared.value[threadIdx.x - 64];
  }
}
PROBE(mbarrier_chain);

// ---- bulk copies ----

struct Tiles {
  float in[256], out[256];
  MBarrier full, empty;
};
template <bool fenced = true>
__device__ Tiles& tiles_for(int readers) {
  Tiles& shared = shared_storage<Tiles>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1);  // bulk_barrier_unfenced, made
    mbarrier_init(shared.empty, readers);
    if (fenced) fence_proxy_async();
  }
  __syncthreads();
  return shared;
}

__global__ void bulk_without_wait(const float* x, float* y, long long) {
  Tiles& shared = tiles_for(1);
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(shared.full, 256);
    bulk_load(shared.in, x, 256, shared.full);
  }
  __syncthreads();
  y[threadIdx.x] = shared.in[threadIdx.x];  // bulk_without_wait
  mbarrier_wait(shared.full, 0);
}
PROBE(bulk_without_wait);
__global__ void bulk_expects_too_few(const float* x, float* y, long long) {  // the phase ends after the first copy
  Tiles& shared = tiles_for(1);
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(shared.full, 128);
    bulk_load(shared.in, x, 128, shared.full);
    bulk_load(shared.in + 32, x + 32, 128, shared.full);
  }
  mbarrier_wait(shared.full, 0);
  y[threadIdx.x] = shared.in[threadIdx.x];
  y[threadIdx.x] = shared.in[32 + threadIdx.x];  // bulk_expects_too_few
  if (threadIdx.x == 0) mbarrier_arrive_expect(shared.full, 128);
  mbarrier_wait(shared.full, 1);
}
PROBE(bulk_expects_too_few);
__global__ void bulk_past_end(const float* x, float* y, long long n) {
  Tiles& shared = tiles_for(1);
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(shared.full, 256);
    bulk_load(shared.in, x, 256, shared.full);  // bulk_past_end
  }
  mbarrier_wait(shared.full, 0);
  if (threadIdx.x < n) y[threadIdx.x] = shared.in[threadIdx.x];
}
PROBE(bulk_past_end);
template <bool waits>
__device__ void two_rounds(const float* x, float* y) {  // thread 32 brings what warp 0 reads
  Tiles& shared = tiles_for(32);
  if (threadIdx.x < 32)
    for (int round = 0; round < 2; ++round) {
      mbarrier_wait(shared.full, round);
      y[32 * round + threadIdx.x] = shared.in[threadIdx.x];  // bulk_over_what_is_read, other
      mbarrier_arrive(shared.empty);
    }
  if (threadIdx.x == 32)
    for (int round = 0; round < 2; ++round) {
      if (waits) mbarrier_wait(shared.empty, (round & 1) ^ 1);
      mbarrier_wait(shared.full, (round & 1) ^ 1);  // its own copy has landed; the readers may not have done
      mbarrier_arrive_expect(shared.full, 128);
      bulk_load(shared.in, x, 128, shared.full);  // bulk_over_what_is_read
    }
}
__global__ void bulk_over_what_is_read(const float* x, float* y, long long) { two_rounds<false>(x, y); }
PROBE(bulk_over_what_is_read);
__global__ void bulk_rounds(const float* x, float* y, long long) { two_rounds<true>(x, y); }  // no fault
PROBE(bulk_rounds);
__global__ void bulk_barrier_unfenced(const float* x, float* y, long long) {
  Tiles& shared = tiles_for<false>(1);
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(shared.full, 256);
    bulk_load(shared.in, x, 256, shared.full);  // bulk_barrier_unfenced
  }
  mbarrier_wait(shared.full, 0);
  y[threadIdx.x] = shared.in[threadIdx.x];
}
PROBE(bulk_barrier_unfenced);
template <bool fenced, bool waits>
__device__ void store_twice(const float* x, float* y) {
  Tiles& shared = tiles_for(1);
  for (int round = 0; round < 2; ++round) {
    shared.out[threadIdx.x] = x[threadIdx.x];  // bulk_store_overwritten
    if (fenced) fence_proxy_async();
    __syncthreads();
    if (threadIdx.x == 0) {
      bulk_store(y, shared.out, 256);  // bulk_store_unfenced
      bulk_commit();
      if (waits || round == 1) bulk_wait_read<0>();
    }
    __syncthreads();
  }
}
__global__ void bulk_store_unfenced(const float* x, float* y, long long) { store_twice<false, true>(x, y); }
PROBE(bulk_store_unfenced);
__global__ void bulk_store_overwritten(const float* x, float* y, long long) { store_twice<true, false>(x, y); }
PROBE(bulk_store_overwritten);
__global__ void bulk_stores(const float* x, float* y, long long) { store_twice<true, true>(x, y); }  // no fault
PROBE(bulk_stores);
__global__ void bulk_store_after_one_fence(const float* x, float* y, long long) {  // no fault: one thread fences for all, behind a barrier
  Tiles& shared = tiles_for(1);
  shared.out[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  if (threadIdx.x != 5) return;
  fence_proxy_async();
  bulk_store(y, shared.out, 256);
  bulk_commit();
  bulk_wait<0>();
  y[0] += 1;
}
PROBE(bulk_store_after_one_fence);

// Eight windows of kernel 2 over images of 4 × 4 with 4 channels: 64 floats an image.
__global__ void column(const __grid_constant__ TensorMap map, float* y, bool waits) {
  Tiles& shared = tiles_for(1);
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(shared.full, 128);
    tensor_load_im2col(shared.in, map, shared.full, {0, 0, 0, 0}, {1, 1});  // column_past_end
  }
  if (waits) mbarrier_wait(shared.full, 0);
  else __syncthreads();
  y[threadIdx.x] = shared.in[threadIdx.x];  // column_without_wait
  mbarrier_wait(shared.full, 0);
}
template <bool waits>
void run_column(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch, Stream stream) {
  Im2colTensor t;
  t.dtype = DType::f32, t.data = a.x, t.channels = 4, t.pixels = 8;
  for (int d = 0; d < 4; ++d) t.size[d] = d < 3 ? 4 : 1, t.stride[d] = d ? 16 << 2 * (d - 1) : 4;
  t.upper[0] = t.upper[1] = -1;
  launch({.grid = 1, .block = 32, .shared_bytes = p.shared_bytes}, stream, column, make_tensor_map(t), static_cast<float*>(a.y), waits);
}
constexpr auto run_column_waits = run_column<true>, run_column_not = run_column<false>;
KERNEL_VARIANT(CheckProbe, column_clean, 1, any, no_scratch, run_column_waits);
KERNEL_VARIANT(CheckProbe, column_past_end, 1, any, no_scratch, run_column_waits);
KERNEL_VARIANT(CheckProbe, column_without_wait, 1, any, no_scratch, run_column_not);

// ---- products of a warpgroup ----

// 64×64×8 of tf32 from rows of 32 bytes. Threads from 128 on are another warpgroup.
struct Factors {
  alignas(1024) float a[64 * 8], b[64 * 8];
  MBarrier full, empty;
};
__device__ void fill(Factors& shared, const float* x, int from, int threads) {
  for (int i = static_cast<int>(threadIdx.x) - from; i < 64 * 8; i += threads) shared.a[i] = shared.b[i] = x[i];  // wgmma_race, other
}
__device__ void multiply(Factors& shared, float (&d)[32]) {
  const MatrixDescriptor a = matrix_descriptor(shared.a, 16, 256, Swizzle::bytes32),
                         b = matrix_descriptor(shared.b, 16, 256, Swizzle::bytes32);
  for (float& v : d) v = 0;
  wgmma_fence(d);
  wgmma_tf32<64>(d, a, b);  // wgmma_race   wgmma_not_fenced   wgmma_unwritten   wgmma_refilled   wgmma_reads, other
  wgmma_commit();
}
__global__ void wgmma_clean(const float* x, float* y, long long) {
  Factors& shared = shared_storage<Factors>();
  float d[32];
  for (int round = 0; round < 2; ++round) {
    fill(shared, x, 0, 128);
    fence_proxy_async();
    __syncthreads();
    multiply(shared, d);
    wgmma_wait<0>(d);
    __syncthreads();
  }
  y[threadIdx.x] = d[0];
}
PROBE(wgmma_clean);
__global__ void wgmma_race(const float* x, float* y,
                           long long) {  // the other warpgroup's values are fenced, but waited for by warp 0 alone
  Factors& shared = shared_storage<Factors>();
  if (threadIdx.x == 0) mbarrier_init(shared.full, 128);
  __syncthreads();
  if (threadIdx.x >= 128) {
    fill(shared, x, 128, 128);
    fence_proxy_async();
    mbarrier_arrive(shared.full);
  } else {
    float d[32];
    if (threadIdx.x < 32) mbarrier_wait(shared.full, 0);
    multiply(shared, d);
    wgmma_wait<0>(d);
    y[threadIdx.x] = d[0];
  }
}
PROBE(wgmma_race);
__global__ void wgmma_not_fenced(const float* x, float* y, long long) {
  Factors& shared = shared_storage<Factors>();
  float d[32];
  fill(shared, x, 0, 128);
  __syncthreads();
  multiply(shared, d);
  wgmma_wait<0>(d);
  y[threadIdx.x] = d[0];
}
PROBE(wgmma_not_fenced);
__global__ void wgmma_unwritten(const float* x, float* y, long long) {
  Factors& shared = shared_storage<Factors>();
  float d[32];
  for (int i = static_cast<int>(threadIdx.x) + 8; i < 64 * 8; i += 128) shared.a[i] = shared.b[i] = x[i];
  fence_proxy_async();
  __syncthreads();
  multiply(shared, d);
  wgmma_wait<0>(d);
  y[threadIdx.x] = d[0];
}
PROBE(wgmma_unwritten);
__global__ void wgmma_without_wait(const float* x, float* y, long long) {
  Factors& shared = shared_storage<Factors>();
  float d[32];
  fill(shared, x, 0, 128);
  fence_proxy_async();
  __syncthreads();
  multiply(shared, d);
  y[threadIdx.x] = d[5];  // wgmma_without_wait
  wgmma_wait<0>(d);
}
PROBE(wgmma_without_wait);
__global__ void wgmma_operand_overwritten(const float* x, float* y, long long) {
  Factors& shared = shared_storage<Factors>();
  float d[32];
  fill(shared, x, 0, 128);
  fence_proxy_async();
  __syncthreads();
  multiply(shared, d);
  if (threadIdx.x == 7) shared.b[3] = 0;  // wgmma_operand_overwritten
  wgmma_wait<0>(d);
  y[threadIdx.x] = d[0];
}
PROBE(wgmma_operand_overwritten);
__global__ void wgmma_reads(const float* x, float* y, long long) {  // the other warp writes late enough for this run, but waits for nobody
  Factors& shared = shared_storage<Factors>();
  if (threadIdx.x < 128) {
    float d[32];
    fill(shared, x, 0, 128);
    fence_proxy_async();
    barrier_sync(1, 128);
    multiply(shared, d);
    wgmma_wait<0>(d);
    y[threadIdx.x] = d[0];
  } else {
    for (int i = 0; i < 100; ++i) __syncwarp();
    shared.a[threadIdx.x] = 0;  // wgmma_reads
  }
}
PROBE(wgmma_reads);
// One thread of the other warpgroup brings two rounds of operands. One thread of the multiplying one says that they were read.
template <bool waits>
__device__ void two_products(const float* x, float* y) {
  Factors& shared = shared_storage<Factors>();
  if (threadIdx.x == 0) {
    mbarrier_init(shared.full, 1), mbarrier_init(shared.empty, 1);
    fence_proxy_async();
  }
  __syncthreads();
  if (threadIdx.x < 128) {
    float d[32];
    for (int round = 0; round < 2; ++round) {
      mbarrier_wait(shared.full, round);
      multiply(shared, d);
      wgmma_wait<0>(d);
      if (threadIdx.x == 37) mbarrier_arrive(shared.empty);
    }
    y[threadIdx.x] = d[0];
  } else if (threadIdx.x == 128) {
    for (int round = 0; round < 2; ++round) {
      if (waits) mbarrier_wait(shared.empty, round ^ 1);
      else mbarrier_wait(shared.full, round ^ 1);
      mbarrier_arrive_expect(shared.full, 4096);
      bulk_load(shared.a, x, 2048, shared.full);
      bulk_load(shared.b, x, 2048, shared.full);
    }
  }
}
__global__ void wgmma_refilled(const float* x, float* y, long long) { two_products<false>(x, y); }
PROBE(wgmma_refilled);
__global__ void wgmma_rounds(const float* x, float* y, long long) { two_products<true>(x, y); }  // no fault
PROBE(wgmma_rounds);

}  // namespace
}  // namespace duel
