// bench_augment: a recipe applied to a batch, in images a second, beside a plain copy of the same bytes, alone or in turns with
// torchvision, kornia or OpenCV. Peers that take parameters get those that we drew, and their result is compared with ours before anything
// is timed.
#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "augment/pipeline.h"
#include "bench/context.h"
#include "bench/peer.h"
#include "bench/result_output.h"
#include "bench/statistics.h"
#include "kernels/draw.h"

using namespace duel;
using namespace duel::bench;

namespace {

struct Options {
  std::string aug = "rotate -15..15; crop; hflip; brightness .2; saturation .2; erase; normalize mean=.5 std=.5";
  std::string peers, device = "auto", to = "f32";
  int size = 256, result = 0, channels = 3, batch = 32, rounds = 7;
  double seconds = 1;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Smooth random images: what photographs are like for a cache, and what resampling twice does not tear apart.
std::vector<uint8_t> pictures(const Options& o) {
  std::vector<uint8_t> bytes(static_cast<size_t>(o.batch) * static_cast<size_t>(o.size * o.size * o.channels));
  size_t at = 0;
  for (int n = 0; n < o.batch; ++n) {
    Draw draw(static_cast<uint64_t>(n) + 1);
    double f[6];
    for (double& v : f) v = (2 + draw.between(0, 60)) / 10.0;
    for (int i = 0; i < o.size; ++i)
      for (int j = 0; j < o.size; ++j)
        for (int c = 0; c < o.channels; ++c) {
          const double u = static_cast<double>(j) / o.size, v = static_cast<double>(i) / o.size;
          bytes[at++] =
              static_cast<uint8_t>(127.5 + 60 * std::sin(f[c % 3] * 6 * u + f[3] * v) + 60 * std::cos(f[3 + c % 3] * 5 * v - f[0] * u));
        }
  }
  return bytes;
}

struct Ours {
  Recipe recipe;
  Rng rng{1, RandomStream::augment};
  AugmentOptions options;
  Tensor images, ids, epoch;

  explicit Ours(const Options& o, Device device) : recipe(parse_recipe(o.aug)) {
    options.h = options.w = o.result ? o.result : o.size;
    options.dtype = parse_dtype(o.to);
    images = Tensor::from_bytes({o.batch, o.size, o.size, o.channels}, DType::u8, pictures(o).data(), device);
    std::vector<double> numbers;
    for (int i = 0; i < o.batch; ++i) numbers.push_back(i);
    ids = Tensor::from({o.batch}, numbers, DType::i32, device);
    epoch = step_counter(1, device);
  }
  Augmented run() const { return augment(images, recipe, rng, epoch, ids, options); }
};

template <class F>
double seconds_of(Device device, int times, F&& f) {
  const double start = now();
  for (int i = 0; i < times; ++i) f();
  backend(device).synchronise();
  return (now() - start) / times;
}

void write_all(const std::filesystem::path& file, const void* data, size_t bytes) {
  std::ofstream(file, std::ios::binary).write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
}

// What a peer needs to do the same: the images, and each sample's steps with their values.
nlohmann::json plan_of(const Ours& ours, const Augmented& a) {
  nlohmann::json samples = nlohmann::json::array();
  for (const auto& steps : read_record(ours.recipe, a.record)) {
    nlohmann::json list = nlohmann::json::array();
    for (const AppliedStep& step : steps) {
      nlohmann::json values = nlohmann::json::object();
      for (const auto& [name, value] : step.values) values[name] = value;
      if (step.op != AugOp::none) list.push_back({{"op", name_of(step.op)}, {"values", values}});
    }
    samples.push_back(list);
  }
  nlohmann::json recipe = nlohmann::json::array();  // for peers that draw for themselves
  for (int i = 0; i < ours.recipe.steps; ++i) {
    const AugStep& s = ours.recipe.step[i];
    recipe.push_back(
        {{"op", name_of(s.op)}, {"p", s.p}, {"a", s.range[0].a}, {"b", s.range[0].b}, {"a1", s.range[1].a}, {"b1", s.range[1].b}});
  }
  return {{"samples", samples}, {"recipe", recipe}, {"mean", ours.recipe.mean}, {"std", ours.recipe.std}};
}

double mean_difference(const std::filesystem::path& file, const std::vector<double>& ours) {
  std::ifstream in(file, std::ios::binary);
  std::vector<float> theirs(ours.size());
  in.read(reinterpret_cast<char*>(theirs.data()), static_cast<std::streamsize>(theirs.size() * sizeof(float)));
  if (!in) fail(Failure::internal, file.string() + " is shorter than the batch");
  double sum = 0;
  for (size_t i = 0; i < ours.size(); ++i) sum += std::abs(ours[i] - static_cast<double>(theirs[i]));
  return sum / static_cast<double>(ours.size());
}

std::vector<std::string> names_of(const std::string& list) {
  std::vector<std::string> names;
  std::stringstream in(list);
  for (std::string name; std::getline(in, name, ',');) {
    if (name != "torchvision" && name != "kornia" && name != "opencv")
      fail(Failure::usage, "--peer " + name + ": there are torchvision, kornia and opencv");
    names.push_back(name);
  }
  return names;
}

int run(Options& o, ResultOutput& output) {
  if (o.to != "f32" && o.to != "bf16") fail(Failure::usage, "--to " + o.to + ": f32 or bf16");
  if (o.size < 2 || o.batch < 1 || o.rounds < 1 || !(o.seconds > 0) || o.channels < 1 || o.channels > 4)
    fail(Failure::usage, "--size is at least 2, --batch and --rounds at least 1, --channels 1 to 4, --seconds above 0");
  const std::vector<std::string> wanted = names_of(o.peers);
  refuse_slow_build();
  output.begin();
  const Device device = choose_device(o.device);
  set_default_device(device);
  if (is_simulated(device)) fail(Failure::usage, "--device " + o.device + ": the simulated GPU is not timed");
  const Ours ours(o, device);
  const Augmented first = ours.run();
  const std::string name = fmt::format("augment/{}x{}x{}/b{}/{}/{}", o.size, o.size, o.channels, o.batch, o.to, name_of(device));
  fmt::print("{}\n", text_of(ours.recipe));

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("duel-bench-augment-{}", ::getpid());
  std::filesystem::create_directories(folder);
  struct Cleanup {
    std::filesystem::path folder;
    ~Cleanup() { std::filesystem::remove_all(folder); }
  } cleanup{folder};
  std::vector<std::unique_ptr<Peer>> peers;
  if (!wanted.empty()) {
    const std::vector<uint8_t> bytes = pictures(o);
    write_all(folder / "images", bytes.data(), bytes.size());
    std::ofstream(folder / "plan.json") << plan_of(ours, first).dump();
    const std::vector<double> result = first.images.values();
    for (const std::string& peer : wanted) {
      const auto number = [](int64_t v) { return std::to_string(v); };
      peers.push_back(std::make_unique<Peer>(
          std::vector<std::string>{Peer::python_with_torch(), std::string(DUEL_SOURCE_DIR) + "/bench/peers/augment.py", "--peer", peer,
                                   "--folder", folder.string(), "--size", number(o.size), "--result", number(ours.options.h), "--channels",
                                   number(o.channels), "--batch", number(o.batch), "--threads", number(omp_get_max_threads())},
          peer));
      if (std::filesystem::exists(folder / peer))
        fmt::print("{}: the same parameters, mean |difference| from ours {:.4f} where one step of a byte is {:.4f}\n", peers.back()->name(),
                   mean_difference(folder / peer, result), 1 / (255.0 * ours.recipe.std[0]));
      else fmt::print("{}: draws parameters of its own, not compared\n", peers.back()->name());
    }
  }

  const Tensor from(first.images.shape(), first.images.dtype(), device);
  Tensor to(first.images.shape(), first.images.dtype(), device);
  const auto copy = [&] { to.assign(from); };
  const auto times_for = [&](double once) { return std::max(1, static_cast<int>(o.seconds / once)); };
  ours.run();
  const int our_times = times_for(seconds_of(device, 1, [&] { ours.run(); })), copy_times = times_for(seconds_of(device, 3, copy));
  std::vector<int> peer_times;
  for (auto& peer : peers) peer_times.push_back(times_for(peer->seconds_per_step(1)));
  std::vector<double> us, copies;
  std::vector<std::vector<double>> them(peers.size());
  for (int round = 0; round < o.rounds; ++round) {
    us.push_back(seconds_of(device, our_times, [&] { ours.run(); }));
    copies.push_back(seconds_of(device, copy_times, copy));
    for (size_t i = 0; i < peers.size(); ++i) them[i].push_back(peers[i]->seconds_per_step(peer_times[i]));
  }

  nlohmann::json results = nlohmann::json::array();
  const auto report = [&](const std::string& what, const std::vector<double>& seconds) {
    fmt::print("{:<60} {:>10.1f} images/s {:>10.3f} ms a batch\n", what, o.batch / median(seconds), median(seconds) * 1e3);
    results.push_back({{"name", what},
                       {"run_type", "aggregate"},
                       {"aggregate_name", "median"},
                       {"iterations", seconds.size()},
                       {"real_time", median(seconds) * 1e3},
                       {"cpu_time", median(seconds) * 1e3},
                       {"time_unit", "ms"},
                       {"items_per_second", o.batch / median(seconds)},
                       {"all_seconds", seconds}});
  };
  report(name, us);
  report(name + "/copy of the result", copies);
  for (size_t i = 0; i < peers.size(); ++i) report(name + "/" + peers[i]->name(), them[i]);
  for (size_t i = 0; i < peers.size(); ++i) {
    const Ratio ratio = ratio_of_medians(them[i], us);
    results[0]["ratios"].push_back({{"peer", peers[i]->name()}, {"value", ratio.value}, {"low", ratio.low}, {"high", ratio.high}});
    fmt::print("{:.2f}× the speed of {}, {} threads, 95 % interval {:.2f} to {:.2f}, {} rounds in turns\n", ratio.value, peers[i]->name(),
               omp_get_max_threads(), ratio.low, ratio.high, o.rounds);
  }
  if (output.wanted()) {
    nlohmann::json about = context(device);
    about["recipe"] = text_of(ours.recipe);
    output.write({{"context", about}, {"benchmarks", results}});
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times an augmentation recipe on a batch.", "bench_augment");
  Options o;
  app.add_option("--aug", o.aug, "the recipe")->capture_default_str();
  app.add_option("--size", o.size, "height and width of the images")->capture_default_str();
  app.add_option("--result", o.result, "height and width of the result; 0: as the images")->capture_default_str();
  app.add_option("--channels", o.channels, "1 to 4")->capture_default_str();
  app.add_option("--batch", o.batch, "images a batch")->capture_default_str();
  app.add_option("--to", o.to, "f32 or bf16")->capture_default_str();
  app.add_option("--device", o.device, "cpu, cuda or auto")->capture_default_str();
  app.add_option("--rounds", o.rounds, "turns, of which the median counts")->capture_default_str();
  app.add_option("--seconds", o.seconds, "a round")->capture_default_str();
  app.add_option("--peer", o.peers, "torchvision, kornia, opencv, or several by commas: the same recipe there, taking turns");
  ResultOutput output;
  output.add_flags(app);
  return run_main(argc, argv, app, [&] { return run(o, output); });
}
