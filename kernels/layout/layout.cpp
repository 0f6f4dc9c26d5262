#include "kernels/layout/layout.h"

#include <algorithm>
#include <initializer_list>
#include <limits>

#include "kernels/draw.h"

namespace duel {
namespace {

constexpr DType any_dtype[] = {DType::f32, DType::f64, DType::bf16, DType::i32, DType::u8};

void check(bool fine, const std::string& text, const char* why) {
  if (!fine) fail(Failure::usage, "problem '" + text + "': " + why);
}

// True where sizes are not negative and their product is a number of elements that an index can count.
bool countable(std::initializer_list<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (size < 0 || (size > 0 && product > (int64_t{1} << 48) / size)) return false;
    product *= std::max<int64_t>(size, 1);
  }
  return true;
}

// How a test fills a buffer of any element type.
Buffer input(const char* name, DType t, int64_t count) {
  if (t == DType::u8) return {name, Role::in, t, count, Fill::index, 256};
  if (t == DType::i32) return {name, Role::in, t, count, Fill::index, 1 << 30};
  return {name, Role::in, t, count};
}

std::vector<Case<GatherRowsProblem>> row_cases(bool adds) {
  std::vector<Case<GatherRowsProblem>> cases;
  for (DType t : any_dtype) {
    if (adds && !is_floating(t)) continue;
    for (GatherRowsProblem p :
         {GatherRowsProblem{1, 1, 1}, {10, 64, 37}, {3, 1, 1000}, {101, 7, 13}, {5, 1031, 3}, {4, 8, 0}, {2, 300, 255}, {7, 12, 35}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{10, 50, 128, t}, Tag::dcgan});
    if (t == DType::f32 || t == DType::bf16) cases.push_back({{60000, 784, 128, t}, Tag::bench});
  }
  return cases;
}

}  // namespace

std::string ConcatChannelsProblem::text() const { return problem_text(*this); }
ConcatChannelsProblem ConcatChannelsProblem::parse(const std::string& text) {
  const auto p = parse_problem<ConcatChannelsProblem>(text);
  check(countable({p.ca}) && countable({p.cb}) && countable({p.rows, p.ca + p.cb}), text,
        "rows, ca and cb must be at least 0, y below 2⁴⁸ elements");
  return p;
}
std::vector<Buffer> ConcatChannels::buffers(const Problem& p) {
  return {input("a", p.dtype, p.rows * p.ca), input("b", p.dtype, p.rows * p.cb), {"y", Role::out, p.dtype, p.rows * (p.ca + p.cb)}};
}
std::vector<Case<ConcatChannelsProblem>> ConcatChannels::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : any_dtype) {
    for (Problem p : {Problem{1, 1, 1},
                      {7, 3, 10},
                      {1000, 1, 2},
                      {13, 0, 5},
                      {13, 5, 0},
                      {0, 3, 4},
                      {1025, 17, 31},
                      {3, 4099, 257},
                      {37, 12, 8},
                      {33, 16, 32}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4 * 16 * 16, 64, 10, t}, Tag::dcgan});
    cases.push_back({{16, 100, 10, t}, Tag::dcgan});
    if (t == DType::f32 || t == DType::bf16) cases.push_back({{128 * 32 * 32, 64, 10, t}, Tag::bench});
  }
  cases.push_back({{90200, 1, 2, DType::u8}, Tag::edge});  // more words than a full card has threads, as below
  return cases;
}

std::string SliceChannelsProblem::text() const { return problem_text(*this); }
SliceChannelsProblem SliceChannelsProblem::parse(const std::string& text) {
  const auto p = parse_problem<SliceChannelsProblem>(text);
  check(countable({p.rows, p.c}) && p.from >= 0 && p.count >= 0 && p.from <= p.c && p.count <= p.c - p.from, text,
        "the slice from : from + count must lie in 0 : c, and x have fewer than 2⁴⁸ elements");
  return p;
}
std::vector<Buffer> SliceChannels::buffers(const Problem& p) {
  return {input("x", p.dtype, p.rows * p.c), {"y", Role::out, p.dtype, p.rows * p.count}};
}
std::vector<Case<SliceChannelsProblem>> SliceChannels::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : any_dtype) {
    for (Problem p : {Problem{1, 1, 0, 1},
                      {7, 13, 3, 10},
                      {7, 13, 0, 3},
                      {1000, 3, 1, 1},
                      {13, 5, 5, 0},
                      {0, 3, 0, 2},
                      {13, 5, 0, 5},
                      {1025, 48, 17, 31},
                      {3, 4356, 4099, 257},
                      {37, 24, 8, 12},
                      {33, 64, 32, 16},
                      {5, 64, 2, 32},
                      {9, 64, 16, 6}}) {
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4 * 16 * 16, 74, 64, 10, t}, Tag::dcgan});
    cases.push_back({{4 * 16 * 16, 74, 0, 64, t}, Tag::dcgan});
    if (t == DType::f32 || t == DType::bf16) cases.push_back({{128 * 32 * 32, 74, 0, 64, t}, Tag::bench});
  }
  cases.push_back({{90200, 4, 1, 3, DType::u8}, Tag::edge});
  return cases;
}
SliceChannelsProblem SliceChannels::random(uint64_t seed) {
  Draw draw(seed);
  Problem p;
  p.rows = draw_size(draw), p.from = draw_size(draw) - 1, p.count = draw_size(draw), p.c = p.from + p.count + draw_size(draw) - 1;
  p.dtype = draw.of(any_dtype);
  return p;
}

std::string GatherRowsProblem::text() const { return problem_text(*this); }
GatherRowsProblem GatherRowsProblem::parse(const std::string& text) {
  const auto p = parse_problem<GatherRowsProblem>(text);
  check(p.rows >= 1 && p.rows <= 0x7fffffff && p.cols >= 1 && countable({p.rows, p.cols}) && countable({p.count, p.cols}), text,
        "rows and cols must be at least 1, count at least 0, rows no more than an i32 can name");
  return p;
}
std::vector<Buffer> GatherRows::buffers(const Problem& p) {
  return {input("table", p.dtype, p.rows * p.cols),
          {"index", Role::in, DType::i32, p.count, Fill::index, p.rows},
          {"y", Role::out, p.dtype, p.count * p.cols}};
}
std::vector<Case<GatherRowsProblem>> GatherRows::cases() {
  std::vector<Case<GatherRowsProblem>> cases = row_cases(false);
  cases.push_back({{5, 3, 90200, DType::u8}, Tag::edge});
  return cases;
}

std::vector<Buffer> ScatterAddRows::buffers(const Problem& p) {
  return {input("g", p.dtype, p.count * p.cols),
          {"index", Role::in, DType::i32, p.count, Fill::index, p.rows},
          {"y", Role::out, accumulator_of(p.dtype), p.rows * p.cols}};
}
std::vector<Case<GatherRowsProblem>> ScatterAddRows::cases() {
  std::vector<Case<GatherRowsProblem>> cases = row_cases(true);
  cases.push_back({{33000, 1, 2}, Tag::edge});  // more rows than a grid has warps
  return cases;
}

std::string TransposeProblem::text() const { return problem_text(*this); }
TransposeProblem TransposeProblem::parse(const std::string& text) {
  const auto p = parse_problem<TransposeProblem>(text);
  check(countable({p.batch, p.rows, p.cols}), text, "batch, rows and cols must be at least 0, their product below 2⁴⁸");
  return p;
}
std::vector<Buffer> Transpose::buffers(const Problem& p) {
  const int64_t count = p.batch * p.rows * p.cols;
  return {input("x", p.dtype, count), {"y", Role::out, p.dtype, count}};
}
std::vector<Case<TransposeProblem>> Transpose::cases() {
  std::vector<Case<Problem>> cases;
  for (DType t : any_dtype) {
    for (Problem p : {Problem{1, 1, 1},
                      {3, 1, 7},
                      {3, 7, 1},
                      {1, 15, 17},
                      {1, 16, 16},
                      {2, 33, 31},
                      {1, 129, 65},
                      {0, 3, 4},
                      {1, 3, 1031},
                      {4100, 3, 2}}) {  // the last: more tiles than a grid has blocks
      p.dtype = t;
      cases.push_back({p, Tag::edge});
    }
    cases.push_back({{4, 3, 1024, t}, Tag::dcgan});  // NCHW to NHWC
    cases.push_back({{1, 64, 100, t}, Tag::dcgan});
    if (t == DType::f32 || t == DType::bf16)
      for (Problem p : {Problem{128, 1024, 64, t}, {128, 3, 4096, t}, {1, 4096, 4096, t}}) cases.push_back({p, Tag::bench});
  }
  return cases;
}

double ConcatChannels::flops(const Problem&) { return 0; }
double SliceChannels::flops(const Problem&) { return 0; }
double GatherRows::flops(const Problem&) { return 0; }
double ScatterAddRows::flops(const Problem& p) { return static_cast<double>(p.count) * static_cast<double>(p.cols); }
double Transpose::flops(const Problem&) { return 0; }
int ConcatChannels::reduction(const Problem&) { return 1; }
int SliceChannels::reduction(const Problem&) { return 1; }
int GatherRows::reduction(const Problem&) { return 1; }
int ScatterAddRows::reduction(const Problem& p) {  // at worst every index names the same row
  return static_cast<int>(std::clamp<int64_t>(p.count, 1, std::numeric_limits<int>::max()));
}
int Transpose::reduction(const Problem&) { return 1; }

static const OpRegistration<ConcatChannels> concat_channels_op;
static const OpRegistration<SliceChannels> slice_channels_op;
static const OpRegistration<GatherRows> gather_rows_op;
static const OpRegistration<ScatterAddRows> scatter_add_rows_op;
static const OpRegistration<Transpose> transpose_op;

}  // namespace duel
