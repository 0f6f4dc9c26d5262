// Safetensors: round trips, lying and damaged files, and kills while saving.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "engine/io/safetensors.h"
#include "tests/allocation_watch.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

SafeTensors sample() {
  SafeTensors s;
  const auto add = [&](const char* name, DType dtype, std::vector<int64_t> shape, size_t count) {
    HostTensor t{dtype, std::move(shape), std::vector<std::byte>(count * size_of(dtype))};
    for (size_t i = 0; i < t.bytes.size(); ++i) t.bytes[i] = static_cast<std::byte>(i * 37 + s.tensors.size());
    s.tensors.emplace_back(name, std::move(t));
  };
  add("bytes", DType::u8, {3}, 3);
  add("weights", DType::f32, {2, 3}, 6);
  add("half", DType::bf16, {5, 1}, 5);
  add("scalar", DType::f64, {}, 1);
  add("empty", DType::i32, {0, 4}, 0);
  add("labels \"é\" \\ \n", DType::i32, {7}, 7);
  s.metadata = {{"step", "18446744073709551615"}, {"name", "a \"quoted\" one, é"}};
  return s;
}
bool same(const SafeTensors& a, const SafeTensors& b) {
  if (a.metadata != b.metadata || a.tensors.size() != b.tensors.size()) return false;
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    const auto& [an, at] = a.tensors[i];
    const auto& [bn, bt] = b.tensors[i];
    if (an != bn || at.dtype != bt.dtype || at.shape != bt.shape || at.bytes != bt.bytes) return false;
  }
  return true;
}
std::string with_header(const std::string& json, size_t data_bytes) { return little64(json.size()) + json + std::string(data_bytes, 'd'); }

void kill_while_saving(int kills) {
  TempFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  SafeTensors content;
  content.tensors.emplace_back("w", HostTensor{DType::u8, {1 << 14}, std::vector<std::byte>(1 << 14)});
  content.metadata["step"] = "0";
  // A kill comes at any time from before a child's first save to some saves later.
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) write_safetensors(path, content);
  const std::chrono::duration<double, std::micro> one_save = (std::chrono::steady_clock::now() - start) / 20;
  long last = 0;
  int progressed = 0;
  for (int kill = 0; kill < kills; ++kill) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      if (::write(ready[1], "", 1) != 1) ::_exit(1);
      for (long step = last + 1;; ++step) {
        std::fill(content.tensors[0].second.bytes.begin(), content.tensors[0].second.bytes.end(), static_cast<std::byte>(step));
        content.metadata["step"] = std::to_string(step);
        write_safetensors(path, content);
      }
    }
    char byte;
    CHECK(::read(ready[0], &byte, 1) == 1);
    ::usleep(static_cast<useconds_t>(one_save.count() * 3 * (kill * 997 % 1000) / 1000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    const SafeTensors found = read_safetensors(path);
    const long step = std::stol(found.metadata.at("step"));
    REQUIRE(step >= last);
    progressed += step > last;
    const auto& bytes = found.find("w")->bytes;
    REQUIRE(std::all_of(bytes.begin(), bytes.end(), [&](std::byte b) { return b == static_cast<std::byte>(step); }));
    last = step;
  }
  CHECK(progressed > kills / 4);  // the children did save
  write_safetensors(path, content);
  CHECK(names_in(folder).size() == 1);
}

}  // namespace

TEST_CASE("safetensors: killed while saving, nothing is lost") { kill_while_saving(100); }
TEST_SUITE("long") {
  TEST_CASE("safetensors: killed a thousand times while saving, nothing is lost") { kill_while_saving(1000); }
}

TEST_CASE("safetensors: what is written is read") {
  TempFolder folder;
  const std::string path = folder / "a.safetensors";
  const SafeTensors content = sample();
  write_safetensors(path, content);
  CHECK(same(read_safetensors(path), content));
  CHECK(read_safetensors(path).find("weights") != nullptr);
  CHECK(read_safetensors(path).find("nothing") == nullptr);
  const std::string file = get(path);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(file.find("\"xxh3:weights\"") != std::string::npos);
  // Each tensor lies at a multiple of its element: f64, then 4 bytes, then 2, then 1.
  CHECK(file.find("\"scalar\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}") != std::string::npos);
  CHECK(file.find("\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[70,73]}") != std::string::npos);
  write_safetensors(path, {});
  CHECK(read_safetensors(path).tensors.empty());
}

TEST_CASE("safetensors: every damaged byte and every truncation is refused") {
  TempFolder folder;
  write_safetensors(folder / "a", sample());
  const std::string good = get(folder / "a");
  uint64_t length = 0;
  std::memcpy(&length, good.data(), 8);
  const size_t padding_begins = good.rfind('}', 8 + length) + 1;
  int accepted = 0;
  for (size_t i = 0; i < good.size(); ++i)
    for (const int flip : {1, 0x20, 0x80}) {
      if (i >= padding_begins && i < 8 + length) continue;
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      try {
        const SafeTensors read = parse_safetensors(as_bytes(bad), "bad");
        ++accepted;
      } catch (const Error& e) {
        CHECK(e.kind == Failure::data);
      }
    }
  CHECK(accepted == 0);
  for (size_t n = 0; n < good.size(); ++n) check_refused([&] { parse_safetensors(as_bytes(good.substr(0, n)), "short"); }, {"short"});
  check_refused([&] { parse_safetensors(as_bytes(good + "PK\x03\x04"), "polyglot"); }, {"polyglot", "4 bytes follow the last tensor"});
}

TEST_CASE("safetensors: files of other programs, without check sums") {
  const std::string plain =
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"b":{"shape":[1],"data_offsets":[0,8],"dtype":"F64"}}   )";
  const SafeTensors s = parse_safetensors(as_bytes(with_header(plain, 16)), "plain");
  REQUIRE(s.tensors.size() == 2);
  CHECK(s.tensors[0].first == "a");
  CHECK(s.tensors[0].second.bytes.size() == 8);
  CHECK(parse_safetensors(as_bytes(with_header("{}", 0)), "nothing").tensors.empty());
}

TEST_CASE("safetensors: lying headers") {
  const auto refused = [](const std::string& json, size_t data, const char* why) {
    INFO(json);
    largest_allocation = 0;
    const std::string file = with_header(json, data);
    check_refused([&] { parse_safetensors(as_bytes(file), "liar"); }, {"liar", why});
    CHECK(largest_allocation < 1 << 16);
  };
  const auto one = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  // lengths
  check_refused([] { parse_safetensors(as_bytes(little64(100'000'001) + "{}"), "liar"); }, {"liar", "100000001"});
  check_refused([] { parse_safetensors(as_bytes(little64(UINT64_MAX) + "{}"), "liar"); }, {"liar", "more than"});
  check_refused([] { parse_safetensors(as_bytes(little64(99'000'000) + "{}"), "liar"); }, {"liar", "truncated"});
  // other formats, hidden text
  refused("[]", 0, "does not start with '{'");
  refused(" {}", 0, "does not start with '{'");
  refused("", 0, "does not start with '{'");
  refused(std::string("{}\0PK", 5), 0, "NUL");
  refused("{} {}", 0, "not JSON");
  refused("{", 0, "not JSON");
  refused("{\"\xff\":{}}", 0, "not JSON");
  refused("{\"a\":" + std::string(5000, '['), 0, "where none belongs");
  refused("{\"a\":" + std::string(5000, '{'), 0, "not JSON");
  // duplicates
  const std::string entry = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  refused("{\"a\":" + entry + ",\"a\":" + entry + "}", 4, "duplicate key \"a\"");
  refused("{\"a\":" + entry + ",\"\\u0061\":" + entry + "}", 4, "duplicate key \"a\"");
  refused(one(R"("dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4])"), 4, "duplicate key \"shape\"");
  refused(R"({"__metadata__":{"k":"1","k":"2"}})", 0, "duplicate metadata key \"k\"");
  refused(R"({"__metadata__":{},"__metadata__":{}})", 0, "duplicate key");
  // types and fields
  refused(R"({"__metadata__":{"k":1}})", 0, "number where none belongs");
  refused(R"({"__metadata__":"x"})", 0, "text where none belongs");
  refused(R"({"a":1})", 0, "number where none belongs");
  refused(one(R"("dtype":"U8","shape":[4])"), 4, "lacks");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4],"x":[0])"), 4, "unknown key \"x\"");
  refused(one(R"("dtype":"F16","shape":[4],"data_offsets":[0,8])"), 8, "dtype \"F16\"");
  refused(one(R"("dtype":"U8","shape":[-4],"data_offsets":[0,4])"), 4, "negative");
  refused(one(R"("dtype":"U8","shape":[4.0],"data_offsets":[0,4])"), 4, "whole number");
  refused(one(R"("dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,4])"), 4, "whole number");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4,4])"), 4, "not a pair");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0])"), 4, "not a pair");
  refused(one(R"("dtype":"U8","shape":[[4]],"data_offsets":[0,4])"), 4, "list where none belongs");
  refused(one(R"("dtype":"U8","shape":null,"data_offsets":[0,4])"), 4, "null");
  refused(one(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,4])"), 4, "more than 8 dimensions");
  // ranges and products
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), 5, "1 byte follows the last tensor");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), 3, "truncated");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[1,5])"), 5, "a hole of 1 byte before");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[4,0])"), 4, "before it begins");
  refused(one(R"("dtype":"F32","shape":[4],"data_offsets":[0,4])"), 4, "takes 16 bytes by its shape");
  refused(one(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615])"), 4, "truncated");
  refused(one(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"), 4, "impossible shape");
  refused(one(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0, "impossible shape");
  refused(one(R"("dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0])"), 0, "impossible shape");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})", 6, "overlaps");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4, "overlaps");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})", 10,
          "a hole of 2 bytes");
  // check sums
  refused(R"({"__metadata__":{"xxh3:a":"0000000000000000"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4,
          "does not have the XXH3");
  refused(R"({"__metadata__":{"xxh3:b":"0000000000000000"}})", 0, "belongs to no tensor");
  // names are escaped
  refused("{\"\\u001b[31m\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[1,5]}}", 5, "\\x1b[31m");
}

TEST_CASE("safetensors: what cannot be written is said before a file is touched") {
  TempFolder folder;
  SafeTensors s = sample();
  s.tensors[1].second.shape = {2, 4};
  check_refused([&] { write_safetensors(folder / "a", s); }, {"weights", "not its shape"}, Failure::internal);
  s = sample();
  s.tensors.push_back(s.tensors[0]);
  check_refused([&] { write_safetensors(folder / "a", s); }, {"bytes", "taken"}, Failure::internal);
  s = sample();
  s.metadata["name"] = "\xff";
  check_refused([&] { write_safetensors(folder / "a", s); }, {"UTF-8"}, Failure::internal);
  s = sample();
  s.metadata["xxh3:weights"] = "0";
  check_refused([&] { write_safetensors(folder / "a", s); }, {"kept for check sums"}, Failure::internal);
  CHECK(names_in(folder).empty());
}
