// The tree itself: nothing in it may be left without a row, a derivative check or a case. And each of these checks is shown to fail.
#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>

#include "tests/gradcheck.h"
#include "tests/support.h"
#include "tests/tree_check.h"

using namespace duel;
using namespace duel::test;

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> kernel_folders() { return {source_dir() / "kernels", source_dir() / "augment"}; }

void report(const Faults& faults, size_t looked_at) {
  tally(static_cast<long>(looked_at) - static_cast<long>(std::min(looked_at, faults.size())), static_cast<long>(faults.size()));
  for (const std::string& fault : faults) FAIL_CHECK(fault);
}

Row row_from(const char* file, Device device) {
  return {"toy", "tiled", file, device, 1, [](const void*) { return true; }, [](const void*) -> size_t { return 0; }, nullptr};
}

bool any_mentions(const Faults& faults, const std::string& text) {
  return std::any_of(faults.begin(), faults.end(), [&](const std::string& f) { return f.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("every .cu file has a row on cuda") {
  if (!DUEL_TEST_CUDA) return skip("built without CUDA");
  report(files_without_row(kernel_folders(), rows(), Device::cuda), cuda_files(kernel_folders()).size());
}

TEST_CASE("every .cu file has its twin on the simulated device") {
  if (!DUEL_TEST_SIM) return skip("built without the simulated device");
  CHECK(!cuda_files(kernel_folders()).empty());
  report(files_without_row(kernel_folders(), rows(), Device::sim), cuda_files(kernel_folders()).size());
}

TEST_CASE("a .cu file without a row is found") {
  const TempFolder scratch;
  scratch.write("conv2d/fwd_01_naive.cu", "// a row\n");
  scratch.write("conv2d/fwd_02_tiled.cu", "// forgot its last line\n");
  scratch.write("gemm/fwd_01_naive.cu", "// the same name in another family\n");
  scratch.write("sim/conformance.cu", "// not a row\n");
  const std::string named = (scratch / "conv2d/fwd_01_naive.cu").string(), other = (scratch / "gemm/fwd_01_naive.cu").string(),
                    tiled = (scratch / "conv2d/fwd_02_tiled.cu").string();
  const std::vector<Row> some{row_from(named.c_str(), Device::cuda), row_from(other.c_str(), Device::cuda),
                              row_from(tiled.c_str(), Device::sim)};
  const Faults faults = files_without_row({scratch.path()}, some, Device::cuda);
  CHECK(faults.size() == 1);
  CHECK(any_mentions(faults, "conv2d/fwd_02_tiled.cu registers no row on cuda"));
  CHECK(files_without_row({scratch.path()}, some, Device::sim).size() == 2);
  std::vector<Row> whole = some;
  whole.push_back(row_from(tiled.c_str(), Device::cuda));
  CHECK(files_without_row({scratch.path()}, whole, Device::cuda).empty());
}

TEST_CASE("every op of the engine has a derivative, a gradcheck and a gradgradcheck") {
  const fs::path folder = source_dir() / "engine/ops";
  const size_t recorded = recorded_ops(folder).size();
  CHECK(recorded > 0);
  std::set<std::string> checked;  // test_grad runs each of these cases through gradcheck and through gradgradcheck
  for (const GradCase& c : grad_cases()) checked.insert(c.op);
  report(ops_without_gradient_checks(folder, checked, checked), recorded);
}

TEST_CASE("an op without a derivative or a check is found") {
  const TempFolder scratch;
  scratch.write("ops/good.cpp", R"(
    // record("commented", out, {x}, rule);
    Tensor relu(const Tensor& x) { return record("relu", y(x, "a, b"), {x, w}, [](const Tensor& out, const Tensor& g, Needs) { return f(out, g); }); }
    Tensor tanh(const Tensor& x) { return record("tanh", run(x), {x}, tanh_rule); }
    Tensor reduce(const char* op, const Tensor& x) { return record(op, run(op, x), {x}, rule); }
    Tensor sum(const Tensor& x) { return reduce("sum", x); }
    Tensor mean(const Tensor& x) { return reduce( "mean", x); }
    void unrelated() { recorder(1); my_record("nothing"); }
  )");
  const fs::path folder = scratch / "ops";
  const std::set<std::string> both{"relu", "tanh", "sum", "mean"};
  REQUIRE(recorded_ops(folder).size() == 4);
  CHECK(ops_without_gradient_checks(folder, both, both).empty());
  CHECK(any_mentions(ops_without_gradient_checks(folder, {"relu", "tanh", "sum"}, both), "mean has no gradcheck case"));
  CHECK(any_mentions(ops_without_gradient_checks(folder, {"relu"}, both), "tanh has no gradcheck case"));
  CHECK(any_mentions(ops_without_gradient_checks(folder, both, {"tanh"}), "good.cpp:3: relu has no gradgradcheck case"));
  scratch.write("ops/bad.cpp", "Tensor sign(Tensor x) {\n  return record(\"sign\", run(x), {x}, nullptr);\n}\n");
  CHECK(any_mentions(ops_without_gradient_checks(folder, both, both), "bad.cpp:2: sign is recorded without a derivative"));
  scratch.write("ops/bad.cpp", "Tensor sign(Tensor x) { return record(\"sign\", run(x), {x}); }");
  CHECK(any_mentions(ops_without_gradient_checks(folder, both, both), "sign is recorded without a derivative"));
  scratch.write("ops/bad.cpp", "Tensor sign(Tensor x) { return record(name, run(x), {x}, rule); }");
  CHECK(any_mentions(ops_without_gradient_checks(folder, both, both), "as a literal"));
}

TEST_CASE("no message names a structured binding") {
  report(bindings_in_messages(source_dir() / "tests"), 1);
  const TempFolder scratch;
  scratch.write("good.cpp", R"(
TEST_CASE("") {
  for (const auto& [name, value] : map) CHECK_MESSAGE(value == name, "no");
  const std::string name = "in another scope";
  CAPTURE(name);
}
)");
  CHECK(bindings_in_messages(scratch.path()).empty());
  scratch.write("bad.cpp", R"(
TEST_CASE("") {
  for (const auto& [name, value] : map) CHECK_MESSAGE(value == 1, name << " is wrong");
  for (auto [m, n] : list) {

    CAPTURE(n);
  }
  const auto [left, right] = pair;
  INFO("on the left ", left);
}
)");
  const Faults faults = bindings_in_messages(scratch.path());
  CHECK(faults.size() == 3);
  CHECK(any_mentions(faults, "bad.cpp: CHECK_MESSAGE names name"));
  CHECK(any_mentions(faults, "CAPTURE names n,"));
  CHECK(any_mentions(faults, "INFO names left"));
}

TEST_CASE("no room of the programs includes one that leads back to it") {
  report(circles_of_rooms(source_dir() / "apps/support", "apps/support"), 1);
  const TempFolder scratch;
  scratch.write("low/a.h", "#include <string>\n#include \"rooms/low/b.h\"\n");
  scratch.write("middle/a.cpp", "#include \"rooms/low/a.h\"\n");
  scratch.write("high/a.cpp", "#include \"rooms/middle/a.h\"\n#include \"rooms/low/a.h\"\n");
  CHECK(circles_of_rooms(scratch.path(), "rooms").empty());
  scratch.write("low/b.h", "#include \"rooms/middle/a.h\"\n");
  const Faults faults = circles_of_rooms(scratch.path(), "rooms");
  CHECK(faults.size() == 2);
  CHECK(any_mentions(faults, "low/b.h includes middle, which leads back to low"));
  CHECK(any_mentions(faults, "middle/a.cpp includes low, which leads back to middle"));
}

TEST_CASE("every row supports a case that tests run") {
  // A library's row asks its library what it supports, and the library asks the device: without one there is no answer.
  std::vector<Row> answering;
  std::copy_if(rows().begin(), rows().end(), std::back_inserter(answering),
               [](const Row& row) { return row.rank != baseline_rank || why_not(row.device).empty(); });
  const size_t unasked = rows().size() - answering.size();
  if (unasked) std::cout << "skipped: " << unasked << " baseline rows of devices that are not here\n";
  tally(0, 0, static_cast<long>(unasked));
  report(rows_without_case(answering, ops()), answering.size());
}

TEST_CASE("a row that no case reaches, and a row of an unknown op, are found") {
  OpInfo toy{};
  toy.name = "toy";
  static const int small = 1, big = 2;
  toy.cases = [] {
    const auto at = [](const int& p) { return std::shared_ptr<const void>(&p, [](const void*) {}); };
    return std::vector<ErasedCase>{{at(small), "small", Tag::edge}, {at(big), "big", Tag::bench}};
  };
  Row row = row_from("toy/cpu.cpp", Device::cpu);
  CHECK(rows_without_case({row}, {toy}).empty());
  row.supports = [](const void* p) { return *static_cast<const int*>(p) == 2; };  // only what benches time
  CHECK(any_mentions(rows_without_case({row}, {toy}), "supports none"));
  CHECK(any_mentions(rows_without_case({row}, {}), "no OpRegistration"));
}
