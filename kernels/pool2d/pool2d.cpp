#include "kernels/pool2d/pool2d.h"

#include <algorithm>

#include "kernels/draw.h"

namespace duel {
namespace {

using C = Case<Pool2dProblem>;

std::vector<C> pool_cases(bool averages) {
  std::vector<C> cases;
  auto add = [&](const std::string& sizes, Tag tag, DType t) {
    C one{Pool2dProblem::parse(sizes), tag};
    one.problem.dtype = t;
    cases.push_back(one);
    if (!averages || tag == Tag::bench) return;
    for (PoolOver over : {PoolOver::inside, PoolOver::one}) one.problem.over = over, cases.push_back(one);
  };
  for (DType t : {DType::f32, DType::f64, DType::bf16}) {
    for (const char* sizes : {
             "n1h1w1c1r1",                     // the smallest there is
             "n2h6w8c3r2u2",                   // side by side
             "n2h7w9c5r2u2",                   // a border that no window reaches
             "n2h5w7c4r3pad1",                 // windows overlap
             "n3h8w8c17r3u2pad1",              // ResNet's: overlap, stride and padding
             "n2h6w5c2r3s2u2v1top0left1p3q5",  // everything different in the two directions
             "n2h7w7c3r2u2top0left0p4q4",      // the last windows reach over the far side
             "n1h9w9c2r2u3",                   // gaps between windows
             "n4h7w5c33r7s5",                  // the window is the image
             "n1h3w4c257r5u1top4left2p7q4",    // windows with a single pixel; more channels than lanes
             "n5h4w4c1r2u2top1left1p3q3",      // "same" of an even size, padded on all sides
             "n2h6w5c8r3s2u2v1top0left1p3q5",  // the same again with channels that fill packs
             "n3h7w9c24r3u2pad1",
             "n1h9w9c8r2u3",
         })
      add(sizes, Tag::edge, t);
    add("n2h28w28c16r2u2", Tag::dcgan, t);
    add("n2h7w7c32r7", Tag::dcgan, t);
  }
  for (DType t : {DType::f32, DType::bf16})
    for (const char* sizes : {"n128h28w28c32r2u2", "n128h14w14c64r2u2", "n128h32w32c64r3u2pad1", "n128h7w7c64r7"})
      add(sizes, Tag::bench, t);
  return cases;
}

Pool2dProblem random_pool(uint64_t seed, bool averages) {
  Draw draw(seed);
  constexpr DType types[] = {DType::f32, DType::f32, DType::bf16, DType::f64};
  constexpr int strides[] = {1, 1, 2, 2, 3};
  constexpr int windows[] = {1, 2, 2, 3, 3, 4, 5};
  constexpr PoolOver overs[] = {PoolOver::window, PoolOver::inside, PoolOver::one};
  Pool2dProblem d;
  d.dtype = draw.of(types);
  d.n = draw.between(1, 3), d.c = draw_size(draw);
  d.h = draw.between(1, 9), d.w = draw.between(1, 9);
  d.r = draw.of(windows), d.s = draw.chance(2) ? d.r : draw.of(windows);
  d.u = draw.of(strides), d.v = draw.chance(2) ? d.u : draw.of(strides);
  d.top = draw.between(0, d.r - 1), d.left = draw.between(0, d.s - 1);
  d.p = draw.between(1, (d.h + d.top - 1) / d.u + 1), d.q = draw.between(1, (d.w + d.left - 1) / d.v + 1);
  if (averages) d.over = draw.of(overs);
  return d;
}

double taps(const Pool2dProblem& p) {
  return static_cast<double>(p.n) * p.c * useful_taps(p.h, p.p, p.r, p.u, p.top) * useful_taps(p.w, p.q, p.s, p.v, p.left);
}

Buffer x_buffer(const Pool2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.x_count()}; }
Buffer y_buffer(const Pool2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.y_count()}; }
Buffer tap_buffer(const Pool2dProblem& p, Role role) { return {"tap", role, DType::i32, p.y_count(), Fill::index, int64_t{p.r} * p.s}; }

}  // namespace

std::string Pool2dProblem::text() const {
  auto part = [](const char* key, int value) { return key + std::to_string(value); };
  return part("n", n) + part("h", h) + part("w", w) + part("c", c) + window_text(*this) + ":" + name_of(dtype) +
         (over == PoolOver::window ? "" : std::string("/over=") + pool_over_names[static_cast<int>(over)]);
}

Pool2dProblem Pool2dProblem::parse(const std::string& text) {
  ProblemWords words = parse_words(text);
  Pool2dProblem p;
  p.dtype = words.dtype;
  p.n = take_size(words, "n", 1), p.h = take_size(words, "h", 1), p.w = take_size(words, "w", 1), p.c = take_size(words, "c", 1);
  take_window(words, p);
  ProblemReader rest(words);
  rest.choice("over", p.over, pool_over_names);
  rest.finish();
  if (p.n < 1 || p.c < 1) fail(Failure::usage, "problem '" + text + "': every size must be at least 1");
  if (!p.windows_hold_pixels()) fail(Failure::usage, "problem '" + text + "': a window lies wholly outside the image");
  return p;
}

std::vector<Buffer> MaxPool2d::buffers(const Problem& p) {
  return {x_buffer(p, "x", Role::in), y_buffer(p, "y", Role::out), tap_buffer(p, Role::out)};
}
std::vector<Buffer> MaxPool2dScatter::buffers(const Problem& p) {
  return {y_buffer(p, "gy", Role::in), tap_buffer(p, Role::in), x_buffer(p, "gx", Role::out)};
}
std::vector<Buffer> MaxPool2dGather::buffers(const Problem& p) {
  return {x_buffer(p, "x", Role::in), tap_buffer(p, Role::in), y_buffer(p, "y", Role::out)};
}
std::vector<Buffer> AvgPool2d::buffers(const Problem& p) { return {x_buffer(p, "x", Role::in), y_buffer(p, "y", Role::out)}; }
std::vector<Buffer> AvgPool2dGrad::buffers(const Problem& p) { return {y_buffer(p, "gy", Role::in), x_buffer(p, "gx", Role::out)}; }

std::vector<C> MaxPool2d::cases() { return pool_cases(false); }
std::vector<C> MaxPool2dScatter::cases() { return pool_cases(false); }
std::vector<C> MaxPool2dGather::cases() { return pool_cases(false); }
std::vector<C> AvgPool2d::cases() { return pool_cases(true); }
std::vector<C> AvgPool2dGrad::cases() { return pool_cases(true); }
Pool2dProblem MaxPool2d::random(uint64_t seed) { return random_pool(seed, false); }
Pool2dProblem MaxPool2dScatter::random(uint64_t seed) { return random_pool(seed, false); }
Pool2dProblem MaxPool2dGather::random(uint64_t seed) { return random_pool(seed, false); }
Pool2dProblem AvgPool2d::random(uint64_t seed) { return random_pool(seed, true); }
Pool2dProblem AvgPool2dGrad::random(uint64_t seed) { return random_pool(seed, true); }

// A comparison or an addition for each tap that has a pixel.
double MaxPool2d::flops(const Problem& p) { return taps(p); }
double MaxPool2dScatter::flops(const Problem& p) { return static_cast<double>(p.y_count()); }
double MaxPool2dGather::flops(const Problem&) { return 0; }
double AvgPool2d::flops(const Problem& p) { return taps(p) + static_cast<double>(p.y_count()); }
double AvgPool2dGrad::flops(const Problem& p) { return taps(p) + static_cast<double>(p.x_count()); }
int MaxPool2d::reduction(const Problem&) { return 1; }
int MaxPool2dScatter::reduction(const Problem& p) { return p.r * p.s; }
int MaxPool2dGather::reduction(const Problem&) { return 1; }
int AvgPool2d::reduction(const Problem& p) { return p.r * p.s; }
int AvgPool2dGrad::reduction(const Problem& p) { return p.r * p.s; }

static const OpRegistration<MaxPool2d> max_pool2d_op;
static const OpRegistration<MaxPool2dScatter> max_pool2d_scatter_op;
static const OpRegistration<MaxPool2dGather> max_pool2d_gather_op;
static const OpRegistration<AvgPool2d> avg_pool2d_op;
static const OpRegistration<AvgPool2dGrad> avg_pool2d_grad_op;

}  // namespace duel
