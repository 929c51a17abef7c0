// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/timing/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/base/statistics.hpp"
#include "haloscope/border/protocol.hpp"
#include "haloscope/settings/toml.hpp"

namespace haloscope {

namespace {

double median(std::vector<double> values) { return upper_median(std::span(values)); }

constexpr int n_bins = 24;  ///< sizes within a factor of four are one bin; the last are of 70 TB
std::size_t bin_of(double bytes) {
  return static_cast<std::size_t>(std::clamp(std::log2(bytes) / 2, 0.0, static_cast<double>(n_bins - 1)));
}

/// What all ranks' pieces of one phase add up to; numbers only, for one reduction.
struct Tally {
  CostSums sums;
  double pieces = 0, seconds = 0;  ///< of all
  struct Bin {
    double bytes = 0, pieces = 0, seconds = 0;
  };
  std::array<Bin, n_bins> bins{};
};
constexpr int tally_numbers = sizeof(Tally) / sizeof(double);

ComputeCost cost_of(const Tally& tally) {
  ComputeCost cost;
  cost.seconds_per_call = fit(tally.sums).per_call;
  for (const Tally::Bin& bin : tally.bins)  // no call can cost more than the pieces of any size do
    if (bin.pieces > 0) cost.seconds_per_call = std::min(cost.seconds_per_call, bin.seconds / bin.pieces);
  double predicted = cost.seconds_per_call * tally.pieces;
  for (const Tally::Bin& bin : tally.bins) {
    if (!(bin.bytes > 0)) continue;
    // The size that sets the cost of a call has nothing left, except rounding.
    const double beyond_calls = std::max(bin.seconds - cost.seconds_per_call * bin.pieces, 0.0);
    cost.bytes.push_back(bin.bytes / bin.pieces);
    cost.seconds_per_byte.push_back(beyond_calls / bin.bytes);
    predicted += beyond_calls;
  }
  if (cost.bytes.empty()) cost.bytes = {1}, cost.seconds_per_byte = {0};
  const double scale = predicted > 0 ? tally.seconds / predicted : 0;
  cost.seconds_per_call *= scale;
  for (double& rate : cost.seconds_per_byte) rate *= scale;
  return cost;
}

std::string section(Phase phase, const ComputeCost& cost, const Tally& tally, double misfit) {
  std::vector<std::string> bytes, rates;
  for (const double b : cost.bytes) bytes.push_back(fmt::format("{:.6g}", b));
  for (const double rate : cost.seconds_per_byte) rates.push_back(fmt::format("{:.4g}", 1e9 * rate));
  return fmt::format(
      "\n[{}]\nseconds_per_call = {:.4g}\nbytes = [{}]\nseconds_per_GB = [{}]\npieces = {:.0f}\nseconds = {:.4g}\n"
      "misfit = {:.3g}\n",
      name(phase), cost.seconds_per_call, fmt::join(bytes, ", "), fmt::join(rates, ", "), tally.pieces, tally.seconds,
      misfit);
}

}  // namespace

void CostSums::add(double bytes, double seconds, double count) noexcept {
  const double weight = count / std::max(seconds, 1e-9);  // by time, of relative distances: n t ((t - line) / t)²
  w += weight;
  wx += weight * bytes;
  wxx += weight * bytes * bytes;
  wy += weight * seconds;
  wxy += weight * bytes * seconds;
}

CostLine fit(const CostSums& s) noexcept {
  CostLine line;
  const double spread = s.w * s.wxx - s.wx * s.wx;
  if (s.wx > 0 && spread > 1e-9 * s.w * s.wxx) {
    line.per_byte = (s.w * s.wxy - s.wx * s.wy) / spread;
    line.per_call = (s.wy - line.per_byte * s.wx) / s.w;
  }
  if (line.per_call <= 0 && s.wxx > 0) line = {s.wxy / s.wxx, 0};
  if (line.per_byte <= 0 && s.w > 0) line = {0, s.wy / s.w};
  return line;
}

void Calibration::work(Phase phase, double bytes) {
  PerPhase<double> computed{}, ideal{};
  MPI_Pcontrol(pcontrol::read_twin, n_phases, computed.data(), ideal.data());
  const auto p = static_cast<std::size_t>(phase);
  if (open_[p].any) this_step_[p][open_[p].bytes].push_back(computed[p] - mark_[p]);
  open_[p] = {true, bytes};
  mark_[p] = computed[p];
}

void Calibration::worked(Phase phase, double bytes) {
  PerPhase<double> computed{}, ideal{};
  MPI_Pcontrol(pcontrol::read_twin, n_phases, computed.data(), ideal.data());
  const auto p = static_cast<std::size_t>(phase);
  require(!open_[p].any, "a phase tells of its pieces of work before them or after them, not both");
  this_step_[p][bytes].push_back(computed[p] - mark_[p]);
  mark_[p] = computed[p];
}

void Calibration::end_step(const StepTimes& times, bool warmup) {
  for (std::size_t p = 0; p < n_phases; ++p) {
    const double now = step_began_[p] + times.compute_seconds[p];
    if (open_[p].any) this_step_[p][open_[p].bytes].push_back(now - mark_[p]);
    open_[p] = {};
    step_began_[p] = mark_[p] = now;
    if (!warmup) {
      seconds_[p] += times.compute_seconds[p];
      for (auto& [bytes, seconds] : this_step_[p]) {
        std::vector<double>& all = pieces_[p][bytes];
        all.insert(all.end(), seconds.begin(), seconds.end());
      }
    }
    this_step_[p].clear();
  }
}

std::string Calibration::model(MPI_Comm comm, const CalibrationFacts& facts, const std::vector<Phase>& needed) const {
  PerPhase<Tally> tallies{};
  for (std::size_t p = 0; p < n_phases; ++p) {
    for (const auto& [bytes, seconds] : pieces_[p]) {
      const auto count = static_cast<double>(seconds.size());
      const double each = median(seconds);
      tallies[p].sums.add(bytes, each, count);
      tallies[p].pieces += count;
      if (!(bytes > 0)) continue;
      Tally::Bin& bin = tallies[p].bins[bin_of(bytes)];
      bin.bytes += bytes * count;
      bin.pieces += count;
      bin.seconds += each * count;
    }
    tallies[p].seconds = seconds_[p];
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, tallies.data(), n_phases * tally_numbers, MPI_DOUBLE, MPI_SUM, comm));

  PerPhase<ComputeCost> costs;
  PerPhase<std::array<double, 2>> squares{};  ///< of relative distances, weighted by time; and that time
  for (std::size_t p = 0; p < n_phases; ++p) {
    const auto phase = static_cast<Phase>(p);
    if (tallies[p].pieces == 0 && std::ranges::find(needed, phase) != needed.end())
      throw UserError(
          fmt::format("--calibrate: no rank computes in phase {}: take a flow with multigrid, or what else has it, on "
                      "2 ranks or more, and more steps than its warm-up",
                      name(phase)));
    if (tallies[p].pieces == 0) continue;
    costs[p] = cost_of(tallies[p]);
    for (const auto& [bytes, seconds] : pieces_[p]) {
      const double each = std::max(median(seconds), 1e-9), time = each * static_cast<double>(seconds.size());
      const double distance = costs[p].seconds(bytes) / each - 1;
      squares[p][0] += time * distance * distance;
      squares[p][1] += time;
    }
  }
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, squares.data(), 2 * n_phases, MPI_DOUBLE, MPI_SUM, comm));

  std::string text =
      "# How long computing takes, by phase: `haloscope run CASE --compute FILE`. Written by --calibrate.\n"
      "# A piece of b bytes takes seconds_per_call + seconds_per_GB(b) b; `misfit` is how far pieces of one size are "
      "from\n"
      "# that, as a share, root mean square by time.\n\n[about]\n";
  for (const auto& [key, value] : facts) text += fmt::format("{} = {}\n", key, toml_of(value));
  for (std::size_t p = 0; p < n_phases; ++p)
    if (tallies[p].pieces > 0)
      text += section(static_cast<Phase>(p), costs[p], tallies[p], std::sqrt(squares[p][0] / squares[p][1]));
  return text;
}

}  // namespace haloscope
