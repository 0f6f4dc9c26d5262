// For nets so small that threads lose more by waiting for each other than they win; also, the bits of a run are then those of any machine
// of one kind.
#pragma once
#include <omp.h>

namespace duel {

inline void use_one_thread() { omp_set_num_threads(1); }

}  // namespace duel
