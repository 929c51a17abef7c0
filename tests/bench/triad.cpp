// SPDX-License-Identifier: BSD-3-Clause
#include "triad.hpp"

#include <algorithm>

#include "haloscope/errors.hpp"
#include "measurement.hpp"

namespace haloscope::bench {

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

TriadBandwidth measure_triad(MPI_Comm comm, int mebibytes) {
  Triad triad(mebibytes);
  int ranks = 1;
  check_mpi(MPI_Comm_size(comm, &ranks));
  const std::vector<Candidate> candidates{{"one rank", [&] { on_rank_0(comm, [&] { triad.sweep(); }); }},
                                          {"all ranks", [&] { triad.sweep(); }}};
  const std::vector<Samples> samples = interleave(comm, candidates, 9, 1);
  require(triad.correct(), "the triad computes b + s c");
  return {triad.bytes() / spread_of(samples[0]).median, ranks * triad.bytes() / spread_of(samples[1]).median};
}

}  // namespace haloscope::bench
