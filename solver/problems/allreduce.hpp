// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file allreduce.hpp
/// Inside problems: what a case of problem allreduce may say.
#include <cstdint>

namespace haloscope {

/// Data-parallel training as its messages see it: a burst of computing a bucket of gradients, then its sum over ranks.
struct AllreduceCase {
  std::int64_t parameters = 25'000'000;  ///< 4-byte gradients a rank
  int buckets = 25;
  bool overlap = true;  ///< a bucket's sum runs while the next is computed (MPI_Iallreduce), or blocks
  int operations = 40;  ///< multiply-adds of the burst for each parameter
};

}  // namespace haloscope
