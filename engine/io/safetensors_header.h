// The JSON header of a safetensors file, read event by event: no document is built, so a hostile header cannot make one, and duplicate
// keys, which a document would silently merge, are seen.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/dtype.h"

namespace duel {

struct SafeTensorEntry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<uint64_t> shape;
  uint64_t begin = 0, end = 0;  // in the data section
};
struct SafeTensorsHeader {
  std::vector<SafeTensorEntry> entries;  // in the order of the header
  std::vector<std::pair<std::string, std::string>> metadata;
};

const char* safetensors_dtype(DType dtype);  // "F32"

// Grammar and types only; ranges are held against the file by parse_safetensors. Throws Error(data) naming `source`.
SafeTensorsHeader parse_safetensors_header(std::string_view json, const std::string& source);

}  // namespace duel
