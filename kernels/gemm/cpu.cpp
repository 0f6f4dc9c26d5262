// gemm in plain loops. `skinny` takes products with at most four rows or columns, which read their one large operand once and are bounded
// by that; `loops` takes any product, four rows at a time, and is what a build without a matrix library has.
//
// Up to four vectors v[s][k], the rows of the narrow operand, meet the large operand W, which is stored either [big][k] (dot products) or
// [k][big] (multiples of its rows added up).
#include "kernels/gemm/gemm.h"
#include "kernels/parallel.h"
#include "kernels/registry.h"

namespace duel {
namespace {

constexpr int narrow = 4, lanes = 32, columns = 128;

struct View {  // the product as the loops see it
  int small, big;
  bool small_by_k;               // the narrow operand is stored [small][k]
  bool big_by_k;                 // the large one is stored [big][k]
  int64_t small_step, big_step;  // in C
  bool swapped;                  // the narrow operand is B
};
View view_of(const GemmProblem& p) {
  if (p.n <= narrow && p.m > p.n) return {p.n, p.m, p.tb, !p.ta, 1, p.n, true};
  return {p.m, p.n, !p.ta, p.tb, p.n, 1, false};
}

bool supports(const GemmProblem& p) { return p.valid() && p.dtype != DType::f64; }
// Where these loops were faster than the library's product of rank 2 (1.3 to 10 times with 1024² in the large operand; the others lose up
// to 2 times).
bool supports_skinny(const GemmProblem& p) {
  if (!supports(p) || p.k < 16) return false;
  return view_of(p).swapped || (p.m <= narrow && p.dtype == DType::f32 && (!p.tb || p.m <= 2));
}

// The narrow operand as f32 [batch][small][k], unless it lies like that already.
bool needs_packing(const GemmProblem& p) { return p.dtype != DType::f32 || !view_of(p).small_by_k; }
size_t scratch_bytes(const GemmProblem& p) {
  return needs_packing(p) ? size_t(p.batch) * size_t(view_of(p).small) * size_t(p.k) * sizeof(float) : 0;
}
template <class T>
void pack(const GemmProblem& p, const View& v, const T* __restrict from, float* __restrict to) {
  const int64_t k = p.k, small = v.small;
  parallel_chunks(p.batch * small, std::max<int64_t>(1, chunk_elements / k), [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t row = begin; row < end; ++row) {
      const T* member = from + row / small * small * k;
      const int64_t s = row % small;
      for (int64_t l = 0; l < k; ++l) to[row * k + l] = static_cast<float>(v.small_by_k ? member[s * k + l] : member[l * small + s]);
    }
  });
}

// c[s·small_step + j·big_step] for j in [begin, end) and S vectors; W is [big][k].
template <int S, class T, class C>
void dots(const View& v, int64_t k, const float* __restrict vectors, const T* __restrict w, int64_t begin, int64_t end, C* __restrict c) {
  for (int64_t j = begin; j < end; ++j) {
    const T* __restrict row = w + j * k;
    float sum[S][lanes] = {};
    int64_t l = 0;
    for (; l + lanes <= k; l += lanes)
      for (int s = 0; s < S; ++s)
        for (int i = 0; i < lanes; ++i) sum[s][i] += static_cast<float>(row[l + i]) * vectors[s * k + l + i];
    for (int s = 0; s < S; ++s) {
      double total = 0;
      for (int64_t i = l; i < k; ++i) sum[s][i - l] += static_cast<float>(row[i]) * vectors[s * k + i];
      for (int i = 0; i < lanes; ++i) total += sum[s][i];
      c[s * v.small_step + j * v.big_step] = static_cast<C>(static_cast<float>(total));
    }
  }
}

// The same with W [k][big], for at most `columns` values of j.
template <int S, class T, class C>
void multiples(const View& v, int64_t k, const float* __restrict vectors, const T* __restrict w, int64_t begin, int64_t end,
               C* __restrict c) {
  alignas(64) float sum[S][columns] = {};
  auto add = [&](auto count) {
    for (int64_t l = 0; l < k; ++l) {
      const T* __restrict row = w + l * v.big + begin;
      for (int s = 0; s < S; ++s) {
        const float factor = vectors[s * k + l];
#pragma omp simd
        for (int j = 0; j < count; ++j) sum[s][j] += factor * static_cast<float>(row[j]);
      }
    }
  };
  if (end - begin == columns) add(std::integral_constant<int, columns>{});
  else add(static_cast<int>(end - begin));
  for (int s = 0; s < S; ++s)
    for (int64_t j = begin; j < end; ++j) c[s * v.small_step + j * v.big_step] = static_cast<C>(sum[s][j - begin]);
}

template <class T, class C>
void product(const GemmProblem& p, const Gemm::Args& a, Scratch scratch) {
  const View v = view_of(p);
  const T* small_at = static_cast<const T*>(v.swapped ? a.b : a.a);
  const T* big_at = static_cast<const T*>(v.swapped ? a.a : a.b);
  const int64_t k = p.k;
  const float* vectors = nullptr;
  if (needs_packing(p)) {
    pack(p, v, small_at, static_cast<float*>(scratch.data));
    vectors = static_cast<const float*>(scratch.data);
  } else if constexpr (std::is_same_v<T, float>) {
    vectors = small_at;
  }
  const int64_t groups = chunks_of(v.small, narrow);
  const int64_t rows = v.big_by_k ? std::max<int64_t>(1, chunk_elements / k) : columns;  // of the large operand, to a piece of work
  const int64_t pieces = chunks_of(v.big, rows);
  parallel_chunks(p.batch * groups * pieces, 1, [&](int64_t i, int64_t, int64_t) {
    const int64_t piece = i % pieces, s = i / pieces % groups * narrow, member = i / pieces / groups;
    const float* from = vectors + (member * v.small + s) * k;
    const T* w = big_at + member * v.big * k;
    C* c = static_cast<C*>(a.c) + member * p.m * p.n + s * v.small_step;
    const int64_t begin = piece * rows, end = std::min<int64_t>(v.big, begin + rows);
    auto run = [&](auto count) {
      constexpr int S = decltype(count)::value;
      if (!v.big_by_k) {
        multiples<S>(v, k, from, w, begin, end, c);
      } else if constexpr (S == 3) {  // g++ keeps two or four rows of partial sums in registers, but not three: 4 times slower
        dots<2>(v, k, from, w, begin, end, c);
        dots<1>(v, k, from + 2 * k, w, begin, end, c + 2 * v.small_step);
      } else {
        dots<S>(v, k, from, w, begin, end, c);
      }
    };
    switch (std::min<int64_t>(narrow, v.small - s)) {
      case 1:
        return run(std::integral_constant<int, 1>{});
      case 2:
        return run(std::integral_constant<int, 2>{});
      case 3:
        return run(std::integral_constant<int, 3>{});
      default:
        return run(std::integral_constant<int, 4>{});
    }
  });
}

void run(const GemmProblem& p, const Gemm::Args& a, Scratch scratch, Stream) {
  if (p.dtype == DType::f32) product<float, float>(p, a, scratch);
  else if (p.out == DType::f32) product<bf16, float>(p, a, scratch);
  else product<bf16, bf16>(p, a, scratch);
}

KERNEL_VARIANT(Gemm, loops, 1, supports, scratch_bytes, run);
KERNEL_VARIANT(Gemm, skinny, 3, supports_skinny, scratch_bytes, run);

}  // namespace
}  // namespace duel
