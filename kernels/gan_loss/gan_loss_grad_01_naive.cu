// gan_loss_grad, rung 1: one thread an output. Bounded by latency, as a launch on a few hundred numbers is.
#include "kernels/gan_loss/functions.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const GanLossProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::f64; }

template <class T>
__global__ void grad_naive(GanLossProblem p, const T* t, const T* y, const T* g, T* gt) {
  const T each = *g / static_cast<T>(p.rows);
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < p.count(); i += int64_t{gridDim.x} * blockDim.x)
    gt[i] = each * gan_slope(p.by, t[i], y[target_of(p, static_cast<int>(i / p.rows), i % p.rows)]);
}

template <class T>
void run_as(const GanLossProblem& p, const GanLossGrad::Args& a, Stream stream) {
  launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, grad_naive<T>, p, static_cast<const T*>(a.t),
         static_cast<const T*>(a.y), static_cast<const T*>(a.g), static_cast<T*>(a.gt));
}

void run(const GanLossProblem& p, const GanLossGrad::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::f64) run_as<double>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(GanLossGrad, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
