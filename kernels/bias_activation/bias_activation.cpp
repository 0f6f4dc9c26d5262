#include "kernels/bias_activation/bias_activation.h"

#include <algorithm>
#include <limits>

#include "kernels/draw.h"

namespace duel {
namespace {

using P = BiasActivationProblem;

std::vector<Case<P>> bias_cases() {
  std::vector<Case<P>> cases;
  auto add = [&](const std::string& text, Tag tag) { cases.push_back({P::parse(text), tag}); };
  constexpr const char* acts[] = {"/act=none", "/act=relu", "/act=leaky_relu/slope=0.2", "/act=tanh", "/act=sigmoid"};
  for (const char* dtype : {":f32", ":f64", ":bf16"}) {
    for (const char* text : {"rows0c3", "rows1c1", "rows1c130", "rows5c3", "rows97c3", "rows63c65", "rows31c16", "rows257c8"})
      for (const char* act : acts) add(std::string(text) + dtype + act, Tag::edge);
    // Around a tile and a chunk of the CUDA rows; more than a block of the CPU's, in rows and in columns.
    for (const char* text :
         {"rows257c33", "rows1031c24", "rows129c64", "rows33000c1", "rows2049c32", "rows129c260", "rows70c1025", "rows65c4104"})
      add(std::string(text) + dtype + "/act=leaky_relu/slope=0.2", Tag::edge);
    add(std::string("rows100c8") + dtype + "/act=leaky_relu/slope=1.5", Tag::edge);
    add(std::string("rows100c8") + dtype + "/act=leaky_relu", Tag::edge);  // a slope of 0
    for (const char* text : {"rows2048c32", "rows16c1024"})
      for (const char* act : {"/act=relu", "/act=leaky_relu/slope=0.2"}) add(std::string(text) + dtype + act, Tag::dcgan);
  }
  for (const char* dtype : {":f32", ":bf16"}) {
    for (const char* text : {"rows524288c32", "rows131072c64", "rows131072c32", "rows32768c64", "rows128c16384"})  // a VAE's
      add(std::string(text) + dtype + "/act=relu", Tag::bench);
    for (const char* text : {"rows262144c64", "rows65536c128", "rows16384c256"})  // an SN-GAN's D, real and generated images
      add(std::string(text) + dtype + "/act=leaky_relu/slope=0.2", Tag::bench);
    add(std::string("rows524288c64") + dtype + "/act=tanh", Tag::bench);
  }
  return cases;
}

Buffer full(const P& p, const char* name, Role role, Fill fill = Fill::normal) { return {name, role, p.dtype, p.count(), fill}; }

P random_problem(uint64_t seed) {
  Draw draw(seed);
  P p;
  p.rows = int64_t{draw_size(draw)} * draw_size(draw), p.c = draw_size(draw) * draw.of({1, 1, 4, 8});
  p.act = draw.of({Act::none, Act::relu, Act::leaky_relu, Act::tanh, Act::sigmoid});
  p.slope = p.act == Act::leaky_relu ? draw.between(0, 6) / 4.0 : 0;
  p.dtype = draw.of({DType::f32, DType::f64, DType::bf16});
  return p;
}

}  // namespace

std::string P::text() const { return problem_text(*this); }
P P::parse(const std::string& text) {
  const P p = parse_problem<P>(text);
  if (p.rows < 0 || p.c < 1 || p.rows > (int64_t{1} << 48) / p.c || !is_floating(p.dtype))
    fail(Failure::usage, "problem '" + text + "': rows must be at least 0, c at least 1, and the dtype f32, bf16 or f64");
  if (!act_told_by_output(p.act, p.slope))
    fail(Failure::usage, "problem '" + text + "': act must be none, relu, leaky_relu with a slope of 0 or more, tanh or sigmoid");
  return p;
}

std::vector<Buffer> BiasActivation::buffers(const P& p) {
  return {full(p, "x", Role::in), {"b", Role::in, p.dtype, p.c}, full(p, "y", Role::out)};
}
std::vector<Buffer> BiasActivationGrad::buffers(const P& p) {
  return {full(p, "y", Role::in, p.act == Act::sigmoid ? Fill::probability : Fill::normal),
          full(p, "g", Role::in),
          full(p, "gx", Role::out),
          {"gb", Role::out, accumulator_of(p.dtype), p.c}};
}
std::vector<Case<P>> BiasActivation::cases() { return bias_cases(); }
std::vector<Case<P>> BiasActivationGrad::cases() { return bias_cases(); }
P BiasActivation::random(uint64_t seed) { return random_problem(seed); }
P BiasActivationGrad::random(uint64_t seed) { return random_problem(seed); }
double BiasActivation::flops(const P& p) { return 2.0 * static_cast<double>(p.count()); }
double BiasActivationGrad::flops(const P& p) { return 3.0 * static_cast<double>(p.count()); }
int BiasActivation::reduction(const P&) { return 1; }
int BiasActivationGrad::reduction(const P& p) { return static_cast<int>(std::clamp<int64_t>(p.rows, 1, std::numeric_limits<int>::max())); }
bool BiasActivation::exact_on_integers(const P& p) { return p.act == Act::none || p.act == Act::relu || p.act == Act::leaky_relu; }
// `y` is an integer there, not a function of one; but the sum of what a slope has made of integers depends on its order.
bool BiasActivationGrad::exact_on_integers(const P& p) { return p.act != Act::leaky_relu; }

static const OpRegistration<BiasActivation> bias_activation_op;
static const OpRegistration<BiasActivationGrad> bias_activation_grad_op;

}  // namespace duel
