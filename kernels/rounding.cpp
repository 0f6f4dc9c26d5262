#include "kernels/rounding.h"

#include <map>
#include <string>
#include <tuple>

namespace duel {
namespace {

using Name = std::tuple<std::string, std::string, Device>;
std::map<Name, double>& noted() {
  static std::map<Name, double> all;
  return all;
}

}  // namespace

double rounding_of(const Row& row) {
  const auto found = noted().find({row.op, row.name, row.device});
  return found == noted().end() ? 1 : found->second;
}

}  // namespace duel

extern "C" void duel_register_rounding(const char* op, const char* variant, int device, double times) {
  duel::noted()[{op, variant, static_cast<duel::Device>(device)}] = times;
}
