// bench_step: one whole training step, in images a second, alone or in turns with PyTorch.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <omp.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "apps/support/train/tuned_file.h"
#include "bench/context.h"
#include "bench/result_output.h"
#include "bench/statistics.h"
#include "bench/step_models.h"
#include "bench/step_rows.h"
#include "bench/swap.h"
#include "bench/torch_peers.h"
#include "engine/graph.h"
#include "engine/tensor.h"
#include "engine/tf32.h"
#include "kernels/problem.h"
#include "kernels/registry.h"

using namespace duel;
using namespace duel::bench;

namespace {

struct Options {
  std::string model = "dcgan", device = "auto", precision = "f32", peer, peer_precision, swap;
  std::vector<std::string> peer_forms;
  StepOptions step;
  int rounds = 7;
  double seconds = 2;    // a round
  double tolerance = 0;  // 0: swap_tolerance()
  bool rows = false;
  bool tune = false, tune_baselines = false;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Ours, ready to run.
struct Ours {
  Device device;
  StepModel model;
  StepGraph graph;
  std::optional<RowTuner> tuner;
  std::vector<std::string> rows;
  long launches_a_step = 0;

  Ours(const Options& o, Device device) : device(device), model(make_step_model(o.model, o.step, device)), graph(device, model.step) {
    forget_rows_run();
    if (o.tune || o.tune_baselines) {
      TunedFile file(tuned_folder(), tuned_machine(device, o.tune_baselines), "bench_step");
      tuner.emplace(device);
      {
        const OpenTuner open(*tuner, file, {.baselines = o.tune_baselines});
        graph();
      }
      fmt::print("--tune: {}{}\n", tuner->summary(), file.keeps() ? "; kept in " + file.path().string() : "");
    } else {
      graph();
    }
    for (const Row* row : rows_run()) rows.push_back(fmt::format("{}:{}", row->op, row->name));
    const long before = launches();
    graph();  // on a GPU: recorded and played
    launches_a_step = launches() - before;
    backend(device).synchronise();
  }
  double seconds_per_step(int steps) {
    const double start = now();
    for (int i = 0; i < steps; ++i) graph();
    backend(device).synchronise();
    return (now() - start) / steps;
  }
};

nlohmann::json row(const std::string& name, int images, const std::vector<double>& seconds) {
  const double middle = median(seconds);
  return {{"name", name},
          {"run_name", name},
          {"run_type", "aggregate"},
          {"aggregate_name", "median"},
          {"iterations", seconds.size()},
          {"real_time", middle * 1e3},
          {"cpu_time", middle * 1e3},
          {"time_unit", "ms"},
          {"items_per_second", images / middle},
          {"all_seconds", seconds}};
}

void write(ResultOutput& output, const Options& o, Device device, const nlohmann::json& results) {
  if (!output.wanted()) return;
  nlohmann::json about = context(device);
  about["precision"] = o.precision;
  about["cpu_level"] = backend(Device::cpu).description();
  output.write({{"context", about}, {"benchmarks", results}});
}

// A line a form of the peer, those that failed with the reason, and how the fastest compares with ours.
void add_peers(const TorchPeers& peers, const Options& o, const std::string& name, int images, const std::vector<double>& our_times,
               nlohmann::json& results) {
  const std::string precision = o.peer_precision == o.precision ? "" : ", " + o.peer_precision;
  for (const TorchPeers::Form& form : peers.forms()) {
    const std::string called = form.name + precision;
    if (!form.why_not.empty()) {
      fmt::print("{:<52} not timed: {}\n", "  " + called, form.why_not);
      results.push_back({{"name", name + "/" + called}, {"error_occurred", true}, {"error_message", form.why_not}});
      continue;
    }
    results.push_back(row(name + "/" + called, images, form.seconds));
    results.back()["peak_mib"] = form.peer->peak_mib();
    fmt::print("{:<52} {:>10.1f} images/s {:>10.2f} ms a step {:>15} {:>7.0f} MiB at most\n", "  " + called, images / median(form.seconds),
               median(form.seconds) * 1e3, "", form.peer->peak_mib());
  }
  const TorchPeers::Form* best = peers.fastest();
  if (!best) fail(Failure::internal, "--peer torch: no form of it ran: " + peers.failures());
  const Ratio ratio = ratio_of_medians(best->seconds, our_times);
  results[0]["ratio_to_peer"] = {{"peer", best->name + precision}, {"value", ratio.value}, {"low", ratio.low}, {"high", ratio.high}};
  fmt::print("{:.2f}× the speed of {} at {} with {} threads, 95 % interval {:.2f} to {:.2f}, {} rounds in turns\n", ratio.value, best->name,
             o.peer_precision == o.precision ? o.precision : o.precision + " against " + o.peer_precision, omp_get_max_threads(), ratio.low,
             ratio.high, o.rounds);
}

int run(Options& o, ResultOutput& output) {
  o.step.precision = dtype_of_precision(o.precision);
  if (!o.peer.empty() && o.peer != "torch") fail(Failure::usage, "--peer " + o.peer + ": there is torch");
  if (o.peer_precision.empty()) o.peer_precision = o.precision;
  if (o.step.batch < 2 || o.rounds < 1 || !(o.seconds > 0))
    fail(Failure::usage, "--batch must be at least 2, --rounds at least 1 and --seconds above 0");
  refuse_slow_build();
  output.begin();
  const Device device = choose_device(o.device);
  set_default_device(device);
  const auto tf32 = in_tf32(o.precision, device);
  if (tf32 && (o.tune || o.tune_baselines))
    fail(Failure::usage, "--tune times rows of f32's accuracy, and --precision tf32 takes others; leave one out");
  const std::string python = o.peer.empty() ? "" : Peer::python_with_torch();
  if (!python.empty() && is_simulated(device)) fail(Failure::usage, "--peer torch: the simulated GPU is not timed");

  if ((o.tune || o.tune_baselines) && is_simulated(device)) fail(Failure::usage, "--tune: the simulated GPU is not timed");
  if (!o.swap.empty()) {
    if (is_simulated(device)) fail(Failure::usage, "--swap: the simulated GPU is not timed");
    const double tolerance = o.tolerance > 0 ? o.tolerance : swap_tolerance(o.step.precision);
    const Swapped swapped = swap_rows(
        {.op = o.swap, .model = o.model, .step = o.step, .rounds = o.rounds, .seconds = o.seconds, .tolerance = tolerance}, device);
    write(output, o, device, swapped.results);
    if (swapped.apart) fmt::print("{} of {} rows train otherwise than the one that is picked\n", swapped.apart, swapped.results.size() - 1);
    return swapped.apart ? static_cast<int>(Failure::internal) : 0;
  }
  if (o.rows) {
    const StepModel model = make_step_model(o.model, o.step, device);
    model.step();  // what is made once, in the first step, is not the step's
    write(output, o, device, step_rows(model.step, !is_simulated(device)));
    return 0;
  }
  Ours ours(o, device);
  const int images = ours.model.images;
  std::optional<TorchPeers> peers;
  if (!python.empty())
    peers.emplace(TorchOptions{.python = python,
                               .model = o.model,
                               .precision = o.peer_precision,
                               .forms = o.peer_forms,
                               .step = o.step,
                               .weights = ours.model.weights,
                               .device = device});

  const std::string name =
      fmt::format("{}/{}x{}x{}/b{}/{}/{}", o.model, o.step.size, o.step.size, o.step.channels, o.step.batch, o.precision, name_of(device));
  const int our_steps = std::max(1, static_cast<int>(o.seconds / ours.seconds_per_step(1)));
  if (peers) peers->plan(o.seconds);
  std::vector<double> our_times;
  for (int round = 0; round < o.rounds; ++round) {  // A B C A B C …
    our_times.push_back(ours.seconds_per_step(our_steps));
    if (peers) peers->round();
  }

  nlohmann::json results = nlohmann::json::array();
  results.push_back(row(name, images, our_times));
  results.back()["launches"] = ours.launches_a_step;
  results.back()["peak_mib"] = peak_mib();
  results.back()["rows"] = ours.rows;
  if (ours.tuner) results.back()["tuned"] = ours.tuner->table();
  fmt::print("{:<52} {:>10.1f} images/s {:>10.2f} ms a step {:>6} launches {:>7.0f} MiB at most\n", name, images / median(our_times),
             median(our_times) * 1e3, ours.launches_a_step, peak_mib());
  if (peers) add_peers(*peers, o, name, images, our_times, results);
  write(output, o, device, results);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times a whole training step of a model, such as a GAN's: D on real, D on fake, G.", "bench_step");
  Options o;
  app.add_option("--model", o.model, fmt::format("{}", fmt::join(step_models, ", ")))->capture_default_str();
  app.add_option("--size", o.step.size, "height and width of the images")->capture_default_str();
  app.add_option("--channels", o.step.channels, "1 to 4")->capture_default_str();
  app.add_option("--batch", o.step.batch, "images a batch")->capture_default_str();
  app.add_option("--nz", o.step.nz, "of a GAN: length of the noise vector")->capture_default_str();
  app.add_option("--ngf", o.step.ngf, "of a GAN: G's channels before its last layer")->capture_default_str();
  app.add_option("--ndf", o.step.ndf, "of a GAN: D's channels after its first layer")->capture_default_str();
  app.add_option("--precision", o.precision, "f32, tf32 (on a GPU) or bf16")->capture_default_str();
  app.add_option("--device", o.device, "cpu, cuda, sim, sim-checked or auto")->capture_default_str();
  app.add_option("--rounds", o.rounds, "turns, of which the median counts")->capture_default_str();
  app.add_option("--seconds", o.seconds, "a round")->capture_default_str();
  CLI::Option* swap = app.add_option("--swap", o.swap, "an op: the same training with each of its rows in turn, curves and times");
  app.add_option("--tolerance", o.tolerance,
                 fmt::format("of --swap: losses that lie further apart, relatively, are an error; {:g}, in bf16 {:g}",
                             swap_tolerance(DType::f32), swap_tolerance(DType::bf16)))
      ->check(CLI::PositiveNumber)
      ->needs(swap);
  CLI::Option* peer = app.add_option("--peer", o.peer, "torch: the same step in PyTorch, taking turns")->excludes(swap);
  app.add_option("--peer-forms", o.peer_forms,
                 fmt::format("of the peer: {}; otherwise eager, and on a GPU all of them", fmt::join(torch_forms, ", ")))
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(torch_forms), std::end(torch_forms))))
      ->needs(peer);
  app.add_option("--peer-precision", o.peer_precision, "f32, tf32 or bf16, where it is to be another than ours")
      ->check(CLI::IsMember({"f32", "tf32", "bf16"}))
      ->needs(peer);
  CLI::Option* rows =
      app.add_flag("--rows", o.rows, "list what the step runs, with calls, launches and, on a device that can be timed, milliseconds");
  rows->excludes(swap)->excludes(peer);
  app.add_flag("--tune", o.tune, "rows by their time here instead of by rank; winners are remembered for the next run that tunes")
      ->excludes(swap)
      ->excludes(rows);
  app.add_flag("--tune-baselines", o.tune_baselines, "the same, and libraries that are kept as a unit of measurement may win")
      ->excludes(swap)
      ->excludes(rows);
  ResultOutput output;
  output.add_flags(app);
  return run_main(argc, argv, app, [&] {
    for (const char* flag : {"--nz", "--ngf", "--ndf"})
      if (app.count(flag) && !is_gan(o.model)) fail(Failure::usage, fmt::format("{} is of GANs; --model {} has none", flag, o.model));
    return run(o, output);
  });
}
