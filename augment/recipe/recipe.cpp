#include "augment/recipe/recipe.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "augment/recipe/steps.h"
#include "kernels/error.h"
#include "kernels/problem.h"

namespace duel {
namespace {

[[noreturn]] void refuse(const std::string& why) { fail(Failure::usage, "[augment] " + why); }

const StepInfo& info_of(AugOp op) {
  return *std::find_if(std::begin(step_table), std::end(step_table), [&](const StepInfo& s) { return s.op == op; });
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts{""};
  for (char c : text)
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  return parts;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (const std::string& word : split(text, ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

bool read_float(const std::string& text, float& value) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
}
float number(const std::string& step, const std::string& text) {
  float value = 0;
  if (!read_float(text, value)) refuse(step + ": '" + text + "' is no number");
  return value;
}

// a..b, m~s, m~~s or x.
Range read_range(const std::string& step, const Parameter& parameter, const std::string& text) {
  const std::string what = step + " " + parameter.name;
  const bool log = parameter.standard.form == Form::log_uniform;
  Range r;
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    r = {number(what, text.substr(0, dots)), number(what, text.substr(dots + 2)), log ? Form::log_uniform : Form::uniform};
    if (r.a > r.b) refuse(what + ": " + text + " runs backwards");
    if (r.a == r.b) r = fixed(r.a);
  } else if (const size_t waves = text.find("~~"); waves != std::string::npos) {
    r = {number(what, text.substr(0, waves)), number(what, text.substr(waves + 2)), Form::log_normal};
    if (!(r.a > 0) || r.b < 0) refuse(what + ": " + text + " wants a middle above 0 and a standard deviation");
  } else if (const size_t wave = text.find('~'); wave != std::string::npos) {
    r = {number(what, text.substr(0, wave)), number(what, text.substr(wave + 1)), log ? Form::log_normal : Form::normal};
    if (r.b < 0) refuse(what + ": a standard deviation of " + short_number(r.b));
  } else {
    const float x = number(what, text);
    if (parameter.lone == Lone::exactly) r = fixed(x);
    else {
      if (x < 0)
        refuse(what + ": " + text + " stands for " + short_number(parameter.middle) + " ± " + text +
               "; give it without a sign, or a range a..b");
      r = {parameter.middle - x, parameter.middle + x, log ? Form::log_uniform : Form::uniform};
      if (!log) r.a = std::max(r.a, std::max(parameter.least, parameter.middle - x));
      if (r.a == r.b) r = fixed(r.a);
    }
  }
  const bool upper = r.form == Form::uniform || r.form == Form::log_uniform;
  for (const float bound : {r.a, upper ? r.b : r.a})
    if (!(bound >= parameter.least && bound <= parameter.most))
      refuse(what + ": " + short_number(bound) + " is outside " + short_number(parameter.least) + " to " + short_number(parameter.most));
  return r;
}

std::string text_of(const Range& r) {
  const std::string a = short_number(r.a);
  if (r.form == Form::constant) return a + ".." + a;  // so that a lone number's other meaning cannot come in
  return a + (r.form == Form::uniform || r.form == Form::log_uniform ? ".." : r.form == Form::log_normal ? "~~" : "~") + short_number(r.b);
}

struct Word {
  std::string key, value;  // key empty: without a name
};
Word read_word(const std::string& word) {
  const size_t equals = word.find('=');
  return equals == std::string::npos ? Word{"", word} : Word{word.substr(0, equals), word.substr(equals + 1)};
}

void add(Recipe& recipe, const AugStep& step) {
  if (recipe.steps == recipe_slots) refuse("more than " + std::to_string(recipe_slots) + " steps; one recipe holds no more");
  if (step.op == AugOp::elastic && recipe.has(AugOp::elastic)) refuse("elastic appears twice; a recipe has one such grid");
  if (step.op == AugOp::sharpness && recipe.has(AugOp::sharpness)) refuse("sharpness appears twice; the source is smoothed once");
  if (step.op == AugOp::blur && recipe.has(AugOp::blur)) refuse("blur appears twice; the source is blurred once");
  recipe.step[recipe.steps++] = step;
}

AugStep standard(const StepInfo& info) {
  AugStep step{.op = info.op, .p = info.p, .range = {}};
  for (int i = 0; i < step_ranges; ++i) step.range[i] = info.parameter[i].standard;
  return step;
}

void read_step(Recipe& recipe, const StepInfo& info, const std::vector<std::string>& words) {
  AugStep step = standard(info);
  int repeat = info.op == AugOp::rand_augment ? 2 : 1, unnamed = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    const Word word = read_word(words[i]);
    if (word.key == "p") {
      step.p = number(info.name, word.value);
      if (!(step.p >= 0 && step.p <= 1)) refuse(std::string(info.name) + ": p=" + word.value + " is no probability; 0 to 1");
      continue;
    }
    if (word.key == "n" && info.op == AugOp::rand_augment) {
      const float n = number(info.name, word.value);
      repeat = static_cast<int>(n);
      if (!(n >= 1 && n <= recipe_slots) || n != std::floor(n))
        refuse("randaugment n=" + word.value + ": 1 to " + std::to_string(recipe_slots));
      continue;
    }
    int at = 0;
    while (at < step_ranges && info.parameter[at].name && (word.key.empty() ? at != unnamed : word.key != info.parameter[at].name)) ++at;
    if (at == step_ranges || !info.parameter[at].name) {
      std::string names = "p";
      for (const Parameter& p : info.parameter)
        if (p.name) names += std::string(", ") + p.name;
      refuse(std::string(info.name) + ": '" + words[i] + "' fits none of its parameters, which are " + names);
    }
    if (word.key.empty()) ++unnamed;
    step.range[at] = read_range(info.name, info.parameter[at], word.value);
    if (info.op == AugOp::translate && at == 0 && word.key.empty()) step.range[1] = step.range[0];  // both directions alike
  }
  for (int i = 0; i < repeat; ++i) add(recipe, step);
}

// color b=.2 c=.2 s=.2 h=.05: torchvision's ColorJitter, in that order.
void read_color(Recipe& recipe, const std::vector<std::string>& words) {
  constexpr struct {
    const char* key;
    const char* step;
  } jitter[] = {{"b", "brightness"}, {"c", "contrast"}, {"s", "saturation"}, {"h", "hue"}};
  if (words.size() == 1) refuse("color: wants one of b=, c=, s=, h= at least, such as b=.2 c=.2");
  for (size_t i = 1; i < words.size(); ++i) {
    const Word word = read_word(words[i]);
    if (std::none_of(std::begin(jitter), std::end(jitter), [&](const auto& j) { return word.key == j.key; }))
      refuse("color: '" + words[i] + "' is none of b=, c=, s=, h=");
  }
  for (const auto& j : jitter)
    for (size_t i = 1; i < words.size(); ++i) {
      const Word word = read_word(words[i]);
      if (word.key != j.key) continue;
      const StepInfo& info =
          *std::find_if(std::begin(step_table), std::end(step_table), [&](const StepInfo& s) { return !std::strcmp(s.name, j.step); });
      AugStep step = standard(info);
      step.range[0] = read_range("color", info.parameter[0], word.value);
      add(recipe, step);
    }
}

void read_normalize(Recipe& recipe, const std::vector<std::string>& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const Word word = read_word(words[i]);
    if (word.key != "mean" && word.key != "std") refuse("normalize: '" + words[i] + "' is neither mean= nor std=");
    float* to = word.key == "mean" ? recipe.mean : recipe.std;
    const std::vector<std::string> parts = split(word.value, ',');
    if (parts.size() > 4) refuse("normalize: " + word.key + " of more than four channels");
    for (size_t k = 0; k < 4; ++k) to[k] = number("normalize", parts[std::min(k, parts.size() - 1)]);
  }
  for (float s : recipe.std)
    if (!(s > 0)) refuse("normalize: a std of " + short_number(s) + "; it must be above 0");
}

template <class E, size_t N>
void choose(const std::string& key, const std::string& value, const char* const (&names)[N], E& chosen) {
  std::string all;
  for (size_t i = 0; i < N; ++i) {
    if (value == names[i]) {
      chosen = static_cast<E>(i);
      return;
    }
    all += std::string(i ? ", " : "") + names[i];
  }
  refuse("resample " + key + "=" + value + ": there are " + all);
}

void read_resample(Recipe& recipe, const std::vector<std::string>& words) {
  const auto flag = [](const Word& w) {
    if (w.value != "0" && w.value != "1") refuse("resample " + w.key + "=" + w.value + ": 0 or 1");
    return w.value == "1";
  };
  for (size_t i = 1; i < words.size(); ++i) {
    const Word word = read_word(words[i]);
    if (word.key == "border") choose(word.key, word.value, border_names, recipe.border);
    else if (word.key == "by") choose(word.key, word.value, interpolation_names, recipe.interpolation);
    else if (word.key == "antialias") recipe.antialias = flag(word);
    else if (word.key == "clamp") recipe.clamp = flag(word);
    else if (word.key == "fill") recipe.fill = number("resample", word.value);
    else refuse("resample: '" + words[i] + "' is none of border=, by=, fill=, antialias=, clamp=");
  }
}

}  // namespace

Recipe parse_recipe(const std::string& text) {
  std::string plain = text;
  std::replace(plain.begin(), plain.end(), '_', ' '), std::replace(plain.begin(), plain.end(), '+', ';');  // as problem strings spell it
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  Recipe recipe;
  for (const std::string& part : split(plain, ';')) {
    const std::vector<std::string> words = words_of(part);
    if (words.empty()) continue;
    const auto info = std::find_if(std::begin(step_table), std::end(step_table), [&](const StepInfo& s) { return words[0] == s.name; });
    if (info != std::end(step_table)) read_step(recipe, *info, words);
    else if (words[0] == "color") read_color(recipe, words);
    else if (words[0] == "normalize") read_normalize(recipe, words);
    else if (words[0] == "resample") read_resample(recipe, words);
    else {
      std::string names;
      for (const std::string& name : step_names()) names += (names.empty() ? "" : ", ") + name;
      refuse("no step is called '" + words[0] + "'; there are " + names);
    }
  }
  return recipe;
}

std::string text_of(const Recipe& recipe) {
  std::string text;
  const auto next = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  for (int i = 0; i < recipe.steps; ++i) {
    const AugStep& step = recipe.step[i];
    const StepInfo& info = info_of(step.op);
    std::string part = info.name;
    if (step.op == AugOp::rand_augment) part += " n=1";
    if (step.p != info.p) part += " p=" + short_number(step.p);
    for (int k = 0; k < step_ranges; ++k)
      if (!(step.range[k] == info.parameter[k].standard)) part += std::string(" ") + info.parameter[k].name + "=" + text_of(step.range[k]);
    next(part);
  }
  const Recipe plain;
  std::string resample;
  if (recipe.border != plain.border) resample += std::string(" border=") + border_names[static_cast<int>(recipe.border)];
  if (recipe.interpolation != plain.interpolation)
    resample += std::string(" by=") + interpolation_names[static_cast<int>(recipe.interpolation)];
  if (recipe.fill != plain.fill) resample += " fill=" + short_number(recipe.fill);
  if (!recipe.antialias) resample += " antialias=0";
  if (!recipe.clamp) resample += " clamp=0";
  if (!resample.empty()) next("resample" + resample);
  const auto list = [](const float* v) {
    return short_number(v[0]) + "," + short_number(v[1]) + "," + short_number(v[2]) + "," + short_number(v[3]);
  };
  if (!std::equal(recipe.mean, recipe.mean + 4, plain.mean) || !std::equal(recipe.std, recipe.std + 4, plain.std))
    next("normalize mean=" + list(recipe.mean) + " std=" + list(recipe.std));
  return text;
}

std::vector<std::string> step_names() {
  std::vector<std::string> names;
  for (const StepInfo& info : step_table) names.push_back(info.name);
  names.insert(names.end(), {"color", "normalize", "resample"});
  return names;
}

std::string describe_steps() {
  std::string text;
  for (const StepInfo& info : step_table) {
    std::string line = std::string("  ") + info.name;
    for (const Parameter& p : info.parameter)
      if (p.name)
        line += std::string(" ") + p.name + "=" + (p.standard.form == Form::constant ? short_number(p.standard.a) : text_of(p.standard));
    if (info.op == AugOp::rand_augment) line += " n=2";
    if (info.p != 1) line += " p=" + short_number(info.p);
    line.resize(std::max<size_t>(line.size() + 2, 48), ' ');
    text += line + info.about + "\n";
  }
  return text +
         "  color b=.2 c=.2 s=.2 h=.05                      brightness, contrast, saturation and hue, those that are named\n"
         "  normalize mean=.5 std=.5                        the result is (v - mean)/std; up to four values, by commas\n"
         "  resample border=zeros by=bilinear antialias=1   also fill=0 (of border=constant) and clamp=1\n";
}

const char* name_of(AugOp op) { return op == AugOp::none ? "none" : info_of(op).name; }

std::vector<const char*> value_names(AugOp op) {
  switch (op) {
    case AugOp::rot90:
      return {"quarters"};
    case AugOp::crop:
      return {"top", "left", "height", "width"};
    case AugOp::erase:
    case AugOp::cutout:
      return {"top", "left", "height", "width", "value"};
    case AugOp::shear:
      return {"x", "y", "tangents"};
    case AugOp::perspective:
      return {"top_left_x",     "top_left_y",     "top_right_x",   "top_right_y",
              "bottom_right_x", "bottom_right_y", "bottom_left_x", "bottom_left_y"};
    default:
      break;
  }
  std::vector<const char*> names;
  if (op != AugOp::none)
    for (const Parameter& p : info_of(op).parameter)
      if (p.name) names.push_back(p.name);
  return names;
}

}  // namespace duel
