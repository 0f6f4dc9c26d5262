// Problem strings: what is printed is accepted and means the same; what is malformed is refused with a sentence.
#include <doctest/doctest.h>

#include "kernels/draw.h"
#include "kernels/op.h"
#include "tests/random_case.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// The two problems cost the same and have the same buffers, and print the same.
bool same_problem(const OpInfo& op, const ErasedCase& a, const ErasedCase& b) {
  if (a.text != b.text || op.flops(a.problem.get()) != op.flops(b.problem.get()) ||
      op.reduction(a.problem.get()) != op.reduction(b.problem.get()))
    return false;
  const std::vector<Buffer> left = op.buffers(a.problem.get()), right = op.buffers(b.problem.get());
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i)
    if (left[i].dtype != right[i].dtype || left[i].count != right[i].count || left[i].role != right[i].role ||
        left[i].limit != right[i].limit)
      return false;
  return true;
}

void check_round_trip(const OpInfo& op, const ErasedCase& c) {
  const ErasedCase again = op.parse(c.text);
  const bool same = same_problem(op, c, again);
  tally(same, !same);
  CHECK_MESSAGE(same, std::string(op.name), ": ", c.text, " reads back as ", again.text);
}

void check_refused(const OpInfo& op, const std::string& text) {
  try {
    op.parse(text);
    tally(0, 1);
    FAIL_CHECK(std::string(op.name) << ": '" << text << "' was accepted");
  } catch (const Error& error) {
    const bool right = error.kind == Failure::usage && std::string(error.what()).size() > 10;
    tally(right, !right);
    CHECK_MESSAGE(right, std::string(op.name), ": '", text, "': ", error.what());
  }
}

}  // namespace

TEST_CASE("every case of every op reads back as itself") {
  CHECK(ops().size() > 0);
  for (const OpInfo& op : ops()) {
    const std::vector<ErasedCase> cases = op.cases();
    CHECK_MESSAGE(!cases.empty(), std::string(op.name), " has no cases");
    for (const ErasedCase& c : cases) check_round_trip(op, c);
  }
}

TEST_CASE("random problems read back as themselves") {
  for (const OpInfo& op : ops()) {
    const RandomCases random(op);
    for (uint64_t seed = 0; seed < 200; ++seed) check_round_trip(op, random.draw(seed));
  }
}

TEST_CASE("malformed strings are refused with a usage error") {
  for (const OpInfo& op : ops()) {
    const std::string good = op.cases().front().text;
    const size_t colon = good.find(':');
    REQUIRE_MESSAGE(colon != std::string::npos, good);
    const std::string head = good.substr(0, colon), tail = good.substr(colon);
    for (const std::string& text :
         {head + "zzz3" + tail, head + head + tail, "3" + good, "N3" + tail, head + ":f33", head + ":", good + "/nonsense",
          good + "/no_such_option=1", good + "/=1", good + "/", head + " " + tail, good + "\n", good + '\0', head + "é1" + tail,
          head + "n" + tail, head + "zzz99999999999999999999" + tail, std::string(5000, 'n')})
      check_refused(op, text);
  }
}

TEST_CASE("what a problem says that means nothing to the op is refused") {
  const std::string good = "n4h16w16c16k32r4u2pad1:f32/act=relu/norm=1";
  const auto buffers = [](const std::string& name, const std::string& text) {
    const OpInfo& op = find_op(name);
    return op.buffers(op.parse(text).problem.get());
  };
  for (const std::string name :
       {"normed_conv2d_fwd", "normed_conv2d_dgrad", "normed_conv2d_wgrad", "normed_conv2d_grads", "normed_conv2d_dgrad_grads"}) {
    CAPTURE(name);
    CHECK(!buffers(name, good).empty());
    if (name.ends_with("grads")) CHECK_NOTHROW(buffers(name, good + "/input_only=1"));
    else CHECK_THROWS_WITH_AS(buffers(name, good + "/input_only=1"), doctest::Contains("input_only is for both gradients"), Error);
    if (name.ends_with("wgrad")) CHECK_NOTHROW(buffers(name, good + "/of=gy"));
    else CHECK_THROWS_WITH_AS(buffers(name, good + "/of=gy"), doctest::Contains("of=gy is for the weight gradient"), Error);
    if (!name.ends_with("grads") && !name.ends_with("wgrad")) CHECK_NOTHROW(buffers(name, good + "/bias=1"));
    else CHECK_THROWS_WITH_AS(buffers(name, good + "/bias=1"), doctest::Contains("bias is for the two that end with an output"), Error);
  }
}

TEST_CASE("words") {
  const ProblemWords w = parse_words("n128h32pad1:bf16/fn=relu/slope=0.2");
  CHECK(w.integers == std::map<std::string, int64_t>{{"n", 128}, {"h", 32}, {"pad", 1}});
  CHECK(w.dtype == DType::bf16);
  CHECK(w.options == std::map<std::string, std::string>{{"fn", "relu"}, {"slope", "0.2"}});
  CHECK(parse_words("").integers.empty());
  CHECK(parse_words("n9223372036854775807").integers.at("n") == INT64_MAX);
  CHECK_THROWS_WITH_AS(parse_words("n1n2"), doctest::Contains("appears twice"), Error);
  CHECK_THROWS_WITH_AS(parse_words("n9223372036854775808"), doctest::Contains("n has no number"), Error);
  for (float value : {0.2f, 1e-5f, -3.f, 0.1f + 0.2f, 16777217.f, 1e38f}) CHECK(std::stof(short_number(value)) == value);
}

TEST_CASE("garbage never does worse than a usage error") {
  constexpr char letters[] = "nhwckrsuvpqtopleft0123456789:/=.-+ebf16f32_ \n";
  for (const OpInfo& op : ops()) {
    const std::string good = op.cases().front().text;
    long survived = 0;
    for (uint64_t seed = 0; seed < 500; ++seed) {
      Draw draw(seed);
      std::string text = good;
      for (int edits = draw.between(1, 4); edits > 0; --edits) {
        const size_t at = draw.next() % (text.size() + 1);
        const char letter = letters[draw.next() % (sizeof letters - 1)];
        if (draw.chance(3) && at < text.size()) text.erase(at, 1);
        else if (draw.chance(2) && at < text.size()) text[at] = letter;
        else text.insert(at, 1, letter);
      }
      try {
        const ErasedCase parsed = op.parse(text);
        for (const Buffer& b : op.buffers(parsed.problem.get()))
          CHECK_MESSAGE(b.count >= 0, std::string(op.name), ": '", text, "' gives buffer ", b.name, " of ", b.count, " elements");
        ++survived;
      } catch (const Error& error) {
        CHECK_MESSAGE(error.kind == Failure::usage, std::string(op.name), ": '", text, "': ", error.what());
        ++survived;
      }
    }
    tally(survived, 500 - survived);
  }
}
