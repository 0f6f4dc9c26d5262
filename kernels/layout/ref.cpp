// The reference: element by element, by index.
#include "kernels/layout/layout.h"
#include "kernels/layout/word.h"
#include "kernels/registry.h"

namespace duel {
namespace {

void run_concat(const ConcatChannelsProblem& p, const ConcatChannels::Args& args, Scratch, Stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    const W *a = static_cast<const W*>(args.a), *b = static_cast<const W*>(args.b);
    W* y = static_cast<W*>(args.y);
    for (int64_t row = 0; row < p.rows; ++row)
      for (int64_t c = 0; c < p.ca + p.cb; ++c) y[row * (p.ca + p.cb) + c] = c < p.ca ? a[row * p.ca + c] : b[row * p.cb + c - p.ca];
  });
}

void run_slice(const SliceChannelsProblem& p, const SliceChannels::Args& args, Scratch, Stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    for (int64_t row = 0; row < p.rows; ++row)
      for (int64_t c = 0; c < p.count; ++c)
        static_cast<W*>(args.y)[row * p.count + c] = static_cast<const W*>(args.x)[row * p.c + p.from + c];
  });
}

void run_gather(const GatherRowsProblem& p, const GatherRows::Args& args, Scratch, Stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    const int32_t* index = static_cast<const int32_t*>(args.index);
    for (int64_t i = 0; i < p.count; ++i)
      for (int64_t c = 0; c < p.cols; ++c)
        static_cast<W*>(args.y)[i * p.cols + c] = static_cast<const W*>(args.table)[index[i] * p.cols + c];
  });
}

void run_scatter(const GatherRowsProblem& p, const ScatterAddRows::Args& args, Scratch, Stream) {
  with_floating(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int32_t* index = static_cast<const int32_t*>(args.index);
    std::vector<double> sum(static_cast<size_t>(p.rows * p.cols), 0.0);
    for (int64_t i = 0; i < p.count; ++i)
      for (int64_t c = 0; c < p.cols; ++c)
        sum[static_cast<size_t>(index[i] * p.cols + c)] += static_cast<double>(static_cast<const T*>(args.g)[i * p.cols + c]);
    for (size_t i = 0; i < sum.size(); ++i) static_cast<accumulator_t<T>*>(args.y)[i] = static_cast<accumulator_t<T>>(sum[i]);
  });
}

void run_transpose(const TransposeProblem& p, const Transpose::Args& args, Scratch, Stream) {
  with_word(p.dtype, [&](auto tag) {
    using W = typename decltype(tag)::type;
    for (int64_t b = 0; b < p.batch; ++b)
      for (int64_t r = 0; r < p.rows; ++r)
        for (int64_t c = 0; c < p.cols; ++c)
          static_cast<W*>(args.y)[(b * p.cols + c) * p.rows + r] = static_cast<const W*>(args.x)[(b * p.rows + r) * p.cols + c];
  });
}

bool any_concat(const ConcatChannelsProblem&) { return true; }
bool any_slice(const SliceChannelsProblem&) { return true; }
bool any_gather(const GatherRowsProblem&) { return true; }
bool floating_scatter(const GatherRowsProblem& p) { return is_floating(p.dtype); }
bool any_transpose(const TransposeProblem&) { return true; }

KERNEL_VARIANT(ConcatChannels, ref, reference_rank, any_concat, no_scratch, run_concat);
KERNEL_VARIANT(SliceChannels, ref, reference_rank, any_slice, no_scratch, run_slice);
KERNEL_VARIANT(GatherRows, ref, reference_rank, any_gather, no_scratch, run_gather);
KERNEL_VARIANT(ScatterAddRows, ref, reference_rank, floating_scatter, no_scratch, run_scatter);
KERNEL_VARIANT(Transpose, ref, reference_rank, any_transpose, no_scratch, run_transpose);

}  // namespace
}  // namespace duel
