// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "haloscope/case/rows.hpp"

namespace haloscope {

namespace {

constexpr const char* required = "flow, poisson, exchange, transport, option and allreduce";

void add_problem_rows(std::vector<Key>& rows) {
  rows.push_back(row("about.name", "", identifier(), &Case::name, required));
  rows.push_back(row("about.problem", "",
                     one_of<Problem>({{"flow", Problem::flow},
                                      {"poisson", Problem::poisson},
                                      {"exchange", Problem::exchange},
                                      {"transport", Problem::transport},
                                      {"option", Problem::option},
                                      {"allreduce", Problem::allreduce}}),
                     &Case::problem));
  rows.push_back(row("about.text", "", any_text(), &Case::problem_text));
  rows.push_back(row("about.reference", "", any_text(), &Case::reference));
  rows.push_back(row("about.run", "", any_text(), &Case::run_line));

  constexpr GlobalIndex most_cells = std::numeric_limits<LocalIndex>::max();
  rows.push_back(
      row("grid.cells", "", three(integer<GlobalIndex>(1, most_cells)), &Case::cells, "flow, poisson and transport"));
  rows.push_back(row("grid.length_m", "m", three(positive()), &Case::length_m));
  rows.push_back(row("grid.periodic", "", three(boolean()), &Case::periodic));
  rows.push_back(row("grid.process_grid", "", three(integer<int>(0)), &Case::process_grid));

  rows.push_back(row("halo.method", "",
                     one_of<HaloMethod>({{"point-to-point", HaloMethod::point_to_point},
                                         {"persistent", HaloMethod::persistent},
                                         {"neighbor-collective", HaloMethod::neighbor_collective},
                                         {"mock", HaloMethod::mock}}),
                     &Case::halo_method));
  rows.push_back(row("halo.overlap", "", boolean(), &Case::overlap));
}

void add_flow_rows(std::vector<Key>& rows) {
  rows.push_back(row("flow.viscosity_m2_per_s", "m²/s", positive(), &Case::viscosity_m2_per_s, "flow"));
  rows.push_back(row("flow.density_kg_per_m3", "kg/m³", positive(), &Case::density_kg_per_m3));
  rows.push_back(row("flow.body_force_m_per_s2", "m/s²", three(any_number()), &Case::body_force_m_per_s2));
  rows.push_back(row("flow.velocity_scale_m_per_s", "m/s", positive(), &Case::velocity_scale_m_per_s));
  rows.push_back(row("flow.initial", "",
                     one_of<InitialState>({{"rest", InitialState::rest},
                                           {"taylor_green", InitialState::taylor_green},
                                           {"taylor_green_3d", InitialState::taylor_green_3d}}),
                     &Case::initial));
  rows.push_back(row("flow.integrator", "", one_of<Integrator>({{"rk3", Integrator::rk3}, {"ab2", Integrator::ab2}}),
                     &Case::integrator));
  rows.push_back(row("flow.dt_s", "s", not_negative(), &Case::dt_s));
  rows.push_back(row("flow.cfl_limit", "", positive(), &Case::cfl_limit));
  rows.push_back(row("flow.diffusion_limit", "", positive(), &Case::diffusion_limit));

  for (std::size_t side = 0; side < n_sides; ++side) {
    rows.push_back(make_row(
        fmt::format("walls.{}_velocity_m_per_s", side_names[side]), "m/s",
        three(any_number()), [side](auto& c, std::size_t) -> auto& { return c.wall_velocity_m_per_s[side]; }, ""));
  }
}

void add_solver_rows(std::vector<Key>& rows) {
  rows.push_back(row("poisson.krylov", "", krylov_method(), &Case::krylov));
  rows.push_back(row("poisson.preconditioner", "",
                     one_of<Preconditioner>({{"none", Preconditioner::none},
                                             {"jacobi", Preconditioner::jacobi},
                                             {"multigrid", Preconditioner::multigrid}}),
                     &Case::preconditioner));
  rows.push_back(row("poisson.precision", "",
                     one_of<Precision>({{"single", Precision::single}, {"double", Precision::double_}}),
                     &Case::precision));
  rows.push_back(row("poisson.tolerance", "", fraction(), &Case::tolerance));
  rows.push_back(row("poisson.iterations", "", integer<int>(0), &Case::iterations));
  rows.push_back(row("poisson.max_iterations", "", integer<int>(1), &Case::max_iterations));
  rows.push_back(row("poisson.smoothing", "", integer<int>(1, 16), &Case::smoothing));

  rows.push_back(row("exchange.cells", "", list_of(integer<int>(1, 2048)), &Case::exchange_cells, "exchange"));
  rows.push_back(row("exchange.fields", "", integer<int>(1, 64), &Case::exchange_fields));
  rows.push_back(row("exchange.repeats", "", integer<int>(1), &Case::exchange_repeats));
}

void add_run_rows(std::vector<Key>& rows) {
  rows.push_back(row("run.steps", "", integer<std::int64_t>(1), &Case::steps));
  rows.push_back(row("run.end_time_s", "s", positive_or_infinite(), &Case::end_time_s));
  rows.push_back(row("run.warmup_steps", "", integer<std::int64_t>(0), &Case::warmup_steps));
  rows.push_back(row("run.seed", "", integer<std::int64_t>(0), &Case::seed));

  rows.push_back(row("profile.name", "", identifier(), &Case::profiles, &ProfileRequest::name, required));
  rows.push_back(row("profile.quantity", "", one_word_of({"u", "v", "w", "pressure"}), &Case::profiles,
                     &ProfileRequest::quantity, required));
  rows.push_back(row("profile.axis", "", one_of<int>({{"x", 0}, {"y", 1}, {"z", 2}}), &Case::profiles,
                     &ProfileRequest::axis, required));
  rows.push_back(row("profile.at_m", "m", three(any_number()), &Case::profiles, &ProfileRequest::at_m, required));

  rows.push_back(row("expect.quantity", "", some_text(), &Case::expectations, &Expectation::quantity, required));
  rows.push_back(row("expect.at", "s or m", list_of(any_number()), &Case::expectations, &Expectation::at));
  rows.push_back(
      row("expect.value", "its own", list_of(any_number()), &Case::expectations, &Expectation::values, required));
  rows.push_back(
      row("expect.tolerance", "as value", or_left_out(not_negative()), &Case::expectations, &Expectation::tolerance));
  rows.push_back(row("expect.sigmas", "", not_negative(), &Case::expectations, &Expectation::sigmas));
  rows.push_back(
      row("expect.relative_error", "", positive_or_infinite(), &Case::expectations, &Expectation::relative_error));
  rows.push_back(row("expect.source", "", some_text(), &Case::expectations, &Expectation::source, required));
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> table = [] {
    std::vector<Key> rows;
    add_problem_rows(rows);
    add_flow_rows(rows);
    add_solver_rows(rows);
    add_transport_rows(rows);
    add_control_rows(rows);
    add_run_rows(rows);
    return rows;
  }();
  return table;
}

std::string table_of(std::string_view path) { return std::string(path.substr(0, path.find('.'))); }

const std::vector<ArrayOfTables>& arrays_of_tables() {
  const auto of_case = [](const char* name, auto list) {
    return ArrayOfTables{name, [list](const Case& c) { return (c.*list).size(); },
                         [list](Case& c) { (c.*list).emplace_back(); }};
  };
  const auto of_transport = [](const char* name, auto list) {
    return ArrayOfTables{name, [list](const Case& c) { return (c.transport.*list).size(); },
                         [list](Case& c) { (c.transport.*list).emplace_back(); }};
  };
  static const std::vector<ArrayOfTables> table = {
      of_case("profile", &Case::profiles),
      of_case("expect", &Case::expectations),
      of_transport("material", &TransportCase::materials),
      of_transport("fill", &TransportCase::fills),
      of_transport("source", &TransportCase::sources),
      of_transport("tally", &TransportCase::tallies),
  };
  return table;
}

const ArrayOfTables* array_of_tables(std::string_view table) {
  const auto found = std::ranges::find(arrays_of_tables(), table, &ArrayOfTables::name);
  return found == arrays_of_tables().end() ? nullptr : &*found;
}

const std::vector<std::string>& key_paths() {
  static const std::vector<std::string> paths = [] {
    std::vector<std::string> all;
    for (const Key& key : keys()) all.push_back(key.path);
    return all;
  }();
  return paths;
}

const std::vector<Quantity>& quantities() {
  static const std::vector<Quantity> table = {
      {"kinetic_energy", Problem::flow, true, false},
      {"kinetic_energy_dissipation", Problem::flow, true, false},
      {"divergence_max", Problem::flow, true, false},
      {"velocity_error_l2", Problem::flow, false, false},
      {"velocity_error_max", Problem::flow, false, false},
      {"solution_error_l2", Problem::poisson, false, false},
      {"solution_error_max", Problem::poisson, false, false},
      {"iterations_per_solve_max", Problem::poisson, false, false},
      {"iterations_per_solve_max", Problem::flow, false, false},
      {"ghost_errors", Problem::exchange, false, false},
      {"k_effective", Problem::transport, false, true},
      {"leakage", Problem::transport, false, true},
      {"leakage_west", Problem::transport, false, true},
      {"leakage_east", Problem::transport, false, true},
      {"leakage_south", Problem::transport, false, true},
      {"leakage_north", Problem::transport, false, true},
      {"leakage_below", Problem::transport, false, true},
      {"leakage_above", Problem::transport, false, true},
      {"absorption", Problem::transport, false, true},
      {"balance_error", Problem::transport, false, true},
      {"lost_particles", Problem::transport, false, false},
      {"european_price", Problem::option, false, true},
      {"asian_price", Problem::option, false, true},
      {"asian_geometric_price", Problem::option, false, true},
      {"sum_errors", Problem::allreduce, false, false},
  };
  return table;
}

const std::vector<NamedQuantity>& named_quantities() {
  static const std::vector<NamedQuantity> table = {
      {"profile:", Problem::flow, "profile", "NAME", true, false},
      {"flux:", Problem::transport, "tally", "TALLY", false, true},
      {"flux_by_collisions:", Problem::transport, "tally", "TALLY", false, true},
      {"absorption:", Problem::transport, "tally", "TALLY", false, true},
      {"production:", Problem::transport, "tally", "TALLY", false, true},
  };
  return table;
}

}  // namespace haloscope
