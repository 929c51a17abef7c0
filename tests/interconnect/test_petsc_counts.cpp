// SPDX-License-Identifier: BSD-3-Clause
// PETSc's own messages and reductions are counted, unmodified: CG on a one-dimensional Laplacian.
#include <petscksp.h>

#include "catch.hpp"
#include "interconnect/counters.hpp"

TEST_CASE("the reductions and the halo of PETSc's CG are counted") {
  PetscInitializeNoArguments();
  constexpr PetscInt rows = 100;
  constexpr int iterations = 10;
  Mat matrix = nullptr;
  MatCreateAIJ(PETSC_COMM_WORLD, PETSC_DECIDE, PETSC_DECIDE, rows, rows, 3, nullptr, 1, nullptr, &matrix);
  PetscInt begin = 0, end = 0;
  MatGetOwnershipRange(matrix, &begin, &end);
  for (PetscInt row = begin; row < end; ++row) {
    MatSetValue(matrix, row, row, 2, INSERT_VALUES);
    if (row > 0) MatSetValue(matrix, row, row - 1, -1, INSERT_VALUES);
    if (row + 1 < rows) MatSetValue(matrix, row, row + 1, -1, INSERT_VALUES);
  }
  MatAssemblyBegin(matrix, MAT_FINAL_ASSEMBLY);
  MatAssemblyEnd(matrix, MAT_FINAL_ASSEMBLY);
  Vec x = nullptr, b = nullptr;
  MatCreateVecs(matrix, &x, &b);
  VecSet(b, 1);
  KSP solver = nullptr;
  KSPCreate(PETSC_COMM_WORLD, &solver);
  KSPSetOperators(solver, matrix, matrix);
  KSPSetType(solver, KSPCG);
  PC preconditioner = nullptr;
  KSPGetPC(solver, &preconditioner);
  PCSetType(preconditioner, PCNONE);
  KSPSetTolerances(solver, 1e-30, 1e-50, 1e5, iterations);
  KSPSolve(solver, b, x);  // the first solve sets up

  const Counts counts = counts_of([&] { KSPSolve(solver, b, x); });
  int ranks = 0, rank = 0;
  MPI_Comm_size(PETSC_COMM_WORLD, &ranks);
  MPI_Comm_rank(PETSC_COMM_WORLD, &rank);
  const int neighbours = (rank > 0 ? 1 : 0) + (rank + 1 < ranks ? 1 : 0);
  // An iteration multiplies once (a double to each neighbour, by persistent requests) and reduces at least twice.
  CHECK(counts.messages >= iterations * neighbours);
  CHECK(counts.bytes == 8 * counts.messages);
  CHECK(counts.collectives >= 2 * iterations);
  CHECK(counts.point_to_point_seconds > 0);
  CHECK(counts.collective_seconds > 0);

  KSPDestroy(&solver);
  VecDestroy(&x);
  VecDestroy(&b);
  MatDestroy(&matrix);
  PetscFinalize();
}
