// Checks that read the source tree instead of a list, so that nothing new is forgotten. Each returns one sentence a fault.
#pragma once
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "kernels/op.h"
#include "kernels/registry.h"

namespace duel::test {

using Faults = std::vector<std::string>;

// Every .cu file below `folders` (kernels/sim aside, which holds no rows) has a row on `device` that was registered in a file of that name.
Faults files_without_row(const std::vector<std::filesystem::path>& folders, const std::vector<Row>& rows, Device device);
std::vector<std::filesystem::path> cuda_files(const std::vector<std::filesystem::path>& folders);

// Every record("name", out, inputs, rule) in the .cpp files of `folder` has a rule, and its name is in both sets. The name is a string
// literal, or the first parameter of a function of the same file that is called with literals; any other is a fault, as nobody can look it
// up.
struct RecordedOp {
  std::string file, name;  // name is empty where it is no literal
  int line;
  bool has_rule;
};
std::vector<RecordedOp> recorded_ops(const std::filesystem::path& folder);
Faults ops_without_gradient_checks(const std::filesystem::path& folder, const std::set<std::string>& gradcheck,
                                   const std::set<std::string>& gradgradcheck);

// No test names a structured binding in a message: doctest's messages are lambdas, which clang before 16 keeps such names out of.
// `folder`'s .cpp files, laid out as clang-format does.
Faults bindings_in_messages(const std::filesystem::path& folder);

// The folders in `folder` include each other's files ("NAME/FOLDER/file.h", `name` being how `folder` is included) in no circle.
Faults circles_of_rooms(const std::filesystem::path& folder, const std::string& name);

// Every row belongs to an op that describes itself, and supports at least one of its cases that tests run.
Faults rows_without_case(const std::vector<Row>& rows, const std::vector<OpInfo>& ops);

}  // namespace duel::test
