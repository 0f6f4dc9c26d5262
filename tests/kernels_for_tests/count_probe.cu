// Textbook patterns of access, each to be counted by hand: one load or store of interest a kernel, which tests/test_sim_counts.cpp names.
#include "tests/kernels_for_tests/count_probe.h"

#include "kernels/conv2d/conv2d.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

bool any(const CountProbe::Problem&) { return true; }

struct Tile {
  float value[32][32];
};
struct PaddedTile {
  float value[32][33];
};
struct Doubles {
  double value[64];
};

template <auto kernel, class T>
void run(const CountProbe::Problem& p, const CountProbe::Args& a, Scratch, Stream stream) {
  launch({.grid = p.blocks, .block = p.threads, .shared_bytes = sizeof(PaddedTile)}, stream, kernel, static_cast<const T*>(a.x),
         static_cast<T*>(a.y));
}
#define PROBE_OF(T, name)                   \
  constexpr auto run_##name = run<name, T>; \
  KERNEL_VARIANT(CountProbe, name, 1, any, no_scratch, run_##name)
#define PROBE(name) PROBE_OF(float, name)

// ---- by others than the threads: a bulk copy's two sides, and the operands of a product ----

struct Bulk {
  alignas(1024) float value[1024];
  MBarrier full;
};
template <auto kernel>
void run_bulk(const CountProbe::Problem& p, const CountProbe::Args& a, Scratch, Stream stream) {
  launch({.grid = p.blocks, .block = p.threads, .shared_bytes = sizeof(Bulk)}, stream, kernel, static_cast<const float*>(a.x));
}
__device__ void bring(Bulk& shared, const float* x) {  // by one thread
  mbarrier_init(shared.full, 1);
  fence_proxy_async();
  mbarrier_arrive_expect(shared.full, sizeof(shared.value));
  bulk_load(shared.value, x, sizeof(shared.value), shared.full);
}
__global__ void bulk_copy(const float* x) {
  Bulk& shared = shared_storage<Bulk>();
  if (threadIdx.x == 0) {
    bring(shared, x);
    mbarrier_wait(shared.full, 0);
  }
}
constexpr auto run_bulk_copy = run_bulk<bulk_copy>;
KERNEL_VARIANT(CountProbe, bulk_copy, 1, any, no_scratch, run_bulk_copy);
// 64 rows of A and of B, which are the same eight rows of 128 bytes again and again.
__global__ void warpgroup_product(const float* x) {
  Bulk& shared = shared_storage<Bulk>();
  if (threadIdx.x == 0) bring(shared, x);
  __syncthreads();
  mbarrier_wait(shared.full, 0);
  float d[32] = {};
  const MatrixDescriptor rows = matrix_descriptor(shared.value, 0, 0, Swizzle::bytes128);
  wgmma_fence(d);
  wgmma_bf16<64>(d, rows, rows);
  wgmma_commit();
  wgmma_wait<0>(d);
}
constexpr auto run_warpgroup_product = run_bulk<warpgroup_product>;
KERNEL_VARIANT(CountProbe, warpgroup_product, 1, any, no_scratch, run_warpgroup_product);

// ---- device memory: the load of x ----

__global__ void copy(const float* x, float* y) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  y[i] = x[i];
}
PROBE(copy);
__global__ void stride_2(const float* x, float* y) { y[threadIdx.x] = x[2 * threadIdx.x]; }
PROBE(stride_2);
__global__ void stride_32(const float* x, float* y) { y[threadIdx.x] = x[32 * threadIdx.x]; }
PROBE(stride_32);
__global__ void offset_1(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x + 1]; }
PROBE(offset_1);
__global__ void broadcast(const float* x, float* y) { y[threadIdx.x] = x[0]; }
PROBE(broadcast);
__global__ void reversed(const float* x, float* y) { y[threadIdx.x] = x[31 - threadIdx.x]; }
PROBE(reversed);
__global__ void shuffled(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x * 7 % 32]; }
PROBE(shuffled);
__global__ void vector_16(const float* x, float* y) { store_vec(y + 4 * threadIdx.x, load_vec<float4>(x + 4 * threadIdx.x)); }
PROBE(vector_16);
__global__ void bf16_copy(const bf16* x, bf16* y) { y[threadIdx.x] = x[threadIdx.x]; }
PROBE_OF(bf16, bf16_copy);
__global__ void byte_copy(const unsigned char* x, unsigned char* y) { y[threadIdx.x] = x[threadIdx.x]; }
PROBE_OF(unsigned char, byte_copy);
__global__ void double_copy(const double* x, double* y) { y[threadIdx.x] = x[threadIdx.x]; }
PROBE_OF(double, double_copy);
__global__ void odd_lanes(const float* x, float* y) {
  if (threadIdx.x % 2) y[threadIdx.x] = x[threadIdx.x];
}
PROBE(odd_lanes);
__global__ void two_ways(const float* x, float* y) {  // halves of a warp load in different places, and store together
  float v;
  if (threadIdx.x < 16) {
    v = x[threadIdx.x];
  } else {
    v = 2 * x[64 + threadIdx.x];
  }
  y[threadIdx.x] = v;
}
PROBE(two_ways);
__global__ void uneven_loop(const float* x, float* y) {  // lane t loads t times; every store comes after the last load
  float sum = 0;
  for (unsigned i = 0; i < threadIdx.x; ++i) sum += x[32 * i + threadIdx.x];
  y[threadIdx.x] = sum;
}
PROBE(uneven_loop);
__global__ void adds(const int*, int* y) { atomicAdd(y + threadIdx.x % 2, 1); }
PROBE_OF(int, adds);
__global__ void float_adds(const float*, float* y) { atomicAdd(y, 1.0f); }
PROBE(float_adds);

// ---- shared memory: the load of the tile ----

__global__ void shared_row(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  tile.value[0][threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[32 * blockIdx.x + threadIdx.x] = tile.value[0][31 - threadIdx.x];
}
PROBE(shared_row);
__global__ void shared_broadcast(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  tile.value[0][threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile.value[0][5];
}
PROBE(shared_broadcast);
__global__ void shared_two_words(const float* x, float* y) {  // two words of one bank
  Tile& tile = shared_storage<Tile>();
  tile.value[0][threadIdx.x] = tile.value[1][threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile.value[threadIdx.x % 2][0];
}
PROBE(shared_two_words);
template <class T>
__device__ void fill(T& tile, const float* x) {
  for (int row = 0; row < 32; ++row) tile.value[row][threadIdx.x] = x[threadIdx.x];
  __syncthreads();
}
__global__ void shared_stride_2(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  fill(tile, x);
  y[threadIdx.x] = tile.value[threadIdx.x / 16][threadIdx.x % 16 * 2];
}
PROBE(shared_stride_2);
__global__ void shared_column(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  fill(tile, x);
  y[threadIdx.x] = tile.value[threadIdx.x][3];
}
PROBE(shared_column);
__global__ void padded_column(const float* x, float* y) {
  PaddedTile& tile = shared_storage<PaddedTile>();
  fill(tile, x);
  y[threadIdx.x] = tile.value[threadIdx.x][3];
}
PROBE(padded_column);
__global__ void swizzled_column(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  fill(tile, x);
  y[threadIdx.x] = tile.value[threadIdx.x][3 ^ threadIdx.x];
}
PROBE(swizzled_column);
__global__ void shared_vector(const float* x, float* y) {
  Tile& tile = shared_storage<Tile>();
  fill(tile, x);
  y[threadIdx.x] = load_vec<float4>(&tile.value[threadIdx.x / 8][threadIdx.x % 8 * 4]).x;
}
PROBE(shared_vector);
__global__ void shared_vector_strided(const float* x, float* y) {  // eight lanes want the same four banks
  Tile& tile = shared_storage<Tile>();
  fill(tile, x);
  y[threadIdx.x] = load_vec<float4>(&tile.value[threadIdx.x][0]).x;
}
PROBE(shared_vector_strided);
__global__ void shared_doubles(const double* x, double* y) {
  Doubles& line = shared_storage<Doubles>();
  line.value[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = line.value[31 - threadIdx.x];
}
PROBE_OF(double, shared_doubles);
__global__ void shared_doubles_strided(const double* x, double* y) {
  Doubles& line = shared_storage<Doubles>();
  line.value[threadIdx.x] = line.value[threadIdx.x + 32] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = line.value[2 * threadIdx.x];
}
PROBE_OF(double, shared_doubles_strided);

// ---- instructions that go to both, and products ----

__global__ void async_row(const float* x, float* y) {  // half of the lanes bring zeros
  PaddedTile& tile = shared_storage<PaddedTile>();
  copy_async<16>(&tile.value[0][0] + 4 * threadIdx.x, x + 4 * threadIdx.x, threadIdx.x % 2 == 0);
  copy_async_commit();
  copy_async_wait<0>();
  __syncthreads();
  y[threadIdx.x] = tile.value[0][threadIdx.x];
}
PROBE(async_row);
template <class T>
__device__ void load_matrices(T& tile, const float* x, float* y) {  // four of them side by side, 16 bytes a row
  fill(tile, x);
  uint32_t r[4];
  ldmatrix(r, &tile.value[threadIdx.x % 8][threadIdx.x / 8 * 4]);
  for (int i = 0; i < 4; ++i) y[32 * i + static_cast<int>(threadIdx.x)] = __uint_as_float(r[i]);
}
__global__ void matrix_columns(const float* x, float* y) { load_matrices(shared_storage<Tile>(), x, y); }
PROBE(matrix_columns);
struct alignas(16) SteppedTile {
  float value[32][36];  // rows begin four banks apart
};
void run_matrix_rows(const CountProbe::Problem& p, const CountProbe::Args& a, Scratch, Stream stream) {
  launch(
      {.grid = p.blocks, .block = p.threads, .shared_bytes = sizeof(SteppedTile)}, stream,
      +[](const float* x, float* y) { load_matrices(shared_storage<SteppedTile>(), x, y); }, static_cast<const float*>(a.x),
      static_cast<float*>(a.y));
}
KERNEL_VARIANT(CountProbe, matrix_rows, 1, any, no_scratch, run_matrix_rows);
__global__ void products(const float* x, float* y) {  // 3 fma a lane, 2 more in half of them, one matrix product a warp
  float sum = x[threadIdx.x];
  for (int i = 0; i < 3; ++i) sum = fma_rn(sum, 2.0f, 1.0f);
  if (threadIdx.x % 2)
    for (int i = 0; i < 2; ++i) sum = mul_rn(sum, 3.0f);
  float d[4] = {sum};
  const uint32_t a[4] = {}, b[2] = {};
  mma_bf16(d, a, b);
  mma_tf32(d, a, b);
  y[blockIdx.x * blockDim.x + threadIdx.x] = d[0];
}
PROBE(products);

// Transposed convolution as it is often drawn: zeros between the outputs' gradients, and a full convolution over that.
template <class T>
__global__ void inserted_zeros(Conv2dProblem d, const T* gy, const T* w, T* gx) {
  const int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= d.x_count()) return;
  const int c = static_cast<int>(i % d.c), col = static_cast<int>(i / d.c % d.w), row = static_cast<int>(i / d.c / d.w % d.h);
  const int n = static_cast<int>(i / d.c / d.w / d.h);
  float sum = 0;
  for (int r = 0; r < d.r; ++r)
    for (int s = 0; s < d.s; ++s) {
      const int pu = row + d.top - r, qv = col + d.left - s;
      const bool zero = pu < 0 || pu % d.u || pu / d.u >= d.p || qv < 0 || qv % d.v || qv / d.v >= d.q;
      for (int k = 0; k < d.k; ++k) {
        const float g = zero ? 0.0f : static_cast<float>(gy[((int64_t{n} * d.p + pu / d.u) * d.q + qv / d.v) * d.k + k]);
        sum = fma_rn(g, static_cast<float>(w[((int64_t{k} * d.r + r) * d.s + s) * d.c + c]), sum);
      }
    }
  gx[i] = static_cast<T>(sum);
}
bool f32_only(const Conv2dProblem& p) { return p.dtype == DType::f32; }
void run_inserted_zeros(const Conv2dProblem& p, const Conv2dDgrad::Args& a, Scratch, Stream stream) {
  launch({.grid = blocks_for(p.x_count(), 256), .block = 256}, stream, inserted_zeros<float>, p, static_cast<const float*>(a.gy),
         static_cast<const float*>(a.w), static_cast<float*>(a.gx));
}
KERNEL_VARIANT(Conv2dDgrad, inserted_zeros, 1, f32_only, no_scratch, run_inserted_zeros);

}  // namespace
}  // namespace duel
