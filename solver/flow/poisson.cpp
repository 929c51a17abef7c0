// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/flow/poisson.hpp"

#include <cmath>
#include <exception>
#include <numbers>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "flow/poisson_petsc.hpp"

namespace haloscope {

namespace {

constexpr double streams_per_solve = 12;  ///< norms, means, the first residual: passes over a vector beside iterations

}  // namespace

struct Poisson::State {
  const Decomposition& where;
  PhaseClock& clock;
  PerAxis<LocalIndex> n;
  StencilCoefficients<double> operator_;
  double diagonal;
  bool overlap;
  Halo<double> halo;
  Surroundings<double> around;
  std::variant<std::monostate, Multigrid<float>, Multigrid<double>> multigrid;
  std::vector<double> b_values, x_values;  ///< the memory of b and x
  PetscVector b, x;
  PetscMatrix matrix;
  PetscSolver ksp;
  bool fixed_iterations;
  double streams_per_product = 0;
  std::string preconditioner_text;
  std::exception_ptr failure;  ///< of our own code below PETSc

  State(const Decomposition& decomposition, const Case& settings, const Laplacian& laplacian, PhaseClock& phase_clock)
      : where(decomposition),
        clock(phase_clock),
        n(decomposition.local_cells()),
        operator_(laplacian),
        diagonal(laplacian.diagonal()),
        overlap(settings.overlap),
        halo(decomposition, settings.halo_method, HaloReach::faces, 1, 1, phase_clock),
        around(decomposition, halo),
        fixed_iterations(settings.iterations > 0) {
    make_operator();
    make_solver(settings, laplacian);
    streams_per_product = streams_of(ksp.get()) + streams_of(settings.preconditioner);
  }

  /// Passes over a vector that PETSc's own vector work makes for each product with the operator, as its methods are
  /// written (src/ksp/ksp/impls): two for a dot product, one for a norm, three for y += a x. gmres orthogonalises
  /// against 15.5 vectors on average, because it restarts after 30. A method that is not listed counts as cg.
  static double streams_of(KSP ksp) {
    KSPType type = nullptr;
    check_petsc(KSPGetType(ksp, &type));
    constexpr std::pair<std::string_view, double> known[] = {
        {"cg", 14}, {"groppcg", 20}, {"pipecg", 29}, {"chebyshev", 8}, {"gmres", 38}, {"bcgs", 11.5}, {"richardson", 7},
    };
    for (const auto& [name, streams] : known)
      if (name == type) return streams;
    return 14;
  }

  /// … and what its preconditioner makes: a copy with each product, divided by the diagonal. Ours announces its own.
  static double streams_of(Preconditioner preconditioner) {
    switch (preconditioner) {
      case Preconditioner::none:
        return 3;
      case Preconditioner::jacobi:
        return 4;
      case Preconditioner::multigrid:
        break;
    }
    return 0;
  }

  [[nodiscard]] double bytes_of_vector() const noexcept { return 8.0 * n[0] * n[1] * n[2]; }

  PetscVector vector_over(std::vector<double>& values) {
    values.resize(static_cast<std::size_t>(n[0]) * static_cast<std::size_t>(n[1]) * static_cast<std::size_t>(n[2]));
    Vec v = nullptr;
    const auto size = static_cast<PetscInt>(values.size());
    check_petsc(VecCreateMPIWithArray(where.comm(), 1, size, PETSC_DETERMINE, values.data(), &v));
    return PetscVector(v);
  }

  /// The memory of @p v may have been written: a norm that PETSc keeps with it holds no more.
  static void forget_norms(Vec v) {
    double* array = nullptr;
    check_petsc(VecGetArrayWrite(v, &array));
    check_petsc(VecRestoreArrayWrite(v, &array));
  }

  void make_operator() {
    const PetscInt local = n[0] * n[1] * n[2];
    b = vector_over(b_values);
    x = vector_over(x_values);
    Mat m = nullptr;
    check_petsc(MatCreateShell(where.comm(), local, local, PETSC_DETERMINE, PETSC_DETERMINE, this, &m));
    matrix = PetscMatrix(m);
    check_petsc(MatShellSetOperation(m, MATOP_MULT, reinterpret_cast<void (*)()>(&State::multiply)));
    check_petsc(MatShellSetOperation(m, MATOP_GET_DIAGONAL, reinterpret_cast<void (*)()>(&State::get_diagonal)));
    check_petsc(MatSetOption(m, MAT_SYMMETRIC, PETSC_TRUE));
  }

  void make_solver(const Case& settings, const Laplacian& laplacian) {
    KSP k = nullptr;
    check_petsc(KSPCreate(where.comm(), &k));
    ksp = PetscSolver(k);
    check_petsc(KSPSetOperators(k, matrix.get(), matrix.get()));
    set_type(k, settings);
    PC pc = nullptr;
    check_petsc(KSPGetPC(k, &pc));
    make_preconditioner(pc, settings, laplacian);
    if (settings.krylov == KSPCHEBYSHEV) bound_spectrum(k, pc, settings, laplacian);
    if (fixed_iterations) {
      check_petsc(KSPSetTolerances(k, 0, 0, PETSC_DEFAULT, settings.iterations));
      check_petsc(KSPSetConvergenceTest(k, KSPConvergedSkip, nullptr, nullptr));
    } else {
      check_petsc(KSPSetTolerances(k, settings.tolerance, 0, PETSC_DEFAULT, settings.max_iterations));
    }
    for (const auto step : {KSPSetFromOptions, KSPSetUp}) {  // the user's options: a failure here is the user's mistake
      if (const PetscErrorCode code = step(k); code != petsc_ok) {
        throw UserError(fmt::format("PETSc options: {}", petsc_message(code)));
      }
    }
  }

  static void set_type(KSP k, const Case& settings) {
    // PETSc's own complaint about an unknown type is a page of text; ask its registry first.
    PetscFunctionList list = nullptr;
    check_petsc(KSPInitializePackage());
    list = KSPList;
    void (*found)() = nullptr;
    check_petsc(PetscFunctionListFind(list, settings.krylov.c_str(), &found));
    if (found == nullptr) {
      throw UserError(
          fmt::format("{}:poisson.krylov: {}: must be cg, pipecg, groppcg, chebyshev or another KSP type of PETSc",
                      settings.file, settings.krylov));
    }
    check_petsc(KSPSetType(k, settings.krylov.c_str()));
    // The test is on the true residual wherever the method has it at hand; PETSc's default is the preconditioned one.
    for (const char* const type : {KSPCG, KSPPIPECG, KSPGROPPCG, KSPPIPECGRR, KSPFCG, KSPCHEBYSHEV, KSPRICHARDSON}) {
      if (settings.krylov == type) check_petsc(KSPSetNormType(k, KSP_NORM_UNPRECONDITIONED));
    }
  }

  /// Methods that update the preconditioned residual by a recurrence (pipecg, groppcg, bcgs, …) keep the rounding of
  /// the first cycles for ever: in single precision they stall at 1e-7 of the right side. These apply the cycle afresh.
  static bool bears_single_precision(const std::string& krylov) {
    return krylov == KSPCG || krylov == KSPFCG || krylov == KSPCHEBYSHEV || krylov == KSPRICHARDSON;
  }

  void make_preconditioner(PC pc, const Case& settings, const Laplacian& laplacian) {
    if (settings.preconditioner == Preconditioner::none) {
      preconditioner_text = "none";
      check_petsc(PCSetType(pc, PCNONE));
      return;
    }
    if (settings.preconditioner == Preconditioner::jacobi) {
      preconditioner_text = "Jacobi";
      check_petsc(PCSetType(pc, PCJACOBI));
      return;
    }
    const MultigridSettings cycle{settings.smoothing, settings.halo_method, settings.overlap};
    const bool single = settings.precision == Precision::single && bears_single_precision(settings.krylov);
    const int levels = single ? multigrid.emplace<Multigrid<float>>(where, laplacian, cycle, clock).levels()
                              : multigrid.emplace<Multigrid<double>>(where, laplacian, cycle, clock).levels();
    preconditioner_text = fmt::format("multigrid V({0},{0}) of {1} levels in {2} precision", settings.smoothing, levels,
                                      single ? "single" : "double");
    check_petsc(PCSetType(pc, PCSHELL));
    check_petsc(PCShellSetContext(pc, this));
    check_petsc(PCShellSetApply(pc, &State::precondition));
    check_petsc(PCShellSetName(pc, "haloscope multigrid"));
  }

  /// Chebyshev's method wants the interval of the eigenvalues: exact for the plain operator, else from a few steps of
  /// CG on noise. PETSc's own guess is made for smoothers, and leaves out the smallest.
  void bound_spectrum(KSP k, PC pc, const Case& settings, const Laplacian& laplacian) {
    PetscReal high = 2 * laplacian.diagonal(), low = high;
    for (std::size_t a = 0; a < 3; ++a) {
      const double c = laplacian.inverse_spacing_squared[a];
      const double longest = (settings.periodic[a] ? 2 : 1) * std::numbers::pi / static_cast<double>(settings.cells[a]);
      if (c > 0) low = std::min(low, 2 * c * (1 - std::cos(longest)));
    }
    if (settings.preconditioner == Preconditioner::jacobi) high /= diagonal, low /= diagonal;
    if (settings.preconditioner == Preconditioner::multigrid) {
      KSP made = nullptr;
      check_petsc(KSPCreate(where.comm(), &made));
      const PetscSolver probe(made);
      check_petsc(KSPSetOperators(made, matrix.get(), matrix.get()));
      check_petsc(KSPSetPC(made, pc));
      check_petsc(KSPSetType(made, KSPCG));
      check_petsc(KSPSetNormType(made, KSP_NORM_UNPRECONDITIONED));
      check_petsc(KSPSetComputeSingularValues(made, PETSC_TRUE));
      check_petsc(KSPSetTolerances(made, 1e-6, 0, PETSC_DEFAULT, 12));
      check_petsc(VecSetRandom(b.get(), nullptr));
      remove_mean(b.get(), 0);
      check_petsc(KSPSolve(made, b.get(), x.get()));
      check_petsc(KSPComputeExtremeSingularValues(made, &high, &low));
      check_petsc(VecSet(b.get(), 0));
      check_petsc(VecSet(x.get(), 0));
    }
    check_petsc(KSPChebyshevSetEigenvalues(k, 1.05 * high, 0.95 * low));
  }

  void apply(const double* in, double* out) {
    const FieldView<double> field = dense_view(const_cast<double*>(in), n);  // the halo packs from it, never writes
    const FieldView<double> result = dense_view(out, n);
    exchange_and_sweep(halo, around, field, overlap, clock, Phase::stencil, 24,
                       [&](LocalIndex j, LocalIndex k, LocalIndex begin, LocalIndex end) {
                         double* const row = result.row(j, k);
                         stencil_row(around.star(field, j, k), operator_, n[0], begin, end,
                                     [=](LocalIndex i, double ax) { row[i] = ax; });
                       });
  }

  /// C++ exceptions must not cross PETSc's C frames. They are kept here, and the caller of PETSc throws them again.
  template <class Body>
  PetscErrorCode guarded(const Body& body) noexcept {
    try {
      body();
      return petsc_ok;
    } catch (...) {
      failure = std::current_exception();
      return PETSC_ERR_LIB;
    }
  }

  static PetscErrorCode multiply(Mat m, Vec in, Vec out) {
    void* context = nullptr;
    PetscCall(MatShellGetContext(m, &context));
    auto* const self = static_cast<State*>(context);
    const double* from = nullptr;
    double* to = nullptr;
    PetscCall(VecGetArrayRead(in, &from));
    PetscCall(VecGetArrayWrite(out, &to));
    self->clock.work(self->streams_per_product * self->bytes_of_vector());
    PetscCall(self->guarded([&] { self->apply(from, to); }));
    PetscCall(VecRestoreArrayRead(in, &from));
    PetscCall(VecRestoreArrayWrite(out, &to));
    return petsc_ok;
  }

  /// Constant on purpose. With mirrored walls the plain diagonal would be smaller there, and Jacobi no better for it.
  static PetscErrorCode get_diagonal(Mat m, Vec diagonal) {
    void* context = nullptr;
    PetscCall(MatShellGetContext(m, &context));
    return VecSet(diagonal, static_cast<State*>(context)->diagonal);
  }

  static PetscErrorCode precondition(PC pc, Vec in, Vec out) {
    void* context = nullptr;
    PetscCall(PCShellGetContext(pc, &context));
    auto* const self = static_cast<State*>(context);
    const double* from = nullptr;
    double* to = nullptr;
    PetscCall(VecGetArrayRead(in, &from));
    PetscCall(VecGetArrayWrite(out, &to));
    PetscCall(self->guarded([&] {
      if (auto* const single = std::get_if<Multigrid<float>>(&self->multigrid)) single->apply(from, to);
      if (auto* const twice = std::get_if<Multigrid<double>>(&self->multigrid)) twice->apply(from, to);
    }));
    PetscCall(VecRestoreArrayRead(in, &from));
    PetscCall(VecRestoreArrayWrite(out, &to));
    return petsc_ok;
  }

  /// The constants are the null space. A mean at the level of rounding is left: most right sides have none.
  void remove_mean(Vec v, double norm) {
    PetscScalar sum = 0;
    check_petsc(VecSum(v, &sum));
    const auto cells = static_cast<double>(where.total_cells());
    if (std::abs(sum) > 1e-14 * norm * std::sqrt(cells)) check_petsc(VecShift(v, -sum / cells));
  }

  double norm(Vec v) {
    PetscReal size = 0;
    check_petsc(VecNorm(v, NORM_2, &size));
    return size;
  }

  /// PETSc's own figure where it is the true residual's; else computed afresh.
  double residual_norm() {
    KSPNormType type = KSP_NORM_NONE;
    check_petsc(KSPGetNormType(ksp.get(), &type));
    PetscReal residual = 0;
    check_petsc(KSPGetResidualNorm(ksp.get(), &residual));
    if (type == KSP_NORM_UNPRECONDITIONED) return residual;
    Vec r = nullptr;
    check_petsc(VecDuplicate(b.get(), &r));
    const PetscVector owned(r);
    check_petsc(MatMult(matrix.get(), x.get(), r));
    check_petsc(VecAYPX(r, -1, b.get()));
    return norm(r);
  }

  SolveReport solve(bool start_from_solution) {
    const ScopedPhase scope(clock, Phase::krylov);
    clock.work(streams_per_solve * bytes_of_vector());
    remove_mean(b.get(), norm(b.get()));
    const double size = norm(b.get());
    if (size == 0) {
      check_petsc(VecSet(x.get(), 0));
      return {0, 0, true};
    }
    check_petsc(KSPSetInitialGuessNonzero(ksp.get(), start_from_solution ? PETSC_TRUE : PETSC_FALSE));
    const PetscErrorCode code = KSPSolve(ksp.get(), b.get(), x.get());
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    check_petsc(code);
    SolveReport report;
    PetscInt iterations = 0;
    KSPConvergedReason reason = KSP_CONVERGED_ITERATING;
    check_petsc(KSPGetIterationNumber(ksp.get(), &iterations));
    check_petsc(KSPGetConvergedReason(ksp.get(), &reason));
    report.iterations = static_cast<int>(iterations);
    report.relative_residual = residual_norm() / size;
    remove_mean(x.get(), 0);
    report.converged =
        std::isfinite(report.relative_residual) && (reason > 0 || (fixed_iterations && reason == KSP_DIVERGED_ITS));
    return report;
  }
};

namespace {

Laplacian laplacian_of(const Case& settings) {
  Laplacian a;
  for (std::size_t d = 0; d < 3; ++d) {
    const double spacing = settings.length_m[d] / static_cast<double>(settings.cells[d]);
    a.inverse_spacing_squared[d] = settings.cells[d] > 1 ? 1 / (spacing * spacing) : 0;
  }
  return a;
}

}  // namespace

Poisson::Poisson(const Decomposition& decomposition, const Case& settings, PhaseClock& clock)
    : state_(std::make_unique<State>(decomposition, settings, laplacian_of(settings), clock)) {}
Poisson::Poisson(Poisson&&) noexcept = default;
Poisson::~Poisson() = default;

FieldView<double> Poisson::right_side() noexcept { return dense_view(state_->b_values.data(), state_->n); }
FieldView<double> Poisson::solution() noexcept { return dense_view(state_->x_values.data(), state_->n); }

SolveReport Poisson::solve(bool start_from_solution) {
  state_->forget_norms(state_->b.get());
  state_->forget_norms(state_->x.get());
  return state_->solve(start_from_solution);
}

void Poisson::apply_operator(const double* x, double* y) { state_->apply(x, y); }

std::string Poisson::describe() const {
  KSPType type = nullptr;
  check_petsc(KSPGetType(state_->ksp.get(), &type));
  return fmt::format("{} with {}", type, state_->preconditioner_text);
}

}  // namespace haloscope
