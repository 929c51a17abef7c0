// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file agreement.hpp
/// How ranks come to the same texts and the same errors: broadcast, gather, and an error of one that becomes an error
/// of all.
///
/// Every function is collective over its communicator, which must return errors (make_communicator), and throws
/// LibraryError when MPI fails.
#include <mpi.h>

#include <string>
#include <vector>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"

namespace haloscope {

/// The text of @p root on every rank.
[[nodiscard]] std::string broadcast(MPI_Comm comm, std::string text, int root = 0);

/// The texts of rank 0 on every rank. None may hold a zero byte.
[[nodiscard]] std::vector<std::string> broadcast(MPI_Comm comm, const std::vector<std::string>& texts);

/// The text of every rank, on rank 0; nothing on the others.
[[nodiscard]] std::vector<std::string> gather(MPI_Comm comm, const std::string& text);

/// The text of the lowest rank whose text is not empty, on every rank. One Allreduce where all are empty.
[[nodiscard]] std::string first_said(MPI_Comm comm, std::string text);

/// Throws the same on all ranks when @p failure is not empty on one of them; the lowest such rank's counts.
template <class Error>
void agree(MPI_Comm comm, std::string failure) {
  const std::string first = first_said(comm, std::move(failure));
  if (!first.empty()) throw Error(first);
}

/// The text that @p work returns on rank 0, on every rank; @p work runs nowhere else. A UserError that it throws is
/// thrown on all ranks.
template <class Work>
[[nodiscard]] std::string from_rank_0(MPI_Comm comm, const Work& work) {
  std::string text, failure;
  if (rank_in(comm) == 0) {
    try {
      text = work();
    } catch (const UserError& error) {
      failure = error.what();
    }
  }
  agree<UserError>(comm, std::move(failure));
  return broadcast(comm, std::move(text));
}

}  // namespace haloscope
