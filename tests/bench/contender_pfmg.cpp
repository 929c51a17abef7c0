// SPDX-License-Identifier: BSD-3-Clause
#include "contenders.hpp"
#include "haloscope/base/errors.hpp"

#ifdef HALOSCOPE_HYPRE
#include <HYPRE_krylov.h>
#include <HYPRE_struct_ls.h>
#include <fmt/format.h>

#include <array>
#endif

namespace haloscope::bench {

#ifdef HALOSCOPE_HYPRE

namespace {

void check_hypre(HYPRE_Int code, std::source_location where = std::source_location::current()) {
  if (code != 0) throw LibraryError(fmt::format("hypre: error {}", code), where);
}

class Pfmg final : public Contender {
 public:
  Pfmg(std::string name, std::string group, const PoissonProblem& problem, int relaxation, bool galerkin, bool skip)
      : Contender(std::move(name), std::move(group), problem) {
    check_hypre(HYPRE_Init());
    const Box box = problem.where.box();
    for (std::size_t a = 0; a < 3; ++a) {
      low_[a] = static_cast<HYPRE_Int>(box.begin[a]);
      high_[a] = static_cast<HYPRE_Int>(box.end[a] - 1);
    }
    make_system();
    const MPI_Comm comm = problem.where.comm();
    check_hypre(HYPRE_StructPFMGCreate(comm, &cycle_));
    check_hypre(HYPRE_StructPFMGSetMaxIter(cycle_, 1));
    check_hypre(HYPRE_StructPFMGSetTol(cycle_, 0));
    check_hypre(HYPRE_StructPFMGSetZeroGuess(cycle_));
    check_hypre(HYPRE_StructPFMGSetRelaxType(cycle_, relaxation));
    check_hypre(HYPRE_StructPFMGSetRAPType(cycle_, galerkin ? 0 : 1));
    check_hypre(HYPRE_StructPFMGSetSkipRelax(cycle_, skip ? 1 : 0));
    check_hypre(HYPRE_StructPCGCreate(comm, &krylov_));
    check_hypre(HYPRE_StructPCGSetTol(krylov_, problem.tolerance));
    check_hypre(HYPRE_StructPCGSetMaxIter(krylov_, 500));
    check_hypre(HYPRE_StructPCGSetTwoNorm(krylov_, 1));  // the residual's own norm, not the preconditioner's
    check_hypre(HYPRE_StructPCGSetPrecond(krylov_, HYPRE_StructPFMGSolve, HYPRE_StructPFMGSetup, cycle_));
    check_hypre(HYPRE_StructPCGSetup(krylov_, matrix_, b_, x_));
  }
  ~Pfmg() override {
    HYPRE_StructPCGDestroy(krylov_);
    HYPRE_StructPFMGDestroy(cycle_);
    HYPRE_StructVectorDestroy(x_);
    HYPRE_StructVectorDestroy(b_);
    HYPRE_StructMatrixDestroy(matrix_);
    HYPRE_StructStencilDestroy(stencil_);
    HYPRE_StructGridDestroy(grid_);
  }

  void load() override {
    std::vector<double> b = problem().right_side();
    const double h = problem().spacing();
    for (double& value : b) value *= h * h;
    check_hypre(HYPRE_StructVectorSetBoxValues(b_, low_.data(), high_.data(), b.data()));
    check_hypre(HYPRE_StructVectorAssemble(b_));
    check_hypre(HYPRE_StructVectorSetConstantValues(x_, 0));
    check_hypre(HYPRE_StructVectorAssemble(x_));
  }
  void solve() override { check_hypre(HYPRE_StructPCGSolve(krylov_, matrix_, b_, x_)); }
  int iterations() const override {
    HYPRE_Int count = 0;
    check_hypre(HYPRE_StructPCGGetNumIterations(krylov_, &count));
    return static_cast<int>(count);
  }
  std::vector<double> solution() override {
    std::vector<double> x(problem().right_side().size());
    check_hypre(HYPRE_StructVectorGetBoxValues(x_, low_.data(), high_.data(), x.data()));
    return x;
  }

 private:
  /// Symmetric storage: the diagonal and the three couplings to lower neighbours; times the spacing squared.
  void make_system() {
    const MPI_Comm comm = problem().where.comm();
    check_hypre(HYPRE_StructGridCreate(comm, 3, &grid_));
    check_hypre(HYPRE_StructGridSetExtents(grid_, low_.data(), high_.data()));
    if (problem().periodic) {
      const auto n = static_cast<HYPRE_Int>(problem().n);
      std::array<HYPRE_Int, 3> period{n, n, n};
      check_hypre(HYPRE_StructGridSetPeriodic(grid_, period.data()));
    }
    check_hypre(HYPRE_StructGridAssemble(grid_));
    check_hypre(HYPRE_StructStencilCreate(3, 4, &stencil_));
    std::array<std::array<HYPRE_Int, 3>, 4> offsets{{{0, 0, 0}, {-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}};
    for (HYPRE_Int e = 0; e < 4; ++e) {
      check_hypre(HYPRE_StructStencilSetElement(stencil_, e, offsets[static_cast<std::size_t>(e)].data()));
    }
    check_hypre(HYPRE_StructMatrixCreate(comm, grid_, stencil_, &matrix_));
    check_hypre(HYPRE_StructMatrixSetSymmetric(matrix_, 1));
    check_hypre(HYPRE_StructMatrixInitialize(matrix_));
    set_coefficients();
    check_hypre(HYPRE_StructMatrixAssemble(matrix_));
    for (HYPRE_StructVector* const vector : {&b_, &x_}) {
      check_hypre(HYPRE_StructVectorCreate(comm, grid_, vector));
      check_hypre(HYPRE_StructVectorInitialize(*vector));
    }
    load();
  }

  void set_coefficients() {
    const auto n = static_cast<HYPRE_Int>(problem().n);
    std::vector<double> values;
    values.reserve(4 * problem().right_side().size());
    for (HYPRE_Int k = low_[2]; k <= high_[2]; ++k) {
      for (HYPRE_Int j = low_[1]; j <= high_[1]; ++j) {
        for (HYPRE_Int i = low_[0]; i <= high_[0]; ++i) {
          double diagonal = 6;
          const std::array<HYPRE_Int, 3> cell{i, j, k};
          for (const HYPRE_Int c : cell) {
            if (!problem().periodic) diagonal -= (c == 0 ? 1 : 0) + (c == n - 1 ? 1 : 0);
          }
          values.push_back(diagonal);
          for (const HYPRE_Int c : cell) values.push_back(problem().periodic || c > 0 ? -1 : 0);
        }
      }
    }
    std::array<HYPRE_Int, 4> entries{0, 1, 2, 3};
    check_hypre(HYPRE_StructMatrixSetBoxValues(matrix_, low_.data(), high_.data(), 4, entries.data(), values.data()));
  }

  std::array<HYPRE_Int, 3> low_{}, high_{};
  HYPRE_StructGrid grid_ = nullptr;
  HYPRE_StructStencil stencil_ = nullptr;
  HYPRE_StructMatrix matrix_ = nullptr;
  HYPRE_StructVector b_ = nullptr, x_ = nullptr;
  HYPRE_StructSolver cycle_ = nullptr, krylov_ = nullptr;
};

}  // namespace

std::unique_ptr<Contender> make_pfmg(std::string name, std::string group, const PoissonProblem& problem, int relaxation,
                                     bool galerkin, bool skip) {
  return std::make_unique<Pfmg>(std::move(name), std::move(group), problem, relaxation, galerkin, skip);
}

#else

std::unique_ptr<Contender> make_pfmg(std::string, std::string, const PoissonProblem&, int, bool, bool) { return {}; }

#endif

}  // namespace haloscope::bench
