// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file triad.hpp
/// STREAM triad, a[i] = b[i] + s c[i] (McCalpin, IEEE TCCA Newsletter, 1995): the memory bandwidth that others are
/// measured by. Counted as STREAM does, 24 bytes an element; a processor that reads a line before writing it moves 32.
#include "haloscope/grid/field.hpp"

namespace haloscope {

class Triad {
 public:
  /// Three arrays of @p mebibytes each, first touched here. Let them be a multiple of the last cache.
  explicit Triad(int mebibytes);
  void sweep() noexcept;
  [[nodiscard]] double bytes() const noexcept { return 24.0 * static_cast<double>(n_); }  ///< of one sweep
  /// One element of each sweep so far is what it must be.
  [[nodiscard]] bool correct() const noexcept;

 private:
  LocalIndex n_ = 0;
  double sweeps_ = 0;
  Field<double> memory_;  ///< one block, so that the arrays do not start at the same place of a page
  double *a_, *b_, *c_;
};

}  // namespace haloscope
