// SPDX-License-Identifier: BSD-3-Clause
// Random numbers by key: the generator against its published answers, the numbers against chance, and streams that are
// made again elsewhere.
#include "haloscope/base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "catch.hpp"

using namespace haloscope;

namespace {

constexpr double sigmas = 4;

/// Sums of a sequence whose numbers have mean 0 and variance 1 when all is well.
struct Moments {
  double n = 0, sum = 0, squares = 0, products = 0, last = 0;
  void add(double x) {
    if (n > 0) products += x * last;
    n += 1, sum += x, squares += x * x, last = x;
  }
};

void check_moments(const Moments& m, double fourth_moment) {
  CHECK(std::abs(m.sum / m.n) < sigmas / std::sqrt(m.n));
  CHECK(std::abs(m.squares / m.n - 1) < sigmas * std::sqrt((fourth_moment - 1) / m.n));
  CHECK(std::abs(m.products / m.n) < sigmas / std::sqrt(m.n));
}

}  // namespace

TEST_CASE("Philox4x32-10 gives the answers its authors publish") {
  // Random123 1.14, tests/kat_vectors.
  using Four = std::array<std::uint32_t, 4>;
  STATIC_REQUIRE(philox4x32({0, 0, 0, 0}, {0, 0}) == Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform numbers keep inside (0, 1) at both ends") {
  CHECK(uniform_of_bits(0, 0) == 0x1p-53);
  CHECK(uniform_of_bits(~0u, ~0u) == 1 - 0x1p-53);
}

TEST_CASE("two blocks at once are the numbers of each by itself") {
  std::array<std::uint32_t, 4> counter{0xfffffff0, 5, 0x80000000, 77};
  for (int n = 0; n < 1000; ++n) {
    const std::array<std::uint32_t, 2> key{counter[3] * 31, 0xdeadbeef + counter[0]};
    const auto p = philox4x32(counter, key), q = philox4x32({counter[0] + 1, counter[1], counter[2], counter[3]}, key);
    const FourNumbers four = four_numbers(counter, key);
    CHECK(four == FourNumbers{uniform_of_bits(p[0], p[1]), uniform_of_bits(p[2], p[3]), uniform_of_bits(q[0], q[1]),
                              uniform_of_bits(q[2], q[3])});
    counter = p;
  }
}

TEST_CASE("uniform numbers spread evenly, along a stream and across streams") {
  constexpr int n = 400000, bins = 100;
  for (const bool along : {true, false}) {
    std::array<int, bins> counts{};
    std::array<int, bins> pairs{};  // of a number and the one before, ten bins each
    Moments moments;
    RandomStream one(11, 3, 5);
    double last = 0.5;
    for (int i = 0; i < n; ++i) {
      const double u = along ? one.uniform() : RandomStream(11, 3, static_cast<std::uint64_t>(i)).uniform();
      ++counts[static_cast<std::size_t>(bins * u)];
      ++pairs[static_cast<std::size_t>(10 * static_cast<int>(10 * last) + static_cast<int>(10 * u))];
      moments.add((u - 0.5) * std::sqrt(12.0));
      last = u;
    }
    check_moments(moments, 1.8);
    for (const auto& table : {counts, pairs}) {
      double chi_squared = 0;
      for (const int count : table) chi_squared += std::pow(count - n / bins, 2) / (n / bins);
      CHECK(std::abs(chi_squared - (bins - 1)) < sigmas * std::sqrt(2.0 * (bins - 1)));
    }
  }
}

TEST_CASE("normal numbers have the normal moments, and as many beyond 2 as there should be") {
  Moments moments;
  double fourth = 0, beyond = 0;
  for (std::uint64_t path = 0; path < 20000; ++path) {
    RandomStream stream(2, 0, path);
    for (int i = 0; i < 5; ++i)
      for (const double x : stream.four_normals()) {
        moments.add(x);
        fourth += x * x * x * x;
        beyond += std::abs(x) > 2;
      }
  }
  check_moments(moments, 3);
  const double n = moments.n, expected = std::erfc(std::sqrt(2.0));
  CHECK(std::abs(fourth / n - 3) < sigmas * std::sqrt(96 / n));
  CHECK(std::abs(beyond / n - expected) < sigmas * std::sqrt(expected / n));
}

TEST_CASE("a stream that is made again goes on with the same draw") {
  RandomStream whole(7, 1, 42);
  for (int i = 0; i < 50; ++i) {
    RandomStream again(7, 1, 42, whole.drawn());
    const double u = whole.uniform();
    CHECK(again.uniform() == u);
    CHECK(again.drawn() == whole.drawn());
  }
}

TEST_CASE("four at a time are the same numbers as one at a time, from the next multiple of four on") {
  RandomStream one(7, 1, 42), four(7, 1, 42);
  for (int i = 0; i < 4; ++i)
    for (const double u : four.four_uniforms()) CHECK(one.uniform() == u);
  (void)four.uniform();
  for (int i = 0; i < 4; ++i) (void)one.uniform();
  for (const double u : four.four_uniforms()) CHECK(one.uniform() == u);
  CHECK(four.drawn() == one.drawn());
}

TEST_CASE("each part of the key counts, and children share no number") {
  std::set<double> draws;
  std::set<std::uint64_t> children;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32})
    for (const std::uint32_t batch : {0u, 1u, 1u << 31})
      for (const std::uint64_t particle : {0ull, 1ull, 1ull << 32, 1ull << 63})
        for (int i = 0; i < 8; ++i) {
          draws.insert(RandomStream(seed, batch, particle, static_cast<std::uint32_t>(i)).uniform());
          if (batch == 0)
            for (std::uint32_t n = 0; n < 3; ++n)
              children.insert(child_number(seed, particle, static_cast<std::uint32_t>(i), n));
        }
  CHECK(draws.size() == 288);
  CHECK(children.size() == 288);
  CHECK(*children.begin() >= std::uint64_t{1} << 63);
}

TEST_CASE("circle_point is the C library's cosine and sine") {
  constexpr double ulp = 0x1p-53;
  double error = 0;
  for (int i = 0; i <= 100000; ++i) {
    const double turns = i / 100000.0;
    const CirclePoint p = circle_point(turns);
    const long double angle = 2 * 3.14159265358979323846264338327950288L * turns;
    error = std::max({error, static_cast<double>(std::abs(p.cosine - std::cos(angle))),
                      static_cast<double>(std::abs(p.sine - std::sin(angle)))});
  }
  CHECK(error < 4 * ulp);
}
