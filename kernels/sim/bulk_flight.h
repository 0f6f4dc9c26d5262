// Bulk copies of a block that are on their way.
//
// They land as late as they can: a load when nothing else in the block can go on and a thread waits for its mbarrier, a store when its
// thread waits for its group. So a wait that is missing is seen, whatever the schedule.
#pragma once
#include <cstring>

#include "kernels/im2col_map.h"
#include "kernels/sim/list.h"
#include "kernels/sim/runtime.h"

namespace duel::sim {

enum class CopyShape : uint32_t { bytes, box, columns };

// The simulated GPU's tensor map is the description itself.
struct Described {
  CopyShape shape;  // box or columns
  union {
    unsigned char none;
    BoxedTensor box;
    Im2colTensor columns;
  };
  Described() : shape(CopyShape::bytes), none(0) {}
};
static_assert(sizeof(Described) <= sizeof(TensorMap::opaque));

struct BulkCopy {
  bool load;
  int bytes;
  uintptr_t shared, global;  // global: of a copy of bytes
  uintptr_t mbarrier;        // of a load
  uint32_t group;            // of a store
  int thread;                // that began it
  uintptr_t pc;
  Site site;
  Described tensor;  // its shape is the copy's
  int at[5], tap[2];
  int member = -1;     // of a multicast: to whose shared memory; otherwise to the thread's own block's
  bool again = false;  // of a multicast: what it reads was read for another block

  Swizzle swizzle() const { return tensor.shape == CopyShape::box ? tensor.box.swizzle : tensor.columns.swizzle; }
};

// 16 bytes of shared memory, of which `valid` ones, from `skip` on, have a place in device memory.
struct BulkChunk {
  uintptr_t shared, global;  // global: of the first valid byte
  int skip, valid;
};

// f(inside, row) for each row of a box: whether it lies in the tensor, and where its dimension 0 begins.
template <class F>
void each_row(const BoxedTensor& t, const BulkCopy& c, F f) {
  for (int at[5] = {};;) {
    bool inside = true;
    uintptr_t row = reinterpret_cast<uintptr_t>(t.data);
    for (int d = 1; d < t.rank; ++d) {
      const int64_t x = int64_t{c.at[d]} + at[d];
      inside &= x >= 0 && x < t.size[d];
      row += static_cast<uintptr_t>(x * t.stride[d]);
    }
    f(inside, row);
    int d = 1;
    while (d < t.rank && ++at[d] == t.box[d]) at[d++] = 0;
    if (d >= t.rank) return;
  }
}
// Likewise for each window of an im2col copy.
template <class F>
void each_row(const Im2colTensor& t, const BulkCopy& c, F f) {
  int64_t w = c.at[1], h = c.at[2], n = c.at[3];
  for (int window = 0; window < t.pixels; ++window) {
    const int64_t x = w + c.tap[0], y = h + c.tap[1];
    f(x >= 0 && x < t.size[1] && y >= 0 && y < t.size[2] && n >= 0 && n < t.size[3],
      reinterpret_cast<uintptr_t>(t.data) + static_cast<uintptr_t>(x * t.stride[1] + y * t.stride[2] + n * t.stride[3]));
    if ((w += t.step[0]) < t.size[1] + t.upper[0]) continue;
    w = t.lower[0];
    if ((h += t.step[1]) < t.size[2] + t.upper[1]) continue;
    h = t.lower[1], ++n;
  }
}

// f(chunk) for each 16 bytes of a copy, in the order of shared memory before it is swizzled.
template <class F>
void each_chunk(const BulkCopy& c, F f) {
  const auto of_tensor = [&](const auto& t, int width) {
    const int64_t element = static_cast<int64_t>(size_of(t.dtype)), elements = 16 / element;
    const uintptr_t mask = static_cast<uintptr_t>(swizzle_span(t.swizzle) / 16 - 1);
    uintptr_t packed = c.shared;
    each_row(t, c, [&](bool inside, uintptr_t row) {
      for (int64_t i = 0; i < width; i += elements, packed += 16) {
        const int64_t x = c.at[0] + i, low = x < 0 ? (-x < elements ? -x : elements) : 0;
        const int64_t left = t.size[0] - x, high = left < 0 ? 0 : left < elements ? left : elements;
        const int valid = inside && high > low ? static_cast<int>((high - low) * element) : 0;
        f(BulkChunk{packed ^ (packed >> 7 & mask) << 4, row + static_cast<uintptr_t>((x + low) * element), static_cast<int>(low * element),
                    valid});
      }
    });
  };
  if (c.tensor.shape == CopyShape::box) return of_tensor(c.tensor.box, c.tensor.box.box[0]);
  if (c.tensor.shape == CopyShape::columns) return of_tensor(c.tensor.columns, c.tensor.columns.channels);
  for (uintptr_t i = 0; i < static_cast<uintptr_t>(c.bytes); i += 16) f(BulkChunk{c.shared + i, c.global + i, 0, 16});
}

class BulkCopies {
 public:
  void block_begins(int threads) {
    flying_.clear();
    for (int i = 0; i < threads; ++i) committed_[i] = 0;
  }
  void begin(BulkCopy copy) {
    copy.group = committed_[copy.thread];
    flying_.add(copy);
  }
  void commit(int thread) { ++committed_[thread]; }
  uint32_t committed(int thread) const { return committed_[thread]; }
  bool any() const { return flying_.size() != 0; }
  const List<BulkCopy>& flying() const { return flying_; }
  void remove(size_t i) {
    for (; i + 1 < flying_.size(); ++i) flying_[i] = flying_[i + 1];
    flying_.keep(flying_.size() - 1);
  }
  const BulkCopy* find(uintptr_t at) const;  // the one that takes from or goes to this byte of shared memory, or nullptr

 private:
  List<BulkCopy> flying_;  // in the order in which they began
  uint32_t committed_[1024] = {};
};

}  // namespace duel::sim
