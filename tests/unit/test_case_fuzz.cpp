// SPDX-License-Identifier: BSD-3-Clause
// Malformed input of a fixed number of rounds from a fixed seed: the shipped cases and profiles, damaged by bytes, by
// tokens and by cutting, and damaged overrides. The readers must return what was asked for or throw a UserError of one
// line, and nothing else.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "catch.hpp"
#include "haloscope/case.hpp"
#include "haloscope/errors.hpp"
#include "haloscope/profile.hpp"

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

template <class Parse>
void survive(const char* folder, const std::vector<std::string>& overrides, Parse parse) {
  std::vector<std::string> shipped;
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
  survive("/cases",
          {"grid.cells=[8,8,1]", "expect=[]", "halo.method=mock", "run.steps=3", "flow.viscosity_m2_per_s=1e-3"},
          [](const auto&... arguments) { (void)parse_case(arguments...); });
}

TEST_CASE("damaged profiles are read or refused in one line") {
  survive(
      "/cases/networks",
      {"between_nodes.half_round_trip_us=25", "between_nodes.spread.kind=pareto", "between_nodes.bandwidth_GBps=inf",
       "between_nodes.jitter={p=[0,0.5,1],us=[1,2,3],samples=9}", "detours.rate_per_s=100",
       "within_node.curve={bytes=[1,9],us=[1,2]}", "collectives.allreduce=[{algorithm=\"ring\"}]"},
      [](const auto&... arguments) {
        const Profile profile = parse_profile(arguments...);
        CHECK(parse_profile(profile.text, "canonical.toml").text == profile.text);
      });
}
