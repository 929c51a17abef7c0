// SPDX-License-Identifier: BSD-3-Clause
#include "network/keyed_random.hpp"

#include <cmath>

#include "haloscope/base/elementary.hpp"
#include "haloscope/base/random.hpp"

namespace haloscope::interconnect {
namespace {

/// Horner's rule, highest power first.
template <int n>
double polynomial(const double (&coefficients)[n], double x) noexcept {
  double sum = coefficients[0];
  for (int i = 1; i < n; ++i) sum = sum * x + coefficients[i];
  return sum;
}

}  // namespace

double uniform(std::uint64_t seed, Purpose purpose, std::uint64_t stream, std::uint64_t number) noexcept {
  const std::uint64_t numbered = number | static_cast<std::uint64_t>(purpose) << 56;
  const auto mixed = philox4x32({static_cast<std::uint32_t>(numbered), static_cast<std::uint32_t>(numbered >> 32),
                                 static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return uniform_of_bits(mixed[0], mixed[1]);
}

// Hart et al., Computer Approximations, 1968, algorithm 5666, as given by West, Wilmott Magazine, May 2005.
double normal_probability(double z) noexcept {
  const double x = std::fabs(z);
  if (x > 37) return z > 0 ? 1 : 0;
  const double density = exponential(-x * x / 2);
  double beyond = 0;
  if (x < 7.07106781186547) {
    beyond = density *
             polynomial({3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
                         221.213596169931, 220.206867912376},
                        x) /
             polynomial({8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
                         637.333633378831, 793.826512519948, 440.413735824752},
                        x);
  } else {
    beyond = density / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) / 2.506628274631;
  }
  // By arithmetic, exactly: a branch could not be guessed.
  return std::copysign(beyond, -z) + (0.5 + std::copysign(0.5, z));
}

// Wichura, Applied Statistics 37(3), 1988, algorithm AS 241, PPND16.
double normal_quantile(double p) noexcept {
  const double q = p - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q *
           polynomial({2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
                       13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
                      r) /
           polynomial({5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
                       5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0},
                      r);
  }
  const double r = std::sqrt(-logarithm(q < 0 ? p : 1 - p));
  double z = 0;
  if (r <= 5) {
    z = polynomial({7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
                    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
                   r - 1.6) /
        polynomial({1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
                    0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0},
                   r - 1.6);
  } else {
    z = polynomial(
            {2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
             0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772},
            r - 5) /
        polynomial(
            {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
             0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0},
            r - 5);
  }
  return q < 0 ? -z : z;
}

}  // namespace haloscope::interconnect
