// simprof: what a kernel asks of memory, line by line, counted on the simulated GPU. No GPU is needed, and the counts are the same each
// time.
#include <fmt/format.h>

#include <fstream>

#include "apps/support/command/cli.h"
#include "apps/support/command/flags.h"
#include "bench/sim_profile.h"
#include "kernels/error.h"

using namespace duel;

namespace {

struct Options {
  std::string op, variant, problem, json, html;
  bool source = false;
  uint64_t seed = 1;
};

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) fail(Failure::data, "cannot write " + path + "; is its folder there and writable?");
}

// What bench and tests take for a usual problem of the op: the first of the networks' shapes, else the last of the edge cases.
ErasedCase usual_problem(const OpInfo& op, const Row& row) {
  ErasedCase chosen;
  for (const ErasedCase& c : op.cases()) {
    if (c.tag == Tag::bench || !row.supports(c.problem.get())) continue;
    chosen = c;
    if (c.tag == Tag::dcgan) break;
  }
  if (!chosen.problem)
    fail(Failure::usage, std::string("[") + op.name + "] row " + row.name + " supports no case of the table; give --problem");
  return chosen;
}

int run(const Options& o) {
  backend(Device::sim_checked);
  const OpInfo& op = find_op(o.op);
  const Row* row = o.variant.empty() ? nullptr : find_row(op.name, o.variant.c_str(), Device::sim_checked);
  if (!o.variant.empty() && !row) {
    std::string names;
    for (const Row& r : rows_of(op.name))
      if (r.device == Device::sim_checked) names += (names.empty() ? "" : ", ") + std::string(r.name);
    fail(Failure::usage, "--variant " + o.variant + ": the rows of " + op.name + " on the simulated GPU are " + names);
  }
  if (!row) {  // the one that would be picked
    for (const Row& r : rows_of(op.name))
      if (r.device == Device::sim_checked && (!row || r.rank > row->rank)) row = find_row(op.name, r.name, Device::sim_checked);
    if (!row) fail(Failure::usage, std::string("[") + op.name + "] has no row on the simulated GPU");
  }
  const ErasedCase problem = o.problem.empty() ? usual_problem(op, *row) : op.parse(o.problem);
  const bench::SimProfile profile = bench::profile_row(op, problem, *row, o.seed);
  fmt::print("{}", bench::profile_table(profile));
  if (o.source) fmt::print("\n{}", bench::profile_source(profile));
  if (!o.json.empty()) write(o.json, bench::profile_json(profile).dump(1) + "\n");
  if (!o.html.empty()) write(o.html, bench::profile_page(profile));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Counts what a kernel asks of memory, line by line, on the simulated GPU: no GPU needed, the same numbers each time.",
               "simprof");
  Options o;
  app.add_option("--op", o.op, "such as conv2d_fwd")->required();
  app.add_option("--variant", o.variant, "a row, such as naive; the highest ranked one unless given");
  app.add_option("--problem", o.problem, "such as n2h8w8c3k16r4u2pad1:f32; one of the op's own unless given");
  app.add_option("--seed", o.seed, "of the data")->capture_default_str();
  app.add_flag("--source", o.source, "print the kernel's lines with their counters");
  app.add_option("--json", o.json, "write the counts here");
  app.add_option("--html", o.html, "write a page here");
  return run_main(argc, argv, app, [&] { return run(o); });
}
