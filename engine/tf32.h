// TF32 where a user asks for it: convolutions and matrix products of f32 tensors round what they multiply to tf32, 11 bits of significand
// instead of 24, and add in f32. Rows of f32's accuracy take three such products for one (kernels/tile/fragments.h), so this is up to three
// times as fast. What these rows do not take runs as ever.
#pragma once
#include <memory>
#include <string>

#include "kernels/dtype.h"
#include "kernels/row_choice.h"

namespace duel {

// Installed until its end. Where rank decides for a row of three products, the row of the same shape with one runs.
class InTf32 final : public RowChooser {
 public:
  // Throws Error(usage) on a CPU, whose rows have no use for it.
  explicit InTf32(Device device);
  const Row* choose(const char* op, const void* problem, Device device, const std::string& text) override;

 private:
  ScopedChooser installed_;
};

// What computes by "tf32"; nothing by another precision.
std::unique_ptr<InTf32> in_tf32(const std::string& precision, Device device);
// The type of tensors in a precision: "f32", "tf32" or "bf16". Throws Error(usage) on another.
DType dtype_of_precision(const std::string& precision);

}  // namespace duel
