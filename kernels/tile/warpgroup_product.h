// One tile of a matrix product by a block, as Hopper is meant to do it: D[m,n] = A[m,k]·B[k,n], operands bf16, sums in f32. One warp brings
// boxes of both operands to shared memory, `stages` steps ahead; two warpgroups multiply 64 rows each of what has come (wgmma), and say
// when they have read it. Nobody else waits for anybody.
//
// An operand lies along k or along its rows, as memory has it: a box's innermost dimension is 64 elements wide, 128 bytes, which is the
// swizzle's span, and what lies outside the tensor comes as zeros.
//
// Sums are over k in ascending order of the steps, on each device in the order of its matrix instruction.
#pragma once
#include "kernels/launch.h"
#include "kernels/ptx.h"
#include "kernels/tensor_map.h"

namespace duel {

template <bool a_along_k, bool b_along_k>
struct WarpgroupTile {
  static constexpr int m = 128, n = 128, k = 64, stages = 4, multipliers = 256, threads = multipliers + 32;
  static constexpr int operand_bytes = 128 * k * 2, half = operand_bytes / 2;  // half: 64 rows, either way
  struct Stage {
    alignas(1024) unsigned char a[operand_bytes], b[operand_bytes];
  };
  struct Storage {
    Stage stage[stages];  // and D on its way out
    MBarrier full[stages], empty[stages];
  };
  using Sums = float[n / 2];

  // The box that one tensor_load() brings of an operand of rows × k, a member of a batch of them after another.
  static BoxedTensor operand(const void* data, int batch, int rows, int k_size, bool along_k) {
    BoxedTensor t;
    t.dtype = DType::bf16, t.rank = 3, t.data = data, t.swizzle = Swizzle::bytes128;
    const int inner = along_k ? k_size : rows, outer = along_k ? rows : k_size;
    t.size[0] = inner, t.size[1] = outer, t.size[2] = batch;
    t.stride[1] = int64_t{inner} * 2, t.stride[2] = t.stride[1] * outer;
    t.box[0] = 64, t.box[1] = along_k ? 128 : k, t.box[2] = 1;
    return t;
  }

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

  template <bool along_k>
  static __device__ void bring(unsigned char* to, const TensorMap& map, MBarrier& full, int row, int k0, int member) {
    if constexpr (along_k) {
      tensor_load(to, map, full, {k0, row, member});
    } else {
      tensor_load(to, map, full, {row, k0, member});
      tensor_load(to + half, map, full, {row + 64, k0, member});
    }
  }
  // One thread of the last warp.
  static __device__ void bring_all(Storage& shared, const TensorMap& a, const TensorMap& b, int m0, int n0, int member, int steps) {
    for (int step = 0; step < steps; ++step) {
      const int stage = step % stages;
      mbarrier_wait(shared.empty[stage], step / stages % 2 ^ 1);  // at once, the first time round
      mbarrier_arrive_expect(shared.full[stage], 2 * operand_bytes);
      bring<a_along_k>(shared.stage[stage].a, a, shared.full[stage], m0, step * k, member);
      bring<b_along_k>(shared.stage[stage].b, b, shared.full[stage], n0, step * k, member);
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

  // D's tile by way of shared memory, in boxes of 128 bytes by 128 rows, `map` of D with elements of type Out; by the two warpgroups.
  template <class Out>
  static BoxedTensor result(void* data, int batch, int rows, int cols) {
    BoxedTensor t;
    t.dtype = dtype_of<Out>(), t.rank = 3, t.data = data, t.swizzle = Swizzle::bytes128;
    t.size[0] = cols, t.size[1] = rows, t.size[2] = batch;
    t.stride[1] = int64_t{cols} * static_cast<int64_t>(sizeof(Out)), t.stride[2] = t.stride[1] * rows;
    t.box[0] = 128 / static_cast<int>(sizeof(Out)), t.box[1] = m, t.box[2] = 1;
    return t;
  }
  template <class Out>
  static __device__ void store(Storage& shared, const Sums& sums, const TensorMap& map, int m0, int n0, int member) {
    constexpr int wide = 128 / static_cast<int>(sizeof(Out)), bytes = m * 128;  // of a box
    static_assert(n / wide * bytes <= static_cast<int>(sizeof(Stage)) * stages);
    unsigned char* const to = shared.stage[0].a;
    barrier_sync(1, multipliers);  // both have read the last operands
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
#pragma unroll
    for (int i = 0; i < n / 2; i += 2) {
      const int row = warp * 16 + lane / 4 + i / 2 % 2 * 8, col = i / 4 * 8 + lane % 4 * 2;
      const int byte = col % wide * static_cast<int>(sizeof(Out));
      unsigned char* const at = to + col / wide * bytes + row * 128 + (byte ^ row % 8 * 16);
      if constexpr (sizeof(Out) == 2)
        *reinterpret_cast<uint32_t*>(at) = bf16(sums[i]).bits | static_cast<uint32_t>(bf16(sums[i + 1]).bits) << 16;
      else store_vec(at, Pack<float, 2>{{sums[i], sums[i + 1]}});
    }
    fence_proxy_async();
    barrier_sync(1, multipliers);
    if (threadIdx.x != 0) return;
    for (int box = 0; box < n / wide; ++box) tensor_store(map, to + box * bytes, {n0 + box * wide, m0, member});  // as much as lies in D
    bulk_commit();
    bulk_wait_read<0>();  // before the block's shared memory is another's
  }
};

}  // namespace duel
