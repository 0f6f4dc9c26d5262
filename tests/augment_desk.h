// Pictures to run `augment` on, and what its tests ask of a run.
#pragma once
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/data/shapes.h"
#include "tests/process.h"
#include "tests/support.h"

namespace duel::test {

namespace fs = std::filesystem;

// Two classes of colour pictures, and one of another size among them.
struct Desk {
  TempFolder folder;
  Dataset shapes = make_shapes({.n = 12, .size = 20, .channels = 3, .seed = 5});
  std::vector<std::string> files;  // in the order in which a folder is read
  std::vector<Image> images;
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  Desk() {
    for (int i = 0; i < shapes.n; ++i) {
      const std::string file = fmt::format("{}/{:02}.png", i < 6 ? "cat, tabby" : "dog", i);
      fs::create_directories(fs::path(path("in/" + file)).parent_path());
      Image image = image_of(shapes, i);
      if (i == 4) image = resize(image, 16, 26);
      write_png(path("in/" + file), image);
      files.push_back(file), images.push_back(image);
    }
  }
  Outcome operator()(std::vector<std::string> args) const {
    args.insert(args.end(), {"--device", "cpu"});
    return run_process(build_dir() / "apps" / "augment", args);
  }
};

inline void check_ok(const Outcome& o) { CHECK_MESSAGE(o.code == 0, fmt::format("exit {}: {}", o.code, o.errors)); }

// Every file below a folder, with its bytes.
inline std::map<std::string, std::string> all_in(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) all[fs::relative(entry.path(), folder).string()] = contents_of(entry.path());
  return all;
}

}  // namespace duel::test
