// bench_step beside PyTorch, which a script plays here: which forms run, which is quoted, and what is said of those that fail.
#include <nlohmann/json.hpp>

#include "bench/step_models.h"
#include "tests/app_runs.h"
#include "tests/python.h"

using namespace duel::test;

namespace {

// Answers as bench/peers/torch_step.py does. Channels last is twice as fast, compiled fails when it is timed, reduce-overhead dies without
// a word, and graph cannot start.
constexpr const char* script = R"(#!/bin/bash
[ "$1" = -c ] && exit 0
while [ $# -gt 0 ]; do case $1 in --form) form=$2 ;; --layout) layout=$2 ;; --precision) precision=$2 ;; esac; shift; done
case $form in
  graph) echo "failed RuntimeError: graph needs a CUDA device"; exit 1 ;;
  reduce-overhead) exit 1 ;;
esac
echo "ready PyTorch 9.9"
while read -r word steps; do
  echo "$form $precision $layout $word $steps" >>"$DUEL_TEST_LOG"
  if [ $form = compiled ] && [ $layout = nchw ] && [ "$again" ]; then echo "failed ValueError: no more"; continue; fi
  again=1
  if [ $layout = nchw ]; then echo "20 2048"; else echo "10 2048"; fi
done
)";

struct Stand {
  TempFolder folder;
  fs::path log = folder / "log";
  Stand() {
    const fs::path python = folder.write("python", script);
    fs::permissions(python, fs::perms::owner_all);
    setenv("DUEL_PYTHON", python.c_str(), 1);
    setenv("DUEL_TEST_LOG", log.c_str(), 1);
  }
  ~Stand() { unsetenv("DUEL_PYTHON"), unsetenv("DUEL_TEST_LOG"); }
};

Outcome bench(std::vector<std::string> args) {
  const std::vector<std::string> small{"--device", "cpu", "--size", "8", "--channels", "1", "--batch",   "4",    "--model", "mlp",
                                       "--ngf",    "4",   "--ndf",  "4", "--rounds",   "2", "--seconds", "0.01", "--peer",  "torch"};
  args.insert(args.end(), small.begin(), small.end());
  return run_process(build_dir() / "bench" / "bench_step", args);
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every form takes turns, the fastest is quoted by name, and those that fail are named with the reason") {
  const Stand stand;
  const fs::path file = stand.folder / "step.json";
  const Outcome o = bench({"--peer-forms", "eager,compiled,reduce-overhead,graph", "--json", file.string()});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  for (const char* part : {"the speed of PyTorch 9.9, eager, channels_last at f32", "PyTorch, graph, nchw",
                           "not timed: RuntimeError: graph needs a CUDA device", "PyTorch 9.9, compiled, nchw",
                           "not timed: ValueError: no more", "reduce-overhead, nchw ended before it answered"})
    CHECK_MESSAGE(says(o.output, part), o.output << part);
  const auto results = nlohmann::json::parse(contents_of(file));
  REQUIRE(results["benchmarks"].size() == 4);  // ours, eager in two layouts, and compiled in one
  CHECK(results["benchmarks"][0]["ratio_to_peer"]["peer"] == "PyTorch 9.9, eager, channels_last");
  REQUIRE(results["not_timed"].size() == 5);
  for (const auto& failed : results["not_timed"]) CHECK(failed["error_message"] != "");
  const std::string ran = contents_of(stand.log);
  CHECK(says(ran, "eager f32 nchw run 1\neager f32 channels_last run 1\n"));
  CHECK_FALSE(says(ran, "graph"));
}

TEST_CASE("on a CPU the eager form is the only one asked for, and the peer may have a precision of its own") {
  const Stand stand;
  const fs::path file = stand.folder / "step.json";
  const Outcome o = bench({"--peer-precision", "tf32", "--json", file.string()});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK_MESSAGE(says(o.output, "eager, channels_last at f32 against tf32"), o.output);
  CHECK(nlohmann::json::parse(contents_of(file))["benchmarks"].size() == 3);
  const std::string ran = contents_of(stand.log);
  CHECK(says(ran, "eager tf32 nchw"));
  CHECK_FALSE(says(ran, "compiled"));
}

TEST_CASE("no form that runs, and no form of that name, are errors that say which") {
  const Stand stand;
  const Outcome none = bench({"--peer-forms", "graph"});
  CHECK(none.code == 1);
  CHECK_MESSAGE(says(none.errors, "no form of it ran: PyTorch, graph, nchw: RuntimeError: graph needs a CUDA device"), none.errors);
  const Outcome unknown = bench({"--peer-forms", "eager,fast"});
  CHECK(unknown.code == 2);
  CHECK_MESSAGE(says(unknown.errors, "fast"), unknown.errors);
}

TEST_CASE("PyTorch itself answers in turn, and says what it cannot do") {
  const std::string python = python_with("torch");
  if (python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  nlohmann::ordered_json weights;  // of a small-mlp
  weights["g"] = {{"0.w", {8, 4}}, {"0.bias", {8}}, {"1.w", {64, 8}}, {"1.bias", {64}}};
  weights["d"] = {{"0.w", {8, 64}}, {"0.bias", {8}}, {"1.w", {1, 8}}, {"1.bias", {1}}};
  const auto peer = [&](const std::string& form, const std::string& precision) {
    return run_python("/bin/sh", {"-c",          "printf 'run 1\\n' | \"$0\" \"$@\"",
                                  python,        source_dir() / "bench" / "peers" / "torch_step.py",
                                  "--model",     "small-mlp",
                                  "--size",      "8",
                                  "--channels",  "1",
                                  "--batch",     "4",
                                  "--nz",        "4",
                                  "--weights",   weights.dump(),
                                  "--precision", precision,
                                  "--layout",    "nchw",
                                  "--form",      form,
                                  "--device",    "cpu",
                                  "--threads",   "1"});
  };
  const Outcome eager = peer("eager", "f32");
  std::istringstream lines(eager.output);
  std::string hello;
  double seconds = 0, kib = 0;
  REQUIRE_MESSAGE(std::getline(lines, hello), eager.errors);
  CHECK_MESSAGE(hello.starts_with("ready PyTorch "), hello);
  CHECK(static_cast<bool>(lines >> seconds >> kib));
  CHECK(seconds > 0);
  CHECK(kib > 1000);
  CHECK(peer("graph", "f32").output == "failed RuntimeError: graph needs a CUDA device\n");
  CHECK(peer("eager", "tf32").output == "failed RuntimeError: tf32 needs a CUDA device\n");
  weights["d"]["label"] = {10, 8};
  weights["d"]["2.beta"] = {7};  // of nothing
  CHECK(peer("eager", "f32").output == "failed ValueError: d has 609 parameters here, and 616 with us\n");
}

TEST_CASE("PyTorch's own padding is that of Keras seen in a mirror") {
  const std::string python = python_with("torch");
  if (python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
  const Outcome o = run_python(python, {"-c", R"(
import sys
sys.path.insert(0, sys.argv[1])
import torch
from torch_nets import nets, quick
mirrored = lambda t: t.flip(2, 3)
for kind in (nets.Same, nets.SameTransposed):
    for kernel, stride in ((5, 2), (5, 1), (3, 2), (3, 1)):
        keras, x = kind(2, 3, kernel, stride), torch.randn(2, 2, 8, 12)
        ours = quick(keras, torch.contiguous_format)
        assert type(ours) in (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
        ours.weight.data, ours.bias.data = mirrored(keras.weight.data), keras.bias.data
        assert torch.allclose(ours(mirrored(x)), mirrored(keras(x)), atol=1e-5), (kind, kernel, stride)
)",
                                        (source_dir() / "bench" / "peers").string()});
  CHECK_MESSAGE(o.code == 0, o.errors);
}

TEST_SUITE("long") {
  TEST_CASE("PyTorch makes a step of every model with as many parameters as ours has") {
    const std::string python = python_with("torch");
    if (python.empty()) return skip("no python3 with torch (DUEL_PYTHON names one)");
    const TempFolder folder;
    const fs::path file = folder.path() / "step.json";
    setenv("DUEL_PYTHON", python.c_str(), 1);
    for (const char* model : duel::bench::step_models) {  // one that has another number says so and is not timed
      const Outcome o = run_process(build_dir() / "bench" / "bench_step",
                                    {"--device", "cpu", "--size", "12", "--channels", "3", "--batch", "4", "--rounds", "1", "--seconds",
                                     "0.01", "--model", model, "--peer", "torch", "--json", file.string()});
      REQUIRE_MESSAGE(o.code == 0, fmt::format("{}: {}", model, o.errors));
      const auto results = nlohmann::json::parse(contents_of(file));
      CHECK_MESSAGE(results["benchmarks"].size() == 3, fmt::format("{}: {}", model, o.output));
    }
  }
}
