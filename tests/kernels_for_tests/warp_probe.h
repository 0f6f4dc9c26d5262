// Instructions of a warp and of a block's warps, one a row, whose answers the test computes. Rows run with the block that the problem says.
#pragma once

namespace duel {

struct WarpProbe {
  struct Problem {
    unsigned threads = 32;
    bool transposed = false;
  };
  struct Args {
    const void *a, *b;
    void* out;
  };
  static constexpr auto name = "warp_probe";
};

}  // namespace duel
