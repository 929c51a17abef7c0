// SPDX-License-Identifier: BSD-3-Clause
// A further problem is one file and one line in the list: here is a seventh, whose step adds numbers over the ranks.
#include <algorithm>
#include <cmath>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/problems/verdict.hpp"
#include "haloscope/problems/workload.hpp"
#include "haloscope/study/study.hpp"
#include "world.hpp"

using namespace haloscope;

namespace {

// --- the problem: all that a file of solver/problems has -------------------------------------------------------------

struct ToyCase {
  std::int64_t numbers = 0;  ///< over all ranks
  double addend = 1;
};

class ToyWorkload final : public Workload {
 public:
  ToyWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings.own.of<ToyCase>()), clock_(clock), comm_(make_communicator(comm)) {}

  std::map<std::string, std::string> attributes() const override { return {{"method", "one sum"}}; }
  std::vector<std::string> quantities() const override { return {"sum"}; }
  void step() override {
    const ScopedPhase phase(clock_, Phase::reduce);
    const std::int64_t ranks = ranks_in(comm_.get()), rest = settings_.numbers % ranks;
    sum_ = settings_.addend * static_cast<double>(settings_.numbers / ranks + (rank_in(comm_.get()) < rest ? 1 : 0));
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &sum_, 1, MPI_DOUBLE, MPI_SUM, comm_.get()));
  }
  std::vector<double> outcome() override { return {sum_}; }
  double quantity(const std::string& name) override { return name == "sum" ? sum_ : std::nan(""); }

 private:
  const ToyCase& settings_;
  PhaseClock& clock_;
  Communicator comm_;
  double sum_ = 0;
};

void check(const Case& settings, const Origin& origin) {
  if (settings.own.of<ToyCase>().addend == 0) refuse(origin, settings, "toy.addend", "must not be 0");
}

Growth grow(const Case& settings, int ranks) {
  return {{"toy.numbers=" + std::to_string(settings.own.of<ToyCase>().numbers * ranks)}, true};
}

std::int64_t shrink(Case& settings) {
  settings.own.of<ToyCase>().numbers /= 2;
  return 2;
}

void judge(const Case& settings, const Evidence& evidence, std::vector<std::string>& reasons) {
  const double most = 1e6 * settings.own.of<ToyCase>().addend;
  if (std::ranges::max(evidence.solver.at("sum")) > most) reasons.emplace_back("the sum is too large");
}

void add_keys(Schema<Case>& keys) {
  keys.table("toy", "Sums.");
  keys.add("numbers", integer<std::int64_t>(1), own(&ToyCase::numbers)).needed();
  keys.add("addend", any_number(), own(&ToyCase::addend));
}

const Problem& toy_problem() {
  static const Problem problem = {
      .name = "toy",
      .add_keys = add_keys,
      .phases = {Phase::other, Phase::reduce},
      .quantities = {{.name = "sum", .at_times = false}},
      .expects_for = {"toy."},
      .check = check,
      .grow = grow,
      .shrink = shrink,
      .judge = judge,
      .make = make_workload_of<ToyWorkload>,
  };
  return problem;
}

// --- what is done with it --------------------------------------------------------------------------------------------

const std::string toy_file = R"([about]
name = "seven"
problem = "toy"
[toy]
numbers = 1001
[run]
steps = 3
[[expect]]
quantity = "sum"
value = 1001
tolerance = 0
source = "exact"
)";

std::string error_of(const std::vector<std::string>& overrides) {
  try {
    (void)parse_case(toy_file, "toy.toml", overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

void add_the_toy() {
  std::vector<const Problem*> all = all_problems();
  all.push_back(&toy_problem());  // the one line
  set_problems(std::move(all));
}

Verdict run(const Case& settings, int steps) {
  PhaseClock clock;
  const auto workload = make_workload(MPI_COMM_WORLD, settings, clock);
  Evidence evidence;
  for (int step = 0; step < steps; ++step) {
    workload->prepare();
    clock.begin_step();
    workload->step();
    (void)clock.end_step();
    evidence.solver["sum"].push_back(workload->outcome().at(0));
  }
  evidence.scalars["sum"] = workload->quantity("sum");
  return judge(settings, evidence);
}

}  // namespace

TEST_CASE("a seventh problem's case is parsed and checked, and its settings stand in the effective case") {
  add_the_toy();
  const Case settings = parse_case(toy_file, "toy.toml");
  CHECK(settings.problem == &toy_problem());
  CHECK(settings.own.of<ToyCase>().numbers == 1001);
  CHECK(settings.effective.find(R"("toy":{"numbers":1001,"addend":1.0})") != std::string::npos);

  CHECK(error_of({"toy.numbers=0"}) == "--set:toy.numbers: 0: must be an integer of at least 1");
  CHECK(error_of({"toy.addend=0"}) == "--set:toy.addend: 0.0: must not be 0");
  CHECK(error_of({"toy.addent=0"}) == "--set:toy.addent: unknown key; the nearest known key is toy.addend");
  CHECK(error_of({"grid.cells=[4,4,4]"}) ==
        "--set:grid.cells: has no meaning where about.problem = \"toy\"; remove it");
  CHECK(error_of({"expect=[{quantity=\"prod\", value=1, tolerance=0, source=\"exact\"}]"}) ==
        "--set:expect.quantity: \"prod\": must be one of sum");
  CHECK(error_of({"about.problem=option"}) ==
        "toy.toml:toy.numbers: has no meaning where about.problem = \"option\"; remove it");
}

TEST_CASE("a seventh problem runs, and is judged by its expectations and by itself") {
  add_the_toy();
  const Case settings = parse_case(toy_file, "toy.toml");
  CHECK(run(settings, 3).valid());
  const Verdict other = run(parse_case(toy_file, "toy.toml", {"toy.numbers=1000"}), 1);
  CHECK(other.reasons == std::vector<std::string>{"sum: 1000, expected 1001 within 0"});
  const Verdict large = run(parse_case(toy_file, "toy.toml", {"toy.numbers=2000000", "expect=[]"}), 1);
  CHECK(large.reasons == std::vector<std::string>{"the sum is too large"});
}

TEST_CASE("a seventh problem grows in a weak study, and shrinks for a calibration") {
  add_the_toy();
  Study study;
  study.ranks = {1, 4};
  study.repeats = 1;
  study.cases = {{"seven", "/toy.toml", toy_file}};
  study.base.case_name = "seven";
  study.base.scaling = Scaling::weak;
  std::vector<StudyRun> runs = matrix_of(study);
  REQUIRE(runs.size() == 2);
  std::ranges::sort(runs, {}, &StudyRun::ranks);
  CHECK(runs[1].overrides == std::vector<std::string>{"toy.numbers=4004", "expect=[]"});

  Case settings = parse_case(toy_file, "toy.toml");
  CHECK(settings.problem->shrink(settings) == 2);
  CHECK(settings.own.of<ToyCase>().numbers == 500);
}
