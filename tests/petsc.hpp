// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "haloscope/flow/poisson.hpp"

/// PETSc for all tests of a binary; never finalized, since Catch2 has no hook before MPI_Finalize.
inline void start_petsc() {
  static haloscope::PetscSession* const session = new haloscope::PetscSession({});
  (void)session;
}
