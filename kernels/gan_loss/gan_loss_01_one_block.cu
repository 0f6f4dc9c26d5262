// gan_loss, rung 1: one block, whose threads stride over a group's outputs and meet in shared memory, group after group.
// Bounded by latency: a batch has a few hundred outputs, and this launch takes what any launch does.
#include "kernels/gan_loss/functions.h"
#include "kernels/launch.h"
#include "kernels/ptx.h"

namespace duel {
namespace {

constexpr int threads = 256;

bool supports(const GanLossProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::f64; }

struct Shared {
  double partial[32];
};

template <class T>
__global__ void one_block(GanLossProblem p, const T* t, const T* y, T* loss, T* said, T* gt) {
  double* partial = shared_storage<Shared>().partial;
  const T each = T(1) / static_cast<T>(p.rows);
  double total = 0;
  for (int group = 0; group < p.groups; ++group) {
    GanSums found;
    for (int64_t row = threadIdx.x; row < p.rows; row += threads) {
      const int64_t i = group * p.rows + row;
      const T v = t[i], target = y[target_of(p, group, row)];
      found.add(p, group, v, target);
      gt[i] = each * gan_slope(p.by, v, target);
    }
    const double rows = static_cast<double>(p.rows);
    total += block_sum(found.cost, partial) / rows;
    const double sigma = block_sum(found.sigma, partial), right = block_sum(found.right, partial), sum = block_sum(found.output, partial);
    if (threadIdx.x == 0) {
      T* of_group = said + int64_t{group} * 3;
      of_group[0] = static_cast<T>(sigma / rows), of_group[1] = static_cast<T>(right / rows), of_group[2] = static_cast<T>(sum / rows);
    }
  }
  if (threadIdx.x == 0) *loss = static_cast<T>(total);
}

template <class T>
void run_as(const GanLossProblem& p, const GanLoss::Args& a, Stream stream) {
  launch({.grid = 1, .block = threads, .shared_bytes = sizeof(Shared)}, stream, one_block<T>, p, static_cast<const T*>(a.t),
         static_cast<const T*>(a.y), static_cast<T*>(a.loss), static_cast<T*>(a.said), static_cast<T*>(a.gt));
}

void run(const GanLossProblem& p, const GanLoss::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::f64) run_as<double>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(GanLoss, one_block, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
