// A file that grows by whole pieces: a record of a run that a kill may tear at its very end and nowhere else.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace duel {

class AppendFile {
 public:
  // Opens the file, or makes it. Throws Failure::data when that cannot be done.
  explicit AppendFile(const std::filesystem::path& path);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;
  ~AppendFile();

  // Adds the bytes at the end. Where the disk is full they are taken back and Failure::data thrown.
  void append(std::string_view bytes);

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace duel
