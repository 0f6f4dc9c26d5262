#include "apps/support/generate/generated.h"

#include <fmt/format.h>

#include "engine/io/file.h"

namespace duel {

nlohmann::ordered_json about_generator(const Origin& origin, int64_t step, int64_t seed) {
  return {{"checkpoint", printable(origin.file, 4096)}, {"xxh3", origin.xxh3}, {"step", step}, {"seed", seed}};
}

std::vector<int32_t> labels_of_part(const std::vector<int32_t>& labels, int64_t from, int64_t to) {
  if (labels.empty()) return {};
  return {labels.begin() + from, labels.begin() + to};
}

Dataset in_memory(const GeneratedImages& images, const std::string& name) {
  Dataset data{name, static_cast<int>(images.n), images.h, images.w, images.c, {}, images.labels, images.classes};
  if (images.labels.empty()) data.labels.assign(static_cast<size_t>(images.n), 0), data.classes = {""};
  data.images.reserve(static_cast<size_t>(images.n) * data.sample_bytes());
  each_picture(images,
               [&](int64_t, const Image& picture) { data.images.insert(data.images.end(), picture.pixels.begin(), picture.pixels.end()); });
  return data;
}

void generate_into(const std::string& folder, const Generated& images) {
  write_generated(folder, images);
  fmt::print("{} of step {} in {}{}\n", counted(static_cast<uint64_t>(images.n), "image"), images.step, folder,
             images.labels.empty() ? "" : ", with labels.csv");
}

}  // namespace duel
