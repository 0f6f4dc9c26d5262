// CPU rows that write large results past the caches: sizes that the tables of cases leave to benches, in memory that lies on whole vectors
// and in memory that does not.
#include <doctest/doctest.h>

#include "kernels/cpu_stream.h"
#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

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
    size_t largest = 0;
    for (const Buffer& b : q.buffers)
      if (b.role == Role::out) largest = std::max(largest, b.bytes());
    REQUIRE(largest >= static_cast<size_t>(streamed_bytes));
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
