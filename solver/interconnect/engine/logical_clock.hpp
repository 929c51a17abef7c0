// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file logical_clock.hpp
/// The clock of this rank, and beside it the clock it would have on the ideal network.
///
/// Virtual: between two calls into MPI the clock advances by the CPU time of the thread, or by what the program
/// announces; detours of the host stretch it. Inside the library it advances by the model alone: the library's own time
/// never enters. We time computing by the time-stamp counter: it is read last before the program goes on, and first
/// when it calls. Reading the thread's CPU clock costs an uneven 0.2 to 0.4 us. It is read only after more than 2 us,
/// to notice that the thread lost its core; then its time counts, less what a reading costs.
///
/// Real: the wall clock, aligned between nodes; leave() holds the program back until the time the call has in the
/// model. In a row of calls that wait for nobody, messages leave as if the library had taken no time in the calls
/// before: six at once are in flight together, though to post them takes a microsecond. Detours of a computing stretch
/// come at its end, in the next call.
///
/// The ideal twin advances by the same computing without detours, and waits only for the ranks it depends on. With
/// announced computing it is, to the bit, the clock of the same run on a network that takes no time.
#include "haloscope/network/detours.hpp"
#include "interconnect/engine/settings.hpp"

namespace haloscope::interconnect {

/// A time on both clocks.
struct Moment {
  Time time = 0;   ///< on the modelled network
  Time ideal = 0;  ///< on the ideal one
  friend bool operator==(const Moment&, const Moment&) = default;
};

/// The later of each.
[[nodiscard]] inline Moment later(const Moment& a, const Moment& b) noexcept {
  return {a.time > b.time ? a.time : b.time, a.ideal > b.ideal ? a.ideal : b.ideal};
}

class Clock {
 public:
  /// @p rank keys the detours. Real time: reads wall time plus @p offset at once.
  void start(const Settings& settings, int rank);

  void enter() noexcept;  ///< the program calls MPI: what it computed since leave() goes onto the clock
  void leave() noexcept;  ///< … and goes on. Real: not before the call's time is over
  /// Computing that the program announces; nothing where CPU time counts. [ps]
  void announce(Time work) noexcept;

  /// Inside the library: where the clock stands. Real: the wall clock at enter() and what the model has added since.
  [[nodiscard]] Moment now() const noexcept { return now_; }
  /// Inside: when a message leaves that is sent now. Real: earlier than now() by what the library itself has taken.
  [[nodiscard]] Time departs() const noexcept { return now_.time - behind_; }
  /// Inside: the processor is busy for @p cost with the network (an overhead o); nothing on the ideal clock. Real:
  /// spins.
  void spend(Time cost) noexcept;
  /// Inside: waits until @p moment, on each clock if it is later than now.
  void wait_until(const Moment& moment) noexcept;

  /// Inside: a call has waited for others, so what is sent next leaves after it: the row of calls before it is over.
  void end_row() noexcept {
    behind_ = 0;
    row_ended_ = true;
  }
  /// Real: stops the program for the detours that have come due while it computed, as enter() does. Before it reads the
  /// time: a loop that reads nothing but the clock would never see them.
  void make_up_detours() noexcept {
    if (detours_.any()) enter();
  }
  /// Virtual: what MPI_Wtime reads, called from outside. [ps]
  [[nodiscard]] Time read() noexcept;
  [[nodiscard]] Time computed() const noexcept { return computed_; }  ///< since start(), undisturbed

  [[nodiscard]] Time wall() const noexcept;  ///< real: of this host, aligned
  /// Real: what to add to this host's wall clock to read rank 0's: aligned = wall + offset + drift * (wall - since).
  void align(Time offset, double drift, Time since) noexcept;

 private:
  [[nodiscard]] Time cpu() const noexcept;
  void compute(Time work) noexcept;
  Time hold() const noexcept;  ///< returns the wall clock
  /// Virtual, CPU time: the program goes on from here.
  void mark() noexcept;
  /// … what it has computed since then goes onto the clock, if it is not there yet. True when that was so brief that
  /// the CPU clock was not read.
  bool catch_up() noexcept;
  void check() noexcept;  ///< that neither clock went back since the last check

  Mode mode_ = Mode::record;
  bool announced_ = false;
  Moment now_, checked_;
  Time mark_ = 0;             ///< CPU clock when the program went on
  long long tick_mark_ = 0;   ///< the stopwatch then
  Time counted_ = 0;          ///< of the stretch since then, what is on the clock
  double tick_ = 0;           ///< of the stopwatch [ps]
  long long ticks_cost_ = 0;  ///< of the stopwatch, between two readings
  Time reading_cost_ = 0;     ///< of the CPU clock, between two readings
  Time computed_ = 0;
  Detours detours_;
  Time left_wall_ = 0, left_program_ = 0;  ///< real: when the program went on, by the wall clock and by its own time
  Time behind_ = 0;                        ///< real: of its own time behind the wall clock
  bool row_ended_ = false;                 ///< real: in this call
  Time origin_ = 0, offset_ = 0, since_ = 0;
  double drift_ = 0;
};

}  // namespace haloscope::interconnect
