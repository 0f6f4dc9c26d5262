// The programs that train, each a row of a table, for tests of what they do alike.
#pragma once
#include <iterator>
#include <sstream>

#include "tests/app_runs.h"

namespace duel::test {

inline std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

struct Program {
  const char* name;
  std::vector<std::string> small;
  const char* size_flag;  // one that makes another net
  int batches_a_step = 1;
  std::vector<const char*> ends = {"1", "9", "13"};  // steps at which a run of 20 may end and go on: where it is judged only then, its
                                                     // records differ
  int steps = 60, lines = 60;                        // of a run long enough to be killed, and of its records
  std::vector<std::string> diverging = {"--lr", "1e18"};
  std::vector<std::string> restless;  // where a best checkpoint is kept: what makes an early look better than some later ones
};

inline const Program programs[] = {
    {.name = "gan",
     .small = words("--size 16 --ngf 4 --ndf 4 --nz 8 --log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ngf",
     .restless = {}},
    {.name = "gan",
     .small = words(
         "--size 8 --ngf 4 --ndf 4 --nz 8 --loss wasserstein --penalty wgan-gp --d-norm layer --critic-steps 2 --accumulate 2 --ema 0.9 "
         "--dropout 0.2 --diff-augment color,translation,cutout --log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ndf",
     .batches_a_step = 4,
     .restless = {}},
    {.name = "cgan",
     .small = words("--size 8 --ngf 4 --ndf 4 --nz 8 --label-in-g norm --label-in-d projection --d-norm spectral --loss hinge --ada 0.6 "
                    "--log-every 1 --sample-every 5 --checkpoint-every 2"),
     .size_flag = "--ngf",
     .restless = {}},
    {.name = "classify",
     .small = words("--width 4 --lr 0.01 --schedule constant --eval-every 4 --checkpoint-every 3"),
     .size_flag = "--width",
     .ends = {"4", "12"},
     .steps = 120,
     .lines = 30,
     .diverging = {"--weight-decay", "1e30"},
     .restless = {"--lr", "0.1"}},
    {.name = "vae",
     .small = words("--width 4 --eval-every 4 --checkpoint-every 3"),
     .size_flag = "--width",
     .ends = {"4", "12"},
     .steps = 80,
     .lines = 20,
     .diverging = {"--lr", "1e30"},
     .restless = {"--lr", "0.5"}},
};

// Runs `test` once for each program.
template <class Test>
void each_program(Test&& test) {
  for (const Program& program : programs) {
    INFO(std::string(program.name));
    test(program, Desk(program.name, program.small));
  }
}

}  // namespace duel::test
