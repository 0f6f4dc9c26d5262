// A data set for the tests of programs.
#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace duel::test {

// Four IDX files with blobs of 16×16 pixels, 64 to train on and 16 to test on; the class is whether the blob stands at an odd place. Enough
// for a tiny net, and quick to load.
inline void write_blobs(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  auto write = [&](const char* name, const std::vector<uint8_t>& bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  for (const auto& [prefix, n] : {std::pair{"train", 64}, {"t10k", 16}}) {
    std::vector<uint8_t> images{0, 0, 8, 3, 0, 0, 0, static_cast<uint8_t>(n), 0, 0, 0, 16, 0, 0, 0, 16},
        labels{0, 0, 8, 1, 0, 0, 0, static_cast<uint8_t>(n)};
    for (int i = 0; i < n; ++i) {
      for (int y = 0; y < 16; ++y)
        for (int x = 0; x < 16; ++x)
          images.push_back(static_cast<uint8_t>((x - 4 - i % 8) * (x - 4 - i % 8) + (y - 8) * (y - 8) < 9 ? 255 : (i * 7) % 32));
      labels.push_back(static_cast<uint8_t>(i % 2));
    }
    write(fmt::format("{}-images-idx3-ubyte", prefix).c_str(), images), write(fmt::format("{}-labels-idx1-ubyte", prefix).c_str(), labels);
  }
}

}  // namespace duel::test
