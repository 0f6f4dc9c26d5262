#include "bench/verify.h"

#include <chrono>
#include <optional>

#include "kernels/rounding.h"

namespace duel::bench {

using test::Question;
using test::Values;
using test::Verdict;

namespace {

constexpr double reference_flops = 2.5e8;  // some quarter of a second in loops that add in double

bool small_enough(const OpInfo& op, const ErasedCase& problem) {
  return op.flops(problem.problem.get()) <= reference_flops && minimum_bytes(op, problem.problem.get()) <= 1e8;
}

const Row* reference_for(const OpInfo& op, const ErasedCase& problem) {
  for (const Row& r : rows())
    if (r.device == Device::cpu && r.rank == reference_rank && op.name == std::string(r.op) && r.supports(problem.problem.get())) return &r;
  return nullptr;
}

double cost(const OpInfo& op, const ErasedCase& problem) {
  return op.flops(problem.problem.get()) + minimum_bytes(op, problem.problem.get());
}

}  // namespace

ErasedCase reduced(const OpInfo& op, const ErasedCase& problem, const std::function<bool(const ErasedCase&)>& supports) {
  if (small_enough(op, problem)) return problem;
  const std::string& text = problem.text;
  const std::map<std::string, int64_t> integers = parse_words(text).integers;
  const std::string tail = text.substr(std::min(text.find_first_of(":/"), text.size()));
  for (const char* key : {"n", "batch", "rows", "m", "total"}) {
    const auto found = integers.find(key);
    if (found == integers.end() || found->second <= 2) continue;
    std::optional<ErasedCase> best;
    for (int64_t size = 2; size < found->second; size *= 2) {
      std::string head;
      for (const auto& [name, value] : integers) head += name + std::to_string(name == found->first ? size : value);
      ErasedCase candidate;
      try {
        candidate = op.parse(head + tail);
      } catch (const Error&) {  // not a size this problem can have
        continue;
      }
      if (!supports(candidate)) continue;
      if (!best || small_enough(op, candidate)) best = candidate;
      if (cost(op, candidate) * 2 > reference_flops || size >= 8) break;  // a few samples show what thousands would
    }
    if (best) return *best;
  }
  return problem;
}

Verifier::Verifier(const OpInfo& op, const ErasedCase& problem, uint64_t seed) : op_(op), problem_(problem), seed_(seed) {}

const Verifier::Small& Verifier::small_for(const Row& row) {
  const ErasedCase problem =
      reduced(op_, problem_, [&](const ErasedCase& c) { return row.supports(c.problem.get()) && test::can_ask(op_, c); });
  const auto found = small_.find(problem.text);
  if (found != small_.end()) return found->second;
  Small small{problem, test::ask(op_, problem, Values::integers, seed_), test::ask(op_, problem, Values::reals, seed_), std::nullopt, 0};
  // Timed on its second run, with everything loaded.
  std::vector<test::Bytes> contents = small.reals.before;
  const auto begin = std::chrono::steady_clock::now();
  test::run_once(*reference_for(op_, problem), op_, problem, contents);
  small.reference_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() * cost(op_, problem_) / cost(op_, problem);
  small.f64 = test::answer_in_f64(small.reals);
  return small_.emplace(problem.text, std::move(small)).first->second;
}

const Row* Verifier::witness_for(const Row& row) const {
  const Row* best = nullptr;
  const auto better = [&](const Row& a, const Row& b) {  // the more accurate one, then the row's own device, then rank
    if (rounding_of(a).times != rounding_of(b).times) return rounding_of(a).times < rounding_of(b).times;
    return a.device != b.device ? a.device == row.device : a.rank > b.rank;
  };
  for (const Row& r : rows()) {
    if (op_.name != std::string(r.op) || r.rank == reference_rank || is_simulated(r.device) || !r.supports(problem_.problem.get()))
      continue;
    if (r.device == row.device && std::string(r.name) == row.name) continue;
    const DeviceBackend* device = find_backend(r.device);
    if (!device || device->problem()) continue;
    if (!best || better(r, *best)) best = &r;
  }
  return best;
}

const Question& Verifier::full_answer(const Row& answering) {
  const std::string name = std::string(answering.name) + "/" + name_of(answering.device);
  auto found = full_.find(name);
  if (found == full_.end()) {
    found = full_.emplace(name, test::ask(op_, problem_, Values::reals, seed_, &answering)).first;
    if (answering.rank != reference_rank) found->second.slack = 2;  // both are rounded
  }
  return found->second;
}

Verdict Verifier::verify_full(const Row& row, Verification& v) {
  Verdict verdict;
  verdict.passed = true;
  const Row* witness = row.rank == reference_rank || is_simulated(row.device) ? nullptr : witness_for(row);
  if (!witness) {
    v.how += "; not at full size";
    return verdict;
  }
  v.how += std::string(", at full size against ") + witness->name;
  verdict = test::check(row, full_answer(*witness));
  if (verdict.passed) return verdict;
  const Row* reference = reference_for(op_, problem_);
  if (!reference) return verdict;
  v.how += std::string(" (which disagrees) and ") + reference->name;
  return test::check(row, full_answer(*reference));
}

Verification Verifier::verify(const Row& row) {
  Verification v;
  try {
    const Small& small = small_for(row);
    v.reference_seconds = small.reference_seconds;
    v.how = small.problem.text == problem_.text ? "against ref" : "against ref on " + small.problem.text;
    for (const Question* q : {&small.integers, &small.reals}) {
      const Verdict verdict = test::check(row, *q);
      if (!verdict.passed) {
        v.why = verdict.why, v.reproducer = test::reproducer(row, *q);
        return v;
      }
      if (q->values == Values::reals && small.f64) v.error = test::error_against(*small.f64, *q, verdict.outputs);
    }
    v.right = true;
    if (small.problem.text == problem_.text) return v;
    const Verdict verdict = verify_full(row, v);
    v.right = verdict.passed;
    if (!v.right) {
      v.why = "at full size, " + verdict.why;
      v.reproducer = std::string("bench_kernels --op ") + row.op + " --variant " + row.name + " --device " + name_of(row.device) +
                     " --problem " + problem_.text + " --seed " + std::to_string(seed_);
    }
  } catch (const std::exception& error) {
    v.right = false;
    v.why = error.what();
    v.reproducer = std::string("bench_kernels --op ") + row.op + " --variant " + row.name + " --device " + name_of(row.device) +
                   " --problem " + problem_.text;
  }
  return v;
}

}  // namespace duel::bench
