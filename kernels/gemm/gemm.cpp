#include "kernels/gemm/gemm.h"

#include "kernels/draw.h"

namespace duel {
namespace {

template <class F>
void each(GemmProblem& p, F&& f) {
  if constexpr (std::is_same_v<std::decay_t<F>, ProblemWriter>) {
    if (p.batch != 1) f.integer("b", p.batch);
  } else {
    f.integer("b", p.batch);
  }
  f.integer("m", p.m);
  f.integer("n", p.n);
  f.integer("k", p.k);
  f.type(p.dtype);
  f.flag("ta", p.ta);
  f.flag("tb", p.tb);
}

std::vector<Case<GemmProblem>> gemm_cases() {
  std::vector<Case<GemmProblem>> cases;
  auto add = [&](const std::string& text, Tag tag) { cases.push_back({GemmProblem::parse(text), tag}); };
  for (const char* dtype : {":f32", ":f64", ":bf16"})
    for (const char* flags : {"", "/ta=1", "/tb=1", "/ta=1/tb=1"}) {
      for (const char* sizes : {
               "m1n1k1",
               "m1n7k5",
               "m7n1k13",  // vectors
               "m2n3k1",   // an outer product
               "m15n17k16",
               "m16n16k16",
               "m17n15k33",  // one about a tile
               "m64n64k64",
               "m65n63k129",
               "m31n127k65",
               "m128n1k257",
               "m1n257k128",
               "m4n300k40",
               "m300n4k40",
               "b3m5n4k7",
               "b4m1n9k8",
               "b2m33n31k17",
           })
        add(std::string(sizes) + dtype + flags, Tag::edge);
      add(std::string("m16n256k100") + dtype + flags, Tag::dcgan);
    }
  for (const char* flags : {"", "/ta=1", "/tb=1"})
    for (const char* sizes : {"m17n15k33", "m1n7k5", "m64n48k100"}) add(std::string(sizes) + ":bf16" + flags + "/out=f32", Tag::edge);
  // Sides in whole chunks of 16 bytes, which rows on tensor cores want; the last has enough tiles for the large ones.
  for (const char* flags : {"", "/ta=1", "/tb=1", "/ta=1/tb=1"}) {
    for (const char* sizes : {"m8n8k8", "m72n56k40", "m64n64k96", "m136n264k24", "b3m24n40k136"})
      for (const std::string dtype : {":bf16", ":f32"}) add(sizes + dtype + flags, Tag::edge);
    add(std::string("m68n52k12:f32") + flags, Tag::edge);  // chunks of four
    for (const char* sizes : {"m72n56k40", "m136n264k24"}) add(std::string(sizes) + ":bf16" + flags + "/out=f32", Tag::edge);
  }
  // More steps of k than are in flight at once, also beside a second tile.
  for (const char* flags : {"", "/ta=1/tb=1"}) add(std::string("m136n72k408:bf16") + flags, Tag::edge);
  for (const char* large : {"b128m72n72k8:bf16", "b128m72n72k8:f32", "b128m72n72k8:bf16/ta=1/tb=1", "b128m72n72k8:f32/ta=1/tb=1"})
    add(large, Tag::edge);
  for (const char* dtype : {":f32", ":bf16"}) {
    for (const char* text : {"m2048n2048k2048", "m128n16384k100", "m4096n4096k4096", "m8192n128k1024", "m2048n512k4096"})
      add(std::string(text) + dtype, Tag::bench);
    for (const char* text : {"m128n1024k784", "m128n1k8192"}) add(std::string(text) + dtype + "/tb=1", Tag::bench);
    add(std::string("m16384n100k128") + dtype + "/ta=1", Tag::bench);
  }
  add("m8192n8192k8192:bf16", Tag::bench);  // large enough for a GPU's highest rate
  return cases;
}

}  // namespace

std::string GemmProblem::text() const {
  ProblemWriter writer;
  GemmProblem copy = *this;
  each(copy, writer);
  return writer.text() + (out == dtype ? "" : std::string("/out=") + name_of(out));
}

GemmProblem GemmProblem::parse(const std::string& text) {
  GemmProblem p;
  ProblemWords words = parse_words(text);
  p.out = words.dtype;
  if (auto it = words.options.find("out"); it != words.options.end()) {
    p.out = parse_dtype(it->second);
    words.options.erase(it);
  }
  ProblemReader reader(std::move(words));
  each(p, reader);
  reader.finish();
  for (int size : {p.batch, p.m, p.n, p.k})
    if (size < 1) fail(Failure::usage, "problem '" + text + "': every size must be at least 1");
  if (!p.valid())
    fail(Failure::usage, "problem '" + text + "': a product of " + name_of(p.dtype) + " cannot be stored as " + name_of(p.out) +
                             "; out is the operands' dtype, or f32 for bf16");
  return p;
}

std::vector<Buffer> Gemm::buffers(const Problem& p) {
  return {{"a", Role::in, p.dtype, p.a_count()}, {"b", Role::in, p.dtype, p.b_count()}, {"c", Role::out, p.out, p.c_count()}};
}
std::vector<Case<GemmProblem>> Gemm::cases() { return gemm_cases(); }
double Gemm::flops(const Problem& p) { return 2.0 * p.batch * p.m * p.n * p.k; }
int Gemm::reduction(const Problem& p) { return p.k; }

GemmProblem Gemm::random(uint64_t seed) {
  duel::Draw draw(seed);
  GemmProblem p;
  p.batch = draw.between(0, 3) ? 1 : draw.between(2, 5);
  for (int* size : {&p.m, &p.n, &p.k}) *size = draw.between(0, 4) ? draw.between(1, 80) : draw.between(1, 400);
  p.ta = draw.between(0, 1), p.tb = draw.between(0, 1);
  constexpr DType types[] = {DType::f32, DType::bf16, DType::f64};
  p.dtype = types[draw.between(0, 2)];
  if (p.dtype == DType::bf16 && draw.chance(2))
    for (int* size : {&p.m, &p.n, &p.k}) *size = (*size + 7) / 8 * 8;
  p.out = p.dtype == DType::bf16 && draw.between(0, 1) ? DType::f32 : p.dtype;
  return p;
}

static const OpRegistration<Gemm> gemm_op;

}  // namespace duel
