#include "engine/data/dataset.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fmt/format.h>

#include "engine/io/file.h"
#include "kernels/error.h"

namespace duel {

uint64_t fingerprint(const Dataset& data) {
  const int shape[] = {data.n, data.h, data.w, data.c};
  const XXH64_hash_t images = XXH3_64bits_withSeed(data.images.data(), data.images.size(), XXH3_64bits(shape, sizeof shape));
  return XXH3_64bits_withSeed(data.labels.data(), data.labels.size() * sizeof(int32_t), images);
}

Image image_of(const Dataset& data, int index) {
  if (index < 0 || index >= data.n) fail(Failure::internal, fmt::format("[image_of] sample {} of {}", index, data.n));
  const auto from = data.images.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(index) * data.sample_bytes());
  return {data.h, data.w, data.c, {from, from + static_cast<ptrdiff_t>(data.sample_bytes())}};
}

int margin_of_fit(int h, int w, int size) { return h == 28 && w == 28 && size == 32 ? 2 : 0; }

Image fit(const Image& image, int size) {
  if (size < 1) fail(Failure::usage, fmt::format("[fit] to size {}; take at least 1", size));
  if (image.h == size && image.w == size) return image;
  if (margin_of_fit(image.h, image.w, size)) {
    Image out{32, 32, image.c, std::vector<uint8_t>(static_cast<size_t>(32 * 32 * image.c), 0)};
    for (int y = 0; y < 28; ++y)
      std::memcpy(out.pixels.data() + ((y + 2) * 32 + 2) * image.c, image.pixels.data() + y * 28 * image.c,
                  static_cast<size_t>(28 * image.c));
    return out;
  }
  if (image.h == image.w) return resize(image, size, size);
  const int side = std::min(image.h, image.w);
  return resize(crop(image, (image.h - side) / 2, (image.w - side) / 2, side, side), size, size);
}

Dataset fit(const Dataset& data, int size) {
  if (data.h == size && data.w == size) return data;
  Dataset out{data.name, data.n, size, size, data.c, {}, data.labels, data.classes, margin_of_fit(data.h, data.w, size)};
  out.images.reserve(static_cast<size_t>(data.n) * out.sample_bytes());
  for (int i = 0; i < data.n; ++i) {
    const Image image = fit(image_of(data, i), size);
    out.images.insert(out.images.end(), image.pixels.begin(), image.pixels.end());
  }
  return out;
}

Dataset with_channels(const Dataset& data, int channels) {
  if (channels != 1 && channels != 3) fail(Failure::usage, fmt::format("[with_channels] {} channels; 1 or 3", channels));
  if (channels == data.c) return data;
  Dataset out{data.name, data.n, data.h, data.w, channels, {}, data.labels, data.classes, data.margin};
  const size_t pixels = data.images.size() / static_cast<size_t>(data.c);
  out.images.resize(pixels * static_cast<size_t>(channels));
  for (size_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      out.images[3 * i] = out.images[3 * i + 1] = out.images[3 * i + 2] = data.images[i];
    } else {  // stb_image's luma, so that a file gives the same grey here and there
      const uint8_t* p = data.images.data() + 3 * i;
      out.images[i] = static_cast<uint8_t>((p[0] * 77 + p[1] * 150 + p[2] * 29) >> 8);
    }
  }
  return out;
}

void gather(const Dataset& data, std::span<const int32_t> indices, uint8_t* images, int32_t* labels) {
  const size_t bytes = data.sample_bytes();
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= data.n) fail(Failure::internal, fmt::format("[gather] sample {} of {}", indices[i], data.n));
    const size_t from = static_cast<size_t>(indices[i]);
    if (images) std::memcpy(images + i * bytes, data.images.data() + from * bytes, bytes);
    if (labels) labels[i] = data.labels[from];
  }
}

Dataset subset(const Dataset& data, std::span<const int32_t> indices) {
  Dataset out{data.name, static_cast<int>(indices.size()), data.h, data.w, data.c, {}, {}, data.classes, data.margin};
  out.images.resize(indices.size() * data.sample_bytes());
  out.labels.resize(indices.size());
  gather(data, indices, out.images.data(), out.labels.data());
  return out;
}

void to_signed(std::span<const uint8_t> pixels, float* out) {
  for (size_t i = 0; i < pixels.size(); ++i) out[i] = to_signed(pixels[i]);
}
void to_pixels(std::span<const float> values, uint8_t* out) {
  for (size_t i = 0; i < values.size(); ++i) out[i] = to_pixel(values[i]);
}

}  // namespace duel
