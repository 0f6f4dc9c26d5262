// Lessons: the commands of a page run, what the page quotes is what they print, and the code that it shows is in the tree.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sstream>

#include "tests/process.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;
namespace fs = std::filesystem;

namespace {

// A folder that looks like the top of the tree: its documents, and what was built.
struct Desk {
  TempFolder folder;
  Desk() {
    fs::create_directories(folder.path() / "build");
    fs::create_directory_symlink(build_dir(), folder.path() / "build" / "release");
    fs::create_directory_symlink(source_dir() / "docs", folder.path() / "docs");
  }
  Outcome operator()(const std::string& line) const {
    return run_process("/bin/sh", {"-c", fmt::format("cd '{}' && {}", folder.path().string(), line)});
  }
};

std::string squeezed(const std::string& line) {  // with single spaces
  std::istringstream words(line);
  std::string all;
  for (std::string word; words >> word;) all += (all.empty() ? "" : " ") + word;
  return all;
}

struct Block {  // commands that stand behind a mark, and what is quoted until the next mark
  std::vector<std::string> commands, quotes;
  int code = 0;  // what the commands end with: 2 behind the mark "refused"
};

// Indented lines behind a mark: commands begin with the path of a program, the rest are quotes. A heading ends that, since a section may
// have a compiler's command; where later sections quote the same commands, they have the mark "printed".
std::vector<Block> blocks_of(const fs::path& page) {
  std::istringstream text(read_text(page));
  std::vector<Block> blocks;
  bool in = false;
  for (std::string line; std::getline(text, line);) {
    if (line == "<!-- run -->") blocks.emplace_back(), in = true;
    else if (line == "<!-- refused -->") blocks.push_back({{}, {}, 2}), in = true;
    else if (line == "<!-- printed -->") in = !blocks.empty();
    else if (line.starts_with("## ")) in = false;
    else if (in && line.starts_with("    build/release/")) blocks.back().commands.push_back(line.substr(4));
    else if (in && line.starts_with("    ")) blocks.back().quotes.push_back(squeezed(line));
  }
  return blocks;
}

void check_page(const std::string& name, size_t commands, size_t quotes) {
  const Desk desk;
  size_t ran = 0, found = 0;
  for (const Block& block : blocks_of(source_dir() / "docs" / "lessons" / name)) {
    std::string said;
    for (const std::string& command : block.commands) {
      const Outcome o = desk(command);
      CHECK_MESSAGE(o.code == block.code, fmt::format("{}: {}: exit {}: {}", name, command, o.code, o.errors));
      said += squeezed(block.code ? o.errors : o.output) + " ";
      ++ran;
    }
    for (const std::string& quote : block.quotes) {
      CHECK_MESSAGE(said.find(quote) != std::string::npos, fmt::format("{} quotes '{}', which its commands do not print", name, quote));
      ++found;
    }
  }
  CHECK(ran == commands);  // a mark that is lost would leave a page untested
  CHECK(found == quotes);
}

std::vector<fs::path> pages() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(source_dir() / "docs" / "lessons"))
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  return all;
}

// Files that a page links to, without what is on the network.
std::vector<fs::path> links_of(const fs::path& page) {
  const std::string text = read_text(page);
  std::vector<fs::path> links;
  for (size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
    const std::string target = text.substr(at + 2, text.find_first_of(")#", at + 2) - at - 2);
    if (!target.empty() && !target.starts_with("http")) links.push_back((page.parent_path() / target).lexically_normal());
  }
  return links;
}

}  // namespace

TEST_CASE("what a lesson links to is there, and the code that it shows is in a file that it links to") {
  size_t shown = 0;
  for (const fs::path& page : pages()) {
    std::string sources;
    for (const fs::path& link : links_of(page)) {
      CHECK_MESSAGE(fs::exists(link), fmt::format("{} links to {}", page.filename().string(), link.string()));
      if (fs::is_regular_file(link) && link.extension() != ".md") sources += squeezed(read_text(link)) + " ";
    }
    std::istringstream text(read_text(page));
    bool code = false;
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("```")) code = line == "```cpp" || line == "```cuda";
      else if (code && ++shown)
        CHECK_MESSAGE(sources.find(squeezed(line)) != std::string::npos,
                      fmt::format("{} shows '{}', which is in no file that it links to", page.filename().string(), line));
    }
  }
  CHECK(shown > 0);
}

TEST_SUITE("long") {
  TEST_CASE("the commands of the adversarial game run, and print what the page quotes") { check_page("adversarial_game.md", 7, 16); }
  TEST_CASE("the DCGAN lesson prints what its page quotes") { check_page("dcgan.md", 3, 34); }
  TEST_CASE("the lesson on transposed convolution prints what its page quotes") { check_page("transposed_convolution.md", 1, 14); }
  TEST_CASE("the batch norm lesson prints what its page quotes") { check_page("batch_norm.md", 4, 34); }
  TEST_CASE("the commands of the conditional GAN's lesson run, and print what the page quotes") { check_page("cgan.md", 5, 8); }
  TEST_CASE("the commands of the VAE's lesson run, and print what the page quotes") { check_page("vae.md", 11, 16); }
  TEST_CASE("the commands of the Wasserstein lesson run, and print what the page quotes") { check_page("wasserstein.md", 6, 17); }
  TEST_CASE("the commands of the lesson on augmentation run, and print what the page quotes") { check_page("augmentation.md", 9, 14); }
  TEST_CASE("the commands of the lesson on evaluation run, and print what the page quotes") { check_page("evaluation.md", 11, 19); }
  TEST_CASE("simprof counts what the kernels lesson quotes") {
    if (const std::string why = why_not(Device::sim_checked); !why.empty()) return skip(why);
    if (!fs::exists(build_dir() / "bench" / "simprof")) return skip("built without simprof");
    check_page("kernels.md", 3, 7);
  }
}
