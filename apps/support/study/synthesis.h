// Images that no camera saw, to fill up the rare classes of a study: SMOTE on pixels and on codes, and samples of generators, which are
// those of given runs, or trained here on the very images that are to be filled up.
#pragma once
#include <optional>
#include <string>

#include "apps/support/gan/state.h"
#include "apps/support/study/plan.h"
#include "apps/support/vae/state.h"

namespace duel {

struct Synthesis {
  Dataset images;      // to put behind the real ones
  double seconds = 0;  // they took, generators and filter included, even where those had been trained for an arm before
  std::string note;    // what a reader must know; empty: nothing
};

class Synthesiser {
 public:
  // Opens the runs of the plan that its arms want, and holds them, or the nets that are to be trained, against the images. Throws
  // Error(usage) and Error(data).
  Synthesiser(const StudyPlan& plan, const Dataset& train, Device device);

  // For the next call to make(): all that was trained for other images is forgotten.
  void start(const Dataset& real, int64_t seed);
  // Each class up to as many as the largest has; fewer where a filter leaves fewer, and then the note says so.
  Synthesis make(Images how);

 private:
  template <class T>
  struct Made {  // with what it took
    std::optional<T> is;
    double seconds = 0;
  };
  const TrainedVae& vae(bool conditional, double& seconds);
  const TrainedGan& gan(double& seconds);
  const Classifier& judge(double& seconds);

  const StudyPlan& plan_;
  Device device_;
  std::optional<TrainedVae> given_vae_, given_cvae_;
  std::optional<TrainedGan> given_gan_;
  const Dataset* real_ = nullptr;
  int64_t seed_ = 0;
  Made<TrainedVae> vae_, cvae_;
  Made<TrainedGan> gan_;
  Made<Classifier> judge_;
};

}  // namespace duel
