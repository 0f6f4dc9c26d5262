#include "bench/ceilings.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "bench/contest.h"
#include "bench/statistics.h"
#include "bench/verify.h"
#include "engine/tensor.h"
#include "kernels/launch_probe.h"
#include "kernels/parallel.h"
#include "kernels/row_choice.h"

namespace duel::bench {
namespace {

constexpr int copies = 9;
constexpr size_t most_copied = size_t{256} << 20;  // far beyond caches

// Bytes a second, by the device's own copy; on the CPU by all threads, since rows have them too.
double copy_rate(Device device) {
  const DeviceBackend& d = backend(device);
  const size_t bytes = std::min(most_copied, d.free_memory() / 8 / chunk_elements * chunk_elements);
  if (bytes < chunk_elements) return 0;
  const Storage from(bytes, device), to(bytes, device);
  d.fill(from.data(), 1, bytes);
  const auto copy = [&] {
    if (device != Device::cpu) return d.copy(to.data(), from.data(), bytes);
    parallel_chunks(static_cast<int64_t>(bytes), int64_t{1} << 20, [&](int64_t begin, int64_t end, int64_t) {
      std::memcpy(static_cast<char*>(to.data()) + begin, static_cast<char*>(from.data()) + begin, static_cast<size_t>(end - begin));
    });
  };
  copy();  // its pages
  std::vector<double> seconds;
  for (int i = 0; i < copies; ++i) {
    d.synchronise();
    const auto start = std::chrono::steady_clock::now();
    void* mark = d.mark ? d.mark() : nullptr;
    copy();
    if (mark) {
      seconds.push_back(d.seconds_between(mark, d.mark()));
      continue;
    }
    d.synchronise();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2 * static_cast<double>(bytes) / median(seconds);
}

// By the lightest op that there is: one thread adds one.
double launch_cost(Device device, double seconds, uint64_t seed, bool cold) {
  if (!find_launch_probe(device)) return 0;
  const OpInfo& op = find_op("increment");
  const ErasedCase problem = op.parse("n1:i32");
  const Row* row = row_by_rank(op.name, problem.problem.get(), device);
  if (!row) return 0;
  const Timing timing = contest(op, problem, {*row}, {.seconds = seconds, .cold = cold, .seed = seed})[0];
  return timing.launches.empty() ? 0 : median(timing.seconds) / static_cast<double>(timing.launches.size());
}

}  // namespace

std::string precision_of(const Row& row, const std::string& problem) {
  const std::string name = row.name;
  if (name.find("three_tf32") != std::string::npos) return "3xtf32";
  if (name.find("tf32") != std::string::npos) return "tf32";
  return dtype_of(problem);
}

std::string dtype_of(const std::string& problem) {
  const size_t colon = problem.find(':');
  return colon == std::string::npos ? "f32" : problem.substr(colon + 1, problem.find('/', colon) - colon - 1);
}

Ceilings measure_ceilings(Device device, const std::set<std::string>& dtypes, double seconds, uint64_t seed, bool cold) {
  Ceilings c;
  c.copy = copy_rate(device);
  c.launch = launch_cost(device, seconds, seed, cold);
  const OpInfo& gemm = find_op("gemm");
  for (const std::string& dtype : dtypes) {
    const ErasedCase problem = gemm.parse((device == Device::cpu ? "m1024n1024k1024:" : "m4096n4096k4096:") + dtype);
    if (12 * minimum_bytes(gemm, problem.problem.get()) > static_cast<double>(backend(device).free_memory())) continue;
    Verifier verifier(gemm, problem, seed);
    std::vector<Row> right;
    for (const Row& row : rows_of("gemm"))
      if (row.device == device && row.rank != reference_rank && row.supports(problem.problem.get()) && verifier.verify(row).right)
        right.push_back(row);
    const std::vector<Timing> timings = contest(gemm, problem, right, {.seconds = seconds, .seed = seed});
    for (size_t i = 0; i < right.size(); ++i) {
      const double flops = gemm.flops(problem.problem.get()) / median(timings[i].seconds);
      Ceilings::Matrix& best = c.matrix[precision_of(right[i], problem.text)];
      if (flops > best.flops) best = {flops, right[i].name, problem.text};
    }
  }
  return c;
}

std::string Ceilings::text() const {
  std::string text = copy > 0 ? fmt::format("copy {:.1f} GB/s", copy * 1e-9) : "copy not measured";
  for (const auto& [precision, m] : matrix)
    text += fmt::format("; matrix product {} {:.1f} GFLOP/s ({})", precision, m.flops * 1e-9, m.row);
  if (launch > 0) text += fmt::format("; launch {:.1f} µs", launch * 1e6);
  return text;
}

nlohmann::json Ceilings::json() const {
  nlohmann::json json{{"copy_GB/s", copy * 1e-9}};
  if (launch > 0) json["launch_us"] = launch * 1e6;
  for (const auto& [precision, m] : matrix)
    json["matrix"][precision] = {{"GFLOP/s", m.flops * 1e-9}, {"row", m.row}, {"problem", m.problem}};
  return json;
}

}  // namespace duel::bench
