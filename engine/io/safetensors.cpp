#include "engine/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/io/atomic_file.h"
#include "engine/io/bounded_reader.h"
#include "engine/io/safetensors_header.h"

namespace duel {
namespace {

static_assert(std::endian::native == std::endian::little, "tensor bytes are written as they lie in memory");
constexpr uint64_t most_header = 100'000'000;
constexpr const char* sum_prefix = "xxh3:";
constexpr const char* whole_key = "xxh3";

std::string sum_of(const void* data, size_t bytes) { return fmt::format("{:016x}", static_cast<uint64_t>(XXH3_64bits(data, bytes))); }

bool is_sum_key(const std::string& key) { return key == whole_key || key.starts_with(sum_prefix); }

// Of all that is not tensor bytes. Every text is preceded by its length, so that no two contents spell the same.
std::string sum_of_rest(const SafeTensors& content) {
  std::string all;
  const auto add = [&](const std::string& text) { all += fmt::format("{}:{},", text.size(), text); };
  for (const auto& [name, tensor] : content.tensors) {
    add(name);
    add(safetensors_dtype(tensor.dtype));
    add(fmt::format("{}", fmt::join(tensor.shape, ",")));
  }
  for (const auto& [key, value] : content.metadata) {
    add(key);
    add(value);
  }
  return sum_of(all.data(), all.size());
}

// Bytes of a tensor; refused where the product or a dimension does not fit.
uint64_t bytes_of(const SafeTensorEntry& entry, const BoundedReader& reader) {
  uint64_t total = size_of(entry.dtype);
  for (const uint64_t dim : entry.shape)
    if (dim > INT64_MAX || !checked_product({total, dim}, &total))
      reader.refuse(fmt::format("tensor \"{}\" has an impossible shape [{}]", printable(entry.name), fmt::join(entry.shape, ", ")));
  return total;
}

// Ranges must tile the data section from 0 to its end.
void check_ranges(const std::vector<SafeTensorEntry>& entries, const BoundedReader& reader) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::pair(entries[a].begin, entries[a].end) < std::pair(entries[b].begin, entries[b].end); });
  uint64_t at = 0;
  for (const size_t i : order) {
    const SafeTensorEntry& e = entries[i];
    const std::string name = printable(e.name);
    if (e.end < e.begin) reader.refuse(fmt::format("tensor \"{}\" ends at {} before it begins at {}", name, e.end, e.begin));
    if (e.begin < at) reader.refuse(fmt::format("tensor \"{}\" overlaps the one before it: begins at {}, not {}", name, e.begin, at));
    if (e.begin > at) reader.refuse(fmt::format("a hole of {} before tensor \"{}\"", counted(e.begin - at, "byte"), name));
    if (e.end > reader.left())
      reader.refuse(fmt::format("truncated: tensor \"{}\" ends at byte {} of the data, which has {}", name, e.end, reader.left()));
    const uint64_t bytes = bytes_of(e, reader);
    if (bytes != e.end - e.begin)
      reader.refuse(fmt::format("tensor \"{}\" takes {} by its shape [{}], {} by its data_offsets", name, counted(bytes, "byte"),
                                fmt::join(e.shape, ", "), e.end - e.begin));
    at = e.end;
  }
  if (at != reader.left()) reader.refuse(bytes_follow(reader.left() - at) + " the last tensor");
}

void check_sums(const SafeTensors& content, const std::map<std::string, std::string>& sums, const BoundedReader& reader) {
  size_t used = 0;
  for (const auto& [name, tensor] : content.tensors)
    if (const auto it = sums.find(sum_prefix + name); it != sums.end()) {
      ++used;
      if (it->second != sum_of(tensor.bytes.data(), tensor.bytes.size()))
        reader.refuse(fmt::format("damaged: tensor \"{}\" does not have the XXH3 written beside it", printable(name)));
    }
  const auto whole = sums.find(whole_key);
  if (used + (whole != sums.end()) != sums.size()) reader.refuse("a check sum in the metadata belongs to no tensor");
  if (sums.empty()) return;
  // All or none: a sum whose key is damaged would otherwise pass for somebody's metadata.
  if (whole == sums.end() || used != content.tensors.size()) reader.refuse("damaged: some of its check sums are missing");
  if (whole->second != sum_of_rest(content)) reader.refuse("damaged: names, shapes or metadata do not have the XXH3 written beside them");
}

}  // namespace

const HostTensor* SafeTensors::find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors)
    if (key == name) return &tensor;
  return nullptr;
}

SafeTensors parse_safetensors(std::span<const std::byte> file, const std::string& source) {
  BoundedReader reader(file, source);
  const uint64_t length = reader.u64_little("the header's length");
  if (length > most_header) reader.refuse(fmt::format("not a safetensors file: a header of {} bytes, more than {}", length, most_header));
  const auto json = reader.take(length, "the header");
  const SafeTensorsHeader header = parse_safetensors_header({reinterpret_cast<const char*>(json.data()), json.size()}, source);
  check_ranges(header.entries, reader);

  SafeTensors content;
  const auto data = reader.take(reader.left(), "the data");
  for (const SafeTensorEntry& e : header.entries) {
    const auto piece = data.subspan(e.begin, e.end - e.begin);
    content.tensors.emplace_back(e.name, HostTensor{e.dtype, {e.shape.begin(), e.shape.end()}, {piece.begin(), piece.end()}});
  }
  std::map<std::string, std::string> sums;
  for (const auto& [key, value] : header.metadata) (is_sum_key(key) ? sums : content.metadata)[key] = value;
  check_sums(content, sums, reader);
  return content;
}

SafeTensors read_safetensors(const std::string& path) { return parse_safetensors(read_file(path, INT64_MAX), path); }

void write_safetensors(const std::string& path, const SafeTensors& content) {
  const auto refuse = [&](const std::string& why) {
    fail(Failure::internal, fmt::format("[write_safetensors] '{}': {}", printable(path), why));
  };
  // Largest elements first: with the data section at a multiple of 8, every tensor is then aligned to its element, without holes.
  std::vector<size_t> order(content.tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return size_of(content.tensors[a].second.dtype) > size_of(content.tensors[b].second.dtype); });
  std::vector<uint64_t> begin(order.size());
  uint64_t at = 0;
  for (const size_t i : order) {
    begin[i] = at;
    at += content.tensors[i].second.bytes.size();
  }

  std::string header = "{";
  try {
    const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
    std::map<std::string, std::string> metadata = content.metadata;
    for (const auto& [key, value] : content.metadata)
      if (is_sum_key(key)) refuse("metadata key " + printable(key) + " is kept for check sums");
    metadata[whole_key] = sum_of_rest(content);
    for (const auto& [name, tensor] : content.tensors) metadata[sum_prefix + name] = sum_of(tensor.bytes.data(), tensor.bytes.size());
    header += "\"__metadata__\":" + nlohmann::json(metadata).dump();

    std::set<std::string> names{"__metadata__"};
    for (size_t i = 0; i < content.tensors.size(); ++i) {
      const auto& [name, tensor] = content.tensors[i];
      uint64_t count = size_of(tensor.dtype);
      bool fits = tensor.shape.size() <= 8;
      for (const int64_t dim : tensor.shape) fits = fits && dim >= 0 && checked_product({count, static_cast<uint64_t>(dim)}, &count);
      if (!fits || count != tensor.bytes.size())
        refuse(fmt::format("tensor {} has {}, which is not its shape [{}]", printable(name), counted(tensor.bytes.size(), "byte"),
                           fmt::join(tensor.shape, ", ")));
      if (!names.insert(name).second) refuse("tensor name " + printable(name) + " is taken");
      header += fmt::format(",{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}", quoted(name),
                            safetensors_dtype(tensor.dtype), fmt::join(tensor.shape, ","), begin[i], begin[i] + tensor.bytes.size());
    }
  } catch (const nlohmann::json::exception&) {
    refuse("a name or a piece of metadata is not UTF-8");
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  if (header.size() > most_header) refuse(fmt::format("its header would take {} bytes, more than {}", header.size(), most_header));

  AtomicFile file(path);
  const uint64_t length = header.size();
  file.write(&length, 8);
  file.write(header.data(), header.size());
  for (const size_t i : order) file.write(content.tensors[i].second.bytes.data(), content.tensors[i].second.bytes.size());
  file.commit();
}

}  // namespace duel
