// Rows chosen by time: the fastest wins, nothing of the caller's is touched, and what was chosen once stays.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <set>

#include "apps/support/train/tuned_file.h"
#include "engine/dispatch.h"
#include "engine/graph.h"
#include "engine/tune.h"
#include "tests/support.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

// The CPU with a clock that only rows move, so that no test depends on who else is busy; where it is told to, it records graphs: recording
// runs the calls, playing does nothing.
struct StandInDevice {
  static inline const DeviceBackend* const real = &backend(Device::cpu);
  static inline double seconds = 0;
  static inline int begun = 0;
  DeviceBackend stand_in = *real;
  explicit StandInDevice(bool records = false) {
    stand_in.mark = []() -> void* { return new double(seconds); };
    stand_in.seconds_between = [](void* from, void* to) {
      const std::unique_ptr<double> a(static_cast<double*>(from)), b(static_cast<double*>(to));
      return *b - *a;
    };
    if (records) {
      stand_in.capture_begin = [] { ++begun; };
      stand_in.capture_end = []() -> void* { return &begun; };
      stand_in.replay = [](void*) {};
      stand_in.destroy_graph = [](void*) {};
    }
    duel_register_backend(&stand_in);
  }
  ~StandInDevice() { duel_register_backend(real); }
};

// A row that takes this long. A call on memory that the test calls its own is the step's; every other one is for timing.
std::set<const void*> own;
int timings = 0;
template <int microseconds>
void run(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  if (!own.count(a.y)) ++timings;
  toy_run(p, a, scratch, stream);
  StandInDevice::seconds += microseconds * 1e-6;
}
void run_broken(const ToyProblem&, const Toy::Args&, Scratch, Stream) { fail(Failure::device, "[toy] broken"); }
bool small(const ToyProblem& p) { return toy_supports(p) && p.n <= 64; }
bool only_two(const ToyProblem& p) { return p.dtype == DType::f32 && p.n == 2; }
KERNEL_VARIANT(Toy, slow, 3, toy_supports, no_scratch, run<900>);
KERNEL_VARIANT(Toy, quick, 2, small, no_scratch, run<100>);
KERNEL_VARIANT(Toy, middling, 1, small, no_scratch, run<400>);
KERNEL_VARIANT(Toy, library, baseline_rank, small, no_scratch, run<10>);
KERNEL_VARIANT(Toy, broken, 4, only_two, no_scratch, run_broken);

struct Call {
  ToyProblem problem;
  std::vector<float> x, w, y;
  std::vector<int32_t> s;
  float total = 3;
  explicit Call(int64_t n)
      : problem{n, DType::f32}, x(static_cast<size_t>(n), 1), w(static_cast<size_t>(n), 2), y(static_cast<size_t>(n)), s(y.size()) {
    own.insert(y.data());
  }
  ~Call() { own.erase(y.data()); }
  void operator()() { dispatch<Toy>(problem, {x.data(), w.data(), y.data(), s.data(), &total}, Device::cpu); }
};

struct Nothing final : WinnerMemory {
  std::string find(const std::string&) override { return ""; }
  std::string keep(const std::string&, const TimedRow& winner, const std::vector<TimedRow>&) override { return winner.name; }
};

std::vector<std::string> toy_rows_run() {
  std::vector<std::string> names;
  for (const Row* row : rows_run())
    if (row->op == std::string("toy")) names.emplace_back(row->name);
  return names;
}

const nlohmann::ordered_json machine{{"device", "cpu: a test's"}, {"threads", 1}};

}  // namespace

TEST_CASE("the fastest row runs, and only it is among those that have run") {
  const StandInDevice device;
  Nothing memory;
  RowTuner tuner(Device::cpu);
  Call call(8), large(65);
  forget_rows_run();
  timings = 0;
  tuner.open(memory, {});
  call();
  CHECK(timings > 0);
  large();  // one row supports it
  tuner.close();
  CHECK(toy_rows_run() == std::vector<std::string>{"slow", "quick"});
  const RowTable expected{{"toy n8:f32", "quick"}};
  CHECK(tuner.table() == expected);
  CHECK(tuner.summary().starts_with("1 of 1 problems run by another row than their rank's, 1 timed in "));
  timings = 0;
  call();
  CHECK(timings == 0);
}

TEST_CASE("buffers of the caller are touched by the one call alone") {
  const StandInDevice device;
  Nothing memory;
  RowTuner tuner(Device::cpu);
  Call call(8);
  tuner.open(memory, {});
  call();
  CHECK(call.total == 11);  // 3 and eight times 1, once
  CHECK(call.x == std::vector<float>(8, 1));
  CHECK(call.y == std::vector<float>(8, 4));
  call();
  CHECK(call.total == 19);
}

TEST_CASE("a gain that is noise leaves the row that rank picks; baselines win where they are asked; what throws does not win") {
  const StandInDevice device;
  const auto at = [](const char* name, double seconds) { return TimedRow{name, seconds, seconds, seconds, seconds}; };
  CHECK(winner_of({at("a", 1.00), at("b", 0.98)}).name == "a");
  CHECK(winner_of({at("a", 1.00), at("b", 0.90), at("c", 0.95)}).name == "b");
  const TimedRow disturbed{"a", 20, 0.5, 18, 21};  // most of its looks fell in another program's time
  CHECK(winner_of({disturbed, at("b", 2)}).name == "a");
  CHECK(winner_of({disturbed, at("b", 0.4)}).name == "b");
  CHECK(winner_of({{"a", 5, 4, 1, 9}, {"b", 3, 2, 2, 4}}).name == "a");
  CHECK(winner_of({at("a", 1), {"hopeless at first, and so not looked at", 0.1, 0.1, 0.1, INFINITY}}).name == "a");
  Nothing memory;
  Call call(8), two(2);
  RowTuner tuner(Device::cpu);
  tuner.open(memory, {.baselines = true});
  call();
  CHECK(tuner.table().at("toy n8:f32") == "library");
  tuner.open(memory, {});
  two();
  CHECK(tuner.table().at("toy n2:f32") == "quick");
}

TEST_CASE("a step that throws leaves no tuner that times on") {
  const StandInDevice device;
  RowTuner tuner(Device::cpu);
  Call call(8);
  try {
    Nothing memory;
    const OpenTuner open(tuner, memory, {});
    fail(Failure::numeric, "[toy] a NaN");
  } catch (const Error&) {
  }
  timings = 0;
  call();
  CHECK(timings == 0);
  CHECK(tuner.table().empty());
}

TEST_CASE("outside of its window nothing is timed, and after the tuner's end rank decides again") {
  Nothing memory;
  Call call(8), other(16);
  {
    RowTuner tuner(Device::cpu, {{"toy n8:f32", "middling"}});
    forget_rows_run();
    timings = 0;
    call(), other();
    CHECK(timings == 0);
    CHECK(toy_rows_run() == std::vector<std::string>{"slow", "middling"});
    forget_rows_run();
    const ScopedVariant override("toy:slow");
    call();
    CHECK(toy_rows_run() == std::vector<std::string>{"slow"});
  }
  forget_rows_run();
  call();
  CHECK(toy_rows_run() == std::vector<std::string>{"slow"});
}

TEST_CASE("a table that this build cannot follow is refused with the row's name") {
  CHECK_THROWS_WITH_AS(RowTuner(Device::cpu, {{"toy n8:f32", "gone"}}), doctest::Contains("toy n8:f32 was run by the row gone"), Error);
  const RowTuner tuner(Device::cpu, {{"toy n100:f32", "quick"}});
  Call call(100);
  CHECK_THROWS_WITH_AS(call(), doctest::Contains("row quick, which was chosen by --tune, does not support n100:f32"), Error);
}

TEST_CASE("nothing is timed while a step is recorded as a graph") {
  const StandInDevice device(true);
  Nothing memory;
  RowTuner tuner(Device::cpu);
  tuner.open(memory, {});
  Call first(8), second(16);
  bool more = false;
  StepGraph graph(Device::cpu, [&] {
    first();
    if (more) second();
  });
  graph();
  CHECK(tuner.table().count("toy n8:f32") == 1);
  timings = 0, more = true;
  const int begun = StandInDevice::begun;
  graph();
  CHECK(StandInDevice::begun == begun + 1);
  CHECK(timings == 0);
  CHECK(tuner.table().count("toy n16:f32") == 0);
  CHECK_FALSE(StepGraph::recording());
}

TEST_CASE("winners are remembered, and an earlier one stays") {
  const StandInDevice device;
  const test::TempFolder folder;
  Call call(8);
  const auto tune = [&](const nlohmann::ordered_json& on) {
    TunedFile file(folder / "duel", on, "test");
    RowTuner tuner(Device::cpu);
    tuner.open(file, {});
    timings = 0;
    call();
    CHECK(file.keeps());
    return std::pair{tuner.table().at("toy n8:f32"), timings};
  };
  const auto first = tune(machine);
  CHECK(first.first == "quick");
  CHECK(first.second > 0);
  const auto again = tune(machine);
  CHECK(again.first == "quick");
  CHECK(again.second == 0);
  CHECK(tune({{"device", "another"}}).second > 0);

  {  // a row that there is not, as in a file that somebody wrote in
    TunedFile file(folder / "duel", machine, "test");
    CHECK(file.keep("toy n8:f32", {"gone", 1}, {{"gone", 1}}) == "gone");
  }
  CHECK(tune(machine).second > 0);
  const auto mended = tune(machine);
  CHECK(mended.first == "quick");
  CHECK(mended.second == 0);

  TunedFile one(folder / "duel", machine, "test"), other(folder / "duel", machine, "test");  // as two processes
  CHECK(one.keep("toy n9:f32", {"slow", 1}, {{"slow", 1}}) == "slow");
  CHECK(other.find("toy n9:f32") == "");  // read before
  CHECK(other.keep("toy n9:f32", {"quick", 1}, {{"slow", 2}, {"quick", 1}}) == "slow");
  CHECK(other.keep("toy n10:f32", {"quick", 1}, {{"quick", 1}}) == "quick");
  const TunedFile third(folder / "duel", machine, "test");
  const auto json = nlohmann::json::parse(std::ifstream(third.path()));
  CHECK(json["winners"].size() == 3);
  CHECK(json["winners"]["toy n8:f32"]["seconds"].contains("slow"));
}

TEST_CASE("a file that cannot be used is left as it is, and the run is tuned all the same") {
  const StandInDevice device;
  const test::TempFolder folder;
  const std::filesystem::path path = TunedFile(folder.path(), machine, "test").path();
  for (const char* text :
       {"", "{", "[1]", "{\"format\": \"other\"}", R"({"format": "duel tuned rows 1", "machine": 3})",
        R"({"format": "duel tuned rows 1", "machine": {"device": "cpu: a test's", "threads": 1}, "winners": {"x": 1}})"}) {
    std::ofstream(path) << text;
    TunedFile file(folder.path(), machine, "test");
    CHECK_FALSE(file.keeps());
    RowTuner tuner(Device::cpu);
    tuner.open(file, {});
    Call call(8);
    call();
    CHECK(tuner.table().at("toy n8:f32") == "quick");
    CHECK(test::read_text(path) == text);
  }
  std::ofstream(folder / "file") << "not a folder";
  TunedFile nowhere(folder / "file", machine, "test");
  CHECK(nowhere.keep("toy n8:f32", {"quick", 1}, {}) == "quick");
  CHECK_FALSE(nowhere.keeps());
  CHECK_FALSE(TunedFile("", machine, "test").keeps());
}

TEST_CASE("a remembered row that cannot run the problem is not run") {
  const StandInDevice device;
  const test::TempFolder folder;
  for (const char* row : {"gone", "library", "ref"}) {
    TunedFile(folder.path(), machine, "test").keep("toy n8:f32", {row, 1}, {});
    TunedFile file(folder.path(), machine, "test");
    RowTuner tuner(Device::cpu);
    tuner.open(file, {});
    Call call(8);
    call();
    CHECK(tuner.table().at("toy n8:f32") == "quick");
    std::filesystem::remove(file.path());
  }
}

TEST_CASE("the folder is the user's, by XDG_CACHE_HOME or HOME") {
  const auto with = [](const char* cache, const char* home) {
    const auto set = [](const char* name, const char* value) { value ? setenv(name, value, 1) : unsetenv(name); };
    const std::string before = std::getenv("HOME") ? std::getenv("HOME") : "";
    set("XDG_CACHE_HOME", cache), set("HOME", home);
    const std::filesystem::path folder = tuned_folder();
    set("XDG_CACHE_HOME", nullptr), set("HOME", before.c_str());
    return folder;
  };
  CHECK(with("/c", "/h") == "/c/duel");
  CHECK(with(nullptr, "/h") == "/h/.cache/duel");
  CHECK(with("relative", "/h") == "/h/.cache/duel");
  CHECK(with("", nullptr) == "");
}

TEST_CASE("a machine is its device, its threads and what its rows were built of") {
  const auto here = tuned_machine(Device::cpu, false);
  CHECK(here == tuned_machine(Device::cpu, false));
  CHECK(here != tuned_machine(Device::cpu, true));
  CHECK(here["build"].get<std::string>().size() >= 16);
  CHECK(here["device"].get<std::string>().find(backend(Device::cpu).description()) != std::string::npos);
}

}  // namespace duel
