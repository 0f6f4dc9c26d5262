// Another engine's training step in a process of its own, taking turns with ours.
#pragma once
#include <cstdio>
#include <string>
#include <vector>

namespace duel::bench {

class Peer {
 public:
  // $DUEL_PYTHON, else the first python3 on PATH or in /usr/bin that imports torch. Throws Error(usage) when there is none.
  static std::string python_with_torch();

  // Waits until it says that it is ready. Throws Error(internal) with its own reason where it says that it cannot, here and below.
  Peer(const std::vector<std::string>& command, const std::string& name);
  ~Peer();
  Peer(const Peer&) = delete;
  double seconds_per_step(int steps);  // runs that many now
  const std::string& name() const { return name_; }
  double peak_mib() const { return peak_mib_; }  // of its memory, so far

 private:
  std::string read_line();
  void end();
  std::string name_, program_;
  int pid_ = -1;
  std::FILE *to_ = nullptr, *from_ = nullptr;
  double peak_mib_ = 0;
};

}  // namespace duel::bench
