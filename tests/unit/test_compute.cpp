// SPDX-License-Identifier: BSD-3-Clause
// A model of computing: what a piece of work costs, and every mistake in a file.
#include "haloscope/timing/compute_model.hpp"

#include <string>

#include "catch.hpp"
#include "haloscope/base/errors.hpp"

using namespace haloscope;

namespace {

std::string good_file() {
  std::string text = "[about]\nname = \"a-machine\"\n";
  for (int p = 0; p < n_phases; ++p) {
    text += '[';
    text += name(static_cast<Phase>(p));
    text += "]\nseconds_per_call = 1e-6\nbytes = [1e3, 1e5]\nseconds_per_GB = [0.2, 0.1]\n";
  }
  return text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

std::string error_of(const std::string& text) {
  try {
    (void)parse_compute_model(text, "m.toml");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a piece costs its call and its bytes, at the rate of its size") {
  const ComputeCost cost{1e-6, {1e3, 1e5}, {0.2e-9, 0.1e-9}};
  CHECK(cost.seconds(0) == 1e-6);
  CHECK(cost.seconds(100) == Approx(1e-6 + 0.2e-9 * 100));
  CHECK(cost.seconds(1e3) == Approx(1e-6 + 0.2e-9 * 1e3));
  CHECK(cost.seconds(1e4) == Approx(1e-6 + 0.15e-9 * 1e4));  // halfway between the sizes, on a scale of logarithms
  CHECK(cost.seconds(1e5) == Approx(1e-6 + 0.1e-9 * 1e5));
  CHECK(cost.seconds(1e9) == Approx(1e-6 + 0.1e-9 * 1e9));
}

TEST_CASE("a file says what each phase costs") {
  const ComputeModel model = parse_compute_model(good_file(), "m.toml");
  CHECK(model.name == "a-machine");
  CHECK(model.text == good_file());
  for (const ComputeCost& cost : model.cost) CHECK(cost.seconds(1e3) == Approx(1e-6 + 0.2e-6));
}

TEST_CASE("a phase that the file leaves out has no rates, and a case that computes in it cannot be run") {
  const std::string text = good_file();
  const ComputeModel model = parse_compute_model(text.substr(0, text.find("[burst]")), "m.toml");
  CHECK(model.cost[static_cast<std::size_t>(Phase::burst)].bytes.empty());
  const Phase there[] = {Phase::other, Phase::track}, not_there[] = {Phase::other, Phase::burst};
  require_costs(model, there);
  try {
    require_costs(model, not_there);
    FAIL("a missing phase was not told");
  } catch (const UserError& error) {
    CHECK(
        std::string(error.what()) ==
        "--compute: m.toml: has no [burst], in which this case computes: measure it by --calibrate with this case, and "
        "add that section to a copy of the file");
  }
}

TEST_CASE("a single number is the rate of all sizes") {
  const std::string text =
      replaced(good_file(), "bytes = [1e3, 1e5]\nseconds_per_GB = [0.2, 0.1]", "bytes = 1\nseconds_per_GB = 0.3");
  CHECK(parse_compute_model(text, "m.toml").cost[0].seconds(1e6) == Approx(1e-6 + 0.3e-3));
}

TEST_CASE("a phase may say how it was measured, apart from the rest of the file") {
  const std::string text =
      "[about]\nname = \"m\"\n[track]\nseconds_per_call = 2e-6\nbytes = [1e3, 1e5]\nseconds_per_GB = [0.2, 0.1]\n"
      "date = \"2026-11-26\"\nprogram = \"haloscope\"\ncase = \"void\"\ncells = \"8 x 8 x 8\"\nranks = \"2\"\n";
  CHECK(parse_compute_model(text, "m.toml").cost[static_cast<std::size_t>(Phase::track)].seconds(0) == 2e-6);
  CHECK(error_of(replaced(text, "ranks", "rank")) ==
        "m.toml:track.rank: unknown key; the nearest known key is track.ranks");
  CHECK(error_of("[about]\nname = \"m\"\n") == "m.toml: has no phase; add one, for example [track]");
}

TEST_CASE("every mistake in a file is told with its key") {
  const std::string good = good_file();
  CHECK(error_of(replaced(good, "name =", "nam =")) ==
        "m.toml:about.nam: unknown key; the nearest known key is about.name");
  CHECK(error_of(replaced(good, "name = \"a-machine\"", "")) ==
        "m.toml:about.name: missing: must be a string that is not empty");
  CHECK(error_of(replaced(good, "[halo]", "[haloo]")).find("m.toml:haloo.") == 0);
  CHECK(error_of(replaced(good, "seconds_per_call = 1e-6", "")) ==
        "m.toml:other.seconds_per_call: missing: must be a number of at least 0");
  CHECK(error_of(replaced(good, "= 1e-6", "= -1")) ==
        "m.toml:other.seconds_per_call: -1: must be a number of at least 0");
  CHECK(error_of(replaced(good, "= 1e-6", "= nan")).find("must be a number of at least 0") != std::string::npos);
  CHECK(error_of(replaced(good, "= 1e-6", "= \"fast\"")).find("must be a number of at least 0") != std::string::npos);
  CHECK(error_of(replaced(good, "[0.2, 0.1]", "[0.2]")) ==
        "m.toml:other.seconds_per_GB: must have as many numbers as bytes");
  CHECK(error_of(replaced(good, "[0.2, 0.1]", "[]")) ==
        "m.toml:other.seconds_per_GB: []: must be one or a list, each a number of at least 0");
  CHECK(error_of(replaced(good, "[1e3, 1e5]", "[1e5, 1e3]")) == "m.toml:other.bytes: must be positive and rise");
  CHECK(error_of(replaced(good, "[1e3, 1e5]", "[0, 1e3]")) == "m.toml:other.bytes: must be positive and rise");
  CHECK(error_of("a = = 1").find("m.toml:1:") == 0);
}
