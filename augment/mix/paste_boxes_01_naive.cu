// paste_boxes, rung 1: one thread an element of y, which reads x only where it needs it: forward, one read and one write an element.
// Bounded by memory; three divisions find the pixel.
#include "augment/mix/element.h"
#include "augment/mix/mix.h"
#include "kernels/launch.h"

namespace duel {
namespace {

bool supports(const PasteBoxesProblem& p) { return mixes(p.dtype); }

template <class T>
__global__ void paste_naive(PasteBoxesProblem p, const T* x, const int32_t* from, const int32_t* erase, const int32_t* paste, T* y) {
  using A = accumulator_t<T>;
  const int64_t count = p.count(), row_length = int64_t{p.w} * p.c, image = row_length * p.h;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t sample = i / image, in_image = i - sample * image;
    const int64_t row = in_image / row_length, column = (in_image - row * row_length) / p.c;
    const bool kept = !in_box(erase + 4 * sample, row, column), got = in_box(paste + 4 * sample, row, column);
    const int64_t other = from[sample] * image + in_image;
    if (kept && got) y[i] = mixed_element<T>(static_cast<A>(x[i]) + static_cast<A>(x[other]));
    else if (kept || got) y[i] = x[kept ? i : other];
    else y[i] = mixed_element<T>(A(0));
  }
}

void run(const PasteBoxesProblem& p, const PasteBoxes::Args& args, Scratch, Stream stream) {
  with_mixed(p.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch({.grid = stride_blocks(p.count(), 256), .block = 256}, stream, paste_naive<T>, p, static_cast<const T*>(args.x),
           static_cast<const int32_t*>(args.from), static_cast<const int32_t*>(args.erase), static_cast<const int32_t*>(args.paste),
           static_cast<T*>(args.y));
  });
}

KERNEL_VARIANT(PasteBoxes, naive, 1, supports, no_scratch, run);

}  // namespace
}  // namespace duel
