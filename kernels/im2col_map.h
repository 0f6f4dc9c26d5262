// What an im2col copy (kernels/ptx/im2col_copy.h) has to know of a tensor of images [n,h,w,c] in device memory: where windows of a
// convolution begin, and how many of them, and how many channels, move at once. Made on the host into a TensorMap, as a BoxedTensor is
// (CUDA Driver API, cuTensorMapEncodeIm2col; compute capability 9.0).
//
// A window's first tap lies in [lower, size − 1 + upper], at lower, lower + step, … in either direction; both ends may lie outside the
// image. A copy takes one tap of `pixels` windows that follow one another, columns first, then rows, then images, and `channels` of each.
// In shared memory it is packed [pixels][channels], swizzled as a box. What lies outside the image, or behind the last one, comes as zeros.
#pragma once
#include "kernels/tensor_map.h"

namespace duel {

// Dimensions are c, w, h, n; of those that windows move along, w comes first.
struct Im2colTensor {
  DType dtype = DType::bf16;  // f32 or bf16
  const void* data = nullptr;
  int64_t size[4] = {};              // elements
  int64_t stride[4] = {};            // bytes from one element to the next, of w, h and n; of c it is that of an element
  int lower[2] = {}, upper[2] = {};  // of w and h: −128 to 127
  int step[2] = {1, 1};              // from one window to the next: 1 to 8
  int channels = 0, pixels = 0;      // that a copy moves: up to 256 each
  Swizzle swizzle = Swizzle::none;
};
constexpr int64_t column_bytes(const Im2colTensor& t) { return int64_t{t.pixels} * t.channels * static_cast<int64_t>(size_of(t.dtype)); }

// Throws Error(device) with one sentence where the hardware could not do it.
TensorMap make_tensor_map(const Im2colTensor& tensor);

// The same sentences on every device.
inline void check_im2col_tensor(const Im2colTensor& t) {
  BoxedTensor row;  // one window's channels: what must hold of them holds of a box
  row.dtype = t.dtype, row.rank = 4, row.data = t.data, row.swizzle = t.swizzle;
  for (int d = 0; d < 4; ++d) row.size[d] = t.size[d], row.stride[d] = t.stride[d], row.box[d] = d ? 1 : t.channels;
  check_boxed_tensor(row);
  const Row* running = duel_current_row();
  const auto refuse = [&](const std::string& why) {
    fail(Failure::device,
         (running ? std::string("[") + running->op + ":" + running->name + "]" : std::string("[tensor map]")) + " tensor map: " + why);
  };
  const auto text = [](int64_t n) { return std::to_string(n); };
  for (int d = 0; d < 2; ++d) {
    const std::string where = d ? " in h" : " in w";
    if (t.lower[d] < -128 || t.lower[d] > 127 || t.upper[d] < -128 || t.upper[d] > 127)
      refuse("corners " + text(t.lower[d]) + " and " + text(t.upper[d]) + where + ": from -128 to 127");
    if (t.size[d + 1] - 1 + t.upper[d] < t.lower[d])
      refuse("no window lies between corners " + text(t.lower[d]) + " and " + text(t.upper[d]) + where);
    if (t.step[d] < 1 || t.step[d] > 8) refuse("windows " + text(t.step[d]) + " apart" + where + ": from 1 to 8");
  }
  if (t.pixels < 1 || t.pixels > 256) refuse(text(t.pixels) + " windows a copy: from 1 to 256");
}

}  // namespace duel
