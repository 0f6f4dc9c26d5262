// Errors. One exception type whose kind is also the exit code of every program.
#pragma once
#include <stdexcept>
#include <string>

namespace duel {

enum class Failure {
  internal = 1,  // a bug of ours
  usage = 2,     // wrong flag, refused setting, mismatched shapes
  data = 3,      // data sets and files: missing, damaged, unwritable
  device = 4,    // device missing, unsuitable or failed; a kernel row that does not exist
  memory = 5,    // out of memory
  numeric = 6,   // NaN or Inf where a number was needed
};

class Error : public std::runtime_error {
 public:
  Error(Failure kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  Failure kind;
};

// Messages lead with `[op]` where an op is to blame, print the shapes, and end with what to try.
// Thrown in one library so that every library of the program catches the same type.
extern "C" [[noreturn]] void duel_fail(int kind, const char* message);
[[noreturn]] inline void fail(Failure kind, const std::string& message) { duel_fail(static_cast<int>(kind), message.c_str()); }

}  // namespace duel
