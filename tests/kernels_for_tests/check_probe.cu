// Each kernel has one fault, on the line that a comment marks with its name; "name, other" marks the line of the second party of a race.
#include <vector>

#include "tests/kernels_for_tests/check_kernel.h"

namespace duel {
namespace {

// ---- bounds ----

__global__ void read_past_end(const float* x, float* y, long long n) {
  const int i = threadIdx.x;
  if (i > n) return;
  const float v = x[i];  // read_past_end
  if (i < n) y[i] = v;
}
PROBE(read_past_end);
__global__ void write_past_end(const float* x, float* y, long long n) {
  const int i = threadIdx.x;
  if (i <= n) y[i] = x[i % n];  // write_past_end
}
PROBE(write_past_end);
__global__ void read_before_start(const float* x, float* y, long long) {
  const int i = threadIdx.x;
  y[i] = x[i - 1];  // read_before_start
}
PROBE(read_before_start);
__global__ void released(const float* x, float* y, long long) {
  y[threadIdx.x] = x[threadIdx.x];  // released
}
PROBE(released);
__global__ void past_shared(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x + 1];  // past_shared
}
PROBE(past_shared);
__global__ void host_pointer(const float* x, float* y, long long) {
  y[threadIdx.x] = x[threadIdx.x];  // host_pointer
}
void run_host_pointer(const CheckProbe::Problem& p, const CheckProbe::Args& a, Scratch scratch, Stream stream) {
  const std::vector<float> host(static_cast<size_t>(p.n));
  run<host_pointer>(p, {host.data(), a.y}, scratch, stream);
}
KERNEL_VARIANT(CheckProbe, host_pointer, 1, any, no_scratch, run_host_pointer);
__global__ void null_pointer(const float*, float* y, long long) {
  const float* null = nullptr;
  __syncthreads();
  y[threadIdx.x] = null[threadIdx.x];  // null_pointer
}
PROBE(null_pointer);
__global__ void register_past_end(const float* x, float* y, long long) {
  float own[4] = {1, 2, 3, 4};
  const int i = static_cast<int>(x[threadIdx.x]) + 4 * (threadIdx.x == 5);
  y[threadIdx.x] = own[i];  // register_past_end
}
PROBE(register_past_end);
__global__ void shared_field_past_end(const float* x, float* y, long long) {  // within the block's memory, but of the neighbouring field
  struct Fields {
    float a[8], b[8];
  };
  Fields& shared = shared_storage<Fields>();
  shared.a[threadIdx.x] = shared.b[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  const int i = static_cast<int>(x[threadIdx.x]) - (threadIdx.x == 0);
  y[threadIdx.x] = shared.b[i];  // shared_field_past_end
}
PROBE(shared_field_past_end);
__global__ void misaligned_read(const float* x, float* y, long long) {
  y[threadIdx.x] = *reinterpret_cast<const float*>(reinterpret_cast<const char*>(x + threadIdx.x) + 2);  // misaligned_read
}
PROBE(misaligned_read);
__global__ void vector_past_end(const float* x, float* y, long long n) {
  const long long i = 4 * threadIdx.x;
  if (i < n) {
    const float4 v = load_vec<float4>(x + i);  // vector_past_end
    y[i] = v.x;
  }
}
PROBE(vector_past_end);

// ---- values that nothing wrote ----

__global__ void unwritten_global(const float*, float* y, long long) {
  y[threadIdx.x] += 1;  // unwritten_global
}
PROBE(unwritten_global);
__global__ void unwritten_shared(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  if (threadIdx.x != 7) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // unwritten_shared
}
PROBE(unwritten_shared);
__global__ void earlier_block(const float* x, float* y, long long) {  // shared memory keeps nothing from block to block
  float* tile = shared_storage<Tile>().value;
  if (blockIdx.x == 0) tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[blockIdx.x * blockDim.x + threadIdx.x] = tile[threadIdx.x];  // earlier_block
}
PROBE(earlier_block);

// ---- races within a block ----

__global__ void missing_barrier(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];                      // missing_barrier, other
  y[threadIdx.x] = tile[(threadIdx.x + 32) % blockDim.x];  // missing_barrier
}
PROBE(missing_barrier);
__global__ void write_after_read(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[(threadIdx.x + 64) % blockDim.x];  // write_after_read, other
  tile[threadIdx.x] = 0;                                   // write_after_read
}
PROBE(write_after_read);
__global__ void two_writers(const float* x, float*, long long) {
  shared_storage<Tile>().value[threadIdx.x / 2] = x[threadIdx.x];  // two_writers   two_writers, other
}
PROBE(two_writers);
__global__ void missing_syncwarp(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];      // missing_syncwarp, other
  y[threadIdx.x] = tile[threadIdx.x ^ 1];  // missing_syncwarp
}
PROBE(missing_syncwarp);
__global__ void shuffle_is_no_barrier(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];  // shuffle_is_no_barrier, other
  __shfl_sync(0xffffffffu, 1, 0);
  y[threadIdx.x] = tile[threadIdx.x ^ 1];  // shuffle_is_no_barrier
}
PROBE(shuffle_is_no_barrier);
__global__ void half_mask(const float* x, float* y, long long) {  // each half of the warp waits for itself, and reads the other
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];  // half_mask, other
  __syncwarp(threadIdx.x < 16 ? 0xffffu : 0xffff0000u);
  y[threadIdx.x] = tile[threadIdx.x ^ 16];  // half_mask
}
PROBE(half_mask);
__global__ void loop_without_second_barrier(const float* x, float* y, long long n) {
  float* tile = shared_storage<Tile>().value;
  float sum = 0;
  for (long long from = 0; from < n; from += blockDim.x) {
    tile[threadIdx.x] = x[from + threadIdx.x];  // loop_without_second_barrier
    __syncthreads();
    for (unsigned i = 0; i < blockDim.x; ++i) sum += tile[i];  // loop_without_second_barrier, other
  }
  y[threadIdx.x] = sum;
}
PROBE(loop_without_second_barrier);
__global__ void neighbours_byte(const unsigned char* x, unsigned char* y, long long n) {  // the last byte has two writers
  const int i = threadIdx.x;
  if (i < n - 1) y[i] = x[i];    // neighbours_byte, other
  if (i == 40) y[n - 2] = x[0];  // neighbours_byte
}
PROBE_OF(unsigned char, neighbours_byte);

// ---- races between blocks ----

__global__ void blocks_meet(const float* x, float* y, long long) {
  y[threadIdx.x] = x[threadIdx.x];  // blocks_meet   blocks_meet, other
}
PROBE(blocks_meet);
// The last block adds up what the others left; x[0] counts them.
template <bool fenced>
__device__ void last_block(const float* x, float* y) {
  const unsigned last = gridDim.x - 1;
  y[blockIdx.x] = 1;  // no_fence, other
  if (fenced) __threadfence();
  const unsigned ticket = atomicInc(reinterpret_cast<unsigned*>(const_cast<float*>(x)), last);
  if (ticket != last) return;
  float sum = 0;
  for (unsigned i = 0; i <= last; ++i) sum += y[i];  // no_fence
  y[gridDim.x] = sum;
}
__global__ void no_fence(const float* x, float* y, long long) { last_block<false>(x, y); }
PROBE(no_fence);
__global__ void with_fence(const float* x, float* y, long long) {  // and without the fault
  last_block<true>(x, y);
}
PROBE(with_fence);
__global__ void plain_counter(const float*, float* y, long long) {
  atomicAdd(y, 1.0f);            // plain_counter, other
  if (blockIdx.x == 1) *y += 1;  // plain_counter
}
PROBE(plain_counter);

// ---- asynchronous copies and named barriers ----

__global__ void copy_without_wait(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  copy_async<4>(tile + threadIdx.x, x + threadIdx.x);
  copy_async_commit();
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];  // copy_without_wait
}
PROBE(copy_without_wait);
__global__ void wait_for_too_few(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  for (int i = 0; i < 2; ++i) {
    copy_async<4>(tile + 32 * i + threadIdx.x, x + threadIdx.x);
    copy_async_commit();
  }
  copy_async_wait<1>();
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x];
  y[threadIdx.x] += tile[32 + threadIdx.x];  // wait_for_too_few
}
PROBE(wait_for_too_few);
__global__ void copy_without_barrier(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  copy_async<4>(tile + threadIdx.x, x + threadIdx.x);  // copy_without_barrier, other
  copy_async_commit();
  copy_async_wait<0>();
  y[threadIdx.x] = tile[(threadIdx.x + 32) % blockDim.x];  // copy_without_barrier
}
PROBE(copy_without_barrier);
__global__ void copy_over_what_is_read(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[(threadIdx.x + 32) % blockDim.x];  // copy_over_what_is_read, other
  copy_async<4>(tile + threadIdx.x, x + threadIdx.x);      // copy_over_what_is_read
  copy_async_commit();
  copy_async_wait<0>();
}
PROBE(copy_over_what_is_read);
__global__ void copy_past_end(const float* x, float* y, long long n) {
  float* tile = shared_storage<Tile>().value;
  copy_async<16>(tile + 4 * threadIdx.x, x + 4 * threadIdx.x);  // copy_past_end
  copy_async_commit();
  copy_async_wait<0>();
  if (threadIdx.x < n) y[threadIdx.x] = tile[4 * threadIdx.x];
}
PROBE(copy_past_end);
__global__ void write_after_arrive(const float* x, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  if (threadIdx.x < 32) {
    tile[threadIdx.x] = x[threadIdx.x];
    barrier_arrive(1, 64);
    tile[threadIdx.x] = 0;  // write_after_arrive, other
  } else {
    barrier_sync(1, 64);
    y[threadIdx.x] = tile[threadIdx.x - 32];  // write_after_arrive
  }
}
PROBE(write_after_arrive);
__global__ void other_named_barrier(const float* x, float* y,
                                    long long) {  // warps 0 and 1 meet, and 2 and 3; warp 3 reads what warp 0 wrote
  float* tile = shared_storage<Tile>().value;
  const unsigned warp = threadIdx.x / 32;
  if (warp == 0) tile[threadIdx.x] = x[threadIdx.x];  // other_named_barrier, other
  barrier_sync(warp < 2 ? 1 : 2, 64);
  if (warp == 3) y[threadIdx.x] = tile[threadIdx.x - 96];  // other_named_barrier
}
PROBE(other_named_barrier);
__global__ void unwritten_matrix(const float*, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  if (threadIdx.x < 24) tile[threadIdx.x] = 0;
  __syncwarp();
  uint32_t r[1];
  ldmatrix(r, tile + 4 * threadIdx.x);  // unwritten_matrix
  y[threadIdx.x] = __uint_as_float(r[0]);
}
PROBE(unwritten_matrix);
__global__ void matrix_race(const float*, float* y, long long) {
  float* tile = shared_storage<Tile>().value;
  tile[threadIdx.x] = 0;
  __syncwarp();
  tile[threadIdx.x] = 1;  // matrix_race
  uint32_t r[1];
  ldmatrix(r, tile + 4 * (threadIdx.x % 8));  // matrix_race, other
  y[threadIdx.x] = __uint_as_float(r[0]);
}
PROBE(matrix_race);

}  // namespace
}  // namespace duel
