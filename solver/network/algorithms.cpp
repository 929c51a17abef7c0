// SPDX-License-Identifier: BSD-3-Clause
// Which algorithm: names, what there is for each collective, the choice by size.
#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "haloscope/network/rounds.hpp"

namespace haloscope::interconnect {
namespace {

constexpr std::array<std::string_view, 11> collective_names = {"barrier",   "bcast",    "reduce",        "allreduce",
                                                               "allgather", "alltoall", "gather",        "scatter",
                                                               "scan",      "exscan",   "reduce_scatter"};
constexpr std::array<std::string_view, 11> algorithm_names = {
    "dissemination",     "recursive_doubling", "rabenseifner", "ring",   "bruck",  "binomial",
    "scatter_allgather", "recursive_halving",  "pairwise",     "linear", "offload"};
static_assert(static_cast<std::size_t>(Collective::reduce_scatter) + 1 == collective_names.size());
static_assert(static_cast<std::size_t>(Algorithm::offload) + 1 == algorithm_names.size());

struct Offer {
  Collective collective;
  Algorithm algorithm;
};
constexpr std::array offers_made = std::to_array<Offer>({
    {Collective::barrier, Algorithm::dissemination},
    {Collective::barrier, Algorithm::recursive_doubling},
    {Collective::barrier, Algorithm::offload},
    {Collective::bcast, Algorithm::binomial},
    {Collective::bcast, Algorithm::scatter_allgather},
    {Collective::bcast, Algorithm::linear},
    {Collective::bcast, Algorithm::offload},
    {Collective::reduce, Algorithm::binomial},
    {Collective::reduce, Algorithm::rabenseifner},
    {Collective::reduce, Algorithm::linear},
    {Collective::reduce, Algorithm::offload},
    {Collective::allreduce, Algorithm::recursive_doubling},
    {Collective::allreduce, Algorithm::rabenseifner},
    {Collective::allreduce, Algorithm::ring},
    {Collective::allreduce, Algorithm::offload},
    {Collective::allgather, Algorithm::recursive_doubling},
    {Collective::allgather, Algorithm::bruck},
    {Collective::allgather, Algorithm::ring},
    {Collective::allgather, Algorithm::linear},
    {Collective::alltoall, Algorithm::bruck},
    {Collective::alltoall, Algorithm::pairwise},
    {Collective::alltoall, Algorithm::linear},
    {Collective::gather, Algorithm::binomial},
    {Collective::gather, Algorithm::linear},
    {Collective::scatter, Algorithm::binomial},
    {Collective::scatter, Algorithm::linear},
    {Collective::scan, Algorithm::recursive_doubling},
    {Collective::exscan, Algorithm::recursive_doubling},
    {Collective::reduce_scatter, Algorithm::recursive_halving},
    {Collective::reduce_scatter, Algorithm::pairwise},
    {Collective::reduce_scatter, Algorithm::ring},
});

constexpr std::int64_t any = INT64_MAX;
constexpr std::array defaults = std::to_array<DefaultChoice>({
    {Collective::barrier, any, 1, false, Algorithm::dissemination},
    {Collective::bcast, 12288, 8, false, Algorithm::binomial},
    {Collective::bcast, any, 8, false, Algorithm::scatter_allgather},
    {Collective::bcast, any, 1, false, Algorithm::binomial},
    {Collective::reduce, 2049, 1, false, Algorithm::binomial},
    {Collective::reduce, any, 1, false, Algorithm::rabenseifner},
    {Collective::allreduce, 2049, 1, false, Algorithm::recursive_doubling},
    {Collective::allreduce, any, 1, false, Algorithm::rabenseifner},
    {Collective::allgather, 524288, 1, true, Algorithm::recursive_doubling},
    {Collective::allgather, 81920, 1, false, Algorithm::bruck},
    {Collective::allgather, any, 1, false, Algorithm::ring},
    {Collective::alltoall, 257, 8, false, Algorithm::bruck},
    {Collective::alltoall, 32769, 1, false, Algorithm::linear},
    {Collective::alltoall, any, 1, false, Algorithm::pairwise},
    {Collective::gather, any, 1, false, Algorithm::binomial},
    {Collective::scatter, any, 1, false, Algorithm::binomial},
    {Collective::scan, any, 1, false, Algorithm::recursive_doubling},
    {Collective::exscan, any, 1, false, Algorithm::recursive_doubling},
    {Collective::reduce_scatter, 524288, 1, false, Algorithm::recursive_halving},
    {Collective::reduce_scatter, any, 1, false, Algorithm::pairwise},
});

Algorithm default_algorithm(const CollectiveShape& shape) {
  const std::int64_t bytes = message_bytes(shape);
  const bool power_of_two = std::has_single_bit(static_cast<unsigned>(shape.ranks));
  const auto choice = std::find_if(defaults.begin(), defaults.end(), [&](const DefaultChoice& line) {
    return line.collective == shape.collective && (bytes < line.below_bytes || line.below_bytes == any) &&
           shape.ranks >= line.from_ranks && (power_of_two || !line.powers_of_two);
  });
  return choice->algorithm;  // the last line of each collective holds always
}

bool is_offloaded(const Profile& profile, const CollectiveShape& shape) {
  return profile.offload_us && offers(shape.collective, Algorithm::offload) &&
         message_bytes(shape) <= profile.offload_limit_bytes;
}

Algorithm by_table(const Profile& profile, const CollectiveShape& shape) {
  const auto own = profile.collectives.find(std::string(name(shape.collective)));
  if (own == profile.collectives.end() || own->second.empty()) return default_algorithm(shape);
  const std::int64_t bytes = message_bytes(shape);
  for (const AlgorithmChoice& choice : own->second)
    if (bytes <= choice.up_to_bytes) return find_algorithm(choice.algorithm).value();
  return find_algorithm(own->second.back().algorithm).value();
}

}  // namespace

std::span<const DefaultChoice> default_choices() noexcept { return defaults; }

std::int64_t message_bytes(const CollectiveShape& shape) noexcept {
  if (shape.collective == Collective::barrier) return 0;
  if (shape.collective == Collective::allgather && shape.blocks.empty()) return shape.ranks * shape.bytes;
  if (shape.collective == Collective::allgather || shape.collective == Collective::reduce_scatter)
    if (!shape.blocks.empty()) return std::accumulate(shape.blocks.begin(), shape.blocks.end(), std::int64_t{0});
  return shape.bytes;
}

Algorithm choose_algorithm(const Profile& profile, const CollectiveShape& shape) {
  if (is_offloaded(profile, shape)) return Algorithm::offload;
  const bool others_unknown =
      !shape.blocks.empty() && (shape.collective == Collective::gather || shape.collective == Collective::scatter ||
                                shape.collective == Collective::alltoall);
  return others_unknown ? Algorithm::linear : by_table(profile, shape);
}

std::string_view name(Collective collective) noexcept { return collective_names[static_cast<std::size_t>(collective)]; }
std::string_view name(Algorithm algorithm) noexcept { return algorithm_names[static_cast<std::size_t>(algorithm)]; }

std::optional<Collective> find_collective(std::string_view name) noexcept {
  const auto found = std::find(collective_names.begin(), collective_names.end(), name);
  if (found == collective_names.end()) return std::nullopt;
  return static_cast<Collective>(found - collective_names.begin());
}

std::optional<Algorithm> find_algorithm(std::string_view name) noexcept {
  const auto found = std::find(algorithm_names.begin(), algorithm_names.end(), name);
  if (found == algorithm_names.end()) return std::nullopt;
  return static_cast<Algorithm>(found - algorithm_names.begin());
}

bool offers(Collective collective, Algorithm algorithm) noexcept {
  return std::any_of(offers_made.begin(), offers_made.end(), [&](const Offer& offer) {
    return offer.collective == collective && offer.algorithm == algorithm;
  });
}

}  // namespace haloscope::interconnect
