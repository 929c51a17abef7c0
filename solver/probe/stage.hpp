// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file stage.hpp
/// Inside the probe: who may speak when, for how long, and what is said behind the scenes.
///
/// Time is counted by the clocks of those who measure: on a modelled network the logical clocks of the others stand
/// still meanwhile.
#include <mpi.h>

#include <span>
#include <string>
#include <vector>

#include "haloscope/base/handles.hpp"
#include "haloscope/base/live_line.hpp"
#include "haloscope/border/asked_network.hpp"
#include "haloscope/border/protocol.hpp"

namespace haloscope {

/// While it lives the interconnect library models and counts nothing (solver/interconnect/README.md, level 0 and 1).
/// All ranks must be behind the scenes around the same messages; not to be nested.
class BehindTheScenes {
 public:
  BehindTheScenes() { MPI_Pcontrol(pcontrol::pause); }
  ~BehindTheScenes() { MPI_Pcontrol(pcontrol::go_on); }
  BehindTheScenes(const BehindTheScenes&) = delete;
  BehindTheScenes& operator=(const BehindTheScenes&) = delete;
};

class Stage {
 public:
  /// Collective over @p world. @p parts is the sum of the weights of all parts to come.
  Stage(MPI_Comm world, const Network& network, double seconds, double parts);

  [[nodiscard]] MPI_Comm comm() const noexcept { return comm_.get(); }
  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int ranks() const noexcept { return ranks_; }
  [[nodiscard]] double clock_step() const noexcept { return clock_step_; }
  [[nodiscard]] double clock_cost() const noexcept { return clock_cost_; }

  /// A part begins. It gets the share of the time left that @p weight is of the weights left. Collective.
  void begin(const std::string& what, double weight);
  /// Until the part should end; the same on all ranks. [s]
  [[nodiscard]] double left() const noexcept { return end_ - spent_; }
  [[nodiscard]] double spent() const noexcept { return spent_; }

  /// All ranks sleep here until the last has come: who has nothing to measure goes here. @p greatest becomes the
  /// greatest over all ranks, value by value. Collective.
  void meet(std::span<double> greatest = {});
  /// Brings @p values of @p rank to rank 0. Collective.
  [[nodiscard]] std::vector<double> bring(int rank, std::vector<double> values) const;
  /// Those of every rank on rank 0. Collective.
  [[nodiscard]] std::vector<std::vector<double>> gather(const std::vector<double>& values) const;

  [[nodiscard]] std::vector<std::string> gather(const std::string& text) const;

  /// Until this rank's clock shows @p time.
  void wait_until(double time) const;
  /// The clock, read by a computing rank: native, nothing else is done; where the clock moves by the CPU time of
  /// programs there is a little to compute, and where it only moves when told, that is announced: 100 ns each.
  [[nodiscard]] double read_while_computing() const { return read_after(work_a_reading); }
  [[nodiscard]] bool clock_moves_when_told() const noexcept { return moves_ == Moves::when_told; }

  /// The live line: what goes on and how much time has gone, at most five times a second. @p since_meeting [s]
  void show(double since_meeting = 0);

 private:
  Communicator comm_;
  int rank_ = 0, ranks_ = 1;
  enum class Moves { by_itself, by_computing, when_told };
  static constexpr double work_a_reading = 1e-7;  ///< [s]
  [[nodiscard]] double read_after(double work) const;
  Moves moves_ = Moves::by_itself;  ///< the clock
  double clock_step_ = 0, clock_cost_ = 0;
  double seconds_, parts_, end_ = 0, spent_ = 0, met_ = 0;
  LiveLine line_;
  std::string what_;
  double drawn_at_ = -1;
};

/// The node of each rank, numbered by their lowest ranks: by shared memory, or as modelled. Collective.
[[nodiscard]] std::vector<int> nodes_of(MPI_Comm comm, const Network& network);

}  // namespace haloscope
