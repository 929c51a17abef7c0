// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file read.hpp
/// A case file on many ranks: rank 0 reads the bytes and broadcasts them, and every rank parses them, so a mistake is
/// the same UserError everywhere.
#include <mpi.h>

#include <string>
#include <vector>

#include "haloscope/case/case.hpp"

namespace haloscope {

/// Reads on rank 0 of @p comm and parses everywhere. Collective. @throws UserError, on all ranks alike, also when a
/// rank was started with another file name or other overrides than rank 0.
[[nodiscard]] Case read_case(MPI_Comm comm, const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace haloscope
