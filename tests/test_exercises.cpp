// The exercises of the lessons: each tells a right answer from wrong ones, and does not say what is right.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "tests/process.h"
#include "tests/support.h"

using namespace duel::test;
namespace fs = std::filesystem;

namespace {

// Compiles and runs an exercise, with `wrong` in it replaced by `right`.
Outcome solve(const std::string& name, const std::string& wrong, const std::string& right) {
  const TempFolder folder;
  std::string text = read_text(source_dir() / "docs" / "lessons" / "exercises" / name);
  const size_t at = text.find(wrong);
  REQUIRE(at != std::string::npos);
  text.replace(at, wrong.size(), right);
  const fs::path source = folder.path() / name, program = folder.path() / "exercise";
  std::ofstream(source) << text;
  const Outcome built = run_process("/bin/sh", {"-c", fmt::format("c++ -std=c++20 '{}' -o '{}'", source.string(), program.string())});
  REQUIRE_MESSAGE(built.code == 0, built.errors);
  return run_process(program, {});
}

// An exercise says right to one answer and where it is wrong to all others.
void check_answers(const std::string& name, const std::string& gap, const std::string& right, const std::vector<std::string>& wrong) {
  const Outcome o = solve(name, gap, right);
  CHECK_MESSAGE(o.output == "right\n", o.output);
  CHECK(o.code == 0);
  for (const std::string& answer : wrong) {
    const Outcome told = solve(name, gap, answer);
    CHECK_MESSAGE(told.code == 1, answer);
    CHECK_MESSAGE(told.output.starts_with("wrong: "), fmt::format("{}\n{}", answer, told.output));
  }
}

}  // namespace

TEST_CASE("the exercise of the adversarial game tells right from wrong, and does not say what is right") {
  const std::string name = "adversarial_game.cpp", gap = "return std::vector<double>(t.size(), 0.0);  // write it here";
  const auto with = [](const std::string& one) {
    return fmt::format(
        "std::vector<double> g; const double n = static_cast<double>(t.size()); for (double v : t) g.push_back({}); return g;", one);
  };
  const Outcome right = solve(name, gap, with("(sigmoid(v) - 1) / n"));
  CHECK(right.code == 0);
  CHECK(right.output == "right\n");
  for (const char* wrong : {"0 * v * n", "(1 - sigmoid(v)) / n", "sigmoid(v) - 1 + 0 * n", "-sigmoid(v) / n"}) {
    const Outcome o = solve(name, gap, with(wrong));
    CHECK_MESSAGE(o.code == 1, wrong);
    CHECK_MESSAGE(o.output.starts_with("wrong: "), wrong);
  }
  CHECK(solve(name, gap, "return {};").output == "wrong: 1 outputs of D, but 0 derivatives\n");
}

TEST_CASE("the exercise of the DCGAN lesson tells right from wrong") {
  const std::string name = "dcgan.cpp", gap = "return Image(rows, cols);  // write it here";
  const auto with = [](const std::string& term) {
    return fmt::format(
        "Image sum(rows, cols); for (int p = 0; p < g.rows; ++p) for (int q = 0; q < g.cols; ++q) for (int r = 0; r < rows; ++r) "
        "for (int s = 0; s < cols; ++s) sum.at(r, s) += {}; return sum;",
        term);
  };
  check_answers(
      name, gap, with("g.at(p, q) * x.padded(p * stride - pad + r, q * stride - pad + s)"),
      {gap, with("g.at(p, q) * x.padded(p * stride + r, q * stride + s)"), with("g.at(p, q) * x.padded(p - pad + r, q - pad + s)"),
       with("g.at(p, q) * x.padded(p * stride - pad + s, q * stride - pad + r)"),
       with("g.at(p, q) * x.padded(p * stride - pad + rows - 1 - r, q * stride - pad + cols - 1 - s)"),
       with("g.at(p, q) * x.padded(p * stride - pad + r, q * stride - pad + s) / (g.rows * g.cols)"), std::string("return g;")});
}

TEST_CASE("the exercise of the transposed convolution tells right from wrong") {
  const std::string name = "transposed_convolution.cpp", gap = "return Row(static_cast<size_t>(size));  // write it here";
  const auto with = [](const std::string& place, const std::string& tap = "r", const std::string& to = "+=") {
    return fmt::format(
        "Row x(static_cast<size_t>(size)); const int k = static_cast<int>(w.size()), n = static_cast<int>(y.size()); "
        "for (int p = 0; p < n; ++p) for (int r = 0; r < k; ++r) {{ const int i = {}; if (i >= 0 && i < size) x[i] {} y[p] * w[{}]; }} "
        "return x;",
        place, to, tap);
  };
  check_answers(name, gap, with("p * stride - pad + r"),
                {gap, with("p * stride + r"), with("p * stride + pad + r"), with("p - pad + r"), with("p * stride - pad + r", "k - 1 - r"),
                 with("p * stride - pad - r"), with("p * stride - pad + r", "r", "="), std::string("return Row(y.size());")});
}

TEST_CASE("the exercise of the batch norm lesson tells right from wrong") {
  const std::string name = "batch_norm.cpp", gap = "return {Row(x.size()), 0, 0};  // write it here";
  const auto with = [](const std::string& gx, const std::string& divisor = "n", const std::string& gamma_is = "of_normal") {
    return fmt::format(
        "const double m = mean(x), n = static_cast<double>(x.size()); double var = 0, of_g = 0, of_normal = 0; Row h; "
        "for (double v : x) var += (v - m) * (v - m) / ({}); const double s = std::sqrt(var + eps); for (double v : x) h.push_back((v - m) "
        "/ s); "
        "for (size_t i = 0; i < x.size(); ++i) of_g += g[i], of_normal += g[i] * h[i]; Gradients out{{Row(x.size()), {}, of_g}}; "
        "for (size_t i = 0; i < x.size(); ++i) out.x[i] = {}; return out;",
        divisor, gamma_is, gx);
  };
  const std::string right = "gamma / s * (g[i] - of_g / n - h[i] * of_normal / n)";
  check_answers(name, gap, with(right),
                {gap, with("gamma / s * g[i]"), with("gamma / s * (g[i] - of_g / n)"), with("gamma / s * (g[i] - h[i] * of_normal / n)"),
                 with("(g[i] - of_g / n - h[i] * of_normal / n) / s"), with("gamma / s * (g[i] - of_g - h[i] * of_normal)"),
                 with(right, "n - 1"), with(right, "n", "of_g"), std::string("return {};")});
}

TEST_CASE("the exercise of the conditional GAN tells right from wrong") {
  const auto with = [](const std::string& one) {
    return "std::vector<double> d; for (size_t x = 0; x < real.size(); ++x) { double p = 0, q = 0; for (double v : real[x]) p += v;"
           "for (double v : made[x]) q += v; d.push_back(" +
           one + "); } return d;";
  };
  check_answers("cgan.cpp", "return std::vector<double>(real.size(), 0.5);  // write it here", with("p / (p + q)"),
                {"return std::vector<double>(real.size(), 0.5);", "return {};", with("q / (p + q)"), with("p + 0 * q"), with("p / q"),
                 with("real[x][0] / (real[x][0] + made[x][0])"), with("std::nan(\"\") + p * q"), with("1 / (1 + std::exp(-p / q))")});
}

TEST_CASE("the exercise of the VAE tells right from wrong") {
  const std::string before =
      "const double s = std::exp(log_variance / 2), z = mean + s * epsilon; double dz = 0;"
      "for (size_t j = 0; j < picture.x.size(); ++j)"
      "  dz += (sigmoid(picture.weight[j] * z + picture.bias[j]) - picture.x[j]) * picture.weight[j];";
  const std::string n = "static_cast<double>(picture.x.size())";
  const auto with = [&](const std::string& by_mean, const std::string& by_log) {
    return fmt::format("{} return {{{}, {}}};", before, by_mean, by_log);
  };
  const std::string mean = "dz + mean", log = "dz * s * epsilon / 2 + (s * s - 1) / 2";
  check_answers("vae.cpp", "return {0, 0};  // write it here", with(mean, log),
                {"return {0, 0};", with("dz", log), with("mean + 0 * dz", log), with("dz - mean", log), with("dz / " + n + " + mean", log),
                 with(mean, "dz * s * epsilon + (s * s - 1) / 2"), with(mean, "dz * epsilon / 2 + (s * s - 1) / 2"),
                 with(mean, "dz * s * epsilon / 2"), with(mean, "(s * s - 1) / 2"), with(mean, "dz * s * epsilon / 2 + (1 - s * s) / 2"),
                 with(mean, "std::nan(\"\")")});
}

TEST_CASE("the exercise of the Wasserstein lesson tells right from wrong") {
  const std::string name = "wasserstein.cpp",
                    gap = "return {std::vector<Vec>(d.a.size()), std::vector<double>(d.v.size())};  // write it here";
  const auto with = [](const std::string& k, const std::string& of_v = "dot(s, d.a[j]) * f", const std::string& of_a = "d.v[j] * f * s") {
    return fmt::format(
        "Critic out{{std::vector<Vec>(d.a.size()), std::vector<double>(d.v.size())}}; const double n = static_cast<double>(points.size()); "
        "for (Vec x : points) {{ const Vec s = slope(d, x); const double l = length(s), k = {}; for (size_t j = 0; j < d.v.size(); ++j) {{ "
        "const double f = leaky_slope(dot(d.a[j], x)); out.v[j] += k * {}; out.a[j].x += k * {}.x; out.a[j].y += k * {}.y; }} }} "
        "return out;",
        k, of_v, of_a, of_a);
  };
  check_answers(name, gap, with("2 * (l - 1) / l / n"),
                {gap, with("2 * (l - 1) / l"), with("2 * (l - 1) / n"), with("2 * (l > 1 ? l - 1 : 0) / l / n"), with("(l - 1) / l / n"),
                 with("2 * (l - 1) / l / n", "dot(s, d.a[j])"), with("2 * (l - 1) / l / n", "dot(s, d.a[j]) * f", "d.v[j] * s"),
                 with("2 * (l - 1) / l / n", "dot(s, d.a[j]) * f", "d.v[j] * f * d.a[j]"), std::string("return {};")});
}

TEST_CASE("the exercise on augmentation tells right from wrong") {
  const auto with = [](const std::string& map, const std::string& angle = "degrees * pi / 180") {
    return "const double t = " + angle + ", c = std::cos(t), s = std::sin(t), u = width / 2, v = height / 2; return {" + map + "};";
  };
  check_answers("augmentation.cpp", "return {1, 0, 0, 0, 1, 0};  // write it here",
                with("c, s, u + right - c * u - s * v, -s, c, v + down + s * u - c * v"),
                {"return {1, 0, 0, 0, 1, 0};", "return {1, 0, right, 0, 1, down};",
                 with("c, -s, u + right - c * u + s * v, s, c, v + down - s * u - c * v"),                         // clockwise
                 with("c, s, right, -s, c, down"),                                                                 // about the corner
                 with("c, s, c * (right - u) + s * (down - v) + u, -s, c, s * (u - right) + c * (down - v) + v"),  // shifted first
                 with("c, -s, u + right - c * u + s * v, -s, -c, v + down + s * u + c * v"),                       // mirrored
                 with("c, s, v + right - c * v - s * u, -s, c, u + down + s * v - c * u"),                         // rows taken for columns
                 with("c, s, u + right - c * u - s * v, -s, c, v + down + s * u - c * v", "degrees"),
                 with("c, s, std::nan(\"\") * (u + v), -s, c, down")});
}

TEST_CASE("the exercise on evaluation tells right from wrong") {
  const auto with = [](const std::string& one, const std::string& divisor = "n - 1") {
    return "const auto bell = [](const std::vector<double>& x) { double m = 0, v = 0, n = static_cast<double>(x.size());"
           "for (double y : x) m += y / n; for (double y : x) v += (y - m) * (y - m) / (" +
           divisor +
           "); return std::vector<double>{m, std::sqrt(v)}; };"
           "const double m = bell(a)[0] - bell(b)[0], s = bell(a)[1], t = bell(b)[1]; return " +
           one + ";";
  };
  check_answers("evaluation.cpp", "return 0;  // write it here", with("m * m + (s - t) * (s - t)"),
                {"return 0;", with("m * m + (s - t) * (s - t)", "n"), with("m * m + s * s + t * t"), with("m * m + 0 * s * t"),
                 with("std::fabs(m) + std::fabs(s - t)"), with("std::sqrt(m * m + (s - t) * (s - t))"),
                 with("m * m + (s * s - t * t) * (s * s - t * t)"), with("m * m + (s + t) * (s + t)"), with("std::nan(\"\") * m * s * t")});
}

TEST_CASE("the exercise of the kernels lesson tells right from wrong") {
  const std::string name = "kernels.cpp", gap = "return 1;  // write it here";
  const auto with = [](const std::string& counted, const std::string& bank = "w % banks") {
    return fmt::format(
        "int most = 0; for (int b = 0; b < banks; ++b) {{ std::vector<int> seen; for (int w : words) if ({} == b) {{ bool known = false; "
        "for (int one : seen) known = known || ({}); if (!known) seen.push_back(w); }} "
        "if (static_cast<int>(seen.size()) > most) most = static_cast<int>(seen.size()); }} return most;",
        bank, counted);
  };
  check_answers(name, gap, with("one == w"),
                {gap, with("false"), with("one == w && seen.back() == w"), with("one == w", "w / 4 % banks"), with("one == w", "w % 16"),
                 std::string("return static_cast<int>(words.size());"), std::string("return std::gcd(words[1] - words[0], banks);"),
                 std::string("return words[0] == words[1] ? 1 : std::gcd(words[1] - words[0], banks);")});
}
