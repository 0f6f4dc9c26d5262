// cast, rung 2: a thread takes as many elements as 16 bytes hold of the wider type, and moves each side in one access: 16 bytes of the
// wider, 4 to 16 of the narrower. So a warp's accesses are whole sectors one after the other on either side. Bounded by memory: x read
// once, y written once.
#include <algorithm>

#include "kernels/packs.h"
#include "kernels/pointwise/functions.h"

namespace duel {
namespace {

template <class To, class From>
constexpr int elements = 16 / static_cast<int>(sizeof(To) > sizeof(From) ? sizeof(To) : sizeof(From));
constexpr bool fits(size_t to, size_t from) { return std::max(to, from) <= 4 * std::min(to, from); }  // f64 and u8 are eight apart

bool supports(const CastProblem& p) { return fits(size_of(p.to), size_of(p.from)); }

// Four bytes are a word; what moves more is a Pack.
template <class T, int N>
struct Word {
  T at[N];
};
template <class T, int N, bool small = sizeof(T) * N == 4>
struct Moved {
  using type = Pack<T, N>;
  __device__ static type load(const T* from) { return load_vec<type>(from); }
  __device__ static void store(T* to, const type& v) { store_vec(to, v); }
};
template <class T, int N>
struct Moved<T, N, true> {
  using type = Word<T, N>;
  __device__ static type load(const T* from) { return __builtin_bit_cast(type, *reinterpret_cast<const uint32_t*>(from)); }
  __device__ static void store(T* to, const type& v) { *reinterpret_cast<uint32_t*>(to) = __builtin_bit_cast(uint32_t, v); }
};

template <class To, class From>
__global__ void cast_packs(int64_t n, const From* x, To* y) {
  constexpr int V = elements<To, From>;
  packs::each<V>(
      n,
      [&](int64_t i) {
        const typename Moved<From, V>::type in = Moved<From, V>::load(x + i);
        typename Moved<To, V>::type out;
        for (int e = 0; e < V; ++e) out.at[e] = cast_value<To>(in.at[e]);
        Moved<To, V>::store(y + i, out);
      },
      [&](int64_t i) { y[i] = cast_value<To>(x[i]); });
}

template <class From>
void run_from(const CastProblem& p, const From* x, void* y, Stream stream) {
  with_dtype(p.to, [&](auto tag) {
    using To = typename decltype(tag)::type;
    if constexpr (fits(sizeof(To), sizeof(From)))
      launch(packs::shape(p.n, elements<To, From>), stream, cast_packs<To, From>, p.n, x, static_cast<To*>(y));
  });
}

void run(const CastProblem& p, const Cast::Args& a, Scratch, Stream stream) {
  with_dtype(p.from, [&](auto tag) { run_from(p, static_cast<const typename decltype(tag)::type*>(a.x), a.y, stream); });
}

KERNEL_VARIANT(Cast, packs, 2, supports, no_scratch, run);

}  // namespace
}  // namespace duel
