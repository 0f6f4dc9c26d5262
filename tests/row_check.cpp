#include "tests/row_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/draw.h"
#include "kernels/rounding.h"

namespace duel::test {
namespace {

constexpr int largest_integer = 4;

// Sums of `reduction` products of two numbers up to this stay exact in f32.
int largest_exact(int reduction) {
  for (int m = largest_integer; m >= 1; --m)
    if (static_cast<double>(reduction) * m * m < 0x1p24) return m;
  return 0;
}

const Row* reference_row(const OpInfo& op, const void* problem) {
  for (const Row& row : rows())
    if (row.device == Device::cpu && row.rank == reference_rank && !std::strcmp(row.op, op.name) && row.supports(problem)) return &row;
  return nullptr;
}

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Verdict refused(std::string why, const Buffer* buffer = nullptr) {
  Verdict v;
  v.why = std::move(why);
  if (buffer) v.buffer = buffer->name;
  return v;
}

Verdict bad_element(const Buffer& b, int64_t index, double expected, double got, const std::string& how) {
  Verdict v = refused(
      std::string(b.name) + "[" + std::to_string(index) + "] " + how + ": expected " + number(expected) + ", got " + number(got), &b);
  v.index = index, v.expected = expected, v.got = got;
  return v;
}

bool all_poison(const Bytes& bytes, DType dtype, int64_t index, int poison) {
  const auto size = static_cast<int64_t>(size_of(dtype));
  return std::all_of(bytes.begin() + index * size, bytes.begin() + (index + 1) * size, [&](unsigned char c) { return c == poison; });
}

// What a value of `b` may differ by more, since something was added to what had been rounded (kernels/rounding.h).
double rounded_before_adding(const Question& q, const Buffer& b) {
  const char* added = added_to_rounded(q.op->name);
  if (!added || b.dtype != DType::bf16) return 0;
  double largest = 0;
  for (size_t i = 0; i < q.buffers.size(); ++i)
    for (int64_t j = 0; j < q.buffers[i].count && !std::strcmp(q.buffers[i].name, added); ++j)
      largest = std::max(largest, std::abs(element(q.before[i], q.buffers[i].dtype, j)));
  return bf16_rounding * largest;
}

Verdict compare_buffer(const Row& row, const Question& q, const Buffer& b, const Bytes& answer, const Bytes& got, int poison) {
  const int reduction = q.op->reduction(q.problem.problem.get());
  const double rms = root_mean_square(b, answer);
  const Rounding rounding = rounding_of(row);
  const bool exact = q.exact && (rounding.times == 1 || rounding.operands);
  const double more = rounded_before_adding(q, b);
  for (int64_t i = 0; i < b.count; ++i) {
    const double e = element(answer, b.dtype, i), g = element(got, b.dtype, i);
    const bool right = exact ? e == g : std::abs(g - e) <= tolerance(b.dtype, reduction, e, rms, q.slack * rounding.times) + more;
    if (right) continue;
    const bool unwritten = b.role == Role::out && all_poison(got, b.dtype, i, poison);
    return bad_element(b, i, e, g, unwritten ? "was not written" : exact ? "is not the exact integer" : "is outside the tolerance");
  }
  Verdict fine;
  fine.passed = true;
  return fine;
}

void run_bound(const Row& row, const OpInfo& op, const void* problem, std::vector<void*>& pointers, Scratch scratch, Stream stream) {
  op.bind(problem, pointers.data(), [&](const void* args) { run_row(row, problem, args, scratch, stream); });
}

// The outputs that follow from others as those are stored (kernels/rounding.h), found again from what the row has stored; nothing for the
// rest, and nothing where the op has none.
std::vector<Bytes> found_again(const Question& q, const std::vector<GuardedBuffer>& memory) {
  std::vector<Bytes> found(q.buffers.size());
  const Steps* steps = steps_of(q.op->name);
  if (!steps || !steps->find) return found;
  const auto follows = [&](const Buffer& b) {
    return std::any_of(steps->found.begin(), steps->found.end(), [&](const char* name) { return !std::strcmp(name, b.name); });
  };
  std::vector<Bytes> contents;
  std::vector<void*> pointers;
  for (size_t i = 0; i < q.buffers.size(); ++i) {
    const Buffer& b = q.buffers[i];
    contents.push_back(b.role == Role::out && !follows(b) ? memory[i].read() : q.before[i]);
    contents.back().resize(b.bytes());
  }
  for (size_t i = 0; i < q.buffers.size(); ++i) pointers.push_back(q.buffers[i].count ? contents[i].data() : nullptr);
  q.op->bind(q.problem.problem.get(), pointers.data(), [&](const void* args) { steps->find(q.problem.problem.get(), args); });
  for (size_t i = 0; i < found.size(); ++i)
    if (follows(q.buffers[i])) found[i] = std::move(contents[i]);
  return found;
}

// The two runs. A GuardedBuffer that goes out of scope gives its memory back, whatever happens.
Verdict run_and_compare(const Row& row, const Question& q) {
  const DeviceBackend& device = memory_of(row.device);
  const void* problem = q.problem.problem.get();
  std::vector<GuardedBuffer> memory;
  std::vector<void*> pointers;
  memory.reserve(q.buffers.size());
  for (const Buffer& b : q.buffers) {
    memory.emplace_back(device, b.bytes(), row_alignment);
    pointers.push_back(b.count ? memory.back().data() : nullptr);
  }
  const size_t scratch_bytes = row.scratch(problem);
  GuardedBuffer scratch(device, scratch_bytes);
  Verdict verdict;
  for (const int poison : {0xff, 0x6b}) {  // 0xff…: a NaN in every floating type
    for (size_t i = 0; i < q.buffers.size(); ++i) {
      if (q.buffers[i].role == Role::out) memory[i].poison(poison);
      else memory[i].write(q.before[i]);
    }
    scratch.poison(poison);
    run_bound(row, *q.op, problem, pointers, {scratch_bytes ? scratch.data() : nullptr, scratch_bytes}, device.stream());
    device.synchronise();
    const auto where = [](long at) { return std::to_string(std::abs(at)) + (at < 0 ? " bytes before its start" : " bytes past its end"); };
    for (size_t i = 0; i < q.buffers.size(); ++i) {
      if (const long at = memory[i].damage())
        return refused(std::string("wrote outside ") + q.buffers[i].name + ", " + where(at), &q.buffers[i]);
      if (q.buffers[i].role == Role::in && memory[i].read() != q.before[i])
        return refused(std::string("changed its input ") + q.buffers[i].name, &q.buffers[i]);
    }
    if (const long at = scratch.damage()) return refused("wrote outside its scratch memory, " + where(at));
    const bool first = verdict.outputs.empty();
    const std::vector<Bytes> found = first ? found_again(q, memory) : std::vector<Bytes>{};
    for (size_t i = 0; i < q.buffers.size(); ++i) {
      const Buffer& b = q.buffers[i];
      Bytes got = b.role == Role::in ? Bytes{} : memory[i].read();
      if (b.role != Role::in && first) {
        Verdict compared = compare_buffer(row, q, b, found[i].empty() ? q.answer[i] : found[i], got, poison);
        if (!compared.passed) return compared;
      } else if (b.role != Role::in && got != verdict.outputs[i]) {
        const auto size = static_cast<int64_t>(size_of(b.dtype));
        const int64_t at = (std::mismatch(got.begin(), got.end(), verdict.outputs[i].begin()).first - got.begin()) / size;
        return bad_element(b, at, element(verdict.outputs[i], b.dtype, at), element(got, b.dtype, at),
                           "differs between two runs (left unwritten, read before it was written, or not deterministic)");
      }
      if (first) verdict.outputs.push_back(std::move(got));
    }
    // Blocks of the checked GPU run one after the other, and it sees each byte that nothing wrote: a second run would say the same.
    if (row.device == Device::sim_checked) break;
  }
  verdict.passed = true;
  return verdict;
}

}  // namespace

const DeviceBackend& memory_of(Device device) { return backend(device); }

bool can_ask(const OpInfo& op, const ErasedCase& problem) { return reference_row(op, problem.problem.get()) != nullptr; }

void run_once(const Row& row, const OpInfo& op, const ErasedCase& problem, std::vector<Bytes>& contents, size_t alignment) {
  const DeviceBackend& device = memory_of(row.device);
  const std::vector<Buffer> buffers = op.buffers(problem.problem.get());
  std::vector<GuardedBuffer> memory;
  std::vector<void*> pointers;
  memory.reserve(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    memory.emplace_back(device, buffers[i].bytes(), alignment);
    if (buffers[i].role == Role::out) memory.back().poison(0xff);
    else memory.back().write(contents[i]);
    pointers.push_back(buffers[i].count ? memory.back().data() : nullptr);
  }
  const size_t scratch_bytes = row.scratch(problem.problem.get());
  GuardedBuffer scratch(device, scratch_bytes);
  run_bound(row, op, problem.problem.get(), pointers, {scratch_bytes ? scratch.data() : nullptr, scratch_bytes}, device.stream());
  device.synchronise();
  for (size_t i = 0; i < buffers.size(); ++i) contents[i] = buffers[i].role == Role::in ? Bytes{} : memory[i].read();
}

Question ask(const OpInfo& op, const ErasedCase& problem, Values values, uint64_t seed, const Row* oracle) {
  const void* p = problem.problem.get();
  if (!oracle) oracle = reference_row(op, p);
  if (!oracle || !oracle->supports(p)) fail(Failure::internal, std::string("[") + op.name + "] no reference row supports " + problem.text);
  Question q{&op, problem, values, seed, op.buffers(p), {}, {}, false};
  const int exact_up_to = op.exact_on_integers(p) ? largest_exact(op.reduction(p)) : 0;
  q.exact = values == Values::integers && exact_up_to > 0;
  for (size_t i = 0; i < q.buffers.size(); ++i)
    q.before.push_back(
        q.buffers[i].role == Role::out ? Bytes{} : filled(q.buffers[i], values, mix64(seed) + i, q.exact ? exact_up_to : largest_integer));
  q.answer = q.before;
  run_once(*oracle, op, problem, q.answer);
  for (size_t i = 0; i < q.buffers.size(); ++i)
    for (int64_t j = 0; q.buffers[i].role != Role::in && j < q.buffers[i].count; ++j)
      if (const double v = element(q.answer[i], q.buffers[i].dtype, j); !std::isfinite(v))
        fail(Failure::internal, std::string("[") + op.name + "] row " + oracle->name + " itself answers " + q.buffers[i].name + "[" +
                                    std::to_string(j) + "] = " + number(v) + " on " + problem.text +
                                    "; does Buffer::fill ask for values the op is defined for?");
  return q;
}

Verdict check(const Row& row, const Question& question) {
  try {
    if (!row.supports(question.problem.problem.get())) return refused("does not support the problem");
    return run_and_compare(row, question);
  } catch (const std::exception& error) {
    return refused(std::string("threw: ") + error.what());
  } catch (...) {
    return refused("threw something that is no std::exception");
  }
}

Verdict check_both(const Row& row, const OpInfo& op, const ErasedCase& problem, uint64_t seed) {
  Verdict first = check(row, ask(op, problem, Values::integers, seed));
  return first.passed ? check(row, ask(op, problem, Values::reals, seed)) : first;
}

std::optional<std::vector<std::vector<double>>> answer_in_f64(const Question& q) {
  const std::string& text = q.problem.text;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const size_t end = std::min(text.find('/', colon), text.size());
  ErasedCase twin;
  try {
    twin = q.op->parse(text.substr(0, colon) + ":f64" + text.substr(end));
  } catch (const Error&) {
    return std::nullopt;
  }
  const Row* row = reference_row(*q.op, twin.problem.get());
  const std::vector<Buffer> buffers = q.op->buffers(twin.problem.get());
  if (!row || buffers.size() != q.buffers.size()) return std::nullopt;
  std::vector<Bytes> contents(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Buffer &wide = buffers[i], &own = q.buffers[i];
    const bool widened = wide.dtype == DType::f64 && is_floating(own.dtype);
    if (wide.count != own.count || wide.role != own.role || (wide.dtype != own.dtype && !widened)) return std::nullopt;
    if (wide.role == Role::out) continue;
    contents[i] = q.before[i];
    if (wide.dtype == own.dtype) continue;
    contents[i].resize(wide.bytes());
    for (int64_t j = 0; j < wide.count; ++j) {
      const double v = element(q.before[i], own.dtype, j);
      std::memcpy(contents[i].data() + 8 * j, &v, 8);
    }
  }
  run_once(*row, *q.op, twin, contents);
  std::vector<std::vector<double>> answer(buffers.size());
  for (size_t i = 0; i < buffers.size(); ++i)
    for (int64_t j = 0; buffers[i].role != Role::in && j < buffers[i].count; ++j)
      answer[i].push_back(element(contents[i], buffers[i].dtype, j));
  return answer;
}

double error_against(const std::vector<std::vector<double>>& f64, const Question& q, const std::vector<Bytes>& outputs) {
  double worst = 0;
  for (size_t i = 0; i < f64.size(); ++i) {
    if (f64[i].empty() || !is_floating(q.buffers[i].dtype)) continue;
    double squares = 0, largest = 0;
    for (size_t j = 0; j < f64[i].size(); ++j) {
      squares += f64[i][j] * f64[i][j];
      const double d = std::abs(element(outputs[i], q.buffers[i].dtype, static_cast<int64_t>(j)) - f64[i][j]);
      if (!std::isnan(largest) && !(d <= largest)) largest = d;  // a NaN stays
    }
    if (const double rms = std::sqrt(squares / static_cast<double>(f64[i].size()));
        rms > 0 && !std::isnan(worst) && !(largest / rms <= worst))
      worst = largest / rms;
  }
  return worst;
}

Verdict compare_with_f64(const std::vector<std::vector<double>>& f64, const Question& q, const std::vector<Bytes>& outputs) {
  const int reduction = q.op->reduction(q.problem.problem.get());
  const auto is_narrow = [](const Buffer& b) { return b.dtype == DType::bf16; };
  const bool rounds_between = steps_of(q.op->name) && std::any_of(q.buffers.begin(), q.buffers.end(), is_narrow);
  for (size_t i = 0; i < f64.size(); ++i) {
    double squares = 0;
    for (double v : f64[i]) squares += v * v;
    const double rms = f64[i].empty() ? 0 : std::sqrt(squares / static_cast<double>(f64[i].size()));
    const double more = rounded_before_adding(q, q.buffers[i]);
    for (size_t j = 0; j < f64[i].size(); ++j) {
      const auto at = static_cast<int64_t>(j);
      const double got = element(outputs[i], q.buffers[i].dtype, at);
      double allowed = tolerance(q.buffers[i].dtype, reduction, f64[i][j], rms, q.slack) + more;
      if (rounds_between) allowed += 4 * bf16_rounding * std::max(std::abs(f64[i][j]), rms);
      if (!(std::abs(got - f64[i][j]) <= allowed)) return bad_element(q.buffers[i], at, f64[i][j], got, "is not what f64 gives");
    }
  }
  Verdict fine;
  fine.passed = true;
  return fine;
}

std::string full_name(const Row& row, const ErasedCase& problem) {
  return std::string(row.op) + "/" + row.name + "/" + name_of(row.device) + "/" + problem.text;
}

std::string reproducer(const Row& row, const Question& q) {
  return std::string("bench_kernels --op ") + row.op + " --variant " + row.name + " --device " + name_of(row.device) + " --problem " +
         q.problem.text + " --seed " + std::to_string(q.seed);
}

}  // namespace duel::test
