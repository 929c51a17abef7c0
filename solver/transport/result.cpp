// SPDX-License-Identifier: BSD-3-Clause
#include "transport/result.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

/// Every number of a step in one order, each a double: whole ones are exact up to 2⁵³.
class Packed {
 public:
  explicit Packed(std::vector<double>& memory, bool out) : memory_(memory), out_(out) {}
  void pass(double& value) {
    if (out_)
      memory_.push_back(value);
    else
      value = memory_[at_++];
  }
  void pass(std::int64_t& value) {
    double real = static_cast<double>(value);
    pass(real);
    value = static_cast<std::int64_t>(real);
  }

 private:
  std::vector<double>& memory_;
  bool out_;
  std::size_t at_ = 0;
};

void pass_all(Packed packed, StepSums& sums, std::span<RegionSums> regions) {
  TransportCounts& c = sums.counts;
  // The fingerprint wraps around 2⁶⁴; the sums of its halves are exact.
  auto low = static_cast<std::int64_t>(sums.fingerprint & 0xffffffff);
  auto high = static_cast<std::int64_t>(sums.fingerprint >> 32);
  packed.pass(low);
  packed.pass(high);
  sums.fingerprint = static_cast<std::uint64_t>(low) + (static_cast<std::uint64_t>(high) << 32);
  c.fingerprint = static_cast<std::int64_t>(sums.fingerprint);
  for (auto* const count : {&c.histories, &c.secondaries, &c.segments, &c.collisions, &c.absorbed, &c.leaked,
                            &c.rouletted, &c.lost, &c.fission_sites, &sums.migrations})
    packed.pass(*count);
  for (auto* const weight :
       {&sums.started, &sums.born, &sums.absorbed, &sums.roulette_gain, &sums.roulette_loss, &sums.lost})
    packed.pass(*weight);
  for (double& weight : sums.leaked) packed.pass(weight);
  for (RegionSums& r : regions)
    for (auto* const sum : {&r.flux, &r.flux_by_collisions, &r.absorption, &r.production, &r.production_by_collisions})
      packed.pass(*sum);
}

}  // namespace

void reduce_sums(MPI_Comm comm, StepSums& sums, std::span<RegionSums> regions, std::vector<double>& memory) {
  memory.clear();
  pass_all(Packed(memory, true), sums, regions);
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, memory.data(), static_cast<int>(memory.size()), MPI_DOUBLE, MPI_SUM, comm));
  pass_all(Packed(memory, false), sums, regions);
}

Results::Results(const TransportCase& settings, const std::vector<Region>& regions, double strength)
    : eigenvalue_(settings.mode == TransportMode::eigenvalue) {
  const double particles = static_cast<double>(settings.particles);
  scale_ = eigenvalue_ ? 1 / (particles * settings.generations_per_step) : strength / particles;
  const auto name = [&](const std::string& text) { at_.emplace(text, at_.size()); };
  name("k_effective");
  name("k_effective_by_collisions");
  name("leakage");
  name("absorption");
  for (const char* const side : side_names) name(std::string("leakage_") + side);
  for (const Region& region : regions) {
    volumes_.push_back(region.volume);
    for (const char* const what : {"flux:", "flux_by_collisions:", "absorption:", "production:"})
      name(what + region.name);
  }
  values_.resize(at_.size());
  means_.resize(at_.size());
}

void Results::add(const StepSums& sums, std::span<const RegionSums> regions, bool active) {
  const double leaked = std::accumulate(sums.leaked.begin(), sums.leaked.end(), 0.0);
  const double in = sums.started + sums.born + sums.roulette_gain;
  const double out = sums.absorbed + leaked + sums.roulette_loss + sums.lost;
  worst_balance_ = std::max(worst_balance_, std::abs(in - out) / sums.started);
  lost_ += static_cast<double>(sums.counts.lost);
  k_of_step_ = eigenvalue_ ? regions[0].production * scale_ : std::nan("");
  if (!active) return;
  std::size_t at = 0;
  values_[at++] = k_of_step_;
  values_[at++] = eigenvalue_ ? regions[0].production_by_collisions * scale_ : std::nan("");
  values_[at++] = leaked * scale_;
  values_[at++] = sums.absorbed * scale_;
  for (const double weight : sums.leaked) values_[at++] = weight * scale_;
  for (std::size_t r = 0; r < regions.size(); ++r) {
    values_[at++] = regions[r].flux * scale_ / volumes_[r];
    values_[at++] = regions[r].flux_by_collisions * scale_ / volumes_[r];
    values_[at++] = regions[r].absorption * scale_;
    values_[at++] = regions[r].production * scale_;
  }
  require(at == values_.size(), "a value for each name");
  for (std::size_t n = 0; n < at; ++n) means_[n].add(values_[n]);
}

Estimate Results::estimate(const std::string& name) const {
  if (name == "balance_error") return {worst_balance_, std::nan("")};
  if (name == "lost_particles") return {lost_, std::nan("")};
  const auto found = at_.find(name);
  return found == at_.end() ? Estimate{std::nan(""), std::nan("")} : means_[found->second].estimate();
}

}  // namespace haloscope
