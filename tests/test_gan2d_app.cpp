// gan2d as a person runs it. What `step` prints is computed here once more, in plain double arithmetic.
#include <doctest/doctest.h>

#include <cmath>
#include <sstream>

#include "tests/app_runs.h"

using namespace duel;
using namespace duel::test;

namespace {

const fs::path gan2d = build_dir() / "apps" / "gan2d";
const std::vector<std::string> small{"--width", "16", "--depth", "2", "--nz", "4", "--batch", "32", "--frames", "5"};

Outcome run(std::vector<std::string> args, const std::vector<std::string>& more = {}) {
  args.insert(args.end(), more.begin(), more.end());
  return run_process(gan2d, args);
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;

// --- the step once more ------------------------------------------------------------------------------------------------------------------
struct Net {
  Matrix w0;
  Vector b0;
  Matrix w1;
  Vector b1;
};
Net net_of(const nlohmann::json& j) { return {j["0.w"], j["0.bias"], j["1.w"], j["1.bias"]}; }

Vector layer(const Matrix& w, const Vector& b, const Vector& x) {
  Vector y = b;
  for (size_t i = 0; i < y.size(); ++i)
    for (size_t k = 0; k < x.size(); ++k) y[i] += w[i][k] * x[k];
  return y;
}
Vector back(const Matrix& w, const Vector& g) {
  Vector y(w[0].size());
  for (size_t i = 0; i < g.size(); ++i)
    for (size_t k = 0; k < y.size(); ++k) y[k] += w[i][k] * g[i];
  return y;
}
Vector bent(Vector a, double slope) {
  for (double& v : a) v = v > 0 ? v : slope * v;
  return a;
}
Vector unbent(Vector g, const Vector& a, double slope) {
  for (size_t i = 0; i < g.size(); ++i) g[i] *= a[i] > 0 ? 1 : slope;
  return g;
}
void add_outer(Matrix& sum, const Vector& g, const Vector& x) {
  for (size_t i = 0; i < g.size(); ++i)
    for (size_t k = 0; k < x.size(); ++k) sum[i][k] += g[i] * x[k];
}
void add(Vector& sum, const Vector& g) {
  for (size_t i = 0; i < g.size(); ++i) sum[i] += g[i];
}
Net zero_of(const Net& n) {
  return {Matrix(n.w0.size(), Vector(n.w0[0].size())), Vector(n.b0.size()), Matrix(n.w1.size(), Vector(n.w1[0].size())),
          Vector(n.b1.size())};
}
Net moved(Net n, const Net& g, double lr) {
  auto vector = [&](Vector& w, const Vector& by) {
    for (size_t i = 0; i < w.size(); ++i) w[i] -= lr * by[i];
  };
  for (size_t i = 0; i < n.w0.size(); ++i) vector(n.w0[i], g.w0[i]);
  for (size_t i = 0; i < n.w1.size(); ++i) vector(n.w1[i], g.w1[i]);
  vector(n.b0, g.b0), vector(n.b1, g.b1);
  return n;
}
double p_of(double t) { return 1 / (1 + std::exp(-t)); }

// Of a sample: the loss and its derivative by t. half 0: real, 1: generated, 2: for G.
std::pair<double, double> loss_of(const std::string& loss, int half, double t) {
  const double p = p_of(t);
  if (loss == "least-squares") return half == 1 ? std::pair{t * t / 2, t} : std::pair{(t - 1) * (t - 1) / 2, t - 1};
  if (loss == "hinge" && half == 0) return {std::max(0.0, 1 - t), t < 1 ? -1 : 0};
  if (loss == "hinge" && half == 1) return {std::max(0.0, 1 + t), t > -1 ? 1 : 0};
  if (loss == "hinge" || loss == "wasserstein") return half == 1 ? std::pair{t, 1.0} : std::pair{-t, -1.0};
  if (half == 1) return {-std::log(1 - p), p};
  if (half == 2 && loss == "minimax") return {std::log(1 - p), -p};
  return {-std::log(p), p - 1};
}

struct Printed {
  std::string name;
  Vector values;
};
Vector flat(const Matrix& m) {
  Vector v;
  for (const Vector& row : m) v.insert(v.end(), row.begin(), row.end());
  return v;
}

// All that is printed, in order.
std::vector<Printed> recomputed(const nlohmann::json& in, const std::string& loss, double lr) {
  std::vector<Printed> out;
  const auto say = [&](const std::string& name, const Vector& v) { out.push_back({name, v}); };
  const auto say_net = [&](const std::string& before, const Net& n) {
    say(before + "W0", flat(n.w0)), say(before + "b0", n.b0), say(before + "W1", flat(n.w1)), say(before + "b1", n.b1);
  };
  const Matrix z = in["z"], real = in["real"];
  const size_t n = z.size();
  const auto each = [&](const std::string& before, const std::string& after, const Matrix& rows) {
    for (size_t i = 0; i < n; ++i) say(before + std::to_string(i + 1) + after, rows[i]);
  };
  Net g = net_of(in["g"]), d = net_of(in["d"]);
  say_net("", g);
  Matrix a, h, x;
  for (const Vector& v : z) a.push_back(layer(g.w0, g.b0, v)), h.push_back(bent(a.back(), 0)), x.push_back(layer(g.w1, g.b1, h.back()));
  each("z", "", z), each("a", "", a), each("h", "", h), each("x", "", x);
  say_net("", d);

  struct Judged {
    Matrix a, h;
    Vector t;
  };
  const bool probability = loss == "non-saturating" || loss == "minimax";
  const auto judge = [&](const Matrix& points, int half) {
    Judged j;
    double total = 0;
    for (size_t i = 0; i < n; ++i) {
      const std::string s = std::to_string(i + 1);
      j.a.push_back(layer(d.w0, d.b0, points[i])), j.h.push_back(bent(j.a[i], .2)), j.t.push_back(layer(d.w1, d.b1, j.h[i])[0]);
      const double value = loss_of(loss, half, j.t[i]).first;
      say("x" + s, points[i]), say("a" + s, j.a[i]), say("h" + s, j.h[i]), say("t" + s, {j.t[i]});
      if (probability) say("p" + s, {p_of(j.t[i])});
      say("loss" + s, {value});
      total += value / static_cast<double>(n);
    }
    say("loss", {total});
    return j;
  };
  const auto back_to_a = [&](const Judged& j, int half, const char* of) {
    Matrix dt, dh, da;
    for (size_t i = 0; i < n; ++i) {
      dt.push_back({loss_of(loss, half, j.t[i]).second / static_cast<double>(n)});
      dh.push_back(back(d.w1, dt[i])), da.push_back(unbent(dh[i], j.a[i], .2));
    }
    each("dt", "", dt), each("dh", of, dh), each("da", of, da);
    return std::pair{dt, da};
  };
  const Judged on_real = judge(real, 0), on_fake = judge(x, 1);
  const auto from_real = back_to_a(on_real, 0, ""), from_fake = back_to_a(on_fake, 1, "");
  Net gradient = zero_of(d);
  for (size_t i = 0; i < n; ++i)
    for (const auto& [points, judged, from] : {std::tuple{&real, &on_real, &from_real}, {&x, &on_fake, &from_fake}}) {
      add_outer(gradient.w0, from->second[i], (*points)[i]), add(gradient.b0, from->second[i]);
      add_outer(gradient.w1, from->first[i], judged->h[i]), add(gradient.b1, from->first[i]);
    }
  say_net("d", gradient), say_net("", d);
  d = moved(d, gradient, lr);
  say_net("new ", d);

  const Judged again = judge(x, 2);
  const auto [dt, da] = back_to_a(again, 2, " of D");
  Matrix dx, dh, da_g;
  for (size_t i = 0; i < n; ++i) dx.push_back(back(d.w0, da[i])), dh.push_back(back(g.w1, dx[i])), da_g.push_back(unbent(dh[i], a[i], 0));
  each("dx", "", dx), each("dh", " of G", dh), each("da", " of G", da_g);
  gradient = zero_of(g);
  for (size_t i = 0; i < n; ++i)
    add_outer(gradient.w0, da_g[i], z[i]), add(gradient.b0, da_g[i]), add_outer(gradient.w1, dx[i], h[i]), add(gradient.b1, dx[i]);
  say_net("d", gradient), say_net("", g), say_net("new ", moved(g, gradient, lr));
  return out;
}

// The lines of the text that hold numbers: "   a1        = W0·z1 + b0 = (0.100000, -0.300000)".
std::vector<Printed> read_lines(const std::string& text) {
  std::vector<Printed> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("   ")) continue;
    std::string name = line.substr(3, line.find(" =") - 3), numbers = line.substr(line.rfind(" = ") + 3);
    name.erase(name.find_last_not_of(' ') + 1);
    for (char& c : numbers)
      if (c == '(' || c == ')' || c == ',' || c == '|') c = ' ';
    std::istringstream values(numbers);
    Printed p{name, {}};
    for (double v; values >> v;) p.values.push_back(v);
    out.push_back(p);
  }
  return out;
}

void check_step(const std::vector<std::string>& flags, const std::string& loss, double lr, const TempFolder& folder) {
  const std::string file = (folder / "in.json").string();
  const Outcome said = run({"step", "--loss", loss, "--lr", std::to_string(lr), "--save", file}, flags);
  REQUIRE_MESSAGE(said.code == 0, said.errors);
  const std::vector<Printed> printed = read_lines(said.output), wanted = recomputed(nlohmann::json::parse(contents_of(file)), loss, lr);
  REQUIRE(printed.size() == wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    CHECK_MESSAGE(printed[i].name == wanted[i].name, loss, " line ", i);
    REQUIRE_MESSAGE(printed[i].values.size() == wanted[i].values.size(), loss, " ", wanted[i].name);
    for (size_t k = 0; k < wanted[i].values.size(); ++k)
      CHECK_MESSAGE(std::abs(printed[i].values[k] - wanted[i].values[k]) < 5.1e-7, loss, " line ", i, ": ", wanted[i].name);
  }
  // The same from the file, and as JSON to the last digits.
  CHECK(run({"step", "--loss", loss, "--lr", std::to_string(lr), "--from", file}).output == said.output);
  const Outcome whole = run({"step", "--json", "--loss", loss, "--lr", std::to_string(lr), "--from", file});
  std::vector<Vector> rows;
  for (const auto& section : nlohmann::ordered_json::parse(whole.output))
    for (const auto& line : section) rows.push_back(flat(line.get<Matrix>()));
  REQUIRE(rows.size() == wanted.size());
  double most = 1e-12;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].name.starts_with("new ") && lr != static_cast<float>(lr)) most = 1e-7;  // an optimiser keeps its step size in f32
    for (size_t k = 0; k < wanted[i].values.size(); ++k)
      CHECK_MESSAGE(std::abs(rows[i].at(k) - wanted[i].values[k]) < most, loss, " line ", i, ": ", wanted[i].name);
  }
}

}  // namespace

TEST_CASE("step prints what the arithmetic says, for every loss") {
  const TempFolder folder;
  for (const char* loss : {"non-saturating", "minimax", "least-squares", "hinge", "wasserstein"}) check_step({}, loss, 0.1, folder);
  check_step({"--width", "3", "--nz", "2", "--batch", "3", "--seed", "7"}, "non-saturating", 0.25, folder);
  check_step({"--width", "1", "--batch", "1", "--seed", "2"}, "minimax", 0.5, folder);
}

TEST_CASE("train leaves a run with its page, and the same one again") {
  const TempFolder folder;
  for (const char* name : {"a", "b"}) {
    const Outcome o = run({"train", "--steps", "30", "--log-every", "10", "--out", (folder / name).string()}, small);
    REQUIRE_MESSAGE(o.code == 0, o.errors);
    CHECK(has(o.output, "of 8 modes covered"));
  }
  CHECK(contents_of(folder / "a/index.html") == contents_of(folder / "b/index.html"));
  CHECK(contents_of(folder / "a/metrics.jsonl") == contents_of(folder / "b/metrics.jsonl"));
  const auto records = records_of(folder / "a");
  CHECK(records.back()["step"] == 30);
  CHECK(records.back()["modes"].is_number());
  CHECK(nlohmann::json::parse(contents_of(folder / "a/config.json"))["width"] == 16);
  CHECK(has(contents_of(folder / "a/index.html"), "stage-data"));
  REQUIRE(run({"train", "--steps", "2", "--optimizer", "adamw", "--out", (folder / "w").string()}, small).code == 0);
  CHECK(nlohmann::json::parse(contents_of(folder / "w/config.json"))["weight-decay"] == 0.01);  // adamw's, where none is named

  folder.write("points.csv", "0,0\n1,1\n2,0\n");
  const Outcome o = run({"train", "--steps", "5", "--data", (folder / "points.csv").string(), "--out", (folder / "c").string()}, small);
  CHECK_MESSAGE(o.code == 0, o.errors);
  CHECK(has(o.output, "coverage"));
}

TEST_CASE("compare counts each loss over its seeds, as train does") {
  const TempFolder folder;
  const std::string out = (folder / "c").string();
  const Outcome o = run({"compare", "--losses", "hinge+spectral,minimax", "--seeds", "1,3", "--steps", "30", "--out", out}, small);
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  CHECK(has(o.output, "seed 3"));
  const auto records = records_of(out);
  REQUIRE(records.size() == 4);
  CHECK(records[0]["loss"] == "hinge+spectral");
  CHECK(records[3]["seed"] == 3);
  const Outcome alone = run({"train", "--loss", "minimax", "--seed", "3", "--steps", "30", "--out", (folder / "t").string()}, small);
  REQUIRE(alone.code == 0);
  CHECK(records_of(folder / "t").back()["high_quality"] == records[3]["high_quality"]);
  CHECK(has(contents_of(folder / "c/index.html"), "hinge+spectral"));
  const auto config = nlohmann::json::parse(contents_of(std::filesystem::path(out) / "config.json"));
  CHECK(config["losses"] == nlohmann::json{"hinge+spectral", "minimax"});
  CHECK(config["seeds"] == nlohmann::json{1, 3});
  CHECK((!config.contains("loss") && !config.contains("seed")));  // which no contestant had from there
}

TEST_CASE("compare goes on where a run diverges, and says so") {
  const TempFolder folder;
  const auto compare = [&](const char* name, const char* lr, const char* losses) {
    return run({"compare", "--losses", losses, "--seeds", "1,2", "--steps", "30", "--optimizer", "sgd", "--lr", lr, "--out",
                (folder / name).string()},
               small);
  };
  const Outcome o = compare("c", "0.2", "least-squares,hinge");
  REQUIRE_MESSAGE(o.code == 0, o.errors);
  const auto records = records_of(folder / "c");
  REQUIRE(records.size() == 4);
  for (const size_t i : {size_t{0}, size_t{1}}) {
    CHECK(records[i]["loss"] == "least-squares");
    CHECK(records[i].at("modes").is_null());
    CHECK(records[i].at("high_quality").is_null());
    CHECK(has(records[i].value("diverged", ""), "not finite"));
  }
  for (const size_t i : {size_t{2}, size_t{3}}) {
    CHECK(records[i]["modes"].is_number());
    CHECK(!records[i].contains("diverged"));
  }
  CHECK(has(o.output, "diverged"));
  const std::string page = contents_of(folder / "c/index.html");
  CHECK(has(page, "least-squares, seed 1: step"));
  CHECK(has(page, ">diverged<"));

  const Outcome none = compare("d", "1e30", "least-squares,hinge");
  CHECK_MESSAGE(none.code == 6, none.errors);
  CHECK(has(none.errors, "every run diverged"));
  CHECK(records_of(folder / "d").size() == 4);
  CHECK(has(contents_of(folder / "d/index.html"), "hinge, seed 2: step"));
}

TEST_CASE("records stay where the page cannot be written, and where a training diverges behind them") {
  const TempFolder folder;
  // Nothing above 4 KiB can be written: the records can, the page cannot. Ignored signals stay ignored in the program.
  const auto short_of_room = [&](std::vector<std::string> args, const char* name) {
    args.insert(args.begin(), {"-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"", gan2d.string()});
    args.insert(args.end(), small.begin(), small.end());
    args.insert(args.end(), {"--steps", "5", "--out", (folder / name).string()});
    const Outcome o = run_process("/bin/sh", args);
    CHECK_MESSAGE(o.code == 3, o.errors);
    CHECK(has(o.errors, "index.html"));
  };
  short_of_room({"train"}, "t");
  REQUIRE(fs::exists(folder / "t/metrics.jsonl"));
  CHECK(records_of(folder / "t").back()["step"] == 5);
  short_of_room({"compare", "--losses", "hinge", "--seeds", "1"}, "c");
  CHECK(records_of(folder / "c").size() == 1);
  const Outcome o =
      run({"train", "--loss", "hinge", "--optimizer", "sgd", "--lr", "5", "--steps", "30", "--out", (folder / "d").string()}, small);
  CHECK(o.code == 6);
  REQUIRE(fs::exists(folder / "d/metrics.jsonl"));
  CHECK(records_of(folder / "d").back()["step"] == 2);
}

TEST_CASE("drills are listed, and run beside their mended selves") {
  const Outcome list = run({"drills"}), one = run({"drill", "cut-gradient", "--seeds", "1"});
  REQUIRE(list.code == 0);
  for (const char* name : {"mode-collapse", "vanishing-gradient", "labels-above-one", "frozen-d", "cut-gradient"})
    CHECK(has(list.output, name));
  REQUIRE_MESSAGE(one.code == 0, one.errors);
  CHECK(has(one.output, "in 1 of 1 seeds with it, in 0 without it"));
}

TEST_CASE("wrong input: one sentence, the documented exit code, nothing left behind") {
  const Desk desk("gan2d", {});
  const std::string out = desk.run("x").string(),
                    bad = desk.folder.write("bad.json", "{\"g\": {}, \"d\": {}, \"real\": [[1, 2]], \"z\": [[1]]}").string();
  const std::string nothing = desk.run("nothing.csv").string(), text = desk.folder.write("words.csv", "a,b\nc,d\n").string();
  check_refused(desk, {{{"train", "--out", out, "--data", "circle"}, 2, "ring, grid, moons"},
                       {{"train", "--out", out, "--data", nothing}, 3, "nothing.csv"},
                       {{"train", "--out", out, "--data", text}, 3, "row 2"},
                       {{"train", "--out", out, "--loss", "wasserstein"}, 2, "Lipschitz"},
                       {{"train", "--out", out, "--d-norm", "batch"}, 2, "--d-norm batch"},
                       {{"train", "--out", out, "--smooth", "-0.1"}, 2, "--smooth"},
                       {{"train", "--out", out, "--sigma", "0"}, 2, "--sigma"},
                       {{"train", "--out", out, "--stpes", "5"}, 2, "did you mean --steps"},
                       {{"train", "--out", out, "--lr", "1e30", "--optimizer", "sgd", "--steps", "50"}, 6, "smaller --lr"},
                       {{"compare", "--out", out, "--losses", "hinge+adam"}, 2, "'adam'"},
                       {{"compare", "--out", out, "--losses", "wasserstein"}, 2, "Lipschitz"},
                       {{"drill", "collapse"}, 2, "mode-collapse"},
                       {{"step", "--width", "9"}, 2, "--width 9"},
                       {{"step", "--loss", "l2"}, 2, "--loss l2"},
                       {{"step", "--from", bad}, 3, "0.w"},
                       {{"step", "--from", bad, "--seed", "2"}, 2, "--from"},
                       {{"step", "--from", text}, 3, "JSON"},
                       {{"step", "--from", bad, "--width", "2"}, 2, "--from"}});
}
