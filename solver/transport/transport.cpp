// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/transport/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "haloscope/base/errors.hpp"
#include "transport/geometry.hpp"
#include "transport/material.hpp"
#include "transport/migration.hpp"
#include "transport/result.hpp"
#include "transport/source.hpp"
#include "transport/tally.hpp"
#include "transport/track.hpp"

namespace haloscope {

namespace {

/// Particles that may wait on one rank, in multiples of those in flight: children, and particles that found no room in
/// a message. Few children wait where the source is not supercritical: the siblings along one line of descent. Each
/// side brings at most one message a round.
constexpr std::size_t waiting_limit = 32, smallest_limit = 100'000;
/// Histories of children between two exchanges, in the same multiples, so that a supercritical source is noticed early.
constexpr std::int64_t children_a_round = 16;
constexpr std::int64_t lost_limit = 100;  ///< in a step; beyond it the run stops

// Bytes that stand for the time of tracking. A segment reads the kind of a cell, its rate and its flux, and writes the
// flux: 8 ns on a core of an EPYC of the fourth generation. The others are in proportion to their times on it: 90 ns a
// collision, 110 ns a history.
constexpr double segment_bytes = 24, collision_bytes = 256, history_bytes = 320;
// Likewise for a cell that is summed into a region: a norm over so many bytes takes as long.
constexpr double summed_cell_bytes = 52;

/// Where the particles of a batch come from: drawn from the source, or one from each site.
struct Supply {
  Source* source = nullptr;
  std::vector<FissionSite>* sites = nullptr;
  double site_weight = 1;
};

}  // namespace

struct Transport::State {
  State(const Decomposition& where, const Case& given, PhaseClock& phases)
      : decomposition(where),
        settings(given.transport),
        clock(phases),
        seed(static_cast<std::uint64_t>(given.seed)),
        materials(settings),
        geometry(where, settings, materials),
        cells(geometry, settings.groups),
        source(geometry, settings, seed),
        tracker(where, settings, materials, geometry, cells, seed),
        migration(where, settings.in_flight, phases),
        regions(regions_of(geometry, settings)),
        region_sums(regions.size()),
        results(settings, regions, source.strength()),
        most_waiting(std::max(waiting_limit * static_cast<std::size_t>(settings.in_flight), smallest_limit)) {}

  static std::vector<Region> regions_of(const Geometry& geometry, const TransportCase& settings) {
    std::vector<Region> all{make_region(geometry, settings, {})};
    for (const TallyRegion& tally : settings.tallies) all.push_back(make_region(geometry, settings, tally));
    return all;
  }

  void start_from_everywhere();
  void run_generation();
  void follow_all(Supply supply);
  void track_round(Supply& supply);
  bool start_one(Supply& supply);
  void empty_bank(std::int64_t& allowed);
  Migration::Totals totals() const;
  bool over(const Migration::Totals& totals);
  void give_up();
  void finish_step();
  [[nodiscard]] bool eigenvalue() const { return settings.mode == TransportMode::eigenvalue; }

  const Decomposition& decomposition;
  const TransportCase& settings;
  PhaseClock& clock;
  std::uint64_t seed;
  MaterialTable materials;
  Geometry geometry;
  CellTallies cells;
  Source source;
  Tracker tracker;
  Migration migration;
  std::vector<Region> regions;  ///< the first is the whole grid
  std::vector<RegionSums> region_sums;
  Results results;

  StepSums last;               ///< over all ranks
  std::vector<double> packed;  ///< memory for its reduction
  std::int64_t steps = 0, rounds = 0, sent_before = 0;
  std::string stopped;
  std::size_t most_waiting;
  bool more = false;     ///< particles of this batch are yet to start
  Particle upcoming{};   ///< the next of them, from a source
  std::size_t left = 0;  ///< the next of them, from sites: how many there are
  // Eigenvalue.
  std::uint32_t generation = 0;
  std::int64_t n_sites = 0;  ///< over all ranks, of the generation that comes; 0 when it comes from the source
  double k = 1;              ///< by which yields are divided
  std::vector<FissionSite> sites;
};

/// The first generation where no source is given: uniform over what can fission.
void Transport::State::start_from_everywhere() {
  TransportCase whole = settings;
  whole.sources = {ParticleSource{}};
  Source candidates(geometry, whole, seed);
  candidates.begin(generation);
  for (Particle p{}; candidates.next(p);) {
    const Geometry::Kind kind = geometry.kinds[static_cast<std::size_t>(geometry.index(p.cell))];
    const int material = geometry.is_mixture(kind) ? geometry.material_at(kind, p.origin) : kind;
    if (materials.produces(material)) sites.push_back({p.origin, child_number(seed, p.number, 0, 0), p.cell, material});
  }
  n_sites = static_cast<std::int64_t>(sites.size());
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &n_sites, 1, MPI_INT64_T, MPI_SUM, decomposition.comm()));
  if (n_sites == 0) throw UserError("material.production_per_cm: no cell holds what produces neutrons: no eigenvalue");
}

void Transport::State::run_generation() {
  tracker.begin(generation, k);
  tracker.sites.clear();
  const double particles = static_cast<double>(settings.particles);
  if (n_sites == 0) {
    source.begin(generation);
    follow_all({.source = &source});
  } else {
    follow_all({.sites = &sites, .site_weight = particles / static_cast<double>(n_sites)});
  }
  if (!stopped.empty()) return;
  // The k of this generation by its whole numbers: the same on any number of ranks.
  k *= static_cast<double>(n_sites) / particles;
  std::swap(sites, tracker.sites);
  ++generation;
  if (n_sites == 0) stopped = fmt::format("no neutron was born in generation {}: the chain has died out", generation);
}

bool Transport::State::start_one(Supply& supply) {
  if (!more) return false;
  double weight = supply.site_weight;
  if (supply.source != nullptr) {
    weight = upcoming.weight;
    Particle particle = upcoming;
    more = supply.source->next(upcoming);
    tracker.follow(particle);
  } else {
    tracker.follow((*supply.sites)[--left], weight);
    more = left > 0;
  }
  ++tracker.sums.counts.histories;
  tracker.sums.started += weight;
  return true;
}

void Transport::State::empty_bank(std::int64_t& allowed) {
  while (!tracker.bank.empty() && allowed > 0 && tracker.bank.size() <= most_waiting) {
    Particle child = tracker.bank.back();
    tracker.bank.pop_back();
    tracker.follow(child);
    --allowed;
  }
}

void Transport::State::track_round(Supply& supply) {
  ScopedPhase phase(clock, Phase::track);
  const TransportCounts before = tracker.sums.counts;
  for (std::size_t side = 0; side < n_sides; ++side)
    for (Particle& particle : migration.arrived(side)) tracker.follow(particle);
  migration.forget();
  std::int64_t children = std::max<std::int64_t>(children_a_round * settings.in_flight, 1000);
  empty_bank(children);
  std::int64_t room = settings.in_flight;
  for (const auto& waiting : tracker.outgoing) room -= static_cast<std::int64_t>(waiting.size());
  for (; room > 0 && tracker.bank.empty() && start_one(supply); --room) empty_bank(children);
  const TransportCounts& after = tracker.sums.counts;
  clock.worked(segment_bytes * static_cast<double>(after.segments - before.segments) +
               collision_bytes * static_cast<double>(after.collisions - before.collisions) +
               history_bytes * static_cast<double>(after.histories - before.histories));
}

Migration::Totals Transport::State::totals() const {
  std::size_t waiting = tracker.bank.size();
  for (const auto& out : tracker.outgoing) waiting += out.size();
  const TransportCounts& counts = tracker.sums.counts;
  return {static_cast<std::int64_t>(waiting) + (more ? 1 : 0),
          eigenvalue() ? static_cast<std::int64_t>(tracker.sites.size()) : counts.secondaries, counts.lost,
          waiting > most_waiting && counts.secondaries > static_cast<std::int64_t>(most_waiting) ? 1 : 0};
}

/// Nothing is left to track, or it is not worth tracking.
bool Transport::State::over(const Migration::Totals& all) {
  const auto [in_flight, born, lost, overflows] = all;
  const double particles = static_cast<double>(settings.particles);
  if (overflows > 0 || (!eigenvalue() && static_cast<double>(born) > settings.population_limit * particles))
    stopped =
        fmt::format("the source is supercritical: in step {} its {} particles had {} descendants, and more without end",
                    steps + 1, settings.particles, born);
  else if (lost > lost_limit)
    stopped = fmt::format("{} particles were lost in step {}", lost, steps + 1);
  if (eigenvalue()) n_sites = born;
  return in_flight == 0 || !stopped.empty();
}

void Transport::State::give_up() {
  for (auto& waiting : tracker.outgoing) waiting.clear();
  tracker.bank.clear();
  migration.forget();
}

/// Tracks one batch on all ranks: rounds of tracking and exchange until nothing is in flight anywhere.
void Transport::State::follow_all(Supply supply) {
  left = supply.sites != nullptr ? supply.sites->size() : 0;
  more = supply.source != nullptr ? supply.source->next(upcoming) : left > 0;
  const bool alone = decomposition.ranks() == 1;
  for (bool begun = false;; begun = !alone) {
    track_round(supply);
    ++rounds;
    if (alone ? over(totals()) : begun && over(migration.end_sum())) break;
    if (alone) continue;
    migration.begin_sum(totals());
    migration.exchange(tracker.outgoing);
  }
  if (!stopped.empty()) give_up();
}

void Transport::State::finish_step() {
  const bool active = stopped.empty() && (!eigenvalue() || steps >= settings.inactive_steps);
  {
    ScopedPhase phase(clock, Phase::monitor);
    double summed = 0;
    for (const Region& region : regions) summed += region.cells();
    clock.work(cells.bytes() + summed_cell_bytes * summed);
    for (std::size_t r = 0; r < regions.size(); ++r) region_sums[r] = sum_over(regions[r], geometry, materials, cells);
    cells.fold(active);
  }
  tracker.sums.migrations = migration.sent() - sent_before;
  sent_before = migration.sent();
  last = tracker.sums;
  {
    ScopedPhase phase(clock, Phase::reduce);
    reduce_sums(decomposition.comm(), last, region_sums, packed);
  }
  if (stopped.empty()) results.add(last, region_sums, active);
  tracker.sums = {};
  ++steps;
}

Transport::Transport(const Decomposition& decomposition, const Case& settings, PhaseClock& clock)
    : state_(std::make_unique<State>(decomposition, settings, clock)) {
  const TransportCase& transport = settings.transport;
  for (std::size_t side = 0; side < n_sides; ++side)
    require((transport.boundaries[side] == Boundary::periodic) == decomposition.periodic()[side / 2],
            "a decomposition that is periodic where the boundaries are");
  require(transport.particles > 0 && transport.in_flight > 0, "particles, and room for them");
  if (!transport.sources.empty()) return;
  if (transport.mode == TransportMode::fixed_source) throw UserError("source: a fixed-source case needs one");
  state_->start_from_everywhere();
}

Transport::~Transport() = default;

void Transport::step() {
  State& state = *state_;
  require(state.stopped.empty(), "no step after the run has stopped");
  state.rounds = 0;
  if (state.eigenvalue()) {
    for (int n = 0; n < state.settings.generations_per_step && state.stopped.empty(); ++n) state.run_generation();
  } else {
    const auto batch = static_cast<std::uint32_t>(state.steps);
    state.tracker.begin(batch, 1);
    state.source.begin(batch);
    state.follow_all({.source = &state.source});
  }
  state.finish_step();
}

const TransportCounts& Transport::counts() const noexcept { return state_->last.counts; }
std::int64_t Transport::rounds() const noexcept { return state_->rounds; }
std::int64_t Transport::migrations() const noexcept { return state_->last.migrations; }
double Transport::k_of_step() const noexcept { return state_->results.k_of_step(); }
const std::string& Transport::stopped() const noexcept { return state_->stopped; }
Estimate Transport::estimate(const std::string& name) const { return state_->results.estimate(name); }

std::string Transport::lost_positions() const {
  constexpr std::size_t shown = 4, numbers = 3;
  const MPI_Comm comm = state_->decomposition.comm();
  std::array<double, shown * numbers> own;
  own.fill(std::nan(""));
  const std::vector<LostParticle>& lost = state_->tracker.lost;
  int n = static_cast<int>(std::min(lost.size(), shown));
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
    std::ranges::copy(lost[i].position, own.begin() + static_cast<std::ptrdiff_t>(numbers * i));
  // Of the first rank that lost any.
  const int ranks = state_->decomposition.ranks(), rank = state_->decomposition.rank();
  int first = n > 0 ? rank : ranks;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm));
  if (first == ranks) return {};
  check_mpi(MPI_Bcast(&n, 1, MPI_INT, first, comm));
  check_mpi(MPI_Bcast(own.data(), static_cast<int>(own.size()), MPI_DOUBLE, first, comm));
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
    texts.push_back(
        fmt::format("({:.6g}, {:.6g}, {:.6g})", own[numbers * i], own[numbers * i + 1], own[numbers * i + 2]));
  return fmt::format("{} cm", fmt::join(texts, ", "));
}

std::vector<double> Transport::cell_flux(int group) const {
  const Geometry& geometry = state_->geometry;
  const double* const sums = state_->cells.total_flux(group);
  const double scale = state_->results.scale() / geometry.cell_volume() /
                       static_cast<double>(std::max<std::int64_t>(state_->cells.kept(), 1));
  std::vector<double> flux;
  for (GlobalIndex k = geometry.box.begin[2]; k < geometry.box.end[2]; ++k)
    for (GlobalIndex j = geometry.box.begin[1]; j < geometry.box.end[1]; ++j)
      for (GlobalIndex i = geometry.box.begin[0]; i < geometry.box.end[0]; ++i)
        flux.push_back(scale * sums[geometry.index({static_cast<std::int32_t>(i), static_cast<std::int32_t>(j),
                                                    static_cast<std::int32_t>(k)})]);
  return flux;
}

}  // namespace haloscope
