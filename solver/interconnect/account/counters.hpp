// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file counters.hpp
/// What has been counted, by phase: the library's one state.
///
/// Slot 0 takes what happens outside every phase, the last one what happens while recording is off, and is never read.
/// So a call is charged without a branch. With MPI_THREAD_MULTIPLE a lock guards the state and all threads share the
/// current phase; without it the lock costs one predictable branch.
#include <mpi.h>

#include <array>
#include <cstddef>
#include <mutex>

#include "interconnect/account/honesty.hpp"
#include "interconnect/account/request_table.hpp"
#include "interconnect/account/stopwatch.hpp"

namespace haloscope::interconnect {

enum class Kind { point_to_point, collective };

inline constexpr int max_phases = 32;

struct Counters {
  double point_to_point_seconds = 0, collective_seconds = 0;  ///< settled so far [s]
  long long point_to_point_ticks = 0, collective_ticks = 0;   ///< of the stopwatch, not settled yet
  long long messages = 0, bytes = 0, collectives = 0;
  long long compute = 0, ideal = 0;  ///< virtual time: computing, and the phase on the ideal clock [ps]

  void charge(Kind kind, long long ticks) noexcept {
    (kind == Kind::collective ? collective_ticks : point_to_point_ticks) += ticks;
  }
  /// Ticks become seconds once, at the rate then known: a rate that sharpens later does not change the past.
  void settle(double seconds_per_tick) noexcept {
    point_to_point_seconds += static_cast<double>(point_to_point_ticks) * seconds_per_tick;
    collective_seconds += static_cast<double>(collective_ticks) * seconds_per_tick;
    point_to_point_ticks = collective_ticks = 0;
  }
};

struct State {
  std::array<Counters, max_phases + 2> slots{};
  int phase = -1;  ///< announced by MPI_Pcontrol; -1: outside
  bool recording = true;
  bool described = false;        ///< the program asked which network this is, so it tells its user itself
  bool several_threads = false;  ///< MPI_THREAD_MULTIPLE was granted
  Stopwatch stopwatch;
  RequestTable requests;
  Honesty honesty;
  long long ideal_charged = 0, compute_charged = 0;  ///< virtual time: to phases so far [ps]
  std::mutex mutex;

  [[nodiscard]] Counters& slot() noexcept {
    const bool named = phase >= 0 && phase < max_phases;
    return slots[static_cast<std::size_t>(!recording ? max_phases + 1 : named ? phase + 1 : 0)];
  }
};

/// Never destroyed: libraries may call MPI from their own exit handlers.
extern State& state;

/// True while this thread is inside a wrapped call.
extern constinit thread_local bool inside __attribute__((tls_model("initial-exec")));

/// Guards `state` where several threads may be in MPI. Never held across an MPI call.
class Lock {
 public:
  Lock() noexcept {
    if (state.several_threads) lock_ = std::unique_lock(state.mutex);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

/// [bytes]
inline long long size_of(long long count, MPI_Datatype type) noexcept {
  MPI_Count size = 0;
  PMPI_Type_size_x(type, &size);
  return count * static_cast<long long>(size);
}

}  // namespace haloscope::interconnect
