// The loop that every training program runs: a run folder made or gone on with, batches in their order, steps, the progress line, records,
// pictures and checkpoints at their times, signals, the page, the closing lines and the exit code. A main says what a step is, what is
// logged, shown and judged.
//
// A resumed run equals, bit for bit, one that never stopped; it touches its folder only once its first step has shown that it computes as
// before.
#pragma once
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "apps/support/command/progress.h"
#include "apps/support/report/report.h"
#include "apps/support/run/events.h"
#include "apps/support/run/state.h"
#include "apps/support/train/command.h"
#include "apps/support/train/doctor.h"
#include "engine/data/batches.h"

namespace duel {

// What a program trains. A function left out is not called; where an interval is 0, it is an epoch.
struct Training {
  std::function<void()> load;  // before each step: the next batches of Trainer::order(), and what else the step reads
  std::function<void()> step;  // recorded as a CUDA graph where there is one (engine/graph.h)

  // A look into the step to come, before it, every so many steps; 0: never. It leaves everything as it found it; which rows it runs does
  // not matter. What it saw is for the log that follows the step.
  int64_t look_every = 0;
  std::function<void()> look;

  // The numbers of the progress line, behind the images a second.
  std::function<std::vector<Reading>()> readings;

  // What a record of metrics.jsonl says beside its step and epoch, every so many steps and at the end.
  int64_t log_every = 0;
  std::function<nlohmann::ordered_json()> log;
  std::function<void()> refuse;  // throws where what was just recorded is not finite

  // The same for what takes longer to find out, such as how good the net is on test images. The run is saved after it, and as
  // checkpoints/best.safetensors where the number under `best` is the best yet.
  int64_t judge_every = 0;
  std::function<nlohmann::ordered_json()> judge;
  std::string best;
  bool higher_is_better = false;

  // A picture for samples/ and the page: at the start, every so many steps and at the end.
  int64_t show_every = 0;
  std::function<Image()> show;

  std::function<Page()> page;  // index.html: at the start, after a picture or a judgement and at the end; the curve of speed is added

  // What speaks of trouble, looked at with each page and shown on it; said once for each kind, and again at the end.
  std::function<std::vector<Finding>()> findings;

  // Both for a run that was not interrupted: what is looked at once, before the last page, and a part of the closing line.
  std::function<void()> at_end;
  std::function<std::string()> result;
};

// Of the settings, what the loop goes by.
struct TrainPlan {
  int64_t seed, steps;  // steps 0: from epochs
  double epochs, minutes;
  int batch, channels, checkpoint_every;
  bool ends_anew;          // a resumed run may end elsewhere than it was to
  int batches_a_step = 1;  // S::batches_a_step() where S has it
  nlohmann::ordered_json config;
};
template <class S>
TrainPlan plan_of(const S& s) {
  TrainPlan plan{s.seed, s.steps, s.epochs, s.minutes, s.batch, s.channels, s.checkpoint_every, !S(s).binding("steps"), 1, s.json()};
  if constexpr (requires { s.batches_a_step(); }) plan.batches_a_step = s.batches_a_step();
  return plan;
}

class Trainer {
 public:
  // `state` as its constructor made it, for `images` training images. With --resume it is loaded; otherwise there is a run folder from here
  // on, so what can be refused should be by now. Throws as RunFolder and TrainState::load() do, and Error(usage) for an end already passed.
  template <class S>
  Trainer(TrainCommand<S>& command, RunState<S>& state, int images) : Trainer(command, state, images, plan_of(state.settings)) {}

  int run(const Training& training);  // the exit code

  Shuffler& order() { return order_; }
  int64_t total() const { return total_; }  // steps to the end
  const std::vector<nlohmann::ordered_json>& records() const { return records_; }
  const std::vector<Frame>& frames() const { return frames_; }
  std::string computed_on() const;  // "cpu: …", for a page

 private:
  Trainer(TrainFlags& flags, TrainState& state, int images, TrainPlan plan);
  void go_on();
  void save(const char* name);
  void show(const Training& training);
  std::vector<std::string> write_page(const Training& training, bool over, const std::string& end = "");  // what is to be said
  void end_badly(const Training& training, const Error& error);
  void note_speed(nlohmann::ordered_json& said);
  bool record(const Training& training);
  void keep_if_best(const Training& training);
  void loop(const Training& training);
  std::string tuned(const std::function<void()>& step);
  int close(const Training& training);
  bool due(int64_t every) const;
  bool looks_into(const Training& training, int64_t step) const { return training.look_every > 0 && step % training.look_every == 0; }

  TrainFlags& flags_;
  TrainState& state_;
  TrainPlan plan_;
  RunFolder folder_;
  RunEvents events_;
  Shuffler order_;
  double an_epoch_ = 0;  // steps
  bool in_step_ = false;
  int64_t total_ = 0, resumed_at_ = 0;
  std::vector<nlohmann::ordered_json> records_, speeds_;
  std::vector<Frame> frames_;
  std::chrono::steady_clock::time_point speed_since_;
  int64_t speed_from_ = 0;      // the step done then
  std::set<std::string> said_;  // kinds of trouble
};

// Throws Error(numeric), naming the step, where a number of it is not finite.
void refuse_non_finite(const char* what, double value, int64_t step);

}  // namespace duel
