// The settings of a run: flags, config.json and the checkpoint hold the same fields, listed once, in S::each(f), which calls
// f(name, field, help, binding) for each. A binding setting must not change when a run is resumed. S::kind says what run it is: "a GAN
// run".
#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/support/command/cli.h"
#include "engine/tf32.h"
#include "kernels/error.h"

namespace duel {

// A sentence that names the flag, as Error(usage), unless it is `right`.
inline void want(bool right, const std::string& message) {
  if (!right) fail(Failure::usage, message);
}

template <class S>
struct RunSettings {
  void add_flags(CLI::App& app) {
    self().each([&](const char* name, auto& field, const char* help, bool) { add_setting(app, name, field, help); });
  }

  // Of what runs have in common: how they end, how precise they are, their step size, their average, how they are judged. Throws
  // Error(usage).
  void check_common() const {
    const S& s = self();
    constexpr int64_t most_steps = std::numeric_limits<int32_t>::max();  // devices count them in 32 bits
    dtype_of_precision(s.precision);                                     // refuses what is none
    want(s.steps >= 0 && s.steps <= most_steps, fmt::format("--steps {}: 0 to {}", s.steps, most_steps));
    want(s.epochs > 0 && s.epochs <= 1e6, fmt::format("--epochs {}: above 0, and up to a million", s.epochs));
    want(s.minutes >= 0 && s.minutes <= 1e6, fmt::format("--minutes {}: 0 to a million", s.minutes));
    want(s.lr > 0 && std::isfinite(s.lr), fmt::format("--lr {}: above 0", s.lr));
    want(s.checkpoint_every >= 1, fmt::format("--checkpoint-every {}: at least 1", s.checkpoint_every));
    if constexpr (requires { s.eval_every; }) want(s.eval_every >= 0, fmt::format("--eval-every {}: at least 0", s.eval_every));
    if constexpr (requires { s.eval_n; }) want(s.eval_n >= 10, fmt::format("--eval-n {}: at least 10", s.eval_n));
    if constexpr (requires { s.ema; }) want(s.ema >= 0 && s.ema < 1, fmt::format("--ema {}: from 0 to below 1", s.ema));
  }

  nlohmann::ordered_json json() const {
    nlohmann::ordered_json json;
    S(self()).each([&](const char* name, auto& field, const char*, bool) { json[name] = field; });
    return json;
  }

  // A setting that the file lacks came after the program that wrote it, and keeps its default: what that program did. Throws Error(data) on
  // a setting of the wrong kind, and on one that is not known here, for what it would have done is not known either.
  static S from_json(const nlohmann::ordered_json& json, const std::string& source) {
    S settings;
    const auto refuse = [&](const std::string& why) {
      fail(Failure::data,
           fmt::format("{}: {}; this is not the configuration of {} that this program can go on with", source, why, S::kind));
    };
    if (!json.is_object() || json.empty()) refuse("it holds no settings");
    std::vector<std::string> known;
    settings.each([&](const char* name, auto& field, const char*, bool) {
      known.emplace_back(name);
      if (!json.contains(name)) return;
      try {
        json.at(name).get_to(field);
      } catch (const nlohmann::json::exception&) {
        refuse(fmt::format("setting \"{}\" is of the wrong kind", name));
      }
    });
    for (const auto& [name, value] : json.items())
      if (std::find(known.begin(), known.end(), name) == known.end()) refuse(fmt::format("setting \"{}\" is not known", name));
    return settings;
  }

  // The binding settings in which `now` differs from `before`, as a sentence part; empty when none does.
  static std::string differences(const S& before, const S& now) {
    const nlohmann::ordered_json then = before.json(), here = now.json();
    std::string list;
    S(before).each([&](const char* name, auto&, const char*, bool binding) {
      if (binding && then[name] != here[name])
        list += fmt::format("{}--{} was {} and is now {}", list.empty() ? "" : "; ", name, then[name].dump(), here[name].dump());
    });
    return list;
  }

  // `base` with what the command line gave on top. A program may lack some of the flags: cgan has more than gan.
  static S with_flags(const S& base, const S& from_flags, const CLI::App& app) {
    S result = base;
    const nlohmann::ordered_json now = from_flags.json();
    result.each([&](const char* name, auto& field, const char*, bool) {
      if (was_given(app, name)) now[name].get_to(field);
    });
    return result;
  }

  // The settings of a run to resume, with what the command line gave on top: --steps or --epochs given now takes the place of every limit
  // given then. Throws Error(usage) naming each binding setting that differs.
  static S resumed(const S& saved, const S& from_flags, const CLI::App& app) {
    S result = with_flags(saved, from_flags, app);
    // A limit given now must not lose against another one given then.
    const bool steps = was_given(app, "steps"), epochs = was_given(app, "epochs");
    if (epochs && !steps) result.steps = 0;
    if constexpr (requires { result.minutes; })
      if ((epochs || steps) && !was_given(app, "minutes")) result.minutes = 0;
    if (const std::string list = differences(saved, result); !list.empty())
      fail(Failure::usage, "--resume continues the same run, but " + list + "; leave the flag out, or start a new run with another --out");
    return result;
  }

  // Whether the setting of that name must not change when a run is resumed.
  bool binding(const std::string& which) const {
    bool bound = false;
    S(self()).each([&](const char* name, auto&, const char*, bool binding) { bound |= binding && which == name; });
    return bound;
  }

  // The flags of these settings that the command line gave, such as "--size and --nz"; empty when it gave none.
  static std::string flags_given(const CLI::App& app) {
    std::vector<std::string> flags;
    S().each([&](const char* name, auto&, const char*, bool) {
      if (was_given(app, name)) flags.push_back(std::string("--") + name);
    });
    if (flags.empty()) return "";
    const std::string last = flags.back();
    flags.pop_back();
    return flags.empty() ? last : fmt::format("{} and {}", fmt::join(flags, ", "), last);
  }

 private:
  S& self() { return static_cast<S&>(*this); }
  const S& self() const { return static_cast<const S&>(*this); }
};

}  // namespace duel
