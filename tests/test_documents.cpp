// Documents: links lead somewhere, and the README in Chinese names the commands and files that the English one names.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <regex>
#include <sstream>

#include "tests/support.h"

using namespace duel::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) found.push_back((*at)[1]);
  std::sort(found.begin(), found.end());
  return found;
}

// What a heading is called in a link, as GitHub makes it: lower case, spaces become dashes, punctuation goes.
std::vector<std::string> anchors(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#")) continue;
    std::string name;
    for (const char c : line.substr(std::min(line.find_first_not_of("# "), line.size()))) {
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_')
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      else if (c == ' ') name += '-';
    }
    all.push_back(name);
  }
  return all;
}

std::vector<std::string> links(const std::string& text) { return matches(text, R"(\]\(([^)\s]+)\))"); }

std::vector<std::string> dead_links(const fs::path& page) {
  std::vector<std::string> dead;
  for (const std::string& link : links(read_text(page))) {
    if (link.find("://") != std::string::npos) continue;
    const size_t hash = link.find('#');
    const fs::path to = hash == 0 ? page : page.parent_path() / link.substr(0, hash);
    if (!fs::exists(to)) dead.push_back(fmt::format("{}: {} is not there", page.string(), link));
    else if (hash != std::string::npos) {
      const std::vector<std::string> names = anchors(read_text(to));
      if (std::find(names.begin(), names.end(), link.substr(hash + 1)) == names.end())
        dead.push_back(fmt::format("{}: {} is no heading there", page.string(), link));
    }
  }
  return dead;
}

// Indented lines up to what stands behind them in words: a comment, or two spaces.
std::vector<std::string> commands(const std::string& text) { return matches(text, R"(\n    (\S+(?: (?! |#)\S+)*))"); }
std::vector<std::string> code(const std::string& text) { return matches(text, "`([^`\n]+)`"); }

}  // namespace

TEST_CASE("every link of every document leads to a file that is there, and to a heading of it") {
  size_t pages = 0;
  for (auto at = fs::recursive_directory_iterator(source_dir()); at != fs::recursive_directory_iterator(); ++at) {
    const std::string name = at->path().filename().string();
    if (at->is_directory() && (name == "build" || name == "runs" || name.starts_with(".")) && at.depth() == 0)
      at.disable_recursion_pending();
    if (at->path().extension() != ".md") continue;
    ++pages;
    for (const std::string& dead : dead_links(at->path())) FAIL_CHECK(dead);
  }
  CHECK(pages > 10);
}

TEST_CASE("a link to nothing is found") {
  const TempFolder scratch;
  scratch.write("there.md", "# One heading, of two\n\n## `code` & 2nd\n");
  scratch.write(
      "page.md",
      "[a](there.md) [b](there.md#one-heading-of-two) [c](#here) [d](https://nowhere.example/x)\n# Here\n[e](there.md#code--2nd)\n");
  CHECK(dead_links(scratch / "page.md").empty());
  scratch.write("page.md", "[a](gone.md) ![b](there.md#two) [c](#here)\n");
  CHECK(dead_links(scratch / "page.md").size() == 3);
}

TEST_CASE("the README in Chinese has the English one's links, commands and names, and each leads to the other") {
  const std::string english = read_text(source_dir() / "README.md"), chinese = read_text(source_dir() / "README.zh.md");
  const auto without = [](std::vector<std::string> all, const char* one) {
    const auto at = std::find(all.begin(), all.end(), one);
    REQUIRE_MESSAGE(at != all.end(), one);
    all.erase(at);
    return all;
  };
  CHECK(without(links(english), "README.zh.md") == without(links(chinese), "README.md"));
  CHECK(english.find("[中文](README.zh.md)") < english.find("\n## "));
  CHECK(commands(english) == commands(chinese));
  CHECK(commands(english).size() > 10);
  CHECK(code(english) == code(chinese));
  CHECK(matches(english, "\n(##) ").size() == matches(chinese, "\n(##) ").size());
  CHECK(matches(english, "\n(\\|) ").size() == matches(chinese, "\n(\\|) ").size());
}

TEST_CASE("commands and names of a document are found") {
  CHECK(commands("a\n    ./demo      # does it\n    find x\n") == std::vector<std::string>{"./demo", "find x"});
  CHECK(code("`a b` and `c`") == std::vector<std::string>{"a b", "c"});
}
