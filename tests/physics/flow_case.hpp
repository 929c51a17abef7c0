// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// A case built in code, the flow it describes on all ranks, and norms over all ranks.
#include <mpi.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "haloscope/base/errors.hpp"
#include "haloscope/flow/flow.hpp"
#include "petsc.hpp"

namespace haloscope::testing {

inline Case flow_case(PerAxis<GlobalIndex> cells, PerAxis<double> length, PerAxis<bool> periodic) {
  Case c;
  c.cells = cells;
  c.length_m = length;
  c.periodic = periodic;
  c.viscosity_m2_per_s = 0.01;
  c.tolerance = 1e-11;
  c.precision = Precision::double_;
  c.file = "test.toml";
  return c;
}

/// A flow with the decomposition and clock it needs. Not movable: the flow points at both.
struct Laboratory {
  explicit Laboratory(const Case& settings, MPI_Comm comm = MPI_COMM_WORLD)
      : petsc_started((start_petsc(), true)),
        where(comm, settings.cells, settings.periodic, settings.process_grid),
        flow(where, settings, clock) {}
  Laboratory(const Laboratory&) = delete;

  FlowStep run(double end_time) {
    FlowStep last;
    while (flow.time() < end_time) last = flow.step(end_time);
    return last;
  }
  FlowStep run_steps(int steps) {
    FlowStep last;
    for (int s = 0; s < steps; ++s) last = flow.step(std::numeric_limits<double>::infinity());
    return last;
  }
  /// Calls @p visit(value, i, j, k) for each owned value of a component, with local indices.
  void visit(int component, const std::function<void(double, int, int, int)>& visitor) const {
    const FieldView<const double> f = flow.component(component);
    for (int k = 0; k < f.cells[2]; ++k)
      for (int j = 0; j < f.cells[1]; ++j)
        for (int i = 0; i < f.cells[0]; ++i) visitor(f(i, j, k), i, j, k);
  }
  [[nodiscard]] double mean(int component) const {
    double sum = 0;
    visit(component, [&](double value, int, int, int) { sum += value; });
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, where.comm());
    return sum / static_cast<double>(where.total_cells());
  }

  bool petsc_started;
  PhaseClock clock;
  Decomposition where;
  Flow flow;
};

/// The largest |a - b| of a component over all ranks; @p b may own the whole grid on each rank.
inline double greatest_difference(const Laboratory& a, const Laboratory& b, int component) {
  const FieldView<const double> other = b.flow.component(component);
  const Box mine = a.where.box(), theirs = b.where.box();
  PerAxis<int> shift{};
  for (std::size_t d = 0; d < 3; ++d) shift[d] = static_cast<int>(mine.begin[d] - theirs.begin[d]);
  double greatest = 0;
  a.visit(component, [&](double value, int i, int j, int k) {
    greatest = std::max(greatest, std::abs(value - other(i + shift[0], j + shift[1], k + shift[2])));
  });
  MPI_Allreduce(MPI_IN_PLACE, &greatest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return greatest;
}

/// What a UserError says; empty when @p action throws none.
inline std::string user_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace haloscope::testing
