#include "apps/support/command/cli.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <system_error>
#include <vector>

#include "apps/support/command/flags.h"
#include "engine/tensor.h"
#include "kernels/registry.h"

namespace duel {
namespace {

#ifdef DUEL_VERSION
constexpr const char* version = DUEL_VERSION;
#else
constexpr const char* version = "(built outside its CMake project)";
#endif
constexpr int broken_pipe_code = 128 + SIGPIPE;

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours (Damerau 1964) cost one each.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); i++) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); j++) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); i++)
    for (size_t j = 1; j <= b.size(); j++) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string bare(const std::string& flag) {
  const size_t start = std::min(flag.find_first_not_of('-'), flag.size());
  std::string name = flag.substr(start, flag.find('=') == std::string::npos ? std::string::npos : flag.find('=') - start);
  std::replace(name.begin(), name.end(), '_', '-');  // --batch_size and --batch-size are one thought
  return name;
}

void collect_flags(const CLI::App& app, std::vector<std::string>& flags) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back(name);
  for (const CLI::App* sub : app.get_subcommands()) collect_flags(*sub, flags);
}

std::string usage_sentence(const CLI::App& app, const CLI::ParseError& error, const std::string& program) {
  std::string words = program;
  for (const CLI::App* sub : app.get_subcommands()) words += " " + sub->get_name();
  const std::string help = "; " + words + " --help lists every flag";
  const std::vector<std::string> extras = app.remaining(true);  // a mistyped flag also explains "--run is required"
  const auto flag = std::find_if(extras.begin(), extras.end(), [](const std::string& e) { return e.size() > 1 && e[0] == '-'; });
  if (flag != extras.end()) {
    const std::string typed = flag->substr(0, flag->find('='));
    const std::string near = nearest_flag(app, typed);
    return near.empty() ? "there is no flag " + typed + help : "there is no flag " + typed + ", did you mean " + near + "?";
  }
  if (!extras.empty()) return "unexpected argument '" + extras.front() + "'" + help;
  std::string text = error.what();
  while (!text.empty() && (text.back() == '.' || text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text + help;
}

int complain(const std::string& program, const std::string& sentence, int code) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program.c_str(), one_line(sentence).c_str());
  return code;
}

bool is_broken_pipe(const std::system_error& error) {
  return error.code() == std::error_code(EPIPE, std::generic_category()) || error.code() == std::error_code(EPIPE, std::system_category());
}

// A full disk behind `> log` shows up only when the last buffer is written.
int flushed(const std::string& program, int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return code;
  if (errno == EPIPE || errno == 0) return code ? code : broken_pipe_code;
  const std::string reason = std::generic_category().message(errno);
  return complain(program, "cannot write to standard output: " + reason, code ? code : static_cast<int>(Failure::data));
}

}  // namespace

std::string one_line(const std::string& text) {
  std::string out;
  bool broke = true;  // also drops leading space
  for (const unsigned char c : text) {
    if (c == '\n' || c == '\t' || c == '\r') {
      while (!out.empty() && out.back() == ' ') out.pop_back();
      if (!out.empty()) out += ' ';
      broke = true;
    } else if (c == ' ' && broke) {
      continue;
    } else {
      broke = false;
      char code[5];
      std::snprintf(code, sizeof code, c < 0x20 || c == 0x7f ? "\\x%02x" : "%c", c);
      out += code;
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string nearest_flag(const CLI::App& app, const std::string& typed) {
  std::vector<std::string> flags;
  collect_flags(app, flags);
  const std::string word = bare(typed);
  if (word.empty() || word.size() > 100) return "";
  std::string best;
  size_t best_distance = std::max<size_t>(word.size() / 3, 1) + 1;  // "--lr" may be one slip away, a long word more
  for (const std::string& flag : flags) {
    size_t d = distance(word, bare(flag));
    if (word.size() >= 3 && (flag.starts_with(word) || word.starts_with(flag + "-")))
      d = std::min<size_t>(d, 1);  // cut short, or --batch-size for --batch
    if (d < best_distance) best = flag, best_distance = d;
  }
  return best.empty() ? "" : "--" + best;
}

Device use_device(const std::string& name) {
  const Device device = choose_device(name);
  set_default_device(device);
  return device;
}

namespace {

template <class T>
void add_value(CLI::App& app, const std::string& name, T& field, const char* help) {
  CLI::Option* option = app.add_option("--" + name, field, help)->capture_default_str();
  if constexpr (std::is_integral_v<T>) option->check(fits_64_bits());
}

}  // namespace

void add_setting(CLI::App& app, const std::string& name, bool& field, const char* help) { app.add_flag("--" + name, field, help); }
void add_setting(CLI::App& app, const std::string& name, int& field, const char* help) { add_value(app, name, field, help); }
void add_setting(CLI::App& app, const std::string& name, int64_t& field, const char* help) { add_value(app, name, field, help); }
void add_setting(CLI::App& app, const std::string& name, double& field, const char* help) { add_value(app, name, field, help); }
void add_setting(CLI::App& app, const std::string& name, std::string& field, const char* help) { add_value(app, name, field, help); }

bool was_given(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw("--" + name);
  return option && option->count() > 0;
}

int run_main(int argc, const char* const* argv, CLI::App& app, const std::function<int()>& body) {
  std::string program = app.get_name();
  if (program.empty() && argc > 0) program = std::filesystem::path(argv[0]).filename().string();
  if (program.empty()) program = "duel";
  app.name(program);
  try {
    if (!app.get_option_no_throw("--version"))
      app.set_version_flag("--version", program + " of Duel " + version, "Print the version and exit");
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& success) {  // --help, --version
      app.exit(success);
      std::cout.flush();
      return flushed(program, 0);
    } catch (const CLI::ParseError& error) {
      return complain(program, usage_sentence(app, error, program), static_cast<int>(Failure::usage));
    }
    return flushed(program, body());
  } catch (const Error& error) {
    return complain(program, error.what(), static_cast<int>(error.kind));
  } catch (const std::bad_alloc&) {
    return complain(program, "out of memory; a smaller --batch needs less", static_cast<int>(Failure::memory));
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(program, error.what(), static_cast<int>(Failure::data));
  } catch (const std::system_error& error) {
    if (is_broken_pipe(error)) return broken_pipe_code;
    return complain(program, std::string("internal error: ") + error.what(), static_cast<int>(Failure::internal));
  } catch (const std::exception& error) {
    return complain(program, std::string("internal error: ") + error.what(), static_cast<int>(Failure::internal));
  } catch (...) {
    return complain(program, "internal error: an exception of unknown type", static_cast<int>(Failure::internal));
  }
}

}  // namespace duel
