#include "kernels/random/random.h"

namespace duel {
namespace {

constexpr const char* distribution_names[] = {"uniform", "normal", "bernoulli"};

template <class F>
void each(RandomProblem& p, F&& f) {
  f.integer("n", p.n);
  f.integer("inner", p.inner);
  f.integer("seed", p.seed);
  f.integer("stream", p.stream);
  f.integer("first", p.first);
  f.type(p.dtype);
  f.choice("distribution", p.distribution, distribution_names);
  f.real("a", p.a, 0.0);
  f.real("b", p.b, 1.0);
}

}  // namespace

std::string RandomProblem::text() const {
  ProblemWriter writer;
  RandomProblem copy = *this;
  each(copy, writer);
  return writer.text();
}

RandomProblem RandomProblem::parse(const std::string& text) {
  RandomProblem p;
  ProblemReader reader(parse_words(text));
  each(p, reader);
  reader.finish();
  if (p.n < 0 || p.inner < 1) fail(Failure::usage, "problem '" + text + "': n must be at least 0 and inner at least 1");
  return p;
}

std::vector<Buffer> RandomFill::buffers(const Problem& p) {
  return {{"step", Role::in, DType::i32, 1, Fill::count}, {"y", Role::out, p.dtype, p.n * p.inner}};
}

std::vector<Case<RandomProblem>> RandomFill::cases() {
  std::vector<Case<RandomProblem>> cases;
  for (const char* dtype : {":f32", ":f64", ":bf16"})
    for (const char* distribution :
         {"/distribution=uniform/a=-1", "/distribution=normal", "/distribution=normal/a=1/b=0.02", "/distribution=bernoulli/a=0.3"}) {
      for (const char* sizes : {
               "n1inner1seed1stream0first0",
               "n3inner5seed7stream1first0",             // the last words of a sample go unused
               "n257inner1seed7stream2first4294967290",  // one number a sample, and ids across 2³²
               "n2inner257seed-1stream3first5",          // a key of all ones; one past the lanes' 256
               "n65inner256seed1234567890123stream4first1000",
               "n5inner4096seed9stream-1first0",  // more counters than a chunk
           })
        cases.push_back({RandomProblem::parse(std::string(sizes) + dtype + distribution), Tag::edge});
      cases.push_back({RandomProblem::parse(std::string("n16inner100seed1stream1first0") + dtype + distribution), Tag::dcgan});
    }
  // More counters than a full card has threads.
  cases.push_back({RandomProblem::parse("n300inner4100seed3stream1first0:f32"), Tag::edge});
  for (const char* text :
       {"n128inner100seed1stream1first0:f32/distribution=normal", "n128inner12288seed1stream1first0:f32/distribution=normal",
        "n1024inner12288seed1stream1first0:f32/distribution=uniform", "n1024inner12288seed1stream1first0:bf16/distribution=normal"})
    cases.push_back({RandomProblem::parse(text), Tag::bench});
  return cases;
}

// Ten rounds of two products and four exclusive ors for four numbers; 30 operations a number from words to normals.
double RandomFill::flops(const Problem& p) {
  return static_cast<double>(p.n) * static_cast<double>(p.inner) * (15 + (p.distribution == Distribution::normal ? 30 : 3));
}
int RandomFill::reduction(const Problem&) { return 1; }

static const OpRegistration<RandomFill> random_fill_op;

}  // namespace duel
