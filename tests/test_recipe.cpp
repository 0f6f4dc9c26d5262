// The text of recipes, and what is none.
#include <doctest/doctest.h>

#include "augment/pipeline/pipeline_op.h"
#include "augment/recipe/recipe.h"
#include "kernels/error.h"

using namespace duel;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_recipe(text);
  } catch (const Error& error) {
    CHECK(error.kind == Failure::usage);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a recipe's text reads back as the same recipe") {
  for (const std::string& name : step_names()) {
    if (name == "color") continue;
    const Recipe recipe = parse_recipe(name);
    CHECK_MESSAGE(parse_recipe(text_of(recipe)) == recipe, text_of(recipe));
  }
  for (const char* text :
       {"", " ; ", "hflip p=.5; rotate -15..15; color b=.2 c=.2; erase", "rotate 15", "scale 1~.2; translate .1 whole=1; shear 3 y=-2..5",
        "crop scale=.5..1 ratio=1..1", "resample border=reflect by=bicubic antialias=0 clamp=0", "randaugment n=3 m=12; trivialaugment",
        "normalize mean=.485,.456,.406 std=.229,.224,.225", "resample border=constant fill=.5", "translate x=-.125..0.125"}) {
    const Recipe recipe = parse_recipe(text);
    CHECK_MESSAGE(parse_recipe(text_of(recipe)) == recipe, text_of(recipe));
    AugmentProblem p;
    p.recipe = recipe;
    CHECK_MESSAGE(AugmentProblem::parse(p.text()).recipe == recipe, p.text());
  }
  CHECK(parse_recipe("rotate 15") == parse_recipe("rotate -15..15"));
  CHECK(parse_recipe("brightness .3") == parse_recipe("brightness .7..1.3"));
  CHECK(parse_recipe("color s=.1 b=.2") == parse_recipe("brightness .2; saturation .1"));
  CHECK(parse_recipe("translate .2") == parse_recipe("translate x=.2 y=.2"));
  CHECK(text_of(parse_recipe("hflip")) == "hflip");
}

TEST_CASE("what is no recipe is refused, naming the piece") {
  CHECK(refusal("rotat 3").find("no step is called 'rotat'; there are hflip") != std::string::npos);
  CHECK(refusal("rotate 3 4").find("'4' fits none of its parameters, which are p, angle") != std::string::npos);
  CHECK(refusal("rotate x").find("'x' is no number") != std::string::npos);
  CHECK(refusal("rotate 5..-5").find("runs backwards") != std::string::npos);
  CHECK(refusal("rotate -5").find("give it without a sign") != std::string::npos);
  CHECK(refusal("hflip p=1.5").find("no probability") != std::string::npos);
  CHECK(refusal("posterize bits=9").find("9 is outside 1 to 8") != std::string::npos);
  CHECK(refusal("crop scale=0..1").find("outside") != std::string::npos);
  CHECK(refusal("color").find("wants one of b=") != std::string::npos);
  CHECK(refusal("normalize std=0").find("must be above 0") != std::string::npos);
  CHECK(refusal("resample by=lanczos").find("nearest, bilinear, bicubic") != std::string::npos);
  CHECK(refusal("elastic; elastic").find("appears twice") != std::string::npos);
  CHECK(refusal("randaugment n=17").find("1 to 16") != std::string::npos);
  CHECK(refusal("hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip;hflip")
            .find("more than 16") != std::string::npos);
  CHECK(refusal("rotate nan").find("is no number") != std::string::npos);
  for (const char* bad : {"rotat", "hflip p=2"}) CHECK(refusal(bad).find("[augment] ") == 0);
}
