// CPU rows that write large results past the caches: sizes that the tables of cases leave to benches, in memory that lies on whole vectors
// and in memory that does not.
#include <doctest/doctest.h>

#include <vector>

#include "kernels/cpu_stream.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

TEST_CASE("what is too large for a cache goes past it, a line of L1 at a time, and nothing else does") {
  constexpr int64_t most = streamed_bytes / sizeof(float);
  CHECK(streams<float>(most));
  CHECK_FALSE(streams<float>(most - 1));
  CHECK(streams<bf16>(2 * most));
  CHECK_FALSE(streams<bf16>(2 * most - 1));
  for (const bool streamed : {false, true})
    for (const int64_t begin : {0, 3}) {  // on whole vectors, and not
      CAPTURE(streamed);
      std::vector<float> y(5 * streamed_line / 2, -1);
      const int64_t end = static_cast<int64_t>(y.size()) - 1;
      int64_t next = begin;
      each_result_line(y.data(), begin, end, streamed, [&](int64_t from, int64_t to, float* line) {
        CHECK(from == next);
        CHECK(to == (streamed ? std::min(end, from + streamed_line) : end));
        CHECK((line == y.data() + from) != streamed);
        for (int64_t i = from; i < to; ++i) line[i - from] = static_cast<float>(i);
        CHECK((y[static_cast<size_t>(from)] == -1) == streamed);  // not there yet
        next = to;
      });
      CHECK(next == end);
      for (size_t i = 0; i < y.size(); ++i) {
        const auto at = static_cast<int64_t>(i);
        REQUIRE(y[i] == (at < begin || at >= end ? -1.f : static_cast<float>(i)));
      }
    }
}

TEST_CASE("results written past the caches are right, whatever they are aligned to") {
  struct Large {
    const char *op, *problem;
  };
  for (const Large& large : {
           Large{"activation", "n4194411:f32/act=tanh"},  // beyond the last whole line and vector
           {"activation", "n8388608:bf16/act=relu"},
           {"activation_grad", "n4194411:f32/act=sigmoid"},
           {"bias_activation", "rows131072c32:f32/act=relu"},
           {"bias_activation", "rows20011c420:bf16/act=sigmoid"},
           {"bias_activation", "rows1398401c3:f32/act=tanh"},
           {"bias_activation_grad", "rows131072c32:f32/act=relu"},
           {"bias_activation_grad", "rows1100c4104:f32/act=tanh"},
           {"bias_activation_grad", "rows1398401c3:f32/act=leaky_relu/slope=0.2"},
           {"bias_activation_grad", "rows20011c420:bf16/act=relu"},
           {"max_pool2d", "n64h64w64c64r2u2:f32"},
           {"max_pool2d", "n30h64w60c150r2u2:bf16"},
           {"max_pool2d_scatter", "n16h64w64c64r2u2:f32"},
           {"max_pool2d_scatter", "n30h64w60c150r2u2:bf16"},
       }) {
    CAPTURE(std::string(large.op));
    CAPTURE(std::string(large.problem));
    const OpInfo& op = find_op(large.op);
    const ErasedCase problem = op.parse(large.problem);
    const Question q = ask(op, problem, Values::reals, 5);
    bool streamed = false;
    for (const Buffer& b : q.buffers)
      if (b.role == Role::out) streamed |= b.dtype == DType::bf16 ? streams<bf16>(b.count) : streams<float>(b.count);
    REQUIRE(streamed);
    for (const Row& row : rows_of(large.op)) {
      if (row.device != Device::cpu || row.rank <= reference_rank) continue;
      const Verdict v = check(row, q);  // in memory aligned to 16 bytes
      CHECK_MESSAGE(v.passed, v.why);
      std::vector<Bytes> contents = q.before;
      run_once(row, op, problem, contents, 64);
      for (size_t i = 0; i < contents.size(); ++i) {
        if (q.buffers[i].role != Role::out) continue;
        const bool same = contents[i] == v.outputs[i];
        CHECK_MESSAGE(same, std::string(q.buffers[i].name), " depends on what its memory is aligned to");
        tally(same, !same);
      }
    }
  }
}
