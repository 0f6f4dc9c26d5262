// cross_entropy, rung 2: a few lanes of a warp have a row, not a block of 128 threads: they keep it in registers, so that the logits are
// read once, and meet by shuffles instead of barriers. The lane that has the label's logit writes the loss. 16 bytes a thread and access
// where a row is whole packs. Rows of up to 1024 elements. Bounded by memory: the logits read once; for ten classes of a batch by latency.
#include "kernels/loss/loss.h"
#include "kernels/loss/row_lanes.h"

namespace duel {
namespace {

bool supports(const CrossEntropyProblem& p) { return row_lanes::supports(p); }

template <class T, int together, int moves>
__global__ void __launch_bounds__(row_lanes::threads)
    cross_entropy_row_lanes(CrossEntropyProblem p, int lanes, const T* logits, const int32_t* labels, float* loss) {
  row_lanes::each_row<T, together, moves>(p.rows, p.cols, lanes, [&](int64_t row, auto& own) {
    float largest = -INFINITY, sum = 0;
    int label = -1;
    if (row >= 0) {
      label = labels[row];
      own.load(logits + row * p.cols);
      own.each([&](float& value, int) { largest = Max{}(value, largest); });
    }
    largest = own.joined(largest, Max{});
    if (row >= 0) own.each([&](float& value, int) { sum += math::exp(value - largest); });
    sum = own.joined(sum, Sum{});
    if (row < 0) return;
    own.each([&](float& value, int column) {
      if (column == label) loss[row] = math::log(sum) - (value - largest);
    });
    if (own.is_first() && (label < 0 || label >= p.cols)) loss[row] = NAN;
  });
}

template <class T>
void run_as(const CrossEntropyProblem& p, const CrossEntropy::Args& a, Stream stream) {
  const row_lanes::Cut cut = row_lanes::cut_of<T>(p.cols);
  row_lanes::with_cut<T>(cut, [&](auto together, auto moves) {
    launch(row_lanes::shape(p.rows, cut), stream, cross_entropy_row_lanes<T, decltype(together)::value, decltype(moves)::value>, p,
           cut.lanes, static_cast<const T*>(a.logits), static_cast<const int32_t*>(a.labels), static_cast<float*>(a.loss));
  });
}
void run(const CrossEntropyProblem& p, const CrossEntropy::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(CrossEntropy, row_lanes, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
