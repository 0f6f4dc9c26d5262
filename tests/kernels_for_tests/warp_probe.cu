// Matrix instructions, asynchronous copies and named barriers: what the simulated GPU says they do, and a GPU must agree.
#include "tests/kernels_for_tests/warp_probe.h"

#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool any(const WarpProbe::Problem&) { return true; }

struct Floats {
  float value[1024];
};
struct Words {
  uint32_t value[1024];
};

template <auto kernel, class T, class Out>
void run(const WarpProbe::Problem& p, const WarpProbe::Args& a, Scratch, Stream stream) {
  launch({.grid = 1, .block = p.threads, .shared_bytes = sizeof(Floats)}, stream, kernel, p.transposed, static_cast<const T*>(a.a),
         static_cast<const T*>(a.b), static_cast<Out*>(a.out));
}
#define PROBE(name, T, Out)                      \
  constexpr auto run_##name = run<name, T, Out>; \
  KERNEL_VARIANT(WarpProbe, name, 1, any, no_scratch, run_##name)

// ---- products: a [16, depth] and b [depth, 8] row-major; out [16, 8], to which the product is added ----

__device__ uint32_t pair_of(uint16_t low, uint16_t high) { return low | static_cast<uint32_t>(high) << 16; }

template <class Product>
__device__ void product_16(const uint16_t* a, const uint16_t* b, float* out, Product product) {
  const int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
  uint32_t ra[4], rb[2];
  for (int i = 0; i < 4; ++i) {
    const uint16_t* at = a + (g + i % 2 * 8) * 16 + 2 * t + i / 2 * 8;
    ra[i] = pair_of(at[0], at[1]);
  }
  for (int i = 0; i < 2; ++i) rb[i] = pair_of(b[(2 * t + 8 * i) * 8 + g], b[(2 * t + 8 * i + 1) * 8 + g]);
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = out[(g + i / 2 * 8) * 8 + 2 * t + i % 2];
  product(d, ra, rb);
  for (int i = 0; i < 4; ++i) out[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i];
}
__global__ void bf16_product(bool, const uint16_t* a, const uint16_t* b, float* out) {
  product_16(a, b, out, [](float(&d)[4], const uint32_t(&x)[4], const uint32_t(&y)[2]) { mma_bf16(d, x, y); });
}
PROBE(bf16_product, uint16_t, float);
__global__ void f16_product(bool, const uint16_t* a, const uint16_t* b, float* out) {
  product_16(a, b, out, [](float(&d)[4], const uint32_t(&x)[4], const uint32_t(&y)[2]) { mma_f16(d, x, y); });
}
PROBE(f16_product, uint16_t, float);
__global__ void tf32_product(bool, const float* a, const float* b, float* out) {
  const int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
  uint32_t ra[4], rb[2];
  for (int i = 0; i < 4; ++i) ra[i] = to_tf32(a[(g + i % 2 * 8) * 8 + t + i / 2 * 4]);
  for (int i = 0; i < 2; ++i) rb[i] = to_tf32(b[(t + 4 * i) * 8 + g]);
  float d[4];
  for (int i = 0; i < 4; ++i) d[i] = out[(g + i / 2 * 8) * 8 + 2 * t + i % 2];
  mma_tf32(d, ra, rb);
  for (int i = 0; i < 4; ++i) out[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = d[i];
}
PROBE(tf32_product, float, float);
// out[i] = bits of a[i] as tf32.
__global__ void tf32_rounding(bool, const float* a, const float*, uint32_t* out) { out[threadIdx.x] = to_tf32(a[threadIdx.x]); }
PROBE(tf32_rounding, float, uint32_t);

// ---- matrices between shared memory and registers: a is four 8×8 matrices of 16-bit elements, one after the other ----

// out[register][lane], for one, two and four matrices: 7 rows of 32 words.
__global__ void matrix_loads(bool transposed, const uint32_t* a, const uint32_t*, uint32_t* out) {
  Words& shared = shared_storage<Words>();
  for (unsigned i = threadIdx.x; i < 128; i += 32) shared.value[i] = a[i];
  __syncthreads();
  uint32_t one[1], two[2], four[4];
  const uint32_t* row = shared.value + 4 * threadIdx.x;
  if (transposed) {
    ldmatrix_transposed(one, row);
    ldmatrix_transposed(two, row);
    ldmatrix_transposed(four, row);
  } else {
    ldmatrix(one, row);
    ldmatrix(two, row);
    ldmatrix(four, row);
  }
  out[threadIdx.x] = one[0];
  for (int i = 0; i < 2; ++i) out[32 * (1 + i) + threadIdx.x] = two[i];
  for (int i = 0; i < 4; ++i) out[32 * (3 + i) + threadIdx.x] = four[i];
}
PROBE(matrix_loads, uint32_t, uint32_t);
// out: what lies in shared memory when each lane has stored a[register][lane]: 32, 64 and 128 words.
__global__ void matrix_stores(bool transposed, const uint32_t* a, const uint32_t*, uint32_t* out) {
  Words& shared = shared_storage<Words>();
  uint32_t one[1], two[2], four[4];
  for (int i = 0; i < 4; ++i) four[i] = a[32 * i + static_cast<int>(threadIdx.x)];
  one[0] = two[0] = four[0], two[1] = four[1];
  uint32_t* row = shared.value + 4 * threadIdx.x;
  if (transposed) {
    stmatrix_transposed(row, one);
    stmatrix_transposed(row + 32, two);
    stmatrix_transposed(row + 96, four);
  } else {
    stmatrix(row, one);
    stmatrix(row + 32, two);
    stmatrix(row + 96, four);
  }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < 224; i += 32) out[i] = shared.value[i];
}
PROBE(matrix_stores, uint32_t, uint32_t);

// ---- asynchronous copies ----

// out = a through two buffers of shared memory, the next tile on its way while one is used; the last tile is cut off at 1000 floats, with
// zeros behind. 64 threads, 16 tiles of 64 floats; then the same by 4 and 8 bytes, one tile each.
__global__ void copies(bool, const float* a, const float*, float* out) {
  Floats& shared = shared_storage<Floats>();
  const unsigned t = threadIdx.x;
  constexpr unsigned tile = 64, tiles = 16, length = 1000;
  const auto begin = [&](unsigned number) {
    const unsigned i = number * tile + 4 * t;
    if (t < tile / 4) copy_async<16>(shared.value + number % 2 * tile + 4 * t, a + i, i < length);
    copy_async_commit();
  };
  begin(0);
  for (unsigned number = 0; number < tiles; ++number) {
    if (number + 1 < tiles) {
      begin(number + 1);
      copy_async_wait<1>();
    } else {
      copy_async_wait<0>();
    }
    __syncthreads();
    out[number * tile + t] = shared.value[number % 2 * tile + (t ^ 1)];
    __syncthreads();
  }
  copy_async<4>(shared.value + t, a + (t ^ 3));
  if (t < tile / 2) copy_async<8>(shared.value + tile + 2 * t, a + 2 * (t ^ 5));
  copy_async_commit();
  copy_async_wait<0>();
  __syncthreads();
  out[tiles * tile + t] = shared.value[t ^ 1];
  out[(tiles + 1) * tile + t] = shared.value[tile + (t ^ 1)];
}
PROBE(copies, float, float);

// ---- named barriers: one warp produces, the others consume, through two buffers ----

// out[i] = a[i] + 1 for 512 floats in 16 tiles of 32; 64 threads. Barriers 1 and 2: a buffer is full; 3 and 4: it is free.
__global__ void pipeline(bool, const float* a, const float*, float* out) {
  Floats& shared = shared_storage<Floats>();
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  for (int tile = 0; tile < 16; ++tile) {
    const int buffer = tile % 2;
    if (warp == 0) {
      if (tile >= 2) barrier_sync(3 + buffer, 64);
      shared.value[32 * buffer + lane] = a[32 * tile + lane] + 1;
      barrier_arrive(1 + buffer, 64);
    } else {
      barrier_sync(1 + buffer, 64);
      out[32 * tile + lane] = shared.value[32 * buffer + (lane ^ 7)];
      if (tile < 14) barrier_arrive(3 + buffer, 64);
    }
  }
}
PROBE(pipeline, float, float);

}  // namespace
}  // namespace duel
