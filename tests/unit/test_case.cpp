// SPDX-License-Identifier: BSD-3-Clause
// Every error text that the case reader can show a user, the values it reads, the shipped cases, and cases/README.md.
#include "all_problems.hpp"
#include "haloscope/case/problem.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/case/keys.hpp"
#include "unit/case_error.hpp"

using namespace haloscope;

namespace {

const std::string flow =
    "[about]\nname = \"box\"\n[grid]\ncells = [8, 8, 1]\nperiodic = [true, false, true]\n"
    "[flow]\nviscosity_m2_per_s = 0.01\n";
const std::string poisson = "[about]\nname = \"p\"\nproblem = \"poisson\"\n[grid]\ncells = [8, 8, 8]\n";
const std::string exchange = "[about]\nname = \"e\"\nproblem = \"exchange\"\n[exchange]\ncells = [8, 16]\n";
const std::string profile = "[[profile]]\nname = \"mid\"\nquantity = \"u\"\naxis = \"y\"\nat_m = [0.5, 0.0, 0.5]\n";

std::string error_of_set(const std::string& override_text) { return error_of(flow, {override_text}); }

std::string expectation(const std::string& quantity, const std::string& rest) {
  return "[[expect]]\nquantity = \"" + quantity + "\"\ntolerance = 0.1\nsource = \"s\"\n" + rest;
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::filesystem::path cases_directory = std::filesystem::path(HALOSCOPE_SOURCE_DIR) / "cases";

// Functions, since each CHECK costs about a second of compiling under the sanitizers.
void expect(const std::string& error, const std::string& whole) { CHECK(error == whole); }
void expect_start(const std::string& error, const std::string& start) {
  CAPTURE(error);
  CHECK(error.starts_with(start));
}
void expect_part(const std::string& error, const std::string& part) {
  CAPTURE(error);
  CHECK(error.find(part) != std::string::npos);
}

}  // namespace

TEST_CASE("a minimal case has the defaults of the door") {
  const Case c = parse_case(flow, "c.toml"), door;
  CHECK(c.name == "box");
  CHECK(c.problem == find_problem("flow"));
  CHECK(c.cells == PerAxis<GlobalIndex>{8, 8, 1});
  CHECK(c.periodic == PerAxis<bool>{true, false, true});
  CHECK(c.length_m == PerAxis<double>{1, 1, 1});
  CHECK(c.viscosity_m2_per_s == 0.01);
  CHECK(c.halo_method == HaloMethod::persistent);
  CHECK(c.krylov == "cg");
  CHECK(c.steps == door.steps);
  CHECK(std::isinf(c.end_time_s));
  CHECK(c.file == "c.toml");
  CHECK(c.text == flow);
}

TEST_CASE("values are read in every form that TOML has for them") {
  const Case c = parse_case(flow +
                                "dt_s = 1e-3\ndensity_kg_per_m3 = 1000\nbody_force_m_per_s2 = [1, -2.5, 0]\n"
                                "[walls]\nnorth_velocity_m_per_s = [1, 0, -0.5]\n" +
                                profile + expectation("profile:mid", "at = [0.25, 0.5]\nvalue = [1, 2.5]\n") +
                                expectation("kinetic_energy", "value = 3\n"),
                            "c.toml", {"halo.method=mock", "run.end_time_s = inf", "poisson.precision=\"double\""});
  CHECK(c.dt_s == 1e-3);
  CHECK(c.density_kg_per_m3 == 1000);
  CHECK(c.body_force_m_per_s2 == PerAxis<double>{1, -2.5, 0});
  CHECK(c.wall_velocity_m_per_s[static_cast<int>(Side::north)] == PerAxis<double>{1, 0, -0.5});
  REQUIRE(c.profiles.size() == 1);
  CHECK(c.profiles[0].axis == 1);
  REQUIRE(c.expectations.size() == 2);
  CHECK(c.expectations[0].at == std::vector<double>{0.25, 0.5});
  CHECK(c.expectations[0].values == std::vector<double>{1, 2.5});
  CHECK(c.expectations[1].values == std::vector<double>{3});
  CHECK(c.halo_method == HaloMethod::mock);
  CHECK(c.precision == Precision::double_);
}

TEST_CASE("syntax errors name line and column") {
  expect_start(error_of("[about]\nname = \n"), "c.toml:2:");
  expect_start(error_of("[about]\nname = \"a\"\nname = \"b\"\n"), "c.toml:3:");  // a key given twice
  expect_start(error_of("[about]\n[about]\n"), "c.toml:2:");
  expect_start(error_of("[about]\nname = \"\xff\"\n"), "c.toml:2:");  // not UTF-8
  expect_start(error_of("\xfe\xff"), "c.toml:1:");
  expect_start(error_of("[.about]\n"), "c.toml:1:");  // where toml++ itself would abort
  CHECK(error_of("[about]\nname = [[[[\n").find('\n') == std::string::npos);
}

TEST_CASE("unknown keys are errors that name the nearest known key") {
  expect(error_of(flow + "viscosity = 1\n"),
         "c.toml:flow.viscosity: unknown key; the nearest known key is flow.viscosity_m2_per_s");
  expect(error_of(flow + "[run]\nstep = 1\n"), "c.toml:run.step: unknown key; the nearest known key is run.steps");
  expect(error_of(flow + "[girt]\ncells = 1\n"), "c.toml:girt.cells: unknown key; the nearest known key is grid.cells");
  expect(error_of(flow + "[exit]\n"), "c.toml:exit: unknown key; the nearest known key is exchange.cells");
  expect(error_of("steps = 3\n" + flow), "c.toml:steps: unknown key; the nearest known key is run.steps");
  expect(error_of(flow + "[[expect]]\ntolerence = 1\n"),
         "c.toml:expect.tolerence: unknown key; the nearest known key is expect.tolerance");
  expect(error_of_set("flow.steps=3"), "--set:flow.steps: unknown key; the nearest known key is run.steps");
  expect(error_of_set("expect=[{tolerence=1}]"),
         "--set:expect.tolerence: unknown key; the nearest known key is expect.tolerance");
}

TEST_CASE("tables where values belong and values where tables belong are errors") {
  expect(error_of("about = 3\n"), "c.toml:about: 3: must be a table, [about]");
  expect(error_of(flow + "[expect]\n"), "c.toml:expect: must be an array of tables, [[expect]]");
  CHECK(error_of(flow + "[run.steps]\na = 1\n").find("c.toml:run.steps: ") == 0);
  expect(error_of("profile = [1]\n" + flow), "c.toml:profile: 1: must be a table, [[profile]]");
  expect(error_of("grid = 3\n[about]\nname = \"a\"\n", {"grid.cells=[1,1,1]"}), "c.toml:grid: 3: must be a table");
}

TEST_CASE("what is missing is named") {
  expect(error_of(""), "c.toml:about.name: missing: must be a name of letters, digits, _ and -, at most 80");
  expect(error_of("[about]\nname = \"a\"\n"),
         "c.toml:grid.cells: missing: must be [x, y, z], each an integer from 1 to 2147483647");
  expect(error_of("[about]\nname = \"a\"\n[grid]\ncells = [8, 8, 8]\n"),
         "c.toml:flow.viscosity_m2_per_s: missing: must be a positive number");
  expect(error_of("[about]\nname = \"a\"\nproblem = \"exchange\"\n"),
         "c.toml:exchange.cells: missing: must be one or a list, each an integer from 1 to 2048");
  expect(error_of(flow + "[[expect]]\nquantity = \"kinetic_energy\"\nvalue = 1.0\nsource = \"s\"\n"),
         "c.toml:expect.tolerance: missing: must be a number of at least 0");
  expect(error_of(flow + "[[profile]]\nname = \"a\"\nquantity = \"u\"\nat_m = [0, 0, 0]\n"),
         "c.toml:profile.axis: missing: must be \"x\", \"y\" or \"z\"");
}

TEST_CASE("values outside what is allowed are refused, each kind with its text") {
  expect(error_of_set("flow.viscosity_m2_per_s=-1"), "--set:flow.viscosity_m2_per_s: -1: must be a positive number");
  expect(error_of("[about]\nname = \"a\"\n[flow]\nviscosity_m2_per_s = nan\n"),
         "c.toml:flow.viscosity_m2_per_s: nan: must be a positive number");
  expect(error_of_set("flow.dt_s=-0.5"), "--set:flow.dt_s: -0.5: must be a number of at least 0");
  expect(error_of_set("flow.dt_s=inf"), "--set:flow.dt_s: inf: must be a number of at least 0");
  expect_part(error_of_set("flow.body_force_m_per_s2=[0,0,nan]"), ": must be [x, y, z], each a finite number");
  expect(error_of_set("poisson.tolerance=1.0"),
         "--set:poisson.tolerance: 1.0: must be a number between 0 and 1, both excluded");
  expect(error_of_set("run.end_time_s=0"), "--set:run.end_time_s: 0: must be a positive number, or inf");
  expect(error_of_set("run.end_time_s=nan"), "--set:run.end_time_s: nan: must be a positive number, or inf");
  expect(error_of_set("run.steps=0"), "--set:run.steps: 0: must be an integer of at least 1");
  expect(error_of_set("run.steps=1.5"), "--set:run.steps: 1.5: must be an integer of at least 1");
  expect(error_of_set("run.steps=many"), "--set:run.steps: 'many': must be an integer of at least 1");
  expect(error_of_set("poisson.smoothing=17"), "--set:poisson.smoothing: 17: must be an integer from 1 to 16");
  expect(error_of_set("poisson.iterations=-1"), "--set:poisson.iterations: -1: must be an integer of at least 0");
  expect(error_of_set("poisson.iterations=3000000000"),
         "--set:poisson.iterations: 3000000000: must be an integer of at least 0");
  expect(error_of_set("halo.overlap=1"), "--set:halo.overlap: 1: must be true or false");
  expect(error_of_set("halo.method=smoke"),
         "--set:halo.method: 'smoke': must be \"point-to-point\", \"persistent\", \"neighbor-collective\" or \"mock\"");
  expect_part(error_of_set("poisson.krylov=CG"), "or another KSP type of PETSc");
  expect_part(error_of_set("about.name=\"../up\""), "must be a name of letters, digits, _ and -, at most 80");
  expect(error_of_set("about.text=3"), "--set:about.text: 3: must be a string");
  expect_part(error_of_set("grid.cells=[8,8]"), "must be [x, y, z], each an integer from 1 to 2147483647");
  expect_part(error_of_set("grid.cells=[8,0,1]"), "must be [x, y, z], each an integer from 1");
  expect_part(error_of_set("grid.cells=8"), "must be [x, y, z]");
  expect_part(error_of_set("grid.length_m=[1,-1,1]"), "must be [x, y, z], each a positive number");
  expect_part(error_of_set("grid.periodic=true"), "must be [x, y, z], each true or false");
  expect_part(error_of(exchange, {"exchange.cells=[]"}), "must be one or a list, each an integer from 1 to 2048");
  expect_part(error_of(flow + expectation("", "value = 1\n")), "must be a string that is not empty");
  expect(error_of_set("run.seed=1979-05-27"), "--set:run.seed: 1979-05-27: must be an integer of at least 0");
}

TEST_CASE("keys that contradict each other are refused") {
  expect(error_of_set("grid.cells=[2000000,2000000,2000000]"),
         "--set:grid.cells: [2000000,2000000,2000000]: must be at most 1e15 cells in all");
  expect(error_of_set("grid.process_grid=[1,9,1]"),
         "--set:grid.process_grid: [1,9,1]: must not outnumber the 8 cells along y");
  expect(error_of_set("grid.periodic=[true,true,false]"),
         "--set:grid.periodic: [true,true,false]: must be true along z, which is one cell thick");
  expect(error_of_set("walls.west_velocity_m_per_s=[0,1,0]"),
         "--set:walls.west_velocity_m_per_s: [0.0,1.0,0.0]: has no wall to move: grid.periodic is true along x");
  expect(error_of_set("walls.north_velocity_m_per_s=[0,1,0]"),
         "--set:walls.north_velocity_m_per_s: [0.0,1.0,0.0]: must be 0 along y: nothing flows through a wall");
  expect(error_of_set("flow.initial=taylor_green"),
         "--set:flow.initial: \"taylor_green\": needs grid.periodic = true along y");
  expect(error_of(flow, {"flow.initial=taylor_green", "grid.periodic=[true,true,true]", "grid.cells=[8,2,1]"}),
         "--set:flow.initial: \"taylor_green\": needs 4 cells or more along y");
  expect(error_of(flow, {"flow.initial=taylor_green_3d", "grid.periodic=[true,true,true]"}),
         "--set:flow.initial: \"taylor_green_3d\": needs 4 cells or more along z");
  expect(error_of(flow + "[exchange]\nfields = 2\n"),
         "c.toml:exchange.fields: has no meaning where about.problem = \"flow\"; remove it");
  expect(error_of(poisson, {"flow.dt_s=1"}),
         "--set:flow.dt_s: has no meaning where about.problem = \"poisson\"; remove it");
  expect(error_of(exchange, {"grid.cells=[8,8,8]"}),
         "--set:grid.cells: has no meaning where about.problem = \"exchange\"; remove it");
  expect(error_of(exchange, {"grid.process_grid=[2,1,1]"}), "no error");
}

TEST_CASE("profiles and expectations must be possible") {
  expect(error_of(flow + profile + profile), "c.toml:profile.name: \"mid\": is there twice");
  expect(error_of(flow + "[[profile]]\nname = \"a\"\nquantity = \"u\"\naxis = \"y\"\nat_m = [1.5, 9.0, 0.5]\n"),
         "c.toml:profile.at_m: [1.5,9.0,0.5]: must lie in the box: from 0 to 1 along x");
  expect(error_of(flow + expectation("enstrophy", "value = 1\n")),
         "c.toml:expect.quantity: \"enstrophy\": must be one of kinetic_energy, kinetic_energy_dissipation, "
         "divergence_max, "
         "velocity_error_l2, velocity_error_max, iterations_per_solve_max or profile:NAME of a [[profile]]");
  expect_part(error_of(poisson + expectation("kinetic_energy", "value = 1\n")), "must be one of solution_error_l2");
  CHECK(
      error_of(flow + profile + expectation("profile:middle", "at = 0\nvalue = 1\n"))
          .starts_with(
              "c.toml:expect.quantity: \"profile:middle\": must be the name of a [[profile]] of this case, or one of"));
  expect(error_of(flow + profile + expectation("profile:mid", "value = 1\n")),
         "c.toml:expect.at: []: must say where on the profile [m]");
  expect(error_of(flow + profile + expectation("profile:mid", "at = 1.5\nvalue = 1\n")),
         "c.toml:expect.at: [1.5]: must lie between 0 and 1");
  expect(error_of(flow + expectation("kinetic_energy", "at = [1, 3]\nvalue = [1, 2]\n"), {"run.end_time_s=2"}),
         "c.toml:expect.at: [1.0,3.0]: must lie between 0 and 2");
  expect(error_of(flow + expectation("velocity_error_max", "at = 1\nvalue = 0\n")),
         "c.toml:expect.at: [1.0]: must be left out: velocity_error_max is known at the end only");
  expect(error_of(flow + expectation("kinetic_energy", "at = [1, 2]\nvalue = 1\n")),
         "c.toml:expect.value: [1.0]: must be 2 numbers, as expect.at is");
  expect(error_of(flow + expectation("kinetic_energy", "value = [1, 2]\n")),
         "c.toml:expect.value: [1.0,2.0]: must be one number where expect.at is left out or is one number");
}

TEST_CASE("overrides replace keys and expectations, and say what is wrong with themselves") {
  CHECK(parse_case(flow, "c.toml", {"run.steps=3", "run.steps=4"}).steps == 4);
  CHECK(parse_case(flow, "c.toml", {" run.steps = 0x10 "}).steps == 16);
  CHECK(parse_case(flow + expectation("kinetic_energy", "value = 1\n"), "c.toml", {"expect=[]"}).expectations.empty());
  expect(error_of_set("run.steps"), "--set:run.steps: must be written table.key=value");
  expect(error_of_set("=3"), "--set:=3: must be written table.key=value");
  expect(error_of_set("run.steps="), "--set:run.steps=: the value must be TOML or a bare word");
  expect(error_of_set("run.steps=3\nseed=4"), "--set:run.steps=3 seed=4: the value must be TOML or a bare word");
  expect(error_of_set("grid.cells=[1,"), "--set:grid.cells=[1,: the value must be TOML or a bare word");
  expect(error_of_set("expect.value=3"), "--set:expect.value: must be set as a whole, as expect=[…]");
  expect(error_of_set("poisson={tolerance=0.1}"),
         "--set:poisson: unknown key; the nearest known key is poisson.krylov");
  expect(error_of(flow + expectation("kinetic_energy", "value = 1\n"), {"expect=3"}),
         "--set:expect: 3: must be an array of tables, [[expect]]");
}

TEST_CASE("an error is one short line whatever it repeats") {
  std::string long_name = "about.name=\"";
  long_name.append(5000, 'x') += '"';
  const std::string error = error_of_set(long_name);
  CHECK(error.size() < 300);
  CHECK(error.find('\n') == std::string::npos);
  CHECK(error_of("[about]\nname = \"a\\nb\"\n").find('\n') == std::string::npos);
}

TEST_CASE("the effective case is JSON with every key") {
  const Case c =
      parse_case(flow + profile + expectation("profile:mid", "at = 0.5\nvalue = 1\n"), "c.toml", {"run.steps=7"});
  const auto json = nlohmann::json::parse(c.effective);
  for (const KeyText& key : case_schema().keys()) {
    const std::size_t dot = key.path.find('.');
    const auto& table = json.at(key.path.substr(0, dot));
    CAPTURE(key.path);
    if (table.is_array() && table.empty()) continue;  // a case of another problem would have items
    CHECK((table.is_array() ? table.at(0) : table).contains(key.path.substr(dot + 1)));
  }
  CHECK(json["run"]["steps"] == 7);
  CHECK(json["run"]["end_time_s"] == "inf");
  CHECK(json["halo"]["method"] == "persistent");
  CHECK(json["profile"][0]["axis"] == "y");
}

TEST_CASE("every shipped case parses, says how it is run and what it must reproduce") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cases_directory)) {
    if (entry.path().extension() != ".toml") continue;
    CAPTURE(entry.path());
    const Case c = parse_case(slurp(entry.path()), entry.path());
    CHECK(c.name == entry.path().stem());
    CHECK(!c.reference.empty());
    CHECK(c.run_line.find("cases/" + entry.path().filename().string()) != std::string::npos);
    CHECK(!c.expectations.empty());
    ++cases;
  }
  CHECK(cases >= 8);
}

TEST_CASE("every key and every table of a case has a meaning for the reference") {
  for (const KeyText& key : case_schema().keys()) {
    CAPTURE(key.path);
    if (key.path != "fill.shape" && key.path != "fill.priority" && key.path != "option.maturity_years")
      CHECK(!key.meaning.empty());
  }
}

TEST_CASE("cases/README.md documents every quantity that can be expected") {
  const std::string readme = slurp(cases_directory / "README.md");
  for (const std::string& quantity : expectable_quantities()) {
    CAPTURE(quantity);
    CHECK(readme.find("| `" + quantity + "` | ") != std::string::npos);
  }
}
