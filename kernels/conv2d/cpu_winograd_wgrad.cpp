// conv2d_wgrad in f32 by minimal filtering (cpu_winograd.h): the gradient of the taps at each pair of points is a matrix product over all
// tiles of a chunk of images, and the chunks' are added up in order.
//
// Against the row `onednn`: about half the multiplications. All threads transform a chunk's images, then share out its products.
#include "kernels/conv2d/cpu_winograd.h"
#include "kernels/rounding.h"
#if defined(DUEL_ONEDNN) && defined(__FMA__)  // without them oneDNN's own convolution wins

namespace duel {
namespace {

using namespace winograd;
using onednn::MatmulShape;

Products products(const Conv2dProblem& d, int images, int points, bool accumulate) {
  return {d, images, points, [&](int rows, int width) {
            return MatmulShape{.m = d.k, .n = width, .k = rows, .ta = true, .accumulate = accumulate, .threads = 1};
          }};
}

// What a call needs. The first chunk's products overwrite, the others' add.
struct Work {
  Chunks chunks;
  Products first, next, last;
  size_t line_bytes;
  Work(const Conv2dProblem& d, int points)
      : chunks(Chunks::together(d, omp_get_max_threads(), points)),
        first(products(d, chunks.images, points, false)),
        next(products(d, chunks.images, points, true)),
        last(products(d, chunks.rest(d), points, true)),
        line_bytes(onednn::aligned(Lines(d).bytes())) {}
  bool complete() const { return first.complete() && next.complete() && last.complete(); }
  const Products& of(int chunk) const { return chunk == 0 ? first : chunk < chunks.count - 1 ? next : last; }

  struct Memory {
    float *taps, *pixels, *outputs;
    char *lines, *pads;  // of all threads
    size_t pad_bytes;
  };
  Memory place(onednn::ScratchPieces& pieces) const {
    const Tiles& tiles = first.tiles;
    Memory m{};
    m.taps = static_cast<float*>(pieces.take(tiles.taps.bytes()));
    m.pixels = static_cast<float*>(pieces.take(tiles.pixels.bytes()));
    m.outputs = static_cast<float*>(pieces.take(tiles.outputs.bytes()));
    m.lines = static_cast<char*>(pieces.take(line_bytes * static_cast<size_t>(omp_get_max_threads())));
    m.pad_bytes = std::max({first.pad_bytes(), next.pad_bytes(), last.pad_bytes()});
    m.pads = static_cast<char*>(pieces.take(m.pad_bytes * static_cast<size_t>(omp_get_max_threads())));
    return m;
  }
};

template <int points>
bool supports(const Conv2dProblem& d) {
  return fits(d, points * points, points) && Work(d, points).complete();
}
template <int points>
size_t scratch(const Conv2dProblem& d) {
  onednn::ScratchPieces pieces;
  Work(d, points).place(pieces);
  return pieces.used;
}

template <int points>
void run(const Conv2dProblem& d, const Conv2dWgrad::Args& a, Scratch s, Stream) {
  onednn::guarded([&] {
    const Work work(d, points);
    onednn::ScratchPieces pieces{static_cast<char*>(s.data)};
    const Work::Memory m = work.place(pieces);
    const float *x = static_cast<const float*>(a.x), *gy = static_cast<const float*>(a.gy);
    const int64_t x_image = int64_t{d.h} * d.w * d.c, y_image = int64_t{d.p} * d.q * d.k;
    onednn::FirstError error;
#pragma omp parallel
    {
      for (int chunk = 0; chunk < work.chunks.count; ++chunk) {
        const Products& products = work.of(chunk);
        const Tiles& tiles = products.tiles;
        const int64_t begin = int64_t{chunk} * work.chunks.images;
#pragma omp for schedule(static)
        for (int i = 0; i < tiles.images; ++i) {
          float* const lines = reinterpret_cast<float*>(m.lines + work.line_bytes * static_cast<size_t>(omp_get_thread_num()));
          pixels_to_points(d, tiles, i, x + (begin + i) * x_image, m.pixels, lines);
          outputs_to_points(d, tiles, i, gy + (begin + i) * y_image, m.outputs, lines);
        }
#pragma omp for schedule(dynamic)
        for (int pair = 0; pair < most_points * most_points; ++pair)
          error.run([&] {
            const int i = pair / most_points, j = pair % most_points;
            if (products.plan[i][j])
              products.plan[i][j]->run(m.outputs + tiles.outputs.at[i][j], m.pixels + tiles.pixels.at[i][j], m.taps + tiles.taps.at[i][j],
                                       m.pads + m.pad_bytes * static_cast<size_t>(omp_get_thread_num()));
          });
      }
      points_to_taps(d, work.first.tiles, m.taps, static_cast<float*>(a.gw));
    }
    error.rethrow();
  });
}

KERNEL_VARIANT(Conv2dWgrad, winograd, 3, supports<4>, scratch<4>, run<4>, Sums::by_threads);
KERNEL_VARIANT(Conv2dWgrad, winograd_6, 4, supports<6>, scratch<6>, run<6>, Sums::by_threads);
ROUNDS_MORE(Conv2dWgrad, winograd_6, 4);

}  // namespace
}  // namespace duel
#endif
