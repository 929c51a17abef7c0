// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "haloscope/case/kinds.hpp"
#include "haloscope/transport/settings.hpp"

namespace haloscope {

namespace {

void add_transport(Schema<Case>& keys) {
  keys.table("transport",
             "Neutral particles by Monte Carlo. Each flies straight between collisions. Ranks divide the grid among "
             "themselves, and counts are kept on its cells. Lengths are in cm, cross-sections in 1/cm. Only in a case "
             "of problem `transport`, with the tables up to `[[tally]]`.");
  keys.add("mode",
           one_of<TransportMode>(
               {{"fixed_source", TransportMode::fixed_source}, {"eigenvalue", TransportMode::eigenvalue}}),
           part(&Case::transport, &TransportCase::mode))
      .means("a step is a batch of histories from the sources; or one of generations of fission, by power iteration");
  keys.add("groups", integer<int>(1, 1000), part(&Case::transport, &TransportCase::groups))
      .means("of energy, the fastest first");
  keys.add("length_cm", three(positive()), part(&Case::transport, &TransportCase::length_cm))
      .in("cm")
      .needed()
      .means("side lengths of the grid, from the origin. For transport");
  keys.add("particles", integer<std::int64_t>(1), part(&Case::transport, &TransportCase::particles))
      .means("started in each batch or generation, over all ranks; at least one a source");
  keys.add("generations_per_step", integer<int>(1), part(&Case::transport, &TransportCase::generations_per_step))
      .means("eigenvalue: a step is a batch of so many");
  keys.add("inactive_steps", integer<std::int64_t>(0), part(&Case::transport, &TransportCase::inactive_steps))
      .means("eigenvalue: first steps, which only let the source settle and count in no result");
  keys.add("capture", one_of<Capture>({{"analog", Capture::analog}, {"implicit", Capture::implicit}}),
           part(&Case::transport, &TransportCase::capture))
      .means("a collision ends the history with the probability of absorption; or takes that part of its weight");
  keys.add("roulette_weight", positive(), part(&Case::transport, &TransportCase::roulette_weight))
      .means("implicit: below it a particle survives with the probability weight / `survival_weight` …");
  keys.add("survival_weight", positive(), part(&Case::transport, &TransportCase::survival_weight))
      .means("… and goes on with this weight; above `roulette_weight`");
  keys.add("in_flight", integer<std::int64_t>(1), part(&Case::transport, &TransportCase::in_flight))
      .means("histories that a rank starts before it exchanges: bounds its memory");
  keys.add("population_limit", positive(), part(&Case::transport, &TransportCase::population_limit))
      .means("fixed source: secondaries for each source particle beyond which it is supercritical, and the run stops");
}

void add_boundaries(Schema<Case>& keys) {
  keys.table("boundaries",
             "What happens on the sides of the grid: particles leave for good, are reflected, or come in again on the "
             "opposite side. Then that side must also be periodic. Only in a case of problem `transport`.");
  constexpr std::array<const char*, 3> axes = {"x", "y", "z"};
  const auto boundary = one_of<Boundary>(
      {{"vacuum", Boundary::vacuum}, {"reflecting", Boundary::reflecting}, {"periodic", Boundary::periodic}});
  for (std::size_t side = 0; side < n_sides; ++side) {
    const auto field = [side](auto& c, Place) -> auto& { return c.transport.boundaries[side]; };
    keys.add(side_names[side], boundary, field)
        .means(fmt::format("at {} {}", side % 2 == 0 ? "low" : "high", axes[side / 2]));
  }
}

void add_materials(Schema<Case>& keys) {
  const auto cosine = number("a number from -1/3 to 1/3", [](double x) { return std::abs(x) <= 1.0 / 3; });
  keys.array("material",
             "A `[[material]]` has macroscopic cross-sections, a number for each group. There may be any number of "
             "them. Only in a case of problem `transport`.",
             part(&Case::transport, &TransportCase::materials));
  keys.add("name", identifier(), each(part(&Case::transport, &TransportCase::materials), &Material::name))
      .needed()
      .means("what a fill calls it");
  keys.add("total_per_cm", list_of(not_negative()),
           each(part(&Case::transport, &TransportCase::materials), &Material::total_per_cm))
      .in("1/cm")
      .needed()
      .means("0: particles pass, as in void");
  keys.add("scattering_per_cm", list_of(not_negative()),
           each(part(&Case::transport, &TransportCase::materials), &Material::scattering_per_cm))
      .in("1/cm")
      .means("from each group to each, row after row; no row above the total. Left out: none");
  keys.add("absorption_per_cm", list_of(not_negative()),
           each(part(&Case::transport, &TransportCase::materials), &Material::absorption_per_cm))
      .in("1/cm")
      .means("fission included. Always total less scattering: given, it is compared with that");
  keys.add("production_per_cm", list_of(not_negative()),
           each(part(&Case::transport, &TransportCase::materials), &Material::production_per_cm))
      .in("1/cm")
      .means("neutrons a fission times the fission cross-section. Left out: none");
  keys.add("fission_spectrum", list_of(not_negative()),
           each(part(&Case::transport, &TransportCase::materials), &Material::fission_spectrum))
      .means("of the groups they are born in; sums to 1. Left out: all in the first");
  keys.add("mean_cosine", list_of(cosine),
           each(part(&Case::transport, &TransportCase::materials), &Material::mean_cosine))
      .means("of the scattering angle, by the group before: p(μ) = (1 + 3 μ̄ μ) / 2. Left out: isotropic");
}

void add_places(Schema<Case>& keys) {
  keys.array("fill",
             "A `[[fill]]` says where a material is. There may be any number of them. A place that no fill covers is "
             "void. Where two overlap, the one of higher `priority` is there; two of equal priority must be of one "
             "material. Shapes need not lie on faces of cells: in a *mixed* cell, which a fill covers in part, the "
             "place of the particle decides what it meets. Only in a case of problem `transport`.",
             part(&Case::transport, &TransportCase::fills));
  keys.add("material", some_text(), each(part(&Case::transport, &TransportCase::fills), &Fill::material))
      .needed()
      .means("the name of a `[[material]]`");
  keys.add("shape", one_word_of({"box", "sphere"}), each(part(&Case::transport, &TransportCase::fills), &Fill::shape));
  keys.add("low_cm", point(), each(part(&Case::transport, &TransportCase::fills), &Fill::low_cm))
      .in("cm")
      .means("lower corner of a box, in the grid …");
  keys.add("high_cm", point(), each(part(&Case::transport, &TransportCase::fills), &Fill::high_cm))
      .in("cm")
      .means("… and the upper one. Both left out: the whole grid");
  keys.add("center_cm", point(), each(part(&Case::transport, &TransportCase::fills), &Fill::center_cm))
      .in("cm")
      .means("of a sphere, of which a part must lie in the grid …");
  keys.add("radius_cm", positive(), each(part(&Case::transport, &TransportCase::fills), &Fill::radius_cm))
      .in("cm")
      .means("… of this radius; for a sphere both must be given");
  keys.add("priority", integer<int>(-1000, 1000), each(part(&Case::transport, &TransportCase::fills), &Fill::priority));

  keys.array("source",
             "A `[[source]]` says where particles start: evenly in a box, or on a rectangle of a side of the grid, "
             "which must be vacuum. There may be any number of them. In an eigenvalue case they are where the "
             "particles of the first generation start. Only in a case of problem `transport`.",
             part(&Case::transport, &TransportCase::sources));
  keys.add("kind", one_word_of({"volume", "west", "east", "south", "north", "below", "above"}),
           each(part(&Case::transport, &TransportCase::sources), &ParticleSource::kind))
      .means("in a box, or inwards from that side");
  keys.add("low_cm", point(), each(part(&Case::transport, &TransportCase::sources), &ParticleSource::low_cm))
      .in("cm")
      .means("lower corner of the box, or of the rectangle on the side, both ends of which then lie on it …");
  keys.add("high_cm", point(), each(part(&Case::transport, &TransportCase::sources), &ParticleSource::high_cm))
      .in("cm")
      .means("… and the upper one. Both left out: the whole grid, the whole side");
  keys.add("direction", point(), each(part(&Case::transport, &TransportCase::sources), &ParticleSource::direction))
      .means(
          "of all particles, of any length but 0. Left out: isotropic; on a side with a density that goes with the "
          "cosine to its normal");
  keys.add("group", integer<int>(1), each(part(&Case::transport, &TransportCase::sources), &ParticleSource::group))
      .means("of energy");
  keys.add("strength_per_s", positive(),
           each(part(&Case::transport, &TransportCase::sources), &ParticleSource::strength_per_s))
      .in("1/s")
      .means("particles a second of the whole source; results are for the sum of all");

  keys.array("tally",
             "A `[[tally]]` is a box of whole cells over which particles are counted. There may be any number of them. "
             "Only in a case of problem `transport`.",
             part(&Case::transport, &TransportCase::tallies));
  keys.add("name", identifier(), each(part(&Case::transport, &TransportCase::tallies), &TallyRegion::name))
      .needed()
      .means("TALLY in *What can be expected*");
  keys.add("low_cm", point(), each(part(&Case::transport, &TransportCase::tallies), &TallyRegion::low_cm))
      .in("cm")
      .means("lower corner, on faces of cells …");
  keys.add("high_cm", point(), each(part(&Case::transport, &TransportCase::tallies), &TallyRegion::high_cm))
      .in("cm")
      .means("… and the upper one. Both left out: the whole grid");
  keys.add("group", integer<int>(0), each(part(&Case::transport, &TransportCase::tallies), &TallyRegion::group))
      .means("only particles of this group; 0: of all");
}

}  // namespace

void add_transport_keys(Schema<Case>& keys) {
  add_transport(keys);
  add_boundaries(keys);
  add_materials(keys);
  add_places(keys);
}

}  // namespace haloscope
