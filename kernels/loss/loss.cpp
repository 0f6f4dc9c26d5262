#include "kernels/loss/loss.h"

namespace duel {
namespace {

template <class P, class F>
void sizes(P& p, F&& f) {
  f.integer("rows", p.rows);
  f.integer("cols", p.cols);
  f.type(p.dtype);
}
template <class F>
void each(SoftmaxProblem& p, F&& f) {
  sizes(p, f);
  f.flag("log", p.log);
}
template <class F>
void each(CrossEntropyProblem& p, F&& f) {
  sizes(p, f);
}
template <class F>
void each(OneHotProblem& p, F&& f) {
  sizes(p, f);
}

template <class P>
std::string text_of(P p) {
  ProblemWriter writer;
  each(p, writer);
  return writer.text();
}
template <class P>
P parsed(const std::string& text) {
  P p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.rows < 1 || p.cols < 1) fail(Failure::usage, "problem '" + text + "': rows and cols must be at least 1");
  return p;
}

template <class P>
std::vector<Case<P>> sized_cases(const std::string& options) {
  std::vector<Case<P>> cases;
  for (const char* dtype : {":f32", ":f64", ":bf16"}) {
    for (const char* sizes : {"rows1cols1", "rows5cols1", "rows1cols2", "rows3cols31", "rows7cols33", "rows2cols1031", "rows300cols10",
                              "rows65cols17", "rows70cols20", "rows5cols1000"})
      cases.push_back({P::parse(std::string(sizes) + dtype + options), Tag::edge});
    cases.push_back({P::parse(std::string("rows128cols10") + dtype + options), Tag::dcgan});
  }
  for (const char* dtype : {":f32", ":bf16"})
    for (const char* sizes : {"rows128cols10", "rows8192cols1024"})
      cases.push_back({P::parse(std::string(sizes) + dtype + options), Tag::bench});
  return cases;
}

}  // namespace

std::string SoftmaxProblem::text() const { return text_of(*this); }
SoftmaxProblem SoftmaxProblem::parse(const std::string& text) { return parsed<SoftmaxProblem>(text); }
std::string CrossEntropyProblem::text() const { return text_of(*this); }
CrossEntropyProblem CrossEntropyProblem::parse(const std::string& text) { return parsed<CrossEntropyProblem>(text); }
std::string OneHotProblem::text() const { return text_of(*this); }
OneHotProblem OneHotProblem::parse(const std::string& text) { return parsed<OneHotProblem>(text); }

std::vector<Buffer> Softmax::buffers(const Problem& p) {
  return {{"x", Role::in, p.dtype, p.count()}, {"y", Role::out, p.dtype, p.count()}};
}
std::vector<Case<SoftmaxProblem>> Softmax::cases() {
  std::vector<Case<SoftmaxProblem>> cases = sized_cases<SoftmaxProblem>(""), log = sized_cases<SoftmaxProblem>("/log=1");
  cases.insert(cases.end(), log.begin(), log.end());
  return cases;
}
double Softmax::flops(const Problem& p) { return 5.0 * static_cast<double>(p.count()); }  // maximum, difference, exp, sum, quotient
int Softmax::reduction(const Problem& p) { return p.cols; }

std::vector<Buffer> CrossEntropy::buffers(const Problem& p) {
  return {{"logits", Role::in, p.dtype, p.count()},
          {"labels", Role::in, DType::i32, p.rows, Fill::index, p.cols},
          {"loss", Role::out, accumulator_of(p.dtype), p.rows}};
}
std::vector<Case<CrossEntropyProblem>> CrossEntropy::cases() { return sized_cases<CrossEntropyProblem>(""); }
double CrossEntropy::flops(const Problem& p) { return 4.0 * static_cast<double>(p.count()); }
int CrossEntropy::reduction(const Problem& p) { return p.cols; }

std::vector<Buffer> OneHot::buffers(const Problem& p) {
  return {{"labels", Role::in, DType::i32, p.rows, Fill::index, p.cols}, {"y", Role::out, p.dtype, p.count()}};
}
std::vector<Case<OneHotProblem>> OneHot::cases() {
  std::vector<Case<OneHotProblem>> cases = sized_cases<OneHotProblem>("");
  for (const char* text : {"rows64cols1000:bf16", "rows1200cols1001:f32"})  // the second has more packs than a full card has threads
    cases.push_back({OneHotProblem::parse(text), Tag::edge});
  return cases;
}
double OneHot::flops(const Problem&) { return 0; }
int OneHot::reduction(const Problem&) { return 1; }

static const OpRegistration<Softmax> softmax_op;
static const OpRegistration<CrossEntropy> cross_entropy_op;
static const OpRegistration<OneHot> one_hot_op;

}  // namespace duel
