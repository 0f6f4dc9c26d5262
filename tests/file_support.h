// For tests of files: files made of bytes, and "this must be refused".
#pragma once
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "tests/support.h"

namespace duel::test {

inline std::vector<std::string> names_in(const TempFolder& folder) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) all.push_back(entry.path().filename().string());
  return all;
}
inline void put(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.flush().good());
}
inline std::string get(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline std::span<const std::byte> as_bytes(const std::string& text) { return std::as_bytes(std::span(text)); }
inline std::string big32(uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}
inline std::string little64(uint64_t v) {
  std::string s;
  for (int i = 0; i < 8; ++i) s += static_cast<char>(v >> (8 * i));
  return s;
}

// Runs `read`, which must throw Error of this kind whose message holds every one of `words`.
inline void check_refused(const std::function<void()>& read, const std::vector<std::string>& words, Failure kind = Failure::data) {
  try {
    read();
    FAIL_CHECK("was not refused; expected: " << words.back());
  } catch (const Error& error) {
    const std::string message = error.what();
    CHECK_MESSAGE(error.kind == kind, message);
    for (const std::string& word : words)
      CHECK_MESSAGE(message.find(word) != std::string::npos, "\"" << word << "\" is not in: " << message);
  }
}

}  // namespace duel::test
