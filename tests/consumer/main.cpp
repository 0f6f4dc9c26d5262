// Rows come along with an installed Duel, and a convolution picked from the registry is right. Last line: the tally.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/conv2d/conv2d.h"
#include "kernels/registry.h"

namespace {
int passed = 0, failed = 0;
void expect(bool holds, const std::string& what) {
  (holds ? passed : failed)++;
  if (!holds) std::printf("wrong: %s\n", what.c_str());
}

// y = conv(x, w) on whole numbers, so that every order of summation gives the same bits.
std::vector<float> convolve(const duel::Row& row, const duel::Conv2dProblem& problem) {
  std::vector<float> x(problem.x_count()), w(problem.w_count()), y(problem.y_count(), -1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
  for (size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i % 5) - 2;
  const duel::DeviceBackend& device = duel::backend(row.device);
  const size_t bytes = row.scratch(&problem);
  void* scratch = device.allocate(bytes);
  const duel::Conv2dFwd::Args args{x.data(), w.data(), y.data()};
  duel::run_row(row, &problem, &args, {scratch, bytes}, {});
  device.release(scratch, bytes);
  return y;
}
}  // namespace

int main() {
  int on_cpu = 0, on_sim = 0, reference = 0;
  for (const duel::Row& row : duel::rows()) {
    on_cpu += row.device == duel::Device::cpu && row.rank > duel::reference_rank;
    on_sim += row.device == duel::Device::sim;
    reference += row.rank == duel::reference_rank;
  }
  std::printf("%d reference rows, %d fast CPU rows, %d rows of the simulated GPU\n", reference, on_cpu, on_sim);
  expect(reference > 0, "no reference row is registered");
  expect(on_cpu > 0, "libduel_cpu's rows are not registered");
#ifdef DUEL_EXPECT_SIM
  expect(on_sim > 0, "libduel_sim's rows are not registered");
#endif

  const auto problem = duel::Conv2dProblem::parse("n2h8w8c4k3r4u2pad1:f32");
  const duel::Row* oracle = nullptr;
  const std::vector<duel::Row> convolutions = duel::rows_of(duel::Conv2dFwd::name);
  for (const duel::Row& row : convolutions)
    if (row.device == duel::Device::cpu && row.rank == duel::reference_rank) oracle = &row;
  expect(oracle != nullptr, "conv2d_fwd has no reference row");
  if (oracle) {
    const duel::Row& picked = duel::pick<duel::Conv2dFwd>(problem, duel::Device::cpu);
    const std::vector<float> wanted = convolve(*oracle, problem);
    expect(picked.rank > duel::reference_rank, "the reference was picked although there are fast rows");
    expect(convolve(picked, problem) == wanted, std::string("conv2d_fwd:") + picked.name + " differs from its reference");
    expect(std::any_of(wanted.begin(), wanted.end(), [](float v) { return v != 0; }), "the reference gave only zeros");
  }
  std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed != 0;
}
