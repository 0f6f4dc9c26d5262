// Mode collapse, counted: GANs on a ring of eight Gaussians of radius 2.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/ring_gan.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::test;

namespace {

const RingRun wgan_gp{
    .objective = {.loss = AdversarialLoss::wasserstein, .penalty = Penalty::wgan_gp, .penalty_weight = 0.1, .critic_steps = 3}};
const RingRun sn{.objective = {.loss = AdversarialLoss::hinge}, .d_norm = Norm::spectral, .lr = 1e-3, .beta2 = 0.999};

bool good(const RingResult& r) { return r.found.covered == 8 && r.found.high_quality >= 0.9; }

RingResult said(const char* name, const RingRun& run, int64_t seed) {
  const RingResult r = train_on_ring(run, seed);
  fmt::print("{}, seed {}: {} in {:.1f} s\n", name, seed, r.found.text(), r.seconds);
  return r;
}

}  // namespace

TEST_CASE("WGAN-GP finds all eight modes") { CHECK(good(said("wgan-gp", wgan_gp, 1))); }

TEST_SUITE("long") {
  TEST_CASE("WGAN-GP finds all eight modes in four of five seeds, each in under a minute") {
    int right = 0;
    for (int64_t seed = 1; seed <= 5; ++seed) {
      const RingResult r = said("wgan-gp", wgan_gp, seed);
      right += good(r) && r.seconds < 60;
    }
    CHECK(right >= 4);
  }
  TEST_CASE("narrow modes and spectral norm, whatever they show") {
    RingRun narrow = wgan_gp, sn_narrow = sn;
    narrow.sigma = sn_narrow.sigma = 0.02;
    for (int64_t seed = 1; seed <= 5; ++seed) {
      CHECK(said("wgan-gp", narrow, seed).found.n == mode_samples);
      CHECK(said("sn", sn, seed).found.n == mode_samples);
      CHECK(said("sn", sn_narrow, seed).found.n == mode_samples);
    }
  }
}
