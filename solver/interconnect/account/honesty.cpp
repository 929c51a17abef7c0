// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/account/honesty.hpp"

#include <mpi.h>

#include <cstdio>
#include <cstdlib>

#include "interconnect/account/counters.hpp"

namespace haloscope::interconnect {

namespace {

void count(std::map<std::string, long long, std::less<>>& calls, std::string_view call) {
  const auto found = calls.find(call);
  if (found != calls.end())
    ++found->second;
  else
    calls.emplace(call, 1);
}

}  // namespace

void count_inexact(std::string_view call) { count(state.honesty.inexact, call); }
void count_free(std::string_view call) { count(state.honesty.free, call); }

void refuse(std::string_view call, std::string_view why) {
  std::fprintf(stderr, "haloscope interconnect: %.*s: %.*s\n", static_cast<int>(call.size()), call.data(),
               static_cast<int>(why.size()), why.data());
  std::fflush(nullptr);
  PMPI_Abort(MPI_COMM_WORLD, 2);
  std::_Exit(2);
}

}  // namespace haloscope::interconnect
