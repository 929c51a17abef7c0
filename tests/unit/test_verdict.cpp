// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/case/problem.hpp"
#include "haloscope/problems/verdict.hpp"

using namespace haloscope;

namespace {

/// A run that nothing can be said against.
Evidence good_flow() {
  Evidence evidence;
  evidence.solver = {{"time", {0.1, 0.2, 0.3}},
                     {"residual", {9e-9, 8e-9, 7e-9}},
                     {"divergence", {1e-8, 1e-8, 1e-8}},
                     {"kinetic_energy", {1.0, 0.9, 0.6}},
                     {"iterations", {6, 6, 6}}};
  evidence.profiles = {{"u", {0.0, 0.5, 1.0}, {0.0, 1.0, 4.0}}};
  evidence.scalars = {{"velocity_error_max", 1e-4}};
  evidence.cells = 1000;
  return evidence;
}

Expectation expect(const std::string& quantity, std::vector<double> at, std::vector<double> values, double tolerance) {
  return {quantity, std::move(at), std::move(values), tolerance, "exact"};
}

}  // namespace

TEST_CASE("linear interpolation holds the ends and says NaN outside") {
  const std::vector<double> x{0, 1, 3}, value{10, 20, 0};
  CHECK(interpolate(x, value, 0) == 10);
  CHECK(interpolate(x, value, 0.5) == Approx(15));
  CHECK(interpolate(x, value, 2) == Approx(10));
  CHECK(interpolate(x, value, 3) == 0);
  CHECK(interpolate(x, value, 3 + 1e-12) == 0);
  CHECK(std::isnan(interpolate(x, value, 3.01)));
  CHECK(std::isnan(interpolate(x, value, -0.01)));
  CHECK(std::isnan(interpolate({}, {}, 0)));
}

TEST_CASE("a good run without expectations is valid") {
  const Verdict verdict = judge(Case{}, good_flow());
  CHECK(verdict.valid());
  CHECK(verdict.checks.empty());
}

TEST_CASE("each kind of expectation passes inside its tolerance and fails outside") {
  Case settings;
  Evidence evidence = good_flow();

  SECTION("a scalar") {
    settings.expectations = {expect("velocity_error_max", {}, {0}, 2e-4), expect("velocity_error_max", {}, {0}, 5e-5)};
  }
  SECTION("a profile, linear between its points") {
    settings.expectations = {expect("profile:u", {0.25, 0.75}, {0.5, 2.5}, 1e-12),
                             expect("profile:u", {0.25, 0.75}, {0.5, 2.0}, 0.4)};
  }
  SECTION("a series at times") {
    settings.expectations = {expect("kinetic_energy", {0.15, 0.3}, {0.95, 0.6}, 1e-12),
                             expect("kinetic_energy", {0.15, 0.3}, {0.95, 0.5}, 0.05)};
  }
  SECTION("a rate by central differences") {
    settings.expectations = {expect("kinetic_energy_dissipation", {0.2}, {2.0}, 1e-12),
                             expect("kinetic_energy_dissipation", {0.3}, {2.0}, 0.5)};
  }
  SECTION("the end of a series where no time is given") {
    settings.expectations = {expect("kinetic_energy", {}, {0.6}, 1e-12), expect("kinetic_energy", {}, {0.9}, 0.1)};
  }
  const Verdict verdict = judge(settings, evidence);
  REQUIRE(verdict.checks.size() == 2);
  CHECK(verdict.checks[0].pass);
  CHECK_FALSE(verdict.checks[1].pass);
  CHECK(verdict.reasons.size() == 1);
}

TEST_CASE("the check of several points names the worst") {
  Case settings;
  settings.expectations = {expect("profile:u", {0.0, 0.5, 1.0}, {0.0, 1.2, 4.1}, 0.15)};
  const Verdict verdict = judge(settings, good_flow());
  REQUIRE(verdict.checks.size() == 1);
  CHECK(verdict.checks[0].name == "profile:u at 0.5, worst of 3");
  CHECK(verdict.checks[0].measured == Approx(1.0));
  CHECK(verdict.reasons.at(0).find("expected 1.2 within 0.15") != std::string::npos);
}

TEST_CASE("a time that the run never reached fails, whatever the other points say") {
  Case settings;
  settings.expectations = {expect("kinetic_energy", {0.1, 5.0}, {1.0, 0.1}, 10)};
  const Verdict verdict = judge(settings, good_flow());
  REQUIRE(verdict.reasons.size() == 1);
  CHECK(verdict.reasons[0] == "kinetic_energy at 5, worst of 2: not reached or not measured");
}

TEST_CASE("what makes a run invalid without any expectation") {
  Case settings;
  Evidence evidence = good_flow();
  std::string part;

  SECTION("a residual above the tolerance") {
    evidence.solver["residual"][1] = 3e-8;
    part = "residual up to 3e-08 is above 1e-08 in 1 of 3 steps";
  }
  SECTION("a divergence above its bound") {
    evidence.solver["divergence"][2] = 1e-3;
    part = "divergence up to 0.001";
  }
  SECTION("a value that is no number") {
    evidence.solver["kinetic_energy"][2] = std::numeric_limits<double>::quiet_NaN();
    part = "kinetic_energy is not a number at step 3";
  }
  SECTION("phases that miss the step") {
    evidence.phase_gap = 0.02;
    part = "phases miss the step by 2 %";
  }
  SECTION("fields that were never exchanged") {
    settings.halo_method = HaloMethod::mock;
    part = "fields were not exchanged";
  }
  SECTION("an early end") {
    evidence.stopped = "stopped by SIGTERM after 3 of 9 steps";
    part = evidence.stopped;
  }
  const Verdict verdict = judge(settings, evidence);
  REQUIRE(verdict.reasons.size() == 1);
  CHECK(verdict.reasons[0].find(part) != std::string::npos);
}

TEST_CASE("what is no fault") {
  Case settings;
  Evidence evidence = good_flow();
  SECTION("a residual where the number of iterations is fixed") {
    settings.iterations = 5;
    evidence.solver["residual"][0] = 0.1;
    evidence.solver["divergence"][0] = 0.1;
  }
  SECTION("mock in the bare exchange, whose ghosts are wrong by design") {
    settings.problem = find_problem("exchange");
    settings.halo_method = HaloMethod::mock;
    settings.expectations = {expect("ghost_errors", {}, {0}, 0)};
    evidence.scalars["ghost_errors"] = 100;
  }
  CHECK(judge(settings, evidence).valid());
}

namespace {

/// A run of transport that measured k = 1.01 with a standard error of 0.004.
Evidence good_transport() {
  Evidence evidence;
  evidence.solver = {{"histories", {100, 100}}, {"lost", {0, 0}}};
  evidence.scalars = {{"k_effective", 1.01}};
  evidence.standard_errors = {{"k_effective", 0.004}};
  return evidence;
}

Case transport(double expected, double sigmas, double relative_error) {
  Case settings;
  settings.problem = find_problem("transport");
  settings.expectations = {expect("k_effective", {}, {expected}, std::numeric_limits<double>::quiet_NaN())};
  settings.expectations[0].sigmas = sigmas;
  settings.expectations[0].relative_error = relative_error;
  return settings;
}

}  // namespace

TEST_CASE("an expectation in standard errors passes within so many and where they are small enough") {
  const Verdict verdict = judge(transport(1.0, 3, 0.005), good_transport());
  CHECK(verdict.valid());
  REQUIRE(verdict.checks.size() == 1);
  CHECK(verdict.checks[0].tolerance == Approx(0.012));
  CHECK(verdict.checks[0].standard_error == 0.004);

  const double any = std::numeric_limits<double>::infinity();
  CHECK(judge(transport(1.0, 3, any), good_transport()).valid());
  const Verdict far = judge(transport(1.0, 2, any), good_transport());
  CHECK(far.reasons == std::vector<std::string>{"k_effective: 1.01, expected 1 within 0.008, 2 standard errors"});
  const Verdict vague = judge(transport(1.0, 3, 0.003), good_transport());
  CHECK(vague.reasons ==
        std::vector<std::string>{"k_effective: its standard error 0.004 is above 0.003, 0.003 of the expected value"});
}

TEST_CASE("an expectation in standard errors fails where there is none") {
  Evidence evidence = good_transport();
  evidence.standard_errors["k_effective"] = std::numeric_limits<double>::quiet_NaN();
  const Verdict verdict = judge(transport(1.01, 3, 0.1), evidence);
  CHECK(verdict.reasons ==
        std::vector<std::string>{"k_effective: 1.01 has no standard error: too few steps that count"});
  CHECK(std::isnan(verdict.checks.at(0).tolerance));
  evidence.scalars["k_effective"] = std::numeric_limits<double>::quiet_NaN();
  CHECK(judge(transport(1.01, 3, 0.1), evidence).reasons ==
        std::vector<std::string>{"k_effective: not reached or not measured"});
}

TEST_CASE("lost particles make a run invalid whatever it was to reproduce") {
  Evidence evidence = good_transport();
  evidence.solver["lost"] = {0, 2};
  evidence.lost_positions = "(1, 2, 3)";
  CHECK(judge(transport(1.0, 3, 0.005), evidence).reasons ==
        std::vector<std::string>{"2 particles were lost, the first at (1, 2, 3)"});
  evidence.solver["lost"] = {1, 0};
  evidence.lost_positions.clear();
  CHECK(judge(transport(1.0, 3, 0.005), evidence).reasons == std::vector<std::string>{"1 particle was lost"});
}

TEST_CASE("what a flow is judged by means nothing in other problems") {
  Case settings;
  settings.problem = find_problem("option");
  Evidence evidence;
  evidence.solver = {{"residual", {1}}, {"divergence", {1}}, {"lost", {1}}};
  CHECK(judge(settings, evidence).valid());
}
