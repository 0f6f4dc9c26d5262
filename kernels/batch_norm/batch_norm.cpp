#include "kernels/batch_norm/batch_norm.h"

namespace duel {
namespace {

constexpr const char* bn_act_names[] = {"none", "relu", "leaky_relu"};  // Act's first three

template <class F>
void each(BatchNormProblem& p, F&& f) {
  f.integer("rows", p.rows);
  f.integer("c", p.c);
  f.type(p.dtype);
  f.choice("act", p.act, bn_act_names);
  f.real("slope", p.slope, 0.0);
  f.real("eps", p.eps, 1e-5);
  f.real("momentum", p.momentum, 0.1);
  double groups = p.groups;
  f.real("groups", groups, 1.0);
  if (groups != static_cast<int>(groups)) fail(Failure::usage, "groups of a batch are counted in whole numbers");
  p.groups = static_cast<int>(groups);
}

std::vector<Case<BatchNormProblem>> bn_cases() {
  std::vector<Case<BatchNormProblem>> cases;
  auto add = [&](const std::string& text, Tag tag) { cases.push_back({BatchNormProblem::parse(text), tag}); };
  for (const char* dtype : {":f32", ":f64", ":bf16"}) {
    for (const char* text : {
             "rows1c1",  // a deviation of zero, and nothing to divide the unbiased variance by
             "rows2c1",
             "rows65c1",
             "rows4099c1",
             "rows1c130",
             "rows5c3",
             "rows97c3",
             "rows64c64",
             "rows63c65",
             "rows257c33",
             "rows31c17",
             "rows33000c1",  // more than one chunk a channel
             "rows1031c128",
             "rows131c257",
             "rows130c1024",
         })
      for (const char* act : {"/act=none", "/act=relu", "/act=leaky_relu/slope=0.2"}) add(std::string(text) + dtype + act, Tag::edge);
    add(std::string("rows100c20") + dtype + "/act=leaky_relu/slope=0.3/eps=0.001/momentum=0.2", Tag::edge);  // Keras' constants
    add(std::string("rows40c8") + dtype + "/act=none/momentum=0", Tag::edge);
    for (const char* text : {"rows1c3", "rows65c8", "rows1031c24", "rows33c260"})
      add(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/momentum=0.3/groups=3", Tag::edge);
    for (const char* text : {"rows300c8", "rows700c8"})  // so many groups that a block has many rows
      add(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/groups=30", Tag::edge);
    for (const char* text : {"rows64c512", "rows256c256", "rows1024c128", "rows4096c64"})
      for (const char* act : {"/act=relu", "/act=leaky_relu/slope=0.2"}) add(std::string(text) + dtype + act, Tag::dcgan);
  }
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* text : {"rows2048c512", "rows8192c256", "rows32768c128", "rows131072c64", "rows524288c64"})
      for (const char* act : {"/act=relu", "/act=leaky_relu/slope=0.2"}) add(std::string(text) + dtype + act, Tag::bench);
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* text : {"rows2048c512", "rows8192c256", "rows32768c128"})  // D on real and generated images
      add(std::string(text) + dtype + "/act=leaky_relu/slope=0.2/groups=2", Tag::bench);
  return cases;
}

Buffer channel(const BatchNormProblem& p, const char* name, Role role, Fill fill = Fill::normal) {
  return {name, role, accumulator_of(p.dtype), p.c, fill};
}
Buffer statistic(const BatchNormProblem& p, const char* name, Role role, Fill fill = Fill::normal) {
  return {name, role, accumulator_of(p.dtype), int64_t{p.groups} * p.c, fill};
}
Buffer full(const BatchNormProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.count()}; }

}  // namespace

std::string BatchNormProblem::text() const {
  ProblemWriter writer;
  BatchNormProblem copy = *this;
  each(copy, writer);
  return writer.text();
}

BatchNormProblem BatchNormProblem::parse(const std::string& text) {
  BatchNormProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.rows < 1 || p.c < 1 || p.groups < 1) fail(Failure::usage, "problem '" + text + "': rows, c and groups must be at least 1");
  return p;
}

std::vector<Buffer> BatchNormFwd::buffers(const Problem& p) {
  return {full(p, "x", Role::in),
          channel(p, "gamma", Role::in),
          channel(p, "beta", Role::in),
          full(p, "y", Role::out),
          statistic(p, "mean", Role::out),
          statistic(p, "invstd", Role::out),
          channel(p, "running_mean", Role::inout),
          channel(p, "running_var", Role::inout, Fill::positive)};
}
std::vector<Buffer> BatchNormBwd::buffers(const Problem& p) {
  return {full(p, "x", Role::in),       full(p, "gy", Role::in),         channel(p, "gamma", Role::in),
          channel(p, "beta", Role::in), statistic(p, "mean", Role::in),  statistic(p, "invstd", Role::in, Fill::positive),
          full(p, "gx", Role::out),     channel(p, "ggamma", Role::out), channel(p, "gbeta", Role::out)};
}
std::vector<Buffer> BatchNormInfer::buffers(const Problem& p) {
  return {full(p, "x", Role::in),
          channel(p, "gamma", Role::in),
          channel(p, "beta", Role::in),
          channel(p, "mean", Role::in),
          channel(p, "var", Role::in, Fill::positive),
          full(p, "y", Role::out)};
}
std::vector<Case<BatchNormProblem>> BatchNormFwd::cases() { return bn_cases(); }
std::vector<Case<BatchNormProblem>> BatchNormBwd::cases() { return bn_cases(); }
std::vector<Case<BatchNormProblem>> BatchNormInfer::cases() { return bn_cases(); }
double BatchNormFwd::flops(const Problem& p) { return 8.0 * static_cast<double>(p.count()); }   // 1 mean, 3 deviation, 4 output
double BatchNormBwd::flops(const Problem& p) { return 13.0 * static_cast<double>(p.count()); }  // 6 for the sums, 7 for gx
double BatchNormInfer::flops(const Problem& p) { return 4.0 * static_cast<double>(p.count()); }
int BatchNormFwd::reduction(const Problem& p) { return static_cast<int>(p.rows); }
int BatchNormBwd::reduction(const Problem& p) { return static_cast<int>(p.rows); }
int BatchNormInfer::reduction(const Problem&) { return 4; }

static const OpRegistration<BatchNormFwd> batch_norm_fwd_op;
static const OpRegistration<BatchNormBwd> batch_norm_bwd_op;
static const OpRegistration<BatchNormInfer> batch_norm_infer_op;

}  // namespace duel
