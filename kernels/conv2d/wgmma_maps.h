// What the rungs on wgmma and TMA share: a convolution's tensors as the copy engine is told of them, all bf16, in pieces of 64 channels.
#pragma once
#include <initializer_list>

#include "kernels/conv2d/conv2d.h"
#include "kernels/im2col_map.h"
#include "kernels/launch.h"

namespace duel::wgmma_conv {

constexpr int channels = 64;  // that a copy moves of a pixel: 128 bytes, the swizzle's span
HD constexpr int pieces(int all) { return (all + channels - 1) / channels; }

// Channels in chunks of 16 bytes, and at least half of each piece in use. Kernels and strides as far as im2col copies go.
inline bool supports(const Conv2dProblem& p, int summed) {
  return p.dtype == DType::bf16 && p.c % 8 == 0 && p.k % 8 == 0 && summed > channels / 2 && p.r <= 256 && p.s <= 256 &&
         p.x_count() < 1 << 30 && p.y_count() < 1 << 30 && p.w_count() < 1 << 30 && has_warpgroup_matrices();
}

// Along one side: where the first window begins, how many there are, and from one to the next.
struct Windows {
  int first, count, step;
  int upper(int size) const { return first + (count - 1) * step - (size - 1); }  // the last one, counted from the image's far side
  bool fit(int size) const { return first >= -128 && first <= 127 && upper(size) >= -128 && upper(size) <= 127 && step >= 1 && step <= 8; }
};
// Over images [n,h,w,c], of which a copy takes `pixels` windows.
inline Im2colTensor images(const void* data, int n, int h, int w, int c, const Windows& rows, const Windows& cols, int pixels) {
  Im2colTensor t;
  t.dtype = DType::bf16, t.data = data, t.swizzle = Swizzle::bytes128, t.channels = channels, t.pixels = pixels;
  t.size[0] = c, t.size[1] = w, t.size[2] = h, t.size[3] = n;
  t.stride[1] = int64_t{c} * 2, t.stride[2] = t.stride[1] * w, t.stride[3] = t.stride[2] * h;
  t.lower[0] = cols.first, t.lower[1] = rows.first, t.upper[0] = cols.upper(w), t.upper[1] = rows.upper(h);
  t.step[0] = cols.step, t.step[1] = rows.step;
  return t;
}
// The windows of y's pixels over x.
inline Windows rows_of(const Conv2dProblem& p) { return {-p.top, p.p, p.u}; }
inline Windows cols_of(const Conv2dProblem& p) { return {-p.left, p.q, p.v}; }
inline Im2colTensor images_of_x(const Conv2dProblem& p, const void* x, int pixels) {
  return images(x, p.n, p.h, p.w, p.c, rows_of(p), cols_of(p), pixels);
}
// Where the window of a pixel of y begins, as tensor_load_im2col() wants it.
struct Place {
  int w, h, n;
  HD Place(const Conv2dProblem& d, int pixel) {
    const int in_image = pixel % (d.p * d.q);
    n = pixel / (d.p * d.q);
    h = in_image / d.q * d.u - d.top, w = in_image % d.q * d.v - d.left;
  }
};

// A dense tensor of T, dimension 0 first, and the box that a copy moves.
template <class T>
BoxedTensor dense(const void* data, std::initializer_list<int> size, std::initializer_list<int> box) {
  BoxedTensor t;
  t.dtype = dtype_of<T>(), t.rank = static_cast<int>(size.size()), t.data = data, t.swizzle = Swizzle::bytes128;
  int64_t stride = static_cast<int64_t>(sizeof(T));
  for (int d = 0; d < t.rank; ++d) {
    t.size[d] = size.begin()[d], t.box[d] = box.begin()[d], t.stride[d] = stride;
    stride *= t.size[d];
  }
  return t;
}

}  // namespace duel::wgmma_conv
