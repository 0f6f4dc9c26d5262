#include "tests/support.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "kernels/error.h"
#include "tests/counts.h"

namespace duel::test {

namespace fs = std::filesystem;

Counts& counts() {
  static Counts counts;
  return counts;
}

void tally(long passed, long failed, long skipped) {
  Counts& c = counts();
  c.passed += passed, c.failed += failed, c.skipped += skipped;
}

void skip(const std::string& reason) { counts().skip_reason = reason.empty() ? "no reason given" : reason; }

bool long_tests() {
  const char* asked = std::getenv("DUEL_TEST_LONG");
  return counts().all || (asked && *asked && std::string(asked) != "0");
}

fs::path source_dir() { return DUEL_SOURCE_DIR; }
fs::path build_dir() { return DUEL_BUILD_DIR; }

bool wanted(const Row& row) {
  const char *device = std::getenv("DUEL_TEST_DEVICE"), *file = std::getenv("DUEL_TEST_FILE");
  return (!device || device == std::string(name_of(row.device))) && (!file || std::filesystem::path(row.file).filename() == file);
}

std::string why_not(Device device) {
  const DeviceBackend* found = find_backend(device);
  if (!found) return std::string("this build has no ") + name_of(device) + " rows";
  const char* problem = found->problem();
  return problem ? problem : "";
}

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "duel-test-XXXXXX").string();
  if (!mkdtemp(name.data())) fail(Failure::data, "cannot make a temporary folder " + name + "; is TMPDIR writable?");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TempFolder::write(const std::string& name, const std::string& contents) const {
  const fs::path file = path_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << contents;
  if (!out.flush()) fail(Failure::data, "cannot write " + file.string());
  return file;
}

std::string read_text(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) fail(Failure::data, "cannot read " + file.string());
  return text.str();
}

}  // namespace duel::test
