// How the CPU rows cut [n, inner]: each sample is [positions, c], seen as lines of lanes (kernels/batch_norm/cpu_lanes.h) and cut into
// chunks of a fixed number of lines. A piece is one chunk of one sample; small samples are taken several at a time.
#pragma once
#include "kernels/batch_norm/cpu_lanes.h"
#include "kernels/sample_norm/sample_norm.h"

namespace duel {
namespace {

inline bool supports(const SampleNormProblem& p) {
  return (p.dtype == DType::f32 || p.dtype == DType::bf16) && bn_supports_act(p.act) && p.c < (int64_t{1} << 30);
}

inline Lanes lanes_of(const SampleNormProblem& p) { return lanes_of(static_cast<int>(p.c), p.positions()); }

// Pieces of a task.
inline int64_t together(const Lanes& l) { return std::max<int64_t>(1, chunk_elements / (std::min(l.chunk_rows, l.rows) * l.c)); }

// f(sample, first row, past row, piece): pieces are numbered sample by sample.
template <class F>
void each_piece(const Lanes& l, int64_t n, F&& f) {
  parallel_chunks(n * l.chunks, together(l), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t row = piece % l.chunks * l.chunk_rows;
      f(piece / l.chunks, row, std::min(l.rows, row + l.chunk_rows), piece);
    }
  });
}

// f(sample), for work of about `cost` elements a sample.
template <class F>
void each_sample(int64_t n, int64_t cost, F&& f) {
  parallel_chunks(n, std::max<int64_t>(1, chunk_elements / cost), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t sample = begin; sample < end; ++sample) f(sample);
  });
}

// A sample's statistics along a line: the one of a layer as it stands, those of an instance repeated where a line is several rows.
class StatisticLine {
 public:
  const float* of(const SampleNormProblem& p, const Lanes& l, const float* all, int64_t sample) {
    const float* own = all + p.statistic(sample, 0);
    if (p.over == NormOver::layer || l.group == 1) return own;
    spread(l, own, values_);
    return values_;
  }

 private:
  float values_[4096];  // lines of several rows have at most 16·255 lanes
};

// Calls f with the activation, and with whether the statistics are a layer's, as constants.
template <class F>
void with_constants(const SampleNormProblem& p, F&& f) {
  with_bn_act(p.act, [&](auto act) {
    if (p.over == NormOver::layer) f(act, std::true_type{});
    else f(act, std::false_type{});
  });
}

}  // namespace
}  // namespace duel
