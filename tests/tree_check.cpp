#include "tests/tree_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <map>
#include <regex>

#include "tests/process.h"
#include "tests/support.h"

namespace duel::test {

namespace fs = std::filesystem;

namespace {

// The source without comments, and with the insides of strings kept. Line breaks stay, so that lines can be counted.
std::string without_comments(const std::string& source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source.compare(i, 2, "//") == 0) {
      while (i < source.size() && source[i] != '\n') ++i;
      out += '\n';
    } else if (source.compare(i, 2, "/*") == 0) {
      for (; i < source.size() && source.compare(i, 2, "*/") != 0; ++i)
        if (source[i] == '\n') out += '\n';
      ++i;
    } else if (source[i] == '"' || source[i] == '\'') {
      const char quote = source[i];
      out += quote;
      for (++i; i < source.size() && source[i] != quote; ++i) {
        out += source[i];
        if (source[i] == '\\' && i + 1 < source.size()) out += source[++i];
      }
      out += quote;
    } else {
      out += source[i];
    }
  }
  return out;
}

// The arguments of the call whose opening parenthesis is at `open`, cut at the commas that are in no bracket of their own. A comma between
// template angles cuts too; what is asked of the arguments here does not mind.
std::vector<std::string> call_arguments(const std::string& text, size_t open) {
  std::vector<std::string> arguments(1);
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      const size_t start = i;
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
      arguments.back() += text.substr(start, i - start + 1);
      continue;
    }
    if (c == '(' || c == '[' || c == '{') {
      if (depth++ == 0) continue;
    }
    if (c == ')' || c == ']' || c == '}') {
      if (--depth == 0) return arguments;
    }
    if (c == ',' && depth == 1) arguments.emplace_back();
    else if (!std::isspace(static_cast<unsigned char>(c)) || !arguments.back().empty()) arguments.back() += c;
  }
  return arguments;
}

bool identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

// Where `name(` is called or defined in the text, from `from` on: the position of its opening parenthesis.
size_t find_call(const std::string& text, const std::string& name, size_t from) {
  for (size_t at = from; (at = text.find(name, at)) != std::string::npos; ++at) {
    const size_t open = text.find_first_not_of(" \n", at + name.size());
    if ((at == 0 || !identifier(text[at - 1])) && open != std::string::npos && text[open] == '(') return open;
  }
  return std::string::npos;
}

std::string literal_in(const std::string& argument) {  // empty when it is none
  const std::string a = trimmed(argument);
  return a.size() > 2 && a.front() == '"' && a.find('"', 1) == a.size() - 1 ? a.substr(1, a.size() - 2) : "";
}

// A function of the file may take the name, `Tensor reduce(const char* op, …)`, and hand it on to record(op, …) at `use`: then the names
// are what that function is called with.
std::vector<std::string> names_handed_on(const std::string& text, const std::string& parameter, size_t use) {
  const size_t taken = text.rfind("const char* " + parameter, use);
  if (parameter.empty() || taken == std::string::npos || taken == 0 || text[taken - 1] != '(') return {};
  size_t start = taken - 1;
  while (start > 0 && identifier(text[start - 1])) --start;
  const std::string function = text.substr(start, taken - 1 - start);
  std::vector<std::string> names;
  for (size_t at = 0; !function.empty() && (at = find_call(text, function, at)) != std::string::npos;)
    if (const std::string name = literal_in(call_arguments(text, at)[0]); !name.empty()) names.push_back(name);
  return names;
}

}  // namespace

std::vector<fs::path> cuda_files(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path inside = fs::relative(entry.path(), folder);
      if (entry.path().extension() == ".cu" && *inside.begin() != "sim") files.push_back(entry.path());
    }
  std::sort(files.begin(), files.end());
  return files;
}

Faults files_without_row(const std::vector<fs::path>& folders, const std::vector<Row>& rows, Device device) {
  Faults faults;
  for (const fs::path& file : cuda_files(folders)) {
    const std::string name = (file.parent_path().filename() / file.filename()).string();  // conv2d/fwd_01_naive.cu
    const bool found = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      const fs::path from = row.file;
      return row.device == device && (from.parent_path().filename() / from.filename()).string() == name;
    });
    if (!found) faults.push_back(name + " registers no row on " + name_of(device) + ": does it end with KERNEL_VARIANT(…)?");
  }
  return faults;
}

std::vector<RecordedOp> recorded_ops(const fs::path& folder) {
  std::vector<RecordedOp> ops;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".cpp") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string text = without_comments(read_text(file));
    for (size_t at = 0; (at = find_call(text, "record", at)) != std::string::npos; ++at) {
      const std::vector<std::string> arguments = call_arguments(text, at);
      const std::string rule = arguments.size() >= 4 ? trimmed(arguments[3]) : "";
      std::vector<std::string> names{literal_in(arguments[0])};
      if (names[0].empty())
        if (const auto handed = names_handed_on(text, trimmed(arguments[0]), at); !handed.empty()) names = handed;
      const int line = static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(at), '\n')) + 1;
      const bool has_rule = !rule.empty() && rule != "nullptr" && rule != "{}" && rule != "Vjp{}" && rule != "Vjp()";
      for (const std::string& name : names) ops.push_back({file.filename().string(), name, line, has_rule});
    }
  }
  return ops;
}

Faults ops_without_gradient_checks(const fs::path& folder, const std::set<std::string>& gradcheck,
                                   const std::set<std::string>& gradgradcheck) {
  Faults faults;
  for (const RecordedOp& op : recorded_ops(folder)) {
    const std::string where = op.file + ":" + std::to_string(op.line) + ": ";
    if (op.name.empty()) faults.push_back(where + "record() is not given its op's name as a literal");
    else if (!op.has_rule) faults.push_back(where + op.name + " is recorded without a derivative");
    else {
      if (!gradcheck.count(op.name)) faults.push_back(where + op.name + " has no gradcheck case");
      if (!gradgradcheck.count(op.name)) faults.push_back(where + op.name + " has no gradgradcheck case");
    }
  }
  return faults;
}

static std::string without_raw_strings(std::string text) {
  for (size_t at = 0; (at = text.find("R\"(", at)) != std::string::npos; at += 3) {
    const size_t end = std::min(text.find(")\"", at), text.size());
    for (size_t i = at + 3; i < end; ++i)
      if (text[i] != '\n') text[i] = ' ';
  }
  return text;
}

Faults bindings_in_messages(const fs::path& folder) {
  static const std::regex binding(R"(auto&{0,2} \[([\w, ]+)\])"), message(R"(\b(CAPTURE|INFO|MESSAGE|FAIL|FAIL_CHECK|\w+_MESSAGE)\()"),
      word(R"(\w+)"), quoted(R"("([^"\\]|\\.)*")");
  const auto all = [](const std::string& text, const std::regex& what) {
    return std::vector<std::smatch>(std::sregex_iterator(text.begin(), text.end(), what), {});
  };
  Faults faults;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string text = without_raw_strings(without_comments(read_text(entry.path())));
    const auto indentation = [&](size_t line) { return text.find_first_not_of(' ', line) - line; };
    for (const std::smatch& found : all(text, binding)) {
      const size_t at = static_cast<size_t>(found.position()), line = text.rfind('\n', at) + 1, own = indentation(line);
      const bool loop = text.compare(line + own, 4, "for ") == 0;
      size_t end = text.find('\n', at);  // of what sees the names: a loop's body, or the rest of the block
      for (; end + 1 < text.size() && (text[end + 1] == '\n' || indentation(end + 1) >= own + loop); end = text.find('\n', end + 1)) {
      }
      const std::string scope = text.substr(at, end - at), names = found[1];
      for (const std::smatch& said : all(scope, message)) {
        const std::vector<std::string> arguments = call_arguments(scope, static_cast<size_t>(said.position() + said.length() - 1));
        const bool condition = said[1].str().ends_with("_MESSAGE");
        std::string says;
        for (size_t i = condition; i < arguments.size(); ++i) says += std::regex_replace(arguments[i], quoted, "") + ',';
        for (const std::smatch& used : all(says, word))
          for (const std::smatch& name : all(names, word))
            if (used.str() == name.str())
              faults.push_back(entry.path().filename().string() + ": " + said[1].str() + " names " + name.str() + ", a structured binding");
      }
    }
  }
  return faults;
}

Faults circles_of_rooms(const fs::path& folder, const std::string& name) {
  std::map<std::string, std::map<std::string, std::string>> uses;  // room → room, by which file
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
    const std::string room = fs::relative(entry.path(), folder).begin()->string(), source = contents_of(entry.path());
    const std::regex include("#include \"" + name + "/([^/\"]+)/[^\"]+\"");
    for (std::sregex_iterator it(source.begin(), source.end(), include), end; it != end; ++it)
      if ((*it)[1] != room) uses[room].try_emplace((*it)[1], fs::relative(entry.path(), folder).string());
  }
  // What uses nothing that is left is taken away, until only circles and what leads to them remain; then what nothing uses.
  for (bool found = true; found;) {
    found = false;
    std::set<std::string> used;
    for (const auto& [room, others] : uses)
      for (const auto& [other, file] : others) used.insert(other);
    for (auto it = uses.begin(); it != uses.end();) {
      std::erase_if(it->second, [&](const auto& other) { return !uses.contains(other.first); });
      if (it->second.empty() || !used.contains(it->first)) it = uses.erase(it), found = true;
      else ++it;
    }
  }
  Faults faults;
  for (const auto& [room, others] : uses)
    for (const auto& [other, file] : others) faults.push_back(fmt::format("{} includes {}, which leads back to {}", file, other, room));
  return faults;
}

Faults rows_without_case(const std::vector<Row>& rows, const std::vector<OpInfo>& ops) {
  Faults faults;
  for (const Row& row : rows) {
    const std::string name = std::string(row.op) + "/" + row.name + "/" + name_of(row.device) + " (" + row.file + ")";
    const auto op = std::find_if(ops.begin(), ops.end(), [&](const OpInfo& o) { return !std::strcmp(o.name, row.op); });
    if (op == ops.end()) {
      faults.push_back(name + ": no OpRegistration describes its op");
      continue;
    }
    const std::vector<ErasedCase> cases = op->cases();
    if (std::none_of(cases.begin(), cases.end(), [&](const ErasedCase& c) { return c.tag != Tag::bench && row.supports(c.problem.get()); }))
      faults.push_back(name + ": supports none of its op's edge and dcgan cases, so no test runs it; add a case");
  }
  return faults;
}

}  // namespace duel::test
