#include "kernels/optimizer/optimizer.h"

namespace duel {
namespace {

template <class F>
void each(OptimizerProblem& p, F&& f) {
  f.integer("total", p.total);
  f.integer("tensors", p.tensors);
  f.type(p.dtype);
  f.real("momentum", p.momentum, 0.0);
  f.real("alpha", p.alpha, 0.99);
  f.real("beta1", p.beta1, 0.9);
  f.real("beta2", p.beta2, 0.999);
  f.real("eps", p.eps, 1e-8);
  f.real("weight_decay", p.weight_decay, 0.0);
  f.flag("decoupled", p.decoupled);
  f.flag("copy", p.copy);
}
template <class F>
void each(IncrementProblem& p, F&& f) {
  DType type = DType::i32;
  f.integer("n", p.n);
  f.type(type);
}

template <class P>
std::string text_of(P p) {
  ProblemWriter writer;
  each(p, writer);
  return writer.text();
}

enum class Kind { sgd, rmsprop, adam };
int states_of(Kind kind, const OptimizerProblem& p) { return kind == Kind::adam ? 2 : kind == Kind::sgd && p.momentum == 0 ? 0 : 1; }

std::vector<Buffer> step_buffers(Kind kind, const OptimizerProblem& p) {
  std::vector<Buffer> buffers = {{"p", Role::inout, p.dtype, p.total}, {"g", Role::in, p.dtype, p.total}};
  const int states = states_of(kind, p);
  if (kind == Kind::adam) buffers.push_back({"m", Role::inout, p.dtype, p.total});
  if (states) buffers.push_back({"v", Role::inout, p.dtype, p.total, kind == Kind::sgd ? Fill::normal : Fill::positive});
  if (p.copy) buffers.push_back({"copy", Role::out, DType::bf16, p.total});
  buffers.push_back({"lr", Role::in, DType::f32, 1, Fill::probability});
  buffers.push_back({"step", Role::inout, DType::i32, 1, Fill::count});
  buffers.push_back({"ticket", Role::inout, DType::i32, 1, Fill::zero});
  return buffers;
}

// Parts of sizes 1 : 2 : 3 …, so that no two are alike and some are empty where there are more tensors than elements.
void bind_step(Kind kind, const OptimizerProblem& p, void* const* pointers, const std::function<void(const void*)>& use) {
  const int states = states_of(kind, p);
  void* const* at = pointers;
  char* params = static_cast<char*>(*at++);
  const char* grads = static_cast<const char*>(*at++);
  char* a = states > 0 ? static_cast<char*>(*at++) : nullptr;
  char* b = states > 1 ? static_cast<char*>(*at++) : nullptr;
  char* copy = p.copy ? static_cast<char*>(*at++) : nullptr;
  const int64_t size = static_cast<int64_t>(size_of(p.dtype)), whole = int64_t{p.tensors} * (p.tensors + 1) / 2;
  std::vector<OptimizerTensor> list;
  int64_t begin = 0;
  for (int64_t i = 1; i <= p.tensors; ++i) {
    const double share = static_cast<double>(i * (i + 1) / 2) / static_cast<double>(whole);
    const int64_t end = i == p.tensors ? p.total : static_cast<int64_t>(share * static_cast<double>(p.total));
    list.push_back({params + begin * size, grads + begin * size, a ? a + begin * size : nullptr, b ? b + begin * size : nullptr,
                    copy ? copy + begin * 2 : nullptr, end - begin});
    begin = end;
  }
  const OptimizerArgs args{list.data(), at[0], at[1], at[2]};
  use(&args);
}

std::vector<Case<OptimizerProblem>> step_cases(const std::vector<std::string>& options) {
  std::vector<Case<OptimizerProblem>> cases;
  auto add = [&](const std::string& text, Tag tag) { cases.push_back({OptimizerProblem::parse(text), tag}); };
  for (const std::string& option : options) {
    for (const char* dtype : {":f32", ":f64"}) {
      for (const char* sizes : {"total1tensors1", "total3tensors7", "total257tensors2", "total5000tensors5", "total4097tensors1",
                                "total70001tensors100"})  // more tensors than one launch takes
        add(std::string(sizes) + dtype + option, Tag::edge);
      add(std::string("total5000tensors5") + dtype + option + "/copy=1", Tag::edge);
    }
    add("total60000tensors14:f32" + option + "/copy=1", Tag::dcgan);
    add("total3576704tensors13:f32" + option, Tag::bench);  // DCGAN's generator at 64×64×3
    add("total3576704tensors13:f32" + option + "/copy=1", Tag::bench);
  }
  return cases;
}

}  // namespace

std::string OptimizerProblem::text() const { return text_of(*this); }
OptimizerProblem OptimizerProblem::parse(const std::string& text) {
  OptimizerProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.total < 0 || p.tensors < 1) fail(Failure::usage, "problem '" + text + "': total must be at least 0 and tensors at least 1");
  if (p.dtype != DType::f32 && p.dtype != DType::f64) fail(Failure::usage, "problem '" + text + "': an optimiser's dtype is f32 or f64");
  return p;
}

std::string IncrementProblem::text() const { return "n" + std::to_string(n) + ":i32"; }
IncrementProblem IncrementProblem::parse(const std::string& text) {
  IncrementProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.n < 1) fail(Failure::usage, "problem '" + text + "': n must be at least 1");
  return p;
}

std::vector<Buffer> SgdStep::buffers(const Problem& p) { return step_buffers(Kind::sgd, p); }
std::vector<Buffer> RmspropStep::buffers(const Problem& p) { return step_buffers(Kind::rmsprop, p); }
std::vector<Buffer> AdamStep::buffers(const Problem& p) { return step_buffers(Kind::adam, p); }
void SgdStep::bind(const Problem& p, void* const* pointers, const std::function<void(const void*)>& use) {
  bind_step(Kind::sgd, p, pointers, use);
}
void RmspropStep::bind(const Problem& p, void* const* pointers, const std::function<void(const void*)>& use) {
  bind_step(Kind::rmsprop, p, pointers, use);
}
void AdamStep::bind(const Problem& p, void* const* pointers, const std::function<void(const void*)>& use) {
  bind_step(Kind::adam, p, pointers, use);
}
std::vector<Case<OptimizerProblem>> SgdStep::cases() { return step_cases({"", "/momentum=0.9", "/momentum=0.9/weight_decay=0.01"}); }
std::vector<Case<OptimizerProblem>> RmspropStep::cases() { return step_cases({"", "/alpha=0.9/eps=1e-07/weight_decay=0.01"}); }
std::vector<Case<OptimizerProblem>> AdamStep::cases() {
  return step_cases({"", "/beta1=0.5", "/beta1=0/beta2=0.9", "/weight_decay=0.01", "/weight_decay=0.01/decoupled=1"});
}
double SgdStep::flops(const Problem& p) { return 6.0 * static_cast<double>(p.total); }
double RmspropStep::flops(const Problem& p) { return 11.0 * static_cast<double>(p.total); }
double AdamStep::flops(const Problem& p) { return 15.0 * static_cast<double>(p.total); }
int SgdStep::reduction(const Problem&) { return 4; }
int RmspropStep::reduction(const Problem&) { return 8; }
int AdamStep::reduction(const Problem&) { return 8; }

std::vector<Buffer> Increment::buffers(const Problem& p) { return {{"counter", Role::inout, DType::i32, p.n, Fill::count}}; }
std::vector<Case<IncrementProblem>> Increment::cases() {
  return {{{1}, Tag::edge}, {{2}, Tag::edge}, {{257}, Tag::edge}, {{1}, Tag::bench}};
}
double Increment::flops(const Problem& p) { return static_cast<double>(p.n); }
int Increment::reduction(const Problem&) { return 1; }

static const OpRegistration<SgdStep> sgd_step_op;
static const OpRegistration<RmspropStep> rmsprop_step_op;
static const OpRegistration<AdamStep> adam_step_op;
static const OpRegistration<Increment> increment_op;

}  // namespace duel
