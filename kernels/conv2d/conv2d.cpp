#include "kernels/conv2d/conv2d.h"

#include <algorithm>

#include "kernels/draw.h"

namespace duel {
namespace {

using C = Case<Conv2dProblem>;

C parsed(const char* text, Tag tag) { return {Conv2dProblem::parse(text), tag}; }

double conv_flops(const Conv2dProblem& p) {
  return 2.0 * p.n * p.c * p.k * useful_taps(p.h, p.p, p.r, p.u, p.top) * useful_taps(p.w, p.q, p.s, p.v, p.left);
}

std::vector<C> conv_cases() {
  std::vector<C> cases;
  for (const char* text : {
           "n1h1w1c1k1r1",                       // the smallest there is
           "n2h5w7c3k4r3pad1",                   // odd sizes, same padding
           "n3h8w8c4k8r4u2pad1",                 // DCGAN's shape, small
           "n2h7w9c5k3r4u2pad1",                 // stride does not divide the size: a border that no window reaches
           "n2h6w5c2k3r3s2u2v1top0left1p3q5",    // everything different in the two directions
           "n1h9w9c17k31r5u3pad2",               // channels one past a tile, stride 3
           "n2h4w4c8k16r4",                      // the kernel covers the image: a matrix product
           "n5h1w1c7k9r1",                       // 1×1 on one pixel: a matrix product
           "n2h8w8c3k2r5u2top1left1p4q4",        // "same" of k5 s2: (1,2) padding, after TensorFlow's rule
           "n2h7w7c3k2r3u2top0left0p4q4",        // output larger than the padded image: taps beyond the far side
           "n1h3w3c1k1r3pad2",                   // more padding than kernel−1 on one side would need
           "n4h2w2c33k15r2u2",                   // non-overlapping windows
           "n2h5w5c6k6r1u2",                     // 1×1 with stride: pixels that nothing reads
           "n3h8w9c4k7r1v3",                     // 1×1 with stride along rows only: oneDNN's wgrad wrote past its scratchpad
           "n5h30w30c64k3r3u2pad1",              // 1125 output pixels of 64 channels: two slabs of 512 and a rest, nine blocks of columns
           "n5h32w32c3k4r4u2pad1",               // a group of four small images and a rest of one
           "n2h9w13c3k80r4u2pad1",               // few channels in; 64 and 16 out; six pixels a row, where four are done at a time
           "n5h12w12c1k48r5u3pad2",              // 25 taps: one past whole tiles of four
           "n3h6w11c2k64r3s4u2v1top2left3p6q9",  // few channels, everything different, and a last row of windows outside the image
           "n2h57w80c3k64r3u3",                  // few channels in; bands of 5, 5, 5 and 4 rows
           // Few channels in, where tiles and strips of the CUDA rows end.
           "n1h66w66c3k36r4u2pad1",                 // 33 × 33 pixels, one past tiles of 16 and 32
           "n2h34w19c4k33r4s2u1v2top1left0p33q10",  // tall tiles, odd numbers of channels out
           "n1h17w35c2k20r3pad1",                   // two channels; a tile's last columns
           "n3h20w20c1k12r5u2top1left1p10q10",      // one channel, (1,2) padding, 25 taps: one past eights
           "n1h41w24c3k66r4u2pad1",                 // two blocks of channels, and a last row of x that no window reaches
           "n2h9w33c1k20r2",                        // rows of the staged input without a word between them
           "n9h9w8c4k16r3pad1",                     // wgrad in two parts, unequal
           "n1h80w40c4k6r5u2pad2",                  // dgrad in strips, which share rows of gy
           "n1h97w50c4k3r5s4u3v2pad0",              // the same with other strides
           "n1h9w64c3k33r5pad2",                    // dgrad alone on a multiprocessor
           "n270h6w6c1k8r3pad1",                    // more tiles than there are blocks at a time; wgrad in many parts
       })
    cases.push_back(parsed(text, Tag::edge));
  for (const char* text : {
           "n4h4w4c32k1r4",  // D's last layer
           "n4h1w1c100k100r1",
           "n4h4w4c64k100r4",  // G's first, as the convolution it is the adjoint of
           "n2h8w8c32k64r4u2pad1",
           "n2h16w16c16k32r4u2pad1",
           "n2h32w32c1k16r4u2pad1",
           "n1h64w64c3k16r4u2pad1",
       })
    cases.push_back(parsed(text, Tag::dcgan));
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* text : {"n128h64w64c3k64r4u2pad1", "n128h32w32c64k128r4u2pad1", "n128h16w16c128k256r4u2pad1",
                             "n128h8w8c256k512r4u2pad1", "n128h4w4c512k1r4", "n128h4w4c512k100r4", "n128h32w32c1k64r4u2pad1",
                             "n128h16w16c64k128r4u2pad1", "n128h8w8c128k256r4u2pad1", "n128h4w4c256k100r4"})
      cases.push_back(parsed((std::string(text) + dtype).c_str(), Tag::bench));
  // Every small case also in f64 (reference rows) and in bf16.
  const size_t small = static_cast<size_t>(std::count_if(cases.begin(), cases.end(), [](const C& c) { return c.tag != Tag::bench; }));
  for (size_t i = 0; i < small; ++i)
    for (DType t : {DType::f64, DType::bf16}) {
      C copy = cases[i];
      copy.problem.dtype = t;
      cases.push_back(copy);
    }
  // Channels in whole chunks of 16 bytes, which rows on tensor cores want.
  for (const char* dtype : {":bf16", ":f32"})
    for (const char* text : {
             "n3h7w9c24k40r3u2pad1", "n2h6w5c8k16r3s2u2v1top0left1p3q5",
             "n1h9w9c72k136r5u3pad2",  // one chunk past a tile, and two tiles
             "n2h5w5c8k8r1u2",         // phases that no tap reaches
             "n1h3w3c8k8r3pad2",       // more output than input
             "n2h1w3c8k8r3u2pad1",     // phases without a pixel
             "n3h16w16c8k8r3pad1",     // wgrad in several parts
             "n5h11w13c16k24r4pad1",   // in unequal parts
         })
      cases.push_back(parsed((std::string(text) + dtype).c_str(), Tag::edge));
  cases.push_back(parsed("n4h64w64c8k72r1:bf16", Tag::edge));    // enough tiles for the large ones, forward
  cases.push_back(parsed("n4h64w64c72k8r2u2:bf16", Tag::edge));  // and backward
  // Channels in pieces of 64, some of them partly filled, which rows on wgmma want.
  for (const char* text : {
           "n2h8w8c64k128r4u2pad1", "n3h9w7c40k72r3pad1", "n2h7w9c136k48r3u2pad1", "n1h5w4c56k40r3s2u2v1top0left1p3q5",
           "n2h5w5c40k40r1u2",      // phases that no tap reaches
           "n1h3w3c40k48r3pad2",    // more output than input
           "n2h1w3c48k40r3u2pad1",  // phases without a pixel
           "n3h4w5c40k40r2u3v1",    // strides that are no power of two
           "n5h16w16c40k136r1s2",   // wgrad in two parts
       })
    cases.push_back(parsed((std::string(text) + ":bf16").c_str(), Tag::edge));
  for (const char* text : {"n3h7w9c4k12r3u2pad1:f32", "n2h8w8c20k28r4u2pad1:f32"})
    cases.push_back(parsed(text, Tag::edge));  // chunks of four
  // Windows of twice the stride, which minimal filtering takes, where its tiles of 2 × 2 pixels and its steps of 16 channels end.
  for (const char* text :
       {"n3h7w9c8k12r4u2pad1:f32",                  // phases of odd and of unequal sizes
        "n1h13w6c68k20r4u2top0left2p5q4:f32",       // a chunk past 64 channels, and past a step; windows that leave a border out
        "n2h9w10c12k8r4u2top3left0p6q7:f32",        // and some that lie outside
        "n5h17w15c4k4r4u2pad2:f32",                 // several blocks of tiles, and a rest of one
        "n1h1w1c4k36r4u2pad1:f32",                  // phases without a pixel
        "n2h5w6c4k4r2u1pad1:f32",                   // one phase
        "n2h11w10c8k36r6s4u3v2top4left1p3q5:f32"})  // six, in two directions that differ
    cases.push_back(parsed(text, Tag::edge));
  // Channels in whole vectors of the CPU, where its minimal filtering cuts windows and outputs: f32 alone.
  for (const char* text : {
           "n1h7w9c48k64r3pad1",                  // three taps: runs of two, the last one half beyond the edge
           "n2h15w15c48k64r3u2top0left0p7q8",     // two taps and one; runs of 3, 2, 2 and of 3, 3, 2
           "n2h9w8c16k48r5pad2",                  // five taps: three and two
           "n1h13w15c16k48r5u2top1left2p6q8",     // five in two phases, three and two
           "n2h10w8c32k48r4s3u2v1top1left0p5q8",  // another way down than across
           "n1h10w11c16k48r7u3pad3",              // three phases
           "n2h8w9c32k48r2pad1",                  // stride 1, and no group of three
       })
    cases.push_back(parsed((std::string(text) + ":f32").c_str(), Tag::edge));
  return cases;
}

// Channels and batch leave residues of every tile, images stay small, and everything else is free.
Conv2dProblem random_conv(uint64_t seed) {
  Draw draw(seed);
  constexpr DType types[] = {DType::f32, DType::f32, DType::bf16, DType::f64};
  constexpr int strides[] = {1, 1, 2, 2, 3};
  constexpr int kernels[] = {1, 2, 3, 3, 4, 4, 5};
  Conv2dProblem d;
  d.dtype = draw.of(types);
  d.n = draw.between(1, 3);
  d.c = draw_size(draw), d.k = draw_size(draw);
  if (draw.chance(4)) d.c = draw.between(1, 3), d.k = 16 * draw.between(1, 7);  // an image's channels in, whole vectors out
  if (draw.chance(5)) d.dtype = DType::bf16, d.c = 8 * draw.between(1, 10), d.k = 8 * draw.between(1, 10);  // chunks of eight channels
  if (draw.chance(5)) d.dtype = DType::f32, d.c = 4 * draw.between(1, 20), d.k = 4 * draw.between(1, 20);   // and of four
  if (draw.chance(6)) d.dtype = DType::f32, d.c = 16 * draw.between(1, 4), d.k = 16 * draw.between(1, 4);   // and of sixteen
  d.h = draw.between(1, 9), d.w = draw.chance(8) ? draw_size(draw) : draw.between(1, 9);
  d.r = draw.of(kernels), d.s = draw.chance(2) ? d.r : draw.of(kernels);
  d.u = draw.of(strides), d.v = draw.chance(2) ? d.u : draw.of(strides);
  if (draw.chance(4)) d.r = 2 * d.u, d.s = 2 * d.v;  // as in a DCGAN
  d.top = draw.between(0, d.r), d.left = draw.chance(2) ? std::min(d.top, d.s) : draw.between(0, d.s);
  // A far side of its own: from cutting off windows that would fit to one window wholly outside.
  d.p = std::max(1, (d.h + d.top - d.r) / d.u + draw.between(0, 2)), d.q = std::max(1, (d.w + d.left - d.s) / d.v + draw.between(0, 2));
  return d;
}

Buffer x_buffer(const Conv2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.x_count()}; }
Buffer w_buffer(const Conv2dProblem& p) { return {"w", Role::in, p.dtype, p.w_count()}; }
Buffer y_buffer(const Conv2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.y_count()}; }

}  // namespace

std::string Conv2dProblem::text() const {
  auto part = [](const char* key, int value) { return key + std::to_string(value); };
  return part("n", n) + part("h", h) + part("w", w) + part("c", c) + part("k", k) + window_text(*this) + ":" + name_of(dtype);
}

Conv2dProblem Conv2dProblem::parse(const std::string& text) {
  ProblemWords words = parse_words(text);
  Conv2dProblem p;
  p.dtype = words.dtype;
  p.n = take_size(words, "n", 1), p.h = take_size(words, "h", 1), p.w = take_size(words, "w", 1);
  p.c = take_size(words, "c", 1), p.k = take_size(words, "k", 1);
  take_window(words, p);
  ProblemReader(words).finish();
  if (p.n < 1 || p.c < 1 || p.k < 1) fail(Failure::usage, "problem '" + text + "': every size must be at least 1");
  return p;
}

std::vector<Buffer> Conv2dFwd::buffers(const Problem& p) { return {x_buffer(p, "x", Role::in), w_buffer(p), y_buffer(p, "y", Role::out)}; }
std::vector<Buffer> Conv2dDgrad::buffers(const Problem& p) {
  return {y_buffer(p, "gy", Role::in), w_buffer(p), x_buffer(p, "gx", Role::out)};
}
std::vector<Buffer> Conv2dWgrad::buffers(const Problem& p) {
  return {x_buffer(p, "x", Role::in),
          y_buffer(p, "gy", Role::in),
          {"gw", Role::out, accumulator_of(p.dtype), p.w_count()},
          {"tickets", Role::inout, DType::i32, conv2d_tickets, Fill::zero}};
}
std::vector<C> Conv2dFwd::cases() { return conv_cases(); }
std::vector<C> Conv2dDgrad::cases() { return conv_cases(); }
std::vector<C> Conv2dWgrad::cases() { return conv_cases(); }
Conv2dProblem Conv2dFwd::random(uint64_t seed) { return random_conv(seed); }
Conv2dProblem Conv2dDgrad::random(uint64_t seed) { return random_conv(seed); }
Conv2dProblem Conv2dWgrad::random(uint64_t seed) { return random_conv(seed); }
double Conv2dFwd::flops(const Problem& p) { return conv_flops(p); }
double Conv2dDgrad::flops(const Problem& p) { return conv_flops(p); }
double Conv2dWgrad::flops(const Problem& p) { return conv_flops(p); }
int Conv2dFwd::reduction(const Problem& p) { return p.r * p.s * p.c; }
int Conv2dDgrad::reduction(const Problem& p) { return p.r * p.s * p.k; }
int Conv2dWgrad::reduction(const Problem& p) { return p.n * p.p * p.q; }

static const OpRegistration<Conv2dFwd> conv2d_fwd_op;
static const OpRegistration<Conv2dDgrad> conv2d_dgrad_op;
static const OpRegistration<Conv2dWgrad> conv2d_wgrad_op;

}  // namespace duel
