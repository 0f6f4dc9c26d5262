// What a simulated GPU counts of one row's launches, in the terms of a profiler. Plain data: it crosses library borders.
//
// A request is one load or store instruction of one warp. Device memory moves in sectors of 32 bytes; the fewest a request can need is the
// number that the bytes it asks for would fill. Shared memory has 32 banks of 4 bytes; a request of 4 bytes a lane is served in one
// wavefront when no two lanes want different words of one bank, one of 8 bytes a lane in two, of 16 in four. (CUDA C++ Best Practices
// Guide, memory optimizations; Nsight Compute Profiling Guide, memory tables.) Caches are not modelled.
#pragma once
#include <cstddef>

namespace duel {

enum class MemorySpace : int { global, shared };
enum class AccessKind : int { load, store, atomic };

// One memory instruction of a kernel.
struct SiteCounts {
  const char* where;   // "kernels/conv2d/fwd_01_naive.cu:29"
  const char* buffer;  // the op's buffer it first touched ("x", "scratch"), or "" in shared memory or where it has no name
  MemorySpace space;
  AccessKind kind;
  int bytes;  // a lane moves at once
  long long requests;
  long long lanes;                          // that took part, over all requests: 32 a request where nothing diverges
  long long sectors, fewest_sectors;        // device memory
  long long wavefronts, fewest_wavefronts;  // shared memory
};

// One place that multiplies: a warp's matrix instruction, or a product that a kernel wrote as fma_rn() or mul_rn() of kernels/ptx.h. Other
// products are not seen.
struct ProductCounts {
  const char* where;
  bool matrix;
  long long lanes;       // that came by, over all warps; a matrix instruction takes 32
  long long multiplies;  // of two numbers
};

struct LaunchCounts {
  const char* row;  // "conv2d_fwd:naive"
  unsigned grid[3], block[3];
  size_t shared_bytes;
  long long barriers;       // __syncthreads() passed, over all blocks
  const SiteCounts* sites;  // in the order of the program
  int site_count;
  const ProductCounts* products;
  int product_count;
};

// Called for each launch between a device's count_begin() and count_end(). What it points at lives until the visit returns.
using CountsVisitor = void (*)(void* user, const LaunchCounts& launch);

}  // namespace duel
