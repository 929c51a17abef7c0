/* SPDX-License-Identifier: BSD-3-Clause */
/* A PETSc program of somebody else: -div grad u = f on the unit square, solved as the command line says. Prints the
   iterations, the error against the exact solution and the norm of what was found. */
#include <petscdmda.h>
#include <petscksp.h>

static double exact(double x, double y) { return PetscSinReal(PETSC_PI * x) * y * (1 - y); }
static double source(double x, double y) {
  return PetscSinReal(PETSC_PI * x) * (PETSC_PI * PETSC_PI * y * (1 - y) + 2);
}

static PetscErrorCode matrix(KSP ksp, Mat unused, Mat A, void* context) {
  DM grid;
  DMDALocalInfo info;
  PetscFunctionBeginUser;
  (void)unused, (void)context;
  PetscCall(KSPGetDM(ksp, &grid));
  PetscCall(DMDAGetLocalInfo(grid, &info));
  for (PetscInt j = info.ys; j < info.ys + info.ym; ++j)
    for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
      MatStencil row = {.i = i, .j = j}, columns[5];
      PetscScalar values[5];
      PetscInt n = 0;
      columns[n] = row;
      values[n++] = 4;
      for (int side = 0; side < 4; ++side) {
        const MatStencil beside = {.i = i + (side == 0) - (side == 1), .j = j + (side == 2) - (side == 3)};
        if (beside.i < 0 || beside.j < 0 || beside.i >= info.mx || beside.j >= info.my) continue;
        columns[n] = beside;
        values[n++] = -1;
      }
      PetscCall(MatSetValuesStencil(A, 1, &row, n, columns, values, INSERT_VALUES));
    }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill(DM grid, Vec field, double scale, double (*function)(double, double)) {
  DMDALocalInfo info;
  PetscScalar** values;
  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(grid, &info));
  PetscCall(DMDAVecGetArray(grid, field, &values));
  for (PetscInt j = info.ys; j < info.ys + info.ym; ++j)
    for (PetscInt i = info.xs; i < info.xs + info.xm; ++i)
      values[j][i] = scale * function((i + 1.0) / (info.mx + 1), (j + 1.0) / (info.my + 1));
  PetscCall(DMDAVecRestoreArray(grid, field, &values));
  PetscFunctionReturn(0);
}

static PetscErrorCode right_hand_side(KSP ksp, Vec b, void* context) {
  DM grid;
  DMDALocalInfo info;
  PetscFunctionBeginUser;
  (void)context;
  PetscCall(KSPGetDM(ksp, &grid));
  PetscCall(DMDAGetLocalInfo(grid, &info));
  PetscCall(fill(grid, b, 1 / ((info.mx + 1.0) * (info.mx + 1.0)), source));
  PetscFunctionReturn(0);
}

int main(int argc, char** argv) {
  DM grid, used;
  KSP ksp;
  Vec x, error;
  PetscInt iterations;
  PetscReal largest, norm;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(DMDACreate2d(PETSC_COMM_WORLD, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 17, 17, PETSC_DECIDE,
                         PETSC_DECIDE, 1, 1, NULL, NULL, &grid));
  PetscCall(DMSetFromOptions(grid));
  PetscCall(DMSetUp(grid));
  PetscCall(DMDASetUniformCoordinates(grid, 0, 1, 0, 1, 0, 0));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetDM(ksp, grid));
  PetscCall(KSPSetComputeOperators(ksp, matrix, NULL));
  PetscCall(KSPSetComputeRHS(ksp, right_hand_side, NULL));
  PetscCall(KSPSetTolerances(ksp, 1e-10, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(KSPSolve(ksp, NULL, NULL));
  PetscCall(KSPGetSolution(ksp, &x));
  PetscCall(KSPGetDM(ksp, &used));
  PetscCall(KSPGetIterationNumber(ksp, &iterations));
  PetscCall(VecNorm(x, NORM_2, &norm));
  PetscCall(VecDuplicate(x, &error));
  PetscCall(fill(used, error, -1, exact));
  PetscCall(VecAXPY(error, 1, x));
  PetscCall(VecNorm(error, NORM_INFINITY, &largest));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "iterations %d\nerror %.12e\nnorm %.12e\n", (int)iterations, (double)largest,
                        (double)norm));
  PetscCall(VecDestroy(&error));
  PetscCall(KSPDestroy(&ksp));
  PetscCall(DMDestroy(&grid));
  PetscCall(PetscFinalize());
  return 0;
}
