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
#include "kernels/tile/pipeline.h"

namespace duel {

// How a convolution's job is told what else to do.
//   OnLoad    on_load(at, image, channel, kept) changes the chunk at `at` of an operand, which has come to shared memory: of that image,
//             channels from `channel` on. Chunks of taps outside the image stay zero. Kept<T>: what a thread keeps from one of a step's
//             chunks to the next
//   OnStore   changes: change<Product>(sums, at, channel) changes a tile of the output before it is stored; at(row, col) is a value's
//             place in the output, or −1, and channel that of the tile's first column
//             looks: take<Product>(shared.look, sums, tile, column, rows, group) sees a tile of the output after it was stored
//             (kernels/normed_conv2d/statistics.h)
struct AsLoaded {};
struct Stored {
  static constexpr bool changes = false, looks = false;
};

// What multiply_steps() calls with each chunk that has come: f(step, row, chunk, at, kept). Nothing where an operand is multiplied as it
// is.
template <class T, class OnLoad, class F>
__device__ auto touch(const OnLoad&, F f) {
  if constexpr (std::is_same_v<OnLoad, AsLoaded>) return Untouched{};
  else
    return [f](int step) {
      return [f, step, kept = typename OnLoad::template Kept<T>{}](int row, int chunk, T* at) mutable { f(step, row, chunk, at, kept); };
    };
}

// The shared memory of a tile, and afterwards of what looks at it.
template <class Product, class OnStore>
union ProductThenLook {
  typename Product::Storage product;
  typename OnStore::template Shared<Product> look;
};
template <class Product, class OnStore>
using StorageOf = typename std::conditional_t<OnStore::looks, std::type_identity<ProductThenLook<Product, OnStore>>,
                                              std::type_identity<typename Product::Storage>>::type;
template <class Storage>
__device__ auto& product_storage(Storage& shared) {
  if constexpr (requires { shared.product; }) return shared.product;
  else return shared;
}

template <class Job>
__global__ void __launch_bounds__(Job::threads) run_job(const __grid_constant__ Job job) {
  job(shared_storage<typename Job::Storage>(), static_cast<int>(blockIdx.x));
}

template <class Job>
void launch_job(const Job& job, Stream stream) {
  launch({.grid = static_cast<unsigned>(job.blocks()), .block = Job::threads, .shared_bytes = sizeof(typename Job::Storage)}, stream,
         run_job<Job>, job);
}

template <class A, class B>
union EitherStorage {
  typename A::Storage a;
  typename B::Storage b;
};

// The blocks of a pair for which a multiprocessor is to have registers: large tiles of bf16 fit twice. 0: as it comes.
template <class Job>
constexpr int pairs_resident = Job::threads == 256 && sizeof(typename Job::Product::T) == 2 ? 2 : 0;

// Blocks are numbered through: a's, then b's. The launch begins with number `first`, and goes round.
template <class A, class B>
__global__ void __launch_bounds__(A::threads, pairs_resident<A>)
    run_jobs(const __grid_constant__ A a, const __grid_constant__ B b, int first) {
  static_assert(A::threads == B::threads, "a launch has one number of threads");
  auto& shared = shared_storage<EitherStorage<A, B>>();
  const int of_a = a.blocks(), from_first = static_cast<int>(blockIdx.x) + first;
  const int block = from_first < static_cast<int>(gridDim.x) ? from_first : from_first - static_cast<int>(gridDim.x);
  if (block < of_a) a(shared.a, block);
  else b(shared.b, block - of_a);
}

// Of two jobs that are as much work, the one with fewer blocks has the longer ones. They go first, so that the short ones fill the end.
template <class A, class B>
void launch_jobs(const A& a, const B& b, Stream stream) {
  const int of_a = a.blocks(), of_b = b.blocks();
  launch({.grid = static_cast<unsigned>(of_a + of_b), .block = A::threads, .shared_bytes = sizeof(EitherStorage<A, B>)}, stream,
         run_jobs<A, B>, a, b, of_a <= of_b ? 0 : of_a);
}

}  // namespace duel
