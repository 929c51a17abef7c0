// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case/read.hpp"

#include "haloscope/base/agreement.hpp"
#include "haloscope/base/errors.hpp"
#include "haloscope/base/handles.hpp"
#include "haloscope/settings/origin.hpp"

namespace haloscope {

Case read_case(MPI_Comm comm, const std::string& path, const std::vector<std::string>& overrides) {
  const Communicator own = make_communicator(comm);  // so that a failure comes back to be checked

  // 1. Every rank must mean the same: compare with what rank 0 was started with.
  std::string mine = path;
  for (const std::string& override_text : overrides) mine += '\0' + override_text;
  const std::string wanted = broadcast(own.get(), mine);
  int same = mine == wanted ? 1 : 0;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, own.get()));
  const std::string file = wanted.substr(0, wanted.find('\0'));
  if (same == 0)
    throw UserError(one_line(file, 4096) + ": all ranks must be started with the same case file and --set values");

  if (file.empty()) throw UserError("the case file: its name is empty");

  // 2. Rank 0 reads, all parse.
  const std::string bytes = from_rank_0(own.get(), [&path] { return read_text(path, "a case"); });
  return parse_case(bytes, path, overrides);
}

}  // namespace haloscope
