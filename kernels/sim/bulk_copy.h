// Bulk copies (PTX ISA, cp.async.bulk and cp.async.bulk.tensor): what kernels/ptx/bulk_copy.h and im2col_copy.h call on the simulated GPU.
// bulk_flight.h has their state.
#pragma once
#include "kernels/sim/runtime.h"
#include "kernels/tensor_map.h"

namespace duel::sim {

void bulk_load(void* to, const void* from, int bytes, void* barrier, Site site);
void bulk_store(void* to, const void* from, int bytes, Site site);
void tensor_load(void* to, const TensorMap& map, const int* at, int rank, void* barrier, Site site);
void tensor_store(const TensorMap& map, const int* at, int rank, const void* from, Site site);
void tensor_load_im2col(void* to, const TensorMap& map, const int (&at)[4], const int (&tap)[2], void* barrier, Site site);
void bulk_commit();
void bulk_wait(int newest);  // reads and writes what belongs to older groups of stores than the newest ones
void fence_proxy();

}  // namespace duel::sim
