// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/problems/problems.hpp"

namespace haloscope {

// Each from a file of this folder; in the order of all texts that list them.
using MakesProblem = const Problem&();
MakesProblem flow_problem, poisson_problem, exchange_problem, transport_problem, option_problem, allreduce_problem;

std::vector<const Problem*> all_problems() {
  return {&flow_problem(),      &poisson_problem(), &exchange_problem(),
          &transport_problem(), &option_problem(),  &allreduce_problem()};
}

}  // namespace haloscope
