// A job is the work of a grid of blocks as a value, so that one launch can hold two: the second's blocks fill the multiprocessors that the
// first's last wave leaves idle.
//
//   struct Job {
//     static constexpr int threads;      of a block
//     using Storage;                     its shared memory
//     HD int blocks() const;
//     __device__ void operator()(Storage& shared, int block) const;
//   };
#pragma once
#include "kernels/launch.h"

namespace duel {

template <class Job>
__global__ void __launch_bounds__(Job::threads) run_job(const __grid_constant__ Job job) {
  job(shared_storage<typename Job::Storage>(), static_cast<int>(blockIdx.x));
}

template <class Job>
void launch_job(const Job& job, Stream stream) {
  launch({.grid = static_cast<unsigned>(job.blocks()), .block = Job::threads, .shared_bytes = sizeof(typename Job::Storage)}, stream,
         run_job<Job>, job);
}

}  // namespace duel
