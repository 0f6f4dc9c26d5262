#include "kernels/gan_loss/gan_loss.h"

namespace duel {
namespace {

constexpr const char* judge_names[] = {"cross_entropy", "squares", "hinge", "linear"};

template <class F>
void each(GanLossProblem& p, F&& f) {
  f.integer("rows", p.rows);
  f.integer("groups", p.groups);
  f.type(p.dtype);
  f.choice("by", p.by, judge_names);
  f.flag("own_targets", p.own_targets);
}

Buffer targets(const GanLossProblem& p) { return {"y", Role::in, p.dtype, p.own_targets ? p.count() : p.groups, Fill::probability}; }

}  // namespace

std::string GanLossProblem::text() const {
  ProblemWriter writer;
  GanLossProblem copy = *this;
  each(copy, writer);
  return writer.text();
}

GanLossProblem GanLossProblem::parse(const std::string& text) {
  GanLossProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.rows < 1 || p.groups < 1) fail(Failure::usage, "problem '" + text + "': rows and groups must be at least 1");
  return p;
}

std::vector<Buffer> GanLoss::buffers(const Problem& p) {
  return {{"t", Role::in, p.dtype, p.count()},
          targets(p),
          {"loss", Role::out, p.dtype, 1},
          {"said", Role::out, p.dtype, int64_t{p.groups} * 3},
          {"gt", Role::out, p.dtype, p.count()}};
}
std::vector<Buffer> GanLossGrad::buffers(const Problem& p) {
  return {{"t", Role::in, p.dtype, p.count()}, targets(p), {"g", Role::in, p.dtype, 1}, {"gt", Role::out, p.dtype, p.count()}};
}

std::vector<Case<GanLossProblem>> GanLoss::cases() {
  std::vector<Case<Problem>> cases;
  const auto add = [&](const std::string& text, Tag tag) { cases.push_back({Problem::parse(text), tag}); };
  for (const char* judge : judge_names)
    for (const char* own : {"", "/own_targets=1"}) {
      const std::string tail = std::string("/by=") + judge + own;
      for (const char* dtype : {":f32", ":f64"}) {
        for (const char* sizes : {"rows1groups1", "rows2groups1", "rows7groups2", "rows257groups1", "rows1031groups3"})
          add(sizes + (dtype + tail), Tag::edge);
        add("rows2052groups2" + (dtype + tail), Tag::edge);  // enough for several blocks
        add("rows128groups2" + (dtype + tail), Tag::dcgan);
      }
      add("rows128groups2:f32" + tail, Tag::bench);
    }
  add("rows17000groups1:f64/by=hinge", Tag::edge);     // more chunks than a warp has lanes
  add("rows4100groups32:f64/by=squares", Tag::edge);   // several packs a thread, and more chunks than blocks
  add("rows57600groups2:f32/by=squares", Tag::bench);  // a discriminator of patches: 30 × 30 of each of 64 images
  return cases;
}
std::vector<Case<GanLossProblem>> GanLossGrad::cases() {
  std::vector<Case<Problem>> cases = GanLoss::cases();
  // More packs than a full card has threads.
  cases.push_back({Problem::parse("rows3001groups201:f64/by=squares"), Tag::edge});
  return cases;
}

double GanLoss::flops(const Problem& p) { return 11.0 * static_cast<double>(p.count()); }  // cost, σ, three sums and the gradient
double GanLossGrad::flops(const Problem& p) { return 3.0 * static_cast<double>(p.count()); }
int GanLoss::reduction(const Problem& p) { return static_cast<int>(p.rows); }
int GanLossGrad::reduction(const Problem&) { return 1; }

static const OpRegistration<GanLoss> gan_loss_op;
static const OpRegistration<GanLossGrad> gan_loss_grad_op;

}  // namespace duel
