// SPDX-License-Identifier: BSD-3-Clause
// Cases of problem transport, option and allreduce: what is read, and every error text that their checks can show.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/case/problem.hpp"
#include "problems/allreduce.hpp"
#include "problems/option_price.hpp"
#include "unit/case_error.hpp"

using namespace haloscope;

namespace {

/// Two groups, 4 x 4 x 4 cells of 2.5 cm, reflecting in the west: a cube of water in a corner, uranium in the opposite
/// one.
const std::string start =
    "[about]\nname = \"t\"\nproblem = \"transport\"\n[grid]\ncells = [4, 4, 4]\n"
    "[transport]\nlength_cm = [10, 10, 10]\ngroups = 2\nparticles = 100\n[boundaries]\nwest = \"reflecting\"\n";
const std::string water =
    "[[material]]\nname = \"water\"\ntotal_per_cm = [1.0, 2.0]\nscattering_per_cm = [0.5, 0.4, 0.0, 1.5]\n"
    "absorption_per_cm = [0.1, 0.5]\nmean_cosine = [0.1, -0.1]\n";
const std::string uranium =
    "[[material]]\nname = \"uranium\"\ntotal_per_cm = [1.0, 2.0]\nscattering_per_cm = [0.5, 0.4, 0.0, 1.5]\n"
    "production_per_cm = [0.1, 0.6]\nfission_spectrum = [0.9, 0.1]\n";
const std::string fills =
    "[[fill]]\nmaterial = \"water\"\nlow_cm = [0, 0, 0]\nhigh_cm = [5, 5, 5]\n"
    "[[fill]]\nmaterial = \"uranium\"\nlow_cm = [5, 5, 5]\nhigh_cm = [10, 10, 10]\n";
const std::string source = "[[source]]\n";
const std::string tally = "[[tally]]\nname = \"corner\"\nlow_cm = [0, 0, 0]\nhigh_cm = [2.5, 5, 10]\n";
const std::string good = start + water + uranium + fills + source + tally;
const std::string pricing = "[about]\nname = \"o\"\nproblem = \"option\"\n";
const std::string training = "[about]\nname = \"a\"\nproblem = \"allreduce\"\n";

/// The good case with one text put in the place of another.
std::string but(const std::string& from, const std::string& to) {
  std::string text = good;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string expectation(const std::string& quantity, const std::string& rest) {
  return "[[expect]]\nquantity = \"" + quantity + "\"\nsource = \"s\"\n" + rest;
}

// Functions, since each CHECK costs about a second of compiling under the sanitizers.
void expect(const std::string& error, const std::string& whole) { CHECK(error == whole); }
void expect_part(const std::string& error, const std::string& part) {
  CAPTURE(error);
  CHECK(error.find(part) != std::string::npos);
  CHECK(error.find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("a case of transport is read as written, the rest as the door says") {
  const Case c =
      parse_case(but("[[source]]\n",
                     "[[source]]\nkind = \"east\"\nlow_cm = [10, 0, 5]\nhigh_cm = [10, 5, 10]\n"
                     "direction = [-1, 0, 2]\ngroup = 2\nstrength_per_s = 3\n[[source]]\n") +
                     "[[fill]]\nmaterial = \"water\"\nshape = \"sphere\"\ncenter_cm = [5, 5, 5]\nradius_cm = 1\n"
                     "priority = 2\n" +
                     expectation("flux:corner", "value = 2\nsigmas = 3\nrelative_error = 0.01\n"),
                 "c.toml", {"boundaries.south=periodic", "boundaries.north=periodic"});
  const TransportCase& t = c.transport;
  const TransportCase door;
  CHECK(c.problem == find_problem("transport"));
  CHECK(t.length_cm == PerAxis<double>{10, 10, 10});
  CHECK(t.groups == 2);
  CHECK(t.boundaries == std::array{Boundary::reflecting, Boundary::vacuum, Boundary::periodic, Boundary::periodic,
                                   Boundary::vacuum, Boundary::vacuum});
  CHECK(t.in_flight == door.in_flight);
  CHECK(t.capture == door.capture);
  REQUIRE(t.materials.size() == 2);
  CHECK(t.materials[0].scattering_per_cm == std::vector<double>{0.5, 0.4, 0, 1.5});
  CHECK(t.materials[1].fission_spectrum == std::vector<double>{0.9, 0.1});
  REQUIRE(t.fills.size() == 3);
  CHECK(t.fills[1].high_cm == std::vector<double>{10, 10, 10});
  CHECK(t.fills[2].shape == "sphere");
  CHECK(t.fills[2].priority == 2);
  REQUIRE(t.sources.size() == 2);
  CHECK(t.sources[0].direction == std::vector<double>{-1, 0, 2});
  CHECK(t.sources[0].strength_per_s == 3);
  CHECK(t.sources[1].kind == "volume");
  REQUIRE(t.tallies.size() == 1);
  CHECK(t.tallies[0].name == "corner");
  REQUIRE(c.expectations.size() == 1);
  CHECK(c.expectations[0].sigmas == 3);
  CHECK(c.expectations[0].relative_error == 0.01);
  CHECK(std::isnan(c.expectations[0].tolerance));
  const auto json = nlohmann::json::parse(c.effective);
  CHECK(json["fill"][2]["radius_cm"] == 1);
  CHECK(json["expect"][0]["tolerance"].is_null());
}

TEST_CASE("an eigenvalue case needs no source, the controls no table at all") {
  CHECK(parse_case(start + uranium + "[[fill]]\nmaterial = \"uranium\"\n", "c.toml",
                   {"transport.mode=eigenvalue", "transport.inactive_steps=3"})
            .transport.inactive_steps == 3);
  CHECK(parse_case(pricing, "c.toml", {"option.correlation=-0.3"}).own.of<OptionCase>().correlation == -0.3);
  CHECK(parse_case(training, "c.toml", {"allreduce.overlap=false"}).own.of<AllreduceCase>().overlap == false);
}

TEST_CASE("a table of another problem is an error") {
  expect(error_of(good, {"grid.length_m=[1,1,1]"}),
         "--set:grid.length_m: has no meaning where about.problem = \"transport\"; remove it");
  expect_part(error_of(good, {"grid.periodic=[true,true,true]"}), "--set:grid.periodic: has no meaning");
  expect_part(error_of(good, {"halo.overlap=true"}), "--set:halo.overlap: has no meaning");
  expect_part(error_of(good, {"poisson.tolerance=0.1"}), "--set:poisson.tolerance: has no meaning");
  expect_part(error_of(good, {"run.end_time_s=1"}), "--set:run.end_time_s: has no meaning");
  expect_part(error_of(good, {"option.paths=1"}), "--set:option.paths: has no meaning");
  expect_part(error_of(pricing, {"grid.cells=[1,1,1]"}), "--set:grid.cells: has no meaning");
  expect_part(error_of(training, {"grid.process_grid=[1,1,1]"}), "--set:grid.process_grid: has no meaning");
  expect_part(error_of(training + water), "c.toml:material.");
  expect(error_of(pricing + source + "group = 1\n"),
         "c.toml:source.group: has no meaning where about.problem = \"option\"; remove it");
  expect(error_of("[about]\nname = \"t\"\nproblem = \"transport\"\n[grid]\ncells = [4, 4, 4]\n"),
         "c.toml:transport.length_cm: missing: must be [x, y, z], each a positive number");
  expect(error_of(good, {"grid.process_grid=[5,1,1]"}),
         "--set:grid.process_grid: [5,1,1]: must not outnumber the 4 cells along x");
}

TEST_CASE("cross-sections that cannot be are refused") {
  expect_part(error_of(but("total_per_cm = [1.0, 2.0]", "total_per_cm = [-1.0, 2.0]")),
              "c.toml:material.total_per_cm: [ -1.0, 2.0 ]: must be one or a list, each a number of at least 0");
  expect_part(error_of(but("total_per_cm = [1.0, 2.0]", "total_per_cm = [nan, 2.0]")),
              "c.toml:material.total_per_cm: ");
  expect_part(error_of(but("total_per_cm = [1.0, 2.0]", "total_per_cm = [inf, 2.0]")),
              "c.toml:material.total_per_cm: ");
  expect(error_of(but("total_per_cm = [1.0, 2.0]", "total_per_cm = 1.0")),
         "c.toml:material.total_per_cm: [1.0]: must be 2 numbers, one a group");
  expect(error_of(but("[0.5, 0.4, 0.0, 1.5]", "[0.5, 0.4]")),
         "c.toml:material.scattering_per_cm: [0.5,0.4]: must be 4 numbers, one from each group to each, row after row");
  expect_part(error_of(but("absorption_per_cm = [0.1, 0.5]", "absorption_per_cm = 0.1")), "must be 2 numbers");
  expect_part(error_of(but("production_per_cm = [0.1, 0.6]", "production_per_cm = 0.1")), "must be 2 numbers");
  expect(error_of(but("fission_spectrum = [0.9, 0.1]", "fission_spectrum = 1")),
         "c.toml:material.fission_spectrum: [1.0]: must be 2 numbers, one a group");
  expect_part(error_of(but("mean_cosine = [0.1, -0.1]", "mean_cosine = 0.1")), "must be 2 numbers");
  expect(error_of(but("[0.5, 0.4, 0.0, 1.5]", "[0.5, 0.4, 0.0, 2.1]")),
         "c.toml:material.scattering_per_cm: [0.5,0.4,0.0,2.1]: must sum to at most the total 2 from group 2, not to "
         "2.1");
  expect(error_of(but("[0.5, 0.4, 0.0, 1.5]", "[0.1, 0.9000000001, 0.0, 1.5]")).substr(0, 34),
         "c.toml:material.absorption_per_cm:");  // a sum of 1 but for rounding is the total
  expect(
      error_of(but("absorption_per_cm = [0.1, 0.5]", "absorption_per_cm = [0.1, 0.6]")),
      "c.toml:material.absorption_per_cm: [0.1,0.6]: must be total less scattering, 0.5 in group 2; or leave it out");
  expect(error_of(but("fission_spectrum = [0.9, 0.1]", "fission_spectrum = [0.9, 0.2]")),
         "c.toml:material.fission_spectrum: [0.9,0.2]: must sum to 1, not to 1.1");
  expect_part(error_of(but("fission_spectrum = [0.9, 0.1]", "fission_spectrum = [1.1, -0.1]")),
              "each a number of at least 0");
  expect_part(error_of(but("production_per_cm = [0.1, 0.6]\n", "")),
              "fission_spectrum: [0.9,0.1]: has no meaning without material.production_per_cm");
  expect_part(error_of(but("mean_cosine = [0.1, -0.1]", "mean_cosine = [0.1, -0.34]")),
              "each a number from -1/3 to 1/3");
  expect_part(error_of(start + "[[material]]\nname = \"a\"\ntotal_per_cm = [1, 1]\nmean_cosine = [0, 0]\n"),
              "has no meaning without material.scattering_per_cm");
  expect(error_of(start + "[[material]]\nname = \"a\"\ntotal_per_cm = [1, 1]\nscattering_per_cm = [0, 1, 0.5, 0.5]\n" +
                  "production_per_cm = [0, 1]\n"),
         "c.toml:material.production_per_cm: [0.0,1.0]: must be 0 in group 2, where nothing is absorbed: fission is a "
         "part of absorption");
  expect(error_of(but("name = \"uranium\"", "name = \"water\"")), "c.toml:material.name: \"water\": is there twice");
}

TEST_CASE("fills must lie in the grid, be of known materials, and not overlap without a priority") {
  expect(error_of(but("material = \"water\"", "material = \"watr\"")),
         "c.toml:fill.material: \"watr\": must be the name of a [[material]]; the nearest is water");
  expect_part(error_of(start + "[[fill]]\nmaterial = \"water\"\n"), "of which there is none");
  expect(error_of(but("high_cm = [5, 5, 5]", "high_cm = [5, 15, 5]")),
         "c.toml:fill.high_cm: [5.0,15.0,5.0]: must lie in the grid: from 0 to 10 along y");
  expect(error_of(but("high_cm = [5, 5, 5]", "high_cm = [5, 5, 0]")),
         "c.toml:fill.high_cm: [5.0,5.0,0.0]: must lie above fill.low_cm along z");
  expect(error_of(but("low_cm = [0, 0, 0]\n", "")), "c.toml:fill.low_cm: missing: must be given with fill.high_cm");
  expect(error_of(but("high_cm = [5, 5, 5]", "high_cm = [6, 6, 6]")),
         "c.toml:fill.priority: 0: must differ where fills of two materials overlap: [[fill]] 1 is of water, 2 of "
         "uranium");
  expect(error_of(but("high_cm = [5, 5, 5]", "high_cm = [6, 6, 6]\npriority = 1")), "no error");
  expect(error_of(good + "[[fill]]\nmaterial = \"water\"\nlow_cm = [2, 2, 2]\nhigh_cm = [4, 4, 4]\n"), "no error");
  const std::string ball = "[[fill]]\nmaterial = \"water\"\nshape = \"sphere\"\n";
  expect_part(error_of(good + ball + "center_cm = [7, 7, 4]\nradius_cm = 1.1\n"),
              "[[fill]] 2 is of uranium, 3 of water");
  expect(error_of(good + ball + "center_cm = [7, 7, 4]\nradius_cm = 0.9\n"), "no error");
  const std::string other = "[[fill]]\nmaterial = \"uranium\"\nshape = \"sphere\"\n";
  expect_part(error_of(start + water + uranium + source + ball + "center_cm = [1, 1, 1]\nradius_cm = 2\n" + other +
                       "center_cm = [4, 1, 1]\nradius_cm = 1.1\n"),
              "[[fill]] 1 is of water, 2 of uranium");
  expect(error_of(good + ball + "center_cm = [-2, 5, 5]\nradius_cm = 1.5\n"),
         "c.toml:fill.center_cm: [-2.0,5.0,5.0]: must be less than the radius away from the grid: the sphere is all "
         "outside");
  expect(error_of(good + ball + "radius_cm = 1.5\n"), "c.toml:fill.center_cm: missing: must be given for a sphere");
  expect_part(error_of(good + ball + "center_cm = [1, 1, 1]\n"), "c.toml:fill.radius_cm: missing");
  expect_part(error_of(good + ball + "center_cm = [1, 1, 1]\nradius_cm = 1\nlow_cm = [0, 0, 0]\n"),
              "c.toml:fill.low_cm: [0.0,0.0,0.0]: has no meaning for the shape sphere");
  expect_part(error_of(good + "[[fill]]\nmaterial = \"water\"\nradius_cm = 1\n"),
              "c.toml:fill.radius_cm: 1.0: has no meaning for the shape box");
}

TEST_CASE("sources must lie in the grid and send particles into it") {
  expect(error_of(good + "[[source]]\nlow_cm = [0, 0, 9]\nhigh_cm = [1, 1, 11]\n"),
         "c.toml:source.high_cm: [1.0,1.0,11.0]: must lie in the grid: from 0 to 10 along z");
  expect_part(error_of(good + "[[source]]\nlow_cm = [0, 0, 9]\nhigh_cm = [1, 0, 10]\n"),
              "must lie above source.low_cm along y");
  expect(error_of(good + "[[source]]\nstrength_per_s = 0\n"),
         "c.toml:source.strength_per_s: 0: must be a positive number");
  expect(error_of(good + "[[source]]\nkind = \"west\"\n"),
         "c.toml:source.kind: \"west\": needs boundaries.west = \"vacuum\": nothing comes in there");
  expect(error_of(good + "[[source]]\nkind = \"east\"\nlow_cm = [9, 0, 0]\nhigh_cm = [10, 1, 1]\n"),
         "c.toml:source.low_cm: [9.0,0.0,0.0]: must be 10 along x, on the side east");
  expect(error_of(good + "[[source]]\nkind = \"east\"\ndirection = [1, 0, 0]\n"),
         "c.toml:source.direction: [1.0,0.0,0.0]: must point into the grid from east");
  expect_part(error_of(good + "[[source]]\nkind = \"south\"\ndirection = [1, 0, 0]\n"), "must point into the grid");
  expect(error_of(good + "[[source]]\ndirection = [0, 0, 0]\n"),
         "c.toml:source.direction: [0.0,0.0,0.0]: must have a length");
  expect(error_of(good + "[[source]]\ngroup = 3\n"), "c.toml:source.group: 3: must be at most transport.groups, 2");
  expect(error_of(good, {"transport.mode=eigenvalue", "source=[{kind=\"east\"}]"}),
         "--set:source.kind: \"east\": must be \"volume\" where transport.mode = \"eigenvalue\"");
  expect(error_of(good, {"source=[]"}),
         "--set:source: missing: there must be a [[source]] where transport.mode = \"fixed_source\"");
  expect(error_of(good + source, {"transport.particles=1"}),
         "--set:transport.particles: 1: must be at least 1 for each of the 2 sources");
}

TEST_CASE("tallies are of whole cells") {
  expect(error_of(but("high_cm = [2.5, 5, 10]", "high_cm = [2.5, 5.1, 10]")),
         "c.toml:tally.high_cm: [2.5,5.1,10.0]: must lie on faces of cells: multiples of 2.5 along y");
  expect_part(error_of(but("high_cm = [2.5, 5, 10]", "high_cm = [2.5, 5, 12.5]")), "c.toml:tally.high_cm: ");
  expect(error_of(but("high_cm = [2.5, 5, 10]", "high_cm = [2.5, 5, 10]\ngroup = 3")),
         "c.toml:tally.group: 3: must be at most transport.groups, 2");
  expect(error_of(good + tally), "c.toml:tally.name: \"corner\": is there twice");
}

TEST_CASE("settings of transport that have no meaning together are refused") {
  expect(error_of(good, {"boundaries.east=periodic"}),
         "--set:boundaries.east: \"periodic\": needs boundaries.west = \"periodic\", too");
  expect(error_of(good, {"transport.survival_weight=0.25"}),
         "--set:transport.survival_weight: 0.25: must be above transport.roulette_weight, 0.25");
  expect(error_of(good, {"transport.capture=analog", "transport.roulette_weight=0.1"}),
         "--set:transport.roulette_weight: 0.1: has no meaning where transport.capture = \"analog\"; remove it");
  expect_part(error_of(good, {"transport.inactive_steps=1"}), "has no meaning where transport.mode = \"fixed_source\"");
  expect_part(error_of(good, {"transport.generations_per_step=2"}), "has no meaning where transport.mode = \"fixed_");
  expect_part(error_of(good, {"transport.mode=eigenvalue", "transport.population_limit=2"}),
              "has no meaning where transport.mode = \"eigenvalue\"");
  expect(error_of(start + water + "[[fill]]\nmaterial = \"water\"\n", {"transport.mode=eigenvalue"}),
         "c.toml:material.production_per_cm: missing: must be above 0 in a material that fills where transport.mode = "
         "\"eigenvalue\"");
  expect(error_of(start + water + uranium + "[[fill]]\nmaterial = \"water\"\n", {"transport.mode=eigenvalue"})
             .substr(0, 34),
         "c.toml:material.production_per_cm:");
}

TEST_CASE("histories must be able to end") {
  const std::vector<std::string> mirrors = {"boundaries.east=reflecting", "boundaries.south=periodic",
                                            "boundaries.north=periodic", "boundaries.below=reflecting",
                                            "boundaries.above=reflecting"};
  const std::string scatterer = "[[material]]\nname = \"s\"\ntotal_per_cm = [1, 1]\nscattering_per_cm = [1, 0, 0, 1]\n";
  const std::string never =
      "c.toml:boundaries: histories would never end: one side at least must be \"vacuum\" where nothing absorbs";
  expect(error_of(start + source, mirrors), never);
  expect(error_of(start + scatterer + "[[fill]]\nmaterial = \"s\"\n" + source, mirrors), never);
  expect(error_of(start + water + source, mirrors), never);  // which fills nothing
  expect(error_of(good, mirrors), "no error");
  expect(error_of(start + source), "no error");  // void with a way out
  const std::string along = "[[source]]\ndirection = [0, 1, 0]\n";
  expect(error_of(start + along, {"boundaries.south=reflecting", "boundaries.north=reflecting"}),
         "c.toml:source.direction: [0.0,1.0,0.0]: must lead to a side of vacuum: all else is void, too");
  expect(error_of(start + along, {"boundaries.south=reflecting"}), "no error");
}

TEST_CASE("the controls refuse what cannot be") {
  expect(error_of(pricing, {"option.assets=5", "option.correlation=-0.25"}),
         "--set:option.correlation: -0.25: must lie between -0.25 and 1, both excluded: else 5 assets cannot be so "
         "correlated");
  expect_part(error_of(pricing, {"option.correlation=1"}), "must lie between -0.3333 and 1, both excluded");
  expect(error_of(pricing, {"option.assets=1", "option.correlation=0.1"}),
         "--set:option.correlation: 0.1: has no meaning with one asset; remove it");
  expect(error_of(pricing, {"option.assets=1"}), "no error");
  expect(error_of(training, {"allreduce.parameters=24"}),
         "c.toml:allreduce.buckets: 25: must be at most the 24 parameters");
  expect(error_of(training, {"allreduce.parameters=2147483648", "allreduce.buckets=1"}),
         "--set:allreduce.buckets: 1: must be more: a bucket holds at most 2147483647 parameters");
}

TEST_CASE("expectations in standard errors are for what is drawn at random") {
  const auto error = [](const std::string& quantity, const std::string& rest) {
    return error_of(good + expectation(quantity, rest));
  };
  expect(error("leakage_west", "value = 0.5\nsigmas = 3\nrelative_error = 0.01\n"), "no error");
  expect(error("leakage", "value = 0.5\nsigmas = 3\ntolerance = 0.01\n"),
         "c.toml:expect.tolerance: 0.01: must be left out where expect.sigmas is given");
  expect(error("leakage", "value = 0.5\n"),
         "c.toml:expect.tolerance: missing: must be a number of at least 0, or left out where expect.sigmas is given");
  expect(error("leakage", "value = 0.5\ntolerance = 0.1\nrelative_error = 0.1\n"),
         "c.toml:expect.relative_error: 0.1: has no meaning without expect.sigmas; remove it");
  expect(error("balance_error", "value = 0\nsigmas = 3\nrelative_error = 0.1\n"),
         "c.toml:expect.relative_error: 0.1: has no meaning where expect.value is 0; remove it");
  expect(error("lost_particles", "value = 0\nsigmas = 3\n"),
         "c.toml:expect.sigmas: 3.0: must be left out: lost_particles is not drawn at random; give expect.tolerance");
  expect(error("leakage", "value = 0.5\nsigmas = 3\nat = 1\n"),
         "c.toml:expect.at: [1.0]: must be left out: leakage is known at the end only");
  expect(
      error("flux:center", "value = 1\nsigmas = 3\n").substr(0, 106),
      "c.toml:expect.quantity: \"flux:center\": must be the name of a [[tally]] of this case, or one of k_effective");
  expect_part(
      error("kinetic_energy", "value = 1\nsigmas = 3\n"),
      "lost_particles or flux:TALLY, flux_by_collisions:TALLY, absorption:TALLY, production:TALLY of a [[tally]]");
  expect_part(error_of(pricing + expectation("asian", "value = 1\nsigmas = 3\n")),
              "must be one of european_price, asian_price, asian_geometric_price");
  expect_part(error_of(training + expectation("sum_errors", "value = 0\nsigmas = 3\n")), "not drawn at random");
  expect(error_of(training + expectation("sum_errors", "value = 0\ntolerance = 0\n")), "no error");
}
