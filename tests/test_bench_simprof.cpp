// simprof: what it counts of a row whose requests are known, and its four forms.
#include <doctest/doctest.h>

#include "bench/sim_profile.h"
#include "kernels/error.h"
#include "tests/support.h"

namespace duel::bench {
namespace {

const Row& checked_row(const char* op, const char* variant) {
  const Row* row = find_row(op, variant, Device::sim_checked);
  REQUIRE(row);
  return *row;
}

TEST_CASE("an element-wise row asks for each sector once") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("cast");
  const SimProfile p = profile_row(op, op.parse("n1024:f32/from=f32"), checked_row("cast", "naive"), 1);
  REQUIRE(p.launches.size() == 1);
  for (const bool loads : {true, false}) {
    const Traffic t = p.traffic(MemorySpace::global, loads);
    CHECK(t.requests == 32);
    CHECK(t.lanes_a_request() == 32);
    CHECK(t.units == 128);
    CHECK(t.over_fewest() == 1);
    CHECK(p.traffic(MemorySpace::shared, loads).requests == 0);
  }
  CHECK(p.moved_bytes() == 8192);
  CHECK(p.moved_bytes() == p.minimum_bytes);
  const std::string table = profile_table(p), source = profile_source(p), page = profile_page(p);
  for (const std::string* text : {&table, &page}) CHECK(text->find("cast_01_naive.cu:") != std::string::npos);
  CHECK(table.find("128 sectors") != std::string::npos);
  CHECK(source.find("x load 4 B 128 sectors 1.00×") != std::string::npos);
  CHECK(page.find("<script") == std::string::npos);
  const nlohmann::json j = profile_json(p);
  CHECK(j["row"] == "cast:naive");
  CHECK(j["sector_bytes"] == 8192);
  REQUIRE(j["launches"][0]["sites"].size() == 2);
  CHECK(j["launches"][0]["sites"][0]["kind"] == "load");
  CHECK(j["launches"][0]["sites"][0]["buffer"] == "x");
  CHECK(j["launches"][0]["sites"][1]["kind"] == "store");
  CHECK(j["launches"][0]["sites"][1]["buffer"] == "y");
}

TEST_CASE("rows of packs move 16 bytes a thread and request, and ask for each sector once") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  struct Want {
    const char *op, *problem;
    int64_t loads, stores;  // requests of a warp
  };
  for (const Want& want : {
           Want{"unary", "n4i4096c64:f32/fn=affine/a=2", 128, 128},
           {"unary", "n4i4096c64:bf16/fn=exp", 64, 64},
           {"unary", "n4i4096c64:f32/from=image", 128, 128},
           {"binary", "n4i4096c64:f32/fn=mul", 256, 128},
           {"binary", "n4i4096c64:bf16/fn=add/b=channel", 128, 64},
           {"binary", "n4i3072c3:f32/fn=mul/b=sample", 192, 96},
           {"activation", "n16384:bf16/act=tanh", 64, 64},
           {"activation_grad", "n16384:f32/act=tanh", 256, 128},
           {"cb_moment", "n16384order1:f32", 128, 128},
           {"cb_moment", "n16384order3:bf16", 64, 64},
           {"cast", "n16384:bf16/from=f32", 128, 128},
           {"cast", "n16384:u8/from=f32", 128, 128},
           // Six blocks: each reads lr and, for Adam, the step, and takes a ticket; the last one counts the step.
           {"adam_step", "total24576tensors3:f32/beta1=0.5", 768 + 6 * 2 + 1, 576 + 6 + 1},
           {"sgd_step", "total24576tensors3:f32/copy=1", 384 + 6 + 1, 192 + 192 + 6 + 1},
           // 16 and 13 blocks, each of whose warps reads the step.
           {"random_fill", "n16inner1024seed1stream1first0:f32/distribution=normal", 16 * 8, 128},
           {"random_fill", "n128inner100seed1stream1first0:bf16", 13 * 8, 100},
           {"dropout", "n16inner1024seed1stream9first0:f32", 128 + 16 * 8, 128},
           {"dropout", "n16inner1024seed1stream9first0:bf16", 64 + 8 * 8, 64},
           // Each warp reads g; a group's target is one for all of a warp's packs.
           {"gan_loss_grad", "rows4096groups2:f32/by=squares", 3 * 64, 64},
           {"gan_loss_grad", "rows4096groups2:f32/by=hinge/own_targets=1", 3 * 64, 64},
       }) {
    CAPTURE(std::string(want.op));
    CAPTURE(std::string(want.problem));
    const OpInfo& op = find_op(want.op);
    const SimProfile p = profile_row(op, op.parse(want.problem), checked_row(want.op, "packs"), 1);
    for (const bool loads : {true, false}) {
      const Traffic t = p.traffic(MemorySpace::global, loads);
      CHECK(t.requests == (loads ? want.loads : want.stores));
      CHECK(t.over_fewest() == 1);
    }
  }
}

TEST_CASE("rows of arrays and tables move by 16 bytes a thread and request, and each sector is asked for once") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  struct Want {
    const char *op, *variant, *problem;
    int64_t loads, stores;  // requests of a warp
  };
  for (const Want& want : {
           Want{"concat_channels", "wide_words", "rows512ca64cb64:f32", 512, 512},  // half a warp reads a, half b
           {"concat_channels", "wide_words", "rows512ca64cb64:bf16", 256, 256},
           {"slice_channels", "wide_words", "rows512c128from64count64:f32", 256, 256},
           {"gather_rows", "wide_words", "rows1000cols784count128:f32", 2 * 784, 784},  // a word and its index
           // Each row's warp reads all indices, and each row of g is added once.
           {"scatter_add_rows", "row_warps", "rows100cols128count64:f32", 100 * 2 + 64, 100},
           {"scatter_add_rows", "row_warps", "rows100cols128count64:bf16", 100 * 2 + 64, 100},
       }) {
    CAPTURE(std::string(want.op));
    CAPTURE(std::string(want.problem));
    const OpInfo& op = find_op(want.op);
    const SimProfile p = profile_row(op, op.parse(want.problem), checked_row(want.op, want.variant), 1);
    for (const bool loads : {true, false}) {
      const Traffic t = p.traffic(MemorySpace::global, loads);
      CHECK(t.requests == (loads ? want.loads : want.stores));
      CHECK(t.over_fewest() == 1);
    }
  }
}

TEST_CASE("reductions read 16 bytes a thread and request, and each sector of x once") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("reduce");
  struct Want {
    const char* problem;
    int64_t loads;
  };
  for (const Want& want : {Want{"n16i8192c64:f32/keep=scalar", 1024},
                           {"n16i8192c64:f32/keep=channel", 1024},
                           {"n16i8192c64:bf16/keep=channel", 512},
                           {"n16i8192c64:f32/keep=sample", 1024},
                           {"n16i8192c64:bf16/keep=image", 512},
                           {"n16i12288c3:f32/keep=channel", 2048}}) {  // 24 lanes of a warp have a column
    CAPTURE(std::string(want.problem));
    const SimProfile p = profile_row(op, op.parse(want.problem), checked_row("reduce", "tiles"), 1);
    int64_t loads = 0;
    for (const ProfiledSite& site : p.launches.at(0).sites)
      if (site.buffer == "x") {
        loads += site.counts.requests;
        CHECK(site.counts.sectors == site.counts.fewest_sectors);
      }
    CHECK(loads == want.loads);
  }
}

TEST_CASE("pooling, softmax, losses, batch norm and layer norm read their input once, by 16 bytes a thread and request") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  struct Want {
    const char *op, *variant, *problem, *buffer;
    int64_t loads;
  };
  for (const Want& want : {
           Want{"softmax", "row_lanes", "rows256cols1024:f32", "x", 256 * 8},
           {"softmax", "row_lanes", "rows256cols1024:bf16/log=1", "x", 256 * 4},
           {"softmax", "row_lanes", "rows128cols10:f32", "x", 64},  // two rows a warp
           {"cross_entropy", "row_lanes", "rows256cols1000:f32", "logits", 256 * 8},
           {"max_pool2d", "channel_packs", "n4h28w28c32r2u2:f32", "x", 4 * 28 * 28 * 8 / 32},
           {"max_pool2d_scatter", "channel_packs", "n4h28w28c32r2u2:f32", "gy", 4 * 28 * 28 * 8 / 32},
           {"max_pool2d_gather", "channel_packs", "n4h28w28c32r2u2:f32", "x", 4 * 28 * 28 * 8 / 32},
           {"avg_pool2d", "channel_packs", "n4h28w28c32r2u2:bf16", "x", 4 * 28 * 28 * 4 / 32},
           {"avg_pool2d_grad", "channel_packs", "n4h28w28c32r2u2:bf16", "gy", 4 * 28 * 28 * 4 / 32},
           {"gan_loss", "chunks", "rows4096groups2:f32/by=squares", "t", 2 * 4096 / 128},
           {"batch_norm_infer", "channel_tiles", "rows1024c64:f32/act=relu", "x", 1024 * 64 / 128},
           {"batch_norm_infer", "channel_tiles", "rows1024c64:bf16/act=leaky_relu/slope=0.2", "x", 1024 * 64 / 256},
           {"sample_norm_fwd", "kept", "n16i16384c64:f32/over=layer", "x", 16 * 16384 / 128},
           {"sample_norm_fwd", "kept", "n16i16384c64:bf16/over=instance", "x", 16 * 16384 / 256},
           {"sample_norm_bwd", "kept", "n16i16384c64:f32/over=instance", "x", 2 * 16 * 16384 / 128},      // and gy, by the same line
           {"sample_norm_double_bwd", "kept", "n16i16384c64:f32/over=layer", "x", 3 * 16 * 16384 / 128},  // and gy and u
       }) {
    CAPTURE(std::string(want.op));
    CAPTURE(std::string(want.problem));
    const OpInfo& op = find_op(want.op);
    const SimProfile p = profile_row(op, op.parse(want.problem), checked_row(want.op, want.variant), 1);
    int64_t loads = 0;
    for (const ProfiledSite& site : p.launches.at(0).sites)
      if (site.buffer == want.buffer) {
        loads += site.counts.requests;
        CHECK(site.counts.sectors == site.counts.fewest_sectors);
      }
    CHECK(loads == want.loads);
  }
}

TEST_CASE("flips and crops of pictures ask for hardly more than their sectors, and every request has its line") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("augment_images");
  for (const char* problem :
       {"n2h64w64c3p64q64seed1stream10:u8/to=f32/aug=hflip", "n2h64w64c3p64q64seed1stream10:u8/to=bf16/aug=hflip_p=1+translate_whole=1",
        "n2h64w64c3p64q64seed1stream10:u8/to=f32/aug=crop", "n2h64w64c1p64q64seed1stream10:u8/to=f32/aug=crop+hflip",
        "n1h256w256c3p224q224seed1stream10:u8/to=f32/aug=crop+hflip"}) {
    CAPTURE(problem);
    const SimProfile p = profile_row(op, op.parse(problem), checked_row("augment_images", "one_launch"), 1);
    for (const bool loads : {true, false}) CHECK(p.traffic(MemorySpace::global, loads).over_fewest() <= 1.01);
    CHECK(p.moved_bytes() <= 1.1 * p.minimum_bytes);
    for (const ProfiledSite& site : p.launches.at(0).sites) CHECK(site.where.find("unknown") == std::string::npos);
  }
}

TEST_CASE("products executed against useful ones") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("conv2d_dgrad");
  const ErasedCase problem = op.parse("n2h8w8c3k5r2u2pad0:f32");
  // Three of four taps of each input pixel meet an inserted zero.
  const SimProfile zeros = profile_row(op, problem, checked_row("conv2d_dgrad", "inserted_zeros"), 1);
  CHECK(zeros.over_useful() == 4);
  CHECK(zeros.multiplies(false) == 2 * 8 * 8 * 3 * 5 * 4);
  CHECK(profile_table(zeros).find("4.000× the useful") != std::string::npos);
  // The naive row leaves out what lies between the strides, and what lies outside the image.
  CHECK(profile_row(op, problem, checked_row("conv2d_dgrad", "naive"), 1).over_useful() == 1);
  CHECK(profile_row(op, op.parse("n2h8w8c3k5r4u2pad1:f32"), checked_row("conv2d_dgrad", "naive"), 1).over_useful() == 1);
  const OpInfo& cast = find_op("cast");
  CHECK(profile_row(cast, cast.parse("n64:f32/from=f32"), checked_row("cast", "naive"), 1).over_useful() == 0);
}

TEST_CASE("convolutions of few channels touch their tensors once, without bank conflicts or idle products") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  struct Expected {
    const char *op, *problem, *once;  // the large tensor, whose sectors move exactly once, but for `shared` of it
    double shared, moved, multiplies;
  };
  // What is multiplied beyond the useful are taps in the padding, and in dgrad rows of gy that two strips of an image need.
  for (const Expected& e : {
           Expected{"conv2d_fwd", "n2h64w64c3k64r4u2pad1:f32", "y", 0, 1.16, 1.033},
           {"conv2d_fwd", "n2h64w64c3k64r4u2pad1:bf16", "y", 0, 1.21, 1.033},
           {"conv2d_fwd", "n2h32w32c1k64r4u2pad1:f32", "y", 0, 1.03, 1.067},
           {"conv2d_fwd", "n2h32w32c1k64r4u2pad1:bf16", "y", 0, 1.05, 1.067},
           {"conv2d_dgrad", "n2h64w64c3k64r4u2pad1:f32", "gy", 0.0625, 1.12, 1.065},
           {"conv2d_dgrad", "n2h64w64c3k64r4u2pad1:bf16", "gy", 0.0625, 1.17, 1.065},
           {"conv2d_dgrad", "n2h32w32c1k64r4u2pad1:f32", "gy", 0, 1.03, 1.067},
           {"conv2d_dgrad", "n2h32w32c1k64r4u2pad1:bf16", "gy", 0, 1.09, 1.067},
           {"conv2d_wgrad", "n2h64w64c3k64r4u2pad1:f32", "gy", 0, 1.19, 1.033},
           {"conv2d_wgrad", "n2h64w64c3k64r4u2pad1:bf16", "gy", 0, 1.40, 1.033},
           {"conv2d_wgrad", "n2h32w32c1k64r4u2pad1:f32", "gy", 0, 1.01, 1.067},
           {"conv2d_wgrad", "n2h32w32c1k64r4u2pad1:bf16", "gy", 0, 1.03, 1.067},
       }) {
    CAPTURE(e.op);
    CAPTURE(e.problem);
    const OpInfo& op = find_op(e.op);
    const ErasedCase problem = op.parse(e.problem);
    const SimProfile p = profile_row(op, problem, checked_row(e.op, "few_channels"), 1);
    long long sectors = 0;
    for (const ProfiledSite& site : p.launches.at(0).sites)
      if (site.buffer == e.once) sectors += site.counts.sectors;
    for (const Buffer& b : op.buffers(problem.problem.get()))
      if (std::string(b.name) == e.once) CHECK(static_cast<double>(sectors) * 32 == (1 + e.shared) * static_cast<double>(b.bytes()));
    for (const bool loads : {true, false}) {
      CHECK(p.traffic(MemorySpace::global, loads).over_fewest() <= 1.001);
      CHECK(p.traffic(MemorySpace::shared, loads).over_fewest() <= 1.02);
    }
    CHECK(p.moved_bytes() <= e.moved * p.minimum_bytes);
    CHECK(p.over_useful() <= e.multiplies);
    CHECK(p.over_useful() >= 1);
  }
}

TEST_CASE("tickets are not among the bytes that an op must move") {
  const OpInfo& op = find_op("conv2d_wgrad");
  const ErasedCase problem = op.parse("n2h8w8c4k8r1:f32");
  CHECK(minimum_bytes(op, problem.problem.get()) == 4.0 * (2 * 8 * 8 * (4 + 8) + 4 * 8));
}

TEST_CASE("how a launch lies on a multiprocessor") {
  const auto of = [](unsigned blocks, unsigned threads, size_t shared) {
    LaunchCounts shape{};
    shape.grid[0] = blocks, shape.grid[1] = shape.grid[2] = 1;
    shape.block[0] = threads, shape.block[1] = shape.block[2] = 1;
    shape.shared_bytes = shared;
    return occupancy_of(shape);
  };
  CHECK(of(132 * 8, 256, 0).blocks == 8);
  CHECK(of(132 * 8, 256, 0).waves == 1);
  CHECK(of(132 * 8, 256, 0).share == 1);
  CHECK(of(1, 32, 0).blocks == 32);
  CHECK(of(1, 32, 0).share == 0.5);
  CHECK(of(1, 1024, 0).blocks == 2);
  CHECK(of(1, 128, 100 << 10).blocks == 2);
  CHECK(of(1, 128, 227 << 10).blocks == 1);
  CHECK(of(1, 33, 0).blocks == 32);
}

TEST_CASE("a wrong row is not counted, nor one that does not support the problem") {
  if (const std::string why = test::why_not(Device::sim_checked); !why.empty()) return test::skip(why);
  const OpInfo& op = find_op("cast");
  Row row = checked_row("cast", "naive");
  row.run = [](const void*, const void*, Scratch, Stream) {};
  CHECK_THROWS_WITH_AS(profile_row(op, op.parse("n64:f32/from=f32"), row, 1), doctest::Contains("is WRONG on"), Error);
  row.supports = [](const void*) { return false; };
  CHECK_THROWS_WITH_AS(profile_row(op, op.parse("n64:f32/from=f32"), row, 1), doctest::Contains("does not support"), Error);
}

}  // namespace
}  // namespace duel::bench
