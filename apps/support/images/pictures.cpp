#include "apps/support/images/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>

#include "apps/support/images/labels_csv.h"
#include "engine/data/cifar.h"
#include "engine/data/dataset.h"
#include "engine/data/idx.h"
#include "engine/data/image_folder.h"
#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

Pictures one_file(const std::string& path) {
  Pictures p{.name = path,
             .items = {{path, "", fs::path(path).stem().string(), "", fs::path(path).filename().string(), 0}},
             .classes = {},
             .read = {}};
  p.read = [path](size_t) { return read_image(path, 0); };
  return p;
}

// Stems as the files have them; where two would be alike, each begins with its number.
void name_apart(std::vector<PictureItem>& items) {
  std::set<std::string> seen;
  bool alike = false;
  for (const PictureItem& item : items) alike = alike || !seen.insert(item.folder + "/" + item.stem).second;
  if (!alike) return;
  for (PictureItem& item : items) item.stem = fmt::format("{:06}-{}", item.id, item.stem);
}

Pictures folder_of_pictures(const std::string& folder, const std::string& split) {
  const ImageFiles found = list_image_folder(folder, split);
  Pictures p{.name = folder, .items = {}, .classes = {}, .read = {}};
  for (const auto& [path, label] : found.files) {
    const std::string sub = found.in_sub_folders ? found.classes[static_cast<size_t>(label)] : "";
    p.items.push_back({path, sub, fs::path(path).stem().string(), sub, path.substr(std::min(path.size(), folder.size() + 1)),
                       static_cast<int32_t>(p.items.size())});
  }
  if (found.in_sub_folders) p.classes = found.classes;
  else {
    Dataset labels{.name = folder, .n = static_cast<int>(p.items.size()), .images = {}, .labels = {}, .classes = found.classes};
    labels.labels.resize(p.items.size());
    if (read_labels_csv(folder, labels)) {
      p.classes = labels.classes;
      for (size_t i = 0; i < p.items.size(); ++i) p.items[i].label = labels.classes[static_cast<size_t>(labels.labels[i])];
    }
  }
  name_apart(p.items);
  p.read = [files = found.files](size_t i) { return read_image(files[i].first, 0); };
  return p;
}

Pictures data_set(const std::string& spec, const std::string& split, int64_t data_seed) {
  DataSplits splits = load_data(spec, {.seed = static_cast<uint64_t>(data_seed)});
  auto data = std::make_shared<Dataset>(split == "test" ? std::move(splits.test) : std::move(splits.train));
  Pictures p{.name = fmt::format("{}@{}", spec, split), .items = {}, .classes = data->classes, .read = {}};
  if (data->n == 0) fail(Failure::data, fmt::format("{}: has no {} images", spec, split));
  for (int i = 0; i < data->n; ++i)
    p.items.push_back({fmt::format("{} {}", p.name, i), "", fmt::format("{:06}", i),
                       data->classes.empty() ? "" : data->classes[static_cast<size_t>(data->labels[static_cast<size_t>(i)])], "", i});
  p.read = [data](size_t i) { return image_of(*data, static_cast<int>(i)); };
  return p;
}

}  // namespace

Pictures open_pictures(const std::string& spec, int64_t data_seed) {
  std::string data = spec, split = "train";
  for (const char* one : {"train", "test"})
    if (const std::string suffix = fmt::format("@{}", one); spec.ends_with(suffix) && !fs::exists(spec))
      data = spec.substr(0, spec.size() - suffix.size()), split = one;
  if (fs::is_regular_file(data)) return one_file(data);
  while (data.size() > 1 && data.ends_with('/')) data.pop_back();
  const char* home = std::getenv("DUEL_DATA");
  for (const fs::path& folder : {fs::path(data), fs::path(home ? home : "") / data}) {
    const std::string path = folder.string();
    if (fs::is_directory(folder) && !has_idx_files(path) && !has_cifar_files(path) && has_images(path))
      return folder_of_pictures(path, split);
    if (!home || fs::is_directory(folder)) break;
  }
  return data_set(data, split, data_seed);
}

}  // namespace duel
