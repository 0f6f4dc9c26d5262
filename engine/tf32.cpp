#include "engine/tf32.h"

#include "kernels/error.h"

namespace duel {

InTf32::InTf32(Device device) : installed_(*this) {
  if (device == Device::cpu) fail(Failure::usage, "--precision tf32: a CPU has no tensor cores that would round so; use f32 or bf16");
}

const Row* InTf32::choose(const char* op, const void* problem, Device device, const std::string&) {
  const Row* best = row_by_rank(op, problem, device);
  if (!best) return nullptr;
  const std::string three = "three_tf32";
  std::string name = best->name;
  const size_t at = name.find(three);
  if (at == std::string::npos) return nullptr;
  const Row* row = find_row(op, name.replace(at, three.size(), "tf32").c_str(), device);
  return row && row->supports(problem) ? row : nullptr;
}

std::unique_ptr<InTf32> in_tf32(const std::string& precision, Device device) {
  return precision == "tf32" ? std::make_unique<InTf32>(device) : nullptr;
}

DType dtype_of_precision(const std::string& precision) {
  if (precision == "f32" || precision == "tf32") return DType::f32;
  if (precision == "bf16") return DType::bf16;
  fail(Failure::usage, "--precision " + precision + ": f32, tf32 or bf16");
}

}  // namespace duel
