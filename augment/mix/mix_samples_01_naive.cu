// mix_samples, rung 1: one thread an element of y. Bounded by memory: two reads and a write; the index and the weights of a sample come
// from cache, and a division an element finds the sample.
#include "augment/mix/element.h"
#include "augment/mix/mix.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const MixSamplesProblem& p) { return mixes(p.dtype); }

template <class T>
__global__ void mix_naive(MixSamplesProblem p, const T* x, const int32_t* from, const accumulator_t<T>* a, const accumulator_t<T>* b,
                          T* y) {
  using A = accumulator_t<T>;
  const int64_t count = p.count();
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = i / p.inner, other = from[sample] * p.inner + (i - sample * p.inner);
    y[i] = mixed_element<T>(a[sample] * static_cast<A>(x[i]) + b[sample] * static_cast<A>(x[other]));
  }
}

void run(const MixSamplesProblem& p, const MixSamples::Args& args, Scratch, Stream stream) {
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, mix_naive<T>, p, static_cast<const T*>(args.x),
           static_cast<const int32_t*>(args.from), static_cast<const A*>(args.a), static_cast<const A*>(args.b), static_cast<T*>(args.y));
  });
}

KERNEL_VARIANT(MixSamples, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
