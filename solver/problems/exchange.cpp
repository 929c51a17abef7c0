// SPDX-License-Identifier: BSD-3-Clause
// The bare halo exchange: every step exchanges, for each size of a sweep, the faces of a cubic box on every rank, many
// times over. Before a step ghosts are spoiled, after it they are compared with the numbers of the cells they mirror.
//
// Cost model of one exchange: each rank sends up to six messages of size² cells x fields x 8 bytes. A step's exchanges
// of one size start from a barrier and follow each other without one, so neighbours may run ahead by one exchange at
// most. An axis that one process spans has walls, whatever the case says: a copy within a rank is no message. Only a
// rank alone keeps them, having nothing else.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "haloscope/base/statistics.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/grid/field.hpp"
#include "haloscope/grid/halo.hpp"
#include "haloscope/problems/workload.hpp"

namespace haloscope {

namespace {

constexpr double spoiled = -1;

/// Equal boxes of size³ cells, one a rank.
Decomposition cubes(MPI_Comm comm, PerAxis<int> process_grid, PerAxis<bool> periodic, int size) {
  PerAxis<std::vector<GlobalIndex>> cuts;
  for (std::size_t axis = 0; axis < 3; ++axis)
    for (int piece = 0; piece <= process_grid[axis]; ++piece) cuts[axis].push_back(GlobalIndex{size} * piece);
  const bool alone = process_grid == PerAxis<int>{1, 1, 1};
  for (std::size_t axis = 0; axis < 3; ++axis) periodic[axis] = periodic[axis] && (alone || process_grid[axis] > 1);
  return Decomposition(comm, cuts, periodic);
}

class Sweep {
 public:
  Sweep(MPI_Comm comm, PerAxis<int> process_grid, const Case& settings, int edge, PhaseClock& clock)
      : size(edge),
        decomposition_(cubes(comm, process_grid, settings.periodic, edge)),
        halo_(decomposition_, settings.halo_method, HaloReach::faces, 1, settings.exchange_fields, clock) {
    for (int n = 0; n < settings.exchange_fields; ++n) fields_.emplace_back(decomposition_.local_cells(), 1);
    for (Field<double>& field : fields_) views_.push_back(field.view());
  }

  /// Owned cells get their number in the whole grid, ghosts a value that no cell has.
  void fill() {
    for (std::size_t n = 0; n < views_.size(); ++n)
      for_each_cell([&](PerAxis<LocalIndex> at, bool owned) {
        views_[n](at[0], at[1], at[2]) = owned ? number(at, n) : spoiled;
      });
  }

  void exchange() { halo_.end(halo_.begin(std::span<const FieldView<double>>(views_))); }

  /// Face ghosts that do not hold the number of their cell; beyond a wall they must be untouched.
  [[nodiscard]] double count_errors() const {
    double errors = 0;
    for (std::size_t n = 0; n < views_.size(); ++n)
      for_each_cell([&](PerAxis<LocalIndex> at, bool owned) {
        const Direction step = outside(at);
        if (std::abs(step[0]) + std::abs(step[1]) + std::abs(step[2]) > 1) return;  // edges and corners are not filled
        const bool wall = !owned && decomposition_.neighbour(step) == MPI_PROC_NULL;
        if (views_[n](at[0], at[1], at[2]) != (wall ? spoiled : number(at, n))) ++errors;
      });
    return errors;
  }

  [[nodiscard]] double bytes() const { return static_cast<double>(halo_.bytes()); }
  [[nodiscard]] double bytes_per_message() const { return 8.0 * size * size * static_cast<double>(views_.size()); }
  [[nodiscard]] MPI_Comm comm() const { return decomposition_.comm(); }

  const int size;  ///< cells along an edge

 private:
  /// Calls @p visit for every cell with its ghosts, and whether the rank owns it.
  template <class Visit>
  void for_each_cell(const Visit& visit) const {
    for (LocalIndex k = -1; k <= size; ++k)
      for (LocalIndex j = -1; j <= size; ++j)
        for (LocalIndex i = -1; i <= size; ++i) visit({i, j, k}, outside({i, j, k}) == Direction{});
  }
  [[nodiscard]] Direction outside(PerAxis<LocalIndex> at) const {
    Direction step{};
    for (std::size_t axis = 0; axis < 3; ++axis) step[axis] = at[axis] < 0 ? -1 : at[axis] >= size ? 1 : 0;
    return step;
  }
  /// Exact in a double: below 2⁵³.
  [[nodiscard]] double number(PerAxis<LocalIndex> at, std::size_t field) const {
    const PerAxis<GlobalIndex> n = decomposition_.cells();
    PerAxis<GlobalIndex> whole{};
    for (std::size_t axis = 0; axis < 3; ++axis)
      whole[axis] = (decomposition_.box().begin[axis] + at[axis] + n[axis]) % n[axis];
    const GlobalIndex cell = whole[0] + n[0] * (whole[1] + n[1] * whole[2]);
    return static_cast<double>(cell + static_cast<GlobalIndex>(field) * decomposition_.total_cells());
  }

  Decomposition decomposition_;
  Halo<double> halo_;
  std::vector<Field<double>> fields_;
  std::vector<FieldView<double>> views_;
};

class ExchangeWorkload final : public Workload {
 public:
  ExchangeWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock) : settings_(settings) {
    int ranks = 1;
    check_mpi(MPI_Comm_size(comm, &ranks));
    const GlobalIndex plenty = GlobalIndex{1} << 20;  // a cube, so that the process grid is as cubic as can be
    process_grid_ = choose_process_grid(ranks, {plenty, plenty, plenty}, settings.process_grid);
    for (const int size : settings.exchange_cells) sweeps_.emplace_back(comm, process_grid_, settings, size, clock);
    seconds_.resize(sweeps_.size());
    history_.resize(sweeps_.size());
  }

  std::map<std::string, std::string> attributes() const override {
    double bytes = 0;
    for (const Sweep& sweep : sweeps_) bytes += sweep.bytes() * settings_.exchange_repeats;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_SUM, sweeps_.front().comm()));
    return {{"cells", fmt::format("{} along each edge of every rank's box", fmt::join(settings_.exchange_cells, ", "))},
            {"process_grid", by_axes(process_grid_)},
            {"method", fmt::format("{}, {} exchanges a step and size, {} field{}", name(settings_.halo_method),
                                   settings_.exchange_repeats, settings_.exchange_fields,
                                   settings_.exchange_fields == 1 ? "" : "s")},
            {"work_unit", "bytes sent"},
            {"work_per_step", fmt::format("{:.0f}", bytes)}};
  }

  std::vector<std::string> quantities() const override {
    std::vector<std::string> names;
    for (const Sweep& sweep : sweeps_) names.push_back(fmt::format("exchange_seconds_{}", sweep.size));
    return names;
  }

  void prepare() override {
    for (Sweep& sweep : sweeps_) sweep.fill();
  }

  void step() override {
    for (std::size_t n = 0; n < sweeps_.size(); ++n) {
      check_mpi(MPI_Barrier(sweeps_[n].comm()));
      const double start = MPI_Wtime();
      for (int repeat = 0; repeat < settings_.exchange_repeats; ++repeat) sweeps_[n].exchange();
      seconds_[n] = (MPI_Wtime() - start) / settings_.exchange_repeats;
    }
  }

  /// Seconds per exchange of the slowest rank.
  std::vector<double> outcome() override {
    for (const Sweep& sweep : sweeps_) errors_ += sweep.count_errors();
    std::vector<double> slowest = seconds_;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, slowest.data(), static_cast<int>(slowest.size()), MPI_DOUBLE, MPI_MAX,
                            sweeps_.front().comm()));
    for (std::size_t n = 0; n < sweeps_.size(); ++n) history_[n].push_back(slowest[n]);
    return slowest;
  }

  /// Medians over the steps after warm-up, by bytes of one message.
  std::vector<LineProfile> profiles() override {
    LineProfile profile{"exchange_seconds", {}, {}};
    for (std::size_t n = 0; n < sweeps_.size(); ++n) {
      std::vector<double> values = history_[n];
      const auto warm = std::min<std::int64_t>(settings_.warmup_steps, static_cast<std::int64_t>(values.size()) - 1);
      if (warm > 0) values.erase(values.begin(), values.begin() + warm);
      if (values.empty()) continue;
      profile.coordinate.push_back(sweeps_[n].bytes_per_message());
      profile.value.push_back(upper_median(std::span(values)));
    }
    return {profile};
  }

  double quantity(const std::string& name) override {
    if (name != "ghost_errors") return std::nan("");
    double all = errors_;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_DOUBLE, MPI_SUM, sweeps_.front().comm()));
    return all;
  }

 private:
  const Case& settings_;
  PerAxis<int> process_grid_{};
  std::deque<Sweep> sweeps_;                  // never moved: a halo holds on to its decomposition
  std::vector<double> seconds_;               ///< per exchange, of the last step [s]
  std::vector<std::vector<double>> history_;  ///< the same of the slowest rank, (size, step) [s]
  double errors_ = 0;
};

void add_keys(Schema<Case>& keys) {
  keys.table("exchange",
             "The sweep over message sizes. Only in a case of problem `exchange`, which takes no `grid.cells` and "
             "`grid.length_m`.");
  keys.add("cells", list_of(integer<int>(1, 2048)), &Case::exchange_cells)
      .needed()
      .means("edge lengths of cubic boxes, in cells a rank, swept in this order. For exchange");
  keys.add("fields", integer<int>(1, 64), &Case::exchange_fields).means("fields that share each message");
  keys.add("repeats", integer<int>(1), &Case::exchange_repeats).means("exchanges a step");
}

}  // namespace

const Problem& exchange_problem() {
  static const Problem problem = {
      .name = "exchange",
      .add_keys = add_keys,
      .shared = {"grid.periodic", "grid.process_grid", "halo", "run.end_time_s"},
      .phases = {solver_phases.begin(), solver_phases.end()},
      .quantities = {{.name = "ghost_errors", .not_with_mock = true}},  // which measures packing and promises no ghosts
      .expects_for = {"grid."},
      .make = make_workload_of<ExchangeWorkload>,
  };
  return problem;
}

}  // namespace haloscope
