// A folder of results that is there whole or not at all: it is filled as .NAME.XXXXXX beside its place and gets its name at the end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace duel {

class NewFolder {
 public:
  // Throws Error(usage) where `place` is there and not an empty folder. With `replace` it may be a folder that this class made, with
  // nothing in it but what was written then: the old one stays until the new one is whole. Throws Error(data) where it cannot be made.
  NewFolder(const std::string& place, bool replace);
  ~NewFolder();  // removes what was written, unless finish() was called
  NewFolder(const NewFolder&) = delete;

  // A file below it, in folders that are made as needed. Throws Error(data). Not flushed one by one: the folder has no name yet.
  void write(const std::string& name, std::span<const std::byte> bytes);
  void write(const std::string& name, const std::string& text) { write(name, std::as_bytes(std::span(text))); }
  void write(const std::string& name, const std::vector<uint8_t>& bytes) { write(name, std::as_bytes(std::span(bytes))); }
  void finish();

 private:
  void check_free() const;
  std::filesystem::path place_, path_;
  bool replace_, finished_ = false;
  std::set<std::string> written_;
};

}  // namespace duel
