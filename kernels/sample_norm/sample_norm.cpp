#include "kernels/sample_norm/sample_norm.h"

#include <algorithm>
#include <limits>

#include "kernels/draw.h"

namespace duel {
namespace {

constexpr const char* act_choices[] = {"none", "relu", "leaky_relu"};  // Act's first three

template <class F>
void each(SampleNormProblem& p, F&& f) {
  f.integer("n", p.n), f.integer("i", p.inner), f.integer("c", p.c);
  f.type(p.dtype);
  f.choice("over", p.over, norm_over_names);
  f.choice("act", p.act, act_choices);
  f.real("slope", p.slope, 0.0);
  f.real("eps", p.eps, 1e-5);
}

std::vector<Case<SampleNormProblem>> norm_cases() {
  std::vector<Case<SampleNormProblem>> cases;
  auto add = [&](const std::string& text, Tag tag) { cases.push_back({SampleNormProblem::parse(text), tag}); };
  for (const char* over : {"/over=layer", "/over=instance"}) {
    for (const char* type : {":f32", ":f64", ":bf16"}) {
      const std::string rest = std::string(type) + over;
      for (const char* text : {
               "n1i1c1",  // a deviation of zero
               "n3i2c1",
               "n2i130c130",  // one position
               "n3i65c1",
               "n5i15c3",
               "n300i60c20",  // more than one task of whole samples
               "n2i4099c1",
               "n3i4160c65",
               "n2i8481c33",
               "n2i33000c1",  // more than one chunk a sample
               "n2i33024c128",
               "n2i2056c257",
               "n1i70000c1000",
           })
        add(text + rest + "/act=leaky_relu/slope=0.2", Tag::edge);
      for (const char* text :
           {"n4i72c8", "n3i328c8", "n2i10000c40", "n1i18432c2048"})  // whole packs, of which a block's threads are no multiple
        add(text + rest + "/act=leaky_relu/slope=0.2", Tag::edge);
      for (const char* text : {"n4i291c3", "n3i1024c64"})
        for (const char* act : {"/act=none", "/act=relu"}) add(text + rest + act, Tag::edge);
      add("n5i100c20" + rest + "/act=none/eps=0.001", Tag::edge);
      for (const char* text : {"n4i8192c512", "n2i16384c64"}) add(text + rest + "/act=leaky_relu/slope=0.2", Tag::dcgan);
    }
    for (const char* type : {":f32", ":bf16"}) {
      add("n256i5160c40" + std::string(type) + over, Tag::edge);  // samples enough that one block keeps several packs a thread
      for (const char* text : {"n128i8192c512", "n128i16384c256", "n128i32768c128", "n128i65536c64"})
        add(std::string(text) + type + over + "/act=leaky_relu/slope=0.2", Tag::bench);
    }
  }
  // More samples than a backward pass has blocks, and than it has clusters.
  for (const char* text : {"n1100i128c8:f32/over=layer", "n210i1028c4:f32/over=instance"}) add(text, Tag::edge);
  for (const char* type : {":f32", ":bf16"}) add(std::string("n8192i512c512") + type + "/over=layer/act=none", Tag::bench);
  return cases;
}

Buffer channel(const SampleNormProblem& p, const char* name, Role role) { return {name, role, accumulator_of(p.dtype), p.c}; }
Buffer statistic(const SampleNormProblem& p, const char* name, Role role, Fill fill = Fill::normal) {
  return {name, role, accumulator_of(p.dtype), p.statistics(), fill};
}
Buffer full(const SampleNormProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.count()}; }

int at_most_int(int64_t terms) { return static_cast<int>(std::min<int64_t>(terms, std::numeric_limits<int>::max())); }

}  // namespace

std::string SampleNormProblem::text() const {
  ProblemWriter writer;
  SampleNormProblem copy = *this;
  each(copy, writer);
  return writer.text();
}

SampleNormProblem SampleNormProblem::parse(const std::string& text) {
  SampleNormProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.n < 1 || p.inner < 1 || p.c < 1 || p.inner % p.c != 0 || p.n > (int64_t{1} << 48) / p.inner)
    fail(Failure::usage, "problem '" + text + "': n, i and c must be at least 1, and c must divide i");
  if (!is_floating(p.dtype)) fail(Failure::usage, "problem '" + text + "': the dtype must be f32, bf16 or f64");
  return p;
}

std::vector<Buffer> SampleNormFwd::buffers(const Problem& p) {
  return {full(p, "x", Role::in),  channel(p, "gamma", Role::in),   channel(p, "beta", Role::in),
          full(p, "y", Role::out), statistic(p, "mean", Role::out), statistic(p, "invstd", Role::out)};
}
std::vector<Buffer> SampleNormBwd::buffers(const Problem& p) {
  return {full(p, "x", Role::in),       full(p, "gy", Role::in),         channel(p, "gamma", Role::in),
          channel(p, "beta", Role::in), statistic(p, "mean", Role::in),  statistic(p, "invstd", Role::in, Fill::positive),
          full(p, "gx", Role::out),     channel(p, "ggamma", Role::out), channel(p, "gbeta", Role::out)};
}
std::vector<Buffer> SampleNormDoubleBwd::buffers(const Problem& p) {
  return {full(p, "x", Role::in),
          full(p, "gy", Role::in),
          full(p, "u", Role::in),
          channel(p, "gamma", Role::in),
          channel(p, "beta", Role::in),
          statistic(p, "mean", Role::in),
          statistic(p, "invstd", Role::in, Fill::positive),
          full(p, "by_x", Role::out),
          full(p, "by_gy", Role::out),
          channel(p, "by_gamma", Role::out)};
}
std::vector<Case<SampleNormProblem>> SampleNormFwd::cases() { return norm_cases(); }
std::vector<Case<SampleNormProblem>> SampleNormBwd::cases() { return norm_cases(); }
std::vector<Case<SampleNormProblem>> SampleNormDoubleBwd::cases() { return norm_cases(); }
double SampleNormFwd::flops(const Problem& p) { return 8.0 * static_cast<double>(p.count()); }         // 1 mean, 3 deviation, 4 output
double SampleNormBwd::flops(const Problem& p) { return 14.0 * static_cast<double>(p.count()); }        // 6 for the sums, 8 for gx
double SampleNormDoubleBwd::flops(const Problem& p) { return 30.0 * static_cast<double>(p.count()); }  // 12 for the sums
int SampleNormFwd::reduction(const Problem& p) { return at_most_int(p.terms()); }
int SampleNormBwd::reduction(const Problem& p) { return at_most_int(std::max(p.terms(), p.n * p.positions())); }
int SampleNormDoubleBwd::reduction(const Problem& p) { return SampleNormBwd::reduction(p); }

SampleNormProblem SampleNormFwd::random(uint64_t seed) {
  Draw draw(seed);
  SampleNormProblem p;
  p.n = draw_size(draw), p.c = draw_size(draw), p.inner = p.c * draw_size(draw);
  p.over = draw.of({NormOver::layer, NormOver::instance}), p.act = draw.of({Act::none, Act::relu, Act::leaky_relu});
  p.dtype = draw.of({DType::f32, DType::f64, DType::bf16});
  if (p.act == Act::leaky_relu) p.slope = draw.between(1, 4) / 8.0;
  return p;
}
SampleNormProblem SampleNormBwd::random(uint64_t seed) { return SampleNormFwd::random(seed); }
SampleNormProblem SampleNormDoubleBwd::random(uint64_t seed) { return SampleNormFwd::random(seed); }

static const OpRegistration<SampleNormFwd> sample_norm_fwd_op;
static const OpRegistration<SampleNormBwd> sample_norm_bwd_op;
static const OpRegistration<SampleNormDoubleBwd> sample_norm_double_bwd_op;

}  // namespace duel
