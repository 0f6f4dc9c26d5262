// The main of every test executable: doctest, a listener that counts, and one last line with the counts.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <vector>

#include "tests/counts.h"
#include "tests/support.h"

namespace {

using duel::test::counts;

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  const doctest::TestCaseData* running = nullptr;

  void test_case_start(const doctest::TestCaseData& data) override {
    running = &data;
    counts().skip_reason.clear();
  }
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    if (!stats.testCaseSuccess) {
      duel::test::tally(0, 1);
    } else if (!counts().skip_reason.empty()) {
      duel::test::tally(0, 0, 1);
      std::cout << "skipped: " << running->m_name << ": " << counts().skip_reason << std::endl;
    } else {
      duel::test::tally(1, 0);
    }
  }
  void test_case_skipped(const doctest::TestCaseData& data) override {
    if (!data.m_skip) return;  // left out by a filter: not asked for
    duel::test::tally(0, 0, 1);
    std::cout << "skipped: " << data.m_name << ": switched off where it is written" << std::endl;
  }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
};
REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

// Where other programs run too, OpenMP threads that spin at the end of every short loop made these tests ten times slower. libgomp reads
// its settings as it is loaded, so this program starts over with them.
void wait_without_spinning(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY")) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);  // returns only where that is impossible, and then the tests are merely slow
}

int main(int argc, char** argv) {
  wait_without_spinning(argv);
  std::vector<char*> arguments;
  for (int i = 0; i < argc; ++i) {
    if (i && !std::strcmp(argv[i], "--all")) counts().all = true;
    else arguments.push_back(argv[i]);
  }
  doctest::Context context;
  context.setOption("no-intro", true);
  if (!duel::test::long_tests()) context.addFilter("test-suite-exclude", "long");
  context.applyCommandLine(static_cast<int>(arguments.size()), arguments.data());
  const int result = context.run();
  if (context.shouldExit()) return result;  // --help, --list-test-cases
  const long failed = counts().failed;
  std::cout.flush();
  std::printf("%ld passed, %ld failed, %ld skipped\n", counts().passed.load(), failed, counts().skipped.load());
  std::fflush(stdout);
  return result || failed ? 1 : 0;
}
