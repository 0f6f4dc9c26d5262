// `gan doctor` as a person uses it, and what a run says of itself.
#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

Desk small_desk(const char* program) {
  return {program, {"--size", "8", "--ngf", "4", "--ndf", "4", "--nz", "8", "--log-every", "1", "--sample-every", "30"}};
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a D that wins outright is found while training, on the page and afterwards") {
  // G hardly moves, D learns fast.
  const Desk desk = small_desk("gan");
  const Outcome o = desk.train("a", {"--steps", "60", "--lr", "1e-9", "--lr-d", "0.01"});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK_MESSAGE(has(o.output, "step 60: D too strong: D was right about"), o.output);
  CHECK(has(contents_of(desk.run("a") / "index.html"), "Something may be wrong"));
  const Outcome later = desk({"doctor", desk.run("a").string(), "--device", "cpu"});
  REQUIRE_MESSAGE(later.code == 0, later.errors);
  CHECK_MESSAGE(has(later.output, "\nD too strong: D was right about"), later.output);
  CHECK_MESSAGE(has(later.output, "step 60, 60 records\n"), later.output);
}

TEST_CASE("a run that ended with a NaN is called so afterwards, and nothing is said of what too little is known of") {
  const Desk desk = small_desk("gan");
  CHECK(desk.train("a", {"--steps", "40", "--lr", "1e18"}).code == 6);
  const Outcome o = desk({"doctor", desk.run("a").string(), "--device", "cpu"});
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK_MESSAGE(has(o.output, "\nnot finite: "), o.output);
  CHECK_MESSAGE(has(o.output, "it takes 20\n"), o.output);
  CHECK_MESSAGE(has(o.output, "not looked at: whether G copies, for "), o.output);
  CHECK_MESSAGE(!has(o.output, "copied from training images"), o.output);
}

TEST_CASE("every reading of a run's samples is there, and looking changes nothing") {
  for (const char* program : {"gan", "cgan"}) {
    const Desk desk = small_desk(program);
    REQUIRE(desk.train("a", {"--steps", "2", "--data", "shapes"}).code == 0);
    const auto before = weights_of(desk.checkpoint("a"));
    const Outcome o = desk({"doctor", desk.run("a").string(), "--device", "cpu"});
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    for (const char* reading : {"distance between samples", "nearest twin", "ends of tanh", "the same of real images",
                                "period of two pixels", "copied from training images", "batch statistics against running ones"})
      CHECK_MESSAGE(has(o.output, reading), o.output);
    CHECK_MESSAGE(has(o.output, "not looked at: what goes on in the layers: no record has a look into them (--inspect-every)\n"), o.output);
    CHECK_MESSAGE(!has(o.output, "ignored labels"), o.output);  // mean images of these shapes do not tell their classes apart
    CHECK(desk({"doctor", desk.run("a").string(), "--device", "cpu"}).output == o.output);
    CHECK(weights_of(desk.checkpoint("a")) == before);
    check_refused(desk, {{{"doctor", desk.checkpoint("a").string()}, 2, "run folder"}, {{"doctor", desk.run("none").string()}, 2, "none"}});
  }
}
