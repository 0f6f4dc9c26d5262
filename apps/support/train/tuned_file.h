// The winners of --tune, kept between runs: one file a device, thread count and build, in $XDG_CACHE_HOME/duel or ~/.cache/duel.
//
//   {"format": "duel tuned rows 1", "machine": {"device": …, "threads": 2, "build": …, "baselines": false},
//    "winners": {"conv2d_fwd n8…:f32": {"row": "onednn", "seconds": {"onednn": {"median": 1.2e-4, "fastest": …}, …}}}}
//
// A winner that is written down stays: of two processes that time the same problem at once, the first to write decides for both. Whatever
// is wrong with the file, training goes on with winners that are not kept: one sentence on stderr says why, and the file stays as it is.
#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/tune.h"

namespace duel {

// What a winner depends on besides its problem. The build is a hash of the libraries that the device's rows lie in, with the names of the
// libraries below them: an edited kernel is timed anew.
nlohmann::ordered_json tuned_machine(Device device, bool baselines);

std::filesystem::path tuned_folder();  // empty where neither XDG_CACHE_HOME nor HOME says where

class TunedFile final : public WinnerMemory {
 public:
  TunedFile(const std::filesystem::path& folder, nlohmann::ordered_json machine, std::string program);
  std::string find(const std::string& problem) override;
  std::string keep(const std::string& problem, const TimedRow& winner, const std::vector<TimedRow>& rows) override;
  const std::filesystem::path& path() const { return path_; }
  bool keeps() const { return trouble_.empty(); }

 private:
  bool read();  // into winners_; false, having said why, where there is trouble
  void give_up(const std::string& why);

  nlohmann::ordered_json machine_;
  std::string program_, trouble_;
  std::filesystem::path path_;
  nlohmann::ordered_json winners_ = nlohmann::ordered_json::object();
};

}  // namespace duel
