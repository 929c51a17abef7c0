// SPDX-License-Identifier: BSD-3-Clause
// Malformed input of a fixed number of rounds from a fixed seed: the shipped cases and profiles, damaged by bytes, by
// tokens and by cutting, and damaged overrides. The readers must return what was asked for or throw a UserError of one
// line, and nothing else.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "all_problems.hpp"
#include "catch.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/case/case.hpp"
#include "haloscope/network/profile.hpp"

using namespace haloscope;

namespace {

constexpr int rounds = 2000;

using Random = std::mt19937;  // its sequence is fixed by the standard; distributions are not, so none is used

std::size_t below(Random& random, std::size_t n) { return random() % n; }

const std::vector<std::string> tokens = {"-1",
                                         "0",
                                         "nan",
                                         "inf",
                                         "-inf",
                                         "1e999",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "0x",
                                         "\"\"",
                                         "\"",
                                         "'''",
                                         "[",
                                         "]",
                                         "[[",
                                         "]]",
                                         "{",
                                         "}",
                                         "=",
                                         ".",
                                         ",",
                                         "\n",
                                         "#",
                                         "[]",
                                         "{}",
                                         "[[expect]]",
                                         "[[profile]]",
                                         "[[fill]]",
                                         "[[material]]",
                                         "[grid]",
                                         "cells",
                                         "true",
                                         "1979-05-27T07:32:00Z",
                                         "\\u0000",
                                         std::string(1, '\0'),
                                         "\xff\xfe",
                                         "\xef\xbb\xbf",
                                         "\xe2\x82",
                                         "\r",
                                         "about",
                                         "expect.at"};

std::string damage(Random& random, std::string text) {
  const std::size_t times = 1 + below(random, 8);
  for (std::size_t n = 0; n < times && !text.empty(); ++n) {
    const std::size_t at = below(random, text.size());
    switch (below(random, 6)) {
      case 0:
        text[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        text.erase(at, 1 + below(random, 20));
        break;
      case 2:
        text.insert(at, tokens[below(random, tokens.size())]);
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, text.substr(below(random, text.size()), below(random, 200)));
        break;
      default:
        text.replace(at, 1, tokens[below(random, tokens.size())]);
        break;
    }
  }
  return text;
}

/// Each key of the Monte Carlo problems and their controls.
const std::vector<std::string> made_up = {
    "[about]\nname = \"t\"\nproblem = \"transport\"\n[grid]\ncells = [4, 4, 4]\n"
    "[transport]\nmode = \"fixed_source\"\nlength_cm = [10, 10, 10]\ngroups = 2\nparticles = 100\nin_flight = 10\n"
    "capture = \"implicit\"\nroulette_weight = 0.1\nsurvival_weight = 0.5\npopulation_limit = 10\n"
    "[boundaries]\nwest = \"reflecting\"\nsouth = \"periodic\"\nnorth = \"periodic\"\n"
    "[[material]]\nname = \"water\"\ntotal_per_cm = [1, 2]\nscattering_per_cm = [0.5, 0.4, 0, 1.5]\n"
    "absorption_per_cm = [0.1, 0.5]\nmean_cosine = [0.1, -0.1]\n"
    "[[material]]\nname = \"fuel\"\ntotal_per_cm = [1, 2]\nproduction_per_cm = [0.1, 0.6]\n"
    "fission_spectrum = [0.9, 0.1]\n"
    "[[fill]]\nmaterial = \"water\"\nlow_cm = [0, 0, 0]\nhigh_cm = [5, 5, 5]\n"
    "[[fill]]\nmaterial = \"fuel\"\nshape = \"sphere\"\ncenter_cm = [5, 5, 5]\nradius_cm = 2\npriority = 1\n"
    "[[source]]\nlow_cm = [0, 0, 0]\nhigh_cm = [1, 1, 1]\nstrength_per_s = 2\ngroup = 2\n"
    "[[source]]\nkind = \"east\"\ndirection = [-1, 0, 1]\n"
    "[[tally]]\nname = \"corner\"\nlow_cm = [0, 0, 0]\nhigh_cm = [2.5, 5, 10]\ngroup = 1\n"
    "[[expect]]\nquantity = \"flux:corner\"\nvalue = 1\nsigmas = 3\nrelative_error = 0.1\nsource = \"s\"\n",
    "[about]\nname = \"o\"\nproblem = \"option\"\n[option]\npaths = 10\nassets = 3\ndates = 4\nspot = 90\n"
    "strike = 100\nrate_per_year = 0.01\nvolatility = 0.3\ncorrelation = -0.2\nmaturity_years = 2\n",
    "[about]\nname = \"a\"\nproblem = \"allreduce\"\n[allreduce]\nparameters = 100\nbuckets = 7\noverlap = false\n"
    "operations = 3\n"};

/// Damages what lies in a folder, and some more.
template <class Parse>
void survive(const char* folder, std::vector<std::string> shipped, const std::vector<std::string>& overrides,
             Parse parse) {
  for (const std::string& text : shipped) parse(text, "fuzz.toml", {});
  for (const auto& entry : std::filesystem::directory_iterator(std::string(HALOSCOPE_SOURCE_DIR) + folder)) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream file(entry.path());
    shipped.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  REQUIRE(!shipped.empty());
  std::sort(shipped.begin(), shipped.end());
  Random random(20260101);
  int read = 0, refused = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string text = damage(random, shipped[below(random, shipped.size())]);
    std::vector<std::string> set;
    if (below(random, 4) == 0) set.push_back(damage(random, overrides[below(random, overrides.size())]));
    CAPTURE(round, text, set);
    try {
      parse(text, "fuzz.toml", set);
      ++read;
    } catch (const UserError& error) {
      const std::string line = error.what();
      CHECK(line.find('\n') == std::string::npos);
      CHECK((line.starts_with("fuzz.toml:") || line.starts_with("--set:")));
      CHECK(line.size() < 1000);
      ++refused;
    }  // anything else fails the test
  }
  CHECK(read > 0);
  CHECK(refused > rounds / 4);
}

}  // namespace

TEST_CASE("damaged cases are read or refused in one line") {
  survive("/cases", made_up,
          {"fill=[{material=\"water\"}]", "source=[]", "transport.groups=1", "boundaries.east=vacuum",
           "option.assets=1", "allreduce.buckets=101", "grid.cells=[8,8,1]", "expect=[]", "halo.method=mock",
           "run.steps=3", "flow.viscosity_m2_per_s=1e-3"},
          [](const std::string& text, const char* file, const std::vector<std::string>& set) {
            (void)parse_case(text, file, set);
          });
}

TEST_CASE("damaged profiles are read or refused in one line") {
  survive(
      "/cases/networks", {},
      {"between_nodes.half_round_trip_us=25", "between_nodes.spread.kind=pareto", "between_nodes.bandwidth_GBps=inf",
       "between_nodes.jitter={p=[0,0.5,1],us=[1,2,3],samples=9}", "detours.rate_per_s=100",
       "within_node.curve={bytes=[1,9],us=[1,2]}", "collectives.allreduce=[{algorithm=\"ring\"}]"},
      [](const std::string& text, const char* file, const std::vector<std::string>& set) {
        const Profile profile = parse_profile(text, file, set);
        CHECK(parse_profile(profile.text, "canonical.toml").text == profile.text);
      });
}
