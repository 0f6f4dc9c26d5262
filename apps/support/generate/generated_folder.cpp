#include "apps/support/generate/generated_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "apps/support/images/tiles.h"
#include "engine/io/atomic_file.h"
#include "engine/io/image.h"
#include "engine/io/png_text.h"
#include "kernels/error.h"

namespace duel {

std::vector<uint8_t> synthetic_png(const Image& image, const nlohmann::ordered_json& about) {
  if (about.is_null()) return encode_png(image);
  const PngText text[] = {{synthetic_keyword, about.dump()}};
  return with_png_text(encode_png(image), text);
}

void each_picture(const GeneratedImages& images, const std::function<void(int64_t, const Image&)>& f) {
  constexpr int64_t at_once = 256;
  for (int64_t from = 0; from < images.n; from += at_once) {
    const std::vector<Image> tiles = to_images(images.values(from, std::min(images.n, from + at_once)), images.h, images.w, images.c);
    for (size_t i = 0; i < tiles.size(); ++i) f(from + static_cast<int64_t>(i), tiles[i]);
  }
}

void write_generated(const std::string& folder, const GeneratedImages& images) {
  namespace fs = std::filesystem;
  if (images.c != 1 && images.c != 3) fail(Failure::usage, fmt::format("images of {} channels: a PNG holds 1 or 3", images.c));
  if (fs::exists(folder) && !(fs::is_directory(folder) && fs::is_empty(folder)))
    fail(Failure::usage, fmt::format("--out {}: it is there already; name a new folder", folder));
  std::error_code wrong;
  fs::create_directories(folder, wrong);
  if (wrong) fail(Failure::data, fmt::format("{}: cannot be made: {}", folder, wrong.message()));

  const int digits = std::max<int>(6, static_cast<int>(std::to_string(images.n - 1).size()));
  std::string table = "file,label\n";
  each_picture(images, [&](int64_t i, const Image& picture) {
    const std::string name = fmt::format("{:0{}}.png", i, digits);
    nlohmann::ordered_json about = images.about;
    if (!about.is_null()) about["number"] = i;
    if (!images.labels.empty()) {
      const std::string& label = images.classes[static_cast<size_t>(images.labels[static_cast<size_t>(i)])];
      table += fmt::format("{},{}\n", name, label);
      if (!about.is_null()) about["label"] = label;
    }
    const std::vector<uint8_t> png = synthetic_png(picture, about);
    write_file_atomic((fs::path(folder) / name).string(), std::as_bytes(std::span(png)));
  });
  if (!images.labels.empty()) write_file_atomic((fs::path(folder) / "labels.csv").string(), table);
}

std::vector<int32_t> balanced_labels(int64_t n, int classes, int label) {
  std::vector<int32_t> labels(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) labels[static_cast<size_t>(i)] = label >= 0 ? label : static_cast<int32_t>(i * classes / n);
  return labels;
}

}  // namespace duel
