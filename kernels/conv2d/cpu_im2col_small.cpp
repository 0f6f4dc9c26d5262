// conv2d_wgrad in bf16 with 2 to 7 input channels (D's first layer, G's last): gw = gyᵀ · im2col(x), the weights so few that each of a fixed
// number of groups of images can keep a gw of its own; the groups are then added up in order, so the bits do not depend on the thread count.
//
// Against the row `onednn`: no lane of a vector left idle by three channels. (One channel fills oneDNN's vectors with taps, and f32 has no
// pairs to make: there it is as fast.)
#include "kernels/conv2d/im2col.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulPlan;
using onednn::MatmulShape;
using Plan = std::shared_ptr<const MatmulPlan>;

constexpr int group_count = 16;
constexpr int64_t rows_of_product = 1024;      // col of 1024 × 48 is 96 KiB: in the second-level cache
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }
int64_t rows_of(const Conv2dProblem& d) { return int64_t{d.n} * d.p * d.q; }
// Groups are whole products but for the last, so that two plans are enough.
int64_t group_rows(const Conv2dProblem& d) {
  const int64_t products = (rows_of(d) + rows_of_product - 1) / rows_of_product;
  return (products + group_count - 1) / group_count * rows_of_product;
}
Plan plan_for(const Conv2dProblem& d, int64_t rows) {
  return onednn::matmul_plan(MatmulShape{.m = d.k, .n = filter(d), .k = static_cast<int>(rows), .ta = true, .dtype = d.dtype, .out = DType::f32,
                                         .accumulate = true, .threads = 1});
}
struct Plans {
  Plan full, rest;   // for rows_of_product rows, and for what is left at the very end; either may be absent
  explicit Plans(const Conv2dProblem& d) {
    const int64_t rows = rows_of(d), left = rows % rows_of_product;
    if (rows >= rows_of_product) full = plan_for(d, rows_of_product);
    if (left) rest = plan_for(d, left);
    complete = (full || rows < rows_of_product) && (rest || !left);
    for (const Plan& plan : {full, rest})
      if (plan) pad = std::max(pad, plan->scratch_bytes());
  }
  bool complete;
  size_t pad = 0;
};

bool supports(const Conv2dProblem& d) {
  return d.dtype == DType::bf16 && d.c > 1 && d.c < 8 && filter(d) <= 512 && d.w_count() <= (1 << 16) && Plans(d).complete;
}

size_t thread_bytes(const Conv2dProblem& d, size_t pad) {
  return onednn::aligned(rows_of_product * filter(d) * sizeof(bf16)) + onednn::aligned(pad);
}
size_t gw_bytes(const Conv2dProblem& d) { return onednn::aligned(d.w_count() * sizeof(float)); }
size_t scratch(const Conv2dProblem& d) {
  return gw_bytes(d) * group_count + thread_bytes(d, Plans(d).pad) * static_cast<size_t>(omp_get_max_threads());
}

void wgrad(const Conv2dProblem& d, const bf16* x, const bf16* gy, float* gw, char* scratch) {
  const Plans plans(d);
  const int64_t rows = rows_of(d), per_group = group_rows(d), weights = d.w_count();
  const int groups = static_cast<int>((rows + per_group - 1) / per_group);
  char* const threads = scratch + gw_bytes(d) * group_count;
  const auto group_gw = [&](int group) { return reinterpret_cast<float*>(scratch + gw_bytes(d) * group); };
  onednn::FirstError error;
#pragma omp parallel for schedule(static)
  for (int group = 0; group < groups; ++group)
    error.run([&] {
      onednn::ScratchPieces mine{threads + thread_bytes(d, plans.pad) * static_cast<size_t>(omp_get_thread_num())};
      bf16* col = static_cast<bf16*>(mine.take(rows_of_product * filter(d) * sizeof(bf16)));
      void* pad = mine.take(plans.pad);
      float* sum = group_gw(group);
      std::memset(sum, 0, weights * sizeof(float));
      const int64_t end = std::min(rows, (group + 1) * per_group);
      for (int64_t m = group * per_group; m < end; m += rows_of_product) {
        const int64_t count = std::min(rows_of_product, end - m);
        im2col(d, x, m, m + count, col);
        (count == rows_of_product ? plans.full : plans.rest)->run(gy + m * d.k, col, sum, pad);
      }
    });
  error.rethrow();
  for (int64_t i = 0; i < weights; ++i) {
    double total = 0;
    for (int group = 0; group < groups; ++group) total += group_gw(group)[i];
    gw[i] = static_cast<float>(total);
  }
}

void run(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] {
    wgrad(d, static_cast<const bf16*>(a.x), static_cast<const bf16*>(a.gy), static_cast<float*>(a.gw), static_cast<char*>(scratch.data));
  });
}

KERNEL_VARIANT(Conv2dWgrad, im2col_small, 3, supports, scratch, run);

}  // namespace
}  // namespace duel
#endif
