// What the engine hands to a row: aligned memory, whatever slice of a batch it was given, and no copy where none is needed.
#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>

#include "engine/dispatch.h"
#include "engine/grad.h"
#include "engine/ops.h"
#include "kernels/row_choice.h"
#include "tests/gradcheck.h"
#include "tests/support.h"
#include "tests/toy_op.h"

namespace duel {
namespace {

Toy::Args seen{};
void run_and_note(const ToyProblem& p, const Toy::Args& a, Scratch scratch, Stream stream) {
  seen = a;
  toy_run(p, a, scratch, stream);
}
KERNEL_VARIANT(Toy, noting, 1, toy_supports, no_scratch, run_and_note);

bool aligned(const void* data, size_t to) { return reinterpret_cast<uintptr_t>(data) % to == 0; }

// [0, 1, 2, …] of this shape.
Tensor counting(const Shape& shape, DType dtype = DType::f32) {
  std::vector<double> numbers(static_cast<size_t>(shape.count()));
  std::iota(numbers.begin(), numbers.end(), 0);
  return Tensor::from(shape, numbers, dtype);
}
// The same values where memory is aligned to one element and no more.
Tensor shifted(const Tensor& t) {
  Tensor longer({t.count() + 1}, t.dtype(), t.device());
  Tensor there = longer.alias(t.shape(), 1);
  there.assign(t);
  return there;
}

}  // namespace

TEST_CASE("a row gets a copy of what is not aligned, and everything else as it is") {
  const Tensor x = counting({3, 5}), w = counting({3, 4}), y = Tensor::full({3, 5}, -1),
               s = Tensor::from({3, 5}, std::vector<double>(15, -7), DType::i32), total = counting({2});
  const Tensor x1 = slice(x, 1, 3), w1 = slice(w, 1, 3), y1 = slice(y, 1, 3), s1 = slice(s, 1, 3), total1 = slice(total, 1, 2);
  REQUIRE(!aligned(x1.data(), row_alignment));
  REQUIRE(aligned(w1.data(), row_alignment));  // 16 bytes into its memory
  dispatch<Toy>({.n = 8}, {x1.data(), w1.data(), y1.data(), s1.data(), total1.data()}, Device::cpu);
  for (const void* given : {seen.x, const_cast<const void*>(seen.y), const_cast<const void*>(seen.s), const_cast<const void*>(seen.total)})
    CHECK(aligned(given, row_alignment));
  CHECK(seen.x != x1.data());
  CHECK(seen.w == w1.data());
  // Written where they belong, and nowhere else: 2·(5 … 12) + (4 … 11), and 1 + Σ 5 … 12.
  CHECK(y.values() == std::vector<double>{-1, -1, -1, -1, -1, 14, 17, 20, 23, 26, 29, 32, 35, -1, -1});
  CHECK(s.values() == std::vector<double>{-7, -7, -7, -7, -7, 1, 1, 1, 1, 1, 1, 1, 1, -7, -7});
  CHECK(total.values() == std::vector<double>{0, 69});

  const Tensor all = counting({3, 8}), out({16}, DType::f32, Device::cpu), signs({16}, DType::i32, Device::cpu);
  const Tensor even = slice(all, 1, 3), whole = Tensor::zeros({1});
  dispatch<Toy>({.n = 16}, {even.data(), all.data(), out.data(), signs.data(), whole.data()}, Device::cpu);
  CHECK((seen.x == even.data() && seen.w == all.data() && seen.y == out.data() && seen.s == signs.data() && seen.total == whole.data()));
  CHECK(out.values()[15] == 2 * 23 + 15);
}

TEST_CASE("slices that start at any element give the values of their copies, on every device") {
  for (Device device : devices) {
    if (!test::why_not(device).empty()) continue;
    const Tensor x = counting({3, 5}).to(device), w = affine(counting({2, 5}), 0.5, -2).to(device);
    const Tensor odd = slice(x, 1, 3), labels = slice(counting({3}, DType::i32).to(device), 1, 3);
    REQUIRE(!aligned(odd.data(), row_alignment));
    REQUIRE(!aligned(labels.data(), row_alignment));
    const auto f = [&](const Tensor& t, const Tensor& l) {
      return Tensors{add(t, w),
                     mul(w, t),
                     tanh(t),
                     cast(t, DType::bf16),
                     transpose(t),
                     softmax(t),
                     linear(t, w),
                     sum_per_channel(t),
                     concat_channels(w, t),
                     cross_entropy(t, l),
                     one_hot(l, 5),
                     scatter_add_rows(t, l, 3),
                     conv2d(reshape(t, {2, 1, 5, 1}), reshape(t, {2, 1, 5, 1})),
                     grad(sum(square(t)), {t})[0]};
    };
    const Tensors got = f(odd, labels), expected = f(odd.clone(), labels.clone());
    for (size_t i = 0; i < got.size(); ++i) CHECK_MESSAGE(got[i].values() == expected[i].values(), name_of(device), " result ", i);
  }
}

TEST_CASE("every op and its derivative give the same bits where its inputs start at any element") {
  for (const test::GradCase& c : test::grad_cases()) {
    Tensors odd;
    for (const Tensor& t : c.inputs) odd.push_back(shifted(t));
    const Tensor y = c.f(c.inputs), y_odd = c.f(odd);
    CHECK_MESSAGE(y.values() == y_odd.values(), c.op, " ", c.name);
    const Tensor g = Tensor::full(y.shape(), 0.5, y.dtype());
    const Tensors gx = vjp(y, g, c.inputs), gx_odd = vjp(y_odd, shifted(g), odd);
    for (size_t i = 0; i < gx.size(); ++i) CHECK_MESSAGE(gx[i].values() == gx_odd[i].values(), c.op, " ", c.name, ", input ", i);
  }
}

TEST_CASE("a device's memory is aligned for any row") {
  for (Device device : devices) {
    if (!test::why_not(device).empty()) continue;
    std::vector<Tensor> held;
    for (int64_t bytes : {0, 1, 4, 20, 63, 65, 300, 4097, 100000, 3 << 20}) {
      held.emplace_back(Shape{bytes}, DType::u8, device);
      CHECK(aligned(held.back().data(), device_alignment));
    }
  }
}

TEST_CASE("a row can be ruled out by name, and is still there when it is asked for") {
  const Toy::Problem p = Toy::Problem::parse("n37:f32");
  const auto picked = [&] { return std::string(pick<Toy>(p, Device::cpu).name); };
  REQUIRE(picked() == "noting");
  {
    const ScopedVariant without("toy:!noting");
    CHECK(picked() == "ref");
    CHECK(row_asked_for("toy").empty());
    const ScopedVariant named("toy:noting");
    CHECK(picked() == "noting");
  }
  CHECK(picked() == "noting");
  {
    const ScopedVariant neither("toy:!noting,toy:!ref");
    CHECK_THROWS_WITH_AS(picked(), doctest::Contains("no row on device cpu"), Error);
  }
  CHECK_THROWS_WITH_AS(ScopedVariant("toy:!no_such_row"), doctest::Contains("toy:!no_such_row"), Error);
  CHECK_THROWS_AS(ScopedVariant("toy:"), Error);
  CHECK_THROWS_AS(ScopedVariant("nothing:!noting"), Error);
}

}  // namespace duel
