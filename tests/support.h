// What every test executable shares: counts, skipping, temporary folders.
//
// A test executable ends with one line, "N passed, N failed, N skipped", and its exit code is 0 only if nothing failed. Test cases count,
// and so does what a test case counts itself with tally(): a table of a thousand rows is a thousand, not one.
//
// Test cases in TEST_SUITE("long") run only with --all or DUEL_TEST_LONG=1.
#pragma once
#include <filesystem>
#include <string>

#include "kernels/registry.h"

namespace duel::test {

void tally(long passed, long failed, long skipped = 0);

// The running test case could not be run here: it counts as skipped, not as passed, and "skipped: <case>: <reason>" is printed. Return
// after calling it. A case that failed before stays failed.
void skip(const std::string& reason);

bool long_tests();  // --all or DUEL_TEST_LONG=1

std::filesystem::path source_dir();  // the repository
std::filesystem::path build_dir();

// Why this device cannot be used here, as one sentence; empty when it can.
std::string why_not(Device device);
// DUEL_TEST_DEVICE and DUEL_TEST_FILE narrow a run to rows of one device and of one source file (its name without folders).
bool wanted(const Row& row);

// A fresh folder, removed with all it holds.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  // Writes a file below it, making the folders in between.
  std::filesystem::path write(const std::string& name, const std::string& contents) const;

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file);  // throws Error(data)

}  // namespace duel::test
