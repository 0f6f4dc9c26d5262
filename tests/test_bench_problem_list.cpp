// Named lists of problems: what is in them, and what is refused.
#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "bench/kernel_bench.h"
#include "bench/kernel_report.h"
#include "bench/problem_list.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/gemm/gemm.h"
#include "tests/support.h"

using namespace duel;
using namespace duel::bench;

namespace {

double multiply_adds_an_image(const std::vector<ListedProblem>& list, int images) {
  double sum = 0;
  for (const ListedProblem& listed : list) {
    double products = 0;  // padding counted as well, as is usual
    if (listed.family == "conv2d") {
      const auto d = Conv2dProblem::parse(listed.text);
      CHECK(d.n == images);
      products = static_cast<double>(d.y_count()) * d.r * d.s * d.c;
    } else {
      const auto d = GemmProblem::parse(listed.text);
      products = static_cast<double>(d.c_count()) * d.k;
    }
    sum += products * listed.times / images;
  }
  return sum;
}

}  // namespace

TEST_CASE("ResNet-50 has 53 convolutions and a dense layer, and 4.09 G multiply-adds an image") {
  const auto list = read_problem_list("resnet50");
  int convolutions = 0, dense = 0;
  for (const ListedProblem& p : list) (p.family == "conv2d" ? convolutions : dense) += p.times;
  CHECK(convolutions == 53);
  CHECK(dense == 1);
  CHECK(multiply_adds_an_image(list, 32) == doctest::Approx(4.089e9).epsilon(2e-4));  // torchvision prints 4.09 G for version 1.5
}

TEST_CASE("DeepBench's training set: 90 different convolutions and 160 matrix products") {
  std::set<std::string> convolutions, products;
  for (const ListedProblem& p : read_problem_list("deepbench:bf16")) (p.family == "conv2d" ? convolutions : products).insert(p.text);
  CHECK(convolutions.size() == 90);
  CHECK(products.size() == 160);
  CHECK(convolutions.count("n16h161w700c1k64r5u2pad1:bf16") == 1);
  CHECK(products.count("m7000n1760k1760:bf16/tb=1") == 1);
  CHECK(products.count("m1760n7000k1760:bf16/tb=1") == 0);
}

TEST_CASE("a list of one's own; what is not one is refused with its line") {
  const test::TempFolder folder;
  const auto read = [&](const char* text) { return read_problem_list(folder.write("mine.txt", text).string() + ":bf16"); };
  const auto list = read("# mine\n\nconv2d n1h4w4c3k2r3 x2  # twice\ngemm m2n3k4/ta=1\n");
  REQUIRE(list.size() == 2);
  CHECK(list[0].times == 2);
  CHECK(list[1].text == "m2n3k4:bf16/ta=1");
  for (const std::pair<const char*, const char*>& bad : {std::pair{"\nconv2d n1h4w4c3k2r3 3\n", "mine.txt:2: 3 is not xN"},
                                                         {"conv2d n1z4\n", "mine.txt:1: problem 'n1z4:bf16': no key is called z"},
                                                         {"conv2d n1h4:f32\n", "mine.txt:1: wanted a family"},
                                                         {"conv2d\n", "mine.txt:1: wanted a family"},
                                                         {"wrap n1\n", "no op is of the family wrap"},
                                                         {"# nothing\n", "lists no problem"}}) {
    CHECK_THROWS_WITH_AS(read(bad.first), doctest::Contains(bad.second), Error);
  }
  CHECK_THROWS_WITH_AS(read_problem_list("resnet"), doctest::Contains("there are dcgan, deepbench, resnet50"), Error);
  CHECK_THROWS_WITH_AS(read_problem_list("resnet50:f16"), doctest::Contains("f16"), Error);
}

TEST_CASE("a list ends with the geometric mean of what rank would pick against the baseline, an op a line") {
  const auto line = [](const char* op, const char* problem, double ratio, bool against_baseline) {
    return nlohmann::json{{"op", op},
                          {"problem", problem},
                          {"real_time", 1},
                          {"baseline", false},
                          {"speedup", {{"against", "lib"}, {"ratio", ratio}, {"baseline", against_baseline}}}};
  };
  const nlohmann::json benchmarks{line("a", "p1", 4, true), line("a", "p1", 100, true),  // of a problem the first row counts
                                  line("a", "p2", 0.25, true), line("a", "p3", 8, true), line("b", "p1", 3, false)};
  CHECK(means_against_baselines(benchmarks) ==
        "a: 2.00× lib in geometric mean over 3 problems, each by its highest row that was timed; least, 0.25×, on p2\n");
  CHECK(means_against_baselines(nlohmann::json::array()).empty());
}

TEST_CASE("what the ladder READMEs have tables of is what rows are timed on: the list dcgan and the table's bench cases") {
  std::set<std::string> timed;
  for (const char* dtype : {"dcgan:f32", "dcgan:bf16"})
    for (const ListedProblem& p : read_problem_list(dtype))
      for (const OpInfo& op : ops())
        if (is_of_family(op, p.family)) timed.insert(op.name + (" " + op.parse(p.text).text));
  for (const OpInfo& op : ops())
    for (const ErasedCase& c : op.cases())
      if (c.tag == Tag::bench) timed.insert(op.name + (" " + c.text));
  const std::regex mark("<!-- bench (\\S+ \\S+) -->");
  int marks = 0;
  for (const char* family : {"conv2d", "gemm", "batch_norm", "optimizer"}) {
    const std::string text = test::read_text(test::source_dir() / "kernels" / family / "README.md");
    for (std::sregex_iterator m(text.begin(), text.end(), mark), none; m != none; ++m, ++marks)
      CHECK_MESSAGE(timed.count(m->str(1)), m->str(1));
    CHECK_NOTHROW(check_markdown((test::source_dir() / "kernels" / family / "README.md").string()));
  }
  CHECK(marks >= 36);
}

TEST_CASE("bench_kernels goes through a list for each op of its families") {
  const test::TempFolder folder;
  KernelBenchOptions options;
  options.problems = folder.write("mine.txt", "conv2d n2h6w6c3k4r3\ngemm m5n6k7\n").string();
  options.variant = "ref", options.ceilings = false, options.seconds = 0.001;
  const KernelBenchResult result = bench_kernels(options);
  std::set<std::string> names;
  for (const auto& b : result.benchmarks) names.insert(b["op"].get<std::string>() + " " + b["problem"].get<std::string>());
  const std::string text = find_op("conv2d_fwd").parse("n2h6w6c3k4r3:f32").text;
  std::set<std::string> expected{"gemm m5n6k7:f32"};
  for (const char* op : {"conv2d_fwd", "conv2d_dgrad", "conv2d_wgrad", "conv2d_grads", "conv2d_dgrad_grads"})
    expected.insert(std::string(op) + " " + text);
  CHECK(names == expected);
  options.op = "conv2d_wgrad", options.list = true;
  CHECK(bench_kernels(options).rows == 1);
}
