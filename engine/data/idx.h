// The IDX format of MNIST and its successors (http://yann.lecun.com/exdb/mnist): 0 0 TYPE RANK, RANK big-endian 32-bit dimensions, the
// elements. Plain or gzipped, told apart by content.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"

namespace duel {

constexpr uint64_t idx_most_bytes = uint64_t{1} << 30;  // of a file, and of what it holds

struct Idx {
  std::vector<uint32_t> shape;
  std::vector<uint8_t> values;
};

// Elements of one byte, rank `rank`. The declared size is held against what the file can hold before it is allocated; a gzipped file is
// inflated to exactly that size and must end there. Throws Error(data) naming the file.
Idx parse_idx(std::span<const std::byte> file, int rank, const std::string& source);
Idx read_idx(const std::string& path, int rank);

bool has_idx_files(const std::string& folder);  // any file named like the training images
// As many classes as `name` is known to have (mnist, fashion-mnist and kmnist: 10), else as the training labels say. Throws Error(data)
// naming the file of a label beyond them.
DataSplits load_idx_folder(const std::string& folder, const std::string& name);

}  // namespace duel
