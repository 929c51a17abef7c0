// SPDX-License-Identifier: BSD-3-Clause
// Prices of options by Monte Carlo: the loosely coupled end of the scale. Each step follows new paths, evenly divided
// over the ranks by number, and sums nine numbers over them, once.
//
// Cost model of a step: paths x assets x dates normal numbers and as many exponentials, over all ranks; one Allreduce
// of 72 bytes. The cost model of computing hears of 8 bytes for each normal number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "haloscope/base/handles.hpp"
#include "haloscope/case/kinds.hpp"
#include "haloscope/problems/workload.hpp"
#include "problems/option_price.hpp"

namespace haloscope {

namespace {

constexpr double bytes_per_draw = 8;
constexpr std::array<const char*, n_calls> names = {"european", "asian_geometric", "asian"};

class OptionWorkload final : public Workload {
 public:
  OptionWorkload(MPI_Comm comm, const Case& settings, PhaseClock& clock)
      : settings_(settings), option_(settings.own.of<OptionCase>()), clock_(clock), comm_(make_communicator(comm)) {
    if (!is_priceable(option_))
      throw UserError(fmt::format("{}:option.volatility: {}: with {} years and {} dates no double holds the prices",
                                  settings.file, option_.volatility, option_.maturity_years, option_.dates));
    const std::int64_t ranks = ranks_in(comm), rank = rank_in(comm);
    const std::int64_t share = option_.paths / ranks, rest = option_.paths % ranks;
    first_ = rank * share + std::min(rank, rest);
    end_ = first_ + share + (rank < rest ? 1 : 0);
  }

  std::map<std::string, std::string> attributes() const override {
    return {{"method",
             fmt::format("{} paths of {} assets at {} dates a step", option_.paths, option_.assets, option_.dates)},
            {"work_unit", "paths"},
            {"work_per_step", std::to_string(option_.paths)}};
  }

  std::vector<std::string> quantities() const override {
    std::vector<std::string> all;
    for (const char* const name : names) all.push_back(fmt::format("{}_price", name));
    for (const char* const name : names) all.push_back(fmt::format("{}_in_the_money", name));
    return all;
  }

  void step() override {
    {
      const ScopedPhase phase(clock_, Phase::price);
      clock_.work(bytes_per_draw * static_cast<double>(draws_per_path(option_) * (end_ - first_)));
      last_ = price_paths(option_, static_cast<std::uint64_t>(settings_.seed), steps_, first_, end_);
    }
    const ScopedPhase phase(clock_, Phase::reduce);
    static_assert(sizeof(PathSums) == 3 * n_calls * sizeof(double));
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &last_, 3 * n_calls, MPI_DOUBLE, MPI_SUM, comm_.get()));
  }

  /// Of this step: prices, then paths with a payoff.
  std::vector<double> outcome() override {
    ++steps_;
    std::vector<double> all;
    for (std::size_t c = 0; c < n_calls; ++c) {
      total_.values[c] += last_.values[c];
      total_.squares[c] += last_.squares[c];
      all.push_back(last_.values[c] / static_cast<double>(option_.paths));
    }
    all.insert(all.end(), last_.in_the_money.begin(), last_.in_the_money.end());
    return all;
  }

  /// The mean over all paths of all steps.
  double quantity(const std::string& name) override {
    const std::size_t c = call_of(name);
    return c < n_calls ? total_.values[c] / paths() : std::nan("");
  }

  double standard_error(const std::string& name) override {
    const std::size_t c = call_of(name);
    if (c >= n_calls) return std::nan("");
    const double mean = total_.values[c] / paths();
    return std::sqrt((total_.squares[c] / paths() - mean * mean) / (paths() - 1));
  }

 private:
  [[nodiscard]] static std::size_t call_of(const std::string& price) {
    return static_cast<std::size_t>(
        std::ranges::find_if(names, [&](const char* name) { return price == fmt::format("{}_price", name); }) -
        names.begin());
  }
  [[nodiscard]] double paths() const noexcept {
    return static_cast<double>(option_.paths) * static_cast<double>(steps_);
  }

  const Case& settings_;
  const OptionCase& option_;
  PhaseClock& clock_;
  Communicator comm_;
  std::int64_t first_ = 0, end_ = 0;  ///< the paths of this rank
  std::uint32_t steps_ = 0;           ///< that were taken
  PathSums last_, total_;
};

void add_keys(Schema<Case>& keys) {
  keys.table("option",
             "Calls on a basket of equal assets in Black & Scholes' model, priced by Monte Carlo. Every step draws "
             "paths on all ranks and ends with one reduction. Only in a case of problem `option`.");
  keys.add("paths", integer<std::int64_t>(1), own(&OptionCase::paths)).means("a step, over all ranks");
  keys.add("assets", integer<int>(1, 1000), own(&OptionCase::assets)).means("in the basket");
  keys.add("dates", integer<int>(1), own(&OptionCase::dates))
      .means("at which the Asian options look, equally spaced, the last at maturity");
  keys.add("spot", positive(), own(&OptionCase::spot)).means("price of each asset today, in any currency");
  keys.add("strike", positive(), own(&OptionCase::strike)).means("in the same");
  keys.add("rate_per_year", any_number(), own(&OptionCase::rate_per_year))
      .in("1/a")
      .means("riskless, compounded continuously");
  keys.add("volatility", positive(), own(&OptionCase::volatility)).in("1/√a").means("of each asset");
  keys.add("correlation", any_number(), own(&OptionCase::correlation))
      .means("of each pair of assets; above -1/(assets - 1) and below 1");
  keys.add("maturity_years", positive(), own(&OptionCase::maturity_years)).in("a");
}

void check(const Case& c, const Origin& origin) {
  const auto& option = c.own.of<OptionCase>();
  const int assets = option.assets;
  if (assets == 1) {
    if (origin.given.contains("option.correlation"))
      refuse(origin, c, "option.correlation", "has no meaning with one asset; remove it");
    return;
  }
  // Eigenvalues of the correlation matrix: 1 + (n - 1) rho, and 1 - rho n - 1 times.
  const double least = -1.0 / (assets - 1);
  if (!(option.correlation > least && option.correlation < 1))
    refuse(origin, c, "option.correlation",
           fmt::format("must lie between {:.4g} and 1, both excluded: else {} assets cannot be so correlated", least,
                       assets));
}

/// As many paths a rank as the case has.
Growth grow(const Case& settings, int ranks) {
  const std::int64_t paths = settings.own.of<OptionCase>().paths;
  if (paths > std::numeric_limits<std::int64_t>::max() / ranks)
    throw UserError(fmt::format("option.paths: {}: cannot grow to {} ranks", paths, ranks));
  return {{fmt::format("option.paths={}", paths * ranks)}};
}

std::int64_t shrink(Case& settings) {
  constexpr std::int64_t part = 4;
  std::int64_t& paths = settings.own.of<OptionCase>().paths;
  paths = std::max(paths / part, std::int64_t{1});
  return part;
}

}  // namespace

const Problem& option_problem() {
  static const Problem problem = {
      .name = "option",
      .add_keys = add_keys,
      .phases = {Phase::other, Phase::price, Phase::reduce},
      .quantities = {{.name = "european_price", .random = true},
                     {.name = "asian_price", .random = true},
                     {.name = "asian_geometric_price", .random = true}},
      .expects_for = {"option."},
      .calibrated_sizes = "all paths, a quarter and a sixteenth of them",
      .check = check,
      .grow = grow,
      .shrink = shrink,
      .make = make_workload_of<OptionWorkload>,
  };
  return problem;
}

}  // namespace haloscope
