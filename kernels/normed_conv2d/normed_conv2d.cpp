#include "kernels/normed_conv2d/normed_conv2d.h"

#include "kernels/draw.h"

namespace duel {
namespace {

using P = NormedConv2dProblem;

constexpr const char* acts[] = {"none", "relu", "leaky_relu"};  // Act's first three
constexpr const char* operands[] = {"x", "gy"};

template <class F>
void each_option(P& p, F&& f) {
  f.choice("act", p.act, acts);
  f.real("slope", p.slope, 0.0);
  f.flag("norm", p.norm);
  f.flag("statistics", p.statistics);
  double groups = p.groups;
  f.real("groups", groups, 1.0);
  p.groups = groups >= 1 && groups < 1 << 30 && groups == static_cast<int>(groups) ? static_cast<int>(groups) : 0;
  f.real("eps", p.eps, 1e-5);
  f.real("momentum", p.momentum, 0.1);
  if (p.of != NormedOperand::x || std::is_same_v<std::decay_t<F>, ProblemReader>) f.choice("of", p.of, operands);
  f.flag("input_only", p.input_only);
  f.flag("bias", p.bias);
  if (p.then != Act::none || std::is_same_v<std::decay_t<F>, ProblemReader>) f.choice("then", p.then, act_names);
  f.real("then_slope", p.then_slope, 0.0);
}

// What is loaded with the norm on it, and what is stored with its statistics: channels a group.
struct Sides {
  int loaded, stored;
};

std::vector<Buffer> norm_buffers(const P& p, int channels) {
  const DType wide = accumulator_of(p.conv.dtype);
  const int64_t c = p.norm ? channels : 0, all = c * p.groups;
  return {{"mean", Role::in, wide, all},
          {"invstd", Role::in, wide, all, Fill::positive},
          {"gamma", Role::in, wide, c},
          {"beta", Role::in, wide, c}};
}
Buffer tickets_buffer(int64_t count) { return {"tickets", Role::inout, DType::i32, count, Fill::zero}; }
std::vector<Buffer> statistics_buffers(const P& p, int channels) {
  const DType wide = accumulator_of(p.conv.dtype);
  const int64_t c = p.statistics ? channels : 0, all = c * p.groups;
  return {{"out_mean", Role::out, wide, all},
          {"out_invstd", Role::out, wide, all},
          {"running_mean", Role::inout, wide, c},
          {"running_var", Role::inout, wide, c, Fill::positive},
          tickets_buffer(p.statistics ? most_tickets : 0)};
}

void add(std::vector<Buffer>& all, const std::vector<Buffer>& more) { all.insert(all.end(), more.begin(), more.end()); }

struct Asks {  // what an op of the five asks for beside a convolution
  bool statistics = false, bias = false, operand = false, pair = false, then = false;
};
constexpr Asks by_fwd{.statistics = true, .bias = true}, by_dgrad{.statistics = true, .bias = true, .then = true},
    by_wgrad{.operand = true}, by_grads{.pair = true}, by_dgrad_grads{.pair = true, .then = true};

// Few channels of x: G's last layer, and where tiles, chunks, blocks of channels and groups of parts end.
constexpr const char* few_channels[] = {
    "n2h64w64c3k16r4u2pad1:f32/act=relu/norm=1",
    "n2h33w20c1k8r3u2pad1:f32/act=relu/norm=1",
    "n4h10w7c2k36r4u2pad1:f32/act=leaky_relu/slope=0.2/norm=1/groups=2",
    "n1h17w19c4k12r3pad1:f32/act=none/norm=1",
    "n2h9w33c3k68r2u1v2top1left0p9q16:f32/act=relu/norm=1/groups=2",
    "n80h12w12c1k24r3pad1:f32/act=relu/norm=1/groups=4",
    "n1h21w34c3k20r5u2pad2:f32/act=leaky_relu/slope=0.2/norm=0",
    "n2h32w32c3k16r4u2pad1:bf16/act=relu/norm=1",
    "n4h10w7c2k40r4u2pad1:bf16/act=leaky_relu/slope=0.2/norm=1/groups=2",
    "n1h17w19c4k8r2:bf16/act=none/norm=1",
    "n1h21w34c1k24r5u2pad2:bf16/act=leaky_relu/slope=0.25/norm=0",
};

// A bias and an activation behind, of either kind of convolution: where tiles and channels end, large tiles, few channels, one output.
std::vector<Case<P>> cases_behind() {
  std::vector<Case<P>> cases;
  const auto take = [&](const std::string& text) { cases.push_back({P::parse(text), Tag::edge}); };
  constexpr const char* all[] = {"/bias=1",           "/then=relu",          "/bias=1/then=relu", "/bias=1/then=leaky_relu/then_slope=0.25",
                                 "/bias=1/then=tanh", "/bias=1/then=sigmoid"};
  for (const std::string dtype : {":f32", ":bf16", ":f64"}) {
    for (const char* text : {
             "n4h9w7c24k40r3u2pad1",               // tiles with rests, phases of unequal sizes
             "n2h33w20c1k8r3u2pad1",               // few channels of x
             "n2h14w19c3k16r4u2pad1",              //
             "n6h3w2c24k1r3s2", "n70h4w4c40k1r4",  // one output
         })
      for (const char* how : all) take(text + dtype + how);
    for (const char* text : {
             "n1h1w1c1k1r1",
             "n2h5w4c3k5r3pad1",                  // channels in no chunks
             "n2h6w5c8k16r3s2u2v1top0left1p3q5",  //
             "n2h5w5c8k8r1u2",                    // phases that no tap reaches: their pixels are the bias
             "n1h3w3c8k8r3pad2",                  // more output than input
             "n5h9w8c72k136r1",                   // several tiles either way
             "n3h7w9c4k12r3u2pad1",               // chunks of four
             "n1h17w35c2k20r3pad1",               // few channels: a tile's last columns
             "n1h41w24c3k66r4u2pad1",             // two blocks of channels out, the last of them not whole
             "n1h66w66c3k36r4u2pad1",             // one past tiles of 16 and 32 pixels
             "n2h34w19c4k33r4s2u1v2top1left0p33q10",
         })
      for (const char* how : {"/bias=1", "/bias=1/then=leaky_relu/then_slope=0.25"}) take(text + dtype + how);
    // Behind a convolution of what a norm leaves.
    take("n2h16w20c3k16r4u2pad1" + dtype + "/act=relu/norm=1/bias=1/then=sigmoid");
    take("n4h10w7c2k40r4u2pad1" + dtype + "/act=leaky_relu/slope=0.25/norm=1/groups=2/bias=1");
    take("n6h3w2c24k1r3s2" + dtype + "/act=leaky_relu/slope=0.25/norm=1/groups=2/bias=1");
    take("n4h9w7c24k40r3u2pad1" + dtype + "/act=relu/norm=1/bias=1/then=relu");
  }
  for (const std::string dtype : {":f32", ":bf16"})
    for (const char* text : {"n4h64w64c8k72r1", "n4h64w64c72k8r2u2"})  // enough tiles for the large ones, forward and transposed
      take(text + dtype + "/bias=1/then=leaky_relu/then_slope=0.25");
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* text : {"n128h64w64c3k64r4u2pad1", "n128h32w32c64k128r4u2pad1", "n128h16w16c128k256r4u2pad1"})
      cases.push_back({P::parse(std::string(text) + dtype + "/bias=1/then=leaky_relu/then_slope=0.2"), Tag::bench});
  return cases;
}

std::vector<Case<P>> cases_of(Asks asks) {
  std::vector<Case<P>> cases;
  const auto take = [&](const std::string& text, Tag tag) {
    if (asks.operand) {
      for (const char* of : {"/of=x", "/of=gy"}) cases.push_back({P::parse(text + of), tag});
    } else {
      cases.push_back({P::parse(text), tag});
    }
  };
  const char* statistics = asks.statistics ? "/statistics=1" : "";
  for (const char* dtype : {":f32", ":f64"}) {
    for (const char* text : {
             "n1h1w1c1k1r1", "n2h5w4c3k5r3pad1", "n4h7w6c4k8r4u2pad1",
             "n2h8w8c16k24r4u2pad1",  // phases
             "n4h9w7c24k40r3u2pad1",  // phases of unequal sizes, and tiles with rests
             "n2h6w5c8k16r3s2u2v1top0left1p3q5",
             "n4h4w4c64k8r4",     // an image a pixel of y
             "n2h5w5c8k8r1u2",    // phases that no tap reaches
             "n1h3w3c8k8r3pad2",  // more output than input
             "n5h9w8c72k136r1",   // several tiles either way
         })
      for (const char* how : {"/act=relu/norm=1", "/act=leaky_relu/slope=0.2/norm=0"})
        take(std::string(text) + dtype + how + statistics, Tag::edge);
    // Groups, whose pixels fill whole tiles of 64, or do not.
    for (const char* text : {"n4h16w16c16k32r4u2pad1", "n6h5w4c8k8r3pad1", "n2h8w8c8k8r3pad1"})
      take(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/norm=1" + statistics + "/groups=2", Tag::edge);
    take(std::string("n2h8w8c16k8r3pad1") + dtype + "/act=none/norm=1/eps=0.001/momentum=0.3" + statistics, Tag::edge);
    take(std::string("n2h8w8c16k8r3pad1") + dtype + "/act=relu/norm=1", Tag::edge);  // nobody asks for statistics
    for (const char* text : {"n2h32w32c16k32r4u2pad1", "n2h16w16c32k64r4u2pad1", "n2h8w8c64k128r4u2pad1"})
      take(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/norm=1" + statistics + "/groups=2", Tag::dcgan);
    // One output, of the whole image: D's last layer.
    for (const char* text : {"n4h1w1c4k1r1", "n6h3w2c12k1r3s2", "n2h1w2c1028k1r1s2", "n70h4w4c20k1r4"})
      for (const char* how : {"/act=leaky_relu/slope=0.2/norm=1/groups=2", "/act=relu/norm=0"})
        take(std::string(text) + dtype + how, Tag::edge);
  }
  // Chunks of eight channels. A slope that is a power of two moves nothing by more than the digit in which two right sums may differ.
  for (const char* text : {"n2h8w8c16k24r4u2pad1", "n4h9w7c24k40r3u2pad1", "n2h6w5c8k16r3s2u2v1top0left1p3q5", "n2h5w5c8k8r1u2",
                           "n1h3w3c8k8r3pad2", "n5h9w8c72k136r1"})
    for (const char* how : {"/act=relu/norm=1", "/act=leaky_relu/slope=0.25/norm=0"})
      take(std::string(text) + ":bf16" + how + statistics, Tag::edge);
  for (const char* text : {"n4h16w16c16k32r4u2pad1", "n2h16w16c32k64r4u2pad1", "n6h5w4c8k8r3pad1"})
    take(std::string(text) + ":bf16/act=leaky_relu/slope=0.2/norm=1" + statistics + "/groups=2", Tag::edge);
  for (const char* text : {"n6h3w2c24k1r3s2", "n2h1w2c2056k1r1s2", "n70h4w4c40k1r4"})
    for (const char* how : {"/act=leaky_relu/slope=0.2/norm=1/groups=2", "/act=leaky_relu/slope=0.25/norm=0"})
      take(std::string(text) + ":bf16" + how, Tag::edge);
  take("n40h4w4c512k1r4:f32/act=leaky_relu/slope=0.2/norm=1/groups=2", Tag::dcgan);
  if (asks.pair)
    for (const char* text : {"n2h8w8c16k24r4u2pad1:f32", "n4h9w7c24k40r3u2pad1:f64", "n2h16w16c64k32r4u2pad1:f32", "n2h4w4c16k1r4:f32",
                             "n4h9w7c24k40r3u2pad1:bf16"})
      for (const char* how : {"/act=relu/norm=1", "/act=leaky_relu/slope=0.25/norm=0"})
        cases.push_back({P::parse(std::string(text) + how + "/input_only=1"), Tag::edge});
  for (const char* text : few_channels) {
    take(text, Tag::edge);
    if (asks.then)
      for (const char* then : {"/then=tanh", "/then=sigmoid"}) take(std::string(text) + then, Tag::edge);
  }
  if (asks.then) take("n2h6w6c3k8r4u2pad1:f64/act=relu/norm=1/then=tanh", Tag::edge);
  if (asks.bias)
    for (const Case<P>& behind : cases_behind()) cases.push_back(behind);
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* text : {"n256h32w32c64k128r4u2pad1", "n256h16w16c128k256r4u2pad1", "n256h8w8c256k512r4u2pad1"})
      take(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/norm=1" + statistics + "/groups=2", Tag::bench);
  return cases;
}

P random_problem(uint64_t seed, Asks asks) {
  Draw draw(seed);
  constexpr int strides[] = {1, 2, 2, 3};
  constexpr int kernels[] = {1, 2, 3, 4, 4};
  constexpr DType types[] = {DType::f32, DType::f32, DType::bf16, DType::f64};
  P p;
  Conv2dProblem& d = p.conv;
  d.dtype = draw.of(types);
  p.groups = draw.between(1, 3);
  d.n = p.groups * draw.between(1, 2);
  d.c = draw.chance(5) ? draw.between(1, 3) : 8 * draw.between(1, 10), d.k = 8 * draw.between(1, 10);
  d.h = draw.between(1, 9), d.w = draw.between(1, 9);
  d.r = draw.of(kernels), d.s = draw.chance(2) ? d.r : draw.of(kernels);
  d.u = draw.of(strides), d.v = draw.chance(2) ? d.u : draw.of(strides);
  d.top = draw.between(0, d.r), d.left = draw.between(0, d.s);
  d.p = std::max(1, (d.h + d.top - d.r) / d.u + draw.between(0, 2)), d.q = std::max(1, (d.w + d.left - d.s) / d.v + draw.between(0, 2));
  constexpr Act some[] = {Act::none, Act::relu, Act::leaky_relu};
  p.act = draw.of(some);
  if (p.act == Act::leaky_relu) p.slope = 0.25;
  p.norm = !draw.chance(4);
  p.statistics = asks.statistics && !draw.chance(3);
  p.input_only = asks.pair && draw.chance(4);
  if (draw.chance(6)) d.k = 1, d.p = d.q = 1, d.r = d.h, d.s = d.w, d.top = d.left = 0, p.statistics = false;  // D's last layer
  if (p.statistics || !(asks.bias || asks.then)) return p;
  if (!asks.bias) {
    p.then = draw.of({Act::none, Act::tanh, Act::sigmoid});
    return p;
  }
  p.bias = draw.chance(2), p.then = draw.of({Act::none, Act::relu, Act::leaky_relu, Act::tanh, Act::sigmoid});
  if (p.then == Act::leaky_relu) p.then_slope = 0.25;
  if (!draw.chance(4)) p.act = Act::none, p.slope = 0, p.norm = false;  // nothing on what is loaded
  return p;
}

Buffer x_buffer(const P& p, const char* name, Role role) { return {name, role, p.conv.dtype, p.conv.x_count()}; }
Buffer w_buffer(const P& p) { return {"w", Role::in, p.conv.dtype, p.conv.w_count()}; }
Buffer bias_buffer(const P& p, int channels) { return {"bias", Role::in, p.conv.dtype, p.bias ? channels : 0}; }
// What has a meaning for some of the five only: the others would pass over it, or miss a buffer.
void check_options(const char* op, const P& p, Asks asks) {
  if (p.input_only && !asks.pair)
    fail(Failure::usage,
         std::string("[") + op + "] input_only is for both gradients in one launch and means nothing here; leave it out of " + p.text());
  if (p.of != NormedOperand::x && !asks.operand)
    fail(Failure::usage,
         std::string("[") + op + "] of=gy is for the weight gradient by itself and means nothing here; leave it out of " + p.text());
  if (p.bias && !asks.bias)
    fail(Failure::usage,
         std::string("[") + op + "] bias is for the two that end with an output and means nothing here; leave it out of " + p.text());
}

Buffer gw_buffer(const P& p) { return {"gw", Role::out, accumulator_of(p.conv.dtype), p.input_only ? 0 : p.conv.w_count()}; }
Buffer y_buffer(const P& p, const char* name, Role role) { return {name, role, p.conv.dtype, p.conv.y_count()}; }

}  // namespace

std::string P::text() const {
  ProblemWriter writer;
  P copy = *this;
  each_option(copy, writer);
  const std::string options = writer.text();  // ":f32" and what follows
  return conv.text() + options.substr(std::min(options.find('/'), options.size()));
}

P P::parse(const std::string& text) {
  P p;
  p.norm = false;
  const size_t slash = std::min(text.find('/'), text.size());
  p.conv = Conv2dProblem::parse(text.substr(0, slash));
  ProblemReader reader(parse_words(std::string("n1:") + name_of(p.conv.dtype) + text.substr(slash)));
  int n = 0;
  reader.integer("n", n);
  each_option(p, reader);
  reader.finish();
  if (p.groups < 1 || p.conv.n % p.groups != 0) fail(Failure::usage, "problem '" + text + "': n must be a multiple of groups");
  return p;
}

std::vector<Buffer> NormedConv2dFwd::buffers(const Problem& p) {
  check_options(name, p, by_fwd);
  std::vector<Buffer> all{x_buffer(p, "x", Role::in)};
  add(all, norm_buffers(p, p.conv.c));
  add(all, {w_buffer(p), bias_buffer(p, p.conv.k), y_buffer(p, "y", Role::out)});
  add(all, statistics_buffers(p, p.conv.k));
  return all;
}
std::vector<Buffer> NormedConv2dDgrad::buffers(const Problem& p) {
  check_options(name, p, by_dgrad);
  std::vector<Buffer> all{y_buffer(p, "gy", Role::in)};
  add(all, norm_buffers(p, p.conv.k));
  add(all, {w_buffer(p), bias_buffer(p, p.conv.c), x_buffer(p, "gx", Role::out)});
  add(all, statistics_buffers(p, p.conv.c));
  return all;
}
std::vector<Buffer> NormedConv2dWgrad::buffers(const Problem& p) {
  check_options(name, p, by_wgrad);
  std::vector<Buffer> all{x_buffer(p, "x", Role::in), y_buffer(p, "gy", Role::in)};
  add(all, norm_buffers(p, p.of == NormedOperand::x ? p.conv.c : p.conv.k));
  add(all, {gw_buffer(p), tickets_buffer(most_tickets)});
  return all;
}
std::vector<Buffer> NormedConv2dGrads::buffers(const Problem& p) {
  check_options(name, p, by_grads);
  std::vector<Buffer> all{x_buffer(p, "x", Role::in)};
  add(all, norm_buffers(p, p.conv.c));
  add(all, {y_buffer(p, "gy", Role::in), w_buffer(p), x_buffer(p, "gx", Role::out), gw_buffer(p),
            tickets_buffer(p.input_only ? 0 : most_tickets)});
  return all;
}
std::vector<Buffer> NormedConv2dDgradGrads::buffers(const Problem& p) {
  check_options(name, p, by_dgrad_grads);
  std::vector<Buffer> all{y_buffer(p, "gy", Role::in)};
  add(all, norm_buffers(p, p.conv.k));
  Buffer gx = x_buffer(p, "gx", Role::in);
  if (p.then == Act::none) gx.count = 0;
  add(all, {w_buffer(p), x_buffer(p, "g", Role::in), gx, y_buffer(p, "ggy", Role::out), gw_buffer(p),
            tickets_buffer(p.input_only ? 0 : most_tickets)});
  return all;
}
std::vector<Case<P>> NormedConv2dFwd::cases() { return cases_of(by_fwd); }
std::vector<Case<P>> NormedConv2dDgrad::cases() { return cases_of(by_dgrad); }
std::vector<Case<P>> NormedConv2dWgrad::cases() { return cases_of(by_wgrad); }
std::vector<Case<P>> NormedConv2dGrads::cases() { return cases_of(by_grads); }
std::vector<Case<P>> NormedConv2dDgradGrads::cases() { return cases_of(by_dgrad_grads); }
P NormedConv2dGrads::random(uint64_t seed) { return random_problem(seed, by_grads); }
P NormedConv2dDgradGrads::random(uint64_t seed) { return random_problem(seed, by_dgrad_grads); }
P NormedConv2dFwd::random(uint64_t seed) { return random_problem(seed, by_fwd); }
P NormedConv2dDgrad::random(uint64_t seed) { return random_problem(seed, by_dgrad); }
P NormedConv2dWgrad::random(uint64_t seed) {
  P p = random_problem(seed, by_wgrad);
  p.of = seed % 2 ? NormedOperand::x : NormedOperand::gy;
  return p;
}
double NormedConv2dFwd::flops(const Problem& p) { return Conv2dFwd::flops(p.conv); }
double NormedConv2dDgrad::flops(const Problem& p) { return Conv2dDgrad::flops(p.conv); }
double NormedConv2dWgrad::flops(const Problem& p) { return Conv2dWgrad::flops(p.conv); }
double NormedConv2dGrads::flops(const Problem& p) { return Conv2dDgrad::flops(p.conv) + (p.input_only ? 0 : Conv2dWgrad::flops(p.conv)); }
double NormedConv2dDgradGrads::flops(const Problem& p) {
  return Conv2dFwd::flops(p.conv) + (p.input_only ? 0 : Conv2dWgrad::flops(p.conv));
}
int NormedConv2dGrads::reduction(const Problem& p) {
  return std::max(Conv2dDgrad::reduction(p.conv), p.input_only ? 0 : Conv2dWgrad::reduction(p.conv));
}
int NormedConv2dDgradGrads::reduction(const Problem& p) {
  return std::max(Conv2dFwd::reduction(p.conv), p.input_only ? 0 : Conv2dWgrad::reduction(p.conv));
}
int NormedConv2dFwd::reduction(const Problem& p) { return Conv2dFwd::reduction(p.conv); }
int NormedConv2dDgrad::reduction(const Problem& p) { return Conv2dDgrad::reduction(p.conv); }
int NormedConv2dWgrad::reduction(const Problem& p) { return Conv2dWgrad::reduction(p.conv); }

static const OpRegistration<NormedConv2dFwd> normed_conv2d_fwd_op;
static const OpRegistration<NormedConv2dDgrad> normed_conv2d_dgrad_op;
static const OpRegistration<NormedConv2dWgrad> normed_conv2d_wgrad_op;
static const OpRegistration<NormedConv2dGrads> normed_conv2d_grads_op;
static const OpRegistration<NormedConv2dDgradGrads> normed_conv2d_dgrad_grads_op;

}  // namespace duel
