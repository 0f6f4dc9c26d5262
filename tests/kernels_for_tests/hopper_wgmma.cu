// Products of a warpgroup: D[64,n] = A[64,depth]·B[depth,n] (+ 1, if it adds), with A and Bᵀ row-major f32 in device memory, laid out in
// shared memory here element by element, in each way that a descriptor can say.
#include "tests/kernels_for_tests/hopper_kernel.h"

namespace duel {
namespace {

struct Operands {
  alignas(1024) char a[8192];
  alignas(1024) char b[32768];
};

// How an operand of `depth` steps of k lies: where its elements go, and its descriptor's two offsets. A row (of A, of Bᵀ) has `span` bytes
// of k with a swizzle; without, 64 bytes.
struct Layout {
  Major major;
  Swizzle swizzle;
  int element, depth;
  int leading, stride, step;  // step: bytes from one product's operand to the next one's
  __device__ Layout(Major major, Swizzle swizzle, int element)
      : major(major), swizzle(swizzle), element(element), depth((swizzle == Swizzle::none ? 64 : swizzle_span(swizzle)) / element) {
    const int span = swizzle_span(swizzle);
    if (swizzle == Swizzle::none) leading = 128, stride = (major == Major::k ? depth * element / 16 : depth / 8) * 128, step = 256;
    else if (major == Major::k) leading = 16, stride = 8 * span, step = 32;
    else leading = depth * span, stride = 8 * span, step = 16 * span;
  }
  __device__ int place(int row, int k) const {
    const int span = swizzle_span(swizzle), pieces = span / 16;
    int at;
    if (swizzle == Swizzle::none && major == Major::k) at = row / 8 * stride + k * element / 16 * leading + row % 8 * 16 + k * element % 16;
    else if (swizzle == Swizzle::none) at = row / 8 * stride + k / 8 * leading + k % 8 * 16 + row % 8 * element;
    else if (major == Major::k) at = row * span + k * element;
    else at = row / (span / element) * leading + k * span + row % (span / element) * element;
    return swizzle == Swizzle::none ? at : at ^ (at / 128 % pieces) << 4;
  }
};

template <class T>
__device__ void put(char* to, float value) {
  if constexpr (sizeof(T) == 2) *reinterpret_cast<uint16_t*>(to) = bf16(value).bits;
  else *reinterpret_cast<float*>(to) = value;
}

// number: the swizzle, + 4 if the first product adds to D.
template <class T, int n, Major a_major, Major b_major, bool a_in_registers>
__global__ void product(int number, const float* a, const float* b, float* out) {
  Operands& shared = shared_storage<Operands>();
  const Swizzle swizzle = static_cast<Swizzle>(number % 4);
  constexpr int element = sizeof(T), threads = 128, each = 32 / element;
  const Layout of_a(a_major, swizzle, element), of_b(b_major, swizzle, element);
  const int depth = of_a.depth, thread = static_cast<int>(threadIdx.x), g = thread % 32 / 4, t = thread % 4;
  for (int i = thread; i < 64 * depth; i += threads) put<T>(shared.a + of_a.place(i / depth, i % depth), a[i]);
  for (int i = thread; i < n * depth; i += threads) put<T>(shared.b + of_b.place(i / depth, i % depth), b[i]);
  fence_proxy_async();
  __syncthreads();
  const MatrixDescriptor da = matrix_descriptor(shared.a, of_a.leading, of_a.stride, swizzle);
  const MatrixDescriptor db = matrix_descriptor(shared.b, of_b.leading, of_b.stride, swizzle);
  float d[n / 2];
#pragma unroll
  for (int i = 0; i < n / 2; ++i) d[i] = 1;
  bool add = number >= 4;
  wgmma_fence(d);
  for (int step = 0; step < depth / each; ++step) {
    const MatrixDescriptor b_step = db.plus(step * of_b.step);
    if constexpr (a_in_registers) {
      uint32_t r[4];
      for (int i = 0; i < 4; ++i) {
        const float* row = a + (thread / 32 * 16 + g + i % 2 * 8) * depth + step * each;
        if constexpr (sizeof(T) == 2) {
          const int k = 2 * t + i / 2 * 8;
          r[i] = bf16(row[k]).bits | static_cast<uint32_t>(bf16(row[k + 1]).bits) << 16;
        } else {
          r[i] = to_tf32(row[t + i / 2 * 4]);
        }
      }
      wgmma_fence();
      if constexpr (sizeof(T) == 2) wgmma_bf16<n, b_major>(d, r, b_step, add);
      else wgmma_tf32<n>(d, r, b_step, add);
    } else {
      wgmma_fence();
      if constexpr (sizeof(T) == 2) wgmma_bf16<n, a_major, b_major>(d, da.plus(step * of_a.step), b_step, add);
      else wgmma_tf32<n>(d, da.plus(step * of_a.step), b_step, add);
    }
    add = true;
    wgmma_commit();
    wgmma_wait<1>();
  }
  wgmma_wait<0>(d);
#pragma unroll
  for (int i = 0; i < n / 2; ++i) out[(thread / 32 * 16 + g + i / 2 % 2 * 8) * n + i / 4 * 8 + 2 * t + i % 2] = d[i];
}
#define PRODUCT(name, ...)                                                \
  constexpr auto kernel_##name = product<__VA_ARGS__>;                    \
  constexpr auto run_##name = run<kernel_##name, Operands, float, float>; \
  KERNEL_VARIANT(HopperProbe, name, 1, has_hopper, no_scratch, run_##name)

PRODUCT(bf16_64_kk, bf16, 64, Major::k, Major::k, false);
PRODUCT(bf16_64_km, bf16, 64, Major::k, Major::mn, false);
PRODUCT(bf16_64_mk, bf16, 64, Major::mn, Major::k, false);
PRODUCT(bf16_64_mm, bf16, 64, Major::mn, Major::mn, false);
PRODUCT(bf16_128_kk, bf16, 128, Major::k, Major::k, false);
PRODUCT(bf16_128_mm, bf16, 128, Major::mn, Major::mn, false);
PRODUCT(bf16_256_kk, bf16, 256, Major::k, Major::k, false);
PRODUCT(bf16_256_km, bf16, 256, Major::k, Major::mn, false);
PRODUCT(tf32_64, float, 64, Major::k, Major::k, false);
PRODUCT(tf32_128, float, 128, Major::k, Major::k, false);
PRODUCT(tf32_256, float, 256, Major::k, Major::k, false);
PRODUCT(bf16_64_rk, bf16, 64, Major::k, Major::k, true);
PRODUCT(bf16_128_rm, bf16, 128, Major::k, Major::mn, true);
PRODUCT(bf16_256_rk, bf16, 256, Major::k, Major::k, true);
PRODUCT(tf32_64_r, float, 64, Major::k, Major::k, true);
PRODUCT(tf32_128_r, float, 128, Major::k, Major::k, true);
PRODUCT(tf32_256_r, float, 256, Major::k, Major::k, true);

}  // namespace
}  // namespace duel
