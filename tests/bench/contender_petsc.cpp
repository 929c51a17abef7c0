// SPDX-License-Identifier: BSD-3-Clause
// PETSc's own solvers, told what their manual tells a user with this problem: a DMDA, the null space, symmetry.
#include <fmt/format.h>
#include <petscdmda.h>
#include <petscksp.h>

#include <algorithm>
#include <array>

#include "contenders.hpp"
#include "haloscope/base/errors.hpp"

namespace haloscope::bench {

namespace {

void check_petsc(PetscErrorCode code, std::source_location where = std::source_location::current()) {
  if (code == PetscErrorCode{}) return;
  const char* text = nullptr;
  PetscErrorMessage(code, &text, nullptr);
  throw LibraryError(fmt::format("PETSc: {}", text != nullptr ? text : "unknown error"), where);
}

/// The 7-point matrix on any grid of the hierarchy, times the volume of a cell, as PETSc's transfers between grids
/// expect. Row by row through global numbers, so that walls and periodic axes are one code.
PetscErrorCode assemble(KSP ksp, Mat amat, Mat pmat, void* /*context*/) {
  DM da = nullptr;
  PetscCall(KSPGetDM(ksp, &da));
  DMDALocalInfo info;
  PetscCall(DMDAGetLocalInfo(da, &info));
  const bool periodic = info.bx == DM_BOUNDARY_PERIODIC;
  const PetscScalar h = 1.0 / (periodic ? info.mx : info.mx - 1);
  for (PetscInt k = info.zs; k < info.zs + info.zm; ++k) {
    for (PetscInt j = info.ys; j < info.ys + info.ym; ++j) {
      for (PetscInt i = info.xs; i < info.xs + info.xm; ++i) {
        const MatStencil row{k, j, i, 0};
        std::array<MatStencil, 7> columns;
        std::array<PetscScalar, 7> values;
        PetscInt count = 0;
        const auto add = [&](PetscInt di, PetscInt dj, PetscInt dk) {
          const bool inside =
              i + di >= 0 && i + di < info.mx && j + dj >= 0 && j + dj < info.my && k + dk >= 0 && k + dk < info.mz;
          if (!periodic && !inside) return;
          columns[static_cast<std::size_t>(count)] = {k + dk, j + dj, i + di, 0};
          values[static_cast<std::size_t>(count++)] = -h;
        };
        add(0, 0, -1), add(0, -1, 0), add(-1, 0, 0), add(1, 0, 0), add(0, 1, 0), add(0, 0, 1);
        columns[static_cast<std::size_t>(count)] = row;
        values[static_cast<std::size_t>(count)] = h * count;
        PetscCall(MatSetValuesStencil(pmat, 1, &row, count + 1, columns.data(), values.data(), ADD_VALUES));
      }
    }
  }
  PetscCall(MatAssemblyBegin(pmat, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(pmat, MAT_FINAL_ASSEMBLY));
  if (amat != pmat) {
    PetscCall(MatAssemblyBegin(amat, MAT_FINAL_ASSEMBLY));
    PetscCall(MatAssemblyEnd(amat, MAT_FINAL_ASSEMBLY));
  }
  PetscCall(MatSetOption(pmat, MAT_SYMMETRIC, PETSC_TRUE));
  MatNullSpace constants = nullptr;
  PetscCall(
      MatNullSpaceCreate(PetscObjectComm(reinterpret_cast<PetscObject>(pmat)), PETSC_TRUE, 0, nullptr, &constants));
  PetscCall(MatSetNullSpace(pmat, constants));
  PetscCall(MatSetTransposeNullSpace(pmat, constants));
  return MatNullSpaceDestroy(&constants);
}

class FromPetsc final : public Contender {
 public:
  FromPetsc(std::string name, std::string group, const PoissonProblem& problem, const std::string& options, bool refine)
      : Contender(std::move(name), std::move(group), problem) {
    make_grid();
    KSP k = nullptr;
    check_petsc(KSPCreate(problem.where.comm(), &k));
    ksp_ = k;
    const std::string prefix = this->name() + "_";
    check_petsc(KSPSetOptionsPrefix(ksp_, prefix.c_str()));
    check_petsc(PetscOptionsPrefixPush(nullptr, prefix.c_str()));
    check_petsc(PetscOptionsInsertString(nullptr, options.c_str()));
    check_petsc(PetscOptionsPrefixPop(nullptr));
    check_petsc(KSPSetDM(ksp_, da_));
    if (refine) {
      check_petsc(KSPSetComputeOperators(ksp_, assemble, nullptr));
    } else {
      Mat matrix = nullptr;
      check_petsc(DMCreateMatrix(da_, &matrix));
      check_petsc(assemble(ksp_, matrix, matrix, nullptr));
      check_petsc(KSPSetDMActive(ksp_, PETSC_FALSE));
      check_petsc(KSPSetOperators(ksp_, matrix, matrix));
      check_petsc(MatDestroy(&matrix));
    }
    check_petsc(KSPSetType(ksp_, KSPCG));
    check_petsc(KSPSetNormType(ksp_, KSP_NORM_UNPRECONDITIONED));
    check_petsc(KSPSetTolerances(ksp_, problem.tolerance, 0, PETSC_DEFAULT, 500));
    check_petsc(KSPSetFromOptions(ksp_));
    check_petsc(KSPSetUp(ksp_));
    check_petsc(KSPSetUpOnBlocks(ksp_));
  }
  ~FromPetsc() override {
    KSPDestroy(&ksp_);
    VecDestroy(&b_);
    VecDestroy(&x_);
    DMDestroy(&da_);
  }

  void load() override {
    PetscScalar* b = nullptr;
    check_petsc(VecGetArray(b_, &b));
    const double h = problem().spacing();
    // A of the problem is the matrix here over (h² · factor).
    const double factor = problem().periodic ? h : 1 / static_cast<double>(problem().n - 1);
    std::ranges::transform(problem().right_side(), b, [=](double value) { return value * h * h * factor; });
    check_petsc(VecRestoreArray(b_, &b));
    check_petsc(VecSet(x_, 0));
  }
  void solve() override { check_petsc(KSPSolve(ksp_, b_, x_)); }
  int iterations() const override {
    PetscInt count = 0;
    check_petsc(KSPGetIterationNumber(ksp_, &count));
    return static_cast<int>(count);
  }
  std::vector<double> solution() override {
    const PetscScalar* x = nullptr;
    check_petsc(VecGetArrayRead(x_, &x));
    std::vector<double> result(x, x + problem().right_side().size());
    check_petsc(VecRestoreArrayRead(x_, &x));
    return result;
  }

 private:
  /// The same boxes as ours: DMDA numbers ranks x fastest, too.
  void make_grid() {
    const Decomposition& where = problem().where;
    std::array<std::vector<PetscInt>, 3> widths;
    for (std::size_t a = 0; a < 3; ++a) {
      const std::vector<GlobalIndex>& cuts = where.cuts()[a];
      for (std::size_t p = 1; p < cuts.size(); ++p) widths[a].push_back(static_cast<PetscInt>(cuts[p] - cuts[p - 1]));
    }
    const PerAxis<int> grid = where.process_grid();
    const auto n = static_cast<PetscInt>(problem().n);
    const DMBoundaryType boundary = problem().periodic ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
    check_petsc(DMDACreate3d(where.comm(), boundary, boundary, boundary, DMDA_STENCIL_STAR, n, n, n, grid[0], grid[1],
                             grid[2], 1, 1, widths[0].data(), widths[1].data(), widths[2].data(), &da_));
    check_petsc(DMSetUp(da_));
    check_petsc(DMCreateGlobalVector(da_, &b_));
    check_petsc(VecDuplicate(b_, &x_));
  }

  DM da_ = nullptr;
  KSP ksp_ = nullptr;
  Vec b_ = nullptr, x_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_petsc(std::string name, std::string group, const PoissonProblem& problem,
                                      const std::string& options, bool refine) {
  return std::make_unique<FromPetsc>(std::move(name), std::move(group), problem, options, refine);
}

}  // namespace haloscope::bench
