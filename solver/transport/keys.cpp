// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/transport/settings.hpp"

#include <fmt/format.h>

#include "haloscope/case/kinds.hpp"
#include "haloscope/case/rows.hpp"

namespace haloscope {

namespace {

template <class T>
Key transport_row(const char* name, const char* unit, const Kind<T>& kind, T TransportCase::*member,
                  bool must = false) {
  return row(fmt::format("transport.{}", name), unit, kind, &Case::transport, member, must);
}

void add_material_rows(std::vector<Key>& rows) {
  const auto cosine = number("a number from -1/3 to 1/3", [](double x) { return std::abs(x) <= 1.0 / 3; });
  const auto add = [&rows](const char* name, const char* unit, const auto& kind, auto member, bool needed = false) {
    rows.push_back(row(fmt::format("material.{}", name), unit, kind, &TransportCase::materials, member, needed));
  };
  add("name", "", identifier(), &Material::name, required);
  add("total_per_cm", "1/cm", list_of(not_negative()), &Material::total_per_cm, required);
  add("scattering_per_cm", "1/cm", list_of(not_negative()), &Material::scattering_per_cm);
  add("absorption_per_cm", "1/cm", list_of(not_negative()), &Material::absorption_per_cm);
  add("production_per_cm", "1/cm", list_of(not_negative()), &Material::production_per_cm);
  add("fission_spectrum", "", list_of(not_negative()), &Material::fission_spectrum);
  add("mean_cosine", "", list_of(cosine), &Material::mean_cosine);
}

void add_place_rows(std::vector<Key>& rows) {
  const auto fill = [&rows](const char* name, const char* unit, const auto& kind, auto member, bool needed = false) {
    rows.push_back(row(fmt::format("fill.{}", name), unit, kind, &TransportCase::fills, member, needed));
  };
  fill("material", "", some_text(), &Fill::material, required);
  fill("shape", "", one_word_of({"box", "sphere"}), &Fill::shape);
  fill("low_cm", "cm", point(), &Fill::low_cm);
  fill("high_cm", "cm", point(), &Fill::high_cm);
  fill("center_cm", "cm", point(), &Fill::center_cm);
  fill("radius_cm", "cm", positive(), &Fill::radius_cm);
  fill("priority", "", integer<int>(-1000, 1000), &Fill::priority);

  const auto source = [&rows](const char* name, const char* unit, const auto& kind, auto member) {
    rows.push_back(row(fmt::format("source.{}", name), unit, kind, &TransportCase::sources, member));
  };
  source("kind", "", one_word_of({"volume", "west", "east", "south", "north", "below", "above"}),
         &ParticleSource::kind);
  source("low_cm", "cm", point(), &ParticleSource::low_cm);
  source("high_cm", "cm", point(), &ParticleSource::high_cm);
  source("direction", "", point(), &ParticleSource::direction);
  source("group", "", integer<int>(1), &ParticleSource::group);
  source("strength_per_s", "1/s", positive(), &ParticleSource::strength_per_s);

  const auto tally = [&rows](const char* name, const char* unit, const auto& kind, auto member, bool needed = false) {
    rows.push_back(row(fmt::format("tally.{}", name), unit, kind, &TransportCase::tallies, member, needed));
  };
  tally("name", "", identifier(), &TallyRegion::name, required);
  tally("low_cm", "cm", point(), &TallyRegion::low_cm);
  tally("high_cm", "cm", point(), &TallyRegion::high_cm);
  tally("group", "", integer<int>(0), &TallyRegion::group);
}

}  // namespace

std::vector<Key> transport_keys() {
  std::vector<Key> rows;
  using T = TransportCase;
  const auto mode =
      one_of<TransportMode>({{"fixed_source", TransportMode::fixed_source}, {"eigenvalue", TransportMode::eigenvalue}});
  const auto capture = one_of<Capture>({{"analog", Capture::analog}, {"implicit", Capture::implicit}});
  rows.push_back(transport_row("mode", "", mode, &T::mode));
  rows.push_back(transport_row("groups", "", integer<int>(1, 1000), &T::groups));
  rows.push_back(transport_row("length_cm", "cm", three(positive()), &T::length_cm, required));
  rows.push_back(transport_row("particles", "", integer<std::int64_t>(1), &T::particles));
  rows.push_back(transport_row("generations_per_step", "", integer<int>(1), &T::generations_per_step));
  rows.push_back(transport_row("inactive_steps", "", integer<std::int64_t>(0), &T::inactive_steps));
  rows.push_back(transport_row("capture", "", capture, &T::capture));
  rows.push_back(transport_row("roulette_weight", "", positive(), &T::roulette_weight));
  rows.push_back(transport_row("survival_weight", "", positive(), &T::survival_weight));
  rows.push_back(transport_row("in_flight", "", integer<std::int64_t>(1), &T::in_flight));
  rows.push_back(transport_row("population_limit", "", positive(), &T::population_limit));

  const auto boundary = one_of<Boundary>(
      {{"vacuum", Boundary::vacuum}, {"reflecting", Boundary::reflecting}, {"periodic", Boundary::periodic}});
  for (std::size_t side = 0; side < n_sides; ++side) {
    const auto field = [side](auto& c, std::size_t) -> auto& { return c.transport.boundaries[side]; };
    rows.push_back(make_row(fmt::format("boundaries.{}", side_names[side]), "", boundary, field));
  }
  add_material_rows(rows);
  add_place_rows(rows);
  return rows;
}

std::vector<ArrayOfTables> transport_arrays() {
  const auto of_transport = [](const char* name, auto list) {
    return ArrayOfTables{name, [list](const Case& c) { return (c.transport.*list).size(); },
                         [list](Case& c) { (c.transport.*list).emplace_back(); }};
  };
  return {of_transport("material", &TransportCase::materials), of_transport("fill", &TransportCase::fills),
          of_transport("source", &TransportCase::sources), of_transport("tally", &TransportCase::tallies)};
}

}  // namespace haloscope
