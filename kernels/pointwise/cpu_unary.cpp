// unary on the CPU: one vectorised loop a function. A broadcast operand is converted once, where it stands, and then repeated.
#include <cstring>

#include "kernels/parallel.h"
#include "kernels/pointwise/functions.h"
#include "kernels/registry.h"

namespace duel {
namespace {

bool supports(const UnaryProblem& p) { return p.dtype == DType::f32 || p.dtype == DType::bf16; }

template <UnaryFn fn, class T>
void transform(const T* __restrict x, T* __restrict y, int64_t count, float a, float b) {
#pragma GCC ivdep  // not omp simd: its copies of the temporary bf16 would keep g++ from vectorising
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<T>(unary_value<fn>(static_cast<float>(x[i]), a, b));
}

// Writes y[begin, end) of the pattern that repeats with period `c`: the first period from x, the rest from what stands already.
template <UnaryFn fn, class T>
void repeat(const T* x, T* y, int64_t begin, int64_t end, int64_t c, float a, float b) {
  const int64_t first = std::min(c, end - begin), from = begin % c, until_wrap = std::min(first, c - from);
  T* out = y + begin;
  transform<fn>(x + from, out, until_wrap, a, b);
  transform<fn>(x, out + until_wrap, first - until_wrap, a, b);
  for (int64_t done = first; done < end - begin;) {  // doubling: a whole number of periods each time
    const int64_t more = std::min(done, end - begin - done);
    std::memcpy(out + done, out, static_cast<size_t>(more) * sizeof(T));
    done += more;
  }
}

template <UnaryFn fn, class T>
void run_typed(const UnaryProblem& p, const T* x, T* y) {
  const float a = static_cast<float>(p.a), b = static_cast<float>(p.b);
  parallel_chunks(p.count(), [&](int64_t begin, int64_t end, int64_t) {
    if (p.from == Spread::full) transform<fn>(x + begin, y + begin, end - begin, a, b);
    else if (p.from == Spread::scalar) repeat<fn>(x, y, begin, end, 1, a, b);
    else if (p.from == Spread::channel) repeat<fn>(x, y, begin, end, p.c, a, b);
    else
      for (int64_t at = begin; at < end;) {  // sample and image: the rest of one sample at a time
        const int64_t sample = at / p.inner, stop = std::min(end, (sample + 1) * p.inner);
        if (p.from == Spread::image) repeat<fn>(x + sample * p.c, y, at, stop, p.c, a, b);
        else std::fill(y + at, y + stop, static_cast<T>(unary_value<fn>(static_cast<float>(x[sample]), a, b)));
        at = stop;
      }
  });
}

void run(const UnaryProblem& p, const Unary::Args& args, Scratch, Stream) {
  with_unary_fn(p.fn, [&](auto fn) {
    constexpr UnaryFn f = decltype(fn)::value;
    if (p.dtype == DType::bf16) run_typed<f>(p, static_cast<const bf16*>(args.x), static_cast<bf16*>(args.y));
    else run_typed<f>(p, static_cast<const float*>(args.x), static_cast<float*>(args.y));
  });
}

KERNEL_VARIANT(Unary, openmp, 10, supports, no_scratch, run);

}  // namespace
}  // namespace duel
