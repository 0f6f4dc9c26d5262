// Atomic files under faults and kills, bounded reading, gzip, safetensors, base64.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "engine/io/atomic_file.h"
#include "engine/io/base64.h"
#include "engine/io/bounded_reader.h"
#include "engine/io/file.h"
#include "engine/io/gzip.h"
#include "engine/io/safetensors.h"
#include "tests/allocation_watch.h"
#include "tests/file_support.h"

using namespace duel;
using namespace duel::test;

namespace {

// Fails the `at`-th call of one kind with `error`; writes may also be cut short.
struct Fault {
  std::string call;
  int at = 0, error = 0, seen = 0;
  size_t most_written = SIZE_MAX;
} fault;
const FileCalls real_calls = file_calls();

bool hit(const char* call) {
  if (fault.call != call || fault.seen++ != fault.at) return false;
  errno = fault.error;
  return true;
}
struct FaultyDisk {
  explicit FaultyDisk(Fault f) {
    fault = std::move(f);
    file_calls() = {[](const char* p, int flags, mode_t m) { return hit("open") ? -1 : real_calls.open(p, flags, m); },
                    [](int fd, const void* d, size_t n) -> ssize_t { return hit("write") ? -1 : real_calls.write(fd, d, std::min(n, fault.most_written)); },
                    [](int fd) { return hit("fsync") ? -1 : real_calls.fsync(fd); },
                    [](int fd) {
                      const int result = real_calls.close(fd);
                      return hit("close") ? -1 : result;
                    },
                    [](const char* a, const char* b) { return hit("rename") ? -1 : real_calls.rename(a, b); }, real_calls.unlink};
  }
  ~FaultyDisk() { file_calls() = real_calls; }
};

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

std::string gzipped(const std::string& text) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

}  // namespace

TEST_CASE("printable text") {
  CHECK(printable("plain é 日本 😀") == "plain é 日本 😀");
  CHECK(printable("a\nb\x1b[31m\x7f") == "a\\x0ab\\x1b[31m\\x7f");
  CHECK(printable("\xff\xc0\xaf\xed\xa0\x80 \\") == "\\xff\\xc0\\xaf\\xed\\xa0\\x80 \\\\");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
  CHECK(printable(std::string(500, 'x'), 10) == "xxxxxxxxxx…");
}

TEST_CASE("read_file: limits and reasons") {
  TempFolder folder;
  put(folder / "five", "12345");
  CHECK(read_file(folder / "five", 5).size() == 5);
  check_refused([&] { read_file(folder / "five", 4); }, {folder / "five", "5 bytes, more than the 4"});
  check_refused([&] { read_file(folder / "none", 4); }, {folder / "none", "No such file"});
  check_refused([&] { read_file(folder.path, 4); }, {folder.path, "folder"});
  check_refused([&] { read_file("/dev/zero", 4); }, {"/dev/zero", "not a regular file"});
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  check_refused([&] { read_file(folder / "pipe", 4); }, {"pipe", "not a regular file"});   // and does not hang
  // A file of a terabyte, sparse: refused by its size, with nothing allocated.
  put(folder / "huge", "");
  if (::truncate((folder / "huge").c_str(), off_t{1} << 40) == 0) {
    largest_allocation = 0;
    check_refused([&] { read_file(folder / "huge", uint64_t{256} << 20); }, {"huge", "more than the 268435456 allowed"});
    CHECK(largest_allocation < 1 << 16);
  }
}

TEST_CASE("bounded reader: lengths are held against what is left") {
  const std::string text = "\x01\x02\x03\x04\x05\x06\x07\x08\x09";
  BoundedReader r(as_bytes(text), "some file");
  CHECK(r.u16_big("x") == 0x0102);
  CHECK(r.left() == 7);
  check_refused([&] { r.take(8, "a thing"); }, {"some file", "truncated", "a thing"});
  check_refused([&] { r.take(UINT64_MAX, "a thing"); }, {"some file", "truncated"});
  check_refused([&] { r.u64_little("a number"); }, {"truncated"});
  CHECK(r.u32_big("x") == 0x03040506u);
  check_refused([&] { r.finish(); }, {"some file", "3 bytes follow"});
  CHECK(r.take(3, "rest").size() == 3);
  r.finish();
  CHECK(BoundedReader(as_bytes(text), "f").u64_little("x") == 0x0807060504030201u);
  uint64_t product = 0;
  CHECK(checked_product({1u << 31, 1u << 31, 2}, &product));
  CHECK(product == uint64_t{1} << 63);
  CHECK_FALSE(checked_product({1u << 31, 1u << 31, 4}, &product));
}

TEST_CASE("atomic file: content, replacement, no leftovers") {
  TempFolder folder;
  write_file_atomic(folder / "a", std::string("first"));
  write_file_atomic(folder / "a", std::string("second"));
  CHECK(get(folder / "a") == "second");
  {
    AtomicFile abandoned(folder / "a");
    abandoned.write("third", 5);
  }
  CHECK(get(folder / "a") == "second");
  CHECK(folder.names().size() == 1);
}

TEST_CASE("atomic file: every fault at every call leaves the old file or the new one, and says why") {
  TempFolder folder;
  const std::string old_bytes(1000, 'o'), new_bytes(5000, 'n'), path = folder / "check.point";
  int faults = 0;
  for (const char* call : {"open", "write", "fsync", "close", "rename"})
    for (const int error : {ENOSPC, EIO, EACCES, EDQUOT, EROFS}) {
      for (int at = 0;; ++at) {
        put(path, old_bytes);
        bool threw = false;
        {
          FaultyDisk disk({.call = call, .at = at, .error = error, .most_written = 700});
          try {
            write_file_atomic(path, new_bytes);
          } catch (const Error& e) {
            threw = true;
            CHECK(e.kind == Failure::data);
            CHECK(std::string(e.what()).find(path) != std::string::npos);
            CHECK(std::string(e.what()).find(std::strerror(error)) != std::string::npos);
          }
        }
        const bool was_hit = fault.seen > at;
        const std::string now = get(path);
        CHECK((now == old_bytes || now == new_bytes));
        CHECK(folder.names().size() == 1);   // no temporary file
        if (!was_hit) {
          CHECK_FALSE(threw);
          CHECK(now == new_bytes);
          break;
        }
        ++faults;
        // Closing the flushed folder is the one call whose failure changes nothing.
        if (!(std::string(call) == "close" && at == 1)) CHECK(threw);
        if (std::string(call) != "close" && !(std::string(call) != "write" && at == 1)) CHECK(now == old_bytes);
      }
    }
  CHECK(faults == 5 * (2 + 8 + 2 + 2 + 1));   // opens, writes of 700 bytes, flushes, closes, renames
}

TEST_CASE("atomic file: short writes and interrupted calls go on, a write of nothing ends") {
  TempFolder folder;
  const std::string bytes(5000, 'x');
  {
    FaultyDisk disk({.call = "", .most_written = 1});
    write_file_atomic(folder / "slow", bytes);
  }
  CHECK(get(folder / "slow") == bytes);
  for (const char* call : {"open", "write", "fsync"})
    for (int at : {0, 1}) {
      FaultyDisk disk({.call = call, .at = at, .error = EINTR, .most_written = 3000});
      write_file_atomic(folder / "interrupted", bytes);
      CHECK(fault.seen > at);
      CHECK(get(folder / "interrupted") == bytes);
    }
  FaultyDisk disk({.call = "", .most_written = 0});
  check_refused([&] { write_file_atomic(folder / "stuck", bytes); }, {folder / "stuck", std::strerror(EIO)});
}

TEST_CASE("atomic file: folders that are missing or refuse") {
  TempFolder folder;
  check_refused([&] { write_file_atomic(folder / "no/such/file", std::string("x")); }, {folder / "no/such/file", "No such file", "create the folder"});
  check_refused([&] { write_file_atomic(folder.path + "/", std::string("x")); }, {folder.path});
  std::filesystem::create_directory(folder / "taken");
  check_refused([&] { write_file_atomic(folder / "taken", std::string("x")); }, {folder / "taken", "directory"});
  CHECK(folder.names().size() == 1);
  check_refused([&] { write_file_atomic("/proc/duel", std::string("x")); }, {"/proc/duel"});
}

TEST_CASE("atomic file: what a killed program left is removed, a writer at work is left alone") {
  TempFolder folder;
  put(folder / ".model.123-4.duel-tmp", "left by a crash");
  put(folder / ".model.x.123-4.duel-tmp", "of another file");
  put(folder / ".model.duel-tmp", "not ours");
  AtomicFile at_work(folder / "model");
  at_work.write("slow", 4);
  write_file_atomic(folder / "model", std::string("quick"));
  at_work.commit();
  CHECK(get(folder / "model") == "slow");
  auto names = folder.names();
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{".model.duel-tmp", ".model.x.123-4.duel-tmp", "model"});
}

TEST_CASE("safetensors: killed while saving, nothing is lost") {
  TempFolder folder;
  const std::string path = folder / "checkpoint.safetensors";
  SafeTensors content;
  content.tensors.emplace_back("w", HostTensor{DType::u8, {1 << 16}, std::vector<std::byte>(1 << 16)});
  content.metadata["step"] = "0";
  write_safetensors(path, content);
  long last = 0;
  int progressed = 0;
  const int kills = 1000;
  for (int kill = 0; kill < kills; ++kill) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (long step = last + 1;; ++step) {
        std::fill(content.tensors[0].second.bytes.begin(), content.tensors[0].second.bytes.end(), static_cast<std::byte>(step));
        content.metadata["step"] = std::to_string(step);
        write_safetensors(path, content);
      }
    }
    ::usleep(static_cast<useconds_t>((kill * 997) % 3000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const SafeTensors found = read_safetensors(path);
    const long step = std::stol(found.metadata.at("step"));
    REQUIRE(step >= last);
    progressed += step > last;
    const auto& bytes = found.find("w")->bytes;
    REQUIRE(std::all_of(bytes.begin(), bytes.end(), [&](std::byte b) { return b == static_cast<std::byte>(step); }));
    last = step;
  }
  CHECK(progressed > kills / 20);   // the children did save
  write_safetensors(path, content);
  CHECK(folder.names().size() == 1);
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
  for (size_t n = 0; n < good.size(); ++n)
    check_refused([&] { parse_safetensors(as_bytes(good.substr(0, n)), "short"); }, {"short"});
  check_refused([&] { parse_safetensors(as_bytes(good + "PK\x03\x04"), "polyglot"); }, {"polyglot", "4 bytes follow the last tensor"});
}

TEST_CASE("safetensors: files of other programs, without check sums") {
  const std::string plain = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"b":{"shape":[1],"data_offsets":[0,8],"dtype":"F64"}}   )";
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
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), 5, "1 bytes follow the last tensor");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), 3, "truncated");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[1,5])"), 5, "a hole of 1 bytes");
  refused(one(R"("dtype":"U8","shape":[4],"data_offsets":[4,0])"), 4, "before it begins");
  refused(one(R"("dtype":"F32","shape":[4],"data_offsets":[0,4])"), 4, "takes 16 bytes by its shape");
  refused(one(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615])"), 4, "truncated");
  refused(one(R"("dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4])"), 4, "impossible shape");
  refused(one(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0, "impossible shape");
  refused(one(R"("dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0])"), 0, "impossible shape");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})", 6, "overlaps");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4, "overlaps");
  refused(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})", 10, "a hole of 2 bytes");
  // check sums
  refused(R"({"__metadata__":{"xxh3:a":"0000000000000000"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4, "does not have the XXH3");
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
  CHECK(folder.names().empty());
}

TEST_CASE("gzip: exactly what is expected") {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += static_cast<char>(i * i >> 5);
  const std::string good = gzipped(text);
  const auto inflated = [&](const std::string& file, size_t n) { return inflate_exactly(as_bytes(file), n, "g.gz"); };
  const auto out = inflated(good, text.size());
  CHECK(std::memcmp(out.data(), text.data(), text.size()) == 0);
  check_refused([&] { inflated(good, text.size() - 1); }, {"g.gz", "more data"});
  check_refused([&] { inflated(good, text.size() + 1); }, {"g.gz", "ends after 20000"});
  check_refused([&] { inflated(good + "x", text.size()); }, {"g.gz", "1 bytes follow"});
  check_refused([&] { inflated(good + good, text.size()); }, {"g.gz", "bytes follow"});
  check_refused([&] { inflated("not gzip", 3); }, {"g.gz", "not a gzip"});
  for (size_t n = 2; n < good.size(); n += n < 40 || n + 40 > good.size() ? 1 : 97)
    check_refused([&] { inflated(good.substr(0, n), text.size()); }, {"g.gz", n < good.size() / 2 ? "" : "truncated"});
  std::string bad = good;
  bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1);   // the CRC
  check_refused([&] { inflated(bad, text.size()); }, {"g.gz", "incorrect data check"});
  bad = good;
  bad[bad.size() - 2] = static_cast<char>(bad[bad.size() - 2] ^ 1);   // the length
  check_refused([&] { inflated(bad, text.size()); }, {"g.gz", "incorrect length check"});
  // A bomb: 64 MB of zeros that claim to be 100 bytes are never inflated, and a claim the bytes cannot hold gets no memory.
  const std::string bomb = gzipped(std::string(64 << 20, '\0'));
  CHECK(bomb.size() < 100'000);
  largest_allocation = 0;
  check_refused([&] { inflated(bomb, 100); }, {"g.gz", "more data"});
  check_refused([&] { inflated(bomb, uint64_t{1} << 40); }, {"g.gz", "cannot hold"});
  CHECK(largest_allocation < 1 << 20);
  CHECK(inflated(bomb, 64 << 20).size() == 64 << 20);
}

TEST_CASE("base64: the vectors of RFC 4648") {
  const std::map<std::string, std::string> vectors = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) CHECK(base64({reinterpret_cast<const uint8_t*>(plain.data()), plain.size()}) == coded);
}
