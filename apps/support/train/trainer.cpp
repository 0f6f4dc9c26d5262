#include "apps/support/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/support/command/signals.h"
#include "apps/support/report/run_page.h"
#include "apps/support/train/tuned_file.h"
#include "engine/check_finite.h"
#include "engine/graph.h"
#include "engine/io/file.h"
#include "kernels/registry.h"

namespace duel {

constexpr int page_interval = 20;  // seconds between two looks of a page at its own file

Trainer::Trainer(TrainFlags& flags, TrainState& state, int images, TrainPlan plan)
    : flags_(flags),
      state_(state),
      plan_(std::move(plan)),
      folder_(flags.earlier ? RunFolder(std::move(*flags.earlier)) : RunFolder::create(flags.out)),
      events_(folder_),
      order_(images, plan_.batch, static_cast<uint64_t>(plan_.seed)) {
  if (flags.resume) {
    state.load(folder_.checkpoints() / "last.safetensors");
    for (const auto& [step, file] : folder_.samples_up_to(state.step)) frames_.push_back({step, read_image(file, plan_.channels)});
  } else {
    folder_.write_config(plan_.config);
  }
  if (flags.tune || flags.tune_baselines) {
    if (flags.resume && !state.computing_with().tuner())
      fail(Failure::usage, "--tune chooses the rows of a new run, and --resume goes on with those of the run as it was; leave one out");
    if (flags.resume && flags.tune_baselines && !state.computing_with().tunes_baselines())
      fail(Failure::usage,
           "--tune-baselines may choose other rows than this run's, and --resume goes on with those of the run as it was; leave it out");
    if (!flags.resume) state.computing_with().tune(flags.tune_baselines);
  }
  resumed_at_ = state.step;
  order_.seek(state.epoch, state.position);
  an_epoch_ = static_cast<double>(order_.batches_per_epoch()) / plan_.batches_a_step;
  total_ = plan_.steps ? plan_.steps : static_cast<int64_t>(std::ceil(plan_.epochs * an_epoch_));
  if (flags.resume && total_ < state.step && (was_given(*flags.app, "steps") || was_given(*flags.app, "epochs")))
    fail(Failure::usage, fmt::format("--{} ends at step {}, but the run is at step {} already; ask for more, or leave the flag out",
                                     plan_.steps ? "steps" : "epochs", total_, state.step));
}

int Trainer::run(const Training& training) {
  if (flags_.resume && state_.step >= total_)
    fmt::print("nothing left to do: the run ends at step {}{}\n", total_, plan_.ends_anew ? "; --steps or --epochs takes it further" : "");
  if (!flags_.resume) save("last");
  if (!flags_.resume && training.show && state_.step == 0 && frames_.empty()) show(training);
  if (!flags_.resume) write_page(training, false);  // nothing is recorded yet that could speak of trouble
  install_signals();
  const int64_t before = state_.step;
  try {
    loop(training);
  } catch (const Error& error) {
    if (state_.step > before || !flags_.resume) end_badly(training, error);
    throw;
  }
  return close(training);
}

// What a run leaves that ends with an error: its last numbers, unless a step was broken off that had begun to write others, and a page that
// says what happened and waits for nothing more. Where the error is such that these cannot be written either, it is the error that counts.
void Trainer::end_badly(const Training& training, const Error& error) {
  try {
    if (error.kind == Failure::numeric && !in_step_ && training.log && (records_.empty() || records_.back()["step"] != state_.step)) {
      records_.push_back({{"step", state_.step}, {"epoch", static_cast<double>(state_.step) / an_epoch_}});
      records_.back().update(training.log());
      folder_.append(records_.back());
    }
    write_page(training, true, fmt::format("The run ended at step {}: {}", state_.step, error.what()));
  } catch (const Error&) {
  }
}

void Trainer::loop(const Training& training) {
  StepGraph recorded(flags_.device, training.step);
  const auto step = [&] {
    if (flags_.check_finite) training.step();
    else recorded();
  };
  Progress progress("training", total_, {.time_limit = plan_.minutes * 60, .first_step = state_.step});
  bool first = true;
  speed_since_ = std::chrono::steady_clock::now(), speed_from_ = state_.step;
  while (state_.step < total_ && !stop_requested() && !(plan_.minutes > 0 && progress.elapsed() > plan_.minutes * 60)) {
    {
      std::optional<CheckFinite> watch;
      if (flags_.check_finite) watch.emplace(fmt::format("step {}", state_.step + 1));
      in_step_ = true;
      training.load();
      if (looks_into(training, state_.step + 1)) training.look();
      if (first) forget_rows_run();
      if (first && state_.computing_with().tuning_is_due()) progress.note(tuned(step));
      else step();
      in_step_ = false;
    }
    ++state_.step;
    if (first) state_.computing_with().note_rows(), go_on(), first = false;

    if (progress.tick(state_.step)) {
      const double rate = progress.steps_per_second();
      std::vector<Reading> readings = training.readings();
      readings.insert(readings.begin(), {"images/s", rate * plan_.batch * plan_.batches_a_step, false, rate > 0});
      progress.show(readings);
    }
    const bool judged = record(training), shown = training.show && due(training.show_every);
    if (shown) show(training);
    if (judged || due(plan_.checkpoint_every) || take_save_request()) save("last");
    if (judged || shown)
      for (const std::string& line : write_page(training, false)) progress.note(line);
  }
  progress.finish();
  if (first) go_on();
}

// The first step of a run with --tune; what came of it, as a line.
std::string Trainer::tuned(const std::function<void()>& step) {
  ComputingWith& with = state_.computing_with();
  TunedFile file(tuned_folder(), tuned_machine(flags_.device, with.tunes_baselines()), flags_.program);
  {
    const OpenTuner open(*with.tuner(), file, {.baselines = with.tunes_baselines()});
    step();
  }
  return fmt::format("--tune: {}{}", with.tuner()->summary(), file.keeps() ? "; kept in " + file.path().string() : "");
}

// A resumed run writes nothing before this.
void Trainer::go_on() {
  if (!flags_.resume) return;
  if (resumed_at_ > 0 && !std::filesystem::exists(folder_.metrics()))
    fmt::print(stderr, "{}: {} is not there, so the page's curves show the run from step {} on\n", flags_.program,
               folder_.metrics().string(), resumed_at_ + 1);
  records_ = folder_.rewind(resumed_at_), speeds_ = folder_.speed().rewind(resumed_at_);
  events_.rewind(resumed_at_);
  folder_.write_config(plan_.config);
}

bool Trainer::due(int64_t every) const { return state_.step % (every ? every : std::max<int64_t>(1, std::llround(an_epoch_))) == 0; }

// True when the net was judged.
bool Trainer::record(const Training& training) {
  const bool end = state_.step == total_, log = training.log && (end || due(training.log_every) || looks_into(training, state_.step)),
             judge = training.judge && (end || due(training.judge_every));
  if (!log && !judge) return false;
  nlohmann::ordered_json record{{"step", state_.step}, {"epoch", static_cast<double>(state_.step) / an_epoch_}};
  if (log) record.update(training.log());
  if (judge) record.update(training.judge());
  records_.push_back(record);
  folder_.append(record);
  nlohmann::ordered_json said = record;
  note_speed(said);
  events_.add(said);
  if (training.refuse) training.refuse();
  if (judge) keep_if_best(training);
  return judge;
}

// Adds the images a second since the record before, all included that lay between. They differ from run to run, so they have a file of
// their own.
void Trainer::note_speed(nlohmann::ordered_json& said) {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - speed_since_).count();
  const double images = static_cast<double>(state_.step - speed_from_) * plan_.batch * plan_.batches_a_step;
  speed_since_ = now, speed_from_ = state_.step;
  said["images_per_second"] = images / seconds;
  speeds_.push_back({{"step", state_.step}, {"seconds", seconds}, {"images_per_second", images / seconds}});
  folder_.speed().append(speeds_.back());
}

std::vector<std::string> Trainer::write_page(const Training& training, bool over, const std::string& end) {
  Page page = training.page();
  std::vector<std::string> news, sentences;
  if (!end.empty()) sentences.push_back(end);
  for (const Finding& f : training.findings ? training.findings() : std::vector<Finding>()) {
    if (said_.insert(f.name).second || over) news.push_back(fmt::format("step {}: {}: {}", state_.step, f.name, f.sentence));
    sentences.push_back(f.sentence);
  }
  if (!sentences.empty()) page.words.insert(page.words.begin(), {"Something may be wrong", sentences});
  page.subtitle = fmt::format("step {} of {}", state_.step, total_);
  page.series.push_back({"Speed",
                         "Images trained on a second, with all that lies between two records: pictures, judgements, checkpoints.",
                         {curve_of(speeds_, "images_per_second", "images a second")},
                         false});
  page.look_again = over ? 0 : page_interval;
  write_report(folder_.index(), page);
  return news;
}

void Trainer::keep_if_best(const Training& training) {
  if (training.best.empty()) return;
  const double value = records_.back().at(training.best).get<double>();
  if (!std::isfinite(value) || (state_.best && !(training.higher_is_better ? value > *state_.best : value < *state_.best))) return;
  state_.best = value;
  save("best");
}

void Trainer::show(const Training& training) {
  frames_.push_back({state_.step, training.show()});
  write_png(folder_.sample(state_.step), frames_.back().grid);
  events_.add(state_.step, "samples", frames_.back().grid);
}

void Trainer::save(const char* name) {
  state_.epoch = order_.epoch(), state_.position = order_.position();
  state_.save(folder_.checkpoints() / (std::string(name) + ".safetensors"));
}

int Trainer::close(const Training& training) {
  save("last");
  if (training.show && (frames_.empty() || frames_.back().step != state_.step)) show(training);
  if (training.at_end && !stop_requested()) training.at_end();
  for (const std::string& line : write_page(training, true)) fmt::print("{}\n", line);
  if (!folder_.previous().empty()) fmt::print("the earlier run is kept as {}\n", folder_.previous().string());
  if (stop_requested()) {
    fmt::print("stopped after step {} of {}; go on with: {} train --out {} --resume\n", state_.step, total_, flags_.program, flags_.out);
    return stop_exit_code();
  }
  const std::string result = training.result ? training.result() : "";
  const std::string done = state_.step < total_ ? fmt::format("{} of {} steps in the time given", state_.step, total_)
                                                : counted(static_cast<uint64_t>(state_.step), "step");
  fmt::print("{}{}; open {}\n", done, result.empty() ? "" : "; " + result, folder_.index().string());
  return 0;
}

std::string Trainer::computed_on() const { return fmt::format("{}: {}", name_of(flags_.device), backend(flags_.device).description()); }

void refuse_non_finite(const char* what, double value, int64_t step) {
  if (!std::isfinite(value))
    fail(Failure::numeric,
         fmt::format("step {}: {} is {}; try a smaller --lr, or --check-finite to see where it comes from. The last checkpoint "
                     "is from before",
                     step, what, value));
}

}  // namespace duel
