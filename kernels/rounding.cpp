#include "kernels/rounding.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace duel {
namespace {

using Name = std::tuple<std::string, std::string, Device>;
std::map<Name, Rounding>& noted() {
  static std::map<Name, Rounding> all;
  return all;
}
std::map<std::string, Steps>& noted_steps() {
  static std::map<std::string, Steps> all;
  return all;
}
std::map<std::string, const char*>& noted_added() {
  static std::map<std::string, const char*> all;
  return all;
}

}  // namespace

Rounding rounding_of(const Row& row) {
  const auto found = noted().find({row.op, row.name, row.device});
  return found == noted().end() ? Rounding{} : found->second;
}

const Steps* steps_of(const char* op) {
  const auto found = noted_steps().find(op);
  return found == noted_steps().end() ? nullptr : &found->second;
}

const char* added_to_rounded(const char* op) {
  const auto found = noted_added().find(op);
  return found == noted_added().end() ? nullptr : found->second;
}

StepsRegistration::StepsRegistration(Steps steps) { noted_steps()[steps.op] = std::move(steps); }
AddedRegistration::AddedRegistration(const char* op, const char* buffer) { noted_added()[op] = buffer; }

}  // namespace duel

extern "C" void duel_register_rounding(const char* op, const char* variant, int device, double times, bool operands) {
  duel::noted()[{op, variant, static_cast<duel::Device>(device)}] = {times, operands};
}
