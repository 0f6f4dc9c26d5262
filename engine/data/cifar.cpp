#include "engine/data/cifar.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/io/bounded_reader.h"

namespace duel {
namespace {

constexpr size_t plane = 32 * 32;
constexpr uint64_t most_file = uint64_t{256} << 20;

struct Layout {
  int classes;
  const char *folder, *probe, *names;
  std::vector<std::string> train;
  const char* test;
};
const Layout layouts[] = {
    {10,
     "cifar-10-batches-bin",
     "data_batch_1.bin",
     "batches.meta.txt",
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
     "test_batch.bin"},
    {100, "cifar-100-binary", "train.bin", "fine_label_names.txt", {"train.bin"}, "test.bin"},
};

// The layout found and the folder its files are in.
const Layout* find_layout(const std::string& folder, std::string* where) {
  std::error_code error;
  for (const Layout& layout : layouts)
    for (const std::string& candidate : {folder, folder + "/" + layout.folder})
      if (std::filesystem::exists(candidate + "/" + layout.probe, error)) {
        *where = candidate;
        return &layout;
      }
  return nullptr;
}

// One name a line; numbers where the file is missing. Names are printed, never used as paths.
std::vector<std::string> class_names(const std::string& path, int classes) {
  std::vector<std::string> names;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    std::string line;
    for (const std::byte b : read_file(path, 1 << 20)) {
      if (b != std::byte{'\n'}) {
        line += static_cast<char>(b);
        continue;
      }
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) names.push_back(printable(line, 60));
      line.clear();
    }
    if (!line.empty()) names.push_back(printable(line, 60));
    if (names.size() != static_cast<size_t>(classes))
      refuse_file(path, fmt::format("{} class names where {} are needed", names.size(), classes));
  } else {
    for (int i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  }
  return names;
}

}  // namespace

void parse_cifar(std::span<const std::byte> file, int classes, const std::string& source, Dataset* data) {
  const size_t label_bytes = classes == 100 ? 2 : 1, record = label_bytes + 3 * plane;
  if (file.empty() || file.size() % record != 0)
    refuse_file(source,
                fmt::format("{}, which is no whole number of CIFAR-{} records of {} bytes", counted(file.size(), "byte"), classes, record));
  BoundedReader reader(file, source);
  const size_t count = file.size() / record;
  data->images.reserve(data->images.size() + count * 3 * plane);
  for (size_t i = 0; i < count; ++i) {
    if (classes == 100) reader.u8("a coarse label");
    const int label = reader.u8("a label");
    if (label >= classes) reader.refuse(fmt::format("record {} has label {}; CIFAR-{} has 0 to {}", i, label, classes, classes - 1));
    data->labels.push_back(label);
    const auto pixels = reader.take(3 * plane, "an image");
    for (size_t p = 0; p < plane; ++p)
      for (size_t c = 0; c < 3; ++c) data->images.push_back(static_cast<uint8_t>(pixels[c * plane + p]));
  }
  data->n = static_cast<int>(data->labels.size());
  data->h = data->w = 32;
  data->c = 3;
}

bool has_cifar_files(const std::string& folder) {
  std::string where;
  return find_layout(folder, &where) != nullptr;
}

DataSplits load_cifar_folder(const std::string& folder) {
  std::string where;
  const Layout* layout = find_layout(folder, &where);
  if (!layout) fail(Failure::data, fmt::format("'{}' has no CIFAR files such as data_batch_1.bin or train.bin", printable(folder)));
  DataSplits splits;
  splits.train.name = splits.test.name = fmt::format("cifar-{}", layout->classes);
  splits.train.classes = splits.test.classes = class_names(where + "/" + layout->names, layout->classes);
  for (const std::string& name : layout->train)
    parse_cifar(read_file(where + "/" + name, most_file), layout->classes, where + "/" + name, &splits.train);
  const std::string test = where + "/" + layout->test;
  parse_cifar(read_file(test, most_file), layout->classes, test, &splits.test);
  return splits;
}

}  // namespace duel
