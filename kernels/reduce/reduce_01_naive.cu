// reduce, rung 1: one block a result. Its threads stride over what the result is made of and meet in shared memory.
// Right for every shape. keep scalar runs on one multiprocessor; keep channel reads c elements apart, one useful element in each sector;
// keep sample with short samples leaves most threads of a block without an element. keep image has results enough for one thread a result:
// neighbours read neighbouring channels, but a few small images do not fill the card.
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "kernels/reduce/reduce.h"

namespace duel {
namespace {

constexpr int threads = 256;

bool supports(const ReduceProblem& p) { return is_floating(p.dtype) && (p.keep == Keep::image || p.results() <= 0x7fffffff); }

template <class A>
struct Shared {
  A partial[32];
};

template <class T>
__global__ void reduce_naive(ReduceProblem p, const T* x, accumulator_t<T>* y) {
  using A = accumulator_t<T>;
  const int64_t first = p.keep == Keep::sample ? blockIdx.x * p.inner : p.keep == Keep::channel ? int64_t{blockIdx.x} : 0;
  const int64_t step = p.keep == Keep::channel ? p.c : 1;
  const int64_t terms = p.keep == Keep::sample ? p.inner : p.count() / step;
  A* partial = shared_storage<Shared<A>>().partial;
  A total;
  if (p.fn == ReduceFn::sum) {
    total = 0;
    for (int64_t i = threadIdx.x; i < terms; i += threads) total += static_cast<A>(x[first + i * step]);
    total = block_reduce(total, Sum{}, partial);
  } else {
    total = -static_cast<A>(INFINITY);
    for (int64_t i = threadIdx.x; i < terms; i += threads) total = Max{}(total, static_cast<A>(x[first + i * step]));
    total = block_reduce(total, Max{}, partial);
  }
  if (threadIdx.x == 0) y[blockIdx.x] = total;
}

template <class T>
__global__ void reduce_image_naive(ReduceProblem p, const T* x, accumulator_t<T>* y) {
  using A = accumulator_t<T>;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.results(); i += int64_t{gridDim.x} * blockDim.x) {
    const T* own = x + i / p.c * p.inner + i % p.c;
    A total = p.fn == ReduceFn::sum ? A(0) : -static_cast<A>(INFINITY);
    for (int64_t j = 0; j < p.inner; j += p.c) {
      const A value = static_cast<A>(own[j]);
      total = p.fn == ReduceFn::sum ? total + value : Max{}(total, value);
    }
    y[i] = total;
  }
}

void run(const ReduceProblem& p, const Reduce::Args& a, Scratch, Stream stream) {
  if (p.results() == 0) return;
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    if (p.keep == Keep::image)
      return launch({.grid = stride_blocks(p.results(), 128), .block = 128}, stream, reduce_image_naive<T>, p, static_cast<const T*>(a.x),
                    static_cast<A*>(a.y));
    launch({.grid = static_cast<unsigned>(p.results()), .block = threads, .shared_bytes = sizeof(Shared<A>)}, stream, reduce_naive<T>, p,
           static_cast<const T*>(a.x), static_cast<A*>(a.y));
  });
}

KERNEL_VARIANT(Reduce, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
