// SPDX-License-Identifier: BSD-3-Clause
#include "triad.hpp"

#include "haloscope/base/errors.hpp"
#include "measurement.hpp"

namespace haloscope::bench {

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
