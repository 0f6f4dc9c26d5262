// Misuse of the instructions of compute capability 9.0, as either simulated GPU reports it; a GPU would hang, trap or answer with nonsense.
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "kernels/ptx/im2col_copy.h"
#include "tests/kernels_for_tests/sim_probe.h"

namespace duel {
namespace {

bool any(const SimFault::Problem&) { return true; }
template <auto kernel>
void run(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  launch({.grid = dim3(p.grid.x, p.grid.y, p.grid.z), .block = dim3(p.block.x, p.block.y, p.block.z), .shared_bytes = p.shared_bytes},
         stream, kernel, static_cast<int*>(a.out));
}
#define FAULT(name) KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run<name>)

struct Storage {
  MBarrier barrier;
  int value[1022];
};
__device__ MBarrier& barrier_of(int arrivals) {
  MBarrier& barrier = shared_storage<Storage>().barrier;
  if (threadIdx.x == 0) mbarrier_init(barrier, arrivals);
  __syncthreads();
  return barrier;
}

__global__ void mbarrier_unmade(int*) { mbarrier_arrive(shared_storage<Storage>().barrier); }
FAULT(mbarrier_unmade);
__global__ void mbarrier_gone(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) mbarrier_invalidate(barrier);
  __syncthreads();
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_gone);
__global__ void mbarrier_made_twice(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 5) mbarrier_init(barrier, 1);
}
FAULT(mbarrier_made_twice);
__global__ void mbarrier_for_none(int*) { barrier_of(0); }
FAULT(mbarrier_for_none);
__global__ void mbarrier_for_too_many(int*) { barrier_of(1 << 20); }
FAULT(mbarrier_for_too_many);
__global__ void mbarrier_elsewhere(int* out) { mbarrier_init(*reinterpret_cast<MBarrier*>(out), 1); }
FAULT(mbarrier_elsewhere);
__global__ void mbarrier_askew(int*) { mbarrier_init(*reinterpret_cast<MBarrier*>(shared_storage<Storage>().value + 1), 1); }
FAULT(mbarrier_askew);
__global__ void mbarrier_overwritten(int*) {
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) barrier.opaque = 7;
  __syncthreads();
  mbarrier_arrive(barrier);
}
FAULT(mbarrier_overwritten);
__global__ void mbarrier_one_too_many(int*) {  // the phase cannot end, because a byte is missing
  MBarrier& barrier = barrier_of(32);
  if (threadIdx.x == 0) mbarrier_expect(barrier, 1);
  __syncthreads();
  mbarrier_arrive(barrier);
  if (threadIdx.x == 3) mbarrier_arrive(barrier);
}
FAULT(mbarrier_one_too_many);
__global__ void mbarrier_too_many_bytes(int*) {
  MBarrier& barrier = barrier_of(1);
  if (threadIdx.x == 0) mbarrier_expect(barrier, 1 << 19), mbarrier_expect(barrier, 1 << 19);
}
FAULT(mbarrier_too_many_bytes);
__global__ void mbarrier_parity(int*) { mbarrier_wait(barrier_of(1), 2); }
FAULT(mbarrier_parity);
__global__ void mbarrier_lost(int*) {  // one arrival of 64 does not come
  MBarrier& barrier = barrier_of(64);
  if (threadIdx.x == 40) return;
  mbarrier_arrive(barrier);
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_lost);
__global__ void mbarrier_bytes_lost(int*) {
  MBarrier& barrier = barrier_of(1);
  if (threadIdx.x == 0) mbarrier_arrive_expect(barrier, 4096);
  mbarrier_wait(barrier, 0);
}
FAULT(mbarrier_bytes_lost);

// ---- bulk copies ----

__device__ MBarrier& barrier_for_bulk() {
  MBarrier& barrier = shared_storage<Storage>().barrier;
  if (threadIdx.x == 0) {
    mbarrier_init(barrier, 1);
    fence_proxy_async();
  }
  __syncthreads();
  return barrier;
}
__global__ void bulk_length(int* out) { bulk_load(shared_storage<Storage>().value + 2, out, 24, barrier_for_bulk()); }
FAULT(bulk_length);
__global__ void bulk_askew(int* out) { bulk_load(shared_storage<Storage>().value + 1, out, 16, barrier_for_bulk()); }
FAULT(bulk_askew);
__global__ void bulk_from_askew(int* out) { bulk_load(shared_storage<Storage>().value + 2, out + 1, 16, barrier_for_bulk()); }
FAULT(bulk_from_askew);
__global__ void bulk_past_shared(int* out) { bulk_load(shared_storage<Storage>().value + 1018, out, 32, barrier_for_bulk()); }
FAULT(bulk_past_shared);
__global__ void bulk_left_behind(int* out) { bulk_load(shared_storage<Storage>().value + 2, out, 32, barrier_for_bulk()); }
FAULT(bulk_left_behind);
__global__ void bulk_store_left_behind(int* out) {
  Storage& shared = shared_storage<Storage>();
  for (int i = 2; i < 10; ++i) shared.value[i] = i;
  fence_proxy_async();
  bulk_store(out, shared.value + 2, 32);
  bulk_wait<0>();  // for a group that was not closed
}
FAULT(bulk_store_left_behind);
__global__ void bulk_unannounced(int* out) {  // nobody was told to expect these bytes
  MBarrier& barrier = barrier_for_bulk();
  bulk_load(shared_storage<Storage>().value + 2, out, 32, barrier);
  mbarrier_wait(barrier, 0);
}
FAULT(bulk_unannounced);

__global__ void box_kernel(const __grid_constant__ TensorMap map, int at) {
  Storage& shared = shared_storage<Storage>();
  MBarrier& barrier = barrier_for_bulk();
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(barrier, 1024);
    tensor_load(reinterpret_cast<char*>(&shared) + at, map, barrier, {0, 0});
  }
  mbarrier_wait(barrier, 0);
}
// A tensor of 64 × 8 floats with one setting changed; `at`: where in shared memory its box goes.
template <class Change>
void run_box(const SimFault::Problem& p, const SimFault::Args& a, Stream stream, int at, Change change) {
  BoxedTensor t;
  t.rank = 2, t.data = a.out;
  t.size[0] = 64, t.size[1] = 4, t.stride[1] = 256, t.box[0] = 32, t.box[1] = 8, t.swizzle = Swizzle::bytes128;
  change(t);
  launch({.grid = 1, .block = p.block.x, .shared_bytes = p.shared_bytes}, stream, box_kernel, make_tensor_map(t), at);
}
#define BOX_FAULT(name, at, ...)                                                            \
  void run_##name(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream s) { \
    run_box(p, a, s, at, [&]([[maybe_unused]] BoxedTensor& t) { __VA_ARGS__; });            \
  }                                                                                         \
  KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run_##name)
BOX_FAULT(box_right, 1024, );
BOX_FAULT(box_place, 512, );
BOX_FAULT(box_dimensions, 1024, t.rank = 3, t.size[2] = t.box[2] = 1, t.stride[2] = 1024);
BOX_FAULT(map_rank, 1024, t.rank = 6);
BOX_FAULT(map_dtype, 1024, t.dtype = DType::f64);
BOX_FAULT(map_address, 1024, t.data = static_cast<char*>(a.out) + 8);
BOX_FAULT(map_size, 1024, t.size[1] = 0);
BOX_FAULT(map_stride, 1024, t.stride[1] = 264);
BOX_FAULT(map_box, 1024, t.box[1] = 257);
BOX_FAULT(map_row, 1024, t.box[0] = 31);
BOX_FAULT(map_swizzle, 1024, t.box[0] = 16);

// Windows of a convolution of kernel 3 and stride 2 over two images of 7 × 5, 4 floats a pixel, with one setting changed; `at`: w, h and
// tap.
__global__ void column_kernel(const __grid_constant__ TensorMap map, int w, int h, int tap) {
  Storage& shared = shared_storage<Storage>();
  MBarrier& barrier = barrier_for_bulk();
  if (threadIdx.x == 0) {
    mbarrier_arrive_expect(barrier, 128);
    tensor_load_im2col(reinterpret_cast<char*>(&shared) + 1024, map, barrier, {0, w, h, 0}, {tap, 0});
  }
  mbarrier_wait(barrier, 0);
}
template <class Change>
void run_column(const SimFault::Problem& p, const SimFault::Args& a, Stream stream, int w, int h, int tap, Change change) {
  Im2colTensor t;
  t.dtype = DType::f32, t.data = a.out, t.channels = 4, t.pixels = 8;
  t.size[0] = 4, t.size[1] = 7, t.size[2] = 5, t.size[3] = 2;
  for (int d = 1; d < 4; ++d) t.stride[d] = d == 1 ? 16 : t.stride[d - 1] * t.size[d - 1];
  for (int d = 0; d < 2; ++d) t.lower[d] = t.upper[d] = -1, t.step[d] = 2;
  change(t);
  launch({.grid = 1, .block = p.block.x, .shared_bytes = p.shared_bytes}, stream, column_kernel, make_tensor_map(t), w, h, tap);
}
#define COLUMN_FAULT(name, w, h, tap, ...)                                                  \
  void run_##name(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream s) { \
    run_column(p, a, s, w, h, tap, [&]([[maybe_unused]] Im2colTensor& t) { __VA_ARGS__; }); \
  }                                                                                         \
  KERNEL_VARIANT(SimFault, name, 1, any, no_scratch, run_##name)
COLUMN_FAULT(column_outside, 7, -1, 0, );
COLUMN_FAULT(column_between, -1, 0, 0, );
COLUMN_FAULT(column_tap, -1, -1, 256, );
COLUMN_FAULT(columns_corner, -1, -1, 0, t.lower[1] = -129);
COLUMN_FAULT(columns_empty, -1, -1, 0, t.upper[0] = -8);
COLUMN_FAULT(columns_step, -1, -1, 0, t.step[1] = 9);
COLUMN_FAULT(columns_pixels, -1, -1, 0, t.pixels = 257);
COLUMN_FAULT(columns_channels, -1, -1, 0, t.channels = 3);
void run_column_of_boxes(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  BoxedTensor t;
  t.rank = 4, t.data = a.out;
  for (int d = 0; d < 4; ++d) t.size[d] = t.box[d] = 4, t.stride[d] = d ? 16 << 2 * (d - 1) : 0;
  launch({.grid = 1, .block = p.block.x, .shared_bytes = p.shared_bytes}, stream, column_kernel, make_tensor_map(t), 0, 0, 0);
}
KERNEL_VARIANT(SimFault, column_of_boxes, 1, any, no_scratch, run_column_of_boxes);
void run_box_of_columns(const SimFault::Problem& p, const SimFault::Args& a, Scratch, Stream stream) {
  Im2colTensor t;
  t.dtype = DType::f32, t.data = a.out, t.channels = 4, t.pixels = 8;
  for (int d = 0; d < 4; ++d) t.size[d] = 4, t.stride[d] = d ? 16 << 2 * (d - 1) : 0;
  launch({.grid = 1, .block = p.block.x, .shared_bytes = p.shared_bytes}, stream, box_kernel, make_tensor_map(t), 1024);
}
KERNEL_VARIANT(SimFault, box_of_columns, 1, any, no_scratch, run_box_of_columns);

// ---- products of a warpgroup: 64×64×16 of bf16 from 32 bytes a row, with a swizzle of 32 bytes; 4096 bytes of shared memory ----

struct Operands {
  alignas(1024) uint16_t a[64 * 16], b[64 * 16];
};
struct Product {
  MatrixDescriptor a, b;
};
__device__ Product product_of(int offset, int stride) {
  Operands& shared = shared_storage<Operands>();
  for (int i = static_cast<int>(threadIdx.x); i < 64 * 16; i += static_cast<int>(blockDim.x)) shared.a[i] = shared.b[i] = 0;
  fence_proxy_async();
  __syncthreads();
  return {matrix_descriptor(reinterpret_cast<char*>(shared.a) + offset, 16, stride, Swizzle::bytes32),
          matrix_descriptor(shared.b, 16, 256, Swizzle::bytes32)};
}
template <bool fenced = true>
__device__ void begin(float (&d)[32], const Product& p) {
  for (float& v : d) v = 0;
  if (fenced) wgmma_fence(d);
  wgmma_bf16<64>(d, p.a, p.b);
  wgmma_commit();
}
__global__ void wgmma_of_half(int* out) {
  float d[32];
  begin(d, product_of(0, 256));
  wgmma_wait<0>(d);
  out[threadIdx.x] = static_cast<int>(d[0]);
}
FAULT(wgmma_of_half);
__global__ void wgmma_without_some(int*) {  // one warp does something else
  const Product p = product_of(0, 256);
  float d[32];
  if (threadIdx.x < 96) begin(d, p), wgmma_wait<0>(d);
  else __syncthreads();
}
FAULT(wgmma_without_some);
__global__ void wgmma_split(int*) {
  const Product p = product_of(0, 256);
  float d[32];
  if (threadIdx.x < 96) begin(d, p);
  else wgmma_commit();
}
FAULT(wgmma_split);
__global__ void wgmma_different(int*) {
  Product p = product_of(0, 256);
  float d[32];
  if (threadIdx.x == 70) p.b = p.a;
  begin(d, p);
}
FAULT(wgmma_different);
__global__ void wgmma_unfenced(int*) {
  float d[32];
  begin<false>(d, product_of(0, 256));
}
FAULT(wgmma_unfenced);
__global__ void wgmma_fenced_too_early(int*) {  // the threads may have touched d since
  const Product p = product_of(0, 256);
  float d[32];
  begin(d, p);
  wgmma_wait<0>(d);
  begin<false>(d, p);
}
FAULT(wgmma_fenced_too_early);
__global__ void wgmma_sums_written(int* out) {
  float d[32];
  begin(d, product_of(0, 256));
  if (threadIdx.x == 9) d[31] = static_cast<float>(out[0]);
  wgmma_wait<0>(d);
  out[threadIdx.x] = static_cast<int>(d[31]);
}
FAULT(wgmma_sums_written);
__global__ void wgmma_left_behind(int*) {
  float d[32];
  begin(d, product_of(0, 256));
}
FAULT(wgmma_left_behind);
__global__ void wgmma_misplaced(int*) {
  float d[32];
  begin(d, product_of(64, 256));
}
FAULT(wgmma_misplaced);
__global__ void wgmma_over_the_span(int*) {
  float d[32];
  begin(d, product_of(16, 256));
}
FAULT(wgmma_over_the_span);
__global__ void wgmma_stride(int*) {
  float d[32];
  begin(d, product_of(0, 128));
}
FAULT(wgmma_stride);
__global__ void wgmma_past_shared(int*) {
  float d[32];
  begin(d, product_of(3072, 256));
}
FAULT(wgmma_past_shared);
__global__ void registers_split(int*) {
  if (threadIdx.x < 64) setmaxnreg_dec<24>();
  else setmaxnreg_inc<256>();
}
FAULT(registers_split);
__global__ void descriptor_askew(int*) { product_of(8, 256); }
FAULT(descriptor_askew);

}  // namespace
}  // namespace duel
