// conv2d_dgrad with few input channels (G's last layer, D's first): gx = col2im(gy · w), a matrix product and a sum over overlapping windows.
//
// Against the row `onednn`: its code fills a vector with input channels, and three of them leave 13 of 16 lanes idle. Here the columns are
// r·s·c, all of them useful. A few images at a time, so that col stays in the second-level cache; one thread a group of images and nothing
// added up across groups, so the bits do not depend on the thread count.
#include "kernels/conv2d/im2col.h"
#include "kernels/onednn.h"
#include "kernels/registry.h"
#ifdef DUEL_ONEDNN

namespace duel {
namespace {

using onednn::MatmulPlan;
using onednn::MatmulShape;
using Plan = std::shared_ptr<const MatmulPlan>;

constexpr int rows_wanted = 1024;               // of a product: enough to hide what a call costs
constexpr int64_t col_limit = 1 << 20;          // elements of col for one image
int filter(const Conv2dProblem& d) { return d.r * d.s * d.c; }
int images_of(const Conv2dProblem& d) { return std::clamp((rows_wanted + d.p * d.q - 1) / (d.p * d.q), 1, d.n); }

Plan plan_for(const Conv2dProblem& d, int images) {
  return onednn::matmul_plan(MatmulShape{
      .m = images * d.p * d.q, .n = filter(d), .k = d.k, .dtype = d.dtype, .out = DType::f32, .threads = 1});
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
  const size_t image = d.dtype == DType::bf16 ? static_cast<size_t>(d.h) * d.w * d.c * sizeof(float) : 0;   // sums in f32, then rounded once
  return {static_cast<float*>(pieces.take(col)), static_cast<float*>(pieces.take(image)), pieces.take(pad_bytes)};
}
size_t pad_bytes(const Plan& full, const Plan& rest) { return std::max(full->scratch_bytes(), rest ? rest->scratch_bytes() : 0); }
size_t scratch(const Conv2dProblem& d) {
  const int images = images_of(d), rest = d.n % images;
  onednn::ScratchPieces pieces;
  place(d, pad_bytes(plan_for(d, images), rest ? plan_for(d, rest) : nullptr), pieces);
  return pieces.used * static_cast<size_t>(omp_get_max_threads());
}

template <class T> void dgrad(const Conv2dProblem& d, const T* gy, const T* w, T* gx, char* scratch) {
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
    if (d.dtype == DType::bf16)
      dgrad(d, static_cast<const bf16*>(a.gy), static_cast<const bf16*>(a.w), static_cast<bf16*>(a.gx), static_cast<char*>(scratch.data));
    else
      dgrad(d, static_cast<const float*>(a.gy), static_cast<const float*>(a.w), static_cast<float*>(a.gx), static_cast<char*>(scratch.data));
  });
}

KERNEL_VARIANT(Conv2dDgrad, col2im, 3, supports, scratch, run);

}  // namespace
}  // namespace duel
#endif
