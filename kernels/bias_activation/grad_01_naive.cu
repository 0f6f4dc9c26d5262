// bias_activation_grad, rung 1: one block a channel. Its threads stride over the rows, write gx and meet in shared memory for gb.
// Right for every shape. Bounded by memory badly used: neighbouring threads read c elements apart, one useful element in each sector, and a
// few channels do not fill the card.
#include "kernels/bias_activation/functions.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int threads = 256;

bool supports(const BiasActivationProblem& p) { return is_floating(p.dtype) && bias_activation_supports(p); }

template <class A>
struct Shared {
  A partial[32];
};

template <class T>
__global__ void bias_activation_grad_naive(BiasActivationProblem p, const T* y, const T* g, T* gx, accumulator_t<T>* gb) {
  using A = accumulator_t<T>;
  const A slope = static_cast<A>(p.slope);
  A sum = 0;
  for (int64_t row = threadIdx.x; row < p.rows; row += threads) {
    const int64_t i = row * p.c + blockIdx.x;
    const A value = static_cast<A>(g[i]) * act_grad_factor(p.act, static_cast<A>(y[i]), slope);
    gx[i] = static_cast<T>(value);
    sum += value;
  }
  sum = block_sum(sum, shared_storage<Shared<A>>().partial);
  if (threadIdx.x == 0) gb[blockIdx.x] = sum;
}

void run(const BiasActivationProblem& p, const BiasActivationGrad::Args& a, Scratch, Stream stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    launch({.grid = static_cast<unsigned>(p.c), .block = threads, .shared_bytes = sizeof(Shared<A>)}, stream, bias_activation_grad_naive<T>,
           p, static_cast<const T*>(a.y), static_cast<const T*>(a.g), static_cast<T*>(a.gx), static_cast<A*>(a.gb));
  });
}

KERNEL_VARIANT(BiasActivationGrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
