#include "bench/step_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "engine/row_watch.h"
#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::bench {
namespace {

struct Ran {
  long calls = 0, launches = 0;
};

struct Listing : RowWatch {
  std::map<std::string, Ran> rows;  // by op, row and problem
  long before_it = 0;
  void before(const Row&, const std::string&, std::span<const Touched>) override { before_it = launches(); }
  void after(const Row& row, const std::string& problem, std::span<const Touched>) override {
    Ran& ran = rows[fmt::format("{}:{} {}", row.op, row.name, problem)];
    ++ran.calls, ran.launches += launches() - before_it;
  }
};

}  // namespace

nlohmann::json step_rows(const std::function<void()>& step) {
  Listing listing;
  step();
  nlohmann::json rows = nlohmann::json::array();
  long calls = 0, all = 0;
  for (const auto& [name, ran] : listing.rows) {
    fmt::print("{:>6} calls {:>6} launches  {}\n", ran.calls, ran.launches, name);
    rows.push_back({{"name", name}, {"calls", ran.calls}, {"launches", ran.launches}});
    calls += ran.calls, all += ran.launches;
  }
  fmt::print("{:>6} calls {:>6} launches\n", calls, all);
  return rows;
}

}  // namespace duel::bench
