// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/time_check.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>
#include <mpi.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace haloscope::interconnect {

namespace {

std::string call_under_way() {
  std::array<void*, 64> frames{};
  std::string call = "outside MPI";
  const int n = backtrace(frames.data(), static_cast<int>(frames.size()));
  for (int i = 0; i < n; ++i) {
    Dl_info info{};
    if (dladdr(frames[static_cast<std::size_t>(i)], &info) == 0 || info.dli_sname == nullptr) continue;
    if (std::string_view(info.dli_sname).starts_with("MPI_")) call = info.dli_sname;
  }
  return call;
}

}  // namespace

std::string time_fault(int rank, std::string_view call, std::string_view what, Time is, Time least) {
  return fmt::format("rank {}: {}: {}: {:.6f} us, expected at least {:.6f} us", rank, call, what, to_us(is),
                     to_us(least));
}

namespace {

[[noreturn]] void fail(const std::string& fault) {
  std::fprintf(stderr, "haloscope interconnect: %s\n", fault.c_str());
  std::fflush(nullptr);
  PMPI_Abort(MPI_COMM_WORLD, 3);
  std::_Exit(3);
}

int rank_here() {
  int rank = 0;
  PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

}  // namespace

void fail_time(std::string_view what, Time is, Time least) {
  fail(time_fault(rank_here(), call_under_way(), what, is, least));
}

void fail_order(std::string_view what, std::uint64_t is, std::uint64_t last) {
  fail(fmt::format("rank {}: {}: {}: number {} comes after number {}", rank_here(), call_under_way(), what, is, last));
}

}  // namespace haloscope::interconnect
