#include "engine/io/safetensors_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/io/bounded_reader.h"

namespace duel {
namespace {

constexpr const char* dtype_names[] = {"F32", "BF16", "F64", "I32", "U8"};  // in the order of DType

class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(SafeTensorsHeader* header, const std::string& source) : header_(header), source_(source) {}
  bool done() const { return done_; }

  bool start_object(size_t) override {
    if (where_ == Where::outside && !done_) where_ = Where::top;
    else if (where_ == Where::top) start_entry();
    else refuse("an object where none belongs");
    return true;
  }
  bool key(string_t& key) override {
    if (where_ == Where::top) {
      if (!names_.insert(key).second) refuse(fmt::format("duplicate key \"{}\"", printable(key)));
    } else if (where_ == Where::metadata) {
      if (!metadata_names_.insert(key).second) refuse(fmt::format("duplicate metadata key \"{}\"", printable(key)));
    } else {
      const unsigned bit = key == "dtype" ? 1 : key == "shape" ? 2 : key == "data_offsets" ? 4 : 0;
      if (bit == 0) refuse(fmt::format("unknown key \"{}\" in tensor \"{}\"", printable(key), entry_name()));
      if (seen_ & bit) refuse(fmt::format("duplicate key \"{}\" in tensor \"{}\"", key, entry_name()));
      seen_ |= bit;
    }
    key_ = key;
    return true;
  }
  bool end_object() override {
    if (where_ == Where::tensor && seen_ != 7) refuse(fmt::format("tensor \"{}\" lacks dtype, shape or data_offsets", entry_name()));
    done_ = where_ == Where::top;
    where_ = where_ == Where::top ? Where::outside : Where::top;
    return true;
  }
  bool start_array(size_t) override {
    if (where_ != Where::tensor || key_ == "dtype") refuse("a list where none belongs");
    where_ = key_ == "shape" ? Where::shape : Where::offsets;
    numbers_ = 0;
    return true;
  }
  bool end_array() override {
    if (where_ == Where::offsets && numbers_ != 2) refuse(fmt::format("data_offsets of tensor \"{}\" is not a pair", entry_name()));
    where_ = Where::tensor;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    SafeTensorEntry& entry = current();
    if (where_ == Where::shape) {
      if (entry.shape.size() == 8) refuse(fmt::format("tensor \"{}\" has more than 8 dimensions", entry_name()));
      entry.shape.push_back(value);
    } else if (where_ == Where::offsets) {
      if (numbers_ == 2) refuse(fmt::format("data_offsets of tensor \"{}\" is not a pair", entry_name()));
      (numbers_ == 0 ? entry.begin : entry.end) = value;
      ++numbers_;
    } else {
      refuse("a number where none belongs");
    }
    return true;
  }
  bool string(string_t& value) override {
    if (where_ == Where::metadata) {
      header_->metadata.emplace_back(key_, value);
      return true;
    }
    if (where_ != Where::tensor || key_ != "dtype") refuse("a text where none belongs");
    for (size_t i = 0; i < std::size(dtype_names); ++i)
      if (value == dtype_names[i]) {
        current().dtype = static_cast<DType>(i);
        return true;
      }
    refuse(fmt::format("tensor \"{}\" has dtype \"{}\"; F32, BF16, F64, I32 and U8 can be read", entry_name(), printable(value, 20)));
  }
  bool null() override { refuse("null where none belongs"); }
  bool boolean(bool) override { refuse("true or false where none belongs"); }
  bool number_integer(number_integer_t) override { refuse("a negative number"); }
  bool number_float(number_float_t, const string_t& text) override {
    refuse(fmt::format("{} is not a whole number below 2^64", printable(text, 40)));
  }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    refuse(fmt::format("not JSON at byte {}", position));
  }

 private:
  enum class Where { outside, top, tensor, shape, offsets, metadata };

  void start_entry() {
    if (key_ == "__metadata__") {
      where_ = Where::metadata;
    } else {
      where_ = Where::tensor;
      seen_ = 0;
      header_->entries.push_back({.name = key_});
    }
  }
  SafeTensorEntry& current() {
    if (header_->entries.empty()) refuse("a number where none belongs");
    return header_->entries.back();
  }
  std::string entry_name() const { return printable(header_->entries.back().name); }
  [[noreturn]] void refuse(const std::string& why) const { refuse_file(source_, "safetensors header: " + why); }

  SafeTensorsHeader* header_;
  const std::string& source_;
  Where where_ = Where::outside;
  bool done_ = false;
  std::string key_;
  unsigned seen_ = 0;  // of the current tensor: 1 dtype, 2 shape, 4 data_offsets
  int numbers_ = 0;    // in the current list
  std::set<std::string> names_, metadata_names_;
};

}  // namespace

const char* safetensors_dtype(DType dtype) { return dtype_names[static_cast<int>(dtype)]; }

SafeTensorsHeader parse_safetensors_header(std::string_view json, const std::string& source) {
  // The first character keeps other formats out. A NUL would end the JSON early for this parser, and hide what follows from it.
  if (json.empty() || json[0] != '{') refuse_file(source, "not a safetensors file: its header does not start with '{'");
  if (json.find('\0') != std::string_view::npos) refuse_file(source, "safetensors header: it holds a NUL byte");
  SafeTensorsHeader header;
  HeaderReader reader(&header, source);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader) || !reader.done())
    refuse_file(source, "safetensors header: incomplete");
  return header;
}

}  // namespace duel
