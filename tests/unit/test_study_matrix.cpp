// SPDX-License-Identifier: BSD-3-Clause
// Every error text that the study reader can show a user, the matrix, and how a weak study grows.
#include "all_problems.hpp"
#include "haloscope/study/study.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/case/growth.hpp"

using namespace haloscope;

namespace {

const std::string cases = std::string(HALOSCOPE_SOURCE_DIR) + "/cases/";
const std::string steady = cases + "networks/synthetic.toml", infiniband = cases + "networks/ib-edr-deep-est.toml";

std::string head(const std::string& run, const std::string& case_name = "cavity") {
  return "[about]\nname = \"s\"\nquestion = \"why?\"\n[run]\ncase = \"" + cases + case_name + ".toml\"\n" + run;
}
std::string variable(const std::string& values, const std::string& name = "network") {
  return "[[variable]]\nname = \"" + name + "\"\nvalues = [" + values + "]\n";
}
const std::string two_networks =
    variable("{label = \"RDMA (bare metal)\", network = \"" + infiniband + "\"}, {label = \"TCP\", network = \"" +
             steady + "\", set_network = [\"between_nodes.half_round_trip_us=25\"]}");

std::string error_of(const std::string& text) {
  try {
    (void)matrix_of(parse_study(text, "s.toml"));
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

void expect(const std::string& error, const std::string& whole) { CHECK(error == whole); }
void expect_start(const std::string& error, const std::string& start) {
  CAPTURE(error);
  CHECK(error.starts_with(start));
  CHECK(error.find('\n') == std::string::npos);
}
bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

TEST_CASE("a minimal study has the defaults of the door") {
  const Study study = parse_study(head("ranks = 2\n"), "s.toml"), door;
  CHECK(study.ranks == std::vector<int>{2});
  CHECK(study.base.scaling == Scaling::strong);
  CHECK(study.repeats == door.repeats);
  CHECK(study.steps == 0);
  CHECK(study.time_limit_s == door.time_limit_s);
  CHECK(study.compute == "model");
  const std::vector<StudyRun> runs = matrix_of(study);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].clock == "native");
  CHECK(runs[0].id == "0001-n2-r1");
  CHECK(runs[0].overrides.empty());  // nothing is changed, so the case checks itself
  CHECK(runs[2].network.seed == "3");
}

TEST_CASE("mistakes in a study are told in one line with file and key") {
  expect(error_of("[about]\nname = \"s\"\n"), "s.toml:about.question: missing: must be a string that is not empty");
  expect(error_of("[about]\nname = \"s\"\nquestion = \"?\"\n[run]\nranks = 1\n"),
         "s.toml:run.case: missing: must be a string that is not empty");
  expect(error_of(head("")),
         "s.toml:run.ranks: missing: must be one or a list, each an integer from 1 to 16777216, none twice");
  expect_start(error_of(head("ranks = [1, 0]\n")), "s.toml:run.ranks: [ 1, 0 ]: must be one or a list, each");
  expect_start(error_of(head("ranks = [4, 2, 4]\n")), "s.toml:run.ranks: [ 4, 2, 4 ]: must be one or a list, each");
  expect_start(error_of(head("ranks = []\n")), "s.toml:run.ranks: []: must be");
  expect_start(error_of(head("ranks = 1\nrepeats = 0\n")), "s.toml:run.repeats: 0: must be an integer from 1 to 1000");
  expect_start(error_of(head("ranks = 1\nscaling = \"week\"\n")), "s.toml:run.scaling: ");
  expect_start(error_of(head("ranks = 1\ntime_limit_s = 0\n")),
               "s.toml:run.time_limit_s: 0: must be a positive number");
  expect(error_of(head("ranks = 1\nrank = 2\n")), "s.toml:run.rank: unknown key; the nearest known key is run.ranks");
  expect(error_of(head("ranks = 1\n[runs]\nranks = 2\n")),
         "s.toml:runs.ranks: unknown key; the nearest known key is run.ranks");
  expect_start(error_of(head("ranks = 1\n[vriable]\n")), "s.toml:vriable: unknown key; the nearest known key is ");
  expect_start(error_of("[about\n"), "s.toml:1:");
  expect_start(error_of("run = 3\n" + std::string("[about]\nname=\"s\"\n")), "s.toml:run: 3: must be a table, [run]");
  expect_start(error_of(head("ranks = 1\nset = [\"grid.cells\"]\n")), "s.toml:run.set: [ ");
}

TEST_CASE("mistakes in variables are told in one line") {
  const std::string run = head("ranks = 1\n");
  expect_start(error_of(run + "[variable]\nname = \"n\"\n"), "s.toml:variable: ");
  expect_start(error_of(run + "[[variable]]\nname = \"n\"\n"),
               "s.toml:variable.values: missing: must be a list of tables");
  expect_start(error_of(run + variable("")), "s.toml:variable.values: []: must be a list of tables");
  expect_start(error_of(run + variable("{network = \"ideal\"}")), "s.toml:variable.values.label: missing: must be");
  expect(error_of(run + variable("{label = \"a\", nework = \"x\"}")),
         "s.toml:variable.values.nework: unknown key; the nearest known key is variable.values.network");
  expect(error_of(run + variable("{label = \"a\"}, {label = \"a\"}")),
         "s.toml:variable.values.label: a: is there twice in network");
  expect(error_of(run + variable("{label = \"a\"}") + variable("{label = \"b\"}")),
         "s.toml:variable.name: network: is there twice");
  expect_start(error_of(run + "[[variable]]\nname = \"n\"\naxis = \"jitter\"\nvalues = [{label = \"a\"}]\n"),
               "s.toml:variable.values.x: missing in n: a: must be a finite number");
  expect_start(error_of(run + "[[variable]]\nname = \"n\"\naxis = \"latency\"\nvalues = [{label = \"a\"}]\n"),
               "s.toml:variable.axis: ");
  const std::string value = "{label = \"a\", network = \"" + steady + "\"}";
  expect(error_of(run + variable(value) + variable(value, "other")),
         "s.toml:variable.values.network: is said by both network and other");
}

TEST_CASE("what a run cannot be is told before the first one starts") {
  expect_start(error_of("[about]\nname=\"s\"\nquestion=\"?\"\n[run]\nranks=1\ncase=\"cavty\"\n"),
               "s.toml:run.case: cavty: no such file or case");
  expect_start(error_of("[about]\nname=\"s\"\nquestion=\"?\"\n[run]\nranks=1\ncase=\".\"\n"),
               "s.toml:run.case: .: no such file or case");
  expect(error_of(head("ranks = 1\nset = [\"grid.sells=[8,8,1]\"]\n")),
         "s.toml:run.set: grid.sells: unknown key; the nearest known key is grid.cells");
  expect_start(error_of(head("ranks = 1\n") + variable("{label = \"a\", set = [\"halo.method=fast\"]}")),
               "s.toml: a: halo.method: ");
  expect_start(error_of(head("ranks = 1\n") + variable("{label = \"a\", network = \"no/such.toml\"}")),
               "s.toml: a: no/such.toml: cannot be opened");
  expect_start(
      error_of(head("ranks = 1\n") + variable("{label = \"a\", network = \"" + steady + "\", without = \"rain\"}")),
      "s.toml: a: --without: rain: ");
  expect_start(
      error_of(head("ranks = 1\nnetwork = \"" + steady + "\"\nset_network = [\"between_nodes.half_trip=1\"]\n")),
      "s.toml: between_nodes.half_trip: unknown key; the nearest known key is between_nodes.");
  expect(error_of(head("ranks = 1\nclock = \"virtual\"\n")), "s.toml: clock: virtual: needs a network");
  expect_start(error_of(head("ranks = 1\nclock = \"native\"\nnetwork = \"" + steady + "\"\n")),
               "s.toml: clock: native: cannot be on the modelled network ");
  expect_start(error_of(head("ranks = 1\ncompute = \"no.toml\"\nnetwork = \"" + steady + "\"\n")),
               "s.toml:run.compute: no.toml: cannot be opened");
  expect_start(error_of(head("ranks = [1, 5000]\n")), "s.toml: grid.process_grid: ");  // 64 x 64 cells
  for (const char* const name : {"exchange", "allreduce"})
    expect_start(error_of(head("ranks = 2\n", name)), "s.toml: run.scaling: strong: each rank of ");
}

TEST_CASE("a weak study multiplies the box of one rank, the most cubic way") {
  CHECK(weak_growth(1, {8, 8, 8}) == PerAxis<int>{1, 1, 1});
  CHECK(weak_growth(2, {8, 8, 8}) == PerAxis<int>{1, 1, 2});
  CHECK(weak_growth(8, {8, 8, 8}) == PerAxis<int>{2, 2, 2});
  CHECK(weak_growth(12, {8, 8, 8}) == PerAxis<int>{2, 2, 3});
  CHECK(weak_growth(64, {8, 8, 8}) == PerAxis<int>{4, 4, 4});
  CHECK(weak_growth(7, {8, 8, 8}) == PerAxis<int>{1, 1, 7});
  CHECK(weak_growth(16, {8, 8, 1}) == PerAxis<int>{4, 4, 1});
  CHECK(weak_growth(16, {8, 1, 1}) == PerAxis<int>{16, 1, 1});

  const std::string weak = "scaling = \"weak\"\nrepeats = 1\nranks = ";
  const std::vector<StudyRun> runs = matrix_of(parse_study(head(weak + "[1, 8]\n", "taylor_green_3d"), "s.toml"));
  const auto& eight = runs[runs[0].ranks == 8 ? 0 : 1];
  CHECK(eight.cells == PerAxis<std::int64_t>{128, 128, 128});
  CHECK(has(eight.overrides, "grid.cells=[128, 128, 128]"));
  CHECK(has(eight.overrides, "grid.process_grid=[2, 2, 2]"));
  CHECK(has(eight.overrides, "grid.length_m=[12.566370614359172, 12.566370614359172, 12.566370614359172]"));
  for (const StudyRun& run : runs) CHECK(has(run.overrides, "expect=[]"));  // the case expects values of its own grid

  expect_start(error_of(head(weak + "[1, 2]\nset = [\"grid.cells=[1, 1, 1]\", \"grid.periodic=[true,true,true]\", "
                                    "\"walls.north_velocity_m_per_s=[0,0,0]\"]\n")),
               "s.toml");
  expect(error_of(head(weak + "[1, 2]\nset = [\"grid.cells=[1, 1, 1]\"]\n", "poisson")),
         "s.toml: grid.cells: [1, 1, 1]: cannot grow to 2 ranks: every axis is one cell thick");
  expect_start(error_of(head(weak + "2\nset = [\"grid.process_grid=[2, 1, 1]\"]\n")),
               "s.toml: grid.process_grid: [2, 1, 1]: a weak study chooses it");
  expect_start(error_of(head(weak + "4\nset = [\"grid.cells=[2147483647, 1, 1]\"]\n", "poisson")),
               "s.toml: grid.cells: [2147483647, 1, 1]: cannot grow to 4 ranks");
}

TEST_CASE("what each rank does alike on any number of ranks is weak as it stands, and keeps its check") {
  for (const char* const name : {"exchange", "allreduce"}) {
    CAPTURE(name);
    const std::vector<StudyRun> runs =
        matrix_of(parse_study(head("scaling = \"weak\"\nranks = [1, 4]\nrepeats = 1\n", name), "s.toml"));
    REQUIRE(runs.size() == 2);
    for (const StudyRun& run : runs) {
      CHECK(run.overrides.empty());
      CHECK(run.cells == PerAxis<std::int64_t>{0, 0, 0});
    }
  }
}

TEST_CASE("paths are divided over the ranks of a strong study, and grow with those of a weak one") {
  for (const bool weak : {false, true})
    for (const StudyRun& run : matrix_of(parse_study(
             head((weak ? "scaling = \"weak\"\n" : "") + std::string("ranks = [1, 4]\n"), "option"), "s.toml"))) {
      CAPTURE(weak, run.ranks);
      CHECK(run.cells == PerAxis<std::int64_t>{0, 0, 0});
      if (weak)
        CHECK(run.overrides == std::vector{"option.paths=" + std::to_string(run.ranks) + "000000"});
      else
        CHECK(run.overrides.empty());
    }
  expect(error_of(head("scaling = \"weak\"\nranks = 2\nset = [\"option.paths=9000000000000000000\"]\n", "option")),
         "s.toml: option.paths: 9000000000000000000: cannot grow to 2 ranks");
}

TEST_CASE("expectations are dropped where the study changes what they are bound to, and only there") {
  const auto drops = [](const std::string& run, const std::string& case_name) {
    return has(matrix_of(parse_study(head("ranks = 1\n" + run, case_name), "s.toml")).front().overrides, "expect=[]");
  };
  CHECK(!drops("", "cavity"));
  CHECK(drops("steps = 5\n", "cavity"));
  CHECK(drops("set = [\"run.end_time_s=1.0\"]\n", "cavity"));
  CHECK(drops("set = [\"flow.viscosity_m2_per_s=0.1\"]\n", "cavity"));
  CHECK(drops("set = [\"grid.cells=[32,32,1]\"]\n", "cavity"));
  CHECK(!drops("set = [\"halo.overlap=true\"]\n", "cavity"));
  CHECK(!drops("steps = 5\n", "poisson"));  // each step solves the same problem
  CHECK(drops("set = [\"grid.cells=[32,32,32]\"]\n", "poisson"));
  CHECK(!drops("steps = 5\n", "option"));
  CHECK(drops("set = [\"option.strike=90.0\"]\n", "option"));
}

TEST_CASE("the matrix is the product of variables, ranks and repeats, each once, each repeat shuffled") {
  const std::string methods =
      variable("{label = \"cg\"}, {label = \"pipecg\", set = [\"poisson.krylov=pipecg\"]}", "method");
  const auto text = [&](int seed) {
    return head("ranks = [1, 2, 4]\nrepeats = 2\nsteps = 4\nwarmup_steps = 1\nseed = " + std::to_string(seed) + "\n") +
           two_networks + methods;
  };
  const Study study = parse_study(text(7), "s.toml");
  const std::vector<StudyRun> runs = matrix_of(study);
  REQUIRE(runs.size() == 2 * 2 * 3 * 2);
  std::set<std::string> names, first;
  std::vector<std::string> order[2];
  for (std::size_t n = 0; n < runs.size(); ++n) {
    const StudyRun& run = runs[n];
    CHECK(run.repeat == (n < 12 ? 1 : 2));  // a repeat is a block: what drifts meets all settings
    CHECK(run.network.seed == (run.repeat == 1 ? "7" : "8"));
    CHECK(run.clock == "virtual");
    CHECK(run.network_hash.size() == 16);
    const std::string title = title_of(study, run);
    names.insert(title);
    order[run.repeat - 1].push_back(title.substr(0, title.rfind(',')));
    first.insert(run.id.substr(0, 4));
  }
  CHECK(names.size() == runs.size());
  CHECK(first.size() == runs.size());
  CHECK(*first.begin() == "0001");
  CHECK(order[0] != order[1]);
  CHECK(!std::ranges::is_sorted(order[0]));
  std::ranges::sort(order[0]);
  std::ranges::sort(order[1]);
  CHECK(order[0] == order[1]);

  const auto same = [&](int seed) {
    const std::vector<StudyRun> again = matrix_of(parse_study(text(seed), "s.toml"));
    return std::ranges::equal(runs, again, {}, &StudyRun::id, &StudyRun::id);
  };
  CHECK(same(7));
  CHECK(!same(8));
}

TEST_CASE("values with cases of their own compare programs, each with its settings and its scaling") {
  const std::string programs = variable(
      "{label = \"flow\", case = \"" + cases + "cavity.toml\", set = [\"grid.cells=[32, 32, 1]\"]}, " +
          "{label = \"halo\", case = \"" + cases + "exchange.toml\", scaling = \"weak\", set = [\"run.steps=3\"]}",
      "program");
  const std::string none = "[about]\nname = \"s\"\nquestion = \"?\"\n[run]\nranks = [1, 2]\nrepeats = 1\n";
  const Study study = parse_study(none + programs + two_networks, "s.toml");
  REQUIRE(study.cases.size() == 2);
  CHECK(study.cases[1].name == cases + "exchange.toml");
  const std::vector<StudyRun> runs = matrix_of(study);
  REQUIRE(runs.size() == 2 * 2 * 2);
  for (const StudyRun& run : runs) {
    const bool flow = run.choice[0] == 0;
    CHECK(run.of_case == (flow ? 0U : 1U));
    CHECK(name(run.scaling) == (flow ? "strong" : "weak"));
    CHECK(has(run.overrides, "grid.cells=[32, 32, 1]") == flow);
    CHECK(has(run.overrides, "run.steps=3") == !flow);
    CHECK(run.cells == PerAxis<std::int64_t>{flow ? 32 : 0, flow ? 32 : 0, flow ? 1 : 0});
    CHECK(run_arguments(study, run, "o.h5")[1] == cases + (flow ? "cavity.toml" : "exchange.toml"));
  }

  const std::string some =
      variable("{label = \"flow\", case = \"" + cases + "cavity.toml\"}, {label = \"other\"}", "program");
  expect(
      error_of(none + some),
      "s.toml:variable.values.case: missing in program: other: must be said by all values of program, or by run.case "
      "for the others");
  CHECK(matrix_of(parse_study(head("ranks = 1\nrepeats = 1\n", "poisson") + some, "s.toml")).size() == 2);
  expect_start(error_of(none + variable("{label = \"a\", case = \"cavty\"}")),
               "s.toml:variable.values.case: cavty: no such file or case");
  expect(error_of(none + programs + variable("{label = \"a\", case = \"" + cases + "cavity.toml\"}", "again")),
         "s.toml:variable.values.case: is said by both program and again");
  expect_start(error_of(none + variable("{label = \"halo\", case = \"" + cases + "exchange.toml\"}")),
               "s.toml: halo: run.scaling: strong: ");
}

TEST_CASE("a run is the command line that it says") {
  const Study study = parse_study(head("ranks = 4\nrepeats = 1\nsteps = 4\n") +
                                      variable("{label = \"RDMA, bare metal!\", network = \"" + infiniband +
                                               "\", without = \"jitter\", ranks_per_node = 2, set_network = "
                                               "[\"between_nodes.gap_us=1\"]}"),
                                  "s.toml");
  const StudyRun run = matrix_of(study).front();
  CHECK(run.id == "0001-rdma-bare-metal-n4-r1");
  CHECK(title_of(study, run) == "RDMA, bare metal!, 4 ranks, repeat 1");
  CHECK(run_arguments(study, run, "out.h5") == std::vector<std::string>{"run",
                                                                        cases + "cavity.toml",
                                                                        "--output",
                                                                        "out.h5",
                                                                        "--seed",
                                                                        "1",
                                                                        "--set",
                                                                        "run.steps=4",
                                                                        "--set",
                                                                        "expect=[]",
                                                                        "--network",
                                                                        infiniband,
                                                                        "--set-network",
                                                                        "between_nodes.gap_us=1",
                                                                        "--clock",
                                                                        "virtual",
                                                                        "--ranks-per-node",
                                                                        "2",
                                                                        "--without",
                                                                        "jitter",
                                                                        "--compute",
                                                                        "model"});
}

TEST_CASE("the hash of a matrix changes with what is measured, and with nothing else") {
  const auto hash = [](const std::string& text) {
    const Study study = parse_study(text, "s.toml");
    return matrix_hash(study, matrix_of(study));
  };
  const std::string base = head("ranks = [1, 2]\n") + two_networks;
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string text = base;
    return text.replace(text.find(what), what.size(), by);
  };
  CHECK(hash(base) == hash(base));
  CHECK(hash(base) == hash(replaced("why?", "what?")));
  CHECK(hash(base) == hash(replaced("ranks = [1, 2]", "ranks = [1, 2]\ntime_limit_s = 7")));
  for (const auto& [what, by] : std::map<std::string, std::string>{{"[1, 2]", "[1, 3]"},
                                                                   {"_us=25", "_us=26"},
                                                                   {"ranks = ", "seed = 2\nranks = "},
                                                                   {"ranks = [", "steps = 3\nranks = ["},
                                                                   {"cavity.toml", "cavity_re1000.toml"}})
    CHECK(hash(base) != hash(replaced(what, by)));

  // Which program a label stands for is measured, too.
  const auto two = [](const std::string& a, const std::string& b) {
    return head("ranks = 1\n") +
           variable("{label = \"a\", case = \"" + cases + a + "\"}, {label = \"b\", case = \"" + cases + b + "\"}",
                    "program");
  };
  CHECK(hash(two("cavity.toml", "poisson.toml")) != hash(two("poisson.toml", "cavity.toml")));
}
