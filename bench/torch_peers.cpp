#include "bench/torch_peers.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>

#include "bench/statistics.h"
#include "kernels/error.h"

namespace duel::bench {
namespace {

std::vector<std::string> wanted(const TorchOptions& o) {
  if (!o.forms.empty()) return o.forms;
  if (o.device == Device::cuda) return {std::begin(torch_forms), std::end(torch_forms)};
  return {torch_forms[0]};
}

std::vector<std::string> command(const TorchOptions& o, const std::string& form, const std::string& layout) {
  const auto number = [](int v) { return std::to_string(v); };
  return {o.python,      std::string(DUEL_SOURCE_DIR) + "/bench/peers/torch_step.py",
          "--model",     o.model,
          "--size",      number(o.step.size),
          "--channels",  number(o.step.channels),
          "--batch",     number(o.step.batch),
          "--nz",        number(o.step.nz),
          "--weights",   o.weights,
          "--precision", o.precision,
          "--layout",    layout,
          "--form",      form,
          "--device",    name_of(o.device),
          "--threads",   number(omp_get_max_threads())};
}

}  // namespace

template <class F>
void TorchPeers::attempt(Form& form, F&& f) {
  try {
    f();
  } catch (const Error& e) {
    form.why_not = e.what();
    form.peer.reset();
  }
}

TorchPeers::TorchPeers(const TorchOptions& o) {
  for (const std::string& name : wanted(o))
    for (const char* layout : {"nchw", "channels_last"}) {
      Form& form = forms_.emplace_back();
      form.name = fmt::format("PyTorch, {}, {}", name, layout);
      attempt(form, [&] {
        form.peer = std::make_unique<Peer>(command(o, name, layout), fmt::format("{}, {}", name, layout));
        form.name = form.peer->name();
      });
    }
}

void TorchPeers::plan(double seconds) {
  for (Form& form : forms_)
    if (form.peer) attempt(form, [&] { form.steps = std::max(1, static_cast<int>(seconds / form.peer->seconds_per_step(1))); });
}

void TorchPeers::round() {
  for (Form& form : forms_)
    if (form.peer) attempt(form, [&] { form.seconds.push_back(form.peer->seconds_per_step(form.steps)); });
}

const TorchPeers::Form* TorchPeers::fastest() const {
  const Form* best = nullptr;
  for (const Form& form : forms_)
    if (form.why_not.empty() && !form.seconds.empty() && (!best || median(form.seconds) < median(best->seconds))) best = &form;
  return best;
}

std::string TorchPeers::failures() const {
  std::string text;
  for (const Form& form : forms_)
    if (!form.why_not.empty()) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", form.name, form.why_not);
  return text;
}

}  // namespace duel::bench
