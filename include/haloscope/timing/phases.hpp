// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file phases.hpp
/// Where the time of a step goes: exclusive phases, read from the one clock, MPI_Wtime.
///
/// Entering a phase stops the phase around it, so the phases of a step are disjoint and sum to the step; what no phase
/// claims is Phase::other. Each change of phase costs one MPI_Wtime and one MPI_Pcontrol (about 50 ns together), so
/// phases wrap kernels, never cells. The MPI part of each phase comes from the interconnect library through
/// MPI_Pcontrol (the protocol: solver/interconnect/README.md); without that library it is NaN. Between steps nothing is
/// measured, and where the network is modelled its clocks stand still.
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
  monitor,     ///< time-step limits, norms, energies; the tallies of a batch, folded and summed by region
  track,       ///< Monte Carlo: following particles, scoring as they go
  migrate,     ///< Monte Carlo: packing, sending and unpacking particles that left the box of their rank
  price,       ///< Monte Carlo: paths of prices, in a case of problem option
  burst,       ///< computing between reductions, in a case of problem allreduce
  wait,        ///< waiting for messages of neighbours, or for reductions that were begun before
  reduce,      ///< reductions over all ranks: particles in flight, sums of tallies, prices, gradients
};
inline constexpr int n_phases = 15;
[[nodiscard]] std::string_view name(Phase phase) noexcept;

/// Those of the flow solver and its parts, and of a program that is not ours.
inline constexpr std::array solver_phases = {Phase::other,      Phase::halo,   Phase::momentum,
                                             Phase::projection, Phase::krylov, Phase::stencil,
                                             Phase::smoother,   Phase::coarse, Phase::monitor};

template <class T>
using PerPhase = std::array<T, n_phases>;

/// One step of one rank. Times in [s].
struct StepTimes {
  double start = 0;    ///< MPI_Wtime when the step began [s]
  double seconds = 0;  ///< [s]
  PerPhase<double> phase_seconds{};
  PerPhase<double> point_to_point_seconds{};  ///< NaN without the interconnect library [s]
  PerPhase<double> collective_seconds{};      ///< likewise
  PerPhase<double> compute_seconds{};  ///< computing, undisturbed by detours; NaN unless the clock is virtual [s]
  PerPhase<double> ideal_seconds{};    ///< what the phase took on the ideal network; likewise
  PerPhase<std::int64_t> messages{};   ///< messages sent; -1 without the interconnect library
  PerPhase<std::int64_t> bytes{};
  PerPhase<std::int64_t> collectives{};
};

/// Hears of every piece of computing in a step, when it begins or ends, as the bytes that it moves between processor
/// and memory. Each array counts once, and a store counts with the read of its line. For announcing computing, or
/// calibrating it.
class WorkListener {
 public:
  virtual ~WorkListener() = default;
  virtual void work(Phase phase, double bytes) = 0;
  /// The same of a piece whose size is known only when it ends: it began where the one before it ended, or the step.
  virtual void worked(Phase phase, double bytes) = 0;
};

/// The phase clock of this rank. Not collective. One thread only.
class PhaseClock {
 public:
  PhaseClock() noexcept;
  void begin_step();
  /// Ends the step begun last and returns its times. Pauses.
  StepTimes end_step();

  /// Until go_on() or the next step, MPI calls and computing are set-up, checks and records: neither measured nor
  /// modelled. A message sent in a pause must be received in a pause.
  static void pause() noexcept;
  static void go_on() noexcept;

  /// @p listener must outlive the clock's last step; null: nobody.
  void listen(WorkListener* listener) noexcept { listener_ = listener; }
  /// What follows in this phase moves so many bytes. One branch where nobody listens.
  void work(double bytes) {
    if (listener_ != nullptr && in_step_) listener_->work(current_, bytes);
  }

  /// What this phase has done since its last piece, or since the step began, moved so many bytes. In one step a phase
  /// tells of its pieces either so or by work(), not both; Phase::other by work().
  void worked(double bytes) {
    if (listener_ != nullptr && in_step_) listener_->worked(current_, bytes);
  }

 private:
  friend class ScopedPhase;
  Phase enter(Phase phase) noexcept;  ///< returns the phase that was interrupted
  PerPhase<double> seconds_{};
  Phase current_ = Phase::other;
  bool in_step_ = false;
  double last_ = 0, start_ = 0;
  StepTimes before_;  ///< cumulative counters of the interconnect library when the step began
  WorkListener* listener_ = nullptr;
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
