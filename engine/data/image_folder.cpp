#include "engine/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>

#include "engine/io/bounded_reader.h"

namespace duel {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return !is_hidden(path) && (extension == ".png" || extension == ".jpg" || extension == ".jpeg");
}

[[noreturn]] void refuse_folder(const std::string& folder, const std::error_code& error) {
  fail(Failure::data, fmt::format("cannot read folder '{}': {}", printable(folder), error.message()));
}

// What it led to may have been a picture, or a whole class: training without it is not what was asked for.
void refuse_dead_link(const fs::directory_entry& entry) {
  std::error_code error;
  if (!entry.is_symlink(error) || entry.exists(error)) return;
  fail(Failure::data, fmt::format("cannot read '{}': it is a link to '{}', which cannot be reached; restore that, or remove the link",
                                  printable(entry.path().string(), 4096), printable(fs::read_symlink(entry.path(), error).string(), 4096)));
}

std::vector<std::string> sub_folders(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_hidden(it->path())) continue;
    refuse_dead_link(*it);
    if (std::error_code ignored; it->is_directory(ignored)) names.push_back(it->path().filename().string());
  }
  if (error) refuse_folder(folder, error);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> image_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && is_hidden(it->path())) it.disable_recursion_pending();
    else if (is_image_name(it->path()) && !it->is_directory(ignored)) refuse_dead_link(*it), files.push_back(it->path().string());
  }
  if (error) refuse_folder(folder, error);
  std::sort(files.begin(), files.end());
  return files;
}

ImageFiles find_classes(const std::string& folder) {
  ImageFiles found;
  for (const std::string& name : sub_folders(folder)) {
    const auto files = image_files(folder + "/" + name);
    if (files.empty()) continue;
    for (const std::string& file : files) found.files.emplace_back(file, static_cast<int32_t>(found.classes.size()));
    found.classes.push_back(name);
  }
  found.in_sub_folders = !found.classes.empty();
  if (!found.in_sub_folders) {
    for (const std::string& file : image_files(folder)) found.files.emplace_back(file, 0);
    found.classes.push_back(fs::path(folder + "/.").parent_path().filename().string());
  }
  if (found.files.empty())
    fail(Failure::data, fmt::format("'{}' has no PNG or JPEG files: one sub-folder a class is what is read", printable(folder)));
  return found;
}

Dataset decode_all(const ImageFiles& found, const std::string& name, const LoadOptions& options) {
  Dataset data;
  data.name = name;
  for (const std::string& c : found.classes) data.classes.push_back(printable(c, 60));
  bool all_grey = true;
  for (const auto& [path, label] : found.files) {
    Image image = read_image(path, options.channels);
    all_grey = all_grey && image.c == 1;
    if (options.channels == 0 && image.c == 1) {  // grey among colour; undone below where all are grey
      Image colour{image.h, image.w, 3, {}};
      colour.pixels.reserve(image.pixels.size() * 3);
      for (const uint8_t p : image.pixels) colour.pixels.insert(colour.pixels.end(), 3, p);
      image = std::move(colour);
    }
    const int margin = options.size ? margin_of_fit(image.h, image.w, options.size) : 0;
    if (options.size) image = fit(image, options.size);
    data.margin = data.n == 0 || data.margin == margin ? margin : 0;  // of all of them, or of none
    if (data.n == 0) {
      data.h = image.h;
      data.w = image.w;
      data.c = image.c;
      uint64_t total = 0;
      if (!checked_product({found.files.size(), image.pixels.size()}, &total) || total > data.images.max_size())
        fail(Failure::memory, fmt::format("'{}' has {} images of {} × {}: pass --size to make them smaller", printable(path),
                                          found.files.size(), image.h, image.w));
      try {
        data.images.reserve(total);
      } catch (const std::bad_alloc&) {
        fail(Failure::memory, fmt::format("{} images of {} × {} × {} need {} MB: pass --size to make them smaller", found.files.size(),
                                          image.h, image.w, image.c, total >> 20));
      }
    }
    if (image.h != data.h || image.w != data.w)
      refuse_file(path, fmt::format("{} × {} pixels where the images before it have {} × {}: pass --size to make them alike", image.h,
                                    image.w, data.h, data.w));
    data.images.insert(data.images.end(), image.pixels.begin(), image.pixels.end());
    data.labels.push_back(label);
    ++data.n;
  }
  return options.channels == 0 && all_grey ? with_channels(data, 1) : data;
}

bool has_splits(const std::string& folder) {
  const auto folders = sub_folders(folder);
  const auto has = [&](const char* wanted) { return std::find(folders.begin(), folders.end(), wanted) != folders.end(); };
  return has("train") && has("test");
}

}  // namespace

bool has_images(const std::string& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (is_image_name(it->path())) return true;
  return false;
}

ImageFiles list_image_folder(const std::string& folder, const std::string& split) {
  const bool splits = has_splits(folder);
  if (!splits && split != "train") fail(Failure::data, fmt::format("'{}' has no {} images", printable(folder), split));
  return find_classes(splits ? folder + "/" + split : folder);
}

DataSplits load_image_folder(const std::string& folder, const LoadOptions& options) {
  const std::string name = printable(fs::path(folder + "/.").parent_path().filename().string(), 60);
  if (!has_splits(folder)) return {decode_all(find_classes(folder), name, options), {}};
  const ImageFiles train = find_classes(folder + "/train"), test = find_classes(folder + "/test");
  const bool one_class = train.classes.size() == 1 && test.classes.size() == 1;
  if (train.classes != test.classes && !one_class)
    fail(Failure::data, fmt::format("'{}': train/ has classes [{}], test/ has [{}]; they must be the same", printable(folder),
                                    printable(fmt::format("{}", fmt::join(train.classes, ", "))),
                                    printable(fmt::format("{}", fmt::join(test.classes, ", ")))));
  DataSplits splits{decode_all(train, name, options), decode_all(test, name, options)};
  if (splits.train.c != splits.test.c) {  // grey only on one side
    splits.train = with_channels(splits.train, 3);
    splits.test = with_channels(splits.test, 3);
  }
  if (splits.train.h != splits.test.h || splits.train.w != splits.test.w)
    fail(Failure::data, fmt::format("'{}': training images are {} × {}, test images {} × {}: pass --size to make them alike",
                                    printable(folder), splits.train.h, splits.train.w, splits.test.h, splits.test.w));
  return splits;
}

}  // namespace duel
