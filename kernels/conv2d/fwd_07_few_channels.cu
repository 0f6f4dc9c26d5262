// conv2d_fwd with few input channels, D's first layer (few_channels_fwd.h): a block owns 256 output pixels and up to 64 output channels, a
// thread 8 × 8 of them. Bounded by the f32 units and shared memory, which are in balance, and in f32 not far below them by writing y.
#include "kernels/conv2d/few_channels_fwd.h"

namespace duel {
namespace {

using namespace few_tiles;

constexpr int groups = 32;     // of pixels, eight each: threads side by side
constexpr int resident = 264;  // blocks: two a multiprocessor, that each keeps its weights for several tiles

int threads(const Conv2dProblem& p) { return groups * channel_lanes(p); }

bool supports(const Conv2dProblem& p) { return few_fwd::supports(p, threads(p)); }

template <class Job>
__global__ void __launch_bounds__(256, 2) fwd_few_channels(const __grid_constant__ Job job) {
  job(shared_storage<Words>().at, static_cast<int>(blockIdx.x));
}

template <class T>
void start(const Conv2dProblem& p, const Conv2dFwd::Args& a, Stream stream) {
  with_channels(p.c, [&](auto c) {
    using Job = few_fwd::Job<T, c, AsStored<T>>;
    const Job job(p, few_fwd::Layout(p, threads(p)), resident, {static_cast<const T*>(a.x)}, a.w, a.y);
    launch({.grid = static_cast<unsigned>(job.blocks()), .block = static_cast<unsigned>(threads(p)), .shared_bytes = job.shared_bytes()},
           stream, fwd_few_channels<Job>, job);
  });
}

void run(const Conv2dProblem& p, const Conv2dFwd::Args& a, Scratch, Stream stream) {
  p.dtype == DType::f32 ? start<float>(p, a, stream) : start<bf16>(p, a, stream);
}

KERNEL_VARIANT(Conv2dFwd, few_channels, 7, supports, no_scratch, run);

}  // namespace
}  // namespace duel
