// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Between the files of the workload room.
#include "haloscope/problems/workload.hpp"

namespace haloscope {

[[nodiscard]] std::string by_axes(PerAxis<std::int64_t> n);  ///< "128 x 128 x 64"
[[nodiscard]] std::string by_axes(PerAxis<int> n);

[[nodiscard]] std::unique_ptr<Workload> make_poisson_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);
[[nodiscard]] std::unique_ptr<Workload> make_exchange_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);
[[nodiscard]] std::unique_ptr<Workload> make_transport_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);
[[nodiscard]] std::unique_ptr<Workload> make_option_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);
[[nodiscard]] std::unique_ptr<Workload> make_allreduce_workload(MPI_Comm comm, const Case& settings, PhaseClock& clock);

}  // namespace haloscope
