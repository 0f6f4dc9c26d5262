// Rows moved by the widest words that all of them begin and end on: 16 bytes where widths and offsets are multiples of that, else 8, 4, 2
// or 1. What a row holds does not matter, and no word goes over its end. A word's row is found by a multiplication.
#pragma once
#include <limits>

#include "kernels/dtype.h"
#include "kernels/packs.h"
#include "kernels/tile/divide.h"

namespace duel::wide_words {

template <int bytes>
struct WordOf {
  using type = Pack<uint32_t, bytes / 4>;
};
template <>
struct WordOf<4> {
  using type = uint32_t;
};
template <>
struct WordOf<2> {
  using type = uint16_t;
};
template <>
struct WordOf<1> {
  using type = uint8_t;
};

// Bytes of the widest word, of rows and parts of rows that have this many elements each; one without any asks nothing.
inline int widest(DType t, int64_t a, int64_t b, int64_t c) {
  const int64_t bytes = 16 | static_cast<int64_t>(size_of(t)) * (a | b | c);
  return static_cast<int>(bytes & -bytes);
}
// Whether the words of so many elements can be counted by an int.
inline bool countable(DType t, int64_t elements, int word) {
  return elements * static_cast<int64_t>(size_of(t)) / word <= std::numeric_limits<int>::max();
}
// Words that some elements fill.
inline int count(DType t, int64_t elements, int word) { return static_cast<int>(elements * static_cast<int64_t>(size_of(t)) / word); }

// Calls f(TypeTag<W>{}) with the word of so many bytes.
template <class F>
void with_word_of(int bytes, F&& f) {
  switch (bytes) {
    case 16:
      return f(TypeTag<WordOf<16>::type>{});
    case 8:
      return f(TypeTag<WordOf<8>::type>{});
    case 4:
      return f(TypeTag<WordOf<4>::type>{});
    case 2:
      return f(TypeTag<WordOf<2>::type>{});
  }
  f(TypeTag<WordOf<1>::type>{});
}

// f(i) for each of this thread's words.
template <class F>
__device__ void each(int words, F&& f) {
  for (int64_t i = packs::first_of<1>(); i < words; i += int64_t{gridDim.x} * packs::threads) f(static_cast<int>(i));
}
inline LaunchShape shape(int words) { return packs::shape(words, 1); }

template <class W>
__device__ void move(W* to, const W* from) {
  if constexpr (sizeof(W) >= 8) store_vec(to, load_vec<W>(from));
  else *to = *from;
}

}  // namespace duel::wide_words
