#include "kernels/conv2d_grads/conv2d_grads.h"

#include <algorithm>

namespace duel {
namespace {

Buffer tickets() { return {"tickets", Role::inout, DType::i32, conv2d_tickets, Fill::zero}; }
Buffer x_buffer(const Conv2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.x_count()}; }
Buffer y_buffer(const Conv2dProblem& p, const char* name, Role role) { return {name, role, p.dtype, p.y_count()}; }
Buffer w_buffer(const Conv2dProblem& p) { return {"w", Role::in, p.dtype, p.w_count()}; }
Buffer gw_buffer(const Conv2dProblem& p) { return {"gw", Role::out, accumulator_of(p.dtype), p.w_count()}; }

// Enough tiles for the large ones, which wgrad by itself never takes.
std::vector<Case<Conv2dProblem>> and_in_f32(std::vector<Case<Conv2dProblem>> cases, const std::string& large) {
  cases.push_back({Conv2dProblem::parse(large + ":f32"), Tag::edge});
  return cases;
}

}  // namespace

std::vector<Buffer> Conv2dGrads::buffers(const Problem& p) {
  return {x_buffer(p, "x", Role::in), y_buffer(p, "gy", Role::in), w_buffer(p), x_buffer(p, "gx", Role::out), gw_buffer(p), tickets()};
}
std::vector<Buffer> Conv2dDgradGrads::buffers(const Problem& p) {
  return {y_buffer(p, "gy", Role::in), w_buffer(p), x_buffer(p, "g", Role::in), y_buffer(p, "ggy", Role::out), gw_buffer(p), tickets()};
}
std::vector<Case<Conv2dProblem>> Conv2dGrads::cases() { return and_in_f32(Conv2dDgrad::cases(), "n4h64w64c72k8r2u2"); }
std::vector<Case<Conv2dProblem>> Conv2dDgradGrads::cases() { return and_in_f32(Conv2dFwd::cases(), "n4h64w64c8k72r1"); }
Conv2dProblem Conv2dGrads::random(uint64_t seed) { return Conv2dDgrad::random(seed); }
Conv2dProblem Conv2dDgradGrads::random(uint64_t seed) { return Conv2dFwd::random(seed); }
double Conv2dGrads::flops(const Problem& p) { return Conv2dDgrad::flops(p) + Conv2dWgrad::flops(p); }
double Conv2dDgradGrads::flops(const Problem& p) { return Conv2dFwd::flops(p) + Conv2dWgrad::flops(p); }
int Conv2dGrads::reduction(const Problem& p) { return std::max(Conv2dDgrad::reduction(p), Conv2dWgrad::reduction(p)); }
int Conv2dDgradGrads::reduction(const Problem& p) { return std::max(Conv2dFwd::reduction(p), Conv2dWgrad::reduction(p)); }

static const OpRegistration<Conv2dGrads> conv2d_grads_op;
static const OpRegistration<Conv2dDgradGrads> conv2d_dgrad_grads_op;

}  // namespace duel
