// conv2d_wgrad in bf16 for real layers: gw = gyᵀ · im2col(x), a slab of output pixels at a time, added into gw by the product itself.
//
// Against the row `onednn`: its bf16 wgrad spends its time transposing pixels in pairs; a matrix product does that once a slab. The windows
// overlap, so col is larger than x (4× for k4 s2), but a slab stays in the cache between its two uses, and taps outside the image are
// multiplied as zeros (a quarter of them for an 8×8 image): even so it is the faster way.
#include "kernels/conv2d/im2col.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulPlan;
using onednn::MatmulShape;
using Plan = std::shared_ptr<const MatmulPlan>;

constexpr int64_t slab_elements = 2 << 20;   // of col: 4 MiB
constexpr int lanes = 64;                    // columns of a packed block
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }
int64_t rows_of(const Conv2dProblem& d) { return int64_t{d.n} * d.p * d.q; }
int64_t slab_rows(const Conv2dProblem& d) {
  const int64_t wanted = std::max<int64_t>(64, slab_elements / filter(d) / 64 * 64);
  return std::min(rows_of(d), wanted);
}

// Is B blocks of 64 columns, each [rows/32][16][64][2]: two rows interleaved, as the processor's bf16 products take them?
bool is_pairs(const onednn::Desc& desc) {
  const auto& blocks = desc.data.format_desc.blocking;
  return desc.data.format_kind == dnnl_blocked && blocks.inner_nblks == 3 && blocks.inner_blks[0] == 16 && blocks.inner_blks[1] == lanes &&
         blocks.inner_blks[2] == 2 && blocks.inner_idxs[0] == 0 && blocks.inner_idxs[1] == 1 && blocks.inner_idxs[2] == 0;
}
Plan plan_for(const Conv2dProblem& d, int64_t rows, bool accumulate, bool packed) {
  const Plan plan = onednn::matmul_plan(MatmulShape{.m = d.k, .n = filter(d), .k = static_cast<int>(rows), .ta = true, .dtype = d.dtype,
                                                    .out = DType::f32, .accumulate = accumulate, .packed_b = packed});
  return packed && plan && !is_pairs(plan->b) ? nullptr : plan;
}
struct Plans {
  Plan first, next, rest;   // the first slab overwrites gw, the others add
  bool packed = false, complete = false;
  size_t pad = 0, col = 0;
  explicit Plans(const Conv2dProblem& d) {
    if (d.c % lanes == 0) make(d, packed = true);
    if (!complete) make(d, packed = false);
  }
  void make(const Conv2dProblem& d, bool pairs) {
    const int64_t rows = rows_of(d), slab = slab_rows(d), left = rows % slab;
    first = plan_for(d, slab, false, pairs);
    next = rows >= 2 * slab ? plan_for(d, slab, true, pairs) : nullptr;
    rest = left ? plan_for(d, left, true, pairs) : nullptr;
    complete = first && (next || rows < 2 * slab) && (rest || !left);
    pad = col = 0;
    for (const Plan& plan : {first, next, rest})
      if (plan) pad = std::max(pad, plan->scratch_bytes()), col = std::max(col, onednn::aligned(plan->b.get_size()));
  }
};

bool supports(const Conv2dProblem& d) { return d.dtype == DType::bf16 && d.c >= 8 && Plans(d).complete; }
size_t scratch(const Conv2dProblem& d) {
  const Plans plans(d);
  return plans.col + plans.pad;
}

// im2col of rows [first, first + count) straight into pairs, which saves the product a pass. Each block of 64 columns lies within one tap.
void im2col_pairs(const Conv2dProblem& d, const bf16* x, int64_t first, int64_t count, const onednn::Desc& desc, bf16* col) {
  const int blocks = filter(d) / lanes, per_tap = d.c / lanes;
  const int64_t block_stride = desc.data.format_desc.blocking.strides[1], pairs = (count + 31) / 32 * 16;   // rows are padded to 32
  constexpr int64_t strip = 128;
  const int64_t strips = (pairs + strip - 1) / strip;
  static const uint16_t zeros[lanes] = {};
#pragma omp parallel for collapse(2) schedule(static)
  for (int block = 0; block < blocks; ++block)
    for (int64_t part = 0; part < strips; ++part) {
      const int tap = block / per_tap, r = tap / d.s, s = tap % d.s;
      int64_t row = 2 * part * strip;
      int q = static_cast<int>((first + row) % d.q), p = static_cast<int>((first + row) / d.q % d.p);
      const bf16* image = x + (first + row) / d.q / d.p * d.h * d.w * d.c + block % per_tap * lanes;
      const auto next = [&] {   // the tap of one output pixel after another: counted, because dividing would cost more than the copy
        const int h = p * d.u - d.top + r, w = q * d.v - d.left + s;
        const bool inside = row < count && h >= 0 && h < d.h && w >= 0 && w < d.w;
        const bf16* pixel = image + (int64_t{h} * d.w + w) * d.c;
        ++row;
        if (++q == d.q) q = 0, ++p;
        if (p == d.p) p = 0, image += int64_t{d.h} * d.w * d.c;
        return inside ? reinterpret_cast<const uint16_t*>(pixel) : zeros;
      };
      uint32_t* out = reinterpret_cast<uint32_t*>(col + block * block_stride) + part * strip * lanes;
      for (int64_t pair = part * strip; pair < std::min(pairs, (part + 1) * strip); ++pair, out += lanes) {
        const uint16_t *even = next(), *odd = next();
        for (int i = 0; i < lanes; ++i) out[i] = even[i] | static_cast<uint32_t>(odd[i]) << 16;
      }
    }
}

void run(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] {
    const Plans plans(d);
    const int64_t rows = rows_of(d), slab = slab_rows(d);
    bf16* const col = static_cast<bf16*>(scratch.data);
    void* const pad = static_cast<char*>(scratch.data) + plans.col;
    const bf16 *x = static_cast<const bf16*>(a.x), *gy = static_cast<const bf16*>(a.gy);
    for (int64_t begin = 0; begin < rows; begin += slab) {
      const int64_t count = std::min(slab, rows - begin);
      const Plan& plan = begin == 0 ? plans.first : count == slab ? plans.next : plans.rest;
      constexpr int64_t strip = 16;
      if (plans.packed) {
        im2col_pairs(d, x, begin, count, plan->b, col);
      } else {
#pragma omp parallel for schedule(static)
        for (int64_t m = 0; m < count; m += strip) im2col(d, x, begin + m, begin + std::min(count, m + strip), col + m * filter(d));
      }
      plan->run(gy + begin * d.k, col, a.gw, pad);
    }
  });
}

KERNEL_VARIANT(Conv2dWgrad, im2col, 4, supports, scratch, run);

}  // namespace
}  // namespace duel
#endif
