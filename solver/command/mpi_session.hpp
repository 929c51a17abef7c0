// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file mpi_session.hpp
/// MPI from its start to its end, and the way out for failures that are no mistake of the user.
#include "haloscope/base/handles.hpp"

namespace haloscope {

/// One a process. From its birth on an exception that nobody catches ends all ranks.
class MpiSession {
 public:
  MpiSession(int* argc, char*** argv);
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  [[nodiscard]] MPI_Comm world() const noexcept { return world_.get(); }  ///< all ranks; returns errors
  /// Rank 0's answer, on all ranks. Collective; a modelled network does not see it. @throws LibraryError
  [[nodiscard]] bool of_rank_0(bool mine) const;

 private:
  Communicator world_;
};

}  // namespace haloscope
