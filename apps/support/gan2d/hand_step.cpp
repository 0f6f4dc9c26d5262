#include "apps/support/gan2d/hand_step.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/grad.h"

namespace duel {
namespace {

constexpr double slope = 0.2;  // of D, as in mlp_gan.h

// How the loss of one sample and its derivative by t are written.
struct LossWords {
  const char *loss, *slope;
};
enum Half { of_real, of_fake, of_g };
LossWords words_of(AdversarialLoss loss, Half half) {
  constexpr LossWords cross_entropy[] = {{"-log p", "(p - 1)/n"}, {"-log(1 - p)", "p/n"}, {"-log p", "(p - 1)/n"}},
                      minimax_g = {"log(1 - p)", "-p/n"},
                      squares[] = {{"(t - 1)²/2", "(t - 1)/n"}, {"t²/2", "t/n"}, {"(t - 1)²/2", "(t - 1)/n"}},
                      hinge[] = {{"max(0, 1 - t)", "-1/n where t < 1, else 0"},
                                 {"max(0, 1 + t)", "1/n where t > -1, else 0"},
                                 {"-t", "-1/n"}},
                      wasserstein[] = {{"-t", "-1/n"}, {"t", "1/n"}, {"-t", "-1/n"}};
  switch (loss) {
    case AdversarialLoss::non_saturating:
      return cross_entropy[half];
    case AdversarialLoss::minimax:
      return half == of_g ? minimax_g : cross_entropy[half];
    case AdversarialLoss::least_squares:
      return squares[half];
    case AdversarialLoss::hinge:
      return hinge[half];
    case AdversarialLoss::wasserstein:
      break;
  }
  return wasserstein[half];
}

const char* update_words(OptimizerKind kind) {
  switch (kind) {
    case OptimizerKind::sgd:
      return "w - lr·g";
    case OptimizerKind::rmsprop:
      return "w - lr·g/(√((1-α)·g²) + ε), the first step of RMSprop";
    case OptimizerKind::adam:
      return "w - lr·g/(√(g²) + ε), the first step of Adam";
    case OptimizerKind::adamw:
      break;
  }
  return "w - lr·(g/(√(g²) + ε) + decay·w), the first step of AdamW";
}

Tensor rows_of(const Tensor& x) { return reshape(x, {x.shape()[0], x.count() / x.shape()[0]}); }

// What a net of one hidden layer makes of its input: a = W0·x + b0, h = f(a), out = W1·h + b1.
struct Look {
  Tensor x, a, h, out;
};
template <class Net, class F>
Look look(const Net& net, const Tensor& x, F&& f) {
  Look l{rows_of(x), {}, {}, {}};
  l.a = net.layers[0](l.x), l.h = f(l.a), l.out = net.layers[1](l.h);
  return l;
}
Look look(const Generator& g, const Tensor& z) {
  return look(std::get<MlpGenerator>(g.net), z, [](const Tensor& a) { return relu(a); });
}
Look look(const Discriminator& d, const Tensor& x) {
  return look(std::get<MlpDiscriminator>(d.net), x, [](const Tensor& a) { return leaky_relu(a, slope); });
}

// A line for each sample: "<name><i>". A formula's # becomes i.
void add_samples(HandSection& section, const std::string& name, const std::string& formula, const Tensor& t) {
  const std::vector<double> v = t.values();
  const int64_t n = t.shape()[0], columns = t.count() / n;
  for (int64_t i = 0; i < n; ++i) {
    std::string said, label = name;
    for (const char c : formula) said += c == '#' ? std::to_string(i + 1) : std::string(1, c);
    if (const size_t at = label.find('#'); at != std::string::npos) label.replace(at, 1, std::to_string(i + 1));
    section.lines.push_back({label, said, {v.begin() + i * columns, v.begin() + (i + 1) * columns}, columns});
  }
}
void add(HandSection& section, const std::string& name, const std::string& formula, const Tensor& t) {
  section.lines.push_back({name, formula, t.values(), t.shape().rank() ? t.shape()[-1] : 1});
}

const char* const letters[] = {"W0", "b0", "W1", "b1"};  // in the order of each()

// What D says of points and the loss that follows. The lines of one sample stand together.
Tensor judged(HandSection& section, const Look& l, AdversarialLoss loss, Half half) {
  const LossWords words = words_of(loss, half);
  auto loss_of = [&](const Tensor& t) {
    return half == of_real ? d_loss_real(loss, t) : half == of_fake ? d_loss_fake(loss, t) : g_loss(loss, t);
  };
  std::vector<double> losses;
  const int64_t n = l.x.shape()[0];
  for (int64_t i = 0; i < n; ++i) losses.push_back(loss_of(slice(l.out, i, i + 1)).item());
  HandSection all;
  add_samples(all, "x#", "", l.x), add_samples(all, "a#", "W0·x# + b0", l.a), add_samples(all, "h#", "leaky_relu(a#)", l.h);
  add_samples(all, "t#", "W1·h# + b1", l.out);
  if (says_probability(loss)) add_samples(all, "p#", "1/(1 + exp(-t#))", sigmoid(l.out));
  add_samples(all, "loss#", words.loss, Tensor::from({n, 1}, losses, DType::f64));
  for (int64_t i = 0; i < n; ++i)
    for (size_t k = static_cast<size_t>(i); k < all.lines.size(); k += static_cast<size_t>(n)) section.lines.push_back(all.lines[k]);
  const Tensor total = loss_of(l.out);
  add(section, "loss", "mean over the n samples", total);
  return total;
}

Tensors sum(const Tensors& a, const Tensors& b) {
  Tensors out;
  for (size_t i = 0; i < a.size(); ++i) out.push_back(a[i] + b[i]);
  return out;
}

template <class Net>
void update(std::vector<HandSection>& sections, const char* who, Net& net, const Tensors& gradients, const OptimizerSettings& optimizer) {
  HandSection section{
      fmt::format("{}'s update", who), fmt::format("new w = {}; lr = {:g}", update_words(optimizer.kind), optimizer.lr), {}};
  for (size_t i = 0; i < 4; ++i) add(section, letters[i], "before", masters(net)[i]);
  Optimizer(optimizer, masters(net)).step(gradients);
  for (size_t i = 0; i < 4; ++i) add(section, fmt::format("new {}", letters[i]), "", masters(net)[i]);
  sections.push_back(section);
}

}  // namespace

std::vector<HandSection> hand_step(HandInput& in, AdversarialLoss loss, const OptimizerSettings& optimizer) {
  std::vector<HandSection> sections;
  auto section = [&](const char* title, const std::string& words) -> HandSection& {
    return sections.emplace_back(HandSection{title, words, {}});
  };

  HandSection& makes = section("G makes points", "with its weights");
  for (size_t i = 0; i < 4; ++i) add(makes, letters[i], "", masters(in.g)[i]);
  const Look made = look(in.g, in.z);
  add_samples(makes, "z#", "", made.x), add_samples(makes, "a#", "W0·z# + b0", made.a), add_samples(makes, "h#", "relu(a#)", made.h);
  add_samples(makes, "x#", "W1·h# + b1", made.out);

  HandSection& weights = section("D's weights", "");
  for (size_t i = 0; i < 4; ++i) add(weights, letters[i], "", masters(in.d)[i]);
  const Look real = look(in.d, in.real), fake = look(in.d, made.out.detach());  // detached: D's loss sends nothing back into G
  const Tensor loss_real = judged(section("D looks at the real points", "and wants t large"), real, loss, of_real);
  const Tensor loss_fake = judged(section("D looks at the generated points", "and wants t small"), fake, loss, of_fake);

  // The derivative of the loss by every tensor on the way, the last one first.
  auto backwards = [&](const char* title, const Tensor& value, const Look& l, Half half) {
    Tensors wanted{l.out, l.h, l.a};
    for (const Tensor& w : masters(in.d)) wanted.push_back(w);
    const Tensors g = grad(value, wanted);
    HandSection& s = section(title, fmt::format("n = {} samples; d… is the derivative of the loss by …", l.x.shape()[0]));
    add_samples(s, "dt#", words_of(loss, half).slope, g[0]);
    add_samples(s, "dh#", "W1ᵀ·dt#", g[1]), add_samples(s, "da#", fmt::format("dh# where a# > 0, else {:g}·dh#", slope), g[2]);
    return Tensors(g.begin() + 3, g.end());
  };
  const Tensors from_real = backwards("D's loss on the real points, backwards", loss_real, real, of_real);
  const Tensors from_fake = backwards("D's loss on the generated points, backwards", loss_fake, fake, of_fake);
  const Tensors gradient_d = sum(from_real, from_fake);
  HandSection& of_d = section("D's gradient", "sums over all samples, real and generated");
  const char* sums[] = {"Σ da·xᵀ", "Σ da", "Σ dt·hᵀ", "Σ dt"};
  for (size_t i = 0; i < 4; ++i) add(of_d, fmt::format("d{}", letters[i]), sums[i], gradient_d[i]);
  update(sections, "D", in.d, gradient_d, optimizer);

  const Look again = look(in.d, made.out);  // now with G's history
  const Tensor loss_g = judged(section("The new D looks at the generated points again", "and G wants t large"), again, loss, of_g);
  Tensors wanted{again.out, again.h, again.a, made.out, made.h, made.a};
  for (const Tensor& w : masters(in.g)) wanted.push_back(w);
  const Tensors g = grad(loss_g, wanted);
  HandSection& through = section("G's loss, backwards through D and G", "D's weights get no gradient here: they stay");
  add_samples(through, "dt#", words_of(loss, of_g).slope, g[0]);
  add_samples(through, "dh# of D", "W1ᵀ·dt#, W1 of the new D", g[1]);
  add_samples(through, "da# of D", fmt::format("dh# where a# > 0, else {:g}·dh#", slope), g[2]);
  add_samples(through, "dx#", "W0ᵀ·da#, W0 of the new D", g[3]);
  add_samples(through, "dh# of G", "W1ᵀ·dx#", g[4]), add_samples(through, "da# of G", "dh# where a# > 0, else 0", g[5]);
  const Tensors gradient_g(g.begin() + 6, g.end());
  HandSection& of_gen = section("G's gradient", "sums over the generated samples");
  const char* sums_g[] = {"Σ da·zᵀ", "Σ da", "Σ dx·hᵀ", "Σ dx"};
  for (size_t i = 0; i < 4; ++i) add(of_gen, fmt::format("d{}", letters[i]), sums_g[i], gradient_g[i]);
  update(sections, "G", in.g, gradient_g, optimizer);
  return sections;
}

std::string text_of(const std::vector<HandSection>& sections) {
  std::string text;
  for (size_t i = 0; i < sections.size(); ++i) {
    const HandSection& s = sections[i];
    text += fmt::format("{}{}. {}{}\n", i ? "\n" : "", i + 1, s.title, s.words.empty() ? "" : ": " + s.words);
    for (const HandLine& line : s.lines) {
      std::string numbers;
      for (size_t k = 0; k < line.values.size(); ++k)
        numbers += fmt::format("{}{:.6f}", k == 0 ? "" : static_cast<int64_t>(k) % line.columns ? ", " : " | ", line.values[k] + 0.0);
      if (line.values.size() > 1) numbers = "(" + numbers + ")";
      text += fmt::format("   {:<9}{} = {}\n", line.name, line.formula.empty() ? "" : " = " + line.formula, numbers);
    }
  }
  return text;
}

nlohmann::ordered_json json_of(const std::vector<HandSection>& sections) {
  nlohmann::ordered_json out;
  for (const HandSection& s : sections)
    for (const HandLine& line : s.lines) {
      auto rows = nlohmann::ordered_json::array();
      for (size_t k = 0; k < line.values.size(); k += static_cast<size_t>(line.columns))
        rows.push_back(std::vector<double>(line.values.begin() + static_cast<int64_t>(k),
                                           line.values.begin() + static_cast<int64_t>(k) + line.columns));
      out[s.title][line.name] = rows;
    }
  return out;
}

}  // namespace duel
