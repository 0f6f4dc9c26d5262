// warp_images_adjoint, rung 1: a scatter whose sums have no order, because they are integers. A first launch finds each sample's largest
// gradient and clears its sums, a second adds every output into the pixels that it was read from (64-bit integer atomics, one thread an
// output), a third converts. Bounded by the atomics.
#include "augment/warp/pixel.h"
#include "kernels/launch.h"
#include "kernels/ptx/reduce.h"

namespace duel {
namespace {

bool supports(const WarpProblem& p) { return is_floating(p.dtype); }

constexpr int threads = 256;
struct Storage {
  double at[32];
};

// The sums, then a unit a sample.
size_t scratch(const WarpProblem& p) { return static_cast<size_t>(p.source() + p.n) * 8; }

// 2ᵏ with |value| ≤ 2ᵏ: the exponent of the double above it.
__device__ inline int exponent_above(double value) { return static_cast<int>((__builtin_bit_cast(uint64_t, value) >> 52) & 0x7ff) - 1022; }

template <class T>
__global__ void prepare(WarpProblem p, int spare_bits, const T* gy, unsigned long long* sums, double* unit) {
  Storage& storage = shared_storage<Storage>();
  const int64_t result = int64_t{p.p} * p.q * p.c, image = int64_t{p.h} * p.w * p.c, sample = blockIdx.x;
  for (int64_t i = threadIdx.x; i < image; i += blockDim.x) sums[sample * image + i] = 0;
  double most = 0;
  for (int64_t i = threadIdx.x; i < result; i += blockDim.x) {
    const double g = static_cast<double>(gy[sample * result + i]), size = g < 0 ? -g : g;
    most = size > most || size != size ? size : most;
  }
  most = block_max(most, storage.at);
  // Finite: a power of two such that as many gradients of that size as there are reads stay below 2⁶².
  if (threadIdx.x == 0)
    unit[sample] = most - most == 0 ? scalbn(1.0, (most > 0 ? exponent_above(most) : 0) + spare_bits - 61) : most - most;
}

template <class T>
__global__ void add_all(WarpProblem p, Sampling s, const float* maps, const T* gy, const double* unit, unsigned long long* sums) {
  const int64_t count = p.result(), result = int64_t{p.p} * p.q * p.c, image = int64_t{p.h} * p.w * p.c;
  for (int64_t at = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; at < count; at += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = at / result, in_sample = at - sample * result, pixel = in_sample / p.c;
    const int ch = static_cast<int>(in_sample - pixel * p.c), i = static_cast<int>(pixel / p.q);
    const double u = unit[sample];
    if (!(u > 0)) continue;  // a gradient that is not finite
    const Map map = map_of(maps, sample);
    spread<double>(p, s, map, taps_of(p, map), static_cast<double>(gy[at]) / u, i, static_cast<int>(pixel - int64_t{i} * p.q), ch,
                   [&](int64_t to, double v) {
                     atomicAdd(&sums[sample * image + to], static_cast<unsigned long long>(static_cast<long long>(rint(v))));
                   });
  }
}

template <class T>
__global__ void convert(int64_t count, int64_t image, const unsigned long long* sums, const double* unit, T* gx) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x)
    gx[i] = static_cast<T>(static_cast<double>(static_cast<long long>(sums[i])) * unit[i / image]);
}

void run(const WarpProblem& p, const WarpImagesAdjoint::Args& a, Scratch scratch, Stream stream) {
  if (p.source() == 0) return;
  auto* sums = static_cast<unsigned long long*>(scratch.data);
  double* unit = reinterpret_cast<double*>(sums + p.source());
  // A pixel is read by at most all outputs of its channel, each with weights whose sizes add up to less than two.
  int spare_bits = 1;
  while (int64_t{1} << (spare_bits - 1) < int64_t{p.p} * p.q) ++spare_bits;
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* gy = static_cast<const T*>(a.gy);
    launch({.grid = static_cast<unsigned>(p.n), .block = threads, .shared_bytes = sizeof(Storage)}, stream, prepare<T>, p, spare_bits, gy,
           sums, unit);
    launch({.grid = stride_blocks(p.result(), threads), .block = threads}, stream, add_all<T>, p, p.sampling(),
           static_cast<const float*>(a.map), gy, static_cast<const double*>(unit), sums);
    launch({.grid = stride_blocks(p.source(), threads), .block = threads}, stream, convert<T>, p.source(), int64_t{p.h} * p.w * p.c,
           static_cast<const unsigned long long*>(sums), static_cast<const double*>(unit), static_cast<T*>(a.gx));
  });
}

KERNEL_VARIANT(WarpImagesAdjoint, fixed_point, 1, supports, scratch, run);

}  // namespace
}  // namespace duel
