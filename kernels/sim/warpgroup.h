// The matrix instructions of a warpgroup on the simulated GPU: what kernels/ptx/warpgroup.h calls there, and the products of a block that
// are on their way.
//
// A product is made when the warpgroup waits for it, not before: from the operands that lie in shared memory then. Until then its
// accumulators hold NaN, and nobody may write them. Sums are as in matrix.h: exact products, added in f32 over k in ascending order to what
// D held.
#pragma once
#include <cstring>

#include "kernels/sim/list.h"
#include "kernels/sim/runtime.h"
#include "kernels/tensor_map.h"

namespace duel::sim {

enum class WarpgroupType : uint8_t { bf16, tf32 };

// What one thread brings. a_registers: nullptr when A lies in shared memory.
struct WarpgroupProduct {
  WarpgroupType type;
  int n;
  bool a_along_rows, b_along_rows, add;
  float* d;
  const uint32_t* a_registers;
  uint64_t a, b;
};
void wgmma(const WarpgroupProduct& mine, Site site);
void wgmma_fence(Site site);
void wgmma_commit(Site site);
void wgmma_wait(int newest, Site site);
void setmaxnreg(bool more, Site site);  // nothing but a meeting
uint64_t matrix_descriptor(const void* at, int leading, int stride, Swizzle swizzle, Site site);

// What all 128 threads do as one.
enum class WarpgroupCall : uint8_t { product, fence, commit, wait, fewer_registers, more_registers };

// An operand in shared memory, as its descriptor says. Offsets are from the start of shared memory.
struct MatrixOperand {
  uint32_t start, leading, stride;
  int span;  // of the swizzle, in bytes; 0: none
  bool along_rows;
  int rows, element;  // of A, or of Bᵀ; bytes of an element

  static MatrixOperand decode(uint64_t bits, bool along_rows, int rows, int element);
  const char* problem() const;                                          // why no GPU could read it so; nullptr: nothing
  int chunks() const { return along_rows ? rows / 8 * 16 : rows * 2; }  // of 16 bytes
  // Where chunk i lies. Along k it holds row 8·(i / 16) + i % 8 and half i / 8 % 2 of the 32 bytes of k; along the rows, rows 8·(i / 16) on
  // of step i % 16. Eight that follow one another are what a GPU reads at once: they lie in different banks.
  uint32_t chunk(int i) const;
};

// A product on its way.
struct FlyingProduct {
  WarpgroupProduct what;  // d of the first thread; the registers are copied
  float* d[128];
  uint32_t a_registers[128][4];
  uint32_t group;
  uintptr_t pc;
  Site site;
  MatrixOperand a, b;
  bool a_in_memory;
};
// Accumulators of products on their way, and the values that they really have: element i of thread t at [t · n / 2 + i].
struct Accumulators {
  float* d[128];
  int each, products;
  float* values;
};

class Warpgroup {
 public:
  ~Warpgroup() { forget(); }
  void block_begins() { forget(), came = 0, fenced = false, committed = 0; }
  FlyingProduct* add_product();
  const List<FlyingProduct*>& flying() const { return flying_; }
  void remove(size_t i);
  Accumulators* find(const float* d) const;
  Accumulators* find_register(int thread, uintptr_t at) const;
  Accumulators& take(float* const (&d)[128], int each);  // leaves NaN in them
  int give_back(Accumulators& of);                       // the first thread that wrote one of its own meanwhile, or -1

  // The call that threads have come to.
  int came = 0;
  WarpgroupCall call{};
  Site site{};
  void* brought[128];
  bool fenced = false;
  uint32_t committed = 0;  // groups

 private:
  void forget();
  List<FlyingProduct*> flying_;
  List<Accumulators*> accumulators_;
};

// values[t · n / 2 + i] += A·B, or = A·B.
void multiply(const FlyingProduct& product, const char* shared, float* values);

constexpr const char* name_of(WarpgroupCall call) {
  constexpr const char* names[] = {"wgmma()", "wgmma_fence()", "wgmma_commit()", "wgmma_wait()", "setmaxnreg_dec()", "setmaxnreg_inc()"};
  return names[static_cast<int>(call)];
}

}  // namespace duel::sim
