#include "models/gan.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/minibatch_stddev.h"
#include "models/spectral_norm.h"

namespace duel {
namespace {

constexpr int least_side = 4;

[[noreturn]] void refuse(const GanConfig& c, const std::string& line, const char* what, const Tensor& got, const Shape& want) {
  fail(Failure::usage, fmt::format("[gan] {} is {}, which does not fit the line marked → of\n{}\nthat wants {}; resize or reshape it, or "
                                   "build the net for its size",
                                   what, got ? got.text() : "undefined", describe(c, line), want.text()));
}

void check_input(const GanConfig& c, const std::string& line, const char* what, const Tensor& x, int h, int w, int channels) {
  const int64_t n = x && x.shape().rank() == 4 ? x.shape()[0] : 0;
  if (n < 1 || x.shape() != Shape{n, h, w, channels}) refuse(c, line, what, x, {std::max<int64_t>(n, 1), h, w, channels});
}

void check_labels(const GanConfig& c, const std::string& line, const Tensor& labels, int64_t n) {
  const bool hard = labels && labels.dtype() == DType::i32 && labels.shape() == Shape{n},
             soft = labels && is_floating(labels.dtype()) && labels.shape() == Shape{n, c.classes};
  if (c.classes && !hard && !soft) refuse(c, line, "the labels", labels, {n});
  if (!c.classes && labels) fail(Failure::usage, "[gan] labels for a net that is not conditional; leave them out, or set classes");
}

// Channels of D's last features.
int feature_channels(const GanConfig& c) {
  if (c.net == GanNet::dcgan) return c.ndf << (halvings(c.h, c.w) - 1);
  if (c.net == GanNet::points) return c.ndf;
  return c.net == GanNet::mlp ? 4 * c.ndf : 2 * c.ndf;
}

bool projects_label(const GanConfig& c) { return c.classes && c.label_in_d == LabelInD::projection; }

template <class Net>
void each_with_label(Net& net, const Visitor& visit) {
  std::visit([&](auto& any) { any.each(visit); }, net.net);
  if (net.label.master && visit.weight) visit.weight("label", net.label);
}

template <class Net>
void init(Net& net, int64_t seed, RandomStream stream, Init scheme) {
  initialise(net, {seed, stream}, [&](const std::string& name, const Shape& shape) {
    if (name.ends_with("beta") || name.ends_with("bias")) return Start::constant(0);
    if (name.ends_with("gamma")) return scheme == Init::normal ? Start::normal(1, 0.02) : Start::constant(1);
    if (name == "label") return Start::normal(0, stream == RandomStream::init_g ? 1 : 0.02);
    const bool transposed = stream == RandomStream::init_g && shape.rank() == 4;  // all of G's convolutions are
    return start_of(scheme, shape, transposed ? LeavesBy::last_axis : LeavesBy::first_axis);
  });
}

}  // namespace

int halvings(int h, int w) {
  int n = 0;
  for (; h % 2 == 0 && w % 2 == 0 && std::min(h, w) > least_side; h /= 2, w /= 2) ++n;
  return n;
}

int g_input_channels(const GanConfig& c) {
  if (!c.classes || c.label_in_g == LabelInG::norm) return c.nz;
  return c.nz + (c.label_in_g == LabelInG::one_hot ? c.classes : embedded_label);
}

int d_input_channels(const GanConfig& c) {
  if (!c.classes || c.label_in_d == LabelInD::projection) return c.channels;
  return c.channels + (c.label_in_d == LabelInD::one_hot ? c.classes : 1);
}

void check_config(const GanConfig& c) {
  auto want = [](bool right, const std::string& message) {
    if (!right) fail(Failure::usage, message);
  };
  const std::string net = gan_net_names[static_cast<int>(c.net)], size = fmt::format("images of {}×{} pixels", c.h, c.w);
  want(c.h >= 1 && c.w >= 1 && c.h <= 4096 && c.w <= 4096, size + ": 1 to 4096 each way");
  if (c.net == GanNet::dcgan)
    want(halvings(c.h, c.w) >= 1, size + ": a DCGAN halves them at least once, to 3 or more; take an even --size above 4");
  if (c.net == GanNet::keras) want(c.h % 4 == 0 && c.w % 4 == 0, size + ": --net keras halves them twice; take a --size that 4 divides");
  want(c.channels >= 1 && c.channels <= 4, fmt::format("--channels {}: 1 to 4", c.channels));
  want(c.nz >= 1 && c.ngf >= 1 && c.ndf >= 1 && c.nz <= 65536 && c.ngf <= 65536 && c.ndf <= 65536,
       fmt::format("--nz {}, --ngf {}, --ndf {}: each must be 1 to 65536", c.nz, c.ngf, c.ndf));
  want(c.depth >= 1 && c.depth <= 64, fmt::format("{} hidden layers: 1 to 64", c.depth));
  want(c.d_norm != Norm::conditional, "D's norm cannot be conditional; --label-in-d says where its label goes");
  const bool flat = c.net != GanNet::dcgan && (c.net != GanNet::keras || c.h / 4 * (c.w / 4) == 1);
  want(!(c.d_norm == Norm::instance && flat),
       fmt::format("--d-norm instance: a layer of --net {} has one value a channel, and nothing to normalise; take layer", net));
  want(c.dropout >= 0 && c.dropout < 1, fmt::format("--dropout {}: in [0, 1)", c.dropout));
  want(c.classes == 0 || (c.classes >= 2 && c.classes <= 65536), fmt::format("{} classes: a conditional net takes 2 to 65536", c.classes));
  want(!(c.classes && c.label_in_g == LabelInG::norm && c.net == GanNet::points),
       fmt::format("--net {}: its G has no batch norm for a label to enter by; take --label-in-g one-hot", net));
}

Generator::Generator(const GanConfig& c, Device device) : config(c), device(device) {
  check_config(c);
  if (c.net == GanNet::dcgan) net = DcganGenerator(c, device);
  else if (c.net == GanNet::keras) net = KerasGenerator(c, device);
  else net = MlpGenerator(c, device);
  if (c.classes && c.label_in_g == LabelInG::embedding) label = make_weight({c.classes, embedded_label}, c.precision, device);
}

Tensor Generator::operator()(const Tensor& z, const Pass& pass) const {
  check_input(config, "z", "z", z, 1, 1, config.nz);
  check_labels(config, "z", pass.labels, z.shape()[0]);
  Tensor h = cast(z, config.precision);
  if (config.classes && config.label_in_g == LabelInG::one_hot) h = with_one_hot(h, pass.labels, config.classes);
  if (label.master) h = with_embedding(h, pass.labels, label.used());
  return std::visit([&](const auto& any) { return any(h, pass); }, net);
}

void Generator::each(const Visitor& visit) { each_with_label(*this, visit); }

Discriminator::Discriminator(const GanConfig& c, Device device) : config(c), device(device) {
  check_config(c);
  if (c.net == GanNet::dcgan) net = DcganDiscriminator(c, device);
  else if (c.net == GanNet::keras) net = KerasDiscriminator(c, device);
  else net = MlpDiscriminator(c, device);
  if (!c.classes || c.label_in_d == LabelInD::one_hot) return;
  const int values = c.label_in_d == LabelInD::projection ? feature_channels(c) : c.h * c.w;
  label = make_weight({c.classes, values}, c.precision, device);
}

// What the first layer reads: x, and the label where it stands beside it.
Tensor Discriminator::with_label(const Tensor& x, const Pass& pass) const {
  check_input(config, "x", "x", x, config.h, config.w, config.channels);
  check_labels(config, "x", pass.labels, x.shape()[0]);
  Tensor h = cast(x, config.precision);
  const auto* dcgan = std::get_if<DcganDiscriminator>(&net);
  const bool own_planes = dcgan && dcgan->planes;  // it convolves the label's planes for less
  if (config.classes && config.label_in_d == LabelInD::one_hot && !own_planes) h = with_one_hot(h, pass.labels, config.classes);
  if (config.classes && config.label_in_d == LabelInD::embedding) h = with_embedded_plane(h, pass.labels, label.used());
  return h;
}

Tensor Discriminator::features(const Tensor& x, const Pass& pass) const {
  const Tensor h = with_label(x, pass);
  return std::visit([&](const auto& any) { return any.features(h, pass); }, net);
}

Tensor Discriminator::head(const Tensor& features, const Pass& pass) const {
  const Tensor judged = config.minibatch_stddev ? with_minibatch_stddev(features, pass.groups) : features;
  const Tensor logits = std::visit([&](const auto& any) { return any.head(judged); }, net);
  const Tensor wide = cast(logits, accumulator_of(logits.dtype()));
  return projects_label(config) ? wide + projection(features, pass.labels, label.used()) : wide;
}

Tensor Discriminator::operator()(const Tensor& x, const Pass& pass) const {
  const auto* dcgan = std::get_if<DcganDiscriminator>(&net);
  const bool straight = dcgan && !config.minibatch_stddev && !projects_label(config);  // nobody else reads the features
  if (!straight) return head(features(x, pass), pass);
  const Tensor logits = (*dcgan)(with_label(x, pass), pass);
  return cast(logits, accumulator_of(logits.dtype()));
}

void Discriminator::each(const Visitor& visit) { each_with_label(*this, visit); }

namespace {

void iterate(const Layer& l) {
  if (l.norm == Norm::spectral) power_iteration(l.w.used(), l.u, l.v);
}
template <class Net>
void iterate_all(const Net& net) {
  if constexpr (requires { net.layers; })
    for (const auto& l : net.layers) iterate(l);
  else {
    for (const auto& l : net.convs) iterate(l);
    iterate(net.out);
  }
}

}  // namespace

void power_iteration(Discriminator& d) {
  if (d.config.d_norm == Norm::spectral) std::visit([](const auto& any) { iterate_all(any); }, d.net);
}

void init_weights(Generator& g, int64_t seed, Init scheme) { init(g, seed, RandomStream::init_g, scheme); }
void init_weights(Discriminator& d, int64_t seed, Init scheme) {
  init(d, seed, RandomStream::init_d, scheme);
  power_iteration(d);
}

LayerTable layers_of(const GanConfig& c) {
  const Generator g(c, Device::cpu);
  const Discriminator d(c, Device::cpu);
  const std::string one_hot = c.classes ? fmt::format(" and {} label planes", c.classes) : "";
  LayerTable table;
  const bool in_g = c.classes && c.label_in_g == LabelInG::one_hot, in_d = c.classes && c.label_in_d == LabelInD::one_hot;
  table.row("z", (in_g ? "noise" + one_hot : "noise"), LayerTable::image(1, 1, g_input_channels(c)),
            g.label.master ? g.label.master.count() : 0);
  std::visit([&](const auto& any) { any.describe(table); }, g.net);
  table.total("G");
  table.row("x", (in_d ? "image" + one_hot : "image"), LayerTable::image(c.h, c.w, d_input_channels(c)),
            d.label.master ? d.label.master.count() : 0);
  std::visit(
      [&](const auto& any) {
        if constexpr (requires { any.describe(table, c.h, c.w); }) any.describe(table, c.h, c.w);
        else any.describe(table);
      },
      d.net);
  table.total("D");
  return table;
}

std::string describe(const GanConfig& c, const std::string& marked) { return layers_of(c).text(marked); }

}  // namespace duel
