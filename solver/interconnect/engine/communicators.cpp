// SPDX-License-Identifier: BSD-3-Clause
#include "interconnect/engine/communicators.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "interconnect/account/honesty.hpp"
#include "interconnect/engine/engine.hpp"

#include "interconnect/calls/crossing.hpp"

namespace haloscope::interconnect {

namespace {

int keyval = MPI_KEYVAL_INVALID;
MPI_Comm last_comm = MPI_COMM_NULL;  // most calls are on the communicator of the call before
CommunicatorInfo* last_info = nullptr;

int forget(MPI_Comm comm, int, void* value, void*) {
  if (comm == last_comm || value == last_info) {
    last_comm = MPI_COMM_NULL;
    last_info = nullptr;
  }
  const std::shared_ptr<CommunicatorInfo> last = std::move(static_cast<CommunicatorInfo*>(value)->self);
  return MPI_SUCCESS;
}

/// World ranks of the members; of the remote group of an intercommunicator.
std::vector<int> members_of(MPI_Comm comm, bool inter) {
  MPI_Group group = MPI_GROUP_NULL, world = MPI_GROUP_NULL;
  if (inter)
    PMPI_Comm_remote_group(comm, &group);
  else
    PMPI_Comm_group(comm, &group);
  PMPI_Comm_group(MPI_COMM_WORLD, &world);
  int n = 0;
  PMPI_Group_size(group, &n);
  std::vector<int> own(static_cast<std::size_t>(n)), translated(static_cast<std::size_t>(n));
  std::iota(own.begin(), own.end(), 0);
  PMPI_Group_translate_ranks(group, n, own.data(), world, translated.data());
  PMPI_Group_free(&group);
  PMPI_Group_free(&world);
  return translated;
}

CommunicatorInfo& attach(MPI_Comm comm, std::uint64_t context) {
  const auto info = std::make_shared<CommunicatorInfo>();
  int inter = 0;
  PMPI_Comm_test_inter(comm, &inter);
  info->inter = inter != 0;
  info->context = context;
  PMPI_Comm_rank(comm, &info->rank);
  info->world = members_of(comm, info->inter);
  if (std::ranges::find(info->world, MPI_UNDEFINED) != info->world.end())
    refuse("a communicator with processes outside MPI_COMM_WORLD", "dynamic processes are not modelled");
  info->self = info;
  PMPI_Comm_set_attr(comm, keyval, info.get());
  return *info;
}

std::uint64_t hash_of(const std::vector<int>& members) noexcept {
  std::uint64_t hash = members.size();
  for (const int member : members) hash = mix(hash ^ static_cast<std::uint64_t>(member + 1));
  return hash;
}

}  // namespace

std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

void learn_world_communicators() {
  PMPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, forget, &keyval, nullptr);
  attach(MPI_COMM_WORLD, 1);
  attach(MPI_COMM_SELF, 2);
}

CommunicatorInfo& info_of(MPI_Comm comm) {
  if (comm == last_comm) return *last_info;
  void* value = nullptr;
  int found = 0;
  PMPI_Comm_get_attr(comm, keyval, &value, &found);
  last_info = found != 0 ? static_cast<CommunicatorInfo*>(value) : &attach(comm, mix(hash_of(members_of(comm, false))));
  last_comm = comm;
  return *last_info;
}

void learn_communicator(MPI_Comm parent, MPI_Comm made, std::uint64_t how) {
  CommunicatorInfo& from = info_of(parent);
  const std::uint64_t number = ++from.children;
  if (made != MPI_COMM_NULL) attach(made, mix(from.context ^ mix(number ^ mix(how + 1))));
}

void learn_group_communicator(MPI_Comm parent, MPI_Comm made, int tag) {
  if (made == MPI_COMM_NULL) return;
  CommunicatorInfo& from = info_of(parent);
  const std::uint64_t group = mix(hash_of(members_of(made, false)) ^ static_cast<std::uint64_t>(tag));
  const std::uint64_t number = ++from.groups[group];
  attach(made, mix(from.context ^ mix(number ^ ~group)));
}

}  // namespace haloscope::interconnect

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
MAKE(Comm_create,        (MPI_Comm comm, MPI_Group group, MPI_Comm* made), (comm, group, made),                           comm, *made == MPI_COMM_NULL ? 0 : hash_of(members_of(*made, false)))
MAKE(Comm_split,         (MPI_Comm comm, int color, int key, MPI_Comm* made), (comm, color, key, made),                   comm, color)
MAKE(Comm_split_type,    (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm* made), (comm, type, key, info, made), comm, *made == MPI_COMM_NULL ? 0 : hash_of(members_of(*made, false)))
MAKE(Cart_create,        (MPI_Comm comm, int n, const int dims[], const int periods[], int reorder, MPI_Comm* made),
                         (comm, n, dims, periods, reorder, made),                                                         comm, 0)
MAKE(Cart_sub,           (MPI_Comm comm, const int remain[], MPI_Comm* made), (comm, remain, made),                       comm, *made == MPI_COMM_NULL ? 0 : hash_of(members_of(*made, false)))
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
