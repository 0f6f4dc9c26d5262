// softmax, rung 2: a few lanes of a warp have a row, not a block of 128 threads: they keep it in registers, so that x is read once, and
// meet by shuffles instead of barriers. 16 bytes a thread and access where a row is whole packs. Rows of up to 1024 elements. Bounded by
// memory: x read once, y written once; for ten classes of a batch by latency, as any launch on so little.
#include "kernels/loss/loss.h"
#include "kernels/loss/row_lanes.h"

namespace duel {
namespace {

bool supports(const SoftmaxProblem& p) { return row_lanes::supports(p); }

template <class T, int together, int moves>
__global__ void __launch_bounds__(row_lanes::threads) softmax_row_lanes(SoftmaxProblem p, int lanes, const T* x, T* y) {
  row_lanes::each_row<T, together, moves>(p.rows, p.cols, lanes, [&](int64_t row, auto& own) {
    float largest = -INFINITY, sum = 0;
    if (row >= 0) {
      own.load(x + row * p.cols);
      own.each([&](float& value, int) { largest = Max{}(value, largest); });
    }
    largest = own.joined(largest, Max{});
    if (row >= 0)
      own.each([&](float& value, int) {
        value -= largest;
        const float e = math::exp(value);
        sum += e;
        if (!p.log) value = e;
      });
    sum = own.joined(sum, Sum{});
    if (row < 0) return;
    const float log_sum = p.log ? math::log(sum) : 0;
    own.each([&](float& value, int) { value = p.log ? value - log_sum : value / sum; });
    own.store(y + row * p.cols);
  });
}

template <class T>
void run_as(const SoftmaxProblem& p, const Softmax::Args& a, Stream stream) {
  const row_lanes::Cut cut = row_lanes::cut_of<T>(p.cols);
  row_lanes::with_cut<T>(cut, [&](auto together, auto moves) {
    launch(row_lanes::shape(p.rows, cut), stream, softmax_row_lanes<T, decltype(together)::value, decltype(moves)::value>, p, cut.lanes,
           static_cast<const T*>(a.x), static_cast<T*>(a.y));
  });
}
void run(const SoftmaxProblem& p, const Softmax::Args& a, Scratch, Stream stream) {
  if (p.dtype == DType::bf16) run_as<bf16>(p, a, stream);
  else run_as<float>(p, a, stream);
}

KERNEL_VARIANT(Softmax, row_lanes, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
