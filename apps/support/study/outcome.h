// What came out of a study: each arm's measures over its seeds, and how they differ from the baseline's.
#pragma once
#include <string>
#include <vector>

#include "apps/support/study/folder.h"
#include "apps/support/study/plan.h"
#include "apps/support/study/statistics.h"

namespace duel {

double measure_of(const Scores& scores, int measure);  // by its number in measure_names

// untested: there are fewer than two seeds, the baseline did not train in one of them, or the study is not done. failed: the arm did not
// train in some seed, and those that are left would be a choice. Before the end nothing is tested: who looks again after each training, and
// stops when he likes what he sees, finds differences where there are none.
enum class Verdict { baseline, helped, hurt, unclear, untested, failed };
constexpr const char* verdict_words[] = {"baseline", "helped", "hurt", "cannot be told apart", "not tested", "did not train"};

struct ArmOutcome {
  Arm arm;
  std::vector<StudyResult> runs, failed;                  // in order of the plan's seeds
  Estimate measures[4];                                   // over the seeds
  std::vector<Estimate> recall;                           // of each class
  double prepare_seconds = 0, images = 0, synthetic = 0;  // means
  double ms_per_step = 0;                                 // of the fastest seed: what else the machine does only ever adds
  PairedTest test;                                        // of the primary measure against the baseline, pairs of one seed
  double p_holm = 1;
  Verdict verdict = Verdict::untested;
};

struct LevelOutcome {
  Level level;
  std::vector<ArmOutcome> arms;  // those that have a result
};

struct Outcome {
  std::vector<LevelOutcome> levels;
  size_t done = 0, planned = 0;
  int tests = 0;       // comparisons that Holm's correction goes over
  double seconds = 0;  // that all trainings and what they were prepared with took
  bool complete() const { return done == planned; }
};
Outcome outcome_of(const StudyPlan& plan, const std::vector<StudyResult>& results);

// What helped, what hurt, and what cannot be told apart: a sentence or two for each level, and what to keep in mind.
std::vector<std::string> words_of(const StudyPlan& plan, const Outcome& outcome);

std::string percent_text(double share);               // "81.24"
std::string points_text(const Estimate& difference);  // "+1.20 (+0.40 … +2.00)", in points of a hundred
std::string p_text(double p);                         // "0.031", "< 0.001"
std::string p_words(double p);                        // "p = 0.031", "p < 0.001"

}  // namespace duel
