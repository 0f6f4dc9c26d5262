// The safetensors format: https://huggingface.co/docs/safetensors. 8 bytes little-endian header length, a JSON header
//   {"__metadata__":{"key":"text", …}, "name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}, …}
// and the bytes of all tensors, row-major, little-endian.
//
// What we write carries check sums in the metadata: `xxh3:NAME` is the XXH3-64 of the bytes of tensor NAME, and `xxh3` that of everything
// else (names, dtypes, shapes and the other metadata), 16 hexadecimal digits each. A file has all of them or none; where they are present
// they are verified.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/dtype.h"

namespace duel {

struct HostTensor {
  DType dtype = DType::f32;
  std::vector<int64_t> shape;    // [] is a scalar
  std::vector<std::byte> bytes;  // row-major; product of shape × size_of(dtype)
};

struct SafeTensors {
  std::vector<std::pair<std::string, HostTensor>> tensors;  // in the order of the file's header
  std::map<std::string, std::string> metadata;              // 64-bit counters and settings, as text; our own check sums are not in here
  const HostTensor* find(const std::string& name) const;    // nullptr: no such tensor
};

// Throws Error(data), naming the file and what is wrong with it, on anything but a well-formed file: header longer than 100,000,000 bytes
// or than the file, header that does not start with '{', holds a NUL or has a duplicate, missing or unknown key, dtypes other than F32 BF16
// F64 I32 U8, ranks above 8, overflowing products, ranges that overlap or leave a hole or are not the tensor's size, bytes after the last
// tensor, check sums that differ.
SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& source);
SafeTensors read_safetensors(const std::string& path);

// Atomic. Throws Error(data) when the file cannot be written, Error(internal) on tensors whose bytes are not their shape's, on names twice.
void write_safetensors(const std::string& path, const SafeTensors& content);

}  // namespace duel
