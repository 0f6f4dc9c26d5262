// conv2d_fwd and conv2d_dgrad in f32 by minimal filtering (cpu_winograd.h).
//
// Against the row `onednn`: half to a quarter of the multiplications, for which every value is written and read twice more on either side.
// The products are oneDNN's; a chunk of images goes through all three steps on one thread, so that what lies between them stays near that
// core. Still bounded by multiply-adds, where there are as many images as threads.
#include "kernels/conv2d/cpu_winograd.h"
#include "kernels/rounding.h"
#if defined(DUEL_ONEDNN) && defined(__FMA__)  // without them oneDNN's own convolution wins

namespace duel {
namespace {

using namespace winograd;
using onednn::MatmulShape;

struct Memory {  // of a thread
  float *pixels, *outputs, *lines;
  void* pad;
};

// What the two ops differ in.
struct Fwd {
  static int64_t from_image(const Conv2dProblem& d) { return int64_t{d.h} * d.w * d.c; }
  static int64_t to_image(const Conv2dProblem& d) { return int64_t{d.p} * d.q * d.k; }
  static Products products(const Conv2dProblem& d, int images, int points) {
    return {d, images, points, [&](int rows, int width) { return MatmulShape{.m = rows, .n = d.k, .k = width, .tb = true, .threads = 1}; }};
  }
  static void chunk(const Conv2dProblem& d, const Products& products, const float* x, const float* taps, float* y, const Memory& m) {
    const Tiles& tiles = products.tiles;
    for (int i = 0; i < tiles.images; ++i) pixels_to_points(d, tiles, i, x + i * from_image(d), m.pixels, m.lines);
    products.each([&](int i, int j, const onednn::MatmulPlan& plan) {
      plan.run(m.pixels + tiles.pixels.at[i][j], taps + tiles.taps.at[i][j], m.outputs + tiles.outputs.at[i][j], m.pad);
    });
    for (int i = 0; i < tiles.images; ++i) points_to_outputs(d, tiles, i, m.outputs, y + i * to_image(d), m.lines);
  }
};
struct Dgrad {
  static int64_t from_image(const Conv2dProblem& d) { return Fwd::to_image(d); }
  static int64_t to_image(const Conv2dProblem& d) { return Fwd::from_image(d); }
  static Products products(const Conv2dProblem& d, int images, int points) {
    return {d, images, points, [&](int rows, int width) { return MatmulShape{.m = rows, .n = width, .k = d.k, .threads = 1}; }};
  }
  static void chunk(const Conv2dProblem& d, const Products& products, const float* gy, const float* taps, float* gx, const Memory& m) {
    const Tiles& tiles = products.tiles;
    for (int i = 0; i < tiles.images; ++i) outputs_to_points(d, tiles, i, gy + i * from_image(d), m.outputs, m.lines);
    products.each([&](int i, int j, const onednn::MatmulPlan& plan) {
      plan.run(m.outputs + tiles.outputs.at[i][j], taps + tiles.taps.at[i][j], m.pixels + tiles.pixels.at[i][j], m.pad);
    });
    std::fill_n(gx, tiles.images * to_image(d), 0.f);
    for (int i = 0; i < tiles.images; ++i) add_points_to_pixels(d, tiles, i, m.pixels, gx + i * to_image(d), m.lines);
  }
};

// What a call needs: a plan for full chunks and one for the last, and memory for the taps and for each thread.
template <class Op>
struct Work {
  Chunks chunks;
  Products full, last;
  size_t line_bytes;
  Work(const Conv2dProblem& d, int points)
      : chunks(d, omp_get_max_threads(), points),
        full(Op::products(d, chunks.images, points)),
        last(Op::products(d, chunks.rest(d), points)),
        line_bytes(Lines(d).bytes()) {}
  bool complete() const { return full.complete() && last.complete(); }
  Memory place(onednn::ScratchPieces& pieces) const {
    Memory m{};
    m.pixels = static_cast<float*>(pieces.take(full.tiles.pixels.bytes()));
    m.outputs = static_cast<float*>(pieces.take(full.tiles.outputs.bytes()));
    m.lines = static_cast<float*>(pieces.take(line_bytes));
    m.pad = pieces.take(std::max(full.pad_bytes(), last.pad_bytes()));
    return m;
  }
  size_t thread_bytes() const {
    onednn::ScratchPieces pieces;
    place(pieces);
    return pieces.used;
  }
  size_t taps_bytes() const { return onednn::aligned(full.tiles.taps.bytes()); }
};

template <class Op, int points>
bool supports(const Conv2dProblem& d) {
  return fits(d, d.n, points) && Work<Op>(d, points).complete();
}
template <class Op, int points>
size_t scratch(const Conv2dProblem& d) {
  const Work<Op> work(d, points);
  return work.taps_bytes() + work.thread_bytes() * static_cast<size_t>(work.chunks.threads);
}

template <class Op>
void run(const Conv2dProblem& d, int points, const void* from, const void* w, void* to, Scratch scratch) {
  onednn::guarded([&] {
    const Work<Op> work(d, points);
    float* const taps = static_cast<float*>(scratch.data);
    char* const threads = static_cast<char*>(scratch.data) + work.taps_bytes();
    const size_t thread_bytes = work.thread_bytes();
    onednn::FirstError error;
#pragma omp parallel
    {
      taps_to_points(d, work.full.tiles, static_cast<const float*>(w), taps);
#pragma omp for schedule(static, 1)
      for (int chunk = 0; chunk < work.chunks.count; ++chunk)
        error.run([&] {
          onednn::ScratchPieces pieces{threads + thread_bytes * static_cast<size_t>(omp_get_thread_num())};
          const Memory mine = work.place(pieces);
          const int64_t first = int64_t{chunk} * work.chunks.images;
          Op::chunk(d, chunk == work.chunks.count - 1 ? work.last : work.full, static_cast<const float*>(from) + first * Op::from_image(d),
                    taps, static_cast<float*>(to) + first * Op::to_image(d), mine);
        });
    }
    error.rethrow();
  });
}

template <int points>
void run_fwd(const Conv2dProblem& d, const Conv2dFwd::Args& a, Scratch s, Stream) {
  run<Fwd>(d, points, a.x, a.w, a.y, s);
}
template <int points>
void run_dgrad(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch s, Stream) {
  run<Dgrad>(d, points, a.gy, a.w, a.gx, s);
}

constexpr auto fwd_4 = supports<Fwd, 4>, fwd_6 = supports<Fwd, 6>, dgrad_4 = supports<Dgrad, 4>, dgrad_6 = supports<Dgrad, 6>;
constexpr auto fwd_4_bytes = scratch<Fwd, 4>, fwd_6_bytes = scratch<Fwd, 6>;
constexpr auto dgrad_4_bytes = scratch<Dgrad, 4>, dgrad_6_bytes = scratch<Dgrad, 6>;

KERNEL_VARIANT(Conv2dFwd, winograd, 3, fwd_4, fwd_4_bytes, run_fwd<4>, Sums::by_threads);
KERNEL_VARIANT(Conv2dDgrad, winograd, 3, dgrad_4, dgrad_4_bytes, run_dgrad<4>, Sums::by_threads);
KERNEL_VARIANT(Conv2dFwd, winograd_6, 4, fwd_6, fwd_6_bytes, run_fwd<6>, Sums::by_threads);
KERNEL_VARIANT(Conv2dDgrad, winograd_6, 4, dgrad_6, dgrad_6_bytes, run_dgrad<6>, Sums::by_threads);
ROUNDS_MORE(Conv2dFwd, winograd_6, 4);
ROUNDS_MORE(Conv2dDgrad, winograd_6, 4);

}  // namespace
}  // namespace duel
#endif
