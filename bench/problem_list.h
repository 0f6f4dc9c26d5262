// Lists of problems by name: bench/problems/NAME.txt, or a file of one's own.
//
//   # a comment
//   conv2d n32h56w56c64k64r3pad1 x3       the family, the problem without its type, and how often the net has it
//   gemm m32n1000k2048/tb=1
#pragma once
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/op.h"

namespace duel::bench {

struct ListedProblem {
  std::string family, text;  // "conv2d", "n32h56w56c64k64r3pad1:bf16"
  int times = 1;             // for whoever adds a net up; benches run each problem once, and their means count it once
};

// `name` is "resnet50", "resnet50:bf16" or a path, likewise; without a type problems are in f32. Throws Error(usage), naming the lists
// there are, and Error(data), naming the line.
std::vector<ListedProblem> read_problem_list(const std::string& name);

// A family's problem is one of all its ops: conv2d_fwd, conv2d_dgrad, conv2d_wgrad, and two of them in one launch.
bool is_of_family(const OpInfo& op, const std::string& family);

}  // namespace duel::bench
