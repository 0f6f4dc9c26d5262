#include "kernels/dropout/dropout.h"

namespace duel {

std::string DropoutProblem::text() const { return problem_text(*this); }

DropoutProblem DropoutProblem::parse(const std::string& text) {
  const auto p = parse_problem<DropoutProblem>(text);
  if (p.n < 0 || p.inner < 1) fail(Failure::usage, "problem '" + text + "': n must be at least 0 and inner at least 1");
  if (!(p.p >= 0 && p.p < 1)) fail(Failure::usage, "problem '" + text + "': p must be in [0, 1)");
  return p;
}

std::vector<Buffer> Dropout::buffers(const Problem& p) {
  return {
      {"step", Role::in, DType::i32, 1, Fill::count}, {"x", Role::in, p.dtype, p.n * p.inner}, {"y", Role::out, p.dtype, p.n * p.inner}};
}

std::vector<Case<DropoutProblem>> Dropout::cases() {
  std::vector<Case<DropoutProblem>> cases;
  for (const char* dtype : {":f32", ":f64", ":bf16"})
    for (const char* p : {"", "/p=0.25", "/p=0"}) {
      for (const char* sizes : {
               "n1inner1seed1stream0first0",
               "n3inner5seed7stream1first0",             // the last words of a sample go unused
               "n257inner1seed7stream2first4294967290",  // one element a sample, and ids across 2³²
               "n2inner257seed-1stream3first5",          // a key of all ones; one past the lanes' 256
               "n5inner4096seed9stream-1first0",         // more counters than a chunk
               "n7inner36seed-3stream4first2",           // an odd number of counters a sample
           })
        cases.push_back({DropoutProblem::parse(std::string(sizes) + dtype + p), Tag::edge});
      cases.push_back({DropoutProblem::parse(std::string("n16inner128seed1stream9first0") + dtype + p), Tag::dcgan});
    }
  // More packs than a full card has threads.
  for (const char* text : {"n300inner4100seed3stream1first0:f32", "n300inner8200seed3stream1first0:bf16"})
    cases.push_back({DropoutProblem::parse(text), Tag::edge});
  for (const char* text :
       {"n128inner1024seed1stream9first0:f32", "n128inner25088seed1stream9first0:f32/p=0.3", "n128inner25088seed1stream9first0:bf16/p=0.3"})
    cases.push_back({DropoutProblem::parse(text), Tag::bench});
  return cases;
}

// Ten rounds of two products and four exclusive ors for four coins; a comparison and a product an element.
double Dropout::flops(const Problem& p) { return 17.0 * static_cast<double>(p.n) * static_cast<double>(p.inner); }
int Dropout::reduction(const Problem&) { return 1; }

static const OpRegistration<Dropout> dropout_op;

}  // namespace duel
