#include "engine/grad.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/ops.h"

namespace duel {
namespace {

thread_local bool record_ops = true;
thread_local const void* known_one = nullptr;
thread_local uint64_t next_sequence = 1;

// Every computed tensor that `output` depends on, inputs before outputs.
std::vector<Tensor> computed_before(const Tensor& output) {
  std::vector<Tensor> found, stack{output};
  std::unordered_set<const void*> seen{output.id()};
  while (!stack.empty()) {
    const Tensor t = stack.back();
    stack.pop_back();
    if (!t.node()) continue;
    found.push_back(t);
    for (const Tensor& input : t.node()->inputs)
      if (input && seen.insert(input.id()).second) stack.push_back(input);
  }
  std::sort(found.begin(), found.end(), [](const Tensor& a, const Tensor& b) { return a.node()->sequence < b.node()->sequence; });
  return found;
}

void accumulate(Tensor& sum, const Tensor& g) {
  if (!sum) sum = g;
  else if (sum.dtype() == g.dtype()) sum = add(sum, g);
  else sum = add(cast(sum, accumulator_of(sum.dtype())), cast(g, accumulator_of(g.dtype())));
}

}  // namespace

KnownOne::KnownOne(const Tensor& one) : before_(known_one) { known_one = one.id(); }
KnownOne::~KnownOne() { known_one = before_; }
bool is_known_one(const Tensor& g) { return g.id() == known_one; }

bool recording() { return record_ops; }
NoGrad::NoGrad(bool stop) : before_(record_ops) { record_ops = record_ops && !stop; }
NoGrad::~NoGrad() { record_ops = before_; }

Tensor record(const char* op, Tensor out, Tensors inputs, Vjp vjp, bool wide_gradient) {
  if (record_ops) out.set_node(std::make_shared<Node>(Node{op, std::move(inputs), std::move(vjp), next_sequence++, wide_gradient}));
  return out;
}

Tensors grad(const Tensor& scalar, const Tensors& wrt, bool create_graph) {
  if (!scalar || scalar.count() != 1)
    fail(Failure::usage, "[grad] differentiates a scalar, not " + scalar.text() + "; sum() or mean() it first");
  Tensor one;
  {
    NoGrad stop;
    one = Tensor::full(scalar.shape(), 1, scalar.dtype(), scalar.device());
  }
  const KnownOne known(one);
  return vjp(scalar, one, wrt, create_graph);
}

Tensors vjp(const Tensor& output, const Tensor& seed, const Tensors& wrt, bool create_graph) {
  if (!output || !seed || seed.shape() != output.shape() || seed.dtype() != output.dtype() || seed.device() != output.device())
    fail(Failure::usage,
         fmt::format("[vjp] the gradient {} is not like the output {}; shape, dtype and device must be equal", seed.text(), output.text()));
  const std::vector<Tensor> order = computed_before(output);

  // What leads to a tensor that was asked for.
  std::unordered_set<const void*> asked, needed;
  for (const Tensor& t : wrt) asked.insert(t.id());
  needed = asked;
  for (const Tensor& t : order)
    for (const Tensor& input : t.node()->inputs)
      if (input && needed.count(input.id())) needed.insert(t.id());

  NoGrad stop(!create_graph);
  std::unordered_map<const void*, Tensor> gradients;
  if (needed.count(output.id())) gradients[output.id()] = seed;
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Tensor& out = *it;
    auto found = gradients.find(out.id());
    if (found == gradients.end()) continue;
    Tensor g = found->second;
    if (!asked.count(out.id())) gradients.erase(found);
    const Node& node = *out.node();
    unsigned bits = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (node.inputs[i] && needed.count(node.inputs[i].id())) bits |= 1u << i;
    if (!bits) continue;
    if (!node.vjp)
      fail(Failure::internal, fmt::format("[{}] has no derivative; the gradient stops here, and silence would make it wrong", node.op));
    if (g.dtype() != out.dtype() && !node.wide_gradient) g = cast(g, out.dtype());
    const Tensors input_gradients = node.vjp(out, g, Needs(bits));
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (!(bits >> i & 1) || !input_gradients[i]) continue;
      if (input_gradients[i].shape() != node.inputs[i].shape())
        fail(Failure::internal, fmt::format("[{}] the gradient of input {} is {}, but the input is {}", node.op, i,
                                            input_gradients[i].text(), node.inputs[i].text()));
      accumulate(gradients[node.inputs[i].id()], input_gradients[i]);
    }
  }

  Tensors result;
  for (const Tensor& t : wrt) {
    auto found = gradients.find(t.id());
    result.push_back(found != gradients.end() ? found->second : Tensor::zeros(t.shape(), accumulator_of(t.dtype()), t.device()));
  }
  return result;
}

}  // namespace duel
