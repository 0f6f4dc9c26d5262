// What an op says about itself besides its rows: its buffers, its cost and its table of cases. One table drives tests, gradient checks,
// the simulated device and benches; a bug fix adds the case that failed, so every row inherits it.
//
// An op is a struct:
//
//   struct Conv2dFwd {
//     using Problem = Conv2dProblem;
//     struct Args { const void *x, *w; void* y; };
//     static constexpr auto name = "conv2d_fwd";
//     static std::vector<Buffer> buffers(const Problem&);            // in the order of Args' pointers
//     static std::vector<Case<Problem>> cases();
//     static double flops(const Problem&);                           // useful operations
//     static int reduction(const Problem&);                          // terms added into one output: scales the tolerance
//
//     // Optional. True where small integers (−4…4, sums of their products below 2²⁴) must give the exact answer; else a tolerance
//     // decides on integers too. May also be a function of the problem.
//     static constexpr bool exact_on_integers = true;
//     // Optional. True where flops() counts nothing but multiplications, each with an addition: products executed can then be held against
//     // those that are useful.
//     static constexpr bool multiply_adds = true;
//     // Optional. Any valid problem, drawn with kernels/draw.h. Without it, tests vary the integers of the cases' problem strings.
//     static Problem random(uint64_t seed);
//   };
//
// and one line in the family's .cpp:   static const OpRegistration<Conv2dFwd> conv2d_fwd_op;
#pragma once
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace duel {

enum class Role { in, out, inout };
// How a test fills an input: what values the op is defined for.
enum class Fill { normal, positive, probability, index, zero, count };

struct Buffer {
  const char* name;
  Role role;
  DType dtype;
  int64_t count;  // elements
  Fill fill = Fill::normal;
  int64_t limit = 0;  // Fill::index draws from [0, limit)
  size_t bytes() const { return static_cast<size_t>(count) * size_of(dtype); }
};

// edge: small shapes at the borders (1, tile−1, tile, tile+1, primes).  dcgan: the shapes of the networks, at a batch a test can afford.
// bench: real sizes; benches time them, tests leave them alone.
enum class Tag { edge, dcgan, bench };
constexpr const char* tag_names[] = {"edge", "dcgan", "bench"};

template <class Problem>
struct Case {
  Problem problem;
  Tag tag = Tag::edge;
};

struct ErasedCase {
  std::shared_ptr<const void> problem;
  std::string text;
  Tag tag;
};

struct OpInfo {
  const char* name;
  std::function<std::vector<ErasedCase>()> cases;
  std::function<ErasedCase(const std::string& text)> parse;
  std::function<std::vector<Buffer>(const void* problem)> buffers;
  std::function<double(const void* problem)> flops;
  std::function<int(const void* problem)> reduction;
  // Builds Args from one pointer a buffer and hands it to `use`; what Args points at besides the buffers lives until `use` returns.
  std::function<void(const void* problem, void* const* pointers, const std::function<void(const void* args)>& use)> bind;
  std::function<bool(const void* problem)> exact_on_integers;
  bool multiply_adds;                               // flops() is two a multiplication
  bool plain_args;                                  // Args is the buffers' pointers, in their order
  std::function<ErasedCase(uint64_t seed)> random;  // empty where the op draws no problems of its own
};

void register_op(OpInfo info);
const std::vector<OpInfo>& ops();
const OpInfo& find_op(const std::string& name);               // throws Error(usage), listing the names
double minimum_bytes(const OpInfo& op, const void* problem);  // every buffer touched once (inout twice)

// Args is its pointers, in the order of buffers(): so of every op that brings no bind() of its own.
template <class Op>
concept PlainArgs = !requires {
  &Op::bind;
};

template <class Op>
struct OpRegistration {
  OpRegistration() {
    using P = typename Op::Problem;
    using A = typename Op::Args;
    OpInfo info;
    info.name = Op::name;
    info.cases = [] {
      std::vector<ErasedCase> erased;
      for (const auto& c : Op::cases()) erased.push_back({std::make_shared<const P>(c.problem), c.problem.text(), c.tag});
      return erased;
    };
    info.parse = [](const std::string& text) {
      auto problem = std::make_shared<const P>(P::parse(text));
      return ErasedCase{problem, problem->text(), Tag::edge};
    };
    info.buffers = [](const void* p) { return Op::buffers(*static_cast<const P*>(p)); };
    info.flops = [](const void* p) { return Op::flops(*static_cast<const P*>(p)); };
    info.reduction = [](const void* p) { return Op::reduction(*static_cast<const P*>(p)); };
    info.bind = [](const void* p, void* const* pointers, const std::function<void(const void*)>& use) {
      if constexpr (PlainArgs<Op>) {
        A args;
        std::memcpy(&args, pointers, sizeof args);
        use(&args);
      } else {
        Op::bind(*static_cast<const P*>(p), pointers, use);
      }
    };
    info.plain_args = PlainArgs<Op>;
    info.multiply_adds = requires { Op::multiply_adds; };
    info.exact_on_integers = []([[maybe_unused]] const void* p) -> bool {
      if constexpr (requires(const P& q) { Op::exact_on_integers(q); }) return Op::exact_on_integers(*static_cast<const P*>(p));
      else if constexpr (requires { Op::exact_on_integers; }) return Op::exact_on_integers;
      else return false;
    };
    if constexpr (requires(uint64_t seed) { Op::random(seed); })
      info.random = [](uint64_t seed) {
        auto problem = std::make_shared<const P>(Op::random(seed));
        return ErasedCase{problem, problem->text(), Tag::edge};
      };
    register_op(std::move(info));
  }
};

}  // namespace duel
