// SPDX-License-Identifier: BSD-3-Clause
#pragma once
/// @file case.hpp
/// One run's input: a TOML file, read once, validated whole, then const. cases/KEYS.md lists every key.
///
/// Needs no MPI, so that a study can check its cases on a login node; read.hpp reads a case on many ranks. Units stand
/// in the keys (`viscosity_m2_per_s`); a key that is not known is an error that names the nearest one.
#include <any>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <typeindex>
#include <vector>

#include "haloscope/base/axes.hpp"
#include "haloscope/case/transport_case.hpp"
#include "haloscope/grid/halo_method.hpp"

namespace haloscope {

struct Problem;  ///< of problem.hpp
/// The first of all problems, null before there are any.
[[nodiscard]] const Problem* default_problem() noexcept;

enum class InitialState { rest, taylor_green, taylor_green_3d };
enum class Integrator {
  rk3,
  ab2
};  ///< Runge-Kutta of order 3 (a projection each stage), Adams-Bashforth 2 (one a step)
enum class Preconditioner { none, jacobi, multigrid };
enum class Precision { single, double_ };

/// A value the run must reproduce, checked when it ends.
struct Expectation {
  std::string quantity;        ///< a name from cases/README.md, section "What can be expected"
  std::vector<double> at;      ///< profile abscissae [m] or times [s]; empty for a scalar
  std::vector<double> values;  ///< one value, or one for each of `at`
  double tolerance =
      std::numeric_limits<double>::quiet_NaN();  ///< largest allowed |measured - value|; 0: exactly; NaN: sigmas
  std::string source;                            ///< paper and table, or "exact"
  double sigmas = 0;  ///< > 0: in place of `tolerance`, so many standard errors of what was measured …
  double relative_error = std::numeric_limits<double>::infinity();  ///< … which may be at most this part of `value`
};

/// A line of cells whose final values the run file keeps under /profiles/.
struct ProfileRequest {
  std::string name;        ///< data set name, for instance u_on_vertical_centreline
  std::string quantity;    ///< u, v, w or pressure
  int axis = 0;            ///< the line runs along this axis …
  PerAxis<double> at_m{};  ///< … through this point [m]; the entry of `axis` is ignored
};

/// Settings that one problem alone knows, by the type that its own file declares; each is made of its defaults.
class OwnSettings {
 public:
  template <class T>
  [[nodiscard]] T& of() {
    std::any& part = parts_[typeid(T)];
    if (!part.has_value()) part = T{};
    return *std::any_cast<T>(&part);
  }
  template <class T>
  [[nodiscard]] const T& of() const {
    static const T defaults{};
    const auto found = parts_.find(typeid(T));
    return found == parts_.end() ? defaults : *std::any_cast<T>(&found->second);
  }

 private:
  std::map<std::type_index, std::any> parts_;
};

struct Case {
  // [about]
  std::string name, problem_text, reference;
  std::string run_line;  ///< the command that runs the case
  const Problem* problem = default_problem();
  // [grid]
  PerAxis<GlobalIndex> cells{};
  PerAxis<double> length_m{1, 1, 1};  ///< [m]
  PerAxis<bool> periodic{true, true, true};
  PerAxis<int> process_grid{0, 0, 0};  ///< 0: chosen for least surface
  // [halo]
  HaloMethod halo_method = HaloMethod::persistent;
  bool overlap = false;  ///< compute the interior while messages fly
  // [flow]
  double viscosity_m2_per_s = 0;          ///< kinematic [m²/s]
  double density_kg_per_m3 = 1;           ///< [kg/m³]
  PerAxis<double> body_force_m_per_s2{};  ///< per mass [m/s²]
  double velocity_scale_m_per_s = 1;      ///< amplitude of the initial state [m/s]
  InitialState initial = InitialState::rest;
  Integrator integrator = Integrator::rk3;
  double dt_s = 0;                                   ///< [s]; 0: from the limits below, each step
  double cfl_limit = 0.5;                            ///< max Σ|u_i|dt/dx_i
  double diffusion_limit = 0.5;                      ///< max 2 nu dt Σ 1/dx_i²
  PerAxis<double> wall_velocity_m_per_s[n_sides]{};  ///< [m/s], by Side; the normal component is zero
  // [poisson]
  std::string krylov = "cg";  ///< cg, pipecg, groppcg, chebyshev or another KSP type of PETSc
  Preconditioner preconditioner = Preconditioner::multigrid;
  Precision precision =
      Precision::single;    ///< of the multigrid cycle, where the Krylov method bears it; that is always double
  double tolerance = 1e-8;  ///< ‖r‖₂ / ‖b‖₂
  int iterations = 0;       ///< > 0: exactly so many per solve, whatever the residual
  int max_iterations = 500;
  int smoothing = 2;  ///< polynomial degree before and after each coarse correction
  // [exchange]
  std::vector<int> exchange_cells;  ///< edge lengths of the swept cubic boxes, cells a rank
  int exchange_fields = 1;
  int exchange_repeats = 100;  ///< exchanges a step
  // [transport], [boundaries], [[material]], [[fill]], [[source]], [[tally]]
  TransportCase transport;
  // [option], [allreduce]: in the files of their problems
  OwnSettings own;
  // [run]
  std::int64_t steps = 1;
  double end_time_s = std::numeric_limits<double>::infinity();  ///< [s]; the run ends at whichever comes first
  std::int64_t warmup_steps = 1;                                ///< marked, not dropped
  std::int64_t seed = 1;
  std::vector<ProfileRequest> profiles;
  std::vector<Expectation> expectations;
  // provenance
  std::string file;       ///< as the user named it
  std::string text;       ///< the bytes of the file
  std::string effective;  ///< JSON of every key with the value in force, defaults included
};

/// Parses and validates. @p overrides are `table.key=value` in TOML syntax (a bare word is taken as a string).
/// What concerns one problem only ([flow] in a poisson case) is an error elsewhere: nothing given is ever ignored.
/// @throws UserError `file:key: value: what is allowed`, the file being "--set" for a key given there; for a syntax
/// error `file:line:column: what is wrong`.
[[nodiscard]] Case parse_case(const std::string& text, const std::string& file,
                              const std::vector<std::string>& overrides = {});

/// The reference of all keys, as `haloscope keys case` prints it.
[[nodiscard]] std::string case_reference();
[[nodiscard]] std::vector<std::string> expectable_quantities();

}  // namespace haloscope
