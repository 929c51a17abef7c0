// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file phases.hpp
/// Where the time of a step goes: exclusive phases, read from the one clock, MPI_Wtime.
///
/// Entering a phase stops the phase around it, so the phases of a step are disjoint and sum to the step; what no phase
/// claims is Phase::other. Each change of phase costs one MPI_Wtime and one MPI_Pcontrol (about 50 ns together), so
/// phases wrap kernels, never cells. The MPI part of each phase comes from the interconnect library through
/// MPI_Pcontrol (the protocol: solver/interconnect/README.md); without that library it is NaN.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace haloscope {

enum class Phase : int {
  other,       ///< inside the step, claimed by no other phase
  halo,        ///< pack, exchange, wait and unpack of ghost cells, whoever asks
  momentum,    ///< advection, diffusion, body force, boundary values
  projection,  ///< divergence and pressure gradient
  krylov,      ///< PETSc's vectors and dot products
  stencil,     ///< the 7-point operator
  smoother,    ///< multigrid: smoothing and transfers on fine levels
  coarse,      ///< multigrid: agglomeration and the levels on fewer ranks
  monitor,     ///< time-step limits, norms, energies
};
inline constexpr int n_phases = 9;
[[nodiscard]] std::string_view name(Phase phase) noexcept;

template <class T>
using PerPhase = std::array<T, n_phases>;

/// One step of one rank. Times in [s].
struct StepTimes {
  double start = 0;    ///< MPI_Wtime when the step began [s]
  double seconds = 0;  ///< [s]
  PerPhase<double> phase_seconds{};
  PerPhase<double> point_to_point_seconds{};  ///< NaN without the interconnect library [s]
  PerPhase<double> collective_seconds{};      ///< likewise
  PerPhase<std::int64_t> messages{};          ///< messages sent; -1 without the interconnect library
  PerPhase<std::int64_t> bytes{};
  PerPhase<std::int64_t> collectives{};
};

/// The phase clock of this rank. Not collective. One thread only.
class PhaseClock {
 public:
  PhaseClock() noexcept;
  void begin_step();
  /// Ends the step begun last and returns its times.
  StepTimes end_step();

 private:
  friend class ScopedPhase;
  Phase enter(Phase phase) noexcept;  ///< returns the phase that was interrupted
  PerPhase<double> seconds_{};
  Phase current_ = Phase::other;
  bool in_step_ = false;
  double last_ = 0, start_ = 0;
  StepTimes before_;  ///< cumulative MPI counters when the step began
};

/// Charges its lifetime to @p phase, less the phases inside it. Outside a step it does nothing.
class ScopedPhase {
 public:
  ScopedPhase(PhaseClock& clock, Phase phase) noexcept : clock_(clock), outer_(clock.enter(phase)) {}
  ~ScopedPhase() { clock_.enter(outer_); }
  ScopedPhase(const ScopedPhase&) = delete;
  ScopedPhase& operator=(const ScopedPhase&) = delete;

 private:
  PhaseClock& clock_;
  Phase outer_;
};

}  // namespace haloscope
