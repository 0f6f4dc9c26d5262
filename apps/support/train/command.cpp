#include "apps/support/train/command.h"

#include "apps/support/command/flags.h"

namespace duel {

TrainFlags::TrainFlags(CLI::App& program, bool ends_anew)
    : app(program.add_subcommand("train", "train into a run folder")), program(program.get_name()), out("runs/" + program.get_name()) {
  app->add_option("--out", out, "run folder; an earlier run there is kept as <out>.1")->capture_default_str();
  app->add_flag("--resume", resume,
                std::string("go on with the run in --out, bit for bit") +
                    (ends_anew ? "; --steps or --epochs given now takes the place of every limit given before" : ""));
  app->add_flag("--check-finite", check_finite,
                "look through all that each op is given and writes, and stop at the first NaN or infinity; slow");
  app->add_flag("--tune", tune, "choose the rows of the first step by their time here, and remember them for the next run that tunes");
  app->add_flag("--tune-baselines", tune_baselines, "the same, and libraries that are kept as a unit of measurement may win");
  if (const std::string names = presets_of(this->program); !names.empty())
    app->add_option("--preset", preset, "start from settings that have a name (docs/runs/): " + names);
}

TrainFlags::operator bool() const { return bool(*app); }

InfoFlags::InfoFlags(CLI::App& program) : app(program.add_subcommand("info", "layers and parameter counts of a net, or of a run")) {
  app->add_option("from", from, "run folder or checkpoint");
}

InfoFlags::operator bool() const { return bool(*app); }

}  // namespace duel
