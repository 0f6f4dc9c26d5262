// Generators trained on the spot: what the programs that train make of the same settings.
#include "apps/support/gan/data.h"
#include "apps/support/gan/generated.h"
#include "apps/support/generators/train_generator.h"
#include "apps/support/vae/ask.h"
#include "apps/support/vae/generated.h"
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

std::vector<float> samples(const Generated& made) { return made.values(0, made.n); }

}  // namespace

TEST_CASE("a VAE trained on the spot is that of vae train, however many batches a step takes") {
  const Desk desk("vae", {"--width", "4", "--steps", "5"});
  for (const char* batches : {"1", "3"}) {
    CAPTURE(std::string(batches));
    REQUIRE(desk.train(batches, {"--accumulate", batches, "--ema", "0.5", "--schedule", "cosine", "--conditional"}).code == 0);
    const TrainedVae run(desk.checkpoint(batches), Device::cpu);
    const ImageData data = vae_images(run.settings.data, run.settings.size, run.settings);
    const TrainedVae made = train_vae(run.settings, data.train, Device::cpu, "a VAE");
    CHECK(made.step == 5);
    CHECK(samples(generated(made, 20, 1)) == samples(generated(run, 20, 1)));
  }
}

TEST_CASE("a GAN trained on the spot is that of cgan train, however many batches a step takes") {
  const Desk desk("cgan", {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--steps", "3"});
  for (const auto& [accumulate, critic_steps] : {std::pair{"1", "1"}, {"2", "1"}, {"1", "3"}, {"2", "2"}}) {
    const std::string name = fmt::format("{}x{}", accumulate, critic_steps);
    CAPTURE(name);
    REQUIRE(desk.train(name, {"--accumulate", accumulate, "--critic-steps", critic_steps, "--ema", "0.5", "--schedule", "linear"}).code ==
            0);
    const TrainedGan run(desk.checkpoint(name), Device::cpu);
    GanSettings settings = run.settings;
    const ImageData data = load_gan_data(settings);
    const TrainedGan made = train_gan(settings, data.train, Device::cpu, "a GAN");
    CHECK(made.step == 3);
    CHECK(samples(generated(made, 20, 1)) == samples(generated(run, 20, 1)));
  }
}
