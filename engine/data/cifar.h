// CIFAR-10 and CIFAR-100, binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of 1 or 2 label bytes and 3072 pixel bytes,
// planes R, G, B of 32 × 32. They become NHWC here.
#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "engine/data/dataset.h"

namespace duel {

// Appends the records of one file. `classes` is 10, or 100 (a coarse label, which is skipped, comes before the fine one). Throws
// Error(data) naming the file: not a whole number of records, labels out of range.
void parse_cifar(std::span<const std::byte> file, int classes, const std::string& source, Dataset* data);

bool has_cifar_files(const std::string& folder);  // here, or in the sub-folder that the archive unpacks to
DataSplits load_cifar_folder(const std::string& folder);

}  // namespace duel
