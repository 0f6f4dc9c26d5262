// Mixing on the CPU. Bounded by memory: y is written once, and of x each sample is read twice. A chunk is a run of elements, or of image
// rows, whatever sample they belong to, so that few large images are shared out as well as many small ones.
#include <algorithm>
#include <cstring>

#include "augment/mix/element.h"
#include "augment/mix/mix.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports_mix(const MixSamplesProblem& p) { return mixes(p.dtype); }
bool supports_paste(const PasteBoxesProblem& p) { return mixes(p.dtype); }

template <class T>
void mix(const MixSamplesProblem& p, const T* x, const int32_t* from, const accumulator_t<T>* a, const accumulator_t<T>* b, T* y) {
  using A = accumulator_t<T>;
  parallel_chunks(p.count(), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t at = begin; at < end;) {
      const int64_t sample = at / p.inner, stop = std::min(end, (sample + 1) * p.inner);
      const T* __restrict own = x + at;
      const T* __restrict other = x + from[sample] * p.inner + (at - sample * p.inner);
      T* __restrict to = y + at;
      const A share = a[sample], rest = b[sample];
#pragma GCC ivdep
      for (int64_t e = 0; e < stop - at; ++e) to[e] = mixed_element<T>(share * static_cast<A>(own[e]) + rest * static_cast<A>(other[e]));
      at = stop;
    }
  });
}

// The columns of a box in a row of the image, as elements of that row: nothing where begin is end.
struct Span {
  int64_t begin = 0, end = 0;
};
Span columns(const int32_t* box, int64_t row, const PasteBoxesProblem& p) {
  if (row < box[0] || row >= box[2]) return {};
  const int64_t left = std::clamp(box[1], 0, p.w), right = std::clamp(box[3], 0, p.w);
  return {left * p.c, std::max(left, right) * p.c};
}

template <class T>
void paste(const PasteBoxesProblem& p, const T* x, const int32_t* from, const int32_t* erase, const int32_t* boxes, T* y) {
  using A = accumulator_t<T>;
  const int64_t length = int64_t{p.w} * p.c, rows_a_chunk = std::max<int64_t>(1, chunk_elements / length);
  parallel_chunks(int64_t{p.n} * p.h, rows_a_chunk, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t sample = line / p.h, row = line % p.h;
      const Span gone = columns(erase + 4 * sample, row, p), got = columns(boxes + 4 * sample, row, p);
      const T* other = x + (from[sample] * int64_t{p.h} + row) * length;
      T* to = y + line * length;
      std::memcpy(to, x + line * length, static_cast<size_t>(length) * sizeof(T));
      std::fill(to + gone.begin, to + gone.end, T{});
      const auto copy = [&](int64_t first, int64_t last) {
        if (first < last) std::memcpy(to + first, other + first, static_cast<size_t>(last - first) * sizeof(T));
      };
      const auto add = [&](int64_t first, int64_t last) {
        for (int64_t e = first; e < last; ++e) to[e] = mixed_element<T>(static_cast<A>(to[e]) + static_cast<A>(other[e]));
      };
      const int64_t first = std::clamp(gone.begin, got.begin, got.end), last = std::clamp(gone.end, first, got.end);
      add(got.begin, first), copy(first, last), add(last, got.end);  // copied where x is gone: a sum with 0 would lose the sign of −0
    }
  });
}

void run_mix(const MixSamplesProblem& p, const MixSamples::Args& args, Scratch, Stream) {
  if (p.count() == 0) return;
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using A = accumulator_t<T>;
    mix<T>(p, static_cast<const T*>(args.x), static_cast<const int32_t*>(args.from), static_cast<const A*>(args.a),
           static_cast<const A*>(args.b), static_cast<T*>(args.y));
  });
}

void run_paste(const PasteBoxesProblem& p, const PasteBoxes::Args& args, Scratch, Stream) {
  if (p.count() == 0) return;
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    paste<T>(p, static_cast<const T*>(args.x), static_cast<const int32_t*>(args.from), static_cast<const int32_t*>(args.erase),
             static_cast<const int32_t*>(args.paste), static_cast<T*>(args.y));
  });
}

KERNEL_VARIANT(MixSamples, openmp, 10, supports_mix, no_scratch, run_mix);
KERNEL_VARIANT(PasteBoxes, openmp, 10, supports_paste, no_scratch, run_paste);

}  // namespace
}  // namespace duel
