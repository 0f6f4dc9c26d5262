// conv2d_wgrad in bf16 for real layers: gw = gyᵀ · im2col(x). Each thread owns some columns of gw; for them it gathers a slab of output
// pixels at a time, straight into the layout that the processor's bf16 products take, and adds the slab's product into gw.
//
// Against the row `onednn`: its bf16 wgrad spends its time transposing pixels in pairs. Here gathering makes the pairs, a slab never leaves
// its core's cache (handed to another core it cost more than the product), and the price is that taps outside the image are multiplied as
// zeros: a quarter of them for an 8×8 image. In f32, where oneDNN has no pairs to make, that price is not worth paying.
#include <algorithm>

#include "kernels/conv2d/conv2d.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulPlan;
using onednn::MatmulShape;
using Plan = std::shared_ptr<const MatmulPlan>;

constexpr int lanes = 64;       // columns of a packed block
constexpr int most_blocks = 8;  // of one task
constexpr int64_t slab = 512;   // rows: a task's slab is half a MiB at most
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }
int64_t rows_of(const Conv2dProblem& d) { return int64_t{d.n} * d.p * d.q; }

// Is B blocks of 64 columns, each [rows/32][16][64][2]: two rows interleaved?
bool is_pairs(const onednn::Desc& desc) {
  const auto& blocks = desc.data.format_desc.blocking;
  return desc.data.format_kind == dnnl_blocked && blocks.inner_nblks == 3 && blocks.inner_blks[0] == 16 && blocks.inner_blks[1] == lanes &&
         blocks.inner_blks[2] == 2 && blocks.inner_idxs[0] == 0 && blocks.inner_idxs[1] == 1 && blocks.inner_idxs[2] == 0;
}
int64_t block_stride(const onednn::Desc& desc) { return desc.data.format_desc.blocking.strides[1]; }

// Tasks are as wide as leaves one for each thread; the last may be narrower.
int task_blocks(const Conv2dProblem& d) { return std::clamp(filter(d) / lanes / omp_get_max_threads(), 1, most_blocks); }

struct Plans {
  Plan first, next, rest;  // a task's first slab overwrites its sums, the others add
  size_t pad = 0, col = 0;
  bool complete = false;
  Plans(const Conv2dProblem& d, int blocks) {
    const int64_t rows = rows_of(d), left = rows % slab;
    const auto make = [&](int64_t count, bool accumulate) {
      const Plan plan = onednn::matmul_plan(MatmulShape{.m = d.k,
                                                        .n = blocks * lanes,
                                                        .k = static_cast<int>(count),
                                                        .ta = true,
                                                        .dtype = d.dtype,
                                                        .out = DType::f32,
                                                        .accumulate = accumulate,
                                                        .packed_b = true,
                                                        .threads = 1});
      if (!plan || !is_pairs(plan->b)) return Plan{};
      pad = std::max(pad, plan->scratch_bytes());
      col = std::max(col, onednn::aligned(plan->b.get_size()));
      return plan;
    };
    first = make(std::min(slab, rows), false);
    if (rows >= 2 * slab) next = make(slab, true);
    if (rows > slab && left) rest = make(left, true);
    complete = first && (next || rows < 2 * slab) && (rest || rows <= slab || !left);
  }
  const Plan& of(int64_t begin, int64_t count) const { return begin == 0 ? first : count == slab ? next : rest; }
};

// Both widths of task; `narrow` is for the last where the blocks do not divide.
struct Tasks {
  int blocks, count, left;
  Plans wide, narrow;
  explicit Tasks(const Conv2dProblem& d)
      : blocks(task_blocks(d)),
        count((filter(d) / lanes + blocks - 1) / blocks),
        left(filter(d) / lanes % blocks),
        wide(d, blocks),
        narrow(d, left ? left : blocks) {}
  size_t pad() const { return std::max(wide.pad, narrow.pad); }
  size_t col() const { return std::max(wide.col, narrow.col); }
  size_t sums(const Conv2dProblem& d) const { return onednn::aligned(sizeof(float) * d.k * blocks * lanes); }  // dense: oneDNN wants it so
  size_t thread_bytes(const Conv2dProblem& d) const { return col() + pad() + sums(d); }
};

// A block is 64 channels of one tap; with more threads than blocks the others would only look on.
bool supports(const Conv2dProblem& d) {
  if (d.dtype != DType::bf16 || d.c % lanes != 0 || filter(d) / lanes < omp_get_max_threads()) return false;
  const Tasks tasks(d);
  return tasks.wide.complete && tasks.narrow.complete;
}
size_t scratch(const Conv2dProblem& d) {
  const Tasks tasks(d);
  return tasks.thread_bytes(d) * static_cast<size_t>(omp_get_max_threads());
}

// One block of columns (64 channels of one tap) of rows [first, first + count), padded with zeros to whole groups of 32.
void gather_pairs(const Conv2dProblem& d, const bf16* x, int64_t first, int64_t count, int block, uint32_t* out) {
  static const uint16_t zeros[lanes] = {};
  const int tap = block / (d.c / lanes), r = tap / d.s, s = tap % d.s;
  int64_t row = 0;
  int q = static_cast<int>(first % d.q), p = static_cast<int>(first / d.q % d.p);
  const bf16* image = x + first / d.q / d.p * d.h * d.w * d.c + block % (d.c / lanes) * lanes;
  const auto next = [&] {  // one output pixel after another: counted, because dividing would cost as much as the copy
    const int h = p * d.u - d.top + r, w = q * d.v - d.left + s;
    const bool inside = row < count && h >= 0 && h < d.h && w >= 0 && w < d.w;
    const uint16_t* values = inside ? reinterpret_cast<const uint16_t*>(image + (int64_t{h} * d.w + w) * d.c) : zeros;
    ++row;
    if (++q == d.q) q = 0, ++p;
    if (p == d.p) p = 0, image += int64_t{d.h} * d.w * d.c;
    return values;
  };
  for (int64_t pair = 0; pair < (count + 31) / 32 * 16; ++pair, out += lanes) {
    const uint16_t *even = next(), *odd = next();
    for (int i = 0; i < lanes; ++i) out[i] = even[i] | static_cast<uint32_t>(odd[i]) << 16;
  }
}

void run(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] {
    const Tasks tasks(d);
    const int64_t rows = rows_of(d);
    const bf16 *x = static_cast<const bf16*>(a.x), *gy = static_cast<const bf16*>(a.gy);
    onednn::FirstError error;
#pragma omp parallel for schedule(static)
    for (int task = 0; task < tasks.count; ++task)
      error.run([&] {
        onednn::ScratchPieces mine{static_cast<char*>(scratch.data) + tasks.thread_bytes(d) * static_cast<size_t>(omp_get_thread_num())};
        bf16* const col = static_cast<bf16*>(mine.take(tasks.col()));
        void* const pad = mine.take(tasks.pad());
        float* const sums = static_cast<float*>(mine.take(tasks.sums(d)));
        const bool is_last = task == tasks.count - 1 && tasks.left;
        const int blocks = is_last ? tasks.left : tasks.blocks;
        for (int64_t begin = 0; begin < rows; begin += slab) {
          const int64_t count = std::min(slab, rows - begin);
          const MatmulPlan& plan = *(is_last ? tasks.narrow : tasks.wide).of(begin, count);
          for (int block = 0; block < blocks; ++block)
            gather_pairs(d, x, begin, count, task * tasks.blocks + block, reinterpret_cast<uint32_t*>(col + block * block_stride(plan.b)));
          plan.run(gy + begin * d.k, col, sums, pad);
        }
        float* const gw = static_cast<float*>(a.gw) + int64_t{task} * tasks.blocks * lanes;
        for (int k = 0; k < d.k; ++k) std::copy_n(sums + int64_t{k} * blocks * lanes, blocks * lanes, gw + int64_t{k} * filter(d));
      });
    error.rethrow();
  });
}

KERNEL_VARIANT(Conv2dWgrad, im2col, 3, supports, scratch, run, Sums::by_threads);

}  // namespace
}  // namespace duel
#endif
