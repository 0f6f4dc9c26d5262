// Lessons: the commands of a page run, what the page quotes is what they print, and an exercise tells right from wrong.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
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

// Compiles and runs an exercise, with `wrong` in it replaced by `right`.
Outcome solve(const std::string& name, const std::string& wrong, const std::string& right) {
  const TempFolder folder;
  std::string text = read_text(source_dir() / "docs" / "lessons" / "exercises" / name);
  const size_t at = text.find(wrong);
  REQUIRE(at != std::string::npos);
  text.replace(at, wrong.size(), right);
  const fs::path source = folder.path() / name, program = folder.path() / "exercise";
  std::ofstream(source) << text;
  const Outcome built = run_process("/bin/sh", {"-c", fmt::format("c++ -std=c++20 '{}' -o '{}'", source.string(), program.string())});
  REQUIRE_MESSAGE(built.code == 0, built.errors);
  return run_process(program, {});
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

TEST_CASE("the exercise of the adversarial game tells right from wrong, and does not say what is right") {
  const std::string name = "adversarial_game.cpp", gap = "return std::vector<double>(t.size(), 0.0);  // write it here";
  const auto with = [](const std::string& one) {
    return fmt::format(
        "std::vector<double> g; const double n = static_cast<double>(t.size()); for (double v : t) g.push_back({}); return g;", one);
  };
  const Outcome right = solve(name, gap, with("(sigmoid(v) - 1) / n"));
  CHECK(right.code == 0);
  CHECK(right.output == "right\n");
  for (const char* wrong : {"0 * v * n", "(1 - sigmoid(v)) / n", "sigmoid(v) - 1 + 0 * n", "-sigmoid(v) / n"}) {
    const Outcome o = solve(name, gap, with(wrong));
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
  CHECK(solve(name, gap, "return {};").output == "wrong: 1 outputs of D, but 0 derivatives\n");
}

TEST_CASE("the exercise of the transposed convolution tells right from wrong") {
  const std::string name = "transposed_convolution.cpp", gap = "return Row(static_cast<size_t>(size));  // write it here";
  const auto with = [](const std::string& place, const std::string& tap = "r", const std::string& to = "+=") {
    return fmt::format(
        "Row x(static_cast<size_t>(size)); const int k = static_cast<int>(w.size()), n = static_cast<int>(y.size()); "
        "for (int p = 0; p < n; ++p) for (int r = 0; r < k; ++r) {{ const int i = {}; if (i >= 0 && i < size) x[i] {} y[p] * w[{}]; }} "
        "return x;",
        place, to, tap);
  };
  CHECK(solve(name, gap, with("p * stride - pad + r")).output == "right\n");
  for (const std::string& wrong :
       {gap, with("p * stride + r"), with("p * stride + pad + r"), with("p - pad + r"), with("p * stride - pad + r", "k - 1 - r"),
        with("p * stride - pad - r"), with("p * stride - pad + r", "r", "="), std::string("return Row(y.size());")}) {
    const Outcome o = solve(name, gap, wrong);
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
}

TEST_CASE("the exercise of the DCGAN lesson tells right from wrong") {
  const std::string name = "dcgan.cpp", gap = "return Image(rows, cols);  // write it here";
  const auto with = [](const std::string& term) {
    return fmt::format(
        "Image sum(rows, cols); for (int p = 0; p < g.rows; ++p) for (int q = 0; q < g.cols; ++q) for (int r = 0; r < rows; ++r) "
        "for (int s = 0; s < cols; ++s) sum.at(r, s) += {}; return sum;",
        term);
  };
  CHECK(solve(name, gap, with("g.at(p, q) * x.padded(p * stride - pad + r, q * stride - pad + s)")).output == "right\n");
  for (const std::string& wrong :
       {gap, with("g.at(p, q) * x.padded(p * stride + r, q * stride + s)"), with("g.at(p, q) * x.padded(p - pad + r, q - pad + s)"),
        with("g.at(p, q) * x.padded(p * stride - pad + s, q * stride - pad + r)"),
        with("g.at(p, q) * x.padded(p * stride - pad + rows - 1 - r, q * stride - pad + cols - 1 - s)"),
        with("g.at(p, q) * x.padded(p * stride - pad + r, q * stride - pad + s) / (g.rows * g.cols)"), std::string("return g;")}) {
    const Outcome o = solve(name, gap, wrong);
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
}

TEST_CASE("the exercise of the batch norm lesson tells right from wrong") {
  const std::string name = "batch_norm.cpp", gap = "return {Row(x.size()), 0, 0};  // write it here";
  const auto with = [](const std::string& gx, const std::string& divisor = "n", const std::string& gamma_is = "of_normal") {
    return fmt::format(
        "const double m = mean(x), n = static_cast<double>(x.size()); double var = 0, of_g = 0, of_normal = 0; Row h; "
        "for (double v : x) var += (v - m) * (v - m) / ({}); const double s = std::sqrt(var + eps); for (double v : x) h.push_back((v - m) "
        "/ s); "
        "for (size_t i = 0; i < x.size(); ++i) of_g += g[i], of_normal += g[i] * h[i]; Gradients out{{Row(x.size()), {}, of_g}}; "
        "for (size_t i = 0; i < x.size(); ++i) out.x[i] = {}; return out;",
        divisor, gamma_is, gx);
  };
  const std::string right = "gamma / s * (g[i] - of_g / n - h[i] * of_normal / n)";
  CHECK(solve(name, gap, with(right)).output == "right\n");
  for (const std::string& wrong :
       {gap, with("gamma / s * g[i]"), with("gamma / s * (g[i] - of_g / n)"), with("gamma / s * (g[i] - h[i] * of_normal / n)"),
        with("(g[i] - of_g / n - h[i] * of_normal / n) / s"), with("gamma / s * (g[i] - of_g - h[i] * of_normal)"), with(right, "n - 1"),
        with(right, "n", "of_g"), std::string("return {};")}) {
    const Outcome o = solve(name, gap, wrong);
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
}

TEST_CASE("the exercise of the Wasserstein lesson tells right from wrong") {
  const std::string name = "wasserstein.cpp",
                    gap = "return {std::vector<Vec>(d.a.size()), std::vector<double>(d.v.size())};  // write it here";
  const auto with = [](const std::string& k, const std::string& of_v = "dot(s, d.a[j]) * f", const std::string& of_a = "d.v[j] * f * s") {
    return fmt::format(
        "Critic out{{std::vector<Vec>(d.a.size()), std::vector<double>(d.v.size())}}; const double n = static_cast<double>(points.size()); "
        "for (Vec x : points) {{ const Vec s = slope(d, x); const double l = length(s), k = {}; for (size_t j = 0; j < d.v.size(); ++j) {{ "
        "const double f = leaky_slope(dot(d.a[j], x)); out.v[j] += k * {}; out.a[j].x += k * {}.x; out.a[j].y += k * {}.y; }} }} "
        "return out;",
        k, of_v, of_a, of_a);
  };
  CHECK(solve(name, gap, with("2 * (l - 1) / l / n")).output == "right\n");
  for (const std::string& wrong :
       {gap, with("2 * (l - 1) / l"), with("2 * (l - 1) / n"), with("2 * (l > 1 ? l - 1 : 0) / l / n"), with("(l - 1) / l / n"),
        with("2 * (l - 1) / l / n", "dot(s, d.a[j])"), with("2 * (l - 1) / l / n", "dot(s, d.a[j]) * f", "d.v[j] * s"),
        with("2 * (l - 1) / l / n", "dot(s, d.a[j]) * f", "d.v[j] * f * d.a[j]"), std::string("return {};")}) {
    const Outcome o = solve(name, gap, wrong);
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
}

TEST_CASE("the exercise of the kernels lesson tells right from wrong") {
  const std::string name = "kernels.cpp", gap = "return 1;  // write it here";
  const auto with = [](const std::string& counted, const std::string& bank = "w % banks") {
    return fmt::format(
        "int most = 0; for (int b = 0; b < banks; ++b) {{ std::vector<int> seen; for (int w : words) if ({} == b) {{ bool known = false; "
        "for (int one : seen) known = known || ({}); if (!known) seen.push_back(w); }} "
        "if (static_cast<int>(seen.size()) > most) most = static_cast<int>(seen.size()); }} return most;",
        bank, counted);
  };
  CHECK(solve(name, gap, with("one == w")).output == "right\n");
  for (const std::string& wrong :
       {gap, with("false"), with("one == w && seen.back() == w"), with("one == w", "w / 4 % banks"), with("one == w", "w % 16"),
        std::string("return static_cast<int>(words.size());"), std::string("return std::gcd(words[1] - words[0], banks);"),
        std::string("return words[0] == words[1] ? 1 : std::gcd(words[1] - words[0], banks);")}) {
    const Outcome o = solve(name, gap, wrong);
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
}

TEST_SUITE("long") {
  TEST_CASE("the commands of the adversarial game run, and print what the page quotes") { check_page("adversarial_game.md", 6, 12); }
  TEST_CASE("the lesson on transposed convolution prints what its page quotes") { check_page("transposed_convolution.md", 1, 14); }
  TEST_CASE("the DCGAN lesson prints what its page quotes") { check_page("dcgan.md", 2, 25); }
  TEST_CASE("the batch norm lesson prints what its page quotes") { check_page("batch_norm.md", 3, 12); }
  TEST_CASE("the commands of the Wasserstein lesson run, and print what the page quotes") { check_page("wasserstein.md", 6, 15); }
  TEST_CASE("simprof counts what the kernels lesson quotes") {
    if (const std::string why = why_not(Device::sim_checked); !why.empty()) return skip(why);
    if (!fs::exists(build_dir() / "bench" / "simprof")) return skip("built without simprof");
    check_page("kernels.md", 3, 7);
  }
}
