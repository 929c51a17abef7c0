// SPDX-License-Identifier: BSD-3-Clause
#include "probe/triad.hpp"

#include <algorithm>

namespace haloscope {

namespace {

constexpr double scalar = 0.5;
constexpr LocalIndex apart = 168;  ///< elements between the arrays: a third of a page, in whole cache lines

}  // namespace

Triad::Triad(int mebibytes)
    : n_(mebibytes * (1 << 17)),
      memory_({3 * (n_ + apart), 1, 1}, 0),
      a_(memory_.view().origin),
      b_(a_ + n_ + apart),
      c_(b_ + n_ + apart) {
  std::fill_n(b_, n_, 1.0);
  std::fill_n(c_, n_, 2.0);
}

void Triad::sweep() noexcept {
  double* const a = a_;
  const double* const b = b_;
  const double* const c = c_;
  c_[0] = ++sweeps_;
#pragma GCC ivdep
  for (LocalIndex i = 0; i < n_; ++i) a[i] = b[i] + scalar * c[i];
}

bool Triad::correct() const noexcept {
  return sweeps_ == 0 || (a_[0] == 1 + scalar * sweeps_ && a_[n_ - 1] == 1 + scalar * 2);
}

}  // namespace haloscope
