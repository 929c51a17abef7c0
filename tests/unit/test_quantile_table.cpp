// SPDX-License-Identifier: BSD-3-Clause
// A table is read as its definition says: between entries, in the tail, at steps and jumps.
#include "network/quantile_table.hpp"

#include <cmath>

#include "catch.hpp"

using haloscope::Quantiles;
using haloscope::interconnect::QuantileTable;

TEST_CASE("a table gives its entries, straight lines up to 0.9, and straight lines in -ln(1 - p) beyond") {
  const QuantileTable table(
      Quantiles{.p = {0, 0.25, 0.5, 0.9, 0.99, 0.999, 1}, .us = {1, 2, 2, 4, 7, 16, 100}, .samples = 100000});
  const double p[] = {0, 0.25, 0.5, 0.9, 0.99, 0.999}, us[] = {1, 2, 2, 4, 7, 16};
  for (int i = 0; i < 6; ++i) CHECK(table.at(p[i]) == Approx(us[i]).epsilon(1e-12));
  CHECK(table.at(0.125) == 1.5);
  CHECK(table.at(0.4) == 2);  // a step of the clock
  CHECK(table.at(0.7) == Approx(3).epsilon(1e-12));
  CHECK(table.at(1 - 0.1 / std::sqrt(10)) == Approx(5.5).epsilon(1e-12));   // half way in the logarithm
  CHECK(table.at(1 - 0.001 / std::sqrt(200)) == Approx(58).epsilon(1e-9));  // 1 stands for 1 - 0.5 / samples
  CHECK(table.at(1 - 4e-6) == 100);
  CHECK(table.at(1) == 100);
  double last = 0;
  for (int i = 0; i <= 100000; ++i) {
    const double value = table.at(i / 100000.0);
    if (value < last) FAIL("falls at p = " << i / 100000.0);
    last = value;
  }
}

TEST_CASE("a table of few entries: constant, a gap over 0.9, a jump, fewer samples than the last entry tells") {
  const QuantileTable constant(Quantiles{.p = {0, 1}, .us = {10000, 10000}, .samples = 1});
  for (const double p : {0.0, 0.3, 0.9, 0.95, 1.0}) CHECK(constant.at(p) == 10000);

  const QuantileTable gap(Quantiles{.p = {0, 1}, .us = {0, 10}, .samples = 5000});
  CHECK(gap.at(0.45) == 4.5);
  CHECK(gap.at(0.9) == Approx(9).epsilon(1e-12));
  CHECK(gap.at(1 - 1e-4) == Approx(10).epsilon(1e-12));
  CHECK(gap.at(0.99) == Approx(9 + 1 / 3.0).epsilon(1e-12));  // 0.1, 0.01, 0.001, 0.0001: a third of the way

  const QuantileTable jump(Quantiles{.p = {0, 0.5, 0.5, 1}, .us = {1, 1, 3, 3}, .samples = 10});
  CHECK(jump.at(0.4999) == 1);
  CHECK(jump.at(0.5) == 3);

  const QuantileTable few(Quantiles{.p = {0, 0.9, 0.999, 1}, .us = {1, 2, 3, 4}, .samples = 100});
  CHECK(few.at(0.998) < 3);
  CHECK(few.at(0.9995) == 4);
}
