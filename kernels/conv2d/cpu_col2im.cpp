// conv2d_dgrad with few input channels (G's last layer, D's first): gx = col2im(gy · w), a matrix product and a sum over
// overlapping windows. Chellapilla, Puri & Simard, "High performance convolutional neural networks for document processing" (2006).
//
// Against the row `onednn`: its code fills a vector with input channels, and three of them leave 13 of 16 lanes idle. Here the columns are
// r·s·c, all of them useful. A few images at a time, so that col stays in the second-level cache; one thread a group of images and nothing
// added up across groups, so the bits do not depend on the thread count.
#include <algorithm>
#include <cstring>

#include "kernels/conv2d/conv2d.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulPlan;
using onednn::MatmulShape;
using Plan = std::shared_ptr<const MatmulPlan>;

// The taps [first, last) of a window of `kernel` starting at `from` that lie in [0, size).
struct TapRange {
  int first, last;
};
TapRange taps_inside(int from, int kernel, int size) {
  const int first = std::clamp(-from, 0, kernel);
  return {first, std::clamp(size - from, first, kernel)};
}

template <int length>
void add_fixed(float* __restrict to, const float* __restrict from) {
  for (int i = 0; i < length; ++i) to[i] += from[i];
}
void add_run(float* __restrict to, const float* __restrict from, int length) {
  switch (length) {
    case 4:
      add_fixed<4>(to, from);
      break;
    case 12:
      add_fixed<12>(to, from);
      break;
    default:
      for (int i = 0; i < length; ++i) to[i] += from[i];
  }
}

// Adds the col of one image, [p·q, r·s·c], to where its values came from: image[h,w,c], which the caller has cleared.
void col2im(const Conv2dProblem& d, const float* col, float* image) {
  const int run = d.s * d.c;
  for (int p = 0; p < d.p; ++p) {
    const int row = p * d.u - d.top;
    const TapRange rs = taps_inside(row, d.r, d.h);
    for (int q = 0; q < d.q; ++q) {
      const int column = q * d.v - d.left;
      const TapRange ss = taps_inside(column, d.s, d.w);
      const float* from = col + (int64_t{p} * d.q + q) * d.r * run + ss.first * d.c;
      for (int r = rs.first; r < rs.last; ++r)
        add_run(image + (int64_t{row + r} * d.w + column + ss.first) * d.c, from + r * run, (ss.last - ss.first) * d.c);
    }
  }
}

constexpr int rows_wanted = 1024;       // of a product: enough to hide what a call costs
constexpr int64_t col_limit = 1 << 20;  // elements of col for one image
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }
int images_of(const Conv2dProblem& d) { return std::clamp((rows_wanted + d.p * d.q - 1) / (d.p * d.q), 1, d.n); }

Plan plan_for(const Conv2dProblem& d, int images) {
  return onednn::matmul_plan(
      MatmulShape{.m = images * d.p * d.q, .n = filter(d), .k = d.k, .dtype = d.dtype, .out = DType::f32, .threads = 1});
}

bool supports(const Conv2dProblem& d) {
  if ((d.dtype != DType::f32 && d.dtype != DType::bf16) || d.c >= 8 || int64_t{d.p} * d.q * filter(d) > col_limit) return false;
  const int images = images_of(d), rest = d.n % images;
  return plan_for(d, images) && (!rest || plan_for(d, rest));
}

struct Pieces {
  float *col, *image;
  void* pad;
};
Pieces place(const Conv2dProblem& d, size_t pad_bytes, onednn::ScratchPieces& pieces) {
  const size_t col = static_cast<size_t>(images_of(d)) * d.p * d.q * filter(d) * sizeof(float);
  const size_t image = d.dtype == DType::bf16 ? static_cast<size_t>(d.h) * d.w * d.c * sizeof(float) : 0;  // sums in f32, then rounded once
  return {static_cast<float*>(pieces.take(col)), static_cast<float*>(pieces.take(image)), pieces.take(pad_bytes)};
}
size_t pad_bytes(const Plan& full, const Plan& rest) { return std::max(full->scratch_bytes(), rest ? rest->scratch_bytes() : 0); }
size_t scratch(const Conv2dProblem& d) {
  const int images = images_of(d), rest = d.n % images;
  onednn::ScratchPieces pieces;
  place(d, pad_bytes(plan_for(d, images), rest ? plan_for(d, rest) : nullptr), pieces);
  return pieces.used * static_cast<size_t>(omp_get_max_threads());
}

template <class T>
void dgrad(const Conv2dProblem& d, const T* gy, const T* w, T* gx, char* scratch) {
  const int images = images_of(d), rest = d.n % images, groups = (d.n + images - 1) / images;
  const Plan full = plan_for(d, images), last = rest ? plan_for(d, rest) : nullptr;
  const size_t pad = pad_bytes(full, last);
  onednn::ScratchPieces measure;
  place(d, pad, measure);
  const int64_t y_image = int64_t{d.p} * d.q * d.k, x_image = int64_t{d.h} * d.w * d.c;
  onednn::FirstError error;
#pragma omp parallel for schedule(static)
  for (int group = 0; group < groups; ++group)
    error.run([&] {
      onednn::ScratchPieces mine{scratch + measure.used * static_cast<size_t>(omp_get_thread_num())};
      const Pieces at = place(d, pad, mine);
      const int begin = group * images, count = std::min(images, d.n - begin);
      (count == images ? full : last)->run(gy + begin * y_image, w, at.col, at.pad);
      for (int i = 0; i < count; ++i) {
        T* out = gx + (begin + i) * x_image;
        const float* col = at.col + int64_t{i} * d.p * d.q * filter(d);
        if constexpr (std::is_same_v<T, float>) {
          std::memset(out, 0, x_image * sizeof(float));
          col2im(d, col, out);
        } else {
          std::memset(at.image, 0, x_image * sizeof(float));
          col2im(d, col, at.image);
          for (int64_t j = 0; j < x_image; ++j) out[j] = static_cast<T>(at.image[j]);
        }
      }
    });
  error.rethrow();
}

void run(const Conv2dProblem& d, const Conv2dDgrad::Args& a, Scratch scratch, Stream) {
  onednn::guarded([&] {
    char* const memory = static_cast<char*>(scratch.data);
    if (d.dtype == DType::bf16) dgrad(d, static_cast<const bf16*>(a.gy), static_cast<const bf16*>(a.w), static_cast<bf16*>(a.gx), memory);
    else dgrad(d, static_cast<const float*>(a.gy), static_cast<const float*>(a.w), static_cast<float*>(a.gx), memory);
  });
}

KERNEL_VARIANT(Conv2dDgrad, col2im, 3, supports, scratch, run, Sums::by_threads);

}  // namespace
}  // namespace duel
#endif
