// Tests that compare with other programs' arithmetic, in Python, where it is there.
#pragma once
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/process.h"

namespace duel::test {

// Runs `python` with these arguments, by way of env, which looks for it on PATH.
inline Outcome run_python(const std::string& python, std::vector<std::string> args) {
  args.insert(args.begin(), {"PYTHONDONTWRITEBYTECODE=1", python});  // nothing of its own goes into the source tree
  return run_process("/usr/bin/env", args);
}

// A Python that imports `modules` ("numpy, torch"): DUEL_PYTHON or python3; "" where neither does.
inline std::string python_with(const std::string& modules) {
  const char* named = std::getenv("DUEL_PYTHON");
  for (const std::string& python : {std::string(named ? named : ""), std::string("python3"), std::string("/usr/bin/python3")})
    if (!python.empty() && run_python(python, {"-c", "import " + modules}).code == 0) return python;
  return "";
}

}  // namespace duel::test
