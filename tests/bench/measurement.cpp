// SPDX-License-Identifier: BSD-3-Clause
#include "measurement.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "haloscope/base/errors.hpp"

namespace haloscope::bench {

std::vector<Samples> interleave(MPI_Comm comm, const std::vector<Candidate>& candidates, int repeats, int warmup,
                                std::uint64_t seed) {
  std::vector<Samples> samples(candidates.size());
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 shuffler(seed);  // the same order on every rank
  for (int repeat = -warmup; repeat < repeats; ++repeat) {
    std::shuffle(order.begin(), order.end(), shuffler);
    for (const std::size_t c : order) {
      candidates[c].prepare();
      check_mpi(MPI_Barrier(comm));
      const double begin = MPI_Wtime();
      candidates[c].run();
      double seconds = MPI_Wtime() - begin;
      check_mpi(MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm));
      if (repeat >= 0) samples[c].push_back(seconds);
    }
  }
  return samples;
}

void on_rank_0(MPI_Comm comm, const std::function<void()>& work) {
  int rank = 0, done = 0;
  check_mpi(MPI_Comm_rank(comm, &rank));
  if (rank == 0) work();
  MPI_Request all = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(comm, &all));
  while (true) {
    check_mpi(MPI_Test(&all, &done, MPI_STATUS_IGNORE));
    if (done != 0) return;
    if (rank != 0) usleep(20);
  }
}

Spread spread_of(Samples samples) {
  require(!samples.empty(), "a spread has samples");
  std::ranges::sort(samples);
  const std::size_t n = samples.size();
  return {(samples[(n - 1) / 2] + samples[n / 2]) / 2, samples.front(), samples.back()};
}

Samples ratio(const Samples& above, const Samples& below) {
  require(above.size() == below.size(), "ratios are of paired samples");
  Samples result;
  for (std::size_t i = 0; i < above.size(); ++i) result.push_back(above[i] / below[i]);
  return result;
}

std::string text(const Spread& s, double unit, int digits) {
  return fmt::format("{:.{}f} ({:.{}f} - {:.{}f})", s.median / unit, digits, s.low / unit, digits, s.high / unit,
                     digits);
}

}  // namespace haloscope::bench
