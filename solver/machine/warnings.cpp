// SPDX-License-Identifier: BSD-3-Clause
/// @file warnings.cpp
/// What on a node spoils a measurement, in one line each.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "machine/node.hpp"

namespace haloscope {

namespace {

std::string counted(std::size_t n, const char* noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

/// The smallest set of cores that holds all the cores of more ranks than it has cores (Hall's condition, for the sets
/// that ranks are bound to; crossing sets are not united). Quadratic in the distinct bindings of one node.
std::string crowded(const NodeLoad& node) {
  std::set<std::vector<int>> sets(node.bound_cores.begin(), node.bound_cores.end());
  std::vector<std::vector<int>> by_size(sets.begin(), sets.end());
  std::stable_sort(by_size.begin(), by_size.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  for (const std::vector<int>& set : by_size) {
    const auto ranks = static_cast<std::size_t>(
        std::count_if(node.bound_cores.begin(), node.bound_cores.end(), [&](const std::vector<int>& bound) {
          return std::includes(set.begin(), set.end(), bound.begin(), bound.end());
        }));
    if (set.empty() || ranks <= set.size()) continue;
    if (set.size() == 1)
      return fmt::format("two ranks on one core: {} ranks are bound to core {} of {}", ranks, set[0], node.host);
    return fmt::format("two ranks on one core: {} ranks are bound to the same {} cores of {}", ranks, set.size(),
                       node.host);
  }
  return {};
}

}  // namespace

std::vector<std::string> judge(const NodeLoad& node) {
  std::vector<std::string> lines(n_nuisances);
  const auto line = [&](Nuisance nuisance) -> std::string& { return lines[static_cast<std::size_t>(nuisance)]; };
  const std::size_t ranks = node.bound_cores.size(), cores = node.allowed_cores.size();
  if (ranks > cores && cores > 0) {
    line(Nuisance::more_ranks_than_cores) = fmt::format("more ranks than cores: {} on the {} of {}",
                                                        counted(ranks, "rank"), counted(cores, "core"), node.host);
  } else {
    line(Nuisance::shared_core) = crowded(node);
  }
  if (node.unbound_ranks > 0) {
    line(Nuisance::unbound) =
        fmt::format("unbound ranks: {} of {} on {} may move between cores (mpirun --bind-to core)", node.unbound_ranks,
                    counted(ranks, "rank"), node.host);
  }
  if (node.quota_cores) {
    line(Nuisance::quota) =
        fmt::format("a CPU quota: {} on {} may use the time of {:.4g} cores and stop when it is spent",
                    counted(ranks, "rank"), node.host, *node.quota_cores);
  }
  if (node.governor != "performance" && node.governor != unknown) {
    line(Nuisance::governor) = fmt::format("the CPU governor of {} is {}, not performance: clock rates follow the load",
                                           node.host, node.governor);
  }
  return lines;
}

std::string steal_warning(double share, const std::string& host) {
  if (!(share > 0.001)) return {};
  return fmt::format("stolen time: the hypervisor took {:.2g} % of the CPU time of {}", 100 * share, host);
}

}  // namespace haloscope
