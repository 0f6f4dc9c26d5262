// Rows that move packs of 16 bytes do the arithmetic of the row before them, element for element: so they give its bits.
#include <doctest/doctest.h>

#include "tests/row_check.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

// What a row leaves in the buffers of a question.
std::vector<Bytes> outputs_of(const Row& row, const Question& q) {
  std::vector<Bytes> contents = q.before;
  for (size_t i = 0; i < contents.size(); ++i)
    if (q.buffers[i].role == Role::out) contents[i].assign(q.buffers[i].bytes(), 0xff);
  run_once(row, *q.op, q.problem, contents);
  return contents;
}

// Holds a row against the naive one on the op's cases; returns how many those were.
int compare_with_naive(const char* name, const char* variant) {
  const OpInfo& op = find_op(name);
  const Row *naive = find_row(name, "naive", Device::sim), *packs = find_row(name, variant, Device::sim);
  REQUIRE(naive);
  REQUIRE(packs);
  int compared = 0;
  for (const ErasedCase& c : op.cases()) {
    if (c.tag == Tag::bench || !packs->supports(c.problem.get())) continue;
    const Question q = ask(op, c, Values::reals, 3);
    CHECK_MESSAGE(outputs_of(*naive, q) == outputs_of(*packs, q), name, " ", c.text);
    ++compared;
  }
  return compared;
}

}  // namespace

TEST_CASE("rows of packs give the bits of the naive ones") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  for (const char* name : {"unary", "binary", "cast", "activation", "activation_grad", "sgd_step", "rmsprop_step", "adam_step",
                           "random_fill", "dropout", "gan_loss_grad", "one_hot"})
    CHECK(compare_with_naive(name, "packs") >= 20);
}

TEST_CASE("pooling by packs of channels gives the bits of the naive rows") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  for (const char* name : {"max_pool2d", "max_pool2d_scatter", "max_pool2d_gather", "avg_pool2d_grad"})
    CHECK(compare_with_naive(name, "channel_packs") >= 10);
}

TEST_CASE("rows moved by wide words, and rows of a table summed by warps, give the bits of the naive ones") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  for (const char* name : {"concat_channels", "slice_channels", "gather_rows"}) CHECK(compare_with_naive(name, "wide_words") >= 40);
  CHECK(compare_with_naive("scatter_add_rows", "row_warps") >= 20);
}

TEST_CASE("batch norm of a finished net by tiles of channels gives the bits of the naive row") {
  if (const std::string why = why_not(Device::sim); !why.empty()) return skip(why);
  CHECK(compare_with_naive("batch_norm_infer", "channel_tiles") >= 40);
}
