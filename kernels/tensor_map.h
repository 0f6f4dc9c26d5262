// What a tensor copy (kernels/ptx/bulk_copy.h) has to know of a tensor in device memory: where its elements lie, how large a box of them
// moves at once, and how that lies in shared memory. Made on the host, passed to a kernel as `const __grid_constant__ TensorMap`
// (CUDA Driver API, cuTensorMapEncodeTiled; compute capability 9.0).
//
// Dimension 0 is the innermost: its elements follow one another in memory. In shared memory a box is packed, dimension 0 innermost;
// swizzled, pieces of 16 bytes change places within 32, 64 or 128 bytes by the number of the 128 bytes that they lie in, so that a column
// of them lies in different banks. Elements of the box that lie outside the tensor are read as zeros, and not written.
#pragma once
#include <cstdint>
#include <string>

#include "kernels/dtype.h"
#include "kernels/error.h"
#include "kernels/registry.h"

namespace duel {

enum class Swizzle : int { none, bytes32, bytes64, bytes128 };
HD constexpr int swizzle_span(Swizzle s) { return s == Swizzle::none ? 16 : 16 << static_cast<int>(s); }
HD constexpr int swizzle_period(Swizzle s) {
  return s == Swizzle::none ? 128 : 8 * swizzle_span(s);
}  // bytes; what shared memory is aligned to

struct BoxedTensor {
  DType dtype = DType::f32;  // f32 or bf16
  int rank = 1;              // 1 to 5
  const void* data = nullptr;
  int64_t size[5] = {};    // elements a dimension
  int64_t stride[5] = {};  // bytes from one element to the next, of dimension 1 on; of dimension 0 it is that of an element
  int box[5] = {};         // elements a dimension that a copy moves
  Swizzle swizzle = Swizzle::none;
};
constexpr int64_t box_bytes(const BoxedTensor& t) {
  int64_t bytes = static_cast<int64_t>(size_of(t.dtype));
  for (int d = 0; d < t.rank; ++d) bytes *= t.box[d];
  return bytes;
}

struct alignas(64) TensorMap {
  unsigned char opaque[128];
};

// Throws Error(device) with one sentence where the hardware could not do it.
TensorMap make_tensor_map(const BoxedTensor& tensor);

// The same sentences on every device. Swizzled, a row of the box must fill the swizzle's span: a shorter one would leave gaps, of which the
// documents do not say whether they count as bytes.
inline void check_boxed_tensor(const BoxedTensor& t) {
  const Row* row = duel_current_row();
  const auto refuse = [&](const std::string& why) {
    fail(Failure::device, (row ? std::string("[") + row->op + ":" + row->name + "]" : std::string("[tensor map]")) + " tensor map: " + why);
  };
  const auto text = [](int64_t n) { return std::to_string(n); };
  if (t.rank < 1 || t.rank > 5) refuse("a tensor of " + text(t.rank) + " dimensions: from 1 to 5");
  if (t.dtype != DType::f32 && t.dtype != DType::bf16) refuse(std::string("elements of ") + name_of(t.dtype) + ": f32 or bf16");
  if (!t.data || reinterpret_cast<uintptr_t>(t.data) % 16) refuse("the tensor's address is not a multiple of 16");
  for (int d = 0; d < t.rank; ++d) {
    const std::string where = " in dimension " + text(d);
    if (t.size[d] < 1 || t.size[d] > int64_t{1} << 32) refuse(text(t.size[d]) + " elements" + where + ": from 1 to 4294967296");
    if (t.box[d] < 1 || t.box[d] > 256) refuse("a box of " + text(t.box[d]) + " elements" + where + ": from 1 to 256");
    if (d && (t.stride[d] < 1 || t.stride[d] % 16 || t.stride[d] >= int64_t{1} << 40))
      refuse("a stride of " + text(t.stride[d]) + " bytes" + where + ": a multiple of 16 below 2^40");
  }
  const int64_t inner = int64_t{t.box[0]} * static_cast<int64_t>(size_of(t.dtype));
  if (inner % 16) refuse("a row of the box is " + text(inner) + " bytes: a multiple of 16");
  if (t.swizzle != Swizzle::none && inner != swizzle_span(t.swizzle))
    refuse("a row of the box is " + text(inner) + " bytes, and the swizzle's span " + text(swizzle_span(t.swizzle)) +
           ": they must be equal");
}

}  // namespace duel
