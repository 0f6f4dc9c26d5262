// A number that is none is found in the op that made it, whichever op that is.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <limits>
#include <map>
#include <set>

#include "engine/check_finite.h"
#include "engine/grad.h"
#include "engine/optim.h"
#include "tests/gradcheck.h"
#include "tests/mix_cases.h"
#include "tests/pipeline_support.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

using Work = std::function<void()>;

// Which ops some work runs and that write floating numbers.
struct Noting : RowWatch {
  std::set<std::string> ops;
  void before(const Row&, const std::string&, std::span<const Touched>) override {}
  void after(const Row& row, const std::string&, std::span<const Touched> touched) override {
    for (const Touched& t : touched)
      if (t.buffer.role != Role::in && is_floating(t.buffer.dtype) && t.data) ops.insert(row.op);
  }
};

// Spoils the last floating number that the first run of an op writes, and looks on.
struct Planting : CheckFinite {
  std::string op;
  explicit Planting(std::string op) : CheckFinite("step 7"), op(std::move(op)) {}
  void after(const Row& row, const std::string& problem, std::span<const Touched> touched) override {
    const Touched* last = nullptr;
    for (const Touched& t : touched)
      if (t.buffer.role != Role::in && is_floating(t.buffer.dtype) && t.data && t.buffer.count > 0) last = &t;
    if (row.op == op && last) {
      const size_t size = size_of(last->buffer.dtype);
      const double wide = std::numeric_limits<double>::quiet_NaN();
      const auto narrow = static_cast<float>(wide);
      const bf16 half(narrow);
      const void* nan = last->buffer.dtype == DType::f64    ? static_cast<const void*>(&wide)
                        : last->buffer.dtype == DType::bf16 ? &half
                                                            : static_cast<const void*>(&narrow);
      char* end = static_cast<char*>(const_cast<void*>(last->data)) + last->buffer.bytes();
      backend(row.device).copy_in(end - size, nan, size);
    }
    CheckFinite::after(row, problem, touched);
  }
};

std::vector<Work> everything() {
  std::vector<Work> all;
  std::vector<GradCase> differentiable = grad_cases();
  for (GradCase& c : mix_grad_cases()) differentiable.push_back(std::move(c));
  for (const GradCase& c : differentiable)
    all.emplace_back([c] {
      const Tensor y = c.f(c.inputs);
      const Tensors first = grad(sum(square(y)), c.inputs, create_graph);
      Tensor total;
      for (const Tensor& g : first) total = total ? total + sum(square(g)) : sum(square(g));
      grad(total, c.inputs);
    });
  for (const bool transposed : {false, true})
    all.emplace_back([transposed] {
      const ScopedVariant in_one_launch("conv2d_grads:ref,conv2d_dgrad_grads:ref");
      const Tensor x = noise({1, 4, 4, 3}, DType::f32), w = noise({3, 2, 2, 3}, DType::f32);
      grad(sum(square(transposed ? conv_transpose2d(x, w) : conv2d(x, w))), {x, w});
    });
  for (const bool transposed : {false, true})
    all.emplace_back([transposed] {
      const ScopedVariant joined(
          "normed_conv2d_fwd:ref,normed_conv2d_dgrad:ref,normed_conv2d_wgrad:ref,normed_conv2d_grads:ref,normed_conv2d_dgrad_grads:ref");
      const Tensor x = noise({2, 4, 4, 3}, DType::f32), w = noise({3, 2, 2, 3}, DType::f32);
      const ConvLink link{w, {}, transposed, {}, {Act::relu}}, last{w, {}, transposed, {}, {transposed ? Act::tanh : Act::relu}};
      grad(sum(square(conv_chain(x, {link, last}))), {x, w});
    });
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::rmsprop, OptimizerKind::adam})
    all.emplace_back([kind] {
      const Tensor p = Tensor::full({5}, 1, DType::f32, Device::cpu);
      Optimizer optimizer({.kind = kind, .lr = 0.1, .momentum = 0.9}, {p}, {Tensor::full({5}, 1, DType::bf16, Device::cpu)});
      optimizer.step({Tensor::full({5}, 1, DType::f32, Device::cpu)});
    });
  all.emplace_back([] {
    const Recipe recipe = parse_recipe("crop; hflip; color b=.2; erase");
    const Tensor x = noise({3, 8, 8, 3}, DType::u8);
    const Augmented a = augment(x, recipe, rng, epoch(1), ids(0, 3));
    replay(x, recipe, rng, a.record);
  });
  all.emplace_back([] {
    const Recipe recipe = parse_recipe("crop; hflip; color b=.2; erase");
    const Tensor x = noise({3, 8, 8, 3}, DType::f32);
    const Drawn drawn = draw_augmentation(x.shape(), recipe, rng, epoch(1), ids(0, 3));
    grad(sum(square(apply(x, recipe, drawn))), {x});
  });
  all.emplace_back([] { horizontal_flip(noise({2, 4, 4, 3}, DType::f32), Tensor::from({2}, {1, 0}, DType::i32, Device::cpu)); });
  all.emplace_back([] { Rng{1, RandomStream::test}.normal({9}, step_counter(1)); });
  return all;
}

}  // namespace

TEST_CASE("the op is named that makes a NaN, whichever it is") {
  std::map<std::string, Work> by_op;
  for (const Work& work : everything()) {
    Noting noting;
    work();
    for (const std::string& op : noting.ops) by_op.emplace(op, work);
  }
  for (const auto& named : by_op) {
    const std::string& op = named.first;
    std::string said;
    try {
      const Planting planting(op);
      named.second();
    } catch (const Error& e) {
      CHECK(e.kind == Failure::numeric);
      said = e.what();
    }
    CHECK_MESSAGE(said.starts_with("step 7: " + op + " of "), op << ": " << said);
    CHECK_MESSAGE(said.find("nan of numbers that are finite") != std::string::npos, op << ": " << said);
  }
  for (const OpInfo& op : ops()) {
    const std::vector<Buffer> buffers = op.buffers(op.cases()[0].problem.get());
    const bool floats =
        std::any_of(buffers.begin(), buffers.end(), [](const Buffer& b) { return b.role != Role::in && is_floating(b.dtype); });
    const std::string name = op.name;
    CAPTURE(name);
    CHECK(by_op.contains(name) == floats);
  }
}

TEST_CASE("a NaN that comes from outside is not blamed on the op that is given it, and nobody looks once the check is gone") {
  const Tensor x = Tensor::from({3}, {1, std::numeric_limits<double>::quiet_NaN(), 2}, DType::f32, Device::cpu);
  {
    const CheckFinite finite("step 1");
    CHECK_THROWS_WITH_AS(relu(x), doctest::Contains("is given x[1] = nan, and no op before it made that"), Error);
    const Tensor big = Tensor::full({2}, 1e38, DType::f32, Device::cpu);
    CHECK_THROWS_WITH_AS(big * 10.0, doctest::Contains("[0] = inf of numbers that are finite"), Error);
    CHECK(relu(Tensor::full({2}, -1, DType::f32, Device::cpu)).values() == std::vector<double>{0, 0});
  }
  relu(x);
}
