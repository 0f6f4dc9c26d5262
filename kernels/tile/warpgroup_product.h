// One tile of a matrix product by a block, as Hopper is meant to do it: D[m,n] = A[m,k]·B[k,n], operands bf16, sums in f32. One thread
// brings 64 steps of k of both operands to shared memory, `stages` times ahead; two warpgroups multiply 64 rows each of what has come
// (wgmma), and say when they have read it. Nobody else waits for anybody.
//
// An operand lies along k or along its rows, as memory has it: a box's innermost dimension is 64 elements wide, 128 bytes, which is the
// swizzle's span. Along k a box is all rows by 64 of k; along the rows it is 64 of k by 64 rows, and the next 64 rows follow `half` bytes
// on. An im2col copy of 64 channels lies in the same way. What lies outside the tensor comes as zeros.
//
// Sums are over k in ascending order of the steps, on each device in the order of its matrix instruction.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "kernels/tensor_map.h"

namespace duel {

template <bool a_along_k, bool b_along_k, int columns = 128>
struct WarpgroupTile {
  static constexpr int m = 128, n = columns, k = 64, stages = 4, multipliers = 256, threads = multipliers + 32;
  static constexpr int half = 64 * k * 2;  // bytes of 64 rows of A, or of Bᵀ
  struct Stage {
    alignas(1024) unsigned char a[m / 64 * half], b[n / 64 * half];
  };
  struct Storage {
    Stage stage[stages];  // and D on its way out
    MBarrier full[stages], empty[stages];
  };
  using Sums = float[n / 2];

  static __device__ void prepare(Storage& shared) {
    if (threadIdx.x == 0) {
      for (int i = 0; i < stages; ++i) {
        mbarrier_init(shared.full[i], 1);
        mbarrier_init(shared.empty[i], multipliers / 32);
      }
      fence_proxy_async();
    }
    __syncthreads();
  }

  // One thread of the last warp. bring(step, stage, full) begins the copies of both operands' k from 64 · step on; all their bytes count.
  template <class Bring>
  static __device__ void bring_all(Storage& shared, int steps, Bring bring) {
    for (int step = 0; step < steps; ++step) {
      const int stage = step % stages;
      mbarrier_wait(shared.empty[stage], step / stages % 2 ^ 1);  // at once, the first time round
      mbarrier_arrive_expect(shared.full[stage], static_cast<int>(sizeof(Stage)));
      bring(step, shared.stage[stage], shared.full[stage]);
    }
  }

  // The two warpgroups before it. `leading` is of a tile along its rows: from 64 of them to the next.
  static __device__ void multiply_all(Storage& shared, int steps, Sums& sums) {
    const int warpgroup = static_cast<int>(threadIdx.x) / 128;
    const bool speaks = threadIdx.x % 32 == 0;
#pragma unroll
    for (float& sum : sums) sum = 0;
    wgmma_fence(sums);
    for (int step = 0; step < steps; ++step) {
      const int stage = step % stages;
      mbarrier_wait(shared.full[stage], step / stages % 2);
      const MatrixDescriptor a = matrix_descriptor(shared.stage[stage].a + warpgroup * half, half, 1024, Swizzle::bytes128);
      const MatrixDescriptor b = matrix_descriptor(shared.stage[stage].b, half, 1024, Swizzle::bytes128);
      wgmma_fence();
#pragma unroll
      for (int i = 0; i < k / 16; ++i)
        wgmma_bf16<n, a_along_k ? Major::k : Major::mn, b_along_k ? Major::k : Major::mn>(sums, a.plus(i * (a_along_k ? 32 : 2048)),
                                                                                          b.plus(i * (b_along_k ? 32 : 2048)));
      wgmma_commit();
      wgmma_wait<1>();  // the step before is done
      if (step > 0 && speaks) mbarrier_arrive(shared.empty[(step - 1) % stages]);
    }
    wgmma_wait<0>(sums);
  }

  // D on its way out, by the two warpgroups: to shared memory, in boxes of 128 bytes of a row by all rows, swizzled.
  template <class Out>
  static constexpr int box_columns = 128 / static_cast<int>(sizeof(Out));
  static constexpr int box_bytes = m * 128;
  template <class Out>
  static __device__ unsigned char* lay_out(Storage& shared, const Sums& sums) {
    constexpr int wide = box_columns<Out>;
    static_assert(n / wide * box_bytes <= static_cast<int>(sizeof(Stage)) * stages);
    unsigned char* const to = shared.stage[0].a;
    barrier_sync(1, multipliers);  // both have read the last operands
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    // In f32 every other row takes its pairs in another order: otherwise two rows of a half-warp's four meet in the same banks.
    const bool turned = sizeof(Out) == 4 && lane / 4 % 2;
#pragma unroll
    for (int i = 0; i < n / 2; i += 2) {
      const float here[] = {sums[i], sums[i + 1]}, there[] = {sums[i ^ 8], sums[(i + 1) ^ 8]};  // values: no address of a sum is chosen
      const float first = turned ? +there[0] : +here[0], second = turned ? +there[1] : +here[1];
      const int row = warp * 16 + lane / 4 + i / 2 % 2 * 8, col = (turned ? i ^ 8 : i) / 4 * 8 + lane % 4 * 2;
      const int byte = col % wide * static_cast<int>(sizeof(Out));
      unsigned char* const at = to + col / wide * box_bytes + row * 128 + (byte ^ row % 8 * 16);
      if constexpr (sizeof(Out) == 2) *reinterpret_cast<uint32_t*>(at) = bf16(first).bits | static_cast<uint32_t>(bf16(second).bits) << 16;
      else store_vec(at, Pack<float, 2>{{first, second}});
    }
    return to;
  }
  // And on to device memory: store(box, column) begins the store of a box whose first column is the tile's `column`.
  template <class Out, class Store>
  static __device__ void store(Storage& shared, const Sums& sums, Store store) {
    const unsigned char* const from = lay_out<Out>(shared, sums);
    fence_proxy_async();
    barrier_sync(1, multipliers);
    if (threadIdx.x != 0) return;
    for (int box = 0; box < n / box_columns<Out>; ++box) store(from + box * box_bytes, box * box_columns<Out>);
    bulk_commit();
    bulk_wait_read<0>();  // before the block's shared memory is another's
  }
};

}  // namespace duel
