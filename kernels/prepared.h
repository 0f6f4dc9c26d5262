// A baseline at its best. A library with layouts of its own converts within its row, because a row takes and leaves our layout; that is how
// it is verified. As a unit of measurement it should not pay for that: its prepared form has converted its inputs beforehand, leaves its
// result in its own layout, and is what a bench times.
//
//   static const PreparedRow<Conv2dFwd, prepare> prepared_fwd("onednn_any");   // beside the row's KERNEL_VARIANT
#pragma once
#include <functional>

#include "kernels/registry.h"

namespace duel {

// One call's work, without conversions; empty where there is nothing to leave out. It keeps what it converted in memory of its own, and
// may keep the buffers' pointers, which outlive it.
using PreparedCall = std::function<void()>;

struct PreparedForm {
  const char *op, *name;  // of the row
  Device device;
  PreparedCall (*prepare)(const void* problem, const void* args, Stream);  // reads the inputs; args live until it returns
};
extern "C" void duel_register_prepared(const PreparedForm* form);
const PreparedForm* find_prepared(const Row& row);  // nullptr: the row is timed as it is

template <class Op, auto prepare>
struct PreparedRow {
  explicit PreparedRow(const char* name) {
    const PreparedForm form{Op::name, name, row_device, [](const void* p, const void* a, Stream stream) -> PreparedCall {
                              return prepare(*static_cast<const typename Op::Problem*>(p), *static_cast<const typename Op::Args*>(a),
                                             stream);
                            }};
    duel_register_prepared(&form);
  }
};

}  // namespace duel
