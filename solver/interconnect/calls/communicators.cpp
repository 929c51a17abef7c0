// SPDX-License-Identifier: BSD-3-Clause
// The calls that make communicators: the library learns of each a name that all its ranks agree on.
#include "interconnect/engine/communicators.hpp"
#include "interconnect/account/honesty.hpp"
#include "interconnect/calls/crossing.hpp"

using namespace haloscope::interconnect;

namespace {

/// Making a communicator takes no modelled time, and is counted as such. Its ranks wait for each other asleep first.
template <class Make, class Learn>
int make(const char* name, MPI_Comm parent, Make call, Learn learn) {
  if (inside || !modelled()) return call();
  inside = true;
  Engine* const here = engine();
  if (here != nullptr) {
    here->enter();
    count_free(name);
    if (parent != MPI_COMM_NULL) here->synchronise(parent);
  }
  const int code = call();
  if (code == MPI_SUCCESS) learn();  // while the model pauses too
  if (here != nullptr) here->leave();
  inside = false;
  return code;
}

}  // namespace

#define MAKE(name, parameters, arguments, parent, how)                                \
  HALOSCOPE_MPI MPI_##name parameters {                                               \
    return make(                                                                      \
        "MPI_" #name, parent, [&] { return PMPI_##name arguments; },                  \
        [&] { learn_communicator(parent, *made, static_cast<std::uint64_t>(how)); }); \
  }

// clang-format off
//   call                parameters, arguments                                                                            parent, what tells parts apart
MAKE(Comm_dup,           (MPI_Comm comm, MPI_Comm* made), (comm, made),                                                   comm, 0)
MAKE(Comm_dup_with_info, (MPI_Comm comm, MPI_Info info, MPI_Comm* made), (comm, info, made),                              comm, 0)
MAKE(Comm_create,        (MPI_Comm comm, MPI_Group group, MPI_Comm* made), (comm, group, made),                           comm, group_of(*made))
MAKE(Comm_split,         (MPI_Comm comm, int color, int key, MPI_Comm* made), (comm, color, key, made),                   comm, color)
MAKE(Comm_split_type,    (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* made), (comm, type, key, info, made), comm, group_of(*made))
MAKE(Cart_create,        (MPI_Comm comm, int n, const int dims[], const int periods[], int reorder, MPI_Comm* made),
                         (comm, n, dims, periods, reorder, made),                                                         comm, 0)
MAKE(Cart_sub,           (MPI_Comm comm, const int remain[], MPI_Comm* made), (comm, remain, made),                       comm, group_of(*made))
MAKE(Graph_create,       (MPI_Comm comm, int n, const int index[], const int edges[], int reorder, MPI_Comm* made),
                         (comm, n, index, edges, reorder, made),                                                          comm, 0)
MAKE(Dist_graph_create,  (MPI_Comm comm, int n, const int from[], const int degrees[], const int to[], const int weights[], MPI_Info info, int reorder, MPI_Comm* made),
                         (comm, n, from, degrees, to, weights, info, reorder, made),                                      comm, 0)
MAKE(Dist_graph_create_adjacent, (MPI_Comm comm, int n_in, const int from[], const int w_in[], int n_out, const int to[], const int w_out[], MPI_Info info, int reorder, MPI_Comm* made),
                         (comm, n_in, from, w_in, n_out, to, w_out, info, reorder, made),                                 comm, 0)
// clang-format on

/// Collective over the group alone, so the parent's other ranks know nothing of it.
HALOSCOPE_MPI MPI_Comm_create_group(MPI_Comm comm, MPI_Group group, int tag, MPI_Comm* made) {
  return make(
      "MPI_Comm_create_group", MPI_COMM_NULL, [&] { return PMPI_Comm_create_group(comm, group, tag, made); },
      [&] { learn_group_communicator(comm, *made, tag); });
}

#define REFUSE(name, parameters, arguments, why)          \
  HALOSCOPE_MPI MPI_##name parameters {                   \
    if (!inside && modelled()) refuse("MPI_" #name, why); \
    return PMPI_##name arguments;                         \
  }

// clang-format off
REFUSE(Comm_idup,        (MPI_Comm comm, MPI_Comm* made, MPI_Request* request), (comm, made, request), "not modelled; MPI_Comm_dup is")
REFUSE(Intercomm_create, (MPI_Comm comm, int leader, MPI_Comm peer, int remote, int tag, MPI_Comm* made),
                         (comm, leader, peer, remote, tag, made), "intercommunicators are not modelled")
// clang-format on
