// For files that define flags or parse them: CLI11, which takes seconds to compile, and what ours are checked by. Other headers make do
// with the names that cli.h declares.
#pragma once
#include <CLI/CLI.hpp>

namespace duel {

// For a flag that takes a whole number: CLI11 reads one beyond 64 bits as the largest there is.
CLI::Validator fits_64_bits();

}  // namespace duel
