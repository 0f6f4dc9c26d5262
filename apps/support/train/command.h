// The `train` and `info` subcommands of the programs that train, for the settings S of their runs (run/settings.h).
#pragma once
#include <fmt/format.h>

#include <optional>
#include <string>

#include "apps/support/command/cli.h"
#include "apps/support/command/presets.h"
#include "apps/support/run/checkpoint.h"
#include "apps/support/run/folder.h"
#include "engine/tf32.h"
#include "kernels/device.h"

namespace duel {

// What every `train` is asked, and the run it goes on with.
struct TrainFlags {
  CLI::App* app;  // the subcommand
  std::string program, out, preset;
  bool resume = false, check_finite = false, tune = false, tune_baselines = false;
  Device device = Device::cpu;       // chosen by begin()
  std::optional<RunFolder> earlier;  // with --resume, opened by begin()
  std::unique_ptr<InTf32> tf32;      // with --precision tf32, from begin() on

  // Adds the subcommand. `ends_anew`: --steps and --epochs given with --resume count.
  TrainFlags(CLI::App& program, bool ends_anew);
  explicit operator bool() const;  // the command line asks for it
};

template <class S>
struct TrainCommand : TrainFlags {
  S settings;
  explicit TrainCommand(CLI::App& program) : TrainFlags(program, !S().binding("steps")) { settings.add_flags(*app); }

  // Settles the settings, with --resume from those of the run in --out and what the command line gives on top, and makes their device the
  // default one. Throws Error(usage) on what is refused, Error(data) when there is no run to go on with, Error(device).
  Device begin() {
    if (resume) {
      earlier.emplace(RunFolder::resume(out));
      if (!preset.empty())
        fail(Failure::usage, fmt::format("--preset {} starts a run, and --resume goes on with one as it is; leave one out", preset));
      settings = S::resumed(S::from_json(earlier->read_config(), earlier->config().string()), settings, *app);
    } else if (!preset.empty()) {
      settings = S::with_flags(settings_of<S>(find_preset(program, preset)), settings, *app);
    }
    if constexpr (requires { settings.settle(*app); })
      if (!resume) settings.settle(*app);
    settings.check();
    device = use_device(settings.device);
    if ((tune || tune_baselines) && is_simulated(device))
      fail(Failure::usage, fmt::format("--tune with --device {}: the simulated GPU is not timed", settings.device));
    if ((tune || tune_baselines) && settings.precision == "tf32")
      fail(Failure::usage, "--tune times rows of f32's accuracy, and --precision tf32 takes others; leave one out");
    tf32 = in_tf32(settings.precision, device);
    return device;
  }
};

// The net of these settings, for 28×28 images where the size is the data's, and ten classes: those of data that nobody has read.
template <class S>
auto usual_network(const S& settings) {
  constexpr int usual_size = 28, usual_classes = 10;
  const int size = settings.size ? settings.size : usual_size;
  return settings.network(size, size, usual_classes);
}

struct InfoFlags {
  CLI::App* app;
  std::string from;

  explicit InfoFlags(CLI::App& program);
  explicit operator bool() const;
};

template <class S>
struct InfoCommand : InfoFlags {
  S settings;
  explicit InfoCommand(CLI::App& program) : InfoFlags(program) { settings.add_flags(*app); }

  // The run that was asked about, its step and settings printed; none where it is the flags that describe a net, and then they are checked.
  // Trained is what is read of a checkpoint, with settings and step. Throws Error(usage) when both were given.
  template <class Trained>
  std::optional<Trained> run() const {
    if (from.empty()) return settings.check(), std::nullopt;
    if (const std::string flags = S::flags_given(*app); !flags.empty())
      fail(Failure::usage, fmt::format("info describes {} as it is; leave out {}, or leave out the run to describe a net", from, flags));
    const std::string path = checkpoint_path(from);
    std::optional<Trained> trained(std::in_place, path, Device::cpu);
    fmt::print("{}: step {}\n{}\n\n", path, trained->step, trained->settings.json().dump(2));
    return trained;
  }

  // Prints the layers of the run's net, or of what the flags would train on images that nobody has read. The exit code.
  template <class Trained>
  int describe_net() const {
    if (const auto trained = run<Trained>()) {
      fmt::print("{}", describe(trained->net.config));
      return 0;
    }
    S described = settings;
    if (described.channels == 0) described.channels = 1;
    fmt::print("{}", describe(usual_network(described)));
    return 0;
  }
};

}  // namespace duel
