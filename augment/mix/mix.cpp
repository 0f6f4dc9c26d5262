#include "augment/mix/mix.h"

#include <algorithm>
#include <initializer_list>
#include <limits>

namespace duel {
namespace {

bool countable(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (size < 0 || (size > 0 && product > (int64_t{1} << 48) / size)) return false;
    product *= std::max<int64_t>(size, 1);
  }
  return true;
}

Buffer images(DType t, int64_t count) {
  Buffer x{"x", Role::in, t, count};
  if (t == DType::u8) x.fill = Fill::index, x.limit = 256;
  return x;
}

constexpr DType mixed_dtypes[] = {DType::f32, DType::f64, DType::bf16, DType::u8};

}  // namespace

std::string MixSamplesProblem::text() const { return problem_text(*this); }
MixSamplesProblem MixSamplesProblem::parse(const std::string& text) {
  const auto p = parse_problem<MixSamplesProblem>(text);
  if (!countable({p.n, p.inner}) || p.n > std::numeric_limits<int32_t>::max())
    fail(Failure::usage, "problem '" + text + "': n and inner must be at least 0, n an i32, their product below 2⁴⁸");
  return p;
}
std::vector<Buffer> MixSamples::buffers(const Problem& p) {
  const DType weight = accumulator_of(p.dtype);
  return {images(p.dtype, p.count()),
          {"from", Role::in, DType::i32, p.n, Fill::index, p.n},
          {"a", Role::in, weight, p.n},
          {"b", Role::in, weight, p.n},
          {"y", Role::out, p.dtype, p.count()}};
}
std::vector<Case<MixSamplesProblem>> MixSamples::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : mixed_dtypes) {
    for (Problem p : {Problem{1, 1},
                      {2, 3},
                      {7, 31},
                      {257, 1},    // many samples a chunk
                      {5, 4099},   // a few
                      {3, 20011},  // a sample longer than a chunk
                      {33, 64},
                      {0, 5},
                      {4, 0}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4, 28 * 28, t}, Tag::dcgan});
    cases.push_back({{4, 64 * 64 * 3, t}, Tag::dcgan});
    if (t == DType::f64) continue;
    for (Problem p : {Problem{128, 64 * 64 * 3}, {128, 32 * 32}, {32, 1024 * 1024 * 3}}) {
      p.dtype = t;
      cases.push_back({p, Tag::bench});
    }
  }
  return cases;
}
double MixSamples::flops(const Problem& p) { return 3.0 * static_cast<double>(p.count()); }
int MixSamples::reduction(const Problem&) { return 2; }

std::string PasteBoxesProblem::text() const { return problem_text(*this); }
PasteBoxesProblem PasteBoxesProblem::parse(const std::string& text) {
  const auto p = parse_problem<PasteBoxesProblem>(text);
  if (!countable({p.n, p.h, p.w, p.c}))
    fail(Failure::usage, "problem '" + text + "': n, h, w and c must be at least 0, their product below 2⁴⁸");
  return p;
}
std::vector<Buffer> PasteBoxes::buffers(const Problem& p) {
  const int64_t side = int64_t{std::max(p.h, p.w)} + 1;  // half of the drawn boxes are turned over, a few reach out
  return {images(p.dtype, p.count()),
          {"from", Role::in, DType::i32, p.n, Fill::index, p.n},
          {"erase", Role::in, DType::i32, int64_t{p.n} * 4, Fill::index, side},
          {"paste", Role::in, DType::i32, int64_t{p.n} * 4, Fill::index, side},
          {"y", Role::out, p.dtype, p.count()}};
}
std::vector<Case<PasteBoxesProblem>> PasteBoxes::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : mixed_dtypes) {
    for (Problem p : {Problem{1, 1, 1, 1},
                      {9, 1, 2, 1},
                      {17, 5, 5, 1},
                      {31, 7, 6, 3},
                      {16, 16, 16, 2},
                      {8, 3, 13, 5},
                      {257, 2, 3, 1},    // many samples a chunk
                      {5, 3, 4099, 3},   // few rows a chunk
                      {4, 2, 20011, 1},  // a row longer than a chunk
                      {7, 2, 5, 257},
                      {0, 4, 4, 3},
                      {2, 4, 0, 3}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4, 28, 28, 1, t}, Tag::dcgan});
    cases.push_back({{4, 64, 64, 3, t}, Tag::dcgan});
    if (t == DType::f64) continue;
    for (Problem p : {Problem{128, 64, 64, 3}, {128, 32, 32, 1}, {32, 1024, 1024, 3}}) {
      p.dtype = t;
      cases.push_back({p, Tag::bench});
    }
  }
  return cases;
}
double PasteBoxes::flops(const Problem&) { return 0; }
int PasteBoxes::reduction(const Problem&) { return 2; }

static const OpRegistration<MixSamples> mix_samples_op;
static const OpRegistration<PasteBoxes> paste_boxes_op;

}  // namespace duel
