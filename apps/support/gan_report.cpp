#include "apps/support/gan_report.h"

#include "apps/support/run_page.h"

namespace duel {

nlohmann::ordered_json values_of(const GanReport& r) {
  const double values[GanReport::size] = {r.loss_d, r.loss_g, r.d_real, r.d_fake, r.d_fake_after, r.real_right, r.fake_right};
  nlohmann::ordered_json json;
  for (int i = 0; i < GanReport::size; ++i) json[GanReport::names[i]] = values[i];
  return json;
}

Page gan_page(const GanSettings& settings, const std::string& device, int64_t step, const std::vector<nlohmann::ordered_json>& records,
              std::vector<Frame> frames) {
  Page page = run_page("DCGAN", settings.data, device, step, settings.json());
  page.frames = std::move(frames);
  page.series = {
      {"Losses",
       "Two nets pull against each other: neither curve should run away.",
       {curve_of(records, "loss_d", "D"), curve_of(records, "loss_g", "G")},
       false},
      {"What D says",
       "The mean of D(x) on real images and of D(G(z)) on generated ones. At 50 % it can no longer tell them apart.",
       {curve_of(records, "d_real", "D(x)"), curve_of(records, "d_fake", "D(G(z))")},
       true},
      {"How often D is right",
       "The share of real and of generated images that D judges rightly. Both near 100 % for long: D has won, and G learns little.",
       {curve_of(records, "real_right", "real"), curve_of(records, "fake_right", "generated")},
       true},
  };
  return page;
}

}  // namespace duel
