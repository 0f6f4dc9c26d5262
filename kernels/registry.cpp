#include "kernels/registry.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <set>

#include "kernels/op.h"
#include "kernels/row_choice.h"

namespace duel {
namespace {

// Function-local statics: rows arrive from static initialisers of several libraries, in any order.
std::vector<Row>& table() {
  static std::vector<Row> rows;
  return rows;
}
std::vector<OpInfo>& op_table() {
  static std::vector<OpInfo> ops;
  return ops;
}
const DeviceBackend** backends() {
  static const DeviceBackend* backends[std::size(devices)] = {};
  return backends;
}
std::string& overrides() {
  static std::string text = std::getenv("DUEL_VARIANT") ? std::getenv("DUEL_VARIANT") : "";
  return text;
}
struct Call {
  const Row* row = nullptr;
  const void *problem = nullptr, *args = nullptr;
  Scratch scratch;
};
thread_local Call current;  // what this thread is running
thread_local RowChooser* chooser = nullptr;
thread_local bool uncounted = false;

// Which rows have run, by their run function: the table may move.
std::mutex ran_mutex;
std::set<void (*)(const void*, const void*, Scratch, Stream)> ran;
std::atomic<long> launch_count{0};

// f(op, row) for each "op:row" of the overrides, until it says true.
template <class F>
void each_override(const std::string& all, F&& f) {
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find(',', at), all.size());
    const std::string entry = all.substr(at, end - at);
    const size_t colon = std::min(entry.find(':'), entry.size());
    if (f(entry.substr(0, colon), entry.substr(std::min(colon + 1, entry.size())))) return;
    at = end + 1;
  }
}

// An override that names nothing would leave a measurement with the wrong kernel's name on it.
void check_overrides(const std::string& all) {
  each_override(all, [](const std::string& op, const std::string& row) {
    const auto known = [&](const Row& r) { return op == r.op && (row[0] != '!' || row.substr(1) == r.name); };
    if (row.empty() || std::none_of(table().begin(), table().end(), known))
      fail(Failure::usage, "row override '" + op + (row.empty() ? "" : ":" + row) +
                               "' is not op:variant with an op that exists, or op:!variant with a row that does "
                               "(DUEL_VARIANT=conv2d_fwd:naive,gemm:ref)");
    return false;
  });
}

const std::string& checked_overrides() {
  const std::string& all = overrides();
  static const bool environment_is_right = (check_overrides(all), true);
  (void)environment_is_right;
  return all;
}

std::string override_for(const char* op) {
  std::string found;
  each_override(checked_overrides(), [&](const std::string& of, const std::string& row) {
    if (of == op && row[0] != '!') found = row;
    return !found.empty();
  });
  return found;
}

}  // namespace

extern "C" [[noreturn]] void duel_fail(int kind, const char* message) { throw Error(static_cast<Failure>(kind), message); }

extern "C" void duel_register_row(const Row* row) {
  for (const Row& other : table())
    if (other.device == row->device && !std::strcmp(other.op, row->op) && !std::strcmp(other.name, row->name))
      fail(Failure::internal, std::string("[registry] two rows are called ") + row->op + ":" + row->name + " on " + name_of(row->device) +
                                  " (" + other.file + " and " + row->file + ")");
  table().push_back(*row);
}

extern "C" const Row* duel_current_row() { return current.row; }
extern "C" void duel_count_launch() { launch_count.fetch_add(1, std::memory_order_relaxed); }
extern "C" void** duel_checker_slot() {
  static void* slot = nullptr;
  return &slot;
}

// The arguments of a row are its buffers' pointers, unless its op binds them in a way of its own.
extern "C" bool duel_name_address(const void* address, char* text, size_t room) {
  if (!current.row) return false;
  constexpr intptr_t near = 4096;
  const auto at = reinterpret_cast<intptr_t>(address);
  const char* best = nullptr;
  intptr_t offset = 0, distance = near;
  const auto consider = [&](const char* name, const void* data, size_t bytes) {
    const intptr_t from = at - reinterpret_cast<intptr_t>(data), end = static_cast<intptr_t>(bytes);
    const intptr_t away = from < 0 ? -from : from < end ? 0 : from - end + 1;
    if (data && away < distance) best = name, offset = from, distance = away;
  };
  for (const OpInfo& op : op_table()) {
    if (!op.plain_args || std::strcmp(op.name, current.row->op)) continue;
    const auto* pointers = static_cast<void* const*>(current.args);
    for (const Buffer& b : op.buffers(current.problem)) consider(b.name, *pointers++, b.bytes());
  }
  consider("scratch", current.scratch.data, current.scratch.bytes);
  if (!best) return false;
  std::snprintf(text, room, "%s %c %ld bytes", best, offset < 0 ? '-' : '+', static_cast<long>(std::abs(offset)));
  return true;
}
extern "C" void duel_register_backend(const DeviceBackend* backend) { backends()[static_cast<int>(backend->device)] = backend; }

long launches() { return launch_count.load(std::memory_order_relaxed); }
const std::vector<Row>& rows() { return table(); }

std::vector<Row> rows_of(const char* op) {
  std::vector<Row> found;
  for (const Row& row : table())
    if (!std::strcmp(row.op, op)) found.push_back(row);
  return found;
}

void forget_rows_run() {
  std::lock_guard lock(ran_mutex);
  ran.clear();
}

std::vector<const Row*> rows_run() {
  std::lock_guard lock(ran_mutex);
  std::vector<const Row*> found;
  for (const Row& row : table())
    if (ran.count(row.run)) found.push_back(&row);
  return found;
}

const Row* find_row(const char* op, const char* variant, Device device) {
  for (const Row& row : table())
    if (row.device == device && !std::strcmp(row.op, op) && !std::strcmp(row.name, variant)) return &row;
  return nullptr;
}

const Row* row_by_rank(const char* op, const void* problem, Device device) {
  const Row* best = nullptr;
  for (const Row& row : table())
    if (row.device == device && row.rank >= reference_rank && !std::strcmp(row.op, op) && (!best || row.rank > best->rank) &&
        !row_ruled_out(row) && row.supports(problem))
      best = &row;
  return best;
}

bool row_ruled_out(const Row& row) {
  bool found = false;
  each_override(checked_overrides(), [&](const std::string& op, const std::string& name) {
    return found = name[0] == '!' && op == row.op && name.compare(1, std::string::npos, row.name) == 0;
  });
  return found;
}

std::string row_asked_for(const char* op) { return override_for(op); }

const Row& pick_row(const char* op, const void* problem, Device device, std::string (*text)(const void* problem)) {
  if (const std::string wanted = override_for(op); !wanted.empty()) {
    const Row* row = find_row(op, wanted.c_str(), device);
    if (!row) fail(Failure::usage, std::string("[") + op + "] no row " + wanted + " on " + name_of(device) + ", asked for by an override");
    if (!row->supports(problem))
      fail(Failure::usage, std::string("[") + op + "] row " + wanted + ", asked for by an override, does not support " + text(problem));
    return *row;
  }
  if (chooser)
    if (const Row* row = chooser->choose(op, problem, device, text(problem))) return *row;
  const Row* best = row_by_rank(op, problem, device);
  if (!best)
    fail(Failure::device, std::string("[") + op + "] no row on device " + name_of(device) + " supports " + text(problem) +
                              "; nothing falls back to another device by itself");
  return *best;
}

void run_row(const Row& row, const void* problem, const void* args, Scratch scratch, Stream stream) {
  const DeviceBackend* on = find_backend(row.device);
  struct Restore {
    Call before;
    void (*range_pop)();
    ~Restore() {
      if (range_pop) range_pop();
      current = before;
    }
  } restore{current, on ? on->range_pop : nullptr};
  current = {&row, problem, args, scratch};
  if (!uncounted) {
    std::lock_guard lock(ran_mutex);
    ran.insert(row.run);
  }
  if (on && on->range_push) on->range_push(row.op, row.name);
  row.run(problem, args, scratch, stream);
}

ScopedVariant::ScopedVariant(const std::string& added) : before_(overrides()) {
  check_overrides(added);
  overrides() = before_.empty() ? added : added + "," + before_;  // the first match wins
}
ScopedVariant::~ScopedVariant() { overrides() = before_; }

ScopedChooser::ScopedChooser(RowChooser& added) : outer_(chooser) { chooser = &added; }
ScopedChooser::~ScopedChooser() { chooser = outer_; }

RowsUncounted::RowsUncounted() : before_(uncounted) { uncounted = true; }
RowsUncounted::~RowsUncounted() { uncounted = before_; }

const DeviceBackend* find_backend(Device device) { return backends()[static_cast<int>(device)]; }

const DeviceBackend& backend(Device device) {
  const DeviceBackend* found = find_backend(device);
  if (!found) {
    const char* how = device == Device::cuda  ? "configure with -DDUEL_CUDA=ON where a CUDA toolkit is installed, or use --device cpu"
                      : device == Device::sim ? "configure with -DDUEL_SIM=ON, or use --device cpu"
                                              : "configure with -DDUEL_SIM=ON and -DDUEL_SIM_CHECKED=ON (needs g++)";
    fail(Failure::device, std::string("[device] this build has no ") + name_of(device) + " rows: " + how);
  }
  if (const char* why = found->problem()) fail(Failure::device, std::string("[device] ") + name_of(device) + ": " + why);
  return *found;
}

void register_op(OpInfo info) { op_table().push_back(std::move(info)); }
const std::vector<OpInfo>& ops() { return op_table(); }

const OpInfo& find_op(const std::string& name) {
  std::string known;
  for (const OpInfo& op : op_table()) {
    if (name == op.name) return op;
    known += known.empty() ? op.name : std::string(", ") + op.name;
  }
  fail(Failure::usage, "no op is called " + name + "; there are " + known);
}

double minimum_bytes(const OpInfo& op, const void* problem) {
  double bytes = 0;
  for (const Buffer& b : op.buffers(problem))
    if (b.fill != Fill::zero)  // tickets are no data, and a row touches as few as it has use for
      bytes += static_cast<double>(b.bytes()) * (b.role == Role::inout ? 2 : 1);
  return bytes;
}

}  // namespace duel
